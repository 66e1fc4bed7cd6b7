"""`dialer import --do-not-call`: a list of numbers that nobody may call."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue
from rich.text import Text

from dialer.cli.session import Session
from dialer.clock import SystemClock
from dialer.control_door import user_name
from dialer.errors import IntakeError

if TYPE_CHECKING:
    from dialer.accounts.number_lists import NumberList

_SHOWN_REJECTS = 10


def import_numbers(
    session: Session,
    file: Path,
    *,
    hashed: bool,
    dry_run: bool,
    rejects: Path | None,
    encoding: str | None,
    sheet: str | None,
) -> None:
    """Read a do-not-call list and take it over whole, or nothing of it.

    Args:
        session: of the command.
        file: CSV, XLSX or text.
        hashed: keep digests instead of numbers.
        dry_run: only say what would be taken over.
        rejects: where to write rows that cannot be read; None: nowhere.
        encoding: of a CSV; None: find out.
        sheet: of an XLSX; None: the first.
    """
    from dialer.accounts.number_lists import read_numbers

    settings = session.settings
    read = read_numbers(
        file,
        region=settings.region,
        encoding=encoding,
        sheet=sheet,
        progress=lambda rows: session.progress(session.pick(f"已读 {rows:,} 行", f"{rows:,} rows read")),
    )
    with read.numbers, read.rejected:
        written = _write_rejects(read, rejects) if rejects is not None and len(read.rejected) else 0
        counts = None if dry_run else _store(session, read, hashed=hashed)
        if session.json:
            session.emit(_as_json(read, counts))
        else:
            _show(session, read, counts)
            if written:
                session.say(f"已将 {written} 行写入 {rejects}。", f"{written} rows were written to {rejects}.")


def _write_rejects(read: NumberList, path: Path) -> int:
    from dialer.accounts.rejected import write_rejects

    if path.exists() and path.samefile(read.source):
        raise IntakeError(f"{path}: this is the list itself 这是原名单. Choose another file 请换一个文件名.")
    try:
        return write_rejects(path, read.headers or ("phone",), read.rejected)
    except OSError as error:
        raise IntakeError(f"{path}: cannot be written 无法写入: {error.strerror or error}.") from error


def _store(session: Session, read: NumberList, *, hashed: bool) -> dict[str, JsonValue]:
    from dialer.store.sqlite import SqliteStore

    by = session.person.name if session.person is not None else user_name(os.geteuid())
    session.progress(session.pick(f"正在写入 {len(read.numbers):,} 个号码", f"writing {len(read.numbers):,} numbers"))
    with closing(SqliteStore.create(session.settings.store_path, key=session.settings.store_key)) as store:
        done = store.forbid_numbers(
            read.numbers, source=read.source.name, by=by, at=SystemClock().now_at(), hashed=hashed
        )
    return {"numbers": done.total, "added": done.added, "on_our_lists": done.on_our_lists}


def _as_json(read: NumberList, counts: dict[str, JsonValue] | None) -> JsonValue:
    return {
        "source": str(read.source),
        "kind": read.kind,
        "numbers": len(read.numbers),
        "imported": counts,
        "rejected": [
            {"row": one.row, "value": one.value_shown, "zh": one.reason_zh, "en": one.reason_en}
            for row in read.rejected
            for one in row.reasons
        ],
    }


def _show(session: Session, read: NumberList, counts: dict[str, JsonValue] | None) -> None:
    session.out.print(Text(f"{read.source} ({read.kind})", style="bold"))
    for number, row in enumerate(read.rejected):
        if number == _SHOWN_REJECTS:
            break
        for one in row.reasons:
            said = session.pick(one.reason_zh, one.reason_en)
            where = session.pick(f"第 {one.row} 行", f"row {one.row}")
            session.out.print(Text(f"  {where} {one.value_shown}: {said}", "red"), soft_wrap=True)
    numbers, bad = f"{len(read.numbers):,}", f"{len(read.rejected):,}"
    if counts is None:
        session.say(
            f"试运行：{numbers} 个号码，{bad} 行被拒。没有写入任何内容。",
            f"Dry run: {numbers} numbers, {bad} rows rejected. Nothing was written.",
            "yellow",
        )
        return
    session.say(
        f"禁呼名单：{numbers} 个号码，新增 {counts['added']}，我方名单中有 {counts['on_our_lists']} 个；{bad} 行被拒。",
        f"Do-not-call list: {numbers} numbers, {counts['added']} new, {counts['on_our_lists']} of them on our lists; "
        f"{bad} rows rejected.",
        "green",
    )
