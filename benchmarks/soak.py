"""Thousands of calls over real SIP: does the engine's memory stay flat, and is anything left behind?

    scripts/soak [--calls 20000] [--json]

SIPp is the people, six softphones are the agents, the engine is a process of its own. Its memory is read every second;
its asyncio tasks and open files are counted before the first call and after the last. The exit code is 1 when memory
grew by more than 5 % after the warm-up, a task or a file was left behind, an account is in no final and no waiting
state, or a number saw another number of INVITEs than the ledger has attempts. About ten calls a second: 20,000 take
about 40 minutes.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.chaos.people import Behaviour, invites
from benchmarks.chaos.stage import CAMPAIGN, Stage, set_up
from benchmarks.measured import machine, rss_mb
from dialer.types import CampaignState

REPOSITORY = Path(__file__).resolve().parents[1]
GROWS_AT_MOST_RATIO = 0.05
WARM_UP_SHARE, WARM_UP_CALLS = 0.25, 5000
"""The warm-up is this share of the calls, but no more than so many: SQLite's cache of 8 MiB is full after 2,000 calls,
those of 4,096 masked numbers and the like after as many."""
LOOK_EVERY_S = 1.0
TELL_EVERY_S = 15.0
CALLS_PER_S_AT_LEAST = 1.0
"""Slower than this and the run is given up."""
PEOPLE = Behaviour(answer=0.35, busy=0.55, chatty=0.0, ring_s=(0.05, 0.4), talk_s=(0.3, 0.9))
RULES: dict[str, object] = {
    "mode": "power",
    "pacing": {"ratio": 3, "max_calls_per_s": 20},
    "calling": {"min_gap": "0s", "min_ring": "5s", "legal_wait": "2s"},
    "ring_timeout": "5s",
    "record": False,
    "wrap_up_limit": "1s",
    "retry": {"no_answer": ["1d"], "busy": ["1d"]},
}
_BARS = "▁▂▃▄▅▆▇█"
_FINAL_OR_WAITING = ("waiting", "closed", "never")
_CHART_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the engine."""

    at_s: float
    calls: int
    rss_mb: float


@dataclass(slots=True, kw_only=True)
class Soaked:
    """What came of it."""

    calls: int
    attempts: int
    seconds_s: float
    looks: list[Look] = field(default_factory=list)
    warm_mb: float
    end_mb: float
    tasks_before: dict[str, int]
    tasks_after: dict[str, int]
    files_before: int
    files_after: int
    accounts: dict[str, int]
    miscounted: list[str]

    @property
    def growth_ratio(self) -> float:
        """Of the engine's memory since the end of the warm-up."""
        return self.end_mb / self.warm_mb - 1

    def problems(self, *, grows_at_most_ratio: float = GROWS_AT_MOST_RATIO) -> list[str]:
        """Everything that must not be, as sentences."""
        found = [f"{number} was miscounted" for number in self.miscounted]
        if self.growth_ratio > grows_at_most_ratio:
            found.append(f"memory grew by {self.growth_ratio:.1%} after the warm-up")
        left = Counter(self.tasks_after) - Counter(self.tasks_before)
        found += [f"{count} tasks {name!r} were left behind" for name, count in left.items()]
        if self.files_after > self.files_before:
            found.append(f"{self.files_after - self.files_before} open files were left behind")
        found += [
            f"{count} accounts are {state}" for state, count in self.accounts.items() if state not in _FINAL_OR_WAITING
        ]
        return found


