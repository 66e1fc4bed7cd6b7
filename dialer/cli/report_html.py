"""A campaign's report as one HTML file: nothing is fetched, it prints well, and it holds no phone numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from dialer.cli.charts import clock, percent, ratio_of
from dialer.cli.page import figure, heading, key, page, table
from dialer.cli.report_view import AGENT_HEADS, TRUNK_HEADS, View, seconds, spread_text
from dialer.cli.svg import abandonment_svg, attempts_svg, bars_svg, budget_svg, occupancy_svg, time_labels


def render_html(views: Sequence[View]) -> str:
    """The page of one or more campaigns.

    Args:
        views: at least one, all in one language.
    """
    lang = views[0].lang
    title = f"{lang.pick('外呼报告', 'Dialer report')} · {', '.join(view.title for view in views)}"
    return page(title, "</main><main>".join("".join(_campaign(view)) for view in views), lang)


def _campaign(view: View) -> Iterable[str]:
    pick = view.lang.pick
    yield f'<h1>{escape(view.title)}</h1><div class="muted">{escape(f"{view.report.campaign} · {view.span}")}</div>'
    yield _figures(view)
    yield _progress(view)
    yield '<div class="two"><div>' + heading(pick("结果", "Outcomes")) + (bars_svg(view.outcomes, "outcome") or "–")
    yield "</div><div>" + heading(pick("登记", "Dispositions")) + (bars_svg(view.dispositions, "disposition") or "–")
    yield "</div></div>"
    yield from _over_time(view)
    if view.what_if is not None:
        from dialer.cli.report_what_if_view import what_if_html  # it needs the simulator, which a report does not

        yield what_if_html(view.what_if, view.lang)
    yield heading(pick("等待", "Waiting")) + _waits(view)
    yield heading(pick("坐席", "Agents")) + _agents(view)
    yield heading(pick("线路", "Trunks")) + _trunks(view)


def _figures(view: View) -> str:
    one = view.report
    cells = [("", label, value, note) for label, value, note in view.figures]
    style = "" if one.abandonment_ratio is None else "bad" if view.breaks_target else "good"
    note = f"{one.abandoned:,} · ≤ {percent(view.target_abandonment_ratio, 1)}"
    cells.insert(3, (style, view.lang.pick("弃呼率", "abandoned"), percent(one.abandonment_ratio, 1), note))
    drawn = (figure(label, value, note, style) for style, label, value, note in cells)
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
    yield heading(pick(f"拨打与接听（每 {each}）", f"Dialled and answered (each {each})"))
    yield attempts_svg(view.points, times, names)
    yield key(("--pale", names[0]), ("--blue", names[1]))
    yield heading(pick("弃呼率", "Abandonment"))
    yield abandonment_svg(view.points, times, view.target_abandonment_ratio)
    yield key(
        ("--ink", pick("累计", "so far")),
        ("--green", pick("每段，未超上限", "each stretch, within the target")),
        ("--red", pick("每段，超过上限（虚线）", "each stretch, above the target (dashed)")),
    )
    yield heading(pick("弃呼与额度", "Abandonment against its budget"))
    yield budget_svg(view.points, times, (pick("弃呼", "lost"), pick("额度", "allowed")))
    yield key(
        ("--ink", pick("累计弃呼", "lost so far")),
        ("--red", pick("累计额度（虚线）与每段弃呼", "allowed so far (dashed); lost in each stretch")),
    )
    yield f'<div class="key">{escape(view.budget_text)}</div>'
    yield heading(pick("占用率", "Occupancy"))
    yield occupancy_svg(view.points, times, (pick("占用率", "occupancy"), pick("坐席", "agents at work")))
    whole = percent(view.report.occupancy_ratio, 1)
    said = pick(
        f"（通话 + 话后）÷（在线 − 小休），按坐席自己的状态；总计 {whole}",
        f"(talking + wrap-up) / (logged in - paused), by the agents' own states; {whole} in all",
    )
    yield f'<div class="key">{escape(said)}</div>'


def _waits(view: View) -> str:
    one, pick = view.report, view.lang.pick
    rows = (
        (pick("接听到接通坐席", "From the answer to the bridge"), spread_text(one.connect_ms, "ms")),
        (pick("接听后等待", "Wait after the answer"), spread_text(one.wait_s, "s")),
    )
    return table((), rows)


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
    return table([view.lang.pick(zh, en) for zh, en in AGENT_HEADS], rows)


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
    return table([view.lang.pick(zh, en) for zh, en in TRUNK_HEADS], rows)
