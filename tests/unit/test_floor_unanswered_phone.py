"""An agent's phone that rings in vain costs one customer, not one after the other."""

from __future__ import annotations

from dialer.events import CustomerUnserved, HangUp
from dialer.types import AgentState, ChannelId, ConnectStyle, Outcome
from floor_world import World, agent, campaign, leads, of, settings


def test_a_phone_that_rang_until_the_message_began_is_set_aside_and_its_customer_counted() -> None:
    one = World(settings([agent("rita", connect=ConnectStyle.RING)]))
    one.tell("rita", "login")
    one.launch(campaign(), leads(2))
    one.wait(0.5)
    [attempt] = one.originated()
    one.answer(attempt)
    one.wait(1.5)
    effects = one.take(CustomerUnserved(channel_id=ChannelId(attempt)))
    assert of(HangUp, effects)
    assert (one.state("rita"), one.agent("rita").reason) == (AgentState.PAUSED, "did not answer")
    one.hang_up(attempt)
    assert one.outcome(attempt) is Outcome.ABANDONED
    one.wait(1.0)
    assert one.originated() == [attempt], "the next customer was called for nobody"
