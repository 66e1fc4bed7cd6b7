"""Charts as inline SVG: bars for counts, columns and lines over time. Colours come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final

from dialer.cli.charts import percent
from dialer.cli.report_view import Bar, Point

_WIDTH: Final = 880
_LEFT: Final = 48
_RIGHT: Final = 12
_TOP: Final = 10
_AXIS: Final = 22


def bars_svg(bars: Sequence[Bar], style: str) -> str:
    """Horizontal bars, the largest as long as the chart; empty text without bars."""
    if not bars:
        return ""
    row, label, width, numbers = 26, 132, 420, 92
    room = width - label - numbers
    largest = max(one.share for one in bars)
    parts = []
    for index, one in enumerate(bars):
        y = index * row
        length = max(1.5, room * one.share / largest)
        parts.append(
            f'<text class="label" x="{label - 8}" y="{y + 17}" text-anchor="end">{escape(one.label)}</text>'
            f'<rect class="{style}" x="{label}" y="{y + 5}" width="{length:.1f}" height="16" rx="2"/>'
            f'<text x="{label + length + 7:.1f}" y="{y + 17}"><tspan class="number">{one.count:,}</tspan>'
            f'<tspan class="muted" dx="6">{one.share * 100:.1f}%</tspan></text>'
        )
    return f'<svg viewBox="0 0 {width} {len(bars) * row + 4}" role="img">{"".join(parts)}</svg>'


def attempts_svg(points: Sequence[Point], times: Sequence[str], names: tuple[str, str]) -> str:
    """Columns of attempts over time, the answered ones darker.

    Args:
        points: without gaps.
        times: one label for each point; only some are drawn.
        names: of all attempts and of the answered ones, for the tool tips.
    """
    height = 170
    top = nice_top(max(2, *(point.attempts for point in points)))  # half of it is a whole number
    plot = _Plot(len(points), height, top)
    columns = []
    for index, point in enumerate(points):
        x, width = plot.left(index), max(1.0, plot.step * 0.78)
        tip = f"{times[index]}: {names[0]} {point.attempts:,}, {names[1]} {point.answered:,}"
        columns.append(
            f"<g><title>{escape(tip)}</title>"
            f'<rect class="attempts" x="{x:.1f}" y="{plot.y(point.attempts):.1f}" width="{width:.1f}" '
            f'height="{plot.base - plot.y(point.attempts):.1f}"/>'
            f'<rect class="answered" x="{x:.1f}" y="{plot.y(point.answered):.1f}" width="{width:.1f}" '
            f'height="{plot.base - plot.y(point.answered):.1f}"/></g>'
        )
    ticks = [(value, f"{value:,.0f}") for value in (0, top / 2, top)]
    return plot.svg(ticks, times, "".join(columns))


def abandonment_svg(points: Sequence[Point], times: Sequence[str], target: float) -> str:
    """Abandonment of each stretch as dots, of the campaign so far as a line, and the target."""
    height = 170
    highest = max((point.abandonment_ratio or 0.0 for point in points), default=0.0)
    top = nice_top(max(highest, target * 2) * 100) / 100
    plot = _Plot(len(points), height, top)
    dots, line = [], []
    for index, point in enumerate(points):
        x = plot.left(index) + plot.step * 0.39
        if point.abandonment_ratio is not None:
            style = "over" if point.abandonment_ratio > target else "under"
            tip = f"{times[index]}: {point.abandonment_ratio * 100:.1f}%"
            dots.append(
                f'<circle class="{style}" cx="{x:.1f}" cy="{plot.y(point.abandonment_ratio):.1f}" r="3">'
                f"<title>{escape(tip)}</title></circle>"
            )
        if point.abandonment_so_far is not None:
            line.append(f"{x:.1f},{plot.y(point.abandonment_so_far):.1f}")
    limit = plot.y(target)
    inside = (
        f'<line class="target" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{limit:.1f}" y2="{limit:.1f}"/>'
        f'<polyline class="sofar" points="{" ".join(line)}"/>{"".join(dots)}'
    )
    ticks = [(value, f"{value * 100:g}%") for value in (0, top / 2, top)]
    return plot.svg(ticks, times, inside)


def budget_svg(points: Sequence[Point], times: Sequence[str], names: tuple[str, str]) -> str:
    """Abandoned calls so far beside what the target allowed so far (dashed), and each stretch's own as columns.

    Args:
        points: without gaps.
        times: one label for each point.
        names: of the lost and of the allowed ones, for the tool tips.
    """
    most = max(max(point.lost_so_far, point.allowed_so_far) for point in points)
    top = nice_top(max(2.0, most))
    plot = _Plot(len(points), 170, top)
    columns = [
        f'<rect class="over" opacity="0.45" x="{plot.left(index):.1f}" y="{plot.y(point.abandoned):.1f}" '
        f'width="{max(1.0, plot.step * 0.78):.1f}" height="{plot.base - plot.y(point.abandoned):.1f}"/>'
        for index, point in enumerate(points)
        if point.abandoned
    ]
    lost = plot.line([point.lost_so_far for point in points])
    allowed = plot.line([point.allowed_so_far for point in points])
    tips = [f"{names[0]} {point.lost_so_far:,}, {names[1]} {point.allowed_so_far:,.1f}" for point in points]
    inside = (
        f'{"".join(columns)}<polyline class="target" fill="none" points="{allowed}"/>'
        f'<polyline class="sofar" points="{lost}"/>{plot.tips(times, tips)}'
    )
    return plot.svg([(value, f"{value:,.0f}") for value in (0, top / 2, top)], times, inside)


def occupancy_svg(points: Sequence[Point], times: Sequence[str], names: tuple[str, str]) -> str:
    """Occupancy of each stretch as columns; nothing where nobody was at work.

    Args:
        points: without gaps.
        times: one label for each point.
        names: of occupancy and of the agents at work, for the tool tips.
    """
    plot = _Plot(len(points), 150, 1.0)
    columns = [
        f'<rect class="disposition" x="{plot.left(index):.1f}" y="{plot.y(point.occupancy_ratio):.1f}" '
        f'width="{max(1.0, plot.step * 0.78):.1f}" height="{plot.base - plot.y(point.occupancy_ratio):.1f}"/>'
        for index, point in enumerate(points)
        if point.occupancy_ratio is not None
    ]
    tips = [f"{names[0]} {percent(point.occupancy_ratio, 1)}, {names[1]} {point.agents:.1f}" for point in points]
    ticks = [(value, f"{value * 100:g}%") for value in (0.0, 0.5, 1.0)]
    return plot.svg(ticks, times, "".join(columns) + plot.tips(times, tips))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A value with its interval, above its label."""

    label: str
    value: float
    low: float
    high: float
    tip: str


