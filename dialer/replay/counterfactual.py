"""How would the day have gone on with other settings? Simulated, with as much chance as a day has.

The day's behaviour is learned from its recording, and the simulator runs it with the settings as they were and with
the others, seed by seed with the same customers and agents. What is told is the difference, with its interval; and the
day as it really was beside the simulation of it, so that everybody sees how far the simulation may be trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from dialer.replay.behaviour import Day, Figures
from dialer.settings import CampaignSettings
from dialer.sim.many import Case, Interval, interval, simulate_many
from dialer.sim.measures import RunResult

MEASURES: Final[dict[str, Callable[[RunResult], float]]] = {
    "occupancy": lambda run: run.occupancy,
    "abandonment_ratio": lambda run: run.abandonment_ratio,
    "placed_per_hour": lambda run: run.placed * 3600.0 / run.measured_s,
    "conversations_per_agent_hour": lambda run: run.bridged / run.agent_hours if run.agent_hours else 0.0,
}
"""Name, as in `Figures` -> how it is read off a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measure of the day."""

    measure: str
    seen: float
    """As it was."""
    as_was: Interval
    """Simulated with the settings as they were."""
    other: Interval
    """Simulated with the other settings."""
    difference: Interval
    """`other` less `as_was`, seed by seed."""

    @property
    def is_clear(self) -> bool:
        """Whether the difference is more than chance."""
        return not self.difference.holds(0.0)


def compare_days(
    day: Day,
    other: CampaignSettings,
    *,
    seeds: Sequence[int],
    processes: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Row, ...]:
    """Simulate a day under its own settings and under others.

    Args:
        day: as learned.
        other: its campaign with other settings.
        seeds: at least two; each is one day's worth of chance.
        processes: in which the runs are done.
        progress: is told how many runs are done, and of how many.

    Raises:
        BehaviourError: the day does not fit together.
    """
    cases = [
        Case(
            name=name,
            dialer=day.dialer,
            campaign=campaign,
            behaviour=day.behaviour,
            hours=day.hours,
            start_at=day.start_at,
        )
        for name, campaign in (("as it was", day.campaign), ("other", other))
    ]
    was, would = simulate_many(cases, seeds=seeds, processes=processes, progress=progress)
    return tuple(
        Row(
            measure=name,
            seen=_of(day.seen, name),
            as_was=interval([figure(run) for run in was.results]),
            other=interval([figure(run) for run in would.results]),
            difference=interval([figure(b) - figure(a) for a, b in zip(was.results, would.results, strict=True)]),
        )
        for name, figure in MEASURES.items()
    )


def _of(seen: Figures, name: str) -> float:
    value: float = getattr(seen, name)
    return value
