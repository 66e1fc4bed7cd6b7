"""A customer's call as a state machine.

Rules
- A call is born `placed`, after its attempt has been committed, and ends `closed`, exactly once.
- What Asterisk says may come in any order. `TRANSITIONS` holds what moves a call; `LATE` holds what may still
  arrive afterwards and changes nothing. Anything in neither table is a surprise, reported and ignored.
- Only `ChannelEnded` and `CallRefused` close a call: while a channel may live, so does the call.
- The outcome is read off the milestones when the call closes, never guessed on the way.

    placed -> ringing -> screening -> answered -> connecting -> talking -> released -> closed
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dialer.ami.causes import outcome_of
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
from dialer.leads import Lead
from dialer.types import AgentId, AttemptId, CallState, CampaignName, Outcome, ServerName, TrunkName, Verdict
from dialer.values import replace

S = CallState

RING_SLACK_S = 0.25
"""Asterisk counts the ring time from a little before or after we do."""

TRANSITIONS: dict[tuple[CallState, type], CallState] = {
    (S.PLACED, ChannelRang): S.RINGING,
    (S.PLACED, ChannelAnswered): S.SCREENING,
    (S.PLACED, CustomerReady): S.ANSWERED,
    (S.PLACED, CustomerScreened): S.SCREENING,
    (S.PLACED, CustomerUnserved): S.RELEASED,
    (S.PLACED, MessagePlayed): S.RELEASED,
    (S.PLACED, CallRefused): S.CLOSED,
    (S.RINGING, ChannelAnswered): S.SCREENING,
    (S.RINGING, CustomerReady): S.ANSWERED,
    (S.RINGING, CustomerScreened): S.SCREENING,
    (S.RINGING, CustomerUnserved): S.RELEASED,
    (S.RINGING, MessagePlayed): S.RELEASED,
    (S.RINGING, CallRefused): S.CLOSED,
    (S.SCREENING, CustomerScreened): S.SCREENING,
    (S.SCREENING, CustomerReady): S.ANSWERED,
    (S.SCREENING, CustomerUnserved): S.RELEASED,
    (S.SCREENING, MessagePlayed): S.RELEASED,
    (S.ANSWERED, CustomerUnserved): S.RELEASED,
    (S.ANSWERED, MessagePlayed): S.RELEASED,
    # The bridge is on its way and pulls the customer out of the message; the floor knows whether it is.
    (S.CONNECTING, CustomerUnserved): S.CONNECTING,
    (S.CONNECTING, MessagePlayed): S.CONNECTING,
    (S.CONNECTING, BridgeFailed): S.ANSWERED,
    (S.RELEASED, MessagePlayed): S.RELEASED,
    (S.RELEASED, CustomerReleased): S.RELEASED,
    (S.RELEASED, CustomerUnserved): S.RELEASED,
    (S.TALKING, CustomerReleased): S.RELEASED,
} | {(state, ChannelEnded): S.CLOSED for state in S if state is not S.CLOSED}
"""(state, fact) -> next state. Reserving, bridging and releasing are the floor's moves, named below."""

_HANDED_OVER = (S.ANSWERED, S.CONNECTING, S.TALKING, S.RELEASED, S.CLOSED)

LATE: frozenset[tuple[CallState, type]] = frozenset(
    {(state, ChannelRang) for state in S if state is not S.PLACED}
    | {(state, ChannelAnswered) for state in S if state not in (S.PLACED, S.RINGING)}
    | {(state, fact) for state in _HANDED_OVER for fact in (CustomerReady, CustomerScreened)}
    | {(state, BridgeFailed) for state in S if state is not S.CONNECTING}
    | {(state, CustomerReleased) for state in (S.ANSWERED, S.CONNECTING, S.CLOSED)}
    | {(state, fact) for state in (S.TALKING, S.CLOSED) for fact in (CustomerUnserved, MessagePlayed)}
    | {(S.CLOSED, ChannelEnded)}
    # An Originate's late "failure" after the channel lived; the Hangup has told or will tell the same.
    | {(state, CallRefused) for state in S if state not in (S.PLACED, S.RINGING)}
)
"""Facts that may trail behind a state they no longer move."""

CallFact = (
    ChannelRang
    | ChannelAnswered
    | CustomerReady
    | CustomerScreened
    | CustomerUnserved
    | CustomerReleased
    | MessagePlayed
    | CallRefused
    | ChannelEnded
    | BridgeFailed
)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One attempt in the air. Moments are monotonic seconds; None: not yet. No slots: see `dialer.values`."""

    attempt_id: AttemptId
    campaign: CampaignName
    lead: Lead
    server: ServerName
    trunk: TrunkName
    placed_s: float
    placed_at: datetime
    ring_timeout_s: float = 30.0
    state: CallState = S.PLACED
    channel: str = ""
    """Asterisk's name of the customer's channel, once it can be bridged."""
    agent_id: AgentId | None = None
    """Who is reserved for it, talks to it, or talked to it last."""
    for_agent: AgentId | None = None
    """Preview: the agent on whose word it was placed, and who alone may take it."""
    rang_s: float | None = None
    answered_s: float | None = None
    bridged_s: float | None = None
    talked_with: AgentId | None = None
    """Who talked to it last."""
    bridge_id: str = ""
    """Where the conversation takes place."""
    alone: bool = False
    """The conversation is over and the customer is still there."""
    agent_lost: bool = False
    """The conversation was cut short by the agent's phone, not by anybody's wish."""
    disposed: bool = False
    """Its disposition has been saved."""
    talk_ended_s: float | None = None
    ended_s: float | None = None
    connect_asked_s: float | None = None
    asked_channels: tuple[str, ...] = ()
    """Agents' channels to which a bridge was asked for, in order."""
    verdict: Verdict | None = None
    unserved_s: float | None = None
    """When the message began."""
    unserved: bool = False
    """The dialplan began the message: no agent came in time."""
    message_played: bool = False
    ring_cut: bool = False
    """We gave it up after the legal ring, because its channel was needed."""
    cancelled: bool = False
    """We gave it up before anyone answered."""
    hung_up_by_us: bool = False
    adopted: bool = False
    """Taken up from an earlier run: when it was answered is not known."""
    ring_learned: bool = False
    """Pacing has been told how its ringing ended."""
    failure: str = ""
    """What OriginateResponse said, kept in case the channel's own end never comes."""
    refused: str = ""
    cause: int | None = None
    sip_code: int | None = None


