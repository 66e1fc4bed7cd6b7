"""One row of a list to an account, or to everything that is wrong with it."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from dialer.accounts.aliases import REQUIRED
from dialer.accounts.cells import Reader, reader_of
from dialer.accounts.fields import DATE_FIELDS, DETAIL_FIELDS, OTHERS_FIELDS, PHONE_FIELDS, Field
from dialer.accounts.headers import Columns, header_unit
from dialer.accounts.imported import ImportedAccount, OtherPhone
from dialer.accounts.phones import parse_number, split_numbers
from dialer.accounts.reading import RawRow, Spoil
from dialer.accounts.rejected import Rejected, RejectedRow, rejected
from dialer.accounts.values import (
    DESTROYED,
    Unusable,
    half_width,
    is_blank,
    is_destroyed,
    parse_amount,
    parse_date,
    parse_text,
    parse_whole,
    unwrapped,
)
from dialer.accounts.zones import known_zones, zone_text
from dialer.types import Number

V = TypeVar("V")

MAX_CELL_CHARS = 32_767
"""Source: Excel specifications and limits, total number of characters that a cell can contain."""
MAX_PHONES = 10
LENGTHS = {Field.ACCOUNT_NO: 64, Field.DEBTOR_KEY: 64, Field.DEBTOR_NAME: 80}
_USUAL_LENGTH = 60
_REMARK_LENGTH = 2000
_LANGUAGES = {
    "中文": "zh", "汉语": "zh", "普通话": "zh", "国语": "zh", "chinese": "zh", "mandarin": "zh", "zh-cn": "zh",
    "英语": "en", "英文": "en", "english": "en", "粤语": "yue", "广东话": "yue", "cantonese": "yue",
}  # fmt: skip
_LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*")
_SPOILED = {
    Spoil.FORMULA: Unusable(
        "单元格是公式；请复制后“选择性粘贴为数值”", "the cell is a formula; copy the column and paste it as values"
    ),
    Spoil.ERROR: Unusable("单元格是公式错误值", "the cell holds a spreadsheet error"),
    Spoil.DIGITS_LOST: Unusable(
        "数字超过 15 位，Excel 已丢失末尾数字；请设为“文本”格式后重新填写",
        "a number of more than 15 digits, of which Excel has lost the last; format the column as text, enter it again",
    ),
    Spoil.DATE: Unusable(
        "Excel 已把它变成日期；请设为“文本”格式后重新填写",
        "Excel has turned it into a date; format the column as text and enter it again",
    ),
}
_REQUIRED = Unusable("必填，但为空", "required but empty")
_TOO_LONG = Unusable(f"单元格超过 {MAX_CELL_CHARS} 个字符", f"the cell has more than {MAX_CELL_CHARS} characters")
_EXACT_TEXT = frozenset({Field.ACCOUNT_NO, Field.DEBTOR_KEY, Field.ID_NO})


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """What is the same for every row of a file."""

    columns: Columns
    region: str
    ragged: bool
    as_of: date | None
    """The day from which days past due are counted when the file has only the date; None: that date is ignored."""
    units: Mapping[Field, int] = field(default_factory=lambda: MappingProxyType({}))
    """Money field -> power of ten that its header demands."""
    readers: Mapping[Field, Reader] = field(default_factory=lambda: MappingProxyType({}))
    """Detail that the file has a column for -> what reads its cells."""

    @classmethod
    def of(cls, columns: Columns, *, region: str, ragged: bool, as_of: date | None) -> RowRules:
        """The rules for a file with these columns."""
        money = [name for name in (Field.AMOUNT_DUE, Field.PRINCIPAL) if name in columns.index]
        return cls(
            columns=columns,
            region=region,
            ragged=ragged,
            as_of=as_of,
            units={name: header_unit(columns.header_of(name)) for name in money},
            readers=readers_of(columns, DETAIL_FIELDS),
        )


def readers_of(columns: Columns, fields: Collection[Field]) -> Mapping[Field, Reader]:
    """What reads the cells of those of the fields that the file has, in the order of its columns."""
    found = sorted((position, name) for name, position in columns.index.items() if name in fields)
    headers = {name: columns.headers[position] for position, name in found}
    return {name: reader_of(name, header, unit=header_unit(header)) for name, header in headers.items()}


def parse_row(raw: RawRow, rules: RowRules) -> ImportedAccount | RejectedRow:
    """Read one row; every wrong cell is reported, not only the first."""
    if fault := fault_of_shape(raw, rules.columns, ragged=rules.ragged):
        return RejectedRow(row=raw.number, cells=raw.cells, reasons=(rejected(raw.number, "", fault),))
    reader = _RowReader(raw, rules)
    account = reader.account()
    if reader.faults or account is None:
        # A worksheet does not keep empty cells at the end; the file of rejects has to.
        missing = max(0, len(rules.columns.headers) - len(raw.cells))
        return RejectedRow(row=raw.number, cells=raw.cells + ("",) * missing, reasons=tuple(reader.faults))
    return account


def fault_of_shape(raw: RawRow, columns: Columns, *, ragged: bool) -> Unusable | None:
    """Why a row as a whole is no row under this header; None: it is one."""
    if raw.fault is not None:
        return raw.fault
    width, found = len(columns.headers), len(raw.cells)
    # Exactly: in `12,800.00,` without quotes a blank last cell is the only trace of an amount cut in two.
    fits = found <= width if ragged else found in (width, columns.width)
    if fits:
        return None
    return Unusable(
        f"有 {found} 个单元格，表头有 {width} 个；请检查逗号和引号",
        f"the row has {found} cells and the header {width}; check its commas and quotes",
    )


class _RowReader:
    """The cells of one row by field, and the faults found in them so far."""

    def __init__(self, raw: RawRow, rules: RowRules) -> None:
        self._raw = raw
        self._cells = raw.cells
        self._rules = rules
        self._index = rules.columns.index
        self.faults: list[Rejected] = []

    def account(self) -> ImportedAccount | None:
        """The account; to be used only if there were no faults."""
        account_no = self._exact_text(Field.ACCOUNT_NO)
        name = self._text(Field.DEBTOR_NAME)
        phones = self._phones()
        amount_due = self._value(Field.AMOUNT_DUE, self._amount_due)
        zone = self._value(Field.TIME_ZONE, parse_zone)
        address = self._shared_text(Field.REGION)
        others, unread = self._others(phones)
        optional = ImportedAccount(
            account_no=account_no,
            client=self._shared_text(Field.CLIENT),
            debtor_name=name,
            debtor_key=self._debtor_key(),
            phones=phones,
            zones=tuple(zone or zone_text(phone, address) for phone in phones),
            others=others,
            others_unread=unread,
            amount_due=amount_due if amount_due is not None else Decimal(0),
            principal=self._value(Field.PRINCIPAL, self._principal),
            days_past_due=self._days_past_due(),
            risk=self._shared_text(Field.RISK),
            region=address,
            product=self._shared_text(Field.PRODUCT),
            language=self._value(Field.LANGUAGE, parse_language) or "zh",
            industry=self._shared_text(Field.INDUSTRY),
            remark=self._value(Field.REMARK, parse_remark) or "",
            priority=self._value(Field.PRIORITY, parse_priority) or 0,
            alias=self._alias(),
            details=tuple(self._details()),
        )
        return None if self.faults else optional

    def _cell(self, name: Field) -> str:
        """The cell's text, or empty when there is none or it is unusable (which is then a fault)."""
        position = self._index.get(name)
        if position is None:
            return ""
        cell = self._cells[position] if position < len(self._cells) else ""
        if cell.isalnum() and len(cell) > 4 and not self._raw.spoils and len(cell) <= MAX_CELL_CHARS:
            return cell
        if self._raw.spoils and (fault := spoiled(self._raw.spoils.get(position), name)):
            return self._refuse(name, fault, cell)
        text = unwrapped(cell)
        if is_blank(text):
            return self._absent(name, cell)
        if len(text) > MAX_CELL_CHARS:
            return self._refuse(name, _TOO_LONG, cell)
        return text

    def _absent(self, name: Field, cell: str) -> str:
        if name in REQUIRED and not (name is Field.PHONE and self._has_other_phone()):
            return self._refuse(name, _REQUIRED, cell)
        return ""

    def _has_other_phone(self) -> bool:
        positions = [self._index.get(name) for name in PHONE_FIELDS[1:]]
        cells = [self._cells[at] for at in positions if at is not None and at < len(self._cells)]
        return any(split_numbers(unwrapped(cell)) for cell in cells)

    def _refuse(self, name: Field, fault: Unusable, cell: str) -> str:
        header = self._rules.columns.header_of(name)
        self.faults.append(rejected(self._raw.number, header, fault, cell, name))
        return ""

    def _value(self, name: Field, parse: Callable[[str], V | Unusable]) -> V | None:
        if not (text := self._cell(name)):
            return None
        parsed = parse(text)
        if isinstance(parsed, Unusable):
            self._refuse(name, parsed, text)
            return None
        return parsed

    def _text(self, name: Field) -> str:
        if name not in self._index:
            return ""
        limit = LENGTHS.get(name, _USUAL_LENGTH)
        text = self._value(name, lambda cell: parse_text(cell, at_most=limit))
        if not text and name in REQUIRED and not self.faults:
            self._refuse(name, _REQUIRED, "")
        return text or ""

    def _shared_text(self, name: Field) -> str:
        """A text that many rows have in common, read and kept once."""
        return (self._value(name, common_text) if name in self._index else None) or ""

    def _exact_text(self, name: Field) -> str:
        """A text of which every digit counts, in half width."""
        text = half_width(self._text(name))
        if is_destroyed(text):
            return self._refuse(name, DESTROYED, text)
        return text

    def _debtor_key(self) -> str:
        key, id_no = self._exact_text(Field.DEBTOR_KEY), self._exact_text(Field.ID_NO)
        return key or (id_digest(id_no) if id_no else "")

    def _alias(self) -> str:
        """The ID number as a second name of a debtor who has a key as well."""
        if self.faults or Field.ID_NO not in self._index or not self._cell(Field.DEBTOR_KEY):
            return ""
        id_no = half_width(self._cell(Field.ID_NO))
        return f"key:{id_digest(id_no)}" if id_no else ""

    def _details(self) -> Iterator[tuple[str, str]]:
        for name, read in self._rules.readers.items():
            if value := self._value(name, read):
                yield name.value, value

    def _amount_due(self, text: str) -> Decimal | Unusable:
        amount = parse_amount(text, unit=self._rules.units[Field.AMOUNT_DUE])
        if amount == 0:
            return Unusable("欠款为零，无需催收", "nothing is due, so nobody needs to be called")
        return amount

    def _principal(self, text: str) -> Decimal | Unusable:
        return parse_amount(text, unit=self._rules.units[Field.PRINCIPAL])

    def _days_past_due(self) -> int:
        days = self._value(Field.DAYS_PAST_DUE, lambda text: parse_whole(text, at_least=0, at_most=36_500))
        if days is not None or self._rules.as_of is None:
            return days or 0
        return self._value(Field.OVERDUE_SINCE, self._days_since) or 0

    def _days_since(self, text: str) -> int | Unusable:
        since = parse_date(text)
        if isinstance(since, Unusable) or self._rules.as_of is None:
            return since if isinstance(since, Unusable) else 0
        if since > self._rules.as_of:
            return Unusable("日期在将来", "the date lies in the future")
        return (self._rules.as_of - since).days

    def _phones(self) -> tuple[Number, ...]:
        numbers: dict[Number, None] = {}
        for name in PHONE_FIELDS:
            for written in split_numbers(self._cell(name)):
                number = parse_number(written, self._rules.region)
                if isinstance(number, Unusable):
                    self._refuse(name, number, written)
                else:
                    numbers[number] = None
        if not self.faults and not numbers:
            self._refuse(Field.PHONE, Unusable("没有可拨打的号码", "no number to dial"), self._cell(Field.PHONE))
        if len(numbers) > MAX_PHONES:
            fault = Unusable(f"号码超过 {MAX_PHONES} 个", f"more than {MAX_PHONES} numbers")
            self._refuse(Field.PHONE, fault, "")
        return tuple(numbers)

    def _others(self, own: tuple[Number, ...]) -> tuple[tuple[OtherPhone, ...], int]:
        """Guarantors' and contacts' numbers, and how many cannot be read: no row is rejected for one.

        Where those people live nobody has said, so their numbers tell the zone.
        """
        found: dict[Number, OtherPhone] = {}
        unread = 0
        for name, role in OTHERS_FIELDS.items():
            for written in split_numbers(unwrapped(self._raw_cell(name))):
                number = parse_number(written, self._rules.region)
                if isinstance(number, Unusable):
                    unread += 1
                elif number not in own and len(found) < MAX_PHONES:
                    found.setdefault(number, OtherPhone(number=number, zone=zone_text(number), role=role))
        return tuple(found.values()), unread

    def _raw_cell(self, name: Field) -> str:
        position = self._index.get(name)
        if position is None or position >= len(self._cells) or position in self._raw.spoils:
            return ""
        cell = self._cells[position]
        return "" if is_blank(unwrapped(cell)) or len(cell) > MAX_CELL_CHARS else cell


