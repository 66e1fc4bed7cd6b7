"""`dialer plan` and `dialer plans`: lawful repayment plans, best first; offering, approving, signing and ending one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from dialer.cli.loan_settings import (
    Account,
    Client,
    Named,
    Unmasked,
    named,
    plan_settings,
    role,
    told_amount,
)
from dialer.cli.opening import opened, user_of
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.errors import SettingsError
from dialer.loans.terms import ZERO
from dialer.masking import mask_about, mask_account, mask_name
from dialer.plans.offers import Asked, Scope

if TYPE_CHECKING:
    from sqlite3 import Connection

    from dialer.config.plans import PlanSettings
    from dialer.plans.offers import Plan, Situation
    from dialer.plans.proposing import Proposal, Proposals
    from dialer.store.planned import KnownPlan
    from dialer.store.planning import Bounds
    from dialer.store.situations import Means

plans = typer.Typer(help="Repayment plans that were offered: list, show, approve, sign, cancel.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(metavar="PLAN", help="Its number, as `dialer plans list` has it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What `dialer plan` shows."""

    named: Named
    situation: Situation
    means: Means
    proposals: Proposals
    settings: PlanSettings
    saved: KnownPlan | None = None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: dialer plan LN-2026-0042 --income 8000 --show 2; dialer plan LN-2026-0042 --offer 1")(
        plan
    )


def plan(
    context: typer.Context,
    account: Account,
    income: Annotated[str, typer.Option(help="Of a month, like 8000.00, when it is not known or has changed.")] = "",
    afford: Annotated[str, typer.Option(help="What can be paid each month; goes before the income.")] = "",
    cash: Annotated[str, typer.Option(help="What is at hand now, for a lump sum or an extension.")] = "",
    most: Annotated[int, typer.Option(min=1, max=20, help="At most so many plans.")] = 5,
    show: Annotated[int, typer.Option(min=1, max=20, help="Whose schedule and reasons are shown.")] = 1,
    offer: Annotated[int, typer.Option(min=0, max=20, help="Keep this one as offered; 0: none.")] = 0,
    client: Client = "",
    unmasked: Unmasked = False,
) -> None:
    """Rank the lawful repayment plans of an account by expected recovery, with schedule, cost and reasons."""
    from dialer.cli.plan_text import render

    session = session_of(context)
    asked = Asked(
        income=told_amount(session, income, "--income"),
        affordable=told_amount(session, afford, "--afford"),
        cash=told_amount(session, cash, "--cash") or ZERO,
    )
    settings, at = plan_settings(session), SystemClock().now_at()
    with opened(session) as store:
        with store.reading() as database:
            found = _offer(database.conn, session, settings, account, client, asked, at, most, unmasked=unmasked)
        if offer:
            with store.writing() as connection:
                found = _saved(connection, session, found, asked, offer, at)
    if session.json:
        session.emit(_offer_json(found))
        return
    session.out.print(render(found, session.lang, show=offer or show, width=session.out.width))


@plans.command("list", epilog="Example: dialer plans list --status proposed")
def list_(
    context: typer.Context,
    status: Annotated[str, typer.Option(help="Only these: proposed, approved, performing, completed ...")] = "",
    most: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.")] = 50,
    unmasked: Unmasked = False,
) -> None:
    """List plans, the newest first, with what each of them waits for."""
    from dialer.cli.loan_words import STATUSES
    from dialer.cli.plan_text import list_table
    from dialer.store.columns import amount
    from dialer.store.planned import SQL

    session = session_of(context)
    if status and status not in STATUSES:
        raise SettingsError(
            session.pick(f"没有状态 {status}。", f"There is no status {status}. ") + f"{', '.join(STATUSES)}"
        )
    with opened(session) as store, store.reading() as database:
        rows = database.execute(SQL["listed"], {"status": status, "limit": most}).fetchall()
    shown: list[dict[str, JsonValue]] = [
        {
            "plan": plan_id,
            "account": account_no if unmasked else mask_account(account_no),
            "debtor": name if unmasked else mask_name(name),
            "status": state,
            "kind": kind,
            "payments": count,
            "total": str(amount(total)),
            "paid": str(amount(paid)),
            "needs": needs or None,
            "approved_by": approved_by or None,
            "proposed_by": by,
            "proposed_at": at,
            "valid_until": valid_until,
        }
        for plan_id, account_no, name, state, kind, total, paid, needs, approved_by, by, at, valid_until, count in rows
    ]
    if session.json:
        session.emit(list(shown))
        return
    if not shown:
        session.say("没有还款计划。", "There is no plan.")
        return
    session.out.print(list_table(shown, session.lang))


