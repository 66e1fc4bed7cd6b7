"""The lower half of the board: who does what, and which calls are in the air."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from dialer.cli.charts import clock, percent
from dialer.cli.lang import Lang, word
from dialer.snapshot import AgentRow, CallRow, Snapshot
from dialer.types import AgentState, CallState

AGENT_STYLES: Final[Mapping[AgentState, str]] = {
    AgentState.TALKING: "bold green",
    AgentState.RESERVED: "magenta",
    AgentState.WRAP_UP: "yellow",
    AgentState.PREVIEWING: "blue",
    AgentState.READY: "bold cyan",
    AgentState.CALLING_IN: "cyan",
    AgentState.PAUSED: "bright_black",
    AgentState.OFFLINE: "bright_black",
}
"""In the order in which agents are shown when not all of them fit."""
CALL_STYLES: Final[Mapping[CallState, str]] = {
    CallState.ANSWERED: "bold yellow",  # somebody is waiting
    CallState.CONNECTING: "magenta",
    CallState.SCREENING: "yellow",
    CallState.TALKING: "bold green",
    CallState.RINGING: "cyan",
    CallState.PLACED: "default",
    CallState.RELEASED: "bright_black",
    CallState.CLOSED: "bright_black",
}
_AGENT_RANK: Final = {state: rank for rank, state in enumerate(AGENT_STYLES)}
_CALL_RANK: Final = {state: rank for rank, state in enumerate(CALL_STYLES)}
_NARROWEST_CALLS: Final = 30
_CELL_WIDTH: Final = 26


def people(snapshot: Snapshot, width: int, lang: Lang, *, room: int) -> RenderableType:
    """Agents on the left and calls on the right, in at most `room` lines, of which one is the heading."""
    lines = room - 1
    if len(snapshot.agents) > lines:
        return Group(
            Rule(
                _agents_heading(snapshot.agents, lang) + _calls_heading(snapshot.calls, lang),
                style="bright_black",
                align="left",
            ),
            _agent_cells(snapshot.agents, width, lang, lines=lines),
        )
    if not snapshot.calls:
        heading = Rule(_agents_heading(snapshot.agents, lang), style="bright_black", align="left")
        return Group(heading, _agent_lines(snapshot.agents, lang, wide=True))
    right = max(_NARROWEST_CALLS, width * 2 // 5)
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=width - right - 1)
    grid.add_column(width=right)
    grid.add_row(
        Rule(_agents_heading(snapshot.agents, lang), style="bright_black", align="left"),
        Rule(_calls_heading(snapshot.calls, lang), style="bright_black", align="left"),
    )
    grid.add_row(
        _agent_lines(snapshot.agents, lang, wide=width >= 100),
        _call_lines(snapshot.calls, lang, lines=lines, wide=width >= 100),
    )
    return grid


def _agents_heading(rows: Sequence[AgentRow], lang: Lang) -> Text:
    text = Text.assemble((lang.pick(f"坐席 {len(rows)}", f"agents {len(rows)}"), "bold"))
    counts = Counter(row.state for row in rows)
    for state, style in AGENT_STYLES.items():
        if counts[state]:
            text.append(" ").append(f"{word(state, lang)} {counts[state]}", style)
    return text


def _calls_heading(rows: Sequence[CallRow], lang: Lang) -> Text:
    return Text.assemble((lang.pick(f" 在途 {len(rows)}", f" in the air {len(rows)}"), "bold"))


def _agent_lines(rows: Sequence[AgentRow], lang: Lang, *, wide: bool) -> RenderableType:
    if not rows:
        return Text(lang.pick(" 没有坐席", " no agents"), "bright_black")
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(no_wrap=True, ratio=3)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, ratio=4)
    table.add_column(no_wrap=True, justify="right")
    if wide:
        table.add_column(no_wrap=True, justify="right")
    for row in rows:
        style = AGENT_STYLES[row.state]
        cells = [
            _named(row, style),
            Text(word(row.state, lang), style),
            Text(clock(row.since_s) if row.state is not AgentState.OFFLINE else "", style),
            Text(_short(row.customer, wide=wide) or row.reason, "default" if row.customer else "bright_black"),
            Text(_count(row.calls, lang, wide=wide), "bright_black"),
        ]
        table.add_row(*cells, *([Text(percent(agent_occupancy(row)), "bright_black")] if wide else []))
    return table


def _short(customer: str, *, wide: bool) -> str:
    """`王* +86 139****1234` is `王* 1234` where there is little room."""
    name, _, number = customer.partition(" ")
    return customer if wide or not number else f"{name} {number[-4:]}"


def _count(calls: int, lang: Lang, *, wide: bool) -> str:
    return lang.pick(f"{calls} 通", f"{calls} calls" if wide else str(calls))


def _named(row: AgentRow, style: str) -> Text:
    return Text.assemble((" ● ", style), row.name or row.agent_id)


def agent_occupancy(row: AgentRow) -> float | None:
    """(talk + wrap-up) / (logged in - paused); None before the agent was there."""
    available_s = row.logged_in_s - row.paused_s
    return (row.talk_s + row.wrap_up_s) / available_s if available_s > 0 else None


def _agent_cells(rows: Sequence[AgentRow], width: int, lang: Lang, *, lines: int) -> RenderableType:
    """Many agents: several to a line, the busy ones first, and a last cell that counts the rest."""
    columns = max(1, width // _CELL_WIDTH)
    room = max(1, columns * lines)
    ordered = sorted(rows, key=lambda row: (_AGENT_RANK[row.state], row.agent_id))
    shown = ordered if len(ordered) <= room else ordered[: room - 1]
    cells = [_agent_cell(row, lang) for row in shown]
    if hidden := len(ordered) - len(shown):
        cells.append(Text(lang.pick(f" … 另有 {hidden} 人", f" … {hidden} more"), "bright_black"))
    grid = Table.grid(expand=True)
    for _ in range(columns):
        grid.add_column(no_wrap=True, ratio=1)
    for first in range(0, len(cells), columns):
        grid.add_row(*cells[first : first + columns])
    return grid


def _agent_cell(row: AgentRow, lang: Lang) -> Text:
    style = AGENT_STYLES[row.state]
    timer = "" if row.state is AgentState.OFFLINE else f" {clock(row.since_s)}"
    text = _named(row, style)
    text.truncate(14, overflow="ellipsis")
    return text.append(f" {word(row.state, lang)}{timer}", style)


def _call_lines(rows: Sequence[CallRow], lang: Lang, *, lines: int, wide: bool) -> RenderableType:
    """The calls that need eyes first: somebody waiting, then talking, then ringing; the oldest of each first."""
    ordered = sorted(rows, key=lambda row: (_CALL_RANK[row.state], -row.age_s))
    shown = ordered if len(ordered) <= lines else ordered[: max(0, lines - 1)]
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, ratio=3)
    table.add_column(no_wrap=True, ratio=2)
    if wide:
        table.add_column(no_wrap=True, ratio=2)
    for row in shown:
        style = CALL_STYLES[row.state]
        cells = [
            Text(f" {word(row.state, lang)}", style),
            Text(clock(row.age_s), style),
            Text(_short(row.customer, wide=False)),
            Text(row.agent_id or "", "bright_black"),
        ]
        table.add_row(*cells, *([Text(row.campaign, "bright_black")] if wide else []))
    if hidden := len(ordered) - len(shown):
        more = Text(lang.pick(f" … 另有 {hidden} 通", f" … {hidden} more"), "bright_black")
        return Group(table, more)
    return table
