"""Choosing the next leads of a campaign, leasing them, and reading what a decision needs of each.

Runs inside the caller's transaction. Accounts that may be dialled now stand in one index in the order of
dialling (`accounts_pool`), which is walked until enough are found; so a lease costs the same in a long list.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, time, timedelta

from dialer.compliance import dated, limits, sentences, third_parties
from dialer.compliance.hours import zones_of
from dialer.errors import StoreError
from dialer.leads import Lead
from dialer.settings import CampaignSettings
from dialer.store import desks, hold_outs, leaving, promised, promising
from dialer.store.api import Leased, OpenAttempt
from dialer.store.columns import amount, moment, moment_or_none, moment_text
from dialer.store.statements import Statements
from dialer.store.touches import touches_of
from dialer.types import (
    AccountId,
    AgentId,
    AttemptId,
    CampaignName,
    ContactRole,
    DebtorId,
    Number,
    Outcome,
    PhoneId,
    ServerName,
    StopFlag,
    TrunkName,
)

LONGEST_CALL = timedelta(days=1)
"""No call lasts so long (house rule); after it another engine's attempt belongs to whoever looks."""

_SQL = Statements("lease")
_WRITE_SQL = Statements("write")


def lease(
    connection: sqlite3.Connection,
    campaign: CampaignSettings,
    *,
    limit: int,
    at: datetime,
    lease_s: float,
    engine: str,
) -> Leased:
    """As `Store.lease`, inside a transaction that may write."""
    at_text, teams = moment_text(at), json.dumps(campaign.teams)
    of_list = {"list_name": campaign.list_name, "at": at_text, "teams": teams}
    connection.execute(_SQL["sweep_expired_leases"], of_list)
    connection.execute(_SQL["open_due_callbacks"], of_list)
    connection.execute(_SQL["open_due_accounts"], of_list | {"limit": max(0, limit)})
    chosen = _choose(connection, of_list, limit)
    until_at = moment_text(at + timedelta(seconds=lease_s))
    connection.executemany(
        _SQL["lease_account"],
        [
            {"engine": engine, "until_at": until_at, "number": number, "account_id": account_id}
            for account_id, number in chosen
        ],
    )
    midnights: dict[str, datetime] = {}
    talk_s, look_back = campaign.rules.effective_talk_s, limits.look_back(campaign.rules)
    leads = tuple(
        read_lead(connection, account_id, at=at, midnights=midnights, effective_talk_s=talk_s, look_back=look_back)
        for account_id, _ in chosen
    )
    reminded = promised.reminded_among(connection, [account_id for account_id, _ in chosen])
    leads = tuple(lead for lead in leads if not _missed_reminder(connection, lead, reminded, at))
    leads = tuple(lead for lead in leads if not _left_alone(connection, lead, campaign, at))
    leads = tuple(lead for lead in leads if not _held_out(connection, lead, campaign, at))
    waiting, next_due_at = _waiting(connection, of_list, leased_now=len(leads), exhausted=len(leads) < limit)
    return Leased(leads=leads, waiting=waiting, next_due_at=next_due_at)


def _missed_reminder(connection: sqlite3.Connection, lead: Lead, reminded: frozenset[int], at: datetime) -> bool:
    """Whether an account with a live promise was due for a reminder whose day is over: it goes on waiting."""
    if lead.account_id not in reminded or promising.is_reminder(connection, lead.account_id, at):
        return False
    connection.execute(_SQL["unlease"], {"account_id": lead.account_id})
    leaving.settle(connection, lead.account_id, at)
    return True


def _left_alone(connection: sqlite3.Connection, lead: Lead, campaign: CampaignSettings, at: datetime) -> bool:
    """Whether a lead is a contact who may not be called now: the account goes on with the debtor's own numbers.

    Without one that is left it is on hold, until an import or a supervisor brings one.
    """
    rule = third_parties.forbidden(lead, dated.in_force(campaign.rules, zones_of(lead.zone), at))
    if rule is None:
        return False
    connection.execute(_SQL["unlease"], {"account_id": lead.account_id})
    if not connection.execute(_WRITE_SQL["back_to_own_number"], {"account_id": lead.account_id}).rowcount:
        reason = " · ".join(sentences.third_party(rule, third_parties.unreached(lead)))
        held = {"account_id": lead.account_id, "rule": "third_party", "reason": reason}
        connection.execute(_WRITE_SQL["hold_refused"], held)
    return True


