"""Which figures of a portfolio report become which chart."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from dialer.cli.charts import percent
from dialer.cli.lang import Lang
from dialer.cli.page import key
from dialer.cli.portfolio_heat import BLUES, GREENS, GREYS, REDS, Heat, colour, heat_svg, scale_svg
from dialer.cli.portfolio_svg import BUCKET_COLOURS, LINES, Curve, Span, curves_svg, funnel_svg, spans_svg, stacked_svg
from dialer.cli.portfolio_words import interval, month, state, weekday
from dialer.portfolio.intervals import Rate
from dialer.portfolio.report import AgentLine, PortfolioReport

_BUCKETS: Final = ("M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7")
_AFTER: Final = (*_BUCKETS, "repaid")
_NOTHING: Final = '<div class="key">–</div>'


def roll_chart(report: PortfolioReport, lang: Lang) -> str:
    """The matrix of moves: worse in red, better in green, the same in grey."""
    cells = {}
    for move in report.moves:
        row, column = _BUCKETS.index(move.before), _AFTER.index(move.after)
        stops = GREENS if column < row or move.after == "repaid" else GREYS if column == row else REDS
        tip = f"{state(lang, move.before)} → {state(lang, move.after)}: {move.ratio * 100:.1f}%, {move.accounts:,}"
        text = f"{move.ratio * 100:.0f}%" if move.ratio >= 0.005 else ""
        cells[row, column] = Heat(text=text, share=move.ratio * 0.9, tip=tip, stops=stops)
    labels = [state(lang, name) for name in _AFTER]
    chart = heat_svg(
        _BUCKETS, labels, cells, lang.pick("账龄迁徙矩阵", "matrix of moves"), label=40, cell=(53, 29),
        axes=(lang.pick("从", "from"), ""),
    )  # fmt: skip
    return chart + key(
        ("--red", lang.pick("变差", "worse")), ("--green", lang.pick("好转或结清", "better or repaid")),
        ("--muted", lang.pick("不变", "the same")),
    )  # fmt: skip


def rolls_over_time(report: PortfolioReport, lang: Lang) -> str:
    """The first roll rates, month by month."""
    months = sorted({one.on for one in report.roll_rates})
    curves = []
    for at, before in enumerate(("M1", "M2", "M3", "M0")):
        line = [one for one in report.roll_rates if one.before == before and one.ratio is not None]
        points = [(float(months.index(one.on)), one.ratio or 0.0) for one in line]
        if points:
            curves.append(Curve(label=f"{before}→{line[0].after}", points=points, colour=LINES[at]))
    if not curves:
        return _NOTHING
    every = max(1, len(months) // 6)
    ticks = [(float(at), month(months[at])) for at in range(len(months) - 1, -1, -every)]
    return curves_svg(curves, ticks, lang.pick("滚动率", "roll rates"), size=(520, 285), top=1.0)


def buckets_chart(report: PortfolioReport, lang: Lang) -> str:
    """Late buckets as shares of all principal, at each month's end and today."""
    days = sorted({line.on for line in report.buckets})
    balance = {(line.on, line.bucket): float(line.outstanding) for line in report.buckets}
    totals = {day: sum(balance.get((day, name), 0.0) for name in _BUCKETS) or 1.0 for day in days}
    layers = [
        (name, fill, [balance.get((day, name), 0.0) / totals[day] for day in days])
        for name, fill in reversed(list(zip(_BUCKETS[1:], BUCKET_COLOURS, strict=True)))
    ]
    if not days:
        return _NOTHING
    times = [month(day) for day in days[:-1]] + [lang.pick("今天", "today")]
    chart = stacked_svg(times, layers, lang.pick("账龄结构", "late buckets"))
    boxes = "".join(
        f'<i style="background:{fill}"></i>{name}' for name, fill in zip(_BUCKETS[1:], BUCKET_COLOURS, strict=True)
    )
    return f'{chart}<div class="key">{boxes}</div>'


