"""After a lost link or a restart: what the floor believes against what Asterisk says. Never dials again.

A call whose channel is gone is closed; one whose channel lives goes on. An attempt of an earlier run that nobody
can account for is closed as `unknown`, which counts as dialled.
"""

from __future__ import annotations

from datetime import UTC, datetime

from dialer import agents, calls
from dialer.agents import Agent, Leg
from dialer.calls import Call
from dialer.compliance.gate import PERMIT_LIFE_S
from dialer.effects import CloseAttempt, SaveCallEvent
from dialer.facts import (
    AgentLegUp,
    AttemptRecovered,
    ChannelEnded,
    ChannelsListed,
    LinkLost,
    LinkRestored,
    LiveChannel,
    PauseRecovered,
)
from dialer.floor import connecting, learning, shift
from dialer.floor.books import UNSERVED
from dialer.floor.closing import close, free_reserved_agent
from dialer.floor.state import FloorState, Link, Moment
from dialer.floor.wrapping import conclude_by_default, conclude_unattended, conversation_ended
from dialer.types import AgentId, AgentState, AttemptId, CallState, ChannelId, Outcome, ServerName
from dialer.values import replace

SETTLING_S = PERMIT_LIFE_S + 1.0
"""A call placed less than this ago may not be in Asterisk's list yet: its permit still lets it be sent."""

LOST = 0
"""The cause of an end that nobody saw."""


def link_lost(floor: FloorState, fact: LinkLost, now: Moment) -> None:
    """No new calls on this server; the ones that live go on without us."""
    before = floor.links[fact.server]
    lost_s = now.s if before.connected else before.lost_s
    floor.links[fact.server] = Link(connected=False, reason=fact.reason, lost_s=lost_s)
    floor.report("ami.lost", "warning", server=fact.server, reason=fact.reason)


def link_restored(floor: FloorState, fact: LinkRestored, now: Moment) -> None:
    """Compare with what is there, then dial again."""
    lost_s = floor.links[fact.server].lost_s
    floor.links[fact.server] = Link(connected=True, reason="")
    floor.report("ami.up", server=fact.server, channels=len(fact.channels))
    live = {channel.channel_id: channel for channel in fact.channels}
    for call in _calls_at(floor, fact.server):
        if ChannelId(call.attempt_id) in live:
            continue
        if call.state is CallState.PLACED:
            floor.wake(call.placed_s + SETTLING_S, "overdue", call.attempt_id)
        else:
            _close_gone(floor, call, now)
    _compare(floor, fact.server, fact.channels, now)
    for call in _calls_at(floor, fact.server):
        channel = live.get(ChannelId(call.attempt_id))
        if channel is not None:
            _catch_up(floor, call, channel, lost_s, now)
    for leg_id in [one for one, agent_id in floor.called.items() if _is_at(floor, agent_id, fact.server)]:
        if leg_id not in live:
            connecting.not_picked_up(floor, leg_id, now)


def listed(floor: FloorState, fact: ChannelsListed, now: Moment) -> None:
    """The answer to an inquiry, while events go on: a call that nothing is heard of and that is not there is closed.

    No more than that may be read from it: what is newer than the list has been told by events already.
    """
    live = {channel.channel_id for channel in fact.channels}
    for call in _calls_at(floor, fact.server):
        unheard = call.state in (CallState.PLACED, CallState.RINGING)
        if unheard and ChannelId(call.attempt_id) not in live and now.s >= call.placed_s + SETTLING_S:
            _close_gone(floor, call, now)


