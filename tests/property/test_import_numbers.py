"""The short way for Chinese mobile numbers gives what the library gives."""

from __future__ import annotations

import phonenumbers
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialer.accounts.phones import parse_number, parse_number_slowly, split_numbers
from dialer.accounts.values import Unusable
from dialer.accounts.zones import zones_of

# 179 is no mobile prefix: the library strips 17951 and the like, so the short way leaves them to it.
MOBILES = st.integers(13_000_000_000, 19_999_999_999).filter(lambda number: not str(number).startswith("179"))
DIGITS = st.text("0123456789", max_size=16)
CHINESE = st.tuples(st.sampled_from(["", "+86", "0086", "86", "0", "+", "00", "17951", "12593"]), DIGITS).map("".join)


@given(CHINESE)
@example("13912345678")
@example("8613912345678")
@example("17907001000")
@example("17907006700")
@example("17951123456")
@settings(max_examples=3000, deadline=None)
def test_the_short_way_agrees_with_the_library_on_any_digits(digits: str):
    short, slow = parse_number(digits, "CN"), parse_number_slowly(digits, "CN")
    assert isinstance(short, Unusable) == isinstance(slow, Unusable)
    if not isinstance(short, Unusable):
        assert short == slow


@given(st.sampled_from(["", "+86", "0086", "86"]), MOBILES)
@settings(max_examples=3000, deadline=None)
def test_every_mobile_form_number_is_accepted_and_is_what_the_library_makes_of_it(prefix: str, mobile: int):
    expected = phonenumbers.parse(f"{prefix}{mobile}", "CN")
    assert phonenumbers.is_possible_number(expected)
    assert parse_number(f"{prefix}{mobile}", "CN") == phonenumbers.format_number(
        expected, phonenumbers.PhoneNumberFormat.E164
    )


@given(MOBILES, st.lists(st.tuples(st.integers(1, 10), st.sampled_from(" -.　－"))))
def test_filling_between_the_digits_changes_nothing(mobile: int, filling: list[tuple[int, str]]):
    written = str(mobile)
    for place, sign in filling:
        written = written[:place] + sign + written[place:]
    assert parse_number(written, "CN") == f"+86{mobile}"


@given(st.text(max_size=40), st.sampled_from(["CN", "US", "GB", "ZZ"]))
@settings(max_examples=1000, deadline=None)
def test_any_text_is_a_possible_number_with_known_zones_or_a_reason(text: str, region: str):
    for part in split_numbers(text):
        number = parse_number(part, region)
        if not isinstance(number, Unusable):
            assert phonenumbers.is_possible_number(phonenumbers.parse(number))
            zones_of(number)


@given(st.lists(MOBILES, min_size=1, max_size=5), st.sampled_from("/;；、,，|\n"))
def test_numbers_in_one_cell_come_apart_in_their_order(mobiles: list[int], separator: str):
    assert split_numbers(separator.join(map(str, mobiles))) == [str(mobile) for mobile in mobiles]
