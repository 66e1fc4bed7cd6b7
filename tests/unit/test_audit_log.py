"""The log of decisions: what is in it, what is found when somebody touches it, and what an excerpt proves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dialer.audit import AuditEntry
from dialer.effects import SaveCampaignState, SaveRefusal
from dialer.errors import StoreError
from dialer.store import audit_check, audit_export
from dialer.store.audit import PURGED, debtor_subject
from dialer.store.audit_check import Finding, Flaw, Verified
from dialer.store.chain import Head
from dialer.store.sqlite import SqliteStore
from dialer.types import CampaignState, NextKind, Outcome, StopFlag
from store_cases import AT, CAMPAIGN, account, closed, concluded, number, placed, step, stocked, take, whole_call

LATER = AT + timedelta(hours=2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Two calls, a refusal, a stop flag and a campaign that was paused."""
    made = stocked(SqliteStore.create(tmp_path / "store.db"), [account("a1", 1), account("a2", 2), account("a3", 3)])
    leads = {lead.account_no: lead for lead in take(made)}
    whole_call(made, leads["a1"], "att-1", step(NextKind.RETRY, LATER))
    whole_call(made, leads["a2"], "att-2", step(NextKind.HOLD), Outcome.BRIDGED, conversation=True)
    refusal = SaveRefusal(campaign=CAMPAIGN, lead=leads["a3"], at=AT, rule="hours", reason="night", until_at=LATER)
    paused = SaveCampaignState(campaign=CAMPAIGN, state=CampaignState.PAUSED, at=AT)
    made.apply([refusal, paused])
    yield made
    made.close()


def verified(store: SqliteStore, *noted: Head) -> Verified:
    with store.reading() as database:
        return audit_check.verify(database.conn, noted=noted)


def log(store: SqliteStore) -> list[tuple[str, str, dict[str, object]]]:
    with store.reading() as database:
        rows = database.execute("SELECT action, subject, detail FROM audit ORDER BY seq").fetchall()
    return [(action, subject, json.loads(detail)) for action, subject, detail in rows]


def tamper(store: SqliteStore, *statements: str, **values: object) -> None:
    """As somebody with the file and an SQL shell would."""
    path = store._path
    with sqlite3.connect(path) as raw:
        for trigger in ("audit_stays", "audit_remains"):
            raw.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            raw.execute(statement, values)
    raw.close()


# --- what is in it -------------------------------------------------------------------------------------


def test_every_decision_has_its_entry_in_the_order_of_deciding(store: SqliteStore) -> None:
    call = ["attempt.placed", "attempt.closed", "attempt.concluded"]
    actions = [action for action, _, _ in log(store)]
    assert actions == ["log.begun", *call, *call, "call.refused", "campaign.changed"]


def test_whoever_sets_or_lifts_a_stop_is_in_the_log(store: SqliteStore) -> None:
    with sqlite3.connect(store._path) as raw:
        change = "INSERT INTO stop_changes (at, by, change, flag, number, debtor_id, note) VALUES (?, ?, ?, ?, ?, ?, ?)"
        raw.execute(change, ("2026-03-02T02:00:00.000000Z", "boss", "stopped", "dispute", "", 3, "张三投诉"))
        raw.execute(change, ("2026-03-02T02:00:00.000000Z", "boss", "allowed", "refused", number(9), None, ""))
    raw.close()
    store.release_leases("nobody")  # any transaction takes up what is not in the log yet
    stopped, allowed = log(store)[-2:]
    assert stopped == ("stop.stopped", "debtor:3", {"change": 1, "flag": "dispute"})
    assert allowed[0] == "stop.allowed" and allowed[1].startswith("number:")
    assert excerpt_of_number(store, 9)["entries"]


def test_a_permit_is_recorded_with_what_it_checked_and_a_refusal_with_its_rule(store: SqliteStore) -> None:
    told = {action: detail for action, _, detail in reversed(log(store))}
    assert told["attempt.placed"]["rules"] == ["hours", "caps"]
    assert told["attempt.placed"]["attempt"] == "att-1"
    assert told["call.refused"]["rule"] == "hours"
    assert told["attempt.concluded"]["next_kind"] == "retry"


def test_the_log_holds_no_number_and_no_name(store: SqliteStore) -> None:
    text = json.dumps(log(store), ensure_ascii=False)
    assert not any(number(index)[1:] in text for index in (1, 2, 3))
    assert "王" not in text


def test_what_is_not_committed_is_not_in_the_log(store: SqliteStore) -> None:
    before = log(store)
    (lead,) = take(store, at=LATER + timedelta(minutes=1), limit=1)
    with pytest.raises(StoreError):
        store.apply([placed(lead, "att-9"), concluded(lead, "never-saved", step(NextKind.CLOSED))])
    assert log(store) == before
    assert verified(store).finding is None


def test_a_second_closing_decides_nothing_and_is_not_recorded(store: SqliteStore) -> None:
    before = log(store)
    store.apply([closed("att-1", Outcome.BUSY)])
    assert log(store) == before


