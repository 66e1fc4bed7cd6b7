"""How each loan went, month end by month end: its bucket, what was outstanding, what was overdue.

Rules
- An instalment counts as owed in full until nothing of it is left to pay; part payments show in the recovery.
- A loan stands in the bucket of its oldest instalment that is not paid whole: days past due at the day, grace as
  the loan has it, buckets as in `dialer.loans.buckets`.
- Outstanding is the principal of that instalment and of all after it; overdue is principal, interest and fees of those
  that were due before the day.
- A loan is on the book from the day on which it was paid out until its last instalment is paid.

Everything is whole arrays, an element for each account or instalment, and one day after the other: what is needed for
one day is used again for the next, because memory that was never touched costs more than what is done with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dialer.loans.buckets import LAST_DAY, Bucket, bucket_of
from dialer.portfolio.columns import NEVER, Accounts, Flag, Instalments, Portfolio, Small, Whole

REPAID: Final = len(Bucket)
"""A state beside the buckets' places: the last instalment is paid."""
NOT_YET: Final = REPAID + 1
"""Not paid out, or no schedule is known."""
_LAST: Final = max(last for _, last in LAST_DAY)
_PLACES: Final = np.array([list(Bucket).index(bucket_of(days)) for days in range(_LAST + 2)], dtype=np.int8)
"""Days past due -> the place of their bucket; the last one stands for all that are more."""
_SHIFT: Final = 22
"""Bits that hold any ordinal of a day."""


def month_ends(today: date, months: int) -> tuple[date, ...]:
    """The last days of so many months that are over, oldest first; the last one may be today's yesterday."""
    ends = []
    first = today.replace(day=1)
    for _ in range(months):
        end = first - timedelta(days=1)
        ends.append(end)
        first = end.replace(day=1)
    return tuple(reversed(ends))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Instalments with where each account's are, and when its first so many were paid."""

    row: Small
    """Instalment -> its account's row."""
    start: NDArray[np.int64]
    """Account's row -> its first instalment."""
    end: NDArray[np.int64]
    paid_up: Small
    """Instalment -> when it and all before it were paid whole; `NEVER`: not yet."""
    principal: Whole
    """Sums of principal before each instalment, and of all: one longer than the instalments."""
    total: Whole
    """The same of principal, interest and fees."""
    due: Small


def ledger_of(portfolio: Portfolio) -> Ledger:
    """Bring the instalments of a portfolio in the form that questions about days need."""
    ids, instalments = portfolio.accounts.account_id, portfolio.instalments
    end = np.searchsorted(instalments.account_id, ids, side="right")
    counts = np.diff(end, prepend=0)
    row = np.repeat(np.arange(len(ids), dtype=np.int32), counts)
    return Ledger(
        row=row,
        start=end - counts,
        end=end,
        paid_up=_paid_up(instalments.paid, row, end),
        principal=_sums(instalments.principal),
        total=_sums(np.add(instalments.principal, instalments.interest, dtype=np.int64)),
        due=instalments.due,
    )


def _paid_up(paid: Small, row: Small, end: NDArray[np.int64]) -> Small:
    """The latest day so far within each account."""
    falls = np.zeros(len(paid) + 1, dtype=bool)
    falls[1:-1] = paid[1:] < paid[:-1]
    falls[end] = False
    if not falls.any():  # as it is where the oldest instalment is paid first
        return paid
    # The numbers of the next account are all greater than those of this one.
    return (np.maximum.accumulate((row.astype(np.int64) << _SHIFT) | paid) & ((1 << _SHIFT) - 1)).astype(np.int32)


def _sums(values: Whole) -> Whole:
    sums = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, dtype=np.int64, out=sums[1:])
    return sums


def rows_of(ids: Whole, owner: Whole) -> Whole:
    """Which rows of the accounts other rows belong to; every owner is among the ids, which ascend."""
    if len(ids) and ids[-1] - ids[0] + 1 == len(ids):  # without a gap a search is a subtraction
        start: Whole = owner - ids[0]
        return start
    return np.searchsorted(ids, owner).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """State and money of every account at the end of one day."""

    on: date
    state: NDArray[np.int8]
    """Place of the bucket, `REPAID` or `NOT_YET`."""
    days: Small
    """Past due; 0: none, or within grace."""
    outstanding: Whole
    overdue: Whole


def courses(accounts: Accounts, ledger: Ledger, marks: Sequence[date]) -> Iterator[Course]:
    """How every account stood at the end of each of some days, one day after the other, oldest first."""
    days = [mark.toordinal() for mark in marks]
    paid, due = column_of(ledger.paid_up, days), column_of(ledger.due + 1, days)
    known = (accounts.disbursed > 0) & (ledger.end > ledger.start)
    oldest, reached = ledger.start.copy(), ledger.start.copy()
    for column, (mark, day) in enumerate(zip(marks, days, strict=True)):
        oldest += np.bincount(ledger.row[paid == column], minlength=len(accounts))
        reached += np.bincount(ledger.row[due == column], minlength=len(accounts))
        yield _course(accounts, ledger, mark, known & (accounts.disbursed <= day), oldest, reached)


