"""Was a promise kept? Judged from payments, at any moment, always with the same answer. Pure.

Rules
- A payment counts from the day on which the promise was made, unless it was known by then, to the end of the last day
  of grace; it counts for one promise only, so not from the moment on at which another one was made.
- Kept: `kept_ratio` of the amount has come, at whatever moment. Before the last day of grace has ended nothing else is
  decided: the promise is open, or due from its day on.
- Then: partly kept when anything came, broken when nothing did.
- A promise that was never approved, was renegotiated or cancelled is not judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from dialer.promises.terms import FINAL, Promised, PromiseStatus, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A payment to the account that was not reversed."""

    amount: Decimal
    at: datetime
    """When it was paid, aware; midnight where a source tells no time."""
    noted_at: datetime
    """When we learned of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of a promise, and why."""

    status: PromiseStatus
    paid: Decimal
    rule: str
    reason_zh: str
    reason_en: str

    @property
    def reason(self) -> str:
        """Both languages in one line."""
        return f"{self.reason_zh} · {self.reason_en}"


def closes_at(promise: Promised, terms: Terms) -> datetime:
    """The end of the last day of grace, or the moment at which another promise took this one's place."""
    last = promise.due_on + timedelta(days=terms.grace_days)
    end = datetime.combine(last + timedelta(days=1), time(0), ZoneInfo(terms.zone))
    return end if promise.ended_at is None else min(end, promise.ended_at)


def counts(promise: Promised, payment: Paid, terms: Terms) -> bool:
    """Whether a payment counts for a promise."""
    zone = ZoneInfo(terms.zone)
    if payment.at >= closes_at(promise, terms):
        return False
    if payment.at >= promise.made_at:
        return True
    same_day = payment.at.astimezone(zone).date() >= promise.made_at.astimezone(zone).date()
    return same_day and payment.noted_at > promise.made_at


def judge(promise: Promised, payments: Iterable[Paid], terms: Terms, now: datetime) -> Judgement:
    """What a promise is at a moment.

    Args:
        promise: which.
        payments: all of its account.
        terms: by which it is judged.
        now: aware.
    """
    paid = sum((one.amount for one in payments if counts(promise, one, terms)), Decimal(0))
    if promise.status is PromiseStatus.PROPOSED or promise.status in FINAL:
        return _said(promise.status, paid, "not_judged", "不作判定", "not judged")
    if paid >= promise.amount * terms.kept_ratio:
        share_zh, share_en = _of(paid, promise)
        return _said(PromiseStatus.KEPT, paid, f"kept_ratio={terms.kept_ratio}", share_zh, share_en)
    if now < closes_at(promise, terms):
        return _still_open(promise, paid, terms, now)
    zh, en = _of(paid, promise)
    grace_zh, grace_en = f"宽限 {terms.grace_days} 天已过", f"after {_days(terms.grace_days)} of grace"
    status = PromiseStatus.PARTLY_KEPT if paid > 0 else PromiseStatus.BROKEN
    return _said(status, paid, f"grace_days={terms.grace_days}", f"{zh}，{grace_zh}", f"{en}, {grace_en}")


def _still_open(promise: Promised, paid: Decimal, terms: Terms, now: datetime) -> Judgement:
    zh, en = _of(paid, promise)
    if today_of(terms, now) < promise.due_on:
        return _said(PromiseStatus.OPEN, paid, "before_due", f"{zh}，未到 {promise.due_on}", f"{en}, not yet due")
    return _said(PromiseStatus.DUE, paid, "within_grace", f"{zh}，宽限期内", f"{en}, grace is not over")


def today_of(terms: Terms, now: datetime) -> date:
    """Which day it is for promises."""
    return now.astimezone(ZoneInfo(terms.zone)).date()


def _of(paid: Decimal, promise: Promised) -> tuple[str, str]:
    return (
        f"承诺 {promise.due_on} 还 {promise.amount}，已还 {paid}",
        f"{paid} of {promise.amount} promised by {promise.due_on} was paid",
    )


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _said(status: PromiseStatus, paid: Decimal, rule: str, zh: str, en: str) -> Judgement:
    return Judgement(status=status, paid=paid, rule=rule, reason_zh=zh, reason_en=en)
