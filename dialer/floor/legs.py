"""Agents' phones: calling them, giving up calling them, and ending their legs."""

from __future__ import annotations

from dialer.agents import Agent
from dialer.effects import CallAgent, HangUp
from dialer.floor.state import FloorState, Moment
from dialer.types import AgentId, ChannelId
from dialer.values import replace


def call(floor: FloorState, agent: Agent, now: Moment, *, timeout_s: float, display_name: str = "") -> None:
    """Call an agent's own phone; `AgentLegUp` says that it was picked up.

    Each time under another id, so that the late end of one try is never taken for the end of the next.
    """
    floor.phones_called += 1
    leg_id = ChannelId(f"leg-{agent.attempt_id or floor.run_id}-{floor.phones_called:06d}")
    floor.called[leg_id] = agent.settings.id
    floor.emit(
        CallAgent(
            server=agent.settings.server,
            agent_id=agent.settings.id,
            leg_id=leg_id,
            timeout_s=timeout_s,
            display_name=display_name,
        )
    )
    floor.wake(now.s + timeout_s, "agent_ring", leg_id)


def is_ringing(floor: FloorState, agent_id: AgentId) -> bool:
    """Whether the engine is calling this agent's phone."""
    return agent_id in floor.called.values()


def stop_calling(floor: FloorState, agent: Agent, reason: str) -> None:
    """Stop calling an agent's phone; a pick-up that comes too late is hung up on."""
    for leg_id in [one for one, agent_id in floor.called.items() if agent_id == agent.settings.id]:
        del floor.called[leg_id]
        floor.emit(HangUp(server=agent.settings.server, channel_id=leg_id, reason=reason))


def end(floor: FloorState, agent: Agent, reason: str) -> Agent:
    """Hang up an agent's leg, if there is one, and forget it at once: nobody is bridged to a leg that is going."""
    stop_calling(floor, agent, reason)
    if agent.leg is not None:
        floor.emit(HangUp(server=agent.settings.server, channel_id=agent.leg.channel_id, reason=reason))
        floor.drop_leg(agent)
    floor.agents[agent.settings.id] = agent = replace(agent, leg=None)
    return agent
