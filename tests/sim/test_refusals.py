"""The network's no: when it comes, and that it is learned from calls that are over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dialer.effects import CloseAttempt
from dialer.past import PastCall
from dialer.sim.behaviour import Behaviour
from dialer.sim.durations import Duration, Fixed
from dialer.sim.history import learn
from dialer.sim.samples import FEWEST_SAMPLES, REFUSED
from dialer.types import Mode, Outcome
from sim_world import RESTLESS, campaign, dialer
from test_facts import Watched

LATE_S = 2.7
AT = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)


def closed(refusal_delay: Duration | None) -> list[CloseAttempt]:
    """The calls of ten minutes in which a call that is not refused at once rings after half a second."""
    behaviour = replace(RESTLESS, refusal_delay=refusal_delay, answer_ratio=0.1, talk=Fixed(mean_s=5.0))
    one = Watched(dialer(), campaign(Mode.POWER), behaviour, agents=20)
    one.world.run(600.0)
    return [effect for effect in one.effects if isinstance(effect, CloseAttempt)]


@pytest.mark.parametrize(("delay", "ends_s"), [(Fixed(mean_s=LATE_S), LATE_S), (None, 0.5)])
def test_a_refused_call_never_rings_and_ends_when_the_network_says_no(delay: Duration | None, ends_s: float) -> None:
    refused = [call for call in closed(delay) if call.outcome in REFUSED]
    assert {call.outcome for call in refused} == REFUSED
    assert {call.ringing_s for call in refused} == {None}
    assert [call.ended_s for call in refused] == pytest.approx([ends_s] * len(refused), abs=0.01)


def test_all_other_calls_ring_when_they_did() -> None:
    others = [call for call in closed(Fixed(mean_s=LATE_S)) if call.outcome not in REFUSED]
    assert len(others) > 100
    assert [call.ringing_s for call in others] == pytest.approx([0.5] * len(others), abs=0.01)


@pytest.mark.parametrize(("calls", "is_learned"), [(FEWEST_SAMPLES, True), (FEWEST_SAMPLES - 1, False)])
def test_it_is_learned_from_refused_calls_that_did_not_ring(calls: int, is_learned: bool) -> None:
    past = [
        PastCall(at=AT + timedelta(seconds=n), outcome=outcome, ringing_s=rang_s, ended_s=ended_s)
        for n in range(calls)
        for outcome, rang_s, ended_s in (
            (Outcome.UNREACHABLE, None, LATE_S),
            (Outcome.BUSY, 1.0, 9.0),
            (Outcome.REJECTED, None, 7.0),
        )
    ]
    learned = learn(past, [], Behaviour(), ZoneInfo("Asia/Shanghai"))
    delay = learned.behaviour.refusal_delay
    assert (delay is not None and delay.mean_s == pytest.approx(LATE_S)) is is_learned
    assert ("refusal_delay" in learned.left_out) is not is_learned
