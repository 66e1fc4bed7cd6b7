"""Charts of a portfolio report as inline SVG: heat maps, curves, stacked areas, a funnel, intervals.

Every chart has a name for screen readers, says its numbers where there is room and in tool tips, and does not rely on
colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from dialer.cli.svg import nice_top

BUCKET_COLOURS: Final = ("#f6d9a8", "#f0b878", "#e68f5a", "#d96a4a", "#c44a42", "#a3303a", "#74202f")
"""M1 to M7."""
LINES: Final = ("#2f6fde", "#c6362c", "#1e8e5a", "#b7791f", "#7a4fb5", "#0f8a9d", "#6a7483")


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A line over places on the horizontal axis."""

    label: str
    points: Sequence[tuple[float, float]]
    """(place, value), by place."""
    colour: str
    width: float = 2.0
    is_dashed: bool = False


def curves_svg(
    curves: Sequence[Curve],
    ticks: Sequence[tuple[float, str]],
    name: str,
    *,
    size: tuple[int, int] = (520, 250),
    top: float | None = None,
    right: int = 64,
) -> str:
    """Lines whose names stand at their ends.

    Args:
        curves: with at least one point each.
        ticks: places on the horizontal axis and their labels.
        name: for screen readers.
        size: width and height.
        top: value at the top; None: a round one above the highest.
        right: room for the names.
    """
    width, height = size
    left, base, ceiling = 44, height - 26, 12
    highest = top if top is not None else nice_top(max(y for one in curves for _, y in one.points) * 100) / 100
    last = max(max(x for x, _ in ticks), max(x for one in curves for x, _ in one.points)) or 1.0

    def at(x: float, y: float) -> tuple[float, float]:
        return left + (width - left - right) * x / last, base - (base - ceiling) * min(1.0, y / highest)

    parts = [_grid(share, at(0, share * highest)[1], left, width - right, highest) for share in (0.0, 0.5, 1.0)]
    parts += [
        f'<text class="muted" x="{at(x, 0)[0]:.1f}" y="{height - 8}" text-anchor="middle">{escape(text)}</text>'
        for x, text in ticks
    ]
    for one in curves:
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in one.points))
        dash = ' stroke-dasharray="5 4"' if one.is_dashed else ""
        tips = ", ".join(f"{y * 100:.1f}%" for _, y in one.points)
        parts.append(
            f'<g><title>{escape(f"{one.label}: {tips}")}</title><polyline points="{line}" fill="none" '
            f'stroke="{one.colour}" stroke-width="{one.width}"{dash}/></g>'
        )
    parts += _names_at_ends(curves, at, ceiling, base)
    return drawing(size, name, "".join(parts))


def _grid(share: float, y: float, left: float, right: float, highest: float) -> str:
    return (
        f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="muted" x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{share * highest * 100:.3g}%</text>'
    )


def _names_at_ends(
    curves: Sequence[Curve], at: Callable[[float, float], tuple[float, float]], ceiling: float, base: float
) -> list[str]:
    """Names beside the last points, pushed apart so that none covers another."""
    ends = sorted(((*at(*one.points[-1]), one) for one in curves if one.label), key=lambda end: end[1])
    placed: list[str] = []
    y = ceiling - 12.0
    room = (base - ceiling) / max(1, len(ends))
    for x, wanted, one in ends:
        y = max(wanted, y + min(13.0, room))
        placed.append(
            f'<text class="halo" x="{x + 6:.1f}" y="{y + 4:.1f}" style="fill:{one.colour}">{escape(one.label)}</text>'
        )
    return placed


