"""What is looked at again in the transaction that commits an attempt: a "no" writes nothing and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dialer.facts import AttemptBarred
from dialer.leads import Lead
from dialer.store.sqlite import SqliteStore
from dialer.types import NextKind, Outcome
from store_cases import AT, ENGINE, account, number, placed, step, stocked, take, whole_call

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.create(tmp_path / "store.db")
    yield store
    store.close()


def attempts(store: SqliteStore) -> list[str]:
    with store.reading() as database:
        return [name for (name,) in database.execute("SELECT attempt_id FROM attempts ORDER BY attempt_id")]


def the_bar(store: SqliteStore, lead: Lead, attempt_id: str = "att-9") -> AttemptBarred:
    """Why the attempt may not be made; that nothing of it is written."""
    (bar,) = store.apply([placed(lead, attempt_id, at=AT + MINUTE)])
    assert bar.attempt_id == attempt_id and attempt_id not in attempts(store)
    return bar


def one_lead(store: SqliteStore) -> Lead:
    stocked(store, [account("a", 1, 2, debtor="d")])
    (lead,) = take(store, lease_s=600.0)
    return lead


def sql(text: str) -> Callable[[SqliteStore], None]:
    def change(store: SqliteStore) -> None:
        with store._writing() as connection:
            connection.execute(text)

    return change


def stop(whom: str, flag: str) -> Callable[[SqliteStore], None]:
    return lambda store: store.add_stop(whom, flag, by="boss", at=AT)


CHANGES = {
    "the number is on the do-not-call list": (stop(number(1), "do_not_call"), "stop:do_not_call"),
    "the number is somebody else's": (stop(number(1), "wrong_number"), "stop:wrong_number"),
    "the debtor complains": (stop("a", "complaint"), "stop:complaint"),
    "the debtor has promised to pay": (stop("a", "promise_open"), "stop:promise_open"),
    "the number does not exist": (sql("UPDATE phones SET state = 'invalid'"), "number"),
    "it is a contact's number": (sql("UPDATE phones SET role = 'contact'"), "changed"),
    "the debtor lives elsewhere": (sql("UPDATE phones SET zone = 'Asia/Tokyo'"), "changed"),
    "the lease was given back": (lambda store: store.release_leases(ENGINE) and None, "lease"),
    "another engine has the lease": (sql("UPDATE accounts SET leased_by = 'engine-2'"), "lease"),
    "the lease is for another number": (sql("UPDATE accounts SET leased_number = '+8612345'"), "lease"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_since_the_lease_bars_the_attempt(store: SqliteStore, change: str) -> None:
    lead = one_lead(store)
    does, rule = CHANGES[change]
    does(store)
    assert the_bar(store, lead).rule == rule


def test_the_rest_of_the_batch_is_written(store: SqliteStore) -> None:
    stocked(store, [account("a", 1), account("b", 2)])
    one, two = take(store)
    store.add_stop(one.account_no, "dispute", by="boss", at=AT)
    bars = store.apply([placed(one, "att-1"), placed(two, "att-2")])
    assert [bar.attempt_id for bar in bars] == ["att-1"]
    assert attempts(store) == ["att-2"]


def test_nothing_is_barred_when_nothing_has_changed(store: SqliteStore) -> None:
    lead = one_lead(store)
    whole_call(store, lead, "att-1", step(NextKind.OTHER_NUMBER, AT), at=AT)
    (lead,) = take(store, lease_s=600.0)
    assert len(lead.touches) == 1
    assert store.apply([placed(lead, "att-2", at=AT + MINUTE)]) == ()


def test_a_dial_of_another_engine_to_another_number_of_the_debtor_bars_the_attempt(tmp_path: Path) -> None:
    ours = SqliteStore.create(tmp_path / "s.db")
    stocked(ours, [account("a", 1, 2, debtor="d"), account("b", 2, debtor="other")])
    theirs = SqliteStore.open(tmp_path / "s.db")
    lead = next(one for one in take(ours, lease_s=600.0) if one.account_no == "a")
    with ours._writing() as connection:
        connection.execute("UPDATE accounts SET leased_by = NULL, leased_until_at = NULL, leased_number = NULL "
                           "WHERE account_no = 'b'")  # fmt: skip
    (other,) = take(theirs, engine="engine-2")
    assert other.number == number(2)
    assert whole_call(theirs, other, "att-1", step(NextKind.CLOSED), Outcome.NO_ANSWER)
    assert the_bar(ours, lead).rule == "counters"
    ours.close()
    theirs.close()


def test_a_clock_that_was_set_back_brings_older_dials_into_the_window_and_bars_the_attempt(store: SqliteStore) -> None:
    lead = one_lead(store)
    whole_call(store, lead, "att-1", step(NextKind.RETRY, AT), at=AT - 40 * DAY)
    (lead,) = take(store, lease_s=600.0)
    assert lead.touches == ()
    (bar,) = store.apply([placed(lead, "att-2", at=AT - 20 * DAY)])
    assert bar.rule == "counters"


def test_a_permit_that_ran_out_while_the_transaction_waited_bars_the_attempt(store: SqliteStore) -> None:
    lead = one_lead(store)
    attempt = replace(placed(lead, "att-1"), good_until_at=AT + timedelta(seconds=5))
    (bar,) = store.apply([attempt], now=lambda: AT + timedelta(seconds=5))
    assert bar.rule == "late"
    assert store.apply([attempt], now=lambda: AT + timedelta(seconds=4.9)) == ()


def test_a_store_that_nobody_leases_through_commits_no_attempt(tmp_path: Path) -> None:
    ours = SqliteStore.create(tmp_path / "s.db")
    lead = one_lead(ours)
    other = SqliteStore.open(tmp_path / "s.db")
    assert the_bar(other, lead).rule == "lease"
    ours.close()
    other.close()


def test_an_engine_takes_up_its_own_attempts_and_those_of_others_only_after_a_day(tmp_path: Path) -> None:
    ours = SqliteStore.create(tmp_path / "s.db")
    ours_lead = one_lead(ours)
    ours.apply([placed(ours_lead, "att-1")])
    assert [one.attempt_id for one in ours.open_attempts(engine=ENGINE, at=AT)] == ["att-1"]
    assert ours.open_attempts(engine="engine-2", at=AT + DAY) == ()
    assert len(ours.open_attempts(engine="engine-2", at=AT + DAY + MINUTE)) == 1
    assert len(ours.open_attempts()) == 1
    ours.close()
