"""What was known of every account at a moment, and what became of it afterwards. Pure.

Rules
- A feature at a moment is made of rows that were known before it. Whatever is added later changes none of them.
- A payment is known since it was noted; a reversal since it came; a promise's end since it was judged; a fact, a score
  or a sign since its source told it. The contract's own terms are known since it was paid out.
- The outcome counts what came after the moment and within the horizon, and nothing else.
- Days past due are those of the oldest instalment that the payments known by then do not cover, in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from dialer.risk.features import CATEGORIES, Column, Floats, Texts
from dialer.risk.history import DAY_S, Flags, History, Ints, Said, Told

_YEAR_S: Final = 365 * DAY_S
_QUARTER_S: Final = 90 * DAY_S
_LATE_S: Final = 3 * DAY_S
"""From here on an instalment was paid late; a day or two is the bank's. House rule."""
_MOST: Final = 9.99
"""Ratios beyond say nothing more. House rule."""
_CENTS: Final = np.int64(1) << 40
"""More cents than any account has; makes one sorted key of account and amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """Each account at a moment, from its plan and its payments."""

    due: Floats
    paid: Floats
    days: Floats
    """Past due; NaN: it has no plan that has begun."""
    late_share: Floats
    worst_days: Floats


def features(history: History, at_s: float) -> dict[str, Column]:
    """Every feature of every account, by name, as it was known before a moment.

    Args:
        history: what is known now; later rows are passed over.
        at_s: the moment.
    """
    standing = _standing(history, at_s)
    return {
        **dict(_of_plan(history, standing, at_s)),
        **dict(_of_payments(history, at_s)),
        **dict(_of_people(history, standing, at_s)),
        **_categories(history, at_s),
    }


def owes(history: History, at_s: float) -> Flags:
    """Of which accounts something is, or will be, asked: all but those whose plan is over and paid."""
    plan, count = history.instalments, history.accounts.count
    standing = _standing(history, at_s)
    coming = np.bincount(plan.accounts[plan.due_s >= at_s], minlength=count) > 0
    return np.asarray(np.isnan(standing.days) | coming | (standing.due > standing.paid), dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What became of each account within the horizon after a moment."""

    asked: Floats
    """Cents: overdue at the moment, fallen due within the horizon, or owed again because a payment was reversed."""
    paid: Floats
    bad: Floats
    """1: less than the wanted share was paid; 0: at least that; NaN: nothing was asked of it."""


def outcomes(history: History, at_s: float, *, horizon_s: float, paid_share: float) -> Outcomes:
    """Who did not pay.

    Args:
        history: what is known now; it must reach to the end of the horizon.
        at_s: the moment of observation.
        horizon_s: for how long is looked on.
        paid_share: of what is asked; who pays less did not pay.
    """
    end_s, payments, plan = at_s + horizon_s, history.payments, history.instalments
    count = history.accounts.count
    standing = _standing(history, at_s)
    falls_due = (plan.due_s >= at_s) & (plan.due_s < end_s)
    overdue = np.maximum(0.0, standing.due - standing.paid)
    asked = overdue + _sums(plan.accounts[falls_due], plan.amounts[falls_due], count)
    known = _known(history, at_s)
    undone = known & (payments.reversed_s < end_s)
    asked += _sums(payments.accounts[undone], payments.amounts[undone], count)
    counts = ~known & (payments.at_s < end_s) & (payments.reversed_s >= end_s)
    paid = _sums(payments.accounts[counts], payments.amounts[counts], count)
    begun = history.accounts.paid_out_s < at_s
    bad = np.where((asked > 0) & begun, (paid < paid_share * asked).astype(np.float64), np.nan)
    return Outcomes(asked=asked, paid=paid, bad=bad)


# --- plan and payments ---------------------------------------------------------------------------------


