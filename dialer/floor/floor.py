"""The calling floor: facts in, effects out.

`Floor.step` is the whole interface. It never awaits, logs, reads a clock, draws a random number, or raises for a
normal refusal; given the same settings and the same facts at the same moments it answers the same effects. The
engine drives it with Asterisk, a simulator can drive it with a virtual clock.

After every fact the floor serves whoever waits; `Ticked` alone makes it pace, so that a burst of facts is paced once.
"""

from __future__ import annotations

from collections.abc import Mapping

from dialer import calls, pacing
from dialer.agents import Agent
from dialer.effects import Effect, Inquire
from dialer.facts import (
    AgentLegUp,
    AgentTold,
    AttemptBarred,
    AttemptRecovered,
    BridgeEntered,
    BridgeFailed,
    BridgeLeft,
    CallAsked,
    CallRefused,
    CallUnresolved,
    CampaignLaunched,
    CampaignRecalled,
    CampaignTold,
    ChannelAnswered,
    ChannelEnded,
    ChannelRang,
    ChannelsListed,
    CustomerReady,
    CustomerReleased,
    CustomerScreened,
    CustomerUnserved,
    DigitPressed,
    DispositionTold,
    Fact,
    LeadsLeased,
    LeadsRecalled,
    LinkLost,
    LinkRestored,
    MessagePlayed,
    OriginateFailed,
    PauseRecovered,
    SettingsReloaded,
    StopAdded,
    StoreFailed,
    StoreRestored,
    Ticked,
)
from dialer.floor import (
    absent,
    asking,
    closing,
    connecting,
    dialing,
    keypad,
    learning,
    previewing,
    reconciling,
    ringing_out,
    routing,
    shift,
    withholding,
    wrapping,
)
from dialer.floor.books import CallBook
from dialer.floor.shelf import Kind
from dialer.floor.state import FloorState, Link, Moment, PacingRule, TrunkLoad
from dialer.settings import CampaignSettings, DialerSettings
from dialer.types import (
    AgentId,
    AttemptId,
    CallState,
    CampaignName,
    CampaignState,
    ChannelId,
    Outcome,
    Verdict,
)
from dialer.values import replace

EMPTY_SHELF_PAUSE_S = 2.0
"""With nothing dialable the store is asked again this much later, or when it said something falls due."""
INQUIRY_PAUSE_S = 5.0
FAILURE_GRACE_S = 1.0


