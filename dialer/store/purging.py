"""Removing what need not be kept any more: whole debtors past the ledger's period, and recordings past theirs.

Rules
- A debtor's names, numbers, account numbers, notes, amounts, call history, promises and consents go. The rows of their
  attempts stay, without a number, so that limits, abandonment and reports go on counting them.
- A no that was for good outlives the records: the numbers are then held as digests, and refused as before.
- The store lets nobody past the triggers of its histories without a pass for that debtor, and gives none for one whose
  records must be kept; so a mistake in this module raises, and removes nothing.
- Recordings' files go first, then the rows that name them: a crash between leaves rows without files, which the next
  run removes, and never files that no row names.
- At the end the file is written anew: what is deleted is overwritten anyway, and this clears what older programs left.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Final

from dialer.audit import AuditEntry
from dialer.errors import NoAccountError, StoreError
from dialer.retention import Manifest, RemovedFile, RemovedRows, Schedule
from dialer.store import audit, suppressing
from dialer.store.columns import moment_text
from dialer.store.sqlite import SqliteStore
from dialer.store.statements import Statements

BATCH: Final = 200
"""Debtors in one transaction."""
DONE: Final = "purge.done"
FACTS: Final = "*.facts.gz"

_SQL: Final = Statements("purge")
_REMOVED: Final = (
    *("call_events", "promise_reminders", "promise_boosts", "promises", "refusals", "consents", "desks", "owners"),
    *("outbox_given_up", "account_events"),
    *("risk_alerts", "account_grades", "scores"),
    *("plan_entries", "plan_payments", "plans", "payment_lines", "payments", "instalments", "loans", "paid_closures"),
    *("debtor_facts", "account_facts", "debtor_keys"),
)
_BLANKED: Final = ("attempts", "dispositions", "accounts", "phones")
_BLANK_STEPS: Final = (
    *("blank_stop_changes", "blank_stop_flags", "blank_dispositions", "blank_attempts", "blank_accounts"),
    *("blank_phones", "blank_debtor"),
)

_DERIVED_STEPS: Final = ("forget_portfolio_snapshot", "forget_portfolio_columns")
"""What was made from everybody's records; made anew when it is wanted."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a purge shall do."""

    at: datetime
    """Now, aware."""
    actor: str
    role: str
    schedule: Schedule
    recordings_path: Path
    facts_path: Path | None = None
    facts_keep_s: float = 0.0
    before: datetime | None = None
    """Leave alone what is younger, whatever the periods allow."""
    account_no: str = ""
    """Only the debtor of this account; empty: all."""
    dry_run: bool = False

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return f"purge-{moment_text(self.at)}"

    def cutoff(self, days: int) -> str:
        """What is older is past its period."""
        until = self.at - timedelta(days=days)
        return moment_text(until if self.before is None else min(until, self.before))


@dataclass(slots=True)
class _Work:
    """What is due, and what was done of it."""

    debtors: list[int] = field(default_factory=list)
    recordings: dict[str, str] = field(default_factory=dict)
    """Attempt -> stem of its files."""
    kept: dict[str, set[int]] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)
    files: list[RemovedFile] = field(default_factory=list)
    facts: list[RemovedFile] = field(default_factory=list)
    missing: int = 0
    suppressed: int = 0

    def keep(self, debtor_id: int, reasons: str) -> None:
        """Note why a debtor's records stay."""
        for reason in set(reasons.split(",")):
            self.kept.setdefault(reason, set()).add(debtor_id)


def purge(store: SqliteStore, order: Order, progress: Progress = lambda _done, _all: None) -> Manifest:
    """Remove what is past its period, and say what it was; with `dry_run`, only say.

    Args:
        store: open; no engine may be running on it, unless this is a dry run.
        order: what to do.
        progress: is told how many of how many debtors are done.

    Raises:
        StoreError: there is no such account, or the store failed; batches that were done stay done.
    """
    with _transaction(store, order) as connection:
        work = _due(connection, order)
    _remove_files(order, work)
    with _transaction(store, order) as connection:
        _forget_recordings(connection, work)
    for begin in range(0, len(work.debtors), BATCH):
        batch = work.debtors[begin : begin + BATCH]
        with _transaction(store, order) as connection:
            _purge_debtors(connection, order, work, batch)
        progress(begin + len(batch), len(work.debtors))
    manifest = _manifest(order, work)
    if not order.dry_run:
        _save(store, order, manifest)
        store.compact()
    return manifest


