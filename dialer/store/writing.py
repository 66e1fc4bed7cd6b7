"""One function per kind of write. All run inside the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime

from dialer.effects import (
    CloseAttempt,
    ReleaseLease,
    SaveAgentState,
    SaveAttempt,
    SaveCallEvent,
    SaveCampaignState,
    SaveDisposition,
    SaveRefusal,
    Write,
)
from dialer.errors import WriteRefusedError
from dialer.facts import AttemptBarred
from dialer.store import promising
from dialer.store.columns import moment_text, moment_text_or_none
from dialer.store.committing import barred
from dialer.store.concluding import save_disposition
from dialer.store.statements import Statements
from dialer.types import ContactRole

_SQL = Statements("write")
_LEASE_SQL = Statements("lease")


def write(
    connection: sqlite3.Connection, fact: Write, engine: str | None, now: Callable[[], datetime] | None = None
) -> AttemptBarred | None:
    """Do one write.

    Args:
        connection: in a transaction that may write.
        fact: what to write.
        engine: who leases through this store; None: nobody has, so leases are given back whoever holds them.
        now: tells the time; see `dialer.store.committing`.

    Returns:
        Why an attempt may not be made, and then nothing was written of it.

    Raises:
        StoreError: the write contradicts what is stored.
        sqlite3.Error: the file failed, or a constraint forbids the row.
    """
    match fact:
        case SaveCallEvent():
            connection.execute(
                _SQL["save_call_event"],
                {
                    "attempt_id": fact.attempt_id,
                    "at": moment_text(fact.at),
                    "event": fact.event,
                    "detail": fact.detail,
                },
            )
        case SaveAttempt():
            return _save_attempt(connection, fact, engine, now)
        case CloseAttempt():
            _close_attempt(connection, fact)
        case SaveDisposition():
            save_disposition(connection, fact, engine)
        case SaveAgentState():
            _save_agent_state(connection, fact)
        case SaveCampaignState():
            connection.execute(
                _SQL["save_campaign_state"],
                {
                    "campaign": fact.campaign,
                    "state": fact.state,
                    "at": moment_text(fact.at),
                    "reason": fact.reason,
                },
            )
        case SaveRefusal():
            _save_refusal(connection, fact)
        case ReleaseLease():
            _release_lease(connection, fact, engine)
    return None


def _save_attempt(
    connection: sqlite3.Connection, fact: SaveAttempt, engine: str | None, now: Callable[[], datetime] | None
) -> AttemptBarred | None:
    bar = barred(connection, fact, engine, now)
    if bar is not None:
        return bar
    at = moment_text(fact.at)
    connection.execute(
        _SQL["save_attempt"],
        {
            "attempt_id": fact.attempt_id,
            "campaign": fact.campaign,
            "account_id": fact.lead.account_id,
            "debtor_id": fact.lead.debtor_id,
            "phone_id": fact.lead.phone_id,
            "number": fact.lead.number,
            "server": fact.server,
            "trunk": fact.trunk,
            "caller_id": fact.caller_id,
            "permit_rules": json.dumps(fact.permit_rules),
            "engine": engine or "",
            "at": at,
        },
    )
    connection.execute(_SQL["mark_attempted"], {"at": at, "account_id": fact.lead.account_id})
    promising.note_reminder(connection, fact.lead.account_id, fact.attempt_id, fact.at)
    return None


def _close_attempt(connection: sqlite3.Connection, fact: CloseAttempt) -> None:
    at = moment_text(fact.at)
    closed = connection.execute(
        _SQL["close_attempt"],
        {
            "attempt_id": fact.attempt_id,
            "at": at,
            "outcome": fact.outcome,
            "cause": fact.cause,
            "sip_code": fact.sip_code,
            "agent_id": fact.agent_id,
            "ringing_s": fact.ringing_s,
            "answered_s": fact.answered_s,
            "bridged_s": fact.bridged_s,
            "talk_s": fact.talk_s,
            "ended_s": fact.ended_s,
            "wait_s": fact.wait_s,
            "connect_ms": fact.connect_ms,
            "abandoned": fact.abandoned,
            "message_played": fact.message_played,
            "recording": fact.recording,
            "detail": fact.detail,
        },
    )
    if closed.rowcount == 0:
        _require_attempt(connection, fact.attempt_id)  # closed before: the first closing stands
    elif fact.recording:
        connection.execute(_SQL["save_recording"], {"attempt_id": fact.attempt_id, "stem": fact.recording, "at": at})


def _require_attempt(connection: sqlite3.Connection, attempt_id: str) -> None:
    if connection.execute(_SQL["attempt_exists"], {"attempt_id": attempt_id}).fetchone() is None:
        raise WriteRefusedError(f"Attempt {attempt_id} was never saved, so it cannot be closed.")


def _save_agent_state(connection: sqlite3.Connection, fact: SaveAgentState) -> None:
    at = moment_text(fact.at)
    connection.execute(_SQL["end_agent_time"], {"at": at, "agent_id": fact.agent_id})
    connection.execute(
        _SQL["begin_agent_time"],
        {
            "agent_id": fact.agent_id,
            "state": fact.state,
            "at": at,
            "reason": fact.reason,
            "attempt_id": fact.attempt_id,
            "campaign": fact.campaign,
        },
    )


def _save_refusal(connection: sqlite3.Connection, fact: SaveRefusal) -> None:
    connection.execute(
        _SQL["save_refusal"],
        {
            "campaign": fact.campaign,
            "account_id": fact.lead.account_id,
            "phone_id": fact.lead.phone_id,
            "at": moment_text(fact.at),
            "rule": fact.rule,
            "reason": fact.reason,
            "until_at": moment_text_or_none(fact.until_at),
        },
    )
    if fact.until_at is None:
        own = {"account_id": fact.lead.account_id, "at": moment_text(fact.at)}
        if fact.lead.role is ContactRole.CONTACT and connection.execute(_SQL["back_to_own_number"], own).rowcount:
            return  # a contact's turn has not come; the debtor's own numbers are tried again
        # Left open it would be leased and refused again at once, without end.
        connection.execute(
            _SQL["hold_refused"],
            {"account_id": fact.lead.account_id, "rule": fact.rule, "reason": fact.reason},
        )


def _release_lease(connection: sqlite3.Connection, fact: ReleaseLease, engine: str | None) -> None:
    connection.execute(
        _LEASE_SQL["release_lease"],
        {
            "account_id": fact.account_id,
            "not_before_at": moment_text_or_none(fact.not_before_at),
            "reason": fact.reason,
            "engine": engine,
        },
    )
