"""How much readier or less ready to answer one account is than the list as a whole: odds by what is known of it.

A call is marked with what the data say of it: trunk, hour, attempts so far, region, product. Each mark has a weight,
the logarithm of a factor on the odds of an answer. Weights are learned call by call by logistic regression, lean on
zero while there is little evidence, and add up.

The answer ratio of the list as a whole is tracked elsewhere, with its noise. A mark that nearly every call carries
could only learn that ratio a second time, so it learns nothing: what it would say, the few calls without it say by
marks of their own. And all odds are relative to the calls that the ratio rests on: their chances average to it. When
easy accounts run out or the hour changes, the ratio follows by and by, and the odds give way as it does.
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
NEARLY_ALL: Final = 0.95
"""A mark that so large a share of the calls carry tells nothing of one of them."""
RECENT_CALLS: Final = 800.0
"""The share of a mark is that of half as many to as many calls."""
LEVEL_CALLS: Final = 400.0
"""The level is that of so many calls; like `answer_ratio`, or it runs ahead of it or behind."""
MOST_LEVEL: Final = 10.0
"""More no calls come to, with a handful of marks each."""


class OddsModel:
    """Weights of marks."""

    def __init__(self) -> None:
        """Begin with marks that make no difference."""
        self.weights: dict[str, float] = {}
        self.counts: dict[str, float] = {}
        """Calls that a weight was learned from."""
        self.recent: dict[str, float] = {}
        """Recent calls with each mark, of `recent_calls`."""
        self.recent_calls = 0.0
        self.level = 0.0
        """The logarithm of the odds that recent calls had on the whole: others are relative to it."""

    def odds(self, marks: Iterable[str]) -> float:
        """The factor on the odds that a person answers a call with these marks."""
        weights = self.weights
        total = -self.level
        for mark in marks:
            total += weights.get(mark, 0.0)
        return math.exp(total)

    def observe(self, marks: Iterable[str], *, answered: float, answer_ratio: float) -> None:
        """A call stopped ringing.

        Args:
            marks: of the call.
            answered: by a person; between 0 and 1 if we gave it up: the chance that a person would have answered.
            answer_ratio: of the whole list at present (0..1).
        """
        ratio = min(max(answer_ratio, 0.01), 0.99)
        odds = ratio / (1.0 - ratio) * self.odds(marks)
        chance = odds / (1.0 + odds)
        self._count_one(chance, ratio)
        # The information that one call gives of a logarithm of odds.
        surprise = (answered - chance) / max(chance * (1.0 - chance), 0.05)
        for mark in marks:
            if self._tells_apart(mark):
                count = min(self.counts[mark] + 1.0, LONGEST_MEMORY)
                weight = self.weights[mark] + surprise / (count + PRIOR_CALLS)
                self.counts[mark] = count
                self.weights[mark] = min(max(weight, -MOST_WEIGHT), MOST_WEIGHT)

    def _count_one(self, chance: float, ratio: float) -> None:
        """One more call; the level moves to where the chances of such calls average to the ratio."""
        step = 1.0 / min(self.recent_calls + PRIOR_CALLS, LEVEL_CALLS)
        level = self.level + step * (chance - ratio) / (ratio * (1.0 - ratio))
        self.level = min(max(level, -MOST_LEVEL), MOST_LEVEL)
        self.recent_calls += 1.0
        if self.recent_calls > RECENT_CALLS:
            self.recent_calls *= 0.5
            for mark in self.recent:
                self.recent[mark] *= 0.5

    def _tells_apart(self, mark: str) -> bool:
        """One more call with a mark; whether there are calls enough without it, to compare."""
        if mark not in self.recent:
            if len(self.recent) >= MOST_MARKS:
                return False
            self.recent[mark] = self.counts[mark] = self.weights[mark] = 0.0
        self.recent[mark] += 1.0
        return self.recent[mark] <= NEARLY_ALL * self.recent_calls

    def as_dict(self) -> dict[str, object]:
        """Plain numbers, for a JSON snapshot."""
        return {
            "weights": dict(self.weights),
            "counts": dict(self.counts),
            "recent": dict(self.recent),
            "recent_calls": self.recent_calls,
            "level": self.level,
        }

    def restore(self, snapshot: Mapping[str, object]) -> None:
        """Take up what `as_dict` gave.

        Raises:
            ValueError: a part is missing or no number.
        """
        counts, weights, recent = (part(snapshot, key) for key in ("counts", "weights", "recent"))
        recent_calls, level = amount(snapshot, "recent_calls"), number(snapshot, "level")
        marks = list(counts)[:MOST_MARKS]
        found = {mark: (amount(counts, mark), number(weights, mark), amount(recent, mark)) for mark in marks}
        self.counts = {mark: min(count, LONGEST_MEMORY) for mark, (count, _, _) in found.items()}
        self.weights = {mark: min(max(weight, -MOST_WEIGHT), MOST_WEIGHT) for mark, (_, weight, _) in found.items()}
        self.recent = {mark: often for mark, (_, _, often) in found.items()}
        self.recent_calls, self.level = min(recent_calls, RECENT_CALLS), min(max(level, -MOST_LEVEL), MOST_LEVEL)
