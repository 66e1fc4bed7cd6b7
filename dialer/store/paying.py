"""Payments: received, reversed, and what follows, inside a transaction that may write.

Rules
- A payment is known by its account and the source's own id, `txn_id`: the same one twice is one. The same id with
  another sum is a contradiction and is refused.
- It is allocated on the day on which it was paid, with penalty interest up to that day; then the books go on to today.
- An account with nothing due is closed as `paid` in this transaction, so that an attempt that is being prepared is
  barred (`dialer.store.committing`) and no lead of it is leased. It opens again, as it stood, when the money is taken
  back or the next instalment is missed.
- Of an account without a schedule, what was paid on a day before the list came is in the list's amount already.
- A reversal takes back exactly the lines of its payment. What other payments had too much then pays what is owed again.
- Every change writes `payment.received` or `payment.reversed`, and has the plan and the promises of the account judged.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from dialer.account_events import AccountEvent, EventKind, EventValue
from dialer.errors import WriteRefusedError
from dialer.loans.allocation import Line, allocate, take_back
from dialer.loans.buckets import bucket_of
from dialer.loans.owed import Standing
from dialer.loans.rules import LoanRules
from dialer.loans.terms import Part
from dialer.store import books, planning, promising
from dialer.store.books import SQL, Book
from dialer.store.columns import amount, cents, moment, moment_text
from dialer.store.happened import note
from dialer.types import AccountId, DebtorId

SURPLUS = "surplus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What a payment or a reversal did."""

    payment_id: int
    account_id: AccountId
    debtor_id: DebtorId
    is_new: bool
    """False: it was known already, and nothing was written."""
    amount: Decimal
    lines: tuple[Line, ...]
    """What the payment pays, or paid."""
    amount_due: Decimal
    """Of the account, after it."""
    days_past_due: int
    """The same."""
    is_closed: bool
    """Nothing is due: the account is closed as paid."""

    @property
    def surplus(self) -> Decimal:
        """Paid, and owed by nobody."""
        return sum((line.amount for line in self.lines if line.part is None), Decimal("0.00"))


def receive(
    connection: sqlite3.Connection,
    *,
    account_id: AccountId,
    txn_id: str,
    amount: Decimal,
    paid_at: datetime,
    at: datetime,
    rules: LoanRules,
    channel: str = "",
    source: str = "",
    actor: str = "",
    batch_id: int | None = None,
    counted: bool | None = None,
) -> Booked:
    """Book a payment.

    Args:
        connection: in a transaction that may write.
        account_id: whose.
        txn_id: the source's own id of the payment, not empty.
        amount: more than 0.00, whole cents.
        paid_at: when it was paid, aware.
        at: now, aware; a payment of the future counts as of now.
        rules: order, penalty and zone of the business date.
        channel: how it was paid, such as bank or app.
        source: where word of it came from: import, cli, webhook.
        actor: who told it.
        batch_id: the import that brought it.
        counted: what the list says of an account without a schedule has this payment in it already: it is history, and
            nothing is less due for it. None: when it was paid on a day before the list came.

    Raises:
        StoreError: there is no such account.
        WriteRefusedError: the sum is no sum, the id is empty, or the id is known with another sum.
    """
    _check(txn_id, amount)
    if (known := _known(connection, account_id, txn_id)) is not None:
        return _again(connection, known, txn_id, amount, at, rules)
    paid_at = min(paid_at, at)
    paid_on = rules.day_of(paid_at)
    before = books.read(connection, account_id, today=paid_on, rules=rules)
    if not before.has_schedule:  # nobody told what was due on an earlier day
        before = books.read(connection, account_id, today=rules.day_of(at), rules=rules)
    day = paid_on if before.has_schedule else rules.day_of(at)
    done = allocate(before.owed, amount, paid_on=day, rules=rules, grace_days=before.grace_days)
    if is_history := _is_history(connection, before, paid_on, rules, counted):
        done = replace(done, lines=(Line(no=0, part=Part.PRINCIPAL, amount=amount),), owed=before.owed)
    row = {
        "account_id": account_id,
        "txn_id": txn_id,
        "amount": cents(amount),
        "at": moment_text(paid_at),
        "noted_at": moment_text(at),
        "channel": channel,
        "source": source,
        "batch_id": batch_id,
        "counted": is_history,
    }
    payment_id = connection.execute(SQL["add_payment"], row).lastrowid or 0
    _add_lines(connection, payment_id, done.lines)
    stands, is_closed = _settle(connection, replace(before, owed=done.owed), at=at, rules=rules)
    booked = Booked(
        payment_id=payment_id,
        account_id=account_id,
        debtor_id=before.debtor_id,
        is_new=True,
        amount=amount,
        lines=done.lines,
        amount_due=stands.due.total,
        days_past_due=stands.days_past_due,
        is_closed=is_closed,
    )
    _tell(connection, EventKind.PAYMENT_RECEIVED, booked, txn_id, at, channel=channel, source=source, actor=actor)
    planning.judge(connection, account_id, at=at, rules=rules)
    promising.payment_received(connection, account_id, paid_at=paid_at, at=at)
    return _now(connection, booked)


