"""How much is a plan likely to bring in? Its expected recovery, at today's value.

Rules
- Each month the plan may break, with the chance of `chance_of_breaking` (see `Keeping`); a month that it survived
  brings its payment.
- expected recovery = sum over payments of  P(kept so far) x payment x discount
                    + sum over payments of  P(broken just then) x share x what is left of the whole claim x discount
  where the waiver is void when the plan breaks, and `share` is what comes in without a plan.
- More burden, or more broken promises, never make a break less likely; more let go never makes it more likely.
The chances are assumptions that stand in `config/plans.yaml`, not learned; an expected recovery compares plans, and is
no forecast of what one debtor will do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dialer.plans.offers import Situation
from dialer.plans.rules import Keeping

MOST_PROMISES = 3
"""More broken promises say nothing new. House rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What to expect of a plan, in cents of today."""

    from_plan: float
    after_break: float
    without_plan: float
    chance_of_breaking: float
    """In a month."""
    kept: float
    """The chance that it is kept to its end."""
    burden: float
    """The payment as a share of what can be paid."""

    @property
    def expected(self) -> float:
        """All of it."""
        return self.from_plan + self.after_break


def chance_of_breaking(keeping: Keeping, situation: Situation, burden: float, waived_share: float) -> float:
    """The chance that a plan breaks in a month."""
    chance = (
        keeping.base[situation.bucket]
        * (1 + keeping.burden * burden * burden)
        * (1 + keeping.broken * min(MOST_PROMISES, situation.broken_promises))
        * (1 - keeping.waived * waived_share)
    )
    return min(keeping.most, max(0.0, chance))


def discounts(keeping: Keeping, times: Sequence[float]) -> list[float]:
    """What a cent at each time is worth today."""
    return [(1 + keeping.discount_rate) ** (-months / 12) for months in times]


def recovery(
    keeping: Keeping,
    situation: Situation,
    payments: Sequence[int],
    times: Sequence[float],
    *,
    burden: float,
    waived_share: float,
) -> Recovery:
    """What to expect of these payments.

    Args:
        keeping: how plans are kept.
        situation: the debt and the debtor.
        payments: cents.
        times: of each, in months from today.
        burden: the payment as a share of what can be paid.
        waived_share: what is let go as a share of the claim.
    """
    chance, share = chance_of_breaking(keeping, situation, burden, waived_share), keeping.without[situation.bucket]
    claim = float(situation.claim.total * 100)
    from_plan = after_break = paid = 0.0
    alive = 1.0
    for payment, months, worth in zip(payments, times, discounts(keeping, times), strict=True):
        still = (1 - chance) ** math.ceil(months)
        after_break += (alive - still) * share * max(0.0, claim - paid) * worth
        from_plan += still * payment * worth
        alive, paid = still, paid + payment
    return Recovery(
        from_plan=from_plan,
        after_break=after_break,
        without_plan=share * claim,
        chance_of_breaking=chance,
        kept=alive,
        burden=burden,
    )


def most_possible(
    keeping: Keeping,
    situation: Situation,
    payments: Sequence[float],
    times: Sequence[float],
    *,
    least_paid: float,
    chances: tuple[float, float],
) -> float:
    """What no plan of a range can exceed.

    Args:
        keeping: how plans are kept.
        situation: the debt and the debtor.
        payments: the greatest that each can be.
        times: of each.
        least_paid: the least that each payment can be.
        chances: the least and the greatest chance of breaking in a month.
    """
    low, high = chances
    claim, share = float(situation.claim.total * 100), keeping.without[situation.bucket]
    found, before = 0.0, 0
    for index, (payment, months, worth) in enumerate(zip(payments, times, discounts(keeping, times), strict=True)):
        month = math.ceil(months)
        alive = (1 - low) ** before
        breaks = alive * (1 - (1 - high) ** (month - before))
        left = max(0.0, claim - max(0.0, least_paid) * index)
        found += (1 - low) ** month * payment * worth + breaks * share * left * worth
        before = month
    return found
