"""How is a replay shown: the list of recordings, the verdict, and what other settings would have done?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from difflib import ndiff
from typing import Final

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dialer.cli.charts import clock, percent, spark
from dialer.cli.lang import Lang
from dialer.replay.behaviour import Day
from dialer.replay.codec import Header, Step
from dialer.replay.counterfactual import Row
from dialer.replay.reading import Entry
from dialer.replay.verify import Difference, Verdict
from dialer.replay.what_if import Comparison
from dialer.sim.many import Interval

SPANS: Final = 48
SHOWN_POINTS: Final = 5
_RATIOS: Final = ("occupancy", "abandonment_ratio")
_MEASURES: Final = {
    "occupancy": ("坐席利用率", "occupancy"),
    "abandonment_ratio": ("弃呼率", "abandonment"),
    "placed_per_hour": ("外呼/小时", "calls placed an hour"),
    "conversations_per_agent_hour": ("通话/坐席小时", "conversations an agent hour"),
}


# --- the list ------------------------------------------------------------------------------------------


def render_entries(entries: Sequence[Entry], lang: Lang, zone: tzinfo) -> RenderableType:
    """A table of recordings."""
    table = Table(box=None, pad_edge=False)
    for zh, en in (("运行", "run"), ("开始", "began"), ("最后写入", "last written"), ("大小", "size"), ("", "")):
        table.add_column(lang.pick(zh, en))
    for entry in entries:
        began = _moment(entry.header.began_at, zone) if entry.header is not None else ""
        table.add_row(
            entry.run,
            began,
            _moment(entry.written_at, zone),
            f"{entry.bytes / 1e6:.2f} MB",
            Text(entry.problem, style="red"),
        )
    return table


def entry_as_json(entry: Entry) -> JsonValue:
    """One recording, for programs."""
    return {
        "run": entry.run,
        "file": str(entry.path),
        "bytes": entry.bytes,
        "began_at": entry.header.began_at.isoformat() if entry.header is not None else None,
        "written_at": entry.written_at.isoformat(),
        "program": entry.header.program if entry.header is not None else None,
        "problem": entry.problem,
    }


# --- the verdict ---------------------------------------------------------------------------------------


def render_verdict(header: Header, verdict: Verdict, lang: Lang, zone: tzinfo) -> RenderableType:
    """What a replay found."""
    span = clock(verdict.spanned_s)
    began = _moment(header.began_at, zone)
    parts: list[RenderableType] = [
        Text(lang.pick(f"运行 {header.run}，{began} 起 {span}", f"Run {header.run}, {span} from {began}"))
    ]
    if verdict.difference is None:
        parts.append(
            Text(
                lang.pick(
                    f"{verdict.facts} 条事实，{verdict.decisions} 次拨号决定，{verdict.effects} 个动作：全部一致。",
                    f"{verdict.facts} facts, {verdict.decisions} pacing decisions, {verdict.effects} effects: "
                    "all the same.",
                ),
                style="green",
            )
        )
    else:
        parts += _difference(verdict.difference, verdict, lang, zone)
    parts += [Text(note, style="yellow") for note in _notes(header, verdict, lang)]
    return Group(*parts)


def _difference(found: Difference, verdict: Verdict, lang: Lang, zone: tzinfo) -> list[RenderableType]:
    at = found.then.now.at.astimezone(zone)
    said = lang.pick(
        f"第 {found.number} 条事实（{at:%Y-%m-%d %H:%M:%S.%f}）处理不同；此前 {verdict.decisions} 次决定一致。",
        f"Fact {found.number}, at {at:%Y-%m-%d %H:%M:%S.%f}, is decided otherwise; "
        f"{verdict.decisions} pacing decisions before it are the same.",
    )
    changed = [
        Text(line, style={"-": "red", "+": "green"}.get(line[:1], "dim"))
        for line in ndiff(_lines(found.then), _lines(found.now))
        if not line.startswith("?")
    ]
    key = Text(lang.pick("  - 当时    + 现在", "  - then    + now"), style="dim")
    return [Text(said, style="red"), Text(repr(found.then.fact)), key, *changed]


def _lines(step: Step) -> list[str]:
    raised = [f"raised {step.raised}"] if step.raised else []
    return [*(f"decided {one}" for one in step.decided), *step.effects, *raised]


def _notes(header: Header, verdict: Verdict, lang: Lang) -> list[str]:
    notes = []
    if not verdict.same_rules:
        notes.append(
            lang.pick(
                f"记录由另一版程序（{header.program}）产生；差异可能来自程序的改动。",
                f"It was recorded by another state of the program ({header.program}); "
                "a difference may be a change that was meant.",
            )
        )
    if verdict.torn:
        notes.append(lang.pick("最后一行不完整，未计入。", "Its last line is torn and was left out."))
    if not verdict.end and verdict.difference is None:
        notes.append(
            lang.pick(
                "记录没有结尾：引擎仍在运行，或被强行终止。",
                "It has no end: the engine is still running, or was killed.",
            )
        )
    return notes


def verdict_as_json(header: Header, verdict: Verdict) -> JsonValue:
    """What a replay found, for programs."""
    found = verdict.difference
    return {
        "run": header.run,
        "began_at": header.began_at.isoformat(),
        "same": found is None,
        "facts": verdict.facts,
        "decisions": verdict.decisions,
        "effects": verdict.effects,
        "spanned_s": verdict.spanned_s,
        "same_program": verdict.same_rules,
        "end": verdict.end,
        "torn": verdict.torn,
        "difference": None
        if found is None
        else {
            "fact": found.number,
            "at": found.then.now.at.isoformat(),
            "what": repr(found.then.fact),
            "then": [*_lines(found.then)],
            "now": [*_lines(found.now)],
        },
    }


# --- other settings ------------------------------------------------------------------------------------


def render_comparisons(
    found: Sequence[Comparison], verdict: Verdict, wanted: Mapping[str, str], lang: Lang, zone: tzinfo
) -> RenderableType:
    """What other settings would have asked for, decision by decision."""
    changes = ", ".join(f"{key}={value}" for key, value in wanted.items())
    parts: list[RenderableType] = [Text(lang.pick(f"若 {changes}：", f"With {changes}:"), style="bold")]
    for one in found:
        parts += _comparison(one, lang, zone)
    parts.append(
        Text(
            lang.pick(
                "每一刻都按当时的实际情形比较，不含之后的影响；要看全天，请加 --simulate。",
                "Each moment is taken as it was, without what would have followed; for the day add --simulate.",
            ),
            style="dim",
        )
    )
    if verdict.difference is not None:
        parts.append(
            Text(
                lang.pick(
                    f"本程序在第 {verdict.difference.number} 条事实处决定不同，比较到此为止。",
                    f"This program decides fact {verdict.difference.number} otherwise; the comparison ends there.",
                ),
                style="yellow",
            )
        )
    return Group(*parts)


def _comparison(one: Comparison, lang: Lang, zone: tzinfo) -> list[RenderableType]:
    total, more, fewer = len(one.points), len(one.more), len(one.fewer)
    spans = one.spans(SPANS)
    top = max(max(span.aimed, span.would_aim) for span in spans)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row(lang.pick("当时", "was"), f"{one.aimed:.1f}", spark([span.aimed for span in spans], high=top))
    table.add_row(lang.pick("若改", "would"), f"{one.would_aim:.1f}", spark([s.would_aim for s in spans], high=top))
    counts = lang.pick(
        f"{one.campaign}：{total} 次决定，多拨 {more}，少拨 {fewer}，相同 {total - more - fewer}；"
        "目标在途呼叫（平均）：",
        f"{one.campaign}: of {total} decisions {more} would place more calls, {fewer} fewer, {total - more - fewer} as "
        "many. Calls in the air aimed at, on the mean:",
    )
    first = [point for point in one.points if point.would != point.was][:SHOWN_POINTS]
    shown = [
        Text(
            f"  {_moment(point.at, zone)}  "
            + lang.pick(
                f"就绪 {point.ready}/{point.agents}，在途 {point.in_air}："
                f"{point.was} → {point.would}（{point.reason}）",
                f"{point.ready} of {point.agents} ready, {point.in_air} in the air: {point.was} -> {point.would} "
                f"({point.reason})",
            ),
            style="dim",
        )
        for point in first
    ]
    return [Text(counts), table, *shown]


def comparison_as_json(one: Comparison) -> JsonValue:
    """One campaign's decisions, for programs."""
    return {
        "campaign": one.campaign,
        "decisions": len(one.points),
        "more": len(one.more),
        "fewer": len(one.fewer),
        "aimed_in_air": one.aimed,
        "would_aim_in_air": one.would_aim,
        "spans": [
            {"at": span.at.isoformat(), "aimed": span.aimed, "would_aim": span.would_aim} for span in one.spans(SPANS)
        ],
        "other_decisions": [
            {"fact": point.step, "at": point.at.isoformat(), "was": point.was, "would": point.would}
            for point in one.points
            if point.would != point.was and point.at is not None
        ],
    }


