"""Counted before the wire: what is looked at again in the very transaction that commits an attempt.

Rules
- The lease is held by this engine, for this debtor and number; the account is neither closed nor stopped.
- Neither the debtor nor the number is in the air.
- No stop flag, no do-not-call entry, no digest of one applies; the number is still good.
- Who is reached, zone, consent and earlier dials are those that the permit saw: another engine may have dialled
  meanwhile, an import may have changed the rest, and a clock that was set back may have brought dials into the window.
- The permit has not run out while the transaction waited for its turn.

A "no" is a value. Nothing of the attempt is written then, and the rest of the batch is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime

from dialer.effects import SaveAttempt
from dialer.facts import AttemptBarred
from dialer.leads import Lead, Touch
from dialer.store import suppressing
from dialer.store.columns import moment_or_none, moment_text
from dialer.store.statements import Statements
from dialer.store.touches import WINDOW, touches_of
from dialer.types import Counted

_SQL = Statements("commit")

_Bar = tuple[str, str]
"""Rule and reason."""


def barred(
    connection: sqlite3.Connection,
    fact: SaveAttempt,
    engine: str | None,
    now: Callable[[], datetime] | None = None,
) -> AttemptBarred | None:
    """Why an attempt may not be committed; None: it may.

    Args:
        connection: in a transaction that may write, so that nobody else can meanwhile.
        fact: the attempt.
        engine: who leases through this store; None: nobody has, and then nobody holds a lease.
        now: tells the time, asked here and not before, because a transaction may wait for long; None: not asked.
    """
    bar = (
        _late(fact, now)
        or _unleased(connection, fact, engine)
        or _in_air(connection, fact.lead)
        or _stopped(connection, fact.lead, fact.at)
        or _changed(connection, fact)
        or _counted(connection, fact)
    )
    return None if bar is None else AttemptBarred(attempt_id=fact.attempt_id, rule=bar[0], reason=bar[1])


def _late(fact: SaveAttempt, now: Callable[[], datetime] | None) -> _Bar | None:
    if fact.good_until_at is None or now is None or now() < fact.good_until_at:
        return None
    return "late", "the permit ran out before the attempt could be committed"


def _unleased(connection: sqlite3.Connection, fact: SaveAttempt, engine: str | None) -> _Bar | None:
    lead = fact.lead
    row = connection.execute(_SQL["account_standing"], {"account_id": lead.account_id}).fetchone()
    if row is None:
        return "lease", f"account {lead.account_no} is no longer in the store"
    debtor_id, state, next_rule, leased_by, leased_number = row
    if state in ("closed", "never"):
        return next_rule or "changed", f"account {lead.account_no} is {state} by now"
    if leased_by is None or leased_by != engine or leased_number != lead.number:
        who = "nobody" if leased_by is None else "another engine" if leased_by != engine else "us for another number"
        return "lease", f"account {lead.account_no} is leased by {who} by now; it has to be leased again"
    if debtor_id != lead.debtor_id:
        return "changed", f"account {lead.account_no} belongs to another debtor by now"
    return None


def _in_air(connection: sqlite3.Connection, lead: Lead) -> _Bar | None:
    wanted = {"debtor_id": lead.debtor_id, "number": lead.number}
    if connection.execute(_SQL["in_air"], wanted).fetchone() is None:
        return None
    return "in_air", "the debtor or the number is in a call that is not concluded"


def _stopped(connection: sqlite3.Connection, lead: Lead, at: datetime) -> _Bar | None:
    wanted = {"debtor_id": lead.debtor_id, "phone_id": lead.phone_id, "number": lead.number, "at": moment_text(at)}
    (flag,) = connection.execute(_SQL["stop_in_force"], wanted).fetchone()
    if flag is None and suppressing.mark_number(connection, lead.number):
        flag = "do_not_call"
    if flag is None:
        return None
    return f"stop:{flag}", f"`{flag}` was set on the debtor or the number"


def _changed(connection: sqlite3.Connection, fact: SaveAttempt) -> _Bar | None:
    lead = fact.lead
    wanted = {"debtor_id": lead.debtor_id, "phone_id": lead.phone_id, "at": moment_text(fact.at)}
    row = connection.execute(_SQL["phone_standing"], wanted).fetchone()
    if row is None:
        return "number", "the number is no longer in the store"
    number, state, role, zone, consented_until, none_left = row
    if state != "valid" or number != lead.number:
        return "number", f"the number is {state} by now" if state != "valid" else "it is another number by now"
    seen = (lead.role, lead.zone, lead.consented_until, lead.own_number_invalid)
    if (role, zone, moment_or_none(consented_until), bool(none_left)) != seen:
        return "changed", "role, time zone, consent or own numbers have changed since the lead was leased"
    return None


def _counted(connection: sqlite3.Connection, fact: SaveAttempt) -> _Bar | None:
    lead = fact.lead
    known = touches_of(connection, debtor_id=lead.debtor_id, number=lead.number, at=fact.at)
    since = fact.at - WINDOW
    if _keys(known) == _keys(touch for touch in lead.touches if touch.at >= since):
        return None
    return "counters", "other dials are counted by now than when the permit was given"


def _keys(touches: Iterable[Touch]) -> list[tuple[object, ...]]:
    """What must be the same; how long a talk must be is the campaign's own affair."""
    talk = frozenset({Counted.TALK})
    return [(one.at, one.number, one.debtor_id, one.role, one.counted - talk) for one in touches]
