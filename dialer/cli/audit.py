"""`dialer audit`: is the log of decisions whole, where does it end, and what does it say of somebody?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import JsonValue
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from dialer.cli.exports import write_csv
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.errors import SettingsError, StoreError
from dialer.masking import mask_account, mask_number

if TYPE_CHECKING:
    from dialer.store.audit_check import Finding, Verified
    from dialer.store.audit_export import Excerpt
    from dialer.store.chain import Head
    from dialer.store.sqlite import SqliteStore

app = typer.Typer(help="The log of decisions: check it, note its end, give excerpts of it.", no_args_is_help=True)

_MOST_ROWS: Final = 1_000_000
"""A worksheet holds hardly more."""
_HEX: Final = 64
_NOTED: Final = re.compile(rf"(?<![0-9A-Za-z])\d{{1,18}}:[0-9a-fA-F]{{{_HEX}}}(?![0-9A-Za-z])")
"""A head somewhere in a text."""


class Format(StrEnum):
    """How an excerpt is written."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


@app.command(epilog="Example: dialer audit head")
def head(context: typer.Context) -> None:
    """Where the log ends: note it elsewhere, signed and dated; `audit verify --head` asks for it again."""
    from dialer.store import chain

    session = session_of(context)
    with closing(_store(session)) as store, store.reading() as database:
        ends = chain.head(database.conn)
    at = SystemClock().now_at().astimezone(session.zone)
    if session.json:
        session.emit({"at": at.isoformat(), "seq": ends.seq, "hash": ends.hash.hex(), "head": str(ends)})
        return
    session.say(f"{at:%Y-%m-%d %H:%M:%S %z}  共 {ends.seq} 条", f"{at:%Y-%m-%d %H:%M:%S %z}  {ends.seq} entries")
    session.say(str(ends), str(ends), "bold")
    session.say("签字 ____________  日期 ____________", "signed ____________  date ____________", "bright_black")


@app.command(epilog="Example: dialer audit verify --head 1042:5f2c...")
def verify(
    context: typer.Context,
    noted: Annotated[
        list[str] | None, typer.Option("--head", metavar="SEQ:HASH", help="A head that was noted; may be repeated.")
    ] = None,
    heads_in: Annotated[
        list[Path] | None,
        typer.Option(
            "--heads", metavar="FILE", help="Every head in a text, such as the engine's log; may be repeated."
        ),
    ] = None,
    excerpt: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Check an excerpt (JSON) instead; needs no store.")
    ] = None,
) -> None:
    """Walk the whole log: was any entry changed, removed, put in or moved, and does the ledger agree?"""
    session = session_of(context)
    if excerpt is not None:
        _verify_excerpt(session, excerpt)
        return
    from dialer.store import audit_check

    heads = {_head_of(session, text) for text in (*(noted or ()), *_written_down(session, heads_in or ()))}
    with closing(_store(session)) as store, store.reading() as database, _progress(session) as bar:
        task = bar.add_task(session.pick("核对", "checking"), total=None)
        told = audit_check.verify(
            database.conn, noted=heads, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    _show(session, told, len(heads))
    if told.finding is not None:
        raise typer.Exit(StoreError.exit_code)


@app.command(epilog="Example: dialer audit export --number +8613900000000 --out excerpt.json")
def export(
    context: typer.Context,
    number: Annotated[str, typer.Option(help="Everything about a number.")] = "",
    debtor: Annotated[str, typer.Option(metavar="ACCOUNT", help="Everything about whose account this is.")] = "",
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Everything of a local day.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ends in .json, .csv or .xlsx; default JSON to the screen.")
    ] = None,
    form: Annotated[Format | None, typer.Option("--format", help="Default by the file's name.")] = None,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Whole numbers; only for people who may see them.")
    ] = False,
) -> None:
    """Entries about a number, a debtor or a day, with what proves that they are unchanged and that none was put in."""
    from dialer.store import audit_export

    session = session_of(context)
    if sum(map(bool, (number, debtor, day))) != 1:
        raise SettingsError(
            session.pick("请给出 --number、--debtor 或 --day 之一。", "Give one of --number, --debtor and --day.")
        )
    kind = _format_of(session, out, form)
    with closing(_store(session)) as store, store.reading() as database:
        if day is not None:
            about = f"day {day:%Y-%m-%d} {session.zone.key}"
            since = day.replace(tzinfo=session.zone)
            until = (day + timedelta(days=1)).replace(tzinfo=session.zone)
            found = audit_export.of_span(database.conn, since, until, unmasked=unmasked)
        elif debtor:
            about = f"debtor of account {debtor if unmasked else mask_account(debtor)}"
            found = audit_export.of_debtor(database.conn, debtor, unmasked=unmasked)
        else:
            wanted = _number(session, number)
            about = f"number {wanted if unmasked else mask_number(wanted)}"
            found = audit_export.of_number(database.conn, wanted, unmasked=unmasked)
    _write(session, found, about, kind, out)


