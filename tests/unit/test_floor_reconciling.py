"""After a lost link or a restart: nobody is dialled again, nobody is left hanging."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

import floor_world as fw
from dialer.effects import Bridge, CloseAttempt, Effect, HangUp, Inquire, Originate, Report, SaveDisposition
from dialer.facts import (
    AttemptRecovered,
    BridgeFailed,
    BridgeLeft,
    CallRefused,
    CallUnresolved,
    CampaignLaunched,
    CampaignRecalled,
    CampaignTold,
    ChannelsListed,
    DayAnswers,
    LinkLost,
    LinkRestored,
    LiveChannel,
    OriginateFailed,
)
from dialer.pacing import Estimates
from dialer.types import (
    AgentId,
    AgentState,
    AttemptId,
    CallState,
    CampaignName,
    CampaignState,
    ChannelId,
    ConnectStyle,
    Outcome,
    ServerName,
    TrunkName,
)
from floor_world import World, agent, campaign, lead, leads, live, live_leg, of, settings, trunk

A, S = AgentState, CallState
LOST = LinkLost(server=fw.MAIN, reason="connection reset")


def world(*names: str) -> tuple[World, AttemptId]:
    one = World(settings([agent(name) for name in names]), (campaign(),))
    one.login(*names)
    one.launch(campaign(), leads(9))
    return one, one.originated()[0]


def restore(one: World, *channels: LiveChannel) -> list[Effect]:
    return one.take(LinkRestored(server=fw.MAIN, channels=channels))


# --- calls whose fate is unknown ---------------------------------------------------------------------------------


def test_a_failed_originate_says_less_than_the_channels_own_end() -> None:
    one, attempt = world("anna")
    one.take(OriginateFailed(channel_id=ChannelId(attempt), reason="reason 5"))
    one.s += 0.5
    one.hang_up(attempt, cause=17, sip_code=486)
    one.wait(5.0)
    assert one.outcome(attempt) is Outcome.BUSY


def test_a_failed_originate_that_no_end_follows_never_was_a_call() -> None:
    one, attempt = world("anna")
    one.take(OriginateFailed(channel_id=ChannelId(attempt), reason="reason 0"))
    one.wait(0.9)
    assert not one.effects(CloseAttempt)
    one.wait(0.2)
    assert one.outcome(attempt) is Outcome.TRUNK_FAILED
    one.hang_up(attempt, cause=17)
    assert len(one.effects(CloseAttempt)) == 1


def test_a_refused_call_closes_at_once_and_gives_its_channel_back() -> None:
    one, attempt = world("anna")
    one.take(CallRefused(channel_id=ChannelId(attempt), reason="no such endpoint"))
    (closed,) = one.effects(CloseAttempt)
    assert (closed.outcome, closed.detail) == (Outcome.TRUNK_FAILED, "no such endpoint")
    assert one.floor.state.trunks[fw.TRUNK].in_use == 0


def test_a_call_of_unknown_fate_is_asked_for_and_closed_as_unknown_but_never_dialled_again() -> None:
    one, attempt = world("anna")
    one.take(CallUnresolved(channel_id=ChannelId(attempt), reason="no answer in time"))
    one.wait(5.9)
    assert not one.effects(Inquire)
    one.wait(0.2)
    assert one.effects(Inquire)
    one.take(ChannelsListed(server=fw.MAIN, channels=()))
    assert one.outcome(attempt) is Outcome.UNKNOWN and one.concluded(attempt).outcome is Outcome.UNKNOWN
    one.wait(20.0)
    accounts = [effect.permit.account_id for effect in one.effects(Originate)]
    assert accounts.count(lead(1).account_id) == 1


def test_a_call_of_unknown_fate_that_lives_goes_on() -> None:
    one, attempt = world("anna")
    one.take(CallUnresolved(channel_id=ChannelId(attempt), reason="no answer in time"))
    one.wait(6.1)
    one.take(ChannelsListed(server=fw.MAIN, channels=(live(attempt, up=False),)))
    one.talk(attempt, "anna")
    assert one.state("anna") is A.TALKING


def test_a_call_too_young_to_be_listed_is_not_given_up() -> None:
    one, attempt = world("anna")
    one.take(ChannelsListed(server=fw.MAIN, channels=()))
    assert attempt in one.floor.state.calls


def test_a_call_that_is_never_heard_of_is_asked_for_after_its_ring_time() -> None:
    one, attempt = world("anna")
    one.ring(attempt)
    one.wait(34.0)
    assert not one.effects(Inquire)
    one.wait(2.0)
    assert one.effects(Inquire)
    one.take(ChannelsListed(server=fw.MAIN, channels=()))
    assert one.outcome(attempt) is Outcome.UNKNOWN


def test_a_list_that_is_older_than_the_events_takes_nothing_away() -> None:
    one, attempt = world("anna")
    one.talk(attempt, "anna")
    one.s += 30.0
    one.take(ChannelsListed(server=fw.MAIN, channels=()))
    assert one.state("anna") is A.TALKING and one.agent("anna").leg is not None


# --- a lost link -----------------------------------------------------------------------------------------------


def test_a_call_that_ended_while_the_link_was_down_is_closed() -> None:
    one, attempt = world("anna")
    one.ring(attempt)
    one.take(LOST)
    one.s += 3.0
    restore(one, live_leg("anna"))
    assert one.outcome(attempt) is Outcome.UNKNOWN
    one.tick()
    assert len(one.originated()) == 2


def test_a_call_sent_just_before_the_loss_is_given_time_to_appear() -> None:
    one, attempt = world("anna")
    one.take(LOST)
    one.s += 1.0
    restore(one, live_leg("anna"))
    assert attempt in one.floor.state.calls
    one.wait(6.0)
    assert one.effects(Inquire)
    one.take(ChannelsListed(server=fw.MAIN, channels=()))
    assert one.outcome(attempt) is Outcome.UNKNOWN


def test_a_conversation_goes_on_through_a_lost_link() -> None:
    one, attempt = world("anna")
    one.talk(attempt, "anna")
    bridge_id = one.call(attempt).bridge_id
    one.take(LOST)
    one.s += 60.0
    restore(one, live_leg("anna", bridge_id=bridge_id), live(attempt, bridge_id=bridge_id))
    assert one.state("anna") is A.TALKING
    one.hang_up(attempt)
    assert one.state("anna") is A.WRAP_UP


def test_a_conversation_that_ended_unseen_is_wrapped_up_and_its_customer_let_go() -> None:
    one, attempt = world("anna")
    one.talk(attempt, "anna")
    one.take(LOST)
    one.s += 60.0
    restore(one, live_leg("anna"), live(attempt))
    assert one.state("anna") is A.WRAP_UP
    one.wait(0.4)
    assert [str(effect.channel_id) for effect in one.effects(HangUp)] == [attempt]


def test_a_bridge_that_completed_unseen_is_a_conversation() -> None:
    one, attempt = world("anna")
    one.answer(attempt)
    one.take(LOST)
    one.wait(10.0)
    restore(one, live_leg("anna", bridge_id="b7"), live(attempt, bridge_id="b7"))
    assert (one.state("anna"), one.call(attempt).bridge_id) == (A.TALKING, "b7")


def test_nobody_is_set_aside_because_the_link_is_down() -> None:
    one, attempt = world("anna", "ben")
    one.answer(attempt)
    one.take(LOST)
    effects = one.take(BridgeFailed(channel_id=ChannelId(attempt), reason="link lost"))
    effects += one.wait(5.0)
    assert not of(Bridge, effects)
    assert {one.state("anna"), one.state("ben")} == {A.READY}


@pytest.mark.parametrize(("down_s", "served"), [(0.5, True), (2.1, False)])
def test_who_answered_unseen_is_served_while_the_legal_wait_surely_lasts_and_not_after(
    down_s: float, served: bool
) -> None:
    one, attempt = world("anna")
    one.ring(attempt)
    one.take(LOST)
    one.s += down_s
    effects = restore(one, live_leg("anna"), live(attempt))
    assert bool(of(Bridge, effects)) is served
    one.hang_up(attempt)
    assert served or one.outcome(attempt) is Outcome.ABANDONED


def test_who_waited_when_the_link_was_lost_is_not_served_after_the_legal_wait() -> None:
    one, first = world("anna")
    one.tell("anna", "pause")
    one.answer(first)
    one.take(LOST)
    one.tell("anna", "ready")
    one.s += 3.0
    assert not of(Bridge, restore(one, live_leg("anna"), live(first)))
    one.hang_up(first)
    assert one.outcome(first) is Outcome.ABANDONED


def test_a_phone_that_was_lost_unseen_logs_out_and_one_that_came_back_under_another_id_stays() -> None:
    one, _ = world("anna", "ben")
    one.take(LOST)
    restore(one, live_leg("ben", channel_id=ChannelId("17.9")))
    assert (one.state("anna"), one.state("ben"), one.leg_id("ben")) == (A.OFFLINE, A.READY, "17.9")


def test_an_agent_lost_unseen_while_being_connected_frees_the_customer_for_the_next() -> None:
    one, attempt = world("anna", "ben")
    one.answer(attempt)
    one.take(LOST)
    one.s += 0.5
    effects = restore(one, live_leg("ben"), live(attempt))
    assert one.state("anna") is A.OFFLINE
    assert [bridge.agent_channel for bridge in of(Bridge, effects)] == ["PJSIP/ben-01"]


def test_an_agent_who_dialled_in_unseen_is_ready() -> None:
    one = World(settings([agent("anna")]))
    one.take(LOST)
    restore(one, live_leg("anna"))
    assert one.state("anna") is A.READY


def test_a_called_phone_that_is_gone_when_the_link_comes_back_did_not_answer() -> None:
    one = World(settings([agent("rita", connect=ConnectStyle.RING)]))
    one.tell("rita", "login")
    one.launch(campaign(), leads(2))
    one.answer(one.originated()[0])
    one.take(LOST)
    one.s += 0.5
    restore(one, live(one.originated()[0]))
    assert (one.state("rita"), one.agent("rita").reason) == (A.PAUSED, "did not answer")


def test_a_restored_link_leaves_the_conversations_of_other_servers_alone() -> None:
    west, t_west = ServerName("west"), TrunkName("t-west")
    one = World(settings([agent("anna"), agent("wang", server=west)], [trunk(), trunk(t_west, west)]))
    one.login("wang", server=west)
    one.launch(campaign(trunks=(fw.TRUNK, t_west)), leads(4))
    attempt = one.originated()[0]
    one.talk(attempt, "wang")
    one.take(LOST)
    restore(one)
    assert one.state("wang") is A.TALKING
    one.take(BridgeLeft(channel_id=ChannelId(attempt), bridge_id=one.call(attempt).bridge_id))
    assert one.state("wang") is A.WRAP_UP


# --- a restart -------------------------------------------------------------------------------------------------


def recovered(one: World, **more: Any) -> AttemptId:
    values: dict[str, Any] = {"server": fw.MAIN, "outcome": None, "agent_id": None} | more
    fact = AttemptRecovered(
        attempt_id=AttemptId("att-r0-1"),
        campaign=CampaignName("spring"),
        trunk=fw.TRUNK,
        lead=lead(77),
        at=one.now.at - timedelta(seconds=40),
        **values,
    )
    one.take(fact)
    return fact.attempt_id


def fresh() -> World:
    return World(settings([agent("anna")]), (campaign(),), run_id="r2", connected=False)


def test_an_attempt_without_a_channel_is_closed_as_unknown_and_counted_as_dialled() -> None:
    one = fresh()
    attempt = recovered(one)
    assert not one.effects(CloseAttempt), "nobody knows before Asterisk was asked"
    restore(one)
    assert one.outcome(attempt) is Outcome.UNKNOWN and one.concluded(attempt).by == "rule"


def test_an_attempt_that_talked_is_closed_as_a_conversation_though_nobody_saw_its_end() -> None:
    one = fresh()
    attempt = recovered(one, talked=True)
    restore(one)
    assert one.outcome(attempt) is Outcome.BRIDGED
    assert (one.concluded(attempt).code, one.concluded(attempt).by) == ("no_result", "default")


@pytest.mark.parametrize(
    ("more", "answered"), [({"talked": True}, 7), ({"talked": False}, 6), ({"outcome": Outcome.BRIDGED}, 6)]
)
def test_whoever_talked_when_the_engine_died_is_counted_once_among_the_answers(
    more: dict[str, Any], answered: int
) -> None:
    one = fresh()
    recovered(one, **more)
    today = DayAnswers(on=date(2026, 3, 10), answered=6, abandoned=1)
    one.take(CampaignLaunched(settings=campaign(), days=(today,)))
    restore(one)
    budgets = one.floor.state.campaigns[CampaignName("spring")].answers.budgets(today.on, one.s, 0.03)
    assert next((each.answered, each.abandoned) for each in budgets if each.name == "day") == (answered, 1)


@pytest.mark.parametrize("gone", [False, True])
def test_a_campaign_that_calls_of_an_earlier_run_are_taken_up_for_knows_what_was_recalled_of_it(gone: bool) -> None:
    one, spring, today = fresh(), CampaignName("spring"), date(2026, 3, 10)
    earlier = Estimates.initial(campaign().pacing)
    earlier.talk.observe(44.0)
    days, learned = (DayAnswers(on=today, answered=6, abandoned=1),), json.dumps(earlier.as_dict())
    one.take(CampaignRecalled(settings=campaign(), days=days, learned=learned))
    attempt = recovered(one, talked=True, **({"server": ServerName("gone")} if gone else {}))
    restore(one)
    assert one.outcome(attempt) is Outcome.BRIDGED
    run = one.floor.state.campaigns[spring]
    assert run.state is CampaignState.STOPPED
    one.take(CampaignTold(campaign=spring, state=CampaignState.RUNNING))
    one.take(CampaignRecalled(settings=campaign(), days=days))
    assert run.answers.on_day(today) == (7, 1)
    assert run.estimates.as_dict() == earlier.as_dict()


def test_an_attempt_that_had_closed_is_only_concluded() -> None:
    one = fresh()
    attempt = recovered(one, outcome=Outcome.BUSY)
    restore(one)
    assert not one.effects(CloseAttempt) and one.concluded(attempt).outcome is Outcome.BUSY


def test_a_conversation_whose_wrap_up_was_lost_gets_the_default_disposition_and_its_agent_stays_as_he_is() -> None:
    one = fresh()
    attempt = recovered(one, outcome=Outcome.BRIDGED, agent_id=AgentId("anna"))
    restore(one, live_leg("anna"))
    concluded = one.concluded(attempt)
    assert (concluded.code, concluded.by, concluded.agent_id) == ("no_result", "default", "anna")
    assert one.state("anna") is A.READY


def test_an_attempt_that_talks_goes_on_with_its_agent() -> None:
    one = fresh()
    attempt = recovered(one)
    restore(one, live_leg("anna", bridge_id="b1"), live(attempt, bridge_id="b1"))
    assert (one.state("anna"), one.floor.state.trunks[fw.TRUNK].in_use) == (A.TALKING, 1)
    one.hang_up(attempt)
    one.press("anna", "9#")
    assert one.outcome(attempt) is Outcome.BRIDGED
    assert (one.concluded(attempt).code, one.concluded(attempt).agent_id) == ("refused", "anna")
    assert one.floor.state.trunks[fw.TRUNK].in_use == 0


def test_an_attempt_that_rings_is_served_when_it_is_answered() -> None:
    one = fresh()
    attempt = recovered(one)
    restore(one, live_leg("anna"), live(attempt, up=False))
    assert of(Bridge, one.answer(attempt))


def test_an_attempt_whose_person_waited_without_us_is_left_to_the_message() -> None:
    one = fresh()
    attempt = recovered(one)
    effects = restore(one, live_leg("anna"), live(attempt))
    assert not of(Bridge, effects)
    one.hang_up(attempt)
    assert one.outcome(attempt) is Outcome.ABANDONED and len(one.effects(SaveDisposition)) == 1


def test_an_attempt_of_a_campaign_that_is_no_more_is_reported() -> None:
    one = World(settings([agent("anna")]), (), run_id="r2", connected=False)
    recovered(one)
    restore(one)
    assert "attempt.orphan" in [report.event for report in one.effects(Report)]
