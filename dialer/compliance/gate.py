"""The gate: leave to dial one number once, or why not. The only place that makes a `Permit`.

The checks, in order; the first that fails is the answer:
    1. stop flags             never, until somebody takes the flag away
    2. zone                   unknown: never, until the debtor's zone is known
    3. closed dates           in any candidate zone
    4. hours                  inside a window in every candidate zone
    5. closing margin         not in the last seconds before a window closes
    6. dials per number and day
    7. dials per debtor and day
    8. conversations per debtor and day
    9. gap since the debtor's last dial

A permit lives five seconds, and never past the end of its window; `recheck` is asked again at the moment of
dialling. Every call needs one: automatic, preview, manual and callback alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.compliance import caps, hours
from dialer.events import Lead, Permit
from dialer.settings import CallingRules
from dialer.types import CampaignName, StopFlag

PERMIT_LIFE_S = 5.0
"""House rule: long enough for one write to the store, too short to be kept."""

_STOPS: dict[StopFlag, tuple[str, str]] = {
    StopFlag.DO_NOT_CALL: ("在禁呼名单中", "is on the do-not-call list"),
    StopFlag.REFUSED: ("已明确拒绝再联系", "has refused further contact"),
    StopFlag.COMPLAINT: ("有投诉未结", "has an open complaint"),
    StopFlag.DISPUTE: ("对债务有争议", "disputes the debt"),
    StopFlag.PAID: ("已结清", "has paid"),
    StopFlag.WRONG_NUMBER: ("号码非本人", "does not own this number"),
    StopFlag.DECEASED: ("已身故", "has died"),
    StopFlag.ATTORNEY: ("由律师代理", "is represented by a lawyer"),
    StopFlag.PLAN_PERFORMING: ("还款计划正常履行中", "keeps to an agreed plan"),
    StopFlag.PROMISE_OPEN: ("承诺还款尚未到期", "has promised to pay and the promise is not yet due"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A normal no: which rule, why, and when it may be asked again."""

    rule: str
    reason_zh: str
    reason_en: str
    until_at: datetime | None
    """The next moment at which the number may be dialled; None: not by the passing of time."""


def check(lead: Lead, rules: CallingRules, campaign: CampaignName, at: datetime) -> Permit | Refusal:
    """Whether a lead may be dialled now.

    Args:
        lead: with its counters, stop flags and zone.
        rules: what applies to the campaign.
        campaign: for the record on the permit.
        at: now, aware.

    Returns:
        A permit for this number, or the first rule that forbids the call.

    Raises:
        ValueError: `at` has no zone; which day it is could only be guessed.
    """
    if at.tzinfo is None:
        raise ValueError(f"the gate was asked about a moment without a zone: {at.isoformat()}")
    zones = hours.zones_of(lead.zone)
    if refusal := _stopped(lead) or _zoneless(lead, zones):
        return refusal
    interval = hours.open_interval(rules, zones, at)
    if interval is None or not hours.before_margin(rules, interval, at):
        return _closed(rules, zones, interval, at)
    return _capped(lead, rules, zones, at) or _permit(lead, rules, campaign, interval, at)


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


def _stopped(lead: Lead) -> Refusal | None:
    for flag in StopFlag if lead.stop_flags else ():
        if flag in lead.stop_flags:
            zh, en = _STOPS[flag]
            return Refusal(
                rule=f"stop:{flag.value}",
                reason_zh=f"债务人{zh}，不得外呼",
                reason_en=f"the debtor {en}",
                until_at=None,
            )
    return None


def _zoneless(lead: Lead, zones: tuple[ZoneInfo, ...]) -> Refusal | None:
    if zones:
        return None
    return Refusal(
        rule="zone",
        reason_zh=f"债务人时区不明（{lead.zone or '空'}），无法判断当地时间，不得外呼",
        reason_en=f"the debtor's time zone is not known ({lead.zone or 'empty'}), nor then the local time",
        until_at=None,
    )


def _closed(rules: CallingRules, zones: tuple[ZoneInfo, ...], interval: hours.Interval | None, at: datetime) -> Refusal:
    local = ", ".join(f"{at.astimezone(zone):%H:%M} {zone.key}" for zone in zones)
    if any(at.astimezone(zone).date() in rules.closed_dates for zone in zones):
        rule, zh, en = "closed_date", f"当地日期为停呼日（{local}）", f"a closed date ({local})"
    elif interval is None:
        rule, zh, en = "hours", f"不在可拨打时段内（当地 {local}）", f"outside calling hours ({local})"
    else:
        rule = "closing_margin"
        zh = f"距停呼不足 {rules.close_margin_s:g} 秒（当地 {local}）"
        en = f"less than {rules.close_margin_s:g} s before calling hours end ({local})"
    return Refusal(rule=rule, reason_zh=zh, reason_en=en, until_at=hours.next_opening(rules, zones, at))


def _capped(lead: Lead, rules: CallingRules, zones: tuple[ZoneInfo, ...], at: datetime) -> Refusal | None:
    cap = caps.reached(lead, rules, zones, at)
    if cap is None:
        return None
    return Refusal(
        rule=cap.rule,
        reason_zh=cap.reason_zh,
        reason_en=cap.reason_en,
        until_at=hours.next_opening(rules, zones, cap.until_at),
    )


def _permit(lead: Lead, rules: CallingRules, campaign: CampaignName, interval: hours.Interval, at: datetime) -> Permit:
    expires_at = min(at + timedelta(seconds=PERMIT_LIFE_S), interval.ends_at)
    return Permit(
        campaign=campaign,
        account_id=lead.account_id,
        number=lead.number,
        issued_at=at.astimezone(UTC),
        expires_at=expires_at.astimezone(UTC),
        rules=(
            "stop_flags",
            f"zone {lead.zone}",
            "closed_dates",
            "hours",
            "closing_margin",
            *caps.counters(lead, rules),
            "min_gap",
        ),
    )
