"""Compare our pacing with its peers in the project's own simulator.

    python -m benchmarks.pacing [--scenario NAME ...] [--rule NAME ...] [--target 0.03 ...] [--seeds N] [--hours H]
                                [--full] [--tuned] [--curves] [--jobs N] [--json] [--results FILE] [--write-docs]
    python -m benchmarks.pacing --list

Runs are kept in a results file and not made again while the sources on which they depend are the same, so that a
comparison that was broken off goes on where it stopped. `--write-docs` writes `docs/pacing/` of what was compared.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from benchmarks.measured import machine
from benchmarks.pacing import comparing, documents, plan, tables
from benchmarks.pacing.lineup import ENTRANTS, FAMILIES, OURS, Entrant, rule
from benchmarks.pacing.results import REPOSITORY, ResultsFile
from benchmarks.pacing.running import Runner
from benchmarks.pacing.scenarios import SCENARIOS, chosen

RESULTS = REPOSITORY / "var" / "pacing-runs.jsonl"


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pacing", description="Our pacing beside its peers, in the project's own simulator."
    )
    parser.add_argument("--scenario", action="append", default=[], choices=sorted(SCENARIOS), metavar="NAME")
    parser.add_argument("--rule", action="append", default=[], metavar="NAME", help="beside ours; see --list")
    parser.add_argument("--target", action="append", type=float, default=[], help="abandonment, such as 0.03")
    parser.add_argument("--seeds", type=int, help="so many runs of each")
    parser.add_argument("--hours", type=float, help="length of each run, instead of the scenario's own")
    parser.add_argument("--full", action="store_true", help="all scenarios, rules, targets and settings; takes hours")
    parser.add_argument("--tuned", action="store_true", help="search the peers' best settings for each scenario")
    parser.add_argument("--curves", action="store_true", help="curves of occupancy over abandonment")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FILE")
    parser.add_argument("--write-docs", action="store_true", help="write docs/pacing/")
    parser.add_argument("--list", action="store_true", help="scenarios and rules")
    return parser.parse_args(words)


def choice_of(options: argparse.Namespace) -> plan.Choice:
    """What is to be compared.

    Raises:
        ValueError: there is no such rule.
    """
    scenarios = chosen(options.scenario, full=options.full)
    choice = plan.full_choice(scenarios) if options.full else plan.quick_choice(scenarios)
    if options.hours is not None:
        choice = replace(choice, scenarios=tuple(replace(one, hours=options.hours) for one in choice.scenarios))
    if options.rule:
        choice = replace(choice, entrants=_entrants(options.rule), families=())
    if options.target:
        choice = replace(choice, targets=tuple(sorted(set(options.target), reverse=True)))
    if options.seeds is not None:
        choice = replace(choice, seeds=tuple(range(1, options.seeds + 1)))
    if options.tuned:
        choice = replace(choice, families=FAMILIES)
    return replace(choice, curves=choice.curves or options.curves)


def _entrants(names: Sequence[str]) -> tuple[Entrant, ...]:
    known = {name: entrant for entrant in ENTRANTS for name in (entrant.rule, entrant.title)}
    found = [known[OURS]]
    for name in names:
        entrant = known.get(name) or Entrant(title=name, rule=name, follows_target=name.startswith("vicidial:"))
        if name not in known:
            rule(name, next(iter(SCENARIOS.values())))  # refuses what is not there, before anything runs
        if entrant not in found:
            found.append(entrant)
    return tuple(found)


def listing() -> str:
    """What there is to be compared."""
    lines = ["scenarios (* without --full, too)"]
    lines += [
        f"  {'*' if one.default else ' '} {one.name:22} {one.says}, {one.hours:g} h" for one in SCENARIOS.values()
    ]
    lines += ["rules (* without --full, too); settings as in vicidial:available_only=1,max_level=4"]
    lines += [f"  {'*' if one.default else ' '} {one.rule:52} {one.title}" for one in ENTRANTS]
    return "\n".join(lines)


def _listed(default: bool, name: str, says: str) -> str:
    return f"  {'*' if default else ' '} {name:48} {says}"


def main(words: Sequence[str] | None = None) -> int:
    """Compare, print, and write."""
    options = arguments(words)
    if options.list:
        print(listing())
        return 0
    try:
        choice = choice_of(options)
    except ValueError as mistake:
        print(mistake)
        return 2
    runner = Runner(ResultsFile(options.results), jobs=max(1, options.jobs))
    comparison = plan.compare(choice, runner)
    totals = comparing.overall(comparison.lines)
    shown = {one.name: one for one in choice.scenarios}
    if options.json:
        found = documents.as_object(comparison, totals) | {"machine": machine()}
        print(json.dumps(found, ensure_ascii=False))
    else:
        console = Console(width=None if os.isatty(1) else 150)
        for table in tables.terminal(comparison.lines, totals, shown):
            console.print(table)
        console.print("Occupancy and abandonment in per cent; gaps in points, with 95 % intervals; ! over the target.")
    if options.write_docs:
        for path in documents.write(REPOSITORY / "docs" / "pacing", choice, comparison, totals):
            print(f"wrote {path.relative_to(REPOSITORY)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
