"""The portfolio as columns of numbers: what a report reads of the store, and nothing that names anybody.

Days are proleptic ordinals (`date.toordinal`), 0: none. Hours are whole hours of UTC since 1970. Money is cents. Texts
that many accounts share, such as regions, are codes: places in a list of words, of which the first is the empty one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Small = NDArray[np.int32]
Code = NDArray[np.int16]
Flag = NDArray[np.bool_]
Array = Whole | Small | Code | Flag

WORDS: Final = ("region", "industry", "product", "risk", "agent", "status")
"""Kinds of text that are codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns of one length, the first of which is the account that a row belongs to."""

    @property
    def owner(self) -> Whole:
        """The account of each row."""
        return getattr(self, fields(self)[0].name)  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return len(self.owner)

    def ordered(self, order: NDArray[np.intp]) -> Self:
        """The rows in another order."""
        return replace(self, **{one.name: getattr(self, one.name)[order] for one in fields(self)})

    @property
    def key(self) -> Whole:
        """By what the rows are in order."""
        return self.owner

    def in_order(self) -> Self:
        """The rows in the order of the key."""
        key = self.key
        return self if bool(np.all(key[1:] >= key[:-1])) else self.ordered(np.argsort(key, kind="stable"))

    def replaced(self, ids: Whole, fresh: Self) -> Self:
        """With the rows of some accounts replaced; both tables are in order, and so is what comes of it."""
        begin, end = np.searchsorted(self.owner, ids), np.searchsorted(self.owner, ids, side="right")
        first, last = np.searchsorted(fresh.owner, ids), np.searchsorted(fresh.owner, ids, side="right")
        kept = [slice(*span) for span in zip([0, *end.tolist()], [*begin.tolist(), len(self)], strict=True)]
        put = [slice(*span) for span in zip(first.tolist(), last.tolist(), strict=True)]
        columns = {}
        for one in fields(self):
            old, new = getattr(self, one.name), getattr(fresh, one.name)
            pieces = [old[kept[0]]]
            for fresh_rows, old_rows in zip(put, kept[1:], strict=True):
                pieces += (new[fresh_rows], old[old_rows])
            columns[one.name] = np.concatenate(pieces)
        return replace(self, **columns)

    @classmethod
    def joined(cls, tables: Sequence[Self]) -> Self:
        """The rows of several, one after another."""
        columns = {one.name: np.concatenate([getattr(table, one.name) for table in tables]) for one in fields(cls)}
        return cls(**columns)

    def columns(self) -> dict[str, Array]:
        """By name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts(Table):
    """One row for each loan."""

    account_id: Whole
    debtor_id: Whole
    region: Code
    industry: Code
    product: Code
    risk: Code
    agent: Code
    """Who looks after it."""
    listed_days: Small
    """Days past due as a list said; for accounts without a schedule."""
    listed_cents: Whole
    """Amount due as a list said."""
    disbursed: Small
    """0: no loan is known behind the account."""
    principal: Whole
    grace: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalments(Table):
    """One row for each instalment, by account and due day."""

    account_id: Whole
    due: Small
    paid: Small
    """When nothing of it was left to pay; `NEVER`: not yet."""
    principal: Whole
    interest: Whole
    """And fees."""

    @property
    def key(self) -> Whole:
        """By account, then by due day."""
        return self.account_id.astype(np.int64) << 22 | self.due


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments(Table):
    """One row for each payment that was not taken back."""

    account_id: Whole
    hour: Small
    cents: Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls(Table):
    """One row for each attempt that has ended."""

    account_id: Whole
    hour: Small
    right_party: Flag
    conversation: Flag
    talked: Flag
    """With an agent."""
    answered: Flag
    """By a person."""
    promised: Flag
    agent: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises(Table):
    """One row for each promise."""

    account_id: Whole
    hour: Small
    due: Small
    cents: Whole
    paid_cents: Whole
    status: Code
    agent: Code


TABLES: Final[Mapping[str, type[Table]]] = {
    "accounts": Accounts,
    "instalments": Instalments,
    "payments": Payments,
    "calls": Calls,
    "promises": Promises,
}
DTYPES: Final[Mapping[str, np.dtype[Any]]] = {
    "Whole": np.dtype("<i8"),
    "Small": np.dtype("<i4"),
    "Code": np.dtype("<i2"),
    "Flag": np.dtype("?"),
}
NEVER: Final = 3_652_059
"""9999-12-31: an instalment that is not paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """All of it."""

    accounts: Accounts
    instalments: Instalments
    payments: Payments
    calls: Calls
    promises: Promises
    words: Mapping[str, Sequence[str]]
    """Kind of text -> its words; a code is a place among them."""

    def tables(self) -> dict[str, Table]:
        """By name."""
        return {name: getattr(self, name) for name in TABLES}

    def replaced(self, account_ids: Whole, fresh: Portfolio) -> Portfolio:
        """With what was read anew of some accounts in place of what was known of them; its words are used.

        Args:
            account_ids: ascending; every account of `fresh`, and those that have nothing any more.
            fresh: everything of these accounts.
        """
        tables: dict[str, Any] = {
            name: table.replaced(account_ids, getattr(fresh, name)) for name, table in self.tables().items()
        }
        return replace(fresh, **tables)

    @classmethod
    def joined(cls, parts: Sequence[Portfolio]) -> Portfolio:
        """Several that were read one after another with the same words."""
        tables: dict[str, Any] = {
            name: kind.joined([getattr(part, name) for part in parts]) for name, kind in TABLES.items()
        }
        return cls(**tables, words=parts[-1].words).in_order()

    def in_order(self) -> Portfolio:
        """Every table by account, instalments also by due day: what the reports rely on."""
        tables: dict[str, Any] = {name: table.in_order() for name, table in self.tables().items()}
        return replace(self, **tables)


def dtypes_of(table: type[Table]) -> dict[str, np.dtype[Any]]:
    """Column -> how its numbers are held."""
    return {one.name: DTYPES[str(one.type)] for one in fields(table)}


def narrowed(values: Array) -> Array:
    """Numbers in four bytes instead of eight where they fit: half the room on the disk and in memory."""
    if values.dtype != DTYPES["Whole"] or (len(values) and int(np.abs(values).max()) > np.iinfo(np.int32).max):
        return values
    return values.astype(DTYPES["Small"])
