"""Debtors whose grade has just become worse, and whose owner is not who should look after such ones: to somebody else.

Rules
- Only who has an owner is handed on, by the rules of `assignment.yaml` and to somebody who has room; what a person
  decided, and whoever holds a live promise, stays. Nobody better has room: the owner keeps them.
- Of those who may, it is the one with the fewest debtors for their share. Evenness among all is `dialer assign`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from dialer.caseload.assigning import Decision, assign
from dialer.caseload.rules import AssignmentSettings
from dialer.ordering.worth import RecoveryModel
from dialer.settings import AgentSettings
from dialer.store import assigned, assigning
from dialer.store.sqlite import SqliteStore

BY = "risk"


def hand_on(
    store: SqliteStore,
    debtors: Iterable[int],
    agents: Sequence[AgentSettings],
    settings: AssignmentSettings,
    recovery: RecoveryModel,
    at: datetime,
) -> tuple[Decision, ...]:
    """Ask the rules again about some debtors; returns those who changed hands.

    Args:
        store: open.
        debtors: whose grade is another one.
        agents: who there is.
        settings: of `assignment.yaml`.
        recovery: what accounts are expected to bring; rules may ask for it.
        at: now, aware.
    """
    moved = []
    for debtor_id in debtors:
        with store.reading() as database:
            counts = {agent: count for agent, count, _, _ in assigned.loads(database.conn)}
            found = assigned.cases(database.conn, recovery, settings, at, debtor_id=debtor_id)
        owned = [one for one in found if one.owner is not None]
        ready = _by_load(agents, counts, settings, {str(one.owner) for one in owned})
        decided = assign(owned, ready, settings).decisions if owned else ()
        better = [one for one in decided if one.changed and one.agent is not None]
        if better:
            assigning.save(store, better, settings, at=at, by=BY)
            moved += better
    return tuple(moved)


def _by_load(
    agents: Sequence[AgentSettings], counts: dict[str, int], settings: AssignmentSettings, owners: set[str]
) -> list[AgentSettings]:
    """Those who have room, and the owner so far; who has the fewest debtors first."""
    capacity = settings.capacity
    free = [one for one in agents if one.id in owners or counts.get(one.id, 0) < capacity.of(one.id)]
    return sorted(free, key=lambda one: counts.get(one.id, 0) / max(1e-9, capacity.share.get(one.id, 1.0)))
