"""A slice of the case on a real Asterisk comes out as the case's simulator says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.asterisk

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT_S = 600.0


def test_a_slice_of_the_case_is_live_what_it_is_simulated(asterisk_tools: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.case_slice", "--quick", "--json"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]} {done.stderr[-2000:]}"
    report = json.loads(done.stdout)
    assert report["dials"]["live"] >= 15
    assert report["runs"] >= 50
    assert 0.2 < report["occupancy"]["live"] < 1.0
