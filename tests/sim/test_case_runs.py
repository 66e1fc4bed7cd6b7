"""The case on the engine's own floor: equal terms in every arm, chance in common, rules kept, learning carried over."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from dialer.calling_rules import Window
from dialer.cli.simulate_case_rules import case_campaign
from dialer.compliance import gate, rulebook
from dialer.config.profiles import SHIPPED, load_profile
from dialer.effects import Permit
from dialer.sim.behaviour import Behaviour
from dialer.sim.case import recount as naive
from dialer.sim.case.arms import ASSUMED, LADDER, WAYS, Arm
from dialer.sim.case.book import Book
from dialer.sim.case.campaign import campaign_settings, dialer_settings
from dialer.sim.case.day import Day, Dial
from dialer.sim.case.figures import Figure, Sample
from dialer.sim.case.money import Money
from dialer.sim.case.nature import NATURE
from dialer.sim.case.orders import Order
from dialer.sim.case.population import Group, draw
from dialer.sim.case.recount import recount
from dialer.sim.case.replies import Replies
from dialer.sim.case.run import Lived, hold_out, live, run_arm
from dialer.sim.case.scenario import CLOSES, FIRST_DAY, OPENS, Scenario, ScenarioError, opens_at
from dialer.sim.case.study import Study, Task, do, nobody, study_of
from dialer.types import Outcome

FILE = case_campaign()
SMALL = Scenario(accounts=60, agents=1, days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def lived() -> dict[Arm, Lived]:
    """A day of every arm, with the same people."""
    return {arm: live(FILE, SMALL, arm, Group.TREATED, 3) for arm in LADDER}


# --- who is in which arm -------------------------------------------------------------------------------


def test_debtors_are_in_a_group_by_lot() -> None:
    population = draw(5, 500)
    groups = [set(population.groups[group]) for group in Group]
    assert set().union(*groups) == set(range(1500)) and sum(map(len, groups)) == 1500
    assert population.groups != draw(6, 500).groups
    for trait in ("able", "willing", "temper"):
        means = [sum(getattr(population.truth.debtors[n], trait) for n in group) / 500 for group in groups]
        assert max(means) - min(means) < 0.25, trait


def test_the_grade_that_a_bank_knows_tells_something_of_the_truth_and_far_from_all() -> None:
    population = draw(5, 1000)
    able = defaultdict(list)
    for one, hidden in zip(population.listed, population.truth.debtors, strict=True):
        able[one.grade].append(hidden.able)
    means = [sum(able[grade]) / len(able[grade]) for grade in "ABCDE"]
    assert means == sorted(means, reverse=True)
    assert min(able["A"]) < max(able["E"])


# --- chance --------------------------------------------------------------------------------------------

LOTS = replace(SMALL, accounts=200)
SEEDS = range(1, 13)
"""As a study numbers them; how many, and how large the world is, was chosen for the time that it takes."""
SWAPS = 20_000
ERROR = 0.01
"""The chance that a test below would fail for no reason, over the choice of seeds."""
FIGURES = (Figure.ATTEMPT_ANSWER, Figure.ACCOUNT_CONTACT, Figure.CUSTOMERS, Figure.RECOVERY_GROSS)


@pytest.fixture(scope="module")
def by_hand() -> Sample:
    return sample(Arm.MANUAL, Group.CONTROL)


def sample(arm: Arm, group: Group) -> Sample:
    runs = tuple(run_arm(FILE, LOTS, arm, group, seed) for seed in SEEDS)
    return Sample(runs=runs, held_out=(0.0,) * len(SEEDS))


def chance(first: Sample, second: Sample, figure: Figure) -> float:
    """Of so large a difference if in each seed it is a lot which group is which: exact, whatever is compared.

    Source: Fisher, The Design of Experiments (1935), section 21; with one added to both counts, for swaps are drawn.
    """
    differences = np.subtract(second.column(figure), first.column(figure))
    swaps = np.random.default_rng(1).choice((-1.0, 1.0), (SWAPS, len(differences)))
    as_large = np.abs(swaps @ differences) >= abs(differences.sum()) - 1e-9
    return (1 + int(as_large.sum())) / (1 + SWAPS)


def test_by_hand_against_by_hand_differs_by_chance_alone(by_hand: Sample) -> None:
    again = sample(Arm.MANUAL, Group.TREATED)
    for figure in FIGURES:
        assert chance(by_hand, again, figure) > ERROR / len(FIGURES), figure


def test_the_same_question_tells_arms_apart_that_differ(by_hand: Sample) -> None:
    other = sample(Arm.PROGRESSIVE, Group.TREATED)
    assert chance(by_hand, other, Figure.CUSTOMERS) < ERROR / len(FIGURES)


# --- equal terms ---------------------------------------------------------------------------------------


def test_every_arm_has_the_same_list_and_the_same_hours(lived: dict[Arm, Lived]) -> None:
    results = [one.result for one in lived.values()]
    assert len({(one.opening, one.accounts, one.agent_days) for one in results}) == 1
    hours = [one.work_h for one in results]
    assert max(hours) < 1.03 * min(hours)


def test_arms_that_dial_the_same_number_in_the_same_hour_hear_the_same(lived: dict[Arm, Lived]) -> None:
    heard: dict[tuple[str, int], set[bool]] = defaultdict(set)
    arms: Counter[tuple[str, int]] = Counter()
    for one in lived.values():
        firsts: set[int] = set()
        for dial in one.days[0].dials:
            if dial.debtor not in firsts:  # a talk changes what comes later
                firsts.add(dial.debtor)
                key = (dial.number, dial.at.astimezone(SHANGHAI).hour)
                heard[key].add(dial.person)
                arms[key] += 1
    assert sum(count > 1 for count in arms.values()) > 30
    assert all(len(found) == 1 for found in heard.values())


def test_the_same_arguments_give_the_same_figures(lived: dict[Arm, Lived]) -> None:
    assert run_arm(FILE, SMALL, Arm.PROGRESSIVE, Group.TREATED, 3) == lived[Arm.PROGRESSIVE].result
    assert run_arm(FILE, SMALL, Arm.PROGRESSIVE, Group.TREATED, 4) != lived[Arm.PROGRESSIVE].result


def test_by_hand_an_agent_hears_every_dial_and_spends_time_on_it(lived: dict[Arm, Lived]) -> None:
    manual = lived[Arm.MANUAL].result
    assert manual.presented == manual.dials > manual.presented_live
    quick = run_arm(FILE, replace(SMALL, accounts=400, look_up_s=0.0, log_s=0.0), Arm.MANUAL, Group.TREATED, 3)
    usual = run_arm(FILE, replace(SMALL, accounts=400), Arm.MANUAL, Group.TREATED, 3)
    assert quick.dials > 1.25 * usual.dials


def test_a_step_adds_one_thing_and_the_assumed_one_is_marked() -> None:
    assert {Arm.WRAP_UP} == ASSUMED
    assert [arm for arm in LADDER if WAYS[arm].auto_wrap_up] == [Arm.WRAP_UP]
    for before, after in pairwise(LADDER[1:]):
        one, other = WAYS[before], WAYS[after]
        changed = [
            name for name in ("mode", "turn", "picks_numbers", "auto_wrap_up", "by_hand")
            if getattr(one, name) != getattr(other, name)
        ]  # fmt: skip
        assert len(changed) == 1, (before, after)


# --- rules hold ----------------------------------------------------------------------------------------


def test_every_arm_works_under_the_profile_as_it_is_shipped_and_no_cap_besides() -> None:
    shipped = load_profile(SHIPPED / "CN-BANK.yaml", FIRST_DAY, {})
    for way in WAYS.values():
        rules = campaign_settings(FILE, Scenario(), way).rules
        assert rules.profiles == (shipped,)
        assert rules.limits == shipped.limits and rules.abandonment == shipped.abandonment
        assert rules.windows == dict.fromkeys(range(6), (Window(opens=OPENS, closes=CLOSES),))
        own = {entry.origin.id for entry in rulebook.of_campaign(rules) if entry.origin.profile == "campaign"}
        assert own == {"hours"}
    capped = campaign_settings(FILE, Scenario(dials_per_day=2), WAYS[Arm.MANUAL]).rules
    own = {entry.origin.id for entry in rulebook.of_campaign(capped) if entry.origin.profile == "campaign"}
    assert own == {"hours", "attempts_per_debtor_per_day"}


def test_the_recount_says_what_the_profile_says() -> None:
    """If somebody changes the profile, the recount has to be written anew: by hand, as it is meant."""
    rules = FILE.rules
    said = {limit.origin.id: (limit.key, limit.counts, limit.max) for limit in rules.limits}
    assert said == {
        "cn6": ("number", "unanswered", naive.UNANSWERED),
        "cn3": ("debtor", "talk", naive.TALKS),
        "cn_gap": ("debtor", "dial", 1),
    }
    assert (rules.min_gap_s, rules.min_ring_s, rules.legal_wait_s) == (
        naive.GAP.total_seconds(), naive.RINGS_S, naive.WAITS_S
    )  # fmt: skip
    closes_at = datetime.combine(FIRST_DAY, rules.windows[0][0].closes)
    assert (closes_at - timedelta(seconds=rules.close_margin_s)).time() == naive.LAST
    assert rules.abandonment is not None and rules.abandonment.max_ratio == naive.LOST
    assert [rule.deny for rule in rules.prefixes] == [naive.DENIED]


def test_no_day_of_the_longest_case_is_a_holiday_and_its_numbers_may_be_dialled() -> None:
    longest = replace(SMALL, days=23)
    assert not FILE.rules.closed_dates & set(longest.dates)
    assert not set(naive.HOLIDAYS) & set(longest.dates)
    for one in draw(3, 50).listed:
        for _, number in one.phones():
            permit = gate.check(replace(one.lead(), number=number), FILE.rules, FILE.name, opens_at(FIRST_DAY))
            assert isinstance(permit, Permit)


@pytest.mark.parametrize("arm", LADDER)
def test_the_rules_are_kept_by_every_arm(lived: dict[Arm, Lived], arm: Arm) -> None:
    one = lived[arm]
    assert one.recount.breaches == 0
    dials = [dial for day in one.days for dial in day.dials]
    assert len(dials) > 50
    for dial in dials:
        assert time(9) <= dial.at.astimezone(SHANGHAI).time() < time(17, 50)
    last: dict[int, datetime] = {}
    for dial in dials:
        if dial.debtor in last:
            assert dial.at - last[dial.debtor] >= timedelta(hours=2)
        last[dial.debtor] = dial.at
    if not WAYS[arm].by_hand:  # by hand nobody comes round so often
        per_debtor = Counter((dial.debtor, dial.at.astimezone(SHANGHAI).date()) for dial in dials)
        assert max(per_debtor.values()) > 3  # no cap of our own


def test_a_cap_of_ones_own_holds_besides() -> None:
    capped = live(FILE, replace(SMALL, dials_per_day=2), Arm.PROGRESSIVE, Group.TREATED, 3)
    per_debtor = Counter((dial.debtor, day.day) for day in capped.days for dial in day.dials)
    assert max(per_debtor.values()) == 2 and capped.recount.breaches == 0


def test_the_gate_is_asked_with_every_dial_of_the_debtor() -> None:
    two = live(FILE, replace(SMALL, accounts=40, days=2), Arm.PROGRESSIVE, Group.TREATED, 3)
    again = Counter(dial.debtor for day in two.days for dial in day.dials)
    assert max(again.values()) > 3 and two.recount.breaches == 0


@pytest.mark.parametrize("arm", LADDER)
def test_no_arm_loses_more_people_than_the_limit(lived: dict[Arm, Lived], arm: Arm) -> None:
    dials = [dial for day in lived[arm].days for dial in day.dials if dial.person]
    lost = sum(dial.outcome in (Outcome.ABANDONED, Outcome.EARLY_HANGUP) for dial in dials)
    assert lost == lived[arm].result.live_abandoned
    assert lost <= SMALL.abandonment * len(dials) + 1.0  # one unlucky call of a small day


def a_dial(clock: str, debtor: int = 1, **said: Any) -> Dial:
    return Dial(at=datetime.fromisoformat(f"2026-{clock}+08:00"), debtor=debtor, **{"number": "+8613900000000", **said})


@pytest.mark.parametrize(
    ("rule", "dials"),
    [
        ("hours", [a_dial("03-09T08:59:59")]),
        ("hours", [a_dial("03-09T17:50:00")]),
        ("hours", [a_dial("03-15T12:00:00")]),  # a Sunday
        ("hours", [a_dial("04-06T12:00:00")]),  # a holiday
        ("unanswered", [a_dial(f"03-09T{9 + n:02}:00:00", debtor=n) for n in range(7)]),
        ("talks", [a_dial(f"03-09T{9 + 2 * n:02}:00:00", outcome=Outcome.BRIDGED, person=True) for n in range(4)]),
        ("gaps", [a_dial("03-09T09:00:00"), a_dial("03-09T10:59:59")]),
        ("capped", [a_dial(f"03-09T{9 + 2 * n:02}:00:00") for n in range(4)]),
        ("rings", [a_dial("03-09T09:00:00", outcome=Outcome.NO_ANSWER, rang_s=19.0)]),
        ("waits", [a_dial("03-09T09:00:00", outcome=Outcome.BRIDGED, wait_s=2.2)]),
        ("prefixes", [a_dial("03-09T09:00:00", number="+864008123456")]),
        ("prefixes", [a_dial("03-09T09:00:00", number="+85291234567")]),
    ],
)
def test_the_recount_would_see_a_breach(rule: str, dials: list[Dial]) -> None:
    found = recount(dials, replace(SMALL, dials_per_day=3) if rule == "capped" else SMALL)
    assert (getattr(found, rule), found.breaches) == (1, 1)


def test_the_recount_would_see_a_dial_to_somebody_who_paid_or_promised() -> None:
    paid = recount([a_dial("03-10T09:00:00")], SMALL, cleared=[(1, FIRST_DAY)])
    assert (paid.paid, paid.breaches) == (1, 1)
    made_at = datetime.fromisoformat("2026-03-09T10:00:00+08:00")
    held = recount([a_dial("03-10T09:00:00")], SMALL, promises=[(1, made_at, FIRST_DAY + timedelta(days=2))])
    assert (held.promised, held.breaches) == (1, 1)


def test_days_with_too_many_abandoned_are_told_and_break_no_rule_of_a_dial() -> None:
    ends = [Outcome.ABANDONED] + [Outcome.BRIDGED] * 32
    dials = [a_dial("03-09T09:00:00", debtor=n, outcome=end, person=True) for n, end in enumerate(ends)]
    assert (recount(dials, SMALL).days_over, recount(dials, SMALL).breaches) == (1, 0)
    more = a_dial("03-09T09:00:00", debtor=99, outcome=Outcome.BRIDGED, person=True)
    assert recount([*dials, more], SMALL).days_over == 0


# --- days in a row -------------------------------------------------------------------------------------


def test_what_was_learned_and_who_was_spoken_to_goes_on_the_next_day() -> None:
    two = live(FILE, replace(SMALL, accounts=40, days=2), Arm.PROGRESSIVE, Group.TREATED, 3)
    first, second = two.days
    calls = [len(day.dials) for day in two.days]
    known = [json.loads(day.learned)["talk"] for day in two.days]
    assert first.day < second.day and known[0] != known[1]
    assert calls[1] < calls[0]  # promises hold, paid ones are closed, who was spoken to rests
    assert two.recount.breaches == 0


def test_a_day_can_begin_later_and_be_told_to_stop() -> None:
    population = draw(3, 60)
    listed = population.of(Group.TREATED)
    money = Money(population.truth, NATURE, listed)
    replies = Replies(population.truth, NATURE, SMALL, money, by_hand=False, wrap_up_s=60.0)
    way, at = WAYS[Arm.PREDICTIVE], opens_at(FIRST_DAY) + timedelta(hours=1)
    book = Book(listed, Order(way, SMALL))
    book.begin(at, ())
    dialer = dialer_settings(SMALL)
    day = Day(
        dialer,
        campaign_settings(FILE, SMALL, way),
        Behaviour(break_gap_s=0.0, login_spread_s=0.0),
        book,
        replies,
        {agent.id: 0.0 for agent in dialer.agents},
        None,
        seed=3,
        day=FIRST_DAY,
        before=(),
        start_at=at,
    )
    told = day.run(600.0)
    assert told.dials and all(at <= dial.at <= at + timedelta(seconds=600) for dial in told.dials)
    assert told.work_s == pytest.approx(600.0, abs=1.0) and 0.0 < told.busy_s <= told.work_s
    assert all(dial.outcome is not Outcome.UNKNOWN for dial in told.dials)


# --- money ---------------------------------------------------------------------------------------------


def test_nobody_pays_more_than_is_due_and_calls_bring_what_is_promised(lived: dict[Arm, Lived]) -> None:
    for one in lived.values():
        assert 0.0 < one.result.paid <= one.result.opening
        assert one.result.kept <= one.result.promises <= one.result.customers


def test_whoever_is_never_called_pays_by_self_cure_alone() -> None:
    population = draw(3, SMALL.accounts)
    money = Money(population.truth, NATURE, population.of(Group.HELD_OUT))
    for offset in range((SMALL.last_on - FIRST_DAY).days + 1):
        for payment in money.settle(FIRST_DAY + timedelta(days=offset)):
            assert money.due[payment.debtor] == 0  # all or nothing
    opening, paid = hold_out(SMALL, 3)
    assert (opening, paid) == (float(money.opening), float(money.paid))
    assert money.promised == 0


# --- what is run ---------------------------------------------------------------------------------------


def test_the_a_a_comes_first_and_no_run_is_done_twice() -> None:
    study = study_of(Scenario(), 20)
    tasks = study.tasks()
    assert len(tasks) == len(set(tasks))
    assert {task.arm for task in tasks[:60]} == {None, Arm.MANUAL}
    assert {task.group for task in tasks[:60]} == set(Group)
    for variant in study.variants:
        assert {variant.task(Arm.ORDER, 1), nobody(variant.task(Arm.ORDER, 1))} <= set(tasks)
    teams = [variant.scenario for variant in study.variants if variant.dimension == "agents"]
    assert [one.agents for one in teams] == [3, 10, 30, 100]
    assert all(one.load == pytest.approx(Scenario().load, rel=0.01) for one in teams)


def test_a_run_of_the_hold_out_calls_nobody() -> None:
    task = Task(SMALL, None, Group.HELD_OUT, 3)
    opening, paid = hold_out(SMALL, 3)
    assert do(FILE, task).arm is None
    assert do(FILE, task).cured == pytest.approx(paid / opening)


def test_only_whole_pairs_are_compared() -> None:
    from dialer.sim.case.study import Done

    study = Study(scenario=SMALL, seeds=2)
    done = Done()
    tasks = [study.task(Arm.MANUAL, seed) for seed in (1, 2)]
    for task in (*tasks, nobody(tasks[0])):
        done.outcomes[task] = do(FILE, task)
    assert [one.seed for one in done.samples(tasks)[0].runs] == [1]
    assert done.samples([study.control(1)], [tasks[0]]) == []


@pytest.mark.parametrize(("field", "value"), [("accounts", 5), ("days", 0), ("talk_s", 0.0), ("abandonment", 0.5)])
def test_a_case_that_cannot_be_says_what_is_allowed(field: str, value: float) -> None:
    with pytest.raises(ScenarioError, match=f"{field} is {value:g}; give"):
        replace(SMALL, **{field: value})