def soak(folder: Path, runtime: Path, calls: int, progress: Callable[[str], None]) -> Soaked:
    """Call so many numbers once.

    Args:
        folder: fresh.
        runtime: where Asterisk is installed.
        calls: how many accounts, each called once.
        progress: is told a line now and then.

    Raises:
        TimeoutError: It did not get on.
    """
    with set_up(
        folder,
        runtime,
        PEOPLE,
        accounts=calls,
        campaign=RULES,
        calls_per_s=20.0,
        small_disk=False,
        progress=progress,
    ) as stage:
        tasks_before, files_before = stage.engine.holds()
        began_s = time.monotonic()
        stage.engine.call("campaign.start", campaign=CAMPAIGN)
        looks = _watch(stage, calls, began_s, progress)
        seconds_s = time.monotonic() - began_s
        tasks_after, files_after = stage.engine.holds()
        stage.engine.stop()
        seen = invites(stage.calls())
        dialled, accounts = _ledger(stage.settings.store_path)
    warm = _warm(looks, calls)
    return Soaked(
        calls=seen.total(),
        attempts=dialled.total(),
        seconds_s=seconds_s,
        looks=looks,
        warm_mb=_level(warm[: max(1, len(warm) // 10)]),
        end_mb=_level(warm[-max(1, len(warm) // 10) :]),
        tasks_before=tasks_before,
        tasks_after=tasks_after,
        files_before=files_before,
        files_after=files_after,
        accounts=accounts,
        miscounted=[number for number in seen | dialled if seen[number] != dialled[number]],
    )


def _watch(stage: Stage, calls: int, began_s: float, progress: Callable[[str], None]) -> list[Look]:
    """Look at the engine every second until the list is done and everybody is at rest."""
    looks: list[Look] = []
    told_s = began_s
    give_up_s = began_s + 60.0 + calls / CALLS_PER_S_AT_LEAST
    while time.monotonic() < give_up_s:
        time.sleep(LOOK_EVERY_S)
        seen = stage.engine.snapshot()
        if seen is None:
            continue
        [row] = [row for row in seen.campaigns if row.name == CAMPAIGN]
        now_s = time.monotonic()
        looks.append(Look(now_s - began_s, row.dialled, rss_mb(stage.engine.pid)))
        if now_s - told_s > TELL_EVERY_S:
            told_s = now_s
            progress(f"{row.dialled:6d} calls, {row.dialled / (now_s - began_s):4.1f} a second, {looks[-1].rss_mb} MB")
        at_rest = row.dialled >= calls and not seen.calls
        if row.state is CampaignState.FINISHED or (at_rest and _nobody_wraps_up(stage)):
            return looks
    raise TimeoutError(f"Only {looks[-1].calls if looks else 0} of {calls} calls were placed in {give_up_s:.0f} s.")


def _nobody_wraps_up(stage: Stage) -> bool:
    """On a crowded machine a phone may be late to connect, and its agent is then paused for the rest."""
    seen = stage.engine.snapshot()
    return seen is not None and all(row.state in ("ready", "paused") for row in seen.agents)


def _warm(looks: Sequence[Look], calls: int) -> list[Look]:
    warm_at = min(WARM_UP_CALLS, round(calls * WARM_UP_SHARE))
    return [look for look in looks if look.calls >= warm_at] or list(looks)


def _level(looks: Sequence[Look]) -> float:
    return statistics.median(look.rss_mb for look in looks)


def _ledger(store: Path) -> tuple[Counter[str], dict[str, int]]:
    """How often each number was dialled, and how many accounts are in which state."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
        dialled = Counter(row[0].lstrip("+") for row in database.execute("SELECT number FROM attempts"))
        state = "CASE WHEN leased_by IS NULL THEN state ELSE 'leased' END"
        query = f"SELECT {state}, count(*) FROM accounts GROUP BY {state}"
        return dialled, dict(database.execute(query).fetchall())


def chart(looks: Sequence[Look]) -> str:
    """The engine's memory over the run, as one line of bars with its scale."""
    if not looks:
        return "no look at the engine was taken"
    size = max(1, -(-len(looks) // _CHART_COLUMNS))
    levels = [_level(looks[index : index + size]) for index in range(0, len(looks), size)]
    low, high = min(levels) * 0.95, max(levels)
    bars = "".join(_BARS[round((level - low) / (high - low or 1) * (len(_BARS) - 1))] for level in levels)
    return f"memory {low:.0f} to {high:.1f} MB over {looks[-1].at_s:.0f} s\n{bars}"


def _table(done: Soaked) -> str:
    lines = [
        "",
        f"{done.calls} INVITEs seen by SIPp, {done.attempts} attempts, in {done.seconds_s:.0f} s "
        f"({done.calls / done.seconds_s:.1f} a second)",
        f"memory after the warm-up {done.warm_mb:.1f} MB, at the end {done.end_mb:.1f} MB ({done.growth_ratio:+.1%})",
        f"asyncio tasks before {sum(done.tasks_before.values())}, after {sum(done.tasks_after.values())}; "
        f"open files before {done.files_before}, after {done.files_after}",
        f"accounts: {', '.join(f'{count} {state}' for state, count in sorted(done.accounts.items()))}",
        chart(done.looks),
    ]
    return "\n".join([*lines, *(f"PROBLEM: {problem}" for problem in done.problems())])


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=20_000, help="how many calls (default 20000, about 40 minutes)")
    parser.add_argument("--json", action="store_true", help="one object instead of text")
    options = parser.parse_args()
    if options.calls < 1:
        parser.error(f"--calls {options.calls}: at least 1 is needed, or nothing is looked at")

    def say(line: str) -> None:
        if not options.json:
            print(line, flush=True)

    with tempfile.TemporaryDirectory(prefix="dialer-soak-") as folder:
        done = soak(Path(folder), REPOSITORY / ".runtime", options.calls, say)
    if options.json:
        told = {key: value for key, value in asdict(done).items() if key != "looks"}
        print(json.dumps(told | {"problems": done.problems(), "machine": machine()}, ensure_ascii=False, indent=1))
    else:
        print(_table(done))
        print(machine())
    return 1 if done.problems() else 0


if __name__ == "__main__":
    sys.exit(main())
