"""Whatever stands in a cell, a row ends as an account or as a reason, and money is never rounded."""

from __future__ import annotations

import csv
import io
import tempfile
import unicodedata
from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.accounts.aliases import ALIASES
from dialer.accounts.fields import Field
from dialer.accounts.headers import find_columns
from dialer.accounts.imported import ImportedAccount
from dialer.accounts.importing import ImportPreview, read_accounts
from dialer.accounts.reading import RawRow, Spoil
from dialer.accounts.rejected import RejectedRow, write_rejects
from dialer.accounts.rows import RowRules, parse_row
from dialer.accounts.spool import Spool
from dialer.accounts.values import EXCEL_EPOCH, Unusable, parse_amount, parse_date, parse_whole, unwrapped
from dialer.accounts.zones import known_zones
from dialer.errors import IntakeError

HEADERS = tuple(str(field) for field in ALIASES)
RULES = {
    ragged: RowRules.of(find_columns(HEADERS), region="CN", ragged=ragged, as_of=date(2025, 4, 1))
    for ragged in (False, True)
}
GOOD = {
    Field.ACCOUNT_NO: "HT1",
    Field.DEBTOR_NAME: "张三",
    Field.PHONE: "15400000001",
    Field.AMOUNT_DUE: "12800.00",
}
TRICKY = st.sampled_from(
    [
        *("", " ", "'", "''", '="', '=""', "=", "+", "-", "@", "1E+5", "万", "¥", "0", "+86", "0086", "/", "\x00"),
        *("1.5万", "%", "15400000001", "+8615400000001/15400000002", "12,800.00", "2025-02-30", "99999", "zh"),
        *("Asia/Shanghai", "../etc"),
    ]
)
ANY_CELL = st.one_of(TRICKY, st.text(max_size=60), st.text("0123456789.,+-eE/ 万元年月日¥", max_size=20))


def check(found: ImportedAccount | RejectedRow) -> None:
    if isinstance(found, RejectedRow):
        assert found.reasons
        for reason in found.reasons:
            assert reason.reason_zh
            assert reason.reason_en
            assert len(reason.value_shown) <= 24
            assert reason.value_shown.isprintable()
        return
    assert found.account_no
    assert found.debtor_name
    assert found.phones
    assert all(phone.startswith("+") and phone[1:].isdigit() and phone.isascii() for phone in found.phones)
    assert 0 < found.amount_due < 10**12
    assert found.amount_due.as_tuple().exponent == -2
    assert all(zone in known_zones() or zone == "" for zone in found.zones)
    texts = [found.account_no, found.debtor_name, found.client, found.debtor_key, found.risk, found.region]
    # Rare names use characters that are newer than the interpreter's tables, or private; those are no control.
    kinds = {unicodedata.category(char) for text in [*texts, found.remark, found.product] for char in text}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert all(not text.startswith(("=", "+", "-", "@")) for text in [*texts, found.remark, found.product])


@given(
    cells=st.dictionaries(st.sampled_from(list(ALIASES)), ANY_CELL),
    spoils=st.dictionaries(st.sampled_from(list(ALIASES)), st.sampled_from(list(Spoil)), max_size=2),
    extra=st.lists(ANY_CELL, max_size=2),
    ragged=st.booleans(),
)
@settings(max_examples=1500, deadline=None)
def test_any_text_in_any_cell_is_an_account_or_a_reason(
    cells: dict[Field, str], spoils: dict[Field, Spoil], extra: list[str], ragged: bool
):
    values = GOOD | cells
    row = RawRow(
        number=2,
        cells=tuple(values.get(field, "") for field in ALIASES) + tuple(extra),
        spoils={list(ALIASES).index(field): spoil for field, spoil in spoils.items()},
    )
    check(parse_row(row, RULES[ragged]))


def read_bytes(content: bytes) -> ImportPreview | IntakeError:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        path.write_bytes(content)
        try:
            return read_accounts(path)
        except IntakeError as error:
            return error


