"""Two dimensions of the book against each other as a heat map, with both margins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dialer.cli.charts import percent
from dialer.cli.lang import Lang
from dialer.cli.portfolio_heat import BLUES, REDS, Heat, heat_svg, scale_svg
from dialer.cli.portfolio_svg import Span, spans_svg
from dialer.cli.portfolio_words import dimension, interval, place
from dialer.portfolio.report import Cell, Dimension, PortfolioReport

_MOST: Final = 34
"""Rows or columns; more are left to the tables."""
_TOLD: Final = 0.25
"""Share of the combinations below which the single dimensions are shown instead. House rule."""
_ALL: Final = ("全部", "all")


def is_told(report: PortfolioReport, one: Dimension, other: Dimension) -> bool:
    """Whether enough combinations are large enough to be told of; of a small book hardly any is."""
    both = [cell for cell in report.cells if set(cell.where) == {one, other}]
    return sum(not cell.is_suppressed for cell in both) >= max(1, len(both) * _TOLD)


def rates_chart(report: PortfolioReport, lang: Lang, one: Dimension) -> str:
    """The rates of one dimension with their intervals, the worst first, beside that of the whole book."""
    cells = sorted(
        (cell for cell in report.cells if set(cell.where) == {one} and not cell.is_suppressed),
        key=lambda cell: -(cell.overdue_rate.ratio or 0.0),
    )
    spans = [
        Span(
            label=place(lang, cell.where),
            note=f"n={cell.accounts:,}",
            value=cell.overdue_rate.ratio,
            low=cell.overdue_rate.low,
            high=cell.overdue_rate.high,
            beside=None,
            tip=_tip(cell, lang, cell.where),
        )
        for cell in cells[:_MOST]
    ]
    if not spans:
        return '<div class="key">–</div>'
    return spans_svg(spans, report.standing.overdue_rate.ratio, dimension(lang, one), less_is_better=True)


def heat_chart(report: PortfolioReport, lang: Lang, down: Dimension, across: Dimension, *, days: bool = False) -> str:
    """Rates, or with `days` the repayment period, of every combination; the worst rows come first.

    Args:
        report: with its cells.
        lang: of the labels.
        down: what the rows are.
        across: what the columns are.
        days: the repayment period instead of the rate of being late.
    """
    cells = {frozenset(cell.where.items()): cell for cell in report.cells}
    rows, columns = _values(report, down, days=days), _values(report, across, days=days)
    if not rows or not columns:
        return '<div class="key">–</div>'
    told = {frozenset(one.where.items()) for one in report.anomalies}
    shown = [cell for cell in report.cells if set(cell.where) == {down, across} and _value(cell, days=days) is not None]
    values = sorted(value for cell in shown if (value := _value(cell, days=days)) is not None)
    low, high = (values[0], values[max(0, int(len(values) * 0.98) - 1)]) if values else (0.0, 1.0)
    drawn: dict[tuple[int, int], Heat] = {}
    for at, row in enumerate([*rows, None]):
        for place_across, column in enumerate([*columns, None]):
            where = {down: row, across: column}
            wanted = {one: word for one, word in where.items() if word is not None}
            cell = cells.get(frozenset(wanted.items()))
            if cell is not None and wanted:
                marked = frozenset(wanted.items()) in told and not days
                drawn[at, place_across] = _heat(cell, lang, low, high, days=days, is_marked=marked)
    labels = [word or lang.pick("未知", "unknown") for word in rows] + [lang.pick(*_ALL)]
    heads = [word or lang.pick("未知", "unknown") for word in columns] + [lang.pick(*_ALL)]
    width = max(52, min(88, 1000 // max(1, len(heads))) if len(heads) > 7 else 58)
    name = f"{dimension(lang, down)} × {dimension(lang, across)}"
    chart = heat_svg(labels, heads, drawn, name, stops=BLUES if days else REDS, cell=(width, 24), label=_label(labels))
    return chart + _scale(lang, low, high, days=days)


def _label(labels: list[str]) -> int:
    wide = max(sum(13 if ord(char) > 255 else 7 for char in label) for label in labels)
    return min(160, wide + 16)


def _scale(lang: Lang, low: float, high: float, *, days: bool) -> str:
    stops = BLUES if days else REDS
    texts = (f"{low:.0f}", f"{high:.0f}") if days else (percent(low), percent(high))
    note = lang.pick("· 少于 30 户不显示", "· fewer than 30 loans: not shown")
    frame = "" if days else lang.pick("；黑框：明显更差", "; framed: clearly worse")
    return f'<div class="key">{scale_svg(stops, *texts, lang.pick("色标", "colour scale"))} {note}{frame}</div>'


def _values(report: PortfolioReport, one: Dimension, *, days: bool) -> list[str]:
    """The values of a dimension, the worst first."""
    cells = [cell for cell in report.cells if set(cell.where) == {one}]
    largest = sorted(cells, key=lambda cell: -cell.accounts)[:_MOST]
    worst = sorted(largest, key=lambda cell: -(_value(cell, days=days) or -1.0))
    return [cell.where[one] for cell in worst]


def _value(cell: Cell, *, days: bool) -> float | None:
    return cell.days_to_pay if days else cell.overdue_rate.ratio


def _heat(cell: Cell, lang: Lang, low: float, high: float, *, days: bool, is_marked: bool) -> Heat:
    value = _value(cell, days=days)
    share = 0.0 if value is None or high <= low else (value - low) / (high - low)
    text = "" if value is None else f"{value:.1f}" if days else f"{value * 100:.0f}%"
    return Heat(text=text, share=share, tip=_tip(cell, lang, cell.where), is_hidden=value is None, is_marked=is_marked)


def _tip(cell: Cell, lang: Lang, where: Mapping[Dimension, str]) -> str:
    named = f"{place(lang, where)}: {lang.pick('户数', 'loans')} {cell.accounts:,}"
    if cell.is_suppressed:
        return named
    late = f"{lang.pick('逾期率', 'late')} {percent(cell.overdue_rate.ratio, 1)} ({interval(cell.overdue_rate)})"
    period = "" if cell.days_to_pay is None else f", {lang.pick('还款周期', 'days to pay')} {cell.days_to_pay:.1f}"
    return f"{named}, {late}{period}"
