"""From an answer to a conversation: the milliseconds that the product is judged by."""

from __future__ import annotations

from dialer import agents, calls
from dialer.agents import Agent
from dialer.calls import Call
from dialer.effects import Bridge
from dialer.facts import BridgeEntered, BridgeLeft
from dialer.floor import learning, legs, previewing, ringing_out, routing
from dialer.floor.closing import free_reserved_agent
from dialer.floor.state import FloorState, Moment
from dialer.floor.wrapping import conversation_ended, hand_over
from dialer.types import AgentId, AgentState, AttemptId, CallState, ChannelId, Outcome, Verdict
from dialer.values import replace

CONNECT_LIMIT_S = 1.5
"""A bridge takes 1-2 ms; one that has not come by now will not."""

FAIR_RING_S = 1.0
"""A phone that was not picked up within the customer's wait is at fault if it rang at least this long."""


def serve_waiting(floor: FloorState, now: Moment) -> None:
    """Give every answered call an agent, first come first served, as far as agents are free."""
    for call in floor.calls.waiting():
        serve(floor, call, now)


def serve(floor: FloorState, call: Call, now: Moment) -> None:
    """Reserve an agent for an answered call and ask for the bridge; without a free agent the call waits."""
    settings = floor.known[call.campaign]
    leaving = call.hung_up_by_us or call.cancelled or call.ring_cut or call.disposed
    if call.verdict is Verdict.MACHINE or leaving or not floor.links[call.server].connected:
        return
    agent = routing.next_agent(floor, call, settings)
    if agent is None:
        return
    hand_over(floor, call.attempt_id, now)
    floor.calls[call.attempt_id] = call = calls.reserve(call, agent.settings.id, now.s)
    agent = agents.enter(agent, AgentState.RESERVED, now.s, attempt_id=call.attempt_id, campaign=call.campaign)
    floor.put_agent(agent, now)
    if agent.leg is not None:
        ask_bridge(floor, call, agent)
        floor.wake(now.s + CONNECT_LIMIT_S, "connect", call.attempt_id)
    elif not legs.is_ringing(floor, agent.settings.id):
        legs.call(floor, agent, now, timeout_s=settings.agent_ring_timeout_s)


def ask_bridge(floor: FloorState, call: Call, agent: Agent) -> None:
    """Emit the bridge of a reserved call and its agent's leg."""
    if agent.leg is not None:
        asked = (*call.asked_channels, agent.leg.channel)
        floor.calls[call.attempt_id] = replace(call, asked_channels=asked)
        floor.emit(
            Bridge(
                server=call.server,
                attempt_id=call.attempt_id,
                customer_channel=call.channel,
                agent_channel=agent.leg.channel,
            )
        )


def bridge_entered(floor: FloorState, fact: BridgeEntered, now: Moment) -> None:
    """When both parties of a call are in one bridge, they talk."""
    inside = floor.bridges.setdefault(fact.bridge_id, set())
    inside.add(fact.channel_id)
    call = next((floor.calls[AttemptId(c)] for c in inside if AttemptId(c) in floor.calls), None)
    agent = next((agent for c in inside if (agent := floor.leg_of(c)) is not None), None)
    if call is not None and agent is not None:
        together(floor, call, agent, fact.bridge_id, now)


def together(floor: FloorState, call: Call, agent: Agent, bridge_id: str, now: Moment) -> bool:
    """Customer and agent are in one bridge; True when that begins their conversation.

    Mostly the agent was reserved for it. A bridge that was given up and completed all the same joins a customer whom
    nobody serves with an agent who belongs to no call: they talk, so it is a conversation too.
    """
    reserved = agent.state is AgentState.RESERVED and agent.attempt_id == call.attempt_id
    stray = agent.state in (AgentState.READY, AgentState.PAUSED) and call.attempt_id not in floor.wraps
    expected = reserved and call.state is CallState.CONNECTING
    found = stray and call.state in (CallState.ANSWERED, CallState.RELEASED) and not call.disposed
    if expected or found:
        _start_talk(floor, call, agent, bridge_id, now)
    return expected or found


def _start_talk(floor: FloorState, call: Call, agent: Agent, bridge_id: str, now: Moment) -> None:
    run = floor.campaigns.get(call.campaign)
    first_time = call.bridged_s is None
    floor.calls[call.attempt_id] = call = calls.bridged(call, agent.settings.id, bridge_id, now.s)
    agent = agents.enter(agent, AgentState.TALKING, now.s, attempt_id=call.attempt_id, campaign=call.campaign)
    floor.put_agent(replace(agent, totals=replace(agent.totals, calls=agent.totals.calls + 1)), now)
    waited_ms = (now.s - (call.answered_s or now.s)) * 1000
    floor.note(call, now, "call.bridged", f"{agent.settings.id} {waited_ms:.1f} ms")
    if run is not None and first_time:
        run.tally.connect_ms.append(waited_ms)
        learning.answer_ended(floor, call, now, Outcome.BRIDGED)


def bridge_left(floor: FloorState, fact: BridgeLeft, now: Moment) -> None:
    """Whoever leaves first ends the conversation."""
    inside = floor.bridges.get(fact.bridge_id, set())
    inside.discard(fact.channel_id)
    if not inside:
        floor.bridges.pop(fact.bridge_id, None)
    call = floor.calls.get(AttemptId(fact.channel_id))
    if call is None and (agent := floor.leg_of(fact.channel_id)) is not None and agent.attempt_id:
        call = floor.calls.get(agent.attempt_id)
    if call is not None and call.state is CallState.TALKING and call.bridge_id in ("", fact.bridge_id):
        conversation_ended(floor, call, now)


