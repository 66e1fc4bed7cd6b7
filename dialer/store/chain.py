"""The chain: what binds each entry of the log of decisions to the one before.

    digest = SHA-256(canonical JSON of [seq, at, actor, role, action, subject, detail])
    hash   = SHA-256(hash of the entry before + digest)          the first follows 32 zero bytes

Canonical JSON: an array, UTF-8, nothing escaped that need not be, no white space. Whoever has the digests alone can so
recompute every hash, without seeing what the entries say; an excerpt is proved against a later hash like that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Final, NamedTuple

from dialer.audit import AuditEntry
from dialer.store.columns import moment_text
from dialer.store.statements import Statements

SQL: Final = Statements("audit")
ORIGIN: Final = bytes(32)
"""What the first entry follows."""


class Fields(NamedTuple):
    """What is hashed of an entry, in this order."""

    seq: int
    at: str
    actor: str
    role: str
    action: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the log ends."""

    seq: int
    """Of the last entry; 0: there is none."""
    hash: bytes

    def __str__(self) -> str:
        """As people write it down: `1042:5f2c...`."""
        return f"{self.seq}:{self.hash.hex()}"


def canonical(fields: Fields) -> bytes:
    """An entry as the one text that is hashed: what `json.dumps` makes of it, in a quarter of the time."""
    seq, *texts = fields
    return f"[{seq},{','.join(map(encode_basestring, texts))}]".encode()


def digest(fields: Fields) -> bytes:
    """What an entry says, as 32 bytes that tell nothing of it."""
    return sha256(canonical(fields)).digest()


def link(prev_hash: bytes, entry_digest: bytes) -> bytes:
    """The hash of an entry."""
    return sha256(prev_hash + entry_digest).digest()


def head(connection: sqlite3.Connection) -> Head:
    """Where the log ends, as it says itself."""
    seq, hashed, _ = connection.execute(SQL["head"]).fetchone()
    return Head(seq=seq, hash=bytes(hashed))


def append(connection: sqlite3.Connection, entries: Iterable[AuditEntry], *, change_id: int | None = None) -> Head:
    """Add entries in order, inside the caller's transaction.

    Args:
        connection: in a transaction that may write.
        entries: as they shall stand.
        change_id: up to here `stop_changes` are in the log; None: as far as before.

    Returns:
        Where the log ends now.
    """
    seq, last, known = connection.execute(SQL["head"]).fetchone()
    prev_hash, rows = bytes(last), []
    for entry in entries:
        seq += 1
        fields = Fields(seq, moment_text(entry.at), entry.actor, entry.role, entry.action, entry.subject, entry.detail)
        hashed = link(prev_hash, digest(fields))
        rows.append({**fields._asdict(), "prev_hash": prev_hash, "hash": hashed})
        prev_hash = hashed
    if rows or change_id is not None:
        connection.executemany(SQL["append"], rows)
        moved = {"seq": seq, "hash": prev_hash, "change_id": known if change_id is None else change_id}
        connection.execute(SQL["move_head"], moved)
    return Head(seq=seq, hash=prev_hash)
