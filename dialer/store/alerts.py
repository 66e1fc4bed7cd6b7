"""Alerts of early warning after they were raised: who is told, who acknowledges, what runs out.

Rules
- Nobody has acknowledged an alert in time: the supervisors are told, once.
- An alert that runs out, or that was dismissed as a false alarm, gives its steps back; see `dialer.store.grading`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dialer.account_events import AccountEvent, EventKind, EventValue
from dialer.errors import StoreError
from dialer.store.columns import moment, moment_or_none, moment_text
from dialer.store.grading import ACTOR, regrade
from dialer.store.happened import note
from dialer.store.statements import Statements
from dialer.types import AccountId, DebtorId

_SQL = Statements("risk")
SUPERVISORS: Final = "supervisor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert as people see it."""

    alert_id: int
    at: datetime
    debtor_id: int
    account_id: int | None
    account_no: str
    debtor_name: str
    event_at: datetime
    rule: str
    facts: Mapping[str, Any]
    """sign, named, value, before, times, extent."""
    steps: int
    priority: int
    grade_before: str
    grade_after: str
    told: str
    """The agent who was told; empty: nobody owned the debtor."""
    team: str
    owner: str
    """Who owns the debtor now."""
    answer_by: datetime
    lasts_until: datetime
    repeats: int
    acknowledged_at: datetime | None
    acknowledged_by: str
    note: str
    escalated_at: datetime | None
    over_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Nobody has acknowledged it."""
        return self.acknowledged_at is None


def payload_of(one: Alert) -> dict[str, EventValue]:
    """What events say of an alert."""
    return {
        "alert": one.alert_id,
        "rule": one.rule,
        "sign": str(one.facts["sign"]),
        "steps": one.steps,
        "grade": one.grade_after,
        "before": one.grade_before,
        "owner": one.told,
        "team": one.team,
        "answer_by": moment_text(one.answer_by),
    }


def tell(
    connection: sqlite3.Connection,
    kind: EventKind,
    one: Alert,
    at: datetime,
    payload: Mapping[str, EventValue],
    actor: str = ACTOR,
) -> None:
    """Write down what happened to an alert, in the transaction that does it."""
    event = AccountEvent(
        kind=kind,
        at=at,
        debtor_id=DebtorId(one.debtor_id),
        account_id=None if one.account_id is None else AccountId(one.account_id),
        actor=actor,
        source="engine" if actor == ACTOR else "cli",
        payload=payload,
    )
    note(connection, event)


# --- what becomes of them -------------------------------------------------------------------------------


def escalate(connection: sqlite3.Connection, at: datetime) -> tuple[int, ...]:
    """Tell the supervisors of the alerts that nobody has acknowledged in time; returns which."""
    late = [row[0] for row in connection.execute(_SQL["unanswered"], {"at": moment_text(at)}).fetchall()]
    for alert_id in late:
        connection.execute(_SQL["escalate"], {"alert_id": alert_id, "at": moment_text(at)})
        one = alert(connection, alert_id)
        tell(connection, EventKind.ALERT_ESCALATED, one, at, {**payload_of(one), "to": SUPERVISORS})
    return tuple(late)


def run_out(connection: sqlite3.Connection, at: datetime) -> tuple[int, ...]:
    """End the alerts whose time is over, so that grades become what they were; returns which."""
    rows = connection.execute(_SQL["run_out"], {"at": moment_text(at)}).fetchall()
    for alert_id, _ in rows:
        connection.execute(_SQL["end_alert"], {"alert_id": alert_id, "at": moment_text(at)})
    for debtor_id in dict.fromkeys(debtor_id for _, debtor_id in rows):
        regrade(connection, debtor_id, at)
    return tuple(alert_id for alert_id, _ in rows)


def has_due(connection: sqlite3.Connection, at: datetime) -> bool:
    """Whether some alert is to be escalated or ended; asks for no write lock."""
    row = {"at": moment_text(at)}
    return any(connection.execute(_SQL[name], row).fetchone() is not None for name in ("unanswered", "run_out"))


def acknowledge(
    connection: sqlite3.Connection, alert_id: int, *, by: str, at: datetime, note_text: str = "", dismiss: bool = False
) -> Alert:
    """Somebody has seen to an alert.

    Args:
        connection: in a transaction that may write.
        alert_id: which.
        by: who.
        at: now, aware.
        note_text: what they did or will do.
        dismiss: it was a false alarm: the grade is no longer worse for it.

    Raises:
        StoreError: there is none of that number, or somebody has acknowledged it already.
    """
    one = alert(connection, alert_id)
    if not one.is_open and not dismiss:
        raise StoreError(f"Alert {alert_id} was acknowledged by {one.acknowledged_by} already; nothing was changed.")
    if dismiss and one.over_at is not None:
        raise StoreError(f"Alert {alert_id} is over already; nothing was changed.")
    row = {"alert_id": alert_id, "at": moment_text(at), "by": by, "note": note_text}
    if connection.execute(_SQL["acknowledge"], row).rowcount or dismiss:
        told: dict[str, EventValue] = {"alert": alert_id, "rule": one.rule, "by": by, "dismissed": dismiss}
        tell(connection, EventKind.ALERT_ACKNOWLEDGED, one, at, told, actor=by)
    if dismiss:
        connection.execute(_SQL["end_alert"], row)
        regrade(connection, one.debtor_id, at)
    return alert(connection, alert_id)


# --- reading them --------------------------------------------------------------------------------------


def alert(connection: sqlite3.Connection, alert_id: int) -> Alert:
    """One alert.

    Raises:
        StoreError: there is none of that number.
    """
    found = alerts(connection, alert_id=alert_id, open_only=False)
    if not found:
        raise StoreError(f"There is no alert {alert_id}. `dialer alert list --all` shows them.")
    return found[0]


def alerts(
    connection: sqlite3.Connection,
    *,
    alert_id: int | None = None,
    debtor_id: int | None = None,
    owner: str = "",
    open_only: bool = True,
    most: int = 200,
) -> tuple[Alert, ...]:
    """Alerts: the open ones first, of these the escalated ones, the newest on top.

    Args:
        connection: of any kind.
        alert_id: only this one.
        debtor_id: only of this debtor.
        owner: only of debtors whom this agent owns; empty: of all.
        open_only: only those that nobody has acknowledged.
        most: at most so many.
    """
    wanted = {
        "alert_id": alert_id,
        "debtor_id": debtor_id,
        "owner": owner,
        "open": int(open_only),
        "most": most,
    }
    return tuple(_alert(row) for row in connection.execute(_SQL["alerts"], wanted))


def _alert(row: tuple[Any, ...]) -> Alert:
    return Alert(
        alert_id=row[0],
        at=moment(row[1]),
        debtor_id=row[2],
        account_id=row[3],
        account_no=row[4],
        debtor_name=row[5],
        event_at=moment(row[6]),
        rule=row[7],
        facts=json.loads(row[8]),
        steps=row[9],
        priority=row[10],
        grade_before=row[11],
        grade_after=row[12],
        told=row[13],
        team=row[14],
        owner=row[15],
        answer_by=moment(row[16]),
        lasts_until=moment(row[17]),
        repeats=row[18],
        acknowledged_at=moment_or_none(row[19]),
        acknowledged_by=row[20],
        note=row[21],
        escalated_at=moment_or_none(row[22]),
        over_at=moment_or_none(row[23]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many alerts wait for somebody."""

    open: int
    escalated: int
    since: datetime | None


def waiting(connection: sqlite3.Connection) -> Waiting:
    """What nobody has acknowledged."""
    count, escalated, since = connection.execute(_SQL["open_alerts"]).fetchone()
    return Waiting(open=int(count), escalated=int(escalated), since=moment(since) if since else None)
