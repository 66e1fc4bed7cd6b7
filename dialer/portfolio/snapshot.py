"""Columns that are kept in the store, so that a large portfolio is read in a second and not in a minute.

Rules
- A store of fewer than `SMALL` accounts is read anew each time.
- Of a larger one the columns are kept in the store itself, which encrypts them where it is encrypted. A report reads
  them and, from the tables, the accounts that have changed since: those of debtors of whom the stream of events tells,
  who were imported again, or who were called. So it is never older than its reading.
- When many have changed, or the columns have another form than this program's, all is read and kept anew.
- Only ever a shortcut: whoever may not write the store gets the same report, later.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Any, Final

import numpy as np

from dialer.errors import StoreError
from dialer.portfolio.columns import DTYPES, TABLES, Portfolio, Table, dtypes_of, narrowed
from dialer.portfolio.reading import Words, account_ids, read
from dialer.store.columns import moment, moment_text
from dialer.store.sqlite import SqliteStore
from dialer.store.statements import Statements

SMALL: Final = 20_000
"""Accounts. House rule: so many are read in about two seconds."""
FORM: Final = 2
"""Of the columns; to be raised when they change."""
_MOST_CHANGED: Final = 0.05
"""Share of the accounts above which all is read anew. House rule."""
_LOOK_BACK: Final = timedelta(days=1)
"""A call may be stored after its beginning; changed accounts are read twice rather than never."""
_CHUNK: Final = 1 << 20
"""Numbers in one row of the store."""
_SQL: Final = Statements("portfolio")
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the store says of its columns."""

    at: datetime
    seq: int
    batch_id: int
    accounts: int
    form: int


def load(
    store: SqliteStore, at: datetime, *, anew: bool = False, small: int = SMALL, progress: Progress = lambda _line: None
) -> Portfolio:
    """The portfolio as it stands in the store.

    Args:
        store: open.
        at: now, aware.
        anew: read everything from the tables, and keep it.
        small: below so many accounts nothing is kept.
        progress: is told, in a sentence, of what takes long.
    """
    with store.reading() as database:
        connection = database.conn
        seq, batch_id, accounts = connection.execute(_SQL["newest"]).fetchone()
        now = Kept(at=at, seq=seq, batch_id=batch_id, accounts=accounts, form=FORM)
        if accounts < small:
            return read(connection, account_ids(connection), Words())
        if not anew and (portfolio := _from_kept(connection, now)) is not None:
            return portfolio
        progress(f"Reading {accounts:,} accounts; the next report will be quick.")
        portfolio = read(connection, account_ids(connection), Words())
    _keep(store, portfolio, now)
    return portfolio


def _from_kept(connection: Connection, now: Kept) -> Portfolio | None:
    """The kept columns with what has changed since; None: they must be made anew."""
    row = connection.execute(_SQL["snapshot"]).fetchone()
    if row is None or row[4] != FORM:
        return None
    kept = Kept(at=moment(row[0]), seq=row[1], batch_id=row[2], accounts=row[3], form=row[4])
    since = {"seq": kept.seq, "batch_id": kept.batch_id, "at": moment_text(kept.at - _LOOK_BACK)}
    changed = np.fromiter((one[0] for one in connection.execute(_SQL["changed_since"], since)), dtype=np.int64)
    changed.sort()
    if len(changed) > now.accounts * _MOST_CHANGED:
        return None
    words, portfolio = _kept_columns(connection)
    if len(changed):
        portfolio = portfolio.replaced(changed, read(connection, changed, words))
    return portfolio if len(portfolio.accounts) == now.accounts else None


def _kept_columns(connection: Connection) -> tuple[Words, Portfolio]:
    tables: dict[str, Any] = {name: _kept_table(connection, name, kind) for name, kind in TABLES.items()}
    words = Words(json.loads(_content(connection, "words")))
    return words, Portfolio(**tables, words=words.of)


def _kept_table(connection: Connection, name: str, kind: type[Table]) -> Table:
    """A table, each column read into its own memory at once; 64-bit numbers are kept in 32 bits where all fit."""
    sizes: dict[str, int] = {
        column: connection.execute(_SQL["column_size"], {"name": f"{name}.{column}"}).fetchone()[0]
        for column in dtypes_of(kind)
    }
    rows = next(sizes[column] // dtype.itemsize for column, dtype in dtypes_of(kind).items() if dtype.itemsize < 8)
    columns: dict[str, Any] = {}
    for column, dtype in dtypes_of(kind).items():
        is_narrow = dtype == DTYPES["Whole"] and sizes[column] == rows * DTYPES["Small"].itemsize
        values = np.empty(rows, dtype=DTYPES["Small"] if is_narrow else dtype)
        at = 0
        for (content,) in connection.execute(_SQL["column"], {"name": f"{name}.{column}"}):
            piece = np.frombuffer(content, dtype=values.dtype)
            values[at : at + len(piece)] = piece
            at += len(piece)
        columns[column] = values
    return kind(**columns)


def _content(connection: Connection, name: str) -> bytes:
    return b"".join(row[0] for row in connection.execute(_SQL["column"], {"name": name}))


def _keep(store: SqliteStore, portfolio: Portfolio, now: Kept) -> None:
    """Keep the columns, a piece in a transaction so that the engine never waits long; the last one makes them valid."""
    try:
        with store.writing() as connection:
            connection.execute(_SQL["forget_snapshot"])
            connection.execute(_SQL["forget_columns"])
        for name, table in portfolio.tables().items():
            dtypes = dtypes_of(type(table))
            for column, values in table.columns().items():
                narrow = narrowed(values.astype(dtypes[column], copy=False))
                for block, start in enumerate(range(0, max(1, len(values)), _CHUNK)):
                    content = narrow[start : start + _CHUNK].tobytes()
                    _keep_piece(store, f"{name}.{column}", block, content)
        _keep_piece(store, "words", 0, json.dumps(portfolio.words, ensure_ascii=False).encode())
        with store.writing() as connection:
            row = {"at": moment_text(now.at), "seq": now.seq, "batch_id": now.batch_id}
            connection.execute(_SQL["keep_snapshot"], row | {"accounts": now.accounts, "form": now.form})
    except StoreError:  # somebody who may only read, or a full disk: the report is made all the same
        return


def _keep_piece(store: SqliteStore, name: str, block: int, content: bytes) -> None:
    with store.writing() as connection:
        connection.execute(_SQL["keep_column"], {"name": name, "block": block, "content": content})
