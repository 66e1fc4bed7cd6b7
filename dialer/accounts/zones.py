"""Which time zones a phone number may be in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from phonenumbers import timezone as number_zones

from dialer.types import Number

CHINA = ("Asia/Shanghai",)
"""China keeps one legal time throughout."""

_UNKNOWN = "Etc/Unknown"
_SAMPLES = tuple(datetime(2025, 1, 1, 12, tzinfo=UTC) + timedelta(days=7 * week) for week in range(104))


def zones_of(number: Number) -> tuple[str, ...]:
    """The IANA zones in which a number may ring.

    Args:
        number: in E.164.

    Returns:
        One zone where the country or area code tells it, several where it does not, empty when unknown.
    """
    # Fictional and newly assigned Chinese numbers are "unknown" to the library, their zone is not.
    if number.startswith("+86"):
        return CHINA
    return _zones_by_prefix(number)


@lru_cache(maxsize=65_536)
def _zones_by_prefix(number: str) -> tuple[str, ...]:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()
    found = number_zones.time_zones_for_geographical_number(parsed)
    return tuple(zone for zone in found if zone != _UNKNOWN)


def settle_zone(candidates: tuple[str, ...], default_zone: str) -> str:
    """The one zone to keep calling hours by, or empty when nobody can tell.

    Args:
        candidates: from `zones_of`.
        default_zone: the settings' zone; taken when there is no candidate or it is one of them.

    Returns:
        The zone; the first of several that keep the same clock; empty for several that do not.
    """
    if not candidates or default_zone in candidates:
        return default_zone
    return candidates[0] if _same_clock(candidates) else ""


@lru_cache(maxsize=1024)
def _same_clock(candidates: tuple[str, ...]) -> bool:
    if not known_zones().issuperset(candidates):
        return len(candidates) == 1
    clocks = {tuple(at.astimezone(ZoneInfo(zone)).utcoffset() for at in _SAMPLES) for zone in candidates}
    return len(clocks) == 1


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """Every IANA zone that this machine knows."""
    return frozenset(available_timezones())
