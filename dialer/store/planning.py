"""The life of a repayment plan, inside the caller's transaction.

    proposed -> approved by a second person, where the waiver is above the proposer's ceiling
    proposed, approved -> performing, once signed;  cancelled;  expired when nobody signs in time
    performing -> completed;  broken;  cancelled

Rules
- A plan is signed only if it is lawful on that day too, and nothing was paid or taken back since it was offered.
- While it performs nobody calls: `plan_performing` stands on the debtor until it ends. Source: CN-8 (Art. 70).
- What was paid since it was signed has to reach what the plan, and the instalments that fell due meanwhile, asked for,
  days of grace over; else it is broken, and the debtor is called again.
- Nothing is let go before the plan is kept whole. Then what is left of what it settles is let go, penalty interest of
  the meantime included. When a payment of it is taken back later, so is the waiver: it performs again, or is broken.
- Interest of the plan is a fee of the last instalment that it settles, from signing on; what is not paid of it goes
  away when the plan breaks.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from dialer.access import Role
from dialer.account_events import AccountEvent, EventKind, EventValue
from dialer.errors import WriteRefusedError
from dialer.loans.rules import LoanRules
from dialer.plans.legality import violations
from dialer.plans.offers import Asked, Plan
from dialer.plans.rules import PlanRules
from dialer.plans.waivers import covers, least_role
from dialer.store import books, leaving, plan_books, planned, telling
from dialer.store.columns import amount, cents, moment_text
from dialer.store.happened import note
from dialer.store.planned import SQL, KnownPlan
from dialer.store.situations import situation_of
from dialer.store.statements import Statements
from dialer.types import AccountId, StopFlag

_WRITE_SQL = Statements("write")
_STOP_SQL = Statements("stops")
SOURCE = "plan"
KEPT = "还款计划已履行完毕 · the plan was kept"
MISSED = "还款计划逾期未付 · a payment of the plan is missing"
LAPSED = "方案过期未签署 · nobody signed in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The rules that a plan is held against."""

    loans: LoanRules
    plans: PlanRules


def propose(
    connection: sqlite3.Connection,
    account_id: AccountId,
    plan: Plan,
    *,
    expected: Decimal,
    reason: str,
    by: str,
    role: Role,
    at: datetime,
    bounds: Bounds,
    asked: Asked,
) -> KnownPlan:
    """Offer a plan.

    Args:
        connection: in a transaction that may write.
        account_id: of whose debt.
        plan: what is offered; it begins today.
        expected: its expected recovery.
        reason: why this one, for the record.
        by: who offers it.
        role: of that person.
        at: now, aware.
        bounds: the rules.
        asked: what was told besides the facts in the store.

    Raises:
        StoreError: there is no such account.
        WriteRefusedError: the plan is not lawful, even for the role that may let most go.
    """
    needs = least_role(plan.waived, plan.claim, bounds.plans)
    _refuse_unlawful(connection, account_id, plan, needs or role, bounds=bounds, asked=asked)
    today = bounds.loans.day_of(at)
    book = books.read(connection, account_id, today=today, rules=bounds.loans)
    row = {
        "account_id": account_id,
        "debtor_id": book.debtor_id,
        "kind": plan.kind,
        "scope": plan.scope,
        "begins_on": plan.begins_on.isoformat(),
        "annual_rate": str(plan.annual_rate),
        **{f"claim_{part.value}": cents(money) for part, money in plan.claim},
        **{f"waived_{part.value}": cents(money) for part, money in plan.waived},
        "total": cents(plan.total),
        "cost": cents(plan.interest),
        "expected": cents(expected),
        "reason": reason,
        "asked": planned.asked_text(asked),
        "by": by,
        "role": role,
        "at": moment_text(at),
        "needs_role": "" if needs is None or covers(role, needs) else needs,
        "valid_until": (today + timedelta(days=bounds.plans.valid_days)).isoformat(),
    }
    plan_id = connection.execute(SQL["add"], row).lastrowid or 0
    for one in plan.payments:
        payment = {"plan_id": plan_id, "no": one.no, "due_on": one.due_on.isoformat(), "amount": cents(one.amount)}
        connection.execute(SQL["add_payment"], payment)
    known = planned.by_id(connection, plan_id)
    _tell(connection, EventKind.PLAN_PROPOSED, known, by=by, at=at)
    return known


def approve(connection: sqlite3.Connection, plan_id: int, *, by: str, role: Role, at: datetime) -> KnownPlan:
    """Approve what the proposer alone may not let go.

    Raises:
        StoreError: there is no such plan.
        WriteRefusedError: it needs no approval, or not from this person or role.
    """
    known = planned.by_id(connection, plan_id)
    if known.needs_role is None:
        raise WriteRefusedError(f"Plan {plan_id} needs no approval; sign it with `dialer plans sign {plan_id}`.")
    if by == known.proposed_by:
        raise WriteRefusedError(f"{by} proposed plan {plan_id}; somebody else has to approve it.")
    if not covers(role, known.needs_role):
        raise WriteRefusedError(f"Plan {plan_id} needs the approval of a {known.needs_role}; {by} is {role}.")
    if connection.execute(SQL["approve"], {"plan_id": plan_id, "by": by, "at": moment_text(at)}).rowcount == 0:
        raise WriteRefusedError(f"Plan {plan_id} is {known.status}, and is not approved.")
    known = planned.by_id(connection, plan_id)
    _tell(connection, EventKind.PLAN_APPROVED, known, by=by, at=at)
    return known


