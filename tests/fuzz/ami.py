"""The manager connection: however the network cuts a stream, the same messages, answers and end come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

from dialer.ami import translate
from dialer.ami.messages import Message
from dialer.ami.protocol import DialerProtocol, Subscriber
from dialer.errors import AmiError
from dialer.types import ServerName
from tests.fuzz.mutate import mutated, pieces

_GREETING = b"Asterisk Call Manager/11.0.0\r\n"
_HEAD = b"Uniqueid: att-r1-1\r\nChannel: PJSIP/trunk-00000007\r\n"
_SEEDS = (
    _GREETING
    + b"Event: Newstate\r\n"
    + _HEAD
    + b"ChannelState: 6\r\n\r\nEvent: Hangup\r\n"
    + _HEAD
    + b"Cause: 17\r\n\r\n",
    _GREETING
    + b"Response: Success\r\nActionID: one\r\nMessage: OK\r\n\r\nEvent: UserEvent\r\n"
    + _HEAD
    + "UserEvent: DialerAgentLeg\r\nAgent: 李娜\r\n\r\n".encode(),
    _GREETING
    + b"Response: Success\r\nActionID: list\r\nEventList: start\r\nMessage: follow\r\n\r\n"
    + b"Event: CoreShowChannel\r\nActionID: list\r\n"
    + _HEAD
    + b"Context: dialer-agent\r\n\r\n"
    + b"Event: CoreShowChannelsComplete\r\nActionID: list\r\nEventList: Complete\r\n\r\n",
    _GREETING + b"Response: Error\r\nActionID: login\r\nMessage: Authentication failed\r\n\r\n",
    b"Ast\r\nEvent: Hangup\r\n" + _HEAD + b"\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    _GREETING
    + b"Event: DTMFEnd\r\n"
    + _HEAD
    + b"Direction: Received\r\nDigit: 5\r\n\r\nEvent: VarSet\r\nValue: \r\n\r\n",
)
_WORDS = (
    *(
        b"Event: ",
        b"Response: ",
        b"ActionID: ",
        b"ActionID: one\r\n",
        b"ActionID: list\r\n",
        b"EventList: cancelled\r\n",
    ),
    *(b"Event: OriginateResponse\r\nResponse: Failure\r\n", b"Event: Shutdown\r\n\r\n", b": ", b":", b"Complete"),
    *(
        b"Asterisk Call Manager/",
        b"x" * 1100,
        b"x" * 70_000,
        b"Event: \xff\xfe\r\n",
        b"Cause: \xd9\xa3\r\n",
        b"@",
        b"att-",
    ),
)


class _Transport(asyncio.Transport):
    """Takes everything, remembers only whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = True


class _Owner:
    """A manager that writes down what it is given."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.heard: list[object] = []
        self.lost = 0

    def subscribers(self, event_name: bytes) -> Sequence[Subscriber]:
        wanted = event_name.decode("utf-8", "replace") in translate.SUBSCRIBED
        return (lambda _manager, _event: None,) if wanted else ()

    def deliver(self, event: Message, subscribers: Sequence[Subscriber]) -> None:
        assert subscribers
        self.heard.append((event.raw, translate.fact_of(event, ServerName("main"))))

    def login(self, future: asyncio.Future[Message]) -> bool:
        self.heard.append("login")
        return False

    def link_lost(self, link: DialerProtocol, reason: str) -> None:
        assert reason
        self.lost += 1


class AmiTarget:
    """A link with three actions waiting, fed the same bytes whole and in pieces."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def make(self, random: Random) -> bytes:
        return mutated(random, _SEEDS, _WORDS)

    def check(self, data: bytes) -> None:
        whole = self._play([data])
        assert self._play(pieces(data, Random(data))) == whole, "another split gives other messages"

    def close(self) -> None:
        self._loop.close()

    def _play(self, chunks: Sequence[bytes]) -> object:
        owner = _Owner(self._loop)
        link = DialerProtocol(owner)
        link.connection_made(_Transport())
        waiting = [
            link.request("Login", [("ActionID", "login")]),
            link.request("Ping", [("ActionID", "one")]),
            link.request("CoreShowChannels", [("ActionID", "list")], is_list=True),
        ]
        for chunk in chunks:
            if not link.closed:
                link.data_received(chunk)
        ended = link.closed
        answers = [_answer(future) for future in waiting]
        link.connection_lost(None)
        self._loop.call_soon(self._loop.stop)
        self._loop.run_forever()  # lets callbacks of futures run
        assert owner.lost == 1, "an end is told once"
        assert all(future.done() for future in waiting)
        assert link.pending_count == 0
        return ended, owner.heard, answers


def _answer(future: asyncio.Future[Any]) -> object:
    if not future.done():
        return None
    if (error := future.exception()) is not None:
        assert isinstance(error, AmiError), error
        return type(error).__name__
    result = future.result()
    if isinstance(result, list):
        for item in result:
            translate.live_channel(item, ServerName("main"))
        return [item.raw for item in result]
    return result.raw
