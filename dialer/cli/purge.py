"""`dialer purge`, `hold` and `holds`: records are kept as long as they must be, and no longer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from rich.table import Table
from rich.text import Text

from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.masking import mask_about, mask_account

if TYPE_CHECKING:
    from dialer.retention import Manifest, Schedule
    from dialer.store.holding import Hold
    from dialer.store.purging import Order
    from dialer.store.sqlite import SqliteStore

_TABLES: Final = {
    "call_events": ("通话事件", "events of calls"),
    "promises": ("还款承诺", "promises"),
    "promise_reminders": ("承诺提醒", "reminders of promises"),
    "promise_boosts": ("违约优先", "raised priorities"),
    "desks": ("席位占用", "desks"),
    "outbox_given_up": ("未送达通知", "events given up"),
    "account_events": ("账户事件", "account events"),
    "risk_alerts": ("风险预警", "alerts of early warning"),
    "account_grades": ("评分等级", "grades by scorecards"),
    "scores": ("评分", "scores"),
    "refusals": ("拒拨记录", "refused dials"),
    "consents": ("同意记录", "consents"),
    "recordings": ("录音记录", "recordings"),
    "attempts": ("呼叫（保留计数）", "attempts (still counted)"),
    "dispositions": ("处理结果（保留计数）", "dispositions (still counted)"),
    "accounts": ("账户", "accounts"),
    "phones": ("号码", "numbers"),
}
_REASONS: Final = {
    "hold": ("法律保留", "legal hold"),
    "dispute": ("争议", "dispute"),
    "plan": ("承诺或分期未结", "an open promise or plan"),
    "open_call": ("通话未结", "a call that is not over"),
    "counted": ("仍计入拨打限额", "calls that limits still count"),
}

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="An account's number.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: dialer purge --dry-run")(purge)
    app.command(epilog="Example: dialer hold HT-2026-000042 on --note 诉讼")(hold)
    app.command(epilog="Example: dialer holds")(holds)


def purge(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    before: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Leave everything alone that is younger.")
    ] = None,
    debtor: Annotated[str, typer.Option(metavar="ACCOUNT", help="Only the debtor of this account.")] = "",
    manifest: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write what was removed here, as JSON.")
    ] = None,
) -> None:
    """Remove records past the retention of the calling profiles, and prove what it was.

    The engine must be stopped. Nothing is removed under legal hold, with a dispute,
    an open promise or plan, or while limits still count a call.
    """
    from dialer.store.purging import manifest_text
    from dialer.store.purging import purge as remove
    from dialer.store.sqlite import SqliteStore

    session = session_of(context)
    order = _order(session, dry_run=dry_run, before=before, account_no=debtor)
    with (
        _no_engine(session, dry_run=dry_run),
        closing(SqliteStore.open(session.settings.store_path, key=session.settings.store_key)) as store,
    ):
        done = remove(store, order, lambda count, every: session.progress(f"{count}/{every}"))
    text = manifest_text(done)
    if manifest is not None:
        _write_private(manifest, text)
    if session.json:
        session.emit(json.loads(text))
    else:
        _show(session, done)


def hold(
    context: typer.Context,
    account: AccountArgument,
    state: Annotated[Literal["on", "off"], typer.Argument(metavar="on|off", help="Keep, or keep no longer.")],
    note: Annotated[str, typer.Option(help="Why, for the record.")] = "",
) -> None:
    """Keep everything of an account's debtor until further notice; dialling is another matter."""
    from dialer.store.holding import set_hold

    session = session_of(context)
    person = session.person
    with closing(_store(session)) as store:
        count = set_hold(
            store,
            account,
            on=state == "on",
            by=person.name if person else "",
            role=person.role if person else "",
            at=SystemClock().now_at(),
            note=note,
        )
    if session.json:
        session.emit({"accounts": count, "hold": state})
    elif state == "on":
        session.say(f"{count} 个账户已保留。", f"{count} accounts are on hold.", "green")
    else:
        session.say(f"{count} 个账户不再保留。", f"{count} accounts are not on hold any more.", "green")