def _standing(history: History, at_s: float) -> _Standing:
    plan, count = history.instalments, history.accounts.count
    fell = plan.due_s < at_s
    accounts, due_s = plan.accounts[fell], plan.due_s[fell]
    due_so_far = _running(accounts, plan.amounts[fell])
    covered_s = _covered(history, at_s, accounts, due_so_far)
    late_s = np.minimum(covered_s, at_s) - due_s
    recent = due_s >= at_s - _YEAR_S
    recents = np.bincount(accounts[recent], minlength=count)
    late = np.bincount(accounts[recent & (late_s > _LATE_S)], minlength=count)
    worst = np.zeros(count)
    np.maximum.at(worst, accounts[recent], late_s[recent] / DAY_S)
    oldest = np.full(count, np.inf)
    uncovered = covered_s > at_s
    np.minimum.at(oldest, accounts[uncovered], due_s[uncovered])
    begun = np.bincount(accounts, minlength=count) > 0
    days = np.where(np.isfinite(oldest), np.floor((at_s - np.where(np.isfinite(oldest), oldest, at_s)) / DAY_S), 0.0)
    return _Standing(
        due=_sums(accounts, plan.amounts[fell], count),
        paid=_paid(history, at_s, -np.inf, at_s),
        days=np.where(begun, days, np.nan),
        late_share=_ratio(late, recents),
        worst_days=np.where(recents > 0, np.floor(worst), np.nan),
    )


def _running(accounts: Ints, amounts: Ints) -> Ints:
    """Running sums within each account; rows sorted by account."""
    sums = np.cumsum(amounts)
    begins = np.flatnonzero(np.append(True, accounts[1:] != accounts[:-1])) if len(accounts) else accounts
    before = np.where(begins > 0, sums[begins - 1], 0) if len(begins) else begins
    lengths = np.diff(np.append(begins, len(accounts)))
    return np.asarray(sums - np.repeat(before, lengths), dtype=np.int64)


def _known(history: History, at_s: float) -> Flags:
    payments = history.payments
    return (payments.at_s < at_s) & (payments.known_s < at_s) & (payments.reversed_s >= at_s)


def _covered(history: History, at_s: float, accounts: Ints, due_so_far: Ints) -> Floats:
    """When the payments known by then had covered each instalment; infinite: not yet."""
    known = _known(history, at_s)
    payers, paid_at = history.payments.accounts[known], history.payments.at_s[known]
    keys = payers * _CENTS + _running(payers, history.payments.amounts[known])
    wanted = accounts * _CENTS + due_so_far
    found = np.searchsorted(keys, wanted, side="left")
    within = found < len(keys)
    same = np.zeros(len(wanted), dtype=bool)
    same[within] = payers[found[within]] == accounts[within]
    covered = np.full(len(wanted), np.inf)
    covered[same] = paid_at[found[same]]
    return covered


def _paid(history: History, at_s: float, from_s: float, to_s: float) -> Floats:
    """Cents paid by each account within a stretch, as known at the moment."""
    payments = history.payments
    wanted = _known(history, at_s) & (payments.at_s >= from_s) & (payments.at_s < to_s)
    return _sums(payments.accounts[wanted], payments.amounts[wanted], history.accounts.count)


def _sums(places: Ints, amounts: Ints, count: int) -> Floats:
    """The sum of the amounts at each place."""
    return np.asarray(np.bincount(places, amounts.astype(np.float64), minlength=count), dtype=np.float64)


def _of_plan(history: History, standing: _Standing, at_s: float) -> Iterator[tuple[str, Floats]]:
    accounts = history.accounts
    listed = np.where(accounts.listed_s < at_s, accounts.listed_days, np.nan)
    yield "days_past_due", np.where(np.isnan(standing.days), listed, standing.days)
    overdue = np.maximum(0.0, standing.due - standing.paid)
    shares = _ratio(overdue, accounts.principal.astype(np.float64))
    yield "overdue_share", np.where(np.isnan(standing.days), np.nan, shares)
    yield "late_share", standing.late_share
    yield "worst_days_late", standing.worst_days
    months = np.floor((at_s - accounts.paid_out_s) / (_YEAR_S / 12))
    yield "months_on_book", np.where(accounts.paid_out_s < at_s, months, np.nan)


def _of_payments(history: History, at_s: float) -> Iterator[tuple[str, Floats]]:
    plan, payments, count = history.instalments, history.payments, history.accounts.count
    recent = _paid(history, at_s, at_s - _QUARTER_S, at_s)
    fell = (plan.due_s < at_s) & (plan.due_s >= at_s - _QUARTER_S)
    yield "paid_share", _ratio(recent, _sums(plan.accounts[fell], plan.amounts[fell], count))
    yield "payment_trend", _ratio(recent, _paid(history, at_s, at_s - 2 * _QUARTER_S, at_s - _QUARTER_S))
    last = np.full(count, -np.inf)
    known = _known(history, at_s)
    np.maximum.at(last, payments.accounts[known], payments.at_s[known])
    ever = np.isfinite(last)
    yield "days_since_payment", np.where(ever, np.floor((at_s - np.where(ever, last, at_s)) / DAY_S), np.nan)


