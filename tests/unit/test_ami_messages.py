from __future__ import annotations

import pytest

from dialer.ami.messages import Message, UnsafeAction, encode_action, encode_variable, unescape

ORIGINATE = [("Channel", "PJSIP/+8613800000001@carrier"), ("Async", "true")]


def test_action_comes_first_whatever_the_headers_are_called() -> None:
    data = encode_action("Originate", [("Account", "7"), *ORIGINATE, ("Variable", "A=1"), ("Variable", "B=2")], "att-1")
    assert data == (
        b"Action: Originate\r\nActionID: att-1\r\nAccount: 7\r\nChannel: PJSIP/+8613800000001@carrier\r\n"
        b"Async: true\r\nVariable: A=1\r\nVariable: B=2\r\n\r\n"
    )


@pytest.mark.parametrize("text", ["x\r\n\r\nAction: Command", "x\nAction: Hangup", "x\ry", "x\0y", "\n"])
def test_a_line_break_anywhere_is_refused_and_not_repeated_in_the_message(text: str) -> None:
    with pytest.raises(UnsafeAction, match="Header CallerID has a line break") as caught:
        encode_action("Originate", [*ORIGINATE, ("CallerID", text)], "att-1")
    assert text not in str(caught.value)
    for name, headers, action_id in [(text, [], "a"), ("Ping", [(text, "v")], "a"), ("Ping", [], text)]:
        with pytest.raises(UnsafeAction):
            encode_action(name, headers, action_id)


@pytest.mark.parametrize("key", ["Action", "ACTION", "ActionID", "actionid", "", "A B", "A:", "变量"])
def test_a_header_key_that_could_be_read_otherwise_is_refused(key: str) -> None:
    with pytest.raises(UnsafeAction):
        encode_action("Ping", [(key, "v")], "a")


