"""What a cell says: money, percentages, dates, whole numbers and short texts, exactly or not at all.

Every parser takes the text of one cell and returns the value or an `Unusable` that tells in both languages
what is wrong and what to do. Nothing is guessed: a value that could be read in two ways is unusable.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

MAX_AMOUNT = Decimal("1000000000000")
"""An amount must stay below this many yuan; more is a column mixed up with another."""
EXCEL_EPOCH = date(1899, 12, 30)
"""Day 0 of Excel's serial dates, in the 1900 system, for days after its false leap day."""

_HALF_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20, 0xFFE5: 0xA5}
_CENT = Decimal("0.01")
_CURRENCY = re.compile(r"^(?:¥|rmb|cny|人民币)|(?:元整|元|圆|块|rmb|cny)$", re.IGNORECASE)
_FOREIGN = re.compile(r"[$€£₩₽₹]|usd|eur|gbp|hkd|jpy|美元|港币|港元|欧元|英镑|日元", re.IGNORECASE)
_MAGNITUDE = {"千": 3, "万": 4, "萬": 4, "亿": 8, "億": 8}
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_SCIENTIFIC = re.compile(r"[+-]?[0-9](?:\.[0-9]+)?e\+?[0-9]{1,3}", re.IGNORECASE)
_DESTROYED = re.compile(r"[0-9](?:\.[0-9]+)?e\+[0-9]{1,3}|[0-9]\.[0-9]+e[0-9]{1,3}", re.IGNORECASE)
_DATE = re.compile(
    r"([0-9]{4})(?:-|/|\.|年)([0-9]{1,2})(?:-|/|\.|月)([0-9]{1,2})日?"
    r"(?:[ t]?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?",
    re.IGNORECASE,
)
_COMPACT_DATE = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_SERIAL = re.compile(r"([0-9]{5})(?:\.[0-9]+)?")
_DAY_FIRST = re.compile(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:[0-9]{2}|[0-9]{4})")
_WHOLE = re.compile(r"([+-]?[0-9]{1,9})(?:\.0+)?")
_WRAPPED = re.compile(r'="([^"]*)"')
_EMPTY = frozenset({"", "-", "--", "—", "/", "\\", "无", "空", "暂无", "n/a", "na", "null", "none", "nan", "#n/a"})
_LONGEST_EMPTY = max(map(len, _EMPTY))


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a cell cannot be used, and what to do."""

    reason_zh: str
    reason_en: str


def unwrapped(cell: str) -> str:
    """A cell without what spreadsheets put around text: an apostrophe in front, or `="..."`."""
    if cell.isalnum():
        return cell
    text = cell.strip().removeprefix("'").strip()
    return match[1] if (match := _WRAPPED.fullmatch(text)) else text


def is_blank(text: str) -> bool:
    """Whether a cell says that there is nothing: empty, a dash, `无`, `N/A`, `NULL`."""
    stripped = text.strip()
    return len(stripped) <= _LONGEST_EMPTY and stripped.casefold() in _EMPTY


def is_destroyed(text: str) -> bool:
    """Whether a spreadsheet has turned a long number into scientific notation, such as 1.39E+10."""
    return _DESTROYED.fullmatch(_narrow(text)) is not None


DESTROYED = Unusable(
    "Excel 已把长号码变成科学计数法，数字已丢失；请把该列设为“文本”格式后重新填写",
    "Excel has turned the number into scientific notation and its digits are lost; "
    "format the column as text and enter it again",
)


def parse_amount(text: str, *, unit: int = 0) -> Decimal | Unusable:
    """Read an amount of money in yuan, exactly.

    Args:
        text: such as `12800`, `¥12,800.00`, `12,800元`, `1.28万`, in full or half width.
        unit: the power of ten that the column's header demands (4 for `(万元)`).

    Returns:
        The amount with two decimal places, zero or more and below `MAX_AMOUNT`.
    """
    narrow = _narrow(text)
    if len(narrow) > 40:
        return Unusable("金额过长", "too long for an amount")
    if _FOREIGN.search(narrow):
        return Unusable("只接受人民币金额", "the amount is in a foreign currency; only yuan are accepted")
    if _SCIENTIFIC.fullmatch(narrow):
        return DESTROYED
    bare = _CURRENCY.sub("", narrow)
    if bare.startswith(("-", "(", "−")):
        return Unusable("金额不能为负", "the amount is negative")
    magnitude = _MAGNITUDE.get(bare[-1:], 0)
    if magnitude and unit:
        return Unusable("表头和单元格都写了单位，无法判断", "both the header and the cell name a unit; keep one")
    digits = bare[:-1] if magnitude else bare
    if not (_PLAIN.fullmatch(digits) or _GROUPED.fullmatch(digits)):
        return Unusable("不是金额；请写成 12800.00", "not an amount; write it like 12800.00")
    # An exponent shift is exact where a multiplication would round to the context's precision.
    return _to_cents(Decimal(digits.replace(",", "")).scaleb(magnitude or unit))


def _to_cents(amount: Decimal) -> Decimal | Unusable:
    if amount >= MAX_AMOUNT:
        return Unusable("金额过大，列可能错位", "the amount is too large; are the columns mixed up?")
    cents = amount.quantize(_CENT)
    if cents != amount:
        return Unusable("金额超过两位小数；请先四舍五入到分", "more than two decimal places; round it to cents")
    return cents


def parse_percent(text: str) -> Decimal | Unusable:
    """Read a rate such as `36%` or `0.36` as a ratio; a bare number above 1 is ambiguous and unusable."""
    narrow = _narrow(text)
    digits = narrow.removesuffix("%")
    if len(digits) > 20 or not _PLAIN.fullmatch(digits):
        return Unusable("不是百分比；请写成 36%", "not a percentage; write it like 36%")
    if narrow.endswith("%"):
        return Decimal(digits).scaleb(-2)
    if Decimal(digits) > 1:
        return Unusable("缺少百分号；请写成 36%", "the percent sign is missing; write it like 36%")
    return Decimal(digits)


def parse_date(text: str) -> date | Unusable:
    """Read a date: `2025-3-14`, `2025/3/14`, `2025年3月14日`, `20250314`, or Excel's serial `45730`."""
    spaced = half_width(text).strip()
    if match := _DATE.fullmatch(spaced) or _COMPACT_DATE.fullmatch(spaced):
        return _calendar_date(int(match[1]), int(match[2]), int(match[3]))
    if match := _SERIAL.fullmatch(spaced):
        serial = EXCEL_EPOCH + timedelta(days=int(match[1]))
        return _calendar_date(serial.year, serial.month, serial.day)
    if _DAY_FIRST.fullmatch(spaced):
        return Unusable(
            "分不清日和月；请写成 2025-03-14", "day and month cannot be told apart; write it like 2025-03-14"
        )
    return Unusable("不是日期；请写成 2025-03-14", "not a date; write it like 2025-03-14")


