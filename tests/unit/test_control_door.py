"""The control socket asks who somebody is before it does anything, and writes every request down."""

from __future__ import annotations

import asyncio
import grp
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from control_cases import FakeFloor
from dialer.access import REQUESTS, Role, UserSettings
from dialer.audit import AuditEntry
from dialer.control import ControlServer
from dialer.control_client import ControlClient, RefusedError
from dialer.control_door import Door, user_name
from dialer.errors import ControlError, StoreError

T = TypeVar("T")
AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ME = user_name(os.geteuid())
TOKENS = {role: f"token-of-{role}" for role in Role}
PARAMS: dict[str, dict[str, object]] = {
    **{name: {"campaign": "m1"} for name in REQUESTS if name.startswith("campaign.")},
    **{name: {"agent": "a01"} for name in REQUESTS if name.startswith("agent.") and name != "agent.list"},
    "agent.dispose": {"agent": "a01", "code": "ptp", "note": "王小明 13912345678"},
    "engine.stop": {"drain_s": 5},
}


class Books:
    """Where entries are written down."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.is_full = False

    def audit(self, entry: AuditEntry) -> None:
        if self.is_full:
            raise StoreError("the disk is full")
        self.entries.append(entry)


class Noon:
    """A clock that stands."""

    def now_s(self) -> float:
        return 0.0

    def now_at(self) -> datetime:
        return AT


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("c") / "run" / "control.sock"


USERS = tuple(UserSettings(name=role.value, role=role, agent="a01", token=TOKENS[role]) for role in Role)


def during(
    place: Path,
    floor: FakeFloor,
    books: Books,
    ask: Callable[[], T],
    users: tuple[UserSettings, ...] = USERS,
    group: str = "",
) -> T:
    async def scenario() -> T:
        door = Door(users=lambda: users, sink=books, clock=Noon())
        async with ControlServer(place, floor, door=door, group=group):
            return await asyncio.to_thread(ask)

    return asyncio.run(scenario())


@pytest.mark.parametrize("role", list(Role))
def test_every_request_is_done_or_refused_as_the_table_says_and_written_down(place: Path, role: Role) -> None:
    books, floor = Books(), FakeFloor()
    client = ControlClient(place, timeout_s=5.0, token=TOKENS[role])
    said: dict[str, str] = {}

    def ask_everything() -> None:
        for name in REQUESTS:
            try:
                if name == "board.watch":
                    next(iter(client.watch(name, every_s=0.1)))
                else:
                    client.call(name, **PARAMS.get(name, {}))  # type: ignore[arg-type]
                said[name] = ""
            except RefusedError as error:
                said[name] = f"{error.kind}: {error}"

    during(place, floor, books, ask_everything)
    for name, roles in REQUESTS.items():
        if role in roles:
            assert not said[name].startswith("forbidden"), (name, said[name])
        else:
            assert said[name].startswith(f"forbidden: `{name}` needs the role admin"), (name, said[name])
    assert [entry.action for entry in books.entries] == list(REQUESTS)
    assert {(entry.actor, entry.role, entry.at) for entry in books.entries} == {(role.value, role.value, AT)}
    for entry in books.entries:
        assert entry.detail.startswith("allowed" if role in REQUESTS[entry.action] else "refused: ")
    assert "王小明" not in str(books.entries) and "13912345678" not in str(books.entries)


def test_a_refused_request_changes_nothing(place: Path) -> None:
    floor = FakeFloor()
    client = ControlClient(place, token=TOKENS[Role.AUDITOR])

    def ask() -> None:
        for name in ("campaign.pause", "agent.pause", "campaign.start"):
            with pytest.raises(RefusedError):
                client.call(name, **PARAMS[name])  # type: ignore[arg-type]
        with pytest.raises(RefusedError):
            client.call("engine.stop")

    during(place, floor, Books(), ask)
    assert (floor.facts, floor.launched, floor.drain_s) == ([], [], None)


def test_an_agent_cannot_pause_another_one(place: Path) -> None:
    books = Books()
    client = ControlClient(place, token=TOKENS[Role.AGENT])

    def ask() -> None:
        client.call("agent.pause", agent="a01")
        with pytest.raises(RefusedError, match="may speak for a01 only"):
            client.call("agent.pause", agent="a02")

    during(place, FakeFloor(), books, ask)
    assert [entry.subject for entry in books.entries] == ["a01", "a02"]


def test_who_stops_calls_is_who_asks_and_not_who_they_say_they_are(place: Path) -> None:
    floor, books = FakeFloor(), Books()
    client = ControlClient(place, token=TOKENS[Role.SUPERVISOR])
    stop = {"who": "HT-2026-000042", "flag": "complaint", "by": "somebody-else"}
    during(place, floor, books, lambda: client.call("stop.add", **stop))
    assert "supervisor" in str(floor.orders.ordered) and "somebody-else" not in str(floor.orders.ordered)
    assert [(entry.action, entry.subject) for entry in books.entries] == [("stop.add", "****0042")]


def test_the_kernel_says_who_has_connected(place: Path) -> None:
    books = Books()
    known = (UserSettings(name=ME, role=Role.AUDITOR), UserSettings(name="x", role=Role.ADMIN))
    client = ControlClient(place)

    def ask() -> None:
        client.call("board.get")
        with pytest.raises(RefusedError, match=f"{ME} is auditor"):
            client.call("engine.stop")

    during(place, FakeFloor(), books, ask, known)
    assert [(entry.actor, entry.role) for entry in books.entries] == [(ME, "auditor")] * 2


@pytest.mark.parametrize("token", ["", "token-of-nobody"])
def test_whoever_is_not_known_gets_nothing_and_is_written_down(place: Path, token: str) -> None:
    books = Books()

    def ask() -> None:
        with pytest.raises(RefusedError, match="does not know you"):
            ControlClient(place, token=token).call("engine.ping")

    during(place, FakeFloor(), books, ask)
    (entry,) = books.entries
    assert (entry.actor, entry.role, entry.action) == (ME, "", "engine.ping")
    assert "token" not in entry.subject and "token-of-nobody" not in entry.detail


def test_what_cannot_be_written_down_is_not_done_unless_it_ends_calls(place: Path) -> None:
    books, floor = Books(), FakeFloor()
    books.is_full = True
    client = ControlClient(place, token=TOKENS[Role.ADMIN])

    def ask() -> None:
        with pytest.raises(RefusedError, match="disk is full"):
            client.call("campaign.start", campaign="m1")
        client.call("campaign.pause", campaign="m1")
        client.call("engine.stop", drain_s=1)

    during(place, floor, books, ask)
    assert (floor.launched, len(floor.facts), floor.drain_s) == ([], 1, 1.0)


def test_a_group_may_connect_where_the_settings_name_one(place: Path) -> None:
    name = grp.getgrgid(os.getegid()).gr_name

    def mode() -> int:
        return stat.S_IMODE(place.stat().st_mode)

    assert during(place, FakeFloor(), Books(), mode, group=name) == 0o660
    assert during(place, FakeFloor(), Books(), mode) == 0o600


def test_a_group_that_does_not_exist_is_said(place: Path) -> None:
    with pytest.raises(ControlError, match="no group nonesuch"):
        during(place, FakeFloor(), Books(), lambda: None, group="nonesuch")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_of_the_machine_is_known_by_the_kernel_and_not_by_what_they_say(place: Path) -> None:
    books = Books()
    place.parent.mkdir(parents=True)
    for folder in (place.parent, *place.parent.parents[:4]):
        if folder.stat().st_uid == os.geteuid() and str(folder) != "/tmp":
            folder.chmod(folder.stat().st_mode | 0o011)
    script = (
        "import os, socket, sys; os.setgroups([]); os.setgid(65534); os.setuid(65534);"
        "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        's.sendall(b\'{"id": 1, "method": "engine.stop", "params": {}}\\n\'); print(s.makefile().readline())'
    )

    def ask() -> str:
        place.chmod(0o666)  # as if a mode had been set wrongly
        return subprocess.run([sys.executable, "-c", script, str(place)], capture_output=True, text=True).stdout

    floor = FakeFloor()
    assert '"forbidden"' in during(place, floor, books, ask, users=())
    assert floor.drain_s is None
    assert [entry.actor for entry in books.entries] == [user_name(65534)]
