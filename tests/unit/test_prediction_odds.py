from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from dialer.prediction.odds import MOST_MARKS, MOST_WEIGHT, OddsModel
from dialer.prediction.rings import RingModel

Kind = tuple[tuple[str, ...], float]
"""The marks of a call and its true chance of an answer."""


def odds_of(chance: float) -> float:
    return chance / (1.0 - chance)


def taught(kinds: Sequence[Kind], count: int, seed: int, ratio: float) -> OddsModel:
    """Calls of each kind (marks, chance of an answer), as often as each other."""
    rng, model = np.random.default_rng(seed), OddsModel()
    for _ in range(count):
        marks, chance = kinds[int(rng.integers(len(kinds)))]
        model.observe(marks, answered=bool(rng.random() < chance), answer_ratio=ratio)
    return model


def test_two_kinds_of_accounts_are_told_apart() -> None:
    kinds = [(("region north",), 0.4), (("region south",), 0.1)]
    for seed in range(5):
        model = taught(kinds, 6000, seed, ratio=0.25)
        for marks, chance in kinds:
            learned = odds_of(0.25) * model.odds(marks)
            assert math.log(learned / odds_of(chance)) == pytest.approx(0.0, abs=0.25), (seed, marks)


def test_marks_that_come_together_in_all_combinations_add_up() -> None:
    base, effects = -1.2, {"hour 9": 0.5, "hour 15": -0.5, "attempts 0": 0.6, "attempts 3": -0.6}
    kinds = []
    for hour in ("hour 9", "hour 15"):
        for attempts in ("attempts 0", "attempts 3"):
            log_odds = base + effects[hour] + effects[attempts]
            kinds.append(((hour, attempts), 1.0 / (1.0 + math.exp(-log_odds))))
    ratio = sum(chance for _, chance in kinds) / len(kinds)
    model = taught(kinds, 12_000, seed=1, ratio=ratio)
    for marks, chance in kinds:
        assert math.log(odds_of(ratio) * model.odds(marks) / odds_of(chance)) == pytest.approx(0.0, abs=0.25), marks


def test_a_few_calls_change_little() -> None:
    for seed in range(20):
        model = taught([(("trunk a",), 0.3)], 10, seed, ratio=0.3)
        assert 0.6 < model.odds(("trunk a",)) < 1.6, seed


def test_a_single_answer_moves_the_odds_by_less_than_a_tenth() -> None:
    model = OddsModel()
    model.observe(("trunk b",), answered=False, answer_ratio=0.2)
    model.observe(("trunk a",), answered=True, answer_ratio=0.2)
    assert 1.0 < model.odds(("trunk a",)) < 1.1


# --- beside an answer ratio that is learned from the same calls ------------------------------------------------------


def squared_error(call: Callable[[np.random.Generator, int], Kind], seed: int, *, marked: bool = True) -> float:
    """Mean squared error of the chance of an answer over 4,000 calls after the first 2,000, times 10,000."""
    rng, ring, model = np.random.default_rng(seed), RingModel(0.2), OddsModel()
    errors = []
    for number in range(6000):
        marks, chance = call(rng, number)
        told = marks if marked else ()
        odds = odds_of(ring.answer_ratio(400.0)) * model.odds(told)
        errors.append((odds / (1.0 + odds) - chance) ** 2)
        answered = bool(rng.random() < chance)
        ring.observe(dialled_s=2.0, rang_s=10.0, answered=answered)
        model.observe(told, answered=answered, answer_ratio=ring.answer_ratio(400.0))
    return float(np.mean(errors[2000:])) * 1e4


SAME = ("trunk a", "product y", "risk z")


def alike(rng: np.random.Generator, number: int) -> Kind:
    return SAME, 0.2


def two_regions(rng: np.random.Generator, number: int) -> Kind:
    return (("region n",), 0.3) if rng.random() < 0.5 else (("region s",), 0.1)


def two_regions_and_the_same(rng: np.random.Generator, number: int) -> Kind:
    marks, chance = two_regions(rng, number)
    return (*SAME, *marks), chance


def easy_ones_come_and_go(rng: np.random.Generator, number: int) -> Kind:
    easy = rng.random() < (0.95 if number % 3000 < 1500 else 0.05)
    return (("attempts 0",), 0.3) if easy else (("attempts 1",), 0.1)


