"""How much of the abandonment budget may be spent now, so that the whole ends at or under the target.

A budget is a ratio over a window of time: abandoned / answered by a person, at most the target. With the answers that
are still to come, the window allows so many abandoned calls more. To spend them evenly is nearly best, since every
next one buys less; something is held back, because what has been spent cannot be bought back, and as the end comes
near what is left is spent. With less than one left next to nothing is risked: a small price, for even a tiny chance of
an abandoned call buys much. With none left pacing places one call per free agent, because rules want it so.

The law is a fit to the numerical optimum of a Poisson spending problem with logarithmic gain and a fine for ending over
the target, worked out in `docs/pacing.md`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

HELD_BACK: Final = 0.9
"""Abandoned calls: the part of the last one that can never be spent."""
CAUTION: Final = 0.5
"""Times the root of what is left, held back against bad luck."""
LAST_CHANCE: Final = 0.1
"""Abandoned calls to expect in all that is to come, at the pace of now, when not even one is left."""
LAST_ANSWERS: Final = 30.0
"""Such a pace is one for so many answers at least: set anew with each of the last few, it would rise and rise, where
there is little to gain any more and a target to miss."""
BROKE: Final = 0.02
"""Likewise when the budget is overspent."""
LEANING: Final = 10.0
"""The pace of the answers leans on what is expected, as if so many had come at that pace."""
HASTE: Final = 1.6
"""At most so many times the target may be spent for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One window of time of one campaign, such as its day."""

    name: str
    answered: float
    """By a person, concluded, within the window so far, as the campaign's profile counts; estimates are fractions."""
    abandoned: float
    slack: float = 0.0
    """Abandoned calls by which a part of a larger window may exceed its own share: bad luck is no fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What is to be spent now, and by which window."""

    aim: float
    """Abandoned / answered to aim at for now."""
    budget: str
    """The window that sets it."""
    left: float
    """Abandoned calls that it still allows, counting the answers to come."""


def answers_to_come(answered: int, elapsed_s: float, left_s: float, expected_per_s: float) -> float:
    """Answers until the end: at the pace so far, leaning on what is expected while there were few.

    Args:
        answered: by a person, within `elapsed_s`.
        elapsed_s: since calls are being placed.
        left_s: for how long they still will be.
        expected_per_s: answers per second that the agents at work can take.
    """
    if expected_per_s <= 0.0 or left_s <= 0.0:
        return 0.0
    return left_s * (answered + LEANING) / (elapsed_s + LEANING / expected_per_s)


def spend(
    budgets: Iterable[Budget], target: float, to_come: float, *, surely: float = 1.0, under_way: float = 0.0
) -> Spending:
    """The abandonment ratio to aim at now: the least that any window wants.

    Args:
        budgets: every window that counts; at least one. None of them ends before `to_come` has come.
        target: abandoned / answered, the same for all.
        to_come: answers by a person that are still to come today.
        surely: the part (0..1) of them that the windows may count on already.
        under_way: those of them that calls in the air will bring; their risk was taken when they were placed, and the
            target's share of them is as good as spent.
    """
    found = []
    for budget in budgets:
        left = target * (budget.answered + surely * to_come - under_way) + budget.slack - budget.abandoned
        answers = max(to_come, LAST_ANSWERS if left < 1.0 else 1.0)
        aim = min(_wished(left) / answers, HASTE * target)
        found.append(Spending(aim=aim, budget=budget.name, left=left))
    return min(found, key=lambda spending: spending.aim)


def _wished(left: float) -> float:
    """Abandoned calls to expect in all that is to come, when `left` are allowed."""
    spare = max(left - HELD_BACK, 0.0)
    if left < 1.0:
        return LAST_CHANCE if left > 0.0 else BROKE
    return max(spare - CAUTION * math.sqrt(spare) + 0.1, LAST_CHANCE)
