"""An agent's phone is unplugged, falls silent, loses its registration or just leaves: nobody mends a table by hand."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from campaigns import EngineProcess, Ledger, floor, key, passwords, prepare
from dialer.demo.stage import Stage
from dialer.pbx.carrier import Fixed
from dialer.pbx.install import ensure_asterisk
from dialer.pbx.instance import AsteriskInstance
from dialer.pbx.wiring import instance_folder
from dialer.phones.spawned import Phone, Phones
from dialer.types import AgentState

pytestmark = pytest.mark.asterisk

HEALS_WITHIN_S = 5.0
BUSY_S = 3.0
"""What a machine that runs other tests beside may add."""
ALONE, FIRST, SECOND, LEAVER, RUNG = "agent01", "agent02", "agent03", "agent04", "agent05"
LEGAL_WAIT_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Room:
    """Every agent with a phone in a process of its own."""

    stage: Stage
    engine: EngineProcess
    ledger: Ledger
    phones: dict[str, Phone]

    def begin(self, name: str, agents: list[str], kinds: list[Fixed], **changes: object) -> list[str]:
        """Launch a campaign; whoever takes part must be ready, or paused on purpose, before."""
        numbers = prepare(self.stage.settings, name, kinds, agents=agents, **changes)
        self.engine.launch(name)
        return numbers

    def pid(self, agent: str) -> int:
        return self.phones[agent]._process._child.pid

    @contextlib.contextmanager
    def pulled_cable(self, agent: str) -> Iterator[float]:
        """The phone neither sends nor refuses anything any more; yields since when, monotonic."""
        os.kill(self.pid(agent), signal.SIGSTOP)
        try:
            yield time.monotonic()
        finally:
            os.kill(self.pid(agent), signal.SIGCONT)

    def asterisk(self, line: str) -> str:
        """A line of Asterisk's own command line."""
        settings = self.stage.settings
        tools = ensure_asterisk(settings.runtime_path / "asterisk", lambda _line: None)
        folder = instance_folder(settings, settings.servers[0])
        return AsteriskInstance(tools, folder, {}, sip_port=0, ami_port=0).command(line)

    def wrap_up(self, agent: str) -> None:
        self.engine.until_state(agent, AgentState.TALKING)
        key(self.phones[agent], "*0")
        self.engine.until_state(agent, AgentState.WRAP_UP)
        key(self.phones[agent], "2")


