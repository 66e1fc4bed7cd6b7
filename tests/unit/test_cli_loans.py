"""`dialer loan`, `dialer plan` and `dialer plans` as people use them, in both languages, with right and wrong input."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner, Result

import store_cases as case
from dialer.cli.main import app
from dialer.clock import SystemClock
from dialer.loans.schedules import add_months, schedule
from dialer.loans.terms import LoanTerms, Method
from dialer.store.sqlite import SqliteStore

TODAY = SystemClock().now_at().astimezone(ZoneInfo("Asia/Shanghai")).date()
FIRST = add_months(TODAY, -4)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LN-1: twelve months, the last two unpaid and one interest 5.00 too high; LN-2: no schedule."""
    folder = tmp_path_factory.mktemp("d")
    assert run(folder, "init", str(folder)).exit_code == 0
    with closing(SqliteStore.create(folder / "var/dialer.sqlite")) as store:
        accounts = [case.account("LOAN-0001", 1, due="900.00", days=10), case.account("LOAN-0002", 2, due="500.00")]
        store.import_accounts("demo", "a.csv", accounts, SystemClock().now_at())
        terms = LoanTerms(
            principal=Decimal("12000.00"),
            annual_rate=Decimal("0.12"),
            periods=12,
            method=Method.EQUAL_INSTALMENT,
            disbursed_on=add_months(FIRST, -1),
            first_due_on=FIRST,
        )
        with store.writing() as connection:
            connection.execute(
                "INSERT INTO loans (account_id, principal_cents, annual_rate, penalty_rate, periods, method,"
                " disbursed_on, first_due_on) VALUES (1, 1200000, '0.12', '0.18', 12, 'equal_instalment', ?, ?)",
                (terms.disbursed_on.isoformat(), FIRST.isoformat()),
            )
            for one in schedule(terms):
                interest = int(one.interest * 100) + (500 if one.no == 5 else 0)
                principal, paid = int(one.principal * 100), one.no < 4
                connection.execute(
                    "INSERT INTO instalments (account_id, no, due_on, principal_cents, interest_cents,"
                    " paid_principal_cents, paid_interest_cents, paid_on) VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(one.no, one.due_on.isoformat(), principal, interest),
                        *(principal if paid else 0, interest if paid else 0, one.due_on.isoformat() if paid else None),
                    ),
                )
    return folder


@pytest.fixture
def folder(made: Path) -> Path:
    """Each test takes back what it did, but for what it checks."""
    return made


def run(folder: Path, *words: str, lang: str = "en_US.UTF-8", env: dict[str, str] | None = None) -> Result:
    environment = {
        "LC_ALL": lang,
        "COLUMNS": "160",
        "DIALER_CONFIG": str(folder / "config/dialer.yaml"),
        "NO_COLOR": "1",
    }
    return CliRunner().invoke(app, list(words), env=environment | (env or {}))


def told(folder: Path, *words: str) -> dict[str, object]:
    found = run(folder, "--json", *words)
    assert found.exit_code in (0, 1), found.output
    answer = json.loads(found.stdout)
    assert isinstance(answer, dict)
    return answer


def test_init_writes_the_settings_of_plans(folder: Path) -> None:
    assert "allocation:" in (folder / "config/plans.yaml").read_text(encoding="utf-8")


def test_a_schedule_is_worked_out_without_an_account(folder: Path) -> None:
    words = ("loan", "schedule", "--principal", "12000", "--rate", "12%", "--months", "12", "--first-due", "2026-01-31")
    found = run(folder, *words)
    assert "1,066.19" in found.output
    assert "2026-02-28" in found.output
    assert "等额本息" in run(folder, *words, lang="zh_CN.UTF-8").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--principal", "12x", "--rate", "12%", "--months", "12"), "is no amount"),
        (("--principal", "100", "--rate", "lots", "--months", "12"), "write 12% or 0.12"),
        (("--principal", "100", "--rate", "12%", "--months", "0"), "1 to 480 months"),
        (("--principal", "0", "--rate", "12%", "--months", "3"), "more than 0.00"),
    ],
)
def test_terms_that_are_none_are_refused_in_a_sentence(folder: Path, words: tuple[str, ...], said: str) -> None:
    found = run(folder, "loan", "schedule", *words)
    assert found.exit_code == 2
    assert said in found.output


