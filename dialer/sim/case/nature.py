"""What is the hidden truth drawn from? Guesses, the same for every arm; none was fitted to anybody's data.

The product never sees this module, nor what is drawn from it: see `dialer.sim.case.truth`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final


class Habit(IntEnum):
    """When somebody picks up a call of a number they do not know."""

    OFFICE = 0
    SHIFTS = 1
    HOME = 2
    ELUSIVE = 3


class Line(IntEnum):
    """What a number on file really is."""

    OWN = 0
    """The debtor's own: the debtor picks up."""
    SHARED = 1
    """At home or at work: others mostly pick up."""
    DEAD = 2
    """Nobody has it any more."""
    STRANGER = 3
    """Somebody else altogether."""


HOURS: Final[Mapping[Habit, tuple[float, ...]]] = {
    Habit.OFFICE: (0.18, 0.12, 0.16, 0.42, 0.32, 0.12, 0.12, 0.17, 0.44),
    Habit.SHIFTS: (0.09, 0.14, 0.25, 0.32, 0.36, 0.38, 0.36, 0.28, 0.17),
    Habit.HOME: (0.36, 0.40, 0.34, 0.22, 0.24, 0.36, 0.38, 0.34, 0.27),
    Habit.ELUSIVE: (0.07, 0.06, 0.07, 0.14, 0.11, 0.06, 0.06, 0.07, 0.14),
}
"""The chance that a number in use is answered, by the hour from 9 to 17."""
REGIONS: Final = ("华北", "华东", "华南", "西部")
HABITS: Final = (
    (0.62, 0.08, 0.15, 0.15),
    (0.50, 0.20, 0.15, 0.15),
    (0.22, 0.48, 0.15, 0.15),
    (0.22, 0.14, 0.46, 0.18),
)
"""Shares of the habits in each region: a region tells something of its debtors, and far from all."""
LINES: Final = (
    (0.78, 0.07, 0.10, 0.05),
    (0.42, 0.33, 0.16, 0.09),
    (0.22, 0.46, 0.20, 0.12),
)
"""Shares of `Line` for the first, second and third number on file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nature:
    """Numbers of the world. All of them are guesses."""

    temper: float = 0.7
    """How much debtors differ in how readily they answer: standard deviation of the log-odds."""
    number_temper: float = 0.4
    """Likewise numbers of one debtor."""
    has_second: float = 0.70
    has_third: float = 0.25
    wary: float = 0.80
    """A factor on the odds of an answer for each conversation that there has been."""
    own_right_party: float = 0.94
    """Answers on the debtor's own number, by the debtor."""
    shared_right_party: float = 0.35
    dead_told: float = 0.6
    """Dead numbers of which the network says so; the others ring out, as announcements do. An agent who dials by hand
    hears it of all of them."""
    machine: float = 0.03
    """Of the dials that no person answers: voicemail and assistants."""
    busy: float = 0.12
    rejected: float = 0.11
    unreachable: float = 0.12
    talk_cv: float = 0.9
    other_talk_s: float = 35.0
    """Mean conversation with somebody else."""
    machine_talk_s: float = 6.0
    wrap_up_cv: float = 0.5
    agent_pace: float = 0.15
    """How much agents differ in pace: standard deviation of the logarithm."""
    agent_skill: float = 0.35
    """How much agents differ in getting a promise: standard deviation of the log-odds."""
    self_cure_per_day: float = 0.011
    """Hazard that a middling debtor pays everything without any call."""
    promise_bias: float = -0.25
    promise_will: float = 0.8
    promise_able: float = 0.5
    promise_again: float = -0.45
    """For each earlier conversation with the debtor that ended without one."""
    kept_bias: float = 0.15
    kept_will: float = 0.6
    kept_able: float = 0.9
    nudged: float = 0.05
    """Conversations with the debtor without a promise after which all is paid nevertheless."""
    median_due: float = 5200.0
    due_spread: float = 0.8
    grade_noise: float = 0.9
    """How far the grade that the bank knows is from ability and willingness."""
    bucket_cure: Mapping[str, float] = field(default_factory=lambda: {"M1": 1.0, "M2": 0.55, "M3": 0.35})


NATURE: Final = Nature()
