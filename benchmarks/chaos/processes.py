"""The engine as a process that can be killed, stopped and looked into from outside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.chaos.engine_main import CLOCK, HOLDS
from dialer.control_client import ControlClient, NoEngineError
from dialer.errors import ControlError
from dialer.settings import DialerSettings
from dialer.snapshot import Snapshot

REPOSITORY = Path(__file__).resolve().parents[2]
STOPS_WITHIN_S = 30.0
_POLL_S = 0.02


class EngineProcess:
    """`dialer serve`, which dies with this process.

    Args:
        settings: of the stage.
        folder: for the clock's file and what the engine tells.
        environment: variables besides, such as another DIALER_AMI_PORT.
    """

    def __init__(self, settings: DialerSettings, folder: Path, environment: Mapping[str, str]) -> None:
        self.settings = settings
        self.deaths: list[int] = []
        """Exit statuses of every end that nobody asked for."""
        self._folder = folder
        self._environment = {**os.environ, **environment, "PYTHONPATH": str(REPOSITORY)}
        self._client = ControlClient(settings.control_path)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running engine."""
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        """Start it; returns at once."""
        line = [sys.executable, "-m", "benchmarks.chaos.engine_main", str(self._folder)]
        line += ["--config", str(self.settings.source), "serve"]
        with (self._folder / "engine.out").open("ab") as output:
            self._child = subprocess.Popen(
                line, env=self._environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=REPOSITORY
            )

    def kill(self) -> None:
        """SIGKILL: no goodbye to anybody."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def revive(self) -> bool:
        """Start it again if it has ended by itself, and remember that as a defect."""
        if self._child is None or self._child.poll() is None:
            return False
        self.deaths.append(self._child.returncode)
        self.start()
        return True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def stop(self) -> None:
        """Ask it to end; kill it when it does not."""
        if self._child is None or self._child.poll() is not None:
            return
        with contextlib.suppress(ControlError):
            self._client.call("engine.stop", drain_s=0)
        try:
            self._child.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def call(self, method: str, **params: str) -> None:
        """Ask as the command line asks."""
        self._client.call(method, **params)

    def snapshot(self) -> Snapshot | None:
        """The floor now; None while nobody answers."""
        try:
            return self._client.snapshot()
        except (NoEngineError, ControlError, OSError):
            return None

    def set_clock(self, off_s: float) -> None:
        """Let the engine's wall clock be off by so much."""
        draft = self._folder / f"{CLOCK}.draft"
        draft.write_text(str(off_s), encoding="ascii")
        draft.rename(self._folder / CLOCK)

    def holds(self, *, within_s: float = 10.0) -> tuple[dict[str, int], int]:
        """The engine's asyncio tasks by name, and how many files it has open."""
        told = self._folder / HOLDS
        told.unlink(missing_ok=True)
        self.signal(signal.SIGUSR2)
        deadline_s = time.monotonic() + within_s
        while not told.exists():
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"The engine did not tell within {within_s:.0f} s what it holds.")
            time.sleep(_POLL_S)
        whole = json.loads(told.read_text(encoding="ascii"))
        return {str(name): int(count) for name, count in whole["tasks"].items()}, int(whole["files"])
