"""The shape of `risk.yaml`. Nothing outside this package sees it; `docs/risk.md` explains the keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from dialer.config.models import Section, Text, Texts
from dialer.config.values import Duration, Ratio, one_or_more, parse_ratio, wrong
from dialer.risk.grades import Grade
from dialer.risk.warnings import Sign

_DAY_S = 86_400.0
Days = Annotated[Duration, Field(ge=_DAY_S, le=1_830 * _DAY_S)]
Points = Annotated[float, Field(ge=-10_000, le=10_000)]
Share = Annotated[Ratio, Field(gt=0, lt=1)]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]


def _bound(value: object) -> float:
    """A share such as `20%`, or a plain number: an amount, or times."""
    if isinstance(value, str) and value.strip().endswith("%"):
        return parse_ratio(value)
    try:
        return float(str(value))
    except ValueError:
        raise wrong("is no bound; write 20%, an amount such as 1000, or a number of times") from None


class TrainingSection(Section):
    """How a card is made."""

    horizon: Days
    paid_share: Share
    every: Days
    test_share: Share
    most_bins: Annotated[int, Field(ge=2, le=20)]
    fewest_share: Annotated[Ratio, Field(gt=0, le=0.5)]
    fewest_bad: Annotated[int, Field(ge=5, le=1_000_000)]
    strength: Annotated[float, Field(gt=0, le=1_000_000)]
    draws: Annotated[int, Field(ge=50, le=10_000)]
    seed: Annotated[int, Field(ge=0, le=2**31)]


class ScaleSection(Section):
    """From chances to points."""

    even: Annotated[float, Field(ge=0, le=10_000)]
    double: Annotated[float, Field(ge=1, le=1_000)]


class DriftSection(Section):
    """Stability indexes."""

    watch: Annotated[float, Field(gt=0, le=10)]
    alarm: Annotated[float, Field(gt=0, le=10)]


class BinSection(Section):
    """One line of a feature."""

    unknown: bool = False
    below: float | None = None
    any_of: Annotated[Texts, BeforeValidator(one_or_more)] = ()
    rest: bool = False
    costs: Points
    source: Text


class CardSection(Section):
    """The scorecard before there is history."""

    base: Points
    grades: dict[Grade, Points]
    features: Annotated[dict[str, tuple[BinSection, ...]], Field(min_length=1)]


class WarningSection(Section):
    """One rule of early warning."""

    id: Id
    sign: Sign
    named: Id | None = None
    at_least: Annotated[float, BeforeValidator(_bound), Field(ge=0, le=1_000_000_000)] = 0.0
    within: Days
    steps: Annotated[int, Field(ge=1, le=4)]
    lasts: Days
    answer_within: Annotated[Duration, Field(ge=60, le=30 * _DAY_S)]
    again_after: Annotated[Duration, Field(ge=0, le=366 * _DAY_S)]
    priority: Annotated[int, Field(ge=0, le=1_000)] = 0
    source: Text


class RiskFile(Section):
    """`config/risk.yaml`."""

    excluded: tuple[str, ...]
    training: TrainingSection
    scale: ScaleSection
    grades: dict[Grade, Share]
    drift: DriftSection
    card: CardSection
    warnings: tuple[WarningSection, ...]
