"""Rules that come into force on a day: which hold for a call, by the local date of whom it is to. Pure.

With several candidate zones a rule holds as soon as the day has begun in any of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from dialer.calling_rules import CallingRules, Origin, Profile


class _Rule(Protocol):
    @property
    def origin(self) -> Origin: ...


R = TypeVar("R", bound=_Rule)


def in_force(rules: CallingRules, zones: tuple[ZoneInfo, ...], at: datetime) -> CallingRules:
    """The rules that hold for a call.

    Args:
        rules: of the campaign.
        zones: all candidate zones of the debtor; none: everything is taken to be in force.
        at: now, aware.
    """
    if not rules.before or not zones:
        return rules
    today = max(at.astimezone(zone).date() for zone in zones)
    return next((earlier for until, earlier in rules.before if today < until), rules)


def days_of(profile: Profile) -> Iterator[date]:
    """The days on which rules of a profile come into force."""
    for origin in _origins(profile):
        if origin.in_force_on is not None:
            yield origin.in_force_on


def before(profile: Profile, day: date) -> Profile:
    """A profile as it is on the last day before another one."""

    def holds(origin: Origin) -> bool:
        return origin.in_force_on is None or origin.in_force_on < day

    def part(rule: R | None) -> R | None:
        return rule if rule is not None and holds(rule.origin) else None

    return replace(
        profile,
        hours=part(profile.hours),
        closure=part(profile.closure),
        close_margin=part(profile.close_margin),
        limits=tuple(limit for limit in profile.limits if holds(limit.origin)),
        effective_talk=part(profile.effective_talk),
        third_party=part(profile.third_party),
        prefixes=part(profile.prefixes),
        abandonment=part(profile.abandonment),
        legal_wait=part(profile.legal_wait),
        min_ring=part(profile.min_ring),
        retention=part(profile.retention),
    )


def is_empty(profile: Profile) -> bool:
    """True when no rule of a profile is left."""
    return next(_origins(profile), None) is None


def _origins(profile: Profile) -> Iterator[Origin]:
    parts: tuple[_Rule | None, ...] = (
        profile.hours,
        profile.closure,
        profile.close_margin,
        profile.effective_talk,
        profile.third_party,
        profile.prefixes,
        profile.abandonment,
        profile.legal_wait,
        profile.min_ring,
        profile.retention,
        *profile.limits,
    )
    yield from (part.origin for part in parts if part is not None)
