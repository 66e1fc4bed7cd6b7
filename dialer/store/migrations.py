"""The store's schema, version by version: the files `sql/0001_*.sql`, `0002_*.sql` and so on, in order.

Each is applied in one transaction together with its row in `schema_version`. A file that is newer than this
program is refused, never guessed at.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from sqlite_utils import Database

from dialer.errors import StoreError
from dialer.store.columns import moment_text
from dialer.store.connection import writing

_FILE = re.compile(r"(\d{4})_(\w+)\.sql")
_VERSION_TABLE = """
CREATE TABLE IF NOT EXISTS schema_version (
    version     INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    applied_at  TEXT NOT NULL
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step from a version to the next."""

    version: int
    name: str
    sql: str


def known() -> tuple[Migration, ...]:
    """Every migration this program has, from version 1 on."""
    found = [
        Migration(version=int(match[1]), name=match[2], sql=entry.read_text(encoding="utf-8"))
        for entry in (files("dialer.store") / "sql").iterdir()
        if (match := _FILE.fullmatch(entry.name))
    ]
    return tuple(sorted(found, key=lambda migration: migration.version))


def version(connection: sqlite3.Connection) -> int:
    """The version of a file; 0: empty."""
    has_table = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchone()
    if has_table is None:
        return 0
    (newest,) = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()
    return int(newest)


def migrate(database: Database, at: datetime, *, up_to: int | None = None) -> int:
    """Bring a file to the newest version.

    Args:
        database: open, no transaction running.
        at: now, for the record.
        up_to: stop at this version; None: the newest.

    Returns:
        How many migrations were applied.

    Raises:
        StoreError: the file is newer than this program.
    """
    migrations = known()
    newest = migrations[-1].version
    if (found := version(database.conn)) > newest:
        raise StoreError(
            f"The store has schema version {found} and this program knows up to {newest}: "
            "it was written by a newer dialer. Install that version, or put back a backup."
        )
    wanted = newest if up_to is None else up_to
    return sum(_apply(database, each, at) for each in migrations if found < each.version <= wanted)


def _apply(database: Database, migration: Migration, at: datetime) -> bool:
    with writing(database) as connection:
        # Another process may have been faster between our look and our turn to write.
        if version(connection) >= migration.version:
            return False
        connection.execute(_VERSION_TABLE)
        for statement in _statements(migration.sql):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO schema_version (version, name, applied_at) VALUES (?, ?, ?)",
            (migration.version, migration.name, moment_text(at)),
        )
        return True


def _statements(sql: str) -> Iterator[str]:
    """Split a script; `executescript` would commit the transaction that we hold."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
