"""Mode `preview`: an agent sees the account first and says when to dial."""

from __future__ import annotations

from datetime import timedelta

from dialer import agents
from dialer.agents import Agent
from dialer.events import CallAgent, Lead, ReleaseLease, Show
from dialer.floor.placing import place
from dialer.floor.prompts import Prompt
from dialer.floor.routing import qualifies
from dialer.floor.state import CampaignRun, FloorState, Moment
from dialer.floor.wrapping import hang_up_leg, say
from dialer.masking import mask_name, mask_number
from dialer.types import AgentId, AgentState, ChannelId, ServerName

SKIPPED_FOR_S = 1800.0
"""An account that was skipped is not offered again for this long (house rule)."""


def offer_all(floor: FloorState, run: CampaignRun, server: ServerName, now: Moment) -> None:
    """Offer an account to every free agent of a campaign on a server, longest idle first."""
    for agent in sorted(floor.staff(run.settings, server), key=lambda one: one.idle_since_s):
        if agent.free:
            lead = _take(run, agent)
            if lead is not None:
                _offer(floor, run, agent, lead, now)


def _take(run: CampaignRun, agent: Agent) -> Lead | None:
    for shelf in (run.picky, run.leads):
        for lead in shelf:
            if lead.callback_agent in (None, agent.settings.id) and qualifies(agent, run.settings, lead):
                shelf.remove(lead)
                return lead
    return None


def _offer(floor: FloorState, run: CampaignRun, agent: Agent, lead: Lead, now: Moment) -> None:
    name, number = f"{mask_name(lead.debtor_name)} {lead.amount_due}", mask_number(lead.number)
    agent = agents.enter(agent, AgentState.PREVIEWING, now.s, campaign=run.settings.name)
    floor.offers[agent.settings.id] = lead
    floor.put_agent(agent, now)
    floor.wake(now.s + run.settings.preview_limit_s, "preview", agent.settings.id)
    if agent.leg is None:
        floor.emit(
            CallAgent(
                server=agent.settings.server,
                agent_id=agent.settings.id,
                leg_id=ChannelId(f"leg-{floor.run_id}-{lead.account_id}-{int(now.s * 1000)}"),
                timeout_s=run.settings.preview_limit_s,
                display_name=name,
            )
        )
        return
    floor.emit(Show(server=agent.settings.server, channel=agent.leg.channel, name=name, number=number))
    say(floor, agent, Prompt.PREVIEW)


def digit(floor: FloorState, agent: Agent, pressed: str, now: Moment) -> None:
    """1 dials, 9 skips."""
    match pressed:
        case "1":
            accept(floor, agent, now)
        case "9":
            skip(floor, agent, now, "skipped by the agent")
        case _:
            say(floor, agent, Prompt.WRONG)


def accept(floor: FloorState, agent: Agent, now: Moment) -> None:
    """The agent said yes: dial, and keep the agent for this call."""
    lead = floor.offers.pop(agent.settings.id, None)
    run = floor.campaigns.get(agent.campaign) if agent.campaign is not None else None
    if lead is None or run is None:
        return
    if not place(floor, run, lead, agent.settings.server, now, for_agent=agent.settings.id):
        floor.put_agent(agents.enter(agent, AgentState.READY, now.s), now)
        say(floor, floor.agents[agent.settings.id], Prompt.WRONG)
        return
    call = next(reversed(floor.calls.values()))
    reserved = agents.enter(agent, AgentState.RESERVED, now.s, attempt_id=call.attempt_id, campaign=call.campaign)
    floor.put_agent(reserved, now)


def skip(floor: FloorState, agent: Agent, now: Moment, reason: str) -> None:
    """The agent said no, or nothing: the account goes back."""
    lead = floor.offers.pop(agent.settings.id, None)
    if lead is not None:
        until_at = now.at + timedelta(seconds=SKIPPED_FOR_S)
        floor.emit(ReleaseLease(account_id=lead.account_id, not_before_at=until_at, reason=reason))
    if agent.state is AgentState.PREVIEWING:
        if not agent.nailed_up and agent.leg is not None:
            floor.emit(hang_up_leg(agent, reason))
        floor.put_agent(agents.enter(agent, AgentState.READY, now.s), now)


def overdue(floor: FloorState, agent_id: AgentId, now: Moment) -> None:
    """Alarm: the agent has looked long enough."""
    agent = floor.agents[agent_id]
    run = floor.campaigns.get(agent.campaign) if agent.campaign is not None else None
    if agent.state is not AgentState.PREVIEWING or run is None:
        return
    if now.s - agent.since_s >= run.settings.preview_limit_s:
        skip(floor, agent, now, "not accepted in time")
