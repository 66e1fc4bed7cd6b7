"""The shape of strategies.yaml, lexicon.yaml and the scripts; `docs/scripts.md` explains the keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from dialer.config.models import Section, Text
from dialer.config.values import Day, Duration, Name, Ratio, one_or_more
from dialer.scripts.model import Kind, Tier
from dialer.types import ContactRole

Long = Annotated[str, Field(min_length=1, max_length=1_200)]
"""A text that is said, or an expression."""
Longs = Annotated[tuple[Long, ...], BeforeValidator(one_or_more)]
WholeDays = Annotated[Duration, Field(ge=86_400, le=366 * 86_400)]
FactField = Literal[
    "delay_reason", "ability", "willingness", "income_monthly", "occupation", "employer", "preferred_time", "address"
]


class SaidSection(Section):
    """A text in both languages."""

    zh: Long
    en: Long


class QuestionSection(SaidSection):
    """Something to find out."""

    fact: FactField | None = None


class StepSection(Section):
    """One step."""

    id: Name
    title: SaidSection
    say: SaidSection
    identity: bool = False
    tip: SaidSection | None = None
    questions: tuple[QuestionSection, ...] = ()
    options: bool = False


class AnswerSection(Section):
    """What may be heard, and the answer."""

    id: Name
    heard: SaidSection
    answer: SaidSection
    early: bool = False


class ApprovalSection(Section):
    """Who let it be used."""

    by: Text
    on: Day


class ScriptFile(Section):
    """`scripts/NAME.yaml`."""

    script: Name
    version: Annotated[int, Field(ge=1, le=100_000)]
    title: SaidSection
    kind: Kind = Kind.CALL
    tier: Tier
    party: ContactRole = ContactRole.DEBTOR
    approved: ApprovalSection | None = None
    steps: Annotated[tuple[StepSection, ...], Field(min_length=1)]
    answers: tuple[AnswerSection, ...] = ()


class HouseSection(Section):
    """What is the same in every script."""

    bank: SaidSection
    office: SaidSection
    callback: Text
    pay_within: WholeDays = 3 * 86_400.0
    told_for: WholeDays = 90 * 86_400.0


class DerivationSection(Section):
    """One rule about a fact that nobody told."""

    value: Name
    when: Long
    why: SaidSection


class DerivingSection(Section):
    """The rules, in order, for each such fact."""

    habit: tuple[DerivationSection, ...] = ()
    ability: tuple[DerivationSection, ...] = ()
    willingness: tuple[DerivationSection, ...] = ()


class StrategySection(Section):
    """One strategy."""

    name: Text
    when: Long
    script: Name
    why: SaidSection


class HoldOutSection(Section):
    """Those who are not called."""

    share: Ratio
    length: Annotated[WholeDays, Field(alias="for")]


class ChallengerSection(Section):
    """Those with whom something else is tried."""

    share: Ratio
    scripts: Annotated[dict[Name, Name], Field(min_length=1)]


class ExperimentSection(Section):
    """One experiment."""

    name: Name
    active: bool
    salt: Text
    when: Long
    begins_on: Day
    ends_on: Day
    hold_out: HoldOutSection | None = None
    challengers: dict[Name, ChallengerSection] = Field(default_factory=dict)


class StrategiesFile(Section):
    """`strategies.yaml`."""

    version: Annotated[int, Field(ge=1, le=100_000)]
    house: HouseSection
    deriving: DerivingSection = DerivingSection()
    strategies: Annotated[tuple[StrategySection, ...], Field(min_length=1)]
    experiments: tuple[ExperimentSection, ...] = ()


class CategorySection(Section):
    """A kind of things that may not be said."""

    label: SaidSection
    source: Annotated[str, Field(min_length=1, max_length=500)]


class EntrySection(Section):
    """One thing that may not be said."""

    id: Name
    category: Name
    language: Literal["zh", "en"]
    patterns: Annotated[Longs, Field(min_length=1)]
    exceptions: Longs = ()
    source: Annotated[str, Field(max_length=500)] = ""


class LexiconFile(Section):
    """`lexicon.yaml`."""

    version: Annotated[int, Field(ge=1, le=100_000)]
    variants: dict[str, Annotated[str, Field(min_length=1, max_length=100)]] = Field(default_factory=dict)
    categories: Annotated[dict[Name, CategorySection], Field(min_length=1)]
    entries: Annotated[tuple[EntrySection, ...], Field(min_length=1)]
