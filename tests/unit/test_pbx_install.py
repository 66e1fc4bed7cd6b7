"""Fetching Asterisk: what is read from the machine, and what is said when it cannot be done."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from dialer.pbx import private_root
from dialer.pbx.apt_sources import FALLBACK_KEYRING, FALLBACK_URI, Mirror, machine_mirror
from dialer.pbx.install import AsteriskTools, ensure_asterisk
from dialer.pbx.private_root import InstallError

DEB822 = """\
# the house's own mirror
Types: deb
URIs: http://mirror.example/debian/
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/house.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: trixie-security
Components: main
"""


def _etc(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        (tmp_path / name.replace("__", "/").replace("_DOT_", ".")).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "mirror"),
    [
        (
            "sources.list.d__debian_DOT_sources",
            DEB822,
            Mirror(uri="http://mirror.example/debian", keyring=Path("/usr/share/keyrings/house.gpg")),
        ),
        (
            "sources_DOT_list",
            "deb-src http://x/debian trixie main\n# deb http://y/debian trixie main\n"
            "deb [arch=amd64 signed-by=/k.gpg] https://z/debian trixie main contrib\n",
            Mirror(uri="https://z/debian", keyring=Path("/k.gpg")),
        ),
        (
            "sources_DOT_list",
            "deb http://z/debian/ trixie main\n",
            Mirror(uri="http://z/debian", keyring=FALLBACK_KEYRING),
        ),
        (
            "sources_DOT_list",
            "deb http://z/debian trixie-security main\n",
            Mirror(uri=FALLBACK_URI, keyring=FALLBACK_KEYRING),
        ),
        ("sources_DOT_list", "", Mirror(uri=FALLBACK_URI, keyring=FALLBACK_KEYRING)),
        (
            "sources.list.d__debian_DOT_sources",
            "Enabled: no\n" + DEB822,
            Mirror(uri=FALLBACK_URI, keyring=FALLBACK_KEYRING),
        ),
        (
            "sources.list.d__debian_DOT_sources",
            "Types: deb\nURIs: http://a/debian\nSuites: trixie\n"
            "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ\n",
            Mirror(uri="http://a/debian", keyring=FALLBACK_KEYRING),
        ),
    ],
)
def test_the_mirror_is_the_machines_own(tmp_path: Path, name: str, text: str, mirror: Mirror):
    assert machine_mirror(_etc(tmp_path, **{name: text}), "trixie") == mirror


@pytest.fixture
def path_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Give the machine nothing on its PATH but some scripts."""

    def build(**scripts: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        for name, text in scripts.items():
            script = folder / name.replace("_", "-")
            script.write_text(f"#!/bin/sh\n{text}\n")
            script.chmod(0o755)
        real = shutil.which

        def which(name: str, path: str | None = None) -> str | None:
            return real(name, path=str(folder))

        monkeypatch.setattr(shutil, "which", which)
        monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
        return folder

    return build


def test_without_apt_it_says_what_to_install(tmp_path: Path, path_with: Callable[..., Path]):
    path_with()
    with pytest.raises(InstallError, match=r"needs Debian or Ubuntu with apt-get.*Install Asterisk 20 or newer"):
        ensure_asterisk(tmp_path / "root", lambda _line: None)


def test_an_unknown_architecture_is_named(tmp_path: Path, path_with: Callable[..., Path]):
    path_with(apt_get="exit 1", dpkg="echo s390x", dpkg_deb="exit 1")
    with pytest.raises(InstallError, match="'s390x'"):
        ensure_asterisk(tmp_path / "root", lambda _line: None)


def test_a_full_disk_is_noticed_before_anything_is_fetched(
    tmp_path: Path, path_with: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    path_with(apt_get="exit 1", dpkg="echo amd64", dpkg_deb="exit 1")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=5_000_000))
    with pytest.raises(InstallError, match=r"Not enough disk .* 5 MB free, 800 MB needed"):
        ensure_asterisk(tmp_path / "root", lambda _line: None)
    assert [path.name for path in (tmp_path / "root").iterdir()] == ["install.lock"]


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keyring.gpg").touch()
    mirror = Mirror(uri="http://mirror.example/debian", keyring=tmp_path / "keyring.gpg")
    monkeypatch.setattr(private_root, "machine_mirror", lambda _etc, _codename: mirror)


