"""A long sequence kept on disk, so that a million rows need little memory.

The file has no name and is readable by nobody else; it is gone when the spool is closed or the process ends.
"""

from __future__ import annotations

import gc
import marshal
import pickle
import tempfile
import weakref
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
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


@contextmanager
def without_collector() -> Iterator[None]:
    """Let the collector of reference cycles rest: rows have none, and it would look at each of them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class AccountSpool(Collection[ImportedAccount]):
    """Accounts in the order in which they were added: with names for who looks at each, flat for who takes them all."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES)  # noqa: SIM115
        self._pieces: list[tuple[int, int]] = []
        self._count = 0
        self._close = weakref.finalize(self, self._file.close)

    def extend(self, rows: Sequence[AccountRow]) -> None:
        """Add rows; the more at once, the cheaper."""
        if rows:
            # Tuples of texts and numbers; marshal writes them several times as fast as pickle.
            written = marshal.dumps([tuple(row) for row in rows])
            self._pieces.append((self._file.seek(0, 2), len(written)))
            self._file.write(written)
            self._count += len(rows)

    def batches(self) -> Iterator[list[AccountRow]]:
        """The rows as they were added together."""
        for start, size in self._pieces:
            self._file.seek(start)
            # Only what `extend` wrote into a nameless file of this process; read at once, for marshal asks for crumbs.
            yield list(map(AccountRow._make, marshal.loads(self._file.read(size))))

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
        self._pieces, self._count = [], 0
