"""Which column of a file holds what: Chinese and English headers, normalised, to fields.

Headers are compared without case, width, spaces, punctuation and bracketed remarks, so that `手机号（必填）`,
`手机 号` and `手机号*` are one header. `委案金额(万元)` also tells the unit of its cells.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from dialer.errors import IntakeError
from dialer.types import ContactRole


class Field(StrEnum):
    """What a column can hold. The values are the names that `--map FIELD=HEADER` takes."""

    ACCOUNT_NO = "account_no"
    DEBTOR_NAME = "debtor_name"
    PHONE = "phone"
    PHONE2 = "phone2"
    PHONE3 = "phone3"
    AMOUNT_DUE = "amount_due"
    CLIENT = "client"
    DEBTOR_KEY = "debtor_key"
    ID_NO = "id_no"
    PRINCIPAL = "principal"
    DAYS_PAST_DUE = "days_past_due"
    OVERDUE_SINCE = "overdue_since"
    RISK = "risk"
    REGION = "region"
    PRODUCT = "product"
    LANGUAGE = "language"
    INDUSTRY = "industry"
    REMARK = "remark"
    PRIORITY = "priority"
    TIME_ZONE = "time_zone"
    GUARANTOR_PHONE = "guarantor_phone"
    CONTACT_PHONE = "contact_phone"
    CONTACT_PHONE2 = "contact_phone2"
    CONTACT_PHONE3 = "contact_phone3"


REQUIRED = (Field.ACCOUNT_NO, Field.DEBTOR_NAME, Field.PHONE, Field.AMOUNT_DUE)
PHONE_FIELDS = (Field.PHONE, Field.PHONE2, Field.PHONE3)
OTHERS_FIELDS: Mapping[Field, ContactRole] = {
    Field.GUARANTOR_PHONE: ContactRole.GUARANTOR,
    Field.CONTACT_PHONE: ContactRole.CONTACT,
    Field.CONTACT_PHONE2: ContactRole.CONTACT,
    Field.CONTACT_PHONE3: ContactRole.CONTACT,
}
"""Columns of other people's numbers -> who they are."""
MONEY_FIELDS = frozenset({Field.AMOUNT_DUE, Field.PRINCIPAL})

# The first alias is the usual one. Where a file has columns for two aliases of one field, the earlier wins.
ALIASES: Mapping[Field, tuple[str, ...]] = {
    Field.ACCOUNT_NO: (
        "account_no", "账户编号", "合同号", "合同编号", "借据号", "借据编号", "贷款编号", "contract_no",
        "contract number", "account number", "account", "loan_no", "loan_id", "loan sequence number",
        "账号", "卡号", "case_id", "案件编号", "个案序列号", "机构案件号", "序列号", "id",
    ),
    Field.DEBTOR_NAME: (
        "debtor_name", "姓名", "客户姓名", "案人姓名", "债务人姓名", "债务人", "借款人", "借款人姓名",
        "客户名称", "name", "customer name", "debtor", "borrower", "full name",
    ),
    Field.PHONE: (
        "phone", "本人手机", "手机号码", "手机号", "手机", "本人手机号", "本人手机号码", "联系电话",
        "电话号码", "电话", "mobile", "mobile phone", "mobile number", "phone number", "phone1",
        "telephone", "tel", "cell", "手机号1", "手机1", "电话1",
    ),
    Field.PHONE2: (
        "phone2", "手机号2", "手机2", "电话2", "联系电话2", "备用电话", "备用手机", "备用手机号",
        "本人手机2", "第二电话", "mobile2", "alternative phone", "other phone",
    ),
    Field.PHONE3: ("phone3", "手机号3", "手机3", "电话3", "联系电话3", "本人手机3", "mobile3"),
    Field.AMOUNT_DUE: (
        "amount_due", "委案金额", "逾期金额", "逾期余额", "逾期总额", "应还金额", "欠款金额", "欠款总额",
        "总欠款", "欠款", "overdue_amount", "amount overdue", "overdue", "balance due", "amount", "金额",
    ),
    Field.CLIENT: (
        "client", "委托方", "放款机构", "委托机构", "委托银行", "lender", "originator", "creditor",
    ),
    Field.DEBTOR_KEY: (
        "debtor_key", "客户号", "客户编号", "客户ID", "customer_id", "customer no", "debtor_id",
    ),
    Field.ID_NO: (
        "id_no", "证件号", "证件号码", "身份证号", "身份证号码", "身份证", "id number", "national id",
    ),
    Field.PRINCIPAL: (
        "principal", "贷款金额", "借款金额", "贷款本金", "放款金额", "本金", "loan_amnt", "loan amount",
    ),
    Field.DAYS_PAST_DUE: (
        "days_past_due", "逾期天数", "dpd", "overdue_days", "days overdue", "逾期日数", "拖欠天数",
    ),
    Field.OVERDUE_SINCE: ("overdue_since", "逾期开始日期", "逾期日期", "逾期起始日", "overdue date"),
    Field.RISK: (
        "risk", "风险等级", "风险级别", "risk_grade", "risk level", "grade", "信用等级", "信用评级",
    ),
    Field.REGION: (
        "region", "省份", "省", "地区", "区域", "所在地区", "province", "state", "addr_state",
        "propertystate", "城市", "city",
    ),
    Field.PRODUCT: (
        "product", "产品名称", "产品", "委案产品", "贷款产品", "产品类型", "product name", "purpose",
    ),
    Field.LANGUAGE: ("language", "语言", "沟通语言", "lang"),
    Field.INDUSTRY: ("industry", "行业", "所属行业", "从事行业"),
    Field.REMARK: ("remark", "备注", "remarks", "note", "notes", "comment", "说明"),
    Field.PRIORITY: ("priority", "优先级", "优先度"),
    Field.TIME_ZONE: ("time_zone", "时区", "timezone", "tz"),
    Field.GUARANTOR_PHONE: (
        "guarantor_phone", "担保人电话", "担保人手机", "担保人手机号", "保证人电话", "保证人手机", "guarantor mobile",
    ),
    Field.CONTACT_PHONE: (
        "contact_phone", "联系人电话", "联系人手机", "联系人手机号", "联系人1电话", "联系人1手机", "联系人电话1",
        "紧急联系人电话", "紧急联系人手机", "紧急联系人手机号", "contact phone 1", "contact1 phone",
        "emergency contact phone", "emergency phone",
    ),
    Field.CONTACT_PHONE2: (
        "contact_phone2", "联系人2电话", "联系人2手机", "联系人电话2", "亲属电话", "亲属手机", "配偶电话", "配偶手机",
        "配偶手机号", "contact2 phone", "relative phone",
    ),
    Field.CONTACT_PHONE3: (
        "contact_phone3", "联系人3电话", "联系人3手机", "联系人电话3", "contact3 phone",
    ),
}  # fmt: skip

