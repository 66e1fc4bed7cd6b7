"""What the floor keeps, so as not to look everywhere at every fact, against looking everywhere."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import invariant

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
import floor_world as fw
from dialer.agents import Agent, Leg
from dialer.campaigns import assignment
from dialer.floor import routing, sharing
from dialer.floor.books import UNSERVED
from dialer.floor.shelf import Kind, PickyShelf
from dialer.floor.staff import BUSY, AgentBook
from dialer.settings import CampaignSettings
from dialer.types import AgentId, AgentState, CampaignState, ChannelId, ConnectStyle, ServerName
from test_floor_stateful import FloorMachine

SERVERS = (ServerName("east"), ServerName("west"))
NAMES = tuple(f"a{number}" for number in range(5))
CAMPAIGNS = (
    fw.campaign("all"),
    fw.campaign("gold", teams=("gold",)),
    fw.campaign("some", agents=(AgentId("a1"), AgentId("a3"))),
    fw.campaign("some", teams=("gold",)),  # reloaded with other people
)
LEG = Leg(channel_id=ChannelId("1"), channel="PJSIP/1")


def judge_staff(book: AgentBook, campaign: CampaignSettings) -> None:
    """A campaign's staff is what a look at every agent says it is."""
    staff = book.staff(campaign)
    mine = [one for one in book.values() if assignment.serves(one.settings, campaign)]
    there = [one for one in mine if one.state is not AgentState.OFFLINE]
    assert list(staff) == [one.settings.id for one in mine]
    assert staff.on_shift == len(there)
    assert list(staff.servers) == sorted({one.settings.server for one in there})
    assert staff.free == {one.settings.id for one in mine if one.free}
    for server in SERVERS:
        here = [one for one in mine if one.settings.server == server]
        assert staff.at(server) == len(here)
        assert list(staff.line(server)) == sorted((one.idle_since_s, one.settings.id) for one in here if one.free)
        assert set(staff.busy(server)) == {one.settings.id for one in here if one.state in BUSY}


@st.composite
def agents(draw: st.DrawFn) -> Agent:
    """Anybody in any state, with the same few settings again and again."""
    connect = draw(st.sampled_from([*[ConnectStyle.NAILED_UP] * 2, ConnectStyle.RING]))
    return Agent(
        settings=draw(settings_of(connect)),
        state=draw(st.sampled_from(AgentState)),
        leg=draw(st.sampled_from([None, LEG, LEG])),
        idle_since_s=draw(st.sampled_from([0.0, 1.0, 2.0])),
    )


def settings_of(connect: ConnectStyle) -> st.SearchStrategy[fw.AgentSettings]:
    return st.builds(
        fw.agent,
        st.sampled_from(NAMES),
        server=st.sampled_from(SERVERS),
        team=st.sampled_from(["", "gold"]),
        connect=st.just(connect),
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(agents(), st.sampled_from(["same settings", "new settings", "strike off"])), max_size=30))
def test_a_staff_is_right_after_any_change_of_agents_and_settings(changes: list[tuple[Agent, str]]) -> None:
    book = AgentBook()
    for agent, how in changes:
        agent_id = agent.settings.id
        known = book.get(agent_id)
        if how == "strike off" and known is not None:
            del book[agent_id]
        elif how == "same settings" and known is not None:
            book[agent_id] = replace(agent, settings=known.settings)
        else:
            book[agent_id] = agent
        for campaign in CAMPAIGNS:
            judge_staff(book, campaign)


KINDS: tuple[Kind, ...] = (("late", "", None), ("", "gold", None), ("", "", AgentId("anna")))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_shelf_is_a_line_of_leads_that_knows_their_kinds(data: st.DataObject) -> None:
    shelf, line, next_lead = PickyShelf(), list[tuple[fw.Lead, Kind]](), 0
    for _ in range(data.draw(st.integers(0, 30))):
        match data.draw(st.sampled_from(["append", "append", "appendleft", "popleft", "remove", "rotate", "look"])):
            case "append" | "appendleft" as end:
                next_lead += 1
                kind = data.draw(st.sampled_from(KINDS))
                getattr(shelf, end)(fw.lead(next_lead), kind)
                line.insert(len(line) if end == "append" else 0, (fw.lead(next_lead), kind))
            case "popleft" if line:
                assert shelf.popleft() == line.pop(0)[0]
            case "remove" if line:
                lead, _ = line.pop(data.draw(st.integers(0, len(line) - 1)))
                shelf.remove(lead)
            case "rotate":
                count = data.draw(st.integers(0, len(line)))
                shelf.rotate(count)
                line = line[count:] + line[:count]
            case _:
                within = data.draw(st.integers(0, len(line)))
                but = data.draw(st.sets(st.sampled_from(KINDS)))
                spots = [(spot, kind) for spot, (_, kind) in enumerate(line[:within]) if kind not in but]
                assert shelf.first_but(but, within=within) == (spots[0] if spots else None)
        assert list(shelf) == [lead for lead, _ in line] and len(shelf) == len(line)


class KeepingMachine(FloorMachine):
    """The floor at its worst moments, and what it keeps."""

    @invariant()
    def staffs_are_right(self) -> None:
        for run in self.floor.state.campaigns.values():
            judge_staff(self.floor.state.agents, run.settings)

    @invariant()
    def calls_for_some_agents_only_are_counted(self) -> None:
        state = self.floor.state
        for run in state.campaigns.values():
            name = run.settings.name
            for server in self.connected:
                kinds = Counter(
                    routing.kind_of(state, run.settings, call.lead)
                    for call in state.calls.values()
                    if call.campaign == name and call.server == server and call.state in UNSERVED
                )
                del kinds[None]
                assert state.calls.picky_in_air(name, server) == kinds

    @invariant()
    def wrap_ups_are_counted(self) -> None:
        state = self.floor.state
        waiting = {wrap.call.lead.debtor_id for wrap in state.wraps.values()}
        everybody = waiting | {lead.debtor_id for lead in self.retriable}
        assert {debtor_id for debtor_id in everybody if state.wraps.of_debtor(debtor_id)} == waiting
        of = {wrap.call.campaign for wrap in state.wraps.values()}
        assert {name for name in state.campaigns if state.wraps.of_campaign(name)} == of

    @invariant()
    def shares_are_right(self) -> None:
        state = self.floor.state
        running = [run for run in state.campaigns.values() if run.state is CampaignState.RUNNING]
        for run in running:
            for server in self.connected:
                there = [one for one in state.staff(run.settings, server) if one.state is not AgentState.OFFLINE]
                parts = [1 / sum(assignment.serves(one.settings, r.settings) for r in running) for one in there]
                assert sharing.share(state, run, server) == (sum(parts) / len(parts) if parts else 1.0)


TestKeeping = KeepingMachine.TestCase
TestKeeping.settings = settings(
    max_examples=40,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
