"""From pacing to calls: ask for leads, decide how many to dial now, and hand them to `placing`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta

from dialer import pacing
from dialer.events import Lead, LeaseLeads, ReleaseLease
from dialer.floor import previewing, routing, sharing
from dialer.floor.closing import finish_if_done, return_leads
from dialer.floor.placing import place, trunk_with_room
from dialer.floor.shelf import Kind
from dialer.floor.state import CampaignRun, FloorState, Moment, next_start_s, starts_left
from dialer.types import AgentId, AgentState, CallState, CampaignState, Mode, ServerName

PICKY_PAUSE_S = 60.0
"""How long surplus leads that only some agents may take stay in the store before they are looked at again."""
SHELF_LIFE_S = 300.0
"""Leads stay in hand no longer than half their lease."""
BUSY_SPELL_S = 0.1
"""Within so long it is decided no more often than `FloorState.paced_s` has room: enough for any floor."""
REPACE_S = 0.25
"""Forecasts change with time alone; decide again at least this often."""
RATE_PAUSE_S = 0.01
"""Calls that a limit per second holds back are placed when it opens, a few together when they are many."""

NOT_ANSWERED = (CallState.PLACED, CallState.RINGING)


def pace(floor: FloorState, now: Moment) -> None:
    """Place as many calls as each running campaign's pacing asks for, on every server it has agents on."""
    paced_s = floor.paced_s
    if len(paced_s) == paced_s.maxlen and now.s < paced_s[0] + BUSY_SPELL_S:
        floor.repace_s = paced_s[0] + BUSY_SPELL_S
        return
    paced_s.append(now.s)
    floor.repace_s = None
    counted = sharing.count_free_agents(floor)
    for run in floor.campaigns.values():
        if run.state is CampaignState.RUNNING:
            _pace_campaign(floor, run, counted.get(run.settings.name, frozenset()), now)
        elif run.state is CampaignState.STOPPING:
            finish_if_done(floor, run, now)


def _pace_campaign(floor: FloorState, run: CampaignRun, counted: frozenset[AgentId], now: Moment) -> None:
    staff = floor.agents.staff(run.settings)
    if not staff.on_shift:
        run.decision, run.idle_reason = "no_agents", "no agent is logged in"
        return
    if floor.store_trouble:
        run.decision, run.idle_reason = "store", floor.store_trouble
        return
    _clear_old_shelf(floor, run, now)
    _refill(floor, run, staff.on_shift, now)
    for server in staff.servers:
        link = floor.links.get(server)
        if link is None or not link.connected:
            run.decision = run.idle_reason = f"{server}: not connected"
        elif run.settings.mode is Mode.PREVIEW:
            previewing.offer_all(floor, run, server, counted, now)
            run.decision = "preview"
        else:
            _pace_pool(floor, run, server, counted, now)
    finish_if_done(floor, run, now)


def _pace_pool(
    floor: FloorState, run: CampaignRun, server: ServerName, counted: frozenset[AgentId], now: Moment
) -> None:
    view = pool_view(floor, run, server, counted, now)
    decision = floor.rule(view, run.estimates, run.settings.pacing)
    run.decision = decision.reason
    placed = 0
    hopeless: set[Kind] = set()
    for _ in range(decision.calls):
        if not _place_next(floor, run, server, hopeless, now):
            break
        placed += 1
    run.idle_reason = _idle_reason(run, view.ready, placed + len(view.ringing_s))
    again_s = now.s + REPACE_S
    if decision.limit == "calls_per_s":
        again_s = min(again_s, max(now.s + RATE_PAUSE_S, _rate_opens_s(floor, run, server, now)))
    floor.repace_s = again_s if floor.repace_s is None else min(floor.repace_s, again_s)


def _rate_opens_s(floor: FloorState, run: CampaignRun, server: ServerName, now: Moment) -> float:
    """When the limits per second let this campaign place its next call on a server."""
    trunks = [floor.trunks[name] for name in run.settings.trunks if floor.trunks[name].settings.server == server]
    opens_s = min((next_start_s(load.placed_s, load.settings.calls_per_s, now.s) for load in trunks), default=now.s)
    return max(opens_s, next_start_s(run.placed_s, run.settings.pacing.max_calls_per_s, now.s))


