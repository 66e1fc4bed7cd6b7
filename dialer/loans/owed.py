"""What is still owed of a loan: instalments with what was paid and waived of them, and what that adds up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from dialer.loans.buckets import Bucket, bucket_of, days_late
from dialer.loans.terms import NOTHING, ZERO, Part, Parts

WAIVER_ORDER: Final = (Part.PENALTY, Part.INTEREST, Part.FEE, Part.PRINCIPAL)
"""What is waived first. Source: usual practice, penalty before interest before fee before principal; house rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An instalment in its life."""

    no: int
    """1 is the first; 0 is the whole of an account that has no schedule."""
    due_on: date
    due: Parts
    paid: Parts = NOTHING
    waived: Decimal = ZERO
    """Counts against the parts in the order of `WAIVER_ORDER`."""
    paid_on: date | None = None
    """The day on which nothing of it was left to pay."""

    @property
    def left(self) -> Parts:
        """What is left to pay, by part; nothing is below zero."""
        due, paid = self.due, self.paid
        owed = Parts(
            penalty=max(ZERO, due.penalty - paid.penalty),
            fee=max(ZERO, due.fee - paid.fee),
            interest=max(ZERO, due.interest - paid.interest),
            principal=max(ZERO, due.principal - paid.principal),
        )
        return _without(owed, self.waived) if self.waived else owed

    @property
    def is_paid(self) -> bool:
        """Nothing of it is left to pay."""
        return not self.left.total

    def with_paid(self, part: Part, amount: Decimal, day: date) -> Owed:
        """After a payment of so much for one part on a day; a negative amount takes it back."""
        after = replace(self, paid=self.paid.plus(part, amount))
        return replace(after, paid_on=(self.paid_on or day) if after.is_paid else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a loan stands on a day."""

    days_past_due: int
    bucket: Bucket
    overdue: Parts
    """Left of the instalments that are late, days of grace over."""
    due: Parts
    """Left of the instalments whose day has come: what brings the loan up to date."""
    left: Parts
    """Left of all instalments."""
    next_due_on: date | None
    """Of the first instalment whose day has not come and of which something is left."""
    next_due: Decimal


def standing(owed: Iterable[Owed], today: date, grace_days: int = 0) -> Standing:
    """Where a loan stands.

    Args:
        owed: its instalments, in any order.
        today: the business date; an instalment is due on its day.
        grace_days: days after the due date in which nothing is late.
    """
    lefts = [(one, left) for one in owed if (left := one.left).total]
    ahead = min((pair for pair in lefts if pair[0].due_on > today), key=_first, default=None)
    days = max((days_late(one.due_on, today, grace_days) for one, _ in lefts), default=0)
    return Standing(
        days_past_due=days,
        bucket=bucket_of(days),
        overdue=sum_of(left for one, left in lefts if days_late(one.due_on, today, grace_days)),
        due=sum_of(left for one, left in lefts if one.due_on <= today),
        left=sum_of(left for _, left in lefts),
        next_due_on=None if ahead is None else ahead[0].due_on,
        next_due=ZERO if ahead is None else ahead[1].total,
    )


def _first(pair: tuple[Owed, Parts]) -> tuple[date, int]:
    return pair[0].due_on, pair[0].no


def _without(owed: Parts, waived: Decimal) -> Parts:
    """What is left of an amount after so much was let go, in the order of `WAIVER_ORDER`."""
    for part in WAIVER_ORDER:
        taken = min(waived, owed.of(part))
        owed, waived = owed.plus(part, -taken), waived - taken
    return owed


def waive(owed: Sequence[Owed], amount: Decimal, day: date) -> tuple[tuple[Owed, ...], Decimal]:
    """Let so much go, the oldest instalment first; returns the instalments and what could not be let go."""
    after, rest = [], amount
    for one in sorted(owed, key=lambda one: (one.due_on, one.no)):
        taken = min(rest, one.left.total)
        rest -= taken
        waived = replace(one, waived=one.waived + taken)
        after.append(replace(waived, paid_on=(one.paid_on or day) if waived.is_paid else None))
    return tuple(after), rest


def sum_of(parts: Iterable[Parts]) -> Parts:
    """All of them together."""
    return sum(parts, start=NOTHING)
