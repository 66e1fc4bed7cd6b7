"""Other targets as people read them: the table and its sentences for the terminal and the page, and the JSON."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dialer.cli.charts import percent
from dialer.cli.lang import Lang, limit_word, word
from dialer.cli.page import heading, table
from dialer.cli.report_what_if import CannotSay, Gain, Line, WhatIf
from dialer.cli.simulate_words import MEASURES, figure_text
from dialer.cli.svg import Mark, marks_svg
from dialer.sim.forecast import Figure
from dialer.types import Mode

_HELD_BACK: Final = 0.5
"""When something other than the budget held pacing back for this part of the time, other targets bring little."""
_WIDE: Final = 100


def title(lang: Lang) -> str:
    """Of the section."""
    return lang.pick("换一个目标弃呼率会怎样", "what other targets would have brought")


def heads(lang: Lang) -> tuple[str, ...]:
    """Of the table's columns."""
    return (
        lang.pick("目标", "target"),
        lang.pick("占用率", "occupancy"),
        lang.pick("增减（百分点）", "gain, points"),
        lang.pick("通话增减（分）", "talk min gained"),
        lang.pick("弃呼率", "abandonment"),
        lang.pick("弃呼", "lost"),
        lang.pick("主要限制", "held back by"),
    )


def rows(told: WhatIf, lang: Lang) -> Iterator[tuple[str, ...]]:
    """The table's cells, line by line."""
    for line in told.lines:
        figures = line.forecast.figures
        limit = next(iter(line.forecast.limits.items()), None)
        yield (
            target_text(line, lang),
            figure_text("occupancy", figures.get("occupancy"), with_interval=False),
            "–" if line.is_own else gain_text(line.gains["occupancy"], 100.0, 1),
            "–" if line.is_own else gain_text(line.gains["talk_minutes"], 1.0, 0),
            figure_text("abandonment_ratio", figures.get("abandonment_ratio")),
            _mean(figures.get("abandoned")),
            "–" if limit is None else f"{limit_word(limit[0], lang)} {percent(limit[1])}",
        )


def target_text(line: Line, lang: Lang) -> str:
    """Such as `3%`, the campaign's own marked."""
    text = f"{line.target * 100:g}%" if line.mode is Mode.PREDICTIVE else word(line.mode, lang)
    return f"{text} {lang.pick('现在', 'now')}" if line.is_own else text


def gain_text(gain: Gain, scale: float, digits: int) -> str:
    """Such as `+1.9 ± 0.4`."""
    mean = f"{gain.mean * scale:+,.{digits}f}"
    return mean if gain.half_width is None else f"{mean} ± {gain.half_width * scale:,.{digits}f}"


def _mean(figure: Figure | None) -> str:
    return "–" if figure is None else f"{figure.mean:,.1f}"


def notes(told: WhatIf | CannotSay, lang: Lang) -> Iterator[str]:
    """What it rests on, and how far to believe it."""
    if isinstance(told, CannotSay):
        yield lang.pick(told.zh, told.en)
        return
    real, learned = told.result.trial.real, told.past.learned
    runs = told.own.forecast.runs
    yield lang.pick(
        f"{real.day} 按当天的 {len(real.agents)} 名坐席和 {real.hours:.1f} 小时重新模拟，每个目标 {runs} 次，客户相同；"
        f"行为学自 {learned.calls:,} 次拨打、{learned.answers:,} 次接听。± 为 95% 区间。",
        f"{real.day} simulated again with that day's {len(real.agents)} agents and {real.hours:.1f} h, {runs} runs for "
        f"each target with the same customers; behaviour learned from {learned.calls:,} calls and "
        f"{learned.answers:,} answers. ± is the 95 % interval.",
    )
    yield _against_the_day(told, lang)
    yield from _warnings(told, lang)
    yield lang.pick(
        "增减均与现在相比。名单视为没有尽头，当天从头学习、从零计弃呼额度；真实的一天还会因此略有不同。",
        "Gains are against now. The list is taken to have no end, and the day to begin with nothing learned and "
        "nothing spent of the budget; a real day differs by that.",
    )


def _against_the_day(told: WhatIf, lang: Lang) -> str:
    """The day as it was beside its simulation with today's settings."""
    parts, off = [], []
    for one in told.compared:
        if one.name not in ("occupancy", "abandonment_ratio", "placed", "talk_minutes"):
            continue
        measure = MEASURES[one.name]
        name = lang.pick(measure.zh, measure.en)
        simulated = figure_text(one.name, one.figure, with_interval=False)
        parts.append(lang.pick(f"{name} {measure.form(one.real)}（模拟 {simulated}）",
                               f"{name} {measure.form(one.real)} (simulated {simulated})"))  # fmt: skip
        if one.is_as_forecast is False:
            off.append(name)
    told_day = lang.pick("当天实际：", "The day as it was: ") + lang.pick("，", ", ").join(parts)
    if not off:
        return told_day + lang.pick("。", ".")
    return told_day + lang.pick(
        f"。{'、'.join(off)} 超出模拟一天的 95% 范围，对差别也要存疑。",
        f". Outside what a simulated day would be (95 %): {', '.join(off)}; doubt the differences, too.",
    )


