"""The store encrypted: nothing readable in its files, clear words for a wrong key, and no crash that loses it."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dialer.cli.main import app
from dialer.errors import StoreError, WriteRefusedError
from dialer.store import rekeying
from dialer.store.audit_check import verify
from dialer.store.rekeying import rekey
from dialer.store.sqlite import SqliteStore
from dialer.types import NextKind
from store_cases import account, step, stocked, take, whole_call

KEY = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4
PASSPHRASE = "it's a passphrase; -- with everything"
MARKS = (b"MARKNAME", b"+8613900000001", b"MARKACCOUNT", b"CREATE TABLE", b"SQLite format")


def made(path: Path, key: str) -> None:
    """A store with a marked debtor and a call, closed."""
    with closing(SqliteStore.create(path, key=key)) as store:
        stocked(store, [replace(account("MARKACCOUNT", 1), debtor_name="MARKNAME"), account("two", 2)])
        whole_call(store, take(store)[0], "att-1", step(NextKind.CLOSED))


def files(path: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in path.parent.iterdir() if one.name.startswith(path.name)}


def found_in(path: Path) -> set[bytes]:
    content = b"".join(files(path).values())
    return {mark for mark in MARKS if mark in content}


def debtors(path: Path, key: str) -> list[str]:
    with closing(SqliteStore.open(path, key=key)) as store, store.reading() as database:
        assert verify(database.conn).finding is None
        return [name for (name,) in database.execute("SELECT name FROM debtors ORDER BY 1")]


@pytest.mark.parametrize("key", [KEY, PASSPHRASE])
def test_an_encrypted_store_works_and_shows_nothing(tmp_path: Path, key: str) -> None:
    path = tmp_path / "dialer.sqlite"
    with closing(SqliteStore.create(path, key=key)) as store:
        stocked(store, [replace(account("MARKACCOUNT", 1), debtor_name="MARKNAME"), account("two", 2)])
        assert found_in(path) == set()  # the write-ahead log neither
        whole_call(store, take(store)[0], "att-1", step(NextKind.CLOSED))
        with pytest.raises(WriteRefusedError), store.writing() as connection:
            connection.execute("DELETE FROM call_events")
            connection.execute("INSERT INTO debtors (identity, name) SELECT identity, name FROM debtors")
    assert found_in(path) == set()
    assert debtors(path, key) == ["MARKNAME", "王two"]
    assert {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()} == {0o600}


def test_without_a_key_the_same_marks_are_there(tmp_path: Path) -> None:
    made(tmp_path / "dialer.sqlite", "")
    assert found_in(tmp_path / "dialer.sqlite") == set(MARKS)


@pytest.mark.parametrize(
    ("made_with", "opened_with", "says"),
    [
        (KEY, OTHER, "does not open with this key"),
        (KEY, PASSPHRASE, "does not open with this key"),
        (PASSPHRASE, PASSPHRASE + "!", "does not open with this key"),
        (KEY, "", "is encrypted, or is not a store"),
        ("", KEY, "dialer store encrypt"),
    ],
)
def test_a_wrong_key_is_told_in_words_that_help(tmp_path: Path, made_with: str, opened_with: str, says: str) -> None:
    path = tmp_path / "dialer.sqlite"
    made(path, made_with)
    before = files(path)
    with pytest.raises(StoreError, match=says) as told:
        SqliteStore.open(path, key=opened_with)
    assert not any(key and key in str(told.value) for key in (KEY, OTHER, PASSPHRASE))
    assert files(path) == before
    assert debtors(path, made_with) == ["MARKNAME", "王two"]


def test_a_page_that_somebody_changed_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "dialer.sqlite"
    made(path, KEY)
    content = bytearray(path.read_bytes())
    content[5 * 4096 + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError), closing(SqliteStore.open(path, key=KEY)) as store, store.reading() as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            database.execute(f"SELECT * FROM {table}").fetchall()


@pytest.mark.parametrize(("old", "new"), [("", KEY), (KEY, ""), (KEY, OTHER), ("", PASSPHRASE), (PASSPHRASE, KEY)])
def test_a_store_changes_its_key_and_nothing_else(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "dialer.sqlite"
    made(path, old)
    with closing(SqliteStore.open(path, key=old)) as store, store.reading() as database:
        before = sorted(database.conn.iterdump()) if not old else []
    seen: list[tuple[int, int]] = []
    done = rekey(path, old, new, lambda count, every: seen.append((count, every)))
    assert done.rows > 10 and done.size_bytes == path.stat().st_size
    assert seen[-1][0] == seen[-1][1] > 0
    assert list(files(path)) == [path.name]
    assert found_in(path) == (set() if new else set(MARKS))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert debtors(path, new) == ["MARKNAME", "王two"]
    if not old:
        rekey(path, new, "")
        with closing(sqlite3.connect(path)) as plain:
            assert sorted(plain.iterdump()) == before


def test_the_old_plain_file_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "dialer.sqlite"
    made(path, "")
    with path.open("rb") as old:  # keeps the file that has no name any more
        rekey(path, "", KEY)
        content = old.read()
    assert content == bytes(len(content)) and content


@pytest.mark.parametrize(
    ("made_with", "old", "says"),
    [("", KEY, "is not encrypted"), (KEY, "", "is encrypted already"), (KEY, OTHER, "Nothing was changed")],
)
def test_a_wrong_old_key_changes_nothing(tmp_path: Path, made_with: str, old: str, says: str) -> None:
    path = tmp_path / "dialer.sqlite"
    made(path, made_with)
    before = files(path)
    with pytest.raises(StoreError, match=says):
        rekey(path, old, OTHER)
    assert files(path) == before


def test_while_somebody_has_the_store_open_nothing_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "dialer.sqlite"
    made(path, "")
    # In a process of its own, as an engine or a command would be.
    script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM debtors').fetchall();"
    script += "c.execute('BEGIN'); c.execute('SELECT 1 FROM debtors').fetchall(); print(1, flush=True); input()"
    reader = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert reader.stdout is not None
    try:
        assert reader.stdout.readline()
        with pytest.raises(StoreError, match="Another process has the store"):
            rekey(path, "", KEY)
    finally:
        reader.communicate("\n")
    assert debtors(path, "") == ["MARKNAME", "王two"]
    assert path.name + ".new" not in files(path)


@pytest.mark.parametrize("fails", ["_counted", "_verify", "_flush"])
def test_whatever_fails_before_the_end_leaves_the_store_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    path = tmp_path / "dialer.sqlite"
    made(path, "")

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="Input/output"):
        patched.setattr(rekeying, fails, broken)
        rekey(path, "", KEY)
    assert debtors(path, "") == ["MARKNAME", "王two"]
    assert rekey(path, "", KEY).rows > 10
    assert debtors(path, KEY) == ["MARKNAME", "王two"]


KILLED = """
import os, signal, sys
from pathlib import Path
from dialer.store import rekeying
path, where, key = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if where == "after":
    rekeying._overwrite = die
