"""What is paid, and when: by itself, after a promise, after a talk without one. Plays the world; knows the truth."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from dialer.leads import Promise
from dialer.sim.case.chance import Stream, logistic, uniform
from dialer.sim.case.listed import Listed
from dialer.sim.case.nature import Nature
from dialer.sim.case.scenario import FIRST_DAY
from dialer.sim.case.truth import Truth

CENT: Final = Decimal("0.01")
LONGEST_PROMISE_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that arrived."""

    on: date
    debtor: int
    amount: Decimal


class Money:
    """The debts of one group, as they are paid.

    Args:
        truth: of everybody.
        nature: of the world.
        listed: the group.
    """

    def __init__(self, truth: Truth, nature: Nature, listed: Iterable[Listed]) -> None:
        self._truth, self._nature = truth, nature
        self.due = {one.index: one.amount_due for one in listed}
        """What is left."""
        self.opening = sum(self.due.values(), Decimal(0))
        self.paid = Decimal(0)
        self.promised = self.kept = 0
        self._coming: dict[date, list[tuple[int, Decimal | None]]] = defaultdict(list)
        """Day -> who pays, and how much; None: all."""
        for index in self.due:
            cured_on = self._cured_on(index)
            if cured_on is not None:
                self._coming[cured_on].append((index, None))

    def _cured_on(self, index: int) -> date | None:
        """The day on which somebody pays without being called: exponential waiting, one draw for a debtor."""
        hazard = self._truth.debtors[index].cure_per_day
        days = -math.log(uniform(self._truth.seed, Stream.SELF_CURE, index)) / hazard
        return FIRST_DAY + timedelta(days=int(days)) if days < 400.0 else None

    def talked(self, index: int, talk: int, skill: float, on: date) -> Promise | None:
        """The debtor was spoken to.

        Args:
            index: of the debtor.
            talk: 1 for the first talk with them, 2 for the second ...
            skill: of the agent, in log-odds.
            on: today.

        Returns:
            The promise, if there is one.
        """
        left = self.due[index]
        one, nature, seed = self._truth.debtors[index], self._nature, self._truth.seed
        log_odds = nature.promise_bias + nature.promise_will * one.willing + nature.promise_able * one.able
        log_odds += skill + nature.promise_again * (talk - 1)
        if left <= 0:
            return None
        if uniform(seed, Stream.PROMISE, index, talk) >= logistic(log_odds):
            if uniform(seed, Stream.NUDGED, index, talk) < nature.nudged:
                self._coming[on + timedelta(days=1)].append((index, None))
            return None
        share = 1.0 if one.able > 0.3 else 0.25 + 0.75 * uniform(seed, Stream.SHARE, index, talk)
        amount = max(CENT, (left * Decimal(share)).quantize(CENT, rounding=ROUND_HALF_EVEN))
        days = 1 + int(LONGEST_PROMISE_DAYS * uniform(seed, Stream.DAYS, index, talk))
        due_on = on + timedelta(days=days)
        self.promised += 1
        keeps = logistic(nature.kept_bias + nature.kept_will * one.willing + nature.kept_able * one.able)
        if uniform(seed, Stream.KEPT, index, talk) < keeps:
            self.kept += 1
            self._coming[due_on].append((index, amount))
        return Promise(amount=amount, due_on=due_on)

    def settle(self, day: date) -> list[Payment]:
        """What arrives on a day; nobody pays more than is due."""
        arrived = []
        for index, wanted in self._coming.pop(day, ()):
            left = self.due[index]
            amount = left if wanted is None else min(wanted, left)
            if amount > 0:
                self.due[index] = left - amount
                self.paid += amount
                arrived.append(Payment(day, index, amount))
        return arrived
