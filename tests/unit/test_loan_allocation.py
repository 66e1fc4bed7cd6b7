"""In which order a payment pays, and that it can be taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from dialer.loans.allocation import Allocation, allocate, take_back
from dialer.loans.owed import Owed
from dialer.loans.rules import HOUSE, Ahead
from dialer.loans.terms import Part, Parts

D = Decimal
TODAY = date(2026, 6, 1)


def owed(no: int, days_late: int) -> Owed:
    due = Parts(penalty=D("5.00"), fee=D("3.00"), interest=D("20.00"), principal=D("100.00"))
    return Owed(no=no, due_on=TODAY - timedelta(days=days_late), due=due)


def paid(amount: str, *those: Owed, ahead: Ahead = Ahead.INSTALMENTS) -> Allocation:
    return allocate(those, D(amount), paid_on=TODAY, rules=replace(HOUSE, ahead=ahead))


def lines(done: Allocation) -> list[tuple[int, Part | None, str]]:
    return [(line.no, line.part, str(line.amount)) for line in done.lines]


def test_up_to_ninety_days_interest_and_fees_come_first_instalment_by_instalment() -> None:
    done = paid("130.00", owed(1, 90), owed(2, 60))
    assert lines(done) == [
        (1, Part.PENALTY, "5.00"),
        (1, Part.FEE, "3.00"),
        (1, Part.INTEREST, "20.00"),
        (1, Part.PRINCIPAL, "100.00"),
        (2, Part.PENALTY, "2.00"),
    ]
    assert "Art. 57" in done.rule.source


def test_from_ninety_one_days_on_all_principal_comes_first() -> None:
    done = paid("215.00", owed(1, 91), owed(2, 60))
    assert lines(done) == [(1, Part.PRINCIPAL, "100.00"), (2, Part.PRINCIPAL, "100.00"), (1, Part.INTEREST, "15.00")]


def test_money_left_over_pays_the_next_instalments_before_their_day() -> None:
    done = paid("150.00", owed(1, 10), owed(2, -20))
    assert [line for line in lines(done) if line[0] == 2] == [
        (2, Part.PENALTY, "5.00"),
        (2, Part.FEE, "3.00"),
        (2, Part.INTEREST, "14.00"),
    ]


def test_money_left_over_is_kept_where_that_is_configured() -> None:
    done = paid("150.00", owed(1, 10), owed(2, -20), ahead=Ahead.KEEP)
    assert done.surplus == D("22.00")


def test_more_than_is_owed_is_surplus() -> None:
    done = paid("200.00", owed(1, 10))
    assert lines(done)[-1] == (0, None, "72.00")
    assert done.owed[0].is_paid
    assert done.owed[0].paid_on == TODAY


def test_what_was_let_go_is_not_paid_again() -> None:
    let_go = replace(owed(1, 10), waived=D("25.00"))
    done = paid("200.00", let_go)
    assert done.surplus == D("97.00")


def test_taking_a_payment_back_leaves_what_the_others_paid() -> None:
    first = paid("28.00", owed(1, 10))
    second = allocate(first.owed, D("40.00"), paid_on=TODAY, rules=HOUSE)
    (left,) = take_back(second.owed, first.lines, TODAY)
    assert left.paid == Parts(principal=D("40.00"))
    assert left.left.total == D("88.00")
