"""What happens to debtors and accounts, as everybody is told who follows: agents, the engine, other systems. Pure.

These are not the floor's facts (`dialer.facts`), which last for a call; they last, in the store, in the order in which
they were committed, each in the transaction that did what it tells of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from dialer.types import AccountId, DebtorId

ID_KEYS: Final = frozenset({"attempt", "txn_id", "reversal_txn_id", "digest", "hash"})
"""Keys of a payload under which ids stand: long digits there are nobody's number."""

EventValue = str | int | float | bool | None | list[str]
"""What a payload holds. Money is text with two decimals, dates are ISO."""


class EventKind(StrEnum):
    """What happened: noun.verb."""

    CALL_CONCLUDED = "call.concluded"  # a disposition was saved
    PAYMENT_RECEIVED = "payment.received"
    PAYMENT_REVERSED = "payment.reversed"
    PROMISE_MADE = "promise.made"
    PROMISE_PROPOSED = "promise.proposed"  # needs approval first
    PROMISE_REMINDER = "promise.reminder"
    PROMISE_DUE = "promise.due"
    PROMISE_KEPT = "promise.kept"
    PROMISE_PARTLY_KEPT = "promise.partly_kept"
    PROMISE_BROKEN = "promise.broken"
    PROMISE_RENEGOTIATED = "promise.renegotiated"
    PROMISE_CANCELLED = "promise.cancelled"
    FACT_CHANGED = "fact.changed"  # new income, occupation, address ...
    NOTE_ADDED = "note.added"
    STOP_ADDED = "stop.added"  # refusal, complaint, dispute, paid ...
    STOP_LIFTED = "stop.lifted"
    CONSENT_GIVEN = "consent.given"  # to calls at hours that a rule leaves to agreement
    CONSENT_WITHDRAWN = "consent.withdrawn"
    HOLD_SET = "hold.set"  # legal hold: nothing is removed
    HOLD_LIFTED = "hold.lifted"
    OWNER_CHANGED = "owner.changed"
    NUMBER_CHANGED = "number.changed"  # the next number to dial is another one of the debtor's
    SCRIPT_SHOWN = "script.shown"
    PLAN_PROPOSED = "plan.proposed"
    PLAN_APPROVED = "plan.approved"
    PLAN_SIGNED = "plan.signed"
    PLAN_ENDED = "plan.ended"
    SCORE_CHANGED = "score.changed"
    RISK_REPORTED = "risk.reported"  # somebody tells of a sign: utilisation, overdue elsewhere, income ...
    GRADE_CHANGED = "grade.changed"
    ALERT_RAISED = "alert.raised"
    ALERT_ACKNOWLEDGED = "alert.acknowledged"
    ALERT_ESCALATED = "alert.escalated"
    DESK_TAKEN = "desk.taken"  # somebody works on this debtor: nobody else may
    DESK_LEFT = "desk.left"
    IMPORT_FINISHED = "import.finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEvent:
    """One thing that happened."""

    kind: EventKind
    at: datetime
    """Aware."""
    debtor_id: DebtorId | None = None
    account_id: AccountId | None = None
    actor: str = ""
    """Agent, user, or part of the program that did it."""
    source: str = ""
    """Where word of it came from: call, cli, webhook, import, engine."""
    payload: Mapping[str, EventValue] = field(default_factory=dict)
    """No phone numbers and no documents."""
    event_key: str = ""
    """An id from outside: the same one again is no new event. Empty: it cannot come twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent(AccountEvent):
    """One that was committed."""

    seq: int
    """Its place; every later one has a greater one."""
