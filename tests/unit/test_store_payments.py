"""Payments in the store: booked once, allocated, taken back exactly, closing accounts and opening them again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import store_cases as case
from dialer.errors import StoreError, WriteRefusedError
from dialer.leads import NextStep
from dialer.loans.rules import HOUSE, Accrue
from dialer.store import books, paying
from dialer.store.happened import of_debtor
from dialer.store.paying import Booked
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId, DebtorId, NextKind, StopFlag

D = Decimal
TODAY = case.AT.date()
ACCOUNT = AccountId(1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.create(tmp_path / "d.sqlite")) as made:
        yield case.stocked(made, [case.account("A-1", 1, due="300.00", days=40), case.account("A-2", 2)])


def give_loan(store: SqliteStore, *, penalty_rate: str = "", first_due: date = TODAY - timedelta(days=40)) -> None:
    """Three instalments of 100.00 and 10.00 interest, a month apart."""
    with store.writing() as connection:
        connection.execute(
            "INSERT INTO loans (account_id, principal_cents, annual_rate, penalty_rate, periods, method, disbursed_on,"
            " first_due_on) VALUES (1, 30000, '0.12', ?, 3, 'equal_principal', '2025-12-01', ?)",
            (penalty_rate, first_due.isoformat()),
        )
        for no in (1, 2, 3):
            due_on = first_due + timedelta(days=30 * (no - 1))
            connection.execute(
                "INSERT INTO instalments (account_id, no, due_on, principal_cents, interest_cents)"
                " VALUES (1, ?, ?, 10000, 1000)",
                (no, due_on.isoformat()),
            )


def pay(
    store: SqliteStore, amount: str, txn_id: str, *, at: datetime = case.AT, paid_at: datetime | None = None
) -> Booked:
    with store.writing() as connection:
        return paying.receive(
            connection,
            account_id=ACCOUNT,
            txn_id=txn_id,
            amount=D(amount),
            paid_at=paid_at or at,
            at=at,
            rules=HOUSE,
            channel="bank",
            source="cli",
        )


def take_back(store: SqliteStore, txn_id: str, *, at: datetime = case.AT) -> Booked:
    with store.writing() as connection:
        return paying.reverse(connection, account_id=ACCOUNT, txn_id=txn_id, at=at, rules=HOUSE, source="cli")


def state_of(store: SqliteStore) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    with store.reading() as database:
        instalments = database.execute("SELECT * FROM instalments ORDER BY no").fetchall()
        accounts = database.execute(
            "SELECT amount_due_cents, days_past_due, state, next_at, next_rule, next_reason, callback, overdue_since"
            " FROM accounts ORDER BY account_id"
        ).fetchall()
    return instalments, accounts


def rolled(store: SqliteStore, *, at: datetime = case.AT) -> None:
    with store.writing() as connection:
        book = books.read(connection, ACCOUNT, today=at.date(), rules=HOUSE)
        books.write(connection, book, today=at.date())


def events(store: SqliteStore) -> list[tuple[str, dict[str, object]]]:
    with store.reading() as database:
        return [(event.kind.value, dict(event.payload)) for event in of_debtor(database.conn, DebtorId(1))]


def test_a_payment_pays_the_oldest_instalment_and_what_is_due_becomes_less(store: SqliteStore) -> None:
    give_loan(store)
    booked = pay(store, "150.00", "T1")
    assert (booked.amount_due, booked.days_past_due, booked.is_closed) == (D("70.00"), 10, False)
    with store.reading() as database:
        found = database.execute(
            "SELECT no, paid_interest_cents, paid_principal_cents, paid_on FROM instalments ORDER BY no"
        ).fetchall()
        lines = database.execute("SELECT no, part, amount_cents FROM payment_lines ORDER BY no, part").fetchall()
        account = database.execute(
            "SELECT amount_due_cents, days_past_due FROM accounts WHERE account_id = 1"
        ).fetchone()
    assert found == [(1, 1000, 10000, TODAY.isoformat()), (2, 1000, 3000, None), (3, 0, 0, None)]
    assert lines == [(1, "interest", 1000), (1, "principal", 10000), (2, "interest", 1000), (2, "principal", 3000)]
    assert account == (7000, 10)


def test_the_same_payment_twice_is_one(store: SqliteStore) -> None:
    first, second = pay(store, "50.00", "T1"), pay(store, "50.00", "T1")
    assert (first.is_new, second.is_new) == (True, False)
    assert second.amount_due == D("250.00")
    assert [kind for kind, _ in events(store)] == ["payment.received"]


def test_the_same_id_with_another_sum_is_refused_and_says_both(store: SqliteStore) -> None:
    pay(store, "50.00", "T1")
    with pytest.raises(WriteRefusedError, match=r"T1 was noted with 50\.00, and now comes with 60\.00"):
        pay(store, "60.00", "T1")


@pytest.mark.parametrize(("amount", "txn_id", "said"), [("0.00", "T", "more than 0.00"), ("1.00", " ", "txn_id")])
def test_what_is_no_payment_is_refused(store: SqliteStore, amount: str, txn_id: str, said: str) -> None:
    with pytest.raises(WriteRefusedError, match=said):
        pay(store, amount, txn_id)


def test_a_payment_of_nobody_is_refused(store: SqliteStore) -> None:
    with pytest.raises(StoreError, match="no account with the id 99"), store.writing() as connection:
        paying.receive(
            connection,
            account_id=AccountId(99),
            txn_id="T",
            amount=D("1.00"),
            paid_at=case.AT,
            at=case.AT,
            rules=HOUSE,
        )


def test_without_a_schedule_the_amount_of_the_list_becomes_less(store: SqliteStore) -> None:
    booked = pay(store, "120.00", "T1")
    assert (booked.amount_due, booked.days_past_due) == (D("180.00"), 41)  # the list is a day old
    assert [(line.no, line.part, line.amount) for line in booked.lines] == [(0, "principal", D("120.00"))]


def test_history_that_the_list_has_in_its_amount_makes_nothing_less(store: SqliteStore) -> None:
    with store.writing() as connection:
        booked = paying.receive(
            connection,
            account_id=ACCOUNT,
            txn_id="OLD",
            amount=D("120.00"),
            paid_at=case.AT - timedelta(days=90),
            at=case.AT,
            rules=HOUSE,
            counted=True,
        )
    assert booked.amount_due == D("300.00")
    assert take_back(store, "OLD").amount_due == D("300.00")


def test_what_was_paid_before_the_list_came_is_history_and_what_was_paid_since_is_not(store: SqliteStore) -> None:
    listed = case.AT - timedelta(days=1)
    assert pay(store, "120.00", "T1", paid_at=listed - timedelta(days=1)).amount_due == D("300.00")
    assert pay(store, "500.00", "T2", paid_at=listed - timedelta(days=9)).surplus == D("0.00")
    assert pay(store, "120.00", "T3", paid_at=listed).amount_due == D("180.00")
    give_loan(store)
    assert pay(store, "110.00", "T4", paid_at=listed - timedelta(days=30)).amount_due == D("110.00")


@pytest.mark.parametrize("with_schedule", [True, False])
@pytest.mark.parametrize("amount", ["0.01", "110.00", "220.00", "300.00", "330.00", "999.99"])
def test_a_reversal_restores_everything_as_it_was(store: SqliteStore, amount: str, with_schedule: bool) -> None:
    if with_schedule:
        give_loan(store, penalty_rate="0.24")
    rolled(store)
    before = state_of(store)
    pay(store, amount, "T1")
    assert state_of(store) != before
    assert take_back(store, "T1").is_new
    assert state_of(store) == before
    assert not take_back(store, "T1").is_new
    assert [kind for kind, _ in events(store)] == ["payment.received", "payment.reversed"]


def test_payments_taken_back_in_another_order_leave_nothing(store: SqliteStore) -> None:
    give_loan(store, penalty_rate="0.24")
    rolled(store)
    before = state_of(store)
    for txn_id, amount in (("T1", "100.00"), ("T2", "300.00"), ("T3", "50.00")):
        pay(store, amount, txn_id)
    for txn_id in ("T1", "T3", "T2"):
        take_back(store, txn_id)
    assert state_of(store) == before


def test_what_another_payment_had_too_much_pays_what_is_owed_again(store: SqliteStore) -> None:
    give_loan(store)
    pay(store, "330.00", "T1")
    assert pay(store, "60.00", "T2").surplus == D("60.00")
    booked = take_back(store, "T1")
    assert booked.amount_due == D("160.00")
    with store.reading() as database:
        lines = database.execute(
            "SELECT no, part, amount_cents FROM payment_lines WHERE payment_id = 2 ORDER BY no, part"
        ).fetchall()
    assert lines == [(1, "interest", 1000), (1, "principal", 5000)]


def test_taking_back_an_unknown_payment_says_what_to_do(store: SqliteStore) -> None:
    with pytest.raises(WriteRefusedError, match=r"no payment T9 .* Note the payment first"):
        take_back(store, "T9")


def test_an_account_with_nothing_due_is_closed_and_is_not_leased(store: SqliteStore) -> None:
    assert pay(store, "300.00", "T1").is_closed
    assert [lead.account_no for lead in case.take(store)] == ["A-2"]
    assert events(store)[0][1]["closed"] is True


def test_an_attempt_that_is_being_prepared_is_barred_by_the_payment(store: SqliteStore) -> None:
    lead = next(lead for lead in case.take(store) if lead.account_no == "A-1")
    pay(store, "300.00", "T1")
    (barred,) = store.apply([case.placed(lead, "x1")])
    assert barred.rule == "paid"


def test_a_call_in_the_air_does_not_bring_a_paid_account_back(store: SqliteStore) -> None:
    lead = next(lead for lead in case.take(store) if lead.account_no == "A-1")
    store.apply([case.placed(lead, "x1"), case.closed("x1")])
    pay(store, "300.00", "T1")
    again: NextStep = case.step(NextKind.RETRY, case.AT + timedelta(hours=1))
    store.apply([case.concluded(lead, "x1", again)])
    assert [one[2] for one in state_of(store)[1]] == ["closed", "open"]
    assert "A-1" not in {one.account_no for one in case.take(store, at=case.AT + timedelta(hours=2))}


def test_an_account_that_money_closed_opens_as_it_stood(store: SqliteStore) -> None:
    lead = next(lead for lead in case.take(store) if lead.account_no == "A-1")
    callback = case.step(NextKind.CALLBACK, case.AT + timedelta(days=2), agent="agent01")
    case.whole_call(store, lead, "x1", callback)
    rolled(store)
    before = state_of(store)
    pay(store, "300.00", "T1")
    take_back(store, "T1")
    assert state_of(store) == before


def test_a_flag_for_good_that_came_meanwhile_holds_when_the_money_is_taken_back(store: SqliteStore) -> None:
    pay(store, "300.00", "T1")
    store.add_stop("A-1", StopFlag.COMPLAINT, by="chen", at=case.AT)
    take_back(store, "T1")
    with store.reading() as database:
        found = database.execute("SELECT state, next_rule FROM accounts WHERE account_id = 1").fetchone()
    assert found == ("never", "stop:complaint")


def test_penalty_interest_runs_to_the_day_of_paying_and_stops_there(store: SqliteStore) -> None:
    # 100.00 at 36 % a year of 360 days is 0.10 a day: 4.00 after 40 days, 1.00 for the second after 10.
    give_loan(store, penalty_rate="0.24")
    booked = pay(store, "112.67", "T1", paid_at=case.AT)
    assert {(line.no, line.part): line.amount for line in booked.lines}[1, "penalty"] == D("2.67")
    later = case.AT + timedelta(days=15)
    with store.writing() as connection:
        book = books.read(connection, ACCOUNT, today=later.date(), rules=HOUSE)
    assert [str(one.due.penalty) for one in book.owed] == ["2.67", "1.67", "0.00"]


def test_without_a_rate_in_the_contract_no_penalty_is_added_unless_the_house_says_so(store: SqliteStore) -> None:
    give_loan(store)
    always = replace(HOUSE, penalty=replace(HOUSE.penalty, accrue=Accrue.ALWAYS))
    with store.reading() as database:
        ours = books.read(database.conn, ACCOUNT, today=TODAY, rules=HOUSE)
        house = books.read(database.conn, ACCOUNT, today=TODAY, rules=always)
    assert ours.owed[0].due.penalty == 0
    assert house.owed[0].due.penalty == D("1.73")  # 100.00 x 12 % x 1.3 x 40 / 360


def test_a_penalty_that_the_source_told_holds_and_ours_is_added_from_then_on(store: SqliteStore) -> None:
    give_loan(store, penalty_rate="0.24")
    with store.writing() as connection:
        connection.execute("UPDATE instalments SET penalty_cents = 999 WHERE no = 1")
    rolled(store)
    rolled(store, at=case.AT + timedelta(days=30))
    with store.reading() as database:
        (cents,) = database.execute("SELECT penalty_cents FROM instalments WHERE no = 1").fetchone()
    assert cents == 999 + 200


def test_a_payment_that_is_noted_later_counts_from_the_day_on_which_it_was_paid(store: SqliteStore) -> None:
    give_loan(store, penalty_rate="0.24")
    rolled(store)
    early = case.AT - timedelta(days=39)
    booked = pay(store, "110.07", "T1", paid_at=early)
    assert {(line.no, line.part): line.amount for line in booked.lines}[1, "penalty"] == D("0.07")
    assert state_of(store)[0][0][2:] is not None
    with store.reading() as database:
        found = database.execute("SELECT penalty_cents, paid_on FROM instalments WHERE no = 1").fetchone()
    assert found == (7, early.date().isoformat())


def test_an_event_tells_where_the_account_stands(store: SqliteStore) -> None:
    give_loan(store)
    pay(store, "110.00", "T1")
    ((kind, payload),) = events(store)
    assert kind == "payment.received"
    assert json.loads(json.dumps(payload)) == {
        "amount": "110.00",
        "amount_due": "110.00",
        "bucket": "M1",
        "channel": "bank",
        "closed": False,
        "days_past_due": 10,
        "txn_id": "T1",
    }


def test_the_business_date_of_a_payment_is_the_zones(store: SqliteStore) -> None:
    from dataclasses import replace

    rules = replace(HOUSE, zone=ZoneInfo("Asia/Shanghai"))
    late = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
    assert rules.day_of(late) == date(2026, 3, 3)
