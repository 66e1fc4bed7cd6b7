"""How much would be gained by knowing a floor beforehand?

    python -m benchmarks.known_floor [--scenario NAME ...] [--target RATIO ...] [--days 16] [--jobs 2] [--json]

Each simulated day is run twice on the same random draws: beginning with nothing learned, as on a campaign's first day,
and beginning with all that pacing learned on another day of the same scenario, which is another one for each. The
second is what the engine does when a campaign is launched again. It gains about as much as a better prior or quicker
learning could gain in a list that stays as it is. Differences are in points of occupancy, with their standard errors.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from statistics import fmean, stdev

from benchmarks.measured import machine
from benchmarks.pacing import worlds
from benchmarks.pacing.scenarios import SCENARIOS
from dialer import pacing
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import PacingSettings
from dialer.sim.measures import RunResult
from dialer.sim.run import simulate

USUAL = ("agents-5", "agents-10", "agents-25")
TARGETS = (0.01, 0.03)
OTHER_DAYS = 10_000
"""The day on which a day's knowledge was gained has its number and this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day, begun in both ways."""

    occupancy: float
    known_occupancy: float
    answered: int
    abandoned: int
    known_answered: int
    known_abandoned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """A scenario at a target."""

    scenario: str
    target: float
    days: int
    occupancy: float
    """Percent, likewise the others."""
    abandonment: float
    known_occupancy: float
    known_abandonment: float
    gain: float
    """Points of occupancy."""
    standard_error: float


class Attentive:
    """Our rule, which keeps what the floor has learned."""

    def __init__(self) -> None:
        self.estimates: Estimates | None = None

    def __call__(self, view: PoolView, estimates: Estimates, settings: PacingSettings) -> Decision:
        """Decide as ever."""
        self.estimates = estimates
        return pacing.decide(view, estimates, settings)


def day(scenario: str, target: float, number: int) -> Day:
    """Run a day in both ways."""
    learned = knowledge(scenario, target, OTHER_DAYS + number)
    cold, known = _run(scenario, target, number), _run(scenario, target, number, learned=learned)
    return Day(
        occupancy=cold.occupancy,
        known_occupancy=known.occupancy,
        answered=cold.answered,
        abandoned=cold.abandoned,
        known_answered=known.answered,
        known_abandoned=known.abandoned,
    )


def knowledge(scenario: str, target: float, number: int) -> str:
    """What a day teaches, as the engine saves it."""
    rule = Attentive()
    _run(scenario, target, number, rule=rule)
    assert rule.estimates is not None
    return json.dumps(rule.estimates.as_dict())


def _run(name: str, target: float, number: int, *, learned: str = "", rule: Attentive | None = None) -> RunResult:
    scenario = SCENARIOS[name]
    return simulate(
        worlds.dialer_settings(scenario),
        worlds.campaign_settings(scenario, target),
        worlds.behaviour(scenario),
        seed=number,
        hours=scenario.hours,
        rule=rule or pacing.decide,
        learned=learned,
    )


def gain(scenario: str, target: float, days: Sequence[Day]) -> Gain:
    """The days of a scenario together."""
    gains = [100.0 * (one.known_occupancy - one.occupancy) for one in days]
    return Gain(
        scenario=scenario,
        target=target,
        days=len(days),
        occupancy=round(100.0 * fmean(one.occupancy for one in days), 2),
        abandonment=round(100.0 * sum(one.abandoned for one in days) / sum(one.answered for one in days), 2),
        known_occupancy=round(100.0 * fmean(one.known_occupancy for one in days), 2),
        known_abandonment=round(
            100.0 * sum(one.known_abandoned for one in days) / sum(one.known_answered for one in days), 2
        ),
        gain=round(fmean(gains), 2),
        standard_error=round(stdev(gains) / math.sqrt(len(gains)), 2),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenario", nargs="+", default=USUAL, choices=SCENARIOS, metavar="NAME")
    parser.add_argument("--target", nargs="+", type=float, default=TARGETS, metavar="RATIO", help="such as 0.03")
    parser.add_argument("--days", type=int, default=16, help="of each scenario and target, 2 at least")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    wanted = parser.parse_args()
    if wanted.days < 2 or wanted.jobs < 1:
        parser.error("--days begins at 2 and --jobs at 1.")
    if not all(0.0 < target < 1.0 for target in wanted.target):
        parser.error("--target is a ratio between 0 and 1, such as 0.03 for 3 %.")
    found: list[Gain] = []
    with ProcessPoolExecutor(wanted.jobs) as pool:
        for scenario in wanted.scenario:
            for target in wanted.target:
                numbers = range(1, wanted.days + 1)
                days = pool.map(day, [scenario] * wanted.days, [target] * wanted.days, numbers)
                found.append(gain(scenario, target, list(days)))
                print(f"{scenario} at {target:.0%}: {found[-1].gain:+.2f}", file=sys.stderr, flush=True)
    if wanted.json:
        print(json.dumps({"machine": machine(), "gains": [asdict(one) for one in found]}))
    else:
        print(words(found))


def words(found: Sequence[Gain]) -> str:
    """The table, for people."""
    lines = ["scenario              target  days   nothing known   known beforehand   points gained"]
    lines += [
        f"{one.scenario:20} {one.target:7.0%} {one.days:5}   {one.occupancy:5.2f} ({one.abandonment:.2f})   "
        f"{one.known_occupancy:8.2f} ({one.known_abandonment:.2f})   {one.gain:+8.2f} +- {one.standard_error:.2f}"
        for one in found
    ]
    lines.append("Occupancy and, in brackets, abandonment in per cent.")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