# Columns that our own file of rejected rows adds; mended files bring them back.
REJECT_COLUMNS = ("拒绝行号 row", "出错列 column", "原因", "reason")

# Numbers at which nobody can say who answers. They are never dialled unless somebody maps the column on purpose.
_OTHERS_PHONE = re.compile(
    r"(联系人|亲属|配偶|父亲|母亲|担保人|家庭|家人|家里|单位|公司|紧急|住宅|contact\d|emergency|relative|home|work"
    r"|office|employer|guarantor).*(电话|手机|号码|phone|mobile|tel)"
)
_BRACKETED = re.compile(r"[(\[【〔<{]([^)\]】〕>}]*)[)\]】〕>}]")
_IGNORED = re.compile(r"[\W_]+")
_UNITS = {"万元": 4, "万": 4, "千元": 3, "千": 3, "亿元": 8, "亿": 8}


def normalise_header(header: str) -> str:
    """The form in which headers are compared."""
    folded = unicodedata.normalize("NFKC", header).casefold()
    bare = _IGNORED.sub("", _BRACKETED.sub("", folded))
    return bare or _IGNORED.sub("", folded)


def header_unit(header: str) -> int:
    """The power of ten by which a bracketed unit such as `(万元)` multiplies the cells of a money column."""
    remarks = _BRACKETED.findall(unicodedata.normalize("NFKC", header))
    units = [_UNITS[word] for remark in remarks if (word := remark.replace("单位:", "").strip()) in _UNITS]
    return units[0] if units else 0


