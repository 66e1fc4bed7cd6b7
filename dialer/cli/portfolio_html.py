"""The portfolio as one HTML page: to be looked at first and read after; nothing is fetched, it prints, no names."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from html import escape
from typing import Final

from dialer.cli.charts import percent
from dialer.cli.lang import Lang
from dialer.cli.page import figure, heading, page, table
from dialer.cli.portfolio_charts import (
    agents_chart,
    buckets_chart,
    funnel_chart,
    hours_chart,
    kept_chart,
    recovery_chart,
    roll_chart,
    rolls_over_time,
    vintage_chart,
)
from dialer.cli.portfolio_notes import notes
from dialer.cli.portfolio_where import beside, said, where
from dialer.cli.portfolio_words import (
    headlines,
    interval,
    month,
    yuan,
)
from dialer.portfolio.report import PortfolioReport

_STYLE: Final = """
main { max-width: 1160px; } h1 { font-size: 27px; } h2 { font-size: 17px; margin: 34px 0 4px; }
h2 + .key { margin-bottom: 8px; } .lead { margin: 14px 0 0; padding: 0; list-style: none; font-size: 16px; }
.lead li { padding: 3px 0 3px 18px; position: relative; }
.lead li::before { content: ""; position: absolute; left: 0; top: 12px; width: 8px; height: 8px; border-radius: 50%;
  background: var(--red); }
