"""Rules without memory: one call for each free agent, and fixed ratios.

Source: the modes "progressive" and "power" (also "ratio", "lines per agent") that every dialer has.
"""

from __future__ import annotations

import math

from benchmarks.pacing.rivals.asking import ask
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import PacingSettings


class Progressive:
    """One call for each free agent, less the calls in the air. Looks at nothing else."""

    def __call__(self, view: PoolView, _: Estimates, __: PacingSettings) -> Decision:
        """How many calls to place now."""
        return ask(view, view.progressive)


class RatioOfFree:
    """So many calls in the air for each free agent."""

    def __init__(self, ratio: float) -> None:
        """Make the rule.

        Args:
            ratio: calls in the air per free agent.
        """
        self._ratio = ratio

    def __call__(self, view: PoolView, _: Estimates, __: PacingSettings) -> Decision:
        """How many calls to place now."""
        return ask(view, math.floor(self._ratio * view.ready + 1e-9) - view.in_air)


class RatioOfLoggedIn:
    """So many calls for each agent at work, those that are talked on included."""

    def __init__(self, ratio: float) -> None:
        """Make the rule.

        Args:
            ratio: calls, in the air or talked on, per agent who is free, talks or wraps up.
        """
        self._ratio = ratio

    def __call__(self, view: PoolView, _: Estimates, __: PacingSettings) -> Decision:
        """How many calls to place now."""
        return ask(view, math.floor(self._ratio * view.agents + 1e-9) - view.in_air - len(view.talking_s))
