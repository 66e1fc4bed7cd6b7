"""From runs to a comparison: means over seeds, and the difference to ours run by run with its 95 % interval."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from benchmarks.pacing.results import Row

# Student's t, two-sided 95 %, by degrees of freedom from 1; 1.96 past the last.
_T95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and how far the truth may well be from it (95 %)."""

    mean: float
    half_width: float
    """Infinite with a single sample."""

    @property
    def is_clear(self) -> bool:
        """It does not contain zero."""
        return abs(self.mean) > self.half_width


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One rule in one scenario, over all seeds."""

    scenario: str
    rule: str
    target_ratio: float
    seeds: int
    occupancy_ratio: float
    abandonment_ratio: float
    """Pooled: all abandoned over all answered."""
    worst_half_hour_ratio: float | None
    """Of each run the worst, in the mean."""
    talk_min_per_h: float
    occupancy_gap: Interval | None
    """Ours less this rule, seed by seed; None for ours, or without common seeds."""
    abandonment_gap: Interval | None
    """This rule less ours."""
    ours_at_the_same: float | None = None
    """Our best occupancy with no more abandonment than this rule's, off our curve over targets; None: it has more."""

    @property
    def is_over(self) -> bool:
        """It abandoned more than the target."""
        return self.abandonment_ratio > self.target_ratio + 1e-9


def interval(samples: Sequence[float]) -> Interval:
    """The mean of samples with its 95 % interval by Student's t."""
    if len(samples) < 2:
        return Interval(fmean(samples), math.inf)
    quantile = _T95[len(samples) - 2] if len(samples) - 2 < len(_T95) else 1.96
    return Interval(fmean(samples), quantile * stdev(samples) / math.sqrt(len(samples)))


def pooled_abandonment(rows: Iterable[Row]) -> float:
    """All abandoned over all answered."""
    counted = [(row.abandoned, row.answered) for row in rows]
    answered = sum(count for _, count in counted)
    return sum(count for count, _ in counted) / answered if answered else 0.0


def mean_occupancy(rows: Iterable[Row]) -> float:
    """The mean of the runs' occupancies."""
    return fmean(row.occupancy_ratio for row in rows)


def line(rows: Sequence[Row], ours: Sequence[Row], *, rule: str, target_ratio: float, is_ours: bool) -> Line:
    """One rule's line.

    Args:
        rows: its runs in one scenario; at least one.
        ours: our runs in the same scenario at the same target.
        rule: under which name it is shown.
        target_ratio: by which it is judged.
        is_ours: no difference is shown.

    Returns:
        The line.
    """
    by_seed = {row.seed: row for row in ours}
    pairs = [] if is_ours else [(by_seed[row.seed], row) for row in rows if row.seed in by_seed]
    worst = [row.worst_half_hour_ratio for row in rows if row.worst_half_hour_ratio is not None]
    return Line(
        scenario=rows[0].scenario,
        rule=rule,
        target_ratio=target_ratio,
        seeds=len(rows),
        occupancy_ratio=mean_occupancy(rows),
        abandonment_ratio=pooled_abandonment(rows),
        worst_half_hour_ratio=fmean(worst) if worst else None,
        talk_min_per_h=fmean(row.talk_min_per_h for row in rows),
        occupancy_gap=interval([mine.occupancy_ratio - its.occupancy_ratio for mine, its in pairs]) if pairs else None,
        abandonment_gap=interval([its.abandonment_ratio - mine.abandonment_ratio for mine, its in pairs])
        if pairs
        else None,
    )


def at_abandonment(curve: Sequence[tuple[float, float]], abandonment_ratio: float) -> float | None:
    """The best occupancy on a curve with no more than some abandonment.

    Args:
        curve: (abandonment, occupancy), in any order; straight lines between.
        abandonment_ratio: what is allowed.

    Returns:
        The occupancy, or None when every point of the curve has more abandonment.
    """
    points = sorted(curve)
    reached = [occupancy for at, occupancy in points if at <= abandonment_ratio]
    for (left, low), (right, high) in itertools.pairwise(points):
        if left < abandonment_ratio < right:
            reached.append(low + (high - low) * (abandonment_ratio - left) / (right - left))
    return max(reached, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overall:
    """One rule over all scenarios."""

    rule: str
    target_ratio: float
    scenarios: int
    over: int
    """Scenarios in which it abandoned more than the target."""
    occupancy_ratio: float
    abandonment_ratio: float
    """The mean of the scenarios' pooled ones."""
    worst_half_hour_ratio: float | None
    occupancy_gap: Interval | None
    """Ours less this rule, scenario by scenario."""


def overall(lines: Iterable[Line]) -> list[Overall]:
    """Means over scenarios for each rule and target: the higher target first, rules in the order of the lines."""
    groups: dict[tuple[str, float], list[Line]] = defaultdict(list)
    for one in lines:
        groups[one.rule, one.target_ratio].append(one)
    found = []
    for (rule, target_ratio), group in groups.items():
        gaps = [one.occupancy_gap.mean for one in group if one.occupancy_gap is not None]
        worst = [one.worst_half_hour_ratio for one in group if one.worst_half_hour_ratio is not None]
        found.append(
            Overall(
                rule=rule,
                target_ratio=target_ratio,
                scenarios=len(group),
                over=sum(one.is_over for one in group),
                occupancy_ratio=fmean(one.occupancy_ratio for one in group),
                abandonment_ratio=fmean(one.abandonment_ratio for one in group),
                worst_half_hour_ratio=fmean(worst) if worst else None,
                occupancy_gap=interval(gaps) if gaps else None,
            )
        )
    return sorted(found, key=lambda one: -one.target_ratio)
