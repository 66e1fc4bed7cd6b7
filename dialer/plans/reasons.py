"""Why this plan? What speaks for it and what it rests on, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from dialer.loans.terms import Part
from dialer.plans.offers import PlanKind, Situation
from dialer.plans.proposing import Proposal, Proposals, money
from dialer.plans.recovery import MOST_PROMISES
from dialer.plans.rules import CapOn, PlanRules

Sentence = tuple[str, str]
"""Chinese and English."""
_PARTS: dict[Part, Sentence] = {
    Part.PENALTY: ("罚息", "penalty"),
    Part.FEE: ("费用", "fees"),
    Part.INTEREST: ("利息", "interest"),
    Part.PRINCIPAL: ("本金", "principal"),
}


def reasons(one: Proposal, situation: Situation, rules: PlanRules, offered: Proposals) -> tuple[Sentence, ...]:
    """What there is to say of one of the plans."""
    return tuple(_reasons(one, situation, rules, offered))


def explanation(one: Proposal, situation: Situation, rules: PlanRules) -> tuple[Sentence, ...]:
    """How the expected recovery of a plan comes about, with its numbers."""
    keeping, found = rules.keeping, one.recovery
    waived = float(one.plan.waived.total / situation.claim.total)
    broken = min(MOST_PROMISES, situation.broken_promises)
    product = (
        f"{keeping.base[situation.bucket]:.2%} × (1 + {keeping.burden:g} × {found.burden:.2f}²) × "
        f"(1 + {keeping.broken:g} × {broken}) × (1 − {keeping.waived:g} × {waived:.2f})"
        f" = {found.chance_of_breaking:.2%}"
    )
    share, left = keeping.without[situation.bucket], money(found.after_break)
    return (
        (
            f"每月违约概率 = 基数 × 负担 × 失信 × 减免 = {product}；全部履行的概率 {found.kept:.0%}。",
            f"chance of breaking in a month = base x burden x broken promises x waiver = {product}; "
            f"kept to its end: {found.kept:.0%}.",
        ),
        (
            f"预计回收 {one.expected:,} = Σ 仍在履行的概率 × 每期还款 × 折现（年 {keeping.discount_rate:.0%}）"
            f" {money(found.from_plan):,} ＋ 违约后余额的 {share:.0%} {left:,}。",
            f"expected recovery {one.expected:,} = sum of P(still kept) x payment x discount "
            f"({keeping.discount_rate:.0%} a year) {money(found.from_plan):,} + {share:.0%} of what is left after a "
            f"break {left:,}.",
        ),
        (
            "以上概率是配置中的假设，用于比较方案，不是对个人的预测。",
            "These chances are assumptions of the settings: they compare plans, and forecast nobody.",
        ),
    )


def _reasons(one: Proposal, situation: Situation, rules: PlanRules, offered: Proposals) -> Iterator[Sentence]:
    if one is offered.best_first[0]:
        yield "在全部合规方案中预计回收最高。", "The highest expected recovery of all lawful plans."
    else:
        less = offered.best_first[0].expected - one.expected
        yield f"预计回收比首选方案少 {less:,}。", f"{less:,} less expected than of the first plan."
    more = one.expected - offered.without_plan
    yield (
        f"比不签方案（约 {offered.without_plan:,}）多 {more:,}。",
        f"{more:,} more than without a plan (about {offered.without_plan:,}).",
    )
    yield _burden(one, situation)
    yield from _waiver(one)
    yield _cost(one, rules)
    if one.needs is not None:
        yield (
            f"减免超出权限，须由 {one.needs} 审批。",
            f"Lets go more than the proposer may: a {one.needs} has to approve it.",
        )


def _burden(one: Proposal, situation: Situation) -> Sentence:
    can = _capacity(one, situation)
    return (
        f"每期还款为可负担额 {can:,} 的 {one.recovery.burden:.0%}。",
        f"A payment takes {one.recovery.burden:.0%} of the {can:,} that can be paid.",
    )


def _capacity(one: Proposal, situation: Situation) -> Decimal:
    match one.plan.kind:
        case PlanKind.INSTALMENTS:
            return situation.affordable
        case PlanKind.LUMP_SUM:
            return situation.cash + situation.affordable
        case PlanKind.EXTENSION:
            return situation.cash + situation.affordable * one.plan.months


def _waiver(one: Proposal) -> Iterator[Sentence]:
    gone = [(part, amount) for part, amount in one.plan.waived if amount]
    if not gone:
        yield "不减免。", "Nothing is let go."
        return
    zh = "、".join(f"{_PARTS[part][0]} {amount:,}" for part, amount in gone)
    en = ", ".join(f"{amount:,} of {_PARTS[part][1]}" for part, amount in gone)
    yield f"减免{zh}，全部履行后生效。", f"Lets go {en}, once it was kept to its end."


def _cost(one: Proposal, rules: PlanRules) -> Sentence:
    cap, whole = rules.cap(CapOn.PLAN), one.cost.whole
    plan_zh, plan_en = f"方案年化成本 {one.cost.plan:.2%}", f"The plan costs {one.cost.plan:.2%} a year"
    if cap is not None:
        plan_zh, plan_en = f"{plan_zh}（上限 {cap:.2%}）", f"{plan_en} (cap {cap:.2%})"
    if whole is None:
        return f"{plan_zh}。", f"{plan_en}."
    most = rules.cap(CapOn.WHOLE)
    zh = f"，贷款全程 {whole:.2%}" + (f"（上限 {most:.2%}）" if most is not None else "")
    en = f", the loan as a whole {whole:.2%}" + (f" (cap {most:.2%})" if most is not None else "")
    return f"{plan_zh}{zh}。", f"{plan_en}{en}."
