"""`dialer import`: bring a list of debtors, or of numbers that nobody may call, into the store."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from dialer.cli.intake_numbers import import_numbers
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.errors import SettingsError

if TYPE_CHECKING:
    from dialer.accounts.importing import ImportPreview
    from dialer.accounts.reach import Unreachable
    from dialer.calling_rules import PrefixRule

_SHOWN_REJECTS = 10


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import", epilog="Example: dialer import debtors.xlsx --list june --rejects rejects.csv")(import_)


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or XLSX; Chinese and English headers are known.")],
    list_name: Annotated[str, typer.Option("--list", help="The list that campaigns name, such as june.")] = "",
    do_not_call: Annotated[
        bool, typer.Option("--do-not-call", help="The file is a list of numbers that nobody may call.")
    ] = False,
    hashed: Annotated[
        bool, typer.Option("--hashed", help="Of such a list keep digests only, not the numbers.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be imported.")] = False,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=HEADER", help="Where a header is not known; repeat it.")
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write rejected rows here, with reasons, to be mended.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV, such as gb18030; default: find out.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Of an XLSX; default the first one.")] = None,
) -> None:
    """Import debtors into a list; the same file twice changes nothing, bad rows are told apart and left out."""
    from dialer.accounts.headers import parse_mapping
    from dialer.accounts.importing import read_accounts

    session = session_of(context)
    _require_one_kind(session, list_name, do_not_call=do_not_call, hashed=hashed)
    if do_not_call:
        import_numbers(session, file, hashed=hashed, dry_run=dry_run, rejects=rejects, encoding=encoding, sheet=sheet)
        return
    settings = session.settings
    preview = read_accounts(
        file,
        region=settings.region,
        mapping=parse_mapping(mapping) if mapping else None,
        encoding=encoding,
        sheet=sheet,
        as_of=SystemClock().now_at().astimezone(session.zone).date(),
    )
    with preview:
        shut_out = _shut_out(session, preview, list_name)
        written = preview.write_rejects(rejects) if rejects is not None and len(preview.rejected) else 0
        counts = None if dry_run else _store(session, preview, list_name)
        if session.json:
            session.emit(_as_json(preview, counts, shut_out))
        else:
            _show(session, preview, counts, list_name)
            _show_shut_out(session, shut_out)
            if written:
                session.say(f"已将 {written} 行写入 {rejects}。", f"{written} rows were written to {rejects}.")


def _require_one_kind(session: Session, list_name: str, *, do_not_call: bool, hashed: bool) -> None:
    if bool(list_name) == do_not_call:
        raise SettingsError(
            session.pick(
                "请给出 --list 名单名，或 --do-not-call，二者之一。", "Give either --list NAME or --do-not-call."
            )
        )
    if hashed and not do_not_call:
        raise SettingsError(
            session.pick("--hashed 只用于 --do-not-call。", "--hashed is for --do-not-call lists only.")
        )


def _store(session: Session, preview: ImportPreview, list_name: str) -> dict[str, JsonValue]:
    """Import everything in one transaction; returns the counts."""
    from dialer.store.sqlite import SqliteStore

    store = SqliteStore.create(session.settings.store_path, key=session.settings.store_key)
    try:
        result = store.import_accounts(list_name, preview.source.name, preview.accounts, SystemClock().now_at())
    finally:
        store.close()
    return {"added": result.added, "updated": result.updated, "unchanged": result.unchanged}


def _shut_out(session: Session, preview: ImportPreview, list_name: str) -> tuple[Unreachable, ...]:
    """What the campaigns of this list would never dial; a campaign whose file is wrong says nothing here."""
    from dialer.accounts.reach import home_rule, unreachable

    rules: list[tuple[str, Sequence[PrefixRule]]] = []
    for name in session.campaign_names():
        with contextlib.suppress(SettingsError):
            campaign = session.campaign(name)
            if campaign.list_name == list_name:
                rules.append((name, campaign.rules.prefixes))
    return unreachable(preview.accounts, rules or [("", [home_rule(session.settings.region)])])


def _show_shut_out(session: Session, shut_out: Sequence[Unreachable]) -> None:
    for one in shut_out:
        rules = "; ".join(f"{rule}: {count}" for rule, count in one.rules.most_common())
        zh = f"活动 {one.campaign}" if one.campaign else "尚无活动使用此名单，按设置的国家"
        en = f"campaign {one.campaign}" if one.campaign else "no campaign names this list yet; by the settings' country"
        session.say(
            f"注意：{zh}：{one.accounts} 个账户的 {one.numbers} 个号码不会被拨打（{rules}），"
            f"其中 {one.closed} 个账户无号可拨。",
            f"Mind: {en}: {one.numbers} numbers of {one.accounts} accounts will never be dialled ({rules}); "
            f"{one.closed} of these accounts have no other number.",
            "yellow",
        )


def _as_json(preview: ImportPreview, counts: dict[str, JsonValue] | None, shut_out: Sequence[Unreachable]) -> JsonValue:
    return {
        "source": str(preview.source),
        "kind": preview.kind,
        "rows_read": preview.rows_read,
        "accounts": len(preview.accounts),
        "imported": counts,
        "columns": {field.value: header for field, header in preview.mapped.items()},
        "unknown_columns": list(preview.unknown_columns),
        "warnings": [{"zh": one.text_zh, "en": one.text_en} for one in preview.warnings],
        "never_dialled": [
            {
                "campaign": one.campaign,
                "numbers": one.numbers,
                "accounts": one.accounts,
                "accounts_without_another": one.closed,
                "rules": dict(one.rules),
            }
            for one in shut_out
        ],
        "rejected": [
            {
                "row": reason.row,
                "column": reason.column,
                "value": reason.value_shown,
                "zh": reason.reason_zh,
                "en": reason.reason_en,
            }
            for row in preview.rejected
            for reason in row.reasons
        ],
    }


def _show(session: Session, preview: ImportPreview, counts: dict[str, JsonValue] | None, list_name: str) -> None:
    session.out.print(Text(f"{preview.source} ({preview.kind})", style="bold"))
    for notice in preview.warnings:
        session.say(f"注意：{notice.text_zh}", f"Mind: {notice.text_en}", "yellow")
    if preview.unknown_columns:
        names = ", ".join(preview.unknown_columns)
        session.say(f"未导入的列：{names}", f"Columns that are not imported: {names}", "bright_black")
    _show_rejects(session, preview)
    good = len(preview.accounts)
    if counts is None:
        session.say(
            f"试运行：{good} 个账户可导入名单 {list_name}，{len(preview.rejected)} 行被拒。没有写入任何内容。",
            f"Dry run: {good} accounts fit for list {list_name}, {len(preview.rejected)} rows rejected. "
            "Nothing was written.",
            "green" if good else "yellow",
        )
        return
    session.say(
        f"名单 {list_name}：新增 {counts['added']}，更新 {counts['updated']}，未变 {counts['unchanged']}，"
        f"被拒 {len(preview.rejected)} 行。",
        f"List {list_name}: {counts['added']} added, {counts['updated']} updated, {counts['unchanged']} unchanged, "
        f"{len(preview.rejected)} rows rejected.",
        "green" if good else "yellow",
    )


def _show_rejects(session: Session, preview: ImportPreview) -> None:
    if not len(preview.rejected):
        return
    table = Table(box=None, header_style="bright_black", padding=(0, 2, 0, 0))
    for zh, en in (("行", "row"), ("列", "column"), ("值", "value"), ("原因", "why it was rejected")):
        table.add_column(session.pick(zh, en))
    for number, row in enumerate(preview.rejected):
        if number == _SHOWN_REJECTS:
            break
        for one in row.reasons:
            reason = session.pick(one.reason_zh, one.reason_en)
            table.add_row(str(one.row), Text(one.column), Text(one.value_shown), Text(reason, "red"))
    session.out.print(table)
    hidden = len(preview.rejected) - _SHOWN_REJECTS
    if hidden > 0:
        session.say(
            f"… 另有 {hidden} 行，见 --rejects。", f"... and {hidden} more rows; see --rejects.", "bright_black"
        )
