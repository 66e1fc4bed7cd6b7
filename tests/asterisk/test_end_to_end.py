"""A whole small campaign over real SIP and RTP, seen by four: the ledger, the network, a witness, the recordings."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from asterisk.ami import AMIClient, Event, EventListener

from dialer import app, log
from dialer.accounts.imported import ImportedAccount
from dialer.demo import actors, stage
from dialer.pbx.carrier import Fixed
from dialer.phones import tones
from dialer.phones.protocol import EventName
from dialer.snapshot import Snapshot
from dialer.types import AgentState

pytestmark = pytest.mark.asterisk

REPOSITORY = Path(__file__).resolve().parents[2]
AGENT_HZ = 3000.0
"""Where the simulated people's speech has hardly any power, so that an echo stands out."""
ROUNDS = 3
"""Accounts for each kind of number."""
EXPECTED = {
    Fixed.PERSON: "bridged",
    Fixed.BUSY: "busy",
    Fixed.NO_ANSWER: "no_answer",
    Fixed.INVALID: "invalid",
    Fixed.CONGESTED: "congestion",
    Fixed.DECLINED: "rejected",
    Fixed.SWITCHED_OFF: "unreachable",
    Fixed.SILENT: "bridged",
}
ACCOUNTS = ROUNDS * (len(EXPECTED) + 1)
LIMIT_S = 150.0


@dataclass(frozen=True, kw_only=True)
class Day:
    """What was left when the campaign was over."""

    database: sqlite3.Connection
    invites: Counter[str]
    witnessed: Counter[str]
    recordings: Path
    displays: list[tuple[str, str]]
    last: Snapshot
    connect_ms: list[float]

    def outcomes(self, kind: Fixed) -> list[str]:
        rows = self.database.execute(
            "SELECT a.outcome FROM attempts a WHERE a.number LIKE ? ORDER BY a.attempt_id", (f"%{kind}",)
        )
        return [row[0] for row in rows]


def number(kind: Fixed, turn: int) -> str:
    return f"+86199{turn:04d}{kind}"


def campaign_file(main: Path) -> None:
    text = (main.parent / "campaigns/demo.yaml").read_text(encoding="utf-8")
    for pattern, replacement in (
        (r"(?m)^list: demo", "list: e2e"),
        (r"(?m)^mode: predictive", "mode: progressive"),
        (r"ring_timeout: \S+", "ring_timeout: 5s"),
        (r"min_ring: \S+", "min_ring: 5s"),
        (r"(?ms)^retry:\n(  .*?\n)+", "retry: {}\n"),
        (r"(?ms)^next_steps:\n(  .*?\n)+", "next_steps: []\n"),
        (r"(?ms)^routes:\n(  .*?\n)+", "routes: []\n"),
    ):
        text, changed = re.subn(pattern, replacement, text, count=1)
        assert changed, pattern
    (main.parent / "campaigns/e2e.yaml").write_text(text, encoding="utf-8")


class Witness:
    """A second manager session with another parser, counting the channels of the trunk."""

    def __init__(self, port: int, secret: str) -> None:
        self.seen: Counter[str] = Counter()
        self._client = AMIClient(address="127.0.0.1", port=port, timeout=5)
        answer = self._client.login(username="witness", secret=secret).response
        assert answer is not None
        assert not answer.is_error(), answer
        self._client._socket.settimeout(LIMIT_S * 2)  # else five quiet seconds would end its reader
        listener = EventListener(on_event=self._count, white_list=["Newchannel", "Hangup"])
        self._client.add_event_listener(listener)

    def _count(self, event: Event, **_: object) -> None:
        if str(event.keys.get("Channel", "")).startswith("PJSIP/carrier-"):
            self.seen[event.name] += 1
            if event.name == "Newchannel":
                self.seen[str(event.keys.get("Uniqueid"))] += 1

    def close(self) -> None:
        self._client.logoff()
        self._client.disconnect()  # the library closes its socket nowhere else


