"""AUC, KS, Brier, calibration and stability, against definitions and against scikit-learn and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn.metrics import brier_score_loss, roc_auc_score

from dialer.risk import measures
from dialer.risk.measures import Ranking


def made(seed: int, rows: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    risk = np.round(chance.normal(size=rows), 1)  # with ties
    bad = (chance.uniform(size=rows) < 1 / (1 + np.exp(-risk))).astype(float)
    return risk, bad, np.arange(rows) // 2


@pytest.mark.parametrize("seed", range(5))
def test_auc_and_ks_are_those_of_others(seed: int) -> None:
    risk, bad, _ = made(seed)
    shares = Ranking(risk, bad).shares()
    assert measures.auc_of(*shares) == pytest.approx(roc_auc_score(bad, risk), abs=1e-12)
    assert measures.ks_of(*shares) == pytest.approx(ks_2samp(risk[bad == 1], risk[bad == 0]).statistic, abs=1e-12)
    chance = 1 / (1 + np.exp(-risk))
    assert measures.brier(chance, bad) == pytest.approx(brier_score_loss(bad, chance), abs=1e-12)


def test_weights_of_the_bootstrap_count_rows_as_often_as_they_say() -> None:
    risk, bad, groups = made(7)
    weights = measures.resampled(groups, draws=1, seed=3)[0]
    assert weights.sum() == pytest.approx(len(groups), abs=2)  # groups of two
    repeated = np.repeat(np.arange(len(risk)), weights.astype(int))
    shares = Ranking(risk, bad).shares(weights)
    assert measures.auc_of(*shares) == pytest.approx(roc_auc_score(bad[repeated], risk[repeated]), abs=1e-12)
    assert len({tuple(pair) for pair in weights.reshape(-1, 2)} - {(n, n) for n in range(20)}) == 0


def test_intervals_hold_the_truth_in_about_nineteen_of_twenty_samples() -> None:
    chance = np.random.default_rng(1)
    held = 0
    for seed in range(60):
        bad = (np.arange(300) % 2).astype(float)
        risk = chance.normal(size=300) + bad  # the true AUC is Phi(1 / sqrt 2) = 0.7602
        auc = measures.separation(risk, bad, np.arange(300), draws=200, seed=seed).auc
        held += auc.low <= 0.76025 <= auc.high
    assert 51 <= held <= 60


def test_rows_of_one_debtor_make_the_interval_wider_not_narrower() -> None:
    risk, bad, _ = made(4, 200)
    alone = measures.separation(risk, bad, np.arange(200), draws=300, seed=1).auc
    tenfold = measures.separation(
        np.tile(risk, 10), np.tile(bad, 10), np.tile(np.arange(200), 10), draws=300, seed=1
    ).auc
    assert tenfold.high - tenfold.low == pytest.approx(alone.high - alone.low, rel=0.01)


def test_measures_of_one_kind_of_rows_only_are_not_known() -> None:
    assert np.isnan(measures.auc_of(*Ranking(np.arange(3.0), np.ones(3)).shares()))
    assert np.isnan(measures.separation(np.arange(3.0), np.zeros(3), np.arange(3), draws=50, seed=1).ks.low)


def test_the_gain_of_a_challenger_on_the_same_rows() -> None:
    risk, bad, groups = made(5)
    same = measures.auc_gain(risk, risk, bad, groups, draws=50, seed=1)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)
    better = measures.auc_gain(np.random.default_rng(1).normal(size=400), risk, bad, groups, draws=200, seed=1)
    assert better.low > 0


def test_calibration_counts_every_row_once_in_order() -> None:
    chance = np.linspace(0, 1, 1_003)
    rows = measures.calibration(chance, (chance > 0.5).astype(float))
    assert sum(row.rows for row in rows) == 1_003
    assert [row.predicted for row in rows] == sorted(row.predicted for row in rows)
    assert (rows[0].observed, rows[-1].observed) == (0.0, 1.0)
    assert len(measures.calibration(chance[:3], np.zeros(3))) == 3


def test_wilson_by_hand() -> None:
    low, high = measures.wilson(5, 20)  # R: prop.test(5, 20, correct = FALSE)
    assert (round(low, 4), round(high, 4)) == (0.1119, 0.4687)
    assert measures.wilson(0, 0) == (0.0, 1.0)


def test_stability_by_hand() -> None:
    assert measures.psi([0.5, 0.5], [0.5, 0.5]) == 0.0
    assert measures.psi([0.5, 0.5], [0.6, 0.4]) == pytest.approx(0.1 * np.log(1.2) - 0.1 * np.log(0.8))
    assert 1.0 < measures.psi([1.0, 0.0], [0.5, 0.5]) < 10.0
