"""Who does the phone's display name? The identity that Asterisk sends with a connected-line update.

P-Asserted-Identity (RFC 3325, clause 9.1) wins over Remote-Party-ID (draft-ietf-sip-privacy-04), which wins over
nothing: From never changes in a dialog, so it says nothing about a customer who was bridged in later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

_HEADERS = ("p-asserted-identity", "remote-party-id")
_NAME_ADDR = re.compile(
    r'\s*(?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<plain>[^"<]*?))\s*<(?:sips?|tel):(?P<user>[^@>;]*)', re.IGNORECASE
)
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """What a person at the phone reads.

    Attributes:
        name: Display name, possibly empty.
        number: User part of the address, possibly empty.
    """

    name: str
    number: str


def display_of(message: str) -> Display | None:
    """Return the identity in one whole SIP message, or None if it carries none.

    Args:
        message: Request or response as received, decoded as UTF-8.
    """
    headers = _headers(message)
    values = [headers[name] for name in _HEADERS if name in headers]
    return identity(values[0]) if values else None


def identity(name_addr: str) -> Display | None:
    """Return name and number of one `"Name" <sip:number@host>`; None if it is not of that form."""
    found = _NAME_ADDR.match(name_addr)
    if found is None:
        return None
    quoted, plain = found["quoted"], found["plain"]
    name = _ESCAPED.sub(r"\1", quoted) if quoted is not None else (plain or "")
    return Display(name=name.strip(), number=unquote(found["user"]))


def _headers(message: str) -> dict[str, str]:
    """Names in lower case; the first of several wins, and folded lines are joined (RFC 3261, clause 7.3.1)."""
    head = message.replace("\r\n", "\n").partition("\n\n")[0]
    headers: dict[str, str] = {}
    for line in re.sub(r"\n[ \t]+", " ", head).split("\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return headers
