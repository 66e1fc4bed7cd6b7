from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.optimal_pacing import (
    Floor,
    Indexes,
    Point,
    States,
    compare,
    occupancy_at,
    optimal_control,
    outcome,
    price_control,
    risk_of_one_more,
)

ONE_AGENT = Floor(agents=1, answer_ratio=0.5, busy_s=100.0, ring_s=10.0, most_calls=8)
ONE_AGENT_OF_EVEN_RINGS = Floor(agents=1, answer_ratio=0.5, busy_s=100.0, ring_s=10.0, most_calls=3, stages=3)
THREE = Floor(agents=3, answer_ratio=0.3, most_calls=14)
THREE_OF_EVEN_RINGS = Floor(agents=3, answer_ratio=0.3, most_calls=10, stages=3)


def by_price(states: States, price: float) -> Indexes:
    return price_control(states, risk_of_one_more(states), price)


def calls_placed_on_a_quiet_floor(states: States, control: Indexes) -> list[int]:
    """By the number of busy agents, nobody being called."""
    return [int(states.total[column]) for column in control[:, 0]]


@pytest.mark.parametrize("floor", [ONE_AGENT, ONE_AGENT_OF_EVEN_RINGS])
def test_one_agent_and_one_call_at_a_time_alternate_between_ringing_and_talking(floor: Floor) -> None:
    # Two calls of 10 s each until somebody answers, then 100 s of talk: a renewal process, however even the rings.
    states = States(floor)
    found = outcome(states, by_price(states, 0.0))
    assert found.occupancy == pytest.approx(100.0 / 120.0)
    assert found.lost_ratio == pytest.approx(0.0, abs=1e-12)


def test_one_call_beside_a_busy_agent_is_lost_if_it_is_answered_before_the_talk_ends() -> None:
    # One stage: of two exponential times, the ring (1/10 s) is the first with 0.1 / (0.1 + 0.01).
    assert risk_of_one_more(States(ONE_AGENT))[1, 0] == pytest.approx(0.1 / 0.11)
    # Three stages of 1/3.33 s each: all three before the talk ends.
    assert risk_of_one_more(States(ONE_AGENT_OF_EVEN_RINGS))[1, 0] == pytest.approx((0.3 / 0.31) ** 3)


@pytest.mark.parametrize("floor", [THREE, THREE_OF_EVEN_RINGS])
def test_a_price_of_nothing_is_progressive_and_a_dearer_one_keeps_more_calls_in_the_air(floor: Floor) -> None:
    states = States(floor)
    assert calls_placed_on_a_quiet_floor(states, by_price(states, 0.0)) == [3, 2, 1, 0]
    cheap, dear = states.total[by_price(states, 0.01)], states.total[by_price(states, 0.1)]
    assert (cheap <= dear).all()
    assert (cheap < dear).any()


@pytest.mark.parametrize("floor", [THREE, THREE_OF_EVEN_RINGS])
@pytest.mark.parametrize("fine_s", [10.0, 60.0, 300.0])
def test_no_price_beats_the_control_that_value_iteration_finds(floor: Floor, fine_s: float) -> None:
    states = States(floor)

    def gain(control: Indexes) -> float:
        found = outcome(states, control)
        lost_per_s = found.occupancy * floor.agents / floor.busy_s * found.lost_ratio / (1.0 - found.lost_ratio)
        return found.occupancy * floor.agents - fine_s * lost_per_s

    most = gain(optimal_control(states, fine_s)[0])
    assert all(gain(by_price(states, price)) <= most + 1e-3 for price in (0.001, 0.01, 0.03, 0.06, 0.12, 0.25))


def test_a_lost_call_that_costs_nothing_is_no_reason_not_to_call_while_one_that_costs_a_lot_is() -> None:
    states = States(THREE)
    eager, _ = optimal_control(states, 0.0)
    wary, _ = optimal_control(states, 1e5)
    assert calls_placed_on_a_quiet_floor(states, eager)[:3] == [14, 14, 14]
    assert calls_placed_on_a_quiet_floor(states, wary) == [3, 2, 1, 0]


@pytest.mark.parametrize("floor", [THREE, THREE_OF_EVEN_RINGS])
def test_the_price_rule_is_within_a_fifth_of_a_point_of_the_optimum(floor: Floor) -> None:
    assert all(-0.02 <= one.points_short < 0.2 for one in compare(floor))


def test_a_floor_whose_limit_of_calls_hinders_its_controls_is_refused() -> None:
    with pytest.raises(ValueError, match="most_calls, so that it hinders"):
        list(compare(replace(THREE, most_calls=6)))


def test_every_way_to_place_calls_in_stages_is_a_state() -> None:
    states = States(THREE_OF_EVEN_RINGS)
    assert states.shape == (4, 286)  # 13 over 3
    assert sorted(map(tuple, states.calls.tolist())) == sorted(set(map(tuple, states.calls.tolist())))
    assert [int(states.total[columns][0]) for columns in states.by_total] == list(range(11))
    assert np.bincount(states.total).tolist() == [columns.stop - columns.start for columns in states.by_total]


def test_a_frontier_is_read_straight_between_its_points() -> None:
    points = [Point(occupancy=0.9, lost_ratio=0.04, calls=3), Point(occupancy=0.8, lost_ratio=0.02, calls=2)]
    assert occupancy_at(points, 0.03) == pytest.approx(0.85)
