"""Profiles and a campaign's own keys become one set of rules, the strictest of each. Pure.

    hours                   intersected, weekday by weekday; a debtor's consent leaves those that it does not lift
    closed dates            all of them
    limits                  all of them hold; so do the campaign's own caps
    margin, gap, ring       the longest
    legal wait, talk        the shortest
    third parties, prefixes all that speak of it must allow it
    abandonment             the lowest ratio, the denominator that makes more of it, all windows

What the campaign leaves out is the profiles'; what nobody says is the house default of `CallingRules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time

from dialer.calling_rules import (
    AbandonmentRule,
    CallingRules,
    CampaignPeriod,
    Closure,
    Denominator,
    HoursRule,
    Limit,
    Origin,
    PrefixRule,
    Profile,
    Value,
    Window,
)
from dialer.compliance import dated
from dialer.compliance.limits import gap_s

_MIDNIGHT = time(0)
_ROUND_THE_CLOCK: Mapping[int, tuple[Window, ...]] = dict.fromkeys(
    range(7), (Window(opens=_MIDNIGHT, closes=_MIDNIGHT),)
)
_HOUSE = CallingRules(windows={})


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRules:
    """The campaign's own keys; None: it leaves them to the profiles, or to the house defaults without any."""

    windows: Mapping[int, tuple[Window, ...]] | None = None
    consent_overrides: bool = False
    closed_dates: frozenset[date] = frozenset()
    on_holidays: bool = False
    """Holidays that are only a house rule of a profile are days like any other."""
    close_margin_s: float | None = None
    attempts_per_number_per_day: int | None = None
    attempts_per_debtor_per_day: int | None = None
    conversations_per_debtor_per_day: int | None = None
    min_gap_s: float | None = None
    min_ring_s: float | None = None
    legal_wait_s: float | None = None
    prefixes: PrefixRule | None = None
    period: CampaignPeriod | None = None
    """What limits over the campaign's period count in."""


def merge(profiles: Sequence[Profile], own: OwnRules, *, home: PrefixRule | None = None) -> CallingRules:
    """The rules of a campaign: all of them, and for earlier days those that are in force by then.

    Args:
        profiles: that apply to it, the first to be named first.
        own: its own keys.
        home: the numbers that may be dialled where nobody says which.
    """
    everything = _merged(profiles, own, home)
    days = sorted({day for one in profiles for day in dated.days_of(one)})
    before = [(day, [dated.before(one, day) for one in profiles]) for day in days]
    return replace(
        everything,
        before=tuple((day, _earlier_rules(_merged(some, own, home), everything)) for day, some in before),
    )


def _earlier_rules(earlier: CallingRules, everything: CallingRules) -> CallingRules:
    """With every profile on record; where no hours would be in force yet, those to come hold already."""
    if not earlier.hours:
        hours = everything.hours
        earlier = replace(earlier, hours=hours, windows=everything.windows)
        earlier = replace(earlier, after_consent=_after_consent(earlier))
    consented = earlier.after_consent
    return replace(
        earlier,
        profiles=everything.profiles,
        after_consent=None if consented is None else replace(consented, profiles=everything.profiles),
    )


def _merged(profiles: Sequence[Profile], own: OwnRules, home: PrefixRule | None) -> CallingRules:
    hours = _hours(profiles, own)
    margin = _strictest("close_margin", max, [one.close_margin for one in profiles], own.close_margin_s)
    ring = _strictest("min_ring", max, [one.min_ring for one in profiles], own.min_ring_s)
    wait = _strictest("legal_wait", min, [one.legal_wait for one in profiles], own.legal_wait_s)
    gap = _strictest("min_gap", max, _gaps(profiles), own.min_gap_s)
    talk = _strictest("effective_talk", min, [one.effective_talk for one in profiles], None)
    closures = tuple(_closures(profiles, own))
    rules = CallingRules(
        windows=windows_of_all(hours),
        closed_dates=frozenset(day for one in closures for day in one.dates),
        close_margin_s=margin.value,
        attempts_per_number_per_day=_cap(own.attempts_per_number_per_day, "attempts_per_number_per_day", profiles),
        attempts_per_debtor_per_day=_cap(own.attempts_per_debtor_per_day, "attempts_per_debtor_per_day", profiles),
        conversations_per_debtor_per_day=_cap(
            own.conversations_per_debtor_per_day, "conversations_per_debtor_per_day", profiles
        ),
        min_gap_s=gap.value,
        min_ring_s=ring.value,
        legal_wait_s=wait.value,
        effective_talk_s=talk.value,
        limits=tuple(_in_period(limit, own.period) for one in profiles for limit in one.limits),
        hours=hours,
        closures=closures,
        third_parties=tuple(one.third_party for one in profiles if one.third_party is not None),
        prefixes=_prefixes(profiles, own, home),
        abandonment=_abandonment([one.abandonment for one in profiles if one.abandonment is not None]),
        sources={
            "close_margin": margin.origin,
            "min_gap": gap.origin,
            "min_ring": ring.origin,
            "legal_wait": wait.origin,
            "effective_talk": talk.origin,
        },
        profiles=tuple(profiles),
    )
    return replace(rules, after_consent=_after_consent(rules))


