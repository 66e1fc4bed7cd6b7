"""Files and folders for their owner only, under the most careless umask."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialer import log, private
from dialer.control_socket import bind, claim


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_every_missing_folder_is_made_closed_and_an_old_one_is_left_alone(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir(mode=0o755)
    private.make_folder(old / "a/b/c")
    private.make_folder(old / "a/b/c")
    assert [mode(old / part) for part in ("a", "a/b", "a/b/c")] == [0o700] * 3
    assert mode(old) == 0o755


def test_the_log_is_closed_after_a_rotation_too(tmp_path: Path) -> None:
    path = tmp_path / "logs/dialer.log"
    try:
        log.configure(path)
        logging.getLogger("x").warning("one")
        path.rename(path.with_suffix(".1"))
        logging.getLogger("x").warning("two")
    finally:
        log.configure()
    assert (mode(path.parent), mode(path), mode(path.with_suffix(".1"))) == (0o700, 0o600, 0o600)
    assert "two" in path.read_text(encoding="utf-8")
    assert "one" not in path.read_text(encoding="utf-8")


def test_the_control_socket_its_lock_and_its_folders_are_closed(tmp_path: Path) -> None:
    path = tmp_path / "run/deep/c.sock"
    lock = claim(path)
    listener = bind(path)
    try:
        assert [mode(one) for one in (path, path.with_name("c.sock.lock"))] == [0o600, 0o600]
        assert [mode(one) for one in (path.parent, path.parent.parent)] == [0o700, 0o700]
    finally:
        listener.close()
        os.close(lock)
