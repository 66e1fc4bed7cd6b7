"""Whatever the debt: no plan that is offered breaks a rule, and no grid finds a better one."""

from __future__ import annotations

import math
from datetime import UTC, date, timedelta
from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.access import Role
from dialer.config.plans import load_plans
from dialer.loans.buckets import bucket_of
from dialer.loans.schedules import add_months
from dialer.loans.terms import Part, Parts
from dialer.plans.legality import violations
from dialer.plans.offers import Flow, Plan, PlanKind, Scope, Situation
from dialer.plans.payments import dated, payment_cents, shape_of
from dialer.plans.proposing import Proposals, propose
from dialer.plans.recovery import chance_of_breaking, recovery
from dialer.plans.rules import RANKS
from dialer.plans.search import Wish, best, capacity
from dialer.plans.waivers import fullest, split

RULES = load_plans(Path("nowhere"), Path(__file__).parents[2] / "config", UTC).plans
KEEPING = RULES.keeping
TODAY = date(2026, 11, 28)
D = Decimal


def money(least: int, most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(least, most).map(lambda cents: Decimal(cents).scaleb(-2))


claims = st.builds(
    Parts,
    penalty=money(0, 200_000),
    fee=money(0, 20_000),
    interest=money(0, 400_000),
    principal=money(10_000, 3_000_000),
)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    days, claim = draw(st.integers(1, 400)), draw(claims)
    past: tuple[Flow, ...] = ()
    if draw(st.booleans()):
        begun = TODAY - timedelta(days=days + 200)
        past = (
            Flow(on=begun, amount=-claim.principal),
            Flow(on=begun + timedelta(days=90), amount=draw(money(1, 50_000))),
        )
    return Situation(
        today=TODAY,
        claim=claim,
        scope=Scope.WHOLE,
        days_past_due=days,
        bucket=bucket_of(days),
        affordable=draw(money(0, 500_000)),
        cash=draw(st.just(D("0.00")) | money(0, 4_000_000)),
        broken_promises=draw(st.integers(0, 4)),
        past=past,
    )


def broken_rules(plan: Plan, situation: Situation, role: Role) -> list[str]:
    """The rules once more, written from docs/plans.md and not from the code."""
    found, owed, gone = [], situation.claim, plan.waived
    ceilings, amounts = RULES.ceilings[role], [one.amount for one in plan.payments]
    order = [Part.PENALTY, Part.INTEREST, Part.FEE, Part.PRINCIPAL]
    found += ["ceiling" for part in order if gone.of(part) > ceilings.get(part, 0) * owed.of(part)]
    for first, later in pairwise(order):
        found += ["order"] if gone.of(later) and gone.of(first) != owed.of(first) else []
    months = {PlanKind.LUMP_SUM: 1, PlanKind.INSTALMENTS: len(amounts)}.get(plan.kind, plan.months)
    found += ["months"] if months > 60 or plan.payments[-1].due_on > add_months(TODAY, 61) else []
    most = situation.affordable
    if plan.kind is not PlanKind.INSTALMENTS:
        most = situation.cash + situation.affordable * (plan.months if plan.kind is PlanKind.EXTENSION else 1)
    found += ["affordable"] if max(amounts) > most else []
    found += ["settles"] if sum(amounts) < owed.total - gone.total else []
    worth = sum(float(amount) / 1.01 ** (number + 1) for number, amount in enumerate(amounts))
    if plan.kind is PlanKind.INSTALMENTS:  # at most 12 % a year: four times an LPR of 3 %
        found += ["cost"] if worth > float(owed.total - gone.total) + 0.01 else []
    if plan.kind is PlanKind.EXTENSION:
        found += ["cost"] if float(amounts[0]) > float(owed.total - gone.total) * 1.01**plan.months + 0.01 else []
    return found


@settings(max_examples=15, deadline=None)
@given(situations(), st.sampled_from(RANKS))
def test_every_plan_that_is_offered_keeps_every_rule(situation: Situation, role: Role) -> None:
    found: Proposals = propose(situation, role, RULES, most=50)
    for one in found.best_first:
        who = one.needs or role
        assert broken_rules(one.plan, situation, who) == []
        assert violations(one.plan, situation, who, RULES) == ()
    expected = [one.recovery.expected for one in found.best_first]
    assert expected == sorted(expected, reverse=True)
    assert (found.hindrance is None) is bool(found.best_first)


def of_grid(
    situation: Situation, role: Role, kind: PlanKind, months: int, rate: Decimal, share: Decimal
) -> float | None:
    """What a point of a grid brings; None: it may not be offered."""
    most = fullest(situation.claim, role, RULES)
    waived = split((most.total * share // RULES.waiver_step) * RULES.waiver_step if share < 1 else most.total, most)
    shape = shape_of(kind, months, rate, TODAY, RULES)
    cents = payment_cents(int((situation.claim.total - waived.total) * 100), shape)
    plan = Plan(
        kind=kind,
        scope=situation.scope,
        begins_on=TODAY,
        annual_rate=shape.annual_rate,
        claim=situation.claim,
        payments=dated(cents, shape, TODAY, RULES),
        waived=waived,
    )
    if violations(plan, situation, role, RULES):
        return None
    burden = max(cents) / float(capacity(situation, shape) * 100)
    share_let_go = float(waived.total / situation.claim.total)
    chance = chance_of_breaking(KEEPING, situation, burden, share_let_go)
    value, alive, left = 0.0, 1.0, float(situation.claim.total * 100)
    for cent, at in zip(cents, shape.times, strict=True):
        still, worth = (1 - chance) ** math.ceil(at), 1.08 ** (-at / 12)
        value += worth * (still * cent + (alive - still) * KEEPING.without[situation.bucket] * max(0.0, left))
        alive, left = still, left - cent
    return value


@settings(max_examples=8, deadline=None)
@given(situations(), st.sampled_from(RANKS))
def test_no_grid_over_months_rates_and_waivers_finds_a_better_plan(situation: Situation, role: Role) -> None:
    rates = [rate for rate in RULES.rates if rate <= D("0.12")]
    points = [
        *product([PlanKind.INSTALMENTS], range(2, 61, 2), rates, (D(0), D("0.25"), D("0.5"), D("0.75"), D(1))),
        *product([PlanKind.EXTENSION], range(1, 4), rates, (D(0), D("0.5"), D(1))),
        *product([PlanKind.LUMP_SUM], [1], [D(0)], (D(0), D("0.5"), D(1))),
    ]
    values = [of_grid(situation, role, *point) for point in points]
    best_of_grid = max((value for value in values if value is not None), default=None)
    kinds = ((PlanKind.INSTALMENTS, range(2, 61)), (PlanKind.EXTENSION, range(1, 4)), (PlanKind.LUMP_SUM, range(1, 2)))
    ours = [best(situation, Wish(kind=kind, months=months, role=role), RULES) for kind, months in kinds]
    best_of_ours = max((one.recovery.expected for one in ours if one is not None), default=None)
    if best_of_grid is not None:
        assert best_of_ours is not None
        assert best_of_ours >= best_of_grid - 1e-6
    offered = propose(situation, role, RULES).best_first
    if best_of_ours is not None:
        assert offered[0].recovery.expected >= best_of_ours - 1e-6


@settings(max_examples=8, deadline=None)
@given(money(1_000, 60_000), money(1, 30_000), st.integers(1, 300))
def test_of_a_small_debt_no_plan_at_all_is_better(principal: Decimal, penalty: Decimal, days: int) -> None:
    claim = Parts(principal=principal, penalty=penalty)
    situation = Situation(
        today=TODAY,
        claim=claim,
        scope=Scope.DUE,
        days_past_due=days,
        bucket=bucket_of(days),
        affordable=D("120.00"),
    )
    months, role = range(2, 9), Role.SUPERVISOR
    steps = range(int(fullest(claim, role, RULES).total // RULES.waiver_step) + 2)
    full = max(D("0.01"), fullest(claim, role, RULES).total)
    shares = [min(D(1), RULES.waiver_step * step / full + D("1e-12")) for step in steps]
    values = [of_grid(situation, role, PlanKind.INSTALMENTS, *point) for point in product(months, RULES.rates, shares)]
    found = best(situation, Wish(kind=PlanKind.INSTALMENTS, months=months, role=role), RULES)
    every = max((value for value in values if value is not None), default=None)
    assert (found is None) is (every is None)
    if found is not None and every is not None:
        assert abs(found.recovery.expected - every) < 1e-6


@given(situations(), st.floats(0, 1.5), st.floats(0, 1.5), st.floats(0, 1), st.floats(0, 1))
def test_a_greater_burden_never_makes_a_plan_safer_and_letting_go_never_makes_it_riskier(
    situation: Situation, burden: float, more: float, waived: float, also: float
) -> None:
    low, high = sorted((burden, more))
    less, much = sorted((waived, also))
    chance = chance_of_breaking(KEEPING, situation, low, waived)
    assert 0 <= chance <= KEEPING.most
    assert chance <= chance_of_breaking(KEEPING, situation, high, waived)
    assert chance_of_breaking(KEEPING, situation, burden, much) <= chance_of_breaking(KEEPING, situation, burden, less)


@given(situations(), st.integers(1, 60), st.sampled_from(RULES.rates))
def test_payments_settle_the_claim_and_cost_no_more_than_their_rate(
    situation: Situation, months: int, rate: Decimal
) -> None:
    shape = shape_of(PlanKind.INSTALMENTS, months, rate, TODAY, RULES)
    cents = int(situation.claim.total * 100)
    payments = payment_cents(cents, shape)
    assert len(payments) == months
    assert all(payment >= 0 for payment in payments)
    assert (sum(payments) == cents) if not rate else (sum(payments) >= cents)
    monthly = float(rate) / 12
    worth = sum(paid / (1 + monthly) ** at for paid, at in zip(payments, shape.times, strict=True))
    assert worth <= cents + 0.5
    expected = recovery(KEEPING, situation, payments, shape.times, burden=0.5, waived_share=0.0)
    assert expected.from_plan <= sum(payments)
