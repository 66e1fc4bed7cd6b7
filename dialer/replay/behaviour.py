"""What can be learned of a day from its recording: how people answered, how long everybody took, who was at work.

Only what the floor itself saw goes in. Ringing and talk times are the samples themselves, the answer ratio is a curve
through spans of about `CALLS_PER_POINT` calls, and every agent has the shift that was worked, with breaks as often
and as long as there were.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from dialer.effects import CloseAttempt, Effect, SaveAgentState, SaveAttempt, SaveDisposition
from dialer.errors import RecordingError
from dialer.floor.floor import Floor
from dialer.floor.state import Moment
from dialer.replay.verify import Watcher
from dialer.settings import CampaignSettings, DialerSettings
from dialer.sim.behaviour import Behaviour, Curve, Rest, Shift
from dialer.sim.durations import empirical
from dialer.sim.samples import (
    ANSWERED,
    AWAY,
    BUSY,
    FEWEST_ANSWERS,
    OUR_FAULT,
    REFUSED,
    between,
    durations_of,
    known,
    rest_of,
)
from dialer.types import AgentId, AgentState, AttemptId, CampaignName, Outcome

CALLS_PER_POINT: Final = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A call of the campaign, from its placing to its end."""

    at_s: float
    closed: CloseAttempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """An agent in one state."""

    state: AgentState
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What happened, in the measures of the simulator."""

    occupancy: float
    """(talk + wrap-up) / (logged in and not paused)."""
    abandonment_ratio: float
    """Abandoned / answered by a person."""
    placed_per_hour: float
    conversations_per_agent_hour: float
    """Per hour logged in and not paused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A campaign's day, ready to be simulated."""

    dialer: DialerSettings
    """With the agents who worked for the campaign, in the order of `behaviour.shifts`."""
    campaign: CampaignSettings
    behaviour: Behaviour
    start_at: datetime
    hours: float
    calls: int
    answers: int
    seen: Figures
    """What was."""
    left_out: tuple[str, ...]
    """What the recording holds too little of; the simulator's own stand-ins are used for it."""


class DayWatcher(Watcher):
    """Gathers a campaign's day while its recording is replayed."""

    def __init__(self, campaign: str = "") -> None:
        """Begin with nothing.

        Args:
            campaign: which; empty: the one with the most calls.
        """
        self._only = campaign
        self._floor: Floor | None = None
        self._open: dict[AttemptId, tuple[float, CampaignName]] = {}
        self._placed: Counter[CampaignName] = Counter()
        self._calls: dict[CampaignName, list[Placed]] = {}
        self._wraps: dict[CampaignName, list[float]] = {}
        self._talked: dict[CampaignName, dict[AgentId, None]] = {}
        self._codes: dict[CampaignName, Counter[str]] = {}
        self._states: dict[AgentId, list[tuple[float, AgentState]]] = {}
        self._last = Moment(0.0, datetime.min.replace(tzinfo=UTC))

    def began(self, floor: Floor) -> None:
        """Remember the floor; its settings may be reloaded."""
        self._floor = floor

    def stepped(self, now: Moment, effects: Sequence[Effect]) -> None:
        """Take what was written down."""
        self._last = now
        for effect in effects:
            match effect:
                case SaveAttempt():
                    self._open[effect.attempt_id] = (now.s, effect.campaign)
                    self._placed[effect.campaign] += 1
                case CloseAttempt() if effect.attempt_id in self._open:
                    at_s, campaign = self._open.pop(effect.attempt_id)
                    self._calls.setdefault(campaign, []).append(Placed(at_s=at_s, closed=effect))
                    if effect.agent_id is not None:
                        self._talked.setdefault(campaign, {})[effect.agent_id] = None
                case SaveDisposition() if effect.agent_id is not None and effect.code is not None:
                    self._codes.setdefault(effect.campaign, Counter())[effect.code] += 1
                    if effect.wrap_up_s is not None:
                        self._wraps.setdefault(effect.campaign, []).append(effect.wrap_up_s)
                case SaveAgentState():
                    self._states.setdefault(effect.agent_id, []).append((now.s, effect.state))
                case _:
                    pass

    def day(self) -> Day:
        """The day, after the replay.

        Raises:
            RecordingError: too little happened, or there is no such campaign in it.
        """
        name = self._chosen()
        assert self._floor is not None
        settings = self._floor.state.known[name]
        calls = sorted(self._calls[name], key=lambda call: call.at_s)
        answers = sum(call.closed.outcome in ANSWERED for call in calls)
        if answers < FEWEST_ANSWERS:
            raise RecordingError(
                f"Only {answers} people answered in campaign {name}; a day is simulated from {FEWEST_ANSWERS} "
                "answers on (--set without --simulate needs none)."
            )
        staff = {agent.id: agent for agent in self._floor.state.settings.agents}
        stays = {
            agent_id: spans
            for agent_id in self._talked.get(name, ())
            if agent_id in staff and (spans := self._stays(agent_id))
        }
        people = list(stays)
        if not people:
            raise RecordingError(f"Nobody talked in campaign {name}; there is no day to simulate.")
        start_s = min(spans[0].from_s for spans in stays.values())
        end_s = max(call.at_s + (call.closed.ended_s or 0.0) for call in calls)
        behaviour, left_out = _learned(
            calls, self._wraps.get(name, []), list(stays.values()), self._codes.get(name, Counter()), start_s, end_s
        )
        return Day(
            dialer=replace(self._floor.state.settings, agents=tuple(staff[agent_id] for agent_id in people)),
            campaign=replace(settings, agents=tuple(people), teams=()),
            behaviour=behaviour,
            start_at=self._at(start_s),
            hours=(end_s - start_s) / 3600.0,
            calls=len(calls),
            answers=answers,
            seen=_figures(calls, self._placed[name], list(stays.values()), start_s, end_s),
            left_out=left_out,
        )

    def _chosen(self) -> CampaignName:
        name = CampaignName(self._only) or max(self._calls, key=lambda one: len(self._calls[one]), default=None)
        if name is None or name not in self._calls:
            there = ", ".join(sorted(self._calls)) or "none"
            asked = f"campaign {self._only}" if self._only else "any campaign"
            raise RecordingError(f"No call of {asked} ended in this recording. Campaigns with calls in it: {there}.")
        return name

    def _at(self, moment_s: float) -> datetime:
        return self._last.at - timedelta(seconds=self._last.s - moment_s)

    def _stays(self, agent_id: AgentId) -> list[Stay]:
        """An agent's states from the first log-in to the last log-out."""
        entered = self._states.get(agent_id, [])
        ends = [at_s for at_s, _ in entered[1:]] + [self._last.s]
        stays = [Stay(state=state, from_s=at_s, to_s=to_s) for (at_s, state), to_s in zip(entered, ends, strict=True)]
        while stays and stays[0].state in AWAY:
            del stays[0]
        while stays and stays[-1].state in AWAY:
            del stays[-1]
        return stays


