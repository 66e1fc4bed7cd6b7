"""What does a payment pay? Every cent of it, in a configured order; and taking it back.

Rules
- What has fallen due is paid first, in the order that holds for a loan as late as this one on the day of paying.
- What is left then pays the next instalments before their day, or is kept, as configured.
- What is left even then is surplus: a line of instalment 0, and nobody loses it.
- The lines of a payment add up to it, always. Taking a payment back takes back its lines, and nothing else.
Source: CN-9 (Art. 57) for the order of cards; any other order is the contract's or the house's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dialer.loans.owed import Owed, standing
from dialer.loans.rules import Ahead, AllocationRule, By, LoanRules
from dialer.loans.terms import ZERO, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """So much of a payment paid this part of that instalment."""

    no: int
    part: Part | None
    """None: surplus."""
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What a payment did."""

    lines: tuple[Line, ...]
    owed: tuple[Owed, ...]
    """The instalments after it, in the order in which they came."""
    days_past_due: int
    """Before it; what chose the order."""
    rule: AllocationRule

    @property
    def surplus(self) -> Decimal:
        """Paid, and owed by nobody."""
        return sum((line.amount for line in self.lines if line.part is None), ZERO)


def allocate(
    owed: Sequence[Owed], amount: Decimal, *, paid_on: date, rules: LoanRules, grace_days: int = 0
) -> Allocation:
    """Let a payment pay.

    Args:
        owed: the instalments of the loan, penalty interest up to the day of paying included.
        amount: more than 0.00, whole cents.
        paid_on: the business date of the payment.
        rules: the orders.
        grace_days: of the loan.
    """
    days = standing(owed, paid_on, grace_days).days_past_due
    rule = rules.allocation_for(days)
    rest, taken = amount, dict[tuple[int, Part], Decimal]()
    for one, part in _turns(owed, paid_on, rule, rules.ahead):
        if paid := min(rest, one.left.of(part)):
            taken[one.no, part] = paid
            rest -= paid
    lines = [Line(no=no, part=part, amount=paid) for (no, part), paid in taken.items()]
    if rest:
        lines.append(Line(no=0, part=None, amount=rest))
    return Allocation(lines=tuple(lines), owed=apply(owed, lines, paid_on), days_past_due=days, rule=rule)


def apply(owed: Sequence[Owed], lines: Sequence[Line], day: date) -> tuple[Owed, ...]:
    """The instalments after these lines were paid on a day."""
    after = {one.no: one for one in owed}
    for line in lines:
        if line.part is not None:
            after[line.no] = after[line.no].with_paid(line.part, line.amount, day)
    return tuple(after[one.no] for one in owed)


def take_back(owed: Sequence[Owed], lines: Sequence[Line], day: date) -> tuple[Owed, ...]:
    """The instalments as if these lines had not been paid."""
    return apply(owed, [Line(no=line.no, part=line.part, amount=-line.amount) for line in lines], day)


def _turns(owed: Sequence[Owed], day: date, rule: AllocationRule, ahead: Ahead) -> Iterator[tuple[Owed, Part]]:
    """Whose turn it is, in order."""
    in_order = sorted(owed, key=lambda one: (one.due_on, one.no))
    yield from _in_order([one for one in in_order if one.due_on <= day], rule)
    if ahead is Ahead.INSTALMENTS:
        for one in in_order:
            if one.due_on > day:
                yield from ((one, part) for part in rule.parts)


def _in_order(owed: Sequence[Owed], rule: AllocationRule) -> Iterator[tuple[Owed, Part]]:
    if rule.by is By.PART:
        yield from ((one, part) for part in rule.parts for one in owed)
    else:
        yield from ((one, part) for one in owed for part in rule.parts)
