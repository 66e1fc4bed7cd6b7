"""Where the book is late, as sections of its page: parts that are clearly worse, maps, and the figures behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from dialer.cli.charts import percent
from dialer.cli.lang import Lang
from dialer.cli.page import heading, table
from dialer.cli.portfolio_matrix import heat_chart, is_told, rates_chart
from dialer.cli.portfolio_words import (
    anomaly_sentence,
    cell_option,
    dimension,
    false_alarm,
    interval,
    place,
    times,
    yuan,
)
from dialer.portfolio.report import Anomaly, Cell, Dimension, PortfolioReport

_SHOWN_ANOMALIES: Final = 6
_MUCH_WORSE: Final = 1.25
"""Times the rest's rate from which a part has a card. House rule."""


def where(report: PortfolioReport, lang: Lang) -> Iterable[str]:
    """The sections, as HTML."""
    pick = lang.pick
    yield heading(pick("哪里明显更差", "Where it is clearly worse"))
    yield said(_anomaly_note(report, lang))
    if report.anomalies:
        yield f'<div class="found">{"".join(_card(one, lang) for one in _cards(report))}</div>'
        yield details(
            pick(f"全部 {len(report.anomalies)} 处", f"All {len(report.anomalies)}"), _anomaly_rows(report, lang)
        )
    yield from _maps(report, lang)
    yield details(pick("按地区、行业、产品的数字", "Figures by region, industry and product"), _cell_rows(report, lang))


def _maps(report: PortfolioReport, lang: Lang) -> Iterable[str]:
    """Two dimensions against each other where the book is large enough, else each for itself."""
    pick = lang.pick
    if is_told(report, Dimension.REGION, Dimension.INDUSTRY):
        yield heading(pick("逾期率：地区 × 行业", "Late: region by industry"))
        yield heat_chart(report, lang, Dimension.REGION, Dimension.INDUSTRY)
    else:
        yield beside(
            (pick("逾期率：地区", "Late by region"), rates_chart(report, lang, Dimension.REGION)),
            (pick("逾期率：行业", "Late by industry"), rates_chart(report, lang, Dimension.INDUSTRY)),
        )
    if is_told(report, Dimension.INDUSTRY, Dimension.PRODUCT):
        yield beside(
            (
                pick("逾期率：行业 × 产品", "Late: industry by product"),
                heat_chart(report, lang, Dimension.INDUSTRY, Dimension.PRODUCT),
            ),
            (
                pick("还款周期（到期至还清的平均天数）", "Repayment period (mean days from due to paid)"),
                heat_chart(report, lang, Dimension.INDUSTRY, Dimension.PRODUCT, days=True),
            ),
        )
    else:
        yield heading(pick("逾期率：产品", "Late by product")) + rates_chart(report, lang, Dimension.PRODUCT)


def _anomaly_note(report: PortfolioReport, lang: Lang) -> str:
    if not report.anomalies:
        return lang.pick(
            f"检视 {report.tested:,} 个单元，没有一个超出偶然。",
            f"None of {report.tested:,} parts is worse than chance explains.",
        )
    return lang.pick(
        f"检视 {report.tested:,} 个单元；若处处相同，误报哪怕一处的概率不超过 5%（Holm 校正）。",
        f"{report.tested:,} parts were looked at; if all were alike, the chance of even one false alarm would be at "
        "most 5 % (Holm).",
    )


def _cards(report: PortfolioReport) -> list[Anomaly]:
    """The most telling that are much worse; when none is, the most telling."""
    much = [one for one in report.anomalies if one.times >= _MUCH_WORSE]
    return (much or list(report.anomalies))[:_SHOWN_ANOMALIES]


def _card(one: Anomaly, lang: Lang) -> str:
    here, rest, pick = one.overdue_rate.ratio or 0.0, one.rest_ratio, lang.pick
    scale = max(here, rest) * 1.1 or 1.0
    rates = pick(
        f"逾期率 {percent(here, 1)}，其余 {percent(rest, 1)}", f"{percent(here, 1)} late, elsewhere {percent(rest, 1)}"
    )
    count = pick(f"{one.overdue_rate.whole:,} 户", f"{one.overdue_rate.whole:,} loans")
    excess = pick(f"多约 {one.excess:,.0f} 户", f"about {one.excess:,.0f} too many")
    chance = pick(f"误报概率 {false_alarm(one)}", f"false alarm {false_alarm(one)}")
    bar = (
        f'<div class="compare" role="img" aria-label="{escape(anomaly_sentence(lang, one))}">'
        f'<i style="width:{here / scale * 100:.1f}%"></i><u style="left:{rest / scale * 100:.1f}%"></u></div>'
    )
    told = f"{rates} · {count}{pick('，', ', ')}{excess} · {yuan(lang, one.overdue)} · {chance}"
    return (
        f'<div class="card"><span class="much">{times(one)}</span><b>{escape(place(lang, one.where))}</b>{bar}'
        f'<div class="key">{escape(told)}</div><code>--cell {escape(cell_option(one.where))}</code></div>'
    )


def _anomaly_rows(report: PortfolioReport, lang: Lang) -> str:
    pick = lang.pick
    heads = (pick("单元", "Part"), pick("户数", "Loans"), pick("逾期率", "Late"), "95%", pick("其余", "Elsewhere"),
             pick("倍数", "Times"), pick("多出", "Too many"), pick("误报概率", "False alarm"))  # fmt: skip
    rows = (
        (
            *(place(lang, one.where), f"{one.overdue_rate.whole:,}", percent(one.overdue_rate.ratio, 1)),
            *(interval(one.overdue_rate), percent(one.rest_ratio, 1), times(one), f"{one.excess:,.0f}"),
            false_alarm(one),
        )
        for one in report.anomalies
    )
    return table(heads, rows)


def _cell_rows(report: PortfolioReport, lang: Lang) -> str:
    pick = lang.pick
    heads = ("", pick("户数", "Loans"), pick("逾期率", "Late"), "95%", pick("30 天以上", "30+ days"), "95%",
             pick("剩余本金", "Outstanding"), pick("还款周期", "Days to pay"), pick("回收率", "Recovered"))  # fmt: skip
    return "".join(
        f"<h2>{escape(dimension(lang, one))}</h2>"
        + table(heads, (_cell_row(cell, lang) for cell in _worst_first(report.cells, one)))
        for one in Dimension
    )


def _worst_first(cells: Sequence[Cell], one: Dimension) -> list[Cell]:
    return sorted(
        (cell for cell in cells if set(cell.where) == {one}), key=lambda cell: -(cell.overdue_rate.ratio or 0)
    )


def _cell_row(cell: Cell, lang: Lang) -> Sequence[str]:
    return (
        place(lang, cell.where), f"{cell.accounts:,}", percent(cell.overdue_rate.ratio, 1), interval(cell.overdue_rate),
        percent(cell.later_than_30.ratio, 1), interval(cell.later_than_30), yuan(lang, cell.outstanding),
        "–" if cell.days_to_pay is None else f"{cell.days_to_pay:.1f}", percent(cell.recovery_ratio, 1),
    )  # fmt: skip


def beside(*halves: tuple[str, str]) -> str:
    """Charts with their headings side by side."""
    drawn = "".join(f"<div>{heading(title)}{chart}</div>" for title, chart in halves)
    return f'<div class="two">{drawn}</div>'


def said(text: str) -> str:
    """A line under a heading."""
    return f'<div class="key">{escape(text)}</div>'


def details(summary: str, inside: str) -> str:
    """What is shown when it is asked for."""
    return f'<details><summary>{escape(summary)}</summary><div class="wide">{inside}</div></details>'
