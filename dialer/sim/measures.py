"""The figures of one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dialer.sim.durations import Floats
from dialer.sim.record import Record
from dialer.types import AgentState, Outcome, TrunkName

SLOT_S: Final = 300.0
WINDOW_S: Final = 1800.0
WINDOW_STEP_S: Final = 60.0
WINDOW_ANSWERS: Final = 20
"""A rolling half hour with fewer answers says nothing of its abandonment."""
BUSY: Final = (AgentState.TALKING, AgentState.WRAP_UP)
AT_WORK: Final = (AgentState.READY, AgentState.RESERVED, AgentState.PREVIEWING, *BUSY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Five minutes of a run, for charts."""

    start_s: float
    occupancy: float | None
    """None: nobody was at work."""
    agents: float
    """At work, on the mean."""
    in_air: float
    """Calls that nobody has answered yet, on the mean."""
    placed: int
    answered: int
    abandoned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What came of a run. What happened before the warm-up's end counts only where it says `over the whole run`."""

    seed: int
    measured_s: float
    """From the warm-up's end to the end."""
    occupancy: float
    """(talk + wrap-up) / (logged in and not paused)."""
    agent_hours: float
    """Logged in and not paused."""
    talk_minutes_per_agent_hour: float
    idle_mean_s: float | None
    """From ready to the next conversation."""
    placed: int
    answered: int
    """By whom the floor takes for a person: bridged, abandoned, or gone within the legal wait."""
    bridged: int
    abandoned: int
    early_hangups: int
    worst_half_hour_ratio: float | None
    """Highest abandonment ratio of the rolling half hours with 20 answers or more."""
    wait_p50_s: float
    """From the answer to the agent, of those who got one; likewise the next two."""
    wait_p95_s: float
    wait_max_s: float
    wait_mean_s: float
    peak_calls: int
    """Channels in use at once, over the whole run; likewise the next two."""
    trunk_peaks: Mapping[TrunkName, int]
    peak_calls_per_s: int
    """Most calls placed within any one second."""
    outcomes: Mapping[str, int]
    """Of the calls that ended."""
    conversations: int
    right_party: int
    promises: int
    machines_served: int
    """Voicemails that took an agent's time, over the whole run."""
    people_taken_for_machines: int
    """By detection, over the whole run."""
    done_s: float | None
    """When no account was left to dial but those on hold; None: not within the run."""
    tried_s: float | None
    """When every account had been dialled once, or could not be any more; None: not within the run."""
    accounts_left: int | None
    """None: the list has no end."""
    state_s: Mapping[str, float]
    """Seconds of all agents by state."""
    limit_s: Mapping[str, float]
    """`Decision.limit` -> seconds for which it kept pacing from placing more calls, over the whole run."""
    series: tuple[Slot, ...]
    """Over the whole run, from its start."""

    @property
    def abandonment_ratio(self) -> float:
        """Abandoned / answered; 0 when nobody answered."""
        return self.abandoned / self.answered if self.answered else 0.0

    @property
    def dials_per_answer(self) -> float | None:
        """Calls placed for each answer."""
        return self.placed / self.answered if self.answered else None


def measure(
    record: Record,
    *,
    seed: int,
    end_s: float,
    warm_up_s: float,
    done_s: float | None,
    tried_s: float | None,
    accounts_left: int | None,
) -> RunResult:
    """Make figures of a record.

    Args:
        record: of a run that has ended.
        seed: of the run.
        end_s: when it ended.
        warm_up_s: what happened before is not counted.
        done_s: when the list was done.
        tried_s: when everybody on it had been tried.
        accounts_left: of the list.
    """
    state_s = _state_seconds(record, np.array([warm_up_s, end_s]))
    by_state = {state: float(seconds[0]) for state, seconds in state_s.items()}
    busy_s = sum(by_state.get(state, 0.0) for state in BUSY)
    work_s = sum(by_state.get(state, 0.0) for state in AT_WORK)
    waits = np.array([wait for answered_s, wait in record.served if answered_s >= warm_up_s])
    unserved = Counter(outcome for answered_s, outcome in record.unserved if answered_s >= warm_up_s)
    gaps = [gap for ended_s, gap in record.idle_gaps if ended_s >= warm_up_s]
    placed_s = np.array(record.placed_s)
    said = [one for at_s, one in record.concluded if at_s >= warm_up_s]
    p50, p95 = np.quantile(waits, (0.5, 0.95)).tolist() if waits.size else (0.0, 0.0)
    return RunResult(
        seed=seed,
        measured_s=end_s - warm_up_s,
        occupancy=busy_s / work_s if work_s else 0.0,
        agent_hours=work_s / 3600.0,
        talk_minutes_per_agent_hour=60.0 * by_state.get(AgentState.TALKING, 0.0) / work_s if work_s else 0.0,
        idle_mean_s=sum(gaps) / len(gaps) if gaps else None,
        placed=int((placed_s >= warm_up_s).sum()),
        answered=len(waits) + sum(unserved.values()),
        bridged=len(waits),
        abandoned=unserved[Outcome.ABANDONED],
        early_hangups=unserved[Outcome.EARLY_HANGUP],
        worst_half_hour_ratio=_worst_window(record, warm_up_s, end_s),
        wait_p50_s=p50,
        wait_p95_s=p95,
        wait_max_s=float(waits.max()) if waits.size else 0.0,
        wait_mean_s=float(waits.mean()) if waits.size else 0.0,
        peak_calls=record.peak_calls,
        trunk_peaks=dict(record.trunk_peaks),
        peak_calls_per_s=_most_within(placed_s, 1.0),
        outcomes=dict(Counter(str(outcome) for at_s, outcome in record.closed if at_s >= warm_up_s)),
        conversations=sum(one.conversation for one in said),
        right_party=sum(one.right_party for one in said),
        promises=sum(one.promise is not None for one in said),
        machines_served=record.machines_served,
        people_taken_for_machines=record.people_taken_for_machines,
        done_s=done_s,
        tried_s=tried_s,
        accounts_left=accounts_left,
        state_s={str(state): seconds for state, seconds in by_state.items()},
        limit_s=dict(record.limit_s),
        series=_series(record, end_s),
    )


