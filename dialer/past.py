"""Calls and agents' states that are over: plain values that forecasts are made of, filled by `dialer.store.history`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dialer.types import AgentId, AgentState, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """An attempt that is over. Milestones are seconds since `at`; None: never happened."""

    at: datetime
    outcome: Outcome
    agent_id: AgentId | None = None
    ringing_s: float | None = None
    answered_s: float | None = None
    ended_s: float | None = None
    talk_s: float | None = None
    wrap_up_s: float | None = None
    code: str | None = None
    """Of the disposition that an agent keyed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """An agent in one state."""

    agent_id: AgentId
    state: AgentState
    from_at: datetime
    to_at: datetime

    @property
    def seconds(self) -> float:
        """How long."""
        return (self.to_at - self.from_at).total_seconds()
