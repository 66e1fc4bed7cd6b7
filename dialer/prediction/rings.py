"""How calls stop ringing: a race between "a person answers" and "it ends otherwise", told apart by age.

A placed call is one that a person will answer, or one that nobody will; which, nobody knows. Both kinds dial for a
while, mostly ring for a while, and end, each with its own spread of times. The age of a call therefore tells how
likely it is to be of the first kind (Bayes), and how soon it would be answered.

The share of the first kind drifts over a day and jumps with the list. It is kept over several memories; a long
memory that a shorter one contradicts is overwritten by it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from dialer.prediction.moments import AHEAD_S, Floats, Indexes
from dialer.prediction.reading import number, row

BIN_S: Final = 0.5
BINS: Final = 128
"""Ages of 64 s and more share the last bin."""
MEMORIES: Final = (64.0, 200.0, 400.0, 800.0, 1600.0, 3200.0)
"""Calls over which the answer ratio is averaged; see `RingModel.answer_ratio`."""
USUAL_MEMORY: Final = 400.0
CONTRADICTION_SIGMAS: Final = 3.2
PRIOR_CALLS: Final = 12.0
FORGET_RINGS: Final = 4000.0
"""Past so many observations a histogram is halved, so that last week fades."""
SURE: Final = 0.999
"""No list answers more readily."""
NEVER: Final = 1e-6
"""Stands for a chance of nothing where one is divided by."""

_JUDGES: Final = tuple(
    tuple(sorted({1, spot - 1})) if spot > 1 else tuple(range(spot)) for spot in range(len(MEMORIES))
)
"""For each memory: the shorter ones that may contradict it; the shortest knows too few answers to judge long ones."""
_AHEAD_BINS: Indexes = (AHEAD_S / BIN_S).astype(np.int64)
_AGES: Indexes = np.arange(BINS)
_THEN: Indexes = np.minimum(_AGES[:, None] + _AHEAD_BINS, BINS)
_REACH = BINS + int(_AHEAD_BINS[-1])
_SINCE: Indexes = np.arange(_REACH)[:, None] - _AGES[None, :]
"""Ages since placing x bins in which the ringing began: bins of ringing."""
_HISTOGRAMS: Final = ("began", "answered", "otherwise", "answered_unrung", "ended_unrung")


@dataclass(frozen=True, slots=True)
class RingTables:
    """By age, first of calls that still dial and then of those that ring: 2 x `BINS` rows."""

    answered_by: Floats
    """Ages x moments: the chance that a call which a person will answer has been answered."""
    kept: Floats
    """Ages: the chance that such a call is in that state and of that age or more."""
    others_kept: Floats
    """Likewise for a call that nobody will answer."""


class RingModel:
    """Learns from every call that stops ringing."""

    def __init__(self, answer_ratio: float) -> None:
        """Begin with a plausible network and an answer ratio (0..1), worth `PRIOR_CALLS` calls."""
        self.began = _bell(median_s=2.5, sigma=0.6, weight=8.0)
        self.answered = _bell(median_s=10.0, sigma=0.5, weight=PRIOR_CALLS)
        self.otherwise = _bell(median_s=22.0, sigma=0.25, weight=PRIOR_CALLS)
        self.answered_unrung = _bell(median_s=12.5, sigma=0.45, weight=0.2)
        self.ended_unrung = _bell(median_s=2.5, sigma=0.6, weight=2.0)
        ratio = min(max(answer_ratio, 0.01), 0.99)
        self.answer_sums = [PRIOR_CALLS * ratio] * len(MEMORIES)
        self.call_sums = [PRIOR_CALLS] * len(MEMORIES)
        self.count = 0
        """Calls observed, never forgotten; the prior is not among them."""

    def observe(self, *, dialled_s: float, rang_s: float | None, answered: bool) -> None:
        """A call stopped ringing; tell it at that moment, or the answered ones are learned too late.

        Args:
            dialled_s: from placing it to the ringing, or to the end if it never rang.
            rang_s: from the ringing to the end; None: it never rang.
            answered: by a person; False: busy, no answer, failed, or a machine.
        """
        rung, unrung = (self.answered, self.answered_unrung) if answered else (self.otherwise, self.ended_unrung)
        if rang_s is None:
            unrung[_bin(dialled_s)] += 1.0
        else:
            self.began[_bin(dialled_s)] += 1.0
            rung[_bin(rang_s)] += 1.0
        # Together: their sums say how many calls ever ring.
        _fade(rung, unrung)
        _fade(self.began)
        self._remember(answered)
        self.count += 1

    def observe_cut(self, *, dialled_s: float, rang_s: float, odds: float = 1.0) -> float:
        """We gave up a call that rang, before anybody answered: how it would have gone on is not known.

        It counts for both kinds, in proportion to what is believed of a call that rings on, and so changes nothing of
        what is believed of ringing beyond this age. As a call without an answer it would teach that rings end here.

        Args:
            dialled_s: from placing it to the ringing.
            rang_s: from the ringing to when we gave it up.
            odds: the factor on the odds of an answer that this call had; see `dialer.prediction.odds`.

        Returns:
            The chance (0..1) that a person would have answered.
        """
        since, ratio = _bin(rang_s), self.answer_ratio(USUAL_MEMORY)
        answered = odds * ratio * _part_after(since, self.answered, self.answered_unrung)
        otherwise = (1.0 - ratio) * _part_after(since, self.otherwise, self.ended_unrung)
        chance = answered / max(answered + otherwise, NEVER * NEVER)
        self.began[_bin(dialled_s)] += 1.0
        _add_after(since, self.answered, chance)
        _add_after(since, self.otherwise, 1.0 - chance)
        _fade(self.answered, self.answered_unrung)
        _fade(self.otherwise, self.ended_unrung)
        _fade(self.began)
        self._remember(chance)
        self.count += 1
        return chance

    def answer_ratio(self, memory: float) -> float:
        """The chance that a person answers, over about the last `memory` calls."""
        for size, answers, calls in zip(MEMORIES, self.answer_sums, self.call_sums, strict=True):
            if size >= memory:
                return min(answers / calls, SURE)
        return min(self.answer_sums[-1] / self.call_sums[-1], SURE)

    def doubt(self, memory: float) -> float:
        """The relative variance of `answer_ratio`, as if the calls of its memory were all that is known."""
        spot = next((spot for spot, size in enumerate(MEMORIES) if size >= memory), len(MEMORIES) - 1)
        calls = self.call_sums[spot]
        ratio = max(min(self.answer_sums[spot] / calls, SURE), 0.5 / calls)
        # A full memory of fading weights is worth twice its sum in calls of equal weight; a young one its sum.
        return (1.0 - ratio) / (ratio * calls * (1.0 + calls / MEMORIES[spot]))

    def mean_s(self) -> float:
        """How long a call is in the air, on average."""
        centres = (_AGES + 0.5) * BIN_S
        ratio = self.answer_ratio(USUAL_MEMORY)
        dialled_s = float(self.began @ centres / self.began.sum())
        kinds = ((ratio, self.answered, self.answered_unrung), (1.0 - ratio, self.otherwise, self.ended_unrung))
        return sum(
            share * float(rung.sum() * dialled_s + rung @ centres + unrung @ centres) / float(rung.sum() + unrung.sum())
            for share, rung, unrung in kinds
        )

    def tables(self) -> RingTables:
        """What the histograms say now."""
        began, answered, otherwise = _cumulative(self.began), _cumulative(self.answered), _cumulative(self.otherwise)
        silent, ended = _cumulative(self.answered_unrung), _cumulative(self.ended_unrung)
        will_ring = float(self.answered.sum() / (self.answered.sum() + self.answered_unrung.sum()))
        others_ring = float(self.otherwise.sum() / (self.otherwise.sum() + self.ended_unrung.sum()))
        dials = will_ring * (1.0 - began[:-1]) + (1.0 - will_ring) * (1.0 - silent[:-1])
        rings = 1.0 - answered[:-1]
        answered_dialling = will_ring * _through_ringing(np.diff(began), answered) + (1.0 - will_ring) * _gained(silent)
        return RingTables(
            answered_by=np.minimum(
                np.concatenate(
                    (
                        answered_dialling / np.maximum(dials, NEVER)[:, None],
                        _gained(answered) / np.maximum(rings, NEVER)[:, None],
                    )
                ),
                1.0,
            ),
            kept=np.maximum(np.concatenate((dials, will_ring * rings)), NEVER),
            others_kept=np.maximum(
                np.concatenate(
                    (
                        others_ring * (1.0 - began[:-1]) + (1.0 - others_ring) * (1.0 - ended[:-1]),
                        others_ring * (1.0 - otherwise[:-1]),
                    )
                ),
                NEVER,
            ),
        )

    def as_dict(self) -> dict[str, object]:
        """Plain lists and numbers, for a JSON snapshot."""
        histograms = {name: getattr(self, name).tolist() for name in _HISTOGRAMS}
        return histograms | {"answer_sums": [*self.answer_sums], "call_sums": [*self.call_sums], "count": self.count}

    def restore(self, snapshot: Mapping[str, object]) -> None:
        """Take up what `as_dict` gave.

        Raises:
            ValueError: a part is missing, no number, or of another length than this version keeps.
        """
        histograms = {name: row(snapshot, name, BINS) for name in _HISTOGRAMS}
        for name, weights in histograms.items():
            if name not in ("answered_unrung", "ended_unrung") and not weights.sum() > 0.0:
                raise ValueError(f"the snapshot of the estimates has nothing at {name}; start from Estimates.initial")
        answers, calls = row(snapshot, "answer_sums", len(MEMORIES)), row(snapshot, "call_sums", len(MEMORIES))
        if not ((answers <= calls) & (calls > 0.0)).all():
            raise ValueError("the snapshot of the estimates has more answers than calls; start from Estimates.initial")
        count = int(number(snapshot, "count"))
        for name, weights in histograms.items():
            setattr(self, name, weights)
        self.answer_sums, self.call_sums, self.count = answers.tolist(), calls.tolist(), count

    def _remember(self, answered: float) -> None:
        """A call more in every memory, answered with this chance; one that a shorter one contradicts is overwritten."""
        answers, calls = self.answer_sums, self.call_sums
        for spot, memory in enumerate(MEMORIES):
            keep = 1.0 - 1.0 / memory
            answers[spot] = keep * answers[spot] + answered
            calls[spot] = keep * calls[spot] + 1.0
            ratio = answers[spot] / calls[spot]
            for shorter in _JUDGES[spot]:
                if _contradicted(ratio, answers[shorter] / calls[shorter], calls[shorter]):
                    answers[spot], calls[spot] = answers[shorter], calls[shorter]
                    break


def _through_ringing(begins: Floats, answered: Floats) -> Floats:
    """Ages x moments: it begins to ring past this age and is answered by the moment."""
    by_age = np.concatenate((answered, np.full(_REACH - BINS - 1, answered[-1])))
    by = begins * np.where(_SINCE >= 0, by_age[np.maximum(_SINCE, 0)], 0.0)
    later = np.cumsum(by[:, ::-1], axis=1)[:, ::-1]
    then = np.minimum(_AGES[:, None] + _AHEAD_BINS, _REACH - 1)
    return np.asarray(later[then, _AGES[:, None]])


def _gained(cumulative: Floats) -> Floats:
    """Ages x moments: the part that comes between."""
    return np.asarray(cumulative[_THEN] - cumulative[:BINS, None])


def _bell(*, median_s: float, sigma: float, weight: float) -> Floats:
    """A lognormal shape of a total weight."""
    centres = (_AGES + 0.5) * BIN_S
    heights = np.exp(-0.5 * (np.log(centres / median_s) / sigma) ** 2) / centres
    return np.asarray(weight * heights / heights.sum())


def _bin(seconds: float) -> int:
    return max(0, min(int(seconds / BIN_S), BINS - 1))


def _fade(*histograms: Floats) -> None:
    if sum(float(weights.sum()) for weights in histograms) > FORGET_RINGS:
        for weights in histograms:
            weights *= 0.5


def _part_after(since: int, rung: Floats, unrung: Floats) -> float:
    """The part of the calls of a kind that come to ring until a bin."""
    return float(rung[since:].sum() / (rung.sum() + unrung.sum()))


def _add_after(since: int, weights: Floats, weight: float) -> None:
    """A weight more from a bin on, spread as the weights there are."""
    after = weights[since:]
    total = float(after.sum())
    if total > NEVER:
        after *= 1.0 + weight / total
    else:
        after[0] += weight


def _cumulative(weights: Floats) -> Floats:
    sums = np.concatenate(([0.0], np.cumsum(weights)))
    return np.asarray(sums / sums[-1])


def _contradicted(long_ratio: float, short_ratio: float, short_calls: float) -> bool:
    deviation = math.sqrt(max(long_ratio * (1.0 - long_ratio), 0.01) / short_calls)
    return abs(short_ratio - long_ratio) > CONTRADICTION_SIGMAS * deviation
