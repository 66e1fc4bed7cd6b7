"""How sure is a difference between two arms? The paired bootstrap over the seeds.

A pair is one seed in both arms: the same people, or two groups of them by lot. Whole pairs are drawn again with
replacement, and the middle 95 % of what they give is the interval.
Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13 (percentile intervals).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from dialer.sim.durations import Floats

RESAMPLES: Final = 4000
_SEED: Final = 20260310
FEWEST: Final = 2
"""Seeds; a single one tells nothing of how far off it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure over the seeds, with its 95 % interval."""

    value: float | None
    """None: it is a ratio to nothing, as of a baseline that recovered no more than those whom nobody called."""
    low: float | None
    """None: there were too few seeds, or some draws of them are ratios to nothing. Likewise the next one."""
    high: float | None
    seeds: int

    def covers(self, value: float) -> bool:
        """Whether a value lies in the interval."""
        return self.low is not None and self.high is not None and self.low <= value <= self.high


Statistic = Callable[[Floats], Floats]
"""Of the means of some columns (resamples x columns): one number for each resample."""


def estimate(columns: Sequence[Sequence[float]], statistic: Statistic) -> Estimate:
    """A statistic of means over the seeds.

    Args:
        columns: one for each quantity, a number for each seed, in one order: pairs stay together.
        statistic: such as the ratio of two of them, less 1.
    """
    table = np.array(columns, dtype=np.float64).T
    value = float(statistic(table.mean(axis=0)[np.newaxis])[0])
    known = value if np.isfinite(value) else None
    drawn = statistic(table[_draws(len(table))].mean(axis=1))
    if len(table) < FEWEST or not np.isfinite(drawn).all():
        return Estimate(value=known, low=None, high=None, seeds=len(table))
    low, high = np.quantile(drawn, (0.025, 0.975)).tolist()
    return Estimate(value=known, low=low, high=high, seeds=len(table))


@lru_cache(maxsize=64)
def _draws(seeds: int) -> npt.NDArray[np.int64]:
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([_SEED, seeds])))
    return rng.integers(0, seeds, (RESAMPLES, seeds))


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
    return np.divide(arm, base, out=np.full_like(arm, np.nan), where=base > 0.0) - 1.0
