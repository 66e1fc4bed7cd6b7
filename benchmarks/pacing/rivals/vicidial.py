"""VICIdial's dial level, in the way of its two daemons.

Placing calls (each `dial_every_s`): `round(level x agents counted) - calls there are`. Counted are agents who are free
or talk; those who wrap up are paused there and do not count, though their calls are over. There are: calls in the air
and calls talked on. With `available_only`, free agents alone count, against calls in the air alone.

Moving the level: each second free agents, waiting callers and agents at work are sampled; each `adapt_every_s`

    difference = mean(free) - mean(waiting) + difference_target
    level *= 1 + difference / mean(agents), the fraction x (1 + intensity) when positive, x |intensity - 1| when not

within `min_level`..`max_level`. Then the brakes, on figures that are refreshed once a minute: more than 20 calls in the
last minute and more than half of them dropped, halve the level; more than 50 calls today and more of the answered ones
dropped than the limit: `ADAPT_HARD_LIMIT` level 1.0, `ADAPT_AVERAGE` half, `ADAPT_TAPERED` times the hours left of the
shift over ten (1.0 when it is over). `RATIO` never moves the level. Never below `min_level`. Drops count since
midnight; here since the campaign began.

The peer drops a caller after 5 s by default. Here every rule has the legal wait of the scenario, no more, no less.

In its favour: no delay of a database, no pause between calls, and every call that it wants is placed at once. Paused
agents, who are in its mean(agents) and slow it down, are not in ours.

Source: after the documented behaviour of its two daemons, `AST_VDauto_dial.pl` and `AST_VDadapt.pl` (2.14), and of the
campaign settings that steer them; nothing of them is copied.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.pacing.rivals.asking import Backlog, Metronome
from benchmarks.pacing.rivals.seen import Recent, Watch
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import PacingSettings

SAMPLE_S = 1.0
SAMPLES = 15
STATISTICS_S = 60.0
MINUTE_CALLS, MINUTE_DROPPED_RATIO = 20, 0.5
DAY_CALLS = 50
TAPER_HOURS = 10.0


class Method(StrEnum):
    """The peer's dial methods."""

    RATIO = "RATIO"
    HARD_LIMIT = "ADAPT_HARD_LIMIT"
    AVERAGE = "ADAPT_AVERAGE"
    TAPERED = "ADAPT_TAPERED"


@dataclass(frozen=True, slots=True, kw_only=True)
class VicidialSettings:
    """What its administrator can set for a campaign."""

    method: Method = Method.TAPERED
    level: float = 1.0
    """Where the level begins; with `RATIO` where it stays."""
    min_level: float = 1.0
    max_level: float = 3.0
    available_only: bool = False
    intensity: float = 0.0
    """-0.4..0.4: shares by which rises are steeper and falls are flatter."""
    difference_target: float = 0.0
    """Agents who shall wait for a call (positive), or callers for an agent (negative)."""
    drop_limit_ratio: float | None = None
    """Dropped / answered; None: the campaign's target."""
    shift_hours: float = 4.0
    """From the campaign's beginning to the latest moment of the day, for `ADAPT_TAPERED`."""
    dial_every_s: float = 2.5
    adapt_every_s: float = 15.0


@dataclass(slots=True, kw_only=True)
class _Statistics:
    """Refreshed once a minute; between that old."""

    calls_minute: int = 0
    dropped_minute: int = 0
    calls_today: int = 0
    answered_today: int = 0
    dropped_today: int = 0

    @property
    def bursting(self) -> bool:
        return self.calls_minute > MINUTE_CALLS and self.dropped_minute > MINUTE_DROPPED_RATIO * self.calls_minute

    def over(self, limit_ratio: float) -> bool:
        return self.calls_today > DAY_CALLS and self.dropped_today > limit_ratio * max(1, self.answered_today)


class Vicidial:
    """One number, the level, and two loops."""

    def __init__(self, settings: VicidialSettings = VicidialSettings()) -> None:
        """Make the rule.

        Args:
            settings: of the peer's campaign.
        """
        self._settings = settings
        self.level = settings.level
        """The dial level; for tests and curious people."""
        self._watch = Watch()
        self._backlog = Backlog()
        self._minute = Recent(60.0)
        self._calls_today = 0
        self._samples: deque[tuple[int, int, int]] = deque(maxlen=SAMPLES)
        self._statistics = _Statistics()
        self._sampling, self._dialling = Metronome(SAMPLE_S), Metronome(settings.dial_every_s)
        self._adapting, self._refreshing = Metronome(settings.adapt_every_s), Metronome(STATISTICS_S)
        self._began_s: float | None = None

    def __call__(self, view: PoolView, _: Estimates, campaign: PacingSettings) -> Decision:
        """How many calls to place now; none until the dial loop comes round."""
        if self._began_s is None:
            self._began_s = view.now_s
        if self._sampling.beats(view.now_s):
            self._sample(view)
            limit_ratio = self._settings.drop_limit_ratio
            self._adapt(view.now_s, campaign.target_abandonment_ratio if limit_ratio is None else limit_ratio)
        if not self._dialling.beats(view.now_s):
            return self._watch.place(self._backlog.rest(view))
        return self._watch.place(self._backlog.ask(view, self._wanted(view)))

    def _wanted(self, view: PoolView) -> int:
        if self._settings.available_only:
            return round(self.level * view.ready) - view.in_air
        talking = len(view.talking_s)
        return round(self.level * (view.ready + talking)) - view.in_air - talking

    def _sample(self, view: PoolView) -> None:
        seen = self._watch.look(view)
        self._calls_today += seen.ended
        self._minute.add(view.now_s, seen.ended, seen.abandoned)
        self._samples.append((view.ready, view.waiting, view.agents))
        if self._refreshing.beats(view.now_s):
            self._statistics = _Statistics(
                calls_minute=self._minute.first,
                dropped_minute=self._minute.second,
                calls_today=self._calls_today,
                answered_today=view.answered,
                dropped_today=view.abandoned,
            )

    def _adapt(self, now_s: float, limit_ratio: float) -> None:
        if not self._adapting.beats(now_s) or self._settings.method is Method.RATIO:
            return
        free, waiting, agents = (sum(column) / len(self._samples) for column in zip(*self._samples, strict=True))
        if agents <= 0.0:
            return
        move = (free - waiting + self._settings.difference_target) / agents
        move *= 1.0 + self._settings.intensity if move >= 0.0 else abs(self._settings.intensity - 1.0)
        level = min(max(self.level * (1.0 + move), self._settings.min_level), self._settings.max_level)
        if self._statistics.bursting:
            level *= 0.5
        if self._statistics.over(limit_ratio):
            level = self._braked(level, now_s)
        self.level = max(level, self._settings.min_level)

    def _braked(self, level: float, now_s: float) -> float:
        match self._settings.method:
            case Method.HARD_LIMIT:
                return 1.0
            case Method.AVERAGE:
                return 0.5 * level
            case Method.TAPERED:
                elapsed_h = (now_s - (self._began_s or 0.0)) / 3600.0
                left_h = self._settings.shift_hours - elapsed_h
                return level * min(1.0, left_h / TAPER_HOURS) if left_h >= 0.0 else 1.0
            case Method.RATIO:
                return level