def marks_svg(marks: Sequence[Mark]) -> str:
    """Values side by side with their intervals, and a line at zero.

    Args:
        marks: at least one.
    """
    height, base = 170, 148
    highest = nice_top(max(1e-9, *(mark.high for mark in marks)))
    deepest = nice_top(max(1e-9, *(-mark.low for mark in marks)))
    step = (_WIDTH - _LEFT - _RIGHT) / len(marks)

    def y(value: float) -> float:
        return base - (base - _TOP) * (value + deepest) / (highest + deepest)

    parts = []
    for value, text in ((-deepest, f"-{deepest:g}"), (0.0, "0"), (highest, f"+{highest:g}")):
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
            f'<text class="muted" x="{_LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{text}</text>'
        )
    for index, mark in enumerate(marks):
        x, style = _LEFT + (index + 0.5) * step, "under" if mark.value >= 0 else "over"
        parts.append(
            f'<g><title>{escape(mark.tip or mark.label)}</title><line x1="{x:.1f}" x2="{x:.1f}" '
            f'y1="{y(mark.low):.1f}" y2="{y(mark.high):.1f}" class="sofar"/>'
            f'<circle class="{style}" cx="{x:.1f}" cy="{y(mark.value):.1f}" r="4.5"/></g>'
            f'<text class="muted" x="{x:.1f}" y="{height - 6}" text-anchor="middle">{escape(mark.label)}</text>'
        )
        if mark.tip:
            parts.append(f'<text x="{x + 9:.1f}" y="{y(mark.value) + 4:.1f}">{escape(mark.tip)}</text>')
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img">{"".join(parts)}</svg>'


class _Plot:
    """Coordinates of a chart over time."""

    def __init__(self, count: int, height: int, top: float) -> None:
        self.height = height
        self.base = float(height - _AXIS)
        self.step = (_WIDTH - _LEFT - _RIGHT) / max(1, count)
        self._top = top

    def left(self, index: int) -> float:
        return _LEFT + index * self.step + self.step * 0.11

    def y(self, value: float) -> float:
        return self.base - (self.base - _TOP) * min(1.0, value / self._top)

    def line(self, values: Sequence[float]) -> str:
        """The points of a line through the middles of the stretches."""
        return " ".join(
            f"{self.left(index) + self.step * 0.39:.1f},{self.y(value):.1f}" for index, value in enumerate(values)
        )

    def tips(self, times: Sequence[str], texts: Sequence[str]) -> str:
        """An unseen area over each stretch that tells its numbers."""
        return "".join(
            f'<rect x="{self.left(index):.1f}" y="{_TOP}" width="{self.step:.1f}" height="{self.base - _TOP:.1f}" '
            f'fill="none" pointer-events="all"><title>{escape(f"{times[index]}: {text}")}</title></rect>'
            for index, text in enumerate(texts)
        )

    def svg(self, ticks: Sequence[tuple[float, str]], times: Sequence[str], inside: str) -> str:
        grid = "".join(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" '
            f'y1="{self.y(value):.1f}" y2="{self.y(value):.1f}"/>'
            f'<text class="muted" x="{_LEFT - 8}" y="{self.y(value) + 4:.1f}" text-anchor="end">{escape(text)}</text>'
            for value, text in ticks
        )
        every = max(1, math.ceil(len(times) / 8))
        labels = "".join(
            f'<text class="muted" x="{self.left(index):.1f}" y="{self.height - 6}">{escape(times[index])}</text>'
            for index in range(0, len(times), every)
            if self.left(index) < _WIDTH - 40
        )
        return f'<svg viewBox="0 0 {_WIDTH} {self.height}" role="img">{grid}{inside}{labels}</svg>'


def nice_top(value: float) -> float:
    """The least of 1, 2, 4, 6, 8, 10 times a power of ten that is not below `value`; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1.0, 2.0, 4.0, 6.0, 8.0, 10.0) if step * power >= value)


def time_labels(moments: Sequence[datetime]) -> list[str]:
    """Hours within two days, dates beyond; the moments in the zone of the reader, oldest first."""
    if not moments:
        return []
    form = "%H:%M" if (moments[-1] - moments[0]).days < 2 else "%m-%d"
    return [moment.strftime(form) for moment in moments]
