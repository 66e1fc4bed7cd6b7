"""The register of scorecards: each with its text, its hash, who made it and when; which one grades, which ones compete.

Rules
- A card never changes. Its text is hashed when it is kept and held against the hash whenever it is read.
- One champion at a time. Before anybody promoted one, the card of rules of the settings is the champion.
- Promoting one makes the former champion a challenger.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dialer.errors import StoreError
from dialer.risk.card_json import CardError, card_text, digest, read_card
from dialer.risk.scorecard import Card, CardKind
from dialer.store.columns import moment, moment_or_none, moment_text, moment_text_or_none
from dialer.store.statements import Statements

_SQL = Statements("risk")
CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A registered scorecard."""

    name: str
    kind: CardKind
    card: Card
    sha256: str
    record: Mapping[str, Any]
    """What it learned from and how it did; empty for a card of rules."""
    known_until: datetime | None
    made_at: datetime
    made_by: str
    role: str
    """champion, challenger, retired; empty: none."""
    role_at: datetime | None = None
    role_by: str = ""
    role_reason: str = ""
    graded: int = 0
    """Accounts whose grade is by this card now."""


def keep_trained(
    connection: sqlite3.Connection,
    card: Card,
    *,
    record: Mapping[str, object],
    known_until: datetime,
    by: str,
    at: datetime,
) -> Model:
    """Register a trained card as a challenger, under the next free name."""
    (count,) = connection.execute(_SQL["trained"]).fetchone()
    name = f"card-{count + 1:04d}"
    _add(connection, name, card, record=record, known_until=known_until, by=by, at=at)
    _give(connection, name, CHALLENGER, by=by, at=at, reason="trained")
    return model(connection, name)


def keep_rules(connection: sqlite3.Connection, card: Card, *, by: str, at: datetime) -> Model:
    """Register the settings' card of rules, if it is not known: another text is another card."""
    name = f"rules-{digest(card_text(card))[:12]}"
    _add(connection, name, card, record={}, known_until=None, by=by, at=at)
    return model(connection, name)


def champion(connection: sqlite3.Connection, rules: Card, *, by: str, at: datetime) -> Model:
    """The card that grades: the one that was promoted, else the settings' rules."""
    row = connection.execute(_SQL["champion"]).fetchone()
    return keep_rules(connection, rules, by=by, at=at) if row is None else model(connection, str(row[0]))


def promoted(connection: sqlite3.Connection) -> str:
    """The name of the champion that somebody promoted; empty: nobody did."""
    row = connection.execute(_SQL["champion"]).fetchone()
    return "" if row is None else str(row[0])


def promote(connection: sqlite3.Connection, name: str, *, by: str, at: datetime, reason: str) -> Model:
    """Make a card the champion; the former one becomes a challenger.

    Raises:
        StoreError: there is no such card, or it is the champion already.
    """
    wanted = model(connection, name)
    former = promoted(connection)
    if former == wanted.name:
        raise StoreError(f"{name} is the champion already; nothing was changed.")
    if former:
        _give(connection, former, CHALLENGER, by=by, at=at, reason=f"{name} was promoted")
    _give(connection, wanted.name, CHAMPION, by=by, at=at, reason=reason)
    return model(connection, name)


def models(connection: sqlite3.Connection) -> tuple[Model, ...]:
    """Every card, the newest last.

    Raises:
        StoreError: the text of one is not what was kept.
    """
    return tuple(_model(row) for row in connection.execute(_SQL["models"]).fetchall())


def model(connection: sqlite3.Connection, name: str) -> Model:
    """One card by its name.

    Raises:
        StoreError: there is none of that name.
    """
    known = models(connection)
    for one in known:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in known) or "none"
    raise StoreError(f"There is no scorecard {name}. There are: {names}. `dialer risk models` lists them.")


def _add(
    connection: sqlite3.Connection,
    name: str,
    card: Card,
    *,
    record: Mapping[str, object],
    known_until: datetime | None,
    by: str,
    at: datetime,
) -> None:
    text = card_text(card)
    row = {
        "model": name,
        "kind": card.kind.value,
        "card": text,
        "sha256": digest(text),
        "record": json.dumps(dict(record), ensure_ascii=False, sort_keys=True),
        "known_until": moment_text_or_none(known_until),
        "at": moment_text(at),
        "by": by,
    }
    connection.execute(_SQL["add_model"], row)


def _give(connection: sqlite3.Connection, name: str, role: str, *, by: str, at: datetime, reason: str) -> None:
    row = {"model": name, "role": role, "at": moment_text(at), "by": by, "reason": reason}
    connection.execute(_SQL["add_role"], row)


def _model(row: tuple[Any, ...]) -> Model:
    name, kind, text, sha256, record, known_until, made_at, made_by, role, role_at, role_by, reason, graded = row
    if digest(text) != sha256:
        raise StoreError(f"The scorecard {name} in the store is not the one that was kept: its hash differs.")
    try:
        card = read_card(text)
    except CardError as problem:
        raise StoreError(f"The scorecard {name} cannot be read: {problem}. Update this program.") from problem
    return Model(
        name=name,
        kind=CardKind(kind),
        card=card,
        sha256=sha256,
        record=json.loads(record),
        known_until=moment_or_none(known_until),
        made_at=moment(made_at),
        made_by=made_by,
        role=role,
        role_at=moment(role_at) if role_at else None,
        role_by=role_by,
        role_reason=reason,
        graded=int(graded),
    )
