"""`dialer promise`: what debtors have promised, whether they kept it, and what waits for approval."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from dialer.access import Role
from dialer.cli.opening import name_of, opened, terms_of, use_terms
from dialer.cli.promise_words import STATUSES
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.errors import AccessError, PostingError, SettingsError
from dialer.masking import mask_account, mask_text
from dialer.promises.terms import PromiseStatus
from dialer.types import AgentId

if TYPE_CHECKING:
    from dialer.store.promised import KnownPromise
    from dialer.store.promising import NewPromise

app = typer.Typer(help="Promises to pay: list, make, judge, approve, renegotiate, cancel.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(metavar="PROMISE", help="Its number, as the list has it.")]
AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="An account's number.")]
Amount = Annotated[str, typer.Option(help="How much, such as 1200.00")]
Due = Annotated[datetime, typer.Option("--due", formats=["%Y-%m-%d"], help="By when.")]
Note = Annotated[str, typer.Option(help="For the record.")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="Whole account numbers; admin and auditor.")]


def _statuses(incomplete: str) -> list[str]:
    return [status.value for status in PromiseStatus if status.startswith(incomplete)]


@app.command("list", epilog="Example: dialer promise list --status proposed")
def list_(
    context: typer.Context,
    status: Annotated[str, typer.Option(help="Only these.", autocompletion=_statuses)] = "",
    account: Annotated[str, typer.Option("--account", help="Only of this account.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 50,
    unmasked: Unmasked = False,
) -> None:
    """Show promises, those that fall due last first."""
    from dialer.store import promised

    session = session_of(context)
    if status and status not in set(PromiseStatus):
        raise SettingsError(
            session.pick(
                f"没有状态 {status}。可选：{', '.join(PromiseStatus)}。",
                f"There is no status {status}. There are: {', '.join(PromiseStatus)}.",
            )
        )
    with opened(session) as store, store.reading() as database:
        found = promised.listed(database.conn, status=status, account_no=account, limit=limit)
    if session.json:
        session.emit([as_json(one, unmasked=unmasked) for one in found])
    elif not found:
        session.say("没有承诺。", "There are no promises.", "bright_black")
    else:
        session.out.print(_table(session, found, unmasked=unmasked))


@app.command(epilog="Example: dialer promise show 12")
def show(context: typer.Context, number: Number, unmasked: Unmasked = False) -> None:
    """Show one promise: what was paid, why it is what it is, when it is reminded of, what replaced it."""
    from dialer.store import leaving, promised

    session = session_of(context)
    with opened(session) as store, store.reading() as database:
        one = promised.one(database.conn, number)
        done = promised.reminders_of(database.conn, number)
        turn = leaving.turn_of(database.conn, one, SystemClock().now_at())
    if session.json:
        told = as_json(one, unmasked=unmasked)
        told["reminders"] = [{"at": each.at.isoformat(), "reached": each.reached} for each in done]
        told["next_dial_at"] = turn.at.isoformat() if turn else None
        told["next_dial_is_reminder"] = turn is not None and turn.reminder is not None
        session.emit(told)
        return
    _say_one(session, one, unmasked=unmasked)
    for each in done:
        reached = session.pick("已联系上", "reached") if each.reached else session.pick("未联系上", "not reached")
        session.say(*(f"  {word} {_time(session, each.at)}  {reached}" for word in ("提醒", "reminded")))
    if turn is not None:
        what = ("提醒", "reminder") if turn.reminder is not None else ("期满判定", "judged")
        session.say(f"  下一步 {_time(session, turn.at)}  {what[0]}", f"  next {_time(session, turn.at)}  {what[1]}")


@app.command(epilog="Example: dialer promise make LN-2026-0042 --amount 1200 --due 2026-03-15 --channel message")
def make(
    context: typer.Context,
    account: AccountArgument,
    amount: Amount,
    due: Due,
    channel: Annotated[str, typer.Option(help="How the debtor said so: call, message, app ...")] = "call",
    agent: Annotated[str, typer.Option(help="Whose promise it is; default you, if you are an agent.")] = "",
    note: Note = "",
    client: Annotated[str, typer.Option(help="The lender, where two use one number.")] = "",
) -> None:
    """Note a promise: the account leaves the dialer, but for reminders. One that was open is renegotiated by it."""
    from dialer.store import promised, promising

    session = session_of(context)
    with opened(session) as store:
        use_terms(session, store)
        with store.writing() as connection:
            account_id = promised.account_of(connection, account, client)
            made = promising.make(connection, _new(session, account_id, amount, due, channel, agent, note))
    _told(session, made)


@app.command(epilog="Example: dialer promise judge LN-2026-0042")
def judge(
    context: typer.Context,
    account: Annotated[str, typer.Argument(metavar="[ACCOUNT]", help="Only this one; default all that are due.")] = "",
) -> None:
    """Judge promises by the payments that are known, now; the engine does so all the time."""
    from dialer.promise_keeping import keep
    from dialer.store import promised, promising

    session = session_of(context)
    at = SystemClock().now_at()
    with opened(session) as store:
        terms = use_terms(session, store)
        if not account:
            count = keep(store, terms, at)
            if session.json:
                session.emit({"changed": count})
            else:
                session.say(f"变更 {count} 笔承诺。", f"{count} promises changed.")
            return
        with store.writing() as connection:
            ids = [account_id for account_id, _ in promised.accounts_of(connection, account)]
            for account_id in ids:
                promising.judge_account(connection, account_id, at)
            found = [one for account_id in ids for one in promised.of_account(connection, account_id)]
    if session.json:
        session.emit([as_json(one, unmasked=True) for one in found])
        return
    for one in found:
        _say_one(session, one, unmasked=False)


@app.command(epilog="Example: dialer promise approve 12")
def approve(context: typer.Context, number: Number) -> None:
    """Approve a promise of somebody who has broken others; not by whoever made it."""
    from dialer.store import promising

    session = session_of(context)
    _supervisors_only(session, "approve")
    with opened(session) as store:
        use_terms(session, store)
        with store.writing() as connection:
            one = promising.approve(connection, number, by=name_of(session), at=SystemClock().now_at(), source="cli")
    _told(session, one)


@app.command(epilog="Example: dialer promise renegotiate 12 --amount 800 --due 2026-03-20")
def renegotiate(
    context: typer.Context,
    number: Number,
    amount: Amount,
    due: Due,
    channel: Annotated[str, typer.Option(help="How the debtor said so.")] = "call",
    agent: Annotated[str, typer.Option(help="Whose promise it is; default you, if you are an agent.")] = "",
    note: Note = "",
) -> None:
    """Put another promise in place of one that is not over."""
    from dialer.store import promised, promising

    session = session_of(context)
    with opened(session) as store:
        use_terms(session, store)
        with store.writing() as connection:
            account_id = promised.one(connection, number).account_id
            new = _new(session, account_id, amount, due, channel, agent, note)
            made = promising.renegotiate(connection, number, new)
    _told(session, made)


@app.command(epilog='Example: dialer promise cancel 12 --reason "keyed in by mistake"')
def cancel(
    context: typer.Context,
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; kept on record.", show_default=False)],
) -> None:
    """End a promise that is not over, or refuse one that waits for approval; the account goes back to the dialer."""
    from dialer.store import promising

    session = session_of(context)
    _supervisors_only(session, "cancel")
    with opened(session) as store, store.writing() as connection:
        one = promising.cancel(
            connection, number, by=name_of(session), at=SystemClock().now_at(), source="cli", why=reason
        )
    _told(session, one)


@app.command(epilog="Example: dialer promise terms --json")
def terms(context: typer.Context) -> None:
    """Show by what promises are judged, as config/promises.yaml says now."""
    session = session_of(context)
    known = terms_of(session)
    if session.json:
        session.emit({key: _plain(value) for key, value in asdict(known).items()})
        return
    share = f"{known.kept_ratio * 100:.0f}%"
    session.say(
        f"宽限 {known.grace_days} 天；还到 {share} 即为兑现。",
        f"{known.grace_days} day(s) of grace; kept from {share} of the amount on.",
    )
    for one in known.reminders:
        session.say(
            f"提醒：提前 {one.days_before} 天 {one.at:%H:%M}，最多 {one.attempts} 次。",
            f"Reminder: {one.days_before} day(s) before at {one.at:%H:%M}, at most {one.attempts} dials.",
        )
    session.say(
        f"{known.broken_within_days} 天内违约 {known.approval_after_broken} 次后，新承诺须审批。",
        f"After {known.approval_after_broken} broken within {known.broken_within_days} days a new one needs approval.",
    )


def _supervisors_only(session: Session, what: str) -> None:
    person = session.person
    if person is not None and person.role not in (Role.ADMIN, Role.SUPERVISOR):
        raise AccessError(
            f"`dialer promise {what}` needs the role admin or supervisor; {person.name} is {person.role}."
        )


def _new(
    session: Session, account_id: int, amount: str, due: datetime, channel: str, agent: str, note: str
) -> NewPromise:
    from dialer.store.promising import NewPromise
    from dialer.types import AccountId

    person = session.person
    own = person.agent if person is not None and person.role is Role.AGENT else ""
    try:
        sum_ = Decimal(amount.replace(",", ""))
    except InvalidOperation:
        raise PostingError(
            session.pick(f"“{amount}”不是金额，请写 1200.00。", f"{amount!r} is no amount; write 1200.00.")
        ) from None
    who = agent or own
    return NewPromise(
        account_id=AccountId(account_id),
        amount=sum_,
        due_on=due.date(),
        at=SystemClock().now_at(),
        by=name_of(session),
        source="cli",
        channel=channel,
        agent_id=AgentId(who) if who else None,
        note=note,
    )


def _told(session: Session, one: KnownPromise) -> None:
    if session.json:
        session.emit(as_json(one, unmasked=False))
    else:
        _say_one(session, one, unmasked=False)


def _say_one(session: Session, one: KnownPromise, *, unmasked: bool) -> None:
    zh, en, style = STATUSES[one.status]
    number = one.account_no if unmasked else mask_account(one.account_no)
    session.out.print(
        Text.assemble(
            (f"#{one.promise_id} ", "bold"),
            (session.pick(zh, en), style),
            session.pick(
                f"  {number}  {one.due_on} 还 {one.amount:,.2f}，已还 {one.paid:,.2f}",
                f"  {number}  {one.amount:,.2f} by {one.due_on}, {one.paid:,.2f} paid",
            ),
        ),
        soft_wrap=True,
    )
    if one.reason:
        session.out.print(Text(f"  {mask_text(one.reason)}", "bright_black"), soft_wrap=True)


def _table(session: Session, found: tuple[KnownPromise, ...], *, unmasked: bool) -> Table:
    table = Table(box=None, header_style="bright_black")
    table.add_column("#", justify="right")
    for zh, en, right in (
        ("账户", "account", False),
        ("状态", "status", False),
        ("到期", "due", False),
        ("金额", "amount", True),
        ("已还", "paid", True),
        ("坐席", "agent", False),
        ("渠道", "channel", False),
    ):
        table.add_column(session.pick(zh, en), justify="right" if right else "left")
    for one in found:
        zh, en, style = STATUSES[one.status]
        table.add_row(
            str(one.promise_id),
            one.account_no if unmasked else mask_account(one.account_no),
            Text(session.pick(zh, en), style),
            one.due_on.isoformat(),
            f"{one.amount:,.2f}",
            f"{one.paid:,.2f}",
            one.agent_id or "—",
            one.channel,
        )
    return table


def _time(session: Session, at: datetime) -> str:
    return f"{at.astimezone(session.zone):%Y-%m-%d %H:%M}"


def as_json(one: KnownPromise, *, unmasked: bool) -> dict[str, JsonValue]:
    """A promise for programs."""
    return {
        "promise": one.promise_id,
        "account": one.account_no if unmasked else mask_account(one.account_no),
        "account_id": one.account_id,
        "status": one.status.value,
        "amount": f"{one.amount:.2f}",
        "due_on": one.due_on.isoformat(),
        "paid": f"{one.paid:.2f}",
        "at": one.at.isoformat(),
        "channel": one.channel,
        "agent": one.agent_id,
        "source": one.source,
        "made_by": one.made_by,
        "approved_by": one.approved_by or None,
        "replaced_by": one.replaced_by,
        "judged_at": one.judged_at.isoformat() if one.judged_at else None,
        "reason": one.reason,
    }


def _plain(value: object) -> JsonValue:
    match value:
        case tuple() | list():
            return [_plain(one) for one in value]
        case dict():
            return {str(key): _plain(one) for key, one in value.items()}
        case int() | float() | str() | None:
            return value
        case _:
            return str(value)
