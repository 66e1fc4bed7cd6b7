"""`dialer serve` as chaos and the soak run it: with a clock that can be set back, and that tells what it holds.

    python -m benchmarks.chaos.engine_main FOLDER --config dialer.yaml serve

`FOLDER/clock` holds how many seconds the wall clock is off. On SIGUSR2 the engine writes `FOLDER/holds.json`. It dies
with whoever started it. Nothing else is changed: the program is the one that `dialer` runs.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from dialer import app
from dialer.clock import SystemClock

CLOCK, HOLDS = "clock", "holds.json"
_PR_SET_PDEATHSIG = 1


class SetClock(SystemClock):
    """The machine's clocks, the wall clock off by what a file says."""

    def __init__(self) -> None:
        self._file = _folder() / CLOCK

    def now_at(self) -> datetime:
        """The wall clock as somebody has set it."""
        try:
            off_s = float(self._file.read_text(encoding="ascii") or 0)
        except FileNotFoundError:
            off_s = 0.0
        return datetime.now(UTC) + timedelta(seconds=off_s)


def tell(_number: int, _frame: FrameType | None) -> None:
    """Write down the tasks and files that the engine holds."""
    tasks = Counter(task.get_name().split(" ")[0].rstrip("-0123456789") for task in asyncio.all_tasks())
    files = len(list(Path("/proc/self/fd").iterdir())) - 1  # the folder itself
    draft = _folder() / f"{HOLDS}.draft"
    draft.write_text(json.dumps({"tasks": tasks, "files": files}), encoding="ascii")
    draft.rename(_folder() / HOLDS)


def _folder() -> Path:
    return Path(os.environ["DIALER_CHAOS_FOLDER"])


def main() -> None:
    """Run the command line with the clock in place."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ["DIALER_CHAOS_FOLDER"] = sys.argv.pop(1)
    setattr(app, "SystemClock", SetClock)  # noqa: B010  # the one place where the engine gets its clock
    signal.signal(signal.SIGUSR2, tell)
    from dialer.cli.main import main as run  # after the clock is in place

    run()


if __name__ == "__main__":
    main()
