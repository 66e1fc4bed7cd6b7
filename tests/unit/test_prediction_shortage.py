from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from dialer.prediction.moments import Floats
from dialer.prediction.shortage import EXACT_EVENTS, Shortage


def brute_force(free: int, asked: list[float], freed: list[float]) -> float:
    """P(every agent is taken), from all cases."""
    taken = 0.0
    for case in product((0, 1), repeat=len(asked) + len(freed)):
        weight = float(np.prod([p if yes else 1.0 - p for p, yes in zip((*asked, *freed), case, strict=True)]))
        taken += weight * (sum(case[: len(asked)]) - sum(case[len(asked) :]) >= free)
    return taken


def convolved(free: int, asked: Floats, freed: Floats) -> float:
    """P(every agent is taken), by convolution; an agent who does not come free is one asked for."""
    law = np.ones(1)
    for chance in (*asked, *(1.0 - freed)):
        law = np.convolve(law, (1.0 - chance, chance))
    return float(law[max(free + len(freed), 0) :].sum())


def none_free(free: int, asked: Floats, freed: Floats, newcomer: float, more: int) -> float:
    shortage = Shortage(free=free, asked=asked[:, None], freed=freed[:, None], newcomer=np.array([newcomer]))
    return float(shortage.none_free(more, more)[0, 0])


# --- few events: exact ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("free", [-3, -1, 0, 1, 2, 5, 11])
@pytest.mark.parametrize(("calls", "agents"), [(4, 3), (0, 3), (4, 0), (0, 0)])
def test_few_calls_and_agents_are_weighed_exactly(free: int, calls: int, agents: int) -> None:
    asked, freed = np.array([0.1, 0.35, 0.8, 0.5])[:calls], np.array([0.05, 0.6, 0.33])[:agents]
    for more in range(6):
        by_cases = brute_force(free, [*asked, *[0.27] * more], [*freed])
        assert none_free(free, asked, freed, 0.27, more) == pytest.approx(by_cases, abs=1e-12)


def test_several_numbers_of_calls_at_several_moments_are_each_weighed_alone() -> None:
    rng = np.random.default_rng(1)
    asked, freed, newcomer = rng.random((5, 3)), rng.random((4, 3)), rng.random(3)
    shortage = Shortage(free=1, asked=asked, freed=freed, newcomer=newcomer)
    found = shortage.none_free(2, 6)
    assert found.shape == (5, 3)
    for more in range(2, 7):
        for moment in range(3):
            by_cases = brute_force(1, [*asked[:, moment], *[newcomer[moment]] * more], [*freed[:, moment]])
            assert found[more - 2, moment] == pytest.approx(by_cases, abs=1e-12)


def test_as_many_events_as_are_weighed_exactly_agree_with_a_convolution() -> None:
    rng = np.random.default_rng(2)
    for calls in range(EXACT_EVENTS + 1):
        asked, freed = rng.random(calls), rng.random(EXACT_EVENTS - calls)
        for free in (-2, 0, 3, 9):
            for more in (0, 1, 40, 300):
                exact = convolved(free, np.append(asked, np.full(more, 0.21)), freed)
                assert none_free(free, asked, freed, 0.21, more) == pytest.approx(exact, abs=1e-10)


def test_certain_events_are_only_counted() -> None:
    yes, no = np.ones(6), np.zeros(6)
    assert none_free(6, yes, no, 0.0, 3) == pytest.approx(1.0)
    assert none_free(7, yes, no, 0.0, 3) == pytest.approx(0.0, abs=1e-12)
    assert none_free(7, yes, no, 1.0, 1) == pytest.approx(1.0)
    assert none_free(0, yes, yes, 0.0, 0) == pytest.approx(1.0)
    assert none_free(1, yes, yes, 0.0, 0) == pytest.approx(0.0, abs=1e-12)


# --- many events: the normal law with corrections ------------------------------------------------------------------


