"""How good is a score, and how sure is that? AUC, KS, Brier, calibration, drift. Pure; chance comes from a seed.

`risk` is any number that is greater for a greater chance of not paying; `bad` is 1 where somebody did not pay.
Intervals are percentiles of a bootstrap that draws debtors with all their rows, because the rows of one are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dialer.risk.features import Floats

Ints = NDArray[np.int64]
_LEVEL: Final = 0.95
_Z95: Final = 1.959963984540054
"""Of the normal distribution, for 95 % on both sides."""
_PSI_FLOOR: Final = 1e-4
"""An empty bin counts as this share: the index would be infinite. House rule, as usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """How well a score tells those who do not pay from those who do."""

    auc: Interval
    ks: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRow:
    """Rows of about the same predicted chance."""

    rows: int
    predicted: float
    """Mean chance."""
    observed: float
    """Share that did not pay."""
    low: float
    high: float
    """Wilson's 95 % interval of the share."""


class Ranking:
    """Scores in order, so that measures with other weights of the rows cost no sorting."""

    def __init__(self, risk: Floats, bad: Floats) -> None:
        order = np.argsort(risk, kind="stable")
        ordered = risk[order]
        self._order = order
        self._bad = bad[order]
        self._ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))  # the last of each group of equals
        self.thresholds = ordered[self._ends]

    def shares(self, weights: Floats | None = None) -> tuple[Floats, Floats]:
        """Of the good and of the bad rows, the share up to each distinct score from the lowest on, beginning with 0.

        Args:
            weights: of each row, how often it counts; None: once.
        """
        bad = self._bad if weights is None else self._bad * weights[self._order]
        good = 1.0 - self._bad if weights is None else (1.0 - self._bad) * weights[self._order]
        bads = np.append(0.0, np.cumsum(bad)[self._ends])
        goods = np.append(0.0, np.cumsum(good)[self._ends])
        if bads[-1] == 0 or goods[-1] == 0:
            return np.array([np.nan]), np.array([np.nan])
        return goods / goods[-1], bads / bads[-1]


def auc_of(goods: Floats, bads: Floats) -> float:
    """The area under the ROC curve from the shares of `Ranking`; NaN when all paid, or nobody did."""
    if len(goods) < 2:
        return float("nan")
    # A bad row beats the good ones below it, and half of those that are equal.
    return float(np.sum(np.diff(bads) * (goods[1:] + goods[:-1])) / 2.0)


def ks_of(goods: Floats, bads: Floats) -> float:
    """The greatest distance of the two shares; NaN when all paid, or nobody did."""
    return float("nan") if len(goods) < 2 else float(np.max(np.abs(goods - bads)))


def separation(risk: Floats, bad: Floats, groups: Ints, *, draws: int, seed: int) -> Separation:
    """AUC and KS with their intervals.

    Args:
        risk: shape (n,).
        bad: shape (n,), 0 or 1.
        groups: shape (n,): whose row it is.
        draws: of the bootstrap.
        seed: of its chance.
    """
    ranking = Ranking(risk, bad)
    goods, bads = ranking.shares()
    drawn = [ranking.shares(weights) for weights in resampled(groups, draws=draws, seed=seed)]
    return Separation(
        auc=_interval(auc_of(goods, bads), [auc_of(*one) for one in drawn]),
        ks=_interval(ks_of(goods, bads), [ks_of(*one) for one in drawn]),
    )


def auc_gain(champion: Floats, challenger: Floats, bad: Floats, groups: Ints, *, draws: int, seed: int) -> Interval:
    """How much greater the challenger's AUC is on the same rows, drawn in pairs."""
    one, other = Ranking(champion, bad), Ranking(challenger, bad)

    def gain(weights: Floats | None) -> float:
        return auc_of(*other.shares(weights)) - auc_of(*one.shares(weights))

    return _interval(gain(None), [gain(weights) for weights in resampled(groups, draws=draws, seed=seed)])


def resampled(groups: Ints, *, draws: int, seed: int) -> Sequence[Floats]:
    """How often each row counts in each draw of whole groups, with replacement."""
    chance = np.random.default_rng(seed)
    names, members = np.unique(groups, return_inverse=True)
    count = len(names)
    return [
        np.bincount(chance.integers(count, size=count), minlength=count).astype(np.float64)[members]
        for _ in range(draws)
    ]


def _interval(value: float, drawn: Sequence[float]) -> Interval:
    known = np.asarray([one for one in drawn if not np.isnan(one)])
    if not len(known):
        return Interval(value=value, low=float("nan"), high=float("nan"))
    tail = (1.0 - _LEVEL) / 2.0
    low, high = np.quantile(known, [tail, 1.0 - tail])
    return Interval(value=value, low=float(low), high=float(high))


def brier(chance: Floats, bad: Floats) -> float:
    """The mean squared error of the chances; the least is best."""
    return float(np.mean((chance - bad) ** 2))


def calibration(chance: Floats, bad: Floats, *, rows: int = 10) -> tuple[CalibrationRow, ...]:
    """Predicted chances against what happened, in groups of about as many rows, from the least chance on."""
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, min(rows, max(1, len(order)))) if len(part)]
    return tuple(_calibration_row(chance[part], bad[part]) for part in parts)


def _calibration_row(chance: Floats, bad: Floats) -> CalibrationRow:
    low, high = wilson(int(bad.sum()), len(bad))
    return CalibrationRow(rows=len(bad), predicted=float(chance.mean()), observed=float(bad.mean()), low=low, high=high)


def wilson(hits: int, rows: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    if rows == 0:
        return 0.0, 1.0
    share, z2 = hits / rows, _Z95 * _Z95
    middle = share + z2 / (2 * rows)
    half = _Z95 * sqrt(share * (1 - share) / rows + z2 / (4 * rows * rows))
    return max(0.0, (middle - half) / (1 + z2 / rows)), min(1.0, (middle + half) / (1 + z2 / rows))


def shares_of(bins: NDArray[np.intp], count: int) -> tuple[float, ...]:
    """The share of the rows in each of so many bins."""
    return tuple(np.bincount(bins, minlength=count) / max(1, len(bins)))


def psi(before: Sequence[float], now: Sequence[float]) -> float:
    """The population stability index between two distributions over the same bins.

    Source: the symmetric Kullback-Leibler divergence; usual in credit scoring (Siddiqi, Credit Risk Scorecards, 2006).
    """
    one = np.maximum(np.asarray(before), _PSI_FLOOR)
    other = np.maximum(np.asarray(now), _PSI_FLOOR)
    return float(np.sum((other - one) * np.log(other / one)))
