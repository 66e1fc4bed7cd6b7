"""Mode `preview`: an agent sees the account first and says when to dial."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from dialer import agents
from dialer.agents import Agent
from dialer.effects import ReleaseLease, Show
from dialer.floor import legs
from dialer.floor.placing import place
from dialer.floor.prompts import Prompt
from dialer.floor.routing import qualifies
from dialer.floor.shelf import PickyShelf
from dialer.floor.state import CampaignRun, FloorState, Moment
from dialer.floor.wrapping import say
from dialer.leads import Lead
from dialer.masking import mask_name, mask_number
from dialer.types import AgentId, AgentState, CampaignState, ServerName

Concerned = Callable[[Lead], bool]
"""Whether something holds of a lead."""

SKIPPED_FOR_S = 1800.0
"""An account that was skipped is not offered again for this long (house rule)."""


def offer_all(
    floor: FloorState, run: CampaignRun, server: ServerName, counted: Collection[AgentId], now: Moment
) -> None:
    """Offer an account to every free agent of a campaign on a server, longest idle first.

    Args:
        floor: the floor.
        run: the campaign.
        server: where.
        counted: the agents who count for this campaign now, not for another that they serve too.
        now: the moment.
    """
    for _, agent_id in tuple(floor.agents.staff(run.settings).line(server)):
        if agent_id in counted:
            agent = floor.agents[agent_id]
            lead = _take(floor, run, agent)
            if lead is not None:
                _offer(floor, run, agent, lead, now)


def _take(floor: FloorState, run: CampaignRun, agent: Agent) -> Lead | None:
    """The first lead of the agent's own debtors, else of those whose owner is not there, else of another's."""
    found: dict[int, tuple[PickyShelf | deque[Lead], Lead]] = {}
    for shelf in (run.picky, run.leads):
        for lead in shelf:
            if lead.callback_agent not in (None, agent.settings.id):
                continue
            distance = _distance(floor, agent, lead)
            if distance not in found and qualifies(floor, agent, run.settings, lead):
                found[distance] = shelf, lead
                if not distance:
                    break
    if not found:
        return None
    shelf, lead = found[min(found)]
    shelf.remove(lead)
    return lead


def _distance(floor: FloorState, agent: Agent, lead: Lead) -> int:
    """How far a debtor is: 0 own or promised, 1 nobody's or of somebody who is not there, 2 another's."""
    own = agent.settings.id
    if own in (lead.owner, lead.callback_agent):
        return 0
    owner = floor.agents.get(lead.owner) if lead.owner is not None else None
    return 1 if owner is None or owner.state is AgentState.OFFLINE else 2


def _offer(floor: FloorState, run: CampaignRun, agent: Agent, lead: Lead, now: Moment) -> None:
    name, number = f"{mask_name(lead.debtor_name)} {lead.amount_due}", mask_number(lead.number)
    agent = agents.enter(agent, AgentState.PREVIEWING, now.s, campaign=run.settings.name)
    floor.offers[agent.settings.id] = lead
    floor.put_agent(agent, now)
    floor.wake(now.s + run.settings.preview_limit_s, "preview", agent.settings.id)
    if agent.leg is None:
        legs.call(floor, agent, now, timeout_s=run.settings.preview_limit_s, display_name=name)
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
    lead = floor.offers.get(agent.settings.id)
    run = floor.campaigns.get(agent.campaign) if agent.campaign is not None else None
    if lead is None or run is None:
        return
    if not _may_dial(floor, run, agent):
        _take_back(floor, agent, now, None, "it cannot be dialled now")
        say(floor, floor.agents[agent.settings.id], Prompt.WRONG)
        return
    del floor.offers[agent.settings.id]
    if not place(floor, run, lead, agent.settings.server, now, for_agent=agent.settings.id):
        _free(floor, agent, now, "it could not be dialled")
        say(floor, floor.agents[agent.settings.id], Prompt.WRONG)
        return
    call = next(reversed(floor.calls.values()))
    reserved = agents.enter(agent, AgentState.RESERVED, now.s, attempt_id=call.attempt_id, campaign=call.campaign)
    floor.put_agent(reserved, now)


def _may_dial(floor: FloorState, run: CampaignRun, agent: Agent) -> bool:
    connected = floor.links[agent.settings.server].connected
    return run.state is CampaignState.RUNNING and connected and not floor.store_trouble


def skip(floor: FloorState, agent: Agent, now: Moment, reason: str) -> None:
    """The agent said no, or nothing: the account goes back."""
    _take_back(floor, agent, now, now.at + timedelta(seconds=SKIPPED_FOR_S), reason)


def withdraw(floor: FloorState, run: CampaignRun, now: Moment, reason: str) -> None:
    """A campaign no longer dials: what it has offered goes back, and may be offered again at any time."""
    for agent_id in list(floor.offers):
        agent = floor.agents[agent_id]
        if agent.campaign == run.settings.name:
            _take_back(floor, agent, now, None, reason)


def recall(floor: FloorState, concerned: Concerned, now: Moment, reason: str) -> int:
    """Take back what agents are looking at and may not dial any more; returns how many accounts that were."""
    shown = [agent_id for agent_id, lead in floor.offers.items() if concerned(lead)]
    for agent_id in shown:
        _take_back(floor, floor.agents[agent_id], now, None, reason)
        say(floor, floor.agents[agent_id], Prompt.WRONG)
    return len(shown)


def recall_from(floor: FloorState, agent_id: AgentId, now: Moment, reason: str) -> None:
    """Take back what an agent is looking at, if anything; it may be offered again at any time."""
    if agent_id in floor.offers:
        _take_back(floor, floor.agents[agent_id], now, None, reason)


def _take_back(floor: FloorState, agent: Agent, now: Moment, not_before_at: datetime | None, reason: str) -> None:
    lead = floor.offers.pop(agent.settings.id, None)
    if lead is not None:
        floor.emit(ReleaseLease(account_id=lead.account_id, not_before_at=not_before_at, reason=reason))
        floor.unsettle(agent.campaign)
    if agent.state is AgentState.PREVIEWING:
        _free(floor, agent, now, reason)


def _free(floor: FloorState, agent: Agent, now: Moment, reason: str) -> None:
    if not agent.nailed_up:
        agent = legs.end(floor, agent, reason)
    floor.put_agent(agents.enter(agent, AgentState.READY, now.s), now)


def overdue(floor: FloorState, agent_id: AgentId, now: Moment) -> None:
    """Alarm: the agent has looked long enough."""
    agent = floor.agents.get(agent_id)
    run = floor.campaigns.get(agent.campaign) if agent is not None and agent.campaign is not None else None
    if agent is None or agent.state is not AgentState.PREVIEWING or run is None:
        return
    due_s = agent.since_s + run.settings.preview_limit_s
    if now.s < due_s:
        floor.wake(due_s, "preview", agent_id)
    else:
        skip(floor, agent, now, "not accepted in time")