def _compare(floor: FloorState, server: ServerName, channels: tuple[LiveChannel, ...], now: Moment) -> None:
    """Bring the floor in line with a server's list of channels after nobody listened."""
    live = {channel.channel_id: channel for channel in channels}
    _rebuild_bridges(floor, server, channels)
    _drop_lost_legs(floor, server, live, now)
    for call in _calls_at(floor, server):
        if ChannelId(call.attempt_id) not in live and now.s >= call.placed_s + SETTLING_S:
            _close_gone(floor, call, now)
    _adopt_legs(floor, server, channels, now)
    for fact in [one for one in floor.recovered.values() if one.server == server]:
        del floor.recovered[fact.attempt_id]
        _adopt_call(floor, fact, live.get(ChannelId(fact.attempt_id)), now)
    for call in _calls_at(floor, server):
        channel = live.get(ChannelId(call.attempt_id))
        agent = _partner(floor, channel) if channel is not None else None
        if channel is not None and agent is not None:
            connecting.together(floor, replace(call, channel=channel.channel), agent, channel.bridge_id, now)


def _calls_at(floor: FloorState, server: ServerName) -> list[Call]:
    return [call for call in floor.calls.values() if call.server == server]


def recovered(floor: FloorState, fact: AttemptRecovered, now: Moment) -> None:
    """An attempt of an earlier run waits until its server can be asked; of a server that is no more nothing can be."""
    if fact.server in floor.links:
        floor.recovered[fact.attempt_id] = fact
    else:
        _adopt_call(floor, fact, None, now)


def pause_recovered(floor: FloorState, fact: PauseRecovered) -> None:
    """An agent who was paused stays paused, if the leg of then is still there when the server is asked."""
    agent = floor.agents.get(fact.agent_id)
    if agent is not None and agent.state is AgentState.OFFLINE:
        floor.agents[fact.agent_id] = replace(agent, pause_wish=fact.reason or "paused")


def _rebuild_bridges(floor: FloorState, server: ServerName, channels: tuple[LiveChannel, ...]) -> None:
    """What is said of this server's channels replaces what was believed; other servers' channels stay."""

    def elsewhere(channel_id: ChannelId) -> bool:
        call, agent = floor.calls.get(AttemptId(channel_id)), floor.leg_of(channel_id)
        at = call.server if call is not None else agent.settings.server if agent is not None else server
        return at != server

    kept = {bridge_id: {one for one in inside if elsewhere(one)} for bridge_id, inside in floor.bridges.items()}
    floor.bridges = {bridge_id: inside for bridge_id, inside in kept.items() if inside}
    for channel in channels:
        if channel.bridge_id:
            floor.bridges.setdefault(channel.bridge_id, set()).add(channel.channel_id)


def _is_at(floor: FloorState, agent_id: AgentId, server: ServerName) -> bool:
    agent = floor.agents.get(agent_id)
    return agent is not None and agent.settings.server == server


def _adopt_legs(floor: FloorState, server: ServerName, channels: tuple[LiveChannel, ...], now: Moment) -> None:
    """Legs that came up while nobody listened, or in an earlier run."""
    for channel in channels:
        agent = floor.agents.get(channel.agent_id) if channel.agent_id is not None else None
        if agent is None or not channel.up or agent.settings.server != server or agent.leg is not None:
            continue
        floor.report("agent.leg_found", agent=agent.settings.id)
        if channel.bridge_id:
            floor.called.pop(channel.channel_id, None)
            floor.add_leg(agent.settings.id, Leg(channel_id=channel.channel_id, channel=channel.channel))
        else:
            leg_up = AgentLegUp(
                server=server, agent_id=agent.settings.id, channel_id=channel.channel_id, channel=channel.channel
            )
            shift.leg_up(floor, leg_up, now)
            _pause_again(floor, floor.agents[agent.settings.id], now)
    for agent in floor.agents.values():
        if agent.state is AgentState.OFFLINE and agent.settings.server == server and agent.pause_wish:
            floor.agents[agent.settings.id] = replace(agent, pause_wish="")  # the phone hung up: a pause is over


def _pause_again(floor: FloorState, agent: Agent, now: Moment) -> None:
    if agent.pause_wish and agent.state is AgentState.READY:
        paused = agents.enter(agent, AgentState.PAUSED, now.s, reason=agent.pause_wish)
        floor.put_agent(replace(paused, pause_wish=""), now)


