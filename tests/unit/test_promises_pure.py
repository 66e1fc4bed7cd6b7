"""Promises: judged from payments with grace and tolerance, reminded on their days, approved when two were broken."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.promises.accepting import accept, objection
from dialer.promises.judging import Paid, closes_at, judge
from dialer.promises.planning import Reminded, comes_back_on, next_turn, reminder_at
from dialer.promises.terms import FINAL, JUDGED, LIVE, TRANSITIONS, Promised, PromiseStatus, Reminder, Terms

SHANGHAI = ZoneInfo("Asia/Shanghai")
TERMS = Terms()
MADE = datetime(2026, 3, 2, 10, 30, tzinfo=SHANGHAI)
PROMISE = Promised(amount=Decimal("1000.00"), due_on=date(2026, 3, 6), made_at=MADE)


def paid(amount: str, at: datetime, noted_at: datetime | None = None) -> Paid:
    return Paid(amount=Decimal(amount), at=at, noted_at=noted_at or at)


def local(day: int, hour: int = 0, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "payments", "status"),
    [
        (local(5, 23, 59), [], PromiseStatus.OPEN),
        (local(6), [], PromiseStatus.DUE),
        (local(7, 23, 59), [], PromiseStatus.DUE),
        (local(8), [], PromiseStatus.BROKEN),
        (local(8), [paid("0.01", local(7, 23, 59))], PromiseStatus.PARTLY_KEPT),
        (local(8), [paid("949.99", local(6))], PromiseStatus.PARTLY_KEPT),
        (local(8), [paid("950.00", local(6))], PromiseStatus.KEPT),
        (local(3), [paid("500.00", local(2, 11)), paid("450.00", local(3))], PromiseStatus.KEPT),
        (local(8), [paid("1000.00", local(8))], PromiseStatus.BROKEN),
        (local(9), [paid("1000.00", local(7, 12), local(9, 8))], PromiseStatus.KEPT),
        (local(8), [paid("1000.00", local(1, 12))], PromiseStatus.BROKEN),
    ],
)
def test_a_promise_is_judged_to_the_cent_and_to_the_minute(
    now: datetime, payments: list[Paid], status: PromiseStatus
) -> None:
    assert judge(PROMISE, payments, TERMS, now).status is status


def test_a_payment_of_the_same_day_counts_unless_it_was_known_when_the_promise_was_made() -> None:
    dated = paid("1000.00", local(2), noted_at=local(3, 9))
    known = paid("1000.00", local(2, 9), noted_at=local(2, 9, 30))
    assert judge(PROMISE, [dated], TERMS, local(3)).status is PromiseStatus.KEPT
    assert judge(PROMISE, [known], TERMS, local(3)).paid == 0


def test_what_comes_after_another_promise_was_made_is_paid_on_that_one() -> None:
    first = Promised(amount=PROMISE.amount, due_on=PROMISE.due_on, made_at=MADE, ended_at=local(4))
    second = Promised(amount=Decimal("300.00"), due_on=date(2026, 3, 10), made_at=local(4))
    payments = [paid("200.00", local(3)), paid("300.00", local(5))]
    assert judge(first, payments, TERMS, local(5)).paid == Decimal("200.00")
    assert judge(first, payments, TERMS, local(5)).status is PromiseStatus.PARTLY_KEPT
    assert judge(second, payments, TERMS, local(5)).status is PromiseStatus.KEPT


@pytest.mark.parametrize("status", [PromiseStatus.PROPOSED, *sorted(FINAL)])
def test_a_promise_that_was_never_in_force_or_is_no_more_is_not_judged(status: PromiseStatus) -> None:
    promise = Promised(amount=PROMISE.amount, due_on=PROMISE.due_on, made_at=MADE, status=status)
    assert judge(promise, [paid("1000.00", local(5))], TERMS, local(20)).status is status


def test_grace_and_tolerance_are_those_of_the_terms() -> None:
    strict = Terms(grace_days=0, kept_ratio=Decimal(1))
    payments = [paid("999.99", local(6, 23))]
    assert judge(PROMISE, payments, strict, local(6, 23, 30)).status is PromiseStatus.DUE
    assert judge(PROMISE, payments, strict, local(7)).status is PromiseStatus.PARTLY_KEPT
    assert judge(PROMISE, payments, strict, local(7)).reason_en == (
        "999.99 of 1000.00 promised by 2026-03-06 was paid, after 0 days of grace"
    )


cents = st.integers(min_value=1, max_value=200_000)
moments = st.integers(min_value=-5 * 1440, max_value=13 * 1440).map(lambda minutes: MADE + timedelta(minutes=minutes))
payments = st.lists(st.builds(lambda c, at: paid(str(Decimal(c) / 100), at), cents, moments), max_size=6)


@given(payments, moments, moments)
def test_a_judgement_changes_only_as_the_life_of_a_promise_allows(
    came: list[Paid], one: datetime, other: datetime
) -> None:
    first, then = sorted((one, other))
    before = judge(PROMISE, came, TERMS, first).status
    after = judge(PROMISE, came, TERMS, then).status
    assert after is before or after in TRANSITIONS[before]
    assert after is before or before not in JUDGED, "the same payments: what was decided stays"


@given(payments, payments, moments)
def test_a_further_payment_never_makes_a_judgement_worse(came: list[Paid], more: list[Paid], now: datetime) -> None:
    rank = {PromiseStatus.BROKEN: 0, PromiseStatus.PARTLY_KEPT: 1, PromiseStatus.KEPT: 2}
    before, after = judge(PROMISE, came, TERMS, now), judge(PROMISE, [*came, *more], TERMS, now)
    assert after.paid >= before.paid
    assert rank.get(after.status, 0) >= rank.get(before.status, 0)


def test_the_account_comes_back_for_two_reminders_and_then_when_the_promise_is_over() -> None:
    turn = next_turn(PROMISE, [], TERMS, [SHANGHAI], local(2, 11))
    assert (turn.at, turn.reminder and turn.reminder.days_before) == (local(5, 10), 1)
    missed_once = [Reminded(at=local(5, 10, 20), reached=False)]
    assert next_turn(PROMISE, missed_once, TERMS, [SHANGHAI], local(5, 11)).at == local(5, 13, 20)
    missed_twice = [*missed_once, Reminded(at=local(5, 13, 30), reached=False)]
    turn = next_turn(PROMISE, missed_twice, TERMS, [SHANGHAI], local(5, 14))
    assert (turn.at, turn.reminder and turn.reminder.days_before) == (local(6, 10), 0)
    reached = [*missed_twice, Reminded(at=local(6, 10, 5), reached=True)]
    turn = next_turn(PROMISE, reached, TERMS, [SHANGHAI], local(6, 11))
    assert (turn.at, turn.reminder) == (local(8), None)
    assert turn.at == closes_at(PROMISE, TERMS)
    assert turn.at.date() == comes_back_on(PROMISE.due_on)


def test_a_reminder_whose_hour_had_passed_when_the_promise_was_made_is_left_out() -> None:
    tomorrow = Promised(amount=Decimal(100), due_on=date(2026, 3, 3), made_at=MADE)
    turn = next_turn(tomorrow, [], TERMS, [SHANGHAI], MADE)
    assert (turn.at, turn.reminder and turn.reminder.days_before) == (local(3, 10), 0)
    today = Promised(amount=Decimal(100), due_on=date(2026, 3, 2), made_at=MADE)
    assert next_turn(today, [], TERMS, [SHANGHAI], MADE).reminder is None


def test_a_missed_reminder_day_is_over_and_one_in_the_evening_has_no_second_dial() -> None:
    assert next_turn(PROMISE, [], TERMS, [SHANGHAI], local(6, 8)).at == local(6, 10)
    evening = Terms(reminders=(Reminder(days_before=0, at=time(21)),))
    done = [Reminded(at=local(6, 21, 5), reached=False)]
    assert next_turn(PROMISE, done, evening, [SHANGHAI], local(6, 21, 10)).reminder is None


def test_reminders_are_in_the_debtors_time_the_latest_of_several() -> None:
    zones = [ZoneInfo("America/New_York"), ZoneInfo("America/Chicago")]
    turn = next_turn(PROMISE, [], TERMS, zones, local(2, 11))
    assert turn.at == datetime(2026, 3, 5, 10, tzinfo=zones[1])
    assert reminder_at(PROMISE, TERMS, zones, turn.at) is not None
    assert reminder_at(PROMISE, TERMS, zones, turn.at - timedelta(seconds=1)) is None


@given(st.lists(st.builds(Reminded, at=moments, reached=st.booleans()), max_size=6), moments)
def test_no_turn_is_a_reminder_too_many(done: list[Reminded], now: datetime) -> None:
    turn = next_turn(PROMISE, done, TERMS, [SHANGHAI], now)
    if turn.reminder is not None:
        day = PROMISE.due_on - timedelta(days=turn.reminder.days_before)
        same = [one for one in done if one.at.astimezone(SHANGHAI).date() == day and one.at >= local(day.day, 10)]
        assert len(same) < turn.reminder.attempts
        assert not any(one.reached for one in same)
        assert turn.at.astimezone(SHANGHAI).date() == day


def test_two_broken_promises_within_a_year_need_approval_for_a_third() -> None:
    one, two, old = date(2026, 1, 5), date(2026, 2, 5), date(2024, 2, 5)
    assert accept([], TERMS, MADE).status is PromiseStatus.OPEN
    assert accept([one, old], TERMS, MADE).status is PromiseStatus.OPEN
    refused = accept([one, two, old], TERMS, MADE)
    assert refused.status is PromiseStatus.PROPOSED
    assert refused.reason_en == "2 promises were broken within 365 days: a new one needs approval"
    assert accept([one, two], Terms(approval_after_broken=0), MADE).status is PromiseStatus.OPEN


@pytest.mark.parametrize(
    ("amount", "due_on", "said"),
    [
        ("1.00", date(2026, 3, 2), None),
        ("0.99", date(2026, 3, 3), "at least 1.00"),
        ("10.001", date(2026, 3, 3), "at most two decimals"),
        ("10.00", date(2026, 3, 1), "has passed"),
        ("10.00", date(2026, 4, 1), None),
        ("10.00", date(2026, 4, 2), "2026-04-01 at the latest"),
    ],
)
def test_what_is_no_promise_says_why(amount: str, due_on: date, said: str | None) -> None:
    found = objection(Decimal(amount), due_on, TERMS, MADE)
    assert (found is None) if said is None else (found is not None and said in found[1])


def test_no_final_state_is_left_and_only_live_ones_fall_due() -> None:
    assert all(not TRANSITIONS[status] for status in FINAL)
    assert {status for status, then in TRANSITIONS.items() if PromiseStatus.DUE in then} == {
        PromiseStatus.OPEN,
        *JUDGED,
    }
    assert {PromiseStatus.OPEN, PromiseStatus.DUE} == LIVE
