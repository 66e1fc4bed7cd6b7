"""Intervals, goals and verdicts of the case."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.sim.case import resampling
from dialer.sim.case.figures import GOALS, Figure, Goal, Sample, Verdict, absolute, judge, pair_spread, relative
from dialer.sim.case.resampling import Estimate, estimate
from dialer.sim.case.run import ArmResult

RUN = ArmResult(
    arm="manual", group=1, seed=1, accounts=200, agent_days=10, work_h=80.0, busy_h=40.0, dials=600, answers=120,
    presented=600, presented_live=120, contacted=100, reached=80, customers=90, promises=30, kept=20, opening=1000.0,
    paid=200.0, abandoned=0, answered=120, dry=0, breaches=0, live_abandoned=0, live=120, days_over=0,
)  # fmt: skip


def sample(paid: list[float], cured: float = 0.1) -> Sample:
    runs = tuple(replace(RUN, seed=number, paid=one) for number, one in enumerate(paid))
    return Sample(runs=runs, held_out=(cured,) * len(paid))


def test_recovery_is_net_of_what_those_paid_whom_nobody_called() -> None:
    assert sample([200.0, 200.0]).level(Figure.RECOVERY).value == pytest.approx(0.1)
    assert sample([200.0, 200.0]).level(Figure.RECOVERY_GROSS).value == pytest.approx(0.2)


def test_a_gain_of_net_recovery_leaves_the_self_cure_out_of_both() -> None:
    base, arm = sample([200.0, 220.0]), sample([250.0, 270.0])
    assert relative(base, arm, Figure.RECOVERY).value == pytest.approx((0.26 - 0.1) / (0.21 - 0.1) - 1.0)
    assert relative(base, arm, Figure.RECOVERY_GROSS).value == pytest.approx(0.26 / 0.21 - 1.0)
    assert absolute(base, arm, Figure.RECOVERY).value == pytest.approx(0.05)


def test_pairs_stay_pairs_so_that_a_constant_difference_is_certain() -> None:
    base = [float(one) for one in np.random.default_rng(1).normal(100.0, 30.0, 20)]
    found = estimate([base, [one + 5.0 for one in base]], resampling.difference)
    assert (found.low, found.high) == (pytest.approx(5.0), pytest.approx(5.0))


@pytest.mark.parametrize("seeds", [3, 20])
def test_the_interval_holds_the_truth_nineteen_times_of_twenty_however_few_the_seeds(seeds: int) -> None:
    rng, studies = np.random.default_rng(7), 4000
    held = sum(
        estimate(
            [rng.normal(1.0, 0.05, seeds).tolist(), rng.normal(1.3, 0.05, seeds).tolist()], resampling.gain
        ).covers(0.3)
        for _ in range(studies)
    )
    assert abs(held / studies - 0.95) < 4.0 * (0.95 * 0.05 / studies) ** 0.5


def test_of_a_mean_it_is_the_classical_interval() -> None:
    found = estimate([[1.0, 2.0, 4.0, 5.0]], resampling.mean)
    half = 3.1824 * float(np.std([1.0, 2.0, 4.0, 5.0], ddof=1)) / 2.0
    assert found.low == pytest.approx(3.0 - half)
    assert found.high == pytest.approx(3.0 + half)


def test_the_same_columns_give_the_same_interval() -> None:
    columns = [[1.0, 2.0, 4.0], [2.0, 2.5, 5.0]]
    assert estimate(columns, resampling.gain) == estimate(columns, resampling.gain)


def test_a_ratio_to_nothing_is_not_made_up() -> None:
    found = relative(sample([100.0, 100.0]), sample([150.0, 140.0]), Figure.RECOVERY)  # the hold-out paid as much
    assert (found.value, found.low, found.high) == (None, None, None)
    assert judge(Goal(figure=Figure.RECOVERY, gain=0.3), found, found) is Verdict.UNSURE
    some = relative(sample([100.0, 180.0]), sample([150.0, 190.0]), Figure.RECOVERY)
    assert some.value is not None and some.low is None


def test_a_single_seed_has_no_interval() -> None:
    found = estimate([[3.0]], resampling.mean)
    assert (found.value, found.low, found.high) == (3.0, None, None)
    assert not found.covers(3.0)


@given(st.lists(st.floats(1.0, 1000.0), min_size=2, max_size=12), st.floats(0.5, 2.0))
def test_the_value_is_in_the_middle_of_an_interval_that_has_its_unit(values: list[float], unit: float) -> None:
    found, scaled = (estimate([[factor * one for one in values]], resampling.mean) for factor in (1.0, unit))
    assert found.value is not None and found.low is not None and found.high is not None
    assert scaled.low is not None
    assert found.low + found.high == pytest.approx(2.0 * found.value)
    assert scaled.low == pytest.approx(unit * found.low, abs=1e-6)


@pytest.mark.parametrize(
    ("low", "value", "high", "verdict"),
    [(0.55, 0.6, 0.65, Verdict.REACHED), (0.45, 0.52, 0.6, Verdict.UNSURE), (0.1, 0.2, 0.3, Verdict.MISSED)],
)
def test_a_goal_is_reached_with_the_whole_interval_or_not_said_to_be(
    low: float, value: float, high: float, verdict: Verdict
) -> None:
    gained = Estimate(value=value, low=low, high=high, seeds=20)
    assert judge(Goal(figure=Figure.CUSTOMERS, gain=0.5), gained, gained) is verdict


def test_the_mission_is_held_against_all_four_contact_rates_and_the_two_gains() -> None:
    assert {goal.figure for goal in GOALS if goal.level == 0.85 and goal.before == 0.60} == {
        Figure.ATTEMPT_ANSWER, Figure.ACCOUNT_CONTACT, Figure.RIGHT_PARTY, Figure.LIVE_SHARE
    }  # fmt: skip
    assert {goal.figure: goal.gain for goal in GOALS if goal.gain} == {Figure.CUSTOMERS: 0.5, Figure.RECOVERY: 0.3}


def test_the_spread_of_single_trials_is_told() -> None:
    base, arm = sample([200.0, 200.0, 200.0]), sample([180.0, 200.0, 220.0])
    assert pair_spread(base, arm, Figure.RECOVERY_GROSS) == pytest.approx(0.1)
    assert pair_spread(base, arm, Figure.RECOVERY) == pytest.approx(0.2)  # of what is left without the self-cure
