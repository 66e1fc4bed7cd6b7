"""From pacing to calls: ask for leads, decide how many to dial now, and hand them to `placing`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from dialer import pacing
from dialer.effects import LeaseLeads, ReleaseLease
from dialer.floor import learning, previewing, ringing_out, routing, sharing
from dialer.floor.closing import finish_if_done, return_leads
from dialer.floor.placing import place, trunk_with_room
from dialer.floor.shelf import Kind
from dialer.floor.state import CampaignRun, FloorState, Moment, TrunkLoad, next_start_s, starts_left
from dialer.leads import Lead
from dialer.settings import CampaignSettings
from dialer.types import AgentId, AgentState, CallState, CampaignState, Mode, ServerName

PICKY_PAUSE_S = 60.0
"""How long surplus leads that only some agents may take stay in the store before they are looked at again."""
MOST_ON_SHELF = 40
"""Leads in hand for each agent on shift, however many calls per second are allowed."""
SHELF_LIFE_S = 300.0
"""Leads stay in hand no longer than half their lease."""
BUSY_SPELL_S = 0.1
"""Within so long it is decided no more often than `FloorState.paced_s` has room: enough for any floor."""
REPACE_S = 1.0
"""Forecasts change with time alone; decide again at least this often."""
AGENTS_PER_SPELL = 25.0
"""A forecast is made again after a second for so many agents or more, sooner for fewer; see docs/pacing.md."""
RATE_PAUSE_S = 0.01
"""Calls that a limit per second holds back are placed when it opens, a few together when they are many."""


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
        run.undecided, run.idle_reason = "no_agents", "no agent is logged in"
        return
    if floor.store_trouble:
        run.undecided, run.idle_reason = "store", floor.store_trouble
        return
    run.undecided = "preview" if run.settings.mode is Mode.PREVIEW else ""
    _clear_old_shelf(floor, run, now)
    _refill(floor, run, staff.on_shift, now)
    for server in staff.servers:
        link = floor.links.get(server)
        if link is None or not link.connected:
            run.idle_reason = f"{server}: not connected"
        elif run.settings.mode is Mode.PREVIEW:
            previewing.offer_all(floor, run, server, counted, now)
            run.idle_reason = _idle_reason(run, len(staff.line(server)), 0)
        else:
            _pace_pool(floor, run, server, counted, now)
    finish_if_done(floor, run, now)


def _pace_pool(
    floor: FloorState, run: CampaignRun, server: ServerName, counted: frozenset[AgentId], now: Moment
) -> None:
    if run.settings.mode is Mode.PREDICTIVE and now.s < (wait_s := run.pace_after_s.get(server, now.s)):
        _place_owed(floor, run, server, now, wait_s)
        return
    view = pool_view(floor, run, server, counted, now)
    decision = run.decided[server] = floor.rule(view, run.estimates, run.settings.pacing)
    placed = _place_up_to(floor, run, server, decision.calls, now)
    run.idle_reason = _idle_reason(run, view.ready, placed + view.in_air - view.waiting)
    if run.settings.mode is Mode.PREDICTIVE and decision.limit == "trunk" and decision.short_of:
        ringing_out.cut_old_rings(floor, run, server, decision.short_of, now)
    held_back = decision.limit == "calls_per_s"
    run.owed[server] = decision.short_of if held_back else 0
    # A rule that does not say how many calls it is short of is asked again for each of them.
    if run.settings.mode is Mode.PREDICTIVE and (decision.short_of or not held_back):
        run.pace_after_s[server] = now.s + min(REPACE_S, view.agents / AGENTS_PER_SPELL)
    _repace(floor, min(now.s + REPACE_S, _rate_wake_s(floor, run, server, now)) if held_back else now.s + REPACE_S)


def _place_owed(floor: FloorState, run: CampaignRun, server: ServerName, now: Moment, decide_s: float) -> None:
    """Until it is decided again, place what the last decision wanted, as the limits per second let it."""
    owed = run.owed.get(server, 0)
    if owed:
        may_start = min(owed, _may_start(floor, run, server, now))
        owed = run.owed[server] = owed - _place_up_to(floor, run, server, may_start, now)
    is_waiting = owed and (run.leads or run.picky)
    _repace(floor, min(decide_s, _rate_wake_s(floor, run, server, now)) if is_waiting else decide_s)


def _place_up_to(floor: FloorState, run: CampaignRun, server: ServerName, most: int, now: Moment) -> int:
    """Dial leads while there are such as may be dialled; returns how many calls were placed."""
    hopeless: set[Kind] = set()
    placed = 0
    while placed < most and _place_next(floor, run, server, hopeless, now):
        placed += 1
    return placed


def _repace(floor: FloorState, at_s: float) -> None:
    floor.repace_s = at_s if floor.repace_s is None else min(floor.repace_s, at_s)


def _trunks_on(floor: FloorState, run: CampaignRun, server: ServerName) -> list[TrunkLoad]:
    loads = [floor.trunks[name] for name in run.settings.trunks]
    return [load for load in loads if load.settings.server == server]


def _may_start(floor: FloorState, run: CampaignRun, server: ServerName, now: Moment) -> int:
    """How many calls the limits per second let this campaign place on a server now."""
    by_trunks = sum([load.may_start(now.s) for load in _trunks_on(floor, run, server)])
    return min(by_trunks, starts_left(run.placed_s, run.settings.pacing.max_calls_per_s, now.s))


def _rate_wake_s(floor: FloorState, run: CampaignRun, server: ServerName, now: Moment) -> float:
    """When the limits per second let this campaign place its next call on a server, or a moment later."""
    trunks = _trunks_on(floor, run, server)
    opens_s = min((next_start_s(load.placed_s, load.settings.calls_per_s, now.s) for load in trunks), default=now.s)
    opens_s = max(opens_s, next_start_s(run.placed_s, run.settings.pacing.max_calls_per_s, now.s))
    return max(now.s + RATE_PAUSE_S, opens_s)


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
    settings, staff, plan = run.settings, floor.agents.staff(run.settings), learning.plan_of(floor, run, now)
    line = staff.line(server)
    talking_s, wrapping_s = _busy(floor, settings, staff.busy(server), now)
    air = _in_the_air(floor, run, server, now)
    return pacing.PoolView(
        mode=settings.mode,
        now_s=now.s,
        ready=len(line) if len(counted) >= len(staff.free) else sum(agent_id in counted for _, agent_id in line),
        talking_s=talking_s,
        wrapping_s=wrapping_s,
        dialling_s=air.dialling_s,
        ringing_s=air.ringing_s,
        dialling_odds=air.dialling_odds,
        ringing_odds=air.ringing_odds,
        next_odds=run.next_odds,
        waiting=air.waiting,
        trunk_free=sum([load.settings.channels - load.in_use for load in _trunks_on(floor, run, server)]),
        leads=len(run.leads) + len(run.picky),
        cps_allowance=_may_start(floor, run, server, now),
        agents_shared=sharing.share(floor, run, server),
        legal_wait_s=settings.rules.legal_wait_s,
        answered=run.answers.answered,
        abandoned=run.answers.abandoned,
        elapsed_s=now.s - run.launched_s,
        left_s=learning.left_s(floor, run, now),
        budgets=run.answers.budgets(
            plan.on, now.s, settings.pacing.target_abandonment_ratio, settings.rules.abandonment
        ),
        wrap_up_limit_s=settings.wrap_up_limit_s,
    )


def _busy(
    floor: FloorState, settings: CampaignSettings, busy: Iterable[AgentId], now: Moment
) -> tuple[list[float], list[float]]:
    """Ages of the conversations and wrap-ups of agents who will be there for the campaign afterwards."""
    talking_s: list[float] = []
    wrapping_s: list[float] = []
    agents, name, now_s, talking = floor.agents, settings.name, now.s, AgentState.TALKING
    for agent_id in busy:
        agent = agents[agent_id]
        if agent.campaign != name or agent.pause_wish or agent.logout_wish:
            continue
        if agent.state is talking:
            talking_s.append(now_s - agent.since_s)
        elif agent.leg is not None or not agent.nailed_up:
            wrapping_s.append(now_s - agent.since_s)
    return talking_s, wrapping_s


@dataclass(slots=True)
class _Air:
    """The calls of a campaign on a server that nobody serves yet."""

    dialling_s: list[float] = field(default_factory=list)
    ringing_s: list[float] = field(default_factory=list)
    dialling_odds: list[float] = field(default_factory=list)
    ringing_odds: list[float] = field(default_factory=list)
    waiting: int = 0


def _in_the_air(floor: FloorState, run: CampaignRun, server: ServerName, now: Moment) -> _Air:
    air = _Air()
    marked, now_s, placed, ringing = run.marked, now.s, CallState.PLACED, CallState.RINGING
    for call in floor.calls.unserved(run.settings.name):
        if call.server != server:
            continue
        known = marked.get(call.attempt_id)
        odds = known.odds if known is not None else 1.0
        if call.state is placed:
            air.dialling_s.append(now_s - call.placed_s)
            air.dialling_odds.append(odds)
        elif call.state is ringing:
            air.ringing_s.append(now_s - (call.placed_s if call.rang_s is None else call.rang_s))
            air.ringing_odds.append(odds)
        else:
            air.waiting += 1
    return air


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
    """How many leads a campaign keeps in hand: for two seconds of calls, but no more than its agents can use."""
    most_per_s = run.settings.pacing.max_calls_per_s
    per_s = min(sum([floor.trunks[name].settings.calls_per_s for name in run.settings.trunks]), most_per_s)
    return max(10, on_shift * 4, min(int(per_s * 2), on_shift * MOST_ON_SHELF))


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
