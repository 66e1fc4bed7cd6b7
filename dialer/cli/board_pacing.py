"""What mode `predictive` expects, what it may still lose and what holds it back, as two lines of the board."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.text import Text

from dialer.cli.charts import percent, ratio_of
from dialer.cli.lang import Lang, limit_word
from dialer.snapshot import LIMIT_SEPARATOR, BudgetRow, CampaignRow, ForecastRow

_WINDOWS: Final[Mapping[str, tuple[str, str]]] = {
    "hour": ("一小时内", "in the hour"),
    "day": ("今日", "today"),
    "30 days": ("30 天内", "in 30 days"),
    "campaign": ("本活动", "by the campaign"),
}


def outlook_lines(row: CampaignRow, lang: Lang) -> list[Text]:
    """What of it is known: the forecast while it runs, and the budget."""
    forecast = [] if row.forecast is None else [_forecast(row, row.forecast, lang)]
    return forecast + ([] if row.budget is None else [_budget(row, row.budget, lang)])


def plain_outlook(row: CampaignRow, lang: Lang) -> str:
    """The same within a line of text; empty when there is nothing to show."""
    if row.forecast is None or row.budget is None:
        return ""
    one, limit, left = row.forecast, limits_text(row, lang), budget_text(row.budget, lang)
    free, answers = _count(one.agents_free), _count(one.answers)
    return lang.pick(
        f" {one.within_s:.0f} 秒内空出坐席 {free} 接听 {answers} {left} 受限于{limit}",
        f" in {one.within_s:.0f} s {free} agents free {answers} answers, {left}, limit {limit}",
    )


def _forecast(row: CampaignRow, one: ForecastRow, lang: Lang) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(lang.pick(f" {one.within_s:.0f} 秒内 坐席空出 ", f" in {one.within_s:.0f} s "), "bright_black")
    text.append(_count(one.agents_free), "bold cyan")
    text.append(lang.pick("  将接听 ", " agents free, "), "bright_black").append(_count(one.answers), "bold cyan")
    text.append(lang.pick("", " answers"), "bright_black")
    text.append(lang.pick("  上次拨 ", "  decided "), "bright_black").append_text(decision_text(row, lang))
    return text


def decision_text(row: CampaignRow, lang: Lang) -> Text:
    """The last decision, such as `2 of 5: abandonment budget`."""
    counts = row.pacing.rpartition(": ")[0].replace(" of ", lang.pick("/", " of "))
    text = Text.assemble((counts, "bold"), (lang.pick("，受限于 ", ": ") if counts else "", "bright_black"))
    return text.append(limits_text(row, lang), "yellow" if row.limit in ("trunk", "leads", "calls_per_s") else "")


def limits_text(row: CampaignRow, lang: Lang) -> str:
    """What kept the last decision from more; where servers differ, what holds back most comes first."""
    limits = row.pacing.rpartition(": ")[2].split(LIMIT_SEPARATOR)
    return lang.pick("、", ", ").join(limit_word(limit, lang) for limit in limits)


def _budget(row: CampaignRow, budget: BudgetRow, lang: Lang) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(lang.pick(" 今日弃呼 ", " abandoned today "), "bright_black")
    text.append(f"{row.abandoned_today:,}/{row.answered_today:,} ")
    ratio = ratio_of(row.abandoned_today, row.answered_today)
    text.append_text(against_target(ratio, row.target_abandonment_ratio))
    left = budget.left
    style = "bold red" if left < 0 else "bold yellow" if left < 1 else "bold green"
    return text.append("  ").append(budget_text(budget, lang), style)


def budget_text(budget: BudgetRow, lang: Lang) -> str:
    """Such as `3.2 more may be lost today`."""
    zh, en = _WINDOWS.get(budget.window, (budget.window, budget.window))
    if budget.left < 0:
        return lang.pick(f"{zh}已超 {_count(-budget.left)} 通", f"{_count(-budget.left)} too many lost {en}")
    return lang.pick(f"{zh}还可弃呼 {_count(budget.left)} 通", f"{_count(budget.left)} more may be lost {en}")


def _count(expected: float) -> str:
    """A tenth more or less matters only of few."""
    return f"{expected:.1f}" if expected < 99.95 else f"{expected:,.0f}"


def against_target(ratio: float | None, target: float) -> Text:
    """A campaign's abandonment with its target: green, yellow from two thirds of it, red beyond it."""
    style = "bold"
    if ratio is not None:
        style = "bold red" if ratio > target else "bold yellow" if ratio > target * 2 / 3 else "bold green"
    return Text.assemble((percent(ratio, 1), style), (f" ≤{percent(target, 1)}", "bright_black"))
