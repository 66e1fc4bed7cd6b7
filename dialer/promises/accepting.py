"""May a promise be taken as it is? What is refused, and what needs somebody's approval first. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from dialer.promises.judging import today_of
from dialer.promises.terms import PromiseStatus, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """How a new promise begins."""

    status: PromiseStatus
    """Open, or proposed when it needs approval."""
    rule: str
    reason_zh: str
    reason_en: str

    @property
    def reason(self) -> str:
        """Both languages in one line."""
        return f"{self.reason_zh} · {self.reason_en}"


def accept(broken_on: Iterable[date], terms: Terms, now: datetime) -> Accepted:
    """How a promise begins whose debtor has broken others.

    Args:
        broken_on: due days of all broken promises of the debtor.
        terms: how many are too many.
        now: aware.
    """
    since = today_of(terms, now) - timedelta(days=terms.broken_within_days)
    broken = sum(day >= since for day in broken_on)
    most = terms.approval_after_broken
    rule = f"approval_after_broken={most}"
    if most and broken >= most:
        zh = f"{terms.broken_within_days} 天内已违约 {broken} 次，新承诺须审批"
        en = f"{broken} promises were broken within {terms.broken_within_days} days: a new one needs approval"
        return Accepted(status=PromiseStatus.PROPOSED, rule=rule, reason_zh=zh, reason_en=en)
    zh, en = (
        (f"此前违约 {broken} 次", f"{broken} broken before") if broken else ("此前无违约", "none was broken before")
    )
    return Accepted(status=PromiseStatus.OPEN, rule=rule, reason_zh=zh, reason_en=en)


def objection(amount: Decimal, due_on: date, terms: Terms, now: datetime) -> tuple[str, str] | None:
    """Why an amount and a date make no promise, in Chinese and in English; None: they do."""
    today = today_of(terms, now)
    if amount < terms.least_amount or amount != amount.quantize(Decimal("0.01")):
        return (
            f"金额 {amount} 无效：至少 {terms.least_amount}，最多两位小数",
            f"the amount {amount} is no promise: at least {terms.least_amount}, at most two decimals",
        )
    if due_on < today:
        return f"日期 {due_on} 已过", f"{due_on} has passed"
    last = today + timedelta(days=terms.most_days)
    if due_on > last:
        return (
            f"日期 {due_on} 太晚：最迟 {last}（{terms.most_days} 天内）",
            f"{due_on} is too far ahead: {last} at the latest, {terms.most_days} days from today",
        )
    return None
