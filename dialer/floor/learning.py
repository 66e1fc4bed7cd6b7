"""What pacing is told of a campaign's calls, and what it is shown of its day."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from dialer import pacing
from dialer.calls import Call
from dialer.compliance import hours
from dialer.facts import DayAnswers
from dialer.floor.answers import DayPlan, Marked
from dialer.floor.state import CampaignRun, FloorState, Moment
from dialer.prediction.settling import EndedCall
from dialer.settings import CampaignSettings
from dialer.types import AttemptId, CampaignState, Mode, Outcome

PLAN_LIFE_S = 60.0
"""What day it is, and when calling ends, is looked up so often."""
OVERTIME = timedelta(hours=6)
"""So long after the agents should have gone home it is overtime, later on the next shift (house rule)."""
SLOWLY = 0.1
"""The weight of the latest call in the odds that the next one is expected to have."""


def begin(
    floor: FloorState, settings: CampaignSettings, now: Moment, *, days: Iterable[DayAnswers] = (), learned: str = ""
) -> CampaignRun:
    """A campaign that has not run here yet, with all that is known of it; it is not running.

    Args:
        floor: the floor.
        settings: of the campaign.
        now: the moment.
        days: whom it answered for on each of the last days.
        learned: what pacing had learned; see `recalled`.
    """
    run = floor.campaigns[settings.name] = CampaignRun(
        settings=settings,
        state=CampaignState.STOPPED,
        estimates=recalled(floor, settings, learned),
        launched_s=now.s,
    )
    run.answers.restore(days)
    return run


def recalled(floor: FloorState, settings: CampaignSettings, learned: str) -> pacing.Estimates:
    """What pacing had learned of a campaign when it was last snapshot; afresh when there is no sound snapshot.

    Args:
        floor: for the report of an unsound one.
        settings: of the campaign.
        learned: JSON, as the store keeps it; empty: nothing.
    """
    if not learned:
        return pacing.Estimates.initial(settings.pacing)
    try:
        return pacing.Estimates.from_dict(json.loads(learned), settings.pacing)
    except (ValueError, TypeError, AttributeError) as error:
        floor.report("pacing.forgotten", "warning", campaign=settings.name, reason=str(error))
        return pacing.Estimates.initial(settings.pacing)


def plan_of(floor: FloorState, run: CampaignRun, now: Moment) -> DayPlan:
    """The campaign's day, as of a minute ago at most.

    The budget is that of a calendar day, so the plan ends at midnight at the latest: what a night shift answers later
    can pay for nothing that was lost before. What is left of the shift is then planned with the new day's budget.

    After `day_ends` the plan is that of a campaign whose end is not known: whenever the overtime does end, the day is
    under its target. To plan up to the next day's end would spend what only that day's answers could pay for.
    """
    plan = run.plan
    if plan is None or now.s >= plan.valid_until_s:
        zone = ZoneInfo(floor.settings.time_zone)
        local = now.at.astimezone(zone)
        midnight_at = datetime.combine(local.date() + timedelta(days=1), time(0), tzinfo=zone)
        ends_at = _ends_at(run.settings, zone, now.at)
        ends_at = None if ends_at is None else min(ends_at, midnight_at)
        changes_at = midnight_at if ends_at is None else ends_at
        plan = run.plan = DayPlan(
            valid_until_s=now.s + min(PLAN_LIFE_S, (changes_at - now.at).total_seconds()),
            on=local.date(),
            hour=local.hour,
            ends_at=ends_at,
        )
    return plan


def _ends_at(settings: CampaignSettings, zone: ZoneInfo, at: datetime) -> datetime | None:
    """When the agents go home, or calling hours end if that is earlier; None: not known.

    For hours after they should have gone home it is overtime, whose end nobody has told.
    """
    day_ends = settings.pacing.day_ends
    if day_ends is None:
        return None
    home_at = datetime.combine(at.astimezone(zone).date(), day_ends, tzinfo=zone)
    if home_at <= at:
        home_at += timedelta(days=1)
    if at - (home_at - timedelta(days=1)) < OVERTIME:
        return None
    window = hours.open_interval(settings.rules, (zone,), at)
    return home_at if window is None else min(home_at, window.ends_at)


def left_s(floor: FloorState, run: CampaignRun, now: Moment) -> float | None:
    """Until the campaign will dial no more today, in seconds; None: not known."""
    ends_at = plan_of(floor, run, now).ends_at
    return None if ends_at is None else max(0.0, (ends_at - now.at).total_seconds())


def placed(floor: FloorState, run: CampaignRun, call: Call, now: Moment) -> None:
    """A call is in the air."""
    lead = call.lead
    marks = (
        f"trunk {call.trunk}",
        f"hour {plan_of(floor, run, now).hour}",
        f"attempts {min(lead.attempts_total, 5)}",
        f"region {lead.region}",
        f"product {lead.product}",
        f"risk {lead.risk}",
    )
    odds = run.estimates.odds.odds(marks)
    run.marked[call.attempt_id] = Marked(marks, odds)
    run.next_odds += SLOWLY * (odds - run.next_odds)


def ring_ended(floor: FloorState, call: Call, now: Moment, *, answered: bool) -> None:
    """A call's ringing ended; for an answer told at once, not only when the conversation is over."""
    run = floor.campaigns.get(call.campaign)
    end_s = call.answered_s if call.answered_s is not None else call.ended_s
    if run is None or end_s is None:
        return
    has_rung = call.rang_s is not None and call.rang_s <= end_s
    rang_s = call.rang_s if has_rung and call.rang_s is not None else end_s
    marked = run.marked.pop(call.attempt_id, None)
    ended = EndedCall(
        placed_s=call.placed_s,
        dialled_s=rang_s - call.placed_s,
        rang_s=end_s - rang_s if has_rung else None,
        answered=answered,
        is_cut=call.ring_cut and call.answered_s is None,
        marks=marked.marks if marked is not None else (),
        odds=marked.odds if marked is not None else 1.0,
    )
    run.estimates.call_ended(ended, now.s)


def answer_ended(floor: FloorState, call: Call, now: Moment, outcome: Outcome) -> None:
    """A person who answered was bridged, or abandoned, or went within the wait; or machine detection ended the call."""
    run = floor.campaigns.get(call.campaign)
    if run is None:
        return
    on = plan_of(floor, run, now).on
    is_new = run.answers.conclude(call.attempt_id, outcome, on=on, now_s=now.s)
    decided = run.decided.get(call.server)
    if is_new and outcome is not Outcome.MACHINE and run.settings.mode is Mode.PREDICTIVE and decided is not None:
        run.estimates.price.observe(price=decided.price, abandoned=outcome is Outcome.ABANDONED)


def forget(run: CampaignRun, attempt_id: AttemptId) -> None:
    """A call is closed."""
    run.marked.pop(attempt_id, None)
    run.answers.forget(attempt_id)
