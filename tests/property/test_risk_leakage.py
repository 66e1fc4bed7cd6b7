"""Nothing that became known after a moment changes a feature at it, and nothing after a horizon its outcome."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.risk.history import (
    DAY_S,
    NEVER,
    Accounts,
    Calls,
    History,
    Instalments,
    Payments,
    Promises,
    Said,
    Told,
)
from dialer.risk.observing import features, outcomes

PEOPLE, LOANS = 3, 4
AT_S = 500 * DAY_S
HORIZON_S = 30 * DAY_S


class Made:
    """Random histories of whole days, from a seed that Hypothesis chooses."""

    def __init__(self, seed: int) -> None:
        self._chance = np.random.default_rng(seed)

    def days(self, low: int, high: int, rows: int) -> np.ndarray:
        return self._chance.integers(low, high + 1, size=rows) * DAY_S + 7.0

    def places(self, count: int, rows: int) -> np.ndarray:
        return self._chance.integers(count, size=rows)

    def amounts(self, rows: int) -> np.ndarray:
        return self._chance.integers(1, 300_000, size=rows)

    def flags(self, rows: int) -> np.ndarray:
        return self._chance.uniform(size=rows) < 0.5

    def rows(self, most: int) -> int:
        return int(self._chance.integers(most + 1))

    def payments(self, low: int, high: int) -> Payments:
        """Known on or after the day they were made."""
        rows = self.rows(8)
        at_s = self.days(low, high, rows)
        known_s = at_s + self.days(0, 40, rows)
        return Payments(
            accounts=self.places(LOANS, rows),
            at_s=at_s,
            known_s=known_s,
            reversed_s=np.where(self.flags(rows), known_s + self.days(0, 60, rows), NEVER),
            amounts=self.amounts(rows),
        )

    def told(self, low: int, high: int) -> Told:
        rows = self.rows(5)
        values = self.amounts(rows).astype(float)
        return Told(debtors=self.places(PEOPLE, rows), at_s=self.days(low, high, rows), values=values)

    def said(self, low: int, high: int) -> Said:
        rows = self.rows(5)
        values = self._chance.choice(np.array(["a", "b", "c"], dtype=object), size=rows)
        return Said(debtors=self.places(PEOPLE, rows), at_s=self.days(low, high, rows), values=values)

    def history(self, low: int, high: int) -> History:
        """All that became known between two days; contracts run on."""
        plan, judged, calls = self.rows(12), self.rows(5), self.rows(5)
        due = Instalments(
            accounts=self.places(LOANS, plan), due_s=self.days(200, 700, plan), amounts=self.amounts(plan)
        )
        return History(
            accounts=Accounts(
                account_ids=np.arange(LOANS) + 1,
                debtors=np.array([0, 0, 1, 2]),
                principal=self.amounts(LOANS),
                paid_out_s=np.array([100.0, 200.0, 300.0, 499.0]) * DAY_S,
                products=np.array(["card", "loan", "", "loan"], dtype=object),
                listed_days=np.array([np.nan, 3.0, 60.0, np.nan]),
                listed_s=np.array([np.nan, 450 * DAY_S, 600 * DAY_S, np.nan]),
            ),
            instalments=sort_plan(due),
            payments=sort_payments(self.payments(low, high)),
            promises=Promises(
                accounts=self.places(LOANS, judged), judged_s=self.days(low, high, judged), kept=self.flags(judged)
            ),
            calls=Calls(
                debtors=self.places(PEOPLE, calls),
                at_s=self.days(low, high, calls),
                answered=self.flags(calls),
                talked=self.flags(calls),
            ),
            incomes=self.told(low, high),
            scores=self.told(low, high),
            utilisations=self.told(low, high),
            signs=self.told(low, high),
            facts={"occupation": self.said(low, high), "sex": self.said(low, high)},
        )


def histories(low: int, high: int) -> st.SearchStrategy[History]:
    return st.integers(0, 2**32).map(lambda seed: Made(seed).history(low, high))


def sort_plan(plan: Instalments) -> Instalments:
    order = np.lexsort((plan.due_s, plan.accounts))
    return Instalments(accounts=plan.accounts[order], due_s=plan.due_s[order], amounts=plan.amounts[order])


def sort_payments(one: Payments) -> Payments:
    order = np.lexsort((one.at_s, one.accounts))
    return Payments(**{name: getattr(one, name)[order] for name in Payments.__slots__})


def joined(one: object, other: object) -> object:
    """The rows of both."""
    return type(one)(
        **{name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in type(one).__slots__}
    )


def together(before: History, after: History) -> History:
    """The first history, with all that the second one adds but its contracts, which are known from their beginning."""
    return replace(
        before,
        payments=sort_payments(joined(before.payments, after.payments)),
        promises=joined(before.promises, after.promises),
        calls=joined(before.calls, after.calls),
        incomes=joined(before.incomes, after.incomes),
        scores=joined(before.scores, after.scores),
        utilisations=joined(before.utilisations, after.utilisations),
        signs=joined(before.signs, after.signs),
        facts={name: joined(before.facts[name], after.facts[name]) for name in before.facts},
    )


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    for name, column in one.items():
        np.testing.assert_array_equal(column, other[name], err_msg=name)


@given(histories(0, 499), histories(500, 900))
@settings(max_examples=150, deadline=None)
def test_what_comes_later_changes_no_feature(before: History, after: History) -> None:
    same(features(before, AT_S), features(together(before, after), AT_S))


@given(histories(0, 499), st.integers(0, 255))
@settings(max_examples=100, deadline=None)
def test_what_was_learned_later_of_earlier_days_changes_no_feature(before: History, bits: int) -> None:
    """Payments noted, and reversed, only after the moment: as if they were not there, or not reversed."""
    paid = before.payments
    late = np.array([bool(bits >> place & 1) for place in range(len(paid.at_s))], dtype=bool)
    unknown = replace(before, payments=replace(paid, known_s=np.where(late, AT_S + 1.0, paid.known_s)))
    absent = replace(before, payments=Payments(**{name: getattr(paid, name)[~late] for name in Payments.__slots__}))
    same(features(unknown, AT_S), features(absent, AT_S))
    back = np.where(paid.reversed_s >= AT_S, AT_S + 1.0, paid.reversed_s)
    stands = np.where(paid.reversed_s >= AT_S, NEVER, paid.reversed_s)
    same(
        features(replace(before, payments=replace(paid, reversed_s=back)), AT_S),
        features(replace(before, payments=replace(paid, reversed_s=stands)), AT_S),
    )


@given(histories(0, 529), histories(530, 900))
@settings(max_examples=100, deadline=None)
def test_what_comes_after_the_horizon_changes_no_outcome(before: History, after: History) -> None:
    one = outcomes(before, AT_S, horizon_s=HORIZON_S, paid_share=0.5)
    other = outcomes(together(before, after), AT_S, horizon_s=HORIZON_S, paid_share=0.5)
    np.testing.assert_array_equal(one.bad, other.bad)
    np.testing.assert_array_equal(one.asked, other.asked)


@given(histories(0, 499))
@settings(max_examples=50, deadline=None)
def test_the_test_would_see_what_came_before(before: History) -> None:
    """A payment the day before does change something: features are not simply blind."""
    paid = Payments(
        accounts=np.array([0]),
        at_s=np.array([AT_S - DAY_S]),
        known_s=np.array([AT_S - DAY_S]),
        reversed_s=np.array([NEVER]),
        amounts=np.array([5_000]),
    )
    with_one = replace(before, payments=sort_payments(joined(before.payments, paid)))
    assert features(with_one, AT_S)["days_since_payment"][0] == 1.0
