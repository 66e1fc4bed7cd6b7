"""What happened, in the past tense: facts, which enter the floor.

A fact says what happened; an effect (`dialer.effects`) says what to do. The floor turns the one into the other and does
neither. Facts from Asterisk name channels by `ChannelId` only: which of them is a customer's call (its id is an
`AttemptId`) and which is an agent's leg, the floor knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from dialer.leads import Lead, Promise
from dialer.settings import CampaignSettings, DialerSettings
from dialer.types import (
    AgentId,
    AttemptId,
    CampaignName,
    CampaignState,
    ChannelId,
    DebtorId,
    DispositionCode,
    Outcome,
    PhoneId,
    ServerName,
    StopFlag,
    TrunkName,
    Verdict,
)

# --- values that facts carry ---------------------------------------------------------------------------


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
