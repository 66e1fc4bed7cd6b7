"""What recording facts costs: a simulated day of a floor, written down, read and replayed.

    python -m benchmarks.recording [--agents 25] [--hours 2] [--folder FOLDER] [--json]

`note` is all that the engine's own task pays for a fact. `written` is the CPU time of the recording thread, `replayed`
that of reading, stepping and comparing, both by the process's CPU clock; all in microseconds for each fact. The facts
are those that a simulated day gives its floor, every one followed by its tick.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from dialer.config import load_campaign
from dialer.effects import Effect
from dialer.facts import Fact
from dialer.floor.floor import Floor
from dialer.floor.state import Moment
from dialer.pacing import Decision
from dialer.replay.reading import Recording
from dialer.replay.recorder import Recorder
from dialer.replay.verify import verify
from dialer.settings import (
    AgentSettings,
    CampaignSettings,
    DialerSettings,
    FactsSettings,
    ServerSettings,
    TrunkSettings,
)
from dialer.sim.behaviour import Behaviour
from dialer.sim.run import make_world
from dialer.types import AgentId, ServerName, TrunkName

STARTS_AT = datetime(2026, 3, 10, 2, tzinfo=UTC)
"""Ten in the morning in Shanghai, a Tuesday."""
EXAMPLE = Path(__file__).parents[1] / "config/campaigns/example-predictive.yaml"
Noted = tuple[Fact, Moment, list[Effect], Sequence[Decision]]


def day(agents: int, hours: float, recorder_in: Path) -> tuple[Recorder, list[Noted]]:
    """Simulate a day; a recorder that has noted nothing yet, and what it is to note."""
    dialer, campaign = _settings(agents)
    began = Moment(0.0, STARTS_AT)
    known = {campaign.name: campaign}
    recorder = Recorder(FactsSettings(folder=recorder_in), run_id="sim", began=began, dialer=dialer, known=known)
    noted: list[Noted] = []
    real_step = Floor.step

    def step(floor: Floor, fact: Fact, now: Moment) -> list[Effect]:
        effects = real_step(floor, fact, now)
        noted.append((fact, now, effects, recorder.rule.taken()))
        return effects

    with patch.object(Floor, "step", step):
        world = make_world(dialer, campaign, Behaviour(), seed=1, start_at=STARTS_AT, rule=recorder.rule)
        world.run(hours * 3600.0)
    return recorder, noted


def measure(agents: int, hours: float, folder: Path) -> dict[str, float]:
    """Record the day, replay it, and say what each cost."""
    recorder, noted = day(agents, hours, folder)
    gc.collect()
    gc.freeze()  # as the engine does, so that what is kept here is not gone through again and again
    begun_s = time.process_time()
    for fact, now, effects, decided in noted:
        for decision in decided:
            recorder.rule.remember(decision)
        recorder.note(fact, now, effects)
    note_s = time.process_time() - begun_s
    begun_s = time.process_time()
    recorder.begin()
    recorder.close()
    written_s = time.process_time() - begun_s
    path = folder / "sim.facts.gz"
    begun_s = time.process_time()
    verdict = verify(Recording(path))
    replayed_s = time.process_time() - begun_s
    assert verdict.difference is None, verdict.difference
    assert verdict.facts == len(noted)
    facts = len(noted)
    return {
        "agents": agents,
        "hours": hours,
        "facts": facts,
        "decisions": verdict.decisions,
        "note_us": note_s / facts * 1e6,
        "written_us": written_s / facts * 1e6,
        "replayed_us": replayed_s / facts * 1e6,
        "facts_per_s": facts / replayed_s,
        "bytes": path.stat().st_size / facts,
        "megabytes": path.stat().st_size / 1e6,
    }


def _settings(agents: int) -> tuple[DialerSettings, CampaignSettings]:
    """The example's rules, so many agents, and a trunk that is never full."""
    server, trunk, nowhere = ServerName("local"), TrunkName("carrier"), Path("/nowhere")
    people = (
        AgentSettings(
            id=AgentId(f"agent{number:03d}"),
            name="韩梅梅",
            server=server,
            extension=f"{number}",
            secret="x",
            skills={"late": 3, "card": 2},
            team="late" if number % 5 == 0 else "early",
        )
        for number in range(agents)
    )
    way_out = TrunkSettings(name=trunk, server=server, host="127.0.0.1", channels=10 * agents, calls_per_s=20.0)
    dialer = DialerSettings(
        source=nowhere,
        store_path=nowhere,
        recordings_path=nowhere,
        control_path=nowhere,
        log_path=None,
        runtime_path=nowhere,
        servers=(ServerSettings(name=server, ami_secret="x"),),
        trunks=(way_out,),
        agents=tuple(people),
    )
    return dialer, replace(load_campaign(EXAMPLE, dialer), agents=(), teams=())


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--agents", type=int, default=25)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--folder", type=Path, help="keep the recording here; default a folder that goes away")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as passing:
        report = measure(asked.agents, asked.hours, asked.folder or Path(passing))
    if asked.json:
        print(json.dumps(report))
    else:
        for name, value in report.items():
            print(f"{name:14} {value:14,.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
