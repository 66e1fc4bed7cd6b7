"""How moments and money stand in columns: UTC text that sorts as it reads, and whole cents."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from dialer.errors import WriteRefusedError

_CENTS = Decimal(100)


def moment_text(at: datetime) -> str:
    """An aware moment as `2026-01-31T08:00:00.000000Z`.

    Raises:
        ValueError: the moment has no zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"a moment without a zone cannot be stored: {at.isoformat()}")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment_text_or_none(at: datetime | None) -> str | None:
    """As `moment_text`; None stays None."""
    return None if at is None else moment_text(at)


def moment(text: str) -> datetime:
    """The aware moment of a column."""
    return datetime.fromisoformat(text)


def moment_or_none(text: str | None) -> datetime | None:
    """The aware moment of a column that may be empty."""
    return None if text is None else datetime.fromisoformat(text)


def cents(amount: Decimal) -> int:
    """An amount as whole cents.

    Raises:
        StoreError: the amount has a fraction of a cent, which would be lost.
    """
    scaled = amount * _CENTS
    if scaled != scaled.to_integral_value():
        raise WriteRefusedError(f"The amount {amount} has a fraction of a cent; give at most two decimal places.")
    return int(scaled)


def amount(cents: int) -> Decimal:
    """Whole cents as an amount with two decimal places."""
    return Decimal(cents).scaleb(-2)
