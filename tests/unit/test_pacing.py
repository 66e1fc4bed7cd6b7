from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from dialer import pacing
from dialer.pacing import Estimates, PoolView
from dialer.settings import PacingSettings
from dialer.shortage import EXACT_TERMS, Events, Shortage
from dialer.types import Mode

SETTINGS = PacingSettings(target_abandonment_ratio=0.03, max_ratio=5.0)
VIEW = PoolView(
    mode=Mode.PREDICTIVE, ready=2, waiting=0, trunk_free=100, leads=100, cps_allowance=100, answered=1000, abandoned=20
)


def learned(answer_ratio: float = 0.2, rings: int = 600, talk_s: float = 120.0, seed: int = 1) -> Estimates:
    rng = np.random.default_rng(seed)
    e = Estimates.initial(SETTINGS)
    for _ in range(rings):
        answered = bool(rng.random() < answer_ratio)
        e = pacing.observe_ring(
            e, ring_s=float(rng.uniform(8, 16) if answered else rng.uniform(20, 28)), answered=answered
        )
        e = pacing.observe_talk(e, talk_s=float(rng.exponential(talk_s)))
        e = pacing.observe_wrap_up(e, wrap_up_s=float(rng.uniform(5, 25)))
    return e


LEARNED = learned()


def calls(view: PoolView, e: Estimates = LEARNED, settings: PacingSettings = SETTINGS) -> int:
    return pacing.decide(view, e, settings).calls


# --- modes and limits -------------------------------------------------------------------------------------------


def test_preview_places_nothing():
    decision = pacing.decide(replace(VIEW, mode=Mode.PREVIEW), LEARNED, SETTINGS)
    assert (decision.calls, decision.limit) == (0, "preview")


@pytest.mark.parametrize(("ready", "ringing", "waiting", "expected"), [(5, 2, 1, 2), (2, 5, 0, 0), (0, 0, 0, 0)])
def test_progressive_places_one_call_for_each_free_agent_less_those_in_the_air(
    ready: int, ringing: int, waiting: int, expected: int
):
    view = replace(
        VIEW, mode=Mode.PROGRESSIVE, ready=ready, ringing_s=(5.0,) * ringing, waiting=waiting, talking_s=(9.0,)
    )
    assert calls(view) == expected


def test_power_places_the_ratio_for_each_free_agent_less_those_in_the_air():
    view = replace(VIEW, mode=Mode.POWER, ready=4, ringing_s=(1.0, 2.0), waiting=1)
    assert calls(view, settings=replace(SETTINGS, ratio=2.5)) == 7


@pytest.mark.parametrize("mode", [Mode.PROGRESSIVE, Mode.POWER, Mode.PREDICTIVE])
def test_without_agents_nothing_is_placed(mode: Mode):
    decision = pacing.decide(replace(VIEW, mode=mode, ready=0), LEARNED, SETTINGS)
    assert (decision.calls, decision.limit) == (0, "no_agents")


@pytest.mark.parametrize(
    ("limits", "name"),
    [({"trunk_free": 2}, "trunk"), ({"cps_allowance": 2}, "calls_per_s"), ({"leads": 2}, "leads")],
)
def test_the_limit_that_bound_is_named(limits: dict[str, int], name: str):
    decision = pacing.decide(replace(VIEW, mode=Mode.PROGRESSIVE, ready=5, **limits), LEARNED, SETTINGS)
    assert (decision.calls, decision.limit, decision.reason) == (2, name, f"2 of 5: {name}")


def test_no_more_than_max_ratio_are_in_the_air_for_each_agent():
    hopeless_list = learned(answer_ratio=0.005)
    settings = replace(SETTINGS, max_ratio=3.0)
    decision = pacing.decide(replace(VIEW, ready=10, ringing_s=(1.0,) * 4), hopeless_list, settings)
    assert (decision.calls, decision.limit) == (26, "ratio")


# --- when predictive is no more than progressive ------------------------------------------------------------------


def test_a_list_of_which_nothing_is_known_is_dialled_progressively():
    decision = pacing.decide(replace(VIEW, ready=6, answered=0, abandoned=0), Estimates.initial(SETTINGS), SETTINGS)
    assert (decision.calls, decision.limit) == (6, "cold_start")


