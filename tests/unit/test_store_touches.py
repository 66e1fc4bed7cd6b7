"""What a lead brings of earlier dials: every one of the last 31 days, and what each counts as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dialer.calling_rules import Limit, LocalDays, Origin
from dialer.compliance.counting import counted
from dialer.effects import CloseAttempt, SaveCallEvent
from dialer.leads import Lead, Touch
from dialer.store.sqlite import SqliteStore
from dialer.types import AttemptId, CampaignName, ContactRole, Counted, LimitKey, NextKind, Outcome
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

DAY = timedelta(days=1)
D, U, C, H, T, V, A, M = (
    Counted.DIAL,
    Counted.UNANSWERED,
    Counted.CONNECTED,
    Counted.HUMAN,
    Counted.TALK,
    Counted.CONVERSATION,
    Counted.ABANDONED,
    Counted.MACHINE,
)
COUNTED: dict[Outcome | None, set[Counted]] = {
    None: {D, C, U},
    Outcome.UNKNOWN: {D, C, U},
    Outcome.ENGINE_ERROR: {D, C, U},
    Outcome.CANCELLED: {D, C, U},
    Outcome.NO_ANSWER: {D, C, U},
    Outcome.REJECTED: {D, C, U},
    Outcome.UNREACHABLE: {D, C, U},
    Outcome.MACHINE: {D, C, U, M},
    Outcome.BUSY: {D},
    Outcome.INVALID: {D},
    Outcome.CONGESTION: {D},
    Outcome.TRUNK_FAILED: {D},
    Outcome.BRIDGED: {D, C, H, T},
    Outcome.ABANDONED: {D, C, H, A},
    Outcome.EARLY_HANGUP: {D, C, H},
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.create(tmp_path / "store.db")
    yield store
    store.close()


def again(store: SqliteStore, account_no: str, *, days: float) -> Lead:
    """The account's lead so many days later."""
    return next(lead for lead in take(store, at=AT + days * DAY) if lead.account_no == account_no)


def test_every_outcome_has_its_classes() -> None:
    assert set(COUNTED) == {None, *Outcome}


@pytest.mark.parametrize("outcome", COUNTED)
def test_a_dial_counts_as_what_became_of_it(outcome: Outcome | None) -> None:
    assert counted(outcome, talked=True, conversation=False) == COUNTED[outcome]


@pytest.mark.parametrize(
    ("events", "known"),
    [
        ("call.answered", {D, C, H}),
        ("call.answered,call.bridged", {D, C, H, T}),
        ("call.answered,call.unserved", {D, C, H, A}),
    ],
)
def test_of_a_call_whose_end_nobody_saw_its_history_tells(store: SqliteStore, events: str, known: set[Counted]) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    notes = [SaveCallEvent(attempt_id=AttemptId("att-1"), at=AT, event=event) for event in events.split(",")]
    lost = CloseAttempt(attempt_id=AttemptId("att-1"), at=AT, outcome=Outcome.UNKNOWN)
    store.apply([placed(lead, "att-1"), *notes, lost])
    store.apply([concluded(lead, "att-1", step(NextKind.RETRY, AT + DAY), Outcome.UNKNOWN)])
    (touch,) = again(store, "a", days=1).touches
    assert touch.counted == known


def test_a_short_talk_is_none_and_a_disposition_makes_a_conversation() -> None:
    assert counted(Outcome.BRIDGED, talked=False, conversation=False) == {D, C, H}
    assert counted(Outcome.BRIDGED, talked=True, conversation=True) == {D, C, H, T, V}


def test_a_lead_brings_the_dials_of_31_days_oldest_first_and_no_older_ones(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, 2)])
    (lead,) = take(store)
    for index, days in enumerate((0, 1, 5)):
        at = AT + days * DAY
        whole_call(store, lead, f"att-{index}", step(NextKind.RETRY, at + DAY), Outcome.BUSY, at=at)
        lead = again(store, "a", days=days + 1)
    assert [touch.at for touch in lead.touches] == [AT, AT + DAY, AT + 5 * DAY]
    (only,) = again(store, "a", days=34).touches
    assert only == Touch(
        at=AT + 5 * DAY,
        number=number(1),
        debtor_id=lead.debtor_id,
        account_id=lead.account_id,
        counted=frozenset({D}),
    )


def test_dials_for_other_campaigns_other_loans_and_other_people_on_the_same_lines_are_brought(
    store: SqliteStore,
) -> None:
    theirs = [account("b", 3, debtor="d", days=90), account("c", 2, debtor="other"), account("far", 9)]
    stocked(store, [account("a", 1, 2, debtor="d"), *theirs])
    for lead in take(store):
        attempt_id = f"att-{lead.account_no}"
        attempt = replace(placed(lead, attempt_id), campaign=CampaignName("x"))
        store.apply([attempt, closed(attempt_id), concluded(lead, attempt_id, step(NextKind.CLOSED))])
    lead = again(store, "a", days=1)
    assert {touch.number for touch in lead.touches} == {number(2), number(3)}
    assert len({touch.debtor_id for touch in lead.touches}) == 2


def test_a_dial_after_now_is_not_forgotten_when_the_clock_is_set_back(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store, at=AT + DAY)
    whole_call(store, lead, "att-1", step(NextKind.RETRY, AT), at=AT + DAY)
    (lead,) = take(store)
    assert [touch.at for touch in lead.touches] == [AT + DAY]
    assert (lead.number_attempts_today, lead.debtor_attempts_today) == (1, 1)


def test_a_recovered_attempt_does_not_count_itself(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    store.apply([placed(lead, "att-1")])
    (found,) = store.open_attempts()
    assert found.lead.touches == ()


def test_a_lead_says_who_is_reached_and_whether_an_own_number_is_left(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    assert (lead.role, lead.own_number_invalid, lead.consented_until) == (ContactRole.DEBTOR, False, None)


def test_a_lead_brings_the_dials_of_as_long_as_the_longest_limit_of_the_campaign(store: SqliteStore) -> None:
    yearly = Limit(origin=Origin(id="year"), key=LimitKey.DEBTOR, window=LocalDays(days=366), max=9)
    how = replace(campaign(), rules=replace(campaign().rules, limits=(yearly,)))
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    whole_call(store, lead, "att-1", step(NextKind.RETRY, AT + DAY), Outcome.BUSY)
    for days, brought in ((300, 1), (366, 1), (368, 0)):
        (lead,) = take(store, at=AT + days * DAY, settings=how)
        assert len(lead.touches) == brought
        store.release_leases(ENGINE)
        asked = store.lease_one(how, "a", at=AT + days * DAY, lease_s=9.0, engine=ENGINE)
        assert asked is not None and asked.touches == lead.touches
        store.release_leases(ENGINE)


def test_a_lead_with_old_dials_is_committed_as_any_other(store: SqliteStore) -> None:
    yearly = Limit(origin=Origin(id="year"), key=LimitKey.DEBTOR, window=LocalDays(days=366), max=9)
    how = replace(campaign(), rules=replace(campaign().rules, limits=(yearly,)))
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    whole_call(store, lead, "att-1", step(NextKind.RETRY, AT + DAY), Outcome.BUSY)
    (lead,) = take(store, at=AT + 200 * DAY, settings=how)
    assert len(lead.touches) == 1
    assert store.apply([placed(lead, "att-2", at=AT + 200 * DAY)]) == ()
