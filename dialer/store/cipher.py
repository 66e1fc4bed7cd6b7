"""The store's file encrypted: SQLCipher in place of SQLite, where a key is set.

Every page is encrypted by AES-256 and authenticated by HMAC-SHA-512; a page that somebody changed is an error.
A key of 64 hexadecimal digits is used as it is; any other is a passphrase, from which SQLCipher derives one by 256,000
rounds of PBKDF2, about half a second for each opening.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from pathlib import Path
from typing import Final, cast

PLAIN_HEADER: Final = b"SQLite format 3\0"
_RAW_KEY: Final = re.compile(r"[0-9a-fA-F]{64}")


def is_plain(path: Path) -> bool:
    """True when a file begins as every SQLite file does that is not encrypted; False for an empty one."""
    with path.open("rb") as file:
        return file.read(len(PLAIN_HEADER)) == PLAIN_HEADER


def open_cipher(path: Path, key: str, *, timeout_s: float) -> sqlite3.Connection:
    """A connection of SQLCipher, in the form of the standard library's; its errors are SQLCipher's own classes.

    Args:
        path: the file.
        key: what encrypts it; empty: it is not encrypted.
        timeout_s: how long to wait for another process.
    """
    from sqlcipher3 import dbapi2  # 7 MB that only an encrypted store needs

    connection = dbapi2.connect(
        str(path), timeout=timeout_s, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute("PRAGMA cipher_log_level = NONE")  # it would write to standard error
    if key:
        connection.execute(f"PRAGMA key = {key_literal(key)}")
    return cast(sqlite3.Connection, connection)


def key_literal(key: str) -> str:
    """A key as SQL wants it; no statement of SQLCipher takes it as a parameter."""
    if _RAW_KEY.fullmatch(key):
        return f"\"x'{key}'\""
    escaped = key.replace("'", "''")
    return f"'{escaped}'"


def cipher_errors() -> tuple[type[Exception], ...]:
    """The classes of errors that an open store may raise; SQLCipher's only when it is in use."""
    loaded = sys.modules.get("sqlcipher3.dbapi2")
    return (sqlite3.Error,) if loaded is None else (sqlite3.Error, loaded.Error)


def is_integrity_error(error: Exception) -> bool:
    """True for a broken constraint, whichever library says so."""
    return type(error).__name__ == "IntegrityError"
