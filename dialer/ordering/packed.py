"""Tallies of many numbers in little memory: a quarter of what as many `Tally` objects take.

A book has as many numbers as debtors and more, and a tally is read for a moment only. So each is kept as bytes: its
sums, then the cells in which it was dialled.
"""

from __future__ import annotations

import struct
from collections.abc import Hashable, Iterator
from typing import Final

from dialer.ordering.cells import Cell
from dialer.ordering.tallies import Counted, Tally

_SUMS: Final = struct.Struct("<4d3I")
"""Tries, answers, known, right; dials since an answer, dials ever, and the mark."""
_CELL: Final = struct.Struct("<B2d")
"""A cell of the week, its tries and answers."""


class PackedTallies:
    """A tally and a mark (a small number, 0 or more) for each key."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[Hashable, bytes] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._kept)

    def get(self, key: Hashable) -> Tally:
        """A copy of one; an empty one when there is none."""
        kept = self._kept.get(key)
        return Tally() if kept is None else _unpacked(kept)[0]

    def put(self, key: Hashable, tally: Tally, mark: int) -> None:
        """Keep one; the tally itself is not."""
        sums = (tally.tries, tally.answers, tally.known, tally.right)
        head = _SUMS.pack(*sums, tally.since_answer, tally.observations, mark)
        cells = [_CELL.pack(cell, counted.tries, counted.answers) for cell, counted in tally.cells.items()]
        self._kept[key] = b"".join((head, *cells))

    def items(self) -> Iterator[tuple[Tally, int]]:
        """Copies of all, with their marks."""
        return map(_unpacked, self._kept.values())


def _unpacked(kept: bytes) -> tuple[Tally, int]:
    tries, answers, known, right, since_answer, observations, mark = _SUMS.unpack_from(kept)
    cells = {Cell(cell): Counted(some, answered) for cell, some, answered in _CELL.iter_unpack(kept[_SUMS.size :])}
    return Tally(tries, answers, known, right, since_answer, observations, cells), mark
