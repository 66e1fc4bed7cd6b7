"""What is written down during a run, as raw as it comes; `measures` makes figures of it."""

from __future__ import annotations

from collections import Counter

from dialer.effects import CloseAttempt, SaveDisposition
from dialer.sim.lines import Line
from dialer.types import AgentState, Outcome, TrunkName

DECISION_LASTS_S = 2.0
"""The floor decides each second or more often while it dials; after a longer silence it was not dialling at all."""
UNSERVED = frozenset({Outcome.ABANDONED, Outcome.EARLY_HANGUP})


class Record:
    """Rows in the order of events. Moments are seconds since the start."""

    def __init__(self) -> None:
        self.placed_s: list[float] = []
        self.air: tuple[list[float], list[float]] = ([], [])
        """Placed, and answered or ended, of calls that are in the air no more."""
        self.trunk_calls: Counter[TrunkName] = Counter()
        self.trunk_peaks: dict[TrunkName, int] = {}
        self.peak_calls = 0
        self._calls = 0
        self.served: list[tuple[float, float]] = []
        """Answered at, waited, of everybody who was given an agent."""
        self.unserved: list[tuple[float, Outcome]] = []
        """Answered at, and how it ended, of everybody who was not."""
        self.stays: list[tuple[AgentState, float, float]] = []
        """State, from, to, of all agents together."""
        self._since: dict[int, tuple[AgentState, float]] = {}
        self._idle_since: dict[int, float] = {}
        self.idle_gaps: list[tuple[float, float]] = []
        """Ended at, seconds, from ready to the next conversation."""
        self.closed: list[tuple[float, Outcome]] = []
        self.concluded: list[tuple[float, SaveDisposition]] = []
        self.machines_served = 0
        self.people_taken_for_machines = 0
        self.limit_s: dict[str, float] = {}
        """What kept pacing from placing more calls -> for how long."""
        self._decided: tuple[str, float] | None = None

    # --- pacing ----------------------------------------------------------------------------------------

    def decided(self, limit: str, now_s: float) -> None:
        """Pacing was asked; its answer holds until it is asked again."""
        if self._decided is not None:
            before, since_s = self._decided
            self.limit_s[before] = self.limit_s.get(before, 0.0) + min(now_s - since_s, DECISION_LASTS_S)
        self._decided = (limit, now_s)

    # --- calls -----------------------------------------------------------------------------------------

    def placed(self, line: Line) -> None:
        """A call leaves."""
        self.placed_s.append(line.placed_s)
        self._calls += 1
        self.trunk_calls[line.trunk] += 1
        if self._calls > self.peak_calls:
            self.peak_calls = self._calls
        if self.trunk_calls[line.trunk] > self.trunk_peaks.get(line.trunk, 0):
            self.trunk_peaks[line.trunk] = self.trunk_calls[line.trunk]

    def off_air(self, line: Line, now_s: float) -> None:
        """It was answered, or has ended."""
        self.air[0].append(line.placed_s)
        self.air[1].append(now_s)

    def line_over(self, line: Line) -> None:
        """Its channel is free again."""
        self._calls -= 1
        self.trunk_calls[line.trunk] -= 1

    def bridged(self, line: Line, now_s: float) -> None:
        """Somebody who answered has an agent."""
        if not line.was_bridged:
            line.was_bridged = True
            self.served.append((line.settled_s, now_s - line.settled_s))
            self.machines_served += line.is_machine

    def taken_for_machine(self, line: Line) -> None:
        """Detection gave a call up."""
        self.people_taken_for_machines += not line.is_machine

    def attempt_closed(self, effect: CloseAttempt, now_s: float) -> None:
        """The floor has said how a call ended."""
        self.closed.append((now_s, effect.outcome))
        if effect.outcome in UNSERVED and effect.ended_s is not None and effect.answered_s is not None:
            self.unserved.append((now_s - effect.ended_s + effect.answered_s, effect.outcome))

    # --- agents ----------------------------------------------------------------------------------------

    def agent_entered(self, index: int, state: AgentState, now_s: float) -> None:
        """An agent's state changes."""
        before, since_s = self._since.get(index, (AgentState.OFFLINE, now_s))
        if now_s > since_s:
            self.stays.append((before, since_s, now_s))
        self._since[index] = (state, now_s)
        if state is AgentState.READY:
            if before is not AgentState.RESERVED:
                self._idle_since[index] = now_s
        elif state is AgentState.TALKING:
            self.idle_gaps.append((now_s, now_s - self._idle_since.get(index, now_s)))

    def end(self, now_s: float) -> None:
        """The run is over: close what is open."""
        if self._decided is not None:
            self.decided(self._decided[0], now_s)
        self.stays += [(state, since_s, now_s) for state, since_s in self._since.values()]
        self._since = {index: (state, now_s) for index, (state, _) in self._since.items()}
