from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dialer.effects import SaveAgentState, SaveCallEvent, SaveCampaignState
from dialer.errors import StoreError
from dialer.leads import Promise
from dialer.store.sqlite import SqliteStore
from dialer.types import AgentId, AgentState, AttemptId, CampaignState, NextKind, Outcome, StopFlag
from store_cases import (
    AT,
    CAMPAIGN,
    account,
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


def rows(store: SqliteStore, sql: str) -> list[tuple[object, ...]]:
    with store.reading() as database:
        return database.execute(sql).fetchall()


def test_an_attempt_is_saved_once(store: SqliteStore) -> None:
    stocked(store, [account("a", 1), account("b", 2)])
    one, two = take(store)
    store.apply([placed(one, "att-1")])
    with pytest.raises(StoreError, match="nothing was written"):
        store.apply([placed(two, "att-1")])
    assert [found.lead.account_no for found in store.open_attempts()] == [one.account_no]


def test_a_debtor_cannot_have_two_calls_in_the_air(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    store.apply([placed(lead, "att-1")])
    (bar,) = store.apply([placed(lead, "att-2")])
    assert (bar.rule, bar.attempt_id) == ("in_air", "att-2")
    assert rows(store, "SELECT attempt_id FROM attempts") == [("att-1",)]


def test_a_batch_is_all_or_nothing(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    with pytest.raises(StoreError, match="never saved"):
        store.apply([placed(lead, "att-1"), closed("att-1"), closed("att-404")])
    assert rows(store, "SELECT count(*) FROM attempts") == [(0,)]


def test_closing_twice_keeps_the_first(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    store.apply([placed(lead, "att-1"), closed("att-1", Outcome.BUSY, recording="att-1")])
    store.apply([closed("att-1", Outcome.NO_ANSWER, recording="other")])
    assert rows(store, "SELECT outcome, ringing_s, recording FROM attempts") == [("busy", 2.0, "att-1")]
    assert rows(store, "SELECT attempt_id, stem FROM recordings") == [("att-1", "att-1")]


def test_open_attempts_give_back_the_lead_as_it_was_before_the_call(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, 2), account("b", 3)])
    one, two = take(store)
    store.apply([placed(one, "att-1"), placed(two, "att-2", at=LATER)])
    store.apply([closed("att-2", Outcome.BRIDGED, agent="a7")])
    first, second = store.open_attempts()
    assert (first.attempt_id, first.lead, first.outcome, first.at) == ("att-1", one, None, AT)
    assert (second.lead, second.outcome, second.agent_id) == (two, Outcome.BRIDGED, "a7")
    assert not first.talked
    store.apply([SaveCallEvent(attempt_id=AttemptId("att-1"), at=AT, event="call.bridged")])
    assert [found.talked for found in store.open_attempts()] == [True, False]
    store.apply([concluded(two, "att-2", step(NextKind.CLOSED), Outcome.BRIDGED)])
    assert [found.attempt_id for found in store.open_attempts()] == ["att-1"]


def test_concluding_twice_keeps_the_first(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    whole_call(store, lead, "att-1", step(NextKind.CLOSED))
    store.apply([concluded(lead, "att-1", step(NextKind.RETRY, AT))])
    assert take(store, at=LATER) == ()
    with pytest.raises(StoreError, match="never saved"):
        store.apply([concluded(lead, "att-404", step(NextKind.CLOSED))])


def test_a_disposition_saves_the_promise_to_the_cent_and_holds_the_account_until_it_is_due(
    store: SqliteStore,
) -> None:
    stocked(store, [account("a", 1, debtor="d"), account("b", 2, debtor="d")])
    (lead,) = take(store, 1)
    due_at = AT + timedelta(days=3)
    promise = Promise(amount=Decimal("1234.50"), due_on=date(2026, 3, 5))
    store.apply([placed(lead, "att-1"), closed("att-1", Outcome.BRIDGED, agent="a7")])
    store.apply(
        [
            concluded(
                lead,
                "att-1",
                step(NextKind.HOLD, due_at),
                Outcome.BRIDGED,
                agent="a7",
                code="promise",
                promise=promise,
                stop=StopFlag.PROMISE_OPEN,
                conversation=True,
            )
        ]
    )
    assert rows(store, "SELECT amount_cents, due_on, agent_id FROM promises") == [(123450, "2026-03-05", "a7")]
    assert take(store, at=due_at - timedelta(seconds=1)) == (), "the other account is held as well"
    assert {each.account_no for each in take(store, at=due_at)} <= {"a", "b"}
    assert rows(store, "SELECT count(*) FROM accounts WHERE leased_by IS NOT NULL") == [(1,)]


def test_an_amount_with_a_fraction_of_a_cent_is_refused_and_nothing_is_concluded(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    store.apply([placed(lead, "att-1"), closed("att-1", Outcome.BRIDGED)])
    promise = Promise(amount=Decimal("0.001"), due_on=date(2026, 3, 5))
    with pytest.raises(StoreError, match="fraction of a cent"):
        store.apply([concluded(lead, "att-1", step(NextKind.HOLD), Outcome.BRIDGED, promise=promise)])
    assert len(store.open_attempts()) == 1


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (NextKind.RETRY, "waiting"),
        (NextKind.OTHER_NUMBER, "waiting"),
        (NextKind.CALLBACK, "waiting"),
        (NextKind.TEAM, "waiting"),
        (NextKind.HOLD, "hold"),
        (NextKind.CLOSED, "closed"),
        (NextKind.NEVER, "never"),
    ],
)
def test_the_next_step_moves_the_account_says_why_and_ends_the_lease(
    store: SqliteStore, kind: NextKind, state: str
) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    whole_call(store, lead, "att-1", step(kind))
    assert rows(store, "SELECT state, next_rule, next_reason, leased_by FROM accounts") == [
        (state, f"{kind}.test", "because", None)
    ]


def test_retries_count_equal_outcomes_in_a_row_and_a_conversation_starts_anew(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    told = []
    for index, (outcome, conversation) in enumerate(
        [
            (Outcome.BUSY, False),
            (Outcome.NO_ANSWER, False),
            (Outcome.NO_ANSWER, False),
            (Outcome.BRIDGED, True),
            (Outcome.NO_ANSWER, False),
            (Outcome.NO_ANSWER, False),
        ]
    ):
        (lead,) = take(store)
        told.append(lead.retries)
        whole_call(store, lead, f"att-{index}", step(NextKind.RETRY, AT), outcome, conversation=conversation)
    assert told == [0, 1, 1, 2, 0, 1]


def test_other_number_goes_round_the_usable_numbers_by_rank(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, 2, 3, 4)])
    store.add_stop(number(2), "do_not_call", by="boss", at=AT)
    dialled, others = [], []
    for index in range(4):
        (lead,) = take(store)
        dialled.append(lead.number)
        others.append(lead.other_numbers)
        whole_call(store, lead, f"att-{index}", step(NextKind.OTHER_NUMBER, AT))
    assert dialled == [number(1), number(3), number(4), number(1)]
    assert others == [2, 1, 0, 2], "further numbers only, so that a list comes to an end"


def test_other_number_without_another_one_is_a_retry_at_its_moment(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    whole_call(store, lead, "att-1", step(NextKind.OTHER_NUMBER, LATER))
    assert take(store) == ()
    assert [again.number for again in take(store, at=LATER)] == [number(1)]


def test_an_invalid_number_is_left_by_everybody_and_closes_who_has_no_other(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, 2, debtor="d1"), account("b", 1, debtor="d2")])
    lead = next(each for each in take(store) if each.number == number(1))
    whole_call(store, lead, "att-1", step(NextKind.RETRY, AT), Outcome.INVALID)
    assert [(each.account_no, each.number) for each in take(store)] == [("a", number(2))]
    assert rows(store, "SELECT state, next_rule FROM accounts WHERE account_no = 'b'") == [("closed", "no-number")]


