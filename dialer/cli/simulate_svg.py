"""Charts of a forecast as inline SVG: lines over a swept quantity with their intervals, and the course of a day."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from dialer.cli.svg import nice_top

COLOURS: Final = ("#2f6fde", "#c2410c", "#1e8e5a", "#7c3aed", "#b7791f", "#0891b2", "#be185d", "#475569")
"""Of lines, in their order; told apart by colour-blind people by their dashes too."""
DASHES: Final = ("", "7 4", "2 4", "9 3 2 3")
_WIDTH: Final = 880
_HEIGHT: Final = 250
_LEFT: Final = 56
_RIGHT: Final = 16
_TOP: Final = 12
_BASE: Final = 200
_MOST_TICKS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One value of a line."""

    x: float
    y: float | None
    """None: unknown, the line has a gap there."""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line."""

    name: str
    dots: tuple[Dot, ...]


def lines_svg(
    lines: Sequence[Line],
    *,
    x_text: Callable[[float], str],
    y_text: Callable[[float], str],
    x_label: str,
    top: float | None = None,
    limits: Sequence[float] = (),
    ticks: Sequence[float] | None = None,
    dotted: bool = True,
) -> str:
    """Lines with their 95 % intervals.

    Args:
        lines: at least one with a known value.
        x_text: labels below.
        y_text: labels at the side, and in tool tips.
        x_label: what is below; empty: it goes without saying.
        top: the highest value; None: a round one above all that is drawn.
        limits: drawn as dashed red lines.
        ticks: where labels stand below; None: at the values themselves.
        dotted: a mark at every value.
    """
    known = [dot for line in lines for dot in line.dots if dot.y is not None]
    highest = max([*(dot.high if dot.high is not None else dot.y or 0.0 for dot in known), *limits, 0.0])
    plot = _Plot(
        left=min(dot.x for line in lines for dot in line.dots),
        right=max(dot.x for line in lines for dot in line.dots),
        top=top if top is not None else nice_top(highest * 100.0) / 100.0,
    )
    parts = [plot.grid(y_text), plot.below(ticks or sorted({dot.x for dot in known}), x_text, x_label)]
    parts += (plot.limit(value) for value in limits)
    for number, line in enumerate(lines):
        parts.append(plot.line(line, number, x_text, y_text, dotted=dotted))
    height = _HEIGHT if x_label else _BASE + 26
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img">{"".join(parts)}</svg>'


def key_html(lines: Sequence[Line]) -> str:
    """What colour is which line; empty for a single one without a name."""
    named = [(number, line) for number, line in enumerate(lines) if line.name]
    drawn = (
        f'<svg class="stroke" viewBox="0 0 26 10"><line x1="0" x2="26" y1="5" y2="5" {_stroke(number)}/></svg>'
        f"{escape(line.name)}"
        for number, line in named
    )
    return f'<div class="key">{"".join(drawn)}</div>' if named else ""


def _stroke(number: int) -> str:
    colour, dash = COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)]
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{colour}" stroke-width="2"{dashes}'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    """Coordinates."""

    left: float
    right: float
    top: float

    def x(self, value: float) -> float:
        room = _WIDTH - _LEFT - _RIGHT
        if self.right == self.left:
            return _LEFT + 0.5 * room
        # A little air at both ends, so that the first and last marks are whole.
        return _LEFT + 14 + (room - 28) * (value - self.left) / (self.right - self.left)

    def y(self, value: float) -> float:
        return _BASE - (_BASE - _TOP) * min(1.0, max(0.0, value / self.top))

    def grid(self, text: Callable[[float], str]) -> str:
        parts = []
        for value in (self.top * share for share in (0.0, 0.25, 0.5, 0.75, 1.0)):
            y = self.y(value)
            parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(_text(_LEFT - 8, y + 4, text(value), "end"))
        return "".join(parts)

    def below(self, ticks: Sequence[float], text: Callable[[float], str], label: str) -> str:
        every = max(1, math.ceil(len(ticks) / _MOST_TICKS))
        shown = [_text(self.x(value), _BASE + 20, text(value), "middle") for value in ticks[::every]]
        if not label:
            return "".join(shown)
        return "".join(shown) + _text((_LEFT + _WIDTH - _RIGHT) / 2, _BASE + 42, label, "middle")

    def limit(self, value: float) -> str:
        y = self.y(value)
        return f'<line class="target" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'

    def line(
        self, line: Line, number: int, x_text: Callable[[float], str], y_text: Callable[[float], str], *, dotted: bool
    ) -> str:
        colour = COLOURS[number % len(COLOURS)]
        parts = [f'<path d="{band}" fill="{colour}" fill-opacity="0.13"/>'] if (band := self._band(line)) else []
        for part in _unbroken(line.dots):
            points = " ".join(f"{self.x(dot.x):.1f},{self.y(dot.y or 0.0):.1f}" for dot in part)
            parts.append(f'<polyline points="{points}" fill="none" {_stroke(number)}/>')
            parts += (self._mark(line, dot, colour, x_text, y_text) for dot in part if dotted)
        return "".join(parts)

    def _band(self, line: Line) -> str:
        known = [(dot.x, dot.low, dot.high) for dot in line.dots if dot.low is not None and dot.high is not None]
        if len(known) < 2:
            return ""
        upper = [f"{self.x(x):.1f},{self.y(high):.1f}" for x, _, high in known]
        lower = [f"{self.x(x):.1f},{self.y(low):.1f}" for x, low, _ in reversed(known)]
        return f"M{' L'.join((*upper, *lower))} Z"

    def _mark(
        self, line: Line, dot: Dot, colour: str, x_text: Callable[[float], str], y_text: Callable[[float], str]
    ) -> str:
        value = dot.y or 0.0
        span = "" if dot.low is None or dot.high is None else f" ({y_text(dot.low)} – {y_text(dot.high)})"
        tip = f"{line.name + ', ' if line.name else ''}{x_text(dot.x)}: {y_text(value)}{span}"
        return (
            f'<circle cx="{self.x(dot.x):.1f}" cy="{self.y(value):.1f}" r="3.5" fill="{colour}">'
            f"<title>{escape(tip)}</title></circle>"
        )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="muted" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _unbroken(dots: Sequence[Dot]) -> list[list[Dot]]:
    """Stretches without a gap."""
    found: list[list[Dot]] = [[]]
    for dot in dots:
        if dot.y is None:
            found.append([])
        else:
            found[-1].append(dot)
    return [part for part in found if part]
