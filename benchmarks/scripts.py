"""What does it cost to choose, render and gate a script, and what of it does the event loop bear?

    python -m benchmarks.scripts [--calls 400] [--quick] [--json]

Debtors with amounts of their own are met in a store, as a call to each would be prepared: facts read, script chosen,
rendered, and every text asked about in the lexicon. Then the same without the lexicon (`gate_ratio`), and what
`Briefings.note` takes of the event loop for all the effects of a call (`loop_us`). The bar: the loop bears less than a
twentieth of what the thread does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from dialer.accounts.imported import ImportedAccount
from dialer.briefings import Briefings
from dialer.config.playbook import load_playbook
from dialer.effects import Bridge, CloseAttempt, Effect, SaveAgentState, SaveAttempt, SaveCallEvent
from dialer.leads import Lead
from dialer.scripting import Asked, Prepared, prepare
from dialer.scripts.lexicon import Lexicon, scan
from dialer.scripts.playbook import Playbook
from dialer.store.sqlite import SqliteStore
from dialer.types import (
    AccountId,
    AgentId,
    AgentState,
    AttemptId,
    CampaignName,
    DebtorId,
    Number,
    Outcome,
    PhoneId,
    ServerName,
    TrunkName,
)

AT = datetime(2026, 3, 2, 2, tzinfo=UTC)
SHIPPED = Path(__file__).parents[1] / "config"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--quick", action="store_true", help="few calls, to see that it runs")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    told = measure(40 if chosen.quick else chosen.calls)
    print(json.dumps(told) if chosen.json else "\n".join(f"{name:>14} {value:.3f}" for name, value in told.items()))
    return 0 if told["loop_share"] < 0.05 else 1


def measure(calls: int) -> dict[str, float]:
    """Milliseconds and microseconds of processor time for one call, and ratios."""
    began_s = time.process_time()
    playbook = load_playbook(Path("/nowhere"), SHIPPED, {})
    load_s = time.process_time() - began_s
    gated_s = prepared_s(playbook, calls)
    scan.cache_clear()
    silent = replace(playbook, lexicon=Lexicon(categories=playbook.lexicon.categories, entries=()))
    plain_s = prepared_s(silent, calls)
    loop_s = noted_s(calls)
    return {
        "calls": calls,
        "load_ms": load_s * 1e3,
        "prepare_ms": gated_s * 1e3,
        "gate_ratio": gated_s / plain_s,
        "loop_us": loop_s * 1e6,
        "loop_share": loop_s / gated_s,
    }


def prepared_s(playbook: Playbook, calls: int) -> float:
    """For one call, in the thread that prepares."""
    with tempfile.TemporaryDirectory() as folder, closing(SqliteStore.create(Path(folder) / "s.db")) as store:
        accounts = [
            ImportedAccount(
                account_no=f"LN-{n:05d}",
                debtor_name="王测试",
                debtor_key=str(n),
                phones=(Number(f"+8613900{n:06d}"),),
                zones=("Asia/Shanghai",),
                amount_due=Decimal(100_000 + 13 * n).scaleb(-2),
                days_past_due=n % 90,
            )
            for n in range(calls)
        ]
        store.import_accounts("bench", "bench", accounts, AT)
        with store.reading() as database:
            one = Asked(account_id=AccountId(1), at=AT, today=AT.date())
            prepare(database.conn, playbook, one)
            began_s = time.process_time()
            for n in range(calls):
                prepare(database.conn, playbook, replace(one, account_id=AccountId(n + 1)))
            return (time.process_time() - began_s) / calls


class _Nothing:
    """Prepares nothing."""

    def begin(self) -> None:
        """See `Briefer.begin`."""

    def prepare(self, attempt: SaveAttempt) -> Prepared | None:
        """See `Briefer.prepare`."""
        return None

    def shown(self, prepared: Prepared, *, agent: AgentId, attempt: AttemptId) -> None:
        """See `Briefer.shown`."""

    def close(self) -> None:
        """See `Briefer.close`."""


def noted_s(calls: int) -> float:
    """For all effects of one call, in the event loop."""

    async def run() -> float:
        briefings = Briefings(_Nothing(), lambda _: None, after_s=0.0)
        effects = [one for n in range(calls) for one in _effects(AttemptId(f"att-{n}"))]
        began_s = time.thread_time()
        for effect in effects:
            briefings.note(effect)
        spent_s = time.thread_time() - began_s
        await asyncio.to_thread(briefings.close)
        return spent_s / calls

    return asyncio.run(run())


def _effects(attempt_id: AttemptId) -> list[Effect]:
    lead = Lead(
        account_id=AccountId(1),
        account_no="LN",
        debtor_id=DebtorId(1),
        debtor_name="",
        phone_id=PhoneId(1),
        number=Number("+8613900000001"),
        zone="Asia/Shanghai",
    )
    server = ServerName("a")
    return [
        SaveAttempt(
            attempt_id=attempt_id,
            campaign=CampaignName("bench"),
            lead=lead,
            server=server,
            trunk=TrunkName("t"),
            caller_id="",
            permit_rules=(),
            at=AT,
        ),
        Bridge(server=server, attempt_id=attempt_id, customer_channel="c", agent_channel="a"),
        SaveCallEvent(attempt_id=attempt_id, at=AT, event="call.bridged"),
        SaveAgentState(agent_id=AgentId("a"), state=AgentState.TALKING, at=AT, attempt_id=attempt_id),
        CloseAttempt(attempt_id=attempt_id, at=AT, outcome=Outcome.BRIDGED),
    ]


if __name__ == "__main__":
    sys.exit(main())
