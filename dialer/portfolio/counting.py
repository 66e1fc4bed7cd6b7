"""The portfolio's columns as tables of DuckDB, which counts; nothing leaves the process, nothing is fetched.

NumPy arrays are read by DuckDB where they are. What a question needs of a day (how late was the account when it was
called?) stands in the columns already; see `dialer.portfolio.courses`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
from numpy.typing import NDArray

from dialer.portfolio.columns import Code, Flag, Portfolio, Small, Whole
from dialer.portfolio.courses import (
    REPAID,
    FirstTime,
    Ledger,
    bucket_places,
    days_late_at,
    days_to_pay,
    first_later_than,
    ledger_of,
    month_ends,
    rows_of,
    spells,
)
from dialer.portfolio.following import Past, follow, local_hours
from dialer.store.statements import Statements

_SQL: Final = Statements("portfolio_counts")
_EPOCH: Final = 719_163
_LONGEST_H: Final = 10 * 366 * 24
_JUDGED: Final = ("kept", "partly_kept", "broken")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Of when a report speaks."""

    today: date
    """The business date; the book is shown as it stood at the end of the day before, plus what is paid today."""
    zone: ZoneInfo
    """Of days and hours."""
    months: int = 13
    """Month ends that are looked back at, at least 2."""
    call_days: int = 90
    """Of calls and promises only those of so many days and today count, but for the months' own."""

    @property
    def calls_since(self) -> date:
        """The first day whose calls count."""
        return self.today - timedelta(days=self.call_days)


