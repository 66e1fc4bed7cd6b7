"""A running engine puts every decision on record as it makes it, and says why idle agents have nothing to dial."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dialer.clock import SystemClock
from dialer.engine import Engine
from dialer.floor import board
from dialer.settings import CampaignSettings, DialerSettings, PacingSettings
from dialer.snapshot import CampaignRow
from dialer.store import audit_check
from dialer.store.audit_check import Verified
from dialer.store.sqlite import SqliteStore
from dialer.store.waterfall import waterfall
from dialer.types import CampaignName, Mode
from dialer.waterfall import Waterfall
from fake_ami import FakeAmi, until
from fake_network import FakeNetwork
from tests.unit import floor_world as fw
from tests.unit import store_cases as case

AGENTS = ("anna", "bert")
SPRING = CampaignName("spring")
CAMPAIGN = fw.campaign(mode=Mode.POWER, wrap_up_limit_s=0.05)
PATIENCE_S = 20.0
ACCOUNTS = 40


class House:
    """A store, a network and an engine."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.db"
        self.source = folder / "spring.yaml"
        self.source.write_text("mode: power\n")
        self.campaign = replace(CAMPAIGN, source=self.source, pacing=PacingSettings(ratio=4.0))
        accounts = [case.account(f"a{index}", index) for index in range(ACCOUNTS)]
        case.stocked(SqliteStore.create(self.path), accounts).close()
        self.counted_in: list[str] = []

    def count(self, campaign: CampaignSettings, at: object, agents: object) -> Waterfall:
        self.counted_in.append(threading.current_thread().name)
        with contextlib.closing(SqliteStore.open(self.path)) as store, store.reading() as database:
            return waterfall(database.conn, campaign, SystemClock().now_at())

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        async with FakeAmi() as fake:
            FakeNetwork(fake, AGENTS)
            plain = fw.settings([fw.agent(name) for name in AGENTS])
            settings: DialerSettings = replace(
                plain, source=self.source, servers=tuple(replace(one, ami_port=fake.port) for one in plain.servers)
            )
            engine = Engine(
                settings,
                SqliteStore.open(self.path),
                SystemClock(),
                load_settings=lambda: settings,
                load_campaigns=lambda _: {SPRING: self.campaign},
                load_campaign=lambda *_: self.campaign,
                count=self.count,
            )
            running = asyncio.create_task(engine.run())
            try:
                await engine.started(running)
                yield engine
            finally:
                engine.stop(drain_s=5.0)
                await running

    def verified(self) -> Verified:
        with contextlib.closing(SqliteStore.open(self.path)) as store, store.reading() as database:
            return audit_check.verify(database.conn)

    def entries(self, action: str) -> list[tuple[str, dict[str, object]]]:
        with contextlib.closing(sqlite3.connect(self.path)) as raw:
            rows = raw.execute("SELECT subject, detail FROM audit WHERE action = ? ORDER BY seq", (action,)).fetchall()
        return [(subject, json.loads(detail)) for subject, detail in rows]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def row(engine: Engine) -> CampaignRow:
    return next(row for row in engine.snapshot().campaigns if row.name == SPRING)


def test_whatever_an_engine_does_the_log_is_whole_and_the_ledger_agrees(house: House) -> None:
    async def work() -> None:
        async with house.engine() as engine:
            await engine.launch(SPRING)
            await until(lambda: row(engine).dialled >= ACCOUNTS // 2, PATIENCE_S)
            await engine.reload()

    with capture_logs() as logs:
        asyncio.run(work())
    told = house.verified()
    assert told.finding is None
    assert told.attempts >= ACCOUNTS // 2
    assert len(house.entries("attempt.closed")) == len(house.entries("attempt.concluded")) == told.attempts
    used = house.entries("settings.used")
    assert [subject for subject, _ in used] == ["dialer", "campaign:spring", "dialer", "campaign:spring"]
    assert all(len(str(detail["sha256"])) == 64 for _, detail in used)
    assert [line["head"].count(":") for line in logs if line["event"] == "audit.head"] == [1, 1], (
        "as it began and ended"
    )
    assert [str(line["head"]) for line in logs if line["event"] == "audit.head"][-1] == str(told.head)


def test_a_running_engine_says_on_the_board_why_agents_have_nothing_to_dial(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "IDLE_ALERT_S", 0.1)
    monkeypatch.setattr("dialer.idle.LOOK_EVERY_S", 0.05)
    later = SystemClock().now_at() + timedelta(hours=2)
    with contextlib.closing(sqlite3.connect(house.path)) as raw:
        raw.execute("UPDATE accounts SET state = 'waiting', next_at = ?", (f"{later:%Y-%m-%dT%H:%M:%S.%f}Z",))
        raw.commit()

    async def wait() -> tuple[str, ...]:
        async with house.engine() as engine:
            await engine.launch(SPRING)
            await until(lambda: bool(row(engine).not_dialable), PATIENCE_S)
            return engine.snapshot().alerts

    assert asyncio.run(wait()) == (f"spring: 2 agents idle, 0 dialable: {ACCOUNTS} waiting to retry",)
    assert threading.main_thread().name not in house.counted_in
