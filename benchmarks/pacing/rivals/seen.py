"""What has happened between two views? A peer counts events; here they are read off the views, which anybody sees."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dialer.pacing import Decision, PoolView


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What happened since the view before."""

    ended: int = 0
    """Calls that ring no more, whatever became of them."""
    talks_begun: int = 0
    abandoned: int = 0
    talks_s: tuple[float, ...] = ()
    """Lengths of the conversations that ended; to half of the time between the views."""
    wrap_ups_s: tuple[float, ...] = ()

    @property
    def reached(self) -> int:
        """People who answered: an agent took them, or nobody did."""
        return self.talks_begun + self.abandoned

    @property
    def answers(self) -> tuple[float, ...]:
        """One for each call of which a person answered, zero for each other that ended."""
        return (1.0,) * self.reached + (0.0,) * max(0, self.ended - self.reached)


class Watch:
    """Compares each view with the one before.

    Calls are counted: as many as there were, and were placed since, less those there are. Talks and wrap-ups become
    moments of beginning, and those are compared as multisets: what is there no more has ended. A talk that begins and
    ends between two looks is missed.
    """

    def __init__(self) -> None:
        self._calls = 0
        self._talking: Counter[int] = Counter()
        self._wrapping: Counter[int] = Counter()
        self._abandoned = 0
        self._looked_s: float | None = None

    def place(self, decision: Decision) -> Decision:
        """Remember how many calls are about to be placed."""
        self._calls += decision.calls
        return decision

    def look(self, view: PoolView) -> Seen:
        """What happened since the last look; nothing at the first."""
        now_s, calls = view.now_s, unanswered(view)
        talking, wrapping = (_began(ages_s, now_s) for ages_s in (view.talking_s, view.wrapping_s))
        half_s = 0.0 if self._looked_s is None else 0.5 * (now_s - self._looked_s)
        seen = Seen(
            ended=max(0, self._calls - calls),
            talks_begun=(talking - self._talking).total(),
            abandoned=view.abandoned - self._abandoned,
            talks_s=_lengths(self._talking - talking, now_s - half_s),
            wrap_ups_s=_lengths(self._wrapping - wrapping, now_s - half_s),
        )
        first = self._looked_s is None
        self._calls, self._talking, self._wrapping = calls, talking, wrapping
        self._abandoned, self._looked_s = view.abandoned, now_s
        return Seen() if first else seen


def unanswered(view: PoolView) -> int:
    """Calls in the air that nobody has answered."""
    return view.in_air - view.waiting


class Recent:
    """Sums over the last so many seconds."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._rows: deque[tuple[float, int, int]] = deque()
        self.first = 0
        """Sum of the first number within the window."""
        self.second = 0

    def add(self, now_s: float, first: int, second: int) -> None:
        """Count two numbers, and forget what is older than the window."""
        if first or second:
            self._rows.append((now_s, first, second))
            self.first += first
            self.second += second
        while self._rows and self._rows[0][0] <= now_s - self._window_s:
            _, old_first, old_second = self._rows.popleft()
            self.first -= old_first
            self.second -= old_second


def moved(mean: float, samples: Iterable[float], memory: float) -> float:
    """An exponential mean over about `memory` samples, moved by some more."""
    for sample in samples:
        mean += (sample - mean) / memory
    return mean


def _began(ages_s: Sequence[float], now_s: float) -> Counter[int]:
    """Moments of beginning in milliseconds, each as often as something began then."""
    return Counter([round((now_s - age_s) * 1000.0) for age_s in ages_s])


def _lengths(gone: Counter[int], ended_s: float) -> tuple[float, ...]:
    return tuple(max(0.0, ended_s - began_ms / 1000.0) for began_ms in gone.elements())
