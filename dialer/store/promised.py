"""Reading promises, the terms by which they are judged, and the payments that keep them. These only read, but one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from pydantic import TypeAdapter

from dialer.account_events import AccountEvent, EventKind, EventValue
from dialer.errors import NoAccountError, StoreError, WriteRefusedError
from dialer.promises.judging import Paid
from dialer.promises.planning import Reminded
from dialer.promises.terms import Promised, PromiseStatus, Terms
from dialer.store.columns import amount, moment, moment_or_none, moment_text
from dialer.store.statements import Statements
from dialer.types import AccountId, AgentId, DebtorId

SQL = Statements("promising")
_TERMS = TypeAdapter(Terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPromise:
    """A promise as it stands in the store."""

    promise_id: int
    account_id: AccountId
    debtor_id: DebtorId
    account_no: str
    attempt_id: str
    """Of the call in which it was made; empty: in none."""
    agent_id: AgentId | None
    amount: Decimal
    due_on: date
    at: datetime
    channel: str
    status: PromiseStatus
    paid: Decimal
    judged_at: datetime | None
    approved_by: str
    replaced_by: int | None
    source: str
    made_by: str
    note: str
    reason: str
    """Why it is what it is, in both languages."""
    ended_at: datetime | None
    """When a later one was made."""

    @property
    def promised(self) -> Promised:
        """As it is judged."""
        return Promised(
            amount=self.amount, due_on=self.due_on, made_at=self.at, status=self.status, ended_at=self.ended_at
        )

    def event(self, kind: EventKind, at: datetime, *, by: str, source: str, **more: EventValue) -> AccountEvent:
        """Something that happened to it."""
        told: dict[str, EventValue] = {
            "promise": self.promise_id,
            "amount": f"{self.amount:.2f}",
            "due_on": self.due_on.isoformat(),
            "channel": self.channel,
            "agent": self.agent_id or "",
        }
        return AccountEvent(
            kind=kind,
            at=at,
            debtor_id=self.debtor_id,
            account_id=self.account_id,
            actor=by,
            source=source,
            payload=told | more,
        )


def terms_of(connection: sqlite3.Connection) -> Terms:
    """The terms in force: what `use_terms` wrote last, or the shipped ones."""
    row = connection.execute(SQL["terms"]).fetchone()
    return Terms() if row is None else _parsed(row[0])


@lru_cache(maxsize=8)
def _parsed(text: str) -> Terms:
    return _TERMS.validate_json(text)


def use_terms(connection: sqlite3.Connection, terms: Terms, at: datetime) -> bool:
    """Judge by these from now on; False: they were in force already."""
    row = {"at": moment_text(at), "terms": _TERMS.dump_json(terms).decode()}
    return connection.execute(SQL["use_terms"], row).rowcount > 0


def one(connection: sqlite3.Connection, promise_id: int) -> KnownPromise:
    """A promise by its id.

    Raises:
        StoreError: there is none.
    """
    found = _read(connection, "by_id", {"promise_id": promise_id})
    if not found:
        raise StoreError(f"There is no promise {promise_id}. `dialer promise list` names them.")
    return found[0]


def of_account(connection: sqlite3.Connection, account_id: int) -> tuple[KnownPromise, ...]:
    """Every promise of an account, oldest first."""
    return _read(connection, "of_account", {"account_id": account_id})


def of_debtor(connection: sqlite3.Connection, debtor_id: int) -> tuple[KnownPromise, ...]:
    """Every promise of a debtor, oldest first."""
    return _read(connection, "of_debtor", {"debtor_id": debtor_id})


def holds(connection: sqlite3.Connection, account_id: int) -> bool:
    """Whether a promise, live or proposed, keeps an account off the dialer."""
    return connection.execute(SQL["holds"], {"account_id": account_id}).fetchone() is not None


def reminded_among(connection: sqlite3.Connection, accounts: Sequence[int]) -> frozenset[int]:
    """Of these accounts, those with a live promise that wait for a reminder."""
    found = connection.execute(SQL["reminded_among"], {"accounts": json.dumps(list(accounts))})
    return frozenset(account_id for (account_id,) in found)


def live(connection: sqlite3.Connection, account_id: int) -> KnownPromise | None:
    """The promise that holds an account, if there is one."""
    return next(iter(_read(connection, "live", {"account_id": account_id})), None)


def proposed(connection: sqlite3.Connection, account_id: int) -> KnownPromise | None:
    """The promise of an account that waits for approval, if there is one."""
    return next(iter(_read(connection, "proposed", {"account_id": account_id})), None)


def listed(
    connection: sqlite3.Connection, *, status: str = "", account_no: str = "", limit: int = 200
) -> tuple[KnownPromise, ...]:
    """Promises by status and account number (empty: any), those that fall due last first."""
    return _read(connection, "listed", {"status": status, "account_no": account_no, "limit": limit})


def payments_of(connection: sqlite3.Connection, account_id: int) -> tuple[Paid, ...]:
    """The payments to an account that were not reversed."""
    rows = connection.execute(SQL["payments"], {"account_id": account_id})
    return tuple(Paid(amount=amount(cents), at=moment(at), noted_at=moment(noted)) for cents, at, noted in rows)


def reminders_of(connection: sqlite3.Connection, promise_id: int) -> tuple[Reminded, ...]:
    """The dials that reminded of a promise, oldest first."""
    rows = connection.execute(SQL["reminders"], {"promise_id": promise_id})
    return tuple(Reminded(at=moment(at), reached=bool(reached)) for at, reached in rows)


def account_of(connection: sqlite3.Connection, account_no: str, client: str = "") -> AccountId:
    """The account of a number.

    Raises:
        NoAccountError: there is none.
        WriteRefusedError: two lenders use it and none is named.
    """
    found = connection.execute(SQL["account"], {"account_no": account_no}).fetchall()
    fitting = [row for row in found if client in ("", row[1])]
    match fitting:
        case [(account_id, _, _)]:
            return AccountId(account_id)
        case []:
            raise NoAccountError(account_no)
        case _:
            raise WriteRefusedError(f"{len(fitting)} lenders have an account {account_no}; name the client too.")


def accounts_of(connection: sqlite3.Connection, account_no: str) -> tuple[tuple[AccountId, DebtorId], ...]:
    """The accounts of a number, each with its debtor; several lenders may use one.

    Raises:
        NoAccountError: there is none.
    """
    found = connection.execute(SQL["account"], {"account_no": account_no}).fetchall()
    if not found:
        raise NoAccountError(account_no)
    return tuple((AccountId(account_id), DebtorId(debtor_id)) for account_id, _, debtor_id in found)


def debtor_of(connection: sqlite3.Connection, account_id: int) -> DebtorId:
    """The debtor of an account that there is."""
    (debtor_id,) = connection.execute(SQL["debtor"], {"account_id": account_id}).fetchone()
    return DebtorId(debtor_id)


def number_of(connection: sqlite3.Connection, *, account_id: int | None, debtor_id: int | None) -> str:
    """The number of an account, else of the first one of a debtor; empty: of neither."""
    row = connection.execute(SQL["number"], {"account_id": account_id, "debtor_id": debtor_id}).fetchone()
    return "" if row is None else str(row[0])


def named(connection: sqlite3.Connection, *, account_id: int | None, debtor_id: int | None) -> tuple[str, str]:
    """The number as `number_of` has it, and the debtor's name."""
    row = connection.execute(SQL["named"], {"account_id": account_id, "debtor_id": debtor_id}).fetchone()
    return ("", "") if row is None else (str(row[0]), str(row[1]))


