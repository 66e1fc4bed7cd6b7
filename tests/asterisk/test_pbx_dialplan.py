"""The contract between the dialplan and the engine, on the real Asterisk."""

from __future__ import annotations

import itertools
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ami_script import AmiScript, Event
from dialer.pbx.install import AsteriskTools
from dialer.pbx.instance import AsteriskInstance
from dialer.pbx.model import DialerPbx, Phone, Trunk
from sip_peer import RATE_HZ, SipPeer, loudness

pytestmark = pytest.mark.asterisk

CUSTOMER_HZ, AGENT_HZ, BOSS_HZ = 400, 1000, 1600
AUDIBLE = 2000.0  # a tone of ours arrives with about 8000, a missing one with less than 100

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """One Asterisk, its manager session, and the far end of its trunk."""

    pbx: DialerPbx
    instance: AsteriskInstance
    ami: AmiScript
    trunk: SipPeer
    recordings: Path

    def dial(self, *variables: str, exten: str = "s", wait_s: float = 5.0) -> str:
        """Originate a customer; return the channel's Uniqueid."""
        identity = f"att-{next(_numbers)}"
        reply = self.ami.action(
            "Originate",
            f"DIALER_WAIT_S={wait_s}",
            *variables,
            Channel="PJSIP/+8613800000001@carrier",
            Context="dialer-customer",
            Exten=exten,
            Priority="1",
            Async="true",
            ChannelId=identity,
            CallerID='"Us" <02155550000>',
            Timeout="20000",
        )
        assert reply["Response"] == "Success"
        return identity

    def ready(self, identity: str) -> Event:
        return self.ami.user_event("DialerReady", Uniqueid=identity)

    def bridge(self, customer: str, agent: str) -> None:
        mark = len(self.ami.events)
        assert self.ami.action("Bridge", Channel1=customer, Channel2=agent)["Response"] == "Success"
        for channel in (customer, agent):
            self.ami.wait(
                lambda e, c=channel: e.get("Event") == "BridgeEnter" and c in (e["Channel"], e["Uniqueid"]),  # type: ignore[misc]
                after=mark,
            )

    def ended(self, identity: str, within_s: float = 10.0) -> Event:
        return self.ami.wait(lambda e: e.get("Event") == "Hangup" and e.get("Uniqueid") == identity, within_s=within_s)

    def application(self, channel: str) -> str:
        """What a channel does right now, such as `Wait`."""
        for line in self.instance.command("core show channels concise").splitlines():
            fields = line.split("!")
            if fields[0] == channel:
                return fields[5]
        return ""

    def await_application(self, channel: str, wanted: str) -> None:
        deadline = time.monotonic() + 5
        while (now := self.application(channel)) != wanted:
            assert time.monotonic() < deadline, f"{channel} is in {now!r}, not in {wanted!r}"


