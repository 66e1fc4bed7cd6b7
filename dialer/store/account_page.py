"""Everything that the store knows of one debtor, for one page; and finding whose page is meant. Only reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dialer.errors import StoreError
from dialer.known_facts import Known
from dialer.store.knowing import account_facts_of, facts_of
from dialer.store.statements import Statements
from dialer.types import AccountId, DebtorId

_SQL: Final = Statements("account_page")
SECTIONS: Final = (
    *("accounts", "loans", "instalments", "payments", "contacts", "calls", "promises", "plans", "scores", "stops"),
    *("events", "sources"),
)
"""The tables of a page, in its order."""

_LEAST_DIGITS: Final = 4
"""Fewer are in too many numbers."""

Row = Mapping[str, str | int | float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """One account with its debtor."""

    account: Row
    tables: Mapping[str, tuple[Row, ...]]
    """Of each of `SECTIONS` its rows; the keys of a row are the columns of the statement of that name."""
    facts: Mapping[str, Known]
    """Of the debtor."""
    account_facts: Mapping[str, Known]


def read(connection: sqlite3.Connection, account_id: AccountId) -> AccountPage:
    """The page of an account.

    Raises:
        StoreError: there is none of this id.
    """
    found = _rows(connection, "account", {"account_id": account_id})
    if not found:
        raise StoreError(f"There is no account with the id {account_id}.")
    account = found[0]
    wanted = {"account_id": account_id, "debtor_id": account["debtor_id"]}
    return AccountPage(
        account=account,
        tables={name: _rows(connection, name, wanted) for name in SECTIONS},
        facts=facts_of(connection, DebtorId(int(str(account["debtor_id"])))),
        account_facts=account_facts_of(connection, account_id),
    )


def find(connection: sqlite3.Connection, text: str, *, most: int) -> tuple[Row, ...]:
    """Accounts whose number, debtor, contact or phone number has a text in it.

    Those whose own number has it come first, and of each kind those that are not closed.

    Args:
        connection: to read with.
        text: of at least two characters; of a phone number at least four digits.
        most: so many at most.
    """
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    digits = "".join(char for char in text if char.isdigit())
    wanted = {"like": f"%{escaped}%", "digits": f"%{digits}%", "text": text, "most": most}
    searches = ["find_accounts"] if text.isascii() else []
    if len(digits) >= _LEAST_DIGITS and not any(char.isalpha() for char in text):
        searches.append("find_numbers")
    if not text.isdecimal():
        searches += ["find_names", "find_contacts"]
    found: dict[int, None] = {}
    for search in searches:
        if len(found) < most:
            found |= dict.fromkeys(account_id for (account_id,) in connection.execute(_SQL[search], wanted))
    return tuple(_rows(connection, "line", {"account_id": one})[0] for one in list(found)[:most])


def _rows(connection: sqlite3.Connection, name: str, wanted: Mapping[str, object]) -> tuple[Row, ...]:
    cursor = connection.execute(_SQL[name], wanted)
    columns = [column[0] for column in cursor.description]
    return tuple(dict(zip(columns, row, strict=True)) for row in cursor)
