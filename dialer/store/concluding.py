"""What was concluded of a call, and people's orders never to call: flags, numbers, and the account's next step.

Rules
- `wrong_number` is about one number of one debtor; `do_not_call` is about the line, whoever owns it, and about
  the debtor; every other flag is about the debtor.
- Said by somebody who is no party to the debt (role `contact`), `do_not_call` and `refused` are about the line alone,
  and for ever: nobody may lift them, and the debtor is still called at other numbers. Source: CN-4.
- `promise_open` and `plan_performing` last until the next step's moment, where it has one. Every other flag
  is for good, and then all accounts of the debtor are `never`.
- A promise takes its account off the dialer, and so does one that was made before: see `leaving`.
- A number that cannot or may not be dialled is left by every account that was to dial it next; an account
  without any usable number is closed.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from dialer.account_events import EventKind
from dialer.effects import SaveDisposition
from dialer.errors import WriteRefusedError
from dialer.store import leaving, promised, promising, telling
from dialer.store.columns import moment_text, moment_text_or_none
from dialer.store.statements import Statements
from dialer.types import ContactRole, DebtorId, NextKind, Outcome, StopFlag

_SQL = Statements("write")
_STOP_SQL = Statements("stops")

OF_THE_LINE = frozenset({StopFlag.DO_NOT_CALL, StopFlag.REFUSED})
"""What a third party can forbid for its own line."""
PASSING_FLAGS = frozenset({StopFlag.PROMISE_OPEN, StopFlag.PLAN_PERFORMING})

_STATES = {
    NextKind.RETRY: "waiting",
    NextKind.OTHER_NUMBER: "waiting",
    NextKind.CALLBACK: "waiting",
    NextKind.TEAM: "waiting",
    NextKind.HOLD: "hold",
    NextKind.CLOSED: "closed",
    NextKind.NEVER: "never",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A flag, who set it and when."""

    flag: StopFlag
    by: str
    at: str
    note: str = ""
    until_at: str | None = None

    def row(self, **more: object) -> dict[str, object]:
        """Parameters of the statements that note a flag."""
        return {
            "flag": self.flag,
            "by": self.by,
            "at": self.at,
            "note": self.note,
            "until_at": self.until_at,
        } | more


def save_disposition(connection: sqlite3.Connection, fact: SaveDisposition, engine: str | None) -> None:
    """Conclude an attempt: disposition, promise, flags and the account's next step. The first one stands."""
    at = moment_text(fact.at)
    disposed = connection.execute(
        _SQL["dispose_attempt"], {"attempt_id": fact.attempt_id, "at": at, "agent_id": fact.agent_id}
    )
    if disposed.rowcount == 0:
        if connection.execute(_SQL["attempt_exists"], {"attempt_id": fact.attempt_id}).fetchone() is None:
            raise WriteRefusedError(f"Attempt {fact.attempt_id} was never saved, so nothing can be concluded of it.")
        return
    _save_rows(connection, fact, at)
    if fact.outcome is Outcome.INVALID:
        connection.execute(_SQL["mark_number_invalid"], {"number": fact.lead.number})
    _next_step(connection, fact, at, engine)
    if fact.code is not None:
        telling.call_concluded(connection, fact)
    if fact.stop is not None:
        passing = fact.stop in PASSING_FLAGS
        until_at = moment_text_or_none(fact.next_step.at) if passing else None
        by = fact.agent_id or fact.by
        order = Order(flag=fact.stop, by=by, at=at, note=fact.note, until_at=until_at)
        _flag(connection, fact, order)
        _tell_stop(connection, fact, order)
    if fact.outcome is Outcome.INVALID or fact.stop is not None:
        leave_number(connection, fact.lead.number, at)
    _settle_promise(connection, fact)


def _settle_promise(connection: sqlite3.Connection, fact: SaveDisposition) -> None:
    """Take a promise that was made; an account that has one is off the dialer, whatever the next step was to be."""
    account_id = fact.lead.account_id
    if fact.promise is not None:
        new = promising.NewPromise(
            account_id=account_id,
            amount=fact.promise.amount,
            due_on=fact.promise.due_on,
            at=fact.at,
            by=fact.agent_id or fact.by,
            source=telling.CALL,
            agent_id=fact.agent_id,
            attempt_id=fact.attempt_id,
        )
        promising.make(connection, new)
    elif promised.holds(connection, account_id):
        leaving.settle(connection, account_id, fact.at)
    elif fact.conversation:
        leaving.unboost(connection, account_id)