def sign(
    connection: sqlite3.Connection, plan_id: int, *, by: str, at: datetime, bounds: Bounds, asked: Asked | None = None
) -> KnownPlan:
    """The debtor agreed: from now on the plan performs, and nobody calls.

    Args:
        connection: in a transaction that may write.
        plan_id: which.
        by: who says that the debtor agreed.
        at: now, aware.
        bounds: the rules, as they are now.
        asked: what is told of the debtor now; None: what was told when the plan was offered.

    Raises:
        StoreError: there is no such plan.
        WriteRefusedError: it is over, needs approval first, is not lawful any more, or another one performs.
    """
    known = planned.by_id(connection, plan_id)
    today = bounds.loans.day_of(at)
    _refuse_unsignable(connection, known, today)
    role = known.needs_role or known.proposed_role
    told = known.asked if asked is None else asked
    _refuse_unlawful(connection, known.account_id, known.plan, role, bounds=bounds, asked=told)
    stop_id = _stop(connection, known, by=by, at=at, rules=bounds.loans)
    connection.execute(SQL["sign"], {"plan_id": plan_id, "at": moment_text(at), "stop_id": stop_id})
    plan_books.charge_interest(connection, known, today=today, rules=bounds.loans)
    known = planned.by_id(connection, plan_id)
    _tell(connection, EventKind.PLAN_SIGNED, known, by=by, at=at)
    return known


def cancel(
    connection: sqlite3.Connection, plan_id: int, *, by: str, reason: str, at: datetime, rules: LoanRules
) -> KnownPlan:
    """End a plan that is offered or performs.

    Raises:
        StoreError: there is no such plan.
        WriteRefusedError: it is over, or no reason is given.
    """
    known = planned.by_id(connection, plan_id)
    if not reason.strip():
        raise WriteRefusedError("Say why the plan ends; the reason is kept on record.")
    if known.status not in ("proposed", "approved", "performing"):
        raise WriteRefusedError(f"Plan {plan_id} is {known.status} already.")
    if known.status == "performing":
        plan_books.give_up_interest(connection, known, rules=rules, at=at)
    return _end(connection, known, "cancelled", reason, by=by, at=at)


def judge(connection: sqlite3.Connection, account_id: AccountId, *, at: datetime, rules: LoanRules) -> None:
    """See whether the plan of an account was kept or broken, and let offers lapse whose time is over.

    Args:
        connection: in a transaction that may write.
        account_id: whose.
        at: now, aware.
        rules: of loans, with the days of grace of plans.
    """
    today = rules.day_of(at)
    for late in planned.over(connection, account_id, today):
        _end(connection, late, "expired", LAPSED, by=SOURCE, at=at)
    known = planned.performing(connection, account_id)
    if known is None:
        return
    known = replace(known, paid=_paid(connection, known))
    connection.execute(SQL["note_paid"], {"plan_id": known.plan_id, "paid": cents(known.paid)})
    book = books.read(connection, account_id, today=today, rules=rules)
    if known.paid >= known.plan.total + plan_books.of_contract(known, book, today):
        plan_books.let_go(connection, known, book, today=today, at=at)
        _end(connection, known, "completed", KEPT, by=SOURCE, at=at)
    elif known.paid < plan_books.asked_by(known, book, today - timedelta(days=rules.plan_grace_days + 1)):
        plan_books.give_up_interest(connection, known, rules=rules, at=at)
        _end(connection, known, "broken", MISSED, by=SOURCE, at=at)


def reopen(
    connection: sqlite3.Connection, account_id: AccountId, txn_id: str, *, at: datetime, rules: LoanRules
) -> None:
    """A payment is about to be taken back: a plan that it completed performs again, and waives nothing."""
    found = planned.last_completed(connection, account_id)
    if found is None or not _counts(connection, found, txn_id):
        return
    plan_books.owe_again(connection, found, rules=rules, at=at)
    stop_id = _stop(connection, found, by=SOURCE, at=at, rules=rules)
    connection.execute(SQL["perform_again"], {"plan_id": found.plan_id, "stop_id": stop_id})


def judge_all(connection: sqlite3.Connection, *, at: datetime, rules: LoanRules) -> int:
    """Judge every plan of which a payment may be missing, and every offer whose time is over; returns how many."""
    row = {"today": rules.day_of(at).isoformat()}
    due = connection.execute(SQL["to_judge"], row).fetchall()
    for (account_id,) in due:
        judge(connection, AccountId(account_id), at=at, rules=rules)
    return len(due)


