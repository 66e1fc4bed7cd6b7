"""What of an effect must be the same when its facts are fed again? A line of text for each.

Left out is what a recording has no original of: numbers, names and account numbers, masked or not. A lead stands as
the store's ids of its account and phone, settings stand as the campaign's name, a moment that is the step's own as
`now`; what is empty is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from dialer.effects import Effect, Report
from dialer.leads import Lead
from dialer.masking import mask_text
from dialer.settings import CampaignSettings

HIDDEN: Final = frozenset({"display_name", "display_number", "name", "number", "note", "account"})
"""Fields of effects, and of reports, that name a person."""

_FIELDS: dict[type, tuple[str, ...]] = {}


def essence(effect: Effect, at: datetime, caller_id: Callable[[str], str] = str) -> str:
    """An effect in one line.

    Args:
        effect: as the floor gave it.
        at: the moment of the step.
        caller_id: makes one of our own numbers the pseudonym under which the recording knows it.
    """
    if isinstance(effect, Report):
        parts = _of_mapping({"event": effect.event, "level": effect.level, **effect.fields}, at)
    else:
        parts = _of_fields(effect, at, caller_id)
    return " ".join((type(effect).__name__, *parts))


def _of_fields(value: object, at: datetime, caller_id: Callable[[str], str] = str) -> Iterator[str]:
    kind = type(value)
    names = _FIELDS.get(kind)
    if names is None:
        names = _FIELDS[kind] = tuple(one.name for one in fields(value) if one.name not in HIDDEN)  # type: ignore[arg-type]
    for name in names:
        part = getattr(value, name)
        if name == "caller_id":
            part = caller_id(part)
        elif name == "rule":
            part = part.rpartition(" (")[0] or part  # without the file it stands in
        if not _is_empty(part):
            yield f"{name}={part if name.endswith('_id') else _text(part, at)}"  # ids are digits, but no numbers


def _of_mapping(values: Mapping[str, object], at: datetime) -> Iterator[str]:
    for name, part in values.items():
        if name not in HIDDEN and not _is_empty(part):
            yield f"{name}={_text(part, at)}"


def _is_empty(part: object) -> bool:
    return part is None or part is False or part == "" or part == ()


def _text(value: object, at: datetime) -> str:
    match value:
        case Enum():
            return str(value.value)
        case str():
            return mask_text(value)
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return "now" if value == at else value.isoformat()
        case Lead():
            return f"{value.account_id}/{value.phone_id}"
        case CampaignSettings():
            return value.name
        case tuple():
            return ",".join(_text(part, at) for part in value)
        case Mapping():
            return "(" + " ".join(_of_mapping(value, at)) + ")"
        case _ if is_dataclass(value):
            return "(" + " ".join(_of_fields(value, at)) + ")"
        case _:
            return str(value)
