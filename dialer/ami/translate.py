"""The two vocabularies side by side: manager events to facts, effects to manager actions (pure).

Nothing but this module and its neighbours knows what Asterisk calls things. The names of contexts, variables and user
events are the dialplan's; `asterisk/README.md` lists them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from dialer.ami.messages import Message, UnsafeAction, encode_variable
from dialer.effects import Bridge, CallAgent, HangUp, Originate, Say, Show
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
from dialer.settings import TrunkSettings
from dialer.types import AgentId, ChannelId, ServerName, Verdict

SUBSCRIBED: Final = frozenset(
    {
        "Newstate",
        "Hangup",
        "OriginateResponse",
        "BridgeEnter",
        "BridgeLeave",
        "DTMFEnd",
        "UserEvent",
        "FullyBooted",
    }
)
OURS: Final = ("att-", "leg-")
"""Beginnings of the channel ids that we choose ourselves; they are unique everywhere."""
AT: Final = "@"
UP: Final = "6"
"""ChannelState of a channel that has been answered."""

AGENT_CONTEXT: Final = "dialer-agent"
CUSTOMER_CONTEXT: Final = "dialer-customer"

_DIALABLE: Final = re.compile(r"\+[0-9]{7,15}")
_NOT_SHOWN: Final = re.compile(r"[^0-9+*]")

_VERDICTS: Final = {"HUMAN": Verdict.HUMAN, "MACHINE": Verdict.MACHINE}

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Action:
    """One manager action."""

    name: str
    headers: Headers


# --- events to facts -----------------------------------------------------------------------------------


def fact_of(message: Message, server: ServerName) -> Fact | None:
    """What an event means.

    Args:
        message: an event.
        server: where it happened.

    Returns:
        The fact, or None when the event says nothing that the floor needs.
    """
    translate = _BY_EVENT.get(message.event)
    return translate(message, server) if translate is not None else None


def _newstate(message: Message, server: ServerName) -> Fact | None:
    channel_id = _id(message, server)
    match message.get("ChannelState"):
        case "5":
            return ChannelRang(channel_id=channel_id)
        case "6":
            return ChannelAnswered(channel_id=channel_id, channel=message.get("Channel"))
        case _:
            return None


def _hangup(message: Message, server: ServerName) -> Fact:
    return ChannelEnded(
        channel_id=_id(message, server),
        cause=_number(message.get("Cause")) or 0,
        sip_code=_number(message.get("TechCause")),
    )


def _originate_response(message: Message, server: ServerName) -> Fact | None:
    if message.get("Response") != "Failure":
        return None
    return OriginateFailed(channel_id=_id(message, server), reason=f"originate failed, reason {message.get('Reason')}")


def _bridge_enter(message: Message, server: ServerName) -> Fact:
    return BridgeEntered(channel_id=_id(message, server), bridge_id=message.get("BridgeUniqueid"))


def _bridge_leave(message: Message, server: ServerName) -> Fact:
    return BridgeLeft(channel_id=_id(message, server), bridge_id=message.get("BridgeUniqueid"))


def _dtmf(message: Message, server: ServerName) -> Fact | None:
    if message.get("Direction") != "Received":
        return None
    return DigitPressed(channel_id=_id(message, server), digit=message.get("Digit"))


def _user_event(message: Message, server: ServerName) -> Fact | None:
    channel_id, channel = _id(message, server), message.get("Channel")
    match message.get("UserEvent"):
        case "DialerReady":
            return CustomerReady(channel_id=channel_id, channel=channel)
        case "DialerScreened":
            verdict = _VERDICTS.get(message.get("Verdict"), Verdict.UNSURE)
            return CustomerScreened(channel_id=channel_id, verdict=verdict, reason=message.get("Reason"))
        case "DialerUnserved":
            return CustomerUnserved(channel_id=channel_id)
        case "DialerMessagePlayed":
            return MessagePlayed(channel_id=channel_id)
        case "DialerReleased":
            return CustomerReleased(channel_id=channel_id)
        case "DialerAgentLeg":
            agent_id = AgentId(message.get("Agent"))
            return AgentLegUp(server=server, agent_id=agent_id, channel_id=channel_id, channel=channel)
        case _:
            return None


_BY_EVENT: Final[Mapping[str, Callable[[Message, ServerName], Fact | None]]] = {
    "Newstate": _newstate,
    "Hangup": _hangup,
    "OriginateResponse": _originate_response,
    "BridgeEnter": _bridge_enter,
    "BridgeLeave": _bridge_leave,
    "DTMFEnd": _dtmf,
    "UserEvent": _user_event,
}


def live_channel(item: Message, server: ServerName) -> LiveChannel:
    """One item of CoreShowChannels."""
    channel = item.get("Channel")
    context = item.get("Context")
    # PJSIP/agent01-00000007: the endpoint stands between the slash and the last dash.
    endpoint = channel.partition("/")[2].rpartition("-")[0]
    return LiveChannel(
        channel_id=_id(item, server),
        channel=channel,
        up=item.get("ChannelState") == UP,
        context=context,
        bridge_id=item.get("BridgeId"),
        agent_id=AgentId(endpoint) if context == AGENT_CONTEXT else None,
    )


def _id(message: Message, server: ServerName) -> ChannelId:
    """Asterisk's Uniqueid; the ones it made itself repeat from server to server and get the server's name."""
    unique = message.get("Uniqueid")
    return ChannelId(unique if unique.startswith(OURS) else f"{unique}{AT}{server}")


def _unique(channel_id: ChannelId) -> str:
    """The Uniqueid by which the channel's own server knows it."""
    return channel_id.partition(AT)[0]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


