"""Files of debtors as rows of text: CSV here, XLSX in `dialer.accounts.workbook`, one form for both.

Nothing is decided about the cells, but what a file can spoil is kept beside them: a formula, an error value, a
number of more digits than a spreadsheet can hold, a row that is no proper CSV.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

from dialer.accounts.encodings import detect_encoding
from dialer.accounts.headers import find_columns
from dialer.accounts.values import Unusable
from dialer.errors import IntakeError

MAX_LINE_CHARS = 1 << 20
"""A longer line of a CSV file is a rejected row; it is skipped without being held in memory."""
MAX_CELL_CHARS = 1 << 17
"""A longer cell is a rejected row, at latest when a quoted cell has run over this many characters."""
_SHOWN_OF_BAD_LINE = 1000
_DELIMITERS = (",", ";", "\t", "，", "|")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class Spoil(StrEnum):
    """What a worksheet can have done to a cell."""

    FORMULA = "formula"
    ERROR = "error"
    DIGITS_LOST = "digits_lost"
    DATE = "date"  # not a spoil where a date is wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """A row before anything is known about its cells."""

    number: int
    """Line of the file (CSV) or row of the sheet at which it begins, from 1."""
    cells: tuple[str, ...]
    spoils: Mapping[int, Spoil] = field(default_factory=lambda: MappingProxyType({}))
    """Position -> what is wrong with the cell as stored."""
    fault: Unusable | None = None
    """Why the row could not be parted into cells; `cells` then holds the beginning of the line."""

    @property
    def blank(self) -> bool:
        """Whether the row says nothing."""
        return self.fault is None and not any(cell and not cell.isspace() for cell in self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSource:
    """An opened file: how it was understood, and its rows once. Close it when done."""

    rows: Iterator[RawRow]
    close: Callable[[], None]
    kind: str
    """Such as `CSV, utf-8, comma`, for people."""
    encoding: str
    """Empty for XLSX."""
    ragged: bool
    """True: a missing last cell means empty (worksheets); False: it means that the row is damaged."""
    notes: tuple[tuple[str, str], ...] = ()
    """(Chinese, English) remarks about the file."""


def open_csv(path: Path, *, encoding: str | None = None) -> RowSource:
    """Open a CSV file after checking that all of it can be decoded.

    Args:
        path: the file.
        encoding: one of `dialer.accounts.encodings.ENCODINGS`; None: detect.

    Raises:
        IntakeError: the file cannot be read or decoded.
    """
    found = detect_encoding(path, encoding)
    delimiter, skipped = _detect_delimiter(path, found)
    name = {",": "comma 逗号", ";": "semicolon 分号", "\t": "tab 制表符"}.get(delimiter, delimiter)
    rows = _csv_rows(path, found, delimiter, skipped)
    return RowSource(
        rows=rows,
        close=rows.close,
        kind=f"CSV, {found.upper()}, {name}",
        encoding=found,
        ragged=False,
    )


def _detect_delimiter(path: Path, encoding: str) -> tuple[str, int]:
    """The delimiter, and how many lines to skip before the table (Excel's own `sep=` line)."""
    with path.open(encoding=encoding, newline="") as file:
        lines = [line for _, line in zip(range(20), _Lines(file).cut(), strict=False)]
    if lines and (match := re.fullmatch(r"(?i)sep=(.)\s*", lines[0])):
        return match[1], 1
    return max(_DELIMITERS, key=lambda delimiter: _fitness(lines, delimiter)), 0


def _fitness(lines: list[str], delimiter: str) -> tuple[int, int]:
    """How much like a header the best of the first lines is: known columns, then cells."""
    best = (0, 0)
    for line in lines:
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            continue
        best = max(best, (len(find_columns(cells).index), min(len(cells), 1000)))
    return best


class _LineTooLong(csv.Error):
    pass


class _Lines:
    """Lines of a text file with their numbers; the lines of a failed record can be given back.

    An iterator and no generator: it must go on after it has raised.
    """

    def __init__(self, file: TextIO, skipped: int = 0) -> None:
        self._file = file
        self._returned: list[str] = []
        self.number = 0
        self.record: list[str] = []
        for _ in range(skipped):
            next(self)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        again = bool(self._returned)
        line = self._returned.pop() if again else self._file.readline(MAX_LINE_CHARS)
        if not line:
            raise StopIteration
        self.number += 1
        self.record.append(line)
        if len(line) < MAX_LINE_CHARS or line[-1] in "\r\n":
            return line
        if not again:
            self._skip_line()
        raise _LineTooLong

    def _skip_line(self) -> None:
        while (more := self._file.readline(MAX_LINE_CHARS)) and more[-1] not in "\r\n":
            pass

    def begin_record(self) -> int:
        """Forget the record before; returns the number of the line that comes next."""
        self.record = []
        return self.number + 1

    def give_back_all_but_first(self) -> None:
        """Read the later lines of this record again, each as a record of its own."""
        later = self.record[1:]
        self._returned += reversed(later)
        self.number -= len(later)

    def cut(self) -> Iterator[str]:
        """Lines for a look at the file, long ones cut."""
        while True:
            try:
                yield next(self)
            except _LineTooLong:
                yield self.record[-1]
            except StopIteration:
                return


def _csv_rows(path: Path, encoding: str, delimiter: str, skipped: int) -> Generator[RawRow, None, None]:
    csv.field_size_limit(MAX_CELL_CHARS)
    try:
        with closing(path.open(encoding=encoding, newline="")) as file:
            lines = _Lines(file, skipped)
            # Strict, or a stray quote would silently swallow the rows after it.
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            while True:
                begins = lines.begin_record()
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield _bad_row(begins, lines, error)
                    continue
                yield RawRow(number=begins, cells=tuple(cells))
    except (OSError, UnicodeError) as error:
        raise IntakeError(f"{path}: the file changed or broke while it was read 读取中断: {error}") from error


def _bad_row(begins: int, lines: _Lines, error: csv.Error) -> RawRow:
    first = lines.record[0]
    if len(lines.record) == 1 and (isinstance(error, _LineTooLong) or len(first) > MAX_CELL_CHARS):
        fault = Unusable(
            f"单元格或整行过长（单元格上限 {MAX_CELL_CHARS} 字符）",
            f"the cell or the line is too long (a cell has at most {MAX_CELL_CHARS} characters)",
        )
    else:
        fault = Unusable(
            "双引号不成对，或引号后还有文字；请检查这一行的引号",
            "a double quote has no partner or text follows it; check the quotes in this line",
        )
    # A quote that never closes runs into the rows after it; those are sound and are read for themselves.
    lines.give_back_all_but_first()
    return RawRow(number=begins, cells=(_LINE_BREAK.sub("", first[:_SHOWN_OF_BAD_LINE]),), fault=fault)
