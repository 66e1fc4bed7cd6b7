"""The script reaches the agent's display without the floor or the event loop having to wait for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from dialer.account_events import EventKind
from dialer.briefings import Briefings, StoreBriefer
from dialer.cli.main import app
from dialer.config import load_dialer
from dialer.config.playbook import load_playbook
from dialer.effects import (
    Bridge,
    CloseAttempt,
    Effect,
    Originate,
    Permit,
    SaveAgentState,
    SaveAttempt,
    SaveCallEvent,
    Show,
)
from dialer.errors import StoreError
from dialer.scripting import Prepared
from dialer.scripts.brief import BETWEEN, MOST_BYTES, brief, cut
from dialer.scripts.model import Language
from dialer.settings import DialerSettings
from dialer.store import happened
from dialer.store.sqlite import SqliteStore
from dialer.types import AgentId, AgentState, AttemptId, ServerName
from tests.unit.script_cases import SEGMENTS, SHIPPED, said
from tests.unit.store_cases import AT, account, closed, placed, stocked, take

NAME = "王* 0001"


class FixedClock:
    """A moment that stays."""

    def now_s(self) -> float:
        return 0.0

    def now_at(self) -> datetime:
        return AT


@pytest.fixture
def settings(tmp_path: Path) -> DialerSettings:
    assert CliRunner().invoke(app, ["init", str(tmp_path / "d")]).exit_code == 0
    return load_dialer(tmp_path / "d/config/dialer.yaml")


@pytest.fixture
def attempt(settings: DialerSettings) -> SaveAttempt:
    store = stocked(SqliteStore.create(settings.store_path), [account("LN-0001", 1, days=3, due="1280.50")])
    (lead,) = take(store)
    made = placed(lead, "att-1")
    assert store.apply([made]) == ()
    store.close()
    return made


def briefer(settings: DialerSettings) -> StoreBriefer:
    folder = settings.source.parent
    return StoreBriefer(
        settings,
        lambda: SqliteStore.open(settings.store_path),
        lambda: load_playbook(folder, SHIPPED, {}),
        lambda: (folder / "strategies.yaml",),
        FixedClock(),
    )


def effects(attempt: SaveAttempt) -> list[Effect]:
    """What the floor says of a call that an agent takes."""
    permit = object.__new__(Permit)
    return [
        attempt,
        Originate(
            permit=permit,
            attempt_id=attempt.attempt_id,
            server=ServerName("a"),
            trunk=attempt.trunk,
            caller_id="",
            display_name=NAME,
            display_number="+86 139****0001",
            ring_timeout_s=30,
            wait_s=1.5,
            message="x",
            detect_machines=False,
            record=False,
        ),
        Bridge(
            server=ServerName("a"), attempt_id=attempt.attempt_id, customer_channel="c", agent_channel="PJSIP/agent01-1"
        ),
        SaveCallEvent(attempt_id=attempt.attempt_id, at=AT, event="call.bridged"),
        SaveAgentState(agent_id=AgentId("agent01"), state=AgentState.TALKING, at=AT, attempt_id=attempt.attempt_id),
    ]


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not look():
            await asyncio.sleep(0.005)


def events_of(settings: DialerSettings) -> list[tuple[str, dict[str, object]]]:
    store = SqliteStore.open(settings.store_path)
    with store.reading() as database:
        found = [(one.actor, dict(one.payload)) for one in happened.after(database.conn, 0)
                 if one.kind is EventKind.SCRIPT_SHOWN]  # fmt: skip
    store.close()
    return found


async def what_is_shown(settings: DialerSettings, attempt: SaveAttempt, *more: Effect) -> list[Show]:
    """Let the effects of a call come, and see what is shown."""
    shown: list[Show] = []
    briefings = Briefings(briefer(settings), shown.append, after_s=0.0)
    for effect in (*effects(attempt), *more):
        briefings.note(effect)
    if not more:
        await until(lambda: bool(shown))
    else:
        await asyncio.sleep(0.05)
    await asyncio.to_thread(briefings.close)
    return shown


def test_reason_and_opening_are_shown_and_written_down(settings: DialerSettings, attempt: SaveAttempt) -> None:
    with capture_logs() as logged:
        (show,) = asyncio.run(what_is_shown(settings, attempt))
    assert (show.server, show.channel, show.number) == ("a", "PJSIP/agent01-1", "+86 139****0001")
    assert show.name.split(BETWEEN) == [
        NAME,
        "还款提醒 v1",
        "因：逾期3天，没有不良迹象：先提醒。",
        "1 您好，我是示例银行客户服务中心的工作人员，请问是王先生/女士吗？本次通话会录音。",
        "2 为保护您的个人信息，请您告诉我您的姓名和证件号码的后四位。",
    ]
    ((actor, payload),) = events_of(settings)
    assert actor == "agent01"
    assert (payload["script"], payload["version"], payload["attempt"], payload["arm"]) == ("reminder", 1, "att-1", "")
    assert "1280" not in str(payload)
    (line,) = [one for one in logged if one["event"] == "script.shown"]
    assert set(line) == {"event", "log_level", "attempt", "agent", "script", "version", "arm"}


def test_a_call_that_ends_before_they_talk_shows_nothing(settings: DialerSettings, attempt: SaveAttempt) -> None:
    assert asyncio.run(what_is_shown(settings, attempt, closed("att-1"))) == []
    assert events_of(settings) == []


def opened_with(settings: DialerSettings, opens: Iterator[SqliteStore | StoreError], thread: list[str]) -> StoreBriefer:
    """A briefer whose store opens, or does not, as it is told; notes in which thread."""

    def open_store() -> SqliteStore:
        thread.append(threading.current_thread().name)
        one = next(opens)
        if isinstance(one, StoreError):
            raise one
        return one

    made = briefer(settings)
    made._open_store = open_store
    return made


def test_the_store_is_opened_before_the_first_call_once_and_closed_at_the_end(
    settings: DialerSettings, attempt: SaveAttempt
) -> None:
    store, threads = SqliteStore.open(settings.store_path), list[str]()

    async def run() -> None:
        one = opened_with(settings, iter([store]), threads)
        briefings = Briefings(one, lambda _: None, after_s=0.0)
        await briefings.begin()
        assert [name.partition("_")[0] for name in threads] == ["briefings"]
        briefings.note(attempt)
        await asyncio.to_thread(briefings.close)
        assert len(threads) == 1

    asyncio.run(run())
    with pytest.raises(StoreError), store.reading():
        pass


def test_a_store_that_does_not_open_at_the_start_stops_nothing_and_is_tried_again(
    settings: DialerSettings, attempt: SaveAttempt
) -> None:
    one = opened_with(settings, iter([StoreError("It is locked."), SqliteStore.open(settings.store_path)]), [])
    with capture_logs() as logged:
        one.begin()
    assert [(line["event"], line["reason"]) for line in logged] == [("script.store_not_open", "It is locked.")]
    assert one.prepare(attempt) is not None
    one.close()


class SlowBriefer:
    """Takes until it is told."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.threads: list[str] = []

    def begin(self) -> None: ...

    def prepare(self, attempt: SaveAttempt) -> Prepared | None:
        self.threads.append(threading.current_thread().name)
        self.go.wait(10)
        return None

    def shown(self, prepared: Prepared, *, agent: AgentId, attempt: AttemptId) -> None: ...

    def close(self) -> None: ...


