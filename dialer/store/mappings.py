"""Which header means which field, as people said it with `--map`: kept for the next file of the kind.

Under a name it is used as it was said, whenever somebody gives that name. Without one it is an alias that was learned:
it names a field only where no header that everybody knows does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from dialer.accounts.fields import Field, Kind
from dialer.accounts.headers import normalise_header
from dialer.masking import mask_text
from dialer.store.columns import moment_text
from dialer.store.statements import Statements

_SQL = Statements("sources")


def save(
    connection: sqlite3.Connection, kind: Kind, mapping: Mapping[Field, str], at: datetime, *, name: str = ""
) -> None:
    """Keep a mapping; a header that looks like somebody's number is no header, and is not kept."""
    for field, header in mapping.items():
        if mask_text(header) == header:
            row = {"kind": kind, "name": name, "field": field, "header": header, "at": moment_text(at)}
            connection.execute(_SQL["save_mapping"], row)


def named(connection: sqlite3.Connection, kind: Kind, name: str) -> dict[Field, str]:
    """The mapping of a name; empty: nobody kept one under it."""
    rows = connection.execute(_SQL["mapping"], {"kind": kind, "name": name})
    return {Field(field): header for field, header in rows}


def learned(connection: sqlite3.Connection, kind: Kind) -> dict[str, Field]:
    """Normalised header -> field, of everything that was said without a name."""
    return {normalise_header(header): field for field, header in named(connection, kind, "").items()}