def pool_view(
    floor: FloorState, run: CampaignRun, server: ServerName, counted: Collection[AgentId], now: Moment
) -> pacing.PoolView:
    """What pacing may know of a campaign on a server.

    Args:
        floor: the floor.
        run: the campaign.
        server: where.
        counted: the free agents who count for this campaign; see `sharing`.
        now: the moment.

    Returns:
        The view.
    """
    settings = run.settings
    ready, talking, wrapping = 0, [], []
    for agent in floor.staff(settings, server):
        if agent.free:
            ready += agent.settings.id in counted
        elif agent.campaign != settings.name or agent.pause_wish or agent.logout_wish:
            pass
        elif agent.state is AgentState.TALKING:
            talking.append(now.s - agent.since_s)
        elif agent.state is AgentState.WRAP_UP and (agent.leg is not None or not agent.nailed_up):
            wrapping.append(now.s - agent.since_s)
    ringing_s, waiting = [], 0
    for call in floor.calls.unserved(settings.name):
        if call.server != server:
            continue
        if call.state in NOT_ANSWERED:
            ringing_s.append(now.s - call.placed_s)
        else:
            waiting += 1
    trunks = [floor.trunks[name] for name in settings.trunks if floor.trunks[name].settings.server == server]
    return pacing.PoolView(
        mode=settings.mode,
        ready=ready,
        talking_s=tuple(talking),
        wrapping_s=tuple(wrapping),
        ringing_s=tuple(ringing_s),
        waiting=waiting,
        trunk_free=sum(load.settings.channels - load.in_use for load in trunks),
        leads=len(run.leads) + len(run.picky),
        cps_allowance=min(
            sum(load.may_start(now.s) for load in trunks),
            starts_left(run.placed_s, settings.pacing.max_calls_per_s, now.s),
        ),
        agents_shared=sharing.share(floor, run, server),
        ring_timeout_s=settings.ring_timeout_s,
        legal_wait_s=settings.rules.legal_wait_s,
        answered=run.tally.answered,
        abandoned=run.tally.abandoned,
        wrap_up_limit_s=settings.wrap_up_limit_s,
    )


def _clear_old_shelf(floor: FloorState, run: CampaignRun, now: Moment) -> None:
    """Leads held for long go back: their leases run out, and what they count is no longer true."""
    if not run.leads and not run.picky:
        run.shelved_s = now.s
    elif now.s >= run.shelved_s + SHELF_LIFE_S:
        return_leads(floor, run, "held for too long")
        run.shelved_s = now.s


def _refill(floor: FloorState, run: CampaignRun, on_shift: int, now: Moment) -> None:
    """Keep a few seconds' worth of leads in hand."""
    if run.leasing or now.s < run.lease_after_s:
        return
    shelf = shelf_size(floor, run, on_shift)
    if len(run.leads) > shelf // 2:
        return
    run.leasing, run.unsettled = True, False
    floor.emit(LeaseLeads(settings=run.settings, limit=shelf - len(run.leads)))


def shelf_size(floor: FloorState, run: CampaignRun, on_shift: int) -> int:
    """How many leads a campaign keeps in hand."""
    trunks_per_s = sum([floor.trunks[name].settings.calls_per_s for name in run.settings.trunks])
    per_s = min(trunks_per_s, run.settings.pacing.max_calls_per_s)
    return max(10, on_shift * 4, int(per_s * 2))


def take_leads(floor: FloorState, run: CampaignRun, leads: Iterable[Lead], now: Moment) -> None:
    """Put leads on the shelf; of those that few agents may take, no more than the shelf holds.

    The surplus goes back to the store for a while, so that it cannot stand in the way of leads that anybody may take.
    """
    room = shelf_size(floor, run, floor.agents.staff(run.settings).on_shift)
    in_hand = {lead.account_id for shelf in (run.leads, run.picky) for lead in shelf}
    for lead in leads:
        if lead.account_id in in_hand:
            continue
        kind = routing.kind_of(floor, run.settings, lead)
        if kind is None:
            run.leads.append(lead)
        elif len(run.picky) < room:
            run.picky.append(lead, kind)
        else:
            later_at = now.at + timedelta(seconds=PICKY_PAUSE_S)
            floor.emit(
                ReleaseLease(
                    account_id=lead.account_id, not_before_at=later_at, reason="waits for an agent who may take it"
                )
            )


def _place_next(floor: FloorState, run: CampaignRun, server: ServerName, hopeless: set[Kind], now: Moment) -> bool:
    """Dial the first lead that may and can be dialled; False when there is none.

    `hopeless` gathers the kinds of leads that nobody is free for; that does not change while calls are being placed.
    """
    if trunk_with_room(floor, run, server, now) is None:
        return False
    if _place_picky(floor, run, server, hopeless, now):
        return True
    while run.leads:
        if place(floor, run, run.leads.popleft(), server, now):
            return True
    return False


def _place_picky(floor: FloorState, run: CampaignRun, server: ServerName, hopeless: set[Kind], now: Moment) -> bool:
    """Dial the first lead that somebody who may take it is there for; those before it go to the end of the line."""
    shelf = run.picky
    unseen = len(shelf)
    while (found := shelf.first_but(hopeless, within=unseen)) is not None:
        spot, kind = found
        if not routing.can_be_taken(floor, run, kind, server):
            hopeless.add(kind)
            continue
        shelf.rotate(spot)
        unseen -= spot + 1
        if place(floor, run, shelf.popleft(), server, now):
            return True
    shelf.rotate(unseen)
    return False


def _idle_reason(run: CampaignRun, ready: int, busy_with: int) -> str:
    """Why free agents wait, when nothing is being dialled for them."""
    if not ready or busy_with or run.leads or run.picky:
        return ""
    parts = [f"{count} {rule}" for rule, count in sorted(run.refusals.items())]
    if run.waiting:
        parts.append(f"{run.waiting} waiting to be called again")
    return "0 dialable" + (": " + ", ".join(parts) if parts else "")
