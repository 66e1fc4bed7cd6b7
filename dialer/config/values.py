"""How single values are written in settings files: durations, ratios, times, days, names, secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from dialer.calling_rules import CampaignPeriod, LocalDays, Rolling, Window
from dialer.config.yaml_source import FromOutside

MOST_DAYS = 366
"""The longest window of a limit, and the longest period of a campaign."""
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)?")
_UNITS: Mapping[str, float] = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_RATIO = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(%?)")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_ENDPOINT = re.compile(r"[a-z][a-z0-9_]{0,30}")
_SECRET = re.compile(r"[A-Za-z0-9._~+/=@!%^*-]{8,128}")  # what Asterisk's files can hold without quoting
_DIGITS = re.compile(r"[0-9]{1,2}")
_CALLER_ID = re.compile(r"\+?[0-9]{3,15}")
_EXTENSION = re.compile(r"[0-9]{2,10}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}")
_ADDRESS = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?!$)|$)){4}")
_SOUND = re.compile(r"[A-Za-z0-9_./-]{1,200}")

_PREFIX = re.compile(r"\+[0-9]{1,12}")
_LOCAL_DAYS = re.compile(r"(?:([0-9]{1,3})\s+)?local days?")

_DAYS: Mapping[str, int] = {
    **{name: day for day, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))},
    **{f"周{name}": day for day, name in enumerate("一二三四五六日")},
    "周天": 6,
}


def wrong(text: str) -> PydanticCustomError:
    """An error whose sentence goes on after the value: `"x" is not ...`."""
    return PydanticCustomError("wrong_value", "{text}", {"text": text})


def parse_duration(value: object) -> float:
    """Seconds from `30s`, `5m`, `2h`, `1d`, `500ms`, or a plain number of seconds."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise wrong("is not a duration; write 30s, 5m, 2h, 1d, or a number of seconds")
    return float(found[1]) * _UNITS[found[2] or "s"]


def parse_ratio(value: object) -> float:
    """A ratio from `0.03` or `3%`."""
    found = _RATIO.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise wrong("is not a ratio; write 0.03 or 3%")
    ratio = float(Decimal(found[1]) / 100) if found[2] else float(found[1])
    if ratio > 1:
        raise wrong(f"is more than everything; write {found[1]}% or a number from 0 to 1")
    return ratio