@pytest.fixture(scope="module")
def day(asterisk_tools: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("e2e")
    ports = stage.plan_ports()
    main = stage.working_folder(folder / "work", REPOSITORY / "config")
    campaign_file(main)
    voice = tones.write_wav(folder / "agent.wav", tones.sine(AGENT_HZ, 2.0))
    runtime = Path(os.environ.get("DIALER_RUNTIME", REPOSITORY / ".runtime"))
    network = stage.carrier_settings(ports, fixed_talk_s=6.0)
    with stage.set_up(main, ports, runtime, lambda _line: None, carrier=network, agents=4, play=voice) as set_up:
        settings = set_up.settings
        store = app.open_store(settings)
        accounts = [
            ImportedAccount(
                account_no=f"{kind.name}-{turn}",
                client="test",
                debtor_name="测试人",
                phones=(number(kind, turn),),
                zones=("Asia/Shanghai",),
                amount_due=Decimal("1000.00"),
            )
            for kind in (*EXPECTED, Fixed.EARLY_HANGUP)
            for turn in range(ROUNDS)
        ]
        store.import_accounts("e2e", "test", accounts, at=datetime.now(UTC))
        store.close()
        log.configure(settings.log_path)
        witness = Witness(ports.ami, settings.servers[0].witness_secret)
        last = asyncio.run(asyncio.wait_for(run(set_up), LIMIT_S))
        witness.close()
        displays = [
            (str(event.data.get("name")), str(event.data.get("number")))
            for phone in set_up.phones.values()
            for event in phone.events
            if event.name is EventName.DISPLAY
        ]
        invites = set_up.carrier.invites()
    database = sqlite3.connect(settings.store_path)
    connect_ms = [row[0] for row in database.execute("SELECT connect_ms FROM attempts WHERE connect_ms IS NOT NULL")]
    yield Day(
        database=database,
        invites=invites,
        witnessed=witness.seen,
        recordings=settings.recordings_path,
        displays=displays,
        last=last,
        connect_ms=connect_ms,
    )
    database.close()


async def run(set_up: stage.Stage) -> Snapshot:
    async with app.running(set_up.settings) as engine:
        acting = asyncio.create_task(actors.act(engine, set_up.phones, seed=7))
        await engine.launch("e2e")
        while not over(last := engine.snapshot()):
            await asyncio.sleep(0.2)
        acting.cancel()
        return last


def over(seen: Snapshot) -> bool:
    """All dialled, all ended, all disposed of; what was promised for later is not waited for."""
    at_work = any(row.state in (AgentState.TALKING, AgentState.WRAP_UP, AgentState.RESERVED) for row in seen.agents)
    row = seen.campaigns[0]
    return row.dialled == ACCOUNTS and row.in_air == 0 and not at_work


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.name)
def test_every_kind_of_number_lands_on_its_outcome(day: Day, kind: Fixed) -> None:
    assert day.outcomes(kind) == [EXPECTED[kind]] * ROUNDS


def test_a_person_who_hangs_up_at_once_is_bridged_or_an_early_hangup(day: Day) -> None:
    assert len(day.outcomes(Fixed.EARLY_HANGUP)) == ROUNDS
    assert set(day.outcomes(Fixed.EARLY_HANGUP)) <= {"bridged", "early_hangup"}


def test_the_network_saw_each_number_as_often_as_the_ledger_holds_attempts(day: Day) -> None:
    ledger = Counter(dict(day.database.execute("SELECT number, count(*) FROM attempts GROUP BY number")))
    assert {digits(one): count for one, count in day.invites.items()} == {
        digits(one): count for one, count in ledger.items()
    }
    assert set(ledger.values()) == {1}


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def test_a_second_session_witnessed_the_same_calls(day: Day) -> None:
    attempts = {row[0] for row in day.database.execute("SELECT attempt_id FROM attempts")}
    witnessed = {name for name in day.witnessed if name.startswith("att-")}
    assert witnessed == attempts
    assert day.witnessed["Newchannel"] == day.witnessed["Hangup"] == len(attempts)


def test_every_human_answer_was_bridged_or_heard_the_message(day: Day) -> None:
    row = day.last.campaigns[0]
    answered = row.outcomes.get("bridged", 0) + row.outcomes.get("early_hangup", 0) + row.outcomes.get("abandoned", 0)
    assert row.answered == answered
    unserved = day.database.execute(
        "SELECT count(*) FROM attempts WHERE outcome = 'abandoned' AND NOT message_played"
    ).fetchone()[0]
    assert unserved == 0


def test_every_conversation_was_recorded_with_both_voices_and_its_length(day: Day) -> None:
    rows = day.database.execute(
        "SELECT attempt_id, talk_s FROM attempts WHERE outcome = 'bridged' AND number LIKE ?", (f"%{Fixed.PERSON}",)
    ).fetchall()
    assert len(rows) == ROUNDS
    for attempt_id, talk_s in rows:
        agent = tones.read_wav(day.recordings / f"{attempt_id}-agent.wav")
        customer = tones.read_wav(day.recordings / f"{attempt_id}-customer.wav")
        assert tones.tone_level_db(agent, AGENT_HZ) > -25
        assert tones.level_db(customer) > -50, "the customer cannot be heard"
        assert tones.tone_level_db(customer, AGENT_HZ) < tones.tone_level_db(agent, AGENT_HZ) - 20, "echo"
        assert len(agent) / 8000 == pytest.approx(talk_s, abs=0.5)


def test_the_phone_shows_whose_account_it_is_with_a_masked_number(day: Day) -> None:
    assert day.displays
    assert all("****" in shown for _, shown in day.displays if shown.startswith(("+86", "86")))
    assert any(name.startswith("测*") for name, _ in day.displays)


def test_every_conversation_has_a_disposition_and_every_account_says_what_is_next(day: Day) -> None:
    bridged = day.database.execute("SELECT count(*) FROM attempts WHERE outcome = 'bridged'").fetchone()[0]
    disposed = day.database.execute("SELECT count(*) FROM dispositions WHERE agent_id IS NOT NULL").fetchone()[0]
    assert disposed == bridged > 0
    silent = day.database.execute("SELECT count(*) FROM accounts WHERE next_reason = '' OR next_reason IS NULL")
    assert silent.fetchone()[0] == 0


def test_agents_are_connected_within_the_legal_wait_and_mostly_within_milliseconds(day: Day) -> None:
    assert max(day.connect_ms) < 2000
    assert sorted(day.connect_ms)[len(day.connect_ms) // 2] < 50
