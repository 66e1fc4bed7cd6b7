"""The control socket over a real floor: whatever is sent, each whole line gets its answer and the engine lives."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast

from dialer.clock import SystemClock
from dialer.control import ControlServer
from dialer.effects import Report
from dialer.errors import SettingsError
from dialer.facts import CampaignLaunched, Fact
from dialer.floor import board
from dialer.ledger import Ledger
from dialer.orders import Orders
from dialer.snapshot import Snapshot
from dialer.store.sqlite import SqliteStore
from tests.fuzz.mutate import mutated, pieces
from tests.unit import floor_world as fw
from tests.unit import store_cases as case

T = TypeVar("T")
ANSWER_WITHIN_S = 10.0
_SEEDS = (
    b'{"id": 1, "method": "board.get", "params": {}}\n',
    b'{"id": 2, "method": "campaign.pause", "params": {"campaign": "spring"}}\n',
    b'{"id": 3, "method": "agent.pause", "params": {"agent": "anna", "reason": "lunch"}}\n',
    b'{"id": 4, "method": "agent.dispose", "params": {"agent": "anna", "code": "promise", "amount": "12.00",'
    b' "due_on": "2026-03-12", "note": "x"}}\n',
    b'{"id": 5, "method": "campaign.start", "params": {"campaign": "spring"}}\n',
    b'{"id": 6, "method": "agent.dispose", "params": {"agent": "anna", "code": "callback",'
    b' "callback_at": "2026-03-12T10:00:00+08:00"}}\n',
    b'{"id": 7, "method": "campaign.status", "params": {"campaign": ""}}\n{"id": 8, "method": "agent.list"}\n',
    b'{"id": 10, "method": "stop.add", "params": {"who": "+8613900000001", "flag": "do_not_call", "by": "li"}}\n',
    b'{"id": 11, "method": "stop.add", "params": {"who": "A1", "flag": "dispute", "by": "li", "note": "x",'
    b' "until_at": "2026-03-12T10:00:00+08:00"}}\n',
    b'{"id": 12, "method": "stop.lift", "params": {"who": "A1", "flag": "dispute", "by": "li", "note": "x"}}\n',
    b'{"id": 13, "method": "agent.call", "params": {"agent": "anna", "who": "A2", "campaign": ""}}\n',
    b'{"id": 14, "method": "agent.call", "params": {"agent": "anna", "who": "+86 139 0000 0001"}}\n',
    b'{"id": 9, "method": "engine.reload", "params": {}}\n',
)
_WORDS = (
    *(
        b'"\\ud800"',
        b'"\\u0000"',
        b"null",
        b"true",
        b"1e999",
        b"-1",
        b"[]",
        b"{}",
        b'"id": 99999999999999999999',
        b'"id": "1"',
    ),
    *(
        b"[" * 2_000,
        b'{"a":' * 2_000,
        b'"' + b"x" * 150_000 + b'"',
        b"\n\n",
        b"board.watch",
        b"engine.stop",
        b'"drain_s": 1e308',
    ),
    *(
        b"../../etc/passwd",
        b"NaN",
        b"Infinity",
        b'"amount": "NaN"',
        b'"amount": 1e-400',
        b'"due_on": 0',
        b'"due_on": "9999-12-31"',
    ),
    *(
        b"agent.login",
        b"agent.ready",
        b"agent.logout",
        b"agent.skip",
        b"agent.accept",
        b"agent.hang_up",
        b"campaign.resume",
        b"campaign.stop",
    ),
    *(
        b'"callback_at": "0001-01-01T00:00:00+23:59"',
        b'"callback_at": 1e18',
        b'"callback_at": "9999-12-31T23:59:59-23:00"',
    ),
)


class _Asked:
    """The store's thread, without the thread."""

    async def ask(self, question: Callable[[], T]) -> T:
        return question()


class _Engine:
    """A `ControlTarget` around a real floor and a real store, without Asterisk."""

    def __init__(self, folder: Path) -> None:
        self.world = fw.World(known=(fw.campaign(),))
        self.world.take(CampaignLaunched(settings=fw.campaign()))
        self.store = case.stocked(
            SqliteStore.create(folder / "store.db"), [case.account("A1", 1), case.account("A2", 2)]
        )
        self.orders = Orders(
            self.store,
            cast(Ledger, _Asked()),
            SystemClock(),
            engine="fuzz",
            tell=self.tell,
            runs=lambda: list(self.world.floor.state.campaigns.values()),
        )

    def snapshot(self) -> Snapshot:
        return board.snapshot(self.world.floor.state, self.world.now)

    async def tell(self, fact: Fact) -> tuple[Report, ...]:
        self.world.log.clear()
        return tuple(effect for effect in self.world.take(fact) if isinstance(effect, Report))

    async def launch(self, campaign: str) -> tuple[Report, ...]:
        raise SettingsError(f"There is no campaign {campaign}.")

    async def reload(self) -> tuple[Report, ...]:
        return ()

    def stop(self, *, drain_s: float) -> None:
        assert 0 <= drain_s <= 86_400


class ControlTarget:
    """A server on a real socket."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._temporary = tempfile.TemporaryDirectory()
        self._path = Path(self._temporary.name) / "c.sock"
        self._failures: list[object] = []
        self._loop.set_exception_handler(lambda _loop, context: self._failures.append(context))
        self._engine = _Engine(Path(self._temporary.name))
        self._server = ControlServer(self._path, self._engine)
        self._loop.run_until_complete(self._server.start())

    def make(self, random: Random) -> bytes:
        return mutated(random, _SEEDS, _WORDS)

    def check(self, data: bytes) -> None:
        self._loop.run_until_complete(asyncio.wait_for(self._check(data), ANSWER_WITHIN_S))
        assert not self._failures, self._failures

    def close(self) -> None:
        self._loop.run_until_complete(self._server.close())
        self._loop.close()
        self._engine.store.close()
        self._temporary.cleanup()

    async def _check(self, data: bytes) -> None:
        answers = await self._ask(data)
        for answer in answers:
            assert {"result", "error", "item", "end"} & answer.keys(), answer
            if "error" in answer:
                assert answer["error"]["kind"] != "internal", answer
                assert answer["error"]["message"], answer
        if b"board.watch" not in data:
            asked = data.removesuffix(b"\n").split(b"\n") if data else []
            assert bool(answers) == bool(asked), "a line without an answer, or the reverse"
            assert len(answers) <= len(asked)
        [alive] = await self._ask(b'{"id": 77, "method": "board.get"}\n')
        assert alive["id"] == 77
        assert "result" in alive, "the engine answers no more"

    async def _ask(self, data: bytes) -> list[dict[str, Any]]:
        reader, writer = await asyncio.open_unix_connection(str(self._path), limit=1 << 22)
        try:
            for piece in pieces(data, Random(data)) if len(data) < 5_000 else [data]:
                writer.write(piece)
                await asyncio.sleep(0)
            with contextlib.suppress(ConnectionError):  # it had seen enough
                await writer.drain()
            if b"board.watch" in data:  # it answers until we go
                with contextlib.suppress(TimeoutError):
                    return [json.loads(await asyncio.wait_for(reader.readline(), 0.05) or b'{"end": ""}')]
                return []
            with contextlib.suppress(OSError):
                writer.write_eof()
            return [json.loads(line) for line in (await _all(reader)).splitlines()]
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def _all(reader: asyncio.StreamReader) -> bytes:
    got = b""
    with contextlib.suppress(ConnectionError):
        while more := await reader.read(1 << 20):
            got += more
    return got
