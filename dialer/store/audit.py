"""What belongs in the log of decisions, of all that is written; it is added in the transaction that writes it.

    attempt.placed      a permit was given and used: every rule it checked, with the counters before
    attempt.closed      the outcome
    attempt.concluded   the disposition, the stop flag, and what happens next
    call.refused        the gate's no
    campaign.changed    running, paused, stopped
    stop.*              a flag, a number on the do-not-call list or a consent was set or lifted (`stop_changes`)
    log.begun           how many attempts are older than the log

Requests of people and programs, settings and rule profiles come through `record`. Agents' states, events within a
call and leases decide nothing and are left out.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from dialer.audit import AuditEntry
from dialer.effects import CloseAttempt, SaveAttempt, SaveCampaignState, SaveDisposition, SaveRefusal, Write
from dialer.facts import AttemptBarred
from dialer.leads import Lead
from dialer.store import chain, suppressing
from dialer.store.chain import SQL
from dialer.store.columns import moment, moment_text_or_none

ENGINE: Final = "engine"
BEGUN: Final = "log.begun"
PLACED: Final = "attempt.placed"
CLOSED: Final = "attempt.closed"
CONCLUDED: Final = "attempt.concluded"
REFUSED: Final = "call.refused"
PURGED: Final = "records.purged"
"""Whoever removes records says so with this action, and the subjects' own `debtor:` or `account:`."""

_write = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode

CLOSING: Final = (
    *("outcome", "cause", "sip_code", "ringing_s", "answered_s", "bridged_s", "talk_s", "ended_s", "wait_s"),
    *("connect_ms", "abandoned", "message_played"),
)
"""Columns of an attempt that its closing sets."""


def detail_of(values: Mapping[str, object]) -> str:
    """The detail of an entry; what is None is left out."""
    return _write({key: value for key, value in values.items() if value is not None})


def debtor_subject(debtor_id: int) -> str:
    """A debtor as a subject."""
    return f"debtor:{debtor_id}"


def number_subject(digest: str) -> str:
    """A number as a subject, by its keyed digest."""
    return f"number:{digest}"


def number_digest(key: bytes, number: str) -> str:
    """A number as entries name it: the first half of its keyed digest."""
    return suppressing.digest(key, number).hex()[:32]


def record(connection: sqlite3.Connection, entries: Iterable[AuditEntry]) -> None:
    """Add entries that people or programs caused; what is no text in UTF-8 is marked and kept as such."""
    _extend(connection, [replace(one, subject=_sound(one.subject), detail=_sound(one.detail)) for one in entries])


def _sound(text: str) -> str:
    """A text without halves of characters, such as a command line may hold and no column can."""
    return text.encode("utf-8", "backslashreplace").decode()


