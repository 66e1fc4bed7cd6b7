"""What bounds a repayment plan, and what is assumed of how plans are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from dialer.access import Role
from dialer.loans.buckets import Bucket
from dialer.loans.terms import Part

RANKS = (Role.AGENT, Role.SUPERVISOR, Role.ADMIN)
"""Who may let go of more, rising. Auditors change nothing."""


class CapOn(StrEnum):
    """Which cost a rate cap is held against."""

    PLAN = "plan"  # what the plan itself costs, on what it has still to bring
    WHOLE = "whole"  # what the loan costs from its first day to the end of the plan


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCap:
    """No plan may cost more than this, of a year."""

    id: str
    rate: Decimal
    on: frozenset[CapOn]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Affordability:
    """What somebody can pay each month."""

    share_of_income: Decimal
    keep: Decimal
    """Stays with the debtor each month, whatever the share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How plans are kept: a chance of breaking for each month.

    It grows with the burden and with broken promises, and shrinks with what is let go:

        chance = base x (1 + burden x share^2) x (1 + broken x promises) x (1 - waived x part let go), at most `most`

    where share = payment / what can be paid, and promises = broken ones, at most three.
    """

    base: Mapping[Bucket, float]
    burden: float
    broken: float
    waived: float
    most: float
    without: Mapping[Bucket, float]
    """What share of what is left comes in without a plan, or after one broke, at its value of that day."""
    discount_rate: float
    """Of a year; what a yuan later is worth less."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRules:
    """All of it."""

    most_months: int
    months_source: str
    lump_sum_days: int
    """Within how many days a single payment is due."""
    first_payment_days: int
    """After how many days the first of several payments is due, at most 31."""
    extension_months: int
    """For at most how many months the whole may be put off; 0: not at all."""
    least_payment: Decimal
    """No smaller payment is agreed, the last one aside."""
    rates: tuple[Decimal, ...]
    """Of a year; what a plan may charge."""
    caps: tuple[RateCap, ...]
    affordability: Affordability
    ceilings: Mapping[Role, Mapping[Part, Decimal]]
    """Role -> the share of each part that it may let go."""
    waiver_step: Decimal
    """Waivers are offered in multiples of this, and in full."""
    keeping: Keeping
    whole_from_days: int
    """From so many days past due on, a plan is about the whole loan; before, about what has fallen due."""
    valid_days: int
    """For how many days an offer may be signed."""

    def cap(self, on: CapOn) -> Decimal | None:
        """The strictest cap on a cost; None: there is none."""
        return min((cap.rate for cap in self.caps if on in cap.on), default=None)
