from __future__ import annotations

import numpy as np
import pytest

from dialer.prediction.budget import BROKE, HASTE, LAST_CHANCE, Budget, answers_to_come, spend

TARGET = 0.03


def day(answered: int, abandoned: int, **more: float) -> Budget:
    return Budget(name="day", answered=answered, abandoned=abandoned, **more)


def aim(answered: int, abandoned: int, to_come: float, target: float = TARGET) -> float:
    return spend([day(answered, abandoned)], target, to_come).aim


# --- how much now ---------------------------------------------------------------------------------------------------


def test_what_is_left_counts_the_answers_to_come() -> None:
    assert spend([day(200, 4)], TARGET, 300.0).left == pytest.approx(0.03 * 500 - 4)


@pytest.mark.parametrize("to_come", [0.0, 0.5, 1.0, 10.0, 300.0, 20_000.0])
def test_more_left_never_means_spending_less(to_come: float) -> None:
    lost = np.linspace(60.0, -60.0, 2401)
    aims = [spend([day(1000, 0, slack=-one)], TARGET, to_come).aim for one in lost]
    assert (np.diff(aims) >= 0.0).all()


@pytest.mark.parametrize("to_come", [0.0, 1.0, 50.0, 5000.0])
@pytest.mark.parametrize("abandoned", [0, 1, 5, 40])
def test_never_more_is_spent_at_once_than_haste_allows(abandoned: int, to_come: float) -> None:
    assert 0.0 < aim(500, abandoned, to_come) <= HASTE * TARGET


@pytest.mark.parametrize("overspent", [0.01, 1.0, 30.0])
def test_an_overspent_budget_risks_next_to_nothing_but_not_nothing(overspent: float) -> None:
    for to_come in (1.0, 100.0, 10_000.0):
        spending = spend([day(0, 0, slack=-TARGET * to_come - overspent)], TARGET, to_come)
        assert spending.left == pytest.approx(-overspent)
        assert 0.0 < spending.aim * to_come <= 1.01 * BROKE < LAST_CHANCE


def test_less_than_one_abandoned_call_is_left_alone() -> None:
    for left in (0.01, 0.5, 0.99):
        assert spend([day(0, 0, slack=left - TARGET * 100.0)], TARGET, 100.0).aim * 100.0 <= 1.01 * LAST_CHANCE < 0.5


def test_the_last_answers_of_a_day_do_not_risk_more_and_more_for_the_last_abandoned_call() -> None:
    """Asked anew at each of the last thirty answers, they risk together what is named, not four times as much."""
    risked = sum(spend([day(0, 0, slack=0.5 - TARGET * left)], TARGET, left).aim for left in np.arange(30.0, 0.0, -1.0))
    assert risked == pytest.approx(LAST_CHANCE)


def test_a_large_budget_is_spent_nearly_at_the_target() -> None:
    assert 0.9 * TARGET < aim(0, 0, 10_000.0) < TARGET
    assert 0.9 * TARGET < aim(10_000, 300, 10_000.0) < TARGET


def test_what_was_saved_is_spent_later_and_what_was_overspent_is_saved() -> None:
    assert aim(1000, 10, 1000.0) > 1.4 * TARGET
    assert aim(1000, 45, 1000.0) < 0.5 * TARGET


@pytest.mark.parametrize("abandoned", [0, 8, 14, 15])
def test_spending_at_the_aim_ends_at_or_under_the_target(abandoned: int) -> None:
    """In the mean, and most times: a Poisson spender who asks anew at each answer."""
    rng = np.random.default_rng(abandoned)
    ratios = []
    for _ in range(60):
        lost = abandoned
        for number in range(500):
            lost += rng.random() < aim(500 + number, lost, 500.0 - number)
        ratios.append(lost / 1000.0)
    assert np.mean(ratios) <= TARGET
    assert np.mean([ratio > TARGET + 1e-9 for ratio in ratios]) < 0.1
    if abandoned == 0:
        assert np.mean(ratios) > 0.7 * TARGET


def test_a_target_of_zero_spends_nothing() -> None:
    assert aim(1000, 0, 1000.0, target=0.0) == 0.0


# --- several windows ------------------------------------------------------------------------------------------------


def test_the_window_that_allows_least_sets_the_aim_and_is_named() -> None:
    spent, fresh = day(1000, 29), Budget(name="hour", answered=50, abandoned=0)
    spending = spend([fresh, spent], TARGET, 200.0)
    assert spending == spend([spent], TARGET, 200.0)
    assert spending.budget == "day"
    assert spend([spent, fresh], TARGET, 200.0) == spending
    assert spending.aim < spend([fresh], TARGET, 200.0).aim


def test_slack_forgives_so_many_abandoned_calls() -> None:
    assert spend([day(1000, 33, slack=3.0)], TARGET, 500.0) == spend([day(1000, 30)], TARGET, 500.0)


# --- answers to come ------------------------------------------------------------------------------------------------


def test_before_the_first_answer_the_agents_at_work_tell_how_many_will_come() -> None:
    assert answers_to_come(0, 0.0, 3600.0, 0.05) == pytest.approx(180.0)


def test_after_many_answers_their_pace_tells() -> None:
    assert answers_to_come(1000, 10_000.0, 3600.0, 5.0) == pytest.approx(360.0, rel=0.02)


def test_nothing_comes_after_the_end_or_without_agents() -> None:
    assert answers_to_come(10, 100.0, 0.0, 1.0) == 0.0
    assert answers_to_come(10, 100.0, -5.0, 1.0) == 0.0
    assert answers_to_come(10, 100.0, 60.0, 0.0) == 0.0


def test_what_calls_in_the_air_will_cost_is_as_good_as_spent() -> None:
    spending = spend([day(200, 4)], TARGET, 300.0, under_way=50.0)
    assert spending.left == pytest.approx(TARGET * 500 - 4 - TARGET * 50)
    assert spending.aim < spend([day(200, 4)], TARGET, 300.0).aim
