"""At each moment at which pacing decided: how many calls would other settings have placed?

Every moment is taken as it was. A call that the other settings would have placed is not placed, so the next moment
does not know of it: what is compared is the level of calls in the air that each aims at, and not their sum.
`dialer.replay.counterfactual` lets a day go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import fmean

from dialer import pacing
from dialer.effects import Effect
from dialer.floor.floor import Floor
from dialer.floor.state import CampaignRun, Moment
from dialer.pacing import Decision, Estimates, PoolView
from dialer.replay.reading import Recording
from dialer.replay.verify import Verdict, Watcher, verify
from dialer.settings import CampaignSettings, PacingSettings
from dialer.types import CampaignName

Change = Callable[[CampaignSettings], CampaignSettings]


@dataclass(frozen=True, slots=True)
class Point:
    """One decision."""

    step: int
    """Number of the step, from 1."""
    campaign: CampaignName
    agents: int
    """At work."""
    ready: int
    in_air: int
    was: int
    """Calls that were to be placed."""
    would: int
    """Calls that the other settings ask for in the same situation."""
    reason: str
    """Theirs."""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Some minutes of a campaign."""

    at: datetime
    aimed: float
    """Calls in the air that were aimed at, on the mean over the decisions."""
    would_aim: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One campaign's decisions under two settings."""

    campaign: CampaignName
    points: tuple[Point, ...]

    @property
    def more(self) -> tuple[Point, ...]:
        """Where the other settings place more."""
        return tuple(point for point in self.points if point.would > point.was)

    @property
    def fewer(self) -> tuple[Point, ...]:
        """Where they place fewer."""
        return tuple(point for point in self.points if point.would < point.was)

    @property
    def aimed(self) -> float:
        """Calls in the air that were aimed at, on the mean."""
        return fmean(point.in_air + point.was for point in self.points)

    @property
    def would_aim(self) -> float:
        """The same for the other settings."""
        return fmean(point.in_air + point.would for point in self.points)

    def spans(self, count: int) -> tuple[Span, ...]:
        """The decisions in at most so many spans of equal length; those without a decision are left out."""
        moments = [point.at for point in self.points if point.at is not None]
        first, last = moments[0], moments[-1]
        width = (last - first) / count
        heaps: list[list[Point]] = [[] for _ in range(count)]
        for point, at in zip(self.points, moments, strict=True):
            heaps[min(count - 1, int((at - first) / width)) if width else 0].append(point)
        return tuple(
            Span(
                at=first + number * width,
                aimed=fmean(point.in_air + point.was for point in heap),
                would_aim=fmean(point.in_air + point.would for point in heap),
            )
            for number, heap in enumerate(heaps)
            if heap
        )


def compare_decisions(
    recording: Recording,
    change: Change,
    *,
    campaign: str = "",
    progress: Callable[[int], None] | None = None,
) -> tuple[tuple[Comparison, ...], Verdict]:
    """Ask other settings at every recorded decision.

    Args:
        recording: not read yet.
        change: makes the other settings of a campaign.
        campaign: only this one; empty: every one.
        progress: is told the number of facts now and then.

    Returns:
        A comparison for each campaign that decided anything, and the verdict on the replay itself: past a
        difference the recorded decisions cannot be reached, so the comparison ends there.

    Raises:
        RecordingError: a line in the middle cannot be read.
        SettingsError: of `change`.
    """
    asker = _Asker(change, campaign)
    verdict = verify(recording, watcher=asker, progress=progress)
    names = sorted({point.campaign for point in asker.points})
    found = tuple(
        Comparison(campaign=name, points=tuple(point for point in asker.points if point.campaign == name))
        for name in names
    )
    return found, verdict


class _Asker(Watcher):
    """Puts the question at each decision."""

    def __init__(self, change: Change, campaign: str) -> None:
        self.points: list[Point] = []
        self._change, self._only = change, campaign
        self._steps = 0
        self._pending: list[Point] = []
        self._others: dict[CampaignName, tuple[CampaignSettings, CampaignSettings]] = {}
        self._floor: Floor | None = None

    def began(self, floor: Floor) -> None:
        """Remember the floor."""
        self._floor = floor

    def decided(self, view: PoolView, estimates: Estimates, settings: PacingSettings, decision: Decision) -> None:
        """Ask the other settings."""
        run = self._run_of(estimates)
        if run is None or self._only not in ("", run.settings.name):
            return
        other = self._other(run.settings)
        # A copy: whatever a decision works out and keeps there must not reach the decisions that were.
        would = pacing.decide(replace(view, mode=other.mode), copy(estimates), other.pacing)
        self._pending.append(
            Point(
                step=self._steps + 1,
                campaign=run.settings.name,
                agents=view.agents,
                ready=view.ready,
                in_air=view.in_air,
                was=decision.calls,
                would=would.calls,
                reason=would.reason,
            )
        )

    def stepped(self, now: Moment, effects: Sequence[Effect]) -> None:
        """Give the step's decisions their moment."""
        self._steps += 1
        if self._pending:
            self.points += (replace(point, at=now.at) for point in self._pending)
            self._pending.clear()

    def _run_of(self, estimates: Estimates) -> CampaignRun | None:
        """Two campaigns never share their estimates, so they tell whose decision it is."""
        assert self._floor is not None
        return next((run for run in self._floor.state.campaigns.values() if run.estimates is estimates), None)

    def _other(self, settings: CampaignSettings) -> CampaignSettings:
        known = self._others.get(settings.name)
        if known is None or known[0] is not settings:
            known = self._others[settings.name] = (settings, self._change(settings))
        return known[1]
