"""`dialer carrier` with a real Asterisk: what somebody who tries the dialer out has for a telephone network."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dialer.pbx.install import AsteriskTools

pytestmark = pytest.mark.asterisk
Dialer = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def dialer(tmp_path: Path, asterisk_tools: AsteriskTools, free_port: Callable[[str], int]) -> Iterator[Dialer]:
    (tmp_path / ".runtime").mkdir()
    (tmp_path / ".runtime/asterisk").symlink_to(asterisk_tools.folder)
    environment = {
        "DIALER_CONFIG": str(tmp_path / "config/dialer.yaml"),
        "DIALER_AMI_PORT": str(free_port("tcp")),
        "DIALER_SIP_PORT": str(free_port("udp")),
        "DIALER_CARRIER_PORT": str(free_port("udp")),
        "LC_ALL": "en_US.UTF-8",
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from dialer.cli.main import main; main()", *words]
        return subprocess.run(
            command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=90, check=False
        )

    assert run("init", str(tmp_path)).returncode == 0
    try:
        yield run
    finally:
        run("carrier", "down")


def answers(port: int) -> bool:
    """True when something at a port answers SIP; asked again, as UDP may lose a datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(1.0)
        here = f"127.0.0.1:{peer.getsockname()[1]}"
        question = (
            f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKtest\r\n"
            f"From: <sip:test@{here}>;tag=1\r\nTo: <sip:127.0.0.1:{port}>\r\nCall-ID: {here}\r\nCSeq: 1 OPTIONS\r\n"
            "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        for _ in range(5):
            peer.sendto(question.encode("ascii"), ("127.0.0.1", port))
            with contextlib.suppress(OSError):
                return peer.recv(4096).startswith(b"SIP/2.0 ")
    return False


def test_a_network_for_a_folder_of_ones_own_goes_up_answers_the_trunk_and_goes_down(dialer: Dialer) -> None:
    assert dialer("carrier", "status").returncode == 1
    up = dialer("carrier", "up", "--json")
    assert up.returncode == 0, up.stderr
    pid = json.loads(up.stdout)["pid"]
    assert json.loads(dialer("carrier", "up", "--json").stdout)["pid"] == pid
    assert json.loads(dialer("carrier", "status", "--json").stdout)["calls"] == 0

    port = json.loads(up.stdout)["port"]
    assert answers(port)

    assert json.loads(dialer("carrier", "down", "--json").stdout) == {"stopped": True}
    assert dialer("carrier", "status").returncode == 1
    assert not answers(port)
    assert json.loads(dialer("carrier", "down", "--json").stdout) == {"stopped": False}


def test_without_a_trunk_to_this_machine_the_sentence_says_what_is_needed(dialer: Dialer, tmp_path: Path) -> None:
    main = tmp_path / "config/dialer.yaml"
    servers, trunks = main.read_text(encoding="utf-8").split("\ntrunks:\n")
    trunks = trunks.replace("host: 127.0.0.1", "host: sip.example.com", 1)
    main.write_text(f"{servers}\ntrunks:\n{trunks}", encoding="utf-8")
    told = dialer("carrier", "up")
    assert told.returncode == 2
    assert "host: 127.0.0.1" in told.stderr
