"""The committed artefacts: `docs/pacing/results.md`, `results.json` and the charts."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.pacing import drawing, plan, tables
from benchmarks.pacing.comparing import Line, Overall
from benchmarks.pacing.drawing import Series
from benchmarks.pacing.plan import Choice, Comparison
from benchmarks.pacing.scenarios import SCENARIOS

HEAD = """# Pacing beside its peers

Written by `python -m benchmarks.pacing --write-docs`; do not edit. How it is measured, and what each rule does, is in
`benchmarks/README.md` and in the modules of `benchmarks/pacing/rivals/`. Virtual time, so the machine does not matter.

- All figures in per cent but talk minutes per agent-hour; gaps in points, seed by seed on the same random draws, with
  their 95 % interval (Student's t). `!`: over the target.
- Occupancy: (talk + wrap-up) / (logged in - paused). Abandoned: pooled, all seeds together, the cold start included.
- Worst 30 min: the highest rolling half hour (20 answers or more) of each run, in the mean.
- Ours at the same: our best occupancy with no more abandonment than this rule's, read off our curve over targets.
- Tuned: the best settings for this scenario, searched on other seeds, as if the day were known beforehand.
- All scenarios: the mean over scenarios; the interval is over scenarios, not seeds.
"""


def as_object(comparison: Comparison, totals: Sequence[Overall]) -> dict[str, object]:
    """Everything that was found, for JSON."""
    return {
        "overall": [_finite(asdict(one)) for one in totals],
        "lines": [_finite(asdict(line)) for line in comparison.lines],
        "curves": {name: {one.name: one.points for one in series} for name, series in comparison.curves.items()},
        "settings": comparison.settings,
    }


def write(folder: Path, choice: Choice, comparison: Comparison, totals: Sequence[Overall]) -> list[Path]:
    """Write all of it.

    Args:
        folder: is made when it is not there.
        choice: what was compared.
        comparison: what came of it.
        totals: over all scenarios.

    Returns:
        The files.
    """
    charts = _charts(choice, comparison)
    shown = {scenario.name: scenario for scenario in choice.scenarios}
    text = [HEAD, *(f"![{name}]({name}.svg)\n" for name in charts)]
    text += [tables.markdown(comparison.lines, totals, shown), _settings(comparison)]
    files = {f"{name}.svg": chart for name, chart in charts.items()}
    files["results.md"] = "\n".join(part for part in text if part).rstrip() + "\n"
    files["results.json"] = json.dumps(as_object(comparison, totals), ensure_ascii=False, indent=1) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in files]


def _charts(choice: Choice, comparison: Comparison) -> dict[str, str]:
    charts = {}
    for name, curves in comparison.curves.items():
        drawn = [*curves, *_dots(comparison.lines, name, choice.targets[0], curves)]
        title = f"{SCENARIOS[name].says}: occupancy over abandonment"
        charts[f"frontier-{name}"] = drawing.frontier(title, drawn, choice.targets)
    for target_ratio in choice.targets:
        series = plan.team_sizes(comparison.lines, choice.scenarios, target_ratio)
        if series:
            title = f"Occupancy over the size of the team, target {tables.percent(target_ratio)} %"
            charts[f"team-sizes-{100.0 * target_ratio:g}"] = drawing.team_sizes(title, series)
    return charts


def _dots(lines: Sequence[Line], scenario: str, target_ratio: float, curves: Sequence[Series]) -> list[Series]:
    """Rules that have no curve, each as one point; not single ratios, whose curve is there."""
    drawn = {one.name for one in curves}
    return [
        Series(name=line.rule, points=((line.abandonment_ratio, line.occupancy_ratio),))
        for line in lines
        if (line.scenario, line.target_ratio) == (scenario, target_ratio)
        and line.rule not in drawn
        and not line.rule.endswith(("per free agent", "per logged-in agent"))
    ]


def _settings(comparison: Comparison) -> str:
    if not comparison.settings:
        return ""
    rows = "\n".join(f"| {name} | `{best}` |" for name, best in comparison.settings.items())
    return f"## The best settings that were found\n\n| scenario, target, rule | settings |\n|---|---|\n{rows}\n"


def _finite(values: dict[str, object]) -> dict[str, object]:
    """JSON knows no infinity; an interval of a single seed has none."""
    found: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found[key] = _finite(value)
        else:
            found[key] = None if isinstance(value, float) and not math.isfinite(value) else value
    return found
