"""`dialer alert`: what early warning has raised, who has seen to it, and what nobody has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from dialer.access import Role
from dialer.cli.opening import opened, user_of
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.errors import AccessError
from dialer.masking import mask_account, mask_name, mask_text

if TYPE_CHECKING:
    from dialer.store.alerts import Alert
    from dialer.store.sqlite import SqliteStore

app = typer.Typer(help="Alerts of early warning: list, show, acknowledge.", no_args_is_help=True)
_GREY: Final = "bright_black"
Number = Annotated[int, typer.Argument(metavar="ALERT", help="Its number, as the list has it.")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="Whole names and account numbers; admin and auditor.")]


@app.command("list", epilog="Example: dialer alert list --all --agent agent01")
def list_(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Those that were acknowledged, too.")] = False,
    of_agent: Annotated[str, typer.Option("--agent", help="Only of debtors whom this agent owns.")] = "",
    most: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    unmasked: Unmasked = False,
) -> None:
    """Show the alerts that nobody has acknowledged: the escalated ones first. Agents see those of their own debtors."""
    from dialer.store.alerts import alerts, waiting

    session = session_of(context)
    owner = _own(session) or of_agent
    with opened(session) as store, store.reading() as database:
        found = alerts(database.conn, owner=owner, open_only=not every, most=most)
        count = waiting(database.conn)
    if session.json:
        session.emit([_as_json(one, unmasked=unmasked) for one in found])
        return
    if not found:
        session.say("没有待确认的预警。", "No alert waits for anybody.", "green")
        return
    session.out.print(_table(session, found, unmasked=unmasked))
    if not owner:
        session.say(
            f"待确认 {count.open} 条，其中已升级 {count.escalated} 条。",
            f"{count.open} wait for somebody, {count.escalated} of them escalated.",
            _GREY,
        )


@app.command(epilog="Example: dialer alert show 12")
def show(context: typer.Context, number: Number, unmasked: Unmasked = False) -> None:
    """Show one alert: what happened, which rule, what it did to the grade, who was told, what became of it."""
    session = session_of(context)
    with opened(session) as store:
        one = _mine(session, store, number)
    if session.json:
        session.emit(_as_json(one, unmasked=unmasked))
        return
    for line in _lines(session, one, unmasked=unmasked):
        session.out.print(line, soft_wrap=True)


@app.command(epilog='Example: dialer alert ack 12 --note "called, pays on Friday"')
def ack(
    context: typer.Context,
    number: Number,
    note: Annotated[str, typer.Option("--note", help="What was done, or will be.")] = "",
    dismiss: Annotated[
        bool, typer.Option("--dismiss", help="A false alarm: the grade goes back at once; not for agents.")
    ] = False,
) -> None:
    """Acknowledge an alert, so that it is not escalated; agents those of their own debtors."""
    from dialer.store.alerts import acknowledge

    session = session_of(context)
    if dismiss and _own(session):
        raise AccessError(
            session.pick(
                "只有主管或管理员可以撤销预警；请只用 --note 确认。",
                "`dialer alert ack --dismiss` needs the role admin or supervisor; acknowledge it with a --note.",
            )
        )
    with opened(session) as store:
        _mine(session, store, number)
        with store.writing() as connection:
            at = SystemClock().now_at()
            one = acknowledge(connection, number, by=user_of(session), at=at, note_text=note, dismiss=dismiss)
    if session.json:
        session.emit(_as_json(one, unmasked=False))
        return
    session.say(
        f"预警 {number} 已{'撤销' if dismiss else '确认'}。",
        f"Alert {number} is {'dismissed' if dismiss else 'acknowledged'}.",
        "green",
    )


# --- who asks ------------------------------------------------------------------------------------------


def _own(session: Session) -> str:
    """The agent whose alerts alone somebody may see; empty: all."""
    person = session.person
    return person.agent if person is not None and person.role is Role.AGENT else ""


def _mine(session: Session, store: SqliteStore, number: int) -> Alert:
    from dialer.store.alerts import alert

    with store.reading() as database:
        one = alert(database.conn, number)
    owner = _own(session)
    if owner and owner != (one.owner or one.told):
        raise AccessError(
            session.pick(
                f"预警 {number} 属于 {one.owner or one.told or '班组'}，不属于 {owner}。",
                f"Alert {number} is {one.owner or one.told or 'the team'}'s, not {owner}'s.",
            )
        )
    return one


# --- how it looks --------------------------------------------------------------------------------------


def _table(session: Session, found: tuple[Alert, ...], *, unmasked: bool) -> Table:
    from dialer.cli.risk_words import sign_text

    pick = session.pick
    table = Table(box=None, header_style=_GREY, padding=(0, 2, 0, 0))
    for head in (
        *(pick("号", "no."), pick("时间", "at"), pick("账户", "account"), pick("等级", "grade")),
        *(pick("发生了什么", "what happened"), pick("负责", "owner"), pick("状态", "state")),
    ):
        table.add_column(head, overflow="fold")
    for one in found:
        table.add_row(
            str(one.alert_id),
            _moment(session, one.at),
            _who(one, unmasked=unmasked),
            f"{one.grade_before or '–'} → {one.grade_after}",
            sign_text(one.facts, session.lang) + (f" ×{one.repeats + 1}" if one.repeats else ""),
            one.owner or one.told or one.team or "–",
            _state(session, one),
        )
    return table


def _who(one: Alert, *, unmasked: bool) -> str:
    if unmasked:
        return f"{one.account_no} {one.debtor_name}"
    return f"{mask_account(one.account_no)} {mask_name(one.debtor_name)}"


def _state(session: Session, one: Alert) -> Text:
    if one.acknowledged_at is not None:
        by = one.acknowledged_by
        over = session.pick("，已结束", ", over") if one.over_at is not None else ""
        return Text(session.pick(f"{by} 已确认{over}", f"seen by {by}{over}"), "green")
    if one.escalated_at is not None:
        return Text(session.pick("已升级至主管", "escalated to the supervisors"), "bold red")
    until = _moment(session, one.answer_by)
    return Text(session.pick(f"待确认，至 {until}", f"waits until {until}"), "yellow")


def _lines(session: Session, one: Alert, *, unmasked: bool) -> Iterator[Text]:
    from dialer.cli.risk_words import sign_text

    pick = session.pick
    yield Text.assemble(
        (pick(f"预警 {one.alert_id}", f"Alert {one.alert_id}"), "bold"),
        (f" · {_who(one, unmasked=unmasked)} · {_moment(session, one.at)}", _GREY),
    )
    yield Text("  " + sign_text(one.facts, session.lang), "yellow")
    yield Text(
        pick(
            f"  规则 {one.rule}：等级 {one.grade_before or '–'} → {one.grade_after}（加重 {one.steps} 级），"
            f"优先级至少 {one.priority}，至 {_moment(session, one.lasts_until)}",
            f"  rule {one.rule}: grade {one.grade_before or '–'} to {one.grade_after} (by {one.steps}), "
            f"priority at least {one.priority}, until {_moment(session, one.lasts_until)}",
        )
    )
    told = one.told or one.team or pick("无人负责", "nobody owns the debtor")
    yield Text(
        pick(
            f"  已通知：{told}；须在 {_moment(session, one.answer_by)} 前确认",
            f"  told: {told}; to be acknowledged by {_moment(session, one.answer_by)}",
        )
    )
    if one.repeats:
        yield Text(pick(f"  之后又有 {one.repeats} 次类似情况", f"  the like of it came {one.repeats} times more"))
    if one.escalated_at is not None:
        at = _moment(session, one.escalated_at)
        yield Text(pick(f"  {at} 升级至主管", f"  escalated to the supervisors at {at}"), "red")
    yield Text("  ").append_text(_state(session, one))
    if one.note:
        yield Text(pick("  备注：", "  note: ") + mask_text(one.note), _GREY)


def _moment(session: Session, at: datetime) -> str:
    return f"{at.astimezone(session.zone):%m-%d %H:%M}"


def _as_json(one: Alert, *, unmasked: bool) -> dict[str, JsonValue]:
    facts: dict[str, JsonValue] = dict(one.facts)
    return {
        "alert": one.alert_id,
        "at": one.at.isoformat(),
        "account": one.account_no if unmasked else mask_account(one.account_no),
        "debtor": one.debtor_name if unmasked else mask_name(one.debtor_name),
        "happened_at": one.event_at.isoformat(),
        "rule": one.rule,
        "facts": facts,
        "grade_before": one.grade_before,
        "grade_after": one.grade_after,
        "told": one.told or None,
        "team": one.team or None,
        "owner": one.owner or None,
        "answer_by": one.answer_by.isoformat(),
        "lasts_until": one.lasts_until.isoformat(),
        "repeats": one.repeats,
        "acknowledged_at": _iso(one.acknowledged_at),
        "acknowledged_by": one.acknowledged_by or None,
        "note": (one.note if unmasked else mask_text(one.note)) or None,
        "escalated_at": _iso(one.escalated_at),
        "over_at": _iso(one.over_at),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
