from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dialer.effects import SaveAgentState, SaveRefusal
from dialer.leads import Promise
from dialer.report import ANSWERED_BY_PERSON, NOT_CARRIED, spread
from dialer.store.reports import campaign_report, export_accounts, export_attempts
from dialer.store.sqlite import SqliteStore
from dialer.store.statements import Statements
from dialer.types import AgentId, AgentState, CampaignName, NextKind, Outcome, TrunkName
from store_cases import (
    AT,
    CAMPAIGN,
    LIST,
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

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.create(tmp_path / "store.db")
    yield store
    store.close()


def agent_day(store: SqliteStore, agent: str, *states: tuple[int, AgentState]) -> None:
    store.apply(
        [
            SaveAgentState(agent_id=AgentId(agent), state=state, at=AT + minute * MINUTE, campaign=CAMPAIGN)
            for minute, state in states
        ]
    )


@pytest.fixture
def worked(store: SqliteStore) -> SqliteStore:
    """Six attempts: three bridged (one promise), one abandoned, one busy, one never closed."""
    stocked(store, [account(f"a{index}", index) for index in range(8)])
    leads = take(store, 6)
    outcomes = [Outcome.BRIDGED] * 3 + [Outcome.ABANDONED, Outcome.BUSY]
    for index, (lead, outcome) in enumerate(zip(leads, outcomes, strict=False)):
        at, attempt, bridged = AT + index * 10 * MINUTE, f"att-{index}", outcome is Outcome.BRIDGED
        agent = "a1" if bridged else None
        wait_s = 0.5 + index if bridged else 2.0 if outcome is Outcome.ABANDONED else None
        promise = Promise(amount=Decimal("100.05"), due_on=date(2026, 3, 9)) if index == 0 else None
        next_step = step(NextKind.HOLD if promise else NextKind.CLOSED)
        code = "promise" if promise else "refused" if bridged else None
        store.apply(
            [
                placed(lead, attempt, at=at),
                closed(attempt, outcome, at=at + MINUTE, agent=agent, wait_s=wait_s),
                concluded(
                    lead,
                    attempt,
                    next_step,
                    outcome,
                    at=at + MINUTE,
                    agent=agent,
                    code=code,
                    promise=promise,
                    conversation=bridged and index < 2,
                ),
            ]
        )
    store.apply([placed(leads[5], "att-5", at=AT + 50 * MINUTE)])
    states = AgentState
    agent_day(
        store,
        "a1",
        (-30, states.READY),
        (10, states.TALKING),
        (30, states.WRAP_UP),
        (34, states.PAUSED),
        (40, states.READY),
        (50, states.OFFLINE),
    )
    agent_day(store, "a2", (55, states.READY))
    return store


def test_a_campaigns_figures_are_those_of_its_attempts(worked: SqliteStore) -> None:
    told = campaign_report(worked, CAMPAIGN, LIST, AT, AT + HOUR)
    assert told.attempts == 6
    assert told.by_outcome == {"bridged": 3, "abandoned": 1, "busy": 1, "open": 1}
    assert (told.answered, told.bridged, told.abandoned) == (4, 3, 1)
    assert told.abandonment_ratio == 0.25
    assert told.answer_ratio == pytest.approx(4 / 6)
    assert (told.wait_s.count, told.wait_s.p50, told.wait_s.p95, told.wait_s.max) == (4, 1.5, 2.5, 2.5)
    assert (told.connect_ms.count, told.connect_ms.p50, told.connect_ms.p99) == (3, 1500.0, 2500.0)
    assert (told.talk_s, told.mean_talk_s) == (180.0, 60.0)
    assert told.dispositions == {"refused": 2, "promise": 1}
    assert (told.promises, told.promised) == (1, Decimal("100.05"))
    assert told.progress.total == 8
    assert (told.progress.done, told.progress.on_hold) == (5, 1)
    assert (told.progress.waiting, told.progress.dialable_now) == (1, 2)


def test_an_agents_times_are_cut_to_the_span(worked: SqliteStore) -> None:
    told = campaign_report(worked, CAMPAIGN, LIST, AT, AT + HOUR, agents=[AgentId("a3")])
    first, second, third = told.agents
    assert (first.agent_id, first.calls, first.talk_s) == ("a1", 3, 180.0)
    assert (first.right_party, first.promises) == (2, 1)
    assert first.logged_in_s == pytest.approx(50 * 60, abs=0.01)
    assert first.ready_s == pytest.approx(20 * 60, abs=0.01)
    assert first.wrap_up_s == pytest.approx(240, abs=0.01)
    assert first.paused_s == pytest.approx(360, abs=0.01)
    assert first.occupancy_ratio == pytest.approx(24 / 44, abs=1e-4)
    assert (second.agent_id, second.calls) == ("a2", 0)
    assert second.logged_in_s == pytest.approx(300, abs=0.01), "a state that goes on lasts to the end"
    assert (third.agent_id, third.logged_in_s, third.occupancy_ratio) == ("a3", 0.0, None)


def test_curves_have_no_gaps_and_add_up(worked: SqliteStore) -> None:
    told = campaign_report(worked, CAMPAIGN, LIST, AT - HOUR, AT + HOUR, bucket_s=1200.0)
    assert [each.begins_at for each in told.buckets] == [AT - HOUR + index * 20 * MINUTE for index in range(6)]
    assert [each.attempts for each in told.buckets] == [0, 0, 0, 2, 2, 2]
    assert [each.abandonment_ratio for each in told.buckets] == [None, None, None, 0.0, 0.5, None]
    assert [each.answer_ratio for each in told.buckets] == [None, None, None, 1.0, 1.0, 0.0]


def test_occupancy_over_time_comes_from_the_agents_states_cut_at_each_stretch(worked: SqliteStore) -> None:
    told = campaign_report(worked, CAMPAIGN, LIST, AT, AT + HOUR, bucket_s=900.0)
    # a1: ready to minute 10, talking to 30, wrap-up to 34, paused to 40, ready to 50; a2: ready from 55 on.
    assert [each.at_work_s / 60 for each in told.buckets] == pytest.approx([15.0, 15.0, 9.0, 10.0], abs=1e-3)
    assert [each.busy_s / 60 for each in told.buckets] == pytest.approx([5.0, 15.0, 4.0, 0.0], abs=1e-3)
    assert [each.occupancy_ratio for each in told.buckets] == pytest.approx([1 / 3, 1.0, 4 / 9, 0.0], abs=1e-4)
    whole_s = sum(line.logged_in_s - line.paused_s for line in told.agents)
    assert sum(each.at_work_s for each in told.buckets) == pytest.approx(whole_s, abs=0.01)
    assert told.occupancy_ratio == pytest.approx(sum(each.busy_s for each in told.buckets) / whole_s, abs=1e-5)


def test_a_long_state_counts_in_every_stretch_that_it_crosses(worked: SqliteStore) -> None:
    told = campaign_report(worked, CAMPAIGN, LIST, AT, AT + HOUR, bucket_s=60.0)
    assert [each.busy_s for each in told.buckets[10:34]] == pytest.approx([60.0] * 24, abs=0.01)
    assert sum(each.busy_s for each in told.buckets) == pytest.approx(24 * 60.0, abs=0.02)


def test_agents_of_other_campaigns_are_not_counted_as_this_ones(worked: SqliteStore) -> None:
    other = SaveAgentState(agent_id=AgentId("z9"), state=AgentState.READY, at=AT, campaign=CampaignName("other"))
    worked.apply([other])
    told = campaign_report(worked, CAMPAIGN, LIST, AT, AT + HOUR, bucket_s=900.0)
    assert told.buckets[0].at_work_s == pytest.approx(900.0, abs=0.01)


def test_trunks_are_told_apart_from_the_debtors(worked: SqliteStore) -> None:
    (lead,) = take(worked, 1)
    whole_call(worked, lead, "att-6", step(NextKind.CLOSED), Outcome.TRUNK_FAILED, at=AT + 55 * MINUTE)
    (trunk,) = campaign_report(worked, CAMPAIGN, LIST, AT, AT + HOUR).trunks
    assert (trunk.trunk, trunk.attempts, trunk.answered, trunk.failures) == (TrunkName("carrier"), 7, 4, 1)
    assert trunk.answer_seizure_ratio == pytest.approx(4 / 7)
    assert trunk.post_dial_delay_s == pytest.approx(2.0)


def test_attempts_outside_the_span_or_of_others_do_not_count(worked: SqliteStore) -> None:
    late = campaign_report(worked, CAMPAIGN, LIST, AT + 30 * MINUTE, AT + 40 * MINUTE)
    assert late.by_outcome == {"abandoned": 1}
    nobody = campaign_report(worked, CampaignName("other"), LIST, AT, AT + HOUR)
    assert (nobody.attempts, nobody.agents, nobody.trunks, nobody.buckets) == (0, (), (), ())
    assert (nobody.abandonment_ratio, nobody.mean_talk_s, nobody.wait_s.p50) == (None, None, None)


def test_quantiles_are_values_that_were_measured() -> None:
    told = spread([float(value) for value in range(100, 0, -1)])
    assert (told.count, told.p50, told.p95, told.p99, told.max) == (100, 50.0, 95.0, 99.0, 100.0)


def test_the_sql_and_the_python_agree_on_what_an_answer_and_a_failure_are() -> None:
    statements = Statements("report")
    for name, meant in (("waits", ANSWERED_BY_PERSON), ("buckets", ANSWERED_BY_PERSON), ("trunks", NOT_CARRIED)):
        listed = statements[name].split("outcome IN (")[1].split(")")[0]
        assert {word.strip(" '") for word in listed.split(",")} == set(meant), name


def test_exports_mask_people_unless_told_otherwise(worked: SqliteStore) -> None:
    masked, whole = list(export_attempts(worked, CAMPAIGN)), list(export_attempts(worked, unmasked=True))
    assert len(masked) == len(whole) == 6
    assert whole[0]["number"] == number(0)
    assert whole[0]["debtor_name"] == "王a0"
    assert whole[0]["promised"] == Decimal("100.05")
    assert all("****" in str(row["number"]) and row["debtor_name"] == "王*" for row in masked)
    assert number(0) not in str(masked)
    assert list(export_attempts(worked, CAMPAIGN, since=AT + HOUR)) == []
    accounts = list(export_accounts(worked, LIST, unmasked=True))
    assert [row["account_no"] for row in accounts] == [f"a{index}" for index in range(8)]
    assert (accounts[0]["state"], accounts[0]["amount_due"]) == ("hold", Decimal("100.00"))
    assert "****" in str(next(export_accounts(worked, LIST))["number"])


def test_rows_may_be_taken_while_the_same_store_is_asked_something_else(worked: SqliteStore) -> None:
    for row in export_accounts(worked, LIST, unmasked=True):
        assert worked.account_history(str(row["account_no"]))


def test_an_accounts_history_tells_everything_in_order(store: SqliteStore) -> None:
    stocked(store, [account("a", 1), account("b", 2)])
    lead = next(each for each in take(store) if each.account_no == "a")
    refusal = SaveRefusal(campaign=CAMPAIGN, lead=lead, at=AT, rule="gap", reason="too soon", until_at=AT)
    promise = Promise(amount=Decimal("7.05"), due_on=date(2026, 3, 9))
    store.apply([refusal, placed(lead, "att-1", at=AT + MINUTE)])
    store.apply([closed("att-1", Outcome.BRIDGED, at=AT + 2 * MINUTE, agent="a1")])
    held = concluded(
        lead, "att-1", step(NextKind.HOLD), Outcome.BRIDGED, at=AT + 3 * MINUTE, agent="a1", promise=promise
    )
    store.apply([held])
    store.add_stop("a", "dispute", by="boss", at=AT + HOUR, note="letter")
    store.add_stop(number(1), "do_not_call", by="boss", at=AT + 2 * HOUR)
    lines = store.account_history("a")
    assert [line.event for line in lines] == [
        "account.imported",
        "call.refused",
        "attempt.placed",
        "attempt.closed",
        "account.disposed",
        "promise.made",
        "debtor.flagged",
        "number.forbidden",
    ]
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert lines[5].detail == "7.05 2026-03-09"
    assert (lines[6].detail, lines[6].agent_id) == ("dispute: letter", "boss")
    assert store.account_history("nobody") == ()
