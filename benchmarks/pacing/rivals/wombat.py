"""WombatDialer's queue end-point: free agents times a boost factor, nothing while callers wait.

`floor(boost x free agents)` calls may be in the air; while more than `max_waiting` callers wait, none is placed. The
agent's state is all that it looks at.

Source: the vendor's page on queue end-points, which names the boost factor, "max waiting calls" and the example of 7
agents and 1.3 for 9 calls. The program itself is closed.
"""

from __future__ import annotations

import math

from benchmarks.pacing.rivals.asking import ask
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import PacingSettings


class Wombat:
    """A ratio with a stop."""

    def __init__(self, *, boost: float = 1.3, max_waiting: int = 0) -> None:
        """Make the rule.

        Args:
            boost: calls in the air per free agent.
            max_waiting: callers who may wait before it stops.
        """
        self._boost = boost
        self._max_waiting = max_waiting

    def __call__(self, view: PoolView, _: Estimates, __: PacingSettings) -> Decision:
        """How many calls to place now."""
        if view.waiting > self._max_waiting:
            return ask(view, 0)
        return ask(view, math.floor(self._boost * view.ready + 1e-9) - view.in_air)
