"""Who gets whom: every debtor to one agent, or to a team where nobody may or has room.

Rules, in order
    1. A person's override stays, as long as that agent is there and the debtor did not complain about them.
    2. The first rule of the settings that holds says who may: team and skill. The floor of the skill is never broken.
    3. Who holds a live promise keeps the debtor, if they may.
    4. The owner so far keeps the debtor, if they may and reached the right party lately. Who did not for so many days
       gives way, if there is somebody else.
    5. The others are shared out so that count, amount and expected value are even; see `sharing`.

Nobody gets more debtors than their capacity: kept ones count first, promises before prior owners.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from dialer.caseload.case import OVERRIDE, Case
from dialer.caseload.eligible import Pool, may_keep, pool_of, rule_of
from dialer.caseload.load import Load
from dialer.caseload.rules import AssignmentSettings
from dialer.caseload.sharing import Group, Loads, even_out
from dialer.settings import AgentSettings
from dialer.types import AgentId, DebtorId

PROGRESS_EVERY = 5_000


class Ground(StrEnum):
    """Why a debtor is where they are now."""

    OVERRIDE = "override"  # a person decided
    PROMISE = "promise"  # with whom a promise lives
    PRIOR = "prior"  # the owner so far
    SHARED = "shared"  # had nobody, and was given out
    NO_CONTACT = "no_contact"  # the owner so far did not reach them for too long
    COMPLAINT = "complaint"  # they complained about the owner so far
    UNFIT = "unfit"  # the owner so far is not who should look after such debtors
    GONE = "gone"  # the owner so far is no agent any more
    FULL_OWNER = "full_owner"  # the owner so far has no room
    EVENED = "evened"  # moved so that shares are even
    FULL = "full"  # nobody who may has room
    NOBODY = "nobody"  # nobody may
    NO_RULE = "no_rule"


KEPT = frozenset({Ground.OVERRIDE, Ground.PROMISE, Ground.PRIOR})
UNASSIGNED = frozenset({Ground.FULL, Ground.NOBODY, Ground.NO_RULE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Where a debtor goes, and why."""

    case: Case
    agent: AgentId | None
    """None: to the team, until somebody has room."""
    team: str
    rule: str
    """Name of the rule; `override`; empty: none held."""
    ground: Ground
    skill: str = ""
    """What the rule asks of whoever talks with them."""
    level: int = 0
    beyond: bool = False
    """The agent may and should not, by `up_to` or `prefer` of the rule: nobody who should had room."""

    @property
    def changed(self) -> bool:
        """Whether somebody else, or nobody, looks after them from now on."""
        return self.agent != self.case.owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """All decisions, in the order of the cases that were given."""

    decisions: tuple[Decision, ...]
    pools: dict[AgentId, frozenset[str]] = field(default_factory=dict)
    """Agent -> rules whose debtors they should look after; agents with the same ones can be compared."""


def assign(
    cases: Sequence[Case],
    agents: Sequence[AgentSettings],
    settings: AssignmentSettings,
    progress: Callable[[int], None] = lambda _: None,
    *,
    held: Mapping[AgentId, Load] | None = None,
) -> Assignment:
    """Decide for every debtor who looks after them.

    Args:
        cases: debtors with all their accounts, each once.
        agents: who there is.
        settings: rules, and what is kept.
        progress: told now and then how many debtors have been decided on, twice for each.
        held: what agents look after besides, when only some debtors are decided on; None: nothing.
    """
    run = _Run(cases, agents, settings, progress, held or {})
    run.keep()
    run.share()
    run.even()
    return Assignment(decisions=tuple(run.decisions()), pools=run.comparable())


