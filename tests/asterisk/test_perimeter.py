"""Hostile accounts on the real Asterisk: what was dialled, shown and run, and what is left on disk and seen in ps."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ami_script import AmiScript
from dialer import app, log
from dialer.accounts.imported import ImportedAccount
from dialer.ami import translate
from dialer.ami.messages import encode_action
from dialer.demo import stage
from dialer.effects import Show
from dialer.pbx.carrier import Fixed
from dialer.phones.protocol import EventName
from dialer.settings import DialerSettings
from dialer.snapshot import Snapshot
from dialer.types import AgentState, Number, ServerName
from tests.fuzz.wire import originate_of

pytestmark = pytest.mark.asterisk

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT_S = 120.0
HOSTILE = (
    "${SHELL(touch @canary@)}",
    "${FILE(@canary@,,,,x)}",
    "$[1+1]",
    "x,DIALER_RECORD=@canary@",
    "x&PJSIP/2@carrier",
    '"x" <sip:1@127.0.0.1>;tag=1',
    "x%0d%0aAction: Hangup%0d%0aChannel: /.*/",
    "x)%00${EXEC(System,touch @canary@)}",
    "张三；李四，，",
    "\\",
)


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What was left and seen."""

    settings: DialerSettings
    folder: Path
    canary: Path
    invites: Counter[str]
    expected: Counter[str]
    names: dict[str, str]
    """Raw text -> the caller's name that the channel had."""
    displays: list[str]
    command_lines: str
    secrets: frozenset[str]
    environments: str
    """Of the processes that are neither softphones nor ours."""


