"""Limits and refusals in words, in Chinese and in English."""

from __future__ import annotations

from dialer.calling_rules import CampaignPeriod, Limit, LocalDays, Rolling, ThirdPartyRule
from dialer.compliance.limits import gap_s
from dialer.types import Counted, LimitKey, StopFlag

STOPS: dict[StopFlag, tuple[str, str]] = {
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
    StopFlag.HOLD_OUT: ("在缓催对照组，暂不外呼", "is in the hold-out of an experiment and left alone for a while"),
}

_COUNTED: dict[Counted, tuple[str, str]] = {
    Counted.DIAL: ("外呼", "dials"),
    Counted.UNANSWERED: ("未接外呼", "unanswered dials"),
    Counted.CONNECTED: ("接续到号码的外呼", "dials that reached the number"),
    Counted.HUMAN: ("真人接听", "answers by a person"),
    Counted.TALK: ("有效通话", "effective talks"),
    Counted.CONVERSATION: ("关于债务的通话", "conversations"),
    Counted.ABANDONED: ("弃呼", "abandoned calls"),
    Counted.MACHINE: ("语音信箱", "answers by a machine"),
}
_KEYS: dict[LimitKey, tuple[str, str]] = {
    LimitKey.NUMBER: ("该号码", "to this number"),
    LimitKey.DEBTOR: ("该债务人", "with this debtor over all numbers"),
    LimitKey.DEBT: ("该笔债务", "about this debt"),
    LimitKey.CONTACT: ("该债务人的联系人", "with contacts of this debtor"),
}


def span(seconds: float) -> tuple[str, str]:
    """A length of time, in the largest unit that fits: `72 小时`, `72 h`."""
    for zh, en, size in (("天", "days", 86_400), ("小时", "h", 3_600), ("分钟", "min", 60)):
        if seconds > (size if size < 86_400 else 4 * size) and seconds % size == 0:  # 72 h is how a rule says it
            return f"{seconds / size:g} {zh}", f"{seconds / size:g} {en}"
    return f"{seconds:g} 秒", f"{seconds:g} s"


def limit_rule(limit: Limit) -> tuple[str, str]:
    """What a limit says: `该号码每日未接外呼至多 6 次`, `at most 6 unanswered dials to this number a local day`."""
    what_zh, what_en = _COUNTED[limit.what]
    key_zh, key_en = _KEYS[limit.key]
    within_zh, within_en = _within(limit)
    if limit.after is not None:
        unless_zh, unless_en = (
            ("（为该呼叫预留坐席时除外）", " unless an agent is reserved for the call")
            if limit.unless_reserved
            else ("", "")
        )
        return (
            f"{key_zh}{what_zh}后{within_zh}不得外呼{unless_zh}",
            f"no dial {within_en} after {what_en} {key_en}{unless_en}",
        )
    if gap := gap_s(limit):
        zh, en = span(gap)
        return f"同一债务人两次外呼至少间隔 {zh}", f"at least {en} between two dials to a debtor"
    return f"{key_zh}{within_zh}{what_zh}至多 {limit.max} 次", f"at most {limit.max} {what_en} {key_en} {within_en}"


def no_room(limit: Limit, spent: int) -> tuple[str, str]:
    """Why a limit forbids another call now."""
    what_zh, what_en = _COUNTED[limit.what]
    key_zh, key_en = _KEYS[limit.key]
    if limit.after is not None:
        return limit_rule(limit)
    if gap := gap_s(limit):
        return f"距上次外呼不足 {gap:g} 秒", f"less than {gap:g} s since the last dial to this debtor"
    match limit.window:
        case LocalDays(days=1) if not isinstance(limit.window, CampaignPeriod):
            zh, en = "今日", "used today"
        case _:
            zh, en = _within(limit)
            en = f"used {en}"
    return (
        f"{key_zh}{zh}{what_zh}已达 {spent} 次（上限 {limit.max} 次）",
        f"{what_en} {key_en}: {spent} of {limit.max} {en}",
    )


def third_party(rule: ThirdPartyRule, unreached: int) -> tuple[str, str]:
    """Why a contact may not be called."""
    zh, en = [], []
    if rule.own_number_invalid:
        zh.append("本人号码均失效")
        en.append("no number of the debtor's own is left")
    if rule.after_unreached is not None:
        zh.append(f"连续 {rule.after_unreached} 次未联系上本人（现 {unreached} 次）")
        en.append(f"{rule.after_unreached} dials in a row did not reach the debtor (now {unreached})")
    if not zh:
        return "规则不允许联系第三方", "the rules let no third party be called"
    return f"仅当{'或'.join(zh)}方可联系第三方", f"a contact may be called only when {' or '.join(en)}"


def _within(limit: Limit) -> tuple[str, str]:
    match limit.window:
        case CampaignPeriod(begins_on=None):
            return "活动期内", "in the campaign's period"
        case CampaignPeriod(days=days, begins_on=begins_on):
            return f"活动期（{begins_on} 起 {days} 天）内", f"in the campaign's period, {days} days from {begins_on}"
        case LocalDays(days=1):
            return "当日", "on a local day"
        case LocalDays(days=days):
            return f"连续 {days} 天内", f"within {days} consecutive days"
        case Rolling(seconds=seconds):
            zh, en = span(seconds)
            return f" {zh}内", f"within {en}"