# --- helpers of verify ---------------------------------------------------------------------------------


def _store(session: Session) -> SqliteStore:
    from dialer.store.sqlite import SqliteStore

    return SqliteStore.open(session.settings.store_path, key=session.settings.store_key)


def _progress(session: Session) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=session.err, transient=True, disable=session.json or not session.err.is_terminal)


def _written_down(session: Session, paths: Iterable[Path]) -> Iterator[str]:
    """Every head that stands in some files."""
    for path in paths:
        found = 0
        with path.open(encoding="utf-8", errors="replace") as lines:
            for head in (one[0] for line in lines for one in _NOTED.finditer(line)):
                found += 1
                yield head
        if not found:
            raise SettingsError(
                session.pick(f"{path} 中没有末端（序号:64 位十六进制）。",
                             f"{path} holds no head, which is a number, a colon and 64 hexadecimal digits.")
            )  # fmt: skip


def _head_of(session: Session, text: str) -> Head:
    from dialer.store.chain import Head

    seq, _, hashed = text.strip().partition(":")
    if not seq.isdigit() or len(hashed) != _HEX:
        raise SettingsError(
            session.pick(f"`{text}` 不是 `dialer audit head` 打印的样子：序号:64 位十六进制。",
                         f"`{text}` is not as `dialer audit head` prints it: a number, a colon, 64 hexadecimal digits.")
        )  # fmt: skip
    try:
        return Head(seq=int(seq), hash=bytes.fromhex(hashed))
    except ValueError:
        raise SettingsError(f"`{hashed}` is not hexadecimal.") from None


def _show(session: Session, told: Verified, heads: int) -> None:
    if session.json:
        finding = told.finding
        session.emit(
            {
                "whole": finding is None,
                "entries": told.entries,
                "attempts": told.attempts,
                "attempts_older_than_the_log": told.older,
                "heads_noted": heads,
                "head": str(told.head),
                "finding": None if finding is None else _finding_json(finding),
            }
        )
        return
    if told.finding is not None:
        session.say(
            f"审计日志不完好：{sentence(told.finding)[0]}",
            f"The log is not whole: {sentence(told.finding)[1]}",
            "bold red",
        )
        return
    session.say(
        f"审计日志完好：{told.entries} 条，{told.attempts} 次拨打与台账一致"
        + (f"，另有 {told.older} 次早于日志" if told.older else "") + "。",
        f"The log is whole: {told.entries} entries; the ledger agrees on {told.attempts} attempts"
        + (f", and {told.older} are older than the log" if told.older else "") + ".",
        "bold green",
    )  # fmt: skip
    session.say(f"末端 {told.head}", f"head {told.head}", "bright_black")
    if not heads:
        session.say(
            f"没有给出以前记下的末端（--head 或 --heads {session.settings.log_path or '引擎日志'}）："
            "末尾连同记录一起被截掉，或整份日志被重做的话，这里看不出来。",
            f"No head that was noted before was given (--head, --heads {session.settings.log_path or 'ENGINE-LOG'}): "
            "an end that was cut off with all its traces, or a log made wholly anew, would not be noticed.",
            "bright_black",
        )
    else:
        session.say(
            f"记下的 {heads} 个末端都在日志中。", f"All {heads} heads that were noted are in it.", "bright_black"
        )


def _finding_json(finding: Finding) -> JsonValue:
    zh, en = sentence(finding)
    return {
        "flaw": finding.flaw.value,
        "entry": finding.seq,
        "attempt": finding.attempt_id or None,
        "column": finding.column or None,
        "zh": zh,
        "en": en,
    }


def sentence(finding: Finding) -> tuple[str, str]:
    """A finding in words, in both languages."""
    from dialer.store.audit_check import Flaw

    seq, attempt, column = finding.seq, finding.attempt_id, finding.column
    match finding.flaw:
        case Flaw.CHANGED:
            return f"第 {seq} 条被改动过。", f"entry {seq} was changed."
        case Flaw.MISSING:
            return f"缺第 {seq} 条。", f"entry {seq} is missing."
        case Flaw.MISPLACED:
            return (
                f"第 {seq} 条接不上前一条：有条目被插入、删除、移动或重写。",
                f"entry {seq} does not follow the one before it: something was put in, removed, moved or rewritten.",
            )
        case Flaw.CUT_OFF:
            return f"末尾被截掉：第 {seq} 条起不见了。", f"its end was cut off: entry {seq} and what followed are gone."
        case Flaw.OTHER_HEAD:
            return (
                f"第 {seq} 条与记下的末端不符：日志在此之前被重做过。",
                f"entry {seq} is not the head that was noted: the log before it was made anew.",
            )
        case Flaw.ATTEMPT_CHANGED:
            return (
                f"台账中拨打 {attempt} 的 {column} 与第 {seq} 条不符。",
                f"the ledger tells {column} of attempt {attempt} differently than entry {seq}.",
            )
        case Flaw.ATTEMPT_MISSING:
            return (
                f"第 {seq} 条的拨打 {attempt} 不在台账中，也没有清除记录。",
                f"attempt {attempt} of entry {seq} is not in the ledger, and no purge is on record.",
            )
        case Flaw.ATTEMPT_UNLOGGED:
            return f"台账中的拨打 {attempt} 在日志中没有记录。", f"attempt {attempt} of the ledger is not in the log."


