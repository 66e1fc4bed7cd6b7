"""What do assignment and the order of dialling cost, and is what they share out even?

    python -m benchmarks.caseload [--debtors 100000] [--agents 60] [--accounts 200000] [--quick] [--json]

Assignment: debtors drawn with a seed (amounts log-normal, four in ten with an owner) are assigned by four rules;
compared with giving them out in turn, by time (`ratio`) and by the largest spread within agents who may do the same
work. The bar: at most 10 %, and no skill floor or capacity broken.
Order: what a dial to every account of a list is worth, by a model that was taught some calls, and leases of ten leads
from its head, in a list ten times as long as another (`lease_ratio`). The bar: at most twice.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from dialer.calling_rules import CallingRules
from dialer.caseload.assigning import Assignment, Decision, Ground, assign
from dialer.caseload.case import Case
from dialer.caseload.eligible import meets
from dialer.caseload.fairness import fairness
from dialer.caseload.rules import AssignmentRule, AssignmentSettings, CapacitySettings
from dialer.loans.buckets import bucket_of
from dialer.ordering.beliefs import OrderingSettings
from dialer.ordering.cells import cell_at
from dialer.ordering.contact import NumberTraits
from dialer.settings import AgentSettings, CampaignSettings, MessageSettings
from dialer.store import order
from dialer.store.sqlite import SqliteStore
from dialer.types import AgentId, CampaignName, DebtorId, DispositionCode, ServerName, TrunkName

AT = datetime(2026, 11, 27, 2, tzinfo=UTC)
RULES = (
    AssignmentRule(name="late", when="days_past_due > 60 or risk in ['D', 'E']", skill="late", level=3),
    AssignmentRule(name="large", when="amount_due >= 100000", skill="late", level=3),
    AssignmentRule(name="broken", when="promises_broken >= 2", skill="late", level=3),
    AssignmentRule(name="early", skill="early", level=1, prefer="early"),
)


def staff(count: int) -> tuple[AgentSettings, ...]:
    """Half of them juniors."""
    return tuple(
        AgentSettings(
            id=AgentId(f"agent{at:03}"),
            name="",
            server=ServerName("a"),
            extension="1",
            secret="",
            skills={"early": 2} if at % 2 else {"early": 4, "late": 3 + at % 3},
            team="early" if at % 2 else "late",
        )
        for at in range(count)
    )


def drawn(count: int, agents: Sequence[AgentSettings], seed: int = 1) -> list[Case]:
    """Made-up debtors."""
    draw = random.Random(seed)
    found = []
    for debtor in range(count):
        days = int(draw.expovariate(1 / 35))
        due = Decimal(round(draw.lognormvariate(8.3, 1.1) * 100)) / 100
        found.append(
            Case(
                debtor_id=DebtorId(debtor),
                amount_due=due,
                expected=(due * draw.randrange(30) / 100).quantize(Decimal("0.01")),
                days_past_due=days,
                bucket=bucket_of(days).value,
                risk=draw.choice("ABCDE"),
                owner=draw.choice(agents).id if draw.random() < 0.4 else None,
                promised_to=draw.choice(agents).id if draw.random() < 0.03 else None,
                promises_broken=draw.choice((0, 0, 0, 1, 2)),
                days_without_contact=draw.randrange(30),
            )
        )
    return found


def in_turn(cases: Sequence[Case], agents: Sequence[AgentSettings]) -> Assignment:
    """The first rule whose agents there are, one after the other: what a spreadsheet does."""
    pools = [[agent for agent in agents if meets(agent, rule)] for rule in RULES]
    turns = [0] * len(RULES)
    decisions = []
    for case in cases:
        hard = case.days_past_due > 60 or case.risk in "DE" or case.amount_due >= 100_000 or case.promises_broken >= 2
        rule = 0 if hard else 3
        agent = pools[rule][turns[rule] % len(pools[rule])]
        turns[rule] += 1
        decisions.append(
            Decision(case=case, agent=agent.id, team=agent.team, rule=RULES[rule].name, ground=Ground.SHARED)
        )
    signatures = {agent.id: frozenset({agent.team}) for agent in agents}
    return Assignment(decisions=tuple(decisions), pools=signatures)


def assignment(debtors: int, agents: int) -> dict[str, float]:
    """Assign, and in turn."""
    people = staff(agents)
    cases = drawn(debtors, people)
    settings = AssignmentSettings(rules=RULES, capacity=CapacitySettings(debtors=4 * debtors // agents))
    begun_s = time.process_time()
    found = assign(cases, people, settings)
    ours_s = time.process_time() - begun_s
    begun_s = time.process_time()
    plain = in_turn(cases, people)
    plain_s = time.process_time() - begun_s
    by_name, known = {rule.name: rule for rule in RULES}, {agent.id: agent for agent in people}
    broken = sum(one.agent is not None and not meets(known[one.agent], by_name[one.rule]) for one in found.decisions)
    return {
        "debtors": debtors,
        "agents": agents,
        "assign_s": round(ours_s, 2),
        "ratio": round(ours_s / plain_s, 1),
        "spread": round(worst(found, people), 4),
        "spread_in_turn": round(worst(plain, people), 4),
        "floors_broken": broken,
    }


def worst(found: Assignment, people: Sequence[AgentSettings]) -> float:
    """The largest spread of any measure within agents who may do the same work."""
    report = fairness(found, {agent.id: agent.team for agent in people})
    return max(one.spread for group in report.groups for one in group.after.values())


def listed(accounts: int, folder: Path) -> SqliteStore:
    """A store with a list of made-up accounts, one number each."""
    store, draw = SqliteStore.create(folder / f"{accounts}.sqlite"), random.Random(2)
    with store.writing() as connection:
        connection.executemany(
            "INSERT INTO debtors (debtor_id, identity, name) VALUES (?, ?, '')",
            [(at, f"key:{at}") for at in range(1, accounts + 1)],
        )
        connection.executemany(
            "INSERT INTO phones (phone_id, debtor_id, number, rank, zone) VALUES (?, ?, ?, 0, 'Asia/Shanghai')",
            [(at, at, f"+86139{at:08d}") for at in range(1, accounts + 1)],
        )
        connection.executemany(
            "INSERT INTO accounts (account_id, account_no, list_name, debtor_id, amount_due_cents, days_past_due, "
            "risk, region, state, next_phone_id) VALUES (?, ?, 'june', ?, ?, ?, ?, ?, 'open', ?)",
            [
                (
                    *(at, f"LN{at}", at, draw.randrange(10_000, 9_000_000), int(draw.expovariate(1 / 35))),
                    *(draw.choice("ABCDE"), f"region{at % 30}", at),
                )
                for at in range(1, accounts + 1)
            ],
        )
    return store


def ordering(accounts: int, folder: Path, calls: int) -> dict[str, float]:
    """Work the order out, and lease."""
    draw, zone = random.Random(3), ZoneInfo("Asia/Shanghai")
    leases = {}
    for size in (accounts // 10, accounts):
        with closing(listed(size, folder)) as store:
            learned = order.Learned.fresh(OrderingSettings(), zone)
            for call in range(calls):
                at = AT - timedelta(hours=draw.randrange(1, 900))
                number = NumberTraits(key=1 + call % size, region=f"region{call % 30}", segment="M1")
                cell = cell_at(at.astimezone(zone))
                learned.contact.observe(number, cell, at, answered=draw.random() < 0.3, right_party=True)
            begun_s = time.process_time()
            order.refresh(store, learned, AT)
            refresh_s = time.process_time() - begun_s
            leases[size] = lease_ms(store)
    return {
        "accounts": accounts,
        "refresh_s": round(refresh_s, 2),
        "refresh_us_each": round(refresh_s / accounts * 1e6, 1),
        "lease_ms": round(leases[accounts], 2),
        "lease_ratio": round(leases[accounts] / leases[accounts // 10], 2),
    }


def lease_ms(store: SqliteStore) -> float:
    """The median of fifty leases of ten leads, in CPU time."""
    campaign = CampaignSettings(
        name=CampaignName("june"),
        source=Path("june.yaml"),
        list_name="june",
        trunks=(TrunkName("carrier"),),
        rules=CallingRules(windows={}),
        default_disposition=DispositionCode("none"),
        dispositions=(),
        next_steps=(),
        messages=MessageSettings(abandoned="sorry"),
    )
    taken = []
    for _ in range(50):
        begun_s = time.process_time()
        assert len(store.lease(campaign, limit=10, at=AT, lease_s=600, engine="e").leads) == 10
        taken.append(time.process_time() - begun_s)
    return sorted(taken)[25] * 1000


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debtors", type=int, default=100_000)
    parser.add_argument("--agents", type=int, default=60)
    parser.add_argument("--accounts", type=int, default=200_000)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    part = 10 if asked.quick else 1
    with tempfile.TemporaryDirectory() as folder:
        found = {
            "assignment": assignment(asked.debtors // part, asked.agents),
            "order": ordering(asked.accounts // part, Path(folder), asked.calls // part),
        }
    if asked.json:
        print(json.dumps(found, indent=2))
    else:
        for name, figures in found.items():
            print(name, ", ".join(f"{key} {value}" for key, value in figures.items()))
    shares, queue = found["assignment"], found["order"]
    return int(shares["spread"] > 0.10 or shares["floors_broken"] > 0 or queue["lease_ratio"] > 2.0)


if __name__ == "__main__":
    sys.exit(main())
