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
from dialer.cli.board_pacing import budget_text, decision_text
from dialer.cli.lang import Lang, limit_word, word
from dialer.snapshot import AgentRow, BudgetRow, CallRow, CampaignRow, ForecastRow, ServerRow, Snapshot
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
        answered_today=1176,
        abandoned_today=12,
        pacing="2 of 5: budget",
        limit="budget",
        forecast=ForecastRow(within_s=32.0, agents_free=4.24, answers=3.06),
        budget=BudgetRow(window="day", left=3.17, aim_ratio=0.021),
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
    "large numbers": floor(
        [agent(1)],
        campaigns=[
            replace(
                campaign(),
                answered_today=123_456,
                abandoned_today=2_345,
                pacing="1234 of 2345: calls_per_s",
                limit="calls_per_s",
                forecast=ForecastRow(within_s=32.0, agents_free=321.4, answers=298.7),
                budget=BudgetRow(window="30 days", left=1234.5, aim_ratio=0.021),
            )
        ],
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
                   "62%", "620/1,000", "12 笔 34,150.00 元", "10:30", "李娜", "坐席 5", "在途 1",
                   "0088"):  # fmt: skip
        assert wanted in text, wanted


OUTLOOK = {
    Lang.EN: (
        " in 32 s 4.2 agents free, 3.1 answers  decided 2 of 5: abandonment budget",
        " abandoned today 12/1,176 1.0% ≤3.0%  3.2 more may be lost today",
    ),
    Lang.ZH: (
        " 32 秒内 坐席空出 4.2  将接听 3.1  上次拨 2/5，受限于 弃呼额度",
        " 今日弃呼 12/1,176 1.0% ≤3.0%  今日还可弃呼 3.2 通",
    ),
}


@pytest.mark.parametrize("lang", list(Lang))
def test_of_a_predictive_campaign_the_forecast_the_budget_and_what_binds_are_shown(lang: Lang) -> None:
    lines = [line.rstrip() for line in drawn(render(FLOORS["five"], 80, lang, height=24, zone=SHANGHAI), 80)]
    assert [line for line in lines if line in OUTLOOK[lang]] == list(OUTLOOK[lang])
    said = plain_line(FLOORS["five"], lang)
    assert "4.2" in said and OUTLOOK[lang][1].rpartition("  ")[2] in said


def test_of_large_numbers_nothing_is_cut_off_in_80_columns() -> None:
    for lang in Lang:
        text = "\n".join(drawn(render(FLOORS["large numbers"], 80, lang, height=24, zone=SHANGHAI), 80))
        for wanted in (lang.pick("1234/2345", "1234 of 2345"), "2,345/123,456", "1,234 ", "299"):
            assert wanted in text, wanted
        assert "…" not in text


def test_of_another_mode_only_the_decision_is_shown() -> None:
    row = replace(campaign(), mode=Mode.POWER, pacing="3 of 4: trunk", limit="trunk", forecast=None, budget=None)
    text = "\n".join(drawn(render(floor(campaigns=[row]), 80, Lang.EN), 80))
    assert "pacing 3 of 4: trunk channels" in text
    assert "today" not in text


@pytest.mark.parametrize(
    ("lang", "said"),
    [(Lang.ZH, "7/18，受限于 线路、弃呼额度"), (Lang.EN, "7 of 18: trunk channels, abandonment budget")],
)
def test_of_several_servers_every_limit_is_named(lang: Lang, said: str) -> None:
    row = replace(campaign(), pacing="7 of 18: trunk, budget", limit="trunk")
    assert decision_text(row, lang).plain == said
    assert said.rpartition(lang.pick(" ", ": "))[2] in plain_line(floor(campaigns=[row]), lang)


def test_of_a_paused_campaign_the_budget_is_still_shown() -> None:
    row = replace(campaign(), state=CampaignState.PAUSED, forecast=None)
    text = "\n".join(drawn(render(floor(campaigns=[row]), 80, Lang.EN), 80))
    assert "3.2 more may be lost today" in text and "agents free" not in text


def test_with_little_room_the_forecast_is_left_out_before_the_tiles() -> None:
    rows = [campaign(f"m{number}") for number in range(3)]
    text = "\n".join(drawn(render(floor([agent(1)], campaigns=rows), 80, Lang.EN, height=24), 80))
    assert "agents free" not in text
    assert text.count("connect ms") == 3 and text.count("2 of 5: abandonment budget") == 3


@pytest.mark.parametrize(
    ("window", "left", "zh", "en", "colour"),
    [
        ("day", 3.17, "今日还可弃呼 3.2 通", "3.2 more may be lost today", "32"),
        ("hour", 0.4, "一小时内还可弃呼 0.4 通", "0.4 more may be lost in the hour", "33"),
        ("30 days", -1.4, "30 天内已超 1.4 通", "1.4 too many lost in 30 days", "31"),
        ("campaign", 1.0, "本活动还可弃呼 1.0 通", "1.0 more may be lost by the campaign", "32"),
    ],
)
def test_the_window_that_binds_is_named(window: str, left: float, zh: str, en: str, colour: str) -> None:
    budget = BudgetRow(window=window, left=left, aim_ratio=0.01)
    assert (budget_text(budget, Lang.ZH), budget_text(budget, Lang.EN)) == (zh, en)
    text = coloured(render(floor(campaigns=[replace(campaign(), budget=budget)]), 120, Lang.EN))
    assert f"\x1b[1;{colour}m{en}" in text


@pytest.mark.parametrize("lang", list(Lang))
def test_every_limit_has_its_own_words(lang: Lang) -> None:
    names = ("agents", "ratio", "budget", "trunk", "calls_per_s", "leads", "no_agents", "preview", "store")
    for short in (False, True):
        assert len({limit_word(name, lang, short=short) for name in names}) == len(names)
    assert limit_word("pbx1: not connected", lang) == "pbx1: not connected"


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
