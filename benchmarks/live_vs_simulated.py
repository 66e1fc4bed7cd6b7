"""Does a live campaign come out as the simulator says? Occupancy and abandonment of one real run beside the forecast.

    python -m benchmarks.live_vs_simulated [--minutes 8] [--agents 12] [--runs 100] [--json] [--quick]

Live: the whole engine in mode predictive over a real Asterisk; a second one is the telephone network, where by chance
people answer, are busy, decline or do not answer, ring and talk for times that are drawn; agents are softphones that
think for a moment and key in a result. Afterwards the same campaign, settings and staff are simulated for as long, run
by run with other chance: once from what the network was told (`told`), once from what the recording of the live run
taught (`learned`). The live run is one draw; it should be where 95 of 100 simulated runs are. The exit code is 1 when
it is not. With --quick (a minute, shorter talks) the span in which all simulated runs lie, and half as much again, will
do.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks import floor
from benchmarks.measured import machine
from dialer import app, log
from dialer.config import load_campaign
from dialer.demo.stage import carrier_settings, plan_ports
from dialer.engine import Engine
from dialer.facts import CampaignTold
from dialer.pbx.carrier import Carrier, Chances
from dialer.pbx.install import ensure_asterisk
from dialer.phones.spawned import Phone, Phones
from dialer.replay.behaviour import Day, DayWatcher
from dialer.replay.reading import Recording, entries
from dialer.replay.verify import verify
from dialer.report import ANSWERED_BY_PERSON
from dialer.settings import DialerSettings, FactsSettings
from dialer.sim.behaviour import Behaviour, Rest
from dialer.sim.durations import Fixed, Uniform, empirical
from dialer.sim.many import Case, simulate_many
from dialer.sim.measures import RunResult
from dialer.store.columns import moment
from dialer.types import AgentState, CampaignName, CampaignState, Outcome

NAME: Final = CampaignName("live")
CHANCES: Final = Chances(
    machine=0.0,  # nobody listens for machines here: they would only be people who talk for 15 s
    no_answer=0.32,
    busy=0.09,
    declined=0.08,
    invalid=0.04,
    congested=0.0,
    switched_off=0.07,
    early_hangup=0.0,  # the simulator's people have patience, or none, but do not hang up by a share
)
RING_S: Final = (2.0, 8.0)
REFUSES_S: Final = {"busy": 1.0, "invalid": 0.5, "switched_off": 2.67}
"""When the network says no, as its dialplan has it; who is switched off is announced first."""
KEY_S: Final = 0.2
"""From the end of thinking to the engine's knowledge of the key: looks, the tone over RTP, the event."""
LOOK_EVERY_S: Final = 0.1
PATIENCE_S: Final = 90.0
"""More than a call placed at the last moment takes, from ringing to its result."""
_OVER = (CampaignState.STOPPED, CampaignState.FINISHED)
_BUSY = (AgentState.TALKING, AgentState.WRAP_UP)
_AWAY = (AgentState.OFFLINE, AgentState.PAUSED, AgentState.CALLING_IN)
_CAMPAIGN = """\
title: Live
list: live
mode: predictive
trunks: [{trunk}]
pacing: {{target_abandonment: 3%, max_calls_per_s: 20, initial_talk: 30s, initial_wrap_up: 10s}}
# Made-up people on a simulated network: hours, gaps and caps are open, but the gate is asked for every call.
calling:
  profiles: []
  hours: {{every day: 00:00-24:00}}
  close_margin: 0s
  min_gap: 0s
  min_ring: 15s
  legal_wait: 2s
ring_timeout: 15s
record: false
wrap_up_limit: 20s
dispositions: {{done: {{digits: 1, label: {{zh: 完成, en: Done}}, conversation: true}}}}
default_disposition: done
retry: {{}}
messages: {{abandoned: dialer/zh/identify}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done."""

    runtime: Path
    agents: int
    seconds_s: float
    talk_s: tuple[float, float]
    """From the answer, at least and at most."""
    think_s: tuple[float, float]
    """An agent, before keying in a result."""
    runs: int
    """To simulate, of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of one run."""

    occupancy: float
    """(talk + wrap-up) / (logged in and not paused)."""
    abandonment_ratio: float
    """Abandoned / answered by a person."""
    answered: int
    placed: int

    @classmethod
    def of(cls, run: RunResult) -> Figures:
        """Of a simulated run."""
        return cls(
            occupancy=run.occupancy,
            abandonment_ratio=run.abandonment_ratio,
            answered=run.answered,
            placed=run.placed,
        )


