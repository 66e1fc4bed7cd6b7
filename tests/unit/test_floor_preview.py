"""Mode preview: the agent sees the account first, and says when to dial."""

from __future__ import annotations

from dataclasses import replace

import pytest

import floor_world as fw
from dialer.effects import Bridge, CallAgent, Effect, HangUp, Originate, ReleaseLease, Show
from dialer.facts import AgentLegUp, CampaignLaunched, CampaignTold, ChannelEnded, Fact, LinkLost, StoreFailed
from dialer.types import AgentId, AgentState, CampaignName, CampaignState, ConnectStyle, Mode, Outcome
from floor_world import RULES, World, agent, campaign, leads, of, settings

A = AgentState
PREVIEW = campaign(mode=Mode.PREVIEW)
SPRING = CampaignName("spring")


def offered(*, ring: bool = False, count: int = 5) -> tuple[World, list[Effect]]:
    """Anna with an account on her phone; the effects that put it there."""
    style = ConnectStyle.RING if ring else ConnectStyle.NAILED_UP
    one = World(settings([agent("anna", connect=style), agent("ben", connect=style)]))
    one.tell("anna", "login") if ring else one.login("anna")
    effects = one.launch(PREVIEW, leads(count))
    assert one.state("anna") is A.PREVIEWING
    return one, effects


def pick_up(one: World) -> list[Effect]:
    leg_id = one.effects(CallAgent)[-1].leg_id
    return one.take(
        AgentLegUp(server=fw.MAIN, agent_id=AgentId("anna"), channel_id=leg_id, channel=f"PJSIP/anna-{leg_id}")
    )


def test_the_account_is_shown_and_nothing_is_dialled_before_the_agent_says_so() -> None:
    one, effects = offered()
    (shown,) = of(Show, effects)
    assert shown.name.startswith("张*") and "****" in shown.number
    one.wait(5.0)
    assert not one.originated()
    (placed,) = of(Originate, one.press("anna", "1"))
    assert placed.permit.account_id == 1 and one.state("anna") is A.RESERVED


def test_the_call_goes_to_the_agent_who_asked_for_it_whoever_waits_longer() -> None:
    one, _ = offered()
    one.tell("ben", "login")
    one.login("ben")
    one.press("anna", "1")
    attempt = one.originated()[0]
    (bridge,) = of(Bridge, one.answer(attempt))
    assert bridge.agent_channel == "PJSIP/anna-01"
    one.bridge(attempt, "anna")
    one.hang_up(attempt)
    one.press("anna", "0")
    assert one.concluded(attempt).agent_id == "anna"


def test_an_account_that_is_skipped_goes_back_for_a_while_and_the_next_one_is_offered() -> None:
    one, _ = offered()
    (released,) = of(ReleaseLease, one.press("anna", "9"))
    assert released.account_id == 1 and released.not_before_at is not None
    one.tick()
    assert one.floor.state.offers[AgentId("anna")].account_id == 2


def test_an_account_not_accepted_in_time_goes_back_exactly_then() -> None:
    one, _ = offered()
    one.wait(29.9)
    assert not one.effects(ReleaseLease)
    one.wait(0.2)
    assert [effect.account_id for effect in one.effects(ReleaseLease)] == [1]
    assert one.floor.state.offers[AgentId("anna")].account_id == 2


def test_a_call_that_nobody_answers_frees_the_agent() -> None:
    one, _ = offered()
    one.press("anna", "1")
    attempt = one.originated()[0]
    one.ring(attempt)
    one.hang_up(attempt, cause=19)
    assert one.outcome(attempt) is Outcome.NO_ANSWER and one.state("anna") is A.READY


def test_the_agent_may_give_the_call_up_before_anybody_answers() -> None:
    one, _ = offered()
    one.press("anna", "1")
    attempt = one.originated()[0]
    one.ring(attempt)
    assert not of(HangUp, one.press("anna", "*0")), "a phone that rings is let ring as long as the rules want"
    assert not of(HangUp, one.wait(RULES.min_ring_s - 0.1))
    (stop,) = of(HangUp, one.wait(0.2))
    assert str(stop.channel_id) == attempt
    one.hang_up(attempt)
    assert one.outcome(attempt) is Outcome.CANCELLED


def test_a_call_given_up_that_is_answered_all_the_same_gets_no_agent_and_counts_against_us() -> None:
    one, _ = offered()
    one.press("anna", "1")
    attempt = one.originated()[0]
    one.press("anna", "*0")
    assert not of(Bridge, one.answer(attempt))
    one.hang_up(attempt)
    assert one.outcome(attempt) is Outcome.ABANDONED and one.state("anna") is A.READY


