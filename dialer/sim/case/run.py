"""One arm of one seed: every day, then the payments that were promised. The same arguments, the same figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from dialer.settings import CampaignSettings
from dialer.sim.case.agents import ByHand
from dialer.sim.case.arms import WAYS, Arm
from dialer.sim.case.book import Book
from dialer.sim.case.campaign import campaign_settings, dialer_settings
from dialer.sim.case.day import Day, DayRecord, behaviour_of
from dialer.sim.case.money import Money
from dialer.sim.case.nature import NATURE, Nature
from dialer.sim.case.orders import Order
from dialer.sim.case.population import Group, Population, draw
from dialer.sim.case.recount import Recount, recount
from dialer.sim.case.replies import Replies
from dialer.sim.case.scenario import FIRST_DAY, Scenario, opens_at
from dialer.types import AgentId, Outcome

_SKILLS = 103
"""Stream of the generator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmResult:
    """What came of an arm, as plain numbers."""

    arm: str
    group: int
    seed: int
    accounts: int
    agent_days: int
    work_h: float
    """Agent hours, logged in and not paused."""
    busy_h: float
    """Of those, talking and wrapping up."""
    dials: int
    answers: int
    """By a person."""
    presented: int
    """Calls that took an agent's ear: by hand every dial, else those that were bridged."""
    presented_live: int
    contacted: int
    """Accounts at whose numbers some person talked with an agent."""
    reached: int
    """Accounts whose debtor did."""
    customers: int
    """Debtors spoken to, once for each agent and day."""
    promises: int
    kept: int
    opening: float
    """Due before the first day."""
    paid: float
    """In the window."""
    abandoned: int
    """As the floor counts; likewise the next one."""
    answered: int
    dry: int
    """Times at which the caps left nobody to dial; about one every two seconds while that lasts."""
    breaches: int
    """Of the rules, in the recount; likewise the next two."""
    live_abandoned: int
    live: int
    days_over: int
    """Days on which more than 3 % of those who answered were abandoned, in the recount."""

    @classmethod
    def of(cls, values: dict[str, Any]) -> ArmResult:
        """The inverse of `as_dict`.

        Raises:
            TypeError: a number is missing, or there is one too many.
        """
        return cls(**values)

    def as_dict(self) -> dict[str, Any]:
        """Plain, for files."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """An arm with everything that happened in it, for tests."""

    result: ArmResult
    days: tuple[DayRecord, ...]
    recount: Recount
    population: Population


def run_arm(
    file: CampaignSettings, scenario: Scenario, arm: Arm, group: Group, seed: int, nature: Nature = NATURE
) -> ArmResult:
    """One arm.

    Args:
        file: the campaign out of its file, with its rules.
        scenario: of the case.
        arm: how the group is worked.
        group: who is.
        seed: of all chance; the same seed, the same people.
        nature: what the truth is drawn from.
    """
    return live(file, scenario, arm, group, seed, nature).result


def live(
    file: CampaignSettings, scenario: Scenario, arm: Arm, group: Group, seed: int, nature: Nature = NATURE
) -> Lived:
    """One arm, with everything that happened; as `run_arm`."""
    way = WAYS[arm]
    population = draw(seed, scenario.accounts, nature)
    listed = population.of(group)
    money = Money(population.truth, nature, listed)
    wrap_up_s = scenario.auto_wrap_up_s if way.auto_wrap_up else scenario.wrap_up_s
    replies = Replies(population.truth, nature, scenario, money, by_hand=way.by_hand, wrap_up_s=wrap_up_s)
    book = Book(listed, Order(way, scenario))
    dialer, campaign = dialer_settings(scenario), campaign_settings(file, scenario, way)
    behaviour = behaviour_of(scenario.agents, nature.agent_pace)
    skills = _skills(scenario, seed, nature)
    records: list[DayRecord] = []
    cleared: dict[int, date] = {}
    arrived: list[tuple[int, Decimal]] = []
    day = FIRST_DAY
    while day <= scenario.last_on:
        if day in scenario.dates:
            book.begin(opens_at(day), arrived)
            arrived = []
            by_hand = ByHand(scenario, seed, day) if way.by_hand else None
            records.append(
                Day(
                    dialer, campaign, behaviour, book, replies, skills, by_hand, seed=seed, day=day, before=records
                ).run()
            )
        for payment in money.settle(day):
            arrived.append((payment.debtor, payment.amount))
            if money.due[payment.debtor] == 0:
                cleared.setdefault(payment.debtor, day)
        day += timedelta(days=1)
    counted = recount(
        [dial for record in records for dial in record.dials],
        scenario,
        cleared=cleared.items(),
        promises=replies.promises,
    )
    result = _result(scenario, arm, group, seed, records, money, counted, book)
    return Lived(result=result, days=tuple(records), recount=counted, population=population)


def hold_out(scenario: Scenario, seed: int, nature: Nature = NATURE) -> tuple[float, float]:
    """What the group that nobody calls owed and paid in the window: self-cure, measured.

    Args:
        scenario: of the case.
        seed: of all chance.
        nature: what the truth is drawn from.
    """
    population = draw(seed, scenario.accounts, nature)
    money = Money(population.truth, nature, population.of(Group.HELD_OUT))
    day = FIRST_DAY
    while day <= scenario.last_on:
        money.settle(day)
        day += timedelta(days=1)
    return float(money.opening), float(money.paid)


def _skills(scenario: Scenario, seed: int, nature: Nature) -> dict[AgentId, float]:
    """Agents differ, and are the same in every arm."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, _SKILLS])))
    drawn = nature.agent_skill * rng.standard_normal(scenario.agents)
    return {agent.id: float(skill) for agent, skill in zip(dialer_settings(scenario).agents, drawn, strict=True)}


def _result(
    scenario: Scenario,
    arm: Arm,
    group: Group,
    seed: int,
    records: list[DayRecord],
    money: Money,
    counted: Recount,
    book: Book,
) -> ArmResult:
    by_hand = WAYS[arm].by_hand
    dials = [dial for record in records for dial in record.dials]
    bridged = [dial for dial in dials if dial.outcome is Outcome.BRIDGED]
    presented = dials if by_hand else bridged
    spoken = {(dial.agent, record.day, dial.debtor) for record in records for dial in record.dials if dial.right_party}
    return ArmResult(
        arm=arm.value,
        group=int(group),
        seed=seed,
        accounts=scenario.accounts,
        agent_days=scenario.agent_days,
        work_h=sum(record.work_s for record in records) / 3600.0,
        busy_h=sum(record.busy_s for record in records) / 3600.0,
        dials=len(dials),
        answers=sum(dial.person for dial in dials),
        presented=len(presented),
        presented_live=sum(dial.person for dial in presented),
        contacted=len({dial.debtor for dial in bridged if dial.person}),
        reached=len({dial.debtor for dial in dials if dial.right_party}),
        customers=len(spoken),
        promises=money.promised,
        kept=money.kept,
        opening=float(money.opening),
        paid=float(money.paid),
        abandoned=sum(record.abandoned for record in records),
        answered=sum(record.answered for record in records),
        dry=book.dry,
        breaches=counted.breaches,
        live_abandoned=counted.abandoned,
        live=counted.live,
        days_over=counted.days_over,
    )
