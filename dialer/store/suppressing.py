"""Numbers that nobody may call, held as digests: HMAC-SHA-256 of the E.164 text under a key of this store.

A list can so be kept, and asked, without its numbers. The key stands in the same file: who has the whole store can
try all numbers, so this keeps numbers out of sight and out of exports, and is no lock.

What keeps the lease cheap: a number that somebody on a list of ours has stands in `do_not_call` as well, from the
moment at which both are known (`mark_number`). The lease looks only there; a commit looks at both.
"""

from __future__ import annotations

import hmac
import sqlite3

from dialer.store.statements import Statements

_SQL = Statements("stops")


def number_key(connection: sqlite3.Connection) -> bytes:
    """This store's own key."""
    (key,) = connection.execute(_SQL["number_key"]).fetchone()
    return bytes(key)


def digest(key: bytes, number: str) -> bytes:
    """A number's digest."""
    return hmac.digest(key, number.encode(), "sha256")


def mark_number(connection: sqlite3.Connection, number: str) -> bool:
    """Put a number that is held as a digest among those of `do_not_call`; True when it is one."""
    wanted = {"number": number, "digest": digest(number_key(connection), number)}
    if connection.execute(_SQL["is_suppressed"], wanted).fetchone() is None:
        return False
    connection.execute(_SQL["mark_suppressed"], wanted)
    return True
