"""Repayment plans as the store knows them. These functions only read; `planning` changes them."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from dialer.access import Role
from dialer.errors import StoreError
from dialer.loans.terms import ZERO, Parts
from dialer.plans.offers import Asked, Plan, PlanKind, PlanPayment, Scope
from dialer.store.columns import amount, moment, moment_or_none
from dialer.store.statements import Statements
from dialer.types import AccountId, DebtorId

SQL = Statements("planning")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPlan:
    """A plan in the store."""

    plan_id: int
    account_id: AccountId
    debtor_id: DebtorId
    status: str
    plan: Plan
    expected: Decimal
    reason: str
    asked: Asked
    """What was told for it; the plan is held against it again when it is signed."""
    proposed_by: str
    proposed_role: Role
    proposed_at: datetime
    needs_role: Role | None
    approved_by: str
    approved_at: datetime | None
    valid_until: date
    signed_at: datetime | None
    stop_id: int | None
    paid: Decimal
    """Since it was signed."""
    ended_at: datetime | None
    end_reason: str


def by_id(connection: sqlite3.Connection, plan_id: int) -> KnownPlan:
    """One plan.

    Raises:
        StoreError: there is none.
    """
    found = _read(connection, "by_id", {"plan_id": plan_id})
    if not found:
        raise StoreError(f"There is no plan {plan_id}. `dialer plans list` names those that there are.")
    return found[0]


def performing(connection: sqlite3.Connection, account_id: AccountId) -> KnownPlan | None:
    """The plan of an account that performs; None: there is none."""
    return next(iter(_read(connection, "performing", {"account_id": account_id})), None)


def of_account(connection: sqlite3.Connection, account_id: AccountId) -> tuple[KnownPlan, ...]:
    """All plans of an account, oldest first."""
    return _read(connection, "of_account", {"account_id": account_id})


def over(connection: sqlite3.Connection, account_id: AccountId, today: date) -> tuple[KnownPlan, ...]:
    """Offers of an account whose time is over."""
    return _read(connection, "over", {"account_id": account_id, "today": today.isoformat()})


def last_completed(connection: sqlite3.Connection, account_id: AccountId) -> KnownPlan | None:
    """The last plan of an account that was kept whole, while no other one performs."""
    return next(iter(_read(connection, "last_completed", {"account_id": account_id})), None)


def _read(connection: sqlite3.Connection, statement: str, wanted: dict[str, object]) -> tuple[KnownPlan, ...]:
    rows = connection.execute(f"{SQL['columns']}\n{SQL[statement]}", wanted).fetchall()
    return tuple(_known(connection, row) for row in rows)


def _known(connection: sqlite3.Connection, row: tuple[object, ...]) -> KnownPlan:
    plan_id, account_id, debtor_id, status, kind, scope, begins_on, rate, *rest = row
    money, (expected, reason, asked, by, role, at, needs, approved_by, approved_at, *last) = rest[:8], rest[8:]
    valid_until, signed_at, stop_id, paid, ended_at, end_reason = last
    payments = connection.execute(SQL["payments_of_plan"], {"plan_id": plan_id}).fetchall()
    return KnownPlan(
        plan_id=_int(plan_id),
        account_id=AccountId(_int(account_id)),
        debtor_id=DebtorId(_int(debtor_id)),
        status=str(status),
        plan=Plan(
            kind=PlanKind(str(kind)),
            scope=Scope(str(scope)),
            begins_on=date.fromisoformat(str(begins_on)),
            annual_rate=Decimal(str(rate)),
            claim=_parts(money[:4]),
            waived=_parts(money[4:]),
            payments=tuple(
                PlanPayment(no=no, due_on=date.fromisoformat(due_on), amount=amount(sum_cents))
                for no, due_on, sum_cents in payments
            ),
        ),
        expected=amount(_int(expected)),
        reason=str(reason),
        asked=_asked(str(asked)),
        proposed_by=str(by),
        proposed_role=Role(str(role)),
        proposed_at=moment(str(at)),
        needs_role=Role(str(needs)) if needs else None,
        approved_by=str(approved_by),
        approved_at=moment_or_none(_text(approved_at)),
        valid_until=date.fromisoformat(str(valid_until)),
        signed_at=moment_or_none(_text(signed_at)),
        stop_id=None if stop_id is None else _int(stop_id),
        paid=amount(_int(paid)),
        ended_at=moment_or_none(_text(ended_at)),
        end_reason=str(end_reason),
    )


def asked_text(asked: Asked) -> str:
    """What was told, as it is kept."""
    told = {"income": asked.income, "affordable": asked.affordable, "cash": asked.cash or None}
    return json.dumps({key: str(value) for key, value in told.items() if value is not None})


def _asked(text: str) -> Asked:
    told = {key: Decimal(value) for key, value in json.loads(text).items()}
    return Asked(income=told.get("income"), affordable=told.get("affordable"), cash=told.get("cash", ZERO))


def _parts(money: list[object]) -> Parts:
    penalty, fee, interest, principal = (amount(_int(one)) for one in money)
    return Parts(penalty=penalty, fee=fee, interest=interest, principal=principal)


def _int(value: object) -> int:
    return int(str(value))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
