"""Logging in, pausing, logging out, and phones that come and go."""

from __future__ import annotations

import pytest

import floor_world as fw
from dialer.effects import CallAgent, HangUp, SaveAgentState
from dialer.facts import AgentLegUp, ChannelEnded, SettingsReloaded
from dialer.settings import AgentSettings
from dialer.types import AgentId, AgentState, ChannelId, ConnectStyle, ServerName
from floor_world import World, agent, campaign, leads, of, settings

A = AgentState
RITA = agent("rita", connect=ConnectStyle.RING)


def world(*people: AgentSettings) -> World:
    return World(settings(people or [agent("anna"), agent("ben"), RITA]))


def test_dialling_in_makes_ready_and_hanging_up_logs_out() -> None:
    one = world()
    one.login("anna")
    assert one.state("anna") is A.READY
    one.take(ChannelEnded(channel_id=fw.leg("anna"), cause=16))
    assert (one.state("anna"), one.agent("anna").leg) == (A.OFFLINE, None)
    states = [effect.state for effect in one.effects(SaveAgentState)]
    assert states == [A.READY, A.OFFLINE]


def test_a_login_by_cli_calls_the_phone_and_waits_for_it() -> None:
    one = world()
    (ring,) = of(CallAgent, one.tell("anna", "login"))
    assert one.state("anna") is A.CALLING_IN
    up = AgentLegUp(server=fw.MAIN, agent_id=AgentId("anna"), channel_id=ring.leg_id, channel="PJSIP/anna-02")
    one.take(up)
    assert one.state("anna") is A.READY
    assert one.take(up) == [], "the same leg again is no news"


@pytest.mark.parametrize("how", ["declines", "rings out"])
def test_a_phone_that_is_not_picked_up_leaves_the_agent_offline(how: str) -> None:
    one = world()
    (ring,) = of(CallAgent, one.tell("anna", "login"))
    if how == "declines":
        one.take(ChannelEnded(channel_id=ring.leg_id, cause=21))
    else:
        one.wait(29.9)
        assert one.state("anna") is A.CALLING_IN
        one.wait(0.2)
    assert one.state("anna") is A.OFFLINE and not one.floor.state.called


def test_a_log_out_while_the_phone_still_rings_stops_the_ringing() -> None:
    one = world()
    (ring,) = of(CallAgent, one.tell("anna", "login"))
    (stop,) = of(HangUp, one.tell("anna", "logout"))
    assert (stop.channel_id, one.state("anna")) == (ring.leg_id, A.OFFLINE)


def test_an_agent_whose_phone_is_called_for_each_call_logs_in_without_a_leg() -> None:
    one = world()
    assert not of(CallAgent, one.tell("rita", "login"))
    assert one.state("rita") is A.READY and one.agent("rita").free


def test_a_second_phone_takes_over_and_the_end_of_the_first_does_not_log_out() -> None:
    one = world()
    one.login("anna")
    up = AgentLegUp(server=fw.MAIN, agent_id=AgentId("anna"), channel_id=ChannelId("17.2"), channel="PJSIP/anna-02")
    (stop,) = of(HangUp, one.take(up))
    assert stop.channel_id == fw.leg("anna")
    one.take(ChannelEnded(channel_id=fw.leg("anna"), cause=16))
    assert (one.state("anna"), one.leg_id("anna")) == (A.READY, "17.2")


@pytest.mark.parametrize(("name", "server"), [("stranger", fw.MAIN), ("anna", ServerName("elsewhere"))])
def test_a_phone_that_is_not_known_here_is_hung_up_on(name: str, server: ServerName) -> None:
    one = world()
    (stop,) = of(HangUp, one.login(name, server=server))
    assert stop.channel_id == fw.leg(name)
    assert not any(one.floor.state.legs)


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [("login", "logged in already"), ("accept", "nothing to accept"), ("dance", "nothing to dance")],
)
def test_a_wish_that_cannot_be_had_is_refused_in_words(wish: str, sentence: str) -> None:
    one = world()
    one.login("anna")
    one.tell("anna", wish)
    assert sentence in one.refusals()[0]


def test_who_is_offline_or_unknown_can_wish_for_nothing_but_a_login() -> None:
    one = world()
    one.tell("anna", "pause")
    one.tell("zorro", "login")
    assert "not logged in" in one.refusals()[0] and "no agent is called zorro" in one.refusals()[1]


def test_logging_out_forgets_the_leg_at_once_so_that_nobody_is_bridged_to_it() -> None:
    one = world(agent("anna"))
    one.login("anna")
    one.launch(campaign(), leads(3))
    one.tell("anna", "logout")
    assert one.agent("anna").leg is None
    one.answer(one.originated()[0])
    assert one.state("anna") is A.OFFLINE
    one.take(ChannelEnded(channel_id=fw.leg("anna"), cause=16))
    one.login("anna")
    assert one.state("anna") is A.RESERVED, "back in time for the customer who still waits"


def test_a_phone_lost_in_a_pause_or_wrap_up_logs_out_and_dialling_in_again_goes_on() -> None:
    one = world(agent("anna"))
    one.login("anna")
    one.launch(campaign(), leads(3))
    attempt = one.originated()[0]
    one.talk(attempt, "anna")
    one.hang_up(attempt)
    one.leg_lost("anna", cause=38)
    assert one.state("anna") is A.OFFLINE
    one.login("anna")
    assert one.state("anna") is A.WRAP_UP
    one.press("anna", "0")
    assert one.state("anna") is A.READY
    one.tell("anna", "pause", "lunch")
    one.leg_lost("anna", cause=38)
    assert one.state("anna") is A.OFFLINE


def test_an_agent_taken_out_of_the_settings_finishes_the_call_first() -> None:
    one = world(agent("anna"), agent("ben"))
    one.login("anna", "ben")
    one.launch(campaign(), leads(5))
    attempt = one.originated()[0]
    one.talk(attempt, "anna")
    effects = one.take(SettingsReloaded(settings=settings([agent("carl")])))
    assert one.state("anna") is A.TALKING
    assert AgentId("ben") not in one.floor.state.agents and of(HangUp, effects)
    one.press("anna", "*2")
    one.hang_up(attempt)
    one.press("anna", "0")
    one.tick()
    assert set(one.floor.state.agents) == {AgentId("carl")}
    assert one.concluded(attempt).agent_id == "anna"
    assert of(HangUp, one.login("anna")), "no longer known"


def test_alarms_of_an_agent_who_is_no_more_are_harmless() -> None:
    one = world(agent("anna"))
    one.login("anna")
    one.launch(campaign(), leads(5))
    attempt = one.originated()[0]
    one.talk(attempt, "anna")
    one.hang_up(attempt)
    one.press("anna", "9#")
    one.take(SettingsReloaded(settings=settings([agent("carl")])))
    one.wait(60.0)
    assert set(one.floor.state.agents) == {AgentId("carl")}


def test_a_name_changed_by_a_reload_changes_nothing_else() -> None:
    one = world(agent("anna"))
    one.login("anna")
    one.take(SettingsReloaded(settings=settings([agent("anna", team="late")])))
    assert (one.state("anna"), one.agent("anna").settings.team) == (A.READY, "late")
