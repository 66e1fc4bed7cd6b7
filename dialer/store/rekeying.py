"""Encrypting the store, decrypting it, changing its key: always into a new file that takes the old one's place.

Steps
1. The write-ahead log is emptied and taken away; that works only while nobody else has the store open.
2. Everything is copied into `NAME.new` (0600) under the new key, in one transaction that keeps others out.
3. The copy is opened with its key and compared: every page, and the rows of every table.
4. The copy is flushed to the disk and renamed; the folder is flushed.
5. The old file, which has no name any more, is overwritten.

Whoever dies before step 4 leaves the store as it was and a `.new` that the next run replaces; after it, the new store.
Overwriting helps on disks that write in place; on flash memory or a file system with snapshots old blocks may live on.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dialer.errors import StoreError
from dialer.store.cipher import cipher_errors, is_plain, key_literal, open_cipher

NEW: Final = ".new"
_WAIT_S: Final = 2.0
_STEP: Final = 20_000  # instructions of SQLite's virtual machine between two looks at the copy's size
_CHUNK_BYTES: Final = 1 << 20
_ROOM: Final = 1.2  # of the store's size must be free

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rekeyed:
    """What was done."""

    tables: int
    rows: int
    size_bytes: int


def rekey(path: Path, old_key: str, new_key: str, progress: Progress = lambda _done, _all: None) -> Rekeyed:
    """Copy the store under another key (empty: none) and put the copy in its place.

    Args:
        path: the store; nobody else may have it open.
        old_key: what encrypts it now; empty: nothing does.
        new_key: what shall; empty: nothing.
        progress: is told bytes written and bytes expected.

    Raises:
        StoreError: the old key is wrong, somebody has the store open, the disk is too full, or the copy is not equal;
            then the store is as it was.
    """
    _check(path, old_key)
    fresh = path.with_name(path.name + NEW)
    _remove(fresh)
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with _sentences(path, old_key):
            counted = _copy(path, old_key, fresh, new_key, progress)
            _verify(fresh, new_key, counted)
    except BaseException:
        _remove(fresh)
        raise
    _swap(path, fresh, overwrite=not old_key)
    return Rekeyed(tables=len(counted), rows=sum(counted.values()), size_bytes=path.stat().st_size)


def _check(path: Path, old_key: str) -> None:
    if not path.is_file():
        raise StoreError(f"There is no store at {path}. Check its path in dialer.yaml, or import a list first.")
    if old_key and is_plain(path):
        raise StoreError(f"The store {path} is not encrypted.")
    if not old_key and not is_plain(path):
        raise StoreError(f"The store {path} is encrypted already, or it is no store.")
    free, needed = shutil.disk_usage(path.parent).free, int(path.stat().st_size * _ROOM)
    if free < needed:
        raise StoreError(f"The disk of {path} has {free:,} bytes free and a copy needs {needed:,}; free some space.")


@contextmanager
def _sentences(path: Path, old_key: str) -> Iterator[None]:
    try:
        yield
    except cipher_errors() as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_NOTADB and old_key:
            raise StoreError(
                f"The store {path} does not open with this key. Nothing was changed. Check store.key in dialer.yaml."
            ) from None
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreError(
                f"Another process has the store {path} open. Nothing was changed. End it and try again."
            ) from error
        raise StoreError(f"The store {path} could not be copied ({error}). Nothing was changed.") from error


def _copy(path: Path, old_key: str, fresh: Path, new_key: str, progress: Progress) -> dict[str, int]:
    """Everything into the new file; returns the rows of each table."""
    with closing(open_cipher(path, old_key, timeout_s=_WAIT_S)) as source:
        source.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if source.execute("PRAGMA journal_mode = DELETE").fetchone() != ("delete",):
            raise StoreError(f"Another process has the store {path} open. Nothing was changed. End it and try again.")
        source.execute(f"ATTACH DATABASE ? AS fresh KEY {key_literal(new_key)}", (str(fresh),))
        expected = path.stat().st_size

        def tell() -> None:
            progress(min(fresh.stat().st_size, expected), expected)

        source.set_progress_handler(tell, _STEP)  # returns None: go on
        source.execute("BEGIN EXCLUSIVE")
        source.execute("SELECT sqlcipher_export('fresh')").fetchone()
        counted = _counted(source)
        source.execute("COMMIT")
        source.set_progress_handler(None, 0)
        source.execute("DETACH DATABASE fresh")
    progress(expected, expected)
    return counted


def _counted(connection: sqlite3.Connection) -> dict[str, int]:
    names = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return {name: connection.execute(f'SELECT count(*) FROM main."{name}"').fetchone()[0] for (name,) in names}


def _verify(fresh: Path, key: str, counted: dict[str, int]) -> None:
    """Read the copy back as any program would.

    Raises:
        StoreError: it is not what was copied.
    """
    with closing(open_cipher(fresh, key, timeout_s=_WAIT_S)) as copy:
        sound = copy.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        torn = copy.execute("PRAGMA cipher_integrity_check").fetchall() if key else []
        if not sound or torn or _counted(copy) != counted:
            raise StoreError("The copy is not equal to the store. Nothing was changed. Check the disk and its memory.")


def _swap(path: Path, fresh: Path, *, overwrite: bool) -> None:
    with path.open("r+b") as old:
        _flush(fresh)
        fresh.replace(path)
        _flush(path.parent)
        if overwrite:
            with suppress(
                OSError
            ):  # the new store is in place: what cannot be overwritten must not look like a failure
                _overwrite(old.fileno())


def _overwrite(handle: int) -> None:
    left = os.fstat(handle).st_size
    os.lseek(handle, 0, os.SEEK_SET)
    while left > 0:
        left -= os.write(handle, bytes(min(left, _CHUNK_BYTES)))
    os.fsync(handle)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(fresh: Path) -> None:
    for name in (fresh.name, f"{fresh.name}-journal", f"{fresh.name}-wal", f"{fresh.name}-shm"):
        fresh.with_name(name).unlink(missing_ok=True)
