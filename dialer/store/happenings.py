"""From an event of the stream to what early warning judges: the event with what it has to be compared with.

What is read of `risk.reported`: `sign`, `value` and, where the source knows it, `before`. Names of signs that sources
use are in `SIGNS`; any other name is a sign of its own, for rules with `sign: reported`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from dialer.account_events import EventKind, EventValue, StoredEvent
from dialer.risk.warnings import Happening, Sign
from dialer.store.columns import moment, moment_text
from dialer.store.statements import Statements

_SQL = Statements("risk")

SIGNS: Final[Mapping[str, Sign]] = {
    **dict.fromkeys(("utilisation", "utilization", "credit_utilisation", "overdraft"), Sign.UTILISATION),
    **dict.fromkeys(("overdue_elsewhere", "other_overdue", "new_overdue_elsewhere"), Sign.OVERDUE_ELSEWHERE),
    **dict.fromkeys(("contacts_changed", "contact_changed", "address_changed"), Sign.CONTACTS_CHANGED),
    **dict.fromkeys(("income", "income_fell", "income_drop"), Sign.INCOME_FELL),
    **dict.fromkeys(("income_lost", "income_loss", "unemployed", "job_lost"), Sign.INCOME_LOST),
}
"""Names of `risk.reported` that mean a sign with a bound."""
_ADDRESSES: Final = frozenset({"address", "employer", "email", "phone"})
_NO_WORK: Final = frozenset({"unemployed", "失业", "无业", "待业", "unemployment", "job_lost", "income_lost"})
"""Values of occupation and of the reason for delay that mean that the income is gone."""
_SOME: Final = 2
"""Payments that there must have been before, for one to be called small. House rule."""
_MONTHS: Final = 3


def happening_of(connection: sqlite3.Connection, event: StoredEvent, within_s: float) -> Happening | None:
    """What happened, compared within a window.

    Args:
        connection: of the transaction that reads the event.
        event: of the stream.
        within_s: the window of the rule that asks.

    Returns:
        None: nothing that early warning looks at.
    """
    reader = _Reader(connection, event, within_s)
    match event.kind:
        case EventKind.RISK_REPORTED:
            return reader.report()
        case EventKind.PROMISE_BROKEN:
            return reader.counted(Sign.PROMISE_BROKEN, f"promise:{event.payload.get('promise', event.seq)}")
        case EventKind.PAYMENT_REVERSED:
            return reader.counted(Sign.PAYMENT_REVERSED, f"payment:{event.account_id}:{event.payload.get('txn_id')}")
        case EventKind.PAYMENT_RECEIVED:
            return reader.payment()
        case EventKind.FACT_CHANGED:
            return reader.fact()
        case _:
            return None


class _Reader:
    def __init__(self, connection: sqlite3.Connection, event: StoredEvent, within_s: float) -> None:
        self._connection = connection
        self._event = event
        self._within = timedelta(seconds=within_s)

    def report(self) -> Happening:
        payload, at = self._event.payload, self._event.at
        name = str(payload.get("sign", "")).strip().lower()
        sign = SIGNS.get(name, Sign.REPORTED)
        value = number(payload.get("value"))
        if sign is Sign.CONTACTS_CHANGED:
            return self.changes(f"contacts:{_day(at)}:{self._event.event_key}")
        if sign is Sign.INCOME_FELL and value == 0:
            sign = Sign.INCOME_LOST
        before = number(payload.get("before", payload.get("previous")))
        if before is None and sign in (Sign.UTILISATION, Sign.OVERDUE_ELSEWHERE, Sign.INCOME_FELL):
            before = self._reported_before(name)
        about = f"{name}:{'' if value is None else f'{value:g}'}:{_day(at)}"
        return Happening(sign=sign, named=name, about=about, at=at, value=value, before=before)

    def _reported_before(self, name: str) -> float | None:
        row = self._connection.execute(_SQL["earlier_reports"], self._window() | {"sign": name}).fetchone()
        return None if row is None else number(row[0])

    def counted(self, sign: Sign, about: str) -> Happening:
        (times,) = self._connection.execute(_SQL["times"], self._window() | {"kind": self._event.kind}).fetchone()
        return Happening(sign=sign, about=about, at=self._event.at, times=int(times))

    def changes(self, about: str) -> Happening:
        (times,) = self._connection.execute(_SQL["changes"], self._window()).fetchone()
        return Happening(sign=Sign.CONTACTS_CHANGED, about=about, at=self._event.at, times=int(times))

    def payment(self) -> Happening | None:
        """What was paid within the window up to this payment, against such a window's mean of the three before."""
        txn_id, account_id = str(self._event.payload.get("txn_id", "")), self._event.account_id
        row = self._connection.execute(_SQL["payment"], {"account_id": account_id, "txn_id": txn_id}).fetchone()
        if row is None:
            return None
        paid_at = moment(row[0])
        begin = paid_at - self._within
        _, value = self._paid(begin, paid_at)
        times, before = self._paid(begin - _MONTHS * self._within, begin)
        if times < _SOME:
            return None
        about = f"payment:{account_id}:{txn_id}"
        return Happening(sign=Sign.PAYMENT_SHRUNK, about=about, at=paid_at, value=value, before=before / _MONTHS)

    def _paid(self, since: datetime, until: datetime) -> tuple[int, float]:
        """How often, and how much in units of the currency."""
        row = {
            "account_id": self._event.account_id,
            "since": moment_text(since),
            "until": moment_text(until),
        }
        times, cents = self._connection.execute(_SQL["paid_between"], row).fetchone()
        return int(times), int(cents) / 100.0

    def fact(self) -> Happening | None:
        payload, at = self._event.payload, self._event.at
        field, value = str(payload.get("field", "")), payload.get("value")
        if field in _ADDRESSES:
            return None if payload.get("first") else self.changes(f"contacts:{self._event.seq}")
        if field in ("occupation", "delay_reason") and str(value).strip().lower() in _NO_WORK:
            return Happening(sign=Sign.INCOME_LOST, about=f"income_lost:{_day(at)}", at=at)
        if field == "income_monthly":
            about = f"income:{value}:{_day(at)}"
            now, before = number(value), number(payload.get("before"))
            return Happening(sign=Sign.INCOME_FELL, about=about, at=at, value=now, before=before)
        return None

    def _window(self) -> dict[str, object]:
        return {
            "debtor_id": self._event.debtor_id,
            "seq": self._event.seq,
            "since": moment_text(self._event.at - self._within),
            "at": moment_text(self._event.at),
        }


def _day(at: datetime) -> str:
    return at.date().isoformat()


def number(value: EventValue) -> float | None:
    """A number as sources write it, such as `0.85`, `85%`, `12,800.00`; None: none."""
    if value is None or isinstance(value, bool | list):
        return None
    plain = str(value).strip().replace(",", "").replace("，", "")
    try:
        return float(plain[:-1]) / 100.0 if plain.endswith(("%", "％")) else float(plain)
    except ValueError:
        return None
