"""What pacing knows outlives the engine: saved while it runs and as it stops, recalled when a campaign is launched."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

import fake_network
from dialer import memory
from dialer.clock import SystemClock
from dialer.engine import Engine
from dialer.errors import StoreError
from dialer.facts import CampaignLaunched, CampaignTold, DayAnswers
from dialer.floor.state import CampaignRun
from dialer.ledger import Ledger
from dialer.pacing import Decision, Estimates, PoolView
from dialer.replay.reading import Recording, entries
from dialer.replay.verify import Watcher, verify
from dialer.settings import CampaignSettings, DialerSettings, FactsSettings, PacingSettings
from dialer.snapshot import CampaignRow
from dialer.store.sqlite import SqliteStore
from dialer.types import CampaignName, CampaignState, Mode
from fake_ami import FakeAmi, until
from fake_network import ANSWERED_EVERY, FakeNetwork
from tests.unit import floor_world as fw
from tests.unit import store_cases as case

AGENTS = ("anna", "bert", "carl")
SPRING = CampaignName("spring")
PACING = PacingSettings(initial_answer_ratio=0.9, initial_talk_s=0.05, initial_wrap_up_s=0.05, max_ratio=8.0)
CAMPAIGN = replace(fw.campaign(mode=Mode.PREDICTIVE, wrap_up_limit_s=0.05), pacing=PACING)
SHANGHAI = ZoneInfo("Asia/Shanghai")
PATIENCE_S = 20.0


class House:
    """A store, a network, and one engine after the other."""

    def __init__(self, folder: Path) -> None:
        self.store_path = folder / "store.db"
        self.facts = folder / "facts"
        accounts = [case.account(f"a{index}", index) for index in range(2000)]
        case.stocked(SqliteStore.create(self.store_path), accounts).close()
        self.store: SqliteStore

    def settings(self, port: int) -> DialerSettings:
        plain = fw.settings([fw.agent(name) for name in AGENTS], facts=FactsSettings(folder=self.facts))
        return replace(plain, servers=tuple(replace(one, ami_port=port) for one in plain.servers))

    @asynccontextmanager
    async def engine(self, campaign: CampaignSettings = CAMPAIGN, *, stop: bool = True) -> AsyncIterator[Engine]:
        """An engine on the line; `stop` False: it is torn away in the middle."""
        async with FakeAmi() as fake:
            FakeNetwork(fake, AGENTS)
            settings = self.settings(fake.port)
            self.store = SqliteStore.open(self.store_path)
            engine = Engine(
                settings,
                self.store,
                SystemClock(),
                load_settings=lambda: settings,
                load_campaigns=lambda _: {campaign.name: campaign},
                load_campaign=lambda *_: campaign,
                open_store=lambda: SqliteStore.open(self.store_path),
            )
            running = asyncio.create_task(engine.run())
            try:
                await engine.started(running)
                yield engine
            finally:
                if stop:
                    engine.stop(drain_s=5.0)
                else:
                    running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running

    def kept(self) -> dict[str, Any]:
        """What the store has of what was learned."""
        with contextlib.closing(SqliteStore.open(self.store_path)) as store:
            text = store.learned(SPRING)
        return json.loads(text) if text else {}

    def days(self) -> tuple[DayAnswers, ...]:
        """What the store has of the last days."""
        with contextlib.closing(SqliteStore.open(self.store_path)) as store:
            return store.answers_by_day(SPRING, at=SystemClock().now_at(), zone=SHANGHAI, days=30)

    def left(self) -> tuple[CampaignState | None, bool]:
        """What a crash would leave: the campaign's state, and whether there are calls that nobody concluded."""
        with contextlib.closing(SqliteStore.open(self.store_path)) as store:
            return store.campaign_states().get(SPRING), bool(store.open_attempts())

    def talking(self) -> int:
        """Conversations whose end the store does not know."""
        with contextlib.closing(SqliteStore.open(self.store_path)) as store:
            return sum(attempt.talked and attempt.outcome is None for attempt in store.open_attempts())

    def first_decision(self) -> First:
        """The newest recording replayed: all the same, and how its first decision was made."""
        first = First()
        newest = max((entry.path for entry in entries(self.facts)), key=lambda path: path.stat().st_mtime_ns)
        verdict = verify(Recording(newest), watcher=first)
        assert verdict.difference is None, verdict.difference
        assert verdict.same_rules
        assert verdict.decisions > 0
        return first


