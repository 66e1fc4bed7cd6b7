"""The rules of CN-BANK counted anew from the dials of an arm, without the gate, its counters and the profile's file.

Only the plain text of the rules is used here, written down a second time, so that a fault of the gate or of the loader
would be seen. Where the text can be read in two ways the stricter reading is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from dialer.sim.case.day import Dial
from dialer.sim.case.scenario import SUNDAY, ZONE, Scenario
from dialer.types import Outcome

FIRST: Final = time(9)
"""The campaign's hours, within the profile's 8:00-22:00."""
LAST: Final = time(17, 50)
"""No dial in the ten minutes before 18:00."""
UNANSWERED: Final = 6
"""To one number on one day."""
TALKS: Final = 3
"""With one debtor on one day."""
GAP: Final = timedelta(hours=2)
"""Between two dials to one debtor."""
RINGS_S: Final = 20.0
WAITS_S: Final = 2.0
"""From the answer to an agent, or to the message."""
LOST: Final = 0.03
"""Of those who answered on one day."""
DENIED: Final = ("+86400", "+86800", "+8611", "+8612", "+86160", "+86168")
HOLIDAYS: Final = (date(2026, 4, 4), date(2026, 4, 6))
"""The first ones after the first day of the case."""
_SLACK_S: Final = 0.05
"""Of what was stamped a moment later than it happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """Breaches of each rule; all should be 0."""

    hours: int
    """Dials before 9:00, from 17:50 on, on a Sunday or a holiday."""
    unanswered: int
    """Dials to a number to which six on that day were answered by nobody: dead, busy and machines count, too."""
    talks: int
    """Dials to a debtor after three talks on that day; a machine that an agent listened to counts, too."""
    gaps: int
    """Dials less than two hours after the one before to the same debtor."""
    capped: int
    """Dials beyond the scenario's own cap of a debtor's day; 0 where it has none."""
    rings: int
    """Dials that rang for less than 20 s and were given up by us."""
    waits: int
    """Answers after which more than 2 s passed until an agent was there, or the message."""
    prefixes: int
    """Dials to numbers that are not of the mainland, or short, toll-free or premium."""
    paid: int
    """Dials to debtors who had paid everything by the evening before."""
    promised: int
    """Dials to debtors while a promise of theirs was open."""
    live: int
    """Answered by a person, in truth."""
    abandoned: int
    """Of those, left without an agent."""
    days_over: int
    """Days on which more than 3 % of them were: pacing aims at that limit, and chance may pass it."""

    @property
    def breaches(self) -> int:
        """All that no chance excuses."""
        rules = self.hours + self.unanswered + self.talks + self.gaps + self.capped + self.rings + self.waits
        return rules + self.prefixes + self.paid + self.promised

    @property
    def abandonment(self) -> float:
        """Abandoned / live; 0 of none."""
        return self.abandoned / self.live if self.live else 0.0


def recount(
    dials: Sequence[Dial],
    scenario: Scenario,
    *,
    cleared: Iterable[tuple[int, date]] = (),
    promises: Iterable[tuple[int, datetime, date]] = (),
) -> Recount:
    """Count.

    Args:
        dials: of all days, oldest first.
        scenario: with its own cap, if any.
        cleared: debtors who have paid everything, and on which day.
        promises: debtor, when it was made, and the day it falls due.
    """
    cleared_on = dict(cleared)
    open_until: dict[int, list[tuple[datetime, date]]] = {}
    for debtor, made_at, due_on in promises:
        open_until.setdefault(debtor, []).append((made_at, due_on))
    most = scenario.dials_per_day
    seen: Counter[tuple[date, int]] = Counter()
    talks: Counter[tuple[date, int]] = Counter()
    unanswered: Counter[tuple[date, str]] = Counter()
    answers: Counter[date] = Counter()
    lost: Counter[date] = Counter()
    last: dict[int, datetime] = {}
    found: Counter[str] = Counter()
    for dial in dials:
        local = dial.at.astimezone(ZONE)
        day, debtor = local.date(), dial.debtor
        found["hours"] += not FIRST <= local.time() < LAST or local.weekday() == SUNDAY or day in HOLIDAYS
        found["unanswered"] += unanswered[day, dial.number] >= UNANSWERED
        found["talks"] += talks[day, debtor] >= TALKS
        found["gaps"] += debtor in last and dial.at - last[debtor] < GAP
        found["capped"] += most is not None and seen[day, debtor] >= most
        given_up = dial.outcome in (Outcome.NO_ANSWER, Outcome.CANCELLED)
        found["rings"] += given_up and dial.rang_s is not None and dial.rang_s < RINGS_S - _SLACK_S
        found["waits"] += dial.wait_s is not None and dial.wait_s > WAITS_S + _SLACK_S
        found["prefixes"] += not dial.number.startswith("+86") or dial.number.startswith(DENIED)
        found["paid"] += debtor in cleared_on and day > cleared_on[debtor]
        found["promised"] += any(made_at < dial.at and day <= due for made_at, due in open_until.get(debtor, ()))
        seen[day, debtor] += 1
        talks[day, debtor] += dial.outcome is Outcome.BRIDGED
        unanswered[day, dial.number] += not dial.person
        last[debtor] = dial.at
        answers[day] += dial.person
        lost[day] += dial.person and dial.outcome in (Outcome.ABANDONED, Outcome.EARLY_HANGUP)
    return Recount(
        **{name: found[name] for name in _RULES},
        live=answers.total(),
        abandoned=lost.total(),
        days_over=sum(lost[day] > LOST * answers[day] for day in answers),
    )


_RULES: Final = (*("hours", "unanswered", "talks", "gaps", "capped", "rings", "waits", "prefixes", "paid", "promised"),)
