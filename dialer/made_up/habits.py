"""How made-up people pay: on time, forgetful, strained after something happened, or not at all.

The habit is hidden; what a lender would see of it is the payments, the score, and what people say when they are called.
"""

from __future__ import annotations

from enum import IntEnum
from math import log
from random import Random
from typing import NamedTuple

from dialer.made_up.lending import MadeUpLoan

_LIFE_DAYS = 3.0


class Habit(IntEnum):
    """Why somebody pays as they do."""

    PUNCTUAL = 0
    FORGETFUL = 1  # able and willing, late
    STRAINED = 2  # willing, for a time not able: income fell
    UNWILLING = 3  # able, not willing


class Payment(NamedTuple):
    """Money that came."""

    day: int
    """An ordinal."""
    no: int
    """The instalment that it is for."""
    cents: int


class Course(NamedTuple):
    """How a loan went."""

    habit: Habit
    payments: tuple[Payment, ...]
    """In the order in which they came; each pays its instalment, oldest first."""
    paid_days: tuple[int, ...]
    """When each of the first instalments was paid whole; those after them are not paid."""
    part_cents: int
    """What was paid of the first instalment that is not paid whole."""


def draw_habit(chance: Random, risk: float) -> Habit:
    """Draw one.

    Args:
        chance: seeded.
        risk: how much likelier than usual to fall behind, 1 is usual.
    """
    draw = chance.random()
    if draw < (strained := min(0.6, 0.17 * risk)):
        return Habit.STRAINED
    if draw < (unwilling := strained + min(0.3, 0.055 * risk)):
        return Habit.UNWILLING
    return Habit.FORGETFUL if draw < unwilling + 0.24 else Habit.PUNCTUAL


def live(chance: Random, loan: MadeUpLoan, habit: Habit, risk: float, today: int) -> Course:
    """Let a loan run until today.

    Args:
        chance: seeded.
        loan: what is due.
        habit: of its debtor.
        risk: as in `draw_habit`.
        today: an ordinal; nothing is known of it and later.
    """
    draw = chance.random
    payments: list[Payment] = []
    paid_days: list[int] = []
    trouble_from = int(draw() * loan.periods) if habit >= Habit.STRAINED else loan.periods
    stopped, part, last = False, 0, loan.disbursed
    for index, due in enumerate(loan.due_days):
        if due >= today:
            break
        troubled = index >= trouble_from
        stopped = stopped or (troubled and draw() < _stop_odds(habit, risk))
        total = sum(loan.parts[index])
        if stopped or (day := max(last, due + _delay(draw(), draw(), habit, troubled=troubled))) >= today:
            if not stopped and draw() < 0.3 and (began := due + int(draw() * 20)) > last and began < today:
                part = int(total * (0.2 + 0.5 * draw()) / 1000) * 1000
                if part:
                    payments.append(Payment(began, index + 1, part))
            break
        if troubled and habit is Habit.STRAINED and day - due > 5 and draw() < 0.35:
            first_day = max(last, due + int((day - due) * draw()))
            first = int(total * (0.3 + 0.4 * draw()) / 1000) * 1000
            if first and first_day < day:
                payments.append(Payment(first_day, index + 1, first))
                total -= first
        payments.append(Payment(day, index + 1, total))
        paid_days.append(day)
        last = day
    return Course(habit, tuple(payments), tuple(paid_days), part)


def _stop_odds(habit: Habit, risk: float) -> float:
    return min(0.6, (0.25 if habit is Habit.UNWILLING else 0.09) * risk)


def _delay(first: float, second: float, habit: Habit, *, troubled: bool) -> int:
    """Days after the due date, from two draws."""
    if troubled:
        mean = 24.0 if habit is Habit.STRAINED else 40.0
        return 1 + int(-mean * log(1.0 - second))
    if habit is Habit.FORGETFUL:
        return 0 if first < 0.55 else 1 + int(-9.0 * log(1.0 - second))
    return 0 if first < 0.93 else 1 + int(-_LIFE_DAYS * log(1.0 - second))
