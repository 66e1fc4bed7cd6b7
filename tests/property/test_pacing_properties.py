from __future__ import annotations

import heapq
import json
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer import pacing
from dialer.pacing import Estimates, PoolView
from dialer.settings import PacingSettings
from dialer.types import Mode

RATIOS = (0.03, 0.1, 0.3, 0.7)
CALLS_LEARNED = (0, 19, 300, 2000)
LIMITLESS = {"trunk_free": 5000, "leads": 5000, "cps_allowance": 5000}


@cache
def snapshot(answer_ratio: float, calls: int) -> dict[str, object]:
    rng = np.random.default_rng(7)
    e = Estimates.initial(PacingSettings())
    for _ in range(calls):
        answered = bool(rng.random() < answer_ratio)
        rang_s = float(rng.uniform(4, 20) if answered else rng.uniform(12, 29)) if rng.random() < 0.85 else None
        e.ring.observe(dialled_s=float(rng.lognormal(0.8, 0.4)), rang_s=rang_s, answered=answered)
        if answered:
            e.price.observe(price=0.03, abandoned=bool(rng.random() < 0.03))
            e.talk.observe(float(rng.exponential(60.0)))
            e.wrap_up.observe(float(rng.uniform(1, 30)))
    return e.as_dict()


def steady(learned: dict[str, Any]) -> dict[str, object]:
    """The same with one answer ratio over every memory: which of them counts depends on the calls in the air."""
    ring = learned["ring"]
    ratio = ring["answer_sums"][0] / ring["call_sums"][0]
    return {**learned, "ring": {**ring, "answer_sums": [ratio * calls for calls in ring["call_sums"]]}}


def decided(view: PoolView, learned: dict[str, object], how: PacingSettings) -> pacing.Decision:
    """By estimates that have worked out nothing yet; what they work out rests on the first view they are asked for."""
    return pacing.decide(view, Estimates.from_dict(learned, how), how)


LEARNED = st.builds(snapshot, st.sampled_from(RATIOS), st.sampled_from(CALLS_LEARNED))


def ages(most: int, oldest_s: float) -> st.SearchStrategy[tuple[float, ...]]:
    """Few, or so many that the forecast is no longer exact."""
    age = st.floats(0.0, oldest_s)
    few = st.lists(age, max_size=6).map(tuple)
    many = st.builds(
        lambda count, seed: tuple(np.random.default_rng(seed).uniform(0.0, oldest_s, count).tolist()),
        st.integers(0, most),
        st.integers(0, 9999),
    )
    return st.one_of(few, many)


