"""What the board says of alerts that nobody has acknowledged in time. Pure.

A snapshot carries English; the board of a Chinese reader puts this sentence into Chinese.
"""

from __future__ import annotations

import re
from typing import Final

_SAID: Final = re.compile(r"(\d+) early warnings? not acknowledged in time, (\d+) wait: dialer alert list")


def notice(waiting: int, escalated: int) -> str:
    """The sentence; empty: none was escalated."""
    if not escalated:
        return ""
    noun = "warning" if escalated == 1 else "warnings"
    return f"{escalated} early {noun} not acknowledged in time, {waiting} wait: dialer alert list"


def in_chinese(said: str) -> str:
    """The sentence in Chinese; any other text as it is."""
    found = _SAID.fullmatch(said)
    if found is None:
        return said
    return f"{found[1]} 条预警逾时未确认，共 {found[2]} 条待确认：dialer alert list"
