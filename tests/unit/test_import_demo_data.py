"""The made-up portfolio."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import phonenumbers
import pytest

from dialer.accounts.demo_data import DEMO_HEADERS, DEMO_PREFIX, make_portfolio, write_demo_csv
from dialer.accounts.importing import read_accounts


def test_the_same_seed_makes_the_same_portfolio_and_another_seed_another():
    assert make_portfolio(200, 7) == make_portfolio(200, 7)
    assert make_portfolio(200, 7) != make_portfolio(200, 8)
    assert make_portfolio(0, 7) == []


def test_no_number_can_belong_to_anybody():
    numbers = {row[name] for row in make_portfolio(2000, 1) for name in ("phone", "phone2") if row[name]}
    parsed = [phonenumbers.parse(number) for number in numbers]
    assert all(number.startswith(DEMO_PREFIX) for number in numbers)
    assert all(phonenumbers.is_possible_number(number) for number in parsed)
    assert not any(phonenumbers.is_valid_number(number) for number in parsed)


def test_numbers_belong_to_one_debtor_and_a_debtor_keeps_name_and_region():
    portfolio = make_portfolio(5000, 3)
    people = {(row["debtor_key"], row["debtor_name"], row["phone"], row["region"], row["client"]) for row in portfolio}
    keys = {row["debtor_key"] for row in portfolio}
    assert len(people) == len(keys) == len({row["phone"] for row in portfolio})
    assert 0.05 < 1 - len(keys) / len(portfolio) < 0.12


def test_risk_and_amount_fit_the_days_past_due():
    portfolio = make_portfolio(5000, 3)
    early = [row for row in portfolio if int(row["days_past_due"]) <= 30]
    late = [row for row in portfolio if int(row["days_past_due"]) > 90]
    assert {row["risk"] for row in early} <= set("ABC")
    assert {row["risk"] for row in late} <= set("DE")
    for product in {row["product"] for row in portfolio}:
        due = [
            sum(Decimal(row["amount_due"]) / Decimal(row["principal"]) for row in part if row["product"] == product)
            / sum(row["product"] == product for row in part)
            for part in (early, late)
        ]
        assert due[0] < due[1], product


def test_the_endings_of_the_numbers_are_spread_so_that_a_simulated_network_can_decide_by_them():
    endings = Counter(row["phone"][-2:] for row in make_portfolio(5000, 3))
    assert len(endings) >= 50
    assert max(endings.values()) < 5000 / 10


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_the_importer_takes_every_demo_account_as_it_was_made(tmp_path: Path, encoding: str):
    path = tmp_path / "demo.csv"
    assert write_demo_csv(path, 1500, 11, encoding) == 1500
    with read_accounts(path) as preview:
        accounts = list(preview.accounts)
        assert not list(preview.rejected)
    assert not preview.warnings
    assert {field: preview.mapped[field] for field in preview.mapped} == DEMO_HEADERS
    for made, account in zip(make_portfolio(1500, 11), accounts, strict=True):
        assert account.account_no == made["account_no"]
        assert account.debtor_name == made["debtor_name"]
        assert account.phones == tuple(filter(None, (made["phone"], made["phone2"])))
        assert set(account.zones) == {"Asia/Shanghai"}
        assert (str(account.amount_due), str(account.principal)) == (made["amount_due"], made["principal"])
        assert str(account.days_past_due) == made["days_past_due"]
        assert (account.risk, account.region, account.industry) == (made["risk"], made["region"], made["industry"])
        assert (account.client, account.debtor_key) == (made["client"], made["debtor_key"])
        assert (account.product, account.remark) == (made["product"], made["remark"])