def test_a_spent_budget_is_dialled_progressively():
    decision = pacing.decide(replace(VIEW, ready=6, answered=1000, abandoned=37), LEARNED, SETTINGS)
    assert (decision.calls, decision.limit) == (6, "budget_spent")


def test_a_target_of_zero_is_dialled_progressively():
    strict = replace(SETTINGS, target_abandonment_ratio=0.0)
    assert calls(replace(VIEW, ready=6, abandoned=0), settings=strict) == 6


# --- what the forecast makes of the floor -------------------------------------------------------------------------

BUSY = replace(VIEW, ready=3, talking_s=(30.0, 60.0, 100.0, 200.0), wrapping_s=(3.0,))


def test_fewer_answers_call_for_more_calls():
    assert calls(BUSY, learned(answer_ratio=0.1)) > calls(BUSY, learned(answer_ratio=0.3)) > 3


def test_a_smaller_budget_calls_for_fewer_calls():
    left = [calls(replace(BUSY, ready=8, abandoned=abandoned)) for abandoned in (10, 29, 36)]
    assert left[0] > left[1] > left[2] >= 8


def test_calls_about_to_be_answered_hold_back_more_than_calls_that_rang_too_long():
    due = replace(BUSY, ready=5, ringing_s=(8.0,) * 8)
    overdue = replace(BUSY, ready=5, ringing_s=(19.0,) * 8)
    assert calls(due) < calls(overdue)


def test_people_who_wait_hold_calls_back():
    assert calls(replace(BUSY, ready=5, waiting=2)) < calls(replace(BUSY, ready=5)) - 2


def test_wrap_ups_that_must_end_soon_count_as_agents():
    ending = replace(BUSY, ready=0, wrapping_s=(12.0,) * 6)
    assert calls(replace(ending, wrap_up_limit_s=18.0)) > calls(replace(ending, wrap_up_limit_s=300.0))


def test_agents_shared_with_other_campaigns_count_for_their_share():
    agents = replace(BUSY, ready=0, wrapping_s=(12.0,) * 8)
    shared = replace(agents, agents_shared=0.3)
    assert calls(shared) < calls(agents)
    alone, together = (pacing.decide(view, LEARNED, SETTINGS).expected_free for view in (agents, shared))
    assert together == pytest.approx(0.3 * alone)


def test_the_decision_tells_what_it_expects():
    decision = pacing.decide(replace(BUSY, ready=8, ringing_s=(2.0,) * 10), LEARNED, SETTINGS)
    assert decision.expected_answers == pytest.approx(0.2 * (decision.calls + 10), rel=0.25)
    assert 8 < decision.expected_free < 13
    assert 0 <= decision.expected_abandonment_ratio < 0.1


# --- learning -----------------------------------------------------------------------------------------------------


def test_the_answer_ratio_is_learned():
    assert learned(answer_ratio=0.45, rings=2000).ring.answer_ratio(1024) == pytest.approx(0.45, abs=0.05)


def test_a_list_that_answers_twice_as_often_is_noticed_within_two_hundred_calls():
    e = learned(answer_ratio=0.15, rings=3000)
    for turn in range(200):
        e = pacing.observe_ring(e, ring_s=10.0, answered=turn % 10 < 4)
    assert all(e.ring.answer_ratio(memory) > 0.27 for memory in (64, 256, 1024, 4096))


def test_long_talks_free_agents_later():
    agents = replace(BUSY, ready=0, talking_s=(60.0,) * 10)
    short = pacing.decide(agents, learned(talk_s=40.0), SETTINGS)
    long = pacing.decide(agents, learned(talk_s=400.0), SETTINGS)
    assert short.expected_free > 2 * long.expected_free


def test_an_abandoned_call_lowers_the_price_and_the_target_ratio_of_them_holds_it():
    e = LEARNED
    after = pacing.observe_answer(e, abandoned=True)
    assert after.log_price < e.log_price
    for _ in range(34):
        after = pacing.observe_answer(after, abandoned=False)
    assert after.log_price == pytest.approx(e.log_price, abs=0.005)


