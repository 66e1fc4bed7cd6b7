"""What holds of every assignment, whatever the debtors, the agents and the rules."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.caseload.assigning import Ground, assign
from dialer.caseload.case import Case
from dialer.caseload.fairness import fairness
from dialer.caseload.rules import AssignmentRule, AssignmentSettings, CapacitySettings, KeepSettings
from dialer.settings import AgentSettings
from dialer.types import AgentId, DebtorId, ServerName

NAMES = [AgentId(name) for name in ("a", "b", "c", "d", "e", "f")]
LEVELS = st.integers(0, 5)


@st.composite
def agents(draw: st.DrawFn) -> tuple[AgentSettings, ...]:
    return tuple(
        AgentSettings(
            id=name,
            name=name,
            server=ServerName("s"),
            extension="1",
            secret="",
            skills={"late": draw(LEVELS), "early": draw(LEVELS)},
            team=draw(st.sampled_from(["", "north", "south"])),
        )
        for name in NAMES[: draw(st.integers(1, len(NAMES)))]
    )


RULES = st.builds(
    AssignmentRule,
    name=st.sampled_from(["one", "two", "three"]),
    when=st.sampled_from(["", "days_past_due > 30", "risk == 'E' or promises_broken > 1", "owner_team == 'north'"]),
    skill=st.sampled_from(["", "late", "early"]),
    level=LEVELS,
    up_to=st.none() | LEVELS,
    team=st.sampled_from(["", "", "north"]),
)


def cases(most: int = 40) -> st.SearchStrategy[list[Case]]:
    somebody = st.none() | st.sampled_from([*NAMES, AgentId("gone")])
    money = st.integers(0, 10**7).map(lambda cents: Decimal(cents) / 100)
    one = st.builds(
        Case,
        debtor_id=st.integers(1, 10**6).map(DebtorId),
        amount_due=money,
        expected=money,
        days_past_due=st.integers(0, 90),
        risk=st.sampled_from(["", "A", "E"]),
        owner=somebody,
        owner_team=st.sampled_from(["", "north"]),
        overridden=st.booleans(),
        promised_to=somebody,
        promises_broken=st.integers(0, 3),
        days_without_contact=st.integers(0, 40),
        avoid=st.frozensets(st.sampled_from(NAMES), max_size=3),
    )
    return st.lists(one, max_size=most, unique_by=lambda case: case.debtor_id)


@settings(max_examples=150, deadline=None)
@given(
    found=cases(),
    staff=agents(),
    rules=st.lists(RULES, min_size=1, max_size=3),
    room=st.integers(0, 12),
    keep=st.builds(KeepSettings, promise=st.booleans(), prior_owner=st.booleans(), rebalance=st.booleans()),
)
def test_no_skill_floor_and_no_capacity_is_ever_broken_and_every_debtor_has_one_place(
    found: list[Case], staff: tuple[AgentSettings, ...], rules: list[AssignmentRule], room: int, keep: KeepSettings
):
    named = tuple(
        AssignmentRule(**{key: getattr(rule, key) for key in AssignmentRule.__slots__} | {"name": f"{at}"})
        for at, rule in enumerate(rules)
    )
    wanted = AssignmentSettings(rules=named, keep=keep, capacity=CapacitySettings(debtors=room))
    made = assign(found, staff, wanted)
    known = {one.id: one for one in staff}
    by_name = {rule.name: rule for rule in named}
    assert [one.case for one in made.decisions] == found
    assert all(count <= room for who, count in Counter(one.agent for one in made.decisions).items() if who)
    for one in made.decisions:
        if one.agent is None:
            assert one.ground in (Ground.FULL, Ground.NOBODY, Ground.NO_RULE)
            continue
        assert one.agent not in one.case.avoid
        if one.ground is Ground.OVERRIDE:
            assert one.case.overridden
            assert one.agent == one.case.owner
            continue
        agent, rule = known[one.agent], by_name[one.rule]
        assert not rule.skill or agent.skills[rule.skill] >= rule.level
        assert rule.team in ("", agent.team)
        assert (one.ground is Ground.PRIOR) <= (one.agent == one.case.owner)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    sigma=st.floats(0.0, 0.8),
    each=st.integers(60, 120),
    count=st.integers(2, 5),
    promised=st.floats(0.0, 0.3),
)
def test_shares_are_even_within_the_bound_where_nothing_stands_in_the_way(
    seed: int, sigma: float, each: int, count: int, promised: float
):
    draw = Random(seed)
    found = []
    for at in range(each * count):
        amount = Decimal(round(1000 * draw.lognormvariate(0.0, sigma)))
        expected = amount * draw.randint(1, 30) / 100
        holder = NAMES[draw.randrange(count)] if draw.random() < promised else None
        found.append(Case(debtor_id=DebtorId(at), amount_due=amount, expected=expected, promised_to=holder))
    staff = tuple(
        AgentSettings(id=name, name=name, server=ServerName("s"), extension="1", secret="") for name in NAMES[:count]
    )
    wanted = AssignmentSettings(rules=(AssignmentRule(name="all"),), capacity=CapacitySettings(debtors=1000))
    report = fairness(assign(found, staff, wanted), dict.fromkeys((one.id for one in staff), ""))
    assert all(evenness.spread <= 0.1 for evenness in report.after.values()), report.after
