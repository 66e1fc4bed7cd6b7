"""Reading from the store what features and outcomes are computed from, as columns; see `dialer.risk.history`.

Rules
- A payment is known since it was noted. One that a file told of counts as known a day after it was made: files bring
  years at once, and the bank knew each of them in its time. House rule.
- A fact of a debtor has the time at which its source said so; what it said before that is gone, hence not known then.
- Of a call that never reached anybody's network nothing can be learned of the debtor.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import numpy as np

from dialer.risk.features import FEATURES, Floats, Texts
from dialer.risk.history import (
    DAY_S,
    NEVER,
    Accounts,
    Calls,
    History,
    Instalments,
    Ints,
    Payments,
    Promises,
    Said,
    Told,
)
from dialer.store.statements import Statements

_SQL = Statements("risk_history")
_CHUNK: Final = 20_000
_EVERYBODY: Final = (0, 2**62)
_KNOWN_AFTER_S: Final = DAY_S
_CENTS: Final = 100.0
_INCOME: Final = "income_monthly"
_UTILISATION: Final = ("utilisation", "utilization")


def read_history(
    connection: sqlite3.Connection,
    at: datetime,
    *,
    debtor_id: int | None = None,
    names: Iterable[str] = tuple(FEATURES),
) -> History:
    """All that is known now.

    Args:
        connection: of a transaction, so that all of it is of one moment.
        at: now, in the dialer's zone: days begin at its midnight.
        debtor_id: only this one; None: everybody.
        names: of the features that are wanted; facts that none of them tells are not read.
    """
    low, high = _EVERYBODY if debtor_id is None else (debtor_id, debtor_id)
    offset = at.utcoffset()
    wanted: dict[str, object] = {
        "low": low,
        "high": high,
        "zone_s": 0 if offset is None else int(offset.total_seconds()),
        "known_after_s": int(_KNOWN_AFTER_S),
        "fields": json.dumps([_INCOME, *(FEATURES[name].attribute for name in names if FEATURES[name].attribute)]),
    }
    return _Reader(connection, wanted).history()


class _Reader:
    def __init__(self, connection: sqlite3.Connection, wanted: dict[str, object]) -> None:
        self._connection = connection
        self._wanted = wanted
        self._account_ids: Ints = np.zeros(0, dtype=np.int64)
        self._debtor_ids: Ints = np.zeros(0, dtype=np.int64)

    def history(self) -> History:
        accounts = self._accounts()
        facts = self._facts()
        reports = self._reports()
        return History(
            accounts=accounts,
            instalments=self._instalments(),
            payments=self._payments(),
            promises=self._promises(),
            calls=self._calls(),
            incomes=_incomes(facts.pop(_INCOME, None)),
            scores=self._scores(),
            utilisations=self._utilisations(reports),
            signs=Told(debtors=self._debtors(reports[0]), at_s=_floats(reports[1]), values=np.ones(len(reports[0]))),
            facts=facts,
        )

    def _columns(self, statement: str, kinds: str) -> list[Ints | Floats | Texts]:
        """The columns of a statement: `i` whole numbers, `f` numbers with NaN for NULL, `o` anything."""
        cursor = self._connection.execute(_SQL[statement], self._wanted)
        types = [{"i": np.int64, "f": np.float64, "o": object}[kind] for kind in kinds]
        parts: list[list[Ints | Floats | Texts]] = [[np.zeros(0, dtype=one)] for one in types]
        while rows := cursor.fetchmany(_CHUNK):
            for part, values, kind in zip(parts, zip(*rows, strict=True), types, strict=True):
                part.append(_array(values, kind))
        return [_joined(part) for part in parts]

    def _accounts(self) -> Accounts:
        ids, debtors, principal, paid_out, products, days, listed = self._columns("accounts", "iiifoff")
        self._account_ids = _ints(ids)
        self._debtor_ids, places = np.unique(_ints(debtors), return_inverse=True)
        return Accounts(
            account_ids=self._account_ids,
            debtors=places.astype(np.int64),
            principal=_ints(principal),
            paid_out_s=_floats(paid_out),
            products=_texts(products),
            listed_days=_floats(days),
            listed_s=_floats(listed),
        )

    def _instalments(self) -> Instalments:
        ids, due, amounts = self._columns("instalments", "ifi")
        places, due_s = self._places(ids), _floats(due)
        order = np.lexsort((due_s, places))
        return Instalments(accounts=places[order], due_s=due_s[order], amounts=_ints(amounts)[order])

    def _payments(self) -> Payments:
        ids, at, known, back, amounts = self._columns("payments", "ifffi")
        places, at_s = self._places(ids), _floats(at)
        order = np.lexsort((at_s, places))
        return Payments(
            accounts=places[order],
            at_s=at_s[order],
            known_s=np.maximum(_floats(known), at_s)[order],
            reversed_s=np.nan_to_num(_floats(back), nan=NEVER)[order],
            amounts=_ints(amounts)[order],
        )

    def _promises(self) -> Promises:
        ids, judged, kept = self._columns("promises", "ifi")
        return Promises(accounts=self._places(ids), judged_s=_floats(judged), kept=_ints(kept) > 0)

    def _calls(self) -> Calls:
        debtors, at, answered, talked = self._columns("calls", "ifii")
        known = self._known(debtors)
        return Calls(
            debtors=self._debtors(debtors)[known],
            at_s=_floats(at)[known],
            answered=_ints(answered)[known] > 0,
            talked=_ints(talked)[known] > 0,
        )

    def _facts(self) -> dict[str, Said]:
        debtors, fields, at, values = self._columns("facts", "iofo")
        known = self._known(debtors)
        found = {}
        for field in sorted(set(fields.tolist())):
            rows = (fields == field) & known
            found[str(field)] = Said(
                debtors=self._debtors(debtors)[rows], at_s=_floats(at)[rows], values=_texts(values)[rows]
            )
        return found

    def _scores(self) -> Told:
        debtors, at, values = self._columns("scores", "iff")
        known = self._known(debtors)
        return Told(debtors=self._debtors(debtors)[known], at_s=_floats(at)[known], values=_floats(values)[known])

    def _reports(self) -> list[Ints | Floats | Texts]:
        columns = self._columns("reports", "ifoo")
        known = self._known(columns[0])
        return [column[known] for column in columns]

    def _utilisations(self, reports: Sequence[Ints | Floats | Texts]) -> Told:
        debtors, at, signs, values = reports
        rows = np.isin(signs.astype(str), _UTILISATION)
        numbers = np.fromiter((_number(value) for value in values[rows]), dtype=np.float64, count=int(rows.sum()))
        return Told(debtors=self._debtors(debtors)[rows], at_s=_floats(at)[rows], values=numbers)

    def _places(self, account_ids: Ints | Floats | Texts) -> Ints:
        return np.searchsorted(self._account_ids, _ints(account_ids)).astype(np.int64)

    def _known(self, debtor_ids: Ints | Floats | Texts) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which of them have an account now."""
        return np.isin(_ints(debtor_ids), self._debtor_ids)

    def _debtors(self, debtor_ids: Ints | Floats | Texts) -> Ints:
        found = np.searchsorted(self._debtor_ids, _ints(debtor_ids))
        return np.minimum(found, max(0, len(self._debtor_ids) - 1)).astype(np.int64)