class Decisions:
    """What the writes of one transaction decide, gathered while they are done and added at its end."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._entries: list[AuditEntry] = []
        self._placed = 0
        self._changes = connection.total_changes
        self._key = b""

    def note(self, fact: Write, bar: AttemptBarred | None) -> None:
        """Take up a write that was just done; one that changed nothing, such as a second closing, decides nothing."""
        changes, self._changes = self._changes, self._connection.total_changes
        if bar is None and changes == self._changes:
            return
        if isinstance(fact, SaveAttempt | SaveRefusal) and not self._key:
            self._key = suppressing.number_key(self._connection)
        if isinstance(fact, SaveAttempt):
            self._placed += bar is None
            self._entries.append(_placed(fact, self._key) if bar is None else _barred(fact, bar, self._key))
        elif (entry := entry_of(fact, self._key)) is not None:
            self._entries.append(entry)

    def add(self) -> None:
        """Add all of it."""
        _extend(self._connection, self._entries, placed=self._placed)


def record_stop_changes(connection: sqlite3.Connection) -> None:
    """Add what was set or lifted since the last time; asked at the end of every transaction, whoever changed it."""
    _, _, known = connection.execute(SQL["head"]).fetchone()
    rows = connection.execute(SQL["new_stop_changes"], {"change_id": known}).fetchall()
    if rows:
        key = suppressing.number_key(connection)
        _extend(connection, [_stop_changed(key, *row) for row in rows], change_id=rows[-1][0])


def _extend(
    connection: sqlite3.Connection, entries: list[AuditEntry], *, placed: int = 0, change_id: int | None = None
) -> None:
    if not entries:
        return
    if chain.head(connection).seq == 0:
        (attempts,) = connection.execute(SQL["count_attempts"]).fetchone()
        detail = detail_of({"attempts_before": attempts - placed})
        entries.insert(0, _by_engine(entries[0].at, BEGUN, "log", detail))
    chain.append(connection, entries, change_id=change_id)


def entry_of(fact: Write, number_key: bytes) -> AuditEntry | None:
    """The entry of a write; None: it decides nothing."""
    match fact:
        case SaveAttempt():
            return _placed(fact, number_key)
        case CloseAttempt():
            values = {name: getattr(fact, name) for name in CLOSING}
            detail = detail_of(values | {"agent": fact.agent_id})
            return _by_engine(fact.at, CLOSED, f"attempt:{fact.attempt_id}", detail)
        case SaveDisposition():
            return _concluded(fact)
        case SaveRefusal():
            return _refused(fact, number_key)
        case SaveCampaignState():
            detail = detail_of({"state": fact.state, "reason": fact.reason})
            return _by_engine(fact.at, "campaign.changed", f"campaign:{fact.campaign}", detail)
        case _:
            return None


def _by_engine(at: datetime, action: str, subject: str, detail: str) -> AuditEntry:
    return AuditEntry(at=at, actor=ENGINE, role="", action=action, subject=subject, detail=detail)


def _whom(lead: Lead, number_key: bytes) -> dict[str, object]:
    return {"account": lead.account_id, "phone": lead.phone_id, "number": number_digest(number_key, lead.number)}


def _placed(fact: SaveAttempt, number_key: bytes) -> AuditEntry:
    detail = {
        "attempt": fact.attempt_id,
        "campaign": fact.campaign,
        "server": fact.server,
        "trunk": fact.trunk,
        "caller_id": fact.caller_id,
        "rules": fact.permit_rules,
    }
    subject = debtor_subject(fact.lead.debtor_id)
    return _by_engine(fact.at, PLACED, subject, detail_of(detail | _whom(fact.lead, number_key)))


def _barred(fact: SaveAttempt, bar: AttemptBarred, number_key: bytes) -> AuditEntry:
    detail = {"campaign": fact.campaign, "rule": bar.rule, "at_commit": True}
    subject = debtor_subject(fact.lead.debtor_id)
    return _by_engine(fact.at, REFUSED, subject, detail_of(detail | _whom(fact.lead, number_key)))


def _refused(fact: SaveRefusal, number_key: bytes) -> AuditEntry:
    detail = {
        "campaign": fact.campaign,
        "rule": fact.rule,
        "reason": fact.reason,
        "until": moment_text_or_none(fact.until_at),
        "profile": fact.profile or None,
        "cite": fact.cite or None,
        "counters": fact.counters or None,
        "profiles": fact.stamps or None,
    }
    subject = debtor_subject(fact.lead.debtor_id)
    return _by_engine(fact.at, REFUSED, subject, detail_of(detail | _whom(fact.lead, number_key)))


def _concluded(fact: SaveDisposition) -> AuditEntry:
    step = fact.next_step
    detail = detail_of(
        {
            "attempt": fact.attempt_id,
            "outcome": fact.outcome,
            "code": fact.code,
            "by": fact.by,
            "stop": fact.stop,
            "conversation": fact.conversation,
            "right_party": fact.right_party,
            "promise_due_on": None if fact.promise is None else fact.promise.due_on.isoformat(),
            "next_kind": step.kind,
            "next_at": moment_text_or_none(step.at),
            "next_rule": step.rule,
        }
    )
    actor, role = (fact.agent_id, "agent") if fact.agent_id is not None else (ENGINE, "")
    subject = debtor_subject(fact.lead.debtor_id)
    return AuditEntry(at=fact.at, actor=actor, role=role, action=CONCLUDED, subject=subject, detail=detail)


def _stop_changed(
    key: bytes, change_id: int, at: str, by: str, change: str, flag: str, number: str, debtor_id: int | None
) -> AuditEntry:
    digest = number_digest(key, number) if number else None
    subject = debtor_subject(debtor_id) if debtor_id is not None else number_subject(digest or "")
    detail = detail_of({"change": change_id, "flag": flag or None, "number": digest})
    return AuditEntry(at=moment(at), actor=by, role="", action=f"stop.{change}", subject=subject, detail=detail)
