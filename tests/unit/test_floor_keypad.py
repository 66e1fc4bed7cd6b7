"""What an agent keys in after a conversation, and at any other time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

import floor_world as fw
from dialer.effects import Effect, HangUp, SaveDisposition, Say
from dialer.facts import CampaignLaunched, DigitPressed, DispositionTold
from dialer.leads import Promise
from dialer.types import AgentId, AgentState, AttemptId, ChannelId, NextKind, StopFlag
from floor_world import World, agent, campaign, leads, of, settings

A = AgentState


def wrapping_up() -> tuple[World, AttemptId]:
    """Anna after a conversation that the customer ended."""
    one = World(settings([agent("anna")]))
    one.login("anna")
    one.launch(campaign(), leads(5))
    attempt = one.originated()[0]
    one.talk(attempt, "anna")
    one.s += 12.5
    one.hang_up(attempt)
    assert one.state("anna") is A.WRAP_UP
    return one, attempt


def said(effects: list[Effect]) -> list[str]:
    """The last words of each prompt."""
    return [sound.rpartition("/")[2] for effect in of(Say, effects) for sound in effect.sounds]


def test_a_code_that_is_nobodys_beginning_is_taken_at_once() -> None:
    one, attempt = wrapping_up()
    one.s += 4.0
    effects = one.press("anna", "0")
    concluded = one.concluded(attempt)
    assert (concluded.code, concluded.by, concluded.agent_id) == ("no_result", "dtmf", "anna")
    assert concluded.wrap_up_s == pytest.approx(4.0)
    assert one.state("anna") is A.READY and said(effects) == ["saved"]


def test_a_code_that_another_one_begins_with_waits_for_the_next_digit() -> None:
    one, attempt = wrapping_up()
    one.press("anna", "9")
    assert one.state("anna") is A.WRAP_UP
    one.press("anna", "1")
    assert one.concluded(attempt).code == "complaint"
    assert (one.concluded(attempt).stop, one.concluded(attempt).next_step.kind) == (
        StopFlag.COMPLAINT,
        NextKind.NEVER,
    )


def test_a_code_that_another_one_begins_with_is_taken_by_the_hash_key() -> None:
    one, attempt = wrapping_up()
    one.press("anna", "9#")
    assert one.concluded(attempt).code == "refused"


def test_a_code_that_another_one_begins_with_is_taken_when_no_digit_follows() -> None:
    one, attempt = wrapping_up()
    one.press("anna", "9")
    one.wait(1.9)
    assert one.state("anna") is A.WRAP_UP
    one.wait(0.2)
    assert one.concluded(attempt).code == "refused"


def test_a_wrong_code_is_refused_by_a_tone_and_the_entry_begins_anew() -> None:
    one, attempt = wrapping_up()
    assert said(one.press("anna", "7")) == ["wrong-code"]
    assert said(one.press("anna", "92")) == ["wrong-code"]
    assert said(one.press("anna", "#")) == ["wrong-code"]
    one.press("anna", "91")
    assert one.concluded(attempt).code == "complaint"


@pytest.mark.parametrize(
    ("amount", "due", "expected"),
    [
        ("1500*50", "0320", Promise(amount=Decimal("1500.50"), due_on=date(2026, 3, 20))),
        ("1500", "7", Promise(amount=Decimal("1500.00"), due_on=date(2026, 3, 17))),
        ("20*5", "10", Promise(amount=Decimal("20.50"), due_on=date(2026, 3, 20))),
        ("1", "0", Promise(amount=Decimal("1.00"), due_on=date(2026, 3, 10))),
    ],
)
def test_a_promise_is_keyed_in_read_back_and_saved_when_confirmed(amount: str, due: str, expected: Promise) -> None:
    one, attempt = wrapping_up()
    assert said(one.press("anna", "1")) == ["amount"]
    assert said(one.press("anna", f"{amount}#")) == ["date"]
    read_back = said(one.press("anna", f"{due}#"))
    assert read_back[-1] == "confirm" and "yuan" in read_back
    assert not one.effects(SaveDisposition)
    one.press("anna", "1")
    concluded = one.concluded(attempt)
    assert (concluded.promise, concluded.code) == (expected, "promise")
    assert concluded.next_step.kind is NextKind.HOLD
    assert one.state("anna") is A.READY


def test_the_amount_is_read_back_digit_by_digit_with_its_point() -> None:
    one, _ = wrapping_up()
    read_back = said(one.press("anna", "11500*50#0320#"))[2:]
    assert read_back == ["1", "5", "0", "0", "point", "5", "0", "yuan", "3", "month", "2", "0", "day", "confirm"]


def test_a_promise_can_be_keyed_in_anew_instead_of_confirmed() -> None:
    one, attempt = wrapping_up()
    assert said(one.press("anna", "1100#5#2"))[-1] == "wrap-up"
    one.press("anna", "1200#5#1")
    assert one.concluded(attempt).promise == Promise(amount=Decimal("200.00"), due_on=date(2026, 3, 15))


def test_any_other_key_at_the_confirmation_asks_again() -> None:
    one, attempt = wrapping_up()
    assert said(one.press("anna", "1100#5#7"))[-2:] == ["wrong-code", "confirm"]
    one.press("anna", "1")
    assert one.concluded(attempt).promise is not None


@pytest.mark.parametrize(("keyed", "asked_again"), [("#", "amount"), ("0#", "amount"), ("1**5#", "amount")])
def test_an_amount_that_cannot_be_is_asked_for_again(keyed: str, asked_again: str) -> None:
    one, attempt = wrapping_up()
    one.press("anna", "1")
    assert said(one.press("anna", keyed)) == ["wrong-code", asked_again]
    one.press("anna", "30#5#1")
    assert one.concluded(attempt).promise == Promise(amount=Decimal("30.00"), due_on=date(2026, 3, 15))


@pytest.mark.parametrize("keyed", ["1399#", "123#", "31#", "0601#"])
def test_a_date_that_cannot_be_is_asked_for_again_and_the_amount_stays(keyed: str) -> None:
    one, attempt = wrapping_up()
    one.press("anna", "130#")
    assert said(one.press("anna", keyed)) == ["wrong-code", "date"]
    one.press("anna", "5#1")
    assert one.concluded(attempt).promise == Promise(amount=Decimal("30.00"), due_on=date(2026, 3, 15))


def test_a_call_back_is_agreed_for_an_hour_of_the_debtors_day_and_the_same_agent() -> None:
    one, attempt = wrapping_up()
    assert said(one.press("anna", "2")) == ["moment"]
    one.press("anna", "1430#1")
    concluded = one.concluded(attempt)
    assert concluded.code == "callback"
    assert (concluded.next_step.kind, concluded.next_step.agent_id) == (NextKind.CALLBACK, "anna")
    assert concluded.next_step.at == datetime(2026, 3, 10, 6, 30, tzinfo=UTC)


def test_a_call_back_may_be_keyed_as_hours_and_a_wrong_time_is_asked_for_again() -> None:
    one, attempt = wrapping_up()
    one.press("anna", "2")
    assert said(one.press("anna", "2575#")) == ["wrong-code", "moment"]
    one.press("anna", "3#")
    one.press("anna", "1")
    wanted = one.concluded(attempt).next_step.at
    assert wanted is not None and abs(wanted - one.now.at - timedelta(hours=3)) < timedelta(seconds=1)


def test_the_limit_applies_the_default_disposition_exactly_when_it_is_reached() -> None:
    one, attempt = wrapping_up()
    one.wait(29.9)
    assert one.state("anna") is A.WRAP_UP
    effects = one.wait(0.2)
    assert (one.concluded(attempt).code, one.concluded(attempt).by) == ("no_result", "default")
    assert "saved" in said(effects)
    assert one.state("anna") is not A.WRAP_UP


def test_an_entry_that_is_not_whole_at_the_limit_is_dropped() -> None:
    one, attempt = wrapping_up()
    one.press("anna", "1200#")
    one.wait(30.1)
    assert (one.concluded(attempt).code, one.concluded(attempt).promise) == ("no_result", None)


def test_a_longer_limit_after_a_reload_holds_for_the_wrap_up_that_runs() -> None:
    one, attempt = wrapping_up()
    one.take(CampaignLaunched(settings=campaign(wrap_up_limit_s=50.0)))
    one.wait(40.0)
    assert one.state("anna") is A.WRAP_UP
    one.wait(10.1)
    assert one.concluded(attempt).by == "default"


def test_an_alarm_of_an_earlier_wrap_up_does_not_end_the_present_one() -> None:
    one, _ = wrapping_up()
    one.press("anna", "0")
    one.tick()
    second = one.originated()[1]
    one.talk(second, "anna")
    one.wait(20.0)
    one.hang_up(second)
    one.wait(15.0)
    assert one.state("anna") is A.WRAP_UP


def test_a_pause_keyed_when_ready_holds_at_once() -> None:
    one = World(settings([agent("anna")]))
    one.login("anna")
    effects = one.press("anna", "*12")
    assert (one.state("anna"), one.agent("anna").reason, said(effects)) == (A.PAUSED, "training", ["paused"])
    effects = one.press("anna", "*2")
    assert (one.state("anna"), said(effects)) == (A.READY, ["ready"])


def test_a_pause_keyed_in_a_conversation_is_granted_after_the_disposition() -> None:
    one = World(settings([agent("anna")]))
    one.login("anna")
    one.launch(campaign(), leads(5))
    attempt = one.originated()[0]
    one.talk(attempt, "anna")
    one.press("anna", "*11")
    assert one.state("anna") is A.TALKING
    one.hang_up(attempt)
    one.press("anna", "0")
    assert (one.state("anna"), one.agent("anna").reason) == (A.PAUSED, "break")


def test_a_pause_keyed_in_wrap_up_does_not_disturb_the_code_and_can_be_taken_back() -> None:
    one, attempt = wrapping_up()
    one.press("anna", "*11")
    assert one.state("anna") is A.WRAP_UP and one.agent("anna").pause_wish == "break"
    one.press("anna", "*2")
    one.press("anna", "0")
    assert one.concluded(attempt).code == "no_result" and one.state("anna") is A.READY


def test_a_star_after_a_pause_is_forgotten_and_unknown_commands_are_refused() -> None:
    one = World(settings([agent("anna")]))
    one.login("anna")
    for keys in ("*19", "*5", "7"):
        assert said(one.press("anna", keys)) == ["wrong-code"]
    assert one.state("anna") is A.READY


def test_digits_of_a_channel_that_is_nobodys_leg_do_nothing() -> None:
    one = World(settings([agent("anna")]))
    assert one.take(DigitPressed(channel_id=ChannelId("stranger"), digit="1")) == []


def test_a_log_out_wished_in_a_conversation_comes_after_the_disposition() -> None:
    one = World(settings([agent("anna")]))
    one.login("anna")
    one.launch(campaign(), leads(5))
    attempt = one.originated()[0]
    one.talk(attempt, "anna")
    one.tell("anna", "logout")
    one.hang_up(attempt)
    effects = one.press("anna", "0")
    assert one.state("anna") is A.OFFLINE and of(HangUp, effects)


@pytest.mark.parametrize(
    ("told", "refused"),
    [
        (fw.disposed_of("anna", "nonsense"), "nonsense is not a disposition of spring; use no_result"),
        (fw.disposed_of("anna", "promise"), "needs an amount and a date"),
        (fw.disposed_of("anna", "callback"), "needs the moment"),
        (fw.disposed_of("nobody", "refused"), "no conversation"),
    ],
)
def test_a_disposition_by_cli_that_is_not_whole_is_refused_in_words(told: DispositionTold, refused: str) -> None:
    one, _ = wrapping_up()
    one.take(told)
    assert refused in one.refusals()[0] and one.state("anna") is A.WRAP_UP


def test_a_disposition_by_cli_concludes_like_one_by_keys() -> None:
    one, attempt = wrapping_up()
    promise = Promise(amount=Decimal(5), due_on=date(2026, 3, 12))
    one.take(fw.disposed_of("anna", "promise", promise=promise, note="calls from work"))
    concluded = one.concluded(attempt)
    assert (concluded.by, concluded.promise, concluded.note) == ("cli", promise, "calls from work")
    assert one.floor.state.agents[AgentId("anna")].state is A.READY