def _held_out(connection: sqlite3.Connection, lead: Lead, campaign: CampaignSettings, at: datetime) -> bool:
    """Whether an experiment leaves the debtor alone from now on (缓催)."""
    experiment = hold_outs.due(connection, lead, campaign, at)
    if experiment is None:
        return False
    connection.execute(_SQL["unlease"], {"account_id": lead.account_id})
    hold_outs.hold_out(connection, lead, experiment, campaign, at)
    return True


def lease_one(
    connection: sqlite3.Connection,
    campaign: CampaignSettings,
    number_or_account: str,
    *,
    at: datetime,
    lease_s: float,
    engine: str,
    agent: str = "",
) -> Lead | None:
    """As `Store.lease_one`, inside a transaction that may write."""
    is_number = number_or_account.startswith("+")
    wanted = {
        "list_name": campaign.list_name,
        "at": moment_text(at),
        "number": number_or_account if is_number else "",
        "account_no": "" if is_number else number_or_account,
    }
    connection.execute(_SQL["sweep_expired_leases"], wanted)
    found = connection.execute(_SQL["account_asked_for"], wanted).fetchone()
    if found is None:
        return None
    account_id, debtor_id, account_no, state, reason, phone_id, number, leased, in_air = found
    desk = desks.held(connection, DebtorId(debtor_id), at)
    if desk is not None and desk.holder != agent:
        raise StoreError(f"{desk.holder} works on the debtor of account {account_no}; see `dialer desk list`.")
    if state in ("closed", "never"):
        raise StoreError(f"Account {account_no} is {state}" + (f": {reason}." if reason else "."))
    if in_air:
        raise StoreError(f"The debtor of account {account_no} is in a call, or the call is not concluded yet.")
    if leased:
        raise StoreError(f"Account {account_no} is about to be dialled; try again in a moment.")
    until_at = moment_text(at + timedelta(seconds=lease_s))
    connection.execute(
        _SQL["lease_account"], {"engine": engine, "until_at": until_at, "number": number, "account_id": account_id}
    )
    lead = read_lead(
        connection,
        account_id,
        at=at,
        midnights={},
        phone_id=phone_id,
        effective_talk_s=campaign.rules.effective_talk_s,
        look_back=limits.look_back(campaign.rules),
    )
    if (experiment := hold_outs.due(connection, lead, campaign, at)) is not None:
        raise StoreError(
            f"The debtor of account {account_no} is in the hold-out of the experiment {experiment.name} and is left "
            f"alone for {experiment.hold_days} days; end it with `active: false` in strategies.yaml."
        )
    return lead


def _choose(connection: sqlite3.Connection, of_list: dict[str, str], limit: int) -> list[tuple[int, str]]:
    chosen: list[tuple[int, str]] = []
    debtors: set[int] = set()
    numbers: set[str] = set()
    if limit <= 0:
        return chosen
    rows = connection.execute(_SQL["dialable_accounts"], of_list)
    for account_id, debtor_id, number in rows:
        if debtor_id in debtors or number in numbers:
            continue  # one call per person and per line at a time, within this lease too
        debtors.add(debtor_id)
        numbers.add(number)
        chosen.append((account_id, number))
        if len(chosen) == limit:
            break
    rows.close()
    return chosen


def _waiting(
    connection: sqlite3.Connection, of_list: dict[str, str], *, leased_now: int, exhausted: bool
) -> tuple[int, datetime | None]:
    later, due_at = connection.execute(_SQL["waiting_accounts"], of_list).fetchone()
    (leased,) = connection.execute(_SQL["leased_accounts"], of_list).fetchone()
    # Open and still not chosen: another account of the debtor, or the number, is busy for the moment.
    (blocked,) = connection.execute(_SQL["blocked_accounts"], of_list).fetchone() if exhausted else (0,)
    return later + leased - leased_now + blocked, moment_or_none(due_at)