def stacked_svg(
    times: Sequence[str],
    layers: Sequence[tuple[str, str, Sequence[float]]],
    name: str,
    *,
    size: tuple[int, int] = (520, 250),
) -> str:
    """Columns of shares on top of one another.

    Args:
        times: labels of the columns.
        layers: (name, colour, share at each time), the lowest first.
        name: for screen readers.
        size: width and height.
    """
    width, height = size
    left, base, ceiling = 44, height - 26, 12
    totals = [sum(values[at] for *_, values in layers) for at in range(len(times))]
    highest = nice_top(max([*totals, 1e-6]) * 100) / 100
    step = (width - left - 8) / max(1, len(times))
    parts = [_grid(share, base - (base - ceiling) * share, left, width - 8, highest) for share in (0.0, 0.5, 1.0)]
    for at, time in enumerate(times):
        y = float(base)
        x = left + at * step + step * 0.1
        tips = ", ".join(f"{label} {values[at] * 100:.1f}%" for label, _, values in layers)
        boxes = []
        for _, fill, values in layers:
            tall = (base - ceiling) * values[at] / highest
            y -= tall
            boxes.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{step * 0.8:.1f}" height="{tall:.1f}" fill="{fill}"/>')
        parts.append(f"<g><title>{escape(f'{time}: {tips}')}</title>{''.join(boxes)}</g>")
    every = max(1, len(times) // 6)
    parts += [
        f'<text class="muted" x="{left + (at + 0.5) * step:.1f}" y="{height - 8}" text-anchor="middle">'
        f"{escape(times[at])}</text>"
        for at in range(len(times) - 1, -1, -every)
    ]
    return drawing(size, name, "".join(parts))


def funnel_svg(steps: Sequence[tuple[str, int, str]], name: str, fill: str, size: tuple[int, int] = (520, 44)) -> str:
    """Ever fewer: bars in the middle, one below the other.

    Args:
        steps: (label, count, what of the step before), the first the most.
        name: for screen readers.
        fill: colour of the bars.
        size: width, and height of one step.
    """
    width, each = size
    label, room = 118, width - 118 - 96
    most = max([count for _, count, _ in steps] + [1])
    parts = []
    for at, (text, count, of_before) in enumerate(steps):
        long = max(3.0, room * count / most)
        y = at * each
        below = max(3.0, room * steps[at + 1][1] / most) if at + 1 < len(steps) else None
        x = label + (room - long) / 2
        if below is not None:
            start = label + (room - below) / 2
            corners = (x, y + each - 14), (x + long, y + each - 14), (start + below, y + each), (start, y + each)
            points = " ".join(f"{across:.1f},{down}" for across, down in corners)
            parts.append(f'<polygon points="{points}" fill="{fill}" opacity="0.16"/>')
        parts.append(
            f"<g><title>{escape(f'{text}: {count:,} {of_before}')}</title>"
            f'<rect x="{x:.1f}" y="{y}" width="{long:.1f}" height="{each - 14}" rx="3" fill="{fill}" '
            f'opacity="{1 - 0.12 * at:.2f}"/></g>'
            f'<text x="{label - 10}" y="{y + 20}" text-anchor="end">{escape(text)}</text>'
            f'<text x="{width - 90}" y="{y + 14}" class="number">{count:,}</text>'
            f'<text x="{width - 90}" y="{y + 29}" class="muted small">{escape(of_before)}</text>'
        )
    return drawing((width, each * len(steps)), name, "".join(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A value with its interval on a row of its own, and another one beside it."""

    label: str
    note: str
    value: float | None
    low: float
    high: float
    beside: float | None
    """Drawn hollow."""
    tip: str


def spans_svg(
    spans: Sequence[Span],
    middle: float | None,
    name: str,
    size: tuple[int, int] = (520, 26),
    *,
    less_is_better: bool = False,
) -> str:
    """Intervals one below the other with a line where all are.

    Args:
        spans: one a row.
        middle: where the line stands.
        name: for screen readers.
        size: width, and height of a row.
        less_is_better: what is above the line is bad.
    """
    width, each = size
    label, right = 150, 16
    known = [one for one in spans if one.value is not None]
    highest = nice_top(max([one.high for one in known] + [one.beside or 0 for one in spans] + [0.1]) * 100) / 100
    height = each * len(spans) + 26

    def x(value: float) -> float:
        return label + (width - label - right) * min(1.0, value / highest)

    parts = [
        f'<line class="grid" x1="{x(share * highest):.1f}" x2="{x(share * highest):.1f}" y1="0" y2="{height - 22}"/>'
        f'<text class="muted" x="{x(share * highest):.1f}" y="{height - 6}" text-anchor="middle">'
        f"{share * highest * 100:.3g}%</text>"
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    if middle is not None:
        parts.append(f'<line class="target" x1="{x(middle):.1f}" x2="{x(middle):.1f}" y1="0" y2="{height - 22}"/>')
    for at, one in enumerate(spans):
        y = at * each + each / 2
        parts.append(
            f'<text x="0" y="{y + 4:.1f}">{escape(one.label)}</text>'
            f'<text class="muted small" x="{label - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(one.note)}</text>'
        )
        if one.value is None:
            continue
        lower, higher = middle is not None and one.high < middle, middle is not None and one.low > middle
        worse, better = (higher, lower) if less_is_better else (lower, higher)
        style = "over" if worse else "under" if better else "same"
        hollow = "" if one.beside is None else f'<circle class="hollow" cx="{x(one.beside):.1f}" cy="{y:.1f}" r="4"/>'
        parts.append(
            f"<g><title>{escape(one.tip)}</title>"
            f'<line class="span" x1="{x(one.low):.1f}" x2="{x(one.high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'{hollow}<circle class="{style}" cx="{x(one.value):.1f}" cy="{y:.1f}" r="4.5"/></g>'
        )
    return drawing((width, height), name, "".join(parts))


def drawing(size: tuple[int, int], name: str, inside: str, style: str = "") -> str:
    """A whole drawing.

    Args:
        size: width and height; it grows no wider.
        name: for screen readers.
        inside: SVG, already escaped.
        style: a class of the style sheet.
    """
    kind = f' class="{style}"' if style else ""
    return (
        f'<svg{kind} viewBox="0 0 {size[0]} {size[1]}" role="img" aria-label="{escape(name)}" '
        f'style="max-width:{size[0]}px">{inside}</svg>'
    )
