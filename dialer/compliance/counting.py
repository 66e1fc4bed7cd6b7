"""What a dial counts as, for limits: the one definition, which the store, the simulator and the next step ask. Pure.

Rules
- Every dial is one, whatever became of it.
- Busy, not in service, congestion and a trunk's own failure did not reach the number. Source: REGF-3.
- Ringing without an answer, a machine, a rejected call, a phone switched off: connected and unanswered.
- Answered by a person: human; a talk when it was bridged for long enough; a conversation when the disposition says so.
- An end that nobody saw counts against us: connected; unanswered unless the call's history tells of an answer.
"""

from __future__ import annotations

from functools import lru_cache

from dialer.types import Counted, Outcome

NOT_REACHED = frozenset({Outcome.BUSY, Outcome.INVALID, Outcome.CONGESTION, Outcome.TRUNK_FAILED})
_ANSWERED = frozenset({Outcome.BRIDGED, Outcome.ABANDONED, Outcome.EARLY_HANGUP})
_UNSEEN = frozenset({None, Outcome.UNKNOWN})
_OWN: dict[Outcome | None, Counted] = {
    Outcome.ABANDONED: Counted.ABANDONED,
    Outcome.MACHINE: Counted.MACHINE,
}
"""What an outcome is besides."""


@lru_cache(maxsize=1024)
def counted(
    outcome: Outcome | None, *, talked: bool = True, conversation: bool = False, events: str = ""
) -> frozenset[Counted]:
    """What a dial counts as; see the rules of this module.

    Args:
        outcome: how it ended; None: it has not.
        talked: a talk, if there was one, lasted long enough.
        conversation: the agent's disposition says that it was one.
        events: of a call whose end nobody saw, which of answered, bridged and unserved its history has.
    """
    seen = {Counted.DIAL}
    if outcome not in NOT_REACHED:
        seen.add(Counted.CONNECTED)
    if outcome in _UNSEEN:
        seen |= _from_history(events)
    elif outcome in _ANSWERED:
        seen.add(Counted.HUMAN)
        seen |= {Counted.TALK} if outcome is Outcome.BRIDGED and talked else set()
    elif outcome not in NOT_REACHED:
        seen.add(Counted.UNANSWERED)
    if outcome in _OWN:
        seen.add(_OWN[outcome])
    if conversation:
        seen.add(Counted.CONVERSATION)
    return frozenset(seen)


def _from_history(events: str) -> set[Counted]:
    if not events:
        return {Counted.UNANSWERED}
    talked = {Counted.TALK} if "call.bridged" in events else set()
    unserved = {Counted.ABANDONED} if "call.unserved" in events and not talked else set()
    return {Counted.HUMAN} | talked | unserved
