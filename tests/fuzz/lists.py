"""Lists of debtors: a file is an `IntakeError`, or accounts that mean what they say on the wire, and rejects."""

from __future__ import annotations

import csv
import io
import re
import tempfile
import unicodedata
import zipfile
from datetime import date
from pathlib import Path
from random import Random
from urllib.parse import unquote

import openpyxl

from dialer.accounts.imported import ImportedAccount
from dialer.accounts.importing import ImportPreview, read_accounts
from dialer.ami import translate
from dialer.ami.messages import encode_action
from dialer.cli.exports import write_csv, write_xlsx
from dialer.errors import IntakeError
from dialer.settings import TrunkSettings
from dialer.types import ServerName, TrunkName
from tests.fuzz.mutate import mutated
from tests.fuzz.wire import originate_of

_HEADER = "合同号,客户姓名,手机号,备用电话,逾期金额,逾期天数,备注,省份,委托方,time_zone"
_ROWS = (
    "HT1,张三,15400000001,,12800.00,35,曾承诺还款,广东,演示银行,",
    'HT2,李"四,+86 154-0000-0002,15400000003/15400000004,"1,280.50",12,"两行\n备注",上海,演示银行,Asia/Shanghai',
    "HT3,John O'Brien,0015551234567,,1.28万,0,=1+1,,,America/New_York",
    "HT4,欧阳雪,15400000008,,7600.00,64,${SHELL(id)},福建,@x,",
)
_TEXT = "\n".join((_HEADER, *_ROWS)) + "\n"
_CSV = (
    *(_TEXT.encode(encoding) for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16")),
    b"account_no;name;phone;amount_due\r\nA1;Ann;+8615400000001;5\r\n",
    ("sep=\t\r\n" + _TEXT.replace(",", "\t")).encode(),
)
_WORDS = (
    *(b'"', b'""', b",", b";", b"\t", b"=HYPERLINK(1)", b"+1", b"@SUM", b"-2", b"'", b"1.39E+10", b"13900000000.0"),
    *(
        "，".encode(),
        "万".encode(),
        "（万元）".encode(),
        "手机号".encode(),
        "９".encode(),
        "\u2028".encode(),
        "\x85".encode(),
    ),
    *(b"15400000001", b"+8615400000001", b"190012345678", b"1e999", b"0x41", b"NaN", b"-0.00", b"99999999999999999999"),
    *(
        "＝1".encode(),
        "\u202e".encode(),
        "\ufeff".encode(),
        b"\x1b[31m",
        b"Action: Command\r\n",
        b"<sip:x@y>",
        b"Asia/../etc",
    ),
)
_CONTROL = {"Cc", "Cs", "Zl", "Zp"}
_TRUNK = TrunkSettings(name=TrunkName("carrier"), server=ServerName("main"), host="127.0.0.1")
_RUNS = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")
_SHOWS_NUMBER = re.compile(r"\+?[0-9 *]+|-?[0-9]+(\.[0-9]+)?")


class CsvTarget:
    """`dialer import FILE.csv`, and what a spreadsheet would make of what is written back."""

    suffix = ".csv"

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.folder = Path(self._temporary.name)

    def make(self, random: Random) -> bytes:
        return mutated(random, _CSV, _WORDS)

    def check(self, data: bytes) -> None:
        path = self.folder / f"list{self.suffix}"
        path.write_bytes(data)
        try:
            preview = read_accounts(path, as_of=date(2026, 3, 1))
        except IntakeError as error:
            assert path.name in str(error)
            assert len(str(error)) < 3_000
            return
        with preview:
            self._check(preview)

    def _check(self, preview: ImportPreview) -> None:
        for account in preview.accounts:
            check_account(account)
        for row in preview.rejected:
            assert row.reasons
            assert all(reason.value_shown.isprintable() for reason in row.reasons)
        rejects = self.folder / "rejects.csv"
        assert preview.write_rejects(rejects) == len(preview.rejected)
        check_sheet(rejects)
        if len(preview.accounts):
            self._check_export(preview)

    def _check_export(self, preview: ImportPreview) -> None:
        rows = [{"name": one.debtor_name, "remark": one.remark, "no": one.account_no} for one in preview.accounts]
        write_csv(self.folder / "out.csv", iter(rows))
        check_sheet(self.folder / "out.csv")

    def close(self) -> None:
        self._temporary.cleanup()


def check_sheet(path: Path) -> None:
    """No cell of a CSV file that we wrote is a formula."""
    text = path.read_bytes().decode("utf-8-sig")
    csv.field_size_limit(1 << 24)
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            assert not _RUNS.match(cell) or _SHOWS_NUMBER.fullmatch(cell), f"a formula: {cell!r}"


def check_account(account: ImportedAccount) -> None:
    """An imported account is clean, and its call says on the wire what was meant and nothing else."""
    texts = (account.account_no, account.debtor_name, account.client, account.debtor_key, account.risk, account.region)
    for text in (*texts, account.product, account.industry, account.remark):
        assert not {unicodedata.category(char) for char in text} & _CONTROL, text
        assert not text.startswith(("=", "+", "-", "@")), text
    for number in account.phones:
        assert re.fullmatch(r"\+[0-9]{5,15}", number), number
        action = translate.originate(originate_of(number, account.debtor_name, account.account_no), _TRUNK, "/rec")
        headers = [pair for pair in action.headers if pair[0] != "ActionID"]
        lines = encode_action(action.name, headers, "att-r1-1").decode().split("\r\n")
        assert len(lines) == len(headers) + 4, "a line too many"
        assert f"Channel: PJSIP/{number}@carrier" in lines
        shown = [line.partition("DIALER_SHOW_NAME=")[2] for line in lines if "DIALER_SHOW_NAME" in line]
        assert [unquote(text) for text in shown] == [account.debtor_name]


class XlsxTarget(CsvTarget):
    """`dialer import FILE.xlsx`: damaged archives, damaged parts, and strange cells in sound ones."""

    suffix = ".xlsx"

    def __init__(self) -> None:
        super().__init__()
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for row in csv.reader(io.StringIO(_TEXT)):
            sheet.append([cell if not cell.startswith("=") else "'" + cell for cell in row])
        sheet["A7"], sheet["B7"], sheet["C7"], sheet["E7"] = "HT9", True, 15400000009, 12.5
        made = io.BytesIO()
        book.save(made)
        self._parts = {
            name: body for name, body in _unzipped(made.getvalue()).items() if not name.startswith("docProps")
        }
        self._whole = _zipped(self._parts)

    def make(self, random: Random) -> bytes:
        if random.random() < 0.3:
            return mutated(random, (self._whole,), (b"PK\x03\x04", b"PK\x05\x06", b"\xff\xff\xff\xff"))
        parts = dict(self._parts)
        names = [name for name in parts if "sheet1" in name or random.random() < 0.3] or list(parts)
        for name in random.sample(names, k=min(len(names), random.randrange(1, 3))):
            parts[name] = mutated(random, (parts[name],), (*_XML_WORDS, *_WORDS))
        return _zipped(parts)

    def _check_export(self, preview: ImportPreview) -> None:
        rows = [{"name": one.debtor_name, "remark": one.remark} for one in preview.accounts]
        out = self.folder / "out.xlsx"
        write_xlsx(out, iter(rows))
        sheet = _unzipped(out.read_bytes())["xl/worksheets/sheet1.xml"]
        assert b"<f>" not in sheet, "a formula"


_XML_WORDS = (
    *(b"<c r='A1' t='s'><v>99999</v></c>", b"<c t='inlineStr'><is><t>x</t></is></c>", b"<f>1+1</f>", b"<v>", b"</v>"),
    *(b"t='e'", b"t='b'", b"t='d'", b"t='n'", b"r='XFD1048576'", b"r='A0'", b"<row r='-1'>", b"<row r='9999999999'>"),
    *(
        b"<!DOCTYPE x [<!ENTITY a 'b'><!ENTITY c '&a;&a;&a;&a;'>]>",
        b"&c;",
        b"&#0;",
        b"&#x2028;",
        b"<sheetData>",
        b"1e400",
    ),
    *(b"s='999'", b"<mergeCell ref='A1:XFD1048576'/>", b"<dimension ref='A1:A99999999'/>", b"2999-99-99", b"-1"),
)


def _unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zipped(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, body in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), body)
    return made.getvalue()
