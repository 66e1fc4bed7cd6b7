"""Taking over applications, repayments, scores and contacts: all that can be placed of a file, in one transaction.

Rules
- Of whom a row tells, `placing` says. A row that cannot be placed is handed back with the reason; the others are taken.
- A file may come twice, and files in any order: the same word again changes nothing, an older one replaces no newer
  one, the same payment is one payment.
- A row counts as added when it brings somebody or something new, as updated when it changes what was said before.
- What was paid comes by `paying`, once for each transaction id; without one the instalment, day and sum are its id. All
  instalments of a file are known before the first payment of it, and payments come in the order of their days.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, auto
from itertools import groupby

from dialer.account_events import AccountEvent, EventKind
from dialer.accounts.fields import Field, Kind
from dialer.accounts.imported import ImportResult
from dialer.accounts.sources import SourceRow
from dialer.accounts.values import Unusable
from dialer.errors import WriteRefusedError
from dialer.known_facts import Fact, Source
from dialer.loans.rules import LoanRules
from dialer.store import paying
from dialer.store.columns import cents, moment_text
from dialer.store.details import Word, keep_terms
from dialer.store.happened import note
from dialer.store.importing import Origin, add_phones, end_batch, start_batch
from dialer.store.placing import Placed, as_account_row, place, place_or_make
from dialer.store.statements import Statements
from dialer.types import AccountId, DebtorId

_SQL = Statements("sources")
_SAID_ON: Mapping[Kind, Field] = {Kind.APPLICATIONS: Field.APPLIED_ON, Kind.SCORES: Field.SCORED_AT}
_NAMED: Mapping[Field, Fact] = {
    Field.DEBTOR_NAME: Fact.NAME,
    Field.REGION: Fact.REGION,
    Field.INDUSTRY: Fact.INDUSTRY,
    Field.LANGUAGE: Fact.LANGUAGE,
}
"""Facts that stand in columns where a list tells them."""
_INVALID = re.compile(r"空号|停机|无效|invalid|disconnected|out of service", re.IGNORECASE)
_WRONG = re.compile(r"错号|非本人|wrong", re.IGNORECASE)

Refuse = Callable[[SourceRow, Unusable], None]


class _Change(Enum):
    ADDED = auto()
    UPDATED = auto()
    UNCHANGED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    connection: sqlite3.Connection
    origin: Origin
    batch_id: int
    rules: LoanRules


def import_rows(
    connection: sqlite3.Connection,
    kind: Kind,
    rows: Iterable[SourceRow],
    origin: Origin,
    rules: LoanRules,
    refuse: Refuse,
) -> ImportResult:
    """Take over the rows of a file, inside a transaction that may write.

    Args:
        connection: of the transaction.
        kind: of the file; not `accounts`, see `importing`.
        rows: read once.
        origin: where they come from.
        rules: how payments pay, and in which zone a day begins.
        refuse: is told of each row that cannot be placed.
    """
    work = _Work(connection=connection, origin=origin, batch_id=start_batch(connection, origin), rules=rules)
    counts = dict.fromkeys(_Change, 0)
    for row, taken in _take_repayments(work, rows) if kind is Kind.REPAYMENTS else _take_each(work, kind, rows):
        if isinstance(taken, Unusable):
            refuse(row, taken)
        else:
            counts[taken] += 1
    result = ImportResult(
        added=counts[_Change.ADDED], updated=counts[_Change.UPDATED], unchanged=counts[_Change.UNCHANGED]
    )
    end_batch(connection, origin, work.batch_id, result)
    return result


def _take_each(work: _Work, kind: Kind, rows: Iterable[SourceRow]) -> Iterator[tuple[SourceRow, _Change | Unusable]]:
    take = _TAKERS[kind]
    for row in rows:
        yield row, take(work, row)


def _said_at(work: _Work, kind: Kind, row: SourceRow) -> datetime:
    """When a row's source said so: its own day, else that of the file; never later than now."""
    told = row.get(_SAID_ON[kind]) if kind in _SAID_ON else ""
    return min(_begin_of(told, work), work.origin.at) if told else work.origin.as_of


def _begin_of(day: str, work: _Work) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(0), work.rules.zone)


def _note_source(work: _Work, placed: Placed) -> None:
    work.connection.execute(_SQL["note_source"], {"debtor_id": placed.debtor_id, "batch_id": work.batch_id})


