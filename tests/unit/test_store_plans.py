"""The life of a plan in the store: offered, approved by somebody else, signed, kept or broken; and who is called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import store_cases as case
from dialer.access import Role
from dialer.config.plans import load_plans
from dialer.errors import StoreError, WriteRefusedError
from dialer.loans.terms import NOTHING, Parts
from dialer.plans.offers import Asked, Plan, PlanKind, Scope
from dialer.plans.payments import dated, payment_cents, shape_of
from dialer.retention import Periods, Schedule
from dialer.store import paying, planned, planning
from dialer.store.ageing import roll
from dialer.store.happened import of_debtor
from dialer.store.planned import KnownPlan
from dialer.store.planning import Bounds
from dialer.store.purging import Order, purge
from dialer.store.situations import situation_of
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId, DebtorId

ZONE = ZoneInfo("Asia/Shanghai")
SETTINGS = load_plans(Path("nowhere"), Path(__file__).parents[2] / "config", ZONE)
BOUNDS = Bounds(loans=SETTINGS.loans, plans=SETTINGS.plans)
ACCOUNT = AccountId(1)
TODAY = case.AT.astimezone(ZONE).date()
D = Decimal
CAN_PAY = Asked(affordable=D("400.00"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """A-1: 1,200.00 in one sum, no schedule; A-2: another debtor."""
    with closing(SqliteStore.create(tmp_path / "d.sqlite")) as made:
        case.stocked(made, [case.account("A-1", 1, due="1200.00", days=40), case.account("A-2", 2)])
        roll(made, at=case.AT, rules=SETTINGS.loans)
        yield made


def give_schedule(store: SqliteStore) -> None:
    """Two instalments late (300.00 + 100.00 interest + 50.00 penalty each), one to come on 10 April."""
    with store.writing() as connection:
        connection.execute(
            "INSERT INTO loans (account_id, principal_cents, annual_rate, periods, method, disbursed_on, first_due_on)"
            " VALUES (1, 90000, '0.12', 3, 'equal_principal', '2023-06-01', '2026-01-10')"
        )
        for no, month, penalty in ((1, 1, 5000), (2, 2, 5000), (3, 4, 0)):
            connection.execute(
                "INSERT INTO instalments (account_id, no, due_on, principal_cents, interest_cents, penalty_cents)"
                " VALUES (1, ?, ?, 30000, 10000, ?)",
                (no, f"2026-0{month}-10", penalty),
            )
    roll(store, at=case.AT, rules=SETTINGS.loans)


def offered(
    store: SqliteStore,
    *,
    months: int = 3,
    waived: Parts = NOTHING,
    rate: str = "0",
    by: str = "chen",
    role: Role = Role.AGENT,
    asked: Asked = CAN_PAY,
    at: datetime = case.AT,
) -> KnownPlan:
    with store.writing() as connection:
        today = SETTINGS.loans.day_of(at)
        situation, _ = situation_of(
            connection, ACCOUNT, today=today, loans=BOUNDS.loans, plans=BOUNDS.plans, asked=asked
        )
        shape = shape_of(PlanKind.INSTALMENTS, months, D(rate), today, BOUNDS.plans)
        plan = Plan(
            kind=PlanKind.INSTALMENTS,
            scope=situation.scope,
            begins_on=today,
            annual_rate=D(rate),
            claim=situation.claim,
            payments=dated(
                payment_cents(int((situation.claim.total - waived.total) * 100), shape), shape, today, BOUNDS.plans
            ),
            waived=waived,
        )
        return planning.propose(
            *(connection, ACCOUNT, plan),
            expected=D("900.00"),
            reason="best",
            by=by,
            role=role,
            at=at,
            bounds=BOUNDS,
            asked=asked,
        )


def sign(store: SqliteStore, known: KnownPlan, *, at: datetime = case.AT, asked: Asked | None = None) -> KnownPlan:
    with store.writing() as connection:
        return planning.sign(connection, known.plan_id, by="chen", at=at, bounds=BOUNDS, asked=asked)


def approve(store: SqliteStore, known: KnownPlan, by: str, role: Role) -> KnownPlan:
    with store.writing() as connection:
        return planning.approve(connection, known.plan_id, by=by, role=role, at=case.AT)


def pay(store: SqliteStore, amount: str, *, at: datetime, txn_id: str = "") -> paying.Booked:
    with store.writing() as connection:
        return paying.receive(
            connection,
            account_id=ACCOUNT,
            txn_id=txn_id or f"T{at:%Y%m%d}",
            amount=D(amount),
            paid_at=at,
            at=at,
            rules=BOUNDS.loans,
        )


def take_back(store: SqliteStore, txn_id: str, *, at: datetime) -> paying.Booked:
    with store.writing() as connection:
        return paying.reverse(connection, account_id=ACCOUNT, txn_id=txn_id, at=at, rules=BOUNDS.loans)


def now(store: SqliteStore, plan_id: int = 1) -> KnownPlan:
    with store.reading() as database:
        return planned.by_id(database.conn, plan_id)


def kinds(store: SqliteStore) -> list[str]:
    with store.reading() as database:
        return [event.kind.value for event in of_debtor(database.conn, DebtorId(1))]


def dialable(store: SqliteStore, at: datetime) -> list[str]:
    found = [lead.account_no for lead in case.take(store, at=at)]
    store.release_leases(case.ENGINE)
    return found


def day(number: int) -> datetime:
    return case.AT + timedelta(days=number)


def test_a_signed_plan_keeps_calls_away_and_one_that_is_only_offered_does_not(store: SqliteStore) -> None:
    known = offered(store)
    assert dialable(store, case.AT) == ["A-1", "A-2"]
    assert sign(store, known).status == "performing"
    assert dialable(store, day(20)) == ["A-2"]
    assert kinds(store) == ["plan.proposed", "stop.added", "plan.signed"]


def test_a_lead_in_hand_goes_back_when_the_plan_is_signed(store: SqliteStore) -> None:
    lead = next(one for one in case.take(store) if one.account_no == "A-1")
    sign(store, offered(store))
    (barred,) = store.apply([case.placed(lead, "x1")])
    assert barred.rule in ("lease", "stop:plan_performing")


def test_a_plan_that_is_paid_in_time_is_kept_and_the_account_is_closed(store: SqliteStore) -> None:
    sign(store, offered(store))
    for number in (30, 59):
        assert not pay(store, "400.00", at=day(number)).is_closed
        roll(store, at=day(number + 1), rules=BOUNDS.loans)
    assert pay(store, "400.00", at=day(89)).is_closed
    assert (now(store).status, now(store).paid) == ("completed", D("1200.00"))
    assert kinds(store)[-2:] == ["stop.lifted", "plan.ended"]


def test_a_missing_payment_breaks_it_after_the_days_of_grace_and_calls_go_on(store: SqliteStore) -> None:
    sign(store, offered(store))
    roll(store, at=day(33), rules=BOUNDS.loans)
    assert now(store).status == "performing"
    roll(store, at=day(34), rules=BOUNDS.loans)
    assert now(store).status == "broken"
    assert dialable(store, day(34)) == ["A-1", "A-2"]
    assert "a payment of the plan is missing" in now(store).end_reason


def test_the_instalments_of_the_contract_have_to_be_paid_besides(store: SqliteStore) -> None:
    give_schedule(store)
    known = offered(store, waived=Parts(penalty=D("50.00")), months=3)
    assert (known.plan.claim.total, known.plan.total) == (D("900.00"), D("850.00"))
    sign(store, known)
    for number in (30, 60):
        pay(store, "283.33", at=day(number))
        roll(store, at=day(number), rules=BOUNDS.loans)
    assert now(store).status == "broken"  # the third instalment fell due on 10 April and was not paid


def test_with_the_instalments_of_the_contract_paid_too_the_waiver_falls_at_the_end(store: SqliteStore) -> None:
    give_schedule(store)
    sign(store, offered(store, waived=Parts(penalty=D("50.00")), months=3))
    pay(store, "283.33", at=day(30))
    pay(store, "400.00", at=day(40), txn_id="CONTRACT")
    pay(store, "283.33", at=day(60))
    with store.reading() as database:
        assert database.execute("SELECT sum(waived_cents) FROM instalments").fetchone() == (0,)
    booked = pay(store, "283.34", at=day(91))
    assert (now(store).status, booked.amount_due, booked.is_closed) == ("completed", D("0.00"), True)
    with store.reading() as database:
        assert database.execute("SELECT sum(waived_cents) FROM instalments").fetchone() == (5000,)


def test_a_payment_taken_back_takes_the_waiver_back_and_the_plan_performs_or_is_broken(
    store: SqliteStore,
) -> None:
    give_schedule(store)
    sign(store, offered(store, waived=Parts(penalty=D("50.00")), months=3))
    pay(store, "850.00", at=day(1), txn_id="ALL")
    assert now(store).status == "completed"
    booked = take_back(store, "ALL", at=day(2))
    assert (booked.amount_due, now(store).status) == (D("900.00"), "performing")
    assert dialable(store, day(2)) == ["A-2"]
    pay(store, "850.00", at=day(3), txn_id="AGAIN")
    assert take_back(store, "AGAIN", at=day(40)).amount_due == D("1300.00")
    assert now(store).status == "broken"
    assert dialable(store, day(40)) == ["A-1", "A-2"]


def test_without_a_schedule_too_a_waiver_can_be_taken_back(store: SqliteStore) -> None:
    known = offered(store, waived=Parts(principal=D("200.00")), role=Role.ADMIN, asked=Asked(affordable=D("500.00")))
    sign(store, known)
    assert pay(store, "1000.00", at=day(1), txn_id="ALL").is_closed
    assert take_back(store, "ALL", at=day(1)).amount_due == D("1200.00")


def test_interest_of_a_plan_is_owed_from_signing_on_and_goes_away_with_it(store: SqliteStore) -> None:
    give_schedule(store)
    known = offered(store, rate="0.06")
    assert known.plan.interest == D("8.84")  # 29 days, then whole months
    sign(store, known)
    assert pay(store, "100.00", at=day(1)).amount_due == D("808.84")
    roll(store, at=day(34), rules=BOUNDS.loans)
    assert now(store).status == "broken"
    with store.reading() as database:
        (due,) = database.execute("SELECT amount_due_cents FROM accounts WHERE account_id = 1").fetchone()
    assert due == 80_000


def test_more_than_a_role_may_let_go_needs_a_second_person(store: SqliteStore) -> None:
    give_schedule(store)
    known = offered(store, waived=Parts(penalty=D("80.00")))
    assert known.needs_role is Role.SUPERVISOR
    with pytest.raises(WriteRefusedError, match="needs the approval of a supervisor first"):
        sign(store, known)
    with pytest.raises(WriteRefusedError, match="somebody else has to approve"):
        approve(store, known, "chen", Role.SUPERVISOR)
    with pytest.raises(WriteRefusedError, match="lin is agent"):
        approve(store, known, "lin", Role.AGENT)
    assert approve(store, known, "wu", Role.SUPERVISOR).status == "approved"
    assert sign(store, known).approved_by == "wu"
    assert kinds(store)[:2] == ["plan.proposed", "plan.approved"]


def test_what_nobody_may_let_go_is_not_even_offered(store: SqliteStore) -> None:
    with pytest.raises(WriteRefusedError, match="may not let go"):
        offered(store, waived=Parts(principal=D("300.00")), role=Role.ADMIN)


def test_a_plan_that_cannot_be_afforded_is_not_offered(store: SqliteStore) -> None:
    with pytest.raises(WriteRefusedError, match=r"a payment of 600\.00 where 400\.00 can be paid"):
        offered(store, months=2)


def test_a_plan_is_not_signed_when_the_debt_has_changed_since(store: SqliteStore) -> None:
    known = offered(store)
    pay(store, "10.00", at=day(1))
    with pytest.raises(WriteRefusedError, match=r"the debt is 1190\.00, and not 1200\.00"):
        sign(store, known, at=day(1))


def test_a_plan_is_not_signed_when_the_income_has_fallen_since(store: SqliteStore) -> None:
    known = offered(store)
    with pytest.raises(WriteRefusedError, match=r"where 100\.00 can be paid"):
        sign(store, known, asked=Asked(affordable=D("100.00")))


def test_an_offer_lapses_when_nobody_signs_in_time(store: SqliteStore) -> None:
    known = offered(store)
    roll(store, at=day(7), rules=BOUNDS.loans)
    assert now(store).status == "proposed"
    roll(store, at=day(8), rules=BOUNDS.loans)
    assert now(store).status == "expired"
    with pytest.raises(WriteRefusedError, match="is expired"):
        sign(store, known, at=day(8))


def test_two_plans_of_one_account_do_not_perform_at_once(store: SqliteStore) -> None:
    first, second = offered(store), offered(store, months=4)
    sign(store, first)
    with pytest.raises(WriteRefusedError, match="Another plan"):
        sign(store, second)


def test_a_plan_may_be_cancelled_with_a_reason_and_calls_go_on(store: SqliteStore) -> None:
    known = sign(store, offered(store))
    with store.writing() as connection, pytest.raises(WriteRefusedError, match="Say why"):
        planning.cancel(connection, known.plan_id, by="wu", reason=" ", at=case.AT, rules=BOUNDS.loans)
    with store.writing() as connection:
        planning.cancel(connection, known.plan_id, by="wu", reason="借款人要求", at=case.AT, rules=BOUNDS.loans)
    assert now(store).status == "cancelled"
    assert dialable(store, day(0)) == ["A-1", "A-2"]
    with store.writing() as connection, pytest.raises(WriteRefusedError, match="cancelled already"):
        planning.cancel(connection, known.plan_id, by="wu", reason="again", at=case.AT, rules=BOUNDS.loans)


def test_a_plan_that_there_is_not_is_said_to_be_none(store: SqliteStore) -> None:
    with store.writing() as connection, pytest.raises(StoreError, match="There is no plan 7"):
        planning.approve(connection, 7, by="wu", role=Role.ADMIN, at=case.AT)


def test_setting_and_lifting_the_stop_is_in_the_log_of_decisions(store: SqliteStore) -> None:
    sign(store, offered(store))
    roll(store, at=day(34), rules=BOUNDS.loans)
    with store.reading() as database:
        found = database.execute("SELECT action FROM audit WHERE action LIKE 'stop.%' ORDER BY seq").fetchall()
    assert [action for (action,) in found] == ["stop.stopped", "stop.allowed"]


def test_income_and_what_other_loans_ask_for_bound_what_can_be_paid(store: SqliteStore) -> None:
    give_schedule(store)
    with store.writing() as connection:
        connection.execute(
            "INSERT INTO debtor_facts (debtor_id, field, source, value, at)"
            " VALUES (1, 'income_monthly', 'agent', '6000.00', '2026-03-01T00:00:00.000000Z')"
        )
        situation, means = situation_of(
            connection, ACCOUNT, today=TODAY, loans=BOUNDS.loans, plans=BOUNDS.plans, asked=Asked()
        )
    # 40 % of 6,000.00 is 2,400.00; the next instalment of the contract takes 400.00 of it.
    assert (means.income, means.source, means.committed) == (D("6000.00"), "agent", D("400.00"))
    assert (means.affordable, situation.scope) == (D("2000.00"), Scope.DUE)


def test_late_enough_a_plan_is_about_the_whole_loan_and_no_interest_of_days_to_come(store: SqliteStore) -> None:
    give_schedule(store)
    with store.reading() as database:
        situation, _ = situation_of(
            *(database.conn, ACCOUNT),
            today=date(2026, 4, 11),
            loans=BOUNDS.loans,
            plans=BOUNDS.plans,
            asked=CAN_PAY,
        )
        sooner, _ = situation_of(
            *(database.conn, ACCOUNT),
            today=date(2026, 4, 10),
            loans=BOUNDS.loans,
            plans=BOUNDS.plans,
            asked=CAN_PAY,
        )
    assert (sooner.scope, sooner.claim.interest) == (Scope.DUE, D("300.00"))
    assert (situation.days_past_due, situation.scope, situation.ahead) == (91, Scope.WHOLE, ())
    with store.writing() as connection:
        connection.execute("UPDATE instalments SET due_on = '2026-05-10' WHERE no = 3")
        whole, _ = situation_of(
            *(connection, ACCOUNT),
            today=date(2026, 4, 11),
            loans=BOUNDS.loans,
            plans=BOUNDS.plans,
            asked=CAN_PAY,
        )
    assert (whole.claim.interest, whole.claim.principal) == (D("200.00"), D("900.00"))


def test_a_purge_leaves_nothing_of_loan_payments_and_plans(store: SqliteStore, tmp_path: Path) -> None:
    give_schedule(store)
    sign(store, offered(store, waived=Parts(penalty=D("50.00"))))
    pay(store, "850.00", at=day(1))
    wanted = Order(
        at=day(100),
        actor="chen",
        role="admin",
        schedule=Schedule(by_campaign={}, by_list={case.LIST: Periods(ledger_days=98, recording_days=10)}),
        recordings_path=tmp_path,
    )
    assert purge(store, replace(wanted, at=day(98))).debtors == 1  # nobody has paid anything there
    assert purge(store, wanted).debtors == 1
    tables = ("loans", "instalments", "payments", "payment_lines", "plans", "plan_payments", "plan_entries")
    with store.reading() as database:
        left = {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
    assert left == dict.fromkeys(tables, 0)


def test_without_an_income_nothing_is_assumed(store: SqliteStore) -> None:
    with store.reading() as database:
        _, means = situation_of(
            database.conn, ACCOUNT, today=TODAY, loans=BOUNDS.loans, plans=BOUNDS.plans, asked=Asked()
        )
    assert means.affordable is None


def test_what_the_loan_brought_so_far_is_known_from_payments_and_from_what_sources_told(store: SqliteStore) -> None:
    give_schedule(store)
    with store.writing() as connection:
        connection.execute(
            "UPDATE instalments SET paid_penalty_cents = penalty_cents, paid_interest_cents = interest_cents,"
            " paid_principal_cents = principal_cents, paid_on = '2026-01-12' WHERE no = 1"
        )
    pay(store, "100.00", at=case.AT)
    with store.reading() as database:
        situation, _ = situation_of(
            database.conn, ACCOUNT, today=TODAY, loans=BOUNDS.loans, plans=BOUNDS.plans, asked=CAN_PAY
        )
    assert [(flow.on, flow.amount) for flow in situation.past] == [
        (date(2023, 6, 1), D("-900.00")),
        (date(2026, 1, 12), D("450.00")),
        (TODAY, D("100.00")),
    ]
    assert [flow.amount for flow in replace(situation).ahead] == [D("400.00")]
