"""Simulate a campaign: settings and a behaviour in, figures out. The same arguments, the same figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count, cycle, islice
from typing import Final

from dialer import pacing
from dialer.campaigns import assignment
from dialer.compliance.hours import next_opening, zones_of
from dialer.floor.state import PacingRule
from dialer.leads import Lead
from dialer.settings import AgentSettings, CampaignSettings, DialerSettings
from dialer.sim.behaviour import Behaviour, BehaviourError
from dialer.sim.endless import AccountList, EndlessList, made_up_lead
from dialer.sim.finite import FiniteList
from dialer.sim.measures import RunResult
from dialer.sim.network import LATENCIES, Latencies
from dialer.sim.world import RuleMaker, World
from dialer.types import AgentId

SOME_DAY_AT: Final = datetime(2026, 3, 10, tzinfo=UTC)
"""A Tuesday without clock changes; runs begin when the campaign's hours open next."""


def simulate(
    dialer: DialerSettings,
    campaign: CampaignSettings,
    behaviour: Behaviour,
    *,
    seed: int,
    hours: float,
    agents: int | None = None,
    accounts: int | Sequence[Lead] | None = None,
    rule: PacingRule = pacing.decide,
    make_rule: RuleMaker | None = None,
    learned: str = "",
    start_at: datetime | None = None,
    warm_up_s: float = 0.0,
    latencies: Latencies = LATENCIES,
) -> RunResult:
    """Run a campaign on the virtual clock.

    Args:
        dialer: servers, trunks, agents.
        campaign: mode, pacing, calling rules, next steps: all as in production.
        behaviour: of customers, network and agents.
        seed: of all chance; any integer from 0.
        hours: length of the run; a finite list may end it sooner.
        agents: so many made-up agents, alike the campaign's own in skills and team; None: the campaign's own.
        accounts: so many made-up accounts, or these; None: an endless list of new ones, nobody called twice.
        rule: how many calls to place; keep it free of state, or make a new one for each run.
        make_rule: makes the rule instead, and may keep the oracle that it is given.
        learned: what the campaign knows already: `Estimates.as_dict` as JSON; empty: nothing, the cold start counts.
        start_at: the wall clock at the start, aware; None: when the campaign's calling hours open on a Tuesday.
        warm_up_s: figures count from here.
        latencies: of effects.

    Returns:
        The figures.

    Raises:
        BehaviourError: something does not fit together; the message says what.
    """
    world = make_world(
        dialer,
        campaign,
        behaviour,
        seed=seed,
        agents=agents,
        accounts=accounts,
        rule=rule,
        make_rule=make_rule,
        learned=learned,
        start_at=start_at,
        latencies=latencies,
    )
    if not 0.0 <= warm_up_s < hours * 3600.0:
        raise BehaviourError(f"the warm-up of {warm_up_s:g} s leaves nothing of {hours:g} h; make it shorter.")
    return world.run(hours * 3600.0, warm_up_s=warm_up_s)


def make_world(
    dialer: DialerSettings,
    campaign: CampaignSettings,
    behaviour: Behaviour,
    *,
    seed: int,
    agents: int | None = None,
    accounts: int | Sequence[Lead] | None = None,
    rule: PacingRule = pacing.decide,
    make_rule: RuleMaker | None = None,
    learned: str = "",
    start_at: datetime | None = None,
    latencies: Latencies = LATENCIES,
) -> World:
    """The world of a run, before its first second; as `simulate`."""
    staff = [agent for agent in dialer.agents if assignment.serves(agent, campaign)]
    if agents is not None:
        staff = list(islice(_made_up(staff, dialer, campaign), agents))
        campaign = replace(campaign, agents=tuple(agent.id for agent in staff))
    return World(
        replace(dialer, agents=tuple(staff)),
        campaign,
        behaviour,
        seed=seed,
        accounts=_accounts(accounts, dialer.time_zone),
        rule=rule,
        make_rule=make_rule,
        learned=learned,
        start_at=_opening(dialer, campaign) if start_at is None else start_at,
        latencies=latencies,
    )


def _accounts(accounts: int | Sequence[Lead] | None, zone: str) -> AccountList:
    match accounts:
        case None:
            return EndlessList(zone)
        case int():
            return FiniteList(made_up_lead(number, zone) for number in range(1, accounts + 1))
        case _:
            return FiniteList(accounts)


def _made_up(
    staff: Sequence[AgentSettings], dialer: DialerSettings, campaign: CampaignSettings
) -> Iterator[AgentSettings]:
    """Agents without end: the skills and teams of the campaign's own, turn by turn."""
    trunk = next((one for one in dialer.trunks if one.name in campaign.trunks), None)
    if trunk is None:
        raise BehaviourError(f"no trunk of the dialer is one of {campaign.name}'s: {', '.join(campaign.trunks)}.")
    team = campaign.teams[0] if campaign.teams else ""
    plain = AgentSettings(id=AgentId("sim"), name="sim", server=trunk.server, extension="", secret="", team=team)
    for number, model in zip(count(1), cycle(staff or [plain])):
        name = f"sim{number:04d}"
        yield replace(model, id=AgentId(name), name=name, extension=f"{number}")


def _opening(dialer: DialerSettings, campaign: CampaignSettings) -> datetime:
    opens_at = next_opening(campaign.rules, zones_of(dialer.time_zone), SOME_DAY_AT)
    if opens_at is None:
        raise BehaviourError(f"the calling hours of {campaign.name} never open; there is nothing to simulate.")
    return opens_at
