from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass

import numpy as np
import pytest

from dialer.prediction.moments import AHEAD_S
from dialer.prediction.rings import BIN_S, BINS, MEMORIES, RingModel


@dataclass(frozen=True)
class Rung:
    """One call of the population and how it will end."""

    dialled_s: float
    rang_s: float | None
    answered: bool

    @property
    def lasts_s(self) -> float:
        return self.dialled_s + (self.rang_s or 0.0)


def population(count: int, seed: int, answer_ratio: float = 0.3, *, signals_ringing: bool = True) -> list[Rung]:
    """People answer after 4 to 20 s of ringing; the others are busy at once or ring out after 20 to 30 s."""
    rng = np.random.default_rng(seed)
    calls = []
    for _ in range(count):
        answered = bool(rng.random() < answer_ratio)
        rings = bool(rng.random() < (0.95 if answered else 0.75))
        began_s = float(rng.lognormal(np.log(2.5), 0.4))
        ring_s = float(rng.lognormal(np.log(9.0), 0.45) if answered else rng.uniform(18.0, 30.0))
        if not rings:
            began_s, ring_s = (float(rng.uniform(6.0, 18.0)) if answered else float(rng.exponential(3.0))), 0.0
        silent = not rings or not signals_ringing
        calls.append(Rung(began_s + ring_s if silent else began_s, None if silent else ring_s, answered))
    return calls


def taught(calls: list[Rung], model: RingModel | None = None) -> RingModel:
    model = model or RingModel(0.3)
    for call in calls:
        model.observe(dialled_s=call.dialled_s, rang_s=call.rang_s, answered=call.answered)
    return model


def tell(model: RingModel, answers: str) -> None:
    """Calls that all ring for 10 s, answered where the text says 1."""
    for one in answers:
        model.observe(dialled_s=2.0, rang_s=10.0, answered=one == "1")


def left_s(call: Rung, row: int) -> float | None:
    """How long a call that stands in this row of the tables will last; None: it never comes to stand there."""
    age_s = (row % BINS) * BIN_S
    if row < BINS:
        return call.lasts_s - age_s if call.dialled_s >= age_s else None
    return call.rang_s - age_s if call.rang_s is not None and call.rang_s >= age_s else None


def three_sigmas(chance: float, seen: int) -> float:
    """For a ratio seen so often, against one learned from as many."""
    return 3.0 * math.sqrt(2.0 * max(chance * (1.0 - chance), 0.01) / seen)


# --- histograms that fade -------------------------------------------------------------------------------------------


def test_fading_keeps_the_shares_of_calls_that_ring() -> None:
    # Once the histograms of one kind were halved one by one, and answers were forecast 40 % off after 4,000 calls.
    model = RingModel(0.3)
    worst = 0.0
    for number, call in enumerate(population(24_000, seed=1), start=1):
        taught([call], model)
        if number > 2000 and number % 100 == 0:
            tables = model.tables()
            worst = max(worst, abs(tables.kept[BINS] - 0.95), abs(tables.others_kept[BINS] - 0.75))
    assert worst < 0.035


@pytest.mark.parametrize("count", [3000, 4500, 7000, 9000, 13_000, 20_000])
def test_the_forecast_of_answers_stays_true_however_many_calls_were_learned(count: int) -> None:
    model = taught(population(count, seed=count))
    tables, ratio = model.tables(), model.answer_ratio(400)
    calls = population(4000, seed=9)
    ages = np.random.default_rng(2).uniform(0.0, 40.0, len(calls))
    expected = observed = variance = 0.0
    for call, age_s in zip(calls, ages, strict=True):
        if age_s >= call.lasts_s:
            continue
        ringing = call.rang_s is not None and age_s >= call.dialled_s
        row = int((age_s - call.dialled_s) / BIN_S) + BINS if ringing else int(age_s / BIN_S)
        odds = ratio / (1.0 - ratio) * tables.kept[row] / tables.others_kept[row]
        chance = odds / (1.0 + odds)
        expected += chance
        variance += chance * (1.0 - chance)
        observed += call.answered
    # Mostly the error of the answer ratio itself, which rests on about 1,150 calls.
    assert abs(expected - observed) < 3.0 * math.sqrt(variance + (0.045 * expected) ** 2)


def test_the_mean_time_in_the_air_survives_fading() -> None:
    calls = population(20_000, seed=3)
    true_s = float(np.mean([call.lasts_s for call in calls]))
    model, worst = RingModel(0.3), 0.0
    for number, call in enumerate(calls, start=1):
        taught([call], model)
        if number > 1000 and number % 250 == 0:
            worst = max(worst, abs(model.mean_s() / true_s - 1.0))
    assert worst < 0.04


