"""CPU time of the floor alone: every fact of whole calls, with made-up people, on a clock of its own.

    python -m benchmarks.floor_cost [--agents 25 1000] [--minutes 60 5] [--ratio 1 3] [--json]

Rules, hours, dispositions and routes are those of `config/campaigns/example-predictive.yaml`; the mode is `power`
(ratio 1: progressive), so that deciding how much to dial costs next to nothing. After every fact comes a `Ticked`, as
in an engine that is not busy. Figures are microseconds per fact, with what the fact's own tick costs beside it, and
a ratio to a fixed loop of plain Python that is timed in the same run, since machines differ.
"""

from __future__ import annotations

import argparse
import gc
import heapq
import json
import math
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dialer.config.load import load_campaign
from dialer.effects import Bridge, Effect, HangUp, LeaseLeads, Originate, SaveAgentState
from dialer.facts import (
    AgentLegUp,
    BridgeEntered,
    BridgeLeft,
    CampaignLaunched,
    ChannelAnswered,
    ChannelEnded,
    ChannelRang,
    CustomerReady,
    CustomerUnserved,
    DigitPressed,
    Fact,
    LeadsLeased,
    LinkRestored,
    MessagePlayed,
    Ticked,
)
from dialer.floor.floor import Floor
from dialer.floor.state import Moment
from dialer.leads import Lead
from dialer.settings import AgentSettings, CampaignSettings, DialerSettings, ServerSettings, TrunkSettings
from dialer.types import (
    AccountId,
    AgentId,
    AgentState,
    AttemptId,
    ChannelId,
    DebtorId,
    Mode,
    Number,
    PhoneId,
    ServerName,
    TrunkName,
)

EXAMPLE = Path(__file__).parents[1] / "config" / "campaigns" / "example-predictive.yaml"
START_AT = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai, a Tuesday
ANSWERED = 0.2
RINGS_S, TALK_S = 14.0, 120.0
RING_LIMIT_S = 30.0
LOOP_TURNS = 1000
# How calls end that nobody answers: Q.850 cause, SIP code, seconds of ringing, weight.
SILENCES = ((16, None, RING_LIMIT_S, 60), (17, 486, 4.0, 20), (20, 480, 6.0, 12), (1, 404, 0.5, 8))
KEYED = ("0", "2", "3", "4", "4", "7", "9#", "11500*50#5#1", "523#1", "")
"""What agents key in at the end; nothing: the wrap-up limit concludes."""


@dataclass(slots=True)
class Costs:
    """Seconds of CPU time by kind of fact; the tick after a fact apart."""

    count: Counter[str] = field(default_factory=Counter)
    fact_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    tick_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


