"""`dialer import accounts`: a list of who is to be called."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from dialer.cli.intake_options import (
    FileOptions,
    Headers,
    counts_of,
    file_json,
    headers_of,
    origin_of,
    save_headers,
    show_file,
    show_written,
    write_rejects,
)
from dialer.cli.session import Session
from dialer.clock import SystemClock
from dialer.errors import SettingsError

if TYPE_CHECKING:
    from dialer.accounts.importing import ImportPreview
    from dialer.accounts.reach import Unreachable
    from dialer.calling_rules import PrefixRule


def import_accounts(session: Session, options: FileOptions) -> None:
    """Read a list and take it over whole, or nothing of it."""
    from dialer.accounts.importing import read_accounts

    settings = session.settings
    headers = headers_of(session, options)
    preview = read_accounts(
        options.file,
        region=settings.region,
        mapping=headers.mapping or None,
        learned=headers.learned,
        encoding=options.encoding,
        sheet=options.sheet,
        as_of=options.as_of or SystemClock().now_at().astimezone(session.zone).date(),
    )
    with preview:
        shut_out = _shut_out(session, preview, options.list_name)
        written, path = write_rejects(session, preview, options)
        counts = None if options.dry_run else _store(session, preview, options, headers)
        if session.json:
            session.emit(_as_json(preview, counts, shut_out, path))
        else:
            show_file(session, preview)
            _show_counts(session, preview, counts, options.list_name)
            _show_shut_out(session, shut_out)
            show_written(session, written, path)


def _store(session: Session, preview: ImportPreview, options: FileOptions, headers: Headers) -> dict[str, JsonValue]:
    """Import everything in one transaction; returns the counts."""
    from dialer.store import importing
    from dialer.store.sqlite import SqliteStore

    at = SystemClock().now_at()
    settings = session.settings
    with contextlib.closing(SqliteStore.create(settings.store_path, key=settings.store_key)) as store:
        origin = origin_of(session, options, store, preview, at)
        with store.writing() as connection:
            result = importing.import_accounts(
                connection, options.list_name, options.file.name, preview.accounts, at, origin=origin
            )
        save_headers(store, options, headers)
    return counts_of(result)


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


def _as_json(
    preview: ImportPreview, counts: dict[str, JsonValue] | None, shut_out: Sequence[Unreachable], path: Path | None
) -> JsonValue:
    return {
        **file_json(preview, preview.rows_read, path),
        "accounts": len(preview.accounts),
        "imported": counts,
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
    }


def _show_counts(session: Session, preview: ImportPreview, counts: dict[str, JsonValue] | None, list_name: str) -> None:
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
