"""What an agent's digits mean."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialer.campaigns.dispositions import (
    Invalid,
    Match,
    Partial,
    Wrong,
    match,
    parse_amount,
    parse_callback,
    parse_due_date,
    parse_promise,
)
from dialer.leads import Promise
from dialer.settings import CallingRules, CampaignSettings, DispositionSettings, MessageSettings
from dialer.types import CampaignName, DispositionCode


def code(digits: str) -> DispositionSettings:
    return DispositionSettings(code=DispositionCode(f"d{digits}"), digits=digits, label_zh="", label_en="")


KEYPAD = [code(digits) for digits in ("0", "1", "9", "91", "92", "55")]


@pytest.mark.parametrize(
    ("digits", "final", "expected"),
    [
        ("1", False, Match(disposition=code("1"))),
        ("9", False, Partial(so_far=code("9"))),
        ("9", True, Match(disposition=code("9"))),
        ("91", False, Match(disposition=code("91"))),
        ("93", False, Wrong(digits="93")),
        ("5", False, Partial(so_far=None)),
        ("5", True, Wrong(digits="5")),
        ("7", False, Wrong(digits="7")),
        ("", False, Partial(so_far=None)),
        ("", True, Wrong(digits="")),
        ("10", False, Wrong(digits="10")),
    ],
)
def test_codes_that_begin_other_codes_wait(digits: str, final: bool, expected: object) -> None:
    assert match(KEYPAD, digits, final=final) == expected


SETTINGS = CampaignSettings(
    name=CampaignName("test"),
    source=Path("test.yaml"),
    list_name="test",
    trunks=(),
    rules=CallingRules(windows={}),
    default_disposition=DispositionCode("d0"),
    dispositions=tuple(KEYPAD),
    next_steps=(),
    promise_max_days=30,
    promise_min_amount=Decimal("100.00"),
    messages=MessageSettings(abandoned="dialer/zh/identify"),
)
TODAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1500", "1500.00"),
        ("1500*5", "1500.50"),
        ("1500*05", "1500.05"),
        ("100", "100.00"),
        ("99*99", "amount_too_small"),
        ("0", "amount_too_small"),
        ("", "amount_unreadable"),
        ("*50", "amount_unreadable"),
        ("15*0*0", "amount_unreadable"),
        ("15*001", "amount_unreadable"),
        ("1234567890", "amount_unreadable"),
        ("１５００", "amount_unreadable"),
    ],
)
def test_amounts_use_the_star_as_the_point(text: str, expected: str) -> None:
    got = parse_amount(text, SETTINGS)
    assert (got.code if isinstance(got, Invalid) else str(got)) == expected


@pytest.mark.parametrize(
    ("text", "today", "expected"),
    [
        ("0", TODAY, date(2026, 3, 10)),
        ("7", TODAY, date(2026, 3, 17)),
        ("30", TODAY, date(2026, 4, 9)),
        ("31", TODAY, "date_too_late"),
        ("0315", TODAY, date(2026, 3, 15)),
        ("0310", TODAY, date(2026, 3, 10)),
        ("0309", TODAY, "date_too_late"),  # next year's
        ("0105", date(2026, 12, 20), date(2027, 1, 5)),
        ("0229", date(2028, 2, 20), date(2028, 2, 29)),
        ("0229", date(2026, 2, 20), "date_too_late"),  # two years away
        ("0230", TODAY, "date_unreadable"),
        ("1301", TODAY, "date_unreadable"),
        ("315", TODAY, "date_unreadable"),
        ("", TODAY, "date_unreadable"),
    ],
)
def test_due_dates_are_a_day_of_the_year_or_days_from_today(text: str, today: date, expected: date | str) -> None:
    got = parse_due_date(text, today, SETTINGS)
    assert (got.code if isinstance(got, Invalid) else got) == expected


def test_a_promise_is_both_entries_and_the_first_wrong_one_is_told() -> None:
    assert parse_promise("500", "5", TODAY, SETTINGS) == Promise(amount=Decimal("500.00"), due_on=date(2026, 3, 15))
    wrong = parse_promise("5", "99", TODAY, SETTINGS)
    assert isinstance(wrong, Invalid)
    assert wrong.code == "amount_too_small"
    assert "100.00" in wrong.reason_zh
    assert "100.00" in wrong.reason_en


ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1430", datetime(2026, 3, 10, 14, 30, tzinfo=ZONE)),
        ("1200", datetime(2026, 3, 11, 12, 0, tzinfo=ZONE)),  # not now: tomorrow
        ("0930", datetime(2026, 3, 11, 9, 30, tzinfo=ZONE)),
        ("2", datetime(2026, 3, 10, 14, 0, tzinfo=ZONE)),
        ("48", datetime(2026, 3, 12, 12, 0, tzinfo=ZONE)),
        ("0", None),
        ("2400", None),
        ("1260", None),
        ("930", None),
    ],
)
def test_callbacks_are_a_time_or_hours_from_now(text: str, expected: datetime | None) -> None:
    got = parse_callback(text, NOON, ZONE)
    assert (None if isinstance(got, Invalid) else got) == expected
