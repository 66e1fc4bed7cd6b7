"""Taking over a list: debtors, their loans and their numbers, all of a file or nothing.

Rules
- An account is known by number and client. One that is known keeps its debtor, state, attempts and flags; what
  the file says of the loan replaces what was said before; a blank cell says nothing.
- A new account belongs to the debtor of the same identity, or to one of the same name with the same first
  number, or to a new one. A known account goes over to another debtor only when the file names that one by an
  id from outside, and not while it is leased: then the next file moves it.
- A debtor may have several ids: a customer's id and the digest of an ID number are two names of one person. An id of
  another kind than those that are known is a new name; another id of a known kind is another person.
- Numbers are only ever added, after those that are known, and zones only ever filled in or mended. A number
  that some row calls the debtor's own is that, then a guarantor's, then a contact's; they are tried in this order.
- A number that is held as a digest of a do-not-call list is put on that list itself as soon as somebody has it.
- Three exceptions to keeping the state: an account closed for want of a number, or held because only a third party's
  was left, opens when one comes; an account held for want of a time zone opens when one comes; an account of which only
  an application has told so far opens when a list names it.
- What the file tells besides (income, employer, batch, terms of the loan) is kept as what the source `accounts` says.

Here is one row after the other; `staging` does the same for many at once.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from itertools import islice

from dialer.account_events import AccountEvent, EventKind, EventValue
from dialer.accounts.imported import AccountRow, ImportedAccount, ImportResult, row_of
from dialer.accounts.spool import AccountSpool, without_collector
from dialer.errors import WriteRefusedError
from dialer.store import details, suppressing
from dialer.store.columns import moment_text
from dialer.store.happened import note
from dialer.store.ranks import FIRST_RANK
from dialer.store.staging import BLOCK, NewIds, Staging
from dialer.store.statements import Statements
from dialer.types import ContactRole

_SQL = Statements("import")
_ID_DIGEST = "key:id-"
_MAY_BE_BLANK = frozenset({"product", "principal_cents", "risk", "region", "industry", "remark"})


class _Change(Enum):
    ADDED = auto()
    UPDATED = auto()
    UNCHANGED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the rows come from."""

    kind: str
    list_name: str
    source: str
    """The file's name."""
    at: datetime
    """Now, aware."""
    as_of: datetime
    """The moment of which the file speaks."""
    digest: str = ""
    """SHA-256 of the file's content; empty: unknown."""
    rejected: int = 0
    by: str = ""


def import_accounts(
    connection: sqlite3.Connection,
    list_name: str,
    source: str,
    accounts: Iterable[ImportedAccount],
    at: datetime,
    *,
    origin: Origin | None = None,
    in_sets: bool = True,
) -> ImportResult:
    """As `SqliteStore.import_accounts`, inside a transaction that may write.

    Args:
        connection: of the transaction.
        list_name: as there.
        source: as there.
        accounts: as there.
        at: as there.
        origin: more about the file, where it is known.
        in_sets: False: one row after the other, to hold the two ways against each other.
    """
    origin = origin or Origin(kind="accounts", list_name=list_name, source=source, at=at, as_of=at)
    batch_id = start_batch(connection, origin)
    counts = dict.fromkeys(_Change, 0)
    staging = Staging(connection, list_name, batch_id) if in_sets else None
    cache = connection.execute("PRAGMA cache_size").fetchone()[0]
    connection.execute("PRAGMA cache_size = -98304")  # KiB: the indexes of a million accounts are written at random
    try:
        with without_collector():
            for rows in _blocks(accounts):
                known = details.last_debtor(connection)
                slow: Sequence[tuple[NewIds, AccountRow]] = [(NewIds(), row) for row in rows] if staging is None else ()
                if staging is not None:
                    taken = staging.take(rows)
                    slow = taken.slow
                    counts[_Change.ADDED] += taken.added
                    counts[_Change.UPDATED] += taken.updated
                    counts[_Change.UNCHANGED] += taken.unchanged
                for new, row in slow:
                    counts[_import(connection, list_name, batch_id, row, new)] += 1
                details.keep(connection, rows, batch_id, origin.as_of, new_after=known)
    finally:
        connection.execute(f"PRAGMA cache_size = {cache}")
        if staging is not None and connection.in_transaction:
            staging.close()
    result = ImportResult(
        added=counts[_Change.ADDED],
        updated=counts[_Change.UPDATED],
        unchanged=counts[_Change.UNCHANGED],
    )
    end_batch(connection, origin, batch_id, result)
    return result


def start_batch(connection: sqlite3.Connection, origin: Origin) -> int:
    """Note an import at its beginning; returns its id."""
    row = {
        "list_name": origin.list_name,
        "source": origin.source,
        "at": moment_text(origin.at),
        "kind": origin.kind,
        "digest": origin.digest,
        "as_of": moment_text(origin.as_of),
        "rejected": origin.rejected,
    }
    return connection.execute(_SQL["start_batch"], row).lastrowid or 0


