"""XLSX files to accounts and rejected rows."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from dialer.accounts import workbook
from dialer.accounts.importing import read_accounts
from dialer.errors import IntakeError

HEADER = ("合同号", "姓名", "手机号", "逾期金额", "逾期开始日期", "备注")
GOOD = ("HT1", "张三", 15400000001, 12800, None, None)
EIGHT_OCLOCK = datetime.fromisoformat("2025-03-01 08:00")  # worksheets know no zones

Make = Callable[[Sequence[Sequence[object]]], Path]


@pytest.fixture
def book(tmp_path: Path) -> Make:
    def make(rows: Sequence[Sequence[object]]) -> Path:
        path = tmp_path / "list.xlsx"
        made = openpyxl.Workbook()
        for cells in rows:
            made.active.append(cells)
        made.save(path)
        return path

    return make


def rewrite(path: Path, part: str, change: Callable[[bytes], bytes]) -> None:
    """Change one part of a workbook behind the library's back."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, change(content) if name == part else content)


def test_numbers_texts_and_dates_of_a_sheet_are_read(book: Make):
    path = book(
        [
            ("3月委案名单",),
            HEADER,
            ("HT1", "张三", 15400000001, 12800, date(2025, 3, 1), "好"),
            (
                20250001,
                "李四",
                "154 0000 0002/15400000003",
                0.1 + 0.2,
                datetime.fromisoformat("2025-03-01 08:00"),
                date(2025, 4, 1),
            ),
            (),
            ("HT3", "王五", 15400000004.0, "1.28万", 45717, None),
        ]
    )
    with read_accounts(path, as_of=date(2025, 4, 1)) as preview:
        assert not list(preview.rejected)
        first, second, third = preview.accounts
    assert preview.kind == "XLSX, sheet 工作表 Sheet"
    assert (first.phones, first.amount_due, first.days_past_due) == (("+8615400000001",), Decimal("12800.00"), 31)
    assert (second.account_no, second.amount_due) == ("20250001", Decimal("0.30"))
    assert (second.phones, second.remark) == (("+8615400000002", "+8615400000003"), "2025-04-01")
    assert (third.phones, third.amount_due, third.days_past_due) == (("+8615400000004",), Decimal("12800.00"), 31)


@pytest.mark.parametrize(
    ("cells", "column", "says"),
    [
        (("X", "张三", 15400000001, "=1+1", None, None), "逾期金额", "the cell is a formula"),
        (("X", '=HYPERLINK("http://x","张三")', 15400000001, 1, None, None), "姓名", "the cell is a formula"),
        (("X", "张三", "#REF!", 1, None, None), "手机号", "a spreadsheet error"),
        ((6222021234567890123, "张三", 15400000001, 1, None, None), "合同号", "more than 15 digits"),
        ((6.222021234567890e18, "张三", 15400000001, 1, None, None), "合同号", "more than 15 digits"),
        ((date(2025, 3, 1), "张三", 15400000001, 1, None, None), "合同号", "turned it into a date"),
        (("X", "张三", 15400000001, date(2025, 3, 1), None, None), "逾期金额", "turned it into a date"),
        (("X", "张三", 1.54e10 + 0.5, 1, None, None), "手机号", "neither a Chinese mobile"),
        (("X", "张三", True, 1, None, None), "手机号", "not a phone number"),
        (("X", "张三", 15400000001, 1, None, None, "beside"), "", "the row has 7 cells"),
        (("X", "张三"), "手机号", "required but empty"),
    ],
)
def test_what_a_sheet_has_spoilt_is_rejected_by_row_and_column(
    book: Make, cells: Sequence[object], column: str, says: str
):
    with read_accounts(book([HEADER, GOOD, cells])) as preview:
        (account,) = preview.accounts
        (bad,) = preview.rejected
    assert account.account_no == "HT1"
    assert (bad.row, bad.reasons[0].column) == (3, column)
    assert says in bad.reasons[0].reason_en


def test_a_text_that_looks_like_a_formula_is_no_formula_but_refused_in_a_name(book: Make, tmp_path: Path):
    made = openpyxl.Workbook()
    made.active.append(HEADER)
    made.active.append(("X", "y", 15400000001, 1))
    made.active["B2"].value = "=1+1"
    made.active["B2"].data_type = "s"
    made.save(tmp_path / "t.xlsx")
    with read_accounts(tmp_path / "t.xlsx") as preview:
        (bad,) = preview.rejected
    assert "begins with = + - or @" in bad.reasons[0].reason_en


