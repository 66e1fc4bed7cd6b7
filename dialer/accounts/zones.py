"""Which time zones a phone number may be in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from phonenumbers import timezone as number_zones

from dialer.accounts.us_states import zones_of_state
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


def zone_text(number: Number, address: str = "") -> str:
    """The zones to keep calling hours by, as a lead has them: commas between candidates; empty when nobody can tell.

    Where the debtor's address and the number speak of different zones, both are candidates, and a call has to be
    allowed in all of them. Source: REGF-5.

    Args:
        number: in E.164.
        address: the debtor's state or province, as far as the list has it.
    """
    return _joined(_zones_of_address(address if number.startswith("+1") else ""), zones_of(number))


def _zones_of_address(address: str) -> tuple[str, ...]:
    return zones_of_state(address) if address else ()


@lru_cache(maxsize=4096)
def _joined(by_address: tuple[str, ...], by_number: tuple[str, ...]) -> str:
    """One zone for each clock, the address's first."""
    kept: list[str] = []
    for zone in dict.fromkeys((*by_address, *by_number)):
        if not any(_same_clock((one, zone)) for one in kept):
            kept.append(zone)
    return ",".join(kept)


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
