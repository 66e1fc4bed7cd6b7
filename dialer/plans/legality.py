"""May this plan be offered? Every rule that it breaks, told one by one.

This knows nothing of how plans are found: whoever made a plan, by hand or by search, has it judged here, and so does
whoever approves or signs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from dialer.access import Role
from dialer.loans.terms import CENT, Part
from dialer.plans.cost import plan_flows, whole_flows, worth
from dialer.plans.offers import Plan, PlanKind, Situation, months_between
from dialer.plans.rules import CapOn, PlanRules, RateCap

_ORDER: Final = (Part.PENALTY, Part.INTEREST, Part.FEE, Part.PRINCIPAL)
_HALF_CENT: Final = 0.005
UNEQUAL_MONTHS: Final = 0.001
"""Of a year: a loan at exactly the cap may seem to cost this much more, because months are of unequal length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that a plan breaks."""

    rule: str
    zh: str
    en: str


def violations(plan: Plan, situation: Situation, role: Role, rules: PlanRules) -> tuple[Violation, ...]:
    """Everything that forbids a plan; empty: it is lawful.

    Args:
        plan: which.
        situation: the debt and the debtor.
        role: of whoever lets go what it lets go.
        rules: the bounds.
    """
    return (
        *_sums(plan, situation),
        *_days(plan, rules),
        *_burden(plan, situation, rules),
        *_waiver(plan, role, rules),
        *_costs(plan, situation, rules),
    )


def _sums(plan: Plan, situation: Situation) -> Iterator[Violation]:
    if plan.claim != situation.claim:
        yield Violation(
            rule="claim", zh="欠款金额已变化", en=f"the debt is {situation.claim.total}, and not {plan.claim.total}"
        )
    amounts = [*(one.amount for one in plan.payments), *(amount for _, amount in plan.waived)]
    if any(amount != amount.quantize(CENT) for amount in amounts):
        yield Violation(rule="cents", zh="金额不足一分", en="an amount has a fraction of a cent")
    if any(amount < 0 for amount in amounts) or not plan.payments:
        yield Violation(rule="amounts", zh="金额为负或没有还款", en="an amount is negative, or there is no payment")
    if plan.total < plan.claim.total - plan.waived.total:
        yield Violation(rule="total", zh="还款不足以清偿", en="the payments do not settle the claim")


def _days(plan: Plan, rules: PlanRules) -> Iterator[Violation]:
    days = [one.due_on for one in plan.payments]
    if days != sorted(set(days)) or days[0] <= plan.begins_on:
        yield Violation(rule="days", zh="还款日期次序有误", en="the payments are not one after another from now on")
        return
    if months_between(plan.begins_on, days[-1]) > rules.most_months or len(days) > rules.most_months:
        yield Violation(
            rule="months",
            zh=f"超过 {rules.most_months} 个月",
            en=f"it lasts for more than {rules.most_months} months ({rules.months_source})",
        )
    if plan.kind is PlanKind.LUMP_SUM and days[-1] > plan.begins_on + timedelta(days=rules.lump_sum_days):
        yield Violation(
            rule="lump_sum", zh="一次性还款期限过长", en=f"a single payment is due within {rules.lump_sum_days} days"
        )
    if plan.kind is PlanKind.EXTENSION and months_between(plan.begins_on, days[-1]) > rules.extension_months:
        yield Violation(
            rule="extension", zh="展期过长", en=f"an extension is for at most {rules.extension_months} months"
        )
    if plan.kind is not PlanKind.INSTALMENTS and len(days) != 1:
        yield Violation(rule="single", zh="应为一次还款", en="a lump sum or an extension is one payment")


def _burden(plan: Plan, situation: Situation, rules: PlanRules) -> Iterator[Violation]:
    if plan.kind is PlanKind.INSTALMENTS:
        most = situation.affordable
    elif plan.kind is PlanKind.LUMP_SUM:
        most = situation.cash + situation.affordable
    else:
        months = months_between(plan.begins_on, plan.payments[-1].due_on)
        most = situation.cash + situation.affordable * months
    highest = max(one.amount for one in plan.payments)
    if highest > most:
        yield Violation(
            rule="affordability",
            zh=f"每期 {highest}，可负担 {most}",
            en=f"a payment of {highest} where {most} can be paid",
        )
    if len(plan.payments) > 1 and any(one.amount < rules.least_payment for one in plan.payments[:-1]):
        yield Violation(
            rule="least_payment", zh=f"每期少于 {rules.least_payment}", en=f"a payment below {rules.least_payment}"
        )


def _waiver(plan: Plan, role: Role, rules: PlanRules) -> Iterator[Violation]:
    ceilings, whole = rules.ceilings.get(role, {}), True
    for part in _ORDER:
        let_go, owed = plan.waived.of(part), plan.claim.of(part)
        if let_go > owed * ceilings.get(part, Decimal(0)):
            yield Violation(
                rule=f"ceiling.{part.value}",
                zh=f"减免超出 {role.value} 的权限",
                en=f"{role.value} may not let go {let_go} of {owed} {part.value}",
            )
        if let_go and not whole:
            yield Violation(
                rule=f"order.{part.value}", zh="减免次序有误", en=f"{part.value} is let go before what comes first"
            )
        whole = whole and let_go == owed


def _costs(plan: Plan, situation: Situation, rules: PlanRules) -> Iterator[Violation]:
    begun = float(plan.claim.total - plan.waived.total)
    whole = whole_flows(plan, situation)
    for cap in rules.caps:
        rate = float(cap.rate)
        over_plan = CapOn.PLAN in cap.on and worth(plan_flows(plan), rate / 12) > begun + _HALF_CENT
        over_whole = CapOn.WHOLE in cap.on and worth(whole, (rate + UNEQUAL_MONTHS) / 12) > _HALF_CENT
        if plan.annual_rate > cap.rate or over_plan or over_whole:
            yield _over(cap)


def _over(cap: RateCap) -> Violation:
    return Violation(
        rule=f"rate_cap.{cap.id}",
        zh=f"成本超过年化 {cap.rate:.2%}",
        en=f"it costs more than {cap.rate:.2%} a year ({cap.source})",
    )
