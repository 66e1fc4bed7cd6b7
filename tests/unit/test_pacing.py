from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dialer import pacing
from dialer.pacing import Budget, Estimates, PoolView
from dialer.prediction import shortage
from dialer.settings import PacingSettings
from dialer.types import Mode

SETTINGS = PacingSettings(target_abandonment_ratio=0.03, max_ratio=5.0)
VIEW = PoolView(
    mode=Mode.PREDICTIVE,
    ready=2,
    waiting=0,
    trunk_free=100,
    leads=100,
    cps_allowance=100,
    answered=1000,
    abandoned=28,
    elapsed_s=20_000.0,
    left_s=10_000.0,
)


def learned(answer_ratio: float = 0.2, rings: int = 600, talk_s: float = 120.0, seed: int = 1) -> Estimates:
    rng = np.random.default_rng(seed)
    e = Estimates.initial(SETTINGS)
    for _ in range(rings):
        answered = bool(rng.random() < answer_ratio)
        rang_s = float(rng.uniform(6, 14) if answered else rng.uniform(18, 26))
        e.ring.observe(dialled_s=float(rng.uniform(1, 3)), rang_s=rang_s, answered=answered)
        e.talk.observe(float(rng.exponential(talk_s)))
        e.wrap_up.observe(float(rng.uniform(5, 25)))
        e.odds.observe(("hour 9",), answered=answered, answer_ratio=answer_ratio)
    return e


LEARNED = learned()


def afresh(e: Estimates) -> Estimates:
    """The same, with nothing worked out yet: what is worked out rests on the view of its moment."""
    return Estimates.from_dict(e.as_dict(), SETTINGS)


def decided(view: PoolView, e: Estimates = LEARNED, settings: PacingSettings = SETTINGS) -> pacing.Decision:
    return pacing.decide(view, afresh(e), settings)


def calls(view: PoolView, e: Estimates = LEARNED, settings: PacingSettings = SETTINGS) -> int:
    return decided(view, e, settings).calls


# --- modes and limits -------------------------------------------------------------------------------------------


def test_preview_places_nothing():
    decision = decided(replace(VIEW, mode=Mode.PREVIEW))
    assert (decision.calls, decision.limit) == (0, "preview")


@pytest.mark.parametrize(("ready", "ringing", "waiting", "expected"), [(5, 2, 1, 2), (2, 5, 0, 0), (0, 0, 0, 0)])
def test_progressive_places_one_call_for_each_free_agent_less_those_in_the_air(
    ready: int, ringing: int, waiting: int, expected: int
):
    view = replace(VIEW, mode=Mode.PROGRESSIVE, ready=ready, waiting=waiting, talking_s=(9.0,))
    assert calls(replace(view, ringing_s=(5.0,) * ringing)) == expected
    assert calls(replace(view, dialling_s=(1.0,) * ringing)) == expected


def test_power_places_the_ratio_for_each_free_agent_less_those_in_the_air():
    view = replace(VIEW, mode=Mode.POWER, ready=4, ringing_s=(1.0,), dialling_s=(1.0,), waiting=1)
    assert calls(view, settings=replace(SETTINGS, ratio=2.5)) == 7


@pytest.mark.parametrize("mode", [Mode.PROGRESSIVE, Mode.POWER, Mode.PREDICTIVE])
def test_without_agents_nothing_is_placed(mode: Mode):
    decision = decided(replace(VIEW, mode=mode, ready=0))
    assert (decision.calls, decision.limit) == (0, "no_agents")


@pytest.mark.parametrize(
    ("limits", "name"),
    [({"trunk_free": 2}, "trunk"), ({"cps_allowance": 2}, "calls_per_s"), ({"leads": 2}, "leads")],
)
@pytest.mark.parametrize("mode", [Mode.PROGRESSIVE, Mode.POWER, Mode.PREDICTIVE])
def test_the_limit_that_bound_is_named(mode: Mode, limits: dict[str, int], name: str):
    decision = decided(replace(VIEW, mode=mode, ready=5, **limits))
    assert (decision.calls, decision.limit) == (2, name)
    assert decision.reason.startswith("2 of ") and decision.reason.endswith(f": {name}")


