"""When may an account with a promise be dialled? For its reminders, and when the promise is over. Pure.

Rules
- A reminder belongs to a day: so many days before the due day, from its time of day on, where the debtor is.
- It is dialled at most `attempts` times on that day, `again_after_s` apart, and no more once the debtor was reached.
- A reminder whose time had passed when the promise was made is left out; one whose day is over was missed.
- When no reminder is left, the account comes back when the promise is judged: after the last day of grace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dialer.promises.judging import closes_at
from dialer.promises.terms import Promised, Reminder, Terms

GRACE_DAYS = Terms().grace_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """A dial that was made to remind of a promise."""

    at: datetime
    reached: bool
    """The debtor was talked with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The next moment at which an account with a promise may be dialled."""

    at: datetime
    """Aware; it may have passed."""
    reminder: Reminder | None
    """Which one it is for; None: the promise is over by then."""


@dataclass(frozen=True, slots=True)
class _Slot:
    reminder: Reminder
    begins_at: datetime
    ends_at: datetime


def comes_back_on(due_on: date, grace_days: int = GRACE_DAYS) -> date:
    """The day on which an account comes back whose promise was not kept."""
    return due_on + timedelta(days=grace_days + 1)


def next_turn(
    promise: Promised, done: Sequence[Reminded], terms: Terms, zones: Sequence[ZoneInfo], now: datetime
) -> Turn:
    """When the account may be dialled next, and what for.

    Args:
        promise: open or due.
        done: the reminders that were dialled.
        terms: which reminders there are.
        zones: in which the debtor may be; none: it is that of promises.
        now: aware.
    """
    for slot in _slots(promise, terms, zones or (ZoneInfo(terms.zone),)):
        at = _next_in(slot, done)
        if at is not None and now < slot.ends_at:
            return Turn(at=at, reminder=slot.reminder)
    return Turn(at=closes_at(promise, terms), reminder=None)


def reminder_at(promise: Promised, terms: Terms, zones: Sequence[ZoneInfo], at: datetime) -> Reminder | None:
    """Which reminder a dial at a moment is; None: it is none."""
    slots = _slots(promise, terms, zones or (ZoneInfo(terms.zone),))
    return next((slot.reminder for slot in slots if slot.begins_at <= at < slot.ends_at), None)


def _slots(promise: Promised, terms: Terms, zones: Sequence[ZoneInfo]) -> Iterator[_Slot]:
    for reminder in sorted(terms.reminders, key=lambda one: (-one.days_before, one.at)):
        day = promise.due_on - timedelta(days=reminder.days_before)
        begins_at = max(datetime.combine(day, reminder.at, zone) for zone in zones)
        ends_at = min(datetime.combine(day + timedelta(days=1), time(0), zone) for zone in zones)
        if promise.made_at <= begins_at < ends_at:
            yield _Slot(reminder, begins_at, ends_at)


def _next_in(slot: _Slot, done: Sequence[Reminded]) -> datetime | None:
    """When a reminder is to be dialled next; None: it is done with."""
    made = [one for one in done if slot.begins_at <= one.at < slot.ends_at]
    if any(one.reached for one in made) or len(made) >= slot.reminder.attempts:
        return None
    if not made:
        return slot.begins_at
    again_at = max(one.at for one in made) + timedelta(seconds=slot.reminder.again_after_s)
    return again_at if again_at < slot.ends_at else None
