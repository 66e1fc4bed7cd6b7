"""A forecast in words and rows: the terminal and the page draw these; neither computes anything of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from dialer.cli.charts import percent
from dialer.cli.lang import Lang
from dialer.cli.simulate_answers import Answer, Goal
from dialer.cli.simulate_past import TrialResult, compared
from dialer.cli.simulate_plan import Ground, Key, Setting
from dialer.cli.simulate_run import Outlook
from dialer.cli.simulate_words import (
    GROUNDS,
    KEYS,
    MEASURES,
    figure_text,
    limit_word,
    setting_text,
    span_text,
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
NARROW_COLUMNS: Final = ("occupancy", "abandonment_ratio", "peak_calls")
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
        return any(one.forecast.finished is not None for one in self.outlooks)

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
    if told.finished is not None:
        yield pick("名单拨完", "list finished"), finish_text(view, one), finish_note(view, one), ""
    yield pick("限制拨号的因素", "what kept it from more calls"), "", limits_text(view, one), ""


def finish_text(view: View, one: Outlook) -> str:
    """When the list is done."""
    told, done = one.forecast, one.forecast.figures.get("done_s")
    if told.finished is None:
        return "–"
    if done is None:
        return view.lang.pick("未完成", "not done")
    if told.finished < told.runs:
        return view.lang.pick(f"{told.finished}/{told.runs} 次", f"in {told.finished} of {told.runs}")
    return one.done_at(done.mean)


def finish_note(view: View, one: Outlook) -> str:
    """From when to when, and what is left."""
    told, done, left = one.forecast, one.forecast.figures.get("done_s"), one.forecast.figures.get("accounts_left")
    pick, parts = view.lang.pick, []
    if done is not None:
        parts.append(f"{one.done_at(done.least)} – {one.done_at(done.most)}")
    if left is not None and told.finished != told.runs:
        parts.append(pick(f"剩余账户 {figure_text('accounts_left', left)}", f"accounts left: {left.mean:,.0f}"))
    if one.finished_by is not None:
        parts.append(
            pick(f"{told.runs} 次中 {one.finished_by} 次在 {view.finish_by} 前",
                 f"by {view.finish_by} in {one.finished_by} of {told.runs} runs")
        )  # fmt: skip
    return pick("；", "; ").join(parts)


def limits_text(view: View, one: Outlook) -> str:
    """What kept pacing from more calls, and how much of the time."""
    shares = [(limit, share) for limit, share in one.forecast.limits.items() if share >= LEAST_LIMIT]
    return " · ".join(f"{limit_word(limit, view.lang)} {percent(share)}" for limit, share in shares) or "–"


def sweep_rows(view: View, columns: Sequence[str] = COLUMNS) -> tuple[list[str], list[list[str]]]:
    """Heads, and a row of cells for each point: what is swept, the columns, the rest."""
    pick = view.lang.pick
    heads = [pick(*KEYS[key]) for key in view.swept]
    heads += [MEASURES[name].head(view.lang) for name in columns]
    heads.append(pick("超标", "over target"))
    if view.has_end:
        heads.append(pick("拨完", "finished"))
        if view.finish_by:
            heads.append(pick(f"{view.finish_by} 前", f"by {view.finish_by}"))
    heads.append(pick("主要限制", "held back by"))
    return heads, [_cells(view, one, columns) for one in view.outlooks]


def _cells(view: View, one: Outlook, columns: Sequence[str]) -> list[str]:
    told = one.forecast
    cells = [setting_text(key, one.settings[key], view.lang) if key in one.settings else "" for key in view.swept]
    wide = ("occupancy", "abandonment_ratio")
    cells += [figure_text(name, told.figures.get(name), with_interval=name in wide) for name in columns]
    cells.append(f"{told.over_target}/{told.runs}")
    if view.has_end:
        cells.append(finish_text(view, one))
        if view.finish_by:
            cells.append("" if one.finished_by is None else f"{one.finished_by}/{told.runs}")
    first = next(iter(told.limits.items()), None)
    cells.append("–" if first is None else f"{limit_word(first[0], view.lang, short=True)} {percent(first[1])}")
    return cells


def charted(view: View) -> Key | None:
    """The swept number with the most values; None: nothing to draw a line over."""
    counts = {key: len({one.settings.get(key) for one in view.outlooks}) for key in view.swept if key is not Key.MODE}
    best = max(counts, key=lambda key: (counts[key], key is Key.AGENTS), default=None)
    return best if best is not None and counts[best] > 1 else None


def fixed_text(fixed: dict[Key, Setting], lang: Lang) -> str:
    """The other settings of a line, such as `target 3 %, predictive`."""
    parts = (
        setting_text(key, value, lang)
        if key is Key.MODE
        else f"{lang.pick(*KEYS[key])} {setting_text(key, value, lang)}"
        for key, value in fixed.items()
    )
    return ", ".join(parts)


def answer_text(view: View, one: Answer) -> str:
    """A sentence."""
    pick, best = view.lang.pick, one.best
    where = fixed_text(dict(one.fixed), view.lang)
    where = f"{where}: " if where else ""
    zh, en = KEYS[one.key]
    value = setting_text(one.key, one.value if one.value is not None else best.settings[one.key], view.lang)
    tried = f"{setting_text(one.key, one.tried[0], view.lang)}–{setting_text(one.key, one.tried[-1], view.lang)}"
    measured = pick(
        f"占用率 {span_text('occupancy', best.forecast.figures.get('occupancy'))}，"
        f"弃呼率 {span_text('abandonment_ratio', best.forecast.figures.get('abandonment_ratio'))}",
        f"occupancy {span_text('occupancy', best.forecast.figures.get('occupancy'))}, "
        f"abandonment {span_text('abandonment_ratio', best.forecast.figures.get('abandonment_ratio'))}",
    )
    goal = _goal(view, one)
    reached = {
        Goal.FINISH: finish_note(view, best),
        Goal.HOLD: measured,
        Goal.WIDE: pick(f"峰值 {_peak(best)}；{measured}", f"peak {_peak(best)}; {measured}"),
    }[one.goal]  # fmt: skip
    nearest = {
        Goal.FINISH: finish_note(view, best),
        Goal.HOLD: measured,
        Goal.WIDE: pick(f"仍有 {percent(best.forecast.limits.get('trunk', 0.0))} 的时间受线路所限",
                        f"still held back {percent(best.forecast.limits.get('trunk', 0.0))} of the time"),
    }[one.goal]  # fmt: skip
    if one.value is not None:
        return pick(f"{where}{goal}：需要{zh} {value}（{reached}）", f"{where}{goal}: {value} {en} ({reached})")
    return pick(
        f"{where}{goal}：试过的{zh} {tried} 都不够；最接近的是 {value}（{nearest}）",
        f"{where}{goal}: none of the {tried} {en} tried; nearest is {value} ({nearest})",
    )


def _goal(view: View, one: Answer) -> str:
    pick = view.lang.pick
    match one.goal:
        case Goal.FINISH:
            return pick(f"在 {view.finish_by} 前拨完名单", f"to finish the list by {view.finish_by}")
        case Goal.HOLD:
            target = setting_text(Key.TARGET, one.best.point.target, view.lang)
            floor = "" if view.occupancy is None else percent(view.occupancy)
            zh = f"弃呼率不超过 {target}" + (f" 且占用率达到 {floor}" if floor else "")
            en = f"to hold the target of {target}" + (f" at an occupancy of {floor}" if floor else "")
            return pick(zh, en)
        case Goal.WIDE:
            return pick("线路不再成为限制", "for the trunks not to hold it back")


def _peak(one: Outlook) -> str:
    figure = one.forecast.figures.get("peak_calls")
    return "–" if figure is None else f"{figure.most:,.0f}"


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
