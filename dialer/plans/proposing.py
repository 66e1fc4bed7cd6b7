"""The plans to offer, the one with the highest expected recovery first, each with its cost and its reason.

From each family (at once, put off, short, middle, long; with and without letting something go) comes the best plan, so
that there is something to choose from; of equal plans one is told. What only somebody else may let go is offered too,
and names the role that has to approve it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from dialer.access import Role
from dialer.loans.terms import ZERO
from dialer.plans.cost import Cost, cost_of
from dialer.plans.legality import Violation
from dialer.plans.offers import Plan, PlanKind, Situation
from dialer.plans.payments import shape_of
from dialer.plans.recovery import Recovery
from dialer.plans.rules import RANKS, CapOn, PlanRules
from dialer.plans.search import Found, Wish, best, capacity
from dialer.plans.waivers import covers, fullest, least_role

_ENDS: Final = (1, 6, 12, 24, 36)
"""Families of instalments end with these numbers of months, the last one with what the rules allow. House rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A plan that may be offered."""

    plan: Plan
    recovery: Recovery
    cost: Cost
    needs: Role | None
    """Who has to approve it besides; None: nobody."""

    @property
    def expected(self) -> Decimal:
        """Expected recovery, whole cents."""
        return money(self.recovery.expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposals:
    """What may be offered."""

    best_first: tuple[Proposal, ...]
    without_plan: Decimal
    """What comes in without a plan, by the same assumptions."""
    hindrance: Violation | None = None
    """Why there is none; None: there is one."""


def propose(situation: Situation, role: Role, rules: PlanRules, *, most: int = 5) -> Proposals:
    """The plans to offer.

    Args:
        situation: the debt and the debtor.
        role: who proposes.
        rules: the bounds.
        most: how many.
    """
    found = {_key(one.plan): one for one in _of_families(situation, role, rules)}
    ranked = sorted(found.values(), key=lambda one: (-one.recovery.expected, one.plan.months, one.plan.waived.total))
    without = money(rules.keeping.without[situation.bucket] * float(situation.claim.total * 100))
    return Proposals(
        best_first=tuple(_proposal(one, situation, role, rules) for one in ranked[:most]),
        without_plan=without,
        hindrance=None if ranked else _hindrance(situation, role, rules),
    )


def money(cents: float) -> Decimal:
    """Cents as an amount."""
    return Decimal(round(cents)).scaleb(-2)


def _of_families(situation: Situation, role: Role, rules: PlanRules) -> Iterator[Found]:
    roles = [one for one in RANKS if covers(one, role)] or [role]
    for kind, months in _families(rules):
        nothing = best(situation, Wish(kind=kind, months=months, role=role, waive=False), rules)
        if nothing is not None:
            yield nothing
        seen = ZERO
        for one in roles:
            allowed = fullest(situation.claim, one, rules).total
            if allowed > seen and (found := best(situation, Wish(kind=kind, months=months, role=one), rules)):
                yield found
            seen = allowed


def _families(rules: PlanRules) -> Iterator[tuple[PlanKind, range]]:
    yield PlanKind.LUMP_SUM, range(1, 2)
    if rules.extension_months:
        yield PlanKind.EXTENSION, range(1, rules.extension_months + 1)
    ends = [*(end for end in _ENDS if end < rules.most_months), rules.most_months]
    for before, last in pairwise(ends):
        yield PlanKind.INSTALMENTS, range(before + 1, last + 1)


def _key(plan: Plan) -> tuple[PlanKind, tuple[Decimal, ...]]:
    return plan.kind, tuple(one.amount for one in plan.payments)


def _proposal(found: Found, situation: Situation, role: Role, rules: PlanRules) -> Proposal:
    least = least_role(found.plan.waived, found.plan.claim, rules)
    needs = None if least is None or covers(role, least) else least
    return Proposal(plan=found.plan, recovery=found.recovery, cost=cost_of(found.plan, situation), needs=needs)


def _hindrance(situation: Situation, role: Role, rules: PlanRules) -> Violation:
    """What stands in the way of every plan."""
    if not situation.claim.total:
        return Violation(rule="nothing_due", zh="没有欠款", en="nothing is due")
    longest = shape_of(PlanKind.INSTALMENTS, rules.most_months, Decimal(0), situation.today, rules)
    can = capacity(situation, longest)
    highest = fullest(situation.claim, RANKS[-1], rules).total
    least = ((situation.claim.total - highest) / rules.most_months).quantize(Decimal("0.01"))
    if least > can:
        return Violation(
            rule="affordability",
            zh=f"{rules.most_months} 期并按最高权限减免后每期仍需 {least}，可负担 {can}",
            en=f"even over {rules.most_months} months, and with all that anybody may let go, {least} a month would be "
            f"needed and {can} can be paid",
        )
    cap = rules.cap(CapOn.WHOLE)
    return Violation(
        rule="rate_cap",
        zh=f"任何方案的综合成本都会超过年化 {cap or 0:.2%}，或低于最低还款额",
        en=f"every plan would cost more than {cap or 0:.2%} a year, or ask for less than {rules.least_payment} a month",
    )
