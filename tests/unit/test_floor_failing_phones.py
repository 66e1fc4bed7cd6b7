"""Phones that fail: one that rings in vain costs one customer only, one that comes back costs none."""

from __future__ import annotations

from dialer.effects import Bridge, HangUp, SaveDisposition
from dialer.facts import AgentLegUp, ChannelEnded, CustomerReleased, CustomerUnserved, DispositionTold
from dialer.types import AgentId, AgentState, ChannelId, ConnectStyle, DispositionCode, Outcome
from floor_world import MAIN, World, agent, campaign, leads, of, settings


def test_a_phone_that_rang_until_the_message_began_is_set_aside_and_its_customer_counted() -> None:
    one = World(settings([agent("rita", connect=ConnectStyle.RING)]))
    one.tell("rita", "login")
    one.launch(campaign(), leads(2))
    one.wait(0.5)
    [attempt] = one.originated()
    one.answer(attempt)
    one.wait(1.5)
    effects = one.take(CustomerUnserved(channel_id=ChannelId(attempt)))
    assert of(HangUp, effects)
    assert (one.state("rita"), one.agent("rita").reason) == (AgentState.PAUSED, "did not answer")
    one.hang_up(attempt)
    assert one.outcome(attempt) is Outcome.ABANDONED
    one.wait(1.0)
    assert one.originated() == [attempt], "the next customer was called for nobody"


def test_a_phone_that_died_in_a_talk_and_is_back_at_once_gets_its_customer_again() -> None:
    one = World(settings([agent("anna")]))
    one.login("anna")
    one.launch(campaign(), leads(1))
    [attempt] = one.originated()
    one.answer(attempt)
    one.bridge(attempt, "anna")
    old_leg = one.leg_id("anna")
    back = AgentLegUp(server=MAIN, agent_id=AgentId("anna"), channel_id=ChannelId("17.9"), channel="PJSIP/anna-09")
    effects = one.take(back)
    assert [effect.channel_id for effect in of(HangUp, effects)] == [old_leg]
    one.take(ChannelEnded(channel_id=old_leg, cause=16))
    [again] = of(Bridge, one.take(CustomerReleased(channel_id=ChannelId(attempt))))
    assert (again.attempt_id, again.agent_channel) == (attempt, "PJSIP/anna-09")
    one.bridge(attempt, "anna", "second-bridge")
    one.wait(1.0)
    assert one.state("anna") is AgentState.TALKING
    assert not any(str(effect.channel_id) == attempt for effect in one.effects(HangUp)), "the customer was dropped"
    one.hang_up(attempt)
    one.press("anna", "0")
    assert one.concluded(attempt).agent_id == "anna"


def _talked_and_lost(one: World, cause: int) -> str:
    """Anna has talked, and her phone has gone in wrap-up."""
    one.login("anna")
    one.launch(campaign(wrap_up_limit_s=20.0), leads(1))
    [attempt] = one.originated()
    one.answer(attempt)
    one.bridge(attempt, "anna")
    one.hang_up(attempt)
    assert one.state("anna") is AgentState.WRAP_UP
    one.take(ChannelEnded(channel_id=one.leg_id("anna"), cause=cause))
    return attempt


def _back(one: World) -> None:
    one.take(AgentLegUp(server=MAIN, agent_id=AgentId("anna"), channel_id=ChannelId("17.9"), channel="PJSIP/anna-09"))


def test_an_agent_whose_phone_goes_in_wrap_up_is_offline_at_once_and_the_account_is_concluded_at_the_limit() -> None:
    one = World(settings([agent("anna")]))
    attempt = _talked_and_lost(one, cause=16)
    assert one.state("anna") is AgentState.OFFLINE
    one.wait(19.0)
    assert not one.effects(SaveDisposition)
    one.wait(1.5)
    assert (one.concluded(attempt).agent_id, one.concluded(attempt).by) == ("anna", "default")
    assert not one.floor.state.wraps
    _back(one)
    assert one.state("anna") is AgentState.READY


def test_an_agent_who_is_back_within_the_limit_keys_in_what_was_agreed() -> None:
    one = World(settings([agent("anna")]))
    attempt = _talked_and_lost(one, cause=0)
    one.wait(5.0)
    _back(one)
    assert one.state("anna") is AgentState.WRAP_UP
    one.press("anna", "0")
    assert one.concluded(attempt).by == "dtmf"
    assert one.state("anna") is AgentState.READY
    one.wait(30.0)
    assert len(one.effects(SaveDisposition)) == 1


def test_an_agent_without_a_phone_may_conclude_by_command_and_a_wrong_code_changes_nothing() -> None:
    one = World(settings([agent("anna")]))
    attempt = _talked_and_lost(one, cause=0)
    one.take(DispositionTold(agent_id=AgentId("anna"), code=DispositionCode("no_such_code")))
    assert one.state("anna") is AgentState.OFFLINE
    code = one.floor.state.known[campaign().name].dispositions[0].code
    one.take(DispositionTold(agent_id=AgentId("anna"), code=code))
    assert one.concluded(attempt).by == "cli"
    assert one.state("anna") is AgentState.OFFLINE
