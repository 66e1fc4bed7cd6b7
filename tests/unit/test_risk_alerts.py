"""Early warning on the store: once for each happening, grades and priorities up and back, owners, silence, races."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialer.account_events import AccountEvent, EventKind, EventValue
from dialer.caseload.rules import AssignmentRule, AssignmentSettings, CapacitySettings
from dialer.chores import Chores
from dialer.clock import SystemClock
from dialer.config.risk import load_risk
from dialer.early_warning import EarlyWarning, look
from dialer.errors import StoreError
from dialer.ordering.worth import RecoveryModel
from dialer.retention import Periods, Schedule
from dialer.risk.notices import in_chinese, notice
from dialer.risk.settings import RiskSettings
from dialer.settings import AgentSettings
from dialer.store import alerting, alerts, happened, modelling
from dialer.store.columns import moment_text
from dialer.store.grading import save_scores, score_accounts
from dialer.store.handing_on import hand_on
from dialer.store.purging import Order, purge
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId, AgentId, DebtorId, ServerName
from store_cases import account as listed

CONFIG = Path(__file__).parents[2] / "config"
AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@cache
def settings() -> RiskSettings:
    return load_risk(CONFIG, CONFIG, {})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Two debtors: A and B belong to the first, who is chen's."""
    made = SqliteStore.create(tmp_path / "dialer.sqlite")
    people = [listed("A", 1, debtor="one"), listed("B", 2, debtor="one"), listed("C", 3, debtor="two")]
    made.import_accounts("spring", "x.csv", [replace(people[0], risk="low"), *people[1:]], AT - timedelta(days=1))
    with made.writing() as connection:
        connection.execute(
            "INSERT INTO owners (debtor_id, agent_id, team, rule, reason, since) "
            "SELECT debtor_id, 'chen', 'north', 'r', '', '2026-03-01T00:00:00.000000Z' FROM accounts "
            "WHERE account_no = 'A'"
        )
    yield made
    made.close()


def ids(store: SqliteStore) -> tuple[list[int], list[int]]:
    """Of the accounts A, B and C, and of their two debtors."""
    with store.reading() as database:
        rows = database.execute("SELECT account_id, debtor_id FROM accounts ORDER BY account_no").fetchall()
    return [row[0] for row in rows], [rows[0][1], rows[2][1]]


def tell(
    store: SqliteStore,
    kind: EventKind,
    at: datetime = AT,
    *,
    debtor: int = 0,
    account: int | None = 0,
    key: str = "",
    source: str = "webhook",
    **payload: EventValue,
) -> None:
    accounts, debtors = ids(store)
    event = AccountEvent(
        kind=kind,
        at=at,
        debtor_id=DebtorId(debtors[debtor]),
        account_id=None if account is None else AccountId(accounts[account]),
        source=source,
        payload=payload,
        event_key=key,
    )
    with store.writing() as connection:
        happened.note(connection, event)


def jump(store: SqliteStore, at: datetime = AT, **more: EventValue) -> None:
    told: dict[str, EventValue] = {"sign": "utilisation", "value": "0.90", "before": "0.55"}
    tell(store, EventKind.RISK_REPORTED, at, **(told | more))  # type: ignore[arg-type]


def risks(store: SqliteStore) -> dict[str, str]:
    with store.reading() as database:
        return dict(database.execute("SELECT account_no, risk FROM accounts ORDER BY account_no").fetchall())


def events(store: SqliteStore, *kinds: EventKind) -> list[tuple[str, int | None, dict[str, EventValue]]]:
    with store.reading() as database:
        found = happened.after(database.conn, 0)
    return [(one.kind.value, one.account_id, dict(one.payload)) for one in found if one.kind in kinds]


def inbox(store: SqliteStore, **how: object) -> tuple[alerts.Alert, ...]:
    with store.reading() as database:
        return alerts.alerts(database.conn, **how)  # type: ignore[arg-type]


