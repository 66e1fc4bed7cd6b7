"""What a dial counts as, once its end is known. Pure.

- Every dial is one, whatever became of it.
- Busy, not in service, congestion and a trunk's own failure did not reach the number. Source: REGF-3.
- Ringing without an answer, a machine, a rejected call, a phone switched off: connected and unanswered.
- Answered by a person: human; with an agent: a talk; what the disposition calls a conversation: one.
- An end that nobody saw counts against us: connected and unanswered.
"""

from __future__ import annotations

from functools import lru_cache

from dialer.types import Counted, Outcome

NOT_REACHED = frozenset({Outcome.BUSY, Outcome.INVALID, Outcome.CONGESTION, Outcome.TRUNK_FAILED})
_ANSWERED = frozenset({Outcome.BRIDGED, Outcome.ABANDONED, Outcome.EARLY_HANGUP})


@lru_cache(maxsize=256)
def counted(outcome: Outcome, *, conversation: bool = False) -> frozenset[Counted]:
    """What a dial counts as.

    Args:
        outcome: how it ended.
        conversation: the agent's disposition says that it was one.
    """
    seen = {Counted.DIAL}
    if outcome in _ANSWERED:
        seen |= {Counted.CONNECTED, Counted.HUMAN}
    elif outcome not in NOT_REACHED:
        seen |= {Counted.CONNECTED, Counted.UNANSWERED}
    match outcome:
        case Outcome.BRIDGED:
            seen.add(Counted.TALK)
        case Outcome.ABANDONED:
            seen.add(Counted.ABANDONED)
        case Outcome.MACHINE:
            seen.add(Counted.MACHINE)
        case _:
            pass
    if conversation:
        seen.add(Counted.CONVERSATION)
    return frozenset(seen)
