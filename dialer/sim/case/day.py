"""One day of one arm: the engine's floor, with the real gate and pacing, between the book and the replies."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from dialer import pacing
from dialer.effects import CloseAttempt, LeaseLeads, ReleaseLease, SaveAttempt, SaveDisposition, SaveRefusal
from dialer.facts import CampaignLaunched, CampaignTold, DayAnswers, LinkRestored
from dialer.floor.floor import Floor
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import CampaignSettings, DialerSettings, PacingSettings
from dialer.sim.behaviour import Behaviour, Shift
from dialer.sim.case import campaign as campaigns
from dialer.sim.case.agents import ByHand, CasePeople
from dialer.sim.case.book import Book
from dialer.sim.case.replies import CaseConclusions, CaseDraws, CaseFates, Replies
from dialer.sim.case.scenario import DAY_S, opens_at
from dialer.sim.network import LATENCIES, Latencies, Network
from dialer.sim.record import Record
from dialer.sim.timeline import Timeline, moment, without_collector
from dialer.types import AgentId, AgentState, AttemptId, CampaignState, Outcome

DRAIN_S: Final = 1200.0
"""After the last dial talks go on, and are wrapped up."""
BUSY: Final = frozenset({AgentState.TALKING, AgentState.WRAP_UP})
AT_WORK: Final = BUSY | {AgentState.READY, AgentState.RESERVED, AgentState.PREVIEWING}


@dataclass(slots=True, kw_only=True)
class Dial:
    """One dial, as it was recorded; the raw material of figures and of the recount."""

    at: datetime
    debtor: int
    number: str
    outcome: Outcome = Outcome.UNKNOWN
    agent: str = ""
    """Who talked."""
    person: bool = False
    """A person picked up, in truth."""
    machine: bool = False
    right_party: bool = False
    answered_s: float | None = None
    """From the dial; None: nobody and no machine answered."""
    rang_s: float | None = None
    """How long it rang, when nobody answered; None: it did not ring, or was answered."""
    wait_s: float | None = None
    """From the answer until an agent was there, or until nobody was waited for any more."""


@dataclass(slots=True, kw_only=True)
class DayRecord:
    """What came of a day."""

    day: date
    dials: list[Dial] = field(default_factory=list)
    work_s: float = 0.0
    """Of all agents, logged in and not paused."""
    busy_s: float = 0.0
    answered: int = 0
    """As the floor counts live answers: machines that it passed to an agent, too."""
    abandoned: int = 0
    learned: str = ""
    """What pacing had learned by the evening."""


class Day:
    """One day.

    Args:
        dialer: with the agents.
        campaign: of the arm.
        behaviour: of agents.
        book: the list.
        replies: the world.
        skills: of agents, in log-odds of a promise.
        by_hand: what looking up and logging cost; None: nothing is done by hand.
        seed: of the case.
        day: which.
        before: the days before.
        start_at: when the agents come and the campaign is launched; None: at the opening.
        latencies: of effects.
    """

    def __init__(
        self,
        dialer: DialerSettings,
        campaign: CampaignSettings,
        behaviour: Behaviour,
        book: Book,
        replies: Replies,
        skills: dict[AgentId, float],
        by_hand: ByHand | None,
        *,
        seed: int,
        day: date,
        before: Sequence[DayRecord],
        start_at: datetime | None = None,
        latencies: Latencies = LATENCIES,
    ) -> None:
        start_at = start_at or opens_at(day)
        self._latencies = latencies
        self._book, self._record, self._told = book, Record(), DayRecord(day=day)
        self._dials: dict[AttemptId, Dial] = {}
        now = moment(start_at, 0.0)
        self._floor = Floor(dialer, run_id=f"{day:%m%d}", now=now, known={campaign.name: campaign}, rule=decide)
        self._timeline = timeline = Timeline(self._floor, start_at)
        replies.begin(day)
        draws = CaseDraws(behaviour, seed, replies, ring_timeout_s=campaign.ring_timeout_s)
        self._fates = CaseFates(
            behaviour, draws, replies, lambda: timeline.now.at, min_ring_s=campaign.rules.min_ring_s
        )
        self._people = CasePeople(
            timeline,
            behaviour,
            dialer.agents,
            draws,
            CaseConclusions(replies, skills),
            self._record,
            seed=seed,
            wrap_up_limit_s=campaign.wrap_up_limit_s,
        )
        self._people.prepare(draws, by_hand)
        self._replies = replies
        self._network = Network(timeline, behaviour, draws, self._fates, self._people, self._record, latencies)
        self._keep_books(timeline)
        for server in dialer.servers:
            timeline.take(LinkRestored(server=server.name, channels=()))
        timeline.take(CampaignLaunched(settings=campaign, days=_answers(before), learned=_learned(before)))

    def run(self, stop_s: float | None = None) -> DayRecord:
        """From the beginning until the last talk is wrapped up.

        Args:
            stop_s: the campaign is told to stop after so long, and agents' time is counted up to then; None: it goes on
                until the rules allow no more dials, and all is counted.
        """
        if stop_s is not None:
            stop = CampaignTold(campaign=campaigns.NAME, state=CampaignState.STOPPING)
            self._timeline.at(stop_s, self._timeline.take, stop)
        counts_s = math.inf if stop_s is None else stop_s
        with without_collector():
            self._timeline.run(DAY_S + DRAIN_S)
        self._record.end(DAY_S + DRAIN_S)
        told, record = self._told, self._record
        for state, from_s, to_s in record.stays:
            lasts_s = max(0.0, min(to_s, counts_s) - from_s)
            told.work_s += lasts_s * (state in AT_WORK)
            told.busy_s += lasts_s * (state in BUSY)
        told.answered = len(record.served) + len(record.unserved)
        told.abandoned = sum(outcome is Outcome.ABANDONED for _, outcome in record.unserved)
        run = self._floor.state.campaigns[campaigns.NAME]
        told.learned = json.dumps(run.estimates.as_dict())
        return told

    # --- the store's side ------------------------------------------------------------------------------

    def _keep_books(self, timeline: Timeline) -> None:
        timeline.on(LeaseLeads, self._lease)
        timeline.on(ReleaseLease, self._book.release)
        timeline.on(SaveRefusal, self._book.refused)
        timeline.on(SaveAttempt, self._attempted)
        timeline.on(CloseAttempt, self._closed)
        timeline.on(SaveDisposition, self._concluded)

    def _lease(self, wish: LeaseLeads) -> None:
        self._timeline.at(self._timeline.s + self._latencies.lease_s, self._hand_out, wish)

    def _hand_out(self, wish: LeaseLeads) -> None:
        self._timeline.take(self._book.lease(wish, self._timeline.now.at))

    def _attempted(self, effect: SaveAttempt) -> None:
        self._fates.lead = effect.lead
        self._network.account_id = effect.lead.account_id
        self._book.attempted(effect)
        dial = Dial(at=effect.at, debtor=int(effect.lead.debtor_id), number=effect.lead.number)
        self._told.dials.append(dial)
        self._dials[effect.attempt_id] = dial
        self._timeline.at(self._timeline.s, self._met, (dial, self._network.placed))

    def _met(self, what: tuple[Dial, int]) -> None:
        """The call has left; what it will meet is settled."""
        dial, index = what
        reply = self._replies.said.get(index)
        if reply is not None:
            dial.person, dial.machine = not reply.machine, reply.machine

    def _closed(self, effect: CloseAttempt) -> None:
        self._record.attempt_closed(effect, self._timeline.s)
        dial = self._dials[effect.attempt_id]
        dial.outcome, dial.agent, dial.wait_s = effect.outcome, str(effect.agent_id or ""), effect.wait_s
        dial.answered_s = effect.answered_s
        if effect.answered_s is None and effect.ringing_s is not None and effect.ended_s is not None:
            dial.rang_s = effect.ended_s - effect.ringing_s

    def _concluded(self, effect: SaveDisposition) -> None:
        dial = self._dials.pop(effect.attempt_id)
        dial.right_party = effect.right_party
        self._book.concluded(effect, no_person=effect.code == campaigns.NO_PERSON)


def decide(view: PoolView, estimates: Estimates, settings: PacingSettings) -> Decision:
    """The product's own pacing; it is not asked where it could say nothing but `none`, for lack of anybody to dial.

    With calls in the air it is always asked, because what it says then is learned from when they are answered.
    """
    if view.leads == 0 and view.in_air == 0 and view.agents:
        return Decision(calls=0, limit="leads", reason="0: leads")
    return pacing.decide(view, estimates, settings)


def behaviour_of(agents: int, pace: float) -> Behaviour:
    """How agents come, go and rest; the rest is the replies'.

    Args:
        agents: at work from the opening to the end.
        pace: how much they differ.
    """
    return Behaviour(
        agent_speed_spread=pace,
        shifts=(Shift(agents=agents, login_s=0.0, logout_s=DAY_S, spread_s=60.0),),
    )


def _answers(before: Sequence[DayRecord]) -> tuple[DayAnswers, ...]:
    return tuple(DayAnswers(on=one.day, answered=one.answered, abandoned=one.abandoned) for one in before)


def _learned(before: Sequence[DayRecord]) -> str:
    return before[-1].learned if before else ""
