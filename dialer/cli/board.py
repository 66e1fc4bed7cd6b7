"""What does a supervisor see of the floor at this moment?

`render` draws one snapshot for a given size and is pure; `Board` remembers the last minutes between snapshots, so
that rates have a history. `plain_line` is the same in one line, for pipes and logs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from dialer.cli.board_pacing import against_target, decision_text, outlook_lines, plain_outlook
from dialer.cli.board_people import people
from dialer.cli.charts import clock, percent, ratio_of, spark, steps
from dialer.cli.lang import Lang, limit_word, word
from dialer.risk.notices import in_chinese
from dialer.snapshot import CampaignRow, ServerRow, Snapshot, idle_alert
from dialer.types import AgentState, CampaignState
from dialer.waterfall import zero_dialable

_CAMPAIGN_STYLES: Final[Mapping[CampaignState, str]] = {
    CampaignState.RUNNING: "bold green",
    CampaignState.PAUSED: "bold yellow",
    CampaignState.STOPPING: "yellow",
}
_LINES_PER_CAMPAIGN: Final = 5
_WIDE: Final = 100
_SAMPLE_EVERY_S: Final = 10.0
_RATE_WINDOW_S: Final = 60.0
_SAMPLES: Final = 60  # ten minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The last minutes of a campaign, oldest first; None where nothing was dialled."""

    answer_ratios: tuple[float | None, ...] = ()
    occupancy_ratios: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    at: datetime
    dialled: int
    answered: int
    occupancy_ratio: float | None


class Board:
    """Draws snapshot after snapshot and remembers the last ten minutes of each campaign."""

    def __init__(self, lang: Lang, *, zone: tzinfo | None = None) -> None:
        self._lang = lang
        self._zone = zone
        self._samples: dict[str, deque[_Sample]] = {}

    def feed(self, snapshot: Snapshot) -> None:
        """Remember a snapshot; those that come within ten seconds of the last one are passed over."""
        for row in snapshot.campaigns:
            samples = self._samples.setdefault(row.name, deque(maxlen=_SAMPLES + 6))
            if samples and (snapshot.at - samples[-1].at).total_seconds() < _SAMPLE_EVERY_S:
                continue
            samples.append(
                _Sample(
                    at=snapshot.at,
                    dialled=row.dialled,
                    answered=row.answered,
                    occupancy_ratio=row.occupancy_ratio,
                )
            )

    def render(self, snapshot: Snapshot, width: int, height: int = 24, *, with_people: bool = True) -> RenderableType:
        """Feed and draw; without people only the campaigns."""
        self.feed(snapshot)
        trends = {name: _trend(tuple(samples)) for name, samples in self._samples.items()}
        return render(
            snapshot,
            width,
            self._lang,
            height=height,
            zone=self._zone,
            trends=trends,
            with_people=with_people,
        )


def _trend(samples: Sequence[_Sample]) -> Trend:
    rates: list[float | None] = []
    for index, sample in enumerate(samples[1:], start=1):
        base = next(old for old in samples if (sample.at - old.at).total_seconds() <= _RATE_WINDOW_S or old is sample)
        base = samples[index - 1] if base is sample else base
        rates.append(ratio_of(sample.answered - base.answered, sample.dialled - base.dialled))
    occupancies = tuple(sample.occupancy_ratio for sample in samples)
    return Trend(answer_ratios=tuple(rates[-_SAMPLES:]), occupancy_ratios=occupancies[-_SAMPLES:])