def test_the_call_is_cancelled_when_the_agents_phone_is_lost_while_it_rings() -> None:
    one, _ = offered()
    one.press("anna", "1")
    attempt = one.originated()[0]
    one.leg_lost("anna", cause=38)
    assert one.state("anna") is A.OFFLINE
    assert [str(effect.channel_id) for effect in one.effects(HangUp)] == [attempt]
    one.hang_up(attempt)
    assert one.outcome(attempt) is Outcome.CANCELLED


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.STOPPING])
def test_what_is_offered_is_withdrawn_when_the_campaign_no_longer_dials(state: CampaignState) -> None:
    one, _ = offered()
    effects = one.take(CampaignTold(campaign=SPRING, state=state))
    assert {effect.account_id for effect in of(ReleaseLease, effects)} == {1, 2, 3, 4, 5}
    assert one.state("anna") is A.READY
    assert not of(Originate, one.press("anna", "1"))


@pytest.mark.parametrize("trouble", [StoreFailed(reason="disk full"), LinkLost(server=fw.MAIN, reason="reset")])
def test_nothing_is_dialled_on_an_agents_word_while_nothing_may_be_dialled(trouble: Fact) -> None:
    one, _ = offered()
    one.take(trouble)
    effects = one.press("anna", "1")
    assert not of(Originate, effects) and [effect.account_id for effect in of(ReleaseLease, effects)] == [1]
    assert one.state("anna") is A.READY


def test_a_lead_that_the_gate_refuses_at_the_last_moment_frees_the_agent() -> None:
    one, _ = offered()
    closed = replace(fw.RULES, windows={})
    one.take(CampaignLaunched(settings=replace(PREVIEW, rules=closed)))
    assert not of(Originate, one.press("anna", "1"))
    assert one.state("anna") is A.READY and not one.floor.state.offers


def test_a_campaign_does_not_finish_while_its_last_account_is_on_an_agents_phone() -> None:
    one, _ = offered(count=1)
    one.wait(3.0)
    one.lease(SPRING, ())
    assert one.floor.state.campaigns[SPRING].state is CampaignState.RUNNING
    one.press("anna", "1")
    assert len(one.originated()) == 1


def test_a_phone_that_is_rung_accepts_by_being_picked_up() -> None:
    one, effects = offered(ring=True)
    (ring,) = of(CallAgent, effects)
    assert "张*" in ring.display_name
    assert of(Originate, pick_up(one)) and one.state("anna") is A.RESERVED
    attempt = one.originated()[0]
    (bridge,) = of(Bridge, one.answer(attempt))
    assert bridge.agent_channel == f"PJSIP/anna-{ring.leg_id}"


def test_a_phone_that_is_rung_and_declines_gives_the_account_back_and_pauses() -> None:
    one, effects = offered(ring=True)
    (ring,) = of(CallAgent, effects)
    one.take(ChannelEnded(channel_id=ring.leg_id, cause=21))
    assert (one.state("anna"), one.agent("anna").reason) == (A.PAUSED, "did not answer")
    assert [effect.account_id for effect in one.effects(ReleaseLease)] == [1]


def test_a_phone_that_rings_out_gives_the_account_back_and_pauses() -> None:
    one, effects = offered(ring=True)
    (ring,) = of(CallAgent, effects)
    one.wait(30.1)
    assert one.state("anna") is A.PAUSED
    assert [effect.channel_id for effect in one.effects(HangUp)] == [ring.leg_id]
    assert [effect.account_id for effect in one.effects(ReleaseLease)] == [1]


def test_skipping_by_cli_stops_the_ringing() -> None:
    one, effects = offered(ring=True)
    (ring,) = of(CallAgent, effects)
    (stop,) = of(HangUp, one.tell("anna", "skip"))
    assert (stop.channel_id, one.state("anna")) == (ring.leg_id, A.READY)


def test_accepting_by_cli_while_the_phone_rings_dials_and_rings_no_second_time() -> None:
    one, _ = offered(ring=True)
    assert of(Originate, one.tell("anna", "accept"))
    attempt = one.originated()[0]
    assert not of(CallAgent, one.answer(attempt))
    assert of(Bridge, pick_up(one))


def test_a_rung_agent_who_accepted_by_cli_and_never_picks_up_cancels_the_call() -> None:
    one, _ = offered(ring=True)
    one.tell("anna", "accept")
    attempt = one.originated()[0]
    one.ring(attempt)
    one.wait(30.1)
    assert one.state("anna") is A.PAUSED
    assert attempt in [str(effect.channel_id) for effect in one.effects(HangUp)]
    one.hang_up(attempt)
    assert one.outcome(attempt) is Outcome.CANCELLED


def test_agents_of_two_campaigns_are_offered_only_what_counts_for_the_preview() -> None:
    one = World(settings([agent("anna"), agent("ben")]))
    one.login("anna", "ben")
    one.take(CampaignLaunched(settings=campaign("summer")), CampaignLaunched(settings=PREVIEW))
    one.tick()
    one.lease(CampaignName("summer"), leads(5, first=50))
    one.lease(SPRING, leads(5))
    one.wait(1.0)
    previewing = [name for name in ("anna", "ben") if one.state(name) is A.PREVIEWING]
    assert len(previewing) + len(one.originated()) == 2
