from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.estimates import Estimates
from dialer.prediction.settling import FIRST_LONGEST_S, HALF_LIFE_S, EndedCall, Settling
from dialer.settings import PacingSettings

SILENT = EndedCall(placed_s=0.0, dialled_s=2.0, rang_s=25.0, answered=False)
REFUSED = EndedCall(placed_s=0.0, dialled_s=3.0, rang_s=None, answered=False)
ANSWERED = EndedCall(placed_s=0.0, dialled_s=2.0, rang_s=8.0, answered=True)


def volley(rng: np.random.Generator, calls: int, placed_s: float) -> list[EndedCall]:
    """Placed at one moment: a fifth answers, a fifth is refused at once, the rest is silent."""
    kinds = rng.choice(3, size=calls, p=(0.2, 0.2, 0.6))
    return [replace((ANSWERED, REFUSED, SILENT)[kind], placed_s=placed_s) for kind in kinds]


def test_calls_settle_in_the_order_of_placing_when_none_beside_them_can_still_ring() -> None:
    settling = Settling()
    settling.add(replace(REFUSED, placed_s=1.0), 4.0)
    settling.add(replace(ANSWERED, placed_s=0.0), 10.0)
    assert [*settling.settled(FIRST_LONGEST_S - 1.0)] == []
    assert [call.placed_s for call in settling.settled(math.inf)] == [0.0, 1.0]
    assert [*settling.settled(math.inf)] == []


def test_a_longer_stay_in_the_air_makes_all_wait_longer_and_is_forgotten_slowly() -> None:
    settling = Settling()
    settling.add(replace(SILENT, rang_s=58.0), 60.0)
    assert settling.longest_s == 60.0
    settling.add(replace(REFUSED, placed_s=57.0 + HALF_LIFE_S), 60.0 + HALF_LIFE_S)
    assert settling.longest_s == pytest.approx(30.0)


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 60)), max_size=60))
def test_no_call_is_lost_or_told_twice_whatever_the_order(calls: list[tuple[float, float]]) -> None:
    settling, told = Settling(), []
    for placed_s, stayed_s in sorted(calls, key=sum):
        now_s = placed_s + stayed_s
        settling.add(replace(REFUSED, placed_s=placed_s, dialled_s=stayed_s), now_s)
        told += [call.placed_s for call in settling.settled(now_s)]
    told += [call.placed_s for call in settling.settled(math.inf)]
    assert sorted(told) == sorted(placed_s for placed_s, _ in calls)


def test_a_large_team_s_first_volleys_mislead_nobody() -> None:
    """Told as they end, refusals come first and the ratio falls to nothing, then answers and it doubles."""
    rng = np.random.default_rng(3)
    e = Estimates.initial(PacingSettings(initial_answer_ratio=0.2))
    calls = [call for second in range(120) for call in volley(rng, 40, float(second))]
    seen = []
    for call in sorted(calls, key=lambda call: call.placed_s + call.in_air_s):
        now_s = call.placed_s + call.in_air_s
        e.call_ended(call, now_s)
        seen.append(e.ring.answer_ratio(400.0))
    assert min(seen) > 0.12
    assert max(seen) < 0.3

    misled = Estimates.initial(PacingSettings(initial_answer_ratio=0.2))
    ratios = []
    for call in sorted(calls, key=lambda call: call.placed_s + call.in_air_s):
        misled.ring.observe(dialled_s=call.dialled_s, rang_s=call.rang_s, answered=call.answered)
        ratios.append(misled.ring.answer_ratio(400.0))
    assert min(ratios) < 0.05, "or this test shows nothing"
