"""A made-up history with a hidden truth: who pays in which month, and with what chance, is known to this module alone.

Every loan has an instalment each thirty days. Each time its debtor either pays all that is owed, within ten days, or
nothing; the chance of that depends on what has been missed so far, on income and on credit in use.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialer.risk import history as columns
from dialer.risk.features import Floats
from dialer.risk.history import DAY_S, NEVER, History

MONTH_S = 30 * DAY_S
FIRST_S = 1_700_000_000.0 - 1_700_000_000.0 % DAY_S
INSTALMENT = 100_000
TRUTH = {"missed": -1.2, "burden": -1.3, "utilisation": -0.9}
NOTHING = dict.fromkeys(TRUTH, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the product may see, and the truth behind it."""

    history: History
    truth: Floats
    """Shape (months, accounts): the chance that what is owed in this month stays unpaid."""
    until_s: float


def observed_s(month: int) -> float:
    """The day before a month's instalment falls due."""
    return FIRST_S + (month + 1) * MONTH_S - DAY_S


def world(*, accounts: int, months: int, seed: int, effects: dict[str, float] = TRUTH) -> World:
    """A history of so many months with one loan a debtor."""
    chance = np.random.default_rng(seed)
    income = chance.choice([150_000.0, 250_000.0, 400_000.0], size=accounts)
    utilisation = chance.uniform(0.0, 1.0, size=accounts)
    missed = np.zeros(accounts)
    truth = np.zeros((months, accounts))
    paid: list[tuple[NDArray[np.int64], Floats, NDArray[np.int64]]] = []
    for month in range(months):
        odds = 1.2 + effects["missed"] * np.minimum(missed, 3) + effects["burden"] * (income < 200_000)
        truth[month] = 1.0 / (1.0 + np.exp(odds + effects["utilisation"] * (utilisation > 0.6)))
        pays = chance.uniform(size=accounts) > truth[month]
        who = np.flatnonzero(pays)
        due_s = FIRST_S + (month + 1) * MONTH_S
        paid.append(
            (
                who,
                due_s + chance.integers(1, 10, size=len(who)) * DAY_S,
                (INSTALMENT * (missed[who] + 1)).astype(np.int64),
            )
        )
        missed = np.where(pays, 0.0, missed + 1)
    places = np.arange(accounts)
    who = np.concatenate([one for one, _, _ in paid])
    at_s = np.concatenate([one for _, one, _ in paid])
    amounts = np.concatenate([one for _, _, one in paid])
    order = np.lexsort((at_s, who))
    return World(
        truth=truth,
        until_s=observed_s(months - 1) + MONTH_S,
        history=History(
            accounts=columns.Accounts(
                account_ids=places + 1,
                debtors=places,
                principal=np.full(accounts, INSTALMENT * months),
                paid_out_s=np.full(accounts, FIRST_S),
                products=np.full(accounts, "loan", dtype=object),
                listed_days=np.full(accounts, np.nan),
                listed_s=np.full(accounts, NEVER),
            ),
            instalments=columns.Instalments(
                accounts=np.repeat(places, months),
                due_s=np.tile(FIRST_S + (np.arange(months) + 1) * MONTH_S, accounts),
                amounts=np.full(accounts * months, INSTALMENT),
            ),
            payments=columns.Payments(
                accounts=who[order],
                at_s=at_s[order],
                known_s=at_s[order] + DAY_S / 2,
                reversed_s=np.full(len(who), NEVER),
                amounts=amounts[order],
            ),
            promises=columns.Promises(
                accounts=columns.no_ints(), judged_s=columns.no_floats(), kept=np.zeros(0, dtype=bool)
            ),
            calls=columns.Calls(
                debtors=columns.no_ints(), at_s=columns.no_floats(),
                answered=np.zeros(0, dtype=bool), talked=np.zeros(0, dtype=bool),
            ),
            incomes=columns.Told(debtors=places, at_s=np.full(accounts, FIRST_S), values=income),
            scores=columns.nobody_told(),
            utilisations=columns.Told(debtors=places, at_s=np.full(accounts, FIRST_S), values=utilisation),
            signs=columns.nobody_told(),
        ),
    )  # fmt: skip
