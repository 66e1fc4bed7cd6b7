"""One run, put together: floor, network, agents and list on one timeline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from dialer.compliance.hours import zones_of
from dialer.effects import (
    CloseAttempt,
    LeaseLeads,
    ReleaseLease,
    SaveAttempt,
    SaveCampaignState,
    SaveDisposition,
    SaveRefusal,
)
from dialer.facts import CampaignLaunched, LinkRestored
from dialer.floor.floor import Floor
from dialer.floor.state import PacingRule
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import CampaignSettings, DialerSettings, PacingSettings
from dialer.sim.behaviour import Behaviour, BehaviourError
from dialer.sim.concluding import Conclusions
from dialer.sim.draws import CallDraws
from dialer.sim.endless import AccountList
from dialer.sim.lines import Fates
from dialer.sim.measures import RunResult, measure
from dialer.sim.network import Latencies, Network
from dialer.sim.oracle import Oracle
from dialer.sim.people import People
from dialer.sim.record import Record
from dialer.sim.timeline import Timeline, moment, without_collector
from dialer.types import CampaignState

RuleMaker: TypeAlias = Callable[[Oracle], PacingRule]
"""Makes the rule of one run; given what a clairvoyant may ask."""


class World:
    """A campaign, from its launch.

    Args:
        dialer: servers, trunks, and exactly the agents of the run.
        campaign: launched at second 0.
        behaviour: of everybody.
        seed: of all chance.
        accounts: the list.
        rule: how many calls to place, or what makes it.
        learned: what the campaign knows already; see `simulate`.
        start_at: the wall clock at second 0, aware.
        latencies: of effects.
    """

    def __init__(
        self,
        dialer: DialerSettings,
        campaign: CampaignSettings,
        behaviour: Behaviour,
        *,
        seed: int,
        accounts: AccountList,
        rule: PacingRule,
        make_rule: RuleMaker | None = None,
        learned: str = "",
        start_at: datetime,
        latencies: Latencies,
    ) -> None:
        _check_staff(dialer, behaviour)
        self.seed, self.accounts, self.record = seed, accounts, Record()
        self._latencies, self._campaign = latencies, campaign
        self.done_s: float | None = None
        self.tried_s: float | None = None
        now = moment(start_at, 0.0)
        known = {campaign.name: campaign}
        self.floor = Floor(dialer, run_id="sim", now=now, known=known, rule=rule)
        self.timeline = timeline = Timeline(self.floor, start_at)
        zone = _zone(dialer)
        local_at = start_at.astimezone(zone)
        second_of_day = local_at.hour * 3600.0 + local_at.minute * 60.0 + local_at.second
        ring_timeout_s = max(campaign.ring_timeout_s, campaign.rules.min_ring_s)
        draws = CallDraws(behaviour, seed, ring_timeout_s=ring_timeout_s)
        fates = Fates(behaviour, draws, second_of_day=second_of_day)
        self.people = People(
            timeline,
            behaviour,
            dialer.agents,
            draws,
            Conclusions(campaign, behaviour, draws, zone),
            self.record,
            seed=seed,
            wrap_up_limit_s=campaign.wrap_up_limit_s,
        )
        self.network = Network(timeline, behaviour, draws, fates, self.people, self.record, latencies)
        if make_rule is not None:
            oracle = Oracle(timeline, self.network, self.people, fates, draws, ring_timeout_s)
            rule = make_rule(oracle)
        self.floor.state.rule = self._heard(rule)
        self._keep_books(timeline)
        for server in dialer.servers:
            timeline.take(LinkRestored(server=server.name, channels=()))
        timeline.take(CampaignLaunched(settings=campaign, learned=learned))

    def run(self, until_s: float, *, warm_up_s: float = 0.0) -> RunResult:
        """Let time pass until a moment, or until the list is done, and say how it went.

        Args:
            until_s: seconds since the start.
            warm_up_s: figures count from here.
        """
        with without_collector():
            ended_s = self.timeline.run(until_s)
        self.record.end(ended_s)
        return measure(
            self.record,
            seed=self.seed,
            end_s=ended_s,
            warm_up_s=min(warm_up_s, ended_s),
            done_s=self.done_s,
            tried_s=self.tried_s,
            accounts_left=self.accounts.unfinished,
        )

    def _heard(self, rule: PacingRule) -> PacingRule:
        """The rule, with its answers written down."""
        record, timeline = self.record, self.timeline

        def asked(view: PoolView, estimates: Estimates, settings: PacingSettings) -> Decision:
            decision = rule(view, estimates, settings)
            record.decided(decision.limit, timeline.s)
            return decision

        return asked

    # --- the store's side ------------------------------------------------------------------------------

    def _keep_books(self, timeline: Timeline) -> None:
        timeline.on(LeaseLeads, self._lease)
        timeline.on(ReleaseLease, self.accounts.release)
        timeline.on(SaveRefusal, self._refused)
        timeline.on(SaveAttempt, self._attempted)
        timeline.on(SaveDisposition, self._concluded)
        timeline.on(CloseAttempt, self._closed)
        timeline.on(SaveCampaignState, self._campaign_state)

    def _lease(self, wish: LeaseLeads) -> None:
        self.timeline.at(self.timeline.s + self._latencies.lease_s, self._hand_out, wish)

    def _hand_out(self, wish: LeaseLeads) -> None:
        self.timeline.take(self.accounts.lease(wish, self.timeline.now.at))

    def _attempted(self, effect: SaveAttempt) -> None:
        self.network.account_id = effect.lead.account_id
        self.accounts.attempted(effect)
        self._look_at_list()

    def _closed(self, effect: CloseAttempt) -> None:
        self.record.attempt_closed(effect, self.timeline.s)

    def _refused(self, effect: SaveRefusal) -> None:
        self.accounts.refused(effect)
        self._look_at_list()

    def _concluded(self, effect: SaveDisposition) -> None:
        if effect.code is not None:
            self.record.concluded.append((self.timeline.s, effect))
        self.accounts.concluded(effect)
        self._look_at_list()

    def _campaign_state(self, effect: SaveCampaignState) -> None:
        if effect.state is CampaignState.FINISHED:
            self._done()

    def _look_at_list(self) -> None:
        if self.tried_s is None and self.accounts.untried == 0:
            self.tried_s = self.timeline.s
        if self.accounts.unfinished == 0:
            self._done()

    def _done(self) -> None:
        if self.done_s is None:
            self.done_s = self.timeline.s
            self.timeline.stop()


def _zone(dialer: DialerSettings) -> ZoneInfo:
    zones = zones_of(dialer.time_zone)
    if not zones:
        raise BehaviourError(f"{dialer.time_zone} is not a time zone; the dialer's settings need one to simulate.")
    return zones[0]


def _check_staff(dialer: DialerSettings, behaviour: Behaviour) -> None:
    if not dialer.agents:
        raise BehaviourError("nobody works for the campaign; give agents, by their number or in its settings.")
    wanted = sum(shift.agents for shift in behaviour.shifts)
    if wanted > len(dialer.agents):
        raise BehaviourError(f"the shifts need {wanted} agents, but there are {len(dialer.agents)}.")