# --- live ----------------------------------------------------------------------------------------------


def run_live(plan: Plan, folder: Path, progress: Callable[[str], None]) -> tuple[DialerSettings, datetime, datetime]:
    """Run the campaign on a real Asterisk; returns the settings, and when it was launched and told to stop."""
    tools = ensure_asterisk(plan.runtime / "asterisk", progress)
    ports = plan_ports()
    plain = floor.dialer_settings(folder, plan.runtime, ports, plan.agents, 20.0)
    settings = replace(plain, facts=FactsSettings(folder=folder / "facts"))
    campaigns = app.campaigns_folder(settings)
    campaigns.mkdir(parents=True)
    (campaigns / f"{NAME}.yaml").write_text(_CAMPAIGN.format(trunk=floor.TRUNK), encoding="utf-8")
    accounts = int(plan.seconds_s * plan.agents)  # a call per agent and second: more than anybody dials
    with contextlib.closing(app.open_store(settings)) as store:
        store.import_accounts(NAME, "benchmark", map(floor.account, range(accounts)), datetime.now(UTC))
    network = carrier_settings(ports, fixed=False, chances=CHANCES, ring_s=RING_S, talk_s=plan.talk_s)
    with contextlib.ExitStack() as stack:
        stack.enter_context(Carrier(tools, folder / "carrier", network, progress))
        stack.enter_context(floor.private_asterisk(tools, settings, progress))
        desk = stack.enter_context(Phones(f"127.0.0.1:{ports.sip}"))
        passwords = {str(agent.id): agent.secret for agent in settings.agents}
        phones = dict(zip(passwords, desk.add(passwords, dial="*10", stay=True), strict=True))
        log.configure(settings.log_path)
        began_at, stopped_at = asyncio.run(_drive(settings, plan, phones, progress))
    return settings, began_at, stopped_at


async def _drive(
    settings: DialerSettings, plan: Plan, phones: Mapping[str, Phone], progress: Callable[[str], None]
) -> tuple[datetime, datetime]:
    async with app.running(settings) as engine:
        await until(lambda: count(engine, AgentState.READY) == plan.agents, "the agents to log in")
        began_at = datetime.now(UTC)
        await engine.launch(NAME)
        acting = asyncio.create_task(_act(engine, phones, plan.think_s), name="agents")
        progress(f"{plan.agents} agents work for {plan.seconds_s:.0f} s.")
        await asyncio.sleep(plan.seconds_s)
        stopped_at = datetime.now(UTC)
        await engine.tell(CampaignTold(campaign=NAME, state=CampaignState.STOPPING))
        await until(lambda: engine.snapshot().campaigns[0].state in _OVER, "the last calls to end")
        acting.cancel()
    return began_at, stopped_at


def count(engine: Engine, state: AgentState) -> int:
    """Agents in a state."""
    return sum(row.state is state for row in engine.snapshot().agents)


async def until(holds: Callable[[], bool], what: str, *, within_s: float = PATIENCE_S) -> None:
    """Wait until something holds.

    Raises:
        RuntimeError: it does not in time; the message names it.
    """
    deadline_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"Waited {within_s:.0f} s in vain for {what}.")
        await asyncio.sleep(LOOK_EVERY_S)


async def _act(engine: Engine, phones: Mapping[str, Phone], think_s: tuple[float, float]) -> None:
    """Every agent thinks when a call is over, and keys in its result."""
    keying: dict[str, asyncio.Task[None]] = {}
    while True:
        for row in engine.snapshot().agents:
            busy = row.agent_id in keying and not keying[row.agent_id].done()
            if row.state is AgentState.WRAP_UP and not busy:
                keying[row.agent_id] = asyncio.create_task(_key_in(phones[row.agent_id], random.uniform(*think_s)))
        await asyncio.sleep(LOOK_EVERY_S)


async def _key_in(phone: Phone, think_s: float) -> None:
    await asyncio.sleep(think_s)
    phone.send("dtmf 1")
    await asyncio.sleep(1.0)  # the engine hears of it meanwhile


