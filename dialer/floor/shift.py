"""An agent's shift: logging in, pausing, ready again, logging out, and a phone that is suddenly gone."""

from __future__ import annotations

from dataclasses import replace

from dialer import agents
from dialer.agents import Agent, Leg
from dialer.events import AgentLegUp, AgentTold, CallAgent, ChannelEnded, DispositionTold, HangUp
from dialer.floor import connecting, previewing
from dialer.floor.prompts import Prompt
from dialer.floor.state import FloorState, Moment
from dialer.floor.wrapping import conversation_ended, dispose, find, hang_up_leg, say
from dialer.types import AgentState, Asks, CallState, ChannelId

NORMAL_CLEARING = 16
LOGIN_RING_S = 30.0


def leg_up(floor: FloorState, fact: AgentLegUp, now: Moment) -> None:
    """A phone is on the line: a shift begins, or the phone that was called for a call has been picked up."""
    agent = floor.agents.get(fact.agent_id)
    if agent is None:
        floor.report("agent.unknown", "warning", agent=fact.agent_id)
        floor.emit(HangUp(server=fact.server, channel_id=fact.channel_id, reason="unknown agent"))
        return
    if agent.leg is not None and agent.leg.channel_id != fact.channel_id:
        floor.report("agent.second_leg", "warning", agent=fact.agent_id)
        floor.emit(hang_up_leg(agent, "logged in from another phone"))
        floor.drop_leg(agent)
    leg = Leg(channel_id=fact.channel_id, channel=fact.channel)
    floor.add_leg(fact.agent_id, leg)
    floor.agents[fact.agent_id] = agent = replace(agent, leg=leg)
    match agent.state:
        case AgentState.OFFLINE | AgentState.CALLING_IN:
            floor.put_agent(agents.enter(agent, AgentState.READY, now.s), now)
            say(floor, floor.agents[fact.agent_id], Prompt.LOGIN)
        case AgentState.RESERVED:
            _bridge_now(floor, agent, now)
        case AgentState.PREVIEWING:
            previewing.accept(floor, agent, now)
        case _:
            pass


def _bridge_now(floor: FloorState, agent: Agent, now: Moment) -> None:
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id is not None else None
    if call is not None and call.state is CallState.CONNECTING:
        floor.calls[call.attempt_id] = call = replace(call, connect_asked_s=now.s)
        connecting.ask_bridge(floor, call, agent)
        floor.wake(now.s + connecting.CONNECT_LIMIT_S, "connect", call.attempt_id)


def leg_ended(floor: FloorState, agent: Agent, fact: ChannelEnded, now: Moment) -> None:
    """An agent's phone is off the line. A phone that hung up ended its call on purpose; any other end did not."""
    floor.drop_leg(agent)
    floor.agents[agent.settings.id] = agent = replace(agent, leg=None)
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id is not None else None
    if agent.state is AgentState.TALKING and call is not None and call.state is CallState.TALKING:
        conversation_ended(floor, call, now)
        agent = floor.agents[agent.settings.id]
    if fact.cause != NORMAL_CLEARING and call is not None and agent.state is AgentState.WRAP_UP:
        floor.report("agent.leg_lost", "warning", agent=agent.settings.id, cause=fact.cause)
    match agent.state:
        case AgentState.RESERVED:
            _lost_before_talk(floor, agent, now)
        case AgentState.WRAP_UP:
            pass
        case AgentState.PREVIEWING:
            previewing.skip(floor, agent, now, "the phone hung up")
            _gone(floor, floor.agents[agent.settings.id], now)
        case _:
            _gone(floor, agent, now)


def _lost_before_talk(floor: FloorState, agent: Agent, now: Moment) -> None:
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id is not None else None
    if agent.nailed_up:
        floor.put_agent(agents.enter(agent, AgentState.OFFLINE, now.s, reason="phone lost"), now)
    else:
        floor.put_agent(agents.enter(agent, AgentState.PAUSED, now.s, reason="did not answer"), now)
    if call is not None and call.state is CallState.CONNECTING:
        floor.calls[call.attempt_id] = call = replace(call, state=CallState.ANSWERED, agent_id=None)
        connecting.serve(floor, call, now)
    elif call is not None and call.answered_s is None:
        cancel(floor, agent)


def _gone(floor: FloorState, agent: Agent, now: Moment) -> None:
    if agent.nailed_up and agent.state is not AgentState.OFFLINE:
        floor.put_agent(agents.enter(agent, AgentState.OFFLINE, now.s, reason="hung up"), now)


def cancel(floor: FloorState, agent: Agent) -> None:
    """Give up the unanswered call that this agent alone would have taken."""
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id is not None else None
    if call is not None and call.answered_s is None:
        floor.calls[call.attempt_id] = call = replace(call, cancelled=True)
        connecting.give_up(floor, call, "agent gone")


def hang_up_customer(floor: FloorState, agent: Agent) -> None:
    """`*0`: the customer goes, the agent stays."""
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id is not None else None
    if call is None or agent.state not in (AgentState.TALKING, AgentState.RESERVED):
        return
    cancelled = call.answered_s is None
    floor.calls[call.attempt_id] = call = replace(call, hung_up_by_us=True, cancelled=cancelled)
    connecting.give_up(floor, call, "agent dropped the customer")