def step(call: Call, fact: CallFact, now_s: float) -> Call | None:
    """Move a call by a fact.

    Args:
        call: the call as it was.
        fact: what happened to its channel.
        now_s: monotonic seconds.

    Returns:
        The call as it is; the same object when the fact came late; None when the fact is a surprise.
    """
    key = (call.state, type(fact))
    to = TRANSITIONS.get(key)
    if to is None:
        return call if key in LATE else None
    match fact:
        case ChannelRang():
            return replace(call, state=to, rang_s=now_s)
        case ChannelAnswered():
            return replace(call, state=to, answered_s=now_s, channel=fact.channel)
        case CustomerReady():
            return replace(call, state=to, answered_s=_first(call.answered_s, now_s), channel=fact.channel)
        case CustomerScreened():
            return replace(call, state=to, answered_s=_first(call.answered_s, now_s), verdict=fact.verdict)
        case CustomerUnserved():
            return replace(_unserved(call, now_s), state=to)
        case CustomerReleased():
            return replace(call, state=to, talk_ended_s=_first(call.talk_ended_s, now_s), alone=True)
        case MessagePlayed():
            return replace(_unserved(call, now_s), state=to, message_played=True)
        case CallRefused():
            return replace(call, state=to, refused=fact.reason, ended_s=now_s)
        case ChannelEnded():
            return _ended(call, fact, to, now_s)
        case BridgeFailed():
            return replace(call, state=to, agent_id=None)


def _unserved(call: Call, now_s: float) -> Call:
    return replace(
        call,
        answered_s=_first(call.answered_s, now_s),
        unserved=call.bridged_s is None,
        unserved_s=_first(call.unserved_s, now_s),
    )


def _ended(call: Call, fact: ChannelEnded, to: CallState, now_s: float) -> Call:
    talk_ended_s = call.talk_ended_s
    if call.bridged_s is not None and talk_ended_s is None:
        talk_ended_s = now_s
    return replace(call, state=to, ended_s=now_s, cause=fact.cause, sip_code=fact.sip_code, talk_ended_s=talk_ended_s)


def _first(earlier: float | None, now_s: float) -> float:
    return now_s if earlier is None else earlier


def reserve(call: Call, agent_id: AgentId, now_s: float) -> Call:
    """An agent belongs to this call now."""
    return replace(call, state=S.CONNECTING, agent_id=agent_id, connect_asked_s=now_s)


def bridged(call: Call, agent_id: AgentId, bridge_id: str, now_s: float) -> Call:
    """Both parties are in one bridge."""
    return replace(
        call,
        state=S.TALKING,
        agent_id=agent_id,
        talked_with=agent_id,
        bridge_id=bridge_id,
        bridged_s=_first(call.bridged_s, now_s),
        talk_ended_s=None,
        alone=False,
        agent_lost=False,
    )


def waiting_again(call: Call) -> Call:
    """The reserved agent, or the one in conversation, is lost: the customer waits for another."""
    return replace(call, state=S.ANSWERED, agent_id=None, connect_asked_s=None)


def released(call: Call, now_s: float) -> Call:
    """The conversation is over, or there will be none; the channel may live a little longer."""
    talk_ended_s = _first(call.talk_ended_s, now_s) if call.bridged_s is not None else call.talk_ended_s
    return replace(call, state=S.RELEASED, talk_ended_s=talk_ended_s)


def outcome(call: Call, legal_wait_s: float) -> Outcome:
    """Read the outcome off a closed call's milestones.

    Args:
        call: a call that has ended.
        legal_wait_s: someone who hangs up after waiting longer than this was abandoned.

    Returns:
        The outcome. An answer after our own hang-up request counts as answered.
    """
    if call.refused:
        return Outcome.TRUNK_FAILED if call.rang_s is None else Outcome.UNKNOWN
    if call.verdict is Verdict.MACHINE:
        return Outcome.MACHINE
    if call.bridged_s is not None:
        return Outcome.BRIDGED
    if call.answered_s is not None:
        waited_s = (call.ended_s or call.answered_s) - call.answered_s
        by_us = call.unserved or call.hung_up_by_us or call.cancelled or call.ring_cut
        return Outcome.EARLY_HANGUP if not by_us and waited_s <= legal_wait_s else Outcome.ABANDONED
    if call.cause is None:
        return Outcome.UNKNOWN
    if call.cancelled:
        return Outcome.CANCELLED
    if call.ring_cut:
        return Outcome.NO_ANSWER
    if call.ended_s is not None and call.ended_s - call.placed_s >= call.ring_timeout_s - RING_SLACK_S:
        return Outcome.NO_ANSWER  # our own CANCEL; Asterisk reports it like a far end's 480
    return outcome_of(cause=call.cause, sip_code=call.sip_code, rang=call.rang_s is not None)
