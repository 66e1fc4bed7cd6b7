"""The simulated telephone network, seen from its customers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dialer.pbx.carrier import Carrier, CarrierSettings, Chances, Ending, Fate, Fixed
from dialer.pbx.install import AsteriskTools
from sip_peer import SipPeer, linear

pytestmark = pytest.mark.asterisk

# final status, and seconds from the answer to the network's BYE (None: not answered)
EXPECTED: dict[Fixed, tuple[int, float | None]] = {
    Fixed.PERSON: (200, 1.5),
    Fixed.BUSY: (486, None),
    Fixed.INVALID: (404, None),
    Fixed.CONGESTED: (503, None),
    Fixed.EARLY_HANGUP: (200, 0.5),
    Fixed.DECLINED: (603, None),
    Fixed.SWITCHED_OFF: (480, None),
}


FATES = {
    "+8613944440001": Fate(ending=Ending.ANSWERS, before_s=0.3, rings_s=0.5, talk_s=1.0),
    "+8613944440002": Fate(ending=Ending.DECLINES, before_s=0.2, rings_s=0.4),
    "+8613944440003": Fate(ending=Ending.BUSY, before_s=0.6),
    "+8613944440004": Fate(ending=Ending.UNREACHABLE, before_s=0.6),
    "+8613944440005": Fate(ending=Ending.INVALID, before_s=0.6),
}


@pytest.fixture(scope="module")
def dialer_end(free_port: Callable[[str], int]) -> Iterator[SipPeer]:
    """Stands where the dialer would be when people call back."""
    with SipPeer(free_port("udp")) as peer:
        yield peer


@pytest.fixture(scope="module")
def carrier(
    asterisk_tools: AsteriskTools,
    free_port: Callable[[str], int],
    tmp_path_factory: pytest.TempPathFactory,
    dialer_end: SipPeer,
) -> Iterator[Carrier]:
    settings = CarrierSettings(
        sip_port=free_port("udp"),
        ami_port=free_port("tcp"),
        rtp_first_port=31_000,
        rtp_last_port=31_400,
        dialer_sip_port=dialer_end.port,
        fates=FATES,
        fixed_talk_s=1.5,
        chances=Chances(
            busy=1.0, machine=0, no_answer=0, declined=0, invalid=0, congested=0, switched_off=0, early_hangup=0
        ),
    )
    with Carrier(asterisk_tools, tmp_path_factory.mktemp("carrier"), settings) as running:
        yield running
        said = running.instance.log_file.read_text(encoding="utf-8")
    assert [line for line in said.splitlines() if "ERROR" in line or "WARNING" in line] == []


def _call(carrier: Carrier, number: str) -> tuple[int, float | None, bytes]:
    with SipPeer(carrier.settings.sip_port, user="us") as caller:
        status = caller.call(number)
        up = time.monotonic()
        while caller.in_call and time.monotonic() < up + 10:
            time.sleep(0.01)
        return status, time.monotonic() - up if status == 200 else None, bytes(caller.heard)


def test_the_last_four_digits_decide_and_every_invite_is_counted_once(carrier: Carrier):
    numbers = {f"+861380000{ending.value}": ending for ending in EXPECTED}
    with ThreadPoolExecutor(max_workers=len(numbers)) as pool:
        seen = dict(zip(numbers, pool.map(lambda number: _call(carrier, number), numbers), strict=True))
    for number, ending in numbers.items():
        status, talk_s = EXPECTED[ending]
        assert (ending, seen[number][0]) == (ending, status)
        assert seen[number][1] == (talk_s if talk_s is None else pytest.approx(talk_s, abs=0.25))
    assert {number: carrier.invites()[number] for number in numbers} == dict.fromkeys(numbers, 1)
    spoken = linear(seen["+8613800000001"][2])
    assert np.abs(spoken[:4000]).max() > 2000, "a person says hello at once"


def test_a_number_with_a_fate_of_its_own_meets_it_on_time(carrier: Carrier):
    answers = {Ending.ANSWERS: 200, Ending.DECLINES: 603, Ending.BUSY: 486, Ending.UNREACHABLE: 480}
    for number, fate in FATES.items():
        began_s = time.monotonic()
        status, talk_s, _ = _call(carrier, number)
        assert status == answers.get(fate.ending, 404)
        settled_s = time.monotonic() - began_s - (talk_s or 0.0)
        assert settled_s == pytest.approx(fate.before_s + fate.rings_s, abs=0.25)
        assert talk_s == (None if status != 200 else pytest.approx(fate.talk_s, abs=0.25))


def test_a_switched_off_phone_is_announced_before_any_answer(carrier: Carrier):
    with SipPeer(carrier.settings.sip_port, user="us") as caller:
        assert caller.call("13800000009") == 480
        provisional = [m for m in caller.received if m.status == 183]
    assert provisional and "m=audio" in provisional[0].body


def test_an_unanswered_call_rings_until_we_give_up(carrier: Carrier):
    with SipPeer(carrier.settings.sip_port, user="us") as caller, pytest.raises(AssertionError, match="no final"):
        caller.call("13800000003", within_s=1.0)
    assert [m.status for m in caller.received] == [100, 180]


def test_a_machine_speaks_beeps_and_then_listens(carrier: Carrier):
    with SipPeer(carrier.settings.sip_port, user="us") as caller:
        assert caller.call("13800000007") == 200
        deadline = time.monotonic() + 12
        while not _beeped(linear(bytes(caller.heard))):
            assert time.monotonic() < deadline, "no beep came"
            time.sleep(0.1)
        assert caller.in_call
        caller.hang_up()


def _beeped(samples: np.ndarray) -> bool:
    """Whether some tenth of a second is nothing but 1000 Hz."""
    for start in range(0, len(samples) - 800, 400):
        spectrum = np.abs(np.fft.rfft(samples[start : start + 800])) ** 2
        if spectrum.sum() > 1e9 and spectrum[99:102].sum() > 0.95 * spectrum.sum():
            return True
    return False


def test_a_retransmitted_invite_counts_once(carrier: Carrier):
    with SipPeer(carrier.settings.sip_port, user="us", sends_twice=True) as caller:
        assert caller.call("13911110002") == 486
    assert carrier.invites()["13911110002"] == 1


def test_two_calls_to_one_number_count_twice(carrier: Carrier):
    for _ in range(2):
        assert _call(carrier, "13922220002")[0] == 486
    assert carrier.invites()["13922220002"] == 2


def test_other_numbers_are_left_to_chance(carrier: Carrier):
    assert {_call(carrier, f"1393333{n}")[0] for n in range(5000, 5003)} == {486}


def test_a_person_calls_our_number_back(carrier: Carrier, dialer_end: SipPeer):
    carrier.call_back(caller="13800000001", called="4001234567")
    deadline = time.monotonic() + 5
    while not dialer_end.in_call:
        assert time.monotonic() < deadline, "the call did not come"
        time.sleep(0.02)
    invite = dialer_end.requests("INVITE")[0]
    assert "sip:4001234567@" in invite.first
    assert "sip:13800000001@" in invite.get("From")
    dialer_end.hang_up()
