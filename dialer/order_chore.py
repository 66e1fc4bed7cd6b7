"""The order of dialling kept up to date while the engine runs: learn from what is new, then some accounts in turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Final

from dialer.ordering.beliefs import OrderingSettings
from dialer.store import order
from dialer.store.sqlite import SqliteStore

SPREAD_EVERY: Final = timedelta(hours=1)
"""How much numbers differ, and what people pay, changes slowly; working it out reads everything (house rule)."""
MOST_CALLS: Final = 50_000
"""Learned from in one run; the rest in the next one."""


@dataclass(slots=True, kw_only=True)
class OrderChore:
    """A `Chore`; see `dialer.chores`."""

    settings: OrderingSettings
    zone: tzinfo
    """Of numbers whose own is not known."""
    name: str = "order"
    _learned: order.Learned | None = field(default=None, init=False)
    _worked_out_at: datetime | None = field(default=None, init=False)
    _after: int = field(default=0, init=False)

    @property
    def every_s(self) -> float:
        """From one beginning to the next."""
        return self.settings.refresh_s

    def run(self, store: SqliteStore, at: datetime) -> None:
        """Learn from the calls that ended since, then work some accounts out anew."""
        if self._learned is None:
            self._learned = order.Learned.fresh(self.settings, self.zone)
        catch_up(store, self._learned, at, most=MOST_CALLS)
        if self._worked_out_at is None or at >= self._worked_out_at + SPREAD_EVERY:
            work_out(store, self._learned, at)
            self._worked_out_at = at
        most = self.settings.accounts_per_refresh
        self._after = order.refresh(store, self._learned, at, after=self._after, most=most).last


def catch_up(store: SqliteStore, learned: order.Learned, at: datetime, *, most: int | None = None) -> int:
    """Learn from calls that are over and not learned from yet.

    Args:
        store: open.
        learned: changed in place.
        at: now, aware.
        most: about so many at most; None: all of them.

    Returns:
        How many were read.
    """
    total = 0
    while most is None or total < most:
        with store.reading() as database:
            read = order.learn(database.conn, learned, at)
        total += read
        if read < order.CALLS_AT_ONCE:
            break
    return total


def work_out(store: SqliteStore, learned: order.Learned, at: datetime) -> None:
    """What takes all that is known: how much numbers differ, and what those who were reached paid."""
    learned.contact.learn_spread(at)
    with store.reading() as database:
        order.learn_recovery(database.conn, learned, at)
