"""A campaign's report as one HTML file: nothing is fetched, it prints well, and it holds no phone numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from dialer.cli.charts import clock, percent, ratio_of
from dialer.cli.report_view import AGENT_HEADS, TRUNK_HEADS, View, seconds, spread_text
from dialer.cli.svg import abandonment_svg, attempts_svg, bars_svg, time_labels

_STYLE: Final = """
:root { --ink: #1c2430; --muted: #6a7483; --line: #e3e7ec; --blue: #2f6fde; --pale: #c9dbf8; --green: #1e8e5a;
  --red: #c6362c; --amber: #b7791f; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f6f8; color: var(--ink); font: 15px/1.5 system-ui, "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", "Noto Sans SC", sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 980px; margin: 24px auto; padding: 28px 36px; background: #fff; border-radius: 8px;
  box-shadow: 0 1px 3px rgb(0 0 0 / 12%); }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 16px; margin: 28px 0 8px; }
.muted, text.muted, tspan.muted { color: var(--muted); fill: var(--muted); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(118px, 1fr)); gap: 10px; margin: 20px 0 6px; }
.figure { border: 1px solid var(--line); border-radius: 6px; padding: 10px 12px; }
.figure b { display: block; font-size: 22px; line-height: 1.25; white-space: nowrap; }
.figure span { font-size: 12.5px; color: var(--muted); display: block; min-height: 1.5em; white-space: nowrap; }
.good b { color: var(--green); } .bad b { color: var(--red); }
.progress { height: 10px; border-radius: 5px; background: var(--line); overflow: hidden; margin: 6px 0; }
.progress i { display: block; height: 100%; background: var(--green); }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 28px; } .two > div { min-width: 0; }
svg { width: 100%; height: auto; display: block; font-size: 12.5px; }
svg text { fill: var(--ink); } .number { font-weight: 600; }
.outcome { fill: var(--blue); } .disposition { fill: var(--green); }
.attempts { fill: var(--pale); } .answered { fill: var(--blue); }
.grid { stroke: var(--line); } .target { stroke: var(--red); stroke-dasharray: 5 4; }
.sofar { fill: none; stroke: var(--ink); stroke-width: 2; } .under { fill: var(--green); } .over { fill: var(--red); }
.key { font-size: 12.5px; color: var(--muted); } .key i { display: inline-block; width: 11px; height: 11px;
  margin: 0 5px 0 14px; border-radius: 2px; vertical-align: -1px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: right; font-weight: 500; color: var(--muted); } th:first-child, td:first-child { text-align: left; }
