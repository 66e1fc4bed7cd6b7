"""Whole files, good and nasty, to accounts and rejected rows."""

from __future__ import annotations

import codecs
import csv
import io
import tracemalloc
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from dialer.accounts.fields import Field
from dialer.accounts.importing import ImportPreview, read_accounts
from dialer.accounts.reading import MAX_LINE_CHARS
from dialer.errors import IntakeError

HEADER = "合同号,姓名,手机号,逾期金额,备注\n"
ROWS = "HT1,张三,15400000001,12800.00,\nHT2,李四,15400000002,99.5,好\n"


def row(n: int) -> str:
    return f"HT{n},李四,154{n:08d},{n}.50,\n"


@pytest.fixture
def preview_of(tmp_path: Path) -> Callable[..., ImportPreview]:
    def preview(content: str | bytes, **options: object) -> ImportPreview:
        path = tmp_path / "list.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_accounts(path, **options)  # type: ignore[arg-type]

    return preview


Preview = Callable[..., ImportPreview]


def numbers(preview: ImportPreview) -> list[str]:
    return [account.account_no for account in preview.accounts]


def only_reason(preview: ImportPreview) -> str:
    (row,) = preview.rejected
    (reason,) = row.reasons
    return f"{reason.row}|{reason.column}|{reason.value_shown}|{reason.reason_en}"


# --- what a good file gives ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "，"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_and_line_ends_are_found(
    preview_of: Preview, codec: str, said: str, delimiter: str, line_end: str
):
    text = (HEADER + ROWS).replace(",", delimiter).replace("\n", line_end)
    preview = preview_of(text.encode(codec))
    assert preview.encoding == said
    assert [(a.account_no, a.debtor_name, a.phones, a.amount_due) for a in preview.accounts] == [
        ("HT1", "张三", ("+8615400000001",), Decimal("12800.00")),
        ("HT2", "李四", ("+8615400000002",), Decimal("99.50")),
    ]


def test_big_endian_utf_16_is_read(preview_of: Preview):
    content = codecs.BOM_UTF16_BE + (HEADER + ROWS).encode("utf-16-be")
    assert numbers(preview_of(content)) == ["HT1", "HT2"]


def test_every_field_arrives(preview_of: Preview):
    preview = preview_of(
        "Contract No,客户姓名,本人手机,备用电话,委案金额（万元）,贷款金额,dpd,委托方,客户号,"
        "grade,省份,产品名称,语言,行业,备注,优先级\n"
        'A-1,欧阳 明,15400000001/15400000002,15400000003,1.28,"¥50,000",35天,演示银行,KH1,'
        'B,广东,消费贷,粤语,物流,"一\n二",7\n'
    )
    (account,) = preview.accounts
    assert account.phones == ("+8615400000001", "+8615400000002", "+8615400000003")
    assert account.zones == ("Asia/Shanghai",) * 3
    assert (account.amount_due, account.principal) == (Decimal("12800.00"), Decimal("50000.00"))
    assert (account.days_past_due, account.priority, account.language) == (35, 7, "yue")
    assert (account.client, account.debtor_key, account.debtor_name) == ("演示银行", "KH1", "欧阳 明")
    assert (account.risk, account.region, account.product) == ("B", "广东", "消费贷")
    assert (account.industry, account.remark) == ("物流", "一 二")
    assert preview.mapped[Field.AMOUNT_DUE] == "委案金额（万元）"


def test_an_id_number_is_kept_only_as_a_digest(preview_of: Preview):
    people = "A,张三,15400000001,1,11010119900101001x\nB,张三,15400000001,1,11010119900101001X\n"
    content = "合同号,姓名,手机号,逾期金额,身份证号\n" + people
    first, second = preview_of(content).accounts
    assert first.debtor_key == second.debtor_key
    assert "19900101" not in repr(first)


