"""Excerpts of the log of decisions for somebody who must not see the rest, each with what proves it.

An excerpt holds its entries as they stand, and from the first of them to the end of the log the digest of every entry,
its own and all others'. A digest tells nothing, and with all of them every hash up to the head can be worked out again:
who has the head from elsewhere so knows that nothing of the excerpt was changed, and nothing was put in.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dialer.errors import NoAccountError
from dialer.masking import mask_account, mask_number
from dialer.store import suppressing
from dialer.store.audit import CONCLUDED, PLACED, debtor_subject, number_digest, number_subject
from dialer.store.chain import SQL, Fields, Head, digest, head, link
from dialer.store.columns import moment_text

FORMAT: Final = "dialer-audit-1"
METHOD: Final = (
    "digest = SHA-256(JSON array [seq, at, actor, role, action, subject, detail] in UTF-8 without white space, "
    "nothing escaped that need not be); hash = SHA-256(prev_hash + digest). From the first entry's prev_hash on, "
    "`digests` give every hash up to head."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry with what proves it."""

    fields: Fields
    prev_hash: bytes
    hash: bytes
    account_no: str = ""
    """As the store names the account now, masked unless wanted whole; not part of the proof."""
    number: str = ""
    """Likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Some entries, and what proves them."""

    entries: tuple[Entry, ...]
    head: Head
    digests: tuple[bytes, ...]
    """Of every entry from the first of the excerpt to the head."""


def of_number(connection: sqlite3.Connection, number: str, *, unmasked: bool = False) -> Excerpt:
    """What is on record of a number: the dials to it, the refusals, and orders never to call it."""
    digested = number_digest(suppressing.number_key(connection), number)
    debtors = connection.execute(SQL["debtors_of_number"], {"number": number}).fetchall()
    subjects = [number_subject(digested), *(debtor_subject(debtor_id) for (debtor_id,) in debtors)]
    about = list(_entries(connection, SQL["about"], {"subjects": json.dumps(subjects)}))
    mine = [(fields, said) for fields, said in about if said.get("number") == digested or fields.subject == subjects[0]]
    attempts = {str(said["attempt"]) for fields, said in mine if fields.action == PLACED}
    mine += [one for one in about if one[0].action == CONCLUDED and one[1].get("attempt") in attempts]
    return _excerpt(connection, {fields.seq for fields, _ in mine}, attempts, unmasked=unmasked)


def of_debtor(connection: sqlite3.Connection, wanted: str, *, unmasked: bool = False) -> Excerpt:
    """What is on record of a debtor, by the number of one of their accounts, or as `debtor:17`.

    Raises:
        StoreError: there is no such account.
    """
    about = list(_entries(connection, SQL["about"], {"subjects": json.dumps(_subjects(connection, wanted))}))
    attempts = {str(said["attempt"]) for fields, said in about if fields.action == PLACED}
    return _excerpt(connection, {fields.seq for fields, _ in about}, attempts, unmasked=unmasked)


def of_span(connection: sqlite3.Connection, since: datetime, until: datetime, *, unmasked: bool = False) -> Excerpt:
    """Everything from a moment on until before another one."""
    span = {"since": moment_text(since), "until": moment_text(until)}
    wanted = {fields.seq for fields, _ in _entries(connection, SQL["within"], span)}
    return _excerpt(connection, wanted, (), unmasked=unmasked)


def _subjects(connection: sqlite3.Connection, wanted: str) -> list[str]:
    kind, _, known = wanted.partition(":")
    if kind == "debtor" and known.isdigit():
        debtors = [int(known)]
    else:
        found = connection.execute(SQL["debtors_of_account"], {"account_no": wanted}).fetchall()
        debtors = [debtor_id for (debtor_id,) in found]
    if not debtors:
        raise NoAccountError(
            wanted, "There is no account {asked}. Give an account number, or debtor:17 by the store's own id."
        )
    key = suppressing.number_key(connection)
    subjects: list[str] = []
    for debtor_id in debtors:
        accounts = connection.execute(SQL["accounts_of_debtor"], {"debtor_id": debtor_id}).fetchall()
        numbers = connection.execute(SQL["numbers_of_debtor"], {"debtor_id": debtor_id}).fetchall()
        subjects.append(debtor_subject(debtor_id))
        subjects += [f"account:{account_id}" for (account_id,) in accounts]
        subjects += [number_subject(number_digest(key, number)) for (number,) in numbers]
    return subjects


def _entries(
    connection: sqlite3.Connection, statement: str, parameters: Mapping[str, object]
) -> Iterator[tuple[Fields, Mapping[str, object]]]:
    for *columns, _prev_hash, _hash in connection.execute(statement, dict(parameters)):
        fields = Fields(*columns)
        yield fields, said(fields.detail)