# --- what the age of a call tells ---------------------------------------------------------------------------------


@pytest.mark.parametrize("signals_ringing", [True, False], ids=["ringing is told", "ringing is never told"])
def test_the_age_of_a_call_tells_how_likely_and_how_soon_a_person_answers(signals_ringing: bool) -> None:
    tables = taught(population(6000, seed=4, signals_ringing=signals_ringing)).tables()
    calls = population(6000, seed=5, signals_ringing=signals_ringing)
    rows_checked = 0
    for row in (*range(0, 60, 4), *range(BINS, BINS + 60, 4)):
        alive = [(left, call.answered) for call in calls if (left := left_s(call, row)) is not None]
        if len(alive) < 150:
            continue
        rows_checked += 1
        odds = 0.3 / 0.7 * tables.kept[row] / tables.others_kept[row]
        will = odds / (1.0 + odds)
        assert abs(will - np.mean([answered for _, answered in alive])) < three_sigmas(will, len(alive)), row
        for moment in (0, 2, 5, 9, 15):
            by = will * float(tables.answered_by[row, moment])
            seen = np.mean([answered and left < AHEAD_S[moment] for left, answered in alive])
            assert abs(by - seen) < three_sigmas(by, len(alive)), (row, moment)
    assert rows_checked > (18 if signals_ringing else 12)


def test_chances_are_chances_and_grow() -> None:
    for count in (0, 1, 50, 6000):
        tables = taught(population(count, seed=4)).tables()
        assert (tables.answered_by >= 0.0).all() and (tables.answered_by <= 1.0).all()
        assert (np.diff(tables.answered_by, axis=1) >= 0.0).all()
        for kept in (tables.kept, tables.others_kept):
            assert (kept > 0.0).all() and (kept <= 1.0 + 1e-12).all()
            assert (np.diff(kept[:BINS]) <= 1e-12).all() and (np.diff(kept[BINS:]) <= 1e-12).all()


# --- calls that we gave up ------------------------------------------------------------------------------------------


def long_rings(count: int, seed: int) -> list[Rung]:
    """One in six people answers after 20 s; half of the others ring out after 24 to 30 s."""
    rng = np.random.default_rng(seed)
    calls = []
    for _ in range(count):
        answered = bool(rng.random() < 0.2)
        late = rng.random() < (1 / 6 if answered else 0.5)
        if answered:
            rang_s = float(rng.uniform(20.0, 26.0) if late else rng.uniform(5.0, 15.0))
        else:
            rang_s = float(rng.uniform(24.0, 30.0) if late else rng.uniform(1.0, 12.0))
        calls.append(Rung(2.0, rang_s, answered))
    return calls


def tell_cut(model: RingModel, calls: list[Rung], share: float, seed: int) -> None:
    """The same, but some of those that ring for 20 s are given up then."""
    rng = np.random.default_rng(seed)
    for call in calls:
        if call.rang_s is not None and call.rang_s > 20.0 and rng.random() < share:
            model.observe_cut(dialled_s=call.dialled_s, rang_s=20.0)
        else:
            taught([call], model)


@pytest.mark.parametrize("share", [1.0, 0.7], ids=["all", "most"])
def test_giving_calls_up_at_20_s_changes_nothing_of_what_is_believed_of_rings(share: float) -> None:
    model = taught(long_rings(1500, seed=1))
    ratios = []
    for part in range(8):
        tell_cut(model, long_rings(1000, seed=20 + part), share, seed=part)
        ratios.append(model.answer_ratio(800.0))
    tables = model.tables()
    assert float(np.mean(ratios)) == pytest.approx(0.2, abs=3.0 * math.sqrt(0.16 / 8000))
    assert tables.kept[BINS + 40] == pytest.approx(1 / 6, abs=0.04)
    assert tables.others_kept[BINS + 40] == pytest.approx(0.5, abs=0.04)
    assert tables.kept[BINS + 46] / tables.kept[BINS + 40] == pytest.approx(0.5, abs=0.12)
    assert tables.others_kept[BINS + 50] / tables.others_kept[BINS + 40] > 0.7, "nothing ends at 20 s"
    true_s = float(np.mean([call.lasts_s for call in long_rings(20_000, seed=2)]))
    assert model.mean_s() == pytest.approx(true_s, rel=0.03)


