"""A campaign on a real Asterisk comes out as the simulator says, within what chance does to so short a run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.asterisk

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT_S = 300.0


def test_a_live_campaign_is_where_simulated_ones_of_its_kind_are(asterisk_tools: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.live_vs_simulated", "--quick", "--json"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]} {done.stderr[-2000:]}"
    report = json.loads(done.stdout)
    assert report["answered"]["live"] >= 20
    assert 0.2 < report["occupancy"]["live"] < 1.0
    assert report["runs"] >= 20
