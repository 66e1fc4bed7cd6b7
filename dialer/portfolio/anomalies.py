"""Where is the book worse than elsewhere, more than chance explains? Pure.

Rules
- Looked at is every region, industry and product and every combination of them with at least `SMALLEST` accounts.
- One-sided: how likely is it that so many of a part's debtors are late, if lateness were dealt out among all debtors
  without regard to the part? Exact, by the hypergeometric distribution. People are counted, each with the first of
  their loans, because the loans of one person are late together.
- The chances are adjusted by Holm for the number of parts, so that on a book without differences the chance of even
  one false alarm is at most `LEVEL`.
- Told is the most telling part: a combination only if it is worse than each of the larger parts that it belongs to, and
  a larger part only if it is worse without the combinations that are told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import exp, lgamma
from typing import Final

from dialer.portfolio.intervals import Rate, holm
from dialer.portfolio.report import Anomaly, Cell, Dimension

SMALLEST: Final = 30
"""Accounts. Source: collections.md section 3, analytics: cells of fewer are suppressed."""
LEVEL: Final = 0.05
"""Source: collections.md section 5, row 16."""
WITHIN: Final = 0.01
"""Chance below which a combination counts as worse than the larger part. House rule; it can only silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A number of debtors, and how many of them are late."""

    debtors: int
    late: int

    def __sub__(self, other: Counted) -> Counted:
        return Counted(debtors=self.debtors - other.debtors, late=self.late - other.late)


def tail(part: Counted, whole: Counted) -> float:
    """How likely so many late ones or more are in a part, if the whole's were dealt out blindly.

    Args:
        part: belongs to the whole.
        whole: the part included.
    """
    n, k, size, late = part.debtors, part.late, whole.debtors, whole.late
    if not n or k * size <= n * late:
        return 1.0
    term = exp(_choose(late, k) + _choose(size - late, n - k) - _choose(size, n))
    total, most = term, min(n, late)
    while k < most and term > total * 1e-16:
        term *= (n - k) * (late - k) / ((k + 1) * (size - late - n + k + 1))
        total += term
        k += 1
    return min(1.0, total)


def _choose(n: int, k: int) -> float:
    """The logarithm of how many ways there are."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def find_anomalies(cells: Sequence[Cell], whole: Counted, book: Rate) -> tuple[tuple[Anomaly, ...], int]:
    """The parts that are worse than the rest, the most telling first, and how many were looked at.

    Args:
        cells: every part and combination.
        whole: the book's debtors, by which is judged.
        book: the book's accounts, of which is told.
    """
    tested = [cell for cell in cells if cell.accounts >= SMALLEST and all(cell.where.values())]
    counted = {_key(cell.where): _counted(cell) for cell in tested}
    chances = holm([tail(_counted(cell), whole) for cell in tested])
    worse = [(chance, cell) for chance, cell in zip(chances, tested, strict=True) if chance < LEVEL]
    worse.sort(key=lambda one: (one[0], -len(one[1].where), sorted(one[1].where.items())))
    apart = [(chance, cell) for chance, cell in worse if _is_worse_than_larger(cell, counted)]
    told = [(chance, cell) for chance, cell in apart if not _is_explained(cell, apart, whole)]
    return tuple(_anomaly(cell, chance, book) for chance, cell in told), len(tested)


Key = frozenset[tuple[Dimension, str]]


def _key(where: Mapping[Dimension, str]) -> Key:
    return frozenset(where.items())


def _counted(cell: Cell) -> Counted:
    return Counted(debtors=cell.debtors, late=cell.late_debtors)


def _is_worse_than_larger(cell: Cell, counted: Mapping[Key, Counted]) -> bool:
    """Within every larger part that it belongs to and that was looked at."""
    key = _key(cell.where)
    larger = (counted.get(key - {item}) for item in key)
    return all(tail(_counted(cell), part) < WITHIN for part in larger if part is not None)


def _is_explained(cell: Cell, apart: Sequence[tuple[float, Cell]], whole: Counted) -> bool:
    """Whether it is no worse than the rest without the combinations within it that are told."""
    key = _key(cell.where)
    inner = [other for _, other in apart if key < _key(other.where)]
    rest, left = _counted(cell), whole
    taken: list[Key] = []
    for other in inner:
        if not any(one < _key(other.where) for one in taken):  # counted with a larger one already
            taken.append(_key(other.where))
            rest, left = rest - _counted(other), left - _counted(other)
    return bool(taken) and (rest.debtors <= 0 or tail(rest, left) >= WITHIN)


def _anomaly(cell: Cell, chance: float, book: Rate) -> Anomaly:
    here = cell.overdue_rate
    others = book.whole - here.whole
    rest = (book.part - here.part) / others if others else 0.0
    return Anomaly(
        where=cell.where,
        overdue_rate=here,
        rest_ratio=rest,
        times=(here.ratio or 0.0) / rest if rest else float("inf"),
        excess=here.part - here.whole * rest,
        overdue=cell.overdue or Decimal(0),
        false_alarm=chance,
    )
