"""Calls that the store barred, leads on which a stop was set, and calls that an agent asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

import floor_world as fw
from dialer.effects import CloseAttempt, Effect, Originate, ReleaseLease, Report, SaveAttempt, SaveRefusal
from dialer.facts import (
    AttemptBarred,
    CallAsked,
    CampaignLaunched,
    CampaignTold,
    LeadsRecalled,
    LinkLost,
    StopAdded,
    StoreFailed,
)
from dialer.leads import Lead
from dialer.types import (
    AgentId,
    AgentState,
    AttemptId,
    CampaignName,
    CampaignState,
    DebtorId,
    Mode,
    PhoneId,
    StopFlag,
)
from floor_world import World, agent, campaign, leads, of, settings

SPRING = CampaignName("spring")


def working(mode: Mode = Mode.PROGRESSIVE, count: int = 6) -> World:
    """Anna is there and calls are being placed."""
    one = World(settings([agent("anna"), agent("ben")]))
    one.login("anna")
    one.launch(campaign(mode=mode), leads(count))
    return one


def waiting(*names: str) -> World:
    """A campaign that has no leads in hand and waits for the store's answer."""
    one = World(settings([agent("anna"), agent("ben")]))
    one.login(*names)
    one.take(CampaignLaunched(settings=campaign()))
    return one


def bar(attempt: AttemptId) -> AttemptBarred:
    return AttemptBarred(attempt_id=attempt, rule="counters", reason="another engine dialled")


def asked(one: World, lead: Lead, name: str = "anna") -> list[Effect]:
    return one.take(CallAsked(agent_id=AgentId(name), campaign=SPRING, lead=lead))


def refusal(effects: list[Effect]) -> str:
    (said,) = [one for one in of(Report, effects) if one.level == "error"]
    return str(said.fields)


def test_a_barred_attempt_never_was_and_its_lead_goes_back_with_the_reason() -> None:
    one = working()
    (attempt,) = one.originated()
    effects = one.take(bar(attempt))
    (released,) = of(ReleaseLease, effects)
    assert (released.account_id, released.not_before_at) == (1, None)
    (written,) = of(SaveRefusal, effects)
    assert (written.rule, written.until_at) == ("counters", one.now.at)
    assert not of(CloseAttempt, effects) and attempt not in one.floor.state.calls
    assert one.floor.state.trunks[fw.TRUNK].in_use == 0
    assert one.floor.state.campaigns[SPRING].tally.dialled == 0
    one.wait(1.0)
    assert len(one.originated()) == 2, "the next lead is dialled instead"


def test_an_agent_who_waited_for_a_barred_call_is_free_again() -> None:
    one = working(Mode.PREVIEW)
    one.press("anna", "1")
    (attempt,) = one.originated()
    assert one.state("anna") is AgentState.RESERVED
    one.take(bar(attempt))
    assert one.state("anna") in (AgentState.READY, AgentState.PREVIEWING)


def test_of_a_call_that_has_rung_nothing_is_undone() -> None:
    one = working()
    (attempt,) = one.originated()
    one.ring(attempt)
    assert not of(ReleaseLease, one.take(bar(attempt)))
    assert attempt in one.floor.state.calls


@pytest.mark.parametrize(
    "stop",
    [
        StopAdded(debtor_ids=frozenset({DebtorId(3)}), flag=StopFlag.DECEASED),
        StopAdded(phone_ids=frozenset({PhoneId(3)}), flag=StopFlag.DO_NOT_CALL),
    ],
)
def test_a_stop_takes_leads_out_of_hand_at_once(stop: StopAdded) -> None:
    one = working()
    third = next(lead for lead in one.floor.state.campaigns[SPRING].leads if lead.account_id == 3)
    assert (third.debtor_id, third.phone_id) == (3, 3)
    (released,) = of(ReleaseLease, one.take(stop))
    assert released.account_id == 3
    assert 3 not in {lead.account_id for lead in one.floor.state.campaigns[SPRING].leads}


def test_a_stop_takes_the_account_away_that_an_agent_is_looking_at() -> None:
    one = working(Mode.PREVIEW)
    assert one.floor.state.offers[AgentId("anna")].debtor_id == 1
    one.take(StopAdded(debtor_ids=frozenset({DebtorId(1)}), flag=StopFlag.REFUSED))
    one.press("anna", "1")
    assert 1 not in {effect.lead.account_id for effect in one.effects(SaveAttempt)}


def test_an_agent_who_asks_for_a_call_gets_it_and_nobody_else_does() -> None:
    one = waiting("anna", "ben")
    effects = asked(one, fw.lead(7), "ben")
    (attempt,) = of(Originate, effects)
    assert attempt.permit.account_id == 7 and of(SaveAttempt, effects)
    assert one.state("ben") is AgentState.RESERVED
    one.answer(attempt.attempt_id)
    one.bridge(attempt.attempt_id, "ben")
    assert one.state("ben") is AgentState.TALKING


def test_a_call_that_is_asked_for_passes_the_gate() -> None:
    one = waiting("anna")
    stopped = replace(fw.lead(7), stop_flags=frozenset({StopFlag.COMPLAINT}))
    effects = asked(one, stopped)
    assert "stop:complaint" in refusal(effects)
    assert not of(Originate, effects) and of(ReleaseLease, effects)
    assert one.state("anna") is AgentState.READY


def test_a_call_that_cannot_be_made_now_is_refused_and_the_lead_goes_back() -> None:
    one = waiting("anna")
    assert "ready" in refusal(asked(one, fw.lead(7), "ben"))
    one.take(StoreFailed(reason="the disk is full"))
    assert "disk is full" in refusal(asked(one, fw.lead(7)))
    assert [effect.account_id for effect in one.effects(ReleaseLease)] == [7, 7]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (LinkLost(server=fw.MAIN, reason="gone"), "not connected"),
        (CampaignTold(campaign=SPRING, state=CampaignState.PAUSED), "resume it"),
    ],
)
def test_neither_a_paused_campaign_nor_a_lost_server_is_called_through(
    trouble: LinkLost | CampaignTold, words: str
) -> None:
    one = waiting("anna")
    one.take(trouble)
    effects = asked(one, fw.lead(7))
    assert words in refusal(effects) and not of(Originate, effects)


def test_leads_in_hand_of_a_debtor_who_has_paid_go_back_and_nobody_elses() -> None:
    one = working()
    held = list(one.floor.state.campaigns[SPRING].leads)
    assert len(held) > 1
    effects = one.take(LeadsRecalled(debtor_ids=frozenset({held[0].debtor_id}), reason="payment.received"))
    assert [back.account_id for back in of(ReleaseLease, effects)] == [held[0].account_id]
    assert [report.fields for report in of(Report, effects) if report.event == "leads.recalled"] == [
        {"reason": "payment.received", "withheld": 1}
    ]
    assert list(one.floor.state.campaigns[SPRING].leads) == held[1:]


def test_a_recall_of_debtors_who_are_not_in_hand_is_not_even_told() -> None:
    effects = working().take(LeadsRecalled(debtor_ids=frozenset({DebtorId(9999)}), reason="desk.taken"))
    assert not of(ReleaseLease, effects)
    assert not of(Report, effects)
