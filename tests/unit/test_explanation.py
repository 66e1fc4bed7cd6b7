"""Why an account may not be dialled: the rule, since when, and the next moment it may, through everything at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path

import pytest

from dialer.calling_rules import CallingRules, HoursRule, Limit, LocalDays, Origin, Window
from dialer.compliance import gate
from dialer.effects import Permit, ReleaseLease, SaveRefusal
from dialer.explanation import Answer, explain
from dialer.settings import AgentSettings, CampaignSettings, RouteRule
from dialer.store import why
from dialer.store.sqlite import SqliteStore
from dialer.types import AgentId, LimitKey, NextKind, Outcome, ServerName, StopFlag
from store_cases import AT, CAMPAIGN, account, campaign, number, placed, step, stocked, take, whole_call

NINE_TO_SIX = {day: (Window(opens=time(9), closes=time(18)),) for day in range(7)}
BANK = Origin(profile="CN-BANK", id="hours", cite="CN-2")
WEEKLY = Limit(
    origin=Origin(profile="CN-BANK", id="cn6", cite="CN-6"), key=LimitKey.NUMBER, window=LocalDays(days=1), max=2
)
AGENTS = (AgentSettings(id=AgentId("a01"), name="a", server=ServerName("s"), extension="1", secret=""),)


def rules() -> CallingRules:
    return CallingRules(
        windows=NINE_TO_SIX,
        hours=(HoursRule(windows=NINE_TO_SIX, origin=BANK),),
        close_margin_s=0.0,
        limits=(WEEKLY,),
        min_gap_s=3600.0,
    )


def june(**more: object) -> CampaignSettings:
    return dataclasses.replace(campaign(), rules=rules(), **more)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = stocked(SqliteStore.create(tmp_path / "store.db"), [account("a1", 1, 2, debtor="d"), account("a2", 3)])
    yield made
    made.close()


def asked(
    store: SqliteStore,
    account_no: str = "a1",
    *,
    at: datetime = AT,
    settings: CampaignSettings | None = None,
    agents: tuple[AgentSettings, ...] = AGENTS,
) -> Answer:
    with store.reading() as database:
        ((account_id, phone_id), *_) = why.find(database.conn, account_no)
        known = why.known_account(database.conn, account_id, at, phone_id=phone_id)
        read = partial(why.lead_at, database.conn, account_id, phone_id=phone_id, rules=(settings or june()).rules)
        return explain(known, settings or june(), agents, read, at, phone_id=phone_id)


def test_what_nothing_forbids_may_be_dialled_and_is_leased(store: SqliteStore) -> None:
    told = asked(store)
    assert (told.may, told.number, told.next_at, told.able) == (True, number(1), AT, ("a01",))
    assert "a1" in {lead.account_no for lead in take(store, settings=june())}


def test_hours_name_their_source_since_they_ended_and_when_they_begin(store: SqliteStore) -> None:
    night = AT.replace(hour=13)  # nine in the evening in Shanghai
    (block,) = asked(store, at=night).blocks
    assert (block.rule, block.profile, block.cite) == ("hours", "CN-BANK", "CN-2")
    assert block.since is not None and abs(block.since - AT.replace(hour=10)) <= timedelta(seconds=1)
    assert asked(store, at=night).next_at == AT.replace(hour=1) + timedelta(days=1)


def test_a_cap_is_told_since_the_dial_that_used_it_up(store: SqliteStore) -> None:
    for index, minutes in enumerate((0, 61)):
        at = AT + timedelta(minutes=minutes)
        lead = next(one for one in take(store, at=at, settings=june()) if one.account_no == "a1")
        whole_call(store, lead, f"att-{index}", step(NextKind.RETRY, at), at=at)
        store.release_leases("engine-1")
    told = asked(store, at=AT + timedelta(hours=3))
    block = told.blocks[0]
    assert (block.rule, block.profile, block.cite) == ("cn6", "CN-BANK", "CN-6")
    assert block.since == AT + timedelta(minutes=61)
    assert "CN-BANK cn6 2/2" in told.checked
    assert told.next_at == AT.replace(hour=1) + timedelta(days=1), "the cap ends at midnight, the hours begin at nine"


def test_the_next_moment_goes_through_plan_gap_and_hours_together(store: SqliteStore) -> None:
    at = AT.replace(hour=9, minute=30)  # half past five in the afternoon
    (lead, *_) = take(store, at=at, settings=june())
    whole_call(store, lead, "att-1", step(NextKind.RETRY, at + timedelta(minutes=5)), at=at)
    told = asked(store, at=at + timedelta(minutes=1))
    assert told.next_at == AT.replace(hour=1) + timedelta(days=1), "the gap of an hour ends after closing"
    assert {block.rule for block in told.blocks} >= {"retry.test", "min_gap"}


@pytest.mark.parametrize("flag", [StopFlag.COMPLAINT, StopFlag.DECEASED, StopFlag.DISPUTE])
def test_a_stop_is_told_since_it_was_set_and_no_moment_ends_it(store: SqliteStore, flag: StopFlag) -> None:
    store.add_stop("a1", flag, by="boss", at=AT)
    told = asked(store, at=AT + timedelta(days=40))
    assert (told.blocks[0].rule, told.blocks[0].since) == (f"stop:{flag}", AT)
    assert told.next_at is None


def test_a_promise_ends_by_itself(store: SqliteStore) -> None:
    (lead, *_) = take(store, settings=june())
    due = AT + timedelta(days=3)
    whole_call(store, lead, "att-1", step(NextKind.HOLD, due), Outcome.BRIDGED, stop=StopFlag.PROMISE_OPEN)
    told = asked(store, at=AT + timedelta(hours=2))
    assert "stop:promise_open" in {block.rule for block in told.blocks}
    assert told.next_at == due


def test_a_call_in_the_air_a_lease_and_another_account_of_the_person_are_told_apart(store: SqliteStore) -> None:
    stocked(store, [account("a3", 1, debtor="d")])
    lead = next(one for one in take(store, settings=june()) if one.account_no == "a1")
    assert [block.rule for block in asked(store, "a1").blocks] == ["leased"]
    assert [block.rule for block in asked(store, "a3").blocks] == ["leased"]
    store.apply([placed(lead, "att-1")])
    assert "in_air" in {block.rule for block in asked(store, "a1").blocks}
    assert "in_air" in {block.rule for block in asked(store, "a3").blocks}


def test_a_number_that_is_not_next_and_one_on_the_do_not_call_list_are_told(store: SqliteStore) -> None:
    assert [block.rule for block in asked(store, number(2)).blocks] == ["other-number"]
    store.add_stop(number(2), StopFlag.DO_NOT_CALL, by="boss", at=AT)
    told = asked(store, number(2), at=AT + timedelta(hours=1))
    assert ("stop:do_not_call", AT) in {(block.rule, block.since) for block in told.blocks}


def test_an_account_without_any_number_left_is_closed_for_it(store: SqliteStore) -> None:
    store.add_stop(number(3), StopFlag.WRONG_NUMBER, by="boss", at=AT)
    told = asked(store, "a2")
    assert "no-number" in {block.rule for block in told.blocks}
    assert told.next_at is None


def test_a_refusal_that_put_the_account_off_is_named_by_its_rule(store: SqliteStore) -> None:
    lead = next(one for one in take(store, settings=june()) if one.account_no == "a2")
    until = AT + timedelta(hours=1)
    refusal = SaveRefusal(campaign=CAMPAIGN, lead=lead, at=AT, rule="in_air", reason="busy", until_at=until)
    store.apply([refusal, ReleaseLease(account_id=lead.account_id, not_before_at=until, reason="busy")])
    (block,) = asked(store, "a2").blocks
    assert (block.rule, block.since, block.until) == ("in_air", AT, until)


def test_who_was_refused_and_put_off_is_told_by_the_rule_with_its_source_and_since_it_holds(store: SqliteStore) -> None:
    lead = next(one for one in take(store, settings=june()) if one.account_no == "a2")
    night = AT + timedelta(hours=10)
    refused = gate.check(lead, june().rules, CAMPAIGN, night)
    assert isinstance(refused, gate.Refusal)
    until = refused.until_at
    said = SaveRefusal(
        campaign=CAMPAIGN, lead=lead, at=night, rule=refused.rule, reason=refused.reason_en, until_at=until
    )
    store.apply([said, ReleaseLease(account_id=lead.account_id, not_before_at=until, reason=refused.reason_en)])
    told = asked(store, "a2", at=night + timedelta(hours=1))
    (block,) = told.blocks
    assert (block.rule, block.profile, block.cite, block.until) == ("hours", "CN-BANK", "CN-2", until)
    assert (block.since, "不在可拨打时段内" in block.zh) == (AT.replace(hour=10), True), "since six in the evening"


def test_nobody_who_may_take_the_call_forbids_it_too(store: SqliteStore) -> None:
    route = RouteRule(name="hard", when="days_past_due > 1", skill="court")
    assert [block.rule for block in asked(store, settings=june(routes=(route,))).blocks] == ["no-agent"]
    able = (dataclasses.replace(AGENTS[0], skills={"court": 2}),)
    assert asked(store, settings=june(routes=(route,)), agents=able).may
    assert [block.rule for block in asked(store, agents=()).blocks] == ["no-agent"]


def test_at_the_moment_that_is_named_the_gate_says_yes_and_just_before_it_no(store: SqliteStore) -> None:
    for minutes in (0, 61):
        at = AT + timedelta(minutes=minutes)
        lead = next(one for one in take(store, at=at, settings=june()) if one.account_no == "a1")
        whole_call(store, lead, f"att-{minutes}", step(NextKind.RETRY, at), at=at)
        next_at = asked(store, at=at + timedelta(minutes=1)).next_at
        assert next_at is not None
        with store.reading() as database:
            read = partial(why.lead_at, database.conn, lead.account_id, phone_id=None, rules=rules())
            before = next_at - timedelta(seconds=1)
            assert isinstance(gate.check(read(next_at), rules(), CAMPAIGN, next_at), Permit)
            assert isinstance(gate.check(read(before), rules(), CAMPAIGN, before), gate.Refusal)


def test_accounts_with_nearly_the_number_asked_for_are_proposed(store: SqliteStore) -> None:
    stocked(store, [account("KL-2026-0001", 7), account("KL-2026-0010", 8), account("X_1%", 9)])
    with store.reading() as database:
        assert why.similar(database.conn, "KL-2026-001")[0] in ("KL-2026-0001", "KL-2026-0010")
        assert why.similar(database.conn, "%%%%") == []
        assert why.find(database.conn, "%") == []
