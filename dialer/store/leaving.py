"""Accounts off the dialer and back: while a promise is open, when it is over, for a while after a payment.

Rules
- The one mechanism is the account's state: on hold until the next moment at which its promise lets it be dialled. That
  is a reminder (as an appointment: before other accounts, with the promise's agent when free), or its end. `next_rule`
  begins with `promise` then, and a lease passes over an account with a live promise for which it does not.
- A promise that waits for approval holds its account as long as it may wait.
- A call-back that was agreed for earlier stays agreed.
- After a promise that was broken or cancelled the account is open at once; a broken one raises its priority until
  somebody has talked with the debtor. After a payment that leaves something due it rests. (One with nothing due is
  closed by `paying`.)
- A lease that is not dialled is taken back in the same transaction: whoever has the lead in hand cannot commit it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dialer.compliance.hours import zones_of
from dialer.promises.planning import Turn, next_turn
from dialer.promises.terms import LIVE, PromiseStatus
from dialer.store import promised
from dialer.store.columns import moment_or_none, moment_text
from dialer.store.promised import SQL, KnownPromise
from dialer.types import DebtorId

RULE: Final = "promise"
REMINDER: Final = "promise.reminder"
PROPOSED: Final = "promise.proposed"
BROKEN: Final = "promise.broken"
OVER: Final = "promise.over"
PAYMENT: Final = "payment"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """Where an account stands."""

    debtor_id: DebtorId
    state: str
    rule: str
    next_at: datetime | None
    callback: bool
    zone: str


def _standing(connection: sqlite3.Connection, account_id: int) -> _Standing:
    row = connection.execute(SQL["standing"], {"account_id": account_id}).fetchone()
    debtor_id, state, rule, next_at, callback, zone = row
    return _Standing(
        debtor_id=DebtorId(debtor_id),
        state=state,
        rule=rule,
        next_at=moment_or_none(next_at),
        callback=bool(callback),
        zone=zone,
    )


def settle(connection: sqlite3.Connection, account_id: int, at: datetime) -> None:
    """Put an account where its promises have it be, whatever else was decided: off the dialer, or back.

    Args:
        connection: in a transaction that may write.
        account_id: which.
        at: now, aware.
    """
    stands = _standing(connection, account_id)
    live, waiting = promised.live(connection, account_id), promised.proposed(connection, account_id)
    if live is not None:
        _leave(connection, stands, live, at)
    elif waiting is not None:
        _wait(connection, stands, waiting)
    elif stands.rule.startswith(RULE) and stands.rule not in (BROKEN, OVER):
        _come_back(connection, account_id, OVER, "承诺已了结 · the promise is over", None)
        return
    else:
        return
    take_back(connection, stands.debtor_id)


def turn_of(connection: sqlite3.Connection, promise: KnownPromise, at: datetime) -> Turn | None:
    """When the account of a promise may be dialled next, and what for; None: the promise holds it no more."""
    if promise.status not in LIVE:
        return None
    return _turn(connection, promise, _standing(connection, promise.account_id).zone, at)


def _turn(connection: sqlite3.Connection, promise: KnownPromise, zone: str, at: datetime) -> Turn:
    terms = promised.terms_of(connection)
    done = promised.reminders_of(connection, promise.promise_id)
    return next_turn(promise.promised, done, terms, zones_of(zone), at)


def _leave(connection: sqlite3.Connection, stands: _Standing, promise: KnownPromise, at: datetime) -> None:
    turn = _turn(connection, promise, stands.zone, at)
    if _has_appointment(stands) and (stands.next_at is None or stands.next_at < turn.at):
        return
    what = f"承诺 {promise.due_on} 还款 {promise.amount}", f"promised {promise.amount} by {promise.due_on}"
    if turn.reminder is None:
        rule, zh, en = RULE, "等待付款，宽限期后判定", "waits for the payment; judged after its days of grace"
    else:
        rule, zh, en = REMINDER, "届时提醒", "to be reminded"
    row = {
        "account_id": promise.account_id,
        "next_at": moment_text(turn.at),
        "rule": rule,
        "reason": f"{what[0]}，{zh} · {what[1]}, {en}",
        "callback": turn.reminder is not None,
        "callback_agent": promise.agent_id if turn.reminder is not None else None,
    }
    connection.execute(SQL["leave"], row)


def _wait(connection: sqlite3.Connection, stands: _Standing, promise: KnownPromise) -> None:
    terms = promised.terms_of(connection)
    if _has_appointment(stands):
        return
    row = {
        "account_id": promise.account_id,
        "next_at": moment_text(promise.at + timedelta(seconds=terms.approval_within_s)),
        "rule": PROPOSED,
        "reason": f"承诺 {promise.due_on} 还款 {promise.amount} 待审批 · "
        f"a promise of {promise.amount} by {promise.due_on} waits for approval",
        "callback": False,
        "callback_agent": None,
    }
    connection.execute(SQL["leave"], row)


def _is_free(stands: _Standing) -> bool:
    """Nothing was agreed, and nothing else holds the account."""
    return not _has_appointment(stands) and (stands.state in ("open", "waiting") or stands.rule.startswith(RULE))


def _has_appointment(stands: _Standing) -> bool:
    """A call-back that was agreed, not a reminder of ours; without a rule it is left over from before a stop."""
    return stands.callback and stands.rule != "" and not stands.rule.startswith(RULE)


def come_back(connection: sqlite3.Connection, promise: KnownPromise, at: datetime) -> None:
    """A promise is over: its account goes back to the dialer, as its end says.

    Args:
        connection: in a transaction that may write.
        promise: judged, or cancelled.
        at: now, aware.
    """
    terms = promised.terms_of(connection)
    if promise.status is PromiseStatus.KEPT:
        unboost(connection, promise.account_id)
        if _standing(connection, promise.account_id).rule.startswith(RULE):
            rest_s = timedelta(seconds=terms.rest_after_payment_s)
            _come_back(connection, promise.account_id, PAYMENT, promise.reason, at + rest_s)
    elif promise.status is PromiseStatus.BROKEN:
        row = {"account_id": promise.account_id, "priority": terms.broken_priority}
        connection.execute(SQL["note_boost"], row)
        connection.execute(SQL["boost"], row)
        _come_back(connection, promise.account_id, BROKEN, promise.reason, None)
    elif _standing(connection, promise.account_id).rule.startswith(RULE):
        _come_back(connection, promise.account_id, OVER, promise.reason, None)


def rest(connection: sqlite3.Connection, account_id: int, *, paid_at: datetime, at: datetime) -> None:
    """After a payment that leaves something due: the account is left alone for a while; a lease is taken back.

    Args:
        connection: in a transaction that may write.
        account_id: which.
        paid_at: when it was paid; one that is long ago changes nothing.
        at: now, aware.
    """
    stands = _standing(connection, account_id)
    until_at = paid_at + timedelta(seconds=promised.terms_of(connection).rest_after_payment_s)
    is_sooner = stands.next_at is None or stands.next_at < until_at or stands.rule.startswith(RULE)
    if until_at > at and is_sooner and _is_free(stands) and not promised.holds(connection, account_id):
        reason = "刚刚付款，暂不外呼 · has just paid: left alone for a while"
        _come_back(connection, account_id, PAYMENT, reason, until_at)
    take_back(connection, stands.debtor_id)


def rest_no_more(connection: sqlite3.Connection, account_id: int) -> None:
    """The payment for which an account was left alone is none: it is open again."""
    if _standing(connection, account_id).rule == PAYMENT:
        _come_back(connection, account_id, "", "", None)


def take_back(connection: sqlite3.Connection, debtor_id: int) -> int:
    """Take back a debtor's leases that are not dialled; returns how many."""
    return connection.execute(SQL["take_back"], {"debtor_id": debtor_id}).rowcount


def unboost(connection: sqlite3.Connection, account_id: int) -> None:
    """Give an account the priority that it had before its promise was broken."""
    row = {"account_id": account_id}
    connection.execute(SQL["unboost"], row)
    connection.execute(SQL["forget_boost"], row)


def boost_again(connection: sqlite3.Connection) -> int:
    """Raise priorities that an import has lowered meanwhile; returns how many."""
    return connection.execute(SQL["boost"], {"account_id": None}).rowcount


def _come_back(
    connection: sqlite3.Connection, account_id: int, rule: str, reason: str, next_at: datetime | None
) -> None:
    row = {
        "account_id": account_id,
        "rule": rule,
        "reason": reason,
        "next_at": None if next_at is None else moment_text(next_at),
    }
    connection.execute(SQL["come_back"], row)
