"""The lines between a phone and its driver."""

from __future__ import annotations

import pytest

from dialer.phones.people import Language, sentence
from dialer.phones.protocol import Command, EventName, PhoneEvent, Verb, parse_command, parse_event


def test_an_event_survives_the_pipe_with_its_chinese_name():
    event = PhoneEvent(name=EventName.DISPLAY, phone="agent01", at_s=12.5, data={"name": "陈小红", "number": "138\n0"})
    line = event.to_json()
    assert "陈小红" in line
    assert "\n" not in line
    assert parse_event(line) == event


@pytest.mark.parametrize("line", ["", "[]", '{"event": "x"}', '{"event": "x", "phone": "a", "at_s": 1}'])
def test_what_is_no_event_is_refused(line: str):
    with pytest.raises(ValueError):
        parse_event(line)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("  dial *10 ", Command(verb=Verb.DIAL, argument="*10")),
        ("agent02 dtmf *21", Command(verb=Verb.DTMF, argument="*21", phone="agent02")),
        ("*21", Command(verb=Verb.DTMF, argument="*21")),
        ("agent02 55", Command(verb=Verb.DTMF, argument="55", phone="agent02")),
        ("play my voice.wav", Command(verb=Verb.PLAY, argument="my voice.wav")),
        ("quit", Command(verb=Verb.QUIT)),
        ("   ", None),
    ],
)
def test_commands_are_read_with_and_without_the_phone(line: str, command: Command | None):
    assert parse_command(line, ["agent01", "agent02"]) == command


@pytest.mark.parametrize("line", ["jump", "dial", "dial 1@evil.example", "dtmf 1x", "dtmf", "play", "agent03 dial *10"])
def test_a_wrong_command_is_explained(line: str):
    with pytest.raises(ValueError, match=r"\w"):
        parse_command(line, ["agent01"])


def test_a_person_reads_sentences_and_no_events_for_machines():
    failed = PhoneEvent(
        name=EventName.REGISTER_FAILED, phone="agent01", at_s=0, data={"code": 401, "reason": "Unauthorized"}
    )
    assert sentence(failed, Language.ZH) == "agent01: 注册失败：401 Unauthorized"
    assert sentence(PhoneEvent(name=EventName.MEDIA, phone="agent01", at_s=0), Language.EN) == ""
