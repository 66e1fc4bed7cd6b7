"""A scorecard as JSON text, and back; numbers keep every bit. The text's hash is the card's name for ever. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from dialer.risk.bins import Bins
from dialer.risk.features import Kind
from dialer.risk.grades import Grade
from dialer.risk.scorecard import Card, CardFeature, CardKind

FORMAT: Final = 1
"""Of the text; another one is not guessed at."""


class CardError(ValueError):
    """A text that is no scorecard of this format."""


def card_text(card: Card) -> str:
    """The one text of a card: the same card, the same text."""
    return json.dumps(
        {
            "format": FORMAT,
            "kind": card.kind,
            "base": card.base,
            "factor": card.factor,
            "intercept": card.intercept,
            "cuts": [[grade, lowest] for grade, lowest in card.cuts],
            "score_edges": list(card.score_edges),
            "score_shares": list(card.score_shares),
            "features": [_feature(one) for one in card.features],
        },
        ensure_ascii=False,
        sort_keys=True,
        allow_nan=False,
    )


def digest(text: str) -> str:
    """SHA-256 of a card's text."""
    return sha256(text.encode()).hexdigest()


def read_card(text: str) -> Card:
    """The card of a text.

    Raises:
        CardError: it is no card, or of another format.
    """
    try:
        said = json.loads(text)
        if said["format"] != FORMAT:
            raise CardError(f"a card of format {said['format']}; this program reads format {FORMAT}")
        return Card(
            kind=CardKind(said["kind"]),
            base=float(said["base"]),
            factor=float(said["factor"]),
            intercept=float(said["intercept"]),
            cuts=tuple((Grade(grade), float(lowest)) for grade, lowest in said["cuts"]),
            score_edges=tuple(map(float, said["score_edges"])),
            score_shares=tuple(map(float, said["score_shares"])),
            features=tuple(_read_feature(one) for one in said["features"]),
        )
    except CardError:
        raise
    except (KeyError, TypeError, ValueError) as problem:
        raise CardError(f"this is no scorecard: {problem}") from problem


def _feature(one: CardFeature) -> dict[str, object]:
    return {
        "name": one.name,
        "kind": one.bins.kind,
        "edges": list(one.bins.edges),
        "categories": [list(group) for group in one.bins.categories],
        "weights": list(one.weights),
        "shares": list(one.shares),
        "bad_shares": list(one.bad_shares),
        "sources": list(one.sources),
    }


def _read_feature(said: Mapping[str, Any]) -> CardFeature:
    return CardFeature(
        name=str(said["name"]),
        bins=Bins(
            kind=Kind(said["kind"]),
            edges=tuple(map(float, said["edges"])),
            categories=tuple(tuple(map(str, group)) for group in said["categories"]),
        ),
        weights=tuple(map(float, said["weights"])),
        shares=tuple(map(float, said["shares"])),
        bad_shares=tuple(map(float, said["bad_shares"])),
        sources=tuple(map(str, said["sources"])),
    )
