"""Penalty interest (罚息): what overdue principal costs from day to day.

Rules
- penalty = overdue principal x rate x days / days a year, from the due date on, once the days of grace are over.
- Principal that was paid costs until the day on which it was paid.
- Rounded once, at the end: a hundred days cost what one term of a hundred days costs, not a hundred rounded days.
- What a source says that was owed on a day (`base`) is taken over, and only later days are added.
Source: collections.md section 3, calculators; day count and rounding are house rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dialer.loans.buckets import days_late
from dialer.loans.terms import ZERO, cent


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaid:
    """Principal that was paid, and when."""

    on: date
    amount: Decimal


def penalty(
    principal: Decimal,
    repaid: Iterable[Repaid],
    *,
    since: date,
    today: date,
    annual_rate: Decimal,
    days_a_year: int,
    base: Decimal = ZERO,
) -> Decimal:
    """The penalty interest that an instalment has cost up to a day.

    Args:
        principal: overdue on `since`.
        repaid: of it, since then; what was paid before counts as paid on `since`.
        since: from when days count, mostly the due date.
        today: up to when; before `since` nothing is added.
        annual_rate: of a year.
        days_a_year: 360 or 365.
        base: what was owed already on `since`.
    """
    cost = principal * max(0, (today - since).days)
    for one in repaid:
        cost -= one.amount * max(0, (today - max(one.on, since)).days)
    return base + cent(max(Decimal(0), cost) * annual_rate / days_a_year)


def costs_from(due_on: date, today: date, grace_days: int) -> date | None:
    """From when an instalment costs penalty interest, as seen on a day; None: it is not late."""
    return due_on if days_late(due_on, today, grace_days) else None
