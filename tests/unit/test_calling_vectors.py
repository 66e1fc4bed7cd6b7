"""Every test vector of the calling rules on the shipped profiles: a line each, or a test where it takes a story."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import floor_world as fw
from dialer.calling_rules import AbandonmentRule, CallingRules, CampaignPeriod, Limit, LocalDays, Origin
from dialer.compliance import gate, limits
from dialer.compliance.abandonment import Answers, counts, is_exceeded
from dialer.compliance.counting import counted
from dialer.compliance.gate import Refusal
from dialer.compliance.merging import OwnRules, merge
from dialer.config.profiles import SHIPPED, load_profile
from dialer.effects import Permit, Report
from dialer.facts import CustomerUnserved, MessagePlayed
from dialer.leads import Lead, Touch
from dialer.types import (
    AccountId,
    AttemptId,
    CampaignName,
    ChannelId,
    ContactRole,
    DebtorId,
    LimitKey,
    Number,
    Outcome,
    PhoneId,
    StopFlag,
)

SHANGHAI, NEW_YORK, LONDON = "Asia/Shanghai", "America/New_York", "Europe/London"
TODAY = date(2026, 3, 10)  # a Tuesday; no holiday in China, nor in 30 days around it elsewhere
ONE, TWO, AUNT = Number("+8613900000001"), Number("+8613900000002"), Number("+8613900000003")


def rules_of(*names: str, **own: Any) -> CallingRules:
    profiles = [load_profile(SHIPPED / f"{name}.yaml", TODAY, {}) for name in names]
    return merge(profiles, OwnRules(**own))


CN = rules_of("CN-BANK")
CN_BY_LAW = replace(CN, close_margin_s=0.0, after_consent=None)
US = rules_of("US-REGF")
UK = rules_of("UK")
LEAD = Lead(
    account_id=AccountId(1),
    account_no="A1",
    debtor_id=DebtorId(1),
    debtor_name="张三",
    phone_id=PhoneId(1),
    number=ONE,
    zone=SHANGHAI,
)
US_LEAD = replace(LEAD, number=Number("+12125550123"), zone=NEW_YORK)
UK_LEAD = replace(LEAD, number=Number("+442079460123"), zone=LONDON)


def local(text: str, zone: str = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def dial(
    lead: Lead, at: datetime, outcome: Outcome = Outcome.NO_ANSWER, *, conversation: bool = False, **other: Any
) -> Touch:
    touch = Touch(
        at=at,
        number=lead.number,
        debtor_id=lead.debtor_id,
        account_id=lead.account_id,
        role=lead.role,
        counted=counted(outcome, conversation=conversation),
    )
    return replace(touch, **other)


def ask(lead: Lead, rules: CallingRules, at: datetime, touches: Iterable[Touch] = (), **more: bool) -> Permit | Refusal:
    return gate.check(replace(lead, touches=tuple(touches)), rules, CampaignName("test"), at, **more)


def said(answer: Permit | Refusal) -> str:
    return "permit" if isinstance(answer, Permit) else f"{answer.profile} {answer.rule}"


def opens(answer: Permit | Refusal) -> datetime | None:
    assert isinstance(answer, Refusal)
    return answer.until_at


# --- China: hours and consent ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "rules", "expected"),
    [
        ("07:59:59", CN, "CN-BANK hours"),
        ("08:00:00", CN, "permit"),
        ("21:59:59", CN_BY_LAW, "permit"),
        ("21:59:59", CN, "CN-BANK closing_margin"),
        ("22:00:00", CN_BY_LAW, "CN-BANK hours"),
        ("22:00:00", CN, "CN-BANK hours"),
    ],
)
def test_china_may_be_called_from_eight_to_ten_and_the_margin_ends_it_earlier(
    clock: str, rules: CallingRules, expected: str
) -> None:
    answer = ask(LEAD, rules, local(f"2026-03-10T{clock}"))
    assert said(answer) == expected
    if isinstance(answer, Refusal) and answer.rule == "hours":
        assert "CN-2" in answer.cite
        assert answer.tag == "S"


def test_consent_allows_ten_past_ten_and_the_permit_tells() -> None:
    at = local("2026-03-10T22:10:00")
    agreed = replace(LEAD, consented_until=at + timedelta(hours=1))
    answer = ask(agreed, CN, at)
    assert isinstance(answer, Permit)
    assert "hours by consent" in answer.rules
    assert said(ask(agreed, CN, at + timedelta(hours=1))) == "CN-BANK hours"  # it is over
    assert "hours" in gate.check(agreed, CN, CampaignName("x"), local("2026-03-10T12:00:00")).rules  # type: ignore[union-attr]


def test_consent_lifts_neither_the_campaigns_own_hours_nor_hours_of_a_law_that_does_not_say_so() -> None:
    at = local("2026-03-10T22:10:00")
    agreed = replace(LEAD, consented_until=at + timedelta(days=1))
    assert said(ask(agreed, rules_of("CN-BANK", windows=CN.windows), at)) == "CN-BANK hours"
    at = local("2026-03-10T22:10:00", NEW_YORK)
    assert said(ask(replace(US_LEAD, consented_until=at + timedelta(days=1)), US, at)) == "US-REGF hours"


def test_consent_ends_the_permit_with_itself_and_lets_an_earlier_moment_be_the_next() -> None:
    at = local("2026-03-10T22:10:00")
    soon = replace(LEAD, consented_until=at + timedelta(seconds=2))
    answer = ask(soon, CN, at)
    assert isinstance(answer, Permit)
    assert answer.expires_at == soon.consented_until
    tonight = replace(LEAD, consented_until=local("2026-03-11T01:00:00"))
    refused = ask(tonight, CN, at, [dial(tonight, at - timedelta(hours=1))])
    assert said(refused) == "CN-BANK cn_gap"
    assert opens(refused) == at + timedelta(hours=1)


def test_holidays_are_off_unless_the_campaign_calls_on_them() -> None:
    at = local("2026-10-01T10:00:00")
    refused = ask(LEAD, CN, at)
    assert said(refused) == "CN-BANK closed_date"
    assert opens(refused) == local("2026-10-04T08:00:00")
    assert said(ask(LEAD, rules_of("CN-BANK", on_holidays=True), at)) == "permit"
    indonesian = replace(LEAD, number=Number("+62811000001"), zone="Asia/Jakarta")
    by_law = rules_of("ID", on_holidays=True)  # not a house rule: it stays
    assert said(ask(indonesian, by_law, local("2026-08-17T10:00:00", "Asia/Jakarta"))) == "ID closed_date"


# --- China: limits --------------------------------------------------------------------------------------

EVERY_2_H = [local(f"2026-03-10T{hour:02}:00:00") for hour in (8, 10, 12, 14, 16, 18, 20)]


def test_after_six_unanswered_dials_the_number_rests_until_midnight_and_the_other_number_does_not() -> None:
    six = [dial(LEAD, at) for at in EVERY_2_H[:6]]
    assert said(ask(LEAD, CN, EVERY_2_H[5], six[:5])) == "permit"
    seventh = ask(LEAD, CN, EVERY_2_H[6], six)
    assert said(seventh) == "CN-BANK cn6"
    assert isinstance(seventh, Refusal)
    assert (seventh.cite, seventh.tag) == ("CBA guideline 2026-01-30 (CN-6)", "S")
    assert "CN-BANK cn6 6/6" in seventh.counters
    assert opens(seventh) == local("2026-03-11T08:00:00")
    assert said(ask(replace(LEAD, number=TWO), CN, EVERY_2_H[6], six)) == "permit"
    round_the_clock = replace(CN, windows=dict.fromkeys(range(7), rules_of().windows[0]), hours=(), close_margin_s=0.0)
    assert opens(ask(LEAD, round_the_clock, EVERY_2_H[6], six)) == local("2026-03-11T00:00:00")
    assert said(ask(LEAD, round_the_clock, local("2026-03-11T00:00:00"), six)) == "permit"
    assert said(ask(LEAD, round_the_clock, local("2026-03-10T23:59:59"), six)) == "CN-BANK cn6"


def test_three_effective_talks_over_two_numbers_and_a_robot_are_all_for_a_day() -> None:
    talks = [
        dial(LEAD, EVERY_2_H[0], Outcome.BRIDGED),
        dial(LEAD, EVERY_2_H[1], Outcome.BRIDGED, number=TWO),
        dial(LEAD, EVERY_2_H[2], Outcome.BRIDGED, account_id=AccountId(9)),  # a robot's, about another debt
    ]
    assert said(ask(LEAD, CN, EVERY_2_H[3], talks[:2])) == "permit"
    for number in (ONE, TWO, Number("+8613900000009")):
        fourth = ask(replace(LEAD, number=number), CN, EVERY_2_H[3], talks)
        assert said(fourth) == "CN-BANK cn3"
        assert opens(fourth) == local("2026-03-11T08:00:00")


def test_another_debtors_talks_do_not_count_but_dials_to_a_shared_number_do() -> None:
    others = [dial(LEAD, at, Outcome.BRIDGED, debtor_id=DebtorId(7)) for at in EVERY_2_H[:3]]
    assert said(ask(LEAD, CN, EVERY_2_H[3], others)) == "permit"
    unanswered = [dial(LEAD, at, debtor_id=DebtorId(7)) for at in EVERY_2_H[:6]]
    assert said(ask(LEAD, CN, EVERY_2_H[6], unanswered)) == "CN-BANK cn6"


# --- China: contacts ------------------------------------------------------------------------------------

CONTACT = replace(LEAD, number=AUNT, role=ContactRole.CONTACT)
LONG_AGO = [local(f"2026-03-0{day}T10:00:00") for day in (5, 6, 7, 8)]


@pytest.mark.parametrize(
    ("outcomes", "changed", "expected"),
    [
        ([], {}, "CN-BANK third_party"),
        ([Outcome.NO_ANSWER, Outcome.BUSY], {}, "CN-BANK third_party"),
        ([Outcome.NO_ANSWER, Outcome.BUSY, Outcome.UNREACHABLE], {}, "permit"),
        ([Outcome.NO_ANSWER, Outcome.NO_ANSWER, Outcome.NO_ANSWER, Outcome.BRIDGED], {}, "CN-BANK third_party"),
        ([Outcome.BRIDGED, Outcome.NO_ANSWER, Outcome.NO_ANSWER, Outcome.NO_ANSWER], {}, "permit"),
        ([], {"own_number_invalid": True}, "permit"),
        ([Outcome.NO_ANSWER] * 3, {"stop_flags": frozenset({StopFlag.REFUSED})}, "CN-BANK stop:refused"),
    ],
)
def test_a_contact_is_called_only_while_the_debtor_cannot_be_reached_and_never_after_a_no(
    outcomes: list[Outcome], changed: dict[str, Any], expected: str
) -> None:
    own = [dial(LEAD, at, outcome) for at, outcome in zip(LONG_AGO, outcomes, strict=False)]
    answer = ask(replace(CONTACT, **changed), CN, EVERY_2_H[0], own)
    assert said(answer) == expected
    if isinstance(answer, Refusal):
        assert answer.until_at is None


def test_dials_to_contacts_do_not_make_the_debtor_unreached() -> None:
    aunts = [dial(CONTACT, at) for at in LONG_AGO[:3]]
    assert said(ask(CONTACT, CN, EVERY_2_H[0], aunts)) == "CN-BANK third_party"


@pytest.mark.parametrize("name", ["US-REGF", "UK", "IN", "ID", "AU", "EU-GENERIC", "HOUSE-STRICT"])
def test_no_other_profile_lets_a_contact_be_called_and_the_strictest_of_two_wins(name: str) -> None:
    own = [dial(LEAD, at) for at in LONG_AGO[:3]]
    for rules in (rules_of(name), rules_of("CN-BANK", name)):
        anywhere = replace(rules, prefixes=())
        assert said(ask(CONTACT, anywhere, EVERY_2_H[0], own)) == f"{name} third_party"


def test_without_any_profile_no_contact_is_called_and_a_guarantor_is_no_contact() -> None:
    bare = rules_of(windows=CN.windows)
    gone = replace(CONTACT, own_number_invalid=True)
    assert said(ask(gone, bare, EVERY_2_H[0])) == "campaign third_party"
    assert said(ask(replace(gone, role=ContactRole.GUARANTOR), bare, EVERY_2_H[0])) == "permit"


# --- United States --------------------------------------------------------------------------------------


def us(day: int, clock: str = "10:00:00") -> datetime:
    return local(f"2026-03-{day:02}T{clock}", NEW_YORK)


def test_seven_ringing_calls_in_seven_days_are_all_and_day_eight_forgets_day_one() -> None:
    seven = [dial(US_LEAD, us(day)) for day in range(10, 17)]
    assert said(ask(US_LEAD, US, us(16), seven[:6])) == "permit"
    eighth = ask(US_LEAD, US, us(16, "17:00:00"), seven)
    assert said(eighth) == "US-REGF f7"
    assert opens(eighth) == us(17, "08:00:00")
    assert said(ask(US_LEAD, US, us(17), seven)) == "permit"  # days 11 to 17 hold six
    twice = sorted([*seven, dial(US_LEAD, us(12, "16:00:00"))], key=lambda touch: touch.at)
    assert said(ask(US_LEAD, US, us(17), twice)) == "US-REGF f7"


def test_busy_and_out_of_service_do_not_count_for_the_law_but_for_the_house() -> None:
    lines = [(day, clock) for day in range(4, 11) for clock in ("08:00:00", "12:00:00", "16:00:00")][:20]
    failed = [dial(US_LEAD, us(*line), (Outcome.BUSY, Outcome.INVALID)[n % 2]) for n, line in enumerate(lines)]
    answer = ask(US_LEAD, US, us(10, "20:00:00"), failed)
    assert len(failed) == 20
    assert isinstance(answer, Permit)
    assert "US-REGF f7 0/7" in answer.rules
    assert said(ask(US_LEAD, US, us(10, "20:30:00"), [*failed, dial(US_LEAD, us(10, "16:00:00"), Outcome.BUSY)])) == (
        "US-REGF f_number"
    )


@pytest.mark.parametrize("days", range(8))
def test_after_a_conversation_there_are_six_more_days_of_peace_its_own_day_included(days: int) -> None:
    talked = dial(US_LEAD, us(10, "23:50:00"), Outcome.BRIDGED, conversation=True)
    no_hours = replace(US, windows=dict.fromkeys(range(7), rules_of().windows[0]), close_margin_s=0.0)
    answer = ask(US_LEAD, no_hours, us(10 + days, "23:59:59"), [talked])
    if days < 7:
        assert said(answer) == "US-REGF f7c"
        assert opens(answer) == us(17, "00:00:00")
    else:
        assert said(answer) == "permit"


def test_a_conversation_about_one_debt_leaves_the_other_callable() -> None:
    talked = [dial(US_LEAD, us(9), Outcome.BRIDGED, conversation=True)]
    assert said(ask(US_LEAD, US, us(10), talked)) == "US-REGF f7c"
    assert said(ask(replace(US_LEAD, account_id=AccountId(2)), US, us(10), talked)) == "permit"


@pytest.mark.parametrize(
    ("eastern", "expected"),
    [("10:59:59", "US-REGF hours"), ("11:00:00", "permit"), ("20:49:59", "permit"), ("21:00:00", "US-REGF hours")],
)
def test_area_code_new_york_and_address_los_angeles_leave_eleven_to_nine_eastern(eastern: str, expected: str) -> None:
    both = replace(US_LEAD, zone=f"{NEW_YORK},America/Los_Angeles")
    assert said(ask(both, US, us(10, eastern))) == expected


@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01"])
def test_on_the_day_the_clocks_change_the_wall_clock_counts(day: str) -> None:
    assert said(ask(US_LEAD, US, local(f"{day}T07:59:59", NEW_YORK))) == "US-REGF hours"
    assert said(ask(US_LEAD, US, local(f"{day}T08:00:00", NEW_YORK))) == "permit"
    assert said(ask(US_LEAD, US, local(f"{day}T21:00:00", NEW_YORK))) == "US-REGF hours"
    talked = dial(US_LEAD, local(f"{day}T20:00:00", NEW_YORK), Outcome.BRIDGED, conversation=True)
    day_7 = date.fromisoformat(day) + timedelta(days=7)
    assert opens(ask(US_LEAD, US, talked.at + timedelta(days=1), [talked])) == local(f"{day_7}T08:00:00", NEW_YORK)


@pytest.mark.parametrize(
    ("overlay", "room", "rule"),
    [("US-MA", 2, "US-MA ma_debt"), ("US-WA", 3, "US-WA wa_debt"), ("US-NYC", 3, "US-NYC nyc_debt")],
)
def test_a_state_allows_fewer_calls_than_the_union(overlay: str, room: int, rule: str) -> None:
    rules = rules_of("US-REGF", overlay)
    dials = [dial(US_LEAD, local(f"2026-11-{day:02}T10:00:00", NEW_YORK)) for day in range(10, 14)]
    at = local("2026-11-14T10:00:00", NEW_YORK)
    assert said(ask(US_LEAD, rules, at, dials[: room - 1])) == "permit"
    assert said(ask(US_LEAD, rules, at, dials[:room])) == rule


def test_new_york_city_counts_from_the_day_its_rule_is_in_force() -> None:
    rules = rules_of("US-REGF", "US-NYC")
    dials = [dial(US_LEAD, local(f"2026-08-{day}T10:00:00", NEW_YORK)) for day in (28, 29, 30)]
    assert said(ask(US_LEAD, rules, local("2026-08-31T10:00:00", NEW_YORK), dials)) == "permit"
    assert said(ask(US_LEAD, rules, local("2026-09-01T10:00:00", NEW_YORK), dials)) == "US-NYC nyc_debt"


# --- United Kingdom -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "after", "reserved", "expected"),
    [
        (Outcome.ABANDONED, "71:59", False, "UK uk72"),
        (Outcome.ABANDONED, "71:59", True, "permit"),
        (Outcome.ABANDONED, "72:00", False, "permit"),
        (Outcome.MACHINE, "23:59", False, "UK uk24"),
        (Outcome.MACHINE, "23:59", True, "permit"),
        (Outcome.MACHINE, "24:00", False, "permit"),
        (Outcome.NO_ANSWER, "23:59", False, "permit"),
    ],
)
def test_an_abandoned_number_rests_for_72_hours_unless_an_agent_is_reserved(
    outcome: Outcome, after: str, reserved: bool, expected: str
) -> None:
    lost_at = local("2026-03-10T12:00:00", LONDON)
    hours, minutes = map(int, after.split(":"))
    at = lost_at + timedelta(hours=hours, minutes=minutes)
    answer = ask(UK_LEAD, UK, at, [dial(UK_LEAD, lost_at, outcome)], reserved=reserved)
    assert said(answer) == expected


# --- stop flags, waits, several profiles ----------------------------------------------------------------


def test_a_plan_suppresses_the_same_second_and_a_missed_instalment_releases_the_same_second() -> None:
    at = EVERY_2_H[1]
    signed = replace(LEAD, stop_flags=frozenset({StopFlag.PLAN_PERFORMING}))
    assert [said(ask(lead, CN, at)) for lead in (LEAD, signed, LEAD)] == [
        "permit",
        "campaign stop:plan_performing",
        "permit",
    ]


def test_of_several_profiles_the_strictest_of_each_rule_wins_and_is_cited() -> None:
    both = rules_of("CN-BANK", "HOUSE-STRICT")
    assert (both.legal_wait_s, both.sources["legal_wait"].profile) == (1.0, "HOUSE-STRICT")
    assert (both.min_ring_s, both.min_gap_s) == (20.0, 4 * 3600.0)
    assert said(ask(LEAD, both, local("2026-03-10T08:30:00"))) == "HOUSE-STRICT hours"
    assert said(ask(LEAD, both, local("2026-03-10T22:30:00"))) == "CN-BANK hours"
    assert said(ask(LEAD, both, local("2026-03-15T10:00:00"))) == "HOUSE-STRICT hours"  # a Sunday
    once = [dial(LEAD, EVERY_2_H[0] + timedelta(hours=1))]
    gap = ask(LEAD, both, EVERY_2_H[2], once)
    assert said(gap) == "HOUSE-STRICT hs_gap"
    assert opens(gap) == EVERY_2_H[2] + timedelta(hours=1)


def test_the_moment_that_is_told_is_the_first_at_which_every_limit_has_room() -> None:
    both = rules_of("CN-BANK", "HOUSE-STRICT")
    touches = [dial(LEAD, local(f"2026-03-0{day}T10:00:00")) for day in (5, 6)] + [
        dial(LEAD, local("2026-03-10T09:00:00"))
    ]
    answer = ask(LEAD, both, local("2026-03-10T10:00:00"), touches)
    assert said(answer) == "CN-BANK cn_gap"
    opening = opens(answer)
    assert opening == local("2026-03-12T09:00:00")  # seven days from the 5th on hold three calls until the 11th is over
    assert said(ask(LEAD, both, opening - timedelta(hours=14), touches)) == "HOUSE-STRICT hs_debt"
    assert said(ask(LEAD, both, opening, touches)) == "permit"


@pytest.mark.parametrize(
    ("number", "names", "expected"),
    [
        ("+8613900000001", ("CN-BANK",), "permit"),
        ("+861062345678", ("CN-BANK",), "permit"),
        ("+864001234567", ("CN-BANK",), "CN-BANK prefix"),
        ("+12125550123", ("CN-BANK",), "CN-BANK prefix"),
        ("+18765550123", ("US-REGF",), "US-REGF prefix"),
        ("+19005550123", ("US-REGF",), "US-REGF prefix"),
        ("+14165550123", ("US-REGF",), "US-REGF prefix"),
        ("+449061234567", ("UK",), "UK prefix"),
        ("", ("CN-BANK",), "CN-BANK prefix"),
        ("phone-17", ("CN-BANK",), "CN-BANK prefix"),
    ],
)
def test_foreign_premium_and_nonsense_numbers_never_pass_the_gate(
    number: str, names: tuple[str, ...], expected: str
) -> None:
    anywhere = replace(rules_of(*names), windows=dict.fromkeys(range(7), rules_of().windows[0]), hours=())
    answer = ask(replace(LEAD, number=Number(number)), anywhere, EVERY_2_H[0])
    assert said(answer) == expected
    if isinstance(answer, Refusal):
        assert answer.until_at is None


def test_a_permit_and_a_refusal_name_version_and_digest_of_every_profile() -> None:
    both = rules_of("CN-BANK", "HOUSE-STRICT")
    allowed, refused = ask(LEAD, both, EVERY_2_H[1]), ask(LEAD, both, local("2026-03-10T03:00:00"))
    assert isinstance(allowed, Permit)
    assert isinstance(refused, Refusal)
    assert refused.stamps == tuple(profile.stamp for profile in both.profiles)
    assert set(allowed.rules) >= {f"profile {stamp}" for stamp in refused.stamps}
    assert refused.stamps[0].startswith("CN-BANK 20")


# --- a campaign's period --------------------------------------------------------------------------------

AUTUMN = CampaignPeriod(days=61, begins_on=date(2026, 9, 1))  # to 2026-10-31
SEASON = CallingRules(
    windows=CN.windows,
    close_margin_s=0.0,
    attempts_per_number_per_day=None,
    attempts_per_debtor_per_day=None,
    conversations_per_debtor_per_day=None,
    min_gap_s=0.0,
    limits=(Limit(origin=Origin(profile="OURS", id="season"), key=LimitKey.DEBTOR, window=AUTUMN, max=2),),
)


@pytest.mark.parametrize(
    ("dialled", "now", "expected"),
    [
        (["2026-08-31T23:59", "2026-09-01T10:00"], "2026-10-01T12:00", "permit"),
        (["2026-09-01T00:00", "2026-09-01T10:00"], "2026-10-01T12:00", "OURS season"),
        (["2026-09-01T10:00", "2026-09-02T10:00"], "2026-10-31T21:59", "OURS season"),
        (["2026-09-01T10:00", "2026-10-31T10:00"], "2026-11-01T08:00", "permit"),
    ],
)
def test_a_limit_over_the_campaigns_period_counts_every_dial_in_it_and_none_before_or_after(
    dialled: list[str], now: str, expected: str
) -> None:
    answer = ask(LEAD, SEASON, local(now), [dial(LEAD, local(one)) for one in dialled])
    assert said(answer) == expected
    if expected != "permit":
        assert opens(answer) == local("2026-11-01T08:00"), "the day after the period"


def test_leads_bring_dials_of_as_long_as_the_longest_window() -> None:
    assert limits.look_back(CN) == timedelta(days=31)
    since = local("2026-10-31T23:59") - limits.look_back(SEASON)
    assert since <= local("2026-09-01T00:00")
    long = replace(SEASON, limits=(replace(SEASON.limits[0], window=LocalDays(days=90)),))
    assert limits.look_back(long) >= timedelta(days=90)


# --- abandonment and ringing ----------------------------------------------------------------------------

BY_LAW = US.abandonment or AbandonmentRule(max_ratio=0.0, origin=Origin(id=""))
BRITISH = UK.abandonment or AbandonmentRule(max_ratio=0.0, origin=Origin(id=""))


@pytest.mark.parametrize(
    ("answers", "rule", "ratio", "exceeded"),
    [
        (Answers(live=100, passed=97, abandoned=3), BY_LAW, 0.03, False),
        (Answers(live=100, passed=96, abandoned=4), BY_LAW, 0.04, True),
        # Ten more answered and went within the wait: live answers, but neither abandoned nor passed.
        (Answers(live=110, passed=97, abandoned=3), BY_LAW, 3 / 110, False),
        (Answers(live=110, passed=97, abandoned=3), replace(BRITISH, machine_error_ratio=0.0), 0.03, True),
        # 10 % of 20 verdicts "machine" were people, and so abandoned.
        (Answers(live=100, passed=99, abandoned=1, machine_verdicts=20), BRITISH, 3 / 102, True),
        (Answers(live=100, passed=99, abandoned=1, machine_verdicts=0), BRITISH, 0.01, False),
        (Answers(live=0, passed=0, abandoned=0), BY_LAW, 0.0, False),
    ],
)
def test_abandonment_is_counted_as_the_profile_says(
    answers: Answers, rule: AbandonmentRule, ratio: float, exceeded: bool
) -> None:
    assert counts(answers, rule).ratio == pytest.approx(ratio)
    assert is_exceeded(answers, rule) is exceeded


def test_a_played_message_does_not_undo_an_abandoned_call() -> None:
    world, attempt = fw.World(), AttemptId("att-r1-000001")
    world.login("anna", "ben")
    world.launch(fw.campaign(), fw.leads(2))
    run = world.floor.state.campaigns[fw.campaign().name]
    world.answer(attempt)
    world.take(CustomerUnserved(channel_id=ChannelId(attempt)))
    world.take(MessagePlayed(channel_id=ChannelId(attempt)))
    world.hang_up(attempt)
    assert (run.answers.answered, run.answers.abandoned) == (1, 1)


@pytest.mark.parametrize(("rang_for_s", "told"), [(14.9, True), (15.0, False)])
def test_a_ring_that_we_cut_short_is_logged_with_its_rule(rang_for_s: float, told: bool) -> None:
    rules = replace(fw.RULES, min_ring_s=15.0, sources={"min_ring": UK.sources["min_ring"]})
    world = fw.World()
    world.login("anna")
    world.launch(fw.campaign(rules=rules, ring_timeout_s=20.0), fw.leads(1))
    [attempt] = world.originated()
    world.wait(20.1 - rang_for_s)
    world.ring(attempt)
    world.s += rang_for_s
    world.hang_up(attempt, cause=19)
    violations = [one.fields for one in world.effects(Report) if one.event == "rule.violated"]
    assert bool(violations) is told
    if told:
        assert violations[0]["rule"] == "UK min_ring [Ofcom 2010 (UK-6)] (S)"
        assert violations[0]["rang_for_s"] == pytest.approx(14.9)
