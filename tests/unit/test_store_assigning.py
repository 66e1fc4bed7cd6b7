"""Debtors out of the store as assignment sees them, and decisions back into it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dialer.account_events import EventKind
from dialer.caseload.assigning import Ground, assign
from dialer.caseload.case import Case
from dialer.caseload.rules import AssignmentRule, AssignmentSettings, KeepSettings
from dialer.errors import StoreError
from dialer.ordering.worth import RecoveryModel
from dialer.settings import AgentSettings
from dialer.store import assigned, assigning, happened
from dialer.store.sqlite import SqliteStore
from dialer.types import AgentId, NextKind, Outcome, ServerName, StopFlag
from store_cases import AT, account, step, stocked, take, whole_call

ANN, BEN = AgentId("ann"), AgentId("ben")
STAFF = tuple(
    AgentSettings(id=name, name=name, server=ServerName("a"), extension="1", secret="", skills={"late": 3}, team="late")
    for name in (ANN, BEN)
)
SETTINGS = AssignmentSettings(rules=(AssignmentRule(name="all", skill="late", level=2),))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    one = SqliteStore.create(tmp_path / "store.sqlite")
    yield one
    one.close()


def read(store: SqliteStore, *, days: int = 0) -> tuple[Case, ...]:
    with store.reading() as database:
        return assigned.cases(database.conn, RecoveryModel(), SETTINGS, AT + timedelta(days=days))


def run(store: SqliteStore, *, days: int = 0, settings: AssignmentSettings = SETTINGS) -> assigning.Saved:
    found = assign(read(store, days=days), STAFF, settings).decisions
    return assigning.save(store, found, settings, at=AT + timedelta(days=days), by="boss")


def owner(store: SqliteStore, account_no: str) -> assigned.Owner | None:
    with store.reading() as database:
        (debtor,) = assigned.debtors_of(database.conn, account_no)
        return assigned.owner_of(database.conn, debtor)


def test_a_debtor_is_read_with_all_accounts_that_are_worked_on(store: SqliteStore) -> None:
    stocked(
        store,
        [account("a", 1, debtor="d", due="100.00", days=70), account("b", 1, debtor="d", due="900.00", days=5)],
    )
    (case,) = read(store)
    assert (case.accounts, case.amount_due, case.days_past_due, case.bucket) == (2, Decimal("1000.00"), 70, "M3")
    assert case.expected == Decimal("8.00") + Decimal("180.00")
    store.add_stop("a", "deceased", by="boss", at=AT)
    assert read(store) == ()


def test_what_was_decided_is_written_told_and_leased_with_the_lead(store: SqliteStore) -> None:
    stocked(store, [account("a", 1), account("b", 2)])
    assert run(store).changed == 2
    leads = {lead.account_no: lead for lead in take(store)}
    assert {lead.owner for lead in leads.values()} == {ANN, BEN}
    assert {(lead.owner_team, lead.skill, lead.level) for lead in leads.values()} == {("late", "late", 2)}
    with store.reading() as database:
        events = [one for one in happened.after(database.conn, 0) if one.kind is EventKind.OWNER_CHANGED]
    assert len(events) == 2
    assert {json.dumps(dict(one.payload), sort_keys=True) for one in events} == {
        json.dumps(
            {
                "from": "",
                "to": name,
                "team": "late",
                "rule": "all",
                "reason": "新分；规则“all”，late ≥ 2 · given out; rule 'all', late at least 2",
            },
            sort_keys=True,
        )
        for name in (ANN, BEN)
    }


def test_the_same_decision_again_is_no_news(store: SqliteStore) -> None:
    stocked(store, [account("a", 1), account("b", 2)])
    run(store)
    before = owner(store, "a")
    assert run(store, days=1) == assigning.Saved(noted=2)  # now kept, and no more given out
    assert run(store, days=2) == assigning.Saved()
    after = owner(store, "a")
    assert before is not None and after is not None
    assert (before.agent, before.since) == (after.agent, after.since)


def test_a_debtor_whom_the_owner_did_not_reach_moves_and_one_who_was_reached_stays(store: SqliteStore) -> None:
    stocked(store, [account("a", 1), account("b", 2)])
    run(store)
    first = {name: owner(store, name) for name in ("a", "b")}
    (lead,) = [one for one in take(store, at=AT + timedelta(days=9)) if one.account_no == "a"]
    retry = step(NextKind.RETRY, AT + timedelta(days=16))
    whole_call(store, lead, "t", retry, Outcome.BRIDGED, at=AT + timedelta(days=9), conversation=True)
    run(store, days=15)
    second = {name: owner(store, name) for name in ("a", "b")}
    assert first["a"].agent == second["a"].agent  # type: ignore[union-attr]
    assert first["b"].agent != second["b"].agent  # type: ignore[union-attr]


def test_whoever_had_to_do_with_a_debtor_before_a_complaint_does_not_get_them_again(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    run(store)
    before = owner(store, "a")
    assert before is not None and before.agent is not None
    at = AT + timedelta(days=1)
    store.add_stop("a", StopFlag.COMPLAINT, by="boss", at=at)
    store.lift_stop("a", "", by="boss", at=at + timedelta(hours=1), note="settled")
    assert run(store, days=2).changed == 1
    moved = owner(store, "a")
    assert moved is not None and moved.agent not in (None, before.agent)
    (case,) = read(store, days=3)
    assert case.avoid == {before.agent}
    assert run(store, days=30, settings=SETTINGS).changed == 0  # nobody else may: the other one goes on
    (case,) = read(store, days=300)
    assert case.avoid == frozenset()


def test_an_override_stays_until_it_is_taken_back_with_a_reason(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    with store.writing() as connection:
        assigning.override(connection, "a", ANN, "late", reason="knows the family", at=AT, by="boss")
    run(store, days=50)
    kept = owner(store, "a")
    assert kept is not None
    assert (kept.agent, kept.rule, kept.reason, kept.given_by) == (ANN, "override", "knows the family", "boss")
    with store.writing() as connection:
        assigning.release(connection, "a", reason="back from leave", at=AT, by="boss")
    assert run(store, days=50).changed == 1
    now = owner(store, "a")
    assert now is not None and now.agent == BEN


def test_an_override_needs_an_account_and_a_reason(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    with store.writing() as connection:
        with pytest.raises(StoreError, match="Say why"):
            assigning.override(connection, "a", ANN, "late", reason=" ", at=AT, by="boss")
        with pytest.raises(StoreError, match="no account zzz"):
            assigning.override(connection, "zzz", ANN, "late", reason="x", at=AT, by="boss")
        with pytest.raises(StoreError, match="nothing to end"):
            assigning.release(connection, "a", reason="x", at=AT, by="boss")


def test_who_was_given_to_somebody_meanwhile_is_left_alone(store: SqliteStore) -> None:
    stocked(store, [account("a", 1), account("b", 2)])
    decisions = assign(read(store), STAFF, SETTINGS).decisions
    taken = decisions[0].agent
    other = BEN if taken == ANN else ANN
    with store.writing() as connection:
        assigning.override(connection, "a", other, "late", reason="meanwhile", at=AT, by="boss")
    saved = assigning.save(store, decisions, SETTINGS, at=AT, by="boss")
    assert (saved.changed, saved.outrun) == (1, 1)
    kept = owner(store, "a")
    assert kept is not None and kept.agent == other


def test_a_debtor_for_whom_nobody_has_room_waits_for_the_team(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    nobody = AssignmentSettings(rules=(AssignmentRule(name="all", skill="late", level=5, team="late"),))
    run(store, settings=nobody)
    found = owner(store, "a")
    assert found is not None
    assert (found.agent, found.team, found.rule) == (None, "late", "all")
    (lead,) = take(store)
    assert (lead.owner, lead.owner_team, lead.level) == (None, "late", 5)


def test_an_agent_debtors_and_everybodys_loads_are_told(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, due="5.00"), account("b", 2, due="7.00"), account("c", 3, due="9.00")])
    with store.writing() as connection:
        for name in ("a", "b"):
            assigning.override(connection, name, ANN, "late", reason="x", at=AT, by="boss")
    with store.reading() as database:
        owned = assigned.owned_by(database.conn, ANN, limit=10)
        assert {who: tuple(rest) for who, *rest in assigned.loads(database.conn)} == {
            "": (1, 1, Decimal("9.00")),
            "ann": (2, 2, Decimal("12.00")),
        }
    assert [one.account_no for one in owned] == ["b", "a"]


def test_a_promise_keeps_the_debtor_with_its_agent(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    with store.writing() as connection:
        assigning.override(connection, "a", ANN, "late", reason="x", at=AT, by="boss")
        assigning.release(connection, "a", reason="x", at=AT, by="boss")
        connection.execute(
            "INSERT INTO promises (account_id, agent_id, amount_cents, due_on, at) VALUES (1, 'ben', 100, ?, ?)",
            ("2026-03-20", "2026-03-02T00:00:00.000000Z"),
        )
    run(store, days=15, settings=AssignmentSettings(rules=SETTINGS.rules, keep=KeepSettings(move_after_days=1)))
    found = owner(store, "a")
    assert found is not None and found.agent == BEN
    (case,) = read(store, days=15)
    assert (case.promised_to, assign([case], STAFF, SETTINGS).decisions[0].ground) == (BEN, Ground.PROMISE)
