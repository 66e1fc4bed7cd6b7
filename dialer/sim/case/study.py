"""What is run, in which order: the A/A first, then the ladder, then the sensitivities. Each run is a task of its own.

A task is a scenario, an arm, a group and a seed; the hold-out is one, too. Tasks that several parts need are run once.
Whoever stops early has whole seeds of the ladder first.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Any, Final

from dialer.settings import CampaignSettings
from dialer.sim.case.arms import LADDER, Arm
from dialer.sim.case.figures import Sample
from dialer.sim.case.population import Group
from dialer.sim.case.run import ArmResult, hold_out, run_arm
from dialer.sim.case.scenario import Scenario
from dialer.sim.many import each_task

SENSITIVITY_ARMS: Final = (Arm.MANUAL, Arm.PROGRESSIVE, Arm.PREDICTIVE, Arm.ORDER)
"""What the sensitivities compare: nothing with an assumed effect."""
TEAM_DAYS: Final = 2
"""Teams of other sizes work so long, each at the same load."""
SENSITIVITY_SEEDS: Final = 3


class Dimension(StrEnum):
    """What is varied, one at a time."""

    ANSWERS = "answer_odds"
    OVERHEAD = "manual_overhead_s"
    TALK = "talk_s"
    TEAM = "agents"


@dataclass(frozen=True, slots=True)
class Task:
    """One run."""

    scenario: Scenario
    arm: Arm | None
    """None: nobody calls."""
    group: Group
    seed: int

    def as_dict(self) -> dict[str, Any]:
        """Plain: what tells this run from every other."""
        return {
            "scenario": self.scenario.as_dict(),
            "arm": None if self.arm is None else self.arm.value,
            "group": int(self.group),
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task."""

    arm: ArmResult | None = None
    cured: float = 0.0
    """Without a call: paid / due."""

    def as_dict(self) -> dict[str, Any]:
        """Plain, for files."""
        return {"arm": None if self.arm is None else self.arm.as_dict(), "cured": self.cured}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Outcome:
        """The inverse.

        Raises:
            KeyError, TypeError: it is of another make.
        """
        arm = values["arm"]
        return cls(None if arm is None else ArmResult.of(arm), float(values["cured"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One level of a sensitivity."""

    dimension: Dimension
    value: float
    scenario: Scenario
    seeds: int

    def tasks(self) -> Iterable[Task]:
        """Its runs; those that it shares with the ladder are run once."""
        for seed in range(1, self.seeds + 1):
            yield nobody(self.task(Arm.MANUAL, seed))
            yield from (self.task(arm, seed) for arm in SENSITIVITY_ARMS)

    def task(self, arm: Arm, seed: int) -> Task:
        """The run of an arm at this level."""
        return treated(self.scenario, arm, seed)


def nobody(task: Task) -> Task:
    """The hold-out of a task's seed: the same for whatever the others do in those days."""
    scenario = task.scenario
    quiet = Scenario(accounts=scenario.accounts, days=scenario.days, tail_days=scenario.tail_days)
    return Task(quiet, None, Group.HELD_OUT, task.seed)


def treated(scenario: Scenario, arm: Arm, seed: int) -> Task:
    """The treated group, worked as an arm.

    What is done by hand makes no difference to arms that do not work so: then it is one run for all levels of it.
    """
    if arm is not Arm.MANUAL:
        usual = Scenario()
        scenario = replace(scenario, look_up_s=usual.look_up_s, log_s=usual.log_s)
    return Task(scenario, arm, Group.TREATED, seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Everything that is run."""

    scenario: Scenario
    seeds: int
    arms: tuple[Arm, ...] = LADDER
    variants: tuple[Variant, ...] = ()

    def tasks(self) -> list[Task]:
        """In their order, each once."""
        seeds = range(1, self.seeds + 1)
        found: dict[Task, None] = {}
        for seed in seeds:
            found[nobody(self.task(Arm.MANUAL, seed))] = None
            found[self.control(seed)] = None
            found[self.task(Arm.MANUAL, seed)] = None
        for seed in seeds:
            for arm in self.arms:
                found[self.task(arm, seed)] = None
        for variant in self.variants:
            found.update(dict.fromkeys(variant.tasks()))
        return list(found)

    def task(self, arm: Arm, seed: int) -> Task:
        """The run of an arm of the ladder."""
        return treated(self.scenario, arm, seed)

    def control(self, seed: int) -> Task:
        """The run of the control group, by hand."""
        return Task(self.scenario, Arm.MANUAL, Group.CONTROL, seed)


def study_of(scenario: Scenario, seeds: int, *, sensitivity: bool = True) -> Study:
    """The study of a scenario.

    Args:
        scenario: of the case.
        seeds: of the ladder.
        sensitivity: with what is varied.
    """
    variants = tuple(_variants(scenario, min(seeds, SENSITIVITY_SEEDS))) if sensitivity else ()
    return Study(scenario=scenario, seeds=seeds, variants=variants)


def _variants(base: Scenario, seeds: int) -> Iterable[Variant]:
    for factor in (0.5, 1.0, 2.0):
        yield Variant(
            dimension=Dimension.ANSWERS,
            value=factor,
            scenario=replace(base, answer_odds=base.answer_odds * factor),
            seeds=seeds,
        )
    for look_up_s, log_s in ((5.0, 2.0), (base.look_up_s, base.log_s), (30.0, 13.0)):
        yield Variant(
            dimension=Dimension.OVERHEAD,
            value=look_up_s + log_s,
            scenario=replace(base, look_up_s=look_up_s, log_s=log_s),
            seeds=seeds,
        )
    for talk_s in (90.0, base.talk_s, 240.0):
        yield Variant(dimension=Dimension.TALK, value=talk_s, scenario=replace(base, talk_s=talk_s), seeds=seeds)
    for agents in (3, 10, 30, 100):
        accounts = round(base.accounts * agents * TEAM_DAYS / base.agent_days)
        yield Variant(
            dimension=Dimension.TEAM,
            value=float(agents),
            scenario=replace(base, agents=agents, days=TEAM_DAYS, accounts=accounts),
            seeds=seeds,
        )


def do(file: CampaignSettings, task: Task) -> Outcome:
    """Run a task.

    Args:
        file: the campaign out of its file, with its rules.
        task: which.
    """
    if task.arm is None:
        opening, paid = hold_out(task.scenario, task.seed)
        return Outcome(cured=paid / opening)
    return Outcome(run_arm(file, task.scenario, task.arm, task.group, task.seed))


def each(
    file: CampaignSettings, tasks: Sequence[Task], *, processes: int = 1
) -> Generator[tuple[Task, Outcome], None, None]:
    """Outcomes as they come; closing the iterator ends what still runs.

    Args:
        file: the campaign out of its file, with its rules.
        tasks: to do.
        processes: 1: in this process.
    """
    for number, outcome in each_task(partial(do, file), tasks, processes=processes):
        yield tasks[number], outcome


@dataclass(slots=True)
class Done:
    """The outcomes so far."""

    outcomes: dict[Task, Outcome] = field(default_factory=dict)

    def samples(self, *arms: Sequence[Task]) -> list[Sample]:
        """A sample for each arm, over the seeds of which all of them are done, so that pairs stay pairs.

        Args:
            arms: the tasks of each arm, in one order of the seeds.

        Returns:
            Empty where no seed is complete.
        """
        rows = [row for row in zip(*arms, strict=True) if all(task in self.outcomes for task in (*row, nobody(row[0])))]
        return [self._sample(column) for column in zip(*rows, strict=True)]

    def _sample(self, tasks: Sequence[Task]) -> Sample:
        runs = [one for task in tasks if (one := self.outcomes[task].arm) is not None]
        return Sample(runs=tuple(runs), held_out=tuple(self.outcomes[nobody(task)].cured for task in tasks))
