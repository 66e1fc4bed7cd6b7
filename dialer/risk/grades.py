"""Grades of risk, A the best and E the worst, and what makes one worse. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Grade(StrEnum):
    """How risky an account is; kept in `accounts.risk`."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


ORDER: Final = tuple(Grade)
"""From the best to the worst."""

ALIASES: Final[Mapping[str, Grade]] = {
    **dict.fromkeys(("low", "低", "低风险"), Grade.B),
    **dict.fromkeys(("medium", "mid", "中", "中风险"), Grade.C),
    **dict.fromkeys(("high", "高", "高风险"), Grade.D),
}
"""What lists write instead of a grade. House rule: the two ends stay free for what is known to be better or worse."""

UNKNOWN: Final = Grade.C
"""Of an account that nobody has graded yet. House rule: the middle."""


def read_grade(text: str) -> Grade | None:
    """The grade that a list or a column means; None: nothing that is understood."""
    plain = text.strip()
    if plain.upper() in set(Grade):
        return Grade(plain.upper())
    return ALIASES.get(plain.casefold())


def worse_by(grade: Grade, steps: int) -> Grade:
    """A grade so many steps worse, E at the worst."""
    return ORDER[min(len(ORDER) - 1, ORDER.index(grade) + max(0, steps))]


def worst(*grades: Grade) -> Grade:
    """The worst of some."""
    return max(grades, key=ORDER.index)


def is_worse(grade: Grade, than: Grade) -> bool:
    """Whether the first is worse than the second."""
    return ORDER.index(grade) > ORDER.index(than)
