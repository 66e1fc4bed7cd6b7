"""The chance of the right party now, learned per number, weekday and block of hours.

Learned in place, dial by dial; nothing here knows a clock: the caller says when. What is asked for is the chance that a
person answers, by the debtor's clock, times the chance that an answer is the right party's. The first is refined from
everybody to the region, to the segment in it, to the number (see `dialer.ordering.shrinking`); the second from who is
reached at the number (the debtor, a guarantor, another) to the number. Before the first dial there is the belief of the
settings: the same chance at every hour.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from dialer.ordering.beliefs import ContactBelief
from dialer.ordering.cells import CELLS, Cell
from dialer.ordering.packed import PackedTallies
from dialer.ordering.shrinking import Curve, at_cell, flat, level, posterior, refined, spread
from dialer.ordering.tallies import Tally, weight_at
from dialer.types import ContactRole

_STALE_SHARE = 0.02
_STALE_DIALS = 10
_STALE_DAYS = 0.5
"""A group's curve is worked out anew after so large a share and number of new dials, or after so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberTraits:
    """What is known of a number without a dial."""

    key: Hashable
    """Which number: a phone's id, or anything that stands for it."""
    role: ContactRole = ContactRole.DEBTOR
    region: str = ""
    segment: str = ""
    """A part of the region's debtors who may behave alike, such as a bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """A chance of the right party, and what it is made of."""

    answer: float
    """A person answers."""
    right_party: float
    """And it is the right party, if a person answers."""
    everybody: float
    """Of an answer in this cell of the week: everybody's chance, then the region's, then the segment's in it."""
    region: float
    segment: float
    dials: int
    """To this number, ever counted."""
    answers: float
    """Of them, the old ones for less."""
    since_answer: int
    """Dials in a row, up to the last one, that nobody answered."""

    @property
    def reached(self) -> float:
        """The right party answers."""
        return self.answer * self.right_party


@dataclass(slots=True)
class _Kept:
    curve: Curve
    observations: int
    weight: float


@dataclass(slots=True)
class _Group:
    """A group's own tally, and its curve as it was worked out last."""

    tally: Tally = field(default_factory=Tally)
    kept: _Kept | None = None


