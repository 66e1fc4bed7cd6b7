"""An agent's shift: logging in, pausing, ready again, logging out, and a phone that is suddenly gone."""

from __future__ import annotations

from dialer import agents
from dialer.agents import Agent, Leg
from dialer.effects import HangUp
from dialer.facts import AgentLegUp, AgentTold, ChannelEnded, DispositionTold
from dialer.floor import absent, connecting, legs, previewing, ringing_out
from dialer.floor.prompts import Prompt
from dialer.floor.state import FloorState, Moment
from dialer.floor.wrapping import conversation_ended, dispose, find, go_on, let_go, offer_again, say
from dialer.types import AgentState, Asks, CallState
from dialer.values import replace

NORMAL_CLEARING = 16
LOGIN_RING_S = 30.0


def leg_up(floor: FloorState, fact: AgentLegUp, now: Moment) -> None:
    """A phone is on the line: a shift begins, or the phone that was called for a call has been picked up."""
    agent = floor.agents.get(fact.agent_id)
    refusal = _refusal(floor, agent, fact)
    if agent is None or refusal:
        floor.report("agent.leg_refused", "warning", agent=fact.agent_id, reason=refusal)
        floor.emit(HangUp(server=fact.server, channel_id=fact.channel_id, reason=refusal))
        return
    if agent.leg is not None and agent.leg.channel_id == fact.channel_id:
        return
    if agent.leg is not None:
        floor.report("agent.second_leg", "warning", agent=fact.agent_id)
    called = floor.called.pop(fact.channel_id, None) is not None
    legs.end(floor, agent, "logged in from another phone")
    floor.add_leg(fact.agent_id, Leg(channel_id=fact.channel_id, channel=fact.channel))
    agent = floor.agents[fact.agent_id]
    match agent.state:
        case AgentState.OFFLINE | AgentState.CALLING_IN if absent.resume(floor, agent, now):
            pass
        case AgentState.OFFLINE | AgentState.CALLING_IN:
            floor.put_agent(agents.enter(agent, AgentState.READY, now.s), now)
            say(floor, floor.agents[fact.agent_id], Prompt.LOGIN)
        case AgentState.RESERVED:
            _bridge_now(floor, agent, now)
        case AgentState.PREVIEWING if called:
            previewing.accept(floor, agent, now)
        case AgentState.TALKING:
            _came_back(floor, agent, now)
        case _:
            pass


def _came_back(floor: FloorState, agent: Agent, now: Moment) -> None:
    """A phone died in a conversation and is back before anybody noticed: the customer is offered again, also to it."""
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id is not None else None
    if call is None or call.state is not CallState.TALKING:
        return
    conversation_ended(floor, call, now)
    del floor.wraps[call.attempt_id]
    floor.calls[call.attempt_id] = replace(floor.calls[call.attempt_id], agent_lost=True)
    go_on(floor, floor.agents[agent.settings.id], now, "the phone came back")


def _refusal(floor: FloorState, agent: Agent | None, fact: AgentLegUp) -> str:
    """Why a phone may not take part; empty: it may."""
    if agent is None or fact.agent_id in floor.leaving:
        return "unknown agent"
    if fact.server != agent.settings.server:
        return f"{fact.agent_id} belongs to {agent.settings.server}"
    # A phone that rang for one call and was picked up when that call had gone.
    too_late = fact.channel_id.startswith("leg-") and fact.channel_id not in floor.called
    known = agent.leg is not None and agent.leg.channel_id == fact.channel_id
    return "picked up too late" if too_late and not known and not agent.nailed_up else ""


def _bridge_now(floor: FloorState, agent: Agent, now: Moment) -> None:
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id is not None else None
    if call is not None and call.state is CallState.CONNECTING:
        floor.calls[call.attempt_id] = call = replace(call, connect_asked_s=now.s)
        connecting.ask_bridge(floor, call, agent)
        floor.wake(now.s + connecting.CONNECT_LIMIT_S, "connect", call.attempt_id)


def leg_ended(floor: FloorState, agent: Agent, fact: ChannelEnded, now: Moment) -> None:
    """An agent's phone is off the line."""
    floor.drop_leg(agent)
    floor.agents[agent.settings.id] = agent = replace(agent, leg=None)
    match agent.state:
        case AgentState.TALKING | AgentState.WRAP_UP:
            _lost_in_call(floor, agent, fact, now)
            absent.leave(floor, agent.settings.id, now)
        case AgentState.RESERVED if agent.nailed_up:
            connecting.set_aside(floor, agent, AgentState.OFFLINE, "phone lost", now)
        case AgentState.RESERVED:
            connecting.set_aside(floor, agent, AgentState.PAUSED, "did not answer", now)
        case AgentState.PREVIEWING:
            previewing.skip(floor, agent, now, "the phone hung up")
            _gone(floor, floor.agents[agent.settings.id], now)
        case _:
            _gone(floor, agent, now)


