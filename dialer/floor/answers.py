"""Whom a campaign has answered for, day by day, and what pacing may still lose, as the campaign's profile counts it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from dialer.calling_rules import AbandonmentRule, AbandonmentWindow
from dialer.compliance.abandonment import NONE, ONE_OF, Answers, Counts, counts
from dialer.facts import DayAnswers
from dialer.pacing import Budget
from dialer.types import Outcome

HOUR_S = 3600.0
PERIOD_DAYS = 30
"""Source: 16 CFR 310.4(b)(4)(i), successive 30-day periods; kept for every profile (house rule where law is silent)."""
HOUR_SLACK_SIGMAS = 2.0
"""An hour may exceed its share of the day by this much bad luck before it is held back (house rule)."""


@dataclass(frozen=True, slots=True)
class DayPlan:
    """The day where the dialer is."""

    valid_until_s: float
    on: date
    hour: int
    ends_at: datetime | None
    """When the campaign will dial no more, midnight at the latest; None: not known."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A call in the air: what is known of it that may change its odds."""

    marks: tuple[str, ...]
    odds: float


@dataclass(slots=True)
class AnswerBook:
    """One campaign's answers, counted when they are bridged, abandoned, gone within the wait, or found a machine."""

    answered: int = 0
    """By a person, since the campaign was launched here."""
    abandoned: int = 0
    _days: dict[date, Answers] = field(default_factory=dict)
    _hour: deque[tuple[float, Answers]] = field(default_factory=deque)
    _of_hour: Answers = NONE
    _concluded: set[str] = field(default_factory=set)
    _known: tuple[tuple[date, float, AbandonmentRule | None], tuple[Budget, ...]] | None = None
    """What was asked for last and said; nothing was counted since."""

    def restore(self, days: Iterable[DayAnswers]) -> None:
        """What the store knows of earlier runs: days only, so the hour that is watched begins anew with each run."""
        for day in days:
            known = Answers(
                live=day.answered,
                abandoned=day.abandoned,
                passed=day.answered - day.abandoned - day.gone,
                machine_verdicts=day.machines,
            )
            self._days[day.on] = self._days.get(day.on, NONE) + known
        self._known = None

    def conclude(self, attempt_id: str, outcome: Outcome, *, on: date, now_s: float) -> bool:
        """A call found its end as far as abandonment goes; False when that was known already.

        Args:
            attempt_id: of the call.
            outcome: bridged, abandoned, gone within the wait, or a machine.
            on: today, where the dialer is.
            now_s: monotonic seconds.
        """
        if attempt_id in self._concluded:
            return False
        self._concluded.add(attempt_id)
        one = ONE_OF[outcome]
        self.answered += one.live
        self.abandoned += one.abandoned
        self._days[on] = self._days.get(on, NONE) + one
        self._hour.append((now_s, one))
        self._of_hour += one
        self._known = None
        return True

    def forget(self, attempt_id: str) -> None:
        """A call is closed; nothing more will be heard of it."""
        self._concluded.discard(attempt_id)

    def on_day(self, on: date) -> tuple[int, int]:
        """People who answered on a day, and those of them who were abandoned; nothing is estimated."""
        found = self._days.get(on, NONE)
        return found.live, found.abandoned

    def budgets(self, on: date, now_s: float, target: float, rule: AbandonmentRule | None = None) -> tuple[Budget, ...]:
        """The windows whose abandonment counts now: the day, the last hour, and with earlier days the last 30 of them.

        All three are always kept. An hour that is the rule's own has no slack; as a house rule it has some.

        Args:
            on: today, where the dialer is.
            now_s: monotonic seconds.
            target: abandoned / answered.
            rule: how abandonment is counted; None: abandoned calls by answers of a person.
        """
        while self._hour and self._hour[0][0] <= now_s - HOUR_S:
            self._of_hour -= self._hour.popleft()[1]
            self._known = None
        asked_for = (on, target, rule)
        if self._known is None or self._known[0] != asked_for:
            self._known = (asked_for, self._count(on, target, rule))
        return self._known[1]

    def _count(self, on: date, target: float, rule: AbandonmentRule | None) -> tuple[Budget, ...]:
        hour = counts(self._of_hour, rule)
        is_lawful_hour = rule is not None and AbandonmentWindow.HOUR in rule.windows
        slack = 0.0 if is_lawful_hour else 1.0 + HOUR_SLACK_SIGMAS * math.sqrt(target * hour.answered)
        budgets = [
            _budget("day", counts(self._days.get(on, NONE), rule)),
            _budget("hour", hour, slack=slack),
        ]
        if any(day != on for day in self._days):
            first = on - timedelta(days=PERIOD_DAYS - 1)
            period = sum((found for day, found in self._days.items() if first <= day <= on), NONE)
            budgets.append(_budget("30 days", counts(period, rule)))
        return tuple(budgets)


def _budget(name: str, found: Counts, *, slack: float = 0.0) -> Budget:
    return Budget(name=name, answered=found.answered, abandoned=found.abandoned, slack=slack)
