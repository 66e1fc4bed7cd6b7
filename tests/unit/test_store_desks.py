"""Desks: one holder a debtor, refused with who and since when; a desk and the dialer exclude each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from dialer.errors import StoreError
from dialer.store import desks, happened, promised
from dialer.store.desks import Desk, Taken
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId, NextKind
from store_cases import AT, ENGINE, account, campaign, closed, concluded, placed, step, stocked, take

MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.create(tmp_path / "dialer.db")) as opened:
        yield stocked(opened, [account("a", 1, debtor="A"), account("a2", 2, debtor="A"), account("b", 3, debtor="B")])


def sit(
    store: SqliteStore, holder: str, account_no: str = "a", *, after: timedelta = timedelta(), recall: bool = False
) -> Desk | Taken:
    with store.writing() as connection:
        account_id: AccountId = promised.account_of(connection, account_no)
        debtor_id = promised.debtor_of(connection, account_id)
        return desks.take(connection, debtor_id, account_id, holder=holder, at=AT + after, source="cli", recall=recall)


def told(store: SqliteStore) -> list[tuple[str, str]]:
    with store.reading() as database:
        events = happened.after(database.conn, 0)
    return [(one.kind.value, str(one.payload["holder"])) for one in events if one.kind.startswith("desk.")]


def test_the_second_is_refused_with_who_and_since_when_for_any_account_of_the_debtor(store: SqliteStore) -> None:
    assert isinstance(sit(store, "anna"), Desk)
    assert sit(store, "ben", "a2", after=5 * MINUTE) == Taken(holder="anna", since=AT, until_at=AT + 15 * MINUTE)
    assert isinstance(sit(store, "ben", "b"), Desk)
    assert told(store) == [("desk.taken", "anna"), ("desk.taken", "ben")]


def test_taking_it_again_moves_the_end_and_keeps_the_beginning(store: SqliteStore) -> None:
    sit(store, "anna")
    again = sit(store, "anna", after=10 * MINUTE)
    assert isinstance(again, Desk)
    assert (again.since, again.until_at) == (AT, AT + 25 * MINUTE)
    assert told(store) == [("desk.taken", "anna")]


def test_a_desk_is_over_at_its_end_and_the_next_one_may_have_it(store: SqliteStore) -> None:
    sit(store, "anna")
    assert isinstance(sit(store, "ben", after=15 * MINUTE), Desk)
    assert told(store) == [("desk.taken", "anna"), ("desk.left", "anna"), ("desk.taken", "ben")]
    with store.writing() as connection:
        assert desks.sweep(connection, AT + 29 * MINUTE, 10) == 0
        assert desks.sweep(connection, AT + 30 * MINUTE, 10) == 1
    assert told(store)[-1] == ("desk.left", "ben")


def test_the_dialer_leases_nobody_who_is_at_a_desk_and_does_so_afterwards(store: SqliteStore) -> None:
    sit(store, "anna")
    assert [lead.account_no for lead in take(store)] == ["b"]
    (later,) = take(store, at=AT + 14 * MINUTE, engine="other")  # the lease of b has run out
    assert later.account_no == "b"
    assert [lead.account_no for lead in take(store, at=AT + 15 * MINUTE) if lead.account_no != "b"] in (["a"], ["a2"])


def test_what_the_dialer_has_in_hand_is_refused_or_taken_back_and_then_barred(store: SqliteStore) -> None:
    (lead,) = [lead for lead in take(store) if lead.account_no in ("a", "a2")]
    refused = sit(store, "anna")
    assert refused == Taken(holder="dialer", since=None, until_at=AT + MINUTE)
    assert isinstance(sit(store, "anna", recall=True), Desk)
    (bar,) = store.apply([placed(lead, "c1")])
    assert bar.rule == "lease"


def test_a_call_that_is_not_concluded_is_never_taken_back(store: SqliteStore) -> None:
    (lead,) = [lead for lead in take(store) if lead.account_no in ("a", "a2")]
    store.apply([placed(lead, "c1")])
    assert sit(store, "anna", recall=True) == Taken(holder="dialer", since=AT, until_at=None)
    store.apply([closed("c1"), concluded(lead, "c1", step(NextKind.RETRY, AT))])
    assert isinstance(sit(store, "anna"), Desk)


def test_a_lease_that_ran_out_is_nobodys_and_cannot_be_committed_after_all(store: SqliteStore) -> None:
    (lead,) = [lead for lead in take(store) if lead.account_no in ("a", "a2")]
    assert isinstance(sit(store, "anna", after=2 * MINUTE), Desk)
    (bar,) = store.apply([placed(lead, "c1", at=AT + 2 * MINUTE)])
    assert bar.rule == "lease"


def test_only_the_holder_may_have_the_dialer_call(store: SqliteStore) -> None:
    sit(store, "anna")
    with pytest.raises(StoreError, match="anna works on the debtor"):
        store.lease_one(campaign(), "a2", at=AT, lease_s=60.0, engine=ENGINE, agent="ben")
    lead = store.lease_one(campaign(), "a2", at=AT, lease_s=60.0, engine=ENGINE, agent="anna")
    assert lead is not None
    assert store.apply([placed(lead, "c1")]) == ()


def test_only_the_holder_leaves_it_or_somebody_by_force(store: SqliteStore) -> None:
    sit(store, "anna")
    with store.reading() as database:
        debtor_id = promised.debtor_of(database.conn, 1)
    with pytest.raises(StoreError, match="anna works"), store.writing() as connection:
        desks.leave(connection, debtor_id, by="ben", at=AT, source="cli")
    with store.writing() as connection:
        assert desks.leave(connection, debtor_id, by="boss", at=AT, source="cli", force=True).holder == "anna"
    with pytest.raises(StoreError, match="Nobody works"), store.writing() as connection:
        desks.leave(connection, debtor_id, by="anna", at=AT, source="cli")


@pytest.mark.parametrize("lasts_s", [0.0, -1.0, 8 * 3600.0 + 1])
def test_nobody_keeps_a_desk_for_ever(store: SqliteStore, lasts_s: float) -> None:
    with pytest.raises(StoreError, match="at most 8 hours"), store.writing() as connection:
        account_id = promised.account_of(connection, "a")
        debtor_id = promised.debtor_of(connection, account_id)
        desks.take(connection, debtor_id, account_id, holder="anna", at=AT, source="cli", lasts_s=lasts_s)
