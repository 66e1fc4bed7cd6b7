"""The headless phones against the real Asterisk: what an agent presses, reads, says and hears."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ami_script import AmiScript
from dialer.errors import PhoneError
from dialer.pbx import model
from dialer.pbx.install import AsteriskTools
from dialer.pbx.instance import AsteriskInstance
from dialer.phones.protocol import EventName
from dialer.phones.spawned import Phone, Phones
from dialer.phones.tones import onset_s, read_wav, sine, tone_level_db, write_wav

pytestmark = pytest.mark.asterisk

AGENT_HZ, CUSTOMER_HZ = 440, 1000
AUDIBLE_DB, INAUDIBLE_DB = -20.0, -50.0  # a tone of ours arrives at -15

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """One Asterisk and how to reach it."""

    pbx: model.DialerPbx
    instance: AsteriskInstance

    @property
    def server(self) -> str:
        return f"127.0.0.1:{self.pbx.sip_port}"

    def ami(self) -> AmiScript:
        return AmiScript(self.pbx.ami_port, "dialer", "engine-secret")


@pytest.fixture(scope="module")
def floor(
    asterisk_tools: AsteriskTools, free_port: Callable[[str], int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Floor]:
    rtp = min(free_port("udp") // 4 * 4, 65000)
    pbx = model.DialerPbx(
        sip_port=free_port("udp"),
        ami_port=free_port("tcp"),
        rtp_first_port=rtp,
        rtp_last_port=rtp + 200,
        ami_secret="engine-secret",
        witness_secret="witness-secret",
        agents=tuple(model.Phone(name=name, password=_secret(name)) for name in ("agent01", "agent02", "agent03")),
        asterisk_version=asterisk_tools.version,
    )
    instance = AsteriskInstance.for_dialer(asterisk_tools, tmp_path_factory.mktemp("pbx") / "asterisk", pbx)
    with instance:
        yield Floor(pbx=pbx, instance=instance)


@pytest.fixture
def phones(floor: Floor) -> Iterator[Phones]:
    with Phones(floor.server) as started:
        yield started


def _secret(user: str) -> str:
    return f"{user}-secret"


def _logins(*users: str) -> dict[str, str]:
    return {user: _secret(user) for user in users}


def _channel_of(ami: AmiScript, agent: str) -> str:
    return ami.user_event("DialerAgentLeg", Agent=agent)["Channel"]


def _answered_customer(ami: AmiScript, phone: Phone, *variables: str) -> str:
    """Call a phone that plays the customer, as the engine calls customers; return its channel."""
    identity = _call(ami, phone, *variables)
    return ami.user_event("DialerReady", Uniqueid=identity)["Channel"]


def _call(ami: AmiScript, phone: Phone, *variables: str) -> str:
    """Originate to a phone; return the channel's Uniqueid."""
    identity = f"sp-{next(_numbers)}"
    where = {"Context": "dialer-customer", "Exten": "s", "Priority": "1"}
    who = {"Channel": f"PJSIP/{phone.user}", "ChannelId": identity, "Async": "true"}
    ami.action("Originate", "DIALER_WAIT_S=20", *variables, **where, **who)
    return identity


# the shift


def test_two_phones_of_one_process_register_dial_in_and_stay(floor: Floor, phones: Phones):
    with floor.ami() as ami:
        pair = phones.add(_logins("agent01", "agent02"), dial="*10", stay=True, watch_every_s=0.5)
        for phone in pair:
            phone.wait(EventName.REGISTERED)
            phone.wait(EventName.CONNECTED, number="*10")
            channel = _channel_of(ami, phone.user)
            before = phone.mark()
            ami.action("Hangup", Channel=channel)
            phone.wait(EventName.DISCONNECTED, after=before)
            phone.wait(EventName.CONNECTED, after=before)


def test_keys_arrive_at_asterisk_one_by_one_in_order(floor: Floor, phones: Phones):
    with floor.ami() as ami:
        [phone] = phones.add(_logins("agent01"), dial="*10")
        phone.wait(EventName.MEDIA)
        channel = _channel_of(ami, "agent01")
        phone.send("dtmf *2155")
        phone.wait(EventName.DTMF_SENT, digits="*2155")
        ami.wait(lambda _: len(_digits(ami, channel)) == 5)
        assert _digits(ami, channel) == ["*", "2", "1", "5", "5"]


def _digits(ami: AmiScript, channel: str) -> list[str]:
    ended = [e for e in ami.events if e.get("Event") == "DTMFEnd" and e.get("Direction") == "Received"]
    return [event["Digit"] for event in ended if event["Channel"] == channel]


# a call