def wants_period(limit: Limit) -> bool:
    """True for a limit over the period of whatever campaign it applies to."""
    return isinstance(limit.window, CampaignPeriod) and limit.window.begins_on is None


def _in_period(limit: Limit, period: CampaignPeriod | None) -> Limit:
    return replace(limit, window=period) if period is not None and wants_period(limit) else limit


def windows_of_all(hours: Iterable[HoursRule]) -> dict[int, tuple[Window, ...]]:
    """The windows that all sources leave open, weekday by weekday; round the clock without any source."""
    common: dict[int, tuple[Window, ...]] = dict(_ROUND_THE_CLOCK)
    for one in hours:
        common = {day: _both(common[day], tuple(one.windows.get(day, ()))) for day in common}
    return {day: windows for day, windows in common.items() if windows}


def _both(ours: tuple[Window, ...], theirs: tuple[Window, ...]) -> tuple[Window, ...]:
    found = [
        Window(opens=max(mine.opens, other.opens), closes=_earlier(mine.closes, other.closes))
        for mine in ours
        for other in theirs
    ]
    whole = (one for one in found if one.closes == _MIDNIGHT or one.opens < one.closes)
    return tuple(sorted(whole, key=lambda window: window.opens))


def _earlier(ours: time, theirs: time) -> time:
    """Of two closing times; midnight is the end of the day."""
    return max(ours, theirs) if _MIDNIGHT in (ours, theirs) else min(ours, theirs)


def _hours(profiles: Sequence[Profile], own: OwnRules) -> tuple[HoursRule, ...]:
    theirs = [one.hours for one in profiles if one.hours is not None]
    if own.windows is None:
        return tuple(theirs)
    mine = HoursRule(windows=own.windows, consent_overrides=own.consent_overrides, origin=Origin(id="hours"))
    return (*theirs, mine)


def _after_consent(rules: CallingRules) -> CallingRules | None:
    left = tuple(one for one in rules.hours if not one.consent_overrides)
    return None if len(left) == len(rules.hours) else replace(rules, windows=windows_of_all(left), hours=left)


def _closures(profiles: Sequence[Profile], own: OwnRules) -> Iterable[Closure]:
    for one in profiles:
        if one.closure is not None and not (own.on_holidays and one.closure.may_be_lifted):
            yield one.closure
    if own.closed_dates:
        yield Closure(dates=dict.fromkeys(own.closed_dates, ""), origin=Origin(id="closed_dates"))


def _strictest(
    name: str, choose: Callable[[Iterable[float]], float], theirs: Sequence[Value | None], mine: float | None
) -> Value:
    """The strictest of the profiles' and the campaign's value, the first of equal ones; else the house default."""
    known = [one for one in theirs if one is not None]
    if mine is not None:
        known.append(Value(value=mine, origin=Origin(id=name)))
    if not known:
        default = getattr(_HOUSE, f"{name}_s")
        return Value(value=float(default), origin=Origin(id=name, cite="default"))
    best = choose(one.value for one in known)
    return next(one for one in known if one.value == best)


def _cap(mine: int | None, name: str, profiles: Sequence[Profile]) -> int | None:
    if mine is not None or any(not dated.is_empty(one) for one in profiles):
        return mine
    default = getattr(_HOUSE, name)
    return int(default)


def _gaps(profiles: Sequence[Profile]) -> list[Value | None]:
    return [
        Value(value=seconds, origin=limit.origin)
        for one in profiles
        for limit in one.limits
        if (seconds := gap_s(limit)) > 0
    ]


def _prefixes(profiles: Sequence[Profile], own: OwnRules, home: PrefixRule | None) -> tuple[PrefixRule, ...]:
    spoken = [one.prefixes for one in profiles if one.prefixes is not None]
    if own.prefixes is not None:
        spoken.append(own.prefixes)
    if home is not None and not any(one.allow for one in spoken):
        spoken.append(home)
    return tuple(spoken)


def _abandonment(rules: Sequence[AbandonmentRule]) -> AbandonmentRule | None:
    """The lowest ratio; abandoned + passed is never more than all answers, so it makes more of each abandoned call."""
    if not rules:
        return None
    lowest = min(rules, key=lambda rule: rule.max_ratio)
    strict = any(rule.denominator is Denominator.ABANDONED_AND_PASSED for rule in rules)
    windows = dict.fromkeys(window for rule in rules for window in rule.windows)
    reports = [rule.report_ratio for rule in rules if rule.report_ratio is not None]
    return replace(
        lowest,
        denominator=Denominator.ABANDONED_AND_PASSED if strict else lowest.denominator,
        windows=tuple(windows),
        machine_error_ratio=max(rule.machine_error_ratio for rule in rules),
        report_ratio=min(reports, default=None),
    )
