"""The end of a call: the outcome, the ledger, the account, one canonical line in the log."""

from __future__ import annotations

from dialer import calls
from dialer.calling_rules import CallingRules, Origin
from dialer.calls import Call
from dialer.compliance import abandonment, ringing
from dialer.effects import CloseAttempt, ReleaseLease, SaveCampaignState
from dialer.floor import learning, previewing
from dialer.floor.state import CampaignRun, FloorState, Moment
from dialer.floor.wrapping import conclude_by_default, conclude_unattended, conversation_ended, go_on
from dialer.masking import mask_account, mask_number
from dialer.types import AgentState, CampaignState, Outcome
from dialer.values import replace

ANSWERED_BY_A_PERSON = frozenset({Outcome.BRIDGED, Outcome.ABANDONED, Outcome.EARLY_HANGUP})
SAYS_NOTHING = frozenset({Outcome.TRUNK_FAILED, Outcome.CANCELLED, Outcome.UNKNOWN, Outcome.ENGINE_ERROR})
"""Ends that tell nothing of how readily the people on the list answer."""


def close(floor: FloorState, call: Call, now: Moment) -> None:
    """Close a call whose channel is gone (or never was).

    Args:
        floor: the floor.
        call: in state `closed`, with all its milestones.
        now: the moment.
    """
    if _still_talking(floor, call):
        conversation_ended(floor, call, now)
    floor.calls.pop(call.attempt_id, None)
    settings = floor.known[call.campaign]
    outcome = calls.outcome(call, settings.rules.legal_wait_s)
    _free_channel(floor, call, outcome, now)
    free_reserved_agent(floor, call, now)
    written = _close_attempt(call, outcome, now, recorded=settings.record)
    floor.emit(written)
    _learn(floor, call, outcome, now)
    _tell_short_ring(floor, call, outcome, settings.rules)
    if call.bridged_s is None:
        conclude_unattended(floor, call, outcome, now)
    elif not call.disposed and call.attempt_id not in floor.wraps:
        conclude_by_default(floor, call, now, "cut short, and no other agent came")
    floor.report(
        "call.closed",
        attempt=call.attempt_id,
        campaign=call.campaign,
        account=mask_account(call.lead.account_no),
        number=mask_number(call.lead.number),
        trunk=call.trunk,
        outcome=outcome,
        agent=call.talked_with,
        cause=call.cause,
        sip_code=call.sip_code,
        ringing_s=written.ringing_s,
        answered_s=written.answered_s,
        bridged_s=written.bridged_s,
        talk_s=written.talk_s,
        ended_s=written.ended_s,
        connect_ms=written.connect_ms,
        detail=written.detail,
    )


def _tell_short_ring(floor: FloorState, call: Call, outcome: Outcome, rules: CallingRules) -> None:
    """What breaks a rule is told, whoever did it."""
    ended_s = call.ended_s
    timed_out = ended_s is not None and ended_s - call.placed_s >= call.ring_timeout_s
    gave_up = outcome is Outcome.CANCELLED or call.ring_cut or timed_out
    if ringing.cut_short(rules, outcome, rang_s=call.rang_s, ended_s=ended_s, gave_up=gave_up):
        source = rules.sources.get("min_ring", Origin(id="min_ring"))
        rang_for_s = round((ended_s or 0.0) - (call.rang_s or 0.0), 3)
        floor.report(
            "rule.violated",
            "warning",
            rule=str(source),
            attempt=call.attempt_id,
            rang_for_s=rang_for_s,
            min_ring_s=rules.min_ring_s,
        )


def _free_channel(floor: FloorState, call: Call, outcome: Outcome, now: Moment) -> None:
    load = floor.trunks.get(call.trunk)
    rest_s = load.call_ended(outcome, now.s) if load is not None else 0.0
    if rest_s:
        floor.report("trunk.rests", "warning", trunk=call.trunk, rest_s=rest_s, outcome=outcome)
        floor.wake(now.s + rest_s, "pace", "")


def _still_talking(floor: FloorState, call: Call) -> bool:
    agent = floor.agents.get(call.agent_id) if call.agent_id is not None else None
    return agent is not None and agent.state is AgentState.TALKING and agent.attempt_id == call.attempt_id