@contextmanager
def _transaction(store: SqliteStore, order: Order) -> Iterator[sqlite3.Connection]:
    """A transaction that knows the moment; of a dry run nothing stays."""
    with store.writing() as connection:
        connection.execute("SAVEPOINT purge")
        connection.execute(_SQL["set_moment"], {"at": moment_text(order.at)})
        yield connection
        if order.dry_run:
            connection.execute("ROLLBACK TO purge")


def _due(connection: sqlite3.Connection, order: Order) -> _Work:
    work = _Work()
    debtor_id = _wanted_debtor(connection, order)
    shortest = order.schedule.shortest
    wanted = {"debtor_id": debtor_id, "before": order.cutoff(shortest.ledger_days)}
    for one, last_at, campaigns, lists, held in connection.execute(_SQL["debtors"], wanted).fetchall():
        periods = order.schedule.of(json.loads(campaigns), json.loads(lists))
        if last_at >= order.cutoff(periods.ledger_days):
            continue
        if held:
            work.keep(one, held)
        else:
            work.debtors.append(one)
    wanted["before"] = order.cutoff(shortest.recording_days)
    for attempt_id, stem, at, campaign, one, held in connection.execute(_SQL["recordings"], wanted).fetchall():
        if at >= order.cutoff(order.schedule.of([campaign]).recording_days):
            continue
        if held:
            work.keep(one, held)
        else:
            work.recordings[attempt_id] = stem
    for one in work.debtors:
        work.recordings |= dict(connection.execute(_SQL["recordings_of"], {"debtor_id": one}).fetchall())
    return work


def _wanted_debtor(connection: sqlite3.Connection, order: Order) -> int | None:
    if not order.account_no:
        return None
    found = connection.execute(_SQL["debtor_of"], {"account_no": order.account_no}).fetchall()
    match found:
        case [(debtor_id,)]:
            return int(debtor_id)
        case []:
            raise NoAccountError(order.account_no)
        case _:
            raise StoreError(f"{len(found)} debtors of several lenders have this account number; purge without it.")


def _remove_files(order: Order, work: _Work) -> None:
    for stem in work.recordings.values():
        paths = _files_of(order.recordings_path, stem)
        work.missing += not paths
        work.files += [_remove(path, order) for path in paths]
    if order.facts_path is not None and not order.account_no and order.facts_path.is_dir():
        oldest_s = min(order.at.timestamp() - order.facts_keep_s, (order.before or order.at).timestamp())
        due = [path for path in sorted(order.facts_path.glob(FACTS)) if path.stat().st_mtime < oldest_s]
        work.facts += [_remove(path, order) for path in due]


def _files_of(folder: Path, stem: str) -> list[Path]:
    """The files of one recording; a stem that is no plain name has none."""
    if not stem or Path(stem).name != stem or any(char in stem for char in "*?["):
        return []
    found = [folder / f"{stem}.wav", *folder.glob(f"{stem}-*.wav")]
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def _remove(path: Path, order: Order) -> RemovedFile:
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
        size = file.tell()
    if not order.dry_run:
        path.unlink()
    return RemovedFile(name=path.name, size_bytes=size, sha256=digest)


def _forget_recordings(connection: sqlite3.Connection, work: _Work) -> None:
    for attempt_id in work.recordings:
        connection.execute(_SQL["forget_recording"], {"attempt_id": attempt_id})
        connection.execute(_SQL["forget_recording_of_attempt"], {"attempt_id": attempt_id})
    work.ids["recordings"] = list(work.recordings)