def recovery_chart(report: PortfolioReport, lang: Lang) -> str:
    """What came of each month's opening overdue."""
    if not report.recovery:
        return _NOTHING
    values = [one.ratio or 0.0 for one in report.recovery]
    layers = [(lang.pick("回收", "recovered"), "#1e8e5a", values)]
    return stacked_svg([month(one.month) for one in report.recovery], layers, lang.pick("回收率", "recovered"))


def vintage_chart(report: PortfolioReport, lang: Lang, days: int) -> str:
    """A curve for each month of paying out, the newest darkest."""
    cohorts = [(day, list(points)) for day, points in groupby(report.vintages, key=lambda one: one.month)]
    cohorts = [(day, points) for day, points in cohorts if len(points) > 1]
    if not cohorts:
        return _NOTHING
    curves = []
    for at, (day, points) in enumerate(cohorts):
        share = 0.3 + 0.7 * at / max(1, len(cohorts) - 1)
        line = [(float(one.months_on_book), one.ever_30 if days == 30 else one.ever_90) for one in points]
        named = at % 3 == (len(cohorts) - 1) % 3
        curves.append(
            Curve(label=month(day) if named else "", points=line, colour=colour(BLUES, share), width=1.4 + share)
        )
    longest = max(one.months_on_book for one in report.vintages)
    ticks = [(float(at), str(at)) for at in range(0, longest + 1, 3)]
    name = lang.pick(f"曾逾期 {days} 天以上，按放款月和账龄月数", f"ever {days}+ days, by month and months on the book")
    note = lang.pick("横轴：放款后月数；颜色越深批次越新", "across: months on the book; the darker, the newer")
    return curves_svg(curves, ticks, name, size=(520, 285)) + f'<div class="key">{note}</div>'


def funnel_chart(report: PortfolioReport, lang: Lang) -> str:
    """Attempts to promises, and accounts to promises."""
    one, pick = report.reach, lang.pick
    steps = [
        (pick("拨打", "dials"), one.attempts, ""),
        (pick("真人接听", "a person"), one.answered.part, percent(one.answered.ratio, 1)),
        (pick("本人", "right party"), one.right_party.part, percent(one.right_party.ratio, 1)),
        (pick("承诺", "promise"), one.promised.part, percent(one.promised.ratio, 1)),
    ]
    accounts = [
        (pick("触及账户", "loans dialled"), one.accounts, ""),
        (pick("接通账户", "reached"), one.accounts_answered.part, percent(one.accounts_answered.ratio, 1)),
        (pick("联系到本人", "right party"), one.accounts_right_party.part, percent(one.accounts_right_party.ratio, 1)),
        (pick("承诺账户", "promised"), one.accounts_promised, _of(one.accounts_promised, one.accounts)),
    ]
    return funnel_svg(steps, pick("拨打漏斗", "funnel of dials"), "#2f6fde") + funnel_svg(
        accounts, pick("账户漏斗", "funnel of loans"), "#1e8e5a"
    )


def _of(part: int, whole: int) -> str:
    return percent(part / whole if whole else None, 1)


def kept_chart(report: PortfolioReport, lang: Lang) -> str:
    """Promises by the month in which they fell due."""
    if not report.promises:
        return _NOTHING
    lines = report.promises[-13:]
    kept = [one.kept.ratio or 0.0 for one in lines]
    partly = [one.partly_kept / one.kept.whole for one in lines]
    broken = [one.broken / one.kept.whole for one in lines]
    names = (lang.pick("履约", "kept"), lang.pick("部分", "partly"), lang.pick("违约", "broken"))
    colours = ("#1e8e5a", "#e0b04a", "#e3b5b0")
    layers = list(zip(names, colours, (kept, partly, broken), strict=True))
    chart = stacked_svg(
        [month(one.month) for one in lines], layers, lang.pick("承诺履约", "promises kept"), size=(520, 290)
    )
    boxes = "".join(f'<i style="background:{fill}"></i>{name}' for name, fill in zip(names, colours, strict=True))
    last = lines[-1]
    said = lang.pick(
        f"{month(last.month)}：{last.kept.part:,} / {last.kept.whole:,}，按金额 {percent(last.kept_amount_ratio)}",
        f"{month(last.month)}: {last.kept.part:,} of {last.kept.whole:,}, by amount {percent(last.kept_amount_ratio)}",
    )
    return f'{chart}<div class="key">{boxes}</div><div class="key">{said}</div>'


