"""The shape of `assignment.yaml` and `ordering.yaml`; docs/assignment.md and docs/ordering.md explain the keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from dialer.config.models import Section, Text
from dialer.config.values import Duration, Money, Name, Names, Ratio, parse_ratio, wrong
from dialer.loans.buckets import Bucket
from dialer.types import ContactRole

Expression = Annotated[str, Field(min_length=1, max_length=1_200)]
Days = Annotated[Duration, Field(ge=0, le=3_660 * 86_400)]
Strength = Annotated[float, Field(gt=0, le=100_000)]
Seconds = Annotated[Duration, Field(gt=0, le=3_600)]


def _share(value: object) -> float:
    """Above nothing, up to everything."""
    share = parse_ratio(value)
    if share <= 0:
        raise wrong("is no share; write 50% or a number above 0, up to 1")
    return share


Share = Annotated[float, BeforeValidator(_share)]


class AssignmentRuleSection(Section):
    """One rule."""

    name: Text
    when: Expression | None = None
    skill: Name | None = None
    level: Annotated[int, Field(ge=1, le=10)] | None = None
    up_to: Annotated[int, Field(ge=1, le=10)] | None = None
    prefer: Name | None = None
    team: Name | None = None
    agents: Names = ()


class KeepSection(Section):
    """When a debtor stays with whom they know."""

    promise: bool = True
    prior_owner: bool = True
    move_after: Days = 14 * 86_400.0
    rebalance: bool = False


class CapacitySection(Section):
    """How many debtors an agent may look after."""

    debtors: Annotated[int, Field(ge=0, le=1_000_000)] = 500
    agents: dict[Name, Annotated[int, Field(ge=0, le=1_000_000)]] = Field(default_factory=dict)
    share: dict[Name, Share] = Field(default_factory=dict)


class AssignmentFile(Section):
    """The whole file."""

    rules: Annotated[tuple[AssignmentRuleSection, ...], Field(min_length=1)]
    keep: KeepSection = KeepSection()
    capacity: CapacitySection = CapacitySection()
    spread: Share = 0.10
    avoid_after_complaint: Days = 180 * 86_400.0


class ContactSection(Section):
    """What is believed of answers."""

    answer_ratio: Share = 0.3
    answer_strength: Strength = 50.0
    hour_strength: Strength = 60.0
    group_strength: Strength = 60.0
    number_strength: Strength = 6.0
    number_hour_strength: Strength = 6.0
    right_party: dict[ContactRole, Ratio] = Field(default_factory=dict)
    right_party_strength: Strength = 20.0
    number_right_party_strength: Strength = 3.0
    number_half_life: Annotated[Days, Field(ge=86_400)] = 45 * 86_400.0
    group_half_life: Annotated[Days, Field(ge=86_400)] = 90 * 86_400.0


class RecoverySection(Section):
    """What is believed of recovery."""

    by_bucket: dict[Bucket, Ratio] = Field(default_factory=dict)
    by_grade: dict[Text, Annotated[float, Field(ge=0, le=10)]] = Field(default_factory=dict)
    otherwise: Ratio = 0.10
    strength: Strength = 30.0
    broken_promise: Ratio = 0.7
    most_due: Money | None = None
    window: Annotated[Days, Field(ge=86_400)] = 30 * 86_400.0


class CostsSection(Section):
    """What a dial costs of an agent's time."""

    dial: Seconds = 6.0
    other_party: Seconds = 30.0
    talk: Seconds = 150.0
    wrap_up: Seconds = 30.0


class NumbersSection(Section):
    """When a number gives way."""

    after_unanswered: Annotated[int, Field(ge=1, le=100)] = 4
    better_by: Annotated[float, Field(ge=1, le=100)] = 1.2


class OrderingFile(Section):
    """The whole file."""

    contact: ContactSection = ContactSection()
    recovery: RecoverySection = RecoverySection()
    costs: CostsSection = CostsSection()
    numbers: NumbersSection = NumbersSection()
    later_weight: Ratio = 0.5
    until_hour: Annotated[int, Field(ge=1, le=24)] = 20
    refresh: Duration = 60.0
    accounts_per_refresh: Annotated[int, Field(ge=100, le=10_000_000)] = 20_000
