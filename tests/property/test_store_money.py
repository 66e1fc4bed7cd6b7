"""Whatever is paid, in whatever order, by a loan with or without a schedule: taken back, it was never there."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.loans.rules import HOUSE
from dialer.store import books, paying
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId

ACCOUNT = AccountId(1)
AT = datetime.fromisoformat("2026-06-01T04:00:00+00:00")
TODAY = AT.date()
cents = st.integers(0, 200_000)
payments = st.lists(
    st.tuples(st.integers(1, 400_000), st.integers(0, 40)), min_size=1, max_size=5
)  # cents, and days ago


@pytest.fixture(scope="module")
def store() -> Iterator[SqliteStore]:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(SqliteStore.create(Path(folder) / "d.sqlite")) as made,
    ):
        yield made


@contextmanager
def account(
    store: SqliteStore, due_cents: int, days: int, instalments: list[tuple[int, int, int]]
) -> Iterator[sqlite3.Connection]:
    """One account that is gone afterwards."""
    with store.writing() as connection:
        connection.execute("SAVEPOINT example")
        connection.execute("INSERT INTO debtors (debtor_id, identity, name) VALUES (1, 'key:1', '王小明')")
        connection.execute("INSERT INTO phones (phone_id, debtor_id, number, rank) VALUES (1, 1, '+8613900000001', 0)")
        connection.execute(
            "INSERT INTO accounts (account_id, account_no, client, list_name, debtor_id, amount_due_cents,"
            " days_past_due, state, next_at, next_phone_id)"
            " VALUES (1, 'LN-1', 'bank', 'list', 1, ?, ?, 'waiting', '2026-06-02T00:00:00.000000Z', 1)",
            (due_cents, days),
        )
        first = TODAY - timedelta(days=days)
        for no, (principal, interest, fee) in enumerate(instalments, start=1):
            due_on: date = first + timedelta(days=30 * (no - 1))
            connection.execute(
                "INSERT INTO instalments (account_id, no, due_on, principal_cents, interest_cents, fee_cents)"
                " VALUES (1, ?, ?, ?, ?, ?)",
                (no, due_on.isoformat(), principal, interest, fee),
            )
        if instalments:
            connection.execute(
                "INSERT INTO loans (account_id, principal_cents, annual_rate, penalty_rate, periods, method,"
                " disbursed_on, first_due_on, grace_days) VALUES (1, 100000, '0.12', '0.18', 12, 'equal_principal',"
                " '2025-01-01', ?, 3)",
                (first.isoformat(),),
            )
        yield connection
        connection.execute("ROLLBACK TO example")


def state(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    rows = connection.execute("SELECT * FROM instalments ORDER BY no").fetchall()
    of_account = "SELECT amount_due_cents, days_past_due, overdue_since, state = 'closed' FROM accounts"
    return [*rows, connection.execute(of_account).fetchone()]


@settings(max_examples=40, deadline=None)
@given(
    due=st.integers(1, 500_000),
    days=st.integers(0, 200),
    instalments=st.lists(st.tuples(cents, cents, cents), max_size=4),
    paid=payments,
    chance=st.randoms(use_true_random=False),
)
def test_payments_taken_back_in_any_order_were_never_there(
    store: SqliteStore,
    due: int,
    days: int,
    instalments: list[tuple[int, int, int]],
    paid: list[tuple[int, int]],
    chance: object,
) -> None:
    with account(store, due, days, instalments) as connection:
        books.write(connection, books.read(connection, ACCOUNT, today=TODAY, rules=HOUSE), today=TODAY)
        before, names = state(connection), [f"T{number}" for number in range(len(paid))]
        for name, (amount, days_ago) in zip(names, paid, strict=True):
            booked = paying.receive(
                connection,
                account_id=ACCOUNT,
                txn_id=name,
                amount=Decimal(amount).scaleb(-2),
                paid_at=AT - timedelta(days=days_ago),
                at=AT,
                rules=HOUSE,
            )
            assert sum(line.amount for line in booked.lines) == Decimal(amount).scaleb(-2)
            (lines,) = connection.execute("SELECT sum(amount_cents) FROM payment_lines").fetchone()
            assert lines == sum(one for one, _ in paid[: names.index(name) + 1])
        chance.shuffle(names)  # type: ignore[attr-defined]
        for name in names:
            paying.reverse(connection, account_id=ACCOUNT, txn_id=name, at=AT, rules=HOUSE)
        assert state(connection) == before
