"""What a promise to pay is, the states of its life, and the terms by which it is judged. Pure.

    proposed --approved--> open --its day has come--> due --> kept | partly_kept | broken
        |                    |                         |
        +--> cancelled       +--> kept, renegotiated, cancelled

A payment that becomes known late, and the reversal of one, judge a promise anew: kept, partly kept and broken may
become one another. Renegotiated and cancelled are final.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Final


class PromiseStatus(StrEnum):
    """Where a promise is in its life."""

    PROPOSED = "proposed"  # needs approval first
    OPEN = "open"
    DUE = "due"  # its day has come, and days of grace are left
    KEPT = "kept"
    PARTLY_KEPT = "partly_kept"
    BROKEN = "broken"
    RENEGOTIATED = "renegotiated"  # another one took its place
    CANCELLED = "cancelled"


_S = PromiseStatus
LIVE: Final = frozenset({_S.OPEN, _S.DUE})
"""Its account is off the dialer."""
JUDGED: Final = frozenset({_S.KEPT, _S.PARTLY_KEPT, _S.BROKEN})
FINAL: Final = frozenset({_S.RENEGOTIATED, _S.CANCELLED})
TRANSITIONS: Final[Mapping[PromiseStatus, frozenset[PromiseStatus]]] = {
    _S.PROPOSED: frozenset({_S.OPEN, _S.RENEGOTIATED, _S.CANCELLED}),
    _S.OPEN: frozenset({_S.DUE, *JUDGED, *FINAL}),
    _S.DUE: frozenset({*JUDGED, *FINAL}),
    **{status: (JUDGED | LIVE) - {status} for status in JUDGED},
    **dict.fromkeys(FINAL, frozenset[PromiseStatus]()),
}
"""What may become of each; see the top of this module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One day on which a debtor is reminded, in the debtor's own time."""

    days_before: int
    """0: on the day itself."""
    at: time
    attempts: int = 2
    """At most so many dials on that day; the caps hold besides."""
    again_after_s: float = 3 * 3600.0
    """From a dial that reached nobody to the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """By what promises are judged; house rules, all of them, unless somebody has written others."""

    zone: str = "Asia/Shanghai"
    """In whose days dates of promises and payments are."""
    grace_days: int = 1
    """A payment so many days after the due day still keeps a promise."""
    kept_ratio: Decimal = Decimal("0.95")
    """Kept from this share of the amount on."""
    reminders: tuple[Reminder, ...] = (
        Reminder(days_before=1, at=time(10)),
        Reminder(days_before=0, at=time(10)),
    )
    approval_after_broken: int = 2
    """A debtor with so many broken promises needs approval for another one; 0: never."""
    broken_within_days: int = 365
    """Older ones are forgotten."""
    approval_within_s: float = 86_400.0
    """A proposal that nobody has approved by then lapses, and its account goes back on the dialer."""
    broken_priority: int = 100
    """The least priority of an account whose promise was broken, until somebody talks with the debtor."""
    rest_after_payment_s: float = 86_400.0
    """An account is not dialled for so long after a payment that leaves something due."""
    most_days: int = 30
    """A promise may lie so many days ahead."""
    least_amount: Decimal = Decimal("1.00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """A promise as it is judged."""

    amount: Decimal
    due_on: date
    made_at: datetime
    """Aware."""
    status: PromiseStatus = PromiseStatus.OPEN
    ended_at: datetime | None = None
    """When a later promise of the same account was made: payments from then on are that one's."""
