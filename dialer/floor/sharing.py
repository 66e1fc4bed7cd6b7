"""Agents who serve several campaigns: for which of them each free one counts, so that nobody is dialled for twice."""

from __future__ import annotations

from collections import Counter

from dialer.agents import Agent
from dialer.campaigns import assignment
from dialer.floor.state import CampaignRun, FloorState
from dialer.types import AgentId, AgentState, CampaignName, CampaignState, ServerName

Pool = tuple[CampaignName, ServerName]


def count_free_agents(floor: FloorState) -> dict[CampaignName, frozenset[AgentId]]:
    """Say for which running campaign each free agent counts.

    A campaign with calls in the air is given agents for them first; who is left counts for the campaign with leads
    that has the fewest.

    Returns:
        Campaign -> its agents; every free agent stands in one of them at most.
    """
    running = [run for run in floor.campaigns.values() if run.state is CampaignState.RUNNING]
    if len(running) == 1:
        (run,) = running
        return {run.settings.name: frozenset(one.settings.id for one in floor.staff(run.settings) if one.free)}
    free = sorted(
        (agent for agent in floor.agents.values() if agent.free), key=lambda one: (one.idle_since_s, one.settings.id)
    )
    counted: dict[CampaignName, set[AgentId]] = {run.settings.name: set() for run in running}
    lacking: Counter[Pool] = Counter()
    for run in running:
        for server in floor.links:
            lacking[run.settings.name, server] = run.agents_wanted(floor.calls.in_air(run.settings.name, server))
    for agent in free:
        rivals = [run for run in running if _serves(agent, run)]
        if rivals:
            name = _neediest(rivals, agent, lacking)
            counted[name].add(agent.settings.id)
            lacking[name, agent.settings.server] -= 1
    return {name: frozenset(ids) for name, ids in counted.items()}


def _serves(agent: Agent, run: CampaignRun) -> bool:
    return assignment.serves(agent.settings, run.settings)


def _neediest(rivals: list[CampaignRun], agent: Agent, lacking: Counter[Pool]) -> CampaignName:
    """Calls in the air first; then whoever has something to dial; among equals the one with the fewest agents."""

    def urgency(run: CampaignRun) -> tuple[bool, bool, int, str]:
        short = lacking[run.settings.name, agent.settings.server]
        return (short <= 0, not (run.leads or run.picky), -short, run.settings.name)

    return min(rivals, key=urgency).settings.name


def share(floor: FloorState, run: CampaignRun, server: ServerName) -> float:
    """The part (0..1) of the agents on a server who come free that a campaign may count on."""
    running = [other for other in floor.campaigns.values() if other.state is CampaignState.RUNNING]
    if len(running) <= 1:
        return 1.0
    staff = [agent for agent in floor.staff(run.settings, server) if agent.state is not AgentState.OFFLINE]
    parts = [1.0 / max(1, sum(_serves(agent, other) for other in running)) for agent in staff]
    return sum(parts) / len(parts) if parts else 1.0
