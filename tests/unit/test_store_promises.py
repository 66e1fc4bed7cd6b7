"""Promises in the store: their account leaves the dialer and comes back, payments judge at once, the stream tells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialer.account_events import EventKind
from dialer.errors import StoreError
from dialer.leads import Promise
from dialer.loans.rules import HOUSE
from dialer.postings import Posting, PostKind
from dialer.promise_keeping import keep
from dialer.promises.terms import PromiseStatus, Terms
from dialer.store import happened, leaving, promised, promising
from dialer.store.posting import Poster, post
from dialer.store.promising import NewPromise
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId, AgentId, NextKind, Outcome, StopFlag
from store_cases import AT, account, closed, concluded, placed, step, stocked, take, whole_call

TERMS = Terms()
SHANGHAI = ZoneInfo("Asia/Shanghai")
DUE = date(2026, 3, 6)


def local(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.create(tmp_path / "dialer.db")) as opened:
        yield stocked(opened, [account("a", 1, debtor="A"), account("b", 2, debtor="B"), account("a2", 3, debtor="A")])


def promise(
    store: SqliteStore, amount: str = "100.00", due_on: date = DUE, *, at: datetime = AT, account_id: int = 1
) -> promised.KnownPromise:
    new = NewPromise(
        account_id=AccountId(account_id),
        amount=Decimal(amount),
        due_on=due_on,
        at=at,
        by="boss",
        source="cli",
        agent_id=AgentId("anna"),
    )
    with store.writing() as connection:
        return promising.make(connection, new)


def pay(store: SqliteStore, amount: str, txn_id: str, *, at: datetime, account_no: str = "a") -> None:
    told = Posting(kind=PostKind.PAYMENT, account=account_no, amount=Decimal(amount), txn_id=txn_id)
    with store.writing() as connection:
        post(connection, told, Poster(source="cli", by="boss", at=at, rules=HOUSE))


def standing(store: SqliteStore, account_id: int = 1) -> tuple[str, str, str | None, int, str | None]:
    with store.reading() as database:
        row = database.execute(
            "SELECT state, next_rule, next_at, priority, callback_agent FROM accounts WHERE account_id = ?",
            [account_id],
        ).fetchone()
    return (row[0], row[1], row[2], row[3], row[4])


def moment(at: datetime) -> str:
    return at.astimezone(AT.tzinfo).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def statuses(store: SqliteStore, account_id: int = 1) -> list[str]:
    with store.reading() as database:
        return [one.status.value for one in promised.of_account(database.conn, account_id)]


def told(store: SqliteStore, noun: str = "promise") -> list[str]:
    with store.reading() as database:
        events = happened.after(database.conn, 0)
    return [event.kind.value for event in events if event.kind.startswith(noun)]


def leased(store: SqliteStore, at: datetime) -> list[str]:
    found = [lead.account_no for lead in take(store, at=at)]
    store.release_leases("engine-1")
    return found


def test_an_account_with_a_promise_is_leased_for_its_reminders_only(store: SqliteStore) -> None:
    promise(store)
    assert standing(store) == ("hold", "promise.reminder", moment(local(5, 10)), 0, "anna")
    for at in (AT, local(4, 12), local(5, 9, 59)):
        assert "a" not in leased(store, at)
    lead = next(lead for lead in take(store, at=local(5, 10)) if lead.account_no == "a")
    assert lead.callback_agent == "anna"
    assert whole_call(store, lead, "r1", step(NextKind.RETRY, local(5, 10, 5)), at=local(5, 10))
    assert standing(store)[1:3] == ("promise.reminder", moment(local(5, 13))), "the campaign's own retry is overruled"
    assert told(store) == ["promise.made", "promise.reminder"]


def test_who_was_reached_is_not_reminded_again_that_day(store: SqliteStore) -> None:
    promise(store)
    lead = next(lead for lead in take(store, at=local(5, 10)) if lead.account_no == "a")
    done = step(NextKind.RETRY, local(5, 10, 5))
    whole_call(store, lead, "r1", done, Outcome.BRIDGED, at=local(5, 10), conversation=True)
    assert standing(store)[1:3] == ("promise.reminder", moment(local(6, 10)))


def test_reminders_are_counted_against_the_caps_like_every_dial(store: SqliteStore) -> None:
    promise(store)
    lead = next(lead for lead in take(store, at=local(5, 10)) if lead.account_no == "a")
    whole_call(store, lead, "r1", step(NextKind.RETRY, local(5, 10, 5)), at=local(5, 10))
    again = next(lead for lead in take(store, at=local(5, 13)) if lead.account_no == "a")
    assert (again.debtor_attempts_today, len(again.touches)) == (1, 1)


def test_a_reminder_that_was_missed_goes_on_to_the_next_one_instead_of_being_dialled_late(store: SqliteStore) -> None:
    promise(store)
    assert "a" not in leased(store, local(7, 11)), "the day of grace is no reminder's"
    assert standing(store)[:3] == ("hold", "promise", moment(local(8)))


def test_a_broken_promise_comes_back_at_once_before_all_others_until_somebody_has_talked(store: SqliteStore) -> None:
    promise(store)
    assert keep(store, TERMS, local(7, 23, 59)) == 1  # due
    assert keep(store, TERMS, local(8)) == 1
    assert statuses(store) == ["broken"]
    assert standing(store)[:4] == ("open", "promise.broken", None, 100)
    first = take(store, 1, at=local(8, 9))[0]
    assert first.account_no == "a"
    talked = step(NextKind.RETRY, local(8, 12))
    whole_call(store, first, "c1", talked, Outcome.BRIDGED, at=local(8, 9), conversation=True)
    assert standing(store)[3] == 0
    assert told(store) == ["promise.made", "promise.due", "promise.broken"]


def test_an_import_that_lowers_the_priority_of_a_broken_promise_is_put_right(store: SqliteStore) -> None:
    promise(store)
    keep(store, TERMS, local(8))
    stocked(store, [account("a", 1, debtor="A")])
    assert standing(store)[3] == 0
    keep(store, TERMS, local(8, 1))
    assert standing(store)[3] == 100


def test_a_payment_judges_in_its_own_transaction_and_the_account_rests(store: SqliteStore) -> None:
    promise(store, "50.00")
    pay(store, "47.50", "T1", at=local(3, 9))
    assert statuses(store) == ["kept"]
    assert standing(store)[:3] == ("waiting", "payment", moment(local(4, 9)))
    assert "a" not in leased(store, local(4, 8, 59))
    assert "a" in leased(store, local(4, 9))
    assert told(store, "p") == ["promise.made", "payment.received", "promise.kept"]


def test_a_payment_that_is_not_enough_leaves_the_promise_open_and_then_partly_kept(store: SqliteStore) -> None:
    promise(store, "50.00")
    pay(store, "10.00", "T1", at=local(3, 9))
    assert statuses(store) == ["open"]
    assert standing(store)[1] == "promise.reminder"
    keep(store, TERMS, local(8))
    assert statuses(store) == ["partly_kept"]
    assert standing(store)[:4] == ("open", "promise.over", None, 0)


def test_a_payment_known_late_mends_a_broken_promise_and_a_reversal_breaks_it_again(store: SqliteStore) -> None:
    promise(store, "50.00")
    keep(store, TERMS, local(8))
    late = Posting(kind=PostKind.PAYMENT, account="a", amount=Decimal("50.00"), txn_id="T1", at=local(6, 12))
    with store.writing() as connection:
        post(connection, late, Poster(source="cli", by="boss", at=local(9), rules=HOUSE))
    assert (statuses(store), standing(store)[3]) == (["kept"], 0)
    back = Posting(kind=PostKind.REVERSAL, account="a", txn_id="T1")
    with store.writing() as connection:
        post(connection, back, Poster(source="cli", by="boss", at=local(10), rules=HOUSE))
    assert (statuses(store), standing(store)[:2]) == (["broken"], ("open", "promise.broken"))
    assert told(store) == [
        *("promise.made", "promise.broken", "promise.kept", "promise.broken"),
    ]


def test_a_payment_of_everything_closes_the_account_whatever_was_promised(store: SqliteStore) -> None:
    promise(store, "50.00")
    pay(store, "100.00", "T1", at=local(3, 9))
    assert (statuses(store), standing(store)[:2]) == (["kept"], ("closed", "paid"))


def test_another_promise_takes_the_place_of_the_one_before(store: SqliteStore) -> None:
    first = promise(store)
    second = promise(store, "60.00", date(2026, 3, 12), at=local(4))
    assert statuses(store) == ["renegotiated", "open"]
    with store.reading() as database:
        assert promised.one(database.conn, first.promise_id).replaced_by == second.promise_id
    keep(store, TERMS, local(8))
    assert statuses(store) == ["renegotiated", "open"], "the first one is not judged any more"
    assert standing(store)[2] == moment(local(11, 10))
    assert told(store) == ["promise.made", "promise.renegotiated", "promise.made"]


def twice_broken(store: SqliteStore) -> None:
    promise(store, at=AT)
    keep(store, TERMS, local(8))
    promise(store, due_on=date(2026, 3, 10), at=local(8), account_id=3)  # another account of the same debtor
    keep(store, TERMS, local(12))
    assert statuses(store) + statuses(store, 3) == ["broken", "broken"]


def test_after_two_broken_a_promise_of_any_account_of_the_debtor_needs_approval_by_somebody_else(
    store: SqliteStore,
) -> None:
    twice_broken(store)
    third = promise(store, due_on=date(2026, 3, 20), at=local(12, 9))
    assert third.status is PromiseStatus.PROPOSED
    assert standing(store)[:3] == ("hold", "promise.proposed", moment(local(13, 9)))
    with pytest.raises(StoreError, match="somebody else"), store.writing() as connection:
        promising.approve(connection, third.promise_id, by="boss", at=local(12, 10), source="cli")
    with store.writing() as connection:
        one = promising.approve(connection, third.promise_id, by="chief", at=local(12, 10), source="cli")
    assert (one.status, one.approved_by) == (PromiseStatus.OPEN, "chief")
    assert standing(store)[1:3] == ("promise.reminder", moment(local(19, 10)))
    assert promise(store, at=local(12), due_on=date(2026, 3, 15), account_id=2).status is PromiseStatus.OPEN


def test_a_promise_keyed_in_after_a_call_needs_approval_too_and_lapses_without(store: SqliteStore) -> None:
    twice_broken(store)
    lead = next(lead for lead in take(store, at=local(12, 9)) if lead.account_no in ("a", "a2"))
    store.apply([placed(lead, "c1", at=local(12, 9))])
    said = concluded(
        lead,
        "c1",
        step(NextKind.HOLD, local(17)),
        Outcome.BRIDGED,
        at=local(12, 9),
        agent="anna",
        code="ptp",
        conversation=True,
        promise=Promise(amount=Decimal("30.00"), due_on=date(2026, 3, 15)),
    )
    store.apply([closed("c1", Outcome.BRIDGED, agent="anna", wait_s=0.5), said])
    assert statuses(store, lead.account_id)[-1] == "proposed"
    keep(store, TERMS, local(13, 8, 59))
    assert statuses(store, lead.account_id)[-1] == "proposed"
    keep(store, TERMS, local(13, 9))
    assert statuses(store, lead.account_id)[-1] == "cancelled"
    assert standing(store, lead.account_id)[0] == "open"


def test_cancelling_needs_a_reason_and_brings_the_account_back(store: SqliteStore) -> None:
    one = promise(store)
    with pytest.raises(StoreError, match="why"), store.writing() as connection:
        promising.cancel(connection, one.promise_id, by="boss", at=AT, source="cli", why=" ")
    with store.writing() as connection:
        promising.cancel(connection, one.promise_id, by="boss", at=AT, source="cli", why="keyed in by mistake")
    assert standing(store)[:3] == ("open", "promise.over", None)
    with pytest.raises(StoreError, match="cannot be cancelled"), store.writing() as connection:
        promising.cancel(connection, one.promise_id, by="boss", at=AT, source="cli", why="again")


def test_a_stop_beats_a_promise_and_its_end_does_not_bring_the_account_back(store: SqliteStore) -> None:
    promise(store)
    store.add_stop("a", "complaint", by="boss", at=local(3))
    keep(store, TERMS, local(8))
    assert (statuses(store), standing(store)[:2]) == (["broken"], ("never", "stop:complaint"))


def test_an_account_that_was_allowed_again_goes_back_to_its_promise(store: SqliteStore) -> None:
    promise(store)
    store.add_stop("a", "complaint", by="boss", at=local(3))
    store.lift_stop("a", "", by="boss", at=local(3), note="a mistake")
    assert standing(store)[0] == "open"
    assert "a" not in leased(store, local(3, 9)), "a lease passes over it meanwhile"
    keep(store, TERMS, local(3, 9))
    assert standing(store)[:2] == ("hold", "promise.reminder")


def test_a_promise_that_is_made_takes_a_lease_back_so_that_the_call_is_barred(store: SqliteStore) -> None:
    lead = next(lead for lead in take(store, at=AT) if lead.account_no == "b")
    promise(store, account_id=2)
    (bar,) = store.apply([placed(lead, "c1")])
    assert bar.rule == "lease"


@pytest.mark.parametrize("flag", [StopFlag.REFUSED, StopFlag.DISPUTE])
def test_a_refusal_told_from_outside_takes_a_lease_back_too(store: SqliteStore, flag: StopFlag) -> None:
    lead = next(lead for lead in take(store, at=AT) if lead.account_no == "b")
    with store.writing() as connection:
        told_ = Posting(kind=PostKind.STOP, account="b", flag=flag)
        post(connection, told_, Poster(source="cli", by="boss", at=AT, rules=HOUSE))
    (bar,) = store.apply([placed(lead, "c1")])
    assert bar.rule in ("lease", f"stop:{flag}")


def test_every_transaction_judges_by_the_terms_that_were_written_last(store: SqliteStore) -> None:
    with store.writing() as connection:
        promised.use_terms(connection, Terms(grace_days=0, kept_ratio=Decimal("0.5"), reminders=()), AT)
    promise(store, "50.00")
    assert standing(store)[:3] == ("hold", "promise", moment(local(7)))
    pay(store, "25.00", "T1", at=local(3))
    assert statuses(store) == ["kept"]


def test_a_call_back_that_was_agreed_for_earlier_stays_agreed(store: SqliteStore) -> None:
    lead = next(lead for lead in take(store, at=AT) if lead.account_no == "b")
    asked = step(NextKind.CALLBACK, local(3, 15), agent="ben")
    whole_call(store, lead, "c1", asked, Outcome.BRIDGED, conversation=True)
    promise(store, account_id=2)
    assert standing(store, 2)[2:] == (moment(local(3, 15)), 0, "ben")
    with store.writing() as connection:
        leaving.settle(connection, 2, local(3, 16))
    assert "b" in leased(store, local(3, 15))


def test_what_is_no_promise_is_refused_and_nothing_is_written(store: SqliteStore) -> None:
    with pytest.raises(StoreError, match="has passed"):
        promise(store, due_on=date(2026, 3, 1))
    assert statuses(store) == []
    assert EventKind.PROMISE_MADE not in told(store)


def test_a_promise_that_is_not_over_holds_the_records_and_one_that_nobody_judged_for_a_week_does_not(
    store: SqliteStore,
) -> None:
    promise(store, account_id=2)

    def reasons(at: datetime) -> list[tuple[str]]:
        with store.writing() as connection:
            connection.execute("UPDATE purge_moment SET at = ?", [moment(at)])
            return connection.execute("SELECT reason FROM held_debtors WHERE debtor_id = 2").fetchall()

    assert reasons(local(6)) == [("plan",)]
    assert reasons(local(6) + timedelta(days=9)) == []