def _course(accounts: Accounts, ledger: Ledger, mark: date, on_book: Flag, oldest: Whole, reached: Whole) -> Course:
    """Where accounts stand whose oldest unpaid instalment is known, and the first that was not due before the day."""
    is_open = on_book & (oldest < ledger.end)
    days = np.zeros(len(accounts), dtype=np.int32)
    rows = np.flatnonzero(is_open & (oldest < reached))
    days[rows] = mark.toordinal() - ledger.due[oldest[rows]]
    days[days <= accounts.grace] = 0
    state = np.where(is_open, bucket_places(days), np.where(on_book, REPAID, NOT_YET)).astype(np.int8)
    overdue = np.zeros(len(accounts), dtype=np.int64)
    late = np.flatnonzero(days)
    overdue[late] = ledger.total[reached[late]] - ledger.total[oldest[late]]
    outstanding = np.where(is_open, ledger.principal[ledger.end] - ledger.principal[oldest], 0)
    return Course(on=mark, state=state, days=days, outstanding=outstanding, overdue=overdue)


def column_of(day: Small, marks: Sequence[int]) -> NDArray[np.int8]:
    """At which of some days (ascending) each is reached for the first time; their number: at none."""
    # Looked up for every day that there is: a search for each of ten million takes longer.
    first, last = marks[0], marks[-1] + 1
    columns = np.searchsorted(np.array(marks), np.arange(first, last + 1), side="left").astype(np.int8)
    return columns[np.clip(day, first, last) - first]


def days_late_at(ledger: Ledger, accounts: Accounts, row: Whole, day: Small) -> Small:
    """How late accounts were on days of their own, such as those of calls.

    Args:
        ledger: of all accounts.
        accounts: their rows.
        row: which account.
        day: on which day, as an ordinal.
    """
    if not len(ledger.due):
        return np.zeros(len(row), dtype=np.int32)
    oldest = _first_unpaid(ledger, row, day)
    inside = np.minimum(oldest, len(ledger.due) - 1)
    late = np.where(oldest < ledger.end[row], day - ledger.due[inside], 0)
    return np.where(late > accounts.grace[row], late, 0).astype(np.int32)


def _first_unpaid(ledger: Ledger, row: Whole, day: Small) -> Whole:
    """The first instalment of each row's account that is not paid on its day, by bisection of all at once."""
    low, high = ledger.start[row], ledger.end[row]
    while True:
        open_ = low < high
        if not open_.any():
            return low
        middle = np.where(open_, (low + high) // 2, 0)
        unpaid = ledger.paid_up[middle] > day
        high = np.where(open_ & unpaid, middle, high)
        low = np.where(open_ & ~unpaid, middle + 1, low)


def bucket_places(days: Small) -> NDArray[np.int8]:
    """Days past due to the places of their buckets."""
    return _PLACES[np.clip(days, 0, len(_PLACES) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstTime:
    """When each account was for the first time later than some number of days."""

    reached: Flag
    day: Small
    """An ordinal; 0: never."""
    outstanding: Whole
    """On that day."""


def first_later_than(ledger: Ledger, accounts: Accounts, days: int, today: date) -> FirstTime:
    """When each account first was more than so many days past due, up to a day and before what was paid on it."""
    hit = (ledger.paid_up.astype(np.int64) - ledger.due > days) & (ledger.due + days + 1 <= today.toordinal())
    at = np.flatnonzero(hit)
    row, first = np.unique(ledger.row[at], return_index=True)
    at = at[first]
    day = np.zeros(len(accounts), dtype=np.int32)
    outstanding = np.zeros(len(accounts), dtype=np.int64)
    day[row] = ledger.due[at] + days + 1
    outstanding[row] = ledger.principal[ledger.end[row]] - ledger.principal[at]
    return FirstTime(reached=day > 0, day=day, outstanding=outstanding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spells:
    """Times in which an account was late: from a due date until the day on which nothing was overdue any more."""

    row: Small
    """Of the account."""
    began: Small
    days: Small
    """How long it took, or how long it has been going on."""
    cured: Flag


def spells(ledger: Ledger, accounts: Accounts, today: date) -> Spells:
    """Every time in which an account was later than its grace, oldest first within the account."""
    now = today.toordinal()
    late = (ledger.paid_up.astype(np.int64) > ledger.due + accounts.grace[ledger.row]) & (
        ledger.due + accounts.grace[ledger.row] < now
    )
    row, due, until = ledger.row[late], ledger.due[late], ledger.paid_up[late]
    # It goes on where the next instalment fell due before everything up to the last one was paid.
    begins = np.ones(len(row), dtype=bool)
    begins[1:] = (row[1:] != row[:-1]) | (due[1:] >= until[:-1])
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(row)) - 1 if len(first) else first
    end = until[last]
    cured = end <= now
    return Spells(
        row=row[first],
        began=due[first],
        days=(np.where(cured, end, now) - due[first]).astype(np.int32),
        cured=cured,
    )


def days_to_pay(instalments: Instalments, ledger: Ledger, since: date, today: date) -> tuple[Whole, Whole]:
    """The repayment period: instalments that fell due since a day and are paid, and days from due to paid in all.

    Returns:
        For each account the count and the sum of days; one that was paid early counts as 0 days.
    """
    counted = (
        (instalments.due >= since.toordinal()) & (instalments.due < today.toordinal()) & (instalments.paid < NEVER)
    )
    rows = ledger.row[counted]
    took = np.maximum(0, instalments.paid[counted] - instalments.due[counted])
    size = len(ledger.start)
    counts = np.bincount(rows, minlength=size)
    return counts, np.bincount(rows, weights=took, minlength=size).astype(np.int64)
