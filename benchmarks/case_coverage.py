"""Do the intervals of `dialer simulate case` hold what they should? A/A studies, many of them, in small worlds.

    python -m benchmarks.case_coverage [--studies 100] [--seeds 20] [--accounts 80] [--jobs 2] [--json]

Each study deals made-up debtors by lot into two groups, seed by seed, and has both worked by hand: the true difference
is 0. An interval of 95 % should cover it in 95 of 100 studies. Four kinds of interval are asked, each about the same
studies: the one that the case uses (`dialer.sim.case.resampling`), and the bootstraps of the textbooks. No arm of the
dialer is run, so nothing here can tell of the figures that the goals are held against. Finished runs are kept in the
folder of `--cache`; broken off, it goes on where it was. Studies of fewer seeds are made of the same runs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.measured import machine
from dialer.cli.simulate_case_cache import Cache
from dialer.cli.simulate_case_rules import case_campaign
from dialer.sim.case import resampling
from dialer.sim.case.arms import Arm
from dialer.sim.case.figures import Figure, Sample
from dialer.sim.case.population import Group
from dialer.sim.case.resampling import Statistic
from dialer.sim.case.scenario import Scenario
from dialer.sim.case.study import Done, Task, each, nobody

FIRST_SEED: Final = 1_000_001
"""Far from those of the case itself, which begin at 1."""
FIGURES: Final = (
    Figure.ATTEMPT_ANSWER,
    Figure.ACCOUNT_CONTACT,
    Figure.RIGHT_PARTY,
    Figure.CUSTOMERS,
    Figure.RECOVERY,
    Figure.RECOVERY_GROSS,
)
"""Those that the case's own A/A shows."""
RESAMPLES: Final = 2000
_ALPHA: Final = 0.05
_TELL_EVERY_S: Final = 30.0
Floats = npt.NDArray[np.float64]
Limits = tuple[float, float] | None


# --- intervals -----------------------------------------------------------------------------------------


def used(table: Floats, statistic: Statistic) -> Limits:
    """The case's own: Student's t about the jackknife."""
    found = resampling.estimate(table.T.tolist(), statistic)
    return None if found.low is None or found.high is None else (found.low, found.high)


def percentile(table: Floats, statistic: Statistic) -> Limits:
    """The middle of what whole pairs, drawn again, give. Source: Efron and Tibshirani (1993), chapter 13."""
    drawn = statistic(table[_draws(len(table))].mean(axis=1))
    return _quantiles(drawn, _ALPHA / 2, 1.0 - _ALPHA / 2)


def corrected(table: Floats, statistic: Statistic) -> Limits:
    """BCa: the percentiles moved for bias and skewness. Source: Efron and Tibshirani (1993), chapter 14."""
    normal = NormalDist()
    drawn, value = statistic(table[_draws(len(table))].mean(axis=1)), _at(table, statistic)
    below = float(np.mean(drawn < value))
    left_out = _left_out(table, statistic)
    away = left_out.mean() - left_out
    spread = float((away**2).sum() ** 1.5)
    if not 0.0 < below < 1.0 or not spread > 0.0:
        return None
    bias, skew = normal.inv_cdf(below), float((away**3).sum()) / (6.0 * spread)
    places = []
    for share in (_ALPHA / 2, 1.0 - _ALPHA / 2):
        moved = bias + normal.inv_cdf(share)
        places.append(normal.cdf(bias + moved / (1.0 - skew * moved)))
    return _quantiles(drawn, *places)


def studentised(table: Floats, statistic: Statistic) -> Limits:
    """Bootstrap-t: each draw over its own standard error. Source: Efron and Tibshirani (1993), chapter 12."""
    drawn_tables = table[_draws(len(table))]
    value, error = _at(table, statistic), float(_errors(table[np.newaxis], statistic)[0])
    errors = _errors(drawn_tables, statistic)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = (statistic(drawn_tables.mean(axis=1)) - value) / errors
    found = _quantiles(scaled[np.isfinite(scaled)], _ALPHA / 2, 1.0 - _ALPHA / 2)
    return None if found is None else (value - found[1] * error, value - found[0] * error)


METHODS: Final[dict[str, Callable[[Floats, Statistic], Limits]]] = {
    "jackknife t, the case's own": used,
    "percentile bootstrap": percentile,
    "BCa bootstrap": corrected,
    "bootstrap-t": studentised,
}


def _at(table: Floats, statistic: Statistic) -> float:
    return float(statistic(table.mean(axis=0)[np.newaxis])[0])


def _left_out(table: Floats, statistic: Statistic) -> Floats:
    """The statistic without each row in turn."""
    return np.asarray(statistic((table.sum(axis=0) - table) / (len(table) - 1)))


