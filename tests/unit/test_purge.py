"""Purging: what is past its period goes, what must be kept stays, and the file holds nothing of it any more."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from dialer.effects import SaveCallEvent
from dialer.errors import NoAccountError, WriteRefusedError
from dialer.leads import Promise
from dialer.retention import Periods, Schedule
from dialer.store.audit_check import verify
from dialer.store.holding import holds, set_hold
from dialer.store.purging import Order, manifest_sha256, manifest_text, purge
from dialer.store.reports import campaign_report, export_accounts, export_attempts
from dialer.store.sqlite import SqliteStore
from dialer.types import AttemptId, NextKind, Outcome, StopFlag
from store_cases import AT, CAMPAIGN, LIST, account, closed, concluded, number, placed, step, stocked, take

DAY = timedelta(days=1)
SCHEDULE = Schedule(
    by_campaign={CAMPAIGN: Periods(ledger_days=100, recording_days=50)},
    by_list={LIST: Periods(ledger_days=100, recording_days=50)},
)
MARKS = ("MARKNAME", "+8613900000001", "13900000001", "MARKACCOUNT", "MARKREMARK", "MARKNOTE", "MARKEVENT", "77777")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recordings").mkdir()
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.create(folder / "dialer.sqlite")) as opened:
        yield opened


def order(folder: Path, after_days: float, **more: object) -> Order:
    made = Order(
        at=AT + after_days * DAY,
        actor="chen",
        role="admin",
        schedule=SCHEDULE,
        recordings_path=folder / "recordings",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def lived(store: SqliteStore, folder: Path, *, stop: StopFlag | None = None, promised: bool = False) -> None:
    """Two debtors, one of them marked in every place that holds texts, each with a recorded call."""
    marked = replace(
        account("MARKACCOUNT-1", 1), debtor_name="MARKNAME小明", remark="MARKREMARK", principal=Decimal("77777.77")
    )
    stocked(store, [marked, account("other-2", 2)])
    for lead in take(store):
        is_marked = lead.account_no.startswith("MARK")
        attempt_id = "att-marked" if is_marked else "att-other"
        for part in ("", "-customer", "-agent"):
            (folder / "recordings" / f"{attempt_id}{part}.wav").write_bytes(attempt_id.encode() + part.encode())
        store.apply([placed(lead, attempt_id)])
        store.apply(
            [
                SaveCallEvent(
                    attempt_id=AttemptId(attempt_id),
                    at=AT,
                    event="call.talking",
                    detail="MARKEVENT" if is_marked else "",
                )
            ]
        )
        done = concluded(
            lead,
            attempt_id,
            step(NextKind.NEVER if stop else NextKind.CLOSED),
            Outcome.BRIDGED,
            agent="a01",
            code="ptp",
            conversation=True,
            stop=stop if is_marked else None,
            promise=Promise(amount=Decimal("1234.00"), due_on=AT.date()) if promised and is_marked else None,
        )
        closing_write = closed(attempt_id, Outcome.BRIDGED, agent="a01", wait_s=0.5, recording=attempt_id)
        store.apply([closing_write, replace(done, note=f"MARKNOTE {lead.number}" if is_marked else "")])


def raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("dialer.sqlite*")))


def found_in(folder: Path) -> set[str]:
    content = raw(folder)
    return {mark for mark in MARKS if mark.encode() in content}


def attempts(store: SqliteStore) -> list[tuple[object, ...]]:
    with store.reading() as database:
        return list(database.execute("SELECT attempt_id, at, outcome, debtor_id, abandoned FROM attempts ORDER BY 1"))


def test_what_is_past_its_period_is_gone_from_the_file_itself(store: SqliteStore, folder: Path) -> None:
    lived(store, folder, promised=True)
    before = attempts(store)
    assert found_in(folder) == set(MARKS) - {"77777"}  # amounts are whole cents, not texts
    manifest = purge(store, order(folder, 101))
    assert found_in(folder) == set()
    assert (manifest.debtors, manifest.kept) == (2, {})
    assert attempts(store) == before  # still counted, without a number
    assert list((folder / "recordings").iterdir()) == []
    with store.reading() as database:
        rest = list(database.execute("SELECT principal_cents, amount_due_cents, state FROM accounts"))
        assert rest == [(None, 0, "closed")] * 2
        assert database.execute("SELECT count(*) FROM call_events").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM promises").fetchone() == (0,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_reports_count_what_they_counted_before(store: SqliteStore, folder: Path) -> None:
    lived(store, folder)
    before = campaign_report(store, CAMPAIGN, LIST, AT - DAY, AT + DAY)
    purge(store, order(folder, 101))
    after = campaign_report(store, CAMPAIGN, LIST, AT - DAY, AT + DAY)
    assert after == before
    assert "MARK" not in str([*export_attempts(store, unmasked=True), *export_accounts(store, LIST, unmasked=True)])


def test_the_manifest_proves_what_it_was_and_names_nobody(store: SqliteStore, folder: Path) -> None:
    lived(store, folder)
    manifest = purge(store, order(folder, 101))
    assert {table: rows.rows for table, rows in manifest.removed.items()} == {
        "call_events": 2,
        "recordings": 2,
        "account_events": 2,
    }
    assert {table: rows.rows for table, rows in manifest.blanked.items()} == {
        "attempts": 2,
        "dispositions": 2,
        "accounts": 2,
        "phones": 2,
    }
    assert manifest.blanked["attempts"].ids_sha256 == sha256(b"att-marked\natt-other").hexdigest()
    (one,) = (file for file in manifest.recordings if file.name == "att-marked-agent.wav")
    assert (one.size_bytes, one.sha256) == (16, sha256(b"att-marked-agent").hexdigest())
    text = manifest_text(manifest)
    assert not any(mark in text for mark in MARKS)
    with store.reading() as database:
        kept = database.execute("SELECT manifest, manifest_sha256, actor FROM purge_runs").fetchone()
        log = database.execute("SELECT actor, role, action, subject, detail FROM audit ORDER BY seq").fetchall()
    assert kept == (text, manifest_sha256(text), "chen")
    purged = [row for row in log if row[2] in ("records.purged", "purge.done")]
    assert [row[:3] for row in purged] == [("chen", "admin", "records.purged")] * 2 + [("chen", "admin", "purge.done")]
    assert json.loads(purged[-1][4])["manifest_sha256"] == manifest_sha256(text)


def test_the_log_of_decisions_still_agrees_with_what_is_left(store: SqliteStore, folder: Path) -> None:
    lived(store, folder)
    purge(store, order(folder, 101, account_no="MARKACCOUNT-1"))
    with store.reading() as database:
        assert verify(database.conn).finding is None


def test_a_dry_run_says_the_same_and_changes_nothing(store: SqliteStore, folder: Path) -> None:
    lived(store, folder)
    with store.reading() as database:
        before = list(database.conn.iterdump())
    said = purge(store, order(folder, 101, dry_run=True))
    with store.reading() as database:
        assert list(database.conn.iterdump()) == before
    assert len(list((folder / "recordings").iterdir())) == 6
    done = purge(store, order(folder, 101))
    assert replace(said, dry_run=False) == done


@pytest.mark.parametrize(("days", "gone"), [(49.9, 0), (50.1, 2), (99.9, 2)])
def test_recordings_have_a_period_of_their_own(store: SqliteStore, folder: Path, days: float, gone: int) -> None:
    lived(store, folder)
    manifest = purge(store, order(folder, days))
    assert manifest.debtors == 0
    assert len(manifest.recordings) == 3 * gone
    assert len(list((folder / "recordings").iterdir())) == 6 - 3 * gone
    assert "MARKNAME" in found_in(folder)


def test_before_only_ever_spares_more(store: SqliteStore, folder: Path) -> None:
    lived(store, folder)
    assert purge(store, order(folder, 101, before=AT - 2 * DAY)).debtors == 0
    assert purge(store, order(folder, 90, before=AT + 80 * DAY)).debtors == 0  # the period still holds
    assert purge(store, order(folder, 200, before=AT + DAY)).debtors == 2


def test_one_debtor_alone_can_be_asked_for(store: SqliteStore, folder: Path) -> None:
    lived(store, folder)
    assert purge(store, order(folder, 101, account_no="MARKACCOUNT-1")).debtors == 1
    assert found_in(folder) == set()
    with store.reading() as database:
        assert database.execute("SELECT account_no FROM accounts ORDER BY 1").fetchall()[0] == ("other-2",)
    with pytest.raises(NoAccountError, match="There is no account"):
        purge(store, order(folder, 101, account_no="nobody"))


@pytest.mark.parametrize(
    ("stop", "reason"),
    [(StopFlag.DISPUTE, "dispute"), (StopFlag.PROMISE_OPEN, "plan"), (StopFlag.PLAN_PERFORMING, "plan")],
)
def test_a_dispute_or_an_open_plan_keeps_everything(
    store: SqliteStore, folder: Path, stop: StopFlag, reason: str
) -> None:
    lived(store, folder, stop=stop)
    manifest = purge(store, order(folder, 4000))
    assert (manifest.debtors, manifest.kept) == (1, {reason: 1})
    assert {"MARKNAME", "MARKNOTE", "MARKACCOUNT"} <= found_in(folder)
    assert len(list((folder / "recordings").iterdir())) == 3


def test_a_hold_keeps_everything_until_it_is_ended(store: SqliteStore, folder: Path) -> None:
    lived(store, folder)
    assert set_hold(store, "MARKACCOUNT-1", on=True, by="chen", role="admin", at=AT, note="诉讼") == 1
    assert [(one.account_no, one.by, one.note) for one in holds(store)] == [("MARKACCOUNT-1", "chen", "诉讼")]
    assert purge(store, order(folder, 4000)).kept == {"hold": 1}
    assert "MARKNAME" in found_in(folder)
    set_hold(store, "MARKACCOUNT-1", on=False, by="chen", role="admin", at=AT)
    assert holds(store) == ()
    assert purge(store, order(folder, 4001)).debtors == 1
    assert "MARKNAME" not in found_in(folder)
    with pytest.raises(NoAccountError, match="There is no account"):
        set_hold(store, "nobody", on=True, by="chen", role="admin", at=AT)


def test_what_limits_still_count_stays_even_where_a_profile_keeps_nothing(store: SqliteStore, folder: Path) -> None:
    lived(store, folder)
    nothing = Schedule(
        by_campaign={CAMPAIGN: Periods(ledger_days=0, recording_days=0)},
        by_list={LIST: Periods(ledger_days=0, recording_days=0)},
    )
    assert purge(store, order(folder, 31.5, schedule=nothing)).kept == {"counted": 2}
    touched = [row["number"] for row in export_attempts(store, unmasked=True)]
    assert touched == [number(1), number(2)]
    assert purge(store, order(folder, 32.5, schedule=nothing)).debtors == 2


def test_a_no_that_was_for_good_outlives_the_records(store: SqliteStore, folder: Path) -> None:
    lived(store, folder, stop=StopFlag.DO_NOT_CALL)
    manifest = purge(store, order(folder, 101))
    assert manifest.suppressed_numbers == 1
    assert found_in(folder) == set()
    at = AT + 102 * DAY
    store.import_accounts(LIST, "again.csv", [account("again", 1), account("fresh", 3)], at)
    dialable = take(store, at=at)
    barred = store.apply([placed(lead, f"att-{lead.account_no}", at=at) for lead in dialable])
    left = {lead.account_no for lead in dialable} - {"again" for bar in barred if "again" in str(bar)}
    assert left == {"fresh"}


def test_a_second_run_finds_nothing_and_a_crash_before_it_is_caught_up(store: SqliteStore, folder: Path) -> None:
    lived(store, folder)
    (folder / "recordings" / "att-marked.wav").unlink()  # a run that died after it had deleted a file or all
    for part in ("-customer", "-agent"):
        (folder / "recordings" / f"att-other{part}.wav").unlink()
    (folder / "recordings" / "att-other.wav").unlink()
    first = purge(store, order(folder, 101))
    assert (len(first.recordings), first.missing_recordings, first.debtors) == (2, 1, 2)
    again = purge(store, order(folder, 102))
    assert (again.debtors, again.recordings, again.removed, again.blanked) == (0, (), {}, {})


@pytest.mark.parametrize("stem", ["../secret", "att-*", "", "a/b"])
def test_a_stem_that_is_no_name_deletes_nothing(store: SqliteStore, folder: Path, stem: str) -> None:
    lived(store, folder)
    (folder / "secret.wav").write_bytes(b"keep")
    with store.writing() as connection:
        connection.execute("UPDATE recordings SET stem = ? WHERE attempt_id = 'att-marked'", (stem,))
    purge(store, order(folder, 60))
    assert (folder / "secret.wav").exists()
    assert len(list((folder / "recordings").iterdir())) == 3


def test_recorded_facts_go_after_their_own_time(store: SqliteStore, folder: Path) -> None:
    (folder / "facts").mkdir()
    for name, age_days in (("old.facts.gz", 31), ("new.facts.gz", 29), ("old.txt", 99)):
        path = folder / "facts" / name
        path.write_bytes(b"facts")
        at_s = (AT - age_days * DAY).timestamp()
        os.utime(path, (at_s, at_s))
    manifest = purge(store, order(folder, 0, facts_path=folder / "facts", facts_keep_s=30 * 86_400.0))
    assert [file.name for file in manifest.facts] == ["old.facts.gz"]
    assert sorted(path.name for path in (folder / "facts").iterdir()) == ["new.facts.gz", "old.txt"]


# --- the histories are closed to everybody else --------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM call_events",
        "UPDATE call_events SET detail = ''",
        "UPDATE stop_changes SET note = ''",
        "DELETE FROM stop_changes",
        "DELETE FROM legal_holds",
        "UPDATE legal_holds SET state = 'off'",
    ],
)
def test_without_a_pass_no_history_gives_way(store: SqliteStore, folder: Path, statement: str) -> None:
    lived(store, folder, stop=StopFlag.REFUSED)
    set_hold(store, "other-2", on=True, by="chen", role="admin", at=AT)
    store.add_stop("other-2", "dispute", by="chen", at=AT, note="n")
    with pytest.raises(WriteRefusedError, match="append-only"), store.writing() as connection:
        connection.execute(statement)


def test_a_pass_for_one_debtor_opens_nothing_of_another(store: SqliteStore, folder: Path) -> None:
    lived(store, folder)
    with pytest.raises(WriteRefusedError, match="append-only"), store.writing() as connection:
        connection.execute("UPDATE purge_moment SET at = '2030-01-01T00:00:00.000000Z'")
        connection.execute("INSERT INTO purge_passes (debtor_id, run_id) VALUES (1, 'x')")
        connection.execute("DELETE FROM call_events")


def test_the_store_gives_no_pass_for_what_must_be_kept(store: SqliteStore, folder: Path) -> None:
    lived(store, folder, stop=StopFlag.DISPUTE)
    with pytest.raises(WriteRefusedError, match="must be kept"), store.writing() as connection:
        connection.execute("UPDATE purge_moment SET at = '2030-01-01T00:00:00.000000Z'")
        connection.execute("INSERT INTO purge_passes (debtor_id, run_id) SELECT debtor_id, 'x' FROM stop_flags")
    with pytest.raises(WriteRefusedError, match="must be kept"), store.writing() as connection:
        # No moment was said: everything counts as young.
        connection.execute("INSERT INTO purge_passes (debtor_id, run_id) VALUES (1, 'x'), (2, 'x')")


def test_the_periods_of_several_profiles_are_the_longest() -> None:
    long, short = Periods(ledger_days=200, recording_days=10), Periods(ledger_days=20, recording_days=100)
    schedule = Schedule(by_campaign={"a": long, "b": short}, by_list={"l": short}, otherwise=long)
    assert schedule.of(["a", "b"]) == Periods(ledger_days=200, recording_days=100)
    assert schedule.of(["b"], ["l"]) == short
    assert schedule.of(["gone"]) == long
    assert schedule.of([]) == long
    assert schedule.shortest == Periods(ledger_days=20, recording_days=10)


def test_a_moment_without_its_zone_is_refused(store: SqliteStore, folder: Path) -> None:
    with pytest.raises(ValueError, match="zone"):
        purge(store, order(folder, 0, at=datetime(2026, 1, 1)))  # noqa: DTZ001
    assert sqlite3.sqlite_version_info >= (3, 38)
    assert AT.tzinfo is UTC
