"""From a list with hostile cells and hostile commands to the wire: Asterisk gets the intended actions only."""

from __future__ import annotations

import asyncio
import csv
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import openpyxl

from dialer.accounts.importing import read_accounts
from dialer.cli.exports import write_csv, write_xlsx
from dialer.clock import SystemClock
from dialer.control import ControlServer
from dialer.engine import Engine
from dialer.facts import CampaignLaunched
from dialer.store.reports import export_accounts, export_attempts
from dialer.store.sqlite import SqliteStore
from dialer.types import CampaignName, Mode
from fake_ami import Action, FakeAmi, until
from fake_network import FakeNetwork
from tests.unit import floor_world as fw

AGENTS = ("anna", "bert")
HOSTILE = (
    'x"\r\n\r\nAction: Command\r\nCommand: core stop now\r\n\r\n',
    "x\nAction: Hangup\nChannel: /^.*/",
    "a\0b",
    "x,DIALER_RECORD=/tmp/x",
    "${SHELL(touch /tmp/x)}",
    "$[1+1]",
    '"x" <sip:1@evil.example>;tag=1',
    "1@evil.example",
    "1&PJSIP/2@carrier",
    "%0d%0aAction: Command",
    "x\u2028Action: Ping",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "＝1",
    "\t=1",
    "\x1b[2J",
    "'; DROP TABLE accounts; --",
    "<script>alert(1)</script>",
    "[bold]x[/bold]",
    "../../etc/passwd",
    "张三；李四，",
)
WIRE = {
    "Login": {"Username": r"dialer", "Secret": r"x", "Events": r"\w*"},
    "Ping": {},
    "CoreShowChannels": {},
    "Originate": {
        "ChannelId": r"att-[a-z0-9-]+",
        "Channel": r"PJSIP/\+8615400000[0-9]{3}@trunk",
        "Context": r"dialer-customer",
        "Exten": r"s",
        "Priority": r"1",
        "Timeout": r"[0-9]+",
        "Async": r"true",
        "Variable": r"DIALER_(WAIT_S|MESSAGE|SHOW_NAME|SHOW_NUMBER|RECORD)=[A-Za-z0-9_.~%-]*",
    },
    "Bridge": {"Channel1": r"PJSIP/att-[a-z0-9-]+", "Channel2": r"PJSIP/(anna|bert)-00000001", "Tone": r"Channel2"},
    "Hangup": {"Channel": r"att-[a-z0-9-]+", "Cause": r"16"},
    "Setvar": {
        "Channel": r"PJSIP/(anna|bert)-00000001",
        "Variable": r"DIALER_SAY|CONNECTEDLINE\((name,i|num)\)",
        "Value": r'[^"\\<>;\r\n\x00-\x1f]*',
    },
    "Redirect": {
        "Channel": r"PJSIP/(anna|bert)-00000001",
        "Context": r"dialer-agent",
        "Exten": r"say",
        "Priority": r"1",
    },
    "Logoff": {},
}


def unintended(action: Action) -> str:
    """What of an action, as Asterisk would read it, nobody meant; empty for nothing."""
    allowed = WIRE.get(action.name)
    if allowed is None:
        return f"the action {action.name!r}"
    for key, value in action.headers:
        pattern = {"Action": action.name, "ActionID": r"[A-Za-z0-9-]+"}.get(key) or allowed.get(key)
        if pattern is None or not re.fullmatch(pattern, value):
            return f"{action.name}: {key!r}: {value!r}"
    once = Counter(key for key, _ in action.headers if key != "Variable")
    return "" if set(once.values()) == {1} else f"{action.name} has a header twice"


def hostile_list(path: Path) -> int:
    """Each hostile text in each column of a row of its own, with a sound row between them."""
    columns = ("合同号", "姓名", "手机号", "逾期金额", "备注", "委托方", "省份", "产品", "行业", "风险等级", "客户号")
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for text in HOSTILE:
            for column in ("合同号", "姓名", "手机号", "备注", "委托方", "产品", "客户号"):
                rows += 1
                sound = {"合同号": f"HT{rows}", "姓名": "张三", "手机号": f"15400000{rows:03d}", "逾期金额": "5.00"}
                row = dict.fromkeys(columns, "") | sound | {"客户号": f"KH{rows}"} | {column: text}
                writer.writerow(row.values())
    return rows


