"""Has anybody touched the log of decisions, and does the ledger of attempts agree with it?

The walk goes from the first entry to the last and stops at the first that is wrong. An entry that was changed has
another digest than its hash; one that was removed, put in or moved does not follow the one before it; an end that was
cut off is missed by `audit_head`, and by any head that somebody wrote down. Who can write the file can also make the
whole log anew: against that only a head that was noted elsewhere helps, so give it.

Each attempt is compared with what the log says of it, unless the log also says that its records were removed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from dialer.store import suppressing
from dialer.store.audit import BEGUN, CLOSED, CLOSING, CONCLUDED, PLACED, PURGED, debtor_subject, number_digest
from dialer.store.chain import ORIGIN, SQL, Fields, Head, digest, head, link

PROGRESS_EVERY: Final = 5_000
_TEXTS: Final = "text" * 6


class Flaw(StrEnum):
    """What can be wrong with a log."""

    CHANGED = "changed"  # an entry says something else than when it was added
    MISSING = "missing"  # an entry is not there
    MISPLACED = "misplaced"  # an entry does not follow the one before it
    CUT_OFF = "cut_off"  # the last entries are not there
    OTHER_HEAD = "other_head"  # a head that was noted is not in the log
    ATTEMPT_CHANGED = "attempt_changed"  # the ledger says something else of an attempt
    ATTEMPT_MISSING = "attempt_missing"  # the log knows an attempt that the ledger has not
    ATTEMPT_UNLOGGED = "attempt_unlogged"  # the ledger has an attempt that the log does not know


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The first thing that is wrong."""

    flaw: Flaw
    seq: int
    """The entry."""
    attempt_id: str = ""
    column: str = ""
    """Of the attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a walk found."""

    entries: int
    """So many were looked at."""
    attempts: int
    """So many of the ledger's attempts agree."""
    older: int
    """Attempts that are older than the log."""
    head: Head
    finding: Finding | None
    """None: nothing is wrong."""


