"""Roles on the command line, and what the audit log says of commands."""

from __future__ import annotations

import itertools
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dialer.access import COMMANDS, MAY_UNMASK, Person, Role, grant_of
from dialer.cli.guard import commands, refusal
from dialer.cli.main import app
from dialer.cli.session import token_of
from dialer.errors import SettingsError

TOKENS = {role: f"token-of-{role}" for role in Role}


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dialer with one person of each role, and a list."""
    place = tmp_path_factory.mktemp("d")
    assert run(place, "", "init", str(place)).exit_code == 0
    secrets = place / "config/secrets"
    for role, token in TOKENS.items():
        (secrets / f"token_{role}").touch(mode=0o600)
        (secrets / f"token_{role}").write_text(token)
    users = "".join(
        f"  {role}:\n    role: {role}\n    token: !file secrets/token_{role}\n"
        + ("    agent: agent01\n" if role is Role.AGENT else "")
        for role in Role
    )
    settings = place / "config/dialer.yaml"
    settings.write_text(settings.read_text() + "\nusers:\n" + users)
    listed = run(place, Role.ADMIN, "import", str(place / "lists/sample.csv"), "--list", "demo")
    assert listed.exit_code == 0, listed.output
    return place


def run(folder: Path, role: Role | str, *words: str) -> Result:
    environment = {
        "LC_ALL": "en_US.UTF-8",
        "COLUMNS": "120",
        "DIALER_CONFIG": str(folder / "config/dialer.yaml"),
        "DIALER_TOKEN": TOKENS[Role(role)] if role in set(Role) else (role or None),
        "NO_COLOR": "1",
    }
    return CliRunner().invoke(app, list(words), env=environment)


def log_of(folder: Path) -> list[tuple[str, str, str, str, str]]:
    with closing(sqlite3.connect(folder / "var/dialer.sqlite")) as store:
        rows = store.execute(
            "SELECT actor, role, action, subject, detail FROM audit WHERE action LIKE 'dialer %' ORDER BY seq"
        )
        return list(rows)


def test_every_command_is_in_the_table_of_roles() -> None:
    assert set(commands(app)) <= set(COMMANDS)


@pytest.mark.parametrize(("command", "role"), list(itertools.product(COMMANDS, Role)))
def test_each_role_may_run_exactly_the_commands_of_the_table(command: str, role: Role) -> None:
    person = Person(name="chen", role=role, agent="agent01" if role is Role.AGENT else "")
    said = refusal(person, command, grant_of(command), {"agent": "agent01"})
    assert (said == "") is (role in COMMANDS[command].roles)
    if said:
        assert f"`dialer {command}` needs the role admin" in said
    whole = refusal(person, command, grant_of(command), {"agent": "agent01", "unmasked": True})
    assert (whole == "") is (role in COMMANDS[command].roles & MAY_UNMASK)


@pytest.mark.parametrize(
    ("role", "words", "needed"),
    [
        (Role.AGENT, ("report", "demo"), "admin or supervisor or auditor"),
        (Role.AUDITOR, ("import", "x.csv", "--list", "demo"), "admin or supervisor"),
        (Role.SUPERVISOR, ("export", "accounts", "--list", "demo", "--out", "a.csv", "--unmasked"), "admin or auditor"),
        (Role.AGENT, ("agent", "pause", "agent02"), "admin or supervisor"),
        (Role.SUPERVISOR, ("reload",), "admin"),
        (Role.AUDITOR, ("stop",), "admin or supervisor"),
        ("token-of-nobody", ("report", "demo"), "admin or supervisor or auditor"),
        ("", ("report", "demo"), "admin or supervisor or auditor"),
    ],
)
def test_a_command_that_is_refused_says_who_may_does_nothing_and_is_on_record(
    folder: Path, role: Role | str, words: tuple[str, ...], needed: str
) -> None:
    before = log_of(folder)
    told = run(folder, role, *words, "--json")
    assert told.exit_code == 9, told.output
    error = json.loads(told.stderr)["error"]
    assert error["kind"] == "AccessError"
    assert f"needs the role {needed}" in error["message"]
    assert not told.stdout
    (entry,) = log_of(folder)[len(before) :]
    assert entry[1] == (role if role in set(Role) else "")
    assert entry[2].startswith("dialer " + words[0])
    assert entry[4].startswith("refused: ")
    assert "token-of" not in str(entry)


def test_what_is_done_on_the_files_is_on_record_and_whole_numbers_are_said(folder: Path) -> None:
    out = folder / "whole.csv"
    assert (
        run(folder, Role.AUDITOR, "export", "accounts", "--list", "demo", "--out", str(out), "--unmasked").exit_code
        == 0
    )
    assert "****" not in out.read_text(encoding="utf-8-sig").split("\n")[1]
    assert run(folder, Role.SUPERVISOR, "export", "accounts", "--list", "demo", "--out", str(out)).exit_code == 0
    assert "****" in out.read_text(encoding="utf-8-sig").split("\n")[1]
    assert log_of(folder) == [
        ("admin", "admin", "dialer import", "demo", "allowed"),
        ("auditor", "auditor", "dialer export accounts", "demo", "allowed; unmasked=True"),
        ("supervisor", "supervisor", "dialer export accounts", "demo", "allowed"),
    ]


def test_the_doctor_works_for_whoever_must_mend_what_is_broken(folder: Path) -> None:
    (folder / "var/dialer.sqlite").write_bytes(b"not a store")
    assert "dialer.sqlite" in run(folder, Role.ADMIN, "doctor").output
    settings = folder / "config/dialer.yaml"
    settings.write_text(settings.read_text() + "nonsense: 1\n")
    assert "nonsense" in run(folder, Role.ADMIN, "doctor").output


def test_a_token_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text("token-of-chen\n")
    assert token_of({"DIALER_TOKEN_FILE": str(path)}) == "token-of-chen"
    assert token_of({}) == ""
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        token_of({"DIALER_TOKEN_FILE": str(path)})


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("  chen: {role: supervisor}\n", "nobody is admin"),
        ("  chen: {role: admin}\n  li: {role: agent}\n", '"li" is not an agent'),
        ("  chen: {role: admin, agent: agent01}\n", "only a user of role agent"),
        ("  chen: {role: boss}\n", "boss"),
        ("  chen: {role: admin, token: written-here}\n", "secret must not be written"),
    ],
)
def test_users_that_cannot_be_meant_are_told_with_their_line(folder: Path, section: str, says: str) -> None:
    settings = folder / "config/dialer.yaml"
    text = settings.read_text()
    settings.write_text(text[: text.index("\nusers:\n")] + "\nusers:\n" + section)
    told = run(folder, "", "report", "demo")
    assert told.exit_code == 2
    assert says in told.stderr
    assert "users" in told.stderr
