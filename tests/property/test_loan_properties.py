"""Whatever the loan: principal adds up, no cent of a payment is lost, and a payment taken back was never there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from dialer.loans.allocation import allocate, take_back
from dialer.loans.checking import check
from dialer.loans.owed import Owed
from dialer.loans.rules import HOUSE, Ahead, AllocationRule, By, LoanRules
from dialer.loans.schedules import schedule
from dialer.loans.terms import LoanTerms, Method, Part, Parts

TODAY = date(2026, 6, 1)
money = st.integers(0, 500_000).map(lambda cents: Decimal(cents).scaleb(-2))
some_money = st.integers(1, 900_000).map(lambda cents: Decimal(cents).scaleb(-2))
parts = st.builds(Parts, penalty=money, fee=money, interest=money, principal=money)
orders = st.builds(
    AllocationRule,
    parts=st.permutations(list(Part)).map(tuple),
    by=st.sampled_from(By),
    up_to_days=st.none() | st.integers(0, 200),
)
loan_rules = st.builds(
    LoanRules,
    allocation=st.lists(orders, min_size=1, max_size=3).map(tuple),
    ahead=st.sampled_from(Ahead),
    penalty=st.just(HOUSE.penalty),
)
all_terms = st.builds(
    LoanTerms,
    principal=st.integers(1, 100_000_000).map(lambda cents: Decimal(cents).scaleb(-2)),
    annual_rate=st.integers(0, 3_600).map(lambda points: Decimal(points).scaleb(-4)),
    periods=st.integers(1, 120),
    method=st.sampled_from(Method),
    disbursed_on=st.just(date(2025, 1, 1)),
    first_due_on=st.dates(date(2025, 1, 1), date(2026, 12, 31)),
)


@st.composite
def books(draw: st.DrawFn) -> tuple[Owed, ...]:
    found = []
    for no in range(1, draw(st.integers(1, 5)) + 1):
        due_on = TODAY + timedelta(days=draw(st.integers(-200, 60)))
        due = draw(parts)
        found.append(Owed(no=no, due_on=due_on, due=due, waived=draw(st.sampled_from([Decimal("0.00"), due.penalty]))))
    return tuple(found)


@given(all_terms)
def test_principal_adds_up_to_the_cent_and_nothing_is_negative(terms: LoanTerms) -> None:
    found = schedule(terms)
    assert sum(one.principal for one in found) == terms.principal
    assert all(one.principal >= 0 and one.interest >= 0 for one in found)
    assert all(one.principal.as_tuple().exponent == one.interest.as_tuple().exponent == -2 for one in found)
    days = [one.due_on for one in found]
    assert days == sorted(set(days))
    assert check(terms, found).agrees


@given(all_terms)
def test_equal_instalments_are_equal_but_for_the_last(terms: LoanTerms) -> None:
    enough = terms.principal + 10 * terms.periods  # so that rounding up does not pay it all back before the end
    found = schedule(replace(terms, method=Method.EQUAL_INSTALMENT, principal=enough))
    assert len({one.total for one in found[:-1]}) <= 1
    rounding = Decimal("0.01") * terms.periods * (1 + terms.monthly_rate) ** terms.periods
    assert all(abs(one.total - found[-1].total) <= rounding for one in found)


@given(books(), some_money, loan_rules)
def test_no_cent_of_a_payment_is_lost_and_nothing_is_paid_twice(
    owed: tuple[Owed, ...], amount: Decimal, rules: LoanRules
) -> None:
    done = allocate(owed, amount, paid_on=TODAY, rules=rules)
    assert sum(line.amount for line in done.lines) == amount
    assert all(line.amount > 0 for line in done.lines)
    before, after = (sum(one.left.total for one in those) for those in (owed, done.owed))
    assert before - after == amount - done.surplus
    for one in done.owed:
        assert all(paid <= one.due.of(part) for part, paid in one.paid)
    if done.surplus and rules.ahead is Ahead.INSTALMENTS:
        assert after == 0


@given(books(), st.lists(some_money, min_size=1, max_size=4), loan_rules, st.randoms(use_true_random=False))
def test_payments_taken_back_in_any_order_were_never_there(
    owed: tuple[Owed, ...], amounts: list[Decimal], rules: LoanRules, chance: object
) -> None:
    now, paid = owed, []
    for amount in amounts:
        done = allocate(now, amount, paid_on=TODAY, rules=rules)
        now, paid = done.owed, [*paid, done.lines]
    chance.shuffle(paid)  # type: ignore[attr-defined]
    for lines in paid:
        now = take_back(now, lines, TODAY)
    assert [replace(one, paid_on=None) for one in now] == list(owed)
    assert all(one.paid_on is None for one in now if not one.is_paid)
