"""Agents who serve several campaigns: for which of them each free one counts, so that nobody is dialled for twice."""

from __future__ import annotations

from collections import Counter

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
        return {running[0].settings.name: floor.agents.staff(running[0].settings).free}
    staffs = [floor.agents.staff(run.settings) for run in running]
    counted: dict[CampaignName, set[AgentId]] = {run.settings.name: set() for run in running}
    lacking: Counter[Pool] = Counter()
    for run in running:
        for server in floor.links:
            lacking[run.settings.name, server] = run.agents_wanted(floor.calls.in_air(run.settings.name, server))
    free = {(floor.agents[agent_id].idle_since_s, agent_id) for staff in staffs for agent_id in staff.free}
    for _, agent_id in sorted(free):
        rivals = [run for run, staff in zip(running, staffs, strict=True) if agent_id in staff.free]
        server = floor.agents[agent_id].settings.server
        name = _neediest(rivals, server, lacking)
        counted[name].add(agent_id)
        lacking[name, server] -= 1
    return {name: frozenset(ids) for name, ids in counted.items()}


def _neediest(rivals: list[CampaignRun], server: ServerName, lacking: Counter[Pool]) -> CampaignName:
    """Calls in the air first; then whoever has something to dial; among equals the one with the fewest agents."""

    def urgency(run: CampaignRun) -> tuple[bool, bool, int, str]:
        short = lacking[run.settings.name, server]
        return (short <= 0, not (run.leads or run.picky), -short, run.settings.name)

    return min(rivals, key=urgency).settings.name


def share(floor: FloorState, run: CampaignRun, server: ServerName) -> float:
    """The part (0..1) of the agents on a server who come free that a campaign may count on."""
    running = [other for other in floor.campaigns.values() if other.state is CampaignState.RUNNING]
    if len(running) <= 1:
        return 1.0
    staff, staffs = floor.agents.staff(run.settings), tuple(floor.agents.staff(other.settings) for other in running)
    key = (staff, staff.shift_changes, staffs)
    known = floor.shares.get((run.settings.name, server))
    if known is not None and known[0] == key:
        return known[1]
    there = (agent for agent in floor.staff(run.settings, server) if agent.state is not AgentState.OFFLINE)
    parts = [1.0 / max(1, sum(agent.settings.id in other for other in staffs)) for agent in there]
    part = sum(parts) / len(parts) if parts else 1.0
    floor.shares[run.settings.name, server] = (key, part)
    return part
