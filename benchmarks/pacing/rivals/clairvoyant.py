"""The bound: a rule that knows what becomes of each call and when each agent will be free.

The list is dialled in its order. Calls that no person will answer are placed at once: they cost channels only. The next
call that a person will answer is placed as soon as the answer comes no earlier than the legal wait (less half a second)
before the first agent is free who is not promised to another call.

It is a little below what could be known: it keeps the order of the list, does not foresee breaks that have not begun,
nor that a talk to come will be over before a call that rings is answered. So a few people are abandoned by it, too, and
with short talks it leaves some room. It knows nothing of machines, and has no part where they answer.

Source: this project; the usual yardstick of a rule with perfect information.
"""

from __future__ import annotations

from benchmarks.pacing.rivals.asking import ask
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import PacingSettings
from dialer.sim.oracle import Oracle

LOOK_AHEAD = 2000
"""Calls that are looked at in one decision."""
SPARE_S = 0.5


class Clairvoyant:
    """Asks the oracle of a simulation."""

    def __init__(self, oracle: Oracle) -> None:
        """Make the rule.

        Args:
            oracle: of the run in which it plays.
        """
        self._oracle = oracle

    def __call__(self, view: PoolView, _: Estimates, __: PacingSettings) -> Decision:
        """How many calls to place now."""
        agents_s = self._unpromised(view)
        early_s = max(0.0, view.legal_wait_s - SPARE_S)
        calls = promised = 0
        while calls < LOOK_AHEAD:
            answer_s = self._oracle.answer_of_next(calls)
            if answer_s is not None:
                if promised == len(agents_s) or answer_s < agents_s[promised] - early_s:
                    break
                promised += 1
            calls += 1
        return ask(view, calls)

    def _unpromised(self, view: PoolView) -> list[float]:
        """When agents come free, in order, less one for each caller who waits or will answer."""
        now_s = self._oracle.now_s
        frees = sorted(free_s for free_s in self._oracle.free_at().values() if free_s < float("inf"))
        later = [free_s for free_s in frees if free_s > now_s]
        # An agent who is reserved for a caller looks free to the oracle until the talk has begun.
        agents_s = [now_s] * view.ready + later
        coming = sum(answer_s is not None for answer_s in self._oracle.answers_in_air())
        return agents_s[view.waiting + coming :]