def parse_clock(text: str) -> time:
    """A time of day from `08:00`; `24:00` is midnight."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise wrong("is not a time; write 08:00, up to 24:00")
    hour, minute = int(found[1]), int(found[2])
    if (hour, minute) == (24, 0):
        return time(0)
    if hour > 23 or minute > 59:
        raise wrong("is not a time; write 08:00, up to 24:00")
    return time(hour, minute)


def parse_window(value: object) -> Window:
    """Calling hours from `08:00-22:00`, end not included."""
    parts = re.split(r"[-–~至]", value) if isinstance(value, str) else []
    if len(parts) != 2:
        raise wrong("is not a window; write 08:00-22:00")
    opens, closes = parse_clock(parts[0]), parse_clock(parts[1])
    if closes not in (time(0),) and closes <= opens:
        raise wrong("ends before it begins; split it at midnight: 20:00-24:00 and, the next day, 00:00-02:00")
    return Window(opens=opens, closes=closes)


def parse_days(text: str) -> tuple[int, ...]:
    """Weekdays (Monday 0) from `mon-fri`, `sat`, `周一-周五`, `every day`."""
    if text.strip() in ("every day", "每天"):
        return tuple(range(7))
    names = [part.strip().lower() for part in re.split(r"[-–~至]", text)]
    if not all(name in _DAYS for name in names) or len(names) > 2:
        raise ValueError(f"{text!r} is not a weekday; write mon-fri, sat, every day, 周一-周五 or 每天")
    first, last = _DAYS[names[0]], _DAYS[names[-1]]
    return tuple((first + offset) % 7 for offset in range((last - first) % 7 + 1))


def parse_local_window(value: object) -> LocalDays | Rolling:
    """Over what a limit counts: `local day`, `7 local days` (the event's own is the first), `2h`, or `campaign`."""
    if value == "campaign":
        return CampaignPeriod(days=MOST_DAYS)
    found = _LOCAL_DAYS.fullmatch(value) if isinstance(value, str) else None
    if found is not None and 1 <= int(found[1] or 1) <= MOST_DAYS:
        return LocalDays(days=int(found[1] or 1))
    if found is None and isinstance(value, str) and _DURATION.fullmatch(value):
        seconds = parse_duration(value)
        if 0 < seconds <= MOST_DAYS * _UNITS["d"]:
            return Rolling(seconds=seconds)
    raise wrong("is not a window; write local day, 7 local days, a duration such as 2h, up to 366 days, or campaign")


def parse_money(value: object) -> Decimal:
    """An amount from `1.00`."""
    try:
        amount = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or amount < 0:
        raise wrong("is not an amount; write 1.00")
    return amount


def parse_date(value: object) -> date:
    """A date from `2026-02-17`."""
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise wrong("is not a date; write 2026-02-17") from None


def parse_secret(value: object) -> str:
    """A secret that came from outside the file; one that is written in the file is refused."""
    if not isinstance(value, FromOutside):
        raise PydanticCustomError(
            "secret",
            "a secret must not be written in this file; put it in a file of its own and write "
            "!file secrets/NAME (chmod 600), or write !env NAME",
        )
    if not _SECRET.fullmatch(value):
        raise PydanticCustomError(
            "secret",
            "this secret cannot be used; it takes 8 to 128 letters, digits and . _ ~ + / = @ ! % ^ * -",
        )
    return str(value)


def _clock(value: object) -> time:
    if not isinstance(value, str):
        raise wrong("is not a time; write 08:00, up to 24:00")
    return parse_clock(value)


def _matching(pattern: re.Pattern[str], allowed: str) -> BeforeValidator:
    def parse(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise wrong(f"is not allowed; write {allowed}")
        return str(value)

    return BeforeValidator(parse)


def one_or_more(value: object) -> object:
    """Let a list of one be written without its dash."""
    return [value] if isinstance(value, str) else value


Duration = Annotated[float, BeforeValidator(parse_duration)]
Ratio = Annotated[float, BeforeValidator(parse_ratio)]
Money = Annotated[Decimal, BeforeValidator(parse_money)]
Clock = Annotated[time, BeforeValidator(_clock)]
Day = Annotated[date, BeforeValidator(parse_date)]
Windows = Annotated[tuple[Annotated[Window, BeforeValidator(parse_window)], ...], BeforeValidator(one_or_more)]
Secret = Annotated[str, BeforeValidator(parse_secret)]
Name = Annotated[str, _matching(_NAME, "a small letter, then up to 30 small letters, digits, - or _, as in agent01")]
EndpointName = Annotated[
    # A hyphen ends an endpoint's name in the names of its channels, and spying goes by their beginning.
    str,
    _matching(_ENDPOINT, "a small letter, then up to 30 small letters, digits or _, as in agent01"),
]
Names = Annotated[tuple[Name, ...], BeforeValidator(one_or_more)]
Digits = Annotated[str, _matching(_DIGITS, "one or two digits")]
CallerIds = Annotated[
    tuple[Annotated[str, _matching(_CALLER_ID, "3 to 15 digits, with or without +")], ...],
    BeforeValidator(one_or_more),
]
Prefixes = Annotated[
    tuple[Annotated[str, _matching(_PREFIX, "+ and 1 to 12 digits, as in +86")], ...], BeforeValidator(one_or_more)
]
Extension = Annotated[str, _matching(_EXTENSION, "2 to 10 digits, such as 1001")]
Addresses = Annotated[
    tuple[Annotated[str, _matching(_ADDRESS, "an IPv4 address such as 10.0.0.5")], ...], BeforeValidator(one_or_more)
]
Host = Annotated[str, _matching(_HOST, "a host name or an IPv4 address")]
Sound = Annotated[str, _matching(_SOUND, "a sound's name without its ending, such as dialer/zh/identify")]
