"""What a scorecard may look at: the names, kinds and words of its features, and those that it must not use. Pure.

Every feature is computed by `dialer.risk.observing` from what was known before a moment, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]
Column = Floats | Texts
"""One value an account: numbers with NaN for unknown, or texts with an empty one for unknown."""


class Kind(StrEnum):
    """What the values of a feature are."""

    NUMBER = "number"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One thing that a scorecard may look at."""

    name: str
    kind: Kind
    zh: str
    en: str
    unit: str = ""
    """Of the number: days, %, times, or nothing."""
    attribute: str = ""
    """The attribute of a person that it tells; empty: how a loan is paid, which tells none."""


def _number(name: str, zh: str, en: str, unit: str = "") -> Feature:
    return Feature(name=name, kind=Kind.NUMBER, zh=zh, en=en, unit=unit)


def _fact(name: str, zh: str, en: str) -> Feature:
    return Feature(name=name, kind=Kind.CATEGORY, zh=zh, en=en, attribute=name)


NUMBERS: Final = (
    _number("days_past_due", "当前逾期天数", "days past due", "days"),
    _number("overdue_share", "逾期金额占本金", "overdue / principal", "%"),
    _number("late_share", "一年内逾期期数占比", "instalments paid late within a year", "%"),
    _number("worst_days_late", "一年内最长逾期天数", "longest delay within a year", "days"),
    _number("paid_share", "90 天内已还占应还", "paid / fallen due within 90 days", "%"),
    _number("payment_trend", "近 90 天还款与此前之比", "paid in the last 90 days / in the 90 before", "%"),
    _number("days_since_payment", "距上次还款天数", "days since the last payment", "days"),
    _number("promises_broken", "180 天内失约次数", "promises broken within 180 days", "times"),
    _number("promises_kept", "180 天内履约次数", "promises kept within 180 days", "times"),
    _number("unanswered", "30 天内无人接听次数", "dials without an answer within 30 days", "times"),
    _number("talks", "90 天内与本人通话次数", "talks with the debtor within 90 days", "times"),
    _number("months_on_book", "贷款月数", "months since it was paid out", "months"),
    _number("others_overdue", "本人其他逾期账户数", "other accounts overdue here", "times"),
    _number("burden", "月还款占月收入", "monthly due / monthly income", "%"),
    _number("outside_score", "外部信用评分", "credit score from outside"),
    _number("utilisation", "信用额度使用率", "credit in use", "%"),
    _number("signs", "90 天内风险信号数", "signs of risk reported within 90 days", "times"),
)
CATEGORIES: Final = (
    Feature(name="product", kind=Kind.CATEGORY, zh="产品", en="product"),
    _fact("occupation", "职业", "occupation"),
    _fact("industry", "行业", "industry"),
    _fact("sex", "性别", "sex"),
    _fact("marital", "婚姻状况", "marital status"),
    _fact("education", "学历", "education"),
    _fact("ethnicity", "民族", "ethnicity"),
    _fact("region", "地区", "region"),
)
FEATURES: Final[Mapping[str, Feature]] = {one.name: one for one in (*NUMBERS, *CATEGORIES)}
"""Every feature by its name."""

PROTECTED: Final = ("sex", "marital", "education", "ethnicity", "region")
"""Attributes that no card uses unless the settings let it.

Source: docs/collections.md of the domain (protected ones are excluded by default); 12 CFR 1002.6(b) forbids sex and
marital status. Age is no feature at all.
"""


def usable(excluded: frozenset[str]) -> tuple[Feature, ...]:
    """The features that tell no excluded attribute."""
    return tuple(one for one in FEATURES.values() if one.name not in excluded and one.attribute not in excluded)
