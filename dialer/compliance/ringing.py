"""When a call that nobody answers may be given up, and whether one was too early. Pure.

The least ring counts from the ringing, the campaign's ring timeout from the dial. A call that begins to ring late is
kept until it has rung as long as the rules want; one that does not ring at all is given up at the timeout.
"""

from __future__ import annotations

from dialer.calling_rules import CallingRules
from dialer.types import Outcome

_OURS = frozenset({Outcome.NO_ANSWER, Outcome.CANCELLED})
_SLACK_S = 0.05
"""Clocks of two programs."""
_SPARE_S = 5.0
"""We give up first; Asterisk does for an engine that is gone."""


def may_end_s(rules: CallingRules, *, rang_s: float | None) -> float:
    """From when on an unanswered call may be ended by us, monotonic; 0 while it has not begun to ring.

    Args:
        rules: `min_ring_s`.
        rang_s: when ringing began, monotonic; None: it has not.
    """
    return 0.0 if rang_s is None else rang_s + rules.min_ring_s


def longest_s(rules: CallingRules, ring_timeout_s: float) -> float:
    """How long after the dial a call can ring at most: it began to at the last moment and rings as long as it must."""
    return ring_timeout_s + rules.min_ring_s + _SPARE_S


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
