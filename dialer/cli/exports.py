"""`dialer export`: attempts and accounts as tables for other programs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dialer.cli.completion import campaign_names
from dialer.cli.session import Session, session_of
from dialer.cli.span import SinceOption, UntilOption, moment_of
from dialer.errors import SettingsError
from dialer.types import CampaignName

if TYPE_CHECKING:
    from dialer.store.reports import Cell
    from dialer.store.sqlite import SqliteStore

app = typer.Typer(help="Write attempts or accounts to a CSV or XLSX file.", no_args_is_help=True)

# A spreadsheet runs a cell that begins so; names and remarks come from files that strangers wrote.
_RUNS_IN_EXCEL: Final = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")
_NUMBER: Final = re.compile(r"\+?[0-9 *]+|-?[0-9]+(\.[0-9]+)?")

OutOption = Annotated[Path, typer.Option("--out", metavar="FILE", help="Ends in .csv or .xlsx; replaced if it exists.")]
UnmaskedOption = Annotated[
    bool, typer.Option("--unmasked", help="Whole numbers and names; only for people who may see them.")
]


def register(root: typer.Typer) -> None:
    """Add the commands."""
    root.add_typer(app, name="export")


@app.command(epilog="Example: dialer export attempts --campaign demo --since 2026-03-01 --out attempts.csv")
def attempts(
    context: typer.Context,
    out: OutOption,
    campaign: Annotated[str | None, typer.Option(help="Only this one.", autocompletion=campaign_names)] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    unmasked: UnmaskedOption = False,
) -> None:
    """Every attempt, one a row, oldest first."""
    from dialer.store.reports import export_attempts

    session = session_of(context)
    store = _store(session)
    try:
        rows = export_attempts(
            store,
            CampaignName(campaign) if campaign else None,
            since=moment_of(since, session.zone),
            until=moment_of(until, session.zone),
            unmasked=unmasked,
        )
        _write(session, rows, out)
    finally:
        store.close()


@app.command(epilog="Example: dialer export accounts --list june --out accounts.xlsx")
def accounts(
    context: typer.Context,
    out: OutOption,
    list_name: Annotated[str, typer.Option("--list", help="Which list.")],
    unmasked: UnmaskedOption = False,
) -> None:
    """Every account of a list, with where it stands."""
    from dialer.store.reports import export_accounts

    session = session_of(context)
    store = _store(session)
    try:
        _write(session, export_accounts(store, list_name, unmasked=unmasked), out)
    finally:
        store.close()


def _store(session: Session) -> SqliteStore:
    from dialer.store.sqlite import SqliteStore

    return SqliteStore.open(session.settings.store_path, key=session.settings.store_key)


def _write(session: Session, rows: Iterator[Mapping[str, Cell]], out: Path) -> None:
    match out.suffix.lower():
        case ".csv":
            count = write_csv(out, rows)
        case ".xlsx":
            count = write_xlsx(out, rows)
        case _:
            raise SettingsError(f"{out}: the name must end in .csv or .xlsx.")
    if session.json:
        session.emit({"file": str(out), "rows": count})
    session.say(f"已写入 {count} 行：{out}", f"{count} rows written to {out}", "green")


def write_csv(path: Path, rows: Iterator[Mapping[str, Cell]]) -> int:
    """Write rows as UTF-8 CSV that spreadsheets open rightly; returns how many."""
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        for count, row in enumerate(rows, start=1):
            if count == 1:
                writer.writerow(row.keys())
            writer.writerow([_disarmed(value) for value in row.values()])
    return count


def _disarmed(value: Cell) -> Cell:
    if isinstance(value, str) and _RUNS_IN_EXCEL.match(value) and not _NUMBER.fullmatch(value):
        return "'" + value
    return value


def write_xlsx(path: Path, rows: Iterator[Mapping[str, Cell]]) -> int:
    """Write rows as a worksheet: numbers as numbers, moments as text in UTC; returns how many."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("dialer")
    sheet.freeze_panes = "A2"
    count = 0
    for count, row in enumerate(rows, start=1):
        if count == 1:
            sheet.append(list(row.keys()))
        cells = []
        for value in row.values():
            cell = WriteOnlyCell(sheet, value=float(value) if isinstance(value, Decimal) else value)
            if isinstance(value, str):
                cell.data_type = "s"  # never a formula
            cells.append(cell)
        sheet.append(cells)
    book.save(path)
    return count
