from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks import pacing_cost
from benchmarks.pacing import comparing, documents, drawing, plan, tables, tuning, worlds
from benchmarks.pacing.__main__ import arguments, choice_of
from benchmarks.pacing.lineup import CLAIRVOYANT, OURS, Entrant, Family
from benchmarks.pacing.results import ResultsFile, Row, Task
from benchmarks.pacing.running import Runner, run
from benchmarks.pacing.scenarios import SCENARIOS

TASK = Task(scenario="agents-25", rule=OURS, target_ratio=0.03, seed=1, hours=1.0, code="c")


def row(rule: str = OURS, *, seed: int = 1, occupancy: float = 0.8, answered: int = 1000, abandoned: int = 20) -> Row:
    return Row(
        **asdict(replace(TASK, rule=rule, seed=seed)),
        agent_h=20.0,
        occupancy_ratio=occupancy,
        talk_min_per_h=50.0 * occupancy,
        dialled=5 * answered,
        answered=answered,
        abandoned=abandoned,
        worst_half_hour_ratio=0.05,
        cpu_s=1.0,
    )


# --- the sums -----------------------------------------------------------------------------------------------------


def test_an_interval_is_students():
    # Mean 2, deviation 1, three samples: 4.303 / sqrt(3).
    found = comparing.interval([1.0, 2.0, 3.0])
    assert (found.mean, found.half_width) == (2.0, pytest.approx(4.303 / math.sqrt(3)))
    assert comparing.interval([5.0]).half_width == math.inf


def test_a_line_pairs_runs_by_seed_and_pools_abandonment():
    ours = [row(seed=1, occupancy=0.90), row(seed=2, occupancy=0.80), row(seed=3, occupancy=0.7)]
    theirs = [
        row("x", seed=2, occupancy=0.75, answered=100, abandoned=10),
        row("x", seed=1, occupancy=0.83, answered=900, abandoned=10),
    ]
    line = comparing.line(theirs, ours, rule="X", target_ratio=0.02, is_ours=False)
    assert line.abandonment_ratio == 0.02
    assert not line.is_over
    assert line.occupancy_ratio == pytest.approx(0.79)
    assert line.occupancy_gap is not None
    assert line.occupancy_gap.mean == pytest.approx(0.06)
    assert line.occupancy_gap.half_width == pytest.approx(12.706 * 0.01)


def test_a_curve_gives_the_best_occupancy_with_no_more_abandonment():
    curve = [(0.03, 0.9), (0.0, 0.6), (0.0, 0.7), (0.01, 0.8)]
    at = [comparing.at_abandonment(curve, ratio) for ratio in (0.0, 0.005, 0.02, 0.5)]
    assert at == pytest.approx([0.7, 0.75, 0.85, 0.9])
    assert comparing.at_abandonment(curve[:1], 0.01) is None


def test_totals_are_means_over_scenarios_and_count_those_over_the_target():
    lines = [
        comparing.line([row(abandoned=20)], [], rule="x", target_ratio=0.03, is_ours=False),
        comparing.line([row(abandoned=50, occupancy=0.9)], [], rule="x", target_ratio=0.03, is_ours=False),
        comparing.line([row(abandoned=20)], [], rule="x", target_ratio=0.01, is_ours=False),
    ]
    first, second = comparing.overall(lines)
    assert (first.target_ratio, first.over, first.scenarios) == (0.03, 1, 2)
    assert first.occupancy_ratio == pytest.approx(0.85)
    assert (second.target_ratio, second.over, second.scenarios) == (0.01, 1, 1)


# --- runs that are kept -------------------------------------------------------------------------------------------


def test_runs_are_kept_and_a_broken_line_is_made_again(tmp_path: Path):
    path = tmp_path / "runs.jsonl"
    other = replace(TASK, seed=2)
    ResultsFile(path).add(row())
    with path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(row(seed=2)))[:50] + "\n")
    kept = ResultsFile(path)
    assert kept.missing([TASK, other, TASK]) == [other]
    assert kept.rows([TASK]) == [row()]


def test_other_sources_are_other_runs(tmp_path: Path):
    kept = ResultsFile(tmp_path / "runs.jsonl")
    kept.add(row())
    assert kept.missing([replace(TASK, code="other")])


# --- the search for settings --------------------------------------------------------------------------------------


def test_the_best_settings_have_the_most_occupancy_within_the_target_or_else_the_least_abandonment():
    rows = [row("a", occupancy=0.9, abandoned=40), row("b", occupancy=0.8, abandoned=30), row("c", occupancy=0.7)]
    assert tuning.best(rows, 0.03) == "b"
    assert tuning.best(rows, 0.001) == "c"


def test_a_search_walks_to_better_neighbours_until_there_is_none():
    asked: list[str] = []

    def runs(names: Sequence[str]) -> list[Row]:
        asked.extend(names)
        return [row(name, occupancy=1.0 - abs(int(name) - 3) / 10.0) for name in names]

    family = Family(
        title="x", first=("0", "1"), neighbours=lambda name, _: (str(int(name) - 1), str(int(name) + 1)), rounds=9
    )
    assert tuning.search(family, 0.03, runs) == "3"
    assert asked == ["0", "1", "0", "2", "1", "3", "2", "4"]


# --- the whole ----------------------------------------------------------------------------------------------------


def simulated(rule: str, **more: object) -> Row:
    task = Task(scenario="agents-5", rule=rule, target_ratio=0.03, seed=1, hours=0.1, code="")
    return run(replace(task, **more))  # type: ignore[arg-type]


