"""A debtor as a bank lists them: everything that the product side of the case may see."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from dialer.leads import Lead
from dialer.sim.case.scenario import ZONE
from dialer.types import AccountId, ContactRole, DebtorId, Number, PhoneId


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One account of one debtor."""

    index: int
    """Of the debtor in the population; also the account's id."""
    region: str
    bucket: str
    grade: str
    """A best to E worst, as a score would say: it is far from the truth."""
    days_past_due: int
    amount_due: Decimal
    numbers: int
    """On file, best guess first."""

    def phones(self) -> tuple[tuple[PhoneId, Number], ...]:
        """The numbers; made up, of a block that nobody has."""
        return tuple(
            (PhoneId(self.index * 10 + rank), Number(f"+861390{rank}{self.index:06d}")) for rank in range(self.numbers)
        )

    def lead(self) -> Lead:
        """As it is leased for the first time."""
        phone_id, number = self.phones()[0]
        return Lead(
            account_id=AccountId(self.index),
            account_no=f"C{self.index:07d}",
            debtor_id=DebtorId(self.index),
            debtor_name="模拟客户",
            phone_id=phone_id,
            number=number,
            zone=ZONE.key,
            days_past_due=self.days_past_due,
            amount_due=self.amount_due,
            risk=self.grade,
            region=self.region,
            other_numbers=self.numbers - 1,
            role=ContactRole.DEBTOR,
        )
