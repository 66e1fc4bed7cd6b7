"""Two processes on one file, and a process that is killed in the middle of its work."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dialer.store.sqlite import SqliteStore
from store_cases import LIST, account, stocked, take

HERE = Path(__file__).parent
BATCH = 20
ROUNDS = 120

RACER = """
import sys, time
from pathlib import Path
from store_cases import AT, step, take, whole_call
from dialer.store.sqlite import SqliteStore
from dialer.types import NextKind
store = SqliteStore.open(sys.argv[1])
engine, flags, rounds = sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
began_s = time.monotonic()
for turn in range(rounds):
    for index, lead in enumerate(take(store, 3, engine=engine)):
        held = [flags / f"debtor{lead.debtor_id}", flags / lead.number]
        for flag in held:
            flag.touch(exist_ok=False)  # fails when the other process has the same debtor or number
        if turn % 2:
            whole_call(store, lead, f"{engine}-{turn}-{index}", step(NextKind.RETRY, AT))
        for flag in held:
            flag.unlink()
    store.release_leases(engine)
print(began_s, time.monotonic())
"""

WRITER = """
import itertools, sys
from store_cases import closed, placed, take
from dialer.store.sqlite import SqliteStore
store = SqliteStore.open(sys.argv[1])
batch = int(sys.argv[2])
for turn in itertools.count():
    leads = take(store, batch)
    ids = [f"att-{turn:04}-{index:02}" for index in range(batch)]
    store.apply([write for lead, id in zip(leads, ids, strict=True) for write in (placed(lead, id), closed(id))])
    print(turn + 1, flush=True)
"""


def spawn(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(HERE)!r})\n{script}", *arguments],
        cwd=HERE.parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_that_race_for_leads_never_hold_the_same_debtor_or_number(tmp_path: Path) -> None:
    path, flags = tmp_path / "store.db", tmp_path / "flags"
    flags.mkdir()
    # Eight accounts of five debtors with five numbers: both want nearly the same every time.
    accounts = [account(f"a{index}", index % 5, index * 3 % 5, debtor=f"d{index % 5}") for index in range(8)]
    stocked(SqliteStore.create(path), accounts).close()
    racers = [spawn(RACER, str(path), f"engine-{index}", str(flags), str(ROUNDS)) for index in range(2)]
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = [racer.communicate(timeout=60)[0].split() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0], "neither met a flag of the other"
    (one_began, one_ended), (two_began, two_ended) = (map(float, words) for words in said)
    assert max(one_began, two_began) < min(one_ended, two_ended), "they ran at the same time"
    store = SqliteStore.open(path)
    assert store.open_attempts() == ()
    with store.reading() as database:
        (engines,) = database.execute("SELECT count(DISTINCT substr(attempt_id, 1, 8)) FROM attempts").fetchone()
    assert engines == 2, "both had a share"
    store.close()


@pytest.mark.parametrize("after", [1, 4, 9])
def test_a_killed_process_leaves_whole_batches_only_and_all_that_were_confirmed(tmp_path: Path, after: int) -> None:
    path = tmp_path / "store.db"
    stocked(SqliteStore.create(path), [account(f"a{index}", index) for index in range(2000)]).close()
    writer = spawn(WRITER, str(path), str(BATCH))
    assert writer.stdout is not None
    confirmed = 0
    while confirmed < after:
        confirmed = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate(timeout=30)
    confirmed = max([confirmed, *map(int, rest.split())])
    assert writer.returncode == -signal.SIGKILL
    store = SqliteStore.open(path)
    with store.reading() as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (attempts,) = database.execute("SELECT count(*) FROM attempts").fetchone()
        (half_done,) = database.execute("SELECT count(*) FROM attempts WHERE closed_at IS NULL").fetchone()
    assert attempts % BATCH == 0
    assert attempts // BATCH in (confirmed, confirmed + 1)
    assert half_done == 0
    store.close()


def test_what_a_killed_engine_had_in_the_air_is_found_and_its_other_leases_can_be_given_back(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.db"
    stocked(SqliteStore.create(path), [account(f"a{index}", index) for index in range(10)]).close()
    script = WRITER.replace(", closed(id)", ",").replace("take(store, batch)", "take(store, batch + 3)[:batch]")
    writer = spawn(f"{script}    sys.stdin.readline()\n", str(path), "5")
    assert writer.stdout is not None and writer.stdout.readline() == "1\n"
    writer.kill()
    writer.communicate(timeout=30)
    store = SqliteStore.open(path)
    found = store.open_attempts()
    assert len(found) == 5
    assert store.release_leases("engine-1") == 3
    assert len(take(store)) == 5
    assert {each.lead.account_no for each in found}.isdisjoint(lead.account_no for lead in take(store))
    store.close()


READER = """
import sys
from dialer.store.sqlite import SqliteStore
store = SqliteStore.open(sys.argv[1], key=sys.argv[2])
print(store.list_progress(sys.argv[3]).total)
store.close()  # the last to close a store deletes its log
"""


@pytest.mark.parametrize("key", ["", "a passphrase"])
def test_a_store_opened_twice_by_one_process_keeps_its_locks_so_that_no_reader_deletes_its_log(
    tmp_path: Path, key: str
) -> None:
    path = tmp_path / "store.sqlite"
    first = SqliteStore.create(path, key=key)
    stocked(first, [account("A1", 1)])
    SqliteStore.create(path, key=key).close()

    def seen() -> int:
        line = [sys.executable, "-c", READER, str(path), key, LIST]
        return int(subprocess.run(line, capture_output=True, check=True, text=True).stdout)

    assert seen() == 1
    stocked(first, [account("A2", 2)])
    assert seen() == 2, "another process closed the store and deleted the log that this one writes to"
    first.close()
