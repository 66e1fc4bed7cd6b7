"""The floors and lists on which rules are compared: one factor at a time around 25 agents, 20 % answers, 150 s talk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

Points = tuple[tuple[float, float], ...]
"""(hours since the start, value): straight lines between, level outside."""

MINUTE_H = 1.0 / 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """So many agents come and go together, give or take a minute."""

    agents: int
    from_h: float = 0.0
    until_h: float | None = None
    """None: they stay to the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lunch:
    """A share of the floor goes on a break at once."""

    at_h: float
    minutes: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One floor, one list, one day. What is not said is as `dialer.sim` has it."""

    name: str
    says: str
    """What it is about, in a few words."""
    shifts: tuple[Shift, ...] = (Shift(agents=25),)
    answers: Points = ((0.0, 0.2),)
    """Chance that a person answers a call."""
    machine_ratio: float = 0.0
    """Calls that a machine answers, of those which no person answers."""
    detects_machines: bool = False
    talk_s: float = 150.0
    wrap_up_s: float = 20.0
    legal_wait_s: float = 2.0
    patience_s: float | None = None
    """Mean until a person without an agent hangs up, at any moment alike; None: nobody does."""
    break_every_h: float = 1.5
    """Hours between an agent's breaks, on average; each 3 to 8 minutes; 0: none."""
    lunches: tuple[Lunch, ...] = ()
    channels: int | None = None
    """None: enough."""
    calls_per_s: float | None = None
    """None: enough."""
    hours: float = 4.0
    has_bound: bool = True
    """The clairvoyant plays; it cannot tell machines from people."""
    most_seeds: int = 100
    """Large floors take long and vary little."""
    default: bool = False
    """Is run without `--full`."""

    @property
    def agents(self) -> int:
        """The largest shift."""
        return max(shift.agents for shift in self.shifts)


def _of(agents: int) -> tuple[Shift, ...]:
    return (Shift(agents=agents),)


_BASE = Scenario(name="agents-25", says="25 agents, 20 % answer, 150 s talk")


def _teams() -> list[Scenario]:
    return [
        replace(
            _BASE,
            name=f"agents-{agents}",
            says=f"{agents} agents, 20 % answer, 150 s talk",
            shifts=_of(agents),
            hours=hours,
            most_seeds=most_seeds,
            default=agents in (3, 5, 10, 25, 50),
        )
        for agents, hours, most_seeds in (
            *((3, 4.0, 100), (5, 4.0, 100), (10, 4.0, 100), (25, 4.0, 100), (50, 4.0, 100)),
            *((200, 2.0, 4), (1000, 0.5, 2)),
        )
    ]


def _answer_ratios() -> list[Scenario]:
    return [
        replace(
            _BASE,
            name=f"answers-{percent}" if agents == 25 else f"answers-{percent}-agents-{agents}",
            says=f"{agents} agents, {percent} % answer",
            shifts=_of(agents),
            answers=((0.0, percent / 100.0),),
            default=agents == 25 and percent in (8, 60),
        )
        for agents, percents in ((25, (5, 8, 35, 60)), (5, (8, 60)))
        for percent in percents
    ]


def _talks() -> list[Scenario]:
    return [
        replace(
            _BASE,
            name=f"talk-{talk_s}" if agents == 25 else f"talk-{talk_s}-agents-{agents}",
            says=f"{agents} agents, {talk_s} s talk",
            shifts=_of(agents),
            talk_s=float(talk_s),
            wrap_up_s=wrap_up_s,
            default=agents == 25 and talk_s == 45,
        )
        for agents, pairs in ((25, ((30, 10.0), (45, 10.0), (300, 30.0))), (5, ((30, 10.0), (300, 30.0))))
        for talk_s, wrap_up_s in pairs
    ]


def _changes() -> list[Scenario]:
    step_h = 0.5 * MINUTE_H
    doubled = ((1.5, 0.15), (1.5 + step_h, 0.3), (2.5, 0.3), (2.5 + step_h, 0.15))
    halved = ((1.5, 0.3), (1.5 + step_h, 0.15), (2.5, 0.15), (2.5 + step_h, 0.3))
    day = ((0.0, 0.1), (1.0, 0.18), (2.0, 0.14), (3.0, 0.35), (4.0, 0.22))
    return [
        replace(_BASE, name="doubled", says="twice as many answer, for an hour", answers=doubled, default=True),
        replace(_BASE, name="halved", says="half as many answer, for an hour", answers=halved, default=True),
        replace(_BASE, name="day", says="50 agents, answers drift over the day", shifts=_of(50), answers=day),
        replace(
            _BASE,
            name="shift-change",
            says="30 agents go, 20 come, later 15 more",
            shifts=(Shift(agents=30, until_h=2.0), Shift(agents=20, from_h=11 / 6), Shift(agents=15, from_h=3.0)),
            default=True,
        ),
        replace(
            _BASE,
            name="lunch",
            says="30 agents; half of them go to lunch, then two fifths",
            shifts=_of(30),
            answers=((0.0, 0.25),),
            lunches=(Lunch(at_h=1.0, minutes=30.0, share=0.5), Lunch(at_h=2.0, minutes=30.0, share=0.4)),
        ),
        replace(_BASE, name="breaks", says="10 agents, a break every half hour", shifts=_of(10), break_every_h=0.5),
        replace(_BASE, name="hour", says="10 agents, a campaign of an hour", shifts=_of(10), hours=1.0, default=True),
    ]


def _limits() -> list[Scenario]:
    return [
        replace(
            _BASE,
            name="channels",
            says="50 agents, 10 % answer, 90 channels",
            shifts=_of(50),
            answers=((0.0, 0.1),),
            channels=90,
        ),
        replace(
            _BASE,
            name="calls-per-s",
            says="50 agents, 10 % answer, 2 calls/s",
            shifts=_of(50),
            answers=((0.0, 0.1),),
            calls_per_s=2.0,
        ),
        replace(
            _BASE,
            name="hang-ups",
            says="people hang up after 5 s on average",
            patience_s=5.0,
        ),
        replace(
            _BASE,
            name="machines",
            says="machines answer half of the rest; agents hear them",
            machine_ratio=0.5,
            has_bound=False,
        ),
        replace(
            _BASE,
            name="detection",
            says="machines answer half of the rest and are detected; 4 s of wait",
            machine_ratio=0.5,
            detects_machines=True,
            has_bound=False,
            legal_wait_s=4.0,
        ),
    ]


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for group in (_teams(), _answer_ratios(), _talks(), _changes(), _limits())
    for scenario in group
}
"""All of them, by name."""

TEAM_SIZES: tuple[str, ...] = tuple(scenario.name for scenario in _teams())
"""The curve over the size of a team."""
FRONTIERS: tuple[str, ...] = ("agents-25", "agents-5")
"""Where each rule is drawn as a curve of occupancy over abandonment."""


def chosen(names: Sequence[str], *, full: bool) -> list[Scenario]:
    """The scenarios of a run.

    Args:
        names: of scenarios; none: the default ones, or all.
        full: all, unless there are names.

    Raises:
        KeyError: there is no scenario of that name.
    """
    if names:
        return [SCENARIOS[name] for name in names]
    return [scenario for scenario in SCENARIOS.values() if full or scenario.default]
