"""What one run came to, and the file in which runs are kept so that a broken-off benchmark goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED_SOURCES = ("dialer/sim", "benchmarks/pacing/worlds.py", "benchmarks/pacing/scenarios.py")
OWN_SOURCES = ("dialer/pacing.py", "dialer/estimates.py", "dialer/shortage.py", "dialer/prediction")
RIVAL_SOURCES = ("benchmarks/pacing/rivals", "benchmarks/pacing/lineup.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run to be made."""

    scenario: str
    rule: str
    target_ratio: float
    seed: int
    hours: float
    code: str
    """Digest of the sources that decide how it comes out; see `digest`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run that was made."""

    scenario: str
    rule: str
    target_ratio: float
    seed: int
    hours: float
    code: str
    agent_h: float
    """Logged in and not paused."""
    occupancy_ratio: float
    """(Talk + wrap-up) / (logged in - paused)."""
    talk_min_per_h: float
    """Talk minutes per agent-hour."""
    dialled: int
    answered: int
    """By a person."""
    abandoned: int
    worst_half_hour_ratio: float | None
    """The highest abandonment of any half hour with 20 answers or more."""
    cpu_s: float

    @property
    def task(self) -> Task:
        """What was asked for."""
        return Task(**{field.name: getattr(self, field.name) for field in fields(Task)})

    @property
    def abandonment_ratio(self) -> float:
        """Abandoned / answered by a person."""
        return self.abandoned / self.answered if self.answered else 0.0


class ResultsFile:
    """Rows as JSON lines; a line is whole or it is dropped."""

    def __init__(self, path: Path) -> None:
        """Open, and read what is there.

        Args:
            path: of the file; made when the first row comes.
        """
        self._path = path
        self._rows = {row.task: row for row in _read(path)}

    def missing(self, tasks: Sequence[Task]) -> list[Task]:
        """Those that have not been run, each once, in their order."""
        return [task for task in dict.fromkeys(tasks) if task not in self._rows]

    def add(self, row: Row) -> None:
        """Keep a row at once."""
        self._rows[row.task] = row
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(row)) + "\n")

    def rows(self, tasks: Iterable[Task]) -> list[Row]:
        """The rows of tasks, as far as they have been run."""
        return [self._rows[task] for task in dict.fromkeys(tasks) if task in self._rows]


def _read(path: Path) -> Iterable[Row]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield Row(**json.loads(line))
        except (ValueError, TypeError):  # broken off while it was written, or of another version
            continue


def digest(*, ours: bool) -> str:
    """Twelve digits that change with the sources on which a run depends: the simulator, and the rules.

    The floor itself is not among them: it is meant to be made faster without another outcome. After a change of what it
    does, remove the results file.

    Args:
        ours: of our pacer; False: of the rivals.
    """
    found = hashlib.sha256()
    for name in (*SHARED_SOURCES, *(OWN_SOURCES if ours else RIVAL_SOURCES)):
        path = REPOSITORY / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if file.exists():
                found.update(file.read_bytes())
    return found.hexdigest()[:12]
