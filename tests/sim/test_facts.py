"""What the simulated world tells the floor: facts in the order of a real Asterisk, and nothing left over."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dialer.effects import CloseAttempt, Effect, SaveAttempt, SaveDisposition
from dialer.facts import (
    AgentLegUp,
    AgentTold,
    BridgeEntered,
    BridgeLeft,
    CampaignTold,
    ChannelAnswered,
    ChannelEnded,
    ChannelRang,
    CustomerReady,
    CustomerScreened,
    CustomerUnserved,
    Fact,
    MessagePlayed,
)
from dialer.floor.state import Moment
from dialer.settings import CampaignSettings, DialerSettings
from dialer.sim.behaviour import Behaviour, Curve, MassBreak, Rest, Shift
from dialer.sim.durations import Exponential, Lognormal
from dialer.sim.run import make_world
from dialer.sim.world import World
from dialer.types import AgentState, CampaignState, ConnectStyle, Mode, Outcome, ServerName, TrunkName
from sim_world import campaign, fw

EAST, WEST = ServerName("east"), ServerName("west")
TRUNKS = (
    fw.trunk(TrunkName("t-east"), EAST, channels=40, calls_per_s=20.0),
    fw.trunk(TrunkName("t-west"), WEST, channels=12, calls_per_s=5.0),
)
PEOPLE = (
    *(fw.agent(f"e{n}", server=EAST) for n in range(6)),
    *(fw.agent(f"r{n}", server=EAST, connect=ConnectStyle.RING) for n in range(2)),
    *(fw.agent(f"w{n}", server=WEST) for n in range(3)),
)
LETTERS = {
    ChannelRang: "r",
    ChannelAnswered: "a",
    CustomerScreened: "s",
    CustomerReady: "R",
    CustomerUnserved: "u",
    MessagePlayed: "m",
    BridgeEntered: "b",
    BridgeLeft: "l",
    ChannelEnded: "e",
}
CUSTOMER = re.compile(r"r?e|ra(s?e|s?Re|s?R(ue|ume|u?ble))")
"""Not answered; or answered and gone before an agent, given the message, or talked to."""
LEG = re.compile(r"(bl)*e?")
LIVELY = Behaviour(
    answer_ratio=Curve(points=((0.0, 0.2), (600.0, 0.2), (600.0, 0.5), (1200.0, 0.1))),
    answer_spread=1.0,
    rest=Rest(no_answer=0.3, busy=0.1, rejected=0.2, unreachable=0.1, invalid=0.1, congestion=0.05, machine=0.15),
    talk=Lognormal(mean_s=40.0, cv=1.2),
    wrap_up=Lognormal(mean_s=15.0, cv=1.0),
    patience=Exponential(mean_s=4.0),
    break_gap_s=400.0,
    mass_breaks=(MassBreak(at_s=700.0, length_s=200.0, share=0.5),),
    shifts=(Shift(agents=8), Shift(agents=3, login_s=300.0, logout_s=1200.0)),
    machine_missed_ratio=0.3,
    person_missed_ratio=0.1,
)


class Watched:
    """A world whose floor's facts and effects are written down."""

    def __init__(self, dialer: DialerSettings, settings: CampaignSettings, behaviour: Behaviour, **more: Any) -> None:
        self.facts: list[tuple[float, Fact]] = []
        self.effects: list[Effect] = []
        self.world: World = make_world(dialer, settings, behaviour, seed=5, **more)
        self._step: Callable[[Fact, Moment], list[Effect]] = self.world.floor.step
        self.world.floor.step = self._watched  # type: ignore[method-assign]

    def _watched(self, fact: Fact, now: Moment) -> list[Effect]:
        effects = self._step(fact, now)
        self.facts.append((now.s, fact))
        self.effects += effects
        return effects

    def wind_up(self) -> None:
        """The campaign stops, everybody goes home, what lives comes to its end."""
        world, timeline = self.world, self.world.timeline
        timeline.take(CampaignTold(campaign=next(iter(world.floor.state.campaigns)), state=CampaignState.STOPPING))
        timeline.run(timeline.s + 1200.0)
        for person in world.people.everybody.values():
            if person.state is not AgentState.OFFLINE:
                timeline.take(AgentTold(agent_id=person.settings.id, wish="logout"))
        timeline.run(timeline.s + 60.0)


def lively(mode: Mode, *, detect_machines: bool, **more: Any) -> Watched:
    settings = campaign(mode, trunks=("t-east", "t-west"), detect_machines=detect_machines, wrap_up_limit_s=30.0)
    settings = replace(settings, pacing=replace(settings.pacing, ratio=3.0))
    return Watched(fw.settings(PEOPLE, TRUNKS), settings, LIVELY, **more)


