"""Many accounts at once: the rows of a list that are plain, written by a few statements for a whole block of them.

The rules are those of `importing`, where they are written down, row by row; this module only knows which rows cannot
make a difference to them. Plain is a row of a new debtor, or of a known one of whom it says nothing new but of the
loan. Whatever else there is (a debtor with another name or another number, two that may be one, a stop, a second id)
makes all rows of that debtor slow, and those are handed back in their order. So a block comes out as if all had been
taken row by row; `tests/property/test_import_in_sets.py` holds the two against each other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dialer.accounts.imported import LOAN_COLUMNS, AccountRow
from dialer.store import suppressing
from dialer.store.ranks import FIRST_RANK
from dialer.store.statements import Statements
from dialer.types import ContactRole

BLOCK = 20_000
"""Rows that are staged at once: some 10 MB."""

_SQL = Statements("staging")
_TABLES = ("rows", "phones", "changed")
_OWN = ContactRole.DEBTOR.value


class NewIds(NamedTuple):
    """Which ids a row's debtor and account have, if they are new: in the order of the file, whichever way they come."""

    debtor_id: int | None = None
    account_id: int | None = None


@dataclass(slots=True, kw_only=True)
class Taken:
    """What came of the plain rows of a block."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    slow: list[tuple[NewIds, AccountRow]] = field(default_factory=list)
    """The others in the order of the file, each with the ids of what is new in it."""


class Staging:
    """Temporary tables for one import, inside its transaction. Close it at the end."""

    def __init__(self, connection: sqlite3.Connection, list_name: str, batch_id: int) -> None:
        self._connection = connection
        self._batch = {"list_name": list_name, "batch_id": batch_id}
        self._has_accounts = self._asks("any_account")
        self._watches_suppressed = self._asks("any_suppressed")
        if self._watches_suppressed:
            key = suppressing.number_key(connection)
            connection.create_function(
                "number_digest", 1, lambda number: suppressing.digest(key, number), deterministic=True
            )
        for table in _TABLES:
            connection.execute(_SQL[f"make_{table}"])

    def close(self) -> None:
        """Drop what was staged."""
        for table in ("staged", "staged_phones", "changed"):
            self._connection.execute(f"DROP TABLE temp.{table}")

    def take(self, rows: Sequence[AccountRow]) -> Taken:
        """Write the plain rows of a block."""
        for table in _TABLES:
            self._connection.execute(_SQL[f"clear_{table}"])
        groups = _Groups(rows)
        phones: list[tuple[object, ...]] = []
        self._connection.executemany(_SQL["stage_row"], _staged(rows, groups, phones))
        self._connection.executemany(_SQL["stage_phone"], phones)
        self._find_slow(any_alias=groups.any_alias)
        return self._write(rows)

    def _find_slow(self, *, any_alias: bool) -> None:
        """Tell the rows apart."""
        if self._has_accounts:
            self._run("find_accounts")
        self._run("find_debtors")
        if self._has_accounts:
            for reason in ("slow_after_known", "slow_unlisted"):
                self._run(reason)
        if self._asks("any_key"):
            self._run("slow_known_by_key")
        if any_alias:
            self._run("slow_aliases")
        if self._watches_suppressed:
            self._run("slow_suppressed")
        for reason in ("slow_namesakes", "slow_somebody_else", "slow_new_numbers", "slow_stopped"):
            self._run(reason)
        while self._asks("any_slow") and self._run("slow_together"):
            pass

    def _write(self, rows: Sequence[AccountRow]) -> Taken:
        debtors, phones, accounts = self._connection.execute(_SQL["last_ids"]).fetchone()
        offsets = self._batch | {"debtors": debtors, "phones": phones, "accounts": accounts}
        self._run("mark_new", offsets)
        for step in ("add_debtors", "add_aliases"):
            self._run(step)
        self._run("add_phones", offsets)
        added = self._run("add_accounts", offsets)
        updated = self._run("find_changed", self._batch) if self._has_accounts else 0
        if updated:
            self._run("update_accounts", self._batch)
        self._run("note_sources", self._batch)
        slow = [
            (NewIds(debtors + number, accounts + number), rows[number - 1])
            for (number,) in self._connection.execute(_SQL["slow_rows"])
        ]
        return Taken(added=added, updated=updated, unchanged=len(rows) - len(slow) - added - updated, slow=slow)

    def _run(self, name: str, parameters: dict[str, object] | None = None) -> int:
        return self._connection.execute(_SQL[name], parameters or {}).rowcount

    def _asks(self, name: str) -> bool:
        return bool(self._connection.execute(_SQL[name]).fetchone()[0])


class _Groups:
    """Which rows of a block are of one debtor, and of which debtors the rows do not agree."""

    def __init__(self, rows: Sequence[AccountRow]) -> None:
        self.first: dict[str, int] = {}
        """Identity -> its first row, from 1."""
        self.odd: set[str] = set()
        """Identities to be taken row by row."""
        self.any_alias = any(row.alias for row in rows)
        for number, row in enumerate(rows, start=1):
            first = self.first.setdefault(row.identity, number)
            if first != number and not _adds_nothing(row, rows[first - 1]):
                self.odd.add(row.identity)
        if any(row.identity.startswith("name:") for row in rows):
            self._part({number: row.identity for row in rows for number in row.numbers}, rows)
        if self.any_alias:
            self._tell_aliases_apart(rows)

    def _part(self, last: dict[str, str], rows: Sequence[AccountRow]) -> None:
        """Two with a number in common may be one, by their names then."""
        for row in rows:
            for number in row.numbers:
                if (other := last[number]) != row.identity:
                    self.odd |= {row.identity, other}

    def _tell_aliases_apart(self, rows: Sequence[AccountRow]) -> None:
        owners: dict[str, str] = {identity: identity for identity in self.first}
        for row in rows:
            if row.alias and (owner := owners.setdefault(row.alias, row.identity)) != row.identity:
                self.odd |= {row.identity, owner}


def _adds_nothing(row: AccountRow, first: AccountRow) -> bool:
    """Whether a later row says nothing of the debtor that the first did not."""
    if (row.debtor_name, row.alias) != (first.debtor_name, first.alias):
        return False
    known = set(zip(first.numbers, first.zones, first.roles, strict=True))
    return known.issuperset(zip(row.numbers, row.zones, row.roles, strict=True))


def _staged(
    rows: Sequence[AccountRow], groups: _Groups, phones: list[tuple[object, ...]]
) -> Iterator[tuple[object, ...]]:
    """The rows for the first table; those for the second gather in `phones`."""
    for number, row in enumerate(rows, start=1):
        first_phone = len(phones) + 1
        ranks = dict(FIRST_RANK)
        own = 0
        for of_number, zone, role in zip(row.numbers, row.zones, row.roles, strict=True):
            phones.append((len(phones) + 1, number, of_number, zone, role, ranks[role]))
            ranks[role] += 1
            own += role == _OWN
        yield (
            number,
            *row[:LOAN_COLUMNS],
            row.alias,
            groups.first[row.identity],
            first_phone,
            len(row.numbers),
            own,
            row.identity in groups.odd,
        )
