"""A made-up book as the files that a lender's departments would send, each in its own manner.

- applications: what people told when they applied; CSV in GB18030, Chinese headers
- repayments: every instalment, and what was paid of it; CSV in UTF-8 with BOM, Chinese headers
- scores: what the lender's model says; CSV in UTF-8, English headers
- contacts: whom else they named; XLSX with Chinese headers, CSV above `MOST_IN_WORKBOOK` accounts
- accounts: the list of those to be called, who are the overdue; CSV in UTF-8 with BOM, Chinese headers
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

from dialer.loans.terms import Method
from dialer.made_up.book import MODEL, Account, BookPlan, Holder, make_book

APPLICATIONS: Final = (
    "合同号", "委托方", "客户号", "客户姓名", "证件号", "本人手机", "备用电话", "性别", "出生日期", "婚姻状况", "学历",
    "语言", "省份", "行业", "职业", "单位名称", "月收入", "产品名称", "贷款金额", "利率", "期数", "还款方式",
    "放款时间", "首次还款日", "申请日期",
)  # fmt: skip
REPAYMENTS: Final = (
    "合同号", "委托方", "期数", "应还款时间", "应还本金", "应还利息", "应还金额", "实还金额", "实际还款时间", "流水号",
)  # fmt: skip
SCORES: Final = ("customer_id", "name", "client", "contract_no", "model", "score", "grade", "scored_on")
CONTACTS: Final = ("客户号", "客户姓名", "委托方", "合同号", "联系人姓名", "关系", "联系人电话")
ACCOUNTS: Final = (
    "合同号", "委托方", "客户号", "客户姓名", "本人手机", "备用电话", "逾期金额", "贷款金额", "逾期天数", "风险等级",
    "省份", "产品名称", "行业", "备注",
)  # fmt: skip
METHODS: Final = {
    Method.EQUAL_INSTALMENT: "等额本息",
    Method.EQUAL_PRINCIPAL: "等额本金",
    Method.INTEREST_FIRST: "先息后本",
    Method.LUMP_SUM: "一次性还本付息",
}
MOST_IN_WORKBOOK: Final = 100_000
"""Accounts; a worksheet takes 1,048,576 rows, and one of that size is slow to open."""
_REMARKS: Final = ("", "", "", "", "", "工资日为每月10日", "上次通话未接", "希望分期", "白天上班，请晚上联系")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written."""

    path: Path
    rows: int


class _Sheet(Protocol):
    def writerow(self, row: Sequence[object], /) -> object:
        """Add a row."""