class Floor:
    """All calls, agents and campaigns of one engine."""

    def __init__(
        self,
        settings: DialerSettings,
        *,
        run_id: str,
        now: Moment,
        known: Mapping[CampaignName, CampaignSettings] | None = None,
        rule: PacingRule = pacing.decide,
    ) -> None:
        """Begin with nobody logged in and nothing launched.

        Args:
            settings: servers, trunks and agents.
            run_id: part of every attempt id; must never have been used before.
            now: the moment.
            known: every campaign there is, so that attempts of an earlier run can be concluded by its rules.
            rule: how many calls to place; a simulation may put another one here.
        """
        self.state = FloorState(settings=settings, run_id=run_id, started_s=now.s, rule=rule, known=dict(known or {}))
        self.state.calls = CallBook(self._kind_of)
        self._adopt(settings)

    def _kind_of(self, call: calls.Call) -> Kind | None:
        return routing.kind_of(self.state, self.state.known[call.campaign], call.lead)

    def step(self, fact: Fact, now: Moment) -> list[Effect]:
        """Take one fact.

        Args:
            fact: what happened.
            now: when it is taken.

        Returns:
            What to do, in order. Effects on the store come before the effects on Asterisk that rely on them.
        """
        self.state.effects = []
        self._take(fact, now)
        if not isinstance(fact, ChannelRang):
            connecting.serve_waiting(self.state, now)
        return self.state.effects

    def next_wake_s(self) -> float | None:
        """When the floor wants its next `Ticked` at the latest, in monotonic seconds."""
        return self.state.next_wake_s()

    # --- dispatch --------------------------------------------------------------------------------------

    def _take(self, fact: Fact, now: Moment) -> None:
        floor = self.state
        match fact:
            case Ticked():
                self._tick(now)
            case (
                ChannelRang() | ChannelAnswered() | CustomerReady() | CustomerScreened() | CustomerUnserved()
                | CustomerReleased() | MessagePlayed() | CallRefused()
            ):  # fmt: skip
                self._call_fact(fact, now)
            case ChannelEnded():
                self._channel_ended(fact, now)
            case BridgeEntered():
                connecting.bridge_entered(floor, fact, now)
            case BridgeLeft():
                connecting.bridge_left(floor, fact, now)
            case BridgeFailed():
                self._bridge_failed(fact, now)
            case AgentLegUp():
                shift.leg_up(floor, fact, now)
            case DigitPressed():
                agent = floor.leg_of(fact.channel_id)
                if agent is not None:
                    keypad.digit_pressed(floor, agent, fact.digit, now)
            case AgentTold():
                shift.told(floor, fact, now)
            case DispositionTold():
                shift.disposition_told(floor, fact, now)
            case LeadsLeased():
                self._leads_leased(fact, now)
            case _:
                self._seldom(fact, now)

    def _seldom(self, fact: Fact, now: Moment) -> None:
        floor = self.state
        match fact:
            case CampaignLaunched():
                self._launch(fact, now)
            case CampaignRecalled() if fact.settings.name not in floor.campaigns:
                learning.begin(floor, fact.settings, now, days=fact.days, learned=fact.learned)
            case CampaignTold():
                self._campaign_told(fact, now)
            case SettingsReloaded():
                self._adopt(fact.settings)
                shift.dismiss(floor, now)
                floor.report("settings.reloaded")
            case LinkLost():
                reconciling.link_lost(floor, fact, now)
            case LinkRestored():
                reconciling.link_restored(floor, fact, now)
            case ChannelsListed():
                reconciling.listed(floor, fact, now)
            case AttemptRecovered():
                reconciling.recovered(floor, fact, now)
            case PauseRecovered():
                reconciling.pause_recovered(floor, fact)
            case CallUnresolved():
                self._unresolved(fact, now)
            case OriginateFailed():
                self._originate_failed(fact, now)
            case AttemptBarred():
                withholding.attempt_barred(floor, fact, now)
            case StopAdded():
                withholding.stop_added(floor, fact, now)
            case LeadsRecalled():
                withholding.leads_recalled(floor, fact, now)
            case CallAsked():
                asking.call_asked(floor, fact, now)
            case StoreFailed():
                floor.store_trouble = fact.reason
                floor.report("store.failed", "error", reason=fact.reason)
            case StoreRestored():
                floor.store_trouble = ""
                floor.report("store.restored")
            case _:
                pass

    # --- calls -----------------------------------------------------------------------------------------

    def _call_fact(self, fact: calls.CallFact, now: Moment) -> None:
        floor = self.state
        call = floor.calls.get(AttemptId(fact.channel_id))
        if call is None:
            if isinstance(fact, CallRefused):
                connecting.not_picked_up(floor, fact.channel_id, now)
            return
        moved = calls.step(call, fact, now.s)
        if moved is None:
            floor.report("call.surprise", "warning", attempt=call.attempt_id, state=call.state, fact=repr(fact))
            return
        floor.calls[call.attempt_id] = moved
        if moved is call:
            return
        self._moved(call, moved, fact, now)

    def _moved(self, before: calls.Call, call: calls.Call, fact: calls.CallFact, now: Moment) -> None:
        floor = self.state
        if call.state is CallState.CLOSED:
            closing.close(floor, call, now)
        elif isinstance(fact, CustomerReady) and not call.ring_learned:
            floor.calls[call.attempt_id] = replace(call, ring_learned=True)
            learning.ring_ended(floor, call, now, answered=True)
        elif isinstance(fact, CustomerUnserved) and before.state is CallState.CONNECTING:
            connecting.unserved(floor, call, now)
        elif isinstance(fact, CustomerUnserved) and call.state is CallState.RELEASED and before.state is not call.state:
            if call.verdict is not Verdict.MACHINE:
                learning.answer_ended(floor, call, now, Outcome.ABANDONED)
        elif isinstance(fact, CustomerReleased):
            if before.state is CallState.TALKING:
                wrapping.conversation_ended(floor, call, now)
            wrapping.offer_again(floor, call.attempt_id)
        noted = {
            ChannelRang: "call.ringing",
            ChannelAnswered: "call.answered",
            CustomerScreened: "call.screened",
            CustomerUnserved: "call.unserved",
            MessagePlayed: "call.message_played",
        }.get(type(fact))
        if noted is not None:
            detail = fact.verdict if isinstance(fact, CustomerScreened) else ""
            floor.note(call, now, noted, detail)

    def _channel_ended(self, fact: ChannelEnded, now: Moment) -> None:
        floor = self.state
        if AttemptId(fact.channel_id) in floor.calls:
            self._call_fact(fact, now)
            return
        agent = floor.leg_of(fact.channel_id)
        if agent is not None:
            shift.leg_ended(floor, agent, fact, now)
        else:
            connecting.not_picked_up(floor, fact.channel_id, now)

    def _bridge_failed(self, fact: BridgeFailed, now: Moment) -> None:
        call = self.state.calls.get(AttemptId(fact.channel_id))
        if call is not None and call.state is CallState.CONNECTING:
            connecting.bridge_failed(self.state, call, fact.reason, now)

    def _unresolved(self, fact: CallUnresolved, now: Moment) -> None:
        """Never dial again: ask, as soon as the server can be asked."""
        call = self.state.calls.get(AttemptId(fact.channel_id))
        if call is not None:
            self.state.report("call.unresolved", "warning", attempt=call.attempt_id, reason=fact.reason)
            self.state.wake(now.s + reconciling.SETTLING_S, "overdue", call.attempt_id)

    def _originate_failed(self, fact: OriginateFailed, now: Moment) -> None:
        """Wait a moment for the channel's end, which says more; without one there never was a channel."""
        floor = self.state
        call = floor.calls.get(AttemptId(fact.channel_id))
        if call is not None and call.state in (CallState.PLACED, CallState.RINGING):
            floor.calls[call.attempt_id] = replace(call, failure=fact.reason)
            floor.wake(now.s + FAILURE_GRACE_S, "failure", call.attempt_id)
        elif call is None:
            connecting.not_picked_up(floor, fact.channel_id, now)

    def _failure_overdue(self, attempt_id: AttemptId, now: Moment) -> None:
        call = self.state.calls.get(attempt_id)
        if call is not None and call.failure and call.state in (CallState.PLACED, CallState.RINGING):
            self._call_fact(CallRefused(channel_id=ChannelId(attempt_id), reason=call.failure), now)

    def _overdue(self, attempt_id: AttemptId, now: Moment) -> None:
        """Alarm: nothing was heard of a call for longer than it can ring."""
        floor = self.state
        call = floor.calls.get(attempt_id)
        if call is None or call.state not in (CallState.PLACED, CallState.RINGING):
            return
        if floor.links[call.server].connected:
            floor.emit(Inquire(server=call.server))
        floor.wake(now.s + INQUIRY_PAUSE_S, "overdue", attempt_id)

    # --- campaigns -------------------------------------------------------------------------------------

    def _launch(self, fact: CampaignLaunched, now: Moment) -> None:
        floor, settings = self.state, fact.settings
        floor.known[settings.name] = settings
        run = floor.campaigns.get(settings.name)
        if run is None:
            run = learning.begin(floor, settings, now, days=fact.days, learned=fact.learned)
        if run.settings.list_name != settings.list_name:
            closing.return_leads(floor, run, f"the campaign's list is now {settings.list_name}")
        if run.settings.mode is not settings.mode:
            run.decided.clear()
        held = (*run.picky, *run.leads)
        run.picky.clear()
        run.leads.clear()
        floor.calls.sort_anew(settings.name)
        run.settings, run.exhausted, run.unsettled, run.lease_after_s = settings, False, True, now.s
        dialing.take_leads(floor, run, held, now)
        if run.state is not CampaignState.RUNNING:
            closing.set_state(floor, run, CampaignState.RUNNING, "launched", now)
        floor.wake(now.s, "pace", "")

    def _campaign_told(self, fact: CampaignTold, now: Moment) -> None:
        floor = self.state
        run = floor.campaigns.get(fact.campaign)
        if run is None:
            shift.refuse(floor, fact.campaign, f"campaign {fact.campaign} is not running here; start it first")
            return
        if fact.state is run.state:
            return
        closing.set_state(floor, run, fact.state, "asked for", now)
        run.exhausted, run.unsettled, run.lease_after_s = False, True, now.s
        floor.wake(now.s, "pace", "")

    def _leads_leased(self, fact: LeadsLeased, now: Moment) -> None:
        floor = self.state
        run = floor.campaigns.get(fact.campaign)
        if run is None:
            return
        run.leasing, run.waiting, run.next_due_at = False, fact.waiting, fact.next_due_at
        run.exhausted = not fact.leads and not run.unsettled
        dialing.take_leads(floor, run, fact.leads, now)
        if run.state is not CampaignState.RUNNING:
            closing.return_leads(floor, run, f"campaign is {run.state}")
        if not fact.leads:
            run.lease_after_s = now.s + EMPTY_SHELF_PAUSE_S
        floor.wake(now.s if fact.leads else run.lease_after_s, "pace", "")

    def _adopt(self, settings: DialerSettings) -> None:
        """Take over servers, trunks and agents; people and calls that are there stay."""
        floor = self.state
        floor.settings = settings
        for server in settings.servers:
            floor.links.setdefault(server.name, Link())
        for trunk in settings.trunks:
            if trunk.name in floor.trunks:
                floor.trunks[trunk.name].settings = trunk
            else:
                floor.trunks[trunk.name] = TrunkLoad(settings=trunk)
        for entry in settings.agents:
            known = floor.agents.get(entry.id)
            floor.agents[entry.id] = (
                Agent(settings=entry, since_s=floor.started_s) if known is None else replace(known, settings=entry)
            )

    # --- time ------------------------------------------------------------------------------------------

    def _tick(self, now: Moment) -> None:
        floor = self.state
        for kind, key in floor.due(now.s):
            self._alarm(kind, key, now)
        dialing.pace(floor, now)
        shift.forget_the_gone(floor)

    def _alarm(self, kind: str, key: str, now: Moment) -> None:
        floor = self.state
        match kind:
            case "overdue":
                self._overdue(AttemptId(key), now)
            case "ring_out":
                ringing_out.timed_out(floor, AttemptId(key), now)
            case "failure":
                self._failure_overdue(AttemptId(key), now)
            case "connect":
                connecting.connect_overdue(floor, AttemptId(key), now)
            case "released":
                wrapping.released_overdue(floor, AttemptId(key), now)
            case "agent_ring":
                connecting.ring_overdue(floor, ChannelId(key), now)
            case "wrap_up":
                wrapping.wrap_up_overdue(floor, AgentId(key), now)
            case "absent":
                absent.overdue(floor, AttemptId(key), now)
            case "digits":
                keypad.digits_overdue(floor, AgentId(key), now)
            case "preview":
                previewing.overdue(floor, AgentId(key), now)
            case _:
                pass  # "pace": the tick itself
