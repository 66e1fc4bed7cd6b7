"""The whole book followed from month end to month end: who moved to which bucket, and what was recovered.

What was recovered of an account within a month is the money that came, never more than was overdue at its beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from dialer.portfolio.columns import Portfolio, Small, Whole
from dialer.portfolio.courses import NOT_YET, REPAID, Course, Ledger, column_of, courses, rows_of

_EPOCH: Final = 719_163
"""The ordinal of 1970-01-01."""
_LONGEST_H: Final = 10 * 366 * 24
_STATES: Final = NOT_YET + 1
Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What came of following it."""

    moves: Columns
    """`mark`, `state`, `next_state`, `accounts`, `outstanding`: counted, a row for each move that there was. Of the
    last mark, which is no month's end, the next state is `NOT_YET`."""
    openings: Columns
    """`mark`, `overdue`, `recovered`, `accounts`: of each month that is over."""
    now: Course
    """At the last mark."""
    opening: Whole
    """Overdue of each account when the last month that is over began."""
    recovered: Whole
    """And what came of it within that month."""


def follow(portfolio: Portfolio, ledger: Ledger, marks: Sequence[date], zone: ZoneInfo) -> Past:
    """Follow every account from mark to mark.

    Args:
        portfolio: all of it.
        ledger: its instalments.
        marks: at least three: month ends, and a last day within the month that goes on.
        zone: of the days on which money came.
    """
    ids, payments = portfolio.accounts.account_id, portfolio.payments
    row = rows_of(ids, payments.account_id)
    day = (local_hours(payments.hour, zone) // 24 + _EPOCH).astype(np.int32)
    column = column_of(day, [mark.toordinal() for mark in marks])
    moves: list[tuple[int, ...]] = []
    openings: list[tuple[int, ...]] = []
    opening = came = np.zeros(len(ids), dtype=np.int64)
    before: Course | None = None
    for mark, course in enumerate(courses(portfolio.accounts, ledger, marks)):
        last = mark == len(marks) - 1
        if before is not None:
            # Today is no month's end: nobody has moved yet.
            after = np.full_like(course.state, NOT_YET) if last else course.state
            moves += _moves(mark - 1, before, after)
        if before is not None and not last:
            opening, came = before.overdue, _recovered(before.overdue, row, column == mark, payments.cents)
            openings.append((mark - 1, int(opening.sum()), int(came.sum()), int(np.count_nonzero(opening))))
        before = course
    assert before is not None
    moves += _moves(len(marks) - 1, before, np.full_like(before.state, NOT_YET))
    return Past(
        moves=_columns(("mark", "state", "next_state", "accounts", "outstanding"), moves),
        openings=_columns(("mark", "overdue", "recovered", "accounts"), openings),
        now=before,
        opening=opening,
        recovered=came,
    )


def _moves(mark: int, before: Course, after: NDArray[np.int8]) -> list[tuple[int, ...]]:
    """Accounts on the book and what was outstanding, by state before and after."""
    pair = before.state.astype(np.int64) * _STATES + after
    counts = np.bincount(pair, minlength=_STATES * _STATES)
    sums = np.bincount(pair, weights=before.outstanding, minlength=_STATES * _STATES)  # exact below 2^53 cents
    return [
        (mark, int(one) // _STATES, int(one) % _STATES, int(counts[one]), int(sums[one]))
        for one in np.flatnonzero(counts)
        if one // _STATES < REPAID
    ]


def _recovered(opening: Whole, row: Whole, within: NDArray[np.bool_], cents: Whole) -> Whole:
    came = np.bincount(row[within], weights=cents[within], minlength=len(opening)).astype(np.int64)
    return np.minimum(came, opening)


def _columns(names: Sequence[str], rows: Sequence[tuple[int, ...]]) -> Columns:
    table = np.array(rows, dtype=np.int64).reshape(-1, len(names))
    return {name: np.ascontiguousarray(table[:, at]) for at, name in enumerate(names)}


def local_hours(hours: Small, zone: ZoneInfo) -> Small:
    """Hours of UTC to hours of a zone's clock, since its own 1970-01-01."""
    if not len(hours):
        return hours
    first, last = int(hours.min()), int(hours.max())
    if last - first > _LONGEST_H:  # a wrong year somewhere: only the hours that there are
        distinct, place = np.unique(hours, return_inverse=True)
        return (distinct + _shifts(distinct, zone))[place].astype(np.int32)
    every = np.arange(first, last + 1, dtype=np.int32)
    return (every + _shifts(every, zone))[hours - first]


def _shifts(hours: Small, zone: ZoneInfo) -> Small:
    """Of how many hours the zone's clock is ahead of UTC."""
    offsets = (datetime.fromtimestamp(hour * 3600, zone).utcoffset() for hour in hours.tolist())
    return np.array([0 if one is None else int(one.total_seconds() // 3600) for one in offsets], dtype=np.int32)
