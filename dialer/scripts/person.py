"""A person's facts by the names that strategies use: told where somebody told them, else derived by stated rules. Pure.

What is derived, in this order, each by the rules of `deriving:` in strategies.yaml, the first that holds:
    habit         punctual, mostly_punctual, often_late, breaks_promises, unknown
    ability       able, strained, unable, unknown                (may ask about habit)
    willingness   willing, unwilling, unknown                    (may ask about habit and ability)
`reason` is never guessed: it was told, or it is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from dialer.campaigns.expressions import FactValue, first_that_holds
from dialer.scripts.model import Derivation, Person, Said

HABIT, REASON, ABILITY, WILLINGNESS = "habit", "reason", "ability", "willingness"
DERIVED: Final = (HABIT, ABILITY, WILLINGNESS)
UNKNOWN: Final = "unknown"

VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "party": ("debtor", "guarantor", "contact"),
    HABIT: ("punctual", "mostly_punctual", "often_late", "breaks_promises", UNKNOWN),
    REASON: (
        *("unemployment", "illness", "business_loss", "family", "late_wages", "disaster", "bereavement"),
        *("dispute", "fraud", "forgot", "technical", "other"),
    ),
    ABILITY: ("able", "strained", "unable", UNKNOWN),
    WILLINGNESS: ("willing", "unwilling", UNKNOWN),
}
"""The facts that have few values. `reason` may be empty too."""

LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "habit": ("还款习惯", "repayment habit"),
    "reason": ("逾期原因", "reason for delay"),
    "ability": ("还款能力", "ability"),
    "willingness": ("还款意愿", "willingness"),
    "punctual": ("一贯按时", "always on time"),
    "mostly_punctual": ("多数按时", "mostly on time"),
    "often_late": ("经常拖后", "often late"),
    "breaks_promises": ("屡次失约", "breaks promises"),
    "able": ("有能力", "able"),
    "strained": ("吃力", "strained"),
    "unable": ("暂无能力", "unable"),
    "willing": ("愿意", "willing"),
    "unwilling": ("不愿意", "unwilling"),
    UNKNOWN: ("未知", "unknown"),
    "unemployment": ("失业", "out of work"),
    "illness": ("生病", "illness"),
    "business_loss": ("经营困难", "business loss"),
    "family": ("家庭变故", "family"),
    "late_wages": ("工资未发", "wages are late"),
    "disaster": ("灾害", "disaster"),
    "bereavement": ("亲人去世", "bereavement"),
    "dispute": ("有争议", "dispute"),
    "fraud": ("疑被冒用", "fraud claimed"),
    "forgot": ("忘记", "forgot"),
    "technical": ("扣款失败", "payment failed"),
    "other": ("其他", "other"),
}
"""For people."""

_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "unemployment": (
        "失业",
        "待业",
        "下岗",
        "裁员",
        "离职",
        "unemploy",
        "jobless",
        "laid off",
        "lost job",
        "out of work",
    ),
    "illness": ("生病", "疾病", "住院", "手术", "医疗", "illness", "sick", "hospital", "medical"),
    "business_loss": ("经营", "生意", "亏损", "停业", "倒闭", "business", "bankrupt"),
    "bereavement": ("去世", "丧", "bereave", "funeral"),
    "family": ("家庭", "离婚", "抚养", "family", "divorce"),
    "late_wages": ("工资", "欠薪", "拖欠", "wage", "salary"),
    "disaster": ("灾", "地震", "洪水", "disaster", "flood", "quake"),
    "fraud": ("冒用", "诈骗", "盗用", "被骗", "fraud", "identity theft", "scam"),
    "dispute": ("争议", "异议", "纠纷", "dispute"),
    "forgot": ("忘", "forgot", "forget", "oversight"),
    "technical": ("扣款失败", "系统", "卡片失效", "technical", "bank error"),
    "able": ("有能力", "able"),
    "strained": ("吃力", "紧张", "strained", "tight"),
    "unable": ("无能力", "没能力", "困难", "unable"),
    "unwilling": ("不愿", "拒绝", "无意愿", "恶意", "unwilling", "refuses"),
    "willing": ("愿意", "willing"),
}
"""What sources write; the first value whose word is in the text."""
_ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    REASON: VALUES[REASON],
    ABILITY: ("unable", "strained", "able"),
    WILLINGNESS: ("unwilling", "willing"),
    HABIT: VALUES[HABIT],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """How a fact came to its value."""

    field: str
    value: str
    told: bool
    why: Said | None = None
    """The rule's; None: it was told, or no rule held."""
    rule: str = ""
    """The rule's place in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A person with all the facts that strategies may ask about."""

    person: Person
    facts: Mapping[str, FactValue]
    derived: tuple[Derived, ...]


def understood(field: str, text: str) -> str:
    """What a source's own words mean: `失业了` is unemployment; empty: nothing that is known.

    Args:
        field: habit, reason, ability or willingness.
        text: as a source wrote it.
    """
    plain = text.strip().casefold()
    if plain in VALUES[field]:
        return plain
    for value in _ORDER[field]:
        if any(word in plain for word in _WORDS.get(value, ())):
            return value
    return "other" if field == REASON and plain else ""


def know(
    person: Person, rules: Mapping[str, tuple[Derivation, ...]], at: datetime, *, told_for_days: int = 90
) -> Known:
    """All facts of a person.

    Args:
        person: as stored.
        rules: for each of `DERIVED`, in order.
        at: now, aware.
        told_for_days: what was told longer ago is not believed any more.
    """
    facts = _plain_facts(person)
    derived = [_told(person, REASON, at, told_for_days)]
    facts[REASON] = derived[0].value
    for field in DERIVED:
        one = _told(person, field, at, told_for_days)
        if not one.value:
            one = _by_rule(field, rules.get(field, ()), facts)
        facts[field] = one.value
        derived.append(one)
    return Known(person=person, facts=MappingProxyType(facts), derived=tuple(derived))


def _told(person: Person, field: str, at: datetime, told_for_days: int) -> Derived:
    said_at = person.told_at.get(field)
    old = said_at is not None and at - said_at > timedelta(days=told_for_days)
    value = "" if old else understood(field, person.told.get(field, ""))
    return Derived(field=field, value=value, told=bool(value))


def _by_rule(field: str, rules: tuple[Derivation, ...], facts: Mapping[str, FactValue]) -> Derived:
    spot = first_that_holds(tuple([rule.when for rule in rules]), facts) if rules else None
    if spot is None:
        return Derived(field=field, value=UNKNOWN, told=False)
    rule = rules[spot]
    return Derived(field=field, value=rule.value, told=False, why=rule.why, rule=str(rule.place))


def _plain_facts(person: Person) -> dict[str, FactValue]:
    """Everything but what is derived, which is unknown for now."""
    return {
        "party": person.party.value,
        "days_past_due": person.days_past_due,
        "amount_due": person.amount_due,
        "risk": person.risk,
        "region": person.region,
        "product": person.product,
        "industry": person.industry,
        "occupation": person.occupation,
        "language": person.language,
        "income_known": person.monthly_income is not None,
        "monthly_income": person.monthly_income or 0,
        "monthly_due": person.monthly_due or 0,
        "promises_kept": person.promises_kept,
        "promises_broken": person.promises_broken,
        "promise_open": person.promise_open,
        "paid_on_time": person.paid_on_time,
        "paid_late": person.paid_late,
        "last_disposition": person.last_disposition,
        HABIT: UNKNOWN,
        REASON: "",
        ABILITY: UNKNOWN,
        WILLINGNESS: UNKNOWN,
    }
