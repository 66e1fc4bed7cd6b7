from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dialer.accounts.imported import ImportedAccount, ImportResult
from dialer.errors import StoreError
from dialer.store.sqlite import SqliteStore
from dialer.types import NextKind, Outcome
from store_cases import AT, LIST, account, number, step, take, whole_call


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.create(tmp_path / "store.db")
    yield store
    store.close()


def load(store: SqliteStore, *accounts: ImportedAccount, list_name: str = LIST) -> tuple[int, int, int]:
    result: ImportResult = store.import_accounts(list_name, "spring.csv", iter(accounts), AT)
    return result.added, result.updated, result.unchanged


def test_a_file_is_counted_as_new_then_as_the_same(store: SqliteStore) -> None:
    file = [account(f"a{index}", index, index + 1, debtor=f"d{index // 2}") for index in range(10)]
    assert load(store, *file) == (10, 0, 0)
    assert load(store, *file) == (0, 0, 10)
    with store.reading() as database:
        counts = [database.table(name).count for name in ("debtors", "accounts", "import_batches")]
        lineage = database.execute("SELECT count(*) FROM debtor_sources").fetchone()
    assert counts == [5, 10, 2]
    assert lineage == (10,)


@pytest.mark.parametrize(
    "change",
    [
        {"amount_due": Decimal("99.99")},
        {"principal": Decimal("5000")},
        {"days_past_due": 11},
        {"risk": "high"},
        {"region": "浙江"},
        {"product": "cash"},
        {"industry": "建筑"},
        {"remark": "下午致电"},
        {"priority": 3},
        {"debtor_name": "李四"},
        {"phones": (number(1), number(9)), "zones": ("Asia/Shanghai", "")},
        {"zones": ("Asia/Urumqi",)},
    ],
)
def test_a_change_is_taken_over_and_counted_once(store: SqliteStore, change: dict[str, object]) -> None:
    before = account("a", 1, debtor="d")
    after = replace(before, **change)  # type: ignore[arg-type]
    load(store, before)
    assert load(store, after) == (0, 1, 0)
    assert load(store, after) == (0, 0, 1)


def test_a_later_file_never_resets_what_happened(store: SqliteStore) -> None:
    load(store, account("a", 1), account("b", 2), account("c", 3))
    by_no = {lead.account_no: lead for lead in take(store)}
    later = AT + timedelta(hours=1)
    whole_call(store, by_no["a"], "att-1", step(NextKind.RETRY, later))
    whole_call(store, by_no["b"], "att-2", step(NextKind.CLOSED))
    store.add_stop("c", "complaint", by="boss", at=AT)
    assert load(store, *(account(no, index, days=50) for index, no in enumerate("abc", 1))) == (0, 3, 0)
    assert take(store, at=AT) == ()
    (lead,) = take(store, at=later)
    assert (lead.account_no, lead.days_past_due, lead.attempts_total, lead.retries) == ("a", 50, 1, 1)


def test_one_number_in_two_clients_files_is_two_accounts(store: SqliteStore) -> None:
    assert load(store, account("a", 1, client="bank"), account("a", 2, client="shop")) == (2, 0, 0)


def test_debtors_are_one_by_key_or_by_name_and_number(store: SqliteStore) -> None:
    same_key = [account("a", 1, debtor="d"), account("b", 2, debtor="d")]
    same_name = [
        replace(account("c", 3, 4), debtor_name="王五"),
        replace(account("d", 4), debtor_name="王五"),
        replace(account("e", 4), debtor_name="赵六"),
    ]
    load(store, *same_key, *same_name)
    with store.reading() as database:
        groups = database.execute(
            "SELECT group_concat(account_no, '') FROM (SELECT * FROM accounts ORDER BY account_no) GROUP BY debtor_id"
        ).fetchall()
    assert {group for (group,) in groups} == {"ab", "cd", "e"}


def test_a_number_from_the_file_that_is_no_number_takes_nothing_over(store: SqliteStore) -> None:
    wrong = replace(account("b", 2), amount_due=Decimal("1.005"))
    with pytest.raises(StoreError, match="fraction of a cent"):
        load(store, account("a", 1), wrong)
    assert store.list_progress(LIST).total == 0


def test_an_account_without_a_number_waits_closed_for_one(store: SqliteStore) -> None:
    load(store, account("a", debtor="d"), account("b", 2))
    assert store.list_progress(LIST).done == 1
    load(store, account("a", 1, debtor="d"))
    assert {lead.number for lead in take(store)} == {number(1), number(2)}


def test_a_number_found_invalid_is_not_revived_but_a_new_one_reopens_the_account(store: SqliteStore) -> None:
    load(store, account("a", 1, debtor="d"))
    (lead,) = take(store)
    whole_call(store, lead, "att-1", step(NextKind.RETRY, AT), Outcome.INVALID)
    load(store, account("a", 1, debtor="d"))
    assert take(store) == ()
    load(store, account("a", 1, 7, debtor="d"))
    assert [lead.number for lead in take(store)] == [number(7)]


def test_an_account_goes_over_to_the_debtor_the_file_names_by_id_with_no_number_of_the_old_one(
    store: SqliteStore,
) -> None:
    load(store, account("a", 1, debtor="d1"), account("b", 2, debtor="d1"), account("c", 3, debtor="d2"))
    corrected = account("a", 4, debtor="d2")
    leads = take(store)
    assert load(store, corrected) == (0, 0, 1), "not while it is leased"
    store.release_leases("engine-1")
    assert len(leads) == 2
    assert load(store, corrected) == (0, 1, 0)
    assert load(store, corrected) == (0, 0, 1)
    numbers = {lead.account_no: (lead.number, lead.debtor_name) for lead in take(store)}
    assert numbers == {"a": (number(4), "王d2"), "b": (number(2), "王d1")}


def test_an_account_stopped_while_it_had_no_number_is_not_revived_by_a_number_of_another_debtor(
    store: SqliteStore,
) -> None:
    load(store, account("a", debtor="d1"))
    store.add_stop("a", "do_not_call", by="boss", at=AT)
    load(store, account("a", debtor="d2"), account("b", 1, debtor="d2"))
    assert [lead.account_no for lead in take(store)] == ["b"]
    assert store.list_progress(LIST).never == 1


def test_an_account_moves_to_the_list_of_the_last_file(store: SqliteStore) -> None:
    load(store, account("a", 1))
    assert load(store, account("a", 1), list_name="summer") == (0, 1, 0)
    assert (store.list_progress(LIST).total, store.list_progress("summer").total) == (0, 1)


def test_phones_and_zones_of_a_row_belong_together() -> None:
    with pytest.raises(ValueError, match="2 phones but 1 zones"):
        replace(account("a", 1), phones=(number(1), number(2)))
