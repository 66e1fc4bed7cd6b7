"""The order of dialling out of the store: what calls taught, what a dial to each account is worth, the head of a list.

    learned = Learned.fresh(settings)
    while learn(connection, learned, at):      # some thousands of calls at a time
        ...
    refresh(store, learned, at)                # the worth of every account, in short transactions

Calls that say nothing of a debtor (our own faults, a trunk's, the network's) are not learned from. A dial counts under
the weekday and hour that it was where the number is; of several candidate zones the first.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from dialer.account_events import AccountEvent, EventKind
from dialer.compliance.hours import zones_of
from dialer.loans.buckets import bucket_of
from dialer.ordering.appraisal import Appraisal, appraise
from dialer.ordering.beliefs import OrderingSettings
from dialer.ordering.cells import cell_at
from dialer.ordering.contact import ContactModel, NumberTraits
from dialer.ordering.worth import Owed, RecoveryModel
from dialer.store.columns import amount, cents, moment, moment_text
from dialer.store.happened import note
from dialer.store.sqlite import SqliteStore
from dialer.store.statements import Statements
from dialer.types import AccountId, ContactRole, DebtorId, Outcome

CALLS_AT_ONCE: Final = 5_000
ACCOUNTS_AT_ONCE: Final = 1_000
"""In one transaction: the engine's writes wait no longer than it takes."""
REMEMBERED: Final = 3
"""Half-lives after which a call is not read any more."""
TELLS_NOTHING: Final = frozenset(
    {Outcome.CONGESTION, Outcome.TRUNK_FAILED, Outcome.CANCELLED, Outcome.ENGINE_ERROR, Outcome.UNKNOWN}
)
ANSWERED: Final = frozenset({Outcome.BRIDGED, Outcome.ABANDONED, Outcome.EARLY_HANGUP})
GAVE_WAY: Final = (
    "原号码久拨不应，换下一个号码 · the number before is never answered and gives way to the debtor's next"
)

_SQL: Final = Statements("ordering")


@dataclass(slots=True, kw_only=True)
class Learned:
    """What was learned so far, and up to which call."""

    settings: OrderingSettings
    zone: tzinfo
    """Of numbers whose own is not known."""
    contact: ContactModel
    recovery: RecoveryModel
    until: tuple[str, str] = ("", "")
    """The last call that was learned from: when it was over, and which."""
    calls: int = 0

    @classmethod
    def fresh(cls, settings: OrderingSettings, zone: tzinfo) -> Learned:
        """Begin with what is believed."""
        return cls(
            settings=settings,
            zone=zone,
            contact=ContactModel(settings.contact),
            recovery=RecoveryModel(settings.recovery),
        )


def learn(connection: sqlite3.Connection, learned: Learned, at: datetime, *, limit: int = CALLS_AT_ONCE) -> int:
    """Learn from the next calls that are over.

    Args:
        connection: reading.
        learned: changed in place.
        at: now, aware.
        limit: at most so many.

    Returns:
        How many were read; fewer than the limit: there are no more.
    """
    oldest = at - timedelta(days=REMEMBERED * learned.settings.contact.group_half_life_days)
    since, attempt_id = max(learned.until, (moment_text(oldest), ""))
    wanted = {"since": since, "attempt_id": attempt_id, "limit": limit}
    rows = connection.execute(_SQL["calls_over"], wanted).fetchall()
    for disposed_at, attempt, began, phone_id, outcome, role, zone, region, days, told, right in rows:
        learned.until = disposed_at, attempt
        if Outcome(outcome) in TELLS_NOTHING:
            continue
        began_at = moment(began)
        learned.contact.observe(
            NumberTraits(key=phone_id, role=ContactRole(role), region=region, segment=bucket_of(days)),
            cell_at(began_at.astimezone(zone_of(zone, learned.zone))),
            began_at,
            answered=outcome in ANSWERED,
            right_party=bool(right) if told else None,
        )
        learned.calls += 1
    return len(rows)