def test_a_sign_makes_every_account_of_the_debtor_worse_and_tells_the_owner_why(store: SqliteStore) -> None:
    jump(store)
    done = look(store, settings(), AT + timedelta(seconds=1))
    assert (done.events, done.raised, done.repeated) == (1, (1,), 0)
    assert risks(store) == {"A": "C", "B": "D", "C": ""}  # low is B, unknown is C
    (one,) = inbox(store, owner="chen")
    assert (one.rule, one.told, one.team, one.grade_before, one.grade_after) == (
        "utilisation_jump", "chen", "north", "B", "D",
    )  # fmt: skip
    assert one.facts["value"] == 0.9
    assert one.facts["extent"] == pytest.approx(0.35)
    assert one.answer_by == AT + timedelta(hours=4, seconds=1)
    assert inbox(store, owner="li") == ()
    assert [(kind, told["owner"]) for kind, _, told in events(store, EventKind.ALERT_RAISED)] == [
        ("alert.raised", "chen")
    ]
    changed = events(store, EventKind.GRADE_CHANGED)
    first, second, _ = ids(store)[0]
    assert [(account_id, told["before"], told["grade"], told["because"]) for _, account_id, told in changed] == [
        (first, "low", "C", ["utilisation_jump"]),
        (second, "", "D", ["utilisation_jump"]),
    ]


def test_the_same_told_twice_is_one_alert_whatever_key_it_comes_with(store: SqliteStore) -> None:
    jump(store, key="bureau-1")
    jump(store, key="bureau-1")
    jump(store, key="bureau-2")
    jump(store)
    done = look(store, settings(), AT)
    assert done.raised == (1,)
    jump(store, AT + timedelta(hours=2), value="0.91")
    assert look(store, settings(), AT + timedelta(hours=2)).raised == (2,)  # worse than before
    jump(store, AT + timedelta(hours=3), value="0.88")
    assert look(store, settings(), AT + timedelta(hours=3)).repeated == 1
    assert [one.repeats for one in inbox(store)] == [1, 0]
    assert risks(store)["A"] == "C"  # steps do not add up


def test_who_reads_again_or_beside_another_reader_finds_nothing(store: SqliteStore, tmp_path: Path) -> None:
    for day in range(20):
        jump(
            store,
            AT + timedelta(minutes=day),
            value=f"0.{60 + day}",
            before="0.10",
            debtor=day % 2,
            account=None,
        )
    done: list[int] = []

    def read() -> None:
        other = SqliteStore.open(tmp_path / "dialer.sqlite")
        done.append(len(look(other, settings(), AT + timedelta(hours=1)).raised))
        other.close()

    readers = [threading.Thread(target=read) for _ in range(4)]
    for one in readers:
        one.start()
    for one in readers:
        one.join()
    assert sum(done) == len(inbox(store)) == 20  # each is worse than the one before
    assert look(store, settings(), AT + timedelta(hours=1)).events == 0


def test_what_it_was_before_is_found_in_what_was_reported_before(store: SqliteStore) -> None:
    jump(store, AT - timedelta(days=20), before=None, value="40%")
    jump(store, AT, before=None, value="65%")
    jump(store, AT, before=None, value="99%", debtor=1, account=2)  # the first word on this one
    assert len(look(store, settings(), AT).raised) == 1
    (one,) = inbox(store)
    assert (one.facts["before"], one.facts["value"]) == (0.4, 0.65)


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        ({"sign": "overdue_elsewhere", "value": "2,500.00"}, "overdue_elsewhere"),
        ({"sign": "income_lost"}, "income_lost"),
        ({"sign": "unemployed"}, "income_lost"),
        ({"sign": "income", "value": "5000", "before": "9000"}, "income_fell"),
        ({"sign": "income", "value": "0", "before": "9000"}, "income_lost"),
    ],
)
def test_signs_that_others_report(store: SqliteStore, told: dict[str, EventValue], rule: str) -> None:
    tell(store, EventKind.RISK_REPORTED, **told)  # type: ignore[arg-type]
    look(store, settings(), AT)
    assert [one.rule for one in inbox(store)] == [rule]