def _errors(tables: Floats, statistic: Statistic) -> Floats:
    """The jackknife's standard error of each table (tables x rows x columns)."""
    count, rows, columns = tables.shape
    without = (tables.sum(axis=1, keepdims=True) - tables) / (rows - 1)
    values = statistic(without.reshape(count * rows, columns)).reshape(count, rows)
    return np.asarray(np.sqrt((rows - 1) / rows * ((values - values.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)))


def _draws(rows: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng([20260310, rows]).integers(0, rows, (RESAMPLES, rows))


def _quantiles(values: Floats, low: float, high: float) -> Limits:
    if not len(values) or not np.isfinite(values).all():
        return None
    first, last = np.quantile(values, (low, high)).tolist()
    return first, last


# --- studies -------------------------------------------------------------------------------------------


def play(scenario: Scenario, seeds: Sequence[int], cache: Cache, jobs: int, tell: Callable[[str], None]) -> Done:
    """Both groups of every seed, by hand, and those whom nobody calls."""
    tasks = [task for seed in seeds for task in _pair(scenario, seed)]
    tasks += [nobody(_pair(scenario, seed)[0]) for seed in seeds]
    done = Done()
    done.outcomes |= {task: found for task in tasks if (found := cache.get(task)) is not None}
    left = [task for task in tasks if task not in done.outcomes]
    tell(f"{len(done.outcomes)} of {len(tasks)} runs were kept; {len(left)} follow.")
    began_s = told_s = time.monotonic()
    with closing(each(case_campaign(), left, processes=jobs)) as outcomes:
        for number, (task, outcome) in enumerate(outcomes, start=1):
            done.outcomes[task] = outcome
            cache.keep(task, outcome)
            now_s = time.monotonic()
            if now_s - told_s >= _TELL_EVERY_S:
                told_s = now_s
                tell(f"{number}/{len(left)} runs, {(len(left) - number) * (now_s - began_s) / number:.0f} s left")
    return done


def _pair(scenario: Scenario, seed: int) -> tuple[Task, Task]:
    return Task(scenario, Arm.MANUAL, Group.CONTROL, seed), Task(scenario, Arm.MANUAL, Group.TREATED, seed)


def tables(done: Done, scenario: Scenario, seeds: Sequence[int]) -> dict[Figure, tuple[Floats, Statistic]]:
    """Of each figure, a row for each seed, and what is asked of the means of its columns."""
    pairs = [_pair(scenario, seed) for seed in seeds]
    control, treated = done.samples([one for one, _ in pairs], [other for _, other in pairs])
    return {figure: _columns(control, treated, figure) for figure in FIGURES}


def _columns(control: Sample, treated: Sample, figure: Figure) -> tuple[Floats, Statistic]:
    columns = [control.column(figure), treated.column(figure)]
    if figure is Figure.RECOVERY:
        return np.array([*columns, list(treated.held_out)]).T, resampling.net_gain
    return np.array(columns).T, resampling.gain


def coverage(found: dict[Figure, tuple[Floats, Statistic]], size: int) -> dict[str, object]:
    """How often each interval covers 0, over studies of so many seeds, each seed in one study."""
    report: dict[str, object] = {}
    for name, method in METHODS.items():
        row: dict[str, object] = {}
        for figure, (table, statistic) in found.items():
            limits = [method(table[at : at + size], statistic) for at in range(0, len(table) - size + 1, size)]
            known = [one for one in limits if one is not None]
            held = sum(low <= 0.0 <= high for low, high in known)
            row[figure.value] = {
                "covered": held / len(limits),
                "studies": len(limits),
                "without_interval": len(limits) - len(known),
                "mean_width": float(np.mean([high - low for low, high in known])) if known else None,
            }
        report[name] = row
    return report


def main() -> int:
    """Run, print; always 0: what is measured is judged by people."""
    parser = argparse.ArgumentParser(description="How often the case's intervals cover 0 where nothing differs.")
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=20, help="in each study; the case's default is 20")
    parser.add_argument("--accounts", type=int, default=80, help="in each group")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--cache", type=Path, help="folder of finished runs; default: none is kept")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    scenario = Scenario(accounts=options.accounts, agents=1, days=1)
    seeds = range(FIRST_SEED, FIRST_SEED + options.studies * options.seeds)

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="dialer-coverage-") as folder:
        done = play(scenario, seeds, Cache(options.cache or Path(folder)), options.jobs, tell)
    found = tables(done, scenario, seeds)
    sizes = sorted({size for size in (3, 5, 10, options.seeds) if size <= options.seeds})
    report = {
        **machine(),
        "studies": options.studies,
        "seeds": options.seeds,
        "accounts": options.accounts,
        "coverage": {str(size): coverage(found, size) for size in sizes},
    }
    print(json.dumps(report) if options.json else "\n\n".join(_texts(report["coverage"])))
    return 0


def _texts(found: object) -> Iterator[str]:
    assert isinstance(found, dict)
    for size, methods in found.items():
        some = next(iter(next(iter(methods.values())).values()))
        lines = [f"{some['studies']} studies of {size} seeds", "", f"| | {' | '.join(FIGURES)} |"]
        lines.append("|---" * (len(FIGURES) + 1) + "|")
        for name, row in methods.items():
            cells = [f"{100 * row[figure.value]['covered']:.1f} %" for figure in FIGURES]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        yield "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
