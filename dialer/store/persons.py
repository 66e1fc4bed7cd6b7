"""What strategies ask about a person, as the store knows it; and what was shown to whom. See `dialer.scripts`."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from dialer.account_events import AccountEvent, EventKind
from dialer.errors import StoreError
from dialer.known_facts import Fact
from dialer.scripts.model import Person
from dialer.scripts.person import ABILITY, REASON, WILLINGNESS
from dialer.scripts.rendering import Rendered
from dialer.store.columns import amount, moment_text
from dialer.store.happened import note
from dialer.store.knowing import facts_of
from dialer.store.statements import Statements
from dialer.types import AccountId, ContactRole, DebtorId, PhoneId

_SQL: Final = Statements("scripts")
_TOLD: Final = {REASON: Fact.DELAY_REASON, ABILITY: Fact.ABILITY, WILLINGNESS: Fact.WILLINGNESS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """Somebody who is about to be spoken with."""

    account_id: AccountId
    account_no: str
    debtor_id: DebtorId
    number: str
    """Where they are reached; empty: nowhere."""
    zone: str
    person: Person
    penalty: Decimal
    """Of the account, as it was booked last."""


def accounts_of(connection: sqlite3.Connection, account_no: str) -> tuple[AccountId, ...]:
    """The accounts of a number; two lenders may use one for two."""
    rows = connection.execute(_SQL["accounts_by_no"], {"account_no": account_no})
    return tuple(AccountId(account_id) for (account_id,) in rows)


def meet(connection: sqlite3.Connection, account_id: AccountId, *, today: date, phone_id: PhoneId | None = None) -> Met:
    """All that is known of whoever is reached at an account's number.

    Args:
        connection: in a transaction.
        account_id: which.
        today: where the dialer is: instalments are late by it.
        phone_id: the number; None: the account's next one, or the debtor when there is none.

    Raises:
        StoreError: there is no such account.
    """
    row = connection.execute(_SQL["person"], {"account_id": account_id, "phone_id": phone_id}).fetchone()
    if row is None:
        raise StoreError(f"There is no account with the id {account_id}.")
    _, account_no, debtor_id, name, role, number, zone, days, due, risk, region, product, industry, language = row
    asked = {"debtor_id": debtor_id, "account_id": account_id, "today": today.isoformat()}
    on_time, late = connection.execute(_SQL["instalments_paid"], asked).fetchone()
    kept, broken, live = connection.execute(_SQL["promises_counted"], asked).fetchone()
    promise = connection.execute(_SQL["promise_to_name"], asked).fetchone() or (None, None)
    (monthly,) = connection.execute(_SQL["monthly_due"], asked).fetchone()
    (penalty,) = connection.execute(_SQL["penalty"], asked).fetchone()
    last = connection.execute(_SQL["last_disposition"], asked).fetchone()
    known = facts_of(connection, DebtorId(debtor_id))
    told = {field: known[fact].believed for field, fact in _TOLD.items() if fact in known}
    person = Person(
        name=name,
        party=ContactRole(role),
        days_past_due=days,
        amount_due=amount(due),
        risk=risk,
        region=region,
        product=product,
        industry=industry or (known[Fact.INDUSTRY].value if Fact.INDUSTRY in known else ""),
        occupation=known[Fact.OCCUPATION].value if Fact.OCCUPATION in known else "",
        language=language,
        monthly_income=_money(known[Fact.INCOME_MONTHLY].value) if Fact.INCOME_MONTHLY in known else None,
        monthly_due=None if monthly is None else amount(monthly),
        promises_kept=kept,
        promises_broken=broken,
        promise_open=live > 0,
        promised=None if promise[0] is None else amount(promise[0]),
        promised_on=None if promise[1] is None else date.fromisoformat(promise[1]),
        paid_on_time=on_time,
        paid_late=late,
        last_disposition=last[0] if last else "",
        told={field: said.value for field, said in told.items()},
        told_at={field: said.at for field, said in told.items()},
    )
    return Met(
        account_id=account_id,
        account_no=account_no,
        debtor_id=DebtorId(debtor_id),
        number=number,
        zone=zone,
        person=person,
        penalty=amount(penalty),
    )


def _money(text: str) -> Decimal | None:
    """An amount that a source told; None: it is none."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and found >= 0 else None


def note_shown(
    connection: sqlite3.Connection,
    met: Met,
    shown: Rendered,
    *,
    body: str,
    at: datetime,
    actor: str,
    source: str,
    attempt: str = "",
) -> int | None:
    """Write down that a script was shown, inside a transaction that may write; returns the event's place.

    Args:
        connection: of the transaction.
        met: about whom.
        shown: what.
        body: the script's file as it is now, kept with its version.
        at: now, aware.
        actor: to whom: the agent or user.
        source: `softphone` or `cli`.
        attempt: the call, where there is one; it is told of once.
    """
    version = {"name": shown.script, "version": shown.version, "digest": shown.digest}
    connection.execute(_SQL["keep_version"], version | {"body": body, "at": moment_text(at)})
    event = AccountEvent(
        kind=EventKind.SCRIPT_SHOWN,
        at=at,
        debtor_id=met.debtor_id,
        account_id=met.account_id,
        actor=actor,
        source=source,
        payload={
            "script": shown.script,
            "version": shown.version,
            "digest": shown.digest,
            "tier": shown.tier,
            "strategy": shown.strategy,
            "party": shown.party.value,
            "language": shown.language.value,
            "experiment": shown.experiment,
            "arm": shown.arm,
            "attempt": attempt,
        },
        event_key=f"script.shown/{attempt}/{actor}" if attempt else "",
    )
    return note(connection, event)


def versions(connection: sqlite3.Connection) -> tuple[tuple[str, int, str, str], ...]:
    """Every version that was ever shown: name, number, digest, and since when."""
    return tuple(connection.execute(_SQL["versions"]))


def version_text(connection: sqlite3.Connection, name: str, digest: str) -> str | None:
    """The text of a version that was shown; None: there was none."""
    row = connection.execute(_SQL["version_body"], {"name": name, "digest": digest}).fetchone()
    return None if row is None else str(row[0])