def _read(connection: sqlite3.Connection, statement: str, wanted: dict[str, object]) -> tuple[KnownPromise, ...]:
    return tuple(_promises(connection.execute(f"{SQL['columns']}\n{SQL[statement]}", wanted)))


def _promises(rows: Iterable[tuple[object, ...]]) -> Iterable[KnownPromise]:
    for row in rows:
        promise_id, account_id, debtor_id, account_no, attempt_id, agent_id, cents, due_on, at, channel, *rest = row
        status, paid, judged_at, approved_by, replaced_by, source, made_by, note, reason, ended_at = rest
        yield KnownPromise(
            promise_id=_number(promise_id),
            account_id=AccountId(_number(account_id)),
            debtor_id=DebtorId(_number(debtor_id)),
            account_no=str(account_no),
            attempt_id=str(attempt_id or ""),
            agent_id=None if agent_id is None else AgentId(str(agent_id)),
            amount=amount(_number(cents)),
            due_on=date.fromisoformat(str(due_on)),
            at=moment(str(at)),
            channel=str(channel),
            status=PromiseStatus(str(status)),
            paid=amount(_number(paid)),
            judged_at=moment_or_none(_text(judged_at)),
            approved_by=str(approved_by or ""),
            replaced_by=None if replaced_by is None else _number(replaced_by),
            source=str(source),
            made_by=str(made_by),
            note=str(note),
            reason=str(reason),
            ended_at=moment_or_none(_text(ended_at)),
        )


def _number(value: object) -> int:
    return int(str(value))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