def test_a_run_is_the_same_again_and_another_with_another_seed():
    first, again, other = simulated("progressive"), simulated("progressive"), simulated("progressive", seed=2)
    assert replace(first, cpu_s=0.0) == replace(again, cpu_s=0.0)
    assert (first.dialled, first.answered) != (other.dialled, other.answered)
    assert first.abandoned == 0


def test_the_clairvoyant_leaves_everybody_far_behind_and_abandons_nearly_nobody():
    bound, progressive = simulated(CLAIRVOYANT, hours=0.5), simulated("progressive", hours=0.5)
    assert bound.occupancy_ratio > 0.95 > 0.8 > progressive.occupancy_ratio
    assert bound.abandonment_ratio < 0.02


def test_rules_keep_their_order_on_a_floor_of_five():
    by_hand, progressive, two = (simulated(rule, hours=0.5) for rule in ("manual", "progressive", "free:ratio=2"))
    assert by_hand.occupancy_ratio < progressive.occupancy_ratio < two.occupancy_ratio
    assert progressive.abandoned == by_hand.abandoned == 0 < two.abandoned


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_can_be_put_to_the_simulator(name: str):
    scenario = SCENARIOS[name]
    shifts = worlds.behaviour(scenario).shifts
    assert len(worlds.dialer_settings(scenario).agents) == sum(shift.agents for shift in shifts)
    assert worlds.campaign_settings(scenario, 0.01).pacing.target_abandonment_ratio == 0.01


@pytest.mark.parametrize(("name", "least"), [("machines", 1), ("detection", 1), ("hang-ups", 1), ("channels", 1)])
def test_the_special_worlds_run(name: str, least: int):
    assert simulated("progressive", scenario=name, hours=0.05).dialled >= least


def test_a_comparison_makes_each_run_once_and_can_be_printed_and_written(tmp_path: Path):
    small = replace(SCENARIOS["agents-5"], hours=0.05)
    entrants = (
        Entrant(title=OURS, rule=OURS, follows_target=True),
        Entrant(title="progressive", rule="progressive"),
    )
    family = Family(title="tuned", first=("free:ratio=1", "free:ratio=2"), neighbours=lambda _, __: ())
    choice = plan.Choice(scenarios=(small,), entrants=entrants, families=(family,), targets=(0.03, 0.01), seeds=(1, 2))
    runner = Runner(ResultsFile(tmp_path / "runs.jsonl"), jobs=1, say=lambda _: None)
    comparison = plan.compare(choice, runner)
    # Ours at two targets, progressive once, two candidates on six seeds, the best of them on two.
    tuned = set(comparison.settings.values())
    assert runner.made == 2 * 2 + 2 + 2 * 6 + 2 * len(tuned)
    assert [line.rule for line in comparison.lines] == [OURS, "progressive", "tuned"] * 2
    again = Runner(ResultsFile(tmp_path / "runs.jsonl"), jobs=1, say=lambda _: None)
    assert plan.compare(choice, again).lines == comparison.lines
    assert again.made == 0

    totals = comparing.overall(comparison.lines)
    shown = {small.name: small}
    assert len(list(tables.terminal(comparison.lines, totals, shown))) == 4
    written = {
        path.name: path.read_text(encoding="utf-8") for path in documents.write(tmp_path, choice, comparison, totals)
    }
    assert written["results.md"].count("| **ours** |") == 4
    assert json.loads(written["results.json"])["settings"] == comparison.settings


def test_charts_are_drawings_with_a_curve_or_a_dot_for_each_rule():
    ours = drawing.Series(name="ours", points=((0.01, 0.8), (0.03, 0.9)))
    far = drawing.Series(name="far <off>", points=((0.5, 0.95),))
    dot = drawing.Series(name="dot", points=((0.02, 0.7),))
    root = ElementTree.fromstring(drawing.frontier("title", [ours, far, dot], [0.03]))
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags.count("polyline") == 1
    # Three points are drawn, and each rule has its mark in the legend.
    assert tags.count("circle") == 3 + 3
    assert "far <off> (off the right edge)" in {element.text for element in root.iter()}
    ElementTree.fromstring(drawing.team_sizes("teams", [ours, dot]))


def test_the_command_line_chooses_scenarios_rules_targets_and_length():
    words = [
        "--scenario",
        "hour",
        "--rule",
        "issabel",
        "--rule",
        "vicidial:max_level=4",
        "--target",
        "0.01",
        "--seeds",
        "4",
    ]
    choice = choice_of(arguments([*words, "--hours", "0.5"]))
    assert [scenario.name for scenario in choice.scenarios] == ["hour"]
    assert choice.scenarios[0].hours == 0.5
    assert [(entrant.title, entrant.follows_target) for entrant in choice.entrants] == [
        ("ours", True),
        ("Issabel", False),
        ("vicidial:max_level=4", True),
    ]
    assert (choice.targets, choice.seeds, choice.families) == ((0.01,), (1, 2, 3, 4), ())
    with pytest.raises(ValueError, match="there is no rule"):
        choice_of(arguments(["--rule", "nobody"]))


def test_full_takes_every_scenario_and_searches_settings():
    choice = choice_of(arguments(["--full"]))
    assert len(choice.scenarios) == len(SCENARIOS)
    assert choice.families
    assert choice.curves
    assert len(choice.seeds) == 10


def test_the_growth_exponent_is_the_slope_on_double_logarithmic_paper():
    costs = [
        pacing_cost.Cost(
            agents=agents,
            p50_ms=0.0,
            p99_ms=0.0,
            reference_ms=1.0,
            p50_reference=0.01 * agents**0.5,
            p99_reference=0.0,
            calls=0.0,
        )
        for agents in pacing_cost.AGENTS
    ]
    assert pacing_cost.exponent(costs) == pytest.approx(0.5)
