"""`dialer import applications|repayments|scores|contacts`: what else lenders know of the same people."""

from __future__ import annotations

from contextlib import closing
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
from dialer.cli.opening import loan_rules
from dialer.cli.session import Session
from dialer.clock import SystemClock

if TYPE_CHECKING:
    from dialer.accounts.sources import SourcePreview

_WORDS = {
    "applications": ("申请资料", "applications"),
    "repayments": ("还款记录", "repayments"),
    "scores": ("信用评分", "scores"),
    "contacts": ("联系方式", "contacts"),
}


def import_source(session: Session, options: FileOptions) -> None:
    """Read such a file and take over all of it that can be placed.

    A dry run does the same in a transaction that is taken back, so that it also tells which rows cannot be placed.
    """
    from dialer.accounts.fields import Kind
    from dialer.accounts.sources import read_source

    headers = headers_of(session, options)
    preview = read_source(
        options.file,
        Kind(options.kind),
        region=session.settings.region,
        mapping=headers.mapping or None,
        learned=headers.learned,
        encoding=options.encoding,
        sheet=options.sheet,
    )
    with preview:
        counts = _store(session, preview, options, headers)
        written, path = write_rejects(session, preview, options)
        if session.json:
            done = {
                "imported": None if options.dry_run else counts,
                "would_import": counts if options.dry_run else None,
            }
            session.emit({**file_json(preview, preview.rows_read, path), "rows": len(preview.rows), **done})
        else:
            show_file(session, preview)
            _show_counts(session, preview, counts, options)
            show_written(session, written, path)


def _store(session: Session, preview: SourcePreview, options: FileOptions, headers: Headers) -> dict[str, JsonValue]:
    from dialer.store import sources
    from dialer.store.sqlite import SqliteStore

    at = SystemClock().now_at()
    settings = session.settings
    rules = loan_rules(session)
    with closing(SqliteStore.create(settings.store_path, key=settings.store_key)) as store:
        origin = origin_of(session, options, store, preview, at)
        with store.writing() as connection:
            connection.execute("SAVEPOINT import")
            result = sources.import_rows(connection, preview.of, preview.rows, origin, rules, preview.refuse)
            if options.dry_run:
                connection.execute("ROLLBACK TO import")
            connection.execute("RELEASE import")
        if not options.dry_run:
            save_headers(store, options, headers)
    return counts_of(result)


def _show_counts(session: Session, preview: SourcePreview, counts: dict[str, JsonValue], options: FileOptions) -> None:
    zh, en = _WORDS[options.kind]
    dry_zh, dry_en = ("试运行，没有写入：", "Dry run, nothing was written: ") if options.dry_run else ("", "")
    session.say(
        f"{dry_zh}{zh}：新增 {counts['added']}，更新 {counts['updated']}，未变 {counts['unchanged']}，"
        f"被拒 {len(preview.rejected)} 行。",
        f"{dry_en}{en}: {counts['added']} added, {counts['updated']} updated, {counts['unchanged']} unchanged, "
        f"{len(preview.rejected)} rows rejected.",
        "green" if len(preview.rows) else "yellow",
    )
