"""Values with their intervals, one below the other, as inline SVG: the ladder, and the A/A."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_WIDTH: Final = 880
_LABELS: Final = 230
_RIGHT: Final = 70
_ROW: Final = 30
_TOP: Final = 8
_STEPS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0)
_MOST_TICKS: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One value."""

    label: str
    value: float
    low: float
    high: float
    text: str
    faded: bool = False
    """Its effect is assumed."""


def bars_svg(bars: Sequence[Bar], form: Callable[[float], str], *, goal: float | None = None) -> str:
    """Dots with whiskers.

    Args:
        bars: at least one, from the top.
        form: of the labels below.
        goal: drawn as a dashed line.
    """
    wished = () if goal is None else (goal,)
    low = min(0.0, *(bar.low for bar in bars), *wished)
    high = max(0.0, *(bar.high for bar in bars), *wished)
    step = next((one for one in _STEPS if (high - low) / one <= _MOST_TICKS), _STEPS[-1])
    low, high = step * math.floor(low / step), max(step * math.ceil(high / step - 1e-9), low + step)
    base = _TOP + _ROW * len(bars)

    def x(value: float) -> float:
        return _LABELS + (_WIDTH - _LABELS - _RIGHT) * (value - low) / (high - low)

    parts = []
    for number in range(round((high - low) / step) + 1):
        value = low + number * step
        style = "grid" if abs(value) > 1e-9 else "muted"
        stroke = "" if style == "grid" else ' stroke="#6a7483"'
        parts.append(
            f'<line class="{style}"{stroke} x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{_TOP}" y2="{base}"/>'
            f'<text class="muted" x="{x(value):.1f}" y="{base + 18}" text-anchor="middle">{escape(form(value))}</text>'
        )
    if goal is not None:
        parts.append(f'<line class="target" x1="{x(goal):.1f}" x2="{x(goal):.1f}" y1="{_TOP}" y2="{base}"/>')
    for number, bar in enumerate(bars):
        y = _TOP + _ROW * (number + 0.5)
        fill = "#fff" if bar.faded else "#2f6fde"
        tip = f"{bar.label}: {bar.text} ({form(bar.low)} – {form(bar.high)})"
        parts.append(
            f'<g><title>{escape(tip)}</title><text x="{_LABELS - 12}" y="{y + 4:.1f}" text-anchor="end">'
            f'{escape(bar.label)}</text><line x1="{x(bar.low):.1f}" x2="{x(bar.high):.1f}" y1="{y:.1f}" y2="{y:.1f}" '
            f'stroke="#2f6fde" stroke-width="3" stroke-opacity="0.45"/><circle cx="{x(bar.value):.1f}" cy="{y:.1f}" '
            f'r="5" fill="{fill}" stroke="#2f6fde" stroke-width="2"/>'
            f'<text class="number" x="{x(bar.high) + 10:.1f}" y="{y + 4:.1f}">{escape(bar.text)}</text></g>'
        )
    return f'<svg viewBox="0 0 {_WIDTH} {base + 26}" role="img">{"".join(parts)}</svg>'