def test_a_broken_promise_and_the_second_one(store: SqliteStore) -> None:
    tell(store, EventKind.PROMISE_BROKEN, AT - timedelta(days=3), promise=7)
    look(store, settings(), AT)
    assert risks(store)["B"] == "D"
    tell(store, EventKind.PROMISE_BROKEN, AT, promise=8)
    look(store, settings(), AT)
    assert [one.rule for one in inbox(store)] == ["promises_missed", "promise_missed", "promise_missed"]
    assert risks(store)["B"] == "E"
    with store.reading() as database:
        assert database.execute("SELECT priority FROM accounts ORDER BY account_no").fetchall() == [(30,), (30,), (0,)]


def test_changes_of_address_count_and_first_words_do_not(store: SqliteStore) -> None:
    tell(store, EventKind.FACT_CHANGED, AT - timedelta(days=2), field="address", first=True)
    tell(store, EventKind.FACT_CHANGED, AT - timedelta(days=1), field="address", first=False)
    assert look(store, settings(), AT).raised == ()
    tell(store, EventKind.FACT_CHANGED, AT, field="employer", first=False)
    look(store, settings(), AT)
    assert [(one.rule, one.facts["times"]) for one in inbox(store)] == [("contacts_changed", 2)]


def test_income_that_an_agent_heard_to_have_fallen(store: SqliteStore) -> None:
    tell(store, EventKind.FACT_CHANGED, field="income_monthly", before="10000.00", value="7000.00")
    look(store, settings(), AT)
    assert [one.rule for one in inbox(store)] == ["income_fell"]


def pays(store: SqliteStore, at: datetime, amount: int, txn: str, *, noted: bool = True) -> None:
    row = (ids(store)[0][0], txn, amount * 100, moment_text(at), moment_text(at))
    with store.writing() as connection:
        connection.execute(
            "INSERT INTO payments (account_id, txn_id, amount_cents, at, noted_at) VALUES (?, ?, ?, ?, ?)", row
        )
    if noted:
        tell(store, EventKind.PAYMENT_RECEIVED, at, txn_id=txn, amount=f"{amount}.00")


def test_payments_that_shrink_by_the_month_not_by_the_piece(store: SqliteStore) -> None:
    for month in (3, 2, 1):
        pays(store, AT - timedelta(days=31 * month), 1000, f"t{month}", noted=False)
    pays(store, AT - timedelta(days=1), 500, "p1")
    assert look(store, settings(), AT - timedelta(days=1)).raised == (1,)  # 500 of 1000
    with store.writing() as connection:
        connection.execute("DELETE FROM risk_alerts")
    pays(store, AT, 450, "p2")
    assert look(store, settings(), AT).raised == ()  # 950 in this month
    (none,) = (look(store, settings(), AT + timedelta(days=40)).raised,)
    assert none == ()


def test_the_first_payments_of_somebody_are_not_small(store: SqliteStore) -> None:
    pays(store, AT - timedelta(days=40), 1000, "t1")
    pays(store, AT, 10, "t2")
    assert look(store, settings(), AT).raised == ()


def test_a_payment_that_was_returned(store: SqliteStore) -> None:
    tell(store, EventKind.PAYMENT_REVERSED, txn_id="t1")
    look(store, settings(), AT)
    assert [one.rule for one in inbox(store)] == ["payment_returned"]


def test_old_news_is_no_warning(store: SqliteStore) -> None:
    jump(store, AT - timedelta(days=31))
    done = look(store, settings(), AT)
    assert (done.events, done.raised) == (1, ())


