"""Rows in bulk into a store, as they are: for made-up books, where importing is not what is tried."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from dialer.store.statements import Statements

_SQL: Final = Statements("made_up")
TABLES: Final = tuple(name for name in _SQL.names() if not name.startswith("last_") and name != "batch")
"""In the order in which rows may refer to each other."""


def next_ids(connection: sqlite3.Connection) -> dict[str, int]:
    """The last ids that are taken, of `debtor`, `account`, `phone` and `payment`."""
    return {
        name: int(connection.execute(_SQL[f"last_{name}"]).fetchone()[0])
        for name in ("debtor", "account", "phone", "payment")
    }


def start_batch(connection: sqlite3.Connection, list_name: str, at: str, accounts: int) -> int:
    """Note where the rows come from; returns the batch's id."""
    return connection.execute(_SQL["batch"], (list_name, at, accounts)).lastrowid or 0


def add_rows(connection: sqlite3.Connection, table: str, rows: Iterable[Sequence[object]]) -> None:
    """Add rows to one of `TABLES`, with their columns in the order of the statement."""
    connection.executemany(_SQL[table], rows)
