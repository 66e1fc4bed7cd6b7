"""Vintages: of the loans of one month, what has ever been late by how many months on the book.

Rules
- Months on the book are calendar months since the one in which the loan was paid out.
- Ever later than 30 days: outstanding on the first day on which it was, over all that was paid out in the month; what
  is repaid later stays counted.
- A point is told only once the month is over for every loan: no curve ends with a month that still goes on.
"""

from __future__ import annotations

from datetime import date

from dialer.portfolio.counting import Book
from dialer.portfolio.report import VintagePoint
from dialer.store.columns import amount


def vintages(book: Book) -> tuple[VintagePoint, ...]:
    """The points of every curve, by month of paying out and months on the book."""
    today = book.scope.today
    over = today.year * 12 + today.month - 2  # the last month that is over
    worse = _by_month(book, "worse")
    much_worse = _by_month(book, "much_worse")
    points = []
    for vintage, count, paid_out in book.counts.rows("cohorts"):
        cents30 = cents90 = 0
        for months in range(over - vintage + 1):
            cents30 += worse.get((vintage, months), 0)
            cents90 += much_worse.get((vintage, months), 0)
            points.append(
                VintagePoint(
                    month=date(vintage // 12, vintage % 12 + 1, 1),
                    months_on_book=months,
                    ever_30=cents30 / float(paid_out),
                    ever_90=cents90 / float(paid_out),
                    accounts=count,
                    paid_out=amount(int(paid_out)),
                )
            )
    return tuple(points)


def _by_month(book: Book, name: str) -> dict[tuple[int, int], int]:
    return {(vintage, months): int(cents) for vintage, months, _, cents in book.counts.rows(name)}