def test_a_snapshot_survives_json():
    e = pacing.observe_answer(LEARNED, abandoned=True)
    assert Estimates.from_dict(json.loads(json.dumps(e.as_dict()))) == e


@pytest.mark.parametrize(
    ("key", "value"),
    [("talk", [1.0]), ("log_price", None), ("ring_answered", "many"), ("count", True), ("target_ratio", float("nan"))],
)
def test_a_damaged_snapshot_is_refused_by_the_name_of_its_part(key: str, value: object):
    with pytest.raises(ValueError, match=key):
        Estimates.from_dict({**LEARNED.as_dict(), key: value})


def test_a_changed_target_moves_the_price_with_it():
    stricter = LEARNED.aimed_at(replace(SETTINGS, target_abandonment_ratio=0.01))
    assert stricter.target_ratio == 0.01
    assert np.exp(stricter.log_price) == pytest.approx(np.exp(LEARNED.log_price) / 3)
    assert stricter.ring == LEARNED.ring


# --- the arithmetic -----------------------------------------------------------------------------------------------


def brute_force(free: int, asked: list[float], freed: list[float]) -> tuple[float, float]:
    """P(every agent taken) and E(people without one), from all cases."""
    chances = [*asked, *freed]
    taken = lacking = 0.0
    for case in product((0, 1), repeat=len(chances)):
        weight = float(np.prod([p if says else 1 - p for p, says in zip(chances, case, strict=True)]))
        short = sum(case[: len(asked)]) - sum(case[len(asked) :]) - free
        taken += weight * (short >= 0)
        lacking += weight * max(0, short)
    return taken, lacking


@pytest.mark.parametrize("free", [-1, 0, 1, 3, 9])
@pytest.mark.parametrize("more", [0, 1, 3])
def test_few_calls_and_agents_are_weighed_exactly(free: int, more: int):
    asked, freed = [0.1, 0.35, 0.8, 0.5], [0.05, 0.6, 0.33]
    shortage = Shortage(
        free=free,
        asked=Events(np.array([[p] for p in asked])),
        freed=(Events(np.array([[0.05]])), Events(np.array([[0.6], [0.33]]))),
        newcomer=np.array([0.27]),
    )
    taken, lacking = brute_force(free, [*asked, *[0.27] * more], freed)
    assert shortage.none_free(more)[0] == pytest.approx(taken, abs=1e-9)
    assert shortage.expected(more)[0] == pytest.approx(lacking, abs=1e-9)


def test_many_calls_and_agents_are_weighed_as_a_convolution_would():
    rng = np.random.default_rng(3)
    asked, freed, more = rng.uniform(0.02, 0.5, 300), rng.uniform(0.05, 0.9, 100), 40
    assert min(len(asked), len(freed)) > EXACT_TERMS
    free = int(asked.sum() + more * 0.2 - freed.sum() + 8)
    law = np.ones(1)
    for chance in [*asked, *[0.2] * more, *(1 - freed)]:
        law = np.convolve(law, [1 - chance, chance])
    taken = law[free + len(freed) :].sum()
    shortage = Shortage(
        free=free, asked=Events(asked[:, None]), freed=(Events(freed[:, None]),), newcomer=np.array([0.2])
    )
    assert 0.1 < taken < 0.4
    assert shortage.none_free(more)[0] == pytest.approx(taken, abs=2e-3)


def test_a_shortage_beyond_the_window_is_certain():
    shortage = Shortage(
        free=1, asked=Events(np.array([[0.5]])), freed=(Events(np.zeros((0, 1))),), newcomer=np.array([0.5])
    )
    for more in (30, 500, 20_000):
        assert shortage.none_free(more)[0] == pytest.approx(1.0)
        assert shortage.expected(more)[0] == pytest.approx(0.5 * more - 0.5, rel=0.01)


def test_counting_equal_calls_is_the_same_as_listing_them():
    listed = Events(np.array([[0.2], [0.2], [0.2], [0.7]]))
    counted = Events(np.array([[0.2], [0.7]]), np.array([3.0, 1.0]))
    turns = np.exp(1j * np.linspace(0, 3, 7)) - 1.0
    np.testing.assert_allclose(listed.product(turns), counted.product(turns))
    np.testing.assert_allclose(listed.squares(), counted.squares())
