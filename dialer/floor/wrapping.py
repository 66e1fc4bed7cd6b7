"""After the conversation: wrap-up, the disposition, and what happens next to the account."""

from __future__ import annotations

from datetime import datetime

from dialer import agents, calls
from dialer.agents import Agent
from dialer.calls import Call
from dialer.campaigns import assignment
from dialer.effects import HangUp, SaveDisposition, Say
from dialer.floor import legs
from dialer.floor.books import Wrap
from dialer.floor.prompts import Prompt, sound
from dialer.floor.state import FloorState, Moment
from dialer.leads import Promise
from dialer.settings import CampaignSettings, DispositionSettings
from dialer.types import AgentId, AgentState, AttemptId, CallState, ChannelId, DispositionCode, Outcome
from dialer.values import replace

RELEASE_GRACE_S = 0.3
"""A customer left alone this long after the conversation is hung up on; time to learn why the agent left."""


def conversation_ended(floor: FloorState, call: Call, now: Moment) -> None:
    """The parties are apart: the agent wraps up, the customer's channel is on its way out."""
    agent_id = call.agent_id
    if agent_id is None:
        return
    first_time = call.attempt_id not in floor.wraps
    floor.calls[call.attempt_id] = call = calls.released(call, now.s)
    floor.wraps[call.attempt_id] = Wrap(call=call, agent_id=agent_id)
    floor.note(call, now, "call.talk_ended")
    floor.wake(now.s + RELEASE_GRACE_S, "released", call.attempt_id)
    settings = floor.known[call.campaign]
    run = floor.campaigns.get(call.campaign)
    if run is not None and first_time and call.bridged_s is not None:
        run.estimates.talk.observe(now.s - call.bridged_s)
    agent = agents.enter(
        floor.agents[agent_id],
        AgentState.WRAP_UP,
        now.s,
        attempt_id=call.attempt_id,
        campaign=call.campaign,
    )
    floor.put_agent(agent, now)
    say(floor, agent, Prompt.WRAP_UP)
    floor.wake(now.s + settings.wrap_up_limit_s, "wrap_up", agent.settings.id)


def say(floor: FloorState, agent: Agent, *prompts: str) -> None:
    """Play prompts to an agent who is on the line and not talking."""
    if agent.leg is not None and agent.state not in (AgentState.TALKING, AgentState.RESERVED):
        sounds = tuple(sound(prompt, agent.settings.language) for prompt in prompts)
        floor.emit(Say(server=agent.settings.server, channel=agent.leg.channel, sounds=sounds))


def find(settings: CampaignSettings, code: str) -> DispositionSettings | None:
    """The campaign's disposition of this code."""
    return next((entry for entry in settings.dispositions if entry.code == code), None)


def dispose(
    floor: FloorState,
    agent: Agent,
    code: DispositionCode,
    now: Moment,
    *,
    by: str,
    promise: Promise | None = None,
    callback_at: datetime | None = None,
    note: str = "",
) -> None:
    """Conclude the conversation that an agent is wrapping up, and let the agent go on.

    Args:
        floor: the floor.
        agent: in wrap-up.
        code: one of the campaign's dispositions.
        now: the moment.
        by: `dtmf`, `cli` or `default`.
        promise: what was promised, for dispositions that ask for it.
        callback_at: when the debtor wants to be called back.
        note: free text.
    """
    wrap = floor.wraps.pop(agent.attempt_id or AttemptId(""), None)
    if wrap is None:
        go_on(floor, agent, now)
        return
    call, settings = wrap.call, floor.known[wrap.call.campaign]
    wrap_up_s = now.s - agent.since_s
    _save(floor, call, settings, code, now, agent.settings.id, by, promise, callback_at, note, wrap_up_s)
    run = floor.campaigns.get(call.campaign)
    if run is not None:
        run.estimates.wrap_up.observe(wrap_up_s)
        run.tally.dispositions[code] = run.tally.dispositions.get(code, 0) + 1
        if promise is not None:
            run.tally.promises += 1
            run.tally.promised += promise.amount
    go_on(floor, agent, now)


def conclude_unattended(floor: FloorState, call: Call, outcome: Outcome, now: Moment) -> None:
    """A call that no agent talked on: the outcome alone says what happens next to the account."""
    _save(floor, call, floor.known[call.campaign], None, now, None, "rule", outcome=outcome)


def conclude_by_default(floor: FloorState, call: Call, now: Moment, note: str) -> None:
    """A conversation that nobody is left to wrap up: the campaign's default disposition."""
    settings = floor.known[call.campaign]
    _save(floor, call, settings, settings.default_disposition, now, call.talked_with, "default", note=note)


