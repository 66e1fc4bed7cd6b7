r"""An agent's shift as a state machine.

Rules
- An agent belongs to at most one call: from `reserved` (or `previewing`) until the disposition is saved.
- `ready` needs a leg on the line, except for agents whose phone is called for every call.
- A wish that cannot be had now (a pause in a call) is kept and granted when the call is disposed of.
- A lost leg logs a nailed-up agent out, at once and in wrap-up too; nobody has to mend a table.

    offline -> ready -> reserved -> talking -> wrap_up -> ready
                 |  \-> previewing -> reserved
                 \-> paused -> ready
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dialer.leads import Promise
from dialer.settings import AgentSettings
from dialer.types import AgentState, AttemptId, CampaignName, ChannelId, ConnectStyle, DispositionCode
from dialer.values import replace

A = AgentState

TRANSITIONS: dict[AgentState, frozenset[AgentState]] = {
    A.OFFLINE: frozenset({A.CALLING_IN, A.READY, A.PAUSED, A.TALKING, A.WRAP_UP}),
    A.CALLING_IN: frozenset({A.READY, A.OFFLINE, A.WRAP_UP}),
    A.READY: frozenset({A.PREVIEWING, A.RESERVED, A.PAUSED, A.OFFLINE, A.TALKING}),
    A.PREVIEWING: frozenset({A.RESERVED, A.READY, A.PAUSED, A.OFFLINE}),
    A.RESERVED: frozenset({A.TALKING, A.READY, A.PAUSED, A.OFFLINE}),
    A.TALKING: frozenset({A.WRAP_UP, A.OFFLINE}),
    A.WRAP_UP: frozenset({A.READY, A.PAUSED, A.OFFLINE}),
    A.PAUSED: frozenset({A.READY, A.OFFLINE, A.TALKING}),
}
"""State -> states that may follow. `talking` follows `offline` when a running conversation is found again,
and `wrap_up` follows it when an agent whose phone was lost in wrap-up is back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """An agent's phone on the line."""

    channel_id: ChannelId
    channel: str


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What an agent did since this engine started, in seconds by state."""

    calls: int = 0
    by_state_s: dict[AgentState, float] = field(default_factory=dict)

    def plus(self, state: AgentState, seconds: float) -> Totals:
        """Book time spent in a state."""
        booked = self.by_state_s.get(state, 0.0) + seconds
        return replace(self, by_state_s=self.by_state_s | {state: booked})


class Stage(StrEnum):
    """What the agent in wrap-up is being asked."""

    CODE = "code"
    AMOUNT = "amount"
    DATE = "date"
    MOMENT = "moment"  # of a call-back
    CONFIRM = "confirm"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the agent in wrap-up has keyed in so far."""

    stage: Stage = Stage.CODE
    digits: str = ""
    code: DispositionCode | None = None
    amount_digits: str = ""
    promise: Promise | None = None
    callback_at: datetime | None = None
    since_s: float = 0.0
    """When the last digit came."""


@dataclass(frozen=True, kw_only=True)
class Agent:
    """One agent, now. Moments are monotonic seconds. No slots: see `dialer.values`."""

    settings: AgentSettings
    state: AgentState = A.OFFLINE
    since_s: float = 0.0
    reason: str = ""
    leg: Leg | None = None
    attempt_id: AttemptId | None = None
    """The call that the agent is reserved for, talks to, or is wrapping up."""
    campaign: CampaignName | None = None
    star: str = ""
    """Digits of a command begun with `*`."""
    entry: Entry = Entry()
    pause_wish: str = ""
    """Reason of a pause asked for during a call."""
    logout_wish: bool = False
    idle_since_s: float = 0.0
    """Since when the agent waits for a call; longest waits first."""
    totals: Totals = Totals()

    @property
    def nailed_up(self) -> bool:
        """The agent keeps one leg for the shift."""
        return self.settings.connect is ConnectStyle.NAILED_UP

    @property
    def free(self) -> bool:
        """May be given a call now."""
        return self.state is A.READY and (self.leg is not None or not self.nailed_up)


def enter(
    agent: Agent,
    state: AgentState,
    now_s: float,
    *,
    reason: str = "",
    attempt_id: AttemptId | None = None,
    campaign: CampaignName | None = None,
) -> Agent:
    """Move an agent into a state and book the time of the one before.

    Args:
        agent: the agent as it was.
        state: where to.
        now_s: monotonic seconds.
        reason: of a pause.
        attempt_id: the call that the agent belongs to from now on; None: to none.
        campaign: that call's campaign.

    Returns:
        The agent as it is; unchanged when `TRANSITIONS` does not allow the move.
    """
    if state not in TRANSITIONS[agent.state]:
        return agent
    return replace(
        agent,
        state=state,
        since_s=now_s,
        reason=reason,
        attempt_id=attempt_id,
        campaign=campaign,
        star="",
        entry=Entry(since_s=now_s),
        idle_since_s=now_s if state is A.READY else agent.idle_since_s,
        totals=agent.totals.plus(agent.state, now_s - agent.since_s),
    )
