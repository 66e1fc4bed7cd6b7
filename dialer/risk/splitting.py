"""On which days is history looked at, and which of them may a card learn from? A strict split by time. Pure.

Rules
- A day of observation counts only when its whole horizon is over.
- The horizons of the days that a card learns from end before the first day that it is tested on: nothing of what it is
  asked about had happened to anybody when it learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from dialer.risk.history import DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Days of observation, in seconds since 1970."""

    train: tuple[float, ...]
    test: tuple[float, ...]


class TooShortError(ValueError):
    """The history is too short to learn from and to test; the text says how much is needed."""


def split(first_s: float, last_s: float, *, horizon_days: int, every_days: int, test_share: float) -> Split:
    """Choose the days.

    Args:
        first_s: before it nothing is known.
        last_s: what is known ends here.
        horizon_days: how long an outcome takes.
        every_days: between two observations.
        test_share: of the days, about so many are for the test, at least one.

    Raises:
        TooShortError: there is no day left to learn from.
    """
    horizon_s, step_s = horizon_days * DAY_S, every_days * DAY_S
    days = []
    at_s = last_s - horizon_s
    while at_s > first_s:
        days.append(at_s)
        at_s -= step_s
    days.reverse()
    tested = max(1, round(test_share * len(days)))
    test = tuple(days[-tested:])
    train = tuple(day for day in days if test and day + horizon_s <= test[0])
    if not train:
        known, needed = (
            max(0.0, (last_s - first_s) / DAY_S),
            horizon_days + every_days * ceil(horizon_days / every_days),
        )
        raise TooShortError(
            f"{known:.0f} days of history are too few: an outcome takes {horizon_days} days, and one stretch to learn "
            f"from and a later one to test need more than {needed}"
        )
    return Split(train=train, test=test)
