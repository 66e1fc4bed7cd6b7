"""Earlier dials of a debtor, as limits count them; worked out from attempts, dispositions and call events.

Every attempt counts, on behalf of whichever campaign, agent or debtor; as what, `dialer.compliance.counting` says.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from dialer.compliance import limits
from dialer.compliance.counting import counted
from dialer.leads import Touch
from dialer.store.columns import moment, moment_text
from dialer.store.statements import Statements
from dialer.types import AccountId, ContactRole, DebtorId, Number, Outcome

_SQL = Statements("touches")

WINDOW = limits.LOOK_BACK
"""What leads bring at least; see `limits.look_back` for rules that look back longer."""


def touches_of(
    connection: sqlite3.Connection,
    *,
    debtor_id: int,
    number: str,
    at: datetime,
    effective_talk_s: float = 0.0,
    besides: str | None = None,
    look_back: timedelta = WINDOW,
) -> tuple[Touch, ...]:
    """Every dial of the last days to a debtor or to any number of theirs, oldest first; later ones too.

    Args:
        connection: in a transaction.
        debtor_id: whose.
        number: the number to be dialled, for the case that the debtor has lost it meanwhile.
        at: now, aware. Dials after it (a clock was set back) are not left out.
        effective_talk_s: a bridged talk counts as one when it lasted at least so long.
        besides: an attempt that is not counted.
        look_back: dials longer ago are left out.
    """
    wanted = {"debtor_id": debtor_id, "number": number, "since": moment_text(at - look_back), "besides": besides}
    return tuple(touch(row, effective_talk_s) for row in connection.execute(_SQL["touches"], wanted))


Dial = tuple[str, str, int, int, str, str | None, float | None, int, str | None]
"""A dial as it stands: when, number, debtor, account, role, outcome, length of the talk, conversation, history."""


def dials_of_many(
    connection: sqlite3.Connection, wanted: Iterable[tuple[int, str]], *, since: datetime
) -> dict[int, list[Dial]]:
    """As `touches_of`, of many debtors at once: debtor -> every dial from a moment on, oldest first.

    Args:
        connection: in a transaction.
        wanted: debtors, each with the number to be dialled.
        since: dials before it are left out.
    """
    asked = {"wanted": json.dumps(list(wanted)), "since": moment_text(since)}
    found: dict[int, list[Dial]] = {}
    for debtor_id, *dial in connection.execute(_SQL["dials_of_many"], asked):
        found.setdefault(debtor_id, []).append(tuple(dial))
    return found


def conversations_of_many(
    connection: sqlite3.Connection, wanted: Iterable[tuple[int, str]], *, since: datetime
) -> dict[int, list[datetime]]:
    """Debtor -> when each conversation from a moment on was concluded; debtors as in `dials_of_many`."""
    found: dict[int, list[datetime]] = {}
    asked = {"wanted": json.dumps(list(wanted)), "since": moment_text(since)}
    for debtor_id, at in connection.execute(_SQL["conversations_of_many"], asked):
        found.setdefault(debtor_id, []).append(moment(at))
    return found


def touch(row: Dial, effective_talk_s: float) -> Touch:
    """A dial as limits count it."""
    placed_at, dialled, of_debtor, account_id, role, outcome, talk_s, conversation, events = row
    talked = talk_s is None or talk_s >= effective_talk_s
    return Touch(
        at=moment(placed_at),
        number=Number(dialled),
        debtor_id=DebtorId(of_debtor),
        account_id=AccountId(account_id),
        role=_ROLES[role],
        counted=counted(_OUTCOMES[outcome], talked=talked, conversation=bool(conversation), events=events or ""),
    )


_ROLES = {role.value: role for role in ContactRole}
_OUTCOMES: dict[str | None, Outcome | None] = {None: None, **{one.value: one for one in Outcome}}
