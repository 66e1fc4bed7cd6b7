"""The only two clocks: monotonic seconds for timers, aware UTC for records and calling hours."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What shells read time from; the simulator brings its own."""

    def now_s(self) -> float:
        """Monotonic seconds; only differences mean anything."""
        ...

    def now_at(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_s(self) -> float:
        """Monotonic seconds; only differences mean anything."""
        return time.monotonic()

    def now_at(self) -> datetime:
        """The wall clock, aware, in UTC."""
        return datetime.now(UTC)
