"""What a template may name, and what of it tells of a debt. Pure.

A variable that discloses may stand in no step before the identity check and in no text for a third party: what it
becomes could not be seen when the file is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from dialer.masking import mask_name
from dialer.scripts.model import Offer, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One name that templates know."""

    zh: str
    en: str
    discloses: bool
    """It tells of a debt."""


VARIABLES: Final[Mapping[str, Variable]] = {
    "bank": Variable(zh="委托银行的名称", en="name of the bank", discloses=False),
    "office": Variable(zh="来电部门", en="who calls", discloses=False),
    "callback": Variable(zh="回电号码", en="number to call back", discloses=False),
    "caller": Variable(zh="坐席称呼或工号", en="the agent's name or number", discloses=False),
    "surname": Variable(zh="对方的姓（有权可见则为全名）", en="family name; whole where the reader may see it",
                        discloses=False),
    "today": Variable(zh="今天", en="today", discloses=False),
    "product": Variable(zh="产品", en="product", discloses=True),
    "tail": Variable(zh="账号末四位", en="last four characters of the account", discloses=True),
    "amount_due": Variable(zh="应还金额", en="amount due", discloses=True),
    "days_past_due": Variable(zh="逾期天数", en="days past due", discloses=True),
    "monthly_due": Variable(zh="每月应还", en="what falls due each month", discloses=True),
    "promised": Variable(zh="已承诺的金额", en="amount promised", discloses=True),
    "promised_on": Variable(zh="承诺的日期", en="day promised", discloses=True),
    "pay_by": Variable(zh="建议的还款日", en="day by which payment is asked for", discloses=True),
    "options": Variable(zh="可提供的方案", en="plans that may be offered", discloses=True),
    "penalty": Variable(zh="已产生的罚息或违约金", en="penalty so far", discloses=True),
}  # fmt: skip

SILENT: Final = frozenset(name for name, one in VARIABLES.items() if not one.discloses)
"""Those that may stand anywhere."""

_COMPOUND: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What is the same in every script: `house:` of strategies.yaml."""

    bank_zh: str
    bank_en: str
    office_zh: str
    office_en: str
    callback: str
    pay_within_days: int = 3
    told_for_days: int = 90
    """What somebody told of habit, reason, ability or willingness is believed for so long."""


def values_of(
    person: Person,
    house: House,
    *,
    zh: bool,
    today: date,
    account_no: str = "",
    caller: str = "",
    penalty: Decimal = Decimal(0),
    offers: tuple[Offer, ...] = (),
    unmasked: bool = False,
) -> dict[str, object]:
    """The values of every variable for one person.

    Args:
        person: to be spoken with; a third party hears nothing of what is theirs not.
        house: the bank's.
        zh: Chinese; else English.
        today: where the dialer is.
        account_no: of the account.
        caller: how the agent says who they are.
        penalty: accrued so far.
        offers: plans that may be offered.
        unmasked: whole name.
    """
    return {
        "bank": house.bank_zh if zh else house.bank_en,
        "office": house.office_zh if zh else house.office_en,
        "callback": house.callback,
        "caller": caller or ("工作人员" if zh else "a colleague"),
        "surname": person.name.strip() if unmasked else called(person.name),
        "today": today,
        "product": person.product or ("贷款" if zh else "loan"),
        "tail": account_no.strip()[-4:],
        "amount_due": person.amount_due,
        "days_past_due": person.days_past_due,
        "monthly_due": person.monthly_due or Decimal(0),
        "promised": person.promised or Decimal(0),
        "promised_on": person.promised_on or today,
        "pay_by": today + timedelta(days=house.pay_within_days),
        "options": tuple(offer.zh if zh else offer.en for offer in offers),
        "penalty": penalty,
    }


def called(name: str) -> str:
    """What an agent calls somebody who has not been identified: a Chinese family name; of others the first letter."""
    masked = mask_name(name)
    first = masked.rstrip("*")
    return first if first and not first.isascii() else masked
