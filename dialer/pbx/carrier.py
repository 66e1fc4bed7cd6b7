"""What is the telephone network when there is none? A second private Asterisk, reached over real SIP and RTP.

It answers, rings, is busy or speaks by the last four digits of the number (`Fixed`, for tests) or by chance
(`Chances`, for the demo). Nothing it gets goes any further, and it counts every INVITE it sees.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from dialer import private
from dialer.errors import PbxError
from dialer.pbx.install import AsteriskTools
from dialer.pbx.instance import AsteriskInstance
from dialer.pbx.model import PbxValueError, Ports
from dialer.pbx.render import BASE_MODULES, render_base
from dialer.pbx.sounds import Sound, Speech, Tone, build_sounds
from dialer.pbx.templates import fill

# Without rfc3326 a person's BYE carries no Reason, as on most real trunks.
CARRIER_MODULES = (
    *(name for name in BASE_MODULES if name != "res_pjsip_rfc3326"),
    "func_rand",
    "func_env",
    "func_dialplan",
    "pbx_spool",
    "res_pjsip_endpoint_identifier_anonymous",
)


class Fixed(StrEnum):
    """The last four digits of a number, and what happens to a call to it."""

    PERSON = "0001"
    BUSY = "0002"
    NO_ANSWER = "0003"
    INVALID = "0004"
    CONGESTED = "0005"
    EARLY_HANGUP = "0006"
    MACHINE = "0007"
    DECLINED = "0008"
    SWITCHED_OFF = "0009"
    SILENT = "0010"
    TALKATIVE = "0011"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """What happens to a call, as shares of 1; the rest are people who answer.

    The defaults are stand-ins for a list of middling quality, not measurements.
    """

    machine: float = 0.08
    no_answer: float = 0.28
    busy: float = 0.06
    declined: float = 0.06
    invalid: float = 0.03
    congested: float = 0.01
    switched_off: float = 0.06
    early_hangup: float = 0.02

    def __post_init__(self) -> None:
        shares = [getattr(self, item.name) for item in fields(self)]
        if min(shares) < 0 or sum(shares) > 1 + 1e-9:
            raise PbxValueError("The list of chances", shares, "shares from 0 to 1, together at most 1")


class Ending(StrEnum):
    """What becomes of every call to a number that has a fate of its own."""

    ANSWERS = "answers"
    RINGS = "rings"
    """And nobody ever answers."""
    DECLINES = "declines"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of every call to one number. Seconds."""

    ending: Ending
    before_s: float = 0.0
    """From the dial to the ringing; where it does not ring, to the network's no."""
    rings_s: float = 0.0
    """Until it is answered or declined."""
    talk_s: float = 0.0
    """From the answer until whoever answered hangs up."""

    def __post_init__(self) -> None:
        lengths = (self.before_s, self.rings_s, self.talk_s)
        if not all(0.0 <= seconds <= 3600.0 for seconds in lengths):
            raise PbxValueError("A number's fate", lengths, "seconds from 0 to 3600")


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierSettings(Ports):
    """One simulated network.

    Attributes:
        fates: Of single numbers, in E.164; they go before `fixed` and chance.
        dialer_sip_port: Where people who call back reach the dialer; None if nobody will.
        fixed: Whether the last four digits of `Fixed` decide before chance does.
        fixed_ring_s: Seconds of ringing before an answer of `Fixed`.
        fixed_talk_s: Seconds that `Fixed.PERSON` talks.
        chances: For all other numbers.
        ring_s: Shortest and longest ringing, by chance, in seconds.
        talk_s: Shortest and longest talk, by chance, in seconds.
        ami_secret: Of the manager user `carrier`.
    """

    fates: Mapping[str, Fate] = field(default_factory=dict)
    dialer_sip_port: int | None = None
    fixed: bool = True
    fixed_ring_s: float = 0.3
    fixed_talk_s: float = 5.0
    chances: Chances = field(default_factory=Chances)
    ring_s: tuple[float, float] = (2.0, 8.0)
    talk_s: tuple[float, float] = (8.0, 20.0)
    ami_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    def __post_init__(self) -> None:
        Ports.__post_init__(self)
        if self.bind_host != "127.0.0.1":
            raise PbxValueError("The carrier's SIP address", self.bind_host, "only 127.0.0.1: it is a simulation")
        for number in self.fates:
            if not number.removeprefix("+").isdecimal() or not number.isascii():
                raise PbxValueError("A number with a fate", number, "digits, with or without +")
        for what, (least, most) in (("ring_s", self.ring_s), ("talk_s", self.talk_s)):
            if not 0 <= least <= most <= 3600:
                raise PbxValueError(what, (least, most), "two numbers of seconds, the smaller one first")


