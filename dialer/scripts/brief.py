"""A script in one line, for the display of a telephone: which one, why, and how to begin. Pure.

It becomes a display name in SIP, so it is short: a message over UDP should stay within one packet, and the name is sent
in two headers. What is before the identity check holds no word of a debt (checked at load), and neither does this, but
for the reason, which is for the agent's eyes.
"""

from __future__ import annotations

from typing import Final

from dialer.scripts.model import Language
from dialer.scripts.rendering import Rendered

BETWEEN: Final = "｜"
"""Separates the parts; softphones put each on a line of its own."""
MOST_BYTES: Final = 420
"""Of UTF-8. House rule: twice this and the rest of the message fit into the 1,500 bytes of an Ethernet frame, nearly;
loopback and most networks carry more."""
_REASON_BYTES: Final = 130


def brief(shown: Rendered, reader: Language) -> str:
    """The line for an agent.

    Args:
        shown: the script.
        reader: the agent's language.
    """
    arm = f" {shown.arm}" if shown.experiment else ""
    why = "因：" if reader is Language.ZH else "why: "
    steps = [f"{number} {step.say}" for number, step in enumerate(shown.opening, start=1)]
    parts = [f"{shown.title} v{shown.version}{arm}", cut(why + shown.reason, _REASON_BYTES), *steps]
    return cut(BETWEEN.join(parts), MOST_BYTES)


def cut(text: str, most: int) -> str:
    """The text within so many bytes of UTF-8, and a sign where something is missing."""
    whole = text.encode()
    if len(whole) <= most:
        return text
    return whole[: most - len("…".encode())].decode("utf-8", "ignore").rstrip() + "…"
