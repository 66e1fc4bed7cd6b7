"""What does a plan cost the debtor, of a year? The internal rate of return, twelve times that of a month.

Source: PBC announcement [2021] No. 3, annualised rates by the internal rate of return; twelve times a month's rate, as
contracts name theirs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dialer.plans.offers import Flow, Plan, Situation, months_between

_DAYS_A_MONTH = 365 / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of a year; 0.12 is 12 %."""

    plan: float
    """Of the plan itself, on what it has to bring after the waiver."""
    whole: float | None
    """Of the loan from its first day to the end; None: the past is not known."""


def cost_of(plan: Plan, situation: Situation) -> Cost:
    """What a plan costs."""
    flows = [(0.0, -float(plan.claim.total - plan.waived.total)), *plan_flows(plan)]
    whole = whole_flows(plan, situation)
    return Cost(plan=annual(flows), whole=annual(whole) if whole else None)


def plan_flows(plan: Plan) -> list[tuple[float, float]]:
    """The payments: months from the beginning, and how much."""
    first = plan.payments[0].due_on
    begun = _part_of_month(plan.begins_on, first)
    return [(begun + months_between(first, one.due_on), float(one.amount)) for one in plan.payments]


def whole_flows(plan: Plan, situation: Situation) -> list[tuple[float, float]]:
    """The loan from its first day on, the plan and what the contract brings besides; empty: not known."""
    if not situation.past:
        return []
    of_plan = [Flow(on=one.due_on, amount=one.amount) for one in plan.payments]
    begin = min(flow.on for flow in situation.past)
    flows = (*situation.past, *of_plan, *situation.ahead)
    return [((flow.on - begin).days / _DAYS_A_MONTH, float(flow.amount)) for flow in flows]


def worth(flows: Sequence[tuple[float, float]], monthly_rate: float) -> float:
    """What flows are worth at their beginning, at a rate of a month."""
    return sum(amount * math.pow(1 + monthly_rate, -months) for months, amount in flows)


def annual(flows: Sequence[tuple[float, float]]) -> float:
    """The rate of a year at which flows are worth nothing; 0: they bring no more than was given."""
    if worth(flows, 0.0) <= 0.005:
        return 0.0
    low, high = 0.0, 1.0
    while worth(flows, high) > 0 and high < 1e6:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(flows, middle) > 0 else (low, middle)
    return 12 * high


def _part_of_month(begin: date, end: date) -> float:
    """Months of thirty days."""
    months = (end.year - begin.year) * 12 + end.month - begin.month
    return months + (min(end.day, 30) - min(begin.day, 30)) / 30
