"""Whom a campaign answered for: days, the last hour, and the last thirty days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dialer.calling_rules import AbandonmentRule, AbandonmentWindow, Denominator, Origin
from dialer.facts import DayAnswers
from dialer.floor.answers import HOUR_S, PERIOD_DAYS, AnswerBook
from dialer.pacing import Budget
from dialer.types import Outcome

TODAY = date(2026, 3, 10)
TARGET = 0.03


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def budget(book: AnswerBook, name: str, *, on: date = TODAY, now_s: float = 0.0) -> Budget:
    (found,) = [one for one in book.budgets(on, now_s, TARGET) if one.name == name]
    return found


def counts(book: AnswerBook, name: str, *, on: date = TODAY, now_s: float = 0.0) -> tuple[float, float]:
    found = budget(book, name, on=on, now_s=now_s)
    return found.answered, found.abandoned


def concluded(book: AnswerBook, answers: int, abandoned: int = 0, *, on: date = TODAY, now_s: float = 0.0) -> None:
    for number in range(answers):
        outcome = Outcome.ABANDONED if number < abandoned else Outcome.BRIDGED
        assert book.conclude(f"{on}-{now_s}-{number}", outcome, on=on, now_s=now_s)


def test_a_campaign_without_answers_has_a_day_and_an_hour_to_spend() -> None:
    assert [one.name for one in AnswerBook().budgets(TODAY, 0.0, TARGET)] == ["day", "hour"]


def test_an_answer_is_concluded_only_once() -> None:
    book = AnswerBook()
    assert book.conclude("a", Outcome.ABANDONED, on=TODAY, now_s=0.0)
    assert not book.conclude("a", Outcome.BRIDGED, on=TODAY, now_s=5.0)
    assert (book.answered, book.abandoned) == counts(book, "day") == counts(book, "hour") == (1, 1)


def test_a_closed_call_is_no_longer_remembered_by_its_id() -> None:
    book = AnswerBook()
    concluded(book, 50)
    for number in range(50):
        book.forget(f"{TODAY}-0.0-{number}")
    book.forget("never heard of")
    assert not book._concluded
    assert book.answered == 50


def test_earlier_runs_count_for_their_day_and_not_for_this_run() -> None:
    book = AnswerBook()
    book.restore(
        [DayAnswers(on=days_ago(1), answered=300, abandoned=9), DayAnswers(on=TODAY, answered=40, abandoned=2)]
    )
    concluded(book, 10, abandoned=1)
    assert counts(book, "day") == (50, 3)
    assert counts(book, "hour") == (10, 1)
    assert counts(book, "30 days") == (350, 12)
    assert (book.answered, book.abandoned) == (10, 1)


def test_midnight_begins_a_new_day_and_the_hour_and_the_period_go_on() -> None:
    book = AnswerBook()
    concluded(book, 100, abandoned=4, on=days_ago(1), now_s=0.0)
    assert counts(book, "day", now_s=60.0) == (0, 0)
    concluded(book, 3, on=TODAY, now_s=60.0)
    assert counts(book, "day", now_s=60.0) == (3, 0)
    assert counts(book, "hour", now_s=60.0) == (103, 4)
    assert counts(book, "30 days", now_s=60.0) == (103, 4)


def test_the_hour_slides() -> None:
    book = AnswerBook()
    for minute in range(0, 120, 10):
        concluded(book, 2, abandoned=1, now_s=60.0 * minute)
        seen = 2 * min(minute // 10 + 1, 6)
        assert counts(book, "hour", now_s=60.0 * minute) == (seen, seen // 2)
    assert counts(book, "hour", now_s=60.0 * 110 + HOUR_S - 0.001) == (2, 1)
    assert counts(book, "hour", now_s=60.0 * 110 + HOUR_S) == (0, 0)
    assert counts(book, "day") == (24, 12)


def test_an_hour_is_forgiven_bad_luck_that_grows_with_the_root_of_its_share() -> None:
    book = AnswerBook()
    assert budget(book, "hour").slack == 1.0
    concluded(book, 300)
    assert budget(book, "hour").slack == pytest.approx(1.0 + 2.0 * (0.03 * 300) ** 0.5)
    assert budget(book, "day").slack == 0.0


def test_the_period_is_thirty_days_with_today() -> None:
    book = AnswerBook()
    assert PERIOD_DAYS == 30
    book.restore(
        DayAnswers(on=days_ago(days), answered=10**exponent, abandoned=exponent)
        for days, exponent in ((31, 5), (30, 4), (29, 3), (1, 2))
    )
    concluded(book, 1)
    assert counts(book, "30 days") == (1000 + 100 + 1, 3 + 2)
    assert counts(book, "30 days", on=TODAY + timedelta(days=1)) == (100 + 1, 2)


def test_a_day_that_is_yet_to_come_does_not_count() -> None:
    book = AnswerBook()
    book.restore([DayAnswers(on=TODAY + timedelta(days=1), answered=500, abandoned=100)])
    concluded(book, 1)
    assert counts(book, "day") == counts(book, "30 days") == (1, 0)


def test_yesterday_counts_before_todays_first_answer() -> None:
    book = AnswerBook()
    book.restore([DayAnswers(on=days_ago(1), answered=300, abandoned=30)])
    assert counts(book, "30 days") == (300, 30)


PROFILE = AbandonmentRule(
    max_ratio=TARGET,
    denominator=Denominator.ABANDONED_AND_PASSED,
    windows=(AbandonmentWindow.DAY,),
    machine_error_ratio=0.1,
    origin=Origin(profile="UK", id="abandonment"),
)
MIXED = [Outcome.BRIDGED] * 95 + [Outcome.ABANDONED] * 2 + [Outcome.EARLY_HANGUP] * 30 + [Outcome.MACHINE] * 40


def by_profile(book: AnswerBook, rule: AbandonmentRule | None, *, now_s: float = 0.0) -> dict[str, tuple[float, float]]:
    return {one.name: (one.answered, one.abandoned) for one in book.budgets(TODAY, now_s, TARGET, rule)}


def mixed(on: date = TODAY) -> AnswerBook:
    book = AnswerBook()
    for number, outcome in enumerate(MIXED):
        assert book.conclude(f"c{number}", outcome, on=on, now_s=0.0)
    return book


def test_every_window_is_counted_with_the_profiles_denominator_and_the_machines_that_were_people() -> None:
    book = mixed()
    book.restore([DayAnswers(on=days_ago(1), answered=100, abandoned=10, gone=40, machines=10)])
    # 2 abandoned and 10 % of 40 machines, over those and the 95 who got an agent; the 30 who went at once are nothing.
    expected = {"day": (101.0, 6.0), "hour": (101.0, 6.0), "30 days": (101.0 + 61.0, 6.0 + 11.0)}
    assert {name: pytest.approx(pair) for name, pair in expected.items()} == by_profile(book, PROFILE)
    assert book.on_day(TODAY) == (127, 2), "the board shows people, and estimates nothing"


def test_live_answers_keep_those_who_went_within_the_wait_in_the_denominator() -> None:
    live = replace(PROFILE, denominator=Denominator.LIVE_ANSWERS, machine_error_ratio=0.0)
    assert by_profile(mixed(), live)["day"] == by_profile(mixed(), None)["day"] == (127, 2)
    assert by_profile(mixed(), replace(live, machine_error_ratio=0.1))["day"] == pytest.approx((131.0, 6.0))


def test_a_restart_counts_the_day_as_the_run_before_it_did() -> None:
    again = AnswerBook()
    again.restore([DayAnswers(on=TODAY, answered=127, abandoned=2, gone=30, machines=40)])
    assert by_profile(again, PROFILE)["day"] == by_profile(mixed(), PROFILE)["day"]


def test_machines_leave_the_hour_as_answers_do() -> None:
    assert by_profile(mixed(), PROFILE, now_s=HOUR_S)["hour"] == (0.0, 0.0)


def test_an_hour_that_is_the_profiles_own_is_forgiven_nothing() -> None:
    hourly = replace(PROFILE, windows=(AbandonmentWindow.HOUR,))
    slack = {
        name: {one.name: one.slack for one in mixed().budgets(TODAY, 0.0, TARGET, rule)}["hour"]
        for name, rule in (("law", hourly), ("house", PROFILE))
    }
    assert slack["law"] == 0.0 and slack["house"] > 1.0


def test_days_of_an_older_format_count_everybody_who_was_not_abandoned_as_passed() -> None:
    book = AnswerBook()
    book.restore([DayAnswers(on=TODAY, answered=100, abandoned=3)])
    assert by_profile(book, PROFILE)["day"] == (100.0, 3.0)
