"""How is a private Asterisk started, reached, and surely ended?

One instance is one folder. A start leaves a pid file there; whoever finds it later believes it only if the
process runs with this very folder on its command line, so a number that now belongs to somebody else is never
signalled. A lock on the folder keeps two starts apart.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from dialer import private
from dialer.errors import PbxError
from dialer.pbx.install import AsteriskTools
from dialer.pbx.model import DialerPbx
from dialer.pbx.render import render_dialer
from dialer.pbx.templates import fill

READY_WITHIN_S = 30.0
STOP_WITHIN_S = 8.0
_SOCKET_PATH_LIMIT = 100  # sockaddr_un holds 108 bytes, and `asterisk.ctl` is looked up with a NUL
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class Status(StrEnum):
    """Whether an instance is up."""

    RUNNING = "running"
    STOPPED = "stopped"


class InstanceError(PbxError):
    """A private Asterisk cannot be started, reached or stopped."""


class AsteriskInstance:
    """One private Asterisk on this machine.

    Call `start()`, then `command()` as often as wanted, and `stop()` in the end; or use it in a `with`.

    Args:
        tools: From `ensure_asterisk`.
        folder: Holds configuration, logs, recordings and the database; made if missing, for its owner only.
        files: Name -> text of every configuration file but `asterisk.conf`.
        sip_port: UDP port that the files name.
        ami_port: TCP port that the files name.
        bind_host: Address of the SIP port.
        sounds: Folder of our own sounds, reachable as `dialer/<name>`.
    """

    def __init__(
        self,
        tools: AsteriskTools,
        folder: Path,
        files: Mapping[str, str],
        *,
        sip_port: int,
        ami_port: int,
        bind_host: str = "127.0.0.1",
        sounds: Path | None = None,
    ) -> None:
        self.tools = tools
        self.folder = folder.absolute()
        self.sip_port = sip_port
        self.ami_port = ami_port
        self._files = dict(files)
        self._bind_host = bind_host
        self._sounds = sounds.absolute() if sounds else None
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def for_dialer(
        cls, tools: AsteriskTools, folder: Path, pbx: DialerPbx, sounds: Path | None = None
    ) -> AsteriskInstance:
        """Return the instance that the engine works with."""
        return cls(
            tools,
            folder,
            render_dialer(pbx),
            sip_port=pbx.sip_port,
            ami_port=pbx.ami_port,
            bind_host=pbx.bind_host,
            sounds=sounds,
        )

    @property
    def log_file(self) -> Path:
        """Where Asterisk writes errors, warnings and notices."""
        return self.folder / "log/messages"

    @property
    def _etc(self) -> Path:
        return self.folder / "etc"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "instance.pid"

    def __enter__(self) -> AsteriskInstance:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *, die_with_parent: bool = True, ready_within_s: float = READY_WITHIN_S) -> None:
        """Write the configuration, start Asterisk and return when it takes calls.

        Args:
            die_with_parent: Asterisk gets SIGTERM when the *thread* that called this ends, even on
                `kill -9`; call it from one that lives as long as Asterisk should. False makes a daemon.
            ready_within_s: Give up after so many seconds.

        Raises:
            InstanceError: Already running, a port is taken, or Asterisk did not come up (with what it said).
        """
        private.make_folder(self.folder)
        with self._locked():
            self._clear_leftover()
            self._check_ports()
            self._write_files()
            self._process = self._spawn(die_with_parent)
            parent = os.getpid() if die_with_parent else 0
            with open(self._pid_file, "w", encoding="ascii", opener=private.opener) as file:
                file.write(f"{self._process.pid} {parent}\n")
        try:
            self._wait_until_ready(ready_within_s)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End Asterisk, politely and then not, whoever started it; a stopped one is left alone."""
        pid = self.pid()
        if pid is not None:
            self._end(pid)
        if self._process is not None:
            self._process.wait()
            self._process = None
        self._pid_file.unlink(missing_ok=True)
        if self._run_path() != self.folder / "run":
            shutil.rmtree(self._run_path(), ignore_errors=True)

    def status(self) -> Status:
        """Say whether the instance of this folder runs, no matter which process started it."""
        return Status.RUNNING if self.pid() is not None else Status.STOPPED

    def pid(self) -> int | None:
        """Return the running Asterisk's process id; None if the pid file is missing or stale."""
        pid, _ = self._noted()
        return pid if pid and self._is_ours(pid) else None

    def command(self, line: str, *, timeout_s: float = 10.0) -> str:
        """Run one line of Asterisk's command line (`core show channels`) and return what it printed.

        Raises:
            InstanceError: Asterisk does not run or does not answer.
        """
        try:
            done = self.tools.run(
                "asterisk", "-C", str(self._etc / "asterisk.conf"), "-n", "-rx", line, timeout_s=timeout_s
            )
        except subprocess.TimeoutExpired as late:
            raise InstanceError(f"Asterisk in {self.folder} did not answer {line!r} in {timeout_s:.0f} s.") from late
        if done.returncode != 0:
            raise InstanceError(
                f"Asterisk in {self.folder} does not answer: {(done.stderr or done.stdout).strip()[:200]}"
            )
        return done.stdout

    def _spawn(self, die_with_parent: bool) -> subprocess.Popen[bytes]:
        words = [*self.tools.command("asterisk"), "-C", str(self._etc / "asterisk.conf"), "-f", "-n"]
        with open(self.folder / "log/output", "wb", opener=private.opener) as output:
            return subprocess.Popen(
                words,
                cwd=self.folder,
                env=self.tools.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C at the terminal is for us, not for Asterisk
                preexec_fn=_before_exec(os.getpid() if die_with_parent else None),
            )

    def _wait_until_ready(self, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                raise InstanceError(
                    f"Asterisk ended at once (exit code {self._process.returncode}). {self._last_words()}"
                )
            if (self._run_folder() / "asterisk.ctl").exists() and self._fully_booted() and self._ami_answers():
                return
            time.sleep(0.05)
        raise InstanceError(f"Asterisk was not ready within {within_s:.0f} s. {self._last_words()}")

    def _fully_booted(self) -> bool:
        try:
            return "fully booted" in self.command("core waitfullybooted", timeout_s=5.0)
        except InstanceError:  # the socket is there a moment before anyone listens
            return False

    def _ami_answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.ami_port), timeout=2.0) as connection:
                return connection.recv(64).startswith(b"Asterisk Call Manager/")
        except OSError:
            return False

    def _last_words(self) -> str:
        lines: list[str] = []
        for path in (self.folder / "log/output", self.log_file):
            if path.is_file():
                text = path.read_text(encoding="utf-8", errors="replace")
                lines += [line for line in text.splitlines() if "ERROR" in line or path.name == "output"]
        said = " | ".join(lines[-4:])
        return f"It said: {said[:600]}" if said else f"Its log is empty: {self.log_file}"

    def _noted(self) -> tuple[int, int]:
        """The pids of Asterisk and of the parent it dies with, as the last start noted them; 0 for none."""
        try:
            pid, parent = self._pid_file.read_text(encoding="ascii").split()
            return int(pid), int(parent)
        except (FileNotFoundError, ValueError):
            return 0, 0

    def _clear_leftover(self) -> None:
        """See to what an earlier start left: nothing, a dead pid file, one that is dying, or one that runs."""
        pid, parent = self._noted()
        if pid and self._is_ours(pid) and (not parent or not _is_gone(parent)):
            raise InstanceError(f"Asterisk already runs in {self.folder} (pid {pid}). Stop it first.")
        if pid and (self._is_ours(pid) or _is_zombie(pid)):  # its parent was killed; it still holds the ports
            self._end(pid)
        self._pid_file.unlink(missing_ok=True)

    def _end(self, pid: int) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._is_ours(pid):
                os.kill(pid, number)
            deadline = time.monotonic() + STOP_WITHIN_S
            while time.monotonic() < deadline:
                if self._process is not None:
                    self._process.poll()  # reap our own child, or it stays as a zombie
                if _is_gone(pid):
                    return
                time.sleep(0.02)
        raise InstanceError(f"Asterisk in {self.folder} (pid {pid}) does not end, not even when killed.")

    def _is_ours(self, pid: int) -> bool:
        """A pid may have gone to another program; only one with our folder on its command line is ours."""
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(self._etc / "asterisk.conf") in words and b"-f" in words

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with open(self.folder / "instance.lock", "w", opener=private.opener) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InstanceError(f"Another process is starting Asterisk in {self.folder} right now.") from None
            yield

    def _check_ports(self) -> None:
        for kind, host, port, name in (
            (socket.SOCK_STREAM, "127.0.0.1", self.ami_port, "TCP port {} (AMI)"),
            (socket.SOCK_DGRAM, self._bind_host, self.sip_port, "UDP port {} (SIP)"),
        ):
            with socket.socket(socket.AF_INET, kind) as probe:
                if kind == socket.SOCK_STREAM:  # as Asterisk does; a port in TIME_WAIT is free
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, port))
                except OSError as problem:
                    raise InstanceError(
                        f"{name.format(port)} on {host} cannot be used: {problem.strerror}. "
                        "Stop the program that holds it or choose another port."
                    ) from problem

    def _write_files(self) -> None:
        for name in ("etc", "var", "spool", "log"):
            (self.folder / name).mkdir(exist_ok=True, mode=0o700)
        shutil.rmtree(self._etc)
        self._etc.mkdir(mode=0o700)
        for name, text in {**self._files, "asterisk.conf": self._asterisk_conf()}.items():
            handle = os.open(self._etc / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
        for leftover in ("asterisk.ctl", "asterisk.pid"):
            (self._run_folder() / leftover).unlink(missing_ok=True)
        (self.log_file).unlink(missing_ok=True)

    def _asterisk_conf(self) -> str:
        modules = f"astmoddir => {self.tools.modules}" if self.tools.modules else "; astmoddir as compiled in"
        folders = {name: self.folder / name for name in ("etc", "var", "spool", "log")}
        values = {**folders, "run": self._run_folder(), "data": self._data_folder(), "modules_line": modules}
        return fill("base/asterisk.conf", values)

    def _run_path(self) -> Path:
        """The control socket's folder: ours if the path is short enough, else one for this user elsewhere."""
        run = self.folder / "run"
        if len(os.fsencode(run / "asterisk.ctl")) <= _SOCKET_PATH_LIMIT:
            return run
        short = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        return base / f"dialer-{os.getuid()}-{short}"

    def _run_folder(self) -> Path:
        run = self._run_path()
        run.mkdir(mode=0o700, exist_ok=True)
        if run.stat().st_uid != os.getuid():  # somebody was faster, in a folder that everybody may write to
            raise InstanceError(f"The folder {run} belongs to another user. Remove it or set XDG_RUNTIME_DIR.")
        return run

    def _data_folder(self) -> Path:
        """Links to sounds and documentation, so that `dialer/...` and `en/...` are found side by side."""
        data = self.folder / "data"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(mode=0o700)
        (data / "sounds").mkdir(mode=0o700)
        if self.tools.data is not None:
            english = [path for path in (self.tools.data / "sounds").glob("en*") if path.is_dir()]
            if english:
                (data / "sounds/en").symlink_to(sorted(english)[0])
            (data / "documentation").symlink_to(self.tools.data / "documentation")
        if self._sounds is not None:
            (data / "sounds/dialer").symlink_to(self._sounds)
        return data


def _is_zombie(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] == "Z"


def _is_gone(pid: int) -> bool:
    """Whether a process holds nothing any more.

    A zombie whose other threads are still ending keeps its ports until the last of them has ended.
    """
    try:
        threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
    except OSError:
        return True
    return threads <= 1 and _is_zombie(pid)


def _before_exec(parent: int | None) -> Callable[[], None]:
    """What the child does between fork and exec: more files, and a last will."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)

    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))  # a call takes about eight
        os.umask(0o077)  # recordings, logs and the database are for their owner only
        if parent is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it died before the will was made
                os._exit(1)

    return prepare
