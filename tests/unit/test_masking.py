"""What is hidden of numbers and names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.masking import mask_about, mask_account, mask_name, mask_number, mask_text


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+8613912341234", "+86 139****1234"),
        ("13912341234", "139****1234"),
        ("+14155550123", "+1 41****0123"),
        ("+85251234567", "+852 ****4567"),
        ("1234567", "1****67"),
        ("12345", "1****"),
        ("+", "****"),
        ("", "****"),
    ],
)
def test_a_number_shows_its_ends_only(number: str, masked: str) -> None:
    assert mask_number(number) == masked


@given(st.from_regex(r"\+?[1-9]\d{6,14}", fullmatch=True))
def test_at_least_four_digits_are_hidden_of_any_number(number: str) -> None:
    digits = re.sub(r"\D", "", number)
    assert len(re.sub(r"\D", "", mask_number(number))) <= len(digits) - 4


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王小明", "王*"),
        ("欧阳修", "欧阳*"),
        ("欧阳", "欧*"),
        ("John Smith", "J*"),
        (" 李 ", "李*"),
        ("", ""),
    ],
)
def test_a_name_keeps_its_family_name(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    "text",
    [
        "PJSIP/13912341234@carrier",
        "sip:+8613912341234@127.0.0.1",
        "dialled 8613912341234 now",
        "tel +86 139-1234-1234.",
        "139 1234 1234",
        "来电+8613912341234，请回",
        "来电13912341234请回",
    ],
)
def test_a_number_is_found_wherever_it_stands_in_a_text(text: str) -> None:
    assert "12341234" not in re.sub(r"[ -]", "", mask_text(text))
    assert "****1234" in mask_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "1732390000.12",
        "2026-03-02T09:30:00.123456+00:00",
        "127.0.0.1:5038",
        "PJSIP/agent01-00000007",
        "0192f0c1-5e2a-7cc0-8000-01391234123f",
    ],
)
def test_ids_and_moments_are_left_alone(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("身份证110101199003074258", "199003"),
        ("id 11010119900307425X.", "199003"),
        ("卡号6222020200112233445", "0200112233"),
        ("card 6222 0202 0011 2233 445", "0202"),
        ("card 4111-1111-1111-1111", "1111-1111-1111"),
        ("座机010-62345678", "6234"),
        ("0755 83456789", "8345"),
    ],
)
def test_documents_cards_and_landlines_are_found_in_a_text(text: str, gone: str) -> None:
    assert gone not in mask_text(text)
    assert "****" in mask_text(text)


@pytest.mark.parametrize(
    ("account_no", "masked"),
    [("HT-2026-000042", "****0042"), ("HT0042", "****42"), ("A-1", "****"), ("", "****")],
)
def test_an_account_shows_its_end_only(account_no: str, masked: str) -> None:
    assert mask_account(account_no) == masked


def test_a_text_about_somebody_loses_their_name_and_account() -> None:
    told = mask_about("王小明说 HT-2026-000042 已还，电话 13912341234", name="王小明", account_no="HT-2026-000042")
    assert told == "王*说 ****0042 已还，电话 139****1234"