def render(
    snapshot: Snapshot,
    width: int,
    lang: Lang,
    *,
    height: int = 24,
    zone: tzinfo | None = None,
    trends: Mapping[str, Trend] | None = None,
    with_people: bool = True,
) -> RenderableType:
    """The whole board.

    Args:
        snapshot: what to draw.
        width: columns of the screen.
        lang: whose words.
        height: lines of the screen; never more are drawn, and people come before calls.
        zone: in which times of day are shown; None: the machine's.
        trends: campaign -> its last minutes.
        with_people: also agents and calls.
    """
    lines: list[RenderableType] = [_header(snapshot, lang, zone)]
    lines += [Text(f" ▲ {alert}", style="bold red", no_wrap=True, overflow="ellipsis")
              for alert in _alerts(snapshot, lang)[:3]]  # fmt: skip
    left = height - len(lines)
    campaigns, used = _campaigns(snapshot.campaigns, width, lang, zone, trends or {}, room=left - 6)
    if not with_people:
        return Group(*lines, *campaigns)
    return Group(*lines, *campaigns, people(snapshot, width, lang, room=max(2, left - used)))


def _alerts(snapshot: Snapshot, lang: Lang) -> list[str]:
    """The alerts, those about idle agents in the reader's language."""
    told = {idle_alert(row): _idle_alert(row, lang) for row in snapshot.campaigns}
    return [told.get(alert, in_chinese(alert) if lang is Lang.ZH else alert) for alert in snapshot.alerts]


def _idle_alert(row: CampaignRow, lang: Lang) -> str:
    zh = f"{row.name}：{row.idle_agents} 名坐席空闲，{_idle_reason(row, lang)}"
    return lang.pick(zh, idle_alert(row))


def _idle_reason(row: CampaignRow, lang: Lang) -> str:
    return zero_dialable(row.not_dialable)[0] if lang is Lang.ZH and row.not_dialable else row.idle_reason


# --- head ----------------------------------------------------------------------------------------------


def _header(snapshot: Snapshot, lang: Lang, zone: tzinfo | None) -> RenderableType:
    grid = Table.grid(expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, justify="right")
    title = Text.assemble(
        (lang.pick(" 外呼看板 ", " Dialer "), "bold reverse"),
        f" {snapshot.at.astimezone(zone):%H:%M:%S}",
        (lang.pick("  已运行 ", "  up ") + clock(snapshot.uptime_s), "bright_black"),
    )
    grid.add_row(title, Text("  ").join(_server(row, lang) for row in snapshot.servers))
    return grid


def _server(row: ServerRow, lang: Lang) -> Text:
    if row.connected:
        return Text.assemble(("● ", "green"), row.name)
    why = row.reason or lang.pick("断开", "disconnected")
    return Text.assemble(("● ", "bold red"), row.name, (f" {why}", "red"))


# --- campaigns -----------------------------------------------------------------------------------------


def _campaigns(
    rows: Sequence[CampaignRow],
    width: int,
    lang: Lang,
    zone: tzinfo | None,
    trends: Mapping[str, Trend],
    *,
    room: int,
) -> tuple[list[RenderableType], int]:
    """Each campaign in full when there is room for all of them, else one line each; and the lines used.

    With little room what pacing expects is left out first.
    """
    if not rows:
        nothing = lang.pick(
            " 没有活动在运行。启动：dialer campaign start 名称",
            " No campaign is running. Start one: dialer campaign start NAME",
        )
        return [Text(nothing, style="bright_black")], 1
    plain = _LINES_PER_CAMPAIGN * len(rows)
    if plain > max(room, _LINES_PER_CAMPAIGN):
        return _brief_campaigns(rows, width, lang, room=max(room, 3))
    outlooks = [outlook_lines(row, lang) for row in rows]
    used = plain + sum(map(len, outlooks))
    if used > room:
        outlooks, used = [[] for _ in rows], plain
    lines: list[RenderableType] = []
    for row, outlook in zip(rows, outlooks, strict=True):
        lines += _full_campaign(row, width, lang, zone, trends.get(row.name, Trend()), with_decision=not outlook)
        lines += outlook
    return lines, used


def _full_campaign(
    row: CampaignRow, width: int, lang: Lang, zone: tzinfo | None, trend: Trend, *, with_decision: bool
) -> list[RenderableType]:
    return [
        _campaign_title(row, lang),
        *_tiles(row, lang),
        _progress(row, width, lang, zone),
        _pulse(row, width, lang, trend, with_decision=with_decision),
    ]


