"""The floor against an Asterisk, a store and people who do everything at the worst moment.

A machine simulates what surrounds the floor: servers with customers' channels and agents' legs, links that are lost
and found, a store that leases leads, agents who press keys. It answers every effect with facts that arrive in any
order between channels, late, twice, or (while a link is down) not at all. Whatever happens, the rules below hold
after every step, and when everything has ended nobody is left hanging.
"""

from __future__ import annotations

import sys
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dialer.agents import Agent
from dialer.effects import (
    Bridge,
    CallAgent,
    CloseAttempt,
    Effect,
    HangUp,
    Inquire,
    LeaseLeads,
    Originate,
    ReleaseLease,
    SaveAttempt,
    SaveDisposition,
)
from dialer.facts import (
    AgentLegUp,
    AgentTold,
    AttemptRecovered,
    BridgeEntered,
    BridgeFailed,
    BridgeLeft,
    CallRefused,
    CallUnresolved,
    CampaignLaunched,
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
    LinkLost,
    LinkRestored,
    LiveChannel,
    MessagePlayed,
    OriginateFailed,
    SettingsReloaded,
    StoreFailed,
    StoreRestored,
    Ticked,
)
from dialer.floor.books import UNSERVED
from dialer.floor.floor import Floor
from dialer.floor.state import Moment
from dialer.leads import Lead
from dialer.settings import AgentSettings, CampaignSettings, DialerSettings, RouteRule
from dialer.types import (
    AgentId,
    AgentState,
    AttemptId,
    CallState,
    CampaignState,
    ChannelId,
    ConnectStyle,
    DebtorId,
    DispositionCode,
    Mode,
    Outcome,
    ServerName,
    TrunkName,
    Verdict,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
import floor_world as fw

EAST, WEST = ServerName("east"), ServerName("west")
CALL_FACTS = (ChannelRang, ChannelAnswered, CustomerReady, CustomerScreened, CustomerUnserved, MessagePlayed)
REPEATABLE = (*CALL_FACTS, BridgeFailed, BridgeEntered, BridgeLeft, OriginateFailed, ChannelEnded, CustomerReleased)
RESTING = {AgentState.READY, AgentState.PAUSED, AgentState.OFFLINE}
PEOPLE = (
    fw.agent("anna", server=EAST, skills={"calm": 2}, team="gold"),
    fw.agent("ben", server=EAST),
    fw.agent("rita", server=EAST, connect=ConnectStyle.RING),
    fw.agent("wang", server=WEST, team="gold"),
    fw.agent("rob", server=WEST, connect=ConnectStyle.RING),
)
NEWCOMER = fw.agent("zoe", server=EAST)
TRUNKS = (
    fw.trunk(TrunkName("t-east"), EAST, channels=4, calls_per_s=3.0),
    fw.trunk(TrunkName("t-slow"), EAST, channels=2, calls_per_s=0.5),
    fw.trunk(TrunkName("t-west"), WEST, channels=3, calls_per_s=20.0),
)
ROUTES = (RouteRule(name="calm only", when="days_past_due > 60", skill="calm", level=1),)

KEYED = ("9", "91", "0", "9#", "1200#5#1", "1200#5#2", "15*#", "23#1", "2", "#", "")


def dialer_settings(people: tuple[AgentSettings, ...]) -> DialerSettings:
    return fw.settings(people, TRUNKS)


def campaigns() -> dict[str, CampaignSettings]:
    every = tuple(one.name for one in TRUNKS)
    return {
        "calls": fw.campaign("calls", trunks=every, routes=ROUTES),
        "power": replace(fw.campaign("power", trunks=every, mode=Mode.POWER, teams=("gold",)), detect_machines=True),
        "previews": fw.campaign("previews", trunks=every, mode=Mode.PREVIEW, agents=(AgentId("ben"), AgentId("rita"))),
    }


@dataclass
class Channel:
    """A channel in the simulated Asterisk."""

    channel_id: ChannelId
    name: str
    server: ServerName
    agent_id: AgentId | None = None
    up: bool = False
    bridge_id: str = ""
    was_bridged: bool = False
    facts: deque[Fact] = field(default_factory=deque)
    """What has happened and has not been told yet."""
    stage: str = "dialled"
    """Customers: dialled, ringing, up, ready, message, over."""


class FloorMachine(RuleBasedStateMachine):
    """Everything around the floor."""

    def __init__(self) -> None:
        super().__init__()
        self.s = fw.START_S
        self.people: tuple[AgentSettings, ...] = PEOPLE
        self.floor = self._new_floor()
        self.history: list[tuple[Fact, Moment, list[Effect]]] = []
        self.channels: dict[ChannelId, Channel] = {}
        self.ended: dict[ChannelId, Channel] = {}
        self.loose: deque[Fact] = deque()
        self.told: deque[Fact] = deque(maxlen=30)
        self.connected = {EAST: False, WEST: False}
        self.wishes: list[LeaseLeads] = []
        self.next_lead = 0
        self.leased: dict[int, Lead] = {}
        self.retriable: list[Lead] = []
        self.saved: dict[AttemptId, SaveAttempt] = {}
        self.originated: dict[AttemptId, float] = {}
        self.closed: Counter[AttemptId] = Counter()
        self.disposed: Counter[AttemptId] = Counter()
        self.legs_made = self.bridges_made = 0
        self.originate_fates: deque[str] = deque()
        self.winding_up = False

    def _new_floor(self) -> Floor:
        known = {one.name: one for one in campaigns().values()}
        return Floor(dialer_settings(PEOPLE), run_id="r1", now=self.now(fw.START_S), known=known)

    def now(self, s: float | None = None) -> Moment:
        s = self.s if s is None else s
        return Moment(s, fw.EPOCH + timedelta(seconds=s - fw.START_S))

    # --- stepping and judging --------------------------------------------------------------------------

    def take(self, fact: Fact) -> None:
        before = dict(self.floor.state.agents)
        effects = self.floor.step(fact, self.now())
        self.history.append((fact, self.now(), list(effects)))
        for effect in effects:
            self._judge(effect, before)
            self._carry_out(effect)

    def _judge(self, effect: Effect, before: dict[AgentId, Agent]) -> None:
        server = getattr(effect, "server", None)
        assert server is None or server in self.connected, f"unknown server in {effect}"
        match effect:
            case SaveAttempt():
                assert effect.attempt_id not in self.saved
                in_air = [one for name, one in self.saved.items() if not (self.closed[name] and self.disposed[name])]
                assert effect.lead.debtor_id not in {one.lead.debtor_id for one in in_air}, "called twice at a time"
                self.saved[effect.attempt_id] = effect
            case Originate():
                self._judge_originate(effect)
            case CloseAttempt():
                assert effect.attempt_id in self.saved
                self.closed[effect.attempt_id] += 1
                assert self.closed[effect.attempt_id] == 1
            case SaveDisposition():
                self.disposed[effect.attempt_id] += 1
                assert self.disposed[effect.attempt_id] == 1
                lead = self.leased.pop(effect.lead.account_id)
                self.retriable.append(lead)
            case ReleaseLease():
                self.retriable.append(self.leased.pop(effect.account_id))
            case Bridge():
                self._judge_bridge(effect, before)
            case _:
                pass

    def _judge_originate(self, effect: Originate) -> None:
        attempt = self.saved[effect.attempt_id]
        assert effect.attempt_id not in self.originated, "originated twice"
        assert (attempt.server, attempt.trunk) == (effect.server, effect.trunk)
        state = self.floor.state
        assert state.campaigns[attempt.campaign].state is CampaignState.RUNNING, "dialled while not running"
        assert not state.store_trouble, "dialled while the store is in trouble"
        assert self.connected[effect.server], "dialled while the link is down"
        trunk = next(one for one in TRUNKS if one.name == effect.trunk)
        window_s = max(1.0, 1.0 / trunk.calls_per_s)
        recent = [
            s for name, s in self.originated.items() if self.saved[name].trunk == effect.trunk and self.s < s + window_s
        ]
        assert len(recent) < max(1, trunk.calls_per_s), f"more than {trunk.calls_per_s} calls/s"
        self.originated[effect.attempt_id] = self.s

    def _judge_bridge(self, effect: Bridge, before: dict[AgentId, Agent]) -> None:
        owner = next(
            one for one in self.floor.state.agents.values() if one.leg and one.leg.channel == effect.agent_channel
        )
        assert owner.attempt_id == effect.attempt_id and owner.state is AgentState.RESERVED
        was = before[owner.settings.id]
        reserved = was.state is AgentState.RESERVED and was.attempt_id == effect.attempt_id
        freed_now = was.state not in (AgentState.RESERVED, AgentState.TALKING)
        assert was.free or reserved or freed_now, "bridged to an agent who was not free"
        assert self.connected[effect.server], "a bridge over a link that is down"

    # --- Asterisk and the store answer ------------------------------------------------------------------

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Originate():
                self._place(effect)
            case CallAgent():
                self._ring_phone(effect)
            case Bridge():
                self._bridge(effect)
            case HangUp() if self.connected[effect.server]:
                self._end(effect.channel_id, 16)
            case Inquire() if self.connected[effect.server]:
                self.loose.append(ChannelsListed(server=effect.server, channels=self._listed(effect.server)))
            case LeaseLeads():
                self.wishes.append(effect)
            case _:
                pass

    def _place(self, effect: Originate) -> None:
        channel_id = ChannelId(effect.attempt_id)
        fate = self.originate_fates.popleft() if self.originate_fates else "placed"
        match fate:
            case "refused":
                self.loose.append(CallRefused(channel_id=channel_id, reason="no such endpoint"))
                return
            case "never was":
                self.loose.append(OriginateFailed(channel_id=channel_id, reason="reason 0"))
                return
            case "lost":
                self.loose.append(CallUnresolved(channel_id=channel_id, reason="no answer in time"))
                return
            case "unsure":
                self.loose.append(CallUnresolved(channel_id=channel_id, reason="no answer in time"))
            case _:
                pass
        name = fw.name_of(effect.attempt_id)
        self.channels[channel_id] = Channel(channel_id=channel_id, name=name, server=effect.server)

    def _ring_phone(self, effect: CallAgent) -> None:
        if not self.connected[effect.server]:
            self.loose.append(CallRefused(channel_id=effect.leg_id, reason="not connected"))
            return
        assert effect.leg_id not in self.channels and effect.leg_id not in self.ended, "a leg's id was used twice"
        name = f"PJSIP/{effect.agent_id}-{effect.leg_id}"
        self.channels[effect.leg_id] = Channel(
            channel_id=effect.leg_id, name=name, server=effect.server, agent_id=effect.agent_id
        )

    def _bridge(self, effect: Bridge) -> None:
        by_name = {one.name: one for one in self.channels.values() if one.up}
        pair = []
        for number, name in ((1, effect.customer_channel), (2, effect.agent_channel)):
            if name not in by_name:
                reason = f"Channel{number} does not exist: {name}"
                self.loose.append(BridgeFailed(channel_id=ChannelId(effect.attempt_id), reason=reason))
                return
            pair.append(by_name[name])
        self.bridges_made += 1
        for one in pair:
            self._leave(one)
        for one in pair:
            one.bridge_id, one.was_bridged = f"bridge-{self.bridges_made}", True
            self._happened(one, BridgeEntered(channel_id=one.channel_id, bridge_id=one.bridge_id))

    def _leave(self, channel: Channel) -> None:
        """A channel leaves its bridge; whoever is left alone there leaves it too."""
        bridge_id, channel.bridge_id = channel.bridge_id, ""
        if not bridge_id:
            return
        self._happened(channel, BridgeLeft(channel_id=channel.channel_id, bridge_id=bridge_id))
        for other in [one for one in self.channels.values() if one.bridge_id == bridge_id]:
            other.bridge_id = ""
            self._happened(other, BridgeLeft(channel_id=other.channel_id, bridge_id=bridge_id))
            if other.agent_id is None:
                other.stage = "released"
                self._happened(other, CustomerReleased(channel_id=other.channel_id))

    def _end(self, channel_id: ChannelId, cause: int) -> None:
        channel = self.channels.get(channel_id)
        if channel is None:
            return
        self._leave(channel)
        del self.channels[channel_id]
        self.ended[channel_id] = channel
        self._happened(channel, ChannelEnded(channel_id=channel_id, cause=cause))

    def _happened(self, channel: Channel, fact: Fact) -> None:
        if self.connected[channel.server]:
            channel.facts.append(fact)

    def _listed(self, server: ServerName) -> tuple[LiveChannel, ...]:
        return tuple(
            LiveChannel(
                channel_id=one.channel_id,
                channel=one.name,
                up=one.up,
                context="dialer-agent" if one.agent_id else "dialer-customer",
                bridge_id=one.bridge_id,
                agent_id=one.agent_id,
            )
            for one in self.channels.values()
            if one.server == server
        )

    # --- rules: time and delivery -----------------------------------------------------------------------

    @initialize(
        names=st.sets(st.sampled_from(["calls", "power", "previews"]), min_size=1),
        here=st.sets(st.sampled_from([one.id for one in PEOPLE]), min_size=2),
        left_over=st.lists(
            st.sampled_from(["gone", "busy", "bridged", "ringing", "waiting", "talking"]), max_size=2, unique=True
        ),
    )
    def begin(self, names: set[str], here: set[AgentId], left_over: list[str]) -> None:
        for how in left_over:
            self._recover(how)
        for server in self.connected:
            self.link_restored(server)
        for agent_id in sorted(here):
            self.dial_in(agent_id) if agent_id not in RINGERS else self.a_wish_comes_by_cli(agent_id, "login")
        self.deliver(40)
        for name in sorted(names):
            self.take(CampaignLaunched(settings=campaigns()[name]))
        self.tick()
        self.lease(8)
        self.tick()

    def tick(self) -> None:
        self.take(Ticked())

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.6, 2.1, 5.0, 16.0, 31.0]))
    def time_passes(self, seconds: float) -> None:
        until_s = self.s + seconds
        for _ in range(400):
            wake_s = self.floor.next_wake_s()
            if wake_s is None or wake_s > until_s:
                break
            self.s = max(self.s, wake_s)
            self.tick()
            self.deliver(3)
        else:
            raise AssertionError("the floor wakes itself without end")
        self.s = max(self.s, until_s)
        self.tick()

    @rule(count=st.integers(1, 12), order=st.randoms(use_true_random=False))
    def facts_arrive(self, count: int, order: object) -> None:
        """One after the other for each channel, in any order between channels."""
        for _ in range(count):
            sources = [one.facts for one in (*self.channels.values(), *self.ended.values()) if one.facts]
            sources += [self.loose] if self.loose else []
            if not sources:
                break
            fact = order.choice(sources).popleft()  # type: ignore[attr-defined]
            self._arrives(fact)
        self.tick()

    def deliver(self, count: int) -> None:
        """The same in order, for the other rules."""
        for _ in range(count):
            source = next(
                (one.facts for one in (*self.channels.values(), *self.ended.values()) if one.facts), self.loose
            )
            if not source:
                break
            self._arrives(source.popleft())

    def _arrives(self, fact: Fact) -> None:
        if isinstance(fact, REPEATABLE):
            self.told.append(fact)
        if not isinstance(fact, ChannelsListed) or self.connected[fact.server]:
            self.take(fact)

    @rule(which=st.integers(0, 29))
    def a_fact_comes_twice(self, which: int) -> None:
        if self.told:
            self.take(self.told[which % len(self.told)])

    # --- rules: customers -------------------------------------------------------------------------------

    @rule(fates=st.lists(st.sampled_from(["placed", "refused", "never was", "lost", "unsure"]), max_size=4))
    def calls_will_fare(self, fates: list[str]) -> None:
        self.originate_fates = deque(fates)

    def _customers(self, *stages: str) -> list[Channel]:
        return [one for one in self.channels.values() if one.agent_id is None and one.stage in stages]

    @rule(which=st.integers(0, 9))
    def a_customer_is_rung(self, which: int) -> None:
        if found := self._customers("dialled"):
            one = found[which % len(found)]
            one.stage = "ringing"
            self._happened(one, ChannelRang(channel_id=one.channel_id))

    @rule(which=st.integers(0, 9))
    def a_customer_answers(self, which: int) -> None:
        if found := self._customers("dialled", "ringing"):
            one = found[which % len(found)]
            one.stage, one.up = "up", True
            self._happened(one, ChannelAnswered(channel_id=one.channel_id, channel=one.name))

    @rule(which=st.integers(0, 9), told=st.integers(0, 12), picks_up=st.booleans())
    def a_person_waits(self, which: int, told: int, picks_up: bool) -> None:
        """The way of most calls, up to any point of it."""
        self.a_customer_answers(which)
        self.a_customer_is_ready(which, Verdict.HUMAN)
        self.deliver(told)
        if picks_up:
            self.a_called_phone(which, True)
            self.deliver(told)

    @rule(which=st.integers(0, 9), by_customer=st.booleans(), told=st.integers(0, 8), digits=st.sampled_from(KEYED))
    def a_conversation_ends(self, which: int, by_customer: bool, told: int, digits: str) -> None:
        found = [one for one in self.channels.values() if one.bridge_id and (one.agent_id is None) == by_customer]
        if found:
            one = found[which % len(found)]
            legs = [other for other in self.channels.values() if other.agent_id and other.bridge_id == one.bridge_id]
            self._end(one.channel_id, 16 if by_customer else 38)
            self.deliver(told)
            for digit in digits if by_customer and legs else "":
                self._happened(legs[0], DigitPressed(channel_id=legs[0].channel_id, digit=digit))
            self.deliver(told)

    @rule(which=st.integers(0, 9), verdict=st.sampled_from([None, *Verdict]))
    def a_customer_is_ready(self, which: int, verdict: Verdict | None) -> None:
        if found := self._customers("up"):
            self._hand_over(found[which % len(found)], verdict)

    def _hand_over(self, one: Channel, verdict: Verdict | None) -> None:
        if verdict is not None:
            self._happened(one, CustomerScreened(channel_id=one.channel_id, verdict=verdict))
        if verdict is not Verdict.MACHINE:
            one.stage = "ready"
            self._happened(one, CustomerReady(channel_id=one.channel_id, channel=one.name))

    @rule(which=st.integers(0, 9))
    def the_message_begins(self, which: int) -> None:
        found = [one for one in self._customers("ready", "released") if not one.bridge_id]
        if found:
            one = found[which % len(found)]
            if one.stage == "ready" and not one.was_bridged:
                self._happened(one, CustomerUnserved(channel_id=one.channel_id))
            one.stage = "message"

    @rule(which=st.integers(0, 9))
    def the_message_ends(self, which: int) -> None:
        found = [one for one in self._customers("message") if not one.bridge_id]
        if found:
            one = found[which % len(found)]
            self._happened(one, MessagePlayed(channel_id=one.channel_id))
            self._end(one.channel_id, 16)

    @rule(which=st.integers(0, 9), cause=st.sampled_from([16, 17, 19, 21, 38]), fails=st.booleans())
    def a_customer_is_gone(self, which: int, cause: int, fails: bool) -> None:
        if found := [one for one in self.channels.values() if one.agent_id is None]:
            one = found[which % len(found)]
            if fails and not one.up:
                self.loose.append(OriginateFailed(channel_id=one.channel_id, reason="reason 5"))
            self._end(one.channel_id, cause)

    # --- rules: agents ----------------------------------------------------------------------------------

    @rule(agent_id=st.sampled_from([one.id for one in (*PEOPLE, NEWCOMER)]))
    def dial_in(self, agent_id: AgentId) -> None:
        person = next((one for one in (*self.people, NEWCOMER) if one.id == agent_id), None)
        if person is None or any(one.agent_id == agent_id and one.up for one in self.channels.values()):
            return
        self.legs_made += 1
        leg_id = ChannelId(f"17.{self.legs_made}")
        one = Channel(
            channel_id=leg_id, name=f"PJSIP/{agent_id}-{leg_id}", server=person.server, agent_id=agent_id, up=True
        )
        self.channels[leg_id] = one
        self._happened(one, AgentLegUp(server=one.server, agent_id=agent_id, channel_id=leg_id, channel=one.name))

    @rule(which=st.integers(0, 9), picks_up=st.booleans())
    def a_called_phone(self, which: int, picks_up: bool) -> None:
        ringing = [one for one in self.channels.values() if one.agent_id is not None and not one.up]
        if not ringing:
            return
        one = ringing[which % len(ringing)]
        if picks_up and one.agent_id is not None:
            one.up = True
            up = AgentLegUp(server=one.server, agent_id=one.agent_id, channel_id=one.channel_id, channel=one.name)
            self._happened(one, up)
        else:
            self._end(one.channel_id, 17)

    @rule(which=st.integers(0, 9), cause=st.sampled_from([16, 38, 0]))
    def a_leg_is_gone(self, which: int, cause: int) -> None:
        legs = [one for one in self.channels.values() if one.agent_id is not None and one.up]
        if legs:
            self._end(legs[which % len(legs)].channel_id, cause)

    @rule(
        which=st.integers(0, 9),
        digits=st.sampled_from((*KEYED, "*0", "*2", "*11", "*")),
    )
    def keys_are_pressed(self, which: int, digits: str) -> None:
        legs = [one for one in self.channels.values() if one.agent_id is not None and one.up]
        if legs:
            one = legs[which % len(legs)]
            for digit in digits:
                self._happened(one, DigitPressed(channel_id=one.channel_id, digit=digit))
            self.deliver(len(digits) + 5)

    @rule(
        agent_id=st.sampled_from([one.id for one in PEOPLE]),
        wish=st.sampled_from(["login", "logout", "ready", "pause", "accept", "skip", "hang_up"]),
    )
    def a_wish_comes_by_cli(self, agent_id: AgentId, wish: str) -> None:
        self.take(AgentTold(agent_id=agent_id, wish=wish))

    @rule(agent_id=st.sampled_from([one.id for one in PEOPLE]))
    def a_disposition_comes_by_cli(self, agent_id: AgentId) -> None:
        self.take(DispositionTold(agent_id=agent_id, code=DispositionCode("refused")))

    # --- rules: store, links, supervisors ---------------------------------------------------------------

    @rule(count=st.integers(0, 6))
    def lease(self, count: int) -> None:
        for wish in self.wishes:
            leads = []
            for _ in range(min(count, wish.limit)):
                leads.append(self._next_lead())
                self.leased[leads[-1].account_id] = leads[-1]
            waiting = len(self.retriable) + len(self.leased)
            self.loose.append(LeadsLeased(campaign=wish.settings.name, leads=tuple(leads), waiting=waiting))
        self.wishes = []
        self.deliver(30)

    def _next_lead(self) -> Lead:
        if self.retriable and self.next_lead % 3 == 2:
            self.next_lead += 1
            return self.retriable.pop(0)
        self.next_lead += 1
        past_due = 90 if self.next_lead % 4 == 0 else 1
        callback = AgentId("ben") if self.next_lead % 7 == 0 else None
        # Now and then another account of the same debtor: a store may be wrong about who is being called.
        debtor_id = DebtorId(self.next_lead - 1 if self.next_lead % 5 == 0 else self.next_lead)
        return fw.lead(self.next_lead, days_past_due=past_due, callback_agent=callback, debtor_id=debtor_id)

    @precondition(lambda self: not self.winding_up)
    @rule(server=st.sampled_from([EAST, WEST]), luck=st.integers(0, 3))
    def link_lost(self, server: ServerName, luck: int) -> None:
        if self.connected[server] and not luck:
            self.connected[server] = False
            for one in (*self.channels.values(), *self.ended.values()):
                if one.server == server:
                    one.facts.clear()
            self.take(LinkLost(server=server, reason="connection reset"))

    @rule(server=st.sampled_from([EAST, WEST]))
    def link_restored(self, server: ServerName) -> None:
        if not self.connected[server]:
            self.connected[server] = True
            self.take(LinkRestored(server=server, channels=self._listed(server)))
            for one in self.floor.state.agents.values():
                assert one.leg is None or one.settings.server != server or one.leg.channel_id in self.channels

    @rule(luck=st.integers(0, 5), agent_id=st.sampled_from([one.id for one in PEOPLE]))
    def the_store(self, luck: int, agent_id: AgentId) -> None:
        self.take(StoreRestored() if luck else StoreFailed(reason="disk full"))
        self.a_wish_comes_by_cli(agent_id, "accept")

    @rule(
        name=st.sampled_from(["calls", "power", "previews"]),
        state=st.sampled_from([*[CampaignState.RUNNING] * 3, CampaignState.PAUSED, CampaignState.STOPPING]),
    )
    def a_campaign_is_told(self, name: str, state: CampaignState) -> None:
        self.take(CampaignTold(campaign=campaigns()[name].name, state=state))

    @rule(name=st.sampled_from(["calls", "power", "previews"]), wrap_up_limit_s=st.sampled_from([5.0, 30.0, 60.0]))
    def a_campaign_is_reloaded(self, name: str, wrap_up_limit_s: float) -> None:
        self.take(CampaignLaunched(settings=replace(campaigns()[name], wrap_up_limit_s=wrap_up_limit_s)))

    @rule(gone=st.sampled_from([*(one.id for one in PEOPLE), *[None] * 5]), zoe=st.booleans())
    def settings_are_reloaded(self, gone: AgentId | None, zoe: bool) -> None:
        self.people = tuple(one for one in PEOPLE if one.id != gone) + ((NEWCOMER,) if zoe else ())
        self.take(SettingsReloaded(settings=dialer_settings(self.people)))

    def _recover(self, how: str) -> None:
        """An attempt that an earlier run left open, and what is left of its channel."""
        attempt_id = AttemptId(f"att-r0-{how}")
        lead = fw.lead(10**7 + len(self.saved))
        self.leased[lead.account_id] = lead
        campaign, trunk = campaigns()["calls"].name, TRUNKS[2].name
        outcome = {"busy": Outcome.BUSY, "bridged": Outcome.BRIDGED}.get(how)
        agent_id = AgentId("wang") if how == "bridged" else None
        self.saved[attempt_id] = SaveAttempt(
            attempt_id=attempt_id,
            campaign=campaign,
            lead=lead,
            server=WEST,
            trunk=trunk,
            caller_id="",
            permit_rules=(),
            at=self.now().at,
        )
        self.closed[attempt_id] = int(outcome is not None)
        if how in ("ringing", "waiting", "talking"):
            one = Channel(channel_id=ChannelId(attempt_id), name=fw.name_of(attempt_id), server=WEST)
            one.up, one.stage = how != "ringing", {"ringing": "ringing"}.get(how, "ready")
            self.channels[one.channel_id] = one
            if how == "talking":
                self.dial_in(AgentId("wang"))
                one.bridge_id = next(reversed(self.channels.values())).bridge_id = "bridge-r0"
                one.was_bridged = True
        self.take(
            AttemptRecovered(
                attempt_id=attempt_id,
                campaign=campaign,
                server=WEST,
                trunk=trunk,
                lead=lead,
                at=self.now().at,
                outcome=outcome,
                agent_id=agent_id,
            )
        )

    # --- what always holds ------------------------------------------------------------------------------

    @invariant()
    def trunks_carry_what_is_in_the_air(self) -> None:
        carried = Counter(call.trunk for call in self.floor.state.calls.values())
        for name, load in self.floor.state.trunks.items():
            assert load.in_use == carried[name]
            assert load.in_use <= load.settings.channels

    @invariant()
    def agents_and_calls_belong_together(self) -> None:
        state = self.floor.state
        taken = [one.attempt_id for one in state.agents.values() if one.attempt_id is not None]
        assert len(taken) == len(set(taken)), "two agents belong to one call"
        for name, one in state.agents.items():
            call = state.calls.get(one.attempt_id) if one.attempt_id is not None else None
            match one.state:
                case AgentState.TALKING:
                    assert call is not None and call.state is CallState.TALKING and call.agent_id == name
                case AgentState.RESERVED:
                    assert call is not None and name in (call.agent_id, call.for_agent)
                case AgentState.WRAP_UP:
                    assert state.wraps[one.attempt_id].agent_id == name  # type: ignore[index]
                case _:
                    assert one.attempt_id is None
            assert (one.state is AgentState.PREVIEWING) == (name in state.offers)
            run = state.campaigns.get(one.campaign) if name in state.offers and one.campaign else None
            assert run is None or run.state is CampaignState.RUNNING
            assert one.state is AgentState.OFFLINE or not one.nailed_up or one.leg or one.state in LEGLESS
        for call in state.calls.values():
            holder = state.agents.get(call.agent_id) if call.agent_id is not None else None
            if call.state is CallState.TALKING:
                assert holder is not None and holder.state is AgentState.TALKING
            if call.state is CallState.CONNECTING:
                assert holder is not None and holder.state is AgentState.RESERVED
                assert holder.attempt_id == call.attempt_id

    @invariant()
    def books_agree(self) -> None:
        state = self.floor.state
        assert {c.attempt_id for c in state.calls.waiting()} == {
            c.attempt_id for c in state.calls.values() if c.state is CallState.ANSWERED
        }
        for name in state.campaigns:
            mine = [c for c in state.calls.values() if c.campaign == name]
            assert state.calls.of_campaign(name) == len(mine)
            assert {c.attempt_id for c in state.calls.unserved(name)} == {
                c.attempt_id for c in mine if c.state in UNSERVED
            }
            for server in self.connected:
                assert state.calls.in_air(name, server) == sum(c.state in UNSERVED and c.server == server for c in mine)
        assert state.legs == {one.leg.channel_id: name for name, one in state.agents.items() if one.leg is not None}
        called = {AgentState.CALLING_IN, AgentState.RESERVED, AgentState.PREVIEWING}
        assert all(state.agents[name].state in called for name in state.called.values())

    # --- the end ----------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not self.history:
            return
        self._wind_up()
        state = self.floor.state
        assert not state.calls and not state.wraps and not state.offers and not state.recovered
        assert {one.state for one in state.agents.values()} <= RESTING
        assert all(one.leg is None or one.leg.channel_id in self.channels for one in state.agents.values())
        assert set(self.closed) >= set(self.saved) and set(self.closed.values()) <= {1}
        assert set(self.disposed) == set(self.saved) and set(self.disposed.values()) <= {1}
        on_shelf = {lead.account_id for run in state.campaigns.values() for lead in (*run.leads, *run.picky)}
        assert set(self.leased) == on_shelf, "a lead was lost"
        self._same_facts_same_effects()

    def _wind_up(self) -> None:
        """The campaigns stop, the links come back, and everybody hangs up."""
        self.winding_up = True
        self.take(StoreRestored())
        for server in self.connected:
            self.link_restored(server)
        for name in self.floor.state.campaigns:
            self.take(CampaignTold(campaign=name, state=CampaignState.STOPPING))
        for _ in range(3):
            self.lease(0)
            for channel_id in list(self.channels):
                if channel_id.startswith("att-"):
                    self._end(channel_id, 16)
            self.deliver(10_000)
            self.time_passes(16.0)
        self.time_passes(65.0)
        self.deliver(10_000)
        self.time_passes(31.0)

    def _same_facts_same_effects(self) -> None:
        again = self._new_floor()
        for fact, now, effects in self.history:
            assert again.step(fact, now) == effects


RINGERS = {one.id for one in PEOPLE if one.connect is ConnectStyle.RING}
LEGLESS = {AgentState.CALLING_IN, AgentState.WRAP_UP}

TestFloor = FloorMachine.TestCase
TestFloor.settings = settings(
    max_examples=120,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
