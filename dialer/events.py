"""Facts (past tense) that enter the floor and effects (imperative) that leave it.

A fact says what happened; an effect says what to do. The floor turns the one into the other and does
neither. Facts from Asterisk name channels by `ChannelId` only: which of them is a customer's call (its id
is an `AttemptId`) and which is an agent's leg, the floor knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from dialer.settings import CampaignSettings, DialerSettings
from dialer.types import (
    AccountId,
    AgentId,
    AgentState,
    AttemptId,
    CampaignName,
    CampaignState,
    ChannelId,
    ContactRole,
    Counted,
    DebtorId,
    DispositionCode,
    NextKind,
    Number,
    Outcome,
    PhoneId,
    ServerName,
    StopFlag,
    TrunkName,
    Verdict,
)

# --- values that facts and effects carry ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One earlier dial, as limits count it."""

    at: datetime
    """When it was placed; aware UTC."""
    number: Number
    debtor_id: DebtorId
    account_id: AccountId
    role: ContactRole = ContactRole.DEBTOR
    counted: frozenset[Counted] = frozenset({Counted.DIAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """An account and the number to try next, leased from the store with all that a decision needs."""

    account_id: AccountId
    account_no: str
    debtor_id: DebtorId
    debtor_name: str
    phone_id: PhoneId
    number: Number
    zone: str
    """IANA time zone of the debtor; empty: unknown, and then nobody may call."""
    days_past_due: int = 0
    amount_due: Decimal = Decimal(0)
    risk: str = ""
    region: str = ""
    language: str = "zh"
    product: str = ""
    team: str = ""
    """Set by an assignment rule: only this team may take the call."""
    callback_agent: AgentId | None = None
    """Whom a call-back was promised to."""
    attempts_total: int = 0
    """Attempts on this account so far, over all numbers."""
    retries: int = 0
    """Attempts since the last conversation or import that ended in the same outcome as the last one."""
    number_attempts_today: int = 0
    """Dials to this number since the debtor's local midnight, over all campaigns."""
    debtor_attempts_today: int = 0
    debtor_conversations_today: int = 0
    last_attempt_at: datetime | None = None
    """The last dial to any number of this debtor."""
    stop_flags: frozenset[StopFlag] = frozenset()
    other_numbers: int = 0
    """Further valid numbers of this debtor, those of contacts too."""
    other_contacts: int = 0
    """Of those: contacts', which are only tried where the rules allow it."""
    role: ContactRole = ContactRole.DEBTOR
    """Who is reached at the number."""
    touches: tuple[Touch, ...] = ()
    """Every dial of the last 31 days to any number of the debtor, or to this number, oldest first."""
    consented_until: datetime | None = None
    """The debtor agreed, in person, to be called until then at hours that a rule leaves to agreement."""
    own_number_invalid: bool = False
    """No number of the debtor's own is left that may reach them; a third party may then be called where rules allow."""
    last_own_number: bool = False
    """This is the debtor's own number, and the only one that is left; told where there are `other_contacts`."""
    owner: AgentId | None = None
    """Who looks after the debtor: takes the call when free."""
    owner_team: str = ""
    """Whose turn it is when the owner is not free."""
    skill: str = ""
    """What the debtor's assignment asks of whoever takes the call; empty: nothing."""
    level: int = 0
    """At least so much of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A promise to pay."""

    amount: Decimal
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """What happens next to an account, and which rule said so."""

    kind: NextKind
    at: datetime | None = None
    """Earliest moment of the next attempt, for `retry`, `other_number`, `callback` and `hold`."""
    team: str = ""
    agent_id: AgentId | None = None
    rule: str
    reason: str
    """A sentence for people: why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAnswers:
    """One day of one campaign, for its abandonment budget."""

    on: date
    """Where the dialer is."""
    answered: int
    """By a person."""
    abandoned: int
    gone: int = 0
    """Of those who answered: gone within the wait, so neither abandoned nor passed to an agent."""
    machines: int = 0
    """Calls that machine detection ended, which no person answered as far as it knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveChannel:
    """One row of Asterisk's list of channels, for reconciling after a lost link."""

    channel_id: ChannelId
    channel: str
    """Asterisk's name, such as PJSIP/agent01-00000007."""
    up: bool
    context: str = ""
    bridge_id: str = ""
    agent_id: AgentId | None = None
    """Set when the channel is a leg of this agent's phone."""


# --- facts from Asterisk -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRefused:
    """An Originate that made no call: Asterisk refused the action or could not create the channel."""

    channel_id: ChannelId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginateFailed:
    """Asterisk reports a failed Originate. Mostly the channel's own end says so too, and better, before or after."""

    channel_id: ChannelId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUnresolved:
    """An Originate whose fate is unknown: no reply in time, or the link was lost after sending."""

    channel_id: ChannelId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRang:
    """The other side is ringing."""

    channel_id: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAnswered:
    """The channel is up."""

    channel_id: ChannelId
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerReady:
    """The customer's leg waits in the dialplan and may be bridged."""

    channel_id: ChannelId
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerScreened:
    """Machine detection has finished on the customer's leg."""

    channel_id: ChannelId
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerUnserved:
    """The dialplan waited as long as it may; the message begins."""

    channel_id: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerReleased:
    """The customer is alone again after a conversation and still on the line."""

    channel_id: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePlayed:
    """The abandoned-call message was heard to its end."""

    channel_id: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEnded:
    """The channel is gone."""

    channel_id: ChannelId
    cause: int
    """Q.850."""
    sip_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeEntered:
    """A channel joined a bridge."""

    channel_id: ChannelId
    bridge_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeLeft:
    """A channel left a bridge."""

    channel_id: ChannelId
    bridge_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLegUp:
    """An agent's phone is on the line and parked (by *10, or because the engine called it)."""

    server: ServerName
    agent_id: AgentId
    channel_id: ChannelId
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitPressed:
    """A DTMF digit on some channel."""

    channel_id: ChannelId
    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeFailed:
    """Asterisk refused to bridge this customer."""

    channel_id: ChannelId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLost:
    """The manager connection to a server is gone; its calls go on without us."""

    server: ServerName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRestored:
    """The manager connection is back, with what is really on the server."""

    server: ServerName
    channels: tuple[LiveChannel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelsListed:
    """The answer to `Inquire`: what is really on a server."""

    server: ServerName
    channels: tuple[LiveChannel, ...]


# --- facts from the store ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecovered:
    """At start: an attempt of an earlier run that was never concluded."""

    attempt_id: AttemptId
    campaign: CampaignName
    server: ServerName
    trunk: TrunkName
    lead: Lead
    at: datetime
    outcome: Outcome | None
    """Set when the call had closed and only its disposition was missing."""
    agent_id: AgentId | None
    talked: bool = False
    """Its history says that the customer talked with an agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRecovered:
    """At start: an agent who was paused when an earlier run ended, and still is if the phone is on the line."""

    agent_id: AgentId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFailed:
    """A write cannot be committed for now; nothing may be dialled."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRestored:
    """Writes are committed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptBarred:
    """What the permit rested on no longer held when the attempt was to be committed: nothing is written, no call made.

    Also said of attempts that could not be committed because the store failed.
    """

    attempt_id: AttemptId
    rule: str
    """`lease`, `in_air`, `stop:<flag>`, `number`, `changed`, `counters`, `late`, `refused` or `store`."""
    reason: str


# --- facts from people and programs --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignLaunched:
    """A supervisor started a campaign; also carries reloaded settings of a live one."""

    settings: CampaignSettings
    days: tuple[DayAnswers, ...] = ()
    """What the store knows of the last 30 days; read when the campaign was not live."""
    learned: str = ""
    """The last snapshot of what pacing had learned, as JSON; likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRecalled:
    """What is known of a campaign that is not running, before calls of an earlier run are taken up for it."""

    settings: CampaignSettings
    days: tuple[DayAnswers, ...] = ()
    """As in `CampaignLaunched`."""
    learned: str = ""
    """Likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignTold:
    """A supervisor paused, resumed or stopped a campaign."""

    campaign: CampaignName
    state: CampaignState


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsReloaded:
    """`dialer.yaml` was read again and is sound."""

    settings: DialerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTold:
    """An agent (or a supervisor for the agent) asked for something other than by DTMF."""

    agent_id: AgentId
    wish: str
    """`login`, `logout`, `ready`, `pause`, `accept`, `skip`, `hang_up`."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionTold:
    """A disposition that came by CLI or API instead of DTMF."""

    agent_id: AgentId
    code: DispositionCode
    promise: Promise | None = None
    callback_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAdded:
    """Somebody forbade calls; it is in the store, and nothing in hand for these may be dialled any more."""

    debtor_ids: frozenset[DebtorId] = frozenset()
    phone_ids: frozenset[PhoneId] = frozenset()
    """Every row of the numbers that are concerned, whoever's."""
    flag: StopFlag


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsRecalled:
    """Something happened to these debtors by which nothing that is in hand of them is good any more.

    A payment, a promise, somebody who works on them. The store has taken the leases back.
    """

    debtor_ids: frozenset[DebtorId]
    reason: str
    """The kind of what happened, such as `payment.received`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAsked:
    """An agent asked to call an account, or a number of one, on behalf of a campaign; the lead is leased."""

    agent_id: AgentId
    campaign: CampaignName
    lead: Lead


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsLeased:
    """The store's answer to `LeaseLeads`."""

    campaign: CampaignName
    leads: tuple[Lead, ...]
    waiting: int
    """Accounts of the list that will become dialable later."""
    next_due_at: datetime | None = None
    """When the first of them does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """Time passed."""


Fact = (
    CallRefused
    | OriginateFailed
    | CallUnresolved
    | ChannelRang
    | ChannelAnswered
    | CustomerReady
    | CustomerScreened
    | CustomerUnserved
    | CustomerReleased
    | MessagePlayed
    | ChannelEnded
    | BridgeEntered
    | BridgeLeft
    | AgentLegUp
    | DigitPressed
    | BridgeFailed
    | LinkLost
    | LinkRestored
    | ChannelsListed
    | AttemptRecovered
    | PauseRecovered
    | StoreFailed
    | StoreRestored
    | AttemptBarred
    | CampaignLaunched
    | CampaignRecalled
    | CampaignTold
    | SettingsReloaded
    | AgentTold
    | DispositionTold
    | StopAdded
    | LeadsRecalled
    | CallAsked
    | LeadsLeased
    | Ticked
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
