"""Counting a list from all its accounts down to those that may be dialled now.

SQL says where each account stands, the way a lease looks at it. The gate is asked for what a lease would give only,
and for accounts of which nothing is known but the zone, once for all that are alike.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from dialer.calling_rules import CallingRules, Limit, LocalDays, Rolling
from dialer.campaigns import assignment
from dialer.compliance import gate, limits
from dialer.events import Lead, Permit
from dialer.settings import AgentSettings, CampaignSettings
from dialer.store.columns import moment_or_none, moment_text
from dialer.store.leasing import local_midnight, read_lead
from dialer.store.statements import Statements
from dialer.types import AccountId, ContactRole, DebtorId, Number, PhoneId
from dialer.waterfall import BEHIND, DAY, GAP, GATE, LIMIT, NO_AGENT, REST, Step, Waterfall

_SQL = Statements("why")

_CLOCK_CHANGE: Final = timedelta(hours=2)
_ORDER: Final = ("closed", "never:", "hold", "waiting", "leased", "in_air", "team", "no_number", "stop:")
"""Of the steps that SQL counts."""


class _Ready(NamedTuple):
    """A row of `ready_accounts`."""

    account_id: int
    debtor_id: int
    number: str
    zone: str
    role: str
    team: str
    last_at: str
    """The last dial to the debtor or the number; empty: none."""
    special: int


@dataclass(slots=True)
class _Count:
    """A step while it is counted."""

    count: int = 0
    next_at: datetime | None = None
    profile: str = ""
    cite: str = ""

    def add(self, refusal: gate.Refusal) -> None:
        self.count += 1
        self.profile, self.cite = refusal.profile, refusal.cite
        if refusal.until_at is not None:
            self.next_at = refusal.until_at if self.next_at is None else min(self.next_at, refusal.until_at)


@dataclass(slots=True)
class _Sieve:
    """What is asked of each account that a lease would give."""

    connection: sqlite3.Connection
    campaign: CampaignSettings
    at: datetime
    agents: Collection[AgentSettings] | None
    alike: dict[tuple[object, ...], gate.Refusal | None] = field(default_factory=dict)
    midnights: dict[str, datetime] = field(default_factory=dict)
    since: dict[str, str] = field(default_factory=dict)

    def answer(self, row: _Ready) -> gate.Refusal | None:
        """The gate's no, if it says so.

        What is alike gets one answer: who was not called lately may be called when others of the zone may, and a no for
        hours or prefix holds whatever was dialled before.
        """
        if row.special:
            return _refusal(self._check(self._whole(row)))
        key = (row.zone, *(rule.permits(row.number) for rule in self.campaign.rules.prefixes))
        if key not in self.alike:
            self.alike[key] = _refusal(self._check(_unknown(row)))
        refusal = self.alike[key]
        if refusal is not None or row.last_at < self._since(row.zone):
            return refusal
        return _refusal(self._check(self._whole(row)))

    def has_agent(self, row: _Ready) -> bool:
        """Whether anybody may take the call."""
        if self.agents is None:
            return True
        if not self.campaign.routes:
            return any(assignment.able(agent, None, row.team) for agent in self.agents)
        lead = self._whole(row)
        rule = assignment.route(self.campaign, lead)
        return any(assignment.qualified(agent, rule, lead) for agent in self.agents)

    def _since(self, zone: str) -> str:
        """Earlier dials do not count any more, for a debtor of this zone."""
        if (since := self.since.get(zone)) is None:
            since = self.since[zone] = moment_text(counts_since(self.campaign.rules, zone, self.at))
        return since

    def _whole(self, row: _Ready) -> Lead:
        talk_s = self.campaign.rules.effective_talk_s
        return read_lead(self.connection, row.account_id, at=self.at, midnights=self.midnights, effective_talk_s=talk_s)

    def _check(self, lead: Lead) -> Permit | gate.Refusal:
        return gate.check(lead, self.campaign.rules, self.campaign.name, self.at)


def waterfall(
    connection: sqlite3.Connection,
    campaign: CampaignSettings,
    at: datetime,
    *,
    agents: Collection[AgentSettings] | None = None,
) -> Waterfall:
    """Count a campaign's list.

    Args:
        connection: in a transaction.
        campaign: whose list, rules, teams and routes.
        at: now, aware.
        agents: only what one of these may take counts as dialable; None: anybody is taken to be there.
    """
    teams = json.dumps(campaign.teams)
    wanted = {"list_name": campaign.list_name, "at": moment_text(at), "teams": teams}
    rows = connection.execute(_SQL["standing"] + _SQL["count_steps"], wanted).fetchall()
    total = sum(count for _, count, _ in rows)
    steps = [
        Step(key=key, count=count, next_at=moment_or_none(next_at)) for key, count, next_at in rows if key != "ready"
    ]
    steps.sort(key=lambda step: (_place(step.key), step.key))
    ready = map(_Ready._make, connection.execute(_SQL["standing"] + _SQL["ready_accounts"], wanted))
    sieve = _Sieve(connection=connection, campaign=campaign, at=at, agents=agents)
    steps += _sifted(sieve, ready)
    return Waterfall(
        campaign=campaign.name,
        list_name=campaign.list_name,
        at=at,
        total=total,
        steps=tuple(steps),
        dialable=total - sum(step.count for step in steps),
    )


def _place(key: str) -> int:
    return next(spot for spot, begin in enumerate(_ORDER) if key.startswith(begin))


def _sifted(sieve: _Sieve, ready: Iterator[_Ready]) -> list[Step]:
    """The steps behind the store's: one call per person and line, the gate, the agents."""
    debtors: set[int] = set()
    numbers: set[str] = set()
    refused: dict[str, _Count] = {}
    behind = no_agent = 0
    for row in ready:
        if row.debtor_id in debtors or row.number in numbers:
            behind += 1
            continue
        debtors.add(row.debtor_id)
        numbers.add(row.number)
        refusal = sieve.answer(row)
        if refusal is not None:
            refused.setdefault(refusal.rule, _Count()).add(refusal)
        elif not sieve.has_agent(row):
            no_agent += 1
    steps = [Step(key=BEHIND, count=behind)] if behind else []
    kinds = {limit.origin.id: _kind(limit) for limit in limits.of(sieve.campaign.rules)}
    for rule, one in sorted(refused.items(), key=lambda item: -item[1].count):
        step = Step(
            key=GATE + kinds.get(rule, "") + rule,
            count=one.count,
            next_at=one.next_at,
            profile=one.profile,
            cite=one.cite,
        )
        steps.append(step)
    return steps + ([Step(key=NO_AGENT, count=no_agent)] if no_agent else [])