@pytest.fixture(scope="module")
def left(asterisk_tools: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    before = os.umask(0o022)  # what a shell usually has: modes must not depend on it
    try:
        yield _run(tmp_path_factory.mktemp("perimeter"))
    finally:
        os.umask(before)


def _run(folder: Path) -> Aftermath:
    canary = folder / "canary"
    hostile = [text.replace("@canary@", str(canary)) for text in HOSTILE]
    ports = stage.plan_ports()
    main = stage.working_folder(folder / "work", REPOSITORY / "config")
    _campaign_file(main)
    runtime = Path(os.environ.get("DIALER_RUNTIME", REPOSITORY / ".runtime"))
    network = stage.carrier_settings(ports, fixed_talk_s=1.0)
    with stage.set_up(main, ports, runtime, lambda _line: None, carrier=network, agents=1) as set_up:
        settings = set_up.settings
        store = app.open_store(settings)
        accounts = [_account(turn, text) for turn, text in enumerate(hostile)]
        store.import_accounts("hostile", "test", accounts, at=datetime.now(UTC))
        store.close()
        log.configure(settings.log_path)
        asyncio.run(asyncio.wait_for(_dial_all(settings, len(accounts)), LIMIT_S))
        names = _say_it_raw(ports.ami, settings.servers[0].ami_secret, hostile, set_up)
        displays = [
            str(event.data.get("name"))
            for phone in set_up.phones.values()
            for event in phone.events
            if event.name is EventName.DISPLAY
        ]
        command_lines, environments = _processes(folder)
        invites = set_up.carrier.invites()
    secrets = frozenset(path.read_text().strip() for path in (main.parent / "secrets").iterdir())
    expected = Counter(
        [account.phones[0] for account in accounts] + [_number(100 + turn) for turn in range(len(hostile))]
    )
    return Aftermath(
        settings=settings,
        folder=folder / "work",
        canary=canary,
        invites=invites,
        expected=expected,
        names=names,
        displays=displays,
        command_lines=command_lines,
        environments=environments,
        secrets=secrets,
    )


def _number(turn: int) -> str:
    kind = Fixed.BUSY if turn % 2 and turn < 100 else Fixed.PERSON
    return f"+86199{turn:04d}{kind}"


def _account(turn: int, text: str) -> ImportedAccount:
    """As if an importer had let everything through: the store and the wire must bear it."""
    return ImportedAccount(
        account_no=f"{text}-{turn}",
        client=text,
        debtor_name=text,
        debtor_key=f"{turn}{text}",
        phones=(Number(_number(turn)),),
        zones=("Asia/Shanghai",),
        amount_due=Decimal("5.00"),
        remark=text,
        product=text,
    )


def _campaign_file(main: Path) -> None:
    text = (main.parent / "campaigns/demo.yaml").read_text(encoding="utf-8")
    for pattern, replacement in (
        (r"(?m)^list: demo", "list: hostile"),
        (r"(?m)^mode: predictive", "mode: progressive"),
        (r"(?m)^wrap_up_limit: \S+", "wrap_up_limit: 1s"),
        (r"(?ms)^retry:\n(  .*?\n)+", "retry: {}\n"),
        (r"(?ms)^next_steps:\n(  .*?\n)+", "next_steps: []\n"),
        (r"(?ms)^routes:\n(  .*?\n)+", "routes: []\n"),
    ):
        text, changed = re.subn(pattern, replacement, text, count=1)
        assert changed, pattern
    (main.parent / "campaigns/hostile.yaml").write_text(text, encoding="utf-8")


async def _dial_all(settings: DialerSettings, accounts: int) -> None:
    async with app.running(settings) as engine:
        await engine.launch("hostile")
        while not _over(engine.snapshot(), accounts):
            await asyncio.sleep(0.2)


def _over(seen: Snapshot, accounts: int) -> bool:
    busy = any(row.state in (AgentState.TALKING, AgentState.WRAP_UP, AgentState.RESERVED) for row in seen.agents)
    return seen.campaigns[0].dialled == accounts and seen.campaigns[0].in_air == 0 and not busy


def _say_it_raw(port: int, secret: str, hostile: list[str], set_up: stage.Stage) -> dict[str, str]:
    """Send what no mask has touched to Asterisk, and ask it what it made of that."""
    names: dict[str, str] = {}
    phone = next(iter(set_up.phones.values()))
    trunk = set_up.settings.trunks[0]
    with AmiScript(port, "dialer", secret) as ami:
        agent = ami.action("CoreShowChannels")
        assert agent["Response"] == "Success"
        leg = ami.wait(lambda event: event.get("Context") == "dialer-agent")["Channel"]
        for turn, text in enumerate(hostile):
            attempt = f"att-raw-{turn}"
            action = translate.originate(
                originate_of(_number(100 + turn), text, text), trunk, str(set_up.settings.recordings_path)
            )
            headers = [pair for pair in action.headers if pair[0] not in ("ActionID", "ChannelId")]
            ami._socket.sendall(encode_action(action.name, [*headers, ("ChannelId", attempt)], attempt))
            ready = ami.user_event("DialerReady", Uniqueid=attempt, within_s=15)
            names[text] = ami.action("Getvar", Channel=ready["Channel"], Variable="CALLERID(name)")["Value"]
            mark = phone.mark()
            for shown in translate.show(
                Show(server=ServerName("local"), channel=leg, name=f"{turn} {text}", number="+86 139****1234")
            ):
                ami._socket.sendall(
                    encode_action(shown.name, shown.headers, f"show-{turn}-{shown.headers[1][1][14:17]}")
                )
            phone.wait(EventName.DISPLAY, within_s=5, after=mark)
            ami.action("Hangup", Channel=attempt, Cause="16")
            ami.wait(lambda event, attempt=attempt: event.get("Event") == "Hangup" and event.get("Uniqueid") == attempt)
    return names


def _processes(folder: Path) -> tuple[str, str]:
    """What every user of this machine sees of us in `ps`, and what our Asterisks were handed in their environment."""
    command_lines, environments = [], []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_bytes().decode(errors="replace")
                command_lines.append(words)
                if str(folder) in words:
                    environments.append((process / "environ").read_bytes().decode(errors="replace"))
            except OSError:  # it ended meanwhile
                continue
    assert environments
    return "\n".join(command_lines), "\n".join(environments)


def test_each_number_was_dialled_once_and_no_other(left: Aftermath) -> None:
    assert left.invites == left.expected
    with sqlite3.connect(left.settings.store_path) as database:
        ledger = Counter(row[0] for row in database.execute("SELECT number FROM attempts"))
    database.close()
    assert ledger == Counter(number for number in left.expected if int(number[6:10]) < 100)


def test_no_text_was_run_and_each_is_shown_as_text(left: Aftermath) -> None:
    assert not left.canary.exists()
    assert left.names == {text: "".join(c for c in text if c not in '"\\') for text in left.names}
    assert len(left.names) == len(HOSTILE)
    shown = {name.partition(" ")[2] for name in left.displays}
    assert any("${SHELL(touch" in name for name in shown), left.displays
    assert not [name for name in left.displays if name == "2"], "$[1+1] was reckoned out"


def test_everything_left_behind_is_for_its_owner_only(left: Aftermath) -> None:
    var = left.settings.store_path.parent
    open_to_others = {
        f"{path.relative_to(left.folder)} {stat.S_IMODE(path.lstat().st_mode):04o}"
        for root in (var, left.folder / "config/secrets", left.folder / "carrier")
        for path in (root, *root.rglob("*"))
        if not path.is_symlink() and path.lstat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    }
    assert not open_to_others
    kinds = {path.suffix for path in var.rglob("*") if path.is_file()}
    assert {".sqlite", ".log", ".conf", ".wav"} <= kinds, kinds  # or the claim would be empty
    assert list((var / "facts").iterdir())


def test_no_secret_is_left_anywhere_but_in_its_own_file_and_asterisks_configuration(left: Aftermath) -> None:
    assert len(left.secrets) >= 8
    homes = (left.folder / "config/secrets", *(left.settings.store_path.parent / "asterisk").glob("*/etc"))
    found = {
        str(path.relative_to(left.folder))
        for path in left.folder.rglob("*")
        if path.is_file() and not path.is_symlink() and not any(home in path.parents for home in homes)
        for secret in left.secrets
        if secret.encode() in path.read_bytes()
    }
    assert not found
    assert not [secret for secret in left.secrets if secret in repr(left.settings)]


def test_no_secret_is_seen_in_the_list_of_processes(left: Aftermath) -> None:
    assert "dialer.softphone" in left.command_lines
    for secret in left.secrets:
        assert secret not in left.command_lines
        assert secret not in left.environments