class Carrier:
    """The simulated network, running.

    Args:
        tools: From `ensure_asterisk`.
        folder: Its own folder; the sounds of its people are made below it.
        settings: Ports and behaviour.
        progress: Is told when sounds have to be made.
    """

    def __init__(
        self,
        tools: AsteriskTools,
        folder: Path,
        settings: CarrierSettings,
        progress: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.settings = settings
        self._folder = folder.absolute()
        self._invites_file = self._folder / "invites.txt"
        self._tools = tools
        self._progress = progress
        sounds = tools.folder / "carrier-sounds"
        self._sounds = sounds
        self.instance = AsteriskInstance(
            tools,
            self._folder,
            render_carrier(settings, self._invites_file),
            sip_port=settings.sip_port,
            ami_port=settings.ami_port,
            sounds=sounds,
        )

    def __enter__(self) -> Carrier:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *, die_with_parent: bool = True) -> None:
        """Make the sounds if they are missing, and start; see `AsteriskInstance.start`."""
        build_sounds(self._tools, self._sounds, PEOPLE, self._progress)
        private.make_folder(self._folder)
        self._invites_file.unlink(missing_ok=True)
        self._invites_file.touch(mode=0o600)
        self.instance.start(die_with_parent=die_with_parent)

    def stop(self) -> None:
        """End it; `invites()` can still be read."""
        self.instance.stop()

    def invites(self) -> Counter[str]:
        """Return how often each number was dialled, as the network saw it, since the start."""
        return Counter(self._invites_file.read_text(encoding="ascii").split())

    def call_back(self, *, caller: str, called: str) -> None:
        """Let a person call a number of ours; the call is placed within about a second.

        Raises:
            PbxError: The numbers are no numbers, or the settings name no SIP port of the dialer.
        """
        if self.settings.dialer_sip_port is None:
            raise PbxError("Nobody can call back: the carrier was started without dialer_sip_port.")
        for number in (caller, called):
            if not number.lstrip("+").isdigit():
                raise PbxValueError("A telephone number", number, "digits, with or without +")
        text = (
            f"Channel: PJSIP/{called}@dialer\nCallerID: <{caller}>\nMaxRetries: 0\nWaitTime: 20\n"
            "Context: carrier-end\nExtension: s\nPriority: 1\n"
        )
        spool = self._folder / "spool"
        (spool / "outgoing").mkdir(exist_ok=True)
        draft = spool / f"{secrets.token_hex(8)}.call"
        draft.write_text(text, encoding="ascii")
        draft.rename(spool / "outgoing" / draft.name)  # Asterisk takes a file as soon as it is there


def render_carrier(settings: CarrierSettings, invites_file: Path) -> dict[str, str]:
    """Return every file of the network's Asterisk but `asterisk.conf`."""
    dialer = ""
    if settings.dialer_sip_port is not None:
        dialer = fill("carrier/dialer.conf", {"dialer_sip_port": settings.dialer_sip_port})
    return {
        **render_base(settings, CARRIER_MODULES),
        "dialer_manager.conf": fill("carrier/manager.conf", {"ami_secret": settings.ami_secret}),
        "dialer_pjsip.conf": fill("carrier/pjsip.conf", {"dialer_endpoint": dialer}),
        "dialer_extensions.conf": fill("carrier/extensions.conf", _dialplan_values(settings, invites_file)),
    }


def _dialplan_values(settings: CarrierSettings, invites_file: Path) -> dict[str, object]:
    return {
        "invites_file": invites_file,
        "fixed": int(settings.fixed),
        "fixed_ring_s": settings.fixed_ring_s,
        "fixed_talk_s": settings.fixed_talk_s,
        "ring_min_ms": round(settings.ring_s[0] * 1000),
        "ring_max_ms": round(settings.ring_s[1] * 1000),
        "talk_min_ms": round(settings.talk_s[0] * 1000),
        "talk_max_ms": round(settings.talk_s[1] * 1000),
        "chance_lines": _chance_lines(settings.chances),
        "fated_lines": "\n".join(_fated_line(number, fate) for number, fate in settings.fates.items()),
    }


def _fated_line(number: str, fate: Fate) -> str:
    lengths = f"{fate.before_s:.3f},{fate.rings_s:.3f},{fate.talk_s:.3f}"
    return f"exten => {number.removeprefix('+')},1,Gosub(carrier-fate,{fate.ending},1({lengths}))"


def _chance_lines(chances: Chances) -> str:
    lines, upper = [], 0.0
    for item in fields(chances):
        upper += getattr(chances, item.name)
        lines.append(f" same => n,GotoIf($[${{DRAW}} <= {round(upper * 10_000)}]?{item.name},1)")
    return "\n".join(lines)


def _person(number: int, pitch: int, *sentences: str) -> dict[str, Sound]:
    said = {f"greeting-{number}": "wei2, ni2 hao3?"}
    said |= {f"talk-{number}-{index}": sentence for index, sentence in enumerate(sentences, start=1)}
    return {name: Speech(text=text, language="zh", pitch=pitch, words_per_minute=180) for name, text in said.items()}


PEOPLE: Mapping[str, Sound] = MappingProxyType(
    {
        **_person(1, 30, "wo3 zhi1 dao4 le5", "zhe4 ge4 yue4 shou3 tou2 you3 dian3 jin3", "wo3 xia4 zhou1 huan2"),
        **_person(2, 60, "qing3 wen4 ni3 shi4 na3 li3", "wo3 zai4 kai1 hui4", "hao3 de5, wo3 ming2 tian1 huan2"),
        **_person(3, 85, "ting1 bu4 tai4 qing1 chu5", "wo3 yao4 xiang3 yi2 xia4", "ke3 yi3 fen1 qi1 ma5"),
        "machine": Speech(
            text="nin2 hao3, wo3 xian4 zai4 bu4 neng2 jie1 ting1 nin2 de5 dian4 hua4, "
            "qing3 zai4 di1 sheng1 hou4 liu2 yan2, xie4 xie5",
            language="zh",
        ),
        "beep": Tone(notes=((0, 0.3), (1000, 0.4))),
        "switched-off": Speech(text="nin2 bo1 da3 de5 dian4 hua4 yi3 guan1 ji1", language="zh", pitch=70),
    }
)
