"""How long does a report over a million accounts take, the first time and every other time?

    python -m benchmarks.portfolio [--accounts 1000000] [--folder DIR] [--quick] [--json]

A made-up book of 18 months with payments and calls is put into a store (kept in `--folder`, and used again when it is
there). Then `dialer report portfolio --html` is run as its user runs it, in a process of its own: with nothing kept,
with the columns kept, after a hundred debtors have changed. Ratios are over the report's plainest part in SQLite's own
SQL on the same rows: how many accounts of each region and industry are late.

The bar: all but the first run within `BAR_S` on a million accounts, by the clock; on a machine that has more to do than
cores, by processor time. `--quick` (30,000) judges that the kept columns are used and are quicker.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, TypeVar

from dialer.account_events import AccountEvent, EventKind
from dialer.made_up.book import BookPlan
from dialer.made_up.filling import Filling, fill_store
from dialer.store.happened import note
from dialer.store.sqlite import SqliteStore
from dialer.types import DebtorId

BAR_S: Final = 5.0
TODAY: Final = date(2026, 11, 28)
_CHANGED: Final = 100
_PLAIN: Final = """
SELECT a.region, a.industry, count(*), sum(late) FROM accounts a JOIN (
    SELECT account_id, max(due_on < '2026-11-28' AND (paid_on IS NULL OR paid_on > '2026-11-28')) AS late
    FROM instalments GROUP BY account_id) USING (account_id)
GROUP BY a.region, a.industry"""
T = TypeVar("T")


def main() -> int:
    """Measure, print, and say by the exit code whether the bar is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None, help="Keep the store here, or use the one that is here.")
    parser.add_argument("--quick", action="store_true", help="30,000 accounts; judges no seconds.")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    accounts = 30_000 if options.quick else options.accounts
    with tempfile.TemporaryDirectory() as scratch:
        found = measure(options.folder or Path(scratch), accounts)
    busy = "cpu_" if found["load_before"] > (os.cpu_count() or 1) / 2 else ""
    slowest = max(found[f"later_{busy}s"], found[f"changed_{busy}s"])
    is_met = found["later_s"] < found["first_s"] if options.quick else slowest <= BAR_S
    print(json.dumps(found | {"bar_met": is_met}, indent=2) if options.json else told(found, accounts, is_met=is_met))
    return 0 if is_met else 1


def measure(folder: Path, accounts: int) -> dict[str, float]:
    """All figures; seconds are those of the clock."""
    project = folder / f"portfolio-{accounts}"
    path = project / "var" / "dialer.sqlite"
    filled_s = 0.0
    if not path.exists():
        run("init", str(project))
        filled_s, _ = timed(lambda: fill(path, accounts))
    page = project / "portfolio.html"
    settings = str(project / "config" / "dialer.yaml")
    report = ["--config", settings, "report", "portfolio", "--html", str(page), "--today", TODAY.isoformat()]
    load = os.getloadavg()[0]
    first_s, first_cpu_s = run(*report, "--anew")
    later_s, later_cpu_s = min(run(*report) for _ in range(3))
    store = SqliteStore.open(path)
    change(store)
    changed_s, changed_cpu_s = run(*report)
    with store.reading() as database:
        counts = {
            table: int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
            for table in ("accounts", "instalments", "payments", "attempts", "promises")
        }
        plain_s, _ = timed(lambda: database.execute(_PLAIN).fetchall())
    store.close()
    start_s, start_cpu_s = run("--version")
    return counts | {
        "filled_s": filled_s,
        "first_s": first_s,
        "later_s": later_s,
        "changed_s": changed_s,
        "start_up_s": start_s,
        "first_cpu_s": first_cpu_s,
        "later_cpu_s": later_cpu_s,
        "changed_cpu_s": changed_cpu_s,
        "start_up_cpu_s": start_cpu_s,
        "plain_sql_s": plain_s,
        "later_over_plain": later_s / plain_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "page_kb": page.stat().st_size / 1024,
        "load_before": load,
    }


def fill(path: Path, accounts: int) -> None:
    """Put the book into a new store."""
    store = SqliteStore.create(path)
    try:
        plan = BookPlan(accounts=accounts, seed=1, today=TODAY)
        fill_store(store, plan, Filling(lines=False), lambda made: print(f"{made:,} accounts", file=sys.stderr))
    finally:
        store.close()


def change(store: SqliteStore) -> None:
    """Let something happen to some debtors, all over the book."""
    with store.writing() as connection:
        (last,) = connection.execute("SELECT max(debtor_id) FROM debtors").fetchone()
        for number in range(_CHANGED):
            debtor_id = DebtorId(1 + number * (last - 1) // _CHANGED)
            note(connection, AccountEvent(kind=EventKind.NOTE_ADDED, at=datetime.now(UTC), debtor_id=debtor_id))


def run(*words: str) -> tuple[float, float]:
    """Run `dialer` in a process of its own; returns seconds of the clock and of processors."""
    command = [sys.executable, "-c", "from dialer.cli.main import main; main()", *words]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - begun, used_s


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of the clock, and what came of it."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def told(found: dict[str, float], accounts: int, *, is_met: bool) -> str:
    """The figures for people."""
    rows = ", ".join(f"{found[name]:,} {name}" for name in ("instalments", "payments", "attempts", "promises"))

    def both(name: str) -> str:
        return f"{found[f'{name}_s']:.2f} s by the clock, {found[f'{name}_cpu_s']:.2f} s of processors"

    figures = (
        ("machine", f"{os.cpu_count()} cores ({platform.machine()}), load {found['load_before']:.1f}"),
        ("filled in", f"{found['filled_s']:.0f} s"),
        ("first report, columns made", both("first")),
        ("every other report", both("later")),
        (f"after {_CHANGED} debtors changed", both("changed")),
        ("of that, dialer starting", both("start_up")),
        ("late by region and industry", f"{found['plain_sql_s']:.2f} s in SQLite's SQL alone"),
        ("whole report over that", f"{found['later_over_plain']:.2f}"),
        ("most memory", f"{found['peak_mb']:,.0f} MB"),
        ("bar", "met" if is_met else "MISSED"),
    )
    return f"{accounts:,} accounts: {rows}\n" + "\n".join(f"{name:30}{value}" for name, value in figures)


if __name__ == "__main__":
    sys.exit(main())
