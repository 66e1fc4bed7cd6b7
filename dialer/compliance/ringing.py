"""Was a call given up before it had rung as long as the rules want? Pure."""

from __future__ import annotations

from dialer.calling_rules import CallingRules
from dialer.types import Outcome

_OURS = frozenset({Outcome.NO_ANSWER, Outcome.CANCELLED})
_SLACK_S = 0.05
"""Clocks of two programs."""


def cut_short(
    rules: CallingRules, outcome: Outcome, *, rang_s: float | None, ended_s: float | None, gave_up: bool
) -> bool:
    """True when we ended an unanswered call after too short a ring.

    Args:
        rules: `min_ring_s`.
        outcome: of the call.
        rang_s: when ringing began, monotonic; None: it never rang.
        ended_s: when the channel ended.
        gave_up: we ended it: its time was up, its channel was needed, or somebody stopped it.
    """
    if outcome not in _OURS or not gave_up or rang_s is None or ended_s is None:
        return False
    return ended_s - rang_s < rules.min_ring_s - _SLACK_S
