"""When a debtor may be called: windows, closed dates and zones. Pure; time is an argument.

Rules
    - A window belongs to a weekday in the debtor's own zone: opens <= t < closes.
    - A debtor whose zone is not certain has several candidate zones, separated by commas in `Lead.zone`; the
      call must be allowed in all of them. Source: REGF-5.
    - No zone, or one that the zone database does not know: never. Fail towards silence.
    - Windows that touch are one window, so a round-the-clock campaign does not pause at midnight.
    - No dial in the margin before a window closes.
    - Where the clocks change, a bound that exists twice or not at all is read so that the window is shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dialer.calling_rules import CallingRules, Window

_NEAR_DAYS = 8
_FAR_DAYS = 400  # more than a year of closed dates in a row is a campaign that never calls
_INSTANT = timedelta(microseconds=1)
MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A stretch of time, aware: starts_at <= t < ends_at."""

    starts_at: datetime
    ends_at: datetime


@lru_cache(maxsize=1024)
def zones_of(text: str) -> tuple[ZoneInfo, ...]:
    """The zones that a lead's zone text names.

    Args:
        text: IANA names separated by commas, such as `America/New_York,America/Los_Angeles`.

    Returns:
        One zone per name; empty when there is no name or any of them is unknown.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    try:
        return tuple(ZoneInfo(name) for name in names)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ()


def windows_on(rules: CallingRules, day: date) -> tuple[Window, ...]:
    """The windows of a local calendar day; none on a closed date."""
    return () if day in rules.closed_dates else tuple(rules.windows.get(day.weekday(), ()))


def open_interval(rules: CallingRules, zones: tuple[ZoneInfo, ...], at: datetime) -> Interval | None:
    """The stretch around a moment during which the window stays open in every zone, margin not taken off."""
    for interval in _around(rules, zones, at, days=1):
        if interval.starts_at <= at < interval.ends_at:
            return interval
    return None


def before_margin(rules: CallingRules, interval: Interval, at: datetime) -> bool:
    """True when the window stays open for longer than the margin: a dial may still start."""
    return at < interval.ends_at - timedelta(seconds=rules.close_margin_s)


def next_opening(rules: CallingRules, zones: tuple[ZoneInfo, ...], at: datetime) -> datetime | None:
    """The first moment, not before `at`, at which a dial may start; `at` itself if it may now.

    Args:
        rules: windows, closed dates and margin.
        zones: all candidate zones of the debtor.
        at: aware.

    Returns:
        Aware UTC; None when there is none within 400 days.
    """
    for days in (_NEAR_DAYS, _FAR_DAYS):
        for interval in _around(rules, zones, at, days=days):
            if at < interval.ends_at:
                first = max(at, interval.starts_at)
                if before_margin(rules, interval, first):
                    return first.astimezone(UTC)
    return None


def next_local_midnight(zones: tuple[ZoneInfo, ...], at: datetime) -> datetime:
    """When every candidate zone has begun a new day: the moment counters per day are surely zero."""
    return days_end(zones, at, 1)


def days_end(zones: tuple[ZoneInfo, ...], at: datetime, days: int) -> datetime:
    """When so many local days, the one of `at` being the first, are over in every zone."""
    if len(zones) == 1:
        return _midnight(at.astimezone(zones[0]).date(), days, zones[0])
    return max(_midnight(at.astimezone(zone).date(), days, zone) for zone in zones)


def period_end(zones: tuple[ZoneInfo, ...], begins_on: date, days: int) -> datetime:
    """When so many local days from a date on are over in every zone."""
    return max(_midnight(begins_on, days, zone) for zone in zones)


@lru_cache(maxsize=4096)
def _midnight(day: date, days: int, zone: ZoneInfo) -> datetime:
    return _opens_at(day + timedelta(days=days), time(0), zone)


def _around(rules: CallingRules, zones: tuple[ZoneInfo, ...], at: datetime, *, days: int) -> tuple[Interval, ...]:
    return _intervals(TheseRules(rules), zones, at.astimezone(UTC).date(), days)


class TheseRules:
    """Calling rules as a key: these very ones and no others, for their table of windows has no hash.

    A reload makes new rules, and so other keys; the reference keeps the old ones' identity from being used again.
    """

    __slots__ = ("rules",)

    def __init__(self, rules: CallingRules) -> None:
        self.rules = rules

    def __hash__(self) -> int:
        return id(self.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TheseRules) and self.rules is other.rules


@lru_cache(maxsize=1024)
def _intervals(these: TheseRules, zones: tuple[ZoneInfo, ...], today: date, days: int) -> tuple[Interval, ...]:
    """Stretches open in all zones, in order, from two days before a UTC date to `days` after it and more.

    Two days on either side: a zone is up to 14 hours off UTC, and a window that touches the edge of what was
    looked at must not seem to close there. All that the answer depends on is in the arguments, so it is kept.
    """
    if not zones:
        return ()
    first, last = today - timedelta(days=2), today + timedelta(days=days + 2)
    common = _zone_intervals(these.rules, zones[0], first, last)
    for zone in zones[1:]:
        common = _intersection(common, _zone_intervals(these.rules, zone, first, last))
    return tuple(common)


def _zone_intervals(rules: CallingRules, zone: ZoneInfo, first: date, last: date) -> list[Interval]:
    found: list[Interval] = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for window in sorted(windows_on(rules, day), key=lambda window: window.opens):
            starts_at = _opens_at(day, window.opens, zone)
            closing_day = day + timedelta(days=1) if window.closes == time(0) else day
            ends_at = _closes_at(closing_day, window.closes, zone)
            if found and starts_at <= found[-1].ends_at:
                starts_at, ends_at = found[-1].starts_at, max(found.pop().ends_at, ends_at)
            if starts_at < ends_at:
                found.append(Interval(starts_at=starts_at, ends_at=ends_at))
    return found


def _intersection(ours: list[Interval], theirs: list[Interval]) -> list[Interval]:
    found: list[Interval] = []
    mine, other = 0, 0
    while mine < len(ours) and other < len(theirs):
        starts_at = max(ours[mine].starts_at, theirs[other].starts_at)
        ends_at = min(ours[mine].ends_at, theirs[other].ends_at)
        if starts_at < ends_at:
            found.append(Interval(starts_at=starts_at, ends_at=ends_at))
        if ours[mine].ends_at < theirs[other].ends_at:
            mine += 1
        else:
            other += 1
    return found


def _readings(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Both readings of a local time: equal, except where the clocks change."""
    local = datetime.combine(day, clock, zone)
    return local.replace(fold=0).astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def _opens_at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return max(_readings(day, clock, zone))


def _closes_at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    early, late = sorted(_readings(day, clock, zone))
    skipped = datetime.combine(day, clock)
    # A skipped bound that is itself the moment of the change (24:00 where midnight is skipped) is no doubt at
    # all: just before its later reading the wall still shows less.
    just_before = (late - _INSTANT).astimezone(zone).replace(tzinfo=None)
    was_gap = early < late and _readings(day, clock, zone)[0] == late
    return late if was_gap and just_before < skipped else early
