"""What a repayment plan does to the books of its account, inside the caller's transaction; `planning` says when.

Its interest is a fee of the last instalment that it settles, from signing on; what is not paid of it goes away when the
plan ends early. Nothing is let go before the plan is kept whole, and what was is owed again when a payment of it is
taken back.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from dialer.loans.owed import Owed
from dialer.loans.rules import LoanRules
from dialer.loans.terms import ZERO, Part
from dialer.plans.offers import Scope
from dialer.store import books
from dialer.store.books import Book
from dialer.store.columns import amount, cents
from dialer.store.planned import SQL, KnownPlan
from dialer.store.situations import in_scope


def asked_by(known: KnownPlan, book: Book, day: date) -> Decimal:
    """What had to be paid by a day since the plan was signed: to it, and to what fell due meanwhile."""
    of_plan = sum((one.amount for one in known.plan.payments if one.due_on <= day), ZERO)
    return of_plan + of_contract(known, book, day)


def of_contract(known: KnownPlan, book: Book, day: date) -> Decimal:
    """What the contract asked for besides the plan, by a day."""
    if known.plan.scope is Scope.WHOLE:
        return ZERO
    return sum((one.due.total for one in book.owed if known.plan.begins_on < one.due_on <= day), ZERO)


def charge_interest(connection: sqlite3.Connection, known: KnownPlan, *, today: date, rules: LoanRules) -> None:
    """The interest of the plan is a fee of the last instalment that it settles."""
    book = books.read(connection, known.account_id, today=today, rules=rules)
    last = max(in_scope(book, known.plan.scope, known.plan.begins_on), key=lambda one: (one.due_on, one.no))
    if known.plan.interest:
        row = {"plan_id": known.plan_id, "no": last.no, "entry": "interest", "amount": cents(known.plan.interest)}
        connection.execute(SQL["add_entry"], row)
    owed = tuple(_dearer(one, known.plan.interest) if one.no == last.no else one for one in book.owed)
    books.write(connection, replace(book, owed=owed), today=today)


def give_up_interest(connection: sqlite3.Connection, known: KnownPlan, *, rules: LoanRules, at: datetime) -> None:
    """What is not paid of the plan's interest is not owed any more."""
    today, row = rules.day_of(at), {"plan_id": known.plan_id, "entry": "interest"}
    charged = {no: amount(fee) for no, fee in connection.execute(SQL["entries"], row)}
    book = books.read(connection, known.account_id, today=today, rules=rules)
    owed = tuple(_cheaper(one, charged.get(one.no, ZERO)) for one in book.owed)
    book = replace(book, owed=owed)
    books.close_if_paid(connection, book, books.write(connection, book, today=today), at)


def let_go(connection: sqlite3.Connection, known: KnownPlan, book: Book, *, today: date, at: datetime) -> None:
    """Let go of what is left: the debtor has paid all that was asked for."""
    owed = []
    for one in book.owed:
        left = one.left.total
        if left and (known.plan.scope is Scope.WHOLE or one.due_on <= today):
            row = {"plan_id": known.plan_id, "no": one.no, "entry": "waiver", "amount": cents(left)}
            connection.execute(SQL["add_entry"], row)
            one = replace(one, waived=one.waived + left, paid_on=today)
        owed.append(one)
    book = replace(book, owed=tuple(owed))
    books.close_if_paid(connection, book, books.write(connection, book, today=today), at)


def owe_again(connection: sqlite3.Connection, known: KnownPlan, *, rules: LoanRules, at: datetime) -> None:
    """What was let go when the plan was kept is owed again."""
    today, row = rules.day_of(at), {"plan_id": known.plan_id, "entry": "waiver"}
    gone = {no: amount(waived) for no, waived in connection.execute(SQL["entries"], row)}
    book = books.read(connection, known.account_id, today=today, rules=rules)
    owed = tuple(_owed_again(one, gone.get(one.no, ZERO)) for one in book.owed)
    books.write(connection, replace(book, owed=owed), today=today)
    connection.execute(SQL["remove_entries"], row)


def _dearer(one: Owed, fee: Decimal) -> Owed:
    return replace(one, due=one.due.plus(Part.FEE, fee), paid_on=None)


def _cheaper(one: Owed, fee: Decimal) -> Owed:
    """An account without a schedule has one part only."""
    part = Part.FEE if one.no else Part.PRINCIPAL
    return replace(one, due=one.due.plus(part, -min(fee, one.left.of(part))))


def _owed_again(one: Owed, gone: Decimal) -> Owed:
    """As before so much was let go; an account without a schedule remembers no waiver, and owes it anew."""
    if not gone:
        return one
    if not one.no:
        return replace(one, due=one.due.plus(Part.PRINCIPAL, gone))
    again = replace(one, waived=one.waived - gone)
    return replace(again, paid_on=one.paid_on if again.is_paid else None)
