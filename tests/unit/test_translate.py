"""Manager events to facts, effects to manager actions."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote

import pytest

import floor_world as fw
from dialer.ami import translate
from dialer.ami.messages import Message, encode_action
from dialer.effects import Bridge, CallAgent, HangUp, Originate, Permit, Say, Show
from dialer.facts import (
    AgentLegUp,
    BridgeEntered,
    BridgeLeft,
    ChannelAnswered,
    ChannelEnded,
    ChannelRang,
    CustomerReady,
    CustomerReleased,
    CustomerScreened,
    CustomerUnserved,
    DigitPressed,
    Fact,
    LiveChannel,
    MessagePlayed,
    OriginateFailed,
)
from dialer.types import AccountId, AgentId, AttemptId, CampaignName, ChannelId, Number, ServerName, Verdict

ID = ChannelId("att-r1-000001")
HEAD = {"Uniqueid": ID, "Channel": "PJSIP/trunk-00000007"}


def event(name: str, **headers: str) -> Message:
    return Message.from_headers([("Event", name), *(HEAD | headers).items()])


def user(name: str, **headers: str) -> Message:
    return event("UserEvent", UserEvent=name, **headers)


@pytest.mark.parametrize(
    ("message", "fact"),
    [
        (event("Newstate", ChannelState="5"), ChannelRang(channel_id=ID)),
        (event("Newstate", ChannelState="6"), ChannelAnswered(channel_id=ID, channel=HEAD["Channel"])),
        (event("Newstate", ChannelState="3"), None),
        (event("Hangup", Cause="17", TechCause="486"), ChannelEnded(channel_id=ID, cause=17, sip_code=486)),
        (event("Hangup", Cause="16"), ChannelEnded(channel_id=ID, cause=16, sip_code=None)),
        (event("Hangup", Cause=""), ChannelEnded(channel_id=ID, cause=0, sip_code=None)),
        (event("Hangup", Cause="٣", TechCause="-1"), ChannelEnded(channel_id=ID, cause=0, sip_code=None)),
        (
            event("OriginateResponse", Response="Failure", Reason="5"),
            OriginateFailed(channel_id=ID, reason="originate failed, reason 5"),
        ),
        (event("OriginateResponse", Response="Success", Reason="4"), None),
        (event("BridgeEnter", BridgeUniqueid="b1"), BridgeEntered(channel_id=ID, bridge_id="b1")),
        (event("BridgeLeave", BridgeUniqueid="b1"), BridgeLeft(channel_id=ID, bridge_id="b1")),
        (event("DTMFEnd", Direction="Received", Digit="*"), DigitPressed(channel_id=ID, digit="*")),
        (event("DTMFEnd", Direction="Sent", Digit="1"), None),
        (user("DialerReady"), CustomerReady(channel_id=ID, channel=HEAD["Channel"])),
        (
            user("DialerScreened", Verdict="MACHINE", Reason="LONGGREETING-1-2"),
            CustomerScreened(channel_id=ID, verdict=Verdict.MACHINE, reason="LONGGREETING-1-2"),
        ),
        (user("DialerScreened", Verdict="NOTSURE"), CustomerScreened(channel_id=ID, verdict=Verdict.UNSURE)),
        (user("DialerUnserved"), CustomerUnserved(channel_id=ID)),
        (user("DialerReleased"), CustomerReleased(channel_id=ID)),
        (user("DialerMessagePlayed"), MessagePlayed(channel_id=ID)),
        (
            user("DialerAgentLeg", Agent="anna"),
            AgentLegUp(server=fw.MAIN, agent_id=AgentId("anna"), channel_id=ID, channel=HEAD["Channel"]),
        ),
        (user("DialerInbound", Called="1"), None),
        (event("VarSet"), None),
    ],
)
def test_an_event_means(message: Message, fact: Fact | None) -> None:
    assert translate.fact_of(message, fw.MAIN) == fact


def test_every_event_that_is_translated_is_subscribed_to() -> None:
    assert set(translate._BY_EVENT) <= translate.SUBSCRIBED


def test_a_listed_leg_names_its_agent_and_a_customers_channel_none() -> None:
    leg = event("CoreShowChannel", Channel="PJSIP/anna-lee-0000000a", ChannelState="6", Context="dialer-agent")
    customer = event("CoreShowChannel", ChannelState="5", Context="dialer-customer", BridgeId="b1")
    assert translate.live_channel(leg, fw.MAIN) == LiveChannel(
        channel_id=ID, channel="PJSIP/anna-lee-0000000a", up=True, context="dialer-agent", agent_id=AgentId("anna-lee")
    )
    assert translate.live_channel(customer, fw.MAIN) == LiveChannel(
        channel_id=ID, channel=HEAD["Channel"], up=False, context="dialer-customer", bridge_id="b1"
    )


def test_a_channel_that_asterisk_named_is_told_apart_by_its_server_and_hung_up_by_its_own_name() -> None:
    ended = event("Hangup", Uniqueid="1700000000.7", Cause="16")
    fact = translate.fact_of(ended, ServerName("north"))
    assert isinstance(fact, ChannelEnded)
    assert fact != translate.fact_of(ended, ServerName("south"))
    action = translate.hang_up(HangUp(server=ServerName("north"), channel_id=fact.channel_id, reason="test"))
    assert ("Channel", "1700000000.7") in action.headers


def an_originate(**changed: object) -> Originate:
    permit = Permit(
        campaign=CampaignName("spring"),
        account_id=AccountId(1),
        number=Number("+8613900000001"),
        issued_at=fw.EPOCH,
        expires_at=fw.EPOCH + timedelta(seconds=5),
        rules=(),
    )
    values: dict[str, object] = {
        "permit": permit,
        "attempt_id": AttemptId(ID),
        "server": fw.MAIN,
        "trunk": fw.TRUNK,
        "caller_id": "02100001111",
        "display_name": "张*, 0001",
        "display_number": "+86 139****0001",
        "ring_timeout_s": 30.0,
        "wait_s": 1.9,
        "message": "dialer/zh/sorry",
        "detect_machines": False,
        "record": True,
    }
    return Originate(**(values | changed))  # type: ignore[arg-type]


def test_a_call_goes_straight_to_the_trunk_under_our_own_id_and_never_blocks_the_link() -> None:
    action = translate.originate(an_originate(), fw.trunk(), "/var/recordings")
    headers = dict(action.headers)
    assert (headers["ActionID"], headers["ChannelId"]) == (ID, ID)
    assert headers["Channel"] == "PJSIP/+8613900000001@trunk"
    assert (headers["Context"], headers["Exten"], headers["Timeout"]) == ("dialer-customer", "s", "30000")
    assert (headers["Async"], headers["CallerID"]) == ("true", "02100001111")
    sent = [value.partition("=") for name, value in action.headers if name == "Variable"]
    assert {name: unquote(value) for name, _, value in sent} == {
        "DIALER_WAIT_S": "1.900",
        "DIALER_MESSAGE": "dialer/zh/sorry",
        "DIALER_SHOW_NAME": "张*, 0001",
        "DIALER_SHOW_NUMBER": "+86 139****0001",
        "DIALER_RECORD": "/var/recordings",
    }


def test_what_is_off_is_not_sent() -> None:
    action = translate.originate(an_originate(record=False, caller_id="", detect_machines=True), fw.trunk(), "/r")
    assert dict(action.headers)["Exten"] == "amd"
    assert "CallerID" not in dict(action.headers)
    assert not any("RECORD" in value for _, value in action.headers)


ACTIONS = [
    translate.originate(an_originate(), fw.trunk(), "/r"),
    translate.call_agent(
        CallAgent(
            server=fw.MAIN,
            agent_id=AgentId("anna"),
            leg_id=ChannelId("leg-1"),
            timeout_s=15.0,
            display_name='王"\\<1>\r\n;x',
        )
    ),
    translate.bridge(Bridge(server=fw.MAIN, attempt_id=AttemptId(ID), customer_channel="PJSIP/a", agent_channel="P/b")),
    translate.hang_up(HangUp(server=fw.MAIN, channel_id=ID, reason="over")),
    *translate.say(Say(server=fw.MAIN, channel="PJSIP/a", sounds=("dialer/zh/saved", "dialer/zh/1"))),
    *translate.show(Show(server=fw.MAIN, channel="PJSIP/a", name="王*\n", number="139****1")),
]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_every_action_can_be_written_safely(action: translate.Action) -> None:
    headers = [pair for pair in action.headers if pair[0] != "ActionID"]
    assert encode_action(action.name, headers, "id-1").startswith(f"Action: {action.name}\r\n".encode())


def test_an_agents_phone_is_called_into_the_login_and_shows_only_harmless_text() -> None:
    headers = dict(ACTIONS[1].headers)
    assert (headers["Channel"], headers["Context"], headers["Exten"]) == ("PJSIP/anna", "dialer-agent", "login")
    assert (headers["ChannelId"], headers["Timeout"]) == ("leg-1", "15000")
    assert headers["CallerID"] == '"王1x" <10>'


def test_the_tone_is_for_the_agent_only() -> None:
    assert ("Tone", "Channel2") in ACTIONS[2].headers and ("Channel2", "P/b") in ACTIONS[2].headers


def test_sounds_are_played_in_order_on_the_parked_leg() -> None:
    setvar, redirect = (dict(one.headers) for one in ACTIONS[4:6])
    assert unquote(setvar["Value"]) == "dialer/zh/saved&dialer/zh/1"
    assert (redirect["Context"], redirect["Exten"]) == ("dialer-agent", "say")


@pytest.mark.parametrize(
    ("number", "form", "written"),
    [
        ("+8613900000001", "e164", "+8613900000001"),
        ("+8613900000001", "digits", "8613900000001"),
        ("+8613900000001", "national", "13900000001"),
        ("+861088880000", "national", "01088880000"),  # a landline keeps its trunk prefix
        ("+8675588880000", "national", "075588880000"),
        ("+864008880000", "national", "4008880000"),
        ("+12025550100", "national", "+12025550100"),
    ],
)
def test_a_number_is_written_as_the_trunk_wants_it(number: str, form: str, written: str) -> None:
    assert translate.written(number, form) == written
