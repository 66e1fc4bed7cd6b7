"""One run in the simulator, and many of them on several processes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, replace

from benchmarks.pacing import worlds
from benchmarks.pacing.lineup import CLAIRVOYANT, rule
from benchmarks.pacing.results import ResultsFile, Row, Task
from benchmarks.pacing.rivals.clairvoyant import Clairvoyant
from benchmarks.pacing.scenarios import SCENARIOS, Scenario
from dialer.sim.measures import RunResult
from dialer.sim.run import simulate

UNSTEERED_TARGET = 0.03
"""What the campaign's settings say in runs of rules that do not look at it."""
REPORT_S = 30.0


def run(task: Task) -> Row:
    """Make one run."""
    scenario = replace(SCENARIOS[task.scenario], hours=task.hours)
    began_s = time.process_time()
    result = _simulate(scenario, task)
    return Row(
        **asdict(task),
        agent_h=result.agent_hours,
        occupancy_ratio=result.occupancy,
        talk_min_per_h=result.talk_minutes_per_agent_hour,
        dialled=result.placed,
        answered=result.answered,
        abandoned=result.abandoned,
        worst_half_hour_ratio=result.worst_half_hour_ratio,
        cpu_s=round(time.process_time() - began_s, 2),
    )


def _simulate(scenario: Scenario, task: Task) -> RunResult:
    target_ratio = task.target_ratio or UNSTEERED_TARGET
    dialer, campaign = worlds.dialer_settings(scenario), worlds.campaign_settings(scenario, target_ratio)
    behaviour = worlds.behaviour(scenario)
    if task.rule == CLAIRVOYANT:
        return simulate(dialer, campaign, behaviour, seed=task.seed, hours=task.hours, make_rule=Clairvoyant)
    return simulate(dialer, campaign, behaviour, seed=task.seed, hours=task.hours, rule=rule(task.rule, scenario))


class Runner:
    """Makes the runs that are missing, keeps each at once, and says how far it is."""

    def __init__(self, kept: ResultsFile, *, jobs: int, say: Callable[[str], None] | None = None) -> None:
        """Make a runner.

        Args:
            kept: where runs are looked up and kept.
            jobs: processes.
            say: is told of the progress; None: standard error.
        """
        self._kept, self._jobs = kept, jobs
        self._say = say or (lambda text: print(text, file=sys.stderr, flush=True))
        self.made = 0
        """Runs that were not there before."""

    def __call__(self, tasks: Sequence[Task]) -> list[Row]:
        """All rows of tasks; a run that fails stops everything with its error."""
        missing = sorted(self._kept.missing(tasks), key=_size, reverse=True)
        began_s = said_s = time.monotonic()
        for done, row in enumerate(self._rows(missing), start=1):
            self._kept.add(row)
            self.made += 1
            now_s = time.monotonic()
            if now_s - said_s >= REPORT_S or done == len(missing):
                said_s = now_s
                self._say(f"{done} of {len(missing)} runs, {now_s - began_s:.0f} s; last {row.scenario}, {row.rule}")
        return self._kept.rows(tasks)

    def _rows(self, tasks: Sequence[Task]) -> Iterator[Row]:
        if self._jobs == 1 or len(tasks) < 2:
            yield from map(run, tasks)
            return
        with ProcessPoolExecutor(self._jobs) as pool:
            waiting: set[Future[Row]] = {pool.submit(run, task) for task in tasks}
            try:
                while waiting:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for one in done:
                        yield one.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


def _size(task: Task) -> float:
    """How long a run will take, roughly: long ones first, so that no process is left alone at the end."""
    return worlds.people(SCENARIOS[task.scenario]) * task.hours
