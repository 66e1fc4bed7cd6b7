"""When is how much due? The schedule of a loan, to the cent.

Rules
- With `P` the principal, `i` a month's rate, `n` the number of months:
  equal instalment  A = P·i·(1+i)^n / ((1+i)^n - 1), at i = 0: P/n; interest is i times what is left, the rest principal
  equal principal   P/n each month, interest is i times what is left
  interest first    i·P each month, P with the last
  lump sum          P and n·i·P, once
- Every sum is rounded to the cent, half up. The last instalment takes what is left of the principal, so that all
  principal together is `P` exactly. Source: 等额本息 and 等额本金 as banks publish them; the rounding is a house rule.
- Every month counts as one, the first too, however many days it has.
- Due dates keep the day of the first one; a month without that day has it on its last: 31 January, 28 February.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from dialer.loans.terms import ZERO, LoanTerms, Method, cent


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """What is due on one day."""

    no: int
    """1 is the first."""
    due_on: date
    principal: Decimal
    interest: Decimal
    fee: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All of it."""
        return self.principal + self.interest + self.fee


def schedule(terms: LoanTerms) -> tuple[Instalment, ...]:
    """All instalments of a loan, in order."""
    if terms.method is Method.LUMP_SUM:
        interest = cent(terms.principal * terms.monthly_rate * terms.periods)
        return (Instalment(no=1, due_on=terms.first_due_on, principal=terms.principal, interest=interest),)
    parts = _repayments(terms)
    return tuple(
        Instalment(no=no, due_on=add_months(terms.first_due_on, no - 1), principal=principal, interest=interest)
        for no, (principal, interest) in enumerate(parts, start=1)
    )


def equal_payment(principal: Decimal, monthly_rate: Decimal, periods: int) -> Decimal:
    """The same sum every month that pays a principal and its interest back, not rounded."""
    if not monthly_rate:
        return principal / periods
    with localcontext() as context:
        context.prec = 50
        grown = (1 + monthly_rate) ** periods
        return principal * monthly_rate * grown / (grown - 1)


def add_months(day: date, months: int) -> date:
    """So many months later, on the same day of the month or else its last one."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _repayments(terms: LoanTerms) -> Iterator[tuple[Decimal, Decimal]]:
    """Principal and interest of each month."""
    left, each = terms.principal, _each_month(terms)
    for no in range(1, terms.periods + 1):
        interest = cent(left * terms.monthly_rate)
        if no == terms.periods:
            principal = left
        elif terms.method is Method.EQUAL_INSTALMENT:
            principal = min(left, max(ZERO, each - interest))
        else:
            principal = min(left, each)
        left -= principal
        yield principal, interest


def _each_month(terms: LoanTerms) -> Decimal:
    """What every month but the last brings: of an equal instalment all of it, else the principal."""
    match terms.method:
        case Method.EQUAL_INSTALMENT:
            return cent(equal_payment(terms.principal, terms.monthly_rate, terms.periods))
        case Method.EQUAL_PRINCIPAL:
            return cent(terms.principal / terms.periods)
        case Method.INTEREST_FIRST | Method.LUMP_SUM:
            return ZERO
