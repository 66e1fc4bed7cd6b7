"""A list that never ends: every lead is new, none comes back."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final, Protocol

from dialer.effects import LeaseLeads, ReleaseLease, SaveAttempt, SaveDisposition, SaveRefusal
from dialer.facts import LeadsLeased
from dialer.leads import Lead
from dialer.types import AccountId, DebtorId, Number, PhoneId

CHUNK: Final = 1024
CHUNKS_KEPT: Final = 64
AMOUNT: Final = Decimal(1000)


class AccountList(Protocol):
    """What the floor's effects need of a list."""

    @property
    def unfinished(self) -> int | None:
        """Accounts that may still be dialled, now or later; None: without end."""
        ...

    @property
    def untried(self) -> int | None:
        """Accounts that nobody has dialled yet in this run, and that may still be; None: without end."""
        ...

    def lease(self, wish: LeaseLeads, at: datetime) -> LeadsLeased:
        """The next leads."""
        ...

    def release(self, effect: ReleaseLease) -> None:
        """A lead comes back undialled."""
        ...

    def attempted(self, effect: SaveAttempt) -> None:
        """A lead is being dialled."""
        ...

    def concluded(self, effect: SaveDisposition) -> None:
        """A call is over and its account goes on."""
        ...

    def refused(self, effect: SaveRefusal) -> None:
        """The gate said no."""
        ...


@lru_cache(maxsize=CHUNKS_KEPT)
def _chunk(index: int, zone: str) -> tuple[Lead, ...]:
    return tuple(made_up_lead(number, zone) for number in range(1 + index * CHUNK, 1 + (index + 1) * CHUNK))


def made_up_lead(number: int, zone: str) -> Lead:
    """A fictional account, the same for the same number."""
    return Lead(
        account_id=AccountId(number),
        account_no=f"S{number:08d}",
        debtor_id=DebtorId(number),
        debtor_name="模拟客户",
        phone_id=PhoneId(number),
        number=Number(f"+861390{number:07d}"),
        zone=zone,
        days_past_due=30,
        amount_due=AMOUNT,
    )


class EndlessList:
    """Fresh leads for ever. They are values and may be shared between runs."""

    unfinished: int | None = None
    untried: int | None = None

    def __init__(self, zone: str) -> None:
        """Begin with the first.

        Args:
            zone: IANA time zone of all debtors.
        """
        self._zone = zone
        self._next = 0
        self._returned: deque[AccountId] = deque()
        self._closed_until_at: datetime | None = None

    def lease(self, wish: LeaseLeads, at: datetime) -> LeadsLeased:
        """The next ones, unless the gate refused some until a moment that has not come."""
        until_at = self._closed_until_at
        if until_at is not None and at < until_at:
            return LeadsLeased(campaign=wish.settings.name, leads=(), waiting=1, next_due_at=until_at)
        self._closed_until_at = None
        returned, zone = self._returned, self._zone
        again = [returned.popleft() - 1 for _ in range(min(wish.limit, len(returned)))]
        new = range(self._next, self._next + wish.limit - len(again))
        self._next = new.stop
        leads = tuple(_chunk(index // CHUNK, zone)[index % CHUNK] for index in (*again, *new))
        return LeadsLeased(campaign=wish.settings.name, leads=leads, waiting=1)

    def release(self, effect: ReleaseLease) -> None:
        """It comes again before new ones."""
        self._returned.append(effect.account_id)

    def attempted(self, effect: SaveAttempt) -> None:
        """Nothing is counted: nobody is dialled twice."""

    def concluded(self, effect: SaveDisposition) -> None:
        """Nobody is dialled twice."""

    def refused(self, effect: SaveRefusal) -> None:
        """What closes one account (hours, dates) closes all of them: they share a zone."""
        self._closed_until_at = effect.until_at
