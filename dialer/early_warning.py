"""Early warning while the engine runs: what came in is judged within half a second, and nobody's silence goes unseen.

    EarlyWarning(settings, zone)           # a chore of `dialer.chores`

Who is told of something new and has been scored before is scored again at once, each debtor in a transaction of its
own; everybody else by `dialer risk score --all`. A debtor of a new alert whose owner is not who should look after such
ones goes to somebody who is: see `dialer.store.handing_on`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from dialer.config.caseload import ASSIGNMENT, load_assignment
from dialer.config.fresh import Fresh
from dialer.ordering.worth import RecoveryModel
from dialer.risk.notices import notice
from dialer.risk.settings import RiskSettings
from dialer.settings import DialerSettings
from dialer.store import alerting, alerts, modelling
from dialer.store.grading import is_scored, save_scores, score_accounts
from dialer.store.handing_on import hand_on
from dialer.store.sqlite import SqliteStore

EVERY_S: Final = 0.5
BY: Final = "engine"
_log = structlog.stdlib.get_logger("dialer.early_warning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What one look did."""

    events: int = 0
    raised: tuple[int, ...] = ()
    repeated: int = 0
    escalated: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    rescored: int = 0
    """Accounts whose score or grade became another one."""
    handed_on: int = 0
    """Debtors who have another owner now."""


HandOn = Callable[[SqliteStore, tuple[int, ...], datetime], int]
"""Asks the rules of assignment again about some debtors; returns how many changed hands."""


def nobody(_store: SqliteStore, _debtors: tuple[int, ...], _at: datetime) -> int:
    """Hands nobody on."""
    return 0


def by_rules(settings: DialerSettings, shipped: Path) -> HandOn:
    """Handing on by `assignment.yaml`, as the file is when somebody is to be handed on.

    Args:
        settings: whose agents there are, and where the file is.
        shipped: the folder of the shipped settings.
    """
    folder = settings.source.parent
    paths = (folder / ASSIGNMENT, shipped / ASSIGNMENT)
    rules = Fresh(partial(load_assignment, folder, shipped, settings), paths)
    recovery = RecoveryModel()

    def hand(store: SqliteStore, debtors: tuple[int, ...], at: datetime) -> int:
        return len(hand_on(store, debtors, settings.agents, rules(), recovery, at))

    return hand


class EarlyWarning:
    """The chore.

    Args:
        settings: those of `risk.yaml` as it is now.
        zone: days begin at its midnight.
        hand: what becomes of debtors whose grade is worse now.
    """

    def __init__(self, settings: Callable[[], RiskSettings], zone: tzinfo, hand: HandOn = nobody) -> None:
        self._settings = settings
        self._hand = hand
        self._zone = zone
        self._notice = ""

    @property
    def name(self) -> str:
        """For the log and the thread."""
        return "early_warning"

    @property
    def every_s(self) -> float:
        """From one look to the next, in seconds."""
        return EVERY_S

    def notices(self) -> tuple[str, ...]:
        """For the board: what supervisors must know."""
        return (self._notice,) if self._notice else ()

    def run(self, store: SqliteStore, at: datetime) -> None:
        """Look once."""
        done = look(store, self._settings(), at.astimezone(self._zone), self._hand)
        for alert_id in done.raised:
            _log.warning("alert.raised", alert=alert_id)
        for alert_id in done.escalated:
            _log.warning("alert.escalated", alert=alert_id, to=alerts.SUPERVISORS)
        with store.reading() as database:
            left = alerts.waiting(database.conn)
        self._notice = notice(left.open, left.escalated)


def look(store: SqliteStore, settings: RiskSettings, at: datetime, hand: HandOn = nobody) -> Done:
    """Judge all that nobody has judged, tell supervisors of what nobody acknowledges, and end what runs out.

    Args:
        store: open.
        settings: of `risk.yaml`.
        at: now, in the dialer's zone.
        hand: what becomes of debtors whose grade is worse now.
    """
    with store.reading() as database:
        unread, due = alerting.has_unread(database.conn), alerts.has_due(database.conn, at)
    escalated: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    if due:
        with store.writing() as connection:
            escalated, ended = alerts.escalate(connection, at), alerts.run_out(connection, at)
    events, repeated, rescored = 0, 0, 0
    raised: list[int] = []
    alarmed: dict[int, None] = {}
    while unread:
        with store.writing() as connection:
            reaction = alerting.react(connection, settings.warnings, at)
        events, repeated = events + reaction.events, repeated + reaction.repeated
        raised += reaction.raised
        alarmed |= dict.fromkeys(reaction.alarmed)
        rescored += _rescore(store, settings, reaction.debtors, at)
        unread = not reaction.is_done
    return Done(
        events=events,
        raised=tuple(raised),
        repeated=repeated,
        escalated=escalated,
        ended=ended,
        rescored=rescored,
        handed_on=hand(store, tuple(alarmed), at) if alarmed else 0,
    )


def _rescore(store: SqliteStore, settings: RiskSettings, debtors: Iterable[int], at: datetime) -> int:
    count = 0
    for debtor_id in debtors:
        with store.writing() as connection:
            if is_scored(connection, debtor_id):
                model = modelling.champion(connection, settings.rules, by=BY, at=at)
                changed = score_accounts(connection, model, at, debtor_id=debtor_id).changed
                save_scores(connection, model, changed, at)
                count += len(changed)
    return count