def test_days_past_due_are_counted_from_a_date_when_told_the_day(preview_of: Preview):
    content = (
        "合同号,姓名,手机号,逾期金额,逾期开始日期\nA,张三,15400000001,1,2025/3/1\nB,李四,15400000002,1,2025-04-02\n"
    )
    preview = preview_of(content, as_of=date(2025, 4, 1))
    (account,) = preview.accounts
    assert account.days_past_due == 31
    assert only_reason(preview) == "3|逾期开始日期|2025-04-02|the date lies in the future"
    preview = preview_of(content)
    assert [a.days_past_due for a in preview.accounts] == [0, 0]
    assert any("overdue_since" in notice.text_en for notice in preview.warnings)


def test_a_foreign_number_has_all_its_zones_until_a_column_tells_which_and_one_of_no_zone_has_none(
    preview_of: Preview,
):
    header = "合同号,姓名,手机号,逾期金额,时区\n"
    preview = preview_of(
        header + "A,张三,+18005550123,1,\nB,李四,+18005550123,1,America/Denver\nC,王五,+18005550123,1,Mars\n"
        'D,赵六,+80012345678,1,\nE,钱七,+18005550123,1,"America/Denver, America/Boise"\n'
    )
    zones = [account.zones[0] for account in preview.accounts]
    assert len(zones[0].split(",")) > 5
    assert zones[1:] == ["America/Denver", "", "America/Denver,America/Boise"]
    assert "1 accounts have a number whose time zone cannot be told" in preview.warnings[-1].text_en
    assert "not a time zone" in only_reason(preview)


def test_titles_above_the_header_and_excels_own_first_line_are_skipped(preview_of: Preview):
    titled = preview_of("2025年3月委案名单,,,,\n\n" + HEADER + ROWS)
    assert numbers(titled) == ["HT1", "HT2"]
    assert any("rows above the header were skipped: 1" in notice.text_en for notice in titled.warnings)
    assert numbers(preview_of("sep=;\n" + (HEADER + ROWS).replace(",", ";"))) == ["HT1", "HT2"]


def test_blank_rows_and_trailing_delimiters_are_nothing(preview_of: Preview):
    preview = preview_of(HEADER.replace("\n", ",,\n") + "\n,,,,,,\n" + ROWS.replace("\n", ",,\n") + "\n\n")
    assert numbers(preview) == ["HT1", "HT2"]
    assert len(preview.rejected) == 0


def test_a_name_that_is_a_xlsx_by_content_may_be_called_csv(tmp_path: Path):
    path = tmp_path / "list.csv"
    path.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(IntakeError):
        read_accounts(path)


# --- rows that are rejected, and the rows beside them that are not ------------------------------------------


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("X,张三,1.39E+10,5,", "2|手机号|1.39E+10|Excel has turned the number into scientific notation"),
        ("6.22E+18,张三,15400000001,5,", "2|合同号|6.22E+18|Excel has turned the number"),
        (",张三,15400000001,5,", "2|合同号||required but empty"),
        ("X,无,15400000001,5,", "2|姓名|无|required but empty"),
        ("X,张三,,5,", "2|手机号||required but empty"),
        ("X,张三,/,5,", "2|手机号|/|required but empty"),
        ("X,张三,15400000001,,", "2|逾期金额||required but empty"),
        ("X,张三,15400000001,0,", "2|逾期金额|0|nothing is due"),
        ("X,张三,15400000001,-3,", "2|逾期金额|-3|the amount is negative"),
        ("X,张\x00三,15400000001,5,", "2|姓名|张**|contains the control character U+0000"),
        ('X,"张\n三",15400000001,5,', "2|姓名|张**|contains the control character U+000A"),
        ("X,=cmd|' /C calc'!A0,15400000001,5,", "2|姓名|=***|begins with = + - or @"),
        ("=1+1,张三,15400000001,5,", "2|合同号|=***|begins with = + - or @"),
        ("@SUM(A1:A9),张三,15400000001,5,", "2|合同号|@SU****9)|begins with = + - or @"),
        ("X,张三,15400000001,12,800.00,", "2|||the row has 6 cells and the header 5"),
        ("X,张三,15400000001", "2|||the row has 3 cells and the header 5"),
        ('X,"张三,15400000001,5,', "2|||a double quote has no partner"),
        ('X,"张"三,15400000001,5,', "2|||a double quote has no partner"),
        ("X,张三,15400000001/见备注,5,", "2|手机号|见**|not a phone number"),
        ("X,张三,15400000001,5," + "长" * 2001, "2|备注|长长长****长长|longer than 2000"),
        ("X,张三,15400000001,5," + "长" * 40_000, "2|备注|长长长****长长|the cell has more than 32767"),
    ],
)
def test_a_bad_row_is_rejected_with_place_and_reason_and_its_neighbours_live(preview_of: Preview, bad: str, says: str):
    preview = preview_of(HEADER + bad + "\n" + ROWS)
    assert numbers(preview) == ["HT1", "HT2"]
    assert only_reason(preview).startswith(says)
    assert all(reason.reason_zh for row in preview.rejected for reason in row.reasons)


