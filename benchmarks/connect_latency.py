"""From a customer's answer to the agent's ear: milliseconds by three clocks, at 20 calls a second with 16 agents.

    python -m benchmarks.connect_latency [--seconds 60] [--rate 20] [--agents 16] [--json] [--quick]

engine    connect_ms of the ledger: from the arrival of the answer's event to that of the completed bridge
asterisk  its own timestamps, seen by a second manager session: Newstate Up to the second party's BridgeEnter
ear       the agent's softphone, at 2 calls/s: Newstate Up to the first sample of sound in the agent's ear, which is
          the tone that tells of a call, and to the first sample of the customer, who speaks from the answer on

SIPp is the people: they answer after 50 ms, talk for 0.6 s and hang up; a conversation is concluded at once, so that 16
agents can serve 20 calls/s. Recorded and unrecorded conversations are measured one after the other. The exit code is
1 when calls were lost or, except with --quick, when the 99th percentile of `asterisk` is above 20 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import ear, floor
from benchmarks.callees import Callees
from benchmarks.engine_run import EngineFigures, Order, run_engine
from benchmarks.measured import Spread, machine
from benchmarks.witness import Bridged, Witness
from dialer.phones import tones
from dialer.phones.protocol import PhoneEvent

REQUIRED_P99_MS = 20.0
EAR_CALLS_PER_S = 2.0
EAR_AGENTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A bridged call of the ledger."""

    attempt_id: str
    agent_id: str
    connect_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The figures of one campaign."""

    name: str
    calls: int
    bridged: int
    lost: int
    calls_per_s: float
    engine_ms: Spread | None
    asterisk_ms: Spread | None
    loop_late_ms: Spread | None
    engine_cpu_ms_per_call: float
    rss_end_mb: float


def bridged_calls(store: Path, campaign: str) -> tuple[list[Call], int]:
    """The bridged calls of a campaign, and how many calls there were at all."""
    database = sqlite3.connect(store)
    try:
        rows = database.execute(
            "SELECT attempt_id, agent_id, connect_ms FROM attempts WHERE campaign = ?", (campaign,)
        ).fetchall()
    finally:
        database.close()
    calls = [Call(attempt_id=row[0], agent_id=row[1], connect_ms=row[2]) for row in rows if row[2] is not None]
    return calls, len(rows)


def variant(store: Path, figures: EngineFigures, witnessed: Mapping[str, Bridged], invites: int) -> Variant:
    """Put one campaign's figures together."""
    calls, attempts = bridged_calls(store, figures.campaign)
    asterisk_ms = [
        (seen.bridged_at - seen.answered_at) * 1000
        for call in calls
        if (seen := witnessed.get(call.attempt_id)) is not None
    ]
    return Variant(
        name=figures.campaign,
        calls=attempts,
        bridged=len(calls),
        lost=abs(attempts - invites) + len(calls) - len(asterisk_ms),
        calls_per_s=round(attempts / (figures.stopped_at - figures.began_at).total_seconds(), 1),
        engine_ms=Spread.of([call.connect_ms for call in calls]),
        asterisk_ms=Spread.of(asterisk_ms),
        loop_late_ms=figures.loop_late_ms,
        engine_cpu_ms_per_call=round(figures.cpu_s / max(attempts, 1) * 1000, 2),
        rss_end_mb=figures.rss_end_mb,
    )


