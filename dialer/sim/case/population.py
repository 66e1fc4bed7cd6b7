"""The population of one seed: what is listed and what is true, drawn together; and who is in which group by lot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Final

import numpy as np

from dialer.sim.case.listed import Listed
from dialer.sim.case.nature import HABITS, LINES, NATURE, REGIONS, Habit, Line, Nature
from dialer.sim.case.truth import Hidden, Truth
from dialer.sim.durations import Floats

_PEOPLE: Final = 101
_LOTS: Final = 102
"""Streams of the generator."""
GRADES: Final = "ABCDE"
_NUMBERS: Final = 3


class Group(IntEnum):
    """Randomised by debtor."""

    CONTROL = 0
    """Worked by hand: the baseline of the trial."""
    TREATED = 1
    """Worked by every arm in turn, each in a world of its own; by hand too, for the A/A run."""
    HELD_OUT = 2
    """Called by nobody: what they pay is what would have been paid anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Everybody of one seed."""

    listed: tuple[Listed, ...]
    truth: Truth
    groups: tuple[tuple[int, ...], ...]
    """Indexes of the debtors of each `Group`, in the order of the list."""

    def of(self, group: Group) -> list[Listed]:
        """The list of a group."""
        return [self.listed[index] for index in self.groups[group]]


def draw(seed: int, accounts: int, nature: Nature = NATURE) -> Population:
    """Draw three groups of equal size.

    Args:
        seed: of everything.
        accounts: in each group.
        nature: what the truth is drawn from.
    """
    count = accounts * len(Group)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, _PEOPLE])))
    able, will, noise, temper, due, late = (rng.standard_normal(count) for _ in range(6))
    will = 0.3 * able + np.sqrt(1.0 - 0.09) * will
    region, habit, more = rng.random(count), rng.random(count), rng.random(count)
    kind, kind_temper = rng.random((count, _NUMBERS)), rng.standard_normal((count, _NUMBERS))
    grades = _grades(0.6 * able + 0.6 * will + nature.grade_noise * noise)
    days = np.clip(np.rint(np.exp(3.0 + 0.75 * late)), 3, 90).astype(int)
    listed: list[Listed] = []
    hidden: list[Hidden] = []
    for index in range(count):
        where = int(region[index] * len(REGIONS))
        numbers = 1 + (more[index] < nature.has_second) + (more[index] < nature.has_third)
        bucket = f"M{(int(days[index]) - 1) // 30 + 1}"
        cents = round(100.0 * nature.median_due * float(np.exp(nature.due_spread * due[index])))
        listed.append(
            Listed(
                index=index,
                region=REGIONS[where],
                bucket=bucket,
                grade=grades[index],
                days_past_due=int(days[index]),
                amount_due=Decimal(cents) / 100,
                numbers=int(numbers),
            )
        )
        lines = tuple(Line(_pick(LINES[rank], kind[index, rank])) for rank in range(int(numbers)))
        hidden.append(
            Hidden(
                habit=Habit(_pick(HABITS[where], habit[index])),
                temper=nature.temper * float(temper[index]),
                lines=lines,
                line_tempers=tuple(
                    nature.number_temper * float(kind_temper[index, rank]) for rank in range(len(lines))
                ),
                able=float(able[index]),
                willing=float(will[index]),
                cure_per_day=nature.self_cure_per_day
                * nature.bucket_cure[bucket]
                * float(np.exp(0.6 * able[index] + 0.5 * will[index])),
            )
        )
    return Population(listed=tuple(listed), truth=Truth(seed=seed, debtors=tuple(hidden)), groups=_lots(seed, accounts))


def _lots(seed: int, accounts: int) -> tuple[tuple[int, ...], ...]:
    """A permutation of everybody, cut in three; each part back in the order of the list."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, _LOTS])))
    order = rng.permutation(accounts * len(Group))
    return tuple(tuple(sorted(order[n * accounts : (n + 1) * accounts].tolist())) for n in range(len(Group)))


def _pick(shares: Sequence[float], chance: float) -> int:
    for index, share in enumerate(shares):
        chance -= share
        if chance < 0.0:
            return index
    return len(shares) - 1


def _grades(score: Floats) -> list[str]:
    """Fifths of the population, the best first."""
    edges = np.quantile(score, (0.8, 0.6, 0.4, 0.2))
    return [GRADES[int(np.count_nonzero(value < edges))] for value in score]
