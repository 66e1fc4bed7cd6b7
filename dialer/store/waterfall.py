"""Counting a list from all its accounts down to those that may be dialled now.

SQL says where each account stands, the way a lease looks at it. The gate is asked about what a lease would give, and
about what waits because a rule said so; for accounts of which nothing is known but the zone, once for all that are
alike, and for those with dials that may count after reading these for a thousand at a time.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Final, NamedTuple

from dialer.calling_rules import CallingRules, Limit, LocalDays, Rolling
from dialer.campaigns import assignment
from dialer.compliance import gate, hours, limits
from dialer.effects import Permit
from dialer.leads import Lead, Touch
from dialer.settings import AgentSettings, CampaignSettings
from dialer.store.columns import amount, moment, moment_or_none, moment_text
from dialer.store.leasing import local_midnight, read_lead
from dialer.store.statements import Statements
from dialer.store.touches import Dial, conversations_of_many, dials_of_many, touch
from dialer.types import AccountId, ContactRole, DebtorId, Number, PhoneId
from dialer.waterfall import BEHIND, DAY, GAP, GATE, LIMIT, NO_AGENT, REST, Step, Waterfall

_SQL = Statements("why")

READY: Final = "ready"
WAITING: Final = "waiting"
_CLOCK_CHANGE: Final = timedelta(hours=2)
_CALL: Final = timedelta(hours=1)
"""A plan counts gaps from the end of a call, the gate from its beginning."""
_ORDER: Final = (
    *("closed", "never:", "hold", "promise", "payment", WAITING, "leased", "in_air", "team", "no_number", "stop:"),
    "desk",
)
"""Of the steps that SQL tells."""
_AT_ONCE: Final = 1_000
_HISTORY: Final = ("attempts", "number_attempts_today", "debtor_attempts_today", "conversations_today", "other_numbers")
"""Facts of routes that a row does not tell."""
_STATIC: Final = ("days_past_due", "amount_due", "risk", "region", "language", "product", "team")
"""Those that it does."""


class _Row(NamedTuple):
    """A row of `listed_accounts`."""

    step: str
    next_at: str | None
    account_id: int
    debtor_id: int
    number: str | None
    zone: str
    role: str
    team: str
    days_past_due: int
    amount_due_cents: int
    risk: str
    region: str
    language: str
    product: str
    skill: str
    level: int
    debtor_last_at: str
    """The last dial to the debtor; empty: none."""
    number_last_at: str
    special: int
    """The gate must see more than dials: a flag, a consent, a third party."""
    moved: int
    """A rule has set the moment for which it waits."""


class _Alike(NamedTuple):
    """The gate's answer for all of a zone and a prefix who were not called lately."""

    refusal: gate.Refusal | None
    until: str
    """As rows tell moments; later than all when time does not end it."""
    since: str
    """Earlier dials do not count any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cuts:
    """Moments, as rows tell them, between which it does not matter to any limit when a dial was."""

    midnight_at: datetime
    """When today began."""
    since: datetime
    """Earlier dials do not count any more."""
    days: tuple[str, ...]
    """When each local day began, in every candidate zone."""
    windows: tuple[str, ...]
    """Later dials are inside a window of seconds."""

    def is_rolling(self, dial: Dial) -> bool:
        """Inside a window of seconds."""
        return bool(self.windows) and dial[0] > self.windows[0]

    def kind(self, dial: Dial, row: _Row, effective_talk_s: float) -> tuple[object, ...]:
        """All of a dial that any limit can tell."""
        at, number, debtor_id, account_id, role, outcome, talk_s, conversation, events = dial
        whose = number == row.number, debtor_id == row.debtor_id, account_id == row.account_id, role
        became = outcome, talk_s is None or talk_s >= effective_talk_s, conversation, events
        return bisect_right(self.days, at), bisect_left(self.windows, at), whose, became


@dataclass(slots=True)
class _Count:
    """A step while it is counted."""

    count: int = 0
    next_at: datetime | None = None
    profile: str = ""
    cite: str = ""

    def add(self, next_at: datetime | None) -> None:
        self.count += 1
        if next_at is not None:
            self.next_at = next_at if self.next_at is None else min(self.next_at, next_at)


@dataclass(slots=True)
class _Sieve:
    """Asks the gate and the agents about accounts."""

    connection: sqlite3.Connection
    campaign: CampaignSettings
    at: datetime
    agents: Collection[AgentSettings] | None
    known: dict[tuple[object, ...], _Alike] = field(default_factory=dict)
    served: dict[tuple[object, ...], bool] = field(default_factory=dict)
    midnights: dict[str, datetime] = field(default_factory=dict)
    alike_dials: dict[tuple[object, ...], gate.Refusal | None] = field(default_factory=dict)
    cut: dict[str, _Cuts] = field(default_factory=dict)
    reach: int = 0
    """So many characters of a number tell whether its prefix is allowed."""
    mentioned: tuple[int, ...] | None = None
    """Columns of a row that routes ask about; None: they ask about the account's history."""

    def __post_init__(self) -> None:
        whens = " ".join(rule.when for rule in self.campaign.routes)
        if not any(fact in whens for fact in _HISTORY):
            spots = (_Row._fields.index(_COLUMNS.get(fact, fact)) for fact in _STATIC if fact in whens)
            self.mentioned = tuple(spots)
        prefixes = (prefix for rule in self.campaign.rules.prefixes for prefix in (*rule.allow, *rule.deny))
        self.reach = max(map(len, prefixes), default=0)

    def alike(self, row: _Row) -> _Alike:
        """What holds for everybody of the same zone and prefix who was not called lately."""
        key = self._kind(row)
        if (found := self.known.get(key)) is None:
            refusal = self.refusal(_lead(row))
            until = "~" if refusal is None or refusal.until_at is None else moment_text(refusal.until_at)
            since = moment_text(counts_since(self.campaign.rules, row.zone, self.at))
            found = self.known[key] = _Alike(refusal, until, since)
        return found

    def has_agent(self, row: _Row) -> bool:
        """Whether anybody may take the call."""
        if self.agents is None:
            return True
        if self.mentioned is None:
            return self._is_served(self._whole(row), self.agents)
        key = (row.team, row.skill, row.level, *(row[spot] for spot in self.mentioned))
        if (found := self.served.get(key)) is None:
            found = self.served[key] = self._is_served(_lead(row), self.agents)
        return found

    def _is_served(self, lead: Lead, agents: Collection[AgentSettings]) -> bool:
        rule = assignment.route(self.campaign, lead)
        return any(assignment.qualified(agent, rule, lead) for agent in agents)

    def answers(self, rows: Sequence[_Row]) -> Iterator[tuple[_Row, gate.Refusal | None]]:
        """What the gate says of accounts with all that it asks about; many are read at once."""
        for begin in range(0, len(rows), _AT_ONCE):
            some = rows[begin : begin + _AT_ONCE]
            yield from ((row, self.refusal(self._whole(row))) for row in some if row.special)
            yield from self._called([row for row in some if not row.special])

    def _called(self, rows: Sequence[_Row]) -> Iterator[tuple[_Row, gate.Refusal | None]]:
        """Of accounts of which nothing but dials is to be asked."""
        pairs = [(row.debtor_id, str(row.number)) for row in rows]
        since = min((self.cuts(row.zone).since for row in rows), default=self.at)
        dials = dials_of_many(self.connection, pairs, since=since)
        talks = conversations_of_many(self.connection, pairs, since=since)
        for row in rows:
            yield row, self._of_called(row, dials.get(row.debtor_id, []), talks.get(row.debtor_id, []))

    def _of_called(self, row: _Row, dials: Sequence[Dial], talks: Sequence[datetime]) -> gate.Refusal | None:
        """The same dials on the same days, inside the same windows, have the same answer."""
        cuts, talk_s = self.cuts(row.zone), self.campaign.rules.effective_talk_s
        talked = len([at for at in talks if at >= cuts.midnight_at])
        key = (self._kind(row), talked, *(cuts.kind(dial, row, talk_s) for dial in dials))
        if key in self.alike_dials:
            return self.alike_dials[key]
        refusal = self.refusal(_called_lead(row, [touch(dial, talk_s) for dial in dials], talked, cuts.midnight_at))
        if refusal is None or not any(cuts.is_rolling(dial) for dial in dials):
            self.alike_dials[key] = refusal  # else its end depends on the second of the dial
        return refusal

    def cuts(self, zone: str) -> _Cuts:
        """The moments that tell dials to debtors of a zone apart."""
        if (found := self.cut.get(zone)) is None:
            found = self.cut[zone] = _cuts(self.campaign.rules, zone, self.at)
        return found

    def _kind(self, row: _Row) -> tuple[object, ...]:
        return row.zone, (row.number or "")[: self.reach]

    def _whole(self, row: _Row) -> Lead:
        rules = self.campaign.rules
        return read_lead(
            self.connection,
            row.account_id,
            at=self.at,
            midnights=self.midnights,
            effective_talk_s=rules.effective_talk_s,
            look_back=limits.look_back(rules),
        )

    def refusal(self, lead: Lead) -> gate.Refusal | None:
        """The gate's no, if it says so."""
        found = gate.check(lead, self.campaign.rules, self.campaign.name, self.at)
        return None if isinstance(found, Permit) else found


