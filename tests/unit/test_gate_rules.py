"""The gate against the test vectors of the calling rules that are in force here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from dialer.compliance import gate
from dialer.compliance.gate import Refusal
from dialer.effects import Permit
from dialer.leads import Lead
from dialer.settings import CallingRules, Window
from dialer.types import AccountId, CampaignName, DebtorId, Number, PhoneId, StopFlag

SHANGHAI = "Asia/Shanghai"
CAMPAIGN = CampaignName("test")


def every_day(opens: str, closes: str) -> dict[int, tuple[Window, ...]]:
    window = Window(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes))
    return dict.fromkeys(range(7), (window,))


RULES = CallingRules(windows=every_day("08:00", "22:00"), close_margin_s=600, min_gap_s=7200)
NO_MARGIN = replace(RULES, close_margin_s=0)
LEAD = Lead(
    account_id=AccountId(1),
    account_no="A1",
    debtor_id=DebtorId(1),
    debtor_name="张三",
    phone_id=PhoneId(1),
    number=Number("+8613900000000"),
    zone=SHANGHAI,
)


def local(text: str, zone: str = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def ask(at: datetime | str, rules: CallingRules = RULES, zone: str = SHANGHAI, **changed: object) -> Permit | Refusal:
    moment = local(at, zone.split(",")[0]) if isinstance(at, str) else at
    return gate.check(replace(LEAD, zone=zone, **changed), rules, CAMPAIGN, moment)


def rule_of(answer: Permit | Refusal) -> str:
    return answer.rule if isinstance(answer, Refusal) else "permit"


@pytest.mark.parametrize(
    ("at", "rules", "expected", "until"),
    [
        ("2026-03-10T07:59:59", RULES, "hours", "2026-03-10T08:00:00"),
        ("2026-03-10T08:00:00", RULES, "permit", None),
        ("2026-03-10T21:49:59", RULES, "permit", None),
        ("2026-03-10T21:50:00", RULES, "closing_margin", "2026-03-11T08:00:00"),
        ("2026-03-10T21:59:59", RULES, "closing_margin", "2026-03-11T08:00:00"),
        ("2026-03-10T21:59:59", NO_MARGIN, "permit", None),
        ("2026-03-10T22:00:00", RULES, "hours", "2026-03-11T08:00:00"),
        ("2026-03-10T22:00:00", NO_MARGIN, "hours", "2026-03-11T08:00:00"),
        ("2026-03-10T00:00:00", RULES, "hours", "2026-03-10T08:00:00"),
    ],
)
def test_the_window_is_open_from_eight_to_the_margin(
    at: str, rules: CallingRules, expected: str, until: str | None
) -> None:
    answer = ask(at, rules)
    assert rule_of(answer) == expected
    if isinstance(answer, Refusal):
        assert answer.until_at == local(until or "")


@pytest.mark.parametrize("flag", list(StopFlag))
def test_every_stop_flag_forbids_for_good_and_comes_before_the_hours(flag: StopFlag) -> None:
    answer = ask("2026-03-10T03:00:00", stop_flags=frozenset({flag}))
    assert isinstance(answer, Refusal)
    assert (answer.rule, answer.until_at) == (f"stop:{flag.value}", None)


@pytest.mark.parametrize("zone", ["", " , ", "Mars/Olympus", "Asia/Shanghai,Mars/Olympus", "../etc/passwd"])
def test_an_uncertain_zone_fails_closed(zone: str) -> None:
    answer = gate.check(replace(LEAD, zone=zone), RULES, CAMPAIGN, local("2026-03-10T10:00:00"))
    assert isinstance(answer, Refusal)
    assert (answer.rule, answer.until_at) == ("zone", None)


def test_a_closed_date_of_the_debtor_is_closed_whole() -> None:
    rules = replace(RULES, closed_dates=frozenset({date(2026, 3, 10), date(2026, 3, 11)}))
    answer = ask("2026-03-10T10:00:00", rules)
    assert isinstance(answer, Refusal)
    assert (answer.rule, answer.until_at) == ("closed_date", local("2026-03-12T08:00:00"))


def test_a_day_without_windows_is_closed() -> None:
    rules = replace(RULES, windows={day: RULES.windows[day] for day in range(5)})
    answer = ask("2026-03-14T10:00:00", rules)  # a Saturday
    assert isinstance(answer, Refusal)
    assert (answer.rule, answer.until_at) == ("hours", local("2026-03-16T08:00:00"))


def test_without_any_window_the_answer_is_never() -> None:
    answer = ask("2026-03-10T10:00:00", replace(RULES, windows={}))
    assert isinstance(answer, Refusal)
    assert answer.until_at is None


@pytest.mark.parametrize(
    ("eastern", "expected"),
    [
        ("2026-03-10T10:59:59", "hours"),
        ("2026-03-10T11:00:00", "permit"),
        ("2026-03-10T20:59:59", "permit"),
        ("2026-03-10T21:00:00", "hours"),
    ],
)
def test_two_candidate_zones_leave_their_common_hours(eastern: str, expected: str) -> None:
    rules = replace(NO_MARGIN, windows=every_day("08:00", "21:00"))
    answer = ask(eastern, rules, "America/New_York,America/Los_Angeles")
    assert rule_of(answer) == expected
    if isinstance(answer, Refusal) and eastern.endswith("10:59:59"):
        assert answer.until_at == local("2026-03-10T11:00:00", "America/New_York")


@pytest.mark.parametrize(("zone", "day"), [("America/New_York", "2026-03-08"), ("America/New_York", "2026-11-01")])
def test_hours_follow_the_wall_clock_on_the_days_the_clocks_change(zone: str, day: str) -> None:
    assert rule_of(ask(f"{day}T07:59:59", NO_MARGIN, zone)) == "hours"
    assert rule_of(ask(f"{day}T08:00:00", NO_MARGIN, zone)) == "permit"
    assert rule_of(ask(f"{day}T21:59:59", NO_MARGIN, zone)) == "permit"
    before = ask(f"{day}T00:30:00", NO_MARGIN, zone)
    assert isinstance(before, Refusal)
    assert before.until_at == local(f"{day}T08:00:00", zone)


@pytest.mark.parametrize(
    ("window", "utc", "expected"),
    [
        # 2026-11-01 in New York: 01:00-02:00 comes twice, from 05:00 and from 06:00 UTC. A bound that comes twice
        # is read so that the window is shorter.
        (("01:30", "05:00"), "2026-11-01T05:45", "hours"),
        (("01:30", "05:00"), "2026-11-01T06:15", "hours"),
        (("01:30", "05:00"), "2026-11-01T06:30", "permit"),
        (("00:10", "01:30"), "2026-11-01T05:29", "permit"),
        (("00:10", "01:30"), "2026-11-01T05:30", "hours"),
        (("00:10", "01:30"), "2026-11-01T06:15", "hours"),
        # 2026-03-08: 02:00-03:00 is skipped, at 07:00 UTC.
        (("02:30", "05:00"), "2026-03-08T07:29", "hours"),
        (("02:30", "05:00"), "2026-03-08T07:30", "permit"),
        (("00:10", "02:30"), "2026-03-08T06:29", "permit"),
        (("00:10", "02:30"), "2026-03-08T07:00", "hours"),
    ],
)
def test_a_bound_that_comes_twice_or_never_makes_the_window_shorter(
    window: tuple[str, str], utc: str, expected: str
) -> None:
    rules = replace(NO_MARGIN, windows=every_day(*window))
    assert rule_of(ask(datetime.fromisoformat(utc).replace(tzinfo=UTC), rules, "America/New_York")) == expected


@pytest.mark.parametrize("zone", [SHANGHAI, "America/New_York", "Africa/Cairo", "America/Santiago"])
def test_round_the_clock_has_no_hole_at_midnight_nor_where_clocks_change(zone: str) -> None:
    rules = replace(RULES, windows=every_day("00:00", "00:00"))
    # The clocks change on Thursdays to Sundays in these zones; a year of those days, around midnight and after.
    start = datetime(2025, 9, 1, tzinfo=UTC)
    midnights = (start + timedelta(days=day) for day in range(390))
    sample = [
        datetime.combine(day.date(), time(hour, minute), ZoneInfo(zone)).astimezone(UTC)
        for day in midnights
        if day.weekday() in (3, 4, 5, 6)
        for hour, minute in ((23, 55), (0, 0), (0, 30), (1, 59), (3, 0))
    ]
    assert {rule_of(ask(at, rules, zone)) for at in sample} == {"permit"}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"number_attempts_today": 5}, "permit"),
        ({"number_attempts_today": 6}, "attempts_per_number_per_day"),
        ({"number_attempts_today": 0, "debtor_attempts_today": 8}, "permit"),
        ({"debtor_attempts_today": 9}, "attempts_per_debtor_per_day"),
        ({"debtor_conversations_today": 2}, "permit"),
        ({"debtor_conversations_today": 3, "debtor_attempts_today": 3}, "conversations_per_debtor_per_day"),
    ],
)
def test_daily_caps_refuse_until_the_next_local_day(changed: dict[str, int], expected: str) -> None:
    answer = ask("2026-03-10T10:00:00", replace(RULES, attempts_per_debtor_per_day=9), **changed)
    assert rule_of(answer) == expected
    if isinstance(answer, Refusal):
        assert answer.until_at == local("2026-03-11T08:00:00")


def test_a_cap_opens_at_local_midnight_where_the_window_does() -> None:
    rules = replace(RULES, windows=every_day("00:00", "00:00"))
    answer = ask("2026-03-10T23:00:00", rules, number_attempts_today=6)
    assert isinstance(answer, Refusal)
    assert answer.until_at == local("2026-03-11T00:00:00")


@pytest.mark.parametrize("zone", ["America/New_York,Asia/Shanghai", "Asia/Shanghai,America/New_York"])
def test_with_several_zones_a_new_day_begins_when_it_has_begun_in_all(zone: str) -> None:
    rules = replace(RULES, windows=every_day("00:00", "00:00"))
    at = local("2026-03-10T10:00:00", "Asia/Shanghai")
    answer = ask(at, rules, zone, number_attempts_today=6)
    assert isinstance(answer, Refusal)
    assert answer.until_at == local("2026-03-11T00:00:00", "Asia/Shanghai")


@pytest.mark.parametrize(
    ("seconds_ago", "expected"), [(7199, "min_gap"), (7200, "permit"), (-60, "min_gap"), (0, "min_gap")]
)
def test_the_gap_is_counted_from_the_debtors_last_dial(seconds_ago: int, expected: str) -> None:
    at = local("2026-03-10T12:00:00")
    answer = ask(at, last_attempt_at=at - timedelta(seconds=seconds_ago))
    assert rule_of(answer) == expected
    if isinstance(answer, Refusal):
        assert answer.until_at == at - timedelta(seconds=seconds_ago) + timedelta(hours=2)


def test_a_gap_that_ends_at_night_is_over_in_the_morning() -> None:
    at = local("2026-03-10T21:00:00")
    answer = ask(at, last_attempt_at=at)
    assert isinstance(answer, Refusal)
    assert answer.until_at == local("2026-03-11T08:00:00")


def test_a_permit_lives_five_seconds_from_its_issue() -> None:
    at = local("2026-03-10T10:00:00")
    permit = ask(at)
    assert isinstance(permit, Permit)
    assert [gate.recheck(permit, at + timedelta(seconds=s)) for s in (-1, 0, 4.9, 5, 60)] == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_a_permit_does_not_outlive_its_window() -> None:
    at = local("2026-03-10T21:59:58")
    permit = ask(at, NO_MARGIN)
    assert isinstance(permit, Permit)
    assert permit.expires_at == local("2026-03-10T22:00:00")


def test_a_permit_names_the_number_and_what_was_counted() -> None:
    permit = ask("2026-03-10T10:00:00", number_attempts_today=2)
    assert isinstance(permit, Permit)
    assert (permit.number, permit.account_id, permit.campaign) == (LEAD.number, LEAD.account_id, CAMPAIGN)
    assert "attempts_per_number_per_day 2/6" in permit.rules


def test_refusals_speak_both_languages() -> None:
    answer = ask("2026-03-10T07:00:00")
    assert isinstance(answer, Refusal)
    assert "不在可拨打时段" in answer.reason_zh
    assert "07:00 Asia/Shanghai" in answer.reason_en


def test_a_moment_without_a_zone_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        gate.check(LEAD, RULES, CAMPAIGN, datetime(2026, 3, 10, 10))  # noqa: DTZ001 (the point)
