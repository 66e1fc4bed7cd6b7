"""People's orders not to call, and lifting them again; whole do-not-call lists; consents.

Rules
- An order about a number is about the line, whosever it is; `wrong_number` only says that it is not the debtor's. An
  order about an account is about its debtor. What a flag means besides is said in `concluding`.
- `do_not_call` and `refused` for a number that some debtor has as a contact's are for ever.
- Lifting ends flags at that moment, takes a number off the list, and opens what only they had closed. What happened
  before stays on record: every order and every lifting is a row of `stop_changes`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime

from dialer.account_events import EventKind
from dialer.errors import NoAccountError, StoreError
from dialer.facts import StopAdded
from dialer.store import leaving, suppressing, telling
from dialer.store.api import NumbersForbidden, StopsLifted
from dialer.store.columns import moment_text, moment_text_or_none
from dialer.store.concluding import OF_THE_LINE, Order, flag_debtor, forbid, leave_number
from dialer.store.statements import Statements
from dialer.types import AccountId, ContactRole, DebtorId, Number, PhoneId, StopFlag

_SQL = Statements("stops")
_WRITE_SQL = Statements("write")
ORDER = "order"
"""Source of what people said outside of a call."""
LIST = "list"
"""Source of what a whole do-not-call list says."""


def add_stop(
    connection: sqlite3.Connection,
    number_or_account: str,
    flag: str,
    *,
    by: str,
    at: datetime,
    note: str = "",
    until_at: datetime | None = None,
) -> StopAdded:
    """As `Store.add_stop`, inside a transaction that may write."""
    order = Order(flag=_known_flag(flag), by=by, at=moment_text(at), note=note, until_at=moment_text_or_none(until_at))
    if number_or_account.startswith("+"):
        return _stop_number(connection, _checked(number_or_account), order)
    return _stop_account(connection, number_or_account, order)


def _known_flag(flag: str) -> StopFlag:
    if flag not in set(StopFlag):
        raise StoreError(f"There is no stop flag `{flag}`. Give one of: {', '.join(StopFlag)}.")
    return StopFlag(flag)


def _checked(number: str) -> Number:
    if not (number[1:].isascii() and number[1:].isdigit() and 4 <= len(number) <= 16 and number[1] != "0"):
        raise StoreError(f"`{number}` is no number in E.164. Write it like +8613900000000.")
    return Number(number)


def _stop_number(connection: sqlite3.Connection, number: Number, order: Order) -> StopAdded:
    if order.until_at is not None:
        raise StoreError("A number is stopped for good or not at all; leave the date out, or name the account.")
    rows = connection.execute(_SQL["phones_of_number"], {"number": number}).fetchall()
    if order.flag is StopFlag.WRONG_NUMBER:
        connection.execute(_WRITE_SQL["mark_number_wrong"], {"number": number})
        connection.execute(_WRITE_SQL["flag_phones"], order.row(number=number))
    else:
        of_third_party = any(role == ContactRole.CONTACT for *_, role in rows)
        forbid(connection, number, order, lasting=of_third_party and order.flag in OF_THE_LINE)
    leave_number(connection, number, order.at)
    _note(connection, order, "stopped", number=number)
    _tell_of_number(connection, EventKind.STOP_ADDED, order.flag, rows, order.at, order.by)
    return StopAdded(phone_ids=frozenset(PhoneId(phone_id) for phone_id, *_ in rows), flag=order.flag)


def _stop_account(connection: sqlite3.Connection, account_no: str, order: Order) -> StopAdded:
    if order.flag is StopFlag.WRONG_NUMBER:
        raise StoreError("`wrong_number` is about one number: give the number instead of the account.")
    debtors = _debtors_of(connection, account_no, or_phone=True)
    for debtor_id in debtors:
        _stop_debtor(connection, debtor_id, order)
    return StopAdded(debtor_ids=frozenset(debtors), flag=order.flag)


def stop_debtor(
    connection: sqlite3.Connection,
    debtor_id: DebtorId,
    flag: StopFlag,
    *,
    account_id: AccountId,
    by: str,
    at: datetime,
    source: str,
    note: str = "",
    until_at: datetime | None = None,
) -> None:
    """Forbid calls to one debtor, as `add_stop` does by an account's number.

    Args:
        connection: in a transaction that may write.
        debtor_id: whom.
        flag: why; not `wrong_number`.
        account_id: of which account it was said.
        by: who says so.
        at: now, aware.
        source: where word of it came from.
        note: for the record.
        until_at: when it ends by itself; None: for good.
    """
    order = Order(flag=flag, by=by, at=moment_text(at), note=note, until_at=moment_text_or_none(until_at))
    _stop_debtor(connection, debtor_id, order, source=source, account_id=account_id)


def _stop_debtor(
    connection: sqlite3.Connection,
    debtor_id: DebtorId,
    order: Order,
    *,
    source: str = ORDER,
    account_id: AccountId | None = None,
) -> None:
    flag_debtor(connection, debtor_id, order, reason=order.note)
    _note(connection, order, "stopped", debtor_id=debtor_id)
    leaving.take_back(connection, debtor_id)
    telling.stop_changed(
        connection,
        EventKind.STOP_ADDED,
        order.flag,
        at=order.at,
        by=order.by,
        source=source,
        debtor_id=debtor_id,
        account_id=account_id,
        until_at=order.until_at,
    )


def _debtors_of(connection: sqlite3.Connection, account_no: str, *, or_phone: bool = False) -> list[DebtorId]:
    """The debtors of an account number, which two lenders may use for two.

    Args:
        connection: to the store.
        account_no: as a list had it.
        or_phone: a phone number might have been given instead, and the error says so.

    Raises:
        NoAccountError: there is no such account.
    """
    found = connection.execute(_WRITE_SQL["debtors_of_account"], {"account_no": account_no}).fetchall()
    if not found and or_phone:
        raise NoAccountError(
            account_no, "There is no account {asked}. Give a number like +86139..., or that of an account."
        )
    if not found:
        raise NoAccountError(account_no)
    return [DebtorId(debtor_id) for (debtor_id,) in found]


def _tell_of_number(
    connection: sqlite3.Connection,
    kind: EventKind,
    flag: str,
    rows: Iterable[tuple[int, int, str]],
    at: str,
    by: str,
    *,
    source: str = ORDER,
) -> None:
    """Every debtor who has the number is told of; a number that nobody has is no debtor's affair."""
    phones: dict[int, list[int]] = {}
    for phone_id, debtor_id, _ in rows:
        phones.setdefault(debtor_id, []).append(phone_id)
    for debtor_id, phone_ids in phones.items():
        telling.stop_changed(
            connection,
            kind,
            flag,
            at=at,
            by=by,
            source=source,
            debtor_id=debtor_id,
            of_debtor=False,
            phone_ids=phone_ids,
        )


