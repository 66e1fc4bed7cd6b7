"""Orders while calls are being made: what is stopped is not dialled any more, whoever wrote it down."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from dialer.clock import SystemClock
from dialer.engine import Engine
from dialer.errors import ControlError, StoreError
from dialer.facts import CampaignTold
from dialer.leads import Lead
from dialer.store.sqlite import SqliteStore
from dialer.types import CampaignState, Mode
from fake_ami import until
from test_engine_memory import CAMPAIGN, SPRING, House
from tests.unit import floor_world as fw
from tests.unit import store_cases as case

STOPPED = 20
MORE = 120


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def attempts(house: House) -> dict[str, str]:
    """Number -> when it was dialled."""
    with contextlib.closing(SqliteStore.open(house.store_path)) as store, store.reading() as database:
        return dict(database.execute("SELECT number, at FROM attempts").fetchall())


def in_hand(engine: Engine) -> list[Lead]:
    return list(engine._floor.state.campaigns[SPRING].leads)


async def dialled(house: House, count: int) -> None:
    async with asyncio.timeout(30.0):
        while len(attempts(house)) < count:
            await asyncio.sleep(0.05)


def test_leads_in_hand_that_another_process_stopped_are_barred_when_they_are_to_be_committed(house: House) -> None:
    async def play() -> None:
        async with house.engine() as engine:
            await engine.launch("spring")
            await until(lambda: len(in_hand(engine)) >= STOPPED)
            with contextlib.closing(SqliteStore.open(house.store_path)) as elsewhere:
                chosen = [lead.number for lead in in_hand(engine)][-STOPPED:]
                for number in chosen:
                    elsewhere.add_stop(number, "do_not_call", by="boss", at=SystemClock().now_at())
            before = attempts(house)
            left = [number for number in chosen if number not in before]
            assert left, "all of them had been dialled already"
            await dialled(house, len(before) + MORE)
            assert not {number for number in left if number in attempts(house)}

    asyncio.run(play())


def test_what_is_stopped_through_the_engine_leaves_its_hands_within_the_same_second(house: House) -> None:
    async def play() -> None:
        async with house.engine() as engine:
            await engine.launch("spring")
            await until(lambda: len(in_hand(engine)) >= STOPPED)
            lead = in_hand(engine)[-1]
            began_s = asyncio.get_running_loop().time()
            (report,) = await engine.orders.stop(lead.account_no, "deceased", by="boss")
            assert asyncio.get_running_loop().time() - began_s < 1.0
            assert report.fields["withheld"] == 1
            assert lead.account_id not in {one.account_id for one in in_hand(engine)}
            before = attempts(house)
            assert lead.number not in before
            await dialled(house, len(before) + MORE)
            assert lead.number not in attempts(house)

    asyncio.run(play())


def test_an_agent_calls_an_account_once_and_what_no_list_has_nobody_calls(house: House) -> None:
    async def play() -> None:
        async with house.engine(fw.same(CAMPAIGN, mode=Mode.PREVIEW, preview_limit_s=600.0)) as engine:
            await engine.launch("spring")
            await until(lambda: bool(engine._floor.state.offers))
            with pytest.raises(ControlError, match="No list"):
                await engine.orders.call("anna", "+8613900999999")
            with contextlib.closing(SqliteStore.open(house.store_path)) as store:
                free = case.number(1999)
                assert free not in attempts(house)
                store.add_stop("a1998", "complaint", by="boss", at=SystemClock().now_at())
            reports = await engine.orders.call("anna", free)
            assert [report.event for report in reports][-1] == "call.asked_for", reports
            await until(lambda: free in attempts(house))
            with pytest.raises(StoreError, match="never"):
                await engine.orders.call("bert", "a1998")
            await engine.tell(CampaignTold(campaign=SPRING, state=CampaignState.PAUSED))
            with pytest.raises(ControlError, match="running campaign"):
                await engine.orders.call("bert", "a1997")

    asyncio.run(play())


def test_while_the_store_is_locked_nothing_is_dialled_and_five_seconds_after_it_is_free_calls_are_made(
    house: House,
) -> None:
    async def play() -> None:
        async with house.engine() as engine:
            house.store._database.conn.execute("PRAGMA busy_timeout = 100")
            await engine.launch("spring")
            await dialled(house, 20)
            lock = sqlite3.connect(house.store_path, isolation_level=None, timeout=30.0)
            lock.execute("BEGIN IMMEDIATE")
            before = len(attempts(house))
            await until(lambda: bool(engine._floor.state.store_trouble))
            await asyncio.sleep(1.0)
            assert len(attempts(house)) == before
            lock.execute("ROLLBACK")
            lock.close()
            began_s = asyncio.get_running_loop().time()
            await dialled(house, before + 5)
            assert asyncio.get_running_loop().time() - began_s < 5.0

    asyncio.run(play())
