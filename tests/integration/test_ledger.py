"""The engine's books over a real store file: nothing is placed that is not written, nothing written is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dialer.clock import SystemClock
from dialer.effects import Originate, Permit, ReleaseLease, SaveAttempt
from dialer.facts import AttemptBarred, Fact, StoreFailed, StoreRestored
from dialer.leads import Lead
from dialer.ledger import RETRY_S, Ledger
from dialer.store.sqlite import SqliteStore
from dialer.types import AttemptId
from tests.unit import store_cases as case

LIMIT_S = 20.0


class Books:
    """A ledger that runs, with what it told and what it sent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = SqliteStore.create(path)
        self.told: list[Fact] = []
        self.sent: list[tuple[AttemptId, bool]] = []
        self.ledger = Ledger(self.store, SystemClock(), engine=case.ENGINE, take=self.told.append, send=self.send)

    def send(self, effect: Originate) -> None:
        """As Asterisk would get it; another connection looks whether the attempt is there already."""
        with sqlite3.connect(self.path) as other:
            found = other.execute("SELECT 1 FROM attempts WHERE attempt_id = ?", (effect.attempt_id,)).fetchone()
        other.close()
        self.sent.append((effect.attempt_id, found is not None))

    def place(self, attempt: SaveAttempt) -> None:
        self.ledger.add(attempt)
        self.ledger.add(originate(attempt))

    async def until(self, claim: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not claim():
                await asyncio.sleep(0.01)


def originate(attempt: SaveAttempt) -> Originate:
    permit = Permit(
        campaign=attempt.campaign,
        account_id=attempt.lead.account_id,
        number=attempt.lead.number,
        issued_at=case.AT,
        expires_at=case.AT,
        rules=(),
    )
    return Originate(
        permit=permit,
        attempt_id=attempt.attempt_id,
        server=attempt.server,
        trunk=attempt.trunk,
        caller_id="",
        display_name="",
        display_number="",
        ring_timeout_s=30,
        wait_s=2,
        message="",
        detect_machines=False,
        record=False,
    )


def run(books: Books, play: Callable[[Books], object]) -> None:
    async def whole() -> None:
        task = asyncio.create_task(books.ledger.run())
        try:
            await play(books)  # type: ignore[misc]
        finally:
            task.cancel()
            books.ledger.close()

    asyncio.run(whole())


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path / "store.sqlite")


def leads(books: Books, count: int) -> list[Lead]:
    accounts = [case.account(f"A{index}", index) for index in range(1, count + 1)]
    books.store.import_accounts(case.LIST, "test", accounts, at=case.AT)
    return list(case.take(books.store))


def test_a_call_is_placed_only_when_its_attempt_can_be_read_by_others(books: Books) -> None:
    found = leads(books, 5)

    async def play(books: Books) -> None:
        for index, lead in enumerate(found):
            books.place(case.placed(lead, f"att-{index}"))
        await books.until(lambda: len(books.sent) == len(found))

    run(books, play)
    assert books.sent == [(AttemptId(f"att-{index}"), True) for index in range(len(found))]


def test_an_attempt_that_the_store_forbids_is_not_placed_and_the_others_are(books: Books) -> None:
    first, second, *_ = leads(books, 2)

    async def play(books: Books) -> None:
        books.place(case.placed(first, "att-0"))
        books.place(case.placed(first, "att-1"))  # the same debtor while att-0 is in the air
        books.place(case.placed(second, "att-2"))
        await books.until(lambda: len(books.sent) == 2)

    run(books, play)
    assert [name for name, _ in books.sent] == ["att-0", "att-2"]
    assert [(fact.attempt_id, fact.rule) for fact in books.told if isinstance(fact, AttemptBarred)] == [
        ("att-1", "in_air")
    ]


def test_a_permit_that_ran_out_while_the_store_was_busy_is_not_used(books: Books) -> None:
    old, new = leads(books, 2)

    async def play(books: Books) -> None:
        now = SystemClock().now_at()
        books.place(replace(case.placed(old, "att-0"), good_until_at=now))
        books.place(replace(case.placed(new, "att-1"), good_until_at=now + timedelta(minutes=1)))
        await books.until(lambda: len(books.sent) == 1)

    run(books, play)
    assert books.sent == [(AttemptId("att-1"), True)]
    assert [fact.rule for fact in books.told if isinstance(fact, AttemptBarred)] == ["late"]


def test_while_the_store_is_locked_no_call_is_made_and_when_it_opens_only_new_ones_are(books: Books) -> None:
    old, new = leads(books, 2)
    books.store._database.conn.execute("PRAGMA busy_timeout = 50")
    lock = sqlite3.connect(books.path, isolation_level=None)

    async def play(books: Books) -> None:
        lock.execute("BEGIN IMMEDIATE")
        books.place(case.placed(old, "att-0"))
        await books.until(lambda: any(isinstance(fact, AttemptBarred) for fact in books.told))
        books.ledger.add(ReleaseLease(account_id=old.account_id))
        await asyncio.sleep(2 * RETRY_S)
        assert books.sent == []
        lock.execute("ROLLBACK")
        await books.until(lambda: isinstance(books.told[-1], StoreRestored))
        books.place(case.placed(new, "att-1"))
        await books.until(lambda: len(books.sent) == 1)

    run(books, play)
    lock.close()
    assert books.sent == [(AttemptId("att-1"), True)]
    assert [type(fact) for fact in books.told] == [StoreFailed, AttemptBarred, StoreRestored]
    again = SqliteStore.open(books.path)
    assert [lead.number for lead in case.take(again, engine="engine-2")] == [old.number]
    again.close()