def wish_ready(floor: FloorState, agent: Agent, now: Moment) -> None:
    """`*2`: from a pause at once; during a call it takes back a pause that was asked for."""
    if agent.state is AgentState.PAUSED:
        floor.put_agent(agents.enter(agent, AgentState.READY, now.s), now)
        say(floor, floor.agents[agent.settings.id], Prompt.READY)
    elif agent.state in (AgentState.TALKING, AgentState.WRAP_UP, AgentState.RESERVED):
        floor.agents[agent.settings.id] = replace(agent, pause_wish="", logout_wish=False)
    else:
        say(floor, agent, Prompt.READY)


def wish_pause(floor: FloorState, agent: Agent, reason: str, now: Moment) -> None:
    """`*1`: at once when no call is at hand, else after it."""
    match agent.state:
        case AgentState.READY | AgentState.PREVIEWING:
            if agent.state is AgentState.PREVIEWING:
                previewing.skip(floor, agent, now, "the agent paused")
                agent = floor.agents[agent.settings.id]
            floor.put_agent(agents.enter(agent, AgentState.PAUSED, now.s, reason=reason), now)
            say(floor, floor.agents[agent.settings.id], Prompt.PAUSED)
        case AgentState.TALKING | AgentState.WRAP_UP | AgentState.RESERVED:
            floor.agents[agent.settings.id] = replace(agent, pause_wish=reason)
        case _:
            pass


def told(floor: FloorState, fact: AgentTold, now: Moment) -> None:
    """A wish that came by CLI or API."""
    agent = floor.agents.get(fact.agent_id)
    if agent is None:
        refuse(floor, fact.agent_id, f"no agent is called {fact.agent_id}; see `dialer agent list`")
        return
    offline = agent.state is AgentState.OFFLINE
    match fact.wish:
        case "login" if offline:
            _login(floor, agent, now)
        case "login":
            refuse(floor, fact.agent_id, f"{fact.agent_id} is logged in already ({agent.state})")
        case _ if offline:
            refuse(floor, fact.agent_id, f"{fact.agent_id} is not logged in")
        case "logout":
            _logout(floor, agent, now)
        case "ready":
            wish_ready(floor, agent, now)
        case "pause":
            wish_pause(floor, agent, fact.reason or "paused", now)
        case "hang_up":
            hang_up_customer(floor, agent)
        case "accept" if agent.state is AgentState.PREVIEWING:
            previewing.accept(floor, agent, now)
        case "skip" if agent.state is AgentState.PREVIEWING:
            previewing.skip(floor, agent, now, "skipped by the agent")
        case _:
            refuse(floor, fact.agent_id, f"{fact.agent_id} is {agent.state}: nothing to {fact.wish}")


def _login(floor: FloorState, agent: Agent, now: Moment) -> None:
    if not agent.nailed_up:
        floor.put_agent(agents.enter(agent, AgentState.READY, now.s), now)
        return
    floor.put_agent(agents.enter(agent, AgentState.CALLING_IN, now.s), now)
    floor.emit(
        CallAgent(
            server=agent.settings.server,
            agent_id=agent.settings.id,
            leg_id=ChannelId(f"leg-{floor.run_id}-{agent.settings.id}-{int(now.s * 1000)}"),
            timeout_s=LOGIN_RING_S,
        )
    )
    floor.wake(now.s + LOGIN_RING_S, "agent_ring", agent.settings.id)


def _logout(floor: FloorState, agent: Agent, now: Moment) -> None:
    if agent.state in (AgentState.TALKING, AgentState.WRAP_UP, AgentState.RESERVED):
        floor.agents[agent.settings.id] = replace(agent, logout_wish=True)
        return
    if agent.state is AgentState.PREVIEWING:
        previewing.skip(floor, agent, now, "the agent logged out")
        agent = floor.agents[agent.settings.id]
    if agent.leg is not None:
        floor.emit(hang_up_leg(agent, "logged out"))
    floor.put_agent(agents.enter(agent, AgentState.OFFLINE, now.s), now)


def disposition_told(floor: FloorState, fact: DispositionTold, now: Moment) -> None:
    """A disposition that came by CLI or API."""
    agent = floor.agents.get(fact.agent_id)
    if agent is None or agent.state is not AgentState.WRAP_UP or agent.campaign is None:
        refuse(floor, fact.agent_id, f"{fact.agent_id} has no conversation to dispose of")
        return
    settings = floor.known[agent.campaign]
    found = find(settings, fact.code)
    if found is None:
        allowed = ", ".join(entry.code for entry in settings.dispositions)
        refuse(floor, fact.agent_id, f"{fact.code} is not a disposition of {settings.name}; use {allowed}")
    elif found.asks is Asks.PROMISE and fact.promise is None:
        refuse(floor, fact.agent_id, f"{fact.code} needs an amount and a date")
    elif found.asks is Asks.CALLBACK and fact.callback_at is None:
        refuse(floor, fact.agent_id, f"{fact.code} needs the moment to call back")
    else:
        dispose(
            floor,
            agent,
            found.code,
            now,
            by="cli",
            promise=fact.promise,
            callback_at=fact.callback_at,
            note=fact.note,
        )


def refuse(floor: FloorState, who: str, message: str) -> None:
    """Answer a wish with a no that the asker can show."""
    floor.report("request.refused", "error", who=who, message=message)
