"""What would other targets have brought? A day of the campaign simulated again, with the same customers for each.

The world is learned from the campaign's own calls and the day's own staffing, as `dialer simulate --from-history`
does; each target is a case, every case meets the same seeds, and gains are differences of runs with the same seed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from dialer.cli.session import Session
from dialer.cli.simulate_past import LEARNED_FROM, Compared, Past, Trial, TrialResult, compared, past_of, trial_of
from dialer.cli.simulate_plan import Key, Point
from dialer.cli.simulate_run import Work, do
from dialer.settings import CampaignSettings
from dialer.sim.forecast import Forecast
from dialer.sim.history import answers_in
from dialer.sim.many import interval
from dialer.sim.measures import RunResult
from dialer.sim.samples import FEWEST_ANSWERS
from dialer.store.history import last_call_at, past_calls
from dialer.store.sqlite import SqliteStore
from dialer.types import AgentState, Mode

TARGETS: Final = (0.005, 0.01, 0.02, 0.03, 0.05)
RUNS: Final = 8
GAINS: Final = ("occupancy", "talk_minutes", "placed", "answered", "abandoned")
"""Figures of which every run has its own, so that those of equal seeds can be held against each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """How much more of a figure there was than with the campaign's own settings, on the mean over the seeds."""

    mean: float
    half_width: float | None
    """Of the 95 % interval; None: a single run has none."""

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves out nothing at all."""
        return self.half_width is not None and abs(self.mean) > self.half_width


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One target, or the campaign as it is."""

    mode: Mode
    target: float
    is_own: bool
    """As the campaign's file says; all gains are against this line."""
    forecast: Forecast
    gains: Mapping[str, Gain]
    """By the names of `GAINS`; those of the own line are all 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Other targets for a day."""

    result: TrialResult
    """The day as it was, beside its simulation with the campaign's own settings."""
    past: Past
    lines: tuple[Line, ...]
    """By target; the campaign as it is first, when it is in another mode."""
    runs_done: int
    runs_wanted: int

    @property
    def own(self) -> Line:
        """The campaign as it is."""
        return next(line for line in self.lines if line.is_own)

    @property
    def is_interrupted(self) -> bool:
        """Whether runs are missing."""
        return self.runs_done < self.runs_wanted

    @property
    def compared(self) -> tuple[Compared, ...]:
        """The day's figures beside the simulated ones."""
        return compared(self.result)


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotSay:
    """Why there is no answer, in both languages."""

    zh: str
    en: str
    is_interrupted: bool = False


def what_if(
    session: Session,
    campaign: CampaignSettings,
    store: SqliteStore,
    span: tuple[datetime | None, datetime],
    *,
    targets: Sequence[float] = TARGETS,
    runs: int = RUNS,
    jobs: int | None = None,
) -> WhatIf | CannotSay:
    """Simulate the last whole day of a span at other targets; Ctrl-C ends it with what is done.

    Args:
        session: for the dialer's settings, the language and the progress bar.
        campaign: with today's settings.
        store: open.
        span: of the report; no beginning: the behaviour is learned from the last 30 days.
        targets: abandoned / answered.
        runs: seeds for each target.
        jobs: processes; None: one for each processor.

    Raises:
        BehaviourError: the campaign's settings and its history do not fit together.
    """
    found = _day(session, campaign, store, span)
    if isinstance(found, CannotSay):
        return found
    past, trial = found
    points = points_for(trial.point, targets)
    work = do(session, points, seeds=runs, jobs=jobs or os.cpu_count() or 1)
    return answer(past, trial, points, work)


def _day(
    session: Session, campaign: CampaignSettings, store: SqliteStore, span: tuple[datetime | None, datetime]
) -> tuple[Past, Trial] | CannotSay:
    since, until = span
    if campaign.mode is Mode.PREVIEW:
        return CannotSay(
            zh="预览式活动由坐席决定每一通，没有弃呼率目标可比。",
            en="In mode preview an agent asks for each call; there are no targets to compare.",
        )
    last_at = last_call_at(store, campaign.name, until)
    calls = past_calls(store, campaign.name, since or (last_at or until) - LEARNED_FROM, until)
    answers = answers_in(calls)
    if answers < FEWEST_ANSWERS:
        return CannotSay(
            zh=f"历史太少：{len(calls):,} 次拨打中只有 {answers} 次真人接听；"
            f"学习客户的行为至少需要 {FEWEST_ANSWERS} 次。",
            en=f"Too little history: of {len(calls):,} calls only {answers} were answered by a person; learning how "
            f"people behave needs {FEWEST_ANSWERS}.",
        )
    past = past_of(session, campaign, store, until, since)
    trial = trial_of(session, campaign, past, until, None)
    if trial is None:
        return CannotSay(
            zh="最近一天没有现有坐席的通话，无法按当天的人员模拟。",
            en="On the last day none of today's agents talked, so it cannot be simulated as it was staffed.",
        )
    return past, trial


def points_for(own: Point, targets: Iterable[float]) -> tuple[Point, ...]:
    """The campaign as it is, then mode predictive at each other target."""
    campaign = own.case.campaign
    known = campaign.pacing.target_abandonment_ratio if campaign.mode is Mode.PREDICTIVE else None
    return own, *(_at_target(own, target) for target in sorted(set(targets)) if target != known)


def _at_target(own: Point, target: float) -> Point:
    case = own.case
    pacing = replace(case.campaign.pacing, target_abandonment_ratio=target)
    campaign = replace(case.campaign, mode=Mode.PREDICTIVE, pacing=pacing)
    return replace(
        own,
        settings={**own.settings, Key.MODE: Mode.PREDICTIVE.value, Key.TARGET: target},
        case=replace(case, name=f"{case.name} {target:g}", campaign=campaign),
    )


def answer(past: Past, trial: Trial, points: Sequence[Point], work: Work) -> WhatIf | CannotSay:
    """Hold what was done against the campaign's own settings.

    Args:
        past: what was learned from.
        trial: the day.
        points: the campaign's own settings first.
        work: what was run of them.
    """
    own = work.outlook(0)
    if own is None:
        return CannotSay(
            zh="已中断，没有完成任何一次模拟。", en="Stopped before a single run was done.", is_interrupted=True
        )
    lines = sorted(_lines(points, work), key=lambda line: (line.mode is Mode.PREDICTIVE, line.target))
    return WhatIf(
        result=TrialResult(trial=trial, forecast=own.forecast),
        past=past,
        lines=tuple(lines),
        runs_done=work.done,
        runs_wanted=work.wanted,
    )


def _lines(points: Sequence[Point], work: Work) -> Iterator[Line]:
    own = {run.seed: run for run in work.results.get(0, ())}
    for number, point in enumerate(points):
        outlook = work.outlook(number)
        pairs = [(run, own[run.seed]) for run in work.results.get(number, ()) if run.seed in own]
        if outlook is not None and pairs:
            yield Line(
                mode=point.case.campaign.mode,
                target=point.target,
                is_own=number == 0,
                forecast=outlook.forecast,
                gains={name: _gain(name, pairs) for name in GAINS},
            )


def _gain(name: str, pairs: Sequence[tuple[RunResult, RunResult]]) -> Gain:
    found = interval([_figure(name, one) - _figure(name, other) for one, other in pairs])
    return Gain(mean=found.mean, half_width=found.half_width if len(pairs) > 1 else None)


def _figure(name: str, run: RunResult) -> float:
    match name:
        case "talk_minutes":
            return run.state_s.get(AgentState.TALKING, 0.0) / 60.0
        case _:
            return float(getattr(run, name))
