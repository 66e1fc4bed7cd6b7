"""Reports: the same figures on the terminal and on the page, and a page that fetches nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from dialer.cli.charts import bar, clock, percent, spark, steps
from dialer.cli.lang import Lang
from dialer.cli.report_html import render_html
from dialer.cli.report_text import render_report
from dialer.cli.report_view import View, bucket_for, milliseconds, seconds, view_of
from dialer.cli.reports import as_json
from dialer.cli.svg import nice_top
from dialer.report import AgentLine, CampaignReport, ListProgress, TimeBucket, TrunkLine, spread
from dialer.settings import (
    AgentSettings,
    CallingRules,
    CampaignSettings,
    DialerSettings,
    DispositionSettings,
    MessageSettings,
)
from dialer.types import AgentId, CampaignName, DispositionCode, ServerName, TrunkName

SINCE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
NASTY = '<script src="http://evil.test/x.js">&'

SETTINGS = DialerSettings(
    source=Path("dialer.yaml"),
    store_path=Path("s"),
    recordings_path=Path("r"),
    control_path=Path("c"),
    log_path=None,
    runtime_path=Path("t"),
    servers=(),
    trunks=(),
    agents=(AgentSettings(id=AgentId("a01"), name="李娜", server=ServerName("s"), extension="1001", secret="x" * 8),),
)
CAMPAIGN = CampaignSettings(
    name=CampaignName("m1"),
    source=Path("m1.yaml"),
    title="早期逾期",
    list_name="june",
    trunks=(TrunkName("carrier"),),
    rules=CallingRules(windows={}),
    default_disposition=DispositionCode("none"),
    dispositions=(
        DispositionSettings(code=DispositionCode("ptp"), digits="1", label_zh="承诺还款", label_en="Promise to pay"),
    ),
    next_steps=(),
    messages=MessageSettings(abandoned="sorry"),
)


def report(*, answered: int = 100, abandoned: int = 2, buckets: int = 48) -> CampaignReport:
    return CampaignReport(
        campaign=CampaignName("m1"),
        since=SINCE,
        until=SINCE + timedelta(hours=12),
        attempts=320,
        by_outcome={"bridged": answered - abandoned, "abandoned": abandoned, "busy": 20, "no_answer": 198, "open": 2},
        answered=answered,
        bridged=answered - abandoned,
        abandoned=abandoned,
        wait_s=spread([0.002, 0.004, 1.9]),
        connect_ms=spread([1.4, 2.1]),
        talk_s=9000.0,
        mean_talk_s=91.8,
        dispositions={"ptp": 12, "gone": 3},
        promises=12,
        promised=Decimal("34150.50"),
        agents=(
            AgentLine(
                agent_id=AgentId("a01"),
                calls=98,
                talk_s=9000.0,
                wrap_up_s=900.0,
                logged_in_s=14000.0,
                paused_s=600.0,
                ready_s=3500.0,
                occupancy_ratio=0.739,
                right_party=40,
                promises=12,
            ),
        ),
        trunks=(
            TrunkLine(
                trunk=TrunkName("carrier"),
                attempts=320,
                answered=105,
                answer_seizure_ratio=0.328,
                post_dial_delay_s=1.25,
                failures=3,
            ),
        ),
        bucket_s=900.0,
        buckets=tuple(
            TimeBucket(
                begins_at=SINCE + timedelta(seconds=900 * index),
                attempts=index % 9,
                answered=index % 5,
                abandoned=1 if index == 7 else 0,
                at_work_s=1800.0 if index % 9 else 0.0,
                busy_s=1350.0 if index % 9 else 0.0,
            )
            for index in range(buckets)
        ),
        progress=ListProgress(total=1000, done=620, waiting=300, dialable_now=80, on_hold=20, never=15),
    )


EMPTY = CampaignReport(
    campaign=CampaignName("m1"),
    since=SINCE,
    until=SINCE,
    attempts=0,
    by_outcome={},
    answered=0,
    bridged=0,
    abandoned=0,
    wait_s=spread([]),
    connect_ms=spread([]),
    talk_s=0.0,
    mean_talk_s=None,
    dispositions={},
    promises=0,
    promised=Decimal(0),
    agents=(),
    trunks=(),
    bucket_s=900.0,
    buckets=(),
    progress=ListProgress(total=0, done=0, waiting=0, dialable_now=0, on_hold=0, never=0),
)


def view(told: CampaignReport, lang: Lang = Lang.ZH) -> View:
    return view_of(told, CAMPAIGN, SETTINGS, lang)


def terminal(told: CampaignReport, width: int, lang: Lang = Lang.ZH) -> str:
    console = Console(width=width, force_terminal=False, color_system=None)
    with console.capture() as capture:
        console.print(render_report(view(told, lang), width))
    return capture.get()


FIGURES = ("早期逾期", "320", "31.2%", "2.0%", "≤ 3.0%", "1:31", "1.4 ms", "2.1 ms", "34,150.50 元", "62%", "李娜",
           "74%", "carrier", "32.8%", "1.25 s", "承诺还款", "gone", "无人接听", "198", "进行中")  # fmt: skip


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_tells_every_figure(width: int) -> None:
    text = terminal(report(), width)
    assert [wanted for wanted in FIGURES if wanted not in text] == []
    assert max(cell_len(line) for line in text.splitlines()) <= width


def test_the_page_tells_the_same_figures() -> None:
    page = render_html([view(report())])
    assert [wanted for wanted in FIGURES if wanted not in page] == []


@pytest.mark.parametrize("lang", list(Lang))
def test_a_campaign_that_never_dialled_is_shown_without_ratios(lang: Lang) -> None:
    assert "–" in terminal(EMPTY, 80, lang)
    assert "nan" not in render_html([view(EMPTY, lang)]).lower()


def test_too_much_abandonment_is_marked() -> None:
    assert view(report(abandoned=4)).breaks_target
    assert not view(report(abandoned=3)).breaks_target
    assert 'class="figure bad"' in render_html([view(report(abandoned=4))])
    assert 'class="figure good"' in render_html([view(report(abandoned=3))])


def test_the_page_is_well_formed_and_fetches_nothing() -> None:
    odd = replace(CAMPAIGN, title=NASTY)
    page = render_html([view_of(report(), odd, SETTINGS, Lang.EN)])
    assert NASTY not in page
    assert re.findall(r"(?:src|href|url)\s*[=(]", page.replace("&lt;script src=", "")) == []
    assert "default-src 'none'" in page
    body = page[page.index("<body>") : page.index("</body>") + len("</body>")]
    tree = ElementTree.fromstring(body)  # every tag closed, every character escaped
    assert len(tree.findall(".//svg")) == 6
    assert tree.find(".//script") is None


def test_the_curve_of_the_campaign_so_far_ends_at_its_abandonment() -> None:
    told = report()
    answered = sum(one.answered for one in told.buckets)
    assert view(told).points[-1].abandonment_so_far == pytest.approx(1 / answered)
    assert view(told).points[7].abandonment_ratio == 0.5  # 1 of 2


def test_what_was_lost_is_held_against_what_the_target_allowed_so_far() -> None:
    told = view(report())
    points, answered = told.points, sum(one.answered for one in told.report.buckets)
    assert [point.lost_so_far for point in points[6:9]] == [0, 1, 1]
    assert points[7].allowed_so_far == pytest.approx(0.03 * (0 + 1 + 2 + 3 + 4 + 0 + 1 + 2))
    assert points[-1].lost_so_far == 1
    assert points[-1].allowed_so_far == pytest.approx(0.03 * answered)
    assert told.budget_text == "弃呼 2，额度 3.0（接听 100 × 3.0%）"
    page = render_html([told])
    assert told.budget_text in page
    assert f"弃呼 1, 额度 {0.03 * answered:,.1f}" in page


def test_occupancy_over_time_has_gaps_where_nobody_was_at_work() -> None:
    points = view(report()).points
    assert [point.occupancy_ratio for point in points[8:11]] == [0.75, None, 0.75]
    assert [point.agents for point in points[8:11]] == [2.0, 0.0, 2.0]
    line = next(line for line in terminal(report(), 120).splitlines() if line.startswith(" 占用率"))
    assert line[1:].split()[1].startswith("▇▇▇▇▇▇▇▇") and line.rstrip().endswith("75.0%")


def test_json_tells_what_follows_from_the_figures() -> None:
    plain = as_json(view(report()))
    assert isinstance(plain, dict)
    assert (plain["target_abandonment_ratio"], plain["abandonment_ratio"]) == (0.03, 0.02)
    assert plain["occupancy_ratio"] == pytest.approx(0.75)
    buckets = plain["buckets"]
    assert isinstance(buckets, list) and isinstance(buckets[7], dict)
    assert buckets[7] | {"begins_at": ""} == {
        "begins_at": "",
        "attempts": 7,
        "answered": 2,
        "abandoned": 1,
        "abandonment_ratio": 0.5,
        "abandoned_so_far": 1,
        "allowed_so_far": pytest.approx(0.39),
        "at_work_s": 1800.0,
        "busy_s": 1350.0,
        "occupancy_ratio": 0.75,
    }


def test_bars_are_drawn_largest_first_and_share_one_whole() -> None:
    bars = view(report()).outcomes
    assert [one.count for one in bars] == [198, 98, 20, 2, 2]
    assert sum(one.share for one in bars) == pytest.approx(1.0)


@pytest.mark.parametrize("hours", [0.01, 1, 12, 24 * 3, 24 * 30, 24 * 365])
def test_a_curve_has_at_most_a_hundred_points(hours: float) -> None:
    assert hours * 3600 / bucket_for(timedelta(hours=hours)) <= 100


# --- drawing in text -----------------------------------------------------------------------------------


@given(st.floats(0, 1), st.integers(1, 200))
def test_bars_are_exactly_as_wide_as_asked(ratio: float, width: int) -> None:
    assert len(bar(ratio, width)) == width
    assert len(steps(ratio, width)) == width


def test_progress_is_full_only_at_the_end_and_begun_as_soon_as_anything_is_done() -> None:
    assert steps(0.0, 10) == "─" * 10
    assert steps(0.001, 10).count("━") == 1
    assert steps(0.999, 10).count("━") == 9
    assert steps(1.0, 10) == "━" * 10


@pytest.mark.parametrize(
    ("values", "high", "drawn"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7, 8], 8.0, "▁▂▃▄▅▆▇██"),
        ([None, 0.5, None], 1.0, " ▅ "),
        ([0, 0], None, "▁▁"),
        ([], None, ""),
        ([5], None, "█"),
        ([9], 1.0, "█"),
    ],
)
def test_a_sparkline_has_one_block_for_each_value(
    values: Sequence[float | None], high: float | None, drawn: str
) -> None:
    assert spark(values, high=high) == drawn


@pytest.mark.parametrize(("seconds_", "text"), [(0, "0:00"), (59.9, "0:59"), (754, "12:34"), (3723, "1:02:03")])
def test_durations_read_like_a_clock(seconds_: float, text: str) -> None:
    assert clock(seconds_) == text


def test_nothing_counted_is_a_dash_and_not_a_zero() -> None:
    assert (percent(None), milliseconds(None), seconds(None)) == ("–", "–", "–")
    assert percent(0.0) == "0%"
    assert (seconds(0.0044), seconds(1.5)) == ("4.4 ms", "1.50 s")


@given(st.floats(1e-6, 1e9))
def test_an_axis_ends_at_a_round_number_not_far_above(value: float) -> None:
    top = nice_top(value)
    assert value <= top <= value * 2.5 or top == pytest.approx(value)
