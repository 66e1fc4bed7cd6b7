"""What holds of every chance and every worth, whatever was dialled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.ordering.appraisal import appraise
from dialer.ordering.beliefs import OrderingSettings
from dialer.ordering.cells import Cell
from dialer.ordering.contact import ContactModel, NumberTraits
from dialer.ordering.numbers import choose
from dialer.ordering.worth import Owed, RecoveryModel

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SETTINGS = OrderingSettings()
CELLS = st.integers(0, 83).map(Cell)
NUMBERS = [NumberTraits(key=key, region="ns"[key % 2], segment=f"M{key % 3}") for key in range(6)]
DIALS = st.lists(
    st.tuples(
        st.sampled_from(NUMBERS), CELLS, st.integers(0, 400), st.sampled_from([None, False, True]), st.booleans()
    ),
    max_size=80,
)


def taught(dials: list[tuple[NumberTraits, Cell, int, bool | None, bool]]) -> ContactModel:
    model = ContactModel()
    for number, cell, hours, right, answered in dials:
        model.observe(number, cell, MONDAY + timedelta(hours=hours), answered=answered, right_party=right)
    return model


@settings(max_examples=120, deadline=None)
@given(dials=DIALS, cell=CELLS, days=st.integers(17, 400))
def test_a_chance_is_one_and_an_answer_now_never_lowers_it(
    dials: list[tuple[NumberTraits, Cell, int, bool | None, bool]], cell: Cell, days: int
):
    model, at = taught(dials), MONDAY + timedelta(days=days)
    for number in NUMBERS:
        chance = model.chance(number, cell, at)
        assert 0.0 < chance.reached <= chance.answer < 1.0
        assert 0 <= chance.since_answer <= chance.dials
    number = NUMBERS[0]
    before = model.chance(number, cell, at)
    model.observe(number, cell, at, answered=True, right_party=True)
    after = model.chance(number, cell, at)
    assert after.answer >= before.answer * 0.999 and after.right_party >= before.right_party * 0.999


@settings(max_examples=120, deadline=None)
@given(dials=DIALS, cell=CELLS)
def test_a_dial_in_vain_never_raises_the_chance_of_its_number(
    dials: list[tuple[NumberTraits, Cell, int, bool | None, bool]], cell: Cell
):
    model, at, number = taught(dials), MONDAY + timedelta(days=17), NUMBERS[0]
    before = model.chance(number, cell, at).answer
    model.observe(number, cell, at, answered=False)
    assert model.chance(number, cell, at).answer <= before * 1.001


@settings(max_examples=120, deadline=None)
@given(
    dials=DIALS,
    cell=CELLS,
    due=st.integers(0, 10**9),
    bucket=st.sampled_from(["M0", "M1", "M7", "?"]),
    grade=st.sampled_from(["", "A", "E"]),
    broken=st.integers(0, 5),
    current=st.integers(0, 5),
)
def test_a_worth_is_never_below_nothing_nor_above_what_is_due_and_the_choice_is_one_of_the_numbers(
    dials: list[tuple[NumberTraits, Cell, int, bool | None, bool]],
    cell: Cell,
    due: int,
    bucket: str,
    grade: str,
    broken: int,
    current: int,
):
    model, at = taught(dials), MONDAY + timedelta(days=17)
    owed = Owed(amount_due=Decimal(due) / 100, bucket=bucket, grade=grade, broken_promises=broken)
    found = appraise(model, RecoveryModel(), SETTINGS, owed=owed, numbers=NUMBERS, cell=cell, at=at, current=current)
    assert Decimal(0) <= found.worth.expected <= owed.amount_due
    assert found.worth.per_minute >= 0 and found.worth.agent_s >= SETTINGS.costs.dial_s
    chosen = choose(model, NUMBERS, cell, at, rule=SETTINGS.numbers, current=current)
    assert chosen.gave_way == (chosen.index != current)
    if chosen.gave_way:
        assert chosen.candidates[current].chance.since_answer >= SETTINGS.numbers.after_unanswered
        assert chosen.best.chance.reached >= max(one.chance.reached for one in chosen.candidates)
