"""What assignment decided, into the store; `assigned` reads what is known.

What was decided is written some hundred debtors at a time. Whoever was given to another agent meanwhile, by an override
or by another run, is left alone: the next run looks at them again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dialer.account_events import AccountEvent, EventKind
from dialer.caseload.assigning import Decision
from dialer.caseload.case import OVERRIDE
from dialer.caseload.rules import AssignmentSettings
from dialer.caseload.sentences import explained
from dialer.errors import StoreError
from dialer.store.assigned import SQL, debtors_of
from dialer.store.columns import moment_text
from dialer.store.happened import note
from dialer.store.sqlite import SqliteStore
from dialer.types import AgentId, DebtorId

AT_ONCE: Final = 500
"""Debtors in one transaction: the engine's writes wait no longer than it takes."""
RELEASED: Final = "released"
"""What stands in place of a rule's name when a person took an override back."""


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
    written = connection.execute(SQL["give"], row).rowcount
    if not written:
        current = connection.execute(SQL["owner"], {"debtor_id": one.case.debtor_id}).fetchone()
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
    owners = [connection.execute(SQL["owner"], {"debtor_id": debtor}).fetchone() for debtor in debtors]
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
        known = connection.execute(SQL["owner"], {"debtor_id": debtor}).fetchone()
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
        connection.execute(SQL["set_owner"], row)
        _tell(connection, debtor, "" if known is None else known[0], agent, team, rule, reason, at, by)
    return debtors
