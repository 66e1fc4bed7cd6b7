"""What do the books of loans cost, and is the search for plans worth it?

    python -m benchmarks.loan_books [--accounts 20000] [--debts 60] [--quick] [--json]

Books: accounts with twelve instalments each, some of them late, penalty interest running. Rolling them on to the next
business date is compared with the bare statements that write the same columns, in one run (`ratio`); then payments are
booked and taken back one by one, each in a durable transaction.
Plans: debts drawn with a seed. Our search is compared with a grid over the same months and rates and five waivers of
each role's most: who finds more expected recovery (`better`, `equal`, `worse`: of debts), how much more, and at what
time. The bar: never worse.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

from dialer.access import Role
from dialer.config.plans import PlanSettings, load_plans
from dialer.loans.buckets import bucket_of
from dialer.loans.rules import Accrue, LoanRules
from dialer.loans.schedules import schedule
from dialer.loans.terms import LoanTerms, Method, Parts
from dialer.plans.legality import violations
from dialer.plans.offers import Plan, PlanKind, Scope, Situation
from dialer.plans.payments import dated, payment_cents, shape_of
from dialer.plans.recovery import recovery
from dialer.plans.rules import RANKS, PlanRules
from dialer.plans.search import Wish, best, capacity
from dialer.plans.waivers import fullest, split
from dialer.store import paying
from dialer.store.ageing import roll
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId

TODAY = date(2026, 11, 28)
AT = datetime(2026, 11, 28, 4, tzinfo=UTC)
SHARES = tuple(Decimal(share) / 4 for share in range(5))


def books(accounts: int, folder: Path, rules: LoanRules) -> dict[str, float]:
    """Roll, pay and take back."""
    store = SqliteStore.create(folder / "books.sqlite")
    with closing(store):
        with store.writing() as connection:
            fill(connection, accounts)
        roll(store, at=AT, rules=rules)
        begun_s = time.process_time()
        rolled = roll(store, at=AT + timedelta(days=1), rules=rules).accounts
        roll_s = time.process_time() - begun_s
        begun_s = time.process_time()
        with store.writing() as connection:
            bare(connection)
        bare_s = time.process_time() - begun_s
        some, later = min(accounts, 500), AT + timedelta(days=1)
        begun_s = time.perf_counter()
        for account_id in range(1, some + 1):
            with store.writing() as connection:
                paying.receive(
                    connection,
                    account_id=AccountId(account_id),
                    txn_id="T",
                    amount=Decimal("250.00"),
                    paid_at=AT,
                    at=later,
                    rules=rules,
                )
        pay_s = time.perf_counter() - begun_s
        begun_s = time.perf_counter()
        for account_id in range(1, some + 1):
            with store.writing() as connection:
                paying.reverse(connection, account_id=AccountId(account_id), txn_id="T", at=later, rules=rules)
        reverse_s = time.perf_counter() - begun_s
    return {
        "accounts": rolled,
        "roll_us": roll_s / rolled * 1e6,
        "bare_us": bare_s / rolled * 1e6,
        "ratio": roll_s / bare_s,
        "payments_per_s": some / pay_s,
        "reversals_per_s": some / reverse_s,
    }


def fill(connection: sqlite3.Connection, accounts: int) -> None:
    """Loans of twelve months, from one to ten of them due, most of these paid."""
    chance = random.Random(1)
    for number in range(1, accounts + 1):
        first = TODAY - timedelta(days=chance.randint(20, 300))
        terms = LoanTerms(
            principal=Decimal(chance.randint(2_000, 80_000)),
            annual_rate=Decimal("0.18"),
            periods=12,
            method=Method.EQUAL_INSTALMENT,
            disbursed_on=first,
            first_due_on=first,
        )
        paid = chance.randint(0, 8)
        connection.execute(
            "INSERT INTO debtors (debtor_id, identity, name) VALUES (?, ?, ?)", (number, f"key:{number}", f"王{number}")
        )
        connection.execute(
            "INSERT INTO accounts (account_id, account_no, client, list_name, debtor_id, amount_due_cents, state)"
            " VALUES (?, ?, 'bank', 'list', ?, 0, 'closed')",
            (number, f"LN-{number}", number),
        )
        connection.execute(
            "INSERT INTO loans (account_id, principal_cents, annual_rate, penalty_rate, periods, method, disbursed_on,"
            " first_due_on) VALUES (?, ?, '0.18', '0.234', 12, 'equal_instalment', ?, ?)",
            (number, int(terms.principal * 100), first.isoformat(), first.isoformat()),
        )
        connection.executemany(
            "INSERT INTO instalments (account_id, no, due_on, principal_cents, interest_cents, paid_principal_cents,"
            " paid_interest_cents) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(number, one.no, one.due_on.isoformat(), principal := int(one.principal * 100)),
                    *(interest := int(one.interest * 100), principal * (one.no <= paid), interest * (one.no <= paid)),
                )
                for one in schedule(terms)
            ],
        )


def bare(connection: sqlite3.Connection) -> None:
    """The least that rolling on has to write, row by row and without any thought."""
    rows = connection.execute("SELECT account_id, no FROM instalments WHERE penalty_cents > 0").fetchall()
    connection.executemany("UPDATE instalments SET penalty_cents = penalty_cents WHERE account_id = ? AND no = ?", rows)
    accounts = connection.execute("SELECT account_id FROM accounts").fetchall()
    connection.executemany(
        "UPDATE accounts SET days_past_due = days_past_due + 1, amount_due_cents = amount_due_cents"
        " WHERE account_id = ?",
        accounts,
    )


def plans(debts: int, rules: PlanRules) -> dict[str, float]:
    """Search against grid."""
    chance = random.Random(2)
    better = equal = worse = 0
    more, ours_s, grid_s = [], 0.0, 0.0
    for _ in range(debts):
        situation, role = draw(chance), chance.choice(RANKS)
        wish = Wish(kind=PlanKind.INSTALMENTS, months=range(2, rules.most_months + 1), role=role)
        begun_s = time.process_time()
        found = best(situation, wish, rules)
        ours_s += time.process_time() - begun_s
        begun_s = time.process_time()
        of_grid = grid(situation, role, rules)
        grid_s += time.process_time() - begun_s
        ours = found.recovery.expected if found is not None else 0.0
        gain = ours - of_grid
        better, equal, worse = better + (gain > 0.5), equal + (abs(gain) <= 0.5), worse + (gain < -0.5)
        if of_grid:
            more.append(gain / of_grid)
    return {
        "debts": debts,
        "better": better,
        "equal": equal,
        "worse": worse,
        "more_mean": sum(more) / max(1, len(more)),
        "more_max": max(more, default=0.0),
        "ours_ms": ours_s / debts * 1e3,
        "grid_ms": grid_s / debts * 1e3,
    }


def draw(chance: random.Random) -> Situation:
    """A debt and a debtor, made up."""
    days = chance.randint(5, 300)
    principal = chance.randint(2_000, 60_000)

    def part(share: float) -> Decimal:
        return Decimal(round(principal * 100 * chance.random() * share)).scaleb(-2)

    claim = Parts(penalty=part(0.1), fee=part(0.02), interest=part(0.2), principal=Decimal(principal))
    return Situation(
        today=TODAY,
        claim=claim,
        scope=Scope.WHOLE,
        days_past_due=days,
        bucket=bucket_of(days),
        affordable=Decimal(chance.randint(principal // 100, principal // 4)),
        broken_promises=chance.randint(0, 3),
    )


def grid(situation: Situation, role: Role, rules: PlanRules) -> float:
    """The best of a grid, by the same rules and the same value."""
    most, found = fullest(situation.claim, role, rules), 0.0
    for months, rate, share in product(range(2, rules.most_months + 1), rules.rates, SHARES):
        amount = most.total if share == 1 else most.total * share // rules.waiver_step * rules.waiver_step
        waived, shape = split(amount, most), shape_of(PlanKind.INSTALMENTS, months, rate, TODAY, rules)
        cents = payment_cents(int((situation.claim.total - waived.total) * 100), shape)
        plan = Plan(
            kind=PlanKind.INSTALMENTS,
            scope=situation.scope,
            begins_on=TODAY,
            annual_rate=rate,
            claim=situation.claim,
            payments=dated(cents, shape, TODAY, rules),
            waived=waived,
        )
        if violations(plan, situation, role, rules):
            continue
        value = recovery(
            *(rules.keeping, situation, cents, shape.times),
            burden=max(cents) / float(capacity(situation, shape) * 100),
            waived_share=float(waived.total / situation.claim.total),
        )
        found = max(found, value.expected)
    return found


def settings() -> PlanSettings:
    """The shipped rules, with penalty interest for every loan."""
    found = load_plans(Path("none"), Path(__file__).parents[1] / "config", UTC)
    return replace(found, loans=replace(found.loans, penalty=replace(found.loans.penalty, accrue=Accrue.ALWAYS)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1: a grid found a better plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--debts", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="2,000 accounts and 6 debts")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(arguments)
    accounts, debts = (2_000, 6) if wanted.quick else (wanted.accounts, wanted.debts)
    rules = settings()
    with tempfile.TemporaryDirectory() as folder:
        found = {"books": books(accounts, Path(folder), rules.loans), "plans": plans(debts, rules.plans)}
    if wanted.json:
        print(json.dumps(found))
    else:
        for name, figures in found.items():
            print(name, "  ".join(f"{key} {value:,.4g}" for key, value in figures.items()))
    return 1 if found["plans"]["worse"] else 0


if __name__ == "__main__":
    sys.exit(main())
