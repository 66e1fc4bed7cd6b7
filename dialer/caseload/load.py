"""What one agent looks after, in sums."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one agent looks after."""

    count: int = 0
    amount: Decimal = Decimal(0)
    expected: Decimal = Decimal(0)

    def __add__(self, other: Load) -> Load:
        """Both together."""
        return Load(
            count=self.count + other.count,
            amount=self.amount + other.amount,
            expected=self.expected + other.expected,
        )

    def measures(self) -> tuple[float, float, float]:
        """Count, amount, expected value."""
        return float(self.count), float(self.amount), float(self.expected)
