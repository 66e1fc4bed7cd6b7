"""Whether a call that rings is worth the channel it holds, when channels are what is short.

A channel brings answers at a rate: those of a fresh call, over the seconds that it is in the air, if it is given up at
the best age that the law allows. A call that rings is given up when it would bring fewer for the seconds it goes on
holding its channel, however long it were kept: to the end, or only three seconds more. That is the marginal value
theorem of a forager who leaves a patch.
How long an answered call then talks does not count: each answer costs the channel as much, whichever call it comes of.
Source: Charnov, Optimal Foraging, the Marginal Value Theorem (1976).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dialer.prediction.moments import Floats
from dialer.prediction.rings import BIN_S, BINS, USUAL_MEMORY, RingModel


def fruitless(
    ring: RingModel, rang_s: Sequence[float], ring_timeout_s: float, *, min_ring_s: float = 0.0
) -> list[bool]:
    """Whether calls that ring bring fewer answers for each second of their channel than fresh ones in their place.

    Args:
        ring: what has been learned of how calls ring out.
        rang_s: how long each has been ringing.
        ring_timeout_s: they are given up then at the latest.
        min_ring_s: they may be given up then at the earliest.
    """
    bins = max(1, min(math.ceil(ring_timeout_s / BIN_S), BINS - 1))
    ratio = ring.answer_ratio(USUAL_MEMORY)
    to_answer = ratio * _ringing(ring.answered, ring.answered_unrung)
    ringing = to_answer + (1.0 - ratio) * _ringing(ring.otherwise, ring.ended_unrung)
    held_s = np.concatenate(([0.0], np.cumsum(0.5 * BIN_S * (ringing[:-1] + ringing[1:]))))
    dialled_s = ring.mean_s() - held_s[-1]
    legal = slice(min(math.ceil(min_ring_s / BIN_S), bins), bins + 1)
    best_per_s = float(((ratio - to_answer[legal]) / (dialled_s + held_s[legal])).max())
    # Kept from one age to another, calls bring what falls off `to_answer` and cost what their channel would bring in
    # the seconds that they hold it: they pay if the sum of both falls.
    left = (to_answer + best_per_s * held_s)[: bins + 1]
    best_later = np.minimum.accumulate(left[::-1])[::-1]
    hopeless = np.append(left[:-1] < best_later[1:], False)
    return [bool(hopeless[min(int(since_s / BIN_S), bins)]) for since_s in rang_s]


def _ringing(rung: Floats, unrung: Floats) -> Floats:
    """By age of the ringing, at the edges of the bins: the chance that a call of a kind comes to ring that long."""
    longer = np.append(np.cumsum(rung[::-1])[::-1], 0.0)
    return np.asarray(longer / (rung.sum() + unrung.sum()))
