"""What time does to promises while the engine runs: they fall due, are judged, and lapse; desks end.

A payment judges at once, in its own transaction. Here is what happens without one: every few seconds, in batches, so
that the engine's own writes never wait for long.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog

from dialer.promises.terms import Terms
from dialer.store import desks, leaving, promised, promising
from dialer.store.sqlite import SqliteStore

EVERY_S: Final = 2.0
BATCH: Final = 100
"""Accounts in one transaction: some tens of milliseconds."""

_log = structlog.stdlib.get_logger("dialer.promises")


class PromiseKeeping:
    """The chore.

    Args:
        terms: as they are now.
    """

    def __init__(self, terms: Callable[[], Terms]) -> None:
        self._terms = terms

    @property
    def name(self) -> str:
        """For the log and the thread."""
        return "promises"

    @property
    def every_s(self) -> float:
        """From one look to the next, in seconds."""
        return EVERY_S

    def run(self, store: SqliteStore, at: datetime) -> None:
        """Look once."""
        judged = keep(store, self._terms(), at)
        if judged:
            _log.info("promises.judged", promises=judged)


def keep(store: SqliteStore, terms: Terms, at: datetime) -> int:
    """Judge all whose time has come, and put right what else time has changed; returns how many promises changed.

    Args:
        store: open.
        terms: in force from now on.
        at: now, aware.
    """
    with store.reading() as database:
        known = promised.terms_of(database.conn)
    if known != terms:
        with store.writing() as connection:
            promised.use_terms(connection, terms, at)
    judged = 0
    while True:
        with store.reading() as database:
            due = promising.due_accounts(database.conn, at, BATCH)
        if not due:
            break
        with store.writing() as connection:
            changed = sum(len(promising.judge_account(connection, account_id, at)) for account_id in due)
        judged += changed
        if not changed:  # nothing of them moves: never ask for the same ones again and again
            break
    _sweep(store, at)
    return judged


def _sweep(store: SqliteStore, at: datetime) -> None:
    with store.reading() as database:
        todo = promising.has_strays(database.conn) or desks.has_over(database.conn, at)
    if todo:
        with store.writing() as connection:
            promising.settle_strays(connection, at, BATCH)
            desks.sweep(connection, at, BATCH)
            leaving.boost_again(connection)
