"""`dialer desk`: working on a debtor by oneself, so that nobody else does and the dialer does not call."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue
from rich.table import Table

from dialer.access import Role
from dialer.cli.opening import name_of, opened
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.errors import AccessError, StoreError
from dialer.masking import mask_account

if TYPE_CHECKING:
    from dialer.store.desks import Desk, Taken

app = typer.Typer(help="Who works on which debtor: take, leave, list.", no_args_is_help=True)
AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="An account's number.")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="Whole account numbers; admin and auditor.")]
Client = Annotated[str, typer.Option("--client", help="The lender, where two use one number.")]


@app.command(epilog="Example: dialer desk take LN-2026-0042 --for 30m")
def take(
    context: typer.Context,
    account: AccountArgument,
    lasts: Annotated[
        str, typer.Option("--for", metavar="15m", help="It ends after so long; take it again for more.")
    ] = "15m",
    recall: Annotated[
        bool, typer.Option("--recall", help="Take it out of the dialer's hands, if it has not been dialled yet.")
    ] = False,
    agent: Annotated[str, typer.Option("--as", help="In an agent's name; supervisors only.")] = "",
    client: Client = "",
) -> None:
    """Work on a debtor: all accounts of that debtor are yours, nobody else's, and the dialer does not call."""
    from dialer.config.values import parse_duration  # here: it brings the language of rules, which takes long to build
    from dialer.store import desks, promised

    session = session_of(context)
    at = SystemClock().now_at()
    holder = _holder(session, agent)
    with opened(session) as store, store.writing() as connection:
        account_id = promised.account_of(connection, account, client)
        taken = desks.take(
            connection,
            promised.debtor_of(connection, account_id),
            account_id,
            holder=holder,
            at=at,
            lasts_s=parse_duration(lasts),
            source="cli",
            recall=recall,
        )
    if isinstance(taken, desks.Taken):
        raise StoreError(session.pick(*refused(taken, session.zone)))
    if session.json:
        session.emit(_as_json(taken, unmasked=False))
        return
    until = f"{taken.until_at.astimezone(session.zone):%H:%M}"
    session.say(f"{taken.holder} 处理中，至 {until}。", f"Yours until {until}, {taken.holder}.", "green")


def _holder(session: Session, agent: str) -> str:
    """Whose desk it is."""
    if not agent or agent == name_of(session):
        return name_of(session)
    if not _is_supervisor(session):
        raise AccessError(f"`dialer desk take --as {agent}` needs the role admin or supervisor.")
    return session.agent(agent).id


def _is_supervisor(session: Session) -> bool:
    return session.person is None or session.person.role in (Role.ADMIN, Role.SUPERVISOR)


def refused(taken: Taken, zone: tzinfo) -> tuple[str, str]:
    """Who has a debtor, since and until when, in Chinese and in English."""

    def clock(at: datetime | None) -> str:
        return "" if at is None else f"{at.astimezone(zone):%H:%M:%S}"

    if taken.holder != "dialer":
        return (
            f"{taken.holder} 自 {clock(taken.since)} 起正在处理该债务人，至 {clock(taken.until_at)}。",
            f"{taken.holder} has worked on this debtor since {clock(taken.since)}, until {clock(taken.until_at)}.",
        )
    if taken.until_at is None:
        who = f"（{taken.agent_id}）" if taken.agent_id else ""
        by = f" with {taken.agent_id}" if taken.agent_id else ""
        return (
            f"自 {clock(taken.since)} 起正在通话或待登记{who}。",
            f"The debtor is in a call{by} since {clock(taken.since)}, or it is not concluded yet.",
        )
    return (
        f"拨号器已取走待拨，最迟 {clock(taken.until_at)} 归还；加 --recall 收回。",
        f"The dialer has it in hand, until {clock(taken.until_at)} at the latest; --recall takes it back.",
    )


@app.command(epilog="Example: dialer desk leave LN-2026-0042")
def leave(
    context: typer.Context,
    account: AccountArgument,
    force: Annotated[bool, typer.Option("--force", help="Though somebody else holds it; supervisors only.")] = False,
    client: Client = "",
) -> None:
    """Give a debtor back."""
    from dialer.store import desks, promised

    session = session_of(context)
    if force and not _is_supervisor(session):
        raise AccessError("`dialer desk leave --force` needs the role admin or supervisor.")
    with opened(session) as store, store.writing() as connection:
        debtor_id = promised.debtor_of(connection, promised.account_of(connection, account, client))
        desk = desks.leave(
            connection, debtor_id, by=name_of(session), at=SystemClock().now_at(), source="cli", force=force
        )
    if session.json:
        session.emit(_as_json(desk, unmasked=False))
        return
    session.say(f"已释放（{desk.holder}）。", f"Free again; {desk.holder} had it.", "green")


@app.command("list", epilog="Example: dialer desk list --holder agent01")
def list_(
    context: typer.Context,
    holder: Annotated[str, typer.Option("--holder", help="Only of this person.")] = "",
    unmasked: Unmasked = False,
) -> None:
    """Show who works on whom."""
    from dialer.store import desks

    session = session_of(context)
    with opened(session) as store, store.reading() as database:
        found = desks.listed(database.conn, SystemClock().now_at(), holder)
    if session.json:
        session.emit([_as_json(one, unmasked=unmasked) for one in found])
        return
    if not found:
        session.say("无人占用。", "Nobody works on anybody by themselves.", "bright_black")
        return
    session.out.print(_table(session, found, unmasked=unmasked))


def _table(session: Session, found: tuple[Desk, ...], *, unmasked: bool) -> Table:
    table = Table(box=None, header_style="bright_black")
    for zh, en in (("账户", "account"), ("处理人", "holder"), ("自", "since"), ("至", "until")):
        table.add_column(session.pick(zh, en))
    for one in found:
        number = one.account_no if unmasked else mask_account(one.account_no)
        times = (f"{at.astimezone(session.zone):%m-%d %H:%M}" for at in (one.since, one.until_at))
        table.add_row(number, one.holder, *times)
    return table


def _as_json(desk: Desk, *, unmasked: bool) -> dict[str, JsonValue]:
    return {
        "account": desk.account_no if unmasked else mask_account(desk.account_no),
        "debtor_id": desk.debtor_id,
        "holder": desk.holder,
        "since": desk.since.isoformat(),
        "until": desk.until_at.isoformat(),
    }
