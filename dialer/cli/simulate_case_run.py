"""Doing the runs of the case: what the cache has not, in a pool of processes, with how long it will still take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Final

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from dialer.cli.charts import clock
from dialer.cli.session import Session
from dialer.cli.simulate_case_cache import Cache
from dialer.cli.simulate_case_rules import case_campaign
from dialer.clock import SystemClock
from dialer.sim.case.arms import WAYS
from dialer.sim.case.study import Done, Study, Task, each
from dialer.types import Mode

LINE_EVERY_S: Final = 60.0
"""Where nobody watches a bar, a line is written so often."""
_WORK: Final = {Mode.PREVIEW: 1.0, Mode.PROGRESSIVE: 2.0, Mode.PREDICTIVE: 8.0}
"""How long a day of an arm takes, relative to one by hand; measured."""


@dataclass(slots=True, kw_only=True)
class CaseWork:
    """What has been done of a study."""

    wanted: int
    done: Done = field(default_factory=Done)
    cached: int = 0
    """Runs that had been done before."""
    interrupted: bool = False
    elapsed_s: float = 0.0
    jobs: int = 1


def do(session: Session, study: Study, cache: Cache, *, jobs: int) -> CaseWork:
    """Do every run that is not in the cache; Ctrl-C ends it with what is done.

    Args:
        session: for the progress.
        study: what is run.
        cache: of earlier runs.
        jobs: processes.
    """
    tasks = study.tasks()
    work = CaseWork(wanted=len(tasks), jobs=jobs)
    work.done.outcomes |= {task: found for task in tasks if (found := cache.get(task)) is not None}
    work.cached = len(work.done.outcomes)
    left = [task for task in tasks if task not in work.done.outcomes]
    began_s = SystemClock().now_s()
    with _progress(session, sum(map(weight, left)), work) as advance:
        try:
            with closing(each(case_campaign(), left, processes=jobs)) as outcomes:
                for task, outcome in outcomes:
                    work.done.outcomes[task] = outcome
                    cache.keep(task, outcome)
                    advance(weight(task))
        except KeyboardInterrupt:
            work.interrupted = True
    work.elapsed_s = SystemClock().now_s() - began_s
    return work


def weight(task: Task) -> float:
    """About how long a run takes, relative to others; larger teams take longer, but not in proportion."""
    if task.arm is None:
        return 0.5
    scenario = task.scenario
    larger = float(max(1.0, 0.25 * scenario.agents) ** 0.7)
    return _WORK[WAYS[task.arm].mode] * scenario.days * larger


@contextmanager
def _progress(session: Session, total: float, work: CaseWork) -> Iterator[Callable[[float], None]]:
    if session.err.is_terminal and not session.json:
        with _bar(session, total, work) as advance:
            yield advance
    else:
        yield _lines(session, total, work)


@contextmanager
def _bar(session: Session, total: float, work: CaseWork) -> Iterator[Callable[[float], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]}/{task.fields[wanted]}"),
        TimeElapsedColumn(),
        TextColumn(session.pick("剩余", "left")),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=session.err, transient=True, speed_estimate_period=600.0) as bar:
        done = len(work.done.outcomes)
        task = bar.add_task(session.pick("模拟案例", "The case"), total=total, done=done, wanted=work.wanted)

        def advance(by: float) -> None:
            bar.update(task, advance=by, done=len(work.done.outcomes))

        yield advance


def _lines(session: Session, total: float, work: CaseWork) -> Callable[[float], None]:
    """For logs: now and then a line on standard error."""
    began_s = told_s = SystemClock().now_s()
    so_far = 0.0

    def advance(by: float) -> None:
        nonlocal so_far, told_s
        so_far += by
        now_s = SystemClock().now_s()
        if now_s - told_s < LINE_EVERY_S:
            return
        told_s = now_s
        done, left = len(work.done.outcomes), clock((total - so_far) * (now_s - began_s) / so_far)
        session.progress(
            session.pick(f"{done}/{work.wanted} 次，约剩 {left}", f"{done}/{work.wanted} runs, {left} left")
        )

    return advance
