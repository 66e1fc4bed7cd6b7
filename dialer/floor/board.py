"""The floor as a `Snapshot`."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np

from dialer.agents import Agent
from dialer.calls import Call
from dialer.floor.state import CampaignRun, FloorState, Moment
from dialer.leads import Lead
from dialer.masking import mask_name, mask_number
from dialer.pacing import Decision
from dialer.prediction.moments import AHEAD_S
from dialer.snapshot import (
    LIMIT_SEPARATOR,
    AgentRow,
    BudgetRow,
    CallRow,
    CampaignRow,
    ForecastRow,
    ServerRow,
    Snapshot,
    idle_alert,
)
from dialer.types import AgentState, CampaignState

WORKING = (AgentState.TALKING, AgentState.WRAP_UP)
OFF_THE_CLOCK = (AgentState.OFFLINE, AgentState.CALLING_IN, AgentState.PAUSED)
IDLE_ALERT_S = 10.0


def snapshot(floor: FloorState, now: Moment) -> Snapshot:
    """Everything a board shows, at this moment."""
    campaigns = tuple(_campaign_row(floor, run, now) for run in floor.campaigns.values())
    return Snapshot(
        at=now.at,
        uptime_s=now.s - floor.started_s,
        agents=tuple(_agent_row(floor, agent, now) for agent in floor.agents.values()),
        calls=tuple(_call_row(call, now) for call in floor.calls.values()),
        campaigns=campaigns,
        servers=tuple(
            ServerRow(name=name, connected=link.connected, reason=link.reason) for name, link in floor.links.items()
        ),
        alerts=(*_alerts(floor, now), *filter(None, map(idle_alert, campaigns))),
    )


def masked(lead: Lead) -> str:
    """A debtor as everybody may see one."""
    return f"{mask_name(lead.debtor_name)} {mask_number(lead.number)}"


def seconds_in(agent: Agent, state: AgentState, now_s: float) -> float:
    """How long an agent has been in a state since the engine started, the present spell included."""
    booked = agent.totals.by_state_s.get(state, 0.0)
    return booked + (now_s - agent.since_s if agent.state is state else 0.0)


def occupancy(agents: list[Agent], now_s: float) -> float | None:
    """(talk + wrap-up) / (logged in - paused), over some agents; None before anybody was there."""
    worked = sum(seconds_in(agent, state, now_s) for agent in agents for state in WORKING)
    there = sum(
        seconds_in(agent, state, now_s) for agent in agents for state in AgentState if state not in OFF_THE_CLOCK
    )
    return worked / there if there > 0 else None


def _agent_row(floor: FloorState, agent: Agent, now: Moment) -> AgentRow:
    offered = floor.offers.get(agent.settings.id)
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id is not None else None
    wrap = floor.wraps.get(agent.attempt_id) if agent.attempt_id is not None else None
    lead = call.lead if call is not None else wrap.call.lead if wrap is not None else offered
    in_state = {state: seconds_in(agent, state, now.s) for state in AgentState}
    return AgentRow(
        agent_id=agent.settings.id,
        name=agent.settings.name,
        state=agent.state,
        since_s=now.s - agent.since_s,
        reason=agent.reason,
        customer=masked(lead) if lead is not None else "",
        calls=agent.totals.calls,
        talk_s=in_state[AgentState.TALKING],
        wrap_up_s=in_state[AgentState.WRAP_UP],
        logged_in_s=sum(in_state.values()) - in_state[AgentState.OFFLINE] - in_state[AgentState.CALLING_IN],
        paused_s=in_state[AgentState.PAUSED],
    )


def _call_row(call: Call, now: Moment) -> CallRow:
    return CallRow(
        attempt_id=call.attempt_id,
        campaign=call.campaign,
        state=call.state,
        age_s=now.s - call.placed_s,
        customer=masked(call.lead),
        agent_id=call.agent_id,
    )


def _campaign_row(floor: FloorState, run: CampaignRun, now: Moment) -> CampaignRow:
    tally, settings = run.tally, run.settings
    connect_ms = np.fromiter(tally.connect_ms, dtype=np.float64)
    p50, p99 = np.percentile(connect_ms, [50, 99]) if connect_ms.size else (None, None)
    # The tally counts calls that are over; people who talk right now have answered too.
    talking = sum(call.campaign == settings.name and call.bridged_s is not None for call in floor.calls.values())
    answered_today, abandoned_today = run.answers.on_day(now.at.astimezone(ZoneInfo(floor.settings.time_zone)).date())
    decided = _decided(floor, run)
    reason = _reason(floor, run, decided)
    return CampaignRow(
        name=settings.name,
        state=run.state,
        mode=settings.mode,
        dialled=tally.dialled,
        answered=tally.answered + talking,
        bridged=tally.bridged + talking,
        abandoned=tally.abandoned,
        in_air=floor.calls.of_campaign(settings.name),
        outcomes=dict(tally.outcomes),
        dispositions=dict(tally.dispositions),
        promises=tally.promises,
        promised_amount=f"{tally.promised:.2f}",
        accounts_waiting=run.waiting,
        next_due_at=run.next_due_at,
        occupancy_ratio=occupancy(floor.staff(settings), now.s),
        target_abandonment_ratio=settings.pacing.target_abandonment_ratio,
        connect_ms_p50=float(p50) if p50 is not None else None,
        connect_ms_p99=float(p99) if p99 is not None else None,
        answered_today=answered_today,
        abandoned_today=abandoned_today,
        pacing=reason,
        limit=reason.rpartition(": ")[2].partition(LIMIT_SEPARATOR)[0],
        forecast=_forecast(decided) if run.state is CampaignState.RUNNING else None,
        budget=_budget(decided or list(run.decided.values())),
        idle_reason=run.idle_reason,
        idle_agents=idle_agents(floor, run, now),
    )


def _decided(floor: FloorState, run: CampaignRun) -> list[Decision]:
    """The last decisions on the servers that calls are placed on, those that were held back most first."""
    servers = [name for name in floor.agents.staff(run.settings).servers if floor.links[name].connected]
    decisions = [run.decided[name] for name in servers if name in run.decided]
    return sorted(decisions, key=lambda one: one.calls - one.most)


def _reason(floor: FloorState, run: CampaignRun, decided: list[Decision]) -> str:
    """The decision in words; of several servers the sum, and every limit, the one that holds back most first."""
    if run.state is not CampaignState.RUNNING:
        return ""
    if run.undecided:
        return run.undecided
    match decided:
        case []:
            lost = [name for name in floor.agents.staff(run.settings).servers if not floor.links[name].connected]
            return f"{lost[0]}: not connected" if lost else ""
        case [one]:
            return one.reason
        case _:
            limits = LIMIT_SEPARATOR.join(dict.fromkeys(one.limit for one in decided))
            calls, most = sum(one.calls for one in decided), sum(max(one.most, one.calls) for one in decided)
            return f"{calls} of {most}: {limits}"


def _forecast(decided: list[Decision]) -> ForecastRow | None:
    expecting = [one for one in decided if one.budget]  # others are of another mode, or without agents
    if not expecting:
        return None
    return ForecastRow(
        within_s=float(AHEAD_S[-1]),
        agents_free=sum(one.expected_free for one in expecting),
        answers=sum(one.expected_answers for one in expecting),
    )


def _budget(decided: list[Decision]) -> BudgetRow | None:
    """Of several servers the most cautious: they spend the same budget."""
    tightest = min((one for one in decided if one.budget), key=lambda one: one.aim, default=None)
    if tightest is None:
        return None
    return BudgetRow(window=tightest.budget, left=tightest.budget_left, aim_ratio=tightest.aim)


def _alerts(floor: FloorState, now: Moment) -> list[str]:
    alerts = [f"{name}: {link.reason}" for name, link in floor.links.items() if not link.connected]
    alerts += [
        f"{name}: rests {load.rests_until_s - now.s:.0f} s, {load.faults} calls in a row came no further"
        for name, load in floor.trunks.items()
        if load.rests_until_s > now.s
    ]
    if floor.store_trouble:
        alerts.append(floor.store_trouble)
    return alerts


def idle_agents(floor: FloorState, run: CampaignRun, now: Moment) -> int:
    """How many agents of a running campaign have been free for ten seconds while nothing was dialled for them."""
    if run.state is not CampaignState.RUNNING or not run.idle_reason:
        return 0
    return sum(agent.free and now.s - agent.since_s > IDLE_ALERT_S for agent in floor.staff(run.settings))