class _Run:
    """One assignment under way: cases and agents are places in their sequences."""

    def __init__(
        self,
        cases: Sequence[Case],
        agents: Sequence[AgentSettings],
        settings: AssignmentSettings,
        progress: Callable[[int], None],
        held: Mapping[AgentId, Load],
    ) -> None:
        self.cases, self.agents, self.settings, self.progress = cases, agents, settings, progress
        self.spots = {agent.id: spot for spot, agent in enumerate(agents)}
        self.pools = [pool_of(rule, agents) for rule in settings.rules]
        self.rules: list[int | None] = []
        for index, case in enumerate(cases):
            self.rules.append(rule_of(case, settings))
            self._tell(index)
        sizes = np.array([(1.0, float(one.amount_due), float(one.expected)) for one in cases]).reshape(-1, 3)
        capacity = settings.capacity
        self.loads = Loads(
            sizes.clip(min=0.0),
            np.array([capacity.share.get(agent.id, 1.0) for agent in agents]),
            np.array([capacity.of(agent.id) for agent in agents], dtype=np.int64),
            np.array([held.get(agent.id, Load()).measures() for agent in agents]).reshape(-1, 3),
        )
        self.given: dict[int, int] = {}
        self.grounds: dict[int, Ground] = {}

    def _tell(self, done: int) -> None:
        if done % PROGRESS_EVERY == 0:
            self.progress(done)

    def keep(self) -> None:
        """Overrides, promises, prior owners, in this order, as far as there is room."""
        for ground, owner_of in (
            (Ground.OVERRIDE, self._overridden),
            (Ground.PROMISE, self._promised),
            (Ground.PRIOR, self._prior),
        ):
            for index in range(len(self.cases)):
                if index in self.given or (spot := owner_of(index)) is None:
                    continue
                if self.loads.has_room(spot):
                    self._give(index, spot, ground)
                elif self.cases[index].owner == self.agents[spot].id:
                    self.grounds[index] = Ground.FULL_OWNER

    def _overridden(self, index: int) -> int | None:
        case = self.cases[index]
        return self.spots.get(case.owner) if case.overridden and case.owner and may_keep(case, case.owner) else None

    def _promised(self, index: int) -> int | None:
        case = self.cases[index]
        holder = case.promised_to
        if not self.settings.keep.promise or holder is None or not may_keep(case, holder):
            return None
        return self._able(index, holder)

    def _prior(self, index: int) -> int | None:
        """The owner so far, if they may go on; else why not is noted."""
        case, keep = self.cases[index], self.settings.keep
        if case.owner is None or index in self.grounds:
            return None
        if case.owner not in self.spots:
            self.grounds[index] = Ground.GONE
        elif not may_keep(case, case.owner):
            self.grounds[index] = Ground.COMPLAINT
        elif not keep.prior_owner:
            return None
        elif (spot := self._able(index, case.owner)) is None:
            self.grounds[index] = Ground.UNFIT
        elif keep.move_after_days and case.days_without_contact >= keep.move_after_days and self._others(index, spot):
            self.grounds[index] = Ground.NO_CONTACT
        else:
            return spot
        return None

    def _able(self, index: int, agent_id: AgentId) -> int | None:
        pool, spot = self._pool(index), self.spots.get(agent_id)
        return spot if pool is not None and spot in pool.able else None

    def _pool(self, index: int) -> Pool | None:
        rule = self.rules[index]
        return None if rule is None else self.pools[rule]

    def _others(self, index: int, spot: int) -> bool:
        """Whether anybody else should look after such debtors, and did not make this one complain."""
        pool = self._pool(index)
        avoid = self._avoided(index)
        return pool is not None and any(other != spot and other not in avoid for other in pool.within.tolist())

    def _avoided(self, index: int) -> frozenset[int]:
        case = self.cases[index]
        return frozenset(self.spots[one] for one in case.avoid if one in self.spots) if case.avoid else frozenset()

    def _barred(self, index: int) -> frozenset[int]:
        """Who does not get a debtor though they may: complaints, and the owner who did not reach them."""
        barred = self._avoided(index)
        owner = self.cases[index].owner
        if self.grounds.get(index) is Ground.NO_CONTACT and owner is not None:
            barred |= {self.spots[owner]}
        return barred

    def share(self) -> None:
        """Give out the others: those whom few may take first, the largest first."""
        left = [index for index in range(len(self.cases)) if index not in self.given]
        sizes = self.loads.sizes.sum(axis=1)

        def order(index: int) -> tuple[int, float, DebtorId]:
            pool = self._pool(index)
            return (0 if pool is None else len(pool.within), -float(sizes[index]), self.cases[index].debtor_id)

        for done, index in enumerate(sorted(left, key=order)):
            self._share_one(index)
            self._tell(len(self.cases) + done)

    def _share_one(self, index: int) -> None:
        pool = self._pool(index)
        if pool is None:
            self.grounds[index] = Ground.NO_RULE
            return
        barred = self._barred(index)
        spot = self.loads.best(index, pool.within, barred)
        if spot is None:
            spot = self.loads.best(index, pool.beyond, barred)
        if spot is None and self.grounds.get(index) is Ground.NO_CONTACT:  # the others have no room: back again
            spot = self.loads.best(index, pool.within, self._avoided(index))
        if spot is None:
            self.grounds[index] = Ground.FULL if pool.able - self._avoided(index) else Ground.NOBODY
        elif self.agents[spot].id == self.cases[index].owner:
            self._give(index, spot, Ground.PRIOR)
        else:
            self._give(index, spot, self.grounds.get(index, Ground.SHARED))

    def _give(self, index: int, spot: int, ground: Ground) -> None:
        self.loads.add(index, spot)
        self.given[index] = spot
        self.grounds[index] = ground

    def even(self) -> None:
        """Swap debtors between agents who may look after the same ones."""
        movable = KEPT - ({Ground.PRIOR} if self.settings.keep.rebalance else set())
        owned: dict[int, list[int]] = defaultdict(list)
        for index, spot in self.given.items():
            if self.grounds[index] not in movable:
                owned[spot].append(index)
        for agents in self._groups().values():
            if len(agents) > 1:
                group = Group(agents=np.array(agents, dtype=np.intp), owned=owned, may=self._may)
                for index, spot in even_out(self.loads, group, spread=self.settings.spread):
                    self.given[index] = spot
        for index, spot in self.given.items():
            self._explain_move(index, spot)

    def _explain_move(self, index: int, spot: int) -> None:
        """What a swap made untrue of the reasons."""
        is_owner = self.agents[spot].id == self.cases[index].owner
        ground = self.grounds[index]
        if ground is Ground.PRIOR and not is_owner:
            self.grounds[index] = Ground.EVENED
        elif is_owner and ground not in KEPT:
            self.grounds[index] = Ground.PRIOR

    def _may(self, index: int, spot: int) -> bool:
        pool = self._pool(index)
        if pool is None or spot not in pool.able:
            return False
        return (not self.cases[index].avoid and index not in self.grounds) or spot not in self._barred(index)

    def _signature(self, spot: int) -> frozenset[str]:
        rules = self.settings.rules
        return frozenset(rules[at].name for at, pool in enumerate(self.pools) if spot in pool.within)

    def _groups(self) -> dict[frozenset[str], list[int]]:
        groups: dict[frozenset[str], list[int]] = defaultdict(list)
        for spot in range(len(self.agents)):
            groups[self._signature(spot)].append(spot)
        return groups

    def comparable(self) -> dict[AgentId, frozenset[str]]:
        """See `Assignment.pools`."""
        return {agent.id: self._signature(spot) for spot, agent in enumerate(self.agents)}

    def decisions(self) -> Sequence[Decision]:
        """What was decided."""
        return [self._decision(index) for index in range(len(self.cases))]

    def _decision(self, index: int) -> Decision:
        case, spot, at, ground = self.cases[index], self.given.get(index), self.rules[index], self.grounds[index]
        rule = None if at is None else self.settings.rules[at]
        agent = None if spot is None else self.agents[spot]
        team = agent.team if agent is not None else rule.team if rule is not None else ""
        is_override = ground is Ground.OVERRIDE
        pool = self._pool(index)
        return Decision(
            case=case,
            agent=None if agent is None else agent.id,
            team=team,
            rule=OVERRIDE if is_override else "" if rule is None else rule.name,
            ground=ground,
            skill="" if rule is None or is_override else rule.skill,
            level=0 if rule is None or is_override else rule.level,
            beyond=pool is not None and spot is not None and bool((pool.beyond == spot).any()),
        )
