"""What may be offered to somebody in hardship, in words: of the plans that the role may agree to by itself. Pure.

Which plans there are, what they cost and what may be let go is for `dialer.plans` to say, by the ceilings of
plans.yaml. Here the best one of each kind is taken, an extension first, then instalments, then a partial waiver, and
told. What would need somebody else's approval is not put into an agent's mouth.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dialer.plans.offers import Plan, PlanKind
from dialer.plans.proposing import Proposal
from dialer.scripts.model import Offer
from dialer.scripts.templates import day_en, day_zh, money_en, money_zh

WAIVER: Final = "waiver"
ORDER: Final = (PlanKind.EXTENSION.value, PlanKind.INSTALMENTS.value, WAIVER)
"""In which options are told; house rule: what costs nobody anything first."""


def offers(proposals: Iterable[Proposal]) -> tuple[Offer, ...]:
    """The best plan of each kind that needs nobody else's approval.

    Args:
        proposals: best first.
    """
    found: dict[str, Offer] = {}
    for proposal in proposals:
        kind = kind_of(proposal.plan)
        if proposal.needs is None and kind in ORDER and kind not in found:
            found[kind] = offer_of(proposal.plan)
    return tuple(found[kind] for kind in ORDER if kind in found)


def kind_of(plan: Plan) -> str:
    """How a plan is told of: one that lets something go is a waiver, whatever else it is."""
    return WAIVER if plan.waived.total else plan.kind.value


def offer_of(plan: Plan) -> Offer:
    """A plan in words."""
    first, times = plan.payments[0], len(plan.payments)
    match plan.kind:
        case PlanKind.EXTENSION:
            zh = f"延期至{day_zh(first.due_on)}，一次还{money_zh(first.amount)}"
            en = f"put off to {day_en(first.due_on)}, then {money_en(first.amount)} at once"
        case PlanKind.INSTALMENTS:
            zh = f"分{times}期，每期{money_zh(first.amount)}，首期{day_zh(first.due_on)}"
            en = f"{times} instalments of {money_en(first.amount)}, the first on {day_en(first.due_on)}"
        case PlanKind.LUMP_SUM:
            zh = f"{day_zh(first.due_on)}前一次还{money_zh(first.amount)}"
            en = f"{money_en(first.amount)} at once by {day_en(first.due_on)}"
    waived = plan.waived.total
    return Offer(
        kind=kind_of(plan),
        zh=f"{zh}，履约后减免{money_zh(waived)}" if waived else zh,
        en=f"{en}; {money_en(waived)} is waived once it is kept" if waived else en,
        months=plan.months,
        each=first.amount,
        waived=waived,
    )
