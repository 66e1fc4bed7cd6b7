"""What happens next to an account after every kind of call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialer.calling_rules import Origin, ThirdPartyRule
from dialer.campaigns.assignment import CallFacts, next_step, qualified, route, serves
from dialer.compliance import gate
from dialer.effects import Permit
from dialer.leads import Lead, NextStep, Promise, Touch
from dialer.settings import (
    AgentSettings,
    CallingRules,
    CampaignSettings,
    DispositionSettings,
    MessageSettings,
    NextStepRule,
    RouteRule,
    Window,
)
from dialer.types import (
    AccountId,
    AgentId,
    CampaignName,
    Counted,
    DebtorId,
    DispositionCode,
    NextKind,
    Number,
    Outcome,
    PhoneId,
    ServerName,
    StopFlag,
    TrunkName,
)

ZONE = ZoneInfo("Asia/Shanghai")
RULES = CallingRules(
    windows=dict.fromkeys(range(7), (Window(opens=time(8), closes=time(22)),)),
    close_margin_s=600,
    min_gap_s=3600,
)
LEAD = Lead(
    account_id=AccountId(1),
    account_no="A1",
    debtor_id=DebtorId(1),
    debtor_name="张三",
    phone_id=PhoneId(1),
    number=Number("+8613900000000"),
    zone="Asia/Shanghai",
)


def disposition(code: str, digits: str = "1", **more: object) -> DispositionSettings:
    return replace(DispositionSettings(code=DispositionCode(code), digits=digits, label_zh=code, label_en=code), **more)


def campaign(*next_steps: NextStepRule, routes: tuple[RouteRule, ...] = ()) -> CampaignSettings:
    return CampaignSettings(
        name=CampaignName("test"),
        source=Path("config/campaigns/test.yaml"),
        list_name="test",
        trunks=(TrunkName("carrier"),),
        rules=RULES,
        default_disposition=DispositionCode("none"),
        dispositions=(disposition("none"),),
        next_steps=next_steps,
        routes=routes,
        retry_after_s={Outcome.BUSY: (7200.0, 14400.0), Outcome.NO_ANSWER: (600.0,)},
        messages=MessageSettings(abandoned="dialer/zh/identify"),
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


NOON = at("2026-03-10T12:00:00")


def after(
    outcome: Outcome = Outcome.BUSY,
    settings: CampaignSettings | None = None,
    when: datetime = NOON,
    lead: Lead = LEAD,
    **facts: object,
) -> NextStep:
    call = replace(CallFacts(lead=lead, outcome=outcome, agent_id=AgentId("agent01")), **facts)
    return next_step(settings or campaign(), call, when)


def test_the_nth_retry_waits_the_nth_time() -> None:
    assert (after().kind, after().at) == (NextKind.RETRY, at("2026-03-10T14:00:00"))
    second = after(lead=replace(LEAD, retries=1))
    assert (second.kind, second.at) == (NextKind.RETRY, at("2026-03-10T16:00:00"))
    assert second.rule == "retry.busy (config/campaigns/test.yaml)"


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.INVALID])
def test_past_the_last_retry_comes_another_number_or_the_end(outcome: Outcome) -> None:
    tired = replace(LEAD, retries=2)
    assert after(outcome, lead=tired).kind is NextKind.CLOSED
    other = after(outcome, lead=replace(tired, other_numbers=1))
    assert (other.kind, other.at) == (NextKind.OTHER_NUMBER, at("2026-03-10T13:00:00"))


def test_a_retry_is_never_sooner_than_the_gap() -> None:
    assert after(Outcome.NO_ANSWER).at == at("2026-03-10T13:00:00")


def test_a_retry_at_night_moves_to_the_morning() -> None:
    step = after(when=at("2026-03-10T20:30:00"))
    assert step.at == at("2026-03-11T08:00:00")
    assert "moved" in step.reason


def test_the_last_dial_of_the_day_moves_the_retry_to_tomorrow() -> None:
    assert after(lead=replace(LEAD, number_attempts_today=5)).at == at("2026-03-11T08:00:00")
    fresh_number = replace(LEAD, number_attempts_today=5, other_numbers=1, retries=9)
    assert after(lead=fresh_number).at == at("2026-03-10T13:00:00")


def test_the_gap_goes_on_over_midnight() -> None:
    always = dict.fromkeys(range(7), (Window(opens=time(0), closes=time(0)),))
    settings = replace(campaign(), rules=replace(RULES, windows=always))
    step = after(Outcome.NO_ANSWER, settings, at("2026-03-10T23:50:00"), replace(LEAD, number_attempts_today=5))
    assert step.at == at("2026-03-11T00:50:00")


@pytest.mark.parametrize("hour", range(24))
def test_the_gate_lets_the_next_step_pass_when_its_time_comes(hour: int) -> None:
    step = after(when=NOON.replace(hour=hour))
    assert step.at is not None
    assert isinstance(gate.check(LEAD, RULES, CampaignName("test"), step.at), Permit)


def test_a_promise_holds_until_the_day_of_grace_is_over() -> None:
    step = after(Outcome.BRIDGED, promise=Promise(amount=Decimal("500.00"), due_on=date(2026, 3, 15)))
    assert (step.kind, step.at) == (NextKind.HOLD, at("2026-03-17T08:00:00"))
    assert "500.00" in step.reason


def test_a_callback_goes_to_the_same_agent_at_the_promised_time() -> None:
    step = after(Outcome.BRIDGED, callback_at=at("2026-03-10T18:30:00"))
    assert (step.kind, step.agent_id) == (NextKind.CALLBACK, "agent01")
    assert step.at == at("2026-03-10T18:30:00")


def test_a_callback_outside_the_hours_moves_to_the_next_opening() -> None:
    assert after(callback_at=at("2026-03-10T23:30:00")).at == at("2026-03-11T08:00:00")


def test_a_stop_beats_a_promise_and_every_rule() -> None:
    always = NextStepRule(name="always", when="true", then=NextKind.RETRY)
    step = after(
        settings=campaign(always),
        disposition=disposition("complaint", stop=StopFlag.COMPLAINT),
        promise=Promise(amount=Decimal(1), due_on=date(2026, 3, 15)),
    )
    assert (step.kind, step.at) == (NextKind.NEVER, None)
    assert step.rule.startswith("stop:complaint")


def test_a_wrong_number_stops_the_number_and_not_the_debtor() -> None:
    wrong = disposition("wrong", stop=StopFlag.WRONG_NUMBER)
    assert after(disposition=wrong).kind is NextKind.NEVER
    assert after(disposition=wrong, lead=replace(LEAD, other_numbers=2)).kind is NextKind.OTHER_NUMBER


def test_the_first_rule_that_holds_decides_and_is_named() -> None:
    rules = (
        NextStepRule(name="no", when="outcome == 'no_answer'", then=NextKind.CLOSED),
        NextStepRule(
            name="hard",
            when="disposition == 'hardship' and right_party and attempts >= 3",
            then=NextKind.TEAM,
            team="late",
            after_s=7200,
            source="test.yaml:7",
        ),
        NextStepRule(name="last", when="true", then=NextKind.NEVER),
    )
    hardship = disposition("hardship", right_party=True)
    step = after(Outcome.BRIDGED, campaign(*rules), disposition=hardship, lead=replace(LEAD, attempts_total=2))
    assert (step.kind, step.team, step.rule) == (NextKind.TEAM, "late", "hard (test.yaml:7)")
    assert step.at == at("2026-03-10T14:00:00")
    assert after(Outcome.BRIDGED, campaign(*rules), disposition=hardship).rule.startswith("last")


@pytest.mark.parametrize(
    ("when", "lead", "held"),
    [
        ("hour == 12 and weekday == 1", LEAD, True),
        ("number_attempts_today == 1 and debtor_attempts_today == 1", LEAD, True),
        ("amount_due >= 100.10", replace(LEAD, amount_due=Decimal("100.10")), True),
        ("risk in ['high', 'veto'] or region == '上海'", replace(LEAD, region="上海"), True),
        ("talk_s > 30", LEAD, False),
        ("amount_due / retries > 3", LEAD, False),  # no answer is not yes
    ],
)
def test_rules_see_the_account_and_the_call(when: str, lead: Lead, held: bool) -> None:
    rule = NextStepRule(name="asked", when=when, then=NextKind.CLOSED)
    assert after(settings=campaign(rule), lead=lead).rule.startswith("asked") is held


def test_a_rule_for_another_number_closes_when_there_is_none() -> None:
    rule = NextStepRule(name="switch", when="true", then=NextKind.OTHER_NUMBER)
    assert after(settings=campaign(rule)).kind is NextKind.CLOSED
    assert after(settings=campaign(rule), lead=replace(LEAD, other_numbers=1)).kind is NextKind.OTHER_NUMBER


def test_without_a_known_zone_nothing_is_scheduled() -> None:
    step = after(lead=replace(LEAD, zone=""))
    assert (step.kind, step.at) == (NextKind.CLOSED, None)


def agent(team: str = "", **skills: int) -> AgentSettings:
    return AgentSettings(
        id=AgentId("agent01"),
        name="李娜",
        server=ServerName("local"),
        extension="1001",
        secret="x",
        skills=skills,
        team=team,
    )


def test_routes_ask_for_skill_level_and_team() -> None:
    late = RouteRule(name="late", when="days_past_due > 60", skill="late", level=3)
    team = RouteRule(name="team", when="product == '车贷'", team="cars")
    settings = campaign(routes=(late, team))
    overdue, car = replace(LEAD, days_past_due=61), replace(LEAD, product="车贷")
    assert (route(settings, LEAD), route(settings, overdue), route(settings, car)) == (None, late, team)
    assert [qualified(agent(late=level), late, overdue) for level in (2, 3, 5)] == [False, True, True]
    assert not qualified(agent(), late, overdue)
    assert [qualified(agent(name), team, car) for name in ("", "cars")] == [False, True]
    assert qualified(agent(), None, LEAD)


def test_an_account_that_was_given_to_a_team_stays_with_it() -> None:
    given = replace(LEAD, team="late")
    assert [qualified(agent(name), None, given) for name in ("", "early", "late")] == [False, False, True]


def test_a_campaign_without_names_is_everybodys() -> None:
    everybody = campaign()
    assert serves(agent(), everybody)
    assert serves(agent("late"), replace(everybody, teams=("late",)))
    assert not serves(agent(), replace(everybody, teams=("late",)))
    assert serves(agent(), replace(everybody, teams=("late",), agents=(AgentId("agent01"),)))


# --- contacts ---------------------------------------------------------------------------------------------------------

WITH_CONTACT = replace(LEAD, retries=9, other_numbers=1, other_contacts=1)
IN_TURN = ThirdPartyRule(own_number_invalid=True, after_unreached=2, origin=Origin(id="contacts"))


def with_contacts(*rules: ThirdPartyRule) -> CampaignSettings:
    return replace(campaign(), rules=replace(RULES, third_parties=rules))


@pytest.mark.parametrize("rules", [(), (ThirdPartyRule(origin=Origin(id="never")),), (IN_TURN,)])
def test_a_contact_whom_the_rules_do_not_allow_is_no_other_number(rules: tuple[ThirdPartyRule, ...]) -> None:
    assert after(Outcome.BUSY, with_contacts(*rules), lead=WITH_CONTACT).kind is NextKind.CLOSED


def test_a_contact_is_the_next_number_once_this_call_is_the_last_that_the_rules_want_unanswered() -> None:
    dial = Touch(
        at=NOON - timedelta(days=1),
        number=LEAD.number,
        debtor_id=LEAD.debtor_id,
        account_id=LEAD.account_id,
        counted=frozenset({Counted.DIAL}),
    )
    tried = replace(WITH_CONTACT, touches=(dial,))
    assert after(Outcome.BUSY, with_contacts(IN_TURN), lead=tried).kind is NextKind.OTHER_NUMBER
    assert after(Outcome.ABANDONED, with_contacts(IN_TURN), lead=tried).kind is not NextKind.OTHER_NUMBER


@pytest.mark.parametrize(("last", "kind"), [(True, NextKind.OTHER_NUMBER), (False, NextKind.CLOSED)])
def test_a_contact_follows_the_debtors_last_own_number_that_turns_out_not_to_exist(last: bool, kind: NextKind) -> None:
    lead = replace(WITH_CONTACT, last_own_number=last)
    assert after(Outcome.INVALID, with_contacts(IN_TURN), lead=lead).kind is kind
