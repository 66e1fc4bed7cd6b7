"""Numbers that cost money elsewhere: told at the import, refused to agents and commands, never on the wire."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialer.calling_rules import Origin, PrefixRule
from dialer.cli.main import app
from dialer.control import ControlServer
from dialer.control_client import ControlClient, RefusedError
from dialer.store.sqlite import SqliteStore
from fake_ami import FakeAmi, until
from test_engine_memory import CAMPAIGN, House
from tests.unit import store_cases as case

HOME = PrefixRule(
    allow=("+86",), deny=("+86168", "+86400"), origin=Origin(profile="CN-TEST", id="prefixes", cite="P-1")
)
BARRED = {"premium": "+8616812345678", "foreign": "+882213000000", "free": "+864001234567", "us900": "+19005551234"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    store = SqliteStore.open(made.store_path)
    accounts = [
        replace(case.account(name, 3000 + turn), phones=(number,)) for turn, (name, number) in enumerate(BARRED.items())
    ]
    case.stocked(store, accounts).close()
    return made


def test_a_barred_number_is_dialled_by_no_campaign_and_for_no_agent(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[FakeAmi] = []
    begin = FakeAmi.__aenter__

    async def remember(fake: FakeAmi) -> FakeAmi:
        heard.append(fake)
        return await begin(fake)

    monkeypatch.setattr(FakeAmi, "__aenter__", remember)

    async def play() -> None:
        campaign = replace(CAMPAIGN, rules=replace(CAMPAIGN.rules, prefixes=(HOME,)))
        async with house.engine(campaign) as engine, ControlServer(tmp_path / "c.sock", engine):
            await engine.launch("spring")
            client = ControlClient(tmp_path / "c.sock")
            for name, number in BARRED.items():
                for who in (name, number, f"{number[:3]} {number[3:]}"):
                    said = await asyncio.to_thread(refusal, client, who)
                    assert "foreign, premium or special" in said, said
            for who in (
                "+1",
                "+8613900000000@evil.example",
                "+86 139&PJSIP/1",
                "+86x\nAction: Ping",
                "15400000001;ext=1",
            ):
                assert await asyncio.to_thread(refusal, client, who)
            await until(lambda: engine.snapshot().campaigns[0].dialled > 50, within_s=30)

    asyncio.run(play())
    dialled = {action.get("Channel") for fake in heard for action in fake.received if action.name == "Originate"}
    assert len(dialled) > 50
    assert not [channel for channel in dialled if any(number in channel for number in BARRED.values())]


def refusal(client: ControlClient, who: str) -> str:
    """Why an agent may not call; not because the account or the agent is busy at the very moment."""
    give_up_at_s = time.monotonic() + 10
    said = "about to be dialled"
    while re.search("about to be dialled|cannot call now", said) and time.monotonic() < give_up_at_s:
        with pytest.raises(RefusedError) as caught:
            client.call("agent.call", agent="anna", who=who)
        said = str(caught.value)
    return said


def test_the_import_says_how_many_numbers_which_campaign_would_never_dial(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["init", str(tmp_path)]).exit_code == 0
    rows = [
        f"HT{turn},张三,{number},5.00,{spare}"
        for turn, (number, spare) in enumerate(
            [
                ("15400000001", ""),
                ("+8616812345678", "15400000002"),
                ("+882213000000", "+19005551234"),
                ("+14155550101", ""),
            ]
        )
    ]
    file = tmp_path / "list.csv"
    file.write_text("\n".join(["合同号,姓名,手机号,逾期金额,备用电话", *rows]) + "\n", encoding="utf-8")
    told = imported(tmp_path, file, "nobodys")
    assert told["never_dialled"] == [
        {
            "campaign": "",
            "numbers": 3,
            "accounts": 2,
            "accounts_without_another": 2,
            "rules": {"campaign prefixes [region CN] (house)": 3},
        }
    ]
    [one] = imported(tmp_path, file, "demo")["never_dialled"]
    assert one["campaign"] == "demo"
    assert one["numbers"] >= 3
    assert imported(tmp_path, file, "demo")["accounts"] == 4  # told, and kept: rules may change


def imported(folder: Path, file: Path, list_name: str) -> dict[str, list[dict[str, object]]]:
    words = [
        "--config",
        str(folder / "config/dialer.yaml"),
        "--json",
        "import",
        str(file),
        "--list",
        list_name,
        "--dry-run",
    ]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    told: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return told
