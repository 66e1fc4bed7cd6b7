"""What is compared between arms: each figure with its formula, its levels and its differences from the baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dialer.sim.case import resampling
from dialer.sim.case.resampling import Estimate, estimate
from dialer.sim.case.run import ArmResult


class Figure(StrEnum):
    """Names of figures; they stay."""

    ATTEMPT_ANSWER = "attempt_answer_rate"
    ACCOUNT_CONTACT = "account_contact_rate"
    RIGHT_PARTY = "right_party_account_rate"
    LIVE_SHARE = "live_share_of_presented"
    CUSTOMERS = "customers_per_agent_day"
    RECOVERY = "recovery_net_of_self_cure"
    RECOVERY_GROSS = "recovery_gross"
    OCCUPANCY = "occupancy"
    DIALS = "dials_per_agent_day"
    ABANDONMENT = "abandonment"


CONTACT_RATES: Final = (Figure.ATTEMPT_ANSWER, Figure.ACCOUNT_CONTACT, Figure.RIGHT_PARTY, Figure.LIVE_SHARE)
"""`Connect success` may mean any of these four; the mission does not say which."""
OF: Final[Mapping[Figure, Callable[[ArmResult], float]]] = {
    Figure.ATTEMPT_ANSWER: lambda one: one.answers / max(1, one.dials),
    Figure.ACCOUNT_CONTACT: lambda one: one.contacted / one.accounts,
    Figure.RIGHT_PARTY: lambda one: one.reached / one.accounts,
    Figure.LIVE_SHARE: lambda one: one.presented_live / max(1, one.presented),
    Figure.CUSTOMERS: lambda one: one.customers / one.agent_days,
    Figure.RECOVERY: lambda one: one.paid / one.opening,
    Figure.RECOVERY_GROSS: lambda one: one.paid / one.opening,
    Figure.OCCUPANCY: lambda one: one.busy_h / one.work_h if one.work_h else 0.0,
    Figure.DIALS: lambda one: one.dials / one.agent_days,
    Figure.ABANDONMENT: lambda one: one.live_abandoned / max(1, one.live),
}
"""Of one run; `RECOVERY` still has the self-cure in it, which is taken off over all seeds together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What the mission cites of a bank's case."""

    figure: Figure
    level: float | None = None
    """The figure itself; likewise `before`, which it is said to have been."""
    before: float | None = None
    gain: float | None = None
    """Over the baseline, relative."""


GOALS: Final = (
    *(Goal(figure=figure, level=0.85, before=0.60) for figure in CONTACT_RATES),
    Goal(figure=Figure.CUSTOMERS, gain=0.50),
    Goal(figure=Figure.RECOVERY, gain=0.30),
)
"""Source: the mission's case: 60 -> 85 %, +50 %, +30 %; it defines none of them."""


class Verdict(StrEnum):
    """How a goal stands."""

    REACHED = "reached"
    """With the whole interval."""
    UNSURE = "unsure"
    """The goal lies within the interval."""
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The runs of one arm, one for each seed, and what those whom nobody called paid."""

    runs: tuple[ArmResult, ...]
    held_out: tuple[float, ...]
    """Paid / due of the hold-out, in the same order of the seeds."""

    def column(self, figure: Figure) -> list[float]:
        """The figure of each seed."""
        return [OF[figure](one) for one in self.runs]

    def level(self, figure: Figure) -> Estimate:
        """The figure itself."""
        if figure is Figure.RECOVERY:
            return estimate([self.column(figure), self.held_out], resampling.net)
        return estimate([self.column(figure)], resampling.mean)


def absolute(base: Sample, arm: Sample, figure: Figure) -> Estimate:
    """The figure of an arm less the baseline's; the seeds of both are the same."""
    return estimate([base.column(figure), arm.column(figure)], resampling.difference)


def relative(base: Sample, arm: Sample, figure: Figure) -> Estimate:
    """The figure of an arm over the baseline's, less 1."""
    columns = [base.column(figure), arm.column(figure)]
    if figure is Figure.RECOVERY:
        return estimate([*columns, arm.held_out], resampling.net_gain)
    return estimate(columns, resampling.gain)


def judge(goal: Goal, level: Estimate, gained: Estimate) -> Verdict:
    """Whether a goal is reached.

    Args:
        goal: which.
        level: of the arm's figure.
        gained: over the baseline, relative.
    """
    wanted, found = (goal.level, level) if goal.level is not None else (goal.gain or 0.0, gained)
    assert wanted is not None
    if found.value is None or found.covers(wanted):
        return Verdict.UNSURE
    return Verdict.REACHED if found.value >= wanted else Verdict.MISSED


def pair_spread(base: Sample, arm: Sample, figure: Figure) -> float | None:
    """The standard deviation, over single pairs, of a figure's relative difference; None: fewer than two pairs."""
    ratios = [after / before - 1.0 for before, after in _pairs(base, arm, figure) if before]
    if len(ratios) < resampling.FEWEST:
        return None
    middle = sum(ratios) / len(ratios)
    return float((sum((one - middle) ** 2 for one in ratios) / (len(ratios) - 1)) ** 0.5)


def _pairs(base: Sample, arm: Sample, figure: Figure) -> Sequence[tuple[float, float]]:
    pairs = zip(base.column(figure), arm.column(figure), base.held_out, strict=True)
    if figure is Figure.RECOVERY:
        return [(before - cured, after - cured) for before, after, cured in pairs]
    return [(before, after) for before, after, _ in pairs]
