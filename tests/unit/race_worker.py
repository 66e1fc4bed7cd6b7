"""One of several processes that work on the same debtors at once: an engine, people at desks, and other systems.

Run by `test_race.py`: `python race_worker.py STORE NAME SEED OPERATIONS LOG`. Two threads, each on a connection of its
own, write what they were told into the log, a JSON line for each operation that succeeded. It says `ready` and begins
when it is told a line, so that none is done before the others have begun.

How the processes are scheduled decides who gets what, not how much is had: a thread goes on after its operations until
it has had as much as `HAD_AT_LEAST` says. That is within reach however the others stand, because all of them together
may have no more than 24 of the 30 debtors in hand.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from dialer.errors import DialerError
from dialer.leads import Lead
from dialer.loans.rules import HOUSE
from dialer.postings import Posting, PostKind
from dialer.store import desks, promised
from dialer.store.posting import Poster, post
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId, DebtorId, NextKind
from store_cases import AT, closed, concluded, placed, step, take

ACCOUNTS = 60
KEYS = 400
"""So few that many are used twice, by whichever process."""
DEADLINE_S = 600.0
THREADS = 2
IN_HAND_AT_MOST = 2
"""Calls of a thread, its lead included, and as many desks."""
HAD_AT_LEAST = {"call": 100, "desk": 100, "no desk": 20, "taken back": 2}
"""What a thread goes on for: calls, desks, desks that were refused because the debtor was somebody's, and leads that
could not be dialled because they were taken back for a desk."""
PATIENCE = 5
"""Who has done so many times its operations and not had that much gives up."""


class Worker:
    def __init__(self, path: str, name: str, seed: int, log: TextIO) -> None:
        self.store = SqliteStore.open(Path(path))
        # What is tested is who may do what, not that it survives the plug being pulled: that costs a disk's time.
        self.store._database.conn.execute("PRAGMA synchronous = OFF")
        # Nor how long a turn takes: SQLite's waiting is not fair, and on a crowded machine one may wait for minutes.
        self.store._database.conn.execute(f"PRAGMA busy_timeout = {DEADLINE_S * 1000:.0f}")
        self.name = name
        self.chance = random.Random(seed)
        self.log = log
        self.lead: Lead | None = None
        self.calls: list[tuple[Lead, str]] = []
        self.mine: set[int] = set()
        self.had: Counter[str] = Counter()
        self.count = 0

    def note(self, **said: object) -> None:
        self.log.write(json.dumps({"by": self.name, **said}) + "\n")

    def work(self, operations: int) -> None:
        with closing(self.store):
            while self.count < operations or not self.had_enough():
                if self.count == PATIENCE * operations:
                    raise SystemExit(f"{self.name} had {dict(self.had)} of {HAD_AT_LEAST} in {self.count} operations")
                self.count += 1
                doing = self.chance.choices([self.dial, self.conclude, self.desk, self.tell], [5, 3, 4, 4])[0]
                doing()
            self.store.release_leases(self.name)
            while self.calls:
                self.conclude()
        self.note(did="all", operations=self.count, had=self.had)

    def had_enough(self) -> bool:
        return all(self.had[what] >= least for what, least in HAD_AT_LEAST.items())

    def dial(self) -> None:
        """Lease a lead, or dial the one in hand: between the two anything may happen to it."""
        lead, self.lead = self.lead, None
        if lead is None:
            if len(self.calls) == IN_HAND_AT_MOST:
                self.conclude()
            self.lead = next(iter(take(self.store, 1, engine=self.name)), None)
            return
        attempt_id = f"{self.name}-{self.count}"
        if self.store.apply([placed(lead, attempt_id)]):
            self.had["taken back"] += 1
            self.store.release_leases(self.name)
        else:
            self.calls.append((lead, attempt_id))
            self.had["call"] += 1
            self.note(did="dial", attempt=attempt_id, debtor=lead.debtor_id)

    def conclude(self) -> None:
        if self.calls:
            lead, attempt_id = self.calls.pop(self.chance.randrange(len(self.calls)))
            done = concluded(lead, attempt_id, step(NextKind.RETRY, AT))
            self.store.apply([closed(attempt_id), done])

    def desk(self) -> None:
        if self.mine and (len(self.mine) == IN_HAND_AT_MOST or self.chance.random() < 0.5):
            with self.store.writing() as connection:
                desks.leave(connection, DebtorId(self.mine.pop()), by=self.name, at=AT, source="race")
            return
        account_id = int(self.lead.account_id) if self.lead and self.chance.random() < 0.2 else self.any_account()
        with self.store.writing() as connection:
            debtor_id = promised.debtor_of(connection, account_id)
            taken = desks.take(
                connection,
                DebtorId(debtor_id),
                AccountId(account_id),
                holder=self.name,
                at=AT,
                source="race",
                recall=self.chance.random() < 0.5,
            )
        if not isinstance(taken, desks.Desk):
            self.had["no desk"] += 1
        elif debtor_id not in self.mine:
            self.mine.add(debtor_id)
            self.had["desk"] += 1
            self.note(did="desk", debtor=debtor_id)

    def any_account(self) -> int:
        return self.chance.randrange(1, ACCOUNTS + 1)

    def tell(self) -> None:
        key = f"k{self.chance.randrange(KEYS)}"
        number = int(key[1:])
        account = f"a{number % ACCOUNTS}"
        kind = (PostKind.PAYMENT, PostKind.NOTE, PostKind.RISK, PostKind.PROMISE)[number % 4]
        told = Posting(
            kind=kind,
            account=account,
            key=key,
            amount=Decimal("1.00") if kind in (PostKind.PAYMENT, PostKind.PROMISE) else None,
            txn_id=key if kind is PostKind.PAYMENT else "",
            due_on=(AT + timedelta(days=5)).date() if kind is PostKind.PROMISE else None,
            sign="utilisation" if kind is PostKind.RISK else "",
            note="race" if kind is PostKind.NOTE else "",
        )
        try:
            with self.store.writing() as connection:
                posted = post(connection, told, Poster(source="race", by=self.name, at=AT, rules=HOUSE))
        except DialerError as error:
            self.note(did="refused", key=key, why=str(error))
            return
        self.note(did="tell", key=key, duplicate=posted.duplicate, events=[list(one) for one in posted.events])


def main(path: str, name: str, seed: str, operations: str, log: str) -> None:
    with Path(log).open("w", encoding="utf-8", buffering=1) as file, ThreadPoolExecutor(THREADS) as threads:
        workers = [Worker(path, f"{name}{thread}", int(seed) * 10 + thread, file) for thread in range(THREADS)]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        for done in [threads.submit(one.work, int(operations)) for one in workers]:
            done.result()


if __name__ == "__main__":
    main(*sys.argv[1:])