def _warnings(told: WhatIf, lang: Lang) -> Iterator[str]:
    others = [line for line in told.lines if not line.is_own]
    if others and not any(line.gains["occupancy"].is_sure for line in others):
        yield lang.pick(
            "各目标的占用率与现在都没有可靠的差别。", "No target's occupancy surely differs from what it is now."
        )
    held = {limit: share for limit, share in told.own.forecast.limits.items() if limit not in ("budget", "agents")}
    if sum(held.values()) > _HELD_BACK:
        limit = max(held, key=lambda name: held[name])
        yield lang.pick(
            f"现在主要受限于{limit_word(limit, lang)}（{percent(held[limit])} 的时间），改目标帮助不大。",
            f"For {percent(held[limit])} of the time {limit_word(limit, lang)} held pacing back, not the target.",
        )
    if told.is_interrupted:
        yield lang.pick(
            f"已中断：{told.runs_wanted} 次模拟完成了 {told.runs_done} 次。",
            f"Stopped: {told.runs_done} of {told.runs_wanted} runs are done.",
        )


# --- terminal ------------------------------------------------------------------------------------------


def render_what_if(told: WhatIf | CannotSay, lang: Lang, width: int) -> RenderableType:
    """The section on a terminal."""
    parts: list[RenderableType] = [Text(f" {title(lang)}", "bold")]
    if isinstance(told, WhatIf):
        shown = len(heads(lang)) if width >= _WIDE else len(heads(lang)) - 1
        drawn = Table(box=None, header_style="bright_black", padding=(0, 2, 0, 0))
        for number, head in enumerate(heads(lang)[:shown]):
            text = f" {head}" if number == 0 else head
            drawn.add_column(text, justify="left" if number in (0, 6) else "right", no_wrap=True)
        for line, cells in zip(told.lines, rows(told, lang), strict=True):
            drawn.add_row(f" {cells[0]}", *cells[1:shown], style="bold" if line.is_own else "")
        parts.append(drawn)
    style = "bright_black" if isinstance(told, WhatIf) else "yellow"
    parts += [Padding(Text(note, style), (0, 0, 0, 1)) for note in notes(told, lang)]
    return Group(*parts)


# --- page ----------------------------------------------------------------------------------------------


def what_if_html(told: WhatIf | CannotSay, lang: Lang) -> str:
    """The section of the page."""
    name = title(lang)
    parts = [heading(name[:1].upper() + name[1:])]
    if isinstance(told, WhatIf):
        said = lang.pick("占用率比现在（百分点，95% 区间）", "occupancy against now, points, with 95 % intervals")
        parts += [marks_svg(tuple(_marks(told, lang))), f'<div class="key">{escape(said)}</div>']
        parts.append(table(heads(lang), rows(told, lang)))
    parts += [f'<div class="key">{escape(note)}</div>' for note in notes(told, lang)]
    return "".join(parts)


def _marks(told: WhatIf, lang: Lang) -> Iterator[Mark]:
    for line in told.lines:
        gain = line.gains["occupancy"]
        spread = gain.half_width or 0.0
        yield Mark(
            label=target_text(line, lang),
            value=gain.mean * 100.0,
            low=(gain.mean - spread) * 100.0,
            high=(gain.mean + spread) * 100.0,
            tip="" if line.is_own else gain_text(gain, 100.0, 1),
        )


# --- JSON ----------------------------------------------------------------------------------------------


def what_if_json(told: WhatIf | CannotSay) -> JsonValue:
    """The section for programs; its keys are told in docs/supervisors.md."""
    if isinstance(told, CannotSay):
        return {"why_not": told.en, "targets": []}
    real = told.result.trial.real
    return {
        "why_not": None,
        "day": real.day.isoformat(),
        "agents": len(real.agents),
        "hours": real.hours,
        "runs_done": told.runs_done,
        "runs_wanted": told.runs_wanted,
        "learned_from_calls": told.past.learned.calls,
        "learned_from_answers": told.past.learned.answers,
        "real_day": {
            one.name: {"real": one.real, "low": one.low, "high": one.high, "as_forecast": one.is_as_forecast}
            for one in told.compared
        },
        "targets": [_line_json(line) for line in told.lines],
    }


def _line_json(line: Line) -> JsonValue:
    return {
        "mode": line.mode.value,
        "target_abandonment_ratio": line.target,
        "is_own": line.is_own,
        "runs": line.forecast.runs,
        "runs_over_target": line.forecast.over_target,
        "figures": {
            name: {"mean": one.mean, "low": one.low, "high": one.high} for name, one in line.forecast.figures.items()
        },
        "gains": {name: {"mean": one.mean, "half_width": one.half_width} for name, one in line.gains.items()},
        "held_back_by": dict(line.forecast.limits),
    }
