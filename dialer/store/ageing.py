"""Each business day: loans get a day older, penalty interest is added, plans are judged.

Accounts are taken in order, some hundred in a transaction, so that the engine's writes never wait long; what was rolled
on to today is passed over, so a run that was cut off goes on where it was. An account that a payment had closed opens
when its next instalment is late.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from dialer.loans.rules import LoanRules
from dialer.store import books, planning
from dialer.store.books import SQL
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId

BATCH: Final = 200
"""Accounts in one transaction: some tens of milliseconds."""
EVERY_S: Final = 600.0
"""How often the chore looks whether there is anything to roll; a list may have come in. House rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """What a run did."""

    today: date
    accounts: int
    """Rolled on to today."""
    plans: int
    """Judged, because a payment may be missing or an offer's time is over."""


class LoanAgeing:
    """The chore of the engine; see `dialer.chores.Chore`. It asks for the rules, as they are then, at each run."""

    name = "loans.age"
    every_s = EVERY_S

    def __init__(self, rules: Callable[[], LoanRules]) -> None:
        self._rules = rules

    def run(self, store: SqliteStore, at: datetime) -> None:
        """Roll whatever is of an earlier day."""
        roll(store, at=at, rules=self._rules())


def roll(
    store: SqliteStore, *, at: datetime, rules: LoanRules, progress: Callable[[int], None] = lambda _done: None
) -> Rolled:
    """Bring every account to the business date of a moment; doing it twice changes nothing.

    Args:
        store: open.
        at: now, aware.
        rules: of loans, with the zone of the business date.
        progress: is told how many accounts are done.
    """
    today, done, after = rules.day_of(at), 0, 0
    while True:
        with store.reading() as database:
            wanted = {"after": after, "today": today.isoformat(), "limit": BATCH}
            batch = [AccountId(one) for (one,) in database.execute(SQL["to_age"], wanted)]
        if not batch:
            break
        with store.writing() as connection:
            for account_id in batch:
                before = books.read(connection, account_id, today=today, rules=rules, for_ageing=True)
                book = books.aged(before, today, rules)
                stands = books.write(connection, book, today=today, before=before)
                if book.state == "closed" and stands.days_past_due:
                    books.open_again(connection, book, anew=True)
        done, after = done + len(batch), batch[-1]
        progress(done)
    with store.writing() as connection:
        plans = planning.judge_all(connection, at=at, rules=rules)
    return Rolled(today=today, accounts=done, plans=plans)
