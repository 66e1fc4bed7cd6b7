"""The best settings of a peer for one scenario, as an administrator would find who knew the day beforehand.

They are searched on seeds on which nobody is judged: of the settings whose pooled abandonment is within the target the
one with the highest occupancy; when none is within, the one that abandons least. The families say what is tried: a
grid, and for VICIdial two rounds more in which every single setting of the best so far is varied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from benchmarks.pacing.comparing import mean_occupancy, pooled_abandonment
from benchmarks.pacing.lineup import Family
from benchmarks.pacing.results import Row

FIRST_SEED = 101
SEEDS_BY_AGENTS = ((10, 6), (50, 3))
"""Up to so many agents, so many seeds; two beyond. Small floors have few answers in a run, and each costs little."""

Runs = Callable[[Sequence[str]], Sequence[Row]]
"""Makes the tuning runs of rules, by their names, and gives all rows."""


def seeds(agents: int) -> tuple[int, ...]:
    """On which settings are searched for a floor of that size."""
    count = next((count for most, count in SEEDS_BY_AGENTS if agents <= most), 2)
    return tuple(range(FIRST_SEED, FIRST_SEED + count))


def best(rows: Sequence[Row], target_ratio: float) -> str:
    """The name of the best of the rules that were run.

    Args:
        rows: of one scenario; at least one.
        target_ratio: abandonment that is allowed.
    """
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.rule].append(row)

    def merit(name: str) -> tuple[float, float]:
        over = max(0.0, pooled_abandonment(groups[name]) - target_ratio)
        return -over, mean_occupancy(groups[name])

    return max(sorted(groups), key=merit)


def search(family: Family, target_ratio: float, run: Runs) -> str:
    """The name of the best settings of a family.

    Args:
        family: what is tried.
        target_ratio: abandonment that is allowed.
        run: makes the runs.
    """
    rows = {(row.rule, row.seed): row for row in run(family.first)}
    found = best(list(rows.values()), target_ratio)
    for _ in range(family.rounds):
        rows |= {(row.rule, row.seed): row for row in run(family.neighbours(found, target_ratio))}
        better = best(list(rows.values()), target_ratio)
        if better == found:
            break
        found = better
    return found
