"""A debt and its debtor as a plan looks at them: what is owed, what can be paid, and what the loan has cost so far."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from dialer.known_facts import Fact
from dialer.loans.owed import Owed, sum_of
from dialer.loans.rules import LoanRules
from dialer.loans.terms import ZERO, Parts, cent
from dialer.plans.offers import Asked, Flow, Scope, Situation
from dialer.plans.rules import Affordability, PlanRules
from dialer.store import books
from dialer.store.books import Book
from dialer.store.columns import amount, moment
from dialer.store.knowing import facts_of
from dialer.store.planned import SQL
from dialer.types import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What somebody can pay, and where that comes from."""

    income: Decimal | None
    """Of a month; None: nobody told it."""
    source: str
    """Who told the income."""
    committed: Decimal
    """What other loans and plans of the debtor ask for each month."""
    affordable: Decimal | None
    """Each month, for a plan; None: nothing is known of it."""


def situation_of(
    connection: sqlite3.Connection,
    account_id: AccountId,
    *,
    today: date,
    loans: LoanRules,
    plans: PlanRules,
    asked: Asked,
    scope: Scope | None = None,
) -> tuple[Situation, Means]:
    """A debt and its debtor, on a day.

    Args:
        connection: in a transaction.
        account_id: whose.
        today: the day.
        loans: rules of the books.
        plans: rules of plans.
        asked: what was told besides the facts in the store.
        scope: what a plan is about; None: as the rules have it for a loan that is so late.

    Raises:
        StoreError: there is no such account.
    """
    book = books.read(connection, account_id, today=today, rules=loans)
    stands = book.standing(today)
    if scope is None:
        is_whole = stands.days_past_due >= plans.whole_from_days or not book.has_schedule
        scope = Scope.WHOLE if is_whole else Scope.DUE
    means = means_of(connection, book, scope, today=today, loans=loans, plans=plans, asked=asked)
    row = {"debtor_id": book.debtor_id}
    (broken,) = connection.execute(SQL["broken_promises"], row).fetchone()
    situation = Situation(
        today=today,
        claim=claim_of(book, scope, today),
        scope=scope,
        days_past_due=stands.days_past_due,
        bucket=stands.bucket,
        affordable=means.affordable or ZERO,
        cash=asked.cash,
        broken_promises=broken,
        past=_past(connection, book, loans),
        ahead=_ahead(book, scope, today),
    )
    return situation, means


def claim_of(book: Book, scope: Scope, begins_on: date) -> Parts:
    """What a plan that begins on a day settles; of instalments to come only the principal, for no day has passed."""
    return sum_of(
        one.left if one.due_on <= begins_on else Parts(principal=one.left.principal)
        for one in in_scope(book, scope, begins_on)
    )


def in_scope(book: Book, scope: Scope, begins_on: date) -> list[Owed]:
    """The instalments that a plan settles."""
    return [one for one in book.owed if scope is Scope.WHOLE or one.due_on <= begins_on]


def means_of(
    connection: sqlite3.Connection,
    book: Book,
    scope: Scope,
    *,
    today: date,
    loans: LoanRules,
    plans: PlanRules,
    asked: Asked,
) -> Means:
    """What somebody can pay each month for a plan."""
    income, source = _income(connection, book, asked)
    committed = book.standing(today).next_due if scope is Scope.DUE else ZERO
    row: dict[str, object] = {"debtor_id": book.debtor_id, "account_id": book.account_id}
    for (other,) in connection.execute(SQL["other_accounts"], row).fetchall():
        committed += _monthly(connection, AccountId(other), today, loans)
    if asked.affordable is not None:
        return Means(income=income, source=source, committed=committed, affordable=asked.affordable)
    affordable = None if income is None else affordable_of(income, committed, plans.affordability)
    return Means(income=income, source=source, committed=committed, affordable=affordable)


def affordable_of(income: Decimal, committed: Decimal, rule: Affordability) -> Decimal:
    """What is left of an income for a plan, by the rule."""
    most = min(income * rule.share_of_income, income - rule.keep)
    return cent(max(ZERO, most - committed))


def _income(connection: sqlite3.Connection, book: Book, asked: Asked) -> tuple[Decimal | None, str]:
    if asked.income is not None:
        return asked.income, "asked"
    known = facts_of(connection, book.debtor_id).get(Fact.INCOME_MONTHLY)
    if known is None:
        return None, ""
    try:
        return Decimal(known.value), known.believed.source
    except InvalidOperation:
        return None, ""


def _monthly(connection: sqlite3.Connection, account_id: AccountId, today: date, loans: LoanRules) -> Decimal:
    """What another account of the debtor asks for each month: its plan, else its next instalment."""
    row = {"account_id": account_id, "today": today.isoformat()}
    if (found := connection.execute(SQL["next_plan_payment"], row).fetchone()) is not None:
        return amount(found[0])
    return books.read(connection, account_id, today=today, rules=loans).standing(today).next_due


def _past(connection: sqlite3.Connection, book: Book, loans: LoanRules) -> tuple[Flow, ...]:
    if book.terms is None:
        return ()
    row = {"account_id": book.account_id}
    flows = [Flow(on=book.terms.disbursed_on, amount=-book.terms.principal)]
    for at, paid in connection.execute(SQL["payments_made"], row):
        flows.append(Flow(on=loans.day_of(moment(at)), amount=amount(paid)))
    for due_on, paid_on, paid in connection.execute(SQL["paid_elsewise"], row):
        if paid > 0:
            flows.append(Flow(on=date.fromisoformat((paid_on or due_on)[:10]), amount=amount(paid)))
    return tuple(sorted(flows, key=lambda flow: flow.on))


def _ahead(book: Book, scope: Scope, today: date) -> tuple[Flow, ...]:
    if scope is Scope.WHOLE:
        return ()
    return tuple(
        Flow(on=one.due_on, amount=one.left.total) for one in book.owed if one.due_on > today and not one.is_paid
    )
