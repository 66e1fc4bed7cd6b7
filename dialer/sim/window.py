"""From when to when is a day's dialling simulated? The campaign's calling hours, and what was asked for within them.

Pure; a day on which nobody may be called is a value that says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from dialer.compliance.hours import windows_on
from dialer.settings import CallingRules, Window
from dialer.sim.behaviour import MassBreak

_MIDNIGHT = time(0)
DRAIN_S = 45.0
"""Calls that were placed last ring and are answered before everybody goes for lunch."""


class Why(StrEnum):
    """Why nobody may be called."""

    DATE = "closed_dates"
    WEEKDAY = "hours"
    OUTSIDE = "outside"
    MARGIN = "close_margin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A day or a span in which the campaign may not dial."""

    why: Why
    day: date
    windows: tuple[Window, ...]
    """Of the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of one day in which calls may be placed, with the closed hours within it."""

    start_at: datetime
    end_at: datetime
    """No call is placed from here on."""
    gaps: tuple[tuple[datetime, datetime], ...] = ()
    """Closed hours: from the last dial before to the first after."""
    is_cut: bool = False
    """More was asked for than the hours allow."""

    @property
    def hours(self) -> float:
        """Its length."""
        return (self.end_at - self.start_at).total_seconds() / 3600.0

    @property
    def breaks(self) -> tuple[MassBreak, ...]:
        """Everybody's break while the hours are closed, from the start of the span."""
        return tuple(
            MassBreak(at_s=(since - self.start_at).total_seconds() + DRAIN_S, length_s=length_s)
            for since, until in self.gaps
            if (length_s := (until - since).total_seconds() - DRAIN_S) > 0.0
        )

    def shortened(self, hours: float) -> Span:
        """Its first hours."""
        end_at = min(self.end_at, self.start_at + timedelta(hours=hours))
        gaps = tuple((since, until) for since, until in self.gaps if since < end_at)
        return Span(start_at=self.start_at, end_at=end_at, gaps=gaps, is_cut=self.is_cut)


def span_on(
    rules: CallingRules, zone: ZoneInfo, day: date, *, since: time | None = None, until: time | None = None
) -> Span | Closed:
    """The stretch of a day in which the campaign may dial.

    Args:
        rules: hours, closed dates, margin.
        zone: of the debtors.
        day: which.
        since: not before; None: from the first opening.
        until: not after, midnight is the day's end; None: to the last dial.
    """
    windows = tuple(sorted(windows_on(rules, day), key=lambda window: window.opens))
    if not windows:
        why = Why.DATE if day in rules.closed_dates else Why.WEEKDAY
        return Closed(why=why, day=day, windows=tuple(sorted(rules.windows.get(day.weekday(), ()), key=_opens)))
    stretches = [
        (opens_at, closes_at - _margin(rules, zone, day, closes_at))
        for opens_at, closes_at in _stretches(windows, day, zone)
    ]
    stretches = [(opens_at, last_at) for opens_at, last_at in stretches if opens_at < last_at]
    if not stretches:
        return Closed(why=Why.MARGIN, day=day, windows=windows)
    first = _at(day, since, zone) if since is not None else stretches[0][0]
    last = _end(day, until, zone) if until is not None else stretches[-1][1]
    within = [(max(first, opens_at), min(last, last_at)) for opens_at, last_at in stretches]
    within = [(opens_at, last_at) for opens_at, last_at in within if opens_at < last_at]
    if not within:
        return Closed(why=Why.OUTSIDE, day=day, windows=windows)
    start_at, end_at = within[0][0], within[-1][1]
    gaps = tuple((before[1], after[0]) for before, after in pairwise(within))
    cut = (since is not None and start_at > first) or (until is not None and end_at < last)
    return Span(start_at=start_at, end_at=end_at, gaps=gaps, is_cut=cut)


def next_day_open(rules: CallingRules, zone: ZoneInfo, at: datetime) -> date | None:
    """The first day, today included, on which a call may still be placed; None: not within a year."""
    today = at.astimezone(zone).date()
    for offset in range(366):
        found = span_on(rules, zone, today + timedelta(days=offset))
        if isinstance(found, Span) and found.end_at > at:
            return today + timedelta(days=offset)
    return None


def _margin(rules: CallingRules, zone: ZoneInfo, day: date, closes_at: datetime) -> timedelta:
    """None where the next day goes on at midnight."""
    tomorrow = day + timedelta(days=1)
    goes_on = closes_at == _at(tomorrow, _MIDNIGHT, zone) and any(
        window.opens == _MIDNIGHT for window in windows_on(rules, tomorrow)
    )
    return timedelta(0) if goes_on else timedelta(seconds=rules.close_margin_s)


def _opens(window: Window) -> time:
    return window.opens


def _stretches(windows: tuple[Window, ...], day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Windows that touch are one."""
    found: list[tuple[datetime, datetime]] = []
    for window in windows:
        opens_at, closes_at = _at(day, window.opens, zone), _end(day, window.closes, zone)
        if found and opens_at <= found[-1][1]:
            opens_at, closes_at = found[-1][0], max(found.pop()[1], closes_at)
        found.append((opens_at, closes_at))
    return found


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    # In UTC, because the difference of two moments of one zone leaves changes of the clocks out.
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _end(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return _at(day + timedelta(days=1) if clock == _MIDNIGHT else day, clock, zone)