def _array(values: Sequence[object], kind: type) -> Ints | Floats | Texts:
    if kind is object:
        found = np.empty(len(values), dtype=object)
        found[:] = ["" if value is None else value for value in values]
        return found
    return np.array(values, dtype=kind)


def _joined(parts: Sequence[Ints | Floats | Texts]) -> Ints | Floats | Texts:
    return np.concatenate(parts).astype(parts[0].dtype, copy=False)  # type: ignore[return-value]  # the dtype of all


def _ints(column: Ints | Floats | Texts) -> Ints:
    return np.asarray(column, dtype=np.int64)


def _floats(column: Ints | Floats | Texts) -> Floats:
    return np.asarray(column, dtype=np.float64)


def _texts(column: Ints | Floats | Texts) -> Texts:
    return np.asarray(column, dtype=object)


def _incomes(said: Said | None) -> Told:
    if said is None:
        return Told(debtors=np.zeros(0, dtype=np.int64), at_s=np.zeros(0), values=np.zeros(0))
    values = np.fromiter((_number(value) for value in said.values), dtype=np.float64, count=len(said.values))
    known = ~np.isnan(values)
    return Told(debtors=said.debtors[known], at_s=said.at_s[known], values=values[known] * _CENTS)


def _number(text: object) -> float:
    """A number as sources write it: `0.85`, `85%`; NaN: none."""
    plain = str(text).strip()
    try:
        return float(plain[:-1]) / 100.0 if plain.endswith("%") else float(plain)
    except ValueError:
        return float("nan")


def debtors_of(connection: sqlite3.Connection, account_no: str) -> tuple[int, ...]:
    """Whose accounts have this number: several lenders may use the same."""
    rows = connection.execute(_SQL["debtors_of"], {"account_no": account_no}).fetchall()
    return tuple(int(debtor_id) for (debtor_id,) in rows)
