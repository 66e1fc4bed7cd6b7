"""How long until an account is up to date again? Those that are not yet count for as long as they have been seen. Pure.

Source: Kaplan and Meier, Nonparametric estimation from incomplete observations, JASA 53 (1958), 457-481.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dialer.portfolio.report import Cure

DAYS = (7, 15, 30, 60, 90)


def cure_of(product: str, durations: Iterable[tuple[int, int, int]], days: Sequence[int] = DAYS) -> Cure:
    """The share that was up to date again by each of some days.

    Args:
        product: empty for all.
        durations: (days, times of being late that ended then, all that ended then or were seen no longer).
        days: at which the share is told.
    """
    lines = sorted(durations)
    spells = at_risk = sum(count for _, _, count in lines)
    late, median = 1.0, None
    shares: dict[int, float] = {}
    marks = list(days)
    for day, cured, count in lines:
        while marks and marks[0] < day:
            shares[marks.pop(0)] = 1.0 - late
        late *= 1.0 - cured / at_risk
        at_risk -= count
        if median is None and late <= 0.5:
            median = day
    shares |= dict.fromkeys(marks, 1.0 - late)
    return Cure(product=product, spells=spells, median_days=median, cured_by=shares)
