"""The comparison as tables: in colour on a terminal, as Markdown for the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from rich.table import Table

from benchmarks.pacing.comparing import Interval, Line, Overall
from benchmarks.pacing.lineup import OURS
from benchmarks.pacing.scenarios import Scenario

HEADINGS = (
    *("rule", "occupancy", "ours is higher by", "abandoned", "more than ours by"),
    *("worst 30 min", "talk min/h", "ours at the same"),
)
OVERALL_HEADINGS = ("rule", "occupancy", "ours is higher by", "abandoned", "over", "worst 30 min")


def percent(ratio: float | None, digits: int = 1) -> str:
    """A ratio as per cent; a dash when there is none."""
    return "–" if ratio is None else f"{100.0 * ratio:.{digits}f}"


def points(gap: Interval | None, digits: int = 1) -> str:
    """A difference in points with its interval; a dash when there is none."""
    if gap is None:
        return "–"
    if gap.half_width == float("inf"):
        return f"{100.0 * gap.mean:+.{digits}f}"
    return f"{100.0 * gap.mean:+.{digits}f} ± {100.0 * gap.half_width:.{digits}f}"


def cells(line: Line) -> tuple[str, ...]:
    """One line's cells; an abandonment over the target carries a mark."""
    return (
        line.rule,
        percent(line.occupancy_ratio),
        points(line.occupancy_gap),
        percent(line.abandonment_ratio, 2) + (" !" if line.is_over else ""),
        points(line.abandonment_gap, 2),
        percent(line.worst_half_hour_ratio),
        f"{line.talk_min_per_h:.1f}",
        percent(line.ours_at_the_same),
    )


def overall_cells(one: Overall) -> tuple[str, ...]:
    """The cells of a rule over all scenarios."""
    return (
        one.rule,
        percent(one.occupancy_ratio),
        points(one.occupancy_gap),
        percent(one.abandonment_ratio, 2),
        f"{one.over} of {one.scenarios}",
        percent(one.worst_half_hour_ratio),
    )


def terminal(lines: Sequence[Line], totals: Sequence[Overall], scenarios: Mapping[str, Scenario]) -> Iterable[Table]:
    """Tables for a terminal: each scenario and target, then all scenarios together."""
    for (name, target_ratio), group in groupby(lines, key=lambda line: (line.scenario, line.target_ratio)):
        rows = list(group)
        title = f"{name}: {scenarios[name].says}; target {percent(target_ratio)} %, {rows[0].seeds} seeds"
        table = _table(title, HEADINGS)
        for line in rows:
            style = "bold" if line.rule == OURS else "red" if line.is_over else ""
            table.add_row(*cells(line), style=style)
        yield table
    for target_ratio, totals_of in groupby(totals, key=lambda one: one.target_ratio):
        table = _table(f"all scenarios; target {percent(target_ratio)} %", OVERALL_HEADINGS)
        for one in totals_of:
            table.add_row(*overall_cells(one), style="bold" if one.rule == OURS else "")
        yield table


def markdown(lines: Sequence[Line], totals: Sequence[Overall], scenarios: Mapping[str, Scenario]) -> str:
    """The same as Markdown, all scenarios together first."""
    parts = []
    for target_ratio, totals_of in groupby(totals, key=lambda one: one.target_ratio):
        parts.append(f"## All scenarios, target {percent(target_ratio)} %\n")
        parts.append(_markdown_table(OVERALL_HEADINGS, (overall_cells(one) for one in totals_of)))
    for name, group in groupby(lines, key=lambda line: line.scenario):
        parts.append(f"## {name}: {scenarios[name].says}\n")
        for target_ratio, rows in groupby(group, key=lambda line: line.target_ratio):
            kept = list(rows)
            parts.append(
                f"Target {percent(target_ratio)} %, {kept[0].seeds} seeds, {scenarios[name].hours:g} h each.\n"
            )
            parts.append(_markdown_table(HEADINGS, (cells(line) for line in kept)))
    return "\n".join(parts)


def _table(title: str, headings: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(headings[0])
    for heading in headings[1:]:
        table.add_column(heading, justify="right")
    return table


def _markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_markdown_row(headings), "|---|" + "---:|" * (len(headings) - 1)]
    return "\n".join([*lines, *(_markdown_row(row) for row in rows)]) + "\n"


def _markdown_row(row: Sequence[str]) -> str:
    first, *rest = row
    return "| " + " | ".join([f"**{first}**" if first == OURS else first, *rest]) + " |"
