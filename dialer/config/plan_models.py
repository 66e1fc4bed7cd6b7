"""The shape of `plans.yaml`. Nothing outside this package sees it; docs/plans.md and docs/loans.md explain the keys."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

from dialer.access import Role
from dialer.calling_rules import Tag
from dialer.config.models import Section, Text
from dialer.config.profile_models import Id
from dialer.config.values import Money, parse_ratio, wrong
from dialer.loans.buckets import Bucket
from dialer.loans.rules import Accrue, Ahead, By
from dialer.loans.terms import Part
from dialer.plans.rules import CapOn


def read_share(value: object) -> Decimal:
    """A ratio as a decimal, exactly as it is written."""
    parse_ratio(value)
    text = str(value).replace(" ", "")
    return Decimal(text.removesuffix("%")) / 100 if text.endswith("%") else Decimal(text)


def _order(value: object) -> object:
    parts = list(value) if isinstance(value, list) else []
    if sorted(map(str, parts)) != sorted(part.value for part in Part):
        raise wrong("is not an order; name penalty, fee, interest and principal, each once")
    return value


Share = Annotated[Decimal, BeforeValidator(read_share)]
Chance = Annotated[float, BeforeValidator(lambda value: float(read_share(value)))]
Order = Annotated[tuple[Part, ...], BeforeValidator(_order)]
Weight = Annotated[float, Field(ge=0, le=100)]


class Told(Section):
    """Anything with a source."""

    cite: Text | None = None
    tag: Tag = Tag.HOUSE


class AllocationSection(Told):
    """One order of paying."""

    parts: Order
    by: By = By.INSTALMENT
    up_to_days: Annotated[int, Field(ge=0, le=10_000)] | None = None


class PenaltySection(Told):
    """Penalty interest."""

    accrue: Accrue = Accrue.CONTRACT
    rate_ratio: Annotated[Decimal, Field(ge=0, le=5)] = Decimal("1.3")
    most_rate: Share = Decimal("0.24")
    days_a_year: Annotated[int, Field(ge=360, le=366)] = 360


class LoansSection(Section):
    """Payments and penalties."""

    allocation: Annotated[tuple[AllocationSection, ...], Field(min_length=1)]
    ahead: Ahead = Ahead.INSTALMENTS
    penalty: PenaltySection


class MonthsSection(Told):
    """How long a plan may last."""

    most: Annotated[int, Field(ge=1, le=60)]


class CapSection(Told):
    """One cap on the cost."""

    id: Id
    rate: Share | None = None
    lpr: Share | None = None
    times: Annotated[Decimal, Field(gt=0, le=10)] | None = None
    on: Annotated[tuple[CapOn, ...], Field(min_length=1)]


class AffordabilitySection(Section):
    """What somebody can pay."""

    share_of_income: Share
    keep: Money


class KeepingSection(Section):
    """How plans are kept."""

    base: dict[Bucket, Chance]
    burden: Weight
    broken: Weight
    waived: Annotated[float, Field(ge=0, le=1)]
    most: Chance
    without: dict[Bucket, Chance]
    discount_rate: Chance


class PlansSection(Section):
    """What may be offered."""

    months: MonthsSection
    lump_sum_days: Annotated[int, Field(ge=1, le=60)]
    first_payment_days: Annotated[int, Field(ge=1, le=31)]
    extension_months: Annotated[int, Field(ge=0, le=12)]
    least_payment: Money
    rates: Annotated[tuple[Share, ...], Field(min_length=1)]
    whole_from_days: Annotated[int, Field(ge=1, le=10_000)]
    valid_days: Annotated[int, Field(ge=1, le=60)]
    grace_days: Annotated[int, Field(ge=0, le=30)]
    rate_caps: Annotated[tuple[CapSection, ...], Field(min_length=1)]
    affordability: AffordabilitySection
    waiver_step: Annotated[Money, Field(ge=Decimal("0.01"))]
    ceilings: dict[Role, dict[Part, Share]]
    keeping: KeepingSection


class PlansFile(Section):
    """`config/plans.yaml`."""

    loans: LoansSection
    plans: PlansSection
