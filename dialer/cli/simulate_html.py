"""A forecast as one HTML file, in the look of the reports: nothing is fetched, and it prints well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from html import escape
from typing import Final

from dialer.cli.charts import percent
from dialer.cli.page import figure, heading, page, table
from dialer.cli.simulate_answers import rows_over
from dialer.cli.simulate_plan import Key
from dialer.cli.simulate_run import Outlook
from dialer.cli.simulate_sentences import answer_text
from dialer.cli.simulate_svg import Dot, Line, key_html, lines_svg
from dialer.cli.simulate_view import (
    View,
    charted,
    closing_note,
    figure_rows,
    moment_text,
    sweep_columns,
    trial_note,
    trial_rows,
    tried_note,
)
from dialer.cli.simulate_words import KEYS, MEASURES, figure_text, fixed_text, setting_text

_CHARTS: Final = ("occupancy", "abandonment_ratio", "talk_minutes_per_agent_hour", "peak_calls")
_HOUR_S: Final = 3600.0


def render_html(view: View) -> str:
    """The page of a forecast."""
    title = view.lang.pick("外呼预测", "Dialer forecast")
    return page(f"{title} · {view.title}", "".join(_body(view)), view.lang)


def _body(view: View) -> Iterator[str]:
    pick = view.lang.pick
    under = f"{pick('预测', 'Forecast')} · {view.campaign.name} · {view.span} ({view.zone.key})"
    yield f'<h1>{escape(view.title)}</h1><div class="muted">{escape(under)}</div>'
    yield from (f'<p class="note">{escape(note)}</p>' for note in view.notes)
    if len(view.outlooks) == 1:
        yield from _single(view, view.outlooks[0])
    else:
        yield from _sweep(view)
    if view.trial is not None:
        day = view.trial.trial.real.day
        yield heading(pick(f"{day} 的实际与模拟", f"{day} as it was and as simulated"))
        heads, rows = trial_rows(view, view.trial)
        styles = ["" if fits is None else "good" if fits else "off" for _, fits in rows]
        yield table(heads, [cells for cells, _ in rows], styles)
        yield f'<div class="key">{escape(trial_note(view, view.trial))}</div>'
    yield heading(pick("前提", "What it rests on"))
    grounds = table((), [(view.ground(one), one.value, one.origin) for one in view.grounds])
    yield f'<div class="words">{grounds}</div>'
    yield f'<div class="key">{escape(closing_note(view))}</div>'


# --- one point -----------------------------------------------------------------------------------------


def _single(view: View, one: Outlook) -> Iterator[str]:
    yield f'<div class="figures">{"".join(_tiles(view, one))}</div>'
    yield from _day(view, one)
    yield heading(view.lang.pick("全部数字", "All figures"))
    figures = table((), [(name, value, note) for name, value, note, _ in figure_rows(view, one)])
    yield f'<div class="words">{figures}</div>'


def _tiles(view: View, one: Outlook) -> Iterator[str]:
    pick, told = view.lang.pick, one.forecast
    peak = told.figures.get("peak_calls")
    target = setting_text(Key.TARGET, one.point.target, view.lang)
    for name, note, style in (
        ("occupancy", "", ""),
        ("abandonment_ratio", f"≤ {target}", "good" if one.holds_target else "bad"),
        ("talk_minutes_per_agent_hour", "", ""),
        ("wait_p95_s", "", ""),
        ("peak_calls", "" if peak is None else pick(f"最多 {peak.most:,.0f}", f"at most {peak.most:,.0f}"), ""),
        ("calls_per_answer", "", ""),
    ):
        found = told.figures.get(name)
        half = "" if found is None or found.half_width is None else f"± {MEASURES[name].form(found.half_width)}"
        said = " · ".join(part for part in (half, note) if part)
        yield figure(MEASURES[name].head(view.lang), figure_text(name, found, with_interval=False), said, style)
    if told.tried is not None:
        yield figure(pick("全部拨过一遍", "all tried"), moment_text(view, one, "tried_s"), tried_note(view, one), "")


def _day(view: View, one: Outlook) -> Iterator[str]:
    """The course of the day."""
    day, pick = one.forecast.day, view.lang.pick
    if len(day) < 2:
        return
    start_at = view.start_at.astimezone(view.zone)
    last_s = day[-1].start_s
    step_s = next(step for step in (900.0, 1800.0, _HOUR_S, 2 * _HOUR_S, 4 * _HOUR_S) if last_s / step <= 12.0)
    midnight_s = start_at.hour * _HOUR_S + start_at.minute * 60.0
    first_s = -midnight_s % step_s
    ticks = [first_s + n * step_s for n in range(int((last_s - first_s) / step_s) + 1)] if last_s >= first_s else [0.0]

    def clock(seconds: float) -> str:
        return f"{start_at + timedelta(seconds=seconds):%H:%M}"

    def chart(lines: Sequence[Line], form: Callable[[float], str], top: float | None = None) -> str:
        return lines_svg(lines, x_text=clock, y_text=form, x_label="", top=top, ticks=ticks, dotted=False)

    occupancy = Line(name="", dots=tuple(Dot(x=part.start_s, y=part.occupancy) for part in day))
    yield heading(pick("全天占用率", "Occupancy over the day"))
    yield chart([occupancy], percent, 1.0)
    yield heading(pick("坐席与呼叫", "Agents and calls"))
    agents = tuple(Dot(x=part.start_s, y=part.agents) for part in day)
    in_air = tuple(Dot(x=part.start_s, y=part.in_air) for part in day)
    lines = [
        Line(name=pick("在线坐席", "agents at work"), dots=agents),
        Line(name=pick("振铃中的呼叫", "calls in the air"), dots=in_air),
    ]
    yield chart(lines, lambda value: f"{value:g}") + key_html(lines)


# --- a sweep -------------------------------------------------------------------------------------------


def _sweep(view: View) -> Iterator[str]:
    pick = view.lang.pick
    if view.answers:
        items = "".join(
            f'<li class="{"good" if one.value is not None else "off"}">{escape(answer_text(view, one))}</li>'
            for one in view.answers
        )
        yield heading(pick("回答", "Answers")) + f'<ul class="answers">{items}</ul>'
    key = charted(view)
    if key is not None:
        yield from _charts(view, key)
    yield heading(pick("全部组合", "All combinations"))
    columns = sweep_columns(view)
    rows = zip(*(column.cells for column in columns), strict=True)
    yield f'<div class="wide">{table([column.head for column in columns], list(rows))}</div>'


def _charts(view: View, key: Key) -> Iterator[str]:
    rows = rows_over(view.outlooks, view.swept, key)
    targets = sorted({one.point.target for one in view.outlooks})
    for name in _CHARTS:
        lines = [Line(name=fixed_text(fixed, view.lang), dots=tuple(_dots(name, key, row))) for fixed, row in rows]
        lines = [line for line in lines if any(dot.y is not None for dot in line.dots)]
        if not lines:
            continue
        measure = MEASURES[name]
        yield heading(view.lang.pick(measure.zh, measure.en[:1].upper() + measure.en[1:]))
        yield lines_svg(
            lines,
            x_text=lambda value: setting_text(key, value, view.lang),
            y_text=percent if name == "occupancy" else _short_percent if name == "abandonment_ratio" else _plain,
            x_label=view.lang.pick(*KEYS[key]),
            top=1.0 if name == "occupancy" else None,
            limits=targets if name == "abandonment_ratio" else (),
        )
        yield key_html(lines)


def _dots(name: str, key: Key, row: Iterable[Outlook]) -> Iterator[Dot]:
    for one in row:
        found = one.forecast.figures.get(name)
        x = float(one.settings[key])
        if found is None:
            yield Dot(x=x, y=None)
        else:
            yield Dot(x=x, y=found.mean, low=found.low, high=found.high)


def _short_percent(value: float) -> str:
    return f"{value * 100:.3g}%"


def _plain(value: float) -> str:
    return f"{value:,.4g}"