def read_store(path: Path, began_at: datetime, stopped_at: datetime) -> Figures:
    """What happened between two moments, as the store has it; answers count when they were given."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        calls = database.execute("SELECT at, answered_s, outcome FROM attempts").fetchall()
        stays = database.execute("SELECT state, began_at, ended_at FROM agent_times").fetchall()
    answered = [
        outcome
        for at, answered_s, outcome in calls
        if outcome in ANSWERED_BY_PERSON and since(began_at, at) + answered_s <= since(began_at, stopped_at)
    ]
    until_s, spent_s = (stopped_at - began_at).total_seconds(), dict.fromkeys(AgentState, 0.0)
    for state, since_at, ended_at in stays:
        ends_s = since(began_at, ended_at) if ended_at else until_s
        spent_s[AgentState(state)] += max(0.0, min(ends_s, until_s) - max(since(began_at, since_at), 0.0))
    busy_s = sum(spent_s[state] for state in _BUSY)
    return Figures(
        occupancy=busy_s / sum(seconds for state, seconds in spent_s.items() if state not in _AWAY),
        abandonment_ratio=answered.count(Outcome.ABANDONED) / max(1, len(answered)),
        answered=len(answered),
        placed=sum(since(began_at, at) <= until_s for at, _, _ in calls),
    )


def since(began_at: datetime, later: datetime | str) -> float:
    """Seconds between two moments, the later one as the store writes it or not."""
    return ((moment(later) if isinstance(later, str) else later) - began_at).total_seconds()


def read_recording(settings: DialerSettings) -> Day:
    """What the recording of the live run teaches.

    Raises:
        RuntimeError: it does not replay.
    """
    assert settings.facts is not None
    [entry] = entries(settings.facts.folder)
    watcher = DayWatcher(NAME)
    verdict = verify(Recording(entry.path), watcher=watcher)
    if verdict.difference is not None:
        raise RuntimeError(f"The recording does not replay: {verdict.difference}")
    return watcher.day()


# --- simulated -----------------------------------------------------------------------------------------


def told(plan: Plan) -> Behaviour:
    """How people behave by what the network and the agents were told."""
    share = {item.name: float(getattr(CHANCES, item.name)) for item in fields(CHANCES)}
    nobody = sum(share.values())
    rest = {
        "no_answer": share["no_answer"],
        "busy": share["busy"],
        "rejected": share["declined"],
        "unreachable": share["switched_off"],
        "invalid": share["invalid"],
        "congestion": share["congested"],
    }
    return Behaviour(
        answer_ratio=1.0 - nobody,
        rest=Rest(**{name: value / nobody for name, value in rest.items()}, machine=0.0),
        post_dial_delay=Fixed(mean_s=0.01),
        refusal_delay=empirical([REFUSES_S[name] for name in REFUSES_S for _ in range(round(share[name] * 1000))]),
        ring=Uniform(low_s=RING_S[0], high_s=RING_S[1]),
        reject_ring=Uniform(low_s=RING_S[0], high_s=RING_S[1]),
        talk=Uniform(low_s=plan.talk_s[0], high_s=plan.talk_s[1]),
        wrap_up=Uniform(low_s=plan.think_s[0] + KEY_S, high_s=plan.think_s[1] + KEY_S),
        agent_speed_spread=0.0,
        break_gap_s=0.0,
        login_spread_s=0.0,
        dispositions=(("done", 1.0),),
    )


def learned(day: Day) -> Behaviour:
    """How people behaved; everybody was there from the launch to the end."""
    return replace(day.behaviour, shifts=(), login_spread_s=0.0, break_gap_s=0.0)


def simulate(
    settings: DialerSettings, behaviours: Mapping[str, Behaviour], plan: Plan, start_at: datetime
) -> dict[str, list[Figures]]:
    """As long a run, with the same YAML and staff, many times over."""
    campaign = load_campaign(app.campaigns_folder(settings) / f"{NAME}.yaml", settings)
    cases = [
        Case(
            name=name,
            dialer=settings,
            campaign=campaign,
            behaviour=behaviour,
            hours=plan.seconds_s / 3600.0,
            start_at=start_at,
        )
        for name, behaviour in behaviours.items()
    ]
    # In this process: the code that ran live, even if the files have changed since.
    found = simulate_many(cases, seeds=range(1, plan.runs + 1))
    return {runs.case: [Figures.of(run) for run in runs.results] for runs in found}


# --- side by side --------------------------------------------------------------------------------------


def span(values: Sequence[float], share: float = 0.95) -> tuple[float, float]:
    """Where the middle `share` (0..1) of values lies, by interpolated quantiles."""
    ordered = sorted(values)

    def quantile(at: float) -> float:
        place = at * (len(ordered) - 1)
        left = int(place)
        right = min(left + 1, len(ordered) - 1)
        return ordered[left] + (place - left) * (ordered[right] - ordered[left])

    return quantile(0.5 - share / 2), quantile(0.5 + share / 2)


def measure(plan: Plan, folder: Path, progress: Callable[[str], None]) -> dict[str, object]:
    """Run live, simulate, and put the figures side by side."""
    settings, began_at, stopped_at = run_live(plan, folder, progress)
    live = read_store(settings.store_path, began_at, stopped_at)
    load = machine()
    day = read_recording(settings)
    progress(f"{live.answered} people answered; {2 * plan.runs} simulated runs follow.")
    simulated = simulate(settings, {"told": told(plan), "learned": learned(day)}, plan, began_at)
    report: dict[str, object] = {
        **load,
        "agents": plan.agents,
        "seconds": plan.seconds_s,
        "runs": plan.runs,
        "learned_means_s": {
            name: None if (lasts := getattr(day.behaviour, name)) is None else round(float(lasts.mean_s), 3)
            for name in ("post_dial_delay", "refusal_delay", "ring", "talk", "wrap_up")
        },
    }
    for item in fields(Figures):
        row: dict[str, object] = {"live": getattr(live, item.name)}
        for name, runs in simulated.items():
            values = [float(getattr(run, item.name)) for run in runs]
            row[name] = {
                "mean": sum(values) / len(values),
                "span_95": span(values),
                "span_all": (min(values), max(values)),
            }
        report[item.name] = row
    return report


def judge(report: Mapping[str, object], *, quick: bool) -> list[str]:
    """Where the live run is not among the simulated ones."""
    wrong = []
    for measure_name in ("occupancy", "abandonment_ratio"):
        row = report[measure_name]
        assert isinstance(row, dict)
        for name in ("told", "learned"):
            low, high = row[name]["span_all" if quick else "span_95"]
            spare = (high - low) / 4 if quick else 0.0
            if not low - spare <= row["live"] <= high + spare:
                wrong.append(f"{measure_name} was {row['live']:.4f} live and {low:.4f} to {high:.4f} {name}")
    return wrong


def table(report: Mapping[str, object]) -> str:
    """The figures as a table of Markdown."""
    lines = ["| | live | told: mean (95 of 100 runs) | learned: mean (95 of 100 runs) |", "|---|---|---|---|"]
    for item in fields(Figures):
        row = report[item.name]
        assert isinstance(row, dict)
        show = "{:.1%}".format if item.type == "float" else "{:.0f}".format
        cells = [
            f"{show(row[name]['mean'])} ({show(row[name]['span_95'][0])} to {show(row[name]['span_95'][1])})"
            for name in ("told", "learned")
        ]
        lines.append(f"| {item.name} | **{show(row['live'])}** | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description="A live campaign beside the simulator's forecast of it.")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--agents", type=int, default=12)
    parser.add_argument("--runs", type=int, default=100, help="simulated runs of each kind")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="a minute with 8 agents and shorter talks; a wider span")
    parser.add_argument("--runtime", type=Path, default=Path(os.environ.get("DIALER_RUNTIME", ".runtime")))
    options = parser.parse_args()
    plan = Plan(
        runtime=options.runtime.absolute(),
        agents=8 if options.quick else options.agents,
        seconds_s=60.0 if options.quick else options.minutes * 60.0,
        talk_s=(4.0, 10.0) if options.quick else (10.0, 30.0),
        think_s=(1.0, 3.0) if options.quick else (3.0, 7.0),
        runs=30 if options.quick else options.runs,
    )
    progress: Callable[[str], None] = (lambda _line: None) if options.json else print
    with tempfile.TemporaryDirectory(prefix="dialer-bench-") as folder:
        report = measure(plan, Path(folder), progress)
    wrong = judge(report, quick=options.quick)
    if options.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        told_of = ("processor", "cores", "load_1_5_15min", "agents", "seconds", "runs", "learned_means_s")
        print("\n".join(f"{key:18} {report[key]}" for key in told_of))
        print(table(report))
    for sentence in wrong:
        print(f"FAILED: {sentence}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
