"""What is still owed of a loan: instalments with what was paid and waived of them, and what that adds up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from dialer.loans.buckets import Bucket, bucket_of, days_late, days_past_due
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
        left, waived = {}, self.waived
        for part in WAIVER_ORDER:
            open_amount = max(ZERO, self.due.of(part) - self.paid.of(part))
            taken = min(waived, open_amount)
            left[part.value] = open_amount - taken
            waived -= taken
        return Parts(**left)

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
    unpaid = sorted((one for one in owed if not one.is_paid), key=lambda one: (one.due_on, one.no))
    days = days_past_due(unpaid, today, grace_days)
    ahead = next((one for one in unpaid if one.due_on > today), None)
    return Standing(
        days_past_due=days,
        bucket=bucket_of(days),
        overdue=sum_of(one.left for one in unpaid if days_late(one.due_on, today, grace_days)),
        due=sum_of(one.left for one in unpaid if one.due_on <= today),
        left=sum_of(one.left for one in unpaid),
        next_due_on=None if ahead is None else ahead.due_on,
        next_due=ZERO if ahead is None else ahead.left.total,
    )


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
