"""Who mistypes an account reads again what they typed, unless it is like somebody's; the records stay masked."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from dialer.cli.main import app
from dialer.config import load_dialer
from dialer.store.nobodys import is_nobodys
from dialer.store.sqlite import SqliteStore
from store_cases import account, stocked

COMMANDS = [
    ["plan"],
    ["why"],
    ["account", "show"],
    ["script", "show"],
    ["promise", "make"],
    ["loan", "check"],
    ["assign", "show"],
    ["desk", "take"],
    ["risk", "score"],
    ["event", "post", "refusal"],
    ["hold"],
]
MORE = {"hold": ["on"], "promise": ["--amount", "12.00", "--due", "2026-12-05"]}
SOMEBODYS = [
    "LN-2026-0099",
    "13900000001",
    "zhang san",
    "张三一",
    "xSmith-1",
    "+8613900000001",
    "0001",
    "199003074",
    "X-19900",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("n") / "d"
    assert CliRunner().invoke(app, ["init", str(place)]).exit_code == 0
    settings = load_dialer(place / "config/dialer.yaml")
    stocked(
        SqliteStore.create(settings.store_path), [replace(account("LN-2026-0001", 1), debtor_name="John Smith")]
    ).close()
    return place


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(folder / "config/dialer.yaml"), *words])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_was_typed_is_named_with_what_to_do(folder: Path, command: list[str]) -> None:
    told = run(folder, *command, "NOPE", *MORE.get(command[0], []))
    assert told.exit_code in (2, 3)
    assert "NOPE" in told.stderr
    assert "`dialer account find`" in told.stderr
    said = json.loads(run(folder, *command, "NOPE", *MORE.get(command[0], []), "--json").stderr)["error"]
    assert (said["kind"], "NOPE" in said["message"]) == ("NoAccountError", True)
    assert "NOPE" in run(folder, *command, "NOPE", *MORE.get(command[0], []), "--lang", "zh").stderr


@pytest.mark.parametrize("typed", SOMEBODYS)
@pytest.mark.parametrize("command", COMMANDS[:4], ids=" ".join)
def test_what_is_like_somebodys_stays_masked(folder: Path, command: list[str], typed: str) -> None:
    if command != ["plan"] and typed in ("13900000001", "+8613900000001"):
        return  # a number that there is, which the others take
    told = run(folder, *command, "--", typed)
    assert told.exit_code == 3
    assert "****" in told.stderr
    assert f" {typed}" not in told.stderr


def test_a_number_of_a_person_is_masked_though_it_is_nobodys(folder: Path) -> None:
    told = run(folder, "plan", "110101199003074258")
    assert "110101199003074258" not in told.stderr
    assert "****" in told.stderr


def test_the_audit_log_has_it_masked(folder: Path) -> None:
    run(folder, "plan", "NOPE-UNHEARD")
    settings = load_dialer(folder / "config/dialer.yaml")
    with closing(sqlite3.connect(settings.store_path)) as store:
        rows = str(store.execute("SELECT * FROM audit").fetchall())
    assert "****EARD" in rows
    assert "NOPE" not in rows


def test_nobodys_is_what_shares_no_four_characters_with_anybody(folder: Path) -> None:
    settings = load_dialer(folder / "config/dialer.yaml")
    with closing(SqliteStore.open(settings.store_path)) as store, store.reading() as database:
        found = {one: is_nobodys(database.conn, one) for one in ("NOPE", "LN-9", "n-20", "smith", "Smit", "SMI-9", "X")}
    assert found == {"NOPE": True, "LN-9": True, "n-20": False, "smith": False, "Smit": False, "SMI-9": True, "X": True}
