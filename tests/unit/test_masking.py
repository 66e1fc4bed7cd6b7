"""What is hidden of numbers and names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.masking import mask_name, mask_number, mask_text


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
        "6222020200112233445",
    ],
)
def test_ids_and_moments_are_left_alone(text: str) -> None:
    assert mask_text(text) == text
