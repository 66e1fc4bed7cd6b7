"""How the world behaves: whether people answer and when, how long everybody takes, who is at work.

The defaults are stand-ins of a middling campaign: no measurement of ours or anybody's is behind them, except where a
source is named. Put your own in their place (`dialer.sim.durations.empirical` takes samples from history).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Final, Literal

from dialer.sim.durations import BehaviourError, Duration, Lognormal, Uniform, empirical

__all__ = [
    "Behaviour",
    "BehaviourError",
    "Curve",
    "MassBreak",
    "Rest",
    "Shift",
    "empirical",
]

DAY_S: Final = 86_400.0
_DELAY: Final = Lognormal(mean_s=2.3, cv=0.35)
_RING: Final = Lognormal(mean_s=11.0, cv=0.35)
_MACHINE_RING: Final = Uniform(low_s=1.0, high_s=24.0)
_REJECT_RING: Final = Lognormal(mean_s=6.0, cv=0.5)
_TALK: Final = Lognormal(mean_s=150.0, cv=1.0)
_WRAP_UP: Final = Lognormal(mean_s=20.0, cv=0.6)
_MACHINE_TALK: Final = Lognormal(mean_s=6.0, cv=0.5)
_PREVIEW: Final = Lognormal(mean_s=12.0, cv=0.5)
_PICK_UP: Final = Lognormal(mean_s=2.0, cv=0.4)
_DETECTION: Final = Lognormal(mean_s=2.2, cv=0.25)
_BREAK: Final = Uniform(low_s=180.0, high_s=480.0)


def _ratio(name: str, value: float) -> None:
    if not (math.isfinite(value) and 0.0 <= value <= 1.0):
        raise BehaviourError(f"{name} is {value:g}; give a ratio from 0 to 1.")


def _shares(dispositions: Iterable[tuple[str, float]]) -> None:
    shares = dict(dispositions)
    for code, share in shares.items():
        _ratio(f"dispositions.{code}", share)
    if shares and abs(sum(shares.values()) - 1.0) > 1e-6:
        raise BehaviourError(f"the shares of dispositions add up to {sum(shares.values()):g}; make them 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A ratio over time: straight lines between points; two points at one moment are a step."""

    points: tuple[tuple[float, float], ...]
    """(seconds, ratio), in the order of time; before the first and after the last it is level."""
    over: Literal["start", "day"] = "start"
    """Seconds since the start of the run, or since midnight in the dialer's zone."""

    def __post_init__(self) -> None:
        if not self.points:
            raise BehaviourError("a curve has no points; give at least one (seconds, ratio).")
        moments = [moment for moment, _ in self.points]
        if moments != sorted(moments) or not all(math.isfinite(moment) for moment in moments):
            raise BehaviourError(f"the points of a curve are not in the order of time: {moments}.")
        for moment, ratio in self.points:
            _ratio(f"the curve at {moment:g} s", ratio)

    @property
    def is_level(self) -> bool:
        """The same at all times."""
        return len({ratio for _, ratio in self.points}) == 1

    def at(self, moment_s: float) -> float:
        """The ratio at a moment; at a step the later one."""
        right = bisect_right(self.points, (moment_s, math.inf))
        if right == 0:
            return self.points[0][1]
        if right == len(self.points):
            return self.points[-1][1]
        (left_s, left), (right_s, after) = self.points[right - 1], self.points[right]
        return left + (after - left) * (moment_s - left_s) / (right_s - left_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What becomes of calls that no person answers, as shares that add up to 1.

    The defaults are the proportions of the simulated carrier (`dialer.pbx.carrier.Chances`) without voicemail.
    """

    no_answer: float = 0.56
    busy: float = 0.12
    rejected: float = 0.12
    unreachable: float = 0.12
    invalid: float = 0.06
    congestion: float = 0.02
    machine: float = 0.0

    def __post_init__(self) -> None:
        shares = {item.name: getattr(self, item.name) for item in fields(self)}
        for name, share in shares.items():
            _ratio(f"rest.{name}", share)
        if abs(sum(shares.values()) - 1.0) > 1e-6:
            raise BehaviourError(f"the shares of rest add up to {sum(shares.values()):g}; make them 1: {shares}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A group of agents who come and go together."""

    agents: int
    login_s: float = 0.0
    logout_s: float = math.inf
    """Seconds since the start."""
    spread_s: float = 60.0
    """They log in, and out, over so many seconds."""

    def __post_init__(self) -> None:
        if self.agents < 1:
            raise BehaviourError(f"a shift has {self.agents} agents; give 1 or more.")
        if not 0.0 <= self.login_s < self.logout_s or self.spread_s < 0.0:
            raise BehaviourError(
                f"a shift lasts from {self.login_s:g} to {self.logout_s:g} s; 0 <= login_s < logout_s."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class MassBreak:
    """Many agents go at once, each as soon as no call is at hand."""

    at_s: float
    length_s: float
    share: float = 1.0

    def __post_init__(self) -> None:
        _ratio("mass_breaks.share", self.share)
        if self.at_s < 0.0 or self.length_s <= 0.0:
            raise BehaviourError(f"a mass break at {self.at_s:g} s lasts {self.length_s:g} s; it begins and lasts.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The world around the floor."""

    answer_ratio: Curve | float = 0.25
    """The chance that a person answers a call, within the ring timeout, by the moment it is placed."""
    answer_spread: float = 0.0
    """How much accounts differ in it: standard deviation of the log-odds. Retries then meet those who answer less."""
    rest: Rest = Rest()
    post_dial_delay: Duration = _DELAY
    """From the call to its ringing, or to the network's no if `refusal_delay` does not say."""
    refusal_delay: Duration | None = None
    """From the call to the network's no: busy, unreachable, invalid, congestion; it is longer where the network looks
    for the phone first, or tells the caller why."""
    ring: Duration = _RING
    """From the ringing to a person's answer: two or three rings. Longer than the ring timeout is drawn again."""
    machine_ring: Duration = _MACHINE_RING
    """From the ringing to a voicemail's answer: soon when the phone is off, else after some rings."""
    reject_ring: Duration = _REJECT_RING
    """From the ringing to a person's refusal."""
    talk: Duration = _TALK
    wrap_up: Duration = _WRAP_UP
    machine_talk: Duration = _MACHINE_TALK
    """How long an agent who was given a voicemail listens before dropping it."""
    preview: Duration = _PREVIEW
    """Mode `preview`: from the offer of an account to the agent's yes."""
    pick_up: Duration = _PICK_UP
    """Connect style `ring`: until the agent's phone is picked up."""
    detection: Duration = _DETECTION
    """Machine detection: from the answer to the verdict. Source: amd.conf, greeting up to 1.5 s and 0.8 s silence."""
    machine_missed_ratio: float = 0.1
    """Voicemails that detection takes for people."""
    person_missed_ratio: float = 0.05
    """People that detection takes for voicemails."""
    patience: Duration | None = None
    """From the answer, until a person whom no agent greets hangs up; None: everybody stays to the end."""
    message_s: float = 8.0
    """Length of the message to people for whom there was no agent."""
    agent_speed_spread: float = 0.15
    """How much agents differ in pace: standard deviation of the logarithm of a factor on talk and wrap-up."""
    break_gap_s: float = 5400.0
    """Mean time between an agent's own breaks; 0: none."""
    break_length: Duration = _BREAK
    mass_breaks: tuple[MassBreak, ...] = ()
    shifts: tuple[Shift, ...] = ()
    """Who works when, in the order of the agents; empty: everybody, from the start to the end."""
    login_spread_s: float = 60.0
    """Without shifts: over how many seconds the agents log in."""
    right_party_ratio: float = 0.6
    """Conversations with the debtor; the others are with somebody else."""
    promise_ratio: float = 0.3
    """Of the conversations with the debtor, those with a promise to pay."""
    dispositions: tuple[tuple[str, float], ...] = field(default=())
    """(code, share) of the conversations; empty: by the two ratios above."""

    def __post_init__(self) -> None:
        for name in (
            *("machine_missed_ratio", "person_missed_ratio", "right_party_ratio", "promise_ratio"),
            *(("answer_ratio",) if isinstance(self.answer_ratio, float | int) else ()),
        ):
            _ratio(name, getattr(self, name))
        for name in ("answer_spread", "message_s", "agent_speed_spread", "break_gap_s", "login_spread_s"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise BehaviourError(f"{name} is {value:g}; give a number, 0 or more.")
        _shares(self.dispositions)

    @property
    def answers(self) -> Curve:
        """The answer ratio as a curve."""
        ratio = self.answer_ratio
        return ratio if isinstance(ratio, Curve) else Curve(points=((0.0, float(ratio)),))