def test_an_attempt_that_is_barred_at_its_commit_is_a_refusal(store: SqliteStore) -> None:
    (lead,) = take(store, at=LATER + timedelta(minutes=1), limit=1)
    store.add_stop(lead.account_no, StopFlag.COMPLAINT, by="boss", at=LATER)
    assert store.apply([placed(lead, "att-9", at=LATER)])
    action, subject, detail = log(store)[-1]
    assert (action, subject) == ("call.refused", debtor_subject(lead.debtor_id))
    assert detail["at_commit"]
    assert verified(store).finding is None


def test_a_request_stands_in_the_same_chain(store: SqliteStore) -> None:
    store.audit(
        AuditEntry(at=AT, actor="li", role="supervisor", action="campaign.pause", subject="june", detail="allowed")
    )
    assert verified(store).finding is None
    with store.reading() as database:
        last = database.execute("SELECT actor, role, action FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    assert last == ("li", "supervisor", "campaign.pause")


def test_what_is_no_text_is_recorded_all_the_same(store: SqliteStore) -> None:
    store.audit(AuditEntry(at=AT, actor="li", role="", action="dialer why", subject="\udcff", detail="\ud800x"))
    assert verified(store).finding is None


def test_the_log_of_an_older_store_says_how_many_attempts_it_does_not_know(tmp_path: Path) -> None:
    store = stocked(SqliteStore.create(tmp_path / "old.db"), [account("a1", 1), account("a2", 2)])
    leads = take(store)
    whole_call(store, leads[0], "att-1", step(NextKind.RETRY, LATER))
    tamper(store, "DELETE FROM audit", "UPDATE audit_head SET seq = 0, hash = zeroblob(32)")  # as before the migration
    whole_call(store, leads[1], "att-2", step(NextKind.RETRY, LATER))
    told = verified(store)
    store.close()
    assert (told.finding, told.older, told.attempts) == (None, 1, 1)


# --- what is found -------------------------------------------------------------------------------------


def test_nothing_is_found_where_nothing_was_touched(store: SqliteStore) -> None:
    told = verified(store)
    assert (told.finding, told.attempts, told.older) == (None, 2, 0)
    assert told.entries == told.head.seq == len(log(store))


def test_sqlite_itself_refuses_to_change_or_remove_an_entry(store: SqliteStore) -> None:
    with sqlite3.connect(store._path) as raw:
        for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                raw.execute(statement)
    raw.close()


@pytest.mark.parametrize(
    ("statements", "finding"),
    [
        (["UPDATE audit SET detail = replace(detail, 'hours', 'zone') WHERE seq = 2"], (Flaw.CHANGED, 2)),
        (["DELETE FROM audit WHERE seq = 4"], (Flaw.MISSING, 4)),
        (["DELETE FROM audit WHERE seq = 4", "UPDATE audit SET seq = -seq WHERE seq > 4",
          "UPDATE audit SET seq = -seq - 1 WHERE seq < 0"], (Flaw.MISPLACED, 4)),
        (["UPDATE audit SET seq = -3 WHERE seq = 3", "UPDATE audit SET seq = 3 WHERE seq = 4",
          "UPDATE audit SET seq = 4 WHERE seq = -3"], (Flaw.MISPLACED, 3)),
        (["INSERT INTO audit SELECT 0, at, actor, role, action, subject, detail, prev_hash, hash FROM audit "
          "WHERE seq = 1"], (Flaw.MISPLACED, 0)),
        (["INSERT INTO audit SELECT max(seq) + 1, at, actor, role, action, subject, detail, hash, hash FROM audit"],
         (Flaw.CHANGED, 10)),
        (["DELETE FROM audit WHERE seq >= 9"], (Flaw.CUT_OFF, 9)),
    ],
)  # fmt: skip
def test_the_first_entry_that_was_touched_is_named(
    store: SqliteStore, statements: list[str], finding: tuple[Flaw, int]
) -> None:
    tamper(store, *statements)
    found = verified(store).finding
    assert found is not None
    assert (found.flaw, found.seq) == finding


def test_a_log_that_was_made_anew_is_found_by_a_head_that_was_noted(store: SqliteStore) -> None:
    noted = verified(store).head
    tamper(store, "DELETE FROM audit", "UPDATE audit_head SET seq = 0, hash = zeroblob(32)")
    store.audit(AuditEntry(at=AT, actor="x", role="", action="log.forged"))
    assert verified(store).finding is None, "it cannot be told from the file alone"
    found = verified(store, noted).finding
    assert found is not None and found.flaw is Flaw.CUT_OFF
    same_place = verified(store, Head(seq=1, hash=noted.hash)).finding
    assert same_place == Finding(flaw=Flaw.OTHER_HEAD, seq=1)


@pytest.mark.parametrize(
    ("statement", "flaw", "column"),
    [
        ("UPDATE attempts SET number = '+8613911111111' WHERE attempt_id = 'att-1'", Flaw.ATTEMPT_CHANGED, "number"),
        ("UPDATE attempts SET outcome = 'busy' WHERE attempt_id = 'att-1'", Flaw.ATTEMPT_CHANGED, "outcome"),
        ("UPDATE attempts SET at = '2026-03-01' WHERE attempt_id = 'att-2'", Flaw.ATTEMPT_CHANGED, "at"),
        ("UPDATE dispositions SET conversation = 0 WHERE attempt_id = 'att-2'", Flaw.ATTEMPT_CHANGED, "conversation"),
        ("DELETE FROM attempts WHERE attempt_id = 'att-2'", Flaw.ATTEMPT_MISSING, ""),
    ],
)  # fmt: skip
def test_an_attempt_that_the_ledger_tells_differently_is_named(
    store: SqliteStore, statement: str, flaw: Flaw, column: str
) -> None:
    tamper(store, statement)
    found = verified(store).finding
    assert found is not None
    assert (found.flaw, found.column) == (flaw, column)
    assert found.attempt_id in statement


def test_an_attempt_that_was_slipped_into_the_ledger_is_named(store: SqliteStore) -> None:
    columns = (
        "campaign, account_id, debtor_id, phone_id, number, server, trunk, caller_id, permit_rules, at, disposed_at"
    )
    tamper(store, f"INSERT INTO attempts (attempt_id, {columns}) SELECT 'att-x', {columns} FROM attempts LIMIT 1")
    found = verified(store).finding
    assert found is not None
    assert (found.flaw, found.attempt_id) == (Flaw.ATTEMPT_UNLOGGED, "att-x")


def test_records_that_were_purged_on_record_do_not_break_the_chain(store: SqliteStore) -> None:
    with store.reading() as database:
        ((debtor_id,),) = database.execute("SELECT debtor_id FROM attempts WHERE attempt_id = 'att-1'").fetchall()
    tamper(
        store, "DELETE FROM dispositions WHERE attempt_id = 'att-1'", "DELETE FROM attempts WHERE attempt_id = 'att-1'"
    )
    assert verified(store).finding is not None
    store.audit(AuditEntry(at=AT, actor="li", role="admin", action=PURGED, subject=debtor_subject(debtor_id)))
    assert verified(store).finding is None


# --- excerpts ------------------------------------------------------------------------------------------


def excerpt_of_number(store: SqliteStore, index: int) -> dict[str, object]:
    with store.reading() as database:
        told = audit_export.document(audit_export.of_number(database.conn, number(index)))
    again: dict[str, object] = json.loads(json.dumps(told))
    return again


def test_an_excerpt_holds_all_of_a_number_and_nothing_of_others(store: SqliteStore) -> None:
    told = excerpt_of_number(store, 1)
    entries = told["entries"]
    assert isinstance(entries, list)
    assert [one["action"] for one in entries] == ["attempt.placed", "attempt.closed", "attempt.concluded"]
    assert {one["account_no"] for one in entries if one["account_no"]} == {"****"}
    assert {one["number"] for one in entries if one["number"]} == {"+86 139****0001"}


def test_an_excerpt_of_a_debtor_or_a_day_holds_what_concerns_it(store: SqliteStore) -> None:
    with store.reading() as database:
        of_a3 = audit_export.of_debtor(database.conn, "a3")
        of_day = audit_export.of_span(database.conn, AT, AT + timedelta(seconds=1))
        nothing = audit_export.of_span(database.conn, LATER, LATER + timedelta(days=1))
    assert "call.refused" in [one.fields.action for one in of_a3.entries]
    assert len(of_day.entries) == len(log(store))
    assert audit_export.wrong_entry(audit_export.document(nothing)) is None


def test_an_excerpt_proves_itself_and_shows_every_change(store: SqliteStore) -> None:
    told = excerpt_of_number(store, 2)
    assert audit_export.wrong_entry(told) is None
    entries, digests = told["entries"], told["digests"]
    assert isinstance(entries, list) and isinstance(digests, list)
    assert audit_export.wrong_entry(told | {"digests": digests[:-1]}) == 0
    assert audit_export.wrong_entry(told | {"head": {"seq": 99, "hash": "00" * 32}}) == 0
    for spot, one in enumerate(entries):
        for key, value in one.items():
            if key in ("account_no", "number"):
                continue
            other = value + 1 if isinstance(value, int) else value[:-1] + ("1" if value[-1:] == "0" else "0")
            changed = [*entries[:spot], one | {key: other}, *entries[spot + 1 :]]
            assert audit_export.wrong_entry(told | {"entries": changed}) is not None, key


def test_what_is_no_excerpt_is_told_apart() -> None:
    for told in ({}, {"format": "x", "entries": [], "digests": [], "head": {}}, {"entries": 1}):
        with pytest.raises(ValueError, match="no excerpt"):
            audit_export.wrong_entry(told)
