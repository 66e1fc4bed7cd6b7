"""However a list stands: the waterfall adds up, and what is dialable is what a lease and the gate would give."""

from __future__ import annotations

import dataclasses
import tempfile
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialer.accounts.imported import ImportedAccount
from dialer.calling_rules import CallingRules, Limit, LocalDays, Origin, PrefixRule, Rolling, Window
from dialer.campaigns import assignment
from dialer.compliance import gate
from dialer.effects import CloseAttempt, Permit, SaveAttempt, SaveDisposition
from dialer.leads import NextStep
from dialer.settings import AgentSettings, CampaignSettings, MessageSettings, RouteRule
from dialer.store.sqlite import SqliteStore
from dialer.store.waterfall import waterfall
from dialer.types import (
    AgentId,
    AttemptId,
    CampaignName,
    Counted,
    DispositionCode,
    LimitKey,
    NextKind,
    Number,
    Outcome,
    ServerName,
    StopFlag,
    TrunkName,
)

BEGIN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
HOURS = {day: (Window(opens=time(8), closes=time(20)),) for day in range(7)}
LIMITS = (
    Limit(origin=Origin(profile="P", id="p1"), key=LimitKey.NUMBER, window=LocalDays(days=1), max=1),
    Limit(origin=Origin(profile="P", id="p7"), key=LimitKey.DEBTOR, window=LocalDays(days=7), max=3),
    Limit(origin=Origin(profile="P", id="pr"), key=LimitKey.DEBT, window=Rolling(seconds=90_000.0), max=2),
    Limit(
        origin=Origin(profile="P", id="pe"), key=LimitKey.DEBTOR, counts=Counted.TALK, window=LocalDays(days=2), max=1
    ),
    Limit(
        origin=Origin(profile="P", id="pt"),
        key=LimitKey.DEBTOR,
        window=LocalDays(days=3),
        after=Counted.CONVERSATION,
    ),
)
RULES = (
    *(limit.origin.id for limit in LIMITS),
    *("attempts_per_number_per_day", "attempts_per_debtor_per_day", "conversations_per_debtor_per_day", "min_gap"),
)
ZONES = ("Asia/Shanghai", "Asia/Shanghai", "America/New_York", "", "America/New_York,America/Los_Angeles")
ROUTES = (RouteRule(name="hard", when="days_past_due > 1", skill="court"),)
AGENTS = (
    AgentSettings(
        id=AgentId("a"), name="a", server=ServerName("s"), extension="1", secret="", skills={"court": 3}, team="t1"
    ),
    AgentSettings(id=AgentId("b"), name="b", server=ServerName("s"), extension="2", secret="", team="t2"),
)


def campaign(*, limits: tuple[Limit, ...], teams: tuple[str, ...], routed: bool, prefixed: bool) -> CampaignSettings:
    prefixes = (PrefixRule(allow=("+86139000000",), deny=("+861390000005",), origin=Origin(id="prefix")),)
    return CampaignSettings(
        name=CampaignName("spring"),
        source=Path("spring.yaml"),
        list_name="spring",
        trunks=(TrunkName("carrier"),),
        teams=teams,
        rules=CallingRules(windows=HOURS, effective_talk_s=30.0, limits=limits, prefixes=prefixes if prefixed else ()),
        routes=ROUTES if routed else (),
        default_disposition=DispositionCode("none"),
        dispositions=(),
        next_steps=(),
        messages=MessageSettings(abandoned="sorry"),
    )


ACCOUNTS = st.lists(
    st.builds(
        lambda no, debtor, lines, zone, days: ImportedAccount(
            account_no=f"a{no}",
            debtor_name=f"d{debtor}",
            debtor_key=f"d{debtor}",
            phones=tuple(Number(f"+86139000000{line:02}") for line in lines),
            zones=(zone,) * len(lines),
            amount_due=Decimal(1),
            days_past_due=days,
        ),
        st.integers(0, 20),
        st.integers(0, 9),
        st.lists(st.integers(0, 15), min_size=1, max_size=2, unique=True),
        st.sampled_from(ZONES),
        st.integers(0, 3),
    ),
    min_size=6,
    max_size=14,
    unique_by=lambda account: account.account_no,
)
CALLS = st.lists(
    st.tuples(
        st.integers(0, 11),
        st.sampled_from((0, 60, 3_600, 9_000, 86_400, 5 * 86_400)),
        st.sampled_from(("open", "unclosed", *NextKind, *(4 * ["retry"]))),
        st.sampled_from((None, 0, 0, 3600, 10 * 86_400)),
        st.sampled_from((Outcome.BRIDGED, *(4 * [Outcome.NO_ANSWER]), Outcome.INVALID)),
        st.sampled_from((*(30 * [None]), *StopFlag)),
        st.sampled_from(("", "", "t1", "t9")),
    ),
    max_size=12,
)


