"""A file of debtors to checked accounts and rejected rows. Nothing is stored here.

The whole file is read before anything is handed over: a file whose end cannot be read is an error and brings in
nothing, and the caller stores the accounts of a good one in one transaction.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Self

from dialer.accounts.columnwise import ColumnReader
from dialer.accounts.fields import PHONE_FIELDS, Field, Kind
from dialer.accounts.headers import Columns, find_columns, missing_columns_message
from dialer.accounts.imported import AccountRow, row_of
from dialer.accounts.reading import RawRow, RowSource, open_csv
from dialer.accounts.rejected import RejectedRow, rejected, write_rejects
from dialer.accounts.rows import RowRules, parse_row
from dialer.accounts.seen import SeenKeys
from dialer.accounts.spool import AccountSpool, Spool, without_collector
from dialer.accounts.values import Unusable
from dialer.accounts.workbook import open_xlsx
from dialer.errors import IntakeError

_HEADER_WITHIN_ROWS = 10
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something about the file that a person should know and that stops nothing."""

    text_zh: str
    text_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePreview:
    """What is known of a file that was read: how it was understood, and which rows cannot be taken."""

    source: Path
    kind: str
    """Such as `CSV, GB18030, comma`, for people."""
    encoding: str
    """Empty for XLSX."""
    rejected: Spool[RejectedRow]
    columns: Columns
    warnings: tuple[Notice, ...]

    @property
    def mapped(self) -> Mapping[Field, str]:
        """Field -> header as the file spells it."""
        return {field: self.columns.headers[position] for field, position in self.columns.index.items()}

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        """Headers that are not imported."""
        return self.columns.unknown

    def write_rejects(self, path: Path) -> int:
        """Write the rejected rows to a CSV file to be mended; returns how many there are.

        Raises:
            IntakeError: the file cannot be written, or is the list itself.
        """
        if path.exists() and path.samefile(self.source):
            raise IntakeError(f"{path}: this is the list itself 这是原名单. Choose another file 请换一个文件名.")
        try:
            return write_rejects(path, self.columns.headers, self.rejected)
        except OSError as error:
            raise IntakeError(f"{path}: cannot be written 无法写入: {error.strerror or error}.") from error

    def close(self) -> None:
        """Free memory and disk space."""
        self.rejected.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPreview(FilePreview):
    """What a list would bring in. Close it, or use it in a `with`, to free the disk space of a large one."""

    accounts: AccountSpool

    @property
    def rows_read(self) -> int:
        """Rows that were not blank, the header not counted."""
        return len(self.accounts) + len(self.rejected)

    def close(self) -> None:
        """Free memory and disk space."""
        self.accounts.close()
        self.rejected.close()


