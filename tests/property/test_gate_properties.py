"""The gate against a naive reading of the wall clock, over any zone, window and moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.compliance import gate
from dialer.compliance.gate import Refusal
from dialer.effects import Permit
from dialer.leads import Lead
from dialer.settings import CallingRules, Window
from dialer.types import AccountId, CampaignName, DebtorId, Number, PhoneId, StopFlag

ZONES = (
    "Asia/Shanghai",
    "America/New_York",
    "America/Los_Angeles",
    "Europe/London",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Africa/Cairo",  # changes at midnight
    "America/Santiago",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Pacific/Apia",
)
CAMPAIGN = CampaignName("test")
LEAD = Lead(
    account_id=AccountId(1),
    account_no="A1",
    debtor_id=DebtorId(1),
    debtor_name="张三",
    phone_id=PhoneId(1),
    number=Number("+8613900000000"),
    zone="",
)


def _changes(zone: ZoneInfo) -> list[datetime]:
    hours = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(366 * 24)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return [hours[index] for index in range(1, len(hours)) if offsets[index] != offsets[index - 1]]


CHANGES = [change for zone in ZONES for change in _changes(ZoneInfo(zone))]

minutes = st.integers(0, 1439) | st.integers(0, 200)  # clocks change in the small hours
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def near_changes(draw: st.DrawFn) -> datetime:
    """A moment within hours of a change of the clocks in one of the zones."""
    change = draw(st.sampled_from(CHANGES))
    return change + timedelta(minutes=draw(st.integers(-240, 240)))


@st.composite
def window_sets(draw: st.DrawFn) -> tuple[Window, ...]:
    bounds = sorted(draw(st.sets(minutes, min_size=2, max_size=4)))
    if len(bounds) % 2:
        bounds.append(0)
    return tuple(
        Window(opens=time(opens // 60, opens % 60), closes=time(closes // 60, closes % 60))
        for opens, closes in zip(bounds[::2], bounds[1::2], strict=True)
    )


@st.composite
def rule_sets(draw: st.DrawFn) -> CallingRules:
    return CallingRules(
        windows=draw(st.dictionaries(st.integers(0, 6), window_sets())),
        closed_dates=draw(st.frozensets(st.dates(date(2024, 1, 1), date(2027, 12, 31)), max_size=3)),
        close_margin_s=draw(st.sampled_from((0.0, 600.0, 3600.0))),
        attempts_per_number_per_day=draw(st.integers(1, 4)),
        attempts_per_debtor_per_day=draw(st.integers(1, 4)),
        conversations_per_debtor_per_day=draw(st.integers(1, 3)),
        min_gap_s=draw(st.sampled_from((0.0, 60.0, 7200.0))),
    )


@st.composite
def leads(draw: st.DrawFn, at: datetime) -> Lead:
    last = draw(st.none() | st.integers(-100, 10_000))
    return replace(
        LEAD,
        zone=",".join(draw(st.lists(st.sampled_from(ZONES), min_size=1, max_size=3))),
        number_attempts_today=draw(st.integers(0, 5)),
        debtor_attempts_today=draw(st.integers(0, 5)),
        debtor_conversations_today=draw(st.integers(0, 4)),
        last_attempt_at=None if last is None else at - timedelta(seconds=last),
        stop_flags=draw(st.frozensets(st.sampled_from(list(StopFlag)), max_size=1)),
    )


def naively_inside(rules: CallingRules, zone: str, at: datetime) -> bool:
    """What a person would say who looks at a clock and a calendar at the debtor's."""
    local = at.astimezone(ZoneInfo(zone))
    if local.date() in rules.closed_dates:
        return False
    return any(
        window.opens <= local.time() and (window.closes == time(0) or local.time() < window.closes)
        for window in rules.windows.get(local.weekday(), ())
    )


@settings(max_examples=300, deadline=None)
@given(data=st.data(), rules=rule_sets(), at=moments | near_changes())
def test_a_permit_is_never_given_outside_a_window_or_beyond_a_cap(
    data: st.DataObject, rules: CallingRules, at: datetime
) -> None:
    lead = data.draw(leads(at))
    answer = gate.check(lead, rules, CAMPAIGN, at)
    if isinstance(answer, Permit):
        last_instant = answer.expires_at - timedelta(microseconds=1)
        for zone in lead.zone.split(","):
            assert naively_inside(rules, zone, at)
            assert naively_inside(rules, zone, last_instant)
        assert not lead.stop_flags
        assert lead.number_attempts_today < rules.attempts_per_number_per_day
        assert lead.debtor_attempts_today < rules.attempts_per_debtor_per_day
        assert lead.debtor_conversations_today < rules.conversations_per_debtor_per_day
        if lead.last_attempt_at is not None:
            assert (at - lead.last_attempt_at).total_seconds() >= rules.min_gap_s


@settings(max_examples=300, deadline=None)
@given(rules=rule_sets(), at=moments | near_changes(), zone=st.sampled_from(ZONES))
def test_the_next_opening_is_open_and_nothing_before_it_is(rules: CallingRules, at: datetime, zone: str) -> None:
    opening = gate.next_opening(rules, zone, at)
    lead = replace(LEAD, zone=zone)
    if opening is None:
        assert isinstance(gate.check(lead, rules, CAMPAIGN, at), Refusal)
        return
    assert opening >= at
    assert isinstance(gate.check(lead, rules, CAMPAIGN, opening), Permit)
    before = at
    while before < min(opening, at + timedelta(days=9)):
        assert isinstance(gate.check(lead, rules, CAMPAIGN, before), Refusal)
        before += (opening - at) / 5 or timedelta(seconds=1)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), rules=rule_sets(), at=moments | near_changes())
def test_when_a_refusal_ends_the_counters_of_a_new_day_are_enough(
    data: st.DataObject, rules: CallingRules, at: datetime
) -> None:
    lead = replace(data.draw(leads(at)), stop_flags=frozenset())
    answer = gate.check(lead, rules, CAMPAIGN, at)
    if isinstance(answer, Refusal) and answer.until_at is not None:
        assert answer.until_at >= at
        rested = replace(
            lead,
            number_attempts_today=0,
            debtor_attempts_today=0,
            debtor_conversations_today=0,
            last_attempt_at=None,
        )
        assert isinstance(gate.check(rested, rules, CAMPAIGN, answer.until_at), Permit)
