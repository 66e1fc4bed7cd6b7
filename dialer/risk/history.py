"""What is known of all accounts, as columns, each row with the moment since which it was known. Pure.

Moments and days are seconds since 1970 in UTC; `NEVER` is a moment that did not come. Amounts are whole cents. Rows of
one kind are sorted by account, then by moment, as the store gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dialer.risk.features import Floats, Texts

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

NEVER: Final = float("inf")
DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """One row an account; other rows name it by its place here."""

    account_ids: Ints
    debtors: Ints
    """Place of the debtor, 0 up to the number of debtors."""
    principal: Ints
    """Cents; 0: not known."""
    paid_out_s: Floats
    """NaN: not known."""
    products: Texts
    """Terms of the contract; known since it was paid out."""
    listed_days: Floats
    """Days past due as the last list has it; NaN: it has none."""
    listed_s: Floats
    """When that list came."""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.account_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalments:
    """What the contracts ask for; known since they were signed."""

    accounts: Ints
    due_s: Floats
    amounts: Ints
    """Principal, interest and fees; no penalty, which comes later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """What was paid."""

    accounts: Ints
    at_s: Floats
    known_s: Floats
    reversed_s: Floats
    amounts: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """Promises that were judged; what is open says nothing yet."""

    accounts: Ints
    judged_s: Floats
    kept: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Calls that are over."""

    debtors: Ints
    at_s: Floats
    answered: Flags
    """By a person."""
    talked: Flags
    """With the debtor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A number that somebody tells of a debtor: income, a score, credit in use, a sign."""

    debtors: Ints
    at_s: Floats
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A text that somebody says of a debtor."""

    debtors: Ints
    at_s: Floats
    values: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything that features and outcomes are computed from."""

    accounts: Accounts
    instalments: Instalments
    payments: Payments
    promises: Promises
    calls: Calls
    incomes: Told
    """A month's, in cents."""
    scores: Told
    """From outside."""
    utilisations: Told
    """From 0 to 1 and beyond."""
    signs: Told
    """Any sign of risk that was reported; the value is 1."""
    facts: Mapping[str, Said] = field(default_factory=dict)
    """Category -> what was said of it."""


def no_ints() -> Ints:
    """No rows."""
    return np.zeros(0, dtype=np.int64)


def no_floats() -> Floats:
    """No rows."""
    return np.zeros(0, dtype=np.float64)


def nobody_told() -> Told:
    """No rows."""
    return Told(debtors=no_ints(), at_s=no_floats(), values=no_floats())