@dataclass(slots=True)
class _Walk:
    """What is carried from entry to entry."""

    prev_hash: bytes = ORIGIN
    seq: int = 0
    older: int = 0
    placed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Attempt -> its debtor and account, as subjects."""
    doubts: list[tuple[str, Finding]] = field(default_factory=list)
    """Attempts that do not agree."""
    purged: set[str] = field(default_factory=set)


def verify(
    connection: sqlite3.Connection,
    *,
    noted: Collection[Head] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Verified:
    """Walk the whole log, and compare it with the ledger.

    Args:
        connection: in a transaction, so that nothing changes meanwhile.
        noted: heads that somebody wrote down before; each must still be in the log.
        progress: told now and then how many entries were looked at, and of how many.
    """
    (total,) = connection.execute(SQL["count_entries"]).fetchone()
    heads: dict[int, set[bytes]] = {}
    for one in noted:
        heads.setdefault(one.seq, set()).add(one.hash)
    if heads.pop(0, {ORIGIN}) != {ORIGIN}:
        return _verified(_Walk(), Finding(flaw=Flaw.OTHER_HEAD, seq=0))
    walk, key = _Walk(), suppressing.number_key(connection)
    for row in connection.execute(SQL["entries"], {"seq": _lowest(connection)}):
        flaw = _wrong(row, walk)
        if flaw is not None:
            return _verified(walk, flaw)
        if heads.pop(walk.seq, {walk.prev_hash}) != {walk.prev_hash}:
            return _verified(walk, Finding(flaw=Flaw.OTHER_HEAD, seq=walk.seq))
        try:
            _compare(connection, key, walk, row)
        except (ValueError, KeyError, TypeError):  # a sound hash over something that this program never wrote
            return _verified(walk, Finding(flaw=Flaw.CHANGED, seq=walk.seq))
        if walk.seq % PROGRESS_EVERY == 0:
            progress(walk.seq, total)
    progress(walk.seq, total)
    return _verified(walk, _ending(connection, walk, heads) or _disagreement(connection, walk))


def _lowest(connection: sqlite3.Connection) -> int:
    (lowest,) = connection.execute(SQL["lowest_seq"]).fetchone()
    return min(1, int(lowest))


def _verified(walk: _Walk, finding: Finding | None) -> Verified:
    return Verified(
        entries=walk.seq,
        attempts=len(walk.placed),
        older=walk.older,
        head=Head(seq=walk.seq, hash=walk.prev_hash),
        finding=finding,
    )


def _wrong(row: tuple[object, ...], walk: _Walk) -> Finding | None:
    """What is wrong with an entry in its place; else the walk goes on behind it."""
    seq, kinds, *columns = row
    if not isinstance(seq, int) or seq <= walk.seq:
        return Finding(flaw=Flaw.MISPLACED, seq=int(str(seq)))
    if seq > walk.seq + 1:
        return Finding(flaw=Flaw.MISSING, seq=walk.seq + 1)
    *texts, prev_hash, hashed = (bytes(one) if isinstance(one, bytes) else b"" for one in columns)
    if prev_hash != walk.prev_hash:
        return Finding(flaw=Flaw.MISPLACED, seq=seq)
    try:
        fields = Fields(seq, *(text.decode("utf-8") for text in texts))
    except UnicodeDecodeError:
        return Finding(flaw=Flaw.CHANGED, seq=seq)
    if kinds != _TEXTS or link(prev_hash, digest(fields)) != hashed:
        return Finding(flaw=Flaw.CHANGED, seq=seq)
    walk.seq, walk.prev_hash = seq, hashed
    return None


def _ending(connection: sqlite3.Connection, walk: _Walk, heads: dict[int, set[bytes]]) -> Finding | None:
    said = head(connection)
    if said.seq > walk.seq:
        return Finding(flaw=Flaw.CUT_OFF, seq=walk.seq + 1)
    if said != Head(seq=walk.seq, hash=walk.prev_hash):
        return Finding(flaw=Flaw.MISPLACED, seq=said.seq + 1)
    if heads:
        return Finding(flaw=Flaw.CUT_OFF, seq=walk.seq + 1)
    return None


# --- the ledger ----------------------------------------------------------------------------------------


def _compare(connection: sqlite3.Connection, key: bytes, walk: _Walk, row: tuple[object, ...]) -> None:
    """Compare what an entry says of an attempt with the ledger."""
    seq = walk.seq
    at, action, subject, detail = (bytes(row[spot]).decode() for spot in (2, 5, 6, 7))  # type: ignore[call-overload]
    if action == PURGED:
        walk.purged.add(subject)
    if action not in (BEGUN, PLACED, CLOSED, CONCLUDED):
        return
    said = json.loads(detail)
    if action == BEGUN:
        walk.older = int(said["attempts_before"])
        return
    attempt_id = subject.partition(":")[2] if action == CLOSED else said["attempt"]
    if action == PLACED:
        walk.placed[attempt_id] = (subject, f"account:{said['account']}")
    found = connection.execute(SQL["attempt"], {"attempt_id": attempt_id}).fetchone()
    if found is None:
        if action == PLACED:
            finding = Finding(flaw=Flaw.ATTEMPT_MISSING, seq=seq, attempt_id=attempt_id)
            walk.doubts.append((attempt_id, finding))
        return
    for column, logged, stored in _pairs(action, at, subject, said, found, key):
        if logged != stored:
            finding = Finding(flaw=Flaw.ATTEMPT_CHANGED, seq=seq, attempt_id=attempt_id, column=column)
            walk.doubts.append((attempt_id, finding))
            return


def _pairs(
    action: str, at: str, subject: str, said: dict[str, object], row: tuple[object, ...], key: bytes
) -> Iterator[tuple[str, object, object]]:
    """Column, as logged, as stored."""
    stored = dict(zip(_COLUMNS, row, strict=True))
    match action:
        case "attempt.placed":
            yield "debtor_id", subject, debtor_subject(int(str(stored["debtor_id"])))
            yield "number", said["number"], number_digest(key, str(stored["number"]))
            yield "permit_rules", said["rules"], json.loads(str(stored["permit_rules"]))
            yield "account_id", said["account"], stored["account_id"]
            yield "phone_id", said["phone"], stored["phone_id"]
            yield "at", at, stored["at"]
            for column in ("campaign", "server", "trunk", "caller_id"):
                yield column, said[column], stored[column]
        case "attempt.closed":
            yield "closed_at", at, stored["closed_at"]
            for column in CLOSING:
                yield column, said.get(column), stored[column]
        case _:
            yield "disposed_at", at, stored["disposed_at"]
            yield "decided_by", said["by"], stored["decided_by"]
            for column in ("code", "stop", "conversation", "right_party", "next_kind", "next_at", "next_rule"):
                yield column, said.get(column), stored[column]


_COLUMNS: Final = (
    *("campaign", "account_id", "debtor_id", "phone_id", "number", "server", "trunk", "caller_id", "permit_rules"),
    *("at", "closed_at"),
    *CLOSING,
    *("disposed_at", "code", "decided_by", "stop", "conversation", "right_party", "next_kind", "next_at", "next_rule"),
)
"""Of the statement `attempt`."""


def _disagreement(connection: sqlite3.Connection, walk: _Walk) -> Finding | None:
    """The first attempt that the log and the ledger tell differently of, records that were removed left aside."""
    for attempt_id, finding in walk.doubts:
        if walk.purged.isdisjoint(walk.placed.get(attempt_id, ())):
            return finding
    ids = (attempt_id for (attempt_id,) in connection.execute(SQL["attempt_ids"]))
    unlogged = [attempt_id for attempt_id in ids if attempt_id not in walk.placed]
    # What is older than the log has no entry; only their number is known.
    if len(unlogged) > walk.older:
        return Finding(flaw=Flaw.ATTEMPT_UNLOGGED, seq=walk.seq, attempt_id=unlogged[-1])
    return None
