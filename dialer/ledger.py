"""What the engine keeps: writes go to the store's own thread, batch after batch, and calls wait for their attempts.

What gathers while a batch is being committed is the next batch. When the store cannot commit, nothing is dialled: the
attempts of the batch are barred, told so and left out, and the rest is tried again with whatever has gathered since,
until it is committed; nothing else is skipped. A write that contradicts what is stored can never be committed: it is
reported and left out, and a call whose attempt it was is never placed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import structlog

from dialer.clock import Clock
from dialer.effects import LeaseLeads, Originate, SaveAttempt, Write
from dialer.errors import StoreError, WriteRefusedError
from dialer.facts import AttemptBarred, Fact, LeadsLeased, StoreFailed, StoreRestored
from dialer.store.api import Store
from dialer.types import AttemptId

LEASE_S: Final = 600.0
"""A lead that this engine neither dialled nor gave back is free again after this long."""
GATHER_S: Final = 0.02
"""Writes that no call waits for are committed after so long, together."""
RETRY_S: Final = 0.5

T = TypeVar("T")
_log = structlog.stdlib.get_logger("dialer.engine")


class Ledger:
    """The engine's side of the store.

    Args:
        store: open; closed by `close`.
        clock: for the moment of a lease.
        engine: in whose name leads are leased.
        take: is given facts: leads, troubles, refusals.
        send: is given each Originate whose attempt has been committed.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        engine: str,
        take: Callable[[Fact], None],
        send: Callable[[Originate], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._engine = engine
        self._take = take
        self._send = send
        self._pending: list[Write | LeaseLeads | Originate] = []
        self._to_commit = asyncio.Event()
        self._awaited = asyncio.Event()
        self._committing = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    def add(self, effect: Write | LeaseLeads | Originate) -> None:
        """Put an effect into the next batch; order is kept."""
        self._pending.append(effect)
        self._to_commit.set()
        if isinstance(effect, Originate | LeaseLeads):
            self._awaited.set()

    async def ask(self, work: Callable[[], T]) -> T:
        """Do something with the store in its thread, between two batches."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def flush(self) -> None:
        """Wait until everything added so far is committed, then give back what is leased."""
        while self._pending or self._committing:
            self._to_commit.set()
            await asyncio.sleep(0.01)
        await self.ask(lambda: self._store.release_leases(self._engine))

    def close(self) -> None:
        """Let the thread finish what it has and close the store."""
        self._thread.shutdown(wait=True)
        self._store.close()

    async def run(self) -> None:
        """Commit batch after batch until cancelled."""
        while True:
            await self._to_commit.wait()
            await self._gather()
            self._to_commit.clear()
            batch, self._pending = self._pending, []
            self._committing = True
            await self._commit(batch)
            self._committing = False

    async def _gather(self) -> None:
        """Let writes that nothing waits for come together.

        The first of them tells of an answer: a commit at once would cost interpreter time just when the bridge does.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                await self._awaited.wait()
        self._awaited.clear()

    async def _commit(self, batch: list[Write | LeaseLeads | Originate]) -> None:
        """Commit a batch, then do what had to wait for it."""
        writes = [item for item in batch if not isinstance(item, LeaseLeads | Originate)]
        withheld = await self._apply(writes) if writes else frozenset()
        for item in batch:
            if isinstance(item, Originate) and item.attempt_id not in withheld:
                self._send(item)
        for item in batch:
            if isinstance(item, LeaseLeads):
                await self._lease(item)

    async def _apply(self, writes: list[Write]) -> frozenset[AttemptId]:
        """Commit writes, however long it takes; returns the attempts that are not to be made."""
        withheld: frozenset[AttemptId] = frozenset()
        failed = False
        while True:
            try:
                withheld |= self._told_barred(await self._written(writes))
            except WriteRefusedError:
                withheld |= await self._apply_one_by_one(writes)
            except StoreError as error:
                if not failed:
                    self._take(StoreFailed(reason=str(error)))
                failed = True
                withheld |= self._told_barred(_barred_by_failure(writes, str(error)))
                await asyncio.sleep(RETRY_S)
                writes = [one for one in (*writes, *self._gathered()) if not isinstance(one, SaveAttempt)]
                continue
            if failed:
                self._take(StoreRestored())
            return withheld

    async def _written(self, writes: list[Write]) -> tuple[AttemptBarred, ...]:
        return await self.ask(lambda: self._store.apply(writes, now=self._clock.now_at))

    def _told_barred(self, bars: tuple[AttemptBarred, ...]) -> frozenset[AttemptId]:
        for bar in bars:
            self._take(bar)
        return frozenset(bar.attempt_id for bar in bars)

    def _gathered(self) -> list[Write]:
        """Writes that came while the store failed, such as leads given back; calls and leases go on waiting."""
        pending, self._pending = self._pending, []
        gathered: list[Write] = []
        for one in pending:
            if isinstance(one, Originate | LeaseLeads | SaveAttempt):
                self._pending.append(one)
            else:
                gathered.append(one)
        return gathered

    async def _apply_one_by_one(self, writes: list[Write]) -> frozenset[AttemptId]:
        """Find the write that contradicts the store and leave it out."""
        if len(writes) > 1:
            refused = [await self._apply([each]) for each in writes]
            return frozenset[AttemptId]().union(*refused)
        (write,) = writes
        attempt_id = getattr(write, "attempt_id", None)
        _log.error("store.write_refused", write=type(write).__name__, attempt=attempt_id)
        if not isinstance(write, SaveAttempt):
            return frozenset()
        reason = "the store does not allow this attempt"
        return self._told_barred((AttemptBarred(attempt_id=write.attempt_id, rule="refused", reason=reason),))

    async def _lease(self, wanted: LeaseLeads) -> None:
        campaign, at = wanted.settings, self._clock.now_at()
        try:
            leased = await self.ask(
                lambda: self._store.lease(campaign, limit=wanted.limit, at=at, lease_s=LEASE_S, engine=self._engine)
            )
        except StoreError as error:
            self._take(StoreFailed(reason=str(error)))
            self._take(LeadsLeased(campaign=campaign.name, leads=(), waiting=1))
            self._take(StoreRestored())
            return
        self._take(
            LeadsLeased(
                campaign=campaign.name,
                leads=leased.leads,
                waiting=leased.waiting,
                next_due_at=leased.next_due_at,
            )
        )


def _barred_by_failure(writes: list[Write], reason: str) -> tuple[AttemptBarred, ...]:
    """No call waits for a store to come back: whom it may be made to, it would no longer be known."""
    attempts = [one for one in writes if isinstance(one, SaveAttempt)]
    return tuple(AttemptBarred(attempt_id=one.attempt_id, rule="store", reason=reason) for one in attempts)