class Counts:
    """Asks DuckDB, by the names of the statements."""

    def __init__(self, tables: Mapping[str, Mapping[str, NDArray[Any]]]) -> None:
        self._tables = tables  # DuckDB reads the arrays where they are
        # No extension is ever fetched, no file ever read.
        self._duck = duckdb.connect(
            config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
        for name, columns in tables.items():
            self._duck.register(name, dict(columns))

    def rows(self, name: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of an answer."""
        return self._duck.execute(_SQL[name], list(values)).fetchall()

    def close(self) -> None:
        """Free the memory."""
        self._duck.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A portfolio, ready to be asked."""

    portfolio: Portfolio
    scope: Scope
    marks: tuple[date, ...]
    """Month ends, oldest first."""
    counts: Counts

    def word(self, kind: str, code: int | None) -> str:
        """The text of a code; empty: any, or none."""
        return "" if code is None else self.portfolio.words[kind][code]

    def code(self, kind: str, word: str) -> int | None:
        """The code of a text; None: no account has it."""
        words = list(self.portfolio.words[kind])
        return words.index(word) if word in words else None


def open_book(portfolio: Portfolio, scope: Scope) -> Book:
    """Work out how every account stood at every month end, and hand it all to DuckDB."""
    marks = month_ends(scope.today, scope.months)
    ledger = ledger_of(portfolio)
    # NumPy lets go of the interpreter while it works: what does not need the courses is worked out beside them.
    with ThreadPoolExecutor(max_workers=2) as beside:
        calls = beside.submit(_calls, portfolio, ledger, scope)
        promises = beside.submit(_promises, portfolio, ledger, scope)
        late = beside.submit(_spells, portfolio, ledger, scope)
        past = follow(portfolio, ledger, (*marks, scope.today), scope.zone)
        tables = {
            "accounts": _accounts(portfolio, ledger, past, scope),
            "month_ends": past.moves,
            "openings": past.openings,
            "calls": calls.result(),
            "promises": promises.result(),
            "spells": late.result(),
        }
    return Book(portfolio=portfolio, scope=scope, marks=marks, counts=Counts(tables))


def _accounts(portfolio: Portfolio, ledger: Ledger, past: Past, scope: Scope) -> dict[str, NDArray[Any]]:
    accounts = portfolio.accounts
    known = (accounts.disbursed > 0) & (ledger.end > ledger.start)
    vintage = _months(accounts.disbursed)
    now = past.now
    on_book = now.state < REPAID
    is_first, debtor_is_late = _debtors(accounts.debtor_id, on_book, now.days > 0)
    paid_count, paid_days = days_to_pay(portfolio.instalments, ledger, scope.today - timedelta(days=365), scope.today)
    columns: dict[str, NDArray[Any]] = {
        "account_id": accounts.account_id,
        "debtor_id": accounts.debtor_id,
        "region": accounts.region,
        "industry": accounts.industry,
        "product": accounts.product,
        "risk": accounts.risk,
        "listed_cents": accounts.listed_cents,
        "known": known,
        "on_book": on_book,
        "is_first": is_first,
        "debtor_is_late": debtor_is_late,
        "days": now.days,
        "outstanding": now.outstanding,
        "overdue": now.overdue,
        "vintage": vintage,
        "principal": accounts.principal,
        "paid_count": paid_count,
        "paid_days": paid_days,
        # The last month that is over: opened at the mark before the last one.
        "opening": past.opening,
        "recovered": past.recovered,
    }
    for name, days in (("ever30", 30), ("ever90", 90)):
        first = first_later_than(ledger, accounts, days, scope.today)
        columns |= _ever(name, first, vintage)
    return columns


def _debtors(debtor_id: Whole, on_book: Flag, late: Flag) -> tuple[Flag, Flag]:
    """Whether a loan is the first on the book of its debtor, and whether any of the debtor's is late.

    Two loans of one person are late together: what is counted to tell chance from more than chance is people.
    """
    rows = np.flatnonzero(on_book)
    _, first, person = np.unique(debtor_id[rows], return_index=True, return_inverse=True)
    is_first, any_late = np.zeros(len(on_book), dtype=bool), np.zeros(len(on_book), dtype=bool)
    is_first[rows[first]] = True
    any_late[rows] = (np.bincount(person, weights=late[rows], minlength=len(first)) > 0)[person]
    return is_first, any_late


def _ever(name: str, first: FirstTime, vintage: Small) -> dict[str, NDArray[Any]]:
    month = np.ma.MaskedArray(_months(first.day) - vintage, mask=~first.reached)
    return {f"{name}_month": month, f"{name}_cents": first.outstanding}


def _months(days: Small) -> Small:
    """Ordinals of days to months since the year 0."""
    since_epoch = (days.astype(np.int64) - _EPOCH).astype("datetime64[D]").astype("datetime64[M]")
    return (since_epoch.astype(np.int64) + 1970 * 12).astype(np.int32)


def _calls(portfolio: Portfolio, ledger: Ledger, scope: Scope) -> dict[str, NDArray[Any]]:
    calls, accounts = portfolio.calls, portfolio.accounts
    row = rows_of(accounts.account_id, calls.account_id)
    local = local_hours(calls.hour, scope.zone)
    day = (local // 24 + _EPOCH).astype(np.int32)
    recent = _recent(day, scope)
    bucket = np.zeros(len(calls), dtype=np.int8)  # asked of these only: it takes a search for each
    cases = np.flatnonzero(recent & calls.right_party)
    bucket[cases] = bucket_places(days_late_at(ledger, accounts, row[cases], day[cases]))
    return {
        "account_id": calls.account_id,
        "month": _months(day),
        "weekday": ((day + 6) % 7 + 1).astype(np.int8),
        "hour_of_day": (local % 24).astype(np.int8),
        "recent": recent,
        "answered": calls.answered,
        "talked": calls.talked,
        "right_party": calls.right_party,
        "promised": calls.promised,
        "agent": calls.agent,
        "bucket": bucket,
        "product": accounts.product[row],
        "risk": accounts.risk[row],
    }


def _promises(portfolio: Portfolio, ledger: Ledger, scope: Scope) -> dict[str, NDArray[Any]]:
    promises, accounts = portfolio.promises, portfolio.accounts
    row = rows_of(accounts.account_id, promises.account_id)
    made = (local_hours(promises.hour, scope.zone) // 24 + _EPOCH).astype(np.int32)
    return {
        "due_month": _months(promises.due),
        "status": promises.status,
        "cents": promises.cents,
        "paid_cents": promises.paid_cents,
        "recent": _recent(promises.due, scope),
        "judged": np.isin(promises.status, _codes(portfolio, _JUDGED)),
        "kept": np.isin(promises.status, _codes(portfolio, _JUDGED[:1])),
        "agent": promises.agent,
        "bucket": bucket_places(days_late_at(ledger, accounts, row, made)),
        "product": accounts.product[row],
        "risk": accounts.risk[row],
    }


def _recent(day: Small, scope: Scope) -> NDArray[np.bool_]:
    return (day >= scope.calls_since.toordinal()) & (day <= scope.today.toordinal())


def _codes(portfolio: Portfolio, words: Sequence[str]) -> Code:
    known = list(portfolio.words["status"])
    return np.array([known.index(word) for word in words if word in known], dtype=np.int16)


def _spells(portfolio: Portfolio, ledger: Ledger, scope: Scope) -> dict[str, NDArray[Any]]:
    found = spells(ledger, portfolio.accounts, scope.today)
    return {"product": portfolio.accounts.product[found.row], "days": found.days, "cured": found.cured}
