"""All entry points at once, on two engines over one store, against a second and naive implementation of the rules.

Automatic calls, preview, manual calls, call-backs, imports, stops and their lifting, do-not-call lists, consents,
clocks that jump, nights, the change to summer time, and engines that are torn away. Floors, ledger semantics and store
are the product's own; the wire is a list of fates, and every INVITE that reaches it is checked by `storm_rules`.

`GATE_STORM_DIALS=100000 pytest tests/property/test_gate_storm.py`, or `scripts/gate-storm --dials 100000`.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from dialer.accounts.imported import ImportedAccount, OtherPhone
from dialer.compliance import gate
from dialer.compliance.merging import OwnRules, merge
from dialer.config.profiles import SHIPPED, load_profile
from dialer.effects import Bridge, Effect, HangUp, LeaseLeads, Originate, SaveAttempt, Write
from dialer.errors import StoreError
from dialer.facts import (
    AgentLegUp,
    AgentTold,
    AttemptRecovered,
    BridgeEntered,
    BridgeLeft,
    CallAsked,
    CallRefused,
    CampaignLaunched,
    ChannelAnswered,
    ChannelEnded,
    ChannelRang,
    CustomerReady,
    CustomerUnserved,
    DispositionTold,
    Fact,
    LeadsLeased,
    LinkRestored,
    Ticked,
)
from dialer.floor.floor import Floor
from dialer.floor.state import Moment
from dialer.leads import Promise
from dialer.settings import CampaignSettings, DispositionSettings, PacingSettings
from dialer.store.sqlite import SqliteStore
from dialer.types import (
    AgentId,
    AgentState,
    AttemptId,
    CampaignName,
    ChannelId,
    ContactRole,
    DispositionCode,
    Mode,
    Number,
    Outcome,
    StopFlag,
)
from tests.property.storm_rules import Dial, NaiveRules
from tests.unit import floor_world as fw

DIALS: Final = int(os.environ.get("GATE_STORM_DIALS", "2000"))
MARCH: Final = datetime(2026, 3, 5, 16, 0, tzinfo=UTC)
PEOPLE: Final = 20
"""Debtors of each country; a third of them share a line with the next one. Each has two loans on one list, and one on
another that is worked in preview."""
CALL_S: Final = 20.0
CAUSES: Final = {"busy": 17, "invalid": 1, "congestion": 34, "no_answer": 19, "human": 16}
STOPPING: Final = {"dnc": StopFlag.DO_NOT_CALL, "wrong": StopFlag.WRONG_NUMBER, "refused_all": StopFlag.REFUSED}
_ZONES: Final = {
    "cn": ("Asia/Shanghai",),
    "us": ("America/New_York", "America/New_York,America/Los_Angeles", ""),
    "uk": ("Europe/London",),
}
_LINES: Final = {"cn": "+86139{:08}", "us": "+1212{:07}", "uk": "+4420{:08}"}


def _stop(code: str, flag: StopFlag) -> DispositionSettings:
    return DispositionSettings(
        code=DispositionCode(code), digits="", label_zh=code, label_en=code, stop=flag, right_party=True
    )


def _campaign(name: str, law: str, agents: str, **more: object) -> CampaignSettings:
    profile = {"cn": "CN-BANK", "us": "US-REGF", "uk": "UK"}[law]
    rules = merge([load_profile(SHIPPED / f"{profile}.yaml", date(2026, 3, 1), {})], OwnRules())
    plain = fw.campaign(name, rules=rules, **more)
    waits = dict.fromkeys(Outcome, (60.0,) * 50)
    stops = tuple(_stop(code, flag) for code, flag in STOPPING.items())
    return replace(
        plain,
        list_name=law + ("p" if plain.mode is Mode.PREVIEW else ""),
        agents=tuple(AgentId(engine + digit) for engine in "ab" for digit in agents),
        dispositions=(*plain.dispositions, *stops),
        retry_after_s=waits,
        pacing=PacingSettings(ratio=3.0),
    )


CAMPAIGNS: Final = (
    _campaign("cn-auto", "cn", "01"),
    _campaign("cn-preview", "cn", "2", mode=Mode.PREVIEW),
    _campaign("us-power", "us", "34", mode=Mode.POWER),
    _campaign("uk-power", "uk", "56", mode=Mode.POWER),
    _campaign("uk-preview", "uk", "7", mode=Mode.PREVIEW),
)
CONVERSATIONS: Final = {one.code for one in CAMPAIGNS[0].dispositions if one.conversation}


@dataclass
class Truth:
    """What is so, whoever knows it: time, the naive rules, and the list."""

    seed: int
    folder: Path
    at: datetime = MARCH
    rules: NaiveRules = field(default_factory=NaiveRules)
    debtor_of: dict[str, str] = field(default_factory=dict)
    """Account number -> debtor."""
    entries: Counter[str] = field(default_factory=Counter)
    """Entry point -> dials."""
    bars: Counter[str] = field(default_factory=Counter)
    now_s: float = 1000.0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def imported(self, law: str, index: int) -> ImportedAccount:
        """One row of the list as it is today."""
        debtor = f"{law}-d{index % PEOPLE}"
        own = [index % PEOPLE, *((((index + 1) % PEOPLE),) if index % 3 == 0 else ()), 1000 + index % PEOPLE]
        zone = _ZONES[law][index % PEOPLE % len(_ZONES[law])]
        numbers = tuple(Number(_LINES[law].format(one)) for one in own)
        contact = Number(_LINES[law].format(5000 + index % PEOPLE))
        others = (OtherPhone(number=contact, zone=zone, role=ContactRole.CONTACT),) if index % 2 else ()
        return ImportedAccount(
            account_no=f"{law}-{index}",
            debtor_name=debtor,
            debtor_key=debtor,
            phones=numbers,
            zones=(zone,) * len(numbers),
            others=others,
            amount_due=Decimal(100),
            days_past_due=self.random.randrange(90),
        )

    def learn(self, row: ImportedAccount) -> None:
        """The naive rules hear of a row."""
        self.debtor_of[row.account_no] = row.debtor_name
        for number, zone in zip(row.phones, row.zones, strict=True):
            self.rules.own[row.debtor_name].add(number)
            self.rules.zones[row.debtor_name, number] = zone
        for other in row.others:
            self.rules.zones[row.debtor_name, other.number] = other.zone


class Engine:
    """A floor with its own door to the store and its own clock."""

    def __init__(self, name: str, truth: Truth) -> None:
        self.name = name
        self.truth = truth
        self.skew = timedelta(0)
        self.runs = 0
        self.asked = 0
        """The account that an agent asks to call at this moment."""
        self.store = SqliteStore.open(truth.folder / "store.db")
        self.store._database.conn.execute("PRAGMA synchronous = OFF")
        self.agents = [f"{name}{index}" for index in range(8)]
        self.live: dict[AttemptId, Dial] = {}
        self.begin()

    @property
    def at(self) -> datetime:
        return self.truth.at + self.skew

    def begin(self) -> None:
        """As the engine begins: take up what an earlier run left, launch, let the agents in."""
        self.runs += 1
        self.pending: list[Effect] = []
        for dial in self.live.values():
            dial.ended = True  # torn away with its engine: nobody will know
        self.live = {}
        dialer = fw.settings([fw.agent(name) for name in self.agents])
        known = {one.name: one for one in CAMPAIGNS}
        self.floor = Floor(dialer, run_id=f"{self.name}{self.runs}", now=self.moment, known=known)
        self.store.release_leases(self.name)
        for campaign in CAMPAIGNS:
            self.take(CampaignLaunched(settings=campaign))
        for one in self.store.open_attempts(engine=self.name, at=self.at):
            self.take(
                AttemptRecovered(
                    attempt_id=one.attempt_id,
                    campaign=one.campaign,
                    server=one.server,
                    trunk=one.trunk,
                    lead=one.lead,
                    at=one.at,
                    outcome=one.outcome,
                    agent_id=one.agent_id,
                    talked=one.talked,
                )
            )
        self.take(LinkRestored(server=fw.MAIN, channels=()))
        for name in self.agents:
            self.take(
                AgentLegUp(server=fw.MAIN, agent_id=AgentId(name), channel_id=fw.leg(name), channel=f"PJSIP/{name}-01")
            )
        self.flush()

    @property
    def moment(self) -> Moment:
        return Moment(self.truth.now_s, self.at)

    def take(self, fact: Fact) -> None:
        self.pending += self.floor.step(fact, self.moment)

    def flush(self) -> None:
        """What the ledger does with a batch, until nothing is left to do."""
        while self.pending:
            batch, self.pending = self.pending, []
            writes = [effect for effect in batch if isinstance(effect, Write)]
            bars = self.store.apply(writes, now=lambda: self.at)
            barred = {bar.attempt_id for bar in bars}
            leads = {effect.attempt_id: effect.lead for effect in batch if isinstance(effect, SaveAttempt)}
            for bar in bars:
                self.truth.bars[bar.rule] += 1
                self.take(bar)
            for effect in batch:
                match effect:
                    case Originate() if effect.attempt_id not in barred:
                        self.originate(effect, leads[effect.attempt_id].account_no, leads[effect.attempt_id].number)
                    case LeaseLeads():
                        self.lease(effect)
                    case Bridge():
                        self.bridge(effect)
                    case HangUp() if AttemptId(effect.channel_id) in self.live:
                        self.end(AttemptId(effect.channel_id), 16)
                    case _:
                        pass

    def lease(self, effect: LeaseLeads) -> None:
        found = self.store.lease(effect.settings, limit=effect.limit, at=self.at, lease_s=600.0, engine=self.name)
        self.take(
            LeadsLeased(
                campaign=effect.settings.name, leads=found.leads, waiting=found.waiting, next_due_at=found.next_due_at
            )
        )

    def originate(self, effect: Originate, account: str, number: str) -> None:
        """The wire: an INVITE, unless its permit has run out meanwhile."""
        if not gate.recheck(effect.permit, self.at):
            self.take(CallRefused(channel_id=ChannelId(effect.attempt_id), reason="the permit had expired"))
            return
        truth, debtor = self.truth, self.truth.debtor_of[account]
        call = self.floor.state.calls[effect.attempt_id]
        dial = Dial(
            at=effect.permit.issued_at,
            law=account.partition("-")[0],
            number=number,
            debtor=debtor,
            account=account,
            own=number in truth.rules.own[debtor],
            reserved=call.for_agent is not None,
        )
        broken = list(truth.rules.violations(dial))
        assert not broken, f"{call.campaign} dialled {number} of {debtor} at {dial.at}: {broken}"
        with self.store.reading() as database:
            written = database.execute("SELECT 1 FROM attempts WHERE attempt_id = ?", [effect.attempt_id]).fetchone()
        assert written, "dialled before it was written"
        truth.rules.add(dial)
        by_hand = effect.permit.account_id == self.asked
        back = call.lead.callback_agent is not None
        entry = "manual" if by_hand else "callback" if back else str(effect.permit.campaign)
        truth.entries[entry] += 1
        self.live[effect.attempt_id] = dial

    # --- what becomes of calls -------------------------------------------------------------------------

    def progress(self) -> None:
        """Every call that is only ringing meets its fate; talks end, agents conclude."""
        fates = ("busy", "invalid", "congestion", *("no_answer",) * 5, *("answer",) * 6)
        weights = (3, 0.3, 1, *(2.0,) * 5, *(1.0,) * 6)
        for attempt_id, dial in list(self.live.items()):
            if dial.fate == "unknown":
                (fate,) = self.truth.random.choices(fates, weights)
                self.meet(attempt_id, dial, fate)
        self.flush()
        self.truth.now_s += CALL_S
        self.truth.at += timedelta(seconds=CALL_S)
        for attempt_id, dial in list(self.live.items()):
            if dial.fate == "human":
                dial.fate = "abandoned"
                self.take(CustomerUnserved(channel_id=ChannelId(attempt_id)))
            self.end(attempt_id, 16)
        self.flush()
        self.conclude()

    def meet(self, attempt_id: AttemptId, dial: Dial, fate: str) -> None:
        channel_id, channel = ChannelId(attempt_id), fw.name_of(attempt_id)
        if fate == "answer":
            dial.fate = "human"
            self.take(ChannelRang(channel_id=channel_id))
            self.take(ChannelAnswered(channel_id=channel_id, channel=channel))
            self.take(CustomerReady(channel_id=channel_id, channel=channel))
            return
        dial.fate = fate
        if fate == "no_answer":
            self.take(ChannelRang(channel_id=channel_id))
        if fate == "invalid":
            self.truth.rules.gone.update((debtor, dial.number) for debtor in set(self.truth.debtor_of.values()))
        self.end(attempt_id, CAUSES[fate])

    def bridge(self, effect: Bridge) -> None:
        dial = self.live.get(effect.attempt_id)
        call = self.floor.state.calls.get(effect.attempt_id)
        if dial is None or call is None or call.agent_id is None:
            return
        dial.fate = "talk"
        bridge_id = f"bridge-{effect.attempt_id}"
        self.take(BridgeEntered(channel_id=ChannelId(effect.attempt_id), bridge_id=bridge_id))
        self.take(BridgeEntered(channel_id=fw.leg(call.agent_id), bridge_id=bridge_id))

    def end(self, attempt_id: AttemptId, cause: int) -> None:
        dial = self.live.pop(attempt_id)
        dial.ended = True
        call = self.floor.state.calls.get(attempt_id)
        if call is not None and call.bridge_id and call.agent_id is not None:
            self.take(BridgeLeft(channel_id=ChannelId(attempt_id), bridge_id=call.bridge_id))
            self.take(BridgeLeft(channel_id=fw.leg(call.agent_id), bridge_id=call.bridge_id))
        self.take(ChannelEnded(channel_id=ChannelId(attempt_id), cause=cause))

    def conclude(self) -> None:
        """Agents in wrap-up say what came of it."""
        codes = ("no_result", "promise", "callback", "refused", "complaint", *STOPPING)
        for name in self.agents:
            agent = self.floor.state.agents[AgentId(name)]
            wrap = self.floor.state.wraps.get(agent.attempt_id) if agent.attempt_id is not None else None
            if agent.state is AgentState.WRAP_UP and wrap is not None:
                (code,) = self.truth.random.choices(codes, (8, 2, 4, 2, 0.3, 0.2, 0.3, 0.3))
                self.say(name, code, wrap.call.lead.account_no, wrap.call.lead.number, wrap.call.lead.role)
        self.flush()

    def say(self, name: str, code: str, account: str, number: str, role: ContactRole) -> None:
        rules, debtor = self.truth.rules, self.truth.debtor_of[account]
        rules.of_number[number][-1].conversation = code in CONVERSATIONS
        if code == "wrong":
            rules.gone.add((debtor, number))
        elif code in STOPPING and role is ContactRole.CONTACT:
            rules.forbidden.add(number)
        elif code in (*STOPPING, "complaint"):
            rules.flags[debtor].add(STOPPING.get(code, StopFlag.COMPLAINT))
            if code == "dnc":
                rules.forbidden.add(number)
        today = self.at.date()
        self.take(
            DispositionTold(
                agent_id=AgentId(name),
                code=DispositionCode(code),
                promise=Promise(amount=Decimal(50), due_on=today + timedelta(days=2)) if code == "promise" else None,
                callback_at=self.at + timedelta(hours=3) if code == "callback" else None,
            )
        )

    def preview(self) -> None:
        """Agents who look at an account dial it, or pass it over."""
        for name in self.agents:
            if self.floor.state.agents[AgentId(name)].state is AgentState.PREVIEWING:
                wish = "accept" if self.truth.random.random() < 0.8 else "skip"
                self.take(AgentTold(agent_id=AgentId(name), wish=wish))

    def call(self, who: str) -> None:
        """An agent asks for one call."""
        law = next(law for law, line in _LINES.items() if who.startswith((law, line[:5])))
        campaign = self.truth.random.choice([one for one in CAMPAIGNS if one.list_name in (law, f"{law}p")])
        agents = [self.floor.state.agents[one] for one in campaign.agents if one.startswith(self.name)]
        free = [one.settings.id for one in agents if one.free or one.state is AgentState.PREVIEWING]
        if not free:
            return
        try:
            lead = self.store.lease_one(campaign, who, at=self.at, lease_s=600.0, engine=self.name)
        except StoreError:
            return
        if lead is not None:
            self.asked = int(lead.account_id)
            self.take(CallAsked(agent_id=free[0], campaign=CampaignName(campaign.name), lead=lead))
            self.flush()
            self.asked = 0


class Storm(RuleBasedStateMachine):
    """What may happen, in any order."""

    dials: ClassVar[int] = 0
    entries: ClassVar[Counter[str]] = Counter()
    bars: ClassVar[Counter[str]] = Counter()

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.truth = Truth(seed=seed, folder=Path(self.folder.name))
        self.people = SqliteStore.create(self.truth.folder / "store.db")
        self.people._database.conn.execute("PRAGMA synchronous = OFF")
        self.take_over(range(3 * PEOPLE))
        self.engines = [Engine("a", self.truth), Engine("b", self.truth)]
        self.random = self.truth.random

    def teardown(self) -> None:
        if not hasattr(self, "engines"):
            return
        Storm.dials += len(self.truth.rules.dials)
        Storm.entries += self.truth.entries
        Storm.bars += self.truth.bars
        for store in (self.people, *(engine.store for engine in self.engines)):
            store.close()
        self.folder.cleanup()

    def take_over(self, indexes: range) -> None:
        for law in _LINES:
            for name, of_list in ((law, range(2 * PEOPLE)), (f"{law}p", range(2 * PEOPLE, 3 * PEOPLE))):
                rows = [self.truth.imported(law, index) for index in indexes if index in of_list]
                self.people.import_accounts(name, "list.csv", rows, self.truth.at)
                for row in rows:
                    self.truth.learn(row)

    @rule(which=st.integers(0, 1), turns=st.integers(1, 6), pause_s=st.sampled_from((5, 60, 600, 3000, 7300)))
    def work(self, which: int, turns: int, pause_s: int) -> None:
        self.work_on(which, turns, pause_s)

    def work_on(self, which: int, turns: int, pause_s: int) -> None:
        """An engine dials, then the other one, and time passes."""
        for turn in range(turns):
            engine = self.engines[(which + turn) % 2]
            for _ in range(3):
                engine.take(Ticked())
                engine.preview()
                if self.random.random() < 0.8:
                    engine.flush()  # else what it wants to dial waits, while others do something
                self.truth.now_s += 0.5
                self.truth.at += timedelta(seconds=0.5)
            engine.flush()
            engine.progress()
            self.truth.now_s += pause_s
            self.truth.at += timedelta(seconds=pause_s)

    def bustle(self) -> None:
        """Both engines dial a little."""
        self.work_on(self.random.randrange(2), 2, self.random.choice((5, 600, 3000)))

    @rule(which=st.integers(0, 1))
    def have_work_in_hand(self, which: int) -> None:
        """An engine has decided and not committed."""
        self.engines[which].take(Ticked())
        self.engines[which].preview()

    @rule(which=st.integers(0, 1), count=st.integers(1, 12))
    def agents_call(self, which: int, count: int) -> None:
        for _ in range(count):
            self.engines[which].call(self.somebody())
        self.bustle()

    def somebody(self) -> str:
        law, index = self.random.choice(tuple(_LINES)), self.random.randrange(3 * PEOPLE)
        row = self.truth.imported(law, index)
        return self.random.choice((row.account_no, *row.phones, *(one.number for one in row.others)))

    @rule(hours=st.sampled_from((1, 5, 9, 13, 24)))
    def time_passes(self, hours: int) -> None:
        self.truth.at += timedelta(hours=hours)
        self.truth.now_s += hours * 3600.0
        self.bustle()

    @rule()
    def summer_time_is_near(self) -> None:
        """To the night before clocks are changed, if it is not over yet; else to the next morning in China."""
        change = datetime(2026, 3, 8, 5, 0, tzinfo=UTC)
        morning = (self.truth.at + timedelta(days=1)).replace(hour=0, minute=0)
        ahead = max(change if self.truth.at < change else morning, self.truth.at) - self.truth.at
        self.truth.at += ahead
        self.truth.now_s += ahead.total_seconds()
        self.bustle()

    @rule(which=st.integers(0, 1), hours=st.sampled_from((-30, -3, 0, 0, 2, 26)))
    def a_clock_is_set(self, which: int, hours: int) -> None:
        self.engines[which].skew = timedelta(hours=hours)
        self.bustle()

    @rule(which=st.integers(0, 1))
    def an_engine_is_torn_away(self, which: int) -> None:
        self.engines[which].begin()
        self.bustle()

    @rule(first=st.integers(0, 1))
    def a_list_comes_again(self, first: int) -> None:
        self.take_over(range(first * 30, first * 30 + 30))
        self.bustle()

    @rule(
        flag=st.sampled_from([flag for flag in StopFlag if flag is not StopFlag.WRONG_NUMBER]),
        index=st.integers(0, 3 * PEOPLE - 1),
    )
    def a_debtor_is_stopped(self, flag: StopFlag, index: int) -> None:
        row = self.truth.imported(self.random.choice(tuple(_LINES)), index)
        stop = self.people.add_stop(row.account_no, flag, by="boss", at=self.truth.at)
        self.truth.rules.flags[row.debtor_name].add(flag)
        if self.random.random() < 0.5:  # else only the store knows
            self.engines[0].take(stop)
        self.bustle()

    @rule(index=st.integers(0, 3 * PEOPLE - 1))
    def a_debtor_is_allowed_again(self, index: int) -> None:
        row = self.truth.imported(self.random.choice(tuple(_LINES)), index)
        self.people.lift_stop(row.account_no, "", by="boss", at=self.truth.at, note="mended")
        self.truth.rules.flags[row.debtor_name].clear()
        self.bustle()

    @rule(hashed=st.booleans(), count=st.integers(1, 2))
    def numbers_are_forbidden(self, hashed: bool, count: int) -> None:
        in_hand = [lead.number for run in self.engines[0].floor.state.campaigns.values() for lead in run.leads]
        whom = [self.somebody(), *self.random.sample(in_hand, min(count, len(in_hand)))]
        numbers = [Number(who) for who in whom if who.startswith("+")]
        self.people.forbid_numbers(numbers, source="list", by="boss", at=self.truth.at, hashed=hashed)
        self.truth.rules.forbidden.update(numbers)
        self.bustle()

    @rule(index=st.integers(0, 3 * PEOPLE - 1), hours=st.sampled_from((5, 40)))
    def a_debtor_agrees(self, index: int, hours: int) -> None:
        row = self.truth.imported("cn", index)
        until_at = self.truth.at + timedelta(hours=hours)
        self.people.give_consent(row.account_no, until_at=until_at, by="boss", at=self.truth.at)
        self.truth.rules.consents[row.debtor_name] = max(
            until_at, self.truth.rules.consents.get(row.debtor_name, until_at)
        )
        self.bustle()

    @invariant()
    def the_ledger_holds_every_invite(self) -> None:
        if hasattr(self, "engines"):
            with self.people.reading() as database:
                (attempts,) = database.execute("SELECT count(*) FROM attempts").fetchone()
            assert attempts >= len(self.truth.rules.dials)


def test_no_entry_point_breaks_a_rule_in_any_order_of_events() -> None:
    """As many dials as wanted; each is checked when it is made."""
    phases = (Phase.generate, Phase.shrink) if DIALS <= 5000 else (Phase.generate,)
    examples = settings(
        max_examples=10,
        stateful_step_count=25,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    Storm.dials, Storm.entries, Storm.bars = 0, Counter(), Counter()
    while Storm.dials < DIALS:
        run_state_machine_as_test(Storm, settings=examples)
        sys.stderr.write(f"{Storm.dials} of {DIALS} dials, no violation\n")
    sys.stderr.write(f"by entry {dict(Storm.entries)}; barred {dict(Storm.bars)}\n")
    assert {"cn-auto", "cn-preview", "us-power", "uk-power", "uk-preview", "manual", "callback"} <= set(Storm.entries)
    assert {"counters", "in_air"} & set(Storm.bars), "the two engines never met"
