"""Small campaigns for tests on the real Asterisk, and an engine of its own process to run them.

with floor(folder) as stage, EngineProcess(stage.settings) as engine:
    numbers = prepare(stage.settings, "sums", [Fixed.PERSON], agents=["agent01"])
    engine.call("campaign.start", campaign="sums")
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from pydantic import JsonValue
from ruamel.yaml import YAML

from dialer.accounts.imported import ImportedAccount
from dialer.app import open_store
from dialer.control_client import ControlClient, NoEngineError
from dialer.demo import stage
from dialer.errors import ControlError
from dialer.pbx.carrier import Fixed
from dialer.phones.spawned import Phone
from dialer.settings import DialerSettings
from dialer.snapshot import AgentRow, CampaignRow
from dialer.types import AgentState, Number

REPOSITORY = Path(__file__).resolve().parents[2]
RUNTIME = Path(os.environ.get("DIALER_RUNTIME", REPOSITORY / ".runtime"))
PATIENCE_S = 15.0
_POLL_S = 0.03
_turns = itertools.count(1)
_yaml = YAML(typ="safe")
_yaml.allow_unicode = True

T = TypeVar("T")


def until(look: Callable[[], T | None], what: str, *, within_s: float = PATIENCE_S) -> T:
    """Look until there is something; fail with `what` was waited for."""
    deadline_s = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline_s, f"waited {within_s} s in vain: {what}"
        time.sleep(_POLL_S)
    return found


@contextlib.contextmanager
def floor(
    folder: Path, *, change: Callable[[dict[str, Any]], None] | None = None, **network: object
) -> Iterator[stage.Stage]:
    """Both Asterisks without any phone.

    Args:
        folder: fresh.
        change: edits `dialer.yaml` as plain values, `!file` and `!env` left alone, before it is read.
        network: fields of `CarrierSettings`.
    """
    ports = stage.plan_ports()
    main = stage.working_folder(folder / "w", REPOSITORY / "config")
    if change is not None:
        edit_yaml(main, change)
    carrier = stage.carrier_settings(ports, **network)
    with stage.set_up(main, ports, RUNTIME, lambda _line: None, carrier=carrier, agents=0) as set_up:
        yield set_up


def edit_yaml(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a YAML file as a person would: tags such as `!file` stay what they are."""
    round_trip = YAML()
    whole = round_trip.load(path.read_text(encoding="utf-8"))
    change(whole)
    with path.open("w", encoding="utf-8") as file:
        round_trip.dump(whole, file)


def write_campaign(settings: DialerSettings, name: str, **changes: object) -> Path:
    """Write `campaigns/NAME.yaml`: the demo's, progressive, in one go, with these changes; mappings are merged."""
    folder = settings.source.parent / "campaigns"
    whole = _yaml.load((folder / "demo.yaml").read_text(encoding="utf-8"))
    plain = {"list": name, "mode": "progressive", "ring_timeout": "5s", "retry": {}, "next_steps": [], "routes": []}
    whole["calling"]["min_ring"] = "5s"
    for key, value in (plain | changes).items():
        merged = isinstance(value, dict) and key in ("pacing", "calling")
        whole[key] = whole[key] | value if merged else value
    path = folder / f"{name}.yaml"
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        _yaml.dump(whole, file)
    draft.rename(path)  # the engine never reads half a file
    return path


def prepare(settings: DialerSettings, name: str, kinds: Sequence[Fixed], **changes: object) -> list[str]:
    """Write a campaign and import its list; returns the numbers in the order in which they will be called."""
    write_campaign(settings, name, **changes)
    numbers = [f"+86199{next(_turns):04d}{kind}" for kind in kinds]
    accounts = [
        ImportedAccount(
            account_no=f"{name}-{place:04d}",
            debtor_name="欧阳测试",
            phones=(Number(number),),
            zones=("Asia/Shanghai",),
            amount_due=Decimal("1000.00"),
            priority=len(numbers) - place,
        )
        for place, number in enumerate(numbers)
    ]
    store = open_store(settings)
    store.import_accounts(name, "test", accounts, at=datetime.now(UTC))
    store.close()
    return numbers


