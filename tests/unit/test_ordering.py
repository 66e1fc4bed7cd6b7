"""Who next: what is learned of numbers and hours, what a dial is worth, and which number gives way."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from dialer.ordering import sentences
from dialer.ordering.appraisal import appraise
from dialer.ordering.beliefs import ContactBelief, Costs, NumberChoice, OrderingSettings, RecoveryBelief
from dialer.ordering.cells import Cell, cell_at, cell_of, hours_of, later_today, weekday_of
from dialer.ordering.contact import ContactModel, NumberTraits
from dialer.ordering.numbers import choose
from dialer.ordering.packed import PackedTallies
from dialer.ordering.shrinking import flat, posterior, spread
from dialer.ordering.tallies import Tally
from dialer.ordering.worth import Later, Owed, Recovery, RecoveryModel, best_later, worth
from dialer.types import ContactRole

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
EVENING, MORNING = cell_of(0, 18), cell_of(0, 9)
OWED = Owed(amount_due=Decimal("10000.00"), bucket="M1", grade="C")


def number(key: object = 1, **more: object) -> NumberTraits:
    return NumberTraits(key=key, **more)  # type: ignore[arg-type]


def dialled(model: ContactModel, one: NumberTraits, times: int, *, answered: bool, cell: Cell = MORNING) -> None:
    for _ in range(times):
        model.observe(one, cell, MONDAY, answered=answered, right_party=True)


def test_before_the_first_dial_no_hour_is_better_than_another():
    belief = ContactBelief(answer_ratio=0.25)
    curve = ContactModel(belief).curve(number(), MONDAY)
    assert len(set(curve)) == 1
    assert curve[0] == pytest.approx(0.25 * belief.right_party[ContactRole.DEBTOR])


def test_a_posterior_is_the_mean_of_the_beta():
    assert posterior(3, 10, 0.5, 10) == pytest.approx((3 + 5) / 20)
    assert posterior(0, 0, 0.3, 6) == pytest.approx(0.3)


def test_the_cells_of_a_week_are_named_by_the_debtors_clock():
    tuesday_evening = cell_at(datetime(2026, 3, 3, 19, 59, tzinfo=UTC))
    assert (weekday_of(tuesday_evening), hours_of(tuesday_evening)) == (1, (18, 20))
    assert [hours_of(cell)[0] for cell in later_today(MORNING, 15)] == [10, 12, 14]
    assert {weekday_of(cell) for cell in later_today(cell_of(6, 9), 24)} == {6}
    assert sentences.cell_name(tuesday_evening) == ("周二 18–20 点", "Tue 18-20")


def test_everybodys_better_hour_is_learned_and_used_for_a_number_never_dialled():
    model = ContactModel()
    for key in range(300):
        dialled(model, number(key), 1, answered=key % 10 < 2)
        dialled(model, number(key), 1, answered=key % 10 < 6, cell=EVENING)
    assert model.chance(number("new"), EVENING, MONDAY).answer == pytest.approx(0.6, abs=0.05)
    assert model.chance(number("new"), MORNING, MONDAY).answer == pytest.approx(0.2, abs=0.05)


def test_a_region_leans_on_everybody_until_it_has_dials_of_its_own():
    model = ContactModel()
    for key in range(300):
        dialled(model, number(key, region="north"), 1, answered=key % 10 < 4)
    usual = model.chance(number("new", region="south"), MORNING, MONDAY).answer
    for key in range(1000, 1003):
        dialled(model, number(key, region="south"), 1, answered=False)
    few = model.chance(number("new", region="south"), MORNING, MONDAY).answer
    for key in range(2000, 2300):
        dialled(model, number(key, region="south"), 1, answered=key % 10 < 1)
    many = model.chance(number("new", region="south"), MORNING, MONDAY).answer
    assert usual == pytest.approx(0.4, abs=0.03)
    assert 0.27 < few <= usual
    assert many == pytest.approx(0.1, abs=0.05)


def test_a_number_own_hour_stands_out_from_its_group():
    model = ContactModel()
    one = number()
    dialled(model, one, 5, answered=False)
    dialled(model, one, 5, answered=True, cell=EVENING)
    assert model.chance(one, EVENING, MONDAY).answer > 2 * model.chance(one, MORNING, MONDAY).answer
    tuesday_evening = cell_of(1, 18)
    assert model.chance(one, tuesday_evening, MONDAY).answer > model.chance(one, MORNING, MONDAY).answer


def test_every_dial_in_vain_lowers_the_chance_of_a_number():
    model = ContactModel()
    for key in range(500):
        dialled(model, number(key), 1, answered=key % 10 < 4)
    one, before = number("dead"), 1.0
    for _ in range(12):
        dialled(model, one, 1, answered=False)
        now = model.chance(one, MORNING, MONDAY).answer
        assert now < before
        before = now
    assert before < 0.1


def test_what_was_long_ago_counts_less():
    model = ContactModel()
    one = number()
    dialled(model, one, 8, answered=False)
    soon = model.chance(one, MORNING, MONDAY).answer
    later = model.chance(one, MORNING, MONDAY + timedelta(days=180)).answer
    assert soon < later < ContactBelief().answer_ratio


def test_dials_told_together_are_as_many_dials_told_one_by_one():
    singly, together = ContactModel(), ContactModel()
    dialled(singly, number(), 7, answered=True)
    together.observe(number(), MORNING, MONDAY, answered=True, right_party=True, times=7)
    assert singly.chance(number(), MORNING, MONDAY) == together.chance(number(), MORNING, MONDAY)


def test_a_chance_asked_for_cell_by_cell_is_that_of_the_curve():
    model, draw = ContactModel(), random.Random(4)
    for key in range(60):
        for _ in range(5):
            at = MONDAY + timedelta(hours=draw.randrange(200))
            model.observe(number(key, region="n"), cell_at(at), at, answered=draw.random() < 0.4, right_party=True)
    one = number(3, region="n")
    curve = model.curve(one, MONDAY)
    assert all(model.chance(one, Cell(cell), MONDAY).reached == pytest.approx(curve[cell]) for cell in range(84))


def test_answers_by_others_lower_the_chance_that_it_is_the_right_party():
    model = ContactModel()
    for _ in range(6):
        model.observe(number(), MORNING, MONDAY, answered=True, right_party=False)
    assert model.chance(number(), MORNING, MONDAY).right_party < 0.3
    assert model.chance(number("other"), MORNING, MONDAY).right_party > 0.5


def test_an_answer_that_no_agent_heard_says_nothing_of_who_it_was():
    model = ContactModel()
    for _ in range(9):
        model.observe(number(), MORNING, MONDAY, answered=True)
    chance = model.chance(number(), MORNING, MONDAY)
    assert chance.right_party == pytest.approx(0.7)
    assert chance.answer > 0.6


def test_a_third_partys_number_is_hardly_ever_the_right_party():
    model = ContactModel()
    assert model.chance(number(role=ContactRole.CONTACT), MORNING, MONDAY).right_party == pytest.approx(0.05)


def test_how_much_numbers_differ_is_learned_from_them():
    alike = [(10.0, 3.0, 3.0)] * 300
    apart = [(10.0, 0.0, 3.0)] * 200 + [(10.0, 9.0, 3.0)] * 100
    assert spread(alike, 6.0) > 6.0 > spread(apart, 6.0)
    assert spread(alike[:20], 6.0) == 6.0


def test_a_model_that_learned_the_spread_doubts_a_dead_number_sooner():
    model = ContactModel()
    for key in range(400):
        dialled(model, number(key), 6, answered=key % 10 < 3)
    before = model.chance(number(5), MORNING, MONDAY).answer
    assert model.learn_spread(MONDAY) < ContactBelief().number_strength
    assert model.chance(number(5), MORNING, MONDAY).answer < before


def test_what_was_paid_is_learned_by_bucket_and_grade():
    model = RecoveryModel(RecoveryBelief(by_bucket={"M1": 0.2}, by_grade={"C": 1.0}, strength=10))
    assert model.expected(OWED).amount == Decimal("2000.00")
    model.observe(OWED, Decimal("8000.00"), times=30)
    assert model.expected(OWED).ratio == pytest.approx((24 + 10 * (24 + 2) / 40) / 40)
    assert model.expected(replace(OWED, grade="A")).ratio == pytest.approx((24 + 2) / 40)


def test_broken_promises_and_slips_of_the_key_bring_less():
    model = RecoveryModel()
    once = model.expected(replace(OWED, broken_promises=1)).ratio
    assert once == pytest.approx(0.7 * model.expected(OWED).ratio)
    assert model.expected(replace(OWED, broken_promises=9)) == model.expected(replace(OWED, broken_promises=3))
    huge = model.expected(replace(OWED, amount_due=Decimal(10**12)))
    assert huge.amount == Decimal("200000.00")


def test_worth_is_recovery_by_agent_minute():
    found = worth(
        answer=0.4,
        reached=0.3,
        recovery=Recovery(ratio=0.2, amount=Decimal("2000.00"), seen=0),
        costs=Costs(dial_s=6, other_party_s=30, talk_s=150, wrap_up_s=30),
    )
    assert found.agent_s == pytest.approx(6 + 0.1 * 30 + 0.3 * 180)
    assert found.expected == Decimal("600.00")
    assert found.per_minute == Decimal("571.43")


def test_a_better_hour_later_today_counts_against_a_dial_now_but_never_stops_it():
    recovery = Recovery(ratio=0.2, amount=Decimal("2000.00"), seen=0)
    at_once = worth(answer=0.2, reached=0.1, recovery=recovery, costs=Costs())
    waits = [
        worth(
            answer=0.2,
            reached=0.1,
            recovery=recovery,
            costs=Costs(),
            later=Later(cell=EVENING, reached=later),
            later_weight=0.5,
        ).per_minute
        for later in (0.12, 0.2, 0.9)
    ]
    assert at_once.per_minute > waits[0] > waits[1] > waits[2] > 0
    assert best_later({MORNING: 0.2, EVENING: 0.3}, MORNING) == Later(cell=EVENING, reached=0.3)
    assert best_later({MORNING: 0.3, EVENING: 0.3}, MORNING) is None


def test_a_number_that_never_answers_gives_way_to_the_next():
    model, rule = ContactModel(), NumberChoice(after_unanswered=4, better_by=1.2)
    numbers = (number(1), number(2))
    dialled(model, numbers[0], 3, answered=False)
    assert choose(model, numbers, MORNING, MONDAY, rule=rule).index == 0
    dialled(model, numbers[0], 1, answered=False)
    chosen = choose(model, numbers, MORNING, MONDAY, rule=rule)
    assert (chosen.index, chosen.gave_way, chosen.best.number) == (1, True, numbers[1])
    dialled(model, numbers[1], 12, answered=False)
    assert choose(model, numbers, MORNING, MONDAY, rule=rule, current=1).index == 0


def test_a_number_that_answers_stays_though_another_would_be_likelier():
    model, rule = ContactModel(), NumberChoice()
    numbers = (number(1), number(2))
    dialled(model, numbers[1], 9, answered=True)
    dialled(model, numbers[0], 5, answered=False)
    dialled(model, numbers[0], 1, answered=True)
    assert choose(model, numbers, MORNING, MONDAY, rule=rule).index == 0


def test_an_appraisal_explains_itself_in_both_languages():
    model, settings = ContactModel(), OrderingSettings()
    for key in range(200):
        dialled(model, number(key), 1, answered=key % 10 < 8, cell=EVENING)
    numbers = (number("a"), number("b"))
    dialled(model, numbers[0], 5, answered=False)
    found = appraise(model, RecoveryModel(), settings, owed=OWED, numbers=numbers, cell=MORNING, at=MONDAY)
    chinese, english = zip(*sentences.explained(found), strict=True)
    assert any("改拨第 2 个号码" in line for line in chinese)
    assert any("gives way to number 2" in line for line in english)
    assert any("Mon 18-20 today is better" in line for line in english)
    assert found.worth.later is not None and found.worth.later.cell == EVENING
    assert f"{found.worth.per_minute:,} a minute" in english[-1]


def test_best_hours_are_within_the_hours_of_calling():
    curve = list(flat(0.1))
    curve[cell_of(2, 18)], curve[cell_of(4, 10)], curve[cell_of(5, 22)] = 0.5, 0.4, 0.9
    assert sentences.best_hours(tuple(curve), most=2) == (cell_of(2, 18), cell_of(4, 10))


def test_what_is_kept_of_a_number_is_what_was_counted():
    kept, tally = PackedTallies(), Tally()
    for cell, answered, right in ((0, True, True), (83, False, None), (0, False, None), (41, True, None)):
        tally.add(Cell(cell), 1.7e60, answered=answered, right_party=right)
        kept.put("a", tally, 3)
    kept.put("b", Tally(), 0)
    assert kept.get("a") == tally and kept.get("c") == Tally()
    assert list(kept.items()) == [(tally, 3), (Tally(), 0)]


def test_a_number_that_was_dialled_takes_little_memory():
    model, numbers = ContactModel(), 2000
    tracemalloc.start()
    for number in range(numbers):
        traits = NumberTraits(key=10**6 + number, region=f"region {number % 30}", segment="M1")
        model.observe(traits, Cell(number % 84), MONDAY, answered=number % 3 == 0)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / numbers < 400.0
