"""Work beside the floor: judging promises, looking for risk, sending what other systems wait for.

    chores = Chores(lambda: chores_of(settings), lambda: SqliteStore.open(path), clock)
    await chores.work()                    # until cancelled; the engine does this

Rules
- Each chore has a thread and a connection of its own, so none waits for another, nor the event loop for any.
- A chore runs as the engine starts, and then again and again, `every_s` after it began, never twice at a time.
- What it raises is logged, the first one of a row; calls go on, and it is tried again when it is due.
- Its transactions are short: the engine's own writes wait for them. A run that is under way is finished before the
  engine has stopped, so it should take seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Protocol, runtime_checkable

import structlog

from dialer.clock import Clock
from dialer.errors import DialerError
from dialer.store.sqlite import SqliteStore

_log = structlog.stdlib.get_logger("dialer.chores")


class Chore(Protocol):
    """Something to be done again and again while the engine runs."""

    @property
    def name(self) -> str:
        """For the log and the thread."""
        ...

    @property
    def every_s(self) -> float:
        """From one beginning to the next, in seconds."""
        ...

    def run(self, store: SqliteStore, at: datetime) -> None:
        """Do it.

        Args:
            store: open, and nobody else's.
            at: now, aware.
        """
        ...


@runtime_checkable
class Noticing(Protocol):
    """A chore that has something to say on the board."""

    def notices(self) -> tuple[str, ...]:
        """Sentences, in English; asked from the event loop while the chore may be at work."""
        ...


class Chores:
    """Does chores until cancelled.

    Args:
        chores: what there is to do.
        open_store: opens the store once more; called in a chore's own thread.
        clock: for the moment that a chore is told.
    """

    def __init__(self, chores: Iterable[Chore], open_store: Callable[[], SqliteStore], clock: Clock) -> None:
        self._hands = tuple(_Hand(chore, open_store, clock) for chore in chores)
        self._clock = clock

    def notices(self) -> tuple[str, ...]:
        """What chores have to say on the board."""
        return tuple(said for hand in self._hands if isinstance(hand.chore, Noticing) for said in hand.chore.notices())

    async def work(self) -> None:
        """Do all of them until cancelled; what is under way then is finished first."""
        async with asyncio.TaskGroup() as group:
            for hand in self._hands:
                group.create_task(self._again_and_again(hand), name=f"chore {hand.chore.name}")

    async def _again_and_again(self, hand: _Hand) -> None:
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"chore-{hand.chore.name}")
        loop = asyncio.get_running_loop()
        try:
            while True:
                began_s = self._clock.now_s()
                await loop.run_in_executor(thread, hand.do)
                await asyncio.sleep(max(0.0, began_s + hand.chore.every_s - self._clock.now_s()))
        finally:
            await loop.run_in_executor(thread, hand.close)  # after what is under way: it is the same thread
            thread.shutdown()


class _Hand:
    """One chore with its connection; used in its thread only."""

    def __init__(self, chore: Chore, open_store: Callable[[], SqliteStore], clock: Clock) -> None:
        self.chore = chore
        self._open_store = open_store
        self._clock = clock
        self._store: SqliteStore | None = None
        self._failed = False

    def do(self) -> None:
        """Do it once; whatever happens is logged, never raised."""
        try:
            if self._store is None:
                self._store = self._open_store()
            self.chore.run(self._store, self._clock.now_at())
        except Exception as error:  # whatever it is, calls go on
            if not self._failed:
                _log.warning("chore.failed", chore=self.chore.name, reason=str(error), exc_info=_defect(error))
            self._failed = True
            return
        if self._failed:
            _log.info("chore.works_again", chore=self.chore.name)
        self._failed = False

    def close(self) -> None:
        """Give the connection back."""
        if self._store is not None:
            self._store.close()


def _defect(error: Exception) -> bool:
    """Whether the log should say where it happened: a person can mend the others from what they say."""
    return not isinstance(error, DialerError)
