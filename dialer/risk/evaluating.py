"""How does a card do on days that it has not learned from, and against another card on the same rows? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dialer.risk import measures
from dialer.risk.features import Column, Floats
from dialer.risk.history import DAY_S, NEVER, History, Ints
from dialer.risk.measures import CalibrationRow, Interval, Ranking, Separation
from dialer.risk.observing import features, outcomes
from dialer.risk.scorecard import Card, CardKind, chances, score
from dialer.risk.settings import DriftSettings, TrainingSettings
from dialer.risk.splitting import Split, split

_CURVE_POINTS: Final = 101


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two cards on the same rows, later than what either has learned from."""

    champion: Evaluation
    challenger: Evaluation
    gain: Interval
    """The challenger's AUC less the champion's, drawn in pairs."""

    @property
    def verdict(self) -> str:
        """better, worse, or undecided, by the interval."""
        return "better" if self.gain.low > 0 else "worse" if self.gain.high < 0 else "undecided"


class NothingNewError(ValueError):
    """There are no outcomes yet of days after what the cards have learned from."""


def compare(
    history: History,
    champion: Card,
    challenger: Card,
    settings: TrainingSettings,
    *,
    known_until_s: float | None,
    until_s: float,
) -> Comparison:
    """Hold two cards against each other on days that neither has learned from.

    Args:
        history: what is known.
        champion: the one.
        challenger: the other.
        settings: horizon, and the days of observation.
        known_until_s: the later end of what they learned from; None: neither was trained.
        until_s: what is known ends here.

    Raises:
        TooShortError: of `splitting`.
        NothingNewError: no day is late enough, or all paid on it, or nobody did.
    """
    days = days_of(history, settings, until_s)
    late = [day for day in (*days.train, *days.test) if known_until_s is None or day >= known_until_s]
    names = tuple(dict.fromkeys((*champion.names, *challenger.names)))
    rows = sample(history, late or days.test[-1:], settings, names)
    if not late or not 0 < rows.bad.sum() < rows.rows:
        raise NothingNewError(
            "no outcomes are known yet of days after what the cards have learned from; compare them again later"
        )
    one, other = (score(card, rows.columns).weights * card.factor for card in (champion, challenger))
    return Comparison(
        champion=evaluate(champion, rows, settings),
        challenger=evaluate(challenger, rows, settings),
        gain=measures.auc_gain(one, other, rows.bad, rows.debtors, draws=settings.draws, seed=settings.seed),
    )


# --- drift ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far a feature, or the score, is from what the card learned from."""

    name: str
    psi: float
    verdict: str
    """steady, watch, alarm."""
    before: tuple[float, ...]
    now: tuple[float, ...]


SCORE: Final = "score"


def drift(card: Card, columns: Mapping[str, Column], settings: DriftSettings) -> tuple[Drift, ...]:
    """Of the score and then of each feature; empty for a card that has learned from nothing.

    Args:
        card: with the shares that it learned from.
        columns: of the accounts of today.
        settings: from where on it matters.
    """
    scored = score(card, columns)
    found = []
    if card.score_edges:
        places = np.searchsorted(np.asarray(card.score_edges), scored.scores, side="right")
        now = measures.shares_of(places, len(card.score_edges) + 1)
        found.append(_drift(SCORE, card.score_shares, now, settings))
    for one, places in zip(card.features, scored.bins, strict=True):
        if one.shares:
            found.append(_drift(one.name, one.shares, measures.shares_of(places, one.bins.count), settings))
    return tuple(found)


def _drift(name: str, before: Sequence[float], now: Sequence[float], settings: DriftSettings) -> Drift:
    found = measures.psi(before, now)
    verdict = "alarm" if found >= settings.alarm else "watch" if found >= settings.watch else "steady"
    return Drift(name=name, psi=found, verdict=verdict, before=tuple(before), now=tuple(now))


# --- as it is kept -------------------------------------------------------------------------------------


def evaluation_json(one: Evaluation) -> dict[str, Any]:
    """An evaluation as it stands in the register."""
    return {
        "rows": one.rows,
        "debtors": one.debtors,
        "bad": one.bad,
        "first_s": one.first_s,
        "last_s": one.last_s,
        "auc": _interval_json(one.separation.auc),
        "ks": _interval_json(one.separation.ks),
        "brier": one.brier,
        "brier_of_mean": one.brier_of_mean,
        "calibration": [
            {"rows": row.rows, "predicted": row.predicted, "observed": row.observed, "low": row.low, "high": row.high}
            for row in one.calibration
        ],
        "curve": {
            "scores": list(one.curve.scores),
            "goods": list(one.curve.goods),
            "bads": list(one.curve.bads),
        },
    }


def read_evaluation(said: Mapping[str, Any]) -> Evaluation:
    """The evaluation of a text of the register."""
    return Evaluation(
        rows=said["rows"],
        debtors=said["debtors"],
        bad=said["bad"],
        first_s=said["first_s"],
        last_s=said["last_s"],
        separation=Separation(auc=Interval(**said["auc"]), ks=Interval(**said["ks"])),
        brier=said["brier"],
        brier_of_mean=said["brier_of_mean"],
        calibration=tuple(CalibrationRow(**row) for row in said["calibration"]),
        curve=Curve(**{name: tuple(values) for name, values in said["curve"].items()}),
    )


def _interval_json(one: Interval) -> dict[str, float]:
    return {"value": one.value, "low": one.low, "high": one.high}