@dataclass(slots=True)
class _Tally:
    """The steps while a list is gone through."""

    sieve: _Sieve
    total: int = 0
    told: dict[str, _Count] = field(default_factory=dict)
    """Steps that the store knows by itself."""
    first: dict[str, str] = field(default_factory=dict)
    """When the first of them comes free, as rows tell moments."""
    refused: dict[str, _Count] = field(default_factory=dict)
    behind: _Count = field(default_factory=_Count)
    no_agent: _Count = field(default_factory=_Count)
    debtors: set[int] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    pending: list[_Row] = field(default_factory=list)
    """Those with dials that may count: looked at last, many at once."""

    def take(self, row: _Row) -> None:
        """Count an account, or put it by."""
        self.total += 1
        match row.step:
            case "ready":
                self._ready(row)
            case "waiting":
                self._waiting(row)
            case step:
                self._tell(step, row)

    def _ready(self, row: _Row) -> None:
        assert row.number is not None
        if row.debtor_id in self.debtors or row.number in self.numbers:
            self.behind.add(None)
            return
        self.debtors.add(row.debtor_id)
        self.numbers.add(row.number)
        if row.special:
            self.pending.append(row)
            return
        alike = self.sieve.alike(row)
        if alike.refusal is not None or max(row.debtor_last_at, row.number_last_at) < alike.since:
            self._settle(row, alike.refusal)
        else:
            self.pending.append(row)

    def _waiting(self, row: _Row) -> None:
        """What holds it longest is told: its own plan, or a rule for whose sake it waits."""
        alike = None if row.number is None or row.special else self.sieve.alike(row)
        if alike is not None and alike.refusal is not None and alike.until >= (row.next_at or "~"):
            self._refuse(row, alike.refusal)
        elif row.moved and row.number is not None:
            self.pending.append(row)
        else:
            self._tell(WAITING, row)

    def finish(self) -> None:
        """Count those that were put by."""
        for row, refusal in self.sieve.answers(self.pending):
            if row.step == READY:
                self._settle(row, refusal)
            elif refusal is not None and (
                row.next_at is None or refusal.until_at is None or refusal.until_at > moment(row.next_at) - _CALL
            ):
                self._refuse(row, refusal)
            else:
                self._tell(WAITING, row)

    def _tell(self, step: str, row: _Row) -> None:
        count = self.told.get(step)
        if count is None:
            count = self.told[step] = _Count()
        count.count += 1
        if row.next_at is not None and step in (WAITING, "hold", "promise", "payment"):
            self.first[step] = min(self.first.get(step, row.next_at), row.next_at)

    def _settle(self, row: _Row, refusal: gate.Refusal | None) -> None:
        if refusal is not None:
            self._refuse(row, refusal)
        elif not self.sieve.has_agent(row):
            self.no_agent.add(None)

    def _refuse(self, row: _Row, refusal: gate.Refusal) -> None:
        count = self.refused.setdefault(refusal.rule, _Count(profile=refusal.profile, cite=refusal.cite))
        until_at = refusal.until_at
        if until_at is not None and row.step == WAITING and row.next_at is not None:
            until_at = max(until_at, moment(row.next_at))
        count.add(until_at)

    def steps(self) -> Iterator[Step]:
        """All of them, in the order in which they are asked."""
        for key, one in sorted(self.told.items(), key=lambda item: (_place(item[0]), item[0])):
            yield Step(key=key, count=one.count, next_at=moment_or_none(self.first.get(key)))
        if self.behind.count:
            yield Step(key=BEHIND, count=self.behind.count)
        kinds = {limit.origin.id: _kind(limit) for limit in limits.of(self.sieve.campaign.rules)}
        for rule, one in sorted(self.refused.items(), key=lambda item: -item[1].count):
            key = GATE + kinds.get(rule, "") + rule
            yield Step(key=key, count=one.count, next_at=one.next_at, profile=one.profile, cite=one.cite)
        if self.no_agent.count:
            yield Step(key=NO_AGENT, count=self.no_agent.count)