def test_no_more_than_max_ratio_are_in_the_air_for_each_agent():
    hopeless_list = learned(answer_ratio=0.005)
    settings = replace(SETTINGS, max_ratio=3.0)
    view = replace(VIEW, ready=10, ringing_s=(1.0,) * 3, dialling_s=(1.0,))
    decision = decided(view, hopeless_list, settings)
    assert (decision.calls, decision.limit) == (26, "ratio")


def test_the_budget_is_named_when_it_bound():
    decision = decided(replace(VIEW, ready=8))
    assert 8 < decision.calls < 40
    assert decision.limit == "budget"


# --- the budget -----------------------------------------------------------------------------------------------------


def test_an_overspent_budget_leaves_little_more_than_one_call_for_each_free_agent():
    spent = replace(VIEW, ready=6, answered=1000, abandoned=60)
    assert decided(spent).price < 0.0005
    assert 6 <= calls(spent) <= 8
    assert calls(replace(spent, abandoned=0)) > 15


@pytest.mark.parametrize("target", [0.003, 0.01, 0.03])
def test_a_smaller_budget_calls_for_fewer_calls(target: float):
    left = [
        decided(
            replace(BUSY, ready=8, abandoned=abandoned), settings=replace(SETTINGS, target_abandonment_ratio=target)
        )
        for abandoned in (0, int(1000 * target), int(1500 * target) + 1)
    ]
    assert left[0].calls >= left[1].calls >= left[2].calls >= 8
    assert left[0].price > left[1].price > left[2].price > 0.0
    assert left[0].calls > left[2].calls


@pytest.mark.parametrize("answer_ratio", [0.05, 0.2, 0.6])
@pytest.mark.parametrize("budget", ["day", "hour", "30 days"])
def test_an_exhausted_budget_of_any_window_means_one_call_for_each_free_agent(budget: str, answer_ratio: float):
    windows = {name: Budget(name=name, answered=1000, abandoned=0) for name in ("day", "hour", "30 days")}
    windows[budget] = replace(windows[budget], abandoned=900)
    estimates = Estimates.initial(replace(SETTINGS, initial_answer_ratio=answer_ratio))
    spent = replace(BUSY, ready=6, dialling_s=[1.0, 2.0], ringing_s=[], budgets=tuple(windows.values()))
    decision = pacing.decide(spent, estimates, SETTINGS)
    assert (decision.calls, decision.limit, decision.budget) == (spent.progressive, "budget", budget)
    assert decision.budget_left < 0.0


def test_a_target_of_zero_is_dialled_progressively():
    strict = replace(SETTINGS, target_abandonment_ratio=0.0)
    assert calls(replace(BUSY, ready=6, abandoned=0), settings=strict) == 6


def test_the_window_that_binds_is_told_with_what_it_allows():
    budgets = (
        Budget(name="day", answered=400, abandoned=2),
        Budget(name="hour", answered=90, abandoned=9),
        Budget(name="30 days", answered=9000, abandoned=200),
    )
    decision = decided(replace(BUSY, budgets=budgets))
    assert decision.budget == "hour"
    assert decision.budget_left < 0.03 * 90 + 0.03 * 700 - 9
    assert decision.calls <= calls(replace(BUSY, budgets=budgets[:1]))


def test_without_windows_the_campaign_since_its_launch_counts():
    since_launch = Budget(name="campaign", answered=VIEW.answered, abandoned=VIEW.abandoned)
    assert decided(BUSY) == decided(replace(BUSY, budgets=(since_launch,)))


