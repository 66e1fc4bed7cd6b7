"""How many agents, or trunks, does it take? Read off the points of a sweep; nothing is guessed between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dialer.cli.simulate_plan import Key, Setting
from dialer.cli.simulate_run import Outlook

ENOUGH_TRUNK_RATIO: Final = 0.01
"""Trunks suffice when they held pacing back for no more of the time than this."""


class Goal(StrEnum):
    """What a number is wanted for."""

    FINISH = "finish_by"
    HOLD = "hold_target"
    WIDE = "trunks_wide_enough"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The least value that reaches a goal."""

    goal: Goal
    key: Key
    fixed: Mapping[Key, Setting]
    """Of the other swept quantities."""
    value: float | None
    """None: no value that was tried does."""
    best: Outlook
    """The point of the value; without one the point that comes nearest."""
    tried: tuple[float, ...]


def answers_of(outlooks: Sequence[Outlook], swept: Sequence[Key], occupancy: float | None) -> tuple[Answer, ...]:
    """What a sweep answers.

    Args:
        outlooks: all points.
        swept: what takes more than one value.
        occupancy: wished at least; None: any.
    """
    found: list[Answer] = []
    for key in (Key.AGENTS, Key.TRUNKS):
        if key not in swept:
            continue
        for fixed, row in _rows(outlooks, swept, key):
            found.extend(_answers(key, fixed, row, occupancy))
    return tuple(found)


def _answers(
    key: Key, fixed: Mapping[Key, Setting], row: Sequence[Outlook], occupancy: float | None
) -> Iterator[Answer]:
    if any(one.tried_by is not None for one in row):
        yield _least(Goal.FINISH, key, fixed, row, _in_time, _shares_in_time)
    if occupancy is not None or not all(one.holds_target for one in row):

        def holds(one: Outlook) -> bool:
            return one.holds_target and (one.forecast.mean("occupancy") or 0.0) >= (occupancy or 0.0)

        yield _least(Goal.HOLD, key, fixed, row, holds, _nearness)
    if key is Key.TRUNKS:
        yield _least(Goal.WIDE, key, fixed, row, _wide, lambda one: -one.forecast.limits.get("trunk", 0.0))


def _least(
    goal: Goal,
    key: Key,
    fixed: Mapping[Key, Setting],
    row: Sequence[Outlook],
    reaches: Callable[[Outlook], bool],
    nearness: Callable[[Outlook], float],
) -> Answer:
    first = next((one for one in row if reaches(one)), None)
    best = first or max(row, key=nearness)
    return Answer(
        goal=goal,
        key=key,
        fixed=fixed,
        value=None if first is None else float(first.settings[key]),
        best=best,
        tried=tuple(float(one.settings[key]) for one in row),
    )


def _in_time(one: Outlook) -> bool:
    return one.tried_by == one.forecast.runs


def _shares_in_time(one: Outlook) -> float:
    """More runs in time; among equals fewer accounts left."""
    return (one.tried_by or 0) - 1e-9 * (one.forecast.mean("accounts_left") or 0.0)


def _nearness(one: Outlook) -> float:
    """Those that hold the target first, by occupancy; then by how far they are off it."""
    excess = (one.forecast.mean("abandonment_ratio") or 0.0) - one.point.target
    return (one.forecast.mean("occupancy") or 0.0) if excess <= 0.0 else -excess


def _wide(one: Outlook) -> bool:
    return one.forecast.limits.get("trunk", 0.0) <= ENOUGH_TRUNK_RATIO


def _rows(
    outlooks: Sequence[Outlook], swept: Sequence[Key], key: Key
) -> Iterator[tuple[dict[Key, Setting], list[Outlook]]]:
    """The points that differ in one quantity only, smallest first."""
    rows: dict[tuple[tuple[Key, Setting], ...], list[Outlook]] = {}
    for one in outlooks:
        fixed = tuple((other, one.settings[other]) for other in swept if other is not key and other in one.settings)
        rows.setdefault(fixed, []).append(one)
    for others, row in rows.items():
        yield dict(others), sorted(row, key=lambda one: float(one.settings[key]))


def rows_over(
    outlooks: Sequence[Outlook], swept: Sequence[Key], key: Key
) -> tuple[tuple[dict[Key, Setting], list[Outlook]], ...]:
    """For charts: a line over one quantity for each combination of the others."""
    return tuple(_rows(outlooks, swept, key))
