from __future__ import annotations

import json

import numpy as np
import pytest

from dialer.prediction.price import FORGET_LOST, LEAST_FACTOR, MOST_FACTOR, PRIOR_FACTOR, PRIOR_LOST, PriceModel


def test_before_the_first_answer_the_belief_holds() -> None:
    assert PriceModel().factor == PRIOR_FACTOR


def test_the_factor_is_a_count_over_its_exposure_with_a_gamma_prior() -> None:
    model = PriceModel()
    for number in range(200):
        model.observe(price=0.05, abandoned=number % 20 == 0)
    assert model.factor == pytest.approx((PRIOR_LOST + 10) / (PRIOR_LOST / PRIOR_FACTOR + 200 * 0.05))


def test_an_abandoned_call_raises_the_factor_and_answers_that_went_well_lower_it() -> None:
    model = PriceModel()
    model.observe(price=0.05, abandoned=True)
    after_one = model.factor
    assert after_one > PRIOR_FACTOR
    for _ in range(50):
        model.observe(price=0.05, abandoned=False)
    assert model.factor < after_one


@pytest.mark.parametrize("true_factor", [0.6, 0.8, 1.6])
def test_the_factor_is_found_though_only_about_sixty_abandoned_calls_are_remembered(true_factor: float) -> None:
    rng = np.random.default_rng(1)
    model, found = PriceModel(), []
    for _ in range(60_000):
        price = float(rng.uniform(0.01, 0.08))
        model.observe(price=price, abandoned=bool(rng.random() < true_factor * price))
        found.append(model.factor)
    assert model.lost <= FORGET_LOST
    assert np.mean(found[30_000:]) == pytest.approx(true_factor, rel=0.05)
    assert np.std(found[30_000:]) < 0.2 * true_factor


def test_forgetting_keeps_the_ratio_of_what_was_lost_to_what_was_risked() -> None:
    model = PriceModel()
    model.restore({"lost": FORGET_LOST, "risked": 100.0})
    model.observe(price=0.0, abandoned=True)
    assert model.lost == FORGET_LOST
    assert model.lost / model.risked == pytest.approx((FORGET_LOST + 1.0) / 100.0)


def test_neither_a_disaster_nor_a_lull_is_taken_for_the_price_s_work() -> None:
    model = PriceModel()
    for _ in range(2000):
        model.observe(price=0.0, abandoned=True)
    assert model.factor == pytest.approx(MOST_FACTOR)
    for _ in range(40_000):
        model.observe(price=0.1, abandoned=False)
    assert model.factor == pytest.approx(LEAST_FACTOR)
    for number in range(4000):
        model.observe(price=0.05, abandoned=number % 20 == 0)
    assert model.factor == pytest.approx(1.0, rel=0.1), "and it is left again when prices work as usual"


def test_a_snapshot_survives_json_and_a_damaged_one_is_refused_by_the_name_of_its_part() -> None:
    model, again = PriceModel(), PriceModel()
    model.observe(price=0.1 + 0.2, abandoned=True)
    again.restore(json.loads(json.dumps(model.as_dict())))
    assert again.as_dict() == model.as_dict()
    for key, value in (("lost", None), ("risked", float("inf"))):
        with pytest.raises(ValueError, match=key):
            again.restore({**model.as_dict(), key: value})
    with pytest.raises(ValueError, match="price says nothing"):
        again.restore({"lost": 0.0, "risked": 0.0})