def hours_chart(report: PortfolioReport, lang: Lang) -> str:
    """Right party per dial, by day of the week and hour."""
    hours = sorted({one.hour for one in report.hours})
    told = [one.right_party.ratio for one in report.hours if one.right_party.ratio is not None]
    if not told:
        return _NOTHING
    low, high = min(told), max(told)
    cells = {}
    for one in report.hours:
        ratio = one.right_party.ratio
        where = f"{weekday(lang, one.weekday)} {one.hour:02d}:00"
        dials = f"{one.right_party.whole:,} {lang.pick('次', 'dials')}"
        tip = f"{where}: {dials}, {percent(ratio, 1)} ({interval(one.right_party)})"
        share = 0.0 if ratio is None or high <= low else (ratio - low) / (high - low)
        cells[one.weekday - 1, hours.index(one.hour)] = Heat(
            text=percent(ratio), share=share, tip=tip, is_hidden=ratio is None, is_marked=ratio == high
        )
    rows = [weekday(lang, number) for number in range(1, 8)]
    width = max(44, min(80, 1000 // len(hours)))
    name = lang.pick("最佳时段", "best hours")
    chart = heat_svg(rows, [f"{hour}" for hour in hours], cells, name, stops=BLUES, label=54, cell=(width, 28))
    scale = scale_svg(BLUES, percent(low), percent(high), lang.pick("色标", "colour scale"))
    note = lang.pick("黑框：最佳；· 少于 30 次不显示", "framed: the best; · fewer than 30 dials: not shown")
    return f'{chart}<div class="key">{scale} {note}</div>'


def agents_chart(report: PortfolioReport, lang: Lang) -> str:
    """Adjusted promise rates beside plain ones, and the same of what was kept."""
    if not report.agents:
        return _NOTHING
    overall = report.reach.promised.ratio
    judged = sum(one.judged for one in report.agents)
    kept = sum(one.kept.part for one in report.agents if one.kept.ratio is not None)
    said = sum(one.kept.whole for one in report.agents if one.kept.ratio is not None)
    promised = [_promised(one, lang) for one in report.agents]
    parts = [
        f"<div><b>{lang.pick('每次联系到本人得到承诺', 'Promise per right-party contact')}</b>"
        + spans_svg(promised, overall, lang.pick("坐席承诺率", "agents' promise rates")) + "</div>"
    ]  # fmt: skip
    if judged:
        spans = [_kept(one, lang) for one in report.agents]
        middle = kept / said if said else None
        parts.append(
            f"<div><b>{lang.pick('承诺得到履行', 'Promises that were kept')}</b>"
            + spans_svg(spans, middle, lang.pick("坐席履约率", "agents' kept rates")) + "</div>"
        )  # fmt: skip
    return f'<div class="two">{"".join(parts)}</div>'


def _promised(one: AgentLine, lang: Lang) -> Span:
    return _span(
        one.agent, one.promised, (one.adjusted_promise_ratio, one.adjusted_low, one.adjusted_high),
        one.expected_promises, lang,
    )  # fmt: skip


def _kept(one: AgentLine, lang: Lang) -> Span:
    adjusted = (one.adjusted_kept_ratio, one.adjusted_kept_low, one.adjusted_kept_high)
    return _span(one.agent, one.kept, adjusted, one.expected_kept, lang)


def _span(
    agent: str, plain: Rate, adjusted: tuple[float | None, float | None, float | None], expected: float, lang: Lang
) -> Span:
    value, low, high = adjusted
    tip = (
        f"{agent}: {percent(value, 1)} ({percent(low, 1)}–{percent(high, 1)}), {lang.pick('未调整', 'plain')} "
        f"{percent(plain.ratio, 1)}, {plain.part:,} / {plain.whole:,}, {lang.pick('应得', 'expected')} {expected:,.1f}"
    )
    note = f"n={plain.whole:,}"
    return Span(label=agent, note=note, value=value, low=low or 0.0, high=high or 0.0, beside=plain.ratio, tip=tip)
