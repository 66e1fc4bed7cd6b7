"""What a file tells besides its own columns: facts of the debtor and of the account, and the terms of the loan.

Rules
- Every word is kept with its source, its time and its file; see `knowing` for which is believed.
- The terms of a loan are kept when all are known that a schedule needs. A file that tells only some of them mends
  those; the others stay.
- Of a debtor who is new with this file nothing has changed: no event tells of each first word.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from dialer.accounts.fields import ACCOUNT_FACTS, DEBTOR_FACTS, LOAN_FIELDS, Field
from dialer.accounts.imported import AccountRow
from dialer.known_facts import Source
from dialer.loans.schedules import add_months
from dialer.store.columns import moment_text
from dialer.store.knowing import note_account_fact, note_fact
from dialer.store.statements import Statements
from dialer.types import AccountId, DebtorId

_SQL = Statements("details")
_KNOWING_SQL = Statements("knowing")
_TERMS: Mapping[Field, str] = {
    Field.RATE: "annual_rate",
    Field.PENALTY_RATE: "penalty_rate",
    Field.TERM: "periods",
    Field.METHOD: "method",
    Field.DISBURSED_ON: "disbursed_on",
    Field.FIRST_DUE_ON: "first_due_on",
    Field.GRACE_DAYS: "grace_days",
}
_COLUMNS = (
    *("contract_no", "principal_cents", "annual_rate", "penalty_rate", "periods", "method"),
    *("disbursed_on", "first_due_on", "grace_days"),
)
_NEEDED = ("principal_cents", "annual_rate", "periods", "method", "disbursed_on", "first_due_on")


def last_debtor(connection: sqlite3.Connection) -> int:
    """The newest debtor's id: those after it are new."""
    (newest,) = connection.execute(_SQL["last_debtor"]).fetchone()
    return int(newest)


def keep(
    connection: sqlite3.Connection, rows: Iterable[AccountRow], batch_id: int, at: datetime, *, new_after: int
) -> None:
    """Keep the details of rows that are in the store by now.

    Args:
        connection: of the transaction.
        rows: of a list.
        batch_id: the import.
        at: when the source said so, aware.
        new_after: the id after which debtors are new.
    """
    for row in rows:
        if row.details:
            subject = {"account_no": row.account_no, "client": row.client}
            account_id, debtor_id, principal = connection.execute(_SQL["subject"], subject).fetchone()
            values = {Field(name): value for name, value in row.details}
            word = Word(source=Source.ACCOUNTS, batch_id=batch_id, at=at, is_first=debtor_id > new_after)
            word.of_debtor(connection, debtor_id, values)
            word.of_account(connection, account_id, values)
            keep_terms(connection, account_id, row.account_no, principal, values)


class Word:
    """One source's word at one moment."""

    def __init__(self, *, source: Source, batch_id: int, at: datetime, is_first: bool = False) -> None:
        self._source = source
        self._batch_id = batch_id
        self._at = at
        self._is_first = is_first

    def of_debtor(self, connection: sqlite3.Connection, debtor_id: int, values: Mapping[Field, str]) -> bool:
        """Keep what it says of a debtor; True when anything is new."""
        facts = {DEBTOR_FACTS[name]: value for name, value in values.items() if name in DEBTOR_FACTS}
        new = False
        for fact, value in facts.items():
            new |= self.say(connection, debtor_id, fact, value)
        return new

    def say(self, connection: sqlite3.Connection, debtor_id: int, fact: str, value: str) -> bool:
        """Keep one word on a debtor; True when it is another than this source's last."""
        row = {"id": debtor_id, "field": fact, "source": self._source}
        said = connection.execute(_SQL["debtor_word"], row).fetchone()
        if said is not None and said[1] >= moment_text(self._at) and said[0] == value:
            return False
        if self._is_first:
            self._write(connection, "say_of_debtor", row, value)
        else:
            note_fact(connection, DebtorId(debtor_id), fact, value, self._source, self._at, batch_id=self._batch_id)
        return said is None or said[0] != value

    def of_account(self, connection: sqlite3.Connection, account_id: int, values: Mapping[Field, str]) -> bool:
        """Keep what it says of an account beyond its columns; True when anything is new."""
        facts = {ACCOUNT_FACTS[name]: value for name, value in values.items() if name in ACCOUNT_FACTS}
        new = False
        for fact, value in facts.items():
            row = {"id": account_id, "field": fact, "source": self._source}
            said = connection.execute(_SQL["account_word"], row).fetchone()
            if said is not None and said[1] >= moment_text(self._at) and said[0] == value:
                continue
            if self._is_first:
                self._write(connection, "say_of_account", row, value)
            else:
                note_account_fact(
                    connection, AccountId(account_id), fact, value, self._source, self._at, batch_id=self._batch_id
                )
            new |= said is None or said[0] != value
        return new

    def _write(self, connection: sqlite3.Connection, statement: str, row: Mapping[str, object], value: str) -> None:
        word = {"value": value, "at": moment_text(self._at), "batch_id": self._batch_id, "said_by": ""}
        connection.execute(_KNOWING_SQL[statement], {**row, **word})


def keep_terms(
    connection: sqlite3.Connection,
    account_id: int,
    contract_no: str,
    principal_cents: int | None,
    values: Mapping[Field, str],
) -> bool:
    """Keep the terms of a loan; True when anything changed."""
    told: dict[str, object] = {_TERMS[name]: values[name] for name in LOAN_FIELDS if values.get(name)}
    if not told:
        return False
    stored = connection.execute(_SQL["loan"], {"account_id": account_id}).fetchone()
    before = dict(zip(_COLUMNS, stored, strict=True)) if stored is not None else {}
    terms: dict[str, object] = {"penalty_rate": "", "grace_days": 0, **before, "contract_no": contract_no, **told}
    if principal_cents is not None:
        terms["principal_cents"] = principal_cents
    if "first_due_on" not in terms and "disbursed_on" in terms:
        terms["first_due_on"] = add_months(date.fromisoformat(str(terms["disbursed_on"])), 1).isoformat()
    if not all(terms.get(name) not in (None, "") for name in _NEEDED):
        return False
    terms |= {"periods": int(str(terms["periods"])), "grace_days": int(str(terms["grace_days"]))}
    if terms == before:
        return False
    connection.execute(_SQL["save_loan"], terms | {"account_id": account_id})
    return True
