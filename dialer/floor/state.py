"""What the floor remembers: calls, agents, campaigns, links. One writer, no locks, no clock.

The values inside (`Call`, `Agent`) are frozen; the dictionaries that hold them are the only thing that changes.
Every other module of this room is functions over this state: they read it, replace values in it, and `emit` effects.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from dialer import pacing
from dialer.agents import Agent, Leg
from dialer.calls import Call
from dialer.effects import Effect, Report, SaveAgentState, SaveCallEvent
from dialer.facts import AttemptRecovered
from dialer.floor.answers import AnswerBook, DayPlan, Marked
from dialer.floor.books import CallBook, WrapBook
from dialer.floor.shelf import PickyShelf
from dialer.floor.staff import AgentBook, Staff
from dialer.leads import Lead
from dialer.settings import CampaignSettings, DialerSettings, PacingSettings, RouteRule, TrunkSettings
from dialer.types import (
    AccountId,
    AgentId,
    AttemptId,
    CampaignName,
    CampaignState,
    ChannelId,
    Mode,
    Outcome,
    ServerName,
    TrunkName,
)
from dialer.values import replace

PacingRule = Callable[[pacing.PoolView, pacing.Estimates, PacingSettings], pacing.Decision]
"""How many calls to place now. The product's own is `pacing.decide`; simulations compare it with others."""

MEMORY_CALLS = 256.0
"""Over about so many calls the answer ratio is taken that turns calls in the air into answers to come."""

UNANSWERED_ALARMS = frozenset({"ring_out", "overdue", "failure"})
"""Alarms that come to nothing once their call is over."""

TRUNK_FAULTS = frozenset({Outcome.TRUNK_FAILED, Outcome.CONGESTION})
FAULTS_TO_REST = 5
"""So many in a row are the trunk's fault and not the numbers' (house rule)."""
FIRST_REST_S = 5.0
LONGEST_REST_S = 120.0


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, on both clocks."""

    s: float
    """Monotonic seconds, for timers."""
    at: datetime
    """Aware UTC, for records and calling hours."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a campaign has done since it was launched here."""

    dialled: int = 0
    answered: int = 0
    bridged: int = 0
    abandoned: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    dispositions: dict[str, int] = field(default_factory=dict)
    promises: int = 0
    promised: Decimal = Decimal(0)
    connect_ms: deque[float] = field(default_factory=lambda: deque(maxlen=2000))


@dataclass(slots=True, kw_only=True, eq=False)
class CampaignRun:
    """A campaign that was launched."""

    settings: CampaignSettings
    state: CampaignState
    estimates: pacing.Estimates
    launched_s: float = 0.0
    answers: AnswerBook = field(default_factory=AnswerBook)
    plan: DayPlan | None = None
    marked: dict[AttemptId, Marked] = field(default_factory=dict)
    """Calls in the air, by what is known of them."""
    next_odds: float = 1.0
    """The odds that the next call is expected to have; see `dialer.prediction.odds`."""
    decided: dict[ServerName, pacing.Decision] = field(default_factory=dict)
    """The last decision on each server, in the present mode."""
    pace_after_s: dict[ServerName, float] = field(default_factory=dict)
    """Mode `predictive`: forecast again no earlier than this."""
    owed: dict[ServerName, int] = field(default_factory=dict)
    """Calls that the last decision wanted and that calls per second still hold back."""
    leads: deque[Lead] = field(default_factory=deque)
    """Leased and not dialled yet; any agent of the campaign may take them."""
    picky: PickyShelf = field(default_factory=PickyShelf)
    """Leased and not dialled yet; only some agents may take them."""
    shelved_s: float = 0.0
    """Since when there are leads in hand without a break."""
    leasing: bool = False
    unsettled: bool = False
    """Since the store was asked last a call was concluded; its account may be due again, which the answer misses."""
    lease_after_s: float = 0.0
    """Ask the store again no earlier than this."""
    exhausted: bool = False
    """The last answer of the store had no lead at all."""
    waiting: int = 0
    next_due_at: datetime | None = None
    placed_s: deque[float] = field(default_factory=deque)
    """Moments of the calls placed within the last second."""
    tally: Tally = field(default_factory=Tally)
    undecided: str = ""
    """Why nothing is decided at all, when that is so: no_agents, store or preview."""
    idle_reason: str = ""
    refusals: dict[str, int] = field(default_factory=dict)
    """Rule -> leads that the gate refused."""

    def agents_wanted(self, calls_in_air: int) -> int:
        """How many agents calls in the air will take, by the mode's own measure."""
        match self.settings.mode:
            case Mode.POWER:
                return math.ceil(calls_in_air / max(1.0, self.settings.pacing.ratio))
            case Mode.PREDICTIVE:
                return math.ceil(calls_in_air * self.estimates.ring.answer_ratio(MEMORY_CALLS))
            case _:
                return calls_in_air


