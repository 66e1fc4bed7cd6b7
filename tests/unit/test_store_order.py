"""The order of dialling out of the store: learned from its calls, written as a worth, and leased by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialer.account_events import EventKind
from dialer.order_chore import OrderChore, catch_up, work_out
from dialer.ordering.beliefs import NumberChoice, OrderingSettings
from dialer.ordering.cells import cell_of
from dialer.ordering.contact import NumberTraits
from dialer.ordering.worth import Owed
from dialer.store import happened, order
from dialer.store.sqlite import SqliteStore
from dialer.store.statements import Statements
from dialer.types import NextKind, Outcome
from store_cases import AT, LIST, account, closed, placed, step, stocked, take, whole_call

SHANGHAI = ZoneInfo("Asia/Shanghai")
SETTINGS = OrderingSettings()
LEASE_SQL = Statements("lease")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    one = SqliteStore.create(tmp_path / "store.sqlite")
    yield one
    one.close()


def learned(store: SqliteStore, at: datetime = AT, settings: OrderingSettings = SETTINGS) -> order.Learned:
    found = order.Learned.fresh(settings, SHANGHAI)
    catch_up(store, found, at)
    work_out(store, found, at)
    return found


def call(
    store: SqliteStore, name: str, at: datetime, outcome: Outcome = Outcome.NO_ANSWER, *, talk: bool = False
) -> None:
    """Dial an account once; it may be dialled again after a minute."""
    (lead,) = [one for one in take(store, at=at, lease_s=30.0) if one.account_no == name]
    again = step(NextKind.RETRY, at + timedelta(minutes=1))
    whole_call(store, lead, f"{name}-{at:%d%H%M}", again, outcome, at=at, conversation=talk)


def order_of(store: SqliteStore, at: datetime) -> list[str]:
    return [lead.account_no for lead in take(store, at=at, lease_s=0.5)]


def test_leads_come_by_priority_then_worth_then_as_before_when_nothing_is_known(store: SqliteStore) -> None:
    stocked(
        store,
        [
            account("old", 1, days=50, due="100.00"),
            account("rich", 2, days=10, due="50000.00"),
            account("poor", 3, days=10, due="200.00"),
            account("first", 4, days=1, due="1.00", priority=1),
        ],
    )
    assert order_of(store, AT) == ["first", "old", "rich", "poor"]
    later = AT + timedelta(minutes=1)
    done = order.refresh(store, learned(store), later)
    assert (done.accounts, done.changed, done.moved, done.last) == (4, 4, 0, 0)
    assert order_of(store, later) == ["first", "rich", "poor", "old"]


def test_what_is_worth_as_good_as_the_same_is_not_written_again(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, due="5000.00")])
    known = learned(store)
    assert order.refresh(store, known, AT).changed == 1
    assert order.refresh(store, known, AT + timedelta(minutes=20)).changed == 0
    assert [order.rounded(cents) for cents in (0, 7, 99, 104, 12345)] == [0, 7, 99, 100, 12000]


def test_calls_teach_by_the_clock_of_the_number_and_each_only_once(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, zone="America/New_York")])
    call(store, "a", AT, Outcome.BRIDGED, talk=True)  # Sunday, nine in the evening in New York
    found = learned(store)
    assert (found.calls, catch_up(store, found, AT)) == (1, 0)
    number = NumberTraits(key=1, region="", segment="M1")
    evening = found.contact.chance(number, cell_of(6, 21), AT)
    assert (evening.dials, round(evening.answers)) == (1, 1)
    assert evening.reached > found.contact.chance(number, cell_of(0, 10), AT).reached
    call(store, "a", AT + timedelta(hours=1))
    assert catch_up(store, found, AT + timedelta(hours=2)) == 1


def test_our_own_faults_teach_nothing_and_an_abandoned_call_only_that_somebody_answered(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    call(store, "a", AT, Outcome.TRUNK_FAILED)
    call(store, "a", AT + timedelta(hours=1), Outcome.ABANDONED)
    found = learned(store, AT + timedelta(hours=2))
    chance = found.contact.chance(NumberTraits(key=1, segment="M1"), cell_of(0, 10), AT)
    assert (found.calls, chance.dials, chance.since_answer) == (1, 1, 0)
    assert chance.right_party == pytest.approx(0.7)


def test_a_number_that_is_never_answered_gives_way_and_everybody_is_told(store: SqliteStore) -> None:
    settings = OrderingSettings(numbers=NumberChoice(after_unanswered=3, better_by=1.0))
    stocked(store, [account("a", 1, 2)])
    for hour in range(3):
        call(store, "a", AT + timedelta(hours=hour))
    at = AT + timedelta(hours=5)
    done = order.refresh(store, learned(store, at, settings), at)
    assert done.moved == 1
    (lead,) = take(store, at=at)
    assert lead.number.endswith("0002")
    with store.reading() as database:
        (event,) = [one for one in happened.after(database.conn, 0) if one.kind is EventKind.NUMBER_CHANGED]
        (reason,) = database.conn.execute("SELECT next_reason FROM accounts").fetchone()
    assert event.payload == {"from_phone": 1, "to_phone": 2, "reason": "never_answered"}
    assert order.GAVE_WAY in reason


def test_a_number_that_is_about_to_be_dialled_or_promised_stays(store: SqliteStore) -> None:
    settings = OrderingSettings(numbers=NumberChoice(after_unanswered=1, better_by=1.0))
    stocked(store, [account("a", 1, 2), account("b", 3, 4)])
    for minute, name in enumerate(("a", "b")):
        call(store, name, AT + timedelta(minutes=minute))
    with store.writing() as connection:
        connection.execute("UPDATE accounts SET callback = 1 WHERE account_no = 'b'")
    at = AT + timedelta(hours=1)
    known = learned(store, at, settings)
    (lead,) = [one for one in take(store, 2, at=at) if one.account_no == "a"]
    assert order.refresh(store, known, at).moved == 0
    assert store.apply([placed(lead, "now", at=at), closed("now", at=at)]) == ()


def test_what_people_pay_after_they_were_reached_is_learned_against_how_they_stood_then(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, due="1000.00", days=10)])
    call(store, "a", AT, Outcome.BRIDGED, talk=True)
    later = AT + timedelta(days=31)
    owed = Owed(amount_due=Decimal(1000), bucket="M1")
    assert learned(store, later).recovery.expected(owed).seen == 0  # no payment was ever told of
    with store.writing() as connection:
        for days, cents in ((3, 60_000), (40, 90_000)):
            row = (f"t{days}", cents, order.moment_text(AT + timedelta(days=days)))
            connection.execute(
                "INSERT INTO payments (account_id, txn_id, amount_cents, at, noted_at) VALUES (1, ?, ?, ?, '')", row
            )
        connection.execute("UPDATE accounts SET days_past_due = 0, amount_due_cents = 0")  # they paid: it is M0 now
    found = learned(store, later).recovery.expected(owed)
    assert found.seen == 1
    in_bucket = (0.6 + 30 * 0.2) / 31
    assert found.ratio == pytest.approx((0.6 + 30 * in_bucket) / 31)


def test_the_chore_goes_through_the_accounts_in_turn(store: SqliteStore) -> None:
    stocked(store, [account(f"a{at}", at, due="5000.00") for at in range(1, 8)])
    chore = OrderChore(settings=OrderingSettings(accounts_per_refresh=3, refresh_s=5.0), zone=SHANGHAI)
    assert (chore.name, chore.every_s) == ("order", 5.0)

    def known() -> int:
        with store.reading() as database:
            (count,) = database.conn.execute("SELECT count(*) FROM accounts WHERE worth_cents > 0").fetchone()
        return int(count)

    seen = []
    for minute in range(3):
        chore.run(store, AT + timedelta(minutes=minute))
        seen.append(known())
    assert seen == [3, 6, 7]
    chore.run(store, AT + timedelta(hours=3))
    assert known() == 7


def test_the_head_of_a_list_is_told_with_numbers_in_the_order_of_leasing(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, 2, due="100.00"), account("b", 3, due="90000.00")])
    order.refresh(store, learned(store), AT)
    with store.reading() as database:
        first, second = order.head(database.conn, LIST, 5)
        assert list(order.list_names(database.conn)) == [LIST]
    assert (first.account_no, second.account_no) == ("b", "a")
    assert first.worth_cents > second.worth_cents
    assert second.standing is not None and len(second.standing.numbers) == len(second.phones) == 2


def test_an_account_whose_number_may_not_be_dialled_is_passed_over(store: SqliteStore) -> None:
    stocked(store, [account("a", 1), account("b", 2)])
    with store.writing() as connection:
        connection.execute("UPDATE phones SET state = 'wrong' WHERE phone_id = 1")
    assert order.refresh(store, learned(store), AT).changed == 1
    with store.reading() as database:
        told = {one.account_no: one.standing for one in order.head(database.conn, LIST, 5)}
    assert told["a"] is None and told["b"] is not None


def test_a_lease_walks_the_index_of_the_order_and_sorts_nothing(store: SqliteStore) -> None:
    """So it costs the same in a long list."""
    wanted = {"list_name": LIST, "at": "", "teams": "[]", "limit": 10}
    for name in ("dialable_accounts", "open_due_accounts"):
        with store.reading() as database:
            plan = database.conn.execute(f"EXPLAIN QUERY PLAN {LEASE_SQL[name]}", wanted).fetchall()
        steps = [step for *_, step in plan]
        assert any("accounts_pool" in step or "accounts_due" in step for step in steps)
        assert not any("TEMP B-TREE" in step for step in steps), steps