def _campaign_title(row: CampaignRow, lang: Lang) -> RenderableType:
    title = Text.assemble(
        (str(row.name), "bold"),
        " · ",
        (word(row.state, lang), _CAMPAIGN_STYLES.get(row.state, "bright_black")),
        (f" · {word(row.mode, lang)}", "bright_black"),
    )
    return Rule(title, style="bright_black", align="left")


def _tiles(row: CampaignRow, lang: Lang) -> list[RenderableType]:
    abandonment = ratio_of(row.abandoned, row.answered)
    tiles = [
        (lang.pick("拨打", "dialled"), Text(f"{row.dialled:,}", "bold")),
        (lang.pick("接听", "answered"), Text(f"{row.answered:,}", "bold")),
        (lang.pick("接听率", "rate"), Text(percent(ratio_of(row.answered, row.dialled)), "bold")),
        (lang.pick("接通", "bridged"), Text(f"{row.bridged:,}", "bold green")),
        (lang.pick("弃呼率", "abandoned"), against_target(abandonment, row.target_abandonment_ratio)),
        (lang.pick("占用率", "occup."), Text(percent(row.occupancy_ratio), "bold")),
        (lang.pick("接续 ms", "connect ms"), _latency(row)),
        (lang.pick("在途", "in air"), Text(str(row.in_air), "bold cyan" if row.in_air else "bold")),
    ]
    grid = Table.grid(expand=True, padding=(0, 1, 0, 0))
    for _ in tiles:
        grid.add_column(no_wrap=True, justify="left")
    grid.add_row(*(Text(f" {label}", "bright_black") for label, _ in tiles))
    grid.add_row(*(Text(" ").append_text(value) for _, value in tiles))
    return [grid]


def _latency(row: CampaignRow) -> Text:
    if row.connect_ms_p50 is None:
        return Text("–", "bold")
    p99 = "" if row.connect_ms_p99 is None else f" p99 {row.connect_ms_p99:.1f}"
    return Text.assemble((f"{row.connect_ms_p50:.1f}", "bold"), (p99, "bright_black"))