def _note(
    connection: sqlite3.Connection, order: Order, change: str, *, number: str = "", debtor_id: int | None = None
) -> None:
    connection.execute(_SQL["note_change"], order.row(change=change, number=number, debtor_id=debtor_id))


def lift_stop(
    connection: sqlite3.Connection, number_or_account: str, flag: str, *, by: str, at: datetime, note: str
) -> StopsLifted:
    """As `Store.lift_stop`, inside a transaction that may write."""
    if flag:
        _known_flag(flag)
    if not note.strip():
        raise StoreError("Say why calls are allowed again; the reason is kept on record.")
    if number_or_account.startswith("+"):
        return _allow_number(connection, _checked(number_or_account), flag, by, moment_text(at), note)
    return _allow_account(connection, number_or_account, flag, by, moment_text(at), note)


def _allow_number(
    connection: sqlite3.Connection, number: Number, flag: str, by: str, at: str, note: str
) -> StopsLifted:
    wanted = {"number": number, "flag": flag, "at": at}
    listed = connection.execute(_SQL["forbidden_number"], wanted).fetchone()
    if listed is not None and listed[1]:
        raise StoreError("This line belongs to a third party who refused to be called. That is for ever.")
    lifted = connection.execute(_SQL["end_flags_of_number"], wanted).rowcount
    if flag in ("", StopFlag.WRONG_NUMBER):
        lifted += connection.execute(_SQL["number_is_theirs"], wanted).rowcount
    if flag in ("", listed[0] if listed else ""):
        lifted += connection.execute(_SQL["allow_number"], wanted).rowcount
        digest = suppressing.digest(suppressing.number_key(connection), number)
        lifted += connection.execute(_SQL["allow_digest"], {"digest": digest}).rowcount
    connection.execute(_SQL["reopen_with_number"], wanted)
    row = {"at": at, "by": by, "change": "allowed", "flag": flag, "number": number, "debtor_id": None, "note": note}
    connection.execute(_SQL["note_change"], row)
    rows = connection.execute(_SQL["phones_of_number"], wanted).fetchall()
    _tell_of_number(connection, EventKind.STOP_LIFTED, flag, rows, at, by)
    return StopsLifted(lifted=lifted)


