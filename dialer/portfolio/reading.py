"""From the store's tables to columns.

DuckDB's own reader of SQLite files is an extension that has to be fetched, and knows nothing of encrypted stores. So
rows come over our own connection, packed by SQLite into long texts of fields of fixed width, which NumPy takes apart at
once: a third of the time of fetching each row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from sqlite3 import Connection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dialer.portfolio.columns import (
    WORDS,
    Accounts,
    Calls,
    Code,
    Instalments,
    Payments,
    Portfolio,
    Promises,
    Small,
    Whole,
)
from dialer.store.statements import Statements

_SQL: Final = Statements("portfolio")
BLOCK: Final = 4096
"""Accounts that are read at once."""
_BLOCKS_AT_ONCE: Final = 16
"""As many as are held as text in memory."""
_HOURS_A_DAY: Final = 24
_EPOCH: Final = np.datetime64("1970-01-01", "D")
_ORDINAL_OF_EPOCH: Final = 719_163
_INSTALMENT, _PAYMENT, _CALL = 58, 37, 52


class Words:
    """Texts to codes, growing."""

    def __init__(self, known: dict[str, list[str]] | None = None) -> None:
        self.of = known or {kind: [""] for kind in WORDS}
        self._codes = {kind: {word: code for code, word in enumerate(words)} for kind, words in self.of.items()}

    def code(self, kind: str, word: str) -> int:
        """The code of a text; a new one gets the next."""
        codes = self._codes[kind]
        code = codes.get(word)
        if code is None:
            code = codes[word] = len(codes)
            self.of[kind].append(word)
        return code

    def codes(self, kind: str, words: Iterable[str]) -> Code:
        """The codes of many."""
        return np.fromiter((self.code(kind, word) for word in words), dtype=np.int16)


def account_ids(connection: Connection) -> Whole:
    """Every account's id, ascending."""
    return np.fromiter((row[0] for row in connection.execute(_SQL["account_ids"])), dtype=np.int64)


def read(connection: Connection, ids: Whole, words: Words) -> Portfolio:
    """Read everything of some accounts.

    Args:
        connection: in a transaction, so that all of it is of one moment.
        ids: which accounts.
        words: texts that have codes already; grows.
    """
    blocks = [json.dumps(ids[at : at + BLOCK].tolist()) for at in range(0, len(ids), BLOCK)]
    parts = [blocks[at : at + _BLOCKS_AT_ONCE] for at in range(0, len(blocks), _BLOCKS_AT_ONCE)]
    return Portfolio.joined([_read(connection, part, words) for part in parts or [[]]])


def _read(connection: Connection, blocks: Sequence[str], words: Words) -> Portfolio:
    return Portfolio(
        accounts=_accounts(_rows(connection, "accounts", blocks), words),
        instalments=_instalments(_packed(connection, "instalments", blocks, _INSTALMENT)),
        payments=_payments(_packed(connection, "payments", blocks, _PAYMENT)),
        calls=_calls(_packed(connection, "calls", blocks, _CALL), words),
        promises=_promises(_rows(connection, "promises", blocks), words),
        words=words.of,
    )


def _rows(connection: Connection, name: str, blocks: Sequence[str]) -> list[tuple[object, ...]]:
    return [row for ids in blocks for row in connection.execute(_SQL[name], {"ids": ids})]


def _packed(connection: Connection, name: str, blocks: Sequence[str], width: int) -> NDArray[np.uint8]:
    """All rows as a matrix of characters, one row each."""
    texts = (connection.execute(_SQL[name], {"ids": ids}).fetchone()[0] or "" for ids in blocks)
    data = b"".join(text.encode("ascii", "replace") for text in texts)
    return np.frombuffer(data, dtype=np.uint8).reshape(-1, width)


def _number(matrix: NDArray[np.uint8], start: int, width: int) -> Whole:
    """The number in some columns of digits."""
    value = np.zeros(len(matrix), dtype=np.int64)
    for at in range(start, start + width):
        value *= 10
        value += matrix[:, at] & 0x0F
    return value


