"""One number for each question: common random numbers, whoever asks, in whatever order.

A question is a tuple of whole numbers, such as (seed, stream, debtor, day, hour). Arms that dial the same number in
the same hour get the same answer, and a conversation that is a debtor's second goes as their second would in any arm.

Source: splitmix64, Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators (2014), its finalizer.
"""

from __future__ import annotations

import math
from enum import IntEnum
from statistics import NormalDist
from typing import Final

_MASK: Final = (1 << 64) - 1
_GAMMA: Final = 0x9E3779B97F4A7C15
_SCALE: Final = 2.0**-53
_NORMAL: Final = NormalDist()


class Stream(IntEnum):
    """What is asked; the numbers stay, or every result changes."""

    ANSWER = 1
    WHO = 2
    WHY_NOT = 3
    DELAY = 4
    RING = 5
    TALK = 6
    WRAP_UP = 7
    SAYS = 8
    PROMISE = 9
    KEPT = 10
    NUDGED = 11
    DAYS = 12
    SHARE = 13
    SELF_CURE = 14
    LOOK_UP = 15
    LOG = 16
    DEAD = 17


def uniform(*question: int) -> float:
    """A number in (0, 1), the same for the same question."""
    state = 0
    for part in question:
        state = (state + _GAMMA + (part & _MASK)) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return ((state >> 11) + 0.5) * _SCALE


def normal(*question: int) -> float:
    """A standard normal number, the same for the same question."""
    return _NORMAL.inv_cdf(uniform(*question))


def lognormal(mean_s: float, cv: float, *question: int) -> float:
    """A duration.

    Args:
        mean_s: 0 gives 0.
        cv: standard deviation over mean.
        question: as for `uniform`.
    """
    if mean_s <= 0.0:
        return 0.0
    variance = math.log1p(cv * cv)
    return mean_s * math.exp(math.sqrt(variance) * normal(*question) - 0.5 * variance)


def logistic(log_odds: float) -> float:
    """A chance out of log-odds."""
    return 1.0 / (1.0 + math.exp(-log_odds))