def read_lead(
    connection: sqlite3.Connection,
    account_id: int,
    *,
    at: datetime,
    midnights: dict[str, datetime],
    phone_id: int | None = None,
    besides: str | None = None,
    effective_talk_s: float = 0.0,
    look_back: timedelta = limits.LOOK_BACK,
) -> Lead:
    """A lead with all its counts.

    Args:
        connection: in a transaction.
        account_id: whose.
        at: the moment for which to count.
        midnights: a memo of this moment's local midnights by zone text; start with an empty one.
        phone_id: the number; None: the account's next one.
        besides: an attempt that is not counted.
        effective_talk_s: a talk counts as one from this length on.
        look_back: how long ago a dial may have been to be brought.
    """
    wanted = {"account_id": account_id, "phone_id": phone_id}
    account, account_no, debtor, name, phone, number, zone, rank, role, *rest = connection.execute(
        _SQL["lead"], wanted
    ).fetchone()
    days, due, risk, region, language, product, team, callback_agent, retries, *of_owner = rest
    owner, owner_team, skill, level = of_owner
    if (midnight_at := midnights.get(zone)) is None:
        midnight_at = midnights[zone] = local_midnight(zone, at)
    counts = connection.execute(
        _SQL["lead_history"],
        {
            "account_id": account,
            "debtor_id": debtor,
            "phone_id": phone,
            "number": number,
            "rank": rank,
            "midnight_at": moment_text(midnight_at),
            "at": moment_text(at),
            "besides": besides,
        },
    ).fetchone()
    total, conversations, last_at, others, flags, forbidden, consented_until, none_left, contacts, no_more = counts
    touches = touches_of(
        connection,
        debtor_id=debtor,
        number=number,
        at=at,
        effective_talk_s=effective_talk_s,
        besides=besides,
        look_back=look_back,
    )
    today = [touch for touch in touches if touch.at >= midnight_at]
    stops = frozenset(StopFlag(flag) for flag in (flags or "").split(",") if flag)
    return Lead(
        account_id=AccountId(account),
        account_no=account_no,
        debtor_id=DebtorId(debtor),
        debtor_name=name,
        phone_id=PhoneId(phone),
        number=Number(number),
        zone=zone,
        days_past_due=days,
        amount_due=amount(due),
        risk=risk,
        region=region,
        language=language,
        product=product,
        team=team,
        callback_agent=None if callback_agent is None else AgentId(callback_agent),
        attempts_total=total,
        retries=retries,
        number_attempts_today=sum(touch.number == number for touch in today),
        debtor_attempts_today=sum(touch.debtor_id == debtor for touch in today),
        debtor_conversations_today=conversations,
        last_attempt_at=moment_or_none(last_at),
        stop_flags=stops | {StopFlag.DO_NOT_CALL} if forbidden else stops,
        other_numbers=others,
        other_contacts=contacts,
        role=ContactRole(role),
        touches=touches,
        consented_until=moment_or_none(consented_until),
        own_number_invalid=bool(none_left),
        last_own_number=bool(contacts and no_more) and role == ContactRole.DEBTOR,
        owner=AgentId(owner) if owner else None,
        owner_team=owner_team or "",
        skill=skill or "",
        level=level or 0,
    )


def local_midnight(zone: str, at: datetime) -> datetime:
    """When today began for a debtor.

    Of several candidate zones the one whose day began first, and without any a whole day ago: what is counted
    too early only makes the caps stricter.
    """
    zones = zones_of(zone)
    days = (datetime.combine(at.astimezone(each).date(), time(0), each) for each in zones)
    return min((day.astimezone(UTC) for day in days), default=at - timedelta(days=1))


def open_attempts(connection: sqlite3.Connection, engine: str | None, at: datetime | None) -> tuple[OpenAttempt, ...]:
    """As `Store.open_attempts`; the lead is as it was before the attempt."""
    long_ago = None if at is None else moment_text(at - LONGEST_CALL)
    found = connection.execute(_SQL["open_attempts"], {"engine": engine, "long_ago": long_ago}).fetchall()
    return tuple(_open_attempt(connection, *row) for row in found)


def _open_attempt(
    connection: sqlite3.Connection,
    attempt_id: str,
    campaign: str,
    server: str,
    trunk: str,
    account_id: int,
    phone_id: int,
    at: str,
    outcome: str | None,
    agent_id: str | None,
    talked: int,
) -> OpenAttempt:
    began_at = moment(at)
    return OpenAttempt(
        attempt_id=AttemptId(attempt_id),
        campaign=CampaignName(campaign),
        server=ServerName(server),
        trunk=TrunkName(trunk),
        lead=read_lead(connection, account_id, at=began_at, midnights={}, phone_id=phone_id, besides=attempt_id),
        at=began_at,
        outcome=None if outcome is None else Outcome(outcome),
        agent_id=None if agent_id is None else AgentId(agent_id),
        talked=bool(talked),
    )
