"""How much readier or less ready to answer one account is than the list as a whole: odds by what is known of it.

A call is marked with what the data say of it: trunk, hour, attempts so far, region, product. Each mark has a weight,
the logarithm of a factor on the odds of an answer. Weights are learned call by call by logistic regression, lean on
zero while there is little evidence, and add up.
Source: Bottou, Online Learning and Stochastic Approximations (1998), for the shrinking step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

from dialer.prediction.reading import amount, number, part

PRIOR_CALLS: Final = 60.0
"""A mark's weight leans on zero as if so many calls had shown no difference."""
LONGEST_MEMORY: Final = 2000.0
"""A mark remembers about so many calls."""
MOST_WEIGHT: Final = 2.0
"""A mark changes the odds at most by e to this power."""
MOST_MARKS: Final = 500
"""Further marks are not learned; only damaged data have so many."""


class OddsModel:
    """Weights of marks."""

    def __init__(self) -> None:
        """Begin with marks that make no difference."""
        self.weights: dict[str, float] = {}
        self.counts: dict[str, float] = {}

    def odds(self, marks: Iterable[str]) -> float:
        """The factor on the odds that a person answers a call with these marks."""
        weights = self.weights
        total = 0.0
        for mark in marks:
            total += weights.get(mark, 0.0)
        return math.exp(total)

    def observe(self, marks: Iterable[str], *, answered: bool, answer_ratio: float) -> None:
        """A call stopped ringing.

        Args:
            marks: of the call.
            answered: by a person.
            answer_ratio: of the whole list at present (0..1).
        """
        ratio = min(max(answer_ratio, 0.01), 0.99)
        odds = ratio / (1.0 - ratio) * self.odds(marks)
        chance = odds / (1.0 + odds)
        # The information that one call gives of a logarithm of odds.
        surprise = (answered - chance) / max(chance * (1.0 - chance), 0.05)
        for mark in marks:
            count = self.counts.get(mark)
            if count is None:
                if len(self.counts) >= MOST_MARKS:
                    continue
                count = 0.0
            count = min(count + 1.0, LONGEST_MEMORY)
            weight = self.weights.get(mark, 0.0) + surprise / (count + PRIOR_CALLS)
            self.counts[mark] = count
            self.weights[mark] = min(max(weight, -MOST_WEIGHT), MOST_WEIGHT)

    def as_dict(self) -> dict[str, object]:
        """Plain numbers, for a JSON snapshot."""
        return {"weights": dict(self.weights), "counts": dict(self.counts)}

    def restore(self, snapshot: Mapping[str, object]) -> None:
        """Take up what `as_dict` gave.

        Raises:
            ValueError: a part is missing or no number.
        """
        counts, weights = part(snapshot, "counts"), part(snapshot, "weights")
        self.counts = {mark: amount(counts, mark) for mark in list(counts)[:MOST_MARKS]}
        self.weights = {mark: min(max(number(weights, mark), -MOST_WEIGHT), MOST_WEIGHT) for mark in self.counts}
