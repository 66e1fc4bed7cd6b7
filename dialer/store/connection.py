"""Opening the store's file, transactions on it, and SQLite's errors as sentences.

The file is written ahead (WAL) with `synchronous=FULL`: a commit that returned survives the plug being pulled,
and commands may read while the engine writes. Writers take turns: `BEGIN IMMEDIATE`, and wait `BUSY_S`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlite_utils import Database

from dialer.errors import StoreError, WriteRefusedError
from dialer.store.cipher import cipher_errors, is_integrity_error, is_plain, open_cipher

BUSY_S = 10.0
"""How long a writer waits for another one before it gives up."""

_CURES = {
    sqlite3.SQLITE_BUSY: "is locked by another process; wait for it to end, or end it, and try again",
    sqlite3.SQLITE_LOCKED: "is locked by another process; wait for it to end, or end it, and try again",
    sqlite3.SQLITE_READONLY: "cannot be written; give this user write access to the file and its folder",
    sqlite3.SQLITE_PERM: "may not be opened; give this user access to the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check store_path in dialer.yaml and who may read its folder",
    sqlite3.SQLITE_FULL: "cannot grow, because the disk is full; free some space and try again",
    sqlite3.SQLITE_IOERR: "cannot be read or written, the disk reports an error; check the disk and its mount",
    sqlite3.SQLITE_CORRUPT: "is damaged; stop the engine and put back the last backup",
    sqlite3.SQLITE_NOTADB: "is encrypted, or is not a store at all; set store.key in dialer.yaml, check its path, "
    "or put back a backup",
}


_ENCRYPTED: set[Path] = set()
"""Files that this process has found not to be plain."""


CACHE_KIB: Final = 8192
"""Enough for the indexes that every lease reads, and small enough to be full within the first minutes."""


def connect(path: Path, key: str = "", *, cache_kib: int = CACHE_KIB) -> Database:
    """Open an existing file with the store's settings.

    Args:
        path: the file.
        key: what encrypts it; empty: it is not encrypted.
        cache_kib: pages that this connection may keep in memory.

    Raises:
        StoreError: it is missing, its key is wrong, or SQLite cannot open it.
    """
    if not path.is_file():
        raise StoreError(f"There is no store at {path}. Check store_path in dialer.yaml, or import a list first.")
    with sentences(path, encrypted=bool(key)):
        # Transactions are ours alone (isolation_level None); the engine's worker thread is not the opener's.
        connection = (
            open_cipher(path, key, timeout_s=BUSY_S)
            if _needs_cipher(path, key)
            else sqlite3.connect(
                path, timeout=BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=256
            )
        )
        try:
            return _prepared(connection, cache_kib)
        except BaseException:
            connection.close()
            raise


def _needs_cipher(path: Path, key: str) -> bool:
    """Whether the file is opened with its key.

    The file's beginning is read once in the life of a process: see `make_file` for what closing it costs.

    Raises:
        StoreError: the settings have a key and the file is not encrypted.
    """
    if key and path.absolute() not in _ENCRYPTED and is_plain(path):
        raise StoreError(
            f"The store {path} is not encrypted, and dialer.yaml has a store.key. Encrypt it with "
            "`dialer store encrypt`, or take the key out of dialer.yaml."
        )
    if key:
        _ENCRYPTED.add(path.absolute())
    return bool(key)


def _prepared(connection: sqlite3.Connection, cache_kib: int) -> Database:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # What is deleted is overwritten, so that no number outlives its row in a free part of the file.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    return Database(connection, execute_plugins=False)


def make_file(path: Path) -> None:
    """Make the empty file (0600) and the folders above it that are missing (0700); an existing one is kept.

    An existing one is not even opened: closing it would drop the locks of every connection that this process has to
    it, and the next other process to close the store would delete the log that ours goes on writing to.
    Source: SQLite, "How To Corrupt An SQLite Database File", 2.2.

    Raises:
        StoreError: the folder may not be written.
    """
    try:
        missing = [folder for folder in reversed(path.parents) if not folder.exists()]
        for folder in missing:
            folder.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"The store {path} cannot be made: {reason}. Choose another store_path.") from error


def keep_private(path: Path) -> None:
    """Take other users' access to the file away; it names people and debts."""
    with suppress(OSError):  # somebody else's file: what we may do with it, SQLite will say
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


@contextmanager
def sentences(path: Path, *, encrypted: bool = False) -> Iterator[None]:
    """Turn SQLite's errors into `StoreError`s that say what to do."""
    try:
        yield
    except cipher_errors() as error:
        if is_integrity_error(error):
            raise WriteRefusedError(f"The store {path} refused a write and nothing was written: {error}.") from error
        code = getattr(error, "sqlite_errorcode", None)
        code = code & 0xFF if isinstance(code, int) else None  # the low byte is the primary code
        if encrypted and code == sqlite3.SQLITE_NOTADB:
            raise StoreError(
                f"The store {path} does not open with this key. Check store.key in dialer.yaml; "
                "without the right key nothing can be read, by anybody."
            ) from None
        cure = _CURES.get(code) if code is not None else None
        said = f"The store {path} {cure}" if cure else f"The store {path} failed"
        raise StoreError(f"{said} ({error}).") from error


@contextmanager
def writing(database: Database) -> Iterator[sqlite3.Connection]:
    """One durable transaction: all of it, or nothing when the block raises."""
    connection = database.conn
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def reading(database: Database) -> Iterator[sqlite3.Connection]:
    """One unchanging view of the store over several queries; inside another transaction, that one's view."""
    connection = database.conn
    nested = connection.in_transaction
    if nested:
        yield connection
        return
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")  # a view: nothing written in it may stay
