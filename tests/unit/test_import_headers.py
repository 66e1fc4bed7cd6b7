"""Headers to fields."""

from __future__ import annotations

import pytest

from dialer.accounts.aliases import ALIASES, SCHEMAS
from dialer.accounts.fields import Field, Kind
from dialer.accounts.headers import (
    REJECT_COLUMNS,
    find_columns,
    header_unit,
    missing_columns_message,
    normalise_header,
    parse_mapping,
)
from dialer.errors import IntakeError


@pytest.mark.parametrize("kind", list(Kind))
def test_no_alias_means_two_fields(kind: Kind):
    owners: dict[str, Field] = {}
    for field, aliases in SCHEMAS[kind].aliases.items():
        for alias in aliases:
            assert owners.setdefault(normalise_header(alias), field) is field, alias


def test_every_field_is_found_by_its_own_name():
    columns = find_columns([str(field) for field in ALIASES])
    assert columns.index == {field: position for position, field in enumerate(ALIASES)}
    assert not columns.unknown


@pytest.mark.parametrize(
    "header",
    [
        "手机号",
        " 手 机 号 ",
        "手机号（必填）",
        "手机号*",
        "\ufeff手机号",
        "手机\n号",
        "ＭＯＢＩＬＥ",
        "Mobile_Phone",
        "'手机号",
    ],
)
def test_width_case_spaces_stars_and_brackets_do_not_matter(header: str):
    assert find_columns([header]).index == {Field.PHONE: 0}


def test_the_usual_alias_wins_over_the_rarer_one_wherever_it_stands():
    columns = find_columns(["序列号", "案件编号", "合同号"])
    assert columns.header_of(Field.ACCOUNT_NO) == "合同号"
    assert {(spare, used) for spare, used, _ in columns.shadowed} == {("案件编号", "合同号"), ("序列号", "合同号")}


def test_a_mapping_wins_over_every_alias():
    columns = find_columns(["金额", "委案金额"], {Field.AMOUNT_DUE: "金额"})
    assert columns.header_of(Field.AMOUNT_DUE) == "金额"


def test_a_mapping_to_a_missing_header_lists_what_there_is():
    with pytest.raises(IntakeError, match=r"phone=号码.*姓名, 合同号"):
        find_columns(["姓名", "合同号"], {Field.PHONE: "号码"})


@pytest.mark.parametrize("header", ["父亲电话", "家庭电话", "单位电话", "家庭号码", "work_phone", "住宅电话"])
def test_numbers_of_other_people_are_recognised_and_not_taken(header: str):
    columns = find_columns(["手机号", header])
    assert columns.other_people == (header,)
    assert set(columns.index) == {Field.PHONE}
    assert find_columns(["手机号", header], {Field.PHONE2: header}).index[Field.PHONE2] == 1


def test_unknown_columns_are_listed_and_our_own_are_not():
    columns = find_columns([*REJECT_COLUMNS, "姓名", "星座", ""])
    assert columns.unknown == ("星座",)


def test_a_unit_is_read_from_the_brackets_of_a_header():
    assert header_unit("委案金额（万元）") == 4
    assert header_unit("委案金额(单位：万元)") == 4
    assert header_unit("委案金额(元)") == 0
    assert header_unit("委案金额") == 0


def test_the_message_about_missing_columns_suggests_near_misses():
    columns = find_columns(["合同号", "姓名", "手机号码号", "逾期天数"])
    message = missing_columns_message(columns, "list.csv")
    assert "--map phone=手机号码号" in message
    assert "amount_due: accepted headers 可用表头: amount_due, 委案金额" in message
    assert "found 现有列: 合同号, 姓名, 手机号码号, 逾期天数" in message
    assert "account_no:" not in message


@pytest.mark.parametrize("pair", ["phone", "phone=", "fon=手机", "=x", "phone =  "])
def test_a_malformed_mapping_says_how_to_write_it(pair: str):
    with pytest.raises(IntakeError, match="FIELD=HEADER"):
        parse_mapping([pair])


def test_a_mapping_may_contain_an_equals_sign_and_no_field_twice():
    assert parse_mapping(["phone=a=b"]) == {Field.PHONE: "a=b"}
    with pytest.raises(IntakeError, match="twice"):
        parse_mapping(["phone=a", "phone=b"])
