"""Is a text that somebody asked for nobody's, so that it may be shown again to who typed it?

It is when it looks like the number of an account, no four characters in a row of it stand in anybody's account number,
name, identity or phone number, and it has no more than four digits in a row: a longer row may be a part of a phone
number, an identity card or a bank card, which the store need not know. A number that is mistyped by a digit is
somebody's all but that digit, and stays hidden.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Final

from dialer.store.statements import Statements

RUN: Final = 4
"""As many characters as masks leave of an account."""
_LIKE_AN_ACCOUNT: Final = re.compile(r"(?!.*[0-9]{5})[A-Za-z0-9._/#-]{1,40}")

_SQL = Statements("nobodys")


def is_nobodys(connection: sqlite3.Connection, asked: str) -> bool:
    """Whether a text is nobody's; reads everybody, which takes a second or so for a million accounts.

    Args:
        connection: in a transaction.
        asked: what was typed.
    """
    asked = asked.strip().casefold()
    if not _LIKE_AN_ACCOUNT.fullmatch(asked):
        return False
    runs = {asked[at : at + RUN] for at in range(max(1, len(asked) - RUN + 1))}
    return not any(_stand(connection, name, runs) for name in _SQL.names())


def _stand(connection: sqlite3.Connection, name: str, runs: set[str]) -> bool:
    (known,) = connection.execute(_SQL[name]).fetchone()
    text = (known or "").casefold()
    return any(run in text for run in runs)
