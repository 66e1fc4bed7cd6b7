"""A portfolio report as tables for other programs: one of each section, with headers in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from dialer.cli.exports import write_csv
from dialer.cli.lang import Lang
from dialer.cli.portfolio_words import DIMENSIONS, state
from dialer.portfolio.intervals import Rate
from dialer.portfolio.report import AgentLine, Cell, Dimension, PortfolioReport, Reach

Value = str | int | float | Decimal | None
Row = Mapping[str, Value]
_EACH: Final[Mapping[str, tuple[str, str]]] = {
    "cells": ("单元", "cells"),
    "anomalies": ("异常", "anomalies"),
    "buckets": ("账龄结构", "buckets"),
    "moves": ("账龄迁徙", "moves"),
    "roll_rates": ("滚动率", "roll rates"),
    "vintages": ("放款批次", "vintages"),
    "recovery": ("回收", "recovery"),
    "cures": ("恢复正常", "cures"),
    "promises": ("承诺", "promises"),
    "reach": ("联络", "reach"),
    "hours": ("时段", "hours"),
    "agents": ("坐席", "agents"),
}


def tables_of(report: PortfolioReport, lang: Lang) -> dict[str, list[Row]]:
    """Rows of every section by its name, which is the name of its CSV file."""
    makers: Mapping[str, Callable[[PortfolioReport, Lang], Iterable[Row]]] = {
        "cells": _cells,
        "anomalies": _anomalies,
        "buckets": _buckets,
        "moves": _moves,
        "roll_rates": _roll_rates,
        "vintages": _vintages,
        "recovery": _recovery,
        "cures": _cures,
        "promises": _promises,
        "reach": _reach,
        "hours": _hours,
        "agents": _agents,
    }
    return {name: list(make(report, lang)) for name, make in makers.items()}


def write_csv_folder(report: PortfolioReport, lang: Lang, folder: Path) -> list[Path]:
    """Write a CSV file for each section that has rows; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, rows in tables_of(report, lang).items():
        if rows:
            path = folder / f"{name}.csv"
            write_csv(path, iter(rows))
            written.append(path)
    return written


