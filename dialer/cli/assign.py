"""`dialer assign`: who looks after which debtor, and why; what would change, what did, and how even it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from dialer.cli.completion import agent_ids
from dialer.cli.init import example_folder
from dialer.cli.opening import opened, user_of
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.masking import mask_account, mask_name
from dialer.types import AgentId

if TYPE_CHECKING:
    from dialer.caseload.rules import AssignmentSettings
    from dialer.cli.assign_view import Preview
    from dialer.store.sqlite import SqliteStore

LONG: Final = 10_000
"""From so many debtors on it is told how far the work is."""


class _RunByDefault(TyperGroup):
    """`dialer assign --dry-run` is `dialer assign run --dry-run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # typer keeps its Context class private
        """Put the usual command in when none is named."""
        asks_help = bool(args) and args[0] in ("-h", "--help")
        named = bool(args) and args[0] in self.commands
        return super().parse_args(ctx, args if named or asks_help else ["run", *args])


app = typer.Typer(
    cls=_RunByDefault,
    help="Who looks after which debtor (分案), by config/assignment.yaml. Alone it assigns; try --dry-run first.",
    epilog="Example: dialer assign --dry-run --html shares.html; then dialer assign",
)

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Account number; its debtor goes with all accounts.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept on record.", show_default=False)]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="Whole names and account numbers, where you may see them.")]


@app.command(epilog="Example: dialer assign run --dry-run --agent agent05 --html shares.html")
def run(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show who would get what, and why.")] = False,
    rebalance: Annotated[
        bool, typer.Option("--rebalance", help="Let prior owners give debtors away, to even out the shares.")
    ] = False,
    agent: Annotated[
        str, typer.Option(help="Show only what this one gets or gives away.", autocompletion=agent_ids)
    ] = "",
    limit: Annotated[int, typer.Option(min=0, help="Show so many debtors who change hands; 0: all.")] = 20,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the shares as a page here.")] = None,
    unmasked: Unmasked = False,
) -> None:
    """Give every debtor to an agent by the rules; what is kept, moved and why, and the shares before and after.

    Written some hundred debtors at a time, so the engine may run meanwhile; calls go to the new owners at once.
    """
    from dialer.caseload.assigning import assign
    from dialer.cli.assign_text import preview_json, render
    from dialer.cli.assign_view import Preview
    from dialer.store import assigned, assigning

    session = session_of(context)
    settings = _settings(session)
    if rebalance:
        settings = replace(settings, keep=replace(settings.keep, rebalance=True))
    if agent:
        session.agent(agent)
    with opened(session) as store:
        cases = _read(session, store, settings)
        at = SystemClock().now_at()
        found = assign(cases, session.settings.agents, settings, _told(session, 2 * len(cases), "分案", "assigned"))
        saved = None
        if not dry_run:
            progress = _told(session, len(cases), "写入", "written")
            saved = assigning.save(store, found.decisions, settings, at=at, by=user_of(session), progress=progress)
        preview = Preview.of(found, settings, session.settings.agents, agent=agent, limit=limit, saved=saved)
        with store.reading() as database:
            faces = assigned.faces(database.conn, [one.case.debtor_id for one in preview.shown])
    shown = {debtor: _face(*face, unmasked=unmasked) for debtor, face in faces.items()}
    _page(session, preview, html)
    if session.json:
        session.emit(preview_json(preview, shown))
    else:
        session.out.print(render(preview, shown, session.lang, session.out.width))
        if html is not None:
            session.say(f"已写入 {html}。", f"Written to {html}.", "green")


def _page(session: Session, preview: Preview, html: Path | None) -> None:
    if html is not None:
        from dialer.cli.assign_html import render_html

        html.write_text(render_html(preview, session.lang), encoding="utf-8")


def _face(name: str, account_no: str, *, unmasked: bool) -> tuple[str, str]:
    return (name, account_no) if unmasked else (mask_name(name), mask_account(account_no))


@app.command(epilog='Example: dialer assign override LN-2026-0042 agent05 --reason "speaks Cantonese"')
def override(
    context: typer.Context,
    account: Account,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="Who gets them.", autocompletion=agent_ids)],
    reason: Reason,
) -> None:
    """Give a debtor to an agent, whatever the rules say, until `dialer assign release` takes it back."""
    from dialer.errors import SettingsError
    from dialer.store import assigned, assigning

    session = session_of(context)
    settings, chosen, at = _settings(session), session.agent(agent), SystemClock().now_at()
    with opened(session) as store, store.writing() as connection:
        for debtor in assigned.debtors_of(connection, account):
            for case in assigned.cases(connection, _beliefs(session), settings, at, debtor_id=debtor):
                if chosen.id in case.avoid:
                    raise SettingsError(
                        session.pick(
                            f"该债务人曾投诉 {chosen.id}，{settings.avoid_days} 天内须回避。",
                            f"This debtor complained when {chosen.id} had to do with them; somebody else must look "
                            f"after them for {settings.avoid_days} days.",
                        )
                    )
                _warn_of_skill(session, settings, case, chosen)
        debtors = assigning.override(
            connection, account, chosen.id, chosen.team, reason=reason, at=at, by=user_of(session)
        )
    _say_set(session, account, str(chosen.id), len(debtors))


def _warn_of_skill(session: Session, settings: AssignmentSettings, case: Any, chosen: Any) -> None:
    from dialer.caseload.eligible import meets, rule_of

    spot = rule_of(case, settings)
    rule = None if spot is None else settings.rules[spot]
    if rule is not None and not meets(chosen, rule):
        session.progress(
            session.pick(
                f"注意：{chosen.id} 不符合规则“{rule.name}”的要求。",
                f"Note: {chosen.id} is not who rule {rule.name!r} asks for.",
            )
        )


@app.command(epilog='Example: dialer assign release LN-2026-0042 --reason "back from leave"')
def release(context: typer.Context, account: Account, reason: Reason) -> None:
    """Take an override back: the next `dialer assign` decides by the rules again."""
    from dialer.store import assigning

    session = session_of(context)
    with opened(session) as store, store.writing() as connection:
        debtors = assigning.release(connection, account, reason=reason, at=SystemClock().now_at(), by=user_of(session))
    _say_set(session, account, "", len(debtors))


def _say_set(session: Session, account: str, agent: str, debtors: int) -> None:
    masked = mask_account(account)
    if session.json:
        session.emit({"account": masked, "agent": agent, "debtors": debtors})
    elif agent:
        session.say(f"{masked} 的债务人归 {agent}。", f"The debtor of {masked} is {agent}'s now.", "green")
    else:
        session.say(f"{masked} 下次分案按规则。", f"The rules decide on {masked} the next time.", "green")


@app.command(epilog="Example: dialer assign show agent05; dialer assign show LN-2026-0042")
def show(
    context: typer.Context,
    who: Annotated[
        str, typer.Argument(metavar="[AGENT|ACCOUNT]", help="One; default everybody.", autocompletion=agent_ids)
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="So many debtors of an agent.")] = 50,
    unmasked: Unmasked = False,
) -> None:
    """What everybody looks after; one agent's debtors; or one account's owner, since when, by which rule and why."""
    from dialer.cli import assign_text
    from dialer.store import assigned

    session = session_of(context)
    is_agent = who in {agent.id for agent in session.settings.agents}
    with opened(session) as store, store.reading() as database:
        connection = database.conn
        if not who:
            loads = tuple(assigned.loads(connection))
            view = assign_text.loads_view(session.settings.agents, loads, _settings(session), session.lang)
        elif is_agent:
            owned = assigned.owned_by(connection, AgentId(who), limit=limit)
            faces = {int(one.debtor_id): _face(one.debtor_name, one.account_no, unmasked=unmasked) for one in owned}
            view = assign_text.owned_view(owned, faces, session.lang, session.zone)
        else:
            owners = [assigned.owner_of(connection, debtor) for debtor in assigned.debtors_of(connection, who)]
            view = assign_text.owner_view(mask_account(who), owners, session.lang, session.zone)
    if session.json:
        session.emit(view.json)
    else:
        session.out.print(view.table)


def _settings(session: Session) -> AssignmentSettings:
    from dialer.config.caseload import load_assignment

    return load_assignment(session.config.parent, example_folder(), session.settings)


def _beliefs(session: Session) -> Any:
    from dialer.config.caseload import load_ordering
    from dialer.ordering.worth import RecoveryModel

    return RecoveryModel(load_ordering(session.config.parent, example_folder()).recovery)


def _read(session: Session, store: SqliteStore, settings: AssignmentSettings) -> Any:
    """Every debtor, with what they are expected to bring."""
    from dialer.config.caseload import load_ordering
    from dialer.store import assigned, order

    learned = order.Learned.fresh(load_ordering(session.config.parent, example_folder()), session.zone)
    at = SystemClock().now_at()
    with store.reading() as database:
        order.learn_recovery(database.conn, learned, at)
        total = assigned.count(database.conn)
        progress = _told(session, total, "读取", "read")
        return assigned.cases(database.conn, learned.recovery, settings, at, progress=progress)


def _told(session: Session, total: int, zh: str, en: str) -> Callable[[int], None]:
    """Tells how far long work is; short work says nothing."""
    told = -1

    def tell(done: int) -> None:
        nonlocal told
        tenth = 10 * done // max(1, total)
        if total >= LONG and tenth > told and done:
            told = tenth
            session.progress(session.pick(f"{zh} {100 * done // total}%", f"{100 * done // total} % {en}"))

    return tell
