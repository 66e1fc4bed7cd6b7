"""Early warning on the store: events in, alerts and worse grades out, each event once.

Rules
- Events are read in their order from a cursor that moves in the transaction that raises their alerts. Whoever reads,
  the engine or a command, each event is judged once.
- The same happening told twice is one alert; see `dialer.risk.warnings`.
- An event that is older than its rule lasts raises nothing: a file of last year is no warning.
- An alert goes to the owner of the debtor. What becomes of it then is in `dialer.store.alerts`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dialer.account_events import EventKind, StoredEvent
from dialer.risk.grades import Grade, read_grade, worst
from dialer.risk.warnings import Earlier, Finding, Novelty, WarningRule, findings, novelty
from dialer.store.alerts import alert, payload_of, tell
from dialer.store.columns import moment, moment_text
from dialer.store.grading import Regraded, regrade
from dialer.store.happenings import happening_of
from dialer.store.statements import Statements
from dialer.types import AccountId, DebtorId

_SQL = Statements("risk")
IMPORT: Final = "import"
READ: Final = 2_000
"""Places of the stream that are read in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What one reading of the stream did."""

    events: int
    """That early warning looks at."""
    raised: tuple[int, ...]
    """Alerts."""
    repeated: int
    debtors: tuple[int, ...]
    """Of whom something new was told, in the order of the events; not those whom a file told of."""
    alarmed: tuple[int, ...]
    """Debtors of the alerts that were raised."""
    read_to: int
    is_done: bool
    """Nothing is left to be read."""


def react(connection: sqlite3.Connection, rules: Sequence[WarningRule], at: datetime) -> Reaction:
    """Judge the events that nobody has judged, at most `READ` places of the stream.

    Args:
        connection: in a transaction that may write.
        rules: of the settings.
        at: now, aware.
    """
    (after,) = connection.execute(_SQL["cursor"]).fetchone()
    (up_to,) = connection.execute(_SQL["unread"], {"after": after, "limit": READ}).fetchone()
    if up_to is None or up_to <= after:
        return Reaction(events=0, raised=(), repeated=0, debtors=(), alarmed=(), read_to=after, is_done=True)
    raised: list[int] = []
    repeated = 0
    alarmed: dict[int, None] = {}
    events = tuple(_events(connection, after, up_to))
    for event in events:
        told, again = _judge(connection, rules, event, at)
        raised += told
        alarmed |= {int(event.debtor_id or 0): None} if told else {}
        repeated += again
    connection.execute(_SQL["read_to"], {"seq": up_to})
    return Reaction(
        events=len(events),
        raised=tuple(raised),
        repeated=repeated,
        debtors=tuple(dict.fromkeys(int(event.debtor_id or 0) for event in events)),
        alarmed=tuple(alarmed),
        read_to=up_to,
        is_done=up_to < after + READ,
    )


def has_unread(connection: sqlite3.Connection) -> bool:
    """Whether the stream holds anything that was not read; asks for no write lock."""
    (after,) = connection.execute(_SQL["cursor"]).fetchone()
    (up_to,) = connection.execute(_SQL["unread"], {"after": after, "limit": READ}).fetchone()
    return up_to is not None and up_to > after


def _events(connection: sqlite3.Connection, after: int, up_to: int) -> Iterable[StoredEvent]:
    for row in connection.execute(_SQL["events"], {"after": after, "up_to": up_to}).fetchall():
        seq, key, at, kind, debtor_id, account_id, actor, source, payload = row
        yield StoredEvent(
            seq=seq,
            event_key=key or "",
            at=moment(at),
            kind=EventKind(kind),
            debtor_id=DebtorId(debtor_id),
            account_id=None if account_id is None else AccountId(account_id),
            actor=actor,
            source=source,
            payload=json.loads(payload),
        )


def _judge(
    connection: sqlite3.Connection, rules: Sequence[WarningRule], event: StoredEvent, at: datetime
) -> tuple[list[int], int]:
    """The alerts that an event raises, and how many it only repeats."""
    found = [one for rule in rules if (one := _finding(connection, rule, event, at)) is not None]
    raised, repeated = [], 0
    for finding in found:
        earlier = connection.execute(
            _SQL["earlier_alerts"], {"debtor_id": event.debtor_id, "rule": finding.rule.id}
        ).fetchall()
        known = [Earlier(about=about, at=moment(when), extent=float(extent)) for _, about, when, extent in earlier]
        match novelty(finding, known):
            case Novelty.SAME:
                continue
            case Novelty.AGAIN:
                connection.execute(_SQL["repeat_alert"], {"alert_id": earlier[0][0]})
                repeated += 1
            case Novelty.NEW:
                raised.append(_raise(connection, event, finding, at))
    if raised:
        _tell(connection, event, raised, regrade(connection, int(event.debtor_id or 0), at), at)
    return raised, repeated


def _finding(connection: sqlite3.Connection, rule: WarningRule, event: StoredEvent, at: datetime) -> Finding | None:
    if event.at + timedelta(seconds=rule.lasts_s) <= at:
        return None
    happening = happening_of(connection, event, rule.within_s)
    if happening is None or happening.at + timedelta(seconds=rule.lasts_s) <= at:
        return None
    return next(iter(findings([rule], happening)), None)


def _raise(connection: sqlite3.Connection, event: StoredEvent, finding: Finding, at: datetime) -> int:
    rule, happening = finding.rule, finding.happening
    owner, team = connection.execute(_SQL["owner"], {"debtor_id": event.debtor_id}).fetchone() or ("", "")
    facts = {
        "sign": happening.sign.value,
        "named": happening.named,
        "value": happening.value,
        "before": happening.before,
        "times": happening.times,
        "extent": finding.extent,
        "at_least": rule.at_least,
        "within_s": rule.within_s,
    }
    row = {
        "at": moment_text(at),
        "debtor_id": event.debtor_id,
        "account_id": event.account_id,
        "event_seq": event.seq,
        "event_at": moment_text(happening.at),
        "rule": rule.id,
        "about": happening.about,
        "facts": json.dumps(facts, ensure_ascii=False, sort_keys=True),
        "steps": rule.steps,
        "priority": rule.priority,
        "grade_before": "",
        "grade_after": "",
        "owner": owner,
        "team": team,
        "answer_by": moment_text(at + timedelta(seconds=rule.answer_within_s)),
        "lasts_until": moment_text(max(at, happening.at) + timedelta(seconds=rule.lasts_s)),
    }
    return int(connection.execute(_SQL["add_alert"], row).lastrowid or 0)


def _tell(
    connection: sqlite3.Connection,
    event: StoredEvent,
    raised: Iterable[int],
    regraded: Iterable[Regraded],
    at: datetime,
) -> None:
    """Note the grades with the alerts, and tell of each."""
    before, after = _grades(regraded)
    for alert_id in raised:
        connection.execute(_SQL["set_alert_grades"], {"alert_id": alert_id, "before": before, "after": after})
        one = alert(connection, alert_id)
        tell(connection, EventKind.ALERT_RAISED, one, at, {"event": event.seq, **payload_of(one)})


def _grades(regraded: Iterable[Regraded]) -> tuple[str, str]:
    """Of several accounts the worst, before and after."""
    pairs = [(one.before, one.after) for one in regraded]
    if not pairs:
        return "", ""
    read: list[tuple[Grade | None, Grade | None]] = [(read_grade(before), read_grade(after)) for before, after in pairs]
    befores = [one for one, _ in read if one is not None]
    afters = [one for _, one in read if one is not None]
    return (worst(*befores).value if befores else pairs[0][0], worst(*afters).value if afters else pairs[0][1])
