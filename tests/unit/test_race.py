"""Ten thousand operations on shared debtors by several processes at once, checked by somebody who took no part.

Triggers that only this test has write down, in the order of committing, when a call begins and is concluded and when a
desk is taken and left. From that alone it is told whether two ever had one debtor.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dialer.store.following import Tail
from dialer.store.sqlite import SqliteStore
from race_worker import ACCOUNTS, DEADLINE_S, HAD_AT_LEAST, THREADS
from store_cases import account, stocked

PROCESSES = 3
OPERATIONS = 10_000
WITNESS = """
CREATE TABLE witness (n INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, debtor_id INTEGER, who TEXT);
CREATE TRIGGER w_dial AFTER INSERT ON attempts
BEGIN INSERT INTO witness (what, debtor_id, who) VALUES ('begin', NEW.debtor_id, 'call ' || NEW.attempt_id); END;
CREATE TRIGGER w_done AFTER UPDATE OF disposed_at ON attempts
WHEN OLD.disposed_at IS NULL AND NEW.disposed_at IS NOT NULL
BEGIN INSERT INTO witness (what, debtor_id, who) VALUES ('end', NEW.debtor_id, 'call ' || NEW.attempt_id); END;
CREATE TRIGGER w_desk AFTER INSERT ON desks
BEGIN INSERT INTO witness (what, debtor_id, who) VALUES ('begin', NEW.debtor_id, 'desk ' || NEW.holder); END;
CREATE TRIGGER w_over AFTER UPDATE ON desks WHEN OLD.holder <> NEW.holder
BEGIN INSERT INTO witness (what, debtor_id, who) VALUES ('stolen', NEW.debtor_id, 'desk ' || NEW.holder); END;
CREATE TRIGGER w_left AFTER DELETE ON desks
BEGIN INSERT INTO witness (what, debtor_id, who) VALUES ('end', OLD.debtor_id, 'desk ' || OLD.holder); END;
"""


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[dict[str, object]], list[int]]]:
    """The store afterwards, what every worker was told, and what a reader read meanwhile."""
    folder = tmp_path_factory.mktemp("race")
    path = folder / "dialer.db"
    with closing(SqliteStore.create(path)) as store:
        # Two accounts each, so that two may want one debtor by different accounts.
        stocked(store, [account(f"a{n}", n, debtor=f"d{n // 2}", due="1000.00") for n in range(ACCOUNTS)])
    with closing(sqlite3.connect(path)) as plain:
        plain.executescript(WITNESS)
    read: list[int] = []
    stop = threading.Event()
    reader = threading.Thread(target=_read, args=[path, read, stop])
    reader.start()
    each = str(-(-OPERATIONS // (PROCESSES * THREADS)))
    logs = [folder / f"log{number}" for number in range(PROCESSES)]
    here = Path(__file__).parent
    worker = str(here / "race_worker.py")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(here.parents[1]), str(here)])}
    running = [
        subprocess.Popen(
            [sys.executable, worker, str(path), f"p{number}", str(number), each, str(log)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, log in enumerate(logs)
    ]
    try:
        assert [one.stdout and one.stdout.readline() for one in running] == ["ready\n"] * PROCESSES
        for one in running:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        errors = [one.communicate(timeout=DEADLINE_S)[1] for one in running]
        assert [one.returncode for one in running] == [0] * PROCESSES, "".join(errors)
    finally:
        for one in running:
            one.kill()  # those that still run
        stop.set()
        reader.join()
    yield path, [json.loads(line) for log in logs for line in log.read_text().splitlines()], read


def _read(path: Path, read: list[int], stop: threading.Event) -> None:
    with closing(SqliteStore.open(path)) as store:
        tail = Tail(store, 0)
        while True:
            last = stop.is_set()  # asked before reading: what was committed until then is read once more
            found = tail.new()
            read += [event.seq for event in found]
            if last and not found:
                return
            stop.wait(0.005)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as store:
        return store.execute(sql).fetchall()


Raced = tuple[Path, list[dict[str, object]], list[int]]


def test_no_debtor_ever_had_two_holders_and_nobody_was_dialled_twice_at_once(raced: Raced) -> None:
    path, said, _ = raced
    holder: dict[object, object] = {}
    for what, debtor_id, who in rows(path, "SELECT what, debtor_id, who FROM witness ORDER BY n"):
        if what == "begin":
            assert debtor_id not in holder, f"{who} while {holder.get(debtor_id)} had debtor {debtor_id}"
            holder[debtor_id] = who
        else:
            assert (what, holder.pop(debtor_id, None)) == ("end", who)
    begun = rows(path, "SELECT who FROM witness WHERE what = 'begin'")
    kinds = Counter(str(who).partition(" ")[0] for (who,) in begun)
    for kind, did in {"call": "dial", "desk": "desk"}.items():
        assert kinds[kind] >= PROCESSES * THREADS * HAD_AT_LEAST[kind] > 300, f"too little happened: {kinds}"
        assert sum(one["did"] == did for one in said) == kinds[kind], f"a {kind} nobody knows of, or none that was"
    done = [one["operations"] for one in said if one["did"] == "all"]
    assert sum(done) >= OPERATIONS, done  # type: ignore[arg-type]


def test_no_event_is_lost_and_none_is_there_twice(raced: Raced) -> None:
    path, said, _ = raced
    known: dict[object, object] = dict(rows(path, "SELECT seq, kind FROM account_events"))  # type: ignore[arg-type]
    told = [one for one in said if one["did"] == "tell"]
    for one in told:
        for seq, kind in one["events"]:  # type: ignore[attr-defined]
            assert known.get(seq) == kind, f"{one} is not in the stream"
    first = Counter(str(one["key"]) for one in told if not one["duplicate"])
    assert set(first.values()) == {1}, "one key took effect twice"
    assert any(one["duplicate"] for one in told)
    payments = [key for key in first if int(key[1:]) % 4 == 0]
    assert len(payments) == len(rows(path, "SELECT 1 FROM payments"))
    assert len(payments) == sum(kind == "payment.received" for kind in known.values())
    assert [one for one in said if one["did"] == "refused"] == []


def test_who_reads_along_reads_every_event_once_and_in_order(raced: Raced) -> None:
    path, _, read = raced
    assert read == [seq for (seq,) in rows(path, "SELECT seq FROM account_events ORDER BY seq")]
    taken = rows(path, "SELECT debtor_id, kind FROM account_events WHERE kind LIKE 'desk.%' ORDER BY seq")
    open_desks: set[object] = set()
    for debtor_id, kind in taken:
        assert (debtor_id in open_desks) is (kind == "desk.left")
        (open_desks.discard if kind == "desk.left" else open_desks.add)(debtor_id)


def test_what_is_held_at_the_end_is_what_the_store_says(raced: Raced) -> None:
    path, _, _ = raced
    assert rows(path, "SELECT 1 FROM attempts WHERE disposed_at IS NULL") == []
    begun = "SELECT debtor_id, sum(what = 'begin') - sum(what = 'end') FROM witness GROUP BY 1 HAVING 2 > 0"
    held = {debtor_id for debtor_id, left in rows(path, begun) if left}
    assert held == {debtor_id for (debtor_id,) in rows(path, "SELECT debtor_id FROM desks")}
