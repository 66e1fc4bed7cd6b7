"""A made-up lender's whole book, debtor by debtor: never more than one in memory.

A loan falls behind by its debtor's region and industry and its product, each for itself (`REGIONS`, `INDUSTRIES`,
`PRODUCTS`), and by a planted cell, which is worse than that. Without differences all are alike: then whatever a report
finds there is a false alarm.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import NamedTuple

from dialer.errors import SettingsError
from dialer.made_up.habits import Course, draw_habit, live
from dialer.made_up.lending import PRODUCTS, MadeUpLoan, make_loan
from dialer.made_up.people import INDUSTRIES, REGIONS, Numbers, Person, make_person

SECOND_LOAN = 1 / 12
MODEL = "demo-score"
"""The made-up model that scored them."""


PLANTED_TIMES = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A part of the book that is worse than the rest: an anomaly to be found."""

    where: Mapping[str, str]
    """`region`, `industry`, `product` -> value; those that are missing are any."""
    times: float = PLANTED_TIMES
    """How much likelier than its region, industry and product tell."""

    @classmethod
    def parse(cls, text: str) -> Plant:
        """Read `region=河南,industry=建筑业` with or without `,times=3`.

        Raises:
            SettingsError: a key or a value is unknown.
        """
        known: dict[str, Collection[str]] = {
            "region": REGIONS,
            "industry": INDUSTRIES,
            "product": {one.name: one for one in PRODUCTS},
        }
        where: dict[str, str] = {}
        times = PLANTED_TIMES
        for pair in text.split(","):
            key, _, value = (piece.strip() for piece in pair.partition("="))
            if key == "times" and value.replace(".", "", 1).isdigit() and float(value) > 0:
                times = float(value)
            elif key in known and value in known[key]:
                where[key] = value
            else:
                allowed = ", ".join(known[key]) if key in known else "region=, industry=, product=, times="
                raise SettingsError(f"--plant {pair}: not known. There are: {allowed}.")
        return cls(where=where, times=times)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookPlan:
    """What to make up."""

    accounts: int
    seed: int
    today: date
    """The business date; nothing is known of it and later."""
    months: int = 18
    """How far back the first loans were paid out."""
    differences: bool = True
    """False: region, industry and product make none."""
    plant: Plant | None = field(default=None)
    current_kept: float = 1.0
    """Share of the people without anything overdue who stay in; the rest are left out."""


class Score(NamedTuple):
    """What the lender's model says."""

    score: int
    """300 to 850, more is better."""
    grade: str
    """A best to E worst."""
    day: int


class Account(NamedTuple):
    """One loan with its course."""

    loan: MadeUpLoan
    course: Course

    def overdue(self, today: int) -> tuple[int, int]:
        """Days past due and cents overdue at a day."""
        paid = len(self.course.paid_days)
        due = sum(1 for day in self.loan.due_days if day < today)
        if due <= paid:
            return 0, 0
        cents = sum(sum(parts) for parts in self.loan.parts[paid:due])
        return today - self.loan.due_days[paid], cents - self.course.part_cents


class Holder(NamedTuple):
    """A person with their accounts and score."""

    person: Person
    accounts: tuple[Account, ...]
    score: Score


def make_book(plan: BookPlan) -> Iterator[Holder]:
    """Make the book up; the same plan makes the same book.

    Args:
        plan: at most 10 million accounts.
    """
    chance = Random(plan.seed)  # made-up data is no secret and must be the same for the same seed
    numbers = Numbers()
    today = plan.today.toordinal()
    made, number = 0, 0
    while made < plan.accounts:
        person = make_person(chance, number, numbers)
        count = 2 if chance.random() < SECOND_LOAN and made + 1 < plan.accounts else 1
        first = f"HT{plan.seed % 10_000:04d}"
        loans = [
            make_loan(chance, f"{first}{made + n:08d}", today, plan.months, alike=not plan.differences)
            for n in range(count)
        ]
        risk = max(_risk(plan, person, loan) for loan in loans)
        habit = draw_habit(chance, risk)
        accounts = tuple(Account(loan, live(chance, loan, habit, _risk(plan, person, loan), today)) for loan in loans)
        number += 1
        if _is_left_out(chance, plan, accounts, today):
            continue
        yield Holder(person, accounts, _score(chance, risk * (0.7 + 0.45 * habit), today))
        made += count


def _is_left_out(chance: Random, plan: BookPlan, accounts: Sequence[Account], today: int) -> bool:
    if plan.current_kept >= 1.0 or any(account.overdue(today)[0] for account in accounts):
        return False
    return chance.random() >= plan.current_kept


def _risk(plan: BookPlan, person: Person, loan: MadeUpLoan) -> float:
    risk = 1.0
    if plan.differences:
        risk = REGIONS[person.region][1] * INDUSTRIES[person.industry].risk * loan.product.risk
    if plan.plant is not None and _is_in(plan.plant, person, loan):
        risk *= plan.plant.times
    return risk


def _is_in(plant: Plant, person: Person, loan: MadeUpLoan) -> bool:
    here = {"region": person.region, "industry": person.industry, "product": loan.product.name}
    return all(here[key] == value for key, value in plant.where.items())


def _score(chance: Random, risk: float, today: int) -> Score:
    noise = chance.random() + chance.random() - 1.0
    score = max(300, min(850, round(735 - 120 * risk + 90 * noise)))
    grade = "A" if score >= 680 else "B" if score >= 630 else "C" if score >= 580 else "D" if score >= 510 else "E"
    return Score(score, grade, today - 1 - int(chance.random() * 28))