@given(st.binary(max_size=300), st.sampled_from(["utf-8", "gb18030", "utf-16"]), st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_bytes_after_a_header_are_rows_or_an_error_of_the_file(rubbish: bytes, encoding: str, mark: bool):
    header = "合同号,姓名,手机号,逾期金额\n".encode(encoding) if mark else b"account_no,name,phone,amount_due\n"
    found = read_bytes(header + rubbish)
    if isinstance(found, IntakeError):
        assert "list.csv" in str(found)
        return
    with found:
        for row in [*found.accounts, *found.rejected]:
            check(row)


@given(st.lists(st.lists(st.text('ab",\r\n; \t', max_size=8), max_size=6), max_size=8))
@settings(max_examples=400, deadline=None)
def test_broken_quotes_never_swallow_the_last_row(rows: list[list[str]]):
    lines = "\n".join(",".join(cells) for cells in rows)
    content = f"account_no,name,phone,amount_due\n{lines}\nLAST,张三,15400000001,5\n"
    found = read_bytes(content.encode())
    assert isinstance(found, ImportPreview)
    with found:
        seen = [account.account_no for account in found.accounts]
        # A quote may legally enclose line breaks; then the last row is part of a rejected record, and shown there.
        assert seen == ["LAST"] or any("LAST" in cell for row in found.rejected for cell in row.cells)


@given(st.lists(st.lists(ANY_CELL, min_size=4, max_size=4), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_a_file_of_rejects_says_the_same_about_its_rows_as_the_file_itself(rows: list[list[str]]):
    headers = ("account_no", "name", "phone", "amount_due")
    rules = RowRules.of(find_columns(headers), region="CN", ragged=False, as_of=None)
    found = [parse_row(RawRow(number=2 + at, cells=tuple(cells)), rules) for at, cells in enumerate(rows)]
    bad = [row for row in found if isinstance(row, RejectedRow)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rejects.csv"
        assert write_rejects(path, headers, bad) == len(bad)
        with read_accounts(path) as again:
            assert not list(again.accounts)
            after = [[(reason.column, reason.reason_en) for reason in row.reasons] for row in again.rejected]
        assert after == [[(reason.column, reason.reason_en) for reason in row.reasons] for row in bad]


@given(ANY_CELL)
def test_what_disarms_a_cell_is_taken_off_again(cell: str):
    row = RejectedRow(row=2, cells=(cell,), reasons=())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rejects.csv"
        write_rejects(path, ("x",), [row])
        written = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))[1][-1]
    assert unwrapped(written) == unwrapped(cell)
    assert not written.lstrip().startswith(("=", "+", "-", "@"))


@given(st.decimals(0, 10**12 - 1, places=2, allow_nan=False, allow_infinity=False))
def test_amounts_are_read_exactly_in_every_way_of_writing(amount: Decimal):
    wide = str.maketrans("0123456789.,", "０１２３４５６７８９．，")
    for text in (f"{amount}", f"¥{amount:,}", f"{amount:,}元", f"{amount} 元", f"{amount:,}".translate(wide)):
        assert parse_amount(text) == amount
    for unit, power in (("万", 4), ("千", 3), ("亿", 8)):
        assert parse_amount(f"{amount.scaleb(-power):f}{unit}元") == amount
        assert parse_amount(f"{amount.scaleb(-power):f}", unit=power) == amount


@given(st.text("0123456789.,万亿元¥-", max_size=45))
def test_no_text_is_read_as_an_amount_that_it_does_not_say(text: str):
    amount = parse_amount(text)
    if isinstance(amount, Unusable):
        return
    power = 4 if "万" in text else 8 if "亿" in text else 0
    digits = "".join(char for char in text if char in "0123456789.")
    assert amount == Decimal(digits).scaleb(power)


@given(st.dates(date(1990, 1, 1), date(2099, 12, 31)))
def test_dates_are_read_in_every_way_of_writing(day: date):
    serial = (day - EXCEL_EPOCH).days
    ways = [day.isoformat(), f"{day:%Y/%m/%d}", f"{day.year}年{day.month}月{day.day}日", f"{day:%Y%m%d}", str(serial)]
    assert [parse_date(way) for way in ways] == [day] * len(ways)


@given(st.text(max_size=30))
def test_no_text_breaks_a_parser(text: str):
    parse_date(text)
    parse_whole(text, at_least=0, at_most=10)
    parse_amount(text)


@given(st.lists(st.integers(), max_size=3500), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_a_spool_gives_back_what_was_put_in_as_often_as_asked(values: list[int], readers: int):
    with Spool(values) as spool:
        assert len(spool) == len(values)
        assert [*zip(*([iter(spool) for _ in range(readers)]), strict=True)] == [(v,) * readers for v in values]


def test_a_spool_on_disk_is_read_and_added_to_in_turns():
    with Spool(["x" * 9000] * 5000) as spool:
        spool.append("last")
        assert sum(map(len, spool)) == 9000 * 5000 + 4
