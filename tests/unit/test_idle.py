"""Agents who wait with nothing to dial: the reason is counted off the loop, shown on the board, and logged at times."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import pytest
from rich.console import Console
from structlog.testing import capture_logs

import floor_world as fw
from dialer.cli.board import plain_line, render
from dialer.cli.lang import Lang
from dialer.errors import StoreError
from dialer.facts import CampaignLaunched
from dialer.floor import board
from dialer.idle import IdleWatch
from dialer.settings import AgentSettings, CampaignSettings
from dialer.snapshot import Snapshot, idle_alert
from dialer.types import CampaignName, Mode
from dialer.waterfall import Step, Waterfall, zero_dialable

SAID = "0 dialable: 812 outside hours, 411 at the daily cap, 97 waiting to retry"
STEPS = (
    Step(key="closed", count=5000),
    Step(key="never:dispute", count=3),
    Step(key="waiting", count=97),
    Step(key="gate:hours", count=812),
    Step(key="gate:day:attempts_per_number_per_day", count=400),
    Step(key="gate:day:cn6", count=11),
)


class Counter:
    """Counts how often it is asked, for whom, and in which thread."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], str]] = []
        self.dialable = 0
        self.broken = False

    def __call__(self, campaign: CampaignSettings, at: datetime, agents: Collection[AgentSettings]) -> Waterfall:
        self.asked.append(([agent.id for agent in agents], threading.current_thread().name))
        if self.broken:
            raise StoreError("locked")
        total = sum(step.count for step in STEPS) + self.dialable
        return Waterfall(campaign=campaign.name, list_name="l", at=at, total=total, steps=STEPS, dialable=self.dialable)


class Floor:
    """Two agents, one of them on shift, a campaign whose list gives nothing, and a watch over it."""

    def __init__(self, mode: Mode = Mode.PROGRESSIVE) -> None:
        self.world = fw.World(fw.settings([fw.agent("anna"), fw.agent("bert")]))
        self.world.login("anna")
        self.world.take(CampaignLaunched(settings=fw.campaign(mode=mode)))
        self.world.tick()
        self.world.lease(CampaignName("spring"), (), waiting=909)
        self.count = Counter()
        self.watch = IdleWatch(self.count, self)

    def now_s(self) -> float:
        return self.world.now.s

    def now_at(self) -> datetime:
        return self.world.now.at

    def look(self, after_s: float) -> Snapshot:
        """What the board shows after so many seconds and a look."""
        self.world.wait(after_s)
        asyncio.run(self.watch.look(self.world.floor.state))
        seen = board.snapshot(self.world.floor.state, self.world.now)
        rows = tuple(map(self.watch.row, seen.campaigns))
        return replace(seen, campaigns=rows, alerts=tuple(filter(None, map(idle_alert, rows))))


def test_the_reason_adds_up_what_is_alike_and_leaves_out_what_is_over() -> None:
    held = waterfall().held()
    assert zero_dialable(held) == ("0 可拨：812 时段外，411 已达每日上限，97 等待重拨", SAID)
    assert zero_dialable({}) == ("0 可拨", "0 dialable")


def waterfall() -> Waterfall:
    return Counter()(fw.campaign(), fw.EPOCH, ())


@pytest.mark.parametrize("mode", [Mode.PREVIEW, Mode.PROGRESSIVE, Mode.POWER, Mode.PREDICTIVE])
def test_agents_idle_for_ten_seconds_are_told_with_the_reason_in_every_mode(mode: Mode) -> None:
    floor = Floor(mode)
    assert floor.look(5.0).alerts == ()
    assert floor.count.asked == [], "nobody has waited for long enough"
    seen = floor.look(6.0)
    assert seen.alerts == (f"spring: 1 agents idle, {SAID}",)
    assert (seen.campaigns[0].idle_reason, seen.campaigns[0].not_dialable["gate:hours"]) == (SAID, 812)


def test_it_is_counted_in_another_thread_for_those_on_shift_and_every_ten_seconds() -> None:
    floor = Floor()
    for _ in range(3):
        floor.look(11.0 if not floor.count.asked else 1.0)
    assert len(floor.count.asked) == 1
    floor.look(10.0)
    assert len(floor.count.asked) == 2
    agents, thread = floor.count.asked[0]
    assert agents == ["anna"]
    assert thread != threading.current_thread().name


def test_the_log_is_warned_once_a_minute() -> None:
    floor = Floor()
    with capture_logs() as logs:
        for second in range(11, 11 + 130):
            floor.look(11.0 if second == 11 else 1.0)
    warnings = [line for line in logs if line["event"] == "agents.idle"]
    assert [(line["log_level"], line["campaign"], line["agents"]) for line in warnings] == [
        ("warning", "spring", 1)
    ] * 3
    assert warnings[0]["reason"] == SAID
    assert warnings[0]["held_back"]["gate:hours"] == 812


def test_it_is_over_when_the_agent_has_something_to_do() -> None:
    floor = Floor()
    floor.look(11.0)
    floor.world.tell("anna", "pause")
    seen = floor.look(1.0)
    assert (seen.alerts, seen.campaigns[0].not_dialable) == ((), {})


def test_a_store_that_cannot_be_read_leaves_what_the_floor_knows() -> None:
    floor = Floor()
    floor.count.broken = True
    (alert,) = floor.look(11.0).alerts
    assert alert.startswith("spring: 1 agents idle, 0 dialable")


def test_accounts_that_are_dialable_and_not_in_hand_yet_are_not_called_zero() -> None:
    floor = Floor()
    floor.count.dialable = 7
    assert floor.look(11.0).campaigns[0].idle_reason == "7 dialable, not in hand yet"


def test_the_board_says_it_in_the_readers_language() -> None:
    seen = Floor().look(11.0)
    for lang, said in ((Lang.EN, f"1 agents idle, {SAID}"), (Lang.ZH, "spring：1 名坐席空闲，0 可拨：812 时段外")):
        console = Console(width=140, record=True, file=io.StringIO())
        console.print(render(seen, 140, lang))
        assert said in console.export_text()
        assert said in plain_line(seen, lang)
