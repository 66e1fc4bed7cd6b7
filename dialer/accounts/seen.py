"""Which keys of a file were there before, in 16 bytes a key: a million rows take 16 MB and no more.

A key is known by 64 bits of its hash, which Python salts anew in each process. That two of a million keys share one by
chance has a probability of about 3 in 100,000,000.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_RECENT = 1 << 16
"""Keys that are held in a dictionary before they join the sorted array."""


class SeenKeys:
    """Keys with the row at which each came first."""

    def __init__(self) -> None:
        self._recent: dict[int, int] = {}
        self._hashes: NDArray[np.int64] = np.empty(0, np.int64)
        self._rows: NDArray[np.int64] = np.empty(0, np.int64)

    def first_rows(self, keys: Sequence[tuple[str, str]], rows: Sequence[int]) -> list[int]:
        """Take keys in, in the order of their rows.

        Args:
            keys: of a few thousand rows.
            rows: the number of each.

        Returns:
            For each key the row at which it came first: its own, when it is new.
        """
        hashes = list(map(hash, keys))
        known = self._known(hashes)
        recent = self._recent
        found = [
            recent.setdefault(one, row) if before < 0 else before
            for one, row, before in zip(hashes, rows, known, strict=True)
        ]
        if len(recent) >= _RECENT:
            self._settle()
        return found

    def _known(self, hashes: Sequence[int]) -> list[int]:
        """The first row of each among the settled ones; -1: it is not there."""
        if not self._hashes.size:
            return [-1] * len(hashes)
        wanted = np.array(hashes, np.int64)
        at = np.minimum(np.searchsorted(self._hashes, wanted), self._hashes.size - 1)
        rows: list[int] = np.where(self._hashes[at] == wanted, self._rows[at], -1).tolist()
        return rows

    def _settle(self) -> None:
        size = len(self._recent)
        hashes = np.concatenate((self._hashes, np.fromiter(self._recent.keys(), np.int64, size)))
        rows = np.concatenate((self._rows, np.fromiter(self._recent.values(), np.int64, size)))
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._rows = hashes[order], rows[order]
        self._recent = {}