@plans.command("show", epilog="Example: dialer plans show 12")
def show_(context: typer.Context, number: Number, unmasked: Unmasked = False) -> None:
    """Show one plan: schedule, what was let go, who offered, approved and signed it, and how it goes."""
    from dialer.store.planned import by_id

    session = session_of(context)
    with opened(session) as store, store.reading() as database:
        known = by_id(database.conn, number)
        whose = _whose(database.conn, known, unmasked=unmasked)
    _told(session, known, whose)


@plans.command(epilog="Example: dialer plans approve 12")
def approve(context: typer.Context, number: Number) -> None:
    """Approve a plan that lets go more than its proposer may; somebody else has to, whose role may."""
    from dialer.store import planning

    session = session_of(context)
    at = SystemClock().now_at()
    with opened(session) as store, store.writing() as connection:
        known = planning.approve(connection, number, by=user_of(session), role=role(session), at=at)
        whose = _whose(connection, known, unmasked=False)
    _told(session, known, whose)


@plans.command(epilog="Example: dialer plans sign 12")
def sign(context: typer.Context, number: Number) -> None:
    """Note that the debtor agreed: the plan performs from now on, and nobody calls while it does."""
    from dialer.store import planning

    session = session_of(context)
    bounds, at = _bounds(plan_settings(session)), SystemClock().now_at()
    with opened(session) as store, store.writing() as connection:
        known = planning.sign(connection, number, by=user_of(session), at=at, bounds=bounds)
        whose = _whose(connection, known, unmasked=False)
    _told(session, known, whose)


@plans.command(epilog='Example: dialer plans cancel 12 --reason "the debtor wants another one"')
def cancel(
    context: typer.Context,
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; kept on record.", show_default=False)],
) -> None:
    """End a plan that is offered or performs; calls may go on."""
    from dialer.store import planning

    session = session_of(context)
    rules, at = plan_settings(session).loans, SystemClock().now_at()
    with opened(session) as store, store.writing() as connection:
        known = planning.cancel(connection, number, by=user_of(session), reason=reason, at=at, rules=rules)
        whose = _whose(connection, known, unmasked=False)
    _told(session, known, whose)


def _bounds(settings: PlanSettings) -> Bounds:
    from dialer.store.planning import Bounds

    return Bounds(loans=settings.loans, plans=settings.plans)


def _offer(
    connection: Connection,
    session: Session,
    settings: PlanSettings,
    account: str,
    client: str,
    asked: Asked,
    at: datetime,
    most: int,
    *,
    unmasked: bool,
) -> Offer:
    from dialer.plans.proposing import propose
    from dialer.store.situations import situation_of

    whose = named(connection, account, client, unmasked=unmasked)

    def look(scope: Scope | None) -> tuple[Situation, Means]:
        return situation_of(
            *(connection, whose.account_id),
            today=settings.loans.day_of(at),
            loans=settings.loans,
            plans=settings.plans,
            asked=asked,
            scope=scope,
        )

    situation, means = look(None)
    if means.affordable is None and situation.claim.total:
        raise SettingsError(
            session.pick(
                "不知道借款人的收入，无法判断可负担额。请给出 --income 或 --afford，或先登记收入。",
                "The debtor's income is not known, so nobody can say what can be paid. Give --income or --afford, "
                "or note the income first.",
            )
        )
    found = propose(situation, role(session), settings.plans, most=most)
    if not found.best_first and situation.scope is Scope.DUE and situation.claim.total:
        situation, means = look(Scope.WHOLE)  # the contract leaves nothing for a plan besides it
        found = propose(situation, role(session), settings.plans, most=most)
    return Offer(named=whose, situation=situation, means=means, proposals=found, settings=settings)


def _saved(connection: Connection, session: Session, found: Offer, asked: Asked, offer: int, at: datetime) -> Offer:
    from dialer.plans.reasons import reasons
    from dialer.store import planning

    offered = found.proposals.best_first
    if offer > len(offered):
        raise SettingsError(
            session.pick(
                f"没有第 {offer} 个方案，共 {len(offered)} 个。", f"There is no plan {offer}, only {len(offered)}."
            )
        )
    one = offered[offer - 1]
    why = reasons(one, found.situation, found.settings.plans, found.proposals)
    known = planning.propose(
        connection,
        found.named.account_id,
        one.plan,
        expected=one.expected,
        reason=" ".join(f"{zh} {en}" for zh, en in why),
        by=user_of(session),
        role=role(session),
        at=at,
        bounds=_bounds(found.settings),
        asked=asked,
    )
    return replace(found, saved=known)