def spoiled(spoil: Spoil | None, name: Field) -> Unusable | None:
    """What a worksheet did to a cell that makes it unusable for a field; None: nothing."""
    match spoil:
        case None:
            return None
        case Spoil.DATE if name in DATE_FIELDS or name is Field.REMARK:
            return None
        case Spoil.DIGITS_LOST if name not in _EXACT_TEXT and name not in PHONE_FIELDS:
            return None
        case _:
            return _SPOILED[spoil]


@lru_cache(maxsize=4096)
def common_text(text: str) -> str | Unusable:
    """A text that many rows have in common."""
    return parse_text(text, at_most=_USUAL_LENGTH)


def parse_remark(text: str) -> str | Unusable:
    """A remark, on one line."""
    return parse_text(text, at_most=_REMARK_LENGTH, several_lines=True)


def id_digest(id_no: str) -> str:
    """A pseudonym of an ID number, so that the number itself is not stored.

    It keeps the number out of sight and is no protection against somebody who tries all numbers.
    """
    return "id-" + hashlib.blake2b(id_no.upper().encode(), digest_size=16, person=b"dialer debtor").hexdigest()


def parse_language(text: str) -> str | Unusable:
    """A language as a tag."""
    folded = half_width(text).casefold().replace("_", "-")
    tag = _LANGUAGES.get(folded, folded)
    if _LANGUAGE_TAG.fullmatch(tag):
        return sys.intern(tag)
    return Unusable("不认识的语言；请写 zh、en 或 普通话", "not a language; write zh, en or another ISO 639 code")


def parse_zone(text: str) -> str | Unusable:
    """IANA zones, comma between candidates."""
    names = [name.strip() for name in text.replace("，", ",").split(",")]
    if known_zones().issuperset(names):
        return ",".join(names)
    return Unusable("不认识的时区；请写 Asia/Shanghai 这样的名称", "not a time zone; write it like Asia/Shanghai")


def parse_priority(text: str) -> int | Unusable:
    """A priority."""
    return parse_whole(text, at_least=-1000, at_most=1000)