def _learned(
    calls: Sequence[Placed],
    wraps: Sequence[float],
    stays: Sequence[Sequence[Stay]],
    codes: Counter[str],
    start_s: float,
    end_s: float,
) -> tuple[Behaviour, tuple[str, ...]]:
    """The behaviour, and what of it is the simulator's own for want of samples."""
    closed = [call.closed for call in calls]
    people = [one for one in closed if one.outcome in ANSWERED]
    found: dict[str, Sequence[float]] = {
        "post_dial_delay": known(one.ringing_s for one in closed),
        "refusal_delay": known(one.ended_s for one in closed if one.outcome in REFUSED and one.ringing_s is None),
        "ring": known(between(one.ringing_s, one.answered_s) for one in people),
        "reject_ring": known(between(one.ringing_s, one.ended_s) for one in closed if one.outcome is Outcome.REJECTED),
        "talk": known(one.talk_s for one in people),
        "wrap_up": known(wraps),
    }
    durations = durations_of(found)
    left_out = tuple(name for name in found if name not in durations)
    breaks = [stay.to_s - stay.from_s for spans in stays for stay in spans if stay.state in AWAY]
    work_s = sum(stay.to_s - stay.from_s for spans in stays for stay in spans if stay.state not in AWAY)
    if breaks:
        durations["break_length"] = empirical(breaks)
    total = sum(codes.values())
    learned = Behaviour(
        answer_ratio=_answers(calls, start_s),
        rest=rest_of((one.outcome for one in closed), Rest()),
        agent_speed_spread=0.0,  # the samples are of all agents, and differ as much as these do
        break_gap_s=work_s / len(breaks) if breaks else 0.0,
        shifts=tuple(_shift(spans, start_s, end_s) for spans in stays),
        dispositions=tuple((code, count / total) for code, count in codes.items()),
        **durations,  # type: ignore[arg-type]
    )
    return learned, left_out


def _answers(calls: Sequence[Placed], start_s: float) -> Curve:
    """The chance that a person answers, over the day."""
    telling = [call for call in calls if call.closed.outcome not in OUR_FAULT]
    count = max(1, len(telling) // CALLS_PER_POINT)
    points = []
    for number in range(count):
        part = telling[len(telling) * number // count : len(telling) * (number + 1) // count]
        answered = sum(call.closed.outcome in ANSWERED for call in part)
        middle_s = sum(call.at_s for call in part) / len(part) - start_s
        points.append((middle_s, answered / len(part)))
    return Curve(points=tuple(points))


def _shift(spans: Sequence[Stay], start_s: float, end_s: float) -> Shift:
    login_s, logout_s = max(0.0, spans[0].from_s - start_s), spans[-1].to_s - start_s
    stayed = spans[-1].to_s >= end_s
    return Shift(agents=1, login_s=login_s, logout_s=math.inf if stayed else max(logout_s, login_s + 1.0), spread_s=0.0)


def _figures(
    calls: Sequence[Placed], placed: int, stays: Sequence[Sequence[Stay]], start_s: float, end_s: float
) -> Figures:
    def seconds(states: Container[AgentState]) -> float:
        spans = (stay for one in stays for stay in one if stay.state in states)
        return sum(max(0.0, min(stay.to_s, end_s) - max(stay.from_s, start_s)) for stay in spans)

    work_s = seconds([state for state in AgentState if state not in AWAY])
    outcomes = Counter(call.closed.outcome for call in calls)
    answered = sum(outcomes[one] for one in ANSWERED)
    return Figures(
        occupancy=seconds(BUSY) / work_s if work_s else 0.0,
        abandonment_ratio=outcomes[Outcome.ABANDONED] / answered if answered else 0.0,
        placed_per_hour=placed * 3600.0 / (end_s - start_s),
        conversations_per_agent_hour=outcomes[Outcome.BRIDGED] * 3600.0 / work_s if work_s else 0.0,
    )
