"""`dialer loan`: schedules and their check, payments, and the rolling of days past due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from dialer.cli.loan_settings import (
    Account,
    Client,
    Named,
    Unmasked,
    named,
    plan_settings,
    told_amount,
)
from dialer.cli.opening import opened, user_of
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.errors import SettingsError
from dialer.loans.terms import LoanTerms, Method

if TYPE_CHECKING:
    from sqlite3 import Connection

    from dialer.loans.checking import Check, Difference
    from dialer.loans.owed import Standing
    from dialer.loans.rules import LoanRules
    from dialer.loans.schedules import Instalment
    from dialer.store.books import Book
    from dialer.store.paying import Booked

app = typer.Typer(help="Loans: schedules to the cent, payments and reversals, days past due.", no_args_is_help=True)
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its day; default today.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """One payment in the books."""

    txn_id: str
    amount: Decimal
    at: datetime
    channel: str
    source: str
    reversed: bool
    lines: tuple[tuple[int, str, Decimal], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An account's loan, held against its terms."""

    named: Named
    book: Book
    stands: Standing
    check: Check | None
    """None: no source told the terms or the schedule."""
    payments: tuple[Paid, ...]
    on: date
    amount_due: Decimal
    """What the account says, rolled on or told by a list last."""


@app.command(epilog="Example: dialer loan check LN-2026-0042 --lang zh; with differences the exit status is 1")
def check(context: typer.Context, account: Account, client: Client = "", unmasked: Unmasked = False) -> None:
    """Hold the schedule that a source gave against the one that the terms make, and show where the loan stands."""
    from dialer.cli.loan_text import render

    session = session_of(context)
    rules, at = plan_settings(session).loans, SystemClock().now_at()
    with opened(session) as store, store.reading() as database:
        found = _checked(database.conn, account, client, rules, at, unmasked=unmasked)
    if session.json:
        session.emit(_check_json(found))
    else:
        session.out.print(render(found, session.lang, session.zone))
    if found.check is not None and not found.check.agrees:
        raise typer.Exit(1)


@app.command(epilog="Example: dialer loan schedule --principal 12000 --rate 12% --months 12 --first-due 2026-12-28")
def schedule(
    context: typer.Context,
    principal: Annotated[str, typer.Option(help="What is lent, like 12000.00.", show_default=False)],
    rate: Annotated[str, typer.Option(help="Of a year, like 12% or 0.12.", show_default=False)],
    months: Annotated[int, typer.Option(help="How many.", show_default=False)],
    method: Annotated[Method, typer.Option(help="How it is paid back.")] = Method.EQUAL_INSTALMENT,
    first_due: Annotated[
        datetime | None, typer.Option("--first-due", formats=["%Y-%m-%d"], help="Default: in a month.")
    ] = None,
) -> None:
    """Work out a schedule to the cent, without any account."""
    from dialer.cli.loan_text import schedule_table
    from dialer.loans.schedules import add_months
    from dialer.loans.schedules import schedule as instalments

    session = session_of(context)
    today = SystemClock().now_at().astimezone(session.zone).date()
    first = first_due.date() if first_due is not None else add_months(today, 1)
    try:
        terms = LoanTerms(
            principal=told_amount(session, principal, "--principal") or Decimal(0),
            annual_rate=_rate(session, rate),
            periods=months,
            method=method,
            disbursed_on=today,
            first_due_on=first,
        )
    except ValueError as problem:
        raise SettingsError(session.pick(f"贷款条件有误：{problem}", f"These terms are no loan: {problem}.")) from None
    found = instalments(terms)
    if session.json:
        session.emit([_instalment_json(one) for one in found])
        return
    session.out.print(schedule_table(terms, found, session.lang))


