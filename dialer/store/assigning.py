"""Debtors as assignment sees them, out of the store; and what was decided, back into it.

What was decided is written some hundred debtors at a time. Whoever was given to another agent meanwhile, by an override
or by another run, is left alone: the next run looks at them again.
"""

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

from dialer.account_events import AccountEvent, EventKind
from dialer.caseload.assigning import Decision
from dialer.caseload.case import OVERRIDE, Case, graveness
from dialer.caseload.rules import AssignmentSettings
from dialer.caseload.sentences import explained
from dialer.errors import NoAccountError, StoreError
from dialer.loans.buckets import bucket_of
from dialer.ordering.worth import Owed, RecoveryModel
from dialer.store.columns import amount, moment, moment_text
from dialer.store.happened import note
from dialer.store.sqlite import SqliteStore
from dialer.store.statements import Statements
from dialer.types import AgentId, DebtorId

AT_ONCE: Final = 500
"""Debtors in one transaction: the engine's writes wait no longer than it takes."""
BEFORE_COMPLAINT: Final = timedelta(days=30)
"""Who talked with a debtor so long before a complaint had to do with it (house rule)."""
RELEASED: Final = "released"
"""What stands in place of a rule's name when a person took an override back."""

_LAST: Final = 2**62
"""No debtor has a greater id."""
_SQL: Final = Statements("assigning")
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
    (found,) = connection.execute(_SQL["count"]).fetchone()
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
    rows = connection.execute(_SQL["accounts"], span)
    for debtor, accounts in groupby(rows, key=itemgetter(0)):
        found.append(_case(debtor, list(accounts), known, recovery, at))
        if len(found) % 10_000 == 0:
            progress(len(found))
    return tuple(found)