# --- effects to actions --------------------------------------------------------------------------------


def originate(effect: Originate, trunk: TrunkSettings, recordings: str) -> Action:
    """The action that places a customer's call.

    Args:
        effect: what the floor decided.
        trunk: the way out, which says how it wants numbers written.
        recordings: the server's folder for recordings.

    Raises:
        UnsafeAction: the number is more than a number; in a channel's name it could lead anywhere.
    """
    if not _DIALABLE.fullmatch(effect.permit.number):
        raise UnsafeAction("The number to dial is not + and 7 to 15 digits; import it again.")
    variables = {
        "DIALER_WAIT_S": f"{effect.wait_s:.3f}",
        "DIALER_MESSAGE": effect.message,
        "DIALER_SHOW_NAME": effect.display_name,
        "DIALER_SHOW_NUMBER": effect.display_number,
    }
    if effect.record:
        variables["DIALER_RECORD"] = recordings
    headers: Headers = [
        ("ActionID", effect.attempt_id),
        ("ChannelId", effect.attempt_id),
        ("Channel", f"PJSIP/{written(effect.permit.number, trunk.number_format)}@{trunk.name}"),
        ("Context", CUSTOMER_CONTEXT),
        ("Exten", "amd" if effect.detect_machines else "s"),
        ("Priority", "1"),
        ("Timeout", str(round(max(effect.ring_timeout_s, effect.dial_timeout_s) * 1000))),
        ("Async", "true"),
    ]
    if effect.caller_id:
        headers.append(("CallerID", effect.caller_id))
    headers += [("Variable", encode_variable(name, value)) for name, value in variables.items()]
    return Action("Originate", headers)


def call_agent(effect: CallAgent) -> Action:
    """The action that calls an agent's own phone."""
    headers: Headers = [
        ("ActionID", effect.leg_id),
        ("ChannelId", effect.leg_id),
        ("Channel", f"PJSIP/{effect.agent_id}"),
        ("Context", AGENT_CONTEXT),
        ("Exten", "login"),
        ("Priority", "1"),
        ("Timeout", str(round(effect.timeout_s * 1000))),
        ("Async", "true"),
        ("CallerID", f'"{_quotable(effect.display_name) or "Dialer"}" <10>'),
        ("Variable", encode_variable("DIALER_AGENT", effect.agent_id)),
    ]
    return Action("Originate", headers)


def bridge(effect: Bridge) -> Action:
    """The action that joins customer and agent, with a tone in the agent's ear only."""
    headers = [("Channel1", effect.customer_channel), ("Channel2", effect.agent_channel), ("Tone", "Channel2")]
    return Action("Bridge", headers)


def hang_up(effect: HangUp) -> Action:
    """The action that ends a channel."""
    return Action("Hangup", [("Channel", _unique(effect.channel_id)), ("Cause", "16")])


def say(effect: Say) -> list[Action]:
    """The actions that play sounds into an agent's parked leg."""
    # Setvar takes the value as it is; sound names are our own and hold nothing that needs encoding but `&`.
    name, _, value = encode_variable("DIALER_SAY", "&".join(effect.sounds)).partition("=")
    return [
        Action("Setvar", [("Channel", effect.channel), ("Variable", name), ("Value", value)]),
        Action(
            "Redirect",
            [("Channel", effect.channel), ("Context", AGENT_CONTEXT), ("Exten", "say"), ("Priority", "1")],
        ),
    ]


def show(effect: Show) -> list[Action]:
    """The actions that put a name and a number on an agent's phone."""
    number = _NOT_SHOWN.sub("", effect.number)  # it becomes the user part of a SIP URI
    values = {"CONNECTEDLINE(name,i)": _quotable(effect.name), "CONNECTEDLINE(num)": number}
    return [
        Action("Setvar", [("Channel", effect.channel), ("Variable", name), ("Value", value)])
        for name, value in values.items()
    ]


def written(number: str, number_format: str) -> str:
    """A number as a trunk wants it: `e164`, `digits` (without the plus sign) or `national` (China: without +86)."""
    match number_format:
        case "digits":
            return number.removeprefix("+")
        case "national":
            return _in_china(number.removeprefix("+86")) if number.startswith("+86") else number
        case _:
            return number


def _in_china(number: str) -> str:
    """A Chinese number as it is dialled within China: landlines with their trunk prefix 0."""
    is_landline = re.fullmatch(r"(?!1[3-9]\d{9}$|[48]00\d{7}$|9[56]\d{3,6}$)[1-9]\d{8,}", number)
    return f"0{number}" if is_landline else number


def _quotable(text: str) -> str:
    """Text that may stand in a SIP display name: no quotes, backslashes, brackets or control characters."""
    return "".join(char for char in text if char.isprintable() and char not in '"\\<>;')
