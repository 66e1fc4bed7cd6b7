"""A customer's call as a state machine: every pair of state and fact, and the outcome of every way to end."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

import floor_world as fw
from dialer import calls, values
from dialer.calls import LATE, TRANSITIONS, Call, CallFact
from dialer.facts import (
    BridgeFailed,
    CallRefused,
    ChannelAnswered,
    ChannelEnded,
    ChannelRang,
    CustomerReady,
    CustomerReleased,
    CustomerScreened,
    CustomerUnserved,
    MessagePlayed,
)
from dialer.types import AgentId, AttemptId, CallState, CampaignName, ChannelId, Outcome, Verdict

S = CallState
ID = ChannelId("att-1")
ANNA = AgentId("anna")
PLACED = Call(
    attempt_id=AttemptId("att-1"),
    campaign=CampaignName("spring"),
    lead=fw.lead(1),
    server=fw.MAIN,
    trunk=fw.TRUNK,
    placed_s=100.0,
    placed_at=fw.EPOCH,
)
FACTS: dict[type, CallFact] = {
    ChannelRang: ChannelRang(channel_id=ID),
    ChannelAnswered: ChannelAnswered(channel_id=ID, channel="PJSIP/x"),
    CustomerReady: CustomerReady(channel_id=ID, channel="PJSIP/x"),
    CustomerScreened: CustomerScreened(channel_id=ID, verdict=Verdict.HUMAN),
    CustomerUnserved: CustomerUnserved(channel_id=ID),
    CustomerReleased: CustomerReleased(channel_id=ID),
    MessagePlayed: MessagePlayed(channel_id=ID),
    CallRefused: CallRefused(channel_id=ID, reason="no"),
    ChannelEnded: ChannelEnded(channel_id=ID, cause=16),
    BridgeFailed: BridgeFailed(channel_id=ID, reason="no"),
}


def after(*facts: type | CallFact, call: Call = PLACED) -> Call:
    """The call after facts that come a second apart."""
    for second, fact in enumerate(facts, start=1):
        moved = calls.step(call, FACTS[fact] if isinstance(fact, type) else fact, call.placed_s + second)
        assert moved is not None, f"{fact} in {call.state}"
        call = moved
    return call


def test_a_call_that_is_made_fast_is_the_call_that_its_class_makes() -> None:
    fast = values.make(
        Call,
        attempt_id=AttemptId("att-1"),
        campaign=CampaignName("spring"),
        lead=fw.lead(1),
        server=fw.MAIN,
        trunk=fw.TRUNK,
        placed_s=100.0,
        placed_at=fw.EPOCH,
    )
    assert (fast, repr(fast), hash(fast)) == (PLACED, repr(PLACED), hash(PLACED))
    moved = values.replace(fast, state=S.RINGING, rang_s=101.0)
    assert moved == replace(PLACED, state=S.RINGING, rang_s=101.0)


def test_the_tables_hold_every_fact_and_never_the_same_pair_twice() -> None:
    assert set(FACTS) == set(get_args(CallFact))
    assert not set(TRANSITIONS) & LATE


@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize("state", CallState)
def test_step_obeys_its_tables_and_nothing_moves_a_closed_call(state: CallState, fact: type) -> None:
    call = replace(PLACED, state=state)
    moved = calls.step(call, FACTS[fact], 105.0)
    if (state, fact) in TRANSITIONS:
        assert moved is not None and moved.state is TRANSITIONS[state, fact]
    else:
        assert moved is (call if (state, fact) in LATE else None)
    assert state is not S.CLOSED or moved is call or moved is None


def test_only_an_end_or_a_refusal_closes_a_call() -> None:
    closing = {fact for (_, fact), to in TRANSITIONS.items() if to is S.CLOSED}
    assert closing == {ChannelEnded, CallRefused}
    assert all((state, ChannelEnded) in TRANSITIONS for state in S if state is not S.CLOSED)


def test_a_fact_that_comes_twice_changes_nothing_the_second_time() -> None:
    way = [ChannelRang, ChannelAnswered, CustomerScreened, CustomerReady]
    call = after(*way)
    for fact in way:
        again = calls.step(call, FACTS[fact], 150.0)
        assert again is call


def test_milestones_are_the_moments_of_the_first_of_their_kind() -> None:
    call = after(ChannelRang, ChannelAnswered, CustomerReady)
    assert (call.rang_s, call.answered_s, call.channel) == (101.0, 102.0, "PJSIP/x")


def test_a_customer_of_whom_the_first_thing_heard_is_the_message_had_answered() -> None:
    for state in (S.PLACED, S.RINGING):
        call = after(MessagePlayed, call=replace(PLACED, state=state))
        assert call.state is S.RELEASED and call.answered_s is not None and call.unserved and call.message_played
        call = after(CustomerUnserved, call=replace(PLACED, state=state))
        assert calls.outcome(after(ChannelEnded, call=call), 2.0) is Outcome.ABANDONED


def test_the_message_does_not_take_a_customer_from_an_agent_whose_bridge_is_on_its_way() -> None:
    call = calls.reserve(after(ChannelAnswered, CustomerReady), ANNA, 102.0)
    late = after(CustomerUnserved, call=call)
    assert late.state is S.CONNECTING and late.unserved and late.agent_id == ANNA
    talked = calls.bridged(late, ANNA, "b1", 102.1)
    assert calls.outcome(after(ChannelEnded, call=talked), 2.0) is Outcome.BRIDGED


def test_a_second_conversation_keeps_the_first_ones_beginning_and_names_its_own_agent() -> None:
    talked = calls.bridged(calls.reserve(after(ChannelAnswered, CustomerReady), ANNA, 102.0), ANNA, "b1", 103.0)
    alone = after(CustomerReleased, call=talked)
    assert alone.alone and alone.talk_ended_s is not None
    again = calls.bridged(calls.reserve(calls.waiting_again(alone), AgentId("ben"), 105.0), AgentId("ben"), "b2", 106.0)
    assert (again.bridged_s, again.talk_ended_s, again.talked_with, again.bridge_id) == (103.0, None, "ben", "b2")
    assert not again.alone and not again.agent_lost


ANSWERED = after(ChannelRang, ChannelAnswered, CustomerReady)


@pytest.mark.parametrize(
    ("call", "ended_s", "expected"),
    [
        (PLACED, 110.0, Outcome.NO_ANSWER),
        (replace(PLACED, cancelled=True), 110.0, Outcome.CANCELLED),
        (ANSWERED, 103.9, Outcome.EARLY_HANGUP),
        (ANSWERED, 104.0, Outcome.EARLY_HANGUP),
        (ANSWERED, 104.1, Outcome.ABANDONED),
        (replace(ANSWERED, unserved=True), 103.0, Outcome.ABANDONED),
        (replace(ANSWERED, hung_up_by_us=True), 103.0, Outcome.ABANDONED),
        (replace(ANSWERED, cancelled=True), 103.0, Outcome.ABANDONED),
        (replace(ANSWERED, verdict=Verdict.MACHINE), 103.0, Outcome.MACHINE),
        (replace(ANSWERED, verdict=Verdict.UNSURE), 109.0, Outcome.ABANDONED),
        (replace(ANSWERED, bridged_s=102.5, unserved=True), 150.0, Outcome.BRIDGED),
    ],
)
def test_the_outcome_is_read_off_the_milestones(call: Call, ended_s: float, expected: Outcome) -> None:
    ended = calls.step(call, FACTS[ChannelEnded], ended_s)
    assert ended is not None and calls.outcome(ended, 2.0) is expected


def test_a_refused_call_never_reached_the_network_unless_it_rang() -> None:
    assert calls.outcome(after(CallRefused), 2.0) is Outcome.TRUNK_FAILED
    assert calls.outcome(after(ChannelRang, CallRefused), 2.0) is Outcome.UNKNOWN


def test_a_call_whose_end_nobody_saw_is_unknown_even_if_it_was_being_cancelled() -> None:
    gone = replace(PLACED, state=S.CLOSED, ended_s=110.0, cancelled=True)
    assert calls.outcome(gone, 2.0) is Outcome.UNKNOWN


def test_the_end_of_the_channel_ends_the_talk_that_nobody_else_ended() -> None:
    talking = calls.bridged(ANSWERED, ANNA, "b1", 103.0)
    assert after(ChannelEnded, call=talking).talk_ended_s == 101.0
    released = calls.released(talking, 100.5)
    assert after(ChannelEnded, call=released).talk_ended_s == 100.5
