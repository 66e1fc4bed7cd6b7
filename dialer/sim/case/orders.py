"""Who is next, and at which number: in turn down the list, or by expected value with what has been learned.

The product side: learns from what dials and agents tell, never from the truth. The expected value, the best hours and
the choice of the number are `dialer.ordering`, begun with what it believes before the first dial: every hour alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from dialer.ordering.appraisal import appraise
from dialer.ordering.beliefs import Costs, OrderingSettings
from dialer.ordering.cells import Cell, cell_at
from dialer.ordering.contact import ContactModel, NumberTraits
from dialer.ordering.numbers import choose
from dialer.ordering.worth import Owed, RecoveryModel
from dialer.sim.case.arms import Turn, Way
from dialer.sim.case.listed import Listed
from dialer.sim.case.scenario import CLOSES, ZONE, Scenario
from dialer.types import PhoneId

Rank = tuple[float, ...]
"""Smaller is sooner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An account as it stands, as far as the order asks."""

    listed: Listed
    place: int
    """On the list."""
    phones: tuple[PhoneId, ...]
    """That may be dialled."""
    position: int
    """Of the number whose turn it is, among them."""
    tried_s: float
    """When it was dialled last; 0: never."""
    left: float
    """Still due, over what was due."""


class Order:
    """The order of one arm, as it learns.

    Args:
        way: how the arm works.
        scenario: for what a dial costs.
    """

    def __init__(self, way: Way, scenario: Scenario) -> None:
        self.by_value = way.turn is Turn.VALUE
        self._picks = way.picks_numbers
        wrap_up_s = scenario.auto_wrap_up_s if way.auto_wrap_up else scenario.wrap_up_s
        costs = Costs(talk_s=scenario.talk_s, wrap_up_s=wrap_up_s)
        self._settings = OrderingSettings(costs=costs, until_hour=CLOSES.hour)
        self._contact = ContactModel(self._settings.contact)
        self._recovery = RecoveryModel(self._settings.recovery)

    def begin(self, at: datetime) -> None:
        """A new day: how much numbers differ is learned anew, as the product does when it works its order out."""
        if self._picks or self.by_value:
            self._contact.learn_spread(at)

    def heard(self, listed: Listed, phone_id: PhoneId, at: datetime, *, answered: bool, right_party: bool) -> None:
        """A dial is over, as the dialer and the agent told."""
        if self._picks or self.by_value:
            number = _traits(listed, phone_id)
            self._contact.observe(number, _cell(at), at, answered=answered, right_party=right_party)

    def rank(self, one: Standing, at: datetime) -> tuple[Rank, int]:
        """Where an account stands now, and the index of the number to dial."""
        if not self.by_value:
            return (one.tried_s, float(one.place)), self.number(one, at)
        found = appraise(
            self._contact,
            self._recovery,
            self._settings,
            owed=Owed(
                amount_due=one.listed.amount_due if one.left >= 1.0 else _left(one),
                bucket=one.listed.bucket,
                grade=one.listed.grade,
            ),
            numbers=[_traits(one.listed, phone_id) for phone_id in one.phones],
            cell=_cell(at),
            at=at,
            current=one.position,
        )
        return (-float(found.worth.per_minute), float(one.place)), found.chosen.index

    def number(self, one: Standing, at: datetime) -> int:
        """The index of the number to dial."""
        if not self._picks or len(one.phones) < 2:
            return one.position
        numbers = [_traits(one.listed, phone_id) for phone_id in one.phones]
        rule = self._settings.numbers
        return choose(self._contact, numbers, _cell(at), at, rule=rule, current=one.position).index


def _left(one: Standing) -> Decimal:
    return (one.listed.amount_due * Decimal(one.left)).quantize(Decimal("0.01"))


def _traits(listed: Listed, phone_id: PhoneId) -> NumberTraits:
    return NumberTraits(key=phone_id, region=listed.region, segment=listed.bucket)


def _cell(at: datetime) -> Cell:
    return cell_at(at.astimezone(ZONE))