def bridge_failed(floor: FloorState, call: Call, reason: str, now: Moment) -> None:
    """The bridge did not come about.

    When the customer's channel is named as the one that is gone, or the link is, the agent keeps the place in the
    line; else the agent's phone is at fault and the agent is set aside. A failure of an earlier agent's bridge says
    nothing of the present one's.
    """
    customer_gone = bool(call.channel) and call.channel in reason
    agent = floor.agents.get(call.agent_id) if call.agent_id is not None else None
    if agent is not None and not customer_gone and _is_stale(call, agent, reason):
        return
    if customer_gone or not floor.links[call.server].connected:
        free_reserved_agent(floor, call, now)
    elif agent is not None and agent.state is AgentState.RESERVED and agent.attempt_id == call.attempt_id:
        floor.report("agent.leg_suspect", "warning", agent=agent.settings.id, reason=reason)
        floor.put_agent(agents.enter(agent, AgentState.PAUSED, now.s, reason="phone did not connect"), now)
    if customer_gone:
        floor.calls[call.attempt_id] = replace(calls.released(call, now.s), agent_id=None)
    else:
        wait_again(floor, call, now)


def _is_stale(call: Call, agent: Agent, reason: str) -> bool:
    return agent.leg is None or any(name in reason for name in call.asked_channels if name != agent.leg.channel)


def wait_again(floor: FloorState, call: Call, now: Moment) -> None:
    """The reserved agent will not come: on to the next one, unless the message has begun."""
    if call.unserved or call.message_played:
        floor.calls[call.attempt_id] = replace(calls.released(call, now.s), agent_id=None)
        return
    floor.calls[call.attempt_id] = call = calls.waiting_again(call)
    serve(floor, call, now)


def unserved(floor: FloorState, call: Call, now: Moment) -> None:
    """The message began while an agent was being connected.

    A bridge that was asked for comes all the same, within milliseconds, and ends the message; an agent whose phone is
    still ringing is too late, and set aside if it rang for long enough: else each further customer would be lost on
    a desk where nobody sits.
    """
    agent = floor.agents.get(call.agent_id) if call.agent_id is not None else None
    rang_s = now.s - call.connect_asked_s if call.connect_asked_s is not None else 0.0
    if agent is not None and agent.leg is None and rang_s >= FAIR_RING_S:
        legs.stop_calling(floor, agent, "did not answer")
        did_not_answer(floor, agent, now)
    elif agent is None or agent.leg is None:
        free_reserved_agent(floor, call, now)
        wait_again(floor, call, now)


def connect_overdue(floor: FloorState, attempt_id: AttemptId, now: Moment) -> None:
    """Alarm: a bridge was asked for and never completed."""
    call = floor.calls.get(attempt_id)
    asked_s = call.connect_asked_s if call is not None else None
    if call is None or asked_s is None or call.state is not CallState.CONNECTING:
        return
    agent = floor.agents.get(call.agent_id or AgentId(""))
    if agent is None or agent.leg is None:
        return
    due_s = asked_s + CONNECT_LIMIT_S
    if now.s < due_s or not floor.links[call.server].connected:
        floor.wake(due_s if now.s < due_s else now.s + CONNECT_LIMIT_S, "connect", attempt_id)
    else:
        bridge_failed(floor, call, "no bridge within the limit", now)


def ring_overdue(floor: FloorState, leg_id: ChannelId, now: Moment) -> None:
    """Alarm: an agent's phone has rung long enough."""
    agent = floor.agents.get(floor.called.get(leg_id, AgentId("")))
    if agent is not None:
        legs.stop_calling(floor, agent, "did not answer")
        did_not_answer(floor, agent, now)


def not_picked_up(floor: FloorState, leg_id: ChannelId, now: Moment) -> None:
    """The phone of an agent whom we called is busy, or declined, or could not be called."""
    agent = floor.agents.get(floor.called.pop(leg_id, AgentId("")))
    if agent is not None:
        did_not_answer(floor, agent, now)


def did_not_answer(floor: FloorState, agent: Agent, now: Moment) -> None:
    """An agent's phone was called and not picked up: set the agent aside and let the customer go on."""
    if agent.leg is not None:
        return
    match agent.state:
        case AgentState.CALLING_IN:
            floor.put_agent(agents.enter(agent, AgentState.OFFLINE, now.s, reason="did not answer"), now)
        case AgentState.PREVIEWING:
            previewing.skip(floor, agent, now, "the agent did not answer")
            set_aside(floor, floor.agents[agent.settings.id], AgentState.PAUSED, "did not answer", now)
        case AgentState.RESERVED:
            state = AgentState.OFFLINE if agent.logout_wish else AgentState.PAUSED
            set_aside(floor, agent, state, "did not answer", now)
        case _:
            pass


def set_aside(floor: FloorState, agent: Agent, state: AgentState, reason: str, now: Moment) -> None:
    """An agent cannot take calls for now; a call that waits for this agent goes on without."""
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id is not None else None
    aside = agents.enter(agent, state, now.s, reason=reason)
    floor.put_agent(replace(aside, pause_wish="", logout_wish=False), now)
    if call is not None and call.state is CallState.CONNECTING:
        wait_again(floor, call, now)
    elif call is not None and call.answered_s is None:
        cancel(floor, call, now)


def cancel(floor: FloorState, call: Call, now: Moment) -> None:
    """Give up the unanswered call that one agent alone would have taken."""
    if not call.cancelled:
        floor.calls[call.attempt_id] = call = replace(call, cancelled=True)
        ringing_out.give_up(floor, call, "agent gone", now)