async def command(path: Path, *requests: dict[str, object]) -> list[dict[str, dict[str, str]]]:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.writelines(json.dumps(request).encode() + b"\n" for request in requests)
    answers = [json.loads(await asyncio.wait_for(reader.readline(), 10)) for _ in requests]
    writer.close()
    await writer.wait_closed()
    return answers


def test_hostile_lists_and_commands_reach_asterisk_as_calls_to_their_numbers_and_nothing_else(tmp_path: Path) -> None:
    rows = hostile_list(tmp_path / "hostile.csv")
    numbers: Counter[str] = Counter()
    store_path = tmp_path / "store.db"
    with read_accounts(tmp_path / "hostile.csv") as preview:
        assert len(preview.accounts) + len(preview.rejected) == rows
        assert len(preview.accounts) > 60
        numbers.update(account.phones[0] for account in preview.accounts)
        store = SqliteStore.create(store_path)
        store.import_accounts("spring", "hostile.csv", preview.accounts, datetime.now(UTC))
        store.close()
    asyncio.run(campaign_over(store_path, tmp_path, numbers))
    check_exports(store_path, tmp_path)


async def campaign_over(store_path: Path, folder: Path, numbers: Counter[str]) -> None:
    campaign = replace(fw.campaign(mode=Mode.PROGRESSIVE, wrap_up_limit_s=0.05), record=True)
    async with FakeAmi() as fake:
        network = FakeNetwork(fake, AGENTS)
        hostile = HOSTILE[5]
        plain = fw.settings([replace(fw.agent(name), name=hostile) for name in AGENTS])
        settings = replace(plain, servers=tuple(replace(one, ami_port=fake.port) for one in plain.servers))
        store = SqliteStore.open(store_path)
        engine = Engine(
            settings,
            store,
            SystemClock(),
            load_settings=lambda: settings,
            load_campaigns=lambda _: {campaign.name: campaign},
            load_campaign=lambda *_: campaign,
        )
        running = asyncio.create_task(engine.run())
        await engine.started(running)
        async with ControlServer(folder / "c.sock", engine):
            await engine.tell(CampaignLaunched(settings=campaign))
            await hostile_commands(folder / "c.sock")
            await until(lambda: network.calls >= sum(numbers.values()), within_s=60)
            [alive] = await command(folder / "c.sock", {"id": 9, "method": "board.get"})
            assert "result" in alive
        engine.stop(drain_s=5.0)
        await running
        dialled = Counter(
            action.get("Channel").removeprefix("PJSIP/").partition("@")[0]
            for action in fake.received
            if action.name == "Originate"
        )
        assert dialled == numbers, "numbers that nobody meant, or one twice"
        assert not {wrong for action in fake.received if (wrong := unintended(action))}


async def hostile_commands(path: Path) -> None:
    """Hostile text in every parameter that is text; each is refused with a reason."""
    for text in HOSTILE:
        requests: list[dict[str, object]] = [
            {"id": 1, "method": "campaign.pause", "params": {"campaign": text}},
            {"id": 2, "method": "campaign.start", "params": {"campaign": text}},
            {"id": 3, "method": "agent.pause", "params": {"agent": text, "reason": text}},
            {"id": 4, "method": "agent.dispose", "params": {"agent": "anna", "code": text, "note": text}},
            {"id": 5, "method": text, "params": {"agent": "anna"}},
        ]
        for answer in await command(path, *requests):
            assert "error" in answer, (text, answer)
            assert answer["error"]["kind"] in ("bad_request", "unknown_method", "refused"), answer
            assert "\x1b" not in answer["error"]["message"]


def check_exports(store_path: Path, folder: Path) -> None:
    """What is written for spreadsheets has the texts and not one formula."""
    store = SqliteStore.open(store_path)
    try:
        for name, read in (
            ("accounts", lambda: export_accounts(store, "spring", unmasked=True)),
            ("attempts", lambda: export_attempts(store, CampaignName("spring"), unmasked=True)),
        ):
            assert write_csv(folder / f"{name}.csv", read()) > 60
            assert write_xlsx(folder / f"{name}.xlsx", read()) > 60
            with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
                cells = [cell for row in csv.reader(file) for cell in row]
            assert not [cell for cell in cells if re.match(r"\s*[=@\t\r＝＠]|\s*[+\-＋－](?![0-9 *]+$)", cell)]
            sheet = openpyxl.load_workbook(folder / f"{name}.xlsx").active
            assert sheet is not None
            assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {
                "s",
                "inlineStr",
                "n",
                "b",
                "d",
            }  # and no "f"
    finally:
        store.close()