.figures { grid-template-columns: repeat(5, 1fr); } .figure b { font-size: 24px; }
.two { gap: 40px; } text.onDark { fill: #fff; } .small { font-size: 11px; } .unsaid { fill: #eef0f3; }
.span { stroke: #8a95a5; stroke-width: 3; stroke-linecap: round; } .same { fill: var(--blue); }
.hollow { fill: #fff; stroke: #6a7483; stroke-width: 1.5; } svg.scale { display: inline-block; width: 300px; }
.found { display: grid; grid-template-columns: repeat(auto-fill, minmax(330px, 1fr)); gap: 12px; margin-top: 10px; }
.card { border: 1px solid var(--line); border-left: 4px solid var(--red); border-radius: 6px; padding: 10px 14px; }
.card b { font-size: 16px; } .card .much { float: right; font-size: 21px; font-weight: 700; color: var(--red); }
.card code { display: block; font-size: 11.5px; color: var(--muted); overflow-wrap: anywhere; margin-top: 4px; }
.compare { position: relative; height: 12px; margin: 7px 0 1px; background: #f1f3f6; border-radius: 3px; }
.compare i { position: absolute; left: 0; top: 0; bottom: 0; background: #e08a78; border-radius: 3px; }
.compare u { position: absolute; top: -2px; bottom: -2px; width: 2px; background: var(--ink); }
details { margin-top: 8px; } summary { cursor: pointer; color: var(--muted); font-size: 12.5px; }
.notes { font-size: 12.5px; color: var(--muted); columns: 2; column-gap: 40px; } .notes p { margin: 0 0 8px;
  break-inside: avoid; } .notes b { color: var(--ink); }
@media (max-width: 700px) { .notes { columns: 1; } .figures { grid-template-columns: repeat(2, 1fr); } }
.halo { paint-order: stroke; stroke: #fff; stroke-width: 4px; stroke-linejoin: round; } svg + svg { margin-top: 18px; }
@media print { .card, .found { break-inside: avoid; } details { display: none; } @page { size: A4 landscape; } }
"""


def render_portfolio_html(report: PortfolioReport, lang: Lang) -> str:
    """The page."""
    title = lang.pick("资产组合报告", "Portfolio report")
    body = "".join((*_top(report, lang, title), *where(report, lang), *_when(report, lang), *_people(report, lang)))
    return page(f"{title} · {report.today.isoformat()}", body + notes(lang), lang, _STYLE)


def _top(report: PortfolioReport, lang: Lang, title: str) -> Iterable[str]:
    when = report.today.isoformat()
    yield f'<h1>{escape(title)}</h1><div class="muted">{escape(lang.pick(f"截至 {when}", f"as of {when}"))}</div>'
    yield f'<ul class="lead">{"".join(f"<li>{escape(line)}</li>" for line in headlines(lang, report))}</ul>'
    yield _figures(report, lang)
    if report.standing.without_schedule:
        one = report.standing
        yield f'<div class="key">{escape(_without_schedule(one.without_schedule, one.listed, lang))}</div>'


def _without_schedule(count: int, listed: Decimal, lang: Lang) -> str:
    return lang.pick(
        f"另有名单账户 {count:,} 户（{yuan(lang, listed)}）没有还款计划，不计入以下逾期指标。",
        f"Another {count:,} accounts of lists ({yuan(lang, listed)}) have no schedule and are not counted below.",
    )


def _figures(report: PortfolioReport, lang: Lang) -> str:
    one, pick = report.standing, lang.pick
    people = pick(f"{one.debtors:,} 人", f"{one.debtors:,} people")
    late = pick(f"{one.overdue_rate.part:,} 户", f"{one.overdue_rate.part:,} loans")
    by_principal = pick("按本金", "of principal")
    tiles = [
        (pick("在贷", "on the book"), f"{one.accounts:,}", people),
        (pick("剩余本金", "outstanding"), yuan(lang, one.outstanding), pick("本金", "principal")),
        (pick("逾期率", "late"), percent(one.overdue_rate.ratio, 1), interval(one.overdue_rate)),
        (pick("逾期金额", "overdue"), yuan(lang, one.overdue), late),
        (
            pick("30 天以上", "30+ days"),
            percent(one.later_than_30.ratio, 1),
            f"{percent(one.later_than_30_balance_ratio, 1)} {by_principal}",
        ),
        (
            pick("90 天以上", "90+ days"),
            percent(one.later_than_90.ratio, 1),
            f"{percent(one.later_than_90_balance_ratio, 1)} {by_principal}",
        ),
        *_monthly_tiles(report, lang),
    ]
    return f'<div class="figures">{"".join(figure(*tile) for tile in tiles)}</div>'


def _monthly_tiles(report: PortfolioReport, lang: Lang) -> Iterable[tuple[str, str, str]]:
    pick = lang.pick
    if report.recovery:
        came = report.recovery[-1]
        yield pick("回收率", "recovered"), percent(came.ratio, 1), month(came.month)
    if report.promises:
        kept = (report.promises[-2:-1] or report.promises[-1:])[0]
        yield pick("承诺履约", "promises kept"), percent(kept.kept.ratio), month(kept.month)
    if report.reach.accounts:
        days = pick(f"近 {report.call_days} 天", f"last {report.call_days} days")
        yield pick("账户接通率", "loans reached"), percent(report.reach.accounts_answered.ratio), days
        yield pick("本人接通率", "right party"), percent(report.reach.accounts_right_party.ratio), days


def _when(report: PortfolioReport, lang: Lang) -> Iterable[str]:
    pick = lang.pick
    rows = said(
        pick(
            f"近 {report.moves_months} 个月合计；行为月末账龄，列为下一个月末。",
            f"Last {report.moves_months} months together; rows: at a month's end, columns: at the next.",
        )
    )
    yield beside(
        (
            pick("账龄迁徙（按期初本金）", "Where a bucket goes in a month (by principal)"),
            rows + roll_chart(report, lang),
        ),
        (pick("滚动率", "Roll rates"), rolls_over_time(report, lang)),
    )
    yield beside(
        (pick("账龄结构（占剩余本金）", "Late buckets (share of principal)"), buckets_chart(report, lang)),
        (pick("回收率（占期初逾期）", "Recovered (of the opening overdue)"), recovery_chart(report, lang)),
    )
    yield beside(
        (pick("放款批次：曾逾期 30 天以上", "Vintages: ever 30+ days"), vintage_chart(report, lang, 30)),
        (pick("放款批次：曾逾期 90 天以上", "Vintages: ever 90+ days"), vintage_chart(report, lang, 90)),
    )
    yield heading(pick("多久恢复正常", "How long until it is up to date again")) + _cures(report, lang)


def _cures(report: PortfolioReport, lang: Lang) -> str:
    pick = lang.pick
    days = list(report.cures[0].cured_by) if report.cures else []
    heads = (pick("产品", "Product"), pick("逾期次数", "Times late"), pick("中位天数", "Median days"),
             *(pick(f"{day} 天内", f"by {day} days") for day in days))  # fmt: skip
    rows = (
        (
            one.product or pick("全部", "all"),
            f"{one.spells:,}",
            "–" if one.median_days is None else str(one.median_days),
            *(percent(one.cured_by[day]) for day in days),
        )
        for one in report.cures
    )
    return table(heads, rows)


def _people(report: PortfolioReport, lang: Lang) -> Iterable[str]:
    pick = lang.pick
    days = pick(f"近 {report.call_days} 天", f"last {report.call_days} days")
    if not report.reach.attempts:
        yield heading(pick("联络", "Reaching people"))
        yield said(pick(f"{days}没有外呼。", f"No calls within the {days}."))
        return
    yield beside(
        (pick(f"从拨打到承诺（{days}）", f"From the dial to the promise ({days})"), funnel_chart(report, lang)),
        (pick("承诺履约", "Promises kept"), kept_chart(report, lang)),
    )
    yield heading(pick(f"最佳时段：每次拨打联系到本人的比例（{days}）", f"Best hours: right party per dial ({days})"))
    yield hours_chart(report, lang)
    yield heading(pick(f"坐席（{days}，案件结构已调整）", f"Agents ({days}, adjusted for their cases)"))
    yield said(
        pick(
            "实心点：调整后的承诺率（实得 ÷ 同类案件应得 × 全体）；空心点：未调整；横线：95% 区间；虚线：全体。",
            "Filled: adjusted for the cases (made over expected, times the rate of all); hollow: as it is; bar: 95 %; "
            "dashed: all.",
        )
    )
    yield agents_chart(report, lang)