def _allow_account(
    connection: sqlite3.Connection, account_no: str, flag: str, by: str, at: str, note: str
) -> StopsLifted:
    lifted = 0
    for debtor_id in _debtors_of(connection, account_no, or_phone=True):
        wanted = {"debtor_id": debtor_id, "flag": flag, "at": at}
        lifted += connection.execute(_SQL["end_flags_of_debtor"], wanted).rowcount
        connection.execute(_SQL["reopen_debtor"], wanted)
        connection.execute(_SQL["open_reopened"], wanted)
        row = {"by": by, "change": "allowed", "number": "", "note": note}
        connection.execute(_SQL["note_change"], wanted | row)
        telling.stop_changed(connection, EventKind.STOP_LIFTED, flag, at=at, by=by, source=ORDER, debtor_id=debtor_id)
    return StopsLifted(lifted=lifted)


def forbid_numbers(
    connection: sqlite3.Connection, numbers: Iterable[Number], *, source: str, by: str, at: datetime, hashed: bool
) -> NumbersForbidden:
    """As `SqliteStore.forbid_numbers`, inside a transaction that may write."""
    order = Order(flag=StopFlag.DO_NOT_CALL, by=by, at=moment_text(at), note=source)
    took = _suppressed(connection, numbers, order) if hashed else _forbidden(connection, numbers, order)
    total, added, known = 0, 0, 0
    for is_new, number in took:
        total, added = total + 1, added + is_new
        if number and (rows := connection.execute(_SQL["phones_of_number"], {"number": number}).fetchall()):
            known += 1
            leave_number(connection, number, order.at)
            if is_new:
                _tell_of_number(connection, EventKind.STOP_ADDED, order.flag, rows, order.at, by, source=LIST)
    if hashed:
        known = _mark_ours(connection, order)
    row = order.row(hashed=hashed, numbers=total, added=added, on_our_lists=known)
    connection.execute(_SQL["note_list"], row)
    return NumbersForbidden(total=total, added=added, on_our_lists=known)


def _forbidden(
    connection: sqlite3.Connection, numbers: Iterable[Number], order: Order
) -> Iterator[tuple[bool, Number]]:
    for number in numbers:
        is_new = connection.execute(_SQL["forbidden_number"], {"number": number}).fetchone() is None
        if is_new:
            forbid(connection, number, order)
        yield is_new, number


def _suppressed(connection: sqlite3.Connection, numbers: Iterable[Number], order: Order) -> Iterator[tuple[bool, str]]:
    key = suppressing.number_key(connection)
    for number in numbers:
        row = order.row(digest=suppressing.digest(key, number))
        yield connection.execute(_SQL["suppress"], row).rowcount > 0, ""


def _mark_ours(connection: sqlite3.Connection, order: Order) -> int:
    """Let accounts go on to other numbers where a number of theirs is held as a digest; returns how many numbers."""
    key, marked = suppressing.number_key(connection), 0
    for (number,) in connection.execute(_SQL["all_numbers"]).fetchall():
        wanted = {"number": number, "digest": suppressing.digest(key, number)}
        if connection.execute(_SQL["is_suppressed"], wanted).fetchone():
            is_new = connection.execute(_SQL["mark_suppressed"], wanted).rowcount > 0
            leave_number(connection, number, order.at)
            marked += 1
            if is_new:
                rows = connection.execute(_SQL["phones_of_number"], {"number": number}).fetchall()
                _tell_of_number(connection, EventKind.STOP_ADDED, order.flag, rows, order.at, order.by, source=LIST)
    return marked


def give_consent(
    connection: sqlite3.Connection, account_no: str, *, until_at: datetime, by: str, at: datetime, note: str
) -> None:
    """As `SqliteStore.give_consent`, inside a transaction that may write."""
    if until_at <= at:
        raise StoreError("The agreement would be over already; give a later day.")
    for debtor_id in _debtors_of(connection, account_no):
        row = {"debtor_id": debtor_id, "at": moment_text(at), "until_at": moment_text(until_at), "by": by, "note": note}
        connection.execute(_SQL["give_consent"], row)
        connection.execute(_SQL["note_change"], row | {"change": "consented", "flag": "", "number": ""})
        telling.consent_changed(
            connection, EventKind.CONSENT_GIVEN, debtor_id, at=at, by=by, source=ORDER, until_at=until_at
        )


def withdraw_consent(connection: sqlite3.Connection, account_no: str, *, by: str, at: datetime, note: str) -> int:
    """As `SqliteStore.withdraw_consent`, inside a transaction that may write."""
    withdrawn = 0
    for debtor_id in _debtors_of(connection, account_no):
        row = {"debtor_id": debtor_id, "at": moment_text(at), "by": by, "note": note}
        had = connection.execute(_SQL["withdraw_consent"], row).rowcount
        connection.execute(_SQL["note_change"], row | {"change": "withdrawn", "flag": "", "number": ""})
        if had:
            telling.consent_changed(connection, EventKind.CONSENT_WITHDRAWN, debtor_id, at=at, by=by, source=ORDER)
        withdrawn += had
    return withdrawn