def write_workbook(report: PortfolioReport, lang: Lang, path: Path) -> None:
    """Write a worksheet for each section that has rows: numbers as numbers, texts never as formulas."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    for name, rows in tables_of(report, lang).items():
        if not rows:
            continue
        sheet = book.create_sheet(lang.pick(*_EACH[name]))
        sheet.freeze_panes = "A2"
        sheet.append(list(rows[0]))
        for row in rows:
            cells = []
            for value in row.values():
                cell = WriteOnlyCell(sheet, value=float(value) if isinstance(value, Decimal) else value)
                if isinstance(value, str):
                    cell.data_type = "s"
                cells.append(cell)
            sheet.append(cells)
    book.save(path)


def _rate(lang: Lang, zh: str, en: str, one: Rate) -> dict[str, Value]:
    known = one.ratio is not None
    return {
        lang.pick(f"{zh}率", f"{en}_ratio"): one.ratio,
        lang.pick(f"{zh}率下限", f"{en}_low"): one.low if known else None,
        lang.pick(f"{zh}率上限", f"{en}_high"): one.high if known else None,
        lang.pick(f"{zh}数", f"{en}_count"): one.part if known else None,
    }


def _where(lang: Lang, where: Mapping[Dimension, str]) -> dict[str, Value]:
    return {lang.pick(*DIMENSIONS[one]): where.get(one, "") for one in Dimension}


def _cells(report: PortfolioReport, lang: Lang) -> Iterable[Row]:
    return (_cell(cell, lang) for cell in report.cells)


def _cell(cell: Cell, lang: Lang) -> Row:
    pick = lang.pick
    return {
        **_where(lang, cell.where),
        pick("户数", "loans"): cell.accounts,
        pick("少于 30 户", "suppressed"): int(cell.is_suppressed),
        **_rate(lang, "逾期", "late", cell.overdue_rate),
        **_rate(lang, "逾期30天以上", "later_than_30", cell.later_than_30),
        pick("剩余本金", "outstanding"): cell.outstanding,
        pick("逾期金额", "overdue"): cell.overdue,
        pick("还款周期天", "days_to_pay"): cell.days_to_pay,
        pick("回收率", "recovery_ratio"): cell.recovery_ratio,
    }


def _anomalies(report: PortfolioReport, lang: Lang) -> Iterable[Row]:
    pick = lang.pick
    return (
        {
            **_where(lang, one.where),
            pick("户数", "loans"): one.overdue_rate.whole,
            **_rate(lang, "逾期", "late", one.overdue_rate),
            pick("其余逾期率", "rest_ratio"): one.rest_ratio,
            pick("倍数", "times"): one.times,
            pick("多出户数", "excess"): one.excess,
            pick("逾期金额", "overdue"): one.overdue,
            pick("误报概率", "false_alarm"): one.false_alarm,
        }
        for one in report.anomalies
    )


def _buckets(report: PortfolioReport, lang: Lang) -> Iterable[Row]:
    pick = lang.pick
    return (
        {
            pick("日期", "on"): one.on.isoformat(),
            pick("账龄", "bucket"): one.bucket,
            pick("户数", "loans"): one.accounts,
            pick("剩余本金", "outstanding"): one.outstanding,
        }
        for one in report.buckets
    )


def _moves(report: PortfolioReport, lang: Lang) -> Iterable[Row]:
    pick = lang.pick
    return (
        {
            pick("期初", "before"): one.before,
            pick("期末", "after"): state(lang, one.after),
            pick("户数", "loans"): one.accounts,
            pick("期初本金", "outstanding"): one.outstanding,
            pick("占比", "ratio"): one.ratio,
        }
        for one in report.moves
    )


def _roll_rates(report: PortfolioReport, lang: Lang) -> Iterable[Row]:
    pick = lang.pick
    return (
        {
            pick("月末", "on"): one.on.isoformat(),
            pick("前一账龄", "before"): one.before,
            pick("账龄", "after"): one.after,
            pick("滚动率", "ratio"): one.ratio,
        }
        for one in report.roll_rates
    )


def _vintages(report: PortfolioReport, lang: Lang) -> Iterable[Row]:
    pick = lang.pick
    return (
        {
            pick("放款月", "month"): _month(one.month),
            pick("月数", "months_on_book"): one.months_on_book,
            pick("曾逾期30天以上", "ever_30"): one.ever_30,
            pick("曾逾期90天以上", "ever_90"): one.ever_90,
            pick("户数", "loans"): one.accounts,
            pick("放款金额", "paid_out"): one.paid_out,
        }
        for one in report.vintages
    )


def _recovery(report: PortfolioReport, lang: Lang) -> Iterable[Row]:
    pick = lang.pick
    return (
        {
            pick("月份", "month"): _month(one.month),
            pick("期初逾期", "opening"): one.opening,
            pick("回收", "recovered"): one.recovered,
            pick("户数", "loans"): one.accounts,
            pick("回收率", "ratio"): one.ratio,
        }
        for one in report.recovery
    )


def _cures(report: PortfolioReport, lang: Lang) -> Iterable[Row]:
    pick = lang.pick
    return (
        {
            pick("产品", "product"): one.product or pick("全部", "all"),
            pick("逾期次数", "times_late"): one.spells,
            pick("中位天数", "median_days"): one.median_days,
            **{pick(f"{day}天内", f"by_{day}_days"): ratio for day, ratio in one.cured_by.items()},
        }
        for one in report.cures
    )


def _promises(report: PortfolioReport, lang: Lang) -> Iterable[Row]:
    pick = lang.pick
    return (
        {
            pick("到期月", "month"): _month(one.month),
            pick("已判定", "judged"): one.kept.whole,
            **_rate(lang, "履约", "kept", one.kept),
            pick("部分履约", "partly_kept"): one.partly_kept,
            pick("违约", "broken"): one.broken,
            pick("按金额履约率", "kept_amount_ratio"): one.kept_amount_ratio,
        }
        for one in report.promises
    )


def _reach(report: PortfolioReport, lang: Lang) -> Iterable[Row]:
    return (_reach_row(one, lang) for one in (*report.reach_by_month, report.reach) if one.attempts)


def _reach_row(one: Reach, lang: Lang) -> Row:
    pick = lang.pick
    return {
        pick("月份", "month"): pick("近期", "recent") if one.month is None else _month(one.month),
        pick("拨打", "attempts"): one.attempts,
        **_rate(lang, "接听", "answered", one.answered),
        **_rate(lang, "本人", "right_party", one.right_party),
        **_rate(lang, "承诺", "promised", one.promised),
        pick("触及账户", "loans"): one.accounts,
        **_rate(lang, "账户接通", "loans_reached", one.accounts_answered),
        **_rate(lang, "账户本人", "loans_right_party", one.accounts_right_party),
    }


def _hours(report: PortfolioReport, lang: Lang) -> Iterable[Row]:
    pick = lang.pick
    return (
        {
            pick("星期", "weekday"): one.weekday,
            pick("小时", "hour"): one.hour,
            pick("拨打", "attempts"): one.answered.whole,
            **_rate(lang, "接听", "answered", one.answered),
            **_rate(lang, "本人", "right_party", one.right_party),
        }
        for one in report.hours
    )


def _agents(report: PortfolioReport, lang: Lang) -> Iterable[Row]:
    return (_agent(one, lang) for one in report.agents)


def _agent(one: AgentLine, lang: Lang) -> Row:
    pick = lang.pick
    return {
        pick("坐席", "agent"): one.agent,
        pick("联系到本人", "right_party"): one.conversations,
        **_rate(lang, "承诺", "promised", one.promised),
        pick("应得承诺", "expected_promises"): one.expected_promises,
        pick("调整后承诺率", "adjusted_promise_ratio"): one.adjusted_promise_ratio,
        pick("调整后下限", "adjusted_low"): one.adjusted_low,
        pick("调整后上限", "adjusted_high"): one.adjusted_high,
        pick("已判定承诺", "judged"): one.judged,
        **_rate(lang, "履约", "kept", one.kept),
        pick("应得履约", "expected_kept"): one.expected_kept,
        pick("调整后履约率", "adjusted_kept_ratio"): one.adjusted_kept_ratio,
        pick("履约下限", "adjusted_kept_low"): one.adjusted_kept_low,
        pick("履约上限", "adjusted_kept_high"): one.adjusted_kept_high,
    }


def _month(day: date) -> str:
    return day.strftime("%Y-%m")
