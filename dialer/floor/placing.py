"""The one path to the wire: a lead, a permit, a trunk, then the attempt and the Originate, in this order.

`place` is the only function that emits `Originate`, whatever the mode and whoever asked.
"""

from __future__ import annotations

from datetime import timedelta

from dialer.calls import Call
from dialer.compliance import gate, ringing
from dialer.effects import Originate, Permit, ReleaseLease, SaveAttempt, SaveRefusal
from dialer.floor import learning, ringing_out
from dialer.floor.routing import kind_of
from dialer.floor.state import CampaignRun, FloorState, Moment, TrunkLoad
from dialer.leads import Lead
from dialer.masking import mask_name, mask_number
from dialer.settings import CampaignSettings
from dialer.types import AgentId, AttemptId, ServerName
from dialer.values import make

OVERDUE_GRACE_S = 5.0
"""This much after a call that nobody answers must have ended, we ask what became of it."""
WAIT_MARGIN_S = 0.1
"""The dialplan begins the message this much before the legal wait is over."""
GREETING_SILENCE_S = 0.8
"""Machine detection says `human` this long after the greeting (after_greeting_silence of amd.conf)."""
SHORTEST_WAIT_S = 0.2


def place(
    floor: FloorState,
    run: CampaignRun,
    lead: Lead,
    server: ServerName,
    now: Moment,
    *,
    for_agent: AgentId | None = None,
) -> bool:
    """Dial one lead, if the gate gives a permit and a trunk has room.

    Args:
        floor: the floor.
        run: the campaign on whose behalf.
        lead: whom; it must be leased.
        server: the server whose agents will talk.
        now: the moment.
        for_agent: preview: the one agent who will take it.

    Returns:
        True when a call was placed. Else the lead is back on the shelf (no trunk) or back in the store (refused).
    """
    load = trunk_with_room(floor, run, server, now)
    if load is None:
        kind = kind_of(floor, run.settings, lead)
        if kind is None:
            run.leads.appendleft(lead)
        else:
            run.picky.appendleft(lead, kind)
        return False
    if _is_being_called(floor, lead):
        until_at = now.at + timedelta(seconds=run.settings.rules.min_gap_s)
        floor.emit(ReleaseLease(account_id=lead.account_id, not_before_at=until_at, reason="is being called already"))
        floor.unsettle(run.settings.name)
        return False
    match gate.check(lead, run.settings.rules, run.settings.name, now.at, reserved=for_agent is not None):
        case Permit() as permit:
            _originate(floor, run, lead, permit, load, now, for_agent)
            return True
        case refusal:
            run.refusals[refusal.rule] = run.refusals.get(refusal.rule, 0) + 1
            floor.emit(
                SaveRefusal(
                    campaign=run.settings.name,
                    lead=lead,
                    at=now.at,
                    rule=refusal.rule,
                    reason=refusal.reason_en,
                    until_at=refusal.until_at,
                    profile=refusal.profile,
                    cite=refusal.cite,
                    counters=refusal.counters,
                    stamps=refusal.stamps,
                ),
                ReleaseLease(account_id=lead.account_id, not_before_at=refusal.until_at, reason=refusal.reason_en),
            )
            floor.unsettle(run.settings.name)
            return False


def _is_being_called(floor: FloorState, lead: Lead) -> bool:
    """Nobody is called twice at a time, whatever the store hands out; what the lead counts is out of date then too."""
    return floor.calls.to_debtor(lead.debtor_id) or floor.wraps.of_debtor(lead.debtor_id)


def _originate(
    floor: FloorState,
    run: CampaignRun,
    lead: Lead,
    permit: Permit,
    load: TrunkLoad,
    now: Moment,
    for_agent: AgentId | None,
) -> None:
    floor.attempts += 1
    settings, trunk = run.settings, load.settings
    call = make(
        Call,
        attempt_id=AttemptId(f"att-{floor.run_id}-{floor.attempts:06d}"),
        campaign=settings.name,
        lead=lead,
        server=trunk.server,
        trunk=trunk.name,
        placed_s=now.s,
        placed_at=now.at,
        ring_timeout_s=max(settings.ring_timeout_s, settings.rules.min_ring_s),
        for_agent=for_agent,
    )
    caller_id = _caller_id(load)
    floor.calls[call.attempt_id] = call
    load.in_use += 1
    load.placed_s.append(now.s)
    run.placed_s.append(now.s)
    run.tally.dialled += 1
    learning.placed(floor, run, call, now)
    floor.emit(
        SaveAttempt(
            attempt_id=call.attempt_id,
            campaign=call.campaign,
            lead=lead,
            server=call.server,
            trunk=call.trunk,
            caller_id=caller_id,
            permit_rules=permit.rules,
            at=now.at,
            good_until_at=permit.expires_at,
        ),
        Originate(
            permit=permit,
            attempt_id=call.attempt_id,
            server=call.server,
            trunk=call.trunk,
            caller_id=caller_id,
            display_name=f"{mask_name(lead.debtor_name)} {lead.account_no[-4:]}",
            display_number=mask_number(lead.number),
            ring_timeout_s=call.ring_timeout_s,
            dial_timeout_s=ringing.longest_s(settings.rules, call.ring_timeout_s),
            wait_s=_wait_s(settings),
            message=settings.messages.abandoned,
            detect_machines=settings.detect_machines,
            record=settings.record,
        ),
    )
    floor.wake(now.s + call.ring_timeout_s + ringing_out.AFTER_S, "ring_out", call.attempt_id)
    floor.wake(now.s + call.ring_timeout_s + OVERDUE_GRACE_S, "overdue", call.attempt_id)


def _wait_s(settings: CampaignSettings) -> float:
    """How long the dialplan waits for an agent, from the answer or, with machine detection, from its verdict.

    With detection the legal wait counts from the end of the greeting, some of which is over at the verdict.
    Source: 16 CFR 310.4(b)(1)(iv), "within two seconds of the person's completed greeting".
    """
    spent_s = WAIT_MARGIN_S + (GREETING_SILENCE_S if settings.detect_machines else 0.0)
    return max(SHORTEST_WAIT_S, settings.rules.legal_wait_s - spent_s)


def trunk_with_room(floor: FloorState, run: CampaignRun, server: ServerName, now: Moment) -> TrunkLoad | None:
    """The trunk with the most room, or None when none may start a call now."""
    loads = [floor.trunks[name] for name in run.settings.trunks]
    open_loads = [load for load in loads if load.settings.server == server and load.may_start(now.s) > 0]
    if len(open_loads) < 2:
        return open_loads[0] if open_loads else None
    return min(open_loads, key=lambda load: load.in_use / load.settings.channels)


def _caller_id(load: TrunkLoad) -> str:
    """Turn by turn; rotation resets no cap, because no cap is keyed by caller ID."""
    if not load.settings.caller_ids:
        return ""
    load.next_caller_id = (load.next_caller_id + 1) % len(load.settings.caller_ids)
    return load.settings.caller_ids[load.next_caller_id]