def _progress(row: CampaignRow, width: int, lang: Lang, zone: tzinfo | None) -> RenderableType:
    done = row.accounts_done / row.accounts_total if row.accounts_total else 0.0
    length = max(8, min(40, width // 5))
    full = steps(done, length)
    promised = lang.pick(
        f"{row.promises:,} 笔 {_amount(row.promised_amount)} 元",
        f"{row.promises:,} of {_amount(row.promised_amount)}",
    )
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(lang.pick(" 名单 ", " list "), "bright_black")
    text.append(full.rstrip("─"), "green").append("─" * full.count("─"), "bright_black")
    text.append(f" {percent(ratio_of(row.accounts_done, row.accounts_total))}")
    text.append(f" {row.accounts_done:,}/{row.accounts_total:,}", "bright_black")
    text.append(lang.pick("  承诺 ", "  promises "), "bright_black").append(promised, "bold")
    if row.accounts_waiting:
        due = f" {row.next_due_at.astimezone(zone):%H:%M}" if row.next_due_at else ""
        waiting = lang.pick(f"  待拨 {row.accounts_waiting:,}", f"  waiting {row.accounts_waiting:,}")
        text.append(waiting + due, "bright_black")
    return text


def _amount(text: str) -> str:
    whole, dot, cents = text.partition(".")
    return (f"{int(whole):,}" if whole.lstrip("-").isdigit() else whole) + dot + cents


def _pulse(row: CampaignRow, width: int, lang: Lang, trend: Trend, *, with_decision: bool) -> RenderableType:
    length = max(6, width // 8)
    text = Text(no_wrap=True, overflow="ellipsis")
    for label, values in (
        (lang.pick("接听率", "answers"), trend.answer_ratios),
        (lang.pick("占用率", "occup."), trend.occupancy_ratios),
    ):
        drawn = spark(values[-length:], high=1.0).rjust(length)
        text.append(f" {label} ", "bright_black").append(drawn, "cyan")
    if row.idle_reason:
        text.append(f"  {_idle_reason(row, lang)}", "yellow")
    elif row.pacing and with_decision:
        text.append(lang.pick("  节奏 ", "  pacing "), "bright_black").append_text(decision_text(row, lang))
    return text


def _brief_campaigns(
    rows: Sequence[CampaignRow], width: int, lang: Lang, *, room: int
) -> tuple[list[RenderableType], int]:
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="bright_black")
    table.add_column(lang.pick(" 活动", " campaign"), no_wrap=True, ratio=1)
    heads = (("状态", "state"), ("拨打", "dialled"), ("接听率", "rate"), ("接通", "bridged"),
             ("弃呼率", "abandoned"), ("占用率", "occup."), ("在途", "in air"), ("名单", "list"))  # fmt: skip
    for zh, en in heads:
        table.add_column(lang.pick(zh, en), no_wrap=True, justify="left" if en == "state" else "right")
    if width >= _WIDE:
        table.add_column(lang.pick("受限于", "limit"), no_wrap=True)
    shown = rows if len(rows) < room else rows[: room - 2]
    for row in shown:
        table.add_row(
            f" {escape(row.name)}",
            Text(word(row.state, lang), _CAMPAIGN_STYLES.get(row.state, "bright_black")),
            f"{row.dialled:,}",
            percent(ratio_of(row.answered, row.dialled)),
            f"{row.bridged:,}",
            against_target(ratio_of(row.abandoned, row.answered), row.target_abandonment_ratio),
            percent(row.occupancy_ratio),
            str(row.in_air),
            percent(ratio_of(row.accounts_done, row.accounts_total)),
            *([limit_word(row.limit, lang)] if width >= _WIDE else []),
        )
    hidden = len(rows) - len(shown)
    more = [Text(lang.pick(f" … 另有 {hidden} 个活动", f" … {hidden} more campaigns"), "bright_black")]
    return [table, *(more if hidden else [])], 1 + len(shown) + bool(hidden)


# --- one line ------------------------------------------------------------------------------------------


def plain_line(snapshot: Snapshot, lang: Lang, *, zone: tzinfo | None = None) -> str:
    """The board in one line without colours."""
    ready = sum(row.state is AgentState.READY for row in snapshot.agents)
    talking = sum(row.state is AgentState.TALKING for row in snapshot.agents)
    online = sum(row.state is not AgentState.OFFLINE for row in snapshot.agents)
    staff = lang.pick(
        f"坐席 {online} 在线 {talking} 通话 {ready} 就绪",
        f"agents {online} online {talking} talking {ready} ready",
    )
    lost = [row.name for row in snapshot.servers if not row.connected]
    parts = [
        f"{snapshot.at.astimezone(zone):%H:%M:%S}",
        staff,
        *(_plain_campaign(row, lang) for row in snapshot.campaigns),
        *(lang.pick(f"{name} 断开", f"{name} disconnected") for name in lost),
        *(f"! {alert}" for alert in _alerts(snapshot, lang)),
    ]
    return " | ".join(parts)


def _plain_campaign(row: CampaignRow, lang: Lang) -> str:
    abandoned = percent(ratio_of(row.abandoned, row.answered), 1)
    rate = percent(ratio_of(row.answered, row.dialled))
    return lang.pick(
        f"{row.name} {word(row.state, lang)} 拨打 {row.dialled} 接听 {row.answered} ({rate}) 接通 {row.bridged} "
        f"弃呼率 {abandoned} 占用率 {percent(row.occupancy_ratio)} 在途 {row.in_air} 承诺 {row.promises}"
        + plain_outlook(row, lang),
        f"{row.name} {word(row.state, lang)} dialled {row.dialled} answered {row.answered} ({rate}) "
        f"bridged {row.bridged} abandoned {abandoned} occupancy {percent(row.occupancy_ratio)} "
        f"in air {row.in_air} promises {row.promises}" + plain_outlook(row, lang),
    )
