"""In which language do people read the screen?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from dialer.types import AgentState, CallState, CampaignState, Mode, Outcome


class Lang(StrEnum):
    """The languages that commands speak."""

    ZH = "zh"
    EN = "en"

    def pick(self, zh: str, en: str) -> str:
        """The one of the two texts that this language reads."""
        return zh if self is Lang.ZH else en

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Lang:
        """The language of the locale variables, the strongest first; English when they name another."""
        for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            if value := environment.get(name):
                return cls.ZH if value.lower().startswith("zh") else cls.EN
        return cls.EN


# A tuple of pairs: members of different enumerations with the same value are equal as keys.
_WORDS: Final[tuple[tuple[StrEnum, str, str], ...]] = (
    (AgentState.OFFLINE, "离线", "offline"),
    (AgentState.CALLING_IN, "接入中", "calling in"),
    (AgentState.READY, "就绪", "ready"),
    (AgentState.PREVIEWING, "预览", "previewing"),
    (AgentState.RESERVED, "已预留", "reserved"),
    (AgentState.TALKING, "通话", "talking"),
    (AgentState.WRAP_UP, "话后", "wrap-up"),
    (AgentState.PAUSED, "小休", "paused"),
    (CallState.PLACED, "已拨出", "placed"),
    (CallState.RINGING, "振铃", "ringing"),
    (CallState.SCREENING, "辨识中", "screening"),
    (CallState.ANSWERED, "已接听", "answered"),
    (CallState.CONNECTING, "接续中", "connecting"),
    (CallState.TALKING, "通话", "talking"),
    (CallState.RELEASED, "已释放", "released"),
    (CallState.CLOSED, "已结束", "closed"),
    (CampaignState.RUNNING, "运行中", "running"),
    (CampaignState.PAUSED, "已暂停", "paused"),
    (CampaignState.STOPPING, "停止中", "stopping"),
    (CampaignState.STOPPED, "已停止", "stopped"),
    (CampaignState.FINISHED, "已完成", "finished"),
    (Mode.PREVIEW, "预览式", "preview"),
    (Mode.PROGRESSIVE, "渐进式", "progressive"),
    (Mode.POWER, "比率式", "power"),
    (Mode.PREDICTIVE, "预测式", "predictive"),
    (Outcome.BRIDGED, "接通坐席", "bridged"),
    (Outcome.ABANDONED, "弃呼", "abandoned"),
    (Outcome.EARLY_HANGUP, "接听即挂", "early hang-up"),
    (Outcome.MACHINE, "留言机", "machine"),
    (Outcome.BUSY, "忙线", "busy"),
    (Outcome.NO_ANSWER, "无人接听", "no answer"),
    (Outcome.REJECTED, "拒接", "rejected"),
    (Outcome.INVALID, "空号", "invalid"),
    (Outcome.UNREACHABLE, "关机或不在服务区", "unreachable"),
    (Outcome.CONGESTION, "线路拥塞", "congestion"),
    (Outcome.TRUNK_FAILED, "线路故障", "trunk failed"),
    (Outcome.CANCELLED, "取消", "cancelled"),
    (Outcome.ENGINE_ERROR, "系统错误", "engine error"),
    (Outcome.UNKNOWN, "未知", "unknown"),
)
_LIMITS: Final[Mapping[str, tuple[str, str]]] = {
    "agents": ("坐席", "agents"),
    "ratio": ("拨打比", "ratio"),
    "budget": ("弃呼额度", "abandonment budget"),
    "trunk": ("线路", "trunk channels"),
    "calls_per_s": ("每秒呼叫数", "calls per second"),
    "leads": ("名单", "accounts to dial"),
    "no_agents": ("无坐席", "no agents"),
    "preview": ("预览", "preview"),
    "store": ("数据库", "store"),
}
_SHORT_LIMITS: Final[Mapping[str, tuple[str, str]]] = {
    "budget": ("弃呼额度", "budget"),
    "trunk": ("线路", "trunk"),
    "calls_per_s": ("速率", "calls/s"),
    "leads": ("名单", "list"),
}
"""For the cells of narrow tables; the others are short enough."""
_PAIRS: Final = {(type(member), member.value): (zh, en) for member, zh, en in _WORDS}


def word(member: StrEnum, lang: Lang) -> str:
    """The word that people of this language use for a state, mode or outcome."""
    zh, en = _PAIRS[type(member), member.value]
    return lang.pick(zh, en)


def outcome_word(value: str, lang: Lang) -> str:
    """As `word` for an outcome that came as text; an unknown one stays as it is."""
    if value == "open":  # a report's word for attempts that are not over
        return lang.pick("进行中", "in progress")
    return word(Outcome(value), lang) if value in set(Outcome) else value


def limit_word(limit: str, lang: Lang, *, short: bool = False) -> str:
    """What keeps pacing from more calls, in a word or two, or as short as can be; an unknown one stays as it is."""
    words = _LIMITS.get(limit)
    if short:
        words = _SHORT_LIMITS.get(limit, words)
    return limit if words is None else lang.pick(*words)
