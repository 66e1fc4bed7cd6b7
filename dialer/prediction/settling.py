"""Calls that ended, kept until no call of their age can still ring: only then is anything learned from them.

Refusals come within seconds, answers after ten, silence after half a minute. Told in that order, a volley of calls
looks hopeless at first, then eager, then hopeless again; with a thousand agents that is a thousand calls too many and
a thousand too few. So everything is learned in the order of placing, when a call has been placed for as long as calls
of late have stayed in the air.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

FIRST_LONGEST_S: Final = 30.0
HALF_LIFE_S: Final = 1800.0
"""In so many seconds half of the longest stay in the air is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedCall:
    """A call that stopped ringing."""

    placed_s: float
    """Monotonic."""
    dialled_s: float
    """From placing it to the ringing, or to the end if it never rang."""
    rang_s: float | None
    """From the ringing to the end; None: it never rang."""
    answered: bool
    """By a person."""
    is_cut: bool = False
    """We gave it up while it rang."""
    marks: tuple[str, ...] = ()
    """What was known of it; see `dialer.prediction.odds`."""
    odds: float = 1.0
    """The factor on the odds of an answer that it had."""

    @property
    def in_air_s(self) -> float:
        """From placing it to the end."""
        return self.dialled_s + (self.rang_s or 0.0)


class Settling:
    """Calls that ended lately, by when they were placed."""

    def __init__(self) -> None:
        """Begin with none, and a usual ring timeout."""
        self.longest_s = FIRST_LONGEST_S
        """As long as calls of late have stayed in the air."""
        self._ended: list[tuple[float, int, EndedCall]] = []
        self._number = 0
        self._added_s: float | None = None

    def add(self, call: EndedCall, now_s: float) -> None:
        """A call ended; `now_s` is monotonic."""
        since_s = 0.0 if self._added_s is None else max(now_s - self._added_s, 0.0)
        self._added_s = now_s
        self.longest_s = max(call.in_air_s, self.longest_s * 0.5 ** (since_s / HALF_LIFE_S))
        self._number += 1  # calls placed at one moment stay in the order in which they ended
        heappush(self._ended, (call.placed_s, self._number, call))

    def settled(self, now_s: float) -> Iterator[EndedCall]:
        """Take out the calls beside which none can still ring, in the order of placing."""
        while self._ended and self._ended[0][0] + self.longest_s <= now_s:
            yield heappop(self._ended)[2]
