"""How does the world of a campaign behave? Learned from its own calls and its agents' states in the store.

The answer ratio is a curve over the hours of the day; ringing, talks, wrap-ups and breaks are the samples themselves.
What there is too little of stays as the simulator has it, and is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from dialer.past import PastCall, Stay
from dialer.sim.behaviour import Behaviour, Curve, Shift
from dialer.sim.samples import ANSWERED, AWAY, BUSY, OUR_FAULT, REFUSED, between, durations_of, known, rest_of
from dialer.types import AgentId, Outcome

CALLS_PER_HOUR: Final = 100
"""Hours of the day with fewer calls are taken together with their neighbours."""
HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A campaign's world, and what it rests on."""

    behaviour: Behaviour
    calls: int
    answers: int
    first_at: datetime
    last_at: datetime
    samples: Mapping[str, int]
    """Field of the behaviour -> calls, talks, ... that it was learned from."""
    left_out: tuple[str, ...]
    """Fields for which there was too little; they are as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealDay:
    """What happened on one day, and who worked."""

    day: date
    figures: Mapping[str, float]
    """By the names of `dialer.sim.forecast`."""
    agents: tuple[AgentId, ...]
    shifts: tuple[Shift, ...]
    """Of the agents, in their order, from `start_at`."""
    start_at: datetime
    hours: float


def answers_in(calls: Sequence[PastCall]) -> int:
    """How many people answered."""
    return sum(call.outcome in ANSWERED for call in calls)


def learn(
    calls: Sequence[PastCall],
    stays: Sequence[Stay],
    base: Behaviour,
    zone: ZoneInfo,
    *,
    codes: Collection[str] = (),
    is_open: Callable[[datetime], bool] = lambda _: True,
) -> Learned:
    """Learn how people answer and how long everybody takes.

    Args:
        calls: in the order of time, with `samples.FEWEST_ANSWERS` answers at least.
        stays: of the agents, for their breaks.
        base: what is kept where there is too little.
        zone: in which the hours of the day are.
        codes: dispositions that there still are; others are left out.
        is_open: whether calls may be placed at a moment; a pause while they may not is no break.
    """
    people = [call for call in calls if call.outcome in ANSWERED]
    found: dict[str, Sequence[float]] = {
        "post_dial_delay": known(call.ringing_s for call in calls),
        "refusal_delay": known(call.ended_s for call in calls if call.outcome in REFUSED and call.ringing_s is None),
        "ring": known(between(call.ringing_s, call.answered_s) for call in people),
        "reject_ring": known(
            between(call.ringing_s, call.ended_s) for call in calls if call.outcome is Outcome.REJECTED
        ),
        "talk": known(call.talk_s for call in people),
        "wrap_up": known(call.wrap_up_s for call in people),
        "break_length": [stay.seconds for stay in _breaks(stays, zone, is_open)],
    }
    durations = durations_of(found)
    telling = [call for call in calls if call.outcome not in OUR_FAULT]
    said = Counter(call.code for call in people if call.code is not None and call.code in codes)
    work_s = sum(stay.seconds for stay in stays if stay.state not in AWAY)
    breaks = len(found["break_length"])
    return Learned(
        behaviour=replace(
            base,
            answer_ratio=_by_hour(telling, zone),
            rest=rest_of((call.outcome for call in calls), base.rest),
            # The samples are of all agents, and differ as much as these do.
            agent_speed_spread=0.0 if {"talk", "wrap_up"} <= durations.keys() else base.agent_speed_spread,
            break_gap_s=work_s / breaks if "break_length" in durations else base.break_gap_s,
            dispositions=tuple((code, count / said.total()) for code, count in sorted(said.items())),
            **durations,  # type: ignore[arg-type]
        ),
        calls=len(calls),
        answers=len(people),
        first_at=calls[0].at,
        last_at=calls[-1].at,
        samples={"answer_ratio": len(telling), **{name: len(found[name]) for name in durations}},
        left_out=tuple(name for name in found if name not in durations),
    )


def _by_hour(calls: Sequence[PastCall], zone: ZoneInfo) -> Curve:
    """The chance of an answer over the hours of the day; thin hours are taken together."""
    placed: Counter[int] = Counter()
    answered: Counter[int] = Counter()
    for call in calls:
        hour = call.at.astimezone(zone).hour
        placed[hour] += 1
        answered[hour] += call.outcome in ANSWERED
    points: list[tuple[float, float]] = []
    heap: list[int] = []
    hours = sorted(placed)
    for number, hour in enumerate(hours):
        heap.append(hour)
        left = sum(placed[later] for later in hours[number + 1 :])
        if sum(placed[one] for one in heap) >= CALLS_PER_HOUR and (left >= CALLS_PER_HOUR or not left):
            points.append(_point(heap, placed, answered))
            heap = []
    if heap:
        points.append(_point(heap, placed, answered))
    return Curve(points=tuple(points), over="day")


def _point(hours: Sequence[int], placed: Counter[int], answered: Counter[int]) -> tuple[float, float]:
    calls = sum(placed[hour] for hour in hours)
    middle_s = sum((hour + 0.5) * HOUR_S * placed[hour] for hour in hours) / calls
    return middle_s, sum(answered[hour] for hour in hours) / calls


def _breaks(stays: Sequence[Stay], zone: ZoneInfo, is_open: Callable[[datetime], bool]) -> list[Stay]:
    """Absences between an agent's first and last work of a day, while calls might have been placed."""
    found: list[Stay] = []
    for worked in _by_agent_and_day(stays, zone).values():
        for stay in _at_work(worked):
            middle_at = stay.from_at + 0.5 * (stay.to_at - stay.from_at)
            if stay.state in AWAY and stay.seconds > 0.0 and is_open(middle_at):
                found.append(stay)
    return found


