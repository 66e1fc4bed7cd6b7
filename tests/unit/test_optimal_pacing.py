from __future__ import annotations

import pytest

from benchmarks.optimal_pacing import Floor, Point, compare, occupancy_at, optimal_control, outcome, price_control

ONE_AGENT = Floor(agents=1, answer_ratio=0.5, busy_s=100.0, ring_s=10.0, most_calls=8)
THREE = Floor(agents=3, answer_ratio=0.3, most_calls=24)


def test_one_agent_and_one_call_at_a_time_alternate_between_ringing_and_talking() -> None:
    # Two calls of 10 s each until somebody answers, then 100 s of talk: a renewal process.
    found = outcome(ONE_AGENT, [1, 0])
    assert found.occupancy == pytest.approx(100.0 / 120.0)
    assert found.lost_ratio == 0.0


def test_a_price_of_nothing_is_progressive_and_a_dearer_one_keeps_more_calls_in_the_air() -> None:
    assert price_control(THREE, 0.0) == [3, 2, 1, 0]
    assert all(few <= many for few, many in zip(price_control(THREE, 0.01), price_control(THREE, 0.1), strict=True))
    assert price_control(THREE, 0.1) > price_control(THREE, 0.01)


@pytest.mark.parametrize("fine_s", [10.0, 60.0, 300.0])
def test_no_price_beats_the_control_that_policy_iteration_finds(fine_s: float) -> None:
    def gain(found: Point, control: list[int]) -> float:
        lost_per_s = found.occupancy * THREE.agents / THREE.busy_s * found.lost_ratio / (1.0 - found.lost_ratio)
        return found.occupancy * THREE.agents - fine_s * lost_per_s

    best = optimal_control(THREE, fine_s)
    most = gain(outcome(THREE, best), best)
    prices = (0.001, 0.01, 0.03, 0.06, 0.12, 0.25)
    assert all(
        gain(outcome(THREE, control), control) <= most + 1e-9 for control in (price_control(THREE, p) for p in prices)
    )


def test_the_price_rule_is_within_a_tenth_of_a_point_of_the_optimum() -> None:
    assert all(-0.01 <= one.points_short < 0.1 for one in compare(THREE))


def test_a_frontier_is_read_straight_between_its_points() -> None:
    points = [Point(occupancy=0.9, lost_ratio=0.04), Point(occupancy=0.8, lost_ratio=0.02)]
    assert occupancy_at(points, 0.03) == pytest.approx(0.85)
