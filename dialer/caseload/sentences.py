"""Why a debtor is with whom they are, for people: Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

from dialer.caseload.assigning import Decision, Ground
from dialer.caseload.rules import AssignmentSettings

Sentence = tuple[str, str]
"""Chinese, English."""

GROUNDS: Mapping[Ground, Sentence] = {
    Ground.OVERRIDE: ("人工指定", "given by a person"),
    Ground.PROMISE: ("留案：承诺还款未到期", "kept: holds a live promise"),
    Ground.PRIOR: ("原坐席继续", "the owner so far goes on"),
    Ground.SHARED: ("新分", "given out"),
    Ground.NO_CONTACT: ("轮案：久未联系到本人", "moved: the right party was not reached for too long"),
    Ground.COMPLAINT: ("回避：曾投诉原坐席", "moved: complained about the owner so far"),
    Ground.UNFIT: ("改分：原坐席不合规则", "moved: the owner so far is not who should look after such debtors"),
    Ground.GONE: ("改分：原坐席已不在", "moved: the owner so far is no agent any more"),
    Ground.FULL_OWNER: ("改分：原坐席已满", "moved: the owner so far has no room"),
    Ground.EVENED: ("改分：均衡", "moved: to even out the shares"),
    Ground.FULL: ("待分：合规坐席都已满", "waits: nobody who may has room"),
    Ground.NOBODY: ("待分：无合规坐席", "waits: there is nobody who may"),
    Ground.NO_RULE: ("待分：没有规则适用", "waits: no rule holds"),
}


def ground_of(decision: Decision) -> Sentence:
    """Why, in a few words."""
    return GROUNDS[decision.ground]


def explained(decision: Decision, settings: AssignmentSettings) -> Sentence:
    """Why, in a sentence: the ground with its figures, the rule, and what it asks."""
    zh, en = GROUNDS[decision.ground]
    days, limit = decision.case.days_without_contact, settings.keep.move_after_days
    if decision.ground is Ground.NO_CONTACT:
        zh, en = f"{zh}（{days} 天，上限 {limit} 天）", f"{en} ({days} days, at most {limit})"
    if decision.rule and decision.ground is not Ground.OVERRIDE:
        zh, en = f"{zh}；规则“{decision.rule}”", f"{en}; rule {decision.rule!r}"
    if decision.skill:
        zh, en = f"{zh}，{decision.skill} ≥ {decision.level}", f"{en}, {decision.skill} at least {decision.level}"
    if decision.beyond:
        zh, en = f"{zh}；首选坐席已满，由他人兼", f"{en}; those who should have no room"
    return zh, en
