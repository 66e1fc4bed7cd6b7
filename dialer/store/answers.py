"""A campaign's answers by a person, one local day after the other."""

from __future__ import annotations

import sqlite3
from datetime import datetime, time, timedelta, tzinfo

from dialer.events import DayAnswers
from dialer.store.columns import moment_text
from dialer.store.statements import Statements
from dialer.types import CampaignName

_SQL = Statements("learned")
_DAY = timedelta(days=1)


def answers_by_day(
    connection: sqlite3.Connection, campaign: CampaignName, *, at: datetime, zone: tzinfo, days: int
) -> tuple[DayAnswers, ...]:
    """See `Store.answers_by_day`."""
    today = at.astimezone(zone).date()
    found = []
    for on in (today - ago * _DAY for ago in range(days - 1, -1, -1)):
        # A day lasts from midnight to midnight, which is 23 or 25 hours when clocks are changed.
        since, until = (datetime.combine(day, time(0), zone) for day in (on, on + _DAY))
        answered, abandoned = connection.execute(
            _SQL["answers"], {"campaign": campaign, "since": moment_text(since), "until": moment_text(until)}
        ).fetchone()
        if answered:
            found.append(DayAnswers(on=on, answered=answered, abandoned=abandoned))
    return tuple(found)
