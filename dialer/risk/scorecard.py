"""A scorecard: for each feature the bin, for each bin its points; their sum is the score. Pure inference.

    score  = base - factor * (intercept + sum of the bins' weights)
    chance = 1 / (1 + exp(-(intercept + sum of the bins' weights)))     of a card that was trained

Rules
- A weight is in log-odds of not paying for a card that was trained, and in points for a card of rules (`factor` 1).
- Greater scores are better. A grade goes from its lowest score up to the next grade's.
- The reasons of a score are the features that cost most against their own best bin. Equal ones stand in the card's
  order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from dialer.risk.bins import Bins, Indexes
from dialer.risk.features import Column, Floats, Texts
from dialer.risk.grades import ORDER, Grade


class CardKind(StrEnum):
    """Where the points of a card come from."""

    RULES = "rules"  # people wrote them
    TRAINED = "trained"  # a logistic regression on what happened


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFeature:
    """One feature of a card."""

    name: str
    bins: Bins
    weights: tuple[float, ...]
    """Of each bin; greater is riskier."""
    shares: tuple[float, ...] = ()
    """Of the rows it was trained on, in each bin; empty: it was not trained."""
    bad_shares: tuple[float, ...] = ()
    """Of those rows of each bin, how many did not pay."""
    sources: tuple[str, ...] = ()
    """Where each bin's points come from, for a card of rules."""

    def __post_init__(self) -> None:
        for values in (self.weights, *filter(None, (self.shares, self.bad_shares, self.sources))):
            if len(values) != self.bins.count:
                raise ValueError(f"{self.name}: {len(values)} values for {self.bins.count} bins")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A whole scorecard."""

    kind: CardKind
    base: float
    factor: float
    intercept: float = 0.0
    features: tuple[CardFeature, ...]
    cuts: tuple[tuple[Grade, float], ...]
    """The lowest score of each grade but the worst, from the best on, descending."""
    score_edges: tuple[float, ...] = ()
    """Between tenths of the scores it was trained on, for drift."""
    score_shares: tuple[float, ...] = ()
    """Of these tenths, as far as equal scores let them be."""

    @property
    def names(self) -> tuple[str, ...]:
        """What it looks at."""
        return tuple(one.name for one in self.features)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The scores of many accounts."""

    weights: Floats
    """Shape (n,): the sums in the card's own unit, log-odds of a card that was trained."""
    scores: Floats
    """Shape (n,), whole numbers."""
    grades: Texts
    costs: Floats
    """Shape (n, features): points that each feature cost against its best bin."""
    bins: tuple[Indexes, ...]
    """Of each feature, the bin of each account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What cost an account points."""

    feature: str
    label: str
    """The bin, as `Bins.label` has it."""
    points: int
    """Lost against the best bin; positive."""


def score(card: Card, columns: Mapping[str, Column]) -> Scored:
    """Score many accounts at once.

    Args:
        card: which card.
        columns: the features of the card, by name; all of one length.
    """
    bins = tuple(one.bins.of(columns[one.name]) for one in card.features)
    length = len(next(iter(columns.values()), ()))
    weights = np.full(length, card.intercept)
    costs = np.zeros((length, len(card.features)))
    for index, (one, found) in enumerate(zip(card.features, bins, strict=True)):
        of_bin = np.asarray(one.weights)
        weights += of_bin[found]
        costs[:, index] = card.factor * (of_bin - of_bin.min())[found]
    scores = np.round(card.base - card.factor * weights)
    return Scored(weights=weights, scores=scores, grades=grades_of(card, scores), costs=costs, bins=bins)


def chances(card: Card, scored: Scored) -> Floats:
    """The chance of not paying of each account.

    Raises:
        ValueError: a card of rules knows no chances.
    """
    if card.kind is not CardKind.TRAINED:
        raise ValueError("a card of rules gives points, no chances")
    return chance_of(scored.weights)


def chance_of(log_odds: Floats) -> Floats:
    """Chances from log-odds, without overflow for any."""
    small = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1.0, small) / (1.0 + small)


def grades_of(card: Card, scores: Floats) -> Texts:
    """The grade of each score."""
    lowest = np.asarray([cut for _, cut in card.cuts])
    names = np.asarray([str(grade) for grade in ORDER], dtype=object)
    below = (scores[:, None] < lowest[None, :]).sum(axis=1)
    return np.asarray(names[below], dtype=object)


def reasons(card: Card, scored: Scored, row: int, *, most: int = 4) -> tuple[Reason, ...]:
    """What cost one account most, the worst first.

    Args:
        card: the card that scored.
        scored: what it said.
        row: which of the accounts.
        most: at most so many.
    """
    costs = scored.costs[row]
    ranked = sorted(range(len(costs)), key=lambda index: (-round(float(costs[index])), index))
    return tuple(_reason(card, scored, row, index) for index in ranked[:most] if round(float(costs[index])) > 0)


def _reason(card: Card, scored: Scored, row: int, index: int) -> Reason:
    one = card.features[index]
    return Reason(
        feature=one.name,
        label=one.bins.label(int(scored.bins[index][row])),
        points=round(float(scored.costs[row, index])),
    )


def cuts_by_chance(base: float, factor: float, most: Sequence[tuple[Grade, float]]) -> tuple[tuple[Grade, float], ...]:
    """The lowest score of each grade, from the greatest chance of not paying that it allows.

    Args:
        base: the score of even odds.
        factor: points for one unit of log-odds.
        most: grade -> greatest chance, in the order of the grades, ascending.
    """
    return tuple((grade, float(np.ceil(base - factor * np.log(chance / (1.0 - chance))))) for grade, chance in most)
