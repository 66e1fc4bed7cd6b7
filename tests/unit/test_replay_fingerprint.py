"""Whether two programs decide by the same rules is read off the whole source that decides."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from dialer.replay.fingerprint import DECIDING, PACKAGE, fingerprint

LIST = "import sys, dialer.floor.floor; print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('dialer.')))"


def test_all_that_the_floor_is_made_of_is_covered() -> None:
    listed = subprocess.run(
        [sys.executable, "-c", LIST], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    ).stdout.split()
    files = {Path(file).relative_to(PACKAGE) for file in listed if not file.endswith("__init__.py")}
    left_out = {str(file) for file in files if not {str(file), file.parts[0]} & {*DECIDING, "errors.py"}}
    assert len(files) > 30
    assert not left_out, "name it in DECIDING"


def test_one_other_byte_is_another_program(tmp_path: Path) -> None:
    copy = shutil.copytree(PACKAGE, tmp_path / "dialer", ignore=shutil.ignore_patterns("__pycache__"))
    assert fingerprint(copy) == fingerprint()
    with (copy / "floor/routing.py").open("a") as file:
        file.write("\n")
    assert fingerprint(copy) != fingerprint()
    (copy / "cli/main.py").write_text("")
    changed = fingerprint(copy)
    (copy / "cli/lang.py").write_text("")
    assert fingerprint(copy) == changed