class ContactModel:
    """What has been learned of when people answer."""

    def __init__(self, belief: ContactBelief | None = None) -> None:
        """Begin with what is believed.

        Args:
            belief: settings; None: the usual ones.
        """
        self.belief = belief or ContactBelief()
        self.number_strength = self.belief.number_strength
        """How much belief in a group's chance a number needs to be talked out of; `learn_spread` learns it."""
        self._everybody = _Group()
        self._groups: dict[tuple[str, ...], _Group] = {}
        self._roles: dict[ContactRole, Tally] = {}
        self._numbers = PackedTallies()
        """Marked with their kind."""
        self._kinds: dict[tuple[ContactRole, str, str], int] = {}
        """Role, region and segment of the numbers that were dialled: far fewer than numbers."""

    def observe(
        self,
        number: NumberTraits,
        cell: Cell,
        at: datetime,
        *,
        answered: bool,
        right_party: bool | None = None,
        times: float = 1.0,
    ) -> None:
        """A dial is over.

        Args:
            number: which.
            cell: when, by the debtor's clock: `cells.cell_at`.
            at: when, aware; old dials count less.
            answered: by a person.
            right_party: it was the debtor; counts only if answered. None: nobody knows, as when no agent was free.
            times: so many dials of one number and cell that ended alike, told together.
        """
        of_group = weight_at(at, self.belief.group_half_life_days)
        of_number = weight_at(at, self.belief.number_half_life_days)
        for group in (self._everybody, *(self._group(key) for key in _keys(number))):
            group.tally.add(cell, of_group, answered=answered, right_party=right_party, times=times)
        role = self._roles.setdefault(number.role, Tally())
        role.add(cell, of_group, answered=answered, right_party=right_party, times=times)
        own = self._numbers.get(number.key)
        own.add(cell, of_number, answered=answered, right_party=right_party, times=times)
        kind = number.role, number.region, number.segment
        self._numbers.put(number.key, own, self._kinds.setdefault(kind, len(self._kinds)))

    def chance(self, number: NumberTraits, cell: Cell, at: datetime) -> Chance:
        """The chance of the right party.

        Args:
            number: which.
            cell: of the week, by the debtor's clock: now or another.
            at: the moment of asking, aware; it says how old the dials are, not when to dial.
        """
        everybody, region, segment = self._curves(number, at)
        tally = self._numbers.get(number.key)
        weight = weight_at(at, self.belief.number_half_life_days)
        return Chance(
            answer=self._answer(segment, tally, cell, weight),
            right_party=self._right_party(number, tally, at, weight),
            everybody=everybody[cell],
            region=region[cell],
            segment=segment[cell],
            dials=tally.observations,
            answers=tally.answers / weight,
            since_answer=tally.since_answer,
        )

    def chances(self, number: NumberTraits, cells: Iterable[Cell], at: datetime) -> dict[Cell, float]:
        """The chance of the right party in some cells of the week; see `chance`."""
        *_, segment = self._curves(number, at)
        tally = self._numbers.get(number.key)
        weight = weight_at(at, self.belief.number_half_life_days)
        right = self._right_party(number, tally, at, weight)
        if not tally.tries:
            return {cell: segment[cell] * right for cell in cells}
        factor = level(tally, segment, self.number_strength, weight)
        strength = self.belief.number_hour_strength
        return {cell: at_cell(cell, segment[cell] * factor, tally, strength, weight) * right for cell in cells}

    def curve(self, number: NumberTraits, at: datetime) -> Curve:
        """The chance of the right party in every cell of the week; see `chance`."""
        return tuple(self.chances(number, (Cell(cell) for cell in range(CELLS)), at).values())

    def group_curve(self, at: datetime, region: str = "", segment: str = "") -> Curve:
        """The chance of an answer in every cell of the week: of everybody, of a region, or of a segment in it."""
        everybody, of_region, of_segment = self._curves(NumberTraits(key=None, region=region, segment=segment), at)
        return of_segment if segment else of_region if region else everybody

    def learn_spread(self, at: datetime) -> float:
        """Learn from all numbers how much they differ, and keep it; walks over every number that was dialled.

        Returns:
            How strong the belief in a group's chance is, for one number of it, in dials.
        """
        self.number_strength = spread(self._seen(at), self.belief.number_strength)
        return self.number_strength

    def _seen(self, at: datetime) -> Iterator[tuple[float, float, float]]:
        weight = weight_at(at, self.belief.number_half_life_days)
        kinds = [
            NumberTraits(key=None, role=role, region=region, segment=segment) for role, region, segment in self._kinds
        ]
        for tally, kind in self._numbers.items():
            *_, segment = self._curves(kinds[kind], at)
            yield tally.tries / weight, tally.answers / weight, tally.expected(segment) / weight

    def _answer(self, parent: Curve, tally: Tally, cell: Cell, weight: float) -> float:
        if not tally.tries:
            return parent[cell]
        usual = parent[cell] * level(tally, parent, self.number_strength, weight)
        return at_cell(cell, usual, tally, self.belief.number_hour_strength, weight)

    def _right_party(self, number: NumberTraits, tally: Tally, at: datetime, weight: float) -> float:
        role = self._roles.get(number.role, _NEVER)
        of_role = weight_at(at, self.belief.group_half_life_days)
        believed = self.belief.right_party.get(number.role, 0.0)
        usual = posterior(role.right / of_role, role.known / of_role, believed, self.belief.right_party_strength)
        strength = self.belief.number_right_party_strength
        return posterior(tally.right / weight, tally.known / weight, usual, strength)

    def _group(self, key: tuple[str, ...]) -> _Group:
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = _Group()
        return found

    def _curves(self, number: NumberTraits, at: datetime) -> tuple[Curve, Curve, Curve]:
        believed = self.belief
        weight = weight_at(at, believed.group_half_life_days)
        strengths = believed.answer_strength, believed.hour_strength
        everybody = self._kept(self._everybody, flat(believed.answer_ratio), strengths, weight)
        curves, strengths = [everybody], (believed.group_strength, believed.hour_strength)
        for key in _keys(number):
            group = self._groups.get(key)
            curves.append(curves[-1] if group is None else self._kept(group, curves[-1], strengths, weight))
        return curves[0], curves[1], curves[2]

    def _kept(self, group: _Group, parent: Curve, strengths: tuple[float, float], weight: float) -> Curve:
        kept, seen = group.kept, group.tally.observations
        if kept is not None:
            news = abs(self._everybody.tally.observations - kept.observations)
            aged = max(weight / kept.weight, kept.weight / weight)
            if news <= _STALE_DIALS + _STALE_SHARE * kept.observations and aged <= 2.0 ** (
                _STALE_DAYS / self.belief.group_half_life_days
            ):
                return kept.curve
        strength, of_hour = strengths
        curve = (
            parent
            if not seen
            else refined(parent, group.tally, strength=strength, hour_strength=of_hour, weight=weight)
        )
        group.kept = _Kept(curve, self._everybody.tally.observations, weight)
        return curve


_NEVER = Tally()


def _keys(number: NumberTraits) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (number.region,), (number.region, number.segment)
