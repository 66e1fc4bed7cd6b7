"""Plans: who may let go of what, what each costs, what forbids one, and what is told when there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path

import pytest

from dialer.access import Role
from dialer.config.plans import NAME, load_plans
from dialer.config.problems import SettingsFileError
from dialer.loans.buckets import bucket_of
from dialer.loans.rules import HOUSE
from dialer.loans.terms import NOTHING, Parts
from dialer.plans.cost import annual, cost_of
from dialer.plans.legality import violations
from dialer.plans.offers import Flow, Plan, PlanKind, PlanPayment, Scope, Situation, months_between
from dialer.plans.payments import dated, payment_cents, shape_of
from dialer.plans.proposing import propose
from dialer.plans.waivers import covers, fullest, least_role, split

SHIPPED = Path(__file__).parents[2] / "config"
SETTINGS = load_plans(Path("nowhere"), SHIPPED, UTC)
RULES = SETTINGS.plans
TODAY = date(2026, 11, 28)
D = Decimal
CLAIM = Parts(penalty=D("400.00"), fee=D("100.00"), interest=D("500.00"), principal=D("9000.00"))


def situation(claim: Parts = CLAIM, *, affordable: str = "1000.00", cash: str = "0.00", days: int = 95) -> Situation:
    return Situation(
        today=TODAY,
        claim=claim,
        scope=Scope.WHOLE,
        days_past_due=days,
        bucket=bucket_of(days),
        affordable=D(affordable),
        cash=D(cash),
    )


def plan(months: int = 12, *, rate: str = "0", waived: Parts = NOTHING, kind: PlanKind = PlanKind.INSTALMENTS) -> Plan:
    shape = shape_of(kind, months, D(rate), TODAY, RULES)
    cents = payment_cents(int((CLAIM.total - waived.total) * 100), shape)
    return Plan(
        kind=kind,
        scope=Scope.WHOLE,
        begins_on=TODAY,
        annual_rate=shape.annual_rate,
        claim=CLAIM,
        payments=dated(cents, shape, TODAY, RULES),
        waived=waived,
    )


def broken(one: Plan, *, role: Role = Role.ADMIN, of: Situation | None = None) -> list[str]:
    return [violation.rule for violation in violations(one, of or situation(), role, RULES)]


def test_instalments_of_a_plan_to_the_cent() -> None:
    # 10,000.00 over 12 months at 6 % a year: 860.66 a month.
    found = plan(12, rate="0.06")
    assert [str(one.amount) for one in found.payments] == ["860.66"] * 11 + ["860.65"]
    assert (found.payments[0].due_on, found.payments[-1].due_on) == (date(2026, 12, 28), date(2027, 11, 28))
    assert found.interest == D("327.91")
    assert cost_of(found, situation()).plan == pytest.approx(0.06, abs=2e-5)


def test_a_plan_without_interest_costs_nothing() -> None:
    found = plan(7)
    assert [str(one.amount) for one in found.payments] == ["1428.57"] * 6 + ["1428.58"]
    assert cost_of(found, situation()).plan == 0


def test_an_extension_is_paid_once_with_the_interest_of_its_months() -> None:
    found = plan(3, rate="0.06", kind=PlanKind.EXTENSION)
    assert [(one.due_on, str(one.amount)) for one in found.payments] == [(date(2027, 2, 28), "10150.75")]


def test_the_rate_of_return_is_the_textbooks() -> None:
    assert annual([(0, -1000.0), (12, 1126.825)]) == pytest.approx(0.12, abs=1e-5)
    assert annual([(0, -1000.0), (6, 900.0)]) == 0


def test_each_role_may_let_go_what_its_ceiling_says_in_order() -> None:
    assert fullest(CLAIM, Role.AGENT, RULES) == Parts(penalty=D("200.00"))
    assert fullest(CLAIM, Role.SUPERVISOR, RULES) == Parts(penalty=D("400.00"), interest=D("250.00"))
    assert fullest(CLAIM, Role.ADMIN, RULES).total == D("2800.00")
    assert fullest(CLAIM, Role.AUDITOR, RULES) == NOTHING


def test_letting_go_begins_with_the_penalty() -> None:
    most = fullest(CLAIM, Role.ADMIN, RULES)
    assert split(D("650.00"), most) == Parts(penalty=D("400.00"), interest=D("250.00"))
    assert split(D("1100.00"), most) == Parts(
        penalty=D("400.00"), interest=D("500.00"), fee=D("100.00"), principal=D("100.00")
    )


@pytest.mark.parametrize(
    ("waived", "least"),
    [
        (NOTHING, Role.AGENT),
        (Parts(penalty=D("200.00")), Role.AGENT),
        (Parts(penalty=D("200.01")), Role.SUPERVISOR),
        (Parts(penalty=D("400.00"), interest=D("250.01")), Role.ADMIN),
        (Parts(principal=D("1800.01")), None),
    ],
)
def test_the_least_role_that_may_let_go_so_much(waived: Parts, least: Role | None) -> None:
    assert least_role(waived, CLAIM, RULES) is least


def test_a_higher_role_covers_a_lower_one_and_an_auditor_none() -> None:
    assert covers(Role.ADMIN, Role.SUPERVISOR)
    assert not covers(Role.AGENT, Role.SUPERVISOR)
    assert not covers(Role.AUDITOR, Role.AGENT)


@pytest.mark.parametrize(
    ("found", "rules"),
    [
        (plan(12), []),
        (replace(plan(12), claim=replace(CLAIM, penalty=D("1.00"))), ["claim"]),
        (plan(9), ["affordability"]),
        (plan(12, rate="0.125"), ["rate_cap.lpr4"]),
        (plan(12, waived=Parts(interest=D("10.00"))), ["order.interest"]),
        (plan(12, waived=Parts(penalty=D("400.00"), principal=D("10.00"))), ["order.principal"]),
        (plan(60), []),
        (replace(plan(12), payments=plan(12).payments[:-1]), ["total"]),
        (replace(plan(12), payments=plan(12).payments[::-1]), ["days"]),
        (plan(1, kind=PlanKind.LUMP_SUM), ["affordability"]),
        (plan(4, kind=PlanKind.EXTENSION), ["extension", "affordability"]),
        (replace(plan(1), kind=PlanKind.LUMP_SUM), ["lump_sum", "affordability"]),
        (replace(plan(12), kind=PlanKind.EXTENSION), ["extension", "single"]),
    ],
)
def test_what_forbids_a_plan_is_named(found: Plan, rules: list[str]) -> None:
    assert broken(found) == rules


def test_more_than_sixty_months_are_never_lawful() -> None:
    payments = tuple(
        PlanPayment(no=no, due_on=date(2026 + (no + 11) // 12, (no + 11) % 12 + 1, 1), amount=D("200.00"))
        for no in range(1, 62)
    )
    assert broken(replace(plan(), payments=payments)) == ["months"]


def test_what_is_above_the_ceiling_is_forbidden_to_the_role_and_not_to_a_higher_one() -> None:
    found = plan(12, waived=Parts(penalty=D("300.00")))
    assert broken(found, role=Role.AGENT) == ["ceiling.penalty"]
    assert broken(found, role=Role.SUPERVISOR) == []


def test_a_loan_that_would_cost_too_much_as_a_whole_is_forbidden_until_enough_is_let_go() -> None:
    past = (Flow(on=date(2026, 9, 28), amount=D("-9000.00")),)
    of = replace(situation(affordable="3000.00"), past=past, claim=CLAIM)
    assert broken(plan(4), of=of) == ["rate_cap.cap24"]
    less = Parts(penalty=D("400.00"), interest=D("100.00"))
    assert broken(plan(12, waived=less), of=of) == []


def test_what_needs_a_second_person_names_the_role() -> None:
    found = propose(situation(affordable="160.00"), Role.AGENT, RULES, most=9).best_first
    assert found[0].needs is Role.ADMIN
    assert all(one.plan.waived.total > D("200.00") for one in found if one.needs)


@pytest.mark.parametrize(
    ("of", "rule", "said"),
    [
        (situation(NOTHING), "nothing_due", "nothing is due"),
        (situation(affordable="100.00"), "affordability", "120.00 a month would be needed and 100.00 can be paid"),
        (situation(affordable="0.00"), "affordability", "can be paid"),
    ],
)
def test_why_there_is_no_plan_is_told(of: Situation, rule: str, said: str) -> None:
    found = propose(of, Role.AGENT, RULES)
    assert found.best_first == ()
    assert found.hindrance is not None
    assert found.hindrance.rule == rule
    assert said in found.hindrance.en


def test_somebody_with_cash_is_offered_to_pay_at_once() -> None:
    (first, *_) = propose(situation(cash="12000.00"), Role.AGENT, RULES).best_first
    assert first.plan.kind in (PlanKind.LUMP_SUM, PlanKind.EXTENSION)
    assert first.expected > propose(situation(), Role.AGENT, RULES).best_first[0].expected


def test_months_between_days() -> None:
    assert months_between(date(2026, 1, 31), date(2026, 2, 28)) == 1
    assert months_between(date(2026, 1, 31), date(2026, 3, 1)) == 2
    assert months_between(date(2026, 1, 15), date(2026, 1, 15)) == 0


def test_the_shipped_file_says_what_the_house_does() -> None:
    assert SETTINGS.loans == HOUSE
    assert str(RULES.most_months) == "60"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("most: 60,", "most: 72,", "plans.months.most"),
        ("parts: [penalty, fee, interest, principal]", "parts: [penalty, fee]", "each once"),
        ("up_to_days: 90, ", "", "no later order is ever reached"),
        ("agent: {penalty: 50%}", "agent: {penalty: 50%, principal: 30%}", "may let go more than supervisor"),
        ("{id: cap24, rate: 24%,", "{id: cap24,", "write either `rate: 24%`"),
        ("waiver_step: 10.00", "waiver_stp: 10.00", "Did you mean waiver_step?"),
        ("M6: 3.5%, M7: 4%}", "M6: 3.5%}", "M7 is missing"),
        ("supervisor: {penalty", "auditor: {penalty", "an auditor changes nothing"),
        ("rates: [0%, 3%, 6%]", "rates: [0%, 3%, much]", "is not a ratio"),
        ("tag: M}\n  ahead", "tag: M}\n  ahed", "Did you mean ahead?"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (SHIPPED / NAME).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / NAME).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsFileError) as caught:
        load_plans(tmp_path, SHIPPED, UTC)
    assert said in str(caught.value)
    assert all(problem.line is not None for problem in caught.value.problems)
