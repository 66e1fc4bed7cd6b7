"""What gets into a log line, and what does not."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from dialer.errors import SettingsError
from dialer.log import configure


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    for handler in before:
        root.removeHandler(handler)
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    for handler in before:
        root.addHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_is_json_with_its_event_fields_and_moment(tmp_path: Path) -> None:
    configure(tmp_path / "logs" / "dialer.log")
    structlog.stdlib.get_logger("floor").info("call.answered", attempt_id="17323900001234", agent="李娜", n=3)
    (line,) = lines(tmp_path / "logs" / "dialer.log")
    assert str(line.pop("at")).endswith("Z")
    assert line == {
        "event": "call.answered",
        "level": "info",
        "logger": "floor",
        "attempt_id": "17323900001234",
        "agent": "李娜",
        "n": 3,
    }


def test_no_number_and_no_secret_reaches_the_file(tmp_path: Path) -> None:
    path = tmp_path / "dialer.log"
    configure(path)
    log = structlog.stdlib.get_logger()
    log.info(
        "call.closed",
        number="+8613912341234",
        whole=13912341234,
        channel="PJSIP/13912341234@carrier",
        ami_secret="hunter2",
        nested={"password": "hunter2", "list": ["tel 139 1234 1234", ("+8613912341234",)]},
        path=Path("/rec/13912341234.wav"),
    )
    try:
        raise ValueError("bad number +8613912341234")
    except ValueError:
        log.exception("call.failed")
    logging.getLogger("library").warning("dialling %s", "+8613912341234")
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) == 3
    assert "12341234" not in text.replace(" ", "")
    assert "hunter2" not in text
    assert "Traceback" in text


def test_a_file_is_closed_to_others_and_keeps_what_it_had(tmp_path: Path) -> None:
    path = tmp_path / "dialer.log"
    for _ in range(2):
        configure(path)
        structlog.stdlib.get_logger().info("engine.started")
    assert len(lines(path)) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_lines_below_the_level_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "dialer.log"
    configure(path, level="warning")
    structlog.stdlib.get_logger().info("pacing.decided")
    structlog.stdlib.get_logger().warning("ami.lost")
    assert [line["event"] for line in lines(path)] == ["ami.lost"]


def test_a_pipe_gets_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    structlog.stdlib.get_logger().info("engine.started")
    assert json.loads(capsys.readouterr().err)["event"] == "engine.started"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("")
    with pytest.raises(SettingsError, match=r"dialer\.log cannot be written"):
        configure(tmp_path / "folder" / "dialer.log")


def test_a_log_that_cannot_be_written_stops_nobody_is_told_once_and_goes_on_afterwards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "logs" / "dialer.log"
    configure(path)
    log = structlog.stdlib.get_logger("floor")
    log.info("call.before")
    path.unlink()
    path.parent.rmdir()  # a rotator moved the file away, and no new one can be made: as on a full disk
    log.info("call.during", n=1)
    log.info("call.during", n=2)
    told = capsys.readouterr().err
    assert told.count("cannot be written") == told.count("\n") == 1
    path.parent.mkdir()
    log.info("call.after")
    assert lines(path)[-1]["event"] == "call.after"
    path.unlink()
    path.parent.rmdir()
    log.info("call.during", n=3)
    assert "cannot be written" in capsys.readouterr().err, "the next trouble is told again"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_under_the_log_raises_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dialer.log"
    path.symlink_to("/dev/full")
    configure(path)
    for _ in range(3):
        structlog.stdlib.get_logger("floor").info("call.during", text="x" * 20_000)
    assert capsys.readouterr().err.count("cannot be written") == 1
