"""Numbers to E.164, and E.164 to time zones."""

from __future__ import annotations

import pytest

from dialer.accounts.phones import parse_number, split_numbers
from dialer.accounts.us_states import ZONES
from dialer.accounts.values import Unusable
from dialer.accounts.zones import known_zones, zone_text, zones_of
from dialer.types import Number


@pytest.mark.parametrize(
    "text",
    [
        "15412345678",
        "154 1234 5678",
        "154-1234-5678",
        "１５４１２３４５６７８",
        "+8615412345678",
        "+86 154 1234 5678",
        "＋86-15412345678",
        "008615412345678",
        "0086 154-1234-5678",
        "8615412345678",
        "(+86)15412345678",
        "15412345678.0",
        "\u202d15412345678\u202c",
        "\u00a015412345678 ",
    ],
)
def test_a_chinese_mobile_is_one_number_however_written(text: str):
    assert parse_number(text, "CN") == "+8615412345678"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("010-62345678", "+861062345678"),
        ("(0755) 8632 1234", "+8675586321234"),
        ("4001234567", "+864001234567"),
        ("+44 7700 900123", "+447700900123"),
        ("+1 202-555-0123", "+12025550123"),
    ],
)
def test_landlines_with_area_code_and_foreign_numbers_are_read(text: str, number: str):
    assert parse_number(text, "CN") == number


def test_the_region_decides_about_numbers_without_a_country_code():
    assert parse_number("07700 900123", "GB") == "+447700900123"
    assert parse_number("+8615412345678", "GB") == "+8615412345678"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1.39E+10", "scientific notation"),
        ("1541234567", "neither a Chinese mobile"),
        ("154123456789", "neither a Chinese mobile"),
        ("62345678", "neither a Chinese mobile"),
        ("95588", "area code"),
        ("110", "digits"),
        ("0755-86321234-801", "digits"),
        ("0755-86321234转801", "extension"),
        ("010-62345678 ext 5", "extension"),
        ("1-800-FLOWERS", "not a phone"),
        ("见备注", "not a phone"),
        ("+", "not a phone"),
        ("15412345678+", "not a phone"),
        ("=1+1", "not a phone"),
        ("+999123456789", "not a phone"),
        ("1541234\x005678", "not a phone"),
        ("1" * 30_000, "not a phone"),
    ],
)
def test_what_cannot_be_dialled_is_refused_with_its_reason(text: str, says: str):
    refused = parse_number(text, "CN")
    assert isinstance(refused, Unusable), refused
    assert says in refused.reason_en
    assert refused.reason_zh


def test_one_cell_may_hold_several_numbers():
    assert split_numbers("15400000001/15400000002；15400000003、15400000004\n15400000005") == [
        f"1540000000{n}" for n in range(1, 6)
    ]
    assert split_numbers("15400000001 15400000002") == ["15400000001", "15400000002"]
    assert split_numbers("154 0000 0001") == ["154 0000 0001"]
    assert split_numbers("15400000001/无/-/") == ["15400000001"]


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+8615400000001", ("Asia/Shanghai",)),
        ("+869911234567", ("Asia/Shanghai",)),  # Urumqi keeps Beijing's legal time
        ("+12025550123", ("America/New_York",)),
        ("+85291234567", ("Asia/Hong_Kong",)),
    ],
)
def test_a_country_or_area_code_tells_the_zone(number: str, zones: tuple[str, ...]):
    assert zones_of(Number(number)) == zones


def test_several_zones_stay_several_and_none_stays_none():
    assert len(zones_of(Number("+18005550123"))) > 5
    assert zones_of(Number("+999123456789")) == ()
    assert zones_of(Number("rubbish")) == ()


@pytest.mark.parametrize(
    ("number", "address", "zones"),
    [
        ("+12125550123", "", "America/New_York"),
        ("+12125550123", "NY", "America/New_York"),
        ("+12125550123", "California", "America/Los_Angeles,America/New_York"),
        ("+12125550123", "AZ", "America/Phoenix,America/Denver,America/New_York"),
        ("+12125550123", "上海", "America/New_York"),
        ("+8613900000001", "GA", "Asia/Shanghai"),
        ("+447700900123", "", "Europe/Guernsey"),  # Guernsey, Man and London keep one clock
        ("+999123456789", "", ""),
        ("+999123456789", "CA", ""),
    ],
)
def test_a_call_must_be_allowed_by_the_address_and_by_the_number(number: str, address: str, zones: str):
    assert zone_text(Number(number), address) == zones


def test_of_a_number_of_many_zones_one_is_kept_for_each_clock():
    kept = zone_text(Number("+18005550123")).split(",")
    assert {"America/Los_Angeles", "Pacific/Honolulu"} < set(kept)
    assert len(kept) < len(zones_of(Number("+18005550123")))


def test_every_state_has_zones_that_exist():
    assert len(ZONES) == 51
    assert {zone for zones in ZONES.values() for zone in zones} < known_zones()
