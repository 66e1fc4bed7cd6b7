"""What the log of decisions takes in a file, and how long it takes to check it and to count a large list.

    python -m benchmarks.audit_log [--accounts 100000] [--dials 33000]

A list is imported and dialled through lease, gate and store as an engine does, under the rules of
`config/campaigns/example-predictive.yaml`; of those who were dialled every second one is due again when all is counted.
Seconds are processor time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from benchmarks.floor_cost import example_settings
from dialer.accounts.imported import ImportedAccount
from dialer.compliance import gate
from dialer.effects import CloseAttempt, Permit, SaveAttempt, SaveDisposition, Write
from dialer.leads import Lead, NextStep
from dialer.settings import CampaignSettings
from dialer.store import audit_check
from dialer.store.sqlite import SqliteStore
from dialer.store.waterfall import waterfall
from dialer.types import AttemptId, NextKind, Number, Outcome, ServerName, TrunkName

BEGIN = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)  # nine in the morning in Shanghai, a Tuesday
COUNTED_AT = BEGIN + timedelta(hours=6)
T = TypeVar("T")
BATCH = 400
"""Dials in one transaction."""


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--dials", type=int, default=33_000)
    options = parser.parse_args()
    _, campaign = example_settings(10, ratio=1.0)
    with tempfile.TemporaryDirectory() as folder, closing(SqliteStore.create(Path(folder) / "store.db")) as store:
        store.import_accounts(campaign.list_name, "list.csv", list(map(account, range(options.accounts))), BEGIN)
        before = audit_bytes(store)
        for first in range(0, options.dials, BATCH):
            dial(store, campaign, BEGIN + timedelta(milliseconds=first), first, min(BATCH, options.dials - first))
        print(f"bytes of log for each dial   {(audit_bytes(store) - before) / options.dials:,.0f}")
        with store.reading() as database:
            seconds, told = timed(lambda: audit_check.verify(database.conn))
            assert told.finding is None
            print(f"verify {told.entries:,} entries      {seconds:.2f} s")
            seconds, counted = timed(lambda: waterfall(database.conn, campaign, COUNTED_AT))
            print(f"count {counted.total:,} accounts      {seconds:.2f} s: {counted.dialable:,} dialable, "
                  + ", ".join(f"{step.count:,} {step.key}" for step in counted.steps))  # fmt: skip


def account(index: int) -> ImportedAccount:
    """A made-up account."""
    return ImportedAccount(
        account_no=f"B{index:07d}",
        debtor_name="王小明",
        debtor_key=f"B{index:07d}",
        phones=(Number(f"+86139{index:08d}"),),
        zones=("Asia/Shanghai",),
        amount_due=Decimal(1000),
        days_past_due=5,
    )


def dial(store: SqliteStore, campaign: CampaignSettings, at: datetime, first: int, count: int) -> None:
    """One batch: leased, permitted, placed, closed, concluded."""
    leads = store.lease(campaign, limit=count, at=at, lease_s=60.0, engine="bench").leads
    placed = [_placed(campaign, lead, AttemptId(f"bench-{first + spot}"), at) for spot, lead in enumerate(leads)]
    assert store.apply(placed) == ()
    ends: list[Write] = []
    for spot, one in enumerate(placed):
        ended_at, attempt = at + timedelta(seconds=20), one.attempt_id
        step = NextStep(
            kind=NextKind.RETRY,
            at=at + timedelta(hours=3 if spot % 2 else 24),
            rule="retry.no_answer",
            reason="无人接听，2h 后第 1/3 次重拨 · no answer: retry 1 of 3 after 2h",
        )
        closing_fact = CloseAttempt(
            attempt_id=attempt, at=ended_at, outcome=Outcome.NO_ANSWER, cause=19, ringing_s=1.25, ended_s=20.5
        )
        concluded = SaveDisposition(
            attempt_id=attempt,
            campaign=campaign.name,
            lead=one.lead,
            at=ended_at,
            agent_id=None,
            code=None,
            outcome=Outcome.NO_ANSWER,
            by="rule",
            next_step=step,
        )
        ends += [closing_fact, concluded]
    store.apply(ends)
    store.release_leases("bench")


def _placed(campaign: CampaignSettings, lead: Lead, attempt: AttemptId, at: datetime) -> SaveAttempt:
    permit = gate.check(lead, campaign.rules, campaign.name, at)
    assert isinstance(permit, Permit), permit
    return SaveAttempt(
        attempt_id=attempt,
        campaign=campaign.name,
        lead=lead,
        server=ServerName("local"),
        trunk=TrunkName("carrier"),
        caller_id="+862100000101",
        permit_rules=permit.rules,
        at=at,
    )


def audit_bytes(store: SqliteStore) -> int:
    """Pages of the log and its index."""
    with store.reading() as database:
        statement = "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN ('audit', 'audit_subject')"
        (size,) = database.conn.execute(statement).fetchone()
    return int(size)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Processor time in seconds, and the answer."""
    began_s = time.process_time()
    answer = work()
    return time.process_time() - began_s, answer


if __name__ == "__main__":
    main()