def _calendar_date(year: int, month: int, day: int) -> date | Unusable:
    try:
        found = date(year, month, day)
    except ValueError:
        return Unusable("日历上没有这一天", "no such day in the calendar")
    if not 1950 <= found.year <= 2100:
        return Unusable("年份不合理", "the year is out of range (1950 to 2100)")
    return found


def parse_whole(text: str, *, at_least: int, at_most: int) -> int | Unusable:
    """Read a whole number such as `35` or `35天`, within bounds."""
    match = _WHOLE.fullmatch(_narrow(text).removesuffix("天").removesuffix("日").replace("−", "-"))
    if match is None:
        return Unusable("不是整数", "not a whole number")
    number = int(match[1])
    if not at_least <= number <= at_most:
        return Unusable(f"应在 {at_least} 到 {at_most} 之间", f"must lie between {at_least} and {at_most}")
    return number


def parse_text(text: str, *, at_most: int, several_lines: bool = False) -> str | Unusable:
    """Read a short text: white space collapsed, invisible marks gone, control characters refused.

    Args:
        text: the cell.
        at_most: how many characters it may have.
        several_lines: line breaks and tabs are collapsed to a space instead of refused, and a leading
            formula sign is disarmed by an apostrophe instead of refused.
    """
    # Letters and digits only: most cells of most files.
    if text.isalnum() and len(text) <= at_most:
        return text
    visible = text if text.isascii() else "".join(c for c in text if unicodedata.category(c) != "Cf")
    # Edge white space is a copying artefact; a line break within the text is not.
    stripped = visible.strip()
    if several_lines:
        stripped = re.sub(r"[\r\n\t\v\f\x85\u2028\u2029]+", " ", stripped)
    if not stripped.isprintable() and (refused := _refuse_control(stripped)):
        return refused
    collapsed = " ".join(stripped.split())
    if len(collapsed) > at_most:
        return Unusable(f"超过 {at_most} 个字符", f"longer than {at_most} characters")
    if collapsed[:1] not in ("=", "+", "-", "@", "＝", "＋", "－", "＠"):
        return collapsed
    if several_lines:
        return "'" + collapsed
    return Unusable(
        "以 = + - @ 开头，可能是公式；请改成普通文字",
        "begins with = + - or @, which a spreadsheet may run as a formula; write plain text",
    )


def _refuse_control(text: str) -> Unusable | None:
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
            code = f"U+{ord(char):04X}"
            return Unusable(f"含有控制字符 {code}；请删除", f"contains the control character {code}; remove it")
    return None


def half_width(text: str) -> str:
    """Full-width letters, digits and signs as ASCII, and nothing else changed.

    Unicode's own compatibility form would also turn `10²` into `102` and `①` into `1`.
    """
    return text if text.isascii() else text.translate(_HALF_WIDTH)


def _narrow(text: str) -> str:
    """Half width, without any white space."""
    return "".join(half_width(text).split())
