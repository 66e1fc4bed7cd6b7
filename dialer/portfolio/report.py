"""What a report over the portfolio holds: plain values, ready to be shown, written to a table or compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from dialer.portfolio.intervals import Rate


class Dimension(StrEnum):
    """By what the book is divided."""

    REGION = "region"
    INDUSTRY = "industry"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The book as it stands."""

    accounts: int
    debtors: int
    late_debtors: int
    """With any of their loans."""
    outstanding: Decimal
    """Principal that is not paid."""
    overdue: Decimal
    """Principal, interest and fees of what was due and is not paid whole."""
    overdue_rate: Rate
    """Accounts that are late, among those on the book."""
    later_than_30: Rate
    later_than_90: Rate
    overdue_balance_ratio: float | None
    """Outstanding of late accounts among all outstanding."""
    later_than_30_balance_ratio: float | None
    later_than_90_balance_ratio: float | None
    without_schedule: int
    """Accounts of lists of which no loan is known: in no figure below but calls and promises."""
    listed: Decimal
    """What is due on them, as the lists say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketLine:
    """One bucket at the end of a month, or today."""

    on: date
    bucket: str
    accounts: int
    outstanding: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """From a bucket at a month's end to a state at the next one's, over the last months together."""

    before: str
    after: str
    """A bucket, or `repaid`."""
    accounts: int
    outstanding: Decimal
    """Before."""
    ratio: float
    """Of what was outstanding in the bucket before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollRate:
    """The classic roll rate: outstanding in the next bucket over that of the bucket a month before."""

    on: date
    before: str
    after: str
    ratio: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VintagePoint:
    """Of the loans of one month: what was ever later than 30 and 90 days by so many months on the book."""

    month: date
    """First day of the month in which they were paid out."""
    months_on_book: int
    ever_30: float
    """Outstanding when it first was, over what was paid out."""
    ever_90: float
    accounts: int
    paid_out: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A part of the book: one region, industry or product, or a combination."""

    where: Mapping[Dimension, str]
    accounts: int
    is_suppressed: bool
    """Too small to be told of: everything but the number of accounts is None, or 0 of debtors."""
    debtors: int
    """People, each with the first of their loans."""
    late_debtors: int
    """Those of them who are late with any loan."""
    overdue_rate: Rate
    later_than_30: Rate
    outstanding: Decimal | None
    overdue: Decimal | None
    days_to_pay: float | None
    """Repayment period: mean days from due to paid whole, instalments of the last 365 days."""
    recovery_ratio: float | None
    """Of what was overdue when the last month that is over began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """One month."""

    month: date
    opening: Decimal
    recovered: Decimal
    accounts: int
    ratio: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """How long until nothing is overdue any more; those that still are count as long as they have been seen."""

    product: str
    """Empty: all."""
    spells: int
    median_days: int | None
    """None: fewer than half were ever up to date again."""
    cured_by: Mapping[int, float]
    """Days -> share that was up to date again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseMonth:
    """Promises that fell due in a month and were judged."""

    month: date
    kept: Rate
    partly_kept: int
    broken: int
    kept_amount_ratio: float | None
    """Paid by then, of what was promised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Attempts and accounts that they reached."""

    month: date | None
    """None: the days that count."""
    attempts: int
    answered: Rate
    """By a person, among attempts."""
    right_party: Rate
    """Among answered."""
    promised: Rate
    """Among right-party contacts."""
    accounts: int
    accounts_answered: Rate
    accounts_right_party: Rate
    accounts_promised: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCell:
    """A day of the week and an hour."""

    weekday: int
    """1 is Monday."""
    hour: int
    answered: Rate
    right_party: Rate
    """Among attempts: what a dial at this hour brings."""
    is_suppressed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLine:
    """An agent beside what any agent would have made of the same cases."""

    agent: str
    conversations: int
    """With the right party."""
    promised: Rate
    expected_promises: float
    adjusted_promise_ratio: float | None
    """Promised over expected, times the rate of all."""
    adjusted_low: float | None
    adjusted_high: float | None
    judged: int
    kept: Rate
    expected_kept: float
    adjusted_kept_ratio: float | None
    adjusted_kept_low: float | None
    adjusted_kept_high: float | None
    is_suppressed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """A part of the book that is worse than the rest, more than chance explains."""

    where: Mapping[Dimension, str]
    overdue_rate: Rate
    rest_ratio: float
    times: float
    excess: float
    """Late accounts beyond the rest's rate."""
    overdue: Decimal
    false_alarm: float
    """Chance of so much or more if all were alike, for all parts looked at together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioReport:
    """All of it."""

    today: date
    call_days: int
    standing: Standing
    buckets: tuple[BucketLine, ...]
    moves: tuple[Move, ...]
    moves_months: int
    roll_rates: tuple[RollRate, ...]
    vintages: tuple[VintagePoint, ...]
    cells: tuple[Cell, ...]
    recovery: tuple[Recovery, ...]
    cures: tuple[Cure, ...]
    promises: tuple[PromiseMonth, ...]
    reach: Reach
    reach_by_month: tuple[Reach, ...]
    hours: tuple[HourCell, ...]
    agents: tuple[AgentLine, ...]
    anomalies: tuple[Anomaly, ...]
    tested: int
    """Parts that were looked at for anomalies."""
