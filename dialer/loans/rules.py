"""What is configured about loans: the order in which payments pay, what penalty interest is, the business date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Final

from dialer.loans.terms import LoanTerms, Part


class Ahead(StrEnum):
    """What becomes of money that is left when everything is paid whose day has come."""

    INSTALMENTS = "instalments"  # pays the next instalments before their day
    KEEP = "keep"  # stays as surplus until something falls due


class Accrue(StrEnum):
    """For which loans penalty interest is added from day to day."""

    CONTRACT = "contract"  # only where a source told the rate of the contract
    ALWAYS = "always"  # for the others by the house rule
    NEVER = "never"  # only what sources tell


class By(StrEnum):
    """What an order goes through first."""

    INSTALMENT = "instalment"  # the oldest instalment with all its parts, then the next
    PART = "part"  # one part of all instalments, the oldest first, then the next part


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRule:
    """In which order a payment pays, for loans up to so late."""

    parts: tuple[Part, ...]
    """Each of the four once."""
    by: By = By.INSTALMENT
    up_to_days: int | None = None
    """Days past due on the day of paying; None: any."""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyRule:
    """Penalty interest, from day to day."""

    accrue: Accrue
    rate_ratio: Decimal
    """Times the rate of the loan, where the contract names no rate of its own."""
    most_rate: Decimal
    """Of a year; never more than this, whatever the contract says."""
    days_a_year: int = 360
    source: str = ""

    def accrues(self, terms: LoanTerms) -> bool:
        """Whether penalty interest is added to a loan."""
        match self.accrue:
            case Accrue.CONTRACT:
                return terms.penalty_rate is not None
            case Accrue.ALWAYS:
                return True
            case Accrue.NEVER:
                return False

    def rate_of(self, terms: LoanTerms) -> Decimal:
        """The penalty rate of a loan, of a year."""
        rate = terms.annual_rate * self.rate_ratio if terms.penalty_rate is None else terms.penalty_rate
        return min(rate, self.most_rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanRules:
    """All of it."""

    allocation: tuple[AllocationRule, ...]
    """The first that applies; the last one applies to all."""
    ahead: Ahead
    penalty: PenaltyRule
    plan_grace_days: int = 3
    """A repayment plan is broken when a payment of it is missing for more days than this."""
    zone: tzinfo = UTC
    """In which a moment becomes a business date."""

    def day_of(self, at: datetime) -> date:
        """The business date of a moment."""
        return at.astimezone(self.zone).date()

    def allocation_for(self, days_past_due: int) -> AllocationRule:
        """The order that holds for a loan that is so late."""
        return next(
            (rule for rule in self.allocation if rule.up_to_days is None or days_past_due <= rule.up_to_days),
            self.allocation[-1],
        )


HOUSE: Final = LoanRules(
    allocation=(
        AllocationRule(
            parts=(Part.PENALTY, Part.FEE, Part.INTEREST, Part.PRINCIPAL),
            up_to_days=90,
            source="CN-9: 商业银行信用卡业务监督管理办法 Art. 57, overdue 1-90 days: interest and fees first",
        ),
        AllocationRule(
            parts=(Part.PRINCIPAL, Part.INTEREST, Part.FEE, Part.PENALTY),
            by=By.PART,
            source="CN-9: 商业银行信用卡业务监督管理办法 Art. 57, overdue 91 days and more: principal first",
        ),
    ),
    ahead=Ahead.INSTALMENTS,
    penalty=PenaltyRule(
        accrue=Accrue.CONTRACT,
        rate_ratio=Decimal("1.3"),
        most_rate=Decimal("0.24"),
        source="银发〔2003〕251号: 130 to 150 % of the contract's rate; that the least of it holds is a house rule",
    ),
)
"""What holds where nobody configured anything; `config/plans.yaml` as shipped says the same."""
