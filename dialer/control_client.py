"""How does a command ask a running engine? Synchronously, one connection per question.

The wire is described in `dialer.control`, the engine's side of it.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import JsonValue, TypeAdapter, ValidationError

from dialer.errors import ControlError
from dialer.snapshot import Snapshot

MAX_LINE_BYTES: Final = 1_000_000
"""A snapshot of 200 agents and 1,000 calls is about 250 kB."""

_SNAPSHOT = TypeAdapter(Snapshot)


class NoEngineError(ControlError):
    """Nobody listens on the control socket."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"No engine is running on {path}; start one with `dialer serve`.")
        self.path = path


class RefusedError(ControlError):
    """The engine answered with an error."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def snapshot_to_json(snapshot: Snapshot) -> JsonValue:
    """The snapshot as plain JSON values; `snapshot_from_json` gives back an equal one."""
    plain: JsonValue = _SNAPSHOT.dump_python(snapshot, mode="json")
    return plain


def snapshot_from_json(value: JsonValue) -> Snapshot:
    """The snapshot that `snapshot_to_json` wrote.

    Raises:
        ControlError: it is not one, as after an upgrade of only one side.
    """
    try:
        return _SNAPSHOT.validate_json(json.dumps(value))
    except ValidationError as error:
        raise ControlError(
            "The engine's answer is not a snapshot that this program knows; restart the engine so that "
            "both are of the same version."
        ) from error


class ControlClient:
    """Asks a running engine, one connection per question; synchronous, for commands.

    Args:
        path: the engine's control socket.
        timeout_s: how long to wait for an answer.
        token: who asks, for those whom their user of the operating system does not tell.
    """

    def __init__(self, path: Path, *, timeout_s: float = 15.0, token: str = "") -> None:
        self._path = path
        self._token = token
        self._timeout_s = timeout_s

    def call(self, method: str, **params: JsonValue) -> JsonValue:
        """The result of one request.

        Raises:
            NoEngineError: no engine is running.
            RefusedError: the engine said no; `kind` says why.
            ControlError: the engine broke off or did not answer in time.
        """
        for answer in self._converse(method, params):
            if "result" in answer:
                return answer["result"]
        raise ControlError(f"The engine on {self._path} closed the connection without an answer.")

    def watch(self, method: str = "board.watch", **params: JsonValue) -> Iterator[JsonValue]:
        """The items of a stream, until the engine stops.

        Raises:
            ControlError: as `call`; also when the engine breaks off instead of stopping.
        """
        for answer in self._converse(method, params):
            if "end" in answer:
                return
            yield answer.get("item")
        raise ControlError(f"The engine on {self._path} broke off; its log may say why.")

    def snapshot(self) -> Snapshot:
        """The floor at this moment."""
        return snapshot_from_json(self.call("board.get"))

    def watch_board(self, *, every_s: float = 0.5) -> Iterator[Snapshot]:
        """Snapshots as they come, until the engine stops."""
        for item in self.watch("board.watch", every_s=every_s):
            yield snapshot_from_json(item)

    def is_running(self) -> bool:
        """True when an engine listens on the socket."""
        try:
            self._connect().close()
        except NoEngineError:
            return False
        return True

    def _converse(self, method: str, params: dict[str, JsonValue]) -> Iterator[dict[str, JsonValue]]:
        asked = {"id": 1, "method": method, "params": params} | ({"token": self._token} if self._token else {})
        request = json.dumps(asked).encode() + b"\n"
        with self._connect() as connection:
            try:
                connection.sendall(request)
                with connection.makefile("rb") as lines:
                    while line := lines.readline(MAX_LINE_BYTES + 1):
                        yield _checked(line)
            except TimeoutError:
                raise ControlError(
                    f"The engine on {self._path} did not answer within {self._timeout_s:g} s; "
                    "look at its log, or stop it and start it again."
                ) from None
            except OSError as error:
                raise ControlError(f"The engine on {self._path} broke off: {error.strerror}.") from error

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._timeout_s)
        try:
            connection.connect(str(self._path))
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            connection.close()
            raise NoEngineError(self._path) from None
        except OSError as error:
            connection.close()
            why = error.strerror or str(error)
            raise ControlError(f"The control socket {self._path} cannot be opened: {why}.") from error
        return connection


def _checked(line: bytes) -> dict[str, JsonValue]:
    """One answer.

    Raises:
        RefusedError: it is an error.
    """
    try:
        answer = json.loads(line)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ControlError("The control socket answered with something that is not an engine's answer.")
    if isinstance(error := answer.get("error"), dict):
        raise RefusedError(str(error.get("kind")), str(error.get("message")))
    return answer
