"""Made-up loans: what was lent, to whom, and when which part of it falls due, exact to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Final, NamedTuple

from dialer.loans.schedules import schedule
from dialer.loans.terms import LoanTerms, Method


class Product(NamedTuple):
    """What is lent."""

    name: str
    weight: int
    least: int
    """Smallest principal, yuan."""
    step: int
    """Yuan; few amounts, as lenders have, and so few schedules to compute."""
    steps: int
    periods: tuple[int, ...]
    rate: str
    """Of a year."""
    method: Method
    risk: float
    """How much likelier than others it falls behind."""


PRODUCTS: Final = (
    Product("消费贷", 30, 3_000, 500, 80, (6, 12), "0.18", Method.EQUAL_INSTALMENT, 1.0),
    Product("现金贷", 26, 1_000, 100, 80, (3, 6), "0.24", Method.EQUAL_INSTALMENT, 1.45),
    Product("信用卡", 22, 2_000, 500, 100, (6, 12), "0.1825", Method.EQUAL_PRINCIPAL, 1.1),
    Product("车贷", 12, 40_000, 2_000, 70, (24, 36), "0.085", Method.EQUAL_INSTALMENT, 0.6),
    Product("经营贷", 8, 50_000, 5_000, 80, (12,), "0.12", Method.INTEREST_FIRST, 0.9),
    Product("助农贷", 2, 5_000, 1_000, 40, (12,), "0.065", Method.LUMP_SUM, 0.8),
)
_PRODUCT_OF: Final = tuple(product for product in PRODUCTS for _ in range(product.weight))
_ALIKE_OF: Final = tuple(PRODUCTS[0]._replace(name=product.name, periods=(12,)) for product in _PRODUCT_OF)


class MadeUpLoan(NamedTuple):
    """One contract. Days are proleptic ordinals, as `date.toordinal` counts; money is cents."""

    account_no: str
    product: Product
    principal_cents: int
    periods: int
    disbursed: int
    due_days: tuple[int, ...]
    parts: tuple[tuple[int, int], ...]
    """Principal and interest of each instalment, cents."""


def make_loan(chance: Random, account_no: str, today: int, months: int, *, alike: bool = False) -> MadeUpLoan:
    """Make one up that was paid out within the last months.

    Args:
        chance: seeded.
        account_no: its number.
        today: an ordinal.
        months: how far back the first were paid out, at least 1.
        alike: products differ in their names only. Short loans are repaid soon unless they are late, so that their
            terms alone would make a difference.
    """
    draw = chance.random
    product = (_ALIKE_OF if alike else _PRODUCT_OF)[int(draw() * 100)]
    principal_cents = 100 * (product.least + product.step * int(product.steps * draw() ** 2))
    periods = product.periods[int(draw() * len(product.periods))]
    disbursed = today - 5 - int(draw() * months * 30.4)
    days = due_days(disbursed, periods, product.method)
    return MadeUpLoan(
        account_no=account_no,
        product=product,
        principal_cents=principal_cents,
        periods=periods,
        disbursed=disbursed,
        due_days=days,
        parts=parts_of(principal_cents, product.rate, periods, product.method),
    )


@lru_cache(maxsize=50_000)
def due_days(disbursed: int, periods: int, method: Method) -> tuple[int, ...]:
    """A day that every month has, from the next month on; of a lump sum only the last."""
    start = date.fromordinal(disbursed)
    day, month0 = start.day if start.day <= 28 else (start.day - 28) * 7, start.year * 12 + start.month - 1
    counts = (periods,) if method is Method.LUMP_SUM else range(1, periods + 1)
    return tuple(date((month0 + n) // 12, (month0 + n) % 12 + 1, day).toordinal() for n in counts)


@lru_cache(maxsize=50_000)
def parts_of(principal_cents: int, rate: str, periods: int, method: Method) -> tuple[tuple[int, int], ...]:
    """Principal and interest of each instalment, in cents, as `dialer.loans` computes them."""
    somewhen = date(2020, 1, 1)  # the amounts do not depend on the day
    terms = LoanTerms(
        principal=Decimal(principal_cents).scaleb(-2),
        annual_rate=Decimal(rate),
        periods=periods,
        method=method,
        disbursed_on=somewhen,
        first_due_on=somewhen,
    )
    return tuple((int(one.principal.scaleb(2)), int(one.interest.scaleb(2))) for one in schedule(terms))