class First(Watcher):
    """Remembers what the first decision of a run was made of that had anybody to call."""

    view: PoolView | None = None
    learned: dict[str, Any]
    again = False

    def decided(self, view: PoolView, estimates: Estimates, settings: PacingSettings, decision: Decision) -> None:
        if view.leads and (self.view is None or self.again):
            self.view, self.learned = view, json.loads(json.dumps(estimates.as_dict()))

    def budget(self, name: str) -> tuple[int, int]:
        assert self.view is not None
        return next((one.answered, one.abandoned) for one in self.view.budgets if one.name == name)


class Last(First):
    """Remembers what the last decision was made of."""

    again = True


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def row(engine: Engine) -> CampaignRow:
    return next(row for row in engine.snapshot().campaigns if row.name == SPRING)


async def work(engine: Engine, answered: int) -> None:
    """Launch, and let so many people answer."""
    assert not [report for report in await engine.launch(SPRING) if report.level == "error"]
    await until(lambda: row(engine).answered >= answered, PATIENCE_S)


def counted(days: tuple[DayAnswers, ...]) -> tuple[int, int]:
    return sum(day.answered for day in days), sum(day.abandoned for day in days)


def test_after_a_stop_the_first_decision_knows_all_that_was_learned_and_spent(house: House) -> None:
    async def run(answered: int) -> None:
        async with house.engine() as engine:
            await work(engine, answered)

    with capture_logs() as logs:
        asyncio.run(run(10))
        first, kept, days = house.first_decision(), house.kept(), house.days()
        asyncio.run(run(1))
    second = house.first_decision()
    assert first.learned["ring"]["count"] == 0
    assert second.learned == kept
    assert kept["ring"]["count"] >= 10 * ANSWERED_EVERY
    assert second.budget("day") == counted(days) >= (10, 0)
    assert [line["learned"] for line in logs if line["event"] == "pacing.recalled"] == [False, True]


def test_a_crash_costs_no_answer_that_was_written_and_no_learning_but_the_last_minutes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "SAVE_EVERY_S", 0.05)

    async def torn_away() -> None:
        async with house.engine(stop=False) as engine:
            await work(engine, 10)
            await until(lambda: house.kept().get("ring", {}).get("count", 0) >= 10 * ANSWERED_EVERY)

    async def taken_up() -> None:
        async with house.engine() as engine:
            assert row(engine).state is CampaignState.RUNNING
            await until(lambda: row(engine).answered >= 1, PATIENCE_S)

    asyncio.run(torn_away())
    kept, (answered, abandoned), talking = house.kept(), counted(house.days()), house.talking()
    asyncio.run(taken_up())
    after = house.first_decision()
    assert after.learned == kept
    assert after.budget("day") == (answered + talking, abandoned)
    assert answered >= 5


def test_calls_of_a_paused_campaign_that_are_taken_up_after_a_crash_cost_it_no_memory(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "SAVE_EVERY_S", 0.05)

    async def torn_away() -> None:
        async with house.engine(stop=False) as engine:
            await work(engine, 10)
            await until(lambda: house.kept().get("ring", {}).get("count", 0) >= 10 * ANSWERED_EVERY)
            monkeypatch.setattr(fake_network, "RINGS_S", 1000.0)
            await until(lambda: row(engine).in_air >= 3, PATIENCE_S)
            await engine.tell(CampaignTold(campaign=SPRING, state=CampaignState.PAUSED))
            await until(lambda: house.left() == (CampaignState.PAUSED, True))
            monkeypatch.setattr(fake_network, "RINGS_S", 0.02)

    async def taken_up() -> None:
        async with house.engine() as engine:
            await until(lambda: not house.left()[1])
            assert row(engine).state is CampaignState.STOPPED
            await work(engine, 1)

    asyncio.run(torn_away())
    kept, (answered, abandoned), talking = house.kept(), counted(house.days()), house.talking()
    asyncio.run(taken_up())
    after = house.first_decision()
    assert after.learned == kept
    assert after.budget("day") == (answered + talking, abandoned)
    assert house.kept()["ring"]["count"] > kept["ring"]["count"]


