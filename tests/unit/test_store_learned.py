"""What the store keeps for the next launch of a campaign: its answers, day by day, and what pacing has learned."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialer.errors import StoreError
from dialer.facts import DayAnswers
from dialer.floor.closing import ANSWERED_BY_A_PERSON
from dialer.store.sqlite import SqliteStore
from dialer.store.statements import Statements
from dialer.types import CampaignName, NextKind, Outcome
from store_cases import AT, CAMPAIGN, account, as_of_version, placed, step, stocked, take, whole_call

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 3, 2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.create(tmp_path / "store.db")
    yield store
    store.close()


def call(store: SqliteStore, index: int, outcome: Outcome, at: datetime) -> None:
    """One call, placed at a moment and over at once."""
    stocked(store, [account(f"a{index}", index)], at=at)
    (lead,) = take(store, at=at)
    whole_call(store, lead, f"att-{index}", step(NextKind.CLOSED), outcome, at=at)


def days(store: SqliteStore, at: datetime = AT, zone: ZoneInfo = SHANGHAI, count: int = 30) -> tuple[DayAnswers, ...]:
    return store.answers_by_day(CAMPAIGN, at=at, zone=zone, days=count)


def test_people_who_answered_are_counted_and_nobody_else(store: SqliteStore) -> None:
    for index, outcome in enumerate(Outcome):
        call(store, index, outcome, AT)
    call(store, 50, Outcome.ABANDONED, AT)
    answered = len(ANSWERED_BY_A_PERSON) + 1
    assert days(store) == (DayAnswers(on=TODAY, answered=answered, abandoned=2, gone=1, machines=1),)
    assert store.answers_by_day(CampaignName("other"), at=AT, zone=SHANGHAI, days=30) == ()
    listed = Statements("learned")["answers"].split("outcome IN (")[1].split(")")[0]
    assert {word.strip(" '") for word in listed.split(",")} == set(ANSWERED_BY_A_PERSON)


def test_a_call_that_is_not_closed_is_left_to_whoever_closes_it(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    store.apply([placed(lead, "att-1")])
    assert days(store) == ()


def test_a_day_begins_and_ends_where_the_dialer_is(store: SqliteStore) -> None:
    midnight = datetime(2026, 3, 2, tzinfo=SHANGHAI)
    moments = (midnight - timedelta(microseconds=1), midnight, midnight + timedelta(hours=23, minutes=59))
    for index, at in enumerate(moments):
        call(store, index, Outcome.BRIDGED, at.astimezone(UTC))
    yesterday = DayAnswers(on=date(2026, 3, 1), answered=1, abandoned=0)
    assert days(store) == (yesterday, DayAnswers(on=TODAY, answered=2, abandoned=0))
    in_berlin = days(store, zone=BERLIN)
    assert [(day.on.day, day.answered) for day in in_berlin] == [(1, 2), (2, 1)]


def test_days_on_which_clocks_change_are_whole(store: SqliteStore) -> None:
    spring = datetime(2026, 3, 29, tzinfo=BERLIN)  # 23 hours long
    for index, hour in enumerate((0, 23, 24)):
        call(store, index, Outcome.BRIDGED, spring.astimezone(UTC) + timedelta(hours=hour, minutes=-30))
    found = days(store, at=datetime(2026, 3, 30, 12, tzinfo=UTC), zone=BERLIN)
    assert [(day.on.day, day.answered) for day in found] == [(28, 1), (29, 1), (30, 1)]


def test_thirty_days_are_today_and_the_twenty_nine_before(store: SqliteStore) -> None:
    for index, ago in enumerate((30, 29, 0)):
        call(store, index, Outcome.ABANDONED, AT - timedelta(days=ago))
    assert [day.on for day in days(store)] == [TODAY - timedelta(days=29), TODAY]


def test_what_was_learned_last_is_kept_for_each_campaign(tmp_path: Path) -> None:
    path, summer = tmp_path / "store.db", CampaignName("summer")
    store = SqliteStore.create(path)
    assert store.learned(CAMPAIGN) == ""
    store.save_learned(CAMPAIGN, at=AT, learned="{}")
    store.save_learned(CAMPAIGN, at=AT, learned=json.dumps({"名": [1.5]}))
    store.save_learned(summer, at=AT, learned="not even JSON")
    store.close()
    again = SqliteStore.open(path)
    assert json.loads(again.learned(CAMPAIGN)) == {"名": [1.5]}
    assert again.learned(summer) == "not even JSON", "the store does not look into it"
    again.close()
    with pytest.raises(StoreError):
        again.save_learned(CAMPAIGN, at=AT, learned="{}")


def test_answers_are_counted_from_an_index_that_holds_nothing_else(store: SqliteStore) -> None:
    statement = Statements("learned")["answers"]
    with store.reading() as database:
        parameters = dict.fromkeys(re.findall(r":([a-z_]+)", statement), "x")
        plan = database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    assert [text for *_, text in plan] == [
        "SEARCH attempts USING COVERING INDEX attempts_answered (campaign=? AND at>? AND at<?)"
    ]


def test_a_store_of_the_version_before_counts_its_old_answers(tmp_path: Path, store: SqliteStore) -> None:
    call(store, 1, Outcome.BRIDGED, AT)
    mended = SqliteStore.open(as_of_version(tmp_path / "store.db", 2))
    assert days(mended) == (DayAnswers(on=TODAY, answered=1, abandoned=0),)
    mended.close()
