"""Which Asterisk runs here, and with which words is it started?

An Asterisk of version 20 or newer on the PATH is taken as it is. Everything that is missing comes out of a
private tree of Debian packages (see `dialer.pbx.private_root`). Asked again, the answer is instant.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dialer.pbx.private_root import InstallError, PrivateRoot, Progress, build_root, existing_root

OLDEST_MAJOR_VERSION = 20

# name -> where the package puts it, below the private root
_PROGRAMS = {
    "asterisk": "usr/sbin/asterisk",
    "sipp": "usr/bin/sipp",
    "espeak-ng": "usr/bin/espeak-ng",
    "sox": "usr/bin/sox",
}
_SYSTEM_DATA_FOLDERS = (Path("/usr/share/asterisk"), Path("/var/lib/asterisk"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskTools:
    """How to run Asterisk and the programs around it.

    Attributes:
        folder: The runtime folder the tools were ensured in; generated sounds live below it too.
        commands: Program name -> the words that start it.
        env: Environment variables the programs need, to be added to the caller's own.
        modules: Asterisk's module folder; None leaves the compiled-in one.
        data: Asterisk's data folder (documentation, English sounds); None if it was not found.
        version: Asterisk's version, for what differs between them.
    """

    folder: Path
    commands: Mapping[str, tuple[str, ...]]
    env: Mapping[str, str]
    modules: Path | None
    data: Path | None
    version: tuple[int, int, int]

    def command(self, program: str) -> list[str]:
        """Return the words that start `asterisk`, `sipp`, `espeak-ng` or `sox`.

        Raises:
            InstallError: The program is not on this machine.
        """
        try:
            return list(self.commands[program])
        except KeyError:
            raise InstallError(f"{program} is not installed here. Install it and put it on the PATH.") from None

    def environment(self) -> dict[str, str]:
        """Return the caller's environment with what the programs need."""
        return {**os.environ, **self.env}

    def run(
        self, program: str, *words: str, timeout_s: float = 60.0, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end and return what it said.

        Raises:
            subprocess.TimeoutExpired: It did not end within `timeout_s`; it has been killed.
        """
        return subprocess.run(
            [*self.command(program), *words],
            env=self.environment(),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )


def ensure_asterisk(root: Path, progress: Callable[[str], None]) -> AsteriskTools:
    """Return a usable Asterisk, fetching it into `root` if this machine has none.

    Args:
        root: The runtime folder, such as `.runtime/asterisk`; made if missing.
        progress: Is told one sentence per step, only when something is done.

    Raises:
        InstallError: Nothing usable here and it cannot be fetched; the sentence says what to do.
    """
    root = root.absolute()
    on_path = _programs_on_path()
    private = None if len(on_path) == len(_PROGRAMS) else existing_root(root)
    if private is None and len(on_path) < len(_PROGRAMS):
        private = _fetch(root, progress, required="asterisk" not in on_path)
    return _tools(root, on_path, private)


def _fetch(root: Path, progress: Progress, *, required: bool) -> PrivateRoot | None:
    """Build the private tree; with an Asterisk on the PATH the other tools are welcome but not needed."""
    with _locked(root, progress):
        if found := existing_root(root):  # another process built it while we waited for the lock
            return found
        try:
            return build_root(root, progress)
        except InstallError as problem:
            if required:
                raise
            progress(f"Going on with the system's Asterisk only. {problem}")
            return None


@contextmanager
def _locked(root: Path, progress: Progress) -> Iterator[None]:
    """Hold the folder's lock; the kernel drops it when the process dies, however it dies."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        file = (root / "install.lock").open("w")
    except OSError as problem:
        raise InstallError(
            f"Cannot write to {root}: {problem.strerror}. Set DIALER_RUNTIME to a folder of yours."
        ) from problem
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Waiting for another installation into the same folder")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _programs_on_path() -> dict[str, tuple[str, ...]]:
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    found: dict[str, tuple[str, ...]] = {
        name: (path,) for name in _PROGRAMS if (path := shutil.which(name, path=search))
    }
    if "asterisk" in found and asterisk_version(found["asterisk"]) < (OLDEST_MAJOR_VERSION, 0, 0):
        del found["asterisk"]
    return found


def _tools(root: Path, on_path: Mapping[str, tuple[str, ...]], private: PrivateRoot | None) -> AsteriskTools:
    commands = dict(on_path)
    env: dict[str, str] = {}
    modules, data = None, next((path for path in _SYSTEM_DATA_FOLDERS if (path / "sounds").is_dir()), None)
    if private is not None:
        for name, program in _PROGRAMS.items():
            commands.setdefault(name, tuple(private.command(program)))
        if "espeak-ng" not in on_path:
            env["ESPEAK_DATA_PATH"] = str(private.library_folder)
        if "asterisk" not in on_path:
            modules = private.library_folder / "asterisk/modules"
            data = private.path / "usr/share/asterisk"
    version = asterisk_version(commands["asterisk"])
    return AsteriskTools(folder=root, commands=commands, env=env, modules=modules, data=data, version=version)


def asterisk_version(command: tuple[str, ...]) -> tuple[int, int, int]:
    """Ask an Asterisk for its version; (0, 0, 0) if it does not say.

    A certified release (`certified/20.7-cert1`) answers like the release it was made from.
    """
    done = subprocess.run([*command, "-V"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", done.stdout)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else (0, 0, 0)
