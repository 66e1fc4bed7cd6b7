"""A campaign's answers by a person, and by machines, one local day after the other."""

from __future__ import annotations

import sqlite3
from datetime import datetime, time, timedelta, tzinfo

from dialer.facts import DayAnswers
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
        within = {"campaign": campaign, "since": moment_text(since), "until": moment_text(until)}
        answered, abandoned, gone = connection.execute(_SQL["answers"], within).fetchone()
        (machines,) = connection.execute(_SQL["machines"], within).fetchone()
        if answered or machines:
            found.append(DayAnswers(on=on, answered=answered, abandoned=abandoned, gone=gone, machines=machines))
    return tuple(found)