def test_everything_that_is_wrong_with_a_row_is_told_at_once(preview_of: Preview):
    preview = preview_of(HEADER + ",张\x01三,110,free,\n")
    (bad,) = preview.rejected
    assert [reason.column for reason in bad.reasons] == ["合同号", "姓名", "手机号", "逾期金额"]


def test_a_rejected_row_shows_neither_a_whole_name_nor_a_whole_number(preview_of: Preview):
    preview = preview_of(HEADER + "X,欧阳修,154000000012345,free,\n")
    shown = repr(list(preview.rejected))
    assert "154000000012345" not in shown
    assert "欧阳修" not in shown


def test_an_unclosed_quote_costs_one_row_and_not_the_rest(preview_of: Preview):
    many = "".join(row(n) for n in range(1, 5001))
    preview = preview_of(HEADER + 'X,"张三,15400000001,5,\n' + many)
    assert len(preview.accounts) == 5000
    assert only_reason(preview).startswith("2|||a double quote")


def test_unclosed_quotes_in_every_third_row_cost_only_those_rows(preview_of: Preview):
    lines = [f'X{n},"张三,15400000001,5,\n' if n % 3 == 0 else row(n) for n in range(1, 100)]
    preview = preview_of(HEADER + "".join(lines))
    assert numbers(preview) == [f"HT{n}" for n in range(1, 100) if n % 3]
    assert [bad.row for bad in preview.rejected] == [n + 1 for n in range(1, 100) if n % 3 == 0]


def test_row_numbers_are_the_lines_of_the_file(preview_of: Preview):
    preview = preview_of(HEADER + 'A,张三,15400000001,5,"一\n二\n三"\n\nB,李四,1,5,\n')
    assert only_reason(preview).startswith("6|手机号|")


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_of_ten_megabytes_is_a_rejected_row_and_little_memory(preview_of: Preview, quote: str):
    content = HEADER + f"X,张三,15400000001,5,{quote}{'a' * 10_000_000}{quote}\n" + ROWS
    tracemalloc.start()
    try:
        preview = preview_of(content.encode())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert numbers(preview) == ["HT1", "HT2"]
    assert only_reason(preview).startswith("2|||the cell or the line is too long")
    assert len(repr(list(preview.rejected))) < 5000
    # The bytes that the test itself holds (10 MB, twice) and a few megabytes for the reader.
    assert peak < 20_000_000 + 24 * MAX_LINE_CHARS


def test_a_long_line_inside_an_open_quote_does_not_swallow_its_neighbours(preview_of: Preview):
    content = HEADER + 'X,"张三,15400000001,5,\n' + row(1) + "Y" * (3 * MAX_LINE_CHARS) + "\n" + row(2)
    preview = preview_of(content)
    assert numbers(preview) == ["HT1", "HT2"]
    assert [bad.row for bad in preview.rejected] == [2, 4]


def test_the_first_of_two_rows_for_one_account_counts(preview_of: Preview):
    preview = preview_of(HEADER + row(1) + row(2) + row(1).replace("李四", "王五"))
    assert [account.debtor_name for account in preview.accounts] == ["李四", "李四"]
    assert only_reason(preview).endswith("the account is already in row 2; the first one counts")


def test_one_account_number_of_two_clients_is_two_accounts(preview_of: Preview):
    content = "合同号,姓名,手机号,逾期金额,委托方\nA,张三,15400000001,1,甲\nA,张三,15400000001,2,乙\n"
    assert len(preview_of(content).accounts) == 2


