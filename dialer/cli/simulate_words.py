"""Words and number formats of forecasts, for the terminal, the page and the day beside the real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from dialer.cli.charts import percent
from dialer.cli.lang import Lang, word
from dialer.cli.simulate_plan import Key, Setting
from dialer.sim.forecast import Figure
from dialer.types import Mode

Form = Callable[[float], str]


def _percent(value: float) -> str:
    return percent(value, 1)


def _fine_percent(value: float) -> str:
    return percent(value, 2)


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 0.9995 else f"{value:.1f} s"


def _one(value: float) -> str:
    return f"{value:,.1f}"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure as people read it."""

    zh: str
    en: str
    form: Form
    short_zh: str = ""
    """As the head of a column; empty: the long one."""
    short_en: str = ""

    def head(self, lang: Lang) -> str:
        """The short name."""
        return lang.pick(self.short_zh or self.zh, self.short_en or self.en)


MEASURES: Final[Mapping[str, Measure]] = {
    "occupancy": Measure("占用率", "occupancy", _percent),
    "talk_minutes_per_agent_hour": Measure(
        "每坐席小时通话（分钟）", "talk minutes per agent-hour", _one, "通话分/时", "talk min/h"
    ),
    "abandonment_ratio": Measure("弃呼率", "abandonment", _fine_percent),
    "wait_p50_s": Measure("接听到坐席 p50", "wait for an agent, p50", _seconds, "等待 p50", "wait p50"),
    "wait_p95_s": Measure("接听到坐席 p95", "wait for an agent, p95", _seconds, "等待 p95", "wait p95"),
    "placed": Measure("拨打", "calls placed", _whole, "拨打", "calls"),
    "answered": Measure("接听", "answered", _whole),
    "calls_per_answer": Measure("每次接听的拨打", "calls per answer", _one, "拨打/接听", "calls/answer"),
    "talk_minutes": Measure("通话（分钟）", "talk minutes", _whole),
    "agent_hours": Measure("坐席小时", "agent-hours", _one),
    "peak_calls": Measure(
        "同时通话峰值（所需线路）", "peak calls at once (channels needed)", _whole, "峰值线路", "peak calls"
    ),
    "peak_calls_per_s": Measure("每秒新呼叫峰值", "peak calls per second", _whole, "峰值/秒", "peak/s"),
    "accounts_left": Measure("剩余账户", "accounts left", _whole, "剩余", "left"),
}
KEYS: Final[Mapping[Key, tuple[str, str]]] = {
    Key.MODE: ("模式", "mode"),
    Key.TARGET: ("目标弃呼率", "target"),
    Key.RATIO: ("拨打比", "ratio"),
    Key.ANSWER_RATE: ("接听率", "answer rate"),
    Key.TRUNKS: ("线路", "trunks"),
    Key.AGENTS: ("坐席", "agents"),
}
GROUNDS: Final[Mapping[str, tuple[str, str]]] = {
    **{str(key): words for key, words in KEYS.items()},
    "hours": ("时段", "hours"),
    "accounts": ("名单", "list"),
    "talk": ("平均通话", "mean talk"),
    "wrap_up": ("平均话后", "mean wrap-up"),
    "ring": ("平均振铃到接听", "mean ring to the answer"),
    "breaks": ("小休", "breaks"),
    "history": ("历史", "history"),
    "calls_per_s": ("每秒新呼叫上限", "calls per second, at most"),
}


def setting_text(key: Key, value: Setting, lang: Lang) -> str:
    """One value of what is swept."""
    match key:
        case Key.MODE:
            return word(Mode(str(value)), lang)
        case Key.TARGET | Key.ANSWER_RATE:
            return f"{float(value) * 100:.4g}%"
        case Key.RATIO:
            return f"{float(value):g}"
        case Key.TRUNKS | Key.AGENTS:
            return f"{int(value):,}"


def fixed_text(fixed: dict[Key, Setting], lang: Lang) -> str:
    """The other settings of a line, such as `target 3 %, predictive`."""
    parts = (
        setting_text(key, value, lang)
        if key is Key.MODE
        else f"{lang.pick(*KEYS[key])} {setting_text(key, value, lang)}"
        for key, value in fixed.items()
    )
    return ", ".join(parts)


def figure_text(name: str, figure: Figure | None, *, with_interval: bool = True) -> str:
    """A mean with its interval, as `81.3 % ± 0.6`; a dash for none."""
    if figure is None:
        return "–"
    form = MEASURES[name].form
    mean = form(figure.mean)
    if not with_interval or figure.half_width is None:
        return mean
    return f"{mean} ± {form(figure.half_width)}"


def span_text(name: str, figure: Figure | None) -> str:
    """An interval from end to end, as `80.7% – 81.9%`."""
    if figure is None or figure.low is None or figure.high is None:
        return figure_text(name, figure)
    form = MEASURES[name].form
    return f"{form(figure.low)} – {form(figure.high)}"
