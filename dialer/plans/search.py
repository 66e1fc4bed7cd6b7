"""Which plan of a kind has the highest expected recovery? Found exactly, among all that may be offered.

Branch and bound: a range of waivers is left out only when what no plan of it can exceed (`most_possible`) is less than
what a plan already found brings. So no grid over months, rates and waivers, however fine, finds a better one; see
`tests/property/test_plan_properties.py`.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dialer.access import Role
from dialer.plans.cost import whole_flows, worth
from dialer.plans.legality import UNEQUAL_MONTHS, violations
from dialer.plans.offers import Plan, PlanKind, Situation
from dialer.plans.payments import Shape, dated, payment_cents, regular_cents, shape_of
from dialer.plans.recovery import Recovery, chance_of_breaking, most_possible, recovery
from dialer.plans.rules import CapOn, PlanRules
from dialer.plans.waivers import fullest, split

_TRIED_FIRST = 5
"""Waivers of each shape that are tried before the search, so that it leaves out much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A plan and what to expect of it."""

    plan: Plan
    recovery: Recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to look for."""

    kind: PlanKind
    months: range
    """Of instalments their numbers, of an extension for how long."""
    role: Role
    """Who lets go."""
    waive: bool = True
    """False: only plans that let nothing go."""


def best(situation: Situation, wish: Wish, rules: PlanRules) -> Found | None:
    """The lawful plan with the highest expected recovery; of equals the shortest, then the one that lets go least.

    Returns:
        None: no plan of this kind may be offered.
    """
    spaces = [_Space(situation, shape, wish, rules) for shape in shapes(situation.today, wish, rules)]
    spaces = [space for space in spaces if space.first <= space.steps]
    found = _Best()
    for space in spaces:
        for step in space.first_steps():
            found.offer(space, step)
    ranges = [
        (-space.most(space.first, space.steps), index, space.first, space.steps) for index, space in enumerate(spaces)
    ]
    heapq.heapify(ranges)
    while ranges:
        bound, index, low, high = heapq.heappop(ranges)
        if -bound < found.expected:
            break
        space, middle = spaces[index], (low + high) // 2
        if low == high:
            found.offer(space, low)
            continue
        for first, last in ((low, middle), (middle + 1, high)):
            if (most := space.most(first, last)) >= found.expected:
                heapq.heappush(ranges, (-most, index, first, last))
    return found.found


def shapes(begins_on: date, wish: Wish, rules: PlanRules) -> Iterator[Shape]:
    """Every shape of the wished kind that the rules know."""
    cap = rules.cap(CapOn.PLAN)
    rates = [Decimal(0)] if wish.kind is PlanKind.LUMP_SUM else sorted(set(rules.rates))
    for months in wish.months:
        for rate in rates:
            if cap is None or rate <= cap:
                yield shape_of(wish.kind, months, rate, begins_on, rules)