def _known(connection: sqlite3.Connection, settings: AssignmentSettings, at: datetime, span: dict[str, int]) -> _Known:
    owners = {
        debtor: (agent, team, rule, moment(since))
        for debtor, agent, team, rule, since in connection.execute(_SQL["owners"], span)
    }
    since = moment_text(at - timedelta(days=settings.avoid_days))
    complaints = connection.execute(_SQL["complaints"], {"since": since, **span}).fetchall()
    return _Known(
        owners=owners,
        promised_to=dict(connection.execute(_SQL["promised_to"], span)),
        broken=dict(connection.execute(_SQL["broken"], span)),
        reached={debtor: moment(last) for debtor, last in connection.execute(_SQL["reached"], span)},
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
    involved = {agent for (agent,) in connection.execute(_SQL["talked_before"], wanted)}
    if owner is not None and owner[3] <= complained_at:
        involved.add(owner[0])
    else:
        changes = connection.execute(_SQL["owner_changes"], {"debtor_id": debtor})
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


@dataclass(slots=True, kw_only=True)
class Saved:
    """What was written."""

    changed: int = 0
    """Debtors who have another owner now, or none any more."""
    noted: int = 0
    """Debtors who stay where they are, by another rule or on another ground."""
    outrun: int = 0
    """Debtors who were given to somebody else meanwhile, and left alone."""


def save(
    store: SqliteStore,
    decisions: Sequence[Decision],
    settings: AssignmentSettings,
    *,
    at: datetime,
    by: str,
    progress: Callable[[int], None] = lambda _: None,
) -> Saved:
    """Write what was decided, with an event for every debtor who changes hands.

    Args:
        store: open.
        decisions: of `caseload.assigning.assign`.
        settings: by which they were made.
        at: now, aware.
        by: who had it done.
        progress: is told now and then how many are done.
    """
    saved = Saved()
    for begin in range(0, len(decisions), AT_ONCE):
        with store.writing() as connection:
            for one in decisions[begin : begin + AT_ONCE]:
                _save_one(connection, one, settings, at, by, saved)
        progress(min(begin + AT_ONCE, len(decisions)))
    return saved


def _save_one(
    connection: sqlite3.Connection,
    one: Decision,
    settings: AssignmentSettings,
    at: datetime,
    by: str,
    saved: Saved,
) -> None:
    reason = " · ".join(explained(one, settings))
    row = {
        "debtor_id": one.case.debtor_id,
        "agent_id": one.agent or "",
        "team": one.team,
        "rule": one.rule,
        "reason": reason,
        "at": moment_text(at),
        "by": by,
        "skill": one.skill,
        "level": one.level,
        "ground": one.ground,
        "was": one.case.owner or "",
        "was_override": one.case.overridden,
    }
    if one.case.overridden and not one.changed:
        return
    written = connection.execute(_SQL["give"], row).rowcount
    if not written:
        current = connection.execute(_SQL["owner"], {"debtor_id": one.case.debtor_id}).fetchone()
        saved.outrun += current is not None and (current[0], current[2]) != (row["agent_id"], row["rule"])
    elif one.changed:
        saved.changed += 1
        _tell(connection, one.case.debtor_id, one.case.owner or "", one.agent or "", one.team, one.rule, reason, at, by)
    else:
        saved.noted += 1


def _tell(
    connection: sqlite3.Connection,
    debtor_id: int,
    was: str,
    now: str,
    team: str,
    rule: str,
    reason: str,
    at: datetime,
    by: str,
) -> None:
    event = AccountEvent(
        kind=EventKind.OWNER_CHANGED,
        at=at,
        debtor_id=DebtorId(debtor_id),
        actor=by,
        source="assignment",
        payload={"from": was, "to": now, "team": team, "rule": rule, "reason": reason},
    )
    note(connection, event)


def override(
    connection: sqlite3.Connection,
    account_no: str,
    agent: AgentId,
    team: str,
    *,
    reason: str,
    at: datetime,
    by: str,
) -> tuple[DebtorId, ...]:
    """Give the debtor of an account to an agent, whatever the rules say, until it is taken back.

    Args:
        connection: writing.
        account_no: of any account of the debtor; two lenders may use it for two.
        agent: who gets them.
        team: of that agent.
        reason: for the record; not empty.
        at: now, aware.
        by: who says so.

    Raises:
        StoreError: there is no such account, or no reason.
    """
    if not reason.strip():
        raise StoreError("Say why this debtor goes to this agent; the reason is kept on record.")
    return _set(connection, account_no, (agent, team, OVERRIDE, OVERRIDE), reason=reason, at=at, by=by)


def release(
    connection: sqlite3.Connection, account_no: str, *, reason: str, at: datetime, by: str
) -> tuple[DebtorId, ...]:
    """Take an override back: the debtor stays with the agent until the rules are asked again.

    Raises:
        StoreError: there is no such account, no override of it, or no reason.
    """
    if not reason.strip():
        raise StoreError("Say why the override ends; the reason is kept on record.")
    debtors = debtors_of(connection, account_no)
    owners = [connection.execute(_SQL["owner"], {"debtor_id": debtor}).fetchone() for debtor in debtors]
    held = next((owner for owner in owners if owner is not None and owner[2] == OVERRIDE), None)
    if held is None:
        raise StoreError(
            f"Nobody gave the debtor of account {account_no} to an agent by hand; there is nothing to end."
        )
    return _set(connection, account_no, (held[0], held[1], RELEASED, "prior"), reason=reason, at=at, by=by)


def _set(
    connection: sqlite3.Connection,
    account_no: str,
    owner: tuple[str, str, str, str],
    *,
    reason: str,
    at: datetime,
    by: str,
) -> tuple[DebtorId, ...]:
    agent, team, rule, ground = owner
    debtors = debtors_of(connection, account_no)
    for debtor in debtors:
        known = connection.execute(_SQL["owner"], {"debtor_id": debtor}).fetchone()
        row = {
            "debtor_id": debtor,
            "agent_id": agent,
            "team": team,
            "rule": rule,
            "reason": reason,
            "at": moment_text(at),
            "by": by,
            "ground": ground,
        }
        connection.execute(_SQL["set_owner"], row)
        _tell(connection, debtor, "" if known is None else known[0], agent, team, rule, reason, at, by)
    return debtors


def debtors_of(connection: sqlite3.Connection, account_no: str) -> tuple[DebtorId, ...]:
    """The debtors of an account number, which two lenders may use for two.

    Raises:
        NoAccountError: there is no such account; the sentence names ones that are spelled alike.
    """
    found = connection.execute(_SQL["debtors_of_account"], {"account_no": account_no}).fetchall()
    if not found:
        like = account_no[:4].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        known = [number for (number,) in connection.execute(_SQL["similar_accounts"], {"like": like})]
        near = difflib.get_close_matches(account_no, known, n=1)
        hint = " Did you mean one that is spelled almost alike?" if near else ""
        raise NoAccountError(account_no, "There is no account {asked}." + hint)
    return tuple(DebtorId(debtor) for debtor, _ in found)


def faces(connection: sqlite3.Connection, debtors: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Debtors by id, as people know them: name, and the number of their largest account."""
    rows = connection.execute(_SQL["faces"], {"debtors": json.dumps(list(debtors))})
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
    row = connection.execute(_SQL["owner"], {"debtor_id": debtor_id}).fetchone()
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
    rows = connection.execute(_SQL["owned_by"], {"agent_id": agent, "limit": limit})
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
    for agent, debtors, accounts, due in connection.execute(_SQL["loads"]):
        yield agent, debtors, accounts, amount(due)
