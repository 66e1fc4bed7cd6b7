"""A made-up book in a store, and the plainest possible reading of it: row by row, day by day."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from dialer.made_up.book import BookPlan, Plant
from dialer.made_up.filling import Filling, fill_store
from dialer.portfolio.counting import Book, Scope, open_book
from dialer.portfolio.snapshot import load
from dialer.store.sqlite import SqliteStore

TODAY = date(2026, 6, 18)
NOW = datetime(2026, 6, 18, 4, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


def fill(path: Path, accounts: int, *, seed: int = 7, plant: str = "", key: str = "", alike: bool = False) -> None:
    plan = BookPlan(
        accounts=accounts,
        seed=seed,
        today=TODAY,
        differences=not alike,
        plant=Plant.parse(plant) if plant else None,
    )
    store = SqliteStore.create(path, key=key)
    try:
        fill_store(store, plan, Filling(lines=False))
    finally:
        store.close()


@contextmanager
def book_of(path: Path, **scope: int) -> Iterator[Book]:
    store = SqliteStore.open(path)
    try:
        book = open_book(load(store, NOW), Scope(today=TODAY, zone=ZONE, **scope))
        yield book
        book.counts.close()
    finally:
        store.close()


@dataclass
class Plain:
    """One account as its rows tell it."""

    account_id: int
    region: str
    industry: str
    product: str
    risk: str
    disbursed: date
    principal: int
    instalments: list[tuple[date, date | None, int, int]] = field(default_factory=list)
    """(due, paid, principal, interest)."""
    payments: list[tuple[date, int]] = field(default_factory=list)

    def unpaid(self, day: date) -> list[tuple[date, date | None, int, int]]:
        return [one for one in self.instalments if one[1] is None or one[1] > day]

    def days_late(self, day: date) -> int:
        return max((max(0, (day - due).days) for due, *_ in self.unpaid(day)), default=0)

    def days_late_before(self, day: date) -> int:
        """On the day, before what is paid on it."""
        return max((max(0, (day - due).days) for due, *_ in self.unpaid(day - timedelta(days=1))), default=0)

    def outstanding(self, day: date) -> int:
        return sum(principal for _, _, principal, _ in self.unpaid(day))

    def overdue(self, day: date) -> int:
        return sum(principal + interest for due, _, principal, interest in self.unpaid(day) if due < day)

    def is_on_book(self, day: date) -> bool:
        return self.disbursed <= day and bool(self.unpaid(day))


def plain_book(path: Path) -> list[Plain]:
    connection = sqlite3.connect(path)
    accounts = {
        row[0]: Plain(*row[:5], date.fromisoformat(row[5]), row[6])
        for row in connection.execute(
            "SELECT a.account_id, region, industry, product, risk, disbursed_on, l.principal_cents "
            "FROM accounts a JOIN loans l USING (account_id)"
        )
    }
    for account_id, due, paid, principal, interest in connection.execute(
        "SELECT account_id, due_on, paid_on, principal_cents, interest_cents FROM instalments ORDER BY account_id, no"
    ):
        when = None if paid is None else date.fromisoformat(paid)
        accounts[account_id].instalments.append((date.fromisoformat(due), when, principal, interest))
    for account_id, at, cents in connection.execute("SELECT account_id, at, amount_cents FROM payments"):
        day = datetime.fromisoformat(at).astimezone(ZONE).date()
        accounts[account_id].payments.append((day, cents))
    connection.close()
    return list(accounts.values())


def days_between(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
