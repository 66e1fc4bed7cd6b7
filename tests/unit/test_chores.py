"""Chores: each in its thread, again and again, whatever it raises, and finished before the engine has stopped."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dialer.chores import Chore, Chores
from dialer.clock import SystemClock
from dialer.errors import StoreError
from dialer.store.sqlite import SqliteStore
from store_cases import AT

DEADLINE_S = 20.0


class StoppedClock(SystemClock):
    """The day of the tests, on a real monotonic clock."""

    def now_at(self) -> datetime:
        return AT


@dataclass
class Counting:
    """Counts its runs, and tells when it has had enough of them."""

    name: str = "counting"
    every_s: float = 0.0
    enough: int = 3
    raises: Callable[[int], Exception | None] = lambda _: None
    runs: list[tuple[datetime, int, str]] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def run(self, store: SqliteStore, at: datetime) -> None:
        with store.reading() as database:
            (one,) = database.execute("SELECT 1").fetchone()
        self.runs.append((at, one, threading.current_thread().name))
        if len(self.runs) >= self.enough:
            self.done.set()
        if (error := self.raises(len(self.runs))) is not None:
            raise error


def work(path: Path, *chores: Counting, open_store: Callable[[], SqliteStore] | None = None) -> None:
    """Until every chore has run often enough."""

    async def until_done() -> None:
        todo: tuple[Chore, ...] = chores
        task = asyncio.create_task(Chores(todo, open_store or (lambda: SqliteStore.open(path)), StoppedClock()).work())
        for chore in chores:
            assert await asyncio.to_thread(chore.done.wait, DEADLINE_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(until_done())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    SqliteStore.create(tmp_path / "dialer.db").close()
    return tmp_path / "dialer.db"


def test_a_chore_runs_again_and_again_in_its_own_thread_and_is_told_the_time(path: Path) -> None:
    one, other = Counting(name="one"), Counting(name="other")
    work(path, one, other)
    assert {at for at, *_ in one.runs} == {AT}
    assert {thread.split("_")[0] for *_, thread in one.runs} == {"chore-one"}
    assert {thread.split("_")[0] for *_, thread in other.runs} == {"chore-other"}


def test_what_a_chore_raises_is_logged_once_of_a_row_and_it_is_tried_again(path: Path) -> None:
    failing = Counting(enough=5, raises=lambda run: StoreError("locked") if run in (1, 2, 3) else None)
    with capture_logs() as logs:
        work(path, failing)
    told = [(line["event"], line.get("reason")) for line in logs]
    assert told == [("chore.failed", "locked"), ("chore.works_again", None)]


def test_a_defect_is_logged_with_its_place_and_the_others_go_on(path: Path) -> None:
    failing, sound = Counting(name="bad", raises=lambda _: ZeroDivisionError("oh")), Counting()
    with capture_logs() as logs:
        work(path, failing, sound)
    assert [(line["chore"], line["exc_info"]) for line in logs] == [("bad", True)]
    assert len(sound.runs) >= 3


def test_a_store_that_cannot_be_opened_is_opened_later(path: Path) -> None:
    tries: list[int] = []

    def open_store() -> SqliteStore:
        tries.append(1)
        if len(tries) == 1:
            raise StoreError("no disk")
        return SqliteStore.open(path)

    chore = Counting(enough=1)
    work(path, chore, open_store=open_store)
    assert (len(tries), len(chore.runs) >= 1) == (2, True)


def test_a_run_under_way_is_finished_and_the_store_closed_when_the_engine_stops(path: Path) -> None:
    begun, finish, stores = threading.Event(), threading.Event(), []

    class Slow:
        name, every_s, ended = "slow", 60.0, False

        def run(self, store: SqliteStore, at: datetime) -> None:
            stores.append(store)
            begun.set()
            assert finish.wait(DEADLINE_S)
            self.ended = True

    async def cancel_meanwhile(slow: Slow) -> None:
        task = asyncio.create_task(Chores([slow], lambda: SqliteStore.open(path), StoppedClock()).work())
        assert await asyncio.to_thread(begun.wait, DEADLINE_S)
        task.cancel()
        await asyncio.sleep(0)
        finish.set()
        await asyncio.gather(task, return_exceptions=True)

    slow = Slow()
    asyncio.run(cancel_meanwhile(slow))
    assert slow.ended
    with pytest.raises(Exception, match="closed"), stores[0].reading():
        pass
