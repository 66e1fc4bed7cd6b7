"""Making, approving, renegotiating and cancelling promises, and judging them; all inside the caller's transaction.

Every change is an account event in the same transaction, and puts the account off the dialer or back: see `leaving`.
`dialer.promises` says what a promise is, when it is kept, and which one needs approval.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from dialer.account_events import EventKind
from dialer.compliance.hours import zones_of
from dialer.errors import StoreError, WriteRefusedError
from dialer.promises.accepting import Accepted, accept, objection
from dialer.promises.judging import judge, today_of
from dialer.promises.planning import reminder_at
from dialer.promises.terms import JUDGED, LIVE, PromiseStatus, Reminder
from dialer.store import leaving, promised
from dialer.store.columns import cents, moment_text
from dialer.store.happened import note
from dialer.store.promised import SQL, KnownPromise
from dialer.types import AccountId, AgentId, DebtorId

KINDS: Final = {
    PromiseStatus.OPEN: EventKind.PROMISE_MADE,
    PromiseStatus.PROPOSED: EventKind.PROMISE_PROPOSED,
    PromiseStatus.DUE: EventKind.PROMISE_DUE,
    PromiseStatus.KEPT: EventKind.PROMISE_KEPT,
    PromiseStatus.PARTLY_KEPT: EventKind.PROMISE_PARTLY_KEPT,
    PromiseStatus.BROKEN: EventKind.PROMISE_BROKEN,
    PromiseStatus.RENEGOTIATED: EventKind.PROMISE_RENEGOTIATED,
    PromiseStatus.CANCELLED: EventKind.PROMISE_CANCELLED,
}
ENGINE: Final = "engine"
LAPSED: Final = "未在期限内审批 · not approved in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPromise:
    """What somebody promised."""

    account_id: AccountId
    amount: Decimal
    due_on: date
    at: datetime
    """Aware."""
    by: str
    source: str
    """call, cli, event, webhook ..."""
    channel: str = "call"
    """How the debtor said so: call, message, app ..."""
    agent_id: AgentId | None = None
    attempt_id: str = ""
    note: str = ""


def make(connection: sqlite3.Connection, new: NewPromise) -> KnownPromise:
    """Take a promise: open, in place of the one that was; or proposed, when the debtor has broken too many.

    Raises:
        StoreError: the amount or the date makes no promise.
    """
    terms = promised.terms_of(connection)
    if not new.attempt_id and (refused := objection(new.amount, new.due_on, terms, new.at)) is not None:
        raise WriteRefusedError(f"{refused[0]} · {refused[1]}.")
    debtor_id = _debtor(connection, new.account_id)
    broken = connection.execute(SQL["broken_of_debtor"], {"debtor_id": debtor_id})
    accepted = accept([date.fromisoformat(day) for (day,) in broken], terms, new.at)
    waiting = promised.proposed(connection, new.account_id)
    before = promised.live(connection, new.account_id) if accepted.status is PromiseStatus.OPEN else None
    for old in (waiting, before):
        if old is not None:  # makes room for the new one, whose id is not known yet
            connection.execute(SQL["cancel"], {"promise_id": old.promise_id, "at": moment_text(new.at), "reason": ""})
    promise = _add(connection, new, accepted)
    for old in (waiting, before):
        if old is not None:
            _replace(connection, old, promise, new)
    note(connection, promise.event(KINDS[promise.status], new.at, by=new.by, source=new.source, reason=accepted.reason))
    leaving.unboost(connection, new.account_id)
    leaving.settle(connection, new.account_id, new.at)
    return promise


def _add(connection: sqlite3.Connection, new: NewPromise, accepted: Accepted) -> KnownPromise:
    row = {
        "attempt_id": new.attempt_id or None,
        "account_id": new.account_id,
        "agent_id": new.agent_id,
        "amount_cents": cents(new.amount),
        "due_on": new.due_on.isoformat(),
        "at": moment_text(new.at),
        "channel": new.channel,
        "status": accepted.status,
        "source": new.source,
        "made_by": new.by,
        "note": new.note,
        "reason": accepted.reason,
    }
    promise_id = connection.execute(SQL["add"], row).lastrowid
    return promised.one(connection, promise_id or 0)


def _replace(connection: sqlite3.Connection, old: KnownPromise, by: KnownPromise, new: NewPromise) -> None:
    reason = f"改为 {by.due_on} 还 {by.amount} · replaced by {by.amount} on {by.due_on}"
    row = {"promise_id": old.promise_id, "replaced_by": by.promise_id, "at": moment_text(new.at), "reason": reason}
    connection.execute(SQL["replace"], row)
    event = old.event(
        EventKind.PROMISE_RENEGOTIATED,
        new.at,
        by=new.by,
        source=new.source,
        replaced_by=by.promise_id,
        reason=reason,
    )
    note(connection, event)


def approve(connection: sqlite3.Connection, promise_id: int, *, by: str, at: datetime, source: str) -> KnownPromise:
    """Approve a promise that waits for it.

    Raises:
        StoreError: there is none, it waits for nothing, or who made it would approve it.
    """
    promise = promised.one(connection, promise_id)
    if promise.status is not PromiseStatus.PROPOSED:
        raise StoreError(f"Promise {promise_id} is {promise.status}: only a proposed one can be approved.")
    if by == promise.made_by or by == promise.agent_id:
        raise StoreError(f"{by} made promise {promise_id} and may not approve it; somebody else has to.")
    before = promised.live(connection, promise.account_id)
    reason = f"{by} 批准 · approved by {by}"
    if before is not None:
        connection.execute(SQL["cancel"], {"promise_id": before.promise_id, "at": moment_text(at), "reason": ""})
    connection.execute(SQL["approve"], {"promise_id": promise_id, "by": by, "reason": reason})
    approved = promised.one(connection, promise_id)
    if before is not None:
        new = NewPromise(
            account_id=promise.account_id, amount=promise.amount, due_on=promise.due_on, at=at, by=by, source=source
        )
        _replace(connection, before, approved, new)
    note(connection, approved.event(EventKind.PROMISE_MADE, at, by=by, source=source, reason=reason, approved_by=by))
    leaving.settle(connection, promise.account_id, at)
    judge_account(connection, promise.account_id, at)
    return promised.one(connection, promise_id)


def cancel(
    connection: sqlite3.Connection, promise_id: int, *, by: str, at: datetime, source: str, why: str
) -> KnownPromise:
    """End a promise that is not over: a proposal is refused, or it was made in error.

    Raises:
        StoreError: there is none, it is over, or nobody said why.
    """
    promise = promised.one(connection, promise_id)
    if promise.status not in (PromiseStatus.PROPOSED, *LIVE):
        raise StoreError(f"Promise {promise_id} is {promise.status} and cannot be cancelled any more.")
    if not why.strip():
        raise StoreError("Say why the promise is cancelled; the reason is kept on record.")
    return _cancelled(connection, promise, by=by, at=at, source=source, why=why)


def _cancelled(
    connection: sqlite3.Connection, promise: KnownPromise, *, by: str, at: datetime, source: str, why: str
) -> KnownPromise:
    connection.execute(SQL["cancel"], {"promise_id": promise.promise_id, "at": moment_text(at), "reason": why})
    cancelled = promised.one(connection, promise.promise_id)
    note(connection, cancelled.event(EventKind.PROMISE_CANCELLED, at, by=by, source=source, reason=why))
    if promised.live(connection, promise.account_id) is None:
        leaving.come_back(connection, cancelled, at)
    else:
        leaving.settle(connection, promise.account_id, at)
    return cancelled


def renegotiate(connection: sqlite3.Connection, promise_id: int, new: NewPromise) -> KnownPromise:
    """Take another promise in place of one that is not over.

    Raises:
        StoreError: there is none, it is over, or the new one is none.
    """
    promise = promised.one(connection, promise_id)
    if promise.status not in (PromiseStatus.PROPOSED, *LIVE):
        raise StoreError(f"Promise {promise_id} is {promise.status}; make a new one with `dialer promise make`.")
    return make(connection, replace(new, account_id=promise.account_id))


def judge_account(connection: sqlite3.Connection, account_id: int, at: datetime) -> tuple[KnownPromise, ...]:
    """Judge every promise of an account by its payments at a moment; returns those that have changed."""
    terms, payments = promised.terms_of(connection), promised.payments_of(connection, account_id)
    changed = []
    for promise in promised.of_account(connection, account_id):
        if promise.status is PromiseStatus.PROPOSED and at >= promise.at + timedelta(seconds=terms.approval_within_s):
            changed.append(_cancelled(connection, promise, by=ENGINE, at=at, source=ENGINE, why=LAPSED))
        elif promise.status in LIVE | JUDGED:
            said = judge(promise.promised, payments, terms, at)
            row = {
                "promise_id": promise.promise_id,
                "status": said.status,
                "paid_cents": cents(said.paid),
                "at": moment_text(at),
                "reason": said.reason,
            }
            if said.status in LIVE and promise.status in JUDGED and promised.live(connection, account_id) is not None:
                continue  # another promise has its place
            if connection.execute(SQL["judge"], row).rowcount and said.status is not promise.status:
                changed.append(_judged(connection, promise.promise_id, at, said.rule))
    return tuple(changed)


def _judged(connection: sqlite3.Connection, promise_id: int, at: datetime, rule: str) -> KnownPromise:
    promise = promised.one(connection, promise_id)
    told = promise.event(
        KINDS[promise.status],
        at,
        by=ENGINE,
        source=ENGINE,
        paid=f"{promise.paid:.2f}",
        rule=rule,
        reason=promise.reason,
    )
    note(connection, told)
    if promise.status in LIVE:
        leaving.settle(connection, promise.account_id, at)
    elif promise.ended_at is None:
        leaving.come_back(connection, promise, at)
    return promise


def due_accounts(connection: sqlite3.Connection, at: datetime, limit: int) -> tuple[AccountId, ...]:
    """Accounts with a promise that time alone may have changed."""
    terms = promised.terms_of(connection)
    today = today_of(terms, at)
    row = {
        "today": today.isoformat(),
        "over": (today - timedelta(days=terms.grace_days)).isoformat(),
        "lapsed": moment_text(at - timedelta(seconds=terms.approval_within_s)),
        "limit": limit,
    }
    return tuple(AccountId(account_id) for (account_id,) in connection.execute(SQL["to_judge"], row))


def has_strays(connection: sqlite3.Connection) -> bool:
    """Whether `settle_strays`, or raising priorities again, has anything to do."""
    stray = connection.execute(SQL["strays"], {"limit": 1}).fetchone()
    return stray is not None or connection.execute(SQL["lowered"]).fetchone() is not None


def settle_strays(connection: sqlite3.Connection, at: datetime, limit: int) -> int:
    """Hold accounts with a live promise that something else has put on the dialer; returns how many."""
    strays = [account_id for (account_id,) in connection.execute(SQL["strays"], {"limit": limit})]
    for account_id in strays:
        leaving.settle(connection, account_id, at)
    return len(strays)


def payment_received(connection: sqlite3.Connection, account_id: int, *, paid_at: datetime, at: datetime) -> None:
    """A payment has come: judge the promises of its account at once, and leave it alone for a while."""
    judge_account(connection, account_id, at)
    leaving.rest(connection, account_id, paid_at=paid_at, at=at)


def payment_reversed(connection: sqlite3.Connection, account_id: int, at: datetime) -> None:
    """A payment was taken back: judge the promises of its account anew."""
    leaving.rest_no_more(connection, account_id)
    judge_account(connection, account_id, at)
    leaving.settle(connection, account_id, at)


def is_reminder(connection: sqlite3.Connection, account_id: int, at: datetime) -> bool:
    """Whether a dial at a moment would remind of the account's promise; without a promise it would not."""
    promise = promised.live(connection, account_id)
    return promise is not None and _reminder(connection, promise, at) is not None


