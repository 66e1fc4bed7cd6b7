"""Files that tell more of debtors than a list does: applications, repayments, scores, contacts. Nothing is stored here.

A row is its fields with their text in one form (`cells`), its numbers, and its cells as they were, so that a row which
the store cannot place is written to the same file to be mended as one that cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from dialer.accounts.cells import reader_of
from dialer.accounts.fields import MONEY_FIELDS, OTHERS_FIELDS, PHONE_FIELDS, Field, Kind
from dialer.accounts.headers import Columns, header_unit
from dialer.accounts.imported import OtherPhone
from dialer.accounts.importing import FilePreview, file_notices, find_header, open_rows
from dialer.accounts.phones import parse_number, split_numbers
from dialer.accounts.reading import RawRow
from dialer.accounts.rejected import Rejected, RejectedRow, rejected
from dialer.accounts.rows import common_text, fault_of_shape, id_digest, parse_language, parse_zone, spoiled
from dialer.accounts.spool import Spool
from dialer.accounts.values import (
    DESTROYED,
    Unusable,
    half_width,
    is_blank,
    is_destroyed,
    parse_text,
    unwrapped,
)
from dialer.accounts.zones import zone_text
from dialer.types import ContactRole

_EXACT = frozenset({Field.ACCOUNT_NO, Field.DEBTOR_KEY, Field.TXN_ID})
_NUMBERS = frozenset({*PHONE_FIELDS, *OTHERS_FIELDS})
_SHARED = frozenset({Field.CLIENT, Field.REGION, Field.PRODUCT, Field.INDUSTRY, Field.RISK})
_KEY_CHARS = 64
_NAME_CHARS = 80
_NO_MOMENT = Unusable("有实还金额，但没有还款时间", "a payment without the day on which it was made")
_NO_NUMBER = Unusable("有应还款时间，但没有期数", "an instalment without its number")
_NO_SUM = Unusable("有期数，但没有应还金额", "an instalment without what is due")
_OWN_WORDS = frozenset({"本人", "自己", "self", "debtor", "borrower", "本人手机", "own"})
_GUARANTOR_WORDS = frozenset({"担保人", "保证人", "guarantor", "共同借款人", "co-borrower"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One row of such a file."""

    row: int
    """Line of a CSV file or row of a worksheet, from 1."""
    cells: tuple[str, ...] = field(repr=False)
    values: Mapping[Field, str]
    """What the row tells; blank cells are left out. An ID number is its digest."""
    phones: tuple[OtherPhone, ...] = ()
    """Every number of the row once, the debtor's own first."""

    def get(self, name: Field) -> str:
        """A field's text; empty: the row does not tell it."""
        return self.values.get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePreview(FilePreview):
    """What such a file would bring in. Close it, or use it in a `with`."""

    of: Kind
    rows: Spool[SourceRow]

    @property
    def rows_read(self) -> int:
        """Rows that were not blank, the header not counted."""
        return len(self.rows) + len(self.rejected)

    def refuse(self, row: SourceRow, reason: Unusable) -> None:
        """Add a row that was read and cannot be placed to those to be mended."""
        reasons = (rejected(row.row, _first_header(self.columns), reason, row.get(Field.ACCOUNT_NO), Field.ACCOUNT_NO),)
        self.rejected.append(RejectedRow(row=row.row, cells=row.cells, reasons=reasons))

    def close(self) -> None:
        """Free memory and disk space."""
        self.rows.close()
        self.rejected.close()


def _first_header(columns: Columns) -> str:
    found = [name for name in (Field.ACCOUNT_NO, Field.DEBTOR_KEY, Field.ID_NO) if name in columns.index]
    return columns.header_of(found[0]) if found else ""


