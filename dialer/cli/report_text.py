"""A campaign's report on a terminal: figures, bars and curves."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from dialer.cli.charts import bar, clock, percent, ratio_of, spark, steps
from dialer.cli.report_view import AGENT_HEADS, TRUNK_HEADS, Bar, Point, View, seconds, spread_text

_NARROW = 100


def render_report(view: View, width: int) -> RenderableType:
    """The whole report, as wide as the terminal."""
    parts: list[RenderableType] = [_title(view), _figures(view), Text(), _progress(view, width), Text()]
    left = _bars(view.lang.pick("结果", "outcomes"), view.outcomes, "cyan", width)
    right = _bars(view.lang.pick("登记", "dispositions"), view.dispositions, "green", width)
    if width >= _NARROW:
        grid = Table.grid(expand=True, padding=(0, 3, 0, 0))
        grid.add_column(ratio=1)
        grid.add_column(ratio=1)
        grid.add_row(left, right)
        parts.append(grid)
    else:
        parts += [left, Text(), right]
    parts += [Text(), _curves(view, width)]
    if view.what_if is not None:
        from dialer.cli.report_what_if_view import render_what_if  # it needs the simulator, which a report does not

        parts += [Text(), render_what_if(view.what_if, view.lang, width)]
    parts += [Text(), _waits(view), Text(), _agents(view), Text(), _trunks(view)]
    return Group(*parts)


def _title(view: View) -> RenderableType:
    title = Text.assemble((view.title, "bold"), (f"  {view.report.campaign}  {view.span}", "bright_black"))
    return Rule(title, align="left", style="bright_black")


def _figures(view: View) -> RenderableType:
    one = view.report
    style = "bold red" if view.breaks_target else "bold green"
    abandoned = (
        view.lang.pick("弃呼率", "abandoned"),
        Text(percent(one.abandonment_ratio, 1), "bold" if one.abandonment_ratio is None else style),
        f"{one.abandoned:,} · ≤ {percent(view.target_abandonment_ratio, 1)}",
    )
    tiles = [(label, Text(value, "bold"), note) for label, value, note in view.figures]
    tiles.insert(3, abandoned)
    grid = Table.grid(expand=True, padding=(0, 1, 0, 0))
    for _ in tiles:
        grid.add_column(no_wrap=True)
    grid.add_row(*(Text(f" {label}", "bright_black") for label, _, _ in tiles))
    grid.add_row(*(Text(" ").append_text(value) for _, value, _ in tiles))
    grid.add_row(*(Text(f" {note}", "bright_black") for _, _, note in tiles))
    return grid


def _progress(view: View, width: int) -> RenderableType:
    one, pick = view.report.progress, view.lang.pick
    done = ratio_of(one.done, one.total)
    drawn = steps(done or 0.0, max(10, width // 3))
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(pick(" 名单 ", " list "), "bright_black")
    text.append(drawn.rstrip("─"), "green").append("─" * drawn.count("─"), "bright_black")
    text.append(f" {percent(done)}", "bold")
    text.append(
        pick(
            f"  共 {one.total:,}：完成 {one.done:,}，可拨 {one.dialable_now:,}，"
            f"稍后 {one.waiting:,}，停呼 {one.never:,}",
            f"  of {one.total:,}: {one.done:,} done, {one.dialable_now:,} now, {one.waiting:,} later, "
            f"{one.never:,} never again",
        ),
        "bright_black",
    )
    return text


def _bars(title: str, bars: Sequence[Bar], style: str, width: int) -> RenderableType:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, justify="right")
    length = max(10, (width // 2 if width >= _NARROW else width) - 36)
    largest = max((one.share for one in bars), default=1.0)
    for one in bars:
        table.add_row(
            Text(f" {one.label}"),
            Text(bar(one.share / largest, length), style),
            Text(f"{one.count:,}", "bold"),
            Text(percent(one.share, 1), "bright_black"),
        )
    if not bars:
        table.add_row(Text(" –", "bright_black"))
    return Group(Text(f" {title}", "bold"), table)


def _curves(view: View, width: int) -> RenderableType:
    pick = view.lang.pick
    heading = pick("时间走势", "over time")
    if not view.points:
        return Text(f" {heading}  –", "bold")
    points = view.points[-max(10, width - 42) :]
    most = max(point.attempts for point in points)
    worst = max((point.abandonment_ratio or 0.0 for point in points), default=0.0)
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_row(
        Text(pick(" 拨打", " dialled")),
        Text(spark([point.attempts for point in points], high=most), "cyan"),
        Text(pick(f"最多 {most:,}", f"at most {most:,}"), "bright_black"),
    )
    table.add_row(
        Text(pick(" 接听率", " answered")),
        Text(spark([point.answer_ratio for point in points], high=1.0), "green"),
        Text(percent(view.report.answer_ratio, 1), "bright_black"),
    )
    ceiling = max(worst, 2 * view.target_abandonment_ratio)
    table.add_row(
        Text(pick(" 弃呼率", " abandoned")),
        _abandonment(view, [point.abandonment_ratio for point in points], ceiling),
        Text(pick(f"最高 {percent(worst, 1)}，上限 {percent(view.target_abandonment_ratio, 1)}",
                  f"worst {percent(worst, 1)}, target {percent(view.target_abandonment_ratio, 1)}"), "bright_black"),
    )  # fmt: skip
    _budget_rows(view, points, table)
    table.add_row(
        Text(pick(" 占用率", " occupancy")),
        Text(spark([point.occupancy_ratio for point in points], high=1.0), "cyan"),
        Text(percent(view.report.occupancy_ratio, 1), "bright_black"),
    )
    first, last = (point.at.astimezone(view.zone) for point in (points[0], points[-1]))
    axis = f"{first:%m-%d %H:%M}" + f"{last:%m-%d %H:%M}".rjust(max(13, len(points) - 11))
    table.add_row(Text(), Text(axis if len(points) > 24 else f"{first:%H:%M} – {last:%H:%M}", "bright_black"), Text())
    each = clock(view.report.bucket_s)
    return Group(
        Text.assemble((f" {heading}", "bold"), (pick(f"  每格 {each}", f"  {each} each"), "bright_black")), table
    )


def _abandonment(view: View, ratios: Sequence[float | None], ceiling: float) -> Text:
    """Each stretch in red when it lies above the target."""
    text = Text()
    for value, block in zip(ratios, spark(ratios, high=ceiling), strict=True):
        text.append(block, "red" if value is not None and value > view.target_abandonment_ratio else "green")
    return text


def _budget_rows(view: View, points: Sequence[Point], table: Table) -> None:
    """Lost so far above what the target allows so far, on one scale."""
    pick, last = view.lang.pick, points[-1]
    high = max(last.lost_so_far, last.allowed_so_far, 1.0)
    lost = Text()
    for point, block in zip(points, spark([point.lost_so_far for point in points], high=high), strict=True):
        lost.append(block, "red" if point.lost_so_far > point.allowed_so_far else "green")
    table.add_row(Text(pick(" 累计弃呼", " lost so far")), lost, Text(f"{last.lost_so_far:,}", "bright_black"))
    table.add_row(
        Text(pick(" 累计额度", " allowed")),
        Text(spark([point.allowed_so_far for point in points], high=high), "bright_black"),
        Text(f"{last.allowed_so_far:,.1f}", "bright_black"),
    )


def _waits(view: View) -> RenderableType:
    one, pick = view.report, view.lang.pick
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row(Text(pick(" 接听到接通", " answer to bridge"), "bright_black"), spread_text(one.connect_ms, "ms"))
    table.add_row(Text(pick(" 接听后等待", " wait after the answer"), "bright_black"), spread_text(one.wait_s, "s"))
    return table


def _agents(view: View) -> RenderableType:
    table = _table(view, AGENT_HEADS)
    for one in view.report.agents:
        table.add_row(
            Text(f" {view.agent(one.agent_id)}"),
            f"{one.calls:,}",
            clock(one.talk_s),
            clock(one.wrap_up_s),
            clock(one.ready_s),
            clock(one.paused_s),
            percent(one.occupancy_ratio),
            f"{one.right_party:,}",
            f"{one.promises:,}",
        )
    return table


def _trunks(view: View) -> RenderableType:
    table = _table(view, TRUNK_HEADS)
    for one in view.report.trunks:
        table.add_row(
            Text(f" {one.trunk}"),
            f"{one.attempts:,}",
            f"{one.answered:,}",
            percent(one.answer_seizure_ratio, 1),
            seconds(one.post_dial_delay_s),
            Text(f"{one.failures:,}", "red" if one.failures else ""),
        )
    return table


def _table(view: View, heads: Sequence[tuple[str, str]]) -> Table:
    table = Table(box=None, header_style="bright_black", padding=(0, 2, 0, 0))
    for number, (zh, en) in enumerate(heads):
        head = view.lang.pick(zh, en)
        table.add_column(f" {head}" if number == 0 else head, justify="left" if number == 0 else "right", no_wrap=True)
    return table
