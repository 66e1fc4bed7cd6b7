"""Scorecards: learned from history and tested on later days, scored without scikit-learn, explained, kept as text."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from dialer.config.risk import load_risk
from dialer.risk import evaluating, measures, training
from dialer.risk.bins import Bins, bins_of_categories, bins_of_numbers
from dialer.risk.card_json import CardError, card_text, digest, read_card
from dialer.risk.features import Kind, usable
from dialer.risk.grades import Grade, read_grade, worse_by
from dialer.risk.history import DAY_S
from dialer.risk.observing import features, outcomes, owes
from dialer.risk.scorecard import Card, CardFeature, CardKind, chances, reasons, score
from dialer.risk.settings import RiskSettings
from dialer.risk.splitting import TooShortError, split
from risk_world import NOTHING, TRUTH, World, observed_s, world

CONFIG = Path(__file__).parents[2] / "config"
NAN = float("nan")


@cache
def settings() -> RiskSettings:
    return load_risk(CONFIG, CONFIG, {})


@cache
def lived(seed: int, *, null: bool = False) -> World:
    return world(accounts=1_200, months=12, seed=seed, effects=NOTHING if null else TRUTH)


@cache
def trained(seed: int, *, null: bool = False) -> training.Trained:
    one = lived(seed, null=null)
    return training.train(one.history, settings(), until_s=one.until_s)


def rows_of_the_test(seed: int, *names: str, null: bool = False) -> tuple[evaluating.Sample, np.ndarray]:
    """The rows of the test, and the true chance of each."""
    one = lived(seed, null=null)
    days = evaluating.days_of(one.history, settings().training, one.until_s).test
    months = [month for month in range(12) if observed_s(month) in days]
    assert len(months) == len(days)
    return evaluating.sample(one.history, days, settings().training, names), np.concatenate(
        [one.truth[month] for month in months]
    )


# --- what it learns ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_trained_card_separates_nearly_as_well_as_the_hidden_truth(seed: int) -> None:
    rows, truth = rows_of_the_test(seed)
    best = measures.auc_of(*measures.Ranking(truth, rows.bad).shares())
    told = trained(seed).evaluation
    assert told.separation.auc.low < best < told.separation.auc.high + 0.01
    assert told.separation.auc.value > best - 0.01
    assert told.brier is not None
    assert measures.brier(truth, rows.bad) < told.brier + 0.001 < told.brier_of_mean / 1.5


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_nothing_can_be_known_the_interval_of_the_auc_covers_a_half(seed: int) -> None:
    auc = trained(seed, null=True).evaluation.separation.auc
    assert auc.low <= 0.5 <= auc.high


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_chances_are_what_comes_true(seed: int) -> None:
    rows = trained(seed).evaluation.calibration
    missed = sum(row.rows * abs(row.predicted - row.observed) for row in rows) / sum(row.rows for row in rows)
    assert missed < 0.03
    assert rows[-1].predicted > 0.9 > 0.3 > rows[0].predicted  # and they are not all alike


def test_what_is_learned_from_is_over_before_the_first_day_of_the_test() -> None:
    told = trained(1)
    assert told.known_until_s <= told.evaluation.first_s
    days = split(0.0, 400 * DAY_S, horizon_days=45, every_days=30, test_share=0.3)
    assert days.train[-1] + 45 * DAY_S <= days.test[0]
    assert days.test[-1] + 45 * DAY_S <= 400 * DAY_S


def test_a_history_that_is_too_short_or_too_good_is_not_learned_from() -> None:
    with pytest.raises(TooShortError, match=r"50 days of history are too few.* need more than 60"):
        split(0.0, 50 * DAY_S, horizon_days=30, every_days=30, test_share=0.3)
    few = world(accounts=20, months=12, seed=1)
    with pytest.raises(training.TooFewError, match="at least 50 of each are needed"):
        training.train(few.history, settings(), until_s=few.until_s)


def test_protected_attributes_are_no_features_unless_the_settings_let_them() -> None:
    names = {one.name for one in usable(settings().excluded)}
    assert names.isdisjoint({"sex", "marital", "education", "ethnicity", "region"})
    assert {"occupation", "days_past_due"} <= names
    assert not any(word in name for name in names for word in ("age", "birth") if name != "utilisation")
    assert "region" in {one.name for one in usable(settings().excluded - {"region"})}


# --- what it says --------------------------------------------------------------------------------------


def test_scoring_from_the_text_equals_scikit_learn() -> None:
    rows, _ = rows_of_the_test(1, *trained(1).card.names)
    learned_days = evaluating.days_of(lived(1).history, settings().training, lived(1).until_s).train
    learned = evaluating.sample(lived(1).history, learned_days, settings().training, trained(1).card.names)

    def evidence(sample: evaluating.Sample) -> np.ndarray:
        found = []
        for one in trained(1).card.features:
            places = one.bins.of(learned.columns[one.name])
            of_bin = training._evidence(places, one.bins.count, learned.bad)
            found.append(of_bin[one.bins.of(sample.columns[one.name])])
        return np.column_stack(found)

    model = training.regression(evidence(learned), learned.bad, settings().training.strength)
    card = read_card(card_text(trained(1).card))
    ours = chances(card, score(card, rows.columns))
    assert np.max(np.abs(ours - model.predict_proba(evidence(rows))[:, 1])) < 1e-9


def test_scoring_does_not_import_scikit_learn() -> None:
    modules = "dialer.risk.scorecard, dialer.risk.card_json, dialer.risk.observing"
    code = f"import sys, {modules}; print('sklearn' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def card() -> Card:
    return Card(
        kind=CardKind.RULES,
        base=1000.0,
        factor=1.0,
        features=(
            CardFeature(
                name="days_past_due",
                bins=Bins(kind=Kind.NUMBER, edges=(1.0, 31.0)),
                weights=(120.0, 0.0, 90.0, 300.0),
            ),
            CardFeature(
                name="occupation",
                bins=Bins(kind=Kind.CATEGORY, categories=(("教师", "teacher"), ("miner",))),
                weights=(10.0, 0.0, 10.0, 20.0),
            ),
        ),
        cuts=((Grade.A, 920.0), (Grade.B, 820.0), (Grade.C, 700.0), (Grade.D, 560.0)),
    )


def columns(days: list[float], jobs: list[str]) -> dict[str, np.ndarray]:
    return {"days_past_due": np.array(days), "occupation": np.array(jobs, dtype=object)}


def test_points_grades_and_reasons_of_a_card_to_the_point() -> None:
    told = score(card(), columns([0.0, 31.0, NAN, 30.9], ["teacher", "pilot", "", "miner"]))
    assert told.scores.tolist() == [1000.0, 680.0, 870.0, 900.0]
    assert told.grades.tolist() == ["A", "D", "B", "B"]
    assert reasons(card(), told, 0) == ()
    assert [(one.feature, one.label, one.points) for one in reasons(card(), told, 1)] == [
        ("days_past_due", "≥ 31", 300),
        ("occupation", "*", 20),
    ]
    assert [(one.feature, one.label) for one in reasons(card(), told, 2)] == [
        ("days_past_due", "–"),
        ("occupation", "–"),
    ]
    assert [one.label for one in reasons(card(), told, 3)] == ["1 … < 31", "miner"]


def test_nobody_is_scored_when_there_is_nobody() -> None:
    assert score(card(), columns([], [])).scores.tolist() == []


def test_a_card_of_rules_knows_no_chances() -> None:
    with pytest.raises(ValueError, match="no chances"):
        chances(card(), score(card(), columns([1.0], [""])))


def test_a_card_and_its_text_are_the_same_card_and_another_format_is_not_guessed_at() -> None:
    for one in (card(), trained(1).card, settings().rules):
        text = card_text(one)
        assert read_card(text) == one
        assert digest(card_text(read_card(text))) == digest(text)
    with pytest.raises(CardError, match="format 2"):
        read_card(card_text(card()).replace('"format": 1', '"format": 2'))
    with pytest.raises(CardError, match="no scorecard"):
        read_card("{}")


def test_a_greater_chance_of_not_paying_is_never_a_better_grade() -> None:
    rows, _ = rows_of_the_test(2, *trained(2).card.names)
    scored = score(trained(2).card, rows.columns)
    found = chances(trained(2).card, scored)
    for grade, most in settings().chances:
        of_grade = found[scored.grades == str(grade)]
        assert of_grade.size == 0 or of_grade.max() <= most + 0.01  # scores are whole points


# --- bins and grades -----------------------------------------------------------------------------------


def test_bins_hold_enough_each_and_equal_values_stay_together() -> None:
    values = np.concatenate([np.zeros(60), np.arange(1.0, 41.0), np.full(5, NAN)])
    found = bins_of_numbers(values, most=5, fewest=10)
    places = found.of(values)
    counts = np.bincount(places, minlength=found.count)
    assert counts[0] == 5
    assert all(count >= 10 for count in counts[1:])
    assert len(set(places[:60])) == 1
    assert bins_of_numbers(np.full(9, NAN), most=5, fewest=2).count == 2


def test_rare_categories_are_all_others() -> None:
    values = np.array(["a"] * 6 + ["b"] * 5 + ["c"] + [""], dtype=object)
    found = bins_of_categories(values, most=3, fewest=5)
    assert found.categories == (("a",), ("b",))
    assert found.of(np.array(["a", "b", "c", "z", ""], dtype=object)).tolist() == [1, 2, 3, 3, 0]


@pytest.mark.parametrize(
    ("text", "grade"), [("A", "A"), (" e ", "E"), ("low", "B"), ("中风险", "C"), ("HIGH", "D"), ("", None), ("x", None)]
)
def test_what_lists_write_is_read_as_a_grade(text: str, grade: str | None) -> None:
    assert read_grade(text) == grade


def test_grades_end_at_the_worst() -> None:
    assert [worse_by(Grade.D, steps) for steps in (0, 1, 4)] == ["D", "E", "E"]


# --- features by hand ----------------------------------------------------------------------------------


def test_features_and_outcomes_of_one_account_by_hand() -> None:
    """Paid the first instalment two days late, the second not yet; seen the day before the third falls due."""
    one = world(accounts=1, months=3, seed=1)
    due = one.history.instalments.due_s
    paid = replace(
        one.history.payments,
        accounts=np.array([0, 0]),
        at_s=np.array([due[0] + 2 * DAY_S, due[2] + 5 * DAY_S]),
        known_s=np.array([due[0] + 3 * DAY_S, due[2] + 5 * DAY_S]),
        reversed_s=np.full(2, np.inf),
        amounts=np.array([100_000, 140_000]),
    )
    history = replace(one.history, payments=paid)
    at_s = observed_s(2)
    seen = {name: column[0] for name, column in features(history, at_s).items()}
    assert seen["days_past_due"] == 29
    assert seen["overdue_share"] == pytest.approx(1 / 3)
    assert seen["late_share"] == 0.5  # two days are not late
    assert seen["worst_days_late"] == 29
    assert seen["days_since_payment"] == 57
    assert seen["paid_share"] == 0.5
    assert seen["product"] == "loan"
    assert seen["sex"] == ""
    became = outcomes(history, at_s, horizon_s=30 * DAY_S, paid_share=0.5)
    assert (became.asked[0], became.paid[0], became.bad[0]) == (200_000, 140_000, 0.0)
    assert outcomes(history, at_s, horizon_s=30 * DAY_S, paid_share=0.75).bad[0] == 1.0
    undone = replace(history, payments=replace(paid, reversed_s=np.array([at_s + DAY_S, np.inf])))
    became = outcomes(undone, at_s, horizon_s=30 * DAY_S, paid_share=0.5)
    assert (became.asked[0], became.bad[0]) == (300_000, 1.0)
    gone = replace(history, payments=replace(paid, reversed_s=np.array([at_s - DAY_S, np.inf])))
    assert features(gone, at_s)["days_past_due"][0] == 59  # as if it had never been paid
    assert np.isnan(features(gone, at_s)["days_since_payment"][0])


def test_what_is_over_and_paid_is_not_graded_and_what_has_no_plan_is() -> None:
    one = world(accounts=2, months=2, seed=1)
    due = one.history.instalments.due_s
    paid = replace(
        one.history.payments,
        accounts=np.array([0]),
        at_s=np.array([due[0]]),
        known_s=np.array([due[0]]),
        reversed_s=np.array([np.inf]),
        amounts=np.array([200_000]),
    )
    history = replace(one.history, payments=paid)
    assert owes(history, due[0] + DAY_S).tolist() == [True, True]  # an instalment is to come
    assert owes(history, due[1] + DAY_S).tolist() == [False, True]
    empty = replace(history, instalments=replace(history.instalments, **{
        name: getattr(history.instalments, name)[:0] for name in ("accounts", "due_s", "amounts")
    }))  # fmt: skip
    assert owes(empty, due[1]).tolist() == [True, True]


def test_a_card_drifts_when_its_accounts_do_and_not_when_they_stay() -> None:
    rows, _ = rows_of_the_test(1, *trained(1).card.names)
    learned = evaluating.days_of(lived(1).history, settings().training, lived(1).until_s).train
    same = evaluating.sample(lived(1).history, learned, settings().training, trained(1).card.names)
    steady = evaluating.drift(trained(1).card, same.columns, settings().drift)
    assert [one.name for one in steady] == ["score", *trained(1).card.names]
    assert max(one.psi for one in steady) < 1e-9
    moved = dict(rows.columns) | {"burden": np.full(rows.rows, 5.0)}
    told = {one.name: one.verdict for one in evaluating.drift(trained(1).card, moved, settings().drift)}
    assert told["burden"] == "alarm"
    assert evaluating.drift(card(), columns([1.0], [""]), settings().drift) == ()