def _drop_lost_legs(floor: FloorState, server: ServerName, live: dict[ChannelId, LiveChannel], now: Moment) -> None:
    for agent in list(floor.agents.values()):
        if agent.leg is not None and agent.settings.server == server and agent.leg.channel_id not in live:
            lost = ChannelEnded(channel_id=agent.leg.channel_id, cause=LOST)
            shift.leg_ended(floor, agent, lost, now)


def _close_gone(floor: FloorState, call: Call, now: Moment) -> None:
    """The channel is gone and nobody saw how."""
    talk_ended_s = call.talk_ended_s
    if call.bridged_s is not None and talk_ended_s is None:
        talk_ended_s = now.s
    close(floor, replace(call, state=CallState.CLOSED, ended_s=now.s, talk_ended_s=talk_ended_s), now)


def _catch_up(floor: FloorState, call: Call, channel: LiveChannel, lost_s: float, now: Moment) -> None:
    """What happened to a call while the link was down, as far as it can be told.

    A person who may have been waiting for longer than the legal wait hears the message by now: no agent is sent, and
    it counts against us.
    """
    settings = floor.known[call.campaign]
    agent = _partner(floor, channel)
    if call.state is CallState.TALKING and (agent is None or agent.attempt_id != call.attempt_id):
        conversation_ended(floor, call, now)
        return
    if call.state is CallState.CONNECTING:
        reserved = floor.agents.get(call.agent_id) if call.agent_id is not None else None
        if call.connect_asked_s == now.s or (reserved is not None and reserved.leg is None):
            return  # the bridge has just been asked for, or the agent's phone still rings
        free_reserved_agent(floor, call, now)
        call = calls.waiting_again(call)
    if not channel.up or call.state not in UNSERVED:
        return
    answered_s = call.answered_s if call.answered_s is not None else max(call.placed_s, lost_s)
    call = replace(call, channel=channel.channel, answered_s=answered_s)
    if now.s > answered_s + settings.rules.legal_wait_s:
        call = calls.released(replace(call, unserved=call.bridged_s is None, agent_id=None), now.s)
    elif settings.detect_machines and call.verdict is None:
        call = replace(call, state=CallState.SCREENING)
    else:
        call = replace(call, state=CallState.ANSWERED)
    floor.calls[call.attempt_id] = call


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
        learning.begin(floor, settings, now)  # nobody recalled it, as the engine would have: it knows nothing
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
        call = replace(call, answered_s=now.s, channel=channel.channel, adopted=True)
        call = calls.bridged(call, agent.settings.id, channel.bridge_id, now.s)
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
    """Nobody saw how it ended, or only its disposition is missing: close it, counted as dialled.

    A talk whose end was lost still was one, and counts towards the cap on conversations.
    """
    outcome = fact.outcome or (Outcome.BRIDGED if fact.talked else Outcome.UNKNOWN)
    if fact.outcome is None:
        floor.emit(CloseAttempt(attempt_id=fact.attempt_id, at=now.at, outcome=outcome, detail="lost in a restart"))
    floor.report("attempt.concluded", attempt=fact.attempt_id, outcome=outcome)
    if fact.outcome is None and fact.talked:
        _count_answer(floor, call, now)
    if outcome is Outcome.BRIDGED:
        talked = replace(call, bridged_s=now.s, talk_ended_s=now.s, talked_with=fact.agent_id)
        conclude_by_default(floor, talked, now, "wrap-up lost in a restart")
    else:
        conclude_unattended(floor, call, outcome, now)


def _count_answer(floor: FloorState, call: Call, now: Moment) -> None:
    """Whoever talked was answered for, seen or not. The store did not know it yet when the campaign was launched."""
    run = floor.campaigns.get(call.campaign)
    if run is not None:
        on = learning.plan_of(floor, run, now).on
        run.answers.conclude(call.attempt_id, Outcome.BRIDGED, on=on, now_s=now.s)
        run.answers.forget(call.attempt_id)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
