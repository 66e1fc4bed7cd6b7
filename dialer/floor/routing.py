"""Who takes a call: the debtor's own agent when free, else the qualified one of the team who has waited longest.

All of them are on the call's server, meet the campaign's route, and have the skill that the debtor's assignment asks
for.
"""

from __future__ import annotations

from dialer.agents import Agent
from dialer.calls import Call
from dialer.campaigns import assignment
from dialer.floor.shelf import Kind
from dialer.floor.staff import Staff
from dialer.floor.state import CampaignRun, FloorState
from dialer.leads import Lead
from dialer.settings import CampaignSettings, RouteRule
from dialer.types import AgentId, AgentState, ServerName

MAX_ROUTES = 20_000
"""Remembered routes; past it they are worked out anew."""


def next_agent(floor: FloorState, call: Call, settings: CampaignSettings) -> Agent | None:
    """The free agent to whom an answered call goes, or None.

    Args:
        floor: the floor.
        call: answered, waiting.
        settings: its campaign.

    Returns:
        The agent whose word it was (preview), else the one a call-back was promised to, else the one who looks after
        the debtor, else the one who waits longest among those who qualify: of the owner's team, if one of it is free.
    """
    chosen = floor.agents.get(call.for_agent) if call.for_agent is not None else None
    if chosen is not None and chosen.state is AgentState.RESERVED and chosen.attempt_id == call.attempt_id:
        return chosen
    rule, agents = rule_for(floor, settings, call.lead), floor.agents
    staff, lead = agents.staff(settings), call.lead
    for own in (lead.callback_agent, lead.owner):
        if own is not None and own in staff.free:
            agent = agents[own]
            if agent.settings.server == call.server and assignment.qualified(agent.settings, rule, lead):
                return agent
    in_line = (agents[agent_id] for _, agent_id in staff.line(call.server))
    able = [agent for agent in in_line if assignment.qualified(agent.settings, rule, lead)]
    team = lead.owner_team
    return next((agent for agent in able if team and agent.settings.team == team), able[0] if able else None)


def qualifies(floor: FloorState, agent: Agent, settings: CampaignSettings, lead: Lead) -> bool:
    """Whether the campaign's routing rules let this agent talk to this debtor."""
    return assignment.qualified(agent.settings, rule_for(floor, settings, lead), lead)


def rule_for(floor: FloorState, settings: CampaignSettings, lead: Lead) -> RouteRule | None:
    """The route rule of a lead; worked out once for each lead."""
    if not settings.routes:
        return None
    key = (settings.name, lead.account_id)
    known = floor.routes.get(key)
    if known is not None and known[0] is settings and known[1] is lead:
        return known[2]
    if len(floor.routes) > MAX_ROUTES:
        floor.routes.clear()
    rule = assignment.route(settings, lead)
    floor.routes[key] = (settings, lead, rule)
    return rule


def kind_of(floor: FloorState, settings: CampaignSettings, lead: Lead) -> Kind | None:
    """The kind of a lead that not just any agent of the campaign may take; None: anybody may."""
    rule = rule_for(floor, settings, lead)
    if rule is None and not lead.team and lead.callback_agent is None and not lead.skill:
        return None
    return (rule.name if rule is not None else "", lead.team, lead.callback_agent, lead.skill, lead.level)


def can_be_taken(floor: FloorState, run: CampaignRun, kind: Kind, server: ServerName) -> bool:
    """Whether somebody who may take calls of this kind is there, so that dialling makes sense.

    A lead that only some may take is dialled for a free one of them who has no call coming already: none that only
    they may take, and none of the others' that the others are too few for. A promised call-back waits for its agent
    while that one is on shift, and goes to anybody when not.
    """
    promised = kind[2]
    staff, calls, name = floor.agents.staff(run.settings), floor.calls, run.settings.name
    able = _able(floor, staff, kind, server)
    if promised in able and floor.agents[promised].state is not AgentState.OFFLINE:
        able = frozenset({promised})
    if len(able) == staff.at(server):
        return True
    picky = calls.picky_in_air(name, server)
    theirs = sum(count for one, count in picky.items() if not able.isdisjoint(_able(floor, staff, one, server)))
    free, free_able = len(staff.line(server)), len(able & staff.free)
    overflow = max(0, run.agents_wanted(calls.in_air(name, server) - picky.total()) - (free - free_able))
    return free_able > theirs + overflow


def _able(floor: FloorState, staff: Staff, kind: Kind, server: ServerName) -> frozenset[AgentId]:
    """Who may take calls of a kind on a server, on shift or not; no matter whom a call-back was promised to."""
    name, team, _, skill, level = kind
    key = (server, name, team, skill, level)
    known = staff.able.get(key)
    if known is None:
        rule = next((one for one in staff.campaign.routes if one.name == name), None)
        agents = (floor.agents[agent_id].settings for agent_id in staff)
        known = staff.able[key] = frozenset(
            one.id for one in agents if one.server == server and assignment.able(one, rule, team, skill, level)
        )
    return known