def mean_error(call: Callable[[np.random.Generator, int], Kind], *, marked: bool = True) -> float:
    return float(np.mean([squared_error(call, seed, marked=marked) for seed in range(4)]))


def test_marks_that_every_call_has_make_no_difference() -> None:
    model = taught([(SAME, 0.3)], 3000, seed=1, ratio=0.25)
    assert model.odds(SAME) == 1.0
    # They once doubled the error: every weight moved with each surprise, and all of them added up.
    assert mean_error(alike) == mean_error(alike, marked=False)


def test_marks_that_every_call_has_do_not_blur_one_that_matters() -> None:
    beside, alone = mean_error(two_regions_and_the_same), mean_error(two_regions)
    assert beside == pytest.approx(alone, rel=0.01)
    assert alone < 0.05 * mean_error(two_regions, marked=False)
    assert alone < 2.0 * mean_error(alike)


def test_when_easy_accounts_run_out_their_odds_and_the_answer_ratio_do_not_count_it_twice() -> None:
    assert mean_error(easy_ones_come_and_go) < 7.0  # 24 when odds were not relative to the calls of the ratio


def test_a_mark_is_learned_while_there_are_calls_without_it_to_compare() -> None:
    rng, model = np.random.default_rng(4), OddsModel()
    for number in range(4000):
        mark = "hour 9" if number < 1200 else "hour 10"
        model.observe((mark,), answered=bool(rng.random() < 0.2), answer_ratio=0.2)
    assert model.counts["hour 9"] == 0.0
    assert 800.0 < model.counts["hour 10"] < 2000.0


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_an_unknown_mark_makes_no_difference() -> None:
    assert OddsModel().odds(("never seen",)) == 1.0
    assert OddsModel().odds(()) == 1.0


def test_one_mark_changes_the_odds_within_bounds() -> None:
    model = OddsModel()
    for _ in range(5000):
        model.observe(("always",), answered=True, answer_ratio=0.05)
        model.observe(("never",), answered=False, answer_ratio=0.95)
    assert model.odds(("always",)) == pytest.approx(math.exp(MOST_WEIGHT), rel=0.02)
    assert model.odds(("never",)) == pytest.approx(math.exp(-MOST_WEIGHT), rel=0.02)


@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_extreme_answer_ratios_are_survived(ratio: float) -> None:
    model = taught([(("trunk a",), 0.5)], 500, seed=1, ratio=ratio)
    assert math.isfinite(model.odds(("trunk a",)))


def test_no_more_marks_are_kept_than_a_sound_campaign_has() -> None:
    model = OddsModel()
    for number in range(2 * MOST_MARKS):
        model.observe((f"region {number}",), answered=True, answer_ratio=0.2)
    assert len(model.weights) == len(model.counts) == MOST_MARKS
    assert model.odds((f"region {2 * MOST_MARKS - 1}",)) == 1.0
    before = model.odds(("region 0",))
    model.observe(("region 0",), answered=True, answer_ratio=0.2)
    assert model.odds(("region 0",)) > before


def test_a_snapshot_survives_json_and_a_damaged_one_changes_nothing() -> None:
    model, again = taught([(("a", "b"), 0.4), (("c",), 0.1)], 300, seed=2, ratio=0.25), OddsModel()
    snapshot = json.loads(json.dumps(model.as_dict()))
    for damaged, place in (
        ({**snapshot, "counts": None}, "counts"),
        ({**snapshot, "weights": {**snapshot["weights"], "b": "heavy"}}, "at b;"),
        ({**snapshot, "counts": {**snapshot["counts"], "c": float("nan")}}, "at c;"),
        ({**snapshot, "weights": {}}, "at "),
        ({**snapshot, "recent": {}}, "at "),
        ({**snapshot, "level": None}, "at level"),
        ({**snapshot, "recent_calls": -1.0}, "at recent_calls"),
    ):
        with pytest.raises(ValueError, match=place):
            OddsModel().restore(damaged)
    again.restore(snapshot)
    assert again.as_dict() == model.as_dict()
    assert again.odds(("a", "b", "c")) == model.odds(("a", "b", "c"))
