"""Experiments on what is said and on who is called: champion, challengers, and those who are left alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

HOLD_OUT: Final = "hold_out"
"""The arm whose people are not called (缓催)."""
CHAMPION: Final = "champion"
"""The arm to which nothing is done: the strategy's own script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One part of an experiment."""

    name: str
    share: int
    """Of 10,000."""
    scripts: Mapping[str, str] = field(default_factory=dict)
    """Script -> the one that is tried in its stead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Over a stretch of days, for those for whom `when` holds. `dialer.scripts.arms` says who is in which arm."""

    name: str
    salt: str
    when: str
    """Over the account before it is called: who takes part."""
    begins_on: date
    ends_on: date
    """The last day."""
    arms: tuple[Arm, ...]
    """Their shares add up to 10,000; the hold-out, where there is one, is first, the champion last."""
    hold_days: int = 0
    """How long the hold-out is not called, from the day on which it would have been."""
    source: str = ""
    """file:line, for explanations."""

    @property
    def hold_share(self) -> int:
        """Of 10,000, who are not called."""
        return sum(arm.share for arm in self.arms if arm.name == HOLD_OUT)

    def is_on(self, on: date) -> bool:
        """Whether it runs on a day."""
        return self.begins_on <= on <= self.ends_on
