"""How is a number drawn in one line of text? Sparklines and bars out of block characters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_LEVELS: Final = "▁▂▃▄▅▆▇█"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def spark(values: Sequence[float | None], *, low: float = 0.0, high: float | None = None) -> str:
    """A sparkline, one character a value; an unknown value is a blank.

    Args:
        values: oldest first.
        low: the value of the lowest block.
        high: the value of the full block; default the largest value.
    """
    known = [value for value in values if value is not None]
    top = high if high is not None else max(known, default=0.0)
    span = top - low
    return "".join(_block(value, low, span) for value in values)


def _block(value: float | None, low: float, span: float) -> str:
    if value is None:
        return " "
    ratio = (value - low) / span if span > 0 else 0.0
    return _LEVELS[min(len(_LEVELS) - 1, max(0, int(ratio * len(_LEVELS))))]


def bar(ratio: float, width: int) -> str:
    """A bar of eighths of a character, `width` characters for 1.0, padded with blanks."""
    eighths = round(min(1.0, max(0.0, ratio)) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def steps(ratio: float, width: int) -> str:
    """A progress bar in whole characters: full only at 1.0, empty only at 0.0."""
    ratio = min(1.0, max(0.0, ratio))
    full = int(ratio * width)
    if ratio > 0 and full == 0 and width > 1:
        full = 1
    return "━" * full + "─" * (width - full)


def clock(seconds: float) -> str:
    """A duration as people read it on a wall: `0:07`, `12:30`, `1:02:03`."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def percent(ratio: float | None, digits: int = 0) -> str:
    """A ratio as per cent; a dash when there is none."""
    return "–" if ratio is None else f"{ratio * 100:.{digits}f}%"


def ratio_of(part: int, whole: int) -> float | None:
    """`part / whole`, or None of nothing."""
    return part / whole if whole else None
