"""Which limits leave no room for another call, and when they will. Pure; what was dialled comes with the lead.

- Limits are keyed on the number, the debtor, the debt or the debtor's contacts, never on caller id, agent, line or
  campaign, so that changing one of those cannot reset them.
- Every counted dial leaves its window at one instant: so many seconds after it was placed, or at the local midnight
  that ends its last day. With several candidate zones it is the last of their midnights. So a limit that has room keeps
  it until the next dial, and the moment of room is exact.
- A campaign's period is the exception: every dial in it leaves it when it ends, and one before it never counted.
- A lead brings its earlier dials (`Lead.touches`) and counters of the day. Where the two disagree the larger counts.
- A dial in the future (a clock that was set back) counts.
- The first limit without room, in the order of the profiles and then of the campaign's own, is the one that is told;
  the moment is the one at which all of them have room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dialer.calling_rules import CAMPAIGN, CallingRules, CampaignPeriod, Limit, LocalDays, Origin, Rolling
from dialer.compliance.hours import TheseRules, days_end, period_end
from dialer.leads import Lead, Touch
from dialer.types import ContactRole, Counted, LimitKey

LOOK_BACK = timedelta(days=31)
"""Leads bring the dials of so long at least, whatever the rules: contacts' turns are counted on them too."""
_TALKS = frozenset({Counted.TALK, Counted.CONVERSATION, Counted.HUMAN, Counted.CONNECTED})
"""A conversation is all of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A limit that leaves no room for another call now."""

    limit: Limit
    used: int
    until_at: datetime
    """When this limit and every other one leave room again; calling hours are not considered."""


class Used(NamedTuple):
    """What was used of every limit before a call, in the order of `of`, and the first without room."""

    counts: tuple[int, ...]
    blocked: Blocked | None


class _Shortcut(Enum):
    """The counter of a lead that says something of a limit."""

    NONE = auto()
    NUMBER = auto()
    DEBTOR = auto()
    CONVERSATIONS = auto()
    LAST_DIAL = auto()


class _Plan(NamedTuple):
    """A limit with what can be known of it beforehand."""

    limit: Limit
    shortcut: _Shortcut
    room: int
    of_contacts: bool
    reach: timedelta
    """Dials longer ago than this have left the window, whatever the zone and the change of its clocks."""


class _Tally(NamedTuple):
    """The counters of a lead."""

    number: int
    debtor: int
    conversations: int
    last_at: datetime | None


@dataclass(slots=True)
class _Compiled:
    """The limits of some rules, and answers that depend on the counters of a day alone."""

    plans: tuple[_Plan, ...]
    longest_gap: timedelta
    """Of the limits on seconds since the debtor's last dial."""
    is_steady: bool
    """No limit comes into force on a date."""
    look_back: timedelta
    """As long as the longest window."""
    fresh: dict[tuple[int, int, int], Used] = field(default_factory=dict)
    """Counters of the day -> answer, for leads of which nothing else is known and that have room."""


def of(rules: CallingRules) -> tuple[Limit, ...]:
    """Every limit of the rules: the profiles', then the campaign's own caps and gap."""
    return tuple(plan.limit for plan in _compiled(TheseRules(rules)).plans)


def used(rules: CallingRules, lead: Lead, zones: tuple[ZoneInfo, ...], at: datetime, *, reserved: bool = False) -> Used:
    """What was used of every limit before this call.

    Args:
        rules: the limits.
        lead: with its earlier dials and counters.
        zones: all candidate zones of the debtor, at least one.
        at: now, aware.
        reserved: an agent is reserved for this very call.
    """
    compiled = _compiled(TheseRules(rules))
    today = (lead.number_attempts_today, lead.debtor_attempts_today, lead.debtor_conversations_today)
    last_at = lead.last_attempt_at
    is_fresh = not lead.touches and (last_at is None or at - last_at >= compiled.longest_gap)
    if is_fresh and (known := compiled.fresh.get(today)) is not None:
        return known
    answer = _used(compiled.plans, lead, lead.touches, _Tally(*today, last_at), zones, at, reserved)
    if is_fresh and answer.blocked is None and (compiled.is_steady or not any(today)):
        compiled.fresh[today] = answer
    return answer


def look_back(rules: CallingRules) -> timedelta:
    """How long ago a dial may have been to count still; leads bring so many of them."""
    return _compiled(TheseRules(rules)).look_back


