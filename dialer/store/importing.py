"""Taking over a list: debtors, their loans and their numbers, all of a file or nothing.

Rules
- An account is known by number and client. One that is known keeps its debtor, state, attempts and flags; what
  the file says of the loan replaces what was said before.
- A new account belongs to the debtor of the same identity, or to one of the same name with the same first
  number, or to a new one. A known account goes over to another debtor only when the file names that one by an
  id from outside, and not while it is leased: then the next file moves it.
- Numbers are only ever added, after those that are known, and zones only ever filled in or mended. A number
  that some row calls the debtor's own is that, then a guarantor's, then a contact's; they are tried in this order.
- A number that is held as a digest of a do-not-call list is put on that list itself as soon as somebody has it.
- Two exceptions to keeping the state: an account closed for want of a number, or held because only a third party's was
  left, opens when one comes, and an account held for want of a time zone opens when one comes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import Enum, auto

from dialer.accounts.imported import ImportedAccount, ImportResult, OtherPhone
from dialer.store import suppressing
from dialer.store.columns import cents, moment_text
from dialer.store.statements import Statements
from dialer.types import ContactRole, Number

_SQL = Statements("import")
_FIRST_RANK = {ContactRole.DEBTOR: 0, ContactRole.GUARANTOR: 1000, ContactRole.CONTACT: 2000}


class _Change(Enum):
    ADDED = auto()
    UPDATED = auto()
    UNCHANGED = auto()


def import_accounts(
    connection: sqlite3.Connection,
    list_name: str,
    source: str,
    accounts: Iterable[ImportedAccount],
    at: datetime,
) -> ImportResult:
    """As `SqliteStore.import_accounts`, inside a transaction that may write."""
    batch = {"list_name": list_name, "source": source, "at": moment_text(at)}
    batch_id = connection.execute(_SQL["start_batch"], batch).lastrowid or 0
    counts = dict.fromkeys(_Change, 0)
    for account in accounts:
        counts[_import(connection, list_name, batch_id, account)] += 1
    result = ImportResult(
        added=counts[_Change.ADDED],
        updated=counts[_Change.UPDATED],
        unchanged=counts[_Change.UNCHANGED],
    )
    connection.execute(
        _SQL["end_batch"],
        {
            "added": result.added,
            "updated": result.updated,
            "unchanged": result.unchanged,
            "batch_id": batch_id,
        },
    )
    return result


def _import(connection: sqlite3.Connection, list_name: str, batch_id: int, account: ImportedAccount) -> _Change:
    loan = _loan(list_name, account)
    found = connection.execute(
        _SQL["find_account"], {"account_no": account.account_no, "client": account.client}
    ).fetchone()
    if found is None:
        debtor_id, known = _debtor_for(connection, account)
        _add_phones(connection, debtor_id, account, known=known)
        _insert(connection, debtor_id, account, loan)
        change = _Change.ADDED
    else:
        account_id, debtor_id, identity, leased, *stored = found
        changed = stored != list(loan.values())
        if changed:
            connection.execute(_SQL["update_account"], loan | {"account_id": account_id})
        if _is_somebody_else(account, identity):
            moved = not leased
            debtor_id = _move(connection, account_id, account) if moved else debtor_id
        else:
            moved = _rename(connection, debtor_id, account.debtor_name)
            moved |= _add_phones(connection, debtor_id, account, known=True)
        change = _Change.UPDATED if changed or moved else _Change.UNCHANGED
    connection.execute(_SQL["note_source"], {"debtor_id": debtor_id, "batch_id": batch_id})
    return change


def _is_somebody_else(account: ImportedAccount, identity: str) -> bool:
    return bool(account.debtor_key) and identity.startswith("key:") and identity != account.debtor_identity


def _move(connection: sqlite3.Connection, account_id: int, account: ImportedAccount) -> int:
    """Give an account to the debtor whom the file names by id; numbers are never carried over."""
    debtor_id, known = _debtor_for(connection, account)
    _add_phones(connection, debtor_id, account, known=known)
    connection.execute(_SQL["move_account"], _standing(connection, debtor_id, account) | {"account_id": account_id})
    return debtor_id


def _loan(list_name: str, account: ImportedAccount) -> dict[str, object]:
    """What a file says of a loan, in the order of the statement `find_account`."""
    return {
        "list_name": list_name,
        "product": account.product,
        "principal_cents": None if account.principal is None else cents(account.principal),
        "amount_due_cents": cents(account.amount_due),
        "days_past_due": account.days_past_due,
        "risk": account.risk,
        "region": account.region,
        "language": account.language,
        "industry": account.industry,
        "remark": account.remark,
        "priority": account.priority,
    }


def _debtor_for(connection: sqlite3.Connection, account: ImportedAccount) -> tuple[int, bool]:
    """The debtor of a new account, and whether it was known before."""
    found = connection.execute(_SQL["find_debtor"], {"identity": account.debtor_identity}).fetchone()
    if found is None and not account.debtor_key and account.phones:
        of_name = {"number": account.phones[0], "name": account.debtor_name}
        found = connection.execute(_SQL["find_namesake"], of_name).fetchone()
    if found is not None:
        _rename(connection, found[0], account.debtor_name)
        return int(found[0]), True
    added = connection.execute(
        _SQL["insert_debtor"], {"identity": account.debtor_identity, "name": account.debtor_name}
    )
    return added.lastrowid or 0, False


def _rename(connection: sqlite3.Connection, debtor_id: int, name: str) -> bool:
    (stored,) = connection.execute(_SQL["debtor_name"], {"debtor_id": debtor_id}).fetchone()
    if stored == name:
        return False
    connection.execute(_SQL["rename_debtor"], {"debtor_id": debtor_id, "name": name})
    return True


def _add_phones(connection: sqlite3.Connection, debtor_id: int, account: ImportedAccount, *, known: bool) -> bool:
    """Add numbers and mend zones; True when anything changed."""
    rows = connection.execute(_SQL["debtor_phones"], {"debtor_id": debtor_id}).fetchall()
    stored: dict[str, tuple[str, str]] = {number: (zone, role) for number, zone, _, role in rows}
    ranks = {
        role: max((rank + 1 for *_, rank, of in rows if of == role), default=first)
        for role, first in _FIRST_RANK.items()
    }
    added = mended = False
    for phone in _phones_of(account):
        zone, role = stored.get(phone.number, ("", ""))
        row = {"debtor_id": debtor_id, "number": phone.number, "zone": phone.zone or zone, "role": phone.role}
        if phone.number not in stored:
            connection.execute(_SQL["insert_phone"], row | {"rank": ranks[phone.role]})
            suppressing.mark_number(connection, phone.number)
            added = True
        elif (closer := _is_closer(phone.role, ContactRole(role))) or row["zone"] != zone:
            row |= {"role": phone.role if closer else role, "rank": ranks[phone.role], "moved": closer}
            connection.execute(_SQL["update_phone"], row)
            mended = True
        else:
            continue
        ranks[phone.role] += 1
    if known and added:
        _reopen_numbered(connection, debtor_id, account)
    if mended:
        connection.execute(_SQL["reopen_zoned"], {"debtor_id": debtor_id})
    return added or mended


def _is_closer(role: ContactRole, than: ContactRole) -> bool:
    return _FIRST_RANK[role] < _FIRST_RANK[than]


def _phones_of(account: ImportedAccount) -> Iterator[OtherPhone]:
    """Every number of a row once; one that is the debtor's own is nothing else."""
    own = zip(account.phones, account.zones, strict=True)
    phones = [OtherPhone(number=number, zone=zone, role=ContactRole.DEBTOR) for number, zone in own]
    seen: set[Number] = set()
    for phone in (*phones, *account.others):
        if phone.number not in seen:
            seen.add(phone.number)
            yield phone


