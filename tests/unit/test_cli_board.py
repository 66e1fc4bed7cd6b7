"""The board on constructed snapshots: nothing is lost, nothing overflows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from dialer.cli.board import Board, plain_line, render
from dialer.cli.lang import Lang, word
from dialer.snapshot import AgentRow, CallRow, CampaignRow, ServerRow, Snapshot
from dialer.types import (
    AgentId,
    AgentState,
    AttemptId,
    CallState,
    CampaignName,
    CampaignState,
    Mode,
    Outcome,
    ServerName,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 2, 1, 30, 5, tzinfo=UTC)
NAMES = ("李娜", "王伟", "欧阳建国", "Alexandra Longname-Hyphenated", "陈思")


def agent(index: int, state: AgentState = AgentState.READY) -> AgentRow:
    return AgentRow(
        agent_id=AgentId(f"agent{index:03}"),
        name=NAMES[index % len(NAMES)],
        state=state,
        since_s=61.0 + index,
        customer="王* +86 139****1234" if state is AgentState.TALKING else "",
        talk_s=500,
        wrap_up_s=100,
        logged_in_s=1100,
        paused_s=100,
    )


def call(index: int, state: CallState) -> CallRow:
    return CallRow(
        attempt_id=AttemptId(f"att-{index}"),
        campaign=CampaignName("m1"),
        state=state,
        age_s=float(index),
        customer="张* +86 138****0088",
    )


def campaign(name: str = "m1", *, abandoned: int = 1) -> CampaignRow:
    return CampaignRow(
        name=CampaignName(name),
        state=CampaignState.RUNNING,
        mode=Mode.PREDICTIVE,
        dialled=1200,
        answered=100,
        bridged=97,
        abandoned=abandoned,
        in_air=7,
        outcomes={},
        dispositions={},
        promises=12,
        promised_amount="34150.00",
        accounts_total=1000,
        accounts_done=620,
        accounts_waiting=30,
        next_due_at=datetime(2026, 3, 2, 2, 30, tzinfo=UTC),
        occupancy_ratio=0.82,
        connect_ms_p50=1.44,
        connect_ms_p99=2.06,
        pacing="2 of 5: budget",
    )


def floor(
    agents: Sequence[AgentRow] = (), calls: Sequence[CallRow] = (), campaigns: Sequence[CampaignRow] = ()
) -> Snapshot:
    return Snapshot(
        at=AT,
        uptime_s=3723.0,
        agents=tuple(agents),
        calls=tuple(calls),
        campaigns=tuple(campaigns),
        servers=(ServerRow(name=ServerName("pbx1"), connected=True),),
    )


def drawn(renderable: RenderableType, width: int) -> list[str]:
    console = Console(width=width, force_terminal=False, color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get().rstrip("\n").split("\n")


def coloured(renderable: RenderableType) -> str:
    console = Console(width=120, force_terminal=True, color_system="standard", legacy_windows=False)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


STATES = tuple(AgentState)
FLOORS = {
    "nobody": floor(),
    "no campaign": floor([agent(1)]),
    "no agent": floor(campaigns=[campaign()]),
    "five": floor([agent(i, STATES[i]) for i in range(5)], [call(1, CallState.RINGING)], [campaign()]),
    "every state": floor(
        [agent(i, state) for i, state in enumerate(STATES)],
        [call(i, state) for i, state in enumerate(CallState)],
        [campaign("m1"), campaign("M2-中期")],
    ),
    "two hundred": floor(
        [agent(i, STATES[i % 8]) for i in range(200)],
        [call(i, CallState.RINGING) for i in range(500)],
        [campaign()],
    ),
    "twenty campaigns": floor([agent(1)], campaigns=[campaign(f"campaign-{i:02}") for i in range(20)]),
}


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (60, 15), (200, 60)])
@pytest.mark.parametrize("name", FLOORS)
def test_no_line_is_too_long_and_no_board_too_high(name: str, width: int, height: int, lang: Lang) -> None:
    lines = drawn(render(FLOORS[name], width, lang, height=height, zone=SHANGHAI), width)
    assert max(cell_len(line) for line in lines) <= width
    assert len(lines) <= height


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_what_a_supervisor_looks_for_is_there(width: int, height: int) -> None:
    text = "\n".join(drawn(render(FLOORS["five"], width, Lang.ZH, height=height, zone=SHANGHAI), width))
    for wanted in ("09:30:05", "1:02:03", "m1", "运行中", "预测式", "1,200", "8%", "1.0%", "≤3.0%", "82%", "1.4", "2.1",
                   "62%", "620/1,000", "12 笔 34,150.00 元", "10:30", "2 of 5: budget", "李娜", "坐席 5", "在途 1",
                   "0088"):  # fmt: skip
        assert wanted in text, wanted


@pytest.mark.parametrize(("abandoned", "colour"), [(1, "32"), (3, "33"), (4, "31")])
def test_abandonment_is_green_below_yellow_near_and_red_above_the_target(abandoned: int, colour: str) -> None:
    text = coloured(render(floor(campaigns=[campaign(abandoned=abandoned)]), 120, Lang.EN))
    assert f"\x1b[1;{colour}m{abandoned}.0%" in text


def test_of_too_many_agents_the_busy_ones_are_shown_and_the_rest_is_counted() -> None:
    agents = [agent(i, AgentState.OFFLINE) for i in range(199)] + [agent(199, AgentState.TALKING)]
    text = "\n".join(drawn(render(floor(agents, campaigns=[campaign()]), 80, Lang.EN, height=24), 80))
    assert "talking" in text
    shown = text.count("●") - 1  # one is the server's
    assert f"… {200 - shown} more" in text


def test_of_too_many_calls_those_that_wait_are_shown_first() -> None:
    calls = [call(i, CallState.RINGING) for i in range(50)] + [call(50, CallState.ANSWERED)]
    text = "\n".join(drawn(render(floor([agent(1)], calls, [campaign()]), 80, Lang.EN, height=24), 80))
    first = next(line for line in text.splitlines() if "0088" in line)
    assert "answered" in first
    assert "more" in text


def test_a_lost_server_and_an_alert_are_told() -> None:
    snapshot = replace(
        floor(), servers=(ServerRow(name=ServerName("pbx1"), connected=False, reason="refused"),), alerts=("disk full",)
    )
    text = "\n".join(drawn(render(snapshot, 80, Lang.EN), 80))
    assert "pbx1 refused" in text
    assert "disk full" in text
    assert "pbx1 disconnected" in plain_line(snapshot, Lang.EN)
    assert "! disk full" in plain_line(snapshot, Lang.EN)


def test_rates_have_a_history_that_rises_with_them() -> None:
    board = Board(Lang.EN)
    snapshot = floor(campaigns=[replace(campaign(), dialled=0, answered=0)])
    for minute in range(8):
        row = snapshot.campaigns[0]
        row = replace(row, dialled=row.dialled + 100, answered=row.answered + 10 * minute, occupancy_ratio=minute / 8)
        snapshot = replace(snapshot, at=snapshot.at + timedelta(minutes=1), campaigns=(row,))
        board.feed(snapshot)
    pulse = next(line for line in drawn(board.render(snapshot, 120, 40), 120) if "occup." in line and "answers" in line)
    assert "▁▂▃▄▅▅▆" in pulse  # 10 % to 70 % of 100
    assert "▁▂▃▄▅▆▇█"[:7] in pulse


def test_snapshots_in_quick_succession_are_one_sample() -> None:
    board, snapshot = Board(Lang.EN), floor(campaigns=[campaign()])
    for _ in range(100):
        snapshot = replace(snapshot, at=snapshot.at + timedelta(milliseconds=50))
        board.feed(snapshot)
    pulse = next(line for line in drawn(board.render(snapshot, 80, 24), 80) if "answers" in line)
    assert sum(char in "▁▂▃▄▅▆▇█" for char in pulse) == 1  # one occupancy, no rate yet


def test_markup_in_a_name_is_text() -> None:
    odd = replace(agent(1), name="[red]x[/red]")
    text = "\n".join(drawn(render(floor([odd], campaigns=[campaign()]), 80, Lang.EN), 80))
    assert "[red]x" in text


def test_every_state_has_a_word_in_both_languages() -> None:
    for kind in (AgentState, CallState, CampaignState, Mode, Outcome):
        for member in kind:
            assert word(member, Lang.ZH) != word(member, Lang.EN)


def test_states_of_the_same_name_are_told_apart() -> None:
    assert word(AgentState.PAUSED, Lang.ZH) == "小休"
    assert word(CampaignState.PAUSED, Lang.ZH) == "已暂停"


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({"LANG": "zh_CN.UTF-8"}, Lang.ZH),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, Lang.EN),
        ({"LANG": "de_DE"}, Lang.EN),
        ({}, Lang.EN),
    ],
)
def test_the_language_comes_from_the_locale(environment: dict[str, str], lang: Lang) -> None:
    assert Lang.of_environment(environment) is lang
