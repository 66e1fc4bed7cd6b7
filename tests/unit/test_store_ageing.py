"""Accounts get older with each business day, once, and open again when the next instalment is missed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import store_cases as case
from dialer.loans.rules import HOUSE
from dialer.store import ageing, paying
from dialer.store.ageing import LoanAgeing, roll
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId

RULES = replace(HOUSE, zone=ZoneInfo("Asia/Shanghai"))
IMPORTED = case.AT - timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    accounts = [case.account("A-1", 1, days=10), case.account("A-2", 2, days=0), case.account("A-3", 3, days=200)]
    with closing(SqliteStore.create(tmp_path / "d.sqlite")) as made:
        yield case.stocked(made, accounts)


def days(store: SqliteStore) -> list[int]:
    with store.reading() as database:
        return [row[0] for row in database.execute("SELECT days_past_due FROM accounts ORDER BY account_id")]


def schedule(store: SqliteStore, account_id: int, *due: date, penalty_rate: str = "") -> None:
    with store.writing() as connection:
        connection.execute(
            "INSERT INTO loans (account_id, principal_cents, annual_rate, penalty_rate, periods, method, disbursed_on,"
            " first_due_on, grace_days) VALUES (?, ?, '0.12', ?, ?, 'equal_principal', '2025-12-01', ?, 3)",
            (account_id, 10_000 * len(due), penalty_rate, len(due), due[0].isoformat()),
        )
        connection.executemany(
            "INSERT INTO instalments (account_id, no, due_on, principal_cents, interest_cents)"
            " VALUES (?, ?, ?, 10000, 0)",
            [(account_id, no, due_on.isoformat()) for no, due_on in enumerate(due, start=1)],
        )


def test_what_a_list_said_gets_older_by_the_days_since_and_what_is_current_stays_current(store: SqliteStore) -> None:
    roll(store, at=case.AT, rules=RULES)
    assert days(store) == [11, 0, 201]
    roll(store, at=case.AT + timedelta(days=30), rules=RULES)
    assert days(store) == [41, 0, 231]


def test_rolling_twice_on_a_day_changes_nothing(store: SqliteStore) -> None:
    assert roll(store, at=case.AT, rules=RULES).accounts == 3
    assert roll(store, at=case.AT + timedelta(hours=2), rules=RULES).accounts == 0
    assert days(store) == [11, 0, 201]


def test_the_day_changes_at_midnight_of_the_zone(store: SqliteStore) -> None:
    midnight = datetime(2026, 3, 3, 0, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    roll(store, at=midnight - timedelta(minutes=1), rules=RULES)
    assert days(store) == [11, 0, 201]
    roll(store, at=midnight, rules=RULES)
    assert days(store) == [12, 0, 202]


def test_a_list_that_comes_again_tells_anew_how_late_somebody_is(store: SqliteStore) -> None:
    roll(store, at=case.AT, rules=RULES)
    later = case.AT + timedelta(days=5)
    store.import_accounts(case.LIST, "again.csv", [case.account("A-1", 1, days=3)], later)
    roll(store, at=later + timedelta(days=1), rules=RULES)
    assert days(store)[0] == 4


def test_with_a_schedule_the_instalments_tell_how_late_somebody_is(store: SqliteStore) -> None:
    schedule(store, 2, date(2026, 2, 1), date(2026, 3, 1))
    roll(store, at=case.AT, rules=RULES)
    assert days(store)[1] == 29
    with store.reading() as database:
        (due,) = database.execute("SELECT amount_due_cents FROM accounts WHERE account_id = 2").fetchone()
    assert due == 20_000


def test_many_accounts_are_rolled_in_small_transactions(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ageing, "BATCH", 2)
    seen: list[int] = []
    roll(store, at=case.AT, rules=RULES, progress=seen.append)
    assert seen == [2, 3]
    assert days(store) == [11, 0, 201]


def pay(store: SqliteStore, account_id: int, amount: str, at: datetime) -> paying.Booked:
    with store.writing() as connection:
        return paying.receive(
            connection,
            account_id=AccountId(account_id),
            txn_id=f"T{at:%d}",
            amount=Decimal(amount),
            paid_at=at,
            at=at,
            rules=RULES,
        )


def test_a_paid_account_opens_as_new_when_its_next_instalment_is_late_and_not_before(store: SqliteStore) -> None:
    schedule(store, 1, date(2026, 2, 20), date(2026, 3, 10))
    (lead,) = (one for one in case.take(store) if one.account_no == "A-1")
    case.whole_call(store, lead, "x1", case.step(case.NextKind.CALLBACK, case.AT + timedelta(days=1), agent="agent01"))
    assert pay(store, 1, "100.00", case.AT).is_closed
    for day, state in ((10, "closed"), (13, "closed"), (14, "open")):  # three days of grace
        roll(store, at=datetime(2026, 3, day, 4, tzinfo=case.UTC), rules=RULES)
        with store.reading() as database:
            found = database.execute("SELECT state, next_at, callback FROM accounts WHERE account_id = 1").fetchone()
        assert found == (state, None, 0)
    assert days(store)[0] == 4


def test_the_chore_rolls_and_has_a_name(store: SqliteStore) -> None:
    chore = LoanAgeing(lambda: RULES)
    chore.run(store, case.AT)
    assert (chore.name, days(store)) == ("loans.age", [11, 0, 201])


def test_penalty_interest_is_added_day_by_day(store: SqliteStore) -> None:
    schedule(store, 1, date(2026, 2, 20), penalty_rate="0.18")  # 0.05 a day
    for day in (2, 3, 4):
        roll(store, at=datetime(2026, 3, day, 4, tzinfo=case.UTC), rules=RULES)
        with store.reading() as database:
            found = database.execute("SELECT penalty_cents FROM instalments").fetchone()
            (due,) = database.execute("SELECT amount_due_cents FROM accounts WHERE account_id = 1").fetchone()
        assert found == (5 * (8 + day),)
        assert due == 10_000 + found[0]