def test_one_number_may_serve_two_accounts_and_counts_once_within_one(preview_of: Preview):
    preview = preview_of(
        "合同号,姓名,手机号,备用电话,逾期金额\nA,张三,15400000001,+86 154 0000 0001,1\nB,张三,15400000001,,2\n"
    )
    assert [account.phones for account in preview.accounts] == [("+8615400000001",)] * 2


def test_an_empty_first_number_is_made_up_for_by_the_second(preview_of: Preview):
    (account,) = preview_of("合同号,姓名,手机号,备用电话,逾期金额\nA,张三,无,15400000002,1\n").accounts
    assert account.phones == ("+8615400000002",)


def test_a_number_forced_to_text_by_excels_trick_is_read(preview_of: Preview):
    preview = preview_of('合同号,姓名,手机号,逾期金额\n="0012",张三,="15400000001",5\n')
    assert numbers(preview) == ["0012"]


def test_columns_that_are_not_imported_are_named(preview_of: Preview):
    preview = preview_of("合同号,姓名,手机号,逾期金额,星座,单位电话\nA,张三,15400000001,1,白羊,15400000009\n")
    assert preview.unknown_columns == ("星座",)
    assert preview.accounts.__len__() == 1
    assert next(iter(preview.accounts)).phones == ("+8615400000001",)
    assert any("单位电话" in notice.text_zh for notice in preview.warnings)


def test_numbers_of_guarantors_and_contacts_come_with_who_they_are(preview_of: Preview):
    header = "合同号,姓名,手机号,逾期金额,联系人1电话,担保人手机,亲属电话\n"
    rows = "A,张三,15400000001,1,15400000002/15400000001,15400000003,+12125550123\nB,李四,15400000004,1,老家,,无\n"
    preview = preview_of(header + rows)
    first, second = preview.accounts
    assert first.phones == ("+8615400000001",)
    assert [(one.number, one.role, one.zone) for one in first.others] == [
        ("+8615400000003", "guarantor", "Asia/Shanghai"),
        ("+8615400000002", "contact", "Asia/Shanghai"),
        ("+12125550123", "contact", "America/New_York"),
    ]
    assert second.others == ()
    assert "1 numbers of guarantors or contacts" in preview.warnings[-1].text_en


# --- files that cannot be read at all ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b" \r\n \n", "the file is empty"),
        (codecs.BOM_UTF8, "no rows"),
        (b",,,\n,,\n", "no rows"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old .xls"),
        (b"<html><table><tr><td>A</td></tr></table></html>", "web page"),
        (b"%PDF-1.7 ...", "PDF"),
        (codecs.BOM_UTF32_LE + "合同号".encode("utf-32-le"), "UTF-32"),
        (("contract_no,name,phone,amount\n" * 9).encode("utf-16-le"), "UTF-16 without its mark"),
        ("编号甲,名字,号码,钱\n".encode(), "required columns are missing"),
        ("合同号,姓名\nA,B\n".encode(), "required columns are missing"),
    ],
)
def test_a_file_that_is_no_list_says_what_it_is(preview_of: Preview, content: bytes, says: str):
    with pytest.raises(IntakeError, match=says) as caught:
        preview_of(content)
    assert "list.csv" in str(caught.value)