@dataclass(frozen=True, slots=True)
class _Whose:
    """Whose plan it is."""

    account_no: str
    name: str
    unmasked: bool

    def __str__(self) -> str:
        if self.unmasked:
            return f"{self.account_no}  {self.name}"
        return f"{mask_account(self.account_no)}  {mask_name(self.name)}"

    def veiled(self, text: str) -> str:
        """What somebody wrote about the plan."""
        return text if self.unmasked else mask_about(text, name=self.name, account_no=self.account_no)


def _whose(connection: Connection, known: KnownPlan, *, unmasked: bool) -> _Whose:
    from dialer.store.planned import SQL

    account_no, name = connection.execute(SQL["whose"], {"account_id": known.account_id}).fetchone()
    return _Whose(account_no=account_no, name=name, unmasked=unmasked)


def _told(session: Session, known: KnownPlan, owner: _Whose) -> None:
    from dialer.cli.plan_text import known_plan

    known, whose = replace(known, end_reason=owner.veiled(known.end_reason)), str(owner)
    if session.json:
        session.emit({"debtor": whose, **_known_json(known)})
        return
    session.out.print(known_plan(known, whose, session.lang, session.zone))


# --- JSON ----------------------------------------------------------------------------------------------


def _offer_json(found: Offer) -> JsonValue:
    situation, means = found.situation, found.means
    hindrance = found.proposals.hindrance
    return {
        "account": found.named.account_no,
        "debtor": found.named.debtor_name,
        "on": situation.today.isoformat(),
        "scope": situation.scope.value,
        "days_past_due": situation.days_past_due,
        "claim": {part.value: str(amount) for part, amount in situation.claim},
        "claim_total": str(situation.claim.total),
        "income": None if means.income is None else str(means.income),
        "income_from": means.source or None,
        "committed": str(means.committed),
        "affordable": str(situation.affordable),
        "cash": str(situation.cash),
        "broken_promises": situation.broken_promises,
        "expected_without_plan": str(found.proposals.without_plan),
        "keeping": found.settings.plans.keeping.source,
        "plans": [_proposal_json(one, found) for one in found.proposals.best_first],
        "why_none": None if hindrance is None else {"rule": hindrance.rule, "zh": hindrance.zh, "en": hindrance.en},
        "offered": None if found.saved is None else found.saved.plan_id,
    }


def _proposal_json(one: Proposal, found: Offer) -> JsonValue:
    from dialer.plans.reasons import explanation, reasons

    rules, situation, proposals = found.settings.plans, found.situation, found.proposals
    return {
        **_plan_json(one.plan),
        "expected_recovery": str(one.expected),
        "kept": round(one.recovery.kept, 4),
        "chance_of_breaking_in_a_month": round(one.recovery.chance_of_breaking, 6),
        "burden": round(one.recovery.burden, 4),
        "cost_a_year": round(one.cost.plan, 6),
        "cost_of_the_whole_loan": None if one.cost.whole is None else round(one.cost.whole, 6),
        "needs": None if one.needs is None else one.needs.value,
        "reasons": [{"zh": zh, "en": en} for zh, en in reasons(one, situation, rules, proposals)],
        "explained": [{"zh": zh, "en": en} for zh, en in explanation(one, situation, rules)],
    }


def _plan_json(one: Plan) -> dict[str, JsonValue]:
    return {
        "kind": one.kind.value,
        "scope": one.scope.value,
        "begins_on": one.begins_on.isoformat(),
        "annual_rate": str(one.annual_rate),
        "waived": {part.value: str(amount) for part, amount in one.waived},
        "total": str(one.total),
        "interest": str(one.interest),
        "payments": [
            {"no": each.no, "due_on": each.due_on.isoformat(), "amount": str(each.amount)} for each in one.payments
        ],
    }


def _known_json(known: KnownPlan) -> dict[str, JsonValue]:
    def moment(at: datetime | None) -> str | None:
        return None if at is None else at.isoformat()

    return {
        "plan": known.plan_id,
        "status": known.status,
        **_plan_json(known.plan),
        "expected_recovery": str(known.expected),
        "paid": str(known.paid),
        "proposed_by": known.proposed_by,
        "proposed_at": moment(known.proposed_at),
        "needs": None if known.needs_role is None else known.needs_role.value,
        "approved_by": known.approved_by or None,
        "approved_at": moment(known.approved_at),
        "valid_until": known.valid_until.isoformat(),
        "signed_at": moment(known.signed_at),
        "ended_at": moment(known.ended_at),
        "end_reason": known.end_reason or None,
        "reason": known.reason,
    }
