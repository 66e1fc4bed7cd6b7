"""What does one pacing decision cost, and how does it grow with the floor? What does a simulated hour?

    python -m benchmarks.pacing_cost [--decisions 200] [--hours agents-25 ...] [--json]

Decisions on made-up floors of 25, 100, 300 and 1,000 agents with three calls in the air for each, no two alike; what
has been learned comes from an hour in the simulator. The growth exponent is the slope of log(p50) over log(agents); the
exit code is 1 when it is above 1.

Then hours in the simulator, by scenario: how much CPU time, how much of it to decide, and how much for the floor and
its world. All times are CPU times of this process, also given as multiples of a fixed reference loop: machines differ,
and so does what else they do. The loop is timed before and after decisions, and again and again during an hour.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.measured import machine, percentile
from benchmarks.pacing import worlds
from benchmarks.pacing.scenarios import SCENARIOS
from dialer import pacing
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import PacingSettings
from dialer.sim.run import simulate
from dialer.types import Mode

AGENTS = (25, 100, 300, 1000)
CALLS_PER_AGENT = 3
MAX_EXPONENT = 1.0
TARGET_RATIO = 0.03
LEARNED_FROM = "answers-5"
"""Three calls in the air for each agent are about right where one of twenty is answered."""
HOURS = ("agents-5", "agents-25", "answers-5", "agents-50")
LOOP_EACH = 50
"""The reference loop is timed after so many decisions of an hour."""
REFERENCE_ROUNDS = 100_000
REFERENCE_TIMES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Decisions on floors of one size."""

    agents: int
    p50_ms: float
    p99_ms: float
    reference_ms: float
    """The reference loop, timed before and after."""
    p50_reference: float
    """In reference loops."""
    p99_reference: float
    calls: float
    """Placed in a decision, on the mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """A simulated hour."""

    scenario: str
    cpu_s: float
    decisions: int
    deciding_s: float
    """Of the CPU time."""
    reference_ms: float
    """The reference loop, on the median."""
    reference: float
    """The CPU time in reference loops."""


class Timed:
    """Our rule, which keeps what the floor has learned, and the time."""

    def __init__(self, settings: PacingSettings) -> None:
        self.estimates = Estimates.initial(settings)
        self.decisions = 0
        self.deciding_s = 0.0
        self.loops_s: list[float] = []

    def __call__(self, view: PoolView, estimates: Estimates, settings: PacingSettings) -> Decision:
        """Decide as ever."""
        self.estimates = estimates
        self.decisions += 1
        if self.decisions % LOOP_EACH == 1:
            self.loops_s.append(timed_s(reference))
        began_s = time.process_time()
        decision = pacing.decide(view, estimates, settings)
        self.deciding_s += time.process_time() - began_s
        return decision


def reference() -> int:
    """A fixed piece of work: whole-number arithmetic in a loop."""
    found = 1
    for step in range(REFERENCE_ROUNDS):
        found = (found * 1103515245 + step) % 2147483648
    return found


def reference_s() -> float:
    """CPU seconds of the reference loop, the median of some."""
    return median(timed_s(reference) for _ in range(REFERENCE_TIMES))


def timed_s(work: Callable[[], object]) -> float:
    """CPU seconds of some work."""
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def floor(agents: int, rng: random.Random) -> PoolView:
    """A busy floor: four fifths talk, a tenth wraps up, the others are free; a seventh of the calls do not ring yet."""
    talking, wrapping = round(0.8 * agents), round(0.1 * agents)
    calls = CALLS_PER_AGENT * agents
    dialling = calls // 7
    return PoolView(
        mode=Mode.PREDICTIVE,
        now_s=rng.uniform(0.0, 1e5),
        ready=agents - talking - wrapping,
        talking_s=tuple(rng.expovariate(1 / 150.0) for _ in range(talking)),
        wrapping_s=tuple(rng.expovariate(1 / 20.0) for _ in range(wrapping)),
        dialling_s=tuple(rng.uniform(0.0, 3.0) for _ in range(dialling)),
        ringing_s=tuple(rng.uniform(0.0, 25.0) for _ in range(calls - dialling)),
        waiting=0,
        trunk_free=60 * agents,
        leads=20 * agents,
        cps_allowance=20 * agents,
        answered=40 * agents,
        abandoned=agents // 2,
    )


def measure(agents: int, decisions: int, learned: Estimates) -> Cost:
    """Decide many times.

    Args:
        agents: on the floor.
        decisions: that count; a tenth more warms up.
        learned: what is believed.
    """
    settings = PacingSettings(target_abandonment_ratio=TARGET_RATIO, max_ratio=worlds.MAX_RATIO)
    rng = random.Random(agents)
    calls: list[int] = []

    def decided_s(view: PoolView) -> float:
        began_s = time.process_time()
        calls.append(pacing.decide(view, learned, settings).calls)
        return time.process_time() - began_s

    for _ in range(max(1, decisions // 10)):
        decided_s(floor(agents, rng))
    views = [floor(agents, rng) for _ in range(decisions)]
    gc.collect()
    before_s = reference_s()
    spent_s = [decided_s(view) for view in views]
    loop_s = 0.5 * (before_s + reference_s())
    p50_s, p99_s = percentile(spent_s, 0.5), percentile(spent_s, 0.99)
    return Cost(
        agents=agents,
        p50_ms=round(1e3 * p50_s, 3),
        p99_ms=round(1e3 * p99_s, 3),
        reference_ms=round(1e3 * loop_s, 2),
        p50_reference=round(p50_s / loop_s, 4),
        p99_reference=round(p99_s / loop_s, 4),
        calls=round(sum(calls) / len(calls), 1),
    )


def exponent(costs: Sequence[Cost]) -> float:
    """The slope of log(p50 in reference loops) over log(agents), by least squares."""
    xs, ys = [math.log(cost.agents) for cost in costs], [math.log(cost.p50_reference) for cost in costs]
    x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
    above = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True))
    return above / sum((x - x_mean) ** 2 for x in xs)


def hour(name: str) -> tuple[Estimates, Hour]:
    """An hour of a scenario by our rule: what was learned, and what it cost."""
    scenario = SCENARIOS[name]
    campaign = worlds.campaign_settings(scenario, TARGET_RATIO)
    rule = Timed(campaign.pacing)
    dialer, behaviour = worlds.dialer_settings(scenario), worlds.behaviour(scenario)
    whole_s = timed_s(lambda: simulate(dialer, campaign, behaviour, seed=1, hours=1.0, rule=rule))
    cpu_s, loop_s = whole_s - sum(rule.loops_s), median(rule.loops_s)
    return rule.estimates, Hour(
        scenario=name,
        cpu_s=round(cpu_s, 2),
        decisions=rule.decisions,
        deciding_s=round(rule.deciding_s, 2),
        reference_ms=round(1e3 * loop_s, 2),
        reference=round(cpu_s / loop_s, 1),
    )


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description="The cost of one pacing decision.")
    parser.add_argument("--decisions", type=int, default=200, help="of each size")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--hours", nargs="+", default=HOURS, choices=SCENARIOS, metavar="SCENARIO", help="to simulate")
    options = parser.parse_args()
    learned, _ = hour(LEARNED_FROM)
    hours = [hour(name)[1] for name in options.hours]
    costs = [measure(agents, options.decisions, learned) for agents in AGENTS]
    growth = exponent(costs)
    report = {
        "machine": machine(),
        "decisions": [asdict(cost) for cost in costs],
        "growth_exponent": round(growth, 2),
        "simulated_hours": [asdict(one) for one in hours],
    }
    print(json.dumps(report) if options.json else words(report, costs, hours))
    return 0 if growth <= MAX_EXPONENT else 1


def words(report: dict[str, object], costs: Sequence[Cost], hours: Sequence[Hour]) -> str:
    """The report for people."""
    lines = [f"{key:20} {report[key]}" for key in ("machine", "growth_exponent")]
    lines.append("agents   p50 ms   p99 ms   loop ms   p50 and p99 in loops   calls placed")
    lines += [
        f"{one.agents:6} {one.p50_ms:8.2f} {one.p99_ms:8.2f} {one.reference_ms:9.2f}"
        f"{one.p50_reference:12.3f} {one.p99_reference:10.3f} {one.calls:14.1f}"
        for one in costs
    ]
    lines.append("simulated hour        CPU s   to decide   decisions   loop ms    in loops")
    lines += [
        f"{one.scenario:18} {one.cpu_s:8.2f} {one.deciding_s:11.2f} {one.decisions:11} {one.reference_ms:9.2f}"
        f"{one.reference:12.1f}"
        for one in hours
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