def learn_recovery(connection: sqlite3.Connection, learned: Learned, at: datetime) -> None:
    """Learn anew what those who were reached paid; reads them all."""
    settings = learned.settings
    wanted = {
        "since": moment_text(at - timedelta(days=REMEMBERED * settings.contact.group_half_life_days)),
        "before": moment_text(at - timedelta(days=settings.window_days)),
        "window": f"+{settings.window_days} days",
    }
    model = RecoveryModel(settings.recovery)
    for days, due, risk, broken, paid in connection.execute(_SQL["reached"], wanted):
        owed = Owed(amount_due=amount(due), bucket=bucket_of(days), grade=risk, broken_promises=broken)
        model.observe(owed, amount(paid))
    learned.recovery = model


def zone_of(zone: str, otherwise: tzinfo) -> tzinfo:
    """The zone of a number: the first candidate, or the dialer's where none is known."""
    return next(iter(zones_of(zone)), otherwise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An account as far as the order goes, with the numbers of its debtor that may be dialled."""

    account_id: AccountId
    debtor_id: DebtorId
    owed: Owed
    phone_id: int
    """The one whose turn it is."""
    worth_cents: int
    callback: bool
    numbers: tuple[NumberTraits, ...]
    zones: tuple[str, ...]

    @property
    def current(self) -> int:
        """The index of the number whose turn it is."""
        return next(index for index, number in enumerate(self.numbers) if number.key == self.phone_id)

    def appraised(self, learned: Learned, at: datetime) -> Appraisal:
        """What a dial is worth now, and to which number."""
        zone = zone_of(self.zones[self.current], learned.zone)
        return appraise(
            learned.contact,
            learned.recovery,
            learned.settings,
            owed=self.owed,
            numbers=self.numbers,
            cell=cell_at(at.astimezone(zone)),
            at=at,
            current=self.current,
        )


def _with_numbers(connection: sqlite3.Connection, rows: Sequence[tuple[int, ...]]) -> tuple[Standing, ...]:
    if not rows:
        return ()
    ids = [row[0] for row in rows]
    span = {"first": min(ids), "last": max(ids)}
    phones: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for debtor_id, phone_id, role, zone in connection.execute(_SQL["phones"], span):
        phones[debtor_id].append((phone_id, role, zone))
    broken = dict(connection.execute(_SQL["broken"], span).fetchall())
    found = (_standing(row, phones[row[1]], broken.get(row[0], 0)) for row in rows)
    return tuple([one for one in found if one is not None])


def _standing(row: tuple[int, ...], phones: list[tuple[int, str, str]], broken: int) -> Standing | None:
    """None: its number may not be dialled; somebody else will move it on."""
    account_id, debtor_id, due, days, risk, region, phone_id, worth_cents, callback = row
    usable = [one for one in phones if one[0] == phone_id]
    if usable and usable[0][1] == ContactRole.DEBTOR:  # a third party's turn is the rules' affair
        usable = [one for one in phones if one[1] == ContactRole.DEBTOR]
    if not usable:
        return None
    bucket = bucket_of(days)
    return Standing(
        account_id=AccountId(account_id),
        debtor_id=DebtorId(debtor_id),
        owed=Owed(amount_due=amount(due), bucket=bucket, grade=str(risk), broken_promises=broken),
        phone_id=phone_id,
        worth_cents=worth_cents,
        callback=bool(callback),
        numbers=tuple(
            [
                NumberTraits(key=key, role=ContactRole(role), region=str(region), segment=bucket)
                for key, role, _ in usable
            ]
        ),
        zones=tuple([zone for *_, zone in usable]),
    )


@dataclass(slots=True, kw_only=True)
class Refreshed:
    """What a refresh did."""

    accounts: int = 0
    """Looked at."""
    changed: int = 0
    """Stand elsewhere in the order now."""
    moved: int = 0
    """Go on with another number, because the one before is never answered."""
    last: int = 0
    """The last account that was looked at; 0: all were."""


def refresh(
    store: SqliteStore,
    learned: Learned,
    at: datetime,
    *,
    after: int = 0,
    most: int | None = None,
    list_name: str = "",
    progress: Callable[[int], None] = lambda _: None,
) -> Refreshed:
    """Work out anew what a dial to each account is worth, and let numbers that are never answered give way.

    Args:
        store: open.
        learned: what is known.
        at: now, aware.
        after: begin after this account.
        most: at most so many accounts; None: to the end.
        list_name: only of this list; empty: of all.
        progress: is told now and then how many are done.
    """
    done = Refreshed(last=after)
    with store.reading() as database:
        (until,) = database.conn.execute(_SQL["last_account"]).fetchone()
    while most is None or done.accounts < most:
        limit = ACCOUNTS_AT_ONCE if most is None else min(ACCOUNTS_AT_ONCE, most - done.accounts)
        wanted = {"after": done.last, "until": until, "limit": limit, "list_name": list_name}
        with store.reading() as database:
            rows = database.conn.execute(_SQL["accounts"], wanted).fetchall()
            some = _with_numbers(database.conn, rows)
        changes = [(one, found) for one in some if _differs(one, found := one.appraised(learned, at))]
        if changes:
            with store.writing() as connection:
                for one, found in changes:
                    _save(connection, one, found, at, done)
        done.accounts += len(rows)
        progress(done.accounts)
        if len(rows) < limit:
            done.last = 0
            break
        done.last = rows[-1][0]
    return done


def rounded(worth_cents: int) -> int:
    """Two digits of a worth: who is worth as good as the same keeps the order that they had, and is not written."""
    scale = int(10 ** max(0, len(str(worth_cents)) - 2))
    return round(worth_cents / scale) * scale


def _differs(one: Standing, found: Appraisal) -> bool:
    return rounded(cents(found.worth.per_minute)) != one.worth_cents or (found.chosen.gave_way and not one.callback)


def _save(connection: sqlite3.Connection, one: Standing, found: Appraisal, at: datetime, done: Refreshed) -> None:
    worth_cents = rounded(cents(found.worth.per_minute))
    written = connection.execute(_SQL["set_worth"], {"account_id": one.account_id, "worth_cents": worth_cents})
    done.changed += written.rowcount
    if not found.chosen.gave_way or one.callback:
        return
    phone_id = found.chosen.best.number.key
    wanted = {"account_id": one.account_id, "phone_id": phone_id, "was": one.phone_id, "reason": GAVE_WAY}
    if connection.execute(_SQL["give_way"], wanted).rowcount:
        done.moved += 1
        event = AccountEvent(
            kind=EventKind.NUMBER_CHANGED,
            at=at,
            debtor_id=one.debtor_id,
            account_id=one.account_id,
            actor="ordering",
            source="engine",
            payload={"from_phone": one.phone_id, "to_phone": int(str(phone_id)), "reason": "never_answered"},
        )
        note(connection, event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """An account near the head of a list."""

    account_no: str
    debtor_name: str
    days_past_due: int
    priority: int
    standing: Standing | None
    """None: its number may not be dialled."""
    worth_cents: int
    """As it was worked out last: what the order goes by."""
    callback: bool
    phones: dict[int, str]
    """Phone -> number."""


def head(connection: sqlite3.Connection, list_name: str, limit: int) -> tuple[Queued, ...]:
    """The first accounts of a list, in the order of dialling."""
    rows = connection.execute(_SQL["head"], {"list_name": list_name, "limit": limit}).fetchall()
    return tuple(_queued(connection, row) for row in rows)


def _queued(connection: sqlite3.Connection, row: tuple[int, ...]) -> Queued:
    account_id, account_no, name, debtor_id, due, days, risk, region, phone_id, worth, callback, priority = row
    narrow = (account_id, debtor_id, due, days, risk, region, phone_id, worth, callback)
    standing = next(iter(_with_numbers(connection, [narrow])), None)
    return Queued(
        account_no=str(account_no),
        debtor_name=str(name),
        days_past_due=days,
        priority=priority,
        standing=standing,
        worth_cents=worth,
        callback=bool(callback),
        phones=dict(connection.execute(_SQL["numbers_of"], {"debtor_id": debtor_id}).fetchall()),
    )


def list_names(connection: sqlite3.Connection) -> Iterator[str]:
    """The lists there are."""
    for (name,) in connection.execute(_SQL["list_names"]):
        yield name