def test_what_was_never_recalled_is_not_written_over(house: House) -> None:
    def learned() -> Estimates:
        e = Estimates.initial(PACING)
        e.talk.observe(30.0)
        return e

    async def run() -> None:
        with contextlib.closing(SqliteStore.open(house.store_path)) as store:
            store.save_learned(SPRING, at=case.AT, learned='{"worth": "more"}')
            ledger = Ledger(store, SystemClock(), engine="here", take=lambda _: None, send=lambda _: None)
            kept = memory.Memory(store, ledger, SystemClock())
            afresh = CampaignRun(settings=CAMPAIGN, state=CampaignState.STOPPED, estimates=learned())
            await kept.save([afresh])
            assert house.kept() == {"worth": "more"}
            await kept.recall(CAMPAIGN, "Asia/Shanghai")
            await kept.save([afresh])
            assert house.kept()["talk"]
            ledger.close()

    asyncio.run(run())


@pytest.mark.parametrize("unsound", ["{", "[]", '{"ring": {"count": 1}}', "null", '{"ring": NaN}'])
def test_a_snapshot_that_cannot_be_read_is_reported_and_forgotten(house: House, unsound: str) -> None:
    with contextlib.closing(SqliteStore.open(house.store_path)) as store:
        store.save_learned(SPRING, at=case.AT, learned=unsound)

    async def run() -> None:
        async with house.engine() as engine:
            await work(engine, 1)

    with capture_logs() as logs:
        asyncio.run(run())
    (line,) = [line for line in logs if line["event"] == "pacing.forgotten"]
    assert (line["campaign"], line["log_level"]) == (SPRING, "warning")
    assert line["reason"]
    assert house.first_decision().learned["ring"]["count"] == 0
    assert house.kept()["ring"]["count"] >= ANSWERED_EVERY, "what it learned anew takes the place of the unsound one"


def test_a_campaign_launched_again_in_one_engine_keeps_what_it_has_and_counts_nothing_twice(house: House) -> None:
    async def run() -> None:
        async with house.engine() as engine:
            await work(engine, 5)
            await engine.tell(CampaignTold(campaign=SPRING, state=CampaignState.STOPPING))
            await until(lambda: row(engine).state is CampaignState.STOPPED, PATIENCE_S)
            await work(engine, 10)
            await engine.reload()
            await work(engine, 14)

    asyncio.run(run())
    house.first_decision()
    (entry,) = entries(house.facts)
    launches = [step.fact for step in Recording(entry.path).steps() if isinstance(step.fact, CampaignLaunched)]
    assert [(fact.days, fact.learned) for fact in launches] == [((), "")] * 4
    last = Last()
    verify(Recording(entry.path), watcher=last)
    answered, abandoned = counted(house.days())
    assert last.budget("day")[0] in range(answered - len(AGENTS) * 8, answered + 1)
    assert last.budget("day")[1] <= abandoned
    # The last decision may be a spell older than the last answers, but not as old as the last launch.
    assert house.kept()["ring"]["count"] >= last.learned["ring"]["count"] >= 10 * ANSWERED_EVERY


@pytest.mark.parametrize("error", [StoreError("The store is full."), ZeroDivisionError("a defect")])
def test_a_save_that_fails_is_told_of_once_and_stops_no_call(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(memory, "SAVE_EVERY_S", 0.01)
    real = SqliteStore.save_learned
    failures: list[int] = []

    def fails_at_first(self: SqliteStore, *args: Any, **more: Any) -> None:
        if len(failures) < 3:
            failures.append(1)
            raise error
        real(self, *args, **more)

    monkeypatch.setattr(SqliteStore, "save_learned", fails_at_first)

    async def run() -> None:
        async with house.engine() as engine:
            await work(engine, 5)

    with capture_logs() as logs:
        asyncio.run(run())
    said = [line["event"] for line in logs if line["event"] in ("pacing.not_saved", "pacing.saved_again")]
    assert said == ["pacing.not_saved", "pacing.saved_again"]
    assert len(failures) == 3
    assert house.kept()


def test_a_campaign_whose_spent_budget_cannot_be_read_is_not_launched(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise StoreError("The store is locked.")

    async def run() -> None:
        async with house.engine() as engine:
            monkeypatch.setattr(SqliteStore, "answers_by_day", fails)
            with pytest.raises(StoreError, match="locked"):
                await engine.launch(SPRING)
            assert not engine.snapshot().campaigns
            monkeypatch.undo()
            await work(engine, 1)

    asyncio.run(run())


def test_what_has_learned_nothing_is_not_saved_so_that_mended_settings_count(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "SAVE_EVERY_S", 0.01)

    async def run() -> None:
        async with house.engine() as engine:
            engine.stop(drain_s=0.1)
            await engine.launch(SPRING)
            await engine.stopped()

    asyncio.run(run())
    assert house.kept() == {}
