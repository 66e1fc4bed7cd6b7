"""How sure is a difference between two arms? Student's t about the paired jackknife over the seeds.

A pair is one seed in both arms: the same people, or two groups of them by lot. Each seed is left out in turn, whole;
what the others give tells how far a figure depends on the seeds. Of a plain mean the interval is the classical one.
Source: Tukey, Bias and confidence in not-quite large samples (1958); Efron and Tibshirani, An Introduction to the
Bootstrap (1993), chapter 11. It was chosen over bootstraps by A/A studies alone, in which nothing differs: with few
seeds those cover too seldom (`benchmarks.case_coverage`, docs/case.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dialer.sim.durations import Floats
from dialer.sim.many import interval

_NOTHING: Final = 1e-9
"""What is left of a difference of equal numbers, by rounding."""
FEWEST: Final = 2
"""Seeds; a single one tells nothing of how far off it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure over the seeds, with its 95 % interval."""

    value: float | None
    """None: it is a ratio to nothing, as of a baseline that recovered no more than those whom nobody called."""
    low: float | None
    """None: there were too few seeds, or without one of them it is a ratio to nothing. Likewise the next one."""
    high: float | None
    seeds: int

    def covers(self, value: float) -> bool:
        """Whether a value lies in the interval."""
        return self.low is not None and self.high is not None and self.low <= value <= self.high


Statistic = Callable[[Floats], Floats]
"""Of the means of some columns (ways to draw them x columns): one number for each way."""


def estimate(columns: Sequence[Sequence[float]], statistic: Statistic) -> Estimate:
    """A statistic of means over the seeds.

    Args:
        columns: one for each quantity, a number for each seed, in one order: pairs stay together.
        statistic: such as the ratio of two of them, less 1.
    """
    table = np.array(columns, dtype=np.float64).T
    seeds = len(table)
    value = float(statistic(table.mean(axis=0)[np.newaxis])[0])
    if seeds < FEWEST or not np.isfinite(value):
        return Estimate(value=value if np.isfinite(value) else None, low=None, high=None, seeds=seeds)
    without = statistic((table.sum(axis=0) - table) / (seeds - 1))
    if not np.isfinite(without).all():
        return Estimate(value=value, low=None, high=None, seeds=seeds)
    half = interval((seeds * value - (seeds - 1) * without).tolist()).half_width
    return Estimate(value=value, low=value - half, high=value + half, seeds=seeds)


def mean(columns: Floats) -> Floats:
    """Of the first column."""
    return columns[:, 0]


def difference(columns: Floats) -> Floats:
    """The second, less the first."""
    return np.asarray(columns[:, 1] - columns[:, 0])


def gain(columns: Floats) -> Floats:
    """The second over the first, less 1."""
    return _over(columns[:, 1], columns[:, 0])


def net(columns: Floats) -> Floats:
    """The first, less the second: what an arm recovered beyond those whom nobody called."""
    return np.asarray(columns[:, 0] - columns[:, 1])


def net_gain(columns: Floats) -> Floats:
    """The second over the first, each less the third, less 1."""
    base, arm, none = columns[:, 0], columns[:, 1], columns[:, 2]
    return _over(arm - none, base - none)


def _over(arm: Floats, base: Floats) -> Floats:
    """Relative to a base that is more than nothing; else not a number."""
    return np.divide(arm, base, out=np.full_like(arm, np.nan), where=base > _NOTHING) - 1.0
