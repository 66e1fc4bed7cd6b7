"""An agent's shift as a state machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

import floor_world as fw
from dialer.agents import TRANSITIONS, Agent, Entry, Leg, Stage, Totals, enter
from dialer.types import AgentState, AttemptId, CampaignName, ChannelId, ConnectStyle

A = AgentState
NAILED = Agent(settings=fw.agent("anna"))
RING = Agent(settings=fw.agent("rita", connect=ConnectStyle.RING))
LEG = Leg(channel_id=ChannelId("17.1"), channel="PJSIP/anna-01")


@pytest.mark.parametrize("before", AgentState)
@pytest.mark.parametrize("after", AgentState)
def test_enter_moves_only_as_the_table_says(before: AgentState, after: AgentState) -> None:
    agent = replace(NAILED, state=before)
    moved = enter(agent, after, 5.0)
    assert (moved.state is after and moved.since_s == 5.0) if after in TRANSITIONS[before] else moved is agent


def test_every_state_can_be_left_towards_offline_or_a_pause() -> None:
    for state in AgentState:
        assert state is A.OFFLINE or TRANSITIONS[state] & {A.OFFLINE, A.PAUSED}


def test_entering_a_state_books_the_one_before_and_forgets_half_keyed_digits() -> None:
    keyed = Entry(stage=Stage.AMOUNT, digits="15")
    agent = replace(NAILED, state=A.WRAP_UP, since_s=10.0, star="*1", entry=keyed, attempt_id=AttemptId("att-1"))
    ready = enter(agent, A.READY, 14.0)
    assert ready.totals.by_state_s == {A.WRAP_UP: 4.0}
    assert (ready.star, ready.entry, ready.attempt_id) == ("", Entry(since_s=14.0), None)


def test_only_becoming_ready_gives_a_new_place_in_the_line() -> None:
    ready = enter(replace(NAILED, state=A.PAUSED), A.READY, 20.0)
    reserved = enter(ready, A.RESERVED, 30.0, attempt_id=AttemptId("att-1"), campaign=CampaignName("spring"))
    assert (ready.idle_since_s, reserved.idle_since_s) == (20.0, 20.0)
    assert (reserved.attempt_id, reserved.campaign) == ("att-1", "spring")


def test_a_nailed_up_agent_is_free_only_with_a_leg_and_one_who_is_rung_always() -> None:
    assert not replace(NAILED, state=A.READY).free
    assert replace(NAILED, state=A.READY, leg=LEG).free
    assert replace(RING, state=A.READY).free
    assert not any(replace(RING, state=state, leg=LEG).free for state in AgentState if state is not A.READY)


def test_totals_add_up_by_state() -> None:
    totals = Totals().plus(A.READY, 2.0).plus(A.TALKING, 3.0).plus(A.READY, 0.5)
    assert totals.by_state_s == {A.READY: 2.5, A.TALKING: 3.0}
