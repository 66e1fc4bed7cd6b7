"""The name and number that a phone shows, out of SIP messages."""

from __future__ import annotations

import pytest

from dialer.phones.display import Display, display_of, identity


def _update(*headers: str) -> str:
    return "\r\n".join(["UPDATE sip:agent01@127.0.0.1 SIP/2.0", *headers, "", "P-Asserted-Identity: <sip:body@x>"])


def test_the_asserted_identity_wins_over_remote_party_id():
    message = _update('Remote-Party-ID: "B" <sip:2@x>;party=calling', 'P-Asserted-Identity: "A" <sip:1@x>')
    assert display_of(message) == Display(name="A", number="1")


def test_remote_party_id_serves_alone_and_header_names_have_no_case():
    assert display_of(_update('remote-party-id:  "陈小红" <sip:138@x>;privacy=off')) == Display(
        name="陈小红", number="138"
    )


def test_a_message_without_identity_says_nothing_even_if_its_body_looks_like_one():
    assert display_of(_update("From: <sip:9@x>;tag=1")) is None


@pytest.mark.parametrize(
    ("value", "name", "number"),
    [
        ('"王 \\"小\\\\明\\"" <sip:%2A10@h;transport=udp>', '王 "小\\明"', "*10"),
        ("Plain Name <sip:7@h>", "Plain Name", "7"),
        ("<sip:8@h>", "", "8"),
        ("<tel:+8613800001234>", "", "+8613800001234"),
        ('"a > b <c>" <sip:5;x=y@h>', "a > b <c>", "5"),
    ],
)
def test_names_and_numbers_are_unquoted_and_decoded(value: str, name: str, number: str):
    assert identity(value) == Display(name=name, number=number)


def test_a_folded_header_is_one_header():
    assert display_of(_update('P-Asserted-Identity: "A"', " <sip:1@x>")) == Display(name="A", number="1")
