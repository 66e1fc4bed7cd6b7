"""How figures and outcomes are written for people, in Chinese and in English."""

from __future__ import annotations

from dialer.types import Outcome

OUTCOMES: dict[Outcome, tuple[str, str]] = {
    Outcome.BRIDGED: ("已通话", "talked with an agent"),
    Outcome.ABANDONED: ("已接听但无坐席", "answered, no agent in time"),
    Outcome.EARLY_HANGUP: ("接听即挂断", "answered and hung up at once"),
    Outcome.MACHINE: ("语音信箱", "machine"),
    Outcome.BUSY: ("占线", "busy"),
    Outcome.NO_ANSWER: ("无人接听", "no answer"),
    Outcome.REJECTED: ("拒接", "rejected"),
    Outcome.INVALID: ("空号", "number does not exist"),
    Outcome.UNREACHABLE: ("关机或不在服务区", "switched off or out of coverage"),
    Outcome.CONGESTION: ("网络拥塞", "congestion"),
    Outcome.TRUNK_FAILED: ("线路故障", "trunk failed"),
    Outcome.CANCELLED: ("我方取消", "given up by us"),
    Outcome.ENGINE_ERROR: ("系统错误", "error of the engine"),
    Outcome.UNKNOWN: ("结果不明", "outcome unknown"),
}


def spelled(seconds: float) -> str:
    """A duration as settings files write it: `90s`, `5m`, `2h`, `1d`."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def percent(ratio: float) -> str:
    """A ratio as people say it: `3%`."""
    return f"{ratio * 100:g}%"


def both(zh: str, en: str) -> str:
    """One sentence for both readers, where there is room for one text only."""
    return f"{zh} · {en}"
