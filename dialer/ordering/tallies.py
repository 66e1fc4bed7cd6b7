"""Dials counted by cell of the week, the old ones for less: after every half-life a dial counts half.

Counts are kept as they grow, each new dial with a weight that doubles every half-life, and are divided by the weight
of the moment when they are read. So nothing needs to be gone through as time passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dialer.ordering.cells import Block, Cell, block_of

_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
_DAY_S = 86_400.0


def weight_at(at: datetime, half_life_days: float) -> float:
    """What a dial at this moment weighs against one at the beginning of 2020."""
    return float(2.0 ** ((at - _BEGINNING).total_seconds() / _DAY_S / half_life_days))


@dataclass(slots=True)
class Counted:
    """Dials, and those that a person answered."""

    tries: float = 0.0
    answers: float = 0.0


@dataclass(slots=True)
class Tally:
    """What became of the dials of a number, or of all numbers of a group."""

    tries: float = 0.0
    answers: float = 0.0
    known: float = 0.0
    """Of the answers: those of which it is known who it was; not of people whom no agent talked with."""
    right: float = 0.0
    """Of these: by the right party."""
    since_answer: int = 0
    """Dials in a row, up to the last one, that nobody answered."""
    observations: int = 0
    """Dials ever counted, however old."""
    cells: dict[Cell, Counted] = field(default_factory=dict)

    def add(self, cell: Cell, weight: float, *, answered: bool, right_party: bool | None, times: float = 1.0) -> None:
        """Count a dial.

        Args:
            cell: when, by the debtor's clock.
            weight: of the moment; see `weight_at`.
            answered: by a person.
            right_party: it was the debtor; None: nobody knows.
            times: so many dials that ended alike.
        """
        weight *= times
        spot = self.cells.get(cell)
        if spot is None:
            spot = self.cells[cell] = Counted()
        spot.tries += weight
        self.tries += weight
        self.observations += round(times)
        self.since_answer = 0 if answered else self.since_answer + round(times)
        if answered:
            spot.answers += weight
            self.answers += weight
            if right_party is not None:
                self.known += weight
                self.right += weight * right_party

    def in_block(self, block: Block) -> Counted:
        """The dials of a block of the day, whatever the weekday; weighted as they are kept."""
        found = Counted()
        for cell, counted in self.cells.items():
            if block_of(cell) == block:
                found.tries += counted.tries
                found.answers += counted.answers
        return found

    def expected(self, curve: Mapping[Cell, float] | tuple[float, ...]) -> float:
        """How many answers these dials would have had by a curve of chances; weighted as they are kept."""
        return sum([counted.tries * curve[cell] for cell, counted in self.cells.items()])
