"""The virtual clock, the queue of what will happen, and the floor between them.

The floor is stepped as the engine steps it: all facts of one moment, then one `Ticked`; and a `Ticked` whenever the
floor asked to be woken, at least once a second.
"""

from __future__ import annotations

import gc
import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from dialer.effects import Effect
from dialer.facts import Fact, Ticked
from dialer.floor.floor import Floor
from dialer.floor.state import Moment

IDLE_WAKE_S: Final = 1.0
"""As the engine's."""
MOST_STEPS_AT_ONCE: Final = 10_000
"""More at one moment means that the floor and the world keep waking each other."""

TICKED: Final = Ticked()
E = TypeVar("E", bound=Effect)
S = TypeVar("S")


@contextmanager
def without_collector() -> Iterator[None]:
    """Let the collector of reference cycles rest: a run makes none, and looking for them takes a tenth of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def moment(start_at: datetime, s: float) -> Moment:
    """Both clocks, `s` seconds after the start."""
    return Moment(s, start_at + timedelta(seconds=s))


class Timeline:
    """What happens, in order.

    Args:
        floor: stepped by every fact.
        start_at: the wall clock at second 0.
    """

    def __init__(self, floor: Floor, start_at: datetime) -> None:
        self._floor = floor
        self._start_at = start_at
        self._queue: list[tuple[float, int, Callable[[Any], None], object]] = []
        self._pushed = 0
        self._handlers: dict[type, Callable[[Any], None]] = {}
        self._stopped = False
        self.s = 0.0
        """Now."""
        self._now = moment(start_at, 0.0)

    @property
    def now(self) -> Moment:
        """Now, on both clocks."""
        return self._now

    def on(self, kind: type[E], handler: Callable[[E], None]) -> None:
        """Carry out effects of a kind so; effects without a handler are let go by."""
        self._handlers[kind] = handler

    def at(self, when_s: float, handler: Callable[[S], None], subject: S) -> None:
        """Let something happen at a moment; what was asked for first happens first among equals."""
        self._pushed += 1
        heapq.heappush(self._queue, (when_s, self._pushed, handler, subject))

    def take(self, fact: Fact) -> None:
        """Step the floor by a fact, now, and carry out what it says.

        Not from within a handler of an effect: put it on the queue instead.
        """
        handlers = self._handlers
        for effect in self._floor.step(fact, self._now):
            handler = handlers.get(type(effect))
            if handler is not None:
                handler(effect)

    def stop(self) -> None:
        """End the run after this moment."""
        self._stopped = True

    def run(self, until_s: float) -> float:
        """Let time pass.

        Args:
            until_s: what happens at this moment or later does not happen any more.

        Returns:
            When it ended: `until_s`, or the moment of `stop`.

        Raises:
            RuntimeError: Time stands still.
        """
        queue, pop, floor = self._queue, heapq.heappop, self._floor
        steps_at_once = 0
        self._stopped = False
        while not self._stopped:
            next_s = self.s + IDLE_WAKE_S
            if queue and queue[0][0] < next_s:
                next_s = queue[0][0]
            wake_s = floor.next_wake_s()
            if wake_s is not None and wake_s < next_s:
                next_s = wake_s
            if next_s >= until_s:
                self._move(until_s)
                return until_s
            if next_s > self.s:
                self._move(next_s)
                steps_at_once = 0
            steps_at_once += 1
            if steps_at_once > MOST_STEPS_AT_ONCE:
                raise RuntimeError(f"time stands still at {self.s} s: the floor and the world wake each other")
            while queue and queue[0][0] <= self.s:
                _, _, handler, subject = pop(queue)
                handler(subject)
            self.take(TICKED)
        return self.s

    def _move(self, s: float) -> None:
        self.s = s
        self._now = Moment(s, self._start_at + timedelta(seconds=s))