# --- the simulated day ---------------------------------------------------------------------------------


def render_day(day: Day, lang: Lang, zone: tzinfo) -> RenderableType:
    """What was learned of a day."""
    people = len(day.dialer.agents)
    said = lang.pick(
        f"{day.campaign.name}：{_moment(day.start_at, zone)} 起 {day.hours:.1f} 小时，{people} 名坐席，"
        f"{day.calls} 通外呼，{day.answers} 通接听。",
        f"{day.campaign.name}: {day.hours:.1f} h from {_moment(day.start_at, zone)}, {people} agents, "
        f"{day.calls} calls, {day.answers} answers.",
    )
    parts = [Text(said)]
    if day.left_out:
        names = ", ".join(day.left_out)
        parts.append(
            Text(
                lang.pick(f"样本太少、用模拟器默认值的：{names}", f"Too few samples, so stand-ins are used: {names}"),
                style="yellow",
            )
        )
    return Group(*parts)


def render_rows(rows: Sequence[Row], seeds: int, lang: Lang) -> RenderableType:
    """The day both ways."""
    table = Table(box=None, pad_edge=False)
    heads = (("", ""), ("实际", "it was"), ("模拟：原设置", "simulated as it was"))
    for zh, en in (*heads, ("模拟：新设置", "with the change"), ("差（95% 区间）", "difference (95 %)")):
        table.add_column(lang.pick(zh, en), justify="left" if not en else "right")
    for row in rows:
        table.add_row(
            lang.pick(*_MEASURES[row.measure]),
            _shown(row.measure, row.seen),
            _interval(row.measure, row.as_was),
            _interval(row.measure, row.other),
            Text(_interval(row.measure, row.difference, signed=True), style="bold" if row.is_clear else "dim"),
        )
    note = lang.pick(
        f"各 {seeds} 次模拟，相同的客户与坐席；名单不限，无人被拨两次。粗体：差异大于偶然。",
        f"{seeds} simulated days each, with the same customers and agents; the list has no end and nobody is called "
        "twice. Bold: more than chance.",
    )
    return Group(table, Text(note, style="dim"))


def rows_as_json(rows: Sequence[Row]) -> JsonValue:
    """The day both ways, for programs."""

    def plain(one: Interval) -> JsonValue:
        return {"mean": one.mean, "half_width": one.half_width, "samples": one.samples}

    return [
        {
            "measure": row.measure,
            "seen": row.seen,
            "as_was": plain(row.as_was),
            "other": plain(row.other),
            "difference": plain(row.difference),
        }
        for row in rows
    ]


def _shown(measure: str, value: float) -> str:
    return percent(value, 2) if measure in _RATIOS else f"{value:.1f}"


def _interval(measure: str, one: Interval, *, signed: bool = False) -> str:
    sign = "+" if signed and one.mean >= 0 else ""
    return f"{sign}{_shown(measure, one.mean)} ± {_shown(measure, one.half_width)}"


def _moment(at: datetime | None, zone: tzinfo) -> str:
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
