"""What several sources say of one debtor, which of them is believed, and where they disagree. Pure.

Rules
- Of each source only its newest word on a field counts.
- Believed is the source of the highest standing: what an agent heard from the debtor, then what an event told, then
  the application, then the list of accounts, then the rest. Among equals the newest word wins.
- Sources whose word differs from the believed one are a conflict. It is listed, never settled by dropping one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Fact(StrEnum):
    """What can be known of a debtor. Values are text: money with two decimals, dates in ISO form."""

    NAME = "name"
    INCOME_MONTHLY = "income_monthly"
    OCCUPATION = "occupation"
    EMPLOYER = "employer"
    INDUSTRY = "industry"
    REGION = "region"
    BIRTH_ON = "birth_on"
    SEX = "sex"
    MARITAL = "marital"
    EDUCATION = "education"
    LANGUAGE = "language"
    DELAY_REASON = "delay_reason"
    ABILITY = "ability"
    WILLINGNESS = "willingness"
    PREFERRED_TIME = "preferred_time"
    ADDRESS = "address"
    EMAIL = "email"


class AccountFact(StrEnum):
    """What can be known of an account beyond its columns, from several sources."""

    AMOUNT_DUE = "amount_due"
    PRINCIPAL = "principal"
    DAYS_PAST_DUE = "days_past_due"
    RISK = "risk"
    PRODUCT = "product"
    ENTRUSTED_ON = "entrusted_on"
    RETURN_ON = "return_on"
    BATCH_NO = "batch_no"
    LAST_PAID_ON = "last_paid_on"
    LAST_PAID_AMOUNT = "last_paid_amount"
    REMAINING_PRINCIPAL = "remaining_principal"
    OLD_NOTES = "old_notes"


class Source(StrEnum):
    """Who said it: a kind of file, an agent, or an event from elsewhere."""

    AGENT = "agent"
    EVENT = "event"
    APPLICATIONS = "applications"
    ACCOUNTS = "accounts"
    SCORES = "scores"
    REPAYMENTS = "repayments"
    CONTACTS = "contacts"


STANDING: Final[Mapping[str, int]] = {
    Source.AGENT: 4,
    Source.EVENT: 3,
    Source.APPLICATIONS: 2,
    Source.ACCOUNTS: 1,
}
"""Greater is believed first; what is missing stands lowest."""

IDENTIFYING: Final = frozenset({Fact.NAME, Fact.ADDRESS, Fact.EMAIL, Fact.EMPLOYER, Fact.BIRTH_ON})
"""Fields whose values are masked on screens and kept out of events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One source's newest word on one field."""

    value: str
    source: str
    at: datetime
    """Aware: when the source said so."""
    said_by: str = ""
    """The agent or user, where one is known."""
    file: str = ""
    """The file, where it came by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One field of a debtor or account: what is believed, and what else is said."""

    field: str
    believed: Said
    others: tuple[Said, ...] = ()
    """The other sources, by standing."""

    @property
    def value(self) -> str:
        """What is believed."""
        return self.believed.value

    @property
    def conflicts(self) -> tuple[Said, ...]:
        """The sources that say otherwise."""
        meant = _meant(self.value)
        return tuple(said for said in self.others if _meant(said.value) != meant)


def weigh(field: str, said: Iterable[Said]) -> Known:
    """Put what the sources say of one field in order.

    Args:
        field: which.
        said: at least one, of each source its newest.

    Raises:
        ValueError: nobody says anything.
    """
    ranked = sorted(said, key=lambda one: (STANDING.get(one.source, 0), one.at, one.source), reverse=True)
    if not ranked:
        raise ValueError(f"nobody says anything of {field}")
    return Known(field=field, believed=ranked[0], others=tuple(ranked[1:]))


def _meant(value: str) -> str:
    """A value as it is compared: spaces, width and case are no disagreement."""
    return "".join(unicodedata.normalize("NFKC", value).casefold().split())