@dataclass(slots=True, kw_only=True)
class TrunkLoad:
    """What a trunk carries."""

    settings: TrunkSettings
    in_use: int = 0
    placed_s: deque[float] = field(default_factory=deque)
    """Moments of the calls placed within the last second."""
    next_caller_id: int = 0
    faults: int = 0
    """Calls in a row that came no further than the trunk."""
    rests_until_s: float = 0.0
    """A trunk that does nothing but fail is left alone until then."""

    def call_ended(self, outcome: Outcome, now_s: float) -> float:
        """Free the channel, and judge the trunk by how the call ended.

        Args:
            outcome: of the call.
            now_s: monotonic seconds.

        Returns:
            Seconds of rest that begin now; 0 when none does. A trunk rests after `FAULTS_TO_REST` faults in a row,
            then tries one call at a time, and rests twice as long after each that fails again.
        """
        self.in_use = max(0, self.in_use - 1)
        if outcome not in TRUNK_FAULTS:
            self.faults = 0
            return 0.0
        if now_s < self.rests_until_s:
            return 0.0  # placed before the rest began; it tells nothing new
        self.faults += 1
        if self.faults < FAULTS_TO_REST:
            return 0.0
        rest_s = min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** (self.faults - FAULTS_TO_REST))
        self.rests_until_s = now_s + rest_s
        return rest_s

    def may_start(self, now_s: float) -> int:
        """How many calls may start now under the channel and calls-per-second limits.

        Starts are spread: at most a tenth of a second's worth at once, so that a second's allowance is not one burst.
        """
        if now_s < self.rests_until_s:
            return 0
        on_trial = self.faults >= FAULTS_TO_REST
        free = (1 if on_trial else self.settings.channels) - self.in_use
        return max(0, min(free, starts_left(self.placed_s, self.settings.calls_per_s, now_s)))


def starts_left(placed_s: deque[float], per_s: float, now_s: float) -> int:
    """How many calls may start now under a rate; see `TrunkLoad.may_start`.

    Args:
        placed_s: moments of earlier starts; those that count no more are dropped.
        per_s: calls per second; below 1 a call every so many seconds.
        now_s: monotonic seconds.
    """
    most, burst, recently = max(1, int(per_s)), max(1, round(per_s / 10)), 0
    window_s = max(1.0, 1.0 / per_s)
    while placed_s and now_s >= placed_s[0] + window_s:
        placed_s.popleft()
    if not placed_s:
        return min(most, burst)
    for placed in reversed(placed_s):
        if now_s >= placed + 0.1:
            break
        recently += 1
    return max(0, min(most - len(placed_s), burst - recently))


def next_start_s(placed_s: deque[float], per_s: float, now_s: float) -> float:
    """The earliest moment at which `starts_left` allows a call, if none is placed before; monotonic seconds."""
    opens_s = now_s
    for most, window_s in ((max(1, int(per_s)), max(1.0, 1.0 / per_s)), (max(1, round(per_s / 10)), 0.1)):
        if len(placed_s) >= most:
            opens_s = max(opens_s, placed_s[-most] + window_s)
    return opens_s


@dataclass(slots=True, kw_only=True)
class Link:
    """The manager connection to one server."""

    connected: bool = False
    reason: str = "not connected yet"
    lost_s: float = 0.0
    """Since when it is not connected."""


