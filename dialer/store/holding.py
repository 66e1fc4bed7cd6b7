"""Legal hold: nothing of a debtor is removed while it is on, whoever asks. Dialling goes on; a stop flag ends that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dialer.account_events import AccountEvent, EventKind
from dialer.audit import AuditEntry
from dialer.errors import NoAccountError
from dialer.store import audit
from dialer.store.columns import moment, moment_text
from dialer.store.happened import note as tell
from dialer.store.sqlite import SqliteStore
from dialer.store.statements import Statements
from dialer.types import AccountId, DebtorId

_SQL: Final = Statements("purge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """An account that is on hold, and with it everything of its debtor."""

    account_id: AccountId
    account_no: str
    debtor_id: DebtorId
    debtor_name: str
    at: datetime
    by: str
    note: str


def set_hold(store: SqliteStore, account_no: str, *, on: bool, by: str, role: str, at: datetime, note: str = "") -> int:
    """Put the accounts of a number on hold, or end it; returns how many they are.

    Raises:
        NoAccountError: there is none.
    """
    with store.writing() as connection:
        found = connection.execute(_SQL["accounts_of"], {"account_no": account_no}).fetchall()
        if not found:
            raise NoAccountError(account_no)
        state = "on" if on else "off"
        for account_id, debtor_id in found:
            row = {"account_id": account_id, "debtor_id": debtor_id, "state": state}
            connection.execute(_SQL["hold"], row | {"at": moment_text(at), "by": by, "note": note})
        entries = [
            AuditEntry(
                at=at,
                actor=by,
                role=role,
                action=f"hold.{state}",
                subject=audit.debtor_subject(debtor_id),
                detail=audit.detail_of({"account": account_id}),
            )
            for account_id, debtor_id in found
        ]
        audit.record(connection, entries)
        for account_id, debtor_id in found:
            kind = EventKind.HOLD_SET if on else EventKind.HOLD_LIFTED
            told = AccountEvent(kind=kind, at=at, debtor_id=debtor_id, account_id=account_id, actor=by, source="order")
            tell(connection, told)
    return len(found)


def holds(store: SqliteStore) -> tuple[Hold, ...]:
    """Every hold that is on, oldest first."""
    with store.reading() as database:
        rows = database.execute(_SQL["held"]).fetchall()
    return tuple(
        Hold(
            account_id=AccountId(account_id),
            account_no=account_no,
            debtor_id=DebtorId(debtor_id),
            debtor_name=name,
            at=moment(at),
            by=by,
            note=note,
        )
        for account_id, account_no, debtor_id, name, at, by, note in rows
    )
