"""The whole engine at a hundred calls a second: store with real fsync, permits, pacing and log, over a real Asterisk.

    python -m benchmarks.throughput [--seconds 60] [--rate 120] [--json] [--quick] [--profile FILE]

SIPp is the people called: 93 % busy, 5 % ring until the dialer gives up (5 s), 2 % answer and hang up after 0.3 s.
Asterisk, SIPp, the agents' phones and the engine share one machine. In the same run a bare loop of Originates, with
no store, no permit and no floor, shows what the same Asterisk and SIPp take by themselves. The exit code is 1 when a
call was lost or, except with --quick, when fewer than 100 calls/s were sustained.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import sqlite3
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from benchmarks import floor
from benchmarks.callees import Callees
from benchmarks.engine_run import EngineFigures, Order, run_engine
from benchmarks.measured import cpu_s, machine
from dialer import log
from dialer.ami.client import AmiClient
from dialer.ami.messages import Message
from dialer.settings import DialerSettings
from dialer.types import Mode

REQUIRED_PER_S = 100.0
AGENTS = 8
PEOPLE = Callees(answer=0.02, silent=0.05, ring_s=0.3, talk_s=0.3)
QUICK_PEOPLE = Callees(answer=0.05, ring_s=0.1, talk_s=0.3)
BARE_FIRST, ENGINE_FIRST = 50_000_000, 10_000_000
BARE_IN_AIR = 100
"""The bare loop keeps so many calls in the air."""
RING_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """What the bare loop did."""

    calls: int
    seconds_s: float
    cpu_s: float


class _BareLoop:
    """Originates, each as soon as an earlier call has ended."""

    def __init__(self, settings: DialerSettings) -> None:
        server = settings.servers[0]
        self._ended = asyncio.Semaphore(BARE_IN_AIR)
        self._in_air = 0
        self._none_left = asyncio.Event()
        self._client = AmiClient(
            name=server.name,
            host=server.host,
            port=server.ami_port,
            username=server.ami_username,
            secret=server.ami_secret,
            subscribed=frozenset({"Hangup"}),
            on_event=self._on_event,
            on_up=lambda _epoch: None,
            on_lost=lambda _reason: None,
            on_login_failed=lambda _reason: None,
        )

    async def run(self, seconds_s: float) -> Bare:
        """Place calls for so long and wait for their ends."""
        await self._client.start()
        began_s, used_s, calls = time.monotonic(), time.process_time(), 0
        while time.monotonic() < began_s + seconds_s:
            await self._ended.acquire()
            self._place(BARE_FIRST + calls)
            calls += 1
        took_s = time.monotonic() - began_s
        if self._in_air:
            await asyncio.wait_for(self._none_left.wait(), 30.0)
        used_s = time.process_time() - used_s
        await self._client.close()
        return Bare(calls=calls, seconds_s=took_s, cpu_s=used_s)

    def _place(self, number: int) -> None:
        self._in_air += 1
        headers = [
            ("ChannelId", f"bare-{number}"),
            ("Channel", f"PJSIP/+86199{number:08d}@{floor.TRUNK}"),
            ("Context", "dialer-customer"),
            ("Exten", "s"),
            ("Priority", "1"),
            ("Timeout", str(round(RING_LIMIT_S * 1000))),
            ("Async", "true"),
        ]
        self._client.send("Originate", headers, timeout_s=30.0)

    def _on_event(self, event: Message) -> None:
        if event.get("Uniqueid").startswith("bare-"):
            self._in_air -= 1
            self._ended.release()
            if not self._in_air:
                self._none_left.set()
            else:
                self._none_left.clear()


def _bare(settings: DialerSettings, seconds_s: float) -> Bare:
    async def run() -> Bare:
        return await _BareLoop(settings).run(seconds_s)

    log.configure(settings.log_path)
    return asyncio.run(run())


def run_bare(settings: DialerSettings, seconds_s: float) -> Bare:
    """The bare loop in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_bare, settings, seconds_s).result()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the store says afterwards."""

    dialled: Counter[str]
    open_attempts: int
    outcomes: dict[str, int]
    placed_at: list[float]
    """Moments, in seconds since the epoch."""


def read_ledger(path: Path) -> Ledger:
    """Read the attempts."""
    database = sqlite3.connect(path)
    try:
        rows = database.execute("SELECT number, outcome, closed_at, disposed_at, at FROM attempts").fetchall()
    finally:
        database.close()
    return Ledger(
        dialled=Counter(row[0] for row in rows),
        open_attempts=sum(row[2] is None or row[3] is None for row in rows),
        outcomes=dict(sorted(Counter(str(row[1]) for row in rows).items())),
        placed_at=sorted(datetime.fromisoformat(row[4]).timestamp() for row in rows),
    )


def slowest_bin_per_s(ledger: Ledger, figures: EngineFigures, *, bin_s: float = 5.0) -> float:
    """Calls per second in the slowest whole bin, the first one left out."""
    first, last = figures.began_at.timestamp() + bin_s, figures.stopped_at.timestamp()
    bins = [0] * int((last - first) / bin_s)
    for at in ledger.placed_at:
        place = int((at - first) // bin_s)
        if at >= first and place < len(bins):
            bins[place] += 1
    return min(bins) / bin_s if bins else 0.0


def measure(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Run both and put the figures together."""
    runs = [
        floor.Run(
            name="throughput",
            first=ENGINE_FIRST,
            accounts=int(options.rate * (options.seconds + 3)),
            mode=Mode.POWER,
            ratio=20.0,
            wrap_up_limit_s=1,
        )
    ]
    agents, people = (4, QUICK_PEOPLE) if options.quick else (AGENTS, PEOPLE)
    with floor.set_up(folder, options.runtime, people, runs, agents=agents, calls_per_s=options.rate) as stage:
        asterisk_pid = stage.asterisk.pid() or 0
        bare_began_s = cpu_s(asterisk_pid)
        bare = run_bare(stage.settings, options.seconds / 4)
        busy_s = {"asterisk": cpu_s(asterisk_pid), "sipp": cpu_s(stage.sipp.pid)}
        bare_asterisk_s = busy_s["asterisk"] - bare_began_s
        order = Order(
            settings=stage.settings,
            campaigns=("throughput",),
            agents=agents,
            seconds_s=options.seconds,
            dispose=False,
            profile=options.profile,
        )
        figures = run_engine(order)[0]
        busy_s = {"asterisk": cpu_s(asterisk_pid) - busy_s["asterisk"], "sipp": cpu_s(stage.sipp.pid) - busy_s["sipp"]}
        ledger = read_ledger(stage.settings.store_path)
        invites = stage.sipp.invites(at_least=sum(ledger.dialled.values()) + bare.calls)
    engine_invites = Counter({number: n for number, n in invites.items() if int(number[-8:]) < BARE_FIRST})
    calls = sum(ledger.dialled.values())
    placing_s = (figures.stopped_at - figures.began_at).total_seconds()
    return {
        **machine(),
        "calls": calls,
        "invites": sum(engine_invites.values()),
        "closed": calls - ledger.open_attempts,
        "lost": sum((ledger.dialled - engine_invites).values()) + sum((engine_invites - ledger.dialled).values()),
        "dialled_twice": sum(count - 1 for count in engine_invites.values()),
        "outcomes": ledger.outcomes,
        "seconds": round(placing_s, 1),
        "calls_per_s": round(calls / placing_s, 1),
        "slowest_5s_calls_per_s": round(slowest_bin_per_s(ledger, figures), 1),
        "engine_cpu_ms_per_call": round(figures.cpu_s / max(calls, 1) * 1000, 2),
        "asterisk_cpu_ms_per_call": round(busy_s["asterisk"] / max(calls, 1) * 1000, 2),
        "sipp_cpu_ms_per_call": round(busy_s["sipp"] / max(calls, 1) * 1000, 2),
        "engine_rss_at_10s_mb": figures.rss_steady_mb,
        "engine_rss_at_end_mb": figures.rss_end_mb,
        "store_at_10s_mb": figures.store_steady_mb,
        "store_at_end_mb": figures.store_end_mb,
        "loop_late_ms": asdict(figures.loop_late_ms) if figures.loop_late_ms else None,
        "bare_calls_per_s": round(bare.calls / bare.seconds_s, 1),
        "bare_cpu_ms_per_call": round(bare.cpu_s / max(bare.calls, 1) * 1000, 2),
        "bare_asterisk_cpu_ms_per_call": round(bare_asterisk_s / max(bare.calls, 1) * 1000, 2),
        "bare_lost": bare.calls - (sum(invites.values()) - sum(engine_invites.values())),
    }


