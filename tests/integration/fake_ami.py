"""A manager peer that misbehaves on request: it splits, delays, drops, stops reading, refuses.

async with FakeAmi() as fake:
    client = make_client(fake.port)
    await client.start()
    fake.event("Hangup", Uniqueid="att-1")
    fake.drop()
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
Headers = list[tuple[str, str]]


@dataclass(slots=True, kw_only=True)
class Action:
    """One action as the wire had it: headers in order, as Asterisk reads them."""

    headers: Headers
    raw: bytes

    @property
    def name(self) -> str:
        return self.get("Action")

    def get(self, key: str) -> str:
        return next((value for name, value in self.headers if name == key), "")


Handler = Callable[["Session", Action], None]


@dataclass(eq=False)
class Session(asyncio.Protocol):
    """One accepted connection."""

    fake: FakeAmi
    buffer: bytes = b""
    frozen: bool = False
    transport: asyncio.Transport = field(init=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.fake.sessions.append(self)
        if self.fake.mute:
            return
        self.write(self.fake.greeting)

    def connection_lost(self, exc: Exception | None) -> None:
        self.fake.closed_sessions += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            raw, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            pairs = [line.partition(": ") for line in raw.decode().replace("\r\n", "\n").split("\n")]
            self.act(Action(headers=[(key, value) for key, _, value in pairs], raw=raw))

    def act(self, action: Action) -> None:
        self.fake.received.append(action)
        if self.frozen or self.fake.mute:
            return
        handler = self.fake.handlers.get(action.name, succeed)
        handler(self, action)

    def write(self, data: bytes) -> None:
        step = self.fake.split_bytes or len(data)
        for at in range(0, len(data), step):
            self.transport.write(data[at : at + step])

    def answer(self, action: Action, response: str, **headers: str) -> None:
        self.message([("Response", response), ("ActionID", action.get("ActionID")), *headers.items()])

    def message(self, headers: Iterable[tuple[str, str]]) -> None:
        self.write("".join(f"{key}: {value}\r\n" for key, value in headers).encode() + b"\r\n")

    def freeze(self) -> None:
        """Half-open: keep the connection, neither read nor answer."""
        self.frozen = True
        self.transport.pause_reading()


def succeed(session: Session, action: Action) -> None:
    session.answer(action, "Success", Message="OK")


def ignore(session: Session, action: Action) -> None:
    """Never answer."""


def refuse(session: Session, action: Action) -> None:
    session.answer(action, "Error", Message="Authentication failed")
    session.transport.close()


def hang_up(session: Session, action: Action) -> None:
    session.transport.abort()


def list_of(event: str, items: list[Headers]) -> Handler:
    """Answer with a list as CoreShowChannels does, with an unrelated event in its middle."""

    def handler(session: Session, action: Action) -> None:
        mine = ("ActionID", action.get("ActionID"))
        session.answer(action, "Success", EventList="start", Message="Items will follow")
        for item in items:
            session.message([("Event", event), mine, *item])
            session.message([("Event", "Hangup"), ("Uniqueid", "between")])
        session.message([("Event", f"{event}sComplete"), mine, ("EventList", "Complete")])

    return handler


class FakeAmi:
    """A listener on loopback and everything it received."""

    def __init__(self, *, ssl_context: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.sessions: list[Session] = []
        self.closed_sessions = 0
        self.received: list[Action] = []
        self.handlers: dict[str, Handler] = {}
        self.greeting = GREETING
        self.split_bytes = 0
        self.mute = False
        self.port = port
        self._ssl_context = ssl_context
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop_listening()
        for session in self.sessions:
            session.transport.abort()
        await until(lambda: self.closed_sessions == len(self.sessions))

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Session(self), "127.0.0.1", self.port, ssl=self._ssl_context)
        self.port = server.sockets[0].getsockname()[1]
        self._server = server

    async def stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    @property
    def session(self) -> Session:
        return self.sessions[-1]

    def event(self, name: str, **headers: str) -> None:
        self.session.message([("Event", name), *headers.items()])

    def drop(self) -> None:
        self.session.transport.abort()

    def named(self, name: str) -> list[Action]:
        return [action for action in self.received if action.name == name]


async def until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    """Wait for a condition; the deadline is for broken code only."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "the condition did not come true in time"
        await asyncio.sleep(0.002)