def write_files(plan: BookPlan, folder: Path) -> tuple[Written, ...]:
    """Write the files of a book into a folder; those that exist are replaced.

    Args:
        plan: what to make up.
        folder: is made when it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    today = plan.today.toordinal()
    with ExitStack() as stack:
        applications = _Csv(stack, folder / "applications.csv", APPLICATIONS, "gb18030")
        repayments = _Csv(stack, folder / "repayments.csv", REPAYMENTS, "utf-8-sig")
        scores = _Csv(stack, folder / "scores.csv", SCORES, "utf-8")
        accounts = _Csv(stack, folder / "accounts.csv", ACCOUNTS, "utf-8-sig")
        contacts: _Csv | _Workbook
        if plan.accounts <= MOST_IN_WORKBOOK:
            contacts = _Workbook(stack, folder / "contacts.xlsx", CONTACTS)
        else:
            contacts = _Csv(stack, folder / "contacts.csv", CONTACTS, "utf-8-sig")
        for holder in make_book(plan):
            scores.add(_score_row(holder))
            for row in _contact_rows(holder):
                contacts.add(row)
            for account in holder.accounts:
                applications.add(_application_row(holder, account))
                repayments.add_all(list(_repayment_rows(holder, account)))
                days, cents = account.overdue(today)
                if days:
                    accounts.add(_account_row(holder, account, days, cents))
    written = (applications, repayments, scores, contacts, accounts)
    return tuple(Written(path=one.path, rows=one.rows) for one in written)


class _Csv:
    """A CSV file that is being written."""

    def __init__(self, stack: ExitStack, path: Path, headers: Sequence[str], encoding: str) -> None:
        self.path, self.rows = path, 0
        file = stack.enter_context(path.open("w", encoding=encoding, newline=""))
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(headers)

    def add(self, row: Sequence[object]) -> None:
        self._writer.writerow(row)
        self.rows += 1

    def add_all(self, rows: Sequence[Sequence[object]]) -> None:
        self._writer.writerows(rows)
        self.rows += len(rows)


class _Workbook:
    """A worksheet that is being written; it is saved when the context ends well."""

    def __init__(self, stack: ExitStack, path: Path, headers: Sequence[str]) -> None:
        from openpyxl import Workbook

        self.path, self.rows = path, 0
        book: Any = Workbook(write_only=True)
        self._sheet = book.create_sheet("联系人")
        self._sheet.append(list(headers))
        stack.callback(book.save, path)

    def add(self, row: Sequence[object]) -> None:
        self._sheet.append(list(row))
        self.rows += 1


@lru_cache(maxsize=20_000)
def iso(day: int) -> str:
    """An ordinal as `2026-01-31`."""
    return date.fromordinal(day).isoformat()


@lru_cache(maxsize=20_000)
def _slashed(day: int) -> str:
    when = date.fromordinal(day)
    return f"{when.year}/{when.month}/{when.day}"


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _yuan(cents: int) -> str:
    return f"¥{cents // 100:,}.{cents % 100:02d}"


def _second(numbers: Sequence[str]) -> str:
    return numbers[1] if len(numbers) > 1 else ""


def _application_row(holder: Holder, account: Account) -> Sequence[object]:
    person, loan = holder.person, account.loan
    return (
        *(loan.account_no, person.client, person.key, person.name, person.id_no, person.phones[0]),
        *(_second(person.phones), person.sex, f"{person.birth_year}/{person.birth_month}/{person.birth_day}"),
        *(person.marital, person.education, person.language, person.region, person.industry, person.occupation),
        *(person.employer, _yuan(person.income * 100), loan.product.name, _yuan(loan.principal_cents)),
        *(f"{float(loan.product.rate) * 100:g}%", loan.periods, METHODS[loan.product.method]),
        *(_slashed(loan.disbursed), _slashed(loan.due_days[0]), _slashed(loan.disbursed - 3)),
    )


def _repayment_rows(holder: Holder, account: Account) -> Iterator[Sequence[object]]:
    """One for each payment of an instalment; one without a payment where there was none."""
    loan, client = account.loan, holder.person.client
    paid: dict[int, list[tuple[int, int]]] = {}
    for payment in account.course.payments:
        paid.setdefault(payment.no, []).append((payment.day, payment.cents))
    for no, (due, parts) in enumerate(zip(loan.due_days, loan.parts, strict=True), start=1):
        asked = (loan.account_no, client, no, iso(due), _money(parts[0]), _money(parts[1]), _money(sum(parts)))
        if no not in paid:
            yield (*asked, "", "", "")
        for count, (day, cents) in enumerate(paid.get(no, ()), start=1):
            yield (*asked, _money(cents), iso(day), txn_id(loan.account_no, no, count))


def txn_id(account_no: str, no: int, count: int) -> str:
    """The lender's own id of a payment: the first, second ... of an instalment."""
    return f"{account_no}-{no:02d}-{count}"


def _score_row(holder: Holder) -> Sequence[object]:
    person, score = holder.person, holder.score
    account_no = holder.accounts[0].loan.account_no
    return (person.key, person.name, person.client, account_no, MODEL, score.score, score.grade, iso(score.day))


def _contact_rows(holder: Holder) -> Iterator[Sequence[object]]:
    person = holder.person
    for name, relation, number in person.contacts:
        account_no = holder.accounts[0].loan.account_no
        yield (person.key, person.name, person.client, account_no, name, relation, number)


def _account_row(holder: Holder, account: Account, days: int, cents: int) -> Sequence[object]:
    person, loan = holder.person, account.loan
    return (
        *(loan.account_no, person.client, person.key, person.name, person.phones[0], _second(person.phones)),
        *(f"{_money(cents)}元", _yuan(loan.principal_cents), days, holder.score.grade, person.region),
        *(loan.product.name, person.industry, _REMARKS[int(person.key[2:]) % len(_REMARKS)]),
    )
