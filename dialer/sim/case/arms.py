"""The arms: manual work, and a ladder on which each step adds one thing to the one before."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dialer.types import Mode


class Arm(StrEnum):
    """Ways of working the list."""

    MANUAL = "manual"
    PROGRESSIVE = "progressive"
    PREDICTIVE = "predictive"
    NUMBERS = "numbers"
    ORDER = "order"
    WRAP_UP = "wrap_up"


class Turn(StrEnum):
    """Who is next."""

    FIXED = "fixed"
    """Down the list, then down it again: whoever was tried longest ago, in the order of the list."""
    VALUE = "value"
    """The most expected recovery for each minute of an agent's time: `dialer.ordering`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How an arm works."""

    mode: Mode
    by_hand: bool = False
    """Agents look up, key in, listen to the ringing, hear announcements, and log what nobody answered."""
    turn: Turn = Turn.FIXED
    picks_numbers: bool = False
    """A number that is not answered gives way to a likelier one: `dialer.ordering.numbers`."""
    auto_wrap_up: bool = False
    """The dialer writes down what agents wrote by hand. How much time that saves is assumed."""
    zh: str
    en: str
    zh_more: str
    en_more: str


WAYS: Final = {
    Arm.MANUAL: Way(
        mode=Mode.PREVIEW,
        by_hand=True,
        zh="人工拨号",
        en="manual",
        zh_more="查户、手拨、听振铃、手工登记；按名单顺序循环",
        en_more="look up, key in, listen to the ringing, log by hand; down the list in turn",
    ),
    Arm.PROGRESSIVE: Way(
        mode=Mode.PROGRESSIVE,
        zh="渐进式外呼",
        en="progressive",
        zh_more="每名空闲坐席一通电话，接通才占用坐席",
        en_more="one call for each free agent, who is given answers only",
    ),
    Arm.PREDICTIVE: Way(
        mode=Mode.PREDICTIVE,
        zh="预测式外呼",
        en="predictive",
        zh_more="按预测提前拨号，放弃率受限",
        en_more="calls placed ahead, within the limit of abandonment",
    ),
    Arm.NUMBERS: Way(
        mode=Mode.PREDICTIVE,
        picks_numbers=True,
        zh="号码选择",
        en="+ numbers",
        zh_more="久不接听的号码让位给更可能接通的号码",
        en_more="a number that never answers gives way to a likelier one",
    ),
    Arm.ORDER: Way(
        mode=Mode.PREDICTIVE,
        turn=Turn.VALUE,
        picks_numbers=True,
        zh="期望价值排序",
        en="+ order",
        zh_more="按每分钟期望回收排序，最佳时段边拨边学",
        en_more="expected recovery per agent minute, best hours learned as it goes",
    ),
    Arm.WRAP_UP: Way(
        mode=Mode.PREDICTIVE,
        turn=Turn.VALUE,
        picks_numbers=True,
        auto_wrap_up=True,
        zh="自动登记（假设）",
        en="+ auto wrap-up (assumed)",
        zh_more="话后时长的缩短是假设，不是结果",
        en_more="the shorter wrap-up is an assumption, not a result",
    ),
}
LADDER: Final = tuple(Arm)
"""From the baseline up."""
ASSUMED: Final = frozenset({Arm.WRAP_UP})
"""Steps whose effect was put in by hand."""
