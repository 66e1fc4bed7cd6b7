"""What each source says of a debtor or an account, written down and weighed; see `dialer.known_facts` for the rules.

`note_fact` takes one word; imports write theirs in sets (`dialer.store.sources`). Both keep an older word of a source
from replacing a newer one, so files may come in any order, and twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from dialer.account_events import AccountEvent, EventKind
from dialer.known_facts import IDENTIFYING, AccountFact, Fact, Known, Said, Source, weigh
from dialer.store.columns import amount, moment, moment_text
from dialer.store.happened import note
from dialer.store.statements import Statements
from dialer.types import AccountId, DebtorId

_SQL = Statements("knowing")
# What a list says stands in columns of the account, in this order; nothing is copied for it.
_LISTED: Final = (Fact.NAME, Fact.REGION, Fact.INDUSTRY, Fact.LANGUAGE)
_LISTED_OF_ACCOUNT: Final = (AccountFact.PRINCIPAL, AccountFact.PRODUCT)


def note_fact(
    connection: sqlite3.Connection,
    debtor_id: DebtorId,
    field: str,
    value: str,
    source: str,
    at: datetime,
    *,
    batch_id: int | None = None,
    said_by: str = "",
) -> bool:
    """Write down what a source says of a debtor, inside a transaction that may write.

    Args:
        connection: of the transaction.
        debtor_id: of whom.
        field: of `dialer.known_facts.Fact`.
        value: as text: money with two decimals, dates in ISO form.
        source: of `dialer.known_facts.Source`.
        at: when the source said so, aware.
        batch_id: the import that brought it.
        said_by: the agent or user, where one is known.

    Returns:
        True: what is believed has changed, and an event `fact.changed` tells of it.
    """
    row = _row(debtor_id, field, value, source, at, batch_id, said_by)
    before = facts_of(connection, debtor_id).get(field)
    connection.execute(_SQL["say_of_debtor"], row)
    after = facts_of(connection, debtor_id).get(field)
    if after is None or (before is not None and before.value == after.value):
        return False
    note(connection, _changed(debtor_id, None, before, after, at))
    return True


def note_account_fact(
    connection: sqlite3.Connection,
    account_id: AccountId,
    field: str,
    value: str,
    source: str,
    at: datetime,
    *,
    batch_id: int | None = None,
    said_by: str = "",
) -> bool:
    """As `note_fact`, of an account and with a field of `dialer.known_facts.AccountFact`."""
    row = _row(account_id, field, value, source, at, batch_id, said_by)
    before = account_facts_of(connection, account_id).get(field)
    connection.execute(_SQL["say_of_account"], row)
    after = account_facts_of(connection, account_id).get(field)
    if after is None or (before is not None and before.value == after.value):
        return False
    (debtor_id,) = connection.execute(_SQL["debtor_of_account"], {"id": account_id}).fetchone()
    note(connection, _changed(DebtorId(debtor_id), account_id, before, after, at))
    return True


def facts_of(connection: sqlite3.Connection, debtor_id: DebtorId) -> Mapping[str, Known]:
    """Everything that is known of a debtor: field -> what is believed, what else is said, and conflicts."""
    listed: dict[str, Said] = {}
    for at, file, *values in connection.execute(_SQL["listed"], {"id": debtor_id}):
        listed |= _of_list(at, file, zip(_LISTED, values, strict=True))
    return _weighed(connection.execute(_SQL["debtor_facts"], {"id": debtor_id}), listed)


def account_facts_of(connection: sqlite3.Connection, account_id: AccountId) -> Mapping[str, Known]:
    """As `facts_of`, of an account. What is due, how late and graded how changes from day to day: see the account."""
    listed: dict[str, Said] = {}
    for at, file, *values in connection.execute(_SQL["listed_account"], {"id": account_id}):
        principal, product = values
        said = ("" if principal is None else f"{amount(principal):.2f}", product)
        listed |= _of_list(at, file, zip(_LISTED_OF_ACCOUNT, said, strict=True))
    return _weighed(connection.execute(_SQL["account_facts"], {"id": account_id}), listed)


def _of_list(at: str, file: str, values: Iterable[tuple[str, str]]) -> dict[str, Said]:
    return {
        field: Said(value=value, source=Source.ACCOUNTS, at=moment(at), file=file) for field, value in values if value
    }


def _row(
    subject: int, field: str, value: str, source: str, at: datetime, batch_id: int | None, said_by: str
) -> dict[str, object]:
    return {
        "id": subject,
        "field": field,
        "value": value,
        "source": source,
        "at": moment_text(at),
        "batch_id": batch_id,
        "said_by": said_by,
    }


def _weighed(rows: Iterable[tuple[str, str, str, str, str, str]], listed: Mapping[str, Said]) -> dict[str, Known]:
    said: dict[str, list[Said]] = {field: [one] for field, one in listed.items()}
    for field, value, source, at, said_by, file in rows:
        said.setdefault(field, []).append(Said(value=value, source=source, at=moment(at), said_by=said_by, file=file))
    return {field: weigh(field, said[field]) for field in sorted(said)}


def _changed(
    debtor_id: DebtorId, account_id: AccountId | None, before: Known | None, after: Known, at: datetime
) -> AccountEvent:
    open_value = after.field not in IDENTIFYING
    values = {"before": before.value if before else None, "value": after.value} if open_value else {}
    return AccountEvent(
        kind=EventKind.FACT_CHANGED,
        at=at,
        debtor_id=debtor_id,
        account_id=account_id,
        actor=after.believed.said_by,
        source=after.believed.source,
        payload={"field": after.field, "conflicts": len(after.conflicts), "first": before is None, **values},
    )
