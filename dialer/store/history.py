"""What a forecast is made of, read from the store in one unchanging view: past calls, agents' states, the list.

Leads come without names and with made-up numbers: a simulation needs neither, and its processes get none.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from dialer.leads import Lead
from dialer.past import PastCall, Stay
from dialer.store.columns import amount, moment, moment_or_none, moment_text
from dialer.store.sqlite import SqliteStore
from dialer.store.statements import Statements
from dialer.types import AccountId, AgentId, AgentState, CampaignName, DebtorId, Number, Outcome, PhoneId

_SQL: Final = Statements("history")


def past_calls(store: SqliteStore, campaign: CampaignName, since: datetime, until: datetime) -> tuple[PastCall, ...]:
    """A campaign's attempts that are over, oldest first; `since` <= placed < `until`."""
    with store.reading() as database:
        return tuple(_past_call(row) for row in database.query(_SQL["calls"], _span(campaign, since, until)))


def last_call_at(store: SqliteStore, campaign: CampaignName, until: datetime) -> datetime | None:
    """When a campaign placed its last call before a moment; None: never."""
    wanted: dict[str, object] = {"campaign": campaign, "until": moment_text(until)}
    with store.reading() as database:
        return moment_or_none(next(database.query(_SQL["last_call"], wanted))["at"])


def agent_stays(store: SqliteStore, campaign: CampaignName, since: datetime, until: datetime) -> tuple[Stay, ...]:
    """The states, begun in a span, of the agents who talked for a campaign in it; agent by agent, oldest first."""
    with store.reading() as database:
        return tuple(
            Stay(
                agent_id=AgentId(row["agent_id"]),
                state=AgentState(row["state"]),
                from_at=moment(row["began_at"]),
                to_at=moment(row["ended_at"]),
            )
            for row in database.query(_SQL["stays"], _span(campaign, since, until))
        )


def leads_for(store: SqliteStore, list_name: str, since: datetime, until: datetime) -> tuple[Lead, ...]:
    """The accounts of a list that may be dialled before a moment, as they stand at the start of the day.

    Args:
        store: open.
        list_name: which.
        since: when the day begins; what was dialled on days before is not counted as today's.
        until: accounts that wait for longer are left out.
    """
    wanted: dict[str, object] = {
        "list_name": list_name,
        "since": moment_text(since),
        "until": moment_text(until),
    }
    with store.reading() as database:
        return tuple(_lead(row) for row in database.query(_SQL["leads"], wanted))


def _span(campaign: CampaignName, since: datetime, until: datetime) -> dict[str, object]:
    return {"campaign": campaign, "since": moment_text(since), "until": moment_text(until)}


def _past_call(row: dict[str, Any]) -> PastCall:
    agent_id = row["agent_id"]
    return PastCall(
        at=moment(row["at"]),
        outcome=Outcome(row["outcome"]),
        agent_id=None if agent_id is None else AgentId(agent_id),
        ringing_s=row["ringing_s"],
        answered_s=row["answered_s"],
        ended_s=row["ended_s"],
        talk_s=row["talk_s"],
        wrap_up_s=row["wrap_up_s"],
        code=row["code"],
    )


def _lead(row: dict[str, Any]) -> Lead:
    account, agent_id = int(row["account_id"]), row["callback_agent"]
    return Lead(
        account_id=AccountId(account),
        account_no=f"S{account:08d}",
        debtor_id=DebtorId(row["debtor_id"]),
        debtor_name="",
        phone_id=PhoneId(account),
        number=Number(f"+861390{account:07d}"),
        zone=row["zone"],
        days_past_due=row["days_past_due"],
        amount_due=amount(row["amount_due_cents"]),
        risk=row["risk"],
        region=row["region"],
        language=row["language"],
        product=row["product"],
        team=row["team"],
        callback_agent=None if agent_id is None else AgentId(agent_id),
        attempts_total=row["attempts"],
        retries=row["retries"],
        last_attempt_at=moment_or_none(row["last_attempt_at"]),
        other_numbers=row["other_numbers"],
    )