def test_a_line_is_refused_beyond_1022_bytes_of_utf8() -> None:
    fits = "é" * ((1022 - len("Data: ")) // 2)
    assert len(encode_action("Setvar", [("Data", fits)], "a").split(b"\r\n")[2]) == 1022
    with pytest.raises(UnsafeAction, match="1024 bytes"):
        encode_action("Setvar", [("Data", fits + "é")], "a")


def test_the_129th_header_is_refused() -> None:
    assert encode_action("UserEvent", [("K", "v")] * 126, "a").count(b"\r\n") == 128 + 1
    with pytest.raises(UnsafeAction, match="126"):
        encode_action("UserEvent", [("K", "v")] * 127, "a")


@pytest.mark.parametrize(("action_id", "fine"), [("", False), ("a" * 99, True), ("a" * 100, False)])
def test_an_action_id_that_asterisk_would_cut_is_refused(action_id: str, fine: bool) -> None:
    if fine:
        assert action_id.encode() in encode_action("Ping", [], action_id)
    else:
        with pytest.raises(UnsafeAction, match="ActionID"):
            encode_action("Ping", [], action_id)


@pytest.mark.parametrize("channel", ["/^.*/", " /^PJSIP/", "\t/x"])
@pytest.mark.parametrize("key", ["Channel", "channel"])
def test_a_hangup_of_a_pattern_is_refused(key: str, channel: str) -> None:
    with pytest.raises(UnsafeAction, match="name one channel"):
        encode_action("hangup", [(key, channel)], "a")
    assert encode_action("Hangup", [(key, "PJSIP/carrier-1")], "a")


@pytest.mark.parametrize("headers", [[], [("Async", "false")], [("Async", "false"), ("Async", "true")]])
def test_an_originate_that_would_block_the_session_is_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(UnsafeAction, match="Async: true"):
        encode_action("Originate", [("Channel", "PJSIP/1@c"), *headers], "a")


@pytest.mark.parametrize("variable", ["A=1,B=2", "SHELL(rm)=1", "A=${SHELL(x)}", 'A="1', "A=(1)", "A", "=1", "A=a b"])
def test_a_variable_that_was_not_encoded_is_refused(variable: str) -> None:
    with pytest.raises(UnsafeAction, match="encode_variable"):
        encode_action("Originate", [*ORIGINATE, ("Variable", variable)], "a")


def test_an_encoded_variable_cannot_break_out() -> None:
    text = 'a,b="c"\\(d)[e]\r\nAction: x ${F} 李'
    variable = encode_variable("__NOTE", text)
    assert variable == ("__NOTE=a%2Cb%3D%22c%22%5C%28d%29%5Be%5D%0D%0AAction%3A%20x%20%24%7BF%7D%20%E6%9D%8E")
    assert variable.encode() in encode_action("Originate", [*ORIGINATE, ("Variable", variable)], "a")


@pytest.mark.parametrize("name", ["", "1A", "A(B)", "A,B", "A=B", "变", "A\n"])
def test_a_variable_name_that_could_be_a_function_is_refused(name: str) -> None:
    with pytest.raises(UnsafeAction, match="no variable name"):
        encode_variable(name, "v")


def test_text_that_cannot_be_sent_is_refused_not_dropped() -> None:
    with pytest.raises(UnsafeAction, match="surrogate"):
        encode_action("Ping", [("Data", "\udc80")], "a")
    with pytest.raises(UnsafeAction, match="surrogate"):
        encode_variable("A", "\udc80")
    with pytest.raises(UnsafeAction, match="NUL"):
        encode_variable("A", "x\0")


def test_a_repeated_header_keeps_every_value_and_a_single_one_is_a_tuple_too() -> None:
    message = Message(b"Event: Hangup\r\nChanVariable: A=1\r\nUniqueid: u\r\nChanVariable: B=2")
    assert message.all("ChanVariable") == ("A=1", "B=2")
    assert message.all("Uniqueid") == ("u",)
    assert message.all("Nothing") == ()
    assert message.get("ChanVariable") == "A=1"


@pytest.mark.parametrize("raw", [b"Event: VarSet\r\nValue: ", b"Event: VarSet\r\nValue:"])
def test_an_empty_last_header_is_there_and_empty(raw: bytes) -> None:
    assert Message(raw).get("Value", "absent") == ""


def test_an_unknown_header_is_the_default_and_a_line_without_colon_is_nothing() -> None:
    message = Message(b"Event: X\r\njunk\r\n\xff\xfe\r\n: \r\nCut")
    assert message.event == "X"
    assert message.get("junk", "absent") == message.get("Cut", "absent") == "absent"


def test_a_unicode_line_separator_in_a_name_forges_no_header() -> None:
    message = Message(
        "Event: Newchannel\r\nCallerIDName: a\u2028Uniqueid: forged\x0bX: y\x85Z: w\r\nUniqueid: u".encode()
    )
    assert message.get("Uniqueid") == "u"
    assert message.get("X", "absent") == message.get("Z", "absent") == "absent"


def test_bytes_that_are_not_utf8_are_replaced_not_lost() -> None:
    assert Message(b"Event: X\r\nCallerIDName: Jos\xe9!").get("CallerIDName") == "Jos\ufffd!"


def test_only_a_response_that_says_yes_is_success() -> None:
    assert Message(b"Response: Success").success
    assert Message(b"Response: Goodbye").success
    assert not Message(b"Response: Error\r\nMessage: No such channel").success
    assert not Message(b"Event: OriginateResponse\r\nResponse: Failure\r\nReason: 0").success
    assert not Message(b"Event: Hangup").success


def test_c_escapes_are_taken_back_once_and_only_on_demand() -> None:
    message = Message(rb"Event: VarSet" + b"\r\n" + rb"Value: a\r\nb\"c\\nd\x")
    assert message.get("Value") == r"a\r\nb\"c\\nd\x"
    assert message.unescaped("Value") == 'a\r\nb"c\\nd\\x'
    assert unescape(r"\a\b\f\t\v\'\?") == "\a\b\f\t\v'?"


def test_a_message_in_a_log_shows_no_values() -> None:
    message = Message(b"Event: Newchannel\r\nCallerIDNum: +8613800000001")
    assert repr(message) == "<Message Newchannel, 46 bytes>"
