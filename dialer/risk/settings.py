"""What `risk.yaml` settles, as frozen values. `dialer.config.risk` reads them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Final

from dialer.risk.grades import Grade
from dialer.risk.scorecard import Card
from dialer.risk.warnings import WarningRule

_LN2: Final = log(2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """How a card is made out of history."""

    horizon_days: int
    """How long an outcome takes."""
    paid_share: float
    """Of what was asked within the horizon; who paid less did not pay."""
    every_days: int
    """Between two days of observation."""
    test_share: float
    """Of these days, the last ones, which no card learns from."""
    most_bins: int
    """Of a feature, besides that of unknown."""
    fewest_share: float
    """Of the rows, in a bin at least."""
    fewest_bad: int
    """Rows that did not pay, to learn from and to test: with fewer nothing is trained."""
    strength: float
    """`C` of the logistic regression: the inverse of how strongly weights are drawn to nothing."""
    draws: int
    """Of the bootstrap."""
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How the chances of a trained card become points."""

    even: float
    """The score of even odds."""
    double: float
    """Points that double the odds of paying."""

    @property
    def factor(self) -> float:
        """Points for one unit of log-odds."""
        return self.double / _LN2


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSettings:
    """From which stability index on is a distribution another one?"""

    watch: float
    alarm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSettings:
    """The whole file."""

    source: str
    """The file, for messages."""
    excluded: frozenset[str]
    """Attributes that no card uses."""
    training: TrainingSettings
    scale: Scale
    chances: tuple[tuple[Grade, float], ...]
    """Greatest chance of not paying of each grade but the worst, ascending."""
    drift: DriftSettings
    rules: Card
    """The scorecard before there is history."""
    warnings: tuple[WarningRule, ...]
