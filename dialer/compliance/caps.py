"""How often a number and a debtor may be called. Pure; the counters come with the lead.

Caps are keyed on the number or the debtor, never on caller id, agent, line or campaign, so that changing one
of those cannot reset them. The store counts a dial in the transaction that commits the attempt, before the
call is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.compliance.hours import next_local_midnight
from dialer.events import Lead
from dialer.settings import CallingRules


@dataclass(frozen=True, slots=True, kw_only=True)
class CapReached:
    """A limit that leaves no room for another call now."""

    rule: str
    reason_zh: str
    reason_en: str
    until_at: datetime
    """When the limit leaves room again; calling hours are not considered."""


def counters(lead: Lead, rules: CallingRules) -> tuple[str, ...]:
    """The daily limits and what was used of each before this call: `attempts_per_number_per_day 2/6`."""
    return tuple(f"{rule} {used}/{limit}" for rule, used, limit, _zh, _en in _daily(lead, rules))


def reached(lead: Lead, rules: CallingRules, zones: tuple[ZoneInfo, ...], at: datetime) -> CapReached | None:
    """The first limit that forbids another call now.

    Args:
        lead: with its counters of the debtor's local day.
        rules: the limits.
        zones: all candidate zones of the debtor, at least one.
        at: now, aware.

    Returns:
        The limit, or None when there is room.
    """
    for rule, used, limit, zh, en in _daily(lead, rules):
        if used >= limit:
            return CapReached(
                rule=rule,
                reason_zh=f"{zh}已达 {used} 次（上限 {limit} 次）",
                reason_en=f"{en}: {used} of {limit} used today",
                until_at=next_local_midnight(zones, at),
            )
    return _gap(lead, rules, at)


def day_is_used_up(rules: CallingRules, *, number: int, debtor: int, conversations: int) -> bool:
    """Whether a daily limit leaves no room for another call.

    Args:
        rules: the limits.
        number: dials to the number on the debtor's local day.
        debtor: dials to the debtor.
        conversations: with the debtor.
    """
    return (
        number >= rules.attempts_per_number_per_day
        or debtor >= rules.attempts_per_debtor_per_day
        or conversations >= rules.conversations_per_debtor_per_day
    )


def _daily(lead: Lead, rules: CallingRules) -> tuple[tuple[str, int, int, str, str], ...]:
    return (
        (
            "attempts_per_number_per_day",
            lead.number_attempts_today,
            rules.attempts_per_number_per_day,
            "该号码今日外呼",
            "dials to this number",
        ),
        (
            "attempts_per_debtor_per_day",
            lead.debtor_attempts_today,
            rules.attempts_per_debtor_per_day,
            "该债务人今日外呼",
            "dials to this debtor over all numbers",
        ),
        (
            "conversations_per_debtor_per_day",
            lead.debtor_conversations_today,
            rules.conversations_per_debtor_per_day,
            "该债务人今日有效通话",
            "conversations with this debtor",
        ),
    )


def _gap(lead: Lead, rules: CallingRules, at: datetime) -> CapReached | None:
    if lead.last_attempt_at is None:
        return None
    until_at = lead.last_attempt_at + timedelta(seconds=rules.min_gap_s)
    if at >= until_at:
        return None
    # A last attempt in the future (a clock that was set back) lands here too and waits.
    return CapReached(
        rule="min_gap",
        reason_zh=f"距上次外呼不足 {rules.min_gap_s:g} 秒",
        reason_en=f"less than {rules.min_gap_s:g} s since the last dial to this debtor",
        until_at=until_at,
    )
