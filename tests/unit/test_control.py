"""The control socket, over a real unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import pwd
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import JsonValue

from control_cases import A01, M1, SNAPSHOT, FakeFloor
from dialer.control import ControlServer
from dialer.control_client import (
    MAX_LINE_BYTES,
    ControlClient,
    NoEngineError,
    RefusedError,
    snapshot_from_json,
    snapshot_to_json,
)
from dialer.effects import Report
from dialer.errors import ControlError
from dialer.facts import AgentTold, CampaignTold, DispositionTold, Fact
from dialer.leads import Promise
from dialer.snapshot import Snapshot
from dialer.types import (
    CampaignState,
    DispositionCode,
)

T = TypeVar("T")


@pytest.fixture
def floor() -> FakeFloor:
    return FakeFloor()


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("c") / "run" / "control.sock"


def during(place: Path, floor: FakeFloor, ask: Callable[[ControlClient], T]) -> T:
    """What `ask` returns, run in a thread while a server listens."""

    async def scenario() -> T:
        async with ControlServer(place, floor):
            return await asyncio.to_thread(ask, ControlClient(place, timeout_s=5.0))

    return asyncio.run(scenario())


def test_a_snapshot_crosses_the_socket_unchanged(place: Path, floor: FakeFloor) -> None:
    assert during(place, floor, lambda client: client.snapshot()) == SNAPSHOT
    assert snapshot_from_json(snapshot_to_json(SNAPSHOT)) == SNAPSHOT


@pytest.mark.parametrize(
    ("method", "params", "fact"),
    [
        ("campaign.pause", {"campaign": "m1"}, CampaignTold(campaign=M1, state=CampaignState.PAUSED)),
        ("campaign.resume", {"campaign": "m1"}, CampaignTold(campaign=M1, state=CampaignState.RUNNING)),
        ("campaign.stop", {"campaign": "m1"}, CampaignTold(campaign=M1, state=CampaignState.STOPPING)),
        ("agent.pause", {"agent": "a01", "reason": "饭"}, AgentTold(agent_id=A01, wish="pause", reason="饭")),
        ("agent.login", {"agent": "a01"}, AgentTold(agent_id=A01, wish="login")),
        (
            "agent.dispose",
            {"agent": "a01", "code": "ptp", "amount": "1200.50", "due_on": "2026-03-09"},
            DispositionTold(
                agent_id=A01,
                code=DispositionCode("ptp"),
                promise=Promise(amount=Decimal("1200.50"), due_on=date(2026, 3, 9)),
            ),
        ),
        (
            "agent.dispose",
            {"agent": "a01", "code": "cb", "callback_at": "2026-03-09T15:00:00+08:00", "note": "下午"},
            DispositionTold(
                agent_id=A01,
                code=DispositionCode("cb"),
                callback_at=datetime(2026, 3, 9, 7, 0, tzinfo=UTC),
                note="下午",
            ),
        ),
    ],
)  # fmt: skip
def test_a_command_becomes_its_fact(
    place: Path, floor: FakeFloor, method: str, params: dict[str, JsonValue], fact: Fact
) -> None:
    result = during(place, floor, lambda client: client.call(method, **params))
    assert floor.facts == [fact]
    assert result == {
        "reports": [
            {
                "event": "campaign.paused",
                "level": "info",
                "text": "campaign.paused campaign=m1",
                "fields": {"campaign": "m1"},
            }
        ]
    }


ME = pwd.getpwuid(os.getuid()).pw_name
"""Whoever asks signs an order, whatever name the request gives."""


@pytest.mark.parametrize(
    ("method", "params", "order"),
    [
        (
            "stop.add",
            {"who": "A-1", "flag": "deceased", "by": "boss", "until_at": "2026-03-09T00:00:00+08:00"},
            ("stop", "A-1", "deceased", ME, "", datetime(2026, 3, 8, 16, 0, tzinfo=UTC)),
        ),
        (
            "stop.lift",
            {"who": "+8613900000001", "by": "boss", "note": "mix-up"},
            ("allow", "+8613900000001", "", ME, "mix-up"),
        ),
        ("agent.call", {"agent": "a01", "who": "A-1"}, ("call", "a01", "A-1", "")),
    ],
)
def test_an_order_reaches_the_engine(
    place: Path, floor: FakeFloor, method: str, params: dict[str, JsonValue], order: tuple[object, ...]
) -> None:
    during(place, floor, lambda client: client.call(method, **params))
    assert floor.orders.ordered == [order]


def test_start_launches_and_stop_gives_time_to_drain(place: Path, floor: FakeFloor) -> None:
    def ask(client: ControlClient) -> None:
        client.call("campaign.start", campaign="m1")
        client.call("engine.stop", drain_s=7)

    during(place, floor, ask)
    assert (floor.launched, floor.drain_s) == (["m1"], 7.0)


def test_an_error_report_is_a_refusal_in_its_own_words(place: Path, floor: FakeFloor) -> None:
    floor.reports = (Report(event="agent.unknown", fields={"reason": "no agent a99"}, level="error"),)
    with pytest.raises(RefusedError, match=r"^no agent a99$") as caught:
        during(place, floor, lambda client: client.call("agent.ready", agent="a99"))
    assert caught.value.kind == "refused"


@pytest.mark.parametrize(
    ("method", "params", "kind", "says"),
    [
        ("agent.dance", {"agent": "a01"}, "unknown_method", "agent.dance"),
        ("nothing", {}, "unknown_method", "nothing"),
        ("campaign.pause", {}, "bad_request", "campaign: Field required"),
        ("campaign.pause", {"campaign": 3}, "bad_request", "campaign"),
        ("engine.stop", {"drain_s": -1}, "bad_request", "drain_s"),
        ("agent.dispose", {"agent": "a", "code": "ptp", "amount": "5"}, "refused", "both"),
        (
            "agent.dispose",
            {"agent": "a", "code": "cb", "callback_at": "2026-03-09T15:00:00"},
            "bad_request",
            "callback_at",
        ),
        ("campaign.status", {"campaign": "zz"}, "refused", "dialer campaign start zz"),
        ("campaign.start", {"campaign": "defect"}, "internal", "log"),
    ],
)
def test_a_wrong_request_says_what_was_wrong(
    place: Path, floor: FakeFloor, method: str, params: dict[str, JsonValue], kind: str, says: str
) -> None:
    with pytest.raises(RefusedError, match=says) as caught:
        during(place, floor, lambda client: client.call(method, **params))
    assert caught.value.kind == kind
    assert not floor.facts


def exchange(place: Path, sent: bytes) -> list[dict[str, JsonValue]]:
    """All answers to raw bytes, until the server hangs up."""
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(5.0)
        wire.connect(str(place))
        wire.sendall(sent)
        answers: list[dict[str, JsonValue]] = []
        with wire.makefile("rb") as lines, contextlib.suppress(ConnectionResetError):  # our tail went unread
            answers.extend(json.loads(line) for line in lines)
        return answers


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"[1]\n", b'{"id": 1}\n', b"\xff\xfe\n", b"x" * MAX_LINE_BYTES + b"xx\n"],
    ids=["http", "list", "no method", "not utf-8", "too long"],
)  # fmt: skip
def test_garbage_gets_one_error_and_a_closed_door(place: Path, floor: FakeFloor, garbage: bytes) -> None:
    answers = during(place, floor, lambda _: exchange(place, garbage))
    assert [answer["error"]["kind"] for answer in answers] == ["bad_request"]


def test_one_connection_carries_many_requests_even_after_a_wrong_one(place: Path, floor: FakeFloor) -> None:
    def ask(_: ControlClient) -> list[dict[str, JsonValue]]:
        lines = [
            b'{"id": 7, "method": "nope"}\n',
            b'{"id": 8, "method": "engine.ping"}\n',
            b"bye\n",
        ]
        return exchange(place, b"".join(lines))

    answers = during(place, floor, ask)
    assert [answer["id"] for answer in answers] == [7, 8, None]
    assert answers[1]["result"] == {"pid": os.getpid(), "uptime_s": 61.5}


def test_the_board_streams_until_the_engine_stops(place: Path, floor: FakeFloor) -> None:
    async def scenario() -> list[Snapshot]:
        seen: list[Snapshot] = []
        enough = asyncio.Event()
        loop = asyncio.get_running_loop()

        def watch() -> None:
            for snapshot in ControlClient(place, timeout_s=5.0).watch_board(every_s=0.1):
                seen.append(snapshot)
                if len(seen) == 3:
                    loop.call_soon_threadsafe(enough.set)

        async with ControlServer(place, floor):
            watching = asyncio.create_task(asyncio.to_thread(watch))
            await asyncio.wait_for(enough.wait(), 5.0)
        await asyncio.wait_for(watching, 5.0)  # ends by itself, without an error
        return seen

    seen = asyncio.run(scenario())
    assert len(seen) >= 3
    assert {snapshot.uptime_s for snapshot in seen} == {61.5}


def test_only_the_owner_can_open_the_socket_and_it_leaves_with_the_engine(place: Path, floor: FakeFloor) -> None:
    def look(_: ControlClient) -> tuple[int, int]:
        return stat.S_IMODE(place.stat().st_mode), stat.S_IMODE(place.parent.stat().st_mode)

    assert during(place, floor, look) == (0o600, 0o700)
    assert not place.exists()


def test_a_second_engine_is_refused_while_the_first_lives(place: Path, floor: FakeFloor) -> None:
    async def scenario() -> None:
        async with ControlServer(place, floor):
            with pytest.raises(ControlError, match="Another engine already listens"):
                await ControlServer(place, FakeFloor()).start()
            assert await asyncio.to_thread(ControlClient(place).is_running)

    asyncio.run(scenario())


def test_the_socket_of_a_killed_engine_is_replaced(place: Path, floor: FakeFloor) -> None:
    victim = (
        "import os, signal, sys; from pathlib import Path; from dialer.control_socket import bind, claim;"
        "p = Path(sys.argv[1]); claim(p); s = bind(p); s.listen(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", victim, str(place)], check=False)
    assert place.is_socket(), "the killed engine left its socket"
    with pytest.raises(NoEngineError):
        ControlClient(place).call("engine.ping")
    assert during(place, floor, lambda client: client.call("engine.ping"))


@pytest.mark.parametrize("ticks", range(5))
def test_a_command_that_comes_as_the_engine_leaves_is_let_go_without_a_leak(
    place: Path, floor: FakeFloor, ticks: int
) -> None:
    async def scenario() -> None:
        with socket.socket(socket.AF_UNIX) as wire:
            async with ControlServer(place, floor):
                wire.connect(str(place))
                for _ in range(ticks):  # how far the server has got with it when it closes
                    await asyncio.sleep(0)

    asyncio.run(scenario())
    gc.collect()  # a transport that was not closed warns here, and warnings are errors


def test_a_file_that_is_no_socket_is_never_removed(place: Path, floor: FakeFloor) -> None:
    place.parent.mkdir()
    place.write_text("precious")
    with pytest.raises(ControlError, match="is not a socket"):
        during(place, floor, lambda client: client.call("engine.ping"))
    assert place.read_text() == "precious"


def test_a_path_too_long_for_a_socket_is_said_so(tmp_path: Path, floor: FakeFloor) -> None:
    with pytest.raises(ControlError, match="shorter"):
        during(tmp_path / ("x" * 120), floor, lambda client: client.call("engine.ping"))


def test_without_an_engine_the_command_says_how_to_start_one(place: Path) -> None:
    with pytest.raises(NoEngineError, match="start one with `dialer serve`"):
        ControlClient(place).call("engine.ping")


@pytest.fixture
def silent(place: Path) -> Iterator[Path]:
    place.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(place))
        deaf.listen()
        yield place


def test_an_engine_that_hangs_is_not_waited_for_for_ever(silent: Path) -> None:
    began = datetime.now(UTC)
    with pytest.raises(ControlError, match=r"did not answer within 0\.2 s"):
        ControlClient(silent, timeout_s=0.2).call("engine.ping")
    assert datetime.now(UTC) - began < timedelta(seconds=5)
