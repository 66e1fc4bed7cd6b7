"""The real Asterisk for the tests of this folder, fetched once into the repository's runtime folder."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dialer.pbx.install import AsteriskTools, ensure_asterisk
from dialer.pbx.prompts import build_prompts

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def asterisk_tools() -> AsteriskTools:
    runtime = Path(os.environ.get("DIALER_RUNTIME", REPOSITORY / ".runtime"))
    return ensure_asterisk(runtime / "asterisk", lambda line: print(line, file=sys.stderr))  # noqa: T201


@pytest.fixture(scope="session")
def prompt_sounds(asterisk_tools: AsteriskTools) -> Path:
    return build_prompts(asterisk_tools, asterisk_tools.folder / "sounds", lambda _line: None)


@pytest.fixture(scope="session")
def free_port() -> Callable[[str], int]:
    """Return a function that finds a free loopback port of kind `udp` or `tcp`."""

    def find(kind: str) -> int:
        sort = socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET, sort) as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find