class People:
    """Customers, agents, Asterisk and the store around a floor, driven by its effects."""

    def __init__(
        self, agents: int, ratio: float, *, seed: int = 1, watch: Callable[[list[Effect]], None] | None = None
    ) -> None:
        """Log everybody in and launch the campaign.

        Args:
            agents: how many.
            ratio: calls in the air per free agent.
            seed: of what people do.
            watch: is given the effects of every step.
        """
        self.random = random.Random(seed)
        self.costs = Costs()
        self.calls = self.conversations = 0
        self._watch = watch
        self._s = 1000.0
        self._due: list[tuple[float, int, Fact]] = []
        self._order = 0
        self._accounts = 0
        settings, campaign = example_settings(agents, ratio)
        self._server = settings.servers[0].name
        self._served: set[AttemptId] = set()
        self._gone: set[AttemptId] = set()
        self.floor = Floor(settings, run_id="bench", now=self._now(), known={campaign.name: campaign})
        self._later(0.0, LinkRestored(server=self._server, channels=()))
        for one in settings.agents:
            leg = AgentLegUp(server=self._server, agent_id=one.id, channel_id=_leg(one.id), channel=f"PJSIP/{one.id}")
            self._later(self.random.uniform(0.0, 5.0), leg)
        self._later(1.0, CampaignLaunched(settings=campaign))

    def live(self, seconds: float) -> None:
        """Let time pass."""
        until_s = self._s + seconds
        while (next_s := self._next_s()) <= until_s:
            self._s = max(self._s, next_s)
            if self._due and self._due[0][0] <= next_s:
                self._happen(heapq.heappop(self._due)[2])
            else:
                self._step(Ticked())

    def _next_s(self) -> float:
        wake_s = self.floor.next_wake_s()
        fact_s = self._due[0][0] if self._due else math.inf
        return fact_s if wake_s is None else min(fact_s, wake_s)

    def _now(self) -> Moment:
        return Moment(self._s, START_AT + timedelta(seconds=self._s))

    def _later(self, seconds: float, fact: Fact) -> None:
        self._order += 1
        heapq.heappush(self._due, (self._s + seconds, self._order, fact))

    def _happen(self, fact: Fact) -> None:
        if isinstance(fact, CustomerUnserved):
            attempt_id = AttemptId(fact.channel_id)
            if attempt_id in self._served or attempt_id in self._gone:
                return
            self._later(4.0, MessagePlayed(channel_id=fact.channel_id))
            self._end(attempt_id, 4.01)
        self._step(fact)

    def _step(self, fact: Fact) -> None:
        now, kind, costs = self._now(), type(fact).__name__, self.costs
        begun_s = time.process_time()
        effects = self.floor.step(fact, now)
        taken_s = time.process_time()
        if not isinstance(fact, Ticked):
            effects = effects + self.floor.step(Ticked(), now)
            costs.tick_s[kind] += time.process_time() - taken_s
        costs.fact_s[kind] += taken_s - begun_s
        costs.count[kind] += 1
        if self._watch is not None:
            self._watch(effects)
        for effect in effects:
            self._carry_out(effect)

    # --- what follows from effects ---------------------------------------------------------------------

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case LeaseLeads():
                leads = tuple(self._lead() for _ in range(effect.limit))
                self._later(0.005, LeadsLeased(campaign=effect.settings.name, leads=leads, waiting=1000))
            case Originate():
                self._call(effect)
            case Bridge():
                self._talk(effect)
            case HangUp():
                self._end(AttemptId(effect.channel_id), 0.01)
            case SaveAgentState(state=AgentState.WRAP_UP):
                self._wrap_up(effect.agent_id)
            case _:
                pass

    def _lead(self) -> Lead:
        self._accounts += 1
        number, chance = self._accounts, self.random
        return Lead(
            account_id=AccountId(number),
            account_no=f"A{number:08d}",
            debtor_id=DebtorId(number),
            debtor_name="李雷",
            phone_id=PhoneId(number),
            number=Number(f"+86139{number:08d}"),
            zone=chance.choice(("Asia/Shanghai",) * 9 + ("Asia/Shanghai,Asia/Urumqi",)),
            days_past_due=chance.randrange(1, 75),
            risk=chance.choice(("", "low", "low", "low", "high")),
            attempts_total=chance.randrange(0, 12),
            retries=chance.randrange(0, 4),
            number_attempts_today=chance.randrange(0, 4),
            debtor_attempts_today=chance.randrange(0, 5),
            last_attempt_at=START_AT - timedelta(hours=chance.randrange(3, 50)),
            other_numbers=chance.randrange(0, 2),
        )

    def _call(self, effect: Originate) -> None:
        self.calls += 1
        channel_id, channel = ChannelId(effect.attempt_id), f"PJSIP/trunk-{effect.attempt_id}"
        if self.random.random() < ANSWERED:
            rings_s = min(RING_LIMIT_S - 1.0, self.random.expovariate(1.0 / RINGS_S))
            self._later(0.3, ChannelRang(channel_id=channel_id))
            self._later(0.3 + rings_s, ChannelAnswered(channel_id=channel_id, channel=channel))
            self._later(0.3 + rings_s, CustomerReady(channel_id=channel_id, channel=channel))
            self._later(0.3 + rings_s + effect.wait_s, CustomerUnserved(channel_id=channel_id))
            return
        cause, sip_code, rings_s, _ = self.random.choices(SILENCES, [weight for *_, weight in SILENCES])[0]
        if rings_s > 1.0:
            self._later(0.3, ChannelRang(channel_id=channel_id))
        self._later(0.3 + rings_s, ChannelEnded(channel_id=channel_id, cause=cause, sip_code=sip_code))

    def _talk(self, effect: Bridge) -> None:
        self.conversations += 1
        self._served.add(effect.attempt_id)
        bridge_id = f"bridge-{effect.attempt_id}"
        both = (ChannelId(effect.attempt_id), _leg(AgentId(effect.agent_channel.removeprefix("PJSIP/"))))
        talk_s = self.random.expovariate(1.0 / TALK_S)
        for channel_id in both:
            self._later(0.002, BridgeEntered(channel_id=channel_id, bridge_id=bridge_id))
            self._later(0.002 + talk_s, BridgeLeft(channel_id=channel_id, bridge_id=bridge_id))
        self._end(effect.attempt_id, 0.003 + talk_s)

    def _end(self, attempt_id: AttemptId, seconds: float) -> None:
        if attempt_id not in self._gone:
            self._gone.add(attempt_id)
            self._later(seconds, ChannelEnded(channel_id=ChannelId(attempt_id), cause=16))

    def _wrap_up(self, agent_id: AgentId) -> None:
        after_s = self.random.uniform(5.0, 25.0)
        for digit in self.random.choice(KEYED):
            self._later(after_s, DigitPressed(channel_id=_leg(agent_id), digit=digit))
            after_s += 0.4