def test_what_prices_have_cost_so_far_sets_the_price():
    dear, cheap = afresh(LEARNED), afresh(LEARNED)
    for number in range(400):
        dear.price.observe(price=0.03, abandoned=number % 20 == 0)
        cheap.price.observe(price=0.03, abandoned=number % 200 == 0)
    view = replace(BUSY, ready=6)
    assert calls(view, dear) < calls(view, cheap)
    one, other = decided(view, dear), decided(view, cheap)
    assert one.aim == other.aim
    assert one.price * dear.price.factor == pytest.approx(other.price * cheap.price.factor) == pytest.approx(one.aim)


def test_a_day_of_unknown_end_is_dialled_more_carefully():
    unspent = replace(BUSY, ready=8, abandoned=29)
    assert decided(replace(unspent, left_s=None)).aim < decided(replace(unspent, left_s=1800.0)).aim


# --- what the forecast makes of the floor -------------------------------------------------------------------------

BUSY = replace(VIEW, ready=3, talking_s=(30.0, 60.0, 100.0, 200.0), wrapping_s=(3.0,))


def test_fewer_answers_call_for_more_calls():
    assert calls(BUSY, learned(answer_ratio=0.1)) > calls(BUSY, learned(answer_ratio=0.3)) > 3


def test_calls_about_to_be_answered_hold_back_more_than_calls_that_rang_too_long():
    due = replace(BUSY, ready=5, ringing_s=(6.0,) * 8)
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
    assert decided(shared).expected_free == pytest.approx(0.3 * decided(agents).expected_free)


def test_people_who_may_wait_longer_are_risked_more_calls_on():
    agents = replace(BUSY, ready=0, talking_s=(60.0,) * 15)
    assert calls(replace(agents, legal_wait_s=16.0)) > calls(replace(agents, legal_wait_s=2.0))


def test_accounts_that_answer_more_often_are_called_less():
    ringing = replace(BUSY, ready=8, ringing_s=(4.0,) * 6, dialling_s=(1.0,) * 6)
    likely = replace(ringing, ringing_odds=(3.0,) * 6, dialling_odds=(3.0,) * 6)
    unlikely = replace(ringing, ringing_odds=(0.2,) * 6, dialling_odds=(0.2,) * 6)
    assert calls(likely) < calls(ringing) < calls(unlikely)
    assert calls(replace(ringing, next_odds=3.0)) < calls(ringing) < calls(replace(ringing, next_odds=0.2))


def test_odds_of_one_are_the_same_as_none():
    ringing = replace(BUSY, ringing_s=(4.0, 9.0), dialling_s=(1.0,))
    assert decided(ringing) == decided(replace(ringing, ringing_odds=(1.0, 1.0), dialling_odds=(1.0,)))


def test_odds_told_of_one_kind_of_call_only_are_those_of_that_kind():
    both = replace(BUSY, ready=8, ringing_s=(4.0,), dialling_s=(1.0,))
    told = replace(both, ringing_odds=(9.0,), dialling_odds=(1.0,))
    assert decided(replace(both, ringing_odds=(9.0,))) == decided(told)


def test_the_decision_tells_what_it_expects():
    decision = decided(replace(BUSY, ready=8, ringing_s=(1.0,) * 5, dialling_s=(1.0,) * 5))
    assert decision.expected_answers == pytest.approx(0.2 * (decision.calls + 10), rel=0.25)
    assert 8 < decision.expected_free < 13


def test_long_talks_free_agents_later():
    agents = replace(BUSY, ready=0, talking_s=(60.0,) * 10)
    assert (
        decided(agents, learned(talk_s=40.0)).expected_free > 2 * decided(agents, learned(talk_s=400.0)).expected_free
    )


def test_a_list_on_which_everybody_answers_is_dialled_like_a_progressive_one():
    e = afresh(LEARNED)
    sure = {**e.ring.as_dict(), "answer_sums": e.ring.call_sums}
    e.ring.restore(json.loads(json.dumps(sure)))
    assert 4 <= pacing.decide(replace(VIEW, ready=4), e, SETTINGS).calls <= 5


