"""Doing the runs of a plan: every point with the first seeds, then the next; who stops early has something of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from dialer.cli.session import Session
from dialer.cli.simulate_plan import Key, Point, Setting
from dialer.sim.forecast import Forecast, forecast
from dialer.sim.many import each_run
from dialer.sim.measures import RunResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One point of a sweep, forecast."""

    point: Point
    forecast: Forecast
    tried_by: int | None
    """Runs in which everybody was tried by the wished moment; None: no moment, or a list without end."""

    @property
    def settings(self) -> Mapping[Key, Setting]:
        """Of the point."""
        return self.point.settings

    @property
    def holds_target(self) -> bool:
        """Whether abandonment, over all runs, is within the target."""
        return (self.forecast.mean("abandonment_ratio") or 0.0) <= self.point.target

    def done_at(self, seconds: float) -> str:
        """A moment of the run on the wall's clock, in the zone of the campaign's dialer."""
        start_at = self.point.case.start_at
        assert start_at is not None
        at = start_at + timedelta(seconds=seconds)
        return f"{at.astimezone(ZoneInfo(self.point.case.dialer.time_zone)):%H:%M}"


@dataclass(slots=True, kw_only=True)
class Work:
    """What has been done of a plan."""

    points: Sequence[Point]
    seeds: int
    results: dict[int, list[RunResult]] = field(default_factory=dict)
    interrupted: bool = False

    @property
    def done(self) -> int:
        """Runs."""
        return sum(len(found) for found in self.results.values())

    @property
    def wanted(self) -> int:
        """Runs."""
        return len(self.points) * self.seeds

    def outlook(self, number: int, finish_s: float | None = None) -> Outlook | None:
        """A point's forecast; None: no run of it is done.

        Args:
            number: of the point.
            finish_s: when everybody on the list should have been tried, from the start.
        """
        runs = sorted(self.results.get(number, ()), key=lambda run: run.seed)
        if not runs:
            return None
        point = self.points[number]
        told = forecast(runs, point.target)
        in_time = [run.tried_s is not None and finish_s is not None and run.tried_s <= finish_s for run in runs]
        known = finish_s is not None and told.tried is not None
        return Outlook(point=point, forecast=told, tried_by=sum(in_time) if known else None)


def do(session: Session, points: Sequence[Point], *, seeds: int, jobs: int) -> Work:
    """Run every point with every seed, with a bar on a terminal; Ctrl-C ends it with what is done.

    Args:
        session: for the bar.
        points: at least one.
        seeds: how many.
        jobs: processes.
    """
    work = Work(points=points, seeds=seeds)
    with _bar(session, sum(point.work for point in points) * seeds, work) as advance:
        try:
            with closing(each_run([one.case for one in points], seeds=range(seeds), processes=jobs)) as runs:
                for run in runs:
                    work.results.setdefault(run.case, []).append(run.result)
                    advance(points[run.case].work)
        except KeyboardInterrupt:
            work.interrupted = True
    return work


@contextmanager
def _bar(session: Session, total: float, work: Work) -> Iterator[Callable[[float], None]]:
    """On standard error, and only where somebody can watch it; gone when done."""
    hidden = session.json or not session.err.is_terminal
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]}/{task.fields[wanted]}"),
        TimeElapsedColumn(),
        TextColumn(session.pick("剩余", "left")),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=session.err, transient=True, disable=hidden, speed_estimate_period=600.0) as bar:
        task = bar.add_task(session.pick("模拟", "Simulating"), total=total, done=0, wanted=work.wanted)

        def advance(weight: float) -> None:
            bar.update(task, advance=weight, done=work.done)

        yield advance
