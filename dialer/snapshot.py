"""What the floor looks like at one moment: all that the live board and `--json` know of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dialer.types import (
    AgentId,
    AgentState,
    AttemptId,
    CallState,
    CampaignName,
    CampaignState,
    Mode,
    ServerName,
)

LIMIT_SEPARATOR: Final = ", "
"""Between the limits in `CampaignRow.pacing` when servers differ in what holds them back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRow:
    """One agent."""

    agent_id: AgentId
    name: str
    state: AgentState
    since_s: float
    """Seconds in this state."""
    reason: str = ""
    customer: str = ""
    """Masked: surname and the number's last digits."""
    calls: int = 0
    talk_s: float = 0.0
    wrap_up_s: float = 0.0
    logged_in_s: float = 0.0
    paused_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One call in the air."""

    attempt_id: AttemptId
    campaign: CampaignName
    state: CallState
    age_s: float
    customer: str
    agent_id: AgentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow:
    """What mode `predictive` expects, as of its last decision on each server that it places calls on."""

    within_s: float
    """It looks so far ahead: half a minute."""
    agents_free: float
    """Agents free within that time if no further call is answered, those who are free now included."""
    answers: float
    """By a person within that time, of the calls in the air and the ones just placed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow:
    """How many calls mode `predictive` may still lose, by its last decision; of several by the most cautious."""

    window: str
    """The stretch of time that binds: `hour`, `day`, `30 days`, or `campaign`."""
    left: float
    """Abandoned calls that it still allows, counting the answers to come; below 0: so many too many already."""
    aim_ratio: float
    """Abandoned / answered that is aimed at for now, so that the window ends at or under the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRow:
    """One campaign since it was launched in this engine."""

    name: CampaignName
    state: CampaignState
    mode: Mode
    dialled: int = 0
    answered: int = 0
    """By a person."""
    bridged: int = 0
    abandoned: int = 0
    in_air: int = 0
    outcomes: dict[str, int]
    """Outcome -> closed calls."""
    dispositions: dict[str, int]
    promises: int = 0
    promised_amount: str = "0"
    accounts_total: int = 0
    accounts_done: int = 0
    """Closed, never again, or on hold."""
    accounts_waiting: int = 0
    next_due_at: datetime | None = None
    occupancy_ratio: float | None = None
    """(talk + wrap-up) / (logged in - paused), of the campaign's agents."""
    target_abandonment_ratio: float = 0.03
    connect_ms_p50: float | None = None
    connect_ms_p99: float | None = None
    answered_today: int = 0
    """By a person who was bridged, abandoned or gone within the wait; today where the dialer is, earlier runs too."""
    abandoned_today: int = 0
    """Of those."""
    pacing: str = ""
    """The last decision in words, such as `2 of 5: budget`: 2 calls placed, 5 would be the most. Of several servers
    the sum and each of their limits, such as `7 of 16: trunk, budget`."""
    limit: str = ""
    """What kept it from more: agents, ratio, budget, trunk, calls_per_s, leads, no_agents, preview; or why none was
    made: store, or a server that is not connected. Of several servers that of the one which is held back most."""
    forecast: ForecastRow | None = None
    """None: another mode, not running, or nothing was decided yet."""
    budget: BudgetRow | None = None
    """None: another mode, or nothing was decided yet."""
    idle_reason: str = ""
    """Why agents wait with nothing to dial, when they do."""
    idle_agents: int = 0
    """Agents who have been free for ten seconds while nothing was dialled for them."""
    not_dialable: dict[str, int] = field(default_factory=dict)
    """Why nothing can be dialled: step of the waterfall -> accounts; counted when agents wait for ten seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRow:
    """One Asterisk."""

    name: ServerName
    connected: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything at one moment."""

    at: datetime
    uptime_s: float
    agents: tuple[AgentRow, ...]
    calls: tuple[CallRow, ...]
    campaigns: tuple[CampaignRow, ...]
    servers: tuple[ServerRow, ...]
    alerts: tuple[str, ...] = ()


def idle_alert(row: CampaignRow) -> str:
    """That agents of a campaign wait with nothing to dial, and why; empty: they do not."""
    if not row.idle_agents or not row.idle_reason:
        return ""
    return f"{row.name}: {row.idle_agents} agents idle, {row.idle_reason}"