def test_silence_is_told_to_the_supervisors_once_and_an_answer_in_time_keeps_it_quiet(store: SqliteStore) -> None:
    jump(store)
    tell(store, EventKind.RISK_REPORTED, sign="income_lost", debtor=1, account=2)
    look(store, settings(), AT)
    with store.writing() as connection:
        alerts.acknowledge(connection, 2, by="chen", at=AT, note_text="called")
    assert look(store, settings(), AT + timedelta(hours=3, minutes=59)).escalated == ()
    assert look(store, settings(), AT + timedelta(hours=4)).escalated == (1,)
    assert look(store, settings(), AT + timedelta(hours=5)).escalated == ()
    (told,) = events(store, EventKind.ALERT_ESCALATED)
    assert (told[2]["to"], told[2]["owner"], told[2]["alert"]) == ("supervisor", "chen", 1)
    (first, *_) = inbox(store)
    assert first.escalated_at == AT + timedelta(hours=4)
    with store.reading() as database:
        assert alerts.waiting(database.conn) == alerts.Waiting(open=1, escalated=1, since=AT)


def test_what_runs_out_gives_grade_text_and_priority_back(store: SqliteStore) -> None:
    jump(store)
    look(store, settings(), AT)
    with store.writing() as connection:
        connection.execute("UPDATE accounts SET priority = 70 WHERE account_no = 'B'")  # somebody else's word
    done = look(store, settings(), AT + timedelta(days=30))
    assert done.ended == (1,)
    assert risks(store) == {"A": "low", "B": "", "C": ""}
    with store.reading() as database:
        assert database.execute("SELECT priority FROM accounts ORDER BY account_no").fetchall() == [(0,), (70,), (0,)]
    assert events(store, EventKind.GRADE_CHANGED)[-1][2]["because"] == ["run_out"]
    assert look(store, settings(), AT + timedelta(days=31)).ended == ()


def test_a_false_alarm_is_dismissed_and_an_answer_is_given_once(store: SqliteStore) -> None:
    jump(store)
    look(store, settings(), AT)
    with store.writing() as connection:
        one = alerts.acknowledge(connection, 1, by="wang", at=AT, note_text="bank's mistake", dismiss=True)
    assert (one.acknowledged_by, one.note, one.over_at) == ("wang", "bank's mistake", AT)
    assert risks(store)["A"] == "low"
    with store.writing() as connection, pytest.raises(StoreError, match="acknowledged by wang already"):
        alerts.acknowledge(connection, 1, by="chen", at=AT)
    with store.reading() as database, pytest.raises(StoreError, match="no alert 99"):
        alerts.alert(database.conn, 99)
    assert len(events(store, EventKind.ALERT_ACKNOWLEDGED)) == 1


def test_as_a_chore_it_looks_twice_a_second_and_a_quiet_store_is_not_written(store: SqliteStore) -> None:
    chore = EarlyWarning(settings, ZoneInfo("Asia/Shanghai"))
    assert chore.every_s <= 0.5
    chore.run(store, AT)
    with store.reading() as database:
        before = database.conn.total_changes
    chore.run(store, AT)
    with store.reading() as database:
        assert database.conn.total_changes == before
    jump(store)
    chore.run(store, AT)
    assert len(inbox(store)) == 1


def test_a_purge_removes_what_was_said_of_the_debtor(store: SqliteStore, tmp_path: Path) -> None:
    jump(store)
    look(store, settings(), AT)
    with store.writing() as connection:
        model = modelling.champion(connection, settings().rules, by="chen", at=AT)
        save_scores(connection, model, score_accounts(connection, model, AT).changed, AT)
    day = Periods(recording_days=1, ledger_days=1)
    schedule = Schedule(by_campaign={}, by_list={}, otherwise=day)
    done = purge(store, Order(at=AT + timedelta(days=400), actor="chen", role="admin", schedule=schedule,
                              recordings_path=tmp_path, account_no="A"))  # fmt: skip
    assert {"risk_alerts": 1, "account_grades": 2, "scores": 2}.items() <= {
        table: rows.rows for table, rows in done.removed.items()
    }.items()
    with store.reading() as database:
        left = [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("risk_alerts", "scores")]
    assert left == [0, 1]  # the other debtor's score stays