def end_batch(connection: sqlite3.Connection, origin: Origin, batch_id: int, result: ImportResult) -> None:
    """Note what an import did, and tell everybody who follows."""
    counts = {"added": result.added, "updated": result.updated, "unchanged": result.unchanged}
    connection.execute(_SQL["end_batch"], counts | {"batch_id": batch_id})
    payload: dict[str, EventValue] = {
        "kind": origin.kind,
        "file": origin.source,
        "batch_id": batch_id,
        "rejected": origin.rejected,
        **counts,
    }
    if origin.list_name:
        payload["list"] = origin.list_name
    note(
        connection,
        AccountEvent(kind=EventKind.IMPORT_FINISHED, at=origin.at, actor=origin.by, source="import", payload=payload),
    )


def said_at(connection: sqlite3.Connection, kind: str, digest: str) -> str:
    """The moment of which the same file spoke when it was imported first, as text; empty: it was not."""
    row = connection.execute(_SQL["said_at"], {"kind": kind, "digest": digest}).fetchone()
    return "" if row is None else str(row[0])


def _blocks(accounts: Iterable[ImportedAccount]) -> Iterator[Sequence[AccountRow]]:
    """All rows, some ten thousand at once."""
    if isinstance(accounts, AccountSpool):
        pending: list[AccountRow] = []
        for batch in accounts.batches():
            pending += batch
            if len(pending) >= BLOCK:
                yield pending
                pending = []
        if pending:
            yield pending
        return
    rest = iter(accounts)
    try:
        while block := [row_of(account) for account in islice(rest, BLOCK)]:
            yield block
    except ValueError as error:
        raise WriteRefusedError(f"Nothing was taken over: {error}; give at most two decimal places.") from error


def _import(connection: sqlite3.Connection, list_name: str, batch_id: int, row: AccountRow, new: NewIds) -> _Change:
    loan = _loan(list_name, row)
    found = connection.execute(_SQL["find_account"], {"account_no": row.account_no, "client": row.client}).fetchone()
    if found is None:
        debtor_id, known = debtor_for(connection, row, new.debtor_id)
        add_phones(connection, debtor_id, row, known=known)
        _insert(connection, debtor_id, row, loan | {"batch_id": batch_id, "account_id": new.account_id})
        change = _Change.ADDED
    else:
        account_id, debtor_id, leased, unlisted, *stored = found
        loan = {name: _kept(name, said, before) for (name, said), before in zip(loan.items(), stored, strict=True)}
        changed = stored != list(loan.values())
        if changed:
            connection.execute(_SQL["update_account"], loan | {"account_id": account_id, "batch_id": batch_id})
        if is_somebody_else(connection, debtor_id, row.identity):
            moved = not leased
            debtor_id = _move(connection, account_id, row, new.debtor_id) if moved else debtor_id
        else:
            moved = _rename(connection, debtor_id, row.debtor_name)
            moved |= add_phones(connection, debtor_id, row, known=True)
            moved |= learn_keys(connection, debtor_id, (row.identity, row.alias))
        if unlisted:
            moved |= _list(connection, account_id, debtor_id, row)
        change = _Change.UPDATED if changed or moved else _Change.UNCHANGED
    connection.execute(_SQL["note_source"], {"debtor_id": debtor_id, "batch_id": batch_id})
    return change


def _kept(name: str, said: object, before: object) -> object:
    """What holds of a column now: a blank cell says nothing."""
    return before if name in _MAY_BE_BLANK and said in (None, "") else said


def is_somebody_else(connection: sqlite3.Connection, debtor_id: int, identity: str) -> bool:
    """Whether an id from outside names another debtor than this one."""
    if not identity.startswith("key:"):
        return False
    owner = owner_of(connection, identity)
    if owner is not None:
        return owner != debtor_id
    names = connection.execute(_SQL["names_of"], {"debtor_id": debtor_id}).fetchall()
    return any(name.startswith("key:") and _is_digest(name) == _is_digest(identity) for (name,) in names)


def _is_digest(identity: str) -> bool:
    return identity.startswith(_ID_DIGEST)


def owner_of(connection: sqlite3.Connection, identity: str) -> int | None:
    """The debtor who is known by an id or by name and first number."""
    found = connection.execute(_SQL["find_debtor"], {"identity": identity}).fetchone()
    return None if found is None else int(found[0])


def learn_keys(connection: sqlite3.Connection, debtor_id: int, identities: Iterable[str]) -> bool:
    """Note further ids of a debtor; one that somebody has stays theirs. True when any was new."""
    learned = False
    for identity in identities:
        if identity.startswith("key:") and owner_of(connection, identity) is None:
            connection.execute(_SQL["learn_key"], {"identity": identity, "debtor_id": debtor_id})
            learned = True
    return learned


def _move(connection: sqlite3.Connection, account_id: int, row: AccountRow, new_id: int | None) -> int:
    """Give an account to the debtor whom the file names by id; numbers are never carried over."""
    debtor_id, known = debtor_for(connection, row, new_id)
    add_phones(connection, debtor_id, row, known=known)
    connection.execute(_SQL["move_account"], _standing(connection, debtor_id, row) | {"account_id": account_id})
    return debtor_id