def _by_agent_and_day(stays: Sequence[Stay], zone: ZoneInfo) -> dict[tuple[AgentId, date], list[Stay]]:
    found: dict[tuple[AgentId, date], list[Stay]] = {}
    for stay in stays:
        found.setdefault((stay.agent_id, stay.from_at.astimezone(zone).date()), []).append(stay)
    return found


def _at_work(stays: Sequence[Stay]) -> list[Stay]:
    """From the first log-in to the last log-out."""
    kept = sorted(stays, key=lambda stay: stay.from_at)
    while kept and kept[0].state in AWAY:
        del kept[0]
    while kept and kept[-1].state in AWAY:
        del kept[-1]
    return kept


def real_day(day: date, calls: Sequence[PastCall], stays: Sequence[Stay], zone: ZoneInfo) -> RealDay | None:
    """What happened on a day.

    Args:
        day: in the zone.
        calls: of the campaign, of any days.
        stays: of agents, of any days.
        zone: in which the day is.

    Returns:
        The day; None when nobody was called, or nobody talked.
    """
    placed = [call for call in calls if call.at.astimezone(zone).date() == day]
    talked = {call.agent_id for call in placed if call.agent_id is not None and call.talk_s is not None}
    worked = {
        agent_id: _at_work(spans)
        for (agent_id, when), spans in sorted(_by_agent_and_day(stays, zone).items())
        if when == day and agent_id in talked
    }
    worked = {agent_id: spans for agent_id, spans in worked.items() if spans}
    if not placed or not worked:
        return None
    start_at = min(spans[0].from_at for spans in worked.values())
    end_at = max(call.at for call in placed)
    if end_at <= start_at:
        return None
    shifts = tuple(_shift(spans, start_at, end_at) for spans in worked.values())
    return RealDay(
        day=day,
        figures=_figures(placed, [stay for spans in worked.values() for stay in spans], start_at, end_at),
        agents=tuple(worked),
        shifts=shifts,
        start_at=start_at,
        hours=(end_at - start_at).total_seconds() / HOUR_S,
    )


def _shift(spans: Sequence[Stay], start_at: datetime, end_at: datetime) -> Shift:
    login_s = (spans[0].from_at - start_at).total_seconds()
    logout_s = (min(spans[-1].to_at, end_at) - start_at).total_seconds()
    return Shift(agents=1, login_s=login_s, logout_s=max(logout_s, login_s + 1.0), spread_s=0.0)


def _figures(
    calls: Sequence[PastCall], stays: Sequence[Stay], start_at: datetime, end_at: datetime
) -> dict[str, float]:
    def seconds(stay: Stay) -> float:
        return max(0.0, (min(stay.to_at, end_at) - max(stay.from_at, start_at)).total_seconds())

    work_s = sum(seconds(stay) for stay in stays if stay.state not in AWAY)
    busy_s = sum(seconds(stay) for stay in stays if stay.state in BUSY)
    answered = answers_in(calls)
    abandoned = sum(call.outcome is Outcome.ABANDONED for call in calls)
    talk_minutes = sum(call.talk_s or 0.0 for call in calls) / 60.0
    return {
        "occupancy": busy_s / work_s if work_s else 0.0,
        "abandonment_ratio": abandoned / answered if answered else 0.0,
        "placed": float(len(calls)),
        "answered": float(answered),
        "abandoned": float(abandoned),
        "talk_minutes": talk_minutes,
        "talk_minutes_per_agent_hour": talk_minutes / (work_s / HOUR_S) if work_s else 0.0,
        "agent_hours": work_s / HOUR_S,
        **({"calls_per_answer": len(calls) / answered} if answered else {}),
    }
