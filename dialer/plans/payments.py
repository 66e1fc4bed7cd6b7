"""When does a plan bring how much? Whole cents, never a cent more interest than its rate.

- Instalments: the first after `first_payment_days`, then every month; equal, the last one takes up the rounding. The
  first period counts as the part of a month of thirty days that it is, at most one.
- An extension is paid once, so many months later, with the interest of these months.
- A lump sum is paid once, within days, and costs nothing.
- Interest is rounded down, so that the plan's cost never exceeds its rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from dialer.loans.schedules import add_months
from dialer.loans.terms import MONTHS_A_YEAR
from dialer.plans.offers import PlanKind, PlanPayment
from dialer.plans.rules import PlanRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a plan pays, whatever the sum."""

    kind: PlanKind
    months: int
    """Of instalments their number, of an extension how long it is put off, of a lump sum 1."""
    annual_rate: Decimal
    first_months: float
    """From the beginning to the first payment, in months."""

    @property
    def count(self) -> int:
        """How many payments."""
        return self.months if self.kind is PlanKind.INSTALMENTS else 1

    @property
    def monthly_rate(self) -> Decimal:
        """Of a month."""
        return self.annual_rate / MONTHS_A_YEAR

    @property
    def times(self) -> list[float]:
        """When each payment comes, in months from the beginning."""
        return [self.first_months + index for index in range(self.count)]


def shape_of(kind: PlanKind, months: int, annual_rate: Decimal, begins_on: date, rules: PlanRules) -> Shape:
    """The shape of a plan that begins on a day."""
    match kind:
        case PlanKind.INSTALMENTS:
            first = min(1.0, thirtieths(begins_on, first_due_on(kind, months, begins_on, rules)) / 30)
        case PlanKind.EXTENSION:
            first = float(months)
        case PlanKind.LUMP_SUM:
            first, annual_rate = rules.lump_sum_days / 30, Decimal(0)
    return Shape(kind=kind, months=months, annual_rate=annual_rate, first_months=first)


def first_due_on(kind: PlanKind, months: int, begins_on: date, rules: PlanRules) -> date:
    """When the first payment is due."""
    match kind:
        case PlanKind.INSTALMENTS:
            return begins_on + timedelta(days=rules.first_payment_days)
        case PlanKind.EXTENSION:
            return add_months(begins_on, months)
        case PlanKind.LUMP_SUM:
            return begins_on + timedelta(days=rules.lump_sum_days)


def thirtieths(begin: date, end: date) -> int:
    """Days from one day to another, where every month has thirty."""
    months = (end.year - begin.year) * 12 + end.month - begin.month
    return 30 * months + min(end.day, 30) - min(begin.day, 30)


def regular_cents(cents: float, shape: Shape) -> float:
    """What each instalment is before rounding; of a single payment, the payment."""
    rate = float(shape.monthly_rate)
    if not rate:
        return cents / shape.count
    grown = cents * math.pow(1 + rate, shape.first_months)
    if shape.count == 1:
        return grown
    return grown / (1 + rate) * rate / (1 - math.pow(1 + rate, -shape.count))


def payment_cents(cents: int, shape: Shape) -> list[int]:
    """The payments of a plan that is to bring so much besides its interest."""
    rate = Fraction(shape.monthly_rate)
    first_interest = int(cents * (math.pow(1 + float(rate), shape.first_months) - 1)) if rate else 0
    if shape.count == 1:
        return [cents + first_interest]
    each, left, found = round(regular_cents(cents, shape)), cents, []
    top, bottom = rate.numerator, rate.denominator
    for index in range(shape.count - 1):
        interest = first_interest if index == 0 else left * top // bottom
        paid = min(each, left + interest)
        left += interest - paid
        found.append(paid)
    return [*found, left + left * top // bottom]


def dated(cents: list[int], shape: Shape, begins_on: date, rules: PlanRules) -> tuple[PlanPayment, ...]:
    """The payments with their days."""
    first = first_due_on(shape.kind, shape.months, begins_on, rules)
    return tuple(
        PlanPayment(no=index + 1, due_on=add_months(first, index), amount=Decimal(one).scaleb(-2))
        for index, one in enumerate(cents)
    )
