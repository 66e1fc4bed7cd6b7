"""One engine, two Asterisks: people who answer on a server talk to agents of that server, and one may be lost."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from dialer import app, log
from dialer.accounts.imported import ImportedAccount
from dialer.demo import actors, stage
from dialer.engine import Engine
from dialer.pbx.carrier import Fixed
from dialer.snapshot import Snapshot
from dialer.types import AgentState

pytestmark = pytest.mark.asterisk

REPOSITORY = Path(__file__).resolve().parents[2]
SECOND = """
  second:
    private: true
    host: 127.0.0.1
    ami_port: {ami}
    sip_port: {sip}
    rtp_start: {rtp}
    rtp_end: {rtp_end}
    ami_secret: !file secrets/ami2
"""
SECOND_TRUNK = """
  carrier_two:
    server: second
    host: 127.0.0.1
    port: !env [DIALER_CARRIER_PORT, 5070]
    channels: 10
    calls_per_s: 10
    number_format: e164
"""
ACCOUNTS = 16
LIMIT_S = 60.0


def two_servers(main: Path, first: stage.PortPlan, second: stage.PortPlan) -> None:
    text = main.read_text(encoding="utf-8")
    ports = {"ami": second.ami, "sip": second.sip, "rtp": first.rtp + 400, "rtp_end": first.rtp + 799}
    text = text.replace("\nservers:\n", "\nservers:" + SECOND.format(**ports), 1)
    text = text.replace("\ntrunks:\n", "\ntrunks:" + SECOND_TRUNK, 1)
    text = text.replace("  carrier:  ", "  carrier:\n    server: local\n    #", 1)
    for number in range(1, 7):
        server = "second" if number > 3 else "local"
        text = text.replace(f"  agent0{number}:\n", f"  agent0{number}:\n    server: {server}\n", 1)
    text = text.replace("  supervisor01:  ", "  supervisor01:\n    server: local\n    #", 1)
    main.write_text(text, encoding="utf-8")
    stage.make_secrets(main)
    demo = main.parent / "campaigns/demo.yaml"
    campaign = demo.read_text(encoding="utf-8").replace("trunks: [carrier]", "trunks: [carrier, carrier_two]")
    campaign = campaign.replace("mode: predictive", "mode: progressive").split("\nroutes:\n")[0]
    tail = "\npromise: {max_days: 30, min_amount: 1.00}\nmessages: {abandoned: dialer/zh/identify}\n"
    demo.write_text(campaign + tail, encoding="utf-8")


def test_calls_stay_on_the_server_of_their_agents_and_the_other_server_goes_on_alone(tmp_path: Path) -> None:
    ports, more = stage.plan_ports(), stage.plan_ports()
    main = stage.working_folder(tmp_path / "work", REPOSITORY / "config")
    two_servers(main, ports, more)
    network = stage.carrier_settings(ports, fixed_talk_s=2.0)
    runtime = Path(os.environ.get("DIALER_RUNTIME", REPOSITORY / ".runtime"))
    with stage.set_up(main, ports, runtime, lambda _line: None, carrier=network) as set_up:
        import_people(set_up)
        log.configure(set_up.settings.log_path)
        asyncio.run(asyncio.wait_for(run(set_up), LIMIT_S))
        seen = sum(set_up.carrier.invites().values())
    with sqlite3.connect(set_up.settings.store_path) as database:
        rows = database.execute("SELECT server, agent_id FROM attempts WHERE outcome = 'bridged'").fetchall()
        attempts = database.execute("SELECT count(*) FROM attempts").fetchone()[0]
    database.close()
    homes = {agent.id: agent.server for agent in set_up.settings.agents}
    assert all(homes[agent] == server for server, agent in rows)
    assert {server for server, _ in rows} == {"local", "second"}
    assert seen == attempts


def import_people(set_up: stage.Stage) -> None:
    accounts = [
        ImportedAccount(
            account_no=f"P-{turn}",
            client="test",
            debtor_name="测试人",
            phones=(f"+86199{turn:04d}{Fixed.PERSON}",),
            zones=("Asia/Shanghai",),
            amount_due=Decimal("1000.00"),
        )
        for turn in range(ACCOUNTS)
    ]
    store = app.open_store(set_up.settings)
    store.import_accounts("demo", "test", accounts, at=datetime.now(UTC))
    store.close()


async def run(set_up: stage.Stage) -> None:
    async with app.running(set_up.settings) as engine:
        acting = asyncio.create_task(actors.act(engine, set_up.phones, seed=3))
        await seen(engine, lambda now: sum(row.state is AgentState.READY for row in now.agents) == 6)
        await engine.launch("demo")
        await seen(engine, lambda now: talked(now, "agent01", "agent02", "agent03") >= 1)
        await seen(engine, lambda now: talked(now, "agent04", "agent05", "agent06") >= 1)
        engine.stop(drain_s=20)
        await engine.stopped()
        acting.cancel()


async def seen(engine: Engine, claim: Callable[[Snapshot], bool]) -> None:
    while not claim(engine.snapshot()):
        await asyncio.sleep(0.1)


def talked(now: Snapshot, *names: str) -> int:
    return sum(row.calls for row in now.agents if row.agent_id in names)
