"""Supervisors at their phones, while the engine runs: who hears whom, and who reaches nobody."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from campaigns import EngineProcess, Ledger, floor, key, passwords, prepare
from dialer.demo.stage import Stage
from dialer.errors import PhoneError
from dialer.pbx.carrier import Fixed
from dialer.phones import tones
from dialer.phones.protocol import EventName
from dialer.phones.spawned import Phones
from dialer.types import AgentState
from sip_peer import SipPeer

pytestmark = pytest.mark.asterisk

AGENT_HZ, CUSTOMER_HZ, BOSS_HZ = 440.0, 1000.0, 1600.0
MODES = {"agent01": "*311001", "agent02": "*321002", "agent03": "*33agent03"}
"""Listen, whisper, speak with both; by extension or by name."""
AUDIBLE_DB = -30.0
VISIT_S = 2.0
STEADY_S = 1.0
"""A voice of ours sounds at least so long without a break; prompts and speech hold no tone for so long."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What each heard of a conversation that the supervisor visited."""

    agent: tones.Samples
    customer: tones.Samples
    boss: tones.Samples


@pytest.fixture(scope="module")
def customer() -> Iterator[SipPeer]:
    with SipPeer(0, tone_hz=CUSTOMER_HZ) as peer:
        yield peer


@pytest.fixture(scope="module")
def stage(asterisk_tools: object, customer: SipPeer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    def change(dialer: dict[str, Any]) -> None:
        dialer["trunks"]["peer"] = {"host": "127.0.0.1", "port": customer.port, "channels": 1}

    with floor(tmp_path_factory.mktemp("boss"), change=change) as stage:
        yield stage


@pytest.fixture(scope="module")
def visits(stage: Stage, customer: SipPeer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Visit]:
    folder, settings = tmp_path_factory.mktemp("heard"), stage.settings
    at, heard = f"127.0.0.1:{settings.servers[0].sip_port}", {}
    voice = tones.write_wav(folder / "agent-voice.wav", tones.sine(AGENT_HZ, 1.0))
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(EngineProcess(settings))
        for agent, dialled in MODES.items():
            with Phones(at) as phones:
                record = folder / f"{agent}.wav"
                [phone] = phones.add(passwords(settings, agent), dial="*10", play=voice, record=record)
                [number] = prepare(settings, f"visit-{agent}", [Fixed.PERSON], agents=[agent], trunks=["peer"])
                engine.until_state(agent, AgentState.READY)
                mark = len(customer.heard)
                engine.launch(f"visit-{agent}")
                engine.until_state(agent, AgentState.TALKING)
                _visit(stage, folder, agent, dialled)
                key(phone, "*0")
                engine.until_state(agent, AgentState.WRAP_UP)
                key(phone, "2")
                assert Ledger(settings).until_disposed(number)["agent_id"] == agent
                heard[agent] = customer.heard_since(mark) / 32768
    return {
        agent: Visit(
            agent=tones.read_wav(folder / f"{agent}.wav"),
            customer=heard[agent],
            boss=tones.read_wav(folder / f"boss-at-{agent}.wav"),
        )
        for agent in MODES
    }


def _visit(stage: Stage, folder: Path, agent: str, dialled: str) -> None:
    """Let the supervisor dial in, speak and listen for a while, and hang up."""
    voice = tones.write_wav(folder / "boss-voice.wav", tones.sine(BOSS_HZ, 1.0))
    with Phones(f"127.0.0.1:{stage.settings.servers[0].sip_port}") as phones:
        [boss] = phones.add(
            passwords(stage.settings, "supervisor01"), dial=dialled, play=voice, record=folder / f"boss-at-{agent}.wav"
        )
        boss.wait(EventName.CONNECTED)
        with pytest.raises(PhoneError, match="did not report disconnected"):
            boss.wait(EventName.DISCONNECTED, within_s=VISIT_S)


def sounds(samples: tones.Samples, frequency_hz: float) -> bool:
    """Whether a voice can be heard in a recording."""
    piece = tones.RATE_HZ // 10
    run = longest = 0
    for begin in range(0, samples.size - piece, piece):
        loud = tones.tone_level_db(samples[begin : begin + piece], frequency_hz) > AUDIBLE_DB
        run = run + 1 if loud else 0
        longest = max(longest, run)
    return longest * 0.1 >= STEADY_S


@pytest.mark.parametrize("agent", MODES)
def test_a_supervisor_hears_both_the_agent_and_the_customer(visits: dict[str, Visit], agent: str):
    assert sounds(visits[agent].boss, AGENT_HZ)
    assert sounds(visits[agent].boss, CUSTOMER_HZ)


@pytest.mark.parametrize(("agent", "hears"), [("agent01", False), ("agent02", True), ("agent03", True)])
def test_the_agent_hears_a_supervisor_who_whispers_or_barges_and_not_one_who_listens(
    visits: dict[str, Visit], agent: str, hears: bool
):
    assert sounds(visits[agent].agent, CUSTOMER_HZ)
    assert sounds(visits[agent].agent, BOSS_HZ) is hears


@pytest.mark.parametrize(("agent", "hears"), [("agent01", False), ("agent02", False), ("agent03", True)])
def test_the_customer_hears_the_agent_always_and_the_supervisor_only_at_a_barge(
    visits: dict[str, Visit], agent: str, hears: bool
):
    assert sounds(visits[agent].customer, AGENT_HZ)
    assert sounds(visits[agent].customer, BOSS_HZ) is hears


@pytest.mark.parametrize(
    ("user", "dialled"),
    [
        ("agent04", "*311001"),
        ("agent04", "+8613800000001"),
        ("supervisor01", "+8613800000001"),
        ("supervisor01", "13800000001"),
        ("supervisor01", "*10"),
        ("supervisor01", "*319999"),
    ],
)
def test_nobody_dials_out_and_no_agent_listens_in(stage: Stage, customer: SipPeer, user: str, dialled: str):
    before = stage.carrier.invites(), len(customer.requests("INVITE"))
    with Phones(f"127.0.0.1:{stage.settings.servers[0].sip_port}") as phones:
        [phone] = phones.add(passwords(stage.settings, user), dial=dialled, listen=True)
        refused = phone.wait(EventName.HEARD)
        assert (refused.data["sound"], round(float(refused.data["frequency_hz"]), -1)) == ("tone", 300)
        phone.wait(EventName.DISCONNECTED)
    assert (stage.carrier.invites(), len(customer.requests("INVITE"))) == before
