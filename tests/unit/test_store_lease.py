from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dialer.effects import ReleaseLease, SaveRefusal
from dialer.store.leasing import local_midnight
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId, AgentId, NextKind, Outcome, StopFlag
from store_cases import (
    AT,
    ENGINE,
    account,
    campaign,
    closed,
    concluded,
    number,
    placed,
    step,
    stocked,
    take,
    whole_call,
)

LATER = AT + timedelta(hours=3)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.create(tmp_path / "store.db")
    yield store
    store.close()


def numbers_of(store: SqliteStore, **how: object) -> list[str]:
    return [lead.account_no for lead in take(store, **how)]  # type: ignore[arg-type]


def test_leads_come_by_callback_then_priority_then_days_then_amount_then_longest_untouched(
    store: SqliteStore,
) -> None:
    stocked(store, [account("touched", 1), account("callback", 2, days=0)])
    by_no = {lead.account_no: lead for lead in take(store)}
    whole_call(store, by_no["touched"], "att-1", step(NextKind.RETRY, AT))
    whole_call(store, by_no["callback"], "att-2", step(NextKind.CALLBACK, AT, agent="a7"))
    stocked(
        store,
        [
            account("untouched", 3),
            account("amount", 4, due="100.01"),
            account("days", 5, days=11, due="1"),
            account("priority", 6, days=0, priority=1),
        ],
    )
    assert numbers_of(store) == ["callback", "priority", "days", "amount", "untouched", "touched"]


def test_a_lead_carries_the_account_and_what_the_rules_count(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, 2, 3, due="12345.67", days=42)])
    (first,) = take(store)
    assert (first.attempts_total, first.last_attempt_at, first.other_numbers) == (0, None, 2)
    talked_at = AT + timedelta(minutes=1)
    whole_call(store, first, "att-1", step(NextKind.RETRY, AT))
    (second,) = take(store)
    whole_call(
        store,
        second,
        "att-2",
        step(NextKind.OTHER_NUMBER, talked_at),
        Outcome.BRIDGED,
        at=talked_at,
        conversation=True,
    )
    (lead,) = take(store, at=LATER)
    assert lead.number == number(2)
    assert lead.amount_due == Decimal("12345.67")
    assert (lead.days_past_due, lead.zone, lead.debtor_name) == (42, "Asia/Shanghai", "王a")
    assert (lead.attempts_total, lead.retries) == (2, 0)
    assert (lead.number_attempts_today, lead.debtor_attempts_today) == (0, 2)
    assert lead.debtor_conversations_today == 1
    assert lead.last_attempt_at == talked_at
    assert (lead.other_numbers, lead.stop_flags) == (1, frozenset())


def test_today_begins_at_the_debtors_own_midnight(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, zone="America/New_York")])
    (lead,) = take(store)
    before_midnight = datetime(2026, 3, 2, 4, 59, tzinfo=UTC)  # 23:59 in New York
    whole_call(store, lead, "att-1", step(NextKind.RETRY, AT), at=before_midnight)
    (same_day,) = take(store, at=before_midnight)
    store.apply([ReleaseLease(account_id=same_day.account_id)])
    (next_day,) = take(store, at=before_midnight + timedelta(minutes=2))
    assert (same_day.number_attempts_today, next_day.number_attempts_today) == (1, 0)
    assert next_day.attempts_total == 1


@pytest.mark.parametrize(
    ("zone", "begins_at"),
    [
        ("Asia/Shanghai", datetime(2026, 3, 1, 16, tzinfo=UTC)),
        ("America/New_York,America/Los_Angeles", datetime(2026, 3, 1, 5, tzinfo=UTC)),
        ("", AT - timedelta(days=1)),
        ("Mars/Olympus", AT - timedelta(days=1)),
    ],
)
def test_of_several_or_no_zones_the_day_is_counted_from_the_earliest(zone: str, begins_at: datetime) -> None:
    assert local_midnight(zone, AT) == begins_at


def test_a_leased_account_is_not_leased_again_until_released(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    assert take(store) == ()
    store.apply([ReleaseLease(account_id=lead.account_id)])
    assert numbers_of(store) == ["a"]


def test_one_debtor_is_leased_once_over_all_accounts_and_lists(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, debtor="d"), account("b", 2, debtor="d")])
    store.import_accounts("other", "o.csv", [account("c", 3, debtor="d")], AT)
    assert len(take(store)) == 1
    assert take(store) == ()
    assert take(store, settings=campaign(list_name="other")) == ()


