"""Answers that are kept instead of worked out again: no reload, new day or change of the clocks makes them wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

import floor_world as fw
from dialer.campaigns.expressions import CALL_FACTS, first_that_holds, holds
from dialer.compliance import gate
from dialer.effects import Originate
from dialer.facts import CampaignLaunched, SettingsReloaded
from dialer.floor import sharing
from dialer.settings import CallingRules, RouteRule, Window
from dialer.types import AgentId, CampaignName

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"


def open_at(*hours: int, **more: object) -> CallingRules:
    """Rules that let people be called in these hours of any day."""
    windows = tuple(Window(opens=time(hour), closes=time(hour + 1)) for hour in hours)
    return CallingRules(windows=dict.fromkeys(range(7), windows), close_margin_s=0.0, **more)  # type: ignore[arg-type]


def opens(rules: CallingRules, zone: str, at: datetime) -> datetime | None:
    return gate.next_opening(rules, zone, at)


# --- calling hours -------------------------------------------------------------------------------------


def test_reloaded_hours_hold_at_once_and_the_old_ones_for_who_still_asks_for_them() -> None:
    before, after, at = open_at(9), open_at(10), datetime(2026, 3, 10, 1, 30, tzinfo=UTC)  # half past nine there
    for _ in range(2):
        assert opens(before, SHANGHAI, at) == at
        assert opens(after, SHANGHAI, at) == at.replace(hour=2, minute=0)


def test_rules_that_came_and_went_leave_nothing_to_those_that_come_after() -> None:
    midnight = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
    for turn in range(5000):  # far more than are kept, so that memory and identities are used again
        hour = turn % 23
        assert opens(open_at(hour), SHANGHAI, midnight) == midnight + timedelta(hours=hour)


def test_each_day_has_its_own_answer() -> None:
    rules = open_at(9, closed_dates=frozenset({date(2026, 3, 11)}))
    nines = [opens(rules, SHANGHAI, datetime(2026, 3, day, 16, 0, tzinfo=UTC)) for day in (9, 10, 11)]
    assert [nine.astimezone(UTC).day for nine in nines if nine is not None] == [10, 12, 12]


@pytest.mark.parametrize(
    ("days", "hours_utc"),
    [((7, 8, 9), (14, 13, 13)), ((31, 32, 33), (13, 14, 14))],
    ids=["March: forward on the 8th", "October: back on 1 November"],
)
def test_nine_in_the_morning_moves_with_the_clocks(days: tuple[int, ...], hours_utc: tuple[int, ...]) -> None:
    month = 3 if days[0] == 7 else 10
    rules = open_at(9)
    for _ in range(2):
        midnights = [datetime(2026, month, 1, 5, 0, tzinfo=UTC) + timedelta(days=day - 1) for day in days]
        found = [opens(rules, NEW_YORK, at) for at in midnights]
        assert [nine.hour for nine in found if nine is not None] == list(hours_utc)


# --- conditions ----------------------------------------------------------------------------------------


def test_an_answer_is_kept_for_the_facts_that_are_named_and_for_no_others() -> None:
    facts = {**dict.fromkeys(CALL_FACTS, 0), "outcome": "busy", "disposition": ""}
    when = "outcome == 'busy' and attempts > 2"
    answers = [holds(when, {**facts, "attempts": count, "talk_s": count * 1.5}) for count in (2, 3, 2, 3)]
    assert answers == [False, True, False, True]


def test_a_condition_without_an_answer_is_false_every_time_and_lets_the_next_one_be_asked() -> None:
    facts = {**dict.fromkeys(CALL_FACTS, 0), "outcome": "busy"}
    for _ in range(2):
        assert not holds("attempts / retries > 1", facts)
        assert first_that_holds(("attempts / retries > 1", "outcome == 'busy'"), facts) == 1
    assert first_that_holds(("attempts / retries > 1", "outcome == 'invalid'"), facts) is None


# --- agents, routes and shares -------------------------------------------------------------------------

CALM = RouteRule(name="calm only", when="days_past_due > 60", skill="calm", level=1)


def test_a_skill_given_by_a_reload_counts_for_the_leads_that_waited_for_it() -> None:
    world = fw.World(fw.settings([fw.agent("anna"), fw.agent("ben")]))
    world.login("anna", "ben")
    world.launch(fw.campaign(routes=(CALM,)), [fw.lead(1, days_past_due=90)])
    assert not world.originated()
    skilled = fw.settings([fw.agent("anna", skills={"calm": 1}), fw.agent("ben")])
    world.take(SettingsReloaded(settings=skilled))
    world.wait(0.5)
    assert len(world.originated()) == 1


def test_a_route_changed_by_a_reload_counts_for_calls_in_the_air_too() -> None:
    world = fw.World(fw.settings([fw.agent("anna", skills={"calm": 1}), fw.agent("ben"), fw.agent("cleo")]))
    world.login("anna")
    campaign = fw.campaign()
    world.launch(campaign, [fw.lead(1, days_past_due=90)])
    assert len(world.originated()) == 1
    # From now on the call in the air is one that only anna may take: she is not there for another such lead.
    world.take(CampaignLaunched(settings=replace(campaign, routes=(CALM,))))
    world.login("ben")
    world.lease(campaign.name, fw.leads(1, first=2, days_past_due=90))
    assert len(world.effects(Originate)) == 1
    # With nothing asked of agents any more, ben will do.
    world.take(CampaignLaunched(settings=campaign))
    world.wait(0.5)
    assert len(world.effects(Originate)) == 2


def test_a_share_follows_who_logs_in_and_which_campaigns_run() -> None:
    people = [fw.agent("anna", team="gold"), fw.agent("ben")]
    world = fw.World(fw.settings(people))
    world.login("ben")
    both, gold = fw.campaign("both"), fw.campaign("gold", teams=("gold",))
    world.launch(both, fw.leads(30))
    floor = world.floor.state
    run = floor.campaigns[CampaignName("both")]
    shares = [sharing.share(floor, run, fw.MAIN)]
    world.launch(gold, fw.leads(30, first=100))
    shares.append(sharing.share(floor, run, fw.MAIN))
    world.login("anna")
    shares.append(sharing.share(floor, run, fw.MAIN))
    world.tell("ben", "logout")
    shares.append(sharing.share(floor, run, fw.MAIN))
    world.take(SettingsReloaded(settings=fw.settings([fw.agent("anna"), people[1]])))
    shares.append(sharing.share(floor, run, fw.MAIN))
    assert shares == [1.0, 1.0, 0.75, 0.5, 1.0]


def test_an_agent_who_comes_or_goes_by_a_reload_takes_calls_or_none() -> None:
    anna, ben = fw.agent("anna"), fw.agent("ben")
    world, campaign = fw.World(fw.settings([anna])), fw.campaign()
    world.launch(campaign)
    world.take(SettingsReloaded(settings=fw.settings([anna, ben])))
    world.login("ben")
    world.tick()
    world.lease(campaign.name, fw.leads(5))
    (attempt,) = world.originated()
    world.take(SettingsReloaded(settings=fw.settings([anna])))
    world.answer(attempt)
    assert world.call(attempt).agent_id is None
    assert AgentId("ben") not in world.floor.state.agents