def test_the_agent_reads_the_customer_and_both_hear_each_other_and_nothing_else(
    floor: Floor, phones: Phones, tmp_path: Path
):
    heard = tmp_path / "{user}.wav"
    voice = _voice(tmp_path, CUSTOMER_HZ)
    [customer] = phones.add(_logins("agent02"), auto_answer=True, record=heard, listen=True, play=voice)
    customer.wait(EventName.REGISTERED)
    with floor.ami() as ami:
        voice = _voice(tmp_path, AGENT_HZ)
        [agent] = phones.add(_logins("agent01"), dial="*10", record=heard, listen=True, play=voice)
        shown = ("DIALER_SHOW_NAME=%E9%99%88%E5%B0%8F%E7%BA%A2", "DIALER_SHOW_NUMBER=13800001234")
        leg = _channel_of(ami, "agent01")
        caller = _answered_customer(ami, customer, *shown)
        ami.action("Bridge", Channel1=caller, Channel2=leg)
        agent.wait(EventName.DISPLAY, name="陈小红", number="13800001234")
        tone = agent.wait(EventName.HEARD, sound="tone")
        assert tone.data["frequency_hz"] == pytest.approx(CUSTOMER_HZ, abs=5)
        assert customer.wait(EventName.HEARD).data["frequency_hz"] == pytest.approx(AGENT_HZ, abs=5)
        ami.action("Hangup", Channel=caller)
        customer.wait(EventName.DISCONNECTED)
        agent.wait(EventName.HUSHED)
    phones.close()
    for user, own_hz, other_hz in (("agent01", AGENT_HZ, CUSTOMER_HZ), ("agent02", CUSTOMER_HZ, AGENT_HZ)):
        recording = read_wav(tmp_path / f"{user}.wav")
        begin_s = onset_s(recording, other_hz)
        assert begin_s is not None, f"{user} never heard {other_hz} Hz"
        talk = recording[int(begin_s * 8000) :][:1600]
        assert tone_level_db(talk, other_hz) > AUDIBLE_DB
        assert tone_level_db(recording, own_hz) < INAUDIBLE_DB


def _voice(folder: Path, frequency_hz: float) -> Path:
    return write_wav(folder / f"{frequency_hz}.wav", sine(frequency_hz, 1.0))


def test_a_phone_picks_up_by_itself_when_told_to_and_a_second_caller_hears_busy(floor: Floor, phones: Phones):
    [phone] = phones.add(_logins("agent02"), auto_answer=True)
    phone.wait(EventName.REGISTERED)
    with floor.ami() as ami:
        first = _answered_customer(ami, phone)
        identity = _call(ami, phone)
        gone = ami.wait(lambda e: e.get("Event") == "Hangup" and e.get("Uniqueid") == identity)
        assert gone["Cause"] == "17"
        ami.action("Hangup", Channel=first)
        phone.wait(EventName.DISCONNECTED)
    assert len([event for event in phone.events if event.name is EventName.INCOMING]) == 1


# troubles


def test_a_wrong_password_is_an_event_that_says_final_and_an_exit_code(floor: Floor, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("not-the-secret\n")
    told = subprocess.run(
        [*_command(floor, "agent01"), "--password-file", str(secret)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert told.returncode == PhoneError.exit_code
    assert '"event": "register_failed"' in told.stdout
    assert '"code": 401' in told.stdout
    assert '"final": true' in told.stdout


def _command(floor: Floor, user: str) -> list[str]:
    return [sys.executable, "-m", "dialer.softphone", "--user", user, "--server", floor.server]


def test_a_terminated_phone_hangs_up_unregisters_and_exits_with_zero_within_two_seconds(floor: Floor):
    with (
        floor.ami() as ami,
        subprocess.Popen(
            [*_command(floor, "agent01"), "--password-env", "PW", "--dial", "*10"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={**os.environ, "PW": _secret("agent01")},
        ) as child,
    ):
        channel = _channel_of(ami, "agent01")
        child.send_signal(signal.SIGTERM)
        before_s = time.monotonic()
        assert child.wait(10) == 0
        assert time.monotonic() - before_s < 2
        ami.wait(lambda e: e.get("Event") == "Hangup" and e.get("Channel") == channel)
        assert child.stdout is not None
        assert b'"unregistered"' in child.stdout.read()
    assert "agent01/sip:" not in floor.instance.command("pjsip show contacts")


def test_phones_end_with_the_process_that_started_them(floor: Floor):
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, floor.server, _secret("agent03")], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with floor.ami() as ami, parent.stdout:
        assert parent.stdout.readline() == "connected\n"
        channel = _channel_of_process(ami)
        parent.kill()
        parent.wait()
        ami.wait(lambda e: e.get("Event") == "Hangup" and e.get("Channel") == channel)


_PARENT = """
import sys, time
from dialer.phones.protocol import EventName
from dialer.phones.spawned import Phones
phones = Phones(sys.argv[1])
[phone] = phones.add({"agent03": sys.argv[2]}, dial="*10")
phone.wait(EventName.CONNECTED)
print("connected", flush=True)
time.sleep(60)
"""


def _channel_of_process(ami: AmiScript) -> str:
    ami.action("CoreShowChannels")
    return ami.wait(lambda e: e.get("Event") == "CoreShowChannel" and "agent03" in e["Channel"])["Channel"]


def test_a_phone_on_its_shift_finds_out_that_asterisk_died_and_dials_in_again(floor: Floor, phones: Phones):
    [phone] = phones.add(_logins("agent01"), dial="*10", stay=True, watch_every_s=0.5)
    phone.wait(EventName.CONNECTED)
    before = phone.mark()
    pid = floor.instance.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)  # no BYE
    phone.wait(EventName.LOST, after=before, within_s=10)
    floor.instance.stop()  # clears away what is left
    floor.instance.start()
    with floor.ami() as ami:
        phone.wait(EventName.CONNECTED, after=before, within_s=20)
        ami.action("CoreShowChannels")
        ami.wait(lambda e: e.get("Event") == "CoreShowChannel" and "agent01" in e["Channel"])
