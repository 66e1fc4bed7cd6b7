"""Which number of a debtor next: the first in rank, until it is not answered and another is likelier. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dialer.ordering.beliefs import NumberChoice
from dialer.ordering.cells import Cell
from dialer.ordering.contact import Chance, ContactModel, NumberTraits


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A number with its chance now."""

    number: NumberTraits
    chance: Chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The number to dial next."""

    index: int
    """Among the numbers that were given."""
    candidates: tuple[Candidate, ...]
    gave_way: bool = False
    """The one before did not answer, and gives way."""

    @property
    def best(self) -> Candidate:
        """The one to dial."""
        return self.candidates[self.index]


def choose(
    model: ContactModel,
    numbers: Sequence[NumberTraits],
    cell: Cell,
    at: datetime,
    *,
    rule: NumberChoice,
    current: int = 0,
) -> Chosen:
    """Which number to dial: the current one, unless it was dialled in vain often enough and another is likelier.

    Numbers are not swapped for a small difference, so that a debtor is not rung at every number in turn.

    Args:
        model: what was learned.
        numbers: that may be dialled, in the order of rank; at least one.
        cell: of the week, by the debtor's clock.
        at: the moment, aware.
        rule: when a number gives way.
        current: the index of the one whose turn it is.

    Returns:
        The choice, with the chance of every number.
    """
    candidates = tuple([Candidate(number=one, chance=model.chance(one, cell, at)) for one in numbers])
    now = candidates[current].chance
    if now.since_answer < rule.after_unanswered:
        return Chosen(index=current, candidates=candidates)
    best = max(range(len(candidates)), key=lambda index: (candidates[index].chance.reached, -index))
    gives_way = best != current and candidates[best].chance.reached >= rule.better_by * now.reached
    return Chosen(index=best if gives_way else current, candidates=candidates, gave_way=gives_way)
