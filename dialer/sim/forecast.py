"""What do some runs of one day say about the day? Each figure with its 95 % interval over the runs.

Ratios of sums (abandonment, calls for each answer) are taken over all runs together, so that a run with few answers
does not count as much as one with many; their interval is that of a ratio estimator.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from dialer.sim.many import interval
from dialer.sim.measures import RunResult, Slot
from dialer.types import AgentState

Part = Callable[[RunResult], float | None]

MEANS: Final[Mapping[str, Part]] = {
    "occupancy": lambda run: run.occupancy,
    "talk_minutes_per_agent_hour": lambda run: run.talk_minutes_per_agent_hour,
    "talk_minutes": lambda run: run.state_s.get(AgentState.TALKING, 0.0) / 60.0,
    "agent_hours": lambda run: run.agent_hours,
    "wait_p50_s": lambda run: run.wait_p50_s if run.bridged else None,
    "wait_p95_s": lambda run: run.wait_p95_s if run.bridged else None,
    "placed": lambda run: float(run.placed),
    "answered": lambda run: float(run.answered),
    "abandoned": lambda run: float(run.abandoned),
    "peak_calls": lambda run: float(run.peak_calls),
    "peak_calls_per_s": lambda run: float(run.peak_calls_per_s),
    "tried_s": lambda run: run.tried_s,
    "done_s": lambda run: run.done_s,
    "accounts_left": lambda run: None if run.accounts_left is None else float(run.accounts_left),
}
"""Figures of which every run has its own."""
RATIOS: Final[Mapping[str, tuple[Part, Part]]] = {
    "abandonment_ratio": (lambda run: float(run.abandoned), lambda run: float(run.answered)),
    "calls_per_answer": (lambda run: float(run.placed), lambda run: float(run.answered)),
}
"""Figures that are one sum over another, of all runs together."""
SHARES: Final = frozenset({"occupancy", "abandonment_ratio"})
"""Figures from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure over some runs."""

    mean: float
    low: float | None
    """Lower end of the 95 % interval of the mean; None: a single run has none. Likewise the next one."""
    high: float | None
    least: float
    """Of one run; likewise the next one."""
    most: float
    runs: int

    @property
    def half_width(self) -> float | None:
        """Half of the interval as it was computed, or of what of it is possible."""
        return None if self.low is None or self.high is None else 0.5 * (self.high - self.low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some minutes of the day, on the mean over the runs that lasted so long."""

    start_s: float
    occupancy: float | None
    agents: float
    in_air: float
    placed: float
    answered: float
    abandoned: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A day, forecast."""

    runs: int
    figures: Mapping[str, Figure]
    """By the names of `MEANS` and `RATIOS`; what no run has is left out."""
    over_target: int
    """Runs whose abandonment ended above the target."""
    tried: int | None
    """Runs in which everybody on the list was tried; None: it has no end. Likewise the next one."""
    finished: int | None
    """Runs in which the list was done: nobody was left to be tried again."""
    limits: Mapping[str, float]
    """What kept pacing from placing more calls -> share of the time in which it dialled, most first."""
    day: tuple[Stretch, ...]
    measured_s: float
    """Length of a run, on the mean."""

    def mean(self, name: str) -> float | None:
        """A figure's mean; None where there is none."""
        found = self.figures.get(name)
        return None if found is None else found.mean


def forecast(runs: Sequence[RunResult], target: float) -> Forecast:
    """Put runs together.

    Args:
        runs: of one case, at least one.
        target: abandonment at most.
    """
    figures = {name: found for name, part in MEANS.items() if (found := _mean(name, runs, part)) is not None}
    for name, (above, below) in RATIOS.items():
        found = _ratio(name, runs, above, below)
        if found is not None:
            figures[name] = found
    endless = all(run.accounts_left is None for run in runs)
    return Forecast(
        runs=len(runs),
        figures=figures,
        over_target=sum(run.abandonment_ratio > target for run in runs),
        tried=None if endless else sum(run.tried_s is not None for run in runs),
        finished=None if endless else sum(run.done_s is not None for run in runs),
        limits=_limits(runs),
        day=_day([run.series for run in runs]),
        measured_s=fmean(run.measured_s for run in runs),
    )


def _mean(name: str, runs: Sequence[RunResult], part: Part) -> Figure | None:
    samples = [value for value in map(part, runs) if value is not None]
    if not samples:
        return None
    found = interval(samples)
    return _figure(name, found.mean, found.half_width, samples)


def _ratio(name: str, runs: Sequence[RunResult], above: Part, below: Part) -> Figure | None:
    """Source: Cochran, Sampling Techniques, 3rd ed., section 2.11: the ratio estimator and its standard error."""
    pairs = [(above(run) or 0.0, below(run) or 0.0) for run in runs]
    whole = sum(second for _, second in pairs)
    if whole <= 0.0:
        return None
    ratio = sum(first for first, _ in pairs) / whole
    rests = [len(pairs) * (first - ratio * second) / whole for first, second in pairs]
    half_width = interval(rests).half_width
    return _figure(name, ratio, half_width, [first / second for first, second in pairs if second > 0.0])


def _figure(name: str, mean: float, half_width: float, samples: Sequence[float]) -> Figure:
    """No figure is negative, and no share more than everything."""
    known = math.isfinite(half_width)
    high = mean + half_width
    return Figure(
        mean=mean,
        low=max(0.0, mean - half_width) if known else None,
        high=(min(1.0, high) if name in SHARES else high) if known else None,
        least=min(samples),
        most=max(samples),
        runs=len(samples),
    )


def _limits(runs: Sequence[RunResult]) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for run in runs:
        for limit, spent_s in run.limit_s.items():
            seconds[limit] = seconds.get(limit, 0.0) + spent_s
    whole = sum(seconds.values())
    ordered = sorted(seconds.items(), key=lambda item: (-item[1], item[0]))
    return {limit: spent_s / whole for limit, spent_s in ordered} if whole else {}


def _day(series: Sequence[Sequence[Slot]]) -> tuple[Stretch, ...]:
    longest = max(series, key=len)
    return tuple(
        _stretch(slot.start_s, [one[number] for one in series if number < len(one)])
        for number, slot in enumerate(longest)
    )


def _stretch(start_s: float, slots: Sequence[Slot]) -> Stretch:
    worked = [(slot.occupancy, slot.agents) for slot in slots if slot.occupancy is not None and slot.agents > 0.0]
    at_work = sum(agents for _, agents in worked)
    return Stretch(
        start_s=start_s,
        occupancy=sum(occupancy * agents for occupancy, agents in worked) / at_work if at_work else None,
        agents=fmean(slot.agents for slot in slots),
        in_air=fmean(slot.in_air for slot in slots),
        placed=fmean(slot.placed for slot in slots),
        answered=fmean(slot.answered for slot in slots),
        abandoned=fmean(slot.abandoned for slot in slots),
    )
