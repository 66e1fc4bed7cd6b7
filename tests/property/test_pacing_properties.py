from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer import pacing
from dialer.pacing import Estimates, PoolView
from dialer.settings import PacingSettings
from dialer.types import Mode

AGES = st.lists(st.floats(0.0, 90.0), max_size=12).map(tuple)
RATIOS = (0.03, 0.1, 0.3, 0.7)


@cache
def learned(answer_ratio: float, rings: int) -> Estimates:
    rng = np.random.default_rng(7)
    e = Estimates.initial(PacingSettings())
    for _ in range(rings):
        answered = bool(rng.random() < answer_ratio)
        e = pacing.observe_ring(e, ring_s=float(rng.uniform(4, 29)), answered=answered)
        if answered:
            e = pacing.observe_answer(e, abandoned=bool(rng.random() < 0.03))
            e = pacing.observe_talk(e, talk_s=float(rng.exponential(60.0)))
            e = pacing.observe_wrap_up(e, wrap_up_s=float(rng.uniform(1, 30)))
    return e


ESTIMATES = st.builds(learned, st.sampled_from(RATIOS), st.sampled_from((0, 19, 20, 300)))


@st.composite
def views(draw: st.DrawFn) -> PoolView:
    answered = draw(st.integers(0, 3000))
    return PoolView(
        mode=draw(st.sampled_from(Mode)),
        ready=draw(st.integers(0, 15)),
        talking_s=draw(AGES),
        wrapping_s=draw(AGES),
        ringing_s=draw(AGES),
        waiting=draw(st.integers(0, 4)),
        trunk_free=draw(st.integers(-2, 80)),
        leads=draw(st.integers(0, 80)),
        cps_allowance=draw(st.integers(0, 80)),
        agents_shared=draw(st.floats(0.0, 1.0)),
        ring_timeout_s=draw(st.floats(10.0, 60.0)),
        legal_wait_s=draw(st.floats(0.0, 6.0)),
        answered=answered,
        abandoned=draw(st.integers(0, max(1, answered // 20))),
        wrap_up_limit_s=draw(st.floats(5.0, 90.0)),
    )


SETTINGS = st.builds(
    PacingSettings,
    ratio=st.floats(0.5, 4.0),
    max_ratio=st.floats(0.5, 12.0),
    target_abandonment_ratio=st.sampled_from((0.0, 0.01, 0.03, 0.1)),
)


def progressive(view: PoolView, e: Estimates, given_settings: PacingSettings) -> int:
    return pacing.decide(replace(view, mode=Mode.PROGRESSIVE), e, given_settings).calls


@given(views(), ESTIMATES, SETTINGS)
@settings(deadline=None, max_examples=200)
def test_calls_are_never_negative_nor_past_any_limit(view: PoolView, e: Estimates, given_settings: PacingSettings):
    decision = pacing.decide(view, e, given_settings)
    assert 0 <= decision.calls <= max(0, min(view.trunk_free, view.leads, view.cps_allowance))
    assert decision.calls == 0 or view.agents > 0
    if view.mode is Mode.PREDICTIVE:
        most = max(math.floor(given_settings.max_ratio * view.agents), view.ready)
        assert decision.calls == 0 or view.in_air + decision.calls <= most
    assert math.isfinite(decision.expected_answers) and decision.expected_answers >= 0
    assert math.isfinite(decision.expected_free) and decision.expected_free >= 0
    assert 0 <= decision.expected_abandonment_ratio <= 1


@given(views(), ESTIMATES, SETTINGS)
@settings(deadline=None)
def test_predictive_never_places_fewer_than_progressive(view: PoolView, e: Estimates, given_settings: PacingSettings):
    predictive = pacing.decide(replace(view, mode=Mode.PREDICTIVE), e, given_settings)
    assert predictive.calls >= progressive(view, e, given_settings)


@given(views(), ESTIMATES, SETTINGS, st.sampled_from(("trunk_free", "leads", "cps_allowance")), st.integers(1, 40))
@settings(deadline=None)
def test_more_room_never_means_fewer_calls(
    view: PoolView, e: Estimates, given_settings: PacingSettings, limit: str, more: int
):
    roomier = replace(view, **{limit: getattr(view, limit) + more})
    assert pacing.decide(roomier, e, given_settings).calls >= pacing.decide(view, e, given_settings).calls


@given(views(), ESTIMATES, SETTINGS, st.integers(2, 50))
@settings(deadline=None)
def test_clearly_past_its_budget_predictive_is_progressive(
    view: PoolView, e: Estimates, given_settings: PacingSettings, over: int
):
    allowed = given_settings.target_abandonment_ratio * view.answered
    spent = replace(view, mode=Mode.PREDICTIVE, abandoned=math.floor(allowed + math.sqrt(allowed)) + over)
    assert pacing.decide(spent, e, given_settings).calls == progressive(spent, e, given_settings)


@given(views(), st.sampled_from(RATIOS), st.sampled_from((0, 19, 20, 300)), SETTINGS)
@settings(deadline=None, max_examples=50)
def test_the_same_arguments_give_the_same_decision(
    view: PoolView, answer_ratio: float, rings: int, given_settings: PacingSettings
):
    first = learned(answer_ratio, rings)
    again = Estimates.from_dict(first.as_dict())
    assert pacing.decide(view, first, given_settings) == pacing.decide(view, again, given_settings)


# --- a small floor of our own: one heap, seeded draws, no shared code with the engine --------------------------------


@dataclass
class TinyFloor:
    """Agents who talk 90 s and write 15 s on the mean; people who answer after 6 to 18 s, and who wait 2 s."""

    mode: Mode
    agents: int
    answer_ratio: float
    target: float
    seed: int
    hours: float
    estimates: Estimates = field(init=False)
    answered: int = 0
    abandoned: int = 0
    talked_s: float = 0.0

    def run(self) -> TinyFloor:
        rng = np.random.default_rng(self.seed)
        how = PacingSettings(target_abandonment_ratio=self.target)
        self.estimates = Estimates.initial(how)
        ready, ringing, talking, wrapping = self.agents, dict[int, float](), dict[int, float](), dict[int, float]()
        waiting: deque[int] = deque()
        heap: list[tuple[float, int, str, int]] = [(0.0, 0, "decide", 0)]
        made = 0

        def later(at_s: float, what: str, call: int) -> None:
            nonlocal made
            made += 1
            heapq.heappush(heap, (at_s, made, what, call))

        while heap[0][0] < self.hours * 3600.0:
            now_s, _, what, call = heapq.heappop(heap)
            match what:
                case "decide":
                    view = PoolView(
                        mode=self.mode,
                        ready=ready,
                        talking_s=tuple(now_s - at_s for at_s in talking.values()),
                        wrapping_s=tuple(now_s - at_s for at_s in wrapping.values()),
                        ringing_s=tuple(now_s - at_s for at_s in ringing.values()),
                        waiting=len(waiting),
                        trunk_free=500,
                        leads=500,
                        cps_allowance=500,
                        answered=self.answered,
                        abandoned=self.abandoned,
                        wrap_up_limit_s=120.0,
                    )
                    for _ in range(pacing.decide(view, self.estimates, how).calls):
                        later(now_s, "place", 0)
                    later(now_s + 2.0, "decide", 0)
                case "place":
                    ringing[made] = now_s
                    person = rng.random() < self.answer_ratio
                    rings_s = rng.uniform(6, 18) if person else rng.choice((3.0, 22.0, 30.0))
                    later(now_s + rings_s, "answer" if person else "fail", made)
                case "fail" | "answer":
                    ring_s = now_s - ringing.pop(call)
                    self.estimates = pacing.observe_ring(self.estimates, ring_s=ring_s, answered=what == "answer")
                    if what == "answer":
                        waiting.append(call)
                        later(now_s + 2.0, "give_up", call)
                case "give_up" if call in waiting:
                    waiting.remove(call)
                    self.conclude(abandoned=True)
                case "talked":
                    talk_s = now_s - talking.pop(call)
                    self.talked_s += talk_s
                    self.estimates = pacing.observe_talk(self.estimates, talk_s=talk_s)
                    wrapping[call] = now_s
                    later(now_s + rng.exponential(15.0), "wrapped", call)
                case "wrapped":
                    self.estimates = pacing.observe_wrap_up(self.estimates, wrap_up_s=now_s - wrapping.pop(call))
                    ready += 1
            while ready and waiting:
                ready -= 1
                joined = waiting.popleft()
                talking[joined] = now_s
                self.conclude(abandoned=False)
                later(now_s + rng.exponential(90.0), "talked", joined)
        return self

    def conclude(self, *, abandoned: bool) -> None:
        self.answered += 1
        self.abandoned += abandoned
        self.estimates = pacing.observe_answer(self.estimates, abandoned=abandoned)


@pytest.mark.parametrize(("agents", "answer_ratio", "target", "gain"), [(4, 0.2, 0.03, 1.10), (12, 0.2, 0.01, 1.15)])
def test_predictive_keeps_its_target_and_talks_more_than_progressive(
    agents: int, answer_ratio: float, target: float, gain: float
):
    def runs(mode: Mode) -> list[TinyFloor]:
        return [
            TinyFloor(mode=mode, agents=agents, answer_ratio=answer_ratio, target=target, seed=seed, hours=1.0).run()
            for seed in (1, 2, 3)
        ]

    predictive, one_each = runs(Mode.PREDICTIVE), runs(Mode.PROGRESSIVE)
    abandoned, answered = sum(run.abandoned for run in predictive), sum(run.answered for run in predictive)
    assert answered > 200
    assert abandoned <= target * answered
    assert sum(run.talked_s for run in predictive) > gain * sum(run.talked_s for run in one_each)