elif where != "copying":
    setattr(rekeying, where, die)
rekeying._STEP = 100
rekeying.rekey(path, "", key, die if where == "copying" else lambda done, every: None)
"""


@pytest.mark.parametrize(("where", "key_after"), [("copying", ""), ("_verify", ""), ("_flush", ""), ("after", KEY)])
def test_a_kill_leaves_the_old_store_or_the_new_one_whole(tmp_path: Path, where: str, key_after: str) -> None:
    path = tmp_path / "dialer.sqlite"
    made(path, "")
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path), where, KEY], check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert debtors(path, key_after) == ["MARKNAME", "王two"]
    if not key_after:
        rekey(path, "", KEY)  # and the next run takes no harm from what was left
        assert debtors(path, KEY) == ["MARKNAME", "王two"]
        assert set(files(path)) == {path.name}


# --- the commands --------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("d")
    run(place, "init", str(place))
    assert run(place, "import", str(place / "lists/sample.csv"), "--list", "demo").exit_code == 0
    return place


def run(folder: Path, *words: str) -> Result:
    environment = {"LC_ALL": "en_US.UTF-8", "COLUMNS": "120", "DIALER_CONFIG": str(folder / "config/dialer.yaml")}
    return CliRunner().invoke(app, list(words), env=environment)


def set_key(folder: Path, name: str) -> None:
    settings = folder / "config/dialer.yaml"
    text = settings.read_text().split("\nstore:")[0]
    settings.write_text(text + (f"\nstore: {{key: !file secrets/{name}}}\n" if name else "\n"))


def exported(folder: Path) -> int:
    told = run(folder, "export", "accounts", "--list", "demo", "--out", str(folder / "a.csv"))
    assert told.exit_code == 0, told.output
    return len((folder / "a.csv").read_text().splitlines())


def test_a_store_is_encrypted_rekeyed_and_decrypted_from_the_command_line(folder: Path) -> None:
    told = run(folder, "store", "encrypt")
    assert (told.exit_code, "new-key" in told.stderr) == (2, True)
    for name in ("store", "store2"):
        assert run(folder, "store", "new-key", str(folder / "config/secrets" / name)).exit_code == 0
    assert run(folder, "store", "new-key", str(folder / "config/secrets/store")).exit_code == 2
    rows, path = exported(folder), folder / "var/dialer.sqlite"
    set_key(folder, "store")
    assert "dialer store encrypt" in run(folder, "export", "accounts", "--list", "demo", "--out", "x.csv").stderr
    assert "is encrypted" in run(folder, "store", "encrypt").output
    assert path.read_bytes()[:15] != b"SQLite format 3"
    assert exported(folder) == rows
    assert "the store is encrypted" in run(folder, "doctor").output
    assert run(folder, "store", "rekey", "--to", str(folder / "config/secrets/store2")).exit_code == 0
    assert "does not open with this key" in run(folder, "export", "accounts", "--list", "demo", "--out", "x.csv").stderr
    set_key(folder, "store2")
    assert exported(folder) == rows
    assert run(folder, "store", "decrypt").exit_code == 0
    set_key(folder, "")
    assert exported(folder) == rows
    assert "the store is not encrypted" in run(folder, "doctor").output
    with closing(sqlite3.connect(path)) as store:
        log = [row for (row,) in store.execute("SELECT action FROM audit WHERE action LIKE 'dialer store %'")]
    assert log == ["dialer store encrypt", "dialer store rekey", "dialer store decrypt"]


def test_a_key_is_no_word_of_any_output(folder: Path) -> None:
    run(folder, "store", "new-key", str(folder / "config/secrets/store"))
    key = (folder / "config/secrets/store").read_text().strip()
    set_key(folder, "store")
    commands: list[Callable[[], Result]] = [
        lambda: run(folder, "doctor"),
        lambda: run(folder, "doctor", "--json"),
        lambda: run(folder, "store", "encrypt", "--json"),
        lambda: run(folder, "store", "encrypt"),
        lambda: run(folder, "report", "demo", "--json"),
    ]
    for ask in commands:
        assert key not in ask().output
    os.truncate(folder / "var/dialer.sqlite", 100)
    assert key not in run(folder, "report", "demo").output