def test_a_missing_file_and_a_folder_are_errors_of_the_file(tmp_path: Path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(IntakeError, match="no such file"):
            read_accounts(path)


def test_a_damaged_byte_in_utf_8_is_reported_by_offset_and_line_and_not_read_as_gb18030(preview_of: Preview):
    good = (HEADER + "".join(row(n) for n in range(40_000))).encode()
    offset = good.index(b"HT39990,") + len(b"HT39990,")
    damaged = bytearray(good)
    damaged[offset] = 0xFF
    with pytest.raises(IntakeError, match=f"damaged UTF-8.*byte {offset}, line 39992") as caught:
        preview_of(bytes(damaged))
    assert f"第 {offset} 字节、第 39992 行" in str(caught.value)


def test_a_utf_8_file_cut_within_a_character_brings_in_nothing(preview_of: Preview):
    with pytest.raises(IntakeError, match="damaged UTF-8"):
        preview_of((HEADER + ROWS).encode()[:-4] + "好".encode()[:2])


def test_bytes_that_are_neither_utf_8_nor_gb18030_are_placed_in_both(preview_of: Preview):
    content = HEADER.encode("gb18030") + ROWS.encode("gb18030") + b"HT3,\xff\xff,15400000003,1,\n"
    with pytest.raises(
        IntakeError, match=r"neither UTF-8 nor GB18030.*UTF-8: byte 0, line 1 .*GB18030: byte \d+, line 4"
    ):
        preview_of(content)


def test_half_a_utf_16_character_is_placed(preview_of: Preview):
    content = (HEADER + ROWS).encode("utf-16")
    with pytest.raises(IntakeError, match=f"no UTF-16 text.*byte {len(content) - 2}, line 3"):
        preview_of(content[:-1])


def test_an_encoding_that_the_user_insists_on_is_checked(preview_of: Preview):
    with pytest.raises(IntakeError, match="no UTF-8 text"):
        preview_of((HEADER + ROWS).encode("gb18030"), encoding="utf-8")
    with pytest.raises(IntakeError, match="choose one of"):
        preview_of(HEADER, encoding="latin-1")
    assert numbers(preview_of((HEADER + ROWS).encode("gb18030"), encoding="gb18030")) == ["HT1", "HT2"]


# --- the file of rejected rows -------------------------------------------------------------------------------


def test_mended_rejects_are_imported_by_themselves(preview_of: Preview, tmp_path: Path):
    bad = "HT3,王五,1540000003,5,\n=HT4,赵六,+8615400000004,6,'好\n007,钱七,15400000005,free,+晚上\n"
    preview = preview_of(HEADER + ROWS + bad)
    rejects = tmp_path / "rejects.csv"
    assert preview.write_rejects(rejects) == 3
    text = rejects.read_text(encoding="utf-8-sig")
    mended = text.replace("1540000003", "15400000003").replace("'=HT4", "HT4").replace("free", "7")
    again = preview_of(mended.encode("utf-8-sig"))
    assert [(a.account_no, a.phones[0], str(a.amount_due), a.remark) for a in again.accounts] == [
        ("HT3", "+8615400000003", "5.00", ""),
        ("HT4", "+8615400000004", "6.00", "好"),
        ("007", "+8615400000005", "7.00", "'+晚上"),
    ]
    assert not again.unknown_columns
    assert len(again.rejected) == 0


def test_unmended_rejects_are_rejected_again_for_the_same_reasons(preview_of: Preview, tmp_path: Path):
    bad = 'A,王五,1,5,\nB,赵六,15400000004,1,2,3,4\nC,钱七\nD,"孙八,x\n,,,,x\nE,李\x00,15400000001,1,\n'
    preview = preview_of(HEADER + bad)
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    preview.write_rejects(first)
    again = read_accounts(first)
    again.write_rejects(second)
    assert len(again.accounts) == 0
    assert len(again.rejected) == len(preview.rejected) == 6


def test_no_cell_of_the_rejects_file_is_run_or_rounded_by_excel(preview_of: Preview, tmp_path: Path):
    preview = preview_of(
        HEADER + "=cmd|' /C calc'!A0,@x,+8615400000001,-5,=HYPERLINK(1)\n6222000000000000001,,0012,,\n"
    )
    rejects = tmp_path / "rejects.csv"
    preview.write_rejects(rejects)
    _, *rows = list(csv.reader(io.StringIO(rejects.read_text(encoding="utf-8-sig"))))
    originals = [cell for cells in rows for cell in cells[4:] if cell]
    assert len(originals) == 7
    assert all(cell.startswith("'") for cell in originals)


def test_the_rejects_never_replace_the_list_itself(preview_of: Preview, tmp_path: Path):
    preview = preview_of(HEADER + "X,,,,\n")
    for path in (tmp_path / "list.csv", tmp_path / "missing" / "rejects.csv"):
        with pytest.raises(IntakeError):
            preview.write_rejects(path)
    assert (tmp_path / "list.csv").read_text() == HEADER + "X,,,,\n"
