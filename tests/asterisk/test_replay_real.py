"""Two real runs, one killed and one stopped: both recordings replay to the last decision, and name nobody."""

from __future__ import annotations

import contextlib
import stat
import zlib
from pathlib import Path

import pytest

from campaigns import EngineProcess, Ledger, floor, key, passwords, prepare, until
from dialer.errors import RecordingError
from dialer.facts import AttemptRecovered, BridgeEntered
from dialer.pbx.carrier import Fixed
from dialer.phones.spawned import Phones
from dialer.replay.codec import Step
from dialer.replay.reading import Recording, entries
from dialer.replay.verify import verify
from dialer.types import AgentState

pytestmark = pytest.mark.asterisk

AGENTS = ("agent01", "agent02")


def steps(path: Path) -> list[Step]:
    with contextlib.suppress(RecordingError):  # nothing flushed yet
        return list(Recording(path).steps())
    return []


def test_real_runs_replay_to_the_last_decision_and_name_nobody(asterisk_tools: object, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        settings = stack.enter_context(floor(tmp_path, fixed_talk_s=1.5)).settings
        kinds = [Fixed.PERSON, Fixed.BUSY, Fixed.TALKATIVE, Fixed.INVALID, Fixed.PERSON, Fixed.PERSON]
        numbers = prepare(settings, "kept", kinds, agents=list(AGENTS), mode="predictive", wrap_up_limit="3s")
        at = f"127.0.0.1:{settings.servers[0].sip_port}"
        phones = stack.enter_context(Phones(at)).add(passwords(settings, *AGENTS), dial="*10", stay=True)
        engine, ledger = stack.enter_context(EngineProcess(settings)), Ledger(settings)
        for agent in AGENTS:
            engine.until_state(agent, AgentState.READY)
        assert settings.facts is not None
        folder = settings.facts.folder
        engine.launch("kept")
        engine.until_state(AGENTS[0], AgentState.TALKING, AgentState.WRAP_UP)
        (killed,) = [entry.path for entry in entries(folder)]
        until(lambda: any(isinstance(step.fact, BridgeEntered) for step in steps(killed)), "a bridge is on file")
        engine.kill()
        engine.start()
        until(lambda: any(engine.agent(agent).state is AgentState.TALKING for agent in AGENTS), "the talk is found")
        for agent, phone in zip(AGENTS, phones, strict=True):
            if engine.agent(agent).state is AgentState.TALKING:
                key(phone, "*0")
        for number in numbers:
            ledger.until_ended(number, within_s=30)
        engine.call("engine.stop", drain_s=5)
        until(lambda: any(entry.path != killed for entry in entries(folder)), "the second recording is there")
        (stopped,) = [entry.path for entry in entries(folder) if entry.path != killed]
        until(lambda: Recording(stopped) and verify(Recording(stopped)).end, "the second recording has ended")
    for path, end in ((killed, ""), (stopped, "engine stopped")):
        verdict = verify(Recording(path))
        assert verdict.difference is None
        assert (verdict.end, verdict.same_rules) == (end, True)
        assert verdict.decisions > 3
        told = zlib.decompressobj(wbits=31).decompress(path.read_bytes()).decode()
        secret = settings.servers[0].ami_secret
        for hidden in ("欧阳", "陈静", "+86", "86199", *(number[-11:] for number in numbers), secret, str(tmp_path)):
            assert hidden not in told, hidden
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert any(isinstance(step.fact, AttemptRecovered) for step in steps(stopped))