def _day(matrix: NDArray[np.uint8], start: int) -> Small:
    """The ordinal of a date in ten columns."""
    code = (
        _number(matrix, start, 4) * 372 + (_number(matrix, start + 5, 2) - 1) * 31 + _number(matrix, start + 8, 2) - 1
    )
    distinct, place = np.unique(code, return_inverse=True)
    days = [
        int((np.datetime64(f"{one // 372:04d}-{one % 372 // 31 + 1:02d}-{one % 31 + 1:02d}", "D") - _EPOCH).astype(int))
        + _ORDINAL_OF_EPOCH
        for one in distinct.tolist()
    ]
    return np.array(days, dtype=np.int32)[place]


def _hour(matrix: NDArray[np.uint8], start: int) -> Small:
    """Hours since 1970 of a moment's first thirteen characters."""
    days = _day(matrix, start) - _ORDINAL_OF_EPOCH
    return (days * _HOURS_A_DAY + _number(matrix, start + 11, 2)).astype(np.int32)


def _instalments(matrix: NDArray[np.uint8]) -> Instalments:
    return Instalments(
        account_id=_number(matrix, 0, 10),
        due=_day(matrix, 10),
        paid=_day(matrix, 20),
        principal=_number(matrix, 30, 14),
        interest=_number(matrix, 44, 14),
    )


def _payments(matrix: NDArray[np.uint8]) -> Payments:
    return Payments(account_id=_number(matrix, 0, 10), hour=_hour(matrix, 10), cents=_number(matrix, 23, 14))


def _calls(matrix: NDArray[np.uint8], words: Words) -> Calls:
    flags = [matrix[:, at] == ord("1") for at in range(23, 28)]
    names, place = np.unique(np.ascontiguousarray(matrix[:, 28:52]).view("S24").ravel(), return_inverse=True)
    codes = words.codes("agent", (name.decode("ascii").rstrip() for name in names.tolist()))
    return Calls(
        account_id=_number(matrix, 0, 10),
        hour=_hour(matrix, 10),
        right_party=flags[0],
        conversation=flags[1],
        talked=flags[2],
        answered=flags[3],
        promised=flags[4],
        agent=codes[place].astype(np.int16),
    )


def _accounts(rows: list[tuple[object, ...]], words: Words) -> Accounts:
    columns = list(zip(*rows, strict=True)) or [()] * 12
    return Accounts(
        account_id=np.array(columns[0], dtype=np.int64),
        debtor_id=np.array(columns[1], dtype=np.int64),
        region=words.codes("region", columns[2]),
        industry=words.codes("industry", columns[3]),
        product=words.codes("product", columns[4]),
        risk=words.codes("risk", columns[5]),
        agent=words.codes("agent", columns[6]),
        listed_days=np.array(columns[7], dtype=np.int32),
        listed_cents=np.array(columns[8], dtype=np.int64),
        disbursed=_days(columns[9]),
        principal=np.array(columns[10], dtype=np.int64),
        grace=np.array(columns[11], dtype=np.int16),
    )


def _promises(rows: list[tuple[object, ...]], words: Words) -> Promises:
    columns = list(zip(*rows, strict=True)) or [()] * 7
    hours = np.array([str(text) for text in columns[1]], dtype="datetime64[h]")
    return Promises(
        account_id=np.array(columns[0], dtype=np.int64),
        hour=hours.astype(np.int64).astype(np.int32),
        due=_days(columns[2]),
        cents=np.array(columns[3], dtype=np.int64),
        paid_cents=np.array(columns[4], dtype=np.int64),
        status=words.codes("status", columns[5]),
        agent=words.codes("agent", columns[6]),
    )


def _days(texts: Iterable[object]) -> Small:
    """Ordinals of dates; 0 of an empty text."""
    known: dict[object, int] = {"": 0}
    days = []
    for text in texts:
        day = known.get(text)
        if day is None:
            day = known[text] = int((np.datetime64(str(text), "D") - _EPOCH).astype(int)) + _ORDINAL_OF_EPOCH
        days.append(day)
    return np.array(days, dtype=np.int32)