def test_a_wrong_number_is_wrong_for_this_debtor_only(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, 2, debtor="d1"), account("b", 1, debtor="d2", days=5)])
    lead = next(each for each in take(store) if each.account_no == "a")
    wrong = StopFlag.WRONG_NUMBER
    whole_call(store, lead, "att-1", step(NextKind.OTHER_NUMBER, AT), Outcome.BRIDGED, stop=wrong)
    assert {(each.account_no, each.number) for each in take(store)} == {("a", number(2)), ("b", number(1))}


def test_do_not_call_from_a_conversation_is_about_the_debtor_and_the_line(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, 2, debtor="d1"), account("b", 1, debtor="d2")])
    lead = next(each for each in take(store) if each.account_no == "a")
    whole_call(store, lead, "att-1", step(NextKind.RETRY, AT), Outcome.BRIDGED, stop=StopFlag.DO_NOT_CALL)
    assert take(store, at=LATER) == ()
    assert rows(store, "SELECT account_no, state FROM accounts ORDER BY 1") == [("a", "never"), ("b", "closed")]


@pytest.mark.parametrize(
    ("whom", "flag", "said"),
    [
        ("+86139", "silence", "no stop flag"),
        ("+0123456", "do_not_call", "E.164"),
        ("+86139x", "do_not_call", "E.164"),
        ("nobody", "complaint", "no account nobody"),
        ("a", "wrong_number", "give the number"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_a_cure(
    store: SqliteStore, whom: str, flag: str, said: str
) -> None:
    stocked(store, [account("a", 1)])
    with pytest.raises(StoreError, match=said):
        store.add_stop(whom, flag, by="boss", at=AT)
    assert len(take(store)) == 1


def test_a_state_of_an_agent_ends_the_one_before(store: SqliteStore) -> None:
    for minutes, state in enumerate((AgentState.READY, AgentState.TALKING, AgentState.OFFLINE)):
        store.apply([SaveAgentState(agent_id=AgentId("a7"), state=state, at=AT + timedelta(minutes=minutes))])
    times = rows(store, "SELECT state, began_at, ended_at FROM agent_times ORDER BY time_id")
    assert [state for state, *_ in times] == ["ready", "talking", "offline"]
    assert [ended for *_, ended in times] == [began for _, began, _ in times[1:]] + [None]


def test_a_campaigns_last_state_is_known(store: SqliteStore) -> None:
    assert store.campaign_states() == {}
    for state in (CampaignState.RUNNING, CampaignState.PAUSED):
        store.apply([SaveCampaignState(campaign=CAMPAIGN, state=state, at=AT)])
    assert store.campaign_states() == {CAMPAIGN: CampaignState.PAUSED}


def test_the_history_of_calls_can_be_added_to_and_nothing_else(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    event = SaveCallEvent(attempt_id=AttemptId("att-1"), at=AT, event="call.answered")
    store.apply([placed(lead, "att-1"), event])
    for forbidden in (
        "UPDATE call_events SET event = 'call.never'",
        "DELETE FROM call_events",
        "INSERT OR REPLACE INTO call_events (event_id, attempt_id, at, event) "
        "SELECT event_id, attempt_id, at, 'call.never' FROM call_events",
    ):
        with pytest.raises(StoreError, match="append-only"), store.reading() as database:
            database.execute(forbidden)
    assert rows(store, "SELECT event FROM call_events") == [("call.answered",)]


def test_a_moment_without_a_zone_is_refused(store: SqliteStore) -> None:
    naive = AT.replace(tzinfo=None)
    with pytest.raises(ValueError, match="without a zone"):
        store.apply([SaveCampaignState(campaign=CAMPAIGN, state=CampaignState.RUNNING, at=naive)])
    assert store.campaign_states() == {}
