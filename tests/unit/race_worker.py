"""One of several processes that work on the same debtors at once: an engine, people at desks, and other systems.

Run by `test_race.py`: `python race_worker.py STORE NAME SEED OPERATIONS LOG`. Two threads, each on a connection of its
own, write what they were told into the log, a JSON line for each operation that succeeded.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from dialer.errors import DialerError
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


class Worker:
    def __init__(self, path: str, name: str, seed: int, log: TextIO) -> None:
        self.store = SqliteStore.open(Path(path))
        # What is tested is who may do what, not that it survives the plug being pulled: that costs a disk's time.
        self.store._database.conn.execute("PRAGMA synchronous = OFF")
        self.name = name
        self.chance = random.Random(seed)
        self.log = log
        self.calls: list[tuple[object, str]] = []
        self.mine: set[int] = set()
        self.count = 0

    def note(self, **said: object) -> None:
        self.log.write(json.dumps({"by": self.name, **said}) + "\n")

    def work(self, operations: int) -> None:
        with closing(self.store):
            for _ in range(operations):
                doing = self.chance.choices([self.dial, self.conclude, self.desk, self.tell], [3, 3, 3, 4])[0]
                doing()
            while self.calls:
                self.conclude()

    def dial(self) -> None:
        self.count += 1
        for lead in take(self.store, 1, engine=self.name):
            attempt_id = f"{self.name}-{self.count}"
            if self.store.apply([placed(lead, attempt_id)]):
                self.store.release_leases(self.name)
            else:
                self.calls.append((lead, attempt_id))
                self.note(did="dial", attempt=attempt_id, debtor=lead.debtor_id)

    def conclude(self) -> None:
        if self.calls:
            lead, attempt_id = self.calls.pop(self.chance.randrange(len(self.calls)))
            done = concluded(lead, attempt_id, step(NextKind.RETRY, AT))  # type: ignore[arg-type]
            self.store.apply([closed(attempt_id), done])

    def desk(self) -> None:
        if self.mine and self.chance.random() < 0.5:
            with self.store.writing() as connection:
                desks.leave(connection, DebtorId(self.mine.pop()), by=self.name, at=AT, source="race")
            return
        account_id = self.chance.randrange(1, ACCOUNTS + 1)
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
        if isinstance(taken, desks.Desk):
            self.mine.add(debtor_id)
            self.note(did="desk", debtor=debtor_id)

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
    with Path(log).open("w", encoding="utf-8", buffering=1) as file:
        workers = [Worker(path, f"{name}{thread}", int(seed) * 10 + thread, file) for thread in range(2)]
        threads = [threading.Thread(target=one.work, args=[int(operations) // 2]) for one in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