@pytest.fixture(scope="module")
def room(asterisk_tools: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    def change(dialer: dict[str, Any]) -> None:
        dialer["agents"][RUNG]["connect"] = "ring"

    with contextlib.ExitStack() as stack:
        stage = stack.enter_context(floor(tmp_path_factory.mktemp("room"), change=change, fixed_talk_s=4.0))
        at = f"127.0.0.1:{stage.settings.servers[0].sip_port}"
        phones: dict[str, Phone] = {}
        for agent in (ALONE, FIRST, SECOND, LEAVER):
            desk = stack.enter_context(Phones(at))
            [phones[agent]] = desk.add(passwords(stage.settings, agent), dial="*10", stay=agent != LEAVER)
        [phones[RUNG]] = stack.enter_context(Phones(at)).add(passwords(stage.settings, RUNG), auto_answer=True)
        engine = stack.enter_context(EngineProcess(stage.settings))
        for agent in (ALONE, FIRST, SECOND, LEAVER):
            engine.until_state(agent, AgentState.READY, within_s=20)
        yield Room(stage=stage, engine=engine, ledger=Ledger(stage.settings), phones=phones)


def test_an_idle_agent_with_a_pulled_cable_is_offline_within_five_seconds_and_back_by_itself(room: Room):
    room.engine.until_state(ALONE, AgentState.READY)
    with room.pulled_cable(ALONE) as since_s:
        room.engine.until_state(ALONE, AgentState.OFFLINE)
        assert time.monotonic() - since_s < HEALS_WITHIN_S + BUSY_S
    room.engine.until_state(ALONE, AgentState.READY, within_s=20)


def test_a_pulled_cable_in_a_talk_gives_the_customer_to_the_next_agent_within_five_seconds(room: Room):
    room.engine.until_state(SECOND, AgentState.READY)
    room.engine.call("agent.pause", agent=SECOND)
    [number] = room.begin("cable", [FIRST, SECOND], [Fixed.TALKATIVE])
    room.engine.until_state(FIRST, AgentState.TALKING)
    room.engine.call("agent.ready", agent=SECOND)
    with room.pulled_cable(FIRST) as since_s:
        room.engine.until_state(SECOND, AgentState.TALKING)
        assert time.monotonic() - since_s < HEALS_WITHIN_S + BUSY_S
        room.engine.until_state(FIRST, AgentState.OFFLINE, within_s=2)
        room.wrap_up(SECOND)
    assert room.ledger.until_disposed(number)["agent_id"] == SECOND
    room.engine.until_state(FIRST, AgentState.READY, within_s=20)


def test_a_pulled_cable_with_nobody_else_lets_the_customer_hear_the_message_to_its_end(room: Room):
    [number] = room.begin("nobody-else", [ALONE], [Fixed.TALKATIVE], messages={"abandoned": "dialer/zh/saved"})
    room.engine.until_state(ALONE, AgentState.TALKING)
    with room.pulled_cable(ALONE) as since_s:
        ended = room.ledger.until_ended(number)
        assert time.monotonic() - since_s < HEALS_WITHIN_S + LEGAL_WAIT_S + 3.0 + BUSY_S  # and the message itself
        assert ended["message_played"] == 1
        assert room.engine.agent(ALONE).state is AgentState.OFFLINE
    room.engine.until_state(ALONE, AgentState.WRAP_UP, within_s=20)
    key(room.phones[ALONE], "2")
    assert room.ledger.until_disposed(number)["agent_id"] == ALONE
    room.engine.until_state(ALONE, AgentState.READY)


def test_a_leg_outlives_the_loss_of_its_registration_and_takes_the_next_call(room: Room):
    room.engine.until_state(ALONE, AgentState.READY)
    room.asterisk(f"database deltree registrar/contact/{ALONE}")
    room.asterisk("module reload res_pjsip.so")
    [number] = room.begin("unregistered", [ALONE], [Fixed.PERSON])
    room.engine.until_state(ALONE, AgentState.TALKING)
    room.engine.until_state(ALONE, AgentState.WRAP_UP)
    key(room.phones[ALONE], "2")
    assert room.ledger.until_disposed(number)["agent_id"] == ALONE


def test_a_phone_that_is_rung_per_call_and_is_gone_sets_its_agent_aside_and_the_customer_hears_the_message(room: Room):
    room.engine.call("agent.login", agent=RUNG)
    os.kill(room.pid(RUNG), signal.SIGKILL)
    since_s = time.monotonic()
    brief = {"abandoned": "dialer/zh/saved"}
    first, second = room.begin("gone", [RUNG], [Fixed.TALKATIVE] * 2, messages=brief, agent_ring_timeout="3s")
    attempt = room.ledger.until_ended(first)
    assert (attempt["outcome"], attempt["message_played"]) == ("abandoned", 1)
    assert room.engine.until_state(RUNG, AgentState.PAUSED, within_s=2).reason == "did not answer"
    assert time.monotonic() - since_s < HEALS_WITHIN_S + LEGAL_WAIT_S + 3.0 + BUSY_S
    assert room.ledger.attempt(second) is None, "the next call was placed for a phone that is gone"


def test_an_agent_who_leaves_in_wrap_up_without_a_word_is_offline_and_the_account_goes_on(room: Room):
    [number] = room.begin("leaver", [LEAVER], [Fixed.PERSON], wrap_up_limit="8s")
    room.engine.until_state(LEAVER, AgentState.TALKING)
    room.engine.until_state(LEAVER, AgentState.WRAP_UP)
    since_s = time.monotonic()
    room.phones[LEAVER].send("quit")
    room.engine.until_state(LEAVER, AgentState.OFFLINE)
    assert time.monotonic() - since_s < HEALS_WITHIN_S + BUSY_S
    disposition = room.ledger.until_disposed(number)
    assert (disposition["code"], disposition["agent_id"]) == ("unrecorded", LEAVER)