def waivers(situation: Situation, role: Role, rules: PlanRules) -> list[Decimal]:
    """Every amount that a role may let go of a claim: multiples of the step, and the most."""
    most, step = fullest(situation.claim, role, rules).total, rules.waiver_step
    return [*(step * times for times in range(-int(-most // step))), most]


def capacity(situation: Situation, shape: Shape) -> Decimal:
    """What can be paid at once in a plan of this shape."""
    match shape.kind:
        case PlanKind.INSTALMENTS:
            return situation.affordable
        case PlanKind.LUMP_SUM:
            return situation.cash + situation.affordable
        case PlanKind.EXTENSION:
            return situation.cash + situation.affordable * shape.months


class _Best:
    """The best so far."""

    def __init__(self) -> None:
        self.expected = 0.0
        self.found: Found | None = None
        self._rank: tuple[float, int, Decimal] | None = None

    def offer(self, space: _Space, step: int) -> None:
        made = space.found(step, at_least=self.expected)
        if made is None:
            return
        rank = (-made.recovery.expected, made.plan.months, made.plan.waived.total)
        if self._rank is None or rank < self._rank:
            self.expected, self.found, self._rank = made.recovery.expected, made, rank


class _Space:
    """All plans of one shape: one for each amount to let go."""

    def __init__(self, situation: Situation, shape: Shape, wish: Wish, rules: PlanRules) -> None:
        self._situation, self._shape, self._rules, self._role = situation, shape, rules, wish.role
        self._claim = int(situation.claim.total * 100)
        self._most = fullest(situation.claim, wish.role, rules)
        self._full = int(self._most.total * 100) if wish.waive else 0
        self._step = int(rules.waiver_step * 100)
        self.steps = -(-self._full // self._step)
        self._capacity = float(capacity(situation, shape) * 100)
        self._times = shape.times
        self.first = self._first_step() if self._capacity > 0 and self._claim else self.steps + 1

    def first_steps(self) -> Iterable[int]:
        """Spread over all."""
        width = self.steps - self.first
        return sorted({self.first + width * part // (_TRIED_FIRST - 1) for part in range(_TRIED_FIRST)})

    def _first_step(self) -> int:
        """From where on the loan as a whole may cost less than its cap: the more is let go, the less it costs."""
        return bisect_left(range(self.steps + 1), True, key=lambda step: not self._is_far_too_dear(step))

    def _is_far_too_dear(self, step: int) -> bool:
        """By more than rounding explains."""
        cap = self._rules.cap(CapOn.WHOLE)
        flows = whole_flows(self._plan(step), self._situation) if cap is not None and self._situation.past else []
        return bool(flows) and worth(flows, (float(cap or 0) + 2 * UNEQUAL_MONTHS) / 12) > self._shape.count

    def _waived(self, step: int) -> int:
        return min(step * self._step, self._full)

    def found(self, step: int, *, at_least: float) -> Found | None:
        """The plan that lets go so much; None: it brings less than is wanted, or may not be offered."""
        waived = self._waived(step)
        cents = payment_cents(self._claim - waived, self._shape)
        if max(cents) > self._capacity or cents[0] <= 0:
            return None
        expected = recovery(
            *(self._rules.keeping, self._situation, cents, self._times),
            burden=max(cents) / self._capacity,
            waived_share=waived / self._claim,
        )
        if expected.expected < at_least:
            return None
        plan = self._plan(step)
        if violations(plan, self._situation, self._role, self._rules):
            return None
        return Found(plan=plan, recovery=expected)

    def _plan(self, step: int) -> Plan:
        waived, today = self._waived(step), self._situation.today
        cents = payment_cents(self._claim - waived, self._shape)
        return Plan(
            kind=self._shape.kind,
            scope=self._situation.scope,
            begins_on=today,
            annual_rate=self._shape.annual_rate,
            claim=self._situation.claim,
            payments=dated(cents, self._shape, today, self._rules),
            waived=split(Decimal(waived).scaleb(-2), self._most),
        )

    def most(self, first: int, last: int) -> float:
        """What no plan that lets go between two amounts can exceed; below zero: none of them can be paid."""
        least, most = self._waived(first), self._waived(last)
        slack = 0.02 * self._shape.count * (1 + float(self._shape.monthly_rate)) ** self._shape.count * 100
        high = regular_cents(self._claim - least, self._shape)
        low = regular_cents(self._claim - most, self._shape)
        too_little = self._shape.count > 1 and high + 1 < float(self._rules.least_payment * 100)
        if too_little or low > self._capacity + 1:
            return -1.0
        payments = [high + 1] * self._shape.count
        payments[-1] += slack
        chances = (
            self._chance((low - 1) / self._capacity, most),
            self._chance((high + 1 + slack) / self._capacity, least),
        )
        return most_possible(
            *(self._rules.keeping, self._situation, payments, self._times), least_paid=low - 1, chances=chances
        )

    def _chance(self, burden: float, waived: int) -> float:
        return chance_of_breaking(self._rules.keeping, self._situation, max(0.0, burden), waived / self._claim)
