"""Limits on earlier dials against a naive reading of them, written for this test: no memo, no order, no shortcut."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.calling_rules import CallingRules, Limit, LocalDays, Origin, Rolling, Window
from dialer.compliance import gate, limits
from dialer.compliance.gate import Refusal
from dialer.compliance.hours import zones_of
from dialer.effects import Permit
from dialer.leads import Lead, Touch
from dialer.types import AccountId, CampaignName, ContactRole, Counted, DebtorId, LimitKey, Number, PhoneId

ZONES = ("Asia/Shanghai", "America/New_York", "Africa/Cairo", "America/Santiago", "Pacific/Apia")
ALWAYS = dict.fromkeys(range(7), (Window(opens=time(0), closes=time(0)),))
NOW = datetime(2026, 3, 10, 4, 30, tzinfo=UTC)
moments = st.integers(-45 * 86_400, 60 * 86_400).map(lambda s: NOW + timedelta(seconds=s))
numbers = st.sampled_from([Number("+861"), Number("+862")])
kinds = st.frozensets(st.sampled_from(list(Counted)), max_size=3).map(lambda some: some | {Counted.DIAL})


@st.composite
def some_limits(draw: st.DrawFn) -> Limit:
    after = draw(st.none() | st.sampled_from(list(Counted)))
    return Limit(
        origin=Origin(profile="P", id=draw(st.sampled_from("abcdef"))),
        key=draw(st.sampled_from(list(LimitKey))),
        counts=draw(st.sampled_from(list(Counted))),
        window=draw(
            st.integers(1, 9).map(lambda days: LocalDays(days=days))
            | st.sampled_from([60.0, 7200.0, 86_400.0, 259_200.0]).map(lambda s: Rolling(seconds=s))
        ),
        max=draw(st.integers(1, 3)) if after is None else 0,
        after=after,
        unless_reserved=draw(st.booleans()),
        in_force_on=draw(st.none() | st.just(date(2026, 3, 8))),
    )


@st.composite
def touches(draw: st.DrawFn, at: datetime) -> Touch:
    return Touch(
        at=at - timedelta(seconds=draw(st.integers(-3_600, 12 * 86_400) | st.integers(0, 7_300))),
        number=draw(numbers),
        debtor_id=DebtorId(draw(st.integers(1, 2))),
        account_id=AccountId(draw(st.integers(1, 2))),
        role=draw(st.sampled_from([ContactRole.DEBTOR, ContactRole.CONTACT])),
        counted=draw(kinds),
    )


@st.composite
def leads(draw: st.DrawFn, at: datetime) -> Lead:
    return Lead(
        account_id=AccountId(1),
        account_no="A1",
        debtor_id=DebtorId(1),
        debtor_name="张三",
        phone_id=PhoneId(1),
        number=Number("+861"),
        zone=",".join(draw(st.lists(st.sampled_from(ZONES), min_size=1, max_size=2))),
        role=draw(st.sampled_from([ContactRole.DEBTOR, ContactRole.CONTACT])),
        own_number_invalid=True,
        touches=tuple(sorted(draw(st.lists(touches(at), max_size=9)), key=lambda touch: touch.at)),
    )


def counts_naively(limit: Limit, touch: Touch, lead: Lead, at: datetime) -> bool:
    """Would somebody with a calendar and a clock at the debtor's count this dial now?"""
    if limit.what not in touch.counted:
        return False
    if not {
        LimitKey.NUMBER: touch.number == lead.number,
        LimitKey.DEBTOR: touch.debtor_id == lead.debtor_id,
        LimitKey.DEBT: touch.account_id == lead.account_id,
        LimitKey.CONTACT: touch.debtor_id == lead.debtor_id and touch.role is ContactRole.CONTACT,
    }[limit.key]:
        return False
    if isinstance(limit.window, Rolling):
        return (at - touch.at).total_seconds() < limit.window.seconds
    days = limit.window.days
    zones = [ZoneInfo(name) for name in lead.zone.split(",")]
    return any((at.astimezone(zone).date() - touch.at.astimezone(zone).date()).days < days for zone in zones)


