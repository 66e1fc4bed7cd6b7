"""What was agreed: the terms of a loan, and the parts that money owed is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

CENT: Final = Decimal("0.01")
ZERO: Final = Decimal("0.00")
MONTHS_A_YEAR: Final = 12
MOST_PERIODS: Final = 480
"""Months. House rule: forty years, so that a typing mistake is found."""
MOST_RATE: Final = Decimal(10)
"""Of a year. House rule: a rate written as 18 instead of 18 % is found."""


class Method(StrEnum):
    """How a loan is paid back."""

    EQUAL_INSTALMENT = "equal_instalment"  # 等额本息: the same sum every month
    EQUAL_PRINCIPAL = "equal_principal"  # 等额本金: the same principal every month, interest on the rest
    INTEREST_FIRST = "interest_first"  # 先息后本: interest every month, the principal at the end
    LUMP_SUM = "lump_sum"  # 一次性还本付息: everything at the end


class Part(StrEnum):
    """What money is owed for."""

    PENALTY = "penalty"
    FEE = "fee"
    INTEREST = "interest"
    PRINCIPAL = "principal"


def cent(amount: Decimal) -> Decimal:
    """To the nearest cent, half a cent up (四舍五入)."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """An amount by what it is owed for."""

    penalty: Decimal = ZERO
    fee: Decimal = ZERO
    interest: Decimal = ZERO
    principal: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All of it."""
        return self.penalty + self.fee + self.interest + self.principal

    def of(self, part: Part) -> Decimal:
        """One part."""
        match part:
            case Part.PENALTY:
                return self.penalty
            case Part.FEE:
                return self.fee
            case Part.INTEREST:
                return self.interest
            case Part.PRINCIPAL:
                return self.principal

    def plus(self, part: Part, amount: Decimal) -> Parts:
        """With so much more of one part."""
        return self + Parts(**{part.value: amount})

    def __add__(self, other: Parts) -> Parts:
        return Parts(
            penalty=self.penalty + other.penalty,
            fee=self.fee + other.fee,
            interest=self.interest + other.interest,
            principal=self.principal + other.principal,
        )

    def __sub__(self, other: Parts) -> Parts:
        return Parts(
            penalty=self.penalty - other.penalty,
            fee=self.fee - other.fee,
            interest=self.interest - other.interest,
            principal=self.principal - other.principal,
        )

    def __iter__(self) -> Iterator[tuple[Part, Decimal]]:
        return iter([(part, self.of(part)) for part in Part])


NOTHING: Final = Parts()
"""No money of any part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanTerms:
    """What the contract says."""

    principal: Decimal
    annual_rate: Decimal
    """Of a year: 0.1825 is 18.25 %; a month is a twelfth of it."""
    periods: int
    """Months, at least 1."""
    method: Method
    disbursed_on: date
    first_due_on: date
    """Of a lump sum the only due date."""
    grace_days: int = 0
    penalty_rate: Decimal | None = None
    """Of a year; None: the house rule."""

    def __post_init__(self) -> None:
        """Refuse what is no loan.

        Raises:
            ValueError: says which value is impossible.
        """
        if self.principal <= 0:
            raise ValueError(f"a principal of {self.principal} is no loan; it must be more than 0.00")
        if self.principal != cent(self.principal):
            raise ValueError(f"the principal {self.principal} has a fraction of a cent")
        if not 1 <= self.periods <= MOST_PERIODS:
            raise ValueError(f"{self.periods} periods are impossible; 1 to {MOST_PERIODS} months")
        if not 0 <= self.annual_rate <= MOST_RATE:
            raise ValueError(f"a rate of {self.annual_rate} a year is impossible; 0 to {MOST_RATE}, 0.18 for 18 %")

    @property
    def monthly_rate(self) -> Decimal:
        """Of a month."""
        return self.annual_rate / MONTHS_A_YEAR
