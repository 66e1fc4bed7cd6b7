"""Runs of the case that are done, one file for each, so that a broken-off case goes on where it was.

A run is kept under a digest of what was asked and of the code that plays it: another version does its own runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

from dialer.sim.case.nature import NATURE
from dialer.sim.case.study import Outcome, Task

_PACKAGE: Final = Path(__file__).parents[1]
_PLAYERS: Final = (
    *("sim", "floor", "prediction", "compliance", "campaigns", "ordering", "config"),
    *(
        "pacing.py",
        "estimates.py",
        "calls.py",
        "agents.py",
        "calling_rules.py",
        "settings.py",
        "leads.py",
        "facts.py",
        "effects.py",
    ),
)
"""On which a run depends."""
_ENDS: Final = ("*.py", "*.yaml")
"""Code, the rule profiles, and the campaign's file."""


def default_folder(environment: Mapping[str, str]) -> Path:
    """In the user's cache folder. Source: XDG Base Directory Specification, XDG_CACHE_HOME."""
    named = environment.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "dialer" / "case"


class Cache:
    """A folder of outcomes.

    Args:
        folder: made when the first one is kept.
        fresh: what is there is not read.
    """

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        self._folder, self._fresh = folder, fresh

    def get(self, task: Task) -> Outcome | None:
        """What came of a task, or None; a file that cannot be read counts as none."""
        if self._fresh:
            return None
        try:
            return Outcome.of(json.loads(self._path(task).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, task: Task, outcome: Outcome) -> None:
        """Keep an outcome: whole or not at all."""
        path = self._path(task)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(outcome.as_dict()), encoding="utf-8")
        beside.replace(path)

    def _path(self, task: Task) -> Path:
        asked = json.dumps(task.as_dict(), sort_keys=True)
        return self._folder / f"{sha256((self._code + asked).encode()).hexdigest()[:24]}.json"

    @cached_property
    def _code(self) -> str:
        digest = sha256(json.dumps(asdict(NATURE), sort_keys=True).encode())
        for place in _PLAYERS:
            path = _PACKAGE / place
            for source in sorted(found for end in _ENDS for found in path.rglob(end)) if path.is_dir() else [path]:
                digest.update(source.read_bytes())
        return digest.hexdigest()
