"""A softphone for agents: `python -m dialer.softphone --user agent01 --server 127.0.0.1:5060 --password-env VAR`.

For programs it prints events as JSON lines and takes commands as lines (see `dialer.phones.protocol`); on a terminal
it speaks to a person. It exits with 0 after quit, SIGTERM or SIGINT, and with 7 if it cannot register or start.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dialer.clock import SystemClock
from dialer.errors import PhoneError
from dialer.phones.people import Language, help_text, sentence
from dialer.phones.protocol import Command, EventName, PhoneEvent, Verb, parse_command
from dialer.phones.sip import HandsetOptions
from dialer.phones.useragent import PHONES_PER_PROCESS, UserAgent

_PR_SET_PDEATHSIG = 1
_CLOCK = SystemClock()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    mouth = _Mouth(_language(chosen), library_is_heard=chosen.verbose > 0)
    try:
        return _Program(chosen, mouth).run()
    except PhoneError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


class _Mouth:
    """Writes events, whole lines only, also when the audio thread has something to say.

    The SIP library prints on file descriptor 1, so the mouth takes the real standard output for itself.
    """

    def __init__(self, language: Language | None, *, library_is_heard: bool) -> None:
        self.language = language
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
        other = 2 if library_is_heard else os.open(os.devnull, os.O_WRONLY)
        os.dup2(other, 1)
        self._lock = threading.Lock()

    def tell(self, event: PhoneEvent) -> None:
        line = event.to_json() if self.language is None else sentence(event, self.language)
        if line:
            self.write(line)

    def write(self, text: str) -> None:
        with self._lock:
            self._out.write(text + "\n")
            self._out.flush()


class _Program:
    """The loop around one user agent."""

    def __init__(self, chosen: argparse.Namespace, mouth: _Mouth) -> None:
        self._users: list[str] = chosen.user
        self._mouth = mouth
        self._dies_with_parent: bool = chosen.die_with_parent
        self._stopping = False
        self._input_open = True
        self._typed = b""
        self._catch_signals()
        self._agent = UserAgent(_options(chosen), mouth.tell, _CLOCK, verbose=chosen.verbose)

    def run(self) -> int:
        if self._mouth.language is not None:
            self._mouth.write(help_text(self._mouth.language))
        self._agent.begin()
        while not self._stopping and not self._agent.all_refused:
            self._agent.poll()
            for command in self._commands():
                self._obey(command)
        self._agent.leave()
        code = PhoneError.exit_code if self._agent.all_refused else 0
        for user in self._users:
            self._say(user, EventName.QUIT, code=code)
        return code

    def _obey(self, command: Command) -> None:
        match command.verb:
            case Verb.QUIT:
                self._stopping = True
            case Verb.HELP:
                self._mouth.write(help_text(self._mouth.language or Language.EN))
            case _:
                self._agent.obey(command)

    def _commands(self) -> Iterator[Command]:
        for line in self._lines():
            try:
                command = parse_command(line, self._users)
            except ValueError as error:
                self._say(self._users[0], EventName.ERROR, reason=str(error))
            else:
                if command is not None:
                    yield command

    def _lines(self) -> list[str]:
        """Return what has been typed since the last time, without waiting."""
        if not self._input_open or not select.select([0], [], [], 0)[0]:
            return []
        data = os.read(0, 65536)
        if not data:
            self._input_open = False
            self._stopping = self._stopping or self._dies_with_parent  # nobody is left who could stop us
        *whole, self._typed = (self._typed + data).split(b"\n")
        return [line.decode("utf-8", "replace") for line in whole]

    def _say(self, user: str, name: EventName, **data: str | int) -> None:
        self._mouth.tell(PhoneEvent(name=name, phone=user, at_s=_CLOCK.now_s(), data=data))

    def _catch_signals(self) -> None:
        def stop(*_: object) -> None:
            self._stopping = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if self._dies_with_parent:
            _follow_parent(stop)


def _follow_parent(stop: Callable[[], None]) -> None:
    """Stop when the parent is gone.

    Linux sends the signal when the parent's *thread* ends, so it only prompts a look at who the parent is now.
    Elsewhere the end of standard input says the same.
    """
    parent = os.getppid()

    def look(*_: object) -> None:
        if os.getppid() != parent:
            stop()

    signal.signal(signal.SIGHUP, look)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGHUP)
        look()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dialer.softphone",
        description="A softphone for agents. {user} in a file or variable name stands for the phone's user.",
    )
    add = parser.add_argument
    add("--user", action="append", required=True, help=f"SIP user; up to {PHONES_PER_PROCESS} times")
    add("--server", default="127.0.0.1:5060", help="host:port of Asterisk (default %(default)s)")
    add("--tls", action="store_true", help="SIP over TLS, and encrypted audio only")
    add("--ca-file", metavar="PEM", help="authority of the server's certificate (default: the machine's own)")
    secret = parser.add_mutually_exclusive_group(required=True)
    secret.add_argument("--password-env", metavar="VAR", help="environment variable that holds the password")
    secret.add_argument("--password-file", metavar="F", help="file that holds the password")
    add("--dial", default="", metavar="NUMBER", help="dial this once registered, such as *10")
    add("--stay", action="store_true", help="dial again whenever the call ends")
    add("--auto-answer", action="store_true", help="pick up calls that come in")
    add("--play", metavar="WAV", help="speak this in a loop (8 kHz mono 16-bit)")
    add("--record", metavar="WAV", help="write here what the phone hears")
    add("--listen", action="store_true", help="report tones and speech that are heard")
    add("--audio", action="store_true", help="use microphone and loudspeaker")
    add("--watch-every", type=float, default=5.0, metavar="S", help="check the call every S seconds; 0: never")
    add("--json", action="store_true", help="JSON lines even on a terminal")
    add("--lang", choices=list(Language), help="language on a terminal (default: from LANG)")
    add("--die-with-parent", action="store_true", help="stop when the starting process is gone")
    add("--verbose", type=int, default=0, metavar="0-6", help="the SIP library's own log, on standard error")
    return parser


def _language(chosen: argparse.Namespace) -> Language | None:
    """None means JSON."""
    if chosen.json or not sys.stdin.isatty():
        return None
    if chosen.lang:
        return Language(chosen.lang)
    return Language.ZH if os.environ.get("LANG", "").startswith("zh") else Language.EN


def _options(chosen: argparse.Namespace) -> list[HandsetOptions]:
    return [
        HandsetOptions(
            user=user,
            password=_password(chosen, user),
            server=chosen.server,
            tls=chosen.tls,
            ca_file=Path(chosen.ca_file) if chosen.ca_file else None,
            dial=chosen.dial,
            stay=chosen.stay,
            auto_answer=chosen.auto_answer,
            play=_file(chosen.play, user),
            record=_file(chosen.record, user),
            listen=chosen.listen,
            audio=chosen.audio,
            watch_every_s=chosen.watch_every,
        )
        for user in chosen.user
    ]


def _file(template: str | None, user: str) -> Path | None:
    return Path(template.replace("{user}", user)) if template else None


def _password(chosen: argparse.Namespace, user: str) -> str:
    if chosen.password_env:
        name = chosen.password_env.replace("{user}", user)
        if name not in os.environ:
            raise PhoneError(f"The environment variable {name} is not set: put the password of {user} there.")
        return os.environ[name]
    file = Path(chosen.password_file.replace("{user}", user))
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise PhoneError(f"The password file {file} of {user} cannot be read: {error.strerror}.") from error


if __name__ == "__main__":
    exit_code = main()
    # The library would wait a whole second for nothing; calls are hung up and files are written by now.
    os._exit(exit_code)
