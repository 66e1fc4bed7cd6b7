"""A forecast in words and rows: the terminal and the page draw these; neither computes anything of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from dialer.cli.charts import percent
from dialer.cli.lang import Lang, limit_word
from dialer.cli.simulate_answers import Answer
from dialer.cli.simulate_past import TrialResult, compared
from dialer.cli.simulate_plan import Ground, Key
from dialer.cli.simulate_run import Outlook
from dialer.cli.simulate_words import (
    GROUNDS,
    KEYS,
    MEASURES,
    figure_text,
    setting_text,
)
from dialer.settings import CampaignSettings

SINGLE: Final = (
    *("occupancy", "talk_minutes_per_agent_hour", "abandonment_ratio", "wait_p50_s", "wait_p95_s", "placed"),
    *("answered", "calls_per_answer", "peak_calls", "peak_calls_per_s"),
)
COLUMNS: Final = (
    *("occupancy", "abandonment_ratio", "talk_minutes_per_agent_hour", "wait_p95_s", "calls_per_answer"),
    *("peak_calls", "peak_calls_per_s"),
)
LEAST_LIMIT: Final = 0.005
"""What kept pacing back for less of the time is not worth a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A forecast, ready to be drawn."""

    campaign: CampaignSettings
    lang: Lang
    zone: ZoneInfo
    span: str
    """Such as `Tuesday 2026-11-24, 08:00-21:20`."""
    start_at: datetime
    grounds: tuple[Ground, ...]
    notes: tuple[str, ...]
    seeds: int
    outlooks: tuple[Outlook, ...]
    swept: tuple[Key, ...]
    answers: tuple[Answer, ...]
    finish_by: str
    """A time of day; empty: not asked for."""
    occupancy: float | None
    """Wished at least."""
    trial: TrialResult | None

    @property
    def title(self) -> str:
        """Of the campaign."""
        return self.campaign.title or str(self.campaign.name)

    @property
    def has_end(self) -> bool:
        """Whether the list can be done."""
        return any(one.forecast.tried is not None for one in self.outlooks)

    def ground(self, one: Ground) -> str:
        """What a number of the world is called."""
        return self.lang.pick(*GROUNDS[one.key])


def closing_note(view: View) -> str:
    """What the intervals are, and that it is a simulation."""
    runs = {one.forecast.runs for one in view.outlooks}
    count = f"{min(runs)}" if len(runs) == 1 else f"{min(runs)}–{max(runs)}"
    return view.lang.pick(
        f"每行 {count} 次模拟，± 为均值的 95% 区间；各行面对同样的客户。这是模拟，前提见上表。",
        f"{count} runs each; ± is the 95 % interval of the mean; every line meets the same customers. It is a "
        "simulation of the world told above.",
    )


def figure_rows(view: View, one: Outlook) -> Iterable[tuple[str, str, str, str]]:
    """Name, value, note and style of each figure of a point."""
    pick, told = view.lang.pick, one.forecast
    for name in SINGLE:
        figure = told.figures.get(name)
        note = ""
        style = ""
        if name == "abandonment_ratio":
            target = setting_text(Key.TARGET, one.point.target, view.lang)
            note = pick(
                f"目标 ≤ {target}；{told.runs} 次中 {told.over_target} 次超标",
                f"target ≤ {target}; above it in {told.over_target} of {told.runs} runs",
            )
            style = "green" if one.holds_target else "red"
        elif name in ("peak_calls", "peak_calls_per_s") and figure is not None:
            note = pick(f"最多 {figure.most:,.0f}", f"at most {figure.most:,.0f}")
            if name == "peak_calls":
                channels = setting_text(Key.TRUNKS, one.settings[Key.TRUNKS], view.lang)
                note += pick(f"；线路共 {channels}", f"; the trunks have {channels}")
        yield pick(MEASURES[name].zh, MEASURES[name].en), figure_text(name, figure), note, style
    if told.tried is not None:
        yield pick("全部拨过一遍", "everybody tried once"), moment_text(view, one, "tried_s"), tried_note(view, one), ""
        left = told.figures.get("accounts_left")
        note = "" if left is None else pick(f"剩余账户 {left.mean:,.0f}", f"accounts left: {left.mean:,.0f}")
        done = pick("名单拨完（含重拨）", "list finished, retries too")
        yield done, moment_text(view, one, "done_s"), "" if told.finished == told.runs else note, ""
    yield pick("限制拨号的因素", "what kept it from more calls"), "", limits_text(view, one), ""


def moment_text(view: View, one: Outlook, name: str) -> str:
    """When everybody was tried (`tried_s`) or the list done (`done_s`)."""
    told, at = one.forecast, one.forecast.figures.get(name)
    if told.tried is None:
        return "–"
    if at is None:
        return view.lang.pick("当天未完", "not that day")
    if at.runs < told.runs:
        return view.lang.pick(f"{at.runs}/{told.runs} 次", f"in {at.runs} of {told.runs}")
    return one.done_at(at.mean)


def tried_note(view: View, one: Outlook) -> str:
    """From when to when everybody had been tried, and how often by the wished moment."""
    told, at, pick = one.forecast, one.forecast.figures.get("tried_s"), view.lang.pick
    parts = [] if at is None else [f"{one.done_at(at.least)} – {one.done_at(at.most)}"]
    if one.tried_by is not None:
        zh, en = (
            f"{told.runs} 次中 {one.tried_by} 次在 {view.finish_by} 前",
            f"by {view.finish_by} in {one.tried_by} of {told.runs} runs",
        )
        parts.append(pick(zh, en))
    return pick("；", "; ").join(parts)


def limits_text(view: View, one: Outlook) -> str:
    """What kept pacing from more calls, and how much of the time."""
    shares = [(limit, share) for limit, share in one.forecast.limits.items() if share >= LEAST_LIMIT]
    return " · ".join(f"{limit_word(limit, view.lang)} {percent(share)}" for limit, share in shares) or "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a sweep's table."""

    name: str
    head: str
    cells: tuple[str, ...]
    """One for each point."""
    is_text: bool = False


