"""XLSX worksheets as rows of text, row by row, with what the sheet has done to a cell noted beside it."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import openpyxl

from dialer.accounts.reading import RawRow, RowSource, Spoil
from dialer.errors import IntakeError

MAX_INFLATED_BYTES = 4 << 30
"""All parts of a workbook together; more is a bomb or no list of debtors."""
MAX_STRINGS_BYTES = 512 << 20
"""The table of shared strings, which is the one part that is held in memory."""
MAX_ROWS = 1_048_576
"""Source: Excel specifications and limits. A greater row number is forged: the rows up to it would all be made up."""
_ROWS_AT_ONCE = 500
_EXACT_DIGITS = 15
"""A spreadsheet's number holds 15 significant digits. Source: IEEE 754 binary64; Excel specifications and limits."""


class _Cell(Protocol):
    @property
    def value(self) -> object: ...
    @property
    def data_type(self) -> str: ...


class _Sheet(Protocol):
    title: str
    sheet_state: str

    def iter_rows(self) -> Iterator[tuple[_Cell, ...]]: ...
    def reset_dimensions(self) -> None: ...


def open_xlsx(path: Path, *, sheet: str | None = None) -> RowSource:
    """Open a workbook's first visible worksheet, or the one named.

    Args:
        path: the file.
        sheet: the worksheet's name; None: the first that is not hidden.

    Raises:
        IntakeError: the file is no workbook, is too large when unpacked, or has no such sheet.
    """
    _check_archive(path)
    file = path.open("rb")
    try:
        sheets = _sheets(path, file)
        chosen = _choose(path, sheets, sheet)
    except IntakeError:
        file.close()
        raise
    others = ", ".join(other.title for other in sheets if other.title != chosen.title)
    note = (f"只读取工作表“{chosen.title}”，未读取：{others}", f"only sheet `{chosen.title}` is read, not: {others}")
    return RowSource(
        rows=_rows(path, chosen),
        close=file.close,
        kind=f"XLSX, sheet 工作表 {chosen.title}",
        encoding="",
        ragged=True,
        notes=(note,) if others else (),
    )


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _unreadable(path, error) from error
    strings = sum(part.file_size for part in parts if part.filename.endswith("sharedStrings.xml"))
    if sum(part.file_size for part in parts) > MAX_INFLATED_BYTES or strings > MAX_STRINGS_BYTES:
        raise IntakeError(
            f"{path}: the workbook is too large when unpacked 解压后过大. "
            "Split it, or save it as CSV 请拆分或另存为 CSV."
        )


def _sheets(path: Path, file: BinaryIO) -> list[_Sheet]:
    try:
        with warnings.catch_warnings():
            # About styles and validations, which are nothing to us.
            warnings.simplefilter("ignore")
            workbook = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
        return cast(list[_Sheet], list(workbook.worksheets))
    except Exception as error:  # The library raises whatever a damaged part leads it into.
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> IntakeError:
    return IntakeError(
        f"{path}: the workbook cannot be read 无法读取工作簿 ({type(error).__name__}: {str(error)[:200]}). "
        "Open it in Excel and save it again as .xlsx 请用 Excel 打开并另存为 .xlsx."
    )


def _choose(path: Path, sheets: list[_Sheet], wanted: str | None) -> _Sheet:
    for sheet in sheets:
        if sheet.title == wanted or (wanted is None and sheet.sheet_state == "visible"):
            return sheet
    names = ", ".join(sheet.title for sheet in sheets)
    raise IntakeError(f"{path}: no worksheet {wanted or 'is visible'} 没有这个工作表. It has 现有: {names}.")


def _rows(path: Path, sheet: _Sheet) -> Iterator[RawRow]:
    # The stated size of a sheet may be a lie of the program that wrote it; without it all rows are read.
    sheet.reset_dimensions()
    numbered = _filled(path, sheet)
    while batch := _next_rows(path, numbered):
        yield from batch


def _filled(path: Path, sheet: _Sheet) -> Iterator[tuple[int, tuple[_Cell, ...]]]:
    """The rows in which anything stands, with their numbers; the library makes up those that are left out."""
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if number > MAX_ROWS:
            raise IntakeError(f"{path}: more than {MAX_ROWS:,} rows, or row numbers that no worksheet has 行数过多.")
        if any(cell.value is not None for cell in cells):
            yield number, cells


def _next_rows(path: Path, numbered: Iterator[tuple[int, tuple[_Cell, ...]]]) -> list[RawRow]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [_raw_row(number, cells) for number, cells in islice(numbered, _ROWS_AT_ONCE)]
    except IntakeError:
        raise
    except Exception as error:  # As above: a damaged part far down the sheet.
        raise _unreadable(path, error) from error


def _raw_row(number: int, cells: tuple[_Cell, ...]) -> RawRow:
    spoils: dict[int, Spoil] = {}
    texts: list[str] = []
    for position, cell in enumerate(cells):
        text, spoil = _text_of(cell)
        texts.append(text)
        if spoil is not None:
            spoils[position] = spoil
    while texts and not texts[-1]:
        texts.pop()
    return RawRow(number=number, cells=tuple(texts), spoils=spoils)


def _text_of(cell: _Cell) -> tuple[str, Spoil | None]:
    value = cell.value
    if value is None:
        return "", None
    if cell.data_type == "f":
        return (value if isinstance(value, str) else "="), Spoil.FORMULA
    if cell.data_type == "e":
        return str(value), Spoil.ERROR
    match value:
        case str():
            return value, None
        case bool():
            return str(value).upper(), None
        case int() | float():
            return _number_text(value)
        case datetime():
            whole_day = value.time() == time(0)
            return (value.date().isoformat() if whole_day else value.isoformat(" ", "seconds")), Spoil.DATE
        case date():
            return value.isoformat(), Spoil.DATE
        case _:
            return str(value), Spoil.DATE


def _number_text(value: int | float) -> tuple[str, Spoil | None]:
    lost = abs(value) >= 10**_EXACT_DIGITS
    # Fifteen digits are what the sheet shows: 0.1 + 0.2 is 0.3 there.
    text = str(value) if isinstance(value, int) else format(value, f".{_EXACT_DIGITS}g")
    return text, (Spoil.DIGITS_LOST if lost else None)