def holds(context: typer.Context) -> None:
    """Every account that is on hold, since when and by whom."""
    from dialer.store.holding import holds as every

    session = session_of(context)
    with closing(_store(session)) as store:
        found = every(store)
    if session.json:
        session.emit(
            [
                {
                    "account": mask_account(one.account_no),
                    "account_id": int(one.account_id),
                    "since": one.at.isoformat(),
                    "by": one.by,
                    "note": _note(one),
                }
                for one in found
            ]
        )
        return
    table = Table(box=None, header_style="bright_black", padding=(0, 2, 0, 0))
    for zh, en in (("账户", "account"), ("自", "since"), ("操作人", "by"), ("备注", "note")):
        table.add_column(session.pick(zh, en))
    for one in found:
        since = f"{one.at.astimezone(session.zone):%Y-%m-%d %H:%M}"
        table.add_row(Text(mask_account(one.account_no)), since, Text(one.by), Text(_note(one)))
    session.out.print(table)
    if not found:
        session.say("没有保留的账户。", "No account is on hold.")


def _note(one: Hold) -> str:
    return mask_about(one.note, name=one.debtor_name, account_no=one.account_no)


def _order(session: Session, *, dry_run: bool, before: datetime | None, account_no: str) -> Order:
    from dialer.store.purging import Order

    settings, person = session.settings, session.person
    return Order(
        at=SystemClock().now_at(),
        actor=person.name if person else "",
        role=person.role if person else "",
        schedule=_schedule(session),
        recordings_path=settings.recordings_path,
        facts_path=settings.facts.folder if settings.facts else None,
        facts_keep_s=settings.facts.keep_s if settings.facts else 0.0,
        before=None if before is None else before.replace(tzinfo=session.zone),
        account_no=account_no,
        dry_run=dry_run,
    )


def _schedule(session: Session) -> Schedule:
    """The periods of all campaigns; one whose file is wrong stops the purge, because its period is not known."""
    from dialer.retention import schedule_of

    return schedule_of([session.campaign(name) for name in session.campaign_names()])


def _store(session: Session) -> SqliteStore:
    from dialer.store.sqlite import SqliteStore

    return SqliteStore.open(session.settings.store_path, key=session.settings.store_key)


@contextmanager
def _no_engine(session: Session, *, dry_run: bool) -> Iterator[None]:
    """Keep engines from the store meanwhile.

    Raises:
        ControlError: one is running.
    """
    from dialer.control_socket import claim

    if dry_run:
        yield
        return
    lock = claim(session.settings.control_path)
    try:
        yield
    finally:
        os.close(lock)


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")


def _show(session: Session, done: Manifest) -> None:
    files = len(done.recordings) + len(done.facts)
    session.say(
        f"{'试运行，未删除任何内容：' if done.dry_run else ''}债务人 {done.debtors} 名，文件 {files} 个。",
        f"{'Dry run, nothing was removed: ' if done.dry_run else ''}{done.debtors} debtors, {files} files.",
        "yellow" if done.dry_run else "green",
    )
    for table, rows in {**done.removed, **done.blanked}.items():
        zh, en = _TABLES[table]
        session.say(f"  {zh}：{rows.rows}", f"  {en}: {rows.rows}")
    if done.suppressed_numbers:
        session.say(
            f"  永不拨打的号码改存为摘要：{done.suppressed_numbers}",
            f"  numbers never to call, now held as digests: {done.suppressed_numbers}",
        )
    for reason, count in done.kept.items():
        zh, en = _REASONS[reason]
        session.say(f"  保留（{zh}）：{count} 名", f"  kept, {en}: {count} debtors")
    if not done.dry_run:
        session.say(f"  凭证：{done.run_id}（审计日志）", f"  proof: {done.run_id}, in the audit log")
