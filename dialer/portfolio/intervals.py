"""Intervals and tails: how far a count may be from what is behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Z: Final = 1.959963984540054
"""Standard normal, 97.5 %: intervals hold 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share with its interval."""

    part: int
    whole: int
    ratio: float | None
    """None: of nothing."""
    low: float
    high: float


def rate(part: int, whole: int) -> Rate:
    """A share with Wilson's interval of 95 %.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927), 209-212.
    """
    if whole <= 0:
        return Rate(part=part, whole=whole, ratio=None, low=0.0, high=1.0)
    share = part / whole
    spread = Z * Z / whole
    middle = (share + spread / 2) / (1 + spread)
    half = Z * math.sqrt(share * (1 - share) / whole + spread / (4 * whole)) / (1 + spread)
    return Rate(part=part, whole=whole, ratio=share, low=max(0.0, middle - half), high=min(1.0, middle + half))


def poisson_interval(count: int) -> tuple[float, float]:
    """Where the mean behind a count is, 95 %, by Byar's approximation.

    Source: Breslow and Day, Statistical methods in cancer research II, IARC 1987, p. 69.
    """
    above = count + 1
    low = count * (1 - 1 / (9 * count) - Z / (3 * math.sqrt(count))) ** 3 if count else 0.0
    high = above * (1 - 1 / (9 * above) + Z / (3 * math.sqrt(above))) ** 3
    return max(0.0, low), high


def holm(chances: Sequence[float]) -> list[float]:
    """Adjust chances of false alarms for their number: a family's chance of even one stays what it is held against.

    Source: Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6 (1979), 65-70.
    """
    order = sorted(range(len(chances)), key=chances.__getitem__)
    adjusted = [1.0] * len(chances)
    highest = 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, chances[index] * (len(chances) - place)))
        adjusted[index] = highest
    return adjusted