def _series(record: Record, end_s: float) -> tuple[Slot, ...]:
    slots = max(1, int(np.ceil(end_s / SLOT_S - 1e-9)))
    edges = np.minimum(np.arange(slots + 1) * SLOT_S, end_s)
    widths_s = np.diff(edges)
    state_s = _state_seconds(record, edges)
    none = np.zeros(slots)
    busy = sum((state_s.get(state, none) for state in BUSY), none)
    work = sum((state_s.get(state, none) for state in AT_WORK), none)
    in_air = _overlaps(record.air[0], record.air[1], edges) / widths_s
    placed = _counts(record.placed_s, edges)
    answered = _counts([at_s for at_s, _ in (*record.served, *record.unserved)], edges)
    abandoned = _counts([at_s for at_s, outcome in record.unserved if outcome is Outcome.ABANDONED], edges)
    return tuple(
        Slot(
            start_s=float(edges[n]),
            occupancy=float(busy[n] / work[n]) if work[n] > 0.0 else None,
            agents=float(work[n] / widths_s[n]),
            in_air=float(in_air[n]),
            placed=int(placed[n]),
            answered=int(answered[n]),
            abandoned=int(abandoned[n]),
        )
        for n in range(slots)
    )


def _state_seconds(record: Record, edges: Floats) -> dict[AgentState, Floats]:
    """Seconds in each state between each two edges."""
    spans: dict[AgentState, tuple[list[float], list[float]]] = {}
    for state, from_s, to_s in record.stays:
        starts, ends = spans.setdefault(state, ([], []))
        starts.append(from_s)
        ends.append(to_s)
    return {state: _overlaps(starts, ends, edges) for state, (starts, ends) in spans.items()}


def _overlaps(starts: Sequence[float], ends: Sequence[float], edges: Floats) -> Floats:
    """How much of some spans lies between each two edges."""
    return np.diff(_summed_minima(ends, edges) - _summed_minima(starts, edges))


def _summed_minima(moments: Sequence[float], edges: Floats) -> Floats:
    """For each edge the sum of what is smaller, the edge or the moment, over all moments."""
    ordered = np.sort(np.array(moments, dtype=np.float64))
    sums = np.concatenate(([0.0], np.cumsum(ordered)))
    below = np.searchsorted(ordered, edges)
    return np.asarray(sums[below] + edges * (len(ordered) - below))


def _counts(moments: Sequence[float], edges: Floats) -> Floats:
    return np.diff(np.searchsorted(np.sort(np.array(moments, dtype=np.float64)), edges)).astype(np.float64)


def _most_within(moments: Floats, width_s: float) -> int:
    """The most moments (in order) within any half-open span."""
    if not moments.size:
        return 0
    return int((np.searchsorted(moments, moments + width_s) - np.arange(len(moments))).max())


def _worst_window(record: Record, warm_up_s: float, end_s: float) -> float | None:
    rows = [(at_s, 0) for at_s, _ in record.served]
    rows += [(at_s, outcome is Outcome.ABANDONED) for at_s, outcome in record.unserved]
    rows = sorted(row for row in rows if row[0] >= warm_up_s)
    moments = np.array([at_s for at_s, _ in rows])
    sums = np.concatenate(([0], np.cumsum([lost for _, lost in rows], dtype=np.int64)))
    ends = np.arange(warm_up_s + min(WINDOW_S, end_s - warm_up_s), end_s + 1e-9, WINDOW_STEP_S)
    first, last = np.searchsorted(moments, ends - WINDOW_S), np.searchsorted(moments, ends)
    enough = last - first >= WINDOW_ANSWERS
    if not enough.any():
        return None
    ratios = (sums[last] - sums[first])[enough] / (last - first)[enough]
    return float(ratios.max())