def room_after(
    rules: CallingRules,
    lead: Lead,
    counted: frozenset[Counted],
    zones: tuple[ZoneInfo, ...],
    at: datetime,
    *,
    same_number: bool = True,
) -> datetime:
    """When there will be room for the next call after one that ended now.

    Args:
        rules: the limits.
        lead: as it was before the call.
        counted: what the call counts as.
        zones: all candidate zones of the debtor; none: limits of local days are left to the gate.
        at: the end of the call, aware.
        same_number: False: the next call goes to another number of the debtor.
    """
    touch = Touch(
        at=at,
        number=lead.number,
        debtor_id=lead.debtor_id,
        account_id=lead.account_id,
        role=lead.role,
        counted=counted,
    )
    tally = _Tally(
        lead.number_attempts_today + 1 if same_number else 0,
        lead.debtor_attempts_today + 1,
        lead.debtor_conversations_today + (Counted.CONVERSATION in counted),
        at,
    )
    plans: Iterable[_Plan] = _compiled(TheseRules(rules)).plans
    if not same_number:
        plans = (plan for plan in plans if plan.limit.key is not LimitKey.NUMBER)
    if not zones:
        plans = (plan for plan in plans if isinstance(plan.limit.window, Rolling))
    blocked = _used(plans, lead, (*lead.touches, touch), tally, zones, at, False).blocked
    return at if blocked is None else blocked.until_at


def texts(rules: CallingRules, counts: tuple[int, ...]) -> tuple[str, ...]:
    """The counters as records show them: `CN-BANK cn6 2/6`, and `attempts_per_number_per_day 2/6` of the campaign."""
    return _texts(TheseRules(rules), counts)


