"""Which numbers of a list a campaign would never dial, told at the import and not weeks later by silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import phonenumbers

from dialer.accounts.imported import ImportedAccount
from dialer.accounts.spool import AccountSpool
from dialer.calling_rules import Origin, PrefixRule
from dialer.types import Number


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
    accounts: AccountSpool | Iterable[ImportedAccount], rules: Sequence[tuple[str, Sequence[PrefixRule]]]
) -> tuple[Unreachable, ...]:
    """Count the numbers that would never be dialled, campaign by campaign; campaigns that dial all are left out.

    Args:
        accounts: of the list; read once.
        rules: campaign, and its prefix rules, all of which must permit a number.
    """
    found = [(Unreachable(campaign=name), _Against(prefixes)) for name, prefixes in rules]
    for numbers in _numbers(accounts):
        for one, against in found:
            _add(one, against, numbers)
    return tuple(one for one, _ in found if one.numbers)


def _numbers(accounts: AccountSpool | Iterable[ImportedAccount]) -> Iterator[Sequence[str]]:
    if isinstance(accounts, AccountSpool):
        for batch in accounts.batches():
            for row in batch:
                yield row.numbers
        return
    for account in accounts:
        yield (*account.phones, *(other.number for other in account.others))


class _Against(dict[str, PrefixRule | None]):
    """Beginning of a number -> the first rule that is against it; remembered, for a million numbers begin alike."""

    def __init__(self, prefixes: Sequence[PrefixRule]) -> None:
        super().__init__()
        self._prefixes = prefixes
        longest = [len(prefix) for rule in prefixes for prefix in (*rule.allow, *rule.deny)]
        self.length = max(longest, default=0)

    def __missing__(self, beginning: str) -> PrefixRule | None:
        rule = next((rule for rule in self._prefixes if not rule.permits(Number(beginning))), None)
        self[beginning] = rule
        return rule


def _add(one: Unreachable, against: _Against, numbers: Sequence[str]) -> None:
    shut = 0
    for number in numbers:
        if (rule := against[number[: against.length]]) is not None:
            shut += 1
            one.rules[str(rule.origin)] += 1
    one.numbers += shut
    one.accounts += shut > 0
    one.closed += 0 < shut == len(numbers)
