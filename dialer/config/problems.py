"""What is wrong with a settings file, as values, and the error that carries them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dialer.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to mend in a settings file."""

    path: Path
    line: int | None = None
    key: str = ""
    """Dotted, such as `pacing.max_ratio` or `next_steps[2].when`."""
    text: str
    """What was written, what is wrong with it, and what is allowed."""

    def __str__(self) -> str:
        """The sentence to show: `config/dialer.yaml:14: region: ...`."""
        place = str(self.path) if self.line is None else f"{self.path}:{self.line}"
        text = _readable(self.text, 800)
        return f"{place}: {_readable(self.key, 200)}: {text}" if self.key else f"{place}: {text}"


def _readable(text: str, at_most: int) -> str:
    """Long text without its middle: what was written comes first, what is allowed last."""
    half = at_most // 2
    return text if len(text) <= at_most else f"{text[:half]} … {text[-half:]}"


class SettingsFileError(SettingsError):
    """One or more settings files are wrong; all problems at once, in the order of their lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: (str(one.path), one.line or 0)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def key_path(key: Sequence[str | int]) -> str:
    """A key as people write it: `("next_steps", 2, "when")` is `next_steps[2].when`."""
    text = ""
    for part in key:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text
