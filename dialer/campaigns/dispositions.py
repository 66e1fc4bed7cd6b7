"""What an agent's digits mean: conclusions, promised amounts and dates, call-back times. Pure.

A code may be the beginning of another (9 and 91): then nothing is decided until the next digit, the key #, or
the end of waiting. Amounts use * as the decimal point: 1500*50 is 1500.50.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from dialer.leads import Promise
from dialer.settings import CampaignSettings, DispositionSettings

_AMOUNT = re.compile(r"([0-9]{1,9})(?:\*([0-9]{1,2}))?")
_RELATIVE = re.compile(r"[0-9]{1,2}")
_FOUR = re.compile(r"[0-9]{4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The digits are a code."""

    disposition: DispositionSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """More digits may come."""

    so_far: DispositionSettings | None
    """What the digits mean if # comes next; None: nothing yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """No code begins with these digits, or they were final and are no code."""

    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """An entry that cannot be taken, and why."""

    code: str
    """For prompts: `amount_unreadable`, `amount_too_small`, `date_unreadable`, `date_too_late`,
    `time_unreadable`."""
    reason_zh: str
    reason_en: str


def match(dispositions: Sequence[DispositionSettings], digits: str, *, final: bool = False) -> Match | Partial | Wrong:
    """What the digits keyed so far mean.

    Args:
        dispositions: of the campaign.
        digits: without #.
        final: # was keyed, or no more digits will come.
    """
    exact = next((one for one in dispositions if one.digits == digits), None)
    longer = any(one.digits.startswith(digits) and one.digits != digits for one in dispositions)
    if exact is not None and (final or not longer):
        return Match(disposition=exact)
    if longer and not final:
        return Partial(so_far=exact)
    return Wrong(digits=digits)


def parse_amount(text: str, settings: CampaignSettings) -> Decimal | Invalid:
    """A promised amount.

    Args:
        text: digits with at most one * as the decimal point and two digits after it.
        settings: whose smallest promise applies.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return Invalid(
            code="amount_unreadable",
            reason_zh=f"金额“{text}”无法识别；小数点请按 *，如 1500*50",
            reason_en=f"{text!r} is not an amount; use * as the decimal point, as in 1500*50",
        )
    amount = Decimal(f"{found[1]}.{(found[2] or '').ljust(2, '0')}")
    if amount < settings.promise_min_amount:
        return Invalid(
            code="amount_too_small",
            reason_zh=f"金额 {amount} 低于最低承诺金额 {settings.promise_min_amount}",
            reason_en=f"{amount} is less than the smallest promise, {settings.promise_min_amount}",
        )
    return amount


def parse_due_date(text: str, today: date, settings: CampaignSettings) -> date | Invalid:
    """The day a promise falls due.

    Args:
        text: MMDD, the next such day; or one or two digits, days from today (0 is today).
        today: in the debtor's zone.
        settings: whose longest promise applies.
    """
    if _RELATIVE.fullmatch(text):
        due_on = today + timedelta(days=int(text))
    elif _FOUR.fullmatch(text) and (next_one := _next_day(int(text[:2]), int(text[2:]), today)):
        due_on = next_one
    else:
        return Invalid(
            code="date_unreadable",
            reason_zh=f"日期“{text}”无法识别；请按月日四位（如 0815），或 1-2 位天数",
            reason_en=f"{text!r} is not a day; key MMDD, as in 0815, or 1-2 digits for days from today",
        )
    if due_on > today + timedelta(days=settings.promise_max_days):
        return Invalid(
            code="date_too_late",
            reason_zh=f"{due_on} 超出最长 {settings.promise_max_days} 天",
            reason_en=f"{due_on} is more than {settings.promise_max_days} days away",
        )
    return due_on


def parse_promise(amount: str, due: str, today: date, settings: CampaignSettings) -> Promise | Invalid:
    """A promise from its two entries; see `parse_amount` and `parse_due_date`."""
    money = parse_amount(amount, settings)
    if isinstance(money, Invalid):
        return money
    due_on = parse_due_date(due, today, settings)
    if isinstance(due_on, Invalid):
        return due_on
    return Promise(amount=money, due_on=due_on)


def parse_callback(text: str, at: datetime, zone: ZoneInfo) -> datetime | Invalid:
    """When a debtor wants to be called back.

    Args:
        text: HHMM, today or, when that is past, tomorrow; or one or two digits, hours from now (at least 1).
        at: now, aware.
        zone: the debtor's.

    Returns:
        Aware UTC. Calling hours are the business of `dialer.campaigns.assignment`.
    """
    if _RELATIVE.fullmatch(text) and int(text) > 0:
        return (at + timedelta(hours=int(text))).astimezone(UTC)
    if _FOUR.fullmatch(text) and int(text[:2]) < 24 and int(text[2:]) < 60:
        clock = time(int(text[:2]), int(text[2:]))
        today = at.astimezone(zone).date()
        days = (datetime.combine(today + timedelta(days=add), clock, zone) for add in (0, 1))
        return next(moment for moment in days if moment > at).astimezone(UTC)
    return Invalid(
        code="time_unreadable",
        reason_zh=f"时间“{text}”无法识别；请按时分四位（如 1430），或 1-2 位小时数",
        reason_en=f"{text!r} is not a time; key HHMM, as in 1430, or 1-2 digits for hours from now",
    )


def _next_day(month: int, day: int, today: date) -> date | None:
    """The next date with this month and day, today included; 29 February may be four years away."""
    for year in range(today.year, today.year + 9):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None