@pytest.fixture(
    params=[(Mode.POWER, True, None), (Mode.PREDICTIVE, False, 400), (Mode.PREVIEW, False, None)],
    ids=["power with detection", "predictive on a finite list", "preview"],
    scope="module",
)
def watched(request: pytest.FixtureRequest) -> Watched:
    mode, detect_machines, accounts = request.param
    found = lively(mode, detect_machines=detect_machines, accounts=accounts)
    found.world.run(1800.0)
    found.wind_up()
    return found


def told(watched: Watched) -> dict[str, str]:
    """The facts of each channel as a word."""
    words: dict[str, str] = defaultdict(str)
    for _, fact in watched.facts:
        if letter := LETTERS.get(type(fact)):
            words[fact.channel_id] += letter  # type: ignore[union-attr]
    return words


def test_every_customers_facts_come_in_asterisks_order(watched: Watched) -> None:
    words = {channel: word for channel, word in told(watched).items() if channel.startswith("att-")}
    assert {word for word in words.values() if not CUSTOMER.fullmatch(word)} == set()
    assert len(words) > 100


def test_every_legs_facts_come_in_asterisks_order(watched: Watched) -> None:
    legs = {fact.channel_id for _, fact in watched.facts if isinstance(fact, AgentLegUp)}
    words = {channel: word for channel, word in told(watched).items() if channel in legs}
    assert len(words) >= 8
    assert {word for word in words.values() if not LEG.fullmatch(word)} == set()


def test_the_floor_is_never_surprised(watched: Watched) -> None:
    reports = fw.of(fw.Report, watched.effects)
    surprising = ("call.surprise", "call.unresolved", "agent.leg_refused", "agent.leg_suspect", "agent.second_leg")
    assert [one for one in reports if one.event in (*surprising, "request.refused")] == []


def test_every_attempt_is_closed_and_concluded_once(watched: Watched) -> None:
    saved = {one.attempt_id for one in fw.of(SaveAttempt, watched.effects)}
    assert Counter(one.attempt_id for one in fw.of(CloseAttempt, watched.effects)) == Counter(saved)
    assert Counter(one.attempt_id for one in fw.of(SaveDisposition, watched.effects)) == Counter(saved)


def test_nobody_and_nothing_is_left(watched: Watched) -> None:
    world = watched.world
    state = world.floor.state
    assert not state.calls and not state.wraps and not state.offers and not world.network.lines
    assert {load.in_use for load in state.trunks.values()} == {0}
    assert all(count == 0 for count in world.record.trunk_calls.values())
    assert {one.state for one in state.agents.values()} == {AgentState.OFFLINE}
    assert not world.people._by_leg


def test_agents_known_to_the_world_are_where_the_floor_has_them(watched: Watched) -> None:
    people, agents = watched.world.people.everybody, watched.world.floor.state.agents
    assert {name: person.state for name, person in people.items()} == {name: one.state for name, one in agents.items()}


def test_moments_never_go_back(watched: Watched) -> None:
    moments = [s for s, _ in watched.facts]
    assert moments == sorted(moments)


def test_what_can_happen_does_happen() -> None:
    found = lively(Mode.POWER, detect_machines=True)
    result = found.world.run(3600.0)
    common = {Outcome.BRIDGED, Outcome.ABANDONED, Outcome.EARLY_HANGUP, Outcome.MACHINE, Outcome.BUSY}
    ends = {Outcome.NO_ANSWER, Outcome.REJECTED, Outcome.UNREACHABLE, Outcome.INVALID, Outcome.CONGESTION}
    assert set(result.outcomes) == common | ends
    assert result.machines_served > 0 and result.people_taken_for_machines > 0
    assert result.promises > 0 and result.right_party > result.promises
    assert set(result.state_s) >= {AgentState.PAUSED, AgentState.TALKING, AgentState.WRAP_UP, AgentState.READY}
    assert set(result.trunk_peaks) == {"t-east", "t-west"} and result.trunk_peaks[TrunkName("t-west")] <= 12


def test_no_wrap_up_outlasts_the_campaigns_limit() -> None:
    found = lively(Mode.PREDICTIVE, detect_machines=False)
    found.world.run(1800.0)
    waits = [one.wrap_up_s for one in fw.of(SaveDisposition, found.effects) if one.wrap_up_s is not None]
    assert max(waits) == pytest.approx(30.0)
    assert {one.by for one in fw.of(SaveDisposition, found.effects)} == {"cli", "default", "rule"}
