"""The form of a recording: JSON lines. The first says how it began, the last how it ended, each other is one step.

    {"format": 1, "run": ..., "program": ..., "rules": ..., "began_s": ..., "settings": ..., "known": ..., ...}
    {"s": 12.5, "at": "2026-11-23T02:00:00Z", "fact": "ChannelRang", "with": {...}, "effects": [...], "decided": [...]}
    {"end": "engine stopped", "steps": 1234}

`effects` are lines of `dialer.replay.essence`, `decided` is what pacing said in this step, `raised` is the error by
which a step ended instead. What is empty is not written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, get_args

from pydantic import TypeAdapter, ValidationError

from dialer.facts import Fact
from dialer.floor.state import Moment
from dialer.pacing import Decision
from dialer.settings import CampaignSettings, DialerSettings

FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is needed to begin again."""

    format: int = FORMAT
    run: str
    """The engine's run id; part of every attempt id."""
    program: str
    """Version of the program."""
    rules: str
    """Fingerprint of the source that decides; see `dialer.replay.fingerprint`."""
    began_s: float
    began_at: datetime
    settings: DialerSettings
    known: tuple[CampaignSettings, ...]
    """Every campaign that had a sound file."""

    @property
    def began(self) -> Moment:
        """The moment at which the floor was made."""
        return Moment(self.began_s, self.began_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One fact, and what the floor made of it."""

    fact: Fact
    now: Moment
    effects: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()
    raised: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The last line."""

    reason: str
    steps: int


class NotThisFormatError(ValueError):
    """A line that this program cannot read; the message says what is wrong with it."""


_KINDS: Final[dict[str, type]] = {kind.__name__: kind for kind in get_args(Fact)}
_ADAPTERS: Final[dict[str, TypeAdapter[Fact]]] = {name: TypeAdapter(kind) for name, kind in _KINDS.items()}
_HEADER: Final = TypeAdapter(Header)
_NOTHING: Final = b"{}"
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def decision_text(decision: Decision) -> str:
    """A decision of pacing in one line: calls, what bounds them, and why."""
    return f"{decision.calls} {decision.limit}: {decision.reason}"


def encode_header(header: Header) -> bytes:
    """The first line."""
    return _HEADER.dump_json(header) + b"\n"


def encode_step(step: Step) -> bytes:
    """One line; the fact must have passed a `Veil`."""
    kind = type(step.fact).__name__
    line = b'{"s":%r,"at":"%s","fact":"%s"' % (step.now.s, step.now.at.isoformat().encode(), kind.encode())
    content = _ADAPTERS[kind].dump_json(step.fact)
    if content != _NOTHING:
        line += b',"with":' + content
    for name, texts in (("effects", step.effects), ("decided", step.decided)):
        if texts:
            line += f',"{name}":{_json(texts)}'.encode()
    if step.raised:
        line += f',"raised":{_json(step.raised)}'.encode()
    return line + b"}\n"


def encode_end(end: End) -> bytes:
    """The last line."""
    return f'{{"end":{_json(end.reason)},"steps":{end.steps}}}\n'.encode()


def decode_header(line: bytes) -> Header:
    """The inverse of `encode_header`.

    Raises:
        NotThisFormatError: no recording, or of a format that this program does not read.
    """
    seen = _object(line)
    if seen.get("format") != FORMAT:
        raise NotThisFormatError(f"it has format {seen.get('format')}, and this program reads format {FORMAT}")
    try:
        return _HEADER.validate_json(line)
    except ValidationError as invalid:
        raise NotThisFormatError(_first(invalid)) from None


def decode_line(line: bytes) -> Step | End:
    """The inverse of `encode_step` and `encode_end`.

    Raises:
        NotThisFormatError: no such line, or a fact that this program does not know.
    """
    seen = _object(line)
    try:
        if "end" in seen:
            return End(reason=seen["end"], steps=seen["steps"])
        kind = seen["fact"]
        if kind not in _ADAPTERS:
            raise NotThisFormatError(f"this program knows no fact {kind}")
        return Step(
            fact=_ADAPTERS[kind].validate_python(seen.get("with", {})),
            now=Moment(float(seen["s"]), datetime.fromisoformat(seen["at"])),
            effects=tuple(seen.get("effects", ())),
            decided=tuple(seen.get("decided", ())),
            raised=seen.get("raised", ""),
        )
    except KeyError as missing:
        raise NotThisFormatError(f"it has no {missing}") from None
    except ValidationError as invalid:
        raise NotThisFormatError(_first(invalid)) from None


def _json(value: str | Sequence[str]) -> str:
    return _ENCODER.encode(value)


def _object(line: bytes) -> dict[str, Any]:
    try:
        seen = json.loads(line)
    except ValueError as problem:
        raise NotThisFormatError(f"not JSON: {problem}") from None
    if not isinstance(seen, dict):
        raise NotThisFormatError("no JSON object")
    return seen


def _first(invalid: ValidationError) -> str:
    error = invalid.errors()[0]
    return f"{invalid.title}: {'.'.join(map(str, error['loc']))}: {error['msg']}"
