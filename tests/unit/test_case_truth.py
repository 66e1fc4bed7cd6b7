"""The hidden truth of the case stays hidden: read from the imports, as the other borders are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "dialer"
CASE = PACKAGE / "sim" / "case"
HIDDEN = frozenset({"dialer.sim.case.truth", "dialer.sim.case.nature"})
WORLD = frozenset({"truth", "nature", "population", "replies", "money", "run", "study"})
"""Modules of the case that play the world, or hand the truth to those that do."""
PRODUCT = frozenset({"book", "orders", "campaign", "listed", "arms", "scenario"})
"""What stands for the bank and the dialer."""


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0, names=names):
                yield module
                yield from (f"{module}.{alias.name}" for alias in names)


def reached(path: Path) -> set[str]:
    """Every module of the case that a module leads to, directly or not."""
    found: set[str] = set()
    left = [path]
    while left:
        for name in imported(left.pop()):
            place = CASE / f"{name.removeprefix('dialer.sim.case.')}.py"
            if name.startswith("dialer.sim.case.") and name not in found and place.is_file():
                found.add(name)
                left.append(place)
    return found


def test_no_room_of_the_product_imports_the_case() -> None:
    rooms = [path for path in PACKAGE.rglob("*.py") if CASE not in path.parents and "simulate_case" not in path.name]
    assert len(rooms) > 200
    users = [str(path) for path in rooms if any(name.startswith("dialer.sim.case") for name in imported(path))]
    assert users == []


@pytest.mark.parametrize("name", sorted(PRODUCT))
def test_the_product_side_of_the_case_never_reaches_the_truth(name: str) -> None:
    assert reached(CASE / f"{name}.py") & HIDDEN == set()


def test_only_what_plays_the_world_imports_the_truth() -> None:
    users = {path.stem for path in CASE.glob("*.py") if HIDDEN & set(imported(path))}
    assert users <= WORLD
    assert {"replies", "money", "population"} <= users


def test_this_check_can_fail(tmp_path: Path) -> None:
    peeping = tmp_path / "book.py"
    peeping.write_text("from dialer.sim.case.replies import Replies\n", encoding="utf-8")
    assert reached(peeping) & HIDDEN == HIDDEN