def _ratio(part: Floats | Ints, whole: Floats | Ints) -> Floats:
    """`part / whole` up to a bound; NaN of nothing."""
    known = np.asarray(whole) > 0
    return np.where(known, np.minimum(_MOST, part / np.where(known, whole, 1)), np.nan)


# --- people --------------------------------------------------------------------------------------------


def _of_people(history: History, standing: _Standing, at_s: float) -> Iterator[tuple[str, Floats]]:
    accounts, promises, calls = history.accounts, history.promises, history.calls
    owners = accounts.debtors
    people = int(owners.max()) + 1 if len(owners) else 0
    judged = (promises.judged_s < at_s) & (promises.judged_s >= at_s - 2 * _QUARTER_S)
    of_debtor = owners[promises.accounts]
    for name, wanted in (("promises_broken", judged & ~promises.kept), ("promises_kept", judged & promises.kept)):
        yield name, np.bincount(of_debtor[wanted], minlength=people)[owners].astype(np.float64)
    past = calls.at_s < at_s
    unanswered = past & ~calls.answered & (calls.at_s >= at_s - 30 * DAY_S)
    yield "unanswered", np.bincount(calls.debtors[unanswered], minlength=people)[owners].astype(np.float64)
    talked = past & calls.talked & (calls.at_s >= at_s - _QUARTER_S)
    yield "talks", np.bincount(calls.debtors[talked], minlength=people)[owners].astype(np.float64)
    overdue = (standing.days > 0).astype(np.float64)
    yield "others_overdue", np.bincount(owners, overdue, minlength=people)[owners] - overdue
    yield "burden", _ratio(_monthly_due(history, at_s, people)[owners], _newest(history.incomes, at_s, people)[owners])
    yield "outside_score", _newest(history.scores, at_s, people)[owners]
    yield "utilisation", _newest(history.utilisations, at_s, people)[owners]
    signs = history.signs
    reported = (signs.at_s < at_s) & (signs.at_s >= at_s - _QUARTER_S)
    yield "signs", np.bincount(signs.debtors[reported], minlength=people)[owners].astype(np.float64)


def _monthly_due(history: History, at_s: float, people: int) -> Floats:
    """What falls due of a debtor in the coming 31 days, by contracts that had begun."""
    plan, accounts = history.instalments, history.accounts
    coming = (plan.due_s >= at_s) & (plan.due_s < at_s + 31 * DAY_S) & (accounts.paid_out_s[plan.accounts] < at_s)
    return _sums(accounts.debtors[plan.accounts[coming]], plan.amounts[coming], people)


def _newest(told: Told, at_s: float, people: int) -> Floats:
    """The newest number told of each debtor before the moment; NaN: none."""
    found = np.full(people, np.nan)
    past = told.at_s < at_s
    order = np.argsort(told.at_s[past], kind="stable")
    found[told.debtors[past][order]] = told.values[past][order]  # of several the last one stays
    return found


def _categories(history: History, at_s: float) -> Mapping[str, Texts]:
    accounts = history.accounts
    people = int(accounts.debtors.max()) + 1 if accounts.count else 0
    begun = ~(accounts.paid_out_s >= at_s)
    found: dict[str, Texts] = {"product": np.where(begun, accounts.products, "").astype(object)}
    for one in CATEGORIES:
        if one.attribute:
            said = history.facts.get(one.name)
            found[one.name] = (
                _last_said(said, at_s, people)[accounts.debtors] if said is not None else _empty(accounts.count)
            )
    return found


def _last_said(said: Said, at_s: float, people: int) -> Texts:
    found = _empty(people)
    past = said.at_s < at_s
    order = np.argsort(said.at_s[past], kind="stable")
    found[said.debtors[past][order]] = said.values[past][order]
    return found


def _empty(count: int) -> Texts:
    found = np.empty(count, dtype=object)
    found[:] = ""
    return found
