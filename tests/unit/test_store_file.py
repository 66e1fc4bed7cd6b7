from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from dialer.errors import StoreError
from dialer.store import connection, migrations
from dialer.store.sqlite import SqliteStore
from dialer.store.statements import Statements
from dialer.types import NextKind
from store_cases import AT, account, as_of_version, closed, placed, step, stocked, take, whole_call

NEWEST = migrations.known()[-1].version


def versions(path: Path) -> list[tuple[int, str]]:
    with sqlite3.connect(path) as opened:
        return opened.execute("SELECT version, name FROM schema_version ORDER BY version").fetchall()


def test_a_new_store_is_private_and_survives_the_plug_being_pulled(tmp_path: Path) -> None:
    path = tmp_path / "var" / "lib" / "store.db"
    store = SqliteStore.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert {folder.stat().st_mode & 0o777 for folder in (path.parent, path.parent.parent)} == {0o700}
    stocked(store, [account("a", 1)])
    assert {each.stat().st_mode & 0o077 for each in path.parent.iterdir()} == {0}, "and so are WAL and SHM"
    with store.reading() as database:
        settings = {
            name: database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    full = 2
    assert settings == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "busy_timeout": connection.BUSY_S * 1000,
    }
    store.close()


def test_a_store_that_others_can_read_is_made_private(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    SqliteStore.create(path).close()
    path.chmod(0o644)
    SqliteStore.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_empty_file_gets_every_version_once(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    SqliteStore.create(path).close()
    SqliteStore.create(path).close()
    assert versions(path) == [(each.version, each.name) for each in migrations.known()]
    assert [each.version for each in migrations.known()] == list(range(1, NEWEST + 1))


def test_a_file_of_the_first_version_is_brought_up_to_date_with_its_data(tmp_path: Path) -> None:
    newer = SqliteStore.create(tmp_path / "store.db")
    stocked(newer, [account("a", 1), account("b", 2)])
    (lead, _) = take(newer)
    newer.apply([placed(lead, "att-1")])
    newer.close()
    path = as_of_version(tmp_path / "store.db", 1)
    assert versions(path) == [(1, "initial")]
    after = SqliteStore.open(path)
    assert versions(path)[-1][0] == NEWEST
    (found,) = after.open_attempts()
    assert (found.attempt_id, found.lead) == ("att-1", lead)
    assert after.list_progress("spring").total == 2
    after.close()


def test_a_migration_that_fails_leaves_the_version_before(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    connection.make_file(path)
    database = connection.connect(path)
    migrations.migrate(database, AT, up_to=1)
    database.execute("CREATE INDEX agent_times_began ON agent_times (state)")  # the last one of version 2
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrations.migrate(database, AT)
    assert migrations.version(database.conn) == 1
    assert "attempts_campaign" not in {index.name for index in database.table("attempts").indexes}
    database.close()


def test_a_migration_that_another_process_did_meanwhile_is_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    SqliteStore.create(path).close()
    looks = iter([0])
    real = migrations.version
    database = connection.connect(path)
    monkeypatch.setattr(migrations, "version", lambda opened: 0 if next(looks, 1) == 0 else real(opened))
    assert migrations.migrate(database, AT) == 0
    database.close()


def test_a_newer_file_is_refused_with_a_cure(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    SqliteStore.create(path).close()
    database = Database(path)
    database.table("schema_version").insert({"version": NEWEST + 1, "name": "future", "applied_at": "x"})
    database.close()
    with pytest.raises(StoreError, match=f"version {NEWEST + 1}.*newer dialer.*Install"):
        SqliteStore.open(path)


def test_a_missing_store_is_named_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no store at .*nowhere\.db.*store_path"):
        SqliteStore.open(tmp_path / "nowhere.db")


def test_a_store_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"cannot be made.*another store_path"):
        SqliteStore.create(tmp_path / "file" / "store.db")


def test_something_else_than_a_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"name,phone\n" * 200)
    with pytest.raises(StoreError, match="not a store at all"):
        SqliteStore.open(path)


def test_a_damaged_store_says_so(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = stocked(SqliteStore.create(path), [account(f"a{index}", index) for index in range(200)])
    with store.reading() as database:
        page = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'accounts_pool'").fetchone()[0]
    store.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    store = SqliteStore.open(path)
    with pytest.raises(StoreError, match=r"is damaged.*backup"):
        take(store)
    store.close()


def test_a_locked_store_says_so_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_S", 0.05)
    path = tmp_path / "store.db"
    store = stocked(SqliteStore.create(path), [account("a", 1)])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another process"):
        take(store)
    other.execute("ROLLBACK")
    other.close()
    assert len(take(store)) == 1
    store.close()


def test_a_full_disk_says_so_and_what_was_saved_stays(tmp_path: Path) -> None:
    store = stocked(SqliteStore.create(tmp_path / "store.db"), [account("a", 1)])
    with store.reading() as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="disk is full"):
        stocked(store, [account(f"b{index}", index) for index in range(2, 500)])
    assert store.list_progress("spring").total == 1
    store.close()


def test_a_closed_store_fails_in_a_sentence(tmp_path: Path) -> None:
    store = SqliteStore.create(tmp_path / "store.db")
    store.close()
    with pytest.raises(StoreError, match="failed"):
        store.open_attempts()


@pytest.mark.parametrize("file", ["lease", "write", "import", "learned"])
def test_no_statement_of_the_engine_reads_a_whole_table(tmp_path: Path, file: str) -> None:
    store = SqliteStore.create(tmp_path / "store.db")
    statements = Statements(file)
    assert statements.names()
    whole = re.compile(r"SCAN (accounts|attempts|phones|debtors|dispositions|call_events|a|p|t|d)\b(?!.*INDEX)")
    with store.reading() as database:
        for name in statements.names():
            parameters = dict.fromkeys(re.findall(r":([a-z_]+)", statements[name]))
            plan = database.execute(f"EXPLAIN QUERY PLAN {statements[name]}", parameters).fetchall()
            assert not [step for *_, step in plan if whole.match(step)], name
    store.close()


def test_the_store_can_be_shared_by_a_reader_while_an_engine_writes(tmp_path: Path) -> None:
    store = stocked(SqliteStore.create(tmp_path / "store.db"), [account("a", 1)])
    reader = SqliteStore.open(tmp_path / "store.db")
    with reader.reading() as database:
        assert database.execute("SELECT count(*) FROM attempts").fetchone() == (0,)
        (lead,) = take(store)
        whole_call(store, lead, "att-1", step(NextKind.CLOSED))
        assert database.execute("SELECT count(*) FROM attempts").fetchone() == (0,), "one unchanging view"
    assert reader.list_progress("spring").done == 1
    store.apply([])
    with pytest.raises(StoreError, match="never saved"):
        store.apply([closed("att-404")])
    reader.close()
    store.close()