def read_source(
    path: Path,
    kind: Kind,
    *,
    region: str = "CN",
    mapping: Mapping[Field, str] | None = None,
    learned: Mapping[str, Field] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> SourcePreview:
    """Read and check a whole file.

    Args:
        path: the file; its content tells CSV from XLSX.
        kind: what it tells of; not `accounts`, which `importing.read_accounts` reads.
        region: country of numbers without a country code (ISO 3166).
        mapping: field -> header, from `--map`.
        learned: normalised header -> field, from `--map`s of earlier imports.
        encoding: insist on this encoding (CSV); None: detect.
        sheet: the worksheet (XLSX); None: the first visible one.

    Raises:
        IntakeError: the file cannot be read to its end, or required columns are missing.
    """
    source = open_rows(path, encoding, sheet)
    rows: Spool[SourceRow] = Spool()
    refused: Spool[RejectedRow] = Spool()
    with closing(source):
        above, columns, raws = find_header(path, source, kind, mapping, learned)
        reader = SourceReader(columns, region=region, ragged=source.ragged)
        for raw in raws:
            if raw.blank:
                continue
            found = reader.read(raw)
            if isinstance(found, SourceRow):
                rows.append(found)
            else:
                refused.append(found)
    return SourcePreview(
        source=path,
        kind=source.kind,
        encoding=source.encoding,
        rejected=refused,
        columns=columns,
        warnings=tuple(file_notices(source, columns, above)),
        of=kind,
        rows=rows,
    )


class SourceReader:
    """Reads the rows of one file."""

    def __init__(self, columns: Columns, *, region: str, ragged: bool) -> None:
        self._columns = columns
        self._region = region
        self._ragged = ragged
        self._readers = dict(self._all_readers())

    def _all_readers(self) -> Iterator[tuple[Field, Callable[[str], str | Unusable]]]:
        for name in self._columns.index:
            if name not in _NUMBERS:
                yield name, _reader(name, self._columns.header_of(name))

    def read(self, raw: RawRow) -> SourceRow | RejectedRow:
        """One row, or everything that is wrong with it."""
        if fault := fault_of_shape(raw, self._columns, ragged=self._ragged):
            return RejectedRow(row=raw.number, cells=raw.cells, reasons=(rejected(raw.number, "", fault),))
        faults: list[Rejected] = []
        values = {name: value for name in self._readers if (value := self._value(raw, name, faults))}
        phones = tuple(self._phones(raw, values, faults))
        if not faults:
            faults += self._missing(raw, values, phones)
        if faults:
            blanks = max(0, len(self._columns.headers) - len(raw.cells))
            return RejectedRow(row=raw.number, cells=raw.cells + ("",) * blanks, reasons=tuple(faults))
        return SourceRow(row=raw.number, cells=raw.cells, values=values, phones=phones)

    def _text(self, raw: RawRow, name: Field, faults: list[Rejected]) -> str:
        position = self._columns.index[name]
        cell = raw.cells[position] if position < len(raw.cells) else ""
        text = unwrapped(cell)
        if is_blank(text):
            return ""
        if raw.spoils and (fault := spoiled(raw.spoils.get(position), name)):
            faults.append(self._fault(raw, name, fault, cell))
            return ""
        return text

    def _value(self, raw: RawRow, name: Field, faults: list[Rejected]) -> str:
        if not (text := self._text(raw, name, faults)):
            return ""
        value = self._readers[name](text)
        if isinstance(value, Unusable):
            faults.append(self._fault(raw, name, value, text))
            return ""
        return value

    def _fault(self, raw: RawRow, name: Field, fault: Unusable, cell: str) -> Rejected:
        return rejected(raw.number, self._columns.header_of(name), fault, cell, name)

    def _phones(self, raw: RawRow, values: Mapping[Field, str], faults: list[Rejected]) -> Iterator[OtherPhone]:
        seen: set[str] = set()
        own_role = self._role_of(values) or ContactRole.DEBTOR
        for name in (*PHONE_FIELDS, *OTHERS_FIELDS):
            if name not in self._columns.index:
                continue
            role = OTHERS_FIELDS.get(name, own_role)
            if name is Field.CONTACT_PHONE:
                role = self._role_of(values) or role
            for written in split_numbers(self._text(raw, name, faults)):
                number = parse_number(written, self._region)
                if isinstance(number, Unusable):
                    faults.append(self._fault(raw, name, number, written))
                elif number not in seen:
                    seen.add(number)
                    address = values.get(Field.REGION, "") if role is ContactRole.DEBTOR else ""
                    zone = values.get(Field.TIME_ZONE, "") or zone_text(number, address)
                    yield OtherPhone(number=number, zone=zone, role=role)

    def _role_of(self, values: Mapping[Field, str]) -> ContactRole | None:
        """Whose number a row's relation says it is; None: it says nothing."""
        if self._columns.kind is not Kind.CONTACTS or not (relation := values.get(Field.RELATION, "")):
            return None
        word = relation.casefold()
        if word in _OWN_WORDS:
            return ContactRole.DEBTOR
        return ContactRole.GUARANTOR if word in _GUARANTOR_WORDS else ContactRole.CONTACT

    def _missing(self, raw: RawRow, values: Mapping[Field, str], phones: tuple[OtherPhone, ...]) -> Iterator[Rejected]:
        told = {*values, *(_NUMBERS if phones else ())}
        for group in self._columns.schema.required:
            if not told & set(group):
                name = next((one for one in group if one in self._columns.index), group[0])
                header = self._columns.header_of(name) if name in self._columns.index else ""
                yield rejected(raw.number, header, _required(self._columns, group))
        if self._columns.kind is Kind.REPAYMENTS:
            yield from self._odd_repayment(raw, values)

    def _odd_repayment(self, raw: RawRow, values: Mapping[Field, str]) -> Iterator[Rejected]:
        paid = values.get(Field.PAID_AMOUNT, "0.00") != "0.00"
        if paid and Field.PAID_AT not in values:
            yield rejected(raw.number, self._columns.header_of(Field.PAID_AMOUNT), _NO_MOMENT)
        if Field.DUE_ON in values and Field.INSTALMENT_NO not in values:
            yield rejected(raw.number, self._columns.header_of(Field.DUE_ON), _NO_NUMBER)
        if Field.DUE_ON in values and not values.keys() & {Field.DUE_AMOUNT, Field.DUE_PRINCIPAL, Field.DUE_INTEREST}:
            yield rejected(raw.number, self._columns.header_of(Field.DUE_ON), _NO_SUM)


def _required(columns: Columns, group: tuple[Field, ...]) -> Unusable:
    names = [columns.header_of(name) for name in group if name in columns.index]
    if len(names) == 1:
        return Unusable("必填，但为空", "required but empty")
    listed = ", ".join(names)
    return Unusable(f"{listed} 中至少填一项", f"fill in at least one of {listed}")


def _reader(name: Field, header: str) -> Callable[[str], str | Unusable]:
    if name in _EXACT:
        return _exact
    if name is Field.ID_NO:
        return _id_digest
    if name in (Field.DEBTOR_NAME, Field.CONTACT_NAME):
        return lambda text: parse_text(text, at_most=_NAME_CHARS)
    if name in _SHARED:
        return common_text
    if name is Field.LANGUAGE:
        return parse_language
    if name is Field.TIME_ZONE:
        return parse_zone
    return reader_of(name, header, unit=header_unit(header) if name in MONEY_FIELDS else 0)


def _exact(text: str) -> str | Unusable:
    found = parse_text(text, at_most=_KEY_CHARS)
    if isinstance(found, Unusable):
        return found
    narrow = half_width(found)
    return DESTROYED if is_destroyed(narrow) else narrow


def _id_digest(text: str) -> str | Unusable:
    found = _exact(text)
    return found if isinstance(found, Unusable) else id_digest(found)
