"""From the answer to the conversation and its end, with everybody hanging up at the worst moment."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

import floor_world as fw
from dialer.effects import Bridge, CallAgent, CloseAttempt, Effect, HangUp, SaveDisposition, Say
from dialer.facts import (
    AgentLegUp,
    BridgeEntered,
    BridgeFailed,
    BridgeLeft,
    ChannelAnswered,
    ChannelEnded,
    CustomerReady,
    CustomerReleased,
    CustomerScreened,
    CustomerUnserved,
    MessagePlayed,
    OriginateFailed,
)
from dialer.types import (
    AgentId,
    AgentState,
    AttemptId,
    CallState,
    ChannelId,
    ConnectStyle,
    Mode,
    Outcome,
    Verdict,
)
from floor_world import World, agent, campaign, leads, of, settings

A, S = AgentState, CallState
EAGER = campaign(mode=Mode.POWER, pacing=replace(campaign().pacing, ratio=3.0))


def world(*names: str, calls: int | None = None, **styles: ConnectStyle) -> tuple[World, list[AttemptId]]:
    """Agents on the line, and as many calls in the air as wanted."""
    one = World(settings([agent(name, connect=styles.get(name, ConnectStyle.NAILED_UP)) for name in names]))
    for name in names:
        one.tell(name, "login") if name in styles else one.login(name)
    one.launch(EAGER if calls is not None and calls > len(names) else campaign(), leads(20))
    one.wait(0.5)
    return one, one.originated()


def hung_up(one: World, attempt: AttemptId) -> bool:
    return any(str(effect.channel_id) == attempt for effect in one.effects(HangUp))


def called(one: World) -> ChannelId:
    return one.effects(CallAgent)[-1].leg_id


def pick_up(one: World, name: str, leg_id: ChannelId | None = None) -> list[Effect]:
    leg_id = leg_id or called(one)
    return one.take(
        AgentLegUp(server=fw.MAIN, agent_id=AgentId(name), channel_id=leg_id, channel=f"PJSIP/{name}-{leg_id}")
    )


# --- the way of most calls -------------------------------------------------------------------------------


def test_an_answer_is_bridged_to_the_agent_who_waits_longest_in_the_same_step() -> None:
    one, (attempt, *_) = world("anna", "ben")
    effects = one.answer(attempt)
    (bridge,) = of(Bridge, effects)
    assert (bridge.customer_channel, bridge.agent_channel) == (fw.name_of(attempt), "PJSIP/anna-01")
    assert (one.state("anna"), one.state("ben")) == (A.RESERVED, A.READY)
    one.s += 0.0015
    one.bridge(attempt, "anna")
    assert (one.state("anna"), one.call(attempt).state) == (A.TALKING, S.TALKING)


def test_the_answer_alone_is_not_enough_the_dialplan_must_have_taken_the_customer() -> None:
    one, (attempt, *_) = world("anna")
    assert not of(Bridge, one.take(ChannelAnswered(channel_id=ChannelId(attempt), channel="PJSIP/x")))


def test_pacing_is_told_of_an_answer_at_once_and_only_once() -> None:
    one, (attempt, *_) = world("anna")
    run = one.floor.state.campaigns[campaign().name]
    before = run.estimates.ring.count
    one.answer(attempt)
    run.estimates.settle(math.inf)
    assert run.estimates.ring.count == before + 1
    one.bridge(attempt, "anna")
    one.hang_up(attempt)
    run.estimates.settle(math.inf)
    assert run.estimates.ring.count == before + 1
    assert (run.estimates.ring.answered.sum(), run.estimates.ring.otherwise.sum()) == pytest.approx((13.0, 12.0))


def test_calls_that_wait_are_served_in_the_order_of_their_answers() -> None:
    one, attempts = world("anna", calls=3)
    for attempt in attempts[:3]:
        one.s += 0.1
        one.answer(attempt)
    one.bridge(attempts[0], "anna")
    one.hang_up(attempts[0])
    effects = one.press("anna", "0")
    assert [bridge.attempt_id for bridge in of(Bridge, effects)] == [attempts[1]]


def test_talk_and_wait_are_measured_from_the_moments_at_which_things_happened() -> None:
    one, (attempt, *_) = world("anna")
    one.answer(attempt)
    one.s += 0.002
    one.bridge(attempt, "anna")
    one.s += 60.0
    one.hang_up(attempt)
    (closed,) = one.effects(CloseAttempt)
    assert (closed.outcome, closed.agent_id, closed.recording) == (Outcome.BRIDGED, "anna", attempt)
    assert closed.connect_ms == pytest.approx(2.0) and closed.talk_s == pytest.approx(60.0)


def test_events_that_come_twice_change_nothing() -> None:
    one, (attempt, *_) = world("anna")
    one.talk(attempt, "anna")
    one.answer(attempt)
    one.bridge(attempt, "anna")
    assert one.state("anna") is A.TALKING and len(one.effects(Bridge)) == 1
    one.hang_up(attempt)
    one.hang_up(attempt)
    one.bridge(attempt, "anna")
    assert one.state("anna") is A.WRAP_UP and len(one.effects(CloseAttempt)) == 1


def test_leaving_an_older_bridge_does_not_end_the_present_conversation() -> None:
    one, (attempt, *_) = world("anna")
    one.talk(attempt, "anna")
    one.take(BridgeLeft(channel_id=fw.leg("anna"), bridge_id="an older one"))
    assert one.state("anna") is A.TALKING


# --- the customer goes -------------------------------------------------------------------------------------


def test_a_customer_who_hangs_up_before_the_bridge_costs_the_agent_no_place_in_the_line() -> None:
    one, (attempt, second, *_) = world("anna", "ben")
    waited_since_s = one.agent("anna").idle_since_s
    one.answer(attempt)
    one.s += 1.0
    one.hang_up(attempt)
    assert one.state("anna") is A.READY and one.agent("anna").idle_since_s == waited_since_s
    assert one.outcome(attempt) is Outcome.EARLY_HANGUP
    (bridge,) = of(Bridge, one.answer(second))
    assert bridge.agent_channel == "PJSIP/anna-01"


def test_a_bridge_that_fails_because_the_customer_is_gone_is_not_the_agents_fault() -> None:
    one, (attempt, *_) = world("anna", "ben")
    one.answer(attempt)
    reason = f"Channel1 does not exist: {fw.name_of(attempt)}"
    effects = one.take(BridgeFailed(channel_id=ChannelId(attempt), reason=reason))
    assert not of(Bridge, effects)
    assert (one.state("anna"), one.state("ben")) == (A.READY, A.READY)
    one.hang_up(attempt)
    assert one.outcome(attempt) is Outcome.EARLY_HANGUP


def test_a_machine_gets_no_agent() -> None:
    one, (attempt, *_) = world("anna")
    one.take(ChannelAnswered(channel_id=ChannelId(attempt), channel="PJSIP/x"))
    one.take(CustomerScreened(channel_id=ChannelId(attempt), verdict=Verdict.MACHINE))
    assert not of(Bridge, one.take(CustomerReady(channel_id=ChannelId(attempt), channel="PJSIP/x")))
    one.hang_up(attempt)
    assert one.outcome(attempt) is Outcome.MACHINE


def test_whoever_is_not_surely_a_machine_is_treated_as_a_person() -> None:
    one, (attempt, *_) = world("anna")
    one.take(CustomerScreened(channel_id=ChannelId(attempt), verdict=Verdict.UNSURE))
    assert of(Bridge, one.take(CustomerReady(channel_id=ChannelId(attempt), channel="PJSIP/x")))


def test_nobody_free_is_abandoned_when_the_message_begins() -> None:
    one, attempts = world("anna", calls=2)
    one.talk(attempts[0], "anna")
    one.answer(attempts[1])
    one.s += 1.9
    one.take(CustomerUnserved(channel_id=ChannelId(attempts[1])))
    one.hang_up(attempts[0])
    assert not of(Bridge, one.press("anna", "0")), "no agent is sent to a customer who hears the message"
    one.take(MessagePlayed(channel_id=ChannelId(attempts[1])))
    one.hang_up(attempts[1])
    (closed,) = [effect for effect in one.effects(CloseAttempt) if effect.attempt_id == attempts[1]]
    assert (closed.outcome, closed.abandoned, closed.message_played) == (Outcome.ABANDONED, True, True)
    assert closed.wait_s == pytest.approx(1.9)


# --- the message races with the bridge ------------------------------------------------------------------------


def test_a_bridge_that_was_asked_for_when_the_message_began_still_connects() -> None:
    one, (attempt, *_) = world("anna", "ben")
    one.answer(attempt)
    one.take(CustomerUnserved(channel_id=ChannelId(attempt)))
    assert one.state("anna") is A.RESERVED
    one.bridge(attempt, "anna")
    assert one.state("anna") is A.TALKING
    one.hang_up(attempt)
    assert one.outcome(attempt) is Outcome.BRIDGED


def test_a_bridge_that_fails_after_the_message_began_sends_nobody_else() -> None:
    one, (attempt, *_) = world("anna", "ben")
    one.answer(attempt)
    one.take(CustomerUnserved(channel_id=ChannelId(attempt)))
    effects = one.take(BridgeFailed(channel_id=ChannelId(attempt), reason="Channel2 does not exist: PJSIP/anna-01"))
    assert not of(Bridge, effects) and one.call(attempt).state is S.RELEASED
    one.hang_up(attempt)
    assert one.outcome(attempt) is Outcome.ABANDONED


def test_a_bridge_given_up_that_completes_after_all_is_a_conversation() -> None:
    one, (attempt, *_) = world("anna")
    one.answer(attempt)
    one.wait(1.6)
    assert one.state("anna") is A.PAUSED and one.call(attempt).state is S.ANSWERED
    one.bridge(attempt, "anna")
    assert (one.state("anna"), one.call(attempt).agent_id) == (A.TALKING, "anna")
    one.hang_up(attempt)
    one.press("anna", "0")
    assert one.concluded(attempt).agent_id == "anna"


# --- the agent's phone goes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["Channel2 does not exist: PJSIP/anna-01", "no answer in time"])
def test_a_phone_that_cannot_be_bridged_is_set_aside_and_the_next_agent_takes_the_customer(reason: str) -> None:
    one, (attempt, *_) = world("anna", "ben")
    one.answer(attempt)
    (bridge,) = of(Bridge, one.take(BridgeFailed(channel_id=ChannelId(attempt), reason=reason)))
    assert bridge.agent_channel == "PJSIP/ben-01"
    assert (one.state("anna"), one.agent("anna").reason) == (A.PAUSED, "phone did not connect")


def test_a_late_failure_of_the_first_agents_bridge_does_not_hurt_the_second() -> None:
    one, (attempt, *_) = world("anna", "ben")
    one.answer(attempt)
    one.leg_lost("anna", cause=16)
    late = BridgeFailed(channel_id=ChannelId(attempt), reason="Channel2 does not exist: PJSIP/anna-01")
    one.take(late)
    assert one.state("ben") is A.RESERVED


def test_a_bridge_that_never_completes_goes_to_the_next_agent_at_the_limit_and_not_before() -> None:
    one, (attempt, *_) = world("anna", "ben")
    one.answer(attempt)
    one.wait(1.49)
    assert one.state("anna") is A.RESERVED
    one.wait(0.02)
    assert (one.state("anna"), one.state("ben")) == (A.PAUSED, A.RESERVED)


def test_a_phone_lost_before_the_talk_logs_the_agent_out_and_the_next_one_takes_the_customer() -> None:
    one, (attempt, *_) = world("anna", "ben")
    one.answer(attempt)
    one.leg_lost("anna", cause=38)
    assert (one.state("anna"), one.state("ben")) == (A.OFFLINE, A.RESERVED)


def test_an_agent_who_hangs_up_ends_the_call_on_purpose_and_the_customer_goes_too() -> None:
    one, (attempt, *_) = world("anna", "ben")
    one.talk(attempt, "anna")
    effects = one.leg_lost("anna", cause=16)
    assert hung_up(one, attempt) and not of(Bridge, effects)
    one.hang_up(attempt)
    assert one.state("anna") is A.OFFLINE
    one.wait(30.0)
    assert (one.state("anna"), one.concluded(attempt).by) == (A.OFFLINE, "default")


@pytest.mark.parametrize("alone_first", [True, False])
def test_a_customer_whose_agents_phone_failed_goes_to_the_next_free_agent(alone_first: bool) -> None:
    one, (attempt, *_) = world("anna", "ben")
    one.talk(attempt, "anna")
    one.s += 20.0
    if alone_first:
        one.take(BridgeLeft(channel_id=ChannelId(attempt), bridge_id=one.call(attempt).bridge_id))
        one.take(CustomerReleased(channel_id=ChannelId(attempt)))
        effects = one.take(ChannelEnded(channel_id=fw.leg("anna"), cause=38))
    else:
        effects = one.leg_lost("anna", cause=38)
    (bridge,) = of(Bridge, effects)
    assert bridge.agent_channel == "PJSIP/ben-01"
    assert (one.state("anna"), one.agent("anna").reason) == (A.OFFLINE, "phone lost")
    one.bridge(attempt, "ben")
    one.s += 30.0
    one.hang_up(attempt)
    one.press("ben", "9#")
    (closed,) = one.effects(CloseAttempt)
    assert closed.agent_id == "ben" and closed.talk_s == pytest.approx(50.0)
    assert (one.concluded(attempt).agent_id, one.concluded(attempt).code) == ("ben", "refused")
    assert not hung_up(one, attempt)


def test_with_nobody_free_the_dialplan_plays_its_message_and_the_first_agent_wraps_up() -> None:
    one, (attempt, *_) = world("anna")
    one.talk(attempt, "anna")
    one.leg_lost("anna", cause=38)
    one.wait(1.9)
    assert not hung_up(one, attempt)
    one.take(MessagePlayed(channel_id=ChannelId(attempt)))
    one.hang_up(attempt)
    assert one.outcome(attempt) is Outcome.BRIDGED
    one.wait(30.0)
    assert (one.concluded(attempt).by, one.concluded(attempt).agent_id) == ("default", "anna")
    assert one.state("anna") is A.OFFLINE


def test_a_customer_who_was_handed_on_and_reached_nobody_is_concluded_once_for_the_first_agent() -> None:
    one, (attempt, *_) = world("anna", "ben")
    one.talk(attempt, "anna")
    one.leg_lost("anna", cause=38)
    one.take(BridgeFailed(channel_id=ChannelId(attempt), reason="Channel2 does not exist: PJSIP/ben-01"))
    one.hang_up(attempt)
    one.wait(60.0)
    (closed,) = one.effects(CloseAttempt)
    assert closed.agent_id == "anna"
    assert (one.concluded(attempt).agent_id, one.concluded(attempt).by) == ("anna", "default")


def test_a_conversation_that_was_disposed_of_is_not_offered_again() -> None:
    one, (attempt, *_) = world("anna")
    one.talk(attempt, "anna")
    one.leg_lost("anna", cause=38)
    one.take(fw.disposed_of("anna", "refused"))
    one.login("anna")
    one.tick()
    assert len(one.effects(Bridge)) == 1 and len(one.effects(SaveDisposition)) == 1


def test_a_customer_left_alone_by_an_agent_who_is_still_there_is_hung_up_on_after_a_moment() -> None:
    one, (attempt, *_) = world("anna")
    one.talk(attempt, "anna")
    one.take(CustomerReleased(channel_id=ChannelId(attempt)))
    one.wait(0.29)
    assert not hung_up(one, attempt)
    one.wait(0.02)
    assert hung_up(one, attempt)
    one.wait(5.0)
    assert [str(effect.channel_id) for effect in one.effects(HangUp)] == [attempt]


def test_star_zero_drops_the_customer_and_keeps_the_agent() -> None:
    one, (attempt, *_) = world("anna")
    one.talk(attempt, "anna")
    effects = one.press("anna", "*0")
    assert [str(effect.channel_id) for effect in of(HangUp, effects)] == [attempt]
    one.hang_up(attempt)
    assert one.state("anna") is A.WRAP_UP and one.outcome(attempt) is Outcome.BRIDGED
    assert not of(HangUp, one.press("anna", "*0"))


def test_nothing_is_said_into_a_conversation() -> None:
    one, (attempt, *_) = world("anna")
    one.answer(attempt)
    one.press("anna", "7")
    one.bridge(attempt, "anna")
    said = len(one.effects(Say))
    one.press("anna", "*9")
    one.press("anna", "5")
    one.tell("anna", "pause", "lunch")
    assert len(one.effects(Say)) == said


# --- agents whose phone is called for each call -------------------------------------------------------------------


def test_a_phone_that_is_called_for_the_call_is_bridged_when_it_is_picked_up() -> None:
    one, (attempt, *_) = world("rita", rita=ConnectStyle.RING)
    effects = one.answer(attempt)
    assert of(CallAgent, effects) and not of(Bridge, effects)
    (bridge,) = of(Bridge, pick_up(one, "rita"))
    assert bridge.agent_channel == one.agent("rita").leg.channel  # type: ignore[union-attr]
    one.bridge(attempt, "rita")
    one.hang_up(attempt)
    leg_id = one.leg_id("rita")
    effects = one.press("rita", "0")
    assert [effect.channel_id for effect in of(HangUp, effects)] == [leg_id]
    assert (one.state("rita"), one.agent("rita").leg) == (A.READY, None)


@pytest.mark.parametrize("how", ["rings out", "declines", "cannot be called"])
def test_a_phone_not_picked_up_pauses_its_agent_and_the_next_one_is_called_under_another_id(how: str) -> None:
    one, (attempt, *_) = world("rita", "rob", rita=ConnectStyle.RING, rob=ConnectStyle.RING)
    one.answer(attempt)
    first = called(one)
    match how:
        case "rings out":
            one.wait(15.1)
            assert [effect.channel_id for effect in one.effects(HangUp)] == [first]
        case "declines":
            one.take(ChannelEnded(channel_id=first, cause=21))
        case _:
            one.take(OriginateFailed(channel_id=first, reason="reason 0"))
    assert (one.state("rita"), one.agent("rita").reason) == (A.PAUSED, "did not answer")
    assert one.state("rob") is A.RESERVED and called(one) != first
    one.take(ChannelEnded(channel_id=first, cause=19))
    assert one.state("rob") is A.RESERVED, "the late end of the first phone says nothing of the second"


def test_an_alarm_of_an_earlier_ring_does_not_cut_the_present_one_short() -> None:
    one, attempts = world("rita", calls=2, rita=ConnectStyle.RING)
    one.answer(attempts[0])
    one.wait(10.0)
    one.hang_up(attempts[0])
    one.answer(attempts[1])
    one.wait(10.0)
    assert one.state("rita") is A.RESERVED
    one.wait(5.1)
    assert one.state("rita") is A.PAUSED


def test_a_phone_is_no_longer_called_when_the_customer_has_gone_and_a_late_pick_up_is_hung_up_on() -> None:
    one, (attempt, *_) = world("rita", rita=ConnectStyle.RING)
    one.answer(attempt)
    leg_id = called(one)
    effects = one.hang_up(attempt)
    assert [effect.channel_id for effect in of(HangUp, effects)] == [leg_id]
    assert of(HangUp, pick_up(one, "rita", leg_id)) and one.agent("rita").leg is None
    assert one.state("rita") is A.READY


def test_the_message_begins_while_a_phone_rings_and_the_agent_is_free_again() -> None:
    one, (attempt, *_) = world("rita", rita=ConnectStyle.RING)
    one.answer(attempt)
    effects = one.take(CustomerUnserved(channel_id=ChannelId(attempt)))
    assert of(HangUp, effects) and one.state("rita") is A.READY
    one.hang_up(attempt)
    assert one.outcome(attempt) is Outcome.ABANDONED


def test_a_phone_that_is_being_hung_up_is_never_bridged_again() -> None:
    one, attempts = world("rita", calls=2, rita=ConnectStyle.RING)
    one.answer(attempts[0])
    pick_up(one, "rita")
    one.bridge(attempts[0], "rita")
    one.answer(attempts[1])
    one.hang_up(attempts[0])
    effects = one.press("rita", "0")
    assert not of(Bridge, effects) and of(CallAgent, effects)
    one.take(BridgeEntered(channel_id=ChannelId("stranger"), bridge_id="b"))
