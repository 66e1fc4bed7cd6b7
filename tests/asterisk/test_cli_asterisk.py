"""`dialer asterisk` and `dialer doctor` with a real Asterisk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dialer.pbx.install import AsteriskTools

pytestmark = pytest.mark.asterisk

ROOT = Path(__file__).parents[2]
Result = subprocess.CompletedProcess[str]
Dialer = Callable[..., Result]


@pytest.fixture
def dialer(
    tmp_path: Path, asterisk_tools: AsteriskTools, prompt_sounds: Path, free_port: Callable[[str], int]
) -> Iterator[Dialer]:
    """Runs commands in a folder of `dialer init`, with the Asterisk that is installed already."""
    (tmp_path / ".runtime").mkdir()
    (tmp_path / ".runtime/asterisk").symlink_to(asterisk_tools.folder)
    first_rtp = free_port("udp") // 2 * 2
    environment = {
        "DIALER_CONFIG": str(tmp_path / "config/dialer.yaml"),
        "DIALER_AMI_PORT": str(free_port("tcp")),
        "DIALER_SIP_PORT": str(free_port("udp")),
        "DIALER_CARRIER_PORT": str(free_port("udp")),
        "DIALER_RTP_START": str(min(first_rtp, 65000)),
        "DIALER_RTP_END": str(min(first_rtp, 65000) + 100),
        "LC_ALL": "en_US.UTF-8",
        "COLUMNS": "160",
    }

    def run(*words: str) -> Result:
        # A process each, as in life: Asterisk outlives the command that started it.
        command = [sys.executable, "-c", "from dialer.cli.main import main; main()", *words]
        return subprocess.run(
            command,
            env={**os.environ, **environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    assert run("init", str(tmp_path)).returncode == 0
    try:
        yield run
    finally:
        run("asterisk", "down")


def checks(result: Result) -> dict[str, str]:
    return {check["name"]: check["health"] for check in json.loads(result.stdout)["checks"]}


def test_a_server_goes_up_is_found_sound_and_goes_down(dialer: Dialer) -> None:
    assert dialer("asterisk", "status").returncode == 1
    before = checks(dialer("doctor", "--json"))
    assert before["ami.reachable"] == "failed"

    up = dialer("asterisk", "up", "--json")
    assert up.returncode == 0, up.stderr
    (started,) = json.loads(up.stdout)
    again = json.loads(dialer("asterisk", "up", "--json").stdout)
    assert again == [{"server": "local", "pid": started["pid"], "already_running": True}]
    assert dialer("asterisk", "status").returncode == 0

    after = checks(dialer("doctor", "--json"))
    for name in ("ami.login", "ami.permissions", "asterisk.version", "asterisk.clock", "asterisk.modules"):
        assert after[name] == "ok", name
    assert after["asterisk.dialplan"] == "ok"
    assert after["phones.registered"] == "warning"  # nobody has come to work
    assert "phones.known" not in after
    assert after["trunk.carrier"] in ("skipped", "failed")  # no carrier listens

    assert json.loads(dialer("asterisk", "down", "--json").stdout) == {"stopped": ["local"]}
    assert dialer("asterisk", "status").returncode == 1
    assert json.loads(dialer("asterisk", "down", "--json").stdout) == {"stopped": []}


def test_a_changed_secret_is_found_by_the_doctor(dialer: Dialer, tmp_path: Path) -> None:
    assert dialer("asterisk", "up").returncode == 0
    (tmp_path / "config/secrets/ami").write_text("another-secret")
    result = dialer("doctor", "--json")
    assert result.returncode == 1
    assert checks(result)["ami.login"] == "failed"


def test_files_for_an_asterisk_of_ones_own_are_written_for_the_owner_only(dialer: Dialer, tmp_path: Path) -> None:
    result = dialer("asterisk", "render", "--out", str(tmp_path / "out"), "--json")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert "dialer_extensions.conf" in told["files"]
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "out").iterdir()} == {0}
    assert "#include" in told["instructions"]