def test_one_number_of_two_debtors_is_leased_once(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, debtor="d1"), account("b", 1, debtor="d2")])
    (lead,) = take(store)
    assert take(store) == ()
    whole_call(store, lead, "att-1", step(NextKind.CLOSED))
    assert numbers_of(store) == ["b"]


def test_a_number_in_the_air_is_leased_only_after_its_disposition(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, debtor="d1"), account("b", 1, debtor="d2")])
    (lead,) = take(store, lease_s=1.0)
    store.apply([placed(lead, "att-1")])
    assert take(store, at=LATER) == ()
    store.apply([closed("att-1")])
    assert take(store, at=LATER) == ()


def test_a_call_placed_after_its_lease_ran_out_still_keeps_debtor_and_number_to_itself(store: SqliteStore) -> None:
    stocked(
        store,
        [account("a", 1, debtor="d1"), account("a2", 2, debtor="d1"), account("b", 1, debtor="d2")],
    )
    (lead,) = take(store, 1, lease_s=1.0)
    assert store.apply([placed(lead, "att-1", at=LATER)]) == ()  # nobody has swept the lease away yet
    assert take(store, at=LATER) == ()


def test_an_expired_lease_is_leased_again_only_when_it_was_never_dialled(store: SqliteStore) -> None:
    stocked(store, [account("dialled", 1), account("idle", 2)])
    by_no = {lead.account_no: lead for lead in take(store, lease_s=60.0)}
    store.apply([placed(by_no["dialled"], "att-1")])
    assert numbers_of(store, at=AT + timedelta(seconds=59)) == []
    assert numbers_of(store, at=AT + timedelta(seconds=60), engine="engine-2") == ["idle"]


def test_a_lease_that_another_engine_took_over_is_not_ours_to_release_or_dial(tmp_path: Path) -> None:
    ours = stocked(SqliteStore.create(tmp_path / "s.db"), [account("a", 1)])
    theirs = SqliteStore.open(tmp_path / "s.db")
    (lead,) = take(ours, lease_s=1.0)
    assert len(take(theirs, at=LATER, engine="engine-2")) == 1
    ours.apply([ReleaseLease(account_id=lead.account_id)])
    assert take(ours, at=LATER) == ()
    (bar,) = ours.apply([placed(lead, "att-1")])
    assert (bar.rule, bar.attempt_id) == ("lease", "att-1")
    assert ours.open_attempts() == ()
    ours.close()
    theirs.close()


def test_releasing_an_engines_leases_spares_what_is_in_the_air_and_what_others_hold(store: SqliteStore) -> None:
    stocked(store, [account(f"a{index}", index) for index in range(1, 6)])
    mine, theirs = take(store, 3), take(store, 2, engine="engine-2")
    store.apply([placed(theirs[0], "att-1")])
    assert store.release_leases("engine-2") == 1
    assert store.release_leases(ENGINE) == 3
    assert len(take(store)) == len(mine) + 1


def test_a_released_lead_waits_until_its_moment(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    store.apply([ReleaseLease(account_id=lead.account_id, not_before_at=LATER, reason="hours")])
    answer = store.lease(campaign(), limit=9, at=AT, lease_s=60.0, engine=ENGINE)
    assert (answer.leads, answer.waiting, answer.next_due_at) == ((), 1, LATER)
    assert numbers_of(store, at=LATER) == ["a"]


def test_a_refusal_that_time_does_not_cure_takes_the_account_out_of_the_pool(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, zone="")])
    (lead,) = take(store)
    refused = SaveRefusal(campaign=campaign().name, lead=lead, at=AT, rule="zone", reason="no zone", until_at=None)
    store.apply([refused, ReleaseLease(account_id=lead.account_id)])
    assert take(store, at=LATER) == ()
    assert store.list_progress("spring").on_hold == 1
    stocked(store, [account("a", 1, zone="Asia/Shanghai")])
    assert numbers_of(store) == ["a"]


