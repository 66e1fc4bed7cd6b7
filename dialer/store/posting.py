"""Taking what is told from outside: one posting, one transaction, and the same one again changes nothing.

    payment, reversal                     booked by `paying`; promises are judged at once
    refusal, complaint, dispute, stop     a stop flag of the debtor; of a refusal with a number, of that line
    promise                               made, or proposed when it needs approval
    fact                                  written down by its source, weighed by `knowing`
    risk, note                            an event, for early warning and for people

What stops calls takes a lease that is not dialled back in the same transaction, so that a call which is being prepared
cannot be committed, in whichever process.
"""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from dialer.account_events import AccountEvent, EventKind, EventValue
from dialer.errors import PostingError
from dialer.known_facts import Fact, Source
from dialer.loans.rules import LoanRules
from dialer.masking import mask_text
from dialer.postings import STOPS, Posting, PostKind
from dialer.store import happened, knowing, paying, promised, promising, stopping
from dialer.store.columns import moment_text
from dialer.store.statements import Statements
from dialer.types import AccountId, AgentId, DebtorId, StopFlag

_SQL = Statements("posting")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """Who tells, when, and by which rules it is taken."""

    source: str
    """cli, or `webhook:NAME`."""
    by: str
    at: datetime
    """Now, aware."""
    rules: LoanRules
    """For payments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What became of a posting."""

    duplicate: bool
    """It was known by its key: nothing was changed."""
    events: tuple[tuple[int, EventKind], ...]
    """What it caused, in order; of a duplicate: nothing."""

    @property
    def seq(self) -> int | None:
        """The place of the first event."""
        return self.events[0][0] if self.events else None


def post(connection: sqlite3.Connection, told: Posting, poster: Poster) -> Posted:
    """Take one.

    Args:
        connection: in a transaction that may write.
        told: what.
        poster: who, and when.

    Raises:
        StoreError: there is no such account, or what is told contradicts what is known.
        PostingError: the same key told something else before.
    """
    if told.key and _is_known(connection, told, poster):
        return Posted(duplicate=True, events=())
    before = happened.last(connection)
    account_id = promised.account_of(connection, told.account, told.client)
    _take(connection, told, poster, account_id)
    new = happened.after(connection, before, limit=1000)
    posted = Posted(duplicate=False, events=tuple((event.seq, event.kind) for event in new))
    if told.key:
        connection.execute(_SQL["set_seq"], {"key": _key(told, poster), "seq": posted.seq})
    return posted


def _is_known(connection: sqlite3.Connection, told: Posting, poster: Poster) -> bool:
    digest = sha256(repr(sorted(asdict(told).items(), key=lambda item: item[0])).encode()).hexdigest()
    row = {"key": _key(told, poster), "at": moment_text(poster.at), "kind": told.kind, "digest": digest}
    if connection.execute(_SQL["receive"], row).rowcount:
        return False
    (known,) = connection.execute(_SQL["digest"], row).fetchone()
    if known != digest:
        raise PostingError(f"The key {told.key} was used before for something else; give this one a key of its own.")
    return True


def _key(told: Posting, poster: Poster) -> str:
    return f"{poster.source}:{told.key}"


def _take(connection: sqlite3.Connection, told: Posting, poster: Poster, account_id: AccountId) -> None:
    debtor_id = _debtor(connection, account_id)
    happened_at = min(told.at or poster.at, poster.at)
    match told.kind:
        case PostKind.PAYMENT:
            assert told.amount is not None
            paying.receive(
                connection,
                account_id=account_id,
                txn_id=told.txn_id,
                amount=told.amount.quantize(_CENT),
                paid_at=happened_at,
                at=poster.at,
                rules=poster.rules,
                channel=told.channel,
                source=poster.source,
                actor=poster.by,
            )
        case PostKind.REVERSAL:
            paying.reverse(
                connection,
                account_id=account_id,
                txn_id=told.txn_id,
                at=poster.at,
                rules=poster.rules,
                reversal_txn_id=told.key,
                source=poster.source,
                actor=poster.by,
            )
        case PostKind.REFUSAL | PostKind.COMPLAINT | PostKind.DISPUTE | PostKind.STOP:
            _stop(connection, told, poster, account_id, debtor_id)
        case PostKind.PROMISE:
            _promise(connection, told, poster, account_id, happened_at)
        case PostKind.FACT:
            _fact(connection, told, poster, account_id, debtor_id, happened_at)
        case PostKind.RISK:
            payload: dict[str, EventValue] = {"sign": told.sign, **told.details}
            _note(connection, EventKind.RISK_REPORTED, told, poster, account_id, debtor_id, payload)
        case PostKind.NOTE:
            text: dict[str, EventValue] = {"text": mask_text(told.note)}
            _note(connection, EventKind.NOTE_ADDED, told, poster, account_id, debtor_id, text)


def _stop(
    connection: sqlite3.Connection, told: Posting, poster: Poster, account_id: AccountId, debtor_id: DebtorId
) -> None:
    flag = STOPS.get(told.kind) or told.flag or StopFlag.REFUSED
    if told.number is not None:
        stopping.add_stop(connection, told.number, flag, by=poster.by, at=poster.at, note=told.note)
        return
    stopping.stop_debtor(
        connection,
        debtor_id,
        flag,
        account_id=account_id,
        by=poster.by,
        at=poster.at,
        source=poster.source,
        note=told.note,
        until_at=told.until_at,
    )


def _promise(
    connection: sqlite3.Connection, told: Posting, poster: Poster, account_id: AccountId, at: datetime
) -> None:
    assert told.amount is not None
    assert told.due_on is not None
    new = promising.NewPromise(
        account_id=account_id,
        amount=told.amount,
        due_on=told.due_on,
        at=at,
        by=poster.by,
        source=poster.source,
        channel=told.channel or "message",
        agent_id=AgentId(told.agent) if told.agent else None,
        note=told.note,
    )
    promising.make(connection, new)


def _fact(
    connection: sqlite3.Connection,
    told: Posting,
    poster: Poster,
    account_id: AccountId,
    debtor_id: DebtorId,
    at: datetime,
) -> None:
    source = Source.AGENT if told.agent else Source.EVENT
    said_by = told.agent or poster.by
    if told.fact in set(Fact):
        knowing.note_fact(connection, debtor_id, told.fact, told.value, source, at, said_by=said_by)
    else:
        knowing.note_account_fact(connection, account_id, told.fact, told.value, source, at, said_by=said_by)


def _note(
    connection: sqlite3.Connection,
    kind: EventKind,
    told: Posting,
    poster: Poster,
    account_id: AccountId,
    debtor_id: DebtorId,
    payload: dict[str, EventValue],
) -> None:
    event = AccountEvent(
        kind=kind,
        at=min(told.at or poster.at, poster.at),
        debtor_id=debtor_id,
        account_id=account_id,
        actor=told.agent or poster.by,
        source=poster.source,
        payload=payload,
        event_key=_key(told, poster) if told.key else "",
    )
    happened.note(connection, event)


def _debtor(connection: sqlite3.Connection, account_id: AccountId) -> DebtorId:
    (debtor_id,) = connection.execute(_SQL["debtor"], {"account_id": account_id}).fetchone()
    return DebtorId(debtor_id)