def test_the_check_names_the_difference_and_its_exit_status_tells(folder: Path) -> None:
    found = run(folder, "loan", "check", "LOAN-0001")
    assert found.exit_code == 1
    assert "1 differ" in found.output
    assert "+5.00" in found.output
    assert "LOAN-0001" not in found.output
    zh = run(folder, "loan", "check", "LOAN-0001", lang="zh_CN.UTF-8")
    assert "1 处不符" in zh.output
    answer = told(folder, "loan", "check", "LOAN-0001")
    assert answer["agrees"] is False
    assert [one["what"] for one in answer["differences"]] == ["interest"]  # type: ignore[attr-defined,index]


def test_an_account_without_a_schedule_says_so(folder: Path) -> None:
    found = run(folder, "loan", "check", "LOAN-0002")
    assert found.exit_code == 0
    assert "No schedule" in found.output


def test_a_payment_is_booked_once_and_taken_back(folder: Path) -> None:
    before = told(folder, "loan", "check", "LOAN-0001")
    paid = told(folder, "loan", "pay", "LOAN-0001", "500.00", "--txn", "B-1", "--channel", "bank")
    assert (paid["new"], paid["closed"]) == (True, False)
    again = run(folder, "loan", "pay", "LOAN-0001", "500.00", "--txn", "B-1")
    assert "booked before" in again.output
    wrong = run(folder, "loan", "pay", "LOAN-0001", "501.00", "--txn", "B-1")
    assert wrong.exit_code == 3
    assert "was noted with 500.00" in wrong.output
    assert run(folder, "loan", "reverse", "LOAN-0001", "B-1").exit_code == 0
    after = told(folder, "loan", "check", "LOAN-0001")
    assert [one["reversed"] for one in after.pop("payments")] == [True]  # type: ignore[attr-defined,index]
    before.pop("payments")
    assert after["instalments"] == before["instalments"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("loan", "check", "NOPE"), 3, "no account"),
        (("loan", "pay", "LOAN-0001", "0", "--txn", "x"), 3, "more than 0.00"),
        (("loan", "pay", "LOAN-0001", "1.005", "--txn", "x"), 2, "is no amount"),
        (("loan", "reverse", "LOAN-0001", "NOPE"), 3, "no payment NOPE"),
        (("plan", "LOAN-0002"), 2, "income is not known"),
        (("plan", "LOAN-0002", "--afford", "500", "--offer", "19"), 2, "no plan 19"),
        (("plans", "show", "99"), 3, "no plan 99"),
        (("plans", "list", "--status", "asleep"), 2, "performing"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(folder: Path, words: tuple[str, ...], status: int, said: str) -> None:
    found = run(folder, *words)
    assert found.exit_code == status, found.output
    assert said in found.output


def test_rolling_on_tells_how_many(folder: Path) -> None:
    first = told(folder, "loan", "age")
    assert first["on"] == TODAY.isoformat()
    assert told(folder, "loan", "age")["accounts"] == 0


def test_plans_are_ranked_with_cost_reasons_and_what_the_expectation_is(folder: Path) -> None:
    found = run(folder, "plan", "LOAN-0001", "--income", "9000")
    assert found.exit_code == 0, found.output
    for text in ("expected recovery", "chance of breaking in a month", "cap 12.00%", "assumptions of the settings"):
        assert text in found.output
    zh = run(folder, "plan", "LOAN-0001", "--income", "9000", lang="zh_CN.UTF-8").output
    for text in ("预计回收", "每月违约概率", "上限 12.00%", "每月可负担"):
        assert text in zh
    answer = told(folder, "plan", "LOAN-0001", "--income", "9000")
    expected = [Decimal(one["expected_recovery"]) for one in answer["plans"]]  # type: ignore[attr-defined,index]
    assert expected == sorted(expected, reverse=True)
    assert all(one["reasons"] and one["explained"] for one in answer["plans"])  # type: ignore[attr-defined,index]


def test_where_the_contract_leaves_nothing_the_plan_is_about_the_whole_loan(folder: Path) -> None:
    assert told(folder, "plan", "LOAN-0001", "--income", "9000")["scope"] == "due"
    answer = told(folder, "plan", "LOAN-0001", "--income", "3000")
    assert (answer["scope"], answer["affordable"]) == ("whole", "1000.00")
    assert answer["plans"]


def test_no_lawful_plan_says_what_stands_in_the_way(folder: Path) -> None:
    found = run(folder, "plan", "LOAN-0002", "--afford", "5")
    assert found.exit_code == 0
    assert "There is no lawful plan" in found.output


def test_a_plan_is_offered_signed_shown_and_cancelled(folder: Path) -> None:
    offered = told(folder, "plan", "LOAN-0002", "--afford", "200", "--offer", "1")
    number = str(offered["offered"])
    assert "proposed" in run(folder, "plans", "list").output
    signed = run(folder, "plans", "sign", number)
    assert "performing" in signed.output
    assert "履行中" in run(folder, "plans", "show", number, lang="zh_CN.UTF-8").output
    assert run(folder, "plans", "sign", number).exit_code == 3
    assert run(folder, "plans", "cancel", number, "--reason", "wants another").exit_code == 0
    assert "wants another" in run(folder, "plans", "show", number).output


def test_an_agent_cannot_approve_and_nobody_approves_their_own(folder: Path) -> None:
    config = folder / "config/dialer.yaml"
    whole = config.read_text()
    secrets = folder / "config/secrets"
    users = ""
    for name, role in (("wang", "agent"), ("wu", "supervisor"), ("li", "admin")):
        (secrets / f"token_{name}").touch(mode=0o600)
        (secrets / f"token_{name}").write_text(f"token-of-{name}")
        users += f"  {name}:\n    role: {role}\n    token: !file secrets/token_{name}\n"
        users += "    agent: agent01\n" if role == "agent" else ""
    config.write_text(whole + "\nusers:\n" + users)
    try:
        wang, wu = {"DIALER_TOKEN": "token-of-wang"}, {"DIALER_TOKEN": "token-of-wu"}
        offered = run(folder, "--json", "plan", "LOAN-0001", "--income", "9000", "--offer", "1", env=wang)
        assert offered.exit_code == 0, offered.output
        number = str(json.loads(offered.stdout)["offered"])
        assert run(folder, "plans", "approve", number, env=wang).exit_code == 9
        needless = run(folder, "plans", "approve", number, env=wu)
        assert needless.exit_code == 3
        assert "needs no approval" in needless.output
        assert run(folder, "loan", "pay", "LOAN-0001", "1", "--txn", "z", env=wang).exit_code == 9
        assert run(folder, "loan", "check", "LOAN-0001", "--unmasked", env=wang).exit_code == 9
    finally:
        config.write_text(whole)


def test_a_mistake_in_the_settings_is_told_with_file_and_line(folder: Path) -> None:
    plans = folder / "config/plans.yaml"
    whole = plans.read_text(encoding="utf-8")
    plans.write_text(whole.replace("ahead: instalments", "ahead: instalment"), encoding="utf-8")
    try:
        found = run(folder, "loan", "check", "LOAN-0001")
    finally:
        plans.write_text(whole, encoding="utf-8")
    assert found.exit_code == 2
    assert "plans.yaml:" in found.output
    assert "Did you mean instalments?" in found.output


def test_the_day_of_a_payment_may_be_given(folder: Path) -> None:
    day: date = TODAY - timedelta(days=3)
    run(folder, "loan", "pay", "LOAN-0001", "10.00", "--txn", "EARLY", "--on", day.isoformat())
    found = told(folder, "loan", "check", "LOAN-0001")
    (paid,) = [one for one in found["payments"] if one["txn"] == "EARLY"]  # type: ignore[attr-defined,index]
    assert paid["at"].startswith(day.isoformat())
    run(folder, "loan", "reverse", "LOAN-0001", "EARLY")