@app.command(epilog="Example: dialer loan pay LN-2026-0042 1066.19 --txn BANK-20261128-0001 --channel bank")
def pay(
    context: typer.Context,
    account: Account,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="Like 1066.19.")],
    txn: Annotated[str, typer.Option("--txn", help="The payment's own id: twice the same is one.", show_default=False)],
    on: Day = None,
    channel: Annotated[str, typer.Option(help="How it was paid: bank, app, cash ...")] = "",
    client: Client = "",
) -> None:
    """Book a payment: it is allocated, what is due becomes less, and with nothing due calls end at once."""
    from dialer.store import paying

    session = session_of(context)
    rules, at = plan_settings(session).loans, SystemClock().now_at()
    sum_paid = told_amount(session, amount, "AMOUNT") or Decimal(0)
    paid_at = at if on is None else min(at, on.replace(hour=12, tzinfo=session.zone))
    with opened(session) as store, store.writing() as connection:
        whose = named(connection, account, client, unmasked=False)
        booked = paying.receive(
            connection,
            account_id=whose.account_id,
            txn_id=txn,
            amount=sum_paid,
            paid_at=paid_at,
            at=at,
            rules=rules,
            channel=channel,
            source="cli",
            actor=user_of(session),
        )
    _told(session, booked, "payment")


@app.command(epilog="Example: dialer loan reverse LN-2026-0042 BANK-20261128-0001")
def reverse(
    context: typer.Context,
    account: Account,
    txn: Annotated[str, typer.Argument(metavar="TXN", help="The id with which the payment was booked.")],
    client: Client = "",
) -> None:
    """Take a payment back: exactly what it paid is owed again, and the account stands as it stood."""
    from dialer.store import paying

    session = session_of(context)
    rules, at = plan_settings(session).loans, SystemClock().now_at()
    with opened(session) as store, store.writing() as connection:
        whose = named(connection, account, client, unmasked=False)
        booked = paying.reverse(
            connection,
            account_id=whose.account_id,
            txn_id=txn,
            at=at,
            rules=rules,
            source="cli",
            actor=user_of(session),
        )
    _told(session, booked, "reversal")


@app.command(epilog="Example: dialer loan age; a running engine does it by itself as the business date changes")
def age(context: typer.Context) -> None:
    """Roll days past due, penalty interest and plans to today's business date; doing it twice changes nothing."""
    from dialer.store.ageing import roll

    session = session_of(context)
    rules, at = plan_settings(session).loans, SystemClock().now_at()

    def progress(done: int) -> None:
        if done % 20_000 == 0:
            session.progress(session.pick(f"已更新 {done:,} 个账户", f"{done:,} accounts"))

    with opened(session) as store:
        done = roll(store, at=at, rules=rules, progress=progress)
    if session.json:
        session.emit({"on": done.today.isoformat(), "accounts": done.accounts, "plans": done.plans})
        return
    session.say(
        f"营业日 {done.today}：{done.accounts:,} 个账户更新到当日，{done.plans} 个还款计划已核查。",
        f"Business date {done.today}: {done.accounts:,} accounts rolled on, plans of {done.plans} accounts judged.",
        "green",
    )


def _rate(session: Session, text: str) -> Decimal:
    from dialer.config.plan_models import read_share

    try:
        return read_share(text)
    except ValueError:
        raise SettingsError(
            session.pick(f"--rate {text} 不是利率，请写 12% 或 0.12。", f"--rate {text} is no rate; write 12% or 0.12.")
        ) from None


def _checked(
    connection: Connection, account: str, client: str, rules: LoanRules, at: datetime, *, unmasked: bool
) -> Checked:
    from dialer.loans.checking import check as compare
    from dialer.loans.schedules import Instalment
    from dialer.store import books
    from dialer.store.columns import amount

    whose = named(connection, account, client, unmasked=unmasked)
    today = rules.day_of(at)
    book = books.read(connection, whose.account_id, today=today, rules=rules)
    said = [
        Instalment(
            no=one.no, due_on=one.due_on, principal=one.due.principal, interest=one.due.interest, fee=one.due.fee
        )
        for one in book.owed
        if one.no
    ]
    row = {"account_id": whose.account_id}
    (due, _, _) = connection.execute(books.SQL["account_now"], row).fetchone()
    return Checked(
        named=whose,
        book=book,
        stands=book.standing(today),
        check=compare(book.terms, said) if book.terms is not None and said else None,
        payments=_payments(connection, whose),
        on=today,
        amount_due=amount(due),
    )