def free_reserved_agent(floor: FloorState, call: Call, now: Moment) -> None:
    """The customer left before the bridge: the agent is free again and keeps the place in the line."""
    agent_id = call.agent_id or call.for_agent
    agent = floor.agents.get(agent_id) if agent_id is not None else None
    if agent is None or agent.state is not AgentState.RESERVED or agent.attempt_id != call.attempt_id:
        return
    go_on(floor, agent, now, "the customer has gone")
    freed = floor.agents[agent.settings.id]
    floor.agents[agent.settings.id] = replace(freed, idle_since_s=agent.idle_since_s)


def _first_of(one_s: float | None, other_s: float | None) -> float | None:
    return other_s if one_s is None else one_s


def _close_attempt(call: Call, outcome: Outcome, now: Moment, *, recorded: bool) -> CloseAttempt:
    def since_placed(moment_s: float | None) -> float | None:
        return None if moment_s is None else round(moment_s - call.placed_s, 6)

    talked = call.bridged_s is not None
    # The message is no waiting: it begins when waiting has ended.
    wait_end_s = call.bridged_s if talked else _first_of(call.unserved_s, call.ended_s)
    wait_s = (
        round(wait_end_s - call.answered_s, 6)
        if call.answered_s is not None and wait_end_s is not None and not call.adopted
        else None
    )
    return CloseAttempt(
        attempt_id=call.attempt_id,
        at=now.at,
        outcome=outcome,
        cause=call.cause,
        sip_code=call.sip_code,
        agent_id=call.talked_with,
        ringing_s=since_placed(call.rang_s),
        answered_s=since_placed(call.answered_s),
        bridged_s=since_placed(call.bridged_s),
        talk_s=round((call.talk_ended_s or now.s) - call.bridged_s, 6) if call.bridged_s is not None else None,
        ended_s=since_placed(call.ended_s),
        wait_s=wait_s,
        connect_ms=round(wait_s * 1000, 3) if talked and wait_s is not None else None,
        abandoned=outcome is Outcome.ABANDONED,
        message_played=call.message_played,
        recording=call.attempt_id if talked and recorded else "",
        detail=call.refused,
    )


def _learn(floor: FloorState, call: Call, outcome: Outcome, now: Moment) -> None:
    run = floor.campaigns.get(call.campaign)
    if run is None:
        return
    person = outcome in ANSWERED_BY_A_PERSON
    tally = run.tally
    tally.outcomes[outcome] = tally.outcomes.get(outcome, 0) + 1
    tally.answered += person
    tally.bridged += outcome is Outcome.BRIDGED
    tally.abandoned += outcome is Outcome.ABANDONED
    if not call.ring_learned and outcome not in SAYS_NOTHING:
        learning.ring_ended(floor, call, now, answered=person)
    if outcome in abandonment.ONE_OF:
        learning.answer_ended(floor, call, now, outcome)
    learning.forget(run, call.attempt_id)


def finish_if_done(floor: FloorState, run: CampaignRun, now: Moment) -> None:
    """A campaign ends when it was stopped and its last call is over, or when its list has nothing left at all."""
    name = run.settings.name
    if floor.calls.of_campaign(name) or floor.wraps.of_campaign(name):
        return
    if any(floor.agents[agent_id].campaign == name for agent_id in floor.offers):
        return
    if run.state is CampaignState.STOPPING:
        set_state(floor, run, CampaignState.STOPPED, "stopped", now)
    elif run.exhausted and run.waiting == 0 and not run.leads and not run.picky and not run.leasing:
        set_state(floor, run, CampaignState.FINISHED, "the list has nothing left", now)


def set_state(floor: FloorState, run: CampaignRun, state: CampaignState, reason: str, now: Moment) -> None:
    """Move a campaign into a state; leads in hand go back to the store when it no longer dials."""
    run.state = state
    if state is not CampaignState.RUNNING:
        run.undecided = run.idle_reason = ""
        run.owed.clear()
        previewing.withdraw(floor, run, now, f"campaign is {state}")
        return_leads(floor, run, reason)
    floor.emit(SaveCampaignState(campaign=run.settings.name, state=state, at=now.at, reason=reason))
    floor.report(f"campaign.{state}", campaign=run.settings.name, reason=reason)


def return_leads(floor: FloorState, run: CampaignRun, reason: str) -> None:
    """Give back every lead that was leased and not dialled."""
    for lead in (*run.leads, *run.picky):
        floor.emit(ReleaseLease(account_id=lead.account_id, reason=reason))
    run.leads.clear()
    run.picky.clear()