def read_accounts(
    path: Path,
    *,
    region: str = "CN",
    mapping: Mapping[Field, str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    as_of: date | None = None,
    learned: Mapping[str, Field] | None = None,
) -> ImportPreview:
    """Read and check a whole CSV or XLSX file.

    Args:
        path: the file; its content, not its name, tells CSV from XLSX.
        region: country of numbers without a country code (ISO 3166).
        mapping: field -> header, where the usual headers do not fit (`headers.parse_mapping` reads `--map`).
        encoding: insist on this encoding (CSV); None: detect.
        sheet: the worksheet (XLSX); None: the first visible one.
        as_of: the day to count days past due from when the file has only `overdue_since`.
        learned: normalised header -> field, from `--map`s of earlier imports.

    Returns:
        All accounts and all rejected rows, in the order of the file.

    Raises:
        IntakeError: the file cannot be read to its end, or required columns are missing.
    """
    source = open_rows(path, encoding, sheet)
    with closing(source):
        above, columns, rows = find_header(path, source, Kind.ACCOUNTS, mapping, learned)
        rules = RowRules.of(columns, region=region, ragged=source.ragged, as_of=as_of)
        run = _Run(rules)
        filled = (raw for raw in rows if not raw.blank)
        # What reads a workbook is somebody else's, and may leave cycles.
        with without_collector() if source.encoding else nullcontext():
            while some := list(islice(filled, _ROWS_AT_ONCE)):
                run.take(some)
    return ImportPreview(
        source=path,
        kind=source.kind,
        encoding=source.encoding,
        accounts=run.accounts,
        rejected=run.rejected,
        columns=columns,
        warnings=(*file_notices(source, columns, above), *_date_notices(columns, as_of), *run.notices()),
    )


def open_rows(path: Path, encoding: str | None, sheet: str | None) -> RowSource:
    """The rows of a CSV, text or XLSX file, told apart by its content.

    Raises:
        IntakeError: there is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise IntakeError(f"{path}: no such file 没有这个文件. Check the path 请检查路径.")
    try:
        if zipfile.is_zipfile(path):
            return open_xlsx(path, sheet=sheet)
        return open_csv(path, encoding=encoding)
    except OSError as error:
        raise IntakeError(f"{path}: cannot be read 无法读取: {error.strerror or error}.") from error


def find_header(
    path: Path,
    source: RowSource,
    kind: Kind,
    mapping: Mapping[Field, str] | None = None,
    learned: Mapping[str, Field] | None = None,
) -> tuple[list[RawRow], Columns, Iterator[RawRow]]:
    """The rows above the header (titles), the columns, and the rows below.

    The header is the first of the first rows that has all required columns; else the best of them is reported.
    """
    first: list[RawRow] = []
    for raw in source.rows:
        if not raw.blank:
            first.append(raw)
        if len(first) == _HEADER_WITHIN_ROWS:
            break
    if not first:
        raise IntakeError(f"{path}: the file has no rows 文件没有内容. Choose another file 请换一个文件.")
    alone = [find_columns(raw.cells, kind=kind, learned=learned) for raw in first]
    known = [len(columns.index) for columns in alone]
    complete = [at for at, columns in enumerate(alone) if not columns.missing]
    mapped = [at for at, raw in enumerate(first) if mapping and set(mapping.values()) <= set(raw.cells)]
    at = (complete or mapped or [known.index(max(known))])[0]
    columns = find_columns(first[at].cells, mapping, kind=kind, learned=learned)
    if columns.missing:
        raise IntakeError(missing_columns_message(columns, f"{path}, row 第 {first[at].number} 行"))
    return first[:at], columns, chain(first[at + 1 :], source.rows)


class _Run:
    """The state of one reading: which accounts were seen, and what came of each row."""

    def __init__(self, rules: RowRules) -> None:
        self._rules = rules
        self._columns = ColumnReader(rules)
        self._seen = SeenKeys()
        self._without_zone = 0
        self._others_unread = 0
        self.accounts = AccountSpool()
        self.rejected: Spool[RejectedRow] = Spool()

    def take(self, raws: Sequence[RawRow]) -> None:
        """Sort some rows in, in their order."""
        found = [
            (raw, row if row is not None else _slowly(raw, self._rules))
            for raw, row in zip(raws, self._columns.read(raws), strict=True)
        ]
        good = [(raw, row) for raw, row in found if not isinstance(row, RejectedRow)]
        keys = [(row.client, row.account_no) for _, row in good]
        first_rows = iter(self._seen.first_rows(keys, [raw.number for raw, _ in good]))
        kept: list[AccountRow] = []
        for raw, row in found:
            if isinstance(row, RejectedRow):
                self.rejected.append(row)
            elif (first := next(first_rows)) != raw.number:
                self.rejected.append(self._duplicate(raw, row.account_no, first))
            else:
                kept.append(row)
        self._without_zone += sum("" in row.zones for row in kept)
        self._others_unread += sum(row.others_unread for row in kept)
        self.accounts.extend(kept)

    def _duplicate(self, raw: RawRow, account_no: str, first: int) -> RejectedRow:
        fault = Unusable(
            f"账户重复：第 {first} 行已有同一账户，以先出现的为准",
            f"the account is already in row {first}; the first one counts",
        )
        header = self._rules.columns.header_of(Field.ACCOUNT_NO)
        reason = rejected(raw.number, header, fault, account_no, Field.ACCOUNT_NO)
        return RejectedRow(row=raw.number, cells=raw.cells, reasons=(reason,))

    def notices(self) -> Iterator[Notice]:
        """What only the rows could tell."""
        if count := self._without_zone:
            yield Notice(
                text_zh=f"{count} 个账户有号码无法判断时区，这些号码不会被拨打；可加一列“时区”",
                text_en=f"{count} accounts have a number whose time zone cannot be told, which will not be dialled; "
                "add a column time_zone",
            )
        if count := self._others_unread:
            yield Notice(
                text_zh=f"{count} 个担保人或联系人号码无法识别，未导入",
                text_en=f"{count} numbers of guarantors or contacts could not be read and were left out",
            )


def _slowly(raw: RawRow, rules: RowRules) -> AccountRow | RejectedRow:
    found = parse_row(raw, rules)
    return found if isinstance(found, RejectedRow) else row_of(found)


def file_notices(source: RowSource, columns: Columns, above: Sequence[RawRow]) -> Iterator[Notice]:
    """What a person should know of how a file was understood."""
    for zh, en in source.notes:
        yield Notice(text_zh=zh, text_en=en)
    if above:
        rows = ", ".join(str(raw.number) for raw in above)
        yield Notice(text_zh=f"表头之上的行已跳过：{rows}", text_en=f"rows above the header were skipped: {rows}")
    if columns.other_people:
        names = ", ".join(columns.other_people)
        yield Notice(
            text_zh=f"他人的电话不会拨打：{names}（确属债务人本人时可用 --map phone2=表头）",
            text_en=f"numbers of other people are not dialled: {names} (if they are the debtor's: --map phone2=HEADER)",
        )
    for spare, used, field in columns.shadowed:
        hint = f"; --map phone2={spare}" if field in PHONE_FIELDS else ""
        yield Notice(
            text_zh=f"“{used}”和“{spare}”都可作 {field}，只用前者{hint}",
            text_en=f"both `{used}` and `{spare}` can be {field}; only the former is used{hint}",
        )
    for header, field in columns.learned:
        yield Notice(
            text_zh=f"“{header}”按以前的 --map 读作 {field}",
            text_en=f"`{header}` is read as {field}, as an earlier --map said",
        )


def _date_notices(columns: Columns, as_of: date | None) -> Iterator[Notice]:
    if as_of is None and Field.OVERDUE_SINCE in columns.index and Field.DAYS_PAST_DUE not in columns.index:
        yield Notice(
            text_zh="没有基准日，逾期开始日期未使用", text_en="overdue_since is not used without a date to count to"
        )
