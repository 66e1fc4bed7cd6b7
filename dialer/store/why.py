"""What the store knows of an account that bears on whether it may be dialled. These functions only read."""

from __future__ import annotations

import difflib
import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from dialer.calling_rules import CallingRules
from dialer.compliance import limits
from dialer.leads import Lead
from dialer.promises.terms import LIVE, PromiseStatus
from dialer.store import promised
from dialer.store.columns import moment, moment_or_none, moment_text
from dialer.store.leasing import read_lead
from dialer.store.promised import KnownPromise
from dialer.store.statements import Statements

_SQL = Statements("why")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownStop:
    """A flag, or an entry of the do-not-call list."""

    flag: str
    at: datetime
    by: str
    until_at: datetime | None = None
    phone_id: int | None = None
    """It is about this number only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPhone:
    """A number of the debtor."""

    phone_id: int
    number: str
    state: str
    role: str
    zone: str
    forbidden: KnownStop | None
    """It is on the do-not-call list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCall:
    """One attempt: what was counted before it, what became of it, what was decided then."""

    attempt_id: str
    at: datetime
    campaign: str
    number: str
    rules: tuple[str, ...]
    """What the permit had checked, counters included."""
    outcome: str
    """Empty: it is not over."""
    agent_id: str
    talk_s: float | None
    code: str
    decided_by: str
    next_kind: str
    next_at: datetime | None
    next_rule: str
    next_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRefusal:
    """One no of the gate."""

    at: datetime
    campaign: str
    number: str
    rule: str
    reason: str
    until_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A lease: whose, and until when."""

    by: str
    until_at: datetime
    account_no: str = ""
    """Of the account that is leased, when it is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDesk:
    """Somebody works on the debtor."""

    holder: str
    since: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAccount:
    """An account with all that bears on it."""

    account_id: int
    account_no: str
    client: str
    list_name: str
    debtor_id: int
    debtor_name: str
    state: str
    next_at: datetime | None
    next_phone_id: int | None
    next_rule: str
    next_reason: str
    callback_agent: str
    team: str
    imported_at: datetime | None
    lease: Held | None
    leased_elsewhere: Held | None
    """Another account of the same person or number is leased."""
    in_air: tuple[str, datetime] | None
    """The debtor or the number is in a call: the attempt and when it was placed."""
    phones: tuple[KnownPhone, ...]
    stops: tuple[KnownStop, ...]
    calls: tuple[KnownCall, ...]
    refusals: tuple[KnownRefusal, ...]
    promises: tuple[KnownPromise, ...] = ()
    """Of this account, oldest first."""
    reminders: tuple[datetime, ...] = ()
    """Dials that reminded of the live one."""
    desk: KnownDesk | None = None

    @property
    def live_promise(self) -> KnownPromise | None:
        """The one that keeps the account off the dialer, if there is one."""
        return next((one for one in self.promises if one.status in LIVE or one.status is PromiseStatus.PROPOSED), None)

    def phone(self, phone_id: int | None) -> KnownPhone | None:
        """One of the numbers."""
        return next((phone for phone in self.phones if phone.phone_id == phone_id), None)


def find(connection: sqlite3.Connection, asked: str) -> list[tuple[int, int | None]]:
    """The accounts of a number (E.164), or of an account number: ids, each with the phone that was asked for."""
    statement = "accounts_by_number" if asked.startswith("+") else "accounts_by_no"
    return [(account_id, phone_id) for account_id, phone_id in connection.execute(_SQL[statement], {"asked": asked})]


