"""Scores, reasons and alerts in the words of people: Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from dialer.campaigns.wording import spelled
from dialer.cli.lang import Lang
from dialer.risk.evaluating import SCORE
from dialer.risk.features import FEATURES
from dialer.risk.scorecard import Reason
from dialer.risk.warnings import Sign

_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_UNITS: Final = {"days": (" 天", " days"), "times": (" 次", ""), "months": (" 个月", " months")}

SIGNS: Final[Mapping[Sign, tuple[str, str]]] = {
    Sign.UTILISATION: ("信用额度使用率上升", "credit in use has risen"),
    Sign.OVERDUE_ELSEWHERE: ("他行新增逾期", "newly overdue elsewhere"),
    Sign.PROMISE_BROKEN: ("承诺未兑现", "promise not kept"),
    Sign.PAYMENT_SHRUNK: ("还款金额下降", "payments shrink"),
    Sign.PAYMENT_REVERSED: ("还款被退回", "payment returned"),
    Sign.CONTACTS_CHANGED: ("联系方式频繁变更", "contacts change often"),
    Sign.INCOME_FELL: ("收入下降", "income has fallen"),
    Sign.INCOME_LOST: ("失去收入", "income lost"),
    Sign.REPORTED: ("其他风险信号", "another sign of risk"),
}
ROLES: Final = {
    "champion": ("冠军", "champion"),
    "challenger": ("挑战者", "challenger"),
    "retired": ("停用", "retired"),
    "": ("–", "–"),
}
KINDS: Final = {"rules": ("规则评分卡", "rules"), "trained": ("逻辑回归", "trained")}
VERDICTS: Final = {
    "steady": ("稳定", "steady"),
    "watch": ("关注", "watch"),
    "alarm": ("告警", "alarm"),
    "better": ("更好", "better"),
    "worse": ("更差", "worse"),
    "undecided": ("无法区分", "not told apart"),
}


def feature_word(name: str, lang: Lang) -> str:
    """What people call a feature."""
    if name == SCORE:
        return lang.pick("评分", "score")
    one = FEATURES.get(name)
    return name if one is None else lang.pick(one.zh, one.en)


def bin_word(name: str, label: str, lang: Lang) -> str:
    """A bin with its unit: `≥ 31 days`, `20% … 50%`, `unknown`."""
    if label == "–":
        return lang.pick("未知", "unknown")
    if label == "*":
        return lang.pick("其他", "all others")
    one = FEATURES.get(name)
    if one is None or not one.unit:
        return label
    if one.unit == "%":
        return _NUMBER.sub(lambda found: f"{float(found[0]) * 100:.3g}%", label)
    return label + lang.pick(*_UNITS[one.unit])


def reason_text(one: Reason, lang: Lang) -> str:
    """What cost points, in a few words."""
    return f"{feature_word(one.feature, lang)} {bin_word(one.feature, one.label, lang)}"


def sign_text(facts: Mapping[str, Any], lang: Lang) -> str:
    """What happened, with the numbers that the rule looked at."""
    sign, value, before = Sign(facts["sign"]), facts.get("value"), facts.get("before")
    times, within = facts.get("times", 1), spelled(timedelta(seconds=facts.get("within_s", 0)).total_seconds())
    head = lang.pick(*SIGNS[sign])
    match sign:
        case Sign.UTILISATION:
            points = f"{facts['extent'] * 100:.0f}"
            return head + lang.pick(
                f"：{before:.0%} → {value:.0%}（升 {points} 个百分点）",
                f": {before:.0%} to {value:.0%}, {points} points",
            )
        case Sign.PAYMENT_SHRUNK | Sign.INCOME_FELL:
            return head + lang.pick(
                f"：{before:,.2f} → {value:,.2f}（降 {facts['extent']:.0%}）",
                f": {before:,.2f} to {value:,.2f}, {facts['extent']:.0%} less",
            )
        case Sign.OVERDUE_ELSEWHERE:
            return head + lang.pick(f"：{facts['extent']:,.2f}", f": {facts['extent']:,.2f}")
        case Sign.PROMISE_BROKEN | Sign.PAYMENT_REVERSED | Sign.CONTACTS_CHANGED:
            return head + lang.pick(f"：{within} 内 {times} 次", f": {times} within {within}")
        case Sign.INCOME_LOST:
            return head
        case Sign.REPORTED:
            return f"{head}: {facts.get('named', '')}"