def _list(connection: sqlite3.Connection, account_id: int, debtor_id: int, row: AccountRow) -> bool:
    """Open an account of which only an application had told, now that a list names it."""
    connection.execute(_SQL["list_account"], _standing(connection, debtor_id, row) | {"account_id": account_id})
    return True


def _loan(list_name: str, row: AccountRow) -> dict[str, object]:
    """What a file says of a loan, in the order of the statement `find_account`."""
    return {
        "list_name": list_name,
        "product": row.product,
        "principal_cents": row.principal_cents,
        "amount_due_cents": row.amount_due_cents,
        "days_past_due": row.days_past_due,
        "risk": row.risk,
        "region": row.region,
        "language": row.language,
        "industry": row.industry,
        "remark": row.remark,
        "priority": row.priority,
    }


def debtor_for(connection: sqlite3.Connection, row: AccountRow, new_id: int | None = None) -> tuple[int, bool]:
    """The debtor whom a row names, made when there is none yet, and whether they were known before.

    Args:
        connection: of the transaction.
        row: what names them.
        new_id: the id of one who is made; None: the next.
    """
    found = owner_of(connection, row.identity)
    if found is None and row.alias:
        found = owner_of(connection, row.alias)
    if found is None and not row.identity.startswith("key:") and row.numbers:
        of_name = {"number": row.numbers[0], "name": row.debtor_name}
        namesake = connection.execute(_SQL["find_namesake"], of_name).fetchone()
        found = None if namesake is None else int(namesake[0])
    if found is not None:
        _rename(connection, found, row.debtor_name)
    else:
        new = {"debtor_id": new_id, "identity": row.identity, "name": row.debtor_name}
        added = connection.execute(_SQL["insert_debtor"], new).lastrowid or 0
        learn_keys(connection, added, (row.alias,))
        return added, False
    learn_keys(connection, found, (row.identity, row.alias))
    return found, True


def _rename(connection: sqlite3.Connection, debtor_id: int, name: str) -> bool:
    (stored,) = connection.execute(_SQL["debtor_name"], {"debtor_id": debtor_id}).fetchone()
    if stored == name:
        return False
    connection.execute(_SQL["rename_debtor"], {"debtor_id": debtor_id, "name": name})
    return True


def add_phones(connection: sqlite3.Connection, debtor_id: int, row: AccountRow, *, known: bool) -> bool:
    """Add numbers and mend zones; True when anything changed."""
    rows = connection.execute(_SQL["debtor_phones"], {"debtor_id": debtor_id}).fetchall()
    stored: dict[str, tuple[str, str]] = {number: (zone, role) for number, zone, _, role in rows}
    ranks = {
        role: max((rank + 1 for *_, rank, of in rows if of == role), default=first)
        for role, first in FIRST_RANK.items()
    }
    added = mended = False
    for number, its_zone, its_role in zip(row.numbers, row.zones, row.roles, strict=True):
        zone, role = stored.get(number, ("", ""))
        phone = {"debtor_id": debtor_id, "number": number, "zone": its_zone or zone, "role": its_role}
        if number not in stored:
            connection.execute(_SQL["insert_phone"], phone | {"rank": ranks[its_role]})
            suppressing.mark_number(connection, number)
            added = True
        elif (closer := FIRST_RANK[its_role] < FIRST_RANK[role]) or phone["zone"] != zone:
            phone |= {"role": its_role if closer else role, "rank": ranks[its_role], "moved": closer}
            connection.execute(_SQL["update_phone"], phone)
            mended = True
        else:
            continue
        ranks[its_role] += 1
    if known and added:
        _reopen_numbered(connection, debtor_id, row)
    if mended:
        connection.execute(_SQL["reopen_zoned"], {"debtor_id": debtor_id})
    return added or mended


def _reopen_numbered(connection: sqlite3.Connection, debtor_id: int, row: AccountRow) -> None:
    phone_id = _first_usable_phone(connection, debtor_id, row)
    if phone_id is not None:
        connection.execute(_SQL["reopen_numbered"], {"debtor_id": debtor_id, "phone_id": phone_id})


def _first_usable_phone(connection: sqlite3.Connection, debtor_id: int, row: AccountRow) -> int | None:
    own = [number for number, role in zip(row.numbers, row.roles, strict=True) if role == ContactRole.DEBTOR]
    found = connection.execute(
        _SQL["first_usable_phone"], {"debtor_id": debtor_id, "numbers": json.dumps(own)}
    ).fetchone()
    return None if found is None else int(found[0])


def _insert(connection: sqlite3.Connection, debtor_id: int, row: AccountRow, loan: dict[str, object]) -> None:
    key = {"account_no": row.account_no, "client": row.client}
    connection.execute(_SQL["insert_account"], loan | key | _standing(connection, debtor_id, row))


def _standing(connection: sqlite3.Connection, debtor_id: int, row: AccountRow) -> dict[str, object]:
    """Whether an account that is new to a debtor may be dialled, and where."""
    flag = connection.execute(_SQL["lasting_flag"], {"debtor_id": debtor_id}).fetchone()
    return {
        "debtor_id": debtor_id,
        "next_phone_id": _first_usable_phone(connection, debtor_id, row),
        "flag": None if flag is None else flag[0],
    }
