"""How far each webhook has been told of account events, and what it did not take.

The events themselves are the outbox: they are written in the transaction that does what they tell of, and stay. Here is
one mark for each webhook, moved in a transaction of its own after the other side has taken an event. So nothing is lost
whenever the power goes; the event that was being delivered then is delivered once more, with the same id.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dialer.store.columns import moment_or_none, moment_text
from dialer.store.statements import Statements

_SQL = Statements("outbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far one webhook is."""

    webhook: str
    seq: int
    """It was told of everything up to here."""
    told_at: datetime | None
    failing_seq: int | None
    """The event that it does not take."""
    since_at: datetime | None
    """Since when."""
    tries: int
    next_at: datetime | None
    """It is not tried before."""
    error: str
    given_up: tuple[int, ...]
    """Events that were left behind."""


def standing(connection: sqlite3.Connection, webhook: str = "") -> dict[str, Mark]:
    """The marks by webhook, of one or (empty) of all."""
    found = {}
    for name, seq, told_at, failing, since_at, tries, next_at, error, given_up in connection.execute(
        _SQL["standing"], {"webhook": webhook}
    ):
        found[name] = Mark(
            webhook=name,
            seq=seq,
            told_at=moment_or_none(told_at),
            failing_seq=failing,
            since_at=moment_or_none(since_at),
            tries=tries,
            next_at=moment_or_none(next_at),
            error=error,
            given_up=tuple(sorted(json.loads(given_up))),
        )
    return found


def begin(connection: sqlite3.Connection, webhook: str, *, from_start: bool) -> Mark:
    """The mark of a webhook; one that is new begins with everything that ever happened, or with what happens next."""
    connection.execute(_SQL["begin"], {"webhook": webhook, "from_start": from_start})
    return standing(connection, webhook)[webhook]


def told(connection: sqlite3.Connection, webhook: str, seq: int, at: datetime) -> None:
    """It has taken an event."""
    connection.execute(_SQL["told"], {"webhook": webhook, "seq": seq, "at": moment_text(at)})


def passed(connection: sqlite3.Connection, webhook: str, seq: int) -> None:
    """It wants nothing of what happened up to a place."""
    connection.execute(_SQL["passed"], {"webhook": webhook, "seq": seq})


def failed(
    connection: sqlite3.Connection, webhook: str, seq: int, *, at: datetime, next_at: datetime, error: str
) -> Mark:
    """It did not take an event, and is tried again."""
    row = {
        "webhook": webhook,
        "seq": seq,
        "at": moment_text(at),
        "next_at": moment_text(next_at),
        "error": error[:200],
    }
    connection.execute(_SQL["failed"], row)
    return standing(connection, webhook)[webhook]


def give_up(connection: sqlite3.Connection, webhook: str, seq: int, at: datetime) -> None:
    """It did not take an event for too long: the next one goes ahead, and this one is on record."""
    row = {"webhook": webhook, "seq": seq, "at": moment_text(at)}
    connection.execute(_SQL["give_up"], row)
    connection.execute(_SQL["told"], row)


def waiting(connection: sqlite3.Connection, webhook: str, kinds: Iterable[str]) -> int:
    """How many events a webhook is still to be told of."""
    row = {"webhook": webhook, "kinds": json.dumps(sorted(kinds))}
    (count,) = connection.execute(_SQL["waiting"], row).fetchone()
    return int(count)
