"""300 calls over real SIP leave no task, no open file and no account behind; `scripts/soak` makes it 20,000."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.soak import Look, Soaked, chart, soak

REPOSITORY = Path(__file__).resolve().parents[2]
CALLS = 300
YOUNG_RATIO = 0.25
"""In its first minute an engine still fills its caches; that memory is flat afterwards, only the long run can show."""


@pytest.mark.asterisk
def test_300_calls_leave_nothing_behind_and_every_account_at_rest(tmp_path: Path):
    runtime = Path(os.environ.get("DIALER_RUNTIME", REPOSITORY / ".runtime"))
    done = soak(tmp_path, runtime, CALLS, print)
    assert (done.calls, done.attempts) == (CALLS, CALLS)
    assert done.problems(grows_at_most_ratio=YOUNG_RATIO) == []


def soaked(**changes: object) -> Soaked:
    values: dict[str, object] = {
        "calls": 2,
        "attempts": 2,
        "seconds_s": 1.0,
        "warm_mb": 100.0,
        "end_mb": 104.0,
        "tasks_before": {"engine": 1},
        "tasks_after": {"engine": 1},
        "files_before": 20,
        "files_after": 20,
        "accounts": {"closed": 1, "waiting": 1},
        "miscounted": [],
    }
    return Soaked(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"end_mb": 106.0}, "memory grew by 6.0% after the warm-up"),
        ({"tasks_after": {"engine": 1, "inquire": 2}}, "2 tasks 'inquire' were left behind"),
        ({"files_after": 23}, "3 open files were left behind"),
        ({"accounts": {"closed": 1, "leased": 4}}, "4 accounts are leased"),
        ({"miscounted": ["8619900000001"]}, "8619900000001 was miscounted"),
    ],
)
def test_each_thing_left_behind_is_a_problem(changes: dict[str, object], problem: str):
    assert soaked().problems() == []
    assert soaked(**changes).problems() == [problem]


def test_the_chart_shows_growth_from_left_to_right():
    bars = chart([Look(float(s), s, 100.0 + s) for s in range(200)]).splitlines()[-1]
    assert (bars[0], bars[-1]) == (min(bars), "█")
