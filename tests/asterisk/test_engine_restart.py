"""What is left when something dies in the middle of talks: the engine, its link to Asterisk, an agent's phone."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ami_script import AmiScript
from campaigns import EngineProcess, Ledger, digits, floor, key, passwords, prepare, until
from dialer.demo.stage import Stage
from dialer.pbx.carrier import Fixed
from dialer.phones.protocol import EventName
from dialer.phones.spawned import Phone, Phones
from dialer.types import AgentState, CampaignState

pytestmark = pytest.mark.asterisk

AGENTS = ("agent01", "agent02", "agent03")
ON_SHIFT = (*AGENTS, "agent06")
SPARE = ("agent04", "agent05")
"""Each in a process of its own, to be killed."""
SHARED_MACHINE_S = 20.0
"""5 s on a machine left alone (docs/crashes.md); an engine's start is 2 s of computing, and other tests run beside."""


class Proxy:
    """The wire between engine and Asterisk, which can be cut."""

    def __init__(self, to_port: int) -> None:
        self._to = ("127.0.0.1", to_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._cut = False
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Break every connection and let nobody in."""
        self._cut = True
        for pair in self._pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def mend(self) -> None:
        """Let everybody in again."""
        self._cut = False

    def close(self) -> None:
        """The end of the test."""
        self.cut()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._cut:
                near.close()
                continue
            far = socket.create_connection(self._to)
            self._pairs.append((near, far))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    one.close()


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Everything at hand."""

    stage: Stage
    engine: EngineProcess
    ledger: Ledger
    witness: AmiScript
    proxy: Proxy
    phones: dict[str, Phone]

    def begin(self, name: str, agents: list[str], kinds: list[Fixed], **changes: object) -> list[str]:
        numbers = prepare(self.stage.settings, name, kinds, agents=agents, **changes)
        self.engine.launch(name)
        return numbers

    def channels(self) -> dict[str, tuple[str, str]]:
        """Uniqueid -> channel and the bridge that it is in, as Asterisk has them."""
        mark = len(self.witness.events)
        self.witness.action("CoreShowChannels")
        self.witness.wait(lambda e: e.get("Event") == "CoreShowChannelsComplete", after=mark)
        rows = [e for e in self.witness.events[mark:] if e.get("Event") == "CoreShowChannel"]
        return {e["Uniqueid"]: (e["Channel"], e["BridgeId"]) for e in rows}

    def conversations(self) -> dict[str, str]:
        """The customers' channels in a bridge -> the bridge."""
        return {one: bridge for one, (_, bridge) in self.channels().items() if one.startswith("att-") and bridge}

    def legs(self) -> set[str]:
        """The channels of agents' phones."""
        return {channel for channel, _ in self.channels().values() if "/agent" in channel}

    def talkers(self, agents: tuple[str, ...] | list[str]) -> list[str]:
        return [agent for agent in agents if self.engine.agent(agent).state is AgentState.TALKING]

    def wrap_up(self, agent: str) -> None:
        """Drop the customer and key in a result."""
        self.engine.until_state(agent, AgentState.TALKING)
        key(self.phones[agent], "*0")
        self.engine.until_state(agent, AgentState.WRAP_UP)
        key(self.phones[agent], "2")


@pytest.fixture(scope="module")
def shift(asterisk_tools: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shift]:
    with contextlib.ExitStack() as stack:
        stage = stack.enter_context(floor(tmp_path_factory.mktemp("shift"), fixed_talk_s=4.0))
        settings, server = stage.settings, stage.settings.servers[0]
        proxy = Proxy(server.ami_port)
        stack.callback(proxy.close)
        at = f"127.0.0.1:{server.sip_port}"
        phones = stack.enter_context(Phones(at)).add(passwords(settings, *ON_SHIFT), dial="*10", stay=True)
        for agent in SPARE:
            phones += stack.enter_context(Phones(at)).add(passwords(settings, agent), dial="*10")
        witness = stack.enter_context(AmiScript(server.ami_port, "witness", server.witness_secret))
        engine = stack.enter_context(EngineProcess(settings, {"DIALER_AMI_PORT": str(proxy.port)}))
        for agent in (*ON_SHIFT, *SPARE):
            engine.until_state(agent, AgentState.READY)
        yield Shift(
            stage=stage,
            engine=engine,
            ledger=Ledger(settings),
            witness=witness,
            proxy=proxy,
            phones=dict(zip((*ON_SHIFT, *SPARE), phones, strict=True)),
        )


def test_a_killed_engine_cuts_no_conversation_and_its_successor_takes_over_and_dials(shift: Shift):
    team = (*AGENTS, "agent04")
    key(shift.phones["agent06"], "*12")
    shift.engine.until_state("agent06", AgentState.PAUSED)
    kinds = [*[Fixed.TALKATIVE] * 3, Fixed.NO_ANSWER, *[Fixed.TALKATIVE] * 2]
    numbers = shift.begin("restart", [*team, "agent06"], kinds)
    until(lambda: len(shift.talkers(team)) == 3 and shift.ledger.attempt(numbers[3]), "three talk, one rings")
    wrapping, *talkers = shift.talkers(team)
    key(shift.phones[wrapping], "*0")
    shift.engine.until_state(wrapping, AgentState.WRAP_UP)
    until(lambda: len(shift.conversations()) == 2, "the dropped customer is gone")
    talking, legs = shift.conversations(), shift.legs()
    shift.engine.kill()
    time.sleep(1.0)
    assert shift.conversations() == talking, "the engine's death cut a conversation"
    before_s = time.monotonic()
    shift.engine.start()
    assert shift.talkers(team) == talkers
    assert shift.engine.campaign("restart").state is CampaignState.RUNNING
    assert shift.engine.agent("agent06").reason == "用餐"
    until(lambda: shift.ledger.attempt(numbers[4]), "the next call is placed")
    resumed_s = time.monotonic() - before_s
    assert shift.conversations().items() >= talking.items(), "the restart cut a conversation"
    assert shift.legs() == legs
    for number in numbers:
        until(lambda n=number: _served(shift, team, n), f"{number} is concluded", within_s=20)  # type: ignore[misc]
    outcomes = [shift.ledger.until_ended(number)["outcome"] for number in numbers]
    assert outcomes.pop(3) in ("unknown", "no_answer", "unreachable")
    assert outcomes == ["bridged"] * 5
    dialled = {digits(number): count for number, count in shift.stage.carrier.invites().items()}
    assert dialled == dict(shift.ledger.dials())
    assert set(dialled.values()) == {1}
    assert shift.legs() == legs
    assert shift.engine.agent("agent06").state is AgentState.PAUSED
    assert resumed_s < SHARED_MACHINE_S


def _served(shift: Shift, agents: tuple[str, ...], number: str) -> bool:
    """Let whoever talks or wraps up go on until a number is concluded."""
    for agent in agents:
        match shift.engine.agent(agent).state:
            case AgentState.TALKING:
                key(shift.phones[agent], "*0")
                time.sleep(0.5)
            case AgentState.WRAP_UP:
                key(shift.phones[agent], "2")
                time.sleep(0.3)
            case _:
                pass
    return shift.ledger.disposition(number) is not None


def test_with_the_link_cut_nothing_is_dialled_calls_live_on_and_all_is_set_right_afterwards(shift: Shift):
    kinds = [Fixed.TALKATIVE, Fixed.PERSON, *[Fixed.TALKATIVE] * 2]
    agents = list(AGENTS[:2])
    idle = "agent06"
    if shift.engine.agent(idle).state is not AgentState.PAUSED:
        shift.engine.call("agent.pause", agent=idle)
    long, short, *later = shift.begin("link", [*agents, idle], kinds)
    until(lambda: len(shift.talkers(agents)) == 2, "two talk")
    talking = shift.conversations()
    shift.proxy.cut()
    until(lambda: not shift.engine.is_connected(), "the engine knows")
    shift.engine.call("agent.ready", agent=idle)
    until(lambda: len(shift.conversations()) == 1, "one customer hung up meanwhile", within_s=8)
    assert shift.conversations().items() < talking.items(), "the cut link cut a conversation"
    time.sleep(0.5)
    assert shift.ledger.attempt(later[0]) is None, "something was dialled without a link"
    shift.proxy.mend()
    until(shift.engine.is_connected, "the link is back", within_s=10)
    shift.engine.until_state(idle, AgentState.TALKING)
    [wrapping] = until(lambda: [a for a in agents if shift.engine.agent(a).state is AgentState.WRAP_UP], "one wraps up")
    assert shift.conversations().items() & talking.items(), "the restored link cut a conversation"
    key(shift.phones[wrapping], "2")
    assert shift.ledger.until_disposed(short)["code"] == "says_paid"
    assert shift.ledger.until_ended(short)["outcome"] == "bridged"
    for number in (long, *later):
        until(lambda n=number: _served(shift, ON_SHIFT, n), f"{number} is concluded")  # type: ignore[misc]
    assert set(shift.ledger.dials().values()) == {1}


def _kill(phone: Phone) -> float:
    """SIGKILL a phone's process; returns when, monotonic."""
    phone._process._child.kill()
    return time.monotonic()


def test_an_agent_whose_phone_dies_is_offline_within_five_seconds(shift: Shift):
    shift.engine.until_state("agent04", AgentState.READY)
    before_s = _kill(shift.phones["agent04"])
    shift.engine.until_state("agent04", AgentState.OFFLINE)
    assert time.monotonic() - before_s < 5
    assert not any("agent04" in channel for channel, _ in shift.channels().values())


def test_a_customer_whose_agents_phone_dies_gets_another_agent_within_five_seconds(shift: Shift):
    shift.engine.call("agent.pause", agent="agent01")
    [number] = shift.begin("orphan", ["agent01", "agent05"], [Fixed.TALKATIVE])
    shift.engine.until_state("agent05", AgentState.TALKING)
    shift.engine.call("agent.ready", agent="agent01")
    before_s = _kill(shift.phones["agent05"])
    shift.engine.until_state("agent01", AgentState.TALKING)
    assert time.monotonic() - before_s < 5
    assert shift.engine.until_state("agent05", AgentState.OFFLINE, within_s=1).reason == "phone lost"
    shift.wrap_up("agent01")
    assert shift.ledger.until_disposed(number)["agent_id"] == "agent01"


def test_a_phone_that_dies_in_a_talk_and_is_started_again_at_once_gets_its_customer_back(shift: Shift):
    agent, server = "agent04", shift.stage.settings.servers[0]
    login = passwords(shift.stage.settings, agent)
    with Phones(f"127.0.0.1:{server.sip_port}") as first, Phones(f"127.0.0.1:{server.sip_port}") as second:
        [phone] = first.add(login, dial="*10")
        shift.engine.until_state(agent, AgentState.READY)
        [number] = shift.begin("back", [agent], [Fixed.TALKATIVE])
        shift.engine.until_state(agent, AgentState.TALKING)
        talking = set(shift.conversations())
        _kill(phone)
        [shift.phones[agent]] = second.add(login, dial="*10")
        shift.phones[agent].wait(EventName.CONNECTED)
        until(lambda: _in_bridge_with(shift, agent, talking), "customer and agent are together again")
        shift.wrap_up(agent)
        assert shift.ledger.until_disposed(number)["agent_id"] == agent
    bridged = shift.ledger.rows("SELECT * FROM call_events WHERE event = 'call.bridged' AND attempt_id = ?", *talking)
    assert len(bridged) == 2


def _in_bridge_with(shift: Shift, agent: str, customers: set[str]) -> bool:
    bridges = {bridge for one, bridge in shift.conversations().items() if one in customers}
    return any(f"/{agent}-" in channel and bridge in bridges for channel, bridge in shift.channels().values())
