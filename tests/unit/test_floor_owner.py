"""A call goes to whoever looks after the debtor, when free; else to the team, and never below the skill asked for."""

from __future__ import annotations

from dialer.effects import Bridge, Originate
from dialer.types import AgentId, AgentState, Mode
from floor_world import World, agent, campaign, lead, settings

PEOPLE = (
    agent("anna", team="early", skills={"late": 1}),
    agent("ben", team="late", skills={"late": 3}),
    agent("carl", team="late", skills={"late": 4}),
)


def answered(one: World) -> str:
    """Who gets the only call once it is answered."""
    one.wait(1.0)
    (attempt,) = one.originated()
    one.answer(attempt)
    (found,) = [name for name in ("anna", "ben", "carl") if one.state(name) is AgentState.RESERVED]
    assert one.effects(Bridge)
    return found


def world(*there: str) -> World:
    one = World(settings(PEOPLE))
    for name in there:
        one.login(name)
        one.wait(5.0)
    return one


def test_the_owner_takes_the_call_though_others_have_waited_longer() -> None:
    one = world("anna", "ben", "carl")
    one.launch(campaign(), (lead(1, owner=AgentId("carl"), owner_team="late"),))
    assert answered(one) == "carl"


def test_when_the_owner_is_not_free_one_of_the_team_takes_it_before_others() -> None:
    one = world("anna", "ben", "carl")
    one.tell("carl", "pause")
    one.launch(campaign(), (lead(1, owner=AgentId("carl"), owner_team="late"),))
    assert answered(one) == "ben"


def test_a_debtor_who_waits_for_an_owner_goes_to_the_team() -> None:
    one = world("anna", "ben")
    one.launch(campaign(), (lead(1, owner_team="late"),))
    assert answered(one) == "ben"


def test_with_nobody_of_the_team_free_anybody_who_may_takes_it() -> None:
    one = world("anna")
    one.launch(campaign(), (lead(1, owner=AgentId("carl"), owner_team="late"),))
    assert answered(one) == "anna"


def test_nobody_below_the_skill_of_the_assignment_takes_it_and_it_is_not_dialled_for_them() -> None:
    one = world("anna")
    one.launch(campaign(), (lead(1, owner=AgentId("carl"), skill="late", level=3),))
    one.wait(1.0)
    assert not one.originated()
    one.login("ben")
    assert answered(one) == "ben"


def test_an_owner_who_is_no_longer_skilled_enough_does_not_take_it() -> None:
    one = world("anna", "ben")
    one.launch(campaign(), (lead(1, owner=AgentId("anna"), skill="late", level=3),))
    assert answered(one) == "ben"


def test_who_promised_a_call_back_comes_before_the_owner() -> None:
    one = world("carl", "ben")
    one.launch(campaign(), (lead(1, owner=AgentId("carl"), callback_agent=AgentId("ben")),))
    assert answered(one) == "ben"


def test_in_preview_agents_are_offered_their_own_debtors_first_and_then_those_of_nobody_there() -> None:
    one = world("ben", "anna")
    leads = (
        lead(1, owner=AgentId("anna")),
        lead(2, owner=AgentId("carl")),
        lead(3, owner=AgentId("ben")),
    )
    one.launch(campaign(mode=Mode.PREVIEW), leads)
    one.wait(1.0)
    offers = one.floor.state.offers
    assert {name: offer.account_id for name, offer in offers.items()} == {"ben": 3, "anna": 1}
    assert not one.effects(Originate)
    one.tell("ben", "skip")
    one.wait(1.0)
    assert offers[AgentId("ben")].account_id == 2