def _refuse_unlawful(
    connection: sqlite3.Connection, account_id: AccountId, plan: Plan, role: Role, *, bounds: Bounds, asked: Asked
) -> None:
    """Refuse a plan that breaks a rule, as the debt and the debtor are known now."""
    situation, _ = situation_of(
        *(connection, account_id),
        today=plan.begins_on,
        loans=bounds.loans,
        plans=bounds.plans,
        asked=asked,
        scope=plan.scope,
    )
    found = violations(plan, situation, role, bounds.plans)
    if found:
        raise WriteRefusedError(f"This plan may not be agreed: {'; '.join(one.en for one in found)}. Propose again.")


def _refuse_unsignable(connection: sqlite3.Connection, known: KnownPlan, today: date) -> None:
    if known.status == "proposed" and known.needs_role is not None:
        raise WriteRefusedError(
            f"Plan {known.plan_id} needs the approval of a {known.needs_role} first: "
            f"`dialer plans approve {known.plan_id}`."
        )
    if known.status not in ("proposed", "approved"):
        raise WriteRefusedError(f"Plan {known.plan_id} is {known.status} and cannot be signed.")
    if today > known.valid_until:
        raise WriteRefusedError(f"Plan {known.plan_id} was good until {known.valid_until}. Propose again.")
    if planned.performing(connection, known.account_id) is not None:
        raise WriteRefusedError("Another plan of this account performs; cancel that one first.")


def _stop(connection: sqlite3.Connection, known: KnownPlan, *, by: str, at: datetime, rules: LoanRules) -> int:
    """Let nobody call while the plan performs, at the longest until its last payment would be missing."""
    last = known.plan.payments[-1].due_on + timedelta(days=rules.plan_grace_days + 1)
    until_at = moment_text(datetime.combine(last, time(0), rules.zone))
    row = {
        "debtor_id": known.debtor_id,
        "phone_id": None,
        "flag": StopFlag.PLAN_PERFORMING,
        "until_at": until_at,
        "by": by,
        "at": moment_text(at),
        "note": f"plan {known.plan_id}",
        "number": "",
        "change": "stopped",
    }
    stop_id = connection.execute(_WRITE_SQL["flag_debtor"], row).lastrowid or 0
    connection.execute(_STOP_SQL["note_change"], row)
    leaving.take_back(connection, known.debtor_id)
    telling.stop_changed(
        connection,
        EventKind.STOP_ADDED,
        StopFlag.PLAN_PERFORMING,
        at=at,
        by=by,
        source=SOURCE,
        debtor_id=known.debtor_id,
        account_id=known.account_id,
        until_at=until_at,
    )
    return stop_id


def _end(
    connection: sqlite3.Connection, known: KnownPlan, status: str, reason: str, *, by: str, at: datetime
) -> KnownPlan:
    row: dict[str, object] = {
        "plan_id": known.plan_id,
        "status": status,
        "at": moment_text(at),
        "reason": reason,
        "paid": cents(known.paid),
        "stop_id": known.stop_id,
    }
    connection.execute(SQL["end"], row)
    if known.status == "performing" and connection.execute(SQL["end_flag"], row).rowcount:
        change = {"by": by, "change": "allowed", "number": "", "debtor_id": known.debtor_id, "note": reason}
        connection.execute(_STOP_SQL["note_change"], row | change | {"flag": StopFlag.PLAN_PERFORMING})
        telling.stop_changed(
            connection,
            EventKind.STOP_LIFTED,
            StopFlag.PLAN_PERFORMING,
            at=at,
            by=by,
            source=SOURCE,
            debtor_id=known.debtor_id,
            account_id=known.account_id,
        )
    ended = planned.by_id(connection, known.plan_id)
    _tell(connection, EventKind.PLAN_ENDED, ended, by=by, at=at)
    return ended


def _paid(connection: sqlite3.Connection, known: KnownPlan) -> Decimal:
    (paid,) = connection.execute(SQL["paid_since"], _since(known)).fetchone()
    return amount(paid)


def _counts(connection: sqlite3.Connection, known: KnownPlan, txn_id: str) -> bool:
    return connection.execute(SQL["counts_for"], _since(known) | {"txn_id": txn_id}).fetchone() is not None


def _since(known: KnownPlan) -> dict[str, object]:
    return {
        "account_id": known.account_id,
        "signed_at": "" if known.signed_at is None else moment_text(known.signed_at),
        "proposed_at": moment_text(known.proposed_at),
    }


def _tell(connection: sqlite3.Connection, kind: EventKind, known: KnownPlan, *, by: str, at: datetime) -> None:
    plan = known.plan
    payload: dict[str, EventValue] = {
        "plan": known.plan_id,
        "status": known.status,
        "kind": plan.kind.value,
        "payments": len(plan.payments),
        "first": str(plan.monthly),
        "total": str(plan.total),
        "waived": str(plan.waived.total),
        "first_due_on": plan.payments[0].due_on.isoformat(),
        "last_due_on": plan.payments[-1].due_on.isoformat(),
        "needs": "" if known.needs_role is None else known.needs_role.value,
        "reason": known.end_reason,
    }
    event = AccountEvent(
        kind=kind,
        at=at,
        debtor_id=known.debtor_id,
        account_id=known.account_id,
        actor=by,
        source=SOURCE,
        payload={key: value for key, value in payload.items() if value != ""},
    )
    note(connection, event)
