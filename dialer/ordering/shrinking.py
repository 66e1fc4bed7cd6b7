"""A chance as data and belief have it together: Beta posteriors, and how strong the belief should be.

A curve of chances over the week is refined step by step: from everybody's to a region's, to a segment's in it, to a
number's. Each step has the level of what it looks at, then a block of hours, then a weekday in that block; each of them
is the mean of a Beta posterior whose prior is the step before:

    chance = (answers + strength x prior) / (dials + strength)

How much numbers differ among themselves is learned from them: the strength under which what was seen of all of them is
likeliest (empirical Bayes; type II maximum likelihood over a grid).
Source: Casella, An Introduction to Empirical Bayes Data Analysis (1985); Gelman et al., Bayesian Data Analysis, ch. 5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import lgamma, log
from typing import Final

from dialer.ordering.cells import CELLS, Cell, block_of
from dialer.ordering.tallies import Counted, Tally

LEAST_CHANCE: Final = 0.001
MOST_CHANCE: Final = 0.98

Curve = tuple[float, ...]
"""A chance for every cell of the week."""

GRID: Final = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 48.0)
"""Strengths that are tried, in dials."""
ENOUGH_NUMBERS: Final = 100
"""Below so many numbers that were dialled twice their spread is not learned (house rule)."""


def flat(chance: float) -> Curve:
    """The same chance at every hour."""
    return (chance,) * CELLS


def posterior(hits: float, tries: float, prior: float, strength: float) -> float:
    """The mean of the Beta posterior.

    Args:
        hits: of the tries.
        tries: seen.
        prior: the chance that was believed.
        strength: how many tries that belief is worth.
    """
    chance = (hits + strength * prior) / (tries + strength)
    return min(max(chance, LEAST_CHANCE), MOST_CHANCE)


def level(tally: Tally, parent: Curve, strength: float, weight: float) -> float:
    """A factor on the parent's chances: how much readier this one answers, at the hours at which it was dialled.

    Args:
        tally: of this one.
        parent: the curve it is refined from.
        strength: of the parent's chance, in dials.
        weight: of the moment; what the tally kept is divided by it.
    """
    if not tally.tries:
        return 1.0
    usual = tally.expected(parent) / tally.tries
    return posterior(tally.answers / weight, tally.tries / weight, usual, strength) / usual


def at_cell(cell: Cell, before: float, tally: Tally, strength: float, weight: float) -> float:
    """The chance in one cell: the chance before, by the block of hours, by the weekday in that block.

    What was seen in the cell itself counts in both steps, the second time for the weekday alone.
    """
    block = tally.in_block(block_of(cell))
    if not block.tries:
        return min(before, MOST_CHANCE)
    in_block = posterior(block.answers / weight, block.tries / weight, before, strength)
    seen = tally.cells.get(cell, _NOTHING)
    return posterior(seen.answers / weight, seen.tries / weight, in_block, strength)


_NOTHING = Counted()


def refined(parent: Curve, tally: Tally, *, strength: float, hour_strength: float, weight: float) -> Curve:
    """A whole curve: a group's, from the one that it is a part of."""
    factor = level(tally, parent, strength, weight)
    return tuple(
        at_cell(Cell(cell), min(chance * factor, MOST_CHANCE), tally, hour_strength, weight)
        for cell, chance in enumerate(parent)
    )


def spread(seen: Iterable[tuple[float, float, float]], usual: float) -> float:
    """How strong the belief in a group's chance is for one number of it: the less they differ, the stronger.

    Args:
        seen: of each number: dials, answers, and the answers that its group would have had.
        usual: what is believed while too few numbers have been dialled twice.
    """
    alike: Counter[tuple[int, int, float]] = Counter()
    for tries, answers, expected in seen:
        if (dials := round(tries)) >= 2:
            alike[dials, min(round(answers), dials), min(max(round(expected / tries, 2), 0.01), 0.95)] += 1
    if alike.total() < ENOUGH_NUMBERS:
        return usual
    return max(GRID, key=lambda strength: _likelihood(alike, strength) - 0.5 * log(strength / usual) ** 2)


def _likelihood(alike: Counter[tuple[int, int, float]], strength: float) -> float:
    """The logarithm of the Beta-binomial likelihood, but for what does not depend on the strength."""
    total = 0.0
    for (dials, answers, chance), count in alike.items():
        a, b = strength * chance, strength * (1.0 - chance)
        total += count * (_log_beta(answers + a, dials - answers + b) - _log_beta(a, b))
    return total


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
