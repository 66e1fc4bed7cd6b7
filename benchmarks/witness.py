"""A second manager session that writes down what it is told, in a process of its own, and how to read it afterwards.

While calls are being measured the bytes go to a file unread, so that the witness takes no time from the engine.
"""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dialer.settings import ServerSettings

UP = "6"
"""ChannelState of an answered channel."""


class Witness:
    """Listens from the beginning of a `with` to its end; then `bridges()`."""

    def __init__(self, server: ServerSettings, file: Path) -> None:
        self._file = file
        self._process = multiprocessing.get_context("spawn").Process(
            target=_listen, args=(server.host, server.ami_port, server.witness_secret, file), daemon=True
        )

    def __enter__(self) -> Witness:
        self._process.start()
        deadline_s = time.monotonic() + 10.0
        while not (self._file.exists() and b"Response: Success" in self._file.read_bytes()):
            if time.monotonic() > deadline_s:
                raise RuntimeError("The witness was not let in by Asterisk's manager.")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()

    def bridges(self) -> dict[str, Bridged]:
        """Every customer who was bridged, by attempt id."""
        answered: dict[str, float] = {}
        inside: dict[str, list[str]] = {}
        found: dict[str, Bridged] = {}
        for event in _events(self._file):
            name, channel_id = event.get("Event"), event.get("Uniqueid", "")
            if name == "Newstate" and event.get("ChannelState") == UP and channel_id.startswith("att-"):
                answered[channel_id] = float(event["Timestamp"])
            elif name == "BridgeEnter":
                parties = inside.setdefault(event["BridgeUniqueid"], [])
                parties.append(channel_id)
                customer = next((party for party in parties if party in answered), None)
                if len(parties) == 2 and customer is not None and customer not in found:
                    found[customer] = Bridged(answered_at=answered[customer], bridged_at=float(event["Timestamp"]))
        return found


@dataclass(frozen=True, slots=True)
class Bridged:
    """Moments by Asterisk's clock, in seconds since the epoch."""

    answered_at: float
    bridged_at: float
    """When the second party entered the bridge."""


def _events(file: Path) -> Iterator[dict[str, str]]:
    for block in file.read_bytes().decode(errors="replace").split("\r\n\r\n"):
        yield dict(line.split(": ", 1) for line in block.split("\r\n") if ": " in line)


def _listen(host: str, port: int, secret: str, file: Path) -> None:
    with socket.create_connection((host, port)) as link, file.open("wb", buffering=0) as output:
        link.sendall(f"Action: Login\r\nUsername: witness\r\nSecret: {secret}\r\n\r\n".encode())
        while data := link.recv(65536):
            output.write(data)
