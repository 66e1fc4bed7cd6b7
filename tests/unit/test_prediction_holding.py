from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from dialer.prediction.holding import fruitless
from dialer.prediction.moments import Floats
from dialer.prediction.rings import RingModel

TIMEOUT_S = 40.0
AGES_S = np.arange(0.25, TIMEOUT_S, 0.5)


@dataclass(frozen=True)
class Network:
    """Calls that all dial for 2 s and then ring."""

    answered_s: Floats
    """How long people take."""
    others_s: Floats

    def learned(self) -> RingModel:
        ring = RingModel(0.3)
        ends = [(float(one), True) for one in self.answered_s] + [(float(one), False) for one in self.others_s]
        for number in np.random.default_rng(1).permutation(len(ends)):
            rang_s, answered = ends[number]
            ring.observe(dialled_s=2.0, rang_s=rang_s, answered=answered)
        return ring

    def answers_per_s(self, cut_s: float) -> float:
        """Of a channel, if each call is given up after so much ringing."""
        rings_s = np.concatenate((self.answered_s, self.others_s))
        return float((self.answered_s <= cut_s).sum() / (2.0 + np.minimum(rings_s, cut_s)).sum())


def network(answered_s: Floats, ratio: float, low_s: float, high_s: float) -> Network:
    others = round(len(answered_s) * (1.0 - ratio) / ratio)
    return Network(answered_s, np.random.default_rng(3).uniform(low_s, high_s, others))


def first_fruitless_s(ring: RingModel) -> float:
    """When a call that rings on is given up."""
    hopeless = fruitless(ring, list(AGES_S), TIMEOUT_S)
    return float(AGES_S[hopeless.index(True)]) if any(hopeless) else TIMEOUT_S


RNG = np.random.default_rng(2)
SOON, LATE = RNG.lognormal(np.log(9.0), 0.35, 600), RNG.uniform(30.0, 33.0, 600)


@pytest.mark.parametrize(
    "one",
    [
        network(SOON, 0.1, 25.0, 38.0),
        network(SOON, 0.5, 25.0, 38.0),
        network(SOON, 0.1, 1.0, 12.0),
        network(np.concatenate((SOON, LATE)), 0.6, 34.0, 38.0),
        network(np.concatenate((SOON, LATE[:60])), 0.2, 34.0, 38.0),
    ],
    ids=["few answer", "many answer", "the others end early", "many answer late", "few answer late"],
)
def test_giving_up_fruitless_calls_brings_about_as_many_answers_as_the_best_age_to_give_up_at(one: Network) -> None:
    best = max(one.answers_per_s(cut_s) for cut_s in AGES_S)
    assert one.answers_per_s(first_fruitless_s(one.learned())) > 0.97 * best


def test_giving_up_calls_that_rang_long_pays_where_the_others_ring_long() -> None:
    one = network(SOON, 0.1, 25.0, 38.0)
    assert one.answers_per_s(first_fruitless_s(one.learned())) > 1.3 * one.answers_per_s(TIMEOUT_S)


def test_calls_are_kept_through_a_silence_after_which_many_answer() -> None:
    many, few = network(np.concatenate((SOON, LATE)), 0.6, 34.0, 38.0), network(SOON, 0.3, 34.0, 38.0)
    assert fruitless(many.learned(), [24.0], TIMEOUT_S) == [False]
    assert fruitless(few.learned(), [24.0], TIMEOUT_S) == [True]


def test_answers_after_the_ring_timeout_are_not_waited_for() -> None:
    ring = network(np.concatenate((SOON, LATE)), 0.6, 34.0, 38.0).learned()
    assert fruitless(ring, [24.0], 28.0) == [True]


def test_where_ringing_is_never_told_nothing_is_fruitless_past_what_is_known() -> None:
    ring = RingModel(0.2)
    for number in range(500):
        ring.observe(dialled_s=12.0 if number % 5 else 9.0, rang_s=None, answered=number % 5 == 0)
    assert fruitless(ring, [63.0, 500.0], 600.0) == [False, False]
