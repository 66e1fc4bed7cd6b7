"""A do-not-call list: a file of numbers and nothing else that is needed. CSV, XLSX, or text with a number a line.

Where the first row names columns of numbers, those are read, other people's too; where it is a number itself there is
no header, and every cell that begins a number is read. A cell that cannot be read is a rejected row, never a guess:
who is on the list for nothing loses a call, who is left off it gets one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from dialer.accounts.fields import OTHERS_FIELDS, PHONE_FIELDS, Field
from dialer.accounts.headers import find_columns
from dialer.accounts.importing import open_rows
from dialer.accounts.phones import parse_number, split_numbers
from dialer.accounts.reading import RawRow
from dialer.accounts.rejected import RejectedRow, rejected
from dialer.accounts.spool import Spool
from dialer.accounts.values import Unusable, is_blank, unwrapped
from dialer.errors import IntakeError
from dialer.types import Number

_NO_NUMBER = Unusable("这一行没有号码", "there is no number in this row")
PROGRESS_ROWS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberList:
    """What a file of numbers holds."""

    source: Path
    kind: str
    headers: tuple[str, ...]
    """Empty: the file has none."""
    numbers: Spool[Number]
    """In the file's order; a number that stands there twice is there twice."""
    rejected: Spool[RejectedRow]


def read_numbers(
    path: Path,
    *,
    region: str = "CN",
    encoding: str | None = None,
    sheet: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> NumberList:
    """Read a whole file of numbers.

    Args:
        path: the file; its content tells CSV and text from XLSX.
        region: country of numbers without a country code (ISO 3166).
        encoding: insist on this encoding (CSV, text); None: detect.
        sheet: the worksheet (XLSX); None: the first visible one.
        progress: is told, every so often, how many rows have been read.

    Raises:
        IntakeError: the file cannot be read, or has no column of numbers.
    """
    source = open_rows(path, encoding, sheet)
    with closing(source):
        rows = (raw for raw in source.rows if not raw.blank)
        first = next(rows, None)
        if first is None:
            raise IntakeError(f"{path}: the file has no rows 文件没有内容. Choose another file 请换一个文件.")
        columns, headers = _columns(path, first, region)
        found: Spool[Number] = Spool()
        refused: Spool[RejectedRow] = Spool()
        for count, raw in enumerate(rows if headers else chain([first], rows), start=1):
            _take(raw, columns, region, found, refused)
            if count % PROGRESS_ROWS == 0:
                progress(count)
    return NumberList(source=path, kind=source.kind, headers=headers, numbers=found, rejected=refused)


def _columns(path: Path, first: RawRow, region: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Which cells hold numbers, and the header row; none: the first row is already one of numbers."""
    known = find_columns(first.cells)
    named = tuple(known.index[field] for field in (*PHONE_FIELDS, *OTHERS_FIELDS) if field in known.index)
    if named:
        return named, known.headers
    unnamed = tuple(at for at, cell in enumerate(first.cells) if _begins_a_number(cell, region))
    if not unnamed:
        raise IntakeError(
            f"{path}: no column of numbers 没有号码列. Name it `phone` or 手机号, or begin with a number."
        )
    return unnamed, ()


def _begins_a_number(cell: str, region: str) -> bool:
    return any(not isinstance(parse_number(one, region), Unusable) for one in split_numbers(unwrapped(cell)))


def _take(
    raw: RawRow, columns: tuple[int, ...], region: str, found: Spool[Number], refused: Spool[RejectedRow]
) -> None:
    faults = [] if raw.fault is None else [rejected(raw.number, "", raw.fault)]
    numbers: list[Number] = []
    for written in _written(raw, columns) if raw.fault is None else ():
        number = parse_number(written, region)
        if isinstance(number, Unusable):
            faults.append(rejected(raw.number, "", number, written, Field.PHONE))
        else:
            numbers.append(number)
    if not numbers and not faults:
        faults.append(rejected(raw.number, "", _NO_NUMBER))
    for number in numbers:
        found.append(number)
    if faults:
        refused.append(RejectedRow(row=raw.number, cells=raw.cells, reasons=tuple(faults)))


def _written(raw: RawRow, columns: tuple[int, ...]) -> Iterator[str]:
    for at in columns:
        text = unwrapped(raw.cells[at]) if at < len(raw.cells) else ""
        if not is_blank(text):
            yield from split_numbers(text)