def sweep_columns(view: View) -> list[Column]:
    """What is swept, the figures, how often the target was broken and the list done, and what held pacing back."""
    pick, outlooks = view.lang.pick, view.outlooks
    columns = [
        Column(
            name=str(key),
            head=pick(*KEYS[key]),
            cells=tuple(
                setting_text(key, one.settings[key], view.lang) if key in one.settings else "" for one in outlooks
            ),
            is_text=key is Key.MODE,
        )
        for key in view.swept
    ]
    for name in COLUMNS:
        wide = name in ("occupancy", "abandonment_ratio")
        cells = (figure_text(name, one.forecast.figures.get(name), with_interval=wide) for one in outlooks)
        columns.append(Column(name=name, head=MEASURES[name].head(view.lang), cells=tuple(cells)))
    over = tuple(f"{one.forecast.over_target}/{one.forecast.runs}" for one in outlooks)
    columns.append(Column(name="over_target", head=pick("超标", "over target"), cells=over))
    if view.has_end:
        tried = tuple(moment_text(view, one, "tried_s") for one in outlooks)
        columns.append(Column(name="tried", head=pick("全部拨过", "all tried"), cells=tried))
    if view.has_end and view.finish_by:
        by = tuple("" if one.tried_by is None else f"{one.tried_by}/{one.forecast.runs}" for one in outlooks)
        columns.append(Column(name="tried_by", head=pick(f"{view.finish_by} 前", f"by {view.finish_by}"), cells=by))
    held = tuple(_first_limit(view, one) for one in outlooks)
    columns.append(Column(name="held_back_by", head=pick("主要限制", "held back by"), cells=held, is_text=True))
    return columns


def _first_limit(view: View, one: Outlook) -> str:
    first = next(iter(one.forecast.limits.items()), None)
    return "–" if first is None else f"{limit_word(first[0], view.lang, short=True)} {percent(first[1])}"


def charted(view: View) -> Key | None:
    """The swept number with the most values; None: nothing to draw a line over."""
    counts = {key: len({one.settings.get(key) for one in view.outlooks}) for key in view.swept if key is not Key.MODE}
    best = max(counts, key=lambda key: (counts[key], key is Key.AGENTS), default=None)
    return best if best is not None and counts[best] > 1 else None


def trial_rows(view: View, result: TrialResult) -> tuple[list[str], list[tuple[list[str], bool | None]]]:
    """Heads; for each figure its cells, and whether the real day is one that the simulation might have made."""
    pick = view.lang.pick
    heads = ["", pick("实际", "it was"), pick("模拟（均值 95%）", "simulated (95 % of the mean)")]
    heads.append(pick("单日范围（95%）", "one day (95 %)"))
    rows: list[tuple[list[str], bool | None]] = []
    for one in compared(result):
        measure = MEASURES[one.name]
        day = "–" if one.low is None or one.high is None else f"{measure.form(one.low)} – {measure.form(one.high)}"
        cells = [pick(measure.zh, measure.en), measure.form(one.real), figure_text(one.name, one.figure), day]
        rows.append((cells, one.is_as_forecast))
    return heads, rows


def trial_note(view: View, result: TrialResult) -> str:
    """What the comparison is worth."""
    trial = result.trial
    agents, calls = len(trial.real.agents), f"{trial.learned_from_day:,}"
    return view.lang.pick(
        f"按当天的 {agents} 名坐席和时段、现在的设置模拟；行为取自历史，其中 {calls} 次拨打就是当天的。"
        "差别大，则两者都不可信。",
        f"With that day's {agents} agents and hours and today's settings. The behaviour is learned from history, "
        f"{calls} calls of which are of that very day. If the two are far apart, believe neither.",
    )
