"""Schedules, buckets, penalty interest and the check of imported schedules: golden cases to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from dialer.loans.buckets import Bucket, SubBucket, bucket_of, days_late, days_of, days_past_due, sub_bucket_of
from dialer.loans.checking import Compared, check
from dialer.loans.owed import Owed, standing, waive
from dialer.loans.penalties import Repaid, penalty
from dialer.loans.schedules import Instalment, add_months, equal_payment, schedule
from dialer.loans.terms import LoanTerms, Method, Part, Parts

D = Decimal
FIRST = date(2026, 1, 31)


def terms(method: Method, *, principal: str = "12000.00", rate: str = "0.12", periods: int = 12) -> LoanTerms:
    return LoanTerms(
        principal=D(principal),
        annual_rate=D(rate),
        periods=periods,
        method=method,
        disbursed_on=date(2025, 12, 31),
        first_due_on=FIRST,
    )


def test_equal_instalments_of_a_textbook_loan_to_the_cent() -> None:
    # 12,000 at 1 % a month over 12 months: 1,066.19 (1066.1854...), the last one takes up the rounding.
    found = schedule(terms(Method.EQUAL_INSTALMENT))
    assert [str(one.total) for one in found] == ["1066.19"] * 11 + ["1066.14"]
    assert [(str(one.principal), str(one.interest)) for one in found[:3]] == [
        ("946.19", "120.00"),
        ("955.65", "110.54"),
        ("965.21", "100.98"),
    ]
    assert sum(one.principal for one in found) == D("12000.00")


def test_equal_principal_of_a_sum_that_does_not_divide_to_the_cent() -> None:
    found = schedule(terms(Method.EQUAL_PRINCIPAL, principal="10000.00", rate="0.18", periods=3))
    assert [(str(one.principal), str(one.interest)) for one in found] == [
        ("3333.33", "150.00"),
        ("3333.33", "100.00"),
        ("3333.34", "50.00"),
    ]


def test_interest_first_pays_the_principal_with_the_last_instalment() -> None:
    found = schedule(terms(Method.INTEREST_FIRST, principal="5000.00", rate="0.1825", periods=3))
    assert [(str(one.principal), str(one.interest)) for one in found] == [
        ("0.00", "76.04"),
        ("0.00", "76.04"),
        ("5000.00", "76.04"),
    ]


def test_a_lump_sum_is_due_once_with_all_its_interest() -> None:
    (only,) = schedule(terms(Method.LUMP_SUM, principal="5000.00", rate="0.1825", periods=3))
    assert (only.due_on, str(only.principal), str(only.interest)) == (FIRST, "5000.00", "228.13")


def test_without_interest_the_principal_is_split_and_the_last_takes_the_rest() -> None:
    found = schedule(terms(Method.EQUAL_INSTALMENT, principal="100.00", rate="0", periods=3))
    assert [str(one.total) for one in found] == ["33.33", "33.33", "33.34"]


def test_due_dates_keep_the_day_of_the_first_one() -> None:
    found = [one.due_on for one in schedule(terms(Method.EQUAL_INSTALMENT, periods=4))]
    assert found == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    assert add_months(date(2027, 12, 29), 2) == date(2028, 2, 29)


def test_a_cent_over_many_months_stays_a_cent() -> None:
    found = schedule(terms(Method.EQUAL_INSTALMENT, principal="0.01", rate="0.24", periods=60))
    assert sum(one.principal for one in found) == D("0.01")
    assert all(one.principal >= 0 and one.interest >= 0 for one in found)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"principal": D("0.00")}, "more than 0.00"),
        ({"principal": D("1.001")}, "fraction of a cent"),
        ({"periods": 0}, "1 to 480"),
        ({"annual_rate": D(18)}, "0.18 for 18 %"),
    ],
)
def test_terms_that_are_no_loan_are_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(terms(Method.LUMP_SUM), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("days", "bucket", "sub"),
    [
        (-3, "M0", None),
        (0, "M0", None),
        (1, "M1", "S1"),
        (7, "M1", "S1"),
        (8, "M1", "S2"),
        (15, "M1", "S2"),
        (16, "M1", "S3"),
        (30, "M1", "S3"),
        (31, "M2", None),
        (60, "M2", None),
        (61, "M3", None),
        (91, "M4", None),
        (121, "M5", None),
        (151, "M6", None),
        (180, "M6", None),
        (181, "M7", None),
        (4000, "M7", None),
    ],
)
def test_buckets_begin_and_end_on_these_days(days: int, bucket: str, sub: str | None) -> None:
    assert bucket_of(days) == Bucket(bucket)
    assert sub_bucket_of(days) == (None if sub is None else SubBucket(sub))


def test_every_bucket_holds_the_days_that_it_says() -> None:
    for bucket in Bucket:
        first, last = days_of(bucket)
        assert bucket_of(first) is bucket
        assert bucket_of(last if last is not None else 100_000) is bucket


def owed(no: int, due_on: date, principal: str = "100.00", **values: object) -> Owed:
    return Owed(no=no, due_on=due_on, due=Parts(principal=D(principal)), **values)  # type: ignore[arg-type]


def test_within_its_grace_an_instalment_is_not_late_and_after_it_late_from_the_due_date_on() -> None:
    due_on = date(2026, 3, 1)
    assert [days_late(due_on, date(2026, 3, day), 3) for day in (1, 4, 5)] == [0, 0, 4]


def test_a_loan_is_as_late_as_its_oldest_unpaid_instalment() -> None:
    today = date(2026, 3, 20)
    paid = owed(1, date(2026, 1, 10), paid=Parts(principal=D("100.00")))
    half = owed(2, date(2026, 2, 10), paid=Parts(principal=D("60.00")))
    ahead = owed(4, date(2026, 4, 10))
    owes = [ahead, owed(3, date(2026, 3, 10)), half, paid]
    assert days_past_due(owes, today) == 38
    stands = standing(owes, today)
    assert (stands.bucket, stands.due.total, stands.left.total) == (Bucket.M2, D("140.00"), D("240.00"))
    assert (stands.next_due_on, stands.next_due) == (date(2026, 4, 10), D("100.00"))


def test_what_is_due_within_its_grace_is_due_and_not_overdue() -> None:
    stands = standing([owed(1, date(2026, 3, 1))], date(2026, 3, 3), grace_days=3)
    assert (stands.days_past_due, stands.due.total, stands.overdue.total) == (0, D("100.00"), D("0.00"))


def test_penalty_interest_of_whole_days_is_rounded_once() -> None:
    # 1,000.00 at 24 % a year of 360 days for 45 days: 30.00; 33.33 for 7 days: 0.1555... -> 0.16.
    since, rate = date(2026, 1, 1), D("0.24")
    of = {"since": since, "annual_rate": rate, "days_a_year": 360}
    assert penalty(D("1000.00"), (), today=date(2026, 2, 15), **of) == D("30.00")  # type: ignore[arg-type]
    assert penalty(D("33.33"), (), today=date(2026, 1, 8), **of) == D("0.16")  # type: ignore[arg-type]
    assert penalty(D("33.33"), (), today=since, **of) == D("0.00")  # type: ignore[arg-type]


def test_penalty_interest_stops_for_principal_on_the_day_on_which_it_is_paid() -> None:
    # 1,000 for 10 days, then 400 for 20 days: 10,000 + 8,000 principal-days.
    cost = penalty(
        D("1000.00"),
        [Repaid(on=date(2026, 1, 11), amount=D("600.00"))],
        since=date(2026, 1, 1),
        today=date(2026, 1, 31),
        annual_rate=D("0.36"),
        days_a_year=360,
        base=D("5.00"),
    )
    assert cost == D("5.00") + D("18.00")


def test_what_is_let_go_counts_against_penalty_then_interest_then_fee_then_principal() -> None:
    due = Parts(penalty=D("10.00"), fee=D("5.00"), interest=D("20.00"), principal=D("100.00"))
    one = Owed(no=1, due_on=FIRST, due=due, waived=D("32.00"))
    assert one.left == Parts(fee=D("3.00"), principal=D("100.00"))


def test_letting_go_begins_with_the_oldest_instalment() -> None:
    (first, second), rest = waive([owed(2, date(2026, 2, 1)), owed(1, date(2026, 1, 1))], D("150.00"), FIRST)
    assert (first.no, first.left.total, first.paid_on) == (1, D("0.00"), FIRST)
    assert (second.no, second.left.total, second.paid_on) == (2, D("50.00"), None)
    assert rest == 0


def test_a_schedule_that_agrees_has_no_differences() -> None:
    agreed = terms(Method.EQUAL_PRINCIPAL)
    found = check(agreed, schedule(agreed))
    assert found.agrees
    assert found.differences == ()
    assert found.fits == (Method.EQUAL_PRINCIPAL,)


def test_a_schedule_of_another_method_is_recognised() -> None:
    found = check(terms(Method.EQUAL_INSTALMENT), schedule(terms(Method.EQUAL_PRINCIPAL)))
    assert not found.agrees
    assert found.fits == (Method.EQUAL_PRINCIPAL,)


def test_each_difference_is_named() -> None:
    agreed = terms(Method.EQUAL_INSTALMENT, principal="300.00", rate="0", periods=3)
    first, second, _ = schedule(agreed)
    said = [
        replace(first, due_on=date(2026, 2, 1)),
        replace(second, interest=D("7.50"), principal=D("99.99")),
        Instalment(no=4, due_on=FIRST, principal=D("100.00"), interest=D("0.00")),
    ]
    found = {(one.what, one.no): one for one in check(agreed, said).differences}
    assert set(found) == {
        (Compared.ALL_PRINCIPAL, 0),
        (Compared.DUE_ON, 1),
        (Compared.PRINCIPAL, 2),
        (Compared.INTEREST, 2),
        (Compared.MISSING, 3),
        (Compared.EXTRA, 4),
    }
    assert found[Compared.ALL_PRINCIPAL, 0].amount == D("-0.01")
    assert found[Compared.PRINCIPAL, 2].rounding
    assert not found[Compared.INTEREST, 2].rounding


def test_another_way_of_rounding_is_called_rounding() -> None:
    agreed = terms(Method.EQUAL_INSTALMENT)
    said = list(schedule(agreed))
    said[0] = replace(said[0], principal=said[0].principal - D("0.01"))
    said[11] = replace(said[11], principal=said[11].principal + D("0.01"))
    found = check(agreed, said)
    assert found.agrees
    assert len(found.differences) == 2


def test_the_equal_payment_is_the_annuity_formula() -> None:
    assert round(equal_payment(D(100_000), D("0.005"), 240), 4) == D("716.4311")
    assert equal_payment(D(100), D(0), 4) == 25


def test_parts_add_up() -> None:
    some = Parts(penalty=D("1.00"), principal=D("2.00")).plus(Part.FEE, D("3.00"))
    assert some.total == D("6.00")
    assert dict(some - some) == dict.fromkeys(Part, D("0.00"))