def _reopen_numbered(connection: sqlite3.Connection, debtor_id: int, account: ImportedAccount) -> None:
    phone_id = _first_usable_phone(connection, debtor_id, account)
    if phone_id is not None:
        connection.execute(_SQL["reopen_numbered"], {"debtor_id": debtor_id, "phone_id": phone_id})


def _first_usable_phone(connection: sqlite3.Connection, debtor_id: int, account: ImportedAccount) -> int | None:
    numbers = json.dumps(account.phones)
    row = connection.execute(_SQL["first_usable_phone"], {"debtor_id": debtor_id, "numbers": numbers}).fetchone()
    return None if row is None else int(row[0])


def _insert(connection: sqlite3.Connection, debtor_id: int, account: ImportedAccount, loan: dict[str, object]) -> None:
    key = {"account_no": account.account_no, "client": account.client}
    connection.execute(_SQL["insert_account"], loan | key | _standing(connection, debtor_id, account))


def _standing(connection: sqlite3.Connection, debtor_id: int, account: ImportedAccount) -> dict[str, object]:
    """Whether an account that is new to a debtor may be dialled, and where."""
    flag = connection.execute(_SQL["lasting_flag"], {"debtor_id": debtor_id}).fetchone()
    return {
        "debtor_id": debtor_id,
        "next_phone_id": _first_usable_phone(connection, debtor_id, account),
        "flag": None if flag is None else flag[0],
    }
