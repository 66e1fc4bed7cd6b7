"""The books of one account: read whole, brought to a day, written back. Inside the caller's transaction.

Rules
- Where there is a schedule, it is the book: what is due and how late it is follow from the instalments. Where there is
  none, what the list said is owed as one sum, instalment 0, and gets a day older with each day.
- A penalty that a source told holds; ours is added from the next day on. See `dialer.loans.penalties`.
- An account with nothing due is closed as paid, and remembers how it stood: when money is taken back or the next
  instalment is missed, it stands like that again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from dialer.errors import StoreError
from dialer.loans.owed import Owed, Standing, standing
from dialer.loans.penalties import Repaid, costs_from, penalty
from dialer.loans.rules import LoanRules
from dialer.loans.terms import ZERO, LoanTerms, Method, Parts
from dialer.store.columns import amount, cents, moment, moment_text
from dialer.store.statements import Statements
from dialer.types import AccountId, DebtorId

SQL = Statements("books")
PAID_REASON = "已无欠款 · nothing is due"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accrual:
    """How the penalty of an instalment came about."""

    since: date | None
    base: Decimal
    noted: Decimal | None
    """What we wrote last; another sum in the books: a source told it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One account."""

    account_id: AccountId
    debtor_id: DebtorId
    state: str
    terms: LoanTerms | None
    """None: no source told them, or they are impossible."""
    grace_days: int
    has_schedule: bool
    """There are instalments."""
    owed: tuple[Owed, ...]
    """Of an account without a schedule one, with the number 0."""
    accruals: Mapping[int, Accrual]
    repaid: Mapping[int, tuple[Repaid, ...]]
    """Principal that payments have paid, by instalment."""

    def standing(self, today: date) -> Standing:
        """Where it stands."""
        return standing(self.owed, today, self.grace_days)


def read(
    connection: sqlite3.Connection, account_id: AccountId, *, today: date, rules: LoanRules, for_ageing: bool = False
) -> Book:
    """The books of an account, brought to a day.

    Args:
        connection: in a transaction.
        account_id: whose.
        today: the business date.
        rules: penalty interest, and the zone of the business date.
        for_ageing: only what is due and not paid, and penalty interest as it was written last.

    Raises:
        StoreError: there is no such account.
    """
    row = connection.execute(SQL["account"], {"account_id": account_id}).fetchone()
    if row is None:
        raise StoreError(f"There is no account with the id {account_id}.")
    debtor_id, due, days, state, aged_on, aged_days, overdue_since, has_schedule, *loan = row
    owed, accruals = _instalments(connection, account_id, today.isoformat() if for_ageing else "")
    if not has_schedule:
        since = _since(connection, debtor_id, (days, aged_on, aged_days), today, rules)
        if overdue_since is not None and not due and days == aged_days:
            since = date.fromisoformat(overdue_since)  # paid, and how late it was is not forgotten
        owed = (Owed(no=0, due_on=min(since, today), due=Parts(principal=amount(due))),)
    book = Book(
        account_id=account_id,
        debtor_id=DebtorId(debtor_id),
        state=state,
        terms=_terms(loan),
        has_schedule=bool(has_schedule),
        grace_days=(loan[-1] or 0) if has_schedule else 0,
        owed=owed,
        accruals=accruals,
        repaid=repaid(connection, account_id, rules) if owed else {},
    )
    return book if for_ageing else aged(book, today, rules)


def aged(book: Book, today: date, rules: LoanRules) -> Book:
    """The same books with penalty interest up to a day."""
    if not book.has_schedule or book.terms is None or not rules.penalty.accrues(book.terms):
        return book
    rate, of_year = rules.penalty.rate_of(book.terms), rules.penalty.days_a_year
    owed, accruals = [], {}
    for one in book.owed:
        accrual = _told(one, book.accruals[one.no], today)
        since = accrual.since or costs_from(one.due_on, today, book.grace_days)
        if since is not None and not one.waived:
            repaid = book.repaid.get(one.no, ())
            at_first = one.due.principal - one.paid.principal + sum((each.amount for each in repaid), ZERO)
            cost = penalty(
                at_first,
                repaid,
                since=since,
                today=today,
                annual_rate=rate,
                days_a_year=of_year,
                base=accrual.base,
            )
            # What was paid of it stays due: a payment that is dated back makes nobody's penalty less than was paid.
            one = replace(one, due=replace(one.due, penalty=max(cost, one.paid.penalty)))
        owed.append(one)
        accruals[one.no] = replace(accrual, noted=one.due.penalty)
    return replace(book, owed=tuple(owed), accruals=accruals)


def write(connection: sqlite3.Connection, book: Book, *, today: date, before: Book | None = None) -> Standing:
    """Write the books back, and what follows of it for the account's amount and days past due.

    Args:
        connection: in a transaction that may write.
        book: as it shall be.
        today: the business date.
        before: as it was read; instalments that are the same are not written. None: all are.
    """
    old = {} if before is None else {one.no: (one, before.accruals.get(one.no)) for one in before.owed}
    for one in book.owed:
        if one.no and old.get(one.no) != (one, book.accruals[one.no]):
            connection.execute(SQL["write_instalment"], _instalment_row(book, one))
    stands = book.standing(today)
    first = today if book.has_schedule else book.owed[0].due_on
    row = {
        "account_id": book.account_id,
        "amount_due": cents(stands.due.total),
        "days": stands.days_past_due,
        "aged_on": today.isoformat(),
        "overdue_since": first.isoformat() if first < today else None,
    }
    connection.execute(SQL["write_account"], row)
    return stands


def close_if_paid(connection: sqlite3.Connection, book: Book, stands: Standing, at: datetime) -> bool:
    """Close an account with nothing due, and remember how it stood; says whether it is closed as paid."""
    row = {"account_id": book.account_id, "at": moment_text(at), "reason": PAID_REASON}
    if not stands.due.total:
        connection.execute(SQL["remember_standing"], row)
        connection.execute(SQL["close_paid"], row)
    return connection.execute(SQL["is_closed_as_paid"], row).fetchone() is not None


def open_again(connection: sqlite3.Connection, book: Book, *, anew: bool) -> None:
    """Open an account that money had closed.

    Args:
        connection: in a transaction that may write.
        book: of the account; of one that is not closed as paid nothing changes.
        anew: as a new one, because an instalment was missed; else as it stood, because the money was taken back.
    """
    row = {"account_id": book.account_id, "debtor_id": book.debtor_id}
    if anew:
        connection.execute(SQL["forget_appointments"], row)
    connection.execute(SQL["reopen_unpaid"], row)
    connection.execute(SQL["forget_standing"], row)


def _instalments(
    connection: sqlite3.Connection, account_id: AccountId, due_by: str
) -> tuple[tuple[Owed, ...], dict[int, Accrual]]:
    """Those that are due by a day and not paid; an empty day: all."""
    owed, accruals = [], {}
    for no, due_on, *sums, waived, paid_on, since, base, noted in connection.execute(
        SQL["instalments"], {"account_id": account_id, "due_by": due_by}
    ):
        owed.append(
            Owed(
                no=no,
                due_on=date.fromisoformat(due_on),
                due=_parts(sums[:4]),
                paid=_parts(sums[4:]),
                waived=amount(waived),
                paid_on=None if paid_on is None else date.fromisoformat(paid_on[:10]),
            )
        )
        accruals[no] = Accrual(
            since=None if since is None else date.fromisoformat(since),
            base=amount(base),
            noted=None if noted is None else amount(noted),
        )
    return tuple(owed), accruals


def _parts(sums: list[int]) -> Parts:
    penalty_cents, fee, interest, principal = sums
    return Parts(penalty=amount(penalty_cents), fee=amount(fee), interest=amount(interest), principal=amount(principal))


def _since(
    connection: sqlite3.Connection,
    debtor_id: int,
    aged: tuple[int, str | None, int | None],
    today: date,
    rules: LoanRules,
) -> date:
    """Since when an account without a schedule has been due; of one that is not late nobody told the day."""
    days, aged_on, aged_days = aged
    if not days:
        return today
    if aged_on is not None and days == aged_days:
        return date.fromisoformat(aged_on) - timedelta(days=days)
    return (said_on(connection, debtor_id, rules) or today) - timedelta(days=days)


def said_on(connection: sqlite3.Connection, debtor_id: int, rules: LoanRules) -> date | None:
    """On which day a list last said something of a debtor."""
    (imported_at,) = connection.execute(SQL["imported_on"], {"debtor_id": debtor_id}).fetchone()
    return None if imported_at is None else rules.day_of(moment(imported_at))


def _terms(loan: list[object]) -> LoanTerms | None:
    principal, rate, penalty_rate, periods, method, disbursed_on, first_due_on, grace = loan
    if principal is None:
        return None
    try:
        return LoanTerms(
            principal=amount(int(str(principal))),
            annual_rate=Decimal(str(rate)),
            penalty_rate=Decimal(str(penalty_rate)) if penalty_rate else None,
            periods=int(str(periods)),
            method=Method(str(method)),
            disbursed_on=date.fromisoformat(str(disbursed_on)),
            first_due_on=date.fromisoformat(str(first_due_on)),
            grace_days=int(str(grace)),
        )
    except (ValueError, ArithmeticError):
        return None


def repaid(connection: sqlite3.Connection, account_id: AccountId, rules: LoanRules) -> dict[int, tuple[Repaid, ...]]:
    """Principal that payments which still count have paid, by instalment."""
    found: dict[int, tuple[Repaid, ...]] = {}
    for no, at, paid in connection.execute(SQL["principal_paid"], {"account_id": account_id}):
        found[no] = (*found.get(no, ()), Repaid(on=rules.day_of(moment(at)), amount=amount(paid)))
    return found


def _told(one: Owed, accrual: Accrual, today: date) -> Accrual:
    """What a source says of a penalty holds up to the day on which we see it."""
    if accrual.noted == one.due.penalty or (accrual.noted is None and not one.due.penalty):
        return accrual
    return Accrual(since=today, base=one.due.penalty, noted=one.due.penalty)


def _instalment_row(book: Book, one: Owed) -> dict[str, object]:
    accrual = book.accruals[one.no]
    return {
        "account_id": book.account_id,
        "no": one.no,
        "fee": cents(one.due.fee),
        "penalty": cents(one.due.penalty),
        "paid_penalty": cents(one.paid.penalty),
        "paid_fee": cents(one.paid.fee),
        "paid_interest": cents(one.paid.interest),
        "paid_principal": cents(one.paid.principal),
        "waived": cents(one.waived),
        "paid_on": None if one.paid_on is None else one.paid_on.isoformat(),
        "since": None if accrual.since is None else accrual.since.isoformat(),
        "base": cents(accrual.base),
        "noted": None if accrual.noted is None else cents(accrual.noted),
    }