def _verify_excerpt(session: Session, path: Path) -> None:
    from dialer.store import audit_export

    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        wrong = audit_export.wrong_entry(told)
    except (ValueError, AttributeError) as error:
        raise StoreError(f"{path}: {error}; give a JSON file that `dialer audit export` wrote.") from None
    count, ends = len(told["entries"]), f"{told['head']['seq']}:{told['head']['hash']}"
    if session.json:
        session.emit({"proved": wrong is None, "entries": count, "head": ends, "first_wrong_entry": wrong})
    elif wrong is None:
        session.say(
            f"{count} 条均得到证明，末端 {ends}。",
            f"All {count} entries are proved, up to the head {ends}.",
            "bold green",
        )
    elif wrong:
        session.say(f"第 {wrong} 条与证明不符。", f"Entry {wrong} is not what the chain proves.", "bold red")
    else:
        session.say("链条没有到达所写的末端。", "The chain does not end at the head that is written there.", "bold red")
    if wrong is not None:
        raise typer.Exit(StoreError.exit_code)


# --- helpers of export ---------------------------------------------------------------------------------


def _number(session: Session, text: str) -> str:
    from dialer.accounts.phones import parse_number

    number = parse_number(text, session.settings.region)
    if not isinstance(number, str):
        raise SettingsError(
            session.pick(f"{text} 不是电话号码。", f"{text} is no phone number; write it like +8613900000000.")
        )
    return number


def _format_of(session: Session, out: Path | None, form: Format | None) -> Format:
    if out is None:
        if form not in (None, Format.JSON):
            raise SettingsError(session.pick(f"--format {form} 需要 --out。", f"--format {form} needs --out FILE."))
        return Format.JSON
    ending = out.suffix.lower().removeprefix(".")
    if form is None and ending not in set(Format):
        raise SettingsError(f"{out}: the name must end in .json, .csv or .xlsx, or say --format.")
    return form or Format(ending)


def _write(session: Session, found: Excerpt, about: str, kind: Format, out: Path | None) -> None:
    from dialer.store import audit_export

    if not found.entries:
        session.progress(session.pick("没有任何记录。", "Nothing is on record of it."))
    told = audit_export.document(found, about=about, at=SystemClock().now_at())
    if out is None:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    written = [out]
    match kind:
        case Format.JSON:
            text = json.dumps(told, ensure_ascii=False, indent=1)
            out.write_text(text + "\n", encoding="utf-8")
        case Format.CSV:
            written.append(out.with_name(f"{out.stem}.chain{out.suffix}"))
            write_csv(out, audit_export.rows(found))
            write_csv(written[1], audit_export.proof_rows(found))
        case Format.XLSX:
            _write_xlsx(session, found, out)
    files = ", ".join(map(str, written))
    count = len(found.entries)
    if session.json:
        session.emit({"files": [str(path) for path in written], "entries": count, "head": str(found.head)})
    session.say(f"已写入 {count} 条：{files}", f"{count} entries written to {files}", "green")
    session.say(f"末端 {found.head}", f"head {found.head}", "bright_black")


def _write_xlsx(session: Session, found: Excerpt, out: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    from dialer.store import audit_export

    if len(found.digests) > _MOST_ROWS:
        raise SettingsError(
            session.pick(f"证明有 {len(found.digests)} 行，工作表放不下；请用 .json。",
                         f"The proof has {len(found.digests)} rows, more than a worksheet holds; write .json.")
        )  # fmt: skip
    book = Workbook(write_only=True)
    for title, rows in (("entries", audit_export.rows(found)), ("chain", audit_export.proof_rows(found))):
        sheet = book.create_sheet(title)
        for count, row in enumerate(rows):
            if not count:
                sheet.append(list(row.keys()))
            cells = [WriteOnlyCell(sheet, value=value) for value in row.values()]
            for cell, value in zip(cells, row.values(), strict=True):
                if isinstance(value, str):
                    cell.data_type = "s"  # never a formula
            sheet.append(cells)
    book.save(out)