def _purge_debtors(connection: sqlite3.Connection, order: Order, work: _Work, debtors: Sequence[int]) -> None:
    key = suppressing.number_key(connection)
    for statement in _DERIVED_STEPS:
        connection.execute(_SQL[statement])
    for debtor_id in debtors:
        row = {"debtor_id": debtor_id, "run_id": order.run_id}
        connection.execute(_SQL["begin_pass"], row)
        for table in (*_REMOVED, *_BLANKED):
            ids = (str(one) for (one,) in connection.execute(_SQL[f"ids_of_{table}"], row))
            work.ids.setdefault(table, []).extend(ids)
        work.suppressed += _keep_refusals(connection, key, debtor_id, order)
        for table in _REMOVED:
            connection.execute(_SQL[f"remove_{table}"], row)
        for step in _BLANK_STEPS:
            connection.execute(_SQL[step], row)
        connection.execute(_SQL["end_pass"], row)
    entries = [_entry(order, audit.PURGED, audit.debtor_subject(one), {"run": order.run_id}) for one in debtors]
    audit.record(connection, entries)


def _keep_refusals(connection: sqlite3.Connection, key: bytes, debtor_id: int, order: Order) -> int:
    """Hold the numbers as digests that nobody may call; returns how many."""
    row: dict[str, object] = {"debtor_id": debtor_id, "at": moment_text(order.at)}
    of_debtor = connection.execute(_SQL["lasting_flag"], row).fetchone()
    kept = 0
    for (number,) in connection.execute(_SQL["numbers"], row).fetchall():
        row["number"] = number
        flag = connection.execute(_SQL["forbidden"], row).fetchone() or of_debtor
        if flag is not None:
            row |= {"digest": suppressing.digest(key, number), "flag": flag[0]}
            connection.execute(_SQL["suppress"], row)
            connection.execute(_SQL["forget_forbidden"], row)
            kept += 1
    return kept


def _entry(order: Order, action: str, subject: str, values: dict[str, object]) -> AuditEntry:
    return AuditEntry(
        at=order.at,
        actor=order.actor,
        role=order.role,
        action=action,
        subject=subject,
        detail=audit.detail_of(values),
    )


def _manifest(order: Order, work: _Work) -> Manifest:
    def rows(tables: Sequence[str]) -> dict[str, RemovedRows]:
        return {table: _rows(work.ids[table]) for table in tables if work.ids.get(table)}

    return Manifest(
        run_id=order.run_id,
        at=order.at,
        actor=order.actor,
        role=order.role,
        dry_run=order.dry_run,
        before=order.before,
        debtors=len(work.debtors),
        removed=rows((*_REMOVED, "recordings")),
        blanked=rows(_BLANKED),
        recordings=tuple(work.files),
        facts=tuple(work.facts),
        missing_recordings=work.missing,
        kept={reason: len(debtors) for reason, debtors in sorted(work.kept.items())},
        suppressed_numbers=work.suppressed,
    )


def _rows(ids: list[str]) -> RemovedRows:
    return RemovedRows(rows=len(ids), ids_sha256=sha256("\n".join(ids).encode()).hexdigest())


def manifest_text(manifest: Manifest) -> str:
    """The manifest as the JSON text whose SHA-256 stands in the audit log."""
    return json.dumps(asdict(manifest), default=_plain, ensure_ascii=False, indent=2, sort_keys=True)


def manifest_sha256(text: str) -> str:
    """What proves a manifest."""
    return sha256(text.encode()).hexdigest()


def _plain(value: object) -> str:
    return moment_text(value) if isinstance(value, datetime) else str(value)


def _save(store: SqliteStore, order: Order, manifest: Manifest) -> None:
    text = manifest_text(manifest)
    row = {
        "run_id": order.run_id,
        "at": moment_text(order.at),
        "actor": order.actor,
        "manifest": text,
        "manifest_sha256": manifest_sha256(text),
    }
    with store.writing() as connection:
        connection.execute(_SQL["save_run"], row)
        values = {"manifest_sha256": row["manifest_sha256"], "debtors": manifest.debtors}
        audit.record(connection, [_entry(order, DONE, f"run:{order.run_id}", dict(values))])
