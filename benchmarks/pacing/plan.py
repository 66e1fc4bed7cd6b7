"""Which runs a comparison needs, and what its lines are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from benchmarks.pacing import comparing, tuning
from benchmarks.pacing.comparing import Line
from benchmarks.pacing.drawing import Series
from benchmarks.pacing.lineup import CLAIRVOYANT, ENTRANTS, FAMILIES, OURS, Entrant, Family
from benchmarks.pacing.results import Row, Task, digest
from benchmarks.pacing.scenarios import FRONTIERS, TEAM_SIZES, Scenario

CURVE_TARGETS: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.08)
CURVE_RATIOS: Final = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0)
CURVES: Final = (
    OURS,
    *("vicidial:method=ADAPT_TAPERED", "vicidial:available_only=1,method=ADAPT_TAPERED", "erlang", "hazard-window"),
)
"""Rules that steer by a target, drawn as curves over it."""
RATIO_CURVE: Final = "calls per free agent"

Runs = Callable[[Sequence[Task]], list[Row]]
"""Makes the runs that are missing and gives all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is to be compared."""

    scenarios: tuple[Scenario, ...]
    entrants: tuple[Entrant, ...] = ENTRANTS
    families: tuple[Family, ...] = ()
    """Whose best settings are searched."""
    targets: tuple[float, ...] = (0.03, 0.01)
    seeds: tuple[int, ...] = (1, 2, 3)
    curves: bool = False


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What came of it."""

    lines: list[Line] = field(default_factory=list)
    """By scenario and target."""
    curves: dict[str, list[Series]] = field(default_factory=dict)
    """Scenario -> rules: occupancy over abandonment."""
    settings: dict[str, str] = field(default_factory=dict)
    """`scenario, target, family` -> the best settings that were found."""


class Tasks:
    """Makes tasks; digests are taken once."""

    def __init__(self) -> None:
        self._codes = {True: digest(ours=True), False: digest(ours=False)}

    def of(self, scenario: Scenario, rule: str, target_ratio: float, seeds: Iterable[int]) -> list[Task]:
        """One for each seed, up to the scenario's most."""
        return [
            Task(
                scenario=scenario.name,
                rule=rule,
                target_ratio=target_ratio,
                seed=seed,
                hours=scenario.hours,
                code=self._codes[rule == OURS],
            )
            for seed in islice(seeds, scenario.most_seeds)
        ]


def compare(choice: Choice, run: Runs) -> Comparison:
    """Make all runs and sum them up.

    Args:
        choice: what is compared.
        run: makes runs.

    Returns:
        The comparison.
    """
    tasks, found = Tasks(), Comparison()
    rivals = _with_tuned(choice, tasks, run, found)
    run([task for scenario, target, one in rivals for task in _judged(tasks, choice, scenario, one, target)])
    for scenario in choice.scenarios:
        if choice.curves and scenario.name in FRONTIERS:
            found.curves[scenario.name] = _curves(choice, scenario, tasks, run)
    for scenario, target, one in rivals:
        ours = run(tasks.of(scenario, OURS, target, choice.seeds))
        rows = run(_judged(tasks, choice, scenario, one, target))
        line = comparing.line(rows, ours, rule=one.title, target_ratio=target, is_ours=one.rule == OURS)
        found.lines.append(_beside_curve(line, found.curves.get(scenario.name)))
    return found


def team_sizes(lines: Iterable[Line], scenarios: Sequence[Scenario], target_ratio: float) -> list[Series]:
    """Occupancy over the size of the team, of every rule that was run in two teams or more; ours first.

    Points of a rule that went over the target are hollow.
    """
    agents = {scenario.name: scenario.agents for scenario in scenarios if scenario.name in TEAM_SIZES}
    points: dict[str, list[tuple[float, float]]] = {}
    over: dict[str, set[float]] = {}
    for line in lines:
        if line.scenario in agents and line.target_ratio == target_ratio:
            size = float(agents[line.scenario])
            points.setdefault(line.rule, []).append((size, line.occupancy_ratio))
            over.setdefault(line.rule, set()).update({size} if line.is_over else ())
    return [
        Series(name=name, points=tuple(sorted(found)), hollow=frozenset(over[name]))
        for name, found in points.items()
        if len(found) > 1
    ]


def _with_tuned(choice: Choice, tasks: Tasks, run: Runs, found: Comparison) -> list[tuple[Scenario, float, Entrant]]:
    """Who plays where, the families with the settings that were best on the tuning seeds."""
    players = []
    for scenario in choice.scenarios:
        for target in choice.targets:
            players += [
                (scenario, target, entrant)
                for entrant in choice.entrants
                if scenario.has_bound or entrant.rule != CLAIRVOYANT
            ]
            for family in choice.families:
                best = _tuned(family, scenario, target, tasks, run)
                found.settings[f"{scenario.name}, {target:g}, {family.title}"] = best
                entrant = Entrant(title=family.title, rule=best, follows_target=family.follows_target)
                players.append((scenario, target, entrant))
    return players


def _tuned(family: Family, scenario: Scenario, target_ratio: float, tasks: Tasks, run: Runs) -> str:
    steered_by, seeds = target_ratio if family.follows_target else 0.0, tuning.seeds(scenario.agents)

    def runs(names: Sequence[str]) -> list[Row]:
        return run([task for name in names for task in tasks.of(scenario, name, steered_by, seeds)])

    return tuning.search(family, target_ratio, runs)


def _judged(tasks: Tasks, choice: Choice, scenario: Scenario, entrant: Entrant, target_ratio: float) -> list[Task]:
    return tasks.of(scenario, entrant.rule, target_ratio if entrant.follows_target else 0.0, choice.seeds)


def _curves(choice: Choice, scenario: Scenario, tasks: Tasks, run: Runs) -> list[Series]:
    titles = {entrant.rule: entrant.title for entrant in ENTRANTS}
    wanted = [(titles[rule], rule, target) for rule in CURVES for target in CURVE_TARGETS]
    wanted += [(RATIO_CURVE, f"free:ratio={ratio:g}", 0.0) for ratio in CURVE_RATIOS]
    run([task for _, rule, target in wanted for task in tasks.of(scenario, rule, target, choice.seeds)])
    points: dict[str, list[tuple[float, float]]] = {}
    for title, rule, target in wanted:
        rows = run(tasks.of(scenario, rule, target, choice.seeds))
        points.setdefault(title, []).append((comparing.pooled_abandonment(rows), comparing.mean_occupancy(rows)))
    return [Series(name=title, points=tuple(sorted(found))) for title, found in points.items()]


def _beside_curve(line: Line, curves: Sequence[Series] | None) -> Line:
    """Our occupancy at the line's own abandonment, or less."""
    if not curves:
        return line
    return replace(line, ours_at_the_same=comparing.at_abandonment(curves[0].points, line.abandonment_ratio))


def quick_choice(scenarios: Sequence[Scenario]) -> Choice:
    """What is run without `--full`: fewer rules, seeds and targets, nothing searched."""
    return Choice(
        scenarios=tuple(scenarios),
        entrants=tuple(entrant for entrant in ENTRANTS if entrant.default),
        targets=(0.03,),
        seeds=(1, 2),
    )


def full_choice(scenarios: Sequence[Scenario]) -> Choice:
    """Everything: all rules, the families searched, two targets, ten seeds, curves."""
    return Choice(scenarios=tuple(scenarios), families=FAMILIES, seeds=tuple(range(1, 11)), curves=True)
