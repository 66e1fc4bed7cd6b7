"""What may be let go, by whom, and in which order.

Rules
- Penalty first, then interest, then fee, then principal: of a later part nothing is let go unless the earlier ones are
  let go whole. Source: usual practice (减免顺序), house rule.
- Each role may let go a share of each part. What is more needs somebody whose role may, and who did not propose it.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from dialer.access import Role
from dialer.loans.owed import WAIVER_ORDER
from dialer.loans.terms import CENT, NOTHING, ZERO, Parts
from dialer.plans.rules import RANKS, PlanRules


def fullest(claim: Parts, role: Role, rules: PlanRules) -> Parts:
    """The most that a role may let go of a claim."""
    ceilings, found = rules.ceilings.get(role, {}), NOTHING
    for part in WAIVER_ORDER:
        owed = claim.of(part)
        allowed = (owed * ceilings.get(part, ZERO)).quantize(CENT, rounding=ROUND_DOWN)
        found = found.plus(part, allowed)
        if allowed < owed:
            break
    return found


def split(amount: Decimal, most: Parts) -> Parts:
    """An amount to let go by parts, in the order in which they are let go."""
    found, rest = NOTHING, amount
    for part in WAIVER_ORDER:
        taken = min(rest, most.of(part))
        found = found.plus(part, taken)
        rest -= taken
    return found


def least_role(waived: Parts, claim: Parts, rules: PlanRules) -> Role | None:
    """The lowest role that may let so much go; None: nobody may."""
    for role in RANKS:
        most = fullest(claim, role, rules)
        if all(amount <= most.of(part) for part, amount in waived):
            return role
    return None


def covers(role: Role, least: Role) -> bool:
    """Whether a role may do what another one is the least to do."""
    return role in RANKS and RANKS.index(role) >= RANKS.index(least)
