"""After a lost link or a restart: what the floor believes against what Asterisk says. Never dials again.

A call whose channel is gone is closed; one whose channel lives goes on. An attempt of an earlier run that nobody
can account for is closed as `unknown`, which counts as dialled.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from dialer import agents, calls, pacing
from dialer.agents import Agent, Leg
from dialer.calls import Call
from dialer.events import AttemptRecovered, CloseAttempt, LinkLost, LinkRestored, LiveChannel, SaveCallEvent
from dialer.floor.closing import close
from dialer.floor.state import CampaignRun, FloorState, Link, Moment, Wrap
from dialer.floor.wrapping import conclude_unattended, dispose
from dialer.types import AgentState, AttemptId, CallState, CampaignState, ChannelId, Outcome, ServerName

SETTLING_S = 3.0
"""A call placed less than this ago may not be in Asterisk's list yet."""


def link_lost(floor: FloorState, fact: LinkLost) -> None:
    """No new calls on this server; the ones that live go on without us."""
    floor.links[fact.server] = Link(connected=False, reason=fact.reason)
    floor.report("ami.lost", "warning", server=fact.server, reason=fact.reason)


def link_restored(floor: FloorState, fact: LinkRestored, now: Moment) -> None:
    """Compare with what is there, then dial again."""
    floor.links[fact.server] = Link(connected=True, reason="")
    floor.report("ami.up", server=fact.server, channels=len(fact.channels))
    compare(floor, fact.server, fact.channels, now)


def compare(floor: FloorState, server: ServerName, channels: tuple[LiveChannel, ...], now: Moment) -> None:
    """Bring the floor in line with a server's list of channels.

    Args:
        floor: the floor.
        server: whose list it is.
        channels: every channel there.
        now: the moment.
    """
    live = {channel.channel_id: channel for channel in channels}
    floor.bridges = {bridge_id: {one for one in inside if one in live} for bridge_id, inside in floor.bridges.items()}
    for channel in channels:
        if channel.bridge_id:
            floor.bridges.setdefault(channel.bridge_id, set()).add(channel.channel_id)
    _adopt_legs(floor, server, channels, now)
    _drop_lost_legs(floor, server, live, now)
    for recovered in [one for one in floor.recovered.values() if one.server == server]:
        del floor.recovered[recovered.attempt_id]
        _adopt_call(floor, recovered, live.get(ChannelId(recovered.attempt_id)), now)
    for call in [one for one in floor.calls.values() if one.server == server]:
        _check_call(floor, call, live, now)


def _adopt_legs(floor: FloorState, server: ServerName, channels: tuple[LiveChannel, ...], now: Moment) -> None:
    for channel in channels:
        agent = floor.agents.get(channel.agent_id) if channel.agent_id is not None else None
        if agent is None or not channel.up or agent.settings.server != server or agent.leg is not None:
            continue
        leg = Leg(channel_id=channel.channel_id, channel=channel.channel)
        floor.add_leg(agent.settings.id, leg)
        agent = floor.agents[agent.settings.id] = replace(agent, leg=leg)
        floor.report("agent.leg_found", agent=agent.settings.id)
        if agent.state in (AgentState.OFFLINE, AgentState.CALLING_IN) and not channel.bridge_id:
            floor.put_agent(agents.enter(agent, AgentState.READY, now.s), now)


def _drop_lost_legs(floor: FloorState, server: ServerName, live: dict[ChannelId, LiveChannel], now: Moment) -> None:
    for agent in list(floor.agents.values()):
        if agent.leg is None or agent.settings.server != server or agent.leg.channel_id in live:
            continue
        floor.drop_leg(agent)
        floor.agents[agent.settings.id] = agent = replace(agent, leg=None)
        if agent.state in (AgentState.READY, AgentState.PAUSED, AgentState.RESERVED, AgentState.PREVIEWING):
            floor.put_agent(agents.enter(agent, AgentState.OFFLINE, now.s, reason="phone lost"), now)