@lru_cache(maxsize=4096)
def _texts(these: TheseRules, counts: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(
        f"{name(plan.limit)} {spent}/{plan.limit.max}"
        for plan, spent in zip(_compiled(these).plans, counts, strict=True)
    )


def name(limit: Limit) -> str:
    """A limit as records name it: a campaign's own by its key alone."""
    origin = limit.origin
    return origin.id if origin.profile == CAMPAIGN else f"{origin.profile} {origin.id}"


@lru_cache(maxsize=256)
def _compiled(these: TheseRules) -> _Compiled:
    rules = these.rules
    plans = tuple(
        _Plan(limit, _shortcut(limit), limit.room, limit.key is LimitKey.CONTACT, _reach(limit))
        for limit in (*rules.limits, *_own(rules))
    )
    gaps = [
        plan.limit.window.seconds
        for plan in plans
        if plan.shortcut is _Shortcut.LAST_DIAL and isinstance(plan.limit.window, Rolling)
    ]
    return _Compiled(
        plans=plans,
        longest_gap=timedelta(seconds=max(gaps, default=0.0)),
        is_steady=all(plan.limit.in_force_on is None for plan in plans),
        look_back=max((LOOK_BACK, *(plan.reach for plan in plans))),
    )


def _own(rules: CallingRules) -> Iterable[Limit]:
    """The campaign's caps and gap; the gap only where it is longer than what `limits` have already."""
    daily = (
        ("attempts_per_number_per_day", LimitKey.NUMBER, Counted.DIAL, rules.attempts_per_number_per_day),
        ("attempts_per_debtor_per_day", LimitKey.DEBTOR, Counted.DIAL, rules.attempts_per_debtor_per_day),
        (
            "conversations_per_debtor_per_day",
            LimitKey.DEBTOR,
            Counted.CONVERSATION,
            rules.conversations_per_debtor_per_day,
        ),
    )
    for key, whose, counts, most in daily:
        if most is not None:
            yield Limit(origin=Origin(id=key), key=whose, counts=counts, window=LocalDays(days=1), max=most)
    if rules.min_gap_s > max((gap_s(limit) for limit in rules.limits), default=0.0):
        window = Rolling(seconds=rules.min_gap_s)
        yield Limit(origin=Origin(id="min_gap"), key=LimitKey.DEBTOR, window=window, max=1)


def gap_s(limit: Limit) -> float:
    """Seconds between two dials to a debtor that a limit asks for; 0 when it is about something else."""
    is_gap = limit.key is LimitKey.DEBTOR and limit.counts is Counted.DIAL and limit.max == 1 and limit.after is None
    return limit.window.seconds if is_gap and isinstance(limit.window, Rolling) else 0.0


def _shortcut(limit: Limit) -> _Shortcut:
    match limit.window, limit.key:
        case CampaignPeriod(), _:
            return _Shortcut.NONE
        case LocalDays(), LimitKey.NUMBER if limit.what is Counted.DIAL:
            return _Shortcut.NUMBER
        case LocalDays(), LimitKey.DEBTOR if limit.what is Counted.DIAL:
            return _Shortcut.DEBTOR
        case LocalDays(), LimitKey.DEBTOR if limit.what in _TALKS:
            return _Shortcut.CONVERSATIONS
        case Rolling(), LimitKey.DEBTOR if limit.what is Counted.DIAL:
            return _Shortcut.LAST_DIAL
    return _Shortcut.NONE


def _used(
    plans: Iterable[_Plan],
    lead: Lead,
    touches: Sequence[Touch],
    tally: _Tally,
    zones: tuple[ZoneInfo, ...],
    at: datetime,
    reserved: bool,
) -> Used:
    counts: list[int] = []
    blocked: Blocked | None = None
    for plan in plans:
        spent = _by_counter(plan, tally, at)
        ends = _ends(plan, lead, touches, zones, at) if touches else ()
        if ends or spent:
            if not _applies(plan, lead, zones, at):
                counts.append(0)
                continue
            ends = _with_counter(plan, ends, spent, tally, zones, at)
        counts.append(len(ends))
        if len(ends) >= plan.room and not (reserved and plan.limit.unless_reserved):
            blocked = _worse(blocked, plan, ends, at)
    return Used(tuple(counts), blocked)


def _worse(blocked: Blocked | None, plan: _Plan, ends: Sequence[datetime], at: datetime) -> Blocked:
    until_at = ends[len(ends) - plan.room] if plan.room else datetime.max.replace(tzinfo=at.tzinfo)
    if blocked is None:
        return Blocked(limit=plan.limit, used=len(ends), until_at=until_at)
    return replace(blocked, until_at=max(blocked.until_at, until_at))


def _applies(plan: _Plan, lead: Lead, zones: tuple[ZoneInfo, ...], at: datetime) -> bool:
    if plan.of_contacts and lead.role is not ContactRole.CONTACT:
        return False
    begins_on = plan.limit.in_force_on
    return begins_on is None or any(at.astimezone(zone).date() >= begins_on for zone in zones)


def _by_counter(plan: _Plan, tally: _Tally, at: datetime) -> int:
    match plan.shortcut:
        case _Shortcut.NONE:
            return 0
        case _Shortcut.NUMBER:
            return tally.number
        case _Shortcut.DEBTOR:
            return tally.debtor
        case _Shortcut.CONVERSATIONS:
            return tally.conversations
        case _Shortcut.LAST_DIAL:
            return 0 if tally.last_at is None or _end(plan.limit, tally.last_at, ()) <= at else 1


def _reach(limit: Limit) -> timedelta:
    match limit.window:
        case Rolling(seconds=seconds):
            return timedelta(seconds=seconds)
        case CampaignPeriod(days=days):
            return timedelta(days=days + 2)
        case LocalDays(days=days):
            return timedelta(days=days + 1)


def _ends(
    plan: _Plan, lead: Lead, touches: Sequence[Touch], zones: tuple[ZoneInfo, ...], at: datetime
) -> Sequence[datetime]:
    """When each counted dial leaves the window, in order; those that have left are not there."""
    limit, since = plan.limit, at - plan.reach
    what, key = limit.what, limit.key
    mine = [one for one in touches if one.at > since and what in one.counted and _is_of(key, one, lead)]
    return sorted(end for touch in mine if (end := _end(limit, touch.at, zones)) > at)


def _is_of(key: LimitKey, touch: Touch, lead: Lead) -> bool:
    match key:
        case LimitKey.NUMBER:
            return touch.number == lead.number
        case LimitKey.DEBTOR:
            return touch.debtor_id == lead.debtor_id
        case LimitKey.DEBT:
            return touch.account_id == lead.account_id
        case LimitKey.CONTACT:
            return touch.debtor_id == lead.debtor_id and touch.role is ContactRole.CONTACT


def _end(limit: Limit, at: datetime, zones: tuple[ZoneInfo, ...]) -> datetime:
    match limit.window:
        case Rolling(seconds=seconds):
            return at + timedelta(seconds=seconds)
        case CampaignPeriod(days=days, begins_on=begins_on) if begins_on is not None:
            is_before = all(at.astimezone(zone).date() < begins_on for zone in zones)
            return at if is_before else period_end(zones, begins_on, days)
        case LocalDays(days=days):
            return days_end(zones, at, days)


def _with_counter(
    plan: _Plan, ends: Sequence[datetime], spent: int, tally: _Tally, zones: tuple[ZoneInfo, ...], at: datetime
) -> Sequence[datetime]:
    """With what the counter knows and the list of dials does not."""
    if not spent:
        return ends
    counted_at = tally.last_at if plan.shortcut is _Shortcut.LAST_DIAL and tally.last_at is not None else at
    end = _end(plan.limit, counted_at, zones)
    missing = spent - sum(known >= end for known in ends)
    return sorted((*ends, *(end for _ in range(missing)))) if missing > 0 else ends