def _change(placed: Placed, *, added: bool, changed: bool) -> _Change:
    if placed.is_new or added:
        return _Change.ADDED
    return _Change.UPDATED if changed else _Change.UNCHANGED


def _cents(row: SourceRow, name: Field) -> int | None:
    text = row.get(name)
    return cents(Decimal(text)) if text else None


# --- applications ---------------------------------------------------------------------------------------


def _take_application(work: _Work, row: SourceRow) -> _Change | Unusable:
    connection, principal = work.connection, _cents(row, Field.PRINCIPAL)
    accounts_before = _count(connection)
    placed = place_or_make(connection, row, principal_cents=principal, batch_id=work.batch_id)
    if isinstance(placed, Unusable):
        return placed
    changed = add_phones(connection, placed.debtor_id, as_account_row(row), known=not placed.is_new)
    at = _said_at(work, Kind.APPLICATIONS, row)
    word = Word(source=Source.APPLICATIONS, batch_id=work.batch_id, at=at, is_first=placed.is_new)
    changed |= _say(work, word, placed, row)
    if placed.account_id is not None:
        filling = {"account_id": placed.account_id, "product": row.get(Field.PRODUCT), "principal_cents": principal}
        changed |= connection.execute(_SQL["fill_account"], filling).rowcount > 0
        changed |= word.of_account(connection, placed.account_id, row.values)
        changed |= keep_terms(connection, placed.account_id, row.get(Field.ACCOUNT_NO), principal, row.values)
    _note_source(work, placed)
    return _change(placed, added=_count(connection) > accounts_before, changed=changed)


def _count(connection: sqlite3.Connection) -> int:
    """The newest account's id."""
    return int(connection.execute("SELECT coalesce(max(account_id), 0) FROM accounts").fetchone()[0])


def _say(work: _Work, word: Word, placed: Placed, row: SourceRow) -> bool:
    changed = word.of_debtor(work.connection, placed.debtor_id, row.values)
    for name, fact in _NAMED.items():
        if value := row.get(name):
            changed |= word.say(work.connection, placed.debtor_id, fact, value)
    return changed


# --- contacts -------------------------------------------------------------------------------------------


def _take_contact(work: _Work, row: SourceRow) -> _Change | Unusable:
    placed = place(work.connection, row)
    if isinstance(placed, Unusable):
        return placed
    added = add_phones(work.connection, placed.debtor_id, as_account_row(row), known=True)
    changed = False
    for phone in row.phones:
        named = {
            "debtor_id": placed.debtor_id,
            "number": phone.number,
            "name": row.get(Field.CONTACT_NAME),
            "relation": row.get(Field.RELATION),
        }
        changed |= work.connection.execute(_SQL["name_phone"], named).rowcount > 0
        if state := _state_of(row.get(Field.PHONE_STATE)):
            changed |= work.connection.execute(_SQL["spoil_phone"], named | {"state": state}).rowcount > 0
    word = Word(source=Source.CONTACTS, batch_id=work.batch_id, at=_said_at(work, Kind.CONTACTS, row))
    changed |= word.of_debtor(work.connection, placed.debtor_id, row.values)
    _note_source(work, placed)
    return _change(placed, added=added, changed=changed)


def _state_of(text: str) -> str:
    if _INVALID.search(text):
        return "invalid"
    return "wrong" if _WRONG.search(text) else ""


# --- scores ---------------------------------------------------------------------------------------------


def _take_score(work: _Work, row: SourceRow) -> _Change | Unusable:
    placed = place(work.connection, row)
    if isinstance(placed, Unusable):
        return placed
    at = _said_at(work, Kind.SCORES, row)
    score: dict[str, object] = {
        "debtor_id": placed.debtor_id,
        "account_id": placed.account_id,
        "model": row.get(Field.MODEL) or work.origin.source,
        "score": float(row.get(Field.SCORE) or 0),
        "grade": row.get(Field.RISK),
        "reasons": json.dumps(re.split(r"[;；、]\s*", row.get(Field.REASONS)) if row.get(Field.REASONS) else []),
        "at": moment_text(at),
        "batch_id": work.batch_id,
    }
    _note_source(work, placed)
    if work.connection.execute(_SQL["same_score"], score).fetchone() is not None:
        return _Change.UNCHANGED
    work.connection.execute(_SQL["add_score"], score)
    work.connection.execute(_SQL["grade_account"], score)
    event = AccountEvent(
        kind=EventKind.SCORE_CHANGED,
        at=work.origin.at,
        debtor_id=DebtorId(placed.debtor_id),
        account_id=None if placed.account_id is None else AccountId(placed.account_id),
        actor=work.origin.by,
        source="import",
        payload={"model": str(score["model"]), "score": float(str(score["score"])), "grade": row.get(Field.RISK)},
    )
    note(work.connection, event)
    return _Change.ADDED


