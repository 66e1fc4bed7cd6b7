"""How many accounts of a list may be dialled now, and what holds the others back: one step each, adding up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dialer.types import CampaignName

DIALABLE = "dialable"
BEHIND = "behind"
NO_AGENT = "no_agent"
GATE = "gate:"
"""Before the rule, in steps that the gate decides."""
DAY, GAP, REST, LIMIT = "day:", "gap:", "rest:", "limit:"
"""Between the two, for limits: of a day, between two dials, after an earlier call, any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Accounts that are held back by one thing, each counted once, at the first thing that holds it."""

    key: str
    """`closed`, `never:<flag>`, `leased`, `in_air`, `hold`, `promise`, `payment` (left alone after one), `waiting`,
    `team`, `no_number`, `stop:<flag>`, `desk`, `behind` (another account of the same person or number goes first),
    `gate:<rule>`, `gate:day:<rule>` and so on for limits, `no_agent`."""
    count: int
    next_at: datetime | None = None
    """When the first of them comes free, as far as time alone tells."""
    profile: str = ""
    """Whose rule it is, for the gate's."""
    cite: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """A list at one moment, from all its accounts down to those that may be dialled."""

    campaign: CampaignName
    list_name: str
    at: datetime
    total: int
    steps: tuple[Step, ...]
    """In the order in which they are asked."""
    dialable: int
    """total - all steps."""

    @property
    def next_at(self) -> datetime | None:
        """When the first account that only time holds back comes free."""
        return min((step.next_at for step in self.steps if step.next_at is not None), default=None)

    def held(self) -> dict[str, int]:
        """Step -> accounts, those that nothing but time or people hold back first; closed and stopped ones left out."""
        lasting = ("closed", "never:")
        wanted = [step for step in self.steps if not step.key.startswith(lasting)]
        return {step.key: step.count for step in sorted(wanted, key=lambda step: -step.count)}


_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "closed": ("已结案", "closed"),
    "hold": ("搁置", "on hold"),
    "promise": ("已承诺还款", "off the dialer for a promise"),
    "payment": ("刚刚付款", "left alone after a payment"),
    "desk": ("有人处理中", "at somebody's desk"),
    "waiting": ("等待重拨", "waiting to retry"),
    "leased": ("已取走待拨", "in an engine's hands"),
    "in_air": ("债务人或号码在通话中", "debtor or number in a call"),
    "team": ("归其他组", "of another team"),
    "no_number": ("无有效号码", "without a valid number"),
    BEHIND: ("同人或同号的账户先拨", "behind another account of the person or number"),
    NO_AGENT: ("无坐席可接", "no agent who may take it"),
    "gate:hours": ("时段外", "outside hours"),
    "gate:closing_margin": ("即将停呼", "too close to closing"),
    "gate:closed_date": ("停呼日", "on a closed date"),
    "gate:zone": ("时区不明", "without a time zone"),
    "gate:prefix": ("号段不可拨", "with a prefix that may not be dialled"),
    "gate:third_party": ("第三方不可拨", "third party, not to be called"),
}
_LIMITS: Final[Mapping[str, tuple[str, str]]] = {
    DAY: ("已达每日上限", "at the daily cap"),
    GAP: ("间隔未到", "within the gap"),
    REST: ("上次通话后的静默期", "resting after an earlier call"),
    LIMIT: ("已达上限", "at a limit"),
}
_FLAGS: Final[Mapping[str, tuple[str, str]]] = {
    "do_not_call": ("禁呼名单", "do not call"),
    "refused": ("拒绝联系", "refused"),
    "complaint": ("投诉", "complaint"),
    "dispute": ("争议", "dispute"),
    "paid": ("已结清", "paid"),
    "wrong_number": ("号码非本人", "wrong number"),
    "deceased": ("身故", "deceased"),
    "attorney": ("律师代理", "attorney"),
    "plan_performing": ("计划履行中", "plan performing"),
    "promise_open": ("承诺未到期", "promise not yet due"),
}
MOST_WORDS: Final = 4
"""An alert names so many reasons."""


def words(key: str) -> tuple[str, str]:
    """A step in a few words, in Chinese and in English."""
    kind, _, what = key.partition(":")
    if known := _WORDS.get(key):
        return known
    zh, en = _FLAGS.get(what, (what, what))
    match kind:
        case "never":
            return f"不再外呼：{zh}", f"never again: {en}"
        case "stop":
            return f"停呼：{zh}", f"stopped: {en}"
        case "gate" if limit := _LIMITS.get(what.partition(":")[0] + ":"):
            return limit
        case "gate":
            return f"规则 {what}", f"held by {what}"
        case _:
            return key, key


def zero_dialable(held: Mapping[str, int]) -> tuple[str, str]:
    """Why nothing can be dialled, in one line: `0 dialable: 812 outside hours, 411 at the daily cap`.

    Args:
        held: step -> accounts, as `Waterfall.held` gives them.

    Returns:
        The line in Chinese and in English.
    """
    counts: dict[tuple[str, str], int] = {}
    for key, count in held.items():
        counts[words(key)] = counts.get(words(key), 0) + count
    parts = sorted(counts.items(), key=lambda item: -item[1])[:MOST_WORDS]
    zh = "，".join(f"{count} {text}" for (text, _), count in parts)
    en = ", ".join(f"{count} {text}" for (_, text), count in parts)
    return (f"0 可拨：{zh}", f"0 dialable: {en}") if parts else ("0 可拨", "0 dialable")
