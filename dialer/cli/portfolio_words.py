"""The words of a portfolio report in Chinese and English: names of what is divided, of states, and a few sentences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from dialer.cli.charts import percent
from dialer.cli.lang import Lang
from dialer.portfolio.intervals import Rate
from dialer.portfolio.report import Anomaly, Dimension, PortfolioReport

DIMENSIONS: Final[Mapping[Dimension, tuple[str, str]]] = {
    Dimension.REGION: ("地区", "region"),
    Dimension.INDUSTRY: ("行业", "industry"),
    Dimension.PRODUCT: ("产品", "product"),
}
WEEKDAYS: Final = (
    *(("周一", "Mon"), ("周二", "Tue"), ("周三", "Wed"), ("周四", "Thu"), ("周五", "Fri")),
    *(("周六", "Sat"), ("周日", "Sun")),
)


def dimension(lang: Lang, one: Dimension) -> str:
    """What the book is divided by."""
    return lang.pick(*DIMENSIONS[one])


def state(lang: Lang, name: str) -> str:
    """A bucket's name, or `repaid`."""
    return lang.pick("结清", "repaid") if name == "repaid" else name


def place(lang: Lang, where: Mapping[Dimension, str]) -> str:
    """A cell, such as `河南 · 建筑业`."""
    return " · ".join(where[one] or lang.pick("未知", "unknown") for one in Dimension if one in where)


def weekday(lang: Lang, number: int) -> str:
    """1 is Monday."""
    return lang.pick(*WEEKDAYS[number - 1])


def month(day: date) -> str:
    """Such as `2026-03`."""
    return day.strftime("%Y-%m")


def yuan(lang: Lang, amount: Decimal | None) -> str:
    """Large amounts as they are spoken of: 1.25 亿, 6,371 万; ¥1.05bn, ¥63.7M; a dash when there is none."""
    if amount is None:
        return "–"
    value = float(amount)
    if lang is Lang.ZH:
        if value >= 1e8:
            return f"¥{value / 1e8:,.2f} 亿"
        return f"¥{value / 1e4:,.1f} 万" if value >= 1e4 else f"¥{value:,.0f}"
    if value >= 1e9:
        return f"¥{value / 1e9:,.2f}bn"
    return f"¥{value / 1e6:,.2f}M" if value >= 1e6 else f"¥{value:,.0f}"


def interval(one: Rate) -> str:
    """Its 95 % interval."""
    return "–" if one.ratio is None else f"{one.low * 100:.1f}–{one.high * 100:.1f}%"


def times(anomaly: Anomaly) -> str:
    """How much worse than the rest."""
    return "∞" if anomaly.times == float("inf") else f"{anomaly.times:.1f}×"


def anomaly_sentence(lang: Lang, one: Anomaly) -> str:
    """One anomaly."""
    where, here, rest = place(lang, one.where), percent(one.overdue_rate.ratio, 1), percent(one.rest_ratio, 1)
    return lang.pick(
        f"{where}：逾期率 {here}，其余 {rest}（{times(one)}），{one.overdue_rate.whole:,} 户，"
        f"多出约 {one.excess:,.0f} 户逾期",
        f"{where}: {here} late against {rest} elsewhere ({times(one)}), {one.overdue_rate.whole:,} accounts, "
        f"about {one.excess:,.0f} late ones too many",
    )


def false_alarm(one: Anomaly) -> str:
    """The chance of a false alarm, as people read it."""
    return "< 0.1%" if one.false_alarm < 0.001 else percent(one.false_alarm, 1)


def cell_option(where: Mapping[Dimension, str]) -> str:
    """What to say to `--cell`."""
    return ",".join(f"{one}={where[one]}" for one in Dimension if one in where)


def headlines(lang: Lang, report: PortfolioReport) -> list[str]:
    """What somebody should know who reads no further."""
    told = [_overdue_headline(lang, report), _roll_headline(lang, report), _promise_headline(lang, report)]
    if report.anomalies:
        told.insert(1, _anomaly_headline(lang, report))
    return [line for line in told if line]


def _overdue_headline(lang: Lang, report: PortfolioReport) -> str:
    one = report.standing
    if one.overdue_rate.ratio is None:
        return lang.pick("还没有带还款计划的贷款。", "No loan with a schedule is known yet.")
    return lang.pick(
        f"在贷 {one.accounts:,} 户中 {percent(one.overdue_rate.ratio, 1)} 逾期，"
        f"按本金计 90 天以上占 {percent(one.later_than_90_balance_ratio, 1)}。",
        f"{percent(one.overdue_rate.ratio, 1)} of {one.accounts:,} loans are late; by principal "
        f"{percent(one.later_than_90_balance_ratio, 1)} is more than 90 days past due.",
    )


def _anomaly_headline(lang: Lang, report: PortfolioReport) -> str:
    first = report.anomalies[0]
    count = len(report.anomalies)
    if count == 1:
        return lang.pick(
            f"{place(lang, first.where)}明显偏高：逾期率为其余的 {times(first)}。",
            f"{place(lang, first.where)} is clearly worse than the rest ({times(first)} the rest's rate).",
        )
    return lang.pick(
        f"{count} 处明显偏高，最突出的是{place(lang, first.where)}（逾期率为其余的 {times(first)}）。",
        f"{count} parts are clearly worse than the rest, first of all {place(lang, first.where)} "
        f"({times(first)} the rest's rate).",
    )


def _roll_headline(lang: Lang, report: PortfolioReport) -> str:
    rates = [one.ratio for one in report.roll_rates if one.before == "M1" and one.ratio is not None]
    if len(rates) < 4:
        return ""
    now, before = sum(rates[-3:]) / 3, sum(rates[-6:-3]) / len(rates[-6:-3])
    risen = now > before
    return lang.pick(
        f"M1→M2 滚动率近三个月平均 {percent(now, 1)}，此前三个月 {percent(before, 1)}，{'上升' if risen else '下降'}。",
        f"M1 to M2 rolled at {percent(now, 1)} on average over the last three months, "
        f"{'up' if risen else 'down'} from {percent(before, 1)} in the three before.",
    )


def _promise_headline(lang: Lang, report: PortfolioReport) -> str:
    last = report.promises[-2:-1] or report.promises[-1:]
    if not last or not report.recovery:
        return ""
    kept, came = last[0].kept, report.recovery[-1]
    return lang.pick(
        f"{month(last[0].month)} 到期的承诺 {percent(kept.ratio)} 按时履约；"
        f"{month(came.month)} 收回期初逾期的 {percent(came.ratio, 1)}。",
        f"{percent(kept.ratio)} of the promises due in {month(last[0].month)} were kept; "
        f"{percent(came.ratio, 1)} of the opening overdue came in within {month(came.month)}.",
    )