def reverse(
    connection: sqlite3.Connection,
    *,
    account_id: AccountId,
    txn_id: str,
    at: datetime,
    rules: LoanRules,
    reversal_txn_id: str = "",
    source: str = "",
    actor: str = "",
) -> Booked:
    """Take a payment back: a charge-back, a cheque that bounced, a mistake.

    Args:
        connection: in a transaction that may write.
        account_id: whose payment.
        txn_id: which payment.
        at: now, aware.
        rules: as for `receive`.
        reversal_txn_id: the source's own id of the reversal.
        source: where word of it came from.
        actor: who told it.

    Raises:
        StoreError: there is no such account.
        WriteRefusedError: there is no such payment.
    """
    known = _known(connection, account_id, txn_id)
    if known is None:
        raise WriteRefusedError(
            f"There is no payment {txn_id} of this account to take back. Note the payment first, or check the id."
        )
    if known.is_reversed:
        return _as_it_stands(connection, known, at, rules)
    lines = _lines(connection, known.payment_id)
    today = rules.day_of(at)
    row = {"payment_id": known.payment_id, "at": moment_text(at), "reversal_txn_id": reversal_txn_id or None}
    planning.reopen(connection, account_id, txn_id, at=at, rules=rules)
    before = books.read(connection, account_id, today=today, rules=rules)
    connection.execute(SQL["mark_reversed"], row)
    repaid = books.repaid(connection, account_id, rules)
    gone = () if known.is_history else _owed_lines(before, lines)
    after = replace(before, owed=take_back(before.owed, gone, today), repaid=repaid)
    after = _place_surplus(connection, after, rules)
    if after.standing(today).due.total:
        books.open_again(connection, after, anew=False)
    stands, is_closed = _settle(connection, after, at=at, rules=rules)
    booked = Booked(
        payment_id=known.payment_id,
        account_id=account_id,
        debtor_id=before.debtor_id,
        is_new=True,
        amount=known.amount,
        lines=lines,
        amount_due=stands.due.total,
        days_past_due=stands.days_past_due,
        is_closed=is_closed,
    )
    _tell(connection, EventKind.PAYMENT_REVERSED, booked, txn_id, at, source=source, actor=actor)
    planning.judge(connection, account_id, at=at, rules=rules)
    promising.payment_reversed(connection, account_id, at)
    return _now(connection, booked)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    payment_id: int
    account_id: AccountId
    amount: Decimal
    is_reversed: bool
    is_history: bool


def _check(txn_id: str, amount: Decimal) -> None:
    if not txn_id.strip():
        raise WriteRefusedError("A payment needs an id of its own (txn_id), so that it is never booked twice.")
    if amount <= 0 or cents(amount) <= 0:
        raise WriteRefusedError(f"A payment of {amount} is none; give more than 0.00, or a reversal.")


def _known(connection: sqlite3.Connection, account_id: AccountId, txn_id: str) -> _Known | None:
    row = connection.execute(SQL["payment"], {"account_id": account_id, "txn_id": txn_id}).fetchone()
    if row is None:
        return None
    payment_id, amount_cents, *_, reversed_at, _, is_history = row
    return _Known(
        payment_id=payment_id,
        account_id=account_id,
        amount=amount(amount_cents),
        is_reversed=reversed_at is not None,
        is_history=bool(is_history),
    )


def _again(
    connection: sqlite3.Connection, known: _Known, txn_id: str, amount: Decimal, at: datetime, rules: LoanRules
) -> Booked:
    if known.amount != amount:
        raise WriteRefusedError(
            f"Payment {txn_id} was noted with {known.amount}, and now comes with {amount}. "
            "Reverse it first, or give the other payment an id of its own."
        )
    return _as_it_stands(connection, known, at, rules)


