"""The benchmarks run, and lose no call on the way; how fast they are is theirs to say, on a machine left alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.asterisk

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT_S = 90.0
NAMES = ("throughput", "connect_latency")

Report = dict[str, object]


@pytest.fixture(scope="module")
def reports(asterisk_tools: object) -> Iterator[dict[str, Report]]:
    """Run both at once: each has ports and a folder of its own."""
    running = {
        name: subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{name}", "--quick", "--json"],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in NAMES
    }
    try:
        ended = {name: process.communicate(timeout=LIMIT_S) for name, process in running.items()}
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    for name, (output, errors) in ended.items():
        assert running[name].returncode == 0, f"{name}: {output[-1000:]} {errors[-2000:]}"
    yield {name: json.loads(output) for name, (output, _) in ended.items()}


def test_at_full_tilt_the_ledger_the_network_and_the_closed_attempts_are_the_same_calls(
    reports: dict[str, Report],
) -> None:
    report = reports["throughput"]
    assert report["calls"] == report["invites"] == report["closed"]
    assert report["calls"]
    assert (report["lost"], report["dialled_twice"], report["bare_lost"]) == (0, 0, 0)


def test_every_answered_call_of_the_latency_benchmark_was_seen_by_ledger_network_and_witness(
    reports: dict[str, Report],
) -> None:
    variants = reports["connect_latency"]["variants"]
    assert isinstance(variants, list)
    [one] = variants
    assert one["bridged"] == one["calls"] == one["asterisk_ms"]["count"] > 0
    assert one["lost"] == 0
