"""Earlier dials of a debtor, as limits count them; worked out from attempts, dispositions and call events.

Rules
- Every attempt is a dial, whatever became of it, on behalf of whichever campaign, agent or debtor.
- Busy, not in service, congestion and a trunk's own failure did not reach the number. Source: REGF-3.
- Ringing without an answer, a machine, a rejected call, a phone switched off: connected and unanswered.
- Answered by a person: human; a talk when it was bridged for long enough; a conversation when the disposition says so.
- An attempt whose end nobody saw counts against us: connected; unanswered unless its history tells of an answer.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from functools import lru_cache

from dialer.events import Touch
from dialer.store.columns import moment, moment_text
from dialer.store.statements import Statements
from dialer.types import AccountId, ContactRole, Counted, DebtorId, Number, Outcome

_SQL = Statements("touches")

WINDOW = timedelta(days=31)
"""The longest that a limit looks back."""

_NOT_REACHED = frozenset({Outcome.BUSY, Outcome.INVALID, Outcome.CONGESTION, Outcome.TRUNK_FAILED})
_UNSEEN = frozenset({None, Outcome.UNKNOWN})


def touches_of(
    connection: sqlite3.Connection,
    *,
    debtor_id: int,
    number: str,
    at: datetime,
    effective_talk_s: float = 0.0,
    besides: str | None = None,
) -> tuple[Touch, ...]:
    """Every dial of the last 31 days to a debtor or to any number of theirs, oldest first; later ones too.

    Args:
        connection: in a transaction.
        debtor_id: whose.
        number: the number to be dialled, for the case that the debtor has lost it meanwhile.
        at: now, aware. Dials after it (a clock was set back) are not left out.
        effective_talk_s: a bridged talk counts as one when it lasted at least so long.
        besides: an attempt that is not counted.
    """
    wanted = {"debtor_id": debtor_id, "number": number, "since": moment_text(at - WINDOW), "besides": besides}
    found = []
    for row in connection.execute(_SQL["touches"], wanted):
        placed_at, dialled, of_debtor, account_id, role, outcome, talk_s, conversation, events = row
        talked = talk_s is None or talk_s >= effective_talk_s
        found.append(
            Touch(
                at=moment(placed_at),
                number=Number(dialled),
                debtor_id=DebtorId(of_debtor),
                account_id=AccountId(account_id),
                role=_ROLES[role],
                counted=counted(outcome, talked=talked, conversation=bool(conversation), events=events or ""),
            )
        )
    return tuple(found)


_ROLES = {role.value: role for role in ContactRole}


@lru_cache(maxsize=1024)
def counted(outcome: str | None, *, talked: bool, conversation: bool, events: str = "") -> frozenset[Counted]:
    """What one dial counts as; see the rules of this module.

    Args:
        outcome: of the attempt; None: it is not closed.
        talked: a talk, if there was one, lasted long enough.
        conversation: the disposition says so.
        events: for an attempt whose end nobody saw, which of answered, bridged and unserved its history has.
    """
    seen = {Counted.DIAL}
    ended = None if outcome is None else Outcome(outcome)
    if ended not in _NOT_REACHED:
        seen.add(Counted.CONNECTED)
    if ended in _UNSEEN:
        seen |= _from_history(events)
    elif ended in (Outcome.BRIDGED, Outcome.ABANDONED, Outcome.EARLY_HANGUP):
        seen.add(Counted.HUMAN)
        seen |= {Counted.TALK} if ended is Outcome.BRIDGED and talked else set()
        seen |= {Counted.ABANDONED} if ended is Outcome.ABANDONED else set()
    elif ended not in _NOT_REACHED:
        seen.add(Counted.UNANSWERED)
        seen |= {Counted.MACHINE} if ended is Outcome.MACHINE else set()
    if conversation:
        seen.add(Counted.CONVERSATION)
    return frozenset(seen)


def _from_history(events: str) -> set[Counted]:
    if not events:
        return {Counted.UNANSWERED}
    talked = {Counted.TALK} if "call.bridged" in events else set()
    unserved = {Counted.ABANDONED} if "call.unserved" in events and not talked else set()
    return {Counted.HUMAN} | talked | unserved