@pytest.fixture(scope="module")
def floor(
    asterisk_tools: AsteriskTools,
    prompt_sounds: Path,
    free_port: Callable[[str], int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Floor]:
    sip_port, rtp = free_port("udp"), free_port("udp") // 4 * 4
    folder = tmp_path_factory.mktemp("pbx")
    with SipPeer(sip_port, tone_hz=CUSTOMER_HZ) as trunk:
        pbx = DialerPbx(
            sip_port=sip_port,
            ami_port=free_port("tcp"),
            rtp_first_port=min(rtp, 65000),
            rtp_last_port=min(rtp, 65000) + 400,
            ami_secret="engine-secret",
            witness_secret="witness-secret",
            agents=(
                Phone(name="agent01", password="agent01-secret", extension="1001", display_name="王芳", language="zh"),
                Phone(name="agent011", password="agent011-secret", extension="1011"),
            ),
            supervisors=(Phone(name="boss", password="boss-secret"),),
            trunks=(Trunk(name="carrier", host="127.0.0.1", port=trunk.port, qualify_every_s=0),),
            inbound_message="dialer/tone-ok",
            asterisk_version=asterisk_tools.version,
        )
        instance = AsteriskInstance.for_dialer(asterisk_tools, folder / "asterisk", pbx, prompt_sounds)
        with instance, AmiScript(pbx.ami_port, "dialer", "engine-secret") as ami:
            yield Floor(pbx=pbx, instance=instance, ami=ami, trunk=trunk, recordings=folder / "recordings")
            said = instance.log_file.read_text(encoding="utf-8")
    expected = ("no-such-message", "failed to authenticate", "SecurityEvent")
    lines = [line for line in said.splitlines() if "ERROR" in line or "WARNING" in line]
    assert [line for line in lines if not any(word in line for word in expected)] == []


@pytest.fixture
def agent(floor: Floor) -> Iterator[tuple[SipPeer, str]]:
    """An agent's phone that has dialled *10, and its channel."""
    with _phone(floor, "agent01", AGENT_HZ) as phone:
        mark = len(floor.ami.events)
        assert phone.call("*10") == 200
        leg = floor.ami.user_event("DialerAgentLeg", after=mark, Agent="agent01")
        yield phone, leg["Channel"]
        if phone.in_call:
            phone.hang_up()
        floor.ended(leg["Uniqueid"])


@pytest.fixture(autouse=True)
def _no_customer_left(floor: Floor) -> Iterator[None]:
    floor.trunk.speaks_s = 1e9
    yield
    if floor.trunk.in_call:
        floor.trunk.hang_up()


def _phone(floor: Floor, name: str, tone_hz: float) -> SipPeer:
    phone = SipPeer(floor.pbx.sip_port, user=name, password=f"{name}-secret", tone_hz=tone_hz)
    phone.register()
    return phone


def _wav(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)


# the customer's leg


def test_an_unserved_customer_waits_the_given_time_hears_the_message_and_is_hung_up(floor: Floor):
    identity = floor.dial("DIALER_MESSAGE=dialer%2Ftone-ok%26dialer%2Ftone-call", wait_s=0.5)
    floor.ended(identity)
    events = {
        e["UserEvent"]: float(e["Timestamp"])
        for e in floor.ami.events
        if e.get("Uniqueid") == identity and "UserEvent" in e
    }
    assert list(events) == ["DialerReady", "DialerUnserved", "DialerMessagePlayed"]
    assert events["DialerUnserved"] - events["DialerReady"] == pytest.approx(0.5, abs=0.1)
    assert events["DialerMessagePlayed"] - events["DialerUnserved"] == pytest.approx(0.32, abs=0.15)
    assert floor.ended(identity)["Cause"] == "16"


def test_a_message_that_cannot_be_played_is_not_reported_as_played(floor: Floor):
    identity = floor.dial("DIALER_MESSAGE=dialer%2Fno-such-message", wait_s=0.1)
    floor.ended(identity)
    assert floor.ami.user_events_of(identity) == ["DialerReady", "DialerUnserved"]


def test_a_message_that_the_customer_does_not_hear_to_its_end_is_not_reported_as_played(floor: Floor):
    identity = floor.dial("DIALER_MESSAGE=dialer%2Fzh%2Fidentify", wait_s=0.1)
    floor.ami.user_event("DialerUnserved", Uniqueid=identity)
    floor.trunk.hang_up()
    floor.ended(identity)
    assert floor.ami.user_events_of(identity) == ["DialerReady", "DialerUnserved"]


def test_a_customer_who_loses_the_agent_is_released_served_again_and_never_unserved(
    floor: Floor, agent: tuple[SipPeer, str]
):
    _, leg = agent
    identity = floor.dial(wait_s=1.0)
    customer = floor.ready(identity)["Channel"]
    for _ in range(2):
        mark = len(floor.ami.events)
        floor.bridge(customer, leg)
        floor.ami.action("Redirect", Channel=leg, Context="dialer-agent", Exten="parked", Priority="1")
        floor.ami.user_event("DialerReleased", after=mark, Uniqueid=identity)
    floor.ended(identity)
    assert floor.ami.user_events_of(identity) == ["DialerReady", "DialerReleased", "DialerReleased"]


def test_a_customer_bridged_at_the_very_moment_of_the_answer_is_never_taken_for_unserved(
    floor: Floor, agent: tuple[SipPeer, str]
):
    _, leg = agent
    for _ in range(8):
        mark = len(floor.ami.events)
        identity = floor.dial("DIALER_MESSAGE=dialer%2Ftone-ok", wait_s=0.2)
        up = floor.ami.wait(
            lambda e, i=identity: e.get("Event") == "Newstate" and e["Uniqueid"] == i and e["ChannelState"] == "6",  # type: ignore[misc]
            after=mark,
        )
        floor.bridge(up["Channel"], leg)
        floor.ami.action("Redirect", Channel=leg, Context="dialer-agent", Exten="parked", Priority="1")
        floor.ended(identity)
        events = floor.ami.user_events_of(identity)
        assert "DialerUnserved" not in events
        assert events[-2:] == ["DialerReleased", "DialerMessagePlayed"]


def test_a_bridge_during_the_message_ends_it_and_counts_as_served(floor: Floor, agent: tuple[SipPeer, str]):
    _, leg = agent
    identity = floor.dial("DIALER_MESSAGE=dialer%2Fzh%2Fidentify", wait_s=0.1)
    customer = floor.ami.user_event("DialerUnserved", Uniqueid=identity)["Channel"]
    floor.await_application(customer, "Playback")
    floor.bridge(customer, leg)
    floor.ami.action("Redirect", Channel=leg, Context="dialer-agent", Exten="parked", Priority="1")
    floor.ami.user_event("DialerReleased", Uniqueid=identity)
    assert "DialerMessagePlayed" not in floor.ami.user_events_of(identity)


def test_the_recording_holds_both_legs_apart_and_is_as_long_as_the_talk(floor: Floor, agent: tuple[SipPeer, str]):
    _, leg = agent
    identity = floor.dial(f"DIALER_RECORD={floor.recordings}")
    customer = floor.ready(identity)["Channel"]
    time.sleep(0.5)  # waiting for an agent must not be on the recording
    mark = len(floor.ami.events)
    floor.bridge(customer, leg)
    time.sleep(1.5)
    floor.trunk.hang_up()
    floor.ended(identity)
    moments = [
        float(e["Timestamp"])
        for e in floor.ami.events[mark:]
        if e.get("Event") in ("BridgeEnter", "BridgeLeave") and e["Uniqueid"] == identity
    ]
    talk_s = moments[1] - moments[0]
    legs = {name: _wav(floor.recordings / f"{identity}{name}.wav") for name in ("", "-customer", "-agent")}
    for samples in legs.values():
        assert len(samples) / RATE_HZ == pytest.approx(talk_s, abs=0.1)
    heard = {
        name: (loudness(samples, CUSTOMER_HZ) > AUDIBLE, loudness(samples, AGENT_HZ) > AUDIBLE)
        for name, samples in legs.items()
    }
    assert heard == {"": (True, True), "-customer": (True, False), "-agent": (False, True)}


def test_the_phone_shows_the_customer_and_the_trunk_learns_nothing_of_the_agent(
    floor: Floor, agent: tuple[SipPeer, str]
):
    phone, leg = agent
    mark = len(floor.trunk.received)
    identity = floor.dial(
        "DIALER_SHOW_NAME=%E6%9D%8E%E5%9B%9B%2C%20%E8%B4%A6%E6%88%B7%22%0D%0AX-Forged%3A%20yes",
        "DIALER_SHOW_NUMBER=13800000001",
    )
    floor.bridge(floor.ready(identity)["Channel"], leg)
    deadline = time.monotonic() + 3
    while not phone.requests("UPDATE"):
        assert time.monotonic() < deadline, "no UPDATE reached the phone"
    update = phone.requests("UPDATE")[0]
    shown = '"李四, 账户X-Forged: yes" <sip:13800000001@127.0.0.1>'
    assert update.get("P-Asserted-Identity") == shown
    assert update.get("X-Forged") == ""
    requests = [m for m in floor.trunk.received[mark:] if not m.status]
    assert [m.method for m in requests] == ["INVITE", "ACK"]
    assert requests[0].get("From").startswith('"Us" <sip:02155550000@')
    assert not any("agent01" in m.text or "王芳" in m.text for m in requests)


# answering machine detection


@pytest.mark.parametrize(
    ("speaks_s", "verdict", "events"),
    [
        (0.7, "HUMAN", ["DialerScreened", "DialerReady", "DialerUnserved"]),
        (60.0, "MACHINE", ["DialerScreened"]),
    ],
)
def test_a_short_greeting_is_a_person_and_a_long_one_a_machine(
    floor: Floor, speaks_s: float, verdict: str, events: list[str]
):
    floor.trunk.speaks_s = speaks_s
    identity = floor.dial(exten="amd", wait_s=0.1)
    screened = floor.ami.user_event("DialerScreened", Uniqueid=identity)
    floor.ended(identity)
    assert screened["Verdict"] == verdict
    assert screened["Reason"]
    assert floor.ami.user_events_of(identity) == events


# the agent's leg


def test_an_agents_leg_takes_one_customer_after_the_other(floor: Floor, agent: tuple[SipPeer, str]):
    phone, leg = agent
    for _ in range(3):
        identity = floor.dial()
        floor.bridge(floor.ready(identity)["Channel"], leg)
        mark = len(phone.heard)
        time.sleep(0.4)
        assert loudness(phone.heard_since(mark), CUSTOMER_HZ) > AUDIBLE
        floor.trunk.hang_up()
        floor.ended(identity)
        floor.await_application(leg, "Wait")


@pytest.mark.parametrize("record", [True, False], ids=["recorded", "not-recorded"])
def test_the_agents_keys_are_seen_while_parked_and_while_talking(
    floor: Floor, agent: tuple[SipPeer, str], record: bool
):
    phone, leg = agent
    floor.await_application(leg, "Wait")
    identity = floor.dial(*([f"DIALER_RECORD={floor.recordings}"] if record else []))
    customer = floor.ready(identity)["Channel"]
    for key, bridged in (("7", False), ("*", True)):
        if bridged:
            floor.bridge(customer, leg)
        mark = len(floor.ami.events)
        phone.press(key)
        floor.ami.wait(
            lambda e, k=key: e.get("Event") == "DTMFEnd" and e["Channel"] == leg and e["Digit"] == k,  # type: ignore[misc]
            after=mark,
            within_s=3,
        )


def test_prompts_are_said_on_the_leg_and_give_way_to_a_customer(floor: Floor, agent: tuple[SipPeer, str]):
    phone, leg = agent
    floor.ami.action("Setvar", Channel=leg, Variable="DIALER_SAY", Value="dialer%2Fzh%2F1%26dialer%2Fzh%2Fyuan")
    mark = len(phone.heard)
    floor.ami.action("Redirect", Channel=leg, Context="dialer-agent", Exten="say", Priority="1")
    floor.await_application(leg, "Playback")
    floor.await_application(leg, "Wait")
    assert np.abs(phone.heard_since(mark)).max() > AUDIBLE
    floor.ami.action("Setvar", Channel=leg, Variable="DIALER_SAY", Value="dialer/zh/identify")
    floor.ami.action("Redirect", Channel=leg, Context="dialer-agent", Exten="say", Priority="1")
    floor.await_application(leg, "Playback")
    identity = floor.dial()
    floor.bridge(floor.ready(identity)["Channel"], leg)
    floor.trunk.hang_up()
    floor.ended(identity)
    floor.await_application(leg, "Wait")


def test_a_leg_that_the_engine_calls_is_announced_like_one_that_dialled(floor: Floor):
    with _phone(floor, "agent01", AGENT_HZ) as phone:
        mark = len(floor.ami.events)
        floor.ami.action(
            "Originate",
            "DIALER_AGENT=agent01",
            Channel="PJSIP/agent01",
            Context="dialer-agent",
            Exten="login",
            Priority="1",
            Async="true",
            ChannelId="leg-agent01",
        )
        leg = floor.ami.user_event("DialerAgentLeg", after=mark, Agent="agent01")
        assert leg["Uniqueid"] == "leg-agent01"
        floor.await_application(leg["Channel"], "Wait")
        phone.hang_up()


# nobody gets out


@pytest.mark.parametrize(
    "dialled", ["13800000001", "+8613800000001", "*311001", "*11", "#", "login", "parked", "say", "s", "1001"]
)
def test_a_phone_can_dial_nothing_but_its_own_place(floor: Floor, dialled: str):
    invites, mark = len(floor.trunk.requests("INVITE")), len(floor.ami.events)
    with _phone(floor, "agent01", AGENT_HZ) as phone:
        if phone.call(dialled) == 200:
            floor.ami.wait(lambda e: e.get("Event") == "Hangup", after=mark)
    assert not any("UserEvent" in e for e in floor.ami.events[mark:])
    assert len(floor.trunk.requests("INVITE")) == invites


def test_a_wrong_password_gets_nowhere(floor: Floor):
    with SipPeer(floor.pbx.sip_port, user="agent01", password="guess") as stranger:
        assert stranger.call("*10") == 401


@pytest.mark.parametrize("called", ["4001234567", "+864001234567", "*10", "s"])
def test_a_call_from_the_trunk_is_told_who_we_are_and_ends(floor: Floor, called: str):
    mark = len(floor.ami.events)
    with SipPeer(floor.pbx.sip_port, user="13800000001") as caller:
        assert caller.call(called) == 200
        event = floor.ami.user_event("DialerInbound", after=mark)
        floor.ended(event["Uniqueid"])
        assert np.abs(caller.heard_since(0)).max() > AUDIBLE
    assert (event["Called"], event["Caller"]) == ("".join(c for c in called if c in "+0123456789"), "13800000001")


# supervisors


@pytest.mark.parametrize(
    ("code", "agent_hears_boss", "customer_hears_boss"),
    [("*31", False, False), ("*32", True, False), ("*33", True, True)],
)
def test_a_supervisor_listens_whispers_and_barges(
    floor: Floor, agent: tuple[SipPeer, str], code: str, agent_hears_boss: bool, customer_hears_boss: bool
):
    phone, leg = agent
    identity = floor.dial()
    floor.bridge(floor.ready(identity)["Channel"], leg)
    with _phone(floor, "boss", BOSS_HZ) as boss:
        assert boss.call(f"{code}1001") == 200
        deadline = time.monotonic() + 5
        while loudness(boss.heard_since(max(0, len(boss.heard) - 4000)), CUSTOMER_HZ) < AUDIBLE:
            assert time.monotonic() < deadline, "the supervisor hears nothing"
            time.sleep(0.05)
        marks = [len(peer.heard) for peer in (boss, phone, floor.trunk)]
        time.sleep(0.6)
        assert loudness(boss.heard_since(marks[0]), AGENT_HZ) > AUDIBLE
        assert (loudness(phone.heard_since(marks[1]), BOSS_HZ) > AUDIBLE) is agent_hears_boss
        assert (loudness(floor.trunk.heard_since(marks[2]), BOSS_HZ) > AUDIBLE) is customer_hears_boss
        boss.hang_up()


@pytest.mark.parametrize("dialled", ["*319", "*31", "*341001", "*10", "13800000001"])
def test_a_supervisor_reaches_known_agents_only(floor: Floor, dialled: str):
    invites, mark = len(floor.trunk.requests("INVITE")), len(floor.ami.events)
    with _phone(floor, "boss", BOSS_HZ) as boss:
        assert boss.call(dialled) == 200
        floor.ami.wait(lambda e: e.get("Event") == "Hangup", after=mark)
    assert not any("UserEvent" in e for e in floor.ami.events[mark:])
    assert len(floor.trunk.requests("INVITE")) == invites
