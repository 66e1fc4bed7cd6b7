"""Does the schedule that a source gave agree with the one that its terms make? The differences, one by one.

Fees are not compared: no term of the loan says what they should be. Differences of a cent or two on single instalments,
with the right total of principal, are rounding: another house may round another way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from dialer.loans.schedules import Instalment, schedule
from dialer.loans.terms import CENT, ZERO, LoanTerms, Method


class Compared(StrEnum):
    """What was compared."""

    MISSING = "missing"  # computed, and not in the source
    EXTRA = "extra"  # in the source, and not computed
    DUE_ON = "due_on"
    PRINCIPAL = "principal"
    INTEREST = "interest"
    ALL_PRINCIPAL = "all_principal"  # the sum of principal is not the loan's


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which they disagree."""

    what: Compared
    no: int
    """The instalment; 0: the schedule as a whole."""
    said: Decimal | date | None
    """By the source; None: nothing."""
    computed: Decimal | date | None
    rounding: bool = False
    """So small that another way of rounding explains it."""

    @property
    def amount(self) -> Decimal:
        """Said less computed; 0 for dates."""
        if isinstance(self.said, date) or isinstance(self.computed, date):
            return ZERO
        return (self.said or ZERO) - (self.computed or ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What came of comparing."""

    computed: tuple[Instalment, ...]
    differences: tuple[Difference, ...]
    fits: tuple[Method, ...]
    """Methods under which the same principal, rate and months would make this schedule, rounding aside."""

    @property
    def agrees(self) -> bool:
        """No difference, or rounding only."""
        return all(one.rounding for one in self.differences)


def check(terms: LoanTerms, said: Sequence[Instalment], *, rounding: Decimal = 2 * CENT) -> Check:
    """Compare a schedule with the computed one.

    Args:
        terms: what the loan's schedule follows from.
        said: the schedule of the source, in any order.
        rounding: differences up to this on one instalment are called rounding.
    """
    computed = schedule(terms)
    fits = tuple(method for method in Method if _fits(replace(terms, method=method), said, rounding))
    return Check(computed=computed, differences=tuple(_differences(terms, computed, said, rounding)), fits=fits)


def _fits(terms: LoanTerms, said: Sequence[Instalment], rounding: Decimal) -> bool:
    found = _differences(terms, schedule(terms), said, rounding)
    return all(one.rounding or one.what is Compared.DUE_ON for one in found)


def _differences(
    terms: LoanTerms, computed: Sequence[Instalment], said: Sequence[Instalment], rounding: Decimal
) -> Iterator[Difference]:
    ours, theirs = ({one.no: one for one in those} for those in (computed, said))
    all_principal = sum((one.principal for one in said), ZERO)
    if all_principal != terms.principal:
        yield Difference(what=Compared.ALL_PRINCIPAL, no=0, said=all_principal, computed=terms.principal)
    for no in sorted(ours.keys() | theirs.keys()):
        if no not in theirs:
            yield Difference(what=Compared.MISSING, no=no, said=None, computed=ours[no].total)
        elif no not in ours:
            yield Difference(what=Compared.EXTRA, no=no, said=theirs[no].total, computed=None)
        else:
            yield from _of_one(theirs[no], ours[no], rounding)


def _of_one(said: Instalment, computed: Instalment, rounding: Decimal) -> Iterator[Difference]:
    if said.due_on != computed.due_on:
        yield Difference(what=Compared.DUE_ON, no=said.no, said=said.due_on, computed=computed.due_on)
    pairs = (
        (Compared.PRINCIPAL, said.principal, computed.principal),
        (Compared.INTEREST, said.interest, computed.interest),
    )
    for what, one, other in pairs:
        if one != other:
            small = abs(one - other) <= rounding
            yield Difference(what=what, no=said.no, said=one, computed=other, rounding=small)