# --- repayments -----------------------------------------------------------------------------------------


def _take_repayments(work: _Work, rows: Iterable[SourceRow]) -> Iterator[tuple[SourceRow, _Change | Unusable]]:
    """Twice over the rows: what is due, then what was paid."""
    scheduled: dict[int, _Change] = {}
    for row in rows:
        placed = place(work.connection, row)
        if not isinstance(placed, Unusable) and placed.account_id is not None:
            is_new, changed = _schedule(work, placed.account_id, row)
            _note_source(work, placed)
            if is_new or changed:
                scheduled[row.row] = _Change.ADDED if is_new else _Change.UPDATED
    for _, of_account in groupby(rows, key=lambda row: (row.get(Field.CLIENT), row.get(Field.ACCOUNT_NO))):
        for row in sorted(of_account, key=lambda row: row.get(Field.PAID_AT)):
            yield row, _take_payment(work, row, scheduled.get(row.row, _Change.UNCHANGED))


def _take_payment(work: _Work, row: SourceRow, of_schedule: _Change) -> _Change | Unusable:
    placed = place(work.connection, row)
    if isinstance(placed, Unusable):
        return placed
    if placed.account_id is None:
        return Unusable("没有这个账户", "there is no such account")
    booked = _pay(work, placed.account_id, row)
    if isinstance(booked, Unusable):
        return booked
    return _Change.ADDED if booked else of_schedule


def _schedule(work: _Work, account_id: int, row: SourceRow) -> tuple[bool, bool]:
    """Keep what is due of an instalment; whether it is new, and whether anything changed."""
    if not row.get(Field.DUE_ON):
        return False, False
    no = int(row.get(Field.INSTALMENT_NO))
    known = work.connection.execute(_SQL["instalment"], {"account_id": account_id, "no": no}).fetchone()
    interest, fee, penalty = (_cents(row, name) for name in (Field.DUE_INTEREST, Field.DUE_FEE, Field.DUE_PENALTY))
    principal = _cents(row, Field.DUE_PRINCIPAL)
    if principal is None:
        rest = (_cents(row, Field.DUE_AMOUNT) or 0) - (interest or 0) - (fee or 0) - (penalty or 0)
        principal = max(rest, 0)
    instalment = {
        "account_id": account_id,
        "no": no,
        "due_on": row.get(Field.DUE_ON),
        "principal": principal,
        "interest": interest or 0,
        "fee": fee or 0,
        "penalty": penalty,
    }
    changed = work.connection.execute(_SQL["save_instalment"], instalment).rowcount > 0
    return known is None, changed


def _pay(work: _Work, account_id: int, row: SourceRow) -> bool | Unusable:
    """Book what was paid; True when it was not known."""
    paid = Decimal(row.get(Field.PAID_AMOUNT) or 0)
    if not paid:
        return False
    paid_on = row.get(Field.PAID_AT)
    txn_id = row.get(Field.TXN_ID) or f"{row.get(Field.INSTALMENT_NO) or '-'}/{paid_on}/{paid}"
    known = work.connection.execute(_SQL["knows_payment"], {"account_id": account_id, "txn_id": txn_id}).fetchone()
    if known is not None and known[0] == cents(paid):
        return False
    try:
        booked = paying.receive(
            work.connection,
            account_id=AccountId(account_id),
            txn_id=txn_id,
            amount=paid,
            paid_at=_begin_of(paid_on, work),
            at=work.origin.at,
            rules=work.rules,
            channel=row.get(Field.CHANNEL),
            source="import",
            actor=work.origin.by,
            batch_id=work.batch_id,
        )
    except WriteRefusedError as error:
        return Unusable(f"流水号已存在但金额不同：{txn_id}", str(error))
    return booked.is_new


_TAKERS: Mapping[Kind, Callable[[_Work, SourceRow], _Change | Unusable]] = {
    Kind.APPLICATIONS: _take_application,
    Kind.CONTACTS: _take_contact,
    Kind.SCORES: _take_score,
}