def test_the_event_loop_never_waits_for_a_script(attempt: SaveAttempt) -> None:
    async def run() -> None:
        slow = SlowBriefer()
        briefings = Briefings(slow, lambda _: None, after_s=0.0)
        for n in range(50):
            for effect in effects(replace(attempt, attempt_id=AttemptId(f"att-{n}"))):
                briefings.note(effect)
        await until(lambda: bool(slow.threads))
        assert slow.threads[0].startswith("briefings")
        for n in range(50):
            briefings.note(CloseAttempt(attempt_id=AttemptId(f"att-{n}"), at=AT, outcome=closed("x").outcome))
        slow.go.set()
        await asyncio.to_thread(briefings.close)
        assert len(slow.threads) == 1, "what nobody waits for any more is not prepared"

    asyncio.run(run())


def test_a_mistake_in_the_scripts_keeps_those_from_before(settings: DialerSettings, attempt: SaveAttempt) -> None:
    prepared = briefer(settings)
    assert prepared.prepare(attempt) is not None
    path = settings.source.parent / "strategies.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("version: 1", "version: x", 1), encoding="utf-8")
    with capture_logs() as logged:
        assert prepared.prepare(attempt) is not None
    assert [one["event"] for one in logged] == ["settings.rejected"]
    prepared.close()


def test_what_may_not_be_said_is_withheld_and_the_log_does_not_repeat_it(
    settings: DialerSettings, attempt: SaveAttempt
) -> None:
    store = SqliteStore.open(settings.store_path)
    with store.writing() as connection:
        connection.execute("UPDATE accounts SET product = '不还就坐牢贷'")
    store.close()
    one = briefer(settings)
    with capture_logs() as logged:
        assert one.prepare(attempt) is None
    one.close()
    assert [line["event"] for line in logged] == ["script.withheld"]
    assert "坐牢" not in str(logged)


@pytest.mark.parametrize("name", SEGMENTS)
@pytest.mark.parametrize("language", list(Language))
def test_the_line_is_short_enough_for_a_display_name_and_tells_no_sum(name: str, language: Language) -> None:
    line = brief(said(SEGMENTS[name], language), language)
    assert len(line.encode()) <= MOST_BYTES
    if name != "promise open":  # whose reason, for the agent, names the sum that was promised
        assert "280" not in line
    assert "\n" not in line


def test_a_line_is_cut_between_characters() -> None:
    assert cut("好好好", 9) == "好好好"
    assert cut("好好好", 8) == "好…"