def is_full_naively(limit: Limit, lead: Lead, at: datetime, *, reserved: bool) -> bool:
    if limit.key is LimitKey.CONTACT and lead.role is not ContactRole.CONTACT:
        return False
    zones = [ZoneInfo(name) for name in lead.zone.split(",")]
    if limit.in_force_on is not None and all(at.astimezone(zone).date() < limit.in_force_on for zone in zones):
        return False
    if reserved and limit.unless_reserved:
        return False
    seen = sum(counts_naively(limit, touch, lead, at) for touch in lead.touches)
    return seen > 0 if limit.after is not None else seen >= limit.max


def rules_with(some: tuple[Limit, ...]) -> CallingRules:
    return CallingRules(
        windows=ALWAYS,
        close_margin_s=0.0,
        attempts_per_number_per_day=None,
        attempts_per_debtor_per_day=None,
        conversations_per_debtor_per_day=None,
        min_gap_s=0.0,
        limits=some,
    )


@settings(max_examples=400, deadline=None)
@given(data=st.data(), some=st.lists(some_limits(), max_size=4).map(tuple), at=moments, reserved=st.booleans())
def test_there_is_room_exactly_when_a_person_with_a_calendar_says_so_and_from_the_moment_that_is_told(
    data: st.DataObject, some: tuple[Limit, ...], at: datetime, reserved: bool
) -> None:
    lead = data.draw(leads(at))
    rules = rules_with(some)
    full = [limit for limit in some if is_full_naively(limit, lead, at, reserved=reserved)]
    found = limits.used(rules, lead, zones_of(lead.zone), at, reserved=reserved)
    if not full:
        assert found.blocked is None
        return
    assert found.blocked is not None
    assert found.blocked.limit == full[0]
    until_at = found.blocked.until_at
    told = [one for one in some if one.in_force_on is None or one in full]

    def is_full_at(moment: datetime) -> bool:
        return any(is_full_naively(limit, lead, moment, reserved=reserved) for limit in told)

    assert until_at > at
    assert not is_full_at(until_at)
    assert is_full_at(until_at - timedelta(microseconds=1))
    if len(told) == len(some):
        assert limits.used(rules, lead, zones_of(lead.zone), until_at, reserved=reserved).blocked is None


@settings(max_examples=200, deadline=None)
@given(data=st.data(), some=st.lists(some_limits(), min_size=1, max_size=3).map(tuple), at=moments)
def test_more_dials_or_more_limits_never_make_room(data: st.DataObject, some: tuple[Limit, ...], at: datetime) -> None:
    lead = data.draw(leads(at))
    rules = replace(rules_with(some), third_parties=())
    lead = replace(lead, role=ContactRole.DEBTOR)
    answer = gate.check(lead, rules, CampaignName("test"), at)
    fewer = replace(lead, touches=lead.touches[:-1])
    if isinstance(gate.check(fewer, rules, CampaignName("test"), at), Refusal):
        assert isinstance(answer, Refusal)
    if isinstance(gate.check(lead, rules_with(some[:-1]), CampaignName("test"), at), Refusal):
        assert isinstance(answer, Refusal)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), some=st.lists(some_limits(), max_size=3).map(tuple), at=moments)
def test_counters_of_the_day_count_like_the_dials_they_stand_for(
    data: st.DataObject, some: tuple[Limit, ...], at: datetime
) -> None:
    lead = replace(data.draw(leads(at)), role=ContactRole.DEBTOR)
    zones = zones_of(lead.zone)
    rules = rules_with(tuple(replace(limit, in_force_on=None) for limit in some))
    [zone, *_] = zones
    today = [
        one for one in lead.touches if one.at.astimezone(zone).date() == at.astimezone(zone).date() and one.at <= at
    ]
    counters = replace(
        lead,
        number_attempts_today=sum(one.number == lead.number for one in today),
        debtor_attempts_today=sum(one.debtor_id == lead.debtor_id for one in today),
        last_attempt_at=max((one.at for one in lead.touches if one.debtor_id == lead.debtor_id), default=None),
    )
    assert limits.used(rules, counters, zones, at) == limits.used(rules, lead, zones, at)
    forgetful = gate.check(replace(counters, touches=()), rules, CampaignName("test"), at)
    if isinstance(gate.check(lead, rules, CampaignName("test"), at), Permit):
        assert isinstance(forgetful, Permit)
