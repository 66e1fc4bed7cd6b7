"""A forecast on a terminal: what was simulated, the figures, a table and lines for a sweep, and answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from dialer.cli.charts import bar, percent, spark
from dialer.cli.simulate_answers import Answer, rows_over
from dialer.cli.simulate_past import TrialResult
from dialer.cli.simulate_run import Outlook
from dialer.cli.simulate_sentences import answer_text
from dialer.cli.simulate_view import (
    Column,
    View,
    charted,
    closing_note,
    figure_rows,
    sweep_columns,
    trial_note,
    trial_rows,
)
from dialer.cli.simulate_words import KEYS, MEASURES, fixed_text, setting_text, span_text

BAR_WIDTH: Final = 30
SLOTS_SHOWN: Final = 72
GAP: Final = 2
"""Between columns."""
DROPPED_FIRST: Final = (
    *("wait_p95_s", "peak_calls_per_s", "talk_minutes_per_agent_hour", "calls_per_answer", "over_target"),
    *("held_back_by", "peak_calls"),
)
"""Columns that a narrow terminal goes without, in this order."""


def render(view: View, width: int) -> RenderableType:
    """The whole forecast, as wide as the terminal."""
    title = Text.assemble((view.title, "bold"), (f"  {view.campaign.name}  {view.span}", "bright_black"))
    parts: list[RenderableType] = [Rule(title, align="left", style="bright_black"), _grounds(view)]
    parts += [Text(f" {note}", "yellow") for note in view.notes]
    parts.append(Text())
    if len(view.outlooks) == 1:
        parts += [_figures(view, view.outlooks[0]), Text(), *_day(view, view.outlooks[0], width)]
    else:
        parts += [_sweep(view, width), Text(), *_lines(view)]
    if view.answers:
        parts += [
            Text(view.lang.pick(" 回答", " answers"), "bold"),
            *(_answer(view, one) for one in view.answers),
            Text(),
        ]
    if view.trial is not None:
        parts += [*_trial(view, view.trial), Text()]
    parts.append(Text(f" {closing_note(view)}", "bright_black"))
    return Group(*parts)


def _grounds(view: View) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for one in view.grounds:
        table.add_row(Text(f" {view.ground(one)}", "bright_black"), Text(one.value), Text(one.origin, "bright_black"))
    return table


def _figures(view: View, one: Outlook) -> RenderableType:
    table = Table(box=None, show_header=False, padding=(0, 3, 0, 0), pad_edge=False)
    table.add_column()
    table.add_column(justify="right", style="bold")
    table.add_column(style="bright_black")
    for name, value, note, style in figure_rows(view, one):
        table.add_row(Text(f" {name}"), Text(value, style), Text(note))
    return table


def _day(view: View, one: Outlook, width: int) -> list[RenderableType]:
    """The day in sparklines."""
    day, pick = one.forecast.day, view.lang.pick
    if len(day) < 2:
        return []
    stride = -(-len(day) // max(10, min(SLOTS_SHOWN, width - 46)))
    shown = [day[number : number + stride] for number in range(0, len(day), stride)]
    busy = [_mean(slot.occupancy for slot in part) for part in shown]
    air = [_mean(slot.in_air for slot in part) for part in shown]
    agents = [_mean(slot.agents for slot in part) for part in shown]
    lost = [_share(sum(s.abandoned for s in part), sum(s.answered for s in part)) for part in shown]
    worst = max((value for value in lost if value is not None), default=0.0)
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, values, high, note in (
        (pick("占用率", "occupancy"), busy, 1.0, ""),
        (pick("弃呼率", "abandonment"), lost, max(worst, 2 * one.point.target), percent(worst, 1)),
        (pick("振铃中的呼叫", "calls in the air"), air, None, _top(air)),
        (pick("在线坐席", "agents at work"), agents, None, _top(agents)),
    ):
        said = pick(f"最高 {note}", f"at most {note}") if note else ""
        table.add_row(Text(f" {name}"), Text(spark(values, high=high), "cyan"), Text(said, "bright_black"))
    first, last = (view.start_at, one.done_at(one.forecast.measured_s))
    axis = f"{first.astimezone(view.zone):%H:%M}".ljust(max(6, len(shown) - 5)) + last
    table.add_row(Text(), Text(axis, "bright_black"), Text())
    return [table, Text()]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _top(values: Sequence[float | None]) -> str:
    return f"{max((value for value in values if value is not None), default=0.0):.1f}"


def _sweep(view: View, width: int) -> RenderableType:
    table = Table(box=None, header_style="bright_black", padding=(0, GAP, 0, 0), pad_edge=False)
    columns = _fitting(sweep_columns(view), width)
    for number, column in enumerate(columns):
        head = f" {column.head}" if number == 0 else column.head
        table.add_column(head, justify="left" if column.is_text else "right", no_wrap=True)
    for row, one in enumerate(view.outlooks):
        red = "" if one.holds_target else "red"
        cells = (
            Text(f" {column.cells[row]}" if number == 0 else column.cells[row],
                 red if column.name == "abandonment_ratio" else "")
            for number, column in enumerate(columns)
        )  # fmt: skip
        table.add_row(*cells)
    return table


def _fitting(columns: Sequence[Column], width: int) -> list[Column]:
    """As many as a terminal has room for; the least wanted go first."""
    kept = list(columns)
    for name in DROPPED_FIRST:
        if sum(max(map(cell_len, (one.head, *one.cells))) + GAP for one in kept) + 1 <= width:
            break
        kept = [one for one in kept if one.name != name]
    return kept


def _lines(view: View) -> list[RenderableType]:
    """For the quantity with the most values: occupancy and abandonment over it, a line for each of the others."""
    key = charted(view)
    if key is None:
        return []
    pick = view.lang.pick
    parts: list[RenderableType] = []
    rows = rows_over(view.outlooks, view.swept, key)
    for name in ("occupancy", "abandonment_ratio"):
        values = [one.forecast.mean(name) for one in view.outlooks]
        top = 1.0 if name == "occupancy" else max([0.001, *(value for value in values if value is not None)])
        head = pick(f" {MEASURES[name].zh}，按{KEYS[key][0]}", f" {MEASURES[name].en} by {KEYS[key][1]}")
        table = Table.grid(padding=(0, 2, 0, 0))
        for fixed, row in rows:
            for number, one in enumerate(row):
                mean = one.forecast.mean(name)
                label = setting_text(key, one.settings[key], view.lang)
                table.add_row(
                    Text(f" {fixed_text(fixed, view.lang)}" if number == 0 else "", "bold"),
                    Text(label, justify="right"),
                    Text(bar((mean or 0.0) / top, BAR_WIDTH), "cyan" if one.holds_target else "red"),
                    Text(span_text(name, one.forecast.figures.get(name)), "bright_black"),
                )
        parts += [Text(head, "bold"), table, Text()]
    return parts


def _answer(view: View, one: Answer) -> Text:
    return Text(f" {answer_text(view, one)}", "green" if one.value is not None else "yellow")


def _trial(view: View, result: TrialResult) -> list[RenderableType]:
    pick = view.lang.pick
    heads, rows = trial_rows(view, result)
    table = Table(box=None, header_style="bright_black", padding=(0, 2, 0, 0), pad_edge=False)
    for number, head in enumerate(heads):
        table.add_column(f" {head}" if number == 0 else head, justify="left" if number == 0 else "right")
    for cells, fits in rows:
        style = "" if fits is None else "green" if fits else "yellow"
        table.add_row(Text(f" {cells[0]}"), *(Text(cell, style if n == 0 else "") for n, cell in enumerate(cells[1:])))
    day = result.trial.real.day
    head = pick(f" {day} 的实际与模拟", f" {day} as it was and as simulated")
    return [Text(head, "bold"), table, Text(f" {trial_note(view, result)}", "bright_black")]