def similar(connection: sqlite3.Connection, asked: str, *, most: int = 3) -> list[str]:
    """Account numbers that are much like one that does not exist."""
    half = max(2, len(asked) // 2)
    parts = {"begin": _plain(asked[:half]) + "%", "end": "%" + _plain(asked[-half:])}
    known = [account_no for (account_no,) in connection.execute(_SQL["similar_accounts"], parts)]
    return difflib.get_close_matches(asked, known, n=most, cutoff=0.7)


def _plain(text: str) -> str:
    return "".join("\\" + letter if letter in "\\%_" else letter for letter in text)


def known_account(
    connection: sqlite3.Connection, account_id: int, at: datetime, *, phone_id: int | None = None
) -> KnownAccount:
    """All that bears on an account.

    Args:
        connection: in a transaction.
        account_id: which; it exists.
        at: now, aware.
        phone_id: the number that is asked about; None: the account's next one.
    """
    row = connection.execute(_SQL["account"], {"account_id": account_id}).fetchone()
    account_no, client, list_name, debtor_id, name, state, next_at, next_phone_id, *rest = row
    next_rule, next_reason, agent, team, leased_by, leased_until = rest
    phones = _phones(connection, debtor_id)
    number = next((one.number for one in phones if one.phone_id == (phone_id or next_phone_id)), "")
    wanted: dict[str, object] = {
        "account_id": account_id,
        "debtor_id": debtor_id,
        "number": number,
        "at": moment_text(at),
    }
    promises = promised.of_account(connection, account_id)
    flying = connection.execute(_SQL["calls_in_air"], wanted).fetchone()
    elsewhere = connection.execute(_SQL["leased_elsewhere"], wanted).fetchone()
    (imported_at,) = connection.execute(_SQL["imported"], wanted).fetchone()
    is_held = leased_by is not None and (leased_until > moment_text(at) or flying is not None)
    return KnownAccount(
        account_id=account_id,
        account_no=account_no,
        client=client,
        list_name=list_name,
        debtor_id=debtor_id,
        debtor_name=name,
        state=state,
        next_at=moment_or_none(next_at),
        next_phone_id=next_phone_id,
        next_rule=next_rule,
        next_reason=next_reason,
        callback_agent=agent or "",
        team=team,
        imported_at=moment_or_none(imported_at),
        lease=Held(by=leased_by, until_at=moment(leased_until)) if is_held else None,
        leased_elsewhere=_elsewhere(elsewhere),
        in_air=None if flying is None else (flying[0], moment(flying[1])),
        phones=phones,
        stops=tuple(
            KnownStop(flag=flag, at=moment(set_at), until_at=moment_or_none(until), by=by, phone_id=of_phone)
            for flag, set_at, until, by, of_phone in connection.execute(_SQL["stops"], wanted)
        ),
        calls=tuple(_call(*row) for row in connection.execute(_SQL["calls"], wanted)),
        refusals=tuple(_refusal(*row) for row in connection.execute(_SQL["refusals"], wanted)),
        promises=promises,
        reminders=tuple(
            one.at
            for each in promises
            if each.status in LIVE
            for one in promised.reminders_of(connection, each.promise_id)
        ),
        desk=_desk(connection, wanted),
    )


def _reminders(connection: sqlite3.Connection, promises: tuple[KnownPromise, ...]) -> tuple[datetime, ...]:
    live = [one.promise_id for one in promises if one.status in LIVE]
    return tuple(one.at for promise_id in live for one in promised.reminders_of(connection, promise_id))


def _desk(connection: sqlite3.Connection, wanted: dict[str, object]) -> KnownDesk | None:
    row = connection.execute(_SQL["desk"], wanted).fetchone()
    return None if row is None else KnownDesk(holder=row[0], since=moment(row[1]), until_at=moment(row[2]))


def lead_at(
    connection: sqlite3.Connection, account_id: int, at: datetime, phone_id: int | None, rules: CallingRules
) -> Lead:
    """The account as a lease would hand it out at a moment, which may lie ahead."""
    return read_lead(
        connection,
        account_id,
        at=at,
        midnights={},
        phone_id=phone_id,
        effective_talk_s=rules.effective_talk_s,
        look_back=limits.look_back(rules),
    )


def _elsewhere(row: tuple[str, str, str] | None) -> Held | None:
    return None if row is None else Held(account_no=row[0], by=row[1], until_at=moment(row[2]))


def _phones(connection: sqlite3.Connection, debtor_id: int) -> tuple[KnownPhone, ...]:
    return tuple(
        KnownPhone(
            phone_id=phone_id,
            number=number,
            state=state,
            role=role,
            zone=zone,
            forbidden=None if flag is None else KnownStop(flag=flag, at=moment(at), by=by, phone_id=phone_id),
        )
        for phone_id, number, state, role, zone, flag, at, by in connection.execute(
            _SQL["phones"], {"debtor_id": debtor_id}
        )
    )


def _call(
    attempt_id: str,
    at: str,
    campaign: str,
    number: str,
    permit_rules: str,
    outcome: str | None,
    agent_id: str | None,
    talk_s: float | None,
    code: str | None,
    decided_by: str | None,
    next_kind: str | None,
    next_at: str | None,
    next_rule: str | None,
    next_reason: str | None,
) -> KnownCall:
    return KnownCall(
        attempt_id=attempt_id,
        at=moment(at),
        campaign=campaign,
        number=number,
        rules=tuple(str(rule) for rule in json.loads(permit_rules)),
        outcome=outcome or "",
        agent_id=agent_id or "",
        talk_s=talk_s,
        code=code or "",
        decided_by=decided_by or "",
        next_kind=next_kind or "",
        next_at=moment_or_none(next_at),
        next_rule=next_rule or "",
        next_reason=next_reason or "",
    )


def _refusal(at: str, campaign: str, number: str, rule: str, reason: str, until_at: str | None) -> KnownRefusal:
    until = moment_or_none(until_at)
    return KnownRefusal(at=moment(at), campaign=campaign, number=number, rule=rule, reason=reason, until_at=until)
