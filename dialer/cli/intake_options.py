"""What every import of a file does alike: its options, mappings, rejected rows, and what is said at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from dialer.cli.opening import name_of
from dialer.cli.session import Session
from dialer.clock import SystemClock
from dialer.errors import IntakeError, SettingsError

if TYPE_CHECKING:
    from dialer.accounts.fields import Field
    from dialer.accounts.imported import ImportResult
    from dialer.accounts.importing import FilePreview
    from dialer.store.importing import Origin
    from dialer.store.sqlite import SqliteStore

SHOWN_REJECTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """What the command line says of one file."""

    kind: str
    file: Path
    list_name: str
    dry_run: bool
    mapping: Sequence[str]
    map_name: str
    rejects: Path | None
    as_of: date | None
    encoding: str | None
    sheet: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """Which headers mean which field, beside those that everybody knows."""

    said: Mapping[Field, str]
    """With `--map` now."""
    mapping: Mapping[Field, str]
    """The same, and what was kept under the name that `--as` gives."""
    learned: Mapping[str, Field]


def headers_of(session: Session, options: FileOptions) -> Headers:
    """What was said now and what is remembered.

    Raises:
        IntakeError: a `--map` is not understood.
        SettingsError: nothing is remembered under the name.
    """
    from dialer.accounts.fields import Kind
    from dialer.accounts.headers import parse_mapping
    from dialer.store import mappings
    from dialer.store.sqlite import SqliteStore

    kind = Kind(options.kind)
    said = parse_mapping(options.mapping, kind)
    path = session.settings.store_path
    if not path.is_file():
        kept, learned = {}, {}
    else:
        with closing(SqliteStore.open(path, key=session.settings.store_key)) as store, store.reading() as database:
            kept = mappings.named(database.conn, kind, options.map_name) if options.map_name else {}
            learned = mappings.learned(database.conn, kind)
    if options.map_name and not kept and not said:
        raise SettingsError(
            session.pick(
                f"没有名为 {options.map_name} 的 {kind} 映射；请先用 --map 字段=表头 --as {options.map_name} 保存。",
                f"No mapping of {kind} is remembered as {options.map_name}; say it once with "
                f"--map FIELD=HEADER --as {options.map_name}.",
            )
        )
    return Headers(said=said, mapping={**kept, **said}, learned=learned)


def origin_of(session: Session, options: FileOptions, store: SqliteStore, preview: FilePreview, at: datetime) -> Origin:
    """Where the rows of a file come from; a file that was imported before speaks of the same moment as then."""
    from dialer.store.importing import Origin, said_at

    with options.file.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    with store.reading() as database:
        before = said_at(database.conn, options.kind, digest)
    if options.as_of is not None:
        as_of = min(datetime.combine(options.as_of, time(0), session.zone), at)
    else:
        as_of = datetime.fromisoformat(before) if before else at
    return Origin(
        kind=options.kind,
        list_name=options.list_name,
        source=options.file.name,
        at=at,
        as_of=as_of,
        digest=digest,
        rejected=len(preview.rejected),
        by=name_of(session),
    )


def save_headers(store: SqliteStore, options: FileOptions, headers: Headers) -> None:
    """Remember what was said with `--map`."""
    from dialer.accounts.fields import Kind
    from dialer.store import mappings

    if headers.said:
        with store.writing() as connection:
            mappings.save(connection, Kind(options.kind), headers.said, SystemClock().now_at(), name=options.map_name)


def write_rejects(session: Session, preview: FilePreview, options: FileOptions) -> tuple[int, Path | None]:
    """Write rejected rows to a file to be mended; says how many and where.

    Where nobody said where, it lies beside the file; of a dry run, and where it cannot be written, nothing is.
    """
    if not len(preview.rejected):
        return 0, None
    if options.rejects is not None:
        return preview.write_rejects(options.rejects), options.rejects
    if options.dry_run:
        return 0, None
    path = options.file.with_name(f"{options.file.stem}-rejected.csv")
    if path == options.file:
        path = options.file.with_name(f"{options.file.stem}-again.csv")
    try:
        return preview.write_rejects(path), path
    except IntakeError as error:
        session.say(f"注意：{error}", f"Mind: {error}", "yellow")
        return 0, None


def counts_of(result: ImportResult) -> dict[str, JsonValue]:
    """What an import did, for JSON."""
    return {"added": result.added, "updated": result.updated, "unchanged": result.unchanged}


def file_json(preview: FilePreview, rows_read: int, rejects: Path | None) -> dict[str, JsonValue]:
    """How a file was understood, and what is wrong with it."""
    return {
        "source": str(preview.source),
        "kind": preview.kind,
        "rows_read": rows_read,
        "columns": {field.value: header for field, header in preview.mapped.items()},
        "unknown_columns": list(preview.unknown_columns),
        "warnings": [{"zh": one.text_zh, "en": one.text_en} for one in preview.warnings],
        "rejects_file": None if rejects is None else str(rejects),
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


def show_file(session: Session, preview: FilePreview) -> None:
    """How a file was understood, for people."""
    session.out.print(Text(f"{preview.source} ({preview.kind})", style="bold"))
    for notice in preview.warnings:
        session.say(f"注意：{notice.text_zh}", f"Mind: {notice.text_en}", "yellow")
    if preview.unknown_columns:
        names = ", ".join(preview.unknown_columns)
        session.say(f"未导入的列：{names}", f"Columns that are not imported: {names}", "bright_black")
    _show_rejects(session, preview)


def _show_rejects(session: Session, preview: FilePreview) -> None:
    if not len(preview.rejected):
        return
    table = Table(box=None, header_style="bright_black", padding=(0, 2, 0, 0))
    for zh, en in (("行", "row"), ("列", "column"), ("值", "value"), ("原因", "why it was rejected")):
        table.add_column(session.pick(zh, en))
    for number, row in enumerate(preview.rejected):
        if number == SHOWN_REJECTS:
            break
        for one in row.reasons:
            reason = session.pick(one.reason_zh, one.reason_en)
            table.add_row(str(one.row), Text(one.column), Text(one.value_shown), Text(reason, "red"))
    session.out.print(table)
    hidden = len(preview.rejected) - SHOWN_REJECTS
    if hidden > 0:
        session.say(f"… 另有 {hidden} 行。", f"... and {hidden} more rows.", "bright_black")


def show_written(session: Session, written: int, path: Path | None) -> None:
    """Where the rejected rows lie."""
    if written:
        session.say(
            f"已将 {written} 行写入 {path}；改正后可直接再导入。",
            f"{written} rows were written to {path}; mend them there and import that file.",
        )
