"""Columns that are kept say what the tables say, whatever has happened since."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from dialer.account_events import AccountEvent, EventKind
from dialer.portfolio.columns import Portfolio
from dialer.portfolio.reading import Words, account_ids, read
from dialer.portfolio.snapshot import load
from dialer.retention import Periods, Schedule
from dialer.store.happened import note
from dialer.store.purging import Order, purge
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId, DebtorId
from portfolio_cases import NOW, fill

KEY = "a passphrase of the test"


def from_tables(store: SqliteStore) -> Portfolio:
    with store.reading() as database:
        return read(database.conn, account_ids(database.conn), Words())


def assert_same(one: Portfolio, other: Portfolio) -> None:
    for name, table in one.tables().items():
        mine, theirs = told(one, name), told(other, name)
        assert len(table) == len(mine) == len(theirs)
        assert mine == theirs, name


def told(portfolio: Portfolio, name: str) -> list[tuple[object, ...]]:
    """Rows with words in place of codes: two readings may count their words differently."""
    columns = portfolio.tables()[name].columns()
    spoken = [
        [portfolio.words[column][code] for code in values.tolist()] if column in portfolio.words else values.tolist()
        for column, values in columns.items()
    ]
    return sorted(zip(*spoken, strict=True))


def names(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    found = {row[0] for row in connection.execute("SELECT DISTINCT name FROM portfolio_columns")}
    connection.close()
    return found


@pytest.mark.parametrize("key", ["", KEY])
def test_kept_columns_say_what_the_tables_say(tmp_path: Path, key: str):
    path = tmp_path / "store.sqlite"
    fill(path, 200, key=key)
    store = SqliteStore.open(path, key=key)
    first = load(store, NOW, small=10)
    kept = load(store, NOW, small=10)
    assert_same(first, from_tables(store))
    assert_same(kept, first)
    store.close()


def test_a_small_store_keeps_nothing(tmp_path: Path):
    fill(tmp_path / "store.sqlite", 60)
    store = SqliteStore.open(tmp_path / "store.sqlite")
    load(store, NOW)
    store.close()
    assert names(tmp_path / "store.sqlite") == set()


def test_what_happened_since_is_read_from_the_tables(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    fill(path, 300)
    store = SqliteStore.open(path)
    load(store, NOW, small=10)
    with store.writing() as connection:
        row = connection.execute("SELECT account_id, debtor_id FROM accounts WHERE days_past_due > 0").fetchone()
        connection.execute(
            "UPDATE instalments SET paid_on = '2026-06-17' WHERE account_id = ? AND paid_on IS NULL", row[:1]
        )
        connection.execute("UPDATE accounts SET industry = '航天' WHERE account_id = ?", row[:1])
        note(
            connection,
            AccountEvent(
                kind=EventKind.PAYMENT_RECEIVED, at=NOW, debtor_id=DebtorId(row[1]), account_id=AccountId(row[0])
            ),
        )
    after = load(store, NOW + timedelta(hours=1), small=10)
    assert_same(after, from_tables(store))
    assert "航天" in after.words["industry"]
    store.close()


def test_calls_that_no_event_tells_of_are_found_by_their_time(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    fill(path, 300)
    store = SqliteStore.open(path)
    before = load(store, NOW, small=10)
    with store.writing() as connection:
        connection.execute(
            """INSERT INTO attempts (attempt_id, campaign, account_id, debtor_id, phone_id, number, server, trunk,
                                     caller_id, permit_rules, at, closed_at, disposed_at, outcome)
               SELECT 'new', 'another', a.account_id, a.debtor_id, p.phone_id, p.number, '', '', '', '[]',
                      '2026-06-18T05:00:00.000000Z', '2026-06-18T05:00:20.000000Z', '2026-06-18T05:00:20.000000Z',
                      'busy'
               FROM accounts a JOIN phones p ON p.phone_id = a.next_phone_id LIMIT 1"""
        )
    after = load(store, NOW + timedelta(hours=2), small=10)
    assert len(after.calls) == len(before.calls) + 1
    assert_same(after, from_tables(store))
    store.close()


def test_when_many_have_changed_all_is_read_and_kept_anew(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    fill(path, 200)
    store = SqliteStore.open(path)
    load(store, NOW, small=10)
    with store.writing() as connection:
        for (debtor_id,) in connection.execute("SELECT debtor_id FROM debtors LIMIT 50").fetchall():
            note(connection, AccountEvent(kind=EventKind.NOTE_ADDED, at=NOW, debtor_id=DebtorId(debtor_id)))
    said: list[str] = []
    load(store, NOW, small=10, progress=said.append)
    load(store, NOW, small=10, progress=said.append)
    store.close()
    assert len(said) == 1


def test_kept_columns_hold_no_names_and_no_numbers(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    fill(path, 200)
    store = SqliteStore.open(path)
    load(store, NOW, small=10)
    store.close()
    connection = sqlite3.connect(path)
    kept = b"".join(row[0] for row in connection.execute("SELECT content FROM portfolio_columns"))
    people = connection.execute("SELECT name FROM debtors UNION SELECT number FROM phones").fetchall()
    accounts = connection.execute("SELECT account_no FROM accounts").fetchall()
    connection.close()
    assert len(people) > 300
    assert not [text for (text,) in (*people, *accounts) if text.encode() in kept]


def test_accounts_are_replaced_where_they_were_and_new_ones_come_in_order(tmp_path: Path):
    fill(tmp_path / "store.sqlite", 120)
    store = SqliteStore.open(tmp_path / "store.sqlite")
    whole = from_tables(store)
    ids = whole.accounts.account_id
    with store.reading() as database:
        words = Words({kind: list(known) for kind, known in whole.words.items()})
        old = read(database.conn, ids[ids % 4 > 0], words)  # every fourth came later, every third has changed
        some = ids[(ids % 4 == 0) | (ids % 3 == 0)]
        after = old.replaced(some, read(database.conn, some, words))
    assert_same(after, whole)
    for table in after.tables().values():
        assert np.all(np.diff(table.key) >= 0)
    store.close()


def test_a_purge_leaves_no_columns_behind(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    fill(path, 60)
    store = SqliteStore.open(path)
    load(store, NOW, small=10)
    assert "accounts.region" in names(path)
    order = Order(
        at=NOW + timedelta(days=400),
        actor="test",
        role="admin",
        schedule=Schedule(by_campaign={}, by_list={}, otherwise=Periods(ledger_days=30, recording_days=30)),
        recordings_path=tmp_path,
    )
    purge(store, order)
    store.close()
    assert names(path) == set()
