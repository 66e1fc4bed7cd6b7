"""Who gets whom: rules, skill, capacity, what is kept, what is moved, and how even shares are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from dialer.caseload import sentences
from dialer.caseload.assigning import Assignment, Decision, Ground, assign
from dialer.caseload.case import Case, graveness
from dialer.caseload.fairness import Load, evenness, fairness
from dialer.caseload.rules import AssignmentRule, AssignmentSettings, CapacitySettings, KeepSettings
from dialer.settings import AgentSettings
from dialer.types import AgentId, DebtorId, ServerName

LATE = AssignmentRule(name="late", when="days_past_due > 60 or risk in ['D', 'E']", skill="late", level=3)
EARLY = AssignmentRule(name="early", skill="early", level=1, up_to=3)


def agent(name: str, team: str = "", **skills: int) -> AgentSettings:
    return AgentSettings(
        id=AgentId(name), name=name, server=ServerName("a"), extension="1", secret="", skills=skills, team=team
    )


JUNIORS = (agent("ann", "early", early=2), agent("bob", "early", early=3))
SENIORS = (agent("sue", "late", early=5, late=4), agent("tom", "late", early=4, late=5))
EVERYBODY = (*JUNIORS, *SENIORS)
SETTINGS = AssignmentSettings(rules=(LATE, EARLY))


def case(debtor_id: int = 1, **more: object) -> Case:
    known: dict[str, object] = {"amount_due": Decimal(1000), "expected": Decimal(100), "days_past_due": 5, **more}
    return Case(debtor_id=DebtorId(debtor_id), **known)  # type: ignore[arg-type]


def only(one: Case, settings: AssignmentSettings = SETTINGS, agents: tuple[AgentSettings, ...] = EVERYBODY) -> Decision:
    (decision,) = assign([one], agents, settings).decisions
    return decision


@pytest.mark.parametrize(
    ("facts", "team"),
    [
        ({"days_past_due": 5, "risk": "A"}, "early"),
        ({"days_past_due": 61, "risk": "A"}, "late"),
        ({"days_past_due": 5, "risk": "E"}, "late"),
    ],
)
def test_short_and_low_goes_to_juniors_long_or_high_to_seniors(facts: dict[str, object], team: str):
    assert only(case(**facts)).team == team


def test_the_first_rule_that_holds_decides_and_is_named():
    found = only(case(days_past_due=90))
    assert (found.rule, found.skill, found.level, found.ground) == ("late", "late", 3, Ground.SHARED)
    assert sentences.explained(found, SETTINGS) == (
        "新分；规则“late”，late ≥ 3",
        "given out; rule 'late', late at least 3",
    )


def test_the_floor_of_a_skill_is_kept_even_against_a_promise():
    held = only(case(days_past_due=90, owner=AgentId("ann"), promised_to=AgentId("ann")))
    assert held.agent in ("sue", "tom")
    assert held.ground is Ground.UNFIT


def test_a_live_promise_keeps_the_debtor_with_its_agent_however_long_ago_the_contact():
    held = only(case(owner=AgentId("sue"), promised_to=AgentId("bob"), days_without_contact=99))
    assert (held.agent, held.ground) == ("bob", Ground.PROMISE)


def test_a_prior_owner_goes_on_until_the_right_party_was_not_reached_for_days():
    assert only(case(owner=AgentId("bob"), days_without_contact=13)).ground is Ground.PRIOR
    moved = only(case(owner=AgentId("bob"), days_without_contact=14))
    assert (moved.agent, moved.ground) == ("ann", Ground.NO_CONTACT)
    assert "14 days, at most 14" in sentences.explained(moved, SETTINGS)[1]


def test_an_owner_whom_nobody_can_relieve_goes_on():
    kept = only(case(owner=AgentId("bob"), days_without_contact=99), agents=(JUNIORS[1],))
    assert (kept.agent, kept.ground) == ("bob", Ground.PRIOR)


def test_an_owner_whom_nobody_has_room_to_relieve_goes_on():
    settings = replace(SETTINGS, capacity=CapacitySettings(debtors=5, agents={AgentId("ann"): 0, AgentId("sue"): 0}))
    kept = only(case(owner=AgentId("bob"), days_without_contact=99), settings, agents=EVERYBODY[:3])
    assert (kept.agent, kept.ground) == ("bob", Ground.PRIOR)


def test_nobody_gets_a_debtor_who_complained_about_them():
    avoid = frozenset({AgentId("bob")})
    moved = only(case(owner=AgentId("bob"), promised_to=AgentId("bob"), avoid=avoid))
    assert (moved.agent, moved.ground) == ("ann", Ground.COMPLAINT)
    overridden = only(case(owner=AgentId("bob"), overridden=True, avoid=avoid))
    assert overridden.agent == "ann"
    nobody = only(case(avoid=frozenset(one.id for one in EVERYBODY)))
    assert (nobody.agent, nobody.team, nobody.ground) == (None, "", Ground.NOBODY)


def test_an_override_stays_though_the_rules_would_have_it_otherwise():
    kept = only(case(days_past_due=90, owner=AgentId("ann"), overridden=True, days_without_contact=99))
    assert (kept.agent, kept.rule, kept.ground) == ("ann", "override", Ground.OVERRIDE)


def test_an_owner_who_is_no_agent_any_more_is_replaced():
    assert only(case(owner=AgentId("gone"), overridden=True)).ground is Ground.GONE


def test_seniors_take_what_juniors_have_no_room_for_and_the_team_the_rest():
    settings = replace(SETTINGS, capacity=CapacitySettings(debtors=2))
    cases = [case(number) for number in range(1, 11)]
    found = assign(cases, EVERYBODY, settings).decisions
    assert Counter(one.agent for one in found) == {"ann": 2, "bob": 2, "sue": 2, "tom": 2, None: 2}
    assert {one.agent for one in found if one.beyond} == {"sue", "tom"}
    assert {one.ground for one in found if one.agent is None} == {Ground.FULL}


def test_no_rule_is_said():
    assert only(case(), AssignmentSettings(rules=(LATE,))).ground is Ground.NO_RULE


def test_a_rule_may_name_a_team_or_agents():
    by_team = AssignmentRule(name="vip", when="amount_due >= 1000", team="late")
    by_name = replace(by_team, team="", agents=(AgentId("tom"),))
    assert only(case(), AssignmentSettings(rules=(by_team,))).team == "late"
    assert only(case(), AssignmentSettings(rules=(by_name,))).agent == "tom"


def test_kept_debtors_over_capacity_go_promises_last():
    settings = replace(SETTINGS, capacity=CapacitySettings(debtors=1, agents={AgentId("ann"): 9}))
    cases = [case(1, owner=AgentId("bob")), case(2, owner=AgentId("bob"), promised_to=AgentId("bob"))]
    first, second = assign(cases, EVERYBODY, settings).decisions
    assert (second.agent, second.ground) == ("bob", Ground.PROMISE)
    assert (first.agent, first.ground) == ("ann", Ground.FULL_OWNER)


def uneven() -> list[Case]:
    """Ann has three of four, and nobody complains."""
    return [
        case(number, owner=AgentId("ann" if number % 4 else "bob"), amount_due=Decimal(100 + number))
        for number in range(200)
    ]


def test_prior_owners_keep_theirs_unless_told_to_even_out():
    kept = assign(uneven(), JUNIORS, SETTINGS)
    assert all(one.ground is Ground.PRIOR for one in kept.decisions)
    evened = assign(uneven(), JUNIORS, replace(SETTINGS, keep=KeepSettings(rebalance=True)))
    assert 40 <= sum(one.ground is Ground.EVENED for one in evened.decisions) <= 60
    assert spreads(evened, JUNIORS)["count"] <= 0.1


def spreads(found: Assignment, agents: tuple[AgentSettings, ...]) -> dict[str, float]:
    report = fairness(found, {one.id: one.team for one in agents})
    return {name: max(group.after[name].spread for group in report.groups) for name in ("count", "amount", "expected")}


def test_new_debtors_fill_up_those_who_have_less():
    cases = [case(number, owner=AgentId("ann")) for number in range(30)]
    cases += [case(number) for number in range(100, 150)]
    found = assign(cases, JUNIORS, SETTINGS)
    assert Counter(one.agent for one in found.decisions) == {"ann": 40, "bob": 40}


def test_what_agents_hold_besides_counts_when_only_some_are_decided_on():
    held = {AgentId("ann"): Load(count=40, amount=Decimal(40000), expected=Decimal(4000))}
    (found,) = assign([case()], JUNIORS, SETTINGS, held=held).decisions
    assert found.agent == "bob"
    full = {name.id: Load(count=500) for name in EVERYBODY}
    assert assign([case()], EVERYBODY, SETTINGS, held=full).decisions[0].ground is Ground.FULL


def test_agents_of_the_preferred_team_come_first():
    settings = AssignmentSettings(
        rules=(AssignmentRule(name="early", skill="early", level=1, prefer="early"),),
        capacity=CapacitySettings(debtors=1),
    )
    found = assign([case(number) for number in range(3)], EVERYBODY, settings).decisions
    assert sorted(one.team for one in found) == ["early", "early", "late"]
    assert [one.beyond for one in found if one.team == "late"] == [True]


def test_half_a_share_is_half_as_much():
    settings = replace(SETTINGS, capacity=CapacitySettings(share={AgentId("ann"): 0.5}))
    found = assign([case(number) for number in range(300)], JUNIORS, settings)
    assert Counter(one.agent for one in found.decisions) == {"ann": 100, "bob": 200}
    report = fairness(found, {one.id: one.team for one in JUNIORS}, {AgentId("ann"): 0.5})
    assert report.after["count"].spread == pytest.approx(0)


def test_the_same_cases_give_the_same_decisions_in_whatever_order_they_come():
    cases = [case(number, amount_due=Decimal(number * 37 % 900)) for number in range(80)]
    one = {d.case.debtor_id: d.agent for d in assign(cases, EVERYBODY, SETTINGS).decisions}
    other = {d.case.debtor_id: d.agent for d in assign(cases[::-1], EVERYBODY, SETTINGS).decisions}
    assert one == other


def test_progress_is_told_and_nothing_is_nothing():
    told: list[int] = []
    assert assign([], EVERYBODY, SETTINGS, told.append).decisions == ()
    assign([case()], EVERYBODY, SETTINGS, told.append)
    assert told == [0]


def test_the_report_tells_before_and_after_of_those_who_can_be_compared():
    cases = [case(1, owner=AgentId("ann")), case(2), case(3, owner=AgentId("old")), case(4, days_past_due=99)]
    report = fairness(assign(cases, EVERYBODY, SETTINGS), {one.id: one.team for one in EVERYBODY})
    assert [group.rules for group in report.groups] == [("early",), ("late",)]
    juniors = report.groups[0]
    assert sum((line.before for line in juniors.lines), Load()) == Load(
        count=1, amount=Decimal(1000), expected=Decimal(100)
    )
    assert sum(line.after.count for line in juniors.lines) == 3
    assert report.unassigned_before.count == 3
    assert report.unassigned_after == Load()
    assert (report.kept, report.moved, report.given) == (1, 1, 2)


def test_evenness_is_told_by_spread_and_gini():
    assert evenness([5.0, 5.0, 5.0]) == evenness([0.0, 0.0])
    one_has_all = evenness([0.0, 0.0, 0.0, 8.0])
    assert (one_has_all.spread, one_has_all.gini) == (4.0, 0.75)
    assert evenness([90.0, 110.0]).spread == pytest.approx(0.2)


def test_every_ground_has_words_in_both_languages():
    assert set(sentences.GROUNDS) == set(Ground)
    assert all(zh and en for zh, en in sentences.GROUNDS.values())


@pytest.mark.parametrize(("worse", "better"), [("E", "D"), ("high", "low"), ("高", "中"), ("b", "A"), ("A", "?")])
def test_grades_of_risk_have_an_order(worse: str, better: str):
    assert graveness(worse) > graveness(better)