def judge(report: dict[str, object], *, quick: bool) -> list[str]:
    """What is not as it must be."""
    wrong = []
    if report["lost"] or report["dialled_twice"] or not report["calls"]:
        wrong.append("the ledger and the network do not agree on the calls")
    if report["closed"] != report["calls"]:
        wrong.append("an attempt was left open")
    if not quick and float(str(report["calls_per_s"])) < REQUIRED_PER_S:
        wrong.append(f"fewer than {REQUIRED_PER_S:.0f} calls/s")
    return wrong


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description="Calls per second and CPU per call of the whole engine.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=120.0, help="calls/s that the trunk allows")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="3 s at 30 calls/s, counts only")
    parser.add_argument("--profile", type=Path, help="write what cProfile saw of the engine; slows it down")
    parser.add_argument("--runtime", type=Path, default=Path(os.environ.get("DIALER_RUNTIME", ".runtime")))
    options = parser.parse_args()
    options.runtime = options.runtime.absolute()
    if options.quick:
        options.seconds, options.rate = 3.0, 30.0
    with tempfile.TemporaryDirectory(prefix="dialer-bench-") as folder:
        report = measure(options, Path(folder))
    if options.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        print("\n".join(f"{key:32} {value}" for key, value in report.items()))
    wrong = judge(report, quick=options.quick)
    for sentence in wrong:
        print(f"FAILED: {sentence}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