def worst_error(lowest: float, highest: float, seed: int) -> float:
    """Over random floors of 40 to 200 calls and agents."""
    rng = np.random.default_rng(seed)
    worst = 0.0
    for _ in range(400):
        events, more, newcomer = int(rng.integers(40, 201)), int(rng.integers(0, 20)), float(rng.uniform(0.02, 0.5))
        calls = int(rng.integers(0, events + 1))
        asked, freed = rng.uniform(lowest, highest, calls), rng.uniform(lowest, highest, events - calls)
        everything = np.append(asked, np.full(more, newcomer))
        sigma = np.sqrt((everything * (1.0 - everything)).sum() + (freed * (1.0 - freed)).sum())
        free = round(everything.sum() - freed.sum() + float(rng.uniform(-3.0, 4.0)) * sigma)
        exact = convolved(free, everything, freed)
        worst = max(worst, abs(none_free(free, asked, freed, newcomer, more) - exact))
    return worst


@pytest.mark.parametrize(
    ("lowest", "highest", "bound"), [(0.0, 1.0, 0.003), (0.02, 0.5, 0.003), (0.0, 0.1, 0.01), (0.0, 0.02, 0.06)]
)
def test_many_calls_and_agents_are_weighed_nearly_as_a_convolution_would(
    lowest: float, highest: float, bound: float
) -> None:
    assert worst_error(lowest, highest, seed=3) < bound


@pytest.mark.parametrize("unlikely", [0.0, 1e-6, 1e-3])
def test_many_events_that_never_happen_do_no_harm(unlikely: float) -> None:
    nothing = np.full(60, unlikely)
    assert none_free(1, nothing, nothing, 0.2, 0) < 0.07
    assert none_free(0, nothing, nothing, 0.2, 0) > 0.9
    assert none_free(0, nothing, 1.0 - nothing, 0.2, 0) < 0.01
    for more in (1, 4):
        exact = convolved(2, np.append(nothing, np.full(more, 0.2)), nothing)
        assert none_free(2, nothing, nothing, 0.2, more) == pytest.approx(exact, abs=0.05)


def test_a_further_call_never_makes_a_shortage_less_likely() -> None:
    rng = np.random.default_rng(4)
    for events in (10, 28, 29, 80, 200):
        asked, freed = rng.uniform(0.01, 0.4, (events // 2, 5)), rng.uniform(0.01, 0.6, (events - events // 2, 5))
        for free in (-2, 0, 4, 15):
            shortage = Shortage(free=free, asked=asked, freed=freed, newcomer=rng.uniform(0.01, 0.4, 5))
            assert (np.diff(shortage.none_free(0, 60), axis=0) > -1e-4).all()


def test_chances_stay_within_zero_and_one() -> None:
    rng = np.random.default_rng(5)
    for events in (3, 28, 29, 150):
        asked, freed = rng.random((events, 4)) ** 4, rng.random((events // 2, 4)) ** 4
        for free in (-40, 0, 40):
            found = Shortage(free=free, asked=asked, freed=freed, newcomer=rng.random(4)).none_free(0, 30)
            assert np.isfinite(found).all() and (found >= 0.0).all() and (found <= 1.0).all()


# --- doubt ----------------------------------------------------------------------------------------------------------


def test_chances_that_may_all_be_wrong_alike_make_a_shortage_likelier_and_fewer_calls_wise() -> None:
    rng = np.random.default_rng(7)
    asked, freed, newcomer = np.full((400, 1), 0.2), np.full((30, 1), 0.3), np.array([0.2])
    cv = 0.2
    sure = Shortage(free=100, asked=asked, freed=freed, newcomer=newcomer)
    unsure = Shortage(free=100, asked=asked, freed=freed, newcomer=newcomer, doubt=cv * cv)
    more = 30
    drawn = np.maximum(rng.normal(1.0, cv, size=60_000), 0.0)
    calls = rng.binomial(400 + more, np.minimum(0.2 * drawn, 1.0))
    seen = float((calls - rng.binomial(30, 0.3, size=60_000) >= 100).mean())
    assert float(unsure.none_free(more, more)[0, 0]) == pytest.approx(seen, abs=0.01)
    assert float(sure.none_free(more, more)[0, 0]) < 0.5 * seen


def test_without_calls_in_the_air_or_to_come_there_is_nothing_to_doubt() -> None:
    freed = np.full((40, 1), 0.3)
    one, other = (
        Shortage(free=2, asked=np.zeros((0, 1)), freed=freed, newcomer=np.array([0.2]), doubt=doubt)
        for doubt in (0.0, 0.5)
    )
    assert one.none_free(0, 0) == pytest.approx(other.none_free(0, 0))
