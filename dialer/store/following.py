"""Following the stream of account events from a place on: cheap to ask ten times a second, and nothing is left out.

    tail = Tail(store, after=seq)
    for event in tail.new(): ...        # again and again

Places are given in the order of committing, because writers take turns: whoever has read up to a place has read all
before it. A place may be missing, when what stood there was purged.
"""

from __future__ import annotations

from dialer.account_events import StoredEvent
from dialer.store import happened
from dialer.store.sqlite import SqliteStore

AT_ONCE = 1_000
"""Events in one reading."""


class Tail:
    """Reads on from a place.

    Args:
        store: open; a connection that nobody writes with, or changes of its own are not noticed at once.
        after: the place that was read last; None: what is there now is not read.
    """

    def __init__(self, store: SqliteStore, after: int | None = None) -> None:
        self._store = store
        self._changes = -1
        if after is None:
            with store.reading() as database:
                after = happened.last(database.conn)
        self.seq = after
        """The place of the last event that was read."""

    def new(self) -> tuple[StoredEvent, ...]:
        """What was committed since, oldest first, at most `AT_ONCE`; asks again for the rest."""
        changes = self._store.changes()
        if changes == self._changes:
            return ()
        with self._store.reading() as database:
            found = happened.after(database.conn, self.seq, limit=AT_ONCE)
        if len(found) < AT_ONCE:
            self._changes = changes
        if found:
            self.seq = found[-1].seq
        return found