RULES = AssignmentSettings(
    rules=(
        AssignmentRule(name="late", when="risk in ['D', 'E']", skill="late", level=3),
        AssignmentRule(name="early", skill="early", level=1),
    ),
    capacity=CapacitySettings(debtors=1),
)


def agent(name: str, **skills: int) -> AgentSettings:
    return AgentSettings(id=AgentId(name), name=name, server=ServerName("a"), extension="1", secret="", skills=skills)


def owners(store: SqliteStore) -> list[tuple[str, str]]:
    with store.reading() as database:
        rows = database.execute("SELECT agent_id, rule FROM owners ORDER BY agent_id").fetchall()
    return [(row[0], row[1]) for row in rows]


def test_a_debtor_who_became_too_risky_for_the_owner_goes_to_who_has_most_room(store: SqliteStore) -> None:
    agents = (agent("chen", early=2), agent("wang", late=3), agent("li", late=4))
    with store.writing() as connection:  # wang has as many as wang may have
        connection.execute(
            "INSERT INTO owners (debtor_id, agent_id, rule, reason, since) VALUES (?, 'wang', 'r', '', ?)",
            [ids(store)[1][1], moment_text(AT)],
        )
    jump(store)

    def hand(store: SqliteStore, debtors: tuple[int, ...], at: datetime) -> int:
        return len(hand_on(store, debtors, agents, RULES, RecoveryModel(), at))

    assert look(store, settings(), AT, hand).handed_on == 1
    assert owners(store) == [("li", "late"), ("wang", "r")]
    (told,) = events(store, EventKind.OWNER_CHANGED)
    assert (told[2]["from"], told[2]["to"]) == ("chen", "li")
    (one,) = inbox(store, owner="li")
    assert one.told == "chen"


def test_whoever_may_keep_the_riskier_debtor_keeps_them_and_so_does_one_whom_nobody_can_follow(
    store: SqliteStore,
) -> None:
    jump(store)
    with store.writing() as connection:
        alerting.react(connection, settings().warnings, AT)
    debtors = ids(store)[1][:1]
    for agents in ((agent("chen", late=3), agent("wang", late=5)), (agent("chen", early=1), agent("wang", late=2))):
        assert hand_on(store, debtors, agents, RULES, RecoveryModel(), AT) == ()
    assert owners(store) == [("chen", "r")]


def test_an_alert_is_there_within_two_seconds_of_the_event(store: SqliteStore, tmp_path: Path) -> None:
    """The chore on a real clock, beside whoever writes the event."""
    chores = Chores(
        [EarlyWarning(settings, ZoneInfo("UTC"))], lambda: SqliteStore.open(tmp_path / "dialer.sqlite"), SystemClock()
    )

    async def tried() -> float:
        work = asyncio.create_task(chores.work())
        at = SystemClock().now_at()
        jump(store, at)
        while not inbox(store):
            assert SystemClock().now_at() - at < timedelta(seconds=20)
            await asyncio.sleep(0.02)
        took_s = (inbox(store)[0].at - at).total_seconds()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        return took_s

    assert asyncio.run(tried()) < 2.0
    assert chores.notices() == ()  # not escalated


def test_the_board_says_in_the_readers_language_what_nobody_answered() -> None:
    said = notice(3, 2)
    assert said == "2 early warnings not acknowledged in time, 3 wait: dialer alert list"
    assert in_chinese(said) == "2 条预警逾时未确认，共 3 条待确认：dialer alert list"
    assert (notice(5, 0), in_chinese("local: link lost")) == ("", "local: link lost")
    assert in_chinese(notice(1, 1)).startswith("1 条")
