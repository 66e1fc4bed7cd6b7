"""Learning a scorecard from history. The only module that knows scikit-learn; scoring does not need it.

Each feature becomes bins; each bin's value is its weight of evidence, how much more often those in it did not pay; a
logistic regression weighs the features against each other. All of that sees the rows to learn from alone. A feature
that the others explain, whose weight would turn against its own evidence, is left out, so that every reason reads true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from dialer.risk import measures
from dialer.risk.bins import Bins, bins_of_categories, bins_of_numbers
from dialer.risk.features import FEATURES, Column, Floats, Kind, usable
from dialer.risk.history import DAY_S, NEVER, History, Ints
from dialer.risk.measures import CalibrationRow, Ranking, Separation
from dialer.risk.observing import features, outcomes
from dialer.risk.scorecard import Card, CardFeature, CardKind, chances, cuts_by_chance, score
from dialer.risk.settings import RiskSettings, TrainingSettings
from dialer.risk.splitting import Split, split

_HALF: Final = 0.5
"""Added to the good and the bad rows of every bin, so that an empty one has evidence for nothing."""
_CURVE_POINTS: Final = 101


class TooFewError(ValueError):
    """The history holds too few outcomes of one kind; the text says how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Rows of accounts on days of observation."""

    columns: Mapping[str, Column]
    bad: Floats
    debtors: Ints
    days_s: Floats

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Shares of the good and the bad up to each score, for ROC and KS; at most a hundred points."""

    scores: tuple[float, ...]
    goods: tuple[float, ...]
    bads: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How a card did on rows that it has not seen."""

    rows: int
    debtors: int
    bad: int
    first_s: float
    last_s: float
    """Days of observation."""
    separation: Separation
    brier: float | None
    """None: the card knows no chances."""
    brier_of_mean: float
    """Of saying the mean of the rows for everybody."""
    calibration: tuple[CalibrationRow, ...]
    curve: Curve


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
    evaluation: Evaluation


def sample(history: History, days_s: Iterable[float], settings: TrainingSettings, names: Sequence[str]) -> Sample:
    """The rows of some days: every account of which something was asked within the horizon.

    Args:
        history: what is known.
        days_s: days of observation.
        settings: horizon and what counts as paid.
        names: of the features.
    """
    parts: list[tuple[dict[str, Column], Floats, Ints, Floats]] = []
    for day in days_s:
        found = outcomes(history, day, horizon_s=settings.horizon_days * DAY_S, paid_share=settings.paid_share)
        rows = np.flatnonzero(~np.isnan(found.bad))
        seen = features(history, day)
        columns: dict[str, Column] = {name: seen[name][rows] for name in names}
        parts.append((columns, found.bad[rows], history.accounts.debtors[rows], np.full(len(rows), day)))
    return Sample(
        columns={name: np.concatenate([part[0][name] for part in parts]) for name in names},
        bad=np.concatenate([part[1] for part in parts]),
        debtors=np.concatenate([part[2] for part in parts]),
        days_s=np.concatenate([part[3] for part in parts]),
    )


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
        evaluation=evaluate(card, tested, settings.training),
    )


def days_of(history: History, settings: TrainingSettings, until_s: float) -> Split:
    """The days of observation that a history has.

    Raises:
        TooShortError: too few.
    """
    paid_out = history.accounts.paid_out_s
    known = paid_out[~np.isnan(paid_out)]
    return split(
        float(known.min()) if len(known) else NEVER,
        until_s,
        horizon_days=settings.horizon_days,
        every_days=settings.every_days,
        test_share=settings.test_share,
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
        score_edges=(),
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
    return Card(
        kind=card.kind,
        base=card.base,
        factor=card.factor,
        intercept=card.intercept,
        features=card.features,
        cuts=card.cuts,
        score_edges=tuple(map(float, edges)),
    )


def evaluate(card: Card, rows: Sample, settings: TrainingSettings) -> Evaluation:
    """How a card does on rows; they must be later than those it learned from."""
    scored = score(card, rows.columns)
    found = chances(card, scored) if card.kind is CardKind.TRAINED else None
    mean = float(rows.bad.mean())
    return Evaluation(
        rows=rows.rows,
        debtors=len(np.unique(rows.debtors)),
        bad=int(rows.bad.sum()),
        first_s=float(rows.days_s.min()),
        last_s=float(rows.days_s.max()),
        separation=measures.separation(
            scored.weights, rows.bad, rows.debtors, draws=settings.draws, seed=settings.seed
        ),
        brier=None if found is None else measures.brier(found, rows.bad),
        brier_of_mean=measures.brier(np.full(rows.rows, mean), rows.bad),
        calibration=() if found is None else measures.calibration(found, rows.bad),
        curve=_curve(-scored.weights * card.factor + card.base, rows.bad),
    )


def _curve(scores: Floats, bad: Floats) -> Curve:
    """From the worst score on, as ROC curves are drawn."""
    ranking = Ranking(scores, bad)
    goods, bads = ranking.shares()
    picked = np.unique(np.linspace(0, len(goods) - 1, _CURVE_POINTS).astype(np.intp))
    thresholds = np.append(ranking.thresholds[0], ranking.thresholds)
    return Curve(
        scores=tuple(map(float, thresholds[picked])),
        goods=tuple(map(float, goods[picked])),
        bads=tuple(map(float, bads[picked])),
    )
