"""A sender that is killed with signal 9 again and again: every event arrives, in order, and few arrive twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from aiohttp import web

from dialer.account_events import AccountEvent, EventKind
from dialer.clock import SystemClock
from dialer.store import happened
from dialer.store.sqlite import SqliteStore

EVENTS = 120
KILL_AFTER = (15, 40, 41, 90)
"""So many were received when the sender is killed, once within the answer itself."""
SECRET = "a-secret-of-thirty-characters-or-so"
DEADLINE_S = 120.0
HERE = Path(__file__).parent


def test_nothing_is_lost_and_the_order_kept_through_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    with closing(SqliteStore.create(path)) as store:
        for _ in range(EVENTS):
            with store.writing() as connection:
                happened.note(connection, AccountEvent(kind=EventKind.NOTE_ADDED, at=SystemClock().now_at()))
    received = asyncio.run(_received(path))
    seqs = [seq for seq, _ in received]
    first = [seq for spot, seq in enumerate(seqs) if seq not in seqs[:spot]]
    assert first == list(range(1, EVENTS + 1))
    assert len({message_id for _, message_id in received}) == EVENTS, "what comes twice has one id"
    assert len(received) - EVENTS <= len(KILL_AFTER), "at most the one that was being sent comes twice"


async def _received(path: Path) -> list[tuple[int, str]]:
    received: list[tuple[int, str]] = []
    sender: list[subprocess.Popen[bytes]] = []
    done = asyncio.Event()
    killed: set[int] = set()

    async def take(request: web.Request) -> web.Response:
        told = json.loads(await request.read())
        received.append((told["data"]["seq"], request.headers["webhook-id"]))
        if len(received) in KILL_AFTER and len(received) not in killed:
            killed.add(len(received))
            os.kill(sender[-1].pid, signal.SIGKILL)  # our own child, before it hears our answer
            await asyncio.to_thread(sender[-1].wait)
            sender.append(start())
        if received[-1][0] == EVENTS:
            done.set()
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"

    def start() -> subprocess.Popen[bytes]:
        environment = os.environ | {"PYTHONPATH": str(HERE.parents[1])}
        return subprocess.Popen(
            [sys.executable, str(HERE / "webhook_sender.py"), str(path), url, SECRET], env=environment
        )

    sender.append(start())
    try:
        async with asyncio.timeout(DEADLINE_S):
            await done.wait()
    finally:
        sender[-1].kill()
        await asyncio.to_thread(sender[-1].wait)
        await runner.cleanup()
    assert len(sender) == len(KILL_AFTER) + 1
    return received
