"""Loans and plans in the words of people: Chinese and English."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from dialer.cli.lang import Lang
from dialer.loans.buckets import Bucket, bucket_of, sub_bucket_of
from dialer.loans.checking import Compared
from dialer.loans.terms import Method, Part
from dialer.plans.offers import PlanKind, Scope

Pair = tuple[str, str]

METHODS: Final[dict[Method, Pair]] = {
    Method.EQUAL_INSTALMENT: ("等额本息", "equal instalments"),
    Method.EQUAL_PRINCIPAL: ("等额本金", "equal principal"),
    Method.INTEREST_FIRST: ("先息后本", "interest first"),
    Method.LUMP_SUM: ("一次性还本付息", "lump sum"),
}
PARTS: Final[dict[Part | None, Pair]] = {
    Part.PENALTY: ("罚息", "penalty"),
    Part.FEE: ("费用", "fee"),
    Part.INTEREST: ("利息", "interest"),
    Part.PRINCIPAL: ("本金", "principal"),
    None: ("溢缴", "surplus"),
}
COMPARED: Final[dict[Compared, Pair]] = {
    Compared.MISSING: ("来源中缺少该期", "missing in the source"),
    Compared.EXTRA: ("来源中多出该期", "only in the source"),
    Compared.DUE_ON: ("到期日", "due date"),
    Compared.PRINCIPAL: ("本金", "principal"),
    Compared.INTEREST: ("利息", "interest"),
    Compared.ALL_PRINCIPAL: ("本金合计", "all principal"),
}
KINDS: Final[dict[PlanKind, Pair]] = {
    PlanKind.LUMP_SUM: ("一次性结清", "lump sum"),
    PlanKind.INSTALMENTS: ("分期", "instalments"),
    PlanKind.EXTENSION: ("展期", "extension"),
}
SCOPES: Final[dict[Scope, Pair]] = {
    Scope.DUE: ("已到期欠款", "what has fallen due"),
    Scope.WHOLE: ("全部贷款", "the whole loan"),
}
STATUSES: Final[dict[str, Pair]] = {
    "proposed": ("已提出", "proposed"),
    "approved": ("已审批", "approved"),
    "performing": ("履行中", "performing"),
    "completed": ("已履行完毕", "completed"),
    "broken": ("已违约", "broken"),
    "cancelled": ("已取消", "cancelled"),
    "expired": ("已过期", "expired"),
}


def bucket_word(days_past_due: int, lang: Lang) -> str:
    """How late, with its bucket: `12 days, M1 (S2)`."""
    bucket, part = bucket_of(days_past_due), sub_bucket_of(days_past_due)
    if bucket is Bucket.M0:
        return lang.pick("未逾期 M0", "current, M0")
    name = bucket.value if part is None else f"{bucket.value} ({part.value})"
    return lang.pick(f"逾期 {days_past_due} 天 {name}", f"{days_past_due} days late, {name}")


def money(amount: Decimal) -> str:
    """An amount with its thousands; nothing is a dash."""
    return f"{amount:,.2f}" if amount else "–"


def percent(ratio: float | Decimal) -> str:
    """A rate of a year."""
    return f"{ratio:.2%}"