@pytest.mark.usefixtures("keyring")
def test_without_a_network_it_names_the_mirror_and_leaves_nothing_half_done(
    tmp_path: Path, path_with: Callable[..., Path]
):
    path_with(
        apt_get="echo \"W: Failed to fetch http://mirror.example  Could not resolve 'mirror.example'\" >&2",
        dpkg="echo amd64",
        dpkg_deb="exit 1",
    )
    with pytest.raises(InstallError, match=r"http://mirror\.example/debian: no network.*goes on where it stopped"):
        ensure_asterisk(tmp_path / "root", lambda _line: None)
    assert not (tmp_path / "root/system").exists()


@pytest.mark.usefixtures("keyring")
def test_a_list_past_its_date_is_used_with_a_word_about_it(tmp_path: Path, path_with: Callable[..., Path]):
    path_with(
        apt_get='grep -q Check-Valid-Until "$APT_CONFIG" || { echo "E: Release file is expired" >&2; exit 100; }\n'
        'test "$1" = update || { echo "E: enough seen" >&2; exit 100; }',
        dpkg="echo amd64",
        dpkg_deb="exit 1",
    )
    lines: list[str] = []
    with pytest.raises(InstallError, match="enough seen"):
        ensure_asterisk(tmp_path / "root", lines.append)
    assert any("past its date" in line and "signatures are checked" in line for line in lines)


@pytest.mark.usefixtures("keyring")
def test_a_broken_package_is_fetched_again_next_time(tmp_path: Path, path_with: Callable[..., Path]):
    archives = tmp_path / "root/apt/cache/archives"
    path_with(
        apt_get=f'test "$1" = update || touch {archives}/good_1_amd64.deb {archives}/torn_1_amd64.deb',
        dpkg="echo amd64",
        dpkg_deb='case "$2" in *torn*) echo "unexpected end of file" >&2; exit 2;; esac',
    )
    with pytest.raises(InstallError, match=r"Cannot unpack torn_1_amd64\.deb: unexpected end of file"):
        ensure_asterisk(tmp_path / "root", lambda _line: None)
    assert [path.name for path in archives.glob("*.deb")] == ["good_1_amd64.deb"]
    assert not (tmp_path / "root/system").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, path_with: Callable[..., Path]):
    path_with()
    (tmp_path / "file").touch()
    with pytest.raises(InstallError, match=r"Cannot write to .*/file/root.*DIALER_RUNTIME"):
        ensure_asterisk(tmp_path / "file/root", lambda _line: None)


def test_an_asterisk_on_the_path_is_taken_and_missing_tools_are_only_mentioned(
    tmp_path: Path, path_with: Callable[..., Path]
):
    folder = path_with(asterisk="echo 'Asterisk 20.6.0~dfsg'")
    lines: list[str] = []
    tools = ensure_asterisk(tmp_path / "root", lines.append)
    assert tools.command("asterisk") == [str(folder / "asterisk")]
    assert (tools.version, tools.modules) == ((20, 6, 0), None)
    assert any("system's Asterisk only" in line for line in lines)
    with pytest.raises(InstallError, match="sipp is not installed"):
        tools.command("sipp")


def test_an_asterisk_that_is_too_old_is_not_taken(tmp_path: Path, path_with: Callable[..., Path]):
    path_with(asterisk="echo 'Asterisk 18.10.0'")
    with pytest.raises(InstallError, match="Install Asterisk 20 or newer"):
        ensure_asterisk(tmp_path / "root", lambda _line: None)


def test_programs_are_run_with_what_they_need_besides_the_callers_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SEEN_BY_THE_PROGRAM", "yes")
    tools = AsteriskTools(
        folder=Path("/"),
        commands={"asterisk": (sys.executable, "-c")},
        env={"ESPEAK_DATA_PATH": "/data"},
        modules=None,
        data=None,
        version=(22, 0, 0),
    )
    program = "import os; print(os.environ['ESPEAK_DATA_PATH'], os.environ['SEEN_BY_THE_PROGRAM'])"
    assert tools.run("asterisk", program).stdout == "/data yes\n"
    assert "ESPEAK_DATA_PATH" not in os.environ
