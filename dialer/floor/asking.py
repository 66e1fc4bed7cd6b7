"""An agent asks for one call: to an account, or to a number of one. It passes the gate like any other."""

from __future__ import annotations

from dialer import agents
from dialer.agents import Agent
from dialer.effects import ReleaseLease, SaveRefusal
from dialer.facts import CallAsked
from dialer.floor import previewing, shift
from dialer.floor.placing import place, trunk_with_room
from dialer.floor.routing import qualifies
from dialer.floor.state import CampaignRun, FloorState, Moment
from dialer.types import AgentState, CampaignState


def call_asked(floor: FloorState, fact: CallAsked, now: Moment) -> None:
    """Place the call and keep the agent for it, or say why not and give the lead back.

    Args:
        floor: the floor.
        fact: who asks, on behalf of which campaign, and the leased lead.
        now: the moment.
    """
    previewing.recall_from(floor, fact.agent_id, now, "the agent calls another account")
    agent, run = floor.agents.get(fact.agent_id), floor.campaigns.get(fact.campaign)
    if agent is None or run is None:
        _give_back(floor, fact, f"{fact.campaign} is not running here, or nobody is called {fact.agent_id}")
    elif refusal := _refusal(floor, run, agent, fact, now):
        _give_back(floor, fact, refusal)
    elif not place(floor, run, fact.lead, agent.settings.server, now, for_agent=fact.agent_id):
        shift.refuse(floor, fact.agent_id, _why_not_placed(floor))
    else:
        call = next(reversed(floor.calls.values()))
        floor.put_agent(
            agents.enter(agent, AgentState.RESERVED, now.s, attempt_id=call.attempt_id, campaign=call.campaign), now
        )
        floor.report("call.asked_for", attempt=call.attempt_id, agent=fact.agent_id)


def _refusal(floor: FloorState, run: CampaignRun, agent: Agent, fact: CallAsked, now: Moment) -> str:
    """What keeps the agent from calling, before the gate is asked; empty: nothing does."""
    name, server = fact.agent_id, agent.settings.server
    if not agent.free:
        return f"{name} is {agent.state} and cannot call now; the agent must be ready and on the line"
    if name not in floor.agents.staff(run.settings) or not qualifies(floor, agent, run.settings, fact.lead):
        return f"{name} may not take calls of this account"
    if run.state is not CampaignState.RUNNING:
        return f"campaign {fact.campaign} is {run.state}; resume it first"
    if floor.store_trouble:
        return f"nothing may be dialled: {floor.store_trouble}"
    link = floor.links.get(server)
    if link is None or not link.connected:
        return f"{server} is not connected"
    if trunk_with_room(floor, run, server, now) is None:
        return "no trunk has room for a call at this moment; try again"
    return ""


def _give_back(floor: FloorState, fact: CallAsked, refusal: str) -> None:
    floor.emit(ReleaseLease(account_id=fact.lead.account_id, reason=refusal))
    floor.unsettle(fact.campaign)
    shift.refuse(floor, fact.agent_id, refusal)


def _why_not_placed(floor: FloorState) -> str:
    """The gate's own words, of the refusal that has just been written."""
    written = next((one for one in reversed(floor.effects) if isinstance(one, SaveRefusal)), None)
    return "it is being called already" if written is None else f"{written.rule}: {written.reason}"
