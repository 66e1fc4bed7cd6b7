"""Rows that cannot be imported: why, in both languages, and a file in which to mend them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dialer.accounts.fields import MONEY_FIELDS, Field
from dialer.accounts.headers import REJECT_COLUMNS
from dialer.accounts.values import Unusable

_SHOWN_CHARS = 24
_PLAIN_FIELDS = MONEY_FIELDS | {
    Field.DAYS_PAST_DUE,
    Field.OVERDUE_SINCE,
    Field.PRIORITY,
    Field.LANGUAGE,
    Field.TIME_ZONE,
    Field.RISK,
}
# Excel runs a cell that begins so, and drops leading zeros and the digits after the eleventh of a number.
_UNSAFE_IN_EXCEL = re.compile(r"\s*[=+\-@＝＋－＠\t\r]|0[0-9]|[0-9]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """One thing that is wrong with a row."""

    row: int
    """Line of a CSV file or row of a worksheet at which the row begins, from 1."""
    column: str
    """The header, or empty when the row as a whole is wrong."""
    value_shown: str = ""
    """The cell, short and masked."""
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that is not imported, as it was, with everything that is wrong with it."""

    row: int
    cells: tuple[str, ...] = field(repr=False)
    reasons: tuple[Rejected, ...]


def rejected(row: int, column: str, reason: Unusable, cell: str = "", of: Field | None = None) -> Rejected:
    """Put a reason together with the place and the masked cell."""
    return Rejected(
        row=row,
        column=column,
        value_shown=masked(cell, of),
        reason_zh=reason.reason_zh,
        reason_en=reason.reason_en,
    )


def masked(cell: str, of: Field | None) -> str:
    """A cell for the screen: short, printable, and of names and numbers only the edges."""
    printable = "".join(char if char.isprintable() else "?" for char in cell[: 4 * _SHOWN_CHARS].strip())
    if of in _PLAIN_FIELDS or not printable or "e+" in printable.lower():
        return printable if len(printable) <= _SHOWN_CHARS else printable[: _SHOWN_CHARS - 1] + "…"
    if of is Field.DEBTOR_NAME or len(printable) <= 5:
        return printable[0] + "*" * min(len(printable) - 1, 3)
    return f"{printable[:3]}****{printable[-2:]}"


def write_rejects(path: Path, headers: Sequence[str], rows: Iterable[RejectedRow]) -> int:
    """Write the rejected rows to a CSV file that Excel opens, to be mended and imported by itself.

    The reasons come first and the original cells after them, as many as there were, so that the importer takes
    the mended file as it is and a row with a cell too many is still one when nobody has mended it. Cells that
    Excel would run or round get an apostrophe in front, which the importer takes off again.

    Args:
        path: the file to write; replaced when it exists.
        headers: the header row of the original file.
        rows: what was rejected.

    Returns:
        How many rows were written.
    """
    ours = frozenset(position for position, header in enumerate(headers) if header in REJECT_COLUMNS)
    written = 0
    with path.open("w", encoding="utf-8-sig", newline="", errors="replace") as file:
        writer = csv.writer(file)
        writer.writerow([*REJECT_COLUMNS, *_original(headers, ours)])
        for row in rows:
            writer.writerow([*_explanation(row), *_original(row.cells, ours)])
            written += 1
    return written


def _original(cells: Sequence[str], ours: frozenset[int]) -> list[str]:
    return [_disarmed(cell) for position, cell in enumerate(cells) if position not in ours]


def _disarmed(cell: str) -> str:
    return "'" + cell if _UNSAFE_IN_EXCEL.match(cell) else cell


def _explanation(row: RejectedRow) -> tuple[str, str, str, str]:
    return (
        str(row.row),
        "; ".join(dict.fromkeys(_disarmed(reason.column) for reason in row.reasons if reason.column)),
        "；".join(reason.reason_zh for reason in row.reasons),
        "; ".join(reason.reason_en for reason in row.reasons),
    )