def test_a_call_that_was_given_up_is_an_answer_only_as_far_as_one_was_to_be_expected() -> None:
    model = taught(long_rings(3000, seed=3))
    to_come = 0.2 * (1 / 6)
    expected = to_come / (to_come + 0.8 * 0.5)
    assert model.observe_cut(dialled_s=2.0, rang_s=20.0) == pytest.approx(expected, rel=0.35)
    assert model.observe_cut(dialled_s=2.0, rang_s=28.5) < 0.05, "by then nobody answers any more"
    readier = [model.observe_cut(dialled_s=2.0, rang_s=20.0, odds=odds) for odds in (0.2, 1.0, 5.0)]
    assert readier == sorted(readier) and readier[2] > 3.0 * readier[1]


def test_a_call_given_up_at_an_age_at_which_nothing_rang_before_is_survived() -> None:
    model = RingModel(0.3)
    for weights in (model.answered, model.otherwise):
        weights[100:] = 0.0
    chance = model.observe_cut(dialled_s=2.0, rang_s=60.0)
    assert chance == 0.0
    assert model.otherwise[120] == 1.0
    assert np.isfinite(model.tables().answered_by).all()


# --- the answer ratio ----------------------------------------------------------------------------------------------


def coins(answer_ratio: float, count: int, seed: int) -> str:
    return "".join("01"[flip] for flip in (np.random.default_rng(seed).random(count) < answer_ratio).astype(int))


def calls_until_noticed(before: float, after: float, seed: int, most: int = 1000) -> int:
    """Calls after a jump until the longest memory has come more than half of the way."""
    model, way = RingModel(0.3), 0.5 * (before + after)
    tell(model, coins(before, 3000, seed))
    for number, one in enumerate(coins(after, most, 100 + seed), start=1):
        tell(model, one)
        if (model.answer_ratio(MEMORIES[-1]) > way) == (after > before):
            return number
    return most


@pytest.mark.parametrize(
    ("before", "after", "most_calls"), [(0.15, 0.4, 170), (0.4, 0.15, 170), (0.05, 0.2, 260), (0.3, 0.75, 130)]
)
def test_a_jump_of_the_answer_ratio_is_noticed_by_every_memory(before: float, after: float, most_calls: int) -> None:
    needed = sorted(calls_until_noticed(before, after, seed) for seed in range(11))
    assert needed[5] <= most_calls, needed


@pytest.mark.parametrize("answer_ratio", [0.05, 0.3, 0.7])
def test_a_steady_answer_ratio_is_averaged_over_the_whole_memory(answer_ratio: float) -> None:
    model, errors = RingModel(answer_ratio), []
    for number, one in enumerate(coins(answer_ratio, 20_000, seed=8), start=1):
        tell(model, one)
        if number > 4000:
            errors.append(model.answer_ratio(MEMORIES[-1]) - answer_ratio)
    by_theory = math.sqrt(answer_ratio * (1.0 - answer_ratio) / (2.0 * MEMORIES[-1] - 1.0))
    assert float(np.std(errors)) < 1.7 * by_theory  # now and then a run of luck looks like a jump
    assert abs(float(np.mean(errors))) < by_theory


def test_the_memory_asked_for_is_the_next_longer_one() -> None:
    model = RingModel(0.3)
    tell(model, "1" * 30 + "0" * 30)
    exactly = [model.answer_ratio(memory) for memory in MEMORIES]
    assert len(set(exactly)) == len(MEMORIES)
    assert [model.answer_ratio(memory - 1.0) for memory in MEMORIES] == exactly
    assert [model.answer_ratio(memory + 1.0) for memory in MEMORIES] == [*exactly[1:], exactly[-1]]


def test_before_the_first_call_the_settings_are_believed() -> None:
    model = RingModel(0.42)
    assert [model.answer_ratio(memory) for memory in MEMORIES] == pytest.approx([0.42] * len(MEMORIES))
    assert 10.0 < model.mean_s() < 30.0


# --- snapshots -----------------------------------------------------------------------------------------------------


def test_a_snapshot_survives_json_to_the_last_bit() -> None:
    model, again = taught(population(500, seed=6)), RingModel(0.9)
    again.restore(json.loads(json.dumps(model.as_dict())))
    assert again.as_dict() == model.as_dict()
    for before, after in zip(asdict(model.tables()).values(), asdict(again.tables()).values(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_snapshot_does_not_change_when_more_is_learned() -> None:
    model = taught(population(50, seed=6))
    snapshot = model.as_dict()
    before = json.dumps(snapshot)
    taught(population(50, seed=7), model)
    assert json.dumps(snapshot) == before


def test_a_damaged_snapshot_changes_nothing() -> None:
    model = taught(population(50, seed=6))
    before = model.as_dict()
    damaged = {**taught(population(90, seed=7)).as_dict(), "call_sums": [1.0, 2.0]}
    with pytest.raises(ValueError, match="call_sums"):
        model.restore(json.loads(json.dumps(damaged)))
    assert model.as_dict() == before