def _payments(connection: Connection, whose: Named) -> tuple[Paid, ...]:
    from dialer.store.books import SQL
    from dialer.store.columns import amount, moment

    found = []
    rows = connection.execute(SQL["payments_of"], {"account_id": whose.account_id}).fetchall()
    for payment_id, txn_id, cents, at, channel, source, reversed_at in rows:
        lines = connection.execute(SQL["lines"], {"payment_id": payment_id}).fetchall()
        found.append(
            Paid(
                txn_id=txn_id,
                amount=amount(cents),
                at=moment(at),
                channel=channel,
                source=source,
                reversed=reversed_at is not None,
                lines=tuple((no, part, amount(paid)) for no, part, paid in lines),
            )
        )
    return tuple(found)


def _told(session: Session, booked: Booked, what: str) -> None:
    from dialer.cli.loan_text import lines_text
    from dialer.cli.loan_words import bucket_word

    if session.json:
        session.emit(
            {
                "what": what,
                "new": booked.is_new,
                "amount": str(booked.amount),
                "lines": [
                    {"instalment": one.no, "part": one.part.value if one.part else "surplus", "amount": str(one.amount)}
                    for one in booked.lines
                ],
                "amount_due": str(booked.amount_due),
                "days_past_due": booked.days_past_due,
                "closed": booked.is_closed,
            }
        )
        return
    if not booked.is_new:
        session.say("此前已记账，未作改动。", "It was booked before; nothing was changed.", "yellow")
    session.say(*lines_text(booked.lines, taken_back=what == "reversal"))
    late = bucket_word(booked.days_past_due, session.lang)
    session.say(f"应还 {booked.amount_due:,}，{late}。", f"Due now: {booked.amount_due:,}; {late}.", "bold")
    if booked.is_closed:
        session.say("已无欠款，不再外呼。", "Nothing is due: it is not called any more.", "green")


def _check_json(found: Checked) -> JsonValue:
    stands, check_of = found.stands, found.check
    return {
        "account": found.named.account_no,
        "client": found.named.client,
        "debtor": found.named.debtor_name,
        "on": found.on.isoformat(),
        "days_past_due": stands.days_past_due,
        "bucket": stands.bucket.value,
        "due": {part.value: str(sum_due) for part, sum_due in stands.due},
        "due_total": str(stands.due.total),
        "left_total": str(stands.left.total),
        "account_says_due": str(found.amount_due),
        "agrees": None if check_of is None else check_of.agrees,
        "fits": [] if check_of is None else [method.value for method in check_of.fits],
        "differences": [] if check_of is None else [_difference_json(one) for one in check_of.differences],
        "instalments": [
            {
                "no": one.no,
                "due_on": one.due_on.isoformat(),
                "due": {part.value: str(sum_due) for part, sum_due in one.due},
                "paid": {part.value: str(sum_paid) for part, sum_paid in one.paid},
                "waived": str(one.waived),
                "left": str(one.left.total),
                "paid_on": None if one.paid_on is None else one.paid_on.isoformat(),
            }
            for one in found.book.owed
        ],
        "payments": [
            {
                "txn": one.txn_id,
                "at": one.at.isoformat(),
                "amount": str(one.amount),
                "channel": one.channel,
                "reversed": one.reversed,
                "lines": [{"instalment": no, "part": part, "amount": str(paid)} for no, part, paid in one.lines],
            }
            for one in found.payments
        ],
    }


def _difference_json(one: Difference) -> JsonValue:
    return {
        "what": one.what.value,
        "instalment": one.no,
        "said": None if one.said is None else str(one.said),
        "computed": None if one.computed is None else str(one.computed),
        "rounding": one.rounding,
    }


def _instalment_json(one: Instalment) -> JsonValue:
    return {
        "no": one.no,
        "due_on": one.due_on.isoformat(),
        "principal": str(one.principal),
        "interest": str(one.interest),
        "total": str(one.total),
    }
