"""How long a call that nobody answers rings: until its time is up, and never less than the rules want."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialer.ami.translate import originate
from dialer.effects import CloseAttempt, HangUp, Originate, Report
from dialer.facts import CampaignTold, ChannelAnswered, ChannelRang
from dialer.floor.ringing_out import AFTER_S
from dialer.settings import CampaignSettings
from dialer.types import AttemptId, CampaignState, ChannelId, Mode, Outcome
from floor_world import RULES, World, campaign, leads, of, trunk

TIMEOUT_S = 30.0
LEAST_S = 20.0
HOW = campaign(mode=Mode.PROGRESSIVE, rules=replace(RULES, min_ring_s=LEAST_S), ring_timeout_s=TIMEOUT_S)


def dialled(how: CampaignSettings = HOW) -> tuple[World, AttemptId]:
    one = World()
    one.login("anna")
    one.launch(how, leads(1))
    (attempt,) = one.originated()
    return one, attempt


def given_up_after(one: World, within_s: float = 120.0) -> float:
    """Seconds until the floor hangs up."""
    begun_s = one.s
    while one.s - begun_s < within_s:
        if of(HangUp, one.wait(0.01)):
            return one.s - begun_s
    raise AssertionError("nobody hung up")


@pytest.mark.parametrize("rings_after_s", [0.5, 5.0, 10.0, 10.5, 15.0, 25.0, 29.99])
def test_however_late_it_begins_a_phone_rings_as_long_as_the_rules_want_and_no_longer_than_needed(
    rings_after_s: float,
) -> None:
    one, attempt = dialled()
    one.wait(rings_after_s)
    one.take(ChannelRang(channel_id=ChannelId(attempt)))
    rang_for_s = given_up_after(one)
    assert rang_for_s >= LEAST_S
    assert rings_after_s + rang_for_s == pytest.approx(max(TIMEOUT_S, rings_after_s + LEAST_S), abs=2 * AFTER_S)
    one.hang_up(attempt, cause=16)
    (end,) = one.effects(CloseAttempt)
    assert end.outcome is Outcome.NO_ANSWER
    assert not [found for found in one.effects(Report) if found.event == "rule.violated"]


def test_a_call_that_never_rings_is_given_up_at_the_timeout() -> None:
    one, _ = dialled()
    assert given_up_after(one) == pytest.approx(TIMEOUT_S, abs=2 * AFTER_S)


def test_nobody_wakes_up_for_a_call_that_is_over() -> None:
    one, attempt = dialled()
    one.take(CampaignTold(campaign=HOW.name, state=CampaignState.PAUSED))
    one.wait(1.0)
    wake_s = one.floor.next_wake_s()
    assert wake_s is not None and wake_s > one.s, "the call is to be given up then"
    one.hang_up(attempt, cause=17)
    one.wait(1.0)
    assert one.floor.next_wake_s() is None


def test_asterisk_would_keep_the_last_one_to_ring_as_long_as_it_must_for_an_engine_that_is_gone() -> None:
    one, _ = dialled()
    (effect,) = one.effects(Originate)
    told = dict(originate(effect, trunk(), "/x").headers)
    assert int(str(told["Timeout"])) >= 1000 * (TIMEOUT_S + LEAST_S)


def test_nobody_hangs_up_on_who_answered_in_time() -> None:
    one, attempt = dialled()
    one.wait(15.0)
    one.answer(attempt)
    one.bridge(attempt, "anna")
    assert not of(HangUp, one.wait(60.0))


def test_who_answers_while_the_hang_up_is_on_its_way_was_abandoned() -> None:
    one, attempt = dialled()
    one.ring(attempt)
    given_up_after(one)
    one.take(ChannelAnswered(channel_id=ChannelId(attempt), channel="PJSIP/x-1"))
    one.hang_up(attempt)
    (end,) = one.effects(CloseAttempt)
    assert end.outcome is Outcome.ABANDONED
