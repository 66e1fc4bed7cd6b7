"""What a plan is about, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from dialer.loans.buckets import Bucket
from dialer.loans.schedules import add_months
from dialer.loans.terms import NOTHING, ZERO, Parts


class PlanKind(StrEnum):
    """How a plan pays."""

    LUMP_SUM = "lump_sum"  # 一次性结清: once, within days
    INSTALMENTS = "instalments"  # 分期: every month
    EXTENSION = "extension"  # 展期: once, some months later


class Scope(StrEnum):
    """Of what a plan settles."""

    DUE = "due"  # what has fallen due; the instalments to come stay as they are
    WHOLE = "whole"  # the whole loan


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Money on a day; from the lender to the debtor is negative."""

    on: date
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The debt and the debtor, on a day."""

    today: date
    claim: Parts
    """What the plan shall settle."""
    scope: Scope
    days_past_due: int
    bucket: Bucket
    affordable: Decimal
    """Each month, for this plan."""
    cash: Decimal = ZERO
    """At hand now."""
    broken_promises: int = 0
    past: tuple[Flow, ...] = ()
    """The loan so far: what was lent and what was paid. Empty: not known, and the whole cost is not held to a cap."""
    ahead: tuple[Flow, ...] = ()
    """What the contract will bring besides the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody told for a plan, besides what is known of the debtor."""

    income: Decimal | None = None
    """Of a month."""
    affordable: Decimal | None = None
    """Each month; goes before what the income says."""
    cash: Decimal = ZERO
    """At hand now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPayment:
    """One payment of a plan."""

    no: int
    due_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the debtor would pay, and what would be let go when it was kept."""

    kind: PlanKind
    scope: Scope
    begins_on: date
    annual_rate: Decimal
    """Charged on what is still to be paid."""
    claim: Parts
    payments: tuple[PlanPayment, ...]
    waived: Parts = NOTHING

    @property
    def total(self) -> Decimal:
        """All payments."""
        return sum((one.amount for one in self.payments), ZERO)

    @property
    def interest(self) -> Decimal:
        """What the plan itself costs."""
        return self.total - (self.claim.total - self.waived.total)

    @property
    def monthly(self) -> Decimal:
        """The first payment; of instalments all are the same but the last."""
        return self.payments[0].amount

    @property
    def months(self) -> int:
        """From the beginning to the last payment, begun months whole."""
        return months_between(self.begins_on, self.payments[-1].due_on)


def months_between(begin: date, end: date) -> int:
    """Months from one day to a later one, a begun one as a whole one; 0: the same day."""
    months = (end.year - begin.year) * 12 + end.month - begin.month
    return months if add_months(begin, months) >= end else months + 1
