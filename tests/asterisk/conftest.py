"""The real Asterisk for the tests of this folder, fetched once into the repository's runtime folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from dialer.pbx.install import AsteriskTools, ensure_asterisk

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def asterisk_tools() -> AsteriskTools:
    runtime = Path(os.environ.get("DIALER_RUNTIME", REPOSITORY / ".runtime"))
    return ensure_asterisk(runtime / "asterisk", lambda line: print(line, file=sys.stderr))  # noqa: T201
