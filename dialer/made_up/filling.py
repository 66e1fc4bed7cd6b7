"""A made-up book with its past, put into a store directly: quicker than through the importers, and with calls.

Part payments pay interest before principal. The made-up lender asks no penalty interest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from dialer.made_up.book import MODEL, Account, BookPlan, Holder, make_book
from dialer.made_up.calling import MadeUpCall, make_calls
from dialer.made_up.files import iso, txn_id
from dialer.store.columns import moment_text
from dialer.store.filling import TABLES, add_rows, next_ids, start_batch
from dialer.store.sqlite import SqliteStore

CAMPAIGN: Final = "made-up"
_CHUNK: Final = 5_000
_CHINA_S: Final = 8 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """How a book is put into a store."""

    list_name: str = "demo"
    calls: bool = True
    lines: bool = True
    """Which part of its instalment each payment paid, and what the applications said; reports need neither."""


def fill_store(
    store: SqliteStore, plan: BookPlan, how: Filling, progress: Callable[[int], None] = lambda _made: None
) -> dict[str, int]:
    """Put a book into a store, some thousand debtors in a transaction.

    Args:
        store: open; what it has stays.
        plan: what to make up.
        how: and how much of it.
        progress: is told how many accounts are in.

    Returns:
        How many rows went into each table.
    """
    with store.writing() as connection:
        connection.execute("PRAGMA cache_size = -262144")  # KiB; the indexes of a large book
        ids = next_ids(connection)
        batch_id = start_batch(connection, how.list_name, moment_text(_noon(plan)), plan.accounts)
    rows = _Rows(plan, how, ids, batch_id)
    counts = dict.fromkeys(TABLES, 0)
    for count, holder in enumerate(make_book(plan), start=1):
        rows.take(holder)
        if count % _CHUNK == 0:
            _flush(store, rows, counts)
            progress(counts["accounts"])
    _flush(store, rows, counts)
    return counts


def _flush(store: SqliteStore, rows: _Rows, counts: dict[str, int]) -> None:
    with store.writing() as connection:
        _write(connection, rows, counts)


def _write(connection: sqlite3.Connection, rows: _Rows, counts: dict[str, int]) -> None:
    for table in TABLES:
        add_rows(connection, table, rows.of[table])
        counts[table] += len(rows.of[table])
        rows.of[table] = []


def _noon(plan: BookPlan) -> datetime:
    return datetime(plan.today.year, plan.today.month, plan.today.day, 4, tzinfo=UTC)


class _Rows:
    """Rows that wait to be written, by table."""

    def __init__(self, plan: BookPlan, how: Filling, ids: dict[str, int], batch_id: int) -> None:
        self.of: dict[str, list[tuple[object, ...]]] = {table: [] for table in TABLES}
        self._plan, self._how, self._ids, self._batch_id = plan, how, ids, batch_id
        self._today = plan.today.toordinal()
        self._at = moment_text(_noon(plan))
        self._chance = Random(f"calls of {plan.seed}")
        self._calls = 0

    def take(self, holder: Holder) -> None:
        """Add everything of one debtor."""
        debtor_id = self._next("debtor")
        person, score = holder.person, holder.score
        self.of["debtors"].append((debtor_id, f"key:{person.key}", person.name))
        self.of["debtor_sources"].append((debtor_id, self._batch_id))
        self.of["scores"].append(
            (debtor_id, MODEL, score.score, score.grade, f"{iso(score.day)}T04:00:00.000000Z", self._batch_id)
        )
        if self._how.lines:
            facts = {"income_monthly": f"{person.income}.00", "occupation": person.occupation}
            facts |= {"employer": person.employer, "industry": person.industry, "region": person.region}
            facts |= {"marital": person.marital, "education": person.education}
            self.of["debtor_facts"] += [(debtor_id, *fact, self._at, self._batch_id) for fact in facts.items()]
        phones = [self._next("phone") for _ in person.phones]
        for rank, (phone_id, number) in enumerate(zip(phones, person.phones, strict=True)):
            self.of["phones"].append((phone_id, debtor_id, number, rank, "debtor"))
        for rank, (_, _, number) in enumerate(person.contacts):
            self.of["phones"].append((self._next("phone"), debtor_id, number, 2000 + rank, "contact"))
        for account in holder.accounts:
            self._account(holder, account, debtor_id, phones)

    def _account(self, holder: Holder, account: Account, debtor_id: int, phones: list[int]) -> None:
        person, loan = holder.person, account.loan
        account_id = self._next("account")
        days, cents = account.overdue(self._today)
        standing = ("open", phones[0]) if days else ("closed", None)
        self.of["accounts"].append(
            (account_id, loan.account_no, person.client, self._how.list_name, debtor_id, loan.product.name,
             loan.principal_cents, cents, days, holder.score.grade, person.region, person.language, person.industry,
             *standing)
        )  # fmt: skip
        self.of["loans"].append(
            (account_id, loan.account_no, loan.principal_cents, loan.product.rate, loan.periods,
             loan.product.method.value, iso(loan.disbursed), iso(loan.due_days[0]))
        )  # fmt: skip
        self.of["instalments"] += _instalments(account_id, account)
        self._payments(account_id, account)
        if self._how.calls:
            for call in make_calls(self._chance, person, account, self._today):
                self._call(call, account_id, debtor_id, phones[call.phone], person.phones[call.phone])

    def _payments(self, account_id: int, account: Account) -> None:
        paid: dict[int, int] = {}
        counts: dict[int, int] = {}
        for day, no, cents in account.course.payments:
            payment_id = self._next("payment")
            counts[no] = counts.get(no, 0) + 1
            at = f"{iso(day)}T02:00:00.000000Z"
            txn = txn_id(account.loan.account_no, no, counts[no])
            self.of["payments"].append((payment_id, account_id, txn, cents, at, at))
            if self._how.lines:
                _, interest = account.loan.parts[no - 1]
                before = paid.get(no, 0)
                paid[no] = before + cents
                to_interest = min(interest, before + cents) - min(interest, before)
                lines = {"interest": to_interest, "principal": cents - to_interest}
                self.of["payment_lines"] += [(payment_id, no, part, amount) for part, amount in lines.items() if amount]

    def _call(self, call: MadeUpCall, account_id: int, debtor_id: int, phone_id: int, number: str) -> None:
        self._calls += 1
        attempt_id = f"made-up-{self._plan.seed}-{self._ids['account']}-{self._calls}"
        began = _moment(call.day, call.second)
        ended = _moment(call.day, call.second + 25 + int(call.talk_s))
        answered = 8.0 if call.agent or call.outcome in ("abandoned", "early_hangup") else None
        bridged = 8.3 if call.agent else None
        agent, talk_s = call.agent or None, call.talk_s or None
        self.of["attempts"].append(
            (attempt_id, CAMPAIGN, account_id, debtor_id, phone_id, number, began, ended, ended, call.outcome.value,
             agent, answered, bridged, talk_s, call.outcome == "abandoned")
        )  # fmt: skip
        self.of["dispositions"].append(
            (attempt_id, CAMPAIGN, account_id, debtor_id, ended, agent, call.code or None, call.outcome.value,
             "agent" if agent else "outcome", call.conversation, call.right_party)
        )  # fmt: skip
        if (promise := call.promise) is not None:
            judged = None if promise.status == "open" else _moment(promise.due + 2, 3600)
            self.of["promises"].append(
                (attempt_id, account_id, agent, promise.cents, iso(promise.due), ended, promise.status,
                 promise.paid_cents, judged)
            )  # fmt: skip

    def _next(self, name: str) -> int:
        self._ids[name] += 1
        return self._ids[name]


def _instalments(account_id: int, account: Account) -> Iterator[tuple[object, ...]]:
    course = account.course
    whole = len(course.paid_days)
    for no, (due, (principal, interest)) in enumerate(
        zip(account.loan.due_days, account.loan.parts, strict=True), start=1
    ):
        if no <= whole:
            yield account_id, no, iso(due), principal, interest, principal, interest, iso(course.paid_days[no - 1])
        else:
            part = course.part_cents if no == whole + 1 else 0
            paid = min(part, interest)
            yield account_id, no, iso(due), principal, interest, part - paid, paid, None


def _moment(day: int, second: int) -> str:
    """A moment of the debtor's day, in China, as the store writes it."""
    at = datetime.fromordinal(day).replace(tzinfo=UTC) + timedelta(seconds=second - _CHINA_S)
    return moment_text(at)