def test_the_first_visible_sheet_is_read_and_the_others_are_named(tmp_path: Path):
    made = openpyxl.Workbook()
    made.active.title, made.active.sheet_state = "隐藏", "hidden"
    for title, no in (("三月", "A"), ("四月", "B")):
        sheet = made.create_sheet(title)
        sheet.append(HEADER)
        sheet.append((no, *GOOD[1:]))
    path = tmp_path / "list.xlsx"
    made.save(path)
    with read_accounts(path) as preview:
        assert [account.account_no for account in preview.accounts] == ["A"]
        assert preview.warnings[0].text_en == "only sheet `三月` is read, not: 隐藏, 四月"
    with read_accounts(path, sheet="四月") as preview:
        assert [account.account_no for account in preview.accounts] == ["B"]
    with pytest.raises(IntakeError, match=r"no worksheet 五月.*隐藏, 三月, 四月"):
        read_accounts(path, sheet="五月")


def test_a_sheet_that_lies_about_its_size_is_read_whole(book: Make):
    path = book([HEADER, GOOD, ("HT2", *GOOD[1:])])
    rewrite(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'ref="A1:F3"', b'ref="A1:A1"'))
    with read_accounts(path) as preview:
        assert len(preview.accounts) == 2


def test_a_workbook_called_csv_is_read_as_what_it_is(book: Make, tmp_path: Path):
    path = book([HEADER, GOOD]).rename(tmp_path / "list.csv")
    with read_accounts(path) as preview:
        assert len(preview.accounts) == 1


def test_a_workbook_with_a_broken_end_brings_in_nothing(book: Make):
    path = book([HEADER, *((f"HT{n}", *GOOD[1:]) for n in range(2000))])
    rewrite(path, "xl/worksheets/sheet1.xml", lambda xml: xml[: len(xml) * 9 // 10])
    with pytest.raises(IntakeError, match="cannot be read"):
        read_accounts(path)


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_cut_workbook_is_an_error_of_the_file(book: Make, keep: float):
    path = book([HEADER, *((f"HT{n}", *GOOD[1:]) for n in range(200))])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(IntakeError):
        read_accounts(path)


def test_a_zip_that_is_no_workbook_is_an_error_of_the_file(tmp_path: Path):
    path = tmp_path / "list.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "hello")
    with pytest.raises(IntakeError, match="save it again"):
        read_accounts(path)


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(book: Make, monkeypatch: pytest.MonkeyPatch):
    path = book([HEADER, GOOD])
    monkeypatch.setattr(workbook, "MAX_INFLATED_BYTES", 1000)
    with pytest.raises(IntakeError, match="too large when unpacked"):
        read_accounts(path)


def test_nested_entities_of_a_workbook_do_not_blow_up(book: Make):
    path = book([HEADER, GOOD])
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(9)
    )
    name = "张三".encode()
    rewrite(path, "xl/worksheets/sheet1.xml", lambda xml: bomb + b"]>" + xml.replace(name, b"&j;"))
    with pytest.raises(IntakeError, match="amplification"):
        read_accounts(path)


def test_texts_in_the_table_of_shared_strings_are_read(book: Make):
    path = book([HEADER, GOOD])
    texts = [*HEADER, "HT1", "张三"]
    strings = "".join(f"<si><t>{text}</t></si>" for text in texts)

    def shared(xml: bytes) -> bytes:
        for at, text in enumerate(texts):
            cell = f't="inlineStr"><is><t>{text}</t></is>'.encode()
            assert cell in xml
            xml = xml.replace(cell, b't="s"><v>%d</v>' % at)
        return xml

    rewrite(path, "xl/worksheets/sheet1.xml", shared)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'.encode()
    rewrite(path, "[Content_Types].xml", lambda xml: xml.replace(b"</Types>", override))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(
            "xl/sharedStrings.xml",
            f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{strings}</sst>',
        )
    with read_accounts(path) as preview:
        assert [account.debtor_name for account in preview.accounts] == ["张三"]


def test_rejects_of_a_workbook_can_be_mended_as_csv(book: Make, tmp_path: Path):
    rejects = tmp_path / "rejects.csv"
    with read_accounts(book([HEADER, ("X", "张三", 1540000001, "=A1", None, None)])) as preview:
        assert preview.write_rejects(rejects) == 1
    mended = rejects.read_text(encoding="utf-8-sig").replace("1540000001", "15400000001").replace("'=A1", "5")
    rejects.write_text(mended, encoding="utf-8-sig")
    with read_accounts(rejects) as preview:
        assert [(bad.row, bad.reasons[0].reason_en) for bad in preview.rejected] == []
        assert len(preview.accounts) == 1
