from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.ami.messages import AmiOversize, Message, UnsafeAction, encode_action, encode_variable, unescape
from dialer.ami.protocol import Framer

TEXT = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=60)
KEY = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
HEADERS = st.lists(st.tuples(KEY, TEXT), max_size=12)


def cut(stream: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = [0, *sorted(place % (len(stream) + 1) for place in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(places)]


def frame(chunks: Sequence[bytes], max_bytes: int = 1_000_000) -> tuple[list[bytes], bool]:
    framer, messages = Framer(max_bytes), []
    try:
        for chunk in chunks:
            for message in framer.feed(chunk):
                messages.append(message)
    except AmiOversize:
        return messages, True
    return messages, False


@given(st.lists(HEADERS, max_size=6), st.lists(st.integers(0, 10_000), max_size=30))
def test_however_the_network_cuts_it_the_messages_are_the_same(messages: list[list[tuple[str, str]]], cuts: list[int]):
    wholes = [Message.from_headers([("Event", "E"), *headers]) for headers in messages]
    stream = b"".join(whole.raw + b"\r\n\r\n" for whole in wholes)
    got, oversize = frame(cut(stream, cuts))
    assert [Message(raw) for raw in got] == wholes
    assert not oversize


@given(st.lists(HEADERS, min_size=1, max_size=3))
def test_a_cut_inside_a_character_or_between_cr_and_lf_changes_nothing(messages: list[list[tuple[str, str]]]):
    stream = b"".join(Message.from_headers([("Event", "李"), *m]).raw + b"\r\n\r\n" for m in messages)
    assert frame([stream]) == frame([bytes([byte]) for byte in stream])


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n\r\n", b"a", b"Event: E", b"\xff", b"\0"]), max_size=40),
    st.data(),
)
def test_garbage_is_cut_alike_in_any_chunks_and_never_raises(parts: list[bytes], data: st.DataObject):
    stream = b"".join(parts)
    cuts = data.draw(st.lists(st.integers(0, 200), max_size=10))
    got, _ = frame(cut(stream, cuts))
    assert got == stream.split(b"\r\n\r\n")[:-1]
    for raw in got:
        message = Message(raw)
        assert isinstance(message.event + message.response + message.unescaped("a"), str)
        assert len(message.all("Event")) <= 40


@given(HEADERS)
def test_what_was_written_is_read_back(headers: list[tuple[str, str]]):
    message = Message.from_headers(headers)
    for key, _ in headers:
        values = tuple(value for name, value in headers if name == key)
        assert message.all(key) == values
        assert message.get(key) == values[0]


@given(st.integers(0, 40), st.lists(st.integers(0, 400), max_size=12))
def test_a_message_over_the_limit_is_an_error_after_those_before_it(length: int, cuts: list[int]):
    limit = 20
    stream = b"Event: small\r\n\r\n" + b"x" * length + b"\r\n\r\nEvent: after\r\n\r\n"
    got, oversize = frame(cut(stream, cuts), limit)
    assert oversize == (length > limit)
    assert got == ([b"Event: small"] if oversize else [b"Event: small", b"x" * length, b"Event: after"])


def test_a_message_without_end_is_an_error_at_the_limit_not_at_the_end_of_memory():
    framer, fed = Framer(), 0
    with pytest.raises(AmiOversize, match="more than 1000000 bytes"):
        while fed < 10_000_000:
            fed += 65_536
            list(framer.feed(b"x" * 65_536))
    assert fed <= 1_000_000 + 2 * 65_536


def test_a_long_message_in_small_pieces_is_searched_once(monkeypatch: pytest.MonkeyPatch):
    searched = 0

    class Counting(bytearray):
        def find(self, mark: bytes, start: int = 0) -> int:  # type: ignore[override]
            nonlocal searched
            searched += len(self) - start
            return super().find(mark, start)

    framer = Framer()
    monkeypatch.setattr(framer, "_unfinished", Counting())
    stream = b"Event: Long\r\n" + b"Output: line\r\n" * 50_000 + b"\r\n"
    got = [message for at in range(0, len(stream), 100) for message in framer.feed(stream[at : at + 100])]
    assert got == [stream[:-4]]
    assert searched < 1.1 * len(stream)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=120))
def test_no_text_makes_an_action_of_other_lines_than_asked(name: str, key: str, value: str):
    try:
        data = encode_action(name, [(key, value)], "id")
    except UnsafeAction:
        return
    lines = data.split(b"\n")
    assert [line[-1:] for line in lines] == [b"\r", b"\r", b"\r", b"\r", b""]
    assert lines[0] == f"Action: {name}\r".encode()
    assert lines[2] == f"{key}: {value}\r".encode()
    assert b"\0" not in data


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80))
def test_an_encoded_variable_survives_the_way_to_the_dialplan(value: str):
    variable = encode_variable("NOTE", value)
    assert set(variable[5:]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~%")
    assert unquote(variable[5:]) == value


@given(TEXT)
def test_unescape_undoes_what_asterisk_escapes(value: str):
    table = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v"}
    table |= {mark: mark for mark in "\\'\"?"}
    escaped = "".join(f"\\{table[char]}" if char in table else char for char in value)
    assert unescape(escaped) == value
