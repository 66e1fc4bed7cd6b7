"""A short, synchronous look at an Asterisk through its manager interface, by the package asterisk-ami.

It connects, asks a few questions and leaves within seconds. Another client than the engine's is meant: two that
agree are worth more than one. The package has no TLS (a socket that has it is put in its place), ends its reader at
the first exception and waits on a deprecated condition, so the reader is guarded and answers are taken from our own
queue; only constants are sent.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from asterisk.ami import Action, AMIClient, Event, Response

TIMEOUT_S: Final = 5.0
_EOF: Final = ""


class ProbeError(Exception):
    """Asterisk did not answer as it should; the text says what it did instead."""


class _Wire(AMIClient):  # type: ignore[misc]  # the package has no types
    """The package's connection and framing; whole messages go to our queue."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None, name: str) -> None:
        # The package's reader ends after this long without a byte, so it must outlast an unanswered question.
        super().__init__(address=host, port=port, timeout=2 * TIMEOUT_S)
        self.packs: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._context = context
        self._name = name

    def connect(self) -> None:
        """Connect as the package does, over TLS where it is asked for."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.settimeout(self._timeout)
        self._socket.connect((self._address, self._port))
        if self._context is not None:
            self._socket = self._context.wrap_socket(self._socket, server_hostname=self._name)
        self.finished = threading.Event()
        self._thread = threading.Thread(target=self.listen, daemon=True)
        self._thread.start()

    def fire_recv_pack(self, pack: str) -> None:
        """Take one whole message."""
        self.packs.put(pack)

    def hang_up(self) -> None:
        """Close; a reader that only sees its socket closed would go on waiting for bytes."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.disconnect()

    def drop(self) -> None:
        """Close a socket that was never connected."""
        self._socket.close()

    def listen(self) -> None:
        """Read until the end, whatever ends it."""
        # The package raises a bare Exception for a wrong banner and lets socket errors through.
        with contextlib.suppress(Exception):
            super().listen()
        self.packs.put(_EOF)


class AmiProbe:
    """One session. Use it in a `with`; each question has `TIMEOUT_S` to be answered.

    Args:
        host: of the manager interface.
        port: TCP.
        context: TLS; None: plain.
        name: that the certificate must have.
    """

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None = None, name: str = "") -> None:
        self._wire = _Wire(host, port, context, name or host)
        self._number = 0

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            OSError: nobody listens there.
        """
        try:
            self._wire.connect()
        except OSError:
            self._wire.drop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wire.hang_up()

    def login(self, username: str, secret: str) -> None:
        """Log in.

        Raises:
            ProbeError: Asterisk refuses, or what listens there is no Asterisk.
        """
        self.ask("Login", {"Username": username, "Secret": secret, "Events": "off"})

    def ask(self, action: str, keys: Mapping[str, str] | None = None) -> dict[str, str]:
        """The headers of the response to one action.

        Raises:
            ProbeError: an error, or no answer in time.
        """
        return self._answer(self._send(action, keys or {}))

    def rows(self, action: str, keys: Mapping[str, str] | None = None) -> list[dict[str, str]]:
        """The events that answer a list action, without the one that ends the list.

        Raises:
            ProbeError: as `ask`.
        """
        number = self._send(action, keys or {})
        self._answer(number)
        found: list[dict[str, str]] = []
        while True:
            event = self._next(number, Event.match)
            read = Event.read(event)
            if read.keys.get("EventList", "").lower() == "complete":
                return found
            found.append({"Event": str(read.name), **{str(key): str(value) for key, value in read.keys.items()}})

    def _send(self, action: str, keys: Mapping[str, str]) -> str:
        self._number += 1
        number = f"doctor-{self._number}"
        self._wire.send(Action(action, {"ActionID": number, **keys}))
        return number

    def _answer(self, number: str) -> dict[str, str]:
        response = Response.read(self._next(number, Response.match))
        headers = {str(key): str(value) for key, value in response.keys.items()}
        if response.is_error():
            raise ProbeError(headers.get("Message", "error without a message"))
        return headers

    def _next(self, number: str, fits: object) -> str:
        assert callable(fits)
        give_up_at_s = time.monotonic() + TIMEOUT_S
        while True:
            try:
                pack = self._wire.packs.get(timeout=max(0.0, give_up_at_s - time.monotonic()))
            except queue.Empty:
                raise ProbeError(f"no answer within {TIMEOUT_S:g} s") from None
            if pack == _EOF:
                raise ProbeError("the connection was closed; is that port really a manager interface?")
            if fits(pack) and f"ActionID: {number}" in pack.split("\r\n"):
                return pack


def not_granted(list_commands: Mapping[str, str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Which of the wanted actions are missing from what `ListCommands` says this user may run."""
    known = {name.lower() for name in list_commands}
    return tuple(action for action in wanted if action.lower() not in known)
