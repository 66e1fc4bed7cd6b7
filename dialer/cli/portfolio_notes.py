"""How the figures of a portfolio report are counted, at the foot of its page."""

from __future__ import annotations

from html import escape
from typing import Final

from dialer.cli.lang import Lang
from dialer.cli.page import heading

_NOTES: Final = (
    (
        ("逾期率", "Late"),
        "逾期户数 ÷ 在贷户数；宽限期内不算。区间为 Wilson 95%；少于 30 户的单元不显示。",
        "Late loans over loans on the book; days of grace are not late. Intervals: Wilson, 95 %. Parts of fewer than "
        "30 loans are not shown.",
    ),
    (
        ("剩余与逾期", "Outstanding and overdue"),
        "剩余本金从最早未还清的一期起计；一期须全额还清才算已还，部分还款计入回收。",
        "Outstanding is principal from the oldest instalment that is not paid whole; part payments count as "
        "recovered, not as paid.",
    ),
    (
        ("迁徙与滚动率", "Moves and roll rates"),
        "迁徙：月末在某账龄的本金，下月末到了哪里。滚动率：本月末某账龄本金 ÷ 上月末前一账龄本金。",
        "Moves: where the principal of a bucket stands a month later. Roll rate: principal in a bucket over that of "
        "the bucket before, a month earlier.",
    ),
    (
        ("放款批次", "Vintages"),
        "首次超过 30（90）天时的剩余本金累计 ÷ 当月放款；只画已走完的月份。",
        "Outstanding when a loan first was more than 30 (90) days late, added up, over what was paid out in the month; "
        "whole months only.",
    ),
    (
        ("回收率", "Recovered"),
        "当月到账 ÷ 月初逾期，每户不超过其月初逾期。",
        "What came within the month over what was overdue at its beginning; of each loan at most its own overdue.",
    ),
    (
        ("恢复正常", "Up to date again"),
        "Kaplan–Meier；仍逾期的按已观察天数计入。",
        "Kaplan-Meier; loans that still are late count as long as they have been seen.",
    ),
    (
        ("坐席", "Agents"),
        "间接标准化：层为账龄 × 产品 × 风险等级；不据此排名。少于 30 次不显示。",
        "Indirect standardisation over bucket, product and grade; no ranking follows from it. Fewer than 30 cases are "
        "not shown.",
    ),
    (
        ("明显更差", "Clearly worse"),
        "每个单元与其余比较，单侧超几何检验，Holm 校正；组合须比所属的大类更差才列出。",
        "Each part against the rest, one-sided, hypergeometric, adjusted by Holm; a combination is told only if it is "
        "worse than the larger parts that it belongs to.",
    ),
)


def notes(lang: Lang) -> str:
    """All of them, as HTML."""
    drawn = "".join(f"<p><b>{escape(lang.pick(*name))}</b> {escape(lang.pick(zh, en))}</p>" for name, zh, en in _NOTES)
    return heading(lang.pick("口径", "How it is counted")) + f'<div class="notes">{drawn}</div>'