def _as_it_stands(connection: sqlite3.Connection, known: _Known, at: datetime, rules: LoanRules) -> Booked:
    book = books.read(connection, known.account_id, today=rules.day_of(at), rules=rules)
    stands = book.standing(rules.day_of(at))
    closed = connection.execute(SQL["is_closed_as_paid"], {"account_id": known.account_id}).fetchone()
    return Booked(
        payment_id=known.payment_id,
        account_id=known.account_id,
        debtor_id=book.debtor_id,
        is_new=False,
        amount=known.amount,
        lines=_lines(connection, known.payment_id),
        amount_due=stands.due.total,
        days_past_due=stands.days_past_due,
        is_closed=closed is not None,
    )


def _is_history(
    connection: sqlite3.Connection, book: Book, paid_on: date, rules: LoanRules, counted: bool | None
) -> bool:
    """Whether the list's amount of an account without a schedule has a payment in it already."""
    if book.has_schedule or counted is False:
        return False
    said_on = books.said_on(connection, book.debtor_id, rules)
    return counted is True or (said_on is not None and paid_on < said_on)


def _settle(connection: sqlite3.Connection, book: Book, *, at: datetime, rules: LoanRules) -> tuple[Standing, bool]:
    """Bring changed books to today and write them; says where the account stands, and whether it is closed."""
    today = rules.day_of(at)
    book = replace(book, repaid=books.repaid(connection, book.account_id, rules))
    book = books.aged(book, today, rules)
    stands = books.write(connection, book, today=today)
    return stands, books.close_if_paid(connection, book, stands, at)


def _place_surplus(connection: sqlite3.Connection, book: Book, rules: LoanRules) -> Book:
    """Let what other payments had too much pay what is owed again."""
    rows = connection.execute(SQL["surpluses"], {"account_id": book.account_id}).fetchall()
    for payment_id, paid_at, surplus in rows:
        day = rules.day_of(moment(paid_at))
        done = allocate(book.owed, amount(surplus), paid_on=day, rules=rules, grace_days=book.grace_days)
        connection.execute(SQL["remove_surplus"], {"payment_id": payment_id})
        _add_lines(connection, payment_id, done.lines)
        book = replace(book, owed=done.owed)
    return book


def _add_lines(connection: sqlite3.Connection, payment_id: int, lines: tuple[Line, ...]) -> None:
    for line in lines:
        row = {"payment_id": payment_id, "no": line.no, "part": line.part or SURPLUS, "amount": cents(line.amount)}
        connection.execute(SQL["extend_line"], row)


def _lines(connection: sqlite3.Connection, payment_id: int) -> tuple[Line, ...]:
    return tuple(
        Line(no=no, part=None if part == SURPLUS else Part(part), amount=amount(paid))
        for no, part, paid in connection.execute(SQL["lines"], {"payment_id": payment_id})
    )


def _owed_lines(book: Book, lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines that paid instalments which are still there: a source may have sent a schedule, or none, since."""
    known = {one.no for one in book.owed}
    return tuple(line for line in lines if line.part is not None and line.no in known)


def _now(connection: sqlite3.Connection, booked: Booked) -> Booked:
    """As the account stands when its plan was judged too."""
    row = {"account_id": booked.account_id}
    due, days, is_closed = connection.execute(SQL["account_now"], row).fetchone()
    return replace(booked, amount_due=amount(due), days_past_due=days, is_closed=bool(is_closed))


def _tell(
    connection: sqlite3.Connection,
    kind: EventKind,
    booked: Booked,
    txn_id: str,
    at: datetime,
    *,
    channel: str = "",
    source: str = "",
    actor: str = "",
) -> None:
    payload: dict[str, EventValue] = {
        "txn_id": txn_id,
        "amount": str(booked.amount),
        "amount_due": str(booked.amount_due),
        "days_past_due": booked.days_past_due,
        "bucket": bucket_of(booked.days_past_due).value,
        "closed": booked.is_closed,
    }
    if channel:
        payload["channel"] = channel
    event = AccountEvent(
        kind=kind,
        at=at,
        debtor_id=booked.debtor_id,
        account_id=booked.account_id,
        actor=actor,
        source=source,
        payload=payload,
    )
    note(connection, event)
