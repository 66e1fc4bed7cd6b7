"""How do tests and the demo drive many phones? Processes of up to four phones each, with events to wait for.

    with Phones("127.0.0.1:5060") as phones:
        [phone] = phones.add({"agent01": password}, dial="*10", stay=True)
        phone.wait(EventName.CONNECTED, within_s=5)
        phone.send("dtmf *21")

In a coroutine: `await asyncio.to_thread(phone.wait, ...)`, or give `on_event`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path

from dialer.errors import PhoneError
from dialer.phones.protocol import EventName, PhoneEvent, Value, parse_event

PHONES_PER_PROCESS = 4  # the library's limit, see `useragent`
_PASSWORD_VARIABLE = "DIALER_PHONE_PASSWORD_"
_END_WITHIN_S = 5.0
_ROOT = Path(__file__).resolve().parents[2]  # so that a checkout works from any folder


class Phone:
    """One phone in some process; made by `Phones.add`.

    Attributes:
        user: SIP user.
        events: All that happened to it so far, oldest first.
    """

    def __init__(self, user: str, process: _Process) -> None:
        self.user = user
        self.events: list[PhoneEvent] = []
        self._process = process
        self._changed = threading.Condition()

    def send(self, command: str) -> None:
        """Send one command, such as `dial *10`.

        Raises:
            PhoneError: The process has ended.
        """
        self._process.write(f"{self.user} {command}")

    def mark(self) -> int:
        """Return the place in `events` from which on a later `wait` shall look."""
        return len(self.events)

    def wait(self, name: EventName, /, *, within_s: float = 5.0, after: int = 0, **data: Value) -> PhoneEvent:
        """Return the first event of that name and data, or wait for it.

        Args:
            name: What is to happen.
            within_s: Deadline, in seconds from now.
            after: From `mark()`.
            data: Values that the event must have.

        Raises:
            PhoneError: It did not come; the message lists what came instead.
        """
        deadline_s = time.monotonic() + within_s
        with self._changed:
            while (found := self._find(name, after, data)) is None:
                left_s = deadline_s - time.monotonic()
                if left_s <= 0 or not self._changed.wait(left_s):
                    raise PhoneError(self._complaint(name, data, after, within_s))
            return found

    def take(self, event: PhoneEvent) -> None:
        """Store an event that the process reported."""
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def _find(self, name: EventName, after: int, data: Mapping[str, Value]) -> PhoneEvent | None:
        return next((e for e in self.events[after:] if e.name is name and data.items() <= e.data.items()), None)

    def _complaint(self, name: EventName, data: Mapping[str, Value], after: int, within_s: float) -> str:
        seen = "; ".join(event.to_json() for event in self.events[after:]) or "nothing"
        wanted = f"{name} {dict(data)}" if data else str(name)
        return f"Phone {self.user} did not report {wanted} within {within_s} s. It reported: {seen}"


class Phones:
    """Softphones on one server; closes them at the end of a `with`, and they end when this process ends.

    Args:
        server: Host and port of Asterisk.
        ca_file: Speak TLS and encrypted audio only, with a server whose certificate comes from this authority.
        on_event: Also receives every event, in a reader thread.
    """

    def __init__(
        self, server: str, *, ca_file: Path | None = None, on_event: Callable[[PhoneEvent], None] | None = None
    ) -> None:
        self._server = server
        self._security = ["--tls", "--ca-file", str(ca_file)] if ca_file else []
        self._on_event = on_event
        self._processes: list[_Process] = []

    def __enter__(self) -> Phones:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(
        self,
        passwords: Mapping[str, str],
        *,
        dial: str = "",
        stay: bool = False,
        auto_answer: bool = False,
        play: Path | None = None,
        record: Path | None = None,
        listen: bool = False,
        watch_every_s: float = 5.0,
    ) -> list[Phone]:
        """Start phones that behave alike; returns them in the order given, before they have registered.

        Args:
            passwords: SIP user -> password.
            dial: Number to dial once registered.
            stay: Dial again whenever the call ends.
            auto_answer: Pick up calls that come in.
            play: WAV to speak in a loop; `{user}` in the path stands for the user.
            record: WAV to write what is heard, with `{user}` if there are several phones.
            listen: Report tones and speech that are heard.
            watch_every_s: Pause between checks that the server still knows the call; 0 for none.
        """
        options = [*self._security, *(["--dial", dial] if dial else [])]
        options += ["--stay"] if stay else []
        options += ["--auto-answer"] if auto_answer else []
        options += ["--listen"] if listen else []
        options += ["--play", str(play)] if play else []
        options += ["--record", str(record)] if record else []
        options += ["--watch-every", str(watch_every_s)]
        return [phone for some in _portions(passwords) for phone in self._start(some, options)]

    def close(self) -> None:
        """End all phones; they hang up and unregister. Ends those that do not react."""
        for process in self._processes:
            process.ask_to_end()
        for process in self._processes:
            process.end()
        self._processes.clear()

    def _start(self, passwords: Mapping[str, str], options: list[str]) -> list[Phone]:
        process = _Process(self._server, passwords, options, self._on_event)
        self._processes.append(process)
        return list(process.phones.values())


class _Process:
    """One running `dialer.softphone`."""

    def __init__(
        self,
        server: str,
        passwords: Mapping[str, str],
        options: list[str],
        on_event: Callable[[PhoneEvent], None] | None,
    ) -> None:
        self.phones = {user: Phone(user, self) for user in passwords}
        self._on_event = on_event
        given = {_PASSWORD_VARIABLE + user: password for user, password in passwords.items()}
        given["PYTHONPATH"] = os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])
        line = [sys.executable, "-m", "dialer.softphone", "--server", server, "--json", "--die-with-parent"]
        line += ["--password-env", _PASSWORD_VARIABLE + "{user}", *options]
        line += [word for user in passwords for word in ("--user", user)]
        self._child = subprocess.Popen(
            line,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **given},
            start_new_session=True,  # Ctrl-C at the terminal must not take agents out of their conversations
        )
        self._reader = threading.Thread(target=self._read, name=f"phones {','.join(passwords)}", daemon=True)
        self._reader.start()

    def write(self, line: str) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(f"{line}\n".encode())
            self._child.stdin.flush()
        except OSError as error:
            users = ", ".join(self.phones)
            raise PhoneError(f"The process of phones {users} has ended; start them again.") from error

    def ask_to_end(self) -> None:
        with suppress(PhoneError):
            self.write("quit")

    def end(self) -> None:
        """Wait for the end, and enforce it if it does not come."""
        try:
            self._child.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with suppress(OSError):  # unsent words to a process that is gone
                    pipe.close()

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            event = parse_event(line.decode())
            self.phones[event.phone].take(event)
            if self._on_event is not None:
                self._on_event(event)


def _portions(passwords: Mapping[str, str]) -> Iterator[dict[str, str]]:
    pairs = iter(passwords.items())
    while portion := dict(islice(pairs, PHONES_PER_PROCESS)):
        yield portion
