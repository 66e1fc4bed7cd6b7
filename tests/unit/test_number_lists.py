"""Do-not-call lists as files: CSV, text, XLSX; with and without a header; through the command line."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from openpyxl import Workbook

from dialer.accounts.number_lists import read_numbers
from dialer.cli.session import Session
from dialer.errors import IntakeError
from test_cli_commands import run, run_in


def numbers(path: Path) -> list[str]:
    return list(read_numbers(path).numbers)


@pytest.mark.parametrize(
    "text",
    [
        "13900000001\n+86 139 0000 0002\n",
        "手机号\n13900000001\n139-0000-0002\n",
        "name,phone,date\n王芳,13900000001,2026-01-01\n李娜,13900000002,\n",
        "1,13900000001,x\n2,13900000002,y\n",
        "联系人电话\n13900000001；13900000002\n",
    ],
)
def test_a_list_is_read_with_and_without_a_header(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text, "utf-8")
    assert numbers(path) == ["+8613900000001", "+8613900000002"]


def test_a_workbook_is_read(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    for row in (["号码主人", "手机号"], ["甲", 13900000001], ["乙", "13900000002"]):
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    assert numbers(tmp_path / "list.xlsx") == ["+8613900000001", "+8613900000002"]


def test_rows_that_cannot_be_read_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("phone\n13900000001\n12\n=1+1\n13900000002\n", "utf-8")
    read = read_numbers(path)
    assert list(read.numbers) == ["+8613900000001", "+8613900000002"]
    assert [row.row for row in read.rejected] == [3, 4]


@pytest.mark.parametrize("text", ["", "name,city\nx,y\n"])
def test_a_file_without_numbers_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(IntakeError):
        read_numbers(path)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("d")
    assert run("init", str(place)).exit_code == 0
    return place


@pytest.mark.parametrize("hashed", [False, True])
def test_the_command_takes_a_list_over_and_says_how_many_numbers_are_ours(folder: Path, hashed: bool) -> None:
    debtors, forbidden, rejects = (folder / name for name in ("debtors.csv", "dnc.txt", "rejects.csv"))
    debtors.write_text("账户编号,姓名,手机号,欠款金额\nA-1,王芳,13900000001,100\nA-2,李娜,13900000002,100\n", "utf-8")
    forbidden.write_text("13900000001\n13900000009\nrubbish\n", "utf-8")
    assert run_in(folder, "import", str(debtors), "--list", "demo").exit_code == 0
    more = ("--hashed",) if hashed else ()
    result = run_in(folder, "--json", "import", str(forbidden), "--do-not-call", "--rejects", str(rejects), *more)
    told = json.loads(result.stdout)
    assert told["imported"] == {"numbers": 2, "added": 2, "on_our_lists": 1}
    assert [one["row"] for one in told["rejected"]] == [3] and rejects.is_file()
    store_path = Session(config=folder / "config/dialer.yaml").settings.store_path
    with closing(sqlite3.connect(store_path)) as store:
        listed = store.execute("SELECT number FROM do_not_call ORDER BY number").fetchall()
        assert store.execute("SELECT state FROM accounts WHERE account_no = 'A-1'").fetchone() == ("closed",)
    assert listed == [("+8613900000001",)] + ([] if hashed else [("+8613900000009",)])


@pytest.mark.parametrize("words", [(), ("--list", "demo", "--do-not-call"), ("--list", "demo", "--hashed")])
def test_what_kind_of_file_it_is_must_be_said(folder: Path, words: tuple[str, ...]) -> None:
    path = folder / "list.txt"
    path.write_text("13900000001\n", "utf-8")
    assert run_in(folder, "import", str(path), *words).exit_code == 2
