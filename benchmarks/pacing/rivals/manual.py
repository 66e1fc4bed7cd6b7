"""Dialling by hand, one agent one call.

An agent who comes free reads the account (`preview_s`) and dials; when nobody answers the agent notes that down
(`fail_s`), reads the next account and dials again. Whoever waits for an answer is not occupied.

Source: practice; the lengths are this project's guess and are the same for every scenario.
"""

from __future__ import annotations

from benchmarks.pacing.rivals.asking import ask
from benchmarks.pacing.rivals.seen import Watch
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import PacingSettings


class Manual:
    """Each free agent has one call in the air or one to be dialled at a moment of its own."""

    def __init__(self, *, preview_s: float = 12.0, fail_s: float = 6.0) -> None:
        """Make the rule.

        Args:
            preview_s: from coming free to dialling.
            fail_s: noting down that nobody answered.
        """
        self._preview_s = preview_s
        self._fail_s = fail_s
        self._watch = Watch()
        self._due_s: list[float] = []
        self._failed = 0

    def __call__(self, view: PoolView, _: Estimates, __: PacingSettings) -> Decision:
        """How many agents press the dial button now."""
        seen = self._watch.look(view)
        self._failed = max(0, self._failed + seen.ended - seen.reached)
        unoccupied = view.ready - view.in_air - len(self._due_s)
        for _agent in range(unoccupied):
            self._due_s.append(view.now_s + self._preview_s + (self._fail_s if self._failed else 0.0))
            self._failed = max(0, self._failed - 1)
        if unoccupied < 0:  # an agent went on a break with an account before the eyes
            self._due_s = sorted(self._due_s)[: max(0, len(self._due_s) + unoccupied)]
        ready = sum(due_s <= view.now_s for due_s in self._due_s)
        decision = self._watch.place(ask(view, ready))
        self._due_s = sorted(self._due_s)[decision.calls :]
        return decision
