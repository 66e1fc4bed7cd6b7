"""Writing down and reading on what happened to debtors and accounts; see `dialer.account_events`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping

from dialer.account_events import ID_KEYS, AccountEvent, EventKind, EventValue, StoredEvent
from dialer.masking import mask_text
from dialer.store.columns import moment, moment_text
from dialer.store.statements import Statements
from dialer.types import AccountId, DebtorId

_SQL = Statements("account_events")


def note(connection: sqlite3.Connection, event: AccountEvent) -> int | None:
    """Write one down, inside the transaction that does what it tells of.

    Returns:
        Its place; None: one with the same key is there already, and nothing was written.
    """
    row = {
        "event_key": event.event_key or None,
        "at": moment_text(event.at),
        "kind": event.kind,
        "debtor_id": event.debtor_id,
        "account_id": event.account_id,
        "actor": event.actor,
        "source": event.source,
        "payload": json.dumps(_without_numbers(event.payload), ensure_ascii=False, sort_keys=True),
    }
    added = connection.execute(_SQL["add"], row)
    return added.lastrowid if added.rowcount > 0 else None


def _without_numbers(payload: Mapping[str, EventValue]) -> dict[str, EventValue]:
    """What leaves this store by webhooks and streams names no number and no document, whatever people typed."""
    return {
        key: mask_text(value) if isinstance(value, str) and key not in ID_KEYS else value
        for key, value in payload.items()
    }


def after(connection: sqlite3.Connection, seq: int, *, limit: int = 1000) -> tuple[StoredEvent, ...]:
    """The events after a place, oldest first, at most so many."""
    return tuple(_events(connection.execute(_SQL["after"], {"seq": seq, "limit": limit})))


def of_debtor(connection: sqlite3.Connection, debtor_id: DebtorId) -> tuple[StoredEvent, ...]:
    """Everything that happened to a debtor, oldest first."""
    return tuple(_events(connection.execute(_SQL["of_debtor"], {"debtor_id": debtor_id})))


def last(connection: sqlite3.Connection) -> int:
    """The place of the newest event; 0: there is none."""
    (seq,) = connection.execute(_SQL["last"]).fetchone()
    return int(seq)


def _events(rows: Iterable[tuple[object, ...]]) -> Iterable[StoredEvent]:
    for seq, event_key, at, kind, debtor_id, account_id, actor, source, payload in rows:
        yield StoredEvent(
            seq=int(str(seq)),
            event_key=str(event_key or ""),
            at=moment(str(at)),
            kind=EventKind(str(kind)),
            debtor_id=None if debtor_id is None else DebtorId(int(str(debtor_id))),
            account_id=None if account_id is None else AccountId(int(str(account_id))),
            actor=str(actor),
            source=str(source),
            payload=json.loads(str(payload)),
        )
