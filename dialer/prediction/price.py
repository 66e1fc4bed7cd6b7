"""What an answered call may risk: the marginal chance of being lost (the price) that spends the budget as wished.

The calls that pacing places are lost less often than the last of them, so a price of 5 % may cost 4 % abandoned.
How much less is learned as one factor, from abandoned calls against the prices that were in force when calls were
answered: a Poisson count with a known exposure and a gamma prior, which is why it is steady with few calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dialer.prediction.reading import amount

PRIOR_LOST: Final = 12.0
"""What is believed at first is worth so many abandoned calls."""
PRIOR_FACTOR: Final = 0.75
FORGET_LOST: Final = 60.0
"""About so many abandoned calls are remembered."""
LEAST_FACTOR: Final = 0.3
MOST_FACTOR: Final = 2.5
"""Beyond, something else goes wrong than the price; one bad minute must not forbid every risk of the day."""


class PriceModel:
    """Abandoned calls for each unit of price."""

    def __init__(self) -> None:
        """Begin with the prior, which is forgotten like everything else."""
        self.lost = PRIOR_LOST
        self.risked = PRIOR_LOST / PRIOR_FACTOR
        """The prices in force at the answers, summed."""

    def observe(self, *, price: float, abandoned: bool) -> None:
        """A person answered while `price` was in force, and was abandoned or not."""
        self.risked += price
        self.lost += abandoned
        if self.lost > FORGET_LOST:
            keep = FORGET_LOST / self.lost
            self.lost, self.risked = self.lost * keep, self.risked * keep
        self.risked = min(max(self.risked, self.lost / MOST_FACTOR), self.lost / LEAST_FACTOR)

    @property
    def factor(self) -> float:
        """Abandoned calls per answered call and unit of price."""
        return self.lost / self.risked

    def as_dict(self) -> dict[str, object]:
        """Plain numbers, for a JSON snapshot."""
        return {"lost": self.lost, "risked": self.risked}

    def restore(self, snapshot: Mapping[str, object]) -> None:
        """Take up what `as_dict` gave.

        Raises:
            ValueError: a part is missing, no number, or zero.
        """
        lost, risked = amount(snapshot, "lost"), amount(snapshot, "risked")
        if not (lost > 0.0 and risked > 0.0):
            raise ValueError("the snapshot of the price says nothing; start from Estimates.initial")
        self.lost, self.risked = lost, risked
