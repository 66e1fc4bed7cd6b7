"""Many runs: cases times seeds, in a pool of processes, and their means with intervals.

The results are the same, in the same order, however many processes there are.
"""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import active_children, get_context
from statistics import fmean, stdev
from typing import Any, Final, TypeVar

from dialer import pacing
from dialer.floor.state import PacingRule
from dialer.leads import Lead
from dialer.settings import CampaignSettings, DialerSettings
from dialer.sim.behaviour import Behaviour
from dialer.sim.measures import RunResult
from dialer.sim.network import LATENCIES, Latencies
from dialer.sim.run import simulate
from dialer.sim.world import RuleMaker

_T95: Final = (
    *(12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281),
    *(2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860),
    *(2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423),
)
"""Student's t, 97.5 %, for 1 to 30 degrees of freedom."""


T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One point of a sweep; the fields are those of `simulate`. A rule is copied for each run."""

    name: str
    dialer: DialerSettings
    campaign: CampaignSettings
    behaviour: Behaviour
    hours: float
    agents: int | None = None
    accounts: int | Sequence[Lead] | None = None
    rule: PacingRule = pacing.decide
    make_rule: RuleMaker | None = None
    start_at: datetime | None = None
    warm_up_s: float = 0.0
    latencies: Latencies = LATENCIES


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and how far off the true one may well be: `mean ± half_width` holds it in 95 of 100 cases."""

    mean: float
    half_width: float
    """By Student's t over the seeds; infinite with a single one."""
    samples: int

    @property
    def low(self) -> float:
        """Lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Upper end."""
        return self.mean + self.half_width

    def holds(self, value: float, *, widened: float = 1.0) -> bool:
        """Whether a value lies within; `widened` times as wide."""
        return abs(value - self.mean) <= widened * self.half_width


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """All runs of a case, in the order of the seeds."""

    case: str
    results: tuple[RunResult, ...]

    def interval(self, figure: Callable[[RunResult], float | None]) -> Interval | None:
        """A figure's mean over the seeds; None when no run has it."""
        samples = [value for value in map(figure, self.results) if value is not None]
        return interval(samples) if samples else None

    @property
    def abandonment_ratio(self) -> float:
        """Pooled: all abandoned over all answered."""
        answered = sum(one.answered for one in self.results)
        return sum(one.abandoned for one in self.results) / answered if answered else 0.0


def interval(samples: Sequence[float]) -> Interval:
    """The mean of independent samples with its 95 % interval.

    Args:
        samples: at least one.
    """
    count = len(samples)
    if count < 2:
        return Interval(fmean(samples), math.inf, count)
    quantile = _T95[count - 2] if count - 2 < len(_T95) else 1.96 + 2.4 / (count - 1)
    return Interval(fmean(samples), quantile * stdev(samples) / math.sqrt(count), count)


def simulate_many(
    cases: Sequence[Case],
    *,
    seeds: Iterable[int],
    processes: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Runs]:
    """Run every case with every seed.

    Args:
        cases: with more than one process everything in them, the rules too, must be picklable.
        seeds: the same for every case, so that cases meet the same customers.
        processes: 1: in this process.
        progress: is told how many runs are done, and of how many.

    Returns:
        One for each case, in their order.

    Raises:
        BehaviourError: a case does not fit together.
    """
    seeds = tuple(seeds)
    results: dict[tuple[int, int], RunResult] = {}
    for run in each_run(cases, seeds=seeds, processes=processes):
        results[run.case, run.number] = run.result
        if progress is not None:
            progress(len(results), len(cases) * len(seeds))
    return [
        Runs(case=case.name, results=tuple(results[n, number] for number in range(len(seeds))))
        for n, case in enumerate(cases)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of many, just done."""

    case: int
    """Its place among the cases."""
    number: int
    """Of its seed."""
    result: RunResult


def each_run(cases: Sequence[Case], *, seeds: Sequence[int], processes: int = 1) -> Generator[Run, None, None]:
    """Runs as they are done; all cases with the first seeds before the next ones.

    Whoever stops early has something of each case. Closing the iterator ends what is still running, at once.

    Args:
        cases: as for `simulate_many`.
        seeds: the same for every case.
        processes: 1: in this process.

    Raises:
        BehaviourError: a case does not fit together.
    """
    tasks = [(n, number, seed) for number, seed in enumerate(seeds) for n in range(len(cases))]
    if processes <= 1 or len(tasks) <= 1:
        for n, number, seed in tasks:
            yield Run(case=n, number=number, result=_run(cases[n], seed))
        return
    for number, result in _pooled(
        _run_prepared, [(n, seed) for n, _, seed in tasks], processes, _prepare, tuple(cases)
    ):
        n, place, _ = tasks[number]
        yield Run(case=n, number=place, result=result)


def each_task(
    work: Callable[[T], R], tasks: Sequence[T], *, processes: int = 1
) -> Generator[tuple[int, R], None, None]:
    """Any work on some tasks, in a pool of processes: the number of each task and what came of it, as they are done.

    Closing the iterator ends what is still running, at once.

    Args:
        work: a function of a module; it must be picklable, as its tasks and their results.
        tasks: begun in this order.
        processes: 1: in this process.
    """
    if processes <= 1 or len(tasks) <= 1:
        for number, task in enumerate(tasks):
            yield number, work(task)
        return
    yield from _pooled(work, [(task,) for task in tasks], processes, _prepare, ())


def _pooled(
    work: Callable[..., R],
    tasks: Sequence[tuple[Any, ...]],
    processes: int,
    prepare: Callable[..., None],
    prepared: tuple[Case, ...],
) -> Generator[tuple[int, R], None, None]:
    # `spawn`: the program that asks may have threads, and those do not survive a fork.
    before = set(active_children())
    pool = ProcessPoolExecutor(
        min(processes, len(tasks)), mp_context=get_context("spawn"), initializer=prepare, initargs=(prepared,)
    )
    try:
        futures = {pool.submit(work, *task): number for number, task in enumerate(tasks)}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(active_children()) - before:
            child.terminate()
        raise
    pool.shutdown()


_prepared: tuple[Case, ...] = ()
"""In a process of the pool: what it was given once, so that a long list of accounts is not handed over for each run."""


def _prepare(cases: tuple[Case, ...]) -> None:
    global _prepared
    _prepared = cases
    # Ctrl-C reaches every process of a terminal; who is asked to stop is the one that shows what is done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run_prepared(case: int, seed: int) -> RunResult:
    return _run(_prepared[case], seed)


def _run(case: Case, seed: int) -> RunResult:
    return simulate(
        case.dialer,
        case.campaign,
        case.behaviour,
        seed=seed,
        hours=case.hours,
        agents=case.agents,
        accounts=case.accounts,
        rule=deepcopy(case.rule),
        make_rule=case.make_rule,
        start_at=case.start_at,
        warm_up_s=case.warm_up_s,
        latencies=case.latencies,
    )
