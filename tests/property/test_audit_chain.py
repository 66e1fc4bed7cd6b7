"""Whatever byte of the log of decisions is changed, whichever entries are removed, doubled or swapped: it is found."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.audit import AuditEntry
from dialer.store import audit_check, audit_export
from dialer.store.audit_check import Verified
from dialer.store.chain import ORIGIN, Fields, Head, canonical
from dialer.store.sqlite import SqliteStore

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ENTRIES = 12
COLUMNS = ("at", "actor", "role", "action", "subject", "detail", "prev_hash", "hash")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)


@pytest.fixture(scope="module")
def log() -> Iterator[sqlite3.Connection]:
    """Requests in two languages, in memory, with the guards taken away."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore.create(Path(folder) / "store.db")
        for index in range(ENTRIES - 1):
            at = AT + timedelta(seconds=index)
            detail = ("允许", '{"a":1}', "x\x00y")[index % 3]
            store.audit(AuditEntry(at=at, actor=f"李{index}", role="admin", action="a.b", subject="s", detail=detail))
        memory = sqlite3.connect(":memory:", isolation_level=None)
        with store.reading() as database:
            pass
        database.conn.backup(memory)
        store.close()
    for trigger in ("audit_stays", "audit_remains"):
        memory.execute(f"DROP TRIGGER {trigger}")
    assert verified(memory).finding is None and verified(memory).entries == ENTRIES
    yield memory
    memory.close()


@contextmanager
def touched(log: sqlite3.Connection) -> Iterator[None]:
    """What is done within is undone."""
    log.execute("BEGIN")
    try:
        yield
    finally:
        log.execute("ROLLBACK")


def verified(connection: sqlite3.Connection, *noted: Head) -> Verified:
    return audit_check.verify(connection, noted=noted)


@settings(max_examples=400, deadline=None)
@given(seq=st.integers(1, ENTRIES), column=st.sampled_from(COLUMNS), spot=st.integers(0, 400), byte=st.integers(1, 255))
def test_any_changed_byte_of_any_entry_is_found(
    log: sqlite3.Connection, seq: int, column: str, spot: int, byte: int
) -> None:
    with touched(log):
        kind, value = log.execute(
            f"SELECT typeof({column}), CAST({column} AS BLOB) FROM audit WHERE seq = ?", (seq,)
        ).fetchone()
        changed = bytearray(value or b"\0")
        changed[spot % len(changed)] ^= byte
        stored = "?" if kind == "blob" else "CAST(? AS TEXT)"
        log.execute(f"UPDATE audit SET {column} = {stored} WHERE seq = ?", (bytes(changed), seq))
        found = verified(log).finding
    assert found is not None
    assert found.seq == seq


@settings(max_examples=200, deadline=None)
@given(order=st.permutations(range(1, ENTRIES + 1)), kept=st.integers(1, ENTRIES))
def test_entries_that_are_moved_or_removed_are_found_at_the_first_of_them(
    log: sqlite3.Connection, order: list[int], kept: int
) -> None:
    wanted = order[:kept]
    with touched(log):
        rows = {row[0]: row for row in log.execute("SELECT * FROM audit")}
        log.execute("DELETE FROM audit")
        for seq, origin in enumerate(wanted, start=1):
            log.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (seq, *rows[origin][1:]))
        found = verified(log).finding
    as_it_was = [seq for seq, origin in enumerate(wanted, start=1) if seq != origin]
    if not as_it_was and kept == ENTRIES:
        assert found is None
    else:
        assert found is not None
        assert found.seq == (as_it_was[0] if as_it_was else kept + 1)


@given(texts=st.lists(st.text(), min_size=6, max_size=6), seq=st.integers(1, 10**15))
def test_the_canonical_text_is_json_as_the_standard_library_writes_it(texts: list[str], seq: int) -> None:
    text = json.dumps([seq, *texts], ensure_ascii=False, separators=(",", ":"))
    try:
        wanted = text.encode()
    except UnicodeEncodeError:
        return  # half a character: no column can hold it
    assert canonical(Fields(seq, *texts)) == wanted


@settings(max_examples=150, deadline=None)
@given(since=st.integers(0, ENTRIES), length=st.integers(0, ENTRIES), texts=st.tuples(TEXTS, TEXTS))
def test_any_excerpt_proves_itself_and_no_other_words(
    log: sqlite3.Connection, since: int, length: int, texts: tuple[str, str]
) -> None:
    begin = AT + timedelta(seconds=since)
    told = audit_export.document(audit_export.of_span(log, begin, begin + timedelta(seconds=length)))
    assert audit_export.wrong_entry(told) is None
    entries = told["entries"]
    assert isinstance(entries, list)
    for one in entries:
        assert audit_export.wrong_entry(told | {"entries": [one | {"actor": one["actor"] + "x"}]}) is not None
        if (one["action"], one["detail"]) != texts:
            changed = one | {"action": texts[0], "detail": texts[1]}
            assert audit_export.wrong_entry(told | {"entries": [changed]}) is not None


@given(noted=st.integers(0, ENTRIES + 2), digits=st.binary(min_size=32, max_size=32))
@settings(deadline=None)
def test_only_a_head_that_the_log_had_is_agreed_to(log: sqlite3.Connection, noted: int, digits: bytes) -> None:
    row = log.execute("SELECT hash FROM audit WHERE seq = ?", (noted,)).fetchone()
    if row is not None:
        assert verified(log, Head(seq=noted, hash=bytes(row[0]))).finding is None
    agreed = verified(log, Head(seq=noted, hash=digits)).finding is None
    assert agreed == (noted == 0 and digits == ORIGIN)  # the log of the first day has no entry yet
