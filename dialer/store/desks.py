"""Desks: somebody works on a debtor, so nobody else does, and nobody dials. Inside the caller's transaction.

Rules
- A debtor has one desk at most, with a holder and an end; who holds it may take it again, which moves the end.
- A desk and an engine's lease exclude each other, and so do a desk and a call that is not concluded. Only who holds the
  desk may have the dialer call that debtor for them (`dialer agent call`).
- A lease that is not dialled may be taken back for a desk, when that is asked for; whoever has the lead in hand cannot
  commit it any more.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dialer.account_events import AccountEvent, EventKind
from dialer.errors import StoreError
from dialer.store import leaving
from dialer.store.columns import moment, moment_text
from dialer.store.happened import note
from dialer.store.statements import Statements
from dialer.types import AccountId, DebtorId

_SQL = Statements("desks")

LASTS_S: Final = 900.0
"""House rule: as long as a long conversation and its notes take."""
LONGEST_S: Final = 8 * 3600.0
"""House rule: a shift."""
DIALER: Final = "dialer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who works on a debtor, since when and until when."""

    debtor_id: DebtorId
    account_id: AccountId
    account_no: str
    holder: str
    since: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A normal no: somebody else has the debtor."""

    holder: str
    """Who, or `dialer`: an engine has it in hand, or in a call."""
    since: datetime | None
    """None: an engine has leased it and not dialled yet."""
    until_at: datetime | None
    """None: until the call is concluded."""
    agent_id: str = ""
    """Who talks in the call, when that is known."""


def take(
    connection: sqlite3.Connection,
    debtor_id: DebtorId,
    account_id: AccountId,
    *,
    holder: str,
    at: datetime,
    lasts_s: float = LASTS_S,
    source: str,
    recall: bool = False,
) -> Desk | Taken:
    """Take a debtor's desk, or say who has it.

    Args:
        connection: in a transaction that may write.
        debtor_id: whose.
        account_id: the account that it is about.
        holder: who works on it.
        at: now, aware.
        lasts_s: it is over after so long, unless it is taken again.
        source: where it was asked for.
        recall: take back a lease that an engine has not dialled yet.

    Raises:
        StoreError: it would last too long, or no time at all.
    """
    if not 0 < lasts_s <= LONGEST_S:
        raise StoreError(f"A desk is taken for at most {LONGEST_S / 3600:g} hours, not for {lasts_s:g} s.")
    known = held(connection, debtor_id, at)
    if known is not None and known.holder != holder:
        return Taken(holder=known.holder, since=known.since, until_at=known.until_at)
    busy = _dialing(connection, debtor_id, at)
    if busy is not None and known is None and (busy.until_at is None or not recall):
        return busy
    if known is None:
        leaving.take_back(connection, debtor_id)  # one that ran out, too: what nobody holds nobody may commit
    until = moment_text(at + timedelta(seconds=lasts_s))
    row = {
        "debtor_id": debtor_id,
        "account_id": account_id,
        "holder": holder,
        "at": moment_text(at),
        "until_at": until,
    }
    over = _row(connection, debtor_id)
    if known is None and over is not None:
        _tell(connection, EventKind.DESK_LEFT, debtor_id, over.account_id, over.holder, at, source, over=True)
    connection.execute(_SQL["take"], row)
    if known is None:
        _tell(connection, EventKind.DESK_TAKEN, debtor_id, account_id, holder, at, source, until=until)
    desk = held(connection, debtor_id, at)
    assert desk is not None
    return desk


def leave(
    connection: sqlite3.Connection, debtor_id: DebtorId, *, by: str, at: datetime, source: str, force: bool = False
) -> Desk:
    """Give a desk back.

    Args:
        connection: in a transaction that may write.
        debtor_id: whose.
        by: who gives it back.
        at: now, aware.
        source: where it was asked for.
        force: though somebody else holds it.

    Raises:
        StoreError: nobody holds it, or somebody else does.
    """
    desk = held(connection, debtor_id, at)
    if desk is None:
        raise StoreError("Nobody works on this debtor; there is no desk to leave.")
    if desk.holder != by and not force:
        raise StoreError(
            f"{desk.holder} works on this debtor, since {moment_text(desk.since)}; only they may leave it."
        )
    connection.execute(_SQL["leave"], {"debtor_id": debtor_id})
    _tell(connection, EventKind.DESK_LEFT, debtor_id, desk.account_id, desk.holder, at, source, by=by)
    return desk


def has_over(connection: sqlite3.Connection, at: datetime) -> bool:
    """Whether the time of any desk is over."""
    return connection.execute(_SQL["over"], {"at": moment_text(at), "limit": 1}).fetchone() is not None


def sweep(connection: sqlite3.Connection, at: datetime, limit: int) -> int:
    """Clear desks whose time is over, and tell of it; returns how many."""
    over = connection.execute(_SQL["over"], {"at": moment_text(at), "limit": limit}).fetchall()
    for debtor_id, account_id, holder in over:
        connection.execute(_SQL["leave"], {"debtor_id": debtor_id})
        _tell(connection, EventKind.DESK_LEFT, debtor_id, account_id, holder, at, "engine", over=True)
    return len(over)


def held(connection: sqlite3.Connection, debtor_id: DebtorId, at: datetime) -> Desk | None:
    """The desk of a debtor that is not over; None: nobody works on them."""
    desk = _row(connection, debtor_id)
    return desk if desk is not None and desk.until_at > at else None


def listed(connection: sqlite3.Connection, at: datetime, holder: str = "") -> tuple[Desk, ...]:
    """Every desk that is not over, of somebody (empty: of all), the oldest first."""
    rows = connection.execute(_SQL["listed"], {"holder": holder, "at": moment_text(at)})
    return tuple(
        Desk(
            debtor_id=DebtorId(debtor_id),
            account_id=AccountId(account_id),
            account_no=account_no,
            holder=who,
            since=moment(since),
            until_at=moment(until_at),
        )
        for debtor_id, who, since, until_at, account_no, account_id in rows
    )


def _row(connection: sqlite3.Connection, debtor_id: DebtorId) -> Desk | None:
    row = connection.execute(_SQL["desk"], {"debtor_id": debtor_id}).fetchone()
    if row is None:
        return None
    holder, since, until_at, account_no, account_id = row
    return Desk(
        debtor_id=debtor_id,
        account_id=AccountId(account_id),
        account_no=account_no,
        holder=holder,
        since=moment(since),
        until_at=moment(until_at),
    )


def _dialing(connection: sqlite3.Connection, debtor_id: DebtorId, at: datetime) -> Taken | None:
    row = connection.execute(_SQL["lease"], {"debtor_id": debtor_id, "at": moment_text(at)}).fetchone()
    if row is None:
        return None
    _, when, agent_id = row
    if agent_id is None:
        return Taken(holder=DIALER, since=None, until_at=moment(when))
    return Taken(holder=DIALER, since=moment(when), until_at=None, agent_id=agent_id)


def _tell(
    connection: sqlite3.Connection,
    kind: EventKind,
    debtor_id: DebtorId,
    account_id: AccountId,
    holder: str,
    at: datetime,
    source: str,
    *,
    until: str = "",
    by: str = "",
    over: bool = False,
) -> None:
    payload = {"holder": holder} | ({"until": until} if until else {}) | ({"over": "time"} if over else {})
    event = AccountEvent(
        kind=kind,
        at=at,
        debtor_id=debtor_id,
        account_id=account_id,
        actor=by or holder,
        source=source,
        payload=payload,
    )
    note(connection, event)
