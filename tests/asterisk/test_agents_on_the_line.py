"""What agents are promised, proved by keys pressed, sounds heard and rows written: the engine, SIP, RTP, the store."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest

from ami_script import AmiScript
from campaigns import EngineProcess, Ledger, digits, floor, key, passwords, prepare, until, write_campaign
from dialer.demo.stage import Stage
from dialer.pbx.carrier import Fixed
from dialer.phones import tones
from dialer.phones.protocol import EventName
from dialer.phones.spawned import Phone, Phones
from dialer.types import AgentState

pytestmark = pytest.mark.asterisk

SHANGHAI = ZoneInfo("Asia/Shanghai")
CLI = "from dialer.cli.main import main; main()"
NAILED_UP = ("agent01", "agent03", "agent06")
CALLED = ("agent02", "agent05")
"""Their phones pick up by themselves."""
DEAF = "agent04"
"""This phone rings and nobody picks up."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything at hand."""

    stage: Stage
    engine: EngineProcess
    ledger: Ledger
    witness: AmiScript
    phones: dict[str, Phone]

    def begin(self, name: str, agents: list[str], kinds: list[Fixed], **changes: object) -> list[str]:
        """Write a campaign for these agents and launch it."""
        numbers = prepare(self.stage.settings, name, kinds, agents=agents, **changes)
        self.engine.launch(name)
        return numbers

    def channels(self, agent: str) -> list[str]:
        """The channels of an agent's phone."""
        mark = len(self.witness.events)
        self.witness.action("CoreShowChannels")
        self.witness.wait(lambda e: e.get("Event") == "CoreShowChannelsComplete", after=mark)
        rows = self.witness.events[mark:]
        return [e["Channel"] for e in rows if e.get("Event") == "CoreShowChannel" and f"/{agent}-" in e["Channel"]]

    def said(self, agent: str) -> str:
        """What the agent's leg was last told to play."""
        [channel] = self.channels(agent)
        return unquote(self.witness.action("Getvar", Channel=channel, Variable="DIALER_SAY").get("Value", ""))

    def until_said(self, agent: str, prompt: str) -> None:
        until(lambda: prompt in self.said(agent), f"{agent} is told {prompt}")

    def until_talking_to(self, agent: str, number: str) -> None:
        def look() -> bool:
            attempt = self.ledger.attempt(number)
            events = attempt and self.ledger.rows(
                "SELECT * FROM call_events WHERE attempt_id = ? AND event = 'call.bridged'", attempt["attempt_id"]
            )
            return bool(events) and self.engine.agent(agent).state is AgentState.TALKING

        until(look, f"{agent} talks to {number}")

    def talk_and_drop(self, agent: str, number: str) -> None:
        """Wait for the conversation, and drop the customer by *0."""
        self.until_talking_to(agent, number)
        key(self.phones[agent], "*0")
        self.engine.until_state(agent, AgentState.WRAP_UP)


QUIET_S = 1.0


def is_quiet(phone: Phone) -> bool:
    """Nothing has sounded in the agent's ear for a second; a prompt that was asked for may take a while to begin."""
    noticed = [event for event in phone.events if event.name in (EventName.HEARD, EventName.HUSHED)]
    if not noticed:
        return True
    return noticed[-1].name is EventName.HUSHED and time.monotonic() - noticed[-1].at_s > QUIET_S


