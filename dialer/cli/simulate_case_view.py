"""The case as it is shown: A/A, ladder, goals, trial by lot, sensitivities; the same for terminal, page and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dialer.cli.lang import Lang
from dialer.cli.simulate_case_run import CaseWork
from dialer.cli.simulate_case_words import FIGURES, signed, spanned
from dialer.sim.case.arms import ASSUMED, Arm
from dialer.sim.case.figures import (
    GOALS,
    Figure,
    Goal,
    Sample,
    Verdict,
    absolute,
    judge,
    pair_spread,
    relative,
)
from dialer.sim.case.resampling import Estimate
from dialer.sim.case.study import SENSITIVITY_ARMS, Dimension, Study, Variant

COMPARED: Final = (
    Figure.ATTEMPT_ANSWER,
    Figure.ACCOUNT_CONTACT,
    Figure.RIGHT_PARTY,
    Figure.CUSTOMERS,
    Figure.RECOVERY,
    Figure.RECOVERY_GROSS,
)
"""In the A/A."""
SHOWN: Final = (
    Figure.ATTEMPT_ANSWER,
    Figure.ACCOUNT_CONTACT,
    Figure.RIGHT_PARTY,
    Figure.LIVE_SHARE,
    Figure.CUSTOMERS,
    Figure.RECOVERY,
    Figure.RECOVERY_GROSS,
    Figure.OCCUPANCY,
    Figure.DIALS,
    Figure.ABANDONMENT,
)
"""Of each step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Same:
    """A figure of the A/A: by hand in both groups."""

    figure: Figure
    first: Estimate
    second: Estimate
    difference: Estimate
    """Relative."""
    pair_spread: float | None
    """Of single pairs: what one trial of this size could see by chance."""

    @property
    def covers_zero(self) -> bool:
        """As it should, nineteen times of twenty."""
        return self.difference.covers(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the ladder."""

    arm: Arm
    levels: dict[Figure, Estimate]
    gains: dict[Figure, Estimate]
    """Over the baseline, relative, the same people in both."""
    points: dict[Figure, Estimate]
    """Likewise, absolute."""
    added: dict[Figure, Estimate]
    """Over the step before, relative; empty for the baseline."""
    by_lot: dict[Figure, Estimate]
    """Over the control group, relative: other people, by lot."""
    breaches: int
    abandonment: float
    """Of all seeds together."""
    worst_abandonment: float
    """Of one seed."""
    days_over: int
    """Days, of all seeds together, on which more than 3 % were abandoned."""
    days: int
    """Of all seeds together."""
    dry_share: float
    """Of the time in which caps left nobody to dial, about."""

    @property
    def is_assumed(self) -> bool:
        """Its effect was put in by hand."""
        return self.arm in ASSUMED


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """A goal, and how an arm stands to it."""

    goal: Goal
    arm: Arm
    before: Estimate
    after: Estimate
    gained: Estimate
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of a sensitivity."""

    variant: Variant
    base: dict[Figure, Estimate]
    gains: dict[Arm, dict[Figure, Estimate]]
    levels: dict[Arm, dict[Figure, Estimate]]
    seeds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """Everything that is shown."""

    lang: Lang
    study: Study
    work: CaseWork
    same: tuple[Same, ...]
    steps: tuple[Step, ...]
    aims: tuple[Aim, ...]
    levels: tuple[Level, ...]
    self_cure: Estimate | None
    seeds: int
    """Complete, of the ladder."""

    def of(self, dimension: Dimension) -> list[Level]:
        """The levels of a dimension, in their order."""
        return [one for one in self.levels if one.variant.dimension is dimension]


def case_view(lang: Lang, study: Study, work: CaseWork) -> CaseView | None:
    """Put what is done together; None: not a single seed is.

    Args:
        lang: of its readers.
        study: what was wanted.
        work: what was done.
    """
    seeds = range(1, study.seeds + 1)
    control = [study.control(seed) for seed in seeds]
    arms = [[study.task(arm, seed) for seed in seeds] for arm in study.arms]
    same = work.done.samples(control, arms[0])
    ladder = work.done.samples(control, *arms)
    if not same:
        return None
    steps = tuple(_steps(study, ladder)) if ladder else ()
    return CaseView(
        lang=lang,
        study=study,
        work=work,
        same=tuple(_same(figure, *same) for figure in COMPARED),
        steps=steps,
        aims=tuple(_aims(study, ladder)) if ladder else (),
        levels=tuple(_levels(study, work)),
        self_cure=_self_cure(ladder[0]) if ladder else None,
        seeds=len(ladder[0].runs) if ladder else 0,
    )


def _same(figure: Figure, first: Sample, second: Sample) -> Same:
    return Same(
        figure=figure,
        first=first.level(figure),
        second=second.level(figure),
        difference=relative(first, second, figure),
        pair_spread=pair_spread(first, second, figure),
    )


def _steps(study: Study, ladder: Sequence[Sample]) -> Iterator[Step]:
    control, base, before = ladder[0], ladder[1], None
    for arm, sample in zip(study.arms, ladder[1:], strict=True):
        runs = sample.runs
        live = sum(one.live for one in runs)
        days_s = sum(one.agent_days for one in runs) / study.scenario.agents * 9 * 3600.0
        yield Step(
            arm=arm,
            levels={figure: sample.level(figure) for figure in SHOWN},
            gains={figure: relative(base, sample, figure) for figure in COMPARED},
            points={figure: absolute(base, sample, figure) for figure in COMPARED},
            added={} if before is None else {figure: relative(before, sample, figure) for figure in COMPARED},
            by_lot={figure: relative(control, sample, figure) for figure in COMPARED},
            breaches=sum(one.breaches for one in runs),
            abandonment=sum(one.live_abandoned for one in runs) / live if live else 0.0,
            worst_abandonment=max(one.live_abandoned / max(1, one.live) for one in runs),
            days_over=sum(one.days_over for one in runs),
            days=study.scenario.days * len(runs),
            dry_share=min(1.0, 2.0 * sum(one.dry for one in runs) / days_s),
        )
        before = sample


def _aims(study: Study, ladder: Sequence[Sample]) -> Iterator[Aim]:
    """Of the highest step without an assumption, and of the top."""
    base = ladder[1]
    plain = [arm for arm in study.arms if arm not in ASSUMED][-1]
    for arm in dict.fromkeys((plain, study.arms[-1])):
        sample = ladder[1 + study.arms.index(arm)]
        for goal in GOALS:
            level, gained = sample.level(goal.figure), relative(base, sample, goal.figure)
            yield Aim(
                goal=goal,
                arm=arm,
                before=base.level(goal.figure),
                after=level,
                gained=gained,
                verdict=judge(goal, level, gained),
            )


def _levels(study: Study, work: CaseWork) -> Iterator[Level]:
    for variant in study.variants:
        seeds = range(1, variant.seeds + 1)
        samples = work.done.samples(*([variant.task(arm, seed) for seed in seeds] for arm in SENSITIVITY_ARMS))
        if samples:
            base, others = samples[0], dict(zip(SENSITIVITY_ARMS[1:], samples[1:], strict=True))
            figures = (Figure.ACCOUNT_CONTACT, Figure.CUSTOMERS, Figure.RECOVERY, Figure.RECOVERY_GROSS)
            yield Level(
                variant=variant,
                base={figure: base.level(figure) for figure in figures},
                gains={arm: {figure: relative(base, one, figure) for figure in figures} for arm, one in others.items()},
                levels={arm: {figure: one.level(figure) for figure in figures} for arm, one in others.items()},
                seeds=len(base.runs),
            )


def _self_cure(sample: Sample) -> Estimate:
    from dialer.sim.case import resampling

    return resampling.estimate([sample.held_out], resampling.mean)


def aim_text(view: CaseView, aim: Aim) -> tuple[str, str, str]:
    """What the mission cites, what was found, in words: (goal, found, verdict)."""
    words, goal = FIGURES[aim.goal.figure], aim.goal
    if goal.level is not None:
        wanted = f"{100 * (goal.before or 0):.0f}% → {100 * goal.level:.0f}%"
        return wanted, f"{words.text(aim.before.value)} → {spanned(aim.after, words.text)}", _verdict(view, aim)
    return f"+{100 * (goal.gain or 0):.0f}%", spanned(aim.gained, signed), _verdict(view, aim)


def _verdict(view: CaseView, aim: Aim) -> str:
    from dialer.cli.simulate_case_words import VERDICTS

    return view.lang.pick(*VERDICTS[aim.verdict])


def sentence(view: CaseView) -> str:
    """What may be said of it, and no more."""
    pick, one = view.lang.pick, view.study.scenario
    plain = [step for step in view.steps if not step.is_assumed]
    if not plain:
        return pick("尚无完整的种子，什么也不能说。", "Not a single seed is complete: nothing can be said yet.")
    base, top = plain[0], plain[-1]
    contact, customers = FIGURES[Figure.ACCOUNT_CONTACT], top.gains[Figure.CUSTOMERS]
    before, after = (spanned(step.levels[Figure.ACCOUNT_CONTACT], contact.text) for step in (base, top))
    limit = f"{100 * one.abandonment:g}%"
    return pick(
        f"在我们的模拟中（{view.seeds} 个种子，每组 {one.accounts:,} 个账户，95% 区间），"
        f"账户接通率从 {before} 到 {after}，"
        f"每坐席日客户数较书面人工基线 {spanned(customers, signed)}，放弃率 ≤ {limit}。这不是现场结果。",
        f"In our simulation ({view.seeds} seeds, {one.accounts:,} accounts an arm, 95 % intervals) account-level "
        f"contact went from {before} to {after} and customers per agent-day changed by "
        f"{spanned(customers, signed)} against the documented manual baseline, at ≤{limit} abandoned. "
        "These are not field results.",
    )
