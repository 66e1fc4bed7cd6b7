"""An agent's pause outlives the engine, as long as the phone stays on the line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import store_cases as sc
from dialer.effects import SaveAgentState
from dialer.facts import LinkRestored, LiveChannel, PauseRecovered
from dialer.floor.floor import Floor
from dialer.floor.state import Moment
from dialer.store.sqlite import SqliteStore
from dialer.types import AgentId, AgentState, ChannelId
from floor_world import MAIN, agent, settings

ANN = AgentId("ann")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.create(tmp_path / "store.db")
    yield store
    store.close()


def test_who_was_paused_is_found_paused_and_who_was_not_is_ready() -> None:
    floor = Floor(settings([agent("ann"), agent("bob")]), run_id="run", now=Moment(0.0, sc.AT))
    floor.step(PauseRecovered(agent_id=ANN, reason="用餐"), Moment(0.1, sc.AT))
    legs = tuple(
        LiveChannel(channel_id=ChannelId(f"leg-of-{name}"), channel=f"PJSIP/{name}-1", up=True, agent_id=AgentId(name))
        for name in ("ann", "bob")
    )
    floor.step(LinkRestored(server=MAIN, channels=legs), Moment(0.2, sc.AT))
    states = {name: (one.state, one.reason) for name, one in floor.state.agents.items()}
    assert states == {"ann": (AgentState.PAUSED, "用餐"), "bob": (AgentState.READY, "")}


def test_whoever_hung_up_meanwhile_logs_in_ready() -> None:
    floor = Floor(settings([agent("ann")]), run_id="run", now=Moment(0.0, sc.AT))
    floor.step(PauseRecovered(agent_id=ANN, reason="用餐"), Moment(0.1, sc.AT))
    floor.step(LinkRestored(server=MAIN, channels=()), Moment(0.2, sc.AT))
    assert floor.state.agents[ANN].pause_wish == ""


@pytest.mark.parametrize("end", ["", "engine stopped"])
def test_the_store_knows_who_was_paused_however_the_engine_ended(store: SqliteStore, end: str) -> None:
    log = [("ann", AgentState.PAUSED, "用餐"), ("bob", AgentState.PAUSED, ""), ("bob", AgentState.READY, "")]
    log += [("cid", AgentState.PAUSED, ""), ("cid", AgentState.OFFLINE, "hung up")]
    log += [(name, AgentState.OFFLINE, end) for name in ("ann", "bob") if end]
    for place, (name, state, reason) in enumerate(log):
        at = sc.AT + timedelta(minutes=place)
        store.apply([SaveAgentState(agent_id=AgentId(name), state=state, at=at, reason=reason)])
    assert store.paused_agents() == {ANN: "用餐"}