@pytest.mark.parametrize("flag", [flag for flag in StopFlag if flag is not StopFlag.WRONG_NUMBER])
def test_a_flag_on_a_debtor_stops_every_account_of_the_debtor(store: SqliteStore, flag: StopFlag) -> None:
    stocked(store, [account("a", 1, debtor="d"), account("b", 2, debtor="d"), account("free", 3)])
    store.add_stop("a", flag, by="boss", at=AT)
    stocked(store, [account("late", 4, debtor="d")])
    assert numbers_of(store, at=LATER) == ["free"]
    assert store.list_progress("spring").never == 3


def test_a_forbidden_number_is_never_leased_for_anybody_and_others_take_its_place(store: SqliteStore) -> None:
    stocked(store, [account("two", 1, 2), account("one", 1, debtor="d2")])
    store.add_stop(number(1), "do_not_call", by="boss", at=AT)
    stocked(store, [account("late", 1, debtor="d3")])
    assert [(lead.account_no, lead.number) for lead in take(store)] == [("two", number(2))]
    assert store.list_progress("spring").done == 2


def test_a_flag_set_during_a_call_outlives_the_calls_next_step(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    store.apply([placed(lead, "att-1")])
    store.add_stop("a", "complaint", by="boss", at=AT)
    (found,) = store.open_attempts()
    assert found.lead.stop_flags == {StopFlag.COMPLAINT}
    store.apply([closed("att-1")])
    store.apply([concluded(lead, "att-1", step(NextKind.RETRY, AT))])
    assert take(store, at=LATER) == ()


def test_an_account_of_a_team_is_leased_only_for_that_team_or_for_all(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    whole_call(store, lead, "att-1", step(NextKind.TEAM, LATER, team="senior"))
    assert take(store, at=LATER, settings=campaign(teams=("junior",))) == ()
    (again,) = take(store, at=LATER, settings=campaign(teams=("junior", "senior")))
    assert again.team == "senior"
    store.apply([ReleaseLease(account_id=again.account_id)])
    assert len(take(store, at=LATER)) == 1


def test_a_callback_names_its_agent_and_comes_at_its_moment(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    whole_call(store, lead, "att-1", step(NextKind.CALLBACK, LATER, agent="a7"))
    assert take(store) == ()
    (again,) = take(store, at=LATER)
    assert again.callback_agent == AgentId("a7")


def test_a_callback_does_not_stand_in_line_behind_retries_that_fell_due_before_it(store: SqliteStore) -> None:
    stocked(store, [account("callback", 1, days=0), *(account(f"a{index}", index) for index in range(2, 40))])
    for index, lead in enumerate(take(store)):
        promised = lead.account_no == "callback"
        later = step(NextKind.CALLBACK, LATER) if promised else step(NextKind.RETRY, AT + timedelta(hours=1))
        whole_call(store, lead, f"att-{index}", later)
    (first,) = take(store, 1, at=LATER)
    assert first.account_no == "callback"
    assert len(take(store, 20, at=LATER)) == 20


def test_waiting_counts_what_may_be_dialled_later_and_what_is_leased_or_blocked(store: SqliteStore) -> None:
    stocked(store, [account("a", 1), account("b", 2), account("b2", 3, debtor="d"), account("b3", 4, debtor="d")])
    answer = store.lease(campaign(), limit=2, at=AT, lease_s=60.0, engine=ENGINE)
    assert (len(answer.leads), answer.waiting) == (2, 0)
    answer = store.lease(campaign(), limit=9, at=AT, lease_s=60.0, engine=ENGINE)
    assert (len(answer.leads), answer.waiting, answer.next_due_at) == (1, 3, None)


def test_a_finished_list_has_nothing_waiting(store: SqliteStore) -> None:
    stocked(store, [account("a", 1), account("b", 2)])
    for index, lead in enumerate(take(store)):
        whole_call(store, lead, f"att-{index}", step(NextKind.CLOSED))
    answer = store.lease(campaign(), limit=9, at=LATER, lease_s=60.0, engine=ENGINE)
    assert (answer.leads, answer.waiting, answer.next_due_at) == ((), 0, None)


def test_leasing_none_leases_none(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    assert take(store, 0) == ()
    assert len(take(store)) == 1


def test_a_lease_of_an_unknown_account_can_be_released_in_peace(store: SqliteStore) -> None:
    store.apply([ReleaseLease(account_id=AccountId(404))])
    assert store.list_progress("spring").total == 0