def _leg(agent_id: AgentId) -> ChannelId:
    return ChannelId(f"17000.{agent_id}")


def example_settings(agents: int, ratio: float) -> tuple[DialerSettings, CampaignSettings]:
    """Settings with so many agents and a trunk that is never full; the rules are the example's."""
    server, trunk = ServerName("local"), TrunkName("carrier")
    people = tuple(
        AgentSettings(
            id=AgentId(f"agent{number:04d}"),
            name="韩梅梅",
            server=server,
            extension=f"{number}",
            secret="x",
            skills={"late": 3 * (number % 2), "card": number % 3},
            team="late" if number % 5 == 0 else "early",
        )
        for number in range(agents)
    )
    way_out = TrunkSettings(
        name=trunk,
        server=server,
        host="127.0.0.1",
        channels=10 * agents + 10,
        calls_per_s=max(10.0, 0.4 * agents),
        caller_ids=("+862100000101", "+862100000102"),
    )
    nowhere = Path("/nowhere")
    dialer = DialerSettings(
        source=nowhere,
        store_path=nowhere,
        recordings_path=nowhere,
        control_path=nowhere,
        log_path=None,
        runtime_path=nowhere,
        servers=(ServerSettings(name=server, ami_secret="x"),),
        trunks=(way_out,),
        agents=people,
    )
    example = load_campaign(EXAMPLE, dialer)
    pacing = replace(example.pacing, ratio=ratio, max_ratio=10.0, max_calls_per_s=1000.0)
    return dialer, replace(example, mode=Mode.POWER, agents=(), teams=(), pacing=pacing)


def loop_us() -> float:
    """Microseconds of the yardstick: so many turns of plain Python on dictionaries and attributes."""

    @dataclass(frozen=True, slots=True)
    class Point:
        x: int

    points = {number: Point(number) for number in range(16)}
    tries: list[float] = []
    for _ in range(50):
        begun_s, total = time.process_time(), 0
        for turn in range(LOOP_TURNS):
            total += points[turn & 15].x
        tries.append(time.process_time() - begun_s)
    return min(tries) * 1e6


def measure(agents: int, ratio: float, minutes: float) -> dict[str, object]:
    """Let a floor of so many agents live for some minutes; the figures."""
    people = People(agents, ratio)
    people.live(120.0)  # everybody is at work, every cache is warm
    people.costs, people.calls, people.conversations = Costs(), 0, 0
    gc.collect()
    yardstick_us = loop_us()
    people.live(minutes * 60.0)
    costs = people.costs
    kinds = {
        kind: {
            "count": count,
            "fact_us": round(costs.fact_s[kind] / count * 1e6, 1),
            "tick_us": round(costs.tick_s[kind] / count * 1e6, 1),
        }
        for kind, count in costs.count.most_common()
    }
    fact_s, tick_s = sum(costs.fact_s.values()), sum(costs.tick_s.values())
    facts = costs.count.total()
    return {
        "agents": agents,
        "minutes": minutes,
        "calls": people.calls,
        "conversations": people.conversations,
        "facts": facts,
        "cpu_s": round(fact_s + tick_s, 3),
        "fact_us": round(fact_s / facts * 1e6, 1),
        "tick_us": round(tick_s / facts * 1e6, 1),
        "call_us": round((fact_s + tick_s) / max(1, people.calls) * 1e6, 1),
        "loop_us": round(yardstick_us, 1),
        "fact_loops": round(fact_s / facts * 1e6 / yardstick_us, 2),
        "kinds": kinds,
    }


def _print(report: dict[str, object]) -> None:
    for key, value in report.items():
        if isinstance(value, dict):
            for kind, figures in value.items():
                print(f"  {kind:18}", "  ".join(f"{name} {figure:>8}" for name, figure in figures.items()))
        else:
            print(f"{key:14} {value}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="CPU time of the floor by kind of fact.")
    parser.add_argument("--agents", type=int, nargs="+", default=[25, 1000])
    parser.add_argument("--ratio", type=float, nargs="+", default=[1.0, 3.0], help="calls per free agent, for each")
    parser.add_argument("--minutes", type=float, nargs="+", default=[60.0, 5.0], help="of the floor's time, for each")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    rows = zip(options.agents, options.ratio, options.minutes, strict=True)
    reports = [measure(agents, ratio, minutes) for agents, ratio, minutes in rows]
    if options.json:
        print(json.dumps(reports))
        return 0
    for report in reports:
        _print(report)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
