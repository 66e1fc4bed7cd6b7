"""What must not be dialled after all: attempts that the store barred, leads in hand that are stopped or recalled."""

from __future__ import annotations

from collections import deque

from dialer.calls import Call
from dialer.effects import ReleaseLease, SaveRefusal
from dialer.facts import AttemptBarred, LeadsRecalled, StopAdded
from dialer.floor import learning, previewing
from dialer.floor.closing import free_reserved_agent
from dialer.floor.routing import kind_of
from dialer.floor.state import CampaignRun, FloorState, Moment
from dialer.leads import Lead
from dialer.masking import mask_number
from dialer.types import CallState


def attempt_barred(floor: FloorState, fact: AttemptBarred, now: Moment) -> None:
    """A call that was placed here and never left the house: as if it had not been, and the lead goes back.

    Args:
        floor: the floor.
        fact: which attempt, and why.
        now: the moment.
    """
    call = floor.calls.get(fact.attempt_id)
    if call is None or call.state is not CallState.PLACED:
        return
    floor.calls.pop(fact.attempt_id, None)
    _uncount(floor, call)
    free_reserved_agent(floor, call, now)
    lead = call.lead
    floor.emit(
        # With a moment that has come: the record is kept, and the account waits for nothing.
        SaveRefusal(campaign=call.campaign, lead=lead, at=now.at, rule=fact.rule, reason=fact.reason, until_at=now.at),
        ReleaseLease(account_id=lead.account_id, reason=fact.reason),
    )
    floor.unsettle(call.campaign)
    floor.report(
        "call.barred",
        "warning",
        attempt=call.attempt_id,
        account=lead.account_no,
        number=mask_number(lead.number),
        rule=fact.rule,
        reason=fact.reason,
    )
    floor.wake(now.s, "pace", "")


def _uncount(floor: FloorState, call: Call) -> None:
    load = floor.trunks.get(call.trunk)
    if load is not None:
        load.in_use = max(0, load.in_use - 1)
    run = floor.campaigns.get(call.campaign)
    if run is not None:
        run.tally.dialled -= 1
        learning.forget(run, call.attempt_id)


def stop_added(floor: FloorState, fact: StopAdded, now: Moment) -> None:
    """Give back every lead in hand that may not be dialled any more, and every account that an agent is looking at.

    A call that is on its way to the network goes on: whether its attempt may still be committed, the store says.
    """

    def concerned(lead: Lead) -> bool:
        return lead.debtor_id in fact.debtor_ids or lead.phone_id in fact.phone_ids

    withheld = _give_back(floor, concerned, now, f"stop:{fact.flag}")
    floor.report("stop.added", flag=fact.flag, withheld=withheld)


def leads_recalled(floor: FloorState, fact: LeadsRecalled, now: Moment) -> None:
    """Give back every lead in hand of debtors to whom something happened; a call that is under way goes on."""
    withheld = _give_back(floor, lambda lead: lead.debtor_id in fact.debtor_ids, now, fact.reason)
    if withheld:
        floor.report("leads.recalled", reason=fact.reason, withheld=withheld)


def _give_back(floor: FloorState, concerned: previewing.Concerned, now: Moment, reason: str) -> int:
    withheld = sum(_clear_shelves(floor, run, concerned, reason) for run in floor.campaigns.values())
    withheld += previewing.recall(floor, concerned, now, reason)
    floor.wake(now.s, "pace", "")
    return withheld


def _clear_shelves(floor: FloorState, run: CampaignRun, concerned: previewing.Concerned, reason: str) -> int:
    held = [*run.picky, *run.leads]
    stopped = [lead for lead in held if concerned(lead)]
    if not stopped:
        return 0
    picky = [lead for lead in run.picky if not concerned(lead)]
    run.leads = deque(lead for lead in run.leads if not concerned(lead))
    run.picky.clear()
    for lead in picky:
        kind = kind_of(floor, run.settings, lead)
        if kind is None:
            run.leads.append(lead)
        else:
            run.picky.append(lead, kind)
    for lead in stopped:
        floor.emit(ReleaseLease(account_id=lead.account_id, reason=reason))
    floor.unsettle(run.settings.name)
    return len(stopped)