def test_a_list_on_which_nobody_answers_is_dialled_up_to_the_ratio():
    e = afresh(LEARNED)
    hopeless = {**e.ring.as_dict(), "answer_sums": [0.0] * len(e.ring.answer_sums)}
    e.ring.restore(json.loads(json.dumps(hopeless)))
    assert pacing.decide(replace(VIEW, ready=4, ringing_s=(3.0,)), e, SETTINGS).limit == "ratio"


def test_several_hundred_agents_are_weighed_like_small_teams():
    """The normal law and the exact one meet: ten times the floor, about ten times the calls and more."""
    team = replace(VIEW, ready=2, talking_s=(20.0, 70.0, 110.0, 160.0), ringing_s=(4.0, 9.0), dialling_s=(1.0,))
    team = replace(team, trunk_free=5000, leads=5000, cps_allowance=5000)
    floor = replace(
        team, ready=60, talking_s=team.talking_s * 30, ringing_s=team.ringing_s * 30, dialling_s=(1.0,) * 30
    )
    assert calls(floor) > 30 * calls(team)


def test_the_normal_law_decides_as_the_exact_one_would(monkeypatch: pytest.MonkeyPatch):
    rng, gaps = np.random.default_rng(3), []
    for agents in (20, 30, 45, 60, 90, 140):
        for ready in (0, agents // 10):
            floor = replace(
                VIEW,
                ready=ready,
                talking_s=tuple(rng.exponential(120.0, agents - ready)),
                ringing_s=tuple(rng.uniform(0.0, 24.0, agents)),
                trunk_free=5000,
                leads=5000,
                cps_allowance=5000,
            )
            normal = calls(floor)
            with monkeypatch.context() as patch:
                patch.setattr(shortage, "EXACT_EVENTS", 10_000)
                gaps.append(normal - calls(floor))
    assert min(gaps) >= -3 and max(gaps) <= 0, gaps


# --- when channels are short ----------------------------------------------------------------------------------------


def test_the_calls_that_found_no_channel_are_told():
    open_handed = decided(replace(BUSY, ready=8))
    cramped = decided(replace(BUSY, ready=8, trunk_free=3))
    assert (open_handed.short_of, cramped.short_of) == (0, open_handed.calls - 3)
    assert decided(replace(BUSY, ready=8, leads=3)).short_of == 0


def test_calls_that_rang_past_the_last_answer_are_fruitless():
    e = afresh(LEARNED)  # people answer after 6 to 14 s, the others ring 18 to 26 s
    assert pacing.fruitless(e, [17.0, 21.0, 25.0], 30.0) == [True, True, True]
    assert pacing.fruitless(e, [], 30.0) == []


def test_calls_that_ring_as_long_as_people_take_to_answer_are_not_fruitless():
    e = afresh(LEARNED)
    assert pacing.fruitless(e, [0.5, 5.0, 8.0], 30.0) == [False, False, False]


def test_a_call_that_is_about_to_be_given_up_anyway_is_left_alone():
    e = afresh(LEARNED)
    assert pacing.fruitless(e, [30.0, 31.0], 30.0) == [False, False]


# --- what has been learned ------------------------------------------------------------------------------------------


def test_what_was_worked_out_is_worked_out_again_when_enough_was_learned():
    e = afresh(LEARNED)
    before = pacing.decide(BUSY, e, SETTINGS)
    for _ in range(400):
        e.talk.observe(70.0)
        e.wrap_up.observe(1.0)
    assert pacing.decide(BUSY, e, SETTINGS).expected_free > before.expected_free + 0.3


def test_what_was_worked_out_serves_until_more_is_learned():
    e = afresh(LEARNED)
    ages = np.array(BUSY.talking_s)
    asked: dict[str, Any] = {"grace_s": 1.0, "wrap_up_limit_s": 60.0, "talking_s": ages, "wrapping_s": ages}
    first = e.outlook(**asked)
    e.ring.observe(dialled_s=1.0, rang_s=9.0, answered=True)
    assert e.outlook(**asked) is first
    assert e.outlook(**{**asked, "grace_s": 2.0}) is not first
    again = e.outlook(**asked)
    for _ in range(60):
        e.ring.observe(dialled_s=1.0, rang_s=9.0, answered=True)
    assert e.outlook(**asked) is not again


def views() -> list[PoolView]:
    rng = np.random.default_rng(4)
    return [
        replace(
            BUSY,
            ready=int(rng.integers(0, 9)),
            talking_s=tuple(rng.exponential(100.0, int(rng.integers(0, 40)))),
            ringing_s=tuple(rng.uniform(0.0, 24.0, int(rng.integers(0, 30)))),
            dialling_s=tuple(rng.uniform(0.0, 3.0, int(rng.integers(0, 6)))),
        )
        for _ in range(25)
    ]


def test_a_snapshot_survives_json_and_decides_the_same():
    e = learned(answer_ratio=0.3, rings=237)
    e.price.observe(price=0.04, abandoned=True)
    for number in range(90):
        e.odds.observe(("trunk a", f"hour {number % 3}"), answered=number % 4 == 0, answer_ratio=0.3)
    snapshot = json.dumps(e.as_dict())
    again = Estimates.from_dict(json.loads(snapshot), SETTINGS)
    assert json.dumps(again.as_dict()) == snapshot
    assert again.odds.odds(("trunk a", "hour 0")) == e.odds.odds(("trunk a", "hour 0"))
    for view in views():
        assert pacing.decide(view, again, SETTINGS) == pacing.decide(view, e, SETTINGS)


def test_a_snapshot_does_not_change_when_more_is_learned():
    e = learned(rings=30)
    snapshot = e.as_dict()
    before = json.dumps(snapshot)
    e.ring.observe(dialled_s=1.0, rang_s=9.0, answered=True)
    e.talk.observe(30.0)
    e.wrap_up.observe(3.0)
    e.price.observe(price=0.1, abandoned=True)
    e.odds.observe(("hour 9",), answered=True, answer_ratio=0.2)
    assert json.dumps(snapshot) == before


def damaged(*place: str, value: object) -> dict[str, Any]:
    snapshot: dict[str, Any] = json.loads(json.dumps(LEARNED.as_dict()))
    at = snapshot
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return snapshot


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("ring",), None),
        (("ring", "began"), [1.0]),
        (("ring", "answered"), ["many"] * 128),
        (("ring", "otherwise"), [0.0] * 128),
        (("ring", "began"), [-1.0] * 128),
        (("ring", "answer_sums"), [1e9] * 6),
        (("ring", "call_sums"), None),
        (("ring", "count"), True),
        (("odds",), 3),
        (("odds", "weights"), []),
        (("odds", "counts"), {"hour 9": "often"}),
        (("odds", "counts"), {"hour 9": -60.0}),
        (("talk", "ends"), [-1.0] * 29),
        (("talk", "prior_mean_s"), float("nan")),
        (("wrap_up",), "short"),
        (("price", "lost"), "some"),
        (("price", "risked"), -1e3),
        (("price", "lost"), 10**400),
    ],
)
def test_a_damaged_snapshot_is_refused_by_the_name_of_its_place(place: tuple[str, ...], value: object):
    with pytest.raises(ValueError, match={"counts": "hour 9", "answer_sums": "answers"}.get(place[-1], place[-1])):
        Estimates.from_dict(damaged(*place, value=value), SETTINGS)


@pytest.mark.parametrize(
    "teach",
    [
        lambda e: e.ring.observe(dialled_s=1.0, rang_s=None, answered=True),
        lambda e: e.talk.observe(0.0),
        lambda e: e.wrap_up.observe(1e7),
        lambda e: e.price.observe(price=0.0, abandoned=True),
        lambda e: e.odds.observe((), answered=True, answer_ratio=1.0),
    ],
)
def test_odd_observations_leave_decisions_possible(teach: Callable[[Estimates], None]):
    e = Estimates.initial(SETTINGS)
    for _ in range(300):
        teach(e)
    assert calls(BUSY, e) >= 3
