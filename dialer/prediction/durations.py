"""How long talks and wrap-ups last: hazards, constant within pieces, that lean on a prior until there is evidence."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

import numpy as np

from dialer.prediction.moments import STEP_S, STEPS, Floats, Indexes
from dialer.prediction.reading import number, row

EDGES_S: Final = (
    *(0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 75.0, 90.0, 110.0),
    *(130.0, 160.0, 200.0, 250.0, 300.0, 400.0, 500.0, 700.0, 1000.0, 1500.0, 2000.0),
)
"""Where the pieces of a hazard begin; the last one has no end."""
PRIOR_DURATIONS: Final = 2.0
FORGET: Final = 2000.0
"""Past so many observations all are halved."""
AGES: Final = 600
"""Ages of 20 minutes and more share the last bin; a bin is `STEP_S` wide."""

_EDGES: Floats = np.array(EDGES_S)
_WIDTHS: Floats = np.append(np.diff(_EDGES), np.inf)
_LONGEST_GRACE_S = 16
_GRID_S: Floats = np.arange(int(STEP_S) * (AGES + STEPS) + _LONGEST_GRACE_S + 1, dtype=np.float64)
_NOW: Indexes = int(STEP_S) * np.arange(AGES)[:, None]
_AHEAD: Indexes = int(STEP_S) * np.arange(1, STEPS + 1)[None, :]


class DurationModel:
    """Learns from everything that ends, and from what has not ended yet."""

    def __init__(self, prior_mean_s: float) -> None:
        """Begin with a mean (seconds) that is worth `PRIOR_DURATIONS` observations."""
        self.prior_mean_s = max(prior_mean_s, 0.1)
        self.ends: Floats = np.zeros(len(EDGES_S))
        self.spent_s: Floats = np.zeros(len(EDGES_S))
        self.count = 0
        """Ends observed, never forgotten."""
        self._mean_s: float | None = None
        """Asked for at every decision, and changed by observations only."""

    def observe(self, seconds: float) -> None:
        """Something ended after so long."""
        self.spent_s += np.minimum(np.maximum(seconds - _EDGES, 0.0), _WIDTHS)
        self.ends[max(0, bisect_right(EDGES_S, seconds) - 1)] += 1.0
        if self.ends.sum() > FORGET:
            self.ends *= 0.5
            self.spent_s *= 0.5
        self.count += 1
        self._mean_s = None

    def mean_s(self) -> float:
        """The mean duration, in seconds."""
        if self._mean_s is None:
            spent = float(self.spent_s.sum()) + PRIOR_DURATIONS * self.prior_mean_s
            self._mean_s = spent / (float(self.ends.sum()) + PRIOR_DURATIONS)
        return self._mean_s

    def ended_by(self, running_s: Floats, *, grace_s: float, limit_s: float = np.inf) -> tuple[Floats, Floats]:
        """The chance that what has lasted so long has ended.

        Args:
            running_s: ages of what runs now; counted as time spent without an end.
            grace_s: look this much later than each moment; rounded to whole seconds.
            limit_s: it ends then at the latest.

        Returns:
            Age bins x moments, with grace; and moments, without grace, of one that begins now.
        """
        risk = self._risk(running_s)
        later = np.minimum(np.maximum(_AHEAD + min(round(grace_s), _LONGEST_GRACE_S), 0), len(_GRID_S) - 1)
        ended = 1.0 - np.exp(risk[_NOW] - risk[_NOW + later])
        fresh = 1.0 - np.exp(-risk[_AHEAD[0]])
        if limit_s < _GRID_S[-1]:
            ended, fresh = np.where(_NOW + later >= limit_s, 1.0, ended), np.where(_AHEAD[0] >= limit_s, 1.0, fresh)
        return ended, fresh

    def as_dict(self) -> dict[str, object]:
        """Plain lists and numbers, for a JSON snapshot."""
        return {
            "prior_mean_s": self.prior_mean_s,
            "ends": self.ends.tolist(),
            "spent_s": self.spent_s.tolist(),
            "count": self.count,
        }

    def restore(self, snapshot: Mapping[str, object]) -> None:
        """Take up what `as_dict` gave.

        Raises:
            ValueError: a part is missing, no number, or of another length than this version keeps.
        """
        ends, spent_s = row(snapshot, "ends", len(EDGES_S)), row(snapshot, "spent_s", len(EDGES_S))
        mean_s, count = number(snapshot, "prior_mean_s"), int(number(snapshot, "count"))
        self.ends, self.spent_s, self.prior_mean_s, self.count = ends, spent_s, mean_s, count
        self._mean_s = None

    def _risk(self, running_s: Floats) -> Floats:
        """Seconds: the summed hazard up to each age."""
        running_spent = np.minimum(np.maximum(running_s[:, None] - _EDGES, 0.0), _WIDTHS).sum(axis=0)
        spent = self.spent_s + running_spent
        overall = (self.ends.sum() + PRIOR_DURATIONS) / (spent.sum() + PRIOR_DURATIONS * self.prior_mean_s)
        hazard = (self.ends + 1.0) / (spent + 1.0 / overall)
        summed = np.concatenate(([0.0], np.cumsum(hazard[:-1] * np.diff(_EDGES))))
        return np.asarray(np.interp(_GRID_S, _EDGES, summed) + np.maximum(_GRID_S - _EDGES[-1], 0.0) * hazard[-1])
