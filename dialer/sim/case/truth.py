"""Debtors as they really are. Hidden: only what plays the world may import this module.

`dialer.sim.case.population` draws it, `replies` and `money` act on it, `run` hands it to them. Neither the product's
rooms nor the product side of the case (`book`, `orders`, `campaign`) import it; tests/unit/test_case_truth.py reads
the source for that.
"""

from __future__ import annotations

from dataclasses import dataclass

from dialer.sim.case.nature import Habit, Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """One debtor."""

    habit: Habit
    temper: float
    """Log-odds on the habit's chance of an answer."""
    lines: tuple[Line, ...]
    """What each number on file really is."""
    line_tempers: tuple[float, ...]
    able: float
    """Standard normal, as the next one."""
    willing: float
    cure_per_day: float
    """Hazard of paying everything without a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The whole population, by index."""

    seed: int
    debtors: tuple[Hidden, ...]
