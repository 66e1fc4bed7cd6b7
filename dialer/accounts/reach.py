"""Which numbers of a list a campaign would never dial, told at the import and not weeks later by silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import phonenumbers

from dialer.accounts.imported import ImportedAccount
from dialer.calling_rules import Origin, PrefixRule


@dataclass(slots=True, kw_only=True)
class Unreachable:
    """What one campaign's prefixes shut out of a list."""

    campaign: str
    """Empty: no campaign names the list yet, and what counts is the country of the settings."""
    numbers: int = 0
    accounts: int = 0
    """With at least one such number."""
    closed: int = 0
    """Accounts all of whose numbers are such."""
    rules: Counter[str] = field(default_factory=Counter)
    """Name of the rule -> numbers that it shuts out."""


def home_rule(region: str) -> PrefixRule:
    """What holds for a list that no campaign names yet: numbers of the own country only.

    Args:
        region: ISO 3166.
    """
    code = phonenumbers.country_code_for_region(region)
    return PrefixRule(allow=(f"+{code}",), origin=Origin(id="prefixes", cite=f"region {region}"))


def unreachable(
    accounts: Iterable[ImportedAccount], rules: Sequence[tuple[str, Sequence[PrefixRule]]]
) -> tuple[Unreachable, ...]:
    """Count the numbers that would never be dialled, campaign by campaign; campaigns that dial all are left out.

    Args:
        accounts: of the list; read once.
        rules: campaign, and its prefix rules, all of which must permit a number.
    """
    found = [(Unreachable(campaign=name), prefixes) for name, prefixes in rules]
    for account in accounts:
        for one, prefixes in found:
            _add(one, prefixes, account)
    return tuple(one for one, _ in found if one.numbers)


def _add(one: Unreachable, prefixes: Sequence[PrefixRule], account: ImportedAccount) -> None:
    shut = 0
    numbers = (*account.phones, *(other.number for other in account.others))
    for number in numbers:
        against = next((rule for rule in prefixes if not rule.permits(number)), None)
        if against is not None:
            shut += 1
            one.rules[str(against.origin)] += 1
    one.numbers += shut
    one.accounts += shut > 0
    one.closed += 0 < shut == len(numbers)