def _kind(limit: Limit) -> str:
    """What sort of limit it is, for its step's key."""
    if limit.after is not None:
        return REST
    if limits.gap_s(limit):
        return GAP
    match limit.window:
        case LocalDays(days=1):
            return DAY
        case _:
            return LIMIT


def _refusal(found: Permit | gate.Refusal) -> gate.Refusal | None:
    return None if isinstance(found, Permit) else found


def counts_since(rules: CallingRules, zone: str, at: datetime) -> datetime:
    """The moment from which on a dial can still count for a debtor of a zone."""
    midnight_at = local_midnight(zone, at)
    since = midnight_at
    for limit in limits.of(rules):
        match limit.window:
            case LocalDays(days=days):
                since = min(since, midnight_at - timedelta(days=days - 1) - _CLOCK_CHANGE)
            case Rolling(seconds=seconds):
                since = min(since, at - timedelta(seconds=seconds))
    return since


def _unknown(row: _Ready) -> Lead:
    """A lead of whom nothing is known but the number and its zone."""
    return Lead(
        account_id=AccountId(row.account_id),
        account_no="",
        debtor_id=DebtorId(row.debtor_id),
        debtor_name="",
        phone_id=PhoneId(0),
        number=Number(row.number),
        zone=row.zone,
        role=ContactRole(row.role),
    )