def _reminder(connection: sqlite3.Connection, promise: KnownPromise, at: datetime) -> Reminder | None:
    zone = connection.execute(SQL["standing"], {"account_id": promise.account_id}).fetchone()[5]
    return reminder_at(promise.promised, promised.terms_of(connection), zones_of(zone), at)


def note_reminder(connection: sqlite3.Connection, account_id: int, attempt_id: str, at: datetime) -> None:
    """A dial was committed: when it falls into a reminder of the account's promise, it is one."""
    if not promised.holds(connection, account_id):
        return
    promise = promised.live(connection, account_id)
    if promise is None:
        return
    reminder = _reminder(connection, promise, at)
    if reminder is None:
        return
    row = {"attempt_id": attempt_id, "promise_id": promise.promise_id, "at": moment_text(at)}
    connection.execute(SQL["remind"], row)
    told = promise.event(
        EventKind.PROMISE_REMINDER,
        at,
        by=ENGINE,
        source="call",
        attempt=attempt_id,
        days_before=reminder.days_before,
    )
    note(connection, told)


def _debtor(connection: sqlite3.Connection, account_id: int) -> DebtorId:
    row = connection.execute(SQL["standing"], {"account_id": account_id}).fetchone()
    if row is None:
        raise WriteRefusedError(f"There is no account with the id {account_id}.")
    return DebtorId(row[0])
