"""One link to one manager: bytes to messages, actions to answers.

Rules
- A message ends at an empty line, wherever the network cuts it; each byte is looked at a bounded number of
  times.
- The first line must be Asterisk's greeting; a message over 1 MB closes the link.
- An event nobody subscribed to is never parsed. An event is dispatched even when it carries the ActionID of
  an action of ours, except the items of a list that is being collected.
- An action is written once. Its future gets the answer, `AmiTimeout`, or `AmiDisconnected(sent=True)` when
  the link ends first, and nothing of it is kept after that.
- Nothing is written while more than 1 MB waits to be sent.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from panoramisk.ami_protocol import AMIProtocol

from dialer.ami.messages import (
    AmiCongested,
    AmiConnectError,
    AmiDisconnected,
    AmiOversize,
    AmiRefused,
    AmiTimeout,
    Message,
    UnsafeAction,
    encode_action,
)
from dialer.errors import AmiError

MAX_MESSAGE_BYTES = 1_000_000
MAX_UNSENT_BYTES = 1_000_000
MAX_GREETING_BYTES = 1_024

_END = b"\r\n\r\n"
_EVENT = b"Event: "
_GREETING = b"Asterisk Call Manager/"


class ActionIds:
    """Ids that no other process, and no forked copy of this one, will ever use."""

    def __init__(self) -> None:
        self._renew()
        # A forked worker would otherwise go on counting from the same place with the same token.
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._prefix = f"dialer-{os.getpid()}-{secrets.token_hex(4)}"
        self._numbers = count(1)

    def next(self) -> str:
        """Return a fresh id."""
        return f"{self._prefix}-{next(self._numbers)}"


_ACTION_IDS = ActionIds()


class Framer:
    """Cuts a byte stream into messages, in time proportional to its length however it is split."""

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._unfinished = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages that `data` completes.

        Raises:
            AmiOversize: A message is longer than the limit; those before it have been yielded.
        """
        held = len(self._unfinished)
        self._unfinished += data
        # The end mark may straddle the seam by three bytes; what lies before was searched already.
        if self._unfinished.find(_END, max(0, held - len(_END) + 1)) >= 0:
            *messages, rest = bytes(self._unfinished).split(_END)
            self._unfinished = bytearray(rest)
            for message in messages:
                if len(message) > self._max_bytes:
                    raise _oversize(self._max_bytes)
                yield message
        if len(self._unfinished) > self._max_bytes + len(_END):
            raise _oversize(self._max_bytes)


def _oversize(max_bytes: int) -> AmiOversize:
    return AmiOversize(
        f"Asterisk sent a message of more than {max_bytes} bytes; the link was closed. "
        "Ask for less at once, or look for a runaway variable in the dialplan."
    )


Subscriber = Callable[[Any, Message], None]
"""A plain function of the manager and the event, in panoramisk's manner; it enqueues and returns."""


class LinkOwner(Protocol):
    """What a link needs from the manager above it; `dialer.ami.link.DialerManager` is one."""

    loop: asyncio.AbstractEventLoop

    def subscribers(self, event_name: bytes) -> Sequence[Subscriber]:
        """Who subscribed to this event; empty for most."""
        ...

    def deliver(self, event: Message, subscribers: Sequence[Subscriber]) -> None:
        """Give an event to its subscribers; never raises."""
        ...

    def login(self, future: asyncio.Future[Message]) -> bool:
        """Take the answer to Login, before the next message is read."""
        ...

    def link_lost(self, link: DialerProtocol, reason: str) -> None:
        """Learn, once, that a link has ended."""
        ...


@dataclass(slots=True, kw_only=True, eq=False)
class _Pending:
    """An action that waits for its answer."""

    name: str
    action_id: str
    future: asyncio.Future[Any]  # a Message, or a list of them for a list action
    is_list: bool
    timer: asyncio.TimerHandle | None = None
    items: list[Message] = field(default_factory=list)


class DialerProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types; they end in this room
    """panoramisk's protocol with its own framing, parsing and book of waiting actions.

    After connecting, panoramisk's Manager sets `queue`, `factory`, `responses` and more on this object; this
    class keeps its own state under other names and leaves those empty.
    """

    transport: asyncio.Transport
    closed: bool

    def __init__(self, owner: LinkOwner) -> None:
        self.last_byte_at_s = owner.loop.time()
        self.reason = ""
        self.gone = asyncio.Event()
        self._owner = owner
        self._loop = owner.loop
        self._framer = Framer()
        self._greeting: bytearray | None = bytearray()
        self._pending: dict[str, _Pending] = {}
        self._lists_open = 0
        self.closed = True

    # Reading

    def data_received(self, data: bytes) -> None:
        """Take bytes as the network gives them."""
        self.last_byte_at_s = self._loop.time()
        try:
            if self._greeting is not None:
                data = self._greet(self._greeting, data)
            self._read(data)
        except AmiError as error:
            self.abort(str(error))

    def _greet(self, greeting: bytearray, data: bytes) -> bytes:
        greeting += data
        line, separator, rest = bytes(greeting).partition(b"\r\n")
        # Only a line that is not whole yet may be a mere beginning; its last byte may be the CR of a CRLF.
        greets = line.startswith(_GREETING) if separator else _GREETING.startswith(line[: len(_GREETING)])
        if not greets or len(line) > MAX_GREETING_BYTES + (not separator):
            raise AmiConnectError(
                f"What answers there is not an Asterisk manager (it began with {line[:40]!r}); "
                "check host and port of this server in the settings, and whether TLS is meant."
            )
        if not separator:
            return b""
        self._greeting = None
        self.version = line[len(_GREETING) :].decode("ascii", "replace")
        return rest

    def _read(self, data: bytes) -> None:
        for raw in self._framer.feed(data):
            if raw.startswith(_EVENT):
                end = raw.find(b"\r", 7)
                self._dispatch(raw, raw[7:end] if end > 0 else raw[7:])
            else:
                self._read_rare(raw)
            if self.closed:  # a subscriber closed the link
                return

    def _dispatch(self, raw: bytes, name: bytes) -> None:
        if self._lists_open and self._collect(raw):
            return
        if subscribers := self._owner.subscribers(name):
            self._owner.deliver(Message(raw), subscribers)

    def _read_rare(self, raw: bytes) -> None:
        message = Message(raw.lstrip(b"\r\n"))
        if message.event:
            self._dispatch(message.raw, message.event.encode())
        elif message.response:
            self._answer(message)

    def _answer(self, message: Message) -> None:
        pending = self._pending.get(message.action_id)
        if pending is None:
            return  # late, or never ours
        if not pending.is_list:
            self._settle(pending, message)
        elif not message.success:
            self._settle(pending, AmiRefused(f"Asterisk refused {pending.name}: {message.get('Message')}"))
        elif message.get("EventList").lower() != "start" and "follow" not in message.get("Message"):
            self._settle(pending, [])  # an answer without a list is an empty list

    def _collect(self, raw: bytes) -> bool:
        """Take an event that is an item of a list being collected."""
        if b"\r\nActionID: " not in raw:
            return False
        message = Message(raw)
        pending = self._pending.get(message.action_id)
        if pending is None or not pending.is_list:
            return False
        if message.event.endswith("Complete") or message.get("EventList").lower() in {
            "complete",
            "cancelled",
        }:
            self._settle(pending, pending.items)
        else:
            pending.items.append(message)
        return True

    # Writing

    def send(self, data: Mapping[str, object], as_list: bool | None = False) -> asyncio.Future[Any]:
        """Send an action in panoramisk's form; repeated headers are lists. `request` is the plain way."""
        headers = [(key, value) for key, value in data.items() if key.lower() != "action"]
        pairs = [
            (key, str(item))
            for key, value in headers
            for item in (value if isinstance(value, list | tuple) else [value])
        ]
        name = next((str(value) for key, value in data.items() if key.lower() == "action"), "")
        return self.request(name, pairs, is_list=bool(as_list))

    def request(
        self, name: str, headers: Sequence[tuple[str, str]], *, timeout_s: float = 5.0, is_list: bool = False
    ) -> asyncio.Future[Any]:
        """Write one action, once.

        Args:
            name: The action's name.
            headers: Its headers; an `ActionID` among them is used, else one is made.
            timeout_s: How long to wait for the answer.
            is_list: Whether the answer is a list of events.

        Returns:
            A future of the answering `Message`, or of the list's items. Cancelling it forgets the action.

        Raises:
            UnsafeAction: The action could be misread, or its id is already waiting for an answer.
            AmiDisconnected: The link is down; nothing was sent.
            AmiCongested: Too much waits to be written; nothing was sent.
        """
        action_id = next((value for key, value in headers if key == "ActionID"), "") or _ACTION_IDS.next()
        if action_id in self._pending:
            raise UnsafeAction(f"ActionID of {name} is still waiting for an answer; use another one.")
        data = encode_action(name, [pair for pair in headers if pair[0] != "ActionID"], action_id)
        self._check_writable(name, len(data))
        pending = _Pending(name=name, action_id=action_id, future=self._loop.create_future(), is_list=is_list)
        self._remember(pending, timeout_s)
        self.transport.write(data)
        return pending.future

    def _check_writable(self, name: str, size: int) -> None:
        if self.closed or self.transport.is_closing():
            raise AmiDisconnected(f"{name} was not sent: the link to Asterisk is down.", sent=False)
        unsent = self.transport.get_write_buffer_size()
        if unsent + size > MAX_UNSENT_BYTES:
            raise AmiCongested(f"{name} was not sent: Asterisk has not read {unsent} bytes yet; slow down.")

    def _remember(self, pending: _Pending, timeout_s: float) -> None:
        self._pending[pending.action_id] = pending
        self._lists_open += pending.is_list
        pending.timer = self._loop.call_later(timeout_s, self._expire, pending, timeout_s)
        pending.future.add_done_callback(lambda future: self._forget(pending, future))

    def _expire(self, pending: _Pending, timeout_s: float) -> None:
        self._settle(pending, AmiTimeout(f"Asterisk did not answer {pending.name} within {timeout_s:g} s."))

    def _settle(self, pending: _Pending, answer: Message | list[Message] | AmiError) -> None:
        self._drop(pending)
        if pending.future.done():
            return
        if isinstance(answer, AmiError):
            pending.future.set_exception(answer)
        else:
            pending.future.set_result(answer)
        if pending.name == "Login":
            # Now, not one turn later: events right behind the answer belong to the new epoch.
            self._owner.login(pending.future)

    def _forget(self, pending: _Pending, future: asyncio.Future[Any]) -> None:
        self._drop(pending)
        if not future.cancelled():
            future.exception()  # one who does not wait for the answer has said so; no "never retrieved"

    def _drop(self, pending: _Pending) -> None:
        if self._pending.get(pending.action_id) is pending:  # the id may be in use again by now
            del self._pending[pending.action_id]
            self._lists_open -= pending.is_list
        if pending.timer is not None:
            pending.timer.cancel()

    # Ending

    @property
    def pending_count(self) -> int:
        """How many actions wait for an answer."""
        return len(self._pending)

    def abort(self, reason: str) -> None:
        """End the link at once, without flushing; `reason` is what the owner will be told."""
        self.reason = self.reason or reason
        self.transport.abort()
        self._end(self.reason)

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn from asyncio that the socket is closed."""
        self.gone.set()
        self._end(self.reason or (f"connection lost: {exc}" if exc else "Asterisk closed the connection"))

    def close(self) -> None:
        """End the link; what was written is still flushed, what waits for an answer fails."""
        if not self.closed:
            self.transport.close()
        self._end(self.reason or "closed by us")

    def _end(self, reason: str) -> None:
        if self.closed:
            return
        self.closed = True
        for pending in list(self._pending.values()):
            error = f"The link was lost before Asterisk answered {pending.name} ({reason})"
            self._settle(pending, AmiDisconnected(f"{error}; it may have been done.", sent=True))
        self._owner.link_lost(self, reason)
