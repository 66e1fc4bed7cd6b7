"""A small world for tests of the store: a campaign, accounts, and writes with everything filled in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from dialer.accounts.imported import ImportedAccount
from dialer.calling_rules import Origin, ThirdPartyRule
from dialer.effects import CloseAttempt, SaveAttempt, SaveDisposition
from dialer.leads import Lead, NextStep, Promise
from dialer.settings import CallingRules, CampaignSettings, MessageSettings
from dialer.store import connection, migrations
from dialer.store.sqlite import SqliteStore
from dialer.types import (
    AgentId,
    AttemptId,
    CampaignName,
    DispositionCode,
    NextKind,
    Number,
    Outcome,
    ServerName,
    StopFlag,
    TrunkName,
)

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai."""
LIST = "spring"
ENGINE = "engine-1"
CAMPAIGN = CampaignName("spring")

CONTACTS = ThirdPartyRule(own_number_invalid=True, after_unreached=1, origin=Origin(id="contacts"))
"""Contacts may be called as soon as the debtor was not reached."""


def campaign(*, list_name: str = LIST, teams: tuple[str, ...] = ()) -> CampaignSettings:
    return CampaignSettings(
        name=CAMPAIGN,
        source=Path("config/campaigns/spring.yaml"),
        list_name=list_name,
        trunks=(TrunkName("carrier"),),
        teams=teams,
        rules=CallingRules(windows={}, third_parties=(CONTACTS,)),
        default_disposition=DispositionCode("none"),
        dispositions=(),
        next_steps=(),
        messages=MessageSettings(abandoned="sorry"),
    )


def number(index: int) -> Number:
    return Number(f"+861390000{index:04d}")


def account(
    account_no: str,
    *numbers: int,
    debtor: str = "",
    zone: str = "Asia/Shanghai",
    due: str = "100.00",
    days: int = 10,
    priority: int = 0,
    client: str = "bank",
) -> ImportedAccount:
    phones = tuple(number(index) for index in numbers)
    return ImportedAccount(
        account_no=account_no,
        client=client,
        debtor_name=f"王{debtor or account_no}",
        debtor_key=debtor,
        phones=phones,
        zones=(zone,) * len(phones),
        amount_due=Decimal(due),
        days_past_due=days,
        priority=priority,
    )


def take(
    store: SqliteStore,
    limit: int = 100,
    *,
    at: datetime = AT,
    lease_s: float = 60.0,
    engine: str = ENGINE,
    settings: CampaignSettings | None = None,
) -> tuple[Lead, ...]:
    leased = store.lease(settings or campaign(), limit=limit, at=at, lease_s=lease_s, engine=engine)
    return leased.leads


def placed(lead: Lead, attempt_id: str, *, at: datetime = AT) -> SaveAttempt:
    return SaveAttempt(
        attempt_id=AttemptId(attempt_id),
        campaign=CAMPAIGN,
        lead=lead,
        server=ServerName("a"),
        trunk=TrunkName("carrier"),
        caller_id="+862100000000",
        permit_rules=("hours", "caps"),
        at=at,
    )


def closed(
    attempt_id: str,
    outcome: Outcome = Outcome.NO_ANSWER,
    *,
    at: datetime = AT,
    agent: str | None = None,
    wait_s: float | None = None,
    recording: str = "",
) -> CloseAttempt:
    bridged = outcome is Outcome.BRIDGED
    answered = bridged or outcome in (Outcome.ABANDONED, Outcome.EARLY_HANGUP)
    return CloseAttempt(
        attempt_id=AttemptId(attempt_id),
        at=at,
        outcome=outcome,
        cause=16 if answered else 19,
        agent_id=None if agent is None else AgentId(agent),
        ringing_s=2.0,
        answered_s=10.0 if answered else None,
        bridged_s=10.5 if bridged else None,
        talk_s=60.0 if bridged else None,
        ended_s=70.5 if bridged else 30.0,
        wait_s=wait_s,
        connect_ms=wait_s * 1000 if bridged and wait_s is not None else None,
        abandoned=outcome is Outcome.ABANDONED,
        recording=recording,
    )


def step(kind: NextKind, at: datetime | None = None, *, team: str = "", agent: str | None = None) -> NextStep:
    return NextStep(
        kind=kind,
        at=at,
        team=team,
        agent_id=None if agent is None else AgentId(agent),
        rule=f"{kind}.test",
        reason="because",
    )


def concluded(
    lead: Lead,
    attempt_id: str,
    next_step: NextStep,
    outcome: Outcome = Outcome.NO_ANSWER,
    *,
    at: datetime = AT,
    agent: str | None = None,
    code: str | None = None,
    stop: StopFlag | None = None,
    promise: Promise | None = None,
    conversation: bool = False,
) -> SaveDisposition:
    return SaveDisposition(
        attempt_id=AttemptId(attempt_id),
        campaign=CAMPAIGN,
        lead=lead,
        at=at,
        agent_id=None if agent is None else AgentId(agent),
        code=None if code is None else DispositionCode(code),
        outcome=outcome,
        by="rule" if agent is None else "dtmf",
        stop=stop,
        conversation=conversation,
        right_party=conversation,
        promise=promise,
        next_step=next_step,
    )


def whole_call(
    store: SqliteStore,
    lead: Lead,
    attempt_id: str,
    next_step: NextStep,
    outcome: Outcome = Outcome.NO_ANSWER,
    *,
    at: datetime = AT,
    stop: StopFlag | None = None,
    conversation: bool = False,
) -> bool:
    """Place, close and conclude; False when the store barred the attempt."""
    """Place, close and conclude a call, as the engine would."""
    if store.apply([placed(lead, attempt_id, at=at)]):
        return False
    concluding = concluded(lead, attempt_id, next_step, outcome, at=at, stop=stop, conversation=conversation)
    store.apply([closed(attempt_id, outcome, at=at), concluding])
    return True


def stocked(store: SqliteStore, accounts: Sequence[ImportedAccount], *, at: datetime = AT) -> SqliteStore:
    store.import_accounts(LIST, "spring.csv", accounts, at - timedelta(days=1))
    return store


def as_of_version(path: Path, version: int) -> Path:
    """The same data in a file as an earlier program would have left it: columns and tables of later ones are gone."""
    older = path.with_name(f"version-{version}.db")
    connection.make_file(older)
    database = connection.connect(older)
    migrations.migrate(database, AT, up_to=version)
    database.execute("PRAGMA foreign_keys = OFF")
    database.execute("ATTACH ? AS newer", [str(path)])
    for table in database.table_names():
        if table != "schema_version":
            columns = ", ".join(database.table(table).columns_dict)
            database.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}")
    database.close()
    return older
