"""Hours, caps, gaps and abandonment counted anew from the dials of an arm, without the gate and its counters.

Only the plain text of the rules is used here, so that a fault of the gate would be seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dialer.sim.case.day import Dial
from dialer.sim.case.scenario import CLOSES, OPENS, SUNDAY, ZONE, Scenario
from dialer.types import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """Breaches of each rule; all should be 0."""

    hours: int
    """Dials before 9, from 18 on, or on a Sunday."""
    caps: int
    """Dials beyond the cap of a debtor's day."""
    gaps: int
    """Dials too soon after the one before to the same debtor."""
    paid: int
    """Dials to debtors who had paid everything by the evening before."""
    promised: int
    """Dials to debtors while a promise of theirs was open."""
    live: int
    """Answered by a person, in truth."""
    abandoned: int
    """Of those, left without an agent."""

    @property
    def breaches(self) -> int:
        """All of them."""
        return self.hours + self.caps + self.gaps + self.paid + self.promised

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
        scenario: with cap and gap.
        cleared: debtors who have paid everything, and on which day.
        promises: debtor, when it was made, and the day it falls due.
    """
    cleared_on = dict(cleared)
    open_until: dict[int, list[tuple[datetime, date]]] = {}
    for debtor, made_at, due_on in promises:
        open_until.setdefault(debtor, []).append((made_at, due_on))
    per_day: Counter[tuple[int, date]] = Counter()
    last: dict[int, datetime] = {}
    hours = gaps = paid = promised = 0
    for dial in dials:
        local = dial.at.astimezone(ZONE)
        hours += not OPENS <= local.time() < CLOSES or local.weekday() == SUNDAY
        per_day[dial.debtor, local.date()] += 1
        before = last.get(dial.debtor)
        gaps += before is not None and dial.at - before < timedelta(seconds=scenario.min_gap_s)
        last[dial.debtor] = dial.at
        paid += dial.debtor in cleared_on and local.date() > cleared_on[dial.debtor]
        promised += any(
            made_at < dial.at and local.date() <= due_on for made_at, due_on in open_until.get(dial.debtor, ())
        )
    live = [dial for dial in dials if dial.person]
    return Recount(
        hours=hours,
        caps=sum(max(0, count - scenario.dials_per_day) for count in per_day.values()),
        gaps=gaps,
        paid=paid,
        promised=promised,
        live=len(live),
        abandoned=sum(dial.outcome in (Outcome.ABANDONED, Outcome.EARLY_HANGUP) for dial in live),
    )
