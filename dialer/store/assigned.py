"""Debtors as assignment sees them, and who looks after them, as it stands; `assigning` writes what is decided."""

from __future__ import annotations

import difflib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Final

from dialer.caseload.case import OVERRIDE, Case, graveness
from dialer.caseload.rules import AssignmentSettings
from dialer.errors import NoAccountError
from dialer.loans.buckets import bucket_of
from dialer.ordering.worth import Owed, RecoveryModel
from dialer.store.columns import amount, moment, moment_text
from dialer.store.statements import Statements
from dialer.types import AgentId, DebtorId

SQL: Final = Statements("assigning")
BEFORE_COMPLAINT: Final = timedelta(days=30)
"""Who talked with a debtor so long before a complaint had to do with it (house rule)."""

_LAST: Final = 2**62
"""No debtor has a greater id."""
_Account = tuple[int, int, int, str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of debtors besides their accounts."""

    owners: dict[int, tuple[str, str, str, datetime]]
    promised_to: dict[int, AgentId]
    broken: dict[int, int]
    reached: dict[int, datetime]
    avoid: dict[int, frozenset[AgentId]]
    """Debtors who complained."""


def count(connection: sqlite3.Connection) -> int:
    """How many debtors there are to be looked after."""
    (found,) = connection.execute(SQL["count"]).fetchone()
    return int(found)


def cases(
    connection: sqlite3.Connection,
    recovery: RecoveryModel,
    settings: AssignmentSettings,
    at: datetime,
    *,
    debtor_id: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Case, ...]:
    """Every debtor with an account that is worked on.

    Args:
        connection: reading.
        recovery: what accounts are expected to bring.
        settings: for how long a complaint counts.
        at: now, aware.
        debtor_id: only this one; None: all.
        progress: is told now and then how many were read.
    """
    span = {"first": 0, "last": _LAST} if debtor_id is None else {"first": debtor_id, "last": debtor_id}
    known = _known(connection, settings, at, span)
    found: list[Case] = []
    rows = connection.execute(SQL["accounts"], span)
    for debtor, accounts in groupby(rows, key=itemgetter(0)):
        found.append(_case(debtor, list(accounts), known, recovery, at))
        if len(found) % 10_000 == 0:
            progress(len(found))
    return tuple(found)


def _known(connection: sqlite3.Connection, settings: AssignmentSettings, at: datetime, span: dict[str, int]) -> _Known:
    owners = {
        debtor: (agent, team, rule, moment(since))
        for debtor, agent, team, rule, since in connection.execute(SQL["owners"], span)
    }
    since = moment_text(at - timedelta(days=settings.avoid_days))
    complaints = connection.execute(SQL["complaints"], {"since": since, **span}).fetchall()
    return _Known(
        owners=owners,
        promised_to=dict(connection.execute(SQL["promised_to"], span)),
        broken=dict(connection.execute(SQL["broken"], span)),
        reached={debtor: moment(last) for debtor, last in connection.execute(SQL["reached"], span)},
        avoid={debtor: _involved(connection, debtor, moment(last), owners.get(debtor)) for debtor, last in complaints},
    )


def _involved(
    connection: sqlite3.Connection, debtor: int, complained_at: datetime, owner: tuple[str, str, str, datetime] | None
) -> frozenset[AgentId]:
    """Who had to do with a debtor before a complaint: whoever talked with them, and the owner of then."""
    wanted = {
        "debtor_id": debtor,
        "at": moment_text(complained_at),
        "since": moment_text(complained_at - BEFORE_COMPLAINT),
    }
    involved = {agent for (agent,) in connection.execute(SQL["talked_before"], wanted)}
    if owner is not None and owner[3] <= complained_at:
        involved.add(owner[0])
    else:
        changes = connection.execute(SQL["owner_changes"], {"debtor_id": debtor})
        involved.add(_owner_at([(moment(at), was, now) for at, was, now in changes], complained_at))
    return frozenset(AgentId(agent) for agent in involved if agent)


def _owner_at(changes: Sequence[tuple[datetime, str | None, str | None]], at: datetime) -> str | None:
    """Who the owner was at a moment, of all changes in order."""
    earlier = [now for changed_at, _, now in changes if changed_at <= at]
    later = [was for changed_at, was, _ in changes if changed_at > at]
    return earlier[-1] if earlier else later[0] if later else None


def _case(debtor: int, accounts: list[_Account], known: _Known, recovery: RecoveryModel, at: datetime) -> Case:
    agent, team, rule, since = known.owners.get(debtor, ("", "", "", None))
    broken = known.broken.get(debtor, 0)
    largest = max(accounts, key=itemgetter(1))
    days = max(one[2] for one in accounts)
    contact = max((one for one in (since, known.reached.get(debtor)) if one is not None), default=at)
    return Case(
        debtor_id=DebtorId(debtor),
        accounts=len(accounts),
        amount_due=amount(sum(one[1] for one in accounts)),
        expected=sum((_expected(one, broken, recovery) for one in accounts), Decimal(0)),
        days_past_due=days,
        bucket=bucket_of(days).value,
        risk=max((one[3] for one in accounts), key=graveness),
        region=largest[4],
        product=largest[5],
        language=largest[6],
        owner=AgentId(agent) if agent else None,
        owner_team=team,
        overridden=rule == OVERRIDE,
        promised_to=known.promised_to.get(debtor),
        promises_broken=broken,
        days_without_contact=max(0, (at - contact).days),
        complained=debtor in known.avoid,
        avoid=known.avoid.get(debtor, frozenset()),
    )


def _expected(account: _Account, broken: int, recovery: RecoveryModel) -> Decimal:
    _, due, days, risk, *_ = account
    owed = Owed(amount_due=amount(due), bucket=bucket_of(days), grade=risk, broken_promises=broken)
    return recovery.expected(owed).amount


def debtors_of(connection: sqlite3.Connection, account_no: str) -> tuple[DebtorId, ...]:
    """The debtors of an account number, which two lenders may use for two.

    Raises:
        NoAccountError: there is no such account; the sentence names ones that are spelled alike.
    """
    found = connection.execute(SQL["debtors_of_account"], {"account_no": account_no}).fetchall()
    if not found:
        like = account_no[:4].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        known = [number for (number,) in connection.execute(SQL["similar_accounts"], {"like": like})]
        near = difflib.get_close_matches(account_no, known, n=1)
        hint = " Did you mean one that is spelled almost alike?" if near else ""
        raise NoAccountError(account_no, "There is no account {asked}." + hint)
    return tuple(DebtorId(debtor) for debtor, _ in found)


def faces(connection: sqlite3.Connection, debtors: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Debtors by id, as people know them: name, and the number of their largest account."""
    rows = connection.execute(SQL["faces"], {"debtors": json.dumps(list(debtors))})
    return {debtor: (name, account_no) for debtor, name, account_no, _ in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who looks after a debtor."""

    agent: AgentId | None
    team: str
    rule: str
    reason: str
    since: datetime
    given_by: str
    skill: str
    level: int


def owner_of(connection: sqlite3.Connection, debtor_id: int) -> Owner | None:
    """Who looks after a debtor; None: it was never decided."""
    row = connection.execute(SQL["owner"], {"debtor_id": debtor_id}).fetchone()
    if row is None:
        return None
    agent, team, rule, reason, since, given_by, skill, level, _ = row
    return Owner(
        agent=AgentId(agent) if agent else None,
        team=team,
        rule=rule,
        reason=reason,
        since=moment(since),
        given_by=given_by,
        skill=skill,
        level=level,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """One debtor of an agent."""

    debtor_id: DebtorId
    debtor_name: str
    account_no: str
    accounts: int
    amount_due: Decimal
    days_past_due: int
    rule: str
    ground: str
    since: datetime


def owned_by(connection: sqlite3.Connection, agent: AgentId, *, limit: int) -> tuple[Owned, ...]:
    """The debtors of an agent, the largest first."""
    rows = connection.execute(SQL["owned_by"], {"agent_id": agent, "limit": limit})
    return tuple(
        Owned(
            debtor_id=DebtorId(debtor),
            debtor_name=name,
            account_no=account_no,
            accounts=accounts,
            amount_due=amount(due),
            days_past_due=days,
            rule=rule,
            ground=ground,
            since=moment(since),
        )
        for debtor, name, rule, ground, since, accounts, due, days, account_no in rows
    )


def loads(connection: sqlite3.Connection) -> Iterator[tuple[str, int, int, Decimal]]:
    """Of every agent: debtors, accounts, amount due; the empty name: nobody yet."""
    for agent, debtors, accounts, due in connection.execute(SQL["loads"]):
        yield agent, debtors, accounts, amount(due)
