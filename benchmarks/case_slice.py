"""Is the case's simulator true to a real Asterisk? Some minutes of the case, played live and simulated, side by side.

    python -m benchmarks.case_slice [--minutes 8] [--agents 12] [--runs 200] [--shorter 4] [--json] [--quick]

Live: the whole engine in mode predictive over a real Asterisk. The list is the treated group of the case's first seed,
in its order. A second Asterisk is the telephone network and lets each number do what the case's hidden truth says of
ten o'clock on the first day: ring out, be busy or dead, be answered by a person or a machine, at the second it says,
for as long as it says. Agents are softphones that wrap up as long as the truth says and key in what was said. Beside
it the case's own day (`dialer.sim.case.day`) plays the same list of the same people under the same file for as long.
Talks with people and wrap-ups are `--shorter` times as short in both. The campaign is `case.yaml` under CN-BANK, open
at every hour of every day, because the engine lives by the real clock.

What is asked is whether the simulator's timing is true: given the same chance, does the same come of it? In each
simulated run effects take other milliseconds, half as long to six times as long, for a real machine is not always as
quick. Each of five figures should be where 95 of 100 of these runs are (with --quick: all of 60 runs), give or take one
call. The exit code is 1 when one of them is not. As many runs with other chance beside them show how far this draw is
from others; the simulator has no part in that, so nothing is judged by it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import os
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import floor
from benchmarks.live_vs_simulated import KEY_S, LOOK_EVERY_S, count, since, span, until
from benchmarks.measured import machine
from dialer import app, log
from dialer.accounts.imported import ImportedAccount
from dialer.config import load_campaign
from dialer.config.profiles import SHIPPED
from dialer.demo.stage import carrier_settings, plan_ports
from dialer.engine import Engine
from dialer.facts import CampaignTold
from dialer.pbx.carrier import Carrier, Ending, Fate
from dialer.pbx.install import ensure_asterisk
from dialer.phones.spawned import Phone, Phones
from dialer.report import ANSWERED_BY_PERSON
from dialer.settings import CampaignSettings, DialerSettings
from dialer.sim.behaviour import Behaviour
from dialer.sim.case.arms import WAYS, Arm
from dialer.sim.case.book import Book
from dialer.sim.case.campaign import FILE, NAME, NO_PERSON, NO_PROMISE, THIRD_PARTY, WRONG_NUMBER
from dialer.sim.case.day import AT_WORK, BUSY, Day
from dialer.sim.case.listed import Listed
from dialer.sim.case.money import Money
from dialer.sim.case.nature import NATURE, Line, Nature
from dialer.sim.case.orders import Order
from dialer.sim.case.population import Group, draw
from dialer.sim.case.replies import BUSY as ENGAGED
from dialer.sim.case.replies import INVALID, UNREACHABLE, Replies, Reply
from dialer.sim.case.scenario import FIRST_DAY, Scenario, opens_at
from dialer.sim.case.truth import Truth
from dialer.sim.lines import REJECTED
from dialer.sim.lines import Line as Channel
from dialer.sim.network import LATENCIES, Latencies
from dialer.types import AgentState, CampaignState, DispositionCode, Outcome, PhoneId

SEED: Final = 1
"""Of the people; and of the live run's chance, as in the case."""
TEN: Final = timedelta(hours=1)
"""After the opening."""
OTHER_CHANCE: Final = 1000
LATENCY_TIMES: Final = (0.5, 6.0)
"""With the same chance effects take so many times as long as usual, drawn evenly on a scale of logarithms."""
_OVER: Final = (CampaignState.STOPPED, CampaignState.FINISHED)
_WAY: Final = WAYS[Arm.PREDICTIVE]
_ENDS: Final[dict[tuple[int, int | None], Ending]] = {
    ENGAGED: Ending.BUSY,
    UNREACHABLE: Ending.UNREACHABLE,
    INVALID: Ending.INVALID,
}
_COMES_OUT: Final = {
    Ending.RINGS: (Outcome.NO_ANSWER,),
    Ending.DECLINES: (Outcome.REJECTED,),
    Ending.BUSY: (Outcome.BUSY,),
    Ending.UNREACHABLE: (Outcome.UNREACHABLE,),
    Ending.INVALID: (Outcome.INVALID,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done."""

    runtime: Path
    seconds_s: float
    shorter: float
    runs: int
    scenario: Scenario
    """With talks and wrap-ups made shorter."""
    nature: Nature

    @classmethod
    def of(cls, runtime: Path, *, seconds_s: float, agents: int, accounts: int, shorter: float, runs: int) -> Plan:
        """With the case's own talks and wrap-ups, so many times as short; machines are heard for as long as ever."""
        usual = Scenario()
        return cls(
            runtime=runtime,
            seconds_s=seconds_s,
            shorter=shorter,
            runs=runs,
            scenario=replace(
                usual,
                agents=agents,
                accounts=accounts,
                days=1,
                talk_s=usual.talk_s / shorter,
                wrap_up_s=usual.wrap_up_s / shorter,
            ),
            nature=replace(NATURE, other_talk_s=NATURE.other_talk_s / shorter),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One dial of either world."""

    at_s: float
    """Since the launch."""
    answered_s: float | None
    """From the dial."""
    outcome: str
    debtor: int
    person: bool
    """A person answers at the number, in truth."""
    right_party: bool
    """An agent keyed in that it was the debtor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of one run, up to the end of the slice."""

    dials: int
    answered_by_a_person: int
    debtors_spoken_to: int
    occupancy: float
    """(talk + wrap-up) / (logged in and not paused)."""
    abandonment: float
    """Abandoned / answered, as the campaign counts it: it cannot tell a machine."""

    @classmethod
    def of(cls, attempts: Iterable[Attempt], busy_s: float, work_s: float, stop_s: float) -> Figures:
        """Of dials and of agents' time: dials placed, and answers given, by the end."""
        placed = [one for one in attempts if one.at_s <= stop_s]
        answered = [one for one in placed if one.answered_s is not None and one.at_s + one.answered_s <= stop_s]
        live = [one.outcome for one in answered if one.outcome in ANSWERED_BY_PERSON]
        return cls(
            dials=len(placed),
            answered_by_a_person=sum(one.person for one in answered),
            debtors_spoken_to=len({one.debtor for one in answered if one.right_party}),
            occupancy=busy_s / work_s if work_s else 0.0,
            abandonment=live.count(Outcome.ABANDONED) / max(1, len(live)),
        )


# --- the truth, as the network is told it --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """What a dial to one number meets at ten o'clock."""

    fate: Fate
    reply: Reply | None
    """Of whoever answers."""


def known_numbers(plan: Plan, listed: Sequence[Listed], truth: Truth) -> dict[str, Known]:
    """Every number of the list: the answers of `Replies.hear`, asked once each."""
    replies = _replies(plan, listed, truth)
    at = opens_at(FIRST_DAY) + TEN
    found: dict[str, Known] = {}
    for one in listed:
        for phone_id, number in one.phones():
            line = Channel.__new__(Channel)
            line.index, line.is_machine = int(phone_id), False
            rings_s, settled_s, end = replies.hear(line, PhoneId(int(phone_id)), at)
            reply = replies.said.get(line.index)
            found[number] = Known(_fate(rings_s, settled_s, end, reply), reply)
    return found


def _replies(plan: Plan, listed: Sequence[Listed], truth: Truth) -> Replies:
    scenario, nature = plan.scenario, plan.nature
    money = Money(truth, nature, listed)
    replies = Replies(truth, nature, scenario, money, by_hand=_WAY.by_hand, wrap_up_s=scenario.wrap_up_s)
    replies.begin(FIRST_DAY)
    return replies


def _fate(rings_s: float, settled_s: float, end: tuple[int, int | None] | None, reply: Reply | None) -> Fate:
    if end is None:
        assert reply is not None
        return Fate(ending=Ending.ANSWERS, before_s=rings_s, rings_s=settled_s - rings_s, talk_s=reply.talk_s)
    if end == REJECTED:
        return Fate(ending=Ending.DECLINES, before_s=rings_s, rings_s=settled_s - rings_s)
    if math.isinf(settled_s):  # it ends like a call to a phone that is switched off, but rings first
        return Fate(ending=Ending.RINGS, before_s=rings_s)
    return Fate(ending=_ENDS[end], before_s=settled_s)


def code_of(reply: Reply) -> DispositionCode:
    """What an agent keys in; promises are left out, for they change nothing within the slice."""
    if reply.machine:
        return NO_PERSON
    if reply.kind is Line.STRANGER:
        return WRONG_NUMBER
    return NO_PROMISE if reply.right_party else THIRD_PARTY


# --- the file ------------------------------------------------------------------------------------------


def write_campaign(folder: Path, plan: Plan) -> None:
    """The case's file under its profile, both open at every hour, with forecasts to begin from that fit the talks."""
    profile = _changed(
        (SHIPPED / "CN-BANK.yaml").read_text(encoding="utf-8"),
        ("profile: CN-BANK", "profile: CN-BANK-AT-ALL-HOURS"),
        ("08:00-22:00", "00:00-24:00"),
        ("holidays: {tag: house}\n", ""),
        ("close_margin: {value: 10m", "close_margin: {value: 0s"),
    )
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "slice.yaml").write_text(profile, encoding="utf-8")
    scenario = plan.scenario
    campaign = _changed(
        FILE.read_text(encoding="utf-8"),
        ("trunks: [sim]", f"trunks: [{floor.TRUNK}]"),
        ("profiles: [CN-BANK]", "profiles: [../rules/slice.yaml]"),
        ("hours: {mon-sat: 09:00-18:00}", "hours: {every day: 00:00-24:00}"),
        ('  day_ends: "18:00"\n', f"  max_calls_per_s: {10.0 + 0.5 * scenario.agents:g}\n"),
        ("initial_talk: 150s", f"initial_talk: {scenario.talk_s:g}s"),
        ("initial_wrap_up: 60s", f"initial_wrap_up: {scenario.wrap_up_s:g}s"),
    )
    (folder / "campaigns").mkdir()
    (folder / "campaigns" / FILE.name).write_text(campaign, encoding="utf-8")


def _changed(text: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        if text.count(before) != 1:
            raise RuntimeError(f"{before!r} is {text.count(before)} times in the file; this benchmark expects it once.")
        text = text.replace(before, after)
    return text


# --- live ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What came of the live run."""

    settings: DialerSettings
    campaign: CampaignSettings
    figures: Figures
    otherwise: Mapping[str, int]
    """Calls whose outcome was not what the number's fate leads to, by `fate: outcome`."""
    keyed_otherwise: int
    """Talks of which something else was recorded than was said."""
    dialled_twice: int
    """Numbers that the network was asked for more than once."""
    not_seen: int
    """Dials of the store that the network did not see, and the other way round."""
    load: Mapping[str, object]


def run_live(
    plan: Plan, folder: Path, listed: Sequence[Listed], known: Mapping[str, Known], progress: Callable[[str], None]
) -> Lived:
    """Play the slice on a real Asterisk."""
    tools = ensure_asterisk(plan.runtime / "asterisk", progress)
    ports = plan_ports()
    settings = floor.dialer_settings(folder, plan.runtime, ports, plan.scenario.agents, 20.0)
    write_campaign(settings.source.parent, plan)
    campaign = load_campaign(app.campaigns_folder(settings) / FILE.name, settings)
    with contextlib.closing(app.open_store(settings)) as store:
        store.import_accounts(campaign.list_name, "slice", _accounts(listed), datetime.now(UTC))
    network = carrier_settings(ports, fixed=False, fates={number: one.fate for number, one in known.items()})
    with contextlib.ExitStack() as stack:
        carrier = stack.enter_context(Carrier(tools, folder / "carrier", network, progress))
        stack.enter_context(floor.private_asterisk(tools, settings, progress))
        desk = stack.enter_context(Phones(f"127.0.0.1:{ports.sip}"))
        passwords = {str(agent.id): agent.secret for agent in settings.agents}
        phones = dict(zip(passwords, desk.add(passwords, dial="*10", stay=True), strict=True))
        log.configure(settings.log_path)
        keys = {one.code: one.digits for one in campaign.dispositions}
        desks = _Desks(settings.store_path, phones, known, keys)
        began_at, stopped_at = asyncio.run(_drive(settings, plan, desks, progress))
        load = machine()
        seen = carrier.invites()
    return _read(settings, campaign, known, began_at, stopped_at, seen, load)


def _accounts(listed: Sequence[Listed]) -> Iterable[ImportedAccount]:
    """In the order of the list, which a store would not keep by itself."""
    for place, one in enumerate(listed):
        numbers = tuple(number for _, number in one.phones())
        yield ImportedAccount(
            account_no=f"C{one.index:07d}",
            debtor_name="模拟客户",
            debtor_key=f"C{one.index:07d}",
            phones=numbers,
            zones=("Asia/Shanghai",) * len(numbers),
            amount_due=one.amount_due,
            days_past_due=one.days_past_due,
            risk=one.grade,
            region=one.region,
            priority=len(listed) - place,
        )


async def _drive(
    settings: DialerSettings, plan: Plan, desks: _Desks, progress: Callable[[str], None]
) -> tuple[datetime, datetime]:
    async with app.running(settings) as engine:
        await until(lambda: count(engine, AgentState.READY) == plan.scenario.agents, "the agents to log in")
        began_at = datetime.now(UTC)
        await engine.launch(NAME)
        acting = asyncio.create_task(desks.act(engine), name="agents")
        progress(f"{plan.scenario.agents} agents work for {plan.seconds_s:.0f} s.")
        await asyncio.sleep(plan.seconds_s)
        stopped_at = datetime.now(UTC)
        await engine.tell(CampaignTold(campaign=NAME, state=CampaignState.STOPPING))
        await until(lambda: engine.snapshot().campaigns[0].state in _OVER, "the last calls to end", within_s=600.0)
        acting.cancel()
    return began_at, stopped_at


class _Desks:
    """Agents who wrap up for as long as the truth says, and key in what was said.

    Args:
        store_path: whom an agent talked with is read from the store, as a screen would show it.
        phones: by agent.
        known: numbers with their fates.
        keys: disposition -> digits.
    """

    def __init__(
        self,
        store_path: Path,
        phones: Mapping[str, Phone],
        known: Mapping[str, Known],
        keys: Mapping[DispositionCode, str],
    ) -> None:
        self._store_path, self._phones, self._known, self._keys = store_path, phones, known, keys

    async def act(self, engine: Engine) -> None:
        """Until cancelled."""
        keying: dict[str, asyncio.Task[None]] = {}
        where = f"file:{self._store_path}?mode=ro"
        with contextlib.closing(sqlite3.connect(where, uri=True)) as database:
            while True:
                for row in engine.snapshot().agents:
                    busy = row.agent_id in keying and not keying[row.agent_id].done()
                    if row.state is AgentState.WRAP_UP and not busy:
                        since_s = time.monotonic() - row.since_s
                        keying[row.agent_id] = asyncio.create_task(self._key_in(database, row.agent_id, since_s))
                await asyncio.sleep(LOOK_EVERY_S)

    async def _key_in(self, database: sqlite3.Connection, agent_id: str, since_s: float) -> None:
        while (reply := self._talked_with(database, agent_id)) is None:
            await asyncio.sleep(LOOK_EVERY_S)
        # The looks are in `since_s`; what is left of KEY_S is the tone and its way.
        await asyncio.sleep(max(0.0, since_s + reply.wrap_up_s - (KEY_S - LOOK_EVERY_S / 2) - time.monotonic()))
        self._phones[agent_id].send(f"dtmf {self._keys[code_of(reply)]}")
        await asyncio.sleep(1.0)  # the engine hears of it meanwhile

    def _talked_with(self, database: sqlite3.Connection, agent_id: str) -> Reply | None:
        row = database.execute(
            "SELECT number FROM attempts WHERE agent_id = ? AND disposed_at IS NULL AND closed_at IS NOT NULL "
            "ORDER BY closed_at DESC LIMIT 1",
            (agent_id,),
        ).fetchone()
        return None if row is None else self._known[row[0]].reply


def _read(
    settings: DialerSettings,
    campaign: CampaignSettings,
    known: Mapping[str, Known],
    began_at: datetime,
    stopped_at: datetime,
    seen: Counter[str],
    load: Mapping[str, object],
) -> Lived:
    with contextlib.closing(sqlite3.connect(settings.store_path)) as database:
        rows = database.execute(
            "SELECT a.at, a.answered_s, a.outcome, a.number, a.debtor_id, d.code, d.right_party FROM attempts a "
            "LEFT JOIN dispositions d USING (attempt_id)"
        ).fetchall()
        stays = database.execute("SELECT state, began_at, ended_at FROM agent_times").fetchall()
    attempts, otherwise, keyed_otherwise = [], Counter[str](), 0
    for at, answered_s, outcome, number, debtor, code, right_party in rows:
        fate, reply = known[number].fate, known[number].reply
        person = reply is not None and not reply.machine
        attempts.append(
            Attempt(
                at_s=since(began_at, at),
                answered_s=answered_s,
                outcome=outcome,
                debtor=debtor,
                person=person,
                right_party=bool(right_party),
            )
        )
        if outcome not in _expected(fate, campaign.ring_timeout_s):
            otherwise[f"{fate.ending}: {outcome}"] += 1
        keyed_otherwise += outcome == Outcome.BRIDGED and (reply is None or code != code_of(reply))
    stop_s = since(began_at, stopped_at)
    busy_s, work_s = _agents_time(stays, began_at, stop_s)
    dialled = Counter(number.removeprefix("+") for _, _, _, number, *_ in rows)
    heard = Counter({number.removeprefix("+"): times for number, times in seen.items()})
    return Lived(
        settings=settings,
        campaign=campaign,
        figures=Figures.of(attempts, busy_s, work_s, stop_s),
        otherwise=dict(otherwise),
        keyed_otherwise=keyed_otherwise,
        dialled_twice=sum(times > 1 for times in heard.values()),
        not_seen=((dialled - heard) + (heard - dialled)).total(),
        load=load,
    )


def _expected(fate: Fate, ring_timeout_s: float) -> Sequence[Outcome]:
    if fate.ending is Ending.ANSWERS and fate.before_s + fate.rings_s < ring_timeout_s:
        return tuple(ANSWERED_BY_PERSON)
    return _COMES_OUT.get(fate.ending, (Outcome.NO_ANSWER,))


def _agents_time(
    stays: Iterable[tuple[str, str, str | None]], began_at: datetime, stop_s: float
) -> tuple[float, float]:
    """Busy and at work, of all agents, within the slice."""
    busy_s = work_s = 0.0
    for state, since_at, ended_at in stays:
        ends_s = stop_s if ended_at is None else min(since(began_at, ended_at), stop_s)
        lasts_s = max(0.0, ends_s - max(since(began_at, since_at), 0.0))
        busy_s += lasts_s * (AgentState(state) in BUSY)
        work_s += lasts_s * (AgentState(state) in AT_WORK)
    return busy_s, work_s


# --- simulated -----------------------------------------------------------------------------------------


def simulate(
    plan: Plan,
    settings: DialerSettings,
    campaign: CampaignSettings,
    listed: Sequence[Listed],
    truth: Truth,
    latencies: Latencies = LATENCIES,
) -> Figures:
    """The slice in the case's own world; the seed of the truth is that of all chance."""
    replies = _replies(plan, listed, truth)
    start_at = opens_at(FIRST_DAY) + TEN
    book = Book(listed, Order(_WAY, plan.scenario))
    book.begin(start_at, ())
    day = Day(
        settings,
        campaign,
        Behaviour(agent_speed_spread=0.0, break_gap_s=0.0, login_spread_s=0.0),
        book,
        replies,
        {agent.id: 0.0 for agent in settings.agents},
        None,
        seed=truth.seed,
        day=FIRST_DAY,
        before=(),
        start_at=start_at,
        latencies=latencies,
    )
    told = day.run(plan.seconds_s)
    attempts = [
        Attempt(
            at_s=(dial.at - start_at).total_seconds(),
            answered_s=dial.answered_s,
            outcome=dial.outcome,
            debtor=dial.debtor,
            person=dial.person,
            right_party=dial.right_party,
        )
        for dial in told.dials
    ]
    return Figures.of(attempts, told.busy_s, told.work_s, plan.seconds_s)


# --- side by side --------------------------------------------------------------------------------------


def measure(plan: Plan, folder: Path, progress: Callable[[str], None]) -> dict[str, object]:
    """Play live, simulate, and put the figures side by side."""
    population = draw(SEED, plan.scenario.accounts, plan.nature)
    listed, truth = population.of(Group.TREATED), population.truth
    live = run_live(plan, folder, listed, known_numbers(plan, listed, truth), progress)
    progress(f"{live.figures.dials} dials live; {2 * plan.runs} simulated runs follow.")

    def run(chance: Truth, latencies: Latencies = LATENCIES) -> Figures:
        return simulate(plan, live.settings, live.campaign, listed, chance, latencies)

    alike = [run(truth, latencies) for latencies in other_latencies(plan.runs)]
    others = [run(replace(truth, seed=OTHER_CHANCE + number)) for number in range(plan.runs)]
    report: dict[str, object] = {
        **live.load,
        "agents": plan.scenario.agents,
        "seconds": plan.seconds_s,
        "shorter": plan.shorter,
        "runs": plan.runs,
        "mode": _WAY.mode.value,
        "calls_that_came_out_otherwise": live.otherwise,
        "talks_recorded_otherwise": live.keyed_otherwise,
        "numbers_dialled_twice": live.dialled_twice,
        "dials_that_only_one_side_saw": live.not_seen,
    }
    one_call = one_call_of(live.figures, plan)
    for item in fields(Figures):
        values, far = ([float(getattr(one, item.name)) for one in runs] for runs in (alike, others))
        report[item.name] = {
            "live": getattr(live.figures, item.name),
            "one_call": one_call[item.name],
            "mean": sum(values) / len(values),
            "span_95": span(values),
            "span_all": (min(values), max(values)),
            "other_chance_mean": sum(far) / len(far),
            "other_chance_span_95": span(far),
        }
    return report


def other_latencies(runs: int) -> Iterable[Latencies]:
    """For each run how long effects take, each of them by itself."""
    rng = np.random.default_rng(SEED)
    low, high = map(math.log, LATENCY_TIMES)
    for ready, bridge, lease in np.exp(rng.uniform(low, high, (runs, 3))).tolist():
        yield Latencies(
            ready_s=ready * LATENCIES.ready_s, bridge_s=bridge * LATENCIES.bridge_s, lease_s=lease * LATENCIES.lease_s
        )


def one_call_of(live: Figures, plan: Plan) -> dict[str, float]:
    """What a single call more or less does to each figure: less than that such a slice cannot tell."""
    answered = max(1, live.answered_by_a_person)
    work_s = plan.seconds_s * plan.scenario.agents
    return {
        "dials": 1.0,
        "answered_by_a_person": 1.0,
        "debtors_spoken_to": 1.0,
        "occupancy": (plan.scenario.talk_s + plan.scenario.wrap_up_s) / work_s,
        "abandonment": 1.0 / answered,
    }


def judge(report: Mapping[str, object], *, quick: bool) -> list[str]:
    """Where the live run is not what the simulator makes of the same chance."""
    wrong = []
    for item in fields(Figures):
        row = report[item.name]
        assert isinstance(row, dict)
        low, high = row["span_all" if quick else "span_95"]
        if not low - row["one_call"] <= row["live"] <= high + row["one_call"]:
            wrong.append(f"{item.name} was {row['live']:.4g} live and {low:.4g} to {high:.4g} simulated")
    for name in ("talks_recorded_otherwise", "numbers_dialled_twice", "dials_that_only_one_side_saw"):
        if report[name]:
            wrong.append(f"{name} is {report[name]}")
    return wrong


def table(report: Mapping[str, object]) -> str:
    """The figures as a table of Markdown."""
    lines = [
        "| | live | simulated, the same chance: mean (95 of 100 runs) | other chance: mean (95 of 100 runs) |",
        "|---|---|---|---|",
    ]
    for item in fields(Figures):
        row = report[item.name]
        assert isinstance(row, dict)
        show = "{:.1%}".format if item.type == "float" else "{:.0f}".format
        cells = [f"**{show(row['live'])}**"]
        for mean, spans in (("mean", "span_95"), ("other_chance_mean", "other_chance_span_95")):
            low, high = row[spans]
            cells.append(f"{show(row[mean])} ({show(low)} to {show(high)})")
        lines.append(f"| {item.name.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description="A slice of the case, live over a real Asterisk and simulated.")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--agents", type=int, default=12)
    parser.add_argument("--accounts", type=int, default=2000, help="on the list, in its order")
    parser.add_argument("--runs", type=int, default=200, help="simulated runs of each kind; 100 or more for the span")
    parser.add_argument("--shorter", type=float, default=4.0, help="talks and wrap-ups are so many times as short")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="90 seconds, 6 agents, 60 runs")
    parser.add_argument("--runtime", type=Path, default=Path(os.environ.get("DIALER_RUNTIME", ".runtime")))
    options = parser.parse_args()
    plan = Plan.of(
        options.runtime.absolute(),
        seconds_s=90.0 if options.quick else options.minutes * 60.0,
        agents=6 if options.quick else options.agents,
        accounts=options.accounts,
        shorter=options.shorter,
        runs=60 if options.quick else options.runs,
    )

    def progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="dialer-bench-") as folder:
        report = measure(plan, Path(folder), progress)
    wrong = judge(report, quick=options.quick)
    if options.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        figures = {item.name for item in fields(Figures)}
        print("\n".join(f"{key:32} {value}" for key, value in report.items() if key not in figures))
        print(table(report))
    for sentence in wrong:
        print(f"FAILED: {sentence}.", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
