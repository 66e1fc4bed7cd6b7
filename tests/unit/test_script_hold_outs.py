"""Who is left alone by an experiment is not dialled, by whatever way, and `why` says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from dialer.account_events import EventKind
from dialer.compliance import gate
from dialer.errors import StoreError
from dialer.experiments import CHAMPION, HOLD_OUT, Arm, Experiment
from dialer.explanation import Block, explain
from dialer.scripts.arms import is_held_out
from dialer.settings import CampaignSettings
from dialer.store import happened, hold_outs, why
from dialer.store.sqlite import SqliteStore
from dialer.types import DebtorId, NextKind, StopFlag
from tests.unit.store_cases import AT, ENGINE, account, campaign, placed, step, stocked, take, whole_call

EXPERIMENT = Experiment(
    name="early",
    salt="1",
    when="days_past_due <= 15",
    begins_on=date(2026, 3, 1),
    ends_on=date(2026, 3, 31),
    arms=(Arm(name=HOLD_OUT, share=5_000), Arm(name=CHAMPION, share=5_000)),
    hold_days=7,
)
PEOPLE = 40


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore.create(tmp_path / "store.db")
    yield stocked(opened, [account(f"A-{n:03d}", n, debtor=f"D{n}") for n in range(PEOPLE)])
    opened.close()


def with_experiment(**changes: object) -> CampaignSettings:
    return replace(campaign(), hold_outs=(replace(EXPERIMENT, **changes),))  # type: ignore[arg-type]


def everybody(store: SqliteStore) -> set[int]:
    with store.reading() as database:
        return {row[0] for row in database.execute("SELECT debtor_id FROM debtors")}


def held(store: SqliteStore) -> dict[int, str]:
    with store.reading() as database:
        return dict(database.execute("SELECT debtor_id, until_at FROM hold_outs").fetchall())


def test_a_lease_hands_out_everybody_but_the_hold_out(store: SqliteStore) -> None:
    leads = take(store, settings=with_experiment())
    expected = {one for one in everybody(store) if is_held_out(EXPERIMENT, DebtorId(one))}
    assert 0 < len(expected) < PEOPLE
    assert {int(lead.debtor_id) for lead in leads} == everybody(store) - expected
    assert set(held(store)) == expected
    a_day_later = take(store, settings=with_experiment(), at=AT + timedelta(days=1))
    assert {int(lead.debtor_id) for lead in a_day_later} == everybody(store) - expected


def test_the_hold_out_is_called_when_its_days_are_over_and_not_held_out_again(store: SqliteStore) -> None:
    take(store, settings=with_experiment())
    store.release_leases(ENGINE)
    later = AT + timedelta(days=7, seconds=1)
    assert len(take(store, settings=with_experiment(), at=later)) == PEOPLE


def test_without_an_experiment_that_is_on_everybody_is_called(store: SqliteStore) -> None:
    for changes in ({"ends_on": date(2026, 3, 1)}, {"begins_on": date(2026, 3, 3)}, {"when": "days_past_due > 15"}):
        assert len(take(store, settings=with_experiment(**changes))) == PEOPLE
        store.release_leases(ENGINE)
    assert held(store) == {}


def test_a_debtor_with_an_account_outside_of_the_experiment_is_called(tmp_path: Path) -> None:
    store = SqliteStore.create(tmp_path / "two.db")
    both = [
        account(f"{kind}-{n}", n, debtor=f"D{n}", days=days) for n in range(20) for kind, days in (("A", 5), ("B", 60))
    ]
    stocked(store, both)
    assert len(take(store, settings=with_experiment())) == 20
    store.close()


def test_an_agreed_call_back_is_made(store: SqliteStore) -> None:
    (lead,) = take(store, 1)
    called = AT + timedelta(hours=1)
    assert whole_call(store, lead, "att-1", step(NextKind.CALLBACK, called))
    always = with_experiment(arms=(Arm(name=HOLD_OUT, share=9_999), Arm(name=CHAMPION, share=1)))
    leads = take(store, settings=always, at=called + timedelta(minutes=1))
    assert int(lead.debtor_id) in {int(one.debtor_id) for one in leads}


def test_nobody_can_ask_for_a_call_to_the_hold_out(store: SqliteStore) -> None:
    settings = with_experiment()
    name = next(one for one in sorted(everybody(store)) if is_held_out(EXPERIMENT, DebtorId(one)))
    with store.reading() as database:
        (account_no,) = database.execute("SELECT account_no FROM accounts WHERE debtor_id = ?", [name]).fetchone()
    with pytest.raises(StoreError, match="hold-out of the experiment early"):
        store.lease_one(settings, account_no, at=AT, lease_s=60, engine=ENGINE)
    with store.reading() as database:
        assert database.execute("SELECT count(*) FROM accounts WHERE leased_by IS NOT NULL").fetchone() == (0,)


def test_a_lead_in_hand_is_refused_by_the_gate_and_barred_at_the_commit(store: SqliteStore) -> None:
    leads = {int(lead.debtor_id): lead for lead in take(store)}
    name = next(one for one in sorted(leads) if is_held_out(EXPERIMENT, DebtorId(one)))
    with store.writing() as connection:
        hold_outs.hold_out(connection, leads[name], EXPERIMENT, campaign(), AT)
    (bar,) = store.apply([placed(leads[name], "att-9")])
    assert bar.rule == "stop:hold_out"
    with store.reading() as database:
        now = why.lead_at(database.conn, int(leads[name].account_id), AT, None, campaign().rules)
    assert now.stop_flags == {StopFlag.HOLD_OUT}
    refused = gate.check(now, campaign().rules, campaign().name, AT)
    assert isinstance(refused, gate.Refusal)
    assert refused.rule == "stop:hold_out"
    assert "缓催" in refused.reason_zh


def test_it_is_told_as_an_event_and_lifted_like_any_other_stop(store: SqliteStore) -> None:
    take(store, settings=with_experiment())
    name = min(held(store))
    with store.reading() as database:
        (event,) = happened.of_debtor(database.conn, DebtorId(name))
        (account_no,) = database.execute("SELECT account_no FROM accounts WHERE debtor_id = ?", [name]).fetchone()
    assert event.kind is EventKind.STOP_ADDED
    assert (event.payload["flag"], event.source, event.actor) == ("hold_out", "experiment", "experiment early")
    store.lift_stop(account_no, "hold_out", by="chen", at=AT, note="a complaint")
    later = take(store, settings=with_experiment(), at=AT + timedelta(seconds=30))
    assert [int(lead.debtor_id) for lead in later] == [name]


def told(store: SqliteStore, debtor_id: int, settings: CampaignSettings) -> tuple[Block, ...]:
    with store.reading() as database:
        (account_id,) = database.execute("SELECT account_id FROM accounts WHERE debtor_id = ?", [debtor_id]).fetchone()
        known = why.known_account(database.conn, account_id, AT)

        def pending(lead: object) -> Block | None:
            found = hold_outs.due(database.conn, lead, settings, AT)  # type: ignore[arg-type]
            return None if found is None else Block(rule=f"hold_out {found.name}", zh="缓催", en="held out")

        read = partial(why.lead_at, database.conn, account_id, phone_id=None, rules=settings.rules)
        return explain(known, settings, (), read, AT, held_out=pending).blocks


def test_why_tells_of_it_before_and_after_the_lease_would_have_come(store: SqliteStore) -> None:
    settings = with_experiment()
    name = next(one for one in sorted(everybody(store)) if is_held_out(EXPERIMENT, DebtorId(one)))
    assert "hold_out early" in {block.rule for block in told(store, name, settings)}
    take(store, settings=settings)
    (block,) = [one for one in told(store, name, settings) if "hold_out" in one.rule]
    assert block.rule == "stop:hold_out"
    assert block.until == AT + timedelta(days=7)
    assert block.since == AT
