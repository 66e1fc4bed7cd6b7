"""A portfolio report on a terminal: what matters, and where to look further."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from dialer.cli.charts import bar, percent
from dialer.cli.lang import Lang
from dialer.cli.portfolio_words import (
    anomaly_sentence,
    dimension,
    false_alarm,
    headlines,
    interval,
    month,
    place,
    state,
    yuan,
)
from dialer.portfolio.report import Cell, Dimension, PortfolioReport

_WIDE = 100
_SHOWN = 8
"""Rows of a section; all of them are in --html, --csv, --xlsx and --json."""


def render_portfolio(report: PortfolioReport, lang: Lang, width: int) -> RenderableType:
    """The whole report, as wide as the terminal."""
    pick = lang.pick
    parts: list[RenderableType] = [
        Rule(
            Text.assemble((pick("资产组合", "Portfolio"), "bold"), (f"  {report.today.isoformat()}", "bright_black")),
            align="left",
            style="bright_black",
        )
    ]
    parts += [Text(f" • {line}") for line in headlines(lang, report)]
    if report.standing.without_schedule:
        text = pick(
            f" • 另有 {report.standing.without_schedule:,} 户没有还款计划，不计入。",
            f" • Another {report.standing.without_schedule:,} accounts have no schedule and are not counted.",
        )
        parts.append(Text(text, "bright_black"))
    parts += [Text(), _anomalies(report, lang), Text(), _moves(report, lang)]
    for one in Dimension:
        parts += [Text(), _cells(report, lang, one, width)]
    if report.recovery or report.promises:
        parts += [Text(), _months(report, lang)]
    if report.agents:
        parts += [Text(), _agents(report, lang)]
    return Group(*parts)


def _table(title: str, heads: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for number, head in enumerate(heads):
        table.add_column(head, justify="left" if number == 0 else "right", header_style="bright_black", no_wrap=True)
    return table


def _anomalies(report: PortfolioReport, lang: Lang) -> RenderableType:
    if not report.anomalies:
        said = lang.pick(
            f" 检视 {report.tested:,} 个单元，没有一个超出偶然。",
            f" None of {report.tested:,} parts is worse than chance explains.",
        )
        return Text(said, "green")
    lines = [
        Text.assemble(
            (" ▲ ", "red"),
            anomaly_sentence(lang, one),
            (f"  {lang.pick('误报', 'false alarm')} {false_alarm(one)}", "bright_black"),
        )
        for one in report.anomalies[:_SHOWN]
    ]
    return Group(Text(lang.pick("明显更差", "Clearly worse"), "bold"), *lines)


def _moves(report: PortfolioReport, lang: Lang) -> RenderableType:
    names = ["M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7"]
    after = [*names, "repaid"]
    title = lang.pick(
        f"账龄迁徙，近 {report.moves_months} 个月，按本金",
        f"Moves in a month, last {report.moves_months}, by principal",
    )
    table = _table(title, ["", *(state(lang, name) for name in after)])
    ratio = {(one.before, one.after): one.ratio for one in report.moves}
    for at, name in enumerate(names):
        cells = [Text(name)]
        for place_after, other in enumerate(after):
            value = ratio.get((name, other))
            better = place_after < at or other == "repaid"
            style = "green" if better else "bright_black" if place_after == at else "red"
            cells.append(Text("" if value is None or value < 0.005 else percent(value), style))
        table.add_row(*cells)
    return table


def _cells(report: PortfolioReport, lang: Lang, one: Dimension, width: int) -> RenderableType:
    pick, named = lang.pick, dimension(lang, one)
    heads = [named, pick("户数", "loans"), pick("逾期率", "late"), "95%", pick("剩余本金", "outstanding"),
             pick("还款周期", "days to pay"), pick("回收率", "recovered")]  # fmt: skip
    if width >= _WIDE:
        heads.append("")
    table = _table(pick(f"按{named}，逾期率从高到低", f"By {named}, the worst first"), heads)
    cells = [cell for cell in report.cells if set(cell.where) == {one}]
    highest = max((cell.overdue_rate.ratio or 0.0 for cell in cells), default=0.0) or 1.0
    for cell in sorted(cells, key=lambda cell: -(cell.overdue_rate.ratio or 0.0))[:_SHOWN]:
        table.add_row(*_cell(cell, lang, highest)[: len(heads)])
    return table


def _cell(cell: Cell, lang: Lang, highest: float) -> tuple[Text, ...]:
    ratio = cell.overdue_rate.ratio
    return (
        Text(place(lang, cell.where)),
        Text(f"{cell.accounts:,}"),
        Text(percent(ratio, 1), "bold"),
        Text(interval(cell.overdue_rate), "bright_black"),
        Text(yuan(lang, cell.outstanding)),
        Text("–" if cell.days_to_pay is None else f"{cell.days_to_pay:.1f}"),
        Text(percent(cell.recovery_ratio, 1)),
        Text(bar((ratio or 0.0) / highest, 12), "red"),
    )


def _months(report: PortfolioReport, lang: Lang) -> RenderableType:
    pick = lang.pick
    heads = [
        "",
        pick("回收率", "recovered"),
        pick("承诺履约", "promises kept"),
        pick("接听", "answered"),
        pick("本人", "right party"),
    ]
    table = _table(pick("逐月", "Month by month"), heads)
    came = {one.month: one.ratio for one in report.recovery}
    kept = {one.month: one.kept.ratio for one in report.promises}
    reach = {one.month: one for one in report.reach_by_month if one.month is not None}
    for day in sorted(came.keys() | kept.keys() | reach.keys())[-6:]:
        one = reach.get(day)
        table.add_row(
            month(day),
            percent(came.get(day), 1),
            percent(kept.get(day), 1),
            percent(None if one is None else one.answered.ratio, 1),
            percent(None if one is None else one.right_party.ratio, 1),
        )
    return table


def _agents(report: PortfolioReport, lang: Lang) -> RenderableType:
    pick = lang.pick
    heads = [pick("坐席", "agent"), pick("联系到本人", "right party"), pick("承诺率", "promised"),
             pick("按案件调整", "adjusted"), "95%", pick("履约率", "kept"), pick("按案件调整", "adjusted")]  # fmt: skip
    title = pick(f"坐席，近 {report.call_days} 天", f"Agents, last {report.call_days} days")
    table = _table(title, heads)
    for one in report.agents:
        span = (
            "–" if one.adjusted_low is None else f"{one.adjusted_low * 100:.0f}–{(one.adjusted_high or 0) * 100:.0f}%"
        )
        table.add_row(
            one.agent,
            f"{one.conversations:,}",
            percent(one.promised.ratio, 1),
            Text(percent(one.adjusted_promise_ratio, 1), "bold"),
            Text(span, "bright_black"),
            percent(one.kept.ratio, 1),
            Text(percent(one.adjusted_kept_ratio, 1), "bold"),
        )
    return table
