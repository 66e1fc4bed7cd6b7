"""The gate: leave to dial one number once, or why not. The only place that makes a `Permit`.

The checks, in order; the first that fails is the answer:
    1. stop flags             never, until somebody takes the flag away; a refusal by a contact too
    2. prefix                 never: a number that begins as no source allows, or as one forbids
    3. third party            a contact, only when every source that speaks of it allows it
    4. zone                   unknown: never, until the debtor's zone is known
    5. closed dates           in any candidate zone
    6. hours                  inside a window of every source in every candidate zone; a debtor's consent lifts those
                              hours that say so, and the permit tells
    7. closing margin         not in the last seconds before a window closes
    8. limits                 of the profiles in their order, then the campaign's own caps and gap

A refusal names the rule, its profile and citation, and the moment at which hours and limits together allow the dial. A
permit lists what was checked and every counter. It lives five seconds, and never past the end of its window; `recheck`
is asked again at the moment of dialling. Every call needs one: automatic, preview, manual and callback alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dialer.calling_rules import CAMPAIGN, CallingRules, Origin, Window
from dialer.compliance import dated, hours, limits, sentences, third_parties
from dialer.compliance.hours import TheseRules
from dialer.effects import Permit
from dialer.leads import Lead
from dialer.types import CampaignName, ContactRole, StopFlag

PERMIT_LIFE_S = 5.0
"""House rule: long enough for one write to the store, too short to be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A normal no: which rule, why, and when it may be asked again."""

    rule: str
    reason_zh: str
    reason_en: str
    until_at: datetime | None
    """The next moment at which the number may be dialled; None: not by the passing of time."""
    profile: str = CAMPAIGN
    """Whose rule it is."""
    cite: str = ""
    tag: str = "house"
    counters: tuple[str, ...] = ()
    """Every limit and what was used of it, when it came to that."""
    stamps: tuple[str, ...] = ()
    """Name, version and digest of every profile that was asked."""


@dataclass(frozen=True, slots=True)
class _Open:
    """The hours a dial may use, and whether they are open by consent."""

    interval: hours.Interval
    by_consent: bool


def check(
    lead: Lead, rules: CallingRules, campaign: CampaignName, at: datetime, *, reserved: bool = False
) -> Permit | Refusal:
    """Whether a lead may be dialled now.

    Args:
        lead: with its counters, earlier dials, stop flags and zone.
        rules: what applies to the campaign.
        campaign: for the record on the permit.
        at: now, aware.
        reserved: an agent is reserved for this very call, as in preview.

    Returns:
        A permit for this number, or the first rule that forbids the call.

    Raises:
        ValueError: `at` has no zone; which day it is could only be guessed.
    """
    if at.tzinfo is None:
        raise ValueError(f"the gate was asked about a moment without a zone: {at.isoformat()}")
    zones = hours.zones_of(lead.zone)
    rules = dated.in_force(rules, zones, at)
    refusal = _stopped(lead, rules) if lead.stop_flags else None
    refusal = refusal or _elsewhere(lead, rules) or _third_party(lead, rules)
    if refusal or not zones:
        return refusal or _zoneless(lead, rules)
    used = limits.used(rules, lead, zones, at, reserved=reserved)
    found = _open(lead, rules, zones, at)
    if found is None:
        return _closed(lead, rules, zones, used, at)
    if used.blocked is not None:
        return _capped(lead, rules, zones, used, used.blocked)
    return _permit(lead, rules, campaign, found, used, at)


def recheck(permit: Permit, at: datetime) -> bool:
    """True while a permit is good: asked at the very moment of dialling."""
    return permit.issued_at <= at < permit.expires_at


def next_opening(rules: CallingRules, zone: str, at: datetime) -> datetime | None:
    """The first moment, not before `at`, at which a debtor of this zone may be dialled.

    Args:
        rules: windows, closed dates and margin.
        zone: as in `Lead.zone`; several candidates are separated by commas.
        at: aware.

    Returns:
        Aware UTC; None when the zone is unknown or the windows never open.
    """
    return hours.next_opening(rules, hours.zones_of(zone), at)


def _stopped(lead: Lead, rules: CallingRules) -> Refusal | None:
    for flag in StopFlag:
        if flag in lead.stop_flags:
            zh, en = sentences.STOPS[flag]
            of_contact = lead.role is ContactRole.CONTACT and flag in (StopFlag.REFUSED, StopFlag.WRONG_NUMBER)
            who_zh, who_en = ("联系人", "the contact") if of_contact else ("债务人", "the debtor")
            origin = rules.third_parties[0].origin if of_contact and rules.third_parties else Origin(id="stop_flags")
            reasons = (f"{who_zh}{zh}，不得外呼", f"{who_en} {en}")
            return _refusal(rules, f"stop:{flag.value}", reasons, None, origin)
    return None


def _elsewhere(lead: Lead, rules: CallingRules) -> Refusal | None:
    for rule in rules.prefixes:
        if not rule.permits(lead.number):
            reasons = (
                "该号段不得外呼（境外、声讯、特服等号码除非规则列明，一律不拨）",
                "numbers that begin like this are not dialled: foreign, premium or special, unless a rule lists them",
            )
            return _refusal(rules, "prefix", reasons, None, rule.origin)
    return None


def _third_party(lead: Lead, rules: CallingRules) -> Refusal | None:
    rule = third_parties.forbidden(lead, rules)
    if rule is None:
        return None
    reasons = sentences.third_party(rule, third_parties.unreached(lead))
    return _refusal(rules, "third_party", reasons, None, rule.origin)


def _zoneless(lead: Lead, rules: CallingRules) -> Refusal:
    reasons = (
        f"债务人时区不明（{lead.zone or '空'}），无法判断当地时间，不得外呼",
        f"the debtor's time zone is not known ({lead.zone or 'empty'}), nor then the local time",
    )
    return _refusal(rules, "zone", reasons, None, Origin(id="zone"))


def _open(lead: Lead, rules: CallingRules, zones: tuple[ZoneInfo, ...], at: datetime) -> _Open | None:
    """The hours around a moment, consent considered; None: closed, or in the margin."""
    interval = hours.open_interval(rules, zones, at)
    if interval is not None and hours.before_margin(rules, interval, at):
        return _Open(interval, by_consent=False)
    agreed_until_at = lead.consented_until
    if rules.after_consent is None or agreed_until_at is None or at >= agreed_until_at:
        return None
    agreed = hours.open_interval(rules.after_consent, zones, at)
    if agreed is None or not hours.before_margin(rules.after_consent, agreed, at):
        return None
    ends_at = min(agreed.ends_at, agreed_until_at)
    return _Open(hours.Interval(starts_at=agreed.starts_at, ends_at=ends_at), by_consent=True)


def _next(lead: Lead, rules: CallingRules, zones: tuple[ZoneInfo, ...], at: datetime) -> datetime | None:
    """The first moment from `at` on at which the hours allow a dial, consent considered."""
    opening = hours.next_opening(rules, zones, at)
    if rules.after_consent is None or lead.consented_until is None:
        return opening
    agreed = hours.next_opening(rules.after_consent, zones, at)
    if agreed is None or agreed >= lead.consented_until:
        return opening
    return agreed if opening is None else min(agreed, opening)


def _closed(lead: Lead, rules: CallingRules, zones: tuple[ZoneInfo, ...], used: limits.Used, at: datetime) -> Refusal:
    local = ", ".join(f"{at.astimezone(zone):%H:%M} {zone.key}" for zone in zones)
    if any(at.astimezone(zone).date() in rules.closed_dates for zone in zones):
        rule, zh, en = "closed_date", f"当地日期为停呼日（{local}）", f"a closed date ({local})"
        origin = _closing_origin(rules, zones, at)
    elif hours.open_interval(rules, zones, at) is None:
        rule, zh, en = "hours", f"不在可拨打时段内（当地 {local}）", f"outside calling hours ({local})"
        origin = _hours_origin(rules, zones, at)
    else:
        rule = "closing_margin"
        zh = f"距停呼不足 {rules.close_margin_s:g} 秒（当地 {local}）"
        en = f"less than {rules.close_margin_s:g} s before calling hours end ({local})"
        origin = rules.sources.get("close_margin", Origin(id="close_margin"))
    room_at = at if used.blocked is None else max(at, used.blocked.until_at)
    until_at = _next(lead, rules, zones, room_at)
    return _refusal(rules, rule, (zh, en), until_at, origin, limits.texts(rules, used.counts))


def _closing_origin(rules: CallingRules, zones: tuple[ZoneInfo, ...], at: datetime) -> Origin:
    today = {at.astimezone(zone).date() for zone in zones}
    return next((one.origin for one in rules.closures if today & one.dates.keys()), Origin(id="closed_dates"))


def _hours_origin(rules: CallingRules, zones: tuple[ZoneInfo, ...], at: datetime) -> Origin:
    """The first source whose hours are closed; where each alone is open in some reading, the first of all."""
    for one in rules.hours:
        if any(not _is_within(one.windows.get(local.weekday(), ()), local) for local in map(at.astimezone, zones)):
            return one.origin
    return rules.hours[0].origin if rules.hours else Origin(id="hours")


def _is_within(windows: tuple[Window, ...], local: datetime) -> bool:
    clock = local.time()
    return any(one.opens <= clock and (clock < one.closes or one.closes == hours.MIDNIGHT) for one in windows)


def _capped(
    lead: Lead, rules: CallingRules, zones: tuple[ZoneInfo, ...], used: limits.Used, blocked: limits.Blocked
) -> Refusal:
    return _refusal(
        rules,
        blocked.limit.origin.id,
        sentences.no_room(blocked.limit, blocked.used),
        _next(lead, rules, zones, blocked.until_at),
        blocked.limit.origin,
        limits.texts(rules, used.counts),
    )


def _refusal(
    rules: CallingRules,
    rule: str,
    reasons: tuple[str, str],
    until_at: datetime | None,
    origin: Origin,
    counters: tuple[str, ...] = (),
) -> Refusal:
    return Refusal(
        rule=rule,
        reason_zh=reasons[0],
        reason_en=reasons[1],
        until_at=until_at,
        profile=origin.profile,
        cite=origin.cite,
        tag=origin.tag.value,
        counters=counters,
        stamps=stamps(rules),
    )


def stamps(rules: CallingRules) -> tuple[str, ...]:
    """Name, version and digest of every profile of the rules."""
    return tuple(profile.stamp for profile in rules.profiles)


@lru_cache(maxsize=4096)
def _checked(these: TheseRules, zone: str, by_consent: bool, counts: tuple[int, ...]) -> tuple[str, ...]:
    """What a permit lists; few combinations make up nearly all permits."""
    rules = these.rules
    return (
        "stop_flags",
        "prefix",
        "third_party",
        f"zone {zone}",
        "closed_dates",
        "hours by consent" if by_consent else "hours",
        "closing_margin",
        *limits.texts(rules, counts),
        *(f"profile {stamp}" for stamp in stamps(rules)),
    )


def _permit(
    lead: Lead, rules: CallingRules, campaign: CampaignName, found: _Open, used: limits.Used, at: datetime
) -> Permit:
    expires_at = min(at + timedelta(seconds=PERMIT_LIFE_S), found.interval.ends_at)
    return Permit(
        campaign=campaign,
        account_id=lead.account_id,
        number=lead.number,
        issued_at=at.astimezone(UTC),
        expires_at=expires_at.astimezone(UTC),
        rules=_checked(TheseRules(rules), lead.zone, found.by_consent, used.counts),
    )