@dataclass(slots=True, kw_only=True)
class FloorState:
    """Everything."""

    settings: DialerSettings
    run_id: str
    """Distinguishes this run's attempt ids from every other run's."""
    started_s: float
    rule: PacingRule = pacing.decide
    known: dict[CampaignName, CampaignSettings] = field(default_factory=dict)
    """Settings of every campaign, launched or not: recovered attempts need theirs."""
    calls: CallBook = field(default_factory=CallBook)
    agents: AgentBook = field(default_factory=AgentBook)
    legs: dict[ChannelId, AgentId] = field(default_factory=dict)
    called: dict[ChannelId, AgentId] = field(default_factory=dict)
    """Legs by which the engine is calling agents' phones, until one is picked up or given up."""
    leaving: set[AgentId] = field(default_factory=set)
    """Agents whom a reload took out of the settings, until their last call is over."""
    wraps: WrapBook = field(default_factory=WrapBook)
    offers: dict[AgentId, Lead] = field(default_factory=dict)
    """Preview: the account an agent is looking at."""
    bridges: dict[str, set[ChannelId]] = field(default_factory=dict)
    campaigns: dict[CampaignName, CampaignRun] = field(default_factory=dict)
    trunks: dict[TrunkName, TrunkLoad] = field(default_factory=dict)
    links: dict[ServerName, Link] = field(default_factory=dict)
    recovered: dict[AttemptId, AttemptRecovered] = field(default_factory=dict)
    routes: dict[tuple[CampaignName, AccountId], tuple[CampaignSettings, Lead, RouteRule | None]] = field(
        default_factory=dict
    )
    """Which route rule a lead falls under, so that no expression is worked out twice."""
    shares: dict[tuple[CampaignName, ServerName], tuple[tuple[Staff, int, tuple[Staff, ...]], float]] = field(
        default_factory=dict
    )
    """What `sharing.share` said last, and of whom."""
    store_trouble: str = ""
    attempts: int = 0
    phones_called: int = 0
    paced_s: deque[float] = field(default_factory=lambda: deque(maxlen=8))
    """When it was last decided how much to dial."""
    repace_s: float | None = None
    """Decide again how much to dial at this moment at the latest."""
    effects: list[Effect] = field(default_factory=list)
    _alarms: list[tuple[float, str, str]] = field(default_factory=list)

    def emit(self, *effects: Effect) -> None:
        """Add effects to this step's answer."""
        self.effects.extend(effects)

    def report(self, event: str, level: str = "info", **fields: object) -> None:
        """Add a line for the log."""
        self.effects.append(Report(event=event, fields=fields, level=level))

    def wake(self, at_s: float, kind: str, key: str) -> None:
        """Ask to be stepped at a moment. A wake that has become pointless is harmless."""
        heapq.heappush(self._alarms, (at_s, kind, key))

    def due(self, now_s: float) -> list[tuple[str, str]]:
        """Take the alarms that have come."""
        if not self._alarms or self._alarms[0][0] > now_s:
            return []
        taken: dict[tuple[str, str], None] = {}
        while self._alarms and self._alarms[0][0] <= now_s:
            _, kind, key = heapq.heappop(self._alarms)
            taken[kind, key] = None
        return list(taken)

    def next_wake_s(self) -> float | None:
        """The earliest alarm, in monotonic seconds; those of calls that are over are dropped on the way."""
        alarms = self._alarms
        while alarms and alarms[0][1] in UNANSWERED_ALARMS and alarms[0][2] not in self.calls:
            heapq.heappop(alarms)
        alarm_s = alarms[0][0] if alarms else None
        if alarm_s is None or self.repace_s is None:
            return self.repace_s if alarm_s is None else alarm_s
        return min(alarm_s, self.repace_s)

    def put_agent(self, agent: Agent, now: Moment) -> Agent:
        """Store an agent, and record a change of state."""
        before = self.agents.get(agent.settings.id)
        self.agents[agent.settings.id] = agent
        if before is None or (before.state, before.since_s) != (agent.state, agent.since_s):
            self.emit(
                SaveAgentState(
                    agent_id=agent.settings.id,
                    state=agent.state,
                    at=now.at,
                    reason=agent.reason,
                    attempt_id=agent.attempt_id,
                    campaign=agent.campaign,
                )
            )
        return agent

    def note(self, call: Call, now: Moment, event: str, detail: str = "") -> None:
        """Add a line to a call's history."""
        self.emit(SaveCallEvent(attempt_id=call.attempt_id, at=now.at, event=event, detail=detail))

    def leg_of(self, channel_id: ChannelId) -> Agent | None:
        """The agent whose leg this channel is."""
        agent_id = self.legs.get(channel_id)
        return self.agents[agent_id] if agent_id is not None else None

    def drop_leg(self, agent: Agent) -> None:
        """Forget an agent's leg."""
        if agent.leg is not None:
            self.legs.pop(agent.leg.channel_id, None)

    def add_leg(self, agent_id: AgentId, leg: Leg) -> None:
        """An agent's phone is on the line."""
        self.legs[leg.channel_id] = agent_id
        self.agents[agent_id] = replace(self.agents[agent_id], leg=leg)

    def unsettle(self, campaign: CampaignName | None) -> None:
        """What the store last said of a campaign's list is out of date: an account may become due again."""
        run = self.campaigns.get(campaign) if campaign is not None else None
        if run is not None:
            run.exhausted, run.unsettled = False, True

    def staff(self, settings: CampaignSettings, server: ServerName | None = None) -> list[Agent]:
        """The agents of a campaign, logged in or not. Walks over all of them; `agents.staff` answers most questions."""
        agents = [self.agents[agent_id] for agent_id in self.agents.staff(settings)]
        return agents if server is None else [agent for agent in agents if agent.settings.server == server]

    def in_air(self, campaign: CampaignName, server: ServerName | None = None) -> list[Call]:
        """The calls of a campaign that nobody has answered or that wait for an agent."""
        return [call for call in self.calls.unserved(campaign) if server is None or call.server == server]
