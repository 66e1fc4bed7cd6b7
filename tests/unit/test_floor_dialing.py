"""How many are dialled, by which trunk, for whom, and when nobody may be dialled at all."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import pytest

import floor_world as fw
from dialer import pacing
from dialer.effects import Originate, ReleaseLease, SaveAttempt, SaveRefusal
from dialer.facts import (
    AttemptRecovered,
    CallRefused,
    CampaignLaunched,
    CampaignTold,
    LinkLost,
    LinkRestored,
    SettingsReloaded,
    StoreFailed,
    StoreRestored,
)
from dialer.floor.board import snapshot
from dialer.settings import CampaignSettings, RouteRule
from dialer.types import (
    AccountId,
    AgentId,
    AgentState,
    AttemptId,
    CampaignName,
    CampaignState,
    ChannelId,
    DebtorId,
    Mode,
    Outcome,
    ServerName,
    TrunkName,
)
from floor_world import World, agent, campaign, crowd, lead, leads, of, settings, trunk

SPRING, SUMMER = CampaignName("spring"), CampaignName("summer")


def world(agents: int = 1, *, known: tuple[CampaignSettings, ...] = (), **trunk_limits: Any) -> World:
    one = World(settings(crowd(agents), [trunk(**trunk_limits)]), known)
    one.login(*(f"a{number:02d}" for number in range(agents)))
    return one


def state_of(one: World, name: CampaignName = SPRING) -> CampaignState:
    return one.floor.state.campaigns[name].state


def test_a_reload_with_another_target_keeps_what_was_learned_and_aims_anew() -> None:
    one = World()
    one.login("anna")
    one.launch(campaign(mode=Mode.PREDICTIVE), leads(20))
    one.wait(2.0)
    run = one.floor.state.campaigns[SPRING]
    before, decided = run.estimates, run.decided[fw.MAIN]
    stricter = replace(campaign().pacing, target_abandonment_ratio=campaign().pacing.target_abandonment_ratio / 30)
    one.launch(campaign(mode=Mode.PREDICTIVE, pacing=stricter))
    one.wait(2.0)
    assert run.estimates is before
    assert run.decided[fw.MAIN].aim < decided.aim


def test_the_attempt_is_saved_before_it_is_originated_with_the_same_id_and_number() -> None:
    one = world()
    effects = one.launch(campaign(), leads(3))
    (saved,), (placed,) = of(SaveAttempt, effects), of(Originate, effects)
    assert effects.index(saved) < effects.index(placed)
    assert saved.attempt_id == placed.attempt_id
    assert placed.permit.number == saved.lead.number
    assert (round(placed.wait_s, 6), placed.message) == (1.9, "dialer/zh/sorry")


def test_with_machine_detection_the_wait_counts_from_the_end_of_the_greeting() -> None:
    [placed] = of(Originate, world().launch(campaign(detect_machines=True), leads(1)))
    assert placed.wait_s == pytest.approx(1.1)


@pytest.mark.parametrize(("per_s", "in_hand"), [(10.0, 20), (40.0, 80), (1e9, 120)])
def test_leads_in_hand_last_for_two_seconds_of_calls_but_are_no_more_than_the_agents_can_use(
    per_s: float, in_hand: int
) -> None:
    one = world(3, channels=1000, calls_per_s=per_s)
    quick = replace(campaign().pacing, max_calls_per_s=per_s)
    assert fw.asked(one.launch(campaign(pacing=quick))).limit == in_hand


def test_progressive_dials_one_for_each_free_agent_and_again_when_a_call_has_ended() -> None:
    one = world(3)
    one.launch(campaign(), leads(10))
    assert len(one.originated()) == 3
    one.tick()
    assert len(one.originated()) == 3
    one.hang_up(one.originated()[0], cause=17)
    one.tick()
    assert len(one.originated()) == 4


def test_the_channels_of_a_trunk_are_never_exceeded_and_come_back_with_each_end() -> None:
    one = world(5, channels=2)
    one.launch(campaign(), leads(10))
    one.wait(1.0)
    assert len(one.originated()) == 2
    one.take(CallRefused(channel_id=ChannelId(one.originated()[0]), reason="no"))
    one.wait(0.5)
    assert len(one.originated()) == 3
    assert one.floor.state.trunks[fw.TRUNK].in_use == 2


@pytest.mark.parametrize(
    ("per_s", "within_s", "at_most"), [(5.0, 3.0, 16), (2.5, 2.0, 6), (0.5, 6.0, 4), (1.0, 3.0, 4)]
)
def test_a_trunks_calls_per_second_are_never_exceeded(per_s: float, within_s: float, at_most: int) -> None:
    one = world(20, channels=30, calls_per_s=per_s)
    one.launch(campaign(), leads(30))
    placed_s: list[float] = []
    end_s = one.s + within_s
    while one.s < end_s:
        one.wait(0.02)
        placed_s += [one.s] * (len(one.originated()) - len(placed_s))
    window_s = max(1.0, 1.0 / per_s)
    assert all(sum(s <= other < s + window_s - 0.05 for other in placed_s) <= max(1, per_s) for s in placed_s)
    assert at_most / 2 <= len(placed_s) <= at_most


def test_a_campaigns_own_calls_per_second_hold_over_all_its_trunks() -> None:
    one = world(20, channels=30, calls_per_s=100.0)
    slow = campaign()
    one.launch(replace(slow, pacing=replace(slow.pacing, max_calls_per_s=2.0)), leads(30))
    one.wait(1.9)
    assert len(one.originated()) <= 4


def test_the_trunk_with_the_most_room_is_taken_and_caller_ids_go_round() -> None:
    trunks = [trunk(TrunkName("a"), channels=2, caller_ids=("1", "2")), trunk(TrunkName("b"), channels=4)]
    one = World(settings(crowd(4), trunks))
    one.login("a00", "a01", "a02", "a03")
    one.launch(campaign(trunks=(TrunkName("a"), TrunkName("b"))), leads(9))
    one.wait(1.0)
    placed = one.effects(Originate)
    assert {"a", "b"} == {effect.trunk for effect in placed}
    assert len({effect.caller_id for effect in placed if effect.trunk == "a"}) == len(
        [effect for effect in placed if effect.trunk == "a"]
    )


def test_agents_are_called_for_on_their_own_server_only() -> None:
    west = ServerName("west")
    people = [agent("anna"), agent("wang", server=west)]
    one = World(settings(people, [trunk(), trunk(TrunkName("t-west"), west)]))
    one.login("wang", server=west)
    one.launch(campaign(trunks=(fw.TRUNK, TrunkName("t-west"))), leads(4))
    assert [effect.server for effect in one.effects(Originate)] == [west]


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.STOPPING])
def test_nothing_is_dialled_while_paused_or_stopping_and_the_leads_go_back(state: CampaignState) -> None:
    one = world(1)
    one.launch(campaign(), leads(5))
    effects = one.take(CampaignTold(campaign=SPRING, state=state))
    assert len(of(ReleaseLease, effects)) == 4
    one.hang_up(one.originated()[0], cause=17)
    one.wait(5.0)
    one.lease(SPRING, leads(2, first=50))
    one.wait(5.0)
    assert len(one.originated()) == 1
    assert state_of(one) is (CampaignState.STOPPED if state is CampaignState.STOPPING else state)


def test_nothing_is_dialled_while_the_store_is_in_trouble() -> None:
    one = world(2)
    one.take(StoreFailed(reason="disk full"))
    one.launch(campaign(), leads(5))
    assert not one.originated() and snapshot(one.floor.state, one.now).alerts == ("disk full",)
    one.take(StoreRestored())
    one.wait(3.0)
    one.lease(SPRING, leads(5))
    assert len(one.originated()) == 2


def test_nothing_is_dialled_over_a_link_that_is_down() -> None:
    one = world(2)
    one.take(LinkLost(server=fw.MAIN, reason="reset"))
    one.launch(campaign(), leads(5))
    one.wait(5.0)
    assert not one.originated()
    one.take(LinkRestored(server=fw.MAIN, channels=(fw.live_leg("a00"), fw.live_leg("a01"))))
    one.tick()
    assert len(one.originated()) == 2


def test_a_refused_lead_goes_back_with_the_reason_and_the_next_one_is_dialled() -> None:
    one = world(1)
    nowhere = lead(1, zone="")
    effects = one.launch(campaign(), (nowhere, lead(2)))
    (refused,), (released,) = of(SaveRefusal, effects), of(ReleaseLease, effects)
    assert (refused.rule, refused.lead, released.account_id) == ("zone", nowhere, 1)
    assert [effect.permit.account_id for effect in of(Originate, effects)] == [2]


def test_a_person_who_is_being_called_is_not_called_a_second_time() -> None:
    one = world(2)
    effects = one.launch(campaign(), (lead(1), lead(2, debtor_id=DebtorId(1)), lead(3)))
    assert [effect.permit.account_id for effect in of(Originate, effects)] == [1, 3]
    (released,) = of(ReleaseLease, effects)
    assert released.account_id == 2 and released.not_before_at is not None


def test_a_lead_that_the_store_hands_out_twice_is_kept_once() -> None:
    one = world(1)
    one.launch(campaign(), leads(3))
    one.lease(SPRING, leads(3))
    run = one.floor.state.campaigns[SPRING]
    assert [held.account_id for held in run.leads].count(AccountId(3)) == 1


def test_leads_held_for_long_go_back_before_their_lease_ends() -> None:
    one = world(1)
    one.launch(campaign(), leads(3))
    one.tell("a00", "pause")
    one.hang_up(one.originated()[0], cause=17)
    one.wait(310.0)
    assert {2, 3} <= {effect.account_id for effect in one.effects(ReleaseLease)}


def test_a_campaign_finishes_when_the_store_has_nothing_left_and_no_sooner() -> None:
    one = world(1)
    one.launch(campaign(), leads(1))
    one.wait(2.1)
    one.lease(SPRING, ())  # asked while the only call is in the air: its account may yet come back
    one.hang_up(one.originated()[0], cause=17)
    one.tick()
    assert state_of(one) is CampaignState.RUNNING
    one.wait(3.0)
    one.lease(SPRING, (), waiting=1)
    one.tick()
    assert state_of(one) is CampaignState.RUNNING
    one.wait(3.0)
    one.lease(SPRING, ())
    assert state_of(one) is CampaignState.FINISHED


def test_a_reload_changes_the_rules_of_a_running_campaign_and_keeps_its_leads_and_tally() -> None:
    one = world(1)
    one.launch(campaign(), leads(5))
    one.take(CampaignLaunched(settings=campaign(ring_timeout_s=40.0)))
    one.hang_up(one.originated()[0], cause=17)
    one.tick()
    assert [effect.ring_timeout_s for effect in one.effects(Originate)] == [30.0, 40.0]
    assert snapshot(one.floor.state, one.now).campaigns[0].dialled == 2


def test_a_reload_with_another_list_gives_the_old_leads_back() -> None:
    one = world(1)
    one.launch(campaign(), leads(5))
    effects = one.take(CampaignLaunched(settings=replace(campaign(), list_name="other")))
    assert {effect.account_id for effect in of(ReleaseLease, effects)} == {2, 3, 4, 5}


def test_two_campaigns_with_the_same_agents_do_not_dial_for_the_same_agent_twice() -> None:
    one = world(6, known=())
    one.take(CampaignLaunched(settings=campaign()), CampaignLaunched(settings=campaign("summer")))
    one.tick()
    one.lease(SPRING, leads(20))
    one.lease(SUMMER, leads(20, first=100))
    one.wait(1.0)
    assert len(one.originated()) == 6
    for _ in range(30):
        one.hang_up(next(iter(one.floor.state.calls)), cause=17)
        one.wait(0.3)
    by_campaign = [effect.campaign for effect in one.effects(SaveAttempt)]
    assert len(one.floor.state.calls) == 6
    assert min(by_campaign.count(SPRING), by_campaign.count(SUMMER)) >= 10


def test_a_lead_that_few_may_take_waits_for_one_of_them_and_lets_the_others_by() -> None:
    route = (RouteRule(name="calm", when="days_past_due > 60", skill="calm", level=2),)
    people = [agent("anna"), agent("ben", skills={"calm": 2}), agent("carl", skills={"calm": 1})]
    one = World(settings(people))
    one.login("anna", "carl")
    hard = lead(1, days_past_due=90)
    one.launch(campaign(routes=route), (hard, lead(2), lead(3), lead(4)))
    assert {effect.permit.account_id for effect in one.effects(Originate)} == {2, 3}
    one.login("ben")
    one.tick()
    assert one.effects(Originate)[-1].permit.account_id == 1
    attempt = one.originated()[-1]
    one.talk(attempt, "ben")
    assert one.state("ben") is AgentState.TALKING


def test_a_promised_call_back_waits_for_its_agent_on_shift_and_goes_to_anybody_when_not() -> None:
    people = [agent("anna"), agent("ben")]
    one = World(settings(people))
    one.login("anna", "ben")
    one.tell("ben", "pause")
    one.launch(campaign(), (lead(1, callback_agent=AgentId("ben")),))
    one.wait(1.0)
    assert not one.originated()
    one.tell("ben", "logout")
    one.wait(1.0)
    assert len(one.originated()) == 1


def test_a_team_lead_is_dialled_for_its_team_only() -> None:
    one = World(settings([agent("anna"), agent("ben", team="late")]))
    one.login("anna")
    one.launch(campaign(), (lead(1, team="late"),))
    one.wait(1.0)
    assert not one.originated()
    one.login("ben")
    one.tick()
    one.answer(one.originated()[0])
    assert (one.state("ben"), one.state("anna")) == (AgentState.RESERVED, AgentState.READY)


def test_an_agent_added_by_a_reload_is_dialled_for_and_one_taken_out_no_more() -> None:
    one = World(settings([agent("anna"), agent("ben")]))
    one.login("anna", "ben")
    one.take(SettingsReloaded(settings=settings([agent("anna"), agent("carl")])))
    assert AgentId("ben") not in one.floor.state.agents
    one.login("carl")
    one.launch(campaign(), leads(9))
    assert len(one.originated()) == 2
    assert one.state("carl") is AgentState.READY


def test_an_attempt_id_is_never_used_twice_even_over_many_campaigns() -> None:
    one = world(4)
    one.launch(campaign(), leads(20))
    for _ in range(10):
        one.hang_up(next(iter(one.floor.state.calls)), cause=17)
        one.wait(0.2)
    ids = one.originated()
    assert len(ids) == len(set(ids)) == 14


def test_the_outcome_of_an_unanswered_call_decides_what_comes_next_by_rule() -> None:
    one = world(1)
    one.launch(campaign(), leads(1))
    attempt = one.originated()[0]
    one.ring(attempt)
    one.hang_up(attempt, cause=17, sip_code=486)
    assert one.outcome(attempt) is Outcome.BUSY
    concluded = one.concluded(attempt)
    assert (concluded.by, concluded.code, concluded.agent_id) == ("rule", None, None)
    assert concluded.next_step.at is not None and concluded.next_step.at > one.now.at


def test_failures_of_the_trunk_teach_nothing_about_the_people_on_the_list() -> None:
    one = world(1)
    one.launch(campaign(mode=Mode.PREDICTIVE), leads(3))
    one.wait(0.1)
    estimates = one.floor.state.campaigns[SPRING].estimates
    one.take(CallRefused(channel_id=ChannelId(one.originated()[0]), reason="no route"))
    estimates.settle(math.inf)
    assert estimates.ring.count == 0
    one.wait(0.1)
    one.hang_up(one.originated()[-1], cause=17)
    estimates.settle(math.inf)
    assert estimates.ring.count == 1


@pytest.mark.parametrize(("agents", "spell_s"), [(1, 0.04), (5, 0.2), (25, 1.0), (60, 1.0)])
def test_a_forecast_is_made_again_the_sooner_the_fewer_agents_there_are(agents: int, spell_s: float) -> None:
    asked_s: list[float] = []

    def rule(view: pacing.PoolView, e: pacing.Estimates, how: pacing.PacingSettings) -> pacing.Decision:
        asked_s.append(view.now_s)
        return pacing.decide(view, e, how)

    one = world(agents, channels=900, calls_per_s=100_000.0)
    one.floor.state.rule = rule
    unhurried = replace(campaign().pacing, max_calls_per_s=100_000.0)
    one.launch(campaign(mode=Mode.PREDICTIVE, pacing=unhurried), leads(500))
    start_s = one.s
    while one.s < start_s + 4.0:  # something happens all the time
        one.wait(0.01)
    gaps = [after - before for before, after in itertools.pairwise(asked_s)]
    assert min(gaps) >= spell_s - 1e-6
    assert max(gaps) <= spell_s + 0.15


@pytest.mark.parametrize("slow", ["trunk", "campaign"])
@pytest.mark.parametrize(("agents", "spell_s"), [(5, 0.2), (60, 1.0)])
def test_calls_per_second_are_used_up_without_more_forecasts(agents: int, spell_s: float, slow: str) -> None:
    asked_s: list[float] = []

    def rule(view: pacing.PoolView, e: pacing.Estimates, how: pacing.PacingSettings) -> pacing.Decision:
        asked_s.append(view.now_s)
        return pacing.decide(view, e, how)

    per_s = {"trunk": 100_000.0, "campaign": 100_000.0} | {slow: 10.0}
    one = world(agents, channels=900, calls_per_s=per_s["trunk"])
    one.floor.state.rule = rule
    unlucky = replace(campaign().pacing, max_calls_per_s=per_s["campaign"], initial_answer_ratio=0.02, max_ratio=90.0)
    one.launch(campaign(mode=Mode.PREDICTIVE, pacing=unlucky), leads(500))
    one.wait(1.0 + 4.0)  # the first decision had no leads
    assert min(after - before for before, after in itertools.pairwise(asked_s)) >= spell_s - 1e-6
    assert len(one.originated()) >= 4 * 10


def test_what_a_decision_was_short_of_is_placed_as_the_seconds_go_by_and_no_more() -> None:
    asked_s: list[float] = []

    def rule(view: pacing.PoolView, e: pacing.Estimates, how: pacing.PacingSettings) -> pacing.Decision:
        if view.leads:
            asked_s.append(view.now_s)
        if len(asked_s) == 1:
            return pacing.Decision(calls=1, short_of=3, limit="calls_per_s", reason="1 of 4: calls_per_s")
        return pacing.Decision(calls=0, limit="budget", reason="0 of 4: budget")

    one = world(25, channels=900, calls_per_s=10.0)
    one.floor.state.rule = rule
    one.launch(campaign(mode=Mode.PREDICTIVE), leads(40))
    one.wait(3.5)
    placed_s = [(call.placed_s - asked_s[0]) for call in one.floor.state.calls.values()]
    assert placed_s == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert asked_s[1] - asked_s[0] == pytest.approx(1.0)


def test_a_rule_that_does_not_say_what_it_is_short_of_is_asked_for_each_call() -> None:
    def rule(view: pacing.PoolView, e: pacing.Estimates, how: pacing.PacingSettings) -> pacing.Decision:
        return pacing.Decision(calls=view.cps_allowance, limit="calls_per_s", reason="all there are")

    one = world(60, channels=900, calls_per_s=20.0)
    one.floor.state.rule = rule
    one.launch(campaign(mode=Mode.PREDICTIVE), leads(500))
    one.wait(1.0 + 4.0)
    assert len(one.originated()) >= 4 * 20


def test_what_was_held_back_when_a_campaign_paused_is_forgotten() -> None:
    one = world(25, channels=900, calls_per_s=10.0)
    unlucky = replace(campaign().pacing, initial_answer_ratio=0.02, max_ratio=90.0)
    one.launch(campaign(mode=Mode.PREDICTIVE, pacing=unlucky), leads(500))
    one.wait(1.3)
    run = one.floor.state.campaigns[SPRING]
    assert run.owed[fw.MAIN] > 0
    one.take(CampaignTold(campaign=SPRING, state=CampaignState.PAUSED))
    assert not run.owed


def test_nothing_happening_is_looked_at_again_after_a_second() -> None:
    one = world(1)
    one.launch(campaign(), leads(3))
    one.wait(0.5)
    wake_s = one.floor.next_wake_s()
    assert wake_s is not None and wake_s <= one.s + 1.0


def test_the_floor_asks_to_be_woken_again_and_again_but_keeps_only_one_such_wish() -> None:
    one = world(2)
    one.launch(campaign(), leads(3))
    for _ in range(500):
        one.tick()
    wakes = 0
    until_s = one.s + 1.0
    while (wake_s := one.floor.next_wake_s()) is not None and wake_s <= until_s:
        one.s = max(one.s, wake_s)
        one.tick()
        wakes += 1
    assert wakes <= 6


def test_recovered_attempts_of_a_server_that_is_no_more_are_concluded_at_once() -> None:
    one = world(1, known=(campaign(),))
    lost = AttemptRecovered(
        attempt_id=AttemptId("att-r0-1"),
        campaign=SPRING,
        server=ServerName("gone"),
        trunk=TrunkName("gone"),
        lead=lead(9),
        at=one.now.at,
        outcome=None,
        agent_id=None,
    )
    one.take(lost)
    assert one.outcome(lost.attempt_id) is Outcome.UNKNOWN
    assert one.concluded(lost.attempt_id).outcome is Outcome.UNKNOWN
