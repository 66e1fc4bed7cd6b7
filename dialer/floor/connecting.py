"""From an answer to a conversation: the milliseconds that the product is judged by."""

from __future__ import annotations

from dataclasses import replace

from dialer import agents, calls
from dialer.agents import Agent
from dialer.calls import Call
from dialer.events import Bridge, BridgeEntered, BridgeLeft, CallAgent, HangUp
from dialer.floor import routing
from dialer.floor.state import FloorState, Moment
from dialer.floor.wrapping import conversation_ended
from dialer.types import AgentId, AgentState, AttemptId, CallState, ChannelId, Verdict

CONNECT_LIMIT_S = 1.5
"""A bridge takes 1-2 ms; one that has not come by now will not."""


def serve_waiting(floor: FloorState, now: Moment) -> None:
    """Give every answered call an agent, first come first served, as far as agents are free."""
    waiting = [call for call in floor.calls.values() if call.state is CallState.ANSWERED]
    for call in sorted(waiting, key=lambda call: (call.answered_s or 0.0, call.attempt_id)):
        serve(floor, call, now)


def serve(floor: FloorState, call: Call, now: Moment) -> None:
    """Reserve an agent for an answered call and ask for the bridge; without a free agent the call waits."""
    settings = floor.known[call.campaign]
    if call.verdict is Verdict.MACHINE:
        return
    agent = routing.next_agent(floor, call, settings)
    if agent is None:
        return
    floor.calls[call.attempt_id] = call = calls.reserve(call, agent.settings.id, now.s)
    agent = agents.enter(agent, AgentState.RESERVED, now.s, attempt_id=call.attempt_id, campaign=call.campaign)
    if agent.leg is not None:
        ask_bridge(floor, call, agent)
        floor.wake(now.s + CONNECT_LIMIT_S, "connect", call.attempt_id)
    else:
        ring(floor, agent, call, settings.agent_ring_timeout_s, now)
    floor.put_agent(agent, now)


def ask_bridge(floor: FloorState, call: Call, agent: Agent) -> None:
    """Emit the bridge of a reserved call and its agent's leg."""
    if agent.leg is not None:
        floor.emit(
            Bridge(
                server=call.server,
                attempt_id=call.attempt_id,
                customer_channel=call.channel,
                agent_channel=agent.leg.channel,
            )
        )


def ring(floor: FloorState, agent: Agent, call: Call, timeout_s: float, now: Moment) -> None:
    """Call the phone of an agent of style `ring` for this call."""
    floor.emit(
        CallAgent(
            server=agent.settings.server,
            agent_id=agent.settings.id,
            leg_id=ChannelId(f"leg-{call.attempt_id}"),
            timeout_s=timeout_s,
        )
    )
    floor.wake(now.s + timeout_s, "agent_ring", agent.settings.id)


def bridge_entered(floor: FloorState, fact: BridgeEntered, now: Moment) -> None:
    """When both parties of a call are in one bridge, they talk."""
    inside = floor.bridges.setdefault(fact.bridge_id, set())
    inside.add(fact.channel_id)
    call = next((floor.calls[AttemptId(c)] for c in inside if AttemptId(c) in floor.calls), None)
    agent = next((agent for c in inside if (agent := floor.leg_of(c)) is not None), None)
    if call is None or agent is None or agent.attempt_id != call.attempt_id:
        return
    if call.state is CallState.CONNECTING and agent.state is AgentState.RESERVED:
        _start_talk(floor, call, agent, now)


def _start_talk(floor: FloorState, call: Call, agent: Agent, now: Moment) -> None:
    run = floor.campaigns.get(call.campaign)
    first_time = call.bridged_s is None
    floor.calls[call.attempt_id] = call = calls.bridged(call, now.s)
    agent = agents.enter(agent, AgentState.TALKING, now.s, attempt_id=call.attempt_id, campaign=call.campaign)
    floor.put_agent(replace(agent, totals=replace(agent.totals, calls=agent.totals.calls + first_time)), now)
    waited_ms = (now.s - (call.answered_s or now.s)) * 1000
    floor.note(call, now, "call.bridged", f"{agent.settings.id} {waited_ms:.1f} ms")
    if run is not None and first_time:
        run.tally.connect_ms.append(waited_ms)


def bridge_left(floor: FloorState, fact: BridgeLeft, now: Moment) -> None:
    """Whoever leaves first ends the conversation."""
    inside = floor.bridges.get(fact.bridge_id, set())
    inside.discard(fact.channel_id)
    if not inside:
        floor.bridges.pop(fact.bridge_id, None)
    call = floor.calls.get(AttemptId(fact.channel_id))
    if call is None and (agent := floor.leg_of(fact.channel_id)) is not None and agent.attempt_id:
        call = floor.calls.get(agent.attempt_id)
    if call is not None and call.state is CallState.TALKING:
        conversation_ended(floor, call, now)


def bridge_failed(floor: FloorState, call: Call, reason: str, now: Moment) -> None:
    """The bridge did not come about: the agent is set aside, the customer goes to the next one."""
    if call.agent_id is not None:
        agent = floor.agents[call.agent_id]
        if agent.state is AgentState.RESERVED and agent.attempt_id == call.attempt_id:
            floor.report("agent.leg_suspect", "warning", agent=agent.settings.id, reason=reason)
            floor.put_agent(agents.enter(agent, AgentState.PAUSED, now.s, reason="phone did not connect"), now)
    floor.calls[call.attempt_id] = call = replace(call, state=CallState.ANSWERED, agent_id=None)
    serve(floor, call, now)


def connect_overdue(floor: FloorState, attempt_id: AttemptId, now: Moment) -> None:
    """Alarm: a bridge was asked for and never completed."""
    call = floor.calls.get(attempt_id)
    asked_s = call.connect_asked_s if call is not None else None
    if call is None or asked_s is None or call.state is not CallState.CONNECTING:
        return
    if now.s - asked_s >= CONNECT_LIMIT_S and floor.agents[call.agent_id or AgentId("")].leg is not None:
        bridge_failed(floor, call, "no bridge within the limit", now)


def ring_overdue(floor: FloorState, agent_id: AgentId, now: Moment) -> None:
    """Alarm: an agent's phone has rung long enough."""
    agent = floor.agents[agent_id]
    if agent.leg is not None or agent.state not in (AgentState.RESERVED, AgentState.CALLING_IN):
        return
    did_not_answer(floor, agent, now)


def did_not_answer(floor: FloorState, agent: Agent, now: Moment) -> None:
    """An agent's phone was called and not picked up: set the agent aside and let the customer go on."""
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id is not None else None
    if agent.state is AgentState.CALLING_IN:
        floor.put_agent(agents.enter(agent, AgentState.OFFLINE, now.s, reason="did not answer"), now)
        return
    floor.put_agent(agents.enter(agent, AgentState.PAUSED, now.s, reason="did not answer"), now)
    if call is not None and call.state is CallState.CONNECTING:
        floor.calls[call.attempt_id] = call = replace(call, state=CallState.ANSWERED, agent_id=None)
        serve(floor, call, now)


def give_up(floor: FloorState, call: Call, reason: str) -> None:
    """Hang up a customer's call."""
    floor.emit(HangUp(server=call.server, channel_id=ChannelId(call.attempt_id), reason=reason))