def _save(
    floor: FloorState,
    call: Call,
    settings: CampaignSettings,
    code: DispositionCode | None,
    now: Moment,
    agent_id: AgentId | None,
    by: str,
    promise: Promise | None = None,
    callback_at: datetime | None = None,
    note: str = "",
    wrap_up_s: float | None = None,
    outcome: Outcome = Outcome.BRIDGED,
) -> None:
    disposition = find(settings, code) if code is not None else None
    if call.attempt_id in floor.calls:
        floor.calls[call.attempt_id] = replace(floor.calls[call.attempt_id], disposed=True)
    floor.unsettle(call.campaign)
    talk_s = (call.talk_ended_s or now.s) - call.bridged_s if call.bridged_s is not None else 0.0
    facts = assignment.CallFacts(
        lead=call.lead,
        outcome=outcome,
        disposition=disposition,
        promise=promise,
        callback_at=callback_at,
        agent_id=agent_id,
        talk_s=talk_s,
    )
    floor.emit(
        SaveDisposition(
            attempt_id=call.attempt_id,
            campaign=call.campaign,
            lead=call.lead,
            at=now.at,
            agent_id=agent_id,
            code=code,
            outcome=outcome,
            by=by,
            stop=disposition.stop if disposition is not None else None,
            conversation=disposition.conversation if disposition is not None else False,
            right_party=disposition.right_party if disposition is not None else False,
            promise=promise,
            note=note,
            wrap_up_s=wrap_up_s,
            next_step=assignment.next_step(settings, facts, now.at),
        )
    )


def go_on(floor: FloorState, agent: Agent, now: Moment, reason: str = "wrapped up") -> None:
    """An agent belongs to no call any more: ready again, or the pause or log-out that was asked for meanwhile."""
    if agent.logout_wish or not agent.nailed_up:
        agent = legs.end(floor, agent, "logged out" if agent.logout_wish else reason)
    floor.put_agent(go_on_as_wished(agent, now), now)


def go_on_as_wished(agent: Agent, now: Moment) -> Agent:
    """An agent who belongs to no call any more: offline, paused or ready, as asked for during the call."""
    if agent.logout_wish or (agent.nailed_up and agent.leg is None):
        agent = agents.enter(agent, AgentState.OFFLINE, now.s)
    elif agent.pause_wish:
        agent = agents.enter(agent, AgentState.PAUSED, now.s, reason=agent.pause_wish)
    else:
        agent = agents.enter(agent, AgentState.READY, now.s)
    return replace(agent, pause_wish="", logout_wish=False)


def wrap_up_overdue(floor: FloorState, agent_id: AgentId, now: Moment) -> None:
    """Alarm: the wrap-up limit is over; the campaign's default disposition is applied."""
    agent = floor.agents.get(agent_id)
    if agent is None or agent.state is not AgentState.WRAP_UP or agent.campaign is None:
        return
    settings = floor.known[agent.campaign]
    due_s = agent.since_s + settings.wrap_up_limit_s
    if now.s < due_s:
        floor.wake(due_s, "wrap_up", agent_id)
        return
    dispose(floor, agent, settings.default_disposition, now, by="default")
    say(floor, floor.agents[agent_id], Prompt.SAVED)


def released_overdue(floor: FloorState, attempt_id: AttemptId, now: Moment) -> None:
    """Alarm: a customer is still on the line after the conversation."""
    call = floor.calls.get(attempt_id)
    if call is None or call.talk_ended_s is None or call.state is not CallState.RELEASED:
        return
    if now.s < call.talk_ended_s + RELEASE_GRACE_S:
        floor.wake(call.talk_ended_s + RELEASE_GRACE_S, "released", attempt_id)
    elif not call.agent_lost:
        let_go(floor, call, "conversation over")


def let_go(floor: FloorState, call: Call, reason: str) -> None:
    """Hang up on a customer after the conversation, once."""
    if not call.hung_up_by_us:
        floor.calls[call.attempt_id] = replace(call, hung_up_by_us=True)
        floor.emit(HangUp(server=call.server, channel_id=ChannelId(call.attempt_id), reason=reason))


def offer_again(floor: FloorState, attempt_id: AttemptId) -> None:
    """A customer whose agent's phone failed waits for the next free agent.

    Both must be known, in whatever order they come: that the phone failed, and that the customer is alone in the
    dialplan, which lets nobody wait longer than it may and plays the message afterwards.
    """
    call = floor.calls.get(attempt_id)
    if call is None or call.state is not CallState.RELEASED or not (call.agent_lost and call.alone):
        return
    if not call.hung_up_by_us and not call.disposed:
        floor.calls[attempt_id] = calls.waiting_again(call)


def hand_over(floor: FloorState, attempt_id: AttemptId, now: Moment) -> None:
    """Another agent takes a conversation that was cut short, and will wrap it up: the first one is done with it."""
    wrap = floor.wraps.pop(attempt_id, None)
    agent = floor.agents.get(wrap.agent_id) if wrap is not None else None
    if agent is None or agent.state is not AgentState.WRAP_UP or agent.attempt_id != attempt_id:
        return
    if agent.leg is not None:
        go_on(floor, agent, now)
        return
    state = AgentState.OFFLINE if agent.nailed_up else AgentState.PAUSED
    agent = agents.enter(agent, state, now.s, reason="phone lost")
    floor.put_agent(replace(agent, pause_wish="", logout_wish=False), now)
