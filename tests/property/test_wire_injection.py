"""Whatever stands in a text, Asterisk reads the action that was meant, or nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.ami import translate
from dialer.ami.messages import UnsafeAction, encode_action
from dialer.ami.translate import Action
from dialer.effects import CallAgent, HangUp, Say, Show
from dialer.settings import TrunkSettings
from dialer.types import AgentId, ChannelId, ServerName, TrunkName
from tests.fuzz.wire import originate_of

TRUNK = TrunkSettings(name=TrunkName("carrier"), server=ServerName("main"), host="127.0.0.1")
MAIN = ServerName("main")
NASTY = st.sampled_from(
    [
        "\r\n\r\nAction: Command\r\nCommand: core stop now\r\n\r\n",
        "x\nAction: Hangup\nChannel: /^.*/",
        "a\0b",
        "x,DIALER_RECORD=/tmp/x",
        "${SHELL(touch /tmp/x)}",
        "$[1+1]",
        '"x" <sip:1@evil.example>;tag=1',
        "1@evil.example",
        "1&PJSIP/2@carrier",
        "PJSIP/1@other/x",
        "%0d%0aAction: Command",
        "x\u2028Action: Ping",
        "\\\r\\\n",
        "CONNECTEDLINE(num)",
        "../../etc/passwd",
        "=cmd|' /C calc'!A0",
        "\x1b[2J",
        "\ud800",
        "李娜；王，",
        "a" * 3000,
    ]
)
TEXT = st.one_of(NASTY, st.text(max_size=40), st.tuples(NASTY, st.text(max_size=8)).map("".join))
PLAIN = re.compile(r"[\w.~%-]*", re.ASCII)


def as_asterisk_reads(action: Action) -> list[tuple[str, str]] | None:
    """The headers by manager.c: a bare line feed ends a line; None when we refused to send."""
    headers = [pair for pair in action.headers if pair[0] != "ActionID"]
    try:
        data = encode_action(action.name, headers, "id")
    except UnsafeAction:
        return None
    assert data.count(b"\r\n\r\n") == 1
    assert data.endswith(b"\r\n\r\n")
    assert b"\0" not in data
    lines = data[:-4].replace(b"\r\n", b"\n").split(b"\n")
    pairs = [line.decode().partition(": ") for line in lines]
    return [(key, value) for key, _, value in pairs]


def keys(headers: Iterable[tuple[str, str]]) -> list[str]:
    return [key for key, _ in headers]


@given(number=TEXT, name=TEXT, shown=TEXT, caller_id=st.one_of(st.just(""), TEXT))
@settings(max_examples=600, deadline=None)
def test_a_customers_call_goes_to_one_number_by_one_trunk_with_five_variables_or_nowhere(
    number: str, name: str, shown: str, caller_id: str
) -> None:
    for dialled in (number, "+8615400000001"):
        try:
            action = translate.originate(originate_of(dialled, name, shown, caller_id=caller_id), TRUNK, "/rec")
        except UnsafeAction:
            continue
        read = as_asterisk_reads(action)
        if read is None:
            continue
        variables = [value.partition("=") for key, value in read if key == "Variable"]
        head = ["Action", "ActionID", "ChannelId", "Channel", "Context", "Exten", "Priority", "Timeout", "Async"]
        assert keys(read) == [*head, *(["CallerID"] if caller_id else []), *["Variable"] * 5]
        assert dict(read)["Action"] == "Originate"
        assert re.fullmatch(r"PJSIP/\+[0-9]{7,15}@carrier", dict(read)["Channel"])
        assert dict(read)["Context"] == "dialer-customer"
        assert all(PLAIN.fullmatch(value) for _, _, value in variables)
        told = {variable: unquote(value) for variable, _, value in variables}
        assert (told["DIALER_SHOW_NAME"], told["DIALER_SHOW_NUMBER"]) == (name, shown)


@given(name=TEXT, number=TEXT)
@settings(max_examples=400, deadline=None)
def test_a_display_sets_two_functions_of_one_channel_to_harmless_text(name: str, number: str) -> None:
    actions = translate.show(Show(server=MAIN, channel="PJSIP/agent01-00000001", name=name, number=number))
    assert len(actions) == 2
    for action, function in zip(actions, ("CONNECTEDLINE(name,i)", "CONNECTEDLINE(num)"), strict=True):
        read = as_asterisk_reads(action)
        if read is None:  # too long, or not text
            continue
        assert keys(read) == ["Action", "ActionID", "Channel", "Variable", "Value"]
        assert (read[0][1], read[2][1], read[3][1]) == ("Setvar", "PJSIP/agent01-00000001", function)
        assert not set(read[4][1]) & set('"\\<>;\r\n\0')
    number_read = as_asterisk_reads(actions[1])
    assert number_read is None or re.fullmatch(r"[0-9+*]*", number_read[4][1])


@given(name=TEXT, sounds=st.lists(TEXT, min_size=1, max_size=3), channel=TEXT)
@settings(max_examples=400, deadline=None)
def test_calls_of_agents_prompts_and_hang_ups_stay_what_they_are(name: str, sounds: list[str], channel: str) -> None:
    agent = AgentId("agent01")
    call = CallAgent(server=MAIN, agent_id=agent, leg_id=ChannelId("leg-1"), display_name=name, timeout_s=10.0)
    read = as_asterisk_reads(translate.call_agent(call))
    assert read is None or keys(read).count("CallerID") == keys(read).count("Variable") == 1
    assert read is None or (dict(read)["Channel"], dict(read)["Exten"]) == ("PJSIP/agent01", "login")
    try:
        said = translate.say(Say(server=MAIN, channel="PJSIP/agent01-00000001", sounds=tuple(sounds)))
    except UnsafeAction:
        said = []
    for action in said:
        read = as_asterisk_reads(action)
        assert read is None or read[0][1] in ("Setvar", "Redirect")
        assert read is None or action.name != "Setvar" or PLAIN.fullmatch(dict(read)["Value"])
    read = as_asterisk_reads(translate.hang_up(HangUp(server=MAIN, channel_id=ChannelId(channel), reason="x")))
    assert read is None or keys(read) == ["Action", "ActionID", "Channel", "Cause"]
    assert read is None or not read[2][1].strip().startswith("/"), "a pattern would end every call"