th, td { padding: 5px 8px; border-bottom: 1px solid var(--line); } td { text-align: right; white-space: nowrap; }
@media (max-width: 700px) { .two { grid-template-columns: 1fr; } main { padding: 16px; } }
@media print { body { background: #fff; font-size: 12px; }
  main { box-shadow: none; margin: 0; padding: 0; max-width: none; }
  h2 { break-after: avoid; } svg, tr, .figures { break-inside: avoid; } @page { margin: 14mm; } }
"""


def render_html(views: Sequence[View]) -> str:
    """The page of one or more campaigns.

    Args:
        views: at least one, all in one language.
    """
    lang = views[0].lang
    title = lang.pick("外呼报告", "Dialer report")
    body = "".join(f"<main>{''.join(_campaign(view))}</main>" for view in views)
    return (
        f'<!doctype html>\n<html lang="{lang.pick("zh-CN", "en")}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)} · {escape(', '.join(view.title for view in views))}</title>"
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _campaign(view: View) -> Iterable[str]:
    pick = view.lang.pick
    yield f'<h1>{escape(view.title)}</h1><div class="muted">{escape(f"{view.report.campaign} · {view.span}")}</div>'
    yield _figures(view)
    yield _progress(view)
    yield '<div class="two"><div>' + _heading(pick("结果", "Outcomes")) + (bars_svg(view.outcomes, "outcome") or "–")
    yield "</div><div>" + _heading(pick("登记", "Dispositions")) + (bars_svg(view.dispositions, "disposition") or "–")
    yield "</div></div>"
    yield from _over_time(view)
    yield _heading(pick("等待", "Waiting")) + _waits(view)
    yield _heading(pick("坐席", "Agents")) + _agents(view)
    yield _heading(pick("线路", "Trunks")) + _trunks(view)


def _heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def _figures(view: View) -> str:
    one = view.report
    cells = [("", label, value, note) for label, value, note in view.figures]
    style = "" if one.abandonment_ratio is None else "bad" if view.breaks_target else "good"
    note = f"{one.abandoned:,} · ≤ {percent(view.target_abandonment_ratio, 1)}"
    cells.insert(3, (style, view.lang.pick("弃呼率", "abandoned"), percent(one.abandonment_ratio, 1), note))
    drawn = (
        f'<div class="figure {style}"><span>{escape(label)}</span><b>{escape(value)}</b>'
        f"<span>{escape(note)}</span></div>"
        for style, label, value, note in cells
    )
    return f'<div class="figures">{"".join(drawn)}</div>'


def _progress(view: View) -> str:
    one, pick = view.report.progress, view.lang.pick
    share = ratio_of(one.done, one.total) or 0.0
    text = pick(
        f"名单共 {one.total:,}：完成 {one.done:,}（{percent(share)}），现在可拨 {one.dialable_now:,}，"
        f"稍后 {one.waiting:,}，停呼 {one.never:,}",
        f"{one.total:,} accounts: {one.done:,} done ({percent(share)}), {one.dialable_now:,} dialable now, "
        f"{one.waiting:,} later, {one.never:,} never again",
    )
    return f'<div class="progress"><i style="width:{share * 100:.1f}%"></i></div><div class="key">{escape(text)}</div>'


def _over_time(view: View) -> Iterable[str]:
    pick = view.lang.pick
    if not view.points:
        return
    times = time_labels([point.at.astimezone(view.zone) for point in view.points])
    each = clock(view.report.bucket_s)
    names = (pick("拨打", "dialled"), pick("接听", "answered"))
    yield _heading(pick(f"拨打与接听（每 {each}）", f"Dialled and answered (each {each})"))
    yield attempts_svg(view.points, times, names)
    yield _key(("--pale", names[0]), ("--blue", names[1]))
    yield _heading(pick("弃呼率", "Abandonment"))
    yield abandonment_svg(view.points, times, view.target_abandonment_ratio)
    yield _key(
        ("--ink", pick("累计", "so far")),
        ("--green", pick("每段，未超上限", "each stretch, within the target")),
        ("--red", pick("每段，超过上限（虚线）", "each stretch, above the target (dashed)")),
    )


def _key(*entries: tuple[str, str]) -> str:
    drawn = (f'<i style="background:var({colour})"></i>{escape(text)}' for colour, text in entries)
    return f'<div class="key">{"".join(drawn)}</div>'


def _waits(view: View) -> str:
    one, pick = view.report, view.lang.pick
    rows = (
        (pick("接听到接通坐席", "From the answer to the bridge"), spread_text(one.connect_ms, "ms")),
        (pick("接听后等待", "Wait after the answer"), spread_text(one.wait_s, "s")),
    )
    return _table((), rows)


def _agents(view: View) -> str:
    rows = (
        (
            view.agent(one.agent_id),
            f"{one.calls:,}",
            clock(one.talk_s),
            clock(one.wrap_up_s),
            clock(one.ready_s),
            clock(one.paused_s),
            percent(one.occupancy_ratio),
            f"{one.right_party:,}",
            f"{one.promises:,}",
        )
        for one in view.report.agents
    )
    return _table([view.lang.pick(zh, en) for zh, en in AGENT_HEADS], rows)


def _trunks(view: View) -> str:
    rows = (
        (
            str(one.trunk),
            f"{one.attempts:,}",
            f"{one.answered:,}",
            percent(one.answer_seizure_ratio, 1),
            seconds(one.post_dial_delay_s),
            f"{one.failures:,}",
        )
        for one in view.report.trunks
    )
    return _table([view.lang.pick(zh, en) for zh, en in TRUNK_HEADS], rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = f"<tr>{''.join(f'<th>{escape(text)}</th>' for text in heads)}</tr>" if heads else ""
    body = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>" for row in rows)
    return f"<table>{head}{body}</table>"
