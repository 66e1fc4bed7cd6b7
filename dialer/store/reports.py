"""Campaign reports and exports, read from the store in one unchanging view."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlite_utils import Database

from dialer.masking import mask_about, mask_account, mask_name, mask_number
from dialer.report import (
    ANSWERED_BY_PERSON,
    AgentLine,
    CampaignReport,
    TimeBucket,
    TrunkLine,
    ratio,
    spread,
)
from dialer.store.columns import amount, moment_text
from dialer.store.sqlite import SqliteStore
from dialer.store.statements import Statements
from dialer.types import AgentId, AgentState, CampaignName, Outcome, TrunkName

_SQL = Statements("report")
_MONEY = frozenset({"promised", "principal", "amount_due"})
_BEGIN, _END = "0000", "9999"

_FREE_TEXTS = frozenset({"note", "remark", "next_reason", "industry", "region"})
"""Columns in which people may have written anything."""

Cell = str | int | float | Decimal | None
_Column = str | int | float | None


def campaign_report(
    store: SqliteStore,
    campaign: CampaignName,
    list_name: str,
    since: datetime,
    until: datetime,
    *,
    bucket_s: float = 900.0,
    agents: Collection[AgentId] = (),
) -> CampaignReport:
    """Tell what a campaign did in a span of time.

    Args:
        store: open.
        campaign: whose attempts.
        list_name: its list, for the progress.
        since: the first moment, aware.
        until: the first moment that is left out, aware; not later than now, or running states are drawn out.
        bucket_s: seconds per point of the curves.
        agents: named even if they did nothing for the campaign.
    """
    progress = store.list_progress(list_name, at=until)
    span: dict[str, object] = {
        "campaign": campaign,
        "since": moment_text(since),
        "until": moment_text(until),
        "bucket_s": bucket_s,
    }
    with store.reading() as database:
        by_outcome = {str(row["outcome"]): int(row["attempts"]) for row in database.query(_SQL["outcomes"], span)}
        talk = next(database.query(_SQL["talk"], span))
        waits = list(database.query(_SQL["waits"], span))
        promises = next(database.query(_SQL["promises"], span))
        bridged = by_outcome.get(Outcome.BRIDGED, 0)
        lines = _agents(database, span, agents)
        return CampaignReport(
            campaign=campaign,
            since=since,
            until=until,
            attempts=sum(by_outcome.values()),
            by_outcome=by_outcome,
            answered=sum(by_outcome.get(outcome, 0) for outcome in ANSWERED_BY_PERSON),
            bridged=bridged,
            abandoned=int(talk["abandoned"]),
            wait_s=spread([row["wait_s"] for row in waits if row["wait_s"] is not None]),
            connect_ms=spread([row["connect_ms"] for row in waits if row["connect_ms"] is not None]),
            talk_s=float(talk["talk_s"]),
            mean_talk_s=ratio(talk["talk_s"], bridged),
            dispositions={str(row["code"]): int(row["calls"]) for row in database.query(_SQL["dispositions"], span)},
            promises=int(promises["promises"]),
            promised=amount(int(promises["cents"])),
            agents=lines,
            trunks=_trunks(database, span),
            bucket_s=bucket_s,
            buckets=_buckets(database, span, since, bucket_s, [line.agent_id for line in lines]),
            progress=progress,
        )


def _agents(database: Database, span: Mapping[str, object], always: Collection[AgentId]) -> tuple[AgentLine, ...]:
    calls = {row["agent_id"]: row for row in database.query(_SQL["agent_calls"], dict(span))}
    states: dict[str, dict[str, float]] = {}
    wanted = {*calls, *always}
    for row in database.query(_SQL["agent_states"], dict(span)):
        states.setdefault(row["agent_id"], {})[row["state"]] = row["spent_s"]
        if row["of_campaign"]:
            wanted.add(row["agent_id"])
    return tuple(
        _agent_line(AgentId(agent_id), calls.get(agent_id, {}), states.get(agent_id, {})) for agent_id in sorted(wanted)
    )


def _agent_line(agent_id: AgentId, calls: Mapping[str, float], spent_s: Mapping[str, float]) -> AgentLine:
    def spent(*states: AgentState) -> float:
        return round(sum(spent_s.get(state, 0.0) for state in states), 3)

    away = (AgentState.OFFLINE, AgentState.CALLING_IN)
    logged_in_s = spent(*(state for state in AgentState if state not in away))
    paused_s = spent(AgentState.PAUSED)
    busy_s = spent(AgentState.TALKING, AgentState.WRAP_UP)
    return AgentLine(
        agent_id=agent_id,
        calls=int(calls.get("calls", 0)),
        talk_s=float(calls.get("talk_s", 0.0)),
        wrap_up_s=spent(AgentState.WRAP_UP),
        logged_in_s=logged_in_s,
        paused_s=paused_s,
        ready_s=spent(AgentState.READY),
        occupancy_ratio=ratio(busy_s, logged_in_s - paused_s),
        right_party=int(calls.get("right_party", 0)),
        promises=int(calls.get("promises", 0)),
    )


def _trunks(database: Database, span: Mapping[str, object]) -> tuple[TrunkLine, ...]:
    return tuple(
        TrunkLine(
            trunk=TrunkName(row["trunk"]),
            attempts=row["attempts"],
            answered=row["answered"],
            answer_seizure_ratio=ratio(row["answered"], row["attempts"]),
            post_dial_delay_s=row["post_dial_delay_s"],
            failures=row["failures"],
        )
        for row in database.query(_SQL["trunks"], dict(span))
    )


def _buckets(
    database: Database, span: Mapping[str, object], since: datetime, bucket_s: float, agents: Sequence[AgentId]
) -> tuple[TimeBucket, ...]:
    rows = {row["bucket"]: row for row in database.query(_SQL["buckets"], dict(span))}
    work = {row["bucket"]: row for row in database.query(_SQL["work"], {**span, "agents": json.dumps(agents)})}
    empty, idle = {"attempts": 0, "answered": 0, "abandoned": 0}, {"at_work_s": 0.0, "busy_s": 0.0}
    return tuple(
        TimeBucket(
            begins_at=since + timedelta(seconds=index * bucket_s),
            attempts=row["attempts"],
            answered=row["answered"],
            abandoned=row["abandoned"],
            at_work_s=round(worked["at_work_s"], 3),
            busy_s=round(worked["busy_s"], 3),
        )
        for index in range(max(rows, default=-1) + 1)
        for row, worked in ((rows.get(index, empty), work.get(index, idle)),)
    )


def export_attempts(
    store: SqliteStore,
    campaign: CampaignName | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    unmasked: bool = False,
) -> Iterator[dict[str, Cell]]:
    """Attempts as rows for a table, oldest first.

    Args:
        store: open; it waits for nobody while the rows are taken, but take them soon.
        campaign: None: all.
        since: None: from the beginning.
        until: None: to the end.
        unmasked: True: whole numbers and names; say so only for people who may see them.
    """
    span = {
        "campaign": campaign,
        "since": _BEGIN if since is None else moment_text(since),
        "until": _END if until is None else moment_text(until),
    }
    yield from _export(store, "export_attempts", span, unmasked=unmasked)


def export_accounts(store: SqliteStore, list_name: str, *, unmasked: bool = False) -> Iterator[dict[str, Cell]]:
    """Accounts of a list as rows for a table, with the number that is next; masked as in `export_attempts`."""
    yield from _export(store, "export_accounts", {"list_name": list_name}, unmasked=unmasked)


def _export(
    store: SqliteStore, statement: str, parameters: Mapping[str, object], *, unmasked: bool
) -> Iterator[dict[str, Cell]]:
    with store.reading() as database:
        for row in database.query(_SQL[statement], dict(parameters)):
            yield {key: _plain(key, value) for key, value in (row if unmasked else _masked(row)).items()}


def _plain(key: str, value: _Column) -> Cell:
    return amount(value) if key in _MONEY and isinstance(value, int) else value


def _masked(row: Mapping[str, _Column]) -> dict[str, _Column]:
    """A row without whole numbers, names and account numbers, the free texts of people included."""
    name, account_no = str(row["debtor_name"]), str(row["account_no"])

    def hide(key: str, value: _Column) -> _Column:
        match key, value:
            case "number", str():
                return mask_number(value)
            case "debtor_name", str():
                return mask_name(value)
            case "account_no", str():
                return mask_account(value)
            case key, str() if key in _FREE_TEXTS:
                return mask_about(value, name=name, account_no=account_no)
            case _:
                return value

    return {key: hide(key, value) for key, value in row.items()}
