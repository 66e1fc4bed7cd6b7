"""The whole report, section by section, each out of what DuckDB counted; and down to the accounts of a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any, Final

from dialer.errors import SettingsError
from dialer.loans.buckets import Bucket
from dialer.portfolio.anomalies import SMALLEST, Counted, find_anomalies
from dialer.portfolio.counting import Book
from dialer.portfolio.curing import cure_of
from dialer.portfolio.intervals import Rate, rate
from dialer.portfolio.people_sections import agents, promises, reach, reach_by_month
from dialer.portfolio.report import (
    BucketLine,
    Cell,
    Cure,
    Dimension,
    HourCell,
    Move,
    PortfolioReport,
    Recovery,
    RollRate,
    Standing,
)
from dialer.portfolio.vintages import vintages
from dialer.store.columns import amount

REPAID: Final = "repaid"
STATES: Final = (*(bucket.value for bucket in Bucket), REPAID)
MOVE_MONTHS: Final = 3
"""Of so many moves from month to month the matrix is made."""


def portfolio_report(book: Book) -> PortfolioReport:
    """All sections."""
    cells = _cells(book)
    standing = _standing(book)
    anomalies, tested = find_anomalies(
        cells, Counted(debtors=standing.debtors, late=standing.late_debtors), standing.overdue_rate
    )
    buckets = _buckets(book)
    moves, months = _moves(book)
    return PortfolioReport(
        today=book.scope.today,
        call_days=book.scope.call_days,
        standing=standing,
        buckets=buckets,
        moves=moves,
        moves_months=months,
        roll_rates=_roll_rates(buckets, book),
        vintages=vintages(book),
        cells=cells,
        recovery=_recovery(book),
        cures=_cures(book),
        promises=promises(book),
        reach=reach(book),
        reach_by_month=reach_by_month(book),
        hours=_hours(book),
        agents=agents(book),
        anomalies=anomalies,
        tested=tested,
    )


def money(cents: Any) -> Decimal:
    """Cents as DuckDB sums them, whatever type it chose."""
    return amount(int(cents or 0))


def share(part: Any, whole: Any) -> float | None:
    """One number over another; None: of nothing."""
    return float(part) / float(whole) if whole else None


def _standing(book: Book) -> Standing:
    (row,) = book.counts.rows("standing")
    count, balance, late, late30, late90, overdue, balance1, balance30, balance90, debtors, late_debtors = row
    ((without, listed),) = book.counts.rows("without_schedule")
    return Standing(
        accounts=count,
        debtors=debtors,
        late_debtors=late_debtors,
        outstanding=money(balance),
        overdue=money(overdue),
        overdue_rate=rate(late, count),
        later_than_30=rate(late30, count),
        later_than_90=rate(late90, count),
        overdue_balance_ratio=share(balance1, balance),
        later_than_30_balance_ratio=share(balance30, balance),
        later_than_90_balance_ratio=share(balance90, balance),
        without_schedule=without,
        listed=money(listed),
    )


def _buckets(book: Book) -> tuple[BucketLine, ...]:
    days = (*book.marks, book.scope.today)
    return tuple(
        BucketLine(on=days[mark], bucket=STATES[state], accounts=int(count), outstanding=money(cents))
        for mark, state, count, cents in book.counts.rows("states")
    )


def _moves(book: Book) -> tuple[tuple[Move, ...], int]:
    """The last moves together, and how many months they are."""
    rows = book.counts.rows("moves")
    starts = sorted({mark for mark, *_ in rows})[-MOVE_MONTHS:]
    counts: dict[tuple[int, int], list[int]] = {}
    before: dict[int, int] = {}
    for mark, state, after, count, cents in rows:
        if mark in starts:
            both = counts.setdefault((state, after), [0, 0])
            both[0] += count
            both[1] += int(cents)
            before[state] = before.get(state, 0) + int(cents)
    moves = tuple(
        Move(
            before=STATES[state],
            after=STATES[after],
            accounts=count,
            outstanding=money(cents),
            ratio=cents / before[state] if before[state] else 0.0,
        )
        for (state, after), (count, cents) in sorted(counts.items())
    )
    return moves, len(starts)


def _roll_rates(lines: tuple[BucketLine, ...], book: Book) -> tuple[RollRate, ...]:
    """Month by month; of the last bucket there is no next one."""
    balance = {(line.on, line.bucket): line.outstanding for line in lines}
    pairs = list(pairwise(STATES[:8]))
    return tuple(
        RollRate(
            on=later,
            before=before,
            after=after,
            ratio=share(balance.get((later, after), Decimal(0)), balance.get((earlier, before), Decimal(0))),
        )
        for earlier, later in pairwise(book.marks)
        for before, after in pairs
    )


def hidden(whole: int) -> Rate:
    """The rate of a part that is too small: how many there are, and nothing else."""
    return Rate(part=0, whole=whole, ratio=None, low=0.0, high=1.0)


def _cells(book: Book) -> tuple[Cell, ...]:
    cells = [_cell(book, row) for row in book.counts.rows("cells") if row[3]]
    return tuple(sorted(cells, key=lambda cell: (len(cell.where), sorted(cell.where.items()))))


def _cell(book: Book, row: tuple[Any, ...]) -> Cell:
    region, industry, product, count, late, late30, balance, _, overdue, paid, paid_days, opening, came, *people = row
    codes = {Dimension.REGION: region, Dimension.INDUSTRY: industry, Dimension.PRODUCT: product}
    small = count < SMALLEST
    return Cell(
        where={key: book.word(key, code) for key, code in codes.items() if code is not None},
        accounts=count,
        is_suppressed=small,
        debtors=0 if small else people[0],
        late_debtors=0 if small else people[1],
        overdue_rate=hidden(count) if small else rate(late, count),
        later_than_30=hidden(count) if small else rate(late30, count),
        outstanding=None if small else money(balance),
        overdue=None if small else money(overdue),
        days_to_pay=None if small or not paid else float(paid_days) / float(paid),
        recovery_ratio=None if small else share(came, opening),
    )


def _recovery(book: Book) -> tuple[Recovery, ...]:
    """By the month in which the money came."""
    return tuple(
        Recovery(
            month=book.marks[mark + 1].replace(day=1),
            opening=money(opening),
            recovered=money(came),
            accounts=count,
            ratio=share(came, opening),
        )
        for mark, opening, came, count in book.counts.rows("recovery")
    )


def _cures(book: Book) -> tuple[Cure, ...]:
    rows = sorted(book.counts.rows("durations"), key=lambda row: -1 if row[0] is None else row[0])
    found = []
    for product, lines in groupby(rows, key=lambda row: row[0]):
        durations = [(days, cured, count) for _, days, cured, count in lines]
        if product is None or sum(count for *_, count in durations) >= SMALLEST:
            found.append(cure_of(book.word("product", product), durations))
    return tuple(found)


def _hours(book: Book) -> tuple[HourCell, ...]:
    return tuple(
        HourCell(
            weekday=weekday,
            hour=hour,
            answered=hidden(count) if count < SMALLEST else rate(answered, count),
            right_party=hidden(count) if count < SMALLEST else rate(right, count),
            is_suppressed=count < SMALLEST,
        )
        for weekday, hour, count, answered, right in book.counts.rows("hours")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CellAccount:
    """An account of a cell."""

    account_id: int
    days_past_due: int
    overdue: Decimal
    outstanding: Decimal


def accounts_of(book: Book, where: Mapping[Dimension, str], limit: int) -> tuple[CellAccount, ...]:
    """The accounts of a cell that are on the book, the latest first.

    Raises:
        SettingsError: no account has such a region, industry or product.
    """
    values: list[object] = []
    for dimension in Dimension:
        code = -1 if dimension not in where else book.code(dimension, where[dimension])
        if code is None:
            known = ", ".join(word for word in sorted(book.portfolio.words[dimension]) if word)
            raise SettingsError(f"--cell {dimension}={where[dimension]}: no account has it. There are: {known}.")
        values += [code, code]
    return tuple(
        CellAccount(account_id=account_id, days_past_due=days, overdue=money(overdue), outstanding=money(balance))
        for account_id, days, overdue, balance in book.counts.rows("accounts_of_cell", [*values, limit])
    )
