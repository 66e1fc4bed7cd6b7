"""Account events while calls are made: what is told anywhere stops what is queued here, within a second."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dialer.clock import SystemClock
from dialer.engine import Engine
from dialer.leads import Lead
from dialer.loans.rules import HOUSE
from dialer.postings import Posting, PostKind
from dialer.store import desks, promised
from dialer.store.posting import Poster, post
from dialer.store.sqlite import SqliteStore
from fake_ami import until
from test_engine_memory import SPRING, House

MORE = 60


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def in_hand(engine: Engine) -> list[Lead]:
    return list(engine._floor.state.campaigns[SPRING].leads)


def dialled(house: House) -> set[str]:
    with contextlib.closing(SqliteStore.open(house.store_path)) as store, store.reading() as database:
        return {number for (number,) in database.execute("SELECT number FROM attempts")}


def told_elsewhere(house: House, lead: Lead, kind: PostKind, **more: object) -> None:
    """As another process would, on its own connection."""
    poster = Poster(source="cli", by="boss", at=SystemClock().now_at(), rules=HOUSE)
    with contextlib.closing(SqliteStore.open(house.store_path)) as store, store.writing() as connection:
        post(connection, Posting(kind=kind, account=lead.account_no, **more), poster)  # type: ignore[arg-type]


def desk_taken(house: House, lead: Lead) -> None:
    at: datetime = SystemClock().now_at()
    with contextlib.closing(SqliteStore.open(house.store_path)) as store, store.writing() as connection:
        account_id = promised.account_of(connection, lead.account_no)
        taken = desks.take(connection, lead.debtor_id, account_id, holder="boss", at=at, source="cli", recall=True)
        assert isinstance(taken, desks.Desk)


def test_what_another_process_tells_leaves_the_engines_hands_within_a_second_and_is_never_dialled(house: House) -> None:
    async def play() -> None:
        async with house.engine() as engine:
            await engine.launch("spring")
            await until(lambda: len(in_hand(engine)) >= 4)
            paid, refused, promises, desk = in_hand(engine)[-4:]
            began_s = asyncio.get_running_loop().time()
            told_elsewhere(house, paid, PostKind.PAYMENT, amount=Decimal("10.00"), txn_id="T1")
            told_elsewhere(house, refused, PostKind.REFUSAL)
            due_on = SystemClock().now_at().date() + timedelta(days=5)
            told_elsewhere(house, promises, PostKind.PROMISE, amount=Decimal("50.00"), due_on=due_on)
            desk_taken(house, desk)
            gone = {one.account_id for one in (paid, refused, promises, desk)}
            await until(lambda: not gone & {one.account_id for one in in_hand(engine)})
            assert asyncio.get_running_loop().time() - began_s < 1.0
            before = dialled(house)
            numbers = {one.number for one in (paid, refused, promises, desk)}
            assert not numbers & before, "they were dialled before anything was told"
            async with asyncio.timeout(30.0):
                while len(dialled(house)) < len(before) + MORE:
                    await asyncio.sleep(0.05)
            assert not numbers & dialled(house)

    asyncio.run(play())
