"""What happens to accounts anywhere, told to the floor: within a second nothing that is stopped is in hand any more.

A payment that came by webhook, a refusal that a colleague keyed in, somebody's desk: all are account events in the
store. The engine reads on from the last one, ten times a second, in a thread and on a connection of its own. The floor
gives back what it has in hand of these debtors. That nothing of it can be committed meanwhile is the store's affair:
whoever wrote the event took the lease back in the same transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import structlog

from dialer.account_events import EventKind, StoredEvent
from dialer.errors import StoreError
from dialer.facts import Fact, LeadsRecalled, StopAdded
from dialer.store.following import Tail
from dialer.store.sqlite import SqliteStore
from dialer.store.telling import CALL
from dialer.types import DebtorId, PhoneId, StopFlag

LOOK_EVERY_S: Final = 0.1
RECALLING: Final = frozenset(
    {
        EventKind.PAYMENT_RECEIVED,
        EventKind.PROMISE_MADE,
        EventKind.PROMISE_PROPOSED,
        EventKind.PLAN_SIGNED,
        EventKind.DESK_TAKEN,
        EventKind.CONSENT_WITHDRAWN,
    }
)
"""What makes leads in hand useless, unless it was said in a call of ours."""

T = TypeVar("T")
_log = structlog.stdlib.get_logger("dialer.engine")


def facts_of(events: Iterable[StoredEvent]) -> tuple[Fact, ...]:
    """What the floor is told of events; debtors to whom the same happened come together."""
    recalled: dict[EventKind, set[DebtorId]] = {}
    stops: list[Fact] = []
    for event in events:
        if event.kind is EventKind.STOP_ADDED:
            stops += [] if (stop := _stop(event)) is None else [stop]
        elif event.kind in RECALLING and event.source != CALL and event.debtor_id is not None:
            recalled.setdefault(event.kind, set()).add(event.debtor_id)
    return (*stops, *(LeadsRecalled(debtor_ids=frozenset(ids), reason=kind) for kind, ids in recalled.items()))


def _stop(event: StoredEvent) -> StopAdded | None:
    flag, phones = event.payload.get("flag"), event.payload.get("phones")
    if flag not in set(StopFlag) or event.debtor_id is None:
        return None
    return StopAdded(
        debtor_ids=frozenset({event.debtor_id}) if event.payload.get("of") == "debtor" else frozenset(),
        phone_ids=frozenset(PhoneId(int(one)) for one in phones) if isinstance(phones, list) else frozenset(),
        flag=StopFlag(str(flag)),
    )


class Follower:
    """Follows the stream for an engine.

    Args:
        open_store: opens the store once more; called in the follower's own thread.
        take: is given the facts.
    """

    def __init__(self, open_store: Callable[[], SqliteStore], take: Callable[[Fact], None]) -> None:
        self._open_store = open_store
        self._take = take
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="follow")
        self._store: SqliteStore | None = None
        self._tail: Tail | None = None
        self._failed = False

    async def begin(self) -> None:
        """Note where the stream ends now; whatever is leased afterwards is followed from here on.

        Raises:
            StoreError: the store cannot be read.
        """
        await self._aside(self._open)

    async def follow(self) -> None:
        """Tell the floor of what is new until cancelled; a store that fails is asked again."""
        while True:
            for fact in await self._aside(self._look):
                self._take(fact)
            await asyncio.sleep(LOOK_EVERY_S)

    async def close(self) -> None:
        """Give the connection back."""
        await self._aside(self._close)
        self._thread.shutdown()

    async def _aside(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # --- in the follower's thread ----------------------------------------------------------------------

    def _open(self) -> None:
        self._store = self._open_store()
        self._tail = Tail(self._store)

    def _look(self) -> tuple[Fact, ...]:
        if self._tail is None:
            return ()
        try:
            facts = facts_of(self._tail.new())
        except StoreError as error:
            if not self._failed:
                _log.warning("events.not_followed", reason=str(error))
            self._failed = True
            return ()
        self._failed = False
        return facts

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
