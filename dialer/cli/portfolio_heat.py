"""Heat maps as inline SVG: numbers in cells whose colour says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from dialer.cli.portfolio_svg import drawing

Colour = tuple[int, int, int]
REDS: Final[tuple[Colour, ...]] = (
    (253, 246, 240), (250, 218, 197), (240, 170, 138), (220, 108, 84), (182, 55, 47), (127, 24, 30),
)  # fmt: skip
BLUES: Final[tuple[Colour, ...]] = (
    (241, 246, 253), (206, 223, 248), (150, 187, 238), (88, 142, 219), (43, 99, 184), (20, 62, 128),
)  # fmt: skip
GREENS: Final[tuple[Colour, ...]] = ((242, 250, 245), (196, 230, 209), (128, 196, 157), (60, 153, 104), (25, 107, 67))
GREYS: Final[tuple[Colour, ...]] = ((247, 248, 250), (222, 227, 234), (184, 193, 205), (140, 151, 167))


def colour(stops: Sequence[Colour], share: float) -> str:
    """A colour between the stops; 0 is the first, 1 the last."""
    at = max(0.0, min(1.0, share)) * (len(stops) - 1)
    low = min(int(at), len(stops) - 2)
    mixed = (round(a + (b - a) * (at - low)) for a, b in zip(stops[low], stops[low + 1], strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def is_dark(share: float) -> bool:
    """Whether text on it is white."""
    return share > 0.58


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """One cell of a heat map."""

    text: str
    share: float
    """From 0 to 1: where in the palette."""
    tip: str
    is_hidden: bool = False
    """Too small to be told of."""
    stops: Sequence[Colour] | None = None
    """Another palette than the map's."""
    is_marked: bool = False
    """With a frame around it."""


def heat_svg(
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Mapping[tuple[int, int], Heat],
    name: str,
    *,
    stops: Sequence[Colour] = REDS,
    label: int = 84,
    cell: tuple[int, int] = (64, 24),
    axes: tuple[str, str] = ("", ""),
) -> str:
    """A heat map with its numbers in it.

    Args:
        rows: labels, from top to bottom.
        columns: labels, from left to right.
        cells: (row, column) -> what stands there; none: blank.
        name: for screen readers.
        stops: the palette.
        label: width of the rows' labels.
        cell: width and height.
        axes: what rows and columns are.
    """
    width, height = cell
    top = 24
    parts = [
        f'<text class="muted" x="{label + (at + 0.5) * width:.1f}" y="{top - 8}" text-anchor="middle">'
        f"{escape(column)}</text>"
        for at, column in enumerate(columns)
    ]
    if any(axes):
        parts.append(f'<text class="muted" x="0" y="{top - 8}">{escape(" ╲ ".join(axes))}</text>')
    for at, row in enumerate(rows):
        y = top + at * height
        parts.append(f'<text x="{label - 8}" y="{y + height * 0.68:.1f}" text-anchor="end">{escape(row)}</text>')
        parts += [
            _heat_cell(cells[at, column], label + column * width, y, cell, stops)
            for column in range(len(columns))
            if (at, column) in cells
        ]
    size = (label + width * len(columns) + 2, top + height * len(rows) + 2)
    return drawing(size, name, "".join(parts))


def _heat_cell(one: Heat, x: float, y: float, size: tuple[int, int], stops: Sequence[Colour]) -> str:
    width, height = size
    middle = f'x="{x + width / 2:.1f}" y="{y + height * 0.68:.1f}" text-anchor="middle"'
    frame = ' stroke="#1c2430" stroke-width="2"' if one.is_marked else ""
    box = f'x="{x + 1:.1f}" y="{y + 1:.1f}" width="{width - 2}" height="{height - 2}" rx="3"'
    if one.is_hidden:
        return (
            f'<g><title>{escape(one.tip)}</title><rect {box} class="unsaid"/><text {middle} class="muted">·</text></g>'
        )
    fill = colour(one.stops or stops, one.share)
    style = ' class="onDark"' if is_dark(one.share) else ""
    return (
        f'<g><title>{escape(one.tip)}</title><rect {box} fill="{fill}"{frame}/>'
        f"<text {middle}{style}>{escape(one.text)}</text></g>"
    )


def scale_svg(stops: Sequence[Colour], low: str, high: str, name: str) -> str:
    """What the colours of a heat map mean."""
    boxes = "".join(
        f'<rect x="{60 + at * 16}" y="2" width="16" height="12" fill="{colour(stops, at / 9)}"/>' for at in range(10)
    )
    return drawing(
        (300, 16),
        name,
        f'<text class="muted" x="52" y="12" text-anchor="end">{escape(low)}</text>{boxes}'
        f'<text class="muted" x="228" y="12">{escape(high)}</text>',
        style="scale",
    )
