"""Whom a campaign has answered for: people who answered and the part of them that was abandoned, day by day."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from dialer.events import DayAnswers
from dialer.pacing import Budget

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
    """One campaign's answers by a person, counted when they are bridged, abandoned, or gone within the wait."""

    answered: int = 0
    """Since the campaign was launched here."""
    abandoned: int = 0
    _days: dict[date, tuple[int, int]] = field(default_factory=dict)
    _hour: deque[tuple[float, bool]] = field(default_factory=deque)
    _hour_abandoned: int = 0
    _concluded: set[str] = field(default_factory=set)

    def restore(self, days: Iterable[DayAnswers]) -> None:
        """What the store knows of earlier runs: days only, so the hour that is watched begins anew with each run."""
        for day in days:
            answered, abandoned = self._days.get(day.on, (0, 0))
            self._days[day.on] = (answered + day.answered, abandoned + day.abandoned)

    def conclude(self, attempt_id: str, *, abandoned: bool, on: date, now_s: float) -> bool:
        """An answer found its end; False when that was known already."""
        if attempt_id in self._concluded:
            return False
        self._concluded.add(attempt_id)
        self.answered += 1
        self.abandoned += abandoned
        answers, lost = self._days.get(on, (0, 0))
        self._days[on] = (answers + 1, lost + abandoned)
        self._hour.append((now_s, abandoned))
        self._hour_abandoned += abandoned
        return True

    def forget(self, attempt_id: str) -> None:
        """A call is closed; nothing more will be heard of it."""
        self._concluded.discard(attempt_id)

    def on_day(self, on: date) -> tuple[int, int]:
        """Answers of a day, and those of them that were abandoned."""
        return self._days.get(on, (0, 0))

    def budgets(self, on: date, now_s: float, target: float) -> tuple[Budget, ...]:
        """The windows whose abandonment counts now.

        Args:
            on: today, where the dialer is.
            now_s: monotonic seconds.
            target: abandoned / answered.
        """
        while self._hour and self._hour[0][0] <= now_s - HOUR_S:
            self._hour_abandoned -= self._hour.popleft()[1]
        today, lost_today = self.on_day(on)
        fair = target * len(self._hour)
        budgets = [
            Budget(name="day", answered=today, abandoned=lost_today),
            Budget(
                name="hour",
                answered=len(self._hour),
                abandoned=self._hour_abandoned,
                slack=1.0 + HOUR_SLACK_SIGMAS * math.sqrt(fair),
            ),
        ]
        if any(day != on for day in self._days):
            first = on - timedelta(days=PERIOD_DAYS - 1)
            period = [counts for day, counts in self._days.items() if first <= day <= on]
            budgets.append(
                Budget(name="30 days", answered=sum(one for one, _ in period), abandoned=sum(one for _, one in period))
            )
        return tuple(budgets)
