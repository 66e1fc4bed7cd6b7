"""Into which bin does a value fall? A scorecard knows of a feature a few wide bins, and one for unknown. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialer.risk.features import Column, Floats, Kind, Texts

Indexes = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """The bins of one feature.

    Bin 0 is `unknown`; then those of numbers from low to high, or those of categories in their order with `all others`
    as the last.
    """

    kind: Kind
    edges: tuple[float, ...] = ()
    """Of numbers, ascending: bin 1 is below the first, and an edge belongs to the bin above it."""
    categories: tuple[tuple[str, ...], ...] = ()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.edges) + 2 if self.kind is Kind.NUMBER else len(self.categories) + 2

    def of(self, column: Column) -> Indexes:
        """The bin of each value.

        Args:
            column: shape (n,): floats, NaN for unknown; or texts, empty for unknown.
        """
        if self.kind is Kind.NUMBER:
            numbers = np.asarray(column, dtype=np.float64)
            found = np.searchsorted(np.asarray(self.edges, dtype=np.float64), numbers, side="right") + 1
            return np.where(np.isnan(numbers), 0, found).astype(np.intp)
        known = {text: index for index, group in enumerate(self.categories, start=1) for text in group}
        other = len(self.categories) + 1
        return np.fromiter((known.get(text, other) if text else 0 for text in column), dtype=np.intp, count=len(column))

    def label(self, index: int) -> str:
        """A bin in signs that need no translation: `–` is unknown, `*` all others."""
        if index == 0:
            return "–"
        if self.kind is Kind.CATEGORY:
            return "*" if index > len(self.categories) else ", ".join(self.categories[index - 1])
        if not self.edges:
            return "*"
        if index == 1:
            return f"< {self.edges[0]:g}"
        low = self.edges[index - 2]
        return f"≥ {low:g}" if index > len(self.edges) else f"{low:g} … < {self.edges[index - 1]:g}"


def bins_of_numbers(values: Floats, *, most: int, fewest: int) -> Bins:
    """Bins that hold about as many values each.

    Args:
        values: shape (n,), NaN for unknown: of the rows that a card is trained on, never of those it is tested on.
        most: bins at most, besides that of unknown.
        fewest: values in a bin at least.
    """
    known = np.sort(values[~np.isnan(values)])
    wanted = max(1, min(most, len(known) // max(1, fewest)))
    edges: list[float] = []
    begin = 0
    for number in range(1, wanted):
        at = max(len(known) * number // wanted, begin + fewest)
        if at >= len(known):
            break
        place = int(np.searchsorted(known, known[at], side="left"))
        if place - begin < fewest:  # many equal values: the edge is above them
            place = int(np.searchsorted(known, known[at], side="right"))
        if place - begin < fewest or len(known) - place < fewest:
            continue
        edge, place = _short(known, place, begin=begin, fewest=fewest)
        edges.append(edge)
        begin = place
    return Bins(kind=Kind.NUMBER, edges=tuple(edges))


def _short(known: Floats, place: int, *, begin: int, fewest: int) -> tuple[float, int]:
    """An edge near a value that people can read, and where it comes to stand; the value itself if need be."""
    for digits in (2, 3, 4, 6):
        edge = float(f"{known[place]:.{digits}g}")
        at = int(np.searchsorted(known, edge, side="left"))
        if at - begin >= fewest and len(known) - at >= fewest and abs(at - place) <= fewest // 2:
            return edge, at
    return float(known[place]), place


def bins_of_categories(values: Texts, *, most: int, fewest: int) -> Bins:
    """A bin for each frequent text, the most frequent first; what is rare is `all others`."""
    texts, counts = np.unique(values[values != ""].astype(str), return_counts=True)
    ranked = sorted(zip(texts, counts, strict=True), key=lambda pair: (-pair[1], pair[0]))
    frequent = [(str(text),) for text, count in ranked if count >= fewest]
    return Bins(kind=Kind.CATEGORY, categories=tuple(frequent[:most]))
