"""The least that speaks AMI, so that the dialplan is tested without the dialer's own client."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

Event = dict[str, str]


class AmiScript:
    """One session; every event is kept in order."""

    def __init__(self, port: int, user: str, secret: str) -> None:
        self.events: list[Event] = []
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._socket.settimeout(0.1)
        self._open = True
        self._number = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self.action("Login", Username=user, Secret=secret)["Response"] == "Success"

    def __enter__(self) -> AmiScript:
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        self._thread.join()
        self._socket.close()

    def action(self, name: str, *variables: str, **headers: str) -> Event:
        """Send one action and return its reply; `variables` become Variable headers."""
        self._number += 1
        identity = f"t{self._number}"
        lines = [f"Action: {name}", f"ActionID: {identity}"]
        lines += [f"{key}: {value}" for key, value in headers.items()]
        lines += [f"Variable: {variable}" for variable in variables]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return self.wait(lambda event: event.get("ActionID") == identity and "Response" in event)

    def wait(self, wanted: Callable[[Event], bool], *, after: int = 0, within_s: float = 10.0) -> Event:
        """Return the first event from number `after` on that is wanted."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            for event in self.events[after:]:
                if wanted(event):
                    return event
            time.sleep(0.005)
        seen = [f"{e.get('Event')}:{e.get('UserEvent', '')}" for e in self.events[after:]]
        raise AssertionError(f"the event did not come; seen: {seen}")

    def user_event(self, name: str, *, after: int = 0, within_s: float = 10.0, **headers: str) -> Event:
        def wanted(event: Event) -> bool:
            same = all(event.get(key) == value for key, value in headers.items())
            return event.get("UserEvent") == name and same

        return self.wait(wanted, after=after, within_s=within_s)

    def user_events_of(self, uniqueid: str) -> list[str]:
        return [e["UserEvent"] for e in self.events if "UserEvent" in e and e.get("Uniqueid") == uniqueid]

    def _read(self) -> None:
        buffer = b""
        while self._open:
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                continue
            if not data:
                return
            buffer += data
            *whole, buffer = buffer.split(b"\r\n\r\n")
            for block in whole:
                pairs = [line.partition(": ") for line in block.decode().split("\r\n")]
                self.events.append({key: value for key, _, value in pairs})
