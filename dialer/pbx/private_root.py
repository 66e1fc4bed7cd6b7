"""How does a folder come to hold Asterisk, without root and without touching the machine?

Debian's packages are fetched by the machine's own apt into a private state folder and unpacked with
`dpkg-deb -x`. They run under their own C library (`ld-linux --library-path ...`), so the machine may be old.
Nothing is installed: no scripts run, no service starts, and deleting the folder undoes it all.

An interrupted run can be repeated: downloads are kept until the end, and the tree appears by one rename.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dialer.errors import PbxError
from dialer.pbx.apt_sources import Mirror, machine_mirror

# Debian 12 and 13 have no asterisk package. forky has the LTS line.
SUITE = "forky"
PACKAGES = ("asterisk", "asterisk-core-sounds-en", "libc6", "sip-tester", "espeak-ng", "sox")
NEEDED_FREE_BYTES = 800_000_000  # 85 MB of packages, 360 MB unpacked, and the package lists; with room to spare
APT_TIMEOUT_S = 900.0

_LIBDIRS = {
    "amd64": ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "arm64": ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}

Progress = Callable[[str], None]


class InstallError(PbxError):
    """Asterisk cannot be fetched or unpacked; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateRoot:
    """An unpacked tree of Debian packages, and how to run a program out of it."""

    path: Path
    triplet: str
    loader: Path

    @property
    def library_folder(self) -> Path:
        """Where the shared libraries and Asterisk's modules are."""
        return self.path / "usr/lib" / self.triplet

    def command(self, program: str) -> list[str]:
        """Return the words that run a program of the tree (`usr/bin/sipp`) under the tree's own libc."""
        folders = [self.library_folder, self.library_folder / "pulseaudio"]
        search = ":".join(str(folder) for folder in folders)
        return [str(self.loader), "--library-path", search, str(self.path / program)]