def _tell_stop(connection: sqlite3.Connection, fact: SaveDisposition, order: Order) -> None:
    lead = fact.lead
    of_debtor = order.flag is not StopFlag.WRONG_NUMBER and not is_of_the_line(fact)
    telling.stop_changed(
        connection,
        EventKind.STOP_ADDED,
        order.flag,
        at=fact.at,
        by=order.by,
        source=telling.CALL,
        debtor_id=lead.debtor_id,
        account_id=lead.account_id,
        of_debtor=of_debtor,
        phone_ids=() if of_debtor else (lead.phone_id,),
        until_at=order.until_at,
    )


def _save_rows(connection: sqlite3.Connection, fact: SaveDisposition, at: str) -> None:
    step = fact.next_step
    connection.execute(
        _SQL["save_disposition"],
        {
            "attempt_id": fact.attempt_id,
            "campaign": fact.campaign,
            "account_id": fact.lead.account_id,
            "debtor_id": fact.lead.debtor_id,
            "at": at,
            "agent_id": fact.agent_id,
            "code": fact.code,
            "outcome": fact.outcome,
            "by": fact.by,
            "stop": fact.stop,
            "conversation": fact.conversation,
            "right_party": fact.right_party,
            "note": fact.note,
            "wrap_up_s": fact.wrap_up_s,
            "next_kind": step.kind,
            "next_at": moment_text_or_none(step.at),
            "next_rule": step.rule,
            "next_reason": step.reason,
        },
    )


def _next_step(connection: sqlite3.Connection, fact: SaveDisposition, at: str, engine: str | None) -> None:
    step, account_id = fact.next_step, fact.lead.account_id
    state = "waiting" if step.kind is NextKind.NEVER and is_of_the_line(fact) else _STATES[step.kind]
    step_at = moment_text_or_none(step.at)
    next_at = {"waiting": step_at or at, "hold": step_at}.get(state)
    if step.kind is NextKind.OTHER_NUMBER:
        connection.execute(_SQL["move_to_other_number"], {"account_id": account_id, "phone_id": fact.lead.phone_id})
    connection.execute(
        _SQL["next_step"],
        {
            "account_id": account_id,
            "state": state,
            "next_at": next_at,
            "rule": step.rule,
            "reason": step.reason,
            "callback": step.kind is NextKind.CALLBACK,
            "callback_agent": step.agent_id if step.kind is NextKind.CALLBACK else None,
            "team": step.team,
            "conversation": fact.conversation,
            "outcome": fact.outcome,
            "engine": engine,
        },
    )


def is_of_the_line(fact: SaveDisposition) -> bool:
    """Whether a stop was said by a third party and is about that line only."""
    return fact.stop in OF_THE_LINE and fact.lead.role is ContactRole.CONTACT


def _flag(connection: sqlite3.Connection, fact: SaveDisposition, order: Order) -> None:
    lead = fact.lead
    if order.flag is StopFlag.WRONG_NUMBER:
        connection.execute(_SQL["mark_phone_wrong"], {"phone_id": lead.phone_id})
        row = order.row(debtor_id=lead.debtor_id, phone_id=lead.phone_id)
        connection.execute(_SQL["flag_debtor"], row)
        return
    if is_of_the_line(fact):
        forbid(connection, lead.number, order, lasting=True)
        return
    if order.flag is StopFlag.DO_NOT_CALL:
        forbid(connection, lead.number, order)
    flag_debtor(connection, lead.debtor_id, order, reason=fact.next_step.reason)


def forbid(connection: sqlite3.Connection, number: str, order: Order, *, lasting: bool = False) -> None:
    """Nobody calls this line any more, whosever it is; `lasting`: and nobody may lift that."""
    connection.execute(_STOP_SQL["forbid_number"], order.row(number=number, lasting=lasting))


def flag_debtor(connection: sqlite3.Connection, debtor_id: DebtorId, order: Order, reason: str) -> None:
    """Note a flag on a debtor; one for good stops all accounts."""
    connection.execute(_SQL["flag_debtor"], order.row(debtor_id=debtor_id, phone_id=None))
    if order.until_at is None:
        connection.execute(
            _SQL["stop_debtor"], {"debtor_id": debtor_id, "rule": f"stop:{order.flag}", "reason": reason}
        )


def leave_number(connection: sqlite3.Connection, number: str, at: str) -> None:
    """Let every account that was to dial this number next go on to another one, when it may not be dialled."""
    connection.execute(_SQL["leave_unusable_number"], {"number": number, "at": at})
    connection.execute(_SQL["close_numberless"], {"number": number})
