"""What is told of calls, stops and consents, as account events, by whoever writes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from dialer.account_events import AccountEvent, EventKind, EventValue
from dialer.effects import SaveDisposition
from dialer.store.columns import moment, moment_text, moment_text_or_none
from dialer.store.happened import note
from dialer.types import AccountId, DebtorId

CALL: Final = "call"
"""Source of what was said in a call that the engine made; the engine knows of it already."""


def call_concluded(connection: sqlite3.Connection, fact: SaveDisposition) -> None:
    """An agent has said what came of a call. What nobody answered is no news to anybody."""
    payload: dict[str, EventValue] = {
        "attempt": fact.attempt_id,
        "campaign": fact.campaign,
        "code": fact.code,
        "outcome": fact.outcome.value,
        "by": fact.by,
        "right_party": fact.right_party,
        "conversation": fact.conversation,
        "next": fact.next_step.kind.value,
        "next_at": moment_text_or_none(fact.next_step.at),
    }
    event = AccountEvent(
        kind=EventKind.CALL_CONCLUDED,
        at=fact.at,
        debtor_id=fact.lead.debtor_id,
        account_id=fact.lead.account_id,
        actor=fact.agent_id or fact.by,
        source=CALL,
        payload=payload,
    )
    note(connection, event)


def stop_changed(
    connection: sqlite3.Connection,
    kind: EventKind,
    flag: str,
    *,
    at: datetime | str,
    by: str,
    source: str,
    debtor_id: int | None = None,
    account_id: int | None = None,
    of_debtor: bool = True,
    phone_ids: Iterable[int] = (),
    until_at: str | None = None,
) -> None:
    """Calls were forbidden or allowed again.

    Args:
        connection: in a transaction that may write.
        kind: `stop.added` or `stop.lifted`.
        flag: which; empty: all of them.
        at: when, aware, or as a column.
        by: who says so.
        source: where word of it came from.
        debtor_id: whom it concerns.
        account_id: of which account it was said.
        of_debtor: all numbers of the debtor; else only `phone_ids`.
        phone_ids: rows of the number that it is about.
        until_at: when it ends by itself, as a column.
    """
    payload: dict[str, EventValue] = {"flag": flag, "of": "debtor" if of_debtor else "number"}
    if phones := [str(one) for one in phone_ids]:
        payload["phones"] = phones
    if until_at is not None:
        payload["until"] = until_at
    event = AccountEvent(
        kind=kind,
        at=moment(at) if isinstance(at, str) else at,
        debtor_id=None if debtor_id is None else DebtorId(debtor_id),
        account_id=None if account_id is None else AccountId(account_id),
        actor=by,
        source=source,
        payload=payload,
    )
    note(connection, event)


def consent_changed(
    connection: sqlite3.Connection,
    kind: EventKind,
    debtor_id: DebtorId,
    *,
    at: datetime,
    by: str,
    source: str,
    until_at: datetime | None = None,
) -> None:
    """A debtor agreed to calls at hours that a rule leaves to agreement, until a moment, or does so no more.

    Args:
        connection: in a transaction that may write.
        kind: `consent.given` or `consent.withdrawn`.
        debtor_id: whom it concerns.
        at: when, aware.
        by: who says so.
        source: where word of it came from.
        until_at: when it ends by itself, aware.
    """
    payload: dict[str, EventValue] = {} if until_at is None else {"until": moment_text(until_at)}
    note(
        connection,
        AccountEvent(kind=kind, at=at, debtor_id=debtor_id, actor=by, source=source, payload=payload),
    )
