"""The floor as everybody may see it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

import floor_world as fw
from dialer.facts import CampaignLaunched, CampaignTold, DayAnswers, LinkLost, StoreFailed
from dialer.floor.board import snapshot
from dialer.leads import Promise
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import PacingSettings
from dialer.snapshot import BudgetRow, ForecastRow, Snapshot
from dialer.types import AgentState, CallState, CampaignName, CampaignState, Mode, ServerName, TrunkName
from floor_world import World, agent, campaign, leads, settings

SPRING = CampaignName("spring")
DAY = timedelta(days=1)


def board(one: World) -> Snapshot:
    return snapshot(one.floor.state, one.now)


@pytest.fixture
def talking() -> World:
    one = World(settings([agent("anna"), agent("ben")]))
    one.login("anna", "ben")
    one.launch(campaign(), leads(5))
    attempt = one.originated()[0]
    one.s += 10.0
    one.answer(attempt)
    one.s += 0.002
    one.bridge(attempt, "anna")
    return one


def test_a_board_shows_people_masked(talking: World) -> None:
    shown = board(talking)
    row = next(row for row in shown.agents if row.agent_id == "anna")
    assert (row.state, row.customer) == (AgentState.TALKING, "张* +86 139****0001")
    assert all("13900000" not in call.customer for call in shown.calls)


def test_times_of_a_state_include_the_present_spell(talking: World) -> None:
    talking.s += 30.0
    row = next(row for row in board(talking).agents if row.agent_id == "anna")
    assert row.talk_s == pytest.approx(30.0) and row.since_s == pytest.approx(30.0)
    assert row.logged_in_s == pytest.approx(40.0, abs=0.1) and row.wrap_up_s == 0.0


def test_occupancy_is_work_over_presence_without_pauses(talking: World) -> None:
    talking.tell("ben", "pause")
    talking.s += 30.0
    (row,) = board(talking).campaigns
    assert row.occupancy_ratio == pytest.approx(30.0 / 50.0, abs=0.01)


def test_a_campaigns_row_counts_what_happened(talking: World) -> None:
    attempt = talking.originated()[0]
    talking.hang_up(attempt)
    promise = Promise(amount=Decimal("12.50"), due_on=talking.now.at.date())
    talking.take(fw.disposed_of("anna", "promise", promise=promise))
    talking.hang_up(talking.originated()[1], cause=17)
    (row,) = board(talking).campaigns
    assert (row.dialled, row.answered, row.bridged, row.in_air) == (2, 1, 1, 0)
    assert row.outcomes == {"bridged": 1, "busy": 1} and row.dispositions == {"promise": 1}
    assert (row.promises, row.promised_amount) == (1, "12.50")
    assert row.connect_ms_p50 == pytest.approx(2.0) and row.connect_ms_p99 == pytest.approx(2.0)


def test_calls_are_shown_with_their_state_and_age(talking: World) -> None:
    rows = {row.attempt_id: row for row in board(talking).calls}
    first, second = talking.originated()
    assert (rows[first].state, rows[first].agent_id) == (CallState.TALKING, "anna")
    assert rows[second].state is CallState.PLACED and rows[second].age_s == pytest.approx(10.0, abs=0.1)


def test_an_agent_in_wrap_up_is_shown_with_the_customer_of_the_call(talking: World) -> None:
    talking.hang_up(talking.originated()[0])
    row = next(row for row in board(talking).agents if row.agent_id == "anna")
    assert (row.state, row.customer) == (AgentState.WRAP_UP, "张* +86 139****0001")


def test_trouble_is_an_alert(talking: World) -> None:
    talking.take(StoreFailed(reason="disk full"), LinkLost(server=fw.MAIN, reason="connection reset"))
    shown = board(talking)
    assert shown.alerts == ("main: connection reset", "disk full")
    assert [server.connected for server in shown.servers] == [False]


def test_agents_who_wait_with_nothing_to_dial_are_an_alert_that_says_why() -> None:
    one = World(settings([agent("anna")]))
    one.login("anna")
    one.launch(campaign(), [fw.lead(1, zone="")])
    one.s += 3.0
    one.tick()
    one.lease(CampaignName("spring"), (), waiting=4)
    one.wait(11.0)
    (alert,) = board(one).alerts
    assert alert == "spring: 1 agents idle, 0 dialable: 1 zone, 4 waiting to be called again"


# --- what pacing expects -------------------------------------------------------------------------------


def predictive(*agents: str) -> World:
    one = World(settings([agent(name) for name in agents]))
    one.login(*agents)
    one.launch(campaign(mode=Mode.PREDICTIVE), leads(40))
    one.wait(1.5)
    return one


def test_a_predictive_campaigns_row_says_what_its_last_decision_expected() -> None:
    one = predictive("anna", "ben", "carl")
    decided = one.floor.state.campaigns[SPRING].decided[fw.MAIN]
    (row,) = board(one).campaigns
    assert row.forecast is not None and row.budget is not None
    assert (row.pacing, row.limit) == (decided.reason, decided.limit)
    assert (row.forecast.agents_free, row.forecast.answers) == (decided.expected_free, decided.expected_answers)
    assert row.forecast.agents_free >= 3.0 and row.forecast.answers > 0.0 and row.forecast.within_s == 32.0
    assert (row.budget.window, row.budget.left) == (decided.budget, decided.budget_left)


WEST, T_WEST = ServerName("west"), TrunkName("t-west")


def two_servers(main: Decision, west: Decision) -> World:
    def rule(view: PoolView, e: Estimates, how: PacingSettings) -> Decision:
        return main if view.agents == 2 else west

    people = [agent("anna"), agent("ben"), agent("wang", server=WEST)]
    one = World(settings(people, [fw.trunk(), fw.trunk(T_WEST, WEST)]))
    one.floor.state.rule = rule
    one.login("anna", "ben")
    one.login("wang", server=WEST)
    one.launch(campaign(mode=Mode.PREDICTIVE, trunks=(fw.TRUNK, T_WEST)), leads(3))
    return one


def deciding(calls: int, most: int, limit: str, free: float, answers: float, aim: float) -> Decision:
    return Decision(
        calls=calls,
        most=most,
        limit=limit,
        reason=f"{calls} of {most}: {limit}",
        expected_free=free,
        expected_answers=answers,
        budget="hour" if aim < 0.01 else "day",
        budget_left=100.0 * aim,
        aim=aim,
    )


def test_of_several_servers_the_sum_is_shown_and_the_limit_that_holds_back_most_first() -> None:
    one = two_servers(deciding(2, 12, "trunk", 3.5, 2.0, 0.005), deciding(5, 6, "budget", 1.0, 0.5, 0.02))
    (row,) = board(one).campaigns
    assert (row.pacing, row.limit) == ("7 of 18: trunk, budget", "trunk")
    assert row.forecast == ForecastRow(within_s=32.0, agents_free=4.5, answers=2.5)
    assert row.budget == BudgetRow(window="hour", left=0.5, aim_ratio=0.005)


def test_of_servers_that_are_held_back_alike_the_limit_is_named_once() -> None:
    one = two_servers(deciding(0, 1, "budget", 1.0, 0.0, 0.02), deciding(1, 3, "budget", 1.0, 0.0, 0.02))
    assert board(one).campaigns[0].pacing == "1 of 4: budget"


def test_a_server_that_is_lost_or_empty_counts_no_more() -> None:
    one = two_servers(deciding(2, 12, "trunk", 3.5, 2.0, 0.005), deciding(5, 6, "budget", 1.0, 0.5, 0.02))
    one.take(LinkLost(server=fw.MAIN, reason="reset"))
    one.tick()
    (row,) = board(one).campaigns
    assert (row.pacing, row.forecast) == ("5 of 6: budget", ForecastRow(within_s=32.0, agents_free=1.0, answers=0.5))
    one.tell("wang", "logout")
    one.wait(1.0)
    (row,) = board(one).campaigns
    assert (row.pacing, row.limit, row.forecast) == ("main: not connected", "not connected", None)


def test_a_change_of_mode_forgets_what_was_decided_in_the_other() -> None:
    one = predictive("anna")
    assert board(one).campaigns[0].forecast is not None
    one.take(CampaignLaunched(settings=campaign(mode=Mode.PREVIEW)))
    one.tick()
    (row,) = board(one).campaigns
    assert (row.pacing, row.forecast, row.budget) == ("preview", None, None)


def test_another_mode_and_a_floor_without_agents_expect_nothing(talking: World) -> None:
    (row,) = board(talking).campaigns
    assert (row.forecast, row.budget, row.limit) == (None, None, "agents")
    empty = World(settings([agent("anna")]))
    empty.launch(campaign(mode=Mode.PREDICTIVE), leads(3))
    (row,) = board(empty).campaigns
    assert (row.forecast, row.budget, row.limit) == (None, None, "no_agents")


def test_abandonment_of_today_counts_earlier_runs_and_begins_anew_at_midnight() -> None:
    one = predictive("anna")
    today = one.now.at.date()
    earlier = [DayAnswers(on=today, answered=100, abandoned=2), DayAnswers(on=today - DAY, answered=50, abandoned=9)]
    one.floor.state.campaigns[SPRING].answers.restore(earlier)
    one.talk(one.originated()[0], "anna")
    (row,) = board(one).campaigns
    assert (row.answered_today, row.abandoned_today) == (101, 2)
    one.s += 86_400.0
    (row,) = board(one).campaigns
    assert (row.answered_today, row.abandoned_today) == (0, 0)


def test_a_paused_campaign_expects_nothing_and_still_says_what_it_may_lose() -> None:
    one = predictive("anna")
    one.take(CampaignTold(campaign=SPRING, state=CampaignState.PAUSED))
    (row,) = board(one).campaigns
    assert row.forecast is None and row.budget is not None


def test_looking_changes_nothing() -> None:
    seen, unseen = predictive("anna", "ben"), predictive("anna", "ben")
    for _ in range(5):
        board(seen)
        assert seen.wait(7.0) == unseen.wait(7.0)
    assert seen.floor.state.campaigns[SPRING].plan == unseen.floor.state.campaigns[SPRING].plan
