"""Figures about processes and samples, for the benchmarks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least this share (0..1) of all samples do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How samples are spread, in their own unit."""

    count: int
    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread | None:
        """The spread, or None of nothing."""
        if not samples:
            return None
        p50, p95, p99, most = (round(percentile(samples, share), 2) for share in (0.5, 0.95, 0.99, 1.0))
        return cls(count=len(samples), p50=p50, p95=p95, p99=p99, max=most)

    def words(self) -> str:
        """One line."""
        return (
            f"p50 {self.p50:8.2f}  p95 {self.p95:8.2f}  p99 {self.p99:8.2f}  max {self.max:8.2f}  ({self.count} calls)"
        )


def cpu_s(pid: int) -> float:
    """Seconds of CPU time that a process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def rss_mb(pid: int) -> float:
    """Memory that a process has in use, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return round(pages * _PAGE_BYTES / 1e6, 1)


def machine() -> dict[str, object]:
    """The machine and how busy it is, with our own processes and all others: runnable ones in the mean."""
    name = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        "unknown processor",
    )
    load = [round(load, 1) for load in os.getloadavg()]
    return {"processor": name, "cores": os.cpu_count(), "load_1_5_15min": load}
