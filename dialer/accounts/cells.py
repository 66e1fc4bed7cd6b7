"""What the cells of the fields beyond a list's own say, as text of one form.

Money is `9000.00`, a date `2026-01-31`, a rate of a year `0.1825`, a term in months `12`, a way of repaying
`equal_instalment`. One reader for each field, the same for every kind of file. A cell that can be read in two ways is
unusable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from dialer.accounts.fields import DATE_FIELDS, MONEY_FIELDS, Field
from dialer.accounts.values import (
    Unusable,
    half_width,
    parse_amount,
    parse_date,
    parse_percent,
    parse_text,
    parse_whole,
)
from dialer.loans.terms import MOST_PERIODS, Method

_LONG = frozenset({Field.ADDRESS, Field.OLD_NOTES, Field.REASONS, Field.DELAY_REASON})
_LONG_CHARS = 2000
_USUAL_CHARS = 120
_CENT = Decimal("0.01")
_METHODS: Mapping[str, Method] = {
    **dict.fromkeys(
        ("等额本息", "等额还款", "equal_instalment", "equal installment", "annuity"), Method.EQUAL_INSTALMENT
    ),
    **dict.fromkeys(("等额本金", "equal_principal", "equal principal"), Method.EQUAL_PRINCIPAL),
    **dict.fromkeys(
        ("先息后本", "按月付息到期还本", "按月付息，到期还本", "interest_first", "interest only"), Method.INTEREST_FIRST
    ),
    **dict.fromkeys(
        ("一次性还本付息", "到期还本付息", "到期一次还本付息", "一次性", "lump_sum", "lump sum", "bullet"),
        Method.LUMP_SUM,
    ),
}
_SEXES = {"男": "male", "m": "male", "male": "male", "女": "female", "f": "female", "female": "female"}
_MONTHS = re.compile(r"([0-9]{1,3})(?:期|个月|月|months?|m)?", re.IGNORECASE)
_YEARS = re.compile(r"([0-9]{1,2})(?:年|years?|y)", re.IGNORECASE)
_ORDINAL = re.compile(r"第?([0-9]{1,3})期?(?:/[0-9]{1,3}期?)?")
_SCORE = re.compile(r"-?[0-9]{1,6}(?:\.[0-9]{1,6})?")
_PERCENT_HEADER = re.compile(r"[(\[（【][^)\]）】]*[%％][^)\]）】]*[)\]）】]")

Reader = Callable[[str], str | Unusable]


def reader_of(field: Field, header: str, *, unit: int = 0) -> Reader:
    """What reads the cells of one column.

    Args:
        field: what the column holds.
        header: as the file spells it; `利率(%)` says that its cells are per cent.
        unit: the power of ten that a money column's header demands.
    """
    if field in MONEY_FIELDS:
        twelfth = field is Field.INCOME_YEARLY
        return lambda text: _money(text, unit, twelfth=twelfth)
    if field in DATE_FIELDS:
        return _date
    if field in (Field.RATE, Field.PENALTY_RATE):
        in_percent = _PERCENT_HEADER.search(header) is not None
        return lambda text: _rate(text, in_percent=in_percent)
    return _READERS.get(field) or (_long_text if field in _LONG else _text)


def _money(text: str, unit: int, *, twelfth: bool) -> str | Unusable:
    amount = parse_amount(text, unit=unit)
    if isinstance(amount, Unusable):
        return amount
    return str((amount / 12).quantize(_CENT, ROUND_HALF_UP) if twelfth else amount)


@lru_cache(maxsize=16_384)
def _date(text: str) -> str | Unusable:
    found = parse_date(text)
    return found if isinstance(found, Unusable) else found.isoformat()


@lru_cache(maxsize=4096)
def _rate(text: str, *, in_percent: bool) -> str | Unusable:
    bare = half_width(text).strip()
    found = parse_percent(f"{bare}%" if in_percent and not bare.endswith("%") else bare)
    if isinstance(found, Unusable):
        return found
    return f"{found.normalize():f}"


@lru_cache(maxsize=4096)
def _term(text: str) -> str | Unusable:
    bare = "".join(half_width(text).split())
    if match := _MONTHS.fullmatch(bare):
        months = int(match[1])
    elif match := _YEARS.fullmatch(bare):
        months = int(match[1]) * 12
    else:
        return Unusable("不是期限；请写成 12 或 12个月", "not a term; write it like 12 (months)")
    if not 1 <= months <= MOST_PERIODS:
        return Unusable(f"期限应在 1 到 {MOST_PERIODS} 个月之间", f"a term is 1 to {MOST_PERIODS} months")
    return str(months)


@lru_cache(maxsize=4096)
def _method(text: str) -> str | Unusable:
    found = _METHODS.get(half_width(text).strip().casefold())
    if found is None:
        return Unusable(
            "不认识的还款方式；请写 等额本息、等额本金、先息后本 或 一次性还本付息",
            f"not a way of repaying; write one of {', '.join(Method)}",
        )
    return found.value


@lru_cache(maxsize=4096)
def _instalment_no(text: str) -> str | Unusable:
    match = _ORDINAL.fullmatch("".join(half_width(text).split()))
    if match is None or not 1 <= int(match[1]) <= MOST_PERIODS:
        return Unusable("不是期数；请写成 3 或 第3期", "not the number of an instalment; write it like 3")
    return str(int(match[1]))


@lru_cache(maxsize=4096)
def _score(text: str) -> str | Unusable:
    bare = "".join(half_width(text).split())
    if _SCORE.fullmatch(bare) is None:
        return Unusable("不是评分；请写成 650", "not a score; write it like 650")
    return bare


def _grace(text: str) -> str | Unusable:
    days = parse_whole(text, at_least=0, at_most=60)
    return days if isinstance(days, Unusable) else str(days)


@lru_cache(maxsize=4096)
def _text(text: str) -> str | Unusable:
    return parse_text(text, at_most=_USUAL_CHARS)


def _long_text(text: str) -> str | Unusable:
    return parse_text(text, at_most=_LONG_CHARS, several_lines=True)


def _sex(text: str) -> str | Unusable:
    return _SEXES.get(half_width(text).strip().casefold()) or _text(text)


_READERS: Mapping[Field, Reader] = {
    Field.TERM: _term,
    Field.METHOD: _method,
    Field.INSTALMENT_NO: _instalment_no,
    Field.SCORE: _score,
    Field.GRACE_DAYS: _grace,
    Field.SEX: _sex,
}
