"""Learning a scorecard from history. The only module that knows scikit-learn; scoring does not need it.

Each feature becomes bins; each bin's value is its weight of evidence, how much more often those in it did not pay; a
logistic regression weighs the features against each other. All of that sees the rows to learn from alone. A feature
that the others explain, whose weight would turn against its own evidence, is left out, so that every reason reads true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from dialer.risk.bins import Bins, bins_of_categories, bins_of_numbers
from dialer.risk.evaluating import Evaluation, Sample, days_of, evaluate, evaluation_json, sample
from dialer.risk.features import FEATURES, Column, Floats, Kind, usable
from dialer.risk.history import DAY_S, History
from dialer.risk.measures import shares_of
from dialer.risk.scorecard import Card, CardFeature, CardKind, cuts_by_chance, score
from dialer.risk.settings import RiskSettings

_HALF: Final = 0.5
"""Added to the good and the bad rows of every bin, so that an empty one has evidence for nothing."""


class TooFewError(ValueError):
    """The history holds too few outcomes of one kind; the text says how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A new card and what is to be known of it."""

    card: Card
    learned_rows: int
    learned_bad: int
    learned_first_s: float
    learned_last_s: float
    known_until_s: float
    """The end of the last horizon that it learned from."""
    left_out: tuple[str, ...]
    """Features that say nothing, or turned against their own evidence."""
    excluded: tuple[str, ...]
    """Attributes that it was not allowed to look at."""
    evaluation: Evaluation


def train(history: History, settings: RiskSettings, *, until_s: float) -> Trained:
    """Make a card and test it on later days.

    Args:
        history: what is known.
        settings: how.
        until_s: what is known ends here.

    Raises:
        TooShortError: of `splitting`, when the history is too short.
        TooFewError: too few did not pay, or too few did.
    """
    names = tuple(one.name for one in usable(settings.excluded))
    days = days_of(history, settings.training, until_s)
    learned = sample(history, days.train, settings.training, names)
    tested = sample(history, days.test, settings.training, names)
    for what, rows in (("learn from", learned), ("test", tested)):
        _check(what, rows, settings.training.fewest_bad)
    card, left_out = fit(learned, settings)
    return Trained(
        card=card,
        learned_rows=learned.rows,
        learned_bad=int(learned.bad.sum()),
        learned_first_s=days.train[0],
        learned_last_s=days.train[-1],
        known_until_s=days.train[-1] + settings.training.horizon_days * DAY_S,
        left_out=left_out,
        excluded=tuple(sorted(settings.excluded)),
        evaluation=evaluate(card, tested, settings.training),
    )


def _check(what: str, rows: Sample, fewest: int) -> None:
    bad = int(rows.bad.sum())
    if min(bad, rows.rows - bad) < fewest:
        raise TooFewError(
            f"of {rows.rows} outcomes to {what}, {bad} did not pay and {rows.rows - bad} did; "
            f"at least {fewest} of each are needed"
        )


def fit(rows: Sample, settings: RiskSettings) -> tuple[Card, tuple[str, ...]]:
    """A card from rows, and the features that it leaves out."""
    training = settings.training
    fewest = max(1, round(training.fewest_share * rows.rows))
    bins = {name: _bins(name, column, training.most_bins, fewest) for name, column in rows.columns.items()}
    places = {name: one.of(rows.columns[name]) for name, one in bins.items()}
    telling = [name for name in bins if len(np.unique(places[name])) > 1]
    evidence = {name: _evidence(places[name], bins[name].count, rows.bad) for name in telling}
    kept = list(telling)
    while True:
        intercept, slopes = _regression([evidence[name][places[name]] for name in kept], rows.bad, training.strength)
        turned = [name for name, slope in zip(kept, slopes, strict=True) if slope <= 0]
        if not turned:
            break
        kept = [name for name in kept if name not in turned]
    card = Card(
        kind=CardKind.TRAINED,
        base=settings.scale.even,
        factor=settings.scale.factor,
        intercept=intercept,
        features=tuple(
            _card_feature(name, bins[name], slope * evidence[name], places[name], rows.bad)
            for name, slope in zip(kept, slopes, strict=True)
        ),
        cuts=cuts_by_chance(settings.scale.even, settings.scale.factor, settings.chances),
    )
    return _with_edges(card, rows), tuple(name for name in rows.columns if name not in kept)


def _bins(name: str, column: Column, most: int, fewest: int) -> Bins:
    if FEATURES[name].kind is Kind.NUMBER:
        return bins_of_numbers(np.asarray(column, dtype=np.float64), most=most, fewest=fewest)
    return bins_of_categories(np.asarray(column, dtype=object), most=most, fewest=fewest)


def _evidence(places: NDArray[np.intp], count: int, bad: Floats) -> Floats:
    """The weight of evidence of each bin: log of its share of the bad over its share of the good."""
    bads = np.bincount(places, bad, minlength=count)
    goods = np.bincount(places, 1.0 - bad, minlength=count)
    odds = (bads + _HALF) / (goods + _HALF)
    found = np.log(odds) - np.log((bads.sum() + _HALF) / (goods.sum() + _HALF))
    return np.where(bads + goods > 0, found, 0.0)


def _regression(columns: Sequence[Floats], bad: Floats, strength: float) -> tuple[float, Floats]:
    """Intercept and slopes by scikit-learn; without columns the log-odds of the mean."""
    if not columns:
        mean = float(bad.mean())
        return float(np.log(mean / (1.0 - mean))), np.zeros(0)
    model = regression(np.column_stack(columns), bad, strength)
    return float(model.intercept_[0]), np.asarray(model.coef_[0], dtype=np.float64)


class Regression(Protocol):
    """What of scikit-learn's fitted regression is used."""

    intercept_: Floats
    coef_: Floats

    def predict_proba(self, evidence: Floats) -> Floats:
        """Chances of 0 and of 1, shape (n, 2)."""
        ...


def regression(evidence: Floats, bad: Floats, strength: float) -> Regression:
    """The fitted `sklearn.linear_model.LogisticRegression`."""
    from sklearn.linear_model import LogisticRegression  # half a second to import, and scoring needs none of it

    fitted: Regression = LogisticRegression(C=strength, max_iter=1_000, tol=1e-8).fit(evidence, bad.astype(np.int64))
    return fitted


def _card_feature(name: str, bins: Bins, weights: Floats, places: NDArray[np.intp], bad: Floats) -> CardFeature:
    rows = np.bincount(places, minlength=bins.count)
    bads = np.bincount(places, bad, minlength=bins.count)
    return CardFeature(
        name=name,
        bins=bins,
        weights=tuple(map(float, weights)),
        shares=tuple(map(float, rows / rows.sum())),
        bad_shares=tuple(map(float, bads / np.maximum(1, rows))),
    )


def _with_edges(card: Card, rows: Sample) -> Card:
    scores = score(card, rows.columns).scores
    edges = np.unique(np.quantile(scores, np.arange(1, 10) / 10))
    shares = shares_of(np.searchsorted(edges, scores, side="right"), len(edges) + 1)
    return replace(card, score_edges=tuple(map(float, edges)), score_shares=tuple(map(float, shares)))


def record_of(told: Trained) -> dict[str, object]:
    """What the register keeps of a training, besides the card."""
    return {
        "learned": {
            "rows": told.learned_rows,
            "bad": told.learned_bad,
            "first_s": told.learned_first_s,
            "last_s": told.learned_last_s,
        },
        "left_out": list(told.left_out),
        "excluded": list(told.excluded),
        "test": evaluation_json(told.evaluation),
    }