@st.composite
def views(draw: st.DrawFn) -> PoolView:
    answered = draw(st.integers(0, 3000))
    dialling_s, ringing_s = draw(ages(20, 12.0)), draw(ages(60, 90.0))
    odds = st.floats(0.02, 50.0)
    return PoolView(
        mode=draw(st.sampled_from(Mode)),
        ready=draw(st.integers(0, 30)),
        talking_s=draw(ages(60, 2000.0)),
        wrapping_s=draw(ages(20, 90.0)),
        dialling_s=dialling_s,
        ringing_s=ringing_s,
        dialling_odds=tuple(draw(odds) for _ in dialling_s[:3]) + (1.0,) * len(dialling_s[3:]),
        ringing_odds=tuple(draw(odds) for _ in ringing_s[:3]) + (1.0,) * len(ringing_s[3:]),
        next_odds=draw(odds),
        waiting=draw(st.integers(0, 4)),
        trunk_free=draw(st.integers(-2, 200)),
        leads=draw(st.integers(0, 200)),
        cps_allowance=draw(st.integers(0, 200)),
        agents_shared=draw(st.floats(0.0, 1.0)),
        legal_wait_s=draw(st.floats(0.0, 6.0)),
        answered=answered,
        abandoned=draw(st.integers(0, max(1, answered // 20))),
        elapsed_s=draw(st.floats(0.0, 30_000.0)),
        left_s=draw(st.none() | st.floats(0.0, 40_000.0)),
        wrap_up_limit_s=draw(st.sampled_from((5.0, 30.0, 90.0, math.inf))),
    )


PREDICTIVE = views().map(lambda view: replace(view, mode=Mode.PREDICTIVE, **LIMITLESS))
SETTINGS = st.builds(
    PacingSettings,
    ratio=st.floats(0.5, 4.0),
    max_ratio=st.floats(0.5, 12.0),
    target_abandonment_ratio=st.sampled_from((0.0, 0.01, 0.03, 0.1)),
)


# --- bounds ---------------------------------------------------------------------------------------------------------


@given(views(), LEARNED, SETTINGS)
@settings(deadline=None, max_examples=200)
def test_calls_are_never_negative_nor_past_any_limit(view: PoolView, learned: dict[str, object], how: PacingSettings):
    decision = decided(view, learned, how)
    assert 0 <= decision.calls <= max(0, min(view.trunk_free, view.leads, view.cps_allowance))
    assert decision.calls == 0 or view.agents > 0
    if view.mode is Mode.PREDICTIVE:
        most = max(math.floor(how.max_ratio * view.agents), view.ready)
        assert decision.calls == 0 or view.in_air + decision.calls <= most
    assert math.isfinite(decision.expected_answers) and decision.expected_answers >= 0
    assert math.isfinite(decision.expected_free) and decision.expected_free >= 0
    assert 0 <= decision.price <= 0.5 and 0 <= decision.aim <= 2.5 * how.target_abandonment_ratio
    assert decision.limit in {"agents", "ratio", "budget", "trunk", "calls_per_s", "leads", "no_agents", "preview"}


@given(PREDICTIVE, LEARNED, SETTINGS)
@settings(deadline=None)
def test_predictive_never_places_fewer_than_progressive(
    view: PoolView, learned: dict[str, object], how: PacingSettings
):
    progressive = decided(replace(view, mode=Mode.PROGRESSIVE), learned, how)
    assert decided(view, learned, how).calls >= progressive.calls


@given(views(), LEARNED, SETTINGS, st.sampled_from(("trunk_free", "leads", "cps_allowance")), st.integers(1, 40))
@settings(deadline=None)
def test_more_room_never_means_fewer_calls(
    view: PoolView, learned: dict[str, object], how: PacingSettings, limit: str, more: int
):
    roomier = replace(view, **{limit: getattr(view, limit) + more})
    assert decided(roomier, learned, how).calls >= decided(view, learned, how).calls


# --- what more of something does ------------------------------------------------------------------------------------


@given(PREDICTIVE, LEARNED, SETTINGS, st.integers(1, 4))
@settings(deadline=None, max_examples=150)
def test_more_free_agents_never_mean_fewer_calls(
    view: PoolView, learned: dict[str, object], how: PacingSettings, more: int
):
    """At the same aim: more agents answer more people, which spreads what was saved more thinly."""
    view = replace(view, elapsed_s=1e9, left_s=600.0, answered=100_000, abandoned=1000)
    assert decided(replace(view, ready=view.ready + more), learned, how).calls >= decided(view, learned, how).calls


@given(PREDICTIVE, LEARNED, SETTINGS, st.sampled_from((0.011, 0.02, 0.2)))
@settings(deadline=None, max_examples=150)
def test_a_higher_target_never_means_fewer_calls(
    view: PoolView, learned: dict[str, object], how: PacingSettings, more: float
):
    higher = replace(how, target_abandonment_ratio=how.target_abandonment_ratio + more)
    assert decided(view, learned, higher).calls >= decided(view, learned, how).calls


@given(PREDICTIVE, LEARNED, SETTINGS, st.floats(0.0, 60.0), st.booleans())
@settings(deadline=None, max_examples=150)
def test_another_call_in_the_air_never_means_more_new_calls(
    view: PoolView, learned: dict[str, object], how: PacingSettings, age_s: float, rings: bool
):
    if rings:
        another = replace(view, ringing_s=(*view.ringing_s, age_s), ringing_odds=(*view.ringing_odds, 1.0))
    else:
        another = replace(view, dialling_s=(*view.dialling_s, age_s), dialling_odds=(*view.dialling_odds, 1.0))
    learned = steady(learned)
    assert decided(another, learned, how).calls <= decided(view, learned, how).calls


@given(PREDICTIVE, LEARNED, SETTINGS, st.floats(1.0, 20.0))
@settings(deadline=None, max_examples=150)
def test_calls_in_the_air_that_are_likelier_to_be_answered_never_mean_more_new_calls(
    view: PoolView, learned: dict[str, object], how: PacingSettings, factor: float
):
    likelier = replace(
        view,
        dialling_odds=tuple(factor * odds for odds in view.dialling_odds),
        ringing_odds=tuple(factor * odds for odds in view.ringing_odds),
    )
    assert decided(likelier, learned, how).calls <= decided(view, learned, how).calls


@given(PREDICTIVE, LEARNED, SETTINGS)
@settings(deadline=None)
def test_people_who_wait_never_mean_more_calls(view: PoolView, learned: dict[str, object], how: PacingSettings):
    waiting, learned = replace(view, waiting=view.waiting + 1), steady(learned)
    assert decided(waiting, learned, how).calls <= decided(view, learned, how).calls


# --- sameness -------------------------------------------------------------------------------------------------------


@given(views(), LEARNED, SETTINGS)
@settings(deadline=None, max_examples=50)
def test_the_same_arguments_give_the_same_decision(view: PoolView, learned: dict[str, object], how: PacingSettings):
    e = Estimates.from_dict(learned, how)
    first = pacing.decide(view, e, how)
    assert pacing.decide(view, e, how) == first
    assert decided(view, json.loads(json.dumps(e.as_dict())), how) == first


@given(PREDICTIVE, LEARNED, SETTINGS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_calls_and_agents_does_not_matter(
    view: PoolView, learned: dict[str, object], how: PacingSettings, chance: Random
):
    def shuffled(values: Sequence[float], *others: Sequence[float]) -> list[tuple[float, ...]]:
        rows = list(zip(values, *others, strict=True))
        chance.shuffle(rows)
        return list(zip(*rows, strict=True)) if rows else [()] * (1 + len(others))

    dialling_s, dialling_odds = shuffled(view.dialling_s, view.dialling_odds)
    ringing_s, ringing_odds = shuffled(view.ringing_s, view.ringing_odds)
    (talking_s,), (wrapping_s,) = shuffled(view.talking_s), shuffled(view.wrapping_s)
    other = replace(
        view,
        talking_s=talking_s,
        wrapping_s=wrapping_s,
        dialling_s=dialling_s,
        dialling_odds=dialling_odds,
        ringing_s=ringing_s,
        ringing_odds=ringing_odds,
    )
    assert decided(other, learned, how).calls == decided(view, learned, how).calls


# --- a small floor of our own: one heap, seeded draws, no shared code with the engine --------------------------------


DIALS_S = 2.0


@dataclass
class TinyFloor:
    """Agents who talk 90 s and write 15 s on the mean; people who answer after 6 to 18 s and wait 2 s."""

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
    price: float = 0.0

    def run(self) -> TinyFloor:
        rng = np.random.default_rng(self.seed)
        how = PacingSettings(target_abandonment_ratio=self.target)
        self.estimates = Estimates.initial(how)
        ready, placed, talking, wrapping = self.agents, dict[int, float](), dict[int, float](), dict[int, float]()
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
                        dialling_s=tuple(now_s - at_s for at_s in placed.values() if now_s < at_s + DIALS_S),
                        ringing_s=tuple(now_s - at_s - DIALS_S for at_s in placed.values() if now_s >= at_s + DIALS_S),
                        waiting=len(waiting),
                        trunk_free=500,
                        leads=500,
                        cps_allowance=500,
                        answered=self.answered,
                        abandoned=self.abandoned,
                        elapsed_s=now_s,
                        left_s=self.hours * 3600.0 - now_s,
                        wrap_up_limit_s=120.0,
                    )
                    decision = pacing.decide(view, self.estimates, how)
                    self.price = decision.price
                    for _ in range(decision.calls):
                        later(now_s, "place", 0)
                    later(now_s + 1.0, "decide", 0)
                case "place":
                    placed[made] = now_s
                    person = rng.random() < self.answer_ratio
                    rings_s = rng.uniform(4, 16) if person else rng.choice((1.0, 20.0, 28.0))
                    later(now_s + DIALS_S + rings_s, "answer" if person else "fail", made)
                case "fail" | "answer":
                    rang_s = now_s - placed.pop(call) - DIALS_S
                    self.estimates.ring.observe(dialled_s=DIALS_S, rang_s=rang_s, answered=what == "answer")
                    if what == "answer":
                        waiting.append(call)
                        later(now_s + 2.0, "give_up", call)
                case "give_up" if call in waiting:
                    waiting.remove(call)
                    self.conclude(abandoned=True)
                case "talked":
                    talk_s = now_s - talking.pop(call)
                    self.talked_s += talk_s
                    self.estimates.talk.observe(talk_s)
                    wrapping[call] = now_s
                    later(now_s + rng.exponential(15.0), "wrapped", call)
                case "wrapped":
                    self.estimates.wrap_up.observe(now_s - wrapping.pop(call))
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
        self.estimates.price.observe(price=self.price, abandoned=abandoned)


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