def existing_root(folder: Path) -> PrivateRoot | None:
    """Return the finished root under `folder`, or None if there is none yet."""
    finished = folder / "system"
    try:
        record = json.loads((finished / "dialer-root.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return PrivateRoot(path=finished, triplet=str(record["triplet"]), loader=finished / str(record["loader"]))


def build_root(folder: Path, progress: Progress) -> PrivateRoot:
    """Download and unpack the packages below `folder`; the caller holds the folder's lock.

    Raises:
        InstallError: Unsupported platform, no apt, no disk, no network, or a broken package.
    """
    architecture = _supported_architecture()
    _check_disk(folder)
    apt = _PrivateApt(folder=folder / "apt", architecture=architecture, progress=progress)
    packages = apt.download(_mirror())
    root = _unpack(folder, packages, architecture, progress)
    shutil.rmtree(apt.folder)
    return root


def _supported_architecture() -> str:
    missing = [tool for tool in ("apt-get", "dpkg", "dpkg-deb") if shutil.which(tool) is None]
    if missing:
        raise InstallError(
            f"Cannot fetch Asterisk: a private copy needs Debian or Ubuntu with {missing[0]}. "
            "Install Asterisk 20 or newer with the system's own packages and put `asterisk` on the PATH."
        )
    found = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=False)
    architecture = found.stdout.strip()
    if architecture not in _LIBDIRS:
        raise InstallError(
            f"Cannot fetch Asterisk for the architecture {architecture or 'unknown'!r}: only "
            f"{' and '.join(_LIBDIRS)} are supported. Install Asterisk 20 or newer and put it on the PATH."
        )
    return architecture


def _check_disk(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED_FREE_BYTES:
        raise InstallError(
            f"Not enough disk for Asterisk under {folder}: {free / 1e6:.0f} MB free, "
            f"{NEEDED_FREE_BYTES / 1e6:.0f} MB needed. Free some or set DIALER_RUNTIME to another folder."
        )


def _mirror() -> Mirror:
    mirror = machine_mirror(Path("/etc/apt"), _codename(Path("/etc/os-release")))
    if not mirror.keyring.is_file():
        raise InstallError(
            f"Cannot check Debian's signatures: the keyring {mirror.keyring} is missing. "
            "Install the package debian-archive-keyring, or put Asterisk 20 or newer on the PATH."
        )
    return mirror


def _codename(os_release: Path) -> str:
    """The machine's Debian release; empty elsewhere (Ubuntu), so that Debian's own archive is taken."""
    fields = dict(line.split("=", 1) for line in os_release.read_text(encoding="utf-8").splitlines() if "=" in line)
    return fields.get("VERSION_CODENAME", "").strip('"') if fields.get("ID", "").strip('"') == "debian" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _PrivateApt:
    """The machine's apt-get with its own state, sources and cache."""

    folder: Path
    architecture: str
    progress: Progress

    def download(self, mirror: Mirror) -> list[Path]:
        """Fetch the packages and all they need; what an interrupted run fetched is not fetched again."""
        self._configure(mirror)
        self.progress(f"Reading the package list of Debian {SUITE}")
        self._update(mirror)
        self.progress("Downloading Asterisk and its libraries (about 85 MB)")
        done = self._run("install", "--download-only", "--yes", *PACKAGES)
        self._explain(done, mirror)
        packages = sorted((self.folder / "cache/archives").glob("*.deb"))
        if not packages:
            raise InstallError(f"apt-get reported success but left no packages: {_last_line(done)}")
        return packages

    def _configure(self, mirror: Mirror) -> None:
        for name in ("state/lists/partial", "cache/archives/partial", "etc"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        source = f"deb [signed-by={mirror.keyring}] {mirror.uri} {SUITE} main\n"
        (self.folder / "sources.list").write_text(source, encoding="utf-8")
        settings = {
            "Dir": self.folder,
            "Dir::State": self.folder / "state",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::Etc::main": "-",
            "Dir::Etc::parts": "-",
            "APT::Sandbox::User": "",
            "APT::Architecture": self.architecture,
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            **_proxies(),
        }
        lines = [f'{name} "{value}";' for name, value in settings.items()]
        (self.folder / "apt.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _update(self, mirror: Mirror) -> None:
        done = self._run("update")
        if "is expired" in done.stderr + done.stdout:
            self.progress(f"The mirror's list of {SUITE} is past its date; using it anyway (signatures are checked)")
            with (self.folder / "apt.conf").open("a", encoding="utf-8") as file:
                file.write('Acquire::Check-Valid-Until "false";\n')
            done = self._run("update")
        self._explain(done, mirror)

    def _explain(self, done: subprocess.CompletedProcess[str], mirror: Mirror) -> None:
        """Turn a failure into one sentence; `apt-get update` exits with 0 even if nothing was reachable."""
        said = (done.stderr + done.stdout).splitlines()
        if any("Could not get lock" in line for line in said):
            raise InstallError(
                f"An apt-get of an earlier run still works in {self.folder}. Wait a minute and run it again."
            )
        unreachable = ("Could not resolve", "Could not connect", "Failed to fetch")
        if reason := next((line for line in said if any(words in line for words in unreachable)), ""):
            raise InstallError(
                f"Cannot download Asterisk from {mirror.uri}: no network, or the mirror has no {SUITE} "
                f"({reason[:200]}). Check the connection and run it again; it goes on where it stopped."
            )
        if done.returncode != 0:
            raise InstallError(f"apt-get failed for Debian {SUITE} at {mirror.uri}: {_last_line(done)}")

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "APT_CONFIG": str(self.folder / "apt.conf"), "LC_ALL": "C"}
        try:
            return subprocess.run(
                ["apt-get", *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=APT_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise InstallError(
                f"apt-get {words[0]} did not finish within {APT_TIMEOUT_S:.0f} s. Run the same command again."
            ) from late


def _proxies() -> dict[str, str]:
    """The machine's own proxy settings; the rest of its apt configuration (hooks, pins) stays out."""
    names = ("Acquire::http::Proxy", "Acquire::https::Proxy")
    found = {}
    for name in names:
        done = subprocess.run(["apt-config", "shell", "VALUE", name], capture_output=True, text=True, check=False)
        if value := done.stdout.strip().removeprefix("VALUE=").strip("'"):
            found[name] = value
    return found


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    errors = [line for line in done.stderr.splitlines() if line.startswith(("E:", "W:"))]
    lines = errors or (done.stderr + done.stdout).splitlines()
    return lines[-1][:300] if lines else f"exit code {done.returncode}, no message"


def _unpack(folder: Path, packages: Sequence[Path], architecture: str, progress: Progress) -> PrivateRoot:
    unpacking = folder / "unpacking"
    shutil.rmtree(unpacking, ignore_errors=True)
    unpacking.mkdir()
    progress(f"Unpacking {len(packages)} packages")
    for package in packages:
        done = subprocess.run(
            ["dpkg-deb", "-x", str(package), str(unpacking)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            package.unlink()  # fetched again next time
            raise InstallError(f"Cannot unpack {package.name}: {_last_line(done)}. Run the same command again.")
    triplet, loader_name = _LIBDIRS[architecture]
    loader = _find_loader(unpacking, loader_name)
    record = {
        "suite": SUITE,
        "triplet": triplet,
        "loader": str(loader),
        "packages": [p.name for p in packages],
    }
    (unpacking / "dialer-root.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    finished = folder / "system"
    shutil.rmtree(finished, ignore_errors=True)
    unpacking.rename(finished)
    return PrivateRoot(path=finished, triplet=triplet, loader=finished / loader)


def _find_loader(root: Path, name: str) -> Path:
    for candidate in (*root.glob(f"usr/lib*/{name}"), *root.glob(f"usr/lib/*/{name}")):
        return candidate.relative_to(root)
    raise InstallError(f"Debian's C library came without its loader {name}; please report this.")
