"""One account appraised: the number to dial now, its chance, and what the dial is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dialer.ordering.beliefs import OrderingSettings
from dialer.ordering.cells import Cell, later_today
from dialer.ordering.contact import ContactModel, NumberTraits
from dialer.ordering.numbers import Chosen, choose
from dialer.ordering.worth import Owed, RecoveryModel, Worth, best_later, worth


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """What to do with an account now, and what it is worth."""

    worth: Worth
    chosen: Chosen
    cell: Cell


def appraise(
    contact: ContactModel,
    recovery: RecoveryModel,
    settings: OrderingSettings,
    *,
    owed: Owed,
    numbers: Sequence[NumberTraits],
    cell: Cell,
    at: datetime,
    current: int = 0,
) -> Appraisal:
    """Appraise an account.

    Args:
        contact: what was learned of when people answer.
        recovery: what was learned of what they pay then.
        settings: beliefs, costs, and when a number gives way.
        owed: the account.
        numbers: of its debtor, that may be dialled, in the order of rank; at least one.
        cell: now, by the debtor's clock; see `cells.cell_at`.
        at: now, aware.
        current: the index of the number whose turn it is.
    """
    chosen = choose(contact, numbers, cell, at, rule=settings.numbers, current=current)
    later = None
    if settings.later_weight:
        left = (cell, *later_today(cell, settings.until_hour))
        later = best_later(contact.chances(chosen.best.number, left, at), cell)
    chance = chosen.best.chance
    found = worth(
        answer=chance.answer,
        reached=chance.reached,
        recovery=recovery.expected(owed),
        costs=settings.costs,
        later=later,
        later_weight=settings.later_weight,
    )
    return Appraisal(worth=found, chosen=chosen, cell=cell)
