from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from dialer.prediction.durations import AGES, EDGES_S, FORGET, DurationModel
from dialer.prediction.moments import AHEAD_S, STEP_S, Floats

NOBODY: Floats = np.zeros(0)
AGES_LOOKED_AT_S = (0.0, 6.0, 20.0, 60.0, 120.0, 240.0)


def taught(seconds: Floats, prior_mean_s: float = 120.0) -> DurationModel:
    model = DurationModel(prior_mean_s)
    for one in seconds:
        model.observe(float(one))
    return model


def row(age_s: float) -> int:
    return int(age_s / STEP_S)


@pytest.mark.parametrize(
    "law",
    [stats.expon(scale=90.0), stats.lognorm(0.8, scale=80.0), stats.gamma(3.0, scale=30.0)],
    ids=["exponential", "lognormal", "gamma"],
)
def test_the_chance_of_an_end_is_that_of_the_law_the_durations_follow(law: stats.rv_continuous) -> None:
    seconds = law.rvs(1900, random_state=np.random.default_rng(1))
    ended, fresh = taught(seconds).ended_by(NOBODY, grace_s=0.0)
    for age_s in AGES_LOOKED_AT_S:
        at_risk = int((seconds > age_s).sum())
        if at_risk < 60:
            continue
        true = 1.0 - law.sf(age_s + AHEAD_S) / law.sf(age_s)
        # Three standard errors, and what a hazard loses that is constant within a piece.
        bound = 3.0 * np.sqrt(true * (1.0 - true) / at_risk) + 0.02
        assert (np.abs(ended[row(age_s)] - true) < bound).all(), age_s
    np.testing.assert_allclose(fresh, ended[0])


def test_before_there_is_evidence_the_hazard_is_that_of_the_believed_mean() -> None:
    ended, fresh = DurationModel(80.0).ended_by(NOBODY, grace_s=0.0)
    by_belief = 1.0 - np.exp(-AHEAD_S / 80.0)
    np.testing.assert_allclose(fresh, by_belief, rtol=1e-9)
    for age in (0, 50, AGES - 1):
        np.testing.assert_allclose(ended[age], by_belief, rtol=1e-9)
    assert DurationModel(80.0).mean_s() == 80.0


def test_the_belief_is_worth_two_durations() -> None:
    assert taught(np.full(8, 20.0), prior_mean_s=120.0).mean_s() == pytest.approx((8 * 20.0 + 2 * 120.0) / 10)


def test_what_still_runs_counts_as_time_without_an_end() -> None:
    model = taught(np.full(10, 30.0))
    alone, _ = model.ended_by(NOBODY, grace_s=0.0)
    with_others, _ = model.ended_by(np.full(30, 200.0), grace_s=0.0)
    assert with_others[row(0.0), -1] < 0.5 * alone[row(0.0), -1]
    assert with_others[row(150.0), -1] < alone[row(150.0), -1]


def test_grace_looks_so_much_later() -> None:
    model = taught(np.random.default_rng(2).exponential(60.0, 500))
    prompt, _ = model.ended_by(NOBODY, grace_s=0.0)
    for seconds in (2.0, 4.0, 16.0):
        later, _ = model.ended_by(NOBODY, grace_s=seconds)
        shift = int(seconds / STEP_S)
        np.testing.assert_array_equal(later[:, :-shift], prompt[:, shift:])


@pytest.mark.parametrize("grace_s", [-1.0, 0.0, 1.0, 5.0])
def test_chances_are_chances_and_grow(grace_s: float) -> None:
    ended, fresh = taught(np.random.default_rng(3).lognormal(4.0, 1.5, 300)).ended_by(NOBODY, grace_s=grace_s)
    for chances in (ended, fresh):
        assert (chances >= 0.0).all() and (chances <= 1.0).all()
        assert (np.diff(chances, axis=-1) >= 0.0).all()


def test_a_wrap_up_ends_at_its_limit() -> None:
    model = taught(np.full(200, 300.0))
    ended, fresh = model.ended_by(NOBODY, grace_s=0.0, limit_s=30.0)
    unlimited, _ = model.ended_by(NOBODY, grace_s=0.0)
    for age_s in (0.0, 10.0, 20.0, 28.0):
        reached = age_s + AHEAD_S >= 30.0
        assert (ended[row(age_s)][reached] == 1.0).all()
        np.testing.assert_array_equal(ended[row(age_s)][~reached], unlimited[row(age_s)][~reached])
    assert (ended[row(40.0)] == 1.0).all()
    assert (fresh[AHEAD_S >= 30.0] == 1.0).all() and (fresh[AHEAD_S < 30.0] < 0.1).all()


def test_fading_keeps_means_and_hazards() -> None:
    rng = np.random.default_rng(4)
    model = taught(rng.exponential(100.0, 9000))
    assert model.ends.sum() <= FORGET
    assert model.count == 9000
    assert model.mean_s() == pytest.approx(100.0, rel=3.0 / math.sqrt(1000.0))


def test_last_weeks_durations_fade() -> None:
    model = taught(np.concatenate((np.full(5000, 300.0), np.full(5000, 30.0))))
    assert 30.0 < model.mean_s() < 60.0


@pytest.mark.parametrize("seconds", [-1.0, 0.0, EDGES_S[1], EDGES_S[-1], 1e6])
def test_every_duration_has_one_piece_in_which_it_ends(seconds: float) -> None:
    model = taught(np.array([seconds]))
    assert model.ends.sum() == 1.0
    assert model.spent_s.sum() == pytest.approx(max(seconds, 0.0))
    assert EDGES_S[int(model.ends.argmax())] <= max(seconds, 0.0)


def test_a_snapshot_survives_json_to_the_last_bit_and_a_damaged_one_changes_nothing() -> None:
    model, again = taught(np.random.default_rng(5).exponential(70.0, 321)), DurationModel(5.0)
    snapshot = json.loads(json.dumps(model.as_dict()))
    for key, value in (("ends", [1.0]), ("spent_s", None), ("prior_mean_s", "long"), ("count", True)):
        with pytest.raises(ValueError, match=key):
            again.restore({**snapshot, key: value})
    assert again.as_dict() == DurationModel(5.0).as_dict()
    again.restore(snapshot)
    assert again.as_dict() == model.as_dict()