def waterfall(
    connection: sqlite3.Connection,
    campaign: CampaignSettings,
    at: datetime,
    *,
    agents: Collection[AgentSettings] | None = None,
) -> Waterfall:
    """Count a campaign's list.

    Args:
        connection: in a transaction.
        campaign: whose list, rules, teams and routes.
        at: now, aware.
        agents: only what one of these may take counts as dialable; None: anybody is taken to be there.
    """
    wanted = {
        "list_name": campaign.list_name,
        "at": moment_text(at),
        "teams": json.dumps(campaign.teams),
        "moved": assignment.MOVED,
    }
    tally = _Tally(sieve=_Sieve(connection=connection, campaign=campaign, at=at, agents=agents))
    for row in map(_Row._make, connection.execute(_SQL["standing"] + _SQL["listed_accounts"], wanted)):
        tally.take(row)
    tally.finish()
    steps = tuple(tally.steps())
    return Waterfall(
        campaign=campaign.name,
        list_name=campaign.list_name,
        at=at,
        total=tally.total,
        steps=steps,
        dialable=tally.total - sum(step.count for step in steps),
    )


def _place(key: str) -> int:
    return next(spot for spot, begin in enumerate(_ORDER) if key.startswith(begin))


def _kind(limit: Limit) -> str:
    """What sort of limit it is, for its step's key."""
    if limit.after is not None:
        return REST
    if limits.gap_s(limit):
        return GAP
    match limit.window:
        case LocalDays(days=1):
            return DAY
        case _:
            return LIMIT