class EngineProcess:
    """`dialer serve` in a process of its own, which dies with this one.

    Args:
        settings: of the stage.
        environment: more variables, such as another DIALER_AMI_PORT.
    """

    def __init__(self, settings: DialerSettings, environment: Mapping[str, str] | None = None) -> None:
        self.settings = settings
        self._environment = {**os.environ, **(environment or {}), "PYTHONPATH": str(REPOSITORY)}
        self._client = ControlClient(settings.control_path)
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> EngineProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None and self._child.poll() is None:
            with contextlib.suppress(ControlError):
                self.call("engine.stop", drain_s=0)
            try:
                self._child.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def start(self) -> None:
        """Start it; returns when it answers."""
        self._child = subprocess.Popen(
            [sys.executable, "-c", _ENGINE, "--config", str(self.settings.source), "serve"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
        )
        until(self._answers, "the engine answers")

    def kill(self) -> None:
        """SIGKILL: no goodbye to anybody."""
        assert self._child is not None
        self._child.kill()
        self._child.wait()

    def call(self, method: str, **params: JsonValue) -> JsonValue:
        """Ask as the command line asks."""
        return self._client.call(method, **params)

    def launch(self, campaign: str) -> None:
        """Start a campaign."""
        self.call("campaign.start", campaign=campaign)

    def agent(self, agent_id: str) -> AgentRow:
        """One agent, now."""
        return next(row for row in self._client.snapshot().agents if row.agent_id == agent_id)

    def campaign(self, name: str) -> CampaignRow:
        """One campaign, now."""
        return next(row for row in self._client.snapshot().campaigns if row.name == name)

    def is_connected(self) -> bool:
        """Whether all servers are reached."""
        return all(row.connected for row in self._client.snapshot().servers)

    def until_state(self, agent_id: str, *states: AgentState, within_s: float = PATIENCE_S) -> AgentRow:
        """Wait until an agent is in one of these states."""

        def look() -> AgentRow | None:
            row = self.agent(agent_id)
            return row if row.state in states else None

        return until(look, f"{agent_id} in {states}, not {self.agent(agent_id)}", within_s=within_s)

    def log(self, event: str) -> list[dict[str, Any]]:
        """The log's lines of one event."""
        path = self.settings.log_path
        assert path is not None
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [line for line in map(json.loads, lines) if line.get("event") == event]

    def _answers(self) -> bool:
        assert self._child is not None
        assert self._child.poll() is None, "the engine has ended"
        try:
            return self.is_connected()
        except NoEngineError:
            return False


# SIGKILL on the parent's death: a test run that is broken off leaves no engine behind.
_ENGINE = (
    "import ctypes; ctypes.CDLL(None).prctl(1, 9); from dialer.cli.main import main; main()"
    if sys.platform == "linux"
    else "from dialer.cli.main import main; main()"
)


class Ledger:
    """The store as another program reads it."""

    def __init__(self, settings: DialerSettings) -> None:
        self._path = settings.store_path

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """All rows of a SELECT."""
        with contextlib.closing(sqlite3.connect(self._path, timeout=10)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(statement, values)]

    def attempt(self, number: str) -> dict[str, Any] | None:
        """The only attempt on a number."""
        found = self.rows("SELECT * FROM attempts WHERE number = ?", number)
        assert len(found) <= 1, found
        return found[0] if found else None

    def disposition(self, number: str) -> dict[str, Any] | None:
        """What was concluded of the only attempt on a number."""
        found = self.rows("SELECT d.* FROM dispositions d JOIN attempts USING (attempt_id) WHERE number = ?", number)
        return found[0] if found else None

    def until_disposed(self, number: str, *, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait for the conclusion."""
        return until(lambda: self.disposition(number), f"a disposition of {number}", within_s=within_s)

    def until_ended(self, number: str, *, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until the attempt on a number is closed."""

        def look() -> dict[str, Any] | None:
            found = self.attempt(number)
            return found if found is not None and found["closed_at"] else None

        return until(look, f"the end of the call to {number}", within_s=within_s)

    def dials(self) -> Counter[str]:
        """How often each number was dialled, by its digits."""
        return Counter(digits(row["number"]) for row in self.rows("SELECT number FROM attempts"))


def digits(text: str) -> str:
    """Without the plus sign."""
    return re.sub(r"\D", "", text)


def key(phone: Phone, entry: str) -> None:
    """Press keys as a person does, over RTP."""
    phone.send(f"dtmf {entry}")


def passwords(settings: DialerSettings, *users: str) -> dict[str, str]:
    """What phones need to register."""
    known = {one.id: one.secret for one in (*settings.agents, *settings.supervisors)}
    return {user: known[user] for user in users}