def said(detail: str) -> Mapping[str, object]:
    """A detail as values; empty when it is plain words."""
    try:
        value = json.loads(detail)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _excerpt(connection: sqlite3.Connection, wanted: set[int], attempts: Iterable[str], *, unmasked: bool) -> Excerpt:
    closings = json.dumps([f"attempt:{attempt_id}" for attempt_id in attempts])
    wanted |= {fields.seq for fields, _ in _entries(connection, SQL["about"], {"subjects": closings})}
    ends = head(connection)
    if not wanted:
        return Excerpt(entries=(), head=ends, digests=())
    first = min(wanted)
    (before,) = connection.execute(SQL["prev_hash"], {"seq": first}).fetchone()
    entries, digests, prev_hash = [], [], bytes(before)
    for row in connection.execute(SQL["since_entry"], {"seq": first}):
        fields = Fields(*row)
        digests.append(digest(fields))
        hashed = link(prev_hash, digests[-1])
        if fields.seq in wanted:
            account_no, number = _names(connection, said(fields.detail), unmasked=unmasked)
            entries.append(Entry(fields=fields, prev_hash=prev_hash, hash=hashed, account_no=account_no, number=number))
        prev_hash = hashed
    return Excerpt(entries=tuple(entries), head=ends, digests=tuple(digests))


def _names(connection: sqlite3.Connection, values: Mapping[str, object], *, unmasked: bool) -> tuple[str, str]:
    account = connection.execute(SQL["told_account"], {"account_id": values.get("account")}).fetchone()
    phone = connection.execute(SQL["told_phone"], {"phone_id": values.get("phone")}).fetchone()
    number = "" if phone is None else str(phone[0]) if unmasked else mask_number(phone[0])
    shown = "" if account is None else str(account[0])
    return shown if unmasked or not shown else mask_account(shown), number


# --- as documents --------------------------------------------------------------------------------------


def document(excerpt: Excerpt, *, about: str = "", at: datetime | None = None) -> dict[str, object]:
    """An excerpt as a JSON document that proves itself against its head.

    Args:
        excerpt: what was found.
        about: what was asked for, as it may be shown; not part of the proof.
        at: when it was made; not part of the proof.
    """
    return {
        "format": FORMAT,
        "about": about,
        "at": None if at is None else at.isoformat(),
        "method": METHOD,
        "head": {"seq": excerpt.head.seq, "hash": excerpt.head.hash.hex()},
        "entries": [
            {**one.fields._asdict(), "prev_hash": one.prev_hash.hex(), "hash": one.hash.hex(),
             "account_no": one.account_no, "number": one.number}
            for one in excerpt.entries
        ],
        "digests": [one.hex() for one in excerpt.digests],
    }  # fmt: skip


def rows(excerpt: Excerpt) -> Iterator[dict[str, str | int]]:
    """The entries as rows for a table."""
    for one in excerpt.entries:
        proof = {"prev_hash": one.prev_hash.hex(), "hash": one.hash.hex()}
        yield {**one.fields._asdict(), "account_no": one.account_no, "number": one.number, **proof}


def proof_rows(excerpt: Excerpt) -> Iterator[dict[str, str | int]]:
    """The chain from the first entry of an excerpt to the head as rows for a table."""
    if not excerpt.entries:
        return
    prev_hash, first = excerpt.entries[0].prev_hash, excerpt.entries[0].fields.seq
    for seq, one in enumerate(excerpt.digests, start=first):
        hashed = link(prev_hash, one)
        yield {"seq": seq, "prev_hash": prev_hash.hex(), "digest": one.hex(), "hash": hashed.hex()}
        prev_hash = hashed


def wrong_entry(told: Mapping[str, object]) -> int | None:
    """The first entry of a document that its chain does not prove.

    Args:
        told: as `document` makes it, read again.

    Returns:
        The entry; 0: the chain does not end at the document's head; None: all is proved.

    Raises:
        ValueError: it is no such document.
    """
    try:
        return _wrong_entry(told)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("it is no excerpt of an audit log") from error


def _wrong_entry(told: Mapping[str, object]) -> int | None:
    entries, digests, ends = told["entries"], told["digests"], told["head"]
    if told["format"] != FORMAT or not isinstance(entries, list) or not isinstance(digests, list):
        raise ValueError("it is no excerpt of an audit log that this program knows")
    if not entries:
        return None
    assert isinstance(ends, dict)
    hashes = _hashes(bytes.fromhex(entries[0]["prev_hash"]), digests)
    first = entries[0]["seq"]
    for one in entries:
        spot = one["seq"] - first
        proved = (
            0 <= spot < len(digests) and digest(Fields(*(one[name] for name in Fields._fields))).hex() == digests[spot]
        )
        if not proved or one["hash"] != hashes[spot + 1].hex() or one["prev_hash"] != hashes[spot].hex():
            return int(one["seq"])
    return None if (hashes[-1].hex(), first + len(digests) - 1) == (ends["hash"], ends["seq"]) else 0


def _hashes(prev_hash: bytes, digests: Sequence[str]) -> list[bytes]:
    hashes = [prev_hash]
    for one in digests:
        hashes.append(link(hashes[-1], bytes.fromhex(one)))
    return hashes
