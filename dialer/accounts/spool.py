"""A long sequence kept on disk, so that a million rows need little memory.

The file has no name and is readable by nobody else; it is gone when the spool is closed or the process ends.
"""

from __future__ import annotations

import marshal
import pickle
import tempfile
import weakref
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Self, TypeVar

from dialer.accounts.imported import AccountRow, ImportedAccount, account_of

T = TypeVar("T")
_BATCH = 1000
_MEMORY_BYTES = 16 << 20


class Spool(Collection[T]):
    """Values in the order in which they were added, to be read as often as wanted.

    Small spools stay in memory. Close it, or use it in a `with`, when the values are no longer needed.
    """

    def __init__(self, values: Iterable[T] = ()) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES)  # noqa: SIM115
        self._starts: list[int] = []
        self._tail: list[T] = []
        self._close = weakref.finalize(self, self._file.close)
        for value in values:
            self.append(value)

    def append(self, value: T) -> None:
        """Add a value at the end."""
        self._tail.append(value)
        if len(self._tail) == _BATCH:
            self._starts.append(self._file.seek(0, 2))
            pickle.dump(self._tail, self._file, pickle.HIGHEST_PROTOCOL)
            self._tail = []

    def __iter__(self) -> Iterator[T]:
        for start in self._starts:
            self._file.seek(start)
            # Only what `append` wrote into a nameless file of this process.
            yield from pickle.load(self._file)
        yield from self._tail

    def __len__(self) -> int:
        return len(self._starts) * _BATCH + len(self._tail)

    def __contains__(self, value: object) -> bool:
        return any(value == other for other in self)

    def close(self) -> None:
        """Forget everything."""
        self._close()
        self._starts, self._tail = [], []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AccountSpool(Collection[ImportedAccount]):
    """Accounts in the order in which they were added: with names for who looks at each, flat for who takes them all."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES)  # noqa: SIM115
        self._starts: list[int] = []
        self._count = 0
        self._close = weakref.finalize(self, self._file.close)

    def extend(self, rows: Sequence[AccountRow]) -> None:
        """Add rows; the more at once, the cheaper."""
        if rows:
            self._count += len(rows)
            self._starts.append(self._file.seek(0, 2))
            # Tuples of texts and numbers; marshal writes them several times as fast as pickle.
            marshal.dump([tuple(row) for row in rows], self._file)

    def batches(self) -> Iterator[list[AccountRow]]:
        """The rows as they were added together."""
        for start in self._starts:
            self._file.seek(start)
            # Only what `extend` wrote into a nameless file of this process.
            yield list(map(AccountRow._make, marshal.load(self._file)))

    def __iter__(self) -> Iterator[ImportedAccount]:
        for batch in self.batches():
            yield from map(account_of, batch)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, value: object) -> bool:
        return any(value == other for other in self)

    def close(self) -> None:
        """Forget everything."""
        self._close()
        self._starts, self._count = [], 0
