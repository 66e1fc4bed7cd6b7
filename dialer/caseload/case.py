"""A debtor with all accounts, as assignment sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from dialer.campaigns.expressions import FactValue
from dialer.types import AgentId, DebtorId

OVERRIDE = "override"
"""What stands in place of a rule's name when a person decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One debtor. Accounts of one debtor are never apart, so nothing here is about one account."""

    debtor_id: DebtorId
    accounts: int = 1
    """Those that are still worked on."""
    amount_due: Decimal = Decimal(0)
    expected: Decimal = Decimal(0)
    """What working on them is expected to bring; see `dialer.ordering.worth`."""
    days_past_due: int = 0
    bucket: str = "M0"
    risk: str = ""
    region: str = ""
    product: str = ""
    language: str = ""
    owner: AgentId | None = None
    """Who looks after them so far."""
    owner_team: str = ""
    overridden: bool = False
    """A person gave them to the owner, with a reason."""
    promised_to: AgentId | None = None
    """Who holds a live promise of theirs."""
    promises_broken: int = 0
    days_without_contact: int = 0
    """Days since the right party was reached, or since the owner got them if that was later."""
    complained: bool = False
    avoid: frozenset[AgentId] = frozenset()
    """About whom they complained: nobody of them again."""


def facts(case: Case) -> Mapping[str, FactValue]:
    """The facts of a case by the names that rules use; see `expressions.CASE_FACTS`."""
    return {
        "days_past_due": case.days_past_due,
        "bucket": case.bucket,
        "amount_due": case.amount_due,
        "expected": case.expected,
        "accounts": case.accounts,
        "risk": case.risk,
        "region": case.region,
        "product": case.product,
        "language": case.language,
        "owner": case.owner or "",
        "owner_team": case.owner_team,
        "promise_open": case.promised_to is not None,
        "promises_broken": case.promises_broken,
        "complained": case.complained,
        "days_without_contact": case.days_without_contact,
    }


_GRADES = ("a", "b", "c", "d", "e")
_WORDS: Mapping[str, int] = {"low": 0, "medium": 2, "high": 4, "低": 0, "中": 2, "高": 4}


def graveness(risk: str) -> int:
    """How bad a grade of risk is, to find the worst of several: A to E, or low to high; unknown ones are least."""
    text = risk.strip().lower()
    return _GRADES.index(text) if text in _GRADES else _WORDS.get(text, -1)