@pytest.fixture(scope="module")
def desk(asterisk_tools: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    def change(dialer: dict[str, Any]) -> None:
        for agent in (DEAF, "agent05"):
            dialer["agents"][agent]["connect"] = "ring"

    with floor(tmp_path_factory.mktemp("desk"), change=change, fixed_talk_s=2.0) as stage:
        settings, server = stage.settings, stage.settings.servers[0]
        with (
            Phones(f"127.0.0.1:{server.sip_port}") as phones,
            AmiScript(server.ami_port, "witness", server.witness_secret) as witness,
            EngineProcess(settings) as engine,
        ):
            users = [*NAILED_UP, *CALLED, DEAF]
            started = [
                *phones.add(passwords(settings, *NAILED_UP), dial="*10", stay=True, listen=True),
                *phones.add(passwords(settings, *CALLED), auto_answer=True, listen=True),
                *phones.add(passwords(settings, DEAF)),
            ]
            for phone in started:
                phone.wait(EventName.REGISTERED, within_s=20)
            for agent, phone in zip(NAILED_UP, started, strict=False):
                engine.until_state(agent, AgentState.READY)
                phone.wait(EventName.HUSHED)
            yield Desk(
                stage=stage,
                engine=engine,
                ledger=Ledger(settings),
                witness=witness,
                phones=dict(zip(users, started, strict=True)),
            )


# wrap-up by keys


def test_codes_of_one_and_two_digits_and_a_prefix_are_taken_from_one_leg_that_goes_on(desk: Desk):
    leg = desk.channels("agent01")
    cases = [("2", "says_paid"), ("91", "deceased"), ("9#", "complaint"), ("9", "complaint")]
    numbers = desk.begin("codes", ["agent01"], [Fixed.TALKATIVE] * 3 + [Fixed.PERSON])
    for number, (entry, code) in zip(numbers, cases, strict=True):
        desk.until_talking_to("agent01", number)
        if number != numbers[-1]:
            key(desk.phones["agent01"], "*0")
        desk.engine.until_state("agent01", AgentState.WRAP_UP)
        key(desk.phones["agent01"], entry)
        disposition = desk.ledger.until_disposed(number)
        assert (disposition["code"], disposition["decided_by"]) == (code, "dtmf")
        assert disposition["agent_id"] == "agent01"
    assert desk.channels("agent01") == leg
    stops = desk.ledger.rows("SELECT flag FROM stop_flags ORDER BY stop_id")
    assert [row["flag"] for row in stops] == ["deceased", "complaint", "complaint"]


def test_a_wrong_code_is_refused_aloud_and_the_right_one_is_taken_afterwards(desk: Desk):
    [number] = desk.begin("wrong", ["agent01"], [Fixed.TALKATIVE])
    desk.talk_and_drop("agent01", number)
    desk.until_said("agent01", "dialer/zh/wrap-up")
    key(desk.phones["agent01"], "94")
    desk.until_said("agent01", "dialer/zh/wrong-code")
    assert desk.ledger.disposition(number) is None
    key(desk.phones["agent01"], "4")
    assert desk.ledger.until_disposed(number)["code"] == "refuses"
    desk.until_said("agent01", "dialer/zh/saved")


def test_a_promise_is_read_back_can_be_redone_and_is_stored_to_the_cent_and_the_day(desk: Desk):
    [number] = desk.begin("promise", ["agent01"], [Fixed.TALKATIVE])
    desk.talk_and_drop("agent01", number)
    phone = desk.phones["agent01"]
    for amount, days, read_back in (("999", "1", "9&dialer/zh/9"), ("1500*50", "3", "5&dialer/zh/0&dialer/zh/yuan")):
        key(phone, "1")
        desk.until_said("agent01", "zh/amount")
        key(phone, f"{amount}#")
        desk.until_said("agent01", "zh/date")
        key(phone, f"{days}#")
        desk.until_said("agent01", "zh/confirm")
        assert read_back in desk.said("agent01")
        assert desk.ledger.disposition(number) is None
        key(phone, "2" if amount == "999" else "1")
        desk.until_said("agent01", "wrap-up" if amount == "999" else "saved")
    assert desk.ledger.until_disposed(number)["code"] == "promise"
    promises = desk.ledger.rows("SELECT p.* FROM promises p JOIN attempts USING (attempt_id) WHERE number = ?", number)
    due_on = datetime.now(SHANGHAI).date() + timedelta(days=3)
    assert [(p["amount_cents"], p["due_on"]) for p in promises] == [(150_050, due_on.isoformat())]


def test_a_call_back_is_stored_for_the_agent_at_the_hour_that_was_keyed(desk: Desk):
    [number] = desk.begin("later", ["agent01"], [Fixed.TALKATIVE])
    desk.talk_and_drop("agent01", number)
    phone = desk.phones["agent01"]
    key(phone, "5")
    desk.until_said("agent01", "zh/moment")
    key(phone, "2#")
    desk.until_said("agent01", "zh/confirm")
    key(phone, "1")
    disposition = desk.ledger.until_disposed(number)
    assert (disposition["code"], disposition["next_kind"]) == ("callback", "callback")
    away = datetime.fromisoformat(disposition["next_at"]) - datetime.now(UTC)
    assert timedelta(minutes=118) < away <= timedelta(hours=2)
    [account] = desk.ledger.rows("SELECT * FROM accounts WHERE account_no = 'later-0000'")
    assert account["callback_agent"] == "agent01"


def test_star_keys_pause_at_once_or_after_the_call_and_bring_back(desk: Desk):
    leg, phone = desk.channels("agent01"), desk.phones["agent01"]
    desk.engine.until_state("agent01", AgentState.READY)
    key(phone, "*12")
    assert desk.engine.until_state("agent01", AgentState.PAUSED).reason == "用餐"
    first, second = desk.begin("stars", ["agent01"], [Fixed.TALKATIVE] * 2)
    time.sleep(0.5)
    assert desk.ledger.attempt(first) is None, "a call was placed for an agent who pauses"
    key(phone, "*2")
    desk.until_talking_to("agent01", first)
    key(phone, "*11")
    desk.talk_and_drop("agent01", first)
    key(phone, "2")
    assert desk.engine.until_state("agent01", AgentState.PAUSED).reason == "小休"
    time.sleep(0.5)
    assert desk.ledger.attempt(second) is None, "a call was placed for an agent who pauses"
    key(phone, "*2")
    desk.talk_and_drop("agent01", second)
    key(phone, "2")
    desk.ledger.until_disposed(second)
    assert desk.channels("agent01") == leg


def test_a_reload_takes_effect_at_the_next_wrap_up_and_a_broken_file_changes_nothing(desk: Desk):
    first, second, third = desk.begin("limits", ["agent01"], [Fixed.TALKATIVE] * 3)
    path = write_campaign(desk.stage.settings, "limits", agents=["agent01"], wrap_up_limit="1s")
    until(lambda: desk.engine.log("settings.reloaded"), "the edit is taken over", within_s=5)
    desk.talk_and_drop("agent01", first)
    disposition = desk.ledger.until_disposed(first, within_s=4)
    assert (disposition["code"], disposition["decided_by"]) == ("unrecorded", "default")
    assert 0.9 < disposition["wrap_up_s"] < 2
    sound = path.read_text(encoding="utf-8")
    path.write_text(sound.replace("wrap_up_limit: 1s", "wrap_up_limit: soon"), encoding="utf-8")
    [rejected] = until(lambda: desk.engine.log("settings.rejected"), "the mistake is in the log", within_s=5)
    assert "wrap_up_limit" in rejected["reason"]
    assert "limits.yaml" in rejected["reason"]
    desk.talk_and_drop("agent01", second)
    assert desk.ledger.until_disposed(second, within_s=4)["decided_by"] == "default"
    path.write_text(sound.replace("wrap_up_limit: 1s", "wrap_up_limit: 30s"), encoding="utf-8")
    until(lambda: len(desk.engine.log("settings.reloaded")) > 1, "the mended file is taken over", within_s=5)
    desk.talk_and_drop("agent01", third)
    time.sleep(1.5)
    assert desk.ledger.disposition(third) is None, "the limit of 30 s is not in force"
    key(desk.phones["agent01"], "2")
    desk.ledger.until_disposed(third)


# what the agent hears


def test_the_agent_hears_a_tone_at_the_bridge_and_speech_in_wrap_up(desk: Desk):
    phone = desk.phones["agent01"]
    desk.engine.until_state("agent01", AgentState.READY)
    until(lambda: is_quiet(phone), "the prompts of before are over")
    mark = phone.mark()
    [number] = desk.begin("heard", ["agent01"], [Fixed.SILENT])
    desk.until_talking_to("agent01", number)
    tone = phone.wait(EventName.HEARD, after=mark, sound="tone", within_s=3)
    phone.wait(EventName.HUSHED, after=mark)
    desk.talk_and_drop("agent01", number)
    speech = phone.wait(EventName.HEARD, after=mark, sound="speech", within_s=3)
    assert speech.at_s > tone.at_s
    key(phone, "2")
    desk.ledger.until_disposed(number)
    attempt = desk.ledger.until_ended(number)
    customer_heard = tones.read_wav(desk.stage.settings.recordings_path / f"{attempt['recording']}-agent.wav")
    assert customer_heard.size > 4000
    assert tones.level_db(customer_heard) < -50, "the tone was for the agent only"


# told by a command


def test_a_login_by_command_calls_the_phone_and_the_other_wishes_are_obeyed(desk: Desk):
    agent, phone = "agent02", desk.phones["agent02"]
    cli = [
        sys.executable,
        "-c",
        "from dialer.cli.main import main; main()",
        "--config",
        str(desk.stage.settings.source),
    ]
    subprocess.run([*cli, "agent", "login", agent], check=True, stdout=subprocess.PIPE, timeout=20)
    phone.wait(EventName.CONNECTED)
    desk.engine.until_state(agent, AgentState.READY)
    desk.engine.call("agent.pause", agent=agent, reason="会议")
    assert desk.engine.until_state(agent, AgentState.PAUSED).reason == "会议"
    [number] = desk.begin("told", [agent], [Fixed.TALKATIVE])
    desk.engine.call("agent.ready", agent=agent)
    desk.until_talking_to(agent, number)
    desk.engine.call("agent.hang_up", agent=agent)
    desk.engine.until_state(agent, AgentState.WRAP_UP)
    desk.engine.call(
        "agent.dispose", agent=agent, code="promise", amount="12.30", due_on="2030-01-02"
    ) if False else None
    subprocess.run(
        [*cli, "agent", "dispose", agent, "hardship", "--note", "住院"], check=True, stdout=subprocess.PIPE, timeout=20
    )
    disposition = desk.ledger.until_disposed(number)
    assert (disposition["code"], disposition["decided_by"], disposition["note"]) == ("hardship", "cli", "住院")
    mark = phone.mark()
    desk.engine.call("agent.logout", agent=agent)
    desk.engine.until_state(agent, AgentState.OFFLINE)
    phone.wait(EventName.DISCONNECTED, after=mark)
    assert desk.channels(agent) == []


# a phone that is called for each call


def test_a_phone_that_is_called_for_each_call_is_let_go_after_its_wrap_up(desk: Desk):
    agent, phone = "agent05", desk.phones["agent05"]
    before = [event.name for event in phone.events].count(EventName.CONNECTED)
    desk.engine.call("agent.login", agent=agent)
    first, second = desk.begin("ringing", [agent], [Fixed.TALKATIVE] * 2)
    for turn, number in enumerate((first, second), start=1):
        desk.until_talking_to(agent, number)
        assert [event.name for event in phone.events].count(EventName.CONNECTED) == before + turn
        key(phone, "*0")
        desk.engine.until_state(agent, AgentState.WRAP_UP)
        if number == second:
            desk.engine.call("agent.pause", agent=agent)
        mark = phone.mark()
        key(phone, "2")
        assert desk.ledger.until_disposed(number)["code"] == "says_paid"
        phone.wait(EventName.DISCONNECTED, after=mark)
    desk.engine.until_state(agent, AgentState.PAUSED)
    until(lambda: desk.channels(agent) == [], "the leg is let go")


def test_an_agent_who_does_not_pick_up_is_paused_and_another_serves_the_customer(desk: Desk):
    for agent in (DEAF, "agent05"):
        if desk.engine.agent(agent).state is AgentState.OFFLINE:
            desk.engine.call("agent.login", agent=agent)
    desk.engine.call("agent.ready", agent="agent05")
    [number] = desk.begin(
        "deaf", [DEAF, "agent05"], [Fixed.TALKATIVE], agent_ring_timeout="3s", calling={"legal_wait": "8s"}
    )
    until(lambda: desk.engine.agent(DEAF).reason, "the deaf phone is noticed")
    desk.engine.until_state(DEAF, AgentState.PAUSED)
    desk.until_talking_to("agent05", number)
    desk.talk_and_drop("agent05", number)
    key(desk.phones["agent05"], "2")
    assert desk.ledger.until_disposed(number)["agent_id"] == "agent05"
    desk.engine.call("agent.logout", agent="agent05")


def test_with_nobody_picking_up_the_customer_hears_the_message_and_the_agent_is_paused(desk: Desk):
    if desk.engine.agent(DEAF).state is AgentState.OFFLINE:
        desk.engine.call("agent.login", agent=DEAF)
    else:
        desk.engine.call("agent.ready", agent=DEAF)
    brief = {"abandoned": "dialer/zh/saved"}
    first, second = desk.begin("unheard", [DEAF], [Fixed.TALKATIVE] * 2, messages=brief)
    attempt = desk.ledger.until_ended(first)
    assert (attempt["outcome"], attempt["message_played"]) == ("abandoned", 1)
    assert desk.engine.agent(DEAF).state is AgentState.PAUSED
    assert desk.ledger.attempt(second) is None, "the next call was placed for a phone that nobody picks up"
    assert desk.engine.campaign("unheard").abandoned == 1


# preview


def test_in_preview_the_phone_shows_whose_account_it_is_and_one_key_dials_and_another_skips(desk: Desk):
    agent, phone = "agent03", desk.phones["agent03"]
    mark = phone.mark()
    first, second, third = desk.begin("preview", [agent], [Fixed.TALKATIVE] * 3, mode="preview", preview_limit="2s")
    shown = phone.wait(EventName.DISPLAY, after=mark)
    assert shown.data["name"] == "欧阳* 1000.00"
    assert shown.data["number"] == f"+86199****{Fixed.TALKATIVE}"
    desk.engine.until_state(agent, AgentState.PREVIEWING)
    assert desk.ledger.attempt(first) is None, "dialled before the agent said so"
    key(phone, "1")
    desk.talk_and_drop(agent, first)
    key(phone, "2")
    desk.ledger.until_disposed(first)
    desk.engine.until_state(agent, AgentState.PREVIEWING)
    key(phone, "9")
    until(lambda: _returned(desk, "preview-0001"), "the second account went back")
    desk.engine.until_state(agent, AgentState.PREVIEWING)
    until(lambda: _returned(desk, "preview-0002"), "the third account went back after 2 s", within_s=4)
    desk.engine.until_state(agent, AgentState.READY)
    for number in (second, third):
        assert desk.ledger.attempt(number) is None
    invites = desk.stage.carrier.invites()
    assert [invites[number] for number in (first, second, third)] == [1, 0, 0]


def _returned(desk: Desk, account_no: str) -> bool:
    [account] = desk.ledger.rows("SELECT * FROM accounts WHERE account_no = ?", account_no)
    return account["leased_by"] is None and account["next_at"] is not None


# machines, and too many answers


def test_a_machine_is_hung_up_on_and_a_person_is_bridged(desk: Desk):
    agent, phone = "agent06", desk.phones["agent06"]
    kinds = [Fixed.MACHINE, Fixed.TALKATIVE, Fixed.TALKATIVE, Fixed.TALKATIVE]
    machine, *people = desk.begin("machines", [agent], kinds, detect_machines=True)
    attempt = desk.ledger.until_ended(machine)
    assert (attempt["outcome"], attempt["agent_id"], attempt["abandoned"]) == ("machine", None, 0)
    bridged = 0
    for number in people:
        until(lambda n=number: _screened(desk, n), "the verdict", within_s=20)  # type: ignore[misc]
        if _screened(desk, number) == "machine":  # the detector is wrong about one person in seven or so
            assert desk.ledger.until_ended(number)["outcome"] == "machine"
            continue
        desk.talk_and_drop(agent, number)
        key(phone, "2")
        desk.ledger.until_disposed(number)
        assert desk.ledger.until_ended(number)["outcome"] == "bridged"
        bridged += 1
    assert bridged > 0


def _screened(desk: Desk, number: str) -> str:
    rows = desk.ledger.rows(
        "SELECT e.detail FROM attempts JOIN call_events e USING (attempt_id) WHERE number = ?"
        " AND event = 'call.screened'",
        number,
    )
    return rows[0]["detail"] if rows else ""


def test_more_answers_than_agents_hear_the_message_to_its_end_and_are_counted(desk: Desk):
    agent = "agent06"
    desk.engine.until_state(agent, AgentState.READY)
    numbers = desk.begin(
        "power", [agent], [Fixed.TALKATIVE] * 3, mode="power", pacing={"ratio": 3, "target_abandonment": "100%"}
    )
    ended = until(
        lambda: [a for n in numbers if (a := desk.ledger.attempt(n)) and a["outcome"] == "abandoned"][1:],
        "two were abandoned",
        within_s=25,
    )
    assert ended
    abandoned = [n for n in numbers if (desk.ledger.attempt(n) or {})["outcome"] == "abandoned"]
    for number in abandoned:
        attempt = desk.ledger.attempt(number)
        assert attempt is not None
        assert (attempt["message_played"], attempt["abandoned"], attempt["agent_id"]) == (1, 1, None)
        assert 1.5 < attempt["wait_s"] < 2.2, "the message begins when the legal wait is over"
    [served] = set(numbers) - set(abandoned)
    row = desk.engine.campaign("power")
    assert (row.abandoned, row.dialled) == (2, 3)
    desk.talk_and_drop(agent, served)
    key(desk.phones[agent], "2")
    desk.ledger.until_disposed(served)


def test_the_network_saw_each_number_as_often_as_the_ledger_has_it(desk: Desk):
    seen = {digits(number): count for number, count in desk.stage.carrier.invites().items()}
    assert seen == dict(desk.ledger.dials())
    assert set(seen.values()) == {1}
