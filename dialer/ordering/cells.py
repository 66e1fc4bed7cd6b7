"""The week in cells: a weekday and a block of two hours, by the debtor's clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NewType

Cell = NewType("Cell", int)
"""Weekday (Monday 0) times `BLOCKS`, plus the block of the day."""
Block = NewType("Block", int)
"""The block of the day: 0 begins at midnight."""

BLOCK_HOURS: Final = 2
BLOCKS: Final = 24 // BLOCK_HOURS
WEEKDAYS: Final = 7
CELLS: Final = WEEKDAYS * BLOCKS


def cell_at(local: datetime) -> Cell:
    """The cell of a moment.

    Args:
        local: in the debtor's own zone: its weekday and hour are read as they stand.
    """
    return Cell(local.weekday() * BLOCKS + local.hour // BLOCK_HOURS)


def cell_of(weekday: int, hour: int) -> Cell:
    """The cell of a weekday (Monday 0) and an hour (0..23)."""
    return Cell(weekday * BLOCKS + hour // BLOCK_HOURS)


def block_of(cell: Cell) -> Block:
    """The block of the day of a cell."""
    return Block(cell % BLOCKS)


def weekday_of(cell: Cell) -> int:
    """The weekday of a cell, Monday 0."""
    return cell // BLOCKS


def hours_of(cell: Cell) -> tuple[int, int]:
    """The hours of a cell: first, and the one after the last."""
    first = block_of(cell) * BLOCK_HOURS
    return first, first + BLOCK_HOURS


def later_today(cell: Cell, until_hour: int) -> Iterator[Cell]:
    """The cells of the same day after this one that begin before an hour."""
    day = weekday_of(cell) * BLOCKS
    for block in range(block_of(cell) + 1, BLOCKS):
        if block * BLOCK_HOURS >= until_hour:
            return
        yield Cell(day + block)
