"""How loans went, for any instalments whatever: paid out of order, late by their grace, not at all."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.loans.buckets import bucket_of, days_late
from dialer.portfolio.columns import NEVER, Accounts, Calls, Instalments, Payments, Portfolio, Promises
from dialer.portfolio.courses import NOT_YET, REPAID, courses, days_late_at, ledger_of, month_ends, spells

TODAY = date(2026, 6, 18)
BUCKETS = ["M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7"]
instalment = st.tuples(
    st.integers(-400, 60),  # due, days from today
    st.one_of(st.none(), st.integers(-20, 200)),  # paid, days from due; None: never
    st.integers(0, 100_000),
    st.integers(0, 5_000),
)
Account = tuple[list[tuple[int, int | None, int, int]], int, int]
account = st.tuples(st.lists(instalment, max_size=6), st.integers(0, 5), st.integers(-420, 20))


def portfolio_of(accounts: list[Account]) -> Portfolio:
    rows = [(number, *one) for number, (parts, _, _) in enumerate(accounts, start=1) for one in parts]
    now, size = TODAY.toordinal(), len(accounts)
    nothing = np.zeros(0, dtype=np.int64)
    return Portfolio(
        accounts=Accounts(
            account_id=np.arange(1, size + 1),
            debtor_id=np.arange(1, size + 1),
            **{name: np.zeros(size, dtype=np.int16) for name in ("region", "industry", "product", "risk", "agent")},
            listed_days=np.zeros(size, dtype=np.int32),
            listed_cents=np.zeros(size, dtype=np.int64),
            disbursed=np.array([now + days for _, _, days in accounts], dtype=np.int32),
            principal=np.ones(size, dtype=np.int64),
            grace=np.array([grace for _, grace, _ in accounts], dtype=np.int16),
        ),
        instalments=Instalments(
            account_id=np.array([row[0] for row in rows], dtype=np.int64),
            due=np.array([now + row[1] for row in rows], dtype=np.int32),
            paid=np.array([NEVER if row[2] is None else now + row[1] + row[2] for row in rows], dtype=np.int32),
            principal=np.array([row[3] for row in rows], dtype=np.int64),
            interest=np.array([row[4] for row in rows], dtype=np.int64),
        ),
        payments=Payments(account_id=nothing, hour=nothing.astype(np.int32), cents=nothing),
        calls=Calls(
            account_id=nothing,
            hour=nothing.astype(np.int32),
            **{
                name: nothing.astype(bool) for name in ("right_party", "conversation", "talked", "answered", "promised")
            },
            agent=nothing.astype(np.int16),
        ),
        promises=Promises(
            account_id=nothing,
            hour=nothing.astype(np.int32),
            due=nothing.astype(np.int32),
            cents=nothing,
            paid_cents=nothing,
            status=nothing.astype(np.int16),
            agent=nothing.astype(np.int16),
        ),
        words={},
    ).in_order()


@given(st.lists(account, min_size=1, max_size=5))
@settings(max_examples=150, deadline=None)
def test_state_and_money_are_those_of_the_oldest_instalment_that_is_not_paid(accounts: list[Account]):
    portfolio = portfolio_of(accounts)
    marks = (*month_ends(TODAY, 14), TODAY)
    found = list(courses(portfolio.accounts, ledger_of(portfolio), marks))
    for row, (parts, grace, disbursed) in enumerate(accounts):
        parts = sorted(parts, key=lambda one: one[0])
        for column, mark in enumerate(marks):
            day = (mark - TODAY).days
            oldest = next((n for n, (due, paid, *_) in enumerate(parts) if paid is None or due + paid > day), None)
            if not parts or disbursed > day:
                assert found[column].state[row] == NOT_YET
            elif oldest is None:
                assert found[column].state[row] == REPAID
            else:
                due = TODAY + timedelta(days=parts[oldest][0])
                late = days_late(due, mark, grace)
                assert BUCKETS[found[column].state[row]] == bucket_of(late)
                assert found[column].days[row] == late
                left = parts[oldest:]
                assert found[column].outstanding[row] == sum(one[2] for one in left)
                overdue = sum(one[2] + one[3] for one in left if one[0] < day) if late else 0
                assert found[column].overdue[row] == overdue
            if found[column].state[row] in (NOT_YET, REPAID):
                assert (found[column].outstanding[row], found[column].overdue[row]) == (0, 0)


@given(st.lists(account, min_size=1, max_size=5), st.lists(st.integers(-400, 0), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_how_late_somebody_was_on_a_day_of_a_call_is_the_same_as_at_a_month_s_end(
    accounts: list[Account], days: list[int]
):
    portfolio = portfolio_of(accounts)
    ledger = ledger_of(portfolio)
    rows = np.repeat(np.arange(len(accounts)), len(days))
    when = np.tile(np.array([TODAY.toordinal() + day for day in days], dtype=np.int32), len(accounts))
    found = days_late_at(ledger, portfolio.accounts, rows, when)
    for row, day, late in zip(rows.tolist(), when.tolist(), found.tolist(), strict=True):
        (one,) = courses(portfolio.accounts, ledger, (date.fromordinal(day),))
        assert late == one.days[row] or one.state[row] == NOT_YET


@given(st.lists(account, min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_times_of_being_late_do_not_overlap_and_cover_every_late_day(accounts: list[Account]):
    accounts = [(parts, 0, -500) for parts, *_ in accounts]
    portfolio = portfolio_of(accounts)
    ledger = ledger_of(portfolio)
    found = spells(ledger, portfolio.accounts, TODAY)
    covered: dict[int, set[int]] = {}
    for row, began, days in zip(found.row.tolist(), found.began.tolist(), found.days.tolist(), strict=True):
        mine = set(range(began + 1, began + days + 1))
        assert not mine & covered.setdefault(row, set())
        covered[row] |= mine
    now = TODAY.toordinal()
    for row, (parts, *_) in enumerate(accounts):
        late = {
            day
            for due, paid, *_ in parts
            for day in range(now + due + 1, min(now, now + due + (10_000 if paid is None else paid)) + 1)
        }
        assert covered.get(row, set()) == late


def test_month_ends_are_those_of_months_that_are_over():
    assert month_ends(date(2026, 3, 1), 3) == (date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28))
    assert month_ends(date(2026, 3, 31), 1) == (date(2026, 2, 28),)