def _lost_in_call(floor: FloorState, agent: Agent, fact: ChannelEnded, now: Moment) -> None:
    """A phone that hung up ended its call on purpose, so the customer goes too; any other end did not."""
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id is not None else None
    if call is None:
        return
    if call.state is CallState.TALKING:
        conversation_ended(floor, call, now)
        call = floor.calls[call.attempt_id]
    if fact.cause == NORMAL_CLEARING:
        let_go(floor, call, "the agent hung up")
        return
    floor.report("agent.leg_lost", "warning", agent=agent.settings.id, cause=fact.cause)
    floor.calls[call.attempt_id] = replace(call, agent_lost=True)
    offer_again(floor, call.attempt_id)


def _gone(floor: FloorState, agent: Agent, now: Moment) -> None:
    if agent.nailed_up and agent.state not in (AgentState.OFFLINE, AgentState.CALLING_IN):
        floor.put_agent(agents.enter(agent, AgentState.OFFLINE, now.s, reason="hung up"), now)


def hang_up_customer(floor: FloorState, agent: Agent, now: Moment) -> None:
    """`*0`: the customer goes, the agent stays."""
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id is not None else None
    if call is None or agent.state not in (AgentState.TALKING, AgentState.RESERVED) or call.hung_up_by_us:
        return
    floor.calls[call.attempt_id] = call = replace(call, hung_up_by_us=True, cancelled=call.answered_s is None)
    ringing_out.give_up(floor, call, "agent dropped the customer", now)


def wish_ready(floor: FloorState, agent: Agent, now: Moment) -> None:
    """`*2`: from a pause at once; during a call it takes back a pause that was asked for."""
    if agent.state is AgentState.PAUSED:
        floor.put_agent(agents.enter(agent, AgentState.READY, now.s), now)
        say(floor, floor.agents[agent.settings.id], Prompt.READY)
    elif agent.state in (AgentState.TALKING, AgentState.WRAP_UP, AgentState.RESERVED):
        floor.agents[agent.settings.id] = replace(agent, pause_wish="", logout_wish=agent.settings.id in floor.leaving)
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
            hang_up_customer(floor, agent, now)
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
    legs.call(floor, agent, now, timeout_s=LOGIN_RING_S)


def _logout(floor: FloorState, agent: Agent, now: Moment) -> None:
    if agent.state in (AgentState.TALKING, AgentState.WRAP_UP, AgentState.RESERVED):
        floor.agents[agent.settings.id] = replace(agent, logout_wish=True)
        return
    if agent.state is AgentState.PREVIEWING:
        previewing.skip(floor, agent, now, "the agent logged out")
        agent = floor.agents[agent.settings.id]
    agent = legs.end(floor, agent, "logged out")
    floor.put_agent(agents.enter(agent, AgentState.OFFLINE, now.s), now)


def dismiss(floor: FloorState, now: Moment) -> None:
    """A reload took agents out of the settings: each goes when no call is at hand."""
    remaining = {entry.id for entry in floor.settings.agents}
    floor.leaving = {agent_id for agent_id in floor.agents if agent_id not in remaining}
    for agent_id in sorted(floor.leaving):
        if floor.agents[agent_id].state is not AgentState.OFFLINE:
            _logout(floor, floor.agents[agent_id], now)
    forget_the_gone(floor)


def forget_the_gone(floor: FloorState) -> None:
    """Strike agents off who have left and were taken out of the settings."""
    if not floor.leaving:
        return
    for agent_id in sorted(floor.leaving):
        agent = floor.agents[agent_id]
        if agent.state is AgentState.OFFLINE and agent.leg is None:
            del floor.agents[agent_id]
            floor.leaving.discard(agent_id)


def disposition_told(floor: FloorState, fact: DispositionTold, now: Moment) -> None:
    """A disposition that came by CLI or API."""
    agent = floor.agents.get(fact.agent_id)
    if agent is not None and absent.resume(floor, agent, now):  # without a phone, but with something to conclude
        agent = floor.agents[fact.agent_id]
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
    absent.leave(floor, fact.agent_id, now)  # refused, and still without a phone


def refuse(floor: FloorState, who: str, message: str) -> None:
    """Answer a wish with a no that the asker can show."""
    floor.report("request.refused", "error", who=who, message=message)