def counts_since(rules: CallingRules, zone: str, at: datetime) -> datetime:
    """The moment from which on a dial can still count for a debtor of a zone."""
    midnight_at = local_midnight(zone, at)
    since = midnight_at
    for limit in limits.of(rules):
        match limit.window:
            case LocalDays(days=days):
                since = min(since, midnight_at - timedelta(days=days - 1) - _CLOCK_CHANGE)
            case Rolling(seconds=seconds):
                since = min(since, at - timedelta(seconds=seconds))
    return since


_COLUMNS: Final = {"amount_due": "amount_due_cents"}
"""Facts that a row has under another name."""


def _lead(row: _Row) -> Lead:
    """What a row tells of a lead: nothing of its history."""
    return Lead(
        account_id=AccountId(row.account_id),
        account_no="",
        debtor_id=DebtorId(row.debtor_id),
        debtor_name="",
        phone_id=PhoneId(0),
        number=Number(row.number or ""),
        zone=row.zone,
        days_past_due=row.days_past_due,
        amount_due=amount(row.amount_due_cents),
        risk=row.risk,
        region=row.region,
        language=row.language,
        product=row.product,
        team=row.team,
        skill=row.skill,
        level=row.level,
        role=ContactRole(row.role),
    )


def _called_lead(row: _Row, touches: Sequence[Touch], talked: int, midnight_at: datetime) -> Lead:
    """What the gate asks of somebody of whom only dials are to be asked."""
    today = [one for one in touches if one.at >= midnight_at]
    return replace(
        _lead(row),
        number_attempts_today=len([one for one in today if one.number == row.number]),
        debtor_attempts_today=len([one for one in today if one.debtor_id == row.debtor_id]),
        debtor_conversations_today=talked,
        last_attempt_at=moment(row.debtor_last_at) if row.debtor_last_at else None,
        touches=tuple(touches),
    )


def _cuts(rules: CallingRules, zone: str, at: datetime) -> _Cuts:
    zones, spans = hours.zones_of(zone), [limit.window for limit in limits.of(rules)]
    days = {
        moment_text(datetime.combine(at.astimezone(each).date() + timedelta(days=day), time(0), each))
        for each in zones
        for day in range(-limits.look_back(rules).days - 2, 3)
    }
    windows = {moment_text(at - timedelta(seconds=span.seconds)) for span in spans if isinstance(span, Rolling)}
    return _Cuts(
        midnight_at=local_midnight(zone, at),
        since=counts_since(rules, zone, at),
        days=tuple(sorted(days)),
        windows=tuple(sorted(windows)),
    )
