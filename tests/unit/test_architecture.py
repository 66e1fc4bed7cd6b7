"""Rules about who may do what, read from the source: permits, clocks, chance and the rooms' borders."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "dialer"

PURE = (
    "accounts/values.py",
    "agents.py",
    "calling_rules.py",
    "calls.py",
    "campaigns",
    "compliance",
    "effects.py",
    "experiments.py",
    "facts.py",
    "floor",
    "leads.py",
    "loans",
    "plans",
    "estimates.py",
    "past.py",
    "pacing.py",
    "prediction",
    "promises",
    "risk",
    "scripts",
    "settings.py",
    "sim",
    "snapshot.py",
    "types.py",
    "values.py",
)
IMPURE_MODULES = frozenset(
    {"asyncio", "socket", "time", "random", "secrets", "logging", "structlog", "sqlite3", "subprocess", "threading"}
)
IMPURE_CALLS = frozenset({"now", "utcnow", "today"})  # of datetime and date


def sources(*places: str) -> Iterator[Path]:
    for place in places:
        path = PACKAGE / place
        if path.is_dir():
            yield from sorted(path.rglob("*.py"))
        elif path.is_file():
            yield path


PURE_SOURCES = sorted(sources(*PURE))
ALL_SOURCES = sorted(PACKAGE.rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE.parent))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0, names=names):
                yield module
                yield from (f"{module}.{alias.name}" for alias in names)


def called(tree: ast.Module) -> Iterator[ast.expr]:
    return (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))


def makes_a_permit(tree: ast.Module) -> bool:
    """Calls the class by whatever path."""
    return any(
        (isinstance(func, ast.Name) and func.id == "Permit")
        or (isinstance(func, ast.Attribute) and func.attr == "Permit")
        for func in called(tree)
    )


def impurities(tree: ast.Module) -> set[str]:
    modules = {name for name in imported(tree) if name.split(".")[0] in IMPURE_MODULES or name == "dialer.clock"}
    calls = {
        ast.unparse(func)
        for func in called(tree)
        if isinstance(func, ast.Attribute)
        and func.attr in IMPURE_CALLS
        and ast.unparse(func.value).split(".")[-1] in ("datetime", "date")
    }
    return modules | calls


def test_only_compliance_makes_a_permit() -> None:
    makers = [named(path) for path in ALL_SOURCES if makes_a_permit(parsed(path))]
    assert makers == ["dialer/compliance/gate.py"]


@pytest.mark.parametrize("path", PURE_SOURCES, ids=named)
def test_pure_rooms_know_no_clock_chance_network_or_log(path: Path) -> None:
    assert impurities(parsed(path)) == set()


def test_the_panoramisk_library_lives_in_one_room() -> None:
    users = {
        path.parent.name for path in ALL_SOURCES if any(n.startswith("panoramisk") for n in imported(parsed(path)))
    }
    assert users <= {"ami"}


@pytest.mark.parametrize("path", PURE_SOURCES, ids=named)
def test_pure_rooms_know_no_file_format(path: Path) -> None:
    edges = ("ruamel", "pydantic", "sqlite_utils", "panoramisk", "typer", "rich", "dialer.config", "dialer.store")
    assert [name for name in imported(parsed(path)) if name.startswith(edges)] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time", {"time"}),
        ("from asyncio import sleep", {"asyncio", "asyncio.sleep"}),
        ("import datetime\nx = datetime.datetime.now()", {"datetime.datetime.now"}),
        ("from datetime import date\nx = date.today()", {"date.today"}),
        ("from datetime import time\nx = now.at", set()),
    ],
)
def test_these_checks_can_fail(source: str, found: set[str]) -> None:
    assert impurities(ast.parse(source)) == found


def test_the_permit_check_can_fail() -> None:
    assert makes_a_permit(ast.parse("from dialer import effects\neffects.Permit(campaign='x')"))
    assert not makes_a_permit(ast.parse("from dialer.effects import Permit\ndef f(permit: Permit): ..."))
