"""What pacing is told of calls, when, and what it is shown of the day."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from dialer import pacing
from dialer.calling_rules import AbandonmentRule, Denominator, Origin
from dialer.effects import Report
from dialer.facts import (
    CallRefused,
    CampaignLaunched,
    ChannelAnswered,
    CustomerScreened,
    CustomerUnserved,
    DayAnswers,
    MessagePlayed,
)
from dialer.floor import learning
from dialer.floor.state import CampaignRun
from dialer.pacing import Estimates
from dialer.settings import PacingSettings
from dialer.types import AttemptId, CampaignName, ChannelId, Mode, ServerName, TrunkName, Verdict
from floor_world import EPOCH, MAIN, RULES, START_S, World, agent, campaign, crowd, lead, leads, of, settings, trunk

SPRING = CampaignName("spring")
TODAY = date(2026, 3, 10)
EAGER = campaign(mode=Mode.POWER, pacing=replace(campaign().pacing, ratio=3.0))
PREDICTIVE = campaign(mode=Mode.PREDICTIVE)


def world(agents: int = 1, run: object = EAGER) -> tuple[World, list[AttemptId]]:
    one = World(settings(crowd(agents)))
    one.login(*(f"a{number:02d}" for number in range(agents)))
    one.launch(run, leads(40))  # type: ignore[arg-type]
    one.wait(0.5)
    return one, one.originated()


def run_of(one: World) -> CampaignRun:
    return one.floor.state.campaigns[SPRING]


def counted(one: World) -> tuple[int, int]:
    return run_of(one).answers.answered, run_of(one).answers.abandoned


# --- answers -------------------------------------------------------------------------------------------------------


def test_an_answer_counts_when_it_is_bridged_and_not_again_when_the_call_closes() -> None:
    one, (attempt, *_) = world()
    one.answer(attempt)
    assert counted(one) == (0, 0)
    one.bridge(attempt, "a00")
    assert counted(one) == (1, 0)
    one.s += 300.0
    one.hang_up(attempt)
    assert counted(one) == (1, 0)


def test_an_abandoned_call_counts_when_the_message_begins_and_not_again_when_the_call_closes() -> None:
    one, (first, second, *_) = world()
    one.talk(first, "a00")
    one.answer(second)
    one.s += 1.9
    one.take(CustomerUnserved(channel_id=ChannelId(second)))
    assert counted(one) == (2, 1)
    one.take(MessagePlayed(channel_id=ChannelId(second)))
    one.hang_up(second)
    assert counted(one) == (2, 1)


def test_somebody_who_hangs_up_within_the_wait_is_answered_for_and_not_abandoned() -> None:
    one, (first, second, *_) = world()
    one.talk(first, "a00")
    one.answer(second)
    one.s += 0.5
    one.hang_up(second)
    assert counted(one) == (2, 0)


def test_a_bridge_that_was_asked_for_when_the_message_began_is_no_abandoned_call() -> None:
    one, (attempt, *_) = world()
    one.answer(attempt)
    one.take(CustomerUnserved(channel_id=ChannelId(attempt)))
    one.bridge(attempt, "a00")
    one.hang_up(attempt)
    assert counted(one) == (1, 0)


def test_a_machine_is_no_person_who_answered() -> None:
    one, (attempt, *_) = world()
    one.ring(attempt)
    one.take(ChannelAnswered(channel_id=ChannelId(attempt), channel="PJSIP/x"))
    one.take(CustomerScreened(channel_id=ChannelId(attempt), verdict=Verdict.MACHINE))
    one.take(CustomerUnserved(channel_id=ChannelId(attempt)))
    one.hang_up(attempt)
    assert counted(one) == (0, 0)
    assert histograms(one) == {"began": 1.0, "otherwise": 1.0}


def test_the_price_in_force_is_learned_from_with_each_answer() -> None:
    one, (attempt, *_) = world(1, PREDICTIVE)
    decided, price = run_of(one).decided[MAIN], run_of(one).estimates.price
    risked, lost = price.risked, price.lost
    assert decided.price > 0.0
    one.answer(attempt)
    one.bridge(attempt, "a00")
    assert price.risked == pytest.approx(risked + decided.price)
    assert price.lost == lost


def test_of_two_servers_the_price_is_that_of_the_call_s_own() -> None:
    def rule(view: pacing.PoolView, e: Estimates, how: PacingSettings) -> pacing.Decision:
        calls = min(view.leads, 1) if not view.in_air else 0
        price = 0.25 if view.ready == 2 else 0.0625
        return pacing.Decision(calls=calls, limit="budget", reason="a trial", price=price)

    west, t_west = ServerName("west"), TrunkName("t-west")
    people = [agent("anna"), agent("ben"), agent("wang", server=west)]
    one = World(settings(people, [trunk(), trunk(t_west, west)]))
    one.floor.state.rule = rule
    one.login("anna", "ben")
    one.login("wang", server=west)
    one.launch(replace(PREDICTIVE, trunks=(trunk().name, t_west)), leads(4))
    one.wait(0.5)
    attempt = next(call.attempt_id for call in one.floor.state.calls.values() if call.server == MAIN)
    risked = run_of(one).estimates.price.risked
    one.talk(attempt, "anna")
    assert run_of(one).estimates.price.risked == pytest.approx(risked + 0.25)


def test_calls_abandoned_in_another_mode_say_nothing_of_prices() -> None:
    one, (first, second, *_) = world()
    before = run_of(one).estimates.price.factor
    one.talk(first, "a00")
    one.answer(second)
    one.take(CustomerUnserved(channel_id=ChannelId(second)))
    assert run_of(one).estimates.price.factor == before


def test_a_price_is_in_force_though_the_calls_per_second_bind() -> None:
    made: list[pacing.Decision] = []

    def rule(view: pacing.PoolView, e: Estimates, how: PacingSettings) -> pacing.Decision:
        made.append(pacing.decide(view, e, how))
        return made[-1]

    one = World(settings(crowd(20), [trunk(calls_per_s=1.0)]))
    one.floor.state.rule = rule
    one.login(*(f"a{number:02d}" for number in range(20)))
    one.launch(PREDICTIVE, leads(40))
    one.wait(5.0)
    assert made[-1].limit == "calls_per_s"
    assert run_of(one).decided == {MAIN: made[-1]}


# --- rings -----------------------------------------------------------------------------------------------------------


def histograms(one: World) -> dict[str, float]:
    """What was learned of rings, once no call can ring any more that was placed as early."""
    run_of(one).estimates.settle(math.inf)
    ring, initial = run_of(one).estimates.ring, Estimates.initial(campaign().pacing).ring
    names = ("began", "answered", "otherwise", "answered_unrung", "ended_unrung")
    return {
        name: seen
        for name in names
        if (seen := round(float(getattr(ring, name).sum() - getattr(initial, name).sum()), 6))
    }


def test_a_call_that_rang_out_is_learned_by_its_phases() -> None:
    one, (attempt, *_) = world()
    one.s += 3.0
    one.ring(attempt)
    one.s += 25.0
    one.hang_up(attempt, cause=19)
    assert histograms(one) == {"began": 1.0, "otherwise": 1.0}
    ring, initial = run_of(one).estimates.ring, Estimates.initial(campaign().pacing).ring
    placed_s = 0.5  # the world waits so long after the launch
    assert int((ring.began - initial.began).argmax()) == int((placed_s + 3.0) / 0.5)
    assert int((ring.otherwise - initial.otherwise).argmax()) == int(25.0 / 0.5)


def test_a_call_that_never_rang_is_learned_as_such() -> None:
    one, (attempt, *_) = world()
    one.s += 1.0
    one.hang_up(attempt, cause=17)
    assert histograms(one) == {"ended_unrung": 1.0}


def test_a_call_that_we_gave_up_is_not_learned_as_one_that_nobody_would_have_answered() -> None:
    one, (attempt, other, *_) = world()
    ring = run_of(one).estimates.ring
    for found in (attempt, other):
        one.ring(found)
    one.s += 8.0
    calls = one.floor.state.calls
    calls[attempt] = replace(calls[attempt], ring_cut=True)
    one.hang_up(attempt, cause=16)
    seen, initial = histograms(one), Estimates.initial(campaign().pacing).ring
    assert 0.05 < seen["answered"] < 0.9
    assert seen["answered"] + seen["otherwise"] == pytest.approx(1.0, abs=1e-5)
    assert float(ring.answered[:16].sum()) == float(initial.answered[:16].sum()), "nobody answered before"
    calls[other] = replace(calls[other], ring_cut=True)
    one.answer(other)  # a moment before the channel was gone
    assert histograms(one)["answered"] == pytest.approx(seen["answered"] + 1.0, abs=1e-5)


def test_an_answer_is_told_at_once_and_a_refusal_of_the_trunk_never() -> None:
    one, (first, second, *_) = world()
    one.answer(first)
    assert histograms(one) == {"began": 1.0, "answered": 1.0}
    one.take(CallRefused(channel_id=ChannelId(second), reason="no route"))
    assert histograms(one) == {"began": 1.0, "answered": 1.0}


# --- marks -----------------------------------------------------------------------------------------------------------


def test_accounts_of_a_region_that_never_answers_have_lower_odds() -> None:
    one = World(settings(crowd(4)))
    one.login("a00", "a01", "a02", "a03")
    listed = [lead(number, region="north" if number % 2 else "south") for number in range(1, 81)]
    one.launch(EAGER, listed)
    seen: set[AttemptId] = set()
    for _ in range(400):
        one.wait(0.2)
        for attempt in one.originated():
            if attempt in seen or attempt not in one.floor.state.calls:
                continue
            seen.add(attempt)
            north = one.call(attempt).lead.region == "north"
            if north:
                one.answer(attempt)
            one.hang_up(attempt, cause=16 if north else 17)
        if len(seen) >= 80:
            break
    run_of(one).estimates.settle(math.inf)
    odds = run_of(one).estimates.odds
    assert len(seen) >= 60
    assert odds.odds(("region south",)) < 0.8 < 1.1 < odds.odds(("region north",))


def test_a_calls_marks_are_forgotten_with_the_call() -> None:
    one, attempts = world()
    assert set(run_of(one).marked) == set(attempts)
    one.hang_up(attempts[0], cause=17)
    one.take(CallRefused(channel_id=ChannelId(attempts[1]), reason="no route"))
    assert not {attempts[0], attempts[1]} & set(run_of(one).marked)
    one.answer(attempts[2])
    assert attempts[2] not in run_of(one).marked


def test_a_call_is_marked_by_what_is_known_of_it() -> None:
    one, (attempt, *_) = world()
    marks = run_of(one).marked[attempt].marks
    assert {"trunk trunk", "hour 10", "attempts 0"} <= set(marks)


# --- what earlier runs knew -----------------------------------------------------------------------------------------


def test_a_launch_takes_up_what_was_learned_and_whom_it_answered_for() -> None:
    earlier = Estimates.initial(campaign().pacing)
    for _ in range(30):
        earlier.talk.observe(44.0)
    one = World()
    days = (
        DayAnswers(on=TODAY - timedelta(days=1), answered=200, abandoned=5),
        DayAnswers(on=TODAY, answered=50, abandoned=1),
    )
    one.take(CampaignLaunched(settings=PREDICTIVE, days=days, learned=json.dumps(earlier.as_dict())))
    assert run_of(one).estimates.as_dict() == earlier.as_dict()
    budgets = {found.name: found for found in run_of(one).answers.budgets(TODAY, one.s, 0.03)}
    assert (budgets["day"].answered, budgets["day"].abandoned) == (50, 1)
    assert (budgets["30 days"].answered, budgets["30 days"].abandoned) == (250, 6)


@pytest.mark.parametrize("learned", ["{", "[]", "3", '"text"', "null", '{"ring": 1}', '{"ring": {"began": []}}'])
def test_an_unsound_snapshot_is_reported_and_pacing_begins_afresh(learned: str) -> None:
    one = World()
    (report,) = [
        found
        for found in of(Report, one.take(CampaignLaunched(settings=PREDICTIVE, learned=learned)))
        if found.event == "pacing.forgotten"
    ]
    assert report.fields["campaign"] == "spring"
    assert run_of(one).estimates.as_dict() == Estimates.initial(PREDICTIVE.pacing).as_dict()


def test_launching_a_live_campaign_again_counts_no_day_twice() -> None:
    one, _ = world()
    one.take(CampaignLaunched(settings=EAGER, days=(DayAnswers(on=TODAY, answered=50, abandoned=1),)))
    assert run_of(one).answers.on_day(TODAY) == (0, 0)


BRITISH = AbandonmentRule(
    max_ratio=0.03, denominator=Denominator.ABANDONED_AND_PASSED, machine_error_ratio=0.1, origin=Origin(id="uk4")
)


def in_air_after(machines: int) -> int:
    """Calls that eight free agents have in the air, when so many verdicts `machine` were given earlier today."""
    one = World(settings(crowd(8)))
    one.login(*(f"a{number:02d}" for number in range(8)))
    rules = replace(RULES, abandonment=BRITISH)
    day = DayAnswers(on=TODAY, answered=1000, abandoned=0, gone=100, machines=machines)
    one.take(CampaignLaunched(settings=replace(PREDICTIVE, rules=rules), days=(day,)))
    one.tick()
    one.lease(SPRING, leads(60))
    one.wait(3.0)
    return len(one.floor.state.calls)


def test_machines_that_may_have_been_people_exhaust_the_budget_and_leave_one_call_for_each_free_agent() -> None:
    assert in_air_after(machines=0) > 8
    assert in_air_after(machines=2000) == 8


def test_a_machine_verdict_is_counted_once_as_no_answer_and_as_part_of_an_abandoned_call() -> None:
    how = replace(EAGER, detect_machines=True, rules=replace(RULES, abandonment=BRITISH))
    one = World(settings(crowd(1)))
    one.login("a00")
    one.launch(how, leads(4))
    one.wait(0.5)
    attempt = one.originated()[0]
    one.take(ChannelAnswered(channel_id=ChannelId(attempt), channel="PJSIP/x"))
    one.take(CustomerScreened(channel_id=ChannelId(attempt), verdict=Verdict.MACHINE))
    one.hang_up(attempt)
    assert counted(one) == (0, 0)
    day, *_ = run_of(one).answers.budgets(TODAY, one.s, 0.03, BRITISH)
    assert (day.answered, day.abandoned) == pytest.approx((0.1, 0.1))


# --- the day ----------------------------------------------------------------------------------------------------------


def left_s(day_ends: time | None, *, hours_later: float = 0.0, closes: time = time(0)) -> float | None:
    window = {weekday: (replace(RULES.windows[weekday][0], closes=closes),) for weekday in range(7)}
    how = replace(campaign().pacing, day_ends=day_ends)
    one = World(settings([agent("a00")]))
    one.launch(campaign(rules=replace(RULES, windows=window), pacing=how))
    one.s += 3600.0 * hours_later
    return learning.left_s(one.floor.state, run_of(one), one.now)


def test_a_day_without_a_stated_end_has_an_unknown_one() -> None:
    assert left_s(None) is None


def test_the_day_ends_when_the_agents_go_home_or_calling_hours_end() -> None:
    assert EPOCH.hour == 2  # ten in the morning in Shanghai
    assert left_s(time(18)) == pytest.approx(8 * 3600.0)
    assert left_s(time(18), closes=time(17, 30)) == pytest.approx(7.5 * 3600.0)
    assert left_s(time(18), hours_later=7.0) == pytest.approx(3600.0)


@pytest.mark.parametrize("hours_later", [8.0, 8.1, 13.9, 14.1])
def test_overtime_is_planned_as_if_no_end_was_known_past_midnight_too(hours_later: float) -> None:
    late = 10.0 + hours_later
    assert left_s(time(18), hours_later=hours_later) == (None if late < 24.0 else pytest.approx(17.9 * 3600.0))
    assert left_s(time(18), hours_later=hours_later, closes=time(21)) == (
        None if late < 24.0 else pytest.approx(17.9 * 3600.0)
    )
    assert left_s(time(23), hours_later=15.0) is None


@pytest.mark.parametrize(
    ("hours_later", "hours_left"),
    [(0.0, 14.0), (10.0, 4.0), (13.75, 0.25), (14.0, 2.0), (15.5, 0.5), (16.5, None), (21.9, None), (22.1, 15.9)],
)
def test_a_night_shift_is_planned_up_to_midnight_and_then_with_the_next_days_budget(
    hours_later: float, hours_left: float | None
) -> None:
    left = left_s(time(2), hours_later=hours_later)
    assert left == (None if hours_left is None else pytest.approx(hours_left * 3600.0))


@pytest.mark.parametrize(("day_ends", "minutes"), [(time(18), 8 * 60), (time(2), 14 * 60), (None, 14 * 60)])
def test_a_plan_is_given_up_at_the_moment_when_it_ends_and_at_midnight(day_ends: time | None, minutes: int) -> None:
    one = World(settings([agent("a00")]))
    one.launch(campaign(pacing=replace(campaign().pacing, day_ends=day_ends)))
    start_s = one.s = START_S + minutes * 60.0 - 20.0
    before = learning.plan_of(one.floor.state, run_of(one), one.now)
    assert before.valid_until_s == pytest.approx(start_s + 20.0)
    one.s = before.valid_until_s
    after = learning.plan_of(one.floor.state, run_of(one), one.now)
    assert after != before
    assert after.on == TODAY + timedelta(days=minutes == 14 * 60)


def test_what_a_night_shift_has_overspent_is_not_made_up_for_after_midnight() -> None:
    views: list[pacing.PoolView] = []

    def rule(view: pacing.PoolView, e: Estimates, how: PacingSettings) -> pacing.Decision:
        views.append(view)
        return pacing.decide(view, e, how)

    one = World(settings(crowd(25)))
    one.floor.state.rule = rule
    one.s = START_S + 13.75 * 3600.0  # a quarter of an hour before midnight
    one.login(*(f"a{number:02d}" for number in range(25)))
    days = (
        DayAnswers(on=TODAY - timedelta(days=1), answered=50_000, abandoned=500),
        DayAnswers(on=TODAY, answered=1000, abandoned=35),
    )
    shift = replace(PREDICTIVE, pacing=replace(PREDICTIVE.pacing, day_ends=time(2)))
    one.take(CampaignLaunched(settings=shift, days=days))
    one.tick()
    one.lease(SPRING, leads(40))
    one.wait(1.5)
    late = run_of(one).decided[MAIN]
    one.wait(901.0)
    early = run_of(one).decided[MAIN]
    assert (late.budget, early.budget) == ("day", "day")
    assert views[-1].left_s == pytest.approx(7200.0, abs=5.0)
    (day,) = [budget for budget in views[-1].budgets if budget.name == "day"]
    assert (day.answered, day.abandoned) == (0, 0)
    assert late.aim < 0.002 < 0.01 < early.aim


def test_what_day_it_is_is_looked_up_every_minute() -> None:
    one, _ = world()
    run = run_of(one)
    plan = learning.plan_of(one.floor.state, run, one.now)
    one.s = plan.valid_until_s - 0.1
    assert learning.plan_of(one.floor.state, run, one.now) is plan
    one.s += 14 * 3600.0
    after = learning.plan_of(one.floor.state, run, one.now)
    assert (plan.on, plan.hour, after.on, after.hour) == (TODAY, 10, TODAY + timedelta(days=1), 0)