def _check_call(floor: FloorState, call: Call, live: dict[ChannelId, LiveChannel], now: Moment) -> None:
    """A call of ours: gone, or still there in some state we may have missed."""
    channel = live.get(ChannelId(call.attempt_id))
    if channel is None:
        if now.s - call.placed_s >= SETTLING_S:
            gone = replace(
                call,
                state=CallState.CLOSED,
                ended_s=now.s,
                talk_ended_s=call.talk_ended_s or (now.s if call.bridged_s is not None else None),
            )
            close(floor, gone, now)
        return
    agent = _partner(floor, channel)
    if agent is not None and call.state is CallState.CONNECTING and agent.attempt_id == call.attempt_id:
        floor.calls[call.attempt_id] = calls.bridged(replace(call, channel=channel.channel), now.s)
        floor.put_agent(
            agents.enter(agent, AgentState.TALKING, now.s, attempt_id=call.attempt_id, campaign=call.campaign),
            now,
        )


def _partner(floor: FloorState, channel: LiveChannel) -> Agent | None:
    """The agent in the same bridge as a customer's channel."""
    for channel_id in floor.bridges.get(channel.bridge_id, set()) if channel.bridge_id else ():
        agent = floor.leg_of(channel_id)
        if agent is not None:
            return agent
    return None


def _adopt_call(floor: FloorState, fact: AttemptRecovered, channel: LiveChannel | None, now: Moment) -> None:
    """An attempt of an earlier run: alive, or closed now."""
    settings = floor.known.get(fact.campaign)
    if settings is None:
        floor.report("attempt.orphan", "warning", attempt=fact.attempt_id, campaign=fact.campaign)
        return
    if fact.campaign not in floor.campaigns:
        floor.campaigns[fact.campaign] = CampaignRun(
            settings=settings,
            state=CampaignState.STOPPED,
            estimates=pacing.Estimates.initial(settings.pacing),
        )
    call = Call(
        attempt_id=fact.attempt_id,
        campaign=fact.campaign,
        lead=fact.lead,
        server=fact.server,
        trunk=fact.trunk,
        placed_s=now.s - max(0.0, (now.at - _aware(fact.at)).total_seconds()),
        placed_at=fact.at,
    )
    if channel is None:
        _conclude_lost(floor, fact, call, now)
        return
    agent = _partner(floor, channel)
    floor.report("attempt.found", attempt=fact.attempt_id, talking=agent is not None)
    floor.emit(SaveCallEvent(attempt_id=fact.attempt_id, at=now.at, event="call.adopted"))
    if fact.trunk in floor.trunks:
        floor.trunks[fact.trunk].in_use += 1
    if agent is not None:
        call = replace(call, answered_s=now.s, agent_id=agent.settings.id, channel=channel.channel)
        call = calls.bridged(call, now.s)
        floor.put_agent(
            agents.enter(agent, AgentState.TALKING, now.s, attempt_id=call.attempt_id, campaign=call.campaign),
            now,
        )
    elif channel.up:
        # Its person has been waiting or listening to the message without us; the dialplan ends it.
        call = calls.released(replace(call, answered_s=now.s, unserved=True), now.s)
    else:
        call = replace(call, state=CallState.RINGING)
    floor.calls[call.attempt_id] = call


def _conclude_lost(floor: FloorState, fact: AttemptRecovered, call: Call, now: Moment) -> None:
    """Nobody knows how it ended (or only its disposition is missing): close it, counted as dialled."""
    outcome = fact.outcome or Outcome.UNKNOWN
    if fact.outcome is None:
        floor.emit(CloseAttempt(attempt_id=fact.attempt_id, at=now.at, outcome=outcome, detail="lost in a restart"))
    agent = floor.agents.get(fact.agent_id) if fact.agent_id is not None else None
    floor.report("attempt.concluded", attempt=fact.attempt_id, outcome=outcome)
    if agent is None or outcome is not Outcome.BRIDGED:
        conclude_unattended(floor, call, outcome, now)
        return
    talked = replace(call, bridged_s=call.placed_s, talk_ended_s=call.placed_s, agent_id=fact.agent_id)
    floor.wraps[call.attempt_id] = Wrap(call=talked, agent_id=agent.settings.id)
    _conclude_wrap(floor, agent, talked, now)


def _conclude_wrap(floor: FloorState, agent: Agent, call: Call, now: Moment) -> None:
    """A conversation whose wrap-up a crash cut short: the default disposition, the agent untouched."""
    code = floor.known[call.campaign].default_disposition
    before = floor.agents[agent.settings.id]
    wrapping = replace(before, attempt_id=AttemptId(call.attempt_id), campaign=call.campaign)
    dispose(floor, wrapping, code, now, by="default", note="wrap-up lost in a restart")
    floor.agents[agent.settings.id] = before


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
