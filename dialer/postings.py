"""What may be told from outside of a debtor or an account: by command, by webhook, by file. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from dialer.account_events import EventValue
from dialer.types import Number, StopFlag


class PostKind(StrEnum):
    """What happened, in the words of those who tell it."""

    PAYMENT = "payment"
    REVERSAL = "reversal"  # a payment was taken back
    REFUSAL = "refusal"  # does not want to be called any more
    COMPLAINT = "complaint"
    DISPUTE = "dispute"
    STOP = "stop"  # another reason never to call, by its flag
    PROMISE = "promise"
    FACT = "fact"  # new income, occupation, address, reason for delay ...
    RISK = "risk"  # a sign: utilisation, overdue elsewhere, loss of income ...
    NOTE = "note"


STOPS: Final[Mapping[PostKind, StopFlag]] = {
    PostKind.REFUSAL: StopFlag.REFUSED,
    PostKind.COMPLAINT: StopFlag.COMPLAINT,
    PostKind.DISPUTE: StopFlag.DISPUTE,
}
"""Kinds that are a stop flag each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One thing that somebody tells; which of the fields it needs, its kind says."""

    kind: PostKind
    account: str
    """An account's number."""
    client: str = ""
    """The lender, where two of them use one number."""
    key: str = ""
    """An id from outside: the same one from the same source again changes nothing."""
    at: datetime | None = None
    """When it happened, aware; None: now."""
    amount: Decimal | None = None
    txn_id: str = ""
    channel: str = ""
    due_on: date | None = None
    agent: str = ""
    flag: StopFlag | None = None
    until_at: datetime | None = None
    number: Number | None = None
    """Of a refusal that is about one number only."""
    fact: str = ""
    """Which field of a fact."""
    value: str = ""
    sign: str = ""
    note: str = ""
    details: Mapping[str, EventValue] = dataclasses.field(default_factory=dict)
    """What else belongs to a sign of risk."""
