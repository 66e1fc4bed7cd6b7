"""What do a phone and its driver say to each other? One JSON line per event, one line of words per command.

-> dial *10 | answer | hangup | dtmf *21 | play FILE | mute | quit     (`agent01 dial *10` when a process has several)
<- {"event": "connected", "phone": "agent01", "at_s": 1234.5, "number": "*10", ...}
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Value = str | int | float | bool

_DTMF = re.compile(r"[0-9A-D*#]{1,32}")
_NUMBER = re.compile(r"[0-9A-Za-z*#+._-]{1,64}")


class EventName(StrEnum):
    """What can happen to a phone, and the keys that come with it."""

    REGISTERED = "registered"  # expires_s
    REGISTER_FAILED = "register_failed"  # code, reason, final: trying again is useless
    UNREGISTERED = "unregistered"
    CALLING = "calling"  # number
    INCOMING = "incoming"  # name, number
    CONNECTED = "connected"  # number
    MEDIA = "media"  # codec; audio flows from now on
    DISPLAY = "display"  # name, number
    HEARD = "heard"  # sound, onset_s, frequency_hz, level_db
    HUSHED = "hushed"  # since_s
    DTMF_SENT = "dtmf_sent"  # digits
    DTMF_RECEIVED = "dtmf_received"  # digits
    DISCONNECTED = "disconnected"  # code, reason, talked_s
    LOST = "lost"  # reason: the server no longer knows the call, or is silent
    REDIALING = "redialing"  # after_s
    ERROR = "error"  # reason: a command or an operation failed, the phone goes on
    QUIT = "quit"  # code


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneEvent:
    """One thing that happened to one phone.

    Attributes:
        name: What.
        phone: SIP user.
        at_s: Monotonic seconds, the same clock in all processes of a machine.
        data: See `EventName`.
    """

    name: EventName
    phone: str
    at_s: float
    data: Mapping[str, Value] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the line for standard output."""
        whole = {"event": self.name, "phone": self.phone, "at_s": round(self.at_s, 6), **self.data}
        return json.dumps(whole, ensure_ascii=False)


def parse_event(line: str) -> PhoneEvent:
    """Read a line of `PhoneEvent.to_json`.

    Raises:
        ValueError: It is none.
    """
    whole = json.loads(line)
    if not isinstance(whole, dict) or not {"event", "phone", "at_s"} <= whole.keys():
        raise ValueError(f"not an event of a phone: {line!r}")
    name, phone, at_s = whole.pop("event"), whole.pop("phone"), whole.pop("at_s")
    return PhoneEvent(name=EventName(name), phone=str(phone), at_s=float(at_s), data=whole)


class Verb(StrEnum):
    """What a phone can be told to do."""

    DIAL = "dial"
    ANSWER = "answer"
    HANG_UP = "hangup"
    DTMF = "dtmf"
    PLAY = "play"
    MUTE = "mute"
    HELP = "help"
    QUIT = "quit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One instruction.

    Attributes:
        verb: What to do.
        argument: Number, digits or file; empty where the verb takes none.
        phone: SIP user, or empty for every phone of the process.
    """

    verb: Verb
    argument: str = ""
    phone: str = ""


def parse_command(line: str, phones: Collection[str]) -> Command | None:
    """Read one line; a blank line is None, and bare digits are DTMF as on a real telephone.

    Args:
        line: What was typed or sent.
        phones: SIP users that a line may begin with.

    Raises:
        ValueError: The line is no command; its text can be shown to the person.
    """
    first, _, rest = line.strip().partition(" ")
    if not first:
        return None
    phone = first if first in phones else ""
    if phone:
        first, _, rest = rest.strip().partition(" ")
    if _DTMF.fullmatch(first) and not rest:
        return Command(verb=Verb.DTMF, argument=first, phone=phone)
    if first not in list(Verb):
        raise ValueError(f"{first!r} is no command; there are: {', '.join(Verb)}")
    return _checked(Command(verb=Verb(first), argument=rest.strip(), phone=phone))


def _checked(command: Command) -> Command:
    match command.verb:
        case Verb.DIAL if not _NUMBER.fullmatch(command.argument):
            raise ValueError("dial needs a number, such as: dial *10")
        case Verb.DTMF if not _DTMF.fullmatch(command.argument):
            raise ValueError("dtmf needs 1 to 32 of 0-9 * # A-D, such as: dtmf *21")
        case Verb.PLAY if not command.argument:
            raise ValueError("play needs a WAV file, 8 kHz mono 16-bit")
        case _:
            return command
