"""The made-up book: the same for the same seed, to the cent, nobody's numbers, and readable by whoever imports it."""

from __future__ import annotations

import csv
import sqlite3
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import phonenumbers
import pytest

from dialer.accounts.demo_data import DEMO_PREFIX
from dialer.accounts.importing import read_accounts
from dialer.errors import SettingsError
from dialer.loans.checking import check
from dialer.loans.schedules import Instalment, schedule
from dialer.loans.terms import LoanTerms
from dialer.made_up.book import BookPlan, Plant, make_book
from dialer.made_up.files import write_files
from dialer.made_up.filling import Filling, fill_store
from dialer.made_up.people import MACHINE_ENDING
from dialer.pbx.carrier import Fixed
from dialer.store.sqlite import SqliteStore

PLAN = BookPlan(accounts=600, seed=4, today=date(2026, 6, 18))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made-up")
    write_files(PLAN, folder)
    return folder


def rows(folder: Path, name: str, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def test_the_same_plan_writes_the_same_files_and_another_seed_others(folder: Path, tmp_path: Path):
    write_files(PLAN, tmp_path / "again")
    write_files(BookPlan(accounts=600, seed=5, today=PLAN.today), tmp_path / "other")
    for path in folder.glob("*.csv"):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
        assert path.read_bytes() != (tmp_path / "other" / path.name).read_bytes()


def test_the_files_come_as_lenders_send_them(folder: Path):
    applications = rows(folder, "applications", "gb18030")
    assert len(applications) == 600
    with pytest.raises(UnicodeDecodeError):
        (folder / "applications.csv").read_text(encoding="utf-8")
    assert {"合同号", "月收入", "还款方式"} <= set(applications[0])
    assert set(rows(folder, "scores")[0]) >= {"customer_id", "score", "grade"}
    sheet = openpyxl.load_workbook(folder / "contacts.xlsx", read_only=True).worksheets[0]
    heads, *contacts = sheet.iter_rows(values_only=True)
    assert "联系人电话" in heads
    assert len(contacts) > 300
    assert set(applications[0]["贷款金额"]) & {"¥"}


def test_what_is_overdue_follows_from_the_repayments(folder: Path):
    owed: dict[str, Decimal] = defaultdict(Decimal)
    paid: dict[str, Decimal] = defaultdict(Decimal)
    seen = set()
    for row in rows(folder, "repayments"):
        key = (row["合同号"], row["期数"])
        if row["应还款时间"] < PLAN.today.isoformat() and key not in seen:
            seen.add(key)
            owed[row["合同号"]] += Decimal(row["应还金额"])
        paid[row["合同号"]] += Decimal(row["实还金额"] or "0")
    listed = {row["合同号"]: Decimal(row["逾期金额"].removesuffix("元")) for row in rows(folder, "accounts")}
    expected = {account: owed[account] - paid[account] for account in owed if owed[account] > paid[account]}
    assert listed == expected
    assert 50 < len(listed) < 200


def test_every_schedule_is_the_one_that_the_terms_give_to_the_cent():
    for holder in make_book(BookPlan(accounts=200, seed=9, today=PLAN.today)):
        for account in holder.accounts:
            loan = account.loan
            terms = LoanTerms(
                principal=Decimal(loan.principal_cents) / 100,
                annual_rate=Decimal(loan.product.rate),
                periods=loan.periods,
                method=loan.product.method,
                disbursed_on=date.fromordinal(loan.disbursed),
                first_due_on=date.fromordinal(loan.due_days[0]),
            )
            ours = tuple(
                Instalment(
                    no=no,
                    due_on=date.fromordinal(due),
                    principal=Decimal(principal) / 100,
                    interest=Decimal(interest) / 100,
                )
                for no, (due, (principal, interest)) in enumerate(zip(loan.due_days, loan.parts, strict=True), start=1)
            )
            assert ours == schedule(terms)
            assert check(terms, ours).agrees


def test_no_number_can_be_anybodys_and_dead_ones_end_as_the_simulated_network_knows_them(folder: Path):
    numbers = {row["本人手机"] for row in rows(folder, "applications", "gb18030")}
    assert all(number.startswith(DEMO_PREFIX) for number in numbers)
    assert not any(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers)
    endings = Counter(number[-4:] for number in numbers)
    dead = endings[Fixed.INVALID] + endings[Fixed.SWITCHED_OFF]
    assert 0.02 < dead / len(numbers) < 0.09
    assert MACHINE_ENDING == Fixed.MACHINE


def test_the_list_of_the_overdue_is_taken_without_a_rejected_row(folder: Path):
    with read_accounts(folder / "accounts.csv") as preview:
        assert not list(preview.rejected)
        assert len(preview.accounts) == len(rows(folder, "accounts"))


def test_a_filled_store_hangs_together(tmp_path: Path):
    store = SqliteStore.create(tmp_path / "store.sqlite")
    counts = fill_store(store, PLAN, Filling())
    store.close()
    connection = sqlite3.connect(tmp_path / "store.sqlite")
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    wrong = connection.execute(
        """SELECT count(*) FROM (SELECT account_id, sum(amount_cents) AS paid FROM payments GROUP BY account_id) p
           JOIN (SELECT account_id, sum(paid_principal_cents + paid_interest_cents) AS booked FROM instalments
                 GROUP BY account_id) i USING (account_id) WHERE paid <> booked"""
    ).fetchone()
    lines = connection.execute(
        """SELECT count(*) FROM payments p WHERE amount_cents <>
           (SELECT sum(amount_cents) FROM payment_lines l WHERE l.payment_id = p.payment_id)"""
    ).fetchone()
    early = connection.execute("SELECT count(*) FROM attempts WHERE at >= ?", (PLAN.today.isoformat(),)).fetchone()
    connection.close()
    assert (wrong, lines, early) == ((0,), (0,), (0,))
    assert counts["accounts"] == 600
    assert counts["promises"] > 30


def test_a_planted_part_is_worse_and_an_unknown_one_is_refused_with_what_there_is():
    late: Counter[bool] = Counter()
    count: Counter[bool] = Counter()
    plan = BookPlan(
        accounts=3000, seed=2, today=PLAN.today, differences=False, plant=Plant.parse("industry=制造业,times=5")
    )
    for holder in make_book(plan):
        for account in holder.accounts:
            inside = holder.person.industry == "制造业"
            count[inside] += 1
            late[inside] += account.overdue(PLAN.today.toordinal())[0] > 0
    assert late[True] / count[True] > 1.5 * late[False] / count[False]
    with pytest.raises(SettingsError, match="建筑业"):
        Plant.parse("industry=太空")
    with pytest.raises(SettingsError, match="region="):
        Plant.parse("planet=火星")