def measure_bridges(options: argparse.Namespace, folder: Path) -> list[Variant]:
    """The two clocks at full rate, with and without recordings."""
    accounts = int(options.rate * (options.seconds + 3))
    runs = [floor.Run(name="unrecorded", first=10_000_000, accounts=accounts)]
    if not options.quick:
        runs.append(floor.Run(name="recorded", first=20_000_000, accounts=accounts, record=True))
    with (
        floor.set_up(
            folder, options.runtime, Callees(), runs, agents=options.agents, calls_per_s=options.rate
        ) as stage,
        Witness(stage.settings.servers[0], folder / "witness.txt") as witness,
    ):
        order = Order(
            settings=stage.settings,
            campaigns=tuple(run.name for run in runs),
            agents=options.agents,
            seconds_s=options.seconds,
            dispose=True,
        )
        figures = run_engine(order)
        invites = stage.sipp.invites()
    witnessed = witness.bridges()
    counts = [
        sum(n for number, n in invites.items() if run.first <= int(number[-8:]) < run.first + run.accounts)
        for run in runs
    ]
    store = stage.settings.store_path
    return [variant(store, one, witnessed, count) for one, count in zip(figures, counts, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ear:
    """What agents heard, in ms from Newstate Up."""

    sound_ms: Spread | None
    voice_ms: Spread | None


def measure_ear(options: argparse.Namespace, folder: Path) -> Ear:
    """What the agents hear, at a rate at which their ears are quiet in between."""
    folder.mkdir()
    voice = folder / "voice.ulaw"
    voice.write_bytes(ear.VOICE)
    seconds = min(30.0, options.seconds)
    runs = [floor.Run(name="ear", first=30_000_000, accounts=int(EAR_CALLS_PER_S * (seconds + 3)))]
    told: defaultdict[str, list[PhoneEvent]] = defaultdict(list)
    with (
        floor.set_up(
            folder,
            options.runtime,
            Callees(talk_s=1.0, voice=voice),
            runs,
            agents=EAR_AGENTS,
            calls_per_s=EAR_CALLS_PER_S,
            record=folder / "{user}.wav",
            on_phone_event=lambda event: told[event.phone].append(event),
        ) as stage,
        Witness(stage.settings.servers[0], folder / "witness.txt") as witness,
    ):
        run_engine(
            Order(settings=stage.settings, campaigns=("ear",), agents=EAR_AGENTS, seconds_s=seconds, dispose=True)
        )
    calls, _ = bridged_calls(stage.settings.store_path, "ear")
    recordings = {user: tones.read_wav(folder / f"{user}.wav") for user in told}
    witnessed = witness.bridges()
    epoch_s = time.time() - time.monotonic()
    heard = [
        ear.hear(told[call.agent_id], recordings[call.agent_id], witnessed[call.attempt_id].answered_at - epoch_s)
        for call in calls
        if call.attempt_id in witnessed
    ]
    return Ear(
        sound_ms=Spread.of([one.sound_ms for one in heard if one is not None]),
        voice_ms=Spread.of([one.voice_ms for one in heard if one is not None and one.voice_ms is not None]),
    )


def judge(variants: Sequence[Variant], heard: Ear | None, *, quick: bool) -> list[str]:
    """What is not as it must be."""
    wrong = [f"{one.name}: calls were lost" for one in variants if one.lost or not one.bridged]
    if heard is not None and (heard.sound_ms is None or heard.voice_ms is None):
        wrong.append("no call was heard")
    for one in variants:
        if not quick and one.asterisk_ms is not None and one.asterisk_ms.p99 > REQUIRED_P99_MS:
            wrong.append(f"{one.name}: p99 {one.asterisk_ms.p99} ms is above {REQUIRED_P99_MS:.0f} ms")
    return wrong


def show(report: dict[str, object], variants: Sequence[Variant], heard: Ear | None) -> None:
    """Print for people; all times in ms."""
    for key, value in report.items():
        print(f"{key:12} {value}")
    for one in variants:
        print(f"{one.name}: {one.bridged} of {one.calls} calls bridged, {one.calls_per_s} calls/s, {one.lost} lost")
        for clock, spread in (
            ("engine", one.engine_ms),
            ("asterisk", one.asterisk_ms),
            ("loop late", one.loop_late_ms),
        ):
            print(f"  {clock:10} {spread.words() if spread else 'nothing'}")
        print(f"  engine's CPU {one.engine_cpu_ms_per_call} ms per call, memory at the end {one.rss_end_mb} MB")
    ears = () if heard is None else (("ear, sound", heard.sound_ms), ("ear, voice", heard.voice_ms))
    for what, spread in ears:
        print(f"{what:12} {spread.words() if spread else 'nothing'}")


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description="Milliseconds from a customer's answer to the agent.")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each variant")
    parser.add_argument("--rate", type=float, default=20.0, help="calls/s that the trunk allows")
    parser.add_argument("--agents", type=int, default=16)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="4 agents, 5 calls/s, 3 s, no ear, counts only")
    parser.add_argument("--runtime", type=Path, default=Path(os.environ.get("DIALER_RUNTIME", ".runtime")))
    options = parser.parse_args()
    options.runtime = options.runtime.absolute()
    if options.quick:
        options.seconds, options.rate, options.agents = 3.0, 5.0, 4
    with tempfile.TemporaryDirectory(prefix="dialer-bench-") as folder:
        variants = measure_bridges(options, Path(folder))
        heard = None if options.quick else measure_ear(options, Path(folder) / "ear")
    report = machine()
    if options.json:
        whole = {
            **report,
            "variants": [asdict(one) for one in variants],
            "ear": asdict(heard) if heard is not None else None,
        }
        print(json.dumps(whole, ensure_ascii=False))
    else:
        show(report, variants, heard)
    wrong = judge(variants, heard, quick=options.quick)
    for sentence in wrong:
        print(f"FAILED: {sentence}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
