"""The local store: one SQLite file. See `dialer.store.api` for what each method promises.

What happens in a transaction is in `leasing`, `writing`, `concluding` and `importing`; this module holds the
file and makes every method atomic, durable, and `StoreError` on failure.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from sqlite3 import Connection
from typing import Self

from sqlite_utils import Database

from dialer.accounts.imported import ImportedAccount, ImportResult
from dialer.audit import AuditEntry
from dialer.clock import SystemClock
from dialer.effects import Write
from dialer.facts import AttemptBarred, DayAnswers, StopAdded
from dialer.leads import Lead
from dialer.report import HistoryLine, ListProgress
from dialer.settings import CampaignSettings
from dialer.store import answers, audit, chain, importing, leasing, stopping
from dialer.store.api import Leased, NumbersForbidden, OpenAttempt, StopsLifted
from dialer.store.columns import moment, moment_text
from dialer.store.connection import CACHE_KIB, connect, keep_private, make_file, reading, sentences, writing
from dialer.store.migrations import migrate
from dialer.store.statements import Statements
from dialer.store.writing import write
from dialer.types import AgentId, CampaignName, CampaignState, Number

_LEARNED_SQL = Statements("learned")
_LEASE_SQL = Statements("lease")
_REPORT_SQL = Statements("report")


class SqliteStore:
    """A `Store` in one file. Make one with `open` or `create`; threads may share it, one method at a time."""

    def __init__(self, path: Path, database: Database) -> None:
        self._path = path
        self._database = database
        self._turn = threading.RLock()
        self._engine: str | None = None  # who leases through this store; leases of others are not ours to end

    @classmethod
    def open(cls, path: Path | str, *, key: str = "", cache_kib: int = CACHE_KIB) -> Self:
        """Open an existing store and bring its schema up to date.

        Args:
            path: the file.
            key: what encrypts it; empty: it is not encrypted.
            cache_kib: pages that this connection may keep in memory.

        Raises:
            StoreError: the file is missing, damaged, locked, newer than this program, or its key is another one.
        """
        path = Path(path)
        database = connect(path, key, cache_kib=cache_kib)
        try:
            with sentences(path):
                migrate(database, SystemClock().now_at())
        except BaseException:
            database.close()
            raise
        keep_private(path)
        return cls(path, database)

    @classmethod
    def create(cls, path: Path | str, *, key: str = "") -> Self:
        """Open a store and make it first when there is none; with a key, encrypted.

        Raises:
            StoreError: the file cannot be made, or as `open`.
        """
        make_file(Path(path))
        return cls.open(path, key=key)

    # --- what the engine needs --------------------------------------------------------------------------

    def lease(self, campaign: CampaignSettings, *, limit: int, at: datetime, lease_s: float, engine: str) -> Leased:
        """See `Store.lease`."""
        with self._writing() as connection:
            leased = leasing.lease(connection, campaign, limit=limit, at=at, lease_s=lease_s, engine=engine)
        self._engine = engine
        return leased

    def apply(self, writes: Sequence[Write], *, now: Callable[[], datetime] | None = None) -> tuple[AttemptBarred, ...]:
        """See `Store.apply`."""
        if not writes:
            return ()
        with self._writing() as connection:
            decisions, barred = audit.Decisions(connection), []
            for each in writes:
                bar = write(connection, each, self._engine, now)
                decisions.note(each, bar)
                barred += [bar] if bar is not None else []
            decisions.add()
        return tuple(barred)

    def audit(self, entry: AuditEntry, *more: AuditEntry) -> None:
        """Add to the log of decisions; see `dialer.audit`."""
        with self._writing() as connection:
            audit.record(connection, (entry, *more))

    def audit_head(self) -> str:
        """See `Store.audit_head`."""
        with self.reading() as database:
            return str(chain.head(database.conn))

    def open_attempts(self, *, engine: str | None = None, at: datetime | None = None) -> tuple[OpenAttempt, ...]:
        """See `Store.open_attempts`."""
        with self.reading() as database:
            return leasing.open_attempts(database.conn, engine, at)

    def release_leases(self, engine: str) -> int:
        """See `Store.release_leases`."""
        with self._writing() as connection:
            return connection.execute(_LEASE_SQL["release_leases"], {"engine": engine}).rowcount

    def campaign_states(self) -> dict[CampaignName, CampaignState]:
        """See `Store.campaign_states`."""
        with self.reading() as database:
            rows = database.execute(_LEASE_SQL["campaign_states"]).fetchall()
        return {CampaignName(campaign): CampaignState(state) for campaign, state in rows}

    def paused_agents(self) -> dict[AgentId, str]:
        """See `Store.paused_agents`."""
        with self.reading() as database:
            rows = database.execute(_LEASE_SQL["paused_agents"]).fetchall()
        return {AgentId(agent_id): reason for agent_id, reason in rows}

    def save_learned(self, campaign: CampaignName, *, at: datetime, learned: str) -> None:
        """See `Store.save_learned`."""
        with self._writing() as connection:
            connection.execute(
                _LEARNED_SQL["save_learned"], {"campaign": campaign, "at": moment_text(at), "estimates": learned}
            )

    def learned(self, campaign: CampaignName) -> str:
        """See `Store.learned`."""
        with self.reading() as database:
            row = database.execute(_LEARNED_SQL["learned"], {"campaign": campaign}).fetchone()
        return str(row[0]) if row is not None else ""

    def answers_by_day(
        self, campaign: CampaignName, *, at: datetime, zone: tzinfo, days: int
    ) -> tuple[DayAnswers, ...]:
        """See `Store.answers_by_day`."""
        with self.reading() as database:
            return answers.answers_by_day(database.conn, campaign, at=at, zone=zone, days=days)

    def lease_one(
        self,
        campaign: CampaignSettings,
        number_or_account: str,
        *,
        at: datetime,
        lease_s: float,
        engine: str,
        agent: str = "",
    ) -> Lead | None:
        """See `Store.lease_one`."""
        with self._writing() as connection:
            lead = leasing.lease_one(
                connection, campaign, number_or_account, at=at, lease_s=lease_s, engine=engine, agent=agent
            )
        self._engine = engine
        return lead

    def add_stop(
        self,
        number_or_account: str,
        flag: str,
        *,
        by: str,
        at: datetime,
        note: str = "",
        until_at: datetime | None = None,
    ) -> StopAdded:
        """See `Store.add_stop`."""
        with self._writing() as connection:
            return stopping.add_stop(connection, number_or_account, flag, by=by, at=at, note=note, until_at=until_at)

    def lift_stop(self, number_or_account: str, flag: str, *, by: str, at: datetime, note: str) -> StopsLifted:
        """See `Store.lift_stop`."""
        with self._writing() as connection:
            return stopping.lift_stop(connection, number_or_account, flag, by=by, at=at, note=note)

    def close(self) -> None:
        """See `Store.close`."""
        with self._turn:
            self._database.close()

    # --- what the commands need besides -----------------------------------------------------------------

    def import_accounts(
        self, list_name: str, source: str, accounts: Iterable[ImportedAccount], at: datetime
    ) -> ImportResult:
        """Take over a whole file, or nothing of it when it fails; doing it twice changes nothing.

        Args:
            list_name: the list to which the accounts belong from now on.
            source: the file's name, for the record.
            accounts: the rows; read once.
            at: now, aware.

        Raises:
            StoreError: an amount has a fraction of a cent, or the file of the store failed.
        """
        with self._writing() as connection:
            return importing.import_accounts(connection, list_name, source, accounts, at)

    def forbid_numbers(
        self, numbers: Iterable[Number], *, source: str, by: str, at: datetime, hashed: bool = False
    ) -> NumbersForbidden:
        """Take over a whole do-not-call list, or nothing of it; numbers that are known stay as they are.

        Args:
            numbers: in E.164; read once.
            source: the file's name, for the record.
            by: who says so.
            at: now, aware.
            hashed: keep digests instead of numbers, except of those that are on our lists anyhow.
        """
        with self._writing() as connection:
            return stopping.forbid_numbers(connection, numbers, source=source, by=by, at=at, hashed=hashed)

    def give_consent(self, account_no: str, *, until_at: datetime, by: str, at: datetime, note: str = "") -> None:
        """Note that a debtor agreed to be called, until a moment, at hours that a rule leaves to agreement.

        Raises:
            StoreError: no such account, or the moment has passed.
        """
        with self._writing() as connection:
            stopping.give_consent(connection, account_no, until_at=until_at, by=by, at=at, note=note)

    def withdraw_consent(self, account_no: str, *, by: str, at: datetime, note: str = "") -> int:
        """Note that a debtor agrees no more; returns how many agreements that ended.

        Raises:
            StoreError: no such account.
        """
        with self._writing() as connection:
            return stopping.withdraw_consent(connection, account_no, by=by, at=at, note=note)

    def list_progress(self, list_name: str, *, at: datetime | None = None) -> ListProgress:
        """How far a list is.

        Args:
            list_name: which.
            at: the moment for `dialable_now`; None: accounts count as waiting until a lease finds them due.
        """
        due_by = moment_text(at) if at is not None else ""
        with self.reading() as database:
            row = database.execute(_LEASE_SQL["list_progress"], {"list_name": list_name, "at": due_by}).fetchone()
        total, closed, on_hold, never, dialable = row
        done = closed + on_hold + never
        return ListProgress(
            total=total,
            done=done,
            waiting=total - done - dialable,
            dialable_now=dialable,
            on_hold=on_hold,
            never=never,
        )

    def account_history(self, account_no: str) -> tuple[HistoryLine, ...]:
        """Everything that happened to the accounts of this number, oldest first; empty: no such account."""
        with self.reading() as database:
            rows = database.execute(_REPORT_SQL["account_history"], {"account_no": account_no}).fetchall()
        return tuple(
            HistoryLine(
                at=moment(at),
                client=client,
                event=event,
                detail=detail,
                attempt_id=attempt_id,
                number=number,
                agent_id=agent_id,
            )
            for at, client, event, detail, attempt_id, number, agent_id in rows
        )

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """One unchanging view for several queries; the block must not write."""
        with self._turn, sentences(self._path), reading(self._database):
            yield self._database

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One durable transaction for the statements of another module of this package."""
        with self._writing() as connection:
            yield connection

    def changes(self) -> int:
        """A number that is another one after somebody else has committed; costs next to nothing to ask."""
        with self._turn, sentences(self._path):
            (number,) = self._database.conn.execute("PRAGMA data_version").fetchone()
        return int(number)

    def compact(self) -> None:
        """Write the file anew, without anything that was deleted, and empty the write-ahead log.

        Raises:
            StoreError: somebody else uses the store, or the disk has no room for a second copy.
        """
        with self._turn, sentences(self._path):
            self._database.conn.execute("VACUUM")
            self._database.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._turn, sentences(self._path), writing(self._database) as connection:
            yield connection
            audit.record_stop_changes(connection)
