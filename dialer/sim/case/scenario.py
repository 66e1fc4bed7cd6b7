"""How big is the case, how long does it last, and what is asked of its world? One frozen value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dialer.errors import SettingsError

ZONE: Final = ZoneInfo("Asia/Shanghai")
FIRST_DAY: Final = date(2026, 3, 9)
"""A Monday with no holiday in the weeks after it."""
OPENS: Final = time(9)
CLOSES: Final = time(18)
DAY_S: Final = 9 * 3600.0
SUNDAY: Final = 6


class ScenarioError(SettingsError):
    """A case that cannot be; the message names the field and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The same for every arm."""

    accounts: int = 2000
    """In each group: those whom an arm works, and those whom nobody calls."""
    days: int = 5
    """On which is dialled, Mondays to Saturdays."""
    agents: int = 4
    tail_days: int = 4
    """So many days after the last one payments still count: promises fall due in them."""
    dials_per_day: int | None = None
    """To one debtor, in every arm, besides what the rules of the campaign allow; None: they alone hold."""
    abandonment: float = 0.03
    """Of live answers, in every arm; no more than the rules allow."""
    ring_timeout_s: float = 30.0
    answer_odds: float = 1.0
    """A factor on the odds that a number is answered."""
    talk_s: float = 150.0
    """Mean, with the right party."""
    wrap_up_s: float = 60.0
    """Mean, by hand."""
    auto_wrap_up_s: float = 35.0
    """Mean, with what the dialer writes down by itself. ASSUMED, not a result."""
    look_up_s: float = 18.0
    """Manual: find the account and key the number, before each dial."""
    log_s: float = 8.0
    """Manual: write down a dial that nobody answered."""

    def __post_init__(self) -> None:
        for name, least, most in _BOUNDS:
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise ScenarioError(f"{name} is {value:g}; give {least:g} to {most:g}.")

    @property
    def dates(self) -> tuple[date, ...]:
        """The days on which is dialled."""
        found: list[date] = []
        day = FIRST_DAY
        while len(found) < self.days:
            if day.weekday() != SUNDAY:
                found.append(day)
            day += timedelta(days=1)
        return tuple(found)

    @property
    def last_on(self) -> date:
        """The last day whose payments count."""
        return self.dates[-1] + timedelta(days=self.tail_days)

    @property
    def agent_days(self) -> int:
        """Rostered, the same in every arm."""
        return self.agents * self.days

    @property
    def load(self) -> float:
        """Accounts for each agent-day: contact depends on it at least as much as on the dialer."""
        return self.accounts / self.agent_days

    def as_dict(self) -> dict[str, float | None]:
        """Plain, for files."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


_BOUNDS: Final = (
    ("accounts", 20, 200_000),
    ("days", 1, 23),  # the next ones are holidays
    ("agents", 1, 500),
    ("tail_days", 0, 40),
    ("dials_per_day", 1, 6),
    ("abandonment", 0.001, 0.2),
    ("ring_timeout_s", 20.0, 60.0),
    ("answer_odds", 0.05, 20.0),
    ("talk_s", 10.0, 1800.0),
    ("wrap_up_s", 1.0, 600.0),
    ("auto_wrap_up_s", 1.0, 600.0),
    ("look_up_s", 0.0, 300.0),
    ("log_s", 0.0, 300.0),
)


def opens_at(day: date) -> datetime:
    """When a day's dialling begins."""
    return datetime.combine(day, OPENS, ZONE).astimezone(UTC)