_FIELD_OF = {
    normalise_header(alias): (rank, field) for field, aliases in ALIASES.items() for rank, alias in enumerate(aliases)
}
_OWN = frozenset(normalise_header(column) for column in REJECT_COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where each field is, and what the rest of the header is."""

    headers: tuple[str, ...]
    """As the file spells them, blank ones at the end left out."""
    width: int
    """Cells of the header row, blank ones at the end included."""
    index: Mapping[Field, int]
    """Field -> position, from 0."""
    unknown: tuple[str, ...]
    """Headers that no field takes; their cells are not imported."""
    shadowed: tuple[tuple[str, str, Field], ...]
    """(unused header, used header, field) where two columns could be one field."""
    other_people: tuple[str, ...]
    """Headers of other people's numbers; not dialled."""

    @property
    def missing(self) -> tuple[Field, ...]:
        """Required fields without a column."""
        return tuple(field for field in REQUIRED if field not in self.index)

    def header_of(self, field: Field) -> str:
        """The header as the file spells it."""
        return self.headers[self.index[field]]


def find_columns(headers: Sequence[str], mapping: Mapping[Field, str] | None = None) -> Columns:
    """Find each field's column by aliases; an explicit mapping goes first.

    Args:
        headers: the header row as the file has it.
        mapping: field -> header, from `--map`.

    Raises:
        IntakeError: the mapping names a header that the file lacks.
    """
    width = len(headers)
    headers = _without_blank_end(headers)
    normal = [normalise_header(header) for header in headers]
    index = {field: _position(normal, headers, field, header) for field, header in (mapping or {}).items()}
    mapped = frozenset(index.values())
    found: dict[Field, list[tuple[int, int]]] = {}
    for position, header in enumerate(normal):
        if position not in mapped and header in _FIELD_OF:
            rank, field = _FIELD_OF[header]
            found.setdefault(field, []).append((rank, position))
    shadowed = []
    for field, candidates in found.items():
        ranked = [position for _, position in sorted(candidates)]
        chosen = index.setdefault(field, ranked[0])
        shadowed += [(headers[spare], headers[chosen], field) for spare in ranked if spare != chosen]
    taken = frozenset(index.values())
    rest = [
        (headers[position], header)
        for position, header in enumerate(normal)
        if header and position not in taken and header not in _FIELD_OF and header not in _OWN
    ]
    others = tuple(shown for shown, header in rest if _OTHERS_PHONE.search(header))
    return Columns(
        headers=tuple(headers),
        width=width,
        index=index,
        unknown=tuple(shown for shown, _ in rest if shown not in others),
        shadowed=tuple(shadowed),
        other_people=others,
    )


def _without_blank_end(headers: Sequence[str]) -> Sequence[str]:
    # Trailing delimiters and once-used columns of a sheet leave headers that name nothing.
    width = max((at for at, header in enumerate(headers, start=1) if header.strip()), default=0)
    return headers[:width]


def _position(normal: Sequence[str], headers: Sequence[str], field: Field, wanted: str) -> int:
    # The exact spelling wins, so that `金额` and `金额(元)` can be told apart.
    if wanted in headers:
        return list(headers).index(wanted)
    if (key := normalise_header(wanted)) in normal:
        return normal.index(key)
    raise IntakeError(
        f"--map {field}={wanted}: the file has no such column 文件里没有这一列. It has 现有列: {_listed(headers)}."
    )


def parse_mapping(pairs: Sequence[str]) -> dict[Field, str]:
    """Read `--map` options.

    Args:
        pairs: each `FIELD=HEADER`.

    Raises:
        IntakeError: a pair has no `=`, or names no field, or repeats one.
    """
    mapping: dict[Field, str] = {}
    for pair in pairs:
        name, equals, header = pair.partition("=")
        if not equals or not header.strip() or name.strip() not in set(Field):
            raise IntakeError(
                f"--map {pair}: write FIELD=HEADER 请写成 字段=表头, with FIELD one of {', '.join(Field)}."
            )
        field = Field(name.strip())
        if field in mapping:
            raise IntakeError(f"--map {pair}: {field} is mapped twice 重复映射. Keep one of them.")
        mapping[field] = header.strip()
    return mapping


def missing_columns_message(columns: Columns, where: str) -> str:
    """One message that lists what is missing, what was found, what is accepted, and near misses."""
    lines = [f"{where}: required columns are missing 缺少必需的列."]
    for field in columns.missing:
        lines.append(f"  {field}: accepted headers 可用表头: {', '.join(ALIASES[field])}")
        lines += [f"    {_suggestion(field, near)}" for near in _near_misses(columns.unknown, field)]
    # Of a file without a header the first row is somebody's: then only beginnings are shown.
    lines.append(f"  found 现有列: {_listed(columns.headers, hidden=not columns.index)}")
    lines.append("  Rename the column, or say which it is with --map FIELD=HEADER 改表头，或用 --map 指定.")
    return "\n".join(lines)


_LOOKED_AT = 1000
_SUGGESTED = 5


def _near_misses(unknown: Sequence[str], field: Field) -> list[str]:
    known = [normalise_header(alias) for alias in ALIASES[field]]
    different = list(dict.fromkeys(unknown))[:_LOOKED_AT]
    alike = (one for one in different if difflib.get_close_matches(normalise_header(one), known, 1, cutoff=0.7))
    return list(islice(alike, _SUGGESTED))


def _suggestion(field: Field, header: str) -> str:
    return f"`{_shown(header)}` looks like it 与之相近: --map {field}={_shown(header)}"


def _listed(headers: Sequence[str], *, hidden: bool = False) -> str:
    shown = [_shown(header) for header in headers[:40] if header.strip()]
    if hidden:
        shown = [f"{header[0]}***" for header in shown]
    return (", ".join(shown) or "(nothing 无)") + (" ..." if len(headers) > 40 else "")


def _shown(header: str) -> str:
    printable = "".join(char if char.isprintable() else "?" for char in header.strip())
    return printable if len(printable) <= 40 else printable[:39] + "…"
