"""Any order of leasing, dialling, closing, concluding, stopping, crashing and importing keeps the store's promises.

A model knows who is leased or in the air, who is stopped, and which accounts exist; after every step the file
is compared with it.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dialer.accounts.imported import ImportedAccount
from dialer.effects import CloseAttempt, ReleaseLease, SaveAttempt, SaveDisposition
from dialer.leads import Lead, NextStep
from dialer.settings import CallingRules, CampaignSettings, MessageSettings
from dialer.store import audit_check
from dialer.store.sqlite import SqliteStore
from dialer.types import (
    AttemptId,
    CampaignName,
    DispositionCode,
    NextKind,
    Number,
    Outcome,
    ServerName,
    StopFlag,
    TrunkName,
)

ENGINE = "engine"
LEASE_S = 600.0
CAMPAIGN = CampaignSettings(
    name=CampaignName("spring"),
    source=Path("spring.yaml"),
    list_name="spring",
    trunks=(TrunkName("carrier"),),
    rules=CallingRules(windows={}),
    default_disposition=DispositionCode("none"),
    dispositions=(),
    next_steps=(),
    messages=MessageSettings(abandoned="sorry"),
)
# Few people and few lines, so that they collide.
ACCOUNTS = st.builds(
    lambda no, debtor, lines, days: ImportedAccount(
        account_no=f"a{no}",
        debtor_name=f"d{debtor}",
        debtor_key=f"d{debtor}",
        phones=tuple(Number(f"+86139000000{line:02}") for line in lines),
        zones=("Asia/Shanghai",) * len(lines),
        amount_due=Decimal(1),
        days_past_due=days,
    ),
    st.integers(0, 7),
    st.integers(0, 4),
    st.lists(st.integers(0, 5), max_size=3, unique=True),
    st.integers(0, 3),
)
STOPS = (None, None, None, *StopFlag)


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "store.db"
        self.store = SqliteStore.create(self.path)
        self.at = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
        self.known: set[str] = set()
        self.leased: dict[int, tuple[Lead, datetime]] = {}  # by account: leads in our hands, until when
        self.in_air: dict[AttemptId, Lead] = {}
        self.closed: dict[AttemptId, Outcome] = {}
        self.concluded = 0
        self.never: set[str] = set()  # accounts of debtors with a flag for good
        self.forbidden: set[str] = set()

    def teardown(self) -> None:
        with self.store.reading() as database:
            told = audit_check.verify(database.conn)
        assert told.finding is None, "the log of decisions is whole, and the ledger agrees with it"
        assert told.attempts == len(self.in_air) + self.concluded
        self.store.close()
        self.folder.cleanup()

    @rule(accounts=st.lists(ACCOUNTS, min_size=1, max_size=4, unique_by=lambda account: account.account_no))
    def take_over_a_file(self, accounts: list[ImportedAccount]) -> None:
        self.store.import_accounts("spring", "spring.csv", accounts, self.at)
        self.known.update(account.account_no for account in accounts)
        again = self.store.import_accounts("spring", "spring.csv", accounts, self.at)
        assert (again.added, again.updated, again.unchanged) == (0, 0, len(accounts))

    @rule(limit=st.integers(0, 5), seconds=st.sampled_from((0, 30, 7200)))
    def lease(self, limit: int, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)
        flying = {int(lead.account_id) for lead in self.in_air.values()}
        self.leased = {
            account: (lead, until_at)
            for account, (lead, until_at) in self.leased.items()
            if until_at > self.at or account in flying
        }
        answer = self.store.lease(CAMPAIGN, limit=limit, at=self.at, lease_s=LEASE_S, engine=ENGINE)
        assert len(answer.leads) <= limit
        held = [*(lead for lead, _ in self.leased.values()), *answer.leads]
        assert len({lead.debtor_id for lead in held}) == len(held), "a debtor twice"
        assert len({lead.number for lead in held}) == len(held), "a number twice"
        for lead in answer.leads:
            assert not lead.stop_flags
            assert lead.number not in self.forbidden
            assert lead.account_no not in self.never
        until_at = self.at + timedelta(seconds=LEASE_S)
        self.leased |= {int(lead.account_id): (lead, until_at) for lead in answer.leads}

    def idle(self) -> list[Lead]:
        flying = {lead.account_id for lead in self.in_air.values()}
        return [lead for lead, _ in self.leased.values() if lead.account_id not in flying]

    @precondition(lambda self: self.idle())
    @rule(data=st.data())
    def place(self, data: st.DataObject) -> None:
        lead = data.draw(st.sampled_from(self.idle()))
        attempt_id = AttemptId(f"att-{len(self.in_air) + self.concluded:05}")
        bars = self.store.apply(
            [
                SaveAttempt(
                    attempt_id=attempt_id,
                    campaign=CAMPAIGN.name,
                    lead=lead,
                    server=ServerName("a"),
                    trunk=TrunkName("carrier"),
                    caller_id="",
                    permit_rules=(),
                    at=self.at,
                )
            ]
        )
        if lead.number in self.forbidden or lead.account_no in self.never:
            assert bars, "stopped, and dialled all the same"
        if bars:
            self.store.apply([ReleaseLease(account_id=lead.account_id)])
            del self.leased[int(lead.account_id)]
        else:
            self.in_air[attempt_id] = lead

    @precondition(lambda self: self.in_air)
    @rule(data=st.data(), outcome=st.sampled_from(Outcome))
    def close(self, data: st.DataObject, outcome: Outcome) -> None:
        attempt_id = data.draw(st.sampled_from(sorted(self.in_air)))
        self.store.apply([CloseAttempt(attempt_id=attempt_id, at=self.at, outcome=outcome)])
        self.closed.setdefault(attempt_id, outcome)

    @precondition(lambda self: self.closed)
    @rule(
        data=st.data(),
        kind=st.sampled_from(NextKind),
        wait_s=st.sampled_from((None, 0, 60, 7200)),
        stop=st.sampled_from(STOPS),
    )
    def conclude(self, data: st.DataObject, kind: NextKind, wait_s: int | None, stop: StopFlag | None) -> None:
        attempt_id = data.draw(st.sampled_from(sorted(self.closed)))
        lead, outcome = self.in_air.pop(attempt_id), self.closed.pop(attempt_id)
        next_at = None if wait_s is None else self.at + timedelta(seconds=wait_s)
        self.store.apply(
            [
                SaveDisposition(
                    attempt_id=attempt_id,
                    campaign=CAMPAIGN.name,
                    lead=lead,
                    at=self.at,
                    agent_id=None,
                    code=None,
                    outcome=outcome,
                    by="rule",
                    stop=stop,
                    next_step=NextStep(kind=kind, at=next_at, rule="rule", reason="reason"),
                )
            ]
        )
        self.leased.pop(int(lead.account_id), None)
        self.concluded += 1
        if stop is StopFlag.DO_NOT_CALL:
            self.forbidden.add(lead.number)
        if kind is NextKind.NEVER:
            self.never.add(lead.account_no)

    @precondition(lambda self: self.idle())
    @rule(data=st.data(), wait_s=st.sampled_from((None, 60)))
    def release(self, data: st.DataObject, wait_s: int | None) -> None:
        lead = data.draw(st.sampled_from(self.idle()))
        later = None if wait_s is None else self.at + timedelta(seconds=wait_s)
        self.store.apply([ReleaseLease(account_id=lead.account_id, not_before_at=later)])
        del self.leased[int(lead.account_id)]

    @precondition(lambda self: self.known)
    @rule(data=st.data(), flag=st.sampled_from([flag for flag in StopFlag if flag is not StopFlag.WRONG_NUMBER]))
    def stop_a_debtor(self, data: st.DataObject, flag: StopFlag) -> None:
        account_no = data.draw(st.sampled_from(sorted(self.known)))
        stopped = self.store.add_stop(account_no, flag, by="boss", at=self.at).debtor_ids
        self.never.add(account_no)
        for lead in self.idle():  # taken back at once; in the air it stays as it is
            if lead.debtor_id in stopped:
                del self.leased[int(lead.account_id)]

    @rule(line=st.integers(0, 5), flag=st.sampled_from((StopFlag.DO_NOT_CALL, StopFlag.WRONG_NUMBER)))
    def stop_a_number(self, line: int, flag: StopFlag) -> None:
        number = f"+86139000000{line:02}"
        self.store.add_stop(number, flag, by="boss", at=self.at)
        if flag is StopFlag.DO_NOT_CALL:
            self.forbidden.add(number)

    @rule()
    def crash_and_recover(self) -> None:
        self.store.close()
        self.store = SqliteStore.open(self.path)
        found = {each.attempt_id: each for each in self.store.open_attempts()}
        assert {attempt_id: each.outcome for attempt_id, each in found.items()} == {
            attempt_id: self.closed.get(attempt_id) for attempt_id in self.in_air
        }
        assert all(found[attempt_id].lead.number == lead.number for attempt_id, lead in self.in_air.items())
        assert self.store.release_leases(ENGINE) == len(self.idle())
        flying = {int(lead.account_id) for lead in self.in_air.values()}
        self.leased = {account: held for account, held in self.leased.items() if account in flying}

    @invariant()
    def no_account_is_lost(self) -> None:
        told = self.store.list_progress("spring", at=self.at)
        assert told.total == len(self.known)
        assert told.done + told.waiting + told.dialable_now == told.total

    @invariant()
    def the_file_says_who_is_leased_and_in_the_air(self) -> None:
        with self.store.reading() as database:
            leased = {
                account
                for (account,) in database.execute("SELECT account_id FROM accounts WHERE leased_by IS NOT NULL")
            }
            flying = {
                attempt for (attempt,) in database.execute("SELECT attempt_id FROM attempts WHERE disposed_at IS NULL")
            }
            (attempts,) = database.execute("SELECT count(*) FROM attempts").fetchone()
        assert leased == set(self.leased)
        assert flying == set(self.in_air)
        assert attempts == len(self.in_air) + self.concluded


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
