"""What to do, in the imperative: effects, which leave the floor. What happened enters it as `dialer.facts`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from dialer.leads import Lead, NextStep, Promise
from dialer.settings import CampaignSettings
from dialer.types import (
    AccountId,
    AgentId,
    AgentState,
    AttemptId,
    CampaignName,
    CampaignState,
    ChannelId,
    DispositionCode,
    Number,
    Outcome,
    ServerName,
    StopFlag,
    TrunkName,
)

# --- effects on Asterisk -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Leave to dial one number once, within seconds. Only `dialer.compliance` makes one."""

    campaign: CampaignName
    account_id: AccountId
    number: Number
    issued_at: datetime
    expires_at: datetime
    rules: tuple[str, ...]
    """What was checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Originate:
    """Place a customer's call. Sent only after its `SaveAttempt` has been committed."""

    permit: Permit
    attempt_id: AttemptId
    server: ServerName
    trunk: TrunkName
    caller_id: str
    display_name: str
    """What the agent's phone shows: name and account, masked."""
    display_number: str
    ring_timeout_s: float
    """From the dial. A call that begins to ring late is kept longer, until it has rung as long as the rules want."""
    wait_s: float
    """How long the dialplan lets the customer wait for an agent."""
    message: str
    detect_machines: bool
    record: bool
    dial_timeout_s: float = 0.0
    """Asterisk itself gives up after this long; the floor does before. Not less than `ring_timeout_s`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAgent:
    """Call an agent's own phone and park it when it answers."""

    server: ServerName
    agent_id: AgentId
    leg_id: ChannelId
    timeout_s: float
    display_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """Join a customer and an agent; the agent hears a short tone."""

    server: ServerName
    attempt_id: AttemptId
    customer_channel: str
    agent_channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """End a channel."""

    server: ServerName
    channel_id: ChannelId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Play sounds into an agent's idle leg, in order."""

    server: ServerName
    channel: str
    sounds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Put a name and a number on an agent's phone without a call (connected line)."""

    server: ServerName
    channel: str
    name: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquire:
    """Ask a server what channels it has; answered by `ChannelsListed`."""

    server: ServerName


# --- effects on the store ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseLeads:
    """Fetch the next leads of a campaign; answered by `LeadsLeased`."""

    settings: CampaignSettings
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLease:
    """Give a lead back undialled."""

    account_id: AccountId
    not_before_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveAttempt:
    """Commit, before the call, that it is about to be made. Counts against every cap from now on."""

    attempt_id: AttemptId
    campaign: CampaignName
    lead: Lead
    server: ServerName
    trunk: TrunkName
    caller_id: str
    permit_rules: tuple[str, ...]
    at: datetime
    good_until_at: datetime | None = None
    """The end of the permit; what cannot be committed before it is not. None: it has none, as in tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCallEvent:
    """One line of a call's history (append-only)."""

    attempt_id: AttemptId
    at: datetime
    event: str
    """`noun.verb`, such as `call.answered`."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAttempt:
    """A call is over: outcome and milestones. Milestones are seconds since it was placed; None: never."""

    attempt_id: AttemptId
    at: datetime
    outcome: Outcome
    cause: int | None = None
    sip_code: int | None = None
    agent_id: AgentId | None = None
    ringing_s: float | None = None
    answered_s: float | None = None
    bridged_s: float | None = None
    talk_s: float | None = None
    ended_s: float | None = None
    wait_s: float | None = None
    """From the answer to the bridge, or to the end of waiting."""
    connect_ms: float | None = None
    """From the answer's arrival here to the bridge's completion."""
    abandoned: bool = False
    message_played: bool = False
    recording: str = ""
    """File name stem in the recordings folder, when the call was recorded."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDisposition:
    """What was concluded of a call, and what happens next to the account: one transaction with the rest."""

    attempt_id: AttemptId
    campaign: CampaignName
    lead: Lead
    at: datetime
    agent_id: AgentId | None
    code: DispositionCode | None
    """None: no agent was involved; the outcome alone decided."""
    outcome: Outcome
    by: str
    """`dtmf`, `cli`, `default` (wrap-up limit), or `rule` (no agent was involved)."""
    stop: StopFlag | None = None
    conversation: bool = False
    right_party: bool = False
    promise: Promise | None = None
    note: str = ""
    wrap_up_s: float | None = None
    next_step: NextStep


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveAgentState:
    """An agent entered a state (closes the one before)."""

    agent_id: AgentId
    state: AgentState
    at: datetime
    reason: str = ""
    attempt_id: AttemptId | None = None
    campaign: CampaignName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCampaignState:
    """A campaign changed its state."""

    campaign: CampaignName
    state: CampaignState
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveRefusal:
    """The gate refused a lead: which rule, and until when."""

    campaign: CampaignName
    lead: Lead
    at: datetime
    rule: str
    reason: str
    until_at: datetime | None
    profile: str = ""
    """Whose rule it is, and by which citation."""
    cite: str = ""
    counters: tuple[str, ...] = ()
    """What was used of every limit."""
    stamps: tuple[str, ...] = ()
    """Name, version and digest of every profile that was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A line for the log: `noun.verb` and its fields."""

    event: str
    fields: dict[str, object] = field(default_factory=dict)
    level: str = "info"


Write = (
    SaveAttempt
    | SaveCallEvent
    | CloseAttempt
    | SaveDisposition
    | SaveAgentState
    | SaveCampaignState
    | SaveRefusal
    | ReleaseLease
)
Effect = Originate | CallAgent | Bridge | HangUp | Say | Show | Inquire | LeaseLeads | Write | Report