def live(store: SqliteStore, one: CampaignSettings, calls: list[tuple], begin: datetime) -> None:  # type: ignore[type-arg]
    """Calls in the order of their moments, each of whatever a lease gives then."""
    for index, (pick, after_s, kind, wait_s, outcome, stop, team) in enumerate(sorted(calls, key=lambda call: call[1])):
        at = begin + timedelta(seconds=after_s)
        leads = store.lease(one, limit=12, at=at, lease_s=60.0, engine="me").leads
        if not leads:
            continue
        lead, attempt_id = leads[pick % len(leads)], AttemptId(f"att-{index}")
        store.apply([SaveAttempt(attempt_id=attempt_id, campaign=one.name, lead=lead, server=ServerName("s"),
                                 trunk=TrunkName("carrier"), caller_id="", permit_rules=(), at=at)])  # fmt: skip
        if kind == "open":
            continue
        store.apply([CloseAttempt(attempt_id=attempt_id, at=at, outcome=outcome, talk_s=20.0 + 20.0 * (index % 2))])
        if kind == "unclosed":
            continue
        next_at = None if wait_s is None else at + timedelta(seconds=wait_s)
        step = NextStep(kind=NextKind(kind), at=next_at, team=team, rule="rule", reason="reason")
        conversation = outcome is Outcome.BRIDGED
        store.apply([SaveDisposition(attempt_id=attempt_id, campaign=one.name, lead=lead, at=at, agent_id=None,
                                     code=None, outcome=outcome, by="rule", stop=stop, next_step=step,
                                     conversation=conversation)])  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    accounts=ACCOUNTS,
    calls=CALLS,
    later_s=st.sampled_from((0, 30, 4_000, 8_000, 40_000, 3 * 86_400)),
    limits=st.sets(st.sampled_from(range(len(LIMITS)))),
    teams=st.sampled_from(((), ("t1", "t2"))),
    held=st.integers(0, 3),
    roles=st.sampled_from(("debtor", "debtor", "contact")),
    consents=st.booleans(),
    flags=st.tuples(st.booleans(), st.booleans()),
    agents=st.sampled_from((None, AGENTS, AGENTS[:1], AGENTS[1:], ())),
)
def test_the_steps_add_up_and_dialable_is_what_a_lease_would_give(
    accounts: list[ImportedAccount],
    calls: list[tuple],  # type: ignore[type-arg]
    later_s: int,
    limits: set[int],
    teams: tuple[str, ...],
    held: int,
    roles: str,
    consents: bool,
    flags: tuple[bool, bool],
    agents: tuple[AgentSettings, ...] | None,
) -> None:
    routed, prefixed = flags
    chosen = tuple(LIMITS[index] for index in sorted(limits))
    one = campaign(limits=chosen, teams=teams, routed=routed, prefixed=prefixed)
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore.create(Path(folder) / "store.db")
        store.import_accounts("spring", "spring.csv", accounts, BEGIN - timedelta(days=1))
        store.import_accounts("autumn", "autumn.csv", [dataclasses.replace(accounts[0], account_no="x")], BEGIN)
        live(store, dataclasses.replace(one, teams=()), calls, BEGIN)
        at = BEGIN + timedelta(seconds=max([0, *(call[1] for call in calls)]) + later_s)
        with store._writing() as connection:
            connection.execute("UPDATE phones SET role = ? WHERE phone_id % 3 = 0", (roles,))
            if consents:
                connection.execute(
                    "INSERT INTO consents (debtor_id, at, until_at, added_by) "
                    "SELECT debtor_id, '2026-01-01', '2027-01-01', 'li' FROM debtors WHERE debtor_id % 2 = 0"
                )
        store.lease(one, limit=held, at=at, lease_s=60.0, engine="another")
        with store.reading() as database:
            told = waterfall(database.conn, one, at, agents=agents)
        leads = store.lease(one, limit=1000, at=at, lease_s=60.0, engine="me").leads
        store.close()
    assert told.total == len({account.account_no for account in accounts})
    assert sum(step.count for step in told.steps) + told.dialable == told.total
    assert all(step.count > 0 for step in told.steps)
    assert len({step.key for step in told.steps}) == len(told.steps)
    answers = [gate.check(lead, one.rules, one.name, at) for lead in leads]
    permitted = [lead for lead, found in zip(leads, answers, strict=True) if isinstance(found, Permit)]
    at_limits = Counter(found.rule for found in answers if isinstance(found, gate.Refusal) and found.rule in RULES)
    assert at_limits == {step.key.rpartition(":")[2]: step.count for step in told.steps if step.key.endswith(RULES)}
    served = [
        lead
        for lead in permitted
        if agents is None or any(assignment.qualified(agent, assignment.route(one, lead), lead) for agent in agents)
    ]
    assert told.dialable == len(served)
