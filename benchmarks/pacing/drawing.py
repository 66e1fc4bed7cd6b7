"""Charts as SVG that stand alone: occupancy over abandonment, and occupancy over the size of the team."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from dialer.cli.svg import nice_top

WIDTH: Final = 880
HEIGHT: Final = 460
LEFT, RIGHT, TOP, BOTTOM = 58, 262, 40, 46
COLOURS: Final = (
    *("#c2410c", "#2563eb", "#059669", "#7c3aed", "#ca8a04", "#0891b2", "#be185d", "#4d7c0f", "#475569", "#f472b6"),
    *("#000000", "#65a30d", "#1e3a8a", "#92400e", "#14b8a6", "#9333ea", "#dc2626", "#64748b", "#a3a3a3", "#0369a1"),
)
"""The first is ours."""
MOST_ABANDONED: Final = 0.12
"""Who abandons more than that is off the chart."""
_STYLE: Final = """
  svg { background: #fff; font: 12.5px system-ui, sans-serif; }
  text { fill: #1f2937; } .muted { fill: #6b7280; } .grid { stroke: #e5e7eb; } .target { stroke: #9ca3af; }
  .target { stroke-dasharray: 5 4; } polyline { fill: none; stroke-width: 2; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One rule: a curve, or with one point a dot."""

    name: str
    points: tuple[tuple[float, float], ...]
    """(x, y) in the order of x."""
    hollow: frozenset[float] = frozenset()
    """Values of x whose points are drawn hollow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One direction of a chart."""

    label: str
    low: float
    high: float
    ticks: tuple[float, ...]
    text: Callable[[float], str]
    is_logarithmic: bool = False

    def share(self, value: float) -> float:
        """Where a value lies, 0..1; beyond the ends at the end."""
        low, high, at = self.low, self.high, value
        if self.is_logarithmic:
            low, high, at = math.log(low), math.log(high), math.log(max(value, 1e-12))
        return min(1.0, max(0.0, (at - low) / (high - low)))


def frontier(title: str, series: Sequence[Series], targets: Sequence[float]) -> str:
    """Occupancy (up) over abandonment (right): the higher and the further left, the better.

    Args:
        title: of the chart.
        series: (abandonment, occupancy); ours first.
        targets: drawn as upright lines.
    """
    found = [point for one in series for point in one.points]
    right = min(
        MOST_ABANDONED, max([nice_top(100.0 * max(x for x, _ in found)) / 100.0, *(2.0 * one for one in targets)])
    )
    x = Axis(
        label="abandoned / answered by a person",
        low=0.0,
        high=right,
        ticks=tuple(right * step / 6 for step in range(7)),
        text=_percent,
    )
    lines = "".join(_upright(x.share(target)) for target in targets)
    shown = [_within(one, right) for one in series]
    return _chart(title, shown, x, _occupancy([y for _, y in found]), lines)


def _within(one: Series, right: float) -> Series:
    """Without what lies beyond the right edge; the legend says when nothing is left."""
    points = tuple(point for point in one.points if point[0] <= right)
    return Series(name=one.name if points else f"{one.name} (off the right edge)", points=points)


def team_sizes(title: str, series: Sequence[Series]) -> str:
    """Occupancy (up) over agents (right, logarithmic).

    Args:
        title: of the chart.
        series: (agents, occupancy); ours first.
    """
    sizes = sorted({x for one in series for x, _ in one.points})
    x = Axis(
        label="agents",
        low=sizes[0] * 0.9,
        high=sizes[-1] * 1.1,
        ticks=tuple(sizes),
        text=lambda value: f"{value:,.0f}",
        is_logarithmic=True,
    )
    hollow = any(one.hollow for one in series)
    note = f'<text class="muted" x="{LEFT}" y="{HEIGHT - 8}">hollow: over the target</text>' if hollow else ""
    return _chart(title, series, x, _occupancy([y for one in series for _, y in one.points]), note)


def _occupancy(values: Sequence[float]) -> Axis:
    low = max(0.0, math.floor(10.0 * min(values) - 0.2) / 10.0)
    return Axis(
        label="occupancy",
        low=low,
        high=1.0,
        ticks=tuple(low + 0.1 * step for step in range(round((1.0 - low) / 0.1) + 1)),
        text=_percent,
    )


def _percent(value: float) -> str:
    return f"{100.0 * value:.3g} %"


def _x(share: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * share


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share


def _upright(share: float) -> str:
    return f'<line class="target" x1="{_x(share):.1f}" x2="{_x(share):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'


def _level(at: float, text: str) -> str:
    return (
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
        f'<text class="muted" x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{escape(text)}</text>'
    )


def _chart(title: str, series: Sequence[Series], x: Axis, y: Axis, lines: str) -> str:
    grid = "".join(_level(_y(y.share(tick)), y.text(tick)) for tick in y.ticks)
    below = "".join(
        f'<text class="muted" x="{_x(x.share(tick)):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
        f"{x.text(tick)}</text>"
        for tick in x.ticks
    )
    labels = (
        f'<text x="{LEFT}" y="20" font-weight="600">{escape(title)}</text>'
        f'<text class="muted" x="{LEFT}" y="{TOP - 6}">{escape(y.label)}</text>'
        f'<text class="muted" x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{escape(x.label)}</text>'
    )
    drawn = "".join(_drawn(one, index, x, y) for index, one in enumerate(series))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{grid}{below}{lines}{labels}{drawn}</svg>\n"
    )


def _drawn(one: Series, index: int, x: Axis, y: Axis) -> str:
    colour = COLOURS[index % len(COLOURS)]
    at = [(_x(x.share(right)), _y(y.share(up))) for right, up in one.points]
    dots = "".join(
        f'<circle cx="{right:.1f}" cy="{up:.1f}" r="{5 if index == 0 else 3.5}" '
        f'fill="{"#fff" if value in one.hollow else colour}" stroke="{colour}" stroke-width="1.5">'
        f"<title>{escape(one.name)}: {escape(x.text(value))}, {y.text(height)}</title></circle>"
        for (right, up), (value, height) in zip(at, one.points, strict=True)
    )
    path = " ".join(f"{right:.1f},{up:.1f}" for right, up in at)
    curve = f'<polyline stroke="{colour}" points="{path}"/>' if len(at) > 1 else ""
    legend_y = TOP + 8 + 19 * index
    weight = ' font-weight="600"' if index == 0 else ""
    return (
        f'{curve}{dots}<circle cx="{WIDTH - RIGHT + 22}" cy="{legend_y - 4}" r="4" fill="{colour}"/>'
        f'<text x="{WIDTH - RIGHT + 32}" y="{legend_y}"{weight}>'
        f"{escape(one.name)}</text>"
    )
