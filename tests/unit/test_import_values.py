"""Cells to values: amounts, percentages, dates, whole numbers, texts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dialer.accounts.values import (
    Unusable,
    is_blank,
    is_destroyed,
    parse_amount,
    parse_date,
    parse_percent,
    parse_text,
    parse_whole,
    unwrapped,
)


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("12800", "12800.00"),
        ("¥12,800.00", "12800.00"),
        ("￥12,800.5", "12800.50"),
        ("12,800元", "12800.00"),
        ("12800元整", "12800.00"),
        ("1.28万", "12800.00"),
        ("1.28 万元", "12800.00"),
        ("３，２００．０５", "3200.05"),
        ("人民币 99.9", "99.90"),
        ("RMB1,234,567.89", "1234567.89"),
        ("0", "0.00"),
        ("12.3400", "12.34"),
        ("0.00000001亿", "1.00"),
    ],
)
def test_amounts_as_people_write_them_are_read_exactly(text: str, yuan: str):
    assert parse_amount(text) == Decimal(yuan)
    assert str(parse_amount(text)) == yuan


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-5",
        "(100)",
        "12.800,00",  # European, or a slip
        "1,28",  # a decimal comma, or a lost digit
        "12,80,000",
        "1.234",  # a tenth of a cent
        "1e5",
        "1.28E+04",
        "$100",
        "USD100",
        "10²",  # would be 102 in Unicode's compatibility form
        "①00",
        "一万二千",
        "12 800 or so",
        "万",
        "NaN",
        "Infinity",
        "9" * 39,
        "1000000000000",
        "٣٤",  # digits, but not ours
    ],
)
def test_amounts_that_could_be_read_in_two_ways_are_unusable(text: str):
    assert isinstance(parse_amount(text), Unusable)


def test_a_unit_in_the_header_multiplies_and_two_units_are_refused():
    assert parse_amount("1.28", unit=4) == Decimal("12800.00")
    assert isinstance(parse_amount("1.28万", unit=4), Unusable)


@pytest.mark.parametrize(
    ("text", "ratio"), [("36%", "0.36"), ("３６％", "0.36"), ("0.36", "0.36"), ("18.25 %", "0.1825"), ("1", "1")]
)
def test_percentages_are_ratios(text: str, ratio: str):
    assert parse_percent(text) == Decimal(ratio)


@pytest.mark.parametrize("text", ["36", "-1%", "%", "36%%", "a lot", "1" * 30])
def test_a_bare_number_above_one_is_no_percentage(text: str):
    assert isinstance(parse_percent(text), Unusable)


@pytest.mark.parametrize(
    "text",
    [
        "2025-3-14",
        "2025/03/14",
        "2025.3.14",
        "2025年3月14日",
        "２０２５－３－１４",
        "20250314",
        "2025-03-14 08:30:00",
        "2025-03-14T08:30",
        "45730",
        "45730.5",
    ],
)
def test_dates_in_usual_forms_are_one_day(text: str):
    assert parse_date(text) == date(2025, 3, 14)


@pytest.mark.parametrize("text", ["14/03/2025", "3-14-25", "2025-02-29", "20251345", "1899-01-01", "99999", "x", ""])
def test_dates_that_are_ambiguous_or_impossible_are_unusable(text: str):
    assert isinstance(parse_date(text), Unusable)


@pytest.mark.parametrize(("text", "days"), [("35", 35), ("35天", 35), ("３５ 日", 35), ("35.0", 35), ("0", 0)])
def test_whole_numbers_are_read_with_their_unit(text: str, days: int):
    assert parse_whole(text, at_least=0, at_most=100) == days


@pytest.mark.parametrize("text", ["-1", "101", "1.5", "M2", "", "1e1", "9" * 5000])
def test_whole_numbers_outside_the_bounds_are_unusable(text: str):
    assert isinstance(parse_whole(text, at_least=0, at_most=100), Unusable)


def test_white_space_and_invisible_marks_are_collapsed():
    assert parse_text(" 买买提·\u3000吐尔逊\u200b\ufeff ", at_most=80) == "买买提· 吐尔逊"


@pytest.mark.parametrize("text", ["张\x00三", "张\x1b[31m三", "张\n三", "张\u2028三", "张\ud800三", "张\t三"])
def test_control_characters_in_a_name_are_refused_by_their_code(text: str):
    refused = parse_text(text, at_most=80)
    assert isinstance(refused, Unusable)
    assert f"U+{ord(text[1]):04X}" in refused.reason_en
    assert f"U+{ord(text[1]):04X}" in refused.reason_zh


def test_line_breaks_in_a_remark_become_spaces_and_other_controls_are_refused():
    assert parse_text("第一行\r\n\t第二行", at_most=80, several_lines=True) == "第一行 第二行"
    assert isinstance(parse_text("a\x00b", at_most=80, several_lines=True), Unusable)


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "＝1+1", "\u200b=1"])
def test_formulas_are_refused_in_names_and_disarmed_in_remarks(text: str):
    assert isinstance(parse_text(text, at_most=80), Unusable)
    disarmed = parse_text(text, at_most=80, several_lines=True)
    assert isinstance(disarmed, str)
    assert disarmed.startswith("'")


def test_text_marks_of_spreadsheets_are_taken_off_once():
    assert unwrapped('="0012"') == "0012"
    assert unwrapped("'0012") == "0012"
    assert unwrapped("''x") == "'x"
    assert unwrapped("=0012") == "=0012"


def test_scientific_notation_is_told_from_account_numbers():
    assert all(map(is_destroyed, ["1.39E+10", "1.39e+10", "6E+18", "１.３９Ｅ+10", "1.39E10"]))
    assert not any(map(is_destroyed, ["12E5", "HT1E10", "1E5", "13912345678", "1.5"]))


def test_dashes_and_words_for_nothing_are_blank():
    assert all(map(is_blank, ["", " ", "-", "—", "无", "N/A", "null", "NaN", "　"]))
    assert not any(map(is_blank, ["0", "无名", "--x", "nano"]))
